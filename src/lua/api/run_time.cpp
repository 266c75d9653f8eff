// The table `__ferry` of translated chunks (src/translate): comparisons of any two values, and literals that Lua has
// not.
#include "lua/api/run_time.h"

#include <cstdlib>
#include <cstring>

#include "lua/api/functions.h"
#include "lua/objects/arith.h"
#include "lua/objects/literal.h"
#include "lua/state/guarded.h"
#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

bool is_userdata(lua_State* L, int idx) {
  return lua_type(L, idx) == LUA_TUSERDATA;
}
bool is_cdata(lua_State* L, State* st, int idx) {
  return is_userdata(L, idx) && (to_cdata(L, st, idx) != nullptr || to_ctype(L, st, idx) != nullptr);
}

int push_answer(lua_State* L, bool result) {
  lua_pushboolean(L, result);
  return 1;
}

bool has_cdata(lua_State* L) {
  State* st = state_of(L);
  return is_cdata(L, st, 1) || is_cdata(L, st, 2);
}

// The values at 1 and 2, of different types: about them Lua asks nobody, and LuaJIT the cdata among them.
bool mixed_equal(lua_State* L) {
  if (!has_cdata(L)) return false;
  l_eq(L);
  return lua_toboolean(L, -1) != 0;
}

bool any_equal(lua_State* L) {
  const int left = lua_type(L, 1);
  const int right = lua_type(L, 2);
  if (left == right) {
    if (raw_equal(L, 1, 2)) return true;
    // Not by Lua, which would lose the place of errors.
    if (left == LUA_TUSERDATA && has_cdata(L)) return mixed_equal(L);
    return (left == LUA_TUSERDATA || left == LUA_TTABLE) && compare_values(L, 1, 2, Order::equal);
  }
  if (left != LUA_TUSERDATA && right != LUA_TUSERDATA) return false;
  return mixed_equal(L);
}

int l_run_eq(lua_State* L) {
  return push_answer(L, any_equal(L));
}
int l_run_ne(lua_State* L) {
  return push_answer(L, !any_equal(L));
}
// The same for two values that Lua has found to be different.
bool differently_equal(lua_State* L) {
  return is_userdata(L, 1) != is_userdata(L, 2) && mixed_equal(L);
}
int l_run_eq_mixed(lua_State* L) {
  return push_answer(L, differently_equal(L));
}
int l_run_ne_mixed(lua_State* L) {
  return push_answer(L, !differently_equal(L));
}

// Lua's own words.
[[noreturn]] void raise_order(lua_State* L) {
  const char* a = luaL_typename(L, 1);
  const char* b = luaL_typename(L, 2);
  if (std::strcmp(a, b) == 0) raise(L, "attempt to compare two %s values", a);
  raise(L, "attempt to compare %s with %s", a, b);
}

int order(lua_State* L, Order wanted) {
  lua_settop(L, 2);
  if (has_cdata(L)) {
    if (wanted == Order::less) {
      l_lt(L);
    } else {
      l_le(L);
    }
    return push_answer(L, lua_toboolean(L, -1) != 0);
  }
  const int type = lua_type(L, 1);
  if (type == lua_type(L, 2)) {
    if (type == LUA_TNUMBER || type == LUA_TSTRING) return push_answer(L, compare_values(L, 1, 2, wanted));
    const bool is_known = luaL_getmetafield(L, 1, "__lt") != 0 || luaL_getmetafield(L, 1, "__le") != 0;
    lua_settop(L, 2);
    if (!is_known) raise_order(L);
    return push_answer(L, compare_values(L, 1, 2, wanted));
  }
  raise_order(L);
}

int l_run_lt(lua_State* L) {
  return order(L, Order::less);
}
int l_run_le(lua_State* L) {
  return order(L, Order::less_equal);
}
int l_run_gt(lua_State* L) {
  lua_settop(L, 2);
  lua_insert(L, 1);
  return order(L, Order::less);
}
int l_run_ge(lua_State* L) {
  lua_settop(L, 2);
  lua_insert(L, 1);
  return order(L, Order::less_equal);
}

// invoke(object, name, ...): a method whose name is none in this Lua. In Lua, so that it may yield and sees its caller.
constexpr char kInvoke[] = "local method=...return function(o,n,...)return method(o,n)(o,...)end";

// method(object, name), for it: something that can be called.
int l_run_method(lua_State* L) {
  luaL_checkany(L, 2);
  if (!lua_istable(L, 1) && luaL_getmetafield(L, 1, "__index") == 0) {
    raise(L, "attempt to index a %s value", luaL_typename(L, 1));
  }
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  lua_gettable(L, 1);
  if (!lua_isfunction(L, 3) && luaL_getmetafield(L, 3, "__call") == 0) {
    raise(L, "attempt to call method '%s' (a %s value)", lua_tostring(L, 2), luaL_typename(L, 3));
  }
  lua_settop(L, 3);
  return 1;
}

// Pushes invoke, which is made where a program asks for it: few do.
void push_invoke(lua_State* L, State* st) {
  if (luaL_loadbuffer(L, kInvoke, sizeof kInvoke - 1, kCallingChunk) != 0) lua_error(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
  lua_pushcclosure(L, guarded<l_run_method>, 1);
  lua_call(L, 1, 1);
}

// env(): the globals of the function that asks.
int l_run_env(lua_State* L) {
  lua_Debug ar;
  if (lua_getstack(L, 1, &ar) == 0 || lua_getinfo(L, "f", &ar) == 0) lua_pushnil(L);
  push_environment(L, lua_gettop(L));
  return 1;
}

// More literals than any program has: from then on they are made anew each time, for programs that make programs.
constexpr int kMaxCachedLiterals = 20000;

// __index of the run-time table, and of its field `left`: literals, and what else is made when it is asked for.
template <Side side>
int l_literal(lua_State* L) {
  State* st = open_call(L);
  lua_settop(L, 2);
  if (lua_type(L, 2) == LUA_TNUMBER) {
    lua_pushvalue(L, 2);
    wrap_literal(L, st, side);
  } else if (lua_type(L, 2) == LUA_TSTRING) {
    size_t length = 0;
    const char* text = lua_tolstring(L, 2, &length);
    if (std::strcmp(text, "invoke") == 0) {
      push_invoke(L, st);
    } else if (text[0] == '=') {
      lua_pushlstring(L, text + 1, length - 1);
      wrap_literal(L, st, side);
    } else if (length > 1 && text[length - 1] == 'i') {
      const double parts[2] = {0, std::strtod(text, nullptr)};
      CData* cd = new_cdata(L, st, info_of(st, Scalar::cdouble));
      std::memcpy(cd->address(), parts, sizeof parts);
    } else if (length > 2 && text[length - 1] == 'L') {
      const uint64_t bits = std::strtoull(text, nullptr, 10);
      push_boxed(L, st, info_of(st, text[length - 3] == 'U' ? Scalar::uint64 : Scalar::int64), bits);
    } else {
      return 0;
    }
  } else {
    return 0;
  }
  if (st->literals.cached < kMaxCachedLiterals) {
    ++st->literals.cached;
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_rawset(L, 1);
  }
  return 1;
}

// Gives the table on top a metatable with such an __index.
void set_index(lua_State* L, State* st, lua_CFunction index) {
  lua_createtable(L, 0, 1);
  push_function(L, st, index);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}

const luaL_Reg kRunTime[] = {
    {"eq", guarded<l_run_eq>},
    {"ne", guarded<l_run_ne>},
    {"eq_mixed", guarded<l_run_eq_mixed>},
    {"ne_mixed", guarded<l_run_ne_mixed>},
    {"lt", guarded<l_run_lt>},
    {"le", guarded<l_run_le>},
    {"gt", guarded<l_run_gt>},
    {"ge", guarded<l_run_ge>},
    {"env", guarded<l_run_env>},
    {nullptr, nullptr},
};

}  // namespace

void push_run_time(lua_State* L, State* st) {
  if (st->literals.any == 0) make_literals(L, st);
  lua_createtable(L, 0, 32);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
  set_functions(L, kRunTime, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
  set_functions(L, kWorldFunctions, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->literals.null);
  lua_setfield(L, -2, "null");
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->literals.any);
  lua_setfield(L, -2, "any");
  lua_createtable(L, 0, 1);
  lua_pushnil(L);
  wrap_literal(L, st, Side::left);
  lua_setfield(L, -2, "null");
  set_index(L, st, guarded<l_literal<Side::left>>);
  lua_setfield(L, -2, "left");
  set_index(L, st, guarded<l_literal<Side::right>>);
}

}  // namespace ferry::lua
