// The unit of the benchmark: a Lua binding of bench/target.c as one writes it by hand, with the auxiliary
// library's checks, userdata with metatables, and callbacks under lua_pcall.
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"

// What differs between Lua 5.1 and 5.5.
#if LUA_VERSION_NUM >= 504
#define new_userdata(L, size) lua_newuserdatauv(L, size, 0)
#else
#define new_userdata(L, size) lua_newuserdata(L, size)
#endif
#if LUA_VERSION_NUM == 501
#define luaL_setmetatable(L, name) (luaL_getmetatable(L, name), lua_setmetatable(L, -2))
#define luaL_newlib(L, list) luaL_register(L, "bench_binding", list)
#define set_methods(L, list) luaL_register(L, NULL, list)
#else
#define set_methods(L, list) luaL_setfuncs(L, list, 0)
#endif

// Plain calls.
static int l_void(lua_State* L) {
  (void)L;
  target_void();
  return 0;
}

static int l_add(lua_State* L) {
  lua_pushinteger(L, target_add((int)luaL_checkinteger(L, 1), (int)luaL_checkinteger(L, 2)));
  return 1;
}

static int l_addd(lua_State* L) {
  lua_pushnumber(L, target_addd(luaL_checknumber(L, 1), luaL_checknumber(L, 2)));
  return 1;
}

static int l_add64(lua_State* L) {
  lua_pushinteger(L, (lua_Integer)target_add64(luaL_checkinteger(L, 1), luaL_checkinteger(L, 2)));
  return 1;
}

static int l_sum8(lua_State* L) {
  int v[8];
  for (int i = 0; i < 8; i++) v[i] = (int)luaL_checkinteger(L, i + 1);
  lua_pushinteger(L, target_sum8(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]));
  return 1;
}

static int l_strlen(lua_State* L) {
  lua_pushinteger(L, (lua_Integer)strlen(luaL_checkstring(L, 1)));
  return 1;
}

// A struct with fields: struct record as userdata.
static int l_record(lua_State* L) {
  struct record* r = new_userdata(L, sizeof *r);
  memset(r, 0, sizeof *r);
  luaL_setmetatable(L, "bench.record");
  return 1;
}

static int record_index(lua_State* L) {
  struct record* r = luaL_checkudata(L, 1, "bench.record");
  const char* key = luaL_checkstring(L, 2);
  if (strcmp(key, "a") == 0)
    lua_pushinteger(L, (lua_Integer)r->a);
  else if (strcmp(key, "b") == 0)
    lua_pushinteger(L, r->b);
  else if (strcmp(key, "c") == 0)
    lua_pushnumber(L, r->c);
  else {
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));  // methods
  }
  return 1;
}

static int record_newindex(lua_State* L) {
  struct record* r = luaL_checkudata(L, 1, "bench.record");
  const char* key = luaL_checkstring(L, 2);
  if (strcmp(key, "a") == 0)
    r->a = luaL_checkinteger(L, 3);
  else if (strcmp(key, "b") == 0)
    r->b = (int)luaL_checkinteger(L, 3);
  else if (strcmp(key, "c") == 0)
    r->c = luaL_checknumber(L, 3);
  else
    return luaL_error(L, "no field '%s'", key);
  return 0;
}

static int record_value(lua_State* L) {
  lua_pushnumber(L, target_record(luaL_checkudata(L, 1, "bench.record")));
  return 1;
}

// Structs by value.
static int push_vec2(lua_State* L, struct vec2 v) {
  *(struct vec2*)new_userdata(L, sizeof v) = v;
  luaL_setmetatable(L, "bench.vec2");
  return 1;
}

static int l_vec2(lua_State* L) {
  struct vec2 v = {luaL_optnumber(L, 1, 0), luaL_optnumber(L, 2, 0)};
  return push_vec2(L, v);
}

static int l_add_vec2(lua_State* L) {
  struct vec2* a = luaL_checkudata(L, 1, "bench.vec2");
  struct vec2* b = luaL_checkudata(L, 2, "bench.vec2");
  return push_vec2(L, target_vec2(*a, *b));
}

// A struct in a struct: reading it gives a view that keeps its owner alive by a reference in the registry.
struct view {
  struct vec2* data;
  int owner;
};

static int l_outer(lua_State* L) {
  struct outer* o = new_userdata(L, sizeof *o);
  memset(o, 0, sizeof *o);
  luaL_setmetatable(L, "bench.outer");
  return 1;
}

static int outer_index(lua_State* L) {
  struct outer* o = luaL_checkudata(L, 1, "bench.outer");
  const char* key = luaL_checkstring(L, 2);
  if (strcmp(key, "pos") != 0) {
    lua_pushinteger(L, o->id);
    return 1;
  }
  struct view* v = new_userdata(L, sizeof *v);
  v->data = &o->pos;
  lua_pushvalue(L, 1);
  v->owner = luaL_ref(L, LUA_REGISTRYINDEX);
  luaL_setmetatable(L, "bench.view");
  return 1;
}

static int view_index(lua_State* L) {
  struct view* v = luaL_checkudata(L, 1, "bench.view");
  const char* key = luaL_checkstring(L, 2);
  lua_pushnumber(L, strcmp(key, "x") == 0 ? v->data->x : v->data->y);
  return 1;
}

static int view_gc(lua_State* L) {
  struct view* v = luaL_checkudata(L, 1, "bench.view");
  luaL_unref(L, LUA_REGISTRYINDEX, v->owner);
  return 0;
}

// An array of int.
struct array {
  size_t length;
  int items[];
};

static int push_array(lua_State* L, const char* kind) {
  lua_Integer n = luaL_checkinteger(L, 1);
  luaL_argcheck(L, n >= 0 && n < (1 << 28), 1, "length");
  struct array* a = new_userdata(L, sizeof *a + (size_t)n * sizeof(int));
  memset(a, 0, sizeof *a + (size_t)n * sizeof(int));
  a->length = (size_t)n;
  luaL_setmetatable(L, kind);
  return 1;
}
static int l_array(lua_State* L) {
  return push_array(L, "bench.array");
}
// Of functions that do the least: they look at the index and believe everything else.
static int l_least_array(lua_State* L) {
  return push_array(L, "bench.least_array");
}

static int* element(lua_State* L) {
  struct array* a = luaL_checkudata(L, 1, "bench.array");
  lua_Integer i = luaL_checkinteger(L, 2);
  luaL_argcheck(L, i >= 0 && (size_t)i < a->length, 2, "index");
  return &a->items[i];
}

static int array_index(lua_State* L) {
  lua_pushinteger(L, *element(L));
  return 1;
}

static int array_newindex(lua_State* L) {
  *element(L) = (int)luaL_checkinteger(L, 3);
  return 0;
}

static int* least_element(lua_State* L) {
  struct array* a = lua_touserdata(L, 1);
  lua_Integer i = lua_tointeger(L, 2);
  luaL_argcheck(L, i >= 0 && (size_t)i < a->length, 2, "index");
  return &a->items[i];
}

static int least_index(lua_State* L) {
  lua_pushinteger(L, *least_element(L));
  return 1;
}

static int least_newindex(lua_State* L) {
  *least_element(L) = (int)lua_tointeger(L, 3);
  return 0;
}

static int l_totable(lua_State* L) {
  struct array* a = luaL_checkudata(L, 1, "bench.array");
  lua_createtable(L, (int)a->length, 0);
  for (size_t i = 0; i < a->length; i++) {
    lua_pushinteger(L, a->items[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

static int l_fromtable(lua_State* L) {
  struct array* a = luaL_checkudata(L, 1, "bench.array");
  luaL_checktype(L, 2, LUA_TTABLE);
  for (size_t i = 0; i < a->length; i++) {
    lua_rawgeti(L, 2, (int)i + 1);
    a->items[i] = (int)luaL_checkinteger(L, -1);
    lua_pop(L, 1);
  }
  return 0;
}

// An opaque handle with methods.
static int l_counter(lua_State* L) {
  struct counter** c = new_userdata(L, sizeof *c);
  *c = counter_new();
  luaL_setmetatable(L, "bench.counter");
  return 1;
}

static int l_counter_add(lua_State* L) {
  struct counter** c = luaL_checkudata(L, 1, "bench.counter");
  lua_pushinteger(L, counter_add(*c, (int)luaL_checkinteger(L, 2)));
  return 1;
}

static int l_counter_gc(lua_State* L) {
  struct counter** c = luaL_checkudata(L, 1, "bench.counter");
  counter_free(*c);
  return 0;
}

// Callbacks: the function lies on the stack at `callback_index` of `callback_state`.
static lua_State* callback_state;
static int callback_index;
static int callback_failed;

// Calls the function below its `count` arguments: its result, or 0 and callback_failed.
static inline int call_protected(lua_State* L, int count) {
  if (lua_pcall(L, count, 1, 0) != 0) {
    callback_failed = 1;
    return 0;
  }
  int result = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return result;
}

static int protected_callback(int n) {
  lua_State* L = callback_state;
  if (callback_failed) return 0;
  lua_pushvalue(L, callback_index);
  lua_pushinteger(L, n);
  return call_protected(L, 1);
}

static int plain_callback(int n) {
  lua_State* L = callback_state;
  lua_pushvalue(L, callback_index);
  lua_pushinteger(L, n);
  lua_call(L, 1, 1);
  int result = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return result;
}

static int with_callback(lua_State* L, int (*function)(int (*)(int), int), int (*callback)(int)) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  int n = (int)luaL_checkinteger(L, 2);
  lua_State* outer_state = callback_state;
  int outer_index = callback_index;
  callback_state = L;
  callback_index = 1;
  callback_failed = 0;
  int result = function(callback, n);
  callback_state = outer_state;
  callback_index = outer_index;
  if (callback_failed) {
    callback_failed = 0;
    return lua_error(L);
  }
  lua_pushinteger(L, result);
  return 1;
}

static int l_loop(lua_State* L) {
  return with_callback(L, target_loop, protected_callback);
}
static int l_loop_plain(lua_State* L) {
  return with_callback(L, target_loop, plain_callback);
}
static int l_once(lua_State* L) {
  return with_callback(L, target_once, protected_callback);
}

static int compare(const void* a, const void* b) {
  lua_State* L = callback_state;
  if (callback_failed) return 0;
  lua_pushvalue(L, callback_index);
  lua_pushinteger(L, *(const int*)a);
  lua_pushinteger(L, *(const int*)b);
  return call_protected(L, 2);
}

static int sort(lua_State* L, int (*function)(const void*, const void*)) {
  struct array* a = luaL_checkudata(L, 1, "bench.array");
  luaL_checktype(L, 2, LUA_TFUNCTION);
  callback_state = L;
  callback_index = 2;
  callback_failed = 0;
  qsort(a->items, a->length, sizeof(int), function);
  if (callback_failed) return lua_error(L);
  return 0;
}
static int l_qsort(lua_State* L) {
  return sort(L, compare);
}

// The Lua function is given two objects to be read, the same ones each time: indexes 3 and 4. Nothing is checked.
static const int** objects[2];

static int compare_objects(const void* a, const void* b) {
  lua_State* L = callback_state;
  if (callback_failed) return 0;
  *objects[0] = a;
  *objects[1] = b;
  lua_pushvalue(L, callback_index);
  lua_pushvalue(L, 3);
  lua_pushvalue(L, 4);
  return call_protected(L, 2);
}
static int l_pointer_index(lua_State* L) {
  lua_pushinteger(L, (*(const int**)lua_touserdata(L, 1))[lua_tointeger(L, 2)]);
  return 1;
}
static int l_qsort_objects(lua_State* L) {
  lua_settop(L, 2);
  for (int i = 0; i < 2; ++i) {
    objects[i] = lua_newuserdata(L, sizeof(int*));
    luaL_getmetatable(L, "bench.pointer");
    lua_setmetatable(L, -2);
  }
  return sort(L, compare_objects);
}

static void metatable(lua_State* L, const char* name, const luaL_Reg* list) {
  luaL_newmetatable(L, name);
  set_methods(L, list);
  lua_pop(L, 1);
}

static const luaL_Reg kArray[] = {{"__index", array_index}, {"__newindex", array_newindex}, {NULL, NULL}};
static const luaL_Reg kLeast[] = {{"__index", least_index}, {"__newindex", least_newindex}, {NULL, NULL}};
static const luaL_Reg kOuter[] = {{"__index", outer_index}, {NULL, NULL}};
static const luaL_Reg kView[] = {{"__index", view_index}, {"__gc", view_gc}, {NULL, NULL}};
static const luaL_Reg kNone[] = {{NULL, NULL}};
static const luaL_Reg kPointer[] = {{"__index", l_pointer_index}, {NULL, NULL}};
static const luaL_Reg kFunctions[] = {{"void", l_void},
                                      {"add", l_add},
                                      {"addd", l_addd},
                                      {"add64", l_add64},
                                      {"sum8", l_sum8},
                                      {"strlen", l_strlen},
                                      {"record", l_record},
                                      {"record_value", record_value},
                                      {"vec2", l_vec2},
                                      {"add_vec2", l_add_vec2},
                                      {"outer", l_outer},
                                      {"array", l_array},
                                      {"least_array", l_least_array},
                                      {"counter", l_counter},
                                      {"totable", l_totable},
                                      {"fromtable", l_fromtable},
                                      {"loop", l_loop},
                                      {"loop_plain", l_loop_plain},
                                      {"once", l_once},
                                      {"qsort", l_qsort},
                                      {"qsort_objects", l_qsort_objects},
                                      {NULL, NULL}};

__attribute__((visibility("default"))) int luaopen_bench_binding(lua_State* L) {
  metatable(L, "bench.array", kArray);
  metatable(L, "bench.least_array", kLeast);
  metatable(L, "bench.outer", kOuter);
  metatable(L, "bench.view", kView);
  metatable(L, "bench.vec2", kNone);
  metatable(L, "bench.pointer", kPointer);

  luaL_newmetatable(L, "bench.record");
  lua_newtable(L);
  lua_pushcfunction(L, record_value);
  lua_setfield(L, -2, "value");
  lua_pushcclosure(L, record_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, record_newindex);
  lua_setfield(L, -2, "__newindex");
  lua_pop(L, 1);

  luaL_newmetatable(L, "bench.counter");
  lua_newtable(L);
  lua_pushcfunction(L, l_counter_add);
  lua_setfield(L, -2, "add");
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, l_counter_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);

  luaL_newlib(L, kFunctions);
  return 1;
}
