// The process's entry data of callbacks (callback_data.h).
#include "lua/calls/callback_data.h"

#include <memory>
#include <mutex>
#include <vector>

#include "lua/host/trace.h"
#include "os/process.h"

namespace ferry::lua {

namespace {

struct Entries {
  std::mutex mutex;
  std::vector<std::unique_ptr<EntryData>> all;
  std::vector<EntryData*> idle;  // has room for all of them: giving one back cannot fail
};

Entries& entries() {
  static auto* made = new Entries;  // outlives static destructors
  return *made;
}

// Silence would be hard to find. Once in the life of the process, as a thread may call very often.
void tell_refused() {
  static bool told = false;
  if (__atomic_exchange_n(&told, true, __ATOMIC_RELAXED)) return;
  constexpr char kText[] =
      "ffi: a callback was called on a thread that is not inside of its Lua state (no C call that Lua made is in "
      "progress there); it returned zero\n";
  os::write_standard_error(kText, sizeof kText - 1);
}

}  // namespace

EntryData* take_entry_data(Gate* gate, CallbackRecord* record) {
  Entries& e = entries();
  EntryData* data;
  {
    std::lock_guard lock(e.mutex);
    if (e.idle.empty()) {
      e.all.reserve(e.all.size() + 1);
      e.idle.reserve(e.all.size() + 1);
      e.all.push_back(std::make_unique<EntryData>());
      data = e.all.back().get();
      data->context = data;
    } else {
      data = e.idle.back();
      e.idle.pop_back();
    }
  }
  data->record = record;
  data->active = 0;
  __atomic_store_n(&data->state, static_cast<void*>(gate), __ATOMIC_RELEASE);
  return data;
}

void give_back_entry_data(EntryData* data) {
  __atomic_store_n(&data->state, static_cast<void*>(&closed_gate), __ATOMIC_RELEASE);
  data->live = false;
  data->record = nullptr;
  Entries& e = entries();
  std::lock_guard lock(e.mutex);
  e.idle.push_back(data);
}

CallbackRecord* refuse_call(const Gate* gate) {
  if (traced(Topic::callback)) trace(Topic::callback, "called on a thread that is not inside, refused");
  if (gate != &closed_gate) tell_refused();
  return nullptr;
}

}  // namespace ferry::lua
