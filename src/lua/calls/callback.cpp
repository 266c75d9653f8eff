// Callbacks are made, found, changed and freed here (callback.h); callback_run.cpp runs them.
#include "lua/calls/callback.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "lua/calls/call.h"
#include "lua/calls/callback_error.h"
#include "lua/calls/callback_record.h"
#include "lua/calls/callback_run.h"
#include "lua/calls/callback_scope.h"
#include "lua/calls/queue.h"
#include "lua/calls/thunks.h"
#include "lua/host/trace.h"
#include "lua/state/raise.h"
#include "lua/state/restrict.h"
#include "lua/values/from_c.h"
#include "lua/values/functions.h"
#include "lua/values/read.h"
#include "lua/values/write.h"
#include "os/process.h"

namespace ferry::lua {

namespace {

// Freed callbacks keep their slots up to this number: enough to catch a use after free, few beside the slots there are.
constexpr size_t kMaxFreed = 256;

// A function pointer cdata that owns its slot: the record's id lies behind the header.
struct CallbackCData {
  CData header;
  uint64_t id;
};

// Gives the slot of the callback that was freed first back for reuse.
void forget_oldest(lua_State* L, CallbackTable* table) {
  auto found = table->records.find(table->freed.front());
  table->freed.pop_front();
  if (found == table->records.end()) return;
  if (found->second->data->active == 0) {
    auto at = table->by_address.find(reinterpret_cast<void*>(found->second->slot->address()));
    if (at != table->by_address.end() && at->second == 0) table->by_address.erase(at);
    drop_reference(L, found->second->function);
    table->records.erase(found);
  } else {
    table->freed.push_back(found->first);  // it is running (it freed itself): later
  }
}

// A compiled callback. Error: there can be none.
Result<std::unique_ptr<call::Callback>> make_native(State* st, CallbackRecord* record) {
  return make_native_callback(st, record->fn, callback_spec(st, record->fn, record->objects != nullptr),
                              callback_handlers(), record->data);
}

// Compiled code pushes as numbers what the state may want boxed by now, and lends all its objects or none.
bool runs_compiled(const State* st, const CallbackRecord& record) {
  return !st->strict && (record.scalar || !record.was_scalar) && is_complete(record);
}

}  // namespace

void set_function(lua_State* L, State* st, CallbackRecord* record, int idx, int reference) {
  record->data->told = false;
  record->function = reference;
  record->data->function_reference = reference;
  choose_error_handler(L, st, record);
  lua_pushvalue(L, idx);
  capture_function(L, st, &record->data->function_value, &record->data->function_tag);
  lua_pop(L, 1);
  record->data->live = runs_compiled(st, *record);
}

CallbackRecord* make_record(lua_State* L, State* st, TypeInfo* fn, const char* where, bool open, bool lends) {
  CallbackRecord* made = nullptr;
  without_exceptions(st, [&] {
    CallbackTable* table = table_of(st);
    const Function& f = st->types->function(fn->id);
    auto record = std::make_unique<CallbackRecord>();
    record->st = st;
    record->fn = fn;
    record->made_at = where;
    record->result = info_of(st, f.result);
    for (const Param& p : f.params) {
      record->params.push_back(info_of(st, p.type));
      record->references = record->references || record->params.back()->rep == Rep::reference;
    }
    // Where the state is checked arguments end with the call anyway, each with what was made from it.
    if (lends && !f.params.empty() && st->check == nullptr)
      record->objects = std::make_unique<call::CallbackObject[]>(f.params.size());
    record->scalar = record->was_scalar = is_scalar_callback(st, f, lends);
    record->data = take_entry_data(open ? st->gate : &closed_gate, record.get());
    record->data->id = record->id = next_callback_id();
    record->data->objects = record->objects.get();
    auto slot = make_native(st, record.get());
    if (!slot) slot = st->backend->make_callback(*st->types, fn->id, handle_callback, record->data);
    if (!slot && (!table->freed.empty() || table->idle_count != 0)) {
      drop_idle_callbacks(L, st);
      for (size_t n = table->freed.size(); n > 0; --n) forget_oldest(L, table);
      slot = st->backend->make_callback(*st->types, fn->id, handle_callback, record->data);
    }
    if (!slot) {
      st->errors.message = "'" + shown_name(st, fn->id) + "' cannot be called back: " + slot.message();
      return false;
    }
    record->slot = std::move(*slot);
    // Either may run out of memory. Whoever finds the address has to find the record.
    uint64_t& at = table->by_address[address_of(*record)];
    made = table->records.emplace(record->id, std::move(record)).first->second.get();
    at = made->id;
    if (traced(Topic::callback)) {
      trace(Topic::callback, "%s: made at " FERRY_ADDRESS ", %zu live", type_name(st, fn->id),
            address_number(address_of(*made)), callback_count(st));
    }
    return true;
  });
  return made;
}

namespace {

CallbackRecord* record_of(State* st, CData* cd) {
  CallbackTable* table = table_of(st);
  if (table == nullptr || (cd->flags & kIsCallback) == 0) return nullptr;
  auto found = table->records.find(reinterpret_cast<CallbackCData*>(cd)->id);
  return found == table->records.end() || found->second->freed ? nullptr : found->second.get();
}

// Lua functions that became callbacks in passing stay. So many of them are hardly meant.
constexpr size_t kManyPassed = 10000;

void tell_many(lua_State* L, State* st, TypeInfo* fn, const Place& place) {
  char line[512];
  const int length = std::snprintf(
      line, sizeof line,
      "more than %zu Lua functions have become callbacks that live as long as the state, the last as '%s'%s%s. Pass "
      "the "
      "same function each time, ffi.scoped(f) where C calls it during the call only, or cb = ffi.cast(type, f) and "
      "cb:free()",
      kManyPassed, type_name(st, fn->id), place.name != nullptr ? " for " : "",
      place.name != nullptr ? place.name : "");
  if (length < 0 || lua_warn(L, line)) return;
  os::write_standard_error("ffi: ", 5);
  os::write_standard_error(line, std::min(static_cast<size_t>(length), sizeof line - 1));
  os::write_standard_error("\n", 1);
}

// Argument 1 must be a live callback.
CallbackRecord* check_callback(lua_State* L, State* st) {
  if (st->closed()) raise_closed(L);
  CData* cd = to_cdata(L, st, 1);
  if (cd == nullptr || (cd->flags & kIsCallback) == 0) raise(L, "can't set the function for a non-lua callback");
  CallbackRecord* record = record_of(st, cd);
  if (record == nullptr) {
    void* address;
    std::memcpy(&address, &cd->bits, sizeof address);
    const char* place = freed_callback_place(st, address);
    raise(L, "can't set the function for a free'd callback '%s'%s%s", type_name(st, cd->type),
          place[0] != 0 ? " made at " : "", place);
  }
  return record;
}

}  // namespace

void* callback_for(lua_State* L, State* st, TypeInfo* fn, int idx, const Place& place) {
  luaL_checkstack(L, 8, nullptr);
  require_callbacks(L, st, "a Lua function for C");
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
    push_where(L);
    lua_pushvalue(L, idx);
    const int ref = add_reference(L);
    record = make_record(L, st, fn, lua_tostring(L, -1), true, false);
    if (record == nullptr) {
      drop_reference(L, ref);
      lua_pop(L, 3);
      raise_at(L, st, place);
    }
    lua_pop(L, 1);
    set_function(L, st, record, idx, ref);
    lua_pushlightuserdata(L, record);
    lua_rawseti(L, -2, static_cast<int>(fn->id));
    if (++table_of(st)->passed == kManyPassed + 1) tell_many(L, st, fn, place);
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

CData* push_callback(lua_State* L, State* st, TypeInfo* pointer, int idx, bool open) {
  idx = abs_index(L, idx);
  luaL_checkstack(L, 6, nullptr);
  require_callbacks(L, st, "a Lua function for C");
  auto* cd = static_cast<CallbackCData*>(new_userdata(L, sizeof(CallbackCData)));
  *cd = CallbackCData{CData{pointer->id, kOwned | kInSlot | kIsCallback, kGuard, {nullptr}}, 0};
  lua_rawgeti(L, LUA_REGISTRYINDEX, pointer->metatable);
  lua_setmetatable(L, -2);
  push_where(L);
  lua_pushvalue(L, idx);
  const int ref = add_reference(L);
  CallbackRecord* record = make_record(L, st, base_of(st, pointer), lua_tostring(L, -1), open, false);
  if (record == nullptr) {
    drop_reference(L, ref);
    raise_error(L, st);
  }
  lua_pop(L, 1);
  set_function(L, st, record, idx, ref);
  cd->id = record->id;
  void* address = address_of(*record);
  std::memcpy(&cd->header.bits, &address, sizeof address);
  return &cd->header;
}

int l_callback_free(lua_State* L) {
  State* st = state_of(L);
  CallbackRecord* record = check_callback(L, st);
  // What C is told that calls it still is made now: nothing may raise then.
  luaL_checkstack(L, 6, nullptr);
  lua_pushfstring(L, "a freed callback was called: '%s'%s%s", type_name(st, record->fn->id),
                  record->made_at.empty() ? "" : " made at ", record->made_at.c_str());
  record->data->id = 0;
  close_queue(record->data);
  set_answer(record->data, nullptr, 0);
  lua_rawseti(L, LUA_REGISTRYINDEX, record->function);
  drop_reference(L, record->kept_result);
  drop_reference(L, record->on_error);
  drop_reference(L, record->error_handler);
  record->kept_result = record->on_error = record->error_handler = LUA_NOREF;
  ErrorHandling& errors = table_of(st)->errors;
  if (errors.told == record) errors.told = nullptr;
  record->freed = true;
  record->data->live = false;
  CallbackTable* table = table_of(st);
  void* address = address_of(*record);
  if (traced(Topic::callback))
    trace(Topic::callback, "%s: freed at " FERRY_ADDRESS, type_name(st, record->fn->id), address_number(address));
  table->by_address[address] = 0;
  without_exceptions(st, [&] {
    table->freed.push_back(record->id);
    if (table->freed.size() > kMaxFreed) forget_oldest(L, table);
    return true;
  });
  return 0;
}

int l_callback_set(lua_State* L) {
  State* st = state_of(L);
  CallbackRecord* record = check_callback(L, st);
  require_callbacks(L, st, "a Lua function for C");
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
    set_answer(record->data, nullptr, 0);
    choose_error_handler(L, st, record);
    return 0;
  }
  // What a thread that is not inside gets: it cannot ask a function.
  const void* answer = nullptr;
  size_t answer_bytes = 0;
  if (!lua_isfunction(L, 2) && record->result->rep != Rep::none) {
    // Converted once now, so that a value that does not fit is an error here and not in the callback.
    luaL_checkstack(L, 4, nullptr);
    const auto size = static_cast<size_t>(record->result->size);
    void* aside = new_userdata(L, size + 16);
    std::memset(aside, 0, size + 16);
    write_any(L, st, record->result, aside, 2, Place{Place::Kind::argument, 2, "onerror", kNoType}, TargetOwner{},
              kAssign);
    widen_slot(record->result, aside);
    answer = aside;  // and stays on the stack
    answer_bytes = std::max<size_t>(size, 8);
    lua_pushvalue(L, 2);
  }
  if (!without_exceptions(st, [&] {
        set_answer(record->data, answer, answer_bytes);
        return true;
      })) {
    raise_error(L, st);
  }
  if (record->on_error == LUA_NOREF) {
    record->on_error = add_reference(L);
  } else {
    lua_rawseti(L, LUA_REGISTRYINDEX, record->on_error);
  }
  choose_error_handler(L, st, record);
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

void renew_callbacks(State* st) {
  CallbackTable* table = table_of(st);
  if (table == nullptr) return;
  for (auto& [id, record] : table->records) {
    record->scalar = is_scalar_callback(st, st->types->function(record->fn->id), record->objects != nullptr);
    record->data->live = runs_compiled(st, *record) && !record->freed;
  }
}

void release_callbacks(State* st) {
  own_inbox(st);
  st->callbacks.table.reset();
}

const char* freed_callback_place(State* st, const void* address) {
  CallbackTable* table = table_of(st);
  if (table == nullptr) return "";
  for (const uint64_t id : table->freed) {
    const auto found = table->records.find(id);
    if (found == table->records.end() || address_of(*found->second) != address) continue;
    return found->second->made_at.c_str();
  }
  return "";
}

void for_each_callback(State* st, void (*each)(void* context, const TypeInfo* type, const char* place), void* context) {
  if (table_of(st) == nullptr) return;
  for (const auto& [id, record] : table_of(st)->records) {
    if (!record->freed) each(context, record->fn, record->made_at.c_str());
  }
}

size_t callback_count(State* st) {
  CallbackTable* table = table_of(st);
  return table != nullptr ? table->records.size() - table->freed.size() - table->idle_count : 0;
}

}  // namespace ferry::lua
