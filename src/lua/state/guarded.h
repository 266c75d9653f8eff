// What Lua is given instead of a function of Ferry that allocates C++ memory. An exception must not pass Lua's frames,
// which know nothing of it: the innermost function that Lua called ends, with an error that says why. Lua's
// own exceptions, where it is built as C++, are no std::exception and pass.
#pragma once

#include <exception>

#include "lua/state/raise.h"

namespace ferry::lua {

template <lua_CFunction function>
int guarded(lua_State* L) {
  try {
    return function(L);
  } catch (const std::exception& thrown) {
    keep_reason(thrown);
  }
  raise_reason(L);
}

}  // namespace ferry::lua
