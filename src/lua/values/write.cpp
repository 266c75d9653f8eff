// Lua -> C: the matrix of conversions, a row for each kind of source (source.h) and in it a case for each target that
// the kind converts to. Rows for numbers, booleans, strings, nil, userdata and functions are here; tables' is in
// initialise.cpp, that of cdata in from_c.cpp. The rules are LuaJIT's ("Conversions from Lua objects to C types"), with
// exact integers on 5.3+.
#include "lua/values/write.h"
#include "base/memory.h"

#include <cstdio>

#include "ctype/layout.h"
#include "ctype/suggest.h"
#include "lua/state/anchor.h"
#include "lua/values/decimals.h"
#include "lua/values/from_c.h"
#include "lua/values/functions.h"
#include "lua/values/initialise.h"
#include "lua/values/numbers.h"
#include "lua/values/reach.h"
#include "lua/values/read.h"
#include "lua/values/strict.h"
#include "lua/values/string_list.h"
#include "lua/values/transparent.h"

namespace ferry::lua {

namespace {

bool is_integer_rep(Rep rep) {
  return rep >= Rep::i8 && rep <= Rep::u64;
}

// A pointer is stored and what it points into kept alive by the object that holds it.
void store_pointer(lua_State* L, State* st, void* address, void* value, int source, const TargetOwner& keep) {
  if (keep.owner != 0) anchor(L, st, keep.owner, address, source);
  store(address, value);
}

// Whether `address` lies in memory that the cdata at `owner` keeps alive.
bool holds(lua_State* L, State* st, int owner, const void* address) {
  CData* cd = owner != 0 ? to_cdata(L, st, owner) : nullptr;
  if (cd == nullptr) return false;
  return (cd->flags & (kHasParent | kHasExtras)) != 0 || ((cd->flags & kOwned) != 0 && (cd->flags & kInSlot) == 0) ||
         address == cd->address();
}

// A library function's address keeps its library loaded: through the object that holds it, or, if C has it, for good.
void store_function(lua_State* L, State* st, void* address, void* function, int source, const TargetOwner& keep,
                    unsigned mode) {
  if (holds(L, st, keep.owner, address)) {
    anchor(L, st, keep.owner, address, source);
  } else if ((mode & kSourceKept) == 0) {
    luaL_checkstack(L, 3, nullptr);
    source = abs_index(L, source);
    lua_rawgeti(L, LUA_REGISTRYINDEX, st->anchors.globals);
    lua_pushvalue(L, source);
    rawset_p(L, -2, function);
    lua_pop(L, 1);
  }
  store(address, function);
}

void write_number(lua_State* L, State* st, TypeInfo* info, void* address, int idx, const Place& place,
                  const TargetOwner& keep, unsigned mode) {
  if (st->strict && (mode & kCast) == 0) require_lossless(L, st, info, classify(L, st, idx), place);
  switch (info->rep) {
    case Rep::boolean:
      store<uint8_t>(address, lua_tonumber(L, idx) != 0);
      return;
    case Rep::i8:
    case Rep::u8:
    case Rep::i16:
    case Rep::u16:
    case Rep::i32:
    case Rep::u32:
    case Rep::i64:
    case Rep::u64:
      store_int(address, info->size, integer_at(L, idx, info->size));
      return;
    case Rep::f32:
      store(address, static_cast<float>(lua_tonumber(L, idx)));
      return;
    case Rep::f64:
      store(address, static_cast<double>(lua_tonumber(L, idx)));
      return;
    case Rep::f16:
      store_f16(address, lua_tonumber(L, idx));
      return;
    case Rep::bf16:
    case Rep::ldouble:
    case Rep::f128: {
      int64_t exact;
      const long double value = is_integer_subtype(L, idx) && exact_integer(L, idx, &exact)
                                    ? static_cast<long double>(exact)
                                    : static_cast<long double>(lua_tonumber(L, idx));
      if (info->rep == Rep::bf16) {
        store_bf16(address, value);
      } else if (info->rep == Rep::f128) {
        store_f128(address, value);
      } else {
        store(address, value);
      }
      return;
    }
    case Rep::d32:
    case Rep::d64:
    case Rep::d128:
      store_decimal_number(L, info, address, idx);
      return;
    case Rep::i128:
    case Rep::u128: {
      int64_t exact;
      if (!exact_integer(L, idx, &exact)) {
        const double d = lua_tonumber(L, idx);
        // Within 2^127 the conversion is exact for what a double holds; beyond, as for 64 bits: the lowest value.
        store_int128(address, d);
        return;
      }
      store<int64_t>(address, exact);
      store<int64_t>(static_cast<char*>(address) + 8, exact < 0 ? -1 : 0);
      if (host_target().big_endian) {
        store<int64_t>(address, exact < 0 ? -1 : 0);
        store<int64_t>(static_cast<char*>(address) + 8, exact);
      }
      return;
    }
    case Rep::bit_int: {
      int64_t exact;
      if (exact_integer(L, idx, &exact)) {
        store_bit_int(info, address, {static_cast<uint64_t>(exact), exact < 0 ? ~uint64_t{0} : 0});
      } else if (info->size == 16) {
        store_int128(address, lua_tonumber(L, idx));
        store_bit_int(info, address, load_bit_int(info, address));
      } else {
        store_bit_int(info, address,
                      {static_cast<uint64_t>(number_to_integer(lua_tonumber(L, idx), sizeof(int64_t))), 0});
      }
      return;
    }
    case Rep::complex: {
      TypeInfo* part = base_of(st, info);
      write_number(L, st, part, address, idx, place, keep, mode);
      std::memset(static_cast<char*>(address) + part->size, 0, part->size);
      return;
    }
    case Rep::vector: {
      TypeInfo* element = base_of(st, info);
      for (uint64_t i = 0; i < info->count; ++i) {
        write_number(L, st, element, static_cast<char*>(address) + i * element->size, idx, place, keep, mode);
      }
      return;
    }
    case Rep::pointer:
    case Rep::reference:
      if ((mode & kCast) != 0 || ((mode & kInitialiser) != 0 && info->rep == Rep::pointer &&
                                  base_of(st, info)->kind == Kind::void_ && !casts_are_restricted(st))) {
        store(address, reinterpret_cast<void*>(static_cast<uintptr_t>(integer_at(L, idx, 8))));
        return;
      }
      break;
    default:
      break;
  }
  raise_convert(L, st, idx, info->id, place);
}

// Enum constants by name: C has no such conversion, LuaJIT does.
void write_enum_name(lua_State* L, State* st, TypeInfo* info, void* address, int idx, const Place& place) {
  const NamedConstant* constant = enum_constant(L, st, info, idx);
  if (constant != nullptr) {
    store_int(address, info->size, constant->value.integer);
    return;
  }
  size_t length;
  const char* text = lua_tolstring(L, idx, &length);
  without_exceptions(st, [&] {
    st->errors.message = "'" + std::string(text, length) + "' is no constant of '" + shown_name(st, info->id) + "'" +
                         suggest_constant(*st->types, info->id, {text, length});
    return true;
  });
  raise_at(L, st, place);
}

// A decimal number keeps the zeros that its text ends with.
void write_decimal_text(lua_State* L, State* st, TypeInfo* info, void* address, int idx, const Place& place) {
  size_t length;
  const char* text = lua_tolstring(L, idx, &length);
  const std::optional<Decimal> value = decimal_from_text(format_of(info), {text, length});
  if (value) {
    store_decimal(format_of(info), address, *value);
    return;
  }
  without_exceptions(st, [&] {
    st->errors.message =
        "'" + std::string(text, length) + "' is no number, cannot convert it to '" + shown_name(st, info->id) + "'";
    return true;
  });
  raise_at(L, st, place);
}

void write_string(lua_State* L, State* st, TypeInfo* info, void* address, int idx, const Place& place,
                  const TargetOwner& keep, unsigned mode) {
  if (info->kind == Kind::enumeration) {
    write_enum_name(L, st, info, address, idx, place);
  } else if (is_decimal(info->rep)) {
    write_decimal_text(L, st, info, address, idx, place);
  } else if (info->rep == Rep::array && is_char_array(st, info)) {
    if (st->strict) require_room(L, st, info, info->size, idx, place);
    write_string_array(L, st, info, address, info->size, idx);
  } else if ((mode & kCast) != 0 && is_integer_rep(info->rep)) {  // the string's address
    store_int(address, info->size, static_cast<int64_t>(reinterpret_cast<uintptr_t>(lua_tolstring(L, idx, nullptr))));
  } else if (info->rep == Rep::pointer && ((mode & kCast) != 0 || takes_string(st, info))) {
    store_pointer(L, st, address, const_cast<char*>(lua_tolstring(L, idx, nullptr)), idx, keep);
  } else {
    raise_convert(L, st, idx, info->id, place);
  }
}

bool write_boolean(const TypeInfo* info, void* address, bool value) {
  if (info->rep < Rep::boolean || info->rep > Rep::f64) return false;
  if (info->rep == Rep::f32) {
    store(address, static_cast<float>(value));
  } else if (info->rep == Rep::f64) {
    store(address, static_cast<double>(value));
  } else {
    store_int(address, info->size, value);
  }
  return true;
}

// Lua's io library keeps a FILE * at the start of its userdata (luaL_Stream, a plain FILE * on 5.1).
bool file_of(lua_State* L, int idx, void** out) {
  if (lua_getmetatable(L, idx) == 0) return false;
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_FILEHANDLE);
  const bool is_file = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  if (!is_file) return false;
  *out = open_file(lua_touserdata(L, idx));
  if (*out == nullptr) raise(L, "attempt to use a closed file");
  return true;
}

// What ffi.scoped makes is for calls, which have taken it where it is one.
[[noreturn]] void refuse_scoped(lua_State* L, State* st, TypeInfo* info, const Place& place) {
  without_exceptions(st, [&] {
    st->errors.message = "cannot convert a function of ffi.scoped to '" + shown_name(st, info->id) +
                         "': it is for a parameter that points to a function, and ends with that call";
    return true;
  });
  raise_at(L, st, place);
}

// `FILE *`, whose members nobody declares.
bool is_file_type(State* st, TypeInfo* info) {
  const std::string_view name = type_name(st, (*st->types)[info->base_id].unqualified);
  return name == "FILE" || name == "struct _IO_FILE";
}

// Whether an address of what is no C object may not become a pointer: nobody says what lies there.
bool is_foreign(const State* st, const void* address, unsigned mode) {
  return casts_are_restricted(st) && (mode & kCast) == 0 && address != nullptr;
}

// What points without being a C object: nil, userdata and functions. False: not to what `info`, a pointer or reference,
// points to.
bool write_pointer(lua_State* L, State* st, TypeInfo* info, void* address, const Source& from, const Place& place,
                   const TargetOwner& keep, unsigned mode) {
  switch (from.kind) {
    case Source::Kind::nil:
      store_pointer(L, st, address, nullptr, from.idx, keep);
      return true;
    case Source::Kind::light:
      if (is_foreign(st, from.address, mode)) return false;
      store(address, from.address);
      return true;
    case Source::Kind::own:
      if (is_scoped_function(L, st, from.idx)) refuse_scoped(L, st, info, place);
      return false;
    case Source::Kind::userdata: {
      if (is_function_pointer(st, info)) return false;
      void* value = from.address;
      const bool is_file = file_of(L, from.idx, &value);
      if (is_foreign(st, value, mode) && !(is_file && is_file_type(st, info))) return false;
      store_pointer(L, st, address, value, from.idx, keep);
      return true;
    }
    case Source::Kind::c_function:
      if ((mode & kCast) == 0 && !pointer_compatible(st, info->base_id, from.info->id, Qualifiers::kept)) return false;
      if (casts_are_restricted(st) && (mode & kCast) == 0 && !is_same_type(*st->types, info->base_id, from.info->id)) {
        return false;
      }
      store_function(L, st, address, from.address, from.idx, keep, mode);
      return true;
    case Source::Kind::function:
      if (!is_function_pointer(st, info)) return false;
      store(address, callback_for(L, st, base_of(st, info), from.idx, place));
      return true;
    default:
      return false;
  }
}

// A list of tables where C wants a pointer to a record is not one record but several, unless the first member takes a
// table.
void refuse_several(lua_State* L, State* st, TypeInfo* record, int idx, const Place& place) {
  const Record& r = st->types->record(record->id);
  if (r.fields.empty()) return;
  const Field& first = r.fields[0];
  const TypeInfo* member = info_of(st, first.type);
  if (first.name == kNoName || has_parts(member->rep)) return;
  lua_rawgeti(L, idx, 1);
  const bool table = lua_istable(L, -1);
  lua_pop(L, 1);
  if (!table) return;
  const uint64_t count = raw_length(L, idx);
  without_exceptions(st, [&] {
    const std::string name = shown_name(st, (*st->types)[record->id].unqualified);
    st->errors.message = "cannot convert 'table' to '" + shown_name(st, member->id) + "' in member '" +
                         std::string(st->types->name(first.name)) + "' of '" + name + "'; several of them: ffi.new(\"" +
                         name + "[" + std::to_string(count) + "]\", ...)";
    return true;
  });
  raise_at(L, st, place);
}

// A table for an aggregate, or as an argument for a pointer to a record. False: the type is none of these.
bool write_from_table(lua_State* L, State* st, TypeInfo* info, void* address, int idx, const Place& place,
                      const TargetOwner& keep, unsigned mode) {
  const bool argument = (mode & kCallArgument) != 0;
  switch (info->rep) {
    case Rep::record:
    case Rep::array:
    case Rep::complex:
    case Rep::vector:
      if (argument) {  // written where it travels; a table within it is no argument
        std::memset(address, 0, static_cast<size_t>(info->size));
        mode = kAssign;
      }
      write_table(L, st, info, address, info->size, idx, place, keep, mode);
      return true;
    case Rep::pointer:
    case Rep::reference: {
      TypeInfo* to = base_of(st, info);
      if (argument && is_string_list(st, to)) {
        store(address, push_string_list(L, st, to, idx));
        return true;
      }
      if (!argument || to->rep != Rep::record) return false;
      // A temporary that stays on the stack, and so alive, for the call.
      luaL_checkstack(L, 2, nullptr);
      refuse_several(L, st, to, idx, place);
      CData* cd = new_cdata(L, st, to);
      const TargetOwner own{lua_gettop(L)};
      write_table(L, st, to, cd->data, to->size, idx, place, own, kAssign);
      store(address, cd->data);
      return true;
    }
    default:
      return false;
  }
}

}  // namespace

TypeInfo* open_array(lua_State* L, State* st, TypeInfo* element) {
  TypeInfo* info = nullptr;
  if (!without_exceptions(st, [&] {
        const Result<TypeId> array = st->types->array_of(element->id, kVla);
        if (!array) st->errors.message = array.message();
        if (array) info = info_of(st, *array);
        return info != nullptr;
      })) {
    raise_error(L, st);
  }
  return info;
}

bool is_char_array(State* st, TypeInfo* info) {
  return is_byte(base_of(st, info));
}

bool is_open_array(const TypeInfo* info) {
  return info->rep == Rep::array && (info->count == kVla || info->count == kFlexible || info->count == 0);
}

void raise_too_long(lua_State* L, State* st, const TypeInfo* info, uint64_t size, int idx, const Place& place) {
  const size_t length = raw_length(L, idx);
  without_exceptions(st, [&] {
    st->errors.message = "string of " + std::to_string(length) + " bytes is too long for the " + std::to_string(size) +
                         " bytes that '" + shown_name(st, info->id) + "' has";
    return true;
  });
  raise_at(L, st, place);
}

void write_open_string(lua_State* L, State* st, TypeInfo* info, void* address, uint64_t size, int idx,
                       const Place& place) {
  if (raw_length(L, idx) > size) raise_too_long(L, st, info, size, idx, place);
  write_string_array(L, st, info, address, size, idx);
}

bool write_string_array(lua_State* L, State* st, TypeInfo* info, void* address, uint64_t size, int idx) {
  (void)st, (void)info;
  size_t length;
  const char* text = lua_tolstring(L, idx, &length);
  // The terminator is copied where it fits (C 6.7.9p14).
  const size_t bytes = length + 1 < size ? length + 1 : static_cast<size_t>(size);
  std::memcpy(address, text, bytes);
  return true;
}

void write_any(lua_State* L, State* st, TypeInfo* info, void* address, const Source& from, const Place& place,
               const TargetOwner& keep, unsigned mode) {
  if ((mode & kCallArgument) != 0 && info->kind == Kind::union_ &&
      write_transparent(L, st, info, address, from, place, keep, mode)) {
    return;
  }
  switch (from.kind) {
    case Source::Kind::number:
      write_number(L, st, info, address, from.idx, place, keep, mode);
      return;
    case Source::Kind::boolean:
      if (write_boolean(info, address, lua_toboolean(L, from.idx) != 0)) return;
      break;
    case Source::Kind::string:
      write_string(L, st, info, address, from.idx, place, keep, mode);
      return;
    case Source::Kind::table:
      if (write_from_table(L, st, info, address, from.idx, place, keep, mode)) return;
      break;
    case Source::Kind::cdata:
      require_object(L, st, from);
      if (st->strict && (mode & kCast) == 0) require_lossless(L, st, info, from, place);
      write_from_c(L, st, info, address, from, place, keep, mode);
      return;
    default:
      if (info->rep == Rep::pointer || info->rep == Rep::reference) {
        if (write_pointer(L, st, info, address, from, place, keep, mode)) return;
      } else if ((mode & kCast) != 0 && is_integer_rep(info->rep)) {
        void* value;  // a pointer casts to an integer
        if (!write_pointer(L, st, void_pointer(st), &value, from, place, keep, mode)) break;
        store_int(address, info->size, static_cast<int64_t>(reinterpret_cast<uintptr_t>(value)));
        return;
      }
      break;
  }
  raise_convert(L, st, from.idx, info->id, place);
}

namespace {

// Bytes that a string or table gets of an array of open length at `address`: what it needs (C has no bound), but no
// more than what is left of the object if that is known.
uint64_t open_array_size(lua_State* L, State* st, TypeInfo* info, const void* address, const Source& from, int owner) {
  const bool checked = pointers_are_checked(st);
  const uint64_t left = checked ? reach_of_member(L, st, owner, address, info) : bytes_left(L, st, owner, address);
  const bool is_string = from.kind == Source::Kind::string;
  if (left != kUnknownBytes && (info->count != 0 || is_string)) return left;
  if (is_string) return raw_length(L, from.idx) + 1;
  lua_rawgeti(L, from.idx, 0);
  const uint64_t count = raw_length(L, from.idx) + (lua_isnil(L, -1) ? 0 : 1);
  lua_pop(L, 1);
  const uint64_t element = base_of(st, info)->size;
  if (element != 0 && count > kMaxHostObject / element) raise(L, "table is too long for '%s'", type_name(st, info->id));
  return count * element < left ? count * element : left;  // behind a `[0]` that is not the last member others lie
}

// Converted aside first, so that an error leaves the target as it was, and what the table does not give is 0.
void assign_table(lua_State* L, State* st, TypeInfo* info, void* address, Source from, const Place& place, int owner) {
  from.idx = abs_index(L, from.idx);
  if (owner != 0) owner = abs_index(L, owner);
  luaL_checkstack(L, 4, nullptr);
  const uint64_t size = is_open_array(info) ? open_array_size(L, st, info, address, from, owner) : info->size;
  CData* aside = new_cdata(L, st, info, size);
  const int top = lua_gettop(L);
  write_table(L, st, info, aside->data, size, from.idx, place, TargetOwner{owner != 0 ? top : 0}, kAssign);
  if (owner != 0) copy_anchors(L, st, owner, address, top, aside->data, size);
  std::memcpy(address, aside->data, static_cast<size_t>(size));
  lua_pop(L, 1);
}

void assign(lua_State* L, State* st, TypeInfo* info, void* address, const Source& from, const Place& place, int owner) {
  if (info->rep == Rep::reference) {  // assignment goes to what it refers to
    void* target;
    std::memcpy(&target, address, sizeof target);
    if (target == nullptr) raise(L, "attempt to write through a NULL '%s'", type_name(st, info->id));
    assign(L, st, base_of(st, info), target, from, place, owner);
  } else if (from.kind == Source::Kind::string && is_open_array(info) && is_char_array(st, info)) {
    write_open_string(L, st, info, address, open_array_size(L, st, info, address, from, owner), from.idx, place);
  } else if (from.kind == Source::Kind::table && has_parts(info->rep)) {
    assign_table(L, st, info, address, from, place, owner);
  } else {
    write_any(L, st, info, address, from, place, TargetOwner{owner != 0 ? abs_index(L, owner) : 0}, kAssign);
  }
}

}  // namespace

void write_value(lua_State* L, State* st, TypeInfo* info, void* address, int idx, const Place& place, int owner) {
  assign(L, st, info, address, classify(L, st, idx), place, owner);
}

void store_bits(std::byte* record, uint64_t offset, unsigned bit_offset, unsigned width, const uint64_t (&raw)[2],
                size_t size) {
  const bool big_endian = host_target().big_endian;
  if (size > 8) {
    write_wide_bits(record, offset, bit_offset, width, raw, big_endian);
  } else {
    write_bits(record, offset, bit_offset, width, static_cast<uint64_t>(load_int(raw, size, true)), big_endian);
  }
}

void write_bit_field(lua_State* L, State* st, const Member& m, void* record, int idx, const Place& place) {
  uint64_t raw[2] = {0, 0};
  write_any(L, st, m.info, raw, idx, place, TargetOwner{}, kAssign);
  if (st->strict) require_bits(L, st, m.info, m.bit_width, raw, place);
  store_bits(static_cast<std::byte*>(record), m.offset, m.bit_offset, m.bit_width, raw, m.info->size);
}

void write_member(lua_State* L, State* st, const Member& m, void* record, int idx, TypeInfo* record_info, int owner) {
  const Place place{Place::Kind::member, 0, st->types->name(m.name).data(), record_info->id};
  if (m.info == nullptr || ((m.info->quals | record_info->quals) & kConst) != 0 ||
      (m.info->type_flags & kHasConst) != 0) {
    raise(L, "attempt to write to constant member '%s' of '%s'", place.name, type_name(st, record_info->id));
  }
  if (is_hidden(st, m, true)) raise_mixed(L, st->types->name(m.name).data());
  if (m.bit_width != kNotBitfield) {
    write_bit_field(L, st, m, record, idx, place);
    return;
  }
  void* at = static_cast<char*>(record) + m.offset;
  const int type = lua_type(L, idx);
  if (is_native_rep(m.rep) && type == LUA_TNUMBER && !st->strict) {
    switch (m.rep) {
      case Rep::f64:
        store(at, static_cast<double>(lua_tonumber(L, idx)));
        return;
      case Rep::f32:
        store(at, static_cast<float>(lua_tonumber(L, idx)));
        return;
      case Rep::boolean:
        break;
      default:
        store_int(at, m.info->size, integer_at(L, idx, m.info->size));
        return;
    }
  }
  assign(L, st, m.info, at, classify(L, st, idx, type), place, owner);
}

}  // namespace ferry::lua
