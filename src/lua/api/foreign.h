// What headers of another target say (state/foreign.h): constants and types.
#pragma once

#include "lua/host/compat.h"

namespace ferry::lua {

// Functions of ferry.headers, with the State as first upvalue (headers.h).
int l_evaluate(lua_State* L);
int l_type_text(lua_State* L);

}  // namespace ferry::lua
