// Turns of threads at a state that is open (opening.h).
#include "lua/calls/opening.h"

#include "lua/calls/queue.h"
#include "os/threads.h"

namespace ferry::lua {

namespace {

// The thread is at the doors' mutex: a signal's handler that calls a callback then must not wait for it.
thread_local bool at_doors = false;

class DoorsLock {
 public:
  explicit DoorsLock(Doors& doors) : doors_(doors) {
    at_doors = true;
    lock_ = std::unique_lock(doors.mutex);
  }
  ~DoorsLock() {
    lock_.unlock();
    at_doors = false;
  }
  DoorsLock(const DoorsLock&) = delete;
  DoorsLock& operator=(const DoorsLock&) = delete;
  template <typename Condition>
  void wait_until(Condition condition) {
    doors_.changed.wait(lock_, condition);
  }

 private:
  Doors& doors_;
  std::unique_lock<std::mutex> lock_;
};

// The thread has its turn as soon as nobody else has; it is one of Doors::waiting.
void take_turn(Doors& doors, DoorsLock& lock, Entrant* entrant) {
  lock.wait_until([&] { return doors.holder == 0; });
  --doors.waiting;
  doors.holder = entrant->thread;
  entrant->next = doors.entrants;
  doors.entrants = entrant;
}

bool has_come_in(const Doors& doors, uintptr_t thread) {
  for (const Entrant* e = doors.entrants; e != nullptr; e = e->next) {
    if (e->thread == thread) return true;
  }
  return false;
}

}  // namespace

void begin_opening(State* st, Opening* opening) {
  Gate* gate = st->gate;
  set_caller(gate, nullptr);
  __atomic_store_n(&gate->owner, os::this_thread(), __ATOMIC_RELAXED);
  Doors& doors = gate->doors;
  const DoorsLock lock(doors);
  opening->outermost = doors.openings == 0;
  opening->holder = doors.holder;
  opening->resident_runs = gate->resident_runs;
  if (opening->outermost) gate->resident_runs = true;
  ++doors.openings;
  ++doors.begun;
  if (doors.parked != 0 && doors.process == os::this_process()) doors.waiting += doors.parked;
  doors.parked = 0;
  let_in_waiting(gate);
  doors.holder = 0;
  doors.changed.notify_all();
}

void end_opening(State* st, const Opening* opening) {
  Gate* gate = st->gate;
  Doors& doors = gate->doors;
  DoorsLock lock(doors);
  if (opening->outermost) {
    // Those who came in time have their turn.
    doors.closing = true;
    lock.wait_until([&] { return doors.entrants == nullptr && doors.waiting == 0; });
    doors.closing = false;
  } else {
    lock.wait_until([&] { return doors.holder == 0; });
  }
  // Before threads that had come in can take themselves for it.
  __atomic_store_n(&gate->owner, os::this_thread(), __ATOMIC_RELAXED);
  --doors.openings;
  doors.holder = opening->holder;
  if (opening->outermost) gate->resident_runs = opening->resident_runs;
  if (doors.failed) {
    doors.failed = false;
    add_notice(gate, kOpenedFailed);
  }
}

bool enter_opening(Gate* gate, Entrant* entrant) {
  Doors& doors = gate->doors;
  if (doors.openings == 0 || at_doors) return false;
  entrant->thread = os::this_thread();
  DoorsLock lock(doors);
  if (doors.openings == 0 || (doors.closing && !has_come_in(doors, entrant->thread))) return false;
  // A signal's handler that has interrupted Lua would wait for itself.
  if (doors.holder == entrant->thread) return false;
  ++doors.waiting;
  take_turn(doors, lock, entrant);
  return true;
}

bool wait_for_opening(Gate* gate, Entrant* entrant) {
  Doors& doors = gate->doors;
  if (at_doors) return false;
  entrant->thread = os::this_thread();
  DoorsLock lock(doors);
  if (doors.shut || doors.holder == entrant->thread) return false;
  if (doors.openings != 0 && !doors.closing) {
    ++doors.waiting;
  } else {
    ++doors.parked;
    doors.process = os::this_process();
    note_for_poll(gate);
    const uint32_t before = doors.begun;
    lock.wait_until([&] { return doors.begun != before || doors.shut; });
    if (doors.begun == before) {
      --doors.parked;
      return false;
    }
    // Who has begun the opening counts on it.
  }
  take_turn(doors, lock, entrant);
  return true;
}

void let_in_parked(State* st) {
  {
    const DoorsLock lock(st->gate->doors);
    if (st->gate->doors.parked == 0) return;
  }
  lua_State* outer = st->gate->caller;
  Opening opening;
  begin_opening(st, &opening);
  end_opening(st, &opening);
  set_caller(st->gate, outer);
}

void shut_doors(Gate* gate) {
  const DoorsLock lock(gate->doors);
  gate->doors.shut = true;
  gate->doors.changed.notify_all();
}

bool may_enter_opening(Gate* gate) {
  Doors& doors = gate->doors;
  if (doors.openings == 0 || at_doors) return false;
  const DoorsLock lock(doors);
  const uintptr_t thread = os::this_thread();
  return doors.openings != 0 && doors.holder != thread && (!doors.closing || has_come_in(doors, thread));
}

bool holds_opening(Gate* gate) {
  Doors& doors = gate->doors;
  if (at_doors) return true;
  if (doors.openings == 0) return false;
  const DoorsLock lock(doors);
  return doors.holder == os::this_thread();
}

void leave_opening(Gate* gate, Entrant* entrant) {
  Doors& doors = gate->doors;
  const DoorsLock lock(doors);
  doors.holder = 0;
  for (Entrant** at = &doors.entrants; *at != nullptr; at = &(*at)->next) {
    if (*at != entrant) continue;
    *at = entrant->next;
    break;
  }
  doors.changed.notify_all();
}

}  // namespace ferry::lua
