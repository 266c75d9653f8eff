// Calls of callbacks on threads that are not inside of the state: what C is answered, and what the state is left to be
// told.
#pragma once

#include "lua/calls/callback_data.h"

namespace ferry::lua {

// `result` is zero before. Neither allocates nor waits.
void refuse_call(EntryData* data, void* result);

}  // namespace ferry::lua
