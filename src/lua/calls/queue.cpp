// Queued calls of callbacks: what the owner does (queue.h).
#include "lua/calls/queue.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <thread>

#include "base/round.h"
#include "lua/calls/callback_record.h"
#include "lua/calls/callback_run.h"
#include "lua/calls/queue_record.h"
#include "lua/calls/settle.h"
#include "lua/state/raise.h"
#include "os/waits.h"

namespace ferry::lua {

namespace {

constexpr uint32_t kCallAlign = 64;  // each on cache lines of its own
constexpr uint64_t kMaxQueueBytes = uint64_t{1} << 28;

// Takes all that have come out of the inbox, to the others that were.
void collect(Inbox& inbox) {
  QueuedCall* newest = inbox.newest.exchange(nullptr);
  if (newest == nullptr) return;
  QueuedCall* oldest = nullptr;
  for (QueuedCall* call = newest; call != nullptr;) {
    QueuedCall* before = call->next;
    call->next = oldest;
    oldest = call;
    call = before;
    ++inbox.count;
  }
  (inbox.first == nullptr ? inbox.first : inbox.last->next) = oldest;
  inbox.last = newest;
}

// Takes those out of the inbox for which `leaves` says so.
template <typename Leaves>
void take_out(Inbox& inbox, Leaves leaves) {
  QueuedCall** at = &inbox.first;
  inbox.last = nullptr;
  while (QueuedCall* call = *at) {
    QueuedCall* next = call->next;
    if (leaves(call)) {
      *at = next;
      --inbox.count;
    } else {
      inbox.last = call;
      at = &call->next;
    }
  }
}

void set_answered(QueuedCall* call) {
  call->stage = static_cast<uint32_t>(Stage::answered);
  os::wake_one(call->stage);
}

// Lowers the event before what has come is taken out: whoever adds something afterwards raises it again.
void lower_inbox(Inbox& inbox) {
  // Not raised though said to be: it is about to be, and is lowered the next time.
  if (inbox.raised.load() && os::lower_event(event_of(inbox))) inbox.raised = false;
}

void require_event(lua_State* L, State* st) {
  own_inbox(st);
  Inbox& inbox = st->gate->inbox;
  if (inbox.readable >= 0) return;
  os::Event event;
  if (!os::make_event(&event)) raise(L, "no file descriptor for queued calls: %s", std::strerror(errno));
  inbox.readable = event.readable;
  inbox.writable = event.writable;
  inbox.process = os::this_process();
  inbox.raised = false;
  if (inbox.newest != nullptr || inbox.first != nullptr || inbox.noted != 0) raise_inbox(inbox);
}

// Waits until something has come, an asynchronous call has ended, or the time is over. Signals are told meanwhile.
void wait_for_calls(lua_State* L, State* st, double timeout) {
  using Clock = std::chrono::steady_clock;
  require_event(L, st);
  Inbox& inbox = st->gate->inbox;
  const Clock::time_point begin = Clock::now();
  for (double left = timeout; inbox.first == nullptr && left > 0;) {
    os::wait_for_event(event_of(inbox), left < 1e6 ? left : -1);
    lower_inbox(inbox);
    collect(inbox);
    if (inbox.noted.exchange(0) != 0) return;
    if (notices_of(st->gate) != 0) {
      if (inbox.first != nullptr) raise_inbox(inbox);
      settle(L, st);
      return;
    }
    left = timeout - std::chrono::duration<double>(Clock::now() - begin).count();
  }
}

CallbackQueue* make_queue(State* st, CallbackRecord* record, const QueueOptions& options) {
  auto queue = std::make_unique<CallbackQueue>();
  queue->data = record->data;
  queue->gate = st->gate;
  queue->options = options;
  if (record->result->rep != Rep::none) queue->options.waits = true;
  uint64_t at = sizeof(QueuedCall) + sizeof(void*) * record->params.size();
  const auto take = [&at](uint64_t size, uint64_t align) {
    at = round_up(at, std::max<uint64_t>(align, 8));
    const uint64_t taken = at;
    at += std::max<uint64_t>(size, 8);
    return taken;
  };
  for (TypeInfo* param : record->params) {
    const bool pointer = param->rep == Rep::pointer || param->rep == Rep::reference;
    const uint64_t size = pointer ? sizeof(void*) : param->size;
    const uint64_t offset = take(size, param->align);
    if (at > kMaxQueueBytes) break;
    bool string = false;
    if (param->rep == Rep::pointer && options.strings && !queue->options.waits) {
      const TypeInfo* to = base_of(st, param);
      string = (to->quals & kConst) != 0 && (*st->types)[to->id].canonical == scalar_type(Scalar::char_);
    }
    queue->strings = queue->strings || string;
    queue->args.push_back({static_cast<uint32_t>(offset), static_cast<uint32_t>(size), string});
  }
  if (record->result->rep != Rep::none) {
    const uint64_t bytes = std::max<uint64_t>(record->result->size, 8);
    const uint64_t offset = take(std::max<uint64_t>(bytes, 16), std::max<uint64_t>(record->result->align, 16));
    queue->result_bytes = static_cast<uint32_t>(bytes);
    queue->result_at = static_cast<uint32_t>(offset);
  } else {
    queue->result_at = static_cast<uint32_t>(take(16, 16));
  }
  at = round_up(at, uint64_t{kCallAlign});
  if (at * options.size > kMaxQueueBytes) {
    st->errors.message = "a queue of " + std::to_string(options.size) + " calls of " + std::to_string(at) +
                         " bytes takes more than " + std::to_string(kMaxQueueBytes);
    return nullptr;
  }
  queue->call_bytes = static_cast<uint32_t>(at);
  // Not make_unique, which clears it; libc++ 14 has no make_unique_for_overwrite.
  queue->memory.reset(new std::byte[at * options.size + kCallAlign]);
  queue->calls =
      reinterpret_cast<std::byte*>(round_up(reinterpret_cast<uintptr_t>(queue->memory.get()), uintptr_t{kCallAlign}));
  for (uint32_t i = options.size; i-- > 0;) {
    auto* call = new (queue->call(i)) QueuedCall;
    call->queue = queue.get();
    call->next_free = static_cast<uint32_t>(queue->free.load());
    queue->free = i + 1;
    for (size_t k = 0; k < queue->args.size(); ++k) {
      queue->addresses(call)[k] = reinterpret_cast<std::byte*>(call) + queue->args[k].offset;
    }
  }
  return queue.release();
}

CallbackRecord* record_at(State* st, const void* address) {
  CallbackTable* table = st->callbacks.table.get();
  if (table == nullptr) return nullptr;
  auto found = table->by_address.find(address);
  return found != table->by_address.end() && found->second != 0 ? table->records.at(found->second).get() : nullptr;
}

}  // namespace

bool queue_calls(State* st, CData* callback, const QueueOptions& options) {
  CallbackRecord* record = record_at(st, callback->pointer);
  CallbackQueue* queue = nullptr;
  if (!without_exceptions(st, [&] {
        queue = make_queue(st, record, options);
        return queue != nullptr;
      })) {
    return false;
  }
  __atomic_store_n(&st->gate->owner, os::this_thread(), __ATOMIC_RELAXED);
  record->data->kept_queue = queue;
  record->data->queue = queue;
  open_entry_data(record->data, st->gate);
  return true;
}

void own_inbox(State* st) {
  Inbox& inbox = st->gate->inbox;
  if (inbox.readable < 0 || inbox.process == os::this_process()) return;
  os::close_event(event_of(inbox));
  inbox.readable = inbox.writable = -1;
  inbox.waiting = 0;
  if (st->callbacks.table == nullptr) return;
  for (auto& [id, record] : st->callbacks.table->records) {
    if (CallbackQueue* queue = record->data->queue) queue->entering = 0;
  }
}

QueuedCall* next_queued_call(Gate* gate) {
  Inbox& inbox = gate->inbox;
  if (inbox.first == nullptr) collect(inbox);
  while (QueuedCall* call = inbox.first) {
    inbox.first = call->next;
    if (inbox.first == nullptr) inbox.last = nullptr;
    --inbox.count;
    if (!change_stage(call, Stage::queued, Stage::running)) {
      give_back_call(gate, call);  // withdrawn
      continue;
    }
    ++call->queue->running;
    call->next = inbox.running;
    inbox.running = call;
    return call;
  }
  return nullptr;
}

EntryData* data_of(const QueuedCall* call) {
  return call->queue->data;
}
void* const* arguments_of(QueuedCall* call) {
  return call->queue->addresses(call);
}
void* result_of(QueuedCall* call) {
  return call->queue->result(call);
}

void finish_queued_call(Gate* gate, QueuedCall* call) {
  gate->inbox.running = call->next;
  CallbackQueue* queue = call->queue;
  EntryData* data = queue->data;
  --queue->running;
  if (queue->options.waits) {
    set_answered(call);
  } else {
    give_back_call(gate, call);
  }
  if (data->queue == nullptr) drop_queue(data);
}

int run_queued_calls(lua_State* L, State* st, double timeout) {
  Gate* gate = st->gate;
  Inbox& inbox = gate->inbox;
  luaL_checkstack(L, LUA_MINSTACK, nullptr);
  own_inbox(st);
  __atomic_store_n(&gate->owner, os::this_thread(), __ATOMIC_RELAXED);
  lower_inbox(inbox);
  collect(inbox);
  const bool any_ended = inbox.noted.exchange(0) != 0;
  if (inbox.first == nullptr && timeout > 0 && !any_ended) wait_for_calls(L, st, timeout);
  lua_State* outer = gate->caller;
  int ran = 0;
  // Only those that have come by now: more may come for ever.
  for (uint32_t n = inbox.count; n > 0 && inbox.first != nullptr; --n) {
    QueuedCall* call = next_queued_call(gate);
    if (call == nullptr) break;
    ++ran;
    // As if C called back during a call that Lua has made.
    const os::LastError kept_error = gate->saved_error;
    enter_call(gate, L, os::this_thread());
    os::set_last_error(kept_error);
    handle_callback(data_of(call), arguments_of(call), result_of(call));
    set_caller(gate, outer);
    gate->saved_error = kept_error;
    finish_queued_call(gate, call);
    if (notices_of(gate) == 0) continue;
    if (inbox.first != nullptr) raise_inbox(inbox);
    settle(L, st);
  }
  if (inbox.first != nullptr) raise_inbox(inbox);
  return ran;
}

void note_for_poll(Gate* gate) {
  Inbox& inbox = gate->inbox;
  inbox.noted.fetch_add(1);
  if (inbox.readable.load() >= 0) raise_inbox(inbox);
}

uint64_t take_dropped(State* st) {
  return st->gate->inbox.dropped.exchange(0);
}

int inbox_descriptor(lua_State* L, State* st) {
  require_event(L, st);
  return st->gate->inbox.readable;
}

QueueUse queue_use(State* st, const void* address) {
  const CallbackRecord* record = record_at(st, address);
  const CallbackQueue* queue = record != nullptr ? record->data->queue.load() : nullptr;
  if (queue == nullptr) return {};
  return {queue->options.size, queue->used.load(), queue->dropped.load()};
}

void let_in_waiting(Gate* gate) {
  Inbox& inbox = gate->inbox;
  if (inbox.waiting.load() == 0) return;
  collect(inbox);
  take_out(inbox, [](QueuedCall* call) {
    if (!call->queue->options.waits || !change_stage(call, Stage::queued, Stage::let_in)) return false;
    os::wake_one(call->stage);
    return true;
  });
  inbox.room.fetch_add(1);
  os::wake_all(inbox.room);
}

void close_queue(EntryData* data) {
  CallbackQueue* queue = data->queue.exchange(nullptr);
  if (queue == nullptr) return;
  Gate* gate = queue->gate;
  Inbox& inbox = gate->inbox;
  queue->answer = data->answer.load();
  queue->closed = true;
  while (queue->entering.load() != 0) std::this_thread::yield();
  // From here on nobody adds a call.
  collect(inbox);
  const auto release = [&](QueuedCall* call) {
    answer_closed(queue, queue->result(call));
    set_answered(call);
  };
  take_out(inbox, [&](QueuedCall* call) {
    if (call->queue != queue) return false;
    if (queue->options.waits && change_stage(call, Stage::queued, Stage::running)) {
      release(call);
    } else {
      give_back_call(gate, call);
    }
    return true;
  });
  inbox.room.fetch_add(1);
  os::wake_all(inbox.room);
  if (data->id == 0) {
    drop_queue(data);
    return;
  }
  // The state closes while ffi.poll runs a call, and does not come back to it.
  for (QueuedCall** at = &inbox.running; *at != nullptr;) {
    QueuedCall* call = *at;
    if (call->queue != queue) {
      at = &call->next;
      continue;
    }
    *at = call->next;
    if (queue->options.waits) release(call);
  }
}

void close_queues(State* st) {
  own_inbox(st);
  if (st->callbacks.table == nullptr) return;
  for (auto& [id, record] : st->callbacks.table->records) close_queue(record->data);
}

void drop_queue(EntryData* data) {
  CallbackQueue* queue = data->kept_queue;
  // A call that is run is known by ffi.poll; who waits is a visitor.
  if (queue == nullptr || queue->running != 0 || data->visitors.load() != 0) return;
  data->kept_queue = nullptr;
  delete queue;
}

}  // namespace ferry::lua
