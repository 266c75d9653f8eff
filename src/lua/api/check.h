// The checking mode's functions of the module (state/check.h).
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// check(): looks at the memory of all objects and raises what is found; true, or false where the state is not checked.
int l_check(lua_State* L);
// leaks(): collects, then lists objects with finalisers, callbacks and libraries that are alive; nil and why not.
int l_leaks(lua_State* L);
// Puts what looks at its arguments before what reads or writes memory in the module's table on top.
void set_checked_functions(lua_State* L, State* st);
// open_check's at_end: the same list on standard error, if FERRY_LEAKS is set. Takes the State as light userdata.
int l_tell_leaks(lua_State* L);

}  // namespace ferry::lua
