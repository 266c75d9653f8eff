// Text -> tokens of Lua: those of LuaJIT and of every reference version together. Copies nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ferry::translate {

enum class Tok : uint8_t {
  end,
  error,  // Lexer::error() says what
  name,   // `goto` and `global` too: where they are words is the parser's decision
  number,
  string,
  kw_and,
  kw_break,
  kw_do,
  kw_else,
  kw_elseif,
  kw_end,
  kw_false,
  kw_for,
  kw_function,
  kw_if,
  kw_in,
  kw_local,
  kw_nil,
  kw_not,
  kw_or,
  kw_repeat,
  kw_return,
  kw_then,
  kw_true,
  kw_until,
  kw_while,
  plus,
  minus,
  star,
  slash,
  double_slash,
  percent,
  caret,
  hash,
  ampersand,
  tilde,
  bar,
  shift_left,
  shift_right,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  assign,
  left_paren,
  right_paren,
  left_brace,
  right_brace,
  left_bracket,
  right_bracket,
  double_colon,
  semicolon,
  colon,
  comma,
  dot,
  concat,
  ellipsis,
};

// What a quoted string has in it, or a name: Token::flags.
inline constexpr uint8_t kEscapeX = 1;     // \x
inline constexpr uint8_t kEscapeZ = 2;     // \z
inline constexpr uint8_t kEscapeU = 4;     // \u{}
inline constexpr uint8_t kLongString = 8;  // [[...]]
inline constexpr uint8_t kHighBytes = 16;  // a name with bytes from 0x80 up, as LuaJIT allows

struct Token {
  Tok kind = Tok::end;
  uint8_t flags = 0;
  uint32_t at = 0;  // offsets in the text
  uint32_t end = 0;
  uint32_t line = 1;
  uint32_t hash = 0;  // of names
};

class Lexer {
 public:
  // Reading begins at `from`, behind a byte order mark and a first line that begins with `#`.
  Lexer(std::string_view text, uint32_t from, uint32_t line) : text_(text), position_(from), line_(line) {}

  // After an error every further token is Tok::error.
  void next(Token& token);
  const std::string& error() const { return error_; }

 private:
  void fail(Token& token, const char* message);
  void skip_space(Token& token);
  bool long_bracket(uint32_t* position);
  void quoted(Token& token, char quote);
  char peek(uint32_t offset) const { return offset < text_.size() ? text_[offset] : '\0'; }

  std::string_view text_;
  uint32_t position_;
  uint32_t line_;
  std::string error_;
};

// Whether the bytes may stand in a name of the reference Lua.
bool is_name_byte(char c);

}  // namespace ferry::translate
