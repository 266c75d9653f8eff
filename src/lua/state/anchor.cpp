// What keeps what alive; the scheme is described in anchor.h.
#include "lua/state/anchor.h"

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

// Pushes the extras table, made if it is not there.
void need_extras(lua_State* L, State* st, int idx, CData* cd) {
  luaL_checkstack(L, 6, "too many nested objects");
  if (get_extras(L, st, idx, cd)) return;
  new_extras(L);
  if (get_extras(L, st, idx, cd)) {  // a finaliser that ran meanwhile made it
    lua_remove(L, -2);
    return;
  }
  if constexpr (kAttachTable) {
    if constexpr (!kParentSlot) {
      lua_pushvalue(L, idx);
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

// Whether the value holds anything that could go: a pointer that C gave is nobody's to keep.
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

// Quick no for the usual case: neither the cdata at idx nor what it lies in has anchors.
bool has_anchors(lua_State* L, State* st, int idx) {
  const CData* cd = to_cdata(L, st, idx);
  return cd != nullptr && (cd->flags & (kHasExtras | kHasParent)) != 0;
}

CData* header(lua_State* L, int idx) {
  return static_cast<CData*>(lua_touserdata(L, idx));
}

}  // namespace

void set_parent(lua_State* L, State* st, int ref, int parent) {
  luaL_checkstack(L, 4, "too many nested objects");
  ref = abs_index(L, ref);
  CData* cd = header(L, ref);
  if constexpr (kParentSlot) {
    push_owner(L, st, parent);
    set_attached(L, ref);
  } else {
    push_owner(L, st, parent);
    const int owner = lua_gettop(L);
    if (to_cdata(L, st, owner) != nullptr) {
      need_extras(L, st, owner, header(L, owner));
    } else {  // a string or a library: wrap it
      new_extras(L);
      lua_pushvalue(L, owner);
      lua_rawseti(L, -2, kSelfKey);
    }
    set_attached(L, ref);
    lua_settop(L, owner - 1);
  }
  cd->flags |= kHasParent;
}

void push_owner(lua_State* L, State* st, int idx) {
  idx = abs_index(L, idx);
  if (CData* cd = to_cdata(L, st, idx); cd != nullptr && (cd->flags & kHasParent) != 0) {
    get_attached(L, idx);
    if constexpr (!kParentSlot) {
      if (lua_istable(L, -1)) {
        lua_rawgeti(L, -1, kSelfKey);
        lua_remove(L, -2);
      }
    }
    if (!lua_isnil(L, -1)) return;
    lua_pop(L, 1);
  }
  lua_pushvalue(L, idx);
}

uint64_t bytes_left(lua_State* L, State* st, int idx, const void* address) {
  if (idx == 0) return kUnknownBytes;
  luaL_checkstack(L, 4, "too many nested objects");
  push_owner(L, st, idx);
  CData* owner = to_cdata(L, st, -1);
  lua_pop(L, 1);
  if (owner == nullptr || (owner->flags & (kOwned | kInSlot)) != kOwned) return kUnknownBytes;
  const auto offset = reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(owner->data);
  const uint64_t size = size_of_object(st, owner);
  return offset <= size ? size - offset : kUnknownBytes;
}

void anchor(lua_State* L, State* st, int owner, const void* address, int value) {
  luaL_checkstack(L, 8, "too many nested objects");
  value = abs_index(L, value);
  const bool keep = worth_keeping(L, st, value);
  if (!keep && !has_anchors(L, st, owner)) return;
  push_owner(L, st, owner);
  const int top = lua_gettop(L);
  CData* cd = to_cdata(L, st, top);
  if (cd != nullptr && (keep || (cd->flags & kHasExtras) != 0)) {
    need_extras(L, st, top, cd);
    if (keep) {
      lua_pushvalue(L, value);
    } else {
      lua_pushnil(L);
    }
    rawset_p(L, -2, address);
  }
  lua_settop(L, top - 1);
}

void copy_anchors(lua_State* L, State* st, int to, const void* to_address, int from, const void* from_address,
                  uint64_t size) {
  if (!has_anchors(L, st, from)) return;
  luaL_checkstack(L, 12, "too many nested objects");
  const int top = lua_gettop(L);
  to = abs_index(L, to);
  push_owner(L, st, from);
  CData* source = to_cdata(L, st, top + 1);
  if (source == nullptr || !get_extras(L, st, top + 1, source)) {
    lua_settop(L, top);
    return;
  }
  push_owner(L, st, to);
  CData* target = to_cdata(L, st, -1);
  if (target == nullptr) {
    lua_settop(L, top);
    return;
  }
  const int target_index = lua_gettop(L);
  // Collected first: the target's table may be this one, and a table must not grow while it is traversed. Nor does a
  // finaliser add to it meanwhile: raw stores take memory, but no collection begins in them.
  lua_newtable(L);
  const int found = lua_gettop(L);
  const char* begin = static_cast<const char*>(from_address);
  lua_pushnil(L);
  while (lua_next(L, top + 2) != 0) {
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
      need_extras(L, st, target_index, target);
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
  if constexpr (!kParentSlot) {
    // A reference's attached table is its parent's: give it a table of its own that also keeps the parent.
    if ((cd->flags & kHasParent) != 0 && (cd->flags & kHasExtras) == 0) {
      push_owner(L, st, idx);
      new_extras(L);
      lua_insert(L, -2);
      lua_rawseti(L, -2, kSelfKey);
      if ((cd->flags & kHasExtras) == 0) {  // else a finaliser that ran meanwhile gave it one
        set_attached(L, idx);
        cd->flags |= kHasExtras;
      } else {
        lua_pop(L, 1);
      }
    }
  } else if constexpr (kAttachTable) {
    if ((cd->flags & kHasParent) != 0 && (cd->flags & kHasExtras) == 0) {
      push_owner(L, st, idx);
      new_extras(L);
      lua_insert(L, -2);
      lua_rawseti(L, -2, kSelfKey);
      if ((cd->flags & kHasExtras) == 0) {
        set_attached(L, idx);
        cd->flags |= kHasExtras;
        cd->flags &= static_cast<uint16_t>(~kHasParent);
      } else {
        lua_pop(L, 1);
      }
    }
  }
  need_extras(L, st, idx, cd);
  lua_pushvalue(L, finaliser);
  lua_rawseti(L, -2, kFinaliserKey);
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
