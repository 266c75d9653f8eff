// A token of C, as the preprocessor makes and the parser takes it. Only the parser tells keywords from identifiers;
// they are listed here so that one type serves both.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ferry::cpreproc {

enum class Tok : uint8_t {
  end,         // of the text, or of the line while a directive is read
  error,       // Preprocessor::error() says what
  directive,   // a `#` that begins a line; the rest of the line is not read yet
  pad,         // in expansions: where an argument without tokens stood
  parameter,   // in the text of a macro
  va_opt,      // in the text of a macro: __VA_OPT__ and its parentheses
  other,       // no token of C; Token::detail is a Stray
  pragma,      // what follows up to pragma_end is a pragma for the parser
  pragma_end,  // also the end of the line of such a pragma
  identifier,
  number,              // a preprocessing number, C11 6.4.8
  character,           // 'x', prefix included
  string,              // "...", prefix included
  type_substitute,     // `$`
  integer_substitute,  // `$`
  value_substitute,    // `$`
#define P(token, text) token,
#define W(token) token,
#include "cpreproc/tokens.def"
};

// Why a Tok::other is none.
enum class Stray : uint8_t { character, string, character_constant, identifier };

enum TokenFlag : uint8_t {
  kSpaceBefore = 1,   // white space, a comment or a line's end stands before it
  kLineStart = 2,     // it is the first of its line
  kRawName = 4,       // an identifier that came from a substitute: neither a keyword nor a macro
  kNotExpanded = 8,   // the name of a macro that was met while the macro was being expanded: C11 6.10.3.4p2
  kPasteNext = 16,    // in the text of a macro: `##` follows
  kStringify = 32,    // in the text of a macro: `#` stands before the parameter
  kPadExpanded = 64,  // of a pad: it came from a finished expansion and has no white space of its own
};

struct Token {
  Tok kind = Tok::end;
  uint8_t detail = 0;     // of keywords, see tokens.def; of Tok::other, see Stray
  uint8_t flags = 0;      // TokenFlag
  uint32_t at = 0;        // location, see Sources; 0: none
  std::string_view text;  // as written; of a name substitute: the name
  union {
    int64_t integer = 0;  // Tok::integer_substitute; Tok::value_substitute: its number << 32 | the parser's of its type
    uint32_t type;        // Tok::type_substitute: the parser's number of a type
    uint32_t word;        // Tok::identifier: word_hash() of the text
    uint32_t index;       // Tok::parameter: which; Tok::va_opt: how many tokens are within
  };

  bool raw_name() const { return (flags & kRawName) != 0; }
  bool space_before() const { return (flags & kSpaceBefore) != 0; }
};

// A cheap hash of an identifier, by its length and three of its characters. It serves the tables in which most
// identifiers are not found.
constexpr uint32_t word_hash(const char* s, size_t n) {
  auto byte = [](char c) { return static_cast<uint32_t>(static_cast<uint8_t>(c)); };
  return static_cast<uint32_t>(n) * 13 + byte(s[0]) * 57 + byte(s[n - 1]) * 229 + byte(s[n / 2]) * 31;
}

// Tokens are shown in messages up to this length.
inline constexpr size_t kMaxShownToken = 40;

// "'text'" for messages: shortened, unprintable bytes escaped.
std::string shown(std::string_view text, size_t longest = kMaxShownToken);
// How tightly a binary operator binds, in C and in #if (C11 6.5.5 to 6.5.14): 10 for `*` down to 1 for `||`; 0: it is
// none. In condition.cpp.
int precedence(Tok op);
// The text of a punctuator, "identifier" and the like for classes of tokens.
std::string_view token_text(Tok token);

}  // namespace ferry::cpreproc
