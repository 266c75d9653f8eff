// The arguments behind a printf-like function's format: their C types are what the directives ask for, and what does
// not fit is an error instead of garbage. The directives are read by format_parse.cpp.
#include "lua/calls/printf_args.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/compiler.h"
#include "lua/calls/format_parse.h"
#include "lua/state/restrict.h"
#include "lua/values/from_c.h"
#include "lua/values/numbers.h"
#include "lua/values/reach.h"

namespace ferry::lua {

namespace {

// Longest error text, directive and names included; the rest is cut.
constexpr size_t kMaxMessage = 256;

[[noreturn]] void raise_text(lua_State* L, State* st, const char* name, int number, const char* text) {
  without_exceptions(st, [&] {
    st->errors.message = text;
    return true;
  });
  raise_at(L, st, Place{Place::Kind::argument, number, name, kNoType});
}

struct Context {
  lua_State* L;
  State* st;
  const char* name;  // the function's, may be null
  const char* format;
};

[[noreturn]] void raise_expected(const Context& c, const FormatArg& arg, int idx, int number, const char* expected) {
  char text[kMaxMessage];
  const char* given = describe_value(c.L, c.st, idx);
  std::snprintf(text, sizeof text, "%s expected for '%.*s', got %s", expected, static_cast<int>(arg.length),
                c.format + arg.at, given);
  raise_text(c.L, c.st, c.name, number, text);
}

[[noreturn]] void raise_no_integer(const Context& c, const FormatArg& arg, int number) {
  char text[kMaxMessage];
  std::snprintf(text, sizeof text, "number has no integer representation for '%.*s'", static_cast<int>(arg.length),
                c.format + arg.at);
  raise_text(c.L, c.st, c.name, number, text);
}

[[noreturn]] void raise_format_error(const Context& c, const FormatError& error, int format_number,
                                     int missing_number) {
  char text[kMaxMessage];
  const int bytes = static_cast<int>(error.length);
  if (error.missing) {
    std::snprintf(text, sizeof text, "no value for '%.*s'", bytes, c.format + error.at);
    raise_text(c.L, c.st, c.name, missing_number, text);
  }
  std::snprintf(text, sizeof text, "%s: '%.*s' in the format", error.message, bytes, c.format + error.at);
  raise_text(c.L, c.st, c.name, format_number, text);
}

bool is_integral(double value) {
  return std::isfinite(value) && std::floor(value) == value;
}

// --- what each class accepts --------------------------------------------------------------------

enum class Fit : uint8_t { yes, no, fraction };

bool is_small_integer(Rep rep) {
  return rep >= Rep::boolean && rep <= Rep::u64;
}
bool is_float(Rep rep) {
  return rep == Rep::f32 || rep == Rep::f64 || (rep >= Rep::bf16 && rep <= Rep::f128);
}

Fit fit_integer(lua_State* L, State* st, const Source& from) {
  switch (from.kind) {
    case Source::Kind::boolean:
      return Fit::yes;
    case Source::Kind::number:
      return is_integer_subtype(L, from.idx) || is_integral(lua_tonumber(L, from.idx)) ? Fit::yes : Fit::fraction;
    case Source::Kind::cdata:
      require_object(L, st, from);
      if (is_small_integer(from.info->rep)) return Fit::yes;
      if (!is_float(from.info->rep)) return Fit::no;
      return is_integral(load_double(st, from.info, from.address)) ? Fit::yes : Fit::fraction;
    default:
      return Fit::no;
  }
}

bool fits_floating(const Source& from) {
  if (from.kind != Source::Kind::cdata) return from.kind == Source::Kind::number;
  const Rep rep = from.info->rep;
  return is_small_integer(rep) || is_float(rep) || rep == Rep::i128 || rep == Rep::u128;
}

// Pointers and arrays of `unit`-byte integers, and `void *`.
bool fits_text(State* st, const Source& from, const FormatArg& arg, uint64_t unit) {
  TypeInfo* info = from.info;
  if (from.address == nullptr || (info->rep != Rep::pointer && info->rep != Rep::array)) return false;
  const TypeInfo* element = base_of(st, info);
  if (info->rep == Rep::pointer && element->kind == Kind::void_) return true;
  if (element->kind != Kind::integer || element->size != unit) return false;
  if (info->rep == Rep::pointer || arg.has_precision || unit != 1) return true;
  // C would read on behind an array without a terminator.
  const uint64_t bytes = (from.cdata->flags & kHasLength) != 0 ? variable_size(from.cdata) : info->size;
  if (bytes == kUnknownBytes) return true;
  return bytes == 0 || std::memchr(from.address, 0, static_cast<size_t>(bytes)) != nullptr;
}

// `unit`: bytes of a character. Of NULL every supported C library prints (null).
bool fits_string(State* st, const Source& from, const FormatArg& arg, uint64_t unit) {
  switch (from.kind) {
    case Source::Kind::string:
      return unit == 1;
    case Source::Kind::nil:
      return true;
    case Source::Kind::cdata:
      return fits_text(st, from, arg, unit);
    default:
      return false;
  }
}

bool fits_pointer(const Source& from) {
  switch (from.kind) {
    case Source::Kind::nil:
    case Source::Kind::string:
    case Source::Kind::light:
    case Source::Kind::userdata:
    case Source::Kind::c_function:
      return true;
    case Source::Kind::cdata: {
      void* value;
      TypeId pointee;
      return pointer_value(from.info, from.address, &value, &pointee);
    }
    default:
      return false;
  }
}

// Where pointers are checked: puts a copy in the place of a text in memory that Lua can write. It ends where that does
// at the latest, whatever a finaliser makes of the memory before C reads the text. False: nobody knows where it ends.
bool copy_text(lua_State* L, State* st, const Source& from, uint64_t unit) {
  void* value = nullptr;
  TypeId pointee = kNoType;
  if (from.kind != Source::Kind::cdata || !pointer_value(from.info, from.address, &value, &pointee)) return true;
  if (value == nullptr) return true;
  uint64_t bytes = reach(L, st, from.idx, value, nullptr, false);
  if (from.info->rep == Rep::array) {
    const uint64_t own = (from.cdata->flags & kHasLength) != 0 ? variable_size(from.cdata) : from.info->size;
    bytes = std::min(bytes, own);
  }
  if (bytes == kUnknownBytes) return (*st->types)[pointee].kind != Kind::void_;  // C's text ends where C says
  constexpr char kZeros[8] = {};
  const char* text = static_cast<const char*>(value);
  uint64_t length = 0;
  while (length + unit <= bytes && std::memcmp(text + length, kZeros, unit) != 0) length += unit;
  luaL_checkstack(L, 3, nullptr);
  lua_pushlstring(L, text, static_cast<size_t>(length));
  lua_pushlstring(L, kZeros, static_cast<size_t>(unit));
  lua_concat(L, 2);
  lua_replace(L, from.idx);
  return true;
}

void check_text(const Context& c, const FormatArg& arg, const Source& from, int number, uint64_t unit) {
  if (!fits_string(c.st, from, arg, unit) || (pointers_are_checked(c.st) && !copy_text(c.L, c.st, from, unit))) {
    raise_expected(c, arg, from.idx, number, unit == 1 ? "terminated string" : "wide string");
  }
}

void check_fit(const Context& c, const FormatArg& arg, int idx, int number) {
  const Source from = classify(c.L, c.st, idx);
  switch (arg.cls) {
    case FormatClass::integer:
    case FormatClass::character:
    case FormatClass::wide_char: {
      const Fit fit = fit_integer(c.L, c.st, from);
      if (fit == Fit::fraction) raise_no_integer(c, arg, number);
      if (fit == Fit::no) raise_expected(c, arg, idx, number, "integer");
      return;
    }
    case FormatClass::floating:
    case FormatClass::long_double:
      if (!fits_floating(from)) raise_expected(c, arg, idx, number, "number");
      return;
    case FormatClass::string:
      check_text(c, arg, from, number, 1);
      return;
    case FormatClass::wide_string:
      check_text(c, arg, from, number, c.st->types->target().wchar_size);
      return;
    case FormatClass::pointer:
      if (!fits_pointer(from)) raise_expected(c, arg, idx, number, "pointer");
      return;
    case FormatClass::none:
      return;
  }
}

// --- the C types --------------------------------------------------------------------------------

TypeId constant_pointer(State* st, TypeId base) {
  return st->types->pointer_to(st->types->qualified(base, kConst));
}

// May throw: the table may have to make the pointer types.
TypeId type_of(State* st, const FormatArg& arg) {
  const Target& target = st->types->target();
  switch (arg.cls) {
    case FormatClass::integer:
      if (arg.size == 8) return scalar_type(arg.is_unsigned ? Scalar::uint64 : Scalar::int64);
      return scalar_type(arg.is_unsigned ? Scalar::uint32 : Scalar::int32);
    case FormatClass::wide_char:
      return scalar_type(target.wchar_size == 4 ? Scalar::uint32 : Scalar::int32);
    case FormatClass::floating:
      return scalar_type(Scalar::float64);
    case FormatClass::long_double:
      return scalar_type(Scalar::ldouble);
    case FormatClass::string:
      return constant_pointer(st, scalar_type(Scalar::char_));
    // Any wide string was accepted; its own type does not matter any more.
    case FormatClass::wide_string:
    case FormatClass::pointer:
      return constant_pointer(st, scalar_type(Scalar::void_));
    default:
      return scalar_type(Scalar::int32);
  }
}

// The format text at idx: a Lua string, or a C string that is terminated as far as can be known.
const char* format_text(lua_State* L, State* st, int idx, int number, const char* name, size_t* length) {
  const Source from = classify(L, st, idx);
  if (from.kind == Source::Kind::string) return lua_tolstring(L, idx, length);
  void* address = nullptr;
  TypeId pointee = kNoType;
  FormatArg plain;
  if (from.kind != Source::Kind::cdata || !fits_text(st, from, plain, 1) ||
      !pointer_value(from.info, from.address, &address, &pointee) || address == nullptr) {
    char text[kMaxMessage];
    std::snprintf(text, sizeof text, "format string expected, got %s", describe_value(L, st, idx));
    raise_text(L, st, name, number, text);
  }
  *length = std::strlen(static_cast<const char*>(address));
  return static_cast<const char*>(address);
}

// The 1-based parameter that is a printf format with its arguments behind the `...`; 0: there is none.
int format_parameter(const FormatAttribute& format, const char* name, int fixed) {
  int parameter = 0;
  if (format.style == FormatAttribute::printf) {
    if (format.first_to_check == fixed + 1) parameter = format.string_index;
  } else if (format.style == FormatAttribute::none && name != nullptr) {
    parameter = printf_family_format(name, std::strlen(name));
    if (parameter != fixed) parameter = 0;  // a function of the user's own that has another form
  }
  return parameter >= 1 && parameter <= fixed ? parameter : 0;
}

// In a state without casts C reads behind the `...` only what a declared format says: any other argument could be read
// as a pointer, and one that is missing is what a register holds.
void check_restricted(lua_State* L, State* st, const char* name, int parameter, int last, int format, int extra) {
  // What the type of a pointer says of formats, its text may have said: that of a function, its declaration.
  if (name == nullptr) require_casts(L, st, "a call of a variadic function by a pointer");
  if (parameter == 0) {
    if (extra > 0) require_casts(L, st, "an argument behind '...' that no declared format describes");
    const Source text = classify(L, st, last);
    void* value = nullptr;
    TypeId pointee = kNoType;
    if (text.kind == Source::Kind::string ||
        (text.kind == Source::Kind::cdata && pointer_value(text.info, text.address, &value, &pointee))) {
      require_casts(L, st, "what may be a format, and is not declared as one,");
    }
  } else if (lua_type(L, format) != LUA_TSTRING) {  // other text can be changed before C reads it
    require_casts(L, st, "a format that is not a Lua string");
  }
}

}  // namespace

void apply_format(lua_State* L, State* st, const FormatAttribute& format, const char* name, int first, int fixed,
                  TypeInfo** types, int extra) {
  const int parameter = format_parameter(format, name, fixed);
  if (casts_are_restricted(st))
    check_restricted(L, st, name, parameter, first + fixed - 1, first + parameter - 1, extra);
  if (parameter == 0) return;
  const Target& target = st->types->target();
  const FormatRules rules{target.long_size, target.pointer_size, target.os == Os::windows};
  auto* args = static_cast<FormatArg*>(FERRY_ALLOCA(sizeof(FormatArg) * (static_cast<size_t>(extra) + 1)));
  size_t length = 0;
  Context context{L, st, name, nullptr};
  context.format = format_text(L, st, first + parameter - 1, parameter, name, &length);
  FormatError error;
  const int count = parse_format(context.format, length, rules, args, extra, &error);
  if (count < 0) raise_format_error(context, error, parameter, fixed + extra + 1);
  // Arguments that no directive uses keep the types that their values have.
  for (int i = 0; i < count; ++i) {
    check_fit(context, args[i], first + fixed + i, fixed + i + 1);
    TypeId type = kNoType;
    if (!without_exceptions(st, [&] {
          type = type_of(st, args[i]);
          return true;
        })) {
      raise_error(L, st);
    }
    types[i] = info_of(st, type);
  }
}

}  // namespace ferry::lua
