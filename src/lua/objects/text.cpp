// tostring() of cdata and ctypes.
#include "lua/objects/text.h"
#include "base/compiler.h"
#include "base/memory.h"

#include <cstdio>
#include <cstring>

#include "lua/objects/arith_wide.h"
#include "lua/objects/metatype.h"
#include "lua/state/raise.h"
#include "lua/values/decimals.h"

namespace ferry::lua {

namespace {

// Sign, 39 digits of 2^128, suffix, NUL; or the longest "%.36g".
constexpr size_t kNumberText = 64;

// Writes the decimal digits of value backwards from `end`; returns where they begin.
char* decimal(char* end, UInt128 value, bool negative) {
  if (negative) value = UInt128{0} - value;
  do {
    *--end = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  if (negative) *--end = '-';
  return end;
}

void push_integer_text(lua_State* L, UInt128 value, bool negative, const char* suffix) {
  char text[kNumberText];
  char* end = text + sizeof text - std::strlen(suffix);
  char* begin = decimal(end, value, negative);
  std::memcpy(end, suffix, std::strlen(suffix));
  lua_pushlstring(L, begin, static_cast<size_t>(text + sizeof text - begin));
}

// The digits that Lua gives its own numbers; a NaN has no sign.
void format_double(char (&out)[kNumberText], double value) {
  std::snprintf(out, sizeof out, "%.14g", std::isnan(value) ? std::fabs(value) : value);
}

// The fewest digits that read back as the same value, as one would write the number.
void format_ldouble(char (&out)[kNumberText], long double value) {
  if (std::isnan(value)) value = std::fabs(value);
  for (int digits = LDBL_DIG; digits <= LDBL_DIG + 3; ++digits) {
    std::snprintf(out, sizeof out, "%.*Lg", digits, value);
    if (std::strtold(out, nullptr) == value) return;
  }
}

void format_quad(char (&out)[kNumberText], const void* address) {
  const Quad value = load<Quad>(address);
  if (value != value) return format_double(out, NAN);
  for (int digits = kQuadDigits; digits <= kQuadDigitsMax; ++digits) {
    char format[16];
    std::snprintf(format, sizeof format, "%%.%dg", digits);
    quad_text(out, sizeof out, format, value);
    if (quad_value(out) == value) return;
  }
}

// One part of a complex number, or a boxed floating value, of the floating type `scalar`.
void format_floating(char (&out)[kNumberText], State* st, Scalar scalar, const void* address) {
  switch (scalar) {
    case Scalar::cfloat:
    case Scalar::float32:
      return format_double(out, load<float>(address));
    case Scalar::bfloat16:
      return format_double(out, load_bf16(address));
    case Scalar::float16:
      return format_double(out, load_f16(address));
    case Scalar::cldouble:
    case Scalar::ldouble:
      if (st->types->target().ldouble_size == sizeof(double)) return format_double(out, load<double>(address));
      return format_ldouble(out, load<long double>(address));
    case Scalar::cfloat128:
    case Scalar::float128:
      return format_quad(out, address);
    default:
      return format_double(out, load<double>(address));
  }
}

// One part of a complex number of integers.
void format_part(char (&out)[kNumberText], State* st, TypeInfo* part, const void* address) {
  if (part->size > 8)
    format_double(out, load_double(st, part, address));
  else if ((part->type_flags & kUnsigned) != 0)
    std::snprintf(out, sizeof out, "%llu", static_cast<unsigned long long>(load_int(address, part->size, true)));
  else
    std::snprintf(out, sizeof out, "%lld", static_cast<long long>(load_int(address, part->size, false)));
}

void push_complex_text(lua_State* L, State* st, const TypeInfo* info, const void* address) {
  const Type& t = (*st->types)[info->id];
  char real[kNumberText], imaginary[kNumberText];
  const char* second = static_cast<const char*>(address) + info->size / 2;
  if (is_integer_complex(t)) {
    TypeInfo* part = info_of(st, t.base);
    format_part(real, st, part, address);
    format_part(imaginary, st, part, second);
  } else {
    format_floating(real, st, t.scalar, address);
    format_floating(imaginary, st, t.scalar, second);
  }
  // LuaJIT writes a capital I behind inf and nan, so that it can be told from their letters.
  const char last = imaginary[std::strlen(imaginary) - 1];
  lua_pushfstring(L, "%s%s%s%s", real, imaginary[0] == '-' ? "" : "+", imaginary, last >= 'a' ? "I" : "i");
}

void push_address_text(lua_State* L, State* st, TypeId type, const void* address) {
  char text[kNumberText] = "NULL";
  if (address != nullptr) std::snprintf(text, sizeof text, FERRY_ADDRESS, address_number(address));
  lua_pushfstring(L, "cdata<%s>: %s", type_name(st, type), text);
}

// A boxed or referred-to value that has a text of its own. False: only its address can be shown.
bool push_value_text(lua_State* L, State* st, const TypeInfo* info, const void* address, bool is_reference,
                     TypeId type) {
  if (info->kind == Kind::enumeration && is_native_rep(info->rep)) {
    const int64_t value = load_int(address, info->size, (info->type_flags & kUnsigned) != 0);
    push_integer_text(L, static_cast<UInt128>(static_cast<Int128>(value)), value < 0, "");
    lua_pushfstring(L, "cdata<%s>: %s", type_name(st, type), lua_tostring(L, -1));
    return true;
  }
  switch (info->rep) {
    case Rep::i64: {
      const auto value = load<int64_t>(address);
      push_integer_text(L, static_cast<UInt128>(static_cast<Int128>(value)), value < 0, "LL");
      return true;
    }
    case Rep::u64:
      push_integer_text(L, load<uint64_t>(address), false, "ULL");
      return true;
    case Rep::complex:
      push_complex_text(L, st, info, address);
      return true;
    default:
      break;
  }
  if (is_reference) return false;
  switch (info->rep) {
    case Rep::boolean:
      lua_pushstring(L, load<uint8_t>(address) != 0 ? "true" : "false");
      return true;
    case Rep::i128: {
      const auto value = load<Int128>(address);
      push_integer_text(L, static_cast<UInt128>(value), value < 0, "");
      return true;
    }
    case Rep::u128:
      push_integer_text(L, load<UInt128>(address), false, "");
      return true;
    case Rep::bit_int: {
      const WideBits v = load_bit_int(info, address);
      push_integer_text(L, joined<UInt128>(v), (info->type_flags & kUnsigned) == 0 && static_cast<int64_t>(v.high) < 0,
                        "");
      return true;
    }
    case Rep::bf16:
    case Rep::f16:
    case Rep::f32:
    case Rep::f64:
    case Rep::ldouble:
    case Rep::f128: {
      char text[kNumberText];
      format_floating(text, st, (*st->types)[info->id].scalar, address);
      lua_pushstring(L, text);
      return true;
    }
    case Rep::d32:
    case Rep::d64:
    case Rep::d128:
      lua_pushstring(L, text_of(load_decimal(format_of(info), address)).text);
      return true;
    default:
      break;
  }
  if (info->rep >= Rep::i8 && info->rep <= Rep::u32) {
    const int64_t value = load_int(address, info->size, (info->type_flags & kUnsigned) != 0);
    push_integer_text(L, static_cast<UInt128>(static_cast<Int128>(value)), value < 0, "");
    return true;
  }
  return false;
}

// The type as typeof would print it: what was reached by a reference is one.
TypeId shown_type(State* st, const CData* cd) {
  TypeId type = cd->type;
  if ((cd->flags & kIsReference) == 0) return type;
  without_exceptions(st, [&] {
    type = st->types->reference_to(cd->type);
    return true;
  });
  return type;
}

}  // namespace

int l_tostring(lua_State* L) {
  State* st = state_of(L);
  lua_settop(L, 1);
  if (st->closed()) {
    lua_pushfstring(L, "cdata<closed>: %p", lua_topointer(L, 1));
    return 1;
  }
  if (const CData* ct = to_ctype(L, st, 1)) {
    lua_pushfstring(L, "ctype<%s>", type_name(st, ct->type));
    return 1;
  }
  CData* cd = to_cdata(L, st, 1);
  if (cd == nullptr) raise_argument(L, 1, "cdata expected, got %s", lua_typename(L, lua_type(L, 1)));
  if (call_metatype(L, st, "__tostring", 1, 1)) return 1;
  const TypeId type = shown_type(st, cd);
  TypeInfo* info = nullptr;
  void* address = resolve_nullable(st, cd, &info);
  const bool is_reference = info->id != cd->type;
  if (info->rep == Rep::pointer && !is_reference) {
    address = load<void*>(address);
  } else if (address != nullptr && push_value_text(L, st, info, address, is_reference, type)) {
    return 1;
  }
  push_address_text(L, st, type, address);
  return 1;
}

}  // namespace ferry::lua
