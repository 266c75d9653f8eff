// What the tests of src/cpreproc share: tokens as text, files in memory, gcc as a judge.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <unistd.h>

#include "cpreproc/preprocessor.h"

namespace ferry::cpreproc::testing {

class MemoryFiles final : public FileAccess {
 public:
  std::map<std::string, std::string> files;
  int reads = 0;

  Status read(const std::string& path, Content& content) override {
    ++reads;
    auto file = files.find(path);
    if (file == files.end()) return Status::absent;
    content.bytes = file->second;
    content.identity = {1, static_cast<uint64_t>(std::distance(files.begin(), file))};
    return Status::read;
  }
};

// The tokens separated by blanks; or what came before an error, and its text.
inline std::string tokens(State& state, std::string_view text, std::string_view name = {}) {
  Preprocessor source(state, text, name);
  std::string out;
  Token t;
  for (source.next(t); t.kind != Tok::end; source.next(t)) {
    if (t.kind == Tok::error) return "error: " + source.error() + " at " + source.sources().describe(source.error_at());
    if (t.kind == Tok::pragma || t.kind == Tok::pragma_end) continue;
    if (!out.empty()) out += ' ';
    out += t.text;
  }
  return out;
}

inline std::string tokens(std::string_view text) {
  State state(kX64SysV, &system_files());
  return tokens(state, text);
}

inline bool have_gcc() {
  static const bool have = std::system("gcc --version >/dev/null 2>&1") == 0;
  return have;
}

inline bool have_clang() {
  static const bool have = std::system("clang --version >/dev/null 2>&1") == 0;
  return have;
}

// What the compiler makes of it, as tokens. Its errors are the test's.
inline std::string gcc_tokens(std::string_view text, const char* compiler = "gcc") {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("ferry-cpreproc-" + std::to_string(getpid()) + ".c")).string();
  std::ofstream(path, std::ios::binary) << text;
  std::string result;
  if (FILE* pipe = popen((compiler + (" -w -E -P -std=gnu17 " + path)).c_str(), "r")) {
    char buffer[4096];
    while (const size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) result.append(buffer, n);
    EXPECT_EQ(pclose(pipe), 0);
  }
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  // gcc's text may hold what looks like directives.
  Lexer lexer(result);
  lexer.enter(result);
  std::string out;
  Token t;
  for (lexer.next(t); t.kind != Tok::end; lexer.next(t)) {
    if (!out.empty()) out += ' ';
    out += t.text;
  }
  return out;
}

}  // namespace ferry::cpreproc::testing
