// Lua written for LuaJIT -> Lua that the reference Lua of a given version understands. Text in, text out; knows no Lua
// state. What has a meaning there already is left as it is, every line keeps its number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ferry::translate {

// The Lua that is to read the result: 51 ... 55.
using Dialect = int;

// How the result reaches its run-time support, the table `__ferry`.
enum class Form : uint8_t {
  // The chunk takes the table as its argument and returns the translated chunk as a function. So the table is an
  // upvalue: neither setfenv nor an environment of its own takes it away, and nothing is global.
  wrapped,
  // A program: the first line gets the table by require.
  program,
};

// What was translated, for tools.
struct Note {
  uint32_t line;
  std::string_view text;
};

struct Options {
  Dialect dialect = 54;
  Form form = Form::wrapped;
  bool notes = false;
};

struct Translation {
  bool changed = false;         // false: the given text is the result, and `text` is empty
  bool needs_run_time = false;  // `text` has the Form that was asked for; otherwise it is an ordinary chunk
  std::string text;
  std::vector<Note> notes;
};

// Longer texts are refused: offsets are 32 bits wide.
inline constexpr size_t kMaxText = size_t{1} << 30;

// Precompiled chunks are returned unchanged. Errors are "line N: ...".
Result<Translation> translate(std::string_view text, const Options& options);

}  // namespace ferry::translate
