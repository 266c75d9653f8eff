// Macros: the examples of C23 6.10.5.5 and what else is hard about expansion, compared with gcc -E.
#include "cpreproc_testing.h"

namespace ferry::cpreproc::testing {
namespace {

// Each is a text of its own; gcc's tokens are what is expected.
const char* const kTexts[] = {
    R"~(#define x 3
#define f(a) f(x * (a))
#undef x
#define x 2
#define g f
#define z z[0]
#define h g(~
#define m(a) a(w)
#define w 0,1
#define t(a) a
#define p() int
#define q(x) x
#define r(x,y) x ## y
#define str(x) # x
f(y+1) + f(f(z)) % t(t(g)(0) + t)(1);
g(x+(3,4)-w) | h 5) & m
(f)^m(m);
p() i[q()] = { q(1), r(2,3), r(4,), r(,5), r(,) };
char c[2][6] = { str(hello), str() };
#undef h
#define xstr(s) str(s)
#define debug(s, t) printf("x" # s "= %d, x" # t "= %s", \
 x ## s, x ## t)
#define INCFILE(n) vers ## n
#define glue(a, b) a ## b
#define xglue(a, b) glue(a, b)
#define HIGHLOW "hello"
#define LOW LOW ", world"
debug(1, 2);
fputs(str(strncmp("abc\0d", "abc", '\4') // this goes away
 == 0) str(: @\n), s);
xstr(INCFILE(2).h)
glue(HIGH, LOW);
xglue(HIGH, LOW)
#define hash_hash # ## #
#define mkstr(a) # a
#define in_between(a) mkstr(a)
#define join(c, d) in_between(c hash_hash d)
char p[] = join(x, y);
#define t2(x,y,z) x ## y ## z
int j[] = { t2(1,2,3), t2(,4,5), t2(6,,7), t2(8,9,), t2(10,,), t2(,11,), t2(,,12), t2(,,) };
#define debug2(...) fprintf(stderr, __VA_ARGS__)
#define showlist(...) puts(#__VA_ARGS__)
#define report(test, ...) ((test)?puts(#test): printf(__VA_ARGS__))
debug2("Flag"); debug2("X = %d\n", x); showlist(The first, second, and third items.); report(x>y, "x is %d but y is %d", x, y);
#undef f
#define F(a,...) f(0 __VA_OPT__(,) __VA_ARGS__)
#define SDEF(sname, ...) S sname __VA_OPT__(= { __VA_ARGS__ })
#define EMP
F(a,b,c) F() F(EMP) SDEF(foo); SDEF(bar, 1, 2);
#define H2(X, Y, ...) __VA_OPT__(X ## Y,) __VA_ARGS__
#define H3(X, ...) #__VA_OPT__(X##X X##X)
#define H4(X, ...) __VA_OPT__(a X ## X) ## b
H2(a,b,c,d) H3(, 0) H4(, 1)
#define e(fmt, args...) p2(fmt, ## args)
#define ee(fmt, ...) p2(fmt, ## __VA_ARGS__)
e(1) e(1,) e(1,2,3) ee(1) ee(1,) ee(1,2)
#define NIL(xxx) xxx
#define G_0(arg) NIL(G_1)(arg)
#define G_1(arg) NIL(arg)
G_0(42)
#define EMPTY
xstr(a EMPTY b) xstr(-EMPTY-) xstr( - EMPTY -) xstr(q( a )-q(b)) xstr(q()x)
#if (-1) > 0u && 0x7fffffffffffffff + 1 < 0 ? 1 : 0
yes
#elif 'a' == 97 && defined(EMPTY) && !defined NOPE
yes2
#endif
__LINE__ __COUNTER__ __COUNTER__ __INCLUDE_LEVEL__
#define obj (1,2
q obj)
#define two(a,b) a b
two obj)
#define rec(x) x rec
rec(1)(2)(3)
#pragma push_macro("x")
#undef x
x
#pragma pop_macro("x")
x
)~",
    R"~(#define f(a) a*g
#define g(a) f(a)
f(2)(9)
)~",
    R"~(#define AA BB
#define BB AA
AA BB
#define foo() bar
foo
()
foo ( ) foo baz foo(
)
)~",
    R"~(#define LPAREN (
#define F(x, y) x + y
#define ELLIP_FUNC(...) __VA_ARGS__
ELLIP_FUNC(F, LPAREN, 'a', 'b');
#define h LPAREN 1, 2)
F h
)~",
    R"~(#define a(x) [x
#define b ]
a(a)(1)b) b
#define EMPTY
#define SCAN(x) x
#define EX() SCAN(EX2 EMPTY ())
#define EX2() EX
EX() SCAN(EX()) SCAN(SCAN(EX()))
)~",
    R"~(#define CAT(a, ...) PRIM(a, __VA_ARGS__)
#define PRIM(a, ...) a ## __VA_ARGS__
#define IIF(c) CAT(IIF_, c)
#define IIF_0(t, ...) __VA_ARGS__
#define IIF_1(t, ...) t
IIF(1)(yes, no) IIF(0)(yes, n, o) CAT(<, <=) CAT(.,1) CAT(L, "x") CAT(-, >)
)~",
    R"~(#define S(...) #__VA_ARGS__
S( a , b  /* c */ "x\n\"" '\\' 
  d ) S() S(,) S(@ \ `)
)~",
    R"~(#define f(x) x
f(1
#define f(x) 2
f(3)
#undef f
) f(4)
)~",
    R"~(#define f(x) x
f(
#if 1
 a
#else
 b
#endif
)
)~",
    R"~(#define f(x, y...) x y
f(1) f(1,) f(1, 2, 3) f()
)~",
    R"~(#if 0x7fffffffffffffff + 0u > 0 && (2 || 1/0) && -1 > 0u && (-1 >> 1) == -1
a
#endif
#if 1 ? 2 : (1/0)
b
#endif
#if (0 ? -1 : 0u) - 1 > 0
c
#endif
#if '\377' < 0 && L'\0' == 0 && 'ab' == 24930 && 1 == 1ull
d
#endif
#if -9223372036854775807 - 1 < 0 && 1 << 63 < 0 && 0xffffffffffffffff > 0
e
#endif
#if ~0 == -1 && !0 == 1 && +1 && (1, 2) == 2
f
#endif
)~",
    R"~(#define D defined(X)
#if !D
1
#endif
#define X
#if D && defined X && X + 1
2
#endif
#ifdef X
3
#elif 1/0
4
#else
5
#endif
#ifndef X
#if nested
#endif nested
# else
6
#endif
)~",
    R"~(#if 0
 don't /* "
 "/*" 
#else // x
#endif
x /*
#endif
*/ y
%: define z %: /* c */ w
z <: :>
%:ifdef z
ok
%:endif
)~",
    R"~(#define __VA(x) x
__VA(__FLT_MANT_DIG__ __SIZEOF_LONG__ __CHAR_BIT__ __INT64_C(5))
#if defined __has_include && __has_include(<stddef.h>) && !__has_include("no/such.h") && __has_attribute(__packed__)
yes
#endif
__has_builtin(fclose) __has_builtin(__builtin_fclose) __has_builtin(printf) __has_builtin(__builtin_putc)
__has_builtin(__builtin_wcslen) __has_builtin(__builtin_memcpy_inline) __has_builtin(__builtin_no_such)
__has_builtin(__builtin_shuffle) __has_builtin(__builtin_popcountll) __has_builtin(__builtin___memcpy_chk)
__has_builtin(__memcpy_chk) __has_builtin(__atomic_load_n) __has_builtin(__sync_synchronize) __has_builtin(clz)
#if __has_builtin(__builtin_expect) && __has_c_attribute(deprecated) == 201904
yes2
#endif
)~",
    R"~(#define a a b
#define b b a
a b
#define x y z
#define y(q) q
x (1) y x
#line 50 "other.c"
__LINE__ __FILE__
#define l __LINE__ \
 __LINE__
l
)~",
    R"~(#define j(a,b,c) a ## b ## c
j(x,,y) j(,,) j(,+,+) j(1,e,+3) #define no
#define hh #define
hh 1
)~",
    R"~(#define LL 200
#line LL
__LINE__
#line 5 \
 "x.c"
__LINE__ __FILE__
#line LL "y.c"
__LINE__ __FILE__
#if 99999999999999999999
1
#endif
#if 0xfffffffffffffffff == -1 && 18446744073709551616 == 0
2
#endif
)~",
};

TEST(CpreprocExpand, FunctionsOfClang) {
  if (!have_clang()) GTEST_SKIP() << "clang is not installed";
  Settings settings;
  settings.profile = Profile::clang;
  for (const char* text : kTexts) {
    if (std::string(text).find("__has_builtin") == std::string::npos) continue;
    State state(kX64SysV, &system_files(), settings);
    EXPECT_EQ(tokens(state, text), gcc_tokens(text, "clang"));
  }
}

TEST(CpreprocExpand, AsGcc) {
  if (!have_gcc()) GTEST_SKIP() << "gcc is not installed";
  for (const char* text : kTexts) {
    SCOPED_TRACE(text);
    EXPECT_EQ(tokens(text), gcc_tokens(text));
  }
}

// C11 6.10.8.1 does not say which line of a call over several is the current one; gcc and clang do not agree. Behind
// the name of a macro that is another macro's name gcc has the first line for all; here it is as without the detour.
TEST(CpreprocExpand, LinesOfCalls) {
  const char* text = R"~(#define L __LINE__
#define ID(x) x
#define TWO(x, y) x L y __LINE__
#define OBJ ID(__LINE__)
#define NEST(a) ID(a) L
#define CALL(f) f(__LINE__)
#define BODY(x) ID(__LINE__) x CALL(ID)
#define OPEN ID
#define STR(x) #x __LINE__
#define JOIN(x) x##__ L
m1 ID(
 __LINE__
 )
m2 ID(
 L

 ) TWO(a,

 b) TWO(__LINE__,

 L) __LINE__
m3 ID(ID(
 __LINE__)

 ) ID(
 ID(
 L
 )
 x
 ) __LINE__
m4 OBJ
 NEST(
 L
 y

) ID
(__LINE__

)
m5 ID(ID)(
 __LINE__

) CALL(

 ID) BODY(

 L)
m6 ID(a

 ) L ID(

 OPEN)(L

) STR(
 a) JOIN(
 __LINE)
m7 ID(TWO(
 BODY(OBJ

), __LINE__) L
) NEST(
#define LATER L
 LATER __COUNTER__
 LATER
) LATER
)~";
  if (!have_gcc()) GTEST_SKIP() << "gcc is not installed";
  EXPECT_EQ(tokens(text), gcc_tokens(text));
  if (!have_clang()) GTEST_SKIP() << "clang is not installed";
  Settings settings;
  settings.profile = Profile::clang;
  State state(kX64SysV, &system_files(), settings);
  EXPECT_EQ(tokens(state, text), gcc_tokens(text, "clang"));
}

// C11 6.4.3: a character by its number is that character, in names; gcc's -E writes all of them so.
TEST(CpreprocExpand, UniversalNames) {
  const struct {
    const char* text;
    const char* expected;
  } rows[] = {
      {"caf\\u00e9 \\U000000e9x \\u20ac \\U0001F600", "café éx € 😀"},
      {"#define \\u00eb(\\u00c2) Â + \\u00c2\në(1)\n#ifdef \\u00eb\nyes\n#endif", "1 + 1 yes"},
      {"\"\\u00e9\" '\\u00e9' L\"\\\\\\u00e9\" /* \\u00e9 ' */ x // \\u00e9",
       "\"\\u00e9\" '\\u00e9' L\"\\\\\\u00e9\" x"},
      {"a\\\n\\u00e9\\\nb \\u00\\\ne9", "aéb é"},
      {"\\u00e9\\\n \\u00e9 @", "error: stray character at line 2, column 9"},
      {"\\u0041", "error: stray character at line 1, column 1"},
      {"\\ud800", "error: stray character at line 1, column 1"},
      {"\\u00e", "error: stray character at line 1, column 1"},
  };
  for (const auto& row : rows) EXPECT_EQ(tokens(row.text), row.expected) << row.text;
}

TEST(CpreprocExpand, Errors) {
  const struct {
    const char* text;
    const char* expected;
  } rows[] = {
      {"#define f(x) x\nf(1", "the arguments of the macro 'f' have no end at line 2, column 1"},
      {"#define f(x) x\nf(1, 2)", "the macro 'f' takes 1 argument, got 2 at line 2, column 1"},
      {"#define f(x, y, ...) x\nf(1)", "the macro 'f' takes 2 arguments or more, got 1 at line 2, column 1"},
      {"#define f() x\nf(1)", "the macro 'f' takes 0 arguments, got 1 at line 2, column 1"},
      {"#define f(x) #y\n",
       "in the definition of the macro 'f' '#' is not followed by a parameter at line 1, column 9"},
      {"#define a ## b\n", "in the definition of the macro 'a' '##' stands at an end at line 1, column 9"},
      {"#define a b ##\n", "in the definition of the macro 'a' '##' stands at an end at line 1, column 9"},
      {"#define j(a, b) a ## b\nj(+, -)", "'##' joins '+' and '-' to no token at line 2, column 1"},
      {"#define f(x, x) x\n", "two parameters of the macro 'f' are named 'x' at line 1, column 14"},
      {"#define defined\n", "'defined' cannot be the name of a macro at line 1, column 9"},
      {"#if\n#endif", "#if has no expression at line 1, column 4"},
      {"#if 1 +\n#endif", "expected a number in #if, got end of line at line 1, column 8"},
      {"#if 1/0\n#endif", "division by zero in #if at line 1, column 6"},
      {"#define a 1 2\n#if a\n#endif", "expected an operator or the end of the line, got '2' at line 2, column 5"},
      {"#if 1.5\n#endif", "expected an integer in #if, got '1.5' at line 1, column 5"},
      {"#else\n", "#else without #if at line 1, column 2"},
      {"#if 1\n#else\n#elif 1\n#endif", "#elif after #else at line 3, column 2"},
      {"x\n#if 0\n#ifdef y\n#endif\n", "this #if has no #endif at line 2, column 2"},
      {"#endif\n", "#endif without #if at line 1, column 2"},
      {"#embed \"x\"\n", "#embed gives bytes, and declarations have no place for them at line 1, column 2"},
      {"#pragma GCC poison abc\nabc", "the name 'abc' is poisoned at line 2, column 1"},
  };
  for (const auto& row : rows) EXPECT_EQ(tokens(row.text), std::string("error: ") + row.expected) << row.text;
}

}  // namespace
}  // namespace ferry::cpreproc::testing
