// Hosts with several threads in the process of a spec, whose interpreter's Lua does it all: nothing is linked.
//   race(code, path, cpath, states): opens and closes states in which `code` ran, while another thread calls the
//   callback
//     that the last of them stored; -> calls of that thread
//   idle(code, path, cpath, body, enter): `code` runs on this thread and stores a callback, `body` on another one,
//   while
//     this thread calls the callback; enter: let in by the host meanwhile, and `body` does not run. -> calls, and those
//     of them that gave 1
//   small(code, path, cpath, kib): RESULT, which `code` sets to a string, of a thread whose C stack has that many KiB
// `code` finds where to store it in the global HOLD, the address of a void (int (*)(int)).
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "ferry.h"

#define EXPORT __attribute__((visibility("default")))

typedef int (*Callback)(int);

static _Atomic(Callback) stored;
static atomic_int stop;
static atomic_long calls;

EXPORT void thread_host_hold(Callback callback) {
  stored = callback;
}

static void* hammer(void* unused) {
  while (!stop) {
    Callback callback = stored;
    if (callback != NULL) {
      callback(1);
      ++calls;
    }
  }
  return unused;
}

static lua_State* open_state(lua_State* L) {
  size_t length;
  const char* code = luaL_checklstring(L, 1, &length);
  lua_State* S = luaL_newstate();
  luaL_openlibs(S);
  lua_getglobal(S, "package");
  lua_pushstring(S, luaL_checkstring(L, 2));
  lua_setfield(S, -2, "path");
  lua_pushstring(S, luaL_checkstring(L, 3));
  lua_setfield(S, -2, "cpath");
  lua_pop(S, 1);
  lua_pushlightuserdata(S, (void*)thread_host_hold);
  lua_setglobal(S, "HOLD");
  if (luaL_loadbuffer(S, code, length, "=state") != 0 || lua_pcall(S, 0, 0, 0) != 0) {
    lua_pushstring(L, lua_tostring(S, -1));
    lua_close(S);
    stop = 1;
    return NULL;
  }
  return S;
}

static int race(lua_State* L) {
  long states = (long)luaL_checknumber(L, 4);
  pthread_t thread;
  stored = NULL;
  stop = 0;
  calls = 0;
  pthread_create(&thread, NULL, hammer, NULL);
  lua_State* S = NULL;
  for (long i = 0; i < states; ++i) {
    S = open_state(L);
    if (S == NULL) break;
    lua_close(S);
  }
  stop = 1;
  pthread_join(thread, NULL);
  if (S == NULL) return lua_error(L);
  lua_pushnumber(L, (lua_Number)calls);
  return 1;
}

typedef struct {
  lua_State* state;
  const char* body;
  int failed;
} User;

static void* use(void* data) {
  User* user = data;
  user->failed = luaL_loadstring(user->state, user->body) != 0 || lua_pcall(user->state, 0, 0, 0) != 0;
  stop = 1;
  return NULL;
}

static int idle(lua_State* L) {
  const char* body = luaL_checkstring(L, 4);
  const int enter = lua_toboolean(L, 5);
  stored = NULL;
  stop = 0;
  lua_State* S = open_state(L);
  if (S == NULL) return lua_error(L);
  long count = 0, ran = 0;
  int failed = 0;
  if (enter) {
    const struct ferry_api* ferry = ferry_get_api(S);
    failed = !ferry->enter(S) || !ferry->enter(S);
    ferry->leave(S);
    for (; count < 1000; ++count) ran += stored(1) == 1;
    ferry->leave(S);
    for (long i = 0; i < 1000; ++i, ++count) ran += stored(1) == 1;
  } else {
    User user = {S, body, 0};
    pthread_t thread;
    pthread_create(&thread, NULL, use, &user);
    while (!stop) {
      ran += stored(1) == 1;
      ++count;
    }
    pthread_join(thread, NULL);
    failed = user.failed;
    if (failed) lua_pushstring(L, lua_tostring(S, -1));
  }
  lua_close(S);
  if (failed) return luaL_error(L, "failed: %s", lua_tostring(L, -1));
  lua_pushnumber(L, (lua_Number)count);
  lua_pushnumber(L, (lua_Number)ran);
  return 2;
}

typedef struct {
  lua_State* caller;
  char text[400];
} Small;

static void* run_small(void* data) {
  Small* small = data;
  lua_State* S = open_state(small->caller);
  if (S == NULL) {
    snprintf(small->text, sizeof small->text, "%s", lua_tostring(small->caller, -1));
    return NULL;
  }
  lua_getglobal(S, "RESULT");
  snprintf(small->text, sizeof small->text, "%s", lua_tostring(S, -1));
  lua_close(S);
  return NULL;
}

static int run_on_small_stack(lua_State* L) {
  Small small = {L, ""};
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, (size_t)luaL_checknumber(L, 4) * 1024);
  int failed = pthread_create(&thread, &attributes, run_small, &small);
  pthread_attr_destroy(&attributes);
  if (failed) return luaL_error(L, "no thread");
  pthread_join(thread, NULL);
  lua_pushstring(L, small.text);
  return 1;
}

EXPORT int luaopen_thread_host(lua_State* L) {
  lua_newtable(L);
  lua_pushcfunction(L, race);
  lua_setfield(L, -2, "race");
  lua_pushcfunction(L, idle);
  lua_setfield(L, -2, "idle");
  lua_pushcfunction(L, run_on_small_stack);
  lua_setfield(L, -2, "small");
  return 1;
}
