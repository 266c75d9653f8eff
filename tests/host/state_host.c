// Opens further Lua states in the process of a spec. run(code, path, cpath, fail_at, fail_all): one state whose
// allocator refuses the fail_at-th allocation that the code makes (fail_all: and all that follow; 0: none). open and
// close: states that stay open. external(text): on Lua 5.5, a string whose bytes are not in Lua's memory; freed(): how
// many of those Lua has given back. The interpreter's own Lua does it: nothing is linked.
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef struct {
  long count, fail_at; // allocations so far; which one fails
  int counting, fail_all;
  size_t used; // bytes that are still allocated
} Limit;

static void *limited(void *ud, void *block, size_t old_size, size_t size) {
  Limit *limit = ud;
  if (block == NULL) old_size = 0;
  if (size == 0) {
    limit->used -= old_size;
    free(block);
    return NULL;
  }
  // Lua relies on blocks to shrink.
  if (limit->counting && size > old_size) {
    ++limit->count;
    if (limit->fail_at > 0 && (limit->fail_all ? limit->count >= limit->fail_at : limit->count == limit->fail_at)) return NULL;
  }
  void *fresh = realloc(block, size);
  if (fresh != NULL) limit->used += size - old_size;
  return fresh;
}

static lua_State *open_state(Limit *limit, const char *path, const char *cpath) {
#if LUA_VERSION_NUM >= 505
  lua_State *L = lua_newstate(limited, limit, 1); // a fixed seed: the same allocations each time
#else
  lua_State *L = lua_newstate(limited, limit);
#endif
  if (L == NULL) return NULL;
  luaL_openlibs(L);
  lua_getglobal(L, "package");
  lua_pushstring(L, path);
  lua_setfield(L, -2, "path");
  lua_pushstring(L, cpath);
  lua_setfield(L, -2, "cpath");
  lua_pop(L, 1);
  return L;
}

// -> true or false and the error, allocations, bytes left after closing
static int run(lua_State *L) {
  size_t length;
  const char *code = luaL_checklstring(L, 1, &length);
  Limit limit = {0, (long)luaL_optnumber(L, 4, 0), 0, lua_toboolean(L, 5), 0};
  lua_State *S = open_state(&limit, luaL_checkstring(L, 2), luaL_checkstring(L, 3));
  if (S == NULL) return luaL_error(L, "no state");
  limit.counting = 1;
  int status = luaL_loadbuffer(S, code, length, "=limited");
  if (status == 0) status = lua_pcall(S, 0, 0, 0);
  limit.counting = 0;
  lua_pushboolean(L, status == 0);
  const char *message = status != 0 ? lua_tostring(S, -1) : NULL;
  lua_pushstring(L, message != NULL ? message : status != 0 ? "(no text)" : "");
  lua_pushnumber(L, (lua_Number)limit.count);
  lua_close(S);
  lua_pushnumber(L, (lua_Number)limit.used);
  return 4;
}

typedef struct {
  lua_State *state;
  Limit limit;
} Opened;

// open(code, path, cpath) -> lightuserdata of a state in which the code has run, or nil and the error
static int open_one(lua_State *L) {
  size_t length;
  const char *code = luaL_checklstring(L, 1, &length);
  Opened *opened = calloc(1, sizeof *opened);
  opened->state = open_state(&opened->limit, luaL_checkstring(L, 2), luaL_checkstring(L, 3));
  lua_State *S = opened->state;
  if (luaL_loadbuffer(S, code, length, "=opened") != 0 || lua_pcall(S, 0, 0, 0) != 0) {
    lua_pushnil(L);
    lua_pushstring(L, lua_tostring(S, -1));
    lua_close(S);
    free(opened);
    return 2;
  }
  lua_pushlightuserdata(L, opened);
  return 1;
}

// again(opened, code): runs more code in it; true, or false and the error
static int again(lua_State *L) {
  Opened *opened = lua_touserdata(L, 1);
  lua_State *S = opened->state;
  size_t length;
  const char *code = luaL_checklstring(L, 2, &length);
  int ok = luaL_loadbuffer(S, code, length, "=again") == 0 && lua_pcall(S, 0, 0, 0) == 0;
  lua_pushboolean(L, ok);
  lua_pushstring(L, ok ? "" : lua_tostring(S, -1));
  lua_settop(S, 0);
  return 2;
}

// close(opened) -> bytes left
static int close_one(lua_State *L) {
  Opened *opened = lua_touserdata(L, 1);
  lua_close(opened->state);
  lua_pushnumber(L, (lua_Number)opened->limit.used);
  free(opened);
  return 1;
}

#if LUA_VERSION_NUM >= 505
static int freed_count;

static void *give_back(void *ud, void *block, size_t old_size, size_t size) {
  (void)ud, (void)old_size, (void)size;
  free(block);
  ++freed_count;
  return NULL;
}

static int external(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length);
  char *copy = malloc(length + 1);
  memcpy(copy, text, length + 1);
  lua_pushexternalstring(L, copy, length, give_back, NULL);
  return 1;
}

static int freed(lua_State *L) {
  lua_pushinteger(L, freed_count);
  return 1;
}
#endif

EXPORT int luaopen_state_host(lua_State *L) {
  lua_newtable(L);
#if LUA_VERSION_NUM >= 505
  lua_pushcfunction(L, external);
  lua_setfield(L, -2, "external");
  lua_pushcfunction(L, freed);
  lua_setfield(L, -2, "freed");
#endif
  lua_pushcfunction(L, run);
  lua_setfield(L, -2, "run");
  lua_pushcfunction(L, open_one);
  lua_setfield(L, -2, "open");
  lua_pushcfunction(L, again);
  lua_setfield(L, -2, "again");
  lua_pushcfunction(L, close_one);
  lua_setfield(L, -2, "close");
  return 1;
}
