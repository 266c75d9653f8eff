// bfloat16: the upper half of an IEEE 754 binary32. 1 sign, 8 exponent (bias 127), 7 fraction bits.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace ferry {

inline constexpr unsigned kBfloat16Digits = 8;    // of precision, the leading bit included
inline constexpr int kBfloat16Lowest = -126 - 7;  // exponent of the last bit of denormal values

// Exact.
inline float from_bfloat16(uint16_t bits) {
  return std::bit_cast<float>(uint32_t{bits} << 16);
}

// To nearest, ties to even, in one step from every precision; denormal values stay. A NaN becomes quiet and keeps its
// sign and the upper bits of its payload. So do compiler-rt's __truncsfbf2 and, but for denormal values, VCVTNEPS2BF16.
inline uint16_t to_bfloat16(long double value) {
  constexpr uint16_t kInfinity = 0x7f80, kQuiet = 0x0040;
  if (std::isnan(value)) {
    return static_cast<uint16_t>(std::bit_cast<uint32_t>(static_cast<float>(value)) >> 16 | kQuiet);
  }
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const long double magnitude = std::fabs(value);
  if (magnitude == 0) return sign;
  // From here on the nearest number is 2^128.
  if (magnitude >= std::ldexp(2 - std::ldexp(1.0L, -8), 127)) return sign | kInfinity;
  const int exponent = std::max(std::ilogb(magnitude) - 7, kBfloat16Lowest);
  // The leading bit adds one to the exponent's field, and a significand that was rounded up to 256 carries into it.
  const auto significand = static_cast<unsigned>(std::nearbyint(std::ldexp(magnitude, -exponent)));
  return static_cast<uint16_t>(sign | ((static_cast<unsigned>(exponent - kBfloat16Lowest) << 7) + significand));
}

}  // namespace ferry
