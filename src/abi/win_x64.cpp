// Windows x64: four argument slots shared by both register classes, everything else by reference
// (Microsoft, "x64 calling convention"). gcc's ms_abi and MinGW decide for the types MSVC lacks.
#include "abi/builder.h"
#include "abi/registry.h"

namespace ferry::abi {
namespace {

constexpr unsigned kSlots = 4;       // rcx/xmm0 rdx/xmm1 r8/xmm2 r9/xmm3
constexpr uint64_t kHomeSpace = 32;  // the callee's to spill the four registers to, always present

bool fits_register(uint64_t size) {
  return size == 1 || size == 2 || size == 4 || size == 8;
}

// MSVC knows float and double only; gcc's ms_abi passes _Float16 in general registers.
bool in_xmm(const Type& t) {
  return t.kind == Kind::floating && (t.size == 4 || t.size == 8);
}

Result<void> plan_argument(Builder& builder, TypeId id, unsigned& slot) {
  const TypeTable& types = builder.types();
  const Type& t = types[passed_as(types, id)];
  CallPlan& plan = builder.plan();
  ArgPlan& arg = builder.begin_arg(id);
  if (t.kind == Kind::vector && (t.size == 32 || t.size == 64)) return refuse(types, id, kNeedsAvx);

  // "Structs or unions of size 8, 16, 32, or 64 bits ... are passed as if they were integers of the same
  // size. Structs or unions of other sizes are passed as a pointer to memory allocated by the caller."
  // gcc: so are __int128, long double, _Float128, complex by size; vectors of one float by reference.
  bool lone_float = t.kind == Kind::vector && t.count == 1 && types[t.base].kind == Kind::floating;
  arg.by_reference = !fits_register(t.size) || lone_float;
  if (slot >= kSlots) {
    ++slot;
    // gcc and MinGW pass nothing for it, clang and Microsoft's compiler eight bytes.
    if (!arg.by_reference && is_empty_type(types, id)) return refuse(types, id, kEmptyArgument);
    if (!arg.by_reference) return builder.arg_on_stack(8, 8, extension(t));
    Result<uint32_t> offset = builder.take_stack(id, 8, 8);
    if (!offset) return offset.error();
    builder.arg_piece({.where = Where::stack, .size = 8, .stack_offset = *offset});
    return {};
  }
  auto reg = static_cast<uint8_t>(slot++);
  auto size = static_cast<uint8_t>(arg.by_reference ? 8 : t.size);
  if (!arg.by_reference && in_xmm(t)) {
    builder.arg_piece({.where = Where::fpr, .reg = reg, .size = size});
    plan.fpr_used = static_cast<uint8_t>(reg + 1);
    // "Floating-point values must be placed in both the integer and the floating-point registers" if the
    // function is variadic.
    if (!plan.variadic || !info(plan.abi).quirks.variadic_floats_in_both) return {};
  }
  builder.arg_piece(
      {.where = Where::gpr, .extend = arg.by_reference ? Extend::none : extension(t), .reg = reg, .size = size});
  plan.gpr_used = static_cast<uint8_t>(reg + 1);
  return {};
}

// "Return values": scalars and records of 1, 2, 4, 8 bytes in rax, floating point and __m128 in xmm0 (gcc:
// __int128 too), everything else in memory that rcx points to.
Result<void> plan_result(Builder& builder, TypeId id, unsigned& slot) {
  const TypeTable& types = builder.types();
  const Type& t = types[id];
  ResultPlan& result = builder.begin_result(id);
  if (t.kind == Kind::void_ || t.size == 0) return {};
  if (t.kind == Kind::vector && (t.size == 32 || t.size == 64)) return refuse(types, id, kNeedsAvx);
  auto size = static_cast<uint8_t>(std::min<uint64_t>(t.size, 16));
  bool wide = t.size == 16 && (t.kind == Kind::vector || t.kind == Kind::integer);
  if (in_xmm(t) || wide) {
    builder.result_piece({.where = Where::fpr, .reg = 0, .size = size});
  } else if (fits_register(t.size)) {
    builder.result_piece({.where = Where::gpr, .extend = extension(t), .reg = 0, .size = size});
  } else if (is_empty_type(types, id)) {
    return refuse(types, id, kEmptyResult);
  } else {
    result.in_memory = true;
    builder.plan().gpr_used = 1;
    ++slot;
  }
  return {};
}

}  // namespace

Result<void> plan_win_x64(Builder& builder, std::span<const TypeId> args, TypeId result) {
  unsigned slot = 0;
  if (Result<uint32_t> home = builder.take_stack(result, kHomeSpace, 8); !home) return home.error();
  if (Result<void> done = plan_result(builder, result, slot); !done) return done;
  for (TypeId id : args) {
    if (Result<void> done = plan_argument(builder, id, slot); !done) return done;
  }
  return {};
}

}  // namespace ferry::abi
