// The callbacks of C calls (callback_scope.h).
//
// A record is idle, in the list of its function type, or in use by one call. All that may raise is done while it is
// idle: an error leaves it there.
#include "lua/calls/callback_scope.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "ctype/spell.h"
#include "lua/calls/call.h"
#include "lua/calls/call_info.h"
#include "lua/calls/callback.h"
#include "lua/calls/callback_record.h"
#include "lua/calls/thunks.h"
#include "lua/state/own.h"
#include "lua/state/restrict.h"
#include "lua/values/functions.h"

namespace ferry::lua {

namespace {

// So many of a function type have been idle before one is used again: for that long C's call of one is told.
constexpr size_t kLeastIdle = 16;
// More looks at what one call needs would not find it either.
constexpr int kMaxLooks = 1000;

// A place in the registry that can be written without raising. Raises.
int new_place(lua_State* L) {
  lua_pushboolean(L, 0);
  return add_reference(L);
}

// The list for the type. Null: no memory.
IdleCallbacks* idle_list(State* st, TypeInfo* fn, bool lends) {
  IdleCallbacks* list = nullptr;
  without_exceptions(st, [&] {
    list = &table_of(st)->idle[{fn->id, lends}];
    return true;
  });
  return list;
}

void add_first(State* st, IdleCallbacks* list, CallbackRecord* record) {
  record->next = list->first;
  list->first = record;
  if (list->last == nullptr) list->last = record;
  ++list->count;
  ++table_of(st)->idle_count;
}

void add_last(State* st, IdleCallbacks* list, CallbackRecord* record) {
  record->next = nullptr;
  (list->last != nullptr ? list->last->next : list->first) = record;
  list->last = record;
  ++list->count;
  ++table_of(st)->idle_count;
}

CallbackRecord* take_first(State* st, IdleCallbacks* list) {
  CallbackRecord* record = list->first;
  list->first = record->next;
  if (list->first == nullptr) list->last = nullptr;
  --list->count;
  --table_of(st)->idle_count;
  return record;
}

// One more, idle. False: st->errors.message.
bool add_record(lua_State* L, State* st, TypeInfo* fn, bool lends, IdleCallbacks* list) {
  CallbackRecord* record = make_record(L, st, fn, "", true, lends);
  if (record == nullptr) return false;
  record->list = list;
  record->freed = true;
  record->data->id = 0;
  table_of(st)->by_address[address_of(*record)] = 0;  // is there
  add_first(st, list, record);
  return true;
}

// What the object of a pointer argument is when the call has returned.
TypeInfo* ended_type(lua_State* L, State* st, TypeInfo* pointer) {
  TypeInfo* made = nullptr;
  if (!without_exceptions(st, [&] {
        TypeInfo*& ended = table_of(st)->ended[pointer->id];
        if (ended == nullptr) {
          const NameId name =
              st->types->intern(spell(*st->types, pointer->id) + " of a callback whose call has returned");
          const TypeId id = st->types->new_record(kNoName, false);
          st->types->name_by_typedef(id, name);
          ended = info_of(st, id);
          ended->is_end = true;
        }
        made = ended;
        return true;
      })) {
    raise_error(L, st);
  }
  return made;
}

// Gives an idle record all that it needs of Lua. Raises.
void complete(lua_State* L, State* st, CallbackRecord* record) {
  if (record->function == LUA_NOREF) record->function = new_place(L);
  if (record->ended_message == LUA_NOREF) {
    lua_pushfstring(L, "a callback was called after the C call that it was for had returned: '%s'",
                    type_name(st, record->fn->id));
    record->ended_message = add_reference(L);
  }
  for (size_t i = 0; record->objects != nullptr && i < record->params.size(); ++i) {
    call::CallbackObject& object = record->objects[i];
    if (record->params[i]->rep != Rep::pointer || object.pointer != nullptr) continue;
    ended_type(L, st, record->params[i]);
    if (object.reference == 0) object.reference = new_place(L);
    CData* cd = push_boxed(L, st, record->params[i], 0);
    cd->flags |= kLent;
    capture_function(L, st, &object.value, &object.tag);
    lua_rawseti(L, LUA_REGISTRYINDEX, object.reference);
    object.pointer = &cd->pointer;
  }
}

// What Lua has kept of the objects refuses to be used. Raises nothing.
void end_objects(lua_State* L, State* st, CallbackRecord* record) {
  for (size_t i = 0; record->objects != nullptr && i < record->params.size(); ++i) {
    call::CallbackObject& object = record->objects[i];
    if (object.pointer == nullptr) continue;
    auto* cd = reinterpret_cast<CData*>(reinterpret_cast<char*>(object.pointer) - offsetof(CData, pointer));
    const unsigned kept = cd->flags & (kHasParent | kHasExtras | kIntoSlot);
    cd->flags = static_cast<uint16_t>(kept | kReleased | kFinalised);
    cd->type = table_of(st)->ended.at(record->params[i]->id)->id;
    cd->bits = 0;
    object.pointer = nullptr;
    lua_pushboolean(L, 0);
    lua_rawseti(L, LUA_REGISTRYINDEX, object.reference);
  }
}

void end_callback(lua_State* L, State* st, CallbackRecord* record) {
  record->data->id = 0;
  record->data->live = false;
  record->data->active = 0;  // C may have left calls of it by longjmp
  record->freed = true;
  set_answer(record->data, nullptr, 0);
  lua_rawgeti(L, LUA_REGISTRYINDEX, record->ended_message);
  lua_rawseti(L, LUA_REGISTRYINDEX, record->function);
  drop_reference(L, record->kept_result);
  drop_reference(L, record->on_error);
  drop_reference(L, record->error_handler);
  record->kept_result = record->on_error = record->error_handler = LUA_NOREF;
  if (table_of(st)->errors.told == record) table_of(st)->errors.told = nullptr;
  end_objects(L, st, record);
  table_of(st)->by_address[address_of(*record)] = 0;
  add_last(st, record->list, record);
}

// The function type of the callback that argument i is given, and how it is made; null: it is given none.
TypeInfo* callback_type(lua_State* L, State* st, const CallInfo* info, size_t i, int first, bool* lends) {
  TypeInfo* param = info->params[i];
  if (param->rep != Rep::pointer || base_of(st, param)->kind != Kind::function) return nullptr;
  const int idx = first + static_cast<int>(i);
  const int type = lua_type(L, idx);
  if (type != LUA_TFUNCTION && type != LUA_TUSERDATA) return nullptr;
  const uint8_t marks = info->marks.empty() ? uint8_t{0} : info->marks[i];
  if (!is_for_call(L, st, param, classify(L, st, idx, type), marks)) return nullptr;
  *lends = (marks & kLends) != 0;
  return base_of(st, param);
}

// Pushes the Lua function at idx, or the one that what ffi.scoped made of it has there.
void push_function_at(lua_State* L, int idx) {
  if (lua_isfunction(L, idx)) {
    lua_pushvalue(L, idx);
    return;
  }
  get_attached_value(L, idx);
}

// Whether nothing can fail any more when the idle record is taken.
bool is_ready(const CallbackRecord& record) {
  return record.function != LUA_NOREF && record.ended_message != LUA_NOREF && is_complete(record);
}

// The nth idle callback of the type; made if there are not as many, or, at the first look, not yet many. True: it was
// ready. Raises where there can be none.
bool prepare(lua_State* L, State* st, TypeInfo* fn, bool lends, size_t n, bool first_look, const Place& place) {
  IdleCallbacks* list = idle_list(st, fn, lends);
  if (list == nullptr) raise_error(L, st);
  if (list->count < (first_look ? std::max(n, kLeastIdle) : n)) {
    if (!add_record(L, st, fn, lends, list) && list->count < n) raise_at(L, st, place);
    return false;
  }
  CallbackRecord* record = list->first;
  for (size_t i = 1; i < n; ++i) record = record->next;
  if (is_ready(*record)) return true;
  record->pinned = true;
  complete(L, st, record);
  record->pinned = false;
  return false;
}

// True: the callbacks for all arguments are ready, and nothing has been done that could have changed that.
bool prepare_all(lua_State* L, State* st, const CallInfo* info, int first, const char* name, bool first_look) {
  bool ready = true, lends = false, others = false;
  for (size_t i = 0; i < info->params.size(); ++i) {
    TypeInfo* fn = callback_type(L, st, info, i, first, &lends);
    if (fn == nullptr) continue;
    size_t n = 1;
    for (size_t j = 0; j < i; ++j) {
      if (callback_type(L, st, info, j, first, &others) == fn && others == lends) ++n;
    }
    const Place place{Place::Kind::argument, static_cast<int>(i) + 1, name, kNoType};
    ready = prepare(L, st, fn, lends, n, first_look, place) && ready;
  }
  return ready;
}

}  // namespace

bool is_for_call(lua_State* L, State* st, TypeInfo* info, const Source& from, uint8_t marks) {
  if (base_of(st, info)->kind != Kind::function) return false;
  if (from.kind == Source::Kind::function) return (marks & kScoped) != 0;
  return from.kind == Source::Kind::own && is_scoped_function(L, st, from.idx);
}

void begin_scope(lua_State* L, State* st, const CallInfo* info, const call::Invoker::Slot* slots, std::byte* frame,
                 int first, const char* name, CallScope* scope) {
  require_callbacks(L, st, "a Lua function for C");
  luaL_checkstack(L, 12, nullptr);
  const size_t count = info->params.size();
  char where[kWhereSize];
  write_where(L, where);
  // Memory that is asked for may be had by a collection, whose finalisers use callbacks, too, and give them back; and
  // where slots run out the idle ones of other types go.
  bool first_look = true;
  for (int looks = 0; !prepare_all(L, st, info, first, name, first_look); ++looks) {
    if (looks == kMaxLooks) raise(L, "too many callbacks at once");
    first_look = false;
  }
  bool lends = false;
  for (size_t i = 0; i < count; ++i) {
    TypeInfo* fn = callback_type(L, st, info, i, first, &lends);
    if (fn == nullptr) continue;
    CallbackRecord* record = take_first(st, &table_of(st)->idle.find({fn->id, lends})->second);
    record->next = scope->first;
    scope->first = record;
    without_exceptions(st, [&] {
      record->made_at = where;
      return true;
    });
    record->freed = false;
    record->data->id = record->id;
    table_of(st)->by_address[address_of(*record)] = record->id;
    push_function_at(L, first + static_cast<int>(i));
    lua_pushvalue(L, -1);
    lua_rawseti(L, LUA_REGISTRYINDEX, record->function);
    set_function(L, st, record, lua_gettop(L), record->function);
    lua_pop(L, 1);
    const void* address = address_of(*record);
    std::memcpy(frame + slots[i].offset, &address, sizeof address);
    widen_slot(info->params[i], frame + slots[i].offset);
  }
}

void end_scope(lua_State* L, State* st, CallScope* scope) {
  if (!st->callbacks.table) return;  // the state was closed meanwhile, and they went with it
  while (scope->first != nullptr) {
    CallbackRecord* record = scope->first;
    scope->first = record->next;
    end_callback(L, st, record);
  }
}

bool is_complete(const CallbackRecord& record) {
  for (size_t i = 0; record.objects != nullptr && i < record.params.size(); ++i) {
    if (record.params[i]->rep == Rep::pointer && record.objects[i].pointer == nullptr) return false;
  }
  return true;
}

void drop_idle_callbacks(lua_State* L, State* st) {
  CallbackTable* table = table_of(st);
  for (auto& [key, list] : table->idle) {
    for (size_t left = list.count; left > 0; --left) {
      CallbackRecord* record = take_first(st, &list);
      if (record->pinned) {
        add_last(st, &list, record);
        continue;
      }
      drop_reference(L, record->function);
      drop_reference(L, record->ended_message);
      for (size_t i = 0; record->objects != nullptr && i < record->params.size(); ++i) {
        if (record->objects[i].reference != 0) drop_reference(L, record->objects[i].reference);
      }
      table->by_address.erase(address_of(*record));
      table->records.erase(record->id);
    }
  }
}

void push_scoped(lua_State* L, State* st, int idx) {
  luaL_checkstack(L, 5, nullptr);
  idx = abs_index(L, idx);
  new_userdata_with_slot(L, sizeof(int));
  lua_pushvalue(L, idx);
  set_attached_value(L, -2);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->callbacks.scoped_metatable);
  lua_setmetatable(L, -2);
}

bool is_scoped_function(lua_State* L, State* st, int idx) {
  return own_at(L, idx, st->callbacks.scoped_metatable) != nullptr;
}

void make_scope_metatable(lua_State* L, State* st) {
  lua_createtable(L, 0, 2);
  lua_pushliteral(L, "ffi.scoped");
  lua_setfield(L, -2, "__name");
  keep_metatable(L, "function of ffi.scoped", &st->callbacks.scoped_metatable);
  lua_pop(L, 1);
}

}  // namespace ferry::lua
