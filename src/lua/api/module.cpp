// luaopen_ferry_core: the module table. Everything Lua code sees is listed here.
#include <cstdlib>
#include <cstring>
#include <exception>

#include "base/compiler.h"
#include "lua/api/bit.h"
#include "lua/api/check.h"
#include "lua/api/functions.h"
#include "lua/api/headers.h"
#include "lua/api/host.h"
#include "lua/api/life_cycle.h"
#include "lua/api/run_time.h"
#include "lua/calls/callback.h"
#include "lua/objects/namespace.h"
#include "lua/objects/new.h"
#include "lua/state/guarded.h"
#include "os/process.h"

namespace ferry::lua {

namespace {

const luaL_Reg kFunctions[] = {
    {"cdef", guarded<l_cdef>},
    {"load", guarded<l_load>},
    {"new", l_new},
    {"constructor", guarded<l_constructor>},
    {"cast", guarded<l_cast>},
    {"typeof", guarded<l_typeof>},
    {"sizeof", guarded<l_sizeof>},
    {"alignof", guarded<l_alignof>},
    {"offsetof", guarded<l_offsetof>},
    {"istype", guarded<l_istype>},
    {"metatype", guarded<l_metatype>},
    {"gc", guarded<l_gc_set>},
    {"release", guarded<l_release>},
    {"check", guarded<l_check>},
    {"leaks", guarded<l_leaks>},
    {"errno", guarded<l_errno>},
    {"string", guarded<l_string>},
    {"copy", guarded<l_copy>},
    {"fill", guarded<l_fill>},
    {"abi", guarded<l_abi>},
    {"type", guarded<l_type>},
    {"tonumber", guarded<l_tonumber>},
    {"number", guarded<l_tonumber>},
    {"i64", guarded<l_i64>},
    {"u64", guarded<l_u64>},
    {"addressof", guarded<l_addressof>},
    {"isnull", guarded<l_isnull>},
    {"eval", guarded<l_eval>},
    {"toretval", guarded<l_toretval>},
    {"onerror", guarded<l_onerror>},
    {"checked", guarded<l_checked>},
    {"strict", guarded<l_strict>},
    {"restrict", guarded<l_restrict>},
    {"totable", guarded<l_totable>},
    {"fromtable", guarded<l_fromtable>},
    {"debug", guarded<l_debug>},
    {"vararg", guarded<l_vararg>},
    {"blocking", guarded<l_blocking>},
    {"callback", guarded<l_callback>},
    {"poll", guarded<l_poll>},
    {"pollfd", guarded<l_pollfd>},
    {"async", guarded<l_async>},
    {"workers", guarded<l_workers>},
    {"scheduler", guarded<l_scheduler>},
    {"scoped", guarded<l_scoped>},
    {"slice", guarded<l_slice>},
    {"convert", guarded<l_convert_elements>},
    {"wide", guarded<l_wide>},
    {"utf8", guarded<l_utf8>},
    {"translate", guarded<l_translate>},
    {"enter", guarded<l_enter>},
    {"leave", guarded<l_leave>},
    {"signal", guarded<l_signal>},
    {"typeinfo", guarded<l_typeinfo>},
    {"enum", guarded<l_enum>},
    {"names", guarded<l_names>},
    {"declared", guarded<l_declared_name>},
    {nullptr, nullptr},
};

// The Lua that loads this module has to be the one that it was compiled for: of the same version, with numbers of the
// same sizes. Where luaL_checkversion cannot tell, a number that goes through both shows it.
int l_check_lua(lua_State* L) {
  check_version(L);
  lua_pushnumber(L, 1.5);
  const char* text = lua_tostring(L, -1);
  if (text == nullptr || std::strcmp(text, "1.5") != 0) luaL_error(L, "Lua's numbers are not doubles");
  return 0;
}

void check_lua(lua_State* L) {
  lua_pushcfunction(L, l_check_lua);
  if (lua_pcall(L, 0, 0, 0) == 0) return;
  const char* reason = lua_tostring(L, -1);
  luaL_error(L, "this module of Ferry is for Lua %d.%d with 64-bit numbers: %s", kLuaVersion / 100, kLuaVersion % 100,
             reason != nullptr ? reason : "?");
}

// The C++ library keeps a record of each thread's exceptions, which it makes at the thread's first one; without the
// memory for it the process would end. Made now for this thread, when the memory is there. And at its start the library
// sets memory aside (some 72 KiB) for exceptions that are thrown when there is none: where that much is not to be had
// now, it may not have been to be had then.
void prepare_exceptions(lua_State* L) {
  constexpr size_t kPlenty = 128 * 1024;
  void* memory = std::malloc(kPlenty);
  if (memory == nullptr) raise_memory(L);
  std::free(memory);
  if (std::uncaught_exceptions() != 0) luaL_error(L, "Ferry was loaded while a C++ exception was thrown");
}

int open_module(lua_State* L) {
  lua_settop(L, 0);
  check_lua(L);
  prepare_exceptions(L);
  os::stay_loaded();  // callbacks that C has stored may call in after the state is closed
  State* st = push_state(L);
  if (st->api.lua_tonumber == 0) {
    lua_getglobal(L, "tonumber");
    st->api.lua_tonumber = add_reference(L);
  }
  publish_host_api(L);
  lua_newtable(L);
  lua_pushvalue(L, 1);
  set_functions(L, kFunctions, 1);
  if (st->check != nullptr) set_checked_functions(L, st);
  push_program_namespace(L, st);
  lua_setfield(L, 2, "C");
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->libraries.null_pointer);
  lua_pushvalue(L, -1);
  lua_setfield(L, 2, "NULL");
  lua_setfield(L, 2, "nullptr");
  const std::string_view os = os_name(host_target());
  lua_pushlstring(L, os.data(), os.size());
  lua_setfield(L, 2, "os");
  const std::string_view arch = arch_name(host_target());
  lua_pushlstring(L, arch.data(), arch.size());
  lua_setfield(L, 2, "arch");
  push_bit_module(L, st);
  lua_setfield(L, 2, "bit");
  lua_pushlstring(L, st->backend->name().data(), st->backend->name().size());
  lua_setfield(L, 2, "backend");
  lua_pushstring(L, st->stack.valid ? "direct" : "api");
  lua_setfield(L, 2, "stack");
  push_headers(L, st);
  lua_setfield(L, 2, "headers");
  push_run_time(L, st);
  lua_setfield(L, 2, "run_time");
  lua_pushliteral(L, FERRY_VERSION);
  lua_setfield(L, 2, "VERSION");
  lua_pushliteral(L, "Ferry " FERRY_VERSION);
  lua_setfield(L, 2, "_VERSION");
  lua_pushliteral(L, LUA_VERSION);
  lua_setfield(L, 2, "LUA_VERSION");
  lua_pushvalue(L, 2);
  set_module_fields(L, st);
  lua_settop(L, 2);
  return 1;
}

}  // namespace

}  // namespace ferry::lua

extern "C" FERRY_EXPORTED int luaopen_ferry_core(lua_State* L) {
  return ferry::lua::guarded<ferry::lua::open_module>(L);
}
