// Signals that call Lua functions (ffi.signal). The system's handler only notes that the signal came; the function runs
// where Lua and C are at rest: when a C call returns, or from a hook where that was asked for.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// A bit of Gate::notices: signals have come whose functions have not run.
inline constexpr uint8_t kSignalled = 8;

// From now on the function on top of the stack, which is popped, runs when the signal has come; nil: what was before
// ffi.signal. `hook`: not only when a C call returns, but as soon as Lua code goes on. Pushes the function before, or
// nil. Raises where the signal cannot be had.
void set_signal(lua_State* L, State* st, int number, bool hook);

// Runs the functions of the signals that have come. Raises their errors.
void run_signals(lua_State* L, State* st);

// The state closes.
void release_signals(State* st);

}  // namespace ferry::lua
