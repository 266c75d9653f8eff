// The hot paths of indexing: numbers and booleans in records, arrays and behind pointers, and methods. What is not
// recognised at a glance goes to index.cpp, which also leaves in TypeInfo what these paths need.
//
// Both functions stand in hidden metatables (__metatable), so Lua calls them with cdata only; the guard is for what the
// debug library could bring, and for closed states.
#include "lua/objects/access.h"

#include <bit>

#include "base/compiler.h"
#include "base/memory.h"
#include "lua/host/chaos.h"
#include "lua/objects/index.h"
#include "lua/state/anchor.h"
#include "lua/state/check.h"
#include "lua/state/direct.h"
#include "lua/state/guarded.h"
#include "lua/state/restrict.h"
#include "lua/values/read.h"

namespace ferry::lua {

namespace {

// "__index", which must not be made anew for each look-up: second upvalue of the __index functions.
constexpr int kIndexName = 2;

// Pushes a value that is a Lua number or boolean; false: it is something else.
template <class Stack>
inline bool push_plain(Stack& stack, Rep rep, const char* at) {
  switch (rep) {
    case Rep::f64:
      stack.push_number(load<double>(at));
      return true;
    case Rep::i32:
      stack.push_integer(load<int32_t>(at));
      return true;
    case Rep::u8:
      stack.push_integer(load<uint8_t>(at));
      return true;
    case Rep::i8:
      stack.push_integer(load<int8_t>(at));
      return true;
    case Rep::i16:
      stack.push_integer(load<int16_t>(at));
      return true;
    case Rep::u16:
      stack.push_integer(load<uint16_t>(at));
      return true;
    case Rep::u32:
      stack.push_integer(load<uint32_t>(at));
      return true;
    case Rep::f32:
      stack.push_number(static_cast<double>(load<float>(at)));
      return true;
    case Rep::boolean:
      stack.push_boolean(load<uint8_t>(at) != 0);
      return true;
    case Rep::i64:
    case Rep::u64:
      if constexpr (kNativeIntegers) {
        stack.push_integer(load<int64_t>(at));
        return true;
      }
      return false;  // boxed
    default:
      return false;
  }
}

// Writes argument 3 if it is of the kind that needs no conversion rule; false: it is something else.
template <class Stack>
inline bool store_plain(const Stack& stack, Rep rep, char* at) {
  const int tag = stack.tag(3);
  if (!Stack::is_number(tag)) {
    if (rep != Rep::boolean || !Stack::is_boolean(tag)) return false;
    store<uint8_t>(at, stack.boolean(3, tag));
    return true;
  }
  if (rep == Rep::f64) {
    store(at, stack.number(3, tag));
    return true;
  }
  if (rep == Rep::f32) {
    store(at, static_cast<float>(stack.number(3, tag)));
    return true;
  }
  int64_t value;
  if (!stack.integer(3, tag, &value)) return false;
  switch (rep) {
    case Rep::i32:
    case Rep::u32:
      store(at, static_cast<uint32_t>(value));
      return true;
    case Rep::i8:
    case Rep::u8:
      store(at, static_cast<uint8_t>(value));
      return true;
    case Rep::i16:
    case Rep::u16:
      store(at, static_cast<uint16_t>(value));
      return true;
    case Rep::i64:
    case Rep::u64:
      store(at, value);
      return true;
    default:
      return false;
  }
}

// The element at `index`, a number, if it certainly lies within the object; null: ask.
inline char* element_inside(CData* cd, const TypeInfo* info, int64_t index) {
  const auto i = static_cast<uint64_t>(index);
  if (i >= info->bound) [[unlikely]] {
    if ((cd->flags & kHasLength) == 0 || i >= variable_size(cd) >> info->element_shift) return nullptr;
  }
  if (cd->data == nullptr) [[unlikely]]
    return nullptr;
  return static_cast<char*>(cd->data) + (i << info->element_shift);
}

// push_stored_pointer for argument 1, without what a fresh frame does not need: it has room.
void push_inner_pointer(lua_State* L, State* st, const CData* cd, TypeInfo* info, const char* at) {
  if ((cd->flags & (kHasParent | kHasExtras)) != 0) {
    push_stored_pointer(L, st, info, at, 1);
    return;
  }
  auto* pointer = static_cast<CData*>(new_userdata(L, sizeof(CData)));
  *pointer = CData{info->id, kOwned | kInSlot, kGuard, {nullptr}};
  std::memcpy(&pointer->bits, at, sizeof(void*));
  push_metatable(L, st, info);
  lua_setmetatable(L, -2);
}

// push_reference likewise, to what lies in or behind `cd`, argument 1.
template <class Stack>
void push_inner_object(lua_State* L, State* st, CData* cd, TypeInfo* info, char* at) {
  const bool owns = (cd->flags & (kOwned | kInSlot)) == kOwned;
  const bool keep = owns || (cd->flags & (kHasParent | kHasExtras)) != 0;
  auto* inner = static_cast<CData*>(keep ? new_userdata_with_slot(L, sizeof(CData)) : new_userdata(L, sizeof(CData)));
  *inner = CData{info->id, kIsReference, kGuard, {at}};
  push_metatable(L, st, info);
  lua_setmetatable(L, -2);
  if (!keep) return;
  if constexpr (kParentSlot) {
    uint16_t flags = 0;
    if ((cd->flags & (kHasParent | kHasExtras)) == kHasParent) {  // what it lies in, not the reference to it
      get_attached(L, 1);
      if (!lua_isnil(L, -1)) {
        flags = cd->flags & (kHasParent | kIntoSlot);
      } else {
        lua_pop(L, 1);
      }
    }
    if (flags == 0) {
      Stack(L).push_argument(1);
      cd->flags |= kShared;
      flags = kHasParent;
    }
    set_attached(L, -2);
    inner->flags |= flags;
  } else {
    set_parent(L, st, -1, 1);
  }
}

// A member that is no number: a reference, a pointer, a bit-field, a constant.
template <class Stack>
FERRY_NO_INLINE int index_member(lua_State* L, State* st, CData* cd, const Member& m) {
  char* at = static_cast<char*>(cd->data) + m.offset;
  if (m.rep == Rep::pointer) {
    push_inner_pointer(L, st, cd, m.info, at);
  } else if ((m.rep == Rep::record || m.rep == Rep::array) && (m.info->type_flags & kVariable) == 0 && !m.unchecked) {
    push_inner_object<Stack>(L, st, cd, m.info, at);
  } else {
    const bool owns = (cd->flags & (kOwned | kInSlot)) == kOwned;
    push_member(L, st, m, cd->data, owns || (cd->flags & (kHasParent | kHasExtras)) != 0 ? 1 : 0);
  }
  return 1;
}

// An element that is no number, if it certainly lies within the object; false: ask.
template <class Stack>
FERRY_NO_INLINE bool index_element(lua_State* L, State* st, CData* cd, TypeInfo* info, int64_t index) {
  const auto i = static_cast<uint64_t>(index);
  TypeInfo* element = info->base;
  if (i >= info->bound || cd->data == nullptr) return false;
  char* at = static_cast<char*>(cd->data) + i * element->size;
  if (element->rep == Rep::pointer) {
    push_inner_pointer(L, st, cd, element, at);
  } else {
    push_inner_object<Stack>(L, st, cd, element, at);
  }
  return true;
}

// metatype.__index, looked up anew each time: fields added later count, and so does another metatype.
template <class Stack>
FERRY_NO_INLINE int index_method(lua_State* L, TypeInfo* info) {
  Stack stack(L);
  stack.push_reference(info->metatype, &info->metatype_at);
  stack.push_upvalue(kIndexName);
  const int type = raw_get(L, -2);
  if (type == LUA_TFUNCTION) {
    stack.push_argument(1);
    stack.push_argument(2);
    lua_call(L, 2, 1);
    return 1;
  }
  if (type != LUA_TNIL) {
    stack.push_argument(2);
    if (get_table(L, -2) != LUA_TNIL) return 1;
  }
  lua_settop(L, 2);
  return l_general_index(L);
}

// Whether C has nothing of the name at index 2 for the object, whose members have no such address: its record has no
// such member, or is not known.
bool has_no_member(lua_State* L, State* st, TypeInfo* info, bool interned) {
  if (info->metatype == 0) return false;
  if (info->members != nullptr) {
    return interned || find_member(L, st, info->rep == Rep::record ? info : base_of(st, info), 2) == nullptr;
  }
  return info->rep == Rep::pointer && info->base != nullptr && info->base->rep == Rep::none;
}

template <class Stack>
int l_index(lua_State* L) {
  Stack stack(L);
  if (!stack.has(2)) [[unlikely]]
    return l_general_index(L);
  auto* cd = static_cast<CData*>(stack.block(1));
  State* st = stack.state();
  if (cd == nullptr || cd->guard != st->guard) [[unlikely]]
    return l_general_index(L);
  TypeInfo* info = st->infos[cd->type];
  const int tag = stack.tag(2);
  if (Stack::is_string(tag)) {
    size_t length;
    const char* key = stack.string(2, &length);
    const Member* m = info->members != nullptr ? member_at(info->members, key) : nullptr;
    if (m != nullptr && cd->data != nullptr) {
      if (push_plain(stack, m->rep, static_cast<const char*>(cd->data) + m->offset)) return 1;
      if ((cd->flags & kHasLength) == 0) return index_member<Stack>(L, st, cd, *m);
    } else if (m == nullptr && has_no_member(L, st, info, Stack::is_interned(length))) {
      return index_method<Stack>(L, info);
    }
  } else if (info->element != Rep::none && Stack::is_number(tag)) {
    int64_t index;
    if (stack.integer(2, tag, &index)) {
      if (info->element > Rep::f64) {
        if (index_element<Stack>(L, st, cd, info, index)) return 1;
        return l_general_index(L);
      }
      const char* at = element_inside(cd, info, index);
      if (at != nullptr && push_plain(stack, info->element, at)) return 1;
    }
  }
  return l_general_index(L);
}

template <class Stack>
int l_newindex(lua_State* L) {
  Stack stack(L);
  if (!stack.has(3)) [[unlikely]]
    return l_general_newindex(L);
  auto* cd = static_cast<CData*>(stack.block(1));
  State* st = stack.state();
  if (cd == nullptr || cd->guard != st->guard) [[unlikely]]
    return l_general_newindex(L);
  const TypeInfo* info = st->infos[cd->type];
  const int tag = stack.tag(2);
  if (Stack::is_string(tag)) {
    size_t length;
    const char* key = stack.string(2, &length);
    const Member* m = info->members != nullptr ? member_at(info->members, key) : nullptr;
    if (m != nullptr && m->stored != Rep::none && cd->data != nullptr) {
      if (store_plain(stack, m->stored, static_cast<char*>(cd->data) + m->offset)) return 0;
    }
  } else if (info->stored_element != Rep::none && Stack::is_number(tag)) {
    int64_t index;
    if (stack.integer(2, tag, &index)) {
      char* at = element_inside(cd, info, index);
      if (at != nullptr && store_plain(stack, info->stored_element, at)) return 0;
    }
  }
  return l_general_newindex(L);
}

}  // namespace

namespace {

int l_checked_index(lua_State* L) {
  require_life(L, state_of(L), 1);
  return l_general_index(L);
}
int l_checked_newindex(lua_State* L) {
  require_life(L, state_of(L), 1);
  return l_general_newindex(L);
}

}  // namespace

void set_index_events(lua_State* L, State* st) {
  if (st->check != nullptr) {
    push_function(L, st, guarded<l_checked_index>);
    lua_setfield(L, -2, "__index");
    push_function(L, st, guarded<l_checked_newindex>);
    lua_setfield(L, -2, "__newindex");
    return;
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
  lua_pushliteral(L, "__index");
  lua_pushcclosure(L, st->stack.valid ? guarded<l_index<DirectStack>> : guarded<l_index<ApiStack>>, 2);
  lua_setfield(L, -2, "__index");
  push_function(L, st, st->stack.valid ? guarded<l_newindex<DirectStack>> : guarded<l_newindex<ApiStack>>);
  lua_setfield(L, -2, "__newindex");
}

void learn_members(State* st, const CData* cd, const TypeInfo* record) {
  if (only_slow_paths()) return;
  TypeInfo* own = info_of(st, cd->type);
  if (own->rep == Rep::pointer && pointers_are_checked(st)) return;  // each access asks
  const bool at_data = own->rep == Rep::record ||
                       ((own->rep == Rep::pointer || own->rep == Rep::reference) && base_of(st, own) == record);
  if (at_data && record->fields != nullptr) own->members = record->fields;
}

void learn_elements(State* st, const CData* cd) {
  if (only_slow_paths() || st->strict) return;  // which looks at indexes and values
  TypeInfo* own = info_of(st, cd->type);
  if (own->rep != Rep::array && own->rep != Rep::pointer) return;
  if (own->rep == Rep::pointer && pointers_are_checked(st)) return;
  const TypeInfo* element = base_of(st, own);
  const bool plain = is_native_rep(element->rep);
  if (!plain && element->rep != Rep::pointer && element->rep != Rep::record && element->rep != Rep::array) return;
  if ((element->type_flags & kVariable) != 0 || element->size == 0) return;
  if (own->rep == Rep::pointer) {
    own->bound = INT64_MAX;  // C knows none; but negative indexes are looked at, NaN has become one
  } else {
    own->bound = own->count == kVla || own->count == kFlexible ? 0 : own->count;
  }
  const bool constant = (element->quals & kConst) != 0 || (own->rep == Rep::array && (own->quals & kConst) != 0);
  own->stored_element = constant || !plain ? Rep::none : element->rep;
  own->element_shift = static_cast<uint8_t>(std::countr_zero(element->size));  // of a number; others multiply
  own->element = read_rep(st, *element);
}

}  // namespace ferry::lua
