// What threads that call and the owner do with a queue's calls (queue_record.h).
#include "lua/calls/queue_record.h"

#include <cstdlib>
#include <cstring>

#include "os/waits.h"

namespace ferry::lua {

namespace {

// One change of CallbackQueue::free.
constexpr uint64_t kChange = uint64_t{1} << 32;

}  // namespace

QueuedCall* take_free_call(CallbackQueue* queue) {
  uint64_t first = queue->free.load();
  for (;;) {
    const auto number = static_cast<uint32_t>(first);
    if (number == 0) return nullptr;
    QueuedCall* call = queue->call(number - 1);
    const uint64_t next = (first & ~(kChange - 1)) + kChange + call->next_free.load();
    if (!queue->free.compare_exchange_weak(first, next)) continue;
    queue->used.fetch_add(1);
    return call;
  }
}

void give_back_call(Gate* gate, QueuedCall* call) {
  CallbackQueue* queue = call->queue;
  if (call->text != nullptr) {
    std::free(call->text);
    call->text = nullptr;
  }
  queue->used.fetch_sub(1);
  const uint64_t number = queue->number(call) + 1;
  uint64_t first = queue->free.load();
  do {
    call->next_free = static_cast<uint32_t>(first);
  } while (!queue->free.compare_exchange_weak(first, (first & ~(kChange - 1)) + kChange + number));
  if (gate->inbox.waiting.load() == 0) return;
  gate->inbox.room.fetch_add(1);
  os::wake_all(gate->inbox.room);
}

os::Event event_of(const Inbox& inbox) {
  return {inbox.readable.load(), inbox.writable.load()};
}

void raise_inbox(Inbox& inbox) {
  if (!inbox.raised.exchange(true)) os::raise_event(event_of(inbox));
}

void answer_closed(const CallbackQueue* queue, void* result) {
  if (const Answer* answer = queue->answer) std::memcpy(result, answer->bytes.get(), answer->size);
}

}  // namespace ferry::lua
