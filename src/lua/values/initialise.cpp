// Initialisers: tables and argument lists for arrays, records, complex numbers and vectors, by LuaJIT's rules
// ("Initializers" of its FFI semantics).
#include "lua/values/initialise.h"

#include "ctype/layout.h"
#include "ctype/suggest.h"
#include "lua/state/anchor.h"
#include "lua/values/from_c.h"
#include "lua/values/numbers.h"
#include "lua/values/read.h"
#include "lua/values/strict.h"

namespace ferry::lua {

namespace {

// Each level of nested tables needs a few stack slots and a C frame; the nesting is that of the C type, so this
// is reached only by absurd declarations.
constexpr int kMaxInitialiserDepth = 150;

struct Init {
  lua_State* L;
  State* st;
  const TargetOwner* keep;
  unsigned mode;
  int depth;
  const Place* around;  // the argument that the table is; null: it is none
  bool mixed = false;   // within a union that mixes pointers, in a state without casts
};

void init_table(const Init& in, TypeInfo* info, void* address, uint64_t size, int idx, const Place& place);

[[noreturn]] void too_many(lua_State* L, State* st, TypeInfo* info, const Place& place) {
  without_exceptions(st, [&] {
    st->errors.message = "too many initializers for '" + shown_name(st, info->id) + "'";
    return true;
  });
  raise_at(L, st, place);
}

void init_value(const Init& in, TypeInfo* info, void* address, uint64_t size, const Source& from, const Place& place) {
  if (from.kind == Source::Kind::table && has_parts(info->rep)) {
    init_table(in, info, address, size, from.idx, place);
  } else if (from.kind == Source::Kind::string && info->rep == Rep::array && is_char_array(in.st, info)) {
    if (in.st->strict) require_room(in.L, in.st, info, size, from.idx, place);
    write_string_array(in.L, in.st, info, address, size, from.idx);
  } else {
    write_any(in.L, in.st, info, address, from, place, *in.keep, in.mode & ~static_cast<unsigned>(kInitialiser));
  }
}

// Number of elements that `size` bytes hold.
uint64_t capacity(State* st, TypeInfo* info, uint64_t size) {
  const uint64_t element = base_of(st, info)->size;
  return element != 0 ? size / element : 0;
}

// A single initialiser fills the whole array.
void replicate(void* address, uint64_t element, uint64_t count) {
  auto* to = static_cast<char*>(address);
  uint64_t done = element;
  const uint64_t all = element * count;
  while (done < all) {
    const uint64_t chunk = done < all - done ? done : all - done;
    std::memcpy(to + done, to, static_cast<size_t>(chunk));
    done += chunk;
  }
}

// Replication of elements that hold anchored pointers must anchor every copy.
void fill_from_first(const Init& in, TypeInfo* info, void* address, uint64_t count) {
  TypeInfo* element = base_of(in.st, info);
  replicate(address, element->size, count);
  if (in.keep->owner == 0 || !holds_pointers(in.st, element)) return;
  auto* first = static_cast<char*>(address);
  // Anchors exist only if the first element stored something; copy_anchors looks.
  const CData* owner = to_cdata(in.L, in.st, in.keep->owner);
  if (owner == nullptr || (owner->flags & kHasExtras) == 0) return;
  for (uint64_t i = 1; i < count; ++i) {
    copy_anchors(in.L, in.st, in.keep->owner, first + i * element->size, in.keep->owner, first, element->size);
  }
}

// What of a table was an initialiser: in ffi.strict all has to be.
struct Used {
  uint64_t entries = 0;
  int first = -1;  // of a list: 0 or 1; -1: by name
};

// Whether the key on top is one of the list's.
bool is_listed(lua_State* L, const Used& used) {
  if (used.first < 0 || lua_type(L, -1) != LUA_TNUMBER) return false;
  const lua_Number key = lua_tonumber(L, -1);
  return key >= used.first && key < static_cast<lua_Number>(used.first) + static_cast<lua_Number>(used.entries);
}

[[noreturn]] void unused_entry(const Init& in, TypeInfo* info, const Place& place) {
  lua_State* L = in.L;
  const bool record = info->rep == Rep::record;
  const bool unknown =
      record && lua_type(L, -1) == LUA_TSTRING && find_member(L, in.st, info, lua_gettop(L)) == nullptr;
  const char* key =
      lua_type(L, -1) == LUA_TNUMBER || lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : luaL_typename(L, -1);
  without_exceptions(in.st, [&] {
    const std::string type = "'" + shown_name(in.st, info->id) + "'";
    if (unknown) {
      in.st->errors.message =
          type + " has no member named '" + key + "'" + suggest_member(*in.st->types, info->id, key);
    } else {
      in.st->errors.message = "the initializer for " + type + " has an entry '" + key + "' that is not used";
    }
    return true;
  });
  raise_at(L, in.st, place);
}

void require_used(const Init& in, TypeInfo* info, int idx, const Used& used, const Place& place) {
  lua_State* L = in.L;
  uint64_t entries = 0;
  for (lua_pushnil(L); lua_next(L, idx) != 0; lua_pop(L, 1)) ++entries;
  if (entries == used.entries) return;
  for (lua_pushnil(L); lua_next(L, idx) != 0;) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);  // which may become a string
    const bool member = used.first < 0 && info->rep == Rep::record && lua_type(L, -1) == LUA_TSTRING &&
                        find_member(L, in.st, info, lua_gettop(L)) != nullptr;
    if (!member && !is_listed(L, used)) unused_entry(in, info, place);
    lua_pop(L, 1);
  }
  too_many(L, in.st, info, place);  // more than one member of a union
}

void init_array(const Init& in, TypeInfo* info, void* address, uint64_t size, int idx, const Place& where) {
  lua_State* L = in.L;
  TypeInfo* element = base_of(in.st, info);
  const uint64_t count = info->rep == Rep::complex ? 2 : capacity(in.st, info, size);
  uint64_t filled = 0;
  int first = 0;
  for (int i = 0;; ++i) {
    lua_rawgeti(L, idx, i);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      if (i != 0) break;
      first = 1;  // 0-based or 1-based
      continue;
    }
    if (filled >= count) too_many(L, in.st, info, where);
    const Place place{Place::Kind::element, static_cast<int>(filled), nullptr, info->id, in.around};
    init_value(in, element, static_cast<char*>(address) + filled * element->size, element->size,
               classify(L, in.st, lua_gettop(L)), place);
    lua_pop(L, 1);
    ++filled;
  }
  if (in.st->strict) require_used(in, info, idx, Used{filled, first}, where);
  if (filled == 1 && info->rep != Rep::complex) fill_from_first(in, info, address, count);
}

// Bytes that an open member has: those to the end of the object. Where pointers are checked, behind `[0]` others may
// lie.
uint64_t room_of(const Init& in, TypeInfo* record, const Field& f, const TypeInfo* info, uint64_t size) {
  const Record& r = in.st->types->record(record->id);
  if (pointers_are_checked(in.st) && !r.is_union && &f != &r.fields.back()) return info->size;
  return size - f.offset;
}

void init_field(const Init& in, TypeInfo* record, const Field& f, void* address, uint64_t size, int idx) {
  TypeInfo* info = info_of(in.st, f.type);
  const Place place{Place::Kind::member, 0, in.st->types->name(f.name).data(), record->id, in.around};
  void* at = static_cast<char*>(address) + f.offset;
  if (in.mixed) raise_mixed(in.L, place.name);
  if (f.is_bitfield()) {
    uint64_t raw[2] = {0, 0};
    write_any(in.L, in.st, info, raw, idx, place, TargetOwner{}, kAssign);
    if (in.st->strict) require_bits(in.L, in.st, info, f.bit_width, raw, place);
    store_bits(static_cast<std::byte*>(address), f.offset, f.bit_offset, f.bit_width, raw, info->size);
    return;
  }
  const Source from = classify(in.L, in.st, idx);
  // The variable or flexible last member has what is left of the object.
  if (!is_open_array(info)) {
    init_value(in, info, at, info->size, from, place);
  } else if (from.kind == Source::Kind::string && is_char_array(in.st, info)) {
    write_open_string(in.L, in.st, info, at, room_of(in, record, f, info, size), idx, place);
  } else {
    init_value(in, info, at, room_of(in, record, f, info, size), from, place);
  }
}

// What initialises the members of the record.
Init within(const Init& in, TypeInfo* record) {
  Init inner = in;
  inner.mixed = in.mixed || (casts_are_restricted(in.st) && mixes_pointers(in.st, record));
  return inner;
}

// Members in order from a list, or by name. *position: the next list index, -1: by name. Returns false when
// the list has ended.
bool init_record_from(const Init& outer, TypeInfo* record, void* address, uint64_t size, int idx, int* position,
                      Used* used) {
  const Init in = within(outer, record);
  lua_State* L = in.L;
  const Record& r = in.st->types->record(record->id);
  for (const Field& f : r.fields) {
    if (f.name == kNoName) {
      TypeInfo* inner = info_of(in.st, f.type);
      if (!f.is_bitfield() && inner->rep == Rep::record) {
        if (!init_record_from(in, inner, static_cast<char*>(address) + f.offset, inner->size, idx, position, used)) {
          return false;
        }
        if (r.is_union && *position > 0) return true;
      }
      continue;
    }
    if (*position >= 0) {
      const bool at_start = *position == 0;
      lua_rawgeti(L, idx, *position);
      if (at_start && lua_isnil(L, -1)) {
        lua_pop(L, 1);
        *position = 1;
        lua_rawgeti(L, idx, 1);
      }
      if (at_start && !lua_isnil(L, -1)) used->first = *position;
      if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        if (!at_start) return false;
        *position = -1;
      } else {
        ++*position;
        ++used->entries;
        init_field(in, record, f, address, size, lua_gettop(L));
        lua_pop(L, 1);
        if (r.is_union) return true;
        continue;
      }
    }
    const std::string_view name = in.st->types->name(f.name);
    lua_pushlstring(L, name.data(), name.size());
    lua_rawget(L, idx);
    const bool given = !lua_isnil(L, -1);
    if (given) {
      ++used->entries;
      init_field(in, record, f, address, size, lua_gettop(L));
    }
    lua_pop(L, 1);
    if (given && r.is_union) return true;
  }
  return true;
}

void init_table(const Init& in, TypeInfo* info, void* address, uint64_t size, int idx, const Place& place) {
  if (in.depth >= kMaxInitialiserDepth)
    raise(in.L, "initializer nested too deeply for '%s'", type_name(in.st, info->id));
  luaL_checkstack(in.L, 10, "initializer nested too deeply");
  const Init inner{in.L, in.st, in.keep, in.mode, in.depth + 1, in.around};
  idx = abs_index(in.L, idx);
  if (info->rep == Rep::record) {
    int position = 0;
    Used used;
    init_record_from(inner, info, address, size, idx, &position, &used);
    if (in.st->strict) require_used(inner, info, idx, used, place);
  } else {
    init_array(inner, info, address, size, idx, place);
  }
}

// LuaJIT: whether one argument is a value for the first part of an aggregate, and not the whole.
bool is_partial(State* st, TypeInfo* info, const Source& from) {
  if (info->rep != Rep::record && info->rep != Rep::array) return false;
  switch (from.kind) {
    case Source::Kind::table:
      return false;
    case Source::Kind::string:
      return info->rep == Rep::record;
    case Source::Kind::cdata:
      return (*st->types)[from.info->id].canonical != (*st->types)[info->id].canonical;
    default:
      return true;
  }
}

// One argument for the whole.
void init_whole(const Init& in, TypeInfo* info, void* address, uint64_t size, const Source& from, const Place& place) {
  lua_State* L = in.L;
  State* st = in.st;
  if (from.kind == Source::Kind::table || from.kind == Source::Kind::string) {
    init_value(in, info, address, size, from, place);
  } else if (info->rep == Rep::array && (info->type_flags & kVariable) != 0 && from.kind == Source::Kind::cdata) {
    // Same element type: as much as the source has, which must fit.
    if (!pointer_compatible(st, info->base_id, from.info->base_id, Qualifiers::kept))
      raise_convert(L, st, from.idx, info->id, place);
    if (size_of_object(st, from.cdata) != size) too_many(L, st, info, place);
    require_object(L, st, from);
    if (in.keep->owner != 0) copy_anchors(L, st, in.keep->owner, address, from.idx, from.address, size);
    std::memcpy(address, from.address, static_cast<size_t>(size));
  } else {
    write_any(L, st, info, address, from, place, *in.keep, kInitialiser);
  }
}

// A flat list of arguments for a record, through anonymous members.
void init_record_list(const Init& outer, TypeInfo* record, void* address, uint64_t size, int* next, int last) {
  const Init in = within(outer, record);
  const Record& r = in.st->types->record(record->id);
  for (const Field& f : r.fields) {
    if (*next > last) return;
    if (f.name == kNoName) {
      TypeInfo* inner = info_of(in.st, f.type);
      if (f.is_bitfield() || inner->rep != Rep::record) continue;
      init_record_list(in, inner, static_cast<char*>(address) + f.offset, inner->size, next, last);
    } else {
      init_field(in, record, f, address, size, (*next)++);
    }
    if (r.is_union) return;
  }
}

}  // namespace

void write_table(lua_State* L, State* st, TypeInfo* info, void* address, uint64_t size, int idx, const Place& place,
                 const TargetOwner& keep, unsigned mode) {
  const Init in{L, st, &keep, mode, 0, place.kind == Place::Kind::argument ? &place : nullptr};
  init_table(in, info, address, size, idx, place);
}

void initialise(lua_State* L, State* st, TypeInfo* info, void* address, uint64_t size, int first, int last, int owner,
                const Place& place) {
  if (first > last) return;
  const TargetOwner keep{owner != 0 ? abs_index(L, owner) : 0};
  const Init in{L, st, &keep, kInitialiser, 0, nullptr};
  if (first == last) {
    const Source from = classify(L, st, first);
    if (!is_partial(st, info, from)) {
      init_whole(in, info, address, size, from, place);
      return;
    }
  }
  switch (info->rep) {
    case Rep::array:
    case Rep::complex:
    case Rep::vector: {
      TypeInfo* element = base_of(st, info);
      const uint64_t count = info->rep == Rep::complex ? 2 : capacity(st, info, size);
      if (static_cast<uint64_t>(last - first + 1) > count) too_many(L, st, info, place);
      for (int i = first; i <= last; ++i) {
        const Place at{Place::Kind::element, i - first, nullptr, info->id};
        init_value(in, element, static_cast<char*>(address) + static_cast<uint64_t>(i - first) * element->size,
                   element->size, classify(L, st, i), at);
      }
      if (first == last && info->rep != Rep::complex) fill_from_first(in, info, address, count);
      return;
    }
    case Rep::record: {
      int next = first;
      init_record_list(in, info, address, size, &next, last);
      if (next <= last) too_many(L, st, info, place);
      return;
    }
    default:
      too_many(L, st, info, place);
  }
}

}  // namespace ferry::lua
