// Callbacks: see callback.h. The handler runs everything that can raise inside one lua_pcall, so that no Lua error
// ever jumps over C frames; an error waits in the state until the innermost C call returns.
#include "lua/calls/callback.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <deque>
#include <unordered_map>

#include "base/stack.h"
#include "lua/calls/call.h"
#include "lua/calls/callback_data.h"
#include "lua/calls/thunks.h"
#include "lua/host/chaos.h"
#include "lua/host/trace.h"
#include "lua/state/guarded.h"
#include "lua/state/held.h"
#include "lua/state/raise.h"
#include "lua/values/from_c.h"
#include "lua/values/functions.h"
#include "lua/values/numbers.h"
#include "lua/values/read.h"
#include "os/process.h"
#include "os/threads.h"

namespace ferry::lua {

struct CallbackRecord {
  CallbackRecord() { ++held.callbacks; }
  ~CallbackRecord() {
    slot.reset();
    if (data != nullptr) give_back_entry_data(data);
    --held.callbacks;
  }
  CallbackRecord(const CallbackRecord&) = delete;
  CallbackRecord& operator=(const CallbackRecord&) = delete;
  State* st = nullptr;
  TypeInfo* fn = nullptr;
  TypeInfo* result = nullptr;
  std::vector<TypeInfo*> params;
  std::unique_ptr<call::Callback> slot;
  uint64_t id = 0;
  int function = LUA_NOREF;     // registry reference of the Lua function
  int kept_result = LUA_NOREF;  // what the last returned pointer points into
  int on_error = LUA_NOREF;     // value or handler function
  EntryData* data = nullptr;    // what C's callers see of it
  bool scalar = false;          // arguments and result need neither allocation nor anything that raises
  bool freed = false;
};

// All callbacks of a state. `by_address`: id of the live callback there, 0 for a freed one.
struct CallbackTable {
  std::unordered_map<uint64_t, std::unique_ptr<CallbackRecord>> records;
  std::unordered_map<const void*, uint64_t> by_address;
  // Freed callbacks that still hold their slots, so that a call of one can be told; oldest first.
  std::deque<uint64_t> freed;
  uint64_t next_id = 1;
};

namespace {

void* address_of(const CallbackRecord& record) {
  return reinterpret_cast<void*>(record.slot->address());
}

// Freed callbacks keep their slots up to this number: enough to catch a use after free, few beside the slots there are.
constexpr size_t kMaxFreed = 256;

// A function pointer cdata that owns its slot: the record's id lies behind the header.
struct CallbackCData {
  CData header;
  uint64_t id;
};

// One call of a callback, handed to the protected runner.
struct Invocation {
  CallbackRecord* record;
  void* const* args;
  void* result;
  lua_State* caller;  // Gate::caller at the entry, to be put back before C goes on
};

CallbackTable* table_of(State* st) {
  return st->callbacks.table.get();
}

// By-value aggregates are copied: the C argument dies with the call.
void push_argument(lua_State* L, State* st, TypeInfo* info, void* address) {
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
  push_value(L, st, info, address, 0);
}

void store_result(lua_State* L, State* st, CallbackRecord* record, int idx, void* result) {
  TypeInfo* info = record->result;
  if (lua_isnil(L, idx) && info->rep != Rep::pointer) return;  // a callback that returns nothing gives zero
  const Place place{Place::Kind::result, 0, nullptr, record->fn->id};
  if (info->size <= 64) {
    // Converted aside: an error must leave the zero in place.
    alignas(16) std::byte value[64] = {};
    write_any(L, st, info, value, idx, place, TargetOwner{}, kAssign);
    widen_slot(info, value);
    std::memcpy(result, value, info->size < 8 ? 8 : static_cast<size_t>(info->size));
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
bool store_number(lua_State* L, const TypeInfo* info, void* result) {
  if (!is_native_rep(info->rep) || lua_type(L, -1) != LUA_TNUMBER) return false;
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
  luaL_checkstack(L, count + 8, "too many arguments");
  lua_rawgeti(L, LUA_REGISTRYINDEX, record->function);
  for (int i = 0; i < count; ++i) push_argument(L, st, record->params[static_cast<size_t>(i)], invocation->args[i]);
  const bool returns = record->result->rep != Rep::none;
  lua_call(L, count, returns ? 1 : 0);
  if (returns && !store_number(L, record->result, invocation->result)) {
    store_result(L, st, record, lua_gettop(L), invocation->result);
  }
  return 0;
}

// Inside lua_pcall: argument 1 the Invocation, argument 2 the error: what ffi.onerror asked for.
int l_handle_error(lua_State* L) {
  auto* invocation = static_cast<Invocation*>(lua_touserdata(L, 1));
  CallbackRecord* record = invocation->record;
  State* st = record->st;
  lua_rawgeti(L, LUA_REGISTRYINDEX, record->on_error);
  if (lua_isfunction(L, -1)) {
    lua_pushvalue(L, 2);
    lua_call(L, 1, 1);
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
  if (is_int64(info->rep)) return st->native_int64();
  return is_native_rep(info->rep);
}

bool is_scalar_callback(State* st, const Function& f) {
  if (f.params.size() > kMaxScalarParams || only_slow_paths()) return false;
  for (const Param& p : f.params) {
    if (!is_plain(st, info_of(st, p.type))) return false;
  }
  const TypeInfo* result = info_of(st, f.result);
  return result->rep == Rep::none || is_native_rep(result->rep);
}

// The pcall of a scalar callback: no C function in between. Returns lua_pcall's status, an error on top.
int run_scalar(lua_State* L, Invocation* invocation) {
  CallbackRecord* record = invocation->record;
  State* st = record->st;
  const int count = static_cast<int>(record->params.size());
  for (int i = 0; i < count; ++i) {
    if (record->params[static_cast<size_t>(i)]->rep != Rep::reference) continue;
    void* target;
    std::memcpy(&target, invocation->args[i], sizeof target);
    if (target == nullptr) {  // reading it raises: inside of a pcall
      lua_rawgeti(L, LUA_REGISTRYINDEX, st->callbacks.runner);
      lua_pushlightuserdata(L, invocation);
      return lua_pcall(L, 1, 0, 0);
    }
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, record->function);
  for (int i = 0; i < count; ++i) push_value(L, st, record->params[static_cast<size_t>(i)], invocation->args[i], 0);
  const bool returns = record->result->rep != Rep::none;
  const int status = lua_pcall(L, count, returns ? 1 : 0, 0);
  if (status != 0 || !returns) return status;
  if (store_number(L, record->result, invocation->result) || lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return 0;
  }
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
  set_caller(st->gate, invocation->caller);
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
    if (invocation->caller != nullptr) {
      lua_rawseti(L, LUA_REGISTRYINDEX, st->errors.pending);
      st->gate->callback_failed = true;
    } else {
      if (!handled) report(L);
      lua_pop(L, 1);
    }
  }
  --record->data->active;
  set_caller(st->gate, invocation->caller);
  errno = st->gate->saved_errno;
}

// The call around the callback raises the message that the registry has there.
void fail_call(State* st, lua_State* L, int message) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, message);
  lua_rawseti(L, LUA_REGISTRYINDEX, st->errors.pending);
  st->gate->callback_failed = true;
}

// What C calls. Touches Lua only on a thread that is inside; pushes two values outside of the pcall.
void handle(void* context, void* const* args, void* result) {
  CallbackRecord* record = enter_record(context);
  if (record == nullptr) return;
  State* st = record->st;
  Gate* gate = st->gate;
  if (gate->callback_failed) return;
  lua_State* caller = gate->caller;
  lua_State* L = caller != nullptr ? caller : st->callbacks.thread;
  if (record->freed) {
    if (caller == nullptr) return;
    fail_call(st, L, st->callbacks.freed_message);
    return;
  }
  if (caller == nullptr && lua_checkstack(L, LUA_MINSTACK) == 0) return;
  os::find_stack();
  if (stack_is_short_of(kStackReserve)) {
    if (caller != nullptr) fail_call(st, L, st->callbacks.overflow_message);
    return;
  }
  Invocation invocation{record, args, result, caller};
  gate->saved_errno = errno;
  ++record->data->active;
  int status;
  if (record->scalar) {
    status = run_scalar(L, &invocation);
  } else {
    lua_rawgeti(L, LUA_REGISTRYINDEX, st->callbacks.runner);
    lua_pushlightuserdata(L, &invocation);
    status = lua_pcall(L, 1, 0, 0);
  }
  leave(L, &invocation, status);
}

// Compiled code has called the Lua function, which raised.
void handle_failure(void* context, void* const* args, void* result) {
  CallbackRecord* record = static_cast<EntryData*>(context)->record;
  Invocation invocation{record, args, result, record->st->gate->caller};
  leave(invocation.caller, &invocation, LUA_ERRRUN);
}

// Compiled code has called the Lua function, whose result is on top and no number.
void handle_result(void* context, void* const* args, void* result) {
  CallbackRecord* record = static_cast<EntryData*>(context)->record;
  State* st = record->st;
  Invocation invocation{record, args, result, st->gate->caller};
  lua_State* L = invocation.caller;
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->callbacks.converter);
  lua_insert(L, -2);
  lua_pushlightuserdata(L, &invocation);
  lua_insert(L, -2);
  leave(L, &invocation, lua_pcall(L, 2, 0, 0));
}

// Gives the slot of the callback that was freed first back for reuse.
void forget_oldest(CallbackTable* table) {
  auto found = table->records.find(table->freed.front());
  table->freed.pop_front();
  if (found == table->records.end()) return;
  if (found->second->data->active == 0) {
    auto at = table->by_address.find(reinterpret_cast<void*>(found->second->slot->address()));
    if (at != table->by_address.end() && at->second == 0) table->by_address.erase(at);
    table->records.erase(found);
  } else {
    table->freed.push_back(found->first);  // it is running (it freed itself): later
  }
}

// A compiled callback. Error: there can be none.
Result<std::unique_ptr<call::Callback>> make_native(State* st, CallbackRecord* record) {
  return make_native_callback(st, record->fn, callback_spec(st, record->fn), callback_handlers(), record->data);
}

// The Lua function at idx is the one to call; `reference` is its place in the registry.
void set_function(lua_State* L, State* st, CallbackRecord* record, int idx, int reference) {
  record->function = reference;
  record->data->function_reference = reference;
  lua_pushvalue(L, idx);
  capture_function(L, st, record->data);
  lua_pop(L, 1);
  record->data->live = true;
}

// Makes a record without a Lua function yet. Null: st->errors.message.
CallbackRecord* make_record(State* st, TypeInfo* fn) {
  CallbackRecord* made = nullptr;
  without_exceptions(st, [&] {
    if (!st->callbacks.table) st->callbacks.table = std::make_shared<CallbackTable>();
    CallbackTable* table = table_of(st);
    const Function& f = st->types->function(fn->id);
    auto record = std::make_unique<CallbackRecord>();
    record->st = st;
    record->fn = fn;
    record->result = info_of(st, f.result);
    for (const Param& p : f.params) record->params.push_back(info_of(st, p.type));
    record->scalar = is_scalar_callback(st, f);
    record->data = take_entry_data(st->gate, record.get());
    auto slot = make_native(st, record.get());
    if (!slot) slot = st->backend->make_callback(*st->types, fn->id, handle, record->data);
    if (!slot && !table->freed.empty()) {
      for (size_t n = table->freed.size(); n > 0; --n) forget_oldest(table);
      slot = st->backend->make_callback(*st->types, fn->id, handle, record->data);
    }
    if (!slot) {
      st->errors.message = slot.message();
      return false;
    }
    record->slot = std::move(*slot);
    record->id = table->next_id++;
    // Either may run out of memory. Whoever finds the address has to find the record.
    uint64_t& at = table->by_address[address_of(*record)];
    made = table->records.emplace(record->id, std::move(record)).first->second.get();
    at = made->id;
    if (traced(Topic::callback)) {
      trace(Topic::callback, "%s: made at %p, %zu live", type_name(st, fn->id), address_of(*made), callback_count(st));
    }
    return true;
  });
  return made;
}

CallbackRecord* record_of(State* st, CData* cd) {
  CallbackTable* table = table_of(st);
  if (table == nullptr || (cd->flags & kIsCallback) == 0) return nullptr;
  auto found = table->records.find(reinterpret_cast<CallbackCData*>(cd)->id);
  return found == table->records.end() || found->second->freed ? nullptr : found->second.get();
}

// Argument 1 must be a live callback.
CallbackRecord* check_callback(lua_State* L, State* st) {
  if (st->closed()) raise_closed(L);
  CData* cd = to_cdata(L, st, 1);
  if (cd == nullptr || (cd->flags & kIsCallback) == 0) raise(L, "can't set the function for a non-lua callback");
  CallbackRecord* record = record_of(st, cd);
  if (record == nullptr) raise(L, "can't set the function for a free'd callback");
  return record;
}

}  // namespace

call::CallbackSpec callback_spec(State* st, TypeInfo* fn) {
  const Function& f = st->types->function(fn->id);
  call::CallbackSpec spec;
  spec.inline_call = is_scalar_callback(st, f);
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
  return {handle, handle_failure, handle_result};
}

void* callback_for(lua_State* L, State* st, TypeInfo* fn, int idx, const Place& place) {
  luaL_checkstack(L, 6, nullptr);
  idx = abs_index(L, idx);
  // callbacks[function][type id] = record
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->callbacks.passed);
  lua_pushvalue(L, idx);
  lua_rawget(L, -2);
  if (!lua_istable(L, -1)) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, idx);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
  }
  lua_rawgeti(L, -1, static_cast<int>(fn->id));
  auto* record = static_cast<CallbackRecord*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  if (record == nullptr) {
    lua_pushvalue(L, idx);
    const int ref = add_reference(L);
    record = make_record(st, fn);
    if (record == nullptr) {
      drop_reference(L, ref);
      lua_pop(L, 2);
      raise_at(L, st, place);
    }
    set_function(L, st, record, idx, ref);
    lua_pushlightuserdata(L, record);
    lua_rawseti(L, -2, static_cast<int>(fn->id));
  }
  lua_pop(L, 2);
  return address_of(*record);
}

const void* known_callback(lua_State* L, State* st, TypeInfo* fn, int idx) {
  const CallbackRecord* record = nullptr;
  const int top = lua_gettop(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->callbacks.passed);
  lua_pushvalue(L, idx);
  lua_rawget(L, -2);
  if (lua_istable(L, -1)) {
    lua_rawgeti(L, -1, static_cast<int>(fn->id));
    record = static_cast<CallbackRecord*>(lua_touserdata(L, -1));
  }
  lua_settop(L, top);
  return record != nullptr ? reinterpret_cast<const void*>(record->slot->address()) : nullptr;
}

CData* push_callback(lua_State* L, State* st, TypeInfo* pointer, int idx) {
  idx = abs_index(L, idx);
  luaL_checkstack(L, 4, nullptr);
  auto* cd = static_cast<CallbackCData*>(new_userdata(L, sizeof(CallbackCData)));
  *cd = CallbackCData{CData{pointer->id, kOwned | kInSlot | kIsCallback, kGuard, {nullptr}}, 0};
  lua_rawgeti(L, LUA_REGISTRYINDEX, pointer->metatable);
  lua_setmetatable(L, -2);
  lua_pushvalue(L, idx);
  const int ref = add_reference(L);
  CallbackRecord* record = make_record(st, base_of(st, pointer));
  if (record == nullptr) {
    drop_reference(L, ref);
    raise_error(L, st);
  }
  set_function(L, st, record, idx, ref);
  cd->id = record->id;
  void* address = address_of(*record);
  std::memcpy(&cd->header.bits, &address, sizeof address);
  return &cd->header;
}

int l_callback_free(lua_State* L) {
  State* st = state_of(L);
  CallbackRecord* record = check_callback(L, st);
  drop_reference(L, record->function);
  drop_reference(L, record->kept_result);
  drop_reference(L, record->on_error);
  record->function = record->kept_result = record->on_error = LUA_NOREF;
  record->freed = true;
  record->data->live = false;
  CallbackTable* table = table_of(st);
  void* address = address_of(*record);
  if (traced(Topic::callback)) trace(Topic::callback, "%s: freed at %p", type_name(st, record->fn->id), address);
  table->by_address[address] = 0;
  without_exceptions(st, [&] {
    table->freed.push_back(record->id);
    if (table->freed.size() > kMaxFreed) forget_oldest(table);
    return true;
  });
  return 0;
}

int l_callback_set(lua_State* L) {
  State* st = state_of(L);
  CallbackRecord* record = check_callback(L, st);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushvalue(L, 2);
  lua_rawseti(L, LUA_REGISTRYINDEX, record->function);
  set_function(L, st, record, 2, record->function);
  return 0;
}

int l_onerror(lua_State* L) {
  State* st = state_of(L);
  if (st->closed()) raise_closed(L);
  CallbackTable* table = table_of(st);
  CallbackRecord* record = nullptr;
  CData* cd = to_cdata(L, st, 1);
  void* address = nullptr;
  TypeId pointee;
  if (cd != nullptr) record = record_of(st, cd);
  if (record == nullptr && cd != nullptr && table != nullptr && pointer_value(st, cd, &address, &pointee)) {
    auto found = table->by_address.find(address);
    if (found != table->by_address.end() && found->second != 0) record = table->records[found->second].get();
  }
  if (record == nullptr) raise_argument(L, 1, "a live callback expected, got '%s'", describe_value(L, st, 1));
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    drop_reference(L, record->on_error);
    record->on_error = LUA_NOREF;
    return 0;
  }
  if (!lua_isfunction(L, 2) && record->result->rep != Rep::none) {
    // Converted once now, so that a value that does not fit is an error here and not in the callback.
    luaL_checkstack(L, 4, nullptr);
    void* aside = new_userdata(L, static_cast<size_t>(record->result->size) + 16);
    write_any(L, st, record->result, aside, 2, Place{Place::Kind::argument, 2, "onerror", kNoType}, TargetOwner{},
              kAssign);
    lua_pop(L, 1);
  }
  if (record->on_error == LUA_NOREF) {
    record->on_error = add_reference(L);
  } else {
    lua_rawseti(L, LUA_REGISTRYINDEX, record->on_error);
  }
  return 0;
}

TypeInfo* callback_at(State* st, const void* address) {
  CallbackTable* table = table_of(st);
  if (table == nullptr) return nullptr;
  auto found = table->by_address.find(address);
  if (found == table->by_address.end() || found->second == 0) return nullptr;
  return table->records.at(found->second)->fn;
}

bool is_freed_callback(State* st, const void* address) {
  CallbackTable* table = table_of(st);
  if (table == nullptr) return false;
  auto found = table->by_address.find(address);
  return found != table->by_address.end() && found->second == 0;
}

void release_callbacks(State* st) {
  st->callbacks.table.reset();
}

void make_callback_runner(lua_State* L, State* st) {
  lua_pushcfunction(L, guarded<l_run>);
  st->callbacks.runner = add_reference(L);
  lua_pushliteral(L, "a freed callback was called");
  st->callbacks.freed_message = add_reference(L);
  lua_pushliteral(L, "C stack overflow: too little of it is left for a callback");
  st->callbacks.overflow_message = add_reference(L);
  lua_pushcfunction(L, guarded<l_convert>);
  st->callbacks.converter = add_reference(L);
  lua_pushcfunction(L, guarded<l_handle_error>);
  st->callbacks.error_runner = add_reference(L);
}

size_t callback_count(State* st) {
  CallbackTable* table = table_of(st);
  return table != nullptr ? table->records.size() - table->freed.size() : 0;
}

}  // namespace ferry::lua
