// Alignment within records on i386. The psABI (figure 2.1) aligns long long and double to 4 there. gcc's rule is wider
// (x86_field_alignment): whatever it would keep in an integer register, as a double or as a complex number of either
// is, unless an attribute aligns it. A union of 8 bytes with a _Decimal64 or a vector of 8 bytes, which are aligned to
// 8 themselves, is held in an integer register, and so are some structs; a member that is all of a struct may lie
// behind one without bytes that is aligned to 16; of _Atomic members the record is, but not they. _Alignof
// (C11 6.5.3.4) says 4 of such a record, __alignof__ 8 or 16.
#include "ctype/layout_i386.h"

#include <algorithm>
#include <bit>

namespace ferry {

namespace {

// The largest integer register (DImode: a pair), bytes.
constexpr uint64_t kLargest = 8;

bool fits_integer(uint64_t size) {
  return size <= kLargest && std::has_single_bit(size);
}

// Of what is no array.
RegisterKind element_held_in(const TypeTable& types, TypeId id) {
  const Type& t = types[id];
  switch (t.kind) {
    case Kind::boolean:
    case Kind::integer:
    case Kind::enumeration:
    case Kind::pointer:
    case Kind::reference:
      return fits_integer(t.size) ? RegisterKind::lowered : RegisterKind::none;
    case Kind::floating:
      return t.scalar == Scalar::float64 ? RegisterKind::lowered : RegisterKind::other;
    case Kind::complex:
      return t.scalar == Scalar::cdouble || is_integer_complex(t) ? RegisterKind::lowered : RegisterKind::other;
    case Kind::vector:
      // Of 8 bytes and integers in an MMX register. Those of floats have none.
      if (types[t.base].kind == Kind::floating) return t.size > 8 ? RegisterKind::other : RegisterKind::none;
      return t.size < 8 ? element_held_in(types, t.base) : RegisterKind::other;
    case Kind::structure:
    case Kind::union_:
      return types.record(t.canonical).held;
    default:
      return RegisterKind::other;
  }
}

// An array of one element is held as that is, others as an integer of their size; no level may be in memory. A loop:
// how deep arrays nest is only limited by the text they are declared in.
RegisterKind held_in(const TypeTable& types, TypeId id) {
  bool joined = false;
  for (; types[id].kind == Kind::array; id = types[id].base) {
    const Type& t = types[id];
    if (t.size == types[t.base].size) continue;
    if (!fits_integer(t.size)) return RegisterKind::none;
    joined = true;
  }
  const RegisterKind element = element_held_in(types, id);
  return joined && element != RegisterKind::none ? RegisterKind::lowered : element;
}

// Members that are larger than a register, or whose parts are, leave the whole in memory. A member that is all of a
// struct decides for it; what else is of a register's size is held in that.
RegisterKind held_in(const TypeTable& types, const std::vector<Field>& fields, bool is_union, uint64_t size) {
  RegisterKind whole = RegisterKind::none;
  for (const Field& f : fields) {
    if (f.is_bitfield()) {
      if (f.bit_width == size * 8) whole = RegisterKind::lowered;
      continue;
    }
    const Type& t = types[f.type];
    const bool unsized = t.kind == Kind::array && t.count == kFlexible;
    const RegisterKind member = held_in(types, f.type);
    if (unsized || (member == RegisterKind::none && t.size != 0)) return RegisterKind::none;
    if (t.size == size) whole = member;
  }
  if (!is_union && whole != RegisterKind::none) return whole;
  return fits_integer(size) ? RegisterKind::lowered : RegisterKind::none;
}

// The type without arrays around it.
TypeId element_of(const TypeTable& types, TypeId id) {
  while (types[id].kind == Kind::array) id = types[id].base;
  return id;
}

bool type_aligned_by_user(const TypeTable& types, TypeId id) {
  const Type& t = types[element_of(types, id)];
  const bool by_atomic = (t.quals & kAtomic) != 0 && t.align == t.size && t.size <= kLargest;
  if ((t.flags & kAlignedByUser) != 0 && !by_atomic) return true;
  return is_record(t) && types.record(t.canonical).aligned_by_user;
}

// A type that is aligned to more than the member's attribute asks for decides.
bool member_aligned_by_user(const TypeTable& types, const Field& f, bool packed) {
  const bool asked = f.align != 0;
  if (f.is_bitfield()) return asked || (f.name != kNoName && type_aligned_by_user(types, f.type));
  if (asked && (packed || f.align >= unlowered_alignment(types, f.type))) return true;
  return type_aligned_by_user(types, f.type);
}

}  // namespace

uint32_t unlowered_alignment(const TypeTable& types, TypeId id) {
  const Type& t = types[element_of(types, id)];
  if ((t.flags & kAlignedByUser) != 0) return t.align;
  if (is_record(t)) return std::max(types.record(t.canonical).own_align, t.align);
  const Type& part = t.kind == Kind::complex ? types[part_of_complex(t)] : t;
  const bool lowered =
      part.size == 8 && (part.kind == Kind::integer || part.kind == Kind::enumeration || part.kind == Kind::floating);
  return lowered ? std::max(t.align, uint32_t{8}) : t.align;
}

void lower_on_i386(const TypeTable& types, const std::vector<Field>& fields, bool is_union,
                   const RecordAttributes& attributes, RecordShape& shape) {
  shape.held = held_in(types, fields, is_union, shape.size);
  shape.aligned_by_user = attributes.align != 0;
  for (const Field& f : fields) {
    shape.aligned_by_user |= member_aligned_by_user(types, f, attributes.packed || f.packed);
  }
  if (shape.align > 4 && shape.held == RegisterKind::lowered && !shape.aligned_by_user) {
    shape.own_align = shape.align;
    shape.align = 4;
  }
}

}  // namespace ferry
