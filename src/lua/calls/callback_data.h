// What the C side of a callback knows of it: the data that slots and compiled code lead to. C may be calling the
// pointer on any thread while the callback is freed or its state closes, so this is the process's memory, used again
// and never freed. Who comes in looks at the gate there first, and at the rest only if he is inside.
#pragma once

#include "call/native/callback.h"
#include "lua/state/gate.h"

namespace ferry::lua {

struct CallbackRecord;

// CallbackData::state is a Gate, CallbackData::context this.
struct EntryData : call::CallbackData {
  CallbackRecord* record = nullptr;
};

// For a callback of the gate's state. Throws for memory.
EntryData* take_entry_data(Gate* gate, CallbackRecord* record);
// Nobody is behind the callback from now on; its slot has to be retired.
void give_back_entry_data(EntryData* data);

// Whoever is called with this context on the calling thread: the record, if it is inside of the state, else null.
CallbackRecord* enter_record(void* context);

}  // namespace ferry::lua
