// The process's gates (gate.h).
#include "lua/state/gate.h"

#include <memory>
#include <mutex>
#include <vector>

namespace ferry::lua {

namespace {

// Its destructor would come when the process ends, when other threads may look at the gate; on Windows they are ended
// by then, and what destroys a condition waits for a lock that one of them may have held.
union Kept {
  Gate gate;
  Kept() : gate() {}
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() {}
};
Kept kept;

struct Gates {
  std::mutex mutex;
  std::vector<std::unique_ptr<Gate>> all;
  std::vector<Gate*> idle;  // has room for all of them: giving one back cannot fail
};

Gates& gates() {
  static auto* made = new Gates;  // outlives static destructors
  return *made;
}

}  // namespace

Gate& closed_gate = kept.gate;

Gate* take_gate() {
  Gates& g = gates();
  std::lock_guard lock(g.mutex);
  for (size_t i = g.idle.size(); i-- > 0;) {
    Gate* gate = g.idle[i];
    if (gate->visitors.load() != 0) continue;
    g.idle.erase(g.idle.begin() + static_cast<ptrdiff_t>(i));
    gate->notices = 0;
    gate->refusal.stage = Refusal::none;
    gate->refusal.calls = 0;
    gate->doors.failed = false;
    gate->doors.parked = 0;
    gate->doors.shut = false;
    gate->inbox.dropped = 0;
    gate->inbox.noted = 0;
    return gate;
  }
  g.all.reserve(g.all.size() + 1);
  g.idle.reserve(g.all.size() + 1);
  g.all.push_back(std::make_unique<Gate>());
  return g.all.back().get();
}

void give_back_gate(Gate* gate) {
  set_caller(gate, nullptr);
  __atomic_store_n(&gate->owner, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&gate->resident, 0, __ATOMIC_RELEASE);
  gate->entries = 0;
  gate->saved_error = {};
  gate->resident_runs = false;
  gate->state = nullptr;
  gate->metatable_cache.clear();
  Gates& g = gates();
  std::lock_guard lock(g.mutex);
  g.idle.push_back(gate);
}

}  // namespace ferry::lua
