/* Ferry for programs that host Lua and let C call back into it.
 *
 * C may call a callback on any thread at any time. Ferry runs Lua in it only on a thread that is inside of the Lua state:
 * one on which a C call that Lua made through Ferry is in progress, or which the host has let in. On all other threads
 * the callback returns zero, or what ffi.onerror says, and touches nothing, also while the state closes and after that;
 * the state's next C call raises an error that says so.
 *
 * A host whose own loop calls callbacks, with no call through Ferry below it, lets its thread in:
 *
 *     const struct ferry_api *ferry = ferry_get_api(L);    // after Lua has loaded Ferry; NULL before
 *     if (ferry != NULL && ferry->enter(L)) {
 *       run_event_loop();
 *       ferry->leave(L);
 *     }
 *
 * Between enter and leave the host does not let another thread use the state. Calls nest. A program that links the
 * module finds the two functions as ferry_enter and ferry_leave. */
#ifndef FERRY_H
#define FERRY_H

#ifdef __cplusplus
extern "C" {
#endif

#include <lauxlib.h>
#include <lua.h>

#ifndef FERRY_API
#define FERRY_API
#endif

struct ferry_api {
  int version; /* 1; later ones have more behind what is here */
  /* Lets the calling thread in. 0: Ferry is not loaded in this Lua state, or another thread is inside. */
  int (*enter)(lua_State *L);
  /* Undoes one enter of this thread. */
  void (*leave)(lua_State *L);
};

FERRY_API int ferry_enter(lua_State *L);
FERRY_API void ferry_leave(lua_State *L);

/* For programs that contain Ferry (libferry-5.x.a): a lua_CFunction that makes `require` find ffi, ferry and ferry.* in the
 * program and returns the library. Needs Lua's package library. On 5.2 and later:
 *     luaL_requiref(L, "ferry", luaopen_ferry, 0);
 * on 5.1: lua_pushcfunction(L, luaopen_ferry) and lua_call(L, 0, 0). */
FERRY_API int luaopen_ferry(lua_State *L);

/* What the module that is loaded in this Lua state offers; NULL: none is. May raise Lua's error for memory. */
static inline const struct ferry_api *ferry_get_api(lua_State *L) {
  const struct ferry_api *api;
  lua_getfield(L, LUA_REGISTRYINDEX, "ferry.api");
  api = (const struct ferry_api *)lua_touserdata(L, -1);
  lua_pop(L, 1);
  return api;
}

#ifdef __cplusplus
}
#endif

#endif
