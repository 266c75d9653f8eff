// Parts of arrays, and arrays of other numbers: ffi.slice, ffi.convert.
#include "lua/api/elements.h"
#include "lua/api/functions.h"
#include "lua/objects/new.h"
#include "lua/state/raise.h"
#include "lua/values/from_c.h"
#include "lua/values/strict.h"

namespace ferry::lua {

namespace {

bool is_number(const TypeInfo* info) {
  return is_native_rep(info->rep) || (info->rep >= Rep::i128 && info->rep <= Rep::complex);
}

bool overlap(const Elements& a, const Elements& b, uint64_t count) {
  return a.address < b.address + count * b.type->size && b.address < a.address + count * a.type->size;
}

}  // namespace

namespace {

int slice(lua_State* L, bool trusted) {
  State* st = open_call(L);
  const Elements e = check_elements(L, st, 1, false, trusted);
  const uint64_t first = lua_isnoneornil(L, 2) ? 0 : check_count(L, st, 2);
  require_elements(L, 2, first, 0, e);
  uint64_t count = e.count - first;
  if (!lua_isnoneornil(L, 3)) {
    count = check_count(L, st, 3);
  } else if (e.count == ~uint64_t{0}) {
    raise_argument(L, 3, "number of elements expected: '%s' does not say it", describe_value(L, st, 1));
  }
  require_elements(L, 3, first, count, e);
  TypeInfo* info = open_array(L, st, e.type);
  CData* view = push_reference(L, st, info, e.address + first * e.type->size, 1);
  view->flags |= kHasLength;
  variable_size(view) = count * e.type->size;
  return 1;
}

}  // namespace

// slice(array [, first [, count]]): the elements from `first` on as an array of its own, in the same memory.
int l_slice(lua_State* L) {
  return slice(L, false);
}

int l_own_slice(lua_State* L) {
  return slice(L, true);
}

// convert(to, from [, count]): to[i] = from[i] for numbers of any two types.
int l_convert_elements(lua_State* L) {
  State* st = open_call(L);
  const Elements to = check_elements(L, st, 1, true);
  Elements from = check_elements(L, st, 2, false);
  if (!is_number(to.type)) raise_expected(L, st, 1, "array of numbers");
  if (!is_number(from.type)) raise_expected(L, st, 2, "array of numbers");
  uint64_t count = from.count;
  if (!lua_isnoneornil(L, 3)) {
    count = check_count(L, st, 3);
  } else if (count == ~uint64_t{0}) {
    raise_argument(L, 3, "number of elements expected: '%s' does not say it", describe_value(L, st, 2));
  }
  require_elements(L, 3, 0, count, from);
  require_elements(L, 3, 0, count, to);
  lua_settop(L, 2);
  luaL_checkstack(L, 8, nullptr);
  if (to.type->rep == from.type->rep && to.type->base_id == from.type->base_id) {
    std::memmove(to.address, from.address, static_cast<size_t>(count * to.type->size));
    lua_settop(L, 1);
    return 1;
  }
  if (overlap(to, from, count)) {
    CData* aside = new_cdata(L, st, open_array(L, st, from.type), count * from.type->size);
    std::memcpy(aside->data, from.address, static_cast<size_t>(count * from.type->size));
    from.address = static_cast<char*>(aside->data);
  }
  for (uint64_t i = 0; i < count; ++i) {
    const Source element{Source::Kind::cdata, 2, nullptr, from.type, from.address + i * from.type->size};
    const Place place{Place::Kind::element, static_cast<int>(i), nullptr, kNoType};
    if (st->strict) require_lossless(L, st, to.type, element, place);
    write_from_c(L, st, to.type, to.address + i * to.type->size, element, place, TargetOwner{}, kAssign);
  }
  lua_settop(L, 1);
  return 1;
}

}  // namespace ferry::lua
