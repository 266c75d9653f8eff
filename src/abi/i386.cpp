// i386: System V psABI 2.2.3 and Microsoft's conventions. Arguments are words on the stack; fastcall and thiscall put
// the first ones that fit in ecx and edx. Where the psABI is silent (complex, fastcall's aggregates) gcc decides.
#include "abi/builder.h"
#include "abi/registry.h"
#include "ctype/layout_i386.h"

namespace ferry::abi {
namespace {

constexpr uint64_t kWord = 4;

constexpr std::string_view kVectors =
    "what passes it depends on the vector instructions that the code was compiled for";

class Planner {
 public:
  explicit Planner(Builder& builder)
      : builder_(builder),
        types_(builder.types()),
        plan_(builder.plan()),
        quirks_(info(plan_.abi).quirks),
        free_(quirks_.argument_registers) {}

  // psABI 2.2.3 "Functions Returning Scalars or No Value", "Functions Returning Structures or Unions".
  Result<void> result(TypeId id) {
    const Type& t = types_[id];
    ResultPlan& result = builder_.begin_result(id);
    // gcc, clang: on System V records come back in memory even if they are empty.
    bool nothing = t.size == 0 && !(is_record(t) && quirks_.callee_pops_result_address);
    if (t.kind == Kind::void_ || nothing) return {};
    if (t.kind == Kind::vector || is_half(t)) return refuse(types_, id, kVectors);
    bool in_registers = is_record(t) ? quirks_.small_records_in_registers && is_small(t.size)
                                     : t.size <= 8 || t.scalar == Scalar::ldouble;
    if (!in_registers) {
      result.in_memory = true;
      return address_of_result();
    }
    if (t.kind == Kind::floating) {
      auto size = static_cast<uint32_t>(is_x87(types_, t) ? 10 : t.size);
      builder_.result_piece({.where = Where::x87, .reg = 0, .size = size});
      return {};
    }
    for (uint32_t at = 0; at < t.size; at += kWord) {
      auto left = static_cast<uint32_t>(std::min<uint64_t>(t.size - at, kWord));
      builder_.result_piece({.where = Where::gpr,
                             .extend = extension(t, kWord),
                             .reg = static_cast<uint8_t>(at / kWord),
                             .size = left,
                             .value_offset = at});
    }
    return {};
  }

  Result<void> argument(TypeId id) {
    TypeId passed = passed_as(types_, id);
    const Type& t = types_[passed];
    ArgPlan& arg = builder_.begin_arg(id);
    if (t.size == 0) return {};
    if (t.kind == Kind::vector || is_half(t)) return refuse(types_, id, kVectors);
    if (arg.size > kMaxStackBytes) return refuse(types_, id, "it is larger than 1 GiB");
    bool word = (is_integer_like(t) || is_pointer_like(t)) && t.size <= kWord;
    if (word && free_ > 0) {
      builder_.arg_piece({.where = Where::gpr,
                          .extend = extension(t, kWord),
                          .reg = static_cast<uint8_t>(quirks_.argument_registers - free_),
                          .size = static_cast<uint32_t>(t.size)});
      take_registers(1);
      return {};
    }
    if (uses_up_registers(passed)) take_registers(static_cast<unsigned>(std::min<uint64_t>((t.size + 3) / kWord, 4)));
    steps_ = 0;
    const bool aligned = has_aligned_scalar(passed, 0);
    if (steps_ > kMaxClassifySteps) return refuse(types_, id, "it is too deeply nested");
    return builder_.arg_on_stack(round_up(arg.size, kWord), aligned ? unlowered_alignment(types_, passed) : kWord,
                                 extension(t, kWord));
  }

  void finish() {
    plan_.gpr_used = static_cast<uint8_t>(quirks_.argument_registers - free_);
    if (quirks_.callee_pops_arguments) {
      plan_.callee_pops = static_cast<uint32_t>(builder_.stack_taken());
    } else if (plan_.memory_on_stack && quirks_.callee_pops_result_address) {
      plan_.callee_pops = kWord;
    }
  }

 private:
  static bool is_small(uint64_t size) { return size == 1 || size == 2 || size == 4 || size == 8; }
  static bool is_half(const Type& t) { return t.kind == Kind::floating && t.size == 2; }

  // The hidden first argument is a pointer as any other.
  Result<void> address_of_result() {
    if (quirks_.argument_registers == 1 && !quirks_.callee_pops_result_address) {
      return refuse(types_, plan_.result.type, "compilers differ about thiscall functions with a result in memory");
    }
    if (free_ > 0) {
      take_registers(1);
      return {};  // memory_reg 0
    }
    plan_.memory_on_stack = true;
    Result<uint32_t> offset = builder_.take_stack(plan_.result.type, kWord, kWord);
    if (!offset) return offset.error();
    return {};
  }

  void take_registers(unsigned n) { free_ = n < free_ ? free_ - n : 0; }

  // gcc and clang: what does not fit in ecx and edx uses them up all the same, but for floating-point values. A union
  // is none, whatever it holds.
  bool uses_up_registers(TypeId id) const {
    const Kind kind = types_[mode_giver(types_, id)].kind;
    return kind != Kind::floating && kind != Kind::decimal && kind != Kind::complex;
  }

  // gcc: what an argument's type asks for counts from 16 on, and only if there is a scalar in it whose type asks for as
  // much, x87's excepted: a vector, _Float128, a member's typedef with an aligned attribute; not one of the argument
  // itself. All else is aligned to words.
  bool has_aligned_scalar(TypeId id, int depth) {
    const Type& t = types_[id];
    if (++steps_ > kMaxClassifySteps || depth > kMaxClassifyDepth) {
      steps_ = kMaxClassifySteps + 1;
      return false;
    }
    if (t.kind == Kind::array) return has_aligned_scalar(t.base, depth + 1);
    if (unlowered_alignment(types_, id) < 16 || (depth == 0 && is_aligned_by_typedef(t))) return false;
    if (!is_record(t)) return !is_x87(types_, t);
    for (const Field& field : types_.record(id).fields) {
      if (!field.is_bitfield() && has_aligned_scalar(field.type, depth + 1)) return true;
    }
    return false;
  }

  // Whether a scalar's own type asks for less.
  bool is_aligned_by_typedef(const Type& t) const {
    return !is_record(t) && (t.scalar == Scalar::none || types_[scalar_type(t.scalar)].align < 16);
  }

  Builder& builder_;
  const TypeTable& types_;
  CallPlan& plan_;
  const Quirks& quirks_;
  unsigned free_;  // argument registers left
  int steps_ = 0;
};

}  // namespace

Result<void> plan_i386(Builder& builder, std::span<const TypeId> args, TypeId result) {
  Planner planner(builder);
  if (Result<void> done = planner.result(result); !done) return done;
  for (TypeId id : args) {
    if (Result<void> done = planner.argument(id); !done) return done;
  }
  planner.finish();
  return {};
}

}  // namespace ferry::abi
