// How far pointers reach (reach.h): by the object that they keep alive, and by what its type has at that place.
#include "lua/values/reach.h"

#include "lua/state/anchor.h"
#include "lua/state/raise.h"
#include "lua/state/type_info.h"
#include "lua/values/from_c.h"

namespace ferry::lua {

namespace {

// An object whose end is known.
struct Extent {
  const char* begin = nullptr;
  uint64_t size = 0;
  TypeInfo* type = nullptr;  // null: the bytes of a string
};

// False: nobody but C knows.
bool find_extent(lua_State* L, State* st, int idx, const void* address, Extent* e) {
  if (idx == 0) return false;
  luaL_checkstack(L, 8, "too many nested objects");
  push_owner(L, st, idx);
  if (lua_type(L, -1) == LUA_TSTRING) {
    size_t length;
    e->begin = lua_tolstring(L, -1, &length);
    e->size = length + 1;
  } else if (CData* owner = to_cdata(L, st, -1); owner != nullptr && (owner->flags & kReleased) == 0) {
    TypeInfo* info = info_of(st, owner->type);
    if (info->rep != Rep::reference && (info->rep != Rep::pointer || (owner->flags & kInSlot) != 0) &&
        info->rep != Rep::function && info->rep != Rep::none) {
      e->begin = static_cast<const char*>(owner->address());
      e->type = info;
      e->size = info->size;
      if ((owner->flags & kHasLength) != 0 && variable_size(owner) != kUnknownBytes) e->size = variable_size(owner);
    }
  }
  lua_pop(L, 1);
  const auto offset = reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(e->begin);
  return e->begin != nullptr && offset <= e->size;
}

bool is_same(State* st, TypeInfo* a, TypeInfo* b) {
  return pointer_compatible(st, a->id, b->id, Qualifiers::ignored);
}

// Bytes from `offset` on in an object of `size` bytes that its type declares as objects of `element`.
uint64_t declared_run(State* st, TypeInfo* info, uint64_t size, uint64_t offset, TypeInfo* element) {
  if (offset == 0 && is_same(st, info, element)) return size;
  if (info->rep == Rep::array || info->rep == Rep::vector) {
    TypeInfo* base = base_of(st, info);
    if (base->size == 0) return 0;
    if (is_same(st, base, element) && offset % base->size == 0) return size - offset;
    return declared_run(st, base, base->size, offset % base->size, element);
  }
  if (info->rep != Rep::record || mixes_pointers(st, info)) return 0;
  const Record& r = st->types->record(info->id);
  for (const Field& f : r.fields) {
    if (f.is_bitfield() || offset < f.offset) continue;
    TypeInfo* field = info_of(st, f.type);
    const bool open = field->rep == Rep::array && field->size == 0 && (r.is_union || &f == &r.fields.back());
    const uint64_t bytes = open && f.offset <= size ? size - f.offset : field->size;
    if (offset - f.offset >= bytes) continue;
    const uint64_t run = declared_run(st, field, bytes, offset - f.offset, element);
    if (run != 0) return run;
  }
  return 0;
}

}  // namespace

uint64_t reach(lua_State* L, State* st, int idx, const void* address, TypeInfo* element, bool writing) {
  Extent e;
  if (!find_extent(L, st, idx, address, &e)) return kUnknownBytes;
  const uint64_t offset = static_cast<uint64_t>(static_cast<const char*>(address) - e.begin);
  const uint64_t left = e.size - offset;
  const bool object_holds = e.type != nullptr && holds_pointers(st, e.type);
  if (element == nullptr) return writing && object_holds ? kPointerBytes : left;
  if (!object_holds && !holds_pointers(st, element)) return left;
  return e.type != nullptr ? declared_run(st, e.type, e.size, offset, element) : 0;
}

void require_reach(lua_State* L, State* st, int idx, const void* value, const void* address, TypeInfo* element) {
  const uint64_t bytes = reach(L, st, idx, address, element, true);
  if (bytes == kUnknownBytes ? value == address : bytes >= element->size) return;
  const char* pointer = describe_value(L, st, idx);
  if (bytes == kUnknownBytes && (value == nullptr || reach(L, st, idx, value, nullptr, false) == kUnknownBytes)) {
    raise(L, "pointers are checked: how much '%s' points to is not known, only its [0] can be reached", pointer);
  }
  raise(L, "pointers are checked: no '%s' lies where '%s' is indexed", type_name(st, element->id), pointer);
}

void require_distance(lua_State* L, State* st, int idx, int64_t count, uint64_t size) {
  constexpr uint64_t kFarthest = uint64_t{1} << (8 * sizeof(void*) - 2);
  const uint64_t most = size != 0 ? kFarthest / size : kFarthest;
  const uint64_t distance = count < 0 ? -static_cast<uint64_t>(count) : static_cast<uint64_t>(count);
  if (distance <= most) return;
  raise(L, "pointers are checked: index %lld is outside of all that '%s' may point to", static_cast<long long>(count),
        describe_value(L, st, idx));
}

void require_within(lua_State* L, State* st, int idx, const void* value, const void* address) {
  if (value == address) return;
  Extent e;
  if (!find_extent(L, st, idx, value, &e)) {
    raise(L, "pointers are checked: how much '%s' points to is not known, it cannot be moved",
          describe_value(L, st, idx));
  }
  const auto offset = reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(e.begin);
  if (offset > e.size) {
    raise(L, "pointers are checked: '%s' would leave its object of %llu bytes", describe_value(L, st, idx),
          static_cast<unsigned long long>(e.size));
  }
}

uint64_t reach_of_member(lua_State* L, State* st, int idx, const void* address, TypeInfo* array) {
  const uint64_t bytes = reach(L, st, idx, address, base_of(st, array), true);
  return bytes >= kPointerBytes ? array->size : bytes;
}

void require_pointee(lua_State* L, State* st, int idx, const void* value, TypeInfo* pointee) {
  if (value == nullptr || pointee->size == 0 || pointee->rep == Rep::none || pointee->rep == Rep::function) return;
  const uint64_t bytes = reach(L, st, idx, value, pointee, true);
  if (bytes == kUnknownBytes || bytes >= pointee->size) return;
  raise(L, "pointers are checked: no '%s' lies where '%s' points to", type_name(st, pointee->id),
        describe_value(L, st, idx));
}

bool is_same_pointee(State* st, TypeId target, TypeId source) {
  const TypeTable& types = *st->types;
  for (bool outermost = true;; outermost = false) {
    const Type& t = types[target];
    const Type& s = types[source];
    if (t.kind == Kind::void_) return s.kind != Kind::function;
    if (s.kind == Kind::void_ && outermost) return false;
    if (t.kind == Kind::array && s.kind == Kind::array) {
      const bool gets_length = t.count != kFlexible && t.count != kVla && t.count != 0;
      if (gets_length && t.count != s.count) return false;
    } else if (t.kind == Kind::function && s.kind == Kind::function) {
      return is_same_type(types, target, source);
    } else if (t.kind != s.kind || (t.kind != Kind::pointer && t.kind != Kind::reference)) {
      return true;
    }
    target = t.base;
    source = s.base;
  }
}

}  // namespace ferry::lua
