// What hosts ask for (include/ferry.h), and its two functions for Lua.
#pragma once

#include "lua/host/compat.h"

namespace ferry::lua {

// registry["ferry.api"]. Raises.
void publish_host_api(lua_State* L);

// enter(): the running thread stays inside of the state, also with no C call below; leave() undoes one.
int l_enter(lua_State* L);
int l_leave(lua_State* L);

}  // namespace ferry::lua
