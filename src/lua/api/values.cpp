// Library functions on values: errno tonumber type i64 u64 addressof isnull toretval abi checked strict.
#include <cstring>

#include "lua/api/functions.h"
#include "lua/calls/callback.h"
#include "lua/calls/thunks.h"
#include "lua/objects/namespace.h"
#include "lua/state/anchor.h"
#include "lua/state/members.h"
#include "lua/state/restrict.h"
#include "lua/values/from_c.h"
#include "lua/values/numbers.h"
#include "lua/values/read.h"

namespace ferry::lua {

int l_errno(lua_State* L) {
  State* st = open_call(L);
  const os::LastError old = st->gate->saved_error;
  if (!lua_isnoneornil(L, 1)) {
    int value = 0;
    write_value(L, st, info_of(st, Scalar::int32), &value, 1, Place{Place::Kind::argument, 1, "errno", kNoType}, 0);
    st->gate->saved_error.number = value;
  }
  if (os::kHasSystemError && !lua_isnoneornil(L, 2)) {
    uint32_t value = 0;
    write_value(L, st, info_of(st, Scalar::uint32), &value, 2, Place{Place::Kind::argument, 2, "errno", kNoType}, 0);
    st->gate->saved_error.system = value;
  }
  push_small_integer(L, old.number);
  if (!os::kHasSystemError) return 1;
  push_small_integer(L, old.system);
  return 2;
}

namespace {

// tonumber(text, base): what Lua's own would refuse, with the function's name.
void check_base(lua_State* L, State* st) {
  if (lua_isnoneornil(L, 2)) return;
  if (!lua_isnumber(L, 2)) raise_expected(L, st, 2, "number");
  const double base = lua_tonumber(L, 2);
  if (!(base >= 2 && base <= 36)) raise_argument(L, 2, "base out of range");
  const bool takes_numbers = kLuaVersion < 503;
  if (kLuaVersion == 501 && base == 10) return;
  if (takes_numbers ? lua_isstring(L, 1) == 0 : lua_type(L, 1) != LUA_TSTRING) raise_expected(L, st, 1, "string");
}

}  // namespace

namespace {
constexpr lua_Number kExact = 9007199254740992;  // 2^53: up to here a double holds every integer
}

// cdata -> number: 64-bit integers exactly where Lua has them, pointers as addresses; anything else as Lua's tonumber.
int l_tonumber(lua_State* L) {
  State* st = open_call(L);
  luaL_checkany(L, 1);
  if (CData* cd = to_cdata(L, st, 1)) {
    TypeInfo* info;
    const void* at = resolve(L, st, cd, &info);
    switch (info->rep) {
      case Rep::boolean:
        push_small_integer(L, load_int(at, 1, true));
        return 1;
      case Rep::i64:
      case Rep::u64: {
        const auto value = static_cast<uint64_t>(load_int(at, 8, true));
        const bool is_signed = info->rep == Rep::i64;
        const auto number =
            is_signed ? static_cast<lua_Number>(static_cast<int64_t>(value)) : static_cast<lua_Number>(value);
        if (st->int64 != Int64Mode::native && !(number > -kExact && number < kExact)) {
          lua_pushnumber(L, number);  // as LuaJIT's
        } else if (kNativeIntegers && (is_signed || value <= INT64_MAX)) {
          push_small_integer(L, static_cast<int64_t>(value));
        } else {
          lua_pushnumber(L, number);
        }
        return 1;
      }
      case Rep::i8:
      case Rep::u8:
      case Rep::i16:
      case Rep::u16:
      case Rep::i32:
      case Rep::u32:
        push_small_integer(L, load_int(at, info->size, (info->type_flags & kUnsigned) != 0));
        return 1;
      case Rep::bit_int:
        if (const uint64_t low = load_bit_int(info, at).low;
            info->size < 8 ||
            (kNativeIntegers && info->size == 8 && ((info->type_flags & kUnsigned) == 0 || low <= INT64_MAX))) {
          push_small_integer(L, static_cast<int64_t>(low));
        } else {
          lua_pushnumber(L, load_double(st, info, at));
        }
        return 1;
      case Rep::f32:
      case Rep::f64:
      case Rep::bf16:
      case Rep::f16:
      case Rep::i128:
      case Rep::u128:
      case Rep::ldouble:
      case Rep::f128:
      case Rep::d32:
      case Rep::d64:
      case Rep::d128:
      case Rep::complex:
        lua_pushnumber(L, load_double(st, info, at));
        return 1;
      case Rep::pointer:
      case Rep::array:
      case Rep::record:
      case Rep::function: {
        void* address = nullptr;
        TypeId pointee;
        if (st->rules == Rules::luajit || (info->rep != Rep::pointer && info->rep != Rep::function)) break;
        pointer_value(st, cd, &address, &pointee);
        push_small_integer(L, static_cast<int64_t>(reinterpret_cast<uintptr_t>(address)));
        return 1;
      }
      default:
        break;
    }
    lua_pushnil(L);
    return 1;
  }
  check_base(L, st);
  // The tonumber that this Lua had when the module was loaded.
  const int top = lua_gettop(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->api.lua_tonumber);
  lua_insert(L, 1);
  lua_call(L, top, 1);
  return 1;
}

int l_type(lua_State* L) {
  State* st = open_call(L);
  luaL_checkany(L, 1);
  if (to_cdata(L, st, 1) != nullptr || to_ctype(L, st, 1) != nullptr) {
    lua_pushliteral(L, "cdata");
  } else {
    lua_pushstring(L, luaL_typename(L, 1));
  }
  return 1;
}

namespace {

// i64(lo), i64(hi, lo): the value is hi * 2^32 + lo.
int wide_integer(lua_State* L, Scalar scalar) {
  State* st = open_call(L);
  TypeInfo* info = info_of(st, scalar);
  luaL_checkany(L, 1);
  lua_settop(L, 2);
  const bool two = !lua_isnil(L, 2);
  uint64_t parts[2] = {0, 0};
  for (int i = 0; i < (two ? 2 : 1); ++i) {
    const Place place{Place::Kind::argument, i + 1, scalar == Scalar::int64 ? "i64" : "u64", kNoType};
    write_value(L, st, info, &parts[i], i + 1, place, 0);
  }
  push_boxed(L, st, info, two ? (parts[0] << 32) + parts[1] : parts[0]);
  return 1;
}

}  // namespace

int l_i64(lua_State* L) {
  return wide_integer(L, Scalar::int64);
}
int l_u64(lua_State* L) {
  return wide_integer(L, Scalar::uint64);
}

namespace {

bool is_namespace(lua_State* L, State* st, int idx) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->libraries.opened);
  lua_pushvalue(L, idx);
  lua_rawget(L, -2);
  const bool found = !lua_isnil(L, -1);
  lua_pop(L, 2);
  return found;
}

}  // namespace

// addressof(cdata): T or T& -> T *; addressof(lib, "name"): pointer to a global.
int l_addressof(lua_State* L) {
  State* st = open_call(L);
  if (lua_type(L, 1) == LUA_TTABLE && is_namespace(L, st, 1)) {
    if (lua_type(L, 2) != LUA_TSTRING) raise_expected(L, st, 2, "string");
    if (push_symbol_address(L, st, 1, 2)) return 1;
  }
  CData* cd = to_cdata(L, st, 1);
  if (cd == nullptr) raise_expected(L, st, 1, "cdata or library");
  require_unreleased(L, st, cd);
  TypeInfo* info;
  void* at = resolve_nullable(st, cd, &info);
  TypeInfo* pointer = nullptr;
  if (!without_exceptions(st, [&] {
        pointer = info_of(st, st->types->pointer_to(info->id));
        return true;
      })) {
    raise_error(L, st);
  }
  if (at == &cd->bits) {  // of the pointer or number that this very cdata is
    CData* made = push_open_pointer(L, st, pointer);
    made->pointer = at;
    set_slot_parent(L, st, -1, 1);
  } else {
    push_pointer(L, st, pointer, at, worth_keeping(L, st, 1) ? 1 : 0);
  }
  return 1;
}

int l_isnull(lua_State* L) {
  State* st = open_call(L);
  luaL_checkany(L, 1);
  bool null = false;
  switch (lua_type(L, 1)) {
    case LUA_TNIL:
      null = true;
      break;
    case LUA_TLIGHTUSERDATA:
      null = lua_touserdata(L, 1) == nullptr;
      break;
    case LUA_TUSERDATA:
      if (CData* cd = to_cdata(L, st, 1)) {
        void* address = &address;
        TypeId pointee;
        null = pointer_value(st, cd, &address, &pointee) && address == nullptr;
      }
      break;
    default:
      break;
  }
  lua_pushboolean(L, null);
  return 1;
}

// What a call returning this value would have given.
int l_toretval(lua_State* L) {
  State* st = open_call(L);
  luaL_checkany(L, 1);
  CData* cd = to_cdata(L, st, 1);
  if (cd == nullptr) raise_expected(L, st, 1, "cdata");
  require_unreleased(L, st, cd);
  TypeInfo* info = resolved_type(st, cd);
  lua_settop(L, 1);
  if (info->rep == Rep::record || info->rep == Rep::array || info->rep == Rep::function || is_opaque(*info)) return 1;
  void* at = resolve(L, st, cd, &info);
  push_value(L, st, info, at, 1);
  return 1;
}

int l_abi(lua_State* L) {
  const std::string_view name = check_text(L, open_call(L), 1, nullptr);
  const Target& t = host_target();
  bool value = false;
  if (name == "64bit") {
    value = t.pointer_size == 8;
  } else if (name == "32bit") {
    value = t.pointer_size == 4;
  } else if (name == "le") {
    value = !t.big_endian;
  } else if (name == "be") {
    value = t.big_endian;
  } else if (name == "fpu" || name == "hardfp") {
    value = true;  // no supported target passes floats in general registers
  } else if (name == "win") {
    value = t.os == Os::windows;
  } else if (name == "eabi") {
    value = t.arch == Arch::arm;
  }
  lua_pushboolean(L, value);
  return 1;
}

// checked([on]): whether indexes are checked against known array lengths; returns the old setting.
int l_checked(lua_State* L) {
  State* st = open_call(L);
  const bool old = st->index_checks;
  if (!lua_isnoneornil(L, 1)) {
    if (lua_toboolean(L, 1) == 0 && pointers_are_checked(st)) {
      raise(L, "ffi.checked(false) is not allowed: ferry.restrict has had pointers checked");
    }
    st->index_checks = lua_toboolean(L, 1) != 0;
  }
  lua_pushboolean(L, old);
  return 1;
}

int l_strict(lua_State* L) {
  State* st = open_call(L);
  const bool old = st->strict;
  if (!lua_isnoneornil(L, 1) && (lua_toboolean(L, 1) != 0) != old) {
    luaL_checkstack(L, 8, nullptr);
    st->strict = !old;
    st->careful = st->strict || st->check != nullptr;
    strict_mode_changed(st);
    renew_callbacks(st);
    strict_thunks(L, st);
  }
  lua_pushboolean(L, old);
  return 1;
}

}  // namespace ferry::lua
