// Calls of callbacks on threads that are not inside of the state: what C is answered, and what the state is left to be
// told.
#pragma once

#include "lua/calls/callback_data.h"

namespace ferry::lua {

// What C gets where the Lua function does not run. `result` is zero before. Both neither allocate nor wait, and are a
// visitor's.
void answer_call(EntryData* data, void* result);
// The same, and the state will be told.
void refuse_call(Gate* gate, EntryData* data, void* result);

}  // namespace ferry::lua
