// Number and string literals: what LuaJIT reads (its manual, "Extensions" and "FFI Semantics") in the words of each
// Lua.
#include "translate/literals.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace ferry::translate {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : 99;
}

Literal malformed() {
  return {Literal::Kind::malformed, {}};
}

enum class Suffix : uint8_t { none, int64, uint64, imaginary, bad };

// Cuts it off *body.
Suffix cut_suffix(std::string_view* body) {
  std::string tail;
  while (!body->empty()) {
    const char c = lower(body->back());
    if (c != 'l' && c != 'u' && c != 'i') break;
    tail.insert(tail.begin(), c);
    body->remove_suffix(1);
  }
  if (tail.empty()) return Suffix::none;
  if (tail == "ll") return Suffix::int64;
  if (tail == "ull" || tail == "llu") return Suffix::uint64;
  return tail == "i" ? Suffix::imaginary : Suffix::bad;
}

// Exact double of digits in a base that is a power of two, or of C's own forms.
double value_of(std::string_view digits, int base) {
  double value = 0;
  for (char c : digits) value = value * base + digit_of(c);
  return value;
}

std::string decimal(double value) {
  char buffer[400];
  if (std::isinf(value)) return "1e999";
  if (value == std::floor(value)) {
    std::snprintf(buffer, sizeof buffer, "%.0f.0", value);
  } else {
    std::snprintf(buffer, sizeof buffer, "%.17g", value);
  }
  return buffer;
}

constexpr double kExact = 9007199254740992.0;  // 2^53: from here on not every integer is a double

}  // namespace

Literal number_literal(std::string_view text, Dialect dialect) {
  std::string_view body = text;
  const char prefix = text.size() > 1 && text[0] == '0' ? lower(text[1]) : '\0';
  const int base = prefix == 'x' ? 16 : prefix == 'b' ? 2 : 10;
  const Suffix suffix = cut_suffix(&body);
  if (suffix == Suffix::bad) return malformed();
  const std::string_view digits = base == 10 ? body : body.substr(2);
  bool integral = !digits.empty();
  for (char c : digits) integral = integral && digit_of(c) < base;
  if (suffix == Suffix::int64 || suffix == Suffix::uint64) {
    if (!integral) return malformed();
    uint64_t value = 0;
    for (char c : digits) {
      const uint64_t digit = static_cast<uint64_t>(digit_of(c));
      if (value > (UINT64_MAX - digit) / static_cast<uint64_t>(base)) return malformed();
      value = value * static_cast<uint64_t>(base) + digit;
    }
    return {Literal::Kind::boxed, std::to_string(value) + (suffix == Suffix::int64 ? "LL" : "ULL")};
  }
  if (base == 2 && !integral) return malformed();
  double value = 0;
  if (integral && base != 10) {
    value = value_of(digits, base);
  } else {
    char* end = nullptr;
    const std::string copy(body);
    value = std::strtod(copy.c_str(), &end);
    if (copy.empty() || *end != '\0') return malformed();
  }
  if (suffix == Suffix::imaginary) {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%.17gi", value);
    return {Literal::Kind::boxed, buffer};
  }
  if (base == 2) {
    std::string out = decimal(value);
    if (value <= kExact) out.resize(out.size() - 2);
    return {Literal::Kind::rewritten, out};
  }
  // 5.1 reads a hexadecimal number without fraction and exponent only.
  if (base == 16 && !integral && dialect <= 51) {
    std::string out = decimal(value);
    return {Literal::Kind::rewritten, out};
  }
  // Nor one beyond 64 bits.
  if (base == 16 && dialect <= 51 && value >= 18446744073709551616.0) return {Literal::Kind::rewritten, decimal(value)};
  // Where there are integers, these are not LuaJIT's: rounded to doubles there, and never negative.
  if (integral && dialect >= 53 && value >= kExact) return {Literal::Kind::widened, decimal(value)};
  return {};
}

namespace {

void put_escape(std::string* out, unsigned byte) {
  char buffer[8];
  std::snprintf(buffer, sizeof buffer, "\\%03u", byte & 255);
  *out += buffer;
}

void put_utf8(std::string* out, uint32_t code) {
  if (code < 0x80) return put_escape(out, code);
  if (code < 0x800) {
    put_escape(out, 0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put_escape(out, 0xe0 | code >> 12);
    } else {
      put_escape(out, 0xf0 | code >> 18);
      put_escape(out, 0x80 | (code >> 12 & 0x3f));
    }
    put_escape(out, 0x80 | (code >> 6 & 0x3f));
  }
  put_escape(out, 0x80 | (code & 0x3f));
}

constexpr uint32_t kMaxCode = 0x10ffff;

}  // namespace

Literal string_literal(std::string_view text, uint8_t flags, Dialect dialect) {
  const uint8_t unknown = dialect <= 51 ? kEscapeX | kEscapeZ | kEscapeU : dialect == 52 ? kEscapeU : 0;
  if ((flags & unknown) == 0) return {};
  std::string out;
  std::string skipped_lines;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '\\' || i + 1 >= text.size()) {
      out += c;
      continue;
    }
    const char escape = text[++i];
    if (escape == 'x') {
      const int high = i + 1 < text.size() ? digit_of(text[i + 1]) : 99;
      const int low = i + 2 < text.size() ? digit_of(text[i + 2]) : 99;
      if (high > 15 || low > 15) return malformed();
      put_escape(&out, static_cast<unsigned>(high * 16 + low));
      i += 2;
    } else if (escape == 'u') {
      if (i + 1 >= text.size() || text[i + 1] != '{') return malformed();
      uint32_t code = 0;
      size_t j = i + 2;
      for (; j < text.size() && digit_of(text[j]) < 16; ++j) {
        code = code * 16 + static_cast<uint32_t>(digit_of(text[j]));
        if (code > kMaxCode) return malformed();
      }
      if (j == i + 2 || j >= text.size() || text[j] != '}') return malformed();
      put_utf8(&out, code);
      i = j;
    } else if (escape == 'z' && (unknown & kEscapeZ) != 0) {
      while (i + 1 < text.size() && std::string_view(" \t\v\f\r\n").find(text[i + 1]) != std::string_view::npos) {
        ++i;
        if (text[i] == '\n' || text[i] == '\r') skipped_lines += text[i];
      }
    } else {
      out += '\\';
      out += escape;
    }
  }
  return {Literal::Kind::rewritten, out + skipped_lines};
}

}  // namespace ferry::translate
