// An operand of an operator on cdata: what the classified value (values/source.h) is to arithmetic.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// One operand, ready to be converted to the common type. Plain data: Lua may raise around it.
struct Operand {
  enum class Class : uint8_t {
    other,         // no operator is predefined
    integer,       // `bits`, sign- or zero-extended
    number,        // `number`: a Lua float, float, double
    wide_integer,  // __int128 at `address`
    wide_float,    // __bf16, _Float16, long double, _Float128 at `address`
    decimal,       // at `address`
    complex,       // at `address`
    pointer,       // `pointer`: pointers, arrays, functions, nil
  };
  Class kind = Class::other;
  bool is_unsigned = false;   // integer: uint64_t; wide_integer: unsigned __int128
  bool has_identity = false;  // `pointer` is the address that == compares (also of records and vectors)
  TypeInfo* info = nullptr;   // the C type, references followed; null: not a cdata
  uint64_t bits = 0;
  double number = 0;
  const void* address = nullptr;
  void* pointer = nullptr;
};

inline bool is_real(const Operand& o) {
  return o.kind >= Operand::Class::integer && o.kind <= Operand::Class::wide_float;
}

void set_integer(Operand* o, uint64_t bits, bool is_unsigned = false);
void set_identity(Operand* o, void* address);

// Fills *o, as it was initialised, from the value at idx. Raises for a number behind a NULL reference.
void sort_operand(lua_State* L, State* st, int idx, Operand* o);
// The string at idx as a constant of the enum beside it. False: there is none of that name.
bool sort_enum_constant(lua_State* L, State* st, int idx, const Operand& enumeration, Operand* o);

}  // namespace ferry::lua
