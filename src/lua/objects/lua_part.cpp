// Modules in Lua (lua_part.h).
#include "lua/objects/lua_part.h"

#include "lua/state/raise.h"

namespace ferry::lua {

void push_lua_part(lua_State* L, const char* module, const char* what) {
  luaL_checkstack(L, 4, nullptr);
  lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
  lua_getfield(L, -1, module);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_getfield(L, -1, "_G");
    if (lua_istable(L, -1)) lua_getfield(L, -1, "require");
    if (!lua_isfunction(L, -1)) raise(L, "%s by '%s', which cannot be required here", what, module);
    lua_remove(L, -2);
    lua_pushstring(L, module);
    lua_call(L, 1, 1);
  }
  lua_remove(L, -2);
}

}  // namespace ferry::lua
