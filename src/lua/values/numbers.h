// Numbers in memory: C's arithmetic types read and written as the few types that the conversions compute in.
#pragma once

#include <cmath>

#include "lua/host/compat.h"
#include "lua/state/type_info.h"

namespace ferry::lua {

// Number -> integer of `size` bytes as SEMANTICS says (wraps through 64 bits; out-of-range values fixed).
int64_t number_to_integer(double value, size_t size);
// The integer value of a number on the stack for a target of `size` bytes.
inline int64_t integer_at(lua_State* L, int idx, size_t size) {
  int64_t exact;
  if (exact_integer(L, idx, &exact)) return exact;
  return number_to_integer(lua_tonumber(L, idx), size);
}
// Reads / writes an integer of `size` 1,2,4,8 bytes in memory form.
int64_t load_int(const void* address, size_t size, bool is_unsigned);
void store_int(void* address, size_t size, int64_t value);
// A _BitInt's value; its `wide` form has 128 bits. Both are extended from its own width on.
struct WideBits {
  uint64_t low;
  uint64_t high;
};
WideBits load_bit_int(const TypeInfo* info, const void* address);
void store_bit_int(const TypeInfo* info, void* address, WideBits value);
// The halves of an integer of 128 bits in memory form.
WideBits load_halves(const void* address);
inline WideBits negated(WideBits v) {
  return {~v.low + 1, ~v.high + (v.low == 0 ? 1 : 0)};
}
// The nearest number to an unsigned value.
template <typename Floating>
Floating to_floating(WideBits v) {
  return std::ldexp(static_cast<Floating>(v.high), 64) + static_cast<Floating>(v.low);
}
// As the widest integer type there is, where nothing above 64 bits is.
template <typename Widest>
Widest joined(WideBits v) {
  if constexpr (sizeof(Widest) > sizeof(uint64_t)) return static_cast<Widest>(v.high) << 64 | v.low;
  return static_cast<Widest>(v.low);
}
// Any arithmetic C value at `address` (bool to f128, enums; complex: real part) as a double.
double load_double(State* st, TypeInfo* info, const void* address);

// __bf16, _Float16 and _Float128, which C++20 has no portable name for.
double load_bf16(const void* address);
void store_bf16(void* address, long double value);
double load_f16(const void* address);
// double -> __int128, the lowest value where it does not fit.
void store_int128(void* address, double value);
void store_f16(void* address, long double value);
double load_f128(const void* address);
long double load_f128_long(const void* address);
void store_f128(void* address, long double value);

// The value of a slot for an integer type: sign- or zero-extended from its width.
inline int64_t narrow(Rep rep, int64_t value) {
  switch (rep) {
    case Rep::i8:
      return static_cast<int8_t>(value);
    case Rep::u8:
      return static_cast<uint8_t>(value);
    case Rep::i16:
      return static_cast<int16_t>(value);
    case Rep::u16:
      return static_cast<uint16_t>(value);
    case Rep::i32:
      return static_cast<int32_t>(value);
    case Rep::u32:
      return static_cast<uint32_t>(value);
    default:
      return value;
  }
}

}  // namespace ferry::lua
