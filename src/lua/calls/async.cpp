// The owner's side of asynchronous calls (async.h).
#include "lua/calls/async.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <new>
#include <thread>

#include "base/round.h"
#include "base/stack.h"
#include "lua/calls/call.h"
#include "lua/calls/call_info.h"
#include "lua/calls/exceptions.h"
#include "lua/calls/opening.h"
#include "lua/calls/queue.h"
#include "lua/calls/settle.h"
#include "lua/calls/signals.h"
#include "lua/state/anchor.h"
#include "lua/state/raise.h"
#include "lua/values/read.h"
#include "os/threads.h"

namespace ferry::lua {

namespace {

// Calls that wait for others take no processor; and more threads than this are to be asked for.
constexpr uint32_t kLeastUsual = 4, kMostUsual = 64;
// So long a signal may wait to be seen while the owner waits.
constexpr double kLook = 0.05;
constexpr size_t kAlign = 16;
// Where the result is among the values that C may use.
constexpr int kResultPlace = 1;

const char* shown(State* st, const AsyncCall* call) {
  return call->name != nullptr ? call->name : type_name(st, call->type->id);
}

void on_end(void* gate) {
  note_for_poll(static_cast<Gate*>(gate));
}

void prepare(lua_State* L, State* st) {
  Async& async = st->async;
  if (async.running == 0) async.running = new_table_reference(L, nullptr);
  if (async.pinned == 0) async.pinned = new_table_reference(L, "k");
  if (async.workers != nullptr) return;
  const uint32_t limit = async.threads != 0 ? async.threads : usual_workers();
  if (!without_exceptions(st, [&] {
        async.workers = new call::Workers(limit, on_end, st->gate);
        return true;
      })) {
    raise_error(L, st);
  }
}

// Adds to the number of calls that use the cdata on top, which is popped. What has a number already needs no memory.
void count_use(lua_State* L, State* st, int more) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->async.pinned);
  lua_pushvalue(L, -2);
  lua_rawget(L, -2);
  const auto count = static_cast<int>(lua_tonumber(L, -1));
  lua_pop(L, 1);
  lua_pushvalue(L, -2);
  lua_pushnumber(L, count + more);
  lua_rawset(L, -3);
  lua_pop(L, 2);
}

// The value on top, which is popped, is used by C; `uses`: the table of such values.
void add_use(lua_State* L, State* st, AsyncCall* call, int uses) {
  if (to_cdata(L, st, -1) != nullptr) {
    lua_pushvalue(L, -1);
    count_use(L, st, 0);
  }
  lua_rawseti(L, uses, ++call->uses);
}

bool is_collected(int type) {
  return type == LUA_TSTRING || type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TUSERDATA ||
         type == LUA_TTHREAD;
}

// All that is on the stack, and what owns the memory that cdata point to.
void add_uses(lua_State* L, State* st, AsyncCall* call, int uses, int top) {
  for (int i = 1; i <= top; ++i) {
    if (!is_collected(lua_type(L, i)) || i == uses || lua_touserdata(L, i) == call) continue;
    if (to_cdata(L, st, i) != nullptr) {
      push_owner(L, st, i);
      lua_rawequal(L, -1, i) != 0 ? lua_pop(L, 1) : add_use(L, st, call, uses);
    }
    lua_pushvalue(L, i);
    add_use(L, st, call, uses);
  }
}

void set_running(lua_State* L, State* st, const AsyncCall* call, int future) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->async.running);
  if (future != 0) {
    lua_pushvalue(L, future);
  } else {
    lua_pushnil(L);
  }
  rawset_p(L, -2, call);
  lua_pop(L, 1);
}

// Whether the registry has the call among those that run; then pushes what it has there.
bool push_running(lua_State* L, State* st, const AsyncCall* call) {
  if (st->async.running == 0) return false;
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->async.running);
  rawget_p(L, -1, call);
  lua_remove(L, -2);
  if (!lua_isnil(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

void push_uses(lua_State* L, int future) {
  get_attached(L, future);
}

// The call is over: C uses nothing any more. Raises nothing: there is no new key in any table.
void let_go(lua_State* L, State* st, AsyncCall* call) {
  if (call->scope.first != nullptr) end_scope(L, st, &call->scope);
  if (!push_running(L, st, call)) return;
  if (lua_touserdata(L, -1) == call) {
    push_uses(L, -1);
    for (int i = kResultPlace + 1; i <= call->uses; ++i) {
      lua_rawgeti(L, -1, i);
      if (to_cdata(L, st, -1) != nullptr) {
        count_use(L, st, -1);
      } else {
        lua_pop(L, 1);
      }
      lua_pushnil(L);
      lua_rawseti(L, -2, i);
    }
    lua_pop(L, 1);
    set_running(L, st, call, 0);
  }
  lua_pop(L, 1);
}

// This is a forked process: its parent has the threads. Their memory is left as it is, locks and all.
void lose_calls(lua_State* L, State* st) {
  st->async.workers = nullptr;
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->async.running);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    auto* call = static_cast<AsyncCall*>(lua_touserdata(L, -1));
    lua_pop(L, 1);
    if (call == nullptr) continue;
    call->lost = !call->is_over();
    let_go(L, st, call);
  }
  lua_pop(L, 1);
}

// Waits with `look`, which waits for so many seconds at most, until it says so. The state is open meanwhile.
template <typename Look>
bool wait_open(lua_State* L, State* st, double seconds, Look look) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  Gate* gate = st->gate;
  lua_State* outer = gate->caller;
  for (double left = seconds;;) {
    bool done = false;
    bool signalled = false;
    Opening opening;
    begin_opening(st, &opening);
    do {
      done = look(std::min(left, kLook));
      left = seconds - std::chrono::duration<double>(Clock::now() - begin).count();
      signalled = st->finalising == 0 && (notices_of(gate) & kSignalled) != 0;
    } while (!done && !signalled && left > 0);
    end_opening(st, &opening);
    set_caller(gate, outer);
    if (notices_of(gate) != 0) settle(L, st);
    if (done || !(left > 0)) return done;
  }
}

void wait_for_room(lua_State* L, State* st) {
  const uint32_t limit = st->async.queue;
  if (st->async.workers->wait_for_room(limit, 0)) return;
  if (!st->async.waits) raise(L, "the queue of asynchronous calls is full (%d calls)", static_cast<int>(limit));
  // Those who come in meanwhile may call this, too.
  while (!st->async.workers->wait_for_room(limit, 0)) {
    wait_open(L, st, HUGE_VAL, [&](double slice) { return st->async.workers->wait_for_room(limit, slice); });
  }
}

// Pushes the future with room for the arguments and the result, and the table of what C may use.
AsyncCall* push_future(lua_State* L, const CallForm& form, TypeInfo* type, call::CFunction function, const char* name) {
  const size_t bytes = round_up(form.invoker->frame_bytes(), kAlign);
  void* memory = new_userdata_with_slot(L, sizeof(AsyncCall) + kAlign + bytes + kScalarResult);
  auto* call = new (memory) AsyncCall;
  call->frame = reinterpret_cast<std::byte*>(round_up(reinterpret_cast<uintptr_t>(call + 1), uintptr_t{kAlign}));
  call->result = call->frame + bytes;
  call->invoker = form.invoker;
  call->function = function;
  call->type = type;
  call->returned = form.info->result;
  call->name = name;
  lua_createtable(L, 4, 0);
  lua_pushvalue(L, -1);
  set_attached(L, -3);
  return call;
}

}  // namespace

uint32_t usual_workers() {
  return std::clamp(std::thread::hardware_concurrency(), kLeastUsual, kMostUsual);
}

void start_async(lua_State* L, State* st, TypeInfo* type, call::CFunction function, const char* name,
                 const VarargShape* declared) {
  luaL_checkstack(L, LUA_MINSTACK, nullptr);
  note_ended(L, st);
  prepare(L, st);
  wait_for_room(L, st);
  constexpr int kFirst = 2;
  const CallForm form = form_of_call(L, st, type, name, kFirst, declared);
  luaL_checkstack(L, lua_gettop(L) + LUA_MINSTACK, "too many arguments");
  const size_t bytes = form.invoker->frame_bytes();
  if (4 * bytes + kStackReserve > call::kWorkerStack) raise_stack(L, st, type, name, bytes);
  AsyncCall* call = push_future(L, form, type, function, name);
  const int uses = lua_gettop(L);
  const int future = uses - 1;
  const bool scoped = write_frame(L, st, type, form, call->frame, kFirst, name);
  call->object = is_object_result(call->returned);
  if (call->object) {
    const uint64_t size = std::max<uint64_t>(form.invoker->result_bytes(), call->returned->size);
    call->result = new_cdata(L, st, call->returned, size)->address();
  } else {
    lua_pushboolean(L, 0);
  }
  lua_rawseti(L, uses, ++call->uses);
  add_uses(L, st, call, uses, lua_gettop(L));
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->async.metatable);
  lua_setmetatable(L, future);
  lua_pushboolean(L, 0);
  set_running(L, st, call, lua_gettop(L));  // there is a place for it
  lua_pop(L, 1);
  if (scoped) {
    begin_scope(L, st, form.info, form.invoker->args().data(), call->frame, kFirst, name, &call->scope);
  }
  // From here on nothing raises.
  set_running(L, st, call, future);
  for (int i = kResultPlace + 1; i <= call->uses; ++i) {
    lua_rawgeti(L, uses, i);
    to_cdata(L, st, -1) != nullptr ? count_use(L, st, 1) : lua_pop(L, 1);
  }
  call->error = st->gate->saved_error;
  lua_pushvalue(L, future);
  if (st->async.workers->submit(call)) return;
  const int error = errno;
  let_go(L, st, call);
  raise(L, "no thread for asynchronous calls: %s", std::strerror(error));
}

void note_ended(lua_State* L, State* st) {
  call::Workers* workers = st->async.workers;
  if (workers == nullptr) return;
  if (!workers->here()) {
    lose_calls(L, st);
    return;
  }
  for (call::WorkerCall* ended = workers->take_ended(); ended != nullptr;) {
    call::WorkerCall* next = ended->next;
    let_go(L, st, static_cast<AsyncCall*>(ended));
    ended = next;
  }
}

bool wait_async(lua_State* L, State* st, AsyncCall* call, double seconds) {
  note_ended(L, st);
  if (!is_over(call)) {
    if (call->thread.load(std::memory_order_relaxed) == os::this_thread()) {
      raise(L, "'%s' cannot wait for its own end", shown(st, call));
    }
    if (seconds > 0) {
      call::Workers* workers = st->async.workers;
      wait_open(L, st, seconds, [&](double slice) { return workers->wait(call, slice); });
    }
    note_ended(L, st);
  }
  return is_over(call);
}

bool cancel_async(lua_State* L, State* st, AsyncCall* call) {
  note_ended(L, st);
  if (is_over(call) || !st->async.workers->cancel(call)) return false;
  let_go(L, st, call);
  return true;
}

int push_async_results(lua_State* L, State* st, int idx, AsyncCall* call) {
  if (call->lost) raise(L, "'%s' was called by the process that this one was forked from", shown(st, call));
  if (call->stage == call::WorkerCall::Stage::cancelled) raise(L, "'%s' was cancelled", shown(st, call));
  st->gate->saved_error = call->error;
  switch (call->end) {
    case call::WorkerCall::End::left:
      raise(L, "'%s' has ended its thread", shown(st, call));
    case call::WorkerCall::End::threw:
      set_exception_error(st, call->name, call->exception != nullptr ? call->exception->type : "",
                          call->exception != nullptr ? call->exception->what : "");
      raise_error(L, st);
    case call::WorkerCall::End::returned:
      break;
  }
  if (call->returned->rep == Rep::none) return 0;
  if (call->object) {
    push_uses(L, idx);
    lua_rawgeti(L, -1, kResultPlace);
  } else {
    push_value(L, st, call->returned, call->result, 0);
  }
  return 1;
}

const char* async_stage(const AsyncCall* call) {
  if (call->lost) return "lost";
  switch (call->stage.load(std::memory_order_acquire)) {
    case call::WorkerCall::Stage::running:
      return "running";
    case call::WorkerCall::Stage::ended:
      return "ended";
    case call::WorkerCall::Stage::cancelled:
      return "cancelled";
    default:
      return "queued";
  }
}

void set_worker_limit(State* st, uint32_t threads) {
  st->async.threads = threads;
  if (st->async.workers != nullptr) st->async.workers->set_limit(threads);
}

call::Workers::Use worker_use(State* st) {
  return st->async.workers != nullptr ? st->async.workers->use() : call::Workers::Use{};
}

void require_unused(lua_State* L, State* st, int idx) {
  if (st->async.workers == nullptr) return;
  luaL_checkstack(L, LUA_MINSTACK, nullptr);
  note_ended(L, st);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->async.pinned);
  lua_pushvalue(L, idx);
  lua_rawget(L, -2);
  const bool used = lua_tonumber(L, -1) > 0;
  lua_pop(L, 2);
  if (used) raise_argument(L, idx, "'%s' is used by an asynchronous call", type_name(st, to_cdata(L, st, idx)->type));
}

void drop_async(lua_State* L, State* st, AsyncCall* call) {
  if (!st->closed()) {
    note_ended(L, st);
    // What started and was refused has its place yet.
    if (call->stage == call::WorkerCall::Stage::made && push_running(L, st, call)) {
      lua_pop(L, 1);
      set_running(L, st, call, 0);
    }
    if (!is_over(call) && call->stage != call::WorkerCall::Stage::made && !st->async.workers->cancel(call)) {
      // Callbacks that wait for Lua would wait for ever.
      close_queues(st);
      shut_doors(st->gate);
      st->async.workers->wait(call, HUGE_VAL);
    }
  }
  delete call->exception;
  call->exception = nullptr;
}

void close_async(State* st) {
  call::Workers* workers = st->async.workers;
  st->async.workers = nullptr;
  if (workers == nullptr || !workers->here()) return;
  close_queues(st);
  shut_doors(st->gate);
  workers->close();
  delete workers;
}

}  // namespace ferry::lua
