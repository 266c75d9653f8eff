// Text -> tokens of C. Copies nothing: tokens are views of the text. Knows neither types nor directives
// (it only stops at them).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cparse/parser.h"

namespace ferry::cparse {

enum class Tok : uint8_t {
  end,        // end of the text, or of the directive being read
  error,      // Lexer::error() says what
  directive,  // a `#` that begins a line; the rest of the line is not read yet
  identifier,
  number,              // a preprocessing number, C11 6.4.8; literal.h makes a value of it
  character,           // 'x', prefix included
  string,              // "...", prefix included
  type_substitute,     // `$`
  integer_substitute,  // `$`
#define P(token, text) token,
#define W(token) token,
#include "cparse/tokens.def"
};

struct Token {
  Tok kind = Tok::end;
  uint8_t detail = 0;     // of keywords, see tokens.def
  bool raw_name = false;  // an identifier that came from a substitute
  uint32_t at = 0;        // offset in the lexer's text, see Lexer::place
  std::string_view text;  // as written; of a name substitute: the name
  union {
    int64_t integer = 0;  // Tok::integer_substitute
    TypeId type;          // Tok::type_substitute
  };
};

// Longer identifiers are refused: C11 5.2.4.1 asks for 63 characters, mangled C++ names reach some thousands.
inline constexpr size_t kMaxIdentifier = 65535;
// Offsets are 32 bits wide, and no header comes near it.
inline constexpr size_t kMaxText = size_t{1} << 30;
// Tokens are shown in messages up to this length.
inline constexpr size_t kMaxShownToken = 40;

struct Place {
  uint32_t line = 1;
  uint32_t column = 1;  // in bytes, from 1
};

class Lexer {
 public:
  Lexer(std::string_view text, std::span<const Substitute> substitutes);
  Lexer(const Lexer&) = delete;
  Lexer& operator=(const Lexer&) = delete;

  // The next token. After an error every further token is Tok::error.
  void next(Token& token);

  // Called when the current token is `{`: skips to behind the matching `}`, minding strings, characters and
  // comments. False: there is none; the lexer is then at its end.
  bool skip_braces();

  // Called when the current token is Tok::directive: the rest of its logical line, comments that span lines
  // included. The lexer continues behind it.
  std::string_view directive_line();

  // Reads the tokens of `part`, a piece of the text handed out by directive_line(), until leave().
  struct Resume {
    const char* position;
    const char* end;
  };
  Resume enter(std::string_view part);
  void leave(Resume resume);

  bool in_directive() const { return in_directive_; }

  const std::string& error() const { return error_; }
  size_t used_substitutes() const { return used_; }
  uint32_t offset_of(std::string_view part) const { return static_cast<uint32_t>(part.data() - begin_); }

  // Line and column in the text as it was given (not as #line has it). Linear: for errors only.
  Place place(uint32_t offset) const;

  // The text of the token at `offset`, for messages; ends all reading.
  std::string_view text_at(uint32_t offset);

  // Characters looked at so far, the measure of the tests that parsing is linear.
  uint64_t work() const { return work_; }

 private:
  void fail(Token& token, const char* at, std::string message);
  const char* skip_space(Token& token, const char* p, bool& line_start);
  const char* skip_literal(const char* p, char quote) const;
  void substitute(Token& token, const char* p);
  void literal(Token& token, const char* start, const char* quote);
  void identifier(Token& token, const char* start);
  void number(Token& token, const char* start);
  void splice();

  std::string_view given_;
  std::span<const Substitute> substitutes_;
  std::string spliced_;                                 // the text without backslash-newlines, if it had some
  std::vector<std::pair<uint32_t, uint32_t>> splices_;  // (offset in spliced_, bytes removed up to it)
  const char* begin_;
  const char* position_;
  const char* end_;
  bool in_directive_ = false;
  bool failed_ = false;
  size_t used_ = 0;
  uint64_t work_ = 0;
  std::string error_;
};

// "'text'" for messages: shortened to kMaxShownToken, unprintable bytes escaped.
std::string shown(std::string_view text);
// The text of a punctuator, "identifier" and the like for classes of tokens.
std::string_view token_text(Tok token);

}  // namespace ferry::cparse
