// The part of Ferry that is written in Lua, of which the module needs some for what few programs do.
#pragma once

#include "lua/host/compat.h"

namespace ferry::lua {

// Pushes the module: what package.loaded has, or else what `require` gives. Raises where there is none; `what` says
// what it is needed for.
void push_lua_part(lua_State* L, const char* module, const char* what);

}  // namespace ferry::lua
