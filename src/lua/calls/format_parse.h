// printf format strings: which argument each directive consumes. Pure text; knows no Lua and no types.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferry::lua {

// What a directive expects of its argument, after C's default promotions (C11 6.5.2.2p6).
enum class FormatClass : uint8_t {
  none,         // a positional argument that no directive consumes (never in a successful result)
  integer,      // d i o u x X b B, and `*`
  character,    // c: an int
  wide_char,    // lc, C: a wint_t
  floating,     // a e f g and capitals: a double
  long_double,  // with L
  string,       // s: const char *
  wide_string,  // ls, S: const wchar_t *
  pointer,      // p: void *
};

// One consumed argument. Plain data.
struct FormatArg {
  FormatClass cls = FormatClass::none;
  uint8_t size = 0;            // integer, character, wide_char: bytes of the promoted type, 4 or 8
  bool is_unsigned = false;    // integer: o u x X b B
  bool has_precision = false;  // string: it need not be NUL-terminated
  bool is_star = false;        // a `*` width or precision
  uint32_t at = 0;             // the directive's text: its offset from the start of the format,
  uint16_t length = 0;         // and its bytes ("%-5.2lf"), at most kMaxDirective
};

// Directives are quoted in messages; longer ones are cut there.
inline constexpr size_t kMaxDirective = 64;

// The platform whose printf it is for.
struct FormatRules {
  uint8_t long_size = sizeof(long);
  uint8_t pointer_size = sizeof(void*);  // also of size_t, ptrdiff_t
  bool microsoft = false;                // I64, I32, I, w; no flag I, no %m
};

struct FormatError {
  const char* message = nullptr;
  bool missing = false;  // the directive wants an argument beyond `max`
  size_t at = 0;         // the directive: offset,
  size_t length = 0;     // and its bytes as far as read, at most kMaxDirective
};

// Fills out[0..n) with the arguments consumed, in order; n is returned. Reads up to a NUL or `length` bytes. Error: -1,
// and *error says which: an unknown or incomplete directive, %n, more than `max` arguments, numbered and other
// directives mixed, a number that no directive uses, one argument used as two types.
int parse_format(const char* format, size_t length, const FormatRules& rules, FormatArg* out, int max,
                 FormatError* error);

// Whether a function of this name has printf's parameters: 1-based position of the format (the variable arguments
// follow it), or 0. C11's, POSIX's, GNU's and Microsoft's.
int printf_family_format(const char* name, size_t length);

}  // namespace ferry::lua
