// libFuzzer's program for printf formats: what Ferry reads in any text has to be what glibc's parse_printf_format does.
// The first byte says for how many arguments there is room.
#include "lua/calls/format_parse.h"

#include <printf.h>

#include <cstring>
#include <memory>
#include <string>

#include "fuzz.h"

using namespace ferry;
using fuzz::check;
using lua::FormatArg;
using lua::FormatClass;

namespace {

constexpr int kMaxArgs = 64;

// What Ferry says of an argument, as glibc does. Smaller integers than int arrive as such. Where directives are
// numbered, several may name the argument, of which glibc says what the last one asks for.
bool agrees(const FormatArg& arg, std::string_view text, int theirs) {
  const int flags = theirs & PA_FLAG_MASK;
  const std::string_view directive = text.substr(arg.at, arg.length);
  const bool is_l = directive.find('l') != directive.npos;
  switch (theirs & ~PA_FLAG_MASK) {
    case PA_INT: {
      if ((flags & PA_FLAG_PTR) != 0) return false;
      bool is_long = (flags & (PA_FLAG_LONG | PA_FLAG_LONG_LONG)) != 0;
      // Where long has 8 bytes it forgets these, which its printf knows.
      if (!arg.is_star && directive.find_first_of("Lq") != directive.npos) is_long = true;
      if (arg.size == 8 && text.find('$') != text.npos && text.find_first_of("Lq") != text.npos) is_long = true;
      return arg.cls == FormatClass::integer && arg.size == (is_long ? 8 : 4);
    }
    case PA_CHAR:  // also %hhd, and %lc
      return arg.cls == FormatClass::character || (arg.cls == FormatClass::integer && arg.size == 4) ||
             (arg.cls == FormatClass::wide_char && is_l);
    case PA_WCHAR:
      return arg.cls == FormatClass::wide_char;
    case PA_STRING:  // also %ls
      return arg.cls == (is_l ? FormatClass::wide_string : FormatClass::string);
    case PA_WSTRING:
      return arg.cls == FormatClass::wide_string;
    case PA_POINTER:
      return arg.cls == FormatClass::pointer;
    case PA_FLOAT:
    case PA_DOUBLE:
      return arg.cls == ((flags & PA_FLAG_LONG_DOUBLE) != 0 ? FormatClass::long_double : FormatClass::floating);
    default:
      return false;
  }
}

int read(std::string_view text, const lua::FormatRules& rules, FormatArg* args, int max, lua::FormatError& error) {
  // In memory of its own: what lies behind it is not to be read.
  const std::unique_ptr<char[]> copy(new char[text.size()]);
  std::memcpy(copy.get(), text.data(), text.size());
  const std::unique_ptr<FormatArg[]> out(new FormatArg[static_cast<size_t>(max)]);
  const int n = parse_format(copy.get(), text.size(), rules, out.get(), max, &error);
  check(n <= max, "more arguments than there is room for");
  for (int i = 0; i < n; ++i) {
    const FormatArg& arg = out[static_cast<size_t>(i)];
    check(arg.cls != FormatClass::none, "an argument of no class");
    check(arg.length > 0 && arg.at + arg.length <= text.size() && text[arg.at] == '%',
          "an argument without a directive");
    args[i] = arg;
  }
  if (n < 0) {
    check(error.message != nullptr && *error.message != 0, "an error without a text");
    check(error.at + error.length <= text.size() && text[error.at] == '%', "an error without a directive");
  }
  return n;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size == 0) return 0;
  const int room = bytes[0] % (kMaxArgs + 1);
  const std::string text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  FormatArg args[kMaxArgs];
  lua::FormatError error;
  read(text, {4, 4, false}, args, room, error);
  read(text, {4, 8, true}, args, room, error);
  const int n = read(text, {8, 8, false}, args, room, error);
  if (n < 0 && !error.missing) return 0;  // glibc reads on where printf would do something else than is said
  int theirs[kMaxArgs + 1];
  const size_t count = parse_printf_format(text.c_str(), kMaxArgs + 1, theirs);
  if (n < 0) {
    // Numbers that no int holds are none to it.
    check(count > static_cast<size_t>(room) || text.find('$') != text.npos,
          "an argument is missing, and glibc asks for none");
    return 0;
  }
  check(count == static_cast<size_t>(n), "not as many arguments as glibc has");
  for (int i = 0; i < n; ++i) {
    const std::string_view directive = std::string_view(text).substr(args[i].at, args[i].length);
    check(directive.size() == lua::kMaxDirective || agrees(args[i], text, theirs[i]),
          "another argument than glibc has");
  }
  return 0;
}
