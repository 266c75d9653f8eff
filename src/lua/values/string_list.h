// Tables of strings as arguments: `const char *const argv[]`.
#pragma once

#include "lua/values/write.h"

namespace ferry::lua {

// `const char *const *` and `char *const *`: an array of strings that is only read.
bool is_string_list(State* st, TypeInfo* to);

// The strings of the table at idx and a NULL behind them; pushes the array, which stays on the stack for the call.
// Raises.
void* push_string_list(lua_State* L, State* st, TypeInfo* element, int idx);

}  // namespace ferry::lua
