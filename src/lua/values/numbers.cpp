// Reads and writes numbers in memory (numbers.h).
#include "lua/values/numbers.h"

#include <cmath>
#include <cstring>

#include "base/bfloat16.h"
#include "base/memory.h"
#include "lua/state/state.h"
#include "lua/values/decimals.h"

namespace ferry::lua {

int64_t load_int(const void* address, size_t size, bool is_unsigned) {
  switch (size) {
    case 1:
      return is_unsigned ? int64_t{load<uint8_t>(address)} : int64_t{load<int8_t>(address)};
    case 2:
      return is_unsigned ? int64_t{load<uint16_t>(address)} : int64_t{load<int16_t>(address)};
    case 4:
      return is_unsigned ? int64_t{load<uint32_t>(address)} : int64_t{load<int32_t>(address)};
    default:
      return load<int64_t>(address);
  }
}

void store_int(void* address, size_t size, int64_t value) {
  switch (size) {
    case 1: {
      const auto v = static_cast<uint8_t>(value);
      std::memcpy(address, &v, 1);
      break;
    }
    case 2: {
      const auto v = static_cast<uint16_t>(value);
      std::memcpy(address, &v, 2);
      break;
    }
    case 4: {
      const auto v = static_cast<uint32_t>(value);
      std::memcpy(address, &v, 4);
      break;
    }
    default:
      std::memcpy(address, &value, 8);
  }
}

namespace {

WideBits extended(WideBits v, unsigned width, bool is_unsigned) {
  const bool in_low = width <= 64;
  uint64_t& part = in_low ? v.low : v.high;
  const unsigned drop = (in_low ? 64 : 128) - width;
  part = is_unsigned ? part << drop >> drop : static_cast<uint64_t>(static_cast<int64_t>(part << drop) >> drop);
  if (in_low) v.high = !is_unsigned && static_cast<int64_t>(v.low) < 0 ? ~uint64_t{0} : 0;
  return v;
}

}  // namespace

WideBits load_halves(const void* address) {
  const auto* halves = static_cast<const char*>(address);
  const bool big = host_target().big_endian;
  return {load<uint64_t>(halves + (big ? 8 : 0)), load<uint64_t>(halves + (big ? 0 : 8))};
}

WideBits load_bit_int(const TypeInfo* info, const void* address) {
  WideBits v{};
  if (info->size == 16)
    v = load_halves(address);
  else
    v.low = static_cast<uint64_t>(load_int(address, info->size, true));
  return extended(v, static_cast<unsigned>(info->count), (info->type_flags & kUnsigned) != 0);
}

void store_bit_int(const TypeInfo* info, void* address, WideBits value) {
  const WideBits v = extended(value, static_cast<unsigned>(info->count), (info->type_flags & kUnsigned) != 0);
  if (info->size == 16) {
    store(static_cast<char*>(address) + (host_target().big_endian ? 8 : 0), v.low);
    store(static_cast<char*>(address) + (host_target().big_endian ? 0 : 8), v.high);
  } else {
    store_int(address, info->size, static_cast<int64_t>(v.low));
  }
}

double load_double(State* st, TypeInfo* info, const void* address) {
  switch (info->rep) {
    case Rep::boolean:
      return load<uint8_t>(address) != 0;
    case Rep::i8:
      return load<int8_t>(address);
    case Rep::u8:
      return load<uint8_t>(address);
    case Rep::i16:
      return load<int16_t>(address);
    case Rep::u16:
      return load<uint16_t>(address);
    case Rep::i32:
      return load<int32_t>(address);
    case Rep::u32:
      return load<uint32_t>(address);
    case Rep::i64:
      return static_cast<double>(load<int64_t>(address));
    case Rep::u64:
      return static_cast<double>(load<uint64_t>(address));
    case Rep::f32:
      return load<float>(address);
    case Rep::f64:
      return load<double>(address);
#ifdef __SIZEOF_INT128__
    case Rep::i128:
      return static_cast<double>(load<__int128>(address));
    case Rep::u128:
      return static_cast<double>(load<unsigned __int128>(address));
#endif
    case Rep::bit_int: {
      const WideBits v = load_bit_int(info, address);
      const bool negative = (info->type_flags & kUnsigned) == 0 && static_cast<int64_t>(v.high) < 0;
      const auto magnitude = to_floating<double>(negative ? negated(v) : v);
      return negative ? -magnitude : magnitude;
    }
    case Rep::bf16:
      return load_bf16(address);
    case Rep::f16:
      return static_cast<double>(load_f16(address));
    case Rep::ldouble:
      return static_cast<double>(load<long double>(address));
    case Rep::f128:
      return load_f128(address);
    case Rep::d32:
    case Rep::d64:
    case Rep::d128:
      return double_of(load_decimal(format_of(info), address));
    case Rep::complex:
      return load_double(st, base_of(st, info), address);
    default:
      return 0;
  }
}

double load_bf16(const void* address) {
  return from_bfloat16(load<uint16_t>(address));
}

void store_bf16(void* address, long double value) {
  store(address, to_bfloat16(value));
}

double load_f16(const void* address) {
  uint16_t bits;
  std::memcpy(&bits, address, sizeof bits);
  // IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits.
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  double value;
  if (exponent == 31) {
    value = fraction != 0 ? NAN : INFINITY;
  } else if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else {
    value = std::ldexp(1024 + fraction, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

void store_f16(void* address, long double value) {
  uint16_t bits = std::signbit(value) ? 0x8000 : 0;
  const long double magnitude = std::fabs(value);
  if (std::isnan(value)) {
    bits |= 0x7e00;
  } else if (magnitude >= 65520) {  // halfway beyond the largest finite value rounds to infinity
    bits |= 0x7c00;
  } else if (magnitude >= std::ldexp(1.0, -14)) {
    int exponent;
    const long double fraction = std::frexp(magnitude, &exponent);  // [0.5, 1)
    // The rounded fraction may carry into the exponent: addition does the right thing.
    bits = static_cast<uint16_t>(bits + ((exponent + 13) << 10) + static_cast<int>(std::nearbyint(fraction * 2048)));
  } else {
    bits = static_cast<uint16_t>(bits + static_cast<int>(std::nearbyint(std::ldexp(magnitude, 24))));
  }
  std::memcpy(address, &bits, sizeof bits);
}

#ifdef __SIZEOF_FLOAT128__
double load_f128(const void* address) {
  __float128 value;
  std::memcpy(&value, address, sizeof value);
  return static_cast<double>(value);
}
void store_f128(void* address, long double value) {
  const __float128 wide = value;
  std::memcpy(address, &wide, sizeof wide);
}
long double load_f128_long(const void* address) {
  __float128 value;
  std::memcpy(&value, address, sizeof value);
  return static_cast<long double>(value);
}
#else
// Where the compiler has no __float128, long double is binary128 (AArch64, RISC-V, s390x) or the type is not
// declared at all.
double load_f128(const void* address) {
  return static_cast<double>(load_f128_long(address));
}
void store_f128(void* address, long double value) {
  std::memcpy(address, &value, sizeof value);
}
long double load_f128_long(const void* address) {
  long double value;
  std::memcpy(&value, address, sizeof value);
  return value;
}
#endif

int64_t number_to_integer(double value, size_t size) {
  // Below 2^63 the conversion is defined, below 2^64 it is as unsigned; what is beyond is fixed here
  // for every platform (x86 would give "integer indefinite", ARM would saturate).
  if (value >= -9223372036854775808.0 && value < 9223372036854775808.0) return static_cast<int64_t>(value);
  if (value >= 9223372036854775808.0 && value < 18446744073709551616.0) {
    return static_cast<int64_t>(static_cast<uint64_t>(value));
  }
  if (value > -18446744073709551616.0 && value < 0) {
    return static_cast<int64_t>(0 - static_cast<uint64_t>(-value));
  }
  switch (size) {
    case 8:
      return INT64_MIN;
    case 4:
      return INT32_MIN;
    default:
      return 0;
  }
}

void store_int128(void* address, double value) {
#ifdef __SIZEOF_INT128__
  // 2^127 and beyond, NaN: the lowest value, as number_to_integer does for 64 bits.
  const __int128 lowest = static_cast<__int128>(static_cast<unsigned __int128>(1) << 127);
  const bool fits =
      value > -170141183460469231731687303715884105728.0 && value < 170141183460469231731687303715884105728.0;
  store(address, fits ? static_cast<__int128>(value) : lowest);
#else
  store_int(address, 8, number_to_integer(value, 8));
#endif
}

}  // namespace ferry::lua
