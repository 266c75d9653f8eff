// What a queue of calls consists of (queue.h): the calls of a callback that wait, and what the threads that call
// (queue_call.h) and the owner both do with them. For those two alone.
#pragma once

#include <memory>
#include <vector>

#include "lua/calls/callback_data.h"
#include "lua/calls/queue.h"

namespace ferry::lua {

// What becomes of a call. Who waits for it waits for the change.
enum class Stage : uint32_t {
  queued,
  running,    // the owner has it
  answered,   // the result is there
  let_in,     // the state is open: it is the caller's again
  withdrawn,  // the caller has come in meanwhile
};

// Behind it: the addresses of the arguments, the arguments, the result.
struct QueuedCall {
  QueuedCall* next = nullptr;  // who has it: the inbox, or Inbox::running
  CallbackQueue* queue = nullptr;
  std::atomic<uint32_t> stage{0};
  std::atomic<uint32_t> next_free{0};  // the number of the next one that is free, and 1; 0: none
  char* text = nullptr;                // copies of strings, to be freed
};

struct QueuedArgument {
  uint32_t offset;  // from the call
  uint32_t size;
  bool string;
};

inline Stage stage_of(const QueuedCall* call) {
  return static_cast<Stage>(call->stage.load());
}
inline bool change_stage(QueuedCall* call, Stage from, Stage to) {
  auto expected = static_cast<uint32_t>(from);
  return call->stage.compare_exchange_strong(expected, static_cast<uint32_t>(to));
}

struct CallbackQueue {
  EntryData* data = nullptr;
  Gate* gate = nullptr;
  QueueOptions options;
  std::vector<QueuedArgument> args;
  uint32_t call_bytes = 0;
  uint32_t result_at = 0;
  uint32_t result_bytes = 0;
  bool strings = false;  // some argument is a string to be copied
  std::unique_ptr<std::byte[]> memory;
  std::byte* calls = nullptr;  // in it, aligned
  // The first free call: its number and 1 in the lower half, in the upper half a count of changes, so that one that
  // was taken and given back meanwhile is not taken for what it was.
  std::atomic<uint64_t> free{0};
  std::atomic<bool> closed{false};
  std::atomic<const Answer*> answer{nullptr};  // once closed
  std::atomic<uint32_t> entering{0};           // threads that have seen it open and may add a call
  std::atomic<uint32_t> used{0};
  std::atomic<uint64_t> dropped{0};
  uint32_t running = 0;  // calls of it in ffi.poll

  QueuedCall* call(uint32_t number) { return reinterpret_cast<QueuedCall*>(calls + size_t{number} * call_bytes); }
  uint32_t number(const QueuedCall* call) const {
    return static_cast<uint32_t>(static_cast<size_t>(reinterpret_cast<const std::byte*>(call) - calls) / call_bytes);
  }
  void** addresses(QueuedCall* call) const { return reinterpret_cast<void**>(call + 1); }
  void* result(QueuedCall* call) const { return reinterpret_cast<std::byte*>(call) + result_at; }
};

// A call that is free, now the caller's; null: none. Any thread.
QueuedCall* take_free_call(CallbackQueue* queue);
// The call is free again, and who waits for room is told. Any thread.
void give_back_call(Gate* gate, QueuedCall* call);

os::Event event_of(const Inbox& inbox);
// The inbox's descriptor can be read from: something has come. Any thread.
void raise_inbox(Inbox& inbox);

// C gets what it gets of calls that are refused. The queue is closed.
void answer_closed(const CallbackQueue* queue, void* result);

}  // namespace ferry::lua
