// printf formats: which argument each directive consumes. Sizes are those of an LP64 target (C11 7.21.6.1p7: long is
// 8 bytes, size_t too), of an LLP64 one where the rows say so.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "lua/calls/format_parse.h"

namespace ferry::lua {
namespace {

constexpr FormatRules kGnu64{8, 8, false};
constexpr FormatRules kGnu32{4, 4, false};
constexpr FormatRules kWindows64{4, 8, true};

// "i4 u8 f s*": class letter, size for integers, `*` for stars, `.` for strings with a precision.
std::string describe(const char* format, const FormatRules& rules, int max = 16, size_t length = SIZE_MAX) {
  FormatArg args[16];
  FormatError error;
  if (length == SIZE_MAX) length = std::strlen(format);
  const int n = parse_format(format, length, rules, args, max, &error);
  if (n < 0) {
    return std::string(error.missing ? "missing" : error.message) + " @" + std::to_string(error.at) + " " +
           std::string(format + error.at, error.length);
  }
  std::string out;
  for (int i = 0; i < n; ++i) {
    if (i > 0) out += ' ';
    switch (args[i].cls) {
      case FormatClass::integer:
        out += args[i].is_star ? "*" : (args[i].is_unsigned ? "u" : "i") + std::to_string(args[i].size);
        break;
      case FormatClass::character:
        out += "c";
        break;
      case FormatClass::wide_char:
        out += "C";
        break;
      case FormatClass::floating:
        out += "f";
        break;
      case FormatClass::long_double:
        out += "L";
        break;
      case FormatClass::string:
        out += args[i].has_precision ? "s." : "s";
        break;
      case FormatClass::wide_string:
        out += args[i].has_precision ? "S." : "S";
        break;
      case FormatClass::pointer:
        out += "p";
        break;
      case FormatClass::none:
        out += "?";
        break;
    }
  }
  return out;
}

struct Row {
  const char* format;
  const char* expected;
};

TEST(Format, ArgumentsOfGnuDirectives) {
  const Row rows[] = {
      {"", ""},
      {"no directive", ""},
      {"100%%", ""},
      {"%d", "i4"},
      {"%i%o%u%x%X", "i4 u4 u4 u4 u4"},
      {"%b %B", "u4 u4"},  // C23 7.23.6.1
      {"%hhd %hd %hu", "i4 i4 u4"},
      {"%ld %lld %qd %jd %zd %zu %Zu %td", "i8 i8 i8 i8 i8 u8 u8 i8"},
      {"%Ld", "i8"},
      {"%f%F%e%E%g%G%a%A", "f f f f f f f f"},
      {"%lf", "f"},
      {"%Lf %Lg", "L L"},
      {"%c %lc %C", "c C C"},
      {"%s %ls %S", "s S S"},
      {"%.3s %.*s %.ls", "s. * s. S."},
      {"%p", "p"},
      {"%m %s", "s"},
      {"%-+ #0'5.3d", "i4"},
      {"%Id", "i4"},
      {"%*d %-*.*f", "* i4 * * f"},
      {"%2$s %1$d", "i4 s"},
      {"%1$s %1$s", "s"},
      {"%2$*1$d", "* i4"},
      {"%1$.*2$f", "f *"},
      {"%1$d%%%1$d", "i4"},
      {"%5%", ""},
      {"%99999999999999999999d", "i4"},
      {"%hs %hc %hf %zg %lp", "s c f f p"},
  };
  for (const Row& row : rows) EXPECT_EQ(describe(row.format, kGnu64), row.expected) << row.format;
}

TEST(Format, SizesFollowTheTarget) {
  EXPECT_EQ(describe("%ld %lld %zu %td %jd", kGnu32), "i4 i8 u4 i4 i8");
  EXPECT_EQ(describe("%ld %I64d %I32d %Iu %zu %lld %ws", kWindows64), "i4 i8 i4 u8 u8 i8 S");
}

TEST(Format, Errors) {
  const Row rows[] = {
      {"%", "incomplete directive @0 %"},
      {"ab%-5.", "incomplete directive @2 %-5."},
      {"%l", "incomplete directive @0 %l"},
      {"%d %y", "unknown directive @3 %y"},
      {"%\n", "unknown directive @0 %\n"},
      {"%n", "%n is not allowed @0 %n"},
      {"%d%hhn", "%n is not allowed @2 %hhn"},
      {"%1$n", "%n is not allowed @0 %1$n"},
      {"%d %2$d", "numbered and other directives are mixed @3 %2$d"},
      {"%1$d %d", "numbered and other directives are mixed @5 %d"},
      {"%1$*d", "numbered and other directives are mixed @0 %1$*d"},
      {"%2$d", "a numbered argument is not used, its type is unknown @0 %2$d"},
      {"%1$d %1$s", "an argument is used as two types @5 %1$s"},
      {"%1$d %1$ld", "an argument is used as two types @5 %1$ld"},
      {"%17$d", "missing @0 %17$d"},
      {"%99999999999999$d", "missing @0 %99999999999999$d"},
      {"%0$d", "unknown directive @0 %0$"},
      {"%.-1d", "unknown directive @0 %.-"},  // only `*` has a negative precision
      {"%5$%", "unknown directive @0 %5$%"},  // glibc's printf has five arguments
      {"%1$m", "unknown directive @0 %1$m"},
      // glibc reads a long double, and wide text.
      {"%llf", "a length that does not go with the conversion @0 %llf"},
      {"%qe", "a length that does not go with the conversion @0 %qe"},
      {"%lls", "a length that does not go with the conversion @0 %lls"},
      {"%Ls", "a length that does not go with the conversion @0 %Ls"},
      {"%Lc", "a length that does not go with the conversion @0 %Lc"},
      {"%zs", "a length that does not go with the conversion @0 %zs"},
      {"%jc", "a length that does not go with the conversion @0 %jc"},
      {"%.3ts", "a length that does not go with the conversion @0 %.3ts"},
  };
  for (const Row& row : rows) EXPECT_EQ(describe(row.format, kGnu64), row.expected) << row.format;
  EXPECT_EQ(describe("%m", kWindows64), "unknown directive @0 %m");
}

TEST(Format, TooFewArguments) {
  EXPECT_EQ(describe("%d %s", kGnu64, 1), "missing @3 %s");
  EXPECT_EQ(describe("%*d", kGnu64, 0), "missing @0 %*");
  EXPECT_EQ(describe("%d", kGnu64, 0), "missing @0 %d");
  EXPECT_EQ(describe("%%", kGnu64, 0), "");
}

TEST(Format, StopsAtTheTerminator) {
  const char text[] = "%d\0%s";
  EXPECT_EQ(describe(text, kGnu64, 16, sizeof text - 1), "i4");
  const char inside[] = "%\0d";
  EXPECT_EQ(describe(inside, kGnu64, 16, sizeof inside - 1), "incomplete directive @0 %");
}

TEST(Format, QuotesDirectivesCutToALimit) {
  const std::string text = "%" + std::string(500, '0') + "d";
  FormatArg arg;
  FormatError error;
  ASSERT_EQ(parse_format(text.data(), text.size(), kGnu64, &arg, 1, &error), 1);
  EXPECT_EQ(arg.length, kMaxDirective);
  ASSERT_EQ(parse_format(text.data(), text.size() - 1, kGnu64, &arg, 1, &error), -1);
  EXPECT_EQ(error.length, kMaxDirective);
}

TEST(Format, StarsOfDirectivesWithoutAnArgumentKnowTheirText) {
  for (const char* text : {"%*%", "%-*m", "%*1$%"}) {
    FormatArg args[2];
    FormatError error;
    ASSERT_EQ(parse_format(text, std::strlen(text), kGnu64, args, 2, &error), 1) << text;
    EXPECT_EQ(args[0].length, std::strlen(text)) << text;
  }
}

TEST(Format, PrintfFamily) {
  EXPECT_EQ(printf_family_format("printf", 6), 1);
  EXPECT_EQ(printf_family_format("fprintf", 7), 2);
  EXPECT_EQ(printf_family_format("snprintf", 8), 3);
  EXPECT_EQ(printf_family_format("print", 5), 0);
  EXPECT_EQ(printf_family_format("vprintf", 7), 0);
  EXPECT_EQ(printf_family_format("scanf", 5), 0);
}

}  // namespace
}  // namespace ferry::lua
