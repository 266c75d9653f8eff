// A C++ exception in words: its type and what it says. Knows no Lua.
#pragma once

#include <cstddef>

namespace ferry::call {

inline constexpr size_t kMaxExceptionText = 2048;

struct ExceptionText {
  char type[kMaxExceptionText + 1];
  char what[kMaxExceptionText + 1];  // empty: it has no text
};

// In a catch block: describes the exception that is handled, what() of the standard's, texts, and numbers by their
// value. Nothing escapes.
void describe_exception(ExceptionText* out);

}  // namespace ferry::call
