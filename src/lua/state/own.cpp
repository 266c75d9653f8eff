// Userdata that are not for C (own.h).
#include "lua/state/own.h"

namespace ferry::lua {

namespace {

// Its address is the key of the mark.
const char kMark = 0;

}  // namespace

void mark_own(lua_State* L, const char* name) {
  lua_pushstring(L, name);
  rawset_p(L, -2, &kMark);
}

void* own_at(lua_State* L, int idx, int reference) {
  if (reference == 0 || lua_type(L, idx) != LUA_TUSERDATA || lua_getmetatable(L, idx) == 0) return nullptr;
  lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
  const bool same = raw_equal(L, -1, -2);
  lua_pop(L, 2);
  return same ? lua_touserdata(L, idx) : nullptr;
}

void keep_metatable(lua_State* L, const char* name, int* reference) {
  lua_pushliteral(L, "ffi");
  lua_setfield(L, -2, "__metatable");
  mark_own(L, name);
  const int made = add_reference(L);
  if (*reference == 0) {
    *reference = made;
  } else {
    drop_reference(L, made);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, *reference);
}

const char* own_name(lua_State* L, int idx) {
  if (lua_type(L, idx) != LUA_TUSERDATA || lua_getmetatable(L, idx) == 0) return nullptr;
  rawget_p(L, -1, &kMark);
  const char* name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : nullptr;  // the metatable keeps it
  lua_pop(L, 2);
  return name;
}

}  // namespace ferry::lua
