// The expressions of #if: integers of 64 bits, signed or not (C23 6.10.2), and what asks about headers and features.
#include "cpreproc/features.h"
#include "cpreproc/preprocessor.h"

namespace ferry::cpreproc {
int precedence(Tok op) {
  switch (op) {
    case Tok::star:
    case Tok::slash:
    case Tok::percent:
      return 10;
    case Tok::plus:
    case Tok::minus:
      return 9;
    case Tok::shift_left:
    case Tok::shift_right:
      return 8;
    case Tok::less:
    case Tok::less_equal:
    case Tok::greater:
    case Tok::greater_equal:
      return 7;
    case Tok::equal:
    case Tok::not_equal:
      return 6;
    case Tok::amp:
      return 5;
    case Tok::caret:
      return 4;
    case Tok::pipe:
      return 3;
    case Tok::and_and:
      return 2;
    case Tok::or_or:
      return 1;
    default:
      return 0;
  }
}

namespace {

// gcc: a negative count shifts the other way, one of 64 or more shifts everything out.
uint64_t shifted(uint64_t value, bool is_unsigned, bool left, uint64_t count, bool count_unsigned) {
  if (!count_unsigned && static_cast<int64_t>(count) < 0) {
    left = !left;
    count = 0 - count;
  }
  const bool negative = !is_unsigned && static_cast<int64_t>(value) < 0;
  if (count >= 64) return left || !negative ? 0 : ~uint64_t{0};
  if (left) return value << count;
  return negative ? ~(~value >> count) : value >> count;
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

// A character or escape sequence of a literal; p is before its closing quote.
uint64_t escaped(const char*& p, const char* end) {
  char c = *p++;
  if (c != '\\' || p == end) return static_cast<uint8_t>(c);
  c = *p++;
  constexpr std::string_view kLetters = "abtnvfre";
  constexpr char kValues[] = {7, 8, 9, 10, 11, 12, 13, 27};
  if (const size_t i = kLetters.find(c); i != std::string_view::npos) return static_cast<uint8_t>(kValues[i]);
  uint64_t value = 0;
  if (c == 'x' || c == 'u' || c == 'U') {
    const int most = c == 'u' ? 4 : c == 'U' ? 8 : 16;
    for (int n = 0; n < most && p < end && digit_value(*p) < 16; ++n)
      value = value * 16 + static_cast<uint64_t>(digit_value(*p++));
    return value;
  }
  if (digit_value(c) >= 8) return static_cast<uint8_t>(c);
  value = static_cast<uint64_t>(digit_value(c));
  for (int n = 0; n < 2 && p < end && digit_value(*p) < 8; ++n)
    value = value * 8 + static_cast<uint64_t>(digit_value(*p++));
  return value;
}

uint64_t utf8_character(const char*& p, const char* end) {
  const uint8_t first = static_cast<uint8_t>(*p++);
  const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
  if (more == 0 || end - p < more) return first;
  uint64_t value = first & (0x3fu >> more);
  for (int i = 0; i < more; ++i) value = value << 6 | (static_cast<uint8_t>(*p++) & 0x3fu);
  return value;
}

}  // namespace

bool Preprocessor::condition_next() {
  return expanded(current_);
}

// condition := conditional (',' conditional)* end
bool Preprocessor::condition(bool& holds) {
  Number n;
  condition_depth_ = 0;
  if (!condition_next()) return false;
  if (current_.kind == Tok::end) return refuse(current_, "#if has no expression");
  for (;;) {
    if (!condition_conditional(n, true)) return false;
    if (current_.kind != Tok::comma) break;
    if (!condition_next()) return false;
  }
  if (current_.kind != Tok::end)
    return refuse(current_, "expected an operator or the end of the line, got " + shown(current_.text));
  holds = n.value != 0;
  return true;
}

// conditional := binary ('?' conditional ':' conditional)?
bool Preprocessor::condition_conditional(Number& n, bool evaluated) {
  if (++condition_depth_ > kMaxCallDepth)
    return refuse(current_, "nested deeper than " + std::to_string(kMaxCallDepth) + " levels");
  if (!condition_binary(n, 1, evaluated)) return false;
  if (current_.kind == Tok::question) {
    const bool first = n.value != 0;
    Number a;
    Number b;
    if (!condition_next() || !condition_conditional(a, evaluated && first)) return false;
    if (current_.kind != Tok::colon) {
      const std::string got = current_.kind == Tok::end ? "end of line" : shown(current_.text);
      return refuse(current_, "expected ':', got " + got);
    }
    if (!condition_next() || !condition_conditional(b, evaluated && !first)) return false;
    n.value = first ? a.value : b.value;
    n.is_unsigned = a.is_unsigned || b.is_unsigned;
  }
  --condition_depth_;
  return true;
}

// binary := unary (operator unary)*      by precedence
bool Preprocessor::condition_binary(Number& n, int min_precedence, bool evaluated) {
  if (!condition_unary(n, evaluated)) return false;
  for (;;) {
    const Tok op = current_.kind;
    const int level_of = precedence(op);
    if (level_of < min_precedence || level_of == 0) return true;
    const Token at = current_;
    Number right;
    bool needed = evaluated;
    if (op == Tok::and_and) needed = evaluated && n.value != 0;
    if (op == Tok::or_or) needed = evaluated && n.value == 0;
    if (!condition_next() || !condition_binary(right, level_of + 1, needed)) return false;
    const bool is_unsigned = n.is_unsigned || right.is_unsigned;
    const uint64_t a = n.value;
    const uint64_t b = right.value;
    const int64_t sa = static_cast<int64_t>(a);
    const int64_t sb = static_cast<int64_t>(b);
    auto truth = [&n](bool value) { n = {value ? uint64_t{1} : uint64_t{0}, false}; };
    switch (op) {
      case Tok::or_or:
        truth(a != 0 || b != 0);
        break;
      case Tok::and_and:
        truth(a != 0 && b != 0);
        break;
      case Tok::equal:
        truth(a == b);
        break;
      case Tok::not_equal:
        truth(a != b);
        break;
      case Tok::less:
        truth(is_unsigned ? a < b : sa < sb);
        break;
      case Tok::less_equal:
        truth(is_unsigned ? a <= b : sa <= sb);
        break;
      case Tok::greater:
        truth(is_unsigned ? a > b : sa > sb);
        break;
      case Tok::greater_equal:
        truth(is_unsigned ? a >= b : sa >= sb);
        break;
      case Tok::shift_left:
      case Tok::shift_right:
        n.value = shifted(a, n.is_unsigned, op == Tok::shift_left, b, right.is_unsigned);
        break;
      case Tok::slash:
      case Tok::percent: {
        if (b == 0) {
          if (evaluated) return refuse(at, "division by zero in #if");
          n = {0, is_unsigned};
          break;
        }
        const bool quotient = op == Tok::slash;
        if (is_unsigned)
          n.value = quotient ? a / b : a % b;
        else if (sb == -1)  // the least number by -1 does not fit
          n.value = quotient ? 0 - a : 0;
        else
          n.value = static_cast<uint64_t>(quotient ? sa / sb : sa % sb);
        n.is_unsigned = is_unsigned;
        break;
      }
      default:
        n.value = op == Tok::pipe    ? a | b
                  : op == Tok::caret ? a ^ b
                  : op == Tok::amp   ? a & b
                  : op == Tok::plus  ? a + b
                  : op == Tok::minus ? a - b
                                     : a * b;
        n.is_unsigned = is_unsigned;
        break;
    }
  }
}

// unary := ('+' | '-' | '~' | '!')* primary
bool Preprocessor::condition_unary(Number& n, bool evaluated) {
  const Tok op = current_.kind;
  if (op != Tok::plus && op != Tok::minus && op != Tok::tilde && op != Tok::bang) {
    if (op != Tok::l_paren) return condition_primary(n);
    if (!condition_next() || !condition_conditional(n, evaluated)) return false;
    while (current_.kind == Tok::comma) {
      if (!condition_next() || !condition_conditional(n, evaluated)) return false;
    }
    if (current_.kind != Tok::r_paren) {
      const std::string got = current_.kind == Tok::end ? "end of line" : shown(current_.text);
      return refuse(current_, "expected ')', got " + got);
    }
    return condition_next();
  }
  if (++condition_depth_ > kMaxCallDepth)
    return refuse(current_, "nested deeper than " + std::to_string(kMaxCallDepth) + " levels");
  if (!condition_next() || !condition_unary(n, evaluated)) return false;
  --condition_depth_;
  if (op == Tok::minus) n.value = 0 - n.value;
  if (op == Tok::tilde) n.value = ~n.value;
  if (op == Tok::bang) n = {n.value == 0 ? uint64_t{1} : uint64_t{0}, false};
  return true;
}

// primary := number | character | identifier
bool Preprocessor::condition_primary(Number& n) {
  switch (current_.kind) {
    case Tok::number:
      return condition_number(n) && condition_next();
    case Tok::character:
      return condition_character(n) && condition_next();
    case Tok::integer_substitute:
      n = {static_cast<uint64_t>(current_.integer), false};
      return condition_next();
    case Tok::identifier:
      return condition_identifier(n);
    case Tok::end:
      return refuse(current_, "expected a number in #if, got end of line");
    default:
      return refuse(current_, "expected a number in #if, got " + shown(current_.text));
  }
}

// identifier := 'defined' ... | '__has_include' ... | name        any other name is 0 (C23 6.10.2p13)
bool Preprocessor::condition_identifier(Number& n) {
  if (current_.text == "defined") return condition_defined(n);
  n = {0, false};
  const MacroId id = state_.macros().may_have(current_.word) ? state_.find_macro(current_.text) : 0;
  const Builtin builtin = id == 0 ? Builtin::none : state_.macros()[id].builtin;
  switch (builtin) {
    case Builtin::has_include:
    case Builtin::has_include_next:
      return condition_has_include(n, builtin == Builtin::has_include_next);
    case Builtin::has_attribute:  // there is no '(', or they would have been replaced
    case Builtin::has_c_attribute:
    case Builtin::has_builtin:
    case Builtin::has_feature:
    case Builtin::has_extension:
    case Builtin::is_identifier:
      return refuse(current_, "expected '(' after " + std::string(current_.text));
    case Builtin::has_embed: {
      const Token word = current_;
      if (!open_parenthesis()) return refuse(word, "expected '(' after " + std::string(word.text));
      return feature_operator(builtin, word, n.value) && condition_next();
    }
    default:
      return condition_next();
  }
}

// 'defined' name | 'defined' '(' name ')'        the name is not expanded
bool Preprocessor::condition_defined(Number& n) {
  auto unexpanded = [this] {
    do {
      read(current_);
    } while (current_.kind == Tok::pad);
    return current_.kind != Tok::error;
  };
  if (!unexpanded()) return false;
  const bool parenthesis = current_.kind == Tok::l_paren;
  if (parenthesis && !unexpanded()) return false;
  if (current_.kind != Tok::identifier) {
    const std::string got = current_.kind == Tok::end ? "end of line" : shown(current_.text);
    return refuse(current_, "expected a name after defined, got " + got);
  }
  n = {is_defined(current_.text) ? uint64_t{1} : uint64_t{0}, false};
  if (parenthesis) {
    if (!unexpanded()) return false;
    if (current_.kind != Tok::r_paren) return refuse(current_, "expected ')' after defined");
  }
  return condition_next();
}

// '__has_include' '(' header-name ')'
bool Preprocessor::condition_has_include(Number& n, bool next) {
  const Token word = current_;
  if (!open_parenthesis()) return refuse(word, "expected '(' after " + std::string(word.text));
  std::string name;
  bool quotes = false;
  if (!header_name(name, quotes)) return false;
  const State::Found found = state_.has_files() ? look_for(name, quotes, next) : State::Found{};
  n.value = found.file != nullptr && found.file->status == FileAccess::Status::read ? 1 : 0;
  if (!condition_next()) return false;
  if (current_.kind != Tok::r_paren) return refuse(current_, "expected ')' after the name of a header");
  return condition_next();
}

// feature := '__has_attribute' '(' name ')' and its like        the '(' has been read; the name may have a scope:
// gnu::packed
bool Preprocessor::feature_operator(Builtin what, const Token& word, uint64_t& value) {
  std::string name;
  size_t depth = 0;
  Token token;
  ++collecting_;
  do {
    do {
      read(token);
    } while (token.kind == Tok::pad);
    if (token.kind == Tok::l_paren) ++depth;
    if (token.kind == Tok::r_paren && depth-- == 0) break;
    if (name.size() <= kMaxIdentifier) name += token.text;
  } while (token.kind != Tok::error && token.kind != Tok::end && token.kind != Tok::directive);
  --collecting_;
  if (failed_ || token.kind == Tok::error) return false;
  if (token.kind != Tok::r_paren)
    return fail(word.at != 0 ? word.at : expansion_at_, "expected ')' behind " + std::string(word.text) + "(" + name);
  value = feature_value(state_.settings().profile, what, name);
  return true;
}

bool Preprocessor::condition_number(Number& n) {
  std::string_view text = current_.text;
  auto bad = [this] { return refuse(current_, "expected an integer in #if, got " + shown(current_.text)); };
  unsigned base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char c = text[1];
    base = c == 'x' || c == 'X' ? 16 : c == 'b' || c == 'B' ? 2 : 8;
    text.remove_prefix(base == 8 ? 1 : 2);
    if (base != 8 && (text.empty() || digit_value(text[0]) >= static_cast<int>(base))) return bad();
  }
  n = {};
  bool too_large = false;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '\'') continue;
    const int digit = digit_value(text[i]);
    if (digit >= static_cast<int>(base)) break;
    if (n.value > (~uint64_t{0} - static_cast<uint64_t>(digit)) / base) too_large = true;
    n.value = n.value * base + static_cast<uint64_t>(digit);
  }
  for (; i < text.size(); ++i) {
    const char c = static_cast<char>(text[i] | 0x20);
    if (c == 'u')
      n.is_unsigned = true;
    else if (c == 'i' && (text.substr(i + 1) == "64" || text.substr(i + 1) == "32"))
      break;
    else if (c != 'l' && c != 'z' && c != 'w' && c != 'b')
      return bad();
  }
  // gcc: what does not fit 64 bits loses the rest; what only fits unsigned is so, decimals too.
  if (!too_large && static_cast<int64_t>(n.value) < 0) n.is_unsigned = true;
  return true;
}

bool Preprocessor::condition_character(Number& n) {
  const Target& target = state_.target();
  const std::string_view text = current_.text;
  const char* p = text.data() + text.find('\'') + 1;
  const char* end = text.data() + text.size() - 1;
  if (p >= end) return refuse(current_, "empty character constant");
  if (text[0] != '\'' && text.substr(0, 2) != "u8") {
    const unsigned bits = text[0] == 'L' ? 8u * target.wchar_size : text[0] == 'u' ? 16 : 32;
    const bool code_point = *p != '\\' || p[1] == 'u' || p[1] == 'U';
    uint64_t value = static_cast<uint8_t>(*p) >= 0xc0 ? utf8_character(p, end) : escaped(p, end);
    // gcc: the last of the two units that it is in UTF-16.
    if (bits == 16 && code_point && value >= 0x10000) value = 0xdc00 + (value & 0x3ff);
    value &= ~uint64_t{0} >> (64 - bits);
    const bool is_signed = text[0] == 'L' && !target.wchar_unsigned;
    if (is_signed && (value >> (bits - 1)) != 0) value |= ~(~uint64_t{0} >> (64 - bits));
    n = {value, !is_signed};
    return true;
  }
  uint32_t value = 0;
  unsigned count = 0;
  while (p < end) {
    value = value << 8 | static_cast<uint32_t>(escaped(p, end) & 0xff);
    ++count;
  }
  int64_t wide = static_cast<int32_t>(value);
  if (count == 1) wide = target.char_unsigned ? int64_t{value} : int64_t{static_cast<int8_t>(value)};
  n = {static_cast<uint64_t>(wide), text[0] == 'u'};
  return true;
}

}  // namespace ferry::cpreproc
