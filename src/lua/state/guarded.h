// What Lua is given instead of a function of Ferry that allocates C++ memory. An exception must not pass Lua's frames,
// which know nothing of it: the innermost function that Lua called ends, with the error that Lua itself raises for want
// of memory. Lua's own exceptions, where it is built as C++, are no std::exception and pass.
#pragma once

#include <exception>

#include "lua/state/raise.h"

namespace ferry::lua {

template <lua_CFunction function>
int guarded(lua_State* L) {
  try {
    return function(L);
  } catch (const std::exception&) {  // bad_alloc, length_error: all that the standard library throws here
  }
  raise_memory(L);
}

}  // namespace ferry::lua
