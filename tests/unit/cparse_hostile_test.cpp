// Text made to hurt: an answer in time and memory linear in the text. Work is counted, not timed.
#include "cparse/parser_state.h"
#include "cparse_testing.h"

namespace ferry::cparse::testing {
namespace {

std::string repeat(std::string_view text, size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string numbered(size_t times, const std::string& before, const std::string& after) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += before + std::to_string(i) + after;
  return out;
}

// Characters read plus rows made.
uint64_t work(const std::string& text) {
  TypeTable types(kX64SysV);
  Parser parser(types, Input(text));
  (void)parser.translation_unit();
  return parser.source().work() + parser.source().sources().work() + types.size();
}

TEST(CparseHostile, WorkIsLinear) {
  struct {
    const char* what;
    std::string (*text)(size_t);
  } rows[] = {
      {"parentheses", [](size_t n) { return "int " + repeat("(", n); }},
      {"stars", [](size_t n) { return "int " + repeat("*", n) + "x;"; }},
      {"brackets", [](size_t n) { return "int a" + repeat("[", n); }},
      {"dimensions", [](size_t n) { return "int a" + repeat("[1]", n); }},
      {"structs", [](size_t n) { return repeat("struct {", n); }},
      {"closed structs", [](size_t n) { return repeat("struct { int x; };", n); }},
      {"same struct", [](size_t n) { return repeat("struct s { int x; char y; };", n); }},
      {"minus", [](size_t n) { return "enum { A = " + repeat("- ", n); }},
      {"sums", [](size_t n) { return "enum { A = " + repeat("1+", n) + "1 };"; }},
      {"nested sums", [](size_t n) { return "enum { A = " + repeat("1+(", n); }},
      {"conditionals", [](size_t n) { return "enum { A = " + repeat("1?1:", n) + "1 };"; }},
      {"casts", [](size_t n) { return "enum { A = " + repeat("(int)", n) + "1 };"; }},
      {"sizeofs", [](size_t n) { return "enum { A = " + repeat("sizeof ", n) + "1 };"; }},
      {"typeofs", [](size_t n) { return repeat("typeof(", n); }},
      {"comments", [](size_t n) { return repeat("/**/", n) + "/*" + repeat("*", n); }},
      {"string", [](size_t n) { return "\"" + repeat("a", n); }},
      {"strings", [](size_t n) { return "char a[sizeof(" + repeat("\"a\"", n) + ")];"; }},
      {"identifier", [](size_t n) { return repeat("a", n * 10); }},
      {"braces", [](size_t n) { return "void f() {" + repeat("{", n); }},
      {"quotes in a body", [](size_t n) { return "void f() {" + repeat("'\"\n", n); }},
      {"attributes", [](size_t n) { return repeat("__attribute__((a)) ", n) + "int x;"; }},
      {"open attributes", [](size_t n) { return repeat("__attribute__((", n); }},
      {"attribute arguments", [](size_t n) { return "int __attribute__((a" + repeat("(", n); }},
      {"extern C", [](size_t n) { return repeat("extern \"C\" {", n); }},
      {"parameters", [](size_t n) { return "void f(" + repeat("int,", n); }},
      {"functions in parameters", [](size_t n) { return repeat("int f(", n); }},
      {"enumerators", [](size_t n) { return "enum {" + numbered(n, "a", ",") + "};"; }},
      {"members", [](size_t n) { return "struct {" + numbered(n, "int a", ";") + "};"; }},
      {"typedefs",
       [](size_t n) {
         std::string text = "typedef int t0;";
         for (size_t i = 1; i < n; ++i) text += "typedef t" + std::to_string(i - 1) + " *t" + std::to_string(i) + ";";
         return text;
       }},
      {"macros", [](size_t n) { return numbered(n, "#define A", " foo(\n"); }},
      {"macro text", [](size_t n) { return "#define A " + repeat("(", n) + "\n"; }},
      {"apostrophes", [](size_t n) { return "#define A " + repeat("\\'", n) + "\n"; }},
      {"null directives", [](size_t n) { return repeat("#\n", n); }},
      {"packs", [](size_t n) { return repeat("#pragma pack(push)\n", n); }},
      {"splices", [](size_t n) { return repeat("\\\n", n) + "int x;"; }},
      {"spliced words", [](size_t n) { return repeat("i\\\nn\\\nt x;", n); }},
      {"backslashes", [](size_t n) { return repeat("\\", n); }},
      {"qualifiers", [](size_t n) { return repeat("const ", n) + "int x;"; }},
      {"initialiser", [](size_t n) { return "int x = " + repeat("(", n); }},
      {"words", [](size_t n) { return repeat("a ", n); }},
      {"C23 attributes", [](size_t n) { return repeat("[[", n); }},
      {"zeros", [](size_t n) { return std::string(n, '\0'); }},
      {"records in parameters",
       [](size_t n) {
         std::string text;
         for (size_t i = 0; i < n; ++i) {
           const std::string id = std::to_string(i);
           text += "int f" + id + "(struct s" + id + " {\n int x; } a, enum {A" + id + "} b);\n";
         }
         return text;
       }},
      {"records", [](size_t n) { return numbered(n, "struct s", " {\n struct {\n int x;\n} y; };\n"); }},
      {"redeclared", [](size_t n) { return repeat("typedef struct { int x; struct { char y; } z[2]; } T;", n); }},
  };
  for (const auto& row : rows) {
    const size_t n = 2000;
    std::string once = row.text(n);
    std::string more = row.text(8 * n);
    uint64_t per_byte = work(once) * 100 / once.size();
    uint64_t per_byte_more = work(more) * 100 / more.size();
    EXPECT_LE(per_byte_more, per_byte * 3 / 2 + 100) << row.what;
    EXPECT_LE(per_byte, 600u) << row.what;
  }
}

// Ten megabytes of anything end, and in an error where nesting is the matter.
TEST(CparseHostile, TenMegabytes) {
  const size_t n = 10'000'000;
  for (const char* piece : {"(", "*", "struct {", "- ", "1+(", "[", "int f(", "{", "typeof(", "_Atomic(", "x"}) {
    TypeTable types(kX64SysV);
    std::string text = repeat(piece, n / std::string_view(piece).size());
    EXPECT_NE(cdef(types, "int a" + text), "") << piece;
    EXPECT_NE(type_error(types, "int " + text), "") << piece;
    EXPECT_FALSE(parse_constant(types, text).ok()) << piece;
  }
}

TEST(CparseHostile, LimitsAreExact) {
  TypeTable types(kX64SysV);
  // The declarator is a level, each parenthesis another one.
  auto nested = [](int levels) {
    const size_t parentheses = static_cast<size_t>(levels - 1);
    return "int " + repeat("(", parentheses) + "*" + repeat(")", parentheses);
  };
  EXPECT_EQ(type_error(types, nested(kMaxNesting)), "");
  EXPECT_NE(type_error(types, nested(kMaxNesting + 1)), "");
  EXPECT_EQ(type_error(types, "int " + repeat("*", kMaxDerivations)), "");
  EXPECT_EQ(type_error(types, "int " + repeat("*", kMaxDerivations + 1)),
            "more than 1000 pointers, arrays and functions in one declarator near '*' at line 1, column 1005");
  EXPECT_EQ(cdef(types, "int f(" + repeat("int,", kMaxParameters - 1) + "int);"), "");
  EXPECT_EQ(cdef(types, "int f(" + repeat("int,", kMaxParameters) + "int);"),
            "more than 4096 parameters near 'int' at line 1, column 16391");
}

// `a` and `b` have one type, so comparing both again at each level would take 2^60 steps.
TEST(CparseHostile, ComparisonVisitsOnce) {
  std::string text = "struct { char x[0]; } a, b;";
  for (int i = 0; i < 60; ++i) text = "struct { " + text + " } a, b;";
  TypeTable types(kX64SysV);
  EXPECT_EQ(cdef(types, "typedef " + text + "typedef " + text), "");
  EXPECT_EQ(cdef(types, "struct tag { " + text + " }; struct tag { " + text + " };"), "");
}

// What is kept of functions with bodies is about as long as they are, whatever lines they say they are in.
TEST(CparseHostile, BodiesAreKeptInProportion) {
  const std::string text =
      "#define F\nint f(void) {\n# 4000000000\nF return\n#line 2000000000\n" + repeat("\n", 50) + "1; }";
  TypeTable types(kX64SysV);
  const Result<void> declared = parse_declarations(types, text);
  ASSERT_TRUE(declared.ok()) << declared.message();
  const Symbol* f = types.find_symbol(types.find_name("f"));
  ASSERT_NE(f, nullptr);
  EXPECT_TRUE(f->inline_body);
  EXPECT_LT(f->body.size(), 2 * text.size());
  EXPECT_NE(f->body.find("# 2000000050"), f->body.npos) << f->body;
}

}  // namespace
}  // namespace ferry::cparse::testing
