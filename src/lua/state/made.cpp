// Objects with finalisers, and libraries, with the Lua lines that made them, in the checking mode (check.h).
#include "lua/state/check.h"
#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

// Makes a userdata that is finalised before all that has been made so far when the state closes: finalisers are called
// in the opposite order, and the registry holds it until then.
void renew_witness(lua_State* L, State* st) {
  Check* check = st->check;
  void* witness = new_userdata(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, check->witness_metatable);
  lua_setmetatable(L, -2);
  if (check->witness_reference == 0) {
    check->witness_reference = add_reference(L);
  } else {
    lua_rawseti(L, LUA_REGISTRYINDEX, check->witness_reference);
  }
  check->witness = witness;
}

}  // namespace

int l_witness(lua_State* L) {
  State* st = state_of(L);
  if (st->closed() || st->check == nullptr || st->check->witness != lua_touserdata(L, 1)) return 0;
  st->check->witness = nullptr;
  if (lua_checkstack(L, LUA_MINSTACK) != 0) protected_call(L, st->check->at_end, st);
  return 0;
}

void note_made(lua_State* L, State* st, int idx, const char* kind, const char* name) {
  luaL_checkstack(L, 8, nullptr);
  idx = abs_index(L, idx);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->check->made);
  lua_pushvalue(L, idx);
  push_where(L);
  lua_pushfstring(L, "%s\t%s\t%s", kind, name, lua_tostring(L, -1));
  lua_remove(L, -2);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  renew_witness(L, st);
}

void for_each_made(lua_State* L, State* st, void (*each)(void* context, const char* text), void* context) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->check->made);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    const CData* cd = to_cdata(L, st, -2);
    if (cd == nullptr || (cd->flags & kFinalised) == 0) each(context, lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

}  // namespace ferry::lua
