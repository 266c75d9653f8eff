/* A program that contains Lua and Ferry: its script calls the program's own C functions and hands it a Lua function, with no
 * binding written. Build it against an installed Ferry by pkg-config:
 *   cc host.c -o host $(pkg-config --cflags --libs ferry-5.4 lua5.4) -rdynamic
 * or by CMake (CMakeLists.txt). -rdynamic lets ffi.C find the program's functions. */
#include <stdio.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <ferry.h>

struct reading {
  const char *name;
  double value;
};

/* What the script may use. */
double host_average(const struct reading *readings, int count) {
  double sum = 0;
  int i;
  for (i = 0; i < count; i++) sum += readings[i].value;
  return count > 0 ? sum / count : 0;
}

static void (*on_alarm)(const char *name, double value);
void host_on_alarm(void (*handler)(const char *name, double value)) { on_alarm = handler; }

static const char script[] =
    "local ffi = require 'ffi'\n"
    "ffi.cdef [[\n"
    "  struct reading { const char *name; double value; };\n"
    "  double host_average(const struct reading *readings, int count);\n"
    "  void host_on_alarm(void (*handler)(const char *name, double value));\n"
    "]]\n"
    "local readings = ffi.new('struct reading[3]', { { 'kitchen', 21 }, { 'cellar', 12 }, { 'attic', 27 } })\n"
    "print(('average %.1f'):format(ffi.C.host_average(readings, 3)))\n"
    "ffi.C.host_on_alarm(function(name, value) print('alarm', ffi.string(name), value) end)\n";

static int fail(lua_State *L) {
  fprintf(stderr, "host: %s\n", lua_tostring(L, -1));
  lua_close(L);
  return 1;
}

int main(void) {
  lua_State *L = luaL_newstate();
  const struct ferry_api *ferry;
  if (L == NULL) return 1;
  luaL_openlibs(L);
  lua_pushcfunction(L, luaopen_ferry);
  if (lua_pcall(L, 0, 0, 0) != 0) return fail(L);
  if (luaL_loadbuffer(L, script, sizeof script - 1, "=script") != 0 || lua_pcall(L, 0, 0, 0) != 0) return fail(L);

  /* The program calls the script's function with no call through Ferry below it: it lets its thread in. */
  ferry = ferry_get_api(L);
  if (ferry != NULL && ferry->enter(L)) {
    on_alarm("boiler", 93.5);
    ferry->leave(L);
  }
  lua_close(L);
  return 0;
}
