// Which values fit which types without loss (strict.h).
#include "lua/values/strict.h"

#include <cfloat>
#include <cmath>
#include <cstdio>

#include "base/bfloat16.h"
#include "base/memory.h"
#include "ctype/layout.h"
#include "ctype/suggest.h"
#include "lua/values/decimals.h"
#include "lua/values/write.h"

namespace ferry::lua {

namespace {

// A number as it was given, wide enough for every type but the largest of 128 bits and binary128, which are rounded.
struct Given {
  bool integer = true;
  bool negative = false;
  uint64_t magnitude = 0;    // of an integer
  long double floating = 0;  // of all else
};

Given given_integer(uint64_t bits, bool is_unsigned) {
  Given g;
  g.negative = !is_unsigned && static_cast<int64_t>(bits) < 0;
  g.magnitude = g.negative ? 0 - bits : bits;
  return g;
}

Given given_floating(long double value) {
  Given g;
  g.integer = false;
  g.floating = value;
  return g;
}

bool is_integer(const TypeInfo* info) {
  return (info->rep >= Rep::i8 && info->rep <= Rep::u64) || info->rep == Rep::i128 || info->rep == Rep::u128 ||
         info->rep == Rep::bit_int;
}

unsigned width_of(const TypeInfo* info) {
  return static_cast<unsigned>(info->rep == Rep::bit_int ? info->count : info->size * 8);
}

bool is_floating(const TypeInfo* info) {
  return info->rep == Rep::f32 || info->rep == Rep::f64 || (info->rep >= Rep::bf16 && info->rep <= Rep::d128);
}

// 128 bits that fit 64, as they are; others as the nearest number.
Given given_wide(const TypeInfo* info, const void* at) {
  const WideBits value = info->rep == Rep::bit_int ? load_bit_int(info, at) : load_halves(at);
  const bool negative = (info->type_flags & kUnsigned) == 0 && static_cast<int64_t>(value.high) < 0;
  const WideBits magnitude = negative ? negated(value) : value;
  if (magnitude.high == 0) {
    Given g;
    g.negative = negative;
    g.magnitude = magnitude.low;
    return g;
  }
  const auto nearest = to_floating<long double>(magnitude);
  return given_floating(negative ? -nearest : nearest);
}

// A whole number that fits 64 bits as it is, of others the nearest number that is no whole one either.
Given given_decimal(const Decimal& value) {
  Wide128 magnitude;
  if (integer_from_decimal(value, magnitude) && magnitude.high == 0 &&
      compare(value, decimal_from_integer(kDecimal128, value.negative, magnitude)) == DecimalOrder::equal) {
    return {true, value.negative, magnitude.low, 0};
  }
  const long double nearest = long_double_of(value);
  if (magnitude.high == 0 && std::floor(nearest) == nearest) return given_floating(std::nextafter(nearest, 0.5L));
  return given_floating(nearest);
}

// False: no arithmetic value.
bool given_by_c(State* st, TypeInfo* info, const void* at, Given* out) {
  if (info->rep == Rep::complex) return given_by_c(st, base_of(st, info), at, out);
  if (info->rep == Rep::boolean) {
    *out = given_integer(load<uint8_t>(at) != 0 ? 1 : 0, true);
  } else if (info->rep == Rep::i128 || info->rep == Rep::u128 || info->rep == Rep::bit_int) {
    *out = given_wide(info, at);
  } else if (is_integer(info)) {
    const bool is_unsigned = (info->type_flags & kUnsigned) != 0;
    *out = given_integer(static_cast<uint64_t>(load_int(at, info->size, is_unsigned)), is_unsigned);
  } else if (is_decimal(info->rep)) {
    *out = given_decimal(load_decimal(format_of(info), at));
  } else if (info->rep == Rep::ldouble) {
    *out = given_floating(load<long double>(at));
  } else if (info->rep == Rep::f128) {
    *out = given_floating(load_f128_long(at));
  } else if (is_floating(info)) {
    *out = given_floating(load_double(st, info, at));
  } else {
    return false;
  }
  return true;
}

Given given_by_lua(lua_State* L, int idx) {
  int64_t exact;
  if (is_integer_subtype(L, idx) && exact_integer(L, idx, &exact)) {
    return given_integer(static_cast<uint64_t>(exact), false);
  }
  return given_floating(lua_tonumber(L, idx));
}

// A whole number below 2^64 in magnitude as the integer that it is.
bool whole(Given* g) {
  if (g->integer) return true;
  const long double magnitude = std::fabs(g->floating);
  if (!(magnitude < 18446744073709551616.0L) || std::floor(magnitude) != magnitude) return false;
  *g = Given{true, g->floating < 0, static_cast<uint64_t>(magnitude), 0};
  return true;
}

bool fits_integer(State* st, const TypeInfo* info, Given g) {
  const bool is_unsigned = (info->type_flags & kUnsigned) != 0;
  const unsigned width = width_of(info);
  if (!whole(&g)) {
    if (width <= 64 || !std::isfinite(g.floating) || std::floor(g.floating) != g.floating) return false;
    const long double limit = std::ldexp(1.0L, static_cast<int>(is_unsigned ? width : width - 1));
    return g.floating < limit && g.floating >= (is_unsigned ? 0 : -limit);
  }
  // Whether plain `char` has a sign is the platform's choice, and programs write bytes of both kinds.
  if ((*st->types)[info->id].scalar == Scalar::char_ && info->kind == Kind::integer) {
    return g.magnitude <= (g.negative ? 128u : 255u);
  }
  if (is_unsigned && g.negative) return false;
  if (width > 64) return true;
  if (is_unsigned) return width == 64 || g.magnitude >> width == 0;
  const uint64_t limit = uint64_t{1} << (width - 1);
  return g.negative ? g.magnitude <= limit : g.magnitude < limit;
}

// Whether a decimal type has the digits.
bool fits_digits(const TypeInfo* info, uint64_t magnitude) {
  const Decimal rounded = decimal_from_integer(format_of(info), false, {magnitude, 0});
  Binary exact;
  exact.significand.low = magnitude;
  return compare(rounded, exact) == DecimalOrder::equal;
}

// Bits of precision; 0: enough for every integer here.
unsigned precision(const TypeInfo* info) {
  switch (info->rep) {
    case Rep::bf16:
      return kBfloat16Digits;
    case Rep::f16:
      return 11;
    case Rep::f32:
      return FLT_MANT_DIG;
    case Rep::f64:
      return DBL_MANT_DIG;
    case Rep::ldouble:
      return info->size == sizeof(double) ? DBL_MANT_DIG : 0;
    default:
      return 0;
  }
}

// Fractions are rounded, that is what these types are for; integers have to be exact.
bool fits_floating(const TypeInfo* info, const Given& g) {
  if (is_decimal(info->rep)) {
    if (g.integer) return fits_digits(info, g.magnitude);
    return !std::isfinite(g.floating) ||
           decimal_from_binary(format_of(info), binary_of(g.floating)).kind == Decimal::Kind::finite;
  }
  if (g.integer) {
    if (info->rep == Rep::f16 && g.magnitude > 65504) return false;
    const unsigned digits = precision(info);
    uint64_t significant = g.magnitude;
    while (significant != 0 && (significant & 1) == 0) significant >>= 1;
    return digits == 0 || digits >= 64 || significant >> digits == 0;
  }
  if (!std::isfinite(g.floating)) return true;
  switch (info->rep) {
    case Rep::bf16:
      return std::isfinite(from_bfloat16(to_bfloat16(g.floating)));
    case Rep::f16:
      return std::fabs(g.floating) < 65520.0L;  // from there on the nearest value is infinity
    case Rep::f32:
      return std::isfinite(static_cast<float>(g.floating));
    case Rep::f64:
      return std::isfinite(static_cast<double>(g.floating));
    default:
      return true;
  }
}

bool is_single_bit(uint64_t value) {
  return value != 0 && (value & (value - 1)) == 0;
}

// Whether the value is a constant of the enum, or made of its bits: an enum is one of flags if three of its constants
// at least are single bits, and all others consist of those.
bool fits_enum(State* st, TypeId id, int64_t value) {
  const Enum& e = st->types->enumeration(id);
  if (e.constants.empty()) return true;
  uint64_t bits = 0;
  unsigned single = 0;
  for (const NamedConstant& c : e.constants) {
    if (c.value.integer == value) return true;
    const auto constant = static_cast<uint64_t>(c.value.integer);
    if (!is_single_bit(constant) || (bits & constant) != 0) continue;
    bits |= constant;
    ++single;
  }
  constexpr unsigned kFewestFlags = 3;
  if (single < kFewestFlags || (static_cast<uint64_t>(value) & ~bits) != 0) return false;
  for (const NamedConstant& c : e.constants) {
    if ((static_cast<uint64_t>(c.value.integer) & ~bits) != 0) return false;
  }
  return true;
}

std::string text_of(const Given& g) {
  char text[64];
  if (g.integer) {
    std::snprintf(text, sizeof text, "%s%llu", g.negative ? "-" : "", static_cast<unsigned long long>(g.magnitude));
  } else if (std::isnan(g.floating)) {
    std::snprintf(text, sizeof text, "nan");
  } else {  // the digits of Lua's numbers, or what tells this one from its neighbours
    std::snprintf(text, sizeof text, "%.14Lg", g.floating);
    if (std::strtod(text, nullptr) != static_cast<double>(g.floating))
      std::snprintf(text, sizeof text, "%.17Lg", g.floating);
  }
  return text;
}

[[noreturn]] void raise_loss(lua_State* L, State* st, const Given& g, TypeId target, const Place& place) {
  without_exceptions(st, [&] {
    st->errors.message = "cannot convert " + text_of(g) + " to '" + shown_name(st, target) + "' without loss";
    return true;
  });
  raise_at(L, st, place);
}

// An imaginary part that is not zero would be lost.
void require_real(lua_State* L, State* st, const Source& from, TypeId target, const Place& place) {
  TypeInfo* part = base_of(st, from.info);
  if (load_double(st, part, static_cast<const char*>(from.address) + part->size) == 0) return;
  without_exceptions(st, [&] {
    st->errors.message = "cannot convert '" + shown_name(st, from.info->id) + "' with an imaginary part to '" +
                         shown_name(st, target) + "' without loss";
    return true;
  });
  raise_at(L, st, place);
}

void require_fit(lua_State* L, State* st, TypeInfo* info, Given g, const Place& place) {
  if (info->rep == Rep::complex || info->rep == Rep::vector) info = base_of(st, info);
  const Given as_given = g;
  if (is_floating(info)) {
    if (!fits_floating(info, g)) raise_loss(L, st, g, info->id, place);
    return;
  }
  if (!is_integer(info)) return;  // bool asks for zero or not, pointers have rules of their own
  if (!fits_integer(st, info, g)) raise_loss(L, st, g, info->id, place);
  if (info->kind != Kind::enumeration || !whole(&g)) return;
  const auto value = static_cast<int64_t>(g.negative ? 0 - g.magnitude : g.magnitude);
  if (fits_enum(st, info->id, value)) return;
  without_exceptions(st, [&] {
    st->errors.message = text_of(as_given) + " is no constant of '" + shown_name(st, info->id) + "'" +
                         suggest_constant(*st->types, info->id, {});
    return true;
  });
  raise_at(L, st, place);
}

}  // namespace

void require_lossless(lua_State* L, State* st, TypeInfo* info, const Source& from, const Place& place) {
  if (from.kind == Source::Kind::number) {
    require_fit(L, st, info, given_by_lua(L, from.idx), place);
  } else if (from.kind == Source::Kind::cdata && from.info->rep < Rep::reference && from.info->rep != Rep::none) {
    if ((*st->types)[from.info->id].canonical == (*st->types)[info->id].canonical) return;
    Given g;
    if (from.info->rep == Rep::complex && info->rep == Rep::complex) {
      const auto* parts = static_cast<const char*>(from.address);
      TypeInfo* part = base_of(st, from.info);
      for (int i = 0; i < 2; ++i) {
        if (given_by_c(st, part, parts + static_cast<uint64_t>(i) * part->size, &g)) require_fit(L, st, info, g, place);
      }
    } else if (given_by_c(st, from.info, from.address, &g)) {
      if (from.info->rep == Rep::complex) require_real(L, st, from, info->id, place);
      require_fit(L, st, info, g, place);
    }
  }
}

void require_bits(lua_State* L, State* st, const TypeInfo* info, unsigned width, const uint64_t (&raw)[2],
                  const Place& place) {
  if (info->rep == Rep::boolean || width >= width_of(info)) return;
  const bool is_unsigned = (info->type_flags & kUnsigned) != 0;
  Given g;
  if (info->size == 16) {
    g = given_wide(info, raw);
  } else {
    g = given_integer(static_cast<uint64_t>(load_int(raw, info->size, is_unsigned)), is_unsigned);
  }
  bool fits = width >= 64;
  if (!fits) {
    const uint64_t limit = uint64_t{1} << (is_unsigned ? width : width - 1);
    fits = g.integer && (g.negative ? g.magnitude <= limit : g.magnitude < limit);
  }
  if (fits) return;
  without_exceptions(st, [&] {
    st->errors.message = "cannot convert " + text_of(g) + " to '" + shown_name(st, info->id) + "' of " +
                         std::to_string(width) + (width == 1 ? " bit" : " bits") + " without loss";
    return true;
  });
  raise_at(L, st, place);
}

void require_room(lua_State* L, State* st, const TypeInfo* info, uint64_t size, int idx, const Place& place) {
  if (raw_length(L, idx) > size) raise_too_long(L, st, info, size, idx, place);
}

void require_whole(lua_State* L, State* st, int idx, const char* what) {
  if (lua_type(L, idx) != LUA_TNUMBER) return;
  Given g = given_by_lua(L, idx);
  if (whole(&g)) return;
  without_exceptions(st, [&] {
    st->errors.message = std::string(what) + " " + text_of(g) + " is no whole number";
    return true;
  });
  raise_error(L, st);
}

}  // namespace ferry::lua
