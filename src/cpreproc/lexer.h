// Text -> preprocessing tokens of C. Copies nothing: tokens are views of the text. Knows neither keywords, macros nor
// directives (it only stops at them).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "cpreproc/token.h"

namespace ferry::cpreproc {

// What replaces one `$` of the text, in order.
struct Substitute {
  enum class Kind : uint8_t { type, name, integer, value } kind = Kind::type;
  uint32_t type = 0;      // Kind::type, Kind::value: the parser's number of a type; 0: none
  std::string_view name;  // Kind::name: any text, also none that C would take for an identifier
  int64_t integer = 0;    // Kind::integer; Kind::value: which one
};

// Longer identifiers are refused: C11 5.2.4.1 asks for 63 characters, mangled C++ names reach some thousands.
inline constexpr size_t kMaxIdentifier = 65535;

class Lexer {
 public:
  // Where it reads, to come back to after an #include.
  struct State {
    const char* begin = nullptr;
    const char* position = nullptr;
    const char* end = nullptr;
    uint32_t base = 0;              // location of *begin
    bool dollar_is_letter = false;  // in files, where `$` is no parameter
  };

  Lexer() = default;
  explicit Lexer(std::string_view text, uint32_t base = 0, std::span<const Substitute> substitutes = {});
  Lexer(const Lexer&) = delete;
  Lexer& operator=(const Lexer&) = delete;

  // Reads `text` from now on, whose first byte has the location `base`. Returns what it read before.
  State read(std::string_view text, uint32_t base, bool dollar_is_letter);
  void resume(const State& state) { state_ = state; }

  void next(Token& token);

  // Whether nothing but white space and comments is left.
  bool at_end_of_tokens();

  // Called when the current token is `{`: skips to behind the matching `}`, minding strings, characters and
  // comments. False: there is none, or a directive stands within; nothing is skipped then.
  bool skip_braces();

  // Called when the current token is Tok::directive: the rest of its logical line, comments that span lines
  // included. The lexer continues behind it.
  std::string_view directive_line();

  // Skips to behind the next `#` that begins a line. False: there is none, and the lexer is at its end.
  // Makes no tokens: this is how groups that are left out are passed over.
  bool skip_to_directive();

  // Reads the tokens of `part`, a piece of the text, until leave().
  struct Resume {
    const char* position;
    const char* end;
    bool in_directive;
  };
  Resume enter(std::string_view part);
  void leave(Resume resume);
  bool in_directive() const { return in_directive_; }

  // For one token of look-ahead: going back to where next() was called.
  const char* position() const { return state_.position; }
  void go_back(const char* position) { state_.position = position; }
  std::string_view rest() const { return {state_.position, static_cast<size_t>(state_.end - state_.position)}; }
  // Location of the next byte.
  uint32_t here() const { return state_.base + static_cast<uint32_t>(state_.position - state_.begin); }
  bool at_begin() const { return state_.position == state_.begin; }

  // What is wrong with a token of kind Tok::error.
  const std::string& error() const { return error_; }
  size_t used_substitutes() const { return used_; }

  // Characters looked at so far, the measure of the tests that reading is linear.
  uint64_t work() const { return work_; }

 private:
  const char* skip_space(Token& token, const char* p);
  const char* skip_literal(const char* p, char quote) const;
  const char* skip_comment(const char* p) const;
  void punctuator(Token& token, const char* p);
  void substitute(Token& token, const char* p);
  void literal(Token& token, const char* start, const char* quote);
  void identifier(Token& token, const char* start);
  const char* long_identifier(const char* p) const;
  void number(Token& token, const char* start);
  void stray(Token& token, const char* p, size_t length, Stray why);
  void fail(Token& token, const char* at, std::string message);

  State state_;
  std::span<const Substitute> substitutes_;
  bool in_directive_ = false;
  size_t used_ = 0;
  uint64_t work_ = 0;
  std::string error_;
};

// Whether all of `text` is one identifier.
bool is_identifier(std::string_view text);
bool is_newline(char c);
// Without white space at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace ferry::cpreproc
