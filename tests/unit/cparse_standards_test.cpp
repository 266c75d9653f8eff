// What legal C has beyond C11's common part: C23, K&R definitions, bounds of parameters that name parameters, words of
// clang's and Microsoft's. Rows; where gcc 12 knows the text, it says the sizes.
#include "cparse_testing.h"

namespace ferry::cparse::testing {
namespace {

struct Row {
  const char* text;
  const char* expected;
};

void expect_words(const Row& row) {
  TypeTable types(kX64SysV);
  EXPECT_EQ(cdef(types, "enum { N = 3 }; typedef int T; struct s { int n; }; extern int global; int call(int);"), "");
  EXPECT_EQ(describe(types, type_of(types, row.text)), row.expected) << row.text;
}

// C11 6.7.6.2, 6.7.6.3p7: the outermost array is a pointer, the inner ones are of a size that only the call knows.
TEST(CparseStandards, BoundsOfParameters) {
  const Row rows[] = {
      {"void (int n, int m, double a[n][m])", "function(int, int, pointer to array unknown of double) returning void"},
      {"void (int m, double (*a)[m])", "function(int, pointer to array unknown of double) returning void"},
      {"void (int, double a[*][*])", "function(int, pointer to array unknown of double) returning void"},
      {"void (int n, double a[static n][n])", "function(int, pointer to array unknown of double) returning void"},
      {"void (int n, const double a[const restrict n][n])",
       "function(int, pointer to array unknown of const double) returning void"},
      {"void (int *n, int a[*n])", "function(pointer to int, pointer to int) returning void"},
      {"void (int *n, int a[*n + 1][*n])", "function(pointer to int, pointer to array unknown of int) returning void"},
      {"void (struct s *p, int a[p->n][p->n])",
       "function(pointer to struct s, pointer to array unknown of int) returning void"},
      {"void (struct s p, int a[p.n])", "function(struct s, pointer to int) returning void"},
      {"void (int *n, int a[sizeof *n])", "function(pointer to int, pointer to int) returning void"},
      {"void (int *n, int a[2][sizeof *n])", "function(pointer to int, pointer to array 4 of int) returning void"},
      {"void (int n, int a[n], int b[2][sizeof a])",
       "function(int, pointer to int, pointer to array 8 of int) returning void"},
      {"void (int n, int a[n][n], int b[2][sizeof *a])",
       "function(int, pointer to array unknown of int, pointer to array unknown of int) returning void"},
      {"void (int n, int a[2][sizeof(int[n])])", "function(int, pointer to array unknown of int) returning void"},
      {"void (int n, int (**b)[n])", "function(int, pointer to pointer to array unknown of int) returning void"},
      {"void (int n, int (*b[3])[n])", "function(int, pointer to pointer to array unknown of int) returning void"},
      {"void (int n, int a[][n][4])", "function(int, pointer to array unknown of array 4 of int) returning void"},
      // what lies between unknown bounds is part of the run of elements
      {"void (int n, int a[n][4][n])", "function(int, pointer to array unknown of int) returning void"},
      {"void (int n, int a[][call(n)])", "function(int, pointer to array unknown of int) returning void"},
      {"void (int a[global][global])", "function(pointer to array unknown of int) returning void"},
      {"void (int n, int a[n > 3 ? n : 3][(long)n])", "function(int, pointer to array unknown of int) returning void"},
      {"void (int *n, int a[n[0]][n[1]])", "function(pointer to int, pointer to array unknown of int) returning void"},
      {"void (int n, int x[n][n], int a[][x[0][1]])",
       "function(int, pointer to array unknown of int, pointer to array unknown of int) returning void"},
      {"void (int n, int a[n++][n = 3])", "function(int, pointer to array unknown of int) returning void"},
      {"void (int n, int a[({ n; })][({ int k = n; k; })])",
       "function(int, pointer to array unknown of int) returning void"},
      {"void (int n, void (*f)(int k, int a[k][n]))",
       "function(int, pointer to function(int, pointer to array unknown of int) returning void) returning void"},
      {"void (*(int n))(int k, int (*a)[k])",
       "function(int) returning pointer to function(int, pointer to array unknown of int) returning void"},
      {"void (int n, __typeof__(n) m)", "function(int, int) returning void"},
      {"void (short n, __typeof__(&n) m)", "function(short, pointer to short) returning void"},
      // a parameter hides what has its name outside, C11 6.2.1p4; behind the prototype that is back
      {"void (int N, int a[2][N])", "function(int, pointer to array unknown of int) returning void"},
      {"void (int T, int a[T], int b[2][T])",
       "function(int, pointer to int, pointer to array unknown of int) returning void"},
      {"void (int T, int a[2][(T) + 1])", "function(int, pointer to array unknown of int) returning void"},
      {"void (void (*f)(int N), int a[2][N])",
       "function(pointer to function(int) returning void, pointer to array 3 of int) returning void"},
      {"void (int n, int a[2][N])", "function(int, pointer to array 3 of int) returning void"},
  };
  for (const Row& row : rows) expect_words(row);
}

TEST(CparseStandards, BoundsThatAreWrong) {
  const Row rows[] = {
      {"void f(int n, int a[n][-1]);", "the array size is negative near '-' at line 1, column 24"},
      {"void f(int n, int a[n][1.5]);", "an array size must be an integer near '1.5' at line 1, column 24"},
      {"void f(int n, int a[n][q]);", "undeclared identifier 'q' at line 1, column 24"},
      {"void f(int n, int a[n +]);", "expected an expression, got ']' at line 1, column 24"},
      {"void f(int n, int a[2][]);", "array of incomplete type 'int []' near '[' at line 1, column 20"},
      {"void f(int n, struct { int a[n]; } *s);",
       "the value of a variable is not constant near 'n' at line 1, column 30"},
      {"void f(int n, int a[n]); extern int b[n];", "undeclared identifier 'n' at line 1, column 39"},
      {"extern int a[*];", "expected an expression, got ']' at line 1, column 15"},
  };
  for (const Row& row : rows) {
    TypeTable types(kX64SysV);
    EXPECT_EQ(cdef(types, row.text), row.expected) << row.text;
  }
}

// C11 6.9.1p6, p13: the parameters arrive promoted.
TEST(CparseStandards, DefinitionsOfOldStyle) {
  const Row rows[] = {
      {"int f(a, b) int a; char *b; { return a; }", "function(int, pointer to char) returning int"},
      {"double f(x, c, s) float x; char c; unsigned short s; { }", "function(double, int, int) returning double"},
      {"int f(a, b) char *b; { }", "function(int, pointer to char) returning int"},
      {"int f(a, b, c) register int a, b; double *c; { }", "function(int, int, pointer to double) returning int"},
      {"int f(n, a) int n; int a[n][n]; { }", "function(int, pointer to array unknown of int) returning int"},
      {"int f(a, g) int g(); int a[]; { }",
       "function(pointer to int, pointer to function() returning int) returning int"},
      {"char *f(b) _Bool b; { }", "function(int) returning pointer to char"},
      {"static int (*f(a))(int) long a; { }", "function(int64_t) returning pointer to function(int) returning int"},
      {"int f(); int f(a) long a; { }", "function(int64_t) returning int"},
      {"int g(int); int f(x) int x; { } int h(a) long a; { }", "function(int) returning int"},
  };
  for (const Row& row : rows) {
    TypeTable types(kX64SysV);
    EXPECT_EQ(cdef(types, row.text), "") << row.text;
    const Symbol* f = symbol(types, "f");
    ASSERT_NE(f, nullptr) << row.text;
    EXPECT_EQ(describe(types, f->type), row.expected) << row.text;
    EXPECT_TRUE(f->inline_body) << row.text;
  }
  const Row wrong[] = {
      {"int f(a);", "unknown type name 'a' at line 1, column 7"},
      {"int f(a, b);", "unknown type name 'a' at line 1, column 7"},
      {"int f(foo x);", "unknown type name 'foo' at line 1, column 7"},
      {"int f(FOO int x);", "unknown type name 'FOO' (a macro that is not defined?) at line 1, column 7"},
      {"int f(a, int b);", "unknown type name 'a' at line 1, column 7"},
      {"int f(a, size_t b) {}", "unknown type name 'a' at line 1, column 7"},
      {"typedef int f(a);", "unknown type name 'a' at line 1, column 15"},
      {"int (*f(a))(b);", "unknown type name 'b' at line 1, column 13"},
      {"int (*f(a))(int);", "unknown type name 'a' at line 1, column 9"},
      {"int f(a) int b; {}", "'b' is not among the parameters of 'f' at line 1, column 14"},
      {"int f(a) int a, a; {}", "'a' is twice among the parameters of 'f' at line 1, column 17"},
      {"int f(a) void a; {}", "parameter 'a' has type 'void' at line 1, column 15"},
      {"int f(a) int a {}", "expected ';' after the parameter, got '{' at line 1, column 16"},
      {"int f(a) int a;", "expected a type, got end of text at line 1, column 16"},
  };
  for (const Row& row : wrong) {
    TypeTable types(kX64SysV);
    EXPECT_EQ(cdef(types, row.text), row.expected) << row.text;
  }
}

// gcc 12 takes [[...]] everywhere with -std=gnu2x, and says what a gnu:: one means where.
TEST(CparseStandards, AttributesInBrackets) {
  if (!have_gcc()) GTEST_SKIP() << "no gcc here";
  const char* declarations[] = {
      "struct T1 { char a; int b; } [[gnu::packed]]; typedef struct T1 T;",
      "typedef int T [[gnu::aligned(16)]];",
      "typedef float T [[gnu::vector_size(16)]];",
      "typedef float [[gnu::vector_size(16)]] T;",
      "[[gnu::vector_size(16)]] typedef float T;",
      "typedef struct { char a; int b [[gnu::aligned(8)]]; } T;",
      "typedef struct { char a; [[gnu::aligned(8)]] int b; } T;",
      "typedef struct { char a; int [[gnu::aligned(8)]] b; } T;",
      "typedef struct { char a; [[gnu::packed]] int b; } T;",
      "typedef struct { char a; int b [[gnu::packed]]; } T;",
      "typedef struct { char a; int [[gnu::packed]] b; } T;",
      "typedef struct { char a; int b[2] [[gnu::packed]]; } T;",
      "typedef struct { char a; int b [[gnu::packed]] [2]; } T;",
      "typedef int T [[gnu::mode(DI)]];",
      "[[gnu::mode(DI)]] typedef int T;",
      "typedef int T[2] [[gnu::aligned(16)]];",
      "typedef int *T [[gnu::aligned(32)]];",
      "enum [[gnu::packed]] E { E1 }; typedef enum E T;",
      "enum E { E1 } [[gnu::packed]]; typedef enum E T;",
      "struct [[gnu::aligned(32)]] S { char c; }; typedef struct S T;",
      "[[gnu::packed]] struct S { char c; int x; }; typedef struct S T;",
      "struct [[gnu::packed, deprecated]] [[__gnu__::__aligned__(2)]] S { char c; int x; }; typedef struct S T;",
      "typedef struct { char a; int b [[deprecated]], c; int d [[x::y(1, \"]]\")]] : 3; } T;",
      "typedef union [[gnu::packed]] { int *a; char b[9]; } T;",
  };
  std::string program = "#include <stdio.h>\nint main(void) {\n";
  for (const char* text : declarations)
    program += std::string("{ ") + text + " printf(\"%zu %zu\\n\", sizeof(T), _Alignof(T)); }\n";
  std::vector<std::string> lines = run_c(program + "}\n");
  ASSERT_EQ(lines.size(), std::size(declarations));
  for (size_t i = 0; i < lines.size(); ++i) {
    TypeTable types(host_target());
    EXPECT_EQ(cdef(types, declarations[i]), "") << declarations[i];
    const TypeId id = type_of(types, "T");
    EXPECT_EQ(std::to_string(types[id].size) + " " + std::to_string(types[id].align), lines[i]) << declarations[i];
  }
}

TEST(CparseStandards, AttributesAreNoArrays) {
  const Row rows[] = {
      {"int [[x]]", "int"},
      {"int [[x]] *", "pointer to int"},
      {"int * [[x]] const", "const pointer to int"},
      {"int *[3]", "array 3 of pointer to int"},
      {"int * [[x]] [3]", "array 3 of pointer to int"},
      {"int [[x]] [3] [[y]] [4]", "array 3 of array 4 of int"},
      {"int (*[3])[[x]][4]", "array 3 of pointer to array 4 of int"},
      {"void (int [[x]], char c [[y]], int [[z]] [2])", "function(int, char, pointer to int) returning void"},
      {"int f [[x]] (void) [[y]]", "pointer to function() returning int"},
      {"int [[]] [[, a, , b::c(1, [2]), d(\"]]\")]]", "int"},
  };
  for (const Row& row : rows) {
    TypeTable types(kX64SysV);
    EXPECT_EQ(describe(types, type_of(types, row.text)), row.expected) << row.text;
  }
  const Row wrong[] = {
      {"int x[[gnu::aligned(3)]];", "the alignment 3 is not a power of two up to 2^28 near '3' at line 1, column 21"},
      {"int x[[a;", "expected ']]' after the attributes, got ';' at line 1, column 9"},
      {"int [[x] y;", "expected ']]' after the attributes, got 'y' at line 1, column 10"},
      {"struct [x] s;", "expected '[[' of attributes, got 'x' at line 1, column 9"},
      {"[[x:y]] int z;", "expected '::', got 'y' at line 1, column 5"},
      {"enum { A [1] };", "expected '[[' of attributes, got '1' at line 1, column 11"},
  };
  for (const Row& row : wrong) {
    TypeTable types(kX64SysV);
    EXPECT_EQ(cdef(types, row.text), row.expected) << row.text;
  }
}

TEST(CparseStandards, Accepted) {
  const char* texts[] = {
      "[[deprecated]] int f(void);",
      "[[deprecated(\"x]]\")]] int f([[maybe_unused]] int a, int b [[maybe_unused]]) [[unsequenced]];",
      "[[fallthrough]];",
      "extern \"C\" { [[noreturn]] void f(void); }",
      "enum [[deprecated]] e { A [[deprecated]], B [[deprecated(\"no\")]] = 5, C __attribute__((deprecated)) };",
      "static_assert(1); _Static_assert(sizeof(int) == 4); static_assert(1, \"a\" \"b\");",
      "__extension__ _Static_assert(1, \"x\"); __extension__ typedef int t;",
      "struct s { int a; static_assert(sizeof(int) == 4); __extension__ _Static_assert(1, \"x\"); __extension__ int b; "
      "};",
      "typedef __typeof__(nullptr) nullptr_t; void f(nullptr_t x);",
      "constexpr int c[] = {1, 2}; static constexpr char text[] = \"abc\"; constexpr void *p = nullptr;",
      "enum e : unsigned char; enum e : unsigned char { A = 255 };",
      "typedef unsigned char char8_t; char8_t c; typedef char u[sizeof u8\"abc\" == 4 ? 1 : -1];",
      "thread_local extern int a; extern thread_local int b; noreturn void die(void);",
      "typedef float _Float32; typedef double _Float64; typedef double _Float32x; typedef long double _Float64x; "
      "typedef __float128 _Float128; _Float32 f(_Float64);",
      "typedef char __int8; typedef long __int64; typedef long __int64; typedef __int64 t, *u; typedef __int8 v; "
      "extern __int64 f(__int8, __int64 x); struct s { __int64 m; const __int8 *p; }; typedef unsigned __int64 w;",
      "# 1 \"file.h\"\nstatic int a; static int b = 5, c[2] = {1, 2}; static double d = 2.5; static void *e = (void "
      "*)0;",
      "typedef signed __int8 b; typedef int int32_t; typedef int32_t __int32, *p; typedef unsigned __int32 u;",
      "typedef _Complex float __cfloat128 __attribute__((__mode__(__TC__)));",
      "void f(void (^b)(int)); typedef int (^t)(int, const char *); void (^g(int))(void); void h(void (^)(void));",
      "void qsort_b(void *, size_t, size_t, int (^ _Nonnull)(const void *, const void *));",
      "int a$b(int); struct s$1 { int x$y; };",
      "int * _Nullable_result f(int * _Nonnull p);",
      "\xef\xbb\xbfint f(int);",
  };
  for (const char* text : texts) {
    TypeTable types(kX64SysV);
    EXPECT_EQ(cdef(types, text), "") << text;
  }
}

TEST(CparseStandards, Constants) {
  const struct {
    const char* text;
    int64_t n;
  } rows[] = {
      {"constexpr int n = 5;", 5},
      {"static constexpr unsigned n = 7u;", 7},
      {"constexpr auto n = 1'000;", 1000},
      {"static const auto n = 0x1'0;", 16},
      {"enum { n = 0b1'01 };", 5},
      {"enum { n = 0B110u };", 6},
      {"enum { n = 0o17 };", 15},
      {"enum { n = 100'000'000'000ull };", 100000000000},
      {"enum { n = true + alignof(double) + (nullptr == 0) };", 10},
      {"enum { n = _Generic(1, int: 3, default: 4) };", 3},
      {"enum { n = _Generic((char)0, char: 7, int: 8) };", 7},
      {"enum { n = _Generic(\"a\", char *: 1, const char *: 2) };", 1},
      {"enum { n = _Generic((const int)1, const int: 1, int: 2) };", 2},
      {"enum { n = _Generic(int, int: 9, default: 1) };", 9},
      {"enum { n = _Generic(const int, int: 9, const int: 1) };", 1},
      {"typedef long __int64; enum { n = _Generic((__int64)0, long: 1, long long: 2) };", 1},
      {"typedef char __int8; enum { n = _Generic((__int8)0, char: 1, signed char: 2) };", 1},
      {"enum { n = _Generic(1.0, double: 2, float: sizeof(int)) };", 2},
      {"typedef int t[_Generic(0L, default: 3)]; enum { n = sizeof(t) };", 12},
      {"typedef typeof_unqual(const int) a; typedef __typeof_unqual__(volatile short) b; "
       "enum { n = __builtin_types_compatible_p(a, int) + 2 * sizeof(b) };",
       5},
  };
  for (const auto& row : rows) {
    TypeTable types(kX64SysV);
    EXPECT_EQ(cdef(types, row.text), "") << row.text;
    const Symbol* n = symbol(types, "n");
    ASSERT_NE(n, nullptr) << row.text;
    EXPECT_EQ(n->kind, Symbol::Kind::constant) << row.text;
    EXPECT_EQ(n->constant.integer, row.n) << row.text;
  }
}

// clang 14 has the same sizes on x86-64 (N3220 and the psABI say the same): size, alignment, offset behind a char.
TEST(CparseStandards, BitInt) {
  const struct {
    const char* text;
    unsigned size, align;
  } rows[] = {
      {"_BitInt(2)", 1, 1},    {"_BitInt(8)", 1, 1},          {"_BitInt(9)", 2, 2},   {"_BitInt(17) unsigned", 4, 4},
      {"_BitInt(33)", 8, 8},   {"signed _BitInt(64)", 8, 8},  {"_BitInt(65)", 16, 8}, {"unsigned _BitInt(100)", 16, 8},
      {"_BitInt(128)", 16, 8}, {"unsigned _BitInt(1)", 1, 1},
  };
  TypeTable types(kX64SysV);
  for (const auto& row : rows) {
    const Type& t = types[type_of(types, row.text)];
    EXPECT_EQ(t.size, row.size) << row.text;
    EXPECT_EQ(t.align, row.align) << row.text;
  }
  EXPECT_EQ(spell(types, type_of(types, "const unsigned _BitInt(12) *")), "const unsigned _BitInt(12) *");
  TypeTable i386(kI386SysV);
  EXPECT_EQ(i386[type_of(i386, "_BitInt(40)")].align, 4u);
  EXPECT_EQ(type_error(i386, "_BitInt(65)"), "'_BitInt(65)' is wider than 64 bits near '_BitInt' at line 1, column 1");
  TypeTable a64(kArm64Linux);
  EXPECT_EQ(a64[type_of(a64, "_BitInt(65)")].align, 16u);
  EXPECT_EQ(cdef(types, "enum { n = sizeof(3wb) + sizeof(200uwb) * 10 + sizeof(0wb) * 100 };"), "");
  EXPECT_EQ(symbol(types, "n")->constant.integer, 111);
  EXPECT_EQ(cdef(types, "enum { m = (_BitInt(4))9 };"), "");
  EXPECT_EQ(symbol(types, "m")->constant.integer, -7);
}

TEST(CparseStandards, ComplexIntegers) {
  const Row rows[] = {
      {"int _Complex", "complex int"},
      {"_Complex unsigned", "complex unsigned int"},
      {"_Complex signed char", "complex signed char"},
      {"char _Complex", "complex char"},
      {"unsigned short int _Complex", "complex unsigned short"},
      {"_Complex long", "complex long long"},
      {"long long _Complex", "complex long long"},
      {"unsigned long long _Complex", "complex unsigned long long"},
      {"_Complex long double", "complex long double"},
      {"_Complex", "complex"},
      {"const __int128 _Complex", "const complex __int128"},
  };
  TypeTable types(kX64SysV);
  for (const Row& row : rows) {
    const TypeId id = type_of(types, row.text);
    EXPECT_EQ(spell(types, id), row.expected) << row.text;
    EXPECT_EQ(type_of(types, spell(types, id)), id) << row.text;
  }
}

// sal.h's words say nothing to a caller where nobody has declared them, and are names where a name is expected.
TEST(CparseStandards, Annotations) {
  const Row rows[] = {
      {"int f(_In_ int a, _Out_opt_ int *b, _In_z_ const char *c);",
       "function(int, pointer to int, pointer to const char) returning int"},
      {"int f(_In_reads_(n) const int *a, _Out_writes_bytes_to_opt_(n, *m) void *b, int n, int *m);",
       "function(pointer to const int, pointer to void, int, pointer to int) returning int"},
      {"_Ret_maybenull_ _Must_inspect_result_ void *f(_Inout_ int *p);",
       "function(pointer to int) returning pointer to void"},
      {"_Success_(return == 0) _Check_return_ int f(_Outptr_result_maybenull_ void **p);",
       "function(pointer to pointer to void) returning int"},
      {"_Use_decl_annotations_ int f(const _In_ int *_Out_ a);", "function(pointer to const int) returning int"},
      {"void f(_When_(p != 0, _In_) int p, _Printf_format_string_ const char *s, ...);",
       "function(int, pointer to const char, ...) returning void"},
      {"typedef _Null_terminated_ char *S; int f(_Pre_notnull_ _Post_invalid_ S s);",
       "function(pointer to char) returning int"},
      {"int f(__in int a, __out int *b, __deref_out_opt void **e, __in_ecount(3) char *c);",
       "function(int, pointer to int, pointer to pointer to void, pointer to char) returning int"},
      {"int f(int _In_, int *_Out_, int (*__in)(int __out));",
       "function(int, pointer to int, pointer to function(int) returning int) returning int"},
      {"typedef char _In_; _In_ f(_In_ _In_, const _In_ *_Out_);",
       "function(char, pointer to const char) returning char"},
      {"struct s { _Field_size_(n) int *_Out_; int _In_; }; int f(struct s);", "function(struct s) returning int"},
  };
  for (const Row& row : rows) {
    TypeTable types(kX64SysV);
    EXPECT_EQ(cdef(types, row.text), "") << row.text;
    ASSERT_NE(symbol(types, "f"), nullptr) << row.text;
    EXPECT_EQ(describe(types, symbol(types, "f")->type), row.expected) << row.text;
  }
  TypeTable types(kX64SysV);
  EXPECT_EQ(cdef(types, "_Inn_ int x;"),
            "unknown type name '_Inn_' (a macro that is not defined?) at line 1, column 1");
  EXPECT_EQ(cdef(types, "_In_ x;"), "unknown type name 'x' at line 1, column 6");
  EXPECT_EQ(symbol(types, "_In_"), nullptr);
}

// Line markers as gcc -E writes them: 1 enters a file, 2 comes back.
TEST(CparseStandards, LineMarkers) {
  const Row rows[] = {
      {"# 12 \"file.h\"\nfoo x;", "unknown type name 'foo' at file.h:12:1"},
      {"#line 7\n\n  foo x;", "unknown type name 'foo' at line 8, column 3"},
      {"#line 7 \"a b.h\"\nfoo x;", "unknown type name 'foo' at a b.h:7:1"},
      {"# 1 \"m.c\"\n# 1 \"<built-in>\"\n# 1 \"m.c\"\n# 1 \"b.h\" 1\nint x;\nfoo y;",
       "unknown type name 'foo' at b.h:2:1 (included at m.c:1)"},
      {"# 1 \"m.c\"\n\n# 1 \"b.h\" 1\nint x;\n# 1 \"c.h\" 1 3 4\n\nfoo y;\n# 3 \"b.h\" 2\n",
       "unknown type name 'foo' at c.h:2:1 (included at b.h:2, m.c:2)"},
      {"# 1 \"m.c\"\n# 1 \"b.h\" 1\nint x;\n# 1 \"c.h\" 1\n\nint y;\n# 3 \"b.h\" 2\nfoo z;",
       "unknown type name 'foo' at b.h:3:1 (included at m.c:1)"},
      {"# 1 \"m.c\"\n# 1 \"b.h\" 1\nint x;\n# 2 \"m.c\" 2\nfoo z;", "unknown type name 'foo' at m.c:2:1"},
      {"# 1 \"m.c\" 2\nfoo z;", "unknown type name 'foo' at m.c:1:1"},
  };
  for (const Row& row : rows) {
    TypeTable types(kX64SysV);
    EXPECT_EQ(cdef(types, row.text), row.expected) << row.text;
  }
}

}  // namespace
}  // namespace ferry::cparse::testing
