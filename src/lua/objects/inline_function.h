// Functions that a header has with their bodies, which no library has: Lua functions that run the body.
#pragma once

#include "ctype/type_table.h"
#include "lua/state/state.h"

namespace ferry::lua {

// Pushes the Lua function of a symbol with a body. `space`: the namespace in which the body finds functions and
// variables. The body is looked into at the first call.
void push_inline_function(lua_State* L, State* st, const Symbol& symbol, int space);

// The function type of such a function of this state at idx, else kNoType.
TypeId inline_function_type(lua_State* L, State* st, int idx);

}  // namespace ferry::lua
