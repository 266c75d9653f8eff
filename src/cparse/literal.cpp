// Numbers, character constants and strings as they are written -> values.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/floating.h"
#include "cparse/const_value.h"

namespace ferry::cparse {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int digit_value(char c) {
  c = lower(c);
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return 99;
}

struct IntegerSuffix {
  bool is_unsigned = false;
  unsigned longs = 0;    // 1: l, 2: ll, z counts as size_t
  unsigned bits = 0;     // MSVC: i8 i16 i32 i64
  bool bit_int = false;  // C23: wb
};

// suffix := ('u' | 'l' | 'll' | 'z')* | 'u'? ('i8' | 'i16' | 'i32' | 'i64')
bool integer_suffix(std::string_view text, IntegerSuffix& suffix) {
  while (!text.empty()) {
    char c = lower(text[0]);
    if (c == 'u' && !suffix.is_unsigned) {
      suffix.is_unsigned = true;
      text.remove_prefix(1);
    } else if (c == 'l' && suffix.longs == 0) {
      suffix.longs = text.size() > 1 && text[1] == text[0] ? 2 : 1;
      text.remove_prefix(suffix.longs);
    } else if ((text[0] == 'w' && text.substr(1, 1) == "b") || (text[0] == 'W' && text.substr(1, 1) == "B")) {
      if (suffix.bit_int || suffix.longs != 0) return false;
      suffix.bit_int = true;
      text.remove_prefix(2);
    } else if (c == 'z' && suffix.longs == 0) {
      suffix.longs = 3;
      text.remove_prefix(1);
    } else if (c == 'i' && suffix.longs == 0) {
      std::string_view bits = text.substr(1);
      if (bits == "8")
        suffix.bits = 8;
      else if (bits == "16")
        suffix.bits = 16;
      else if (bits == "32")
        suffix.bits = 32;
      else if (bits == "64")
        suffix.bits = 64;
      else
        return false;
      return true;
    } else {
      return false;
    }
  }
  return true;
}

// The type by C11 6.4.4.1p5: the first that holds the value, from int on; decimals without `u` stay signed
// unless nothing signed holds them.
TypeId integer_constant_type(const TypeTable& types, uint64_t value, const IntegerSuffix& suffix, bool decimal) {
  Arithmetic arithmetic(types);
  unsigned size = 4;
  if (suffix.longs == 1) size = types.target().long_size;
  if (suffix.longs == 2) size = 8;
  if (suffix.longs == 3) size = types.target().pointer_size;
  if (suffix.bits != 0) size = suffix.bits / 8;
  if (suffix.bits != 0) return arithmetic.integer_type(size, suffix.is_unsigned);
  for (; size <= 8; size *= 2) {
    uint64_t max_unsigned = size == 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * size)) - 1;
    if (!suffix.is_unsigned && value <= max_unsigned / 2) return arithmetic.integer_type(size, false);
    if ((suffix.is_unsigned || !decimal) && value <= max_unsigned) return arithmetic.integer_type(size, true);
  }
  return arithmetic.integer_type(8, true);
}

Result<Value> integer_value(TypeTable& types, std::string_view text) {
  std::string_view whole = text;
  unsigned base = 10;
  if (text.size() > 1 && text[0] == '0') {
    char c = lower(text[1]);
    base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
    if (c == 'o') {  // C2y
      text.remove_prefix(1);
      if (text.size() == 1) return Error{"malformed number " + shown(whole)};
    }
    text.remove_prefix(base == 8 ? 1 : 2);
  }
  uint64_t value = 0;
  size_t i = 0;
  for (; i < text.size() && digit_value(text[i]) < static_cast<int>(base); ++i) {
    uint64_t digit = static_cast<uint64_t>(digit_value(text[i]));
    if (value > (~uint64_t{0} - digit) / base) return Error{"the integer " + shown(whole) + " does not fit 64 bits"};
    value = value * base + digit;
  }
  if (i == 0 && base != 8) return Error{"malformed number " + shown(whole)};
  IntegerSuffix suffix;
  if (!integer_suffix(text.substr(i), suffix)) return Error{"malformed number " + shown(whole)};
  if (suffix.bit_int) {  // C23 6.4.4.1p5: the narrowest one that holds it
    const unsigned width = static_cast<unsigned>(std::bit_width(value));
    const Result<TypeId> type =
        types.bit_int(suffix.is_unsigned ? std::max(width, 1u) : std::max(width + 1, 2u), suffix.is_unsigned);
    if (!type.ok()) return type.error();
    return Arithmetic(types).integer(static_cast<int64_t>(value), *type);
  }
  return Arithmetic(types).integer(static_cast<int64_t>(value),
                                   integer_constant_type(types, value, suffix, base == 10));
}

struct FloatSuffix {
  std::string_view text;
  Scalar scalar;
};
constexpr FloatSuffix kFloatSuffixes[] = {
    {"", Scalar::float64},      {"f", Scalar::float32},    {"l", Scalar::ldouble},    {"q", Scalar::float128},
    {"w", Scalar::ldouble},     {"f16", Scalar::float16},  {"f32", Scalar::float32},  {"f64", Scalar::float64},
    {"f128", Scalar::float128}, {"f32x", Scalar::float64}, {"f64x", Scalar::ldouble}, {"bf16", Scalar::bfloat16},
};
constexpr FloatSuffix kDecimalSuffixes[] = {
    {"df", Scalar::decimal32}, {"dd", Scalar::decimal64}, {"dl", Scalar::decimal128}};

Result<Value> floating_value(TypeTable& types, std::string_view text) {
  bool hex = text.size() > 1 && lower(text[1]) == 'x';
  std::string_view digits = hex ? text.substr(2) : text;
  long double value = 0;
  size_t length = 0;
  bool fits = read_floating(digits, hex, value, length);
  if (length == 0) return Error{"malformed number " + shown(text)};
  std::string suffix;
  for (char c : digits.substr(length, 5)) suffix += lower(c);
  for (const FloatSuffix& s : kDecimalSuffixes) {
    if (hex || s.text != suffix) continue;
    if (!types.target().has_decimal) return Error{kNoDecimal};
    return Arithmetic(types).unknown(scalar_type(s.scalar), kDecimalIsUnknown);
  }
  for (const FloatSuffix& s : kFloatSuffixes) {
    if (s.text != suffix || digits.size() - length != s.text.size()) continue;
    // C11 6.4.4.2p3: rounded once, to the constant's type.
    if (s.scalar == Scalar::float64) {
      double d = 0;
      if (read_floating(digits, hex, d, length)) value = d;
    } else if (s.scalar == Scalar::float32) {
      float f = 0;
      if (read_floating(digits, hex, f, length)) value = f;
    }
    if (!fits) return Error{"the number " + shown(text) + " is out of range"};
    return Arithmetic(types).floating(value, scalar_type(s.scalar));
  }
  return Error{"malformed number " + shown(text)};
}

// gcc's imaginary constants have an i or j among the letters behind the number: the number without it. Empty: it has
// none, as Microsoft's `1i64`.
std::string without_imaginary_suffix(std::string_view text) {
  const bool hex = text.size() > 1 && lower(text[1]) == 'x';
  const bool f_is_digit = hex && text.find_first_of("pP") == std::string_view::npos;
  for (size_t i = text.size(); i-- > 1;) {
    const char c = lower(text[i]);
    if (c == 'i' || c == 'j') return std::string(text.substr(0, i)).append(text.substr(i + 1));
    if ((c != 'l' && c != 'u' && c != 'f' && c != 'q' && c != 'w') || (c == 'f' && f_is_digit)) break;
  }
  return {};
}

// One character or escape sequence of a literal. p is behind the opening quote and before the closing one.
// escape := '\' (simple | octal{1,3} | 'x' hex+ | 'u' hex{4} | 'U' hex{8})     C11 6.4.4.4
uint32_t decode_char(const char*& p, const char* end, bool& code_point) {
  code_point = false;
  char c = *p++;
  if (c != '\\' || p == end) return static_cast<uint8_t>(c);
  c = *p++;
  switch (c) {
    case 'a':
      return 7;
    case 'b':
      return 8;
    case 't':
      return 9;
    case 'n':
      return 10;
    case 'v':
      return 11;
    case 'f':
      return 12;
    case 'r':
      return 13;
    case 'e':
      return 27;  // gcc
    case 'x': {
      uint32_t value = 0;
      while (p < end && digit_value(*p) < 16) value = value * 16 + static_cast<uint32_t>(digit_value(*p++));
      return value;
    }
    case 'u':
    case 'U': {
      uint32_t value = 0;
      for (int n = c == 'u' ? 4 : 8; n > 0 && p < end && digit_value(*p) < 16; --n) {
        value = value * 16 + static_cast<uint32_t>(digit_value(*p++));
      }
      code_point = true;
      return value;
    }
    default:
      break;
  }
  if (c < '0' || c > '7') return static_cast<uint8_t>(c);
  uint32_t value = static_cast<uint32_t>(c - '0');
  for (int n = 0; n < 2 && p < end && *p >= '0' && *p <= '7'; ++n)
    value = value * 8 + static_cast<uint32_t>(*p++ - '0');
  return value;
}

// A UTF-8 sequence of a wide literal; malformed bytes stand for themselves.
uint32_t decode_utf8(const char*& p, const char* end) {
  uint8_t first = static_cast<uint8_t>(*p++);
  int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
  if (more == 0 || end - p < more) return first;
  uint32_t value = first & (0x3f >> more);
  for (int i = 0; i < more; ++i) value = value << 6 | (static_cast<uint8_t>(*p++) & 0x3f);
  return value;
}

int utf8_length(uint32_t code) {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

}  // namespace

Result<Value> number_value(TypeTable& types, std::string_view text) {
  if (text.find('\'') != std::string_view::npos) {  // C23 6.4.4.1: digits are read over it
    std::string digits;
    for (char c : text) {
      if (c != '\'') digits += c;
    }
    return number_value(types, digits);
  }
  const std::string real = without_imaginary_suffix(text);
  if (!real.empty()) {
    Result<Value> part = number_value(types, real);
    if (!part.ok() || types[part->type].kind == Kind::complex) return Error{"malformed number " + shown(text)};
    part->type = types.complex_of(part->type);
    if (part->type == kNoType) return Error{"there is no complex type of the precision of " + shown(text)};
    part->known = Value::Known::no;
    part->why = kComplexIsUnknown;
    return part;
  }
  bool hex = text.size() > 1 && text[0] == '0' && lower(text[1]) == 'x';
  bool is_floating =
      text.find('.') != std::string_view::npos || text.find_first_of(hex ? "pP" : "eE") != std::string_view::npos;
  return is_floating ? floating_value(types, text) : integer_value(types, text);
}

TypeId string_element(const TypeTable& types, std::string_view text) {
  Arithmetic arithmetic(types);
  switch (text[0]) {
    case 'L':
      return arithmetic.integer_type(types.target().wchar_size, types.target().wchar_unsigned);
    case 'U':
      return scalar_type(Scalar::uint32);
    case 'u':
      return text[1] == '8' ? scalar_type(Scalar::char_) : scalar_type(Scalar::uint16);
    default:
      return scalar_type(Scalar::char_);
  }
}

Result<Value> character_value(const TypeTable& types, std::string_view text) {
  TypeId element = string_element(types, text);
  const Type& t = types[element];
  const char* p = text.data() + text.find('\'') + 1;
  const char* end = text.data() + text.size() - 1;
  if (p == end) return Error{"empty character constant"};
  Arithmetic arithmetic(types);
  bool code_point = false;
  if (t.size != 1) {
    const bool plain = static_cast<uint8_t>(*p) >= 0xc0;
    uint32_t value = plain ? decode_utf8(p, end) : decode_char(p, end, code_point);
    // gcc: the last of the two units that it is in UTF-16.
    if (t.size == 2 && (plain || code_point) && value >= 0x10000) value = 0xdc00 + (value & 0x3ff);
    if (p != end) return Error{"more than one character in " + shown(text)};
    return arithmetic.integer(value, element);
  }
  // Several characters: gcc shifts them in from the right, the last four count.
  uint32_t value = 0;
  unsigned count = 0;
  while (p < end) {
    uint32_t c = decode_char(p, end, code_point);
    if (code_point && c >= 0x80) return Error{"the character " + shown(text) + " does not fit a char"};
    value = value << 8 | (c & 0xff);
    ++count;
  }
  if (count == 1) value = static_cast<uint32_t>(arithmetic.integer(value, element).integer);
  return arithmetic.integer(static_cast<int32_t>(value), arithmetic.int_type());
}

uint64_t decode_string(std::string_view text, unsigned unit, std::string* out) {
  const char* p = text.data() + text.find('"') + 1;
  const char* end = text.data() + text.size() - 1;
  uint64_t count = 0;
  auto add = [&count, unit, out](uint32_t c) {
    ++count;
    if (out == nullptr) return;
    const auto half = static_cast<uint16_t>(c);
    if (unit == 4) out->append(reinterpret_cast<const char*>(&c), sizeof c);
    if (unit == 2) out->append(reinterpret_cast<const char*>(&half), sizeof half);
    if (unit == 1) *out += static_cast<char>(c);
  };
  while (p < end) {
    bool code_point = static_cast<uint8_t>(*p) >= 0xc0 && unit != 1;
    const uint32_t c = code_point ? decode_utf8(p, end) : decode_char(p, end, code_point);
    if (unit == 2 && code_point && c >= 0x10000) {
      add(0xd800 + ((c - 0x10000) >> 10));
      add(0xdc00 + (c & 0x3ff));
    } else if (unit == 1 && code_point && c >= 0x80) {
      const int length = utf8_length(c);
      static constexpr uint8_t kLead[] = {0, 0, 0xc0, 0xe0, 0xf0};
      add(kLead[length] | c >> (6 * (length - 1)));
      for (int i = length - 2; i >= 0; --i) add(0x80 | ((c >> (6 * i)) & 0x3f));
    } else {
      add(c);
    }
  }
  return count;
}

}  // namespace ferry::cparse
