// What happens when C calls a callback (callback_run.h). The handler runs everything that can raise inside one
// lua_pcall, so that no Lua error ever jumps over C frames; an error waits in the state until the innermost C call
// returns.
#include "lua/calls/callback_run.h"

#include <algorithm>
#include <cstdio>

#include "base/stack.h"
#include "call/workers.h"
#include "lua/calls/call.h"
#include "lua/calls/callback.h"
#include "lua/calls/callback_error.h"
#include "lua/calls/callback_record.h"
#include "lua/calls/callback_scope.h"
#include "lua/calls/opening.h"
#include "lua/calls/outside.h"
#include "lua/calls/queue.h"
#include "lua/calls/queue_call.h"
#include "lua/calls/thunks.h"
#include "lua/state/check.h"
#include "lua/state/guarded.h"
#include "lua/state/raise.h"
#include "lua/values/from_c.h"
#include "lua/values/numbers.h"
#include "lua/values/read.h"
#include "os/process.h"
#include "os/threads.h"

namespace ferry::lua {

namespace {

// One call of a callback, handed to the protected runner.
struct Invocation {
  CallbackRecord* record;
  void* const* args;
  void* result;
  lua_State* caller;         // Gate::caller at the entry, to be put back before C goes on
  bool resident = false;     // the host's thread called, with no call in progress
  bool opened = false;       // a thread called that came in by a blocking call
  bool has_objects = false;  // CallbackRecord::objects are this call's
  int token = LUA_NOREF;     // where the state is checked: what the pointers among the arguments keep, and end with
};

// While Lua works nobody is the caller (Gate::caller), so that a signal's handler that calls a callback can be told
// from C that does.
void begin_work(Gate* gate, bool resident) {
  set_caller(gate, nullptr);
  if (resident) gate->resident_runs = true;
}
void end_work(Gate* gate, lua_State* caller, bool resident) {
  if (resident) gate->resident_runs = false;
  set_caller(gate, caller);
}

// By-value aggregates are copied: the C argument dies with the call.
void push_argument(lua_State* L, State* st, TypeInfo* info, void* address, int token) {
  if (info->rep == Rep::record) {
    CData* cd = new_cdata(L, st, info);
    std::memcpy(cd->data, address, static_cast<size_t>(info->size));
    return;
  }
  if (info->rep == Rep::pointer) {
    uint64_t bits = 0;
    std::memcpy(&bits, address, sizeof(void*));
    push_boxed(L, st, info, bits);
    return;
  }
  push_value(L, st, info, address, token);
}

// Where the state is checked.
void push_checked_argument(lua_State* L, State* st, TypeInfo* info, void* address, int token) {
  if (info->rep != Rep::pointer || base_of(st, info)->rep == Rep::function) {
    push_argument(L, st, info, address, token);
    return;
  }
  void* value;
  std::memcpy(&value, address, sizeof value);
  push_pointer(L, st, info, value, value != nullptr ? token : 0);
}

// Pushes what the arguments of a call keep where the state is checked.
void push_token(lua_State* L, State* st, Invocation* invocation) {
  push_pointer(L, st, void_pointer(st), nullptr);
  lua_pushvalue(L, -1);
  invocation->token = add_reference(L);
}

// Inside lua_pcall: the call of the callback has returned.
int l_end_arguments(lua_State* L) {
  auto* invocation = static_cast<Invocation*>(lua_touserdata(L, 1));
  const CallbackRecord* record = invocation->record;
  lua_rawgeti(L, LUA_REGISTRYINDEX, invocation->token);
  drop_reference(L, invocation->token);
  if (record->st->closed()) return 0;
  lua_pushfstring(L, "of a callback whose call has returned (made at %s)", record->made_at.c_str());
  end_derived(L, record->st, -2, lua_tostring(L, -1));
  return 0;
}

// After a call of a callback where the state is checked.
void end_arguments(lua_State* L, Invocation* invocation) {
  if (invocation->token != LUA_NOREF) protected_call(L, l_end_arguments, invocation);
  // Calls that the callback made have been looked at, that around it not yet.
  if (invocation->caller != nullptr) add_notice(invocation->record->st->gate, kFound);
}

// Pushes the object that stands for the pointer argument; false: there is none. Raises nothing.
bool push_object(lua_State* L, const Invocation* invocation, int i) {
  const CallbackRecord* record = invocation->record;
  if (!invocation->has_objects || record->params[static_cast<size_t>(i)]->rep != Rep::pointer) return false;
  const call::CallbackObject& object = record->objects[static_cast<size_t>(i)];
  std::memcpy(object.pointer, invocation->args[i], sizeof(void*));
  lua_rawgeti(L, LUA_REGISTRYINDEX, object.reference);
  return true;
}

// As LuaJIT has it: at the end of the Lua function.
[[noreturn]] void raise_no_result(lua_State* L, State* st, const CallbackRecord* record) {
  lua_Debug ar;
  lua_rawgeti(L, LUA_REGISTRYINDEX, record->function);
  const bool is_lua = lua_isfunction(L, -1) && lua_getinfo(L, ">S", &ar) != 0 && ar.lastlinedefined > 0;
  const char* type = type_name(st, record->result->id);
  if (is_lua) raise(L, "%s:%d: cannot convert 'nil' to '%s'", ar.short_src, ar.lastlinedefined, type);
  raise(L, "cannot convert 'nil' to '%s'", type);
}

void store_result(lua_State* L, State* st, CallbackRecord* record, int idx, void* result) {
  TypeInfo* info = record->result;
  const Place place{Place::Kind::result, 0, record->made_at.empty() ? nullptr : record->made_at.c_str(),
                    record->fn->id};
  if (lua_isnil(L, idx) && info->rep != Rep::pointer) {
    if (st->rules == Rules::luajit) raise_no_result(L, st, record);
    if (st->strict) raise_convert(L, st, idx, info->id, place);
    return;  // a callback that returns nothing gives zero
  }
  if (info->size <= 64) {
    // Converted aside: an error must leave the zero in place.
    alignas(16) std::byte value[64] = {};
    write_any(L, st, info, value, idx, place, TargetOwner{}, kAssign);
    widen_slot(info, value);
    // Scalars fill a slot; where a smaller record goes, C's memory may end behind it (i386; packed ones on x86-64).
    const bool slot = info->size < 8 && info->rep < Rep::complex;
    std::memcpy(result, value, slot ? 8 : static_cast<size_t>(info->size));
  } else {
    write_value(L, st, info, result, idx, place, 0);
  }
  if (info->rep == Rep::pointer && (lua_type(L, idx) == LUA_TSTRING || lua_type(L, idx) == LUA_TUSERDATA)) {
    // What C was given must outlive the return.
    lua_pushvalue(L, idx);
    if (record->kept_result == LUA_NOREF) {
      record->kept_result = add_reference(L);
    } else {
      lua_rawseti(L, LUA_REGISTRYINDEX, record->kept_result);
    }
  }
}

// A result that converts without an error: true and stored.
bool store_number(lua_State* L, const State* st, const TypeInfo* info, void* result) {
  if (!is_native_rep(info->rep) || lua_type(L, -1) != LUA_TNUMBER || st->strict) return false;
  switch (info->rep) {
    case Rep::f32: {
      const auto value = static_cast<float>(lua_tonumber(L, -1));
      std::memcpy(result, &value, sizeof value);
      return true;
    }
    case Rep::f64: {
      const double value = lua_tonumber(L, -1);
      std::memcpy(result, &value, sizeof value);
      return true;
    }
    case Rep::boolean:
      return false;
    default:
      call::store_integer(result, narrow(info->rep, integer_at(L, -1, info->size)), info->size);
      return true;
  }
}

// Runs inside lua_pcall: pushes the arguments, calls, converts the result.
int l_run(lua_State* L) {
  auto* invocation = static_cast<Invocation*>(lua_touserdata(L, 1));
  CallbackRecord* record = invocation->record;
  State* st = record->st;
  const int count = static_cast<int>(record->params.size());
  luaL_checkstack(L, count + 12, "too many arguments");
  if (st->check != nullptr) push_token(L, st, invocation);
  const int token = st->check != nullptr ? lua_gettop(L) : 0;
  lua_rawgeti(L, LUA_REGISTRYINDEX, record->function);
  for (int i = 0; i < count; ++i) {
    TypeInfo* param = record->params[static_cast<size_t>(i)];
    if (token != 0) {
      push_checked_argument(L, st, param, invocation->args[i], token);
    } else if (!push_object(L, invocation, i)) {
      push_argument(L, st, param, invocation->args[i], 0);
    }
  }
  const bool returns = record->result->rep != Rep::none;
  lua_call(L, count, returns ? 1 : 0);
  if (returns && !store_number(L, st, record->result, invocation->result)) {
    store_result(L, st, record, lua_gettop(L), invocation->result);
  }
  return 0;
}

// Inside lua_pcall: argument 1 the Invocation, argument 2 the error: what ffi.onerror asked for.
int l_handle_error(lua_State* L) {
  auto* invocation = static_cast<Invocation*>(lua_touserdata(L, 1));
  CallbackRecord* record = invocation->record;
  State* st = record->st;
  if (!take_told_result(L, st, record)) {  // a handler was not asked if memory ran out
    lua_rawgeti(L, LUA_REGISTRYINDEX, record->on_error);
    if (lua_isfunction(L, -1)) {
      lua_pushvalue(L, 2);
      lua_call(L, 1, 1);
    }
  }
  if (record->result->rep != Rep::none) store_result(L, st, record, lua_gettop(L), invocation->result);
  return 0;
}

// Inside lua_pcall: argument 1 the Invocation, argument 2 what the function returned.
int l_convert(lua_State* L) {
  auto* invocation = static_cast<Invocation*>(lua_touserdata(L, 1));
  store_result(L, invocation->record->st, invocation->record, 2, invocation->result);
  return 0;
}

// Callbacks with more parameters than this go the general way: what is pushed outside of a pcall must fit the slots
// that a running C function certainly has free (LUA_MINSTACK less what call_c uses).
constexpr size_t kMaxScalarParams = 6;

// Pushed by push_value without allocating: numbers and booleans; also behind a `const int &`.
bool is_plain(State* st, TypeInfo* info) {
  if (info->rep == Rep::reference) return is_plain(st, base_of(st, info));
  if (depends_on_modes(*info)) return !reads_boxed(st, *info);
  return is_native_rep(info->rep);
}

void push_error_handler(lua_State* L, const CallbackRecord* record) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, record->data->handler_reference);
}

// Returns lua_pcall's status, an error on top.
int run_general(lua_State* L, Invocation* invocation) {
  push_error_handler(L, invocation->record);
  lua_rawgeti(L, LUA_REGISTRYINDEX, invocation->record->st->callbacks.runner);
  lua_pushlightuserdata(L, invocation);
  const int status = lua_pcall(L, 1, 0, -3);
  lua_remove(L, status != 0 ? -2 : -1);
  if (invocation->record->st->check != nullptr) end_arguments(L, invocation);
  return status;
}

// The pcall of a scalar callback: no C function in between. Returns lua_pcall's status, an error on top.
int run_scalar(lua_State* L, Invocation* invocation) {
  CallbackRecord* record = invocation->record;
  State* st = record->st;
  const int count = static_cast<int>(record->params.size());
  for (int i = 0; record->references && i < count; ++i) {
    if (record->params[static_cast<size_t>(i)]->rep != Rep::reference) continue;
    void* target;
    std::memcpy(&target, invocation->args[i], sizeof target);
    if (target == nullptr) return run_general(L, invocation);  // reading it raises: inside of a pcall
  }
  push_error_handler(L, record);
  lua_rawgeti(L, LUA_REGISTRYINDEX, record->function);
  for (int i = 0; i < count; ++i) {
    if (!push_object(L, invocation, i))
      push_value(L, st, record->params[static_cast<size_t>(i)], invocation->args[i], 0);
  }
  const bool returns = record->result->rep != Rep::none;
  const int status = lua_pcall(L, count, returns ? 1 : 0, -(count + 2));
  if (status == 0) {
    if (!returns) {
      lua_pop(L, 1);
      return 0;
    }
    if (store_number(L, st, record->result, invocation->result) ||
        (lua_isnil(L, -1) && !st->strict && st->rules != Rules::luajit)) {
      lua_pop(L, 2);
      return 0;
    }
  }
  lua_remove(L, -2);  // the message handler
  if (status != 0) return status;
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->callbacks.converter);
  lua_insert(L, -2);
  lua_pushlightuserdata(L, invocation);
  lua_insert(L, -2);
  return lua_pcall(L, 2, 0, 0);
}

void report(lua_State* L) {
  const char* text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "error object is not a string";
  if (!lua_warn(L, text)) {
    // No warn before 5.4: say it where Lua itself would.
    char line[512];
    const int length = std::snprintf(line, sizeof line, "ffi: error in a callback outside of any call: %s\n", text);
    if (length > 0) os::write_standard_error(line, std::min(static_cast<size_t>(length), sizeof line - 1));
  }
}

// The end of a call that has begun: `status` not 0: the error on top is told to onerror and kept for the call around.
void leave(lua_State* L, Invocation* invocation, int status) {
  CallbackRecord* record = invocation->record;
  State* st = record->st;
  if (status != 0) {
    bool handled = false;
    if (record->on_error != LUA_NOREF) {
      lua_rawgeti(L, LUA_REGISTRYINDEX, st->callbacks.error_runner);
      lua_pushlightuserdata(L, invocation);
      lua_pushvalue(L, -3);
      handled = lua_pcall(L, 2, 0, 0) == 0;
      if (!handled) lua_pop(L, 1);  // the first error is the one to tell
    }
    // The call around the callback raises it; without one, onerror has been told or nobody can be.
    if (invocation->opened) {
      lua_rawseti(L, LUA_REGISTRYINDEX, st->errors.opened);
      st->gate->doors.failed = true;
    } else if (invocation->caller != nullptr) {
      lua_rawseti(L, LUA_REGISTRYINDEX, st->errors.pending);
      add_notice(st->gate, kCallbackFailed);
    } else {
      if (!handled) report(L);
      lua_pop(L, 1);
    }
  }
  --record->data->active;
  end_work(st->gate, invocation->caller, invocation->resident);
  os::set_last_error(st->gate->saved_error);
}

// The call around the callback raises the message that the registry has there.
void fail_call(State* st, lua_State* L, int message) {
  begin_work(st->gate, false);
  lua_rawgeti(L, LUA_REGISTRYINDEX, message);
  lua_rawseti(L, LUA_REGISTRYINDEX, st->errors.pending);
  add_notice(st->gate, kCallbackFailed);
  end_work(st->gate, L, false);
}

// Whether Lua is at work where the host let its thread in: then a signal's handler calls. Lua's functions in C cannot
// be told from C functions that may call back.
bool runs_lua(const State* st) {
  lua_Debug info;
  return lua_getstack(st->main, 0, &info) != 0 && lua_getinfo(st->main, "S", &info) != 0 && *info.what != 'C';
}

// Compiled code has called the Lua function, which raised.
void handle_failure(void* context, void* const* args, void* result) {
  CallbackRecord* record = static_cast<EntryData*>(context)->record;
  Invocation invocation{record, args, result, record->st->gate->caller};
  begin_work(record->st->gate, false);
  lua_remove(invocation.caller, -2);  // the message handler
  leave(invocation.caller, &invocation, LUA_ERRRUN);
}

// Compiled code has called the Lua function, whose result is on top and no number.
void handle_result(void* context, void* const* args, void* result) {
  CallbackRecord* record = static_cast<EntryData*>(context)->record;
  State* st = record->st;
  Invocation invocation{record, args, result, st->gate->caller};
  lua_State* L = invocation.caller;
  begin_work(st->gate, false);
  lua_remove(L, -2);  // the message handler
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->callbacks.converter);
  lua_insert(L, -2);
  lua_pushlightuserdata(L, &invocation);
  lua_insert(L, -2);
  leave(L, &invocation, lua_pcall(L, 2, 0, 0));
}

// Nobody is the caller. The last error is C's.
void run(lua_State* L, Invocation* invocation) {
  CallbackRecord* record = invocation->record;
  State* st = record->st;
  st->gate->saved_error = os::last_error();
  if (invocation->caller == nullptr && lua_checkstack(L, LUA_MINSTACK) == 0) {
    end_work(st->gate, invocation->caller, invocation->resident);
    return;
  }
  // Those of a callback that is running are in use.
  invocation->has_objects = record->objects != nullptr && record->data->active == 0 && is_complete(*record);
  ++record->data->active;
  const bool scalar = record->scalar && (record->objects == nullptr || invocation->has_objects);
  const int status = scalar ? run_scalar(L, invocation) : run_general(L, invocation);
  leave(L, invocation, status);
}

// Inside lua_pcall: a coroutine for callbacks by openings, with its place in the registry.
int l_new_coroutine(lua_State* L) {
  auto* made = static_cast<Coroutine*>(lua_touserdata(L, 1));
  made->L = lua_newthread(L);
  made->reference = add_reference(L);
  return 0;
}

// A coroutine that no callback runs on; made if there is none. Null: the error is on top of the state's own.
lua_State* take_coroutine(State* st, Coroutine* coroutine) {
  auto& idle = st->callbacks.table->idle_coroutines;
  if (!idle.empty()) {
    *coroutine = idle.back();
    idle.pop_back();
    return coroutine->L;
  }
  lua_State* L = st->callbacks.thread;
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->callbacks.coroutine_maker);
  lua_pushlightuserdata(L, coroutine);
  if (lua_pcall(L, 1, 0, 0) != 0) return nullptr;
  return coroutine->L;
}

void give_back_coroutine(State* st, const Coroutine& coroutine) {
  lua_settop(coroutine.L, 0);
  without_exceptions(st, [&] {
    st->callbacks.table->idle_coroutines.push_back(coroutine);
    return true;
  });
}

// On a coroutine of its own. The thread has Lua to itself.
void run_opened(EntryData* data, void* const* args, void* result) {
  CallbackRecord* record = data->record;
  State* st = record->st;
  Gate* gate = st->gate;
  os::find_stack();
  if (gate->doors.failed || record->freed || stack_is_short_of(kStackReserve)) {
    answer_call(data, result);
    return;
  }
  const os::LastError kept_error = os::last_error();
  lua_State* own = st->callbacks.thread;
  if (lua_checkstack(own, 4) == 0) return;
  Coroutine coroutine;
  if (take_coroutine(st, &coroutine) == nullptr) {
    lua_rawseti(own, LUA_REGISTRYINDEX, st->errors.opened);
    gate->doors.failed = true;
    return;
  }
  os::set_last_error(kept_error);
  Invocation invocation{record, args, result, nullptr, false, true};
  run(coroutine.L, &invocation);
  give_back_coroutine(st, coroutine);
}

// What waits in the queue comes first.
void run_queued(Gate* gate) {
  while (!gate->doors.failed) {
    QueuedCall* call = next_queued_call(gate);
    if (call == nullptr) return;
    run_opened(data_of(call), arguments_of(call), result_of(call));
    finish_queued_call(gate, call);
  }
}

// The state is another thread's, or it is nobody's and Lua is not at work.
void call_from_outside(EntryData* data, void* const* args, void* result) {
  const Visit visit(data);
  Gate* gate = visit.gate();
  if (gate == nullptr) return;
  CallbackQueue* queue = data->queue;
  bool tries = queue == nullptr || is_waiting_queue(queue);
  Entrant entrant;
  while (!tries || !enter_opening(gate, &entrant)) {
    if (queue == nullptr) {
      if (call::worker_context() != gate) return refuse_call(gate, data, result);
      // An asynchronous call of this state: the owner comes to wait for it.
      if (wait_for_opening(gate, &entrant)) break;
      return answer_call(data, result);
    }
    if (queue_call(gate, data, queue, args, result, false) == QueueEnd::done) return;
    tries = true;
  }
  if (queue != nullptr) run_queued(gate);
  // What C does not wait for is not lost to the error of another one: nobody has to wait for it to be told.
  const bool later = queue != nullptr && !is_waiting_queue(queue) && gate->doors.failed;
  if (!later && data->id != 0) run_opened(data, args, result);
  leave_opening(gate, &entrant);
  if (later) queue_call(gate, data, queue, args, result, true);
}

}  // namespace

bool is_scalar_callback(State* st, const Function& f, bool lends) {
  if (f.params.size() > kMaxScalarParams || st->takes_slow_paths()) return false;
  for (const Param& p : f.params) {
    TypeInfo* info = info_of(st, p.type);
    if (!is_plain(st, info) && !(lends && info->rep == Rep::pointer)) return false;
  }
  const TypeInfo* result = info_of(st, f.result);
  return result->rep == Rep::none || is_native_rep(result->rep);
}

// What C calls. Touches Lua only on a thread that is inside; pushes three values outside of the pcall.
void handle_callback(void* context, void* const* args, void* result) {
  auto* data = static_cast<EntryData*>(context);
  const auto* seen = static_cast<const Gate*>(__atomic_load_n(&data->state, __ATOMIC_ACQUIRE));
  if (!is_inside(seen, this_thread())) {
    call_from_outside(data, args, result);
    return;
  }
  CallbackRecord* record = data->record;
  State* st = record->st;
  Gate* gate = st->gate;
  if ((notices_of(gate) & kCallbackFailed) != 0) return;
  lua_State* caller = gate->caller;
  if (caller == nullptr && runs_lua(st)) {
    refuse_call(gate, data, result);
    return;
  }
  lua_State* L = caller != nullptr ? caller : st->callbacks.thread;
  if (record->freed) {
    if (caller != nullptr) fail_call(st, L, record->function);
    return;
  }
  os::find_stack();
  if (stack_is_short_of(kStackReserve)) {
    if (caller != nullptr) fail_call(st, L, st->callbacks.overflow_message);
    return;
  }
  Invocation invocation{record, args, result, caller, caller == nullptr};
  begin_work(gate, invocation.resident);
  run(L, &invocation);
}

call::CallbackSpec callback_spec(State* st, TypeInfo* fn, bool lends) {
  const Function& f = st->types->function(fn->id);
  call::CallbackSpec spec;
  spec.inline_call = is_scalar_callback(st, f, lends);
  spec.result = thunk_kind(info_of(st, f.result)->rep);
  for (const Param& p : f.params) {
    TypeInfo* info = info_of(st, p.type);
    const bool through = info->rep == Rep::reference;
    if (through && base_of(st, info)->rep == Rep::reference) spec.inline_call = false;
    spec.args.push_back({thunk_kind(through ? base_of(st, info)->rep : info->rep), through});
  }
  return spec;
}

call::CallbackHandlers callback_handlers() {
  return {handle_callback, handle_failure, handle_result};
}

void make_callback_runner(lua_State* L, State* st) {
  lua_pushcfunction(L, guarded<l_run>);
  st->callbacks.runner = add_reference(L);
  lua_pushliteral(L, "C stack overflow: too little of it is left for a callback");
  st->callbacks.overflow_message = add_reference(L);
  make_scope_metatable(L, st);
  lua_pushcfunction(L, guarded<l_convert>);
  st->callbacks.converter = add_reference(L);
  lua_pushcfunction(L, guarded<l_new_coroutine>);
  st->callbacks.coroutine_maker = add_reference(L);
  lua_pushcfunction(L, guarded<l_handle_error>);
  st->callbacks.error_runner = add_reference(L);
  make_error_handler(L, st);
}

}  // namespace ferry::lua
