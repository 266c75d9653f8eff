// Userdata that stand for a literal.
#include "lua/objects/literal.h"

namespace ferry::lua {

namespace {

// Lua 5.1 and 5.2 call __eq only if both operands have the very same function.
constexpr bool kSameFunction = kLuaVersion < 503;

// __eq of the one that is equal to every userdata: whether that is a cdata is asked later.
[[maybe_unused]] int l_any_eq(lua_State* L) {
  lua_pushboolean(L, 1);
  return 1;
}

// Pushes a metatable with the __eq of all cdata.
void push_metatable_of_literals(lua_State* L, State* st) {
  lua_createtable(L, 0, 2);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->metatables.events);
  lua_getfield(L, -1, "__eq");
  lua_remove(L, -2);
  lua_setfield(L, -2, "__eq");
  lua_pushliteral(L, "ferry literal");
  lua_setfield(L, -2, "__metatable");
}

}  // namespace

void make_literals(lua_State* L, State* st) {
  Literals& literals = st->literals;
  push_metatable_of_literals(L, st);
  literals.right_address = lua_topointer(L, -1);
  literals.right_metatable = add_reference(L);
  push_metatable_of_literals(L, st);
  literals.left_address = lua_topointer(L, -1);
  literals.left_metatable = add_reference(L);
  lua_pushnil(L);
  wrap_literal(L, st, Side::right);
  literals.null_address = lua_touserdata(L, -1);
  literals.null = add_reference(L);
  literals.any_address = new_userdata(L, 1);
  push_metatable_of_literals(L, st);
  if constexpr (!kSameFunction) {
    lua_pushcfunction(L, l_any_eq);
    lua_setfield(L, -2, "__eq");
  }
  lua_setmetatable(L, -2);
  literals.any = add_reference(L);
}

void wrap_literal(lua_State* L, State* st, Side side) {
  new_userdata_with_slot(L, 1);
  lua_insert(L, -2);
  set_attached_value(L, -2);
  const Literals& literals = st->literals;
  lua_rawgeti(L, LUA_REGISTRYINDEX, side == Side::right ? literals.right_metatable : literals.left_metatable);
  lua_setmetatable(L, -2);
}

bool push_literal(lua_State* L, State* st, int idx, Side* side) {
  const Literals& literals = st->literals;
  if (literals.right_address == nullptr || !lua_getmetatable(L, idx)) return false;
  const void* metatable = lua_topointer(L, -1);
  lua_pop(L, 1);
  if (metatable != literals.right_address && metatable != literals.left_address) return false;
  *side = metatable == literals.left_address ? Side::left : Side::right;
  get_attached_value(L, idx);
  return true;
}

}  // namespace ferry::lua
