// What the C side of a callback knows of it: the data that slots and compiled code lead to. C may be calling the
// pointer on any thread while the callback is freed or its state closes, so this is the process's memory, used again
// and never freed. A thread that calls looks at the gate there first, and at the rest only if it is inside of the
// state.
#pragma once

#include "call/native/callback.h"
#include "lua/state/gate.h"
#include "os/threads.h"

namespace ferry::lua {

struct CallbackRecord;

// CallbackData::state is a Gate, CallbackData::context this.
struct EntryData : call::CallbackData {
  CallbackRecord* record = nullptr;
};

// Data for a callback of the gate's state. Throws std::bad_alloc.
EntryData* take_entry_data(Gate* gate, CallbackRecord* record);
// The callback is gone: C's calls answer zero from now on, and its slot has to be retired.
void give_back_entry_data(EntryData* data);

// A call on a thread that is not inside of the state: it is told, and null.
CallbackRecord* refuse_call(const Gate* gate);
// The record behind the context that a callback was called with; null where the calling thread is not inside of the
// state.
inline CallbackRecord* enter_record(void* context) {
  auto* data = static_cast<EntryData*>(context);
  const auto* gate = static_cast<const Gate*>(__atomic_load_n(&data->state, __ATOMIC_ACQUIRE));
  if (!is_inside(gate, os::this_thread())) [[unlikely]]
    return refuse_call(gate);
  return data->record;
}

}  // namespace ferry::lua
