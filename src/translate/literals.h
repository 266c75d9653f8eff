// Number and string literals of LuaJIT as a given Lua writes them.
#pragma once

#include <string>
#include <string_view>

#include "translate/lexer.h"
#include "translate/translate.h"

namespace ferry::translate {

struct Literal {
  enum class Kind : uint8_t {
    same,       // stands as it is
    rewritten,  // `text` replaces it
    widened,    // the same, and only because this Lua has integers where LuaJIT has doubles
    boxed,      // 1LL, 2i: `text` is the key in the run-time table
    malformed,
  };
  Kind kind = Kind::same;
  std::string text;
};

Literal number_literal(std::string_view text, Dialect dialect);
// `flags` are the token's. Line ends that \z skips follow the closing quote, so that lines keep their numbers.
Literal string_literal(std::string_view text, uint8_t flags, Dialect dialect);

}  // namespace ferry::translate
