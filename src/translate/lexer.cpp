// Text -> tokens: white space, comments, names, numbers, strings, operators.
#include "translate/lexer.h"

#include <array>
#include <cstring>

namespace ferry::translate {

namespace {

enum ByteClass : uint8_t { kOther, kSpace, kNewline, kDigit, kLetter, kHigh };

constexpr std::array<uint8_t, 256> make_classes() {
  std::array<uint8_t, 256> table{};
  for (size_t c = 0; c < table.size(); ++c) {
    if (c == ' ' || c == '\t' || c == '\v' || c == '\f') table[c] = kSpace;
    if (c == '\n' || c == '\r') table[c] = kNewline;
    if (c >= '0' && c <= '9') table[c] = kDigit;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_') table[c] = kLetter;
    if (c >= 0x80) table[c] = kHigh;
  }
  return table;
}
constexpr std::array<uint8_t, 256> kClasses = make_classes();

inline uint8_t byte_class(char c) {
  return kClasses[static_cast<uint8_t>(c)];
}

struct Word {
  std::string_view text;
  Tok token;
};
constexpr Word kWords[] = {
    {"and", Tok::kw_and},           {"break", Tok::kw_break}, {"do", Tok::kw_do},       {"else", Tok::kw_else},
    {"elseif", Tok::kw_elseif},     {"end", Tok::kw_end},     {"false", Tok::kw_false}, {"for", Tok::kw_for},
    {"function", Tok::kw_function}, {"if", Tok::kw_if},       {"in", Tok::kw_in},       {"local", Tok::kw_local},
    {"nil", Tok::kw_nil},           {"not", Tok::kw_not},     {"or", Tok::kw_or},       {"repeat", Tok::kw_repeat},
    {"return", Tok::kw_return},     {"then", Tok::kw_then},   {"true", Tok::kw_true},   {"until", Tok::kw_until},
    {"while", Tok::kw_while},
};

constexpr size_t kSlots = 128;
constexpr size_t word_slot(const char* s, size_t n) {
  return (static_cast<uint8_t>(s[0]) * 5u + static_cast<uint8_t>(s[1]) * 3u + n * 11u) % kSlots;
}
constexpr std::array<uint8_t, kSlots> make_slots() {
  std::array<uint8_t, kSlots> slots{};
  for (size_t i = 0; i < std::size(kWords); ++i) {
    size_t slot = word_slot(kWords[i].text.data(), kWords[i].text.size());
    while (slots[slot] != 0) slot = (slot + 1) % kSlots;
    slots[slot] = static_cast<uint8_t>(i + 1);
  }
  return slots;
}
constexpr std::array<uint8_t, kSlots> kWordSlots = make_slots();
constexpr size_t kMaxWord = 8;

Tok word_of(const char* s, size_t n) {
  if (n < 2 || n > kMaxWord) return Tok::name;
  for (size_t slot = word_slot(s, n); kWordSlots[slot] != 0; slot = (slot + 1) % kSlots) {
    const Word& word = kWords[kWordSlots[slot] - 1];
    if (word.text.size() == n && std::memcmp(word.text.data(), s, n) == 0) return word.token;
  }
  return Tok::name;
}

}  // namespace

bool is_name_byte(char c) {
  const uint8_t k = byte_class(c);
  return k == kLetter || k == kDigit;
}

void Lexer::fail(Token& token, const char* message) {
  if (error_.empty()) error_ = "line " + std::to_string(token.line) + ": " + message;
  token.kind = Tok::error;
}

// At `[` followed by `=`s and `[`: moves *position behind the closing bracket and counts lines. False if it is no long
// bracket, with *position as it was, or an unfinished one, with *position 0.
bool Lexer::long_bracket(uint32_t* position) {
  uint32_t p = *position + 1;
  uint32_t level = 0;
  while (peek(p) == '=') ++p, ++level;
  if (peek(p) != '[') return false;
  ++p;
  const char* data = text_.data();
  const uint32_t size = static_cast<uint32_t>(text_.size());
  while (p < size) {
    const char c = data[p];
    if (c == ']') {
      uint32_t q = p + 1;
      uint32_t n = 0;
      while (peek(q) == '=') ++q, ++n;
      if (n == level && peek(q) == ']') {
        *position = q + 1;
        return true;
      }
      p = q;
    } else {
      if (c == '\n' || c == '\r') {
        ++line_;
        const char after = peek(p + 1);
        if ((after == '\n' || after == '\r') && after != c) ++p;
      }
      ++p;
    }
  }
  *position = 0;
  return false;
}

void Lexer::skip_space(Token& token) {
  const char* data = text_.data();
  const uint32_t size = static_cast<uint32_t>(text_.size());
  uint32_t p = position_;
  while (p < size) {
    const char c = data[p];
    const uint8_t k = byte_class(c);
    if (k == kSpace) {
      ++p;
    } else if (k == kNewline) {
      ++line_;
      const char after = peek(p + 1);
      p += (after == '\n' || after == '\r') && after != c ? 2 : 1;
    } else if (c == '-' && peek(p + 1) == '-') {
      p += 2;
      if (peek(p) == '[') {
        uint32_t q = p;
        const uint32_t line = line_;
        if (long_bracket(&q)) {
          p = q;
          continue;
        }
        if (q == 0) {
          token.line = line;
          position_ = size;
          return fail(token, "unfinished long comment");
        }
      }
      while (p < size && byte_class(data[p]) != kNewline) ++p;
    } else {
      break;
    }
  }
  position_ = p;
}

// At the opening quote.
void Lexer::quoted(Token& token, char quote) {
  const uint32_t size = static_cast<uint32_t>(text_.size());
  uint32_t p = position_ + 1;
  while (p < size && text_[p] != quote) {
    const char c = text_[p];
    if (c == '\n' || c == '\r') break;
    if (c != '\\') {
      ++p;
      continue;
    }
    const char escape = peek(++p);
    switch (escape) {
      case 'x':
        token.flags |= kEscapeX;
        break;
      case 'u':
        token.flags |= kEscapeU;
        break;
      case 'z':
        token.flags |= kEscapeZ;
        for (++p; p < size && (byte_class(text_[p]) == kSpace || byte_class(text_[p]) == kNewline); ++p) {
          if (byte_class(text_[p]) == kNewline) {
            ++line_;
            const char after = peek(p + 1);
            if ((after == '\n' || after == '\r') && after != text_[p]) ++p;
          }
        }
        continue;
      case '\n':
      case '\r': {
        ++line_;
        const char after = peek(p + 1);
        if ((after == '\n' || after == '\r') && after != escape) ++p;
        break;
      }
      default:
        break;
    }
    ++p;
  }
  if (p >= size || text_[p] != quote) return fail(token, "unfinished string");
  position_ = p + 1;
}

void Lexer::next(Token& token) {
  token.flags = 0;
  if (!error_.empty()) {
    token.kind = Tok::error;
    return;
  }
  skip_space(token);
  if (!error_.empty()) return;
  token.line = line_;
  const uint32_t at = position_;
  token.at = at;
  if (at >= text_.size()) {
    token.kind = Tok::end;
    token.end = at;
    return;
  }
  const char* data = text_.data();
  const uint32_t size = static_cast<uint32_t>(text_.size());
  const char c = data[at];
  const uint8_t k = byte_class(c);
  if (k == kLetter || k == kHigh) {
    uint32_t p = at;
    uint32_t hash = 2166136261u;
    uint8_t any = 0;
    for (; p < size; ++p) {
      const uint8_t kind = byte_class(data[p]);
      if (kind < kDigit) break;
      any |= static_cast<uint8_t>(kind == kHigh);
      hash = (hash ^ static_cast<uint8_t>(data[p])) * 16777619u;
    }
    position_ = token.end = p;
    token.hash = hash;
    token.kind = any != 0 ? Tok::name : word_of(data + at, p - at);
    if (any != 0) token.flags = kHighBytes;
    return;
  }
  if (k == kDigit || (c == '.' && byte_class(peek(at + 1)) == kDigit)) {
    // An exponent's sign belongs to the number; what kind of exponent there is follows from the prefix.
    const bool hex = c == '0' && (peek(at + 1) | 0x20) == 'x';
    const char exponent = hex ? 'p' : 'e';
    uint32_t p = at;
    for (; p < size; ++p) {
      const char d = data[p];
      if (d == '.' || byte_class(d) >= kDigit) continue;
      if ((d == '-' || d == '+') && (data[p - 1] | 0x20) == exponent && p > at) continue;
      break;
    }
    position_ = token.end = p;
    token.kind = Tok::number;
    return;
  }
  const char c1 = peek(at + 1);
  const auto op = [&](Tok kind, uint32_t length) {
    token.kind = kind;
    position_ = token.end = at + length;
  };
  switch (c) {
    case '"':
    case '\'':
      token.kind = Tok::string;
      quoted(token, c);
      token.end = position_;
      return;
    case '[': {
      uint32_t p = at;
      if (c1 == '[' || c1 == '=') {
        if (long_bracket(&p)) {
          token.kind = Tok::string;
          token.flags = kLongString;
          position_ = token.end = p;
          return;
        }
        if (p == 0 || c1 == '=') return fail(token, "unfinished long string");
      }
      return op(Tok::left_bracket, 1);
    }
    case '=':
      return c1 == '=' ? op(Tok::equal, 2) : op(Tok::assign, 1);
    case '~':
      return c1 == '=' ? op(Tok::not_equal, 2) : op(Tok::tilde, 1);
    case '<':
      return c1 == '=' ? op(Tok::less_equal, 2) : c1 == '<' ? op(Tok::shift_left, 2) : op(Tok::less, 1);
    case '>':
      return c1 == '=' ? op(Tok::greater_equal, 2) : c1 == '>' ? op(Tok::shift_right, 2) : op(Tok::greater, 1);
    case '/':
      return c1 == '/' ? op(Tok::double_slash, 2) : op(Tok::slash, 1);
    case ':':
      return c1 == ':' ? op(Tok::double_colon, 2) : op(Tok::colon, 1);
    case '.':
      return c1 == '.' ? (peek(at + 2) == '.' ? op(Tok::ellipsis, 3) : op(Tok::concat, 2)) : op(Tok::dot, 1);
    case '+':
      return op(Tok::plus, 1);
    case '-':
      return op(Tok::minus, 1);
    case '*':
      return op(Tok::star, 1);
    case '%':
      return op(Tok::percent, 1);
    case '^':
      return op(Tok::caret, 1);
    case '#':
      return op(Tok::hash, 1);
    case '&':
      return op(Tok::ampersand, 1);
    case '|':
      return op(Tok::bar, 1);
    case '(':
      return op(Tok::left_paren, 1);
    case ')':
      return op(Tok::right_paren, 1);
    case '{':
      return op(Tok::left_brace, 1);
    case '}':
      return op(Tok::right_brace, 1);
    case ']':
      return op(Tok::right_bracket, 1);
    case ';':
      return op(Tok::semicolon, 1);
    case ',':
      return op(Tok::comma, 1);
    default:
      return fail(token, "unexpected symbol");
  }
}

}  // namespace ferry::translate
