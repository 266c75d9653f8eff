// Malformed declarations: what the message says, the token, the place.
#include "cparse_testing.h"

namespace ferry::cparse::testing {
namespace {

struct Row {
  const char* text;
  const char* expected;
};

TEST(CparseError, Declarations) {
  const Row rows[] = {
      {"int", "expected a name to declare, got end of text at line 1, column 4"},
      {"int a b;", "expected ';' after declaration, got 'b' (is 'a' a macro that is not defined?) at line 1, column 7"},
      {"\n\nint a b;",
       "expected ';' after declaration, got 'b' (is 'a' a macro that is not defined?) at line 3, column 7"},
      {"int a; int b", "expected ';' after declaration, got end of text at line 1, column 13"},
      {"foo bar;", "unknown type name 'foo' at line 1, column 1"},
      {"int a; foo bar;", "unknown type name 'foo' at line 1, column 8"},
      {"struct s { foo x; };", "unknown type name 'foo' at line 1, column 12"},
      {"typedef foo foo;", "unknown type name 'foo' at line 1, column 9"},
      {"int f(foo);", "unknown type name 'foo' at line 1, column 7"},
      {"int f(a, b);", "unknown type name 'a' at line 1, column 7"},
      {"struct", "expected a tag or '{' after struct, got end of text at line 1, column 7"},
      {"struct {", "expected a type, got end of text at line 1, column 9"},
      {"struct { int x }", "expected ';' after the member, got '}' at line 1, column 16"},
      {"struct { int; };", "expected the name of a member, got ';' at line 1, column 13"},
      {"struct { int x, };", "expected a name to declare, got '}' at line 1, column 17"},
      {"struct { void x; };", "member 'x' has incomplete type 'void' at line 1, column 15"},
      {"struct { int x(void); };", "member 'x' is declared as a function at line 1, column 14"},
      {"struct s { int x; int x; };", "duplicate member 'x' in 'struct s' at line 1, column 8"},
      {"struct { int a[]; int b; };",
       "field 'a' is a flexible array 'int []' but not the last member near '{' at line 1, column 8"},
      {"struct { int a : 33; };",
       "the width 33 of a bit-field does not fit its type 'int' near '33' at line 1, column 18"},
      {"struct { int a : -1; };",
       "the width -1 of a bit-field does not fit its type 'int' near '-' at line 1, column 18"},
      {"struct { int a : 0; };", "bit-field 'a' has no bits at line 1, column 14"},
      {"struct { float f : 3; };",
       "a bit-field has type 'float', which is not an integer near '3' at line 1, column 20"},
      {"struct { int : ; };", "expected an expression, got ';' at line 1, column 16"},
      {"struct { static int x = 1; };",
       "a static member must be 'const' and have a value near 'x' at line 1, column 21"},
      {"struct { typedef int x; };", "storage class 'typedef' is not allowed here at line 1, column 10"},
      {"enum { A B };", "expected ',' or '}' in the enum, got 'B' at line 1, column 10"},
      {"enum { , };", "expected the name of an enum constant, got ',' at line 1, column 8"},
      {"enum { };", "expected the name of an enum constant, got '}' at line 1, column 8"},
      {"enum { A = };", "expected an expression, got '}' at line 1, column 12"},
      {"enum { A = 1.5 };", "the value of an enum constant must be an integer near '1.5' at line 1, column 12"},
      {"enum { A = 0xffffffffffffffff, B };",
       "the value of the enum constant 'B' does not fit 64 bits at line 1, column 32"},
      {"enum { A = -1, B = 0xffffffffffffffff };",
       "no integer type holds all constants of this enum near '{' at line 1, column 6"},
      {"enum e : char { A = 200 };", "the value of the enum constant 'A' does not fit 'char' at line 1, column 17"},
      {"enum e : float { A };", "the type of an enum must be an integer type near 'float' at line 1, column 10"},
      {"int a[-1];", "the array size is negative near '-' at line 1, column 7"},
      {"int a[1.5];", "an array size must be an integer near '1.5' at line 1, column 7"},
      {"int a[n];", "undeclared identifier 'n' at line 1, column 7"},
      {"int a[1;", "expected ']', got ';' at line 1, column 8"},
      {"int a[1<<62];",
       "the shift count is negative or not below the width of the left operand near '1' at line 1, column 7"},
      {"int a[1ull<<62];", "size of array of 4611686018427387904 'int' is too large near '[' at line 1, column 6"},
      {"void a[3];", "array of incomplete type 'void' near '[' at line 1, column 7"},
      {"int a[2][];", "array of incomplete type 'int []' near '[' at line 1, column 6"},
      {"int f(int)[3];", "function returning an array 'int [3]' near 'int' at line 1, column 7"},
      {"int f(int)(int);", "function returning a function 'int (int)' near 'int' at line 1, column 7"},
      {"int (a[3])(int);", "array of functions 'int (int)' near '[' at line 1, column 7"},
      {"int &a[3];", "array of references 'int &' near '[' at line 1, column 7"},
      {"int &*p;", "there are no pointers to references near '*' at line 1, column 6"},
      {"int f(void, int);", "a parameter has type 'void' at line 1, column 7"},
      {"int f(void x);", "parameter 1 has type 'void' near 'x' at line 1, column 12"},
      {"int f(int;", "expected ')' after the parameters, got ';' at line 1, column 10"},
      {"int f(int,);", "expected a type, got ')' at line 1, column 11"},
      {"int f(static int x);", "storage class 'static' is not allowed here at line 1, column 7"},
      {"int (*a;", "expected ')', got ';' at line 1, column 8"},
      {"int (*)(int) b;", "expected a name to declare, got ')' at line 1, column 7"},
      {"int *;", "expected a name to declare, got ';' at line 1, column 6"},
      {"int 5;", "expected a name to declare, got '5' at line 1, column 5"},
      {"int int x;", "two types, or one twice, in a declaration, got 'int' at line 1, column 5"},
      {"unsigned float x;", "these words do not make a type together near 'unsigned' at line 1, column 1"},
      {"signed unsigned x;", "these words do not make a type together near 'signed' at line 1, column 1"},
      {"long char x;", "these words do not make a type together near 'long' at line 1, column 1"},
      {"struct s int x;", "expected a declarator after the type, got 'int' at line 1, column 10"},
      {"typedef static int x;", "more than one storage class, got 'static' at line 1, column 9"},
      {"static int x;",
       "the static variable 'x' has no symbol to be found by; only 'static const' with a value can be declared at line "
       "1, column 12"},
      {"static int x = 1;", "the static variable 'x' is not 'const', so its value is not known at line 1, column 12"},
      {"static const int x = f();", "undeclared identifier 'f' at line 1, column 22"},
      {"void x;", "the variable 'x' has type 'void' at line 1, column 6"},
      {"int x __attribute__((aligned(3)));",
       "the alignment 3 is not a power of two up to 2^28 near '3' at line 1, column 30"},
      {"int x __attribute__((mode(XX)));", "expected a machine mode, got 'XX' at line 1, column 27"},
      {"int x __attribute__((packed;", "expected ')' after the attributes, got ';' at line 1, column 28"},
      {"int x __attribute__ packed;", "expected '(' after __attribute__, got 'packed' at line 1, column 21"},
      {"float x __attribute__((mode(SI)));", "this mode is for integer types near 'x' at line 1, column 7"},
      {"int f(void) __asm__(5);", "expected a string, got '5' at line 1, column 21"},
      {"int f(void) __asm__(\"\");", "this asm label names no symbol near '\"\"' at line 1, column 21"},
      {"_Static_assert(sizeof(int) == 5, \"not five\");",
       "static assertion failed: not five near 'sizeof' at line 1, column 16"},
      {"}", "expected a declaration, got '}' at line 1, column 1"},
      {"extern \"C\" { int x;", "expected '}' to close extern \"C\", got end of text at line 1, column 20"},
      {"int f(void) { return 0;", "the function body has no end near '{' at line 1, column 13"},
      {"int x = ;;", ""},
      {"int x = (1;", "expected the end of the initialiser, got end of text at line 1, column 12"},
      {"/* c", "unterminated comment, got '/' at line 1, column 1"},
      {"int x; \"abc", "unterminated string, got '\"' at line 1, column 8"},
      {"int @;", "stray character, got '@' at line 1, column 5"},
      {"int \x01;", "stray character, got '\\x01' at line 1, column 5"},
  };
  for (const Row& row : rows) {
    TypeTable types(kX64SysV);
    EXPECT_EQ(cdef(types, row.text), row.expected) << row.text;
  }
}

TEST(CparseError, Types) {
  const Row rows[] = {
      {"", "expected a type, got end of text at line 1, column 1"},
      {"  ", "expected a type, got end of text at line 1, column 3"},
      {"int;", "expected end of type, got ';' at line 1, column 4"},
      {"int x y", "expected end of type, got 'x' at line 1, column 5"},
      {"int f(int) g", "expected end of type, got 'g' at line 1, column 12"},
      // A name is a prototype's; anything else is a misspelt word of the type.
      {"unsigned itn", "expected end of type, got 'itn' (did you mean 'int'?) at line 1, column 10"},
      {"char *cosnt", "expected end of type, got 'cosnt' (did you mean 'const'?) at line 1, column 7"},
      {"unsigned doubel[3]", "expected end of type, got 'doubel' (did you mean 'double'?) at line 1, column 10"},
      {"struct { int a; } s", "expected end of type, got 's' at line 1, column 19"},
      {"int, int", "expected end of type, got ',' at line 1, column 4"},
      {"printf", "unknown type name 'printf' at line 1, column 1"},
      {"const", "expected a type, got end of text at line 1, column 6"},
      {"typedef int x", "storage class 'typedef' is not allowed here at line 1, column 1"},
      {"extern int x", "storage class 'extern' is not allowed here at line 1, column 1"},
      {"*", "expected a type, got '*' at line 1, column 1"},
      {"struct nothing *", "undeclared tag 'struct nothing' at line 1, column 8"},
      {"enum nothing", "undeclared tag 'enum nothing' at line 1, column 6"},
      {"int (*", "expected ')', got end of text at line 1, column 7"},
      {"int [", "expected an expression, got end of text at line 1, column 6"},
      {"int [[1]]", "expected the name of an attribute, got '1' at line 1, column 7"},
      {"union { double x; int a[?]; }", "a union has a member of variable size near '{' at line 1, column 7"},
  };
  for (const Row& row : rows) {
    TypeTable types(kX64SysV);
    ASSERT_EQ(cdef(types, "int printf(const char *, ...);"), "");
    EXPECT_EQ(type_error(types, row.text), row.expected) << row.text;
  }
}

TEST(CparseError, TokensAreShortenedAndEscaped) {
  TypeTable types(kX64SysV);
  EXPECT_EQ(cdef(types, std::string(100, 'x') + " y;"),
            "unknown type name '" + std::string(40, 'x') + "...' at line 1, column 1");
  EXPECT_EQ(cdef(types, std::string_view("int a;\0", 7)), "stray character, got '\\x00' at line 1, column 7");
}

// Every prefix of a text, and the text with every token doubled, gives a result and leaves the table whole.
TEST(CparseError, PrefixesAndDoubledCharacters) {
  const std::string text =
      "typedef struct node { struct node *next; union { int i[3]; double d; } v; unsigned b : 3; } node;\n"
      "enum e { A = 1 << 2, B = sizeof(node) }; int f(const char *fmt, ...) __attribute__((format(printf, 1, 2)));\n"
      "#define N (A + 1)\n#pragma pack(push, 1)\nextern \"C\" { static inline int g(int a[static N]) { return a[0]; } "
      "}\n"
      "static const int K = 'x' ? 0x10 : 1.5e3; __typeof__(K) (*table[N])(node *, enum e : 3); _Alignas(8) char c;";
  for (size_t n = 0; n <= text.size(); ++n) {
    TypeTable types(kX64SysV);
    const uint32_t size = types.size();
    const bool failed = !cdef(types, std::string_view(text).substr(0, n)).empty();
    EXPECT_TRUE(!failed || types.size() == size) << n;
    (void)parse_type(types, std::string_view(text).substr(0, n));
    (void)parse_type(types, std::string_view(text).substr(n));
    (void)parse_constant(types, std::string_view(text).substr(n));
    for (char extra : {'(', '}', '*', ';', '"', '\'', '#', '$', '\\', '\n', '\0', '5', 'x'}) {
      std::string changed = text;
      changed.insert(n, 1, extra);
      TypeTable fresh(kX64SysV);
      (void)cdef(fresh, changed);
    }
  }
}

}  // namespace
}  // namespace ferry::cparse::testing
