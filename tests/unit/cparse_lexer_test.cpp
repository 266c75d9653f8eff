// Tokens: C11 6.4, and what the lexer says about text that is none.
#include "cpreproc/preprocessor.h"

#include "cparse/keywords.h"
#include "cparse_testing.h"

namespace ferry::cparse {
namespace {

// The tokens' texts, separated by blanks; keywords in angle brackets, literals by their class.
std::string tokens(std::string_view text, std::span<const Substitute> substitutes = {}) {
  cpreproc::State state(kX64SysV);
  cpreproc::Preprocessor source(state, text, {}, substitutes);
  std::string out;
  Token t;
  for (source.next(t); t.kind != Tok::end; source.next(t)) {
    if (!out.empty()) out += ' ';
    if (t.kind == Tok::error) return out + "error: " + source.error();
    if (t.kind == Tok::identifier && !t.raw_name()) recognise_keyword(t);
    std::string body(t.text);
    if (t.kind >= Tok::kw_typedef) body = "<" + body + ">";
    if (t.kind == Tok::number) body = "number:" + body;
    if (t.kind == Tok::string) body = "string:" + body;
    if (t.kind == Tok::character) body = "char:" + body;
    if (t.kind == Tok::type_substitute) body = "type";
    if (t.kind == Tok::integer_substitute) body = "integer:" + std::to_string(t.integer);
    out += body;
  }
  return out;
}

struct Row {
  const char* text;
  const char* expected;
};

TEST(CparseLexer, Tokens) {
  const Row rows[] = {
      {"", ""},
      {" \t\v\f\r\n", ""},
      {"a", "a"},
      {"_a1 b2_", "_a1 b2_"},
      {"int x", "<int> x"},
      {"integer int_ intt", "integer int_ intt"},
      {"__const const __const__", "<__const> <const> <__const__>"},
      {"a->b.c...d", "a -> b . c ... d"},
      {"a<<b>>c<=d>=e==f!=g&&h||i", "a << b >> c <= d >= e == f != g && h || i"},
      {"+-*/%&|^~!?:,;()[]{}<>=", "+ - * / % & | ^ ~ ! ? : , ; ( ) [ ] { } < >="},
      {"a+=b ++c --d", "a += b ++ c -- d"},
      {"0 0x1F 1e+5 1.5e-3f .5 1. 0x1p-3 10ULL",
       "number:0 number:0x1F number:1e+5 number:1.5e-3f number:.5 number:1. number:0x1p-3 number:10ULL"},
      {"1-2", "number:1 - number:2"},
      {"'a' '\\'' L'x' u8'y'", "char:'a' char:'\\'' char:L'x' char:u8'y'"},
      {"\"a\\\"b\" L\"w\" u8\"x\"", "string:\"a\\\"b\" string:L\"w\" string:u8\"x\""},
      {"La L", "La L"},
      {"a/*x*/b/**/c/***/d//e\nf", "a b c d f"},
      {"a//b\\\nc\nd", "a d"},
      {"ch\\\nar in\\\r\nt x", "<char> <int> x"},
      {"a /\\\n* x *\\\n/ b", "a b"},
      {"#ident x\nint", "<int>"},
      {"a\n  # pragma once /* two\nlines */ 3\nb", "a b"},
      {"a # b ## c", "a # b ## c"},
      {"/* c */ #ident", ""},
      {"a$b 1'000 <: :> <% %> %:", "a$b number:1'000 <: :> <% %> %:"},
      {"\xc3\xa4 x", "\xc3\xa4 x"},
  };
  for (const Row& row : rows) EXPECT_EQ(tokens(row.text), row.expected) << row.text;
}

TEST(CparseLexer, Errors) {
  const Row rows[] = {
      {"a /* b", "a error: unterminated comment"},
      {"a /*/", "a error: unterminated comment"},
      {"\"a", "error: unterminated string"},
      {"\"a\nb\"", "error: unterminated string"},
      {"'a", "error: unterminated character constant"},
      {"a @", "a error: stray character"},
      {"a \\ b", "a error: stray character"},
      {"$", "error: no argument is left for this '$'"},
      {"$x", "error: expected a lone '$'"},
      {"$$", "error: expected a lone '$'"},
  };
  for (const Row& row : rows) EXPECT_EQ(tokens(row.text), row.expected) << row.text;
  EXPECT_EQ(tokens(std::string_view("a\0b", 3)), "a error: stray character");
  EXPECT_EQ(tokens(std::string(cpreproc::kMaxIdentifier, 'x')).size(), cpreproc::kMaxIdentifier);
  EXPECT_EQ(tokens(std::string(cpreproc::kMaxIdentifier + 1, 'x')),
            "error: an identifier is longer than 65535 characters");
}

TEST(CparseLexer, Substitutes) {
  Substitute type;
  type.type = scalar_type(Scalar::int32);
  Substitute name;
  name.kind = Substitute::Kind::name;
  name.name = "int";  // a name even if it is a keyword
  Substitute number;
  number.kind = Substitute::Kind::integer;
  number.integer = -7;
  const Substitute all[] = {type, name, number};
  EXPECT_EQ(tokens("$ $[$]", all), "type int [ integer:-7 ]");
  name.name = "a b";
  const Substitute bad[] = {name};
  EXPECT_EQ(tokens("$", bad), "a b");
}

TEST(CparseLexer, Places) {
  std::string_view text =
      "\xef\xbb\xbf"
      "a\nbb\r\n c\\\nd e\n# 7 \"f.h\"\nf\n#line 20\ng";
  cpreproc::State state(kX64SysV);
  cpreproc::Preprocessor source(state, text);
  Token t;
  std::string out;
  for (source.next(t); t.kind != Tok::end; source.next(t))
    out += std::string(t.text) + "@" + source.sources().describe(t.at) + " ";
  EXPECT_EQ(out, "a@line 1, column 1 bb@line 2, column 1 cd@line 3, column 2 e@line 4, column 3 f@f.h:7:1 g@f.h:20:1 ");
}

TEST(CparseLexer, BracesAreSkipped) {
  const Row rows[] = {
      {"{ } after", "after"},
      {"{ { } { } } after", "after"},
      {"{ \"}\" '}' '\\'' \"\\\"}\" } after", "after"},
      {"{ /* } */ // }\n } after", "after"},
      {"{ a / b } after", "after"},
      {"{ it's } \n } after", "after"},
      {"{\n#if 0\n } \n#endif\n } after", "after"},
      {"{\n#define END }\n END after", "after"},
  };
  auto skip = [](cpreproc::Preprocessor& source) {
    Token t;
    source.next(t);
    EXPECT_EQ(t.kind, Tok::l_brace);
    return source.skip_braces();
  };
  for (const Row& row : rows) {
    cpreproc::State state(kX64SysV);
    cpreproc::Preprocessor source(state, row.text);
    EXPECT_TRUE(skip(source)) << row.text;
    Token t;
    source.next(t);
    EXPECT_EQ(t.text, row.expected) << row.text;
  }
  for (const char* text : {"{", "{ { }", "{ \"}", "{ /* }", "{ // }"}) {
    cpreproc::State state(kX64SysV);
    cpreproc::Preprocessor source(state, text);
    EXPECT_FALSE(skip(source)) << text;
  }
}

TEST(CparseLexer, TokensAreShownShort) {
  EXPECT_EQ(shown("abc"), "'abc'");
  EXPECT_EQ(shown("a\nb\x01"), "'a\\x0ab\\x01'");
  EXPECT_EQ(shown(std::string(100, 'x')), "'" + std::string(cpreproc::kMaxShownToken, 'x') + "...'");
}

}  // namespace
}  // namespace ferry::cparse
