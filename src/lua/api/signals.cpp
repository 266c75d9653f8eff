// ffi.signal.
#include "lua/calls/signals.h"
#include "lua/api/functions.h"
#include "lua/state/raise.h"
#include "lua/state/restrict.h"
#include "os/signals.h"

namespace ferry::lua {

namespace {

int check_signal(lua_State* L, State* st) {
  int number = 0;
  if (lua_type(L, 1) == LUA_TSTRING) {
    number = os::signal_number(lua_tostring(L, 1));
    if (number == 0) raise_argument(L, 1, "no signal is called '%s'", lua_tostring(L, 1));
  } else {
    if (lua_type(L, 1) != LUA_TNUMBER) raise_expected(L, st, 1, "number or name of a signal");
    const lua_Number value = lua_tonumber(L, 1);
    if (value >= 1 && value <= os::kMaxSignal) number = static_cast<int>(value);
    if (static_cast<lua_Number>(number) != value) {
      raise_argument(L, 1, "signals have the numbers from 1 to %d", os::kMaxSignal);
    }
  }
  if (!os::may_wait(number)) raise_argument(L, 1, "signal %d cannot wait until Lua is at rest", number);
  return number;
}

}  // namespace

// signal(number | name, function | nil [, options]) -> the function before
int l_signal(lua_State* L) {
  State* st = open_call(L);
  require_callbacks(L, st, "ffi.signal");
  const int number = check_signal(L, st);
  if (!lua_isfunction(L, 2) && !lua_isnil(L, 2)) raise_expected(L, st, 2, "function or nil");
  bool hook = false;
  if (!lua_isnoneornil(L, 3)) {
    if (!lua_istable(L, 3)) raise_expected(L, st, 3, "table of options");
    lua_getfield(L, 3, "hook");
    hook = lua_toboolean(L, -1) != 0;
  }
  lua_pushvalue(L, 2);
  set_signal(L, st, number, hook);
  return 1;
}

}  // namespace ferry::lua
