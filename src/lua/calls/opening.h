// Blocking C calls (ffi.blocking, __attribute__((blocking))): while one is in progress the state is open. Threads that
// call callbacks take turns with Lua, the one that made the call as well if C calls back on it. Before the call returns
// all who have come in have left, and the state is the caller's again.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// A blocking call in progress; on the C stack.
struct Opening {
  bool outermost = false;
  uintptr_t holder = 0;        // whoever made the call had come in by another opening
  bool resident_runs = false;  // Gate's: a resident thread takes turns like all others
};

// The calling thread, which may use the state, opens it, and takes it back. Wait; raise nothing.
void begin_opening(State* st, Opening* opening);
void end_opening(State* st, const Opening* opening);

// The calling thread, which is not inside, comes in by an opening and runs Lua alone until leave_opening(). False: the
// state is not open, or no longer.
bool enter_opening(Gate* gate, Entrant* entrant);
// The same, where the state is not open: waits until it is. False: there is none any more, or the thread would wait for
// itself.
bool wait_for_opening(Gate* gate, Entrant* entrant);
// Lets those in who wait for an opening, until they have left.
void let_in_parked(State* st);
// The state closes: those who wait for an opening go.
void shut_doors(Gate* gate);
void leave_opening(Gate* gate, Entrant* entrant);
// Whether the calling thread could come in now.
bool may_enter_opening(Gate* gate);
// Whether the calling thread has come in and runs Lua, or is about to: a signal's handler has interrupted it.
bool holds_opening(Gate* gate);

}  // namespace ferry::lua
