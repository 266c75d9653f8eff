// What keeps what alive; the scheme is described in anchor.h.
#include "lua/state/anchor.h"

#include "lua/state/check.h"
#include "lua/state/own.h"
#include "lua/state/raise.h"
#include "lua/state/restrict.h"

namespace ferry::lua {

namespace {

// Negative where tables can lose positive ones (add_reference).
constexpr int kFinaliserKey = kLuaVersion >= 503 ? 1 : -1;
constexpr int kSelfKey = kLuaVersion >= 503 ? 2 : -2;

void new_extras(lua_State* L) {
  if constexpr (kLuaVersion >= 503) {
    lua_createtable(L, 2, 1);
  } else {
    lua_createtable(L, 0, 2);
  }
}

// Pushes the extras table of the cdata at idx (absolute index); nothing and false if it has none.
bool get_extras(lua_State* L, State* st, int idx, const CData* cd) {
  if ((cd->flags & kHasExtras) == 0) return false;
  if constexpr (kAttachTable) {
    get_attached(L, idx);
  } else {
    lua_rawgeti(L, LUA_REGISTRYINDEX, st->anchors.extras);
    lua_pushvalue(L, idx);
    lua_rawget(L, -2);
    lua_remove(L, -2);
  }
  if (lua_istable(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

// Pushes what the cdata at idx keeps besides its extras; nil if it is nothing.
void push_parent(lua_State* L, int idx) {
  get_attached(L, idx);
  if constexpr (kAttachTable) {
    if (lua_istable(L, -1)) {
      lua_rawgeti(L, -1, kSelfKey);
      lua_remove(L, -2);
    }
  }
}

// Pushes the extras table, made if it is not there. One that takes the place of a parent keeps it.
void need_extras(lua_State* L, State* st, int idx, CData* cd) {
  luaL_checkstack(L, 6, "too many nested objects");
  if (get_extras(L, st, idx, cd)) return;
  new_extras(L);
  if (get_extras(L, st, idx, cd)) {  // a finaliser that ran meanwhile made it
    lua_remove(L, -2);
    return;
  }
  if constexpr (kAttachTable) {
    const bool has_parent = (cd->flags & kHasParent) != 0;
    if (has_parent || !kParentSlot) {
      if (has_parent) {
        push_parent(L, idx);
      } else {
        lua_pushvalue(L, idx);
      }
      lua_rawseti(L, -2, kSelfKey);
    }
    lua_pushvalue(L, -1);
    set_attached(L, idx);
  } else {
    lua_rawgeti(L, LUA_REGISTRYINDEX, st->anchors.extras);
    lua_pushvalue(L, idx);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 1);
  }
  cd->flags |= kHasExtras;
}

// Quick no for the usual case: neither the cdata at idx nor what it lies in has anchors.
bool has_anchors(lua_State* L, State* st, int idx) {
  const CData* cd = to_cdata(L, st, idx);
  return cd != nullptr && (cd->flags & (kHasExtras | kHasParent)) != 0;
}

CData* header(lua_State* L, int idx) {
  return static_cast<CData*>(lua_touserdata(L, idx));
}

bool is_library(lua_State* L, State* st, int idx) {
  return own_at(L, idx, st->libraries.metatable) != nullptr;
}

// Where pointers are checked: raises unless the memory at `address` goes when the owner on top of the stack does, or
// never. Of C's memory nobody knows who else reads a pointer there, and whether Lua still keeps what it points to.
void require_own_memory(lua_State* L, State* st, const void* address) {
  if (!pointers_are_checked(st)) return;
  const int owner = lua_gettop(L);
  CData* cd = to_cdata(L, st, owner);
  if (cd == nullptr                ? is_library(L, st, owner)
      : (cd->flags & kInSlot) != 0 ? address == cd->address()
                                   : (cd->flags & kOwned) != 0) {
    return;
  }
  raise(L, "pointers are checked: C's memory is given no pointer to an object of Lua's");
}

// Pushes the table with the anchors of the memory that the cdata at idx (absolute) refers into and `owner`, on top of
// the stack, owns; pops the owner. False: there is none, and none is made.
bool replace_by_anchors(lua_State* L, State* st, int idx, bool make) {
  const int owner = lua_gettop(L);
  CData* cd = to_cdata(L, st, owner);
  if (cd == nullptr && is_library(L, st, owner)) {  // its variables stay
    lua_rawgeti(L, LUA_REGISTRYINDEX, st->anchors.globals);
    lua_replace(L, owner);
    return true;
  }
  if (cd == nullptr) {  // a userdata of others, or a string: the pointer into it has them
    lua_pushvalue(L, idx);
    lua_replace(L, owner);
    cd = to_cdata(L, st, owner);
  }
  const bool found = cd != nullptr && get_extras(L, st, owner, cd);
  if (!found) {
    if (cd == nullptr || !make) {
      lua_pop(L, 1);
      return false;
    }
    need_extras(L, st, owner, cd);
  }
  lua_replace(L, owner);
  return true;
}

// Pops the value on top, which is `object` if that is not null; the userdata `ref` keeps it.
void attach_parent(lua_State* L, State* st, int ref, CData* object) {
  if (object != nullptr) {
    object->flags |= kShared;
    if (st->check != nullptr) note_derived(L, st, ref, -1);
  }
  if constexpr (kParentSlot) {
    set_attached(L, ref);
  } else {
    const int parent = lua_gettop(L);
    if (object != nullptr && (object->flags & kHasParent) == 0) {
      need_extras(L, st, parent, object);
    } else {  // no cdata, or one whose table names another object: wrap it
      new_extras(L);
      lua_pushvalue(L, parent);
      lua_rawseti(L, -2, kSelfKey);
    }
    set_attached(L, ref);
    lua_settop(L, parent - 1);
  }
  header(L, ref)->flags |= kHasParent;
}

}  // namespace

void mark_shared(lua_State* L, State* st, int idx) {
  if (CData* cd = to_cdata(L, st, idx)) cd->flags |= kShared;
}

bool worth_keeping(lua_State* L, State* st, int idx) {
  switch (lua_type(L, idx)) {
    case LUA_TSTRING:
    case LUA_TFUNCTION:  // a C function, which keeps its library
      return true;
    case LUA_TUSERDATA: {
      const CData* cd = to_cdata(L, st, idx);
      if (cd == nullptr) return true;
      return (cd->flags & (kOwned | kInSlot)) == kOwned || (cd->flags & (kHasParent | kHasExtras)) != 0;
    }
    default:
      return false;
  }
}

void set_parent(lua_State* L, State* st, int ref, int parent) {
  luaL_checkstack(L, 8, "too many nested objects");
  ref = abs_index(L, ref);
  parent = abs_index(L, parent);
  CData* source = to_cdata(L, st, parent);
  if (source != nullptr && (source->flags & (kHasParent | kHasExtras)) == kHasParent) {
    push_parent(L, parent);
    if (!lua_isnil(L, -1)) {
      attach_parent(L, st, ref, to_cdata(L, st, -1));
      header(L, ref)->flags |= source->flags & kIntoSlot;
      return;
    }
    lua_pop(L, 1);
  }
  lua_pushvalue(L, parent);
  attach_parent(L, st, ref, source);
}

void set_slot_parent(lua_State* L, State* st, int ref, int parent) {
  luaL_checkstack(L, 8, "too many nested objects");
  ref = abs_index(L, ref);
  lua_pushvalue(L, parent);
  attach_parent(L, st, ref, to_cdata(L, st, -1));
  header(L, ref)->flags |= kIntoSlot;
}

void push_owner(lua_State* L, State* st, int idx) {
  lua_pushvalue(L, idx);
  for (;;) {
    const CData* cd = to_cdata(L, st, -1);
    if (cd == nullptr || (cd->flags & kHasParent) == 0) return;
    push_parent(L, -1);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      return;
    }
    lua_remove(L, -2);
    if ((cd->flags & kIntoSlot) != 0) return;
  }
}

CData* push_stored_pointer(lua_State* L, State* st, TypeInfo* pointer, const void* address, int holder) {
  void* value;
  std::memcpy(&value, address, sizeof value);
  CData* cd = holder != 0 && value != nullptr ? to_cdata(L, st, holder) : nullptr;
  if (cd == nullptr || (cd->flags & (kHasExtras | kHasParent)) == 0) return push_pointer(L, st, pointer, value);
  if (address == &cd->bits) return push_pointer(L, st, pointer, value, holder);
  luaL_checkstack(L, 8, "too many nested objects");
  holder = abs_index(L, holder);
  const int top = lua_gettop(L);
  int owner_at = holder;  // where the owner of that memory is, and the cdata that has the anchors
  CData* owner = cd;
  if ((cd->flags & kHasParent) != 0) {
    push_owner(L, st, holder);
    owner_at = top + 1;
    owner = to_cdata(L, st, owner_at);
    if (owner == nullptr && is_library(L, st, owner_at)) {
      CData* made = push_global_pointer(L, st, pointer, address, owner_at);
      lua_replace(L, owner_at);
      return made;
    }
    // A userdata of others, or a string: the pointer into it has the anchors.
    if (owner == nullptr) owner_at = holder, owner = cd;
  }
  int parent = 0;
  if (get_extras(L, st, owner_at, owner)) {
    rawget_p(L, -1, address);
    if (!lua_isnil(L, -1)) parent = lua_gettop(L);
  }
  // Of a pointer's own value the pointer knows what it points into, if nothing was assigned there.
  if (parent == 0 && (owner->flags & kInSlot) != 0 && address == owner->address() && worth_keeping(L, st, owner_at)) {
    parent = owner_at;
  }
  CData* made = push_pointer(L, st, pointer, value, parent);
  if (lua_gettop(L) != top + 1) {
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
  }
  return made;
}

namespace {

// Whether the value, which was stored as a pointer, was stored as this one.
bool is_stored_as(lua_State* L, State* st, int idx, const void* pointer) {
  if (lua_type(L, idx) == LUA_TSTRING) return lua_tostring(L, idx) == pointer;
  CData* cd = to_cdata(L, st, idx);
  if (cd == nullptr) return lua_touserdata(L, idx) == pointer;
  TypeInfo* info;
  void* at = resolve_nullable(st, cd, &info);
  if (info->rep == Rep::pointer && at != nullptr) std::memcpy(&at, at, sizeof at);
  return at == pointer;
}

}  // namespace

CData* push_global_pointer(lua_State* L, State* st, TypeInfo* pointer, const void* address, int library) {
  luaL_checkstack(L, 8, "too many nested objects");
  library = abs_index(L, library);
  void* value;
  std::memcpy(&value, address, sizeof value);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->anchors.globals);
  rawget_p(L, -1, address);
  lua_remove(L, -2);
  const int assigned = lua_gettop(L);
  const bool found = !lua_isnil(L, assigned) && is_stored_as(L, st, assigned, value);
  CData* made = push_pointer(L, st, pointer, value, found ? assigned : library);
  lua_remove(L, assigned);
  return made;
}

uint64_t bytes_left(lua_State* L, State* st, int idx, const void* address) {
  if (idx == 0) return kUnknownBytes;
  luaL_checkstack(L, 6, "too many nested objects");
  push_owner(L, st, idx);
  CData* owner = to_cdata(L, st, -1);
  lua_pop(L, 1);
  if (owner == nullptr || (owner->flags & (kOwned | kInSlot)) != kOwned) return kUnknownBytes;
  const auto offset = reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(owner->data);
  const uint64_t size = size_of_object(st, owner);
  return offset <= size ? size - offset : kUnknownBytes;
}

void anchor(lua_State* L, State* st, int owner, const void* address, int value) {
  luaL_checkstack(L, 10, "too many nested objects");
  owner = abs_index(L, owner);
  value = abs_index(L, value);
  const bool keep = worth_keeping(L, st, value);
  if (!keep && !has_anchors(L, st, owner)) return;
  push_owner(L, st, owner);
  if (keep) require_own_memory(L, st, address);
  if (!replace_by_anchors(L, st, owner, keep)) return;
  if (keep) {
    mark_shared(L, st, value);
    lua_pushvalue(L, value);
  } else {
    lua_pushnil(L);
  }
  rawset_p(L, -2, address);
  lua_pop(L, 1);
}

void copy_anchors(lua_State* L, State* st, int to, const void* to_address, int from, const void* from_address,
                  uint64_t size) {
  if (!has_anchors(L, st, from)) return;
  luaL_checkstack(L, 14, "too many nested objects");
  const int top = lua_gettop(L);
  to = abs_index(L, to);
  from = abs_index(L, from);
  push_owner(L, st, from);
  if (!replace_by_anchors(L, st, from, false)) return;
  // Collected first: the target's table may be this one, and a table must not grow while it is traversed. Nor does a
  // finaliser add to it meanwhile: raw stores take memory, but no collection begins in them.
  lua_newtable(L);
  const int found = top + 2;
  const char* begin = static_cast<const char*>(from_address);
  lua_pushnil(L);
  while (lua_next(L, top + 1) != 0) {
    if (lua_islightuserdata(L, -2)) {
      const char* at = static_cast<const char*>(lua_touserdata(L, -2));
      if (at >= begin && static_cast<uint64_t>(at - begin) < size) {
        rawset_p(L, found, static_cast<const char*>(to_address) + (at - begin));
        continue;
      }
    }
    lua_pop(L, 1);
  }
  lua_pushnil(L);
  bool any = false;
  while (lua_next(L, found) != 0) {
    if (!any) {
      push_owner(L, st, to);
      require_own_memory(L, st, to_address);
      if (!replace_by_anchors(L, st, to, true)) break;
      lua_insert(L, found + 1);
      any = true;
    }
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, found + 1);
  }
  lua_settop(L, top);
}

void set_finaliser(lua_State* L, State* st, int idx, int finaliser) {
  idx = abs_index(L, idx);
  finaliser = abs_index(L, finaliser);
  CData* cd = header(L, idx);
  if (lua_isnil(L, finaliser)) {
    if (get_extras(L, st, idx, cd)) {
      lua_pushnil(L);
      lua_rawseti(L, -2, kFinaliserKey);
      lua_pop(L, 1);
    }
    return;
  }
  need_extras(L, st, idx, cd);
  lua_pushvalue(L, finaliser);
  lua_rawseti(L, -2, kFinaliserKey);
  lua_pop(L, 1);
}

bool is_finalised(lua_State* L, State* st, int idx) {
  idx = abs_index(L, idx);
  if (!get_extras(L, st, idx, header(L, idx))) return false;
  lua_rawgeti(L, -1, kFinaliserKey);
  const bool found = !lua_isnil(L, -1);
  lua_pop(L, 2);
  return found;
}

void keep_in_extras(lua_State* L, State* st, int idx, int value) {
  value = abs_index(L, value);
  CData* cd = header(L, idx);
  need_extras(L, st, abs_index(L, idx), cd);
  lua_pushvalue(L, value);
  rawset_p(L, -2, cd);  // no address of an anchor
  lua_pop(L, 1);
}

void take_finaliser(lua_State* L, State* st, int idx) {
  idx = abs_index(L, idx);
  CData* cd = header(L, idx);
  if (!get_extras(L, st, idx, cd)) {
    lua_pushnil(L);
    return;
  }
  lua_rawgeti(L, -1, kFinaliserKey);
  lua_pushnil(L);
  lua_rawseti(L, -3, kFinaliserKey);
  lua_remove(L, -2);
}

}  // namespace ferry::lua
