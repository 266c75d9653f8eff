// Text -> tokens: white space, comments, literals, identifiers, punctuators and `$`. No directives, no types.
#include "cparse/lexer.h"

#include <array>
#include <cstring>

namespace ferry::cparse {
namespace {

// In this order: what is below kPunct may need skipping; from kIdent on identifiers go on.
enum CharClass : uint8_t { kSpace, kNewline, kOther, kPunct, kIdent, kDigit };

constexpr std::array<uint8_t, 256> make_classes() {
  std::array<uint8_t, 256> table{};
  table.fill(kOther);
  for (int c = 0; c < 256; ++c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80) table[c] = kIdent;
    if (c >= '0' && c <= '9') table[c] = kDigit;
  }
  for (char c : {' ', '\t', '\v', '\f'}) table[static_cast<uint8_t>(c)] = kSpace;
  table['\n'] = table['\r'] = kNewline;
  for (char c : std::string_view("()[]{},;:?.=*/%+-&|^~!<>#$\"'")) table[static_cast<uint8_t>(c)] = kPunct;
  return table;
}
constexpr std::array<uint8_t, 256> kClasses = make_classes();

inline uint8_t char_class(char c) {
  return kClasses[static_cast<uint8_t>(c)];
}
inline bool is_ident(char c) {
  return char_class(c) >= kIdent;
}
// The end of the identifier's characters. Most of a text is identifiers, so the end of the text is looked at once for
// four characters.
inline const char* skip_identifier(const char* p, const char* end) {
  for (; end - p >= 4; p += 4) {
    if (!is_ident(p[0])) return p;
    if (!is_ident(p[1])) return p + 1;
    if (!is_ident(p[2])) return p + 2;
    if (!is_ident(p[3])) return p + 3;
  }
  while (p < end && is_ident(*p)) ++p;
  return p;
}

struct Keyword {
  std::string_view text;
  Tok token;
  uint8_t detail;
};

constexpr Keyword kKeywords[] = {
#define S(token, text, detail) {text, Tok::token, static_cast<uint8_t>(detail)},
#include "cparse/tokens.def"
};

// Keywords by a hash of length and three characters. The table is sparse, so most identifiers meet an
// empty slot and are never compared.
constexpr size_t kSlots = 1024;
constexpr uint32_t keyword_slot(const char* s, size_t n) {
  auto byte = [](char c) { return static_cast<uint32_t>(static_cast<uint8_t>(c)); };
  return static_cast<uint32_t>((n * 13 + byte(s[0]) * 57 + byte(s[n - 1]) * 229 + byte(s[n / 2]) * 31) % kSlots);
}

constexpr size_t kMaxKeyword = 28;  // __builtin_types_compatible_p

constexpr std::array<uint8_t, kSlots> make_keyword_slots() {
  static_assert(std::size(kKeywords) < 255, "slots are bytes");
  std::array<uint8_t, kSlots> slots{};
  for (size_t i = 0; i < std::size(kKeywords); ++i) {
    uint32_t slot = keyword_slot(kKeywords[i].text.data(), kKeywords[i].text.size());
    while (slots[slot] != 0) slot = (slot + 1) % kSlots;
    slots[slot] = static_cast<uint8_t>(i + 1);
  }
  return slots;
}
constexpr std::array<uint8_t, kSlots> kKeywordSlots = make_keyword_slots();

const Keyword* find_keyword(const char* s, size_t n) {
  if (n > kMaxKeyword) return nullptr;
  for (uint32_t slot = keyword_slot(s, n); kKeywordSlots[slot] != 0; slot = (slot + 1) % kSlots) {
    const Keyword& k = kKeywords[kKeywordSlots[slot] - 1];
    if (k.text.size() == n && std::memcmp(k.text.data(), s, n) == 0) return &k;
  }
  return nullptr;
}

}  // namespace

std::string shown(std::string_view text) {
  std::string out = "'";
  bool cut = text.size() > kMaxShownToken;
  for (char c : text.substr(0, kMaxShownToken)) {
    uint8_t byte = static_cast<uint8_t>(c);
    if (byte < 0x20 || byte == 0x7f) {
      const char* digits = "0123456789abcdef";
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  if (cut) out += "...";
  return out + "'";
}

std::string_view token_text(Tok token) {
  switch (token) {
    case Tok::end:
      return "end of text";
    case Tok::identifier:
      return "identifier";
    case Tok::number:
      return "number";
    case Tok::character:
      return "character constant";
    case Tok::string:
      return "string";
#define P(token, text) \
  case Tok::token:     \
    return text;
#include "cparse/tokens.def"
    default:
      return "keyword";
  }
}

Lexer::Lexer(std::string_view text, std::span<const Substitute> substitutes)
    : given_(text), substitutes_(substitutes), begin_(text.data()), position_(text.data()), end_(begin_ + text.size()) {
  if (text.size() > kMaxText) {
    failed_ = true;
    error_ = "the text is larger than 1 GiB";
    return;
  }
  if (!text.empty() && std::memchr(begin_, '\\', text.size()) != nullptr) splice();
}

// C11 5.1.1.2, phase 2: backslash-newline joins lines, also within tokens. Rare outside of #define, so a text that
// has it is copied without, and places are mapped back.
void Lexer::splice() {
  auto newline_after = [this](const char* p) -> size_t {  // length of the backslash-newline at p, or 0
    const char* stop = given_.data() + given_.size();
    if (p + 1 == stop || char_class(p[1]) != kNewline) return 0;
    return p + 2 < stop && char_class(p[2]) == kNewline && p[2] != p[1] ? 3 : 2;
  };
  const char* p = given_.data();
  const char* stop = p + given_.size();
  const char* copied = p;
  uint32_t removed = 0;
  while (p < stop) {
    p = static_cast<const char*>(std::memchr(p, '\\', static_cast<size_t>(stop - p)));
    if (p == nullptr) break;
    size_t length = newline_after(p);
    if (length == 0) {
      ++p;
      continue;
    }
    spliced_.append(copied, p);
    removed += static_cast<uint32_t>(length);
    splices_.emplace_back(static_cast<uint32_t>(spliced_.size()), removed);
    p += length;
    copied = p;
  }
  if (splices_.empty()) return;
  spliced_.append(copied, stop);
  begin_ = position_ = spliced_.data();
  end_ = begin_ + spliced_.size();
}

Place Lexer::place(uint32_t offset) const {
  size_t original = offset;
  for (const auto& [at, removed] : splices_) {
    if (at > offset) break;
    original = offset + removed;
  }
  if (original > given_.size()) original = given_.size();
  Place place;
  size_t line_start = 0;
  for (size_t i = 0; i < original; ++i) {
    char c = given_[i];
    if (c == '\n' || (c == '\r' && !(i + 1 < given_.size() && given_[i + 1] == '\n'))) {
      ++place.line;
      line_start = i + 1;
    }
  }
  place.column = static_cast<uint32_t>(original - line_start + 1);
  return place;
}

std::string_view Lexer::text_at(uint32_t offset) {
  position_ = begin_ + offset;
  failed_ = false;
  used_ = substitutes_.size();
  Token token;
  next(token);
  return token.text;
}

void Lexer::fail(Token& token, const char* at, std::string message) {
  token.kind = Tok::error;
  token.at = static_cast<uint32_t>(at - begin_);
  token.text = std::string_view(at, at < end_ ? 1 : 0);
  if (!failed_) error_ = std::move(message);
  failed_ = true;
}

// Behind white space and comments; null after an unterminated comment.
const char* Lexer::skip_space(Token& token, const char* p, bool& line_start) {
  for (; p < end_; ++p) {
    switch (char_class(*p)) {
      case kNewline:
        line_start = true;
        continue;
      case kSpace:
        continue;
      default:
        break;
    }
    if (*p != '/' || p + 1 == end_) return p;
    if (p[1] == '/') {
      while (p < end_ && char_class(*p) != kNewline) ++p;
      --p;
    } else if (p[1] == '*') {
      const char* q = p + 2;
      for (;;) {
        q = static_cast<const char*>(std::memchr(q, '*', static_cast<size_t>(end_ - q)));
        if (q == nullptr || q + 1 == end_) {
          fail(token, p, "unterminated comment");
          return nullptr;
        }
        if (q[1] == '/') break;
        ++q;
      }
      p = q + 1;
    } else {
      return p;
    }
  }
  return end_;
}

void Lexer::next(Token& token) {
  token.raw_name = false;
  if (failed_) {
    fail(token, position_ < end_ ? position_ : end_, {});
    return;
  }
  bool line_start = position_ == begin_;
  const char* p = position_;
  if (p < end_ && *p == ' ') ++p;  // the most frequent gap
  if (p == end_ || char_class(*p) < kPunct || *p == '/') {
    p = skip_space(token, p, line_start);
    if (p == nullptr) return;
  }
  token.at = static_cast<uint32_t>(p - begin_);
  if (p == end_) {
    work_ += static_cast<uint64_t>(p - position_) + 1;
    position_ = p;
    token.kind = Tok::end;
    token.text = {};
    return;
  }
  const char* before = position_;
  uint8_t cls = char_class(*p);
  if (cls == kIdent) {
    identifier(token, p);
  } else if (cls == kDigit) {
    number(token, p);
  } else if (cls == kPunct) {
    auto follows = [p, this](ptrdiff_t n, char c) { return end_ - p > n && p[n] == c; };
    Tok kind;
    size_t length = 1;
    auto two = [&](Tok t) {
      kind = t;
      length = 2;
    };
    switch (*p) {
      case '(':
        kind = Tok::l_paren;
        break;
      case ')':
        kind = Tok::r_paren;
        break;
      case '[':
        kind = Tok::l_bracket;
        break;
      case ']':
        kind = Tok::r_bracket;
        break;
      case '{':
        kind = Tok::l_brace;
        break;
      case '}':
        kind = Tok::r_brace;
        break;
      case ',':
        kind = Tok::comma;
        break;
      case ';':
        kind = Tok::semicolon;
        break;
      case ':':
        kind = Tok::colon;
        break;
      case '?':
        kind = Tok::question;
        break;
      case '~':
        kind = Tok::tilde;
        break;
      case '.':
        if (end_ - p > 1 && char_class(p[1]) == kDigit) {
          number(token, p);
          work_ += static_cast<uint64_t>(position_ - before);
          return;
        }
        kind = Tok::dot;
        if (follows(1, '.') && follows(2, '.')) {
          kind = Tok::ellipsis;
          length = 3;
        }
        break;
      case '*':
        kind = Tok::star;
        if (follows(1, '=')) two(Tok::other_assign);
        break;
      case '/':
        kind = Tok::slash;
        if (follows(1, '=')) two(Tok::other_assign);
        break;
      case '%':
        kind = Tok::percent;
        if (follows(1, '=')) two(Tok::other_assign);
        break;
      case '^':
        kind = Tok::caret;
        if (follows(1, '=')) two(Tok::other_assign);
        break;
      case '=':
        kind = Tok::assign;
        if (follows(1, '=')) two(Tok::equal);
        break;
      case '!':
        kind = Tok::bang;
        if (follows(1, '=')) two(Tok::not_equal);
        break;
      case '+':
        kind = Tok::plus;
        if (follows(1, '+')) two(Tok::increment);
        if (follows(1, '=')) two(Tok::other_assign);
        break;
      case '-':
        kind = Tok::minus;
        if (follows(1, '>')) two(Tok::arrow);
        if (follows(1, '-')) two(Tok::decrement);
        if (follows(1, '=')) two(Tok::other_assign);
        break;
      case '&':
        kind = Tok::amp;
        if (follows(1, '&')) two(Tok::and_and);
        if (follows(1, '=')) two(Tok::other_assign);
        break;
      case '|':
        kind = Tok::pipe;
        if (follows(1, '|')) two(Tok::or_or);
        if (follows(1, '=')) two(Tok::other_assign);
        break;
      case '<':
        kind = Tok::less;
        if (follows(1, '<')) two(Tok::shift_left);
        if (follows(1, '=')) two(Tok::less_equal);
        break;
      case '>':
        kind = Tok::greater;
        if (follows(1, '>')) two(Tok::shift_right);
        if (follows(1, '=')) two(Tok::greater_equal);
        break;
      case '#':
        kind = line_start && !in_directive_ ? Tok::directive : Tok::hash;
        break;
      case '$':
        substitute(token, p);
        return;
      default:
        literal(token, p, p);
        return;  // quotes
    }
    token.kind = kind;
    token.text = std::string_view(p, length);
    position_ = p + length;
  } else {
    fail(token, p, "stray character");
    return;
  }
  work_ += static_cast<uint64_t>(position_ - before);
}

// identifier := (letter | '_') (letter | '_' | digit)*
void Lexer::identifier(Token& token, const char* start) {
  const char* p = skip_identifier(start + 1, end_);
  size_t length = static_cast<size_t>(p - start);
  if (p < end_ && (*p == '"' || *p == '\'') && length <= 2) {  // L"", u8""
    std::string_view prefix(start, length);
    if (prefix == "L" || prefix == "u" || prefix == "U" || prefix == "u8") {
      literal(token, start, p);
      return;
    }
  }
  position_ = p;
  token.text = std::string_view(start, length);
  if (const Keyword* k = find_keyword(start, length)) {
    token.kind = k->token;
    token.detail = k->detail;
    return;
  }
  token.kind = Tok::identifier;
  if (length > kMaxIdentifier) fail(token, start, "an identifier is longer than 65535 characters");
}

// pp-number := '.'? digit (digit | letter | '.' | [eEpP] sign)*     C11 6.4.8
void Lexer::number(Token& token, const char* start) {
  const char* p = start + 1;
  while (p < end_ && (is_ident(*p) || *p == '.' ||
                      ((*p == '+' || *p == '-') && (p[-1] == 'e' || p[-1] == 'E' || p[-1] == 'p' || p[-1] == 'P'))))
    ++p;
  token.kind = Tok::number;
  token.text = std::string_view(start, static_cast<size_t>(p - start));
  position_ = p;
}

// Behind the closing quote of a literal whose opening quote is before p; null: it has none on its line.
const char* Lexer::skip_literal(const char* p, char quote) const {
  while (p < end_) {
    if (*p == quote) return p + 1;
    if (*p == '\\' && p + 1 < end_)
      ++p;
    else if (char_class(*p) == kNewline)
      return nullptr;
    ++p;
  }
  return nullptr;
}

void Lexer::literal(Token& token, const char* start, const char* quote) {
  const char* p = skip_literal(quote + 1, *quote);
  if (p == nullptr) {
    fail(token, start, *quote == '"' ? "unterminated string" : "unterminated character constant");
    return;
  }
  token.kind = *quote == '"' ? Tok::string : Tok::character;
  token.text = std::string_view(start, static_cast<size_t>(p - start));
  work_ += static_cast<uint64_t>(p - position_);
  position_ = p;
}

// substitute := '$'    (`$name` is reserved, as in LuaJIT)
void Lexer::substitute(Token& token, const char* p) {
  if (end_ - p > 1 && (is_ident(p[1]) || p[1] == '$')) {
    fail(token, p, "expected a lone '$'");
    return;
  }
  if (used_ == substitutes_.size()) {
    fail(token, p, "no argument is left for this '$'");
    return;
  }
  const Substitute& s = substitutes_[used_++];
  token.text = std::string_view(p, 1);
  position_ = p + 1;
  ++work_;
  switch (s.kind) {
    case Substitute::Kind::type:
      token.kind = Tok::type_substitute;
      token.type = s.type;
      return;
    case Substitute::Kind::integer:
      token.kind = Tok::integer_substitute;
      token.integer = s.integer;
      return;
    case Substitute::Kind::name:
      break;
  }
  bool good = !s.name.empty() && s.name.size() <= kMaxIdentifier && char_class(s.name[0]) == kIdent;
  for (char c : s.name) good = good && is_ident(c);
  if (!good) {
    fail(token, p, "the argument " + shown(s.name) + " for this '$' is not an identifier");
    return;
  }
  token.kind = Tok::identifier;
  token.raw_name = true;
  token.text = s.name;
}

bool Lexer::skip_braces() {
  // Everything but these five is passed over.
  static constexpr std::array<bool, 256> kStops = [] {
    std::array<bool, 256> stops{};
    for (char c : {'{', '}', '"', '\'', '/'}) stops[static_cast<uint8_t>(c)] = true;
    return stops;
  }();
  size_t depth = 1;
  const char* p = position_;
  while (p < end_) {
    while (p < end_ && !kStops[static_cast<uint8_t>(*p)]) ++p;
    if (p == end_) break;
    char c = *p++;
    if (c == '{') {
      ++depth;
    } else if (c == '}') {
      if (--depth == 0) {
        work_ += static_cast<uint64_t>(p - position_);
        position_ = p;
        return true;
      }
    } else if (c == '/') {
      if (p < end_ && *p == '/') {
        while (p < end_ && char_class(*p) != kNewline) ++p;
      } else if (p < end_ && *p == '*') {
        ++p;
        do {
          p = static_cast<const char*>(std::memchr(p, '*', static_cast<size_t>(end_ - p)));
          if (p != nullptr) ++p;
        } while (p != nullptr && p < end_ && *p != '/');
        if (p == nullptr) break;
      }
    } else {
      // A quote without a partner on its line (an apostrophe in an #error, in assembler) is passed over.
      if (const char* q = skip_literal(p, c))
        p = q;
      else
        while (p < end_ && char_class(*p) != kNewline) ++p;
    }
  }
  work_ += static_cast<uint64_t>(end_ - position_);
  position_ = end_;
  return false;
}

std::string_view Lexer::directive_line() {
  const char* start = position_;
  const char* p = start;
  while (p < end_ && char_class(*p) != kNewline) {
    if (*p == '"' || *p == '\'') {
      const char* q = skip_literal(p + 1, *p);
      if (q != nullptr)
        p = q;
      else  // an apostrophe without a partner; nothing behind it can be a comment that goes on
        while (p < end_ && char_class(*p) != kNewline) ++p;
    } else if (*p == '/' && p + 1 < end_ && p[1] == '/') {
      while (p < end_ && char_class(*p) != kNewline) ++p;
    } else if (*p == '/' && p + 1 < end_ && p[1] == '*') {
      size_t close = std::string_view(p + 2, static_cast<size_t>(end_ - p - 2)).find("*/");
      p = close == std::string_view::npos ? end_ : p + 2 + close + 2;
    } else {
      ++p;
    }
  }
  work_ += static_cast<uint64_t>(p - start);
  position_ = p;
  return std::string_view(start, static_cast<size_t>(p - start));
}

Lexer::Resume Lexer::enter(std::string_view part) {
  Resume resume{position_, end_};
  position_ = part.data();
  end_ = part.data() + part.size();
  in_directive_ = true;
  return resume;
}

void Lexer::leave(Resume resume) {
  position_ = resume.position;
  end_ = resume.end;
  in_directive_ = false;
  failed_ = false;  // what is wrong in a directive does not end the text
  error_.clear();
}

}  // namespace ferry::cparse
