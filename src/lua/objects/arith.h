// The operators of cdata: LuaJIT's rules on pointers and 64-bit integers; complex, 128-bit and wide floating operands
// besides; then the user's metatype. The arithmetic itself is in arith_kernel.h.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// Metamethods. All are closures over the State (first upvalue) and take two arguments.
//
// What the operators do, in this order:
//   1. complex (either operand): + - * / ^ unary minus ==, by C's usual arithmetic conversions, a Lua number being a
//      double. The metatype's own metamethod, if it has one, goes first: LuaJIT predefines nothing for complex.
//   2. _Decimal32, _Decimal64, _Decimal128 (arith_decimal.h) with integers and Lua numbers: + - * / unary minus, exact
//      comparisons. The result is boxed.
//   3. long double, _Float128, _Float16 with any real number: computed in the wider type. The result is boxed;
//      of __bf16 and _Float16 alone it is a Lua number.
//   4. __int128 with any real number below these: in 128 bits, unsigned if either is unsigned __int128. Boxed.
//   5. other numbers (bool, integers, enums, float, double; Lua numbers): both become 64-bit integers, unsigned if
//      either is uint64_t. The result is a boxed int64_t or uint64_t. See arith_kernel.h for the edges. The bit
//      operators (5.3+) take a number only if it is integral, as Lua's own; shifts have the first operand's type.
//   6. pointer + n, n + pointer, pointer - n (a pointer), pointer - pointer (a Lua number), pointer comparisons. Arrays
//      and functions count as pointers; nil as NULL, which may be compared with every pointer. A `void *` is ordered
//      among its like only (LuaJIT), `==` takes any two pointers.
//   7. the metatype of the first, then of the second operand.
//   8. `==`: whether both are the same address; everything else: an error.
// A string beside an enum is that enum's constant.
//
// These are the operators that translated Lua calls, too (src/translate).
// l_eq also compares ctypes: equal if they stand for the same type.
int l_eq(lua_State* L);
int l_lt(lua_State* L);
int l_le(lua_State* L);

// The metamethods that this Lua version has; ends with {nullptr, nullptr}. Lua 5.1 and 5.2 call __eq, __lt and __le
// only if both operands have the very same function value: push each once, and use it in every metatable.
extern const luaL_Reg kArithmeticMetamethods[];

}  // namespace ferry::lua
