// The parser of printf formats, after C11 7.21.6.1 with POSIX's numbered arguments, GNU's and Microsoft's extensions.
#include "lua/calls/format_parse.h"

#include <cstring>

namespace ferry::lua {

namespace {

enum class Length : uint8_t { none, hh, h, l, ll, j, z, t, big_l, w32, w64, size };

struct Parser {
  const char* text;
  size_t length;
  const FormatRules& rules;
  FormatArg* out;
  int max;

  size_t pos = 0;
  size_t start = 0;         // of the current directive
  int count = 0;            // arguments consumed, or the highest number seen
  bool numbered = false;    // some argument was %n$
  bool sequential = false;  // some argument was not
  const char* error = nullptr;
  bool missing = false;

  char peek(size_t ahead = 0) const { return pos + ahead < length ? text[pos + ahead] : '\0'; }
  bool accept(char c) {
    if (pos >= length || text[pos] != c) return false;
    ++pos;
    return true;
  }
  bool fail(const char* message) {
    error = message;
    return false;
  }

  // Decimal digits; saturates far above every limit.
  int number() {
    int value = 0;
    while (peek() >= '0' && peek() <= '9') {
      if (value < 1000000) value = value * 10 + (peek() - '0');
      ++pos;
    }
    return value;
  }

  // position := digits '$'; 0: there is none, nothing is consumed
  int position() {
    const size_t before = pos;
    if (peek() >= '1' && peek() <= '9') {
      const int value = number();
      if (accept('$')) return value;
    }
    pos = before;
    return 0;
  }

  bool add(FormatArg arg, int position) {
    (position != 0 ? numbered : sequential) = true;
    if (numbered && sequential) return fail("numbered and other directives are mixed");
    arg.at = static_cast<uint32_t>(start);
    const int index = position != 0 ? position - 1 : count;
    if (index >= max) {
      missing = true;
      return fail("too few arguments for the format");
    }
    if (position != 0) {
      for (; count <= index; ++count) out[count] = FormatArg{};
      FormatArg& known = out[index];
      if (known.cls != FormatClass::none) {
        if (known.cls != arg.cls || known.size != arg.size) return fail("an argument is used as two types");
        known.has_precision = known.has_precision && arg.has_precision;
        return true;
      }
    } else {
      ++count;
    }
    out[index] = arg;
    return true;
  }

  bool star() {
    FormatArg arg;
    arg.cls = FormatClass::integer;
    arg.size = sizeof(int);
    arg.is_star = true;
    return add(arg, position());
  }

  // length := 'hh' | 'h' | 'l' | 'll' | 'q' | 'L' | 'j' | 'z' | 'Z' | 't' | 'I64' | 'I32' | 'I' | 'w'
  Length length_modifier() {
    switch (peek()) {
      case 'h':
        ++pos;
        return accept('h') ? Length::hh : Length::h;
      case 'l':
        ++pos;
        return accept('l') ? Length::ll : Length::l;
      case 'q':
        ++pos;
        return Length::ll;
      case 'L':
        ++pos;
        return Length::big_l;
      case 'j':
        ++pos;
        return Length::j;
      case 'z':
      case 'Z':
        ++pos;
        return Length::z;
      case 't':
        ++pos;
        return Length::t;
      case 'w':
        if (!rules.microsoft) return Length::none;
        ++pos;
        return Length::l;
      case 'I':
        if (!rules.microsoft) return Length::none;
        ++pos;
        if (peek() == '6' && peek(1) == '4') return pos += 2, Length::w64;
        if (peek() == '3' && peek(1) == '2') return pos += 2, Length::w32;
        return Length::size;
      default:
        return Length::none;
    }
  }

  uint8_t integer_size(Length modifier) const {
    switch (modifier) {
      case Length::l:
        return rules.long_size;
      case Length::ll:
      case Length::big_l:  // glibc: as ll
      case Length::j:
      case Length::w64:
        return 8;
      case Length::z:
      case Length::t:
      case Length::size:
        return rules.pointer_size;
      default:
        return sizeof(int);  // char and short arrive as int
    }
  }

  // C11 7.21.6.1p7 leaves open what other lengths mean. Those that change what glibc reads (`%llf` a long double, `%zs`
  // or `%Ls` a wide string) are refused, the others are of no consequence.
  static bool suits(Length modifier, FormatClass cls) {
    switch (cls) {
      case FormatClass::floating:
        return modifier != Length::ll;
      case FormatClass::character:
      case FormatClass::string:
        return modifier != Length::ll && modifier != Length::big_l && modifier != Length::j && modifier != Length::z &&
               modifier != Length::t;
      default:
        return true;
    }
  }

  // directive := '%' position? flag* (digits | '*' position?)? ('.' (digits | '*' position?)?)? length? conversion
  bool directive() {
    start = pos++;
    const int first = count;
    const int where = position();
    while (pos < length && std::strchr(rules.microsoft ? "-+ #0'" : "-+ #0'I", text[pos]) != nullptr) ++pos;
    if (accept('*')) {
      if (!star()) return false;
    } else {
      number();
    }
    FormatArg arg;
    if (accept('.')) {
      arg.has_precision = true;
      if (accept('*')) {
        if (!star()) return false;
      } else {
        number();
      }
    }
    const Length modifier = length_modifier();
    if (pos >= length) return fail("incomplete directive");
    const char conversion = text[pos++];
    switch (conversion) {
      case '%':
        if (where != 0) return fail("unknown directive");  // glibc counts its argument
        set_length(first);                                 // of a `*`
        return true;
      case 'd':
      case 'i':
        arg.cls = FormatClass::integer;
        break;
      case 'o':
      case 'u':
      case 'x':
      case 'X':
      case 'b':
      case 'B':
        arg.cls = FormatClass::integer;
        arg.is_unsigned = true;
        break;
      case 'a':
      case 'A':
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        arg.cls = modifier == Length::big_l ? FormatClass::long_double : FormatClass::floating;
        break;
      case 'c':
        arg.cls = modifier == Length::l ? FormatClass::wide_char : FormatClass::character;
        break;
      case 'C':
        arg.cls = FormatClass::wide_char;
        break;
      case 's':
        arg.cls = modifier == Length::l ? FormatClass::wide_string : FormatClass::string;
        break;
      case 'S':
        arg.cls = FormatClass::wide_string;
        break;
      case 'p':
        arg.cls = FormatClass::pointer;
        break;
      case 'm':
        if (rules.microsoft || where != 0) return fail("unknown directive");
        set_length(first);
        return true;  // strerror(errno): no argument
      case 'n':
        return fail("%n is not allowed");
      default:
        return fail("unknown directive");
    }
    if (!suits(modifier, arg.cls)) return fail("a length that does not go with the conversion");
    if (arg.cls == FormatClass::integer) arg.size = integer_size(modifier);
    if (arg.cls == FormatClass::character || arg.cls == FormatClass::wide_char) arg.size = sizeof(int);
    if (!add(arg, where)) return false;
    set_length(first);
    return true;
  }

  // The directive's arguments learn where it ends.
  void set_length(int first) {
    const size_t bytes = pos - start < kMaxDirective ? pos - start : kMaxDirective;
    for (int i = numbered ? 0 : first; i < count; ++i) {
      if (out[i].cls != FormatClass::none && out[i].at == start) out[i].length = static_cast<uint16_t>(bytes);
    }
  }

  bool run() {
    while (pos < length) {
      const void* percent = std::memchr(text + pos, '%', length - pos);
      if (percent == nullptr) break;
      pos = static_cast<size_t>(static_cast<const char*>(percent) - text);
      if (!directive()) return false;
    }
    for (int i = 0; numbered && i < count; ++i) {
      if (out[i].cls == FormatClass::none) return fail("a numbered argument is not used, its type is unknown");
    }
    return true;
  }
};

struct Family {
  const char* name;
  int format;
};
// Only names that cannot well mean anything else: a function of one's own may be called `error`.
constexpr Family kFamily[] = {
    {"printf", 1},          {"fprintf", 2},          {"sprintf", 2},   {"snprintf", 3},
    {"dprintf", 2},         {"asprintf", 2},         {"syslog", 2},    {"obstack_printf", 2},
    {"printf_unlocked", 1}, {"fprintf_unlocked", 2}, {"_snprintf", 3}, {"_scprintf", 1},
};

}  // namespace

int parse_format(const char* format, size_t length, const FormatRules& rules, FormatArg* out, int max,
                 FormatError* error) {
  if (const void* nul = length != 0 ? std::memchr(format, 0, length) : nullptr) {
    length = static_cast<size_t>(static_cast<const char*>(nul) - format);
  }
  Parser parser{format, length, rules, out, max};
  if (parser.run()) return parser.count;
  const size_t bytes = parser.pos - parser.start;
  *error = FormatError{parser.error, parser.missing, parser.start, bytes < kMaxDirective ? bytes : kMaxDirective};
  return -1;
}

int printf_family_format(const char* name, size_t length) {
  for (const Family& f : kFamily) {
    if (std::strlen(f.name) == length && std::memcmp(f.name, name, length) == 0) return f.format;
  }
  return 0;
}

}  // namespace ferry::lua
