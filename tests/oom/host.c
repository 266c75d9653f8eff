// Lua in a process in which memory runs out: host WHAT MODE SCRIPT FROM STEP
//   WHAT  lua: Lua's allocator; c: malloc and its kin, which operator new uses, too; map: mmap, mprotect, memfd_create
//   MODE  one: one request fails; all: that one and all after it
// Runs the script again and again in new Lua states, with the FROMth request failing, then STEP further, until none fails
// any more. After each run the state has to be of use, and is closed. A run that ends the process is a crash; a child
// goes on behind it. Prints: points, errors, successes, states that were of no use, crashes. Exit status 1 with either.
#define _GNU_SOURCE
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum what { WHAT_LUA, WHAT_C, WHAT_MAP };

// glibc's own, behind the names that are replaced here.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static volatile int armed;
static enum what what;
static int all;
static long count, at, fired;

static int fails(enum what kind) {
  if (!armed || kind != what) return 0;
  ++count;
  if (count < at || (count > at && !all)) return 0;
  ++fired;
  errno = ENOMEM;
  return 1;
}

void *malloc(size_t n) { return fails(WHAT_C) ? NULL : __libc_malloc(n); }
void *calloc(size_t a, size_t n) { return fails(WHAT_C) ? NULL : __libc_calloc(a, n); }
void *realloc(void *p, size_t n) { return n != 0 && fails(WHAT_C) ? NULL : __libc_realloc(p, n); }
void *memalign(size_t a, size_t n) { return fails(WHAT_C) ? NULL : __libc_memalign(a, n); }
void *aligned_alloc(size_t a, size_t n) { return fails(WHAT_C) ? NULL : __libc_memalign(a, n); }
int posix_memalign(void **p, size_t a, size_t n) {
  if (fails(WHAT_C)) return ENOMEM;
  *p = __libc_memalign(a, n);
  return 0;
}
void *mmap(void *a, size_t n, int protection, int flags, int fd, off_t offset) {
  if (fails(WHAT_MAP)) return MAP_FAILED;
  return (void *)syscall(SYS_mmap, a, n, protection, flags, fd, offset);
}
int mprotect(void *a, size_t n, int protection) {
  return fails(WHAT_MAP) ? -1 : (int)syscall(SYS_mprotect, a, n, protection);
}
int memfd_create(const char *name, unsigned flags) {
  return fails(WHAT_MAP) ? -1 : (int)syscall(SYS_memfd_create, name, flags);
}

static void *allocate(void *ud, void *block, size_t old_size, size_t size) {
  (void)ud;
  if (size == 0) {
    __libc_free(block);
    return NULL;
  }
  if ((block == NULL || size > old_size) && fails(WHAT_LUA)) return NULL;  // Lua relies on blocks to shrink
  return __libc_realloc(block, size);
}

// In memory that parent and child share.
static struct shared {
  volatile long n, points, errors, successes, useless;
  char message[300];
} *shared;

// What a state has to be good for after an error in it. A module whose loading was interrupted is loaded again.
static const char kUsable[] =
    "for _, n in ipairs { 'ffi', 'ferry', 'ferry.core', 'ferry.bit', 'ferry.luajit', 'bit' } do\n"
    "  local m = package.loaded[n]\n"
    "  if type(m) ~= 'table' or not (m.abi or m.band) then package.loaded[n] = nil end\n"
    "end\n"
    "local ffi = require 'ferry'\n"
    "local t = ffi.new('struct { int a; double b; }', 1, 2)\n"
    "assert(t.a == 1 and t.b == 2)\n"
    "ffi.cdef 'int abs(int); size_t strlen(const char *);'\n"
    "assert(ffi.C.abs(-3) == 3 and ffi.tonumber(ffi.C.strlen 'hello') == 5)\n"
    "assert(ffi.string(ffi.new('char[4]', 'abc')) == 'abc')\n"
    "local cb = ffi.cast('int (*)(int)', function(x) return x + 1 end)\n"
    "assert(cb(3) == 4)\n"
    "cb:free()\n"
    "assert(not pcall(ffi.cdef, 'int (;') and not pcall(ffi.new, 'struct nope'))\n";

static int panic(lua_State *L) {
  fprintf(stderr, "panic: %s\n", lua_tostring(L, -1));
  abort();
}

// False: nothing failed any more.
static int run(const char *script, long n) {
  shared->n = n;
#if LUA_VERSION_NUM >= 505
  lua_State *L = lua_newstate(allocate, NULL, 1);
#else
  lua_State *L = lua_newstate(allocate, NULL);
#endif
  lua_atpanic(L, panic);
  luaL_openlibs(L);
  if (luaL_loadfile(L, script) != 0) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    exit(2);
  }
  count = fired = 0;
  at = n;
  armed = 1;
  const int failed = lua_pcall(L, 0, 0, 0);
  armed = 0;
  const int more = fired > 0;
  ++shared->points;
  if (failed) {
    ++shared->errors;
    snprintf(shared->message, sizeof shared->message, "%s", lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "?");
  } else {
    ++shared->successes;
    shared->message[0] = 0;
  }
  lua_settop(L, 0);
  if (luaL_loadstring(L, kUsable) != 0 || lua_pcall(L, 0, 0, 0) != 0) {
    ++shared->useless;
    fprintf(stderr, "%ld (%s): of no use: %s\n", n, shared->message, lua_tostring(L, -1));
  }
  lua_close(L);
  return more;
}

int main(int argc, char **argv) {
  if (argc < 6) return 2;
  what = strcmp(argv[1], "lua") == 0 ? WHAT_LUA : strcmp(argv[1], "c") == 0 ? WHAT_C : WHAT_MAP;
  all = strcmp(argv[2], "all") == 0;
  const char *script = argv[3];
  long n = atol(argv[4]);
  const long step = atol(argv[5]);
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  long crashes = 0;
  for (;;) {
    const pid_t child = fork();
    if (child == 0) {
      if (what == WHAT_MAP) {  // which back ends there are is found out once in a process, and remembered
        const struct shared before = *shared;
        run(script, 1L << 40);
        *shared = before;
      }
      while (run(script, n)) n += step;
      _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2) return 2;
    ++crashes;
    fprintf(stderr, "%ld: %s %d (%s)\n", shared->n, WIFSIGNALED(status) ? "signal" : "exit",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), shared->message);
    n = shared->n + step;
    if (crashes > 50) break;
  }
  printf("%ld %ld %ld %ld %ld\n", shared->points, shared->errors, shared->successes, shared->useless, crashes);
  return shared->useless != 0 || crashes != 0;
}
