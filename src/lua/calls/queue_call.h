// A call of a callback with a queue (queue.h), on a thread that is not inside.
#pragma once

#include "lua/calls/queue.h"

namespace ferry::lua {

// A thread that is not inside calls: in a visit. `done`: it has been answered, or will be run. `opened`: the state is
// open, come in (opening.h). `drops`: if the queue is full, whatever its options say.
enum class QueueEnd : uint8_t { done, opened };
QueueEnd queue_call(Gate* gate, EntryData* data, CallbackQueue* queue, void* const* args, void* result, bool drops);
// Whether the call has to wait, and is better run by the caller where it may come in.
bool is_waiting_queue(const CallbackQueue* queue);

}  // namespace ferry::lua
