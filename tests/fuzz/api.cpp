// libFuzzer's program for the API: the bytes choose what api_fuzz.lua does in a Lua 5.4. The first one says whether in
// a state that is restricted, where nothing at all may touch memory that is not Ferry's, or in one that is not. States
// are used for many inputs: to make one costs more than to run one.
#include <lua.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "ferry.h"

namespace {

// What Lua may have; more is an error as where there is no memory.
constexpr size_t kMaxMemory = size_t{64} << 20;
constexpr int kInputs = 300;               // of one state
constexpr int kInstructions = 20'000'000;  // of one input

#ifdef FERRY_NATIVE
constexpr const char* kNative = "thunk";
#else
constexpr const char* kNative = "stub";
#endif

// Memory that belongs to nobody: pointers into it may be read and written by what believes its type.
alignas(64) char nobodys[1 << 16];

struct Bytes {
  const uint8_t* at = nullptr;
  const uint8_t* end = nullptr;
} bytes;

[[noreturn]] void find(const char* what, const char* more = "") {
  std::fprintf(stderr, "fuzz: %s%s\n", what, more);
  std::abort();
}

void* allocate(void* used, void* block, size_t old_size, size_t size) {
  size_t& in_use = *static_cast<size_t*>(used);
  const size_t had = block != nullptr ? old_size : 0;
  if (size == 0) {
    std::free(block);
    in_use -= had;
    return nullptr;
  }
  if (size > had && in_use + (size - had) > kMaxMemory) return nullptr;
  void* moved = std::realloc(block, size);
  if (moved != nullptr) in_use += size - had;
  return moved;
}

// choose(n): from 1 to n, by a byte or, among more than 256, four; 1 where there are none left.
int choose(lua_State* L) {
  const auto n = static_cast<uint64_t>(luaL_checknumber(L, 1));
  uint64_t value = 0;
  for (int i = n > 256 ? 4 : 1; i > 0 && bytes.at != bytes.end; --i) value = value << 8 | *bytes.at++;
  lua_pushinteger(L, static_cast<lua_Integer>(1 + value % n));
  return 1;
}

int ended(lua_State* L) {
  lua_pushboolean(L, bytes.at == bytes.end);
  return 1;
}

int raise(lua_State* L) {
  return luaL_error(L, "on purpose");
}

// A userdata of another module, whose metamethods raise.
int foreign(lua_State* L) {
  std::memset(lua_newuserdatauv(L, 48, 1), 0, 48);
  if (luaL_newmetatable(L, "fuzz.foreign") != 0) {
    for (const char* name : {"__index", "__newindex", "__call", "__len", "__eq", "__tostring", "__pairs"}) {
      lua_pushcfunction(L, raise);
      lua_setfield(L, -2, name);
    }
  }
  lua_setmetatable(L, -2);
  return 1;
}

int light(lua_State* L) {
  lua_pushlightuserdata(L, nobodys + sizeof nobodys / 2);
  return 1;
}

// An object of another state of this process, as a light userdata: its block, as Lua has it.
int other(lua_State* L) {
  lua_State* theirs = *static_cast<lua_State**>(lua_touserdata(L, lua_upvalueindex(1)));
  lua_pushlightuserdata(L, theirs != nullptr ? lua_touserdata(theirs, 1) : nullptr);
  return 1;
}

// is_foreign(v): an address that is no cdata's.
int is_foreign(lua_State* L) {
  if (lua_type(L, 1) == LUA_TLIGHTUSERDATA) return lua_pushboolean(L, 1), 1;
  if (lua_type(L, 1) != LUA_TUSERDATA) return lua_pushboolean(L, 0), 1;
  const bool file = luaL_testudata(L, 1, LUA_FILEHANDLE) != nullptr;
  lua_pushboolean(L, file || luaL_testudata(L, 1, "fuzz.foreign") != nullptr);
  return 1;
}

void too_long(lua_State* L, lua_Debug*) {
  luaL_error(L, "too many instructions");
}

int panic(lua_State* L) {
  const char* message = lua_tostring(L, -1);
  find("panic: ", message != nullptr ? message : "?");
}

struct State {
  size_t used = 0;
  lua_State* L = nullptr;
  lua_State* smuggled = nullptr;  // with an object on its stack
  int left = 0;

  lua_State* make() {
    lua_State* made = lua_newstate(allocate, &used);
    lua_atpanic(made, panic);
    luaL_openlibs(made);
    luaopen_ferry(made);
    lua_settop(made, 0);
    return made;
  }

  void open(bool restricted) {
    smuggled = make();
    if (luaL_dostring(smuggled, "return require 'ferry'.new('int[4096]')") != LUA_OK) find(lua_tostring(smuggled, -1));
    L = make();
    if (luaL_loadfile(L, FUZZ_SCRIPT) != LUA_OK) find(lua_tostring(L, -1));
    lua_newtable(L);
    const luaL_Reg functions[] = {{"choose", choose}, {"ended", ended},           {"foreign", foreign},
                                  {"light", light},   {"is_foreign", is_foreign}, {nullptr, nullptr}};
    luaL_setfuncs(L, functions, 0);
    *static_cast<lua_State**>(lua_newuserdatauv(L, sizeof smuggled, 0)) = smuggled;
    lua_pushcclosure(L, other, 1);
    lua_setfield(L, -2, "other");
    lua_pushlightuserdata(L, nullptr);
    lua_setfield(L, -2, "null");
    lua_pushboolean(L, restricted);
    lua_setfield(L, -2, "restricted");
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) find("the script: ", lua_tostring(L, -1));
    left = kInputs;
  }

  void close() {
    if (L == nullptr) return;
    lua_sethook(L, nullptr, 0, 0);
    lua_close(L);
    lua_close(smuggled);
    L = nullptr;
    if (used != 0) find("memory of a closed state is left");
  }

  void run(bool restricted) {
    if (left-- == 0) {
      close();
      open(restricted);
    }
    lua_sethook(L, too_long, LUA_MASKCOUNT, kInstructions);
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 0, 0, 0) == LUA_OK) return;
    const char* message = lua_tostring(L, -1);
    if (message == nullptr || std::strstr(message, "without a text") != nullptr) find("an error: ", message);
    if (std::getenv("FERRY_FUZZ_SHOW") != nullptr) std::fprintf(stderr, "%s\n", message);
    lua_settop(L, 1);
    left = 0;  // it ran out of memory or time
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static State states[8];
  if (size < 2) return 0;
  bytes = {data + 1, data + size};
  const bool restricted = (data[0] & 1) != 0;
  const bool native = (data[0] & 2) != 0;  // where it is built with native code
  setenv("FERRY_BACKEND", native ? kNative : "stub", 1);
  const bool is_checked = (data[0] & 4) != 0;
  setenv("FERRY_CHECK", is_checked ? "1" : "0", 1);
  states[data[0] & 7].run(restricted);
  return 0;
}
