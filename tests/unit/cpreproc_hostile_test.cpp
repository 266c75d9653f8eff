// Hostile texts: the preprocessor's work is linear in what it reads and makes, and ends; each error says where.
#include "cpreproc_testing.h"

namespace ferry::cpreproc::testing {
namespace {

std::string repeat(std::string_view piece, size_t n) {
  std::string out;
  out.reserve(piece.size() * n);
  for (size_t i = 0; i < n; ++i) out += piece;
  return out;
}

std::string numbered(size_t n, const std::string& before, const std::string& behind) {
  std::string out;
  for (size_t i = 0; i < n; ++i) out += before + std::to_string(i) + behind;
  return out;
}

// Characters read plus tokens made, and the error if there is one.
uint64_t work(const std::string& text, std::string* error = nullptr) {
  MemoryFiles files;
  files.files["/h/a.h"] = "#ifndef A_H\n#define A_H\nint a;\n#endif\n";
  files.files["/h/b.h"] = "int b;\n";
  Settings settings;
  settings.path.system = {"/h"};
  State state(kX64SysV, &files, settings);
  Preprocessor source(state, text, "/h/text.h");
  Token token;
  do {
    source.next(token);
  } while (token.kind != Tok::end && token.kind != Tok::error);
  if (error != nullptr && token.kind == Tok::error)
    *error = source.error() + " at " + source.sources().describe(source.error_at());
  return source.work();
}

TEST(CpreprocHostile, WorkIsLinear) {
  struct {
    const char* what;
    std::string (*text)(size_t);
  } rows[] = {
      {"open #if", [](size_t n) { return repeat("#if 1\n", n); }},
      {"closed #if", [](size_t n) { return repeat("#if 1\nint a;\n#else\nint b;\n#endif\n", n); }},
      {"nested #if", [](size_t n) { return repeat("#if 1\n", n) + repeat("#endif\n", n); }},
      {"left out",
       [](size_t n) { return "#if 0\n" + repeat("#if 1\n#elif x\n", n) + repeat("#endif\n", n) + "#endif\n"; }},
      {"#elif", [](size_t n) { return "#if 1\n" + repeat("#elif 1\n", n) + "#endif\n"; }},
      {"sum in #if", [](size_t n) { return "#if " + repeat("1+", n) + "1\n#endif\n"; }},
      {"parentheses in #if", [](size_t n) { return "#if " + repeat("(", n) + "1\n#endif\n"; }},
      {"conditionals in #if", [](size_t n) { return "#if " + repeat("1?1:", n) + "1\n#endif\n"; }},
      {"minus in #if", [](size_t n) { return "#if " + repeat("-", n) + "1\n#endif\n"; }},
      {"definitions", [](size_t n) { return numbered(n, "#define A", " 1\n"); }},
      {"uses", [](size_t n) { return "#define A a b c\n" + repeat("A ", n); }},
      {"calls", [](size_t n) { return "#define A(x) x x\n" + repeat("A(1) ", n); }},
      {"long argument", [](size_t n) { return "#define A(x) x\nA(" + repeat("1 ", n) + ")"; }},
      {"many arguments", [](size_t n) { return "#define A(...) __VA_ARGS__\nA(" + repeat("1,", n) + ")"; }},
      {"nested calls", [](size_t n) { return "#define A(x) x\n" + repeat("A(", n); }},
      {"parentheses of a call", [](size_t n) { return "#define A(x) x\nA(" + repeat("(", n); }},
      {"stringised", [](size_t n) { return "#define A(x) #x\nA(" + repeat("\"\\n\" ", n) + ")"; }},
      {"pasted", [](size_t n) { return "#define A(x) x ## 1\n" + repeat("A(1) ", n); }},
      {"chain", [](size_t n) { return numbered(n, "#define A", " 1\n") + "A1"; }},
      {"itself", [](size_t n) { return "#define A A A\n" + repeat("A ", n); }},
      {"defined anew", [](size_t n) { return repeat("#define A 1\n#define A 2\n", n); }},
      {"pushed", [](size_t n) { return "#define A 1\n" + repeat("#pragma push_macro(\"A\")\n", n); }},
      {"guarded includes", [](size_t n) { return repeat("#include <a.h>\n", n); }},
      {"long line", [](size_t n) { return repeat("a", n) + repeat(" 1", n); }},
      {"splices", [](size_t n) { return "#define A \\\n" + repeat("1 \\\n", n) + "\nA"; }},
      {"no name", [](size_t n) { return repeat("#define\n", n); }},
      {"unknown directives", [](size_t n) { return "#if 0\n" + repeat("# x y\n", n); }},
      {"line markers", [](size_t n) { return repeat("# 7 \"x.h\"\nint a;\n", n); }},
      {"pragmas", [](size_t n) { return repeat("_Pragma(\"pack(1)\")\n", n); }},
      {"open comment", [](size_t n) { return "#if 0\n" + repeat("/*", n); }},
      {"features", [](size_t n) { return repeat("__has_attribute(packed)\n", n); }},
      {"open feature", [](size_t n) { return "__has_attribute(" + repeat("(", n); }},
  };
  for (const auto& row : rows) {
    const size_t n = 1000;
    const std::string once = row.text(n);
    uint64_t previous = work(once);
    for (size_t times : {2, 4, 8}) {
      const uint64_t now = work(row.text(times * n));
      EXPECT_LE(now, previous * 23 / 10 + 4000) << row.what << " x" << times;
      previous = now;
    }
    EXPECT_LE(work(once), once.size() * 30 + 4000) << row.what;
  }
}

// What text makes far more of itself than it is ends at a named limit, and says where.
TEST(CpreprocHostile, WhatMultiplies) {
  std::string doubling = "#define A0 1\n";
  for (int i = 1; i < 60; ++i)
    doubling += "#define A" + std::to_string(i) + " A" + std::to_string(i - 1) + " A" + std::to_string(i - 1) + "\n";
  std::string calls = "#define A0(x) x x\n";
  for (int i = 1; i < 60; ++i) calls += "#define A" + std::to_string(i) + "(x) A" + std::to_string(i - 1) + "(x x)\n";
  std::string pasted = "#define C(a, b) a ## b\n#define D(a, b) C(a, b)\n#define A0 x\n";
  for (int i = 1; i < 60; ++i)
    pasted += "#define A" + std::to_string(i) + " D(A" + std::to_string(i - 1) + ", A" + std::to_string(i - 1) + ")\n";
  std::string strings = "#define S(x) #x\n#define T(x) S(x)\n#define A0 \"\\\\\"\n";
  for (int i = 1; i < 60; ++i)
    strings += "#define A" + std::to_string(i) + " T(A" + std::to_string(i - 1) + " A" + std::to_string(i - 1) + ")\n";
  struct {
    std::string text;
    const char* error;
  } rows[] = {
      {doubling + "A59\n", "tokens at /h/text.h:61:1"},
      {calls + "A59(1)\n", "tokens at /h/text.h:61:1"},
      {pasted + "A59\n", " at /h/text.h:63:1"},
      {strings + "A59\n", " at /h/text.h:63:1"},
      {"#define A A(A\n#include \"text.h\"\n", "is not found"},
      {"#if " + repeat("(", 100'000) + "\n", "nested deeper than"},
      {"#if " + repeat("!", 100'000) + "1\n", "nested deeper than"},
      {"#define A(x) x\n" + repeat("A(", 1000) + repeat(")", 1000), "nested deeper than"},
      {repeat("_Pragma(", 100'000), "nested deeper than"},
      {repeat("__pragma(", 100'000), "nested deeper than"},
      {repeat("#if 1\n", 100'000), "at /h/text.h:"},
  };
  for (const auto& row : rows) {
    std::string error;
    (void)work(row.text, &error);
    EXPECT_NE(error.find(row.error), std::string::npos) << row.text.substr(0, 60) << "...: " << error;
  }
}

// Files that include themselves, once and twice; each error has the chain.
TEST(CpreprocHostile, FilesThatIncludeThemselves) {
  for (const char* text :
       {"#include \"x.h\"\n", "#include \"x.h\"\n#include \"x.h\"\n", "#define A \"x.h\"\n#include A\n"}) {
    MemoryFiles files;
    files.files["/h/x.h"] = text;
    Settings settings;
    settings.path.system = {"/h"};
    State state(kX64SysV, &files, settings);
    const std::string result = tokens(state, "#include <x.h>\n", "/h/text.h");
    EXPECT_NE(result.find("error: "), std::string::npos) << text;
    EXPECT_NE(result.find(" at /h/x.h:"), std::string::npos) << result;
    EXPECT_NE(result.find(" (included at /h/x.h:"), std::string::npos) << result;
    EXPECT_EQ(files.reads, 1) << text;
  }
  // Twice at the end of each, with a macro that says how often: 2^200 files otherwise.
  MemoryFiles files;
  files.files["/h/x.h"] = "#if __INCLUDE_LEVEL__ < 150\n#include \"x.h\"\n#include \"x.h\"\n#endif\n";
  Settings settings;
  settings.path.system = {"/h"};
  State state(kX64SysV, &files, settings);
  const std::string result = tokens(state, "#include <x.h>\n", "/h/text.h");
  EXPECT_NE(result.find("error: "), std::string::npos) << result;
  EXPECT_EQ(files.reads, 1);
}

TEST(CpreprocHostile, TenMegabytes) {
  const size_t n = 10'000'000;
  for (const char* piece : {"#if 1\n", "#define A(x) x\n", "F(", "#", "\\\n", "#include <a.h>\n", "/*", "\"", "a ## ",
                            "G ", "_Pragma(", "#line 1\n", "__has_include("}) {
    const std::string text = "#define F(x) x\n#define G G G\n" + repeat(piece, n / std::string_view(piece).size());
    const uint64_t done = work(text);
    EXPECT_LE(done, text.size() * 30 + 40'000'000) << piece;
  }
}

}  // namespace
}  // namespace ferry::cpreproc::testing
