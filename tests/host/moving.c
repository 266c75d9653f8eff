// The API of Lua between Ferry and the shared library of a Lua, for interpreters that export it (CMakeLists.txt): with
// FERRY_CHAOS=move every function of it that may move the stack does move it before it returns, so that whoever looks at the
// old place finds other bytes there.
//
// May move the stack: what allocates with a look at the collector, which shrinks stacks; what calls Lua or metamethods; and
// lua_checkstack. The stack grows in steps until it is large, then a whole collection shrinks it (unless the program has stopped
// the collector: then the large stack stays where it is). The allocator is wrapped: a block that is reallocated always moves,
// and what is freed is overwritten first. Calls out of Lua's own library pass, they would only take time.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

// The function of this name in Lua's library.
#define REAL(name) ((__typeof__(&name))real(#name, &real_##name))
#define ENTRY(name) static void* real_##name

static void* real(const char* name, void** found) {
  void* address = __atomic_load_n(found, __ATOMIC_RELAXED);
  if (address == NULL) {
    address = dlsym(RTLD_NEXT, name);
    if (address == NULL) abort();
    __atomic_store_n(found, address, __ATOMIC_RELAXED);
  }
  return address;
}

ENTRY(lua_checkstack);
ENTRY(lua_gc);

// --- what moves ----------------------------------------------------------------------------------------------

struct allocator {
  lua_Alloc f;
  void* ud;
  struct allocator* next;  // so that none is leaked: a state uses its allocator to its very end
};
static struct allocator* allocators;

enum { kFreed = 0xdb };

static void* moving(void* ud, void* block, size_t old_size, size_t size) {
  const struct allocator* from = ud;
  if (block == NULL) return from->f(from->ud, NULL, old_size, size);
  if (size == 0) {
    memset(block, kFreed, old_size);
    return from->f(from->ud, block, old_size, 0);
  }
  void* moved = from->f(from->ud, NULL, 0, size);
  if (moved == NULL) return size < old_size ? from->f(from->ud, block, old_size, size) : NULL;
  memcpy(moved, block, size < old_size ? size : old_size);
  memset(block, kFreed, old_size);
  from->f(from->ud, block, old_size, 0);
  return moved;
}

static void wrap_allocator(lua_State* L) {
  void* ud;
  lua_Alloc f = lua_getallocf(L, &ud);
  if (f == moving) return;
  struct allocator* made = malloc(sizeof *made);
  if (made == NULL) return;
  made->f = f;
  made->ud = ud;
  made->next = __atomic_load_n(&allocators, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(&allocators, &made->next, made, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
  }
  lua_setallocf(L, moving, made);
}

// Lua's library, and whether the switch is on.
static uintptr_t lua_from, lua_to;
static int on;

static int find_lua(struct dl_phdr_info* info, size_t size, void* inside) {
  (void)size;
  uintptr_t from = UINTPTR_MAX, to = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
    const uintptr_t at = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    if (at < from) from = at;
    if (at + info->dlpi_phdr[i].p_memsz > to) to = at + info->dlpi_phdr[i].p_memsz;
  }
  if ((uintptr_t)inside < from || (uintptr_t)inside >= to) return 0;
  lua_from = from;
  lua_to = to;
  return 1;
}

__attribute__((constructor)) static void begin(void) {
  const char* chaos = getenv("FERRY_CHAOS");
  dl_iterate_phdr(find_lua, (void*)REAL(lua_checkstack));
  on = chaos != NULL && strcmp(chaos, "move") == 0;
}

static _Thread_local int stopped, turn, rounds, busy, closing;
// Steps in which a stack grows, to 4096 slots. A round of them ends with a collection, or several rounds do where there is so
// much to collect that it would take all the time.
enum { kSteps = 8, kKilobytes = 1024 };

static int step(lua_State* L) {
  turn = (turn + 1) % kSteps;
  if (turn != 0) {
    REAL(lua_checkstack)(L, 32 << turn);
  } else if (!stopped && !closing && --rounds <= 0) {
    REAL(lua_gc)(L, LUA_GCCOLLECT, 0);
    rounds = REAL(lua_gc)(L, LUA_GCCOUNT, 0) / kKilobytes + 1;
  }
  return 0;
}

// `caller`: where the function returns to.
static void move(lua_State* L, const void* caller) {
  if (!on || busy || ((uintptr_t)caller >= lua_from && (uintptr_t)caller < lua_to)) return;
  busy = 1;  // finalisers run in the collection
  wrap_allocator(L);
#if LUA_VERSION_NUM >= 502
  step(L);
#else  // raises there
  if (lua_cpcall(L, step, NULL) != 0) lua_pop(L, 1);
#endif
  busy = 0;
}
#define MOVE(L) move(L, __builtin_return_address(0))

// --- the functions -------------------------------------------------------------------------------------------

#define WRAPPED(result, name, parameters, ...)    \
  ENTRY(name);                                    \
  LUA_API result name parameters {                \
    result made = REAL(name)(__VA_ARGS__);  \
    MOVE(L);                                      \
    return made;                                  \
  }
#define WRAPPED_VOID(name, parameters, ...) \
  ENTRY(name);                              \
  LUA_API void name parameters {            \
    REAL(name)(__VA_ARGS__);                \
    MOVE(L);                                \
  }

LUA_API int lua_checkstack(lua_State* L, int n) {
  const int ok = REAL(lua_checkstack)(L, n);
  MOVE(L);
  return ok;
}
#if LUA_VERSION_NUM >= 504
LUA_API int lua_gc(lua_State* L, int what, ...) {
  va_list list;
  va_start(list, what);
  const int a = what >= LUA_GCSTEP ? va_arg(list, int) : 0;
  const int b = what == LUA_GCGEN || what == LUA_GCINC ? va_arg(list, int) : 0;
  const int c = what == LUA_GCINC ? va_arg(list, int) : 0;
  va_end(list);
  if (what == LUA_GCSTOP || what == LUA_GCRESTART) stopped = what == LUA_GCSTOP;
  if (on && what == LUA_GCGEN) return LUA_GCINC;  // collections of generations do not shrink stacks
  const int made = REAL(lua_gc)(L, what, a, b, c);
#else
LUA_API int lua_gc(lua_State* L, int what, int data) {
  if (what == LUA_GCSTOP || what == LUA_GCRESTART) stopped = what == LUA_GCSTOP;
  const int made = REAL(lua_gc)(L, what, data);
#endif
  MOVE(L);
  return made;
}

// Finalisers run in their order there, which a collection in one of them would change.
ENTRY(lua_close);
LUA_API void lua_close(lua_State* L) {
  ++closing;
  REAL(lua_close)(L);
  --closing;
}

#if LUA_VERSION_NUM >= 504
WRAPPED(void*, lua_newuserdatauv, (lua_State * L, size_t size, int values), L, size, values)
#else
WRAPPED(void*, lua_newuserdata, (lua_State * L, size_t size), L, size)
#endif
WRAPPED(lua_State*, lua_newthread, (lua_State * L), L)
WRAPPED_VOID(lua_createtable, (lua_State * L, int elements, int fields), L, elements, fields)
WRAPPED_VOID(lua_pushcclosure, (lua_State * L, lua_CFunction function, int n), L, function, n)
#if LUA_VERSION_NUM >= 502
WRAPPED(const char*, lua_pushlstring, (lua_State * L, const char* s, size_t length), L, s, length)
WRAPPED(const char*, lua_pushstring, (lua_State * L, const char* s), L, s)
#else
WRAPPED_VOID(lua_pushlstring, (lua_State * L, const char* s, size_t length), L, s, length)
WRAPPED_VOID(lua_pushstring, (lua_State * L, const char* s), L, s)
#endif
// Of a number, it makes a string.
ENTRY(lua_tolstring);
LUA_API const char* lua_tolstring(lua_State* L, int at, size_t* length) {
  const int is_number = lua_type(L, at) == LUA_TNUMBER;
  const char* made = REAL(lua_tolstring)(L, at, length);
  if (is_number) MOVE(L);
  return made;
}
WRAPPED_VOID(lua_concat, (lua_State * L, int n), L, n)
ENTRY(lua_pushvfstring);
LUA_API const char* lua_pushfstring(lua_State* L, const char* format, ...) {
  va_list list;
  va_start(list, format);
  const char* made = REAL(lua_pushvfstring)(L, format, list);
  va_end(list);
  MOVE(L);
  return made;
}

#if LUA_VERSION_NUM >= 503
WRAPPED(int, lua_gettable, (lua_State * L, int at), L, at)
WRAPPED(int, lua_getfield, (lua_State * L, int at, const char* key), L, at, key)
#else
WRAPPED_VOID(lua_gettable, (lua_State * L, int at), L, at)
WRAPPED_VOID(lua_getfield, (lua_State * L, int at, const char* key), L, at, key)
#endif
WRAPPED_VOID(lua_settable, (lua_State * L, int at), L, at)
WRAPPED_VOID(lua_setfield, (lua_State * L, int at, const char* key), L, at, key)
#if LUA_VERSION_NUM >= 502
WRAPPED(int, lua_compare, (lua_State * L, int a, int b, int op), L, a, b, op)
#else
WRAPPED(int, lua_equal, (lua_State * L, int a, int b), L, a, b)
WRAPPED(int, lua_lessthan, (lua_State * L, int a, int b), L, a, b)
#endif
#if LUA_VERSION_NUM >= 503
WRAPPED_VOID(lua_callk, (lua_State * L, int n, int results, lua_KContext context, lua_KFunction k), L, n, results, context, k)
WRAPPED(int, lua_pcallk, (lua_State * L, int n, int results, int handler, lua_KContext context, lua_KFunction k), L, n,
        results, handler, context, k)
#elif LUA_VERSION_NUM == 502
WRAPPED_VOID(lua_callk, (lua_State * L, int n, int results, int context, lua_CFunction k), L, n, results, context, k)
WRAPPED(int, lua_pcallk, (lua_State * L, int n, int results, int handler, int context, lua_CFunction k), L, n, results, handler,
        context, k)
#else
WRAPPED_VOID(lua_call, (lua_State * L, int n, int results), L, n, results)
WRAPPED(int, lua_pcall, (lua_State * L, int n, int results, int handler), L, n, results, handler)
#endif
