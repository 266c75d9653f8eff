// Queued calls of callbacks: what other threads do, and what the owner does (queue.h).
#include "lua/calls/queue.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>

#include "base/round.h"
#include "lua/calls/callback_record.h"
#include "lua/calls/callback_run.h"
#include "lua/calls/opening.h"
#include "lua/calls/outside.h"
#include "lua/calls/settle.h"
#include "lua/state/raise.h"

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

namespace {

struct Argument {
  uint32_t offset;  // from the call
  uint32_t size;
  bool string;
};

Stage stage_of(const QueuedCall* call) {
  return static_cast<Stage>(call->stage.load());
}
bool change_stage(QueuedCall* call, Stage from, Stage to) {
  auto expected = static_cast<uint32_t>(from);
  return call->stage.compare_exchange_strong(expected, static_cast<uint32_t>(to));
}

}  // namespace

struct CallbackQueue {
  EntryData* data = nullptr;
  Gate* gate = nullptr;
  QueueOptions options;
  std::vector<Argument> args;
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
    return static_cast<uint32_t>((reinterpret_cast<const std::byte*>(call) - calls) / call_bytes);
  }
  void** addresses(QueuedCall* call) const { return reinterpret_cast<void**>(call + 1); }
  void* result(QueuedCall* call) const { return reinterpret_cast<std::byte*>(call) + result_at; }
};

namespace {

constexpr uint64_t kChange = uint64_t{1} << 32;
constexpr uint32_t kCallAlign = 64;  // each on cache lines of its own
constexpr uint64_t kMaxQueueBytes = uint64_t{1} << 28;

QueuedCall* take_free(CallbackQueue* queue) {
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
  gate->inbox.room.notify_all();
}

os::Event event_of(const Inbox& inbox) {
  return {inbox.readable.load(), inbox.writable.load()};
}

void raise_inbox(Inbox& inbox) {
  if (!inbox.raised.exchange(true)) os::raise_event(event_of(inbox));
}

// --- threads that call -----------------------------------------------------------------------------------------------

void answer_closed(const CallbackQueue* queue, void* result) {
  if (const Answer* answer = queue->answer) std::memcpy(result, answer->bytes.get(), answer->size);
}

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
    const Argument& arg = queue->args[i];
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
    const Argument& arg = queue->args[i];
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
    call = take_free(queue);
    if (call != nullptr || queue->closed.load()) break;
    *opened = may_enter_opening(gate);
    if (*opened) break;
    inbox.room.wait(seen);
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
    call->stage.wait(static_cast<uint32_t>(stage));
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
  const int kept_errno = errno;
  const bool waits = queue->options.waits;
  const bool owners = is_owners(gate);
  if (owners && (waits || queue->strings)) {
    refuse_call(gate, data, result);
    return QueueEnd::done;
  }
  QueuedCall* call = take_free(queue);
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
  errno = kept_errno;
  return end;
}

// --- the owner -------------------------------------------------------------------------------------------------------

namespace {

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
  call->stage.notify_one();
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
  if (inbox.newest != nullptr || inbox.first != nullptr) raise_inbox(inbox);
}

// Waits until something has come or the time is over. Signals are told meanwhile.
void wait_for_calls(lua_State* L, State* st, double timeout) {
  using Clock = std::chrono::steady_clock;
  require_event(L, st);
  Inbox& inbox = st->gate->inbox;
  const Clock::time_point begin = Clock::now();
  for (double left = timeout; inbox.first == nullptr && left > 0;) {
    os::wait_for_event(event_of(inbox), left < 1e6 ? left : -1);
    lower_inbox(inbox);
    collect(inbox);
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
  queue->memory = std::make_unique_for_overwrite<std::byte[]>(at * options.size + kCallAlign);
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
  if (inbox.first == nullptr && timeout > 0) wait_for_calls(L, st, timeout);
  lua_State* outer = gate->caller;
  int ran = 0;
  // Only those that have come by now: more may come for ever.
  for (uint32_t n = inbox.count; n > 0 && inbox.first != nullptr; --n) {
    QueuedCall* call = next_queued_call(gate);
    if (call == nullptr) break;
    ++ran;
    // As if C called back during a call that Lua has made.
    const int kept_errno = gate->saved_errno;
    enter_call(gate, L, os::this_thread());
    errno = kept_errno;
    handle_callback(data_of(call), arguments_of(call), result_of(call));
    set_caller(gate, outer);
    gate->saved_errno = kept_errno;
    finish_queued_call(gate, call);
    if (notices_of(gate) == 0) continue;
    if (inbox.first != nullptr) raise_inbox(inbox);
    settle(L, st);
  }
  if (inbox.first != nullptr) raise_inbox(inbox);
  return ran;
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
    call->stage.notify_one();
    return true;
  });
  inbox.room.fetch_add(1);
  inbox.room.notify_all();
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
  inbox.room.notify_all();
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

void drop_queue(EntryData* data) {
  CallbackQueue* queue = data->kept_queue;
  // A call that is run is known by ffi.poll; who waits is a visitor.
  if (queue == nullptr || queue->running != 0 || data->visitors.load() != 0) return;
  data->kept_queue = nullptr;
  delete queue;
}

}  // namespace ferry::lua
