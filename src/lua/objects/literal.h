// Userdata that stand for nil, a number or a string where Lua itself compares it with a cdata: about two values of
// different types it asks nobody, about two userdata it does. Translated Lua (src/translate) uses them. They are always
// the first operand, whose metatable Lua 5.3 and later ask: each knows on which side the literal stood.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

enum class Side : uint8_t { left, right };

// Makes their metatables, the one for nil and the one that is equal to every cdata; once.
void make_literals(lua_State* L, State* st);
// Pops a value, pushes the userdata that stands for it.
void wrap_literal(lua_State* L, State* st, Side side);
// The value that the userdata at idx stands for, pushed; false, and nothing pushed, if it is not one of those.
bool push_literal(lua_State* L, State* st, int idx, Side* side);

}  // namespace ferry::lua
