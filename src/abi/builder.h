// Shared bookkeeping of the ABI planners: appends pieces, hands out stack slots, words refusals.
// Decides nothing about any ABI.
#pragma once

#include <algorithm>
#include <string>

#include "abi/plan.h"
#include "base/round.h"
#include "ctype/spell.h"

namespace ferry::abi {

inline Error refuse(const TypeTable& types, TypeId type, std::string_view why) {
  return Error{"cannot pass '" + spell(types, type) + "' by value: " + std::string(why)};
}

// Why such vectors have no plan on x86-64.
inline constexpr std::string_view kNeedsAvx =
    "vectors of 32 and 64 bytes travel differently in code compiled with and without AVX";

// An x87 80-bit value, or a complex of two, on this target.
inline bool is_x87(const TypeTable& types, const Type& t) {
  return (t.scalar == Scalar::ldouble || t.scalar == Scalar::cldouble) && types.target().long_double == LongDouble::x87;
}

// How a register or slot of `word` bytes is filled by a scalar of this type.
inline Extend extension(const Type& t, uint64_t word = 8) {
  if (!is_integer_like(t) || t.size >= word) return Extend::none;
  return (t.flags & kUnsigned) != 0 ? Extend::zero : Extend::sign;
}

// gcc's "main variant": alignment attributes of a typedef do not change how its values are passed.
inline const Type& main_variant(const TypeTable& types, TypeId id) {
  return types[types[id].canonical];
}

// The alignment that a value's members ask for: an aligned attribute on the record itself does not count.
inline uint64_t natural_align(const TypeTable& types, TypeId id) {
  const Type& t = main_variant(types, id);
  if (!is_record(t)) return t.align;
  uint64_t align = 1;
  const Record& record = types.record(id);
  for (const Field& field : record.fields) {
    uint64_t a = types[field.type].align;
    if (record.attributes.packed || field.packed) a = 1;
    a = std::max<uint64_t>(a, field.align);
    if (record.attributes.pack != 0) a = std::min<uint64_t>(a, record.attributes.pack);
    align = std::max(align, a);
  }
  return align;
}

// gcc: a transparent union is passed as its first member, provided both have one machine mode (else the
// attribute is ignored with a warning). Any other type: itself.
inline TypeId passed_as(const TypeTable& types, TypeId id) {
  const Type& t = types[id];
  if (t.kind != Kind::union_) return id;
  const Record& record = types.record(id);
  if (!record.attributes.transparent_union || record.fields.empty()) return id;
  const Type& first = types[record.fields.front().type];
  bool same_mode = first.size == t.size && (is_integer_like(first) || is_pointer_like(first));
  return same_mode && !record.fields.front().is_bitfield() ? record.fields.front().type : id;
}

// gcc: a struct has the machine mode of a member that is all of it, an array of one element that of the element, and
// travels so where modes decide. What is reached by going inwards as long as that holds. `least_align` is the least
// alignment on the way: where memory has to be aligned, a record that is less aligned than its mode has none.
inline TypeId mode_giver(const TypeTable& types, TypeId id, uint32_t* least_align = nullptr) {
  for (;;) {
    const Type& t = types[id];
    if (least_align != nullptr) *least_align = std::min<uint32_t>(*least_align, t.align);
    if (t.kind == Kind::array && t.count == 1) {
      id = t.base;
      continue;
    }
    if (t.kind != Kind::structure || t.size == 0) return id;
    TypeId whole = kNoType;  // others have no size then
    for (const Field& field : types.record(id).fields) {
      if (field.is_bitfield()) continue;
      const Type& member = types[field.type];
      if (member.kind == Kind::array && member.count == kFlexible) return id;  // no size, not 0
      if (member.size == t.size) whole = field.type;
    }
    if (whole == kNoType) return id;
    id = whole;
  }
}

// x86-64: gcc's "empty type": a record of nothing but unnamed bit-fields, and of such. It has the class of its bits,
// and so registers; where those are used up nothing is passed. clang never passes one.
inline bool is_empty_type(const TypeTable& types, TypeId id, int depth = 0) {
  const Type& t = types[id];
  if (depth > kMaxClassifyDepth) return false;
  if (t.kind == Kind::array) {
    return t.count == 0 || t.count == kFlexible || is_empty_type(types, t.base, depth + 1);
  }
  if (!is_record(t)) return false;
  const std::vector<Field>& fields = types.record(id).fields;
  return std::all_of(fields.begin(), fields.end(), [&](const Field& field) {
    return field.is_bitfield() ? field.name == kNoName : is_empty_type(types, field.type, depth + 1);
  });
}

// gcc takes no address for such a result, clang does.
constexpr std::string_view kEmptyResult = "it has no named members, and compilers differ in how it is returned";
constexpr std::string_view kEmptyArgument = "it has no named members, and compilers differ in how it is passed";

class Builder {
 public:
  Builder(const TypeTable& types, CallPlan& plan) : types_(types), plan_(plan) {}

  const TypeTable& types() const { return types_; }
  CallPlan& plan() { return plan_; }

  ArgPlan& begin_arg(TypeId id) {
    const Type& t = types_[id];
    plan_.args.push_back({.type = id, .size = t.size, .align = t.align});
    plan_.args.back().first_piece = static_cast<uint32_t>(plan_.pieces.size());
    return plan_.args.back();
  }

  void arg_piece(const Piece& piece) {
    plan_.pieces.push_back(piece);
    ++plan_.args.back().piece_count;
  }

  ResultPlan& begin_result(TypeId id) {
    const Type& t = types_[id];
    plan_.result = {.type = id, .size = t.size, .align = t.align};
    plan_.result.first_piece = static_cast<uint32_t>(plan_.pieces.size());
    return plan_.result;
  }

  void result_piece(const Piece& piece) {
    plan_.pieces.push_back(piece);
    ++plan_.result.piece_count;
  }

  // Takes `size` bytes of the outgoing area at a multiple of `align`; the offset.
  Result<uint32_t> take_stack(TypeId id, uint64_t size, uint64_t align) {
    if (align > kMaxStackAlign) return refuse(types_, id, "its alignment is above 4096 bytes");
    uint64_t offset = round_up(stack_, align);
    if (size > kMaxStackBytes || offset + size > kMaxStackBytes) {
      return Error{"arguments of more than 1 GiB in all"};
    }
    plan_.stack_align = std::max(plan_.stack_align, static_cast<uint32_t>(align));
    stack_ = offset + size;
    return static_cast<uint32_t>(offset);
  }

  // The whole value of the argument begun last goes to the outgoing area.
  Result<void> arg_on_stack(uint64_t size, uint64_t align, Extend extend) {
    ArgPlan& arg = plan_.args.back();
    Result<uint32_t> offset = take_stack(arg.type, size, align);
    if (!offset) return offset.error();
    arg.on_stack = true;
    arg.extend = extend;
    arg.stack_offset = *offset;
    return {};
  }

  // Bytes of the outgoing area taken so far.
  uint64_t stack_taken() const { return stack_; }

  void finish() { plan_.stack_bytes = static_cast<uint32_t>(round_up(stack_, plan_.stack_align)); }

 private:
  const TypeTable& types_;
  CallPlan& plan_;
  uint64_t stack_ = 0;
};

// One function per ABI, in the file of that name; `plan.abi`, `variadic`, `fixed_params` are set, all types are
// complete and of fixed size. `args`: fixed parameters, then variadic arguments.
Result<void> plan_sysv_x64(Builder& builder, std::span<const TypeId> args, TypeId result);
Result<void> plan_win_x64(Builder& builder, std::span<const TypeId> args, TypeId result);
Result<void> plan_aapcs64(Builder& builder, std::span<const TypeId> args, TypeId result);
Result<void> plan_i386(Builder& builder, std::span<const TypeId> args, TypeId result);
Result<void> plan_riscv64(Builder& builder, std::span<const TypeId> args, TypeId result);
Result<void> plan_aapcs32(Builder& builder, std::span<const TypeId> args, TypeId result);
Result<void> plan_elfv2(Builder& builder, std::span<const TypeId> args, TypeId result);
Result<void> plan_s390x(Builder& builder, std::span<const TypeId> args, TypeId result);

}  // namespace ferry::abi
