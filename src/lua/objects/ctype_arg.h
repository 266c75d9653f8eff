// The `ct` argument of module functions: C text (parsed once, cached), a ctype object, a cdata or a function of a C
// library.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// A ct argument: C text, ctype or cdata (its type). Raises. `$` parameters of the text are arguments first_param and up
// to the top; *used_params receives how many were used.
TypeId check_ctype(lua_State* L, State* st, int idx, int first_param = 0, int* used_params = nullptr);

// Forgets which type a text stands for: after every cdef.
void clear_parse_cache(lua_State* L, State* st);

}  // namespace ferry::lua
