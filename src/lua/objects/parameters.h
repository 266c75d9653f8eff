// `$` parameters of C texts: Lua values as substitutes, and the calls of the parser that need them.
#pragma once

#include <string_view>

#include "lua/state/state.h"

namespace ferry::lua {

// Parse `text`; arguments from stack index `first` (0: none) to the top stand for its `$`. False: st->errors.message.
// Raises for a parameter of a wrong kind.
bool parse_type_text(lua_State* L, State* st, std::string_view text, int first, int* used, TypeId* out);
bool parse_cdef_text(lua_State* L, State* st, std::string_view text, int first, int* used);

}  // namespace ferry::lua
