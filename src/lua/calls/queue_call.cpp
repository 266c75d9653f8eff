// Threads that are not inside leave their calls in a queue (queue_call.h).
#include "lua/calls/queue_call.h"

#include <cstdlib>
#include <cstring>

#include "lua/calls/opening.h"
#include "lua/calls/outside.h"
#include "lua/calls/queue_record.h"
#include "os/waits.h"

namespace ferry::lua {

namespace {

void drop_call(Gate* gate, EntryData* data, CallbackQueue* queue, void* result) {
  queue->dropped.fetch_add(1);
  gate->inbox.dropped.fetch_add(1);
  answer_call(data, result);
}

// Whether the calling thread is one on which the owner could be at work: a signal's handler that has interrupted it.
bool is_owners(Gate* gate) {
  if (gate->doors.openings != 0) return holds_opening(gate);
  const uintptr_t thread = os::this_thread();
  return __atomic_load_n(&gate->owner, __ATOMIC_RELAXED) == thread ||
         __atomic_load_n(&gate->resident, __ATOMIC_ACQUIRE) == thread;
}

// Copies the arguments. False: no memory for strings.
bool fill_call(CallbackQueue* queue, QueuedCall* call, void* const* args) {
  auto* base = reinterpret_cast<std::byte*>(call);
  size_t text_bytes = 0;
  for (size_t i = 0; i < queue->args.size(); ++i) {
    const QueuedArgument& arg = queue->args[i];
    std::memcpy(base + arg.offset, args[i], arg.size);
    if (!arg.string) continue;
    const char* text;
    std::memcpy(&text, args[i], sizeof text);
    if (text != nullptr) text_bytes += std::strlen(text) + 1;
  }
  std::memset(queue->result(call), 0, queue->result_bytes);
  if (text_bytes == 0) return true;
  call->text = static_cast<char*>(std::malloc(text_bytes));
  if (call->text == nullptr) return false;
  char* to = call->text;
  char* const end = to + text_bytes;
  for (size_t i = 0; i < queue->args.size(); ++i) {
    const QueuedArgument& arg = queue->args[i];
    const char* text;
    if (!arg.string) continue;
    std::memcpy(&text, args[i], sizeof text);
    if (text == nullptr) continue;
    // Somebody may be writing to it.
    const size_t length = strnlen(text, static_cast<size_t>(end - to) - 1);
    std::memcpy(to, text, length);
    to[length] = 0;
    std::memcpy(base + arg.offset, &to, sizeof to);
    if (to + length + 1 < end) to += length + 1;
  }
  return true;
}

// False: the queue is closed.
bool add_call(Inbox& inbox, CallbackQueue* queue, QueuedCall* call) {
  queue->entering.fetch_add(1);
  const bool open = !queue->closed.load();
  if (open) {
    QueuedCall* newest = inbox.newest.load();
    do {
      call->next = newest;
    } while (!inbox.newest.compare_exchange_weak(newest, call));
  }
  queue->entering.fetch_sub(1);
  if (open) raise_inbox(inbox);
  return open;
}

// Waits for a call to be free. Null: the queue is closed, or the state is open (`opened`).
QueuedCall* wait_for_room(Gate* gate, CallbackQueue* queue, bool* opened) {
  Inbox& inbox = gate->inbox;
  QueuedCall* call = nullptr;
  inbox.waiting.fetch_add(1);
  while (!queue->closed.load()) {
    const uint32_t seen = inbox.room.load();
    call = take_free_call(queue);
    if (call != nullptr || queue->closed.load()) break;
    *opened = may_enter_opening(gate);
    if (*opened) break;
    os::wait_while(inbox.room, seen);
  }
  inbox.waiting.fetch_sub(1);
  return call;
}

// The call is in the inbox.
QueueEnd wait_for_answer(Gate* gate, CallbackQueue* queue, QueuedCall* call, void* result) {
  // Whoever opens the state sees that we wait, or we see that it is open.
  if (may_enter_opening(gate) && change_stage(call, Stage::queued, Stage::withdrawn)) return QueueEnd::opened;
  for (;;) {
    const Stage stage = stage_of(call);
    if (stage == Stage::let_in) {
      give_back_call(gate, call);
      return QueueEnd::opened;
    }
    if (stage == Stage::answered) break;
    os::wait_while(call->stage, static_cast<uint32_t>(stage));
  }
  if (queue->result_bytes != 0) std::memcpy(result, queue->result(call), queue->result_bytes);
  give_back_call(gate, call);
  return QueueEnd::done;
}

}  // namespace

bool is_waiting_queue(const CallbackQueue* queue) {
  return queue->options.waits;
}

QueueEnd queue_call(Gate* gate, EntryData* data, CallbackQueue* queue, void* const* args, void* result, bool drops) {
  const os::LastError kept_error = os::last_error();
  const bool waits = queue->options.waits;
  const bool owners = is_owners(gate);
  if (owners && (waits || queue->strings)) {
    refuse_call(gate, data, result);
    return QueueEnd::done;
  }
  QueuedCall* call = take_free_call(queue);
  if (call == nullptr && (drops || queue->options.drops || owners)) {
    drop_call(gate, data, queue, result);
    return QueueEnd::done;
  }
  if (call == nullptr) {
    bool opened = false;
    call = wait_for_room(gate, queue, &opened);
    if (opened) return QueueEnd::opened;
  }
  if (call == nullptr) {
    answer_closed(queue, result);
    return QueueEnd::done;
  }
  if (!fill_call(queue, call, args)) {
    give_back_call(gate, call);
    drop_call(gate, data, queue, result);
    return QueueEnd::done;
  }
  call->stage = static_cast<uint32_t>(Stage::queued);
  if (waits) gate->inbox.waiting.fetch_add(1);
  QueueEnd end = QueueEnd::done;
  if (!add_call(gate->inbox, queue, call)) {
    give_back_call(gate, call);
    answer_closed(queue, result);
  } else if (waits) {
    end = wait_for_answer(gate, queue, call, result);
  }
  if (waits) gate->inbox.waiting.fetch_sub(1);
  os::set_last_error(kept_error);
  return end;
}

}  // namespace ferry::lua
