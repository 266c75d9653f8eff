// Userdata that stand for a literal.
#include "lua/objects/literal.h"

namespace ferry::lua {

void make_literals(lua_State* L, State* st) {
  lua_createtable(L, 0, 2);
  // Lua 5.1 and 5.2 call __eq only if both operands have the very same function.
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->metatables.events);
  lua_getfield(L, -1, "__eq");
  lua_remove(L, -2);
  lua_setfield(L, -2, "__eq");
  lua_pushliteral(L, "ferry literal");
  lua_setfield(L, -2, "__metatable");
  st->literals.metatable_address = lua_topointer(L, -1);
  st->literals.metatable = add_reference(L);
}

void wrap_literal(lua_State* L, State* st) {
  new_userdata_with_slot(L, 1);
  lua_insert(L, -2);
  if constexpr (!kParentSlot) {
    lua_createtable(L, 1, 0);
    lua_insert(L, -2);
    lua_rawseti(L, -2, 1);
  }
  set_attached(L, -2);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->literals.metatable);
  lua_setmetatable(L, -2);
}

bool push_literal(lua_State* L, State* st, int idx) {
  if (st->literals.metatable_address == nullptr || !lua_getmetatable(L, idx)) return false;
  const bool is_literal = lua_topointer(L, -1) == st->literals.metatable_address;
  lua_pop(L, 1);
  if (!is_literal) return false;
  get_attached(L, idx);
  if constexpr (!kParentSlot) {
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
  }
  return true;
}

}  // namespace ferry::lua
