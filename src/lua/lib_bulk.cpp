// Whole arrays at once: ffi.totable, ffi.fromtable, ffi.copy(array, table). A loop of raw table accesses per scalar
// type.
#include "lua/convert.h"
#include "lua/library.h"

namespace ferry::lua {

namespace {

struct Elements {
  TypeInfo* type = nullptr;  // of one element
  char* address = nullptr;
  uint64_t count = ~uint64_t{0};  // known elements; all ones: unknown (pointers)
};

// The scalar array or pointer at arg. Raises for everything else and for NULL.
Elements check_elements(lua_State* L, State* st, int arg, bool writing) {
  CData* cd = to_cdata(L, st, arg);
  if (cd == nullptr) raise_argument(L, arg, "array or pointer expected, got %s", describe_value(L, st, arg));
  TypeInfo* info;
  void* at = resolve(st, cd, &info);
  Elements e;
  if (info->rep == Rep::pointer) {
    std::memcpy(&e.address, at, sizeof e.address);
    if (e.address == nullptr) raise_argument(L, arg, "NULL pointer");
  } else if (info->rep == Rep::array || info->rep == Rep::vector) {
    e.address = static_cast<char*>(at);
  } else {
    raise_argument(L, arg, "array or pointer expected, got '%s'", type_name(st, cd->type));
  }
  e.type = base_of(st, info);
  if (e.type->size == 0 || e.type->rep == Rep::none) {
    raise_argument(L, arg, "size of '%s' is unknown", type_name(st, e.type->id));
  }
  if (info->rep != Rep::pointer && (cd->flags & kUnchecked) == 0) {
    if ((cd->flags & kHasLength) != 0) {
      e.count = variable_size(cd) / e.type->size;
    } else if (info->count != kVla && info->count != kFlexible) {
      e.count = info->count;
    }
  }
  if (writing && (e.type->quals & kConst) != 0) raise_argument(L, arg, "cannot write to '%s'", type_name(st, cd->type));
  return e;
}

// Lua tables are filled by int keys here.
constexpr uint64_t kMaxTableCount = 0x7fffffff;

template <typename T>
void push_numbers(lua_State* L, const char* from, int count) {
  for (int i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, from + static_cast<size_t>(i) * sizeof(T), sizeof(T));
    if constexpr (std::is_floating_point_v<T>) {
      lua_pushnumber(L, static_cast<lua_Number>(value));
    } else {
      push_small_integer(L, static_cast<int64_t>(value));
    }
    lua_rawseti(L, -2, i + 1);
  }
}

template <typename T>
void push_wide(lua_State* L, State* st, const char* from, int count) {
  for (int i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, from + static_cast<size_t>(i) * sizeof(T), sizeof(T));
    if constexpr (std::is_signed_v<T>) {
      push_int64(L, st, value);
    } else {
      push_uint64(L, st, value);
    }
    lua_rawseti(L, -2, i + 1);
  }
}

// Writes numbers as long as the table holds them; returns how many, the rest goes the general way.
template <typename T>
int take_numbers(lua_State* L, int table, char* to, int count) {
  int i = 0;
  for (; i < count; ++i) {
    lua_rawgeti(L, table, i + 1);
    if (lua_type(L, -1) != LUA_TNUMBER) {
      lua_pop(L, 1);
      break;
    }
    T value;
    if constexpr (std::is_floating_point_v<T>) {
      value = static_cast<T>(lua_tonumber(L, -1));
    } else {
      value = static_cast<T>(integer_at(L, -1, sizeof(T)));
    }
    lua_pop(L, 1);
    std::memcpy(to + static_cast<size_t>(i) * sizeof(T), &value, sizeof(T));
  }
  return i;
}

int take_fast(lua_State* L, TypeInfo* type, int table, char* to, int count) {
  switch (type->rep) {
    case Rep::i8:
    case Rep::u8:
      return take_numbers<int8_t>(L, table, to, count);
    case Rep::i16:
    case Rep::u16:
      return take_numbers<int16_t>(L, table, to, count);
    case Rep::i32:
    case Rep::u32:
      return take_numbers<int32_t>(L, table, to, count);
    case Rep::i64:
    case Rep::u64:
      return take_numbers<int64_t>(L, table, to, count);
    case Rep::f32:
      return take_numbers<float>(L, table, to, count);
    case Rep::f64:
      return take_numbers<double>(L, table, to, count);
    default:
      return 0;
  }
}

// table[1..count] -> elements. `owner`: stack index of the array.
void take(lua_State* L, State* st, const Elements& e, int owner, int table, int count) {
  char* to = e.address;
  int done = take_fast(L, e.type, table, to, count);
  for (; done < count; ++done) {
    lua_rawgeti(L, table, done + 1);
    const Place place{Place::Kind::element, done, nullptr, e.type->id};
    write_value(L, st, e.type, to + static_cast<size_t>(done) * e.type->size, lua_gettop(L), place, owner);
    lua_pop(L, 1);
  }
}

int table_count(lua_State* L, int table) {
  const size_t length = raw_length(L, table);
  if (length > kMaxTableCount) raise(L, "table is too long");
  return static_cast<int>(length);
}

}  // namespace

// totable(array [, n]) / totable(pointer, n) -> {a[0], ..., a[n-1]}
int l_totable(lua_State* L) {
  State* st = open_call(L);
  const Elements e = check_elements(L, st, 1, false);
  uint64_t count = e.count;
  if (!lua_isnoneornil(L, 2)) {
    count = check_count(L, st, 2);
    if (e.count != ~uint64_t{0} && count > e.count) {
      raise_argument(L, 2, "%llu elements are beyond the array's %llu", static_cast<unsigned long long>(count),
                     static_cast<unsigned long long>(e.count));
    }
  } else if (count == ~uint64_t{0}) {
    raise_argument(L, 2, "number of elements expected: '%s' does not say it", describe_value(L, st, 1));
  }
  if (count > kMaxTableCount) raise_argument(L, 2, "too many elements");
  const int n = static_cast<int>(count);
  lua_settop(L, 1);
  luaL_checkstack(L, 8, nullptr);
  lua_createtable(L, n, 0);
  const char* from = e.address;
  switch (e.type->rep) {
    case Rep::i8:
      push_numbers<int8_t>(L, from, n);
      break;
    case Rep::u8:
      push_numbers<uint8_t>(L, from, n);
      break;
    case Rep::i16:
      push_numbers<int16_t>(L, from, n);
      break;
    case Rep::u16:
      push_numbers<uint16_t>(L, from, n);
      break;
    case Rep::i32:
      push_numbers<int32_t>(L, from, n);
      break;
    case Rep::u32:
      push_numbers<uint32_t>(L, from, n);
      break;
    case Rep::f32:
      push_numbers<float>(L, from, n);
      break;
    case Rep::f64:
      push_numbers<double>(L, from, n);
      break;
    case Rep::i64:
      push_wide<int64_t>(L, st, from, n);
      break;
    case Rep::u64:
      push_wide<uint64_t>(L, st, from, n);
      break;
    default:
      for (int i = 0; i < n; ++i) {
        push_value(L, st, e.type, e.address + static_cast<size_t>(i) * e.type->size, 1);
        lua_rawseti(L, -2, i + 1);
      }
  }
  return 1;
}

// fromtable(array, table [, first [, n]]): array[first + i - 1] = table[i] for i = 1..n; first defaults to 0, n to
// #table.
int l_fromtable(lua_State* L) {
  State* st = open_call(L);
  Elements e = check_elements(L, st, 1, true);
  luaL_checktype(L, 2, LUA_TTABLE);
  const uint64_t first = lua_isnoneornil(L, 3) ? 0 : check_count(L, st, 3);
  uint64_t count = lua_isnoneornil(L, 4) ? static_cast<uint64_t>(table_count(L, 2)) : check_count(L, st, 4);
  if (e.count != ~uint64_t{0} && (first > e.count || count > e.count - first)) {
    raise_argument(L, 3, "elements %llu to %llu are beyond the array's %llu", static_cast<unsigned long long>(first),
                   static_cast<unsigned long long>(first + count), static_cast<unsigned long long>(e.count));
  }
  if (count > kMaxTableCount || first > kMaxObjectSize / e.type->size) raise_argument(L, 4, "too many elements");
  e.address += first * e.type->size;
  luaL_checkstack(L, 8, nullptr);
  take(L, st, e, 1, 2, static_cast<int>(count));
  lua_settop(L, 1);
  return 1;
}

int copy_from_table(lua_State* L, State* st) {
  const Elements e = check_elements(L, st, 1, true);
  uint64_t count = lua_isnoneornil(L, 3) ? static_cast<uint64_t>(table_count(L, 2)) : check_count(L, st, 3);
  if (e.count != ~uint64_t{0} && count > e.count) {
    raise_argument(L, 2, "%llu elements are beyond the array's %llu", static_cast<unsigned long long>(count),
                   static_cast<unsigned long long>(e.count));
  }
  if (count > kMaxTableCount) raise_argument(L, 3, "too many elements");
  luaL_checkstack(L, 8, nullptr);
  take(L, st, e, 1, 2, static_cast<int>(count));
  return 0;
}

}  // namespace ferry::lua
