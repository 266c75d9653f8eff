// LuaJIT's `bit` for every Lua version.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// Pushes a new table: tobit tohex bnot band bor bxor lshift rshift arshift rol ror bswap.
//
// Numbers are taken modulo 2^32 after rounding to the nearest integer (ties to even), NaN and infinities as 0, and give
// a signed 32-bit number: the same on every Lua version, for native 64-bit integers too. A cdata number makes it a
// 64-bit operation with a boxed int64_t or uint64_t result (unsigned if any operand is uint64_t); numbers beside it are
// truncated as in 64-bit arithmetic. For the shifts, rotations, bnot and bswap only the first operand counts; counts
// are taken modulo the width. tobit always gives a number.
void push_bit_module(lua_State* L, State* st);

}  // namespace ferry::lua
