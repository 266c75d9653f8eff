// C++ objects in userdata (box.h).
#include "lua/api/box.h"

#include "lua/state/own.h"
#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

int box_gc(lua_State* L) {
  auto* box = static_cast<Box*>(lua_touserdata(L, 1));
  delete box->macros;
  release(box->foreign);
  delete box->tree;
  delete box->names;
  delete box->dump;
  delete box->pieces;
  delete box->text;
  *box = Box{};
  return 0;
}

}  // namespace

Box* push_box(lua_State* L, State* st) {
  luaL_checkstack(L, 6, nullptr);
  auto* box = static_cast<Box*>(new_userdata(L, sizeof(Box)));
  *box = Box{};
  if (st->api.box_metatable == 0) {
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, box_gc);
    lua_setfield(L, -2, "__gc");
    keep_metatable(L, "preprocessor", &st->api.box_metatable);
  } else {
    lua_rawgeti(L, LUA_REGISTRYINDEX, st->api.box_metatable);
  }
  lua_setmetatable(L, -2);
  return box;
}

Box* to_box(lua_State* L, State* st, int idx) {
  luaL_checkstack(L, 6, nullptr);
  return static_cast<Box*>(own_at(L, idx, st->api.box_metatable));
}

Reader reader_at(lua_State* L, State* st, int idx) {
  if (lua_isnoneornil(L, idx)) return {*st->macros, *st->types, nullptr};
  const Box* box = to_box(L, st, idx);
  if (box == nullptr || box->macros == nullptr) raise_expected(L, st, idx, "a preprocessor");
  return {*box->macros, box->foreign != nullptr ? box->foreign->types : *st->types, box->foreign};
}

}  // namespace ferry::lua
