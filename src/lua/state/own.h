// Userdata of Ferry's that are no C objects: futures, libraries and their like. Their memory is nothing for C, however
// C would take other userdata.
#pragma once

#include "lua/host/compat.h"

namespace ferry::lua {

// Marks the metatable on top as that of such userdata, which messages call `name`. May raise for want of memory.
void mark_own(lua_State* L, const char* name);

// What messages call the value at idx if it is one; null: it is none. Raises nothing, needs two stack slots.
const char* own_name(lua_State* L, int idx);

}  // namespace ferry::lua
