// Callbacks whose calls on other threads wait in a queue until the owner of the Lua state runs them (ffi.callback with
// the option `queue`, ffi.poll). A call that expects nothing returns at once, others wait for the answer.
//
// Each callback has room for a fixed number of calls, made with it: who calls takes one of them, writes the arguments
// into it, and adds it to the state's inbox (Inbox), in which all of them lie in the order in which they came. Neither
// takes a lock. The owner takes all out at once.
#pragma once

#include "lua/calls/callback_data.h"
#include "lua/state/state.h"

namespace ferry::lua {

// As many calls may wait for a callback.
inline constexpr uint32_t kMaxQueue = 65536;

struct QueueOptions {
  uint32_t size = 0;    // calls that may wait; 0: there is no queue
  bool drops = false;   // a call that finds no room is counted and lost; else it waits
  bool waits = false;   // also one that expects nothing returns when it has run
  bool strings = true;  // `const char *` of a call that does not wait is copied
};

// The calls of the callback (a cdata that push_callback made) will be queued; the inbox has its descriptor. False:
// st->errors.message says why not.
bool queue_calls(State* st, CData* callback, const QueueOptions& options);

// Runs the calls that have come, in order; if there are none, waits for `timeout` seconds until there are, or an
// asynchronous call has ended. Returns how many. Raises what a callback has raised; the calls behind it wait for the
// next time.
int run_queued_calls(lua_State* L, State* st, double timeout);
// How many calls were lost since this was asked.
uint64_t take_dropped(State* st);
// The file descriptor that can be read from as long as calls wait. Raises if there can be none.
int inbox_descriptor(lua_State* L, State* st);

// An asynchronous call has ended, or its callback waits: for ffi.poll and who watches the descriptor. Any thread.
void note_for_poll(Gate* gate);

// What ffi.debug says of a callback's queue.
struct QueueUse {
  uint32_t size = 0;  // 0: there is none
  uint32_t used = 0;
  uint64_t dropped = 0;
};
QueueUse queue_use(State* st, const void* address);

// --- for callbacks -------------------------------------------------------------------------------------------------

// The oldest call, for a thread that came in by an opening; null: none. It has to be given to finish_queued_call().
QueuedCall* next_queued_call(Gate* gate);
EntryData* data_of(const QueuedCall* call);
void* const* arguments_of(QueuedCall* call);
void* result_of(QueuedCall* call);
void finish_queued_call(Gate* gate, QueuedCall* call);

// The state has been opened: who waits may come in.
void let_in_waiting(Gate* gate);

// The callback is freed, or its state closes: who waits gets what C gets of refused calls.
void close_queue(EntryData* data);
// The same of all that the state has.
void close_queues(State* st);
// Frees a closed queue if nobody can be looking at it.
void drop_queue(EntryData* data);
// To be called before anything is done with queues: in a forked process the parent's threads are gone.
void own_inbox(State* st);

}  // namespace ferry::lua
