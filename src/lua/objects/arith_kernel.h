// The arithmetic itself: one operator on two C values of one kind. Pure functions, no Lua; nothing here traps.
#pragma once

#include <cstdint>

#include "lua/objects/arith_wide.h"

namespace ferry::lua {

enum class Op : uint8_t {
  add,
  sub,
  mul,
  div,
  mod,
  pow,
  unm,
  idiv,
  band,
  bor,
  bxor,
  shl,
  shr,
  bnot,
  eq,
  lt,
  le,
  concat,
  len
};

constexpr bool is_comparison(Op op) {
  return op >= Op::eq && op <= Op::le;
}
constexpr bool is_bitwise(Op op) {
  return op >= Op::band && op <= Op::bnot;
}
constexpr bool is_shift(Op op) {
  return op == Op::shl || op == Op::shr;
}

// x^k modulo 2^N by squaring. 0^0 is 1.
template <typename U>
U integer_power(U x, U k) {
  U result = 1;
  for (; k != 0; k >>= 1) {
    if ((k & 1) != 0) result *= x;
    x *= x;
  }
  return result;
}

// Lua 5.3's shifts: logical, a negative count shifts the other way, all bits leave for counts beyond the width.
template <typename U>
U integer_shift(U value, U count, bool left) {
  constexpr unsigned kBits = sizeof(U) * 8;
  const bool negative = (count >> (kBits - 1)) != 0;
  if (negative) count = U{0} - count, left = !left;
  if (count >= kBits) return 0;
  return left ? static_cast<U>(value << static_cast<unsigned>(count))
              : static_cast<U>(value >> static_cast<unsigned>(count));
}

// Integers of N bits in their unsigned form, S and U the signed and unsigned type. A comparison gives 0 or 1. `/` and
// `%` are C's (LuaJIT), `//` rounds down (Lua 5.3). Where C leaves the result undefined it is the lowest signed value,
// 2^(N-1), which is what LuaJIT gives; for S_MIN % -1 it is 0.
template <typename S, typename U>
U integer_operation(Op op, U a, U b, bool is_unsigned) {
  constexpr U kLowest = U{1} << (sizeof(U) * 8 - 1);
  const S sa = static_cast<S>(a), sb = static_cast<S>(b);
  switch (op) {
    case Op::add:
      return a + b;
    case Op::sub:
      return a - b;
    case Op::mul:
      return a * b;
    case Op::unm:
      return U{0} - a;
    case Op::div:
    case Op::idiv:
      if (b == 0) return kLowest;
      if (is_unsigned) return a / b;
      if (a == kLowest && sb == -1) return kLowest;
      if (op == Op::idiv && sa % sb != 0 && (sa < 0) != (sb < 0)) return static_cast<U>(sa / sb - 1);
      return static_cast<U>(sa / sb);
    case Op::mod:
      if (b == 0) return kLowest;
      if (is_unsigned) return a % b;
      return sb == -1 ? 0 : static_cast<U>(sa % sb);
    case Op::pow:
      if (is_unsigned || sb >= 0) return integer_power(a, b);
      if (a == 0) return kLowest - 1;
      if (sa == 1) return 1;
      if (sa == -1) return (b & 1) != 0 ? a : 1;
      return 0;
    case Op::band:
      return a & b;
    case Op::bor:
      return a | b;
    case Op::bxor:
      return a ^ b;
    case Op::bnot:
      return ~a;
    case Op::shl:
      return integer_shift(a, b, true);
    case Op::shr:
      return integer_shift(a, b, false);
    case Op::eq:
      return a == b;
    case Op::lt:
      return is_unsigned ? a < b : sa < sb;
    case Op::le:
      return is_unsigned ? a <= b : sa <= sb;
    case Op::concat:
    case Op::len:
      break;
  }
  return 0;
}

// Floating types wider than double. `%` and `//` as Lua's own on floats. False: the operator is not defined.
// Comparisons go to *truth.
template <typename T>
bool float_operation(Op op, T a, T b, T* result, bool* truth) {
  switch (op) {
    case Op::add:
      *result = a + b;
      return true;
    case Op::sub:
      *result = a - b;
      return true;
    case Op::mul:
      *result = a * b;
      return true;
    case Op::div:
      *result = a / b;
      return true;
    case Op::unm:
      *result = -a;
      return true;
    case Op::pow:
      *result = wide_pow(a, b);
      return true;
    case Op::idiv:
      *result = wide_floor(static_cast<T>(a / b));
      return true;
    case Op::mod:
      *result = wide_fmod(a, b);
      if (*result != 0 && (*result < 0) != (b < 0)) *result += b;
      return true;
    case Op::eq:
      *truth = a == b;
      return true;
    case Op::lt:
      *truth = a < b;
      return true;
    case Op::le:
      *truth = a <= b;
      return true;
    default:
      return false;
  }
}

// C11 Annex G arithmetic, as the compiler does it. False: not defined (`%`, order).
template <typename T>
bool complex_operation(Op op, const T (&a)[2], const T (&b)[2], T (&result)[2], bool* truth) {
  using C = typename ComplexOf<T>::type;
  C x, y, z;
  __real__ x = a[0], __imag__ x = a[1];
  __real__ y = b[0], __imag__ y = b[1];
  switch (op) {
    case Op::add:
      z = x + y;
      break;
    case Op::sub:
      z = x - y;
      break;
    case Op::mul:
      z = x * y;
      break;
    case Op::div:
      z = x / y;
      break;
    case Op::pow:
      z = complex_pow(x, y);
      break;
    case Op::unm:
      z = -x;
      break;
    case Op::eq:
      *truth = x == y;
      return true;
    default:
      return false;
  }
  result[0] = __real__ z, result[1] = __imag__ z;
  return true;
}

}  // namespace ferry::lua
