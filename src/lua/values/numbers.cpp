// The floating types that C++20 has no portable name for: _Float16 and _Float128, as memory.
#include <cmath>
#include <cstring>

#include "lua/values/convert.h"

namespace ferry::lua {

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

void store_f16(void* address, double value) {
  uint16_t bits = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::fabs(value);
  if (std::isnan(value)) {
    bits |= 0x7e00;
  } else if (magnitude >= 65520.0) {  // halfway beyond the largest finite value rounds to infinity
    bits |= 0x7c00;
  } else if (magnitude >= std::ldexp(1.0, -14)) {
    int exponent;
    const double fraction = std::frexp(magnitude, &exponent);  // [0.5, 1)
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

}  // namespace ferry::lua
