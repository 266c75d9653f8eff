// A Lua module by which a program in valgrind's callgrind has its instructions counted from one place to another.
#include <lauxlib.h>
#include <lua.h>
#include <valgrind/callgrind.h>

// start(): from here on.
static int start(lua_State *L) {
  (void)L;
  CALLGRIND_ZERO_STATS;
  return 0;
}

// stop(name): up to here; callgrind writes a file that has the name and the count.
static int stop(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  CALLGRIND_DUMP_STATS_AT(name);
  return 0;
}

#ifdef _WIN32
__declspec(dllexport)
#else
__attribute__((visibility("default")))
#endif
int luaopen_callgrind_host(lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, start);
  lua_setfield(L, -2, "start");
  lua_pushcfunction(L, stop);
  lua_setfield(L, -2, "stop");
  return 1;
}
