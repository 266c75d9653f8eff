// The gate of a state: what a thread that calls a callback looks at before it touches anything else of the state. C may
// call on any thread, also while the state closes or after it. So gates are memory of the process: a closed state's
// gate is used again, and none is freed.
//
// A thread is inside of a state while a C call that Lua made is in progress on it, or between ferry_enter() and
// ferry_leave(). Only such a thread may run Lua in a callback. One thread at a time may be inside; that nobody else
// uses the Lua state meanwhile is the host's business, as always with Lua.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "call/native/metatable_cache.h"
#include "lua/host/compat.h"
#include "os/events.h"
#include "os/last_error.h"
#include "os/threads.h"

namespace ferry::lua {

struct State;

// What waits for the end of the C call in progress, or else of the next one: bits of Gate::notices.
inline constexpr uint8_t kCallbackFailed = 1;  // a callback raised; the error waits in Errors::pending
inline constexpr uint8_t kRefused = 2;         // Gate::refusal is to be told
inline constexpr uint8_t kOpenedFailed = 4;    // a callback that another thread called raised; in Errors::opened
inline constexpr uint8_t kFound = 32;          // state/check.h: blocks may have to be looked at, or findings told

// A call of a callback on a thread that was not inside, for whoever is told of it (calls/settle.h).
struct Refusal {
  enum Stage : int { none, begun, complete };
  std::atomic<int> stage{none};
  uint64_t callback = 0;  // CallbackRecord::id
  os::ThreadName thread;
  std::atomic<uint64_t> calls{0};  // how many there have been, of all callbacks, since the last one was told
};

// Blocking C calls let other threads in (calls/opening.h). All but `openings` under the mutex.
struct Entrant {  // a callback that has come in by an opening; on the C stack of who called
  uintptr_t thread = 0;
  Entrant* next = nullptr;
};
struct Doors {
  std::mutex mutex;
  std::condition_variable changed;
  std::atomic<int> openings{0};  // blocking calls in progress
  uintptr_t holder = 0;          // the thread that runs Lua; 0: none, or one that has not come in by an opening
  bool closing = false;          // the outermost call has returned: nobody new comes in
  int waiting = 0;               // threads that may come in and wait for their turn
  int parked = 0;                // threads that wait for an opening (wait_for_opening)
  int64_t process = 0;           // whose threads these are
  uint32_t begun = 0;            // changes with each opening
  bool shut = false;             // the state closes: nobody waits for an opening any more
  Entrant* entrants = nullptr;
  bool failed =
      false;  // a callback raised; the error waits in Errors::opened, and no callback runs Lua until it is told
};

// Calls of callbacks that wait for ffi.poll (calls/queue.h). Other threads put them in; all that is not atomic is the
// business of whoever has the Lua state to itself.
struct QueuedCall;
struct Inbox {
  std::atomic<QueuedCall*> newest{nullptr};     // linked to those that came before
  std::atomic<bool> raised{false};              // whether the event is raised, or will be by a thread that has said so
  std::atomic<int> readable{-1}, writable{-1};  // the event; stays with the gate
  std::atomic<uint32_t> waiting{0};             // threads that wait for an answer or for room
  std::atomic<uint32_t> room{0};                // changes when there is room again
  std::atomic<uint64_t> dropped{0};             // calls that found none, since ffi.poll told of them
  std::atomic<uint32_t> noted{0};               // what asynchronous calls want, since ffi.poll was called
  int64_t process = 0;                          // whose event it is: a forked one needs its own
  QueuedCall* first = nullptr;                  // taken out of `newest`, oldest first
  QueuedCall* last = nullptr;
  uint32_t count = 0;             // of those
  QueuedCall* running = nullptr;  // in ffi.poll now, innermost first
};

struct Gate {
  // The coroutine that made the innermost C call in progress, on which its callbacks run; null: no call is in progress.
  // A call writes `owner`, then `caller`, and null into `caller` when it returns. So a thread that reads a caller, and
  // then itself as the owner, has made the call. While a callback runs Lua it is null as well: who is called then is a
  // signal's handler. At offset 0 because compiled calls are shorter for it.
  lua_State* caller = nullptr;
  uintptr_t owner = 0;                   // this_thread() of the thread that made the last call
  os::LastError saved_error;             // as the last call left it
  uint8_t notices = 0;                   // changed by add_notice() and remove_notice(), as other threads add to it
  uintptr_t resident = 0;                // the thread that the host has let in; 0: none
  int entries = 0;                       // how often the host has let it in without letting it out
  State* state = nullptr;                // null: the state is closed
  bool resident_runs = false;            // Lua runs in a callback that the resident thread has called
  call::MetatableCache metatable_cache;  // most of State::metatables.known, for compiled code
  // Threads that are not inside and look at it. No other state gets the gate as long as there are any.
  std::atomic<uint32_t> visitors{0};
  Refusal refusal;
  Doors doors;
  Inbox inbox;
};

// A gate that no state uses. Throws std::bad_alloc.
Gate* take_gate();
// Takes back the gate of a state that closes: no thread is inside from now on.
void give_back_gate(Gate* gate);
// The gate of closed states and freed callbacks: no thread is ever inside.
extern Gate& closed_gate;

// The calling thread makes a C call. leave_call() puts back what was the caller before.
inline void enter_call(Gate* gate, lua_State* L, uintptr_t thread) {
  __atomic_store_n(&gate->owner, thread, __ATOMIC_RELAXED);
  __atomic_store_n(&gate->caller, L, __ATOMIC_RELEASE);
}
inline void set_caller(Gate* gate, lua_State* L) {
  __atomic_store_n(&gate->caller, L, __ATOMIC_RELEASE);
}

// Whether the thread, which is the calling one, is inside.
inline bool is_inside(const Gate* gate, uintptr_t thread) {
  if (__atomic_load_n(&gate->caller, __ATOMIC_ACQUIRE) != nullptr &&
      __atomic_load_n(&gate->owner, __ATOMIC_RELAXED) == thread) {
    return true;
  }
  return __atomic_load_n(&gate->resident, __ATOMIC_ACQUIRE) == thread && !gate->resident_runs;
}

inline void add_notice(Gate* gate, uint8_t bit) {
  __atomic_fetch_or(&gate->notices, bit, __ATOMIC_SEQ_CST);
}
inline void remove_notice(Gate* gate, uint8_t bit) {
  __atomic_fetch_and(&gate->notices, static_cast<uint8_t>(~bit), __ATOMIC_SEQ_CST);
}
inline uint8_t notices_of(const Gate* gate) {
  return __atomic_load_n(&gate->notices, __ATOMIC_RELAXED);
}

}  // namespace ferry::lua
