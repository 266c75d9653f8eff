// luaopen_ferry_core: the module table. Everything Lua code sees is listed here.
#include <cstring>

#include "lua/api/bit.h"
#include "lua/api/functions.h"
#include "lua/api/host.h"
#include "lua/api/life_cycle.h"
#include "lua/calls/callback.h"
#include "lua/objects/namespace.h"
#include "lua/objects/new.h"

namespace ferry::lua {

namespace {

const luaL_Reg kFunctions[] = {
    {"cdef", l_cdef},
    {"load", l_load},
    {"new", l_new},
    {"constructor", l_constructor},
    {"cast", l_cast},
    {"typeof", l_typeof},
    {"sizeof", l_sizeof},
    {"alignof", l_alignof},
    {"offsetof", l_offsetof},
    {"istype", l_istype},
    {"metatype", l_metatype},
    {"gc", l_gc_set},
    {"errno", l_errno},
    {"string", l_string},
    {"copy", l_copy},
    {"fill", l_fill},
    {"abi", l_abi},
    {"type", l_type},
    {"tonumber", l_tonumber},
    {"number", l_tonumber},
    {"i64", l_i64},
    {"u64", l_u64},
    {"addressof", l_addressof},
    {"isnull", l_isnull},
    {"eval", l_eval},
    {"toretval", l_toretval},
    {"onerror", l_onerror},
    {"checked", l_checked},
    {"totable", l_totable},
    {"fromtable", l_fromtable},
    {"debug", l_debug},
    {"enter", l_enter},
    {"leave", l_leave},
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

int open_module(lua_State* L) {
  lua_settop(L, 0);
  check_lua(L);
  State* st = push_state(L);
  if (st->lua_tonumber == 0) {
    lua_getglobal(L, "tonumber");
    st->lua_tonumber = add_reference(L);
  }
  publish_host_api(L);
  lua_newtable(L);
  lua_pushvalue(L, 1);
  set_functions(L, kFunctions, 1);
  push_program_namespace(L, st);
  lua_setfield(L, 2, "C");
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->null_pointer);
  lua_pushvalue(L, -1);
  lua_setfield(L, 2, "NULL");
  lua_setfield(L, 2, "nullptr");
  const std::string_view os = os_name(host_target());
  lua_pushlstring(L, os.data(), os.size());
  lua_setfield(L, 2, "os");
  const std::string_view arch = arch_name(host_target());
  lua_pushlstring(L, arch.data(), arch.size());
  lua_setfield(L, 2, "arch");
  push_bit_library(L, st);
  lua_setfield(L, 2, "bit");
  lua_pushlstring(L, st->backend->name().data(), st->backend->name().size());
  lua_setfield(L, 2, "backend");
  lua_pushstring(L, st->stack.valid ? "direct" : "api");
  lua_setfield(L, 2, "stack");
  lua_settop(L, 2);
  return 1;
}

}  // namespace

}  // namespace ferry::lua

extern "C" __attribute__((visibility("default"))) int luaopen_ferry_core(lua_State* L) {
  return ferry::lua::open_module(L);
}
