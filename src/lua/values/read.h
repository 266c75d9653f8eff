// C -> Lua: pushes what lies in memory. LuaJIT's table of conversions with Ferry's additions.
#pragma once

#include "ctype/type_table.h"
#include "lua/state/members.h"

namespace ferry::lua {

// Pushes the value of type `info` at `address`. Aggregates give a reference that keeps the object at `parent` (stack
// index, 0: nothing) alive. Raises only for void/incomplete types and out-of-memory.
void push_value(lua_State* L, State* st, TypeInfo* info, void* address, int parent);
[[noreturn]] void raise_mixed(lua_State* L, const char* member);  // for one that is_hidden()
void push_member(lua_State* L, State* st, const Member& member, void* record, int parent);
// `types` has its type.
void push_constant(lua_State* L, State* st, const TypeTable& types, const Constant& constant);
inline void push_constant(lua_State* L, State* st, const Constant& constant) {
  push_constant(L, st, *st->types, constant);
}

}  // namespace ferry::lua
