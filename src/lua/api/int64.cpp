// ffi.int64: what 64-bit integers become when they are read. A field of the module with a getter and a setter.
#include <string_view>

#include "lua/api/functions.h"
#include "lua/calls/thunks.h"
#include "lua/state/guarded.h"
#include "lua/state/members.h"
#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

constexpr const char* kNames[] = {"native", "boxed", "exact"};

bool is_key(lua_State* L) {
  if (lua_type(L, 2) != LUA_TSTRING) return false;
  size_t length;
  const char* text = lua_tolstring(L, 2, &length);
  return std::string_view(text, length) == "int64";
}

int l_module_index(lua_State* L) {
  if (!is_key(L)) return 0;
  lua_pushstring(L, kNames[static_cast<size_t>(state_of(L)->int64)]);
  return 1;
}

void set_mode(lua_State* L, State* st) {
  if (st->closed()) raise_closed(L);
  const char* name = lua_type(L, 3) == LUA_TSTRING ? lua_tostring(L, 3) : "";
  for (size_t i = 0; i < sizeof kNames / sizeof *kNames; ++i) {
    if (std::string_view(name) != kNames[i]) continue;
    const auto mode = static_cast<Int64Mode>(i);
    if (mode == Int64Mode::native && !kNativeIntegers)
      raise(L, "ffi.int64 cannot be 'native': %s has no 64-bit integers", LUA_VERSION);
    const bool was_native = st->native_int64();
    st->int64 = mode;
    if (was_native == st->native_int64()) return;
    int64_mode_changed(st);
    renew_thunks(L, st);
    return;
  }
  raise(L, "ffi.int64 is 'native', 'boxed' or 'exact', not %s",
        lua_type(L, 3) == LUA_TSTRING ? lua_tostring(L, 3) : describe_value(L, st, 3));
}

int l_module_newindex(lua_State* L) {
  if (is_key(L)) {
    set_mode(L, state_of(L));
  } else {
    lua_rawset(L, 1);
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
