// Whole arrays at once: ffi.totable, ffi.fromtable, ffi.copy(array, table). A loop of raw table accesses per scalar
// type.
#include <cstdio>
#include <type_traits>

#include "lua/api/elements.h"
#include "lua/api/functions.h"
#include "lua/objects/new.h"
#include "lua/state/anchor.h"
#include "lua/state/direct.h"
#include "lua/values/reach.h"
#include "lua/values/read.h"
#include "lua/values/write.h"

namespace ferry::lua {

Elements check_elements(lua_State* L, State* st, int arg, bool writing, bool trusted) {
  CData* cd = to_cdata(L, st, arg);
  if (cd == nullptr) raise_expected(L, st, arg, "array or pointer");
  TypeInfo* info;
  void* at = resolve(L, st, cd, &info);
  Elements e;
  if (info->rep == Rep::pointer) {
    std::memcpy(&e.address, at, sizeof e.address);
    if (e.address == nullptr) raise_argument(L, arg, "NULL pointer");
  } else if (info->rep == Rep::array || info->rep == Rep::vector) {
    e.address = static_cast<char*>(at);
  } else {
    raise_expected(L, st, arg, "array or pointer");
  }
  e.type = base_of(st, info);
  if (e.type->size == 0 || e.type->rep == Rep::none) {
    raise_argument(L, arg, "size of '%s' is unknown", type_name(st, e.type->id));
  }
  if (info->rep != Rep::pointer) {
    if ((cd->flags & kHasLength) != 0) {
      if (variable_size(cd) != kUnknownBytes) e.limit = variable_size(cd) / e.type->size;
    } else if (info->count != kVla && info->count != kFlexible) {
      e.limit = info->count;
    }
    if ((cd->flags & kUnchecked) == 0) e.count = e.limit;
  }
  if (e.limit == kUnknownBytes && pointers_are_checked(st) && !trusted) {
    const uint64_t bytes = reach(L, st, arg, e.address, e.type, writing);
    if (bytes == kUnknownBytes) {
      raise_argument(L, arg, "pointers are checked: how much '%s' points to is not known", describe_value(L, st, arg));
    }
    e.limit = bytes / e.type->size;
  }
  if (writing && (e.type->quals & kConst) != 0) raise_argument(L, arg, "cannot write to '%s'", type_name(st, cd->type));
  return e;
}

void require_elements(lua_State* L, int arg, uint64_t first, uint64_t count, const Elements& e) {
  const uint64_t most = kMaxHostObject / e.type->size;
  if (first <= e.limit && count <= e.limit - first && first <= most && count <= most) return;
  char which[64];
  if (first == 0)
    std::snprintf(which, sizeof which, "%llu elements", static_cast<unsigned long long>(count));
  else
    std::snprintf(which, sizeof which, "elements %llu to %llu", static_cast<unsigned long long>(first),
                  static_cast<unsigned long long>(first + count));
  if (e.limit == kUnknownBytes) raise_argument(L, arg, "%s are too many", which);
  raise_argument(L, arg, "%s are beyond the array's %llu", which, static_cast<unsigned long long>(e.limit));
}

namespace {

// Lua tables are filled by int keys here.
constexpr uint64_t kMaxTableCount = 0x7fffffff;

// Values taken from a table at a time: they lie on the stack together and are popped together.
constexpr int kBatch = 16;
// What luaL_checkstack is asked for: a batch, and what the general conversions need.
constexpr int kStackSlots = kBatch + 8;

template <typename T>
T load(const char* from, int i) {
  T value;
  std::memcpy(&value, from + static_cast<size_t>(i) * sizeof(T), sizeof(T));
  return value;
}

// Elements that one table constructor takes: they are all on the stack, twice. 5.1 gives a C function 8000 slots; 5.2
// shrinks the stack at every collection, and growing it again costs more than is won.
constexpr int kMaxListed = kLuaVersion >= 503 ? 50000 : kLuaVersion == 502 ? 0 : 3000;

// Pushes function (...) return {...} end. A table constructor stores what is on the stack without a call per item.
void push_lister(lua_State* L, State* st) {
  if (st->api.lister == 0) {
    if (luaL_loadstring(L, "return {...}") != 0) lua_error(L);
    st->api.lister = add_reference(L);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->api.lister);
}

// Pushes a table of the array's elements.
template <class Stack, typename T>
void push_numbers(lua_State* L, State* st, const char* from, int count) {
  using Pushed = std::conditional_t<std::is_same_v<T, bool>, bool,
                                    std::conditional_t<std::is_floating_point_v<T>, double, int64_t>>;
  const auto value = [from](int i) {
    if constexpr (std::is_same_v<T, bool>) {
      return load<uint8_t>(from, i) != 0;
    } else {
      return static_cast<Pushed>(load<T>(from, i));
    }
  };
  if (count <= kMaxListed && lua_checkstack(L, 2 * count + kStackSlots) != 0) {
    push_lister(L, st);
    Stack(L).push_all(count, value);
    lua_call(L, count, 1);
    return;
  }
  lua_createtable(L, count, 0);
  const int table = lua_gettop(L);
  for (int done = 0; done < count; ++done) {
    Stack(L).push_all(1, [&](int) { return value(done); });
    lua_rawseti(L, table, done + 1);
  }
}

template <typename T>
void push_wide(lua_State* L, State* st, const char* from, int count) {
  for (int i = 0; i < count; ++i) {
    if constexpr (std::is_signed_v<T>) {
      push_int64(L, st, load<T>(from, i));
    } else {
      push_uint64(L, st, load<T>(from, i));
    }
    lua_rawseti(L, -2, i + 1);
  }
}

template <class Stack>
bool push_fast(lua_State* L, State* st, Rep rep, const char* from, int count) {
  switch (rep) {
    case Rep::boolean:
      push_numbers<Stack, bool>(L, st, from, count);
      return true;
    case Rep::i8:
      push_numbers<Stack, int8_t>(L, st, from, count);
      return true;
    case Rep::u8:
      push_numbers<Stack, uint8_t>(L, st, from, count);
      return true;
    case Rep::i16:
      push_numbers<Stack, int16_t>(L, st, from, count);
      return true;
    case Rep::u16:
      push_numbers<Stack, uint16_t>(L, st, from, count);
      return true;
    case Rep::i32:
      push_numbers<Stack, int32_t>(L, st, from, count);
      return true;
    case Rep::u32:
      push_numbers<Stack, uint32_t>(L, st, from, count);
      return true;
    case Rep::f32:
      push_numbers<Stack, float>(L, st, from, count);
      return true;
    case Rep::f64:
      push_numbers<Stack, double>(L, st, from, count);
      return true;
    case Rep::i64:
    case Rep::u64:
      if (!st->native_int64()) return false;
      push_numbers<Stack, int64_t>(L, st, from, count);
      return true;
    default:
      return false;
  }
}

// Writes elements from number `done` on, as long as the table holds plain numbers; returns where it stopped. What is
// left goes the general way.
template <typename T>
int take_numbers(lua_State* L, int table, int done, char* to, int count) {
  const int top = lua_gettop(L);
  while (done < count) {
    const int n = count - done < kBatch ? count - done : kBatch;
    int types[kBatch];
    for (int i = 0; i < n; ++i) types[i] = raw_geti(L, table, done + i + 1);
    const ApiStack stack(L);
    int i = 0;
    for (; i < n; ++i) {
      T value;
      const int at = top + 1 + i;
      if constexpr (std::is_same_v<T, bool>) {
        if (!ApiStack::is_boolean(types[i])) break;
        value = stack.boolean(at, types[i]);
      } else if (!ApiStack::is_number(types[i])) {
        break;
      } else if constexpr (std::is_floating_point_v<T>) {
        value = static_cast<T>(stack.number(at, types[i]));
      } else {
        int64_t integer;
        if (!stack.integer(at, types[i], &integer)) break;
        value = static_cast<T>(integer);
      }
      std::memcpy(to + static_cast<size_t>(done + i) * sizeof(T), &value, sizeof(T));
    }
    lua_settop(L, top);
    done += i;
    if (i < n) break;
  }
  return done;
}

// The same from the table's array part itself. Nothing is called meanwhile, so it stays where it is.
template <typename T>
int take_row(const DirectStack::Row& row, char* to, int count) {
  if (count > row.count) count = row.count;
  for (int i = 0; i < count; ++i) {
    const char* at = row.at(i);
    const int tag = row.tag(i);
    T value;
    if constexpr (std::is_same_v<T, bool>) {
      if (!DirectStack::is_boolean(tag)) return i;
      value = DirectStack::boolean_at(at, tag);
    } else {
      if (!DirectStack::is_number(tag)) return i;
      if constexpr (std::is_floating_point_v<T>) {
        value = static_cast<T>(DirectStack::number_at(at, tag));
      } else {
        int64_t integer;
        if (!DirectStack::integer_at(at, tag, &integer)) return i;
        value = static_cast<T>(integer);
      }
    }
    std::memcpy(to + static_cast<size_t>(i) * sizeof(T), &value, sizeof(T));
  }
  return count;
}

template <typename T>
int take_plain(lua_State* L, State* st, int table, char* to, int count) {
  int done = 0;
  if (st->stack.valid) done = take_row<T>(DirectStack(L).items(table), to, count);
  return take_numbers<T>(L, table, done, to, count);
}

int take_fast(lua_State* L, State* st, Rep rep, int table, char* to, int count) {
  switch (rep) {
    case Rep::boolean:
      return take_plain<bool>(L, st, table, to, count);
    case Rep::i8:
    case Rep::u8:
      return take_plain<int8_t>(L, st, table, to, count);
    case Rep::i16:
    case Rep::u16:
      return take_plain<int16_t>(L, st, table, to, count);
    case Rep::i32:
    case Rep::u32:
      return take_plain<int32_t>(L, st, table, to, count);
    case Rep::i64:
    case Rep::u64:
      return take_plain<int64_t>(L, st, table, to, count);
    case Rep::f32:
      return take_plain<float>(L, st, table, to, count);
    case Rep::f64:
      return take_plain<double>(L, st, table, to, count);
    default:
      return 0;
  }
}

// Numbers up to this many bytes are converted on the C stack, more in an object of their own.
constexpr size_t kSmallBulk = 4096;

// table[1..count] -> elements. `owner`: stack index of the array. Converted aside first, so that an error leaves the
// array as it was.
void take(lua_State* L, State* st, const Elements& e, int owner, int table, int count) {
  alignas(16) char small[kSmallBulk];
  const uint64_t size = static_cast<uint64_t>(count) * e.type->size;
  char* to = small;
  int aside = 0;
  if (size > sizeof small || !is_native_rep(e.type->rep)) {
    to = static_cast<char*>(new_cdata(L, st, open_array(L, st, e.type), size)->data);
    aside = lua_gettop(L);
  }
  int done = st->strict ? 0 : take_fast(L, st, e.type->rep, table, to, count);
  for (; done < count; ++done) {
    lua_rawgeti(L, table, done + 1);
    const Place place{Place::Kind::element, done, nullptr, to_cdata(L, st, owner)->type};
    write_value(L, st, e.type, to + static_cast<size_t>(done) * e.type->size, lua_gettop(L), place, aside);
    lua_pop(L, 1);
  }
  std::memcpy(e.address, to, static_cast<size_t>(size));
  if (aside == 0) return;
  copy_anchors(L, st, owner, e.address, aside, to, size);
  lua_pop(L, 1);
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
    require_elements(L, 2, 0, count, e);
  } else if (count == ~uint64_t{0}) {
    raise_argument(L, 2, "number of elements expected: '%s' does not say it", describe_value(L, st, 1));
  }
  if (count > kMaxTableCount) raise_argument(L, 2, "too many elements");
  const int n = static_cast<int>(count);
  lua_settop(L, 1);
  luaL_checkstack(L, kStackSlots, nullptr);
  const char* from = e.address;
  const Rep rep = e.type->rep;
  const bool fast = read_rep(st, *e.type) != Rep::none;
  if (fast &&
      (st->stack.valid ? push_fast<DirectStack>(L, st, rep, from, n) : push_fast<ApiStack>(L, st, rep, from, n))) {
    return 1;
  }
  lua_createtable(L, n, 0);
  if (e.type->kind == Kind::integer && rep == Rep::i64) {
    push_wide<int64_t>(L, st, from, n);
  } else if (e.type->kind == Kind::integer && rep == Rep::u64) {
    push_wide<uint64_t>(L, st, from, n);
  } else {
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
  if (lua_type(L, 2) != LUA_TTABLE) raise_expected(L, st, 2, "table");
  const uint64_t first = lua_isnoneornil(L, 3) ? 0 : check_count(L, st, 3);
  uint64_t count = lua_isnoneornil(L, 4) ? static_cast<uint64_t>(table_count(L, 2)) : check_count(L, st, 4);
  require_elements(L, 3, first, count, e);
  if (count > kMaxTableCount) raise_argument(L, 4, "too many elements");
  e.address += first * e.type->size;
  luaL_checkstack(L, kStackSlots, nullptr);
  take(L, st, e, 1, 2, static_cast<int>(count));
  lua_settop(L, 1);
  return 1;
}

int copy_from_table(lua_State* L, State* st) {
  const Elements e = check_elements(L, st, 1, true);
  uint64_t count = lua_isnoneornil(L, 3) ? static_cast<uint64_t>(table_count(L, 2)) : check_count(L, st, 3);
  require_elements(L, 2, 0, count, e);
  if (count > kMaxTableCount) raise_argument(L, 3, "too many elements");
  luaL_checkstack(L, kStackSlots, nullptr);
  take(L, st, e, 1, 2, static_cast<int>(count));
  return 0;
}

}  // namespace ferry::lua
