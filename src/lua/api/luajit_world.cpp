// What ferry.luajit needs of C: texts of numbers, errors, tables with room, metamethods of cdata. In the table of
// run_time.h.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "lua/api/functions.h"
#include "lua/api/run_time.h"
#include "lua/calls/c_function.h"
#include "lua/objects/metatype.h"
#include "lua/state/guarded.h"
#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

// Whether this Lua writes the number at idx in another way than LuaJIT: 5.3 and later mark floats (1.0), and a nan may
// have a sign.
bool differs(lua_State* L, int idx) {
  if (lua_type(L, idx) != LUA_TNUMBER) return false;
  if constexpr (kNativeIntegers) return !is_integer_subtype(L, idx);
  const lua_Number n = lua_tonumber(L, idx);
  return n != n;
}

void push_number_text(lua_State* L, lua_Number n) {
  if (std::isnan(n)) {
    lua_pushliteral(L, "nan");
  } else if (std::isinf(n)) {
    lua_pushstring(L, n < 0 ? "-inf" : "inf");
  } else {
    char text[64];
    std::snprintf(text, sizeof text, "%.14g", static_cast<double>(n));
    lua_pushstring(L, text);
  }
}

// The number at `idx` becomes what Lua writes as LuaJIT writes this: a number if there is one, as metamethods of `..`
// see it, else its text. Leaves something on the stack.
void write_alike(lua_State* L, int idx) {
  push_number_text(L, lua_tonumber(L, idx));
  const char* text = lua_tostring(L, -1);
  lua_pushvalue(L, idx);
  const bool alike = std::strcmp(lua_tostring(L, -1), text) == 0;
  lua_pop(L, 1);
  if (!alike) {
    const bool whole = text[std::strspn(text, "-0123456789")] == '\0' && std::strcmp(text, "-0") != 0;
    if (whole) push_small_integer(L, std::strtoll(text, nullptr, 10));
    lua_replace(L, idx);
  }
}

// text(...): the arguments, numbers that LuaJIT would write differently as it does.
int l_text(lua_State* L) {
  const int count = lua_gettop(L);
  for (int i = 1; i <= count; ++i) {
    if (!differs(L, i)) continue;
    luaL_checkstack(L, 3, "too many arguments");
    write_alike(L, i);
    lua_settop(L, count);
  }
  return count;
}

// Lua's own level for that one, which counts no calls of the two functions that are upvalues.
int counted_level(lua_State* L, int wanted) {
  lua_Debug frame;
  int level = 0;
  while (wanted > 0 && lua_getstack(L, ++level, &frame) != 0 && lua_getinfo(L, "f", &frame) != 0) {
    const bool counts = !raw_equal(L, -1, lua_upvalueindex(1)) && !raw_equal(L, -1, lua_upvalueindex(2));
    lua_pop(L, 1);
    if (counts) --wanted;
  }
  return level + wanted;
}

// error(message [, level]): numbers are messages as strings are, with the position before them. From 5.3 on they are
// values that stay what they are. Upvalues: the layer's pcall and xpcall, if they are in Lua, or none.
int l_error_of_any(lua_State* L) {
  const lua_Number level = luaL_optnumber(L, 2, 1);
  lua_settop(L, 1);
  if (lua_isstring(L, 1) != 0 && level >= 1) {
    luaL_where(L, counted_level(L, static_cast<int>(std::min(level, lua_Number{1 << 20}))));  // no stack is that deep
    lua_insert(L, 1);
    if (differs(L, 2)) {
      push_number_text(L, lua_tonumber(L, 2));
      lua_replace(L, 2);
    }
    lua_concat(L, 2);
  }
  return lua_error(L);
}

// error_through(pcall, xpcall): such an error for them.
int l_error_through(lua_State* L) {
  lua_settop(L, 2);
  lua_pushcclosure(L, l_error_of_any, 2);
  return 1;
}

// concat(t [, separator [, first [, last]]]): table.concat with such texts.
int l_concat_texts(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  size_t length = 0;
  const char* separator = luaL_optlstring(L, 2, "", &length);
  const auto first = static_cast<int64_t>(luaL_optnumber(L, 3, 1));
  const int64_t last =
      lua_isnoneornil(L, 4) ? static_cast<int64_t>(raw_length(L, 1)) : static_cast<int64_t>(luaL_checknumber(L, 4));
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  for (int64_t i = first; i <= last; ++i) {
    raw_geti(L, 1, static_cast<int>(i));
    const int type = lua_type(L, -1);
    if (type != LUA_TSTRING && type != LUA_TNUMBER) {
      raise(L, "invalid value (%s) at index %d in table for 'concat'", lua_typename(L, type), static_cast<int>(i));
    }
    if (differs(L, -1)) {
      push_number_text(L, lua_tonumber(L, -1));
      lua_remove(L, -2);
    }
    luaL_addvalue(&buffer);
    if (i < last) luaL_addlstring(&buffer, separator, length);
  }
  luaL_pushresult(&buffer);
  return 1;
}

// new_table(elements, others): an empty table with room.
int l_new_table(lua_State* L) {
  constexpr lua_Number kMost = 1 << 26;
  const lua_Number elements = luaL_checknumber(L, 1);
  const lua_Number others = luaL_checknumber(L, 2);
  lua_createtable(L, elements > 0 && elements <= kMost ? static_cast<int>(elements) : 0,
                  others > 0 && others <= kMost ? static_cast<int>(others) : 0);
  return 1;
}

// type(value): LuaJIT's functions of libraries are cdata.
int l_type_of_any(lua_State* L) {
  if (lua_type(L, 1) != LUA_TFUNCTION || function_record(L, 1) == nullptr) return l_type(L);
  lua_pushliteral(L, "cdata");
  return 1;
}

int l_no_finaliser(lua_State*) {
  return 0;
}

const char kProxies = 0;  // its address is the registry key of a weak table: the metatables that newproxy has made

void push_proxies(lua_State* L) {
  rawget_p(L, LUA_REGISTRYINDEX, &kProxies);
  if (lua_istable(L, -1)) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  rawset_p(L, LUA_REGISTRYINDEX, &kProxies);
}

// newproxy([true | proxy]): a userdata without contents; with a metatable of its own, or that of another one. Of no
// other userdata: what those metatables' functions read is not there.
int l_newproxy(lua_State* L) {
  lua_settop(L, 1);
  push_proxies(L);
  new_userdata(L, 0);
  if (lua_type(L, 1) > LUA_TBOOLEAN) {
    const bool has_metatable = lua_type(L, 1) == LUA_TUSERDATA && lua_getmetatable(L, 1) != 0;
    if (has_metatable) {
      lua_pushvalue(L, -1);
      lua_rawget(L, 2);
    }
    if (!has_metatable || lua_isnil(L, -1)) raise_argument(L, 1, "boolean or proxy expected");
    lua_pop(L, 1);
  } else if (lua_toboolean(L, 1)) {
    lua_createtable(L, 0, 1);
    // 5.2 and later finalise what had a __gc when its metatable was set: programs set theirs afterwards.
    lua_pushcfunction(L, l_no_finaliser);
    lua_setfield(L, -2, "__gc");
    lua_pushvalue(L, -1);
    lua_pushboolean(L, 1);
    lua_rawset(L, 2);
  } else {
    return 1;
  }
  lua_setmetatable(L, 3);
  return 1;
}

// metamethod(value, event): what the metatype of a cdata has for the event, else nil.
int l_metamethod(lua_State* L) {
  State* st = open_call(L);
  const char* event = luaL_checkstring(L, 2);
  if (lua_type(L, 1) != LUA_TUSERDATA || to_cdata(L, st, 1) == nullptr) return 0;
  return push_metamethod(L, st, 1, event) ? 1 : 0;
}

}  // namespace

const luaL_Reg kWorldFunctions[] = {
    {"text", l_text},           {"concat", l_concat_texts},
    {"error", l_error_of_any},  {"error_through", l_error_through},
    {"new_table", l_new_table}, {"type", guarded<l_type_of_any>},
    {"newproxy", l_newproxy},   {"metamethod", guarded<l_metamethod>},
    {nullptr, nullptr},
};

}  // namespace ferry::lua
