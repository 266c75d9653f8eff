// Makes and recognises cdata objects. Their layout is in cdata.h, their behaviour in metatype.cpp.
#include "lua/state/cdata.h"

#include "base/compiler.h"
#include "lua/host/pointer_set.h"
#include "lua/state/anchor.h"
#include "lua/state/check.h"
#include "lua/state/direct.h"
#include "lua/state/raise.h"
#include "lua/state/type_info.h"

namespace ferry::lua {

namespace {

// The metatable's address and block of a userdata that may be one of ours.
CData* any_cdata(lua_State* L, const State* st, int idx, const void** metatable) {
  if (st->stack.valid && idx > LUA_REGISTRYINDEX) {
    const char* slot = DirectStack::slot_at(L, idx);
    void* block = slot != nullptr ? DirectStack::userdata_at(slot, metatable) : nullptr;
    return *metatable != nullptr ? static_cast<CData*>(block) : nullptr;
  }
  auto* cd = static_cast<CData*>(lua_touserdata(L, idx));
  // Of light userdata and everything else the length is not a userdata's.
  if (cd == nullptr || raw_length(L, idx) < sizeof(CData) || cd->guard != kGuard) return nullptr;
  if (lua_getmetatable(L, idx) == 0) return nullptr;
  *metatable = lua_topointer(L, -1);
  lua_pop(L, 1);
  return cd;
}

void set_metatable(lua_State* L, State* st, TypeInfo* info) {
  push_metatable(L, st, info);
  lua_setmetatable(L, -2);
}

}  // namespace

CData* to_cdata(lua_State* L, State* st, int idx) {
  const void* metatable = nullptr;
  CData* cd = any_cdata(L, st, idx, &metatable);
  if (cd == nullptr || st->metatables.known == nullptr || !st->metatables.known->contains(metatable)) return nullptr;
  return cd->guard == kGuard ? cd : nullptr;
}

CData* to_ctype(lua_State* L, State* st, int idx) {
  const void* metatable = nullptr;
  CData* cd = any_cdata(L, st, idx, &metatable);
  return cd != nullptr && metatable == st->metatables.ctype_address ? cd : nullptr;
}

void push_metatable(lua_State* L, State* st, TypeInfo* info) {
  if (st->stack.valid) {
    if (info->metatable_at != nullptr) [[likely]] {
      DirectStack::push_table(L, info->metatable_at);
      return;
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, info->metatable);
    info->metatable_at = lua_topointer(L, -1);
    return;
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, info->metatable);
}

CData* push_object(lua_State* L, State* st, TypeInfo* info) {
  CData* cd = start_object(L, info);
  set_metatable(L, st, info);
  return cd;
}

namespace {

// What does not lie in its userdata: what is too large, and everything where the state is checked.
FERRY_NO_INLINE CData* new_elsewhere(lua_State* L, State* st, TypeInfo* info, uint64_t size) {
  if (size > kMaxHostObject) raise(L, "size of '%s' is too large", type_name(st, info->id));
  return new_checked(L, st, info, size);
}

}  // namespace

CData* new_cdata(lua_State* L, State* st, TypeInfo* info, uint64_t size) {
  if (info->block != 0 && size == info->size) return push_object(L, st, info);
  if (fits_slot(*info)) {
    auto* cd = static_cast<CData*>(new_userdata(L, sizeof(CData)));
    *cd = CData{info->id, kOwned | kInSlot, kGuard, {nullptr}};
    set_metatable(L, st, info);
    return cd;
  }
  const bool variable = (info->type_flags & kVariable) != 0;
  const size_t header = sizeof(CData) + (variable ? sizeof(uint64_t) : 0);
  const size_t slack = info->align > kUserdataAlign ? info->align - kUserdataAlign : 0;
  if (size >= st->inline_limit) return new_elsewhere(L, st, info, size);
  void* block = new_userdata(L, header + slack + static_cast<size_t>(size));
  auto* cd = static_cast<CData*>(block);
  uintptr_t data = reinterpret_cast<uintptr_t>(block) + header;
  if (slack != 0) data = (data + info->align - 1) & ~uintptr_t{info->align - 1};
  *cd = CData{info->id,
              static_cast<uint16_t>(variable ? kOwned | kHasLength : kOwned),
              kGuard,
              {reinterpret_cast<void*>(data)}};
  if (variable) variable_size(cd) = size;
  std::memset(reinterpret_cast<void*>(data), 0, static_cast<size_t>(size));
  set_metatable(L, st, info);
  return cd;
}

CData* push_reference(lua_State* L, State* st, TypeInfo* info, void* address, int parent) {
  if (parent != 0) parent = abs_index(L, parent);
  luaL_checkstack(L, 4, nullptr);
  // Of a variable-size object the real size may be known: room for it.
  const bool open = (info->type_flags & kVariable) != 0 || may_be_longer(*info);
  const size_t bytes = sizeof(CData) + (open ? sizeof(uint64_t) : 0);
  auto* cd = static_cast<CData*>(parent != 0 ? new_userdata_with_slot(L, bytes) : new_userdata(L, bytes));
  *cd = CData{info->id, kIsReference, kGuard, {address}};
  set_metatable(L, st, info);
  if (parent != 0) set_parent(L, st, -1, parent);
  return cd;
}

CData* push_pointer(lua_State* L, State* st, TypeInfo* pointer, void* value, int parent) {
  if (parent != 0) parent = abs_index(L, parent);
  luaL_checkstack(L, 4, nullptr);
  auto* cd =
      static_cast<CData*>(parent != 0 ? new_userdata_with_slot(L, sizeof(CData)) : new_userdata(L, sizeof(CData)));
  *cd = CData{pointer->id, kOwned | kInSlot, kGuard, {nullptr}};
  std::memcpy(&cd->bits, &value, sizeof value);
  set_metatable(L, st, pointer);
  if (parent != 0) set_parent(L, st, -1, parent);
  return cd;
}

CData* push_open_pointer(lua_State* L, State* st, TypeInfo* pointer) {
  auto* cd = static_cast<CData*>(new_userdata_with_slot(L, sizeof(CData)));
  *cd = CData{pointer->id, kOwned | kInSlot, kGuard, {nullptr}};
  set_metatable(L, st, pointer);
  return cd;
}

CData* push_boxed(lua_State* L, State* st, TypeInfo* info, uint64_t bits) {
  auto* cd = static_cast<CData*>(new_userdata(L, sizeof(CData)));
  *cd = CData{info->id, kOwned | kInSlot, kGuard, {nullptr}};
  cd->bits = bits;
  set_metatable(L, st, info);
  return cd;
}

namespace {

constexpr int64_t kExact = int64_t{1} << 53;  // up to here a double holds every integer

}  // namespace

void push_int64(lua_State* L, State* st, int64_t value) {
  if (st->native_int64() || (st->int64 == Int64Mode::exact && value >= -kExact && value <= kExact)) {
    push_small_integer(L, value);
  } else {
    push_boxed(L, st, info_of(st, Scalar::int64), static_cast<uint64_t>(value));
  }
}

void push_uint64(lua_State* L, State* st, uint64_t value) {
  if (st->native_int64() || (st->int64 == Int64Mode::exact && value <= uint64_t{kExact})) {
    push_small_integer(L, static_cast<int64_t>(value));
  } else {
    push_boxed(L, st, info_of(st, Scalar::uint64), value);
  }
}

void push_ctype(lua_State* L, State* st, TypeId type) {
  luaL_checkstack(L, 4, nullptr);
  info_of(st, type);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->caches.ctypes);
  lua_rawgeti(L, -1, static_cast<int>(type));
  if (!lua_isnil(L, -1)) {
    lua_remove(L, -2);
    return;
  }
  lua_pop(L, 1);
  auto* cd = static_cast<CData*>(new_userdata(L, sizeof(CData)));
  *cd = CData{type, kIsCType, kGuard, {st}};
  lua_rawgeti(L, -2, static_cast<int>(type));
  if (!lua_isnil(L, -1)) {  // a finaliser that ran meanwhile made it
    lua_insert(L, -3);
    lua_pop(L, 2);
    return;
  }
  lua_pop(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->metatables.ctype);
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawseti(L, -3, static_cast<int>(type));
  lua_remove(L, -2);
}

TypeInfo* resolved_type(State* st, const CData* cd) {
  TypeInfo* info = info_of(st, cd->type);
  return info->rep == Rep::reference ? base_of(st, info) : info;
}

void* resolve_nullable(State* st, CData* cd, TypeInfo** info) {
  TypeInfo* i = info_of(st, cd->type);
  void* address = cd->address();
  if (i->rep == Rep::reference) {
    std::memcpy(&address, address, sizeof address);
    i = base_of(st, i);
  }
  *info = i;
  return address;
}

void require_unreleased(lua_State* L, State* st, const CData* cd) {
  if ((cd->flags & kReleased) != 0) raise(L, "attempt to use '%s'", type_name(st, cd->type));
}

void* resolve(lua_State* L, State* st, CData* cd, TypeInfo** info) {
  void* address = resolve_nullable(st, cd, info);
  if (address == nullptr) require_unreleased(L, st, cd);
  if (address == nullptr) raise(L, "attempt to read through a NULL '%s'", type_name(st, cd->type));
  return address;
}

uint64_t size_of_object(State* st, CData* cd) {
  if ((cd->flags & (kHasLength | kUnchecked)) == kHasLength) return variable_size(cd);
  return resolved_type(st, cd)->size;
}

}  // namespace ferry::lua
