// Asynchronous calls (ffi.async): a C function runs on another thread, and Lua has a future, a userdata that says when
// it has ended and has its result. Arguments are converted before and results after, by the owner of the state; in
// between there is C only.
//
// As long as the call is not over, the registry keeps its future, and that a table of all that C may use. The owner
// takes note of ends whenever it comes here (note_ended).
#pragma once

#include "call/workers.h"
#include "lua/calls/callback_scope.h"
#include "lua/state/state.h"

namespace ferry::lua {

struct VarargShape;

// Calls that wait for a thread, at most.
inline constexpr uint32_t kMaxAsyncQueue = 1 << 20;

// The future's userdata; behind it the arguments and the result.
struct AsyncCall : call::WorkerCall {
  TypeInfo* type = nullptr;  // of the function
  TypeInfo* returned = nullptr;
  const char* name = nullptr;  // of the function, or null
  CallScope scope;             // callbacks that end with it
  int uses = 0;         // how many values there are in the table of what C may use, the result's place among them
  bool object = false;  // the result is a cdata in that table, else behind the call
  bool lost = false;    // this is a forked process, the call is its parent's
};

// Whether nothing happens to it any more.
inline bool is_over(const AsyncCall* call) {
  return call->lost || call->is_over();
}

// What may stand in its way comes first: the metatable of futures has been made (st->async.metatable).
// Calls the C function with the arguments from stack index 2 to the top on another thread, and pushes the future.
// Raises what a call would raise of its arguments, and where no thread is to be had.
void start_async(lua_State* L, State* st, TypeInfo* type, call::CFunction function, const char* name,
                 const VarargShape* declared);

// Takes note of the calls that have ended: what they used is let go. Raises nothing; uses some stack slots.
void note_ended(lua_State* L, State* st);

// Waits until the call is over, with the state open for other threads (opening.h). False: not within so many seconds.
// Raises what callbacks and signals have raised meanwhile.
bool wait_async(lua_State* L, State* st, AsyncCall* call, double seconds);
// True: it had not begun, and will not.
bool cancel_async(lua_State* L, State* st, AsyncCall* call);
// Pushes the results of a call that is over, whose future is at idx, and puts its errno in place. Raises where it has
// none.
int push_async_results(lua_State* L, State* st, int idx, AsyncCall* call);
// "queued", "running", "ended", "cancelled", "lost".
const char* async_stage(const AsyncCall* call);

// How many threads there are to be where nobody has said so.
uint32_t usual_workers();
void set_worker_limit(State* st, uint32_t threads);
call::Workers::Use worker_use(State* st);

// Raises if the cdata at idx, an argument of the function that is called, is used by a call that is not over.
void require_unused(lua_State* L, State* st, int idx);

// The future is collected: the state closes.
void drop_async(lua_State* L, State* st, AsyncCall* call);
// The state closes: what has not begun is cancelled, what has is waited for.
void close_async(State* st);

}  // namespace ferry::lua
