// The life of a State: opened once per Lua state, closed by its userdata's __gc.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// Pushes the State's userdata, created and anchored in the registry on the first call for this Lua state. Raises.
State* push_state(lua_State* L);
// The open State of this Lua state, or null. Never raises.
State* find_state(lua_State* L);

}  // namespace ferry::lua
