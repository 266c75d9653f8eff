// _Decimal32, _Decimal64 and _Decimal128 in memory, and their values as those of C's other arithmetic types
// (base/decimal.h).
#pragma once

#include "base/decimal.h"
#include "lua/state/type_info.h"
#include "lua/values/numbers.h"

namespace ferry::lua {

inline bool is_decimal(Rep rep) {
  return rep >= Rep::d32 && rep <= Rep::d128;
}
inline const DecimalFormat& format_of(const TypeInfo* info) {
  return decimal_format(info->size);
}

// Any integer type's value, exactly.
struct SignedWide {
  bool negative;
  Wide128 magnitude;
};
SignedWide load_signed(const TypeInfo* info, const void* address);
inline SignedWide signed_wide(int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  return {value < 0, {value < 0 ? 0 - bits : bits, 0}};
}

// Binary floating-point types, exactly.
Binary binary_of(double value);
Binary binary_of(long double value);
Binary load_binary(State* st, TypeInfo* info, const void* address);

double double_of(const Decimal& value);
long double long_double_of(const Decimal& value);

// An integer, floating or decimal type from a decimal one, and a decimal one from these. To integers as
// number_to_integer.
void convert_from_decimal(const TypeInfo* info, void* to, const Decimal& value);
void convert_to_decimal(State* st, const TypeInfo* info, void* to, TypeInfo* source, const void* from);
// The number at idx.
void store_decimal_number(lua_State* L, const TypeInfo* info, void* to, int idx);

}  // namespace ferry::lua
