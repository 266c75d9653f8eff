// An interpreter for a Lua that is built as C++, whose errors are exceptions: lua-c++ [-e CODE]... [SCRIPT [ARGS]].
// Debian has that Lua as a library only. What of lua.c the tests need. Also a plug-in that contains Lua
// (plugin_host.c).
#include <lua.hpp>

#include <cstdio>
#include <cstring>

namespace {

int with_traceback(lua_State* L) {
  if (lua_type(L, 1) != LUA_TSTRING) return 1;
#if LUA_VERSION_NUM >= 502
  luaL_traceback(L, L, lua_tostring(L, 1), 1);
#endif
  return 1;
}

// Runs the loaded chunk, below `arguments` values; a status of load that is not 0 has its message on top.
bool finish(lua_State* L, int status, int arguments) {
  if (status == 0) {
    const int function = lua_gettop(L) - arguments;
    lua_pushcfunction(L, with_traceback);
    lua_insert(L, function);
    status = lua_pcall(L, arguments, 0, function);
    lua_remove(L, function);
  }
  if (status == 0) return true;
  const char* message = lua_tostring(L, -1);
  std::fprintf(stderr, "lua-c++: %s\n", message != nullptr ? message : "(error object is not a string)");
  return false;
}

struct Command {
  int argc;
  char** argv;
  bool done;  // all of it has run without an error
};

// arg, as lua.c has it: the script is arg[0].
void set_arg(lua_State* L, const Command& command, int script) {
  lua_createtable(L, command.argc, 0);
  for (int i = 0; i < command.argc; ++i) {
    lua_pushstring(L, command.argv[i]);
    lua_rawseti(L, -2, i - script);
  }
  lua_setglobal(L, "arg");
}

// Runs the command, a light userdata. Inside a pcall: opening the libraries can raise.
int l_main(lua_State* L) {
  auto& command = *static_cast<Command*>(lua_touserdata(L, 1));
  luaL_openlibs(L);
#if LUA_VERSION_NUM >= 504
  lua_gc(L, LUA_GCGEN, 0, 0);  // as lua.c
#endif
  int script = 1;
  while (script + 1 < command.argc && std::strcmp(command.argv[script], "-e") == 0) script += 2;
  set_arg(L, command, script < command.argc ? script : 0);
  bool ok = true;
  for (int i = 2; i < script && ok; i += 2) {
    const char* code = command.argv[i];
    ok = finish(L, luaL_loadbuffer(L, code, std::strlen(code), "=(command line)"), 0);
  }
  if (ok && script < command.argc) {
    const int status = luaL_loadfile(L, command.argv[script]);
    const int arguments = status == 0 ? command.argc - script - 1 : 0;
    luaL_checkstack(L, arguments + 2, "too many arguments");
    for (int i = 0; i < arguments; ++i) lua_pushstring(L, command.argv[script + 1 + i]);
    ok = finish(L, status, arguments);
  }
  command.done = ok;
  return 0;
}

}  // namespace

#ifdef FERRY_PLUGIN
extern "C" __attribute__((visibility("default"))) int lua_main(int argc, char** argv) {
#else
int main(int argc, char** argv) {
#endif
  lua_State* L = luaL_newstate();
  if (L == nullptr) {
    std::fputs("lua-c++: not enough memory\n", stderr);
    return 1;
  }
  Command command{argc, argv, false};
  lua_pushcfunction(L, l_main);
  lua_pushlightuserdata(L, &command);
  finish(L, 0, 1);
  lua_close(L);
  return command.done ? 0 : 1;
}
