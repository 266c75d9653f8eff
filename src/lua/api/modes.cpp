// ffi.int64: what 64-bit integers become when they are read; ffi.rules: LuaJIT's or luaffifb's. Fields of the module
// with getter and setter.
#include <string_view>

#include "lua/api/functions.h"
#include "lua/calls/callback.h"
#include "lua/calls/thunks.h"
#include "lua/state/guarded.h"
#include "lua/state/members.h"
#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

enum class Mode : uint8_t { none, int64, rules };
// In the order of Int64Mode and of Rules.
constexpr const char* kInt64Names[] = {"native", "boxed", "exact"};
constexpr const char* kRulesNames[] = {"luaffifb", "luajit"};

Mode mode_of(lua_State* L) {
  if (lua_type(L, 2) != LUA_TSTRING) return Mode::none;
  size_t length;
  const char* text = lua_tolstring(L, 2, &length);
  const std::string_view key(text, length);
  return key == "int64" ? Mode::int64 : key == "rules" ? Mode::rules : Mode::none;
}

int l_module_index(lua_State* L) {
  const State* st = state_of(L);
  switch (mode_of(L)) {
    case Mode::int64:
      lua_pushstring(L, kInt64Names[static_cast<size_t>(st->int64)]);
      return 1;
    case Mode::rules:
      lua_pushstring(L, kRulesNames[static_cast<size_t>(st->rules)]);
      return 1;
    case Mode::none:
      break;
  }
  return 0;
}

// The place of the string at 3 among `names`, or -1.
template <size_t count>
int find_name(lua_State* L, const char* const (&names)[count]) {
  if (lua_type(L, 3) != LUA_TSTRING) return -1;
  const std::string_view name = lua_tostring(L, 3);
  for (size_t i = 0; i < count; ++i) {
    if (name == names[i]) return static_cast<int>(i);
  }
  return -1;
}

const char* wrong_value(lua_State* L, State* st) {
  return lua_type(L, 3) == LUA_TSTRING ? lua_tostring(L, 3) : describe_value(L, st, 3);
}

// Whatever was learnt and compiled of reading is looked at again.
void renew_all(lua_State* L, State* st) {
  reading_changed(st);
  renew_callbacks(st);
  renew_thunks(L, st);
}

void set_int64(lua_State* L, State* st) {
  const int i = find_name(L, kInt64Names);
  if (i < 0) raise(L, "ffi.int64 is 'native', 'boxed' or 'exact', not %s", wrong_value(L, st));
  const auto mode = static_cast<Int64Mode>(i);
  if (mode == Int64Mode::native && !kNativeIntegers)
    raise(L, "ffi.int64 cannot be 'native': %s has no 64-bit integers", LUA_VERSION);
  const bool was_native = st->native_int64();
  st->int64 = mode;
  if (was_native != st->native_int64()) renew_all(L, st);
}

void set_rules(lua_State* L, State* st) {
  const int i = find_name(L, kRulesNames);
  if (i < 0) raise(L, "ffi.rules is 'luaffifb' or 'luajit', not %s", wrong_value(L, st));
  const auto rules = static_cast<Rules>(i);
  if (rules == st->rules) return;
  st->rules = rules;
  renew_all(L, st);
}

int l_module_newindex(lua_State* L) {
  State* st = state_of(L);
  const Mode mode = mode_of(L);
  if (mode == Mode::none) {
    lua_rawset(L, 1);
    return 0;
  }
  if (st->closed()) raise_closed(L);
  luaL_checkstack(L, 8, nullptr);
  if (mode == Mode::int64) {
    set_int64(L, st);
  } else {
    set_rules(L, st);
  }
  return 0;
}

}  // namespace

void set_module_fields(lua_State* L, State* st) {
  lua_createtable(L, 0, 2);
  push_function(L, st, guarded<l_module_index>);
  lua_setfield(L, -2, "__index");
  push_function(L, st, guarded<l_module_newindex>);
  lua_setfield(L, -2, "__newindex");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

}  // namespace ferry::lua
