// luaopen_ferry, for programs that contain Ferry: the module's Lua files are in the program, and `require` finds them.
#include <cstring>
#include <iterator>

#include "base/compiler.h"
#include "ferry.h"
#include "lua/embed/lua_file.h"
#include "lua/host/compat.h"

extern "C" int luaopen_ferry_core(lua_State* L);

namespace ferry::lua {
namespace {

#include <lua_files.inc>  // made from lua/

// Runs the file whose index is the first upvalue as `require` would: with the module's name.
int load_file(lua_State* L) {
  const LuaFile& file = lua_files[static_cast<size_t>(lua_tonumber(L, lua_upvalueindex(1)))];
  if (luaL_loadbuffer(L, reinterpret_cast<const char*>(file.text), file.length, file.chunk) != 0) return lua_error(L);
  lua_pushstring(L, file.module);
  lua_call(L, 1, 1);
  return 1;
}

// package.preload[name] = the function on top, which is popped; what the host has put there stays.
void preload(lua_State* L, int table, const char* name) {
  lua_getfield(L, table, name);
  if (lua_isnil(L, -1)) {
    lua_pushvalue(L, -2);
    lua_setfield(L, table, name);
  }
  lua_pop(L, 2);
}

}  // namespace
}  // namespace ferry::lua

extern "C" FERRY_EXPORTED int luaopen_ferry(lua_State* L) {
  using namespace ferry::lua;
  lua_settop(L, 0);
  lua_getglobal(L, "package");
  if (lua_istable(L, 1)) lua_getfield(L, 1, "preload");
  if (!lua_istable(L, -1)) {
    return luaL_error(
        L, "luaopen_ferry: this state has no package.preload; open Lua's package library before (luaL_openlibs does)");
  }
  const int table = lua_gettop(L);
  lua_pushcfunction(L, luaopen_ferry_core);
  preload(L, table, "ferry.core");
  int library = 0;
  for (int i = 0; i < static_cast<int>(std::size(lua_files)); ++i) {
    lua_pushnumber(L, i);
    lua_pushcclosure(L, load_file, 1);
    preload(L, table, lua_files[i].module);
    if (std::strcmp(lua_files[i].module, "ferry") == 0) library = i;
  }
  // Not by `require`: the host may be requiring this very module.
  lua_pushnumber(L, library);
  lua_pushcclosure(L, load_file, 1);
  lua_call(L, 0, 1);
  return 1;
}
