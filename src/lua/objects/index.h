// Reading and writing members and elements of cdata, and the same events of ctypes.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// The events in general: NULL and bounds checks, the metatype where C has nothing of that name, every error.
int l_general_index(lua_State* L);
int l_general_newindex(lua_State* L);
int l_ctype_index(lua_State* L);
int l_ctype_newindex(lua_State* L);
}  // namespace ferry::lua
