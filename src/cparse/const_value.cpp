// Arithmetic of constant expressions: promotions, conversions, operators.
#include "cparse/const_value.h"

#include <cmath>
#include <limits>

#include "base/bfloat16.h"

namespace ferry::cparse {
namespace {

constexpr const char* kNoWideArithmetic = "the value of a 128-bit integer is not computed";
constexpr const char* kNotConstant = "the expression is not constant";

int64_t wrap(int64_t value, uint64_t bits, bool is_unsigned) {
  if (bits >= 64) return value;
  unsigned drop = static_cast<unsigned>(64 - bits);
  uint64_t shifted = static_cast<uint64_t>(value) << drop;
  return is_unsigned ? static_cast<int64_t>(shifted >> drop) : static_cast<int64_t>(shifted) >> drop;
}

long double round_to(long double value, Scalar scalar) {
  if (scalar == Scalar::float32 || scalar == Scalar::float16) return static_cast<float>(value);
  if (scalar == Scalar::float64) return static_cast<double>(value);
  if (scalar == Scalar::bfloat16) return from_bfloat16(to_bfloat16(value));
  return value;
}

}  // namespace

bool Arithmetic::is_number(TypeId type) const {
  const Type& t = types_[type];
  return is_integer_like(t) || t.kind == Kind::floating;
}

TypeId Arithmetic::integer_type(unsigned size, bool is_unsigned) const {
  switch (size) {
    case 1:
      return scalar_type(is_unsigned ? Scalar::uchar : Scalar::schar);
    case 2:
      return scalar_type(is_unsigned ? Scalar::uint16 : Scalar::int16);
    case 4:
      return scalar_type(is_unsigned ? Scalar::uint32 : Scalar::int32);
    case 8:
      return scalar_type(is_unsigned ? Scalar::uint64 : Scalar::int64);
    case 16:
      if (!types_.target().has_int128) return kNoType;
      return scalar_type(is_unsigned ? Scalar::uint128 : Scalar::int128);
    default:
      return kNoType;
  }
}

Value Arithmetic::integer(int64_t value, TypeId type) const {
  const Type& t = types_[type];
  if (t.size > 8) return unknown(type, kNoWideArithmetic);
  if (t.size == 0) return unknown(type, "an enum without a body has no values");
  Value v;
  v.type = type;
  v.known = Value::Known::integer;
  const uint64_t bits = is_bit_int(t) ? t.count : 8 * t.size;
  v.integer = t.kind == Kind::boolean ? value != 0 : wrap(value, bits, (t.flags & kUnsigned) != 0);
  return v;
}

Value Arithmetic::floating(long double value, TypeId type) const {
  Value v;
  v.type = type;
  v.known = Value::Known::floating;
  v.floating = round_to(value, types_[type].scalar);
  return v;
}

Value Arithmetic::unknown(TypeId type, const char* why) const {
  Value v;
  v.type = type;
  v.why = why != nullptr ? why : kNotConstant;
  return v;
}

TypeId Arithmetic::promoted(TypeId type) const {
  const Type& t = types_[type];
  if (!is_integer_like(t) || is_bit_int(t)) return t.unqualified;  // C23 6.3.1.1p2
  if (t.size < 4) return int_type();
  if (t.size > 8) return t.unqualified;
  return integer_type(static_cast<unsigned>(t.size), (t.flags & kUnsigned) != 0);
}

TypeId Arithmetic::promoted_bits(TypeId type, unsigned bits) const {
  const Type& t = types_[type];
  if (bits > 32 || is_bit_int(t)) return t.unqualified;
  const bool is_unsigned =
      (t.flags & kUnsigned) != 0 || (t.kind == Kind::enumeration && (types_[t.base].flags & kUnsigned) != 0);
  return bits < 32 ? int_type() : integer_type(4, is_unsigned);
}

TypeId Arithmetic::part_of(TypeId type) const {
  const Type& t = types_[type];
  return t.kind == Kind::complex ? part_of_complex(t) : t.unqualified;
}

TypeId Arithmetic::common(TypeId a, TypeId b) const {
  if (is_complex(a) || is_complex(b)) {
    const TypeId part = common(part_of(a), part_of(b));
    if (part == kNoType) return kNoType;
    const Scalar whole = complex_of_floating(types_[part].scalar);
    // Of complex integers arithmetic makes complex numbers of doubles.
    return scalar_type(whole == Scalar::none ? Scalar::cdouble : whole);
  }
  if (is_decimal(a) || is_decimal(b)) {  // C23 6.3.1.8: beside binary ones they are an error
    if (!(is_decimal(a) || is_integer(a)) || !(is_decimal(b) || is_integer(b))) return kNoType;
    return is_decimal(a) && (!is_decimal(b) || types_[a].size >= types_[b].size) ? types_[a].unqualified
                                                                                 : types_[b].unqualified;
  }
  if (!is_number(a) || !is_number(b)) return kNoType;
  const Type& ta = types_[a];
  const Type& tb = types_[b];
  if (ta.kind == Kind::floating || tb.kind == Kind::floating) {
    if (ta.kind != Kind::floating) return tb.unqualified;
    if (tb.kind != Kind::floating) return ta.unqualified;
    // By size; equal sizes differ on no target but by name (long double, _Float128): the later scalar wins.
    if (ta.size != tb.size) return ta.size > tb.size ? ta.unqualified : tb.unqualified;
    return ta.scalar >= tb.scalar ? ta.unqualified : tb.unqualified;
  }
  const Type& pa = types_[promoted(a)];
  const Type& pb = types_[promoted(b)];
  // C23 6.3.1.1p1: the rank goes by the width, and of a _BitInt and another integer as wide the other is higher.
  const uint64_t wa = is_bit_int(pa) ? pa.count : 8 * pa.size;
  const uint64_t wb = is_bit_int(pb) ? pb.count : 8 * pb.size;
  if (wa != wb) return wa > wb ? pa.unqualified : pb.unqualified;
  if (is_bit_int(pa) != is_bit_int(pb)) return is_bit_int(pa) ? pb.unqualified : pa.unqualified;
  if (pa.size != pb.size) return pa.size > pb.size ? pa.unqualified : pb.unqualified;
  return (pa.flags & kUnsigned) != 0 ? pa.unqualified : pb.unqualified;
}

Value Arithmetic::convert(const Value& value, TypeId type) const {
  const Type& t = types_[type];
  TypeId plain = t.unqualified;
  if (value.known == Value::Known::no) return unknown(plain, value.why);
  bool to_integer = is_integer_like(t) || is_pointer_like(t);
  if (t.kind == Kind::decimal) return unknown(plain, kDecimalIsUnknown);
  if (!to_integer && t.kind != Kind::floating) return unknown(plain, nullptr);
  if (t.kind == Kind::floating) {
    if (value.known == Value::Known::floating) return floating(value.floating, plain);
    const Type& from = types_[value.type];
    bool is_unsigned = (from.flags & kUnsigned) != 0;
    return floating(is_unsigned ? static_cast<long double>(static_cast<uint64_t>(value.integer))
                                : static_cast<long double>(value.integer),
                    plain);
  }
  if (value.known == Value::Known::integer) return integer(value.integer, plain);
  if (t.kind == Kind::boolean) return integer(value.floating != 0, plain);
  if (t.size > 8 || t.size == 0) return integer(0, plain);  // unknown, with the reason
  // C leaves it undefined; gcc saturates when it folds, NaN becomes 0.
  if (std::isnan(value.floating)) return integer(0, plain);
  long double whole = std::trunc(value.floating);
  if ((t.flags & kUnsigned) != 0) {
    long double limit = std::ldexp(1.0L, static_cast<int>(8 * t.size));
    if (whole <= -1) return integer(0, plain);
    if (whole >= limit) return integer(-1, plain);
    return integer(static_cast<int64_t>(static_cast<uint64_t>(whole)), plain);
  }
  long double limit = std::ldexp(1.0L, static_cast<int>(8 * t.size) - 1);
  if (whole < -limit) whole = -limit;
  if (whole >= limit) {
    return integer(static_cast<int64_t>((uint64_t{1} << (8 * t.size - 1)) - 1), plain);
  }
  return integer(static_cast<int64_t>(whole), plain);
}

bool Arithmetic::truth(const Value& value, bool& result) const {
  if (value.known == Value::Known::no || value.lvalue) return false;
  result = value.known == Value::Known::integer ? value.integer != 0 : value.floating != 0;
  return true;
}

Result<Value> Arithmetic::unary(Tok op, const Value& operand) const {
  if (op == Tok::bang) {
    bool is_true = false;
    if (!truth(operand, is_true)) return unknown(int_type(), operand.why);
    return integer(!is_true, int_type());
  }
  const Type& t = types_[operand.type];
  if (t.kind == Kind::complex)
    return unknown(op == Tok::plus ? t.unqualified : common(operand.type, operand.type), kComplexIsUnknown);
  if (t.kind == Kind::decimal && op != Tok::tilde) return unknown(t.unqualified, kDecimalIsUnknown);
  if (!is_number(operand.type)) return Error{"this operator needs a number"};
  if (t.kind == Kind::floating) {
    if (op == Tok::tilde) return Error{"'~' needs an integer"};
    if (operand.known == Value::Known::no) return unknown(t.unqualified, operand.why);
    return floating(op == Tok::minus ? -operand.floating : operand.floating, t.unqualified);
  }
  Value v = convert(operand, promoted(operand.type));
  if (v.known == Value::Known::no) return v;
  uint64_t bits = static_cast<uint64_t>(v.integer);
  if (op == Tok::minus) bits = 0 - bits;
  if (op == Tok::tilde) bits = ~bits;
  return integer(static_cast<int64_t>(bits), v.type);
}

Result<Value> Arithmetic::binary(Tok op, const Value& left, const Value& right) const {
  if (types_[left.type].kind == Kind::pointer || types_[right.type].kind == Kind::pointer) {
    return pointer_binary(op, left, right);
  }
  TypeId type = common(left.type, right.type);
  if (type == kNoType) return Error{"this operator needs numbers"};
  if (is_complex(type)) {
    if (op == Tok::equal || op == Tok::not_equal) return unknown(int_type(), kComplexIsUnknown);
    if (op == Tok::plus || op == Tok::minus || op == Tok::star || op == Tok::slash) {
      return unknown(type, kComplexIsUnknown);
    }
    return Error{"this operator is not for complex numbers"};
  }
  bool is_floating = types_[type].kind == Kind::floating || is_decimal(type);
  if (op == Tok::shift_left || op == Tok::shift_right) {
    if (is_floating) return Error{"a shift needs integers"};
    return shift(op, left, right);
  }
  const bool of_integers = op == Tok::percent || op == Tok::amp || op == Tok::pipe || op == Tok::caret;
  if (is_floating && of_integers) return Error{"this operator needs integers"};
  Value l = convert(left, type);
  Value r = convert(right, type);
  if (l.known == Value::Known::no || r.known == Value::Known::no) {
    bool is_comparison = op == Tok::equal || op == Tok::not_equal || op == Tok::less || op == Tok::less_equal ||
                         op == Tok::greater || op == Tok::greater_equal;
    return unknown(is_comparison ? int_type() : type, l.known == Value::Known::no ? l.why : r.why);
  }
  if (!is_floating) return integer_binary(op, l, r, type);
  return floating_binary(op, l, r, type);
}

// C11 6.5.7: each side is promoted by itself, the result has the left one's type.
Value Arithmetic::shift(Tok op, const Value& left, const Value& right) const {
  Value l = convert(left, promoted(left.type));
  Value r = convert(right, promoted(right.type));
  if (l.known == Value::Known::no) return l;
  if (r.known == Value::Known::no) return unknown(l.type, r.why);
  const Type& t = types_[l.type];
  if (static_cast<uint64_t>(r.integer) >= 8 * t.size) {
    return unknown(l.type, "the shift count is negative or not below the width of the left operand");
  }
  unsigned count = static_cast<unsigned>(r.integer);
  if (op == Tok::shift_left) return integer(static_cast<int64_t>(static_cast<uint64_t>(l.integer) << count), l.type);
  if ((t.flags & kUnsigned) != 0) {
    return integer(static_cast<int64_t>(static_cast<uint64_t>(l.integer) >> count), l.type);
  }
  return integer(l.integer >> count, l.type);
}

Value Arithmetic::integer_binary(Tok op, const Value& left, const Value& right, TypeId type) const {
  uint64_t a = static_cast<uint64_t>(left.integer);
  uint64_t b = static_cast<uint64_t>(right.integer);
  bool is_unsigned = (types_[type].flags & kUnsigned) != 0;
  auto made = [&](uint64_t bits) { return integer(static_cast<int64_t>(bits), type); };
  auto compared = [&](bool value) { return integer(value, int_type()); };
  switch (op) {
    case Tok::plus:
      return made(a + b);
    case Tok::minus:
      return made(a - b);
    case Tok::star:
      return made(a * b);
    case Tok::amp:
      return made(a & b);
    case Tok::pipe:
      return made(a | b);
    case Tok::caret:
      return made(a ^ b);
    case Tok::slash:
    case Tok::percent:
      if (b == 0) return unknown(type, "division by zero");
      if (is_unsigned) return made(op == Tok::slash ? a / b : a % b);
      if (right.integer == -1) return made(op == Tok::slash ? 0 - a : 0);  // INT64_MIN / -1 would trap
      return integer(op == Tok::slash ? left.integer / right.integer : left.integer % right.integer, type);
    case Tok::equal:
      return compared(a == b);
    case Tok::not_equal:
      return compared(a != b);
    case Tok::less:
      return compared(is_unsigned ? a < b : left.integer < right.integer);
    case Tok::less_equal:
      return compared(is_unsigned ? a <= b : left.integer <= right.integer);
    case Tok::greater:
      return compared(is_unsigned ? a > b : left.integer > right.integer);
    case Tok::greater_equal:
      return compared(is_unsigned ? a >= b : left.integer >= right.integer);
    default:
      return unknown(type, nullptr);
  }
}

Value Arithmetic::floating_binary(Tok op, const Value& left, const Value& right, TypeId type) const {
  // In the type's own precision: computing in long double and rounding afterwards would round twice.
  auto compute = [op](auto a, auto b) -> long double {
    switch (op) {
      case Tok::plus:
        return a + b;
      case Tok::minus:
        return a - b;
      case Tok::star:
        return a * b;
      default:
        // IEEE 754 6.3, 7.3: written out because C++ calls a division by zero undefined.
        if (b != 0) return a / b;
        if (a == 0 || a != a || b != b) return std::numeric_limits<decltype(a)>::quiet_NaN();
        return std::copysign(std::numeric_limits<decltype(a)>::infinity(),
                             std::copysign(a, 1) * std::copysign(1, a) * std::copysign(1, b));
    }
  };
  long double a = left.floating;
  long double b = right.floating;
  auto compared = [&](bool value) { return integer(value, int_type()); };
  switch (op) {
    case Tok::equal:
      return compared(a == b);
    case Tok::not_equal:
      return compared(a != b);
    case Tok::less:
      return compared(a < b);
    case Tok::less_equal:
      return compared(a <= b);
    case Tok::greater:
      return compared(a > b);
    case Tok::greater_equal:
      return compared(a >= b);
    default:
      break;
  }
  switch (types_[type].scalar) {
    case Scalar::bfloat16:
    case Scalar::float16:
    case Scalar::float32:
      return floating(compute(static_cast<float>(a), static_cast<float>(b)), type);
    case Scalar::float64:
      return floating(compute(static_cast<double>(a), static_cast<double>(b)), type);
    default:
      return floating(compute(a, b), type);
  }
}

// pointer + integer, pointer - integer, pointer - pointer, comparisons    C11 6.5.6, 6.5.8
Result<Value> Arithmetic::pointer_binary(Tok op, const Value& left, const Value& right) const {
  bool left_pointer = types_[left.type].kind == Kind::pointer;
  bool right_pointer = types_[right.type].kind == Kind::pointer;
  bool known = left.known == Value::Known::integer && right.known == Value::Known::integer;
  const Value& pointer = left_pointer ? left : right;
  const char* why = left.known == Value::Known::integer ? right.why : left.why;
  const Type& pointee = types_[types_[pointer.type].base];
  uint64_t step = pointee.size != 0 ? pointee.size : 1;
  uint64_t a = static_cast<uint64_t>(left.integer);
  uint64_t b = static_cast<uint64_t>(right.integer);
  switch (op) {
    case Tok::plus:
    case Tok::minus: {
      if (left_pointer && right_pointer && op == Tok::minus) {
        TypeId type = integer_type(types_.target().pointer_size, false);
        if (!known) return unknown(type, why);
        return integer(static_cast<int64_t>(a - b) / static_cast<int64_t>(step), type);
      }
      const Value& number = left_pointer ? right : left;
      if (!is_integer(number.type) || (op == Tok::minus && !left_pointer)) break;
      if (!known) return unknown(pointer.type, why);
      uint64_t distance = static_cast<uint64_t>(number.integer) * step;
      uint64_t address = static_cast<uint64_t>(pointer.integer);
      return integer(static_cast<int64_t>(op == Tok::plus ? address + distance : address - distance), pointer.type);
    }
    case Tok::equal:
    case Tok::not_equal:
    case Tok::less:
    case Tok::less_equal:
    case Tok::greater:
    case Tok::greater_equal:
      if (!known) return unknown(int_type(), why);
      return integer_binary(op, integer(left.integer, size_type()), integer(right.integer, size_type()), size_type());
    default:
      break;
  }
  return Error{"this operator is not for pointers"};
}

}  // namespace ferry::cparse
