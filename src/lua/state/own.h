// Userdata of Ferry's that are no C objects: futures, libraries and their like. Their memory is nothing for C, however
// C would take other userdata.
#pragma once

#include "lua/host/compat.h"

namespace ferry::lua {

// Marks the metatable on top as that of such userdata, which messages call `name`. May raise for want of memory.
void mark_own(lua_State* L, const char* name);

// The userdata at idx if its metatable is the one at `reference` in the registry (0: there is none yet); else null.
// Raises nothing, needs two stack slots.
void* own_at(lua_State* L, int idx, int reference);

// Keeps the metatable on top, hidden from Lua code, marked as `name`, at *reference, and leaves it there. Where a
// finaliser that ran while it was made has kept another one, that takes its place. Raises for want of memory.
void keep_metatable(lua_State* L, const char* name, int* reference);

// What messages call the value at idx if it is one; null: it is none. Raises nothing, needs two stack slots.
const char* own_name(lua_State* L, int idx);

}  // namespace ferry::lua
