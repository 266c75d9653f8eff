// Text forms of cdata and ctypes: what tostring() shows. LuaJIT's forms; boxed numbers as bare numbers.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// __tostring of cdata and ctypes; a closure over the State. The metatype's __tostring goes first.
//   123LL, 123ULL               64-bit integers, also through a reference
//   5, 2.5, true                smaller integers, __int128, floating types (as many digits as they need), bool
//   3+4i, inf-nanI              complex
//   cdata<enum e>: 3            enums
//   cdata<int *>: 0x00001234    pointers and functions: the address they hold, or NULL
//   cdata<struct s>: 0x…        everything else: the object's address
//   ctype<int *>                ctypes
int l_tostring(lua_State* L);

}  // namespace ferry::lua
