// Userdata that stand for nil, a number or a string where Lua itself compares it with a cdata: about two values of
// different types it asks nobody, about two userdata it does. Translated Lua (src/translate) uses them.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// Makes their metatable, once.
void make_literals(lua_State* L, State* st);
// Pops a value, pushes the userdata that stands for it.
void wrap_literal(lua_State* L, State* st);
// The value that the userdata at idx stands for, pushed; false, and nothing pushed, if it is not one of those.
bool push_literal(lua_State* L, State* st, int idx);

}  // namespace ferry::lua
