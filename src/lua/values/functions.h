// What the conversions ask of Lua functions. A port: the room `calls` answers (c_function.cpp and callback.cpp), which
// knows what functions are there for C; here they are values like others.
#pragma once

#include "lua/state/raise.h"
#include "lua/state/state.h"

namespace ferry::lua {

// The C address of the Lua function at idx if it calls a C function, and its function type; null for any other.
// Conversions ask classify() (source.h).
void* function_address(lua_State* L, int idx, TypeInfo** type);

// The C address of the Lua function at idx as the function type `fn`. The same function for the same type gets the same
// slot; it lives until the state closes. Raises when no callback can be made.
void* callback_for(lua_State* L, State* st, TypeInfo* fn, int idx, const Place& place);

// Whether the userdata at idx is what ffi.scoped made of a Lua function. Uses two stack slots.
bool is_scoped_function(lua_State* L, State* st, int idx);

}  // namespace ferry::lua
