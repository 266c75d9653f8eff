// What waits in a state (Gate::notices) and is raised when a C call returns: a callback's error, signals, and that
// a callback was refused on another thread.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// To be called when a C function has returned and Gate::notices is not 0. Raises what is to be raised; returns if that
// has to wait.
void settle(lua_State* L, State* st);

// The state closes: what was to be told goes to standard error.
void tell_at_close(State* st);

}  // namespace ferry::lua
