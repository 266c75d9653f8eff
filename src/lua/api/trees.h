// Expressions and bodies of functions as trees of tables, which lua/ferry/expression.lua and statement.lua compile.
#pragma once

#include "lua/host/compat.h"

namespace ferry::lua {

// Functions of ferry.headers, with the State as first upvalue (headers.h).
int l_expression(lua_State* L);
int l_body(lua_State* L);

}  // namespace ferry::lua
