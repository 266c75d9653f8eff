// The host's C types that arithmetic needs beyond the standard ones: 128-bit integers, _Float128, complex. Where the
// host has none of a kind, no type of it exists in the type table either, and the alias only has to compile.
#pragma once

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace ferry::lua {

#ifdef __SIZEOF_INT128__
__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;
#else
using Int128 = int64_t;
using UInt128 = uint64_t;
#endif

// _Float128: gcc spells it __float128 in C++ where long double is another format.
#if defined(__SIZEOF_FLOAT128__) && LDBL_MANT_DIG != 113
__extension__ using Quad = __float128;
#else
using Quad = long double;
#endif

// glibc has the library functions of _Float128; elsewhere its values go through long double.
#if defined(__HAVE_DISTINCT_FLOAT128) && __HAVE_DISTINCT_FLOAT128
inline constexpr int kQuadDigits = 33, kQuadDigitsMax = 36;  // FLT128_DIG, FLT128_DECIMAL_DIG
inline Quad wide_pow(Quad a, Quad b) {
  return ::powf128(a, b);
}
inline Quad wide_fmod(Quad a, Quad b) {
  return ::fmodf128(a, b);
}
inline Quad wide_floor(Quad a) {
  return ::floorf128(a);
}
inline void quad_text(char* out, size_t size, const char* format, Quad value) {
  ::strfromf128(out, size, format, value);
}
inline Quad quad_value(const char* text) {
  return ::strtof128(text, nullptr);
}
#else
inline constexpr int kQuadDigits = LDBL_DIG, kQuadDigitsMax = LDBL_DIG + 3;
inline void quad_text(char* out, size_t size, const char* format, Quad value) {
  // "%.33g" -> "%.33Lg"
  char wide[16];
  std::snprintf(wide, sizeof wide, "%.*sLg", static_cast<int>(std::strlen(format)) - 1, format);
  std::snprintf(out, size, wide, static_cast<long double>(value));
}
inline Quad quad_value(const char* text) {
  return std::strtold(text, nullptr);
}
#if defined(__SIZEOF_FLOAT128__) && LDBL_MANT_DIG != 113
inline Quad wide_pow(Quad a, Quad b) {
  return std::pow(static_cast<long double>(a), static_cast<long double>(b));
}
inline Quad wide_fmod(Quad a, Quad b) {
  return std::fmod(static_cast<long double>(a), static_cast<long double>(b));
}
inline Quad wide_floor(Quad a) {
  return std::floor(static_cast<long double>(a));
}
#endif
#endif
inline double wide_pow(double a, double b) {
  return std::pow(a, b);
}
inline double wide_fmod(double a, double b) {
  return std::fmod(a, b);
}
inline double wide_floor(double a) {
  return std::floor(a);
}
inline long double wide_pow(long double a, long double b) {
  return std::pow(a, b);
}
inline long double wide_fmod(long double a, long double b) {
  return std::fmod(a, b);
}
inline long double wide_floor(long double a) {
  return std::floor(a);
}

// _Complex of a component type; a dependent `_Complex T` cannot be written.
template <typename T>
struct ComplexOf;
template <>
struct ComplexOf<float> {
  __extension__ using type = _Complex float;
};
template <>
struct ComplexOf<double> {
  __extension__ using type = _Complex double;
};
template <>
struct ComplexOf<long double> {
  __extension__ using type = _Complex long double;
};
#if defined(__SIZEOF_FLOAT128__) && LDBL_MANT_DIG != 113
template <>
struct ComplexOf<Quad> {
#if LDBL_MANT_DIG == 106  // TC is of pairs of doubles there
  __extension__ typedef _Complex float type __attribute__((mode(KC)));
#else
  __extension__ typedef _Complex float type __attribute__((mode(TC)));
#endif
};
#endif
inline _Complex float complex_pow(_Complex float a, _Complex float b) {
  return __builtin_cpowf(a, b);
}
inline _Complex double complex_pow(_Complex double a, _Complex double b) {
  return __builtin_cpow(a, b);
}
inline _Complex long double complex_pow(_Complex long double a, _Complex long double b) {
  return __builtin_cpowl(a, b);
}

#if defined(__SIZEOF_FLOAT128__) && LDBL_MANT_DIG != 113
// Has no builtin that every host's library implements: by long double.
inline ComplexOf<Quad>::type complex_pow(ComplexOf<Quad>::type a, ComplexOf<Quad>::type b) {
  ComplexOf<long double>::type x, y;
  __real__ x = static_cast<long double>(__real__ a), __imag__ x = static_cast<long double>(__imag__ a);
  __real__ y = static_cast<long double>(__real__ b), __imag__ y = static_cast<long double>(__imag__ b);
  x = __builtin_cpowl(x, y);
  ComplexOf<Quad>::type out;
  __real__ out = __real__ x, __imag__ out = __imag__ x;
  return out;
}
#endif

}  // namespace ferry::lua
