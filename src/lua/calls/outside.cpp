// Threads that are not inside (outside.h).
#include "lua/calls/outside.h"

#include <cstring>

#include "lua/host/trace.h"

namespace ferry::lua {

namespace {

// Once for each callback: who calls a thousand times a second would end every C call of the state with an error.
void note_refusal(Gate* gate, EntryData* data) {
  const uint64_t id = data->id;
  if (id == 0) return;
  Refusal& refusal = gate->refusal;
  refusal.calls.fetch_add(1, std::memory_order_relaxed);
  if (data->told.exchange(true)) return;
  int none = Refusal::none;
  if (!refusal.stage.compare_exchange_strong(none, Refusal::begun)) {
    data->told = false;  // another one waits to be told; the next call tries again
    return;
  }
  refusal.callback = id;
  os::name_this_thread(&refusal.thread);
  refusal.stage = Refusal::complete;
  add_notice(gate, kRefused);
}

}  // namespace

void answer_call(EntryData* data, void* result) {
  if (const Answer* answer = data->answer) std::memcpy(result, answer->bytes.get(), answer->size);
}

void refuse_call(Gate* gate, EntryData* data, void* result) {
  if (traced(Topic::callback)) trace(Topic::callback, "called on a thread that is not inside, refused");
  answer_call(data, result);
  note_refusal(gate, data);
}

}  // namespace ferry::lua
