// Constant expressions. gcc is the judge: where it is installed, every row is also compiled and compared.
#include "base/floating.h"
#include "cparse_testing.h"

namespace ferry::cparse::testing {
namespace {

constexpr const char* kDeclarations = R"(
  struct point { int x; char y; double z; };
  struct bits { int a : 3; short b[4]; struct { char c; int d[5]; } in[2]; };
  enum color { RED, GREEN = 5, BLUE, BIG = 0x80000000, };
  enum wide { SMALL = -1, HUGE_ONE = 0x100000000 };
  typedef int (*callback)(int, char);
  typedef int matrix[3][4];
  struct point global_point;
  int global_array[7];
  callback global_callback;
  double compute(int);
  enum forward;
)";

// The value is written by gcc 12 (x86-64): "type-size signedness value".
struct Row {
  const char* text;
  const char* expected;
};

constexpr Row kIntegers[] = {
    {"0", "4 s 0"},
    {"42", "4 s 42"},
    {"-1", "4 s -1"},
    {"017", "4 s 15"},
    {"0x7fffffff", "4 s 2147483647"},
    {"0x80000000", "4 u 2147483648"},
    {"2147483648", "8 s 2147483648"},
    {"0xffffffffffffffff", "8 u 18446744073709551615"},
    {"9223372036854775807", "8 s 9223372036854775807"},
    {"0b1011", "4 s 11"},
    {"_Generic(1 ? (void *)0 : (int *)0, int *: 1, void *: 2)", "4 s 1"},
    {"_Generic(1 ? (int *)0 : (void *)0, int *: 1, void *: 2)", "4 s 1"},
    {"_Generic(1 ? (void *)1 : (int *)0, int *: 1, void *: 2)", "4 s 2"},
    {"_Generic(1 ? (const int *)0 : (void *)1, const void *: 1, default: 2)", "4 s 1"},
    {"_Generic(0 ? (const char *)1 : (char *)2, char *: 1, const char *: 2)", "4 s 2"},
    {"_Generic(0 ? 0 : (char *)2, char *: 1, const char *: 2)", "4 s 1"},
    {"sizeof(*(8 ? (void *)(5 * 0L) : (int *)8))", "8 u 4"},
    {"1u", "4 u 1"},
    {"1l", "8 s 1"},
    {"1ul", "8 u 1"},
    {"1llu", "8 u 1"},
    {"1LLU", "8 u 1"},
    {"4294967295", "8 s 4294967295"},
    {"4294967295u", "4 u 4294967295"},
    {"1 + 2 * 3", "4 s 7"},
    {"(1 + 2) * 3", "4 s 9"},
    {"7 / 2", "4 s 3"},
    {"-7 / 2", "4 s -3"},
    {"-7 % 3", "4 s -1"},
    {"7u % 3", "4 u 1"},
    {"-1 > 0u", "4 s 1"},
    {"-1L > 0u", "4 s 0"},
    {"-1 < 1", "4 s 1"},
    {"1 << 31", "4 s -2147483648"},
    {"1u << 31", "4 u 2147483648"},
    {"1ll << 62", "8 s 4611686018427387904"},
    {"1 << 3 << 2", "4 s 32"},
    {"-8 >> 1", "4 s -4"},
    {"0xffffffffu >> 31", "4 u 1"},
    {"(int)0xffffffff >> 31", "4 s -1"},
    {"~0", "4 s -1"},
    {"~0u", "4 u 4294967295"},
    {"~0ull", "8 u 18446744073709551615"},
    {"-(-2147483647 - 1)", "4 s -2147483648"},
    {"!5", "4 s 0"},
    {"!0", "4 s 1"},
    {"!!7.5", "4 s 1"},
    {"5 & 3 | 8 ^ 2", "4 s 11"},
    {"1 == 1 && 2 != 3", "4 s 1"},
    {"0 && 1 / 0", "4 s 0"},
    {"1 || 1 / 0", "4 s 1"},
    {"1 ? 2 : 3", "4 s 2"},
    {"0 ? 2 : 3", "4 s 3"},
    {"1 ? -1 : 0u", "4 u 4294967295"},
    {"1 ? 2 : 0 ? 3 : 4", "4 s 2"},
    {"1 ? 2 : 1 / 0", "4 s 2"},
    {"5 ?: 3", "4 s 5"},
    {"(1, 2)", "4 s 2"},
    {"(char)300", "1 s 44"},
    {"(unsigned char)-1", "1 u 255"},
    {"(short)65535", "2 s -1"},
    {"(_Bool)5", "1 u 1"},
    {"(_Bool)0.5", "1 u 1"},
    {"(unsigned short)-1 + 1", "4 s 65536"},
    {"(long)-1 > 0u", "4 s 0"},
    {"(unsigned)-1 == -1", "4 s 1"},
    {"(unsigned char)200 * 2", "4 s 400"},
    {"(int)3.99", "4 s 3"},
    {"(int)-3.99", "4 s -3"},
    {"(unsigned)3e9", "4 u 3000000000"},
    {"(long long)1e18", "8 s 1000000000000000000"},
    {"(unsigned long long)1.8e19", "8 u 18000000000000000000"},
    {"(int)(0.1 + 0.2 == 0.3)", "4 s 0"},
    {"(int)(0.1f + 0.2f == 0.3f)", "4 s 1"},
    {"(int)(1.0 / 4 * 100)", "4 s 25"},
    {"(int)(3 * 1.5)", "4 s 4"},
    {"(long long)0x1p62", "8 s 4611686018427387904"},
    {"(long long)(1ull << 63 >> 1)", "8 s 4611686018427387904"},
    {"9223372036854775807 + 0ull", "8 u 9223372036854775807"},
    {"0x7fffffffffffffff * 2ull", "8 u 18446744073709551614"},
    {"123456789012345678 % 1000", "8 s 678"},
    {"'a'", "4 s 97"},
    {"'\\n'", "4 s 10"},
    {"'\\0'", "4 s 0"},
    {"'\\x41'", "4 s 65"},
    {"'\\101'", "4 s 65"},
    {"'\\xff'", "4 s -1"},
    {"'ab'", "4 s 24930"},
    {"'abcd'", "4 s 1633837924"},
    {"'\\''", "4 s 39"},
    {"L'a'", "4 s 97"},
    {"u'a'", "2 u 97"},
    {"U'a'", "4 u 97"},
    {"L'\xc3\xa4'", "4 s 228"},
    {"'a' + 1", "4 s 98"},
    {"sizeof(int)", "8 u 4"},
    {"sizeof(char[3][5])", "8 u 15"},
    {"sizeof(struct point)", "8 u 16"},
    {"sizeof(struct point *)", "8 u 8"},
    {"sizeof global_point.z", "8 u 8"},
    {"sizeof(global_array) / sizeof(global_array[0])", "8 u 7"},
    {"sizeof global_array", "8 u 28"},
    {"sizeof(matrix)", "8 u 48"},
    {"sizeof(callback)", "8 u 8"},
    {"sizeof(void)", "8 u 1"},
    {"sizeof(compute)", "8 u 1"},
    {"sizeof compute(1)", "8 u 8"},
    {"sizeof(global_callback(1, 'a'))", "8 u 4"},
    {"sizeof(\"abc\")", "8 u 4"},
    {"sizeof(\"ab\" \"cd\")", "8 u 5"},
    {"sizeof(L\"ab\")", "8 u 12"},
    {"sizeof(\"\\x41\\101b\")", "8 u 4"},
    {"sizeof 'a'", "8 u 4"},
    {"sizeof(1 ? 1 : 1.0)", "8 u 8"},
    {"sizeof(char) + 1", "8 u 2"},
    {"sizeof((char)1 + (char)1)", "8 u 4"},
    {"sizeof(1.0f)", "8 u 4"},
    {"sizeof(1.0L)", "8 u 16"},
    {"sizeof(&global_array)", "8 u 8"},
    {"sizeof(*&global_array)", "8 u 28"},
    {"sizeof(*global_array)", "8 u 4"},
    {"sizeof(&global_array[1])", "8 u 8"},
    {"sizeof(long double)", "8 u 16"},
    {"sizeof(float _Complex)", "8 u 8"},
    {"sizeof(__int128)", "8 u 16"},
    {"sizeof(enum color)", "8 u 4"},
    {"sizeof(enum wide)", "8 u 8"},
    {"sizeof(int (*)[3])", "8 u 8"},
    {"sizeof -1", "8 u 4"},
    {"_Alignof(double)", "8 u 8"},
    {"__alignof__(struct point)", "8 u 8"},
    {"_Alignof(char[3])", "8 u 1"},
    {"__builtin_offsetof(struct point, z)", "8 u 8"},
    {"__builtin_offsetof(struct bits, in[1].d[2])", "8 u 48"},
    {"(unsigned long)&((struct point *)0)->z", "8 u 8"},
    {"(char *)&((struct point *)0)->z - (char *)0", "8 s 8"},
    {"(unsigned long)&((struct bits *)0)->in[1].d[1]", "8 u 44"},
    {"(int)(unsigned long)((char *)0 + 5)", "4 s 5"},
    {"RED", "4 s 0"},
    {"GREEN + BLUE", "4 s 11"},
    {"BIG", "4 u 2147483648"},
    {"BIG > 0", "4 s 1"},
    {"SMALL", "4 s -1"},
    {"HUGE_ONE", "8 s 4294967296"},
    {"(enum color)5", "4 u 5"},
    {"__builtin_types_compatible_p(int, signed)", "4 s 1"},
    {"__builtin_types_compatible_p(int, char)", "4 s 0"},
    {"__builtin_types_compatible_p(enum color, unsigned)", "4 s 1"},
    {"__builtin_types_compatible_p(enum color, int)", "4 s 0"},
    {"__builtin_types_compatible_p(enum wide, long)", "4 s 1"},
    {"__builtin_types_compatible_p(enum color, enum wide)", "4 s 0"},
    {"__builtin_types_compatible_p(enum color *, unsigned *)", "4 s 1"},
    {"__builtin_types_compatible_p(const enum color, volatile unsigned)", "4 s 1"},
    {"__builtin_types_compatible_p(int[], int[5])", "4 s 1"},
    {"__builtin_types_compatible_p(int[4], int[5])", "4 s 0"},
    {"__builtin_types_compatible_p(const char *, char *)", "4 s 0"},
    {"__builtin_types_compatible_p(int (*)(enum color), int (*)(unsigned))", "4 s 1"},
    {"_Generic((enum color)5, unsigned: 1, default: 2)", "4 s 1"},
    {"_Generic(1u, enum color: 1, default: 2)", "4 s 1"},
    {"_Generic((enum wide)5, enum color: 1, enum wide: 3, default: 2)", "4 s 3"},
    {"_Generic((enum color *)0, unsigned *: 1, default: 2)", "4 s 1"},
    {"__builtin_choose_expr(1, 2, 3)", "4 s 2"},
    {"__builtin_constant_p(1 + 1)", "4 s 1"},
    {"__extension__ 5", "4 s 5"},
    {"sizeof(__typeof__(1ll))", "8 u 8"},
    {"sizeof(__typeof__(global_point))", "8 u 16"},
    {"(int)1e10", "4 s 2147483647"},
    {"(unsigned char)1000.0", "1 u 255"},
    {"1.5 > 1", "4 s 1"},
    {"-0.0 == 0", "4 s 1"},
    {"(3 > 2) + (2 > 1)", "4 s 2"},
    {"3 > 2 > 1", "4 s 0"},
    {"10 - 4 - 3", "4 s 3"},
    {"2 + 3 == 5 ? 100 : 200", "4 s 100"},
    {"- - 5", "4 s 5"},
    {"~-1", "4 s 0"},
    {"+ 'a'", "4 s 97"},
    {"6 & 3 == 3", "4 s 0"},
    {"1 | 2 && 0", "4 s 0"},
    {"(1 << 4) - 1", "4 s 15"},
};

std::string shown_value(const TypeTable& types, const Constant& c) {
  const Type& t = types[c.type];
  bool is_unsigned = (t.flags & kUnsigned) != 0;
  return std::to_string(t.size) + (is_unsigned ? " u " : " s ") +
         (is_unsigned ? std::to_string(static_cast<uint64_t>(c.integer)) : std::to_string(c.integer));
}

TEST(CparseConstExpr, Integers) {
  TypeTable types(kX64SysV);
  ASSERT_EQ(cdef(types, kDeclarations), "");
  for (const Row& row : kIntegers) {
    Result<Constant> result = parse_constant(types, row.text);
    ASSERT_TRUE(result.ok()) << row.text << ": " << result.message();
    EXPECT_EQ(shown_value(types, *result), row.expected) << row.text;
  }
}

TEST(CparseConstExpr, IntegersAsGccHasThem) {
  if (!have_gcc() || sizeof(long) != 8 || static_cast<char>(-1) > 0) GTEST_SKIP() << "no gcc for x86-64 here";
  std::string program = std::string("#include <stdio.h>\n") + kDeclarations + "int main(void) {\n";
  for (const Row& row : kIntegers) {
    std::string e = row.text;
    program += "{ __typeof__(+(" + e + ")) v = " + e + "; (void)v; int u = ((__typeof__(" + e +
               "))-1 > 0); if (u) printf(\"%zu u %llu\\n\", sizeof(" + e + "), (unsigned long long)(" + e +
               ")); else printf(\"%zu s %lld\\n\", sizeof(" + e + "), (long long)(" + e + ")); }\n";
  }
  std::vector<std::string> lines = run_c(program + "}\n");
  ASSERT_EQ(lines.size(), std::size(kIntegers));
  for (size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i], kIntegers[i].expected) << kIntegers[i].text;
}

constexpr const char* kFloats[] = {
    "1.5",
    "0.1",
    "0.1f",
    "1e300 * 1e10",
    "1.0 / 3",
    "1.0f / 3",
    "1 / 3.0L",
    "0x1.8p3",
    ".5e-3",
    "3.",
    "1e-400L",
    "0.1 + 0.2",
    "0.1f + 0.2",
    "(float)0.1",
    "(double)0.1f",
    "-0.0",
    "1 ? 1.5 : 2",
    "2 * 3.5f",
    "16777217.0f",
    "(float)16777217",
    "(double)9007199254740993",
    "1e1000L > 0 ? 2.5 : 0",
    "0.1L",
    "1.0 / 0",
    "-1.0 / 0",
    "(float)1e39",
    "__builtin_inff()",
    "__builtin_huge_val()",
    "__builtin_huge_valf32()",
    "(double)-__builtin_inff64x()",
    "__builtin_nans(\"\")",
    "123456789.123456789",
    "1.17549435e-38f / 2",
    "4.9406564584124654e-324",
    "(double)18446744073709551615ull",
    "(float)-9223372036854775807",
};

TEST(CparseConstExpr, FloatsAsGccHasThem) {
  if (!have_gcc()) GTEST_SKIP() << "no gcc here";
  TypeTable types(host_target());
  std::string program = "#include <stdio.h>\nint main(void) {\n";
  for (const char* e : kFloats)
    program += std::string("printf(\"%zu %a\\n\", sizeof(") + e + "), (double)(" + e + "));\n";
  std::vector<std::string> lines = run_c(program + "}\n");
  ASSERT_EQ(lines.size(), std::size(kFloats));
  for (size_t i = 0; i < lines.size(); ++i) {
    Result<Constant> result = parse_constant(types, kFloats[i]);
    ASSERT_TRUE(result.ok()) << kFloats[i] << ": " << result.message();
    char text[100];
    std::snprintf(text, sizeof text, "%d %a", static_cast<int>(types[result->type].size), result->floating);
    EXPECT_EQ(text, lines[i]) << kFloats[i];
  }
}

// What follows the text is not read, whatever it begins with (GCC 12's from_chars for `long double`).
TEST(CparseConstExpr, FloatsEndWithTheText) {
  for (const std::string_view text : {"inf", "nan", "it1e4.0", "nan(1", "-inf", "1.5"}) {
    const std::vector<char> exact(text.begin(), text.end());
    for (const bool hex : {false, true}) {
      long double value = 7;
      size_t length = 99;
      EXPECT_EQ(read_floating({exact.data(), exact.size()}, hex, value, length), text == "1.5") << text;
      EXPECT_EQ(length, text == "1.5" ? 3u : 0u) << text;
    }
  }
}

// What reads them where the C++ library cannot (base/floating.h) finds what it finds here.
TEST(CparseConstExpr, FloatsByTheCLibrary) {
  const char* const decimal[] = {"0",      "1.5",    ".5",     "5.",       "1e10",    "1e",   "1e+",
                                 "1.2.3",  "1e400",  "1e-400", "1e5000",   "4e-5000", "1.5f", "0.1L",
                                 "3.4e38", "3.5e38", "1e-45",  "4.9e-324", "",        " 1",   "+1",
                                 "e5",     "0x1",    "0X1p3",  "1,5",      ".",       "inf",  "nan(1)"};
  const char* const hexadecimal[] = {"1.8p1",    "p1",    "1",   "f.fp-3", ".8", "1p20000",
                                     "1p-20000", "0x1p1", "1.p", "",       "G",  "1pf"};
  const auto compare = [](const char* text, bool hex, auto by_cpp) {
    auto by_c = by_cpp;
    size_t cpp_length = 99, c_length = 99;
    const bool cpp = read_floating(text, hex, by_cpp, cpp_length);
    const bool c = read_floating_by_strto(text, hex, by_c, c_length);
    EXPECT_EQ(cpp, c) << text;
    EXPECT_EQ(cpp_length, c_length) << text;
    EXPECT_TRUE(by_cpp == by_c) << text;
  };
  const auto compare_all = [&] {
    for (const char* text : decimal) compare(text, false, 7.0L), compare(text, false, 7.0), compare(text, false, 7.0f);
    for (const char* text : hexadecimal) compare(text, true, 7.0L), compare(text, true, 7.0), compare(text, true, 7.0f);
  };
  compare_all();
  for (const char* locale : {"de_DE.UTF-8", "fr_FR.UTF-8"}) {  // a comma for a point
    if (std::setlocale(LC_NUMERIC, locale) != nullptr) compare_all();
  }
  std::setlocale(LC_NUMERIC, "C");
}

TEST(CparseConstExpr, Errors) {
  TypeTable types(kX64SysV);
  ASSERT_EQ(cdef(types, kDeclarations), "");
  const Row rows[] = {
      {"", "expected an expression, got end of text at line 1, column 1"},
      {"1 +", "expected an expression, got end of text at line 1, column 4"},
      {"1 2", "expected an operator or the end of the expression, got '2' at line 1, column 3"},
      {"(1", "expected ')', got end of text at line 1, column 3"},
      {"1 / 0", "division by zero near '1' at line 1, column 1"},
      {"5 % (2 - 2)", "division by zero near '5' at line 1, column 1"},
      {"unknown + 1", "undeclared identifier 'unknown' at line 1, column 1"},
      {"1 << 32",
       "the shift count is negative or not below the width of the left operand near '1' at line 1, column 1"},
      {"1 << -1",
       "the shift count is negative or not below the width of the left operand near '1' at line 1, column 1"},
      {"global_array[0]", "the value of a variable is not constant near 'global_array' at line 1, column 1"},
      {"compute(1)", "a call is not constant near 'compute' at line 1, column 1"},
      {"\"abc\"", "an address is not constant near '\"abc\"' at line 1, column 1"},
      {"sizeof(struct nothing)", "undeclared tag 'struct nothing' at line 1, column 15"},
      {"1.5 % 2", "this operator needs integers, not 'double' and 'int' near '%' at line 1, column 5"},
      {"~1.5", "'~' needs an integer, not 'double' at line 1, column 1"},
      {"global_point + 1", "this operator needs numbers, not 'struct point' and 'int' near '+' at line 1, column 14"},
      {"global_point.nope", "'struct point' has no member 'nope' at line 1, column 14"},
      {"1.x", "malformed number '1.x' at line 1, column 1"},
      {"1lll", "malformed number '1lll' at line 1, column 1"},
      {"0x", "malformed number '0x' at line 1, column 1"},
      {"08", "malformed number '08' at line 1, column 1"},
      {"18446744073709551616", "the integer '18446744073709551616' does not fit 64 bits at line 1, column 1"},
      {"''", "empty character constant near '''' at line 1, column 1"},
      {"1 = 2", "expected an operator of constant expressions, got '=' at line 1, column 3"},
      {"int", "expected an expression, got 'int' at line 1, column 1"},
      {"(__int128)1 << 3", "the value of a 128-bit integer is not computed near '(' at line 1, column 1"},
      {"(enum forward)5", "an enum without a body has no values near '(' at line 1, column 1"},
      {"(enum forward)5.0", "an enum without a body has no values near '(' at line 1, column 1"},
      {"*5", "'*' needs a pointer, not 'int' at line 1, column 1"},
  };
  for (const Row& row : rows) {
    Result<Constant> result = parse_constant(types, row.text);
    ASSERT_FALSE(result.ok()) << row.text;
    EXPECT_EQ(result.message(), row.expected) << row.text;
  }
}

// `long` and pointers have 32 bits, so constants change their types (C11 6.4.4.1).
TEST(CparseConstExpr, OtherTargets) {
  TypeTable types(kI386SysV);
  const Row rows[] = {
      {"sizeof(long)", "4 u 4"},
      {"1l", "4 s 1"},
      {"2147483648", "8 s 2147483648"},
      {"1ul", "4 u 1"},
      {"sizeof(void *)", "4 u 4"},
      {"4294967295l", "8 s 4294967295"},
      {"-1L > 0u", "4 s 1"},
  };
  for (const Row& row : rows) {
    Result<Constant> result = parse_constant(types, row.text);
    ASSERT_TRUE(result.ok()) << row.text << ": " << result.message();
    EXPECT_EQ(shown_value(types, *result), row.expected) << row.text;
  }
  TypeTable arm(kArm64Linux);  // AAPCS64: char is unsigned
  Result<Constant> result = parse_constant(arm, "'\\xff'");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->integer, 255);
}

}  // namespace
}  // namespace ferry::cparse::testing
