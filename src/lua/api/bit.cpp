// LuaJIT's `bit`: 32-bit operations on numbers, 64-bit ones on cdata, and on the integers of 5.3+ that have more
// than 32 bits: what LuaJIT reads as boxed 64-bit values are such integers there.
#include "lua/api/bit.h"
#include "lua/state/guarded.h"

#include <cfloat>
#include <cmath>
#include <cstring>

#include "lua/state/raise.h"
#include "lua/values/numbers.h"

namespace ferry::lua {

namespace {

// tohex's longest result; LuaJIT's limit.
constexpr uint32_t kMaxHexDigits = 254;

// Wraps to 32 bits. Adding 1.5 * 2^52 leaves the rounded integer in the low bits of the sum; exact up to 2^51.
uint32_t wrap_number(double value) {
  if (std::fabs(value) <= 2251799813685248.0) {
    if constexpr (FLT_EVAL_METHOD == 0) {
      const double sum = value + 6755399441055744.0;
      uint64_t bits;
      std::memcpy(&bits, &sum, sizeof bits);
      return static_cast<uint32_t>(bits);
    }
    return static_cast<uint32_t>(std::llrint(value));  // x87 would round the sum twice
  }
  if (!std::isfinite(value)) return 0;
  return static_cast<uint32_t>(static_cast<int64_t>(std::fmod(std::nearbyint(value), 4294967296.0)));
}

// In ffi.strict: 32 bits hold the number, as a signed or an unsigned one.
void require_32_bits(lua_State* L, int idx) {
  const double value = lua_tonumber(L, idx);
  if (value >= -2147483648.0 && value < 4294967296.0 && std::floor(value) == value) return;
  raise_argument(L, idx, "cannot convert %s to 32 bits without loss", lua_tostring(L, idx));
}

// The value at idx must be a number or a string that is one.
uint32_t number_bits(lua_State* L, int idx) {
  int64_t exact;
  if (exact_integer(L, idx, &exact)) {
    if ((exact < INT32_MIN || exact > int64_t{UINT32_MAX}) && state_of(L)->strict) require_32_bits(L, idx);
    return static_cast<uint32_t>(exact);
  }
  if (state_of(L)->strict) require_32_bits(L, idx);
  return wrap_number(lua_tonumber(L, idx));
}

void push_32(lua_State* L, uint32_t value) {
  push_small_integer(L, static_cast<int32_t>(value));
}

// What decides about the width of an operation, the widest operand's counting. native: a Lua integer of 64 bits.
enum class Width : uint8_t { w32, native, int64, uint64 };

void push_64(lua_State* L, State* st, Width width, uint64_t value) {
  if (width == Width::native) {
    push_int64(L, st, static_cast<int64_t>(value));
    return;
  }
  push_boxed(L, st, info_of(st, width == Width::uint64 ? Scalar::uint64 : Scalar::int64), value);
}

// The cdata number at idx, truncated to 64 bits; raises for cdata that is no number. `width` becomes uint64 if it is
// one.
uint64_t cdata_bits(lua_State* L, State* st, int idx, CData* cd, Width* width) {
  TypeInfo* info = nullptr;
  void* address = resolve(L, st, cd, &info);
  uint64_t value = 0;
  bool ok = true;
  if (info->rep >= Rep::boolean && info->rep <= Rep::u64) {
    if (ok) value = static_cast<uint64_t>(load_int(address, info->size, (info->type_flags & kUnsigned) != 0));
  } else if (info->rep == Rep::bit_int) {
    value = load_bit_int(info, address).low;
  } else if (info->rep == Rep::i128 || info->rep == Rep::u128) {
    const bool big_endian = st->types->target().big_endian;
    if (ok) std::memcpy(&value, static_cast<char*>(address) + (big_endian ? 8 : 0), sizeof value);
  } else {
    switch (info->rep) {
      case Rep::f32:
      case Rep::f64:
      case Rep::bf16:
      case Rep::f16:
      case Rep::ldouble:
      case Rep::f128:
      case Rep::d32:
      case Rep::d64:
      case Rep::d128:
      case Rep::complex:
        if (ok) value = static_cast<uint64_t>(number_to_integer(load_double(st, info, address), sizeof value));
        break;
      default:
        ok = false;
    }
  }
  if (!ok) {
    const char* source = describe_value(L, st, idx);
    raise_argument(L, idx, "cannot convert '%s' to 'int64_t'", source);
  }
  if (info->rep == Rep::u64) {
    *width = Width::uint64;
  } else if (*width < Width::int64) {
    *width = Width::int64;
  }
  return value;
}

// The operand at idx. For a number of 32 bits, signed or unsigned: these, zero-extended.
uint64_t operand(lua_State* L, int idx, Width* width) {
  if (lua_type(L, idx) == LUA_TNUMBER) {
    int64_t exact;
    if (state_of(L)->native_int64() && is_integer_subtype(L, idx) && exact_integer(L, idx, &exact) &&
        (exact < INT32_MIN || exact > int64_t{UINT32_MAX})) {
      if (*width == Width::w32) *width = Width::native;
      return static_cast<uint64_t>(exact);
    }
    return number_bits(L, idx);
  }
  State* st = state_of(L);
  if (CData* cd = to_cdata(L, st, idx)) {
    if (st->closed()) raise_closed(L);
    return cdata_bits(L, st, idx, cd, width);
  }
  if (!lua_isnumber(L, idx)) raise_expected(L, st, idx, "number");  // strings may be numbers
  return number_bits(L, idx);
}

// The operand at idx of a 64-bit operation: numbers by their 64-bit value.
uint64_t operand_64(lua_State* L, State* st, int idx) {
  Width ignored = Width::w32;
  if (CData* cd = to_cdata(L, st, idx)) return cdata_bits(L, st, idx, cd, &ignored);
  return static_cast<uint64_t>(integer_at(L, idx, sizeof(int64_t)));
}

int l_tobit(lua_State* L) {
  Width width = Width::w32;
  if (lua_type(L, 1) == LUA_TNUMBER) {  // cuts off also in ffi.strict: that is what it is for
    int64_t exact;
    push_32(L, exact_integer(L, 1, &exact) ? static_cast<uint32_t>(exact) : wrap_number(lua_tonumber(L, 1)));
    return 1;
  }
  push_32(L, static_cast<uint32_t>(operand(L, 1, &width)));
  return 1;
}

int l_bnot(lua_State* L) {
  Width width = Width::w32;
  const uint64_t value = operand(L, 1, &width);
  if (width == Width::w32) {
    push_32(L, ~static_cast<uint32_t>(value));
  } else {
    push_64(L, state_of(L), width, ~value);
  }
  return 1;
}

int l_bswap(lua_State* L) {
  Width width = Width::w32;
  const uint64_t value = operand(L, 1, &width);
  if (width == Width::w32) {
    push_32(L, __builtin_bswap32(static_cast<uint32_t>(value)));
  } else {
    push_64(L, state_of(L), width, __builtin_bswap64(value));
  }
  return 1;
}

struct And {
  static constexpr uint64_t kStart = ~uint64_t{0};
  static uint64_t apply(uint64_t a, uint64_t b) { return a & b; }
};
struct Or {
  static constexpr uint64_t kStart = 0;
  static uint64_t apply(uint64_t a, uint64_t b) { return a | b; }
};
struct Xor {
  static constexpr uint64_t kStart = 0;
  static uint64_t apply(uint64_t a, uint64_t b) { return a ^ b; }
};

// band, bor, bxor of one argument or more.
template <typename F>
int l_combine(lua_State* L) {
  const int count = lua_gettop(L);
  Width width = Width::w32;
  uint64_t result = F::kStart;
  for (int i = 1; i == 1 || i <= count; ++i) result = F::apply(result, operand(L, i, &width));
  if (width == Width::w32) {
    push_32(L, static_cast<uint32_t>(result));
    return 1;
  }
  // Some argument has 64 bits: every one counts with as many.
  State* st = state_of(L);
  result = F::kStart;
  for (int i = 1; i <= count; ++i) result = F::apply(result, operand_64(L, st, i));
  push_64(L, st, width, result);
  return 1;
}

enum class Shift : uint8_t { left, right, arithmetic, rotate_left, rotate_right };

template <typename S, typename U>
U shift(Shift kind, U value, unsigned count) {
  constexpr unsigned kMask = sizeof(U) * 8 - 1;
  count &= kMask;
  switch (kind) {
    case Shift::left:
      return value << count;
    case Shift::right:
      return value >> count;
    case Shift::arithmetic:
      return static_cast<U>(static_cast<S>(value) >> count);
    case Shift::rotate_left:
      return value << count | value >> (-count & kMask);
    case Shift::rotate_right:
      return value >> count | value << (-count & kMask);
  }
  return value;
}

template <Shift kind>
int l_shift(lua_State* L) {
  Width width = Width::w32, ignored = Width::w32;
  const uint64_t value = operand(L, 1, &width);
  const auto count = static_cast<unsigned>(operand(L, 2, &ignored));
  if (width == Width::w32) {
    push_32(L, shift<int32_t, uint32_t>(kind, static_cast<uint32_t>(value), count));
  } else {
    push_64(L, state_of(L), width, shift<int64_t, uint64_t>(kind, value, count));
  }
  return 1;
}

// tohex(x [, n]): the low |n| digits (8, of 64 bits 16), capital letters if n is negative.
int l_tohex(lua_State* L) {
  Width width = Width::w32, ignored = Width::w32;
  uint64_t value = operand(L, 1, &width);
  auto digits = width == Width::w32 ? 8u : 16u;
  const char* letters = "0123456789abcdef";
  if (lua_gettop(L) >= 2) {
    digits = static_cast<uint32_t>(operand(L, 2, &ignored));
    if (static_cast<int32_t>(digits) < 0) {
      digits = 0u - digits;
      letters = "0123456789ABCDEF";
    }
    if (digits > kMaxHexDigits) digits = kMaxHexDigits;
  }
  char text[kMaxHexDigits];
  for (uint32_t i = digits; i > 0; --i) {
    text[i - 1] = letters[value & 15];
    value >>= 4;
  }
  lua_pushlstring(L, text, digits);
  return 1;
}

constexpr luaL_Reg kBitFunctions[] = {
    {"tobit", guarded<l_tobit>},
    {"tohex", guarded<l_tohex>},
    {"bnot", guarded<l_bnot>},
    {"bswap", guarded<l_bswap>},
    {"band", l_combine<And>},
    {"bor", l_combine<Or>},
    {"bxor", l_combine<Xor>},
    {"lshift", l_shift<Shift::left>},
    {"rshift", l_shift<Shift::right>},
    {"arshift", l_shift<Shift::arithmetic>},
    {"rol", l_shift<Shift::rotate_left>},
    {"ror", l_shift<Shift::rotate_right>},
};

}  // namespace

void push_bit_module(lua_State* L, State* st) {
  lua_createtable(L, 0, sizeof kBitFunctions / sizeof *kBitFunctions);
  for (const luaL_Reg& function : kBitFunctions) {
    push_function(L, st, function.func);
    lua_setfield(L, -2, function.name);
  }
}

}  // namespace ferry::lua
