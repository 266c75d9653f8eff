// Text -> tokens: white space, comments, literals, identifiers, punctuators and `$`. No directives, no keywords.
#include "cpreproc/lexer.h"

#include <array>
#include <cstring>

#include "cpreproc/char_class.h"

namespace ferry::cpreproc {
namespace {

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

}  // namespace

bool is_newline(char c) {
  return char_class(c) == kNewline;
}

bool is_identifier(std::string_view text) {
  if (text.empty() || text.size() > kMaxIdentifier || char_class(text[0]) != kIdent) return false;
  for (char c : text) {
    if (!is_ident(c)) return false;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  auto is_space = [](char c) { return char_class(c) < kOther; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string shown(std::string_view text, size_t longest) {
  std::string out = "'";
  bool cut = text.size() > longest;
  for (char c : text.substr(0, longest)) {
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
#include "cpreproc/tokens.def"
    default:
      return "keyword";
  }
}

Lexer::Lexer(std::string_view text, uint32_t base, std::span<const Substitute> substitutes)
    : substitutes_(substitutes) {
  read(text, base, false);
}

Lexer::State Lexer::read(std::string_view text, uint32_t base, bool dollar_is_letter) {
  State before = state_;
  state_ = {text.data(), text.data(), text.data() + text.size(), base, dollar_is_letter};
  return before;
}

void Lexer::fail(Token& token, const char* at, std::string message) {
  token.kind = Tok::error;
  token.at = state_.base + static_cast<uint32_t>(at - state_.begin);
  token.text = std::string_view(at, at < state_.end ? 1 : 0);
  error_ = std::move(message);
}

void Lexer::stray(Token& token, const char* p, size_t length, Stray why) {
  token.kind = Tok::other;
  token.detail = static_cast<uint8_t>(why);
  token.text = std::string_view(p, length);
  state_.position = p + length;
}

// p is at the `/*`. Behind the comment; null: it has no end.
const char* Lexer::skip_comment(const char* p) const {
  const char* q = p + 2;
  for (;;) {
    q = static_cast<const char*>(std::memchr(q, '*', static_cast<size_t>(state_.end - q)));
    if (q == nullptr || q + 1 == state_.end) return nullptr;
    if (q[1] == '/') return q + 2;
    ++q;
  }
}

// Behind white space and comments; null after an unterminated comment.
const char* Lexer::skip_space(Token& token, const char* p) {
  const char* end = state_.end;
  while (p < end) {
    switch (char_class(*p)) {
      case kNewline:
        token.flags |= kLineStart;
        ++p;
        continue;
      case kSpace:
        ++p;
        continue;
      default:
        break;
    }
    if (*p != '/' || p + 1 == end) return p;
    if (p[1] == '/') {
      while (p < end && char_class(*p) != kNewline) ++p;
    } else if (p[1] == '*') {
      const char* q = skip_comment(p);
      if (q == nullptr) {
        fail(token, p, "unterminated comment");
        state_.position = end;
        return nullptr;
      }
      p = q;
    } else {
      return p;
    }
  }
  return end;
}

void Lexer::next(Token& token) {
  const char* const before = state_.position;
  const char* const end = state_.end;
  const char* p = before;
  token.flags = before == state_.begin ? kLineStart : 0;
  if (p < end && *p == ' ') ++p;  // the most frequent gap
  if (p == end || char_class(*p) < kPunct || *p == '/') {
    p = skip_space(token, p);
    if (p == nullptr) return;
  }
  if (p != before) token.flags |= kSpaceBefore;
  token.at = state_.base + static_cast<uint32_t>(p - state_.begin);
  if (p == end) {
    work_ += static_cast<uint64_t>(p - before) + 1;
    state_.position = p;
    token.kind = Tok::end;
    token.text = {};
    return;
  }
  const uint8_t cls = char_class(*p);
  if (cls == kIdent)
    identifier(token, p);
  else if (cls == kDigit)
    number(token, p);
  else if (cls == kPunct)
    punctuator(token, p);
  else
    stray(token, p, 1, Stray::character);
  work_ += static_cast<uint64_t>(state_.position - before);
}

// The longest punctuator at p (C11 6.4p4); also literals, numbers that begin with a point, and `$`.
inline void Lexer::punctuator(Token& token, const char* p) {
  const char* end = state_.end;
  auto follows = [p, end](ptrdiff_t n, char c) { return end - p > n && p[n] == c; };
  Tok kind;
  size_t length = 1;
  auto longer = [&](Tok t, size_t n = 2) {
    kind = t;
    length = n;
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
      if (follows(1, '>')) longer(Tok::r_bracket);
      break;
    case '?':
      kind = Tok::question;
      break;
    case '~':
      kind = Tok::tilde;
      break;
    case '.':
      if (end - p > 1 && char_class(p[1]) == kDigit) return number(token, p);
      kind = Tok::dot;
      if (follows(1, '.') && follows(2, '.')) longer(Tok::ellipsis, 3);
      break;
    case '*':
      kind = Tok::star;
      if (follows(1, '=')) longer(Tok::other_assign);
      break;
    case '/':
      kind = Tok::slash;
      if (follows(1, '=')) longer(Tok::other_assign);
      break;
    case '%':
      kind = Tok::percent;
      if (follows(1, '=')) longer(Tok::other_assign);
      if (follows(1, '>')) longer(Tok::r_brace);
      if (follows(1, ':')) {
        const bool begins = (token.flags & kLineStart) != 0 && !in_directive_;
        longer(begins ? Tok::directive : Tok::hash);
        if (!begins && follows(2, '%') && follows(3, ':')) longer(Tok::hash_hash, 4);
      }
      break;
    case '^':
      kind = Tok::caret;
      if (follows(1, '=')) longer(Tok::other_assign);
      break;
    case '=':
      kind = Tok::assign;
      if (follows(1, '=')) longer(Tok::equal);
      break;
    case '!':
      kind = Tok::bang;
      if (follows(1, '=')) longer(Tok::not_equal);
      break;
    case '+':
      kind = Tok::plus;
      if (follows(1, '+')) longer(Tok::increment);
      if (follows(1, '=')) longer(Tok::other_assign);
      break;
    case '-':
      kind = Tok::minus;
      if (follows(1, '>')) longer(Tok::arrow);
      if (follows(1, '-')) longer(Tok::decrement);
      if (follows(1, '=')) longer(Tok::other_assign);
      break;
    case '&':
      kind = Tok::amp;
      if (follows(1, '&')) longer(Tok::and_and);
      if (follows(1, '=')) longer(Tok::other_assign);
      break;
    case '|':
      kind = Tok::pipe;
      if (follows(1, '|')) longer(Tok::or_or);
      if (follows(1, '=')) longer(Tok::other_assign);
      break;
    case '<':
      kind = Tok::less;
      if (follows(1, '<')) follows(2, '=') ? longer(Tok::other_assign, 3) : longer(Tok::shift_left);
      if (follows(1, '=')) longer(Tok::less_equal);
      if (follows(1, ':')) longer(Tok::l_bracket);
      if (follows(1, '%')) longer(Tok::l_brace);
      break;
    case '>':
      kind = Tok::greater;
      if (follows(1, '>')) follows(2, '=') ? longer(Tok::other_assign, 3) : longer(Tok::shift_right);
      if (follows(1, '=')) longer(Tok::greater_equal);
      break;
    case '#':
      kind = Tok::hash;
      if ((token.flags & kLineStart) != 0 && !in_directive_)
        kind = Tok::directive;
      else if (follows(1, '#'))
        longer(Tok::hash_hash);
      break;
    case '$':
      return state_.dollar_is_letter ? identifier(token, p) : substitute(token, p);
    default:
      return literal(token, p, p);  // quotes
  }
  token.kind = kind;
  token.text = std::string_view(p, length);
  state_.position = p + length;
}

// Goes on behind a `$` within an identifier, an extension that system libraries use.
const char* Lexer::long_identifier(const char* p) const {
  while (p < state_.end &&
         (is_ident(*p) || (*p == '$' && (state_.dollar_is_letter || (p + 1 < state_.end && is_ident(p[1]))))))
    ++p;
  return p;
}

// identifier := (letter | '_') (letter | '_' | digit | '$')*
void Lexer::identifier(Token& token, const char* start) {
  const char* p = skip_identifier(start + 1, state_.end);
  if (p < state_.end && char_class(*p) == kPunct) {
    if (*p == '$') {
      p = long_identifier(p);
    } else if ((*p == '"' || *p == '\'') && p - start <= 2) {  // L"", u8""
      std::string_view prefix(start, static_cast<size_t>(p - start));
      if (prefix == "L" || prefix == "u" || prefix == "U" || prefix == "u8") return literal(token, start, p);
    }
  }
  const size_t length = static_cast<size_t>(p - start);
  state_.position = p;
  token.kind = Tok::identifier;
  token.text = std::string_view(start, length);
  token.word = word_hash(start, length);
  if (length > kMaxIdentifier) stray(token, start, length, Stray::identifier);
}

// pp-number := '.'? digit (digit | letter | '$' | '.' | [eEpP] sign | ''' (digit | letter))*     C11 6.4.8, C23 6.4.8
void Lexer::number(Token& token, const char* start) {
  const char* end = state_.end;
  const char* p = start + 1;
  while (p < end && (is_ident(*p) || *p == '.' || (*p == '$' && state_.dollar_is_letter) ||
                     ((*p == '+' || *p == '-') && (p[-1] == 'e' || p[-1] == 'E' || p[-1] == 'p' || p[-1] == 'P')) ||
                     (*p == '\'' && p + 1 < end && is_ident(p[1]))))
    ++p;
  token.kind = Tok::number;
  token.text = std::string_view(start, static_cast<size_t>(p - start));
  state_.position = p;
}

// Behind the closing quote of a literal whose opening quote is before p; null: it has none on its line.
const char* Lexer::skip_literal(const char* p, char quote) const {
  const char* end = state_.end;
  while (p < end) {
    if (*p == quote) return p + 1;
    if (*p == '\\' && p + 1 < end && char_class(p[1]) != kNewline)
      ++p;
    else if (char_class(*p) == kNewline)
      return nullptr;
    ++p;
  }
  return nullptr;
}

void Lexer::literal(Token& token, const char* start, const char* quote) {
  const char* p = skip_literal(quote + 1, *quote);
  if (p == nullptr) {  // it takes the rest of the line with it
    p = quote;
    while (p < state_.end && char_class(*p) != kNewline) ++p;
    const Stray why = *quote == '"' ? Stray::string : Stray::character_constant;
    return stray(token, start, static_cast<size_t>(p - start), why);
  }
  token.kind = *quote == '"' ? Tok::string : Tok::character;
  token.text = std::string_view(start, static_cast<size_t>(p - start));
  state_.position = p;
}

// substitute := '$'    (`$name` is reserved, as in LuaJIT)
void Lexer::substitute(Token& token, const char* p) {
  if (state_.end - p > 1 && (is_ident(p[1]) || p[1] == '$')) return fail(token, p, "expected a lone '$'");
  if (used_ == substitutes_.size()) return fail(token, p, "no argument is left for this '$'");
  const Substitute& s = substitutes_[used_++];
  token.text = std::string_view(p, 1);
  state_.position = p + 1;
  switch (s.kind) {
    case Substitute::Kind::type:
      token.kind = Tok::type_substitute;
      token.type = s.type;
      return;
    case Substitute::Kind::integer:
      token.kind = Tok::integer_substitute;
      token.integer = s.integer;
      return;
    case Substitute::Kind::value:
      token.kind = Tok::value_substitute;
      token.integer = static_cast<int64_t>(static_cast<uint64_t>(s.integer) << 32 | s.type);
      return;
    case Substitute::Kind::name:
      break;
  }
  // Any text: it is no keyword either, and what is declared so is found by that name.
  if (s.name.empty() || s.name.size() > kMaxIdentifier)
    return fail(token, p, "the argument for this '$' is empty or longer than 65535 characters");
  token.kind = Tok::identifier;
  token.flags |= kRawName;
  token.text = s.name;
  token.word = word_hash(s.name.data(), s.name.size());
}

bool Lexer::at_end_of_tokens() {
  Token token;
  next(token);
  return token.kind == Tok::end;
}

bool Lexer::skip_braces() {
  // Everything but these is passed over.
  static constexpr std::array<bool, 256> kStops = [] {
    std::array<bool, 256> stops{};
    for (char c : {'{', '}', '"', '\'', '/', '#'}) stops[static_cast<uint8_t>(c)] = true;
    return stops;
  }();
  size_t depth = 1;
  const char* const end = state_.end;
  const char* p = state_.position;
  while (p < end) {
    while (p < end && !kStops[static_cast<uint8_t>(*p)]) ++p;
    if (p == end) break;
    char c = *p++;
    if (c == '{') {
      ++depth;
    } else if (c == '}') {
      if (--depth == 0) {
        work_ += static_cast<uint64_t>(p - state_.position);
        state_.position = p;
        return true;
      }
    } else if (c == '#') {
      if (!in_directive_) return false;
    } else if (c == '/') {
      if (p < end && *p == '/') {
        while (p < end && char_class(*p) != kNewline) ++p;
      } else if (p < end && *p == '*') {
        p = skip_comment(p - 1);
        if (p == nullptr) break;
      }
    } else {
      // A quote without a partner on its line (an apostrophe in an #error, in assembler) is passed over.
      if (const char* q = skip_literal(p, c))
        p = q;
      else
        while (p < end && char_class(*p) != kNewline) ++p;
    }
  }
  work_ += static_cast<uint64_t>(end - state_.position);
  return false;
}

std::string_view Lexer::directive_line() {
  const char* start = state_.position;
  const char* end = state_.end;
  const char* p = start;
  while (p < end && char_class(*p) != kNewline) {
    if (*p == '"' || *p == '\'') {
      const char* q = skip_literal(p + 1, *p);
      if (q != nullptr)
        p = q;
      else  // an apostrophe without a partner; nothing behind it can be a comment that goes on
        while (p < end && char_class(*p) != kNewline) ++p;
    } else if (*p == '/' && p + 1 < end && p[1] == '/') {
      while (p < end && char_class(*p) != kNewline) ++p;
    } else if (*p == '/' && p + 1 < end && p[1] == '*') {
      p = skip_comment(p);
      if (p == nullptr) p = end;
    } else {
      ++p;
    }
  }
  work_ += static_cast<uint64_t>(p - start);
  state_.position = p;
  return std::string_view(start, static_cast<size_t>(p - start));
}

bool Lexer::skip_to_directive() {
  static constexpr std::array<bool, 256> kStops = [] {
    std::array<bool, 256> stops{};
    for (char c : {'\n', '\r', '"', '\'', '/'}) stops[static_cast<uint8_t>(c)] = true;
    return stops;
  }();
  const char* const end = state_.end;
  const char* const start = state_.position;
  const char* p = start;
  bool line_start = p == state_.begin;
  while (p != nullptr && p < end) {
    if (line_start) {
      while (p < end && char_class(*p) < kOther) ++p;
      if (p == end) break;
      const bool digraph = *p == '%' && end - p > 1 && p[1] == ':';
      if (*p == '#' || digraph) {
        state_.position = p + (digraph ? 2 : 1);
        work_ += static_cast<uint64_t>(p - start);
        return true;
      }
    }
    while (p < end && !kStops[static_cast<uint8_t>(*p)]) {
      line_start = false;
      ++p;
    }
    if (p == end) break;
    const char c = *p++;
    if (char_class(c) == kNewline) {
      line_start = true;
    } else if (c != '/') {
      line_start = false;
      const char* q = skip_literal(p, c);
      if (q == nullptr)
        while (p < end && char_class(*p) != kNewline) ++p;
      else
        p = q;
    } else if (p < end && *p == '/') {
      while (p < end && char_class(*p) != kNewline) ++p;
    } else if (p < end && *p == '*') {
      p = skip_comment(p - 1);  // a comment leaves a line's start what it is
    } else {
      line_start = false;
    }
  }
  work_ += static_cast<uint64_t>(end - start);
  state_.position = end;
  return false;
}

Lexer::Resume Lexer::enter(std::string_view part) {
  Resume resume{state_.position, state_.end, in_directive_};
  state_.position = part.data();
  state_.end = part.data() + part.size();
  in_directive_ = true;
  return resume;
}

void Lexer::leave(Resume resume) {
  state_.position = resume.position;
  state_.end = resume.end;
  in_directive_ = resume.in_directive;
}

}  // namespace ferry::cpreproc
