// Decimal floating-point types and C's other arithmetic types (decimals.h).
#include "lua/values/decimals.h"

#include <cfloat>
#include <cmath>

#include "base/bfloat16.h"
#include "base/memory.h"
#include "lua/state/state.h"

namespace ferry::lua {

namespace {

// IEEE 754 binary128, whose significand has a bit that is not stored.
constexpr unsigned kFloat128Stored = 112;
constexpr int kFloat128Lowest = -16494;  // exponent of the last bit of denormal numbers
constexpr unsigned kFloat128Special = 0x7fff;

// The nearest one that has `bits` of precision, or infinity.
long double nearest(unsigned bits, int lowest, const Decimal& value) {
  const Binary b = binary_from_decimal({bits, lowest}, value);
  long double result = 0;
  if (b.kind == Decimal::Kind::finite) {
    result = std::ldexp(
        std::ldexp(static_cast<long double>(b.significand.high), 64) + static_cast<long double>(b.significand.low),
        b.exponent);
  } else {
    result = b.kind == Decimal::Kind::infinity ? static_cast<long double>(INFINITY) : static_cast<long double>(NAN);
  }
  return b.negative ? -result : result;
}

void store_words(void* address, Wide128 value) {
  const bool big = host_target().big_endian;
  store(static_cast<char*>(address) + (big ? 8 : 0), value.low);
  store(static_cast<char*>(address) + (big ? 0 : 8), value.high);
}

void store_float128(void* address, const Decimal& value) {
  const Binary b = binary_from_decimal({kFloat128Stored + 1, kFloat128Lowest}, value);
  constexpr unsigned kUpper = kFloat128Stored - 64;  // bits of the significand in the upper word
  Wide128 words = b.significand;
  uint64_t field = 0;  // of the exponent
  if (b.kind != Decimal::Kind::finite) {
    words = {0, b.kind == Decimal::Kind::infinity ? 0 : uint64_t{1} << (kUpper - 1)};
    field = kFloat128Special;
  } else {
    // Rounding may have made one bit more, and small numbers have fewer than there is room for.
    Natural n(words);
    int exponent = b.exponent;
    if (n.bits() > kFloat128Stored + 1) n.shift_right(1), ++exponent;
    if (const int up = std::min<int>(static_cast<int>(kFloat128Stored + 1 - n.bits()), exponent - kFloat128Lowest);
        up > 0 && !n.is_zero()) {
      n.shift_left(static_cast<unsigned>(up));
      exponent -= up;
    }
    words = n.low();
    field = n.bits() > kFloat128Stored ? static_cast<uint64_t>(exponent - kFloat128Lowest + 1) : 0;
    words.high &= (uint64_t{1} << kUpper) - 1;
    if (field >= kFloat128Special) words = {}, field = kFloat128Special;
  }
  words.high |= field << kUpper | uint64_t{b.negative} << 63;
  store_words(address, words);
}

Binary load_float128(const void* address) {
  const WideBits words = load_halves(address);
  Binary b;
  b.negative = words.high >> 63 != 0;
  const unsigned field = static_cast<unsigned>(words.high >> (kFloat128Stored - 64)) & kFloat128Special;
  b.significand = {words.low, words.high & ((uint64_t{1} << (kFloat128Stored - 64)) - 1)};
  if (field == kFloat128Special) {
    b.kind = b.significand == Wide128{} ? Decimal::Kind::infinity : Decimal::Kind::quiet;
    return b;
  }
  if (field != 0) b.significand.high |= uint64_t{1} << (kFloat128Stored - 64);
  b.exponent = kFloat128Lowest + static_cast<int>(field == 0 ? 0 : field - 1);
  return b;
}

// Of a double or long double, whose significand has no more than 128 bits.
template <typename T>
Binary taken_apart(T value) {
  Binary b;
  b.negative = std::signbit(value);
  if (!std::isfinite(value)) {
    b.kind = std::isnan(value) ? Decimal::Kind::quiet : Decimal::Kind::infinity;
    return b;
  }
  const T fraction = std::frexp(std::fabs(value), &b.exponent);  // [0.5, 1)
  const T upper = std::ldexp(fraction, 64);
  b.significand.high = static_cast<uint64_t>(upper);
  b.significand.low = static_cast<uint64_t>(std::ldexp(upper - std::floor(upper), 64));
  b.exponent -= 128;
  return b;
}

// Integers of 128 bits and _BitInt; of others what number_to_integer says beyond 64 bits.
void store_integer(const TypeInfo* info, void* to, const Decimal& value) {
  Wide128 magnitude;
  const bool fits = integer_from_decimal(value, magnitude);
  const uint64_t limit = uint64_t{1} << 63;
  const bool beyond = info->size < 16 ? magnitude.high != 0
                                      : (info->type_flags & kUnsigned) == 0 && magnitude.high >= limit &&
                                            !(value.negative && magnitude == Wide128{0, limit});
  WideBits bits{magnitude.low, magnitude.high};
  if (!fits || beyond) {
    const auto out = static_cast<uint64_t>(number_to_integer(double_of(value), info->size));
    bits = info->size == 16 ? WideBits{0, limit} : WideBits{out, 0};
  } else if (value.negative) {
    bits = negated(bits);
  }
  if (info->rep == Rep::bit_int)
    store_bit_int(info, to, bits);
  else if (info->size == 16)
    store_words(to, {bits.low, bits.high});
  else
    store_int(to, info->size, static_cast<int64_t>(bits.low));
}

}  // namespace

SignedWide load_signed(const TypeInfo* info, const void* address) {
  const bool is_unsigned = info->rep == Rep::boolean || (info->type_flags & kUnsigned) != 0;
  WideBits bits{};
  if (info->rep == Rep::bit_int) {
    bits = load_bit_int(info, address);
  } else if (info->size == 16) {
    bits = load_halves(address);
  } else {
    const int64_t value = load_int(address, info->size, is_unsigned);
    bits = {static_cast<uint64_t>(value), !is_unsigned && value < 0 ? ~uint64_t{0} : 0};
  }
  const bool negative = !is_unsigned && bits.high >> 63 != 0;
  if (negative) bits = negated(bits);
  return {negative, {bits.low, bits.high}};
}

Binary binary_of(double value) {
  return taken_apart(value);
}
Binary binary_of(long double value) {
  return taken_apart(value);
}

Binary load_binary(State* st, TypeInfo* info, const void* address) {
  if (info->rep == Rep::f128) return load_float128(address);
  if (info->rep == Rep::ldouble) return binary_of(load<long double>(address));
  return binary_of(load_double(st, info, address));
}

double double_of(const Decimal& value) {
  return static_cast<double>(nearest(DBL_MANT_DIG, DBL_MIN_EXP - DBL_MANT_DIG, value));
}

long double long_double_of(const Decimal& value) {
  return nearest(LDBL_MANT_DIG, LDBL_MIN_EXP - LDBL_MANT_DIG, value);
}

void convert_from_decimal(const TypeInfo* info, void* to, const Decimal& value) {
  switch (info->rep) {
    case Rep::boolean:
      store<uint8_t>(to, !value.is_zero());
      return;
    case Rep::bf16:
      store_bf16(to, nearest(kBfloat16Digits, kBfloat16Lowest, value));
      return;
    case Rep::f16:
      store_f16(to, static_cast<double>(nearest(11, -24, value)));
      return;
    case Rep::f32:
      store(to, static_cast<float>(nearest(FLT_MANT_DIG, FLT_MIN_EXP - FLT_MANT_DIG, value)));
      return;
    case Rep::f64:
      store(to, double_of(value));
      return;
    case Rep::ldouble:
      store(to, long_double_of(value));
      return;
    case Rep::f128:
      store_float128(to, value);
      return;
    case Rep::d32:
    case Rep::d64:
    case Rep::d128:
      store_decimal(format_of(info), to, to_format(format_of(info), value));
      return;
    default:
      store_integer(info, to, value);
      return;
  }
}

void convert_to_decimal(State* st, const TypeInfo* info, void* to, TypeInfo* source, const void* from) {
  const DecimalFormat& format = format_of(info);
  if (is_decimal(source->rep)) {
    if (source->size == info->size)
      std::memmove(to, from, static_cast<size_t>(info->size));  // signalling NaN and all
    else
      convert_from_decimal(info, to, load_decimal(format_of(source), from));
  } else if (source->kind != Kind::floating) {
    const SignedWide value = load_signed(source, from);
    store_decimal(format, to, decimal_from_integer(format, value.negative, value.magnitude));
  } else {
    store_decimal(format, to, decimal_from_binary(format, load_binary(st, source, from)));
  }
}

void store_decimal_number(lua_State* L, const TypeInfo* info, void* to, int idx) {
  const DecimalFormat& format = format_of(info);
  int64_t exact;
  if (is_integer_subtype(L, idx) && exact_integer(L, idx, &exact)) {
    const SignedWide value = signed_wide(exact);
    store_decimal(format, to, decimal_from_integer(format, value.negative, value.magnitude));
  } else {
    store_decimal(format, to, decimal_from_binary(format, binary_of(lua_tonumber(L, idx))));
  }
}

}  // namespace ferry::lua
