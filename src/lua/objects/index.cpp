// Member and element access (index.h): NULL and bounds checks, the metatype where C has nothing of that name.
#include "lua/objects/index.h"
#include "lua/state/guarded.h"

#include "lua/calls/callback.h"
#include "lua/objects/access.h"
#include "lua/objects/metatype.h"
#include "lua/state/check.h"
#include "lua/values/numbers.h"
#include "lua/values/reach.h"
#include "lua/values/read.h"
#include "lua/values/strict.h"
#include "lua/values/write.h"

namespace ferry::lua {

namespace {

// What an access found before the key was looked at.
struct Object {
  CData* cd;
  TypeInfo* info;  // references followed
  void* address;   // of the object; null: of a NULL reference
  int parent;      // stack index of what an interior reference must keep alive; 0: nothing
};

Object open(lua_State* L, State* st) {
  CData* cd = to_cdata(L, st, 1);
  if (cd == nullptr) raise_argument(L, 1, "cdata expected, got %s", luaL_typename(L, 1));
  require_unreleased(L, st, cd);
  Object o{cd, nullptr, nullptr, 0};
  o.address = resolve_nullable(st, cd, &o.info);
  const bool owns = (cd->flags & (kOwned | kInSlot)) == kOwned;
  o.parent = owns || (cd->flags & (kHasParent | kHasExtras)) != 0 ? 1 : 0;
  return o;
}

// A Lua number or an integer cdata as an element index.
bool index_key(lua_State* L, State* st, int idx, int64_t* out) {
  switch (lua_type(L, idx)) {
    case LUA_TNUMBER:
      if (st->strict) require_whole(L, st, idx, "index");
      *out = integer_at(L, idx, 8);
      return true;
    case LUA_TUSERDATA: {
      CData* cd = to_cdata(L, st, idx);
      if (cd == nullptr) return false;
      TypeInfo* info;
      const void* at = resolve(L, st, cd, &info);
      if (info->rep >= Rep::i8 && info->rep <= Rep::u64) {
        *out = load_int(at, info->size, (info->type_flags & kUnsigned) != 0);
        return true;
      }
      if (info->rep == Rep::f32 || info->rep == Rep::f64) {
        *out = number_to_integer(load_double(st, info, at), 8);
        return true;
      }
      return false;
    }
    default:
      return false;
  }
}

// Of what is read from the object, or pointed to within it.
void check_reference(lua_State* L, State* st, const Object& o) {
  if (o.address == nullptr) raise(L, "attempt to index a NULL '%s'", type_name(st, o.cd->type));
}

[[noreturn]] void out_of_bounds(lua_State* L, State* st, const Object& o, int64_t index) {
  raise_in_lua(L, "index %lld is outside of '%s'", static_cast<long long>(index), type_name(st, o.cd->type));
}

// Elements that the array certainly has room for; the highest number if nobody knows.
uint64_t known_count(const Object& o, const TypeInfo* element) {
  if ((o.cd->flags & kHasLength) != 0) {
    const uint64_t bytes = variable_size(o.cd);
    if (bytes == kUnknownBytes) return bytes;
    return element->size != 0 ? bytes / element->size : 0;
  }
  const uint64_t count = o.info->count;
  return count == kVla || count == kFlexible ? ~uint64_t{0} : count;
}

// As addresses: C++ knows no pointers outside of objects, and whether it is one is asked of the result.
void* element_behind(void* base, int64_t index, const TypeInfo* element) {
  return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(base) + static_cast<uint64_t>(index) * element->size);
}

// The element's address; raises for NULL, void and indexes outside of an array of known length.
void* element_at(lua_State* L, State* st, const Object& o, int64_t index) {
  TypeInfo* element = base_of(st, o.info);
  check_reference(L, st, o);
  if (o.info->rep == Rep::pointer) {
    void* base;
    std::memcpy(&base, o.address, sizeof base);
    if (base == nullptr) raise(L, "attempt to index a NULL '%s'", type_name(st, o.cd->type));
    if (element->kind == Kind::function) raise(L, "'%s' cannot be indexed", type_name(st, o.cd->type));
    if (element->rep == Rep::none || (element->type_flags & kVariable) != 0) {
      raise(L, "size of '%s' is unknown, it cannot be indexed", type_name(st, element->id));
    }
    // What NaN and numbers beyond 64 bits become: no object reaches there from any address.
    if (index == INT64_MIN) out_of_bounds(L, st, o, index);
    if (pointers_are_checked(st)) require_distance(L, st, 1, index, element->size);
    void* at = element_behind(base, index, element);
    if (pointers_are_checked(st)) require_reach(L, st, 1, base, at, element);
    if (st->check != nullptr) require_inside(L, st, base, o.cd->type, index, element->size);
    return at;
  }
  const uint64_t count = known_count(o, element);
  if (st->index_checks && static_cast<uint64_t>(index) >= count) out_of_bounds(L, st, o, index);
  const bool reaches = count == kUnknownBytes && pointers_are_checked(st);
  if (reaches) require_distance(L, st, 1, index, element->size);
  void* at = element_behind(o.address, index, element);
  if (reaches) require_reach(L, st, 1, nullptr, at, element);
  return at;
}

// The record behind a record or a pointer to one; null if there is none. *address: the record's.
TypeInfo* record_behind(State* st, const Object& o, void** address) {
  if (o.info->rep == Rep::record) {
    *address = o.address;
    return o.info;
  }
  if (o.info->rep == Rep::pointer && base_of(st, o.info)->rep == Rep::record) {
    *address = nullptr;
    if (o.address != nullptr) std::memcpy(address, o.address, sizeof *address);
    return base_of(st, o.info);
  }
  return nullptr;
}

// Where pointers are checked: whether the record at `address` is there.
void check_pointee(lua_State* L, State* st, const Object& o, TypeInfo* record, const void* address) {
  if (pointers_are_checked(st) && o.info->rep == Rep::pointer) require_reach(L, st, 1, address, address, record);
}

[[noreturn]] void no_member(lua_State* L, State* st, const Object& o) {
  if (lua_type(L, 2) == LUA_TSTRING) {
    void* address;
    if (const TypeInfo* record = record_behind(st, o, &address)) {
      raise_no_member(L, st, o.cd->type, record->id, lua_tostring(L, 2));
    }
    if (is_opaque(*o.info) || (o.info->rep == Rep::pointer && is_opaque(*base_of(st, o.info)))) {
      raise(L, "'%s' has no members: its type is not declared completely", type_name(st, o.cd->type));
    }
  }
  raise(L, "'%s' cannot be indexed with '%s'", type_name(st, o.cd->type), describe_value(L, st, 2));
}

// Part 0/1 of a complex number for re/im or an index; -1: neither.
int complex_part(lua_State* L, State* st) {
  int64_t index;
  if (lua_type(L, 2) == LUA_TSTRING) {
    const std::string_view key = lua_tostring(L, 2);
    return key == "re" ? 0 : key == "im" ? 1 : -1;
  }
  // As in LuaJIT, where any index is one of the two parts.
  return index_key(L, st, 2, &index) ? static_cast<int>(index & 1) : -1;
}

// The element that a vector or complex number has at key 2, or null.
void* part_at(lua_State* L, State* st, const Object& o) {
  if (o.info->rep == Rep::complex) {
    const int part = complex_part(L, st);
    if (part < 0) return nullptr;
    check_reference(L, st, o);
    return static_cast<char*>(o.address) + static_cast<uint64_t>(part) * base_of(st, o.info)->size;
  }
  int64_t index;
  if (o.info->rep != Rep::vector || !index_key(L, st, 2, &index)) return nullptr;
  check_reference(L, st, o);
  if (static_cast<uint64_t>(index) >= o.info->count) out_of_bounds(L, st, o, index);
  return static_cast<char*>(o.address) + static_cast<uint64_t>(index) * base_of(st, o.info)->size;
}

// The variable last member of an object whose real size is known has a known size, too.
void inherit_length(lua_State* L, const Object& o, const Member& m) {
  if ((o.cd->flags & kHasLength) == 0 || m.info == nullptr || (m.info->type_flags & kVariable) == 0) return;
  auto* inner = static_cast<CData*>(lua_touserdata(L, -1));
  inner->flags |= kHasLength;
  variable_size(inner) = variable_size(o.cd) - m.offset;
}

int index_metatype(lua_State* L, State* st, const Object& o) {
  if (!push_metamethod(L, st, 1, "__index")) no_member(L, st, o);
  if (lua_isfunction(L, -1)) {
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 2, 1);
  } else {
    lua_pushvalue(L, 2);
    lua_gettable(L, -2);
    if (lua_isnil(L, -1)) no_member(L, st, o);  // as in LuaJIT: a misspelt method is an error at once
  }
  return 1;
}

// Function pointers that own a callback have two methods (luaffifb, LuaJIT).
bool push_callback_method(lua_State* L, State* st, const Object& o) {
  if (o.info->rep != Rep::pointer || base_of(st, o.info)->rep != Rep::function) return false;
  if (lua_type(L, 2) != LUA_TSTRING) return false;
  const std::string_view key = lua_tostring(L, 2);
  if (key == "free") {
    push_function(L, st, guarded<l_callback_free>);
  } else if (key == "set") {
    push_function(L, st, guarded<l_callback_set>);
  } else {
    return false;
  }
  return true;
}

int general_index(lua_State* L, State* st, const Object& o) {
  if (lua_type(L, 2) == LUA_TSTRING) {
    void* address;
    if (TypeInfo* record = record_behind(st, o, &address)) {
      const Member* m = find_member(L, st, record, 2);
      learn_members(st, o.cd, record);
      if (m != nullptr) {
        if (address == nullptr && m->info != nullptr) {
          raise(L, "attempt to read member '%s' through a NULL '%s'", lua_tostring(L, 2), type_name(st, o.cd->type));
        }
        if (m->info != nullptr) check_pointee(L, st, o, record, address);
        push_member(L, st, *m, address, o.parent);
        inherit_length(L, o, *m);
        return 1;
      }
    } else if (push_callback_method(L, st, o)) {
      return 1;
    }
  } else if (o.info->rep == Rep::array || o.info->rep == Rep::pointer) {
    int64_t index;
    if (index_key(L, st, 2, &index)) {
      void* at = element_at(L, st, o, index);
      learn_elements(st, o.cd);
      push_value(L, st, base_of(st, o.info), at, o.parent);
      return 1;
    }
  }
  if (void* part = part_at(L, st, o)) {
    push_value(L, st, base_of(st, o.info), part, 0);
    return 1;
  }
  return index_metatype(L, st, o);
}

int newindex_metatype(lua_State* L, State* st, const Object& o) {
  if (!push_metamethod(L, st, 1, "__newindex")) no_member(L, st, o);
  if (lua_isfunction(L, -1)) {
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_call(L, 3, 0);
  } else {
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_settable(L, -3);
  }
  return 0;
}

// A write into the elements of `element`'s type; their qualifiers decide.
void write_element(lua_State* L, State* st, const Object& o, TypeInfo* element, void* at, int64_t index) {
  if ((element->quals & kConst) != 0 || (element->type_flags & kHasConst) != 0 ||
      (o.info->rep != Rep::pointer && (o.info->quals & kConst) != 0)) {
    raise(L, "attempt to write to a constant element of '%s'", type_name(st, o.cd->type));
  }
  const Place place{Place::Kind::element, static_cast<int>(index), nullptr, o.cd->type};
  write_value(L, st, element, at, 3, place, 1);
}

}  // namespace

int l_general_index(lua_State* L) {
  State* st = state_of(L);
  const Object o = open(L, st);
  return general_index(L, st, o);
}

int l_general_newindex(lua_State* L) {
  State* st = state_of(L);
  const Object o = open(L, st);
  if (lua_type(L, 2) == LUA_TSTRING) {
    void* address;
    if (TypeInfo* record = record_behind(st, o, &address)) {
      if (const Member* m = find_member(L, st, record, 2)) {
        if (address == nullptr) {
          raise(L, "attempt to write member '%s' through a NULL '%s'", lua_tostring(L, 2), type_name(st, o.cd->type));
        }
        check_pointee(L, st, o, record, address);
        learn_members(st, o.cd, record);
        write_member(L, st, *m, address, 3, record, 1);
        return 0;
      }
    }
  } else if (o.info->rep == Rep::array || o.info->rep == Rep::pointer) {
    int64_t index;
    if (index_key(L, st, 2, &index)) {
      void* at = element_at(L, st, o, index);
      learn_elements(st, o.cd);
      write_element(L, st, o, base_of(st, o.info), at, index);
      return 0;
    }
  }
  if (part_at(L, st, o) != nullptr) {
    raise(L, "the elements of '%s' cannot be written one by one: assign the whole value", type_name(st, o.cd->type));
  }
  return newindex_metatype(L, st, o);
}

// Constants of a record or enum by name, then the metatype's __index (static methods).
int l_ctype_index(lua_State* L) {
  State* st = state_of(L);
  CData* ct = to_ctype(L, st, 1);
  if (ct == nullptr) raise_argument(L, 1, "ctype expected, got %s", luaL_typename(L, 1));
  TypeInfo* info = info_of(st, ct->type);
  if (lua_type(L, 2) == LUA_TSTRING) {
    if (info->rep == Rep::record) {
      const Member* m = find_member(L, st, info, 2);
      if (m != nullptr && m->info == nullptr) {
        push_constant(L, st, *m->constant);
        return 1;
      }
    } else if (info->kind == Kind::enumeration) {
      if (const NamedConstant* constant = enum_constant(L, st, info, 2)) {
        push_constant(L, st, constant->value);
        return 1;
      }
    }
  }
  if (info->metatype != 0) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, info->metatype);
    lua_pushliteral(L, "__index");
    lua_rawget(L, -2);
    if (lua_isfunction(L, -1)) {
      lua_pushvalue(L, 1);
      lua_pushvalue(L, 2);
      lua_call(L, 2, 1);
      return 1;
    }
    if (!lua_isnil(L, -1)) {
      lua_pushvalue(L, 2);
      lua_gettable(L, -2);
      return 1;
    }
  }
  raise(L, "ctype '%s' has no constant '%s'", type_name(st, ct->type),
        lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2));
}

int l_ctype_newindex(lua_State* L) {
  State* st = state_of(L);
  CData* ct = to_ctype(L, st, 1);
  raise(L, "ctype '%s' cannot be written to", ct != nullptr ? type_name(st, ct->type) : "?");
}

}  // namespace ferry::lua
