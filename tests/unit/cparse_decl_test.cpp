// Declarations and type names -> types, as rows: C text, and the type in words. Sizes are checked against gcc.
#include "cparse_testing.h"

namespace ferry::cparse::testing {
namespace {

struct Row {
  const char* text;
  const char* expected;
};

// C11 6.7.6, read from the inside out; the words of K&R's `dcl` program. A declaration that names a function is taken
// for the pointer to it (luaffifb), an abstract one is the function.
constexpr Row kTypes[] = {
    {"int", "int"},
    {"int *", "pointer to int"},
    {"int **", "pointer to pointer to int"},
    {"int", "int"},
    {"int [3]", "array 3 of int"},
    {"int [3][4]", "array 3 of array 4 of int"},
    {"int *[3]", "array 3 of pointer to int"},
    {"int (*)[3]", "pointer to array 3 of int"},
    {"int ([3])[4]", "array 3 of array 4 of int"},
    {"int []", "array unknown of int"},
    {"int [?]", "array ? of int"},
    {"int (*f[3])(char)", "array 3 of pointer to function(char) returning int"},
    {"int f(void)", "pointer to function() returning int"},
    {"int f()", "pointer to function() returning int"},
    {"int (void)", "function() returning int"},
    {"int f(int a, char *b)", "pointer to function(int, pointer to char) returning int"},
    {"int f(int, ...)", "pointer to function(int, ...) returning int"},
    {"int (*)(int)", "pointer to function(int) returning int"},
    {"int (int)", "function(int) returning int"},
    {"int *(int)", "function(int) returning pointer to int"},
    {"int (**)(int)", "pointer to pointer to function(int) returning int"},
    {"int (*(int))(char)", "function(int) returning pointer to function(char) returning int"},
    {"void (*signal(int sig, void (*func)(int)))(int)",
     "pointer to function(int, pointer to function(int) returning void) returning pointer to function(int) returning "
     "void"},
    {"char (*(*x())[5])()",
     "pointer to function() returning pointer to array 5 of pointer to function() returning char"},
    {"char (*(*x[3])())[5]", "array 3 of pointer to function() returning pointer to array 5 of char"},
    {"int (*(*)(void))[2]", "pointer to function() returning pointer to array 2 of int"},
    // parameters are adjusted, C11 6.7.6.3p7, p8, p15
    {"void f(int a[])", "pointer to function(pointer to int) returning void"},
    {"void f(int a[3])", "pointer to function(pointer to int) returning void"},
    {"void f(int a[const 3])", "pointer to function(pointer to int) returning void"},
    {"void f(int a[restrict])", "pointer to function(pointer to int) returning void"},
    {"void f(int n, int a[n])", "pointer to function(int, pointer to int) returning void"},
    {"void f(int n, int a[*])", "pointer to function(int, pointer to int) returning void"},
    {"void f(int n, int a[__restrict n + 1][2])", "pointer to function(int, pointer to array 2 of int) returning void"},
    {"void f(int a[2][3])", "pointer to function(pointer to array 3 of int) returning void"},
    {"void f(int g(char))", "pointer to function(pointer to function(char) returning int) returning void"},
    {"void f(int (char))", "pointer to function(pointer to function(char) returning int) returning void"},
    {"void f(const int x)", "pointer to function(int) returning void"},
    {"void f(int *const x)", "pointer to function(pointer to int) returning void"},
    {"void f(const int a[])", "pointer to function(pointer to const int) returning void"},
    {"void f(register int x)", "pointer to function(int) returning void"},
    {"void f(int (x))", "pointer to function(int) returning void"},
    {"void f(size_t)", "pointer to function(uint64_t) returning void"},
    {"void f(int (size_t))", "pointer to function(pointer to function(uint64_t) returning int) returning void"},
    {"const int f(void)", "pointer to function() returning int"},
    // qualifiers
    {"const int", "const int"},
    {"int const", "const int"},
    {"int const volatile", "const volatile int"},
    {"const int *", "pointer to const int"},
    {"int *const", "const pointer to int"},
    {"int const *const", "const pointer to const int"},
    {"int *restrict", "restrict pointer to int"},
    {"int *__restrict__ volatile", "volatile restrict pointer to int"},
    {"const int [3]", "array 3 of const int"},
    {"_Atomic int", "_Atomic int"},
    {"_Atomic(int)", "_Atomic int"},
    {"_Atomic(int *)", "atomic pointer to int"},
    {"volatile int *(* const *[5][10])(void)",
     "array 5 of array 10 of pointer to const pointer to function() returning pointer to volatile int"},
    {"const const int", "const int"},
    // specifiers in any order, C11 6.7.2p2
    {"char", "char"},
    {"signed char", "signed char"},
    {"char unsigned", "unsigned char"},
    {"short", "short"},
    {"short int", "short"},
    {"int signed short", "short"},
    {"unsigned short int", "unsigned short"},
    {"unsigned", "unsigned int"},
    {"signed", "int"},
    {"long", "int64_t"},
    {"long int", "int64_t"},
    {"int long unsigned", "uint64_t"},
    {"long long", "int64_t"},
    {"long int long", "int64_t"},
    {"unsigned long long int", "uint64_t"},
    {"float", "float"},
    {"double", "double"},
    {"long double", "long double"},
    {"double long", "long double"},
    {"_Bool", "bool"},
    {"bool", "bool"},
    {"float _Complex", "complex float"},
    {"complex float", "complex float"},
    {"double complex", "complex"},
    {"complex double", "complex"},
    {"complex", "complex"},
    {"_Complex", "complex"},
    {"complex long double", "complex long double"},
    {"long double complex", "complex long double"},
    {"__complex__ double", "complex"},
    {"__int128", "__int128"},
    {"unsigned __int128", "unsigned __int128"},
    {"__int8", "signed char"},
    {"unsigned __int16", "unsigned short"},
    {"__int32", "int"},
    {"__int64", "int64_t"},
    {"_Float16", "_Float16"},
    {"__bf16", "__bf16"},
    {"_Decimal32", "_Decimal32"},
    {"const _Decimal128", "const _Decimal128"},
    {"_Float32", "float"},
    {"_Float64", "double"},
    {"_Float32x", "double"},
    {"_Float64x", "long double"},
    {"_Float128", "_Float128"},
    {"__float128", "_Float128"},
    {"__signed__ char", "signed char"},
    // predefined names
    {"int8_t", "signed char"},
    {"uint8_t", "unsigned char"},
    {"int64_t", "int64_t"},
    {"uint_least16_t", "unsigned short"},
    {"int_fast16_t", "int64_t"},
    {"uint_fast8_t", "unsigned char"},
    {"intmax_t", "int64_t"},
    {"uintptr_t", "uint64_t"},
    {"ssize_t", "int64_t"},
    {"wchar_t", "int"},
    {"char16_t", "unsigned short"},
    {"char32_t", "unsigned int"},
    {"wint_t", "unsigned int"},
    {"time_t", "int64_t"},
    {"off_t", "int64_t"},
    {"__int128_t", "__int128"},
    {"va_list", "array 1 of struct __va_list_tag"},
    {"__builtin_va_list", "array 1 of struct __va_list_tag"},
    {"int f(va_list)", "pointer to function(pointer to struct __va_list_tag) returning int"},
    // typeof
    {"__typeof__(1 + 1ll)", "int64_t"},
    {"typeof(int *)", "pointer to int"},
    {"__typeof__(\"ab\")", "array 3 of char"},
    {"__typeof__(const int)", "const int"},
    {"typeof_unqual(const int)", "int"},
    // C++ and GNU
    {"int &", "reference to int"},
    {"const char &", "reference to const char"},
    {"int *&", "reference to pointer to int"},
    {"int f(int &, const double &)", "pointer to function(reference to int, reference to const double) returning int"},
    {"__extension__ int", "int"},
    {"int *_Nonnull", "pointer to int"},
    {"int *_Nullable", "pointer to int"},
    {"[[maybe_unused]] int", "int"},
    {"int f(int a __attribute__((unused)), ...)", "pointer to function(int, ...) returning int"},
    {"__inline int f(void)", "pointer to function() returning int"},
    {"_Noreturn void f(void)", "pointer to function() returning void"},
    // attributes
    {"int __attribute__((mode(QI)))", "signed char"},
    {"unsigned __attribute__((__mode__(__HI__)))", "unsigned short"},
    {"int __attribute__((mode(DI))) *", "pointer to int64_t"},
    {"int __attribute__(mode(QI))", "signed char"},
    {"int __attribute__((mode(word)))", "int64_t"},
    {"unsigned __attribute__((mode(pointer)))", "uint64_t"},
    {"float __attribute__((mode(DF)))", "double"},
    {"float __attribute__((mode(XF)))", "long double"},
    {"float __attribute__((mode(TF)))", "_Float128"},
    {"float __attribute__((mode(DD)))", "_Decimal64"},
    {"_Complex float __attribute__((mode(DC)))", "complex"},
    {"float __attribute__((mode(V4SF)))", "vector 4 of float"},
    {"int __attribute__((mode(__V2QI__)))", "vector 2 of signed char"},
    {"char __attribute__((vector_size(8)))", "vector 8 of char"},
    {"float __attribute__((vector_size(16))) *f(void)", "pointer to function() returning pointer to vector 4 of float"},
    {"int [3] __attribute__((vector_size(8)))", "array 3 of vector 2 of int"},
    {"int __attribute__((__nothrow__ , __leaf__, alloc_size (1, 2), foo(bar(baz)), const)) f(int *)",
     "pointer to function(pointer to int) returning int"},
    {"int f(void) __asm__(\"\" \"g\") __attribute__((pure))", "pointer to function() returning int"},
    {"__declspec(dllimport) int f(void)", "pointer to function() returning int"},
    {"int __declspec(align(8) deprecated(\"x\"))", "int __attribute__((aligned(8)))"},
    {"int * __ptr32", "unsigned int"},
    {"char *__ptr64", "pointer to char"},
};

TEST(CparseDecl, TypesInWords) {
  TypeTable types(kX64SysV);
  for (const Row& row : kTypes) EXPECT_EQ(describe(types, type_of(types, row.text)), row.expected) << row.text;
}

// gcc agrees with the words: each row's own text is compatible with what the words say, by size.
TEST(CparseDecl, SizesAsGccHasThem) {
  if (!have_gcc()) GTEST_SKIP() << "no gcc here";
  const char* texts[] = {
      "int *",
      "int [3][4]",
      "int *[3]",
      "int (*)[3]",
      "int (*[3])(char)",
      "char (*(*[3])())[5]",
      "long double",
      "double _Complex",
      "float _Complex",
      "long double _Complex",
      "__int128",
      "_Float128",
      "unsigned long long",
      "short [7]",
      "struct { char a; int b; short c; }",
      "union { char a[5]; short b; }",
      "struct { char a; double b; } [3]",
      "struct { int a : 3; unsigned b : 30; char c; }",
      "struct __attribute__((packed)) { char a; int b; }",
      "struct { char a; int b; } __attribute__((packed))",
      "struct __attribute__((aligned(32))) { char a; }",
      "struct { char a; int b __attribute__((packed)); }",
      "struct { char a; int b __attribute__((aligned(16))); char c; }",
      "struct { char a; _Alignas(8) char b; }",
      "struct { char a; _Alignas(double) char b; }",
      "struct { char a; __attribute__((aligned)) char b; }",
      "struct { char a; struct { char b; int c; }; union { short d; char e[3]; }; }",
      "struct { int n; int a[]; }",
      "struct { int n; char a[0]; }",
      "enum { A1 }",
      "enum { A2 = -1 }",
      "enum { A3 = 0x100000000 }",
      "enum __attribute__((packed)) { A4 = 200 }",
      "enum { A5 = -200 } __attribute__((packed))",
      "enum { A6 = 70000 } __attribute__((packed))",
      "char __attribute__((vector_size(16)))",
      "float __attribute__((vector_size(8)))",
      "int __attribute__((mode(HI)))",
      "struct { long double a; char b; }",
      "struct { char a; __int128 b; }",
      "struct { _Bool a : 1; _Bool b : 1; char c; }",
      "struct { char a; enum { A7, A8 } b : 2; int c : 30; }",
      "struct { int : 0; char a; int : 5; char b; }",
  };
  std::string program = "#include <stdio.h>\nint main(void) {\n";
  for (const char* text : texts) {
    program += std::string("{ typedef __typeof__(") + text + ") T; printf(\"%zu %zu\\n\", sizeof(T), _Alignof(T)); }\n";
  }
  std::vector<std::string> lines = run_c(program + "}\n");
  ASSERT_EQ(lines.size(), std::size(texts));
  TypeTable types(host_target());
  for (size_t i = 0; i < lines.size(); ++i) {
    TypeTable fresh(host_target());
    TypeId id = type_of(fresh, texts[i]);
    EXPECT_EQ(std::to_string(fresh[id].size) + " " + std::to_string(fresh[id].align), lines[i]) << texts[i];
  }
}

// What spell() writes is C again, of the same type.
TEST(CparseDecl, TextToTypeToText) {
  TypeTable types(kX64SysV);
  for (const Row& row : kTypes) {
    TypeId id = type_of(types, row.text);
    std::string text = spell(types, id);
    EXPECT_EQ(type_of(types, text), id) << row.text << " -> " << text;
    // Also with a name; parameters are no types, so a function's text is a declaration.
    EXPECT_EQ(
        cdef(types, spell(types, id, "declared_name") + ";"),
        types[id].count == kVla ? "the variable 'declared_name' has an array size of '?' at line 1, column 5" : "")
        << row.text;
  }
}

TEST(CparseDecl, Conventions) {
  const Row rows[] = {
      {"int __stdcall f(int)", "pointer to stdcall function(int) returning int"},
      {"__stdcall int f(int)", "pointer to stdcall function(int) returning int"},
      {"int __attribute__((stdcall)) f(int)", "pointer to stdcall function(int) returning int"},
      {"int f(int) __attribute__((fastcall))", "pointer to fastcall function(int) returning int"},
      {"int (__fastcall *f)(int)", "pointer to fastcall function(int) returning int"},
      {"int (*__stdcall f)(int)", "pointer to stdcall function(int) returning int"},
      {"int (__attribute__((__thiscall__)) *f)(int)", "pointer to thiscall function(int) returning int"},
      {"int (*f)(int) __attribute__((stdcall))", "pointer to stdcall function(int) returning int"},
      {"int (*__stdcall f(int))(char)",
       "pointer to stdcall function(int) returning pointer to function(char) returning int"},
      {"int (__stdcall *f(int))(char)",
       "pointer to function(int) returning pointer to stdcall function(char) returning int"},
      {"void f(int (_stdcall *)(int))",
       "pointer to function(pointer to stdcall function(int) returning int) returning void"},
      {"int __cdecl f(int)", "pointer to function(int) returning int"},
      {"int __attribute__((ms_abi)) f(int)", "pointer to function(int) returning int"},
  };
  TypeTable types(kWin32);
  for (const Row& row : rows) EXPECT_EQ(describe(types, type_of(types, row.text)), row.expected) << row.text;
  // Elsewhere there is but one convention for C, and on x86-64 another platform's.
  TypeTable x64(kX64SysV);
  EXPECT_EQ(describe(x64, type_of(x64, "int __stdcall (int)")), "function(int) returning int");
  EXPECT_EQ(describe(x64, type_of(x64, "int __attribute__((ms_abi)) (int)")), "ms_abi function(int) returning int");
  EXPECT_EQ(describe(x64, type_of(x64, "int __attribute__((sysv_abi)) (int)")), "function(int) returning int");
  TypeTable win64(kWin64);
  EXPECT_EQ(describe(win64, type_of(win64, "int __attribute__((sysv_abi)) (int)")),
            "sysv_abi function(int) returning int");
}

TEST(CparseDecl, Alignment) {
  TypeTable types(kX64SysV);
  struct {
    const char* text;
    uint64_t size;
    uint32_t align;
  } rows[] = {
      {"char __attribute__((aligned(8)))", 1, 8},
      {"__attribute__((aligned(8))) char", 1, 8},
      {"char __attribute((__aligned__(8)))", 1, 8},
      {"char __declspec(align(8))", 1, 8},
      {"char __attribute__((aligned))", 1, 16},
      {"int [10] __attribute__((aligned(8)))", 40, 8},
      {"char __attribute__((aligned(8))) const __attribute__((aligned(2)))", 1, 2},
      {"_Alignas(16) char", 1, 16},
      {"_Alignas(double) char", 1, 8},
      {"_Alignas(0) char", 1, 1},
  };
  for (const auto& row : rows) {
    TypeId id = type_of(types, row.text);
    EXPECT_EQ(types[id].size, row.size) << row.text;
    EXPECT_EQ(types[id].align, row.align) << row.text;
  }
  // immintrin.h: a vector that may lie anywhere
  ASSERT_EQ(cdef(types, "typedef float __m128_u __attribute__((__vector_size__(16), __may_alias__, __aligned__(1)));"),
            "");
  EXPECT_EQ(types[symbol(types, "__m128_u")->type].align, 1u);
  EXPECT_EQ(types[symbol(types, "__m128_u")->type].size, 16u);
}

TEST(CparseDecl, Symbols) {
  TypeTable types(kX64SysV);
  ASSERT_EQ(cdef(types, R"(
    typedef int number, *pointer, (*callback)(number), table[3];
    extern number global, *other;
    number function(pointer), (*variable)(pointer);
    int renamed(int) __asm__("real" "_name"), second;
    int labelled __asm__("\x5Fx");
    extern "C" { int in_block(void); extern "C" int nested(void); extern "C" { int deep; } }
    extern "C" int alone(void);
    static inline int skipped(int a) { return "}"[0] + '{'; }
    int after_body;
    int old_style() { return 0; }
    callback table_of[2];
    extern char text[];
    const char *const names[] = { "a", "b;", };
    int initialised = 3 * (1, 2), next;
    double array[2] = {1, 2};
    struct s { int x; } object, *to_object;
    enum e { ONE = 1 } choice;
    struct forward;
    struct forward *to_forward;
    ;;
    asm("nop");
    _Static_assert(sizeof(number) == 4, "int");
    static_assert(1);
    _Thread_local int per_thread;
    __extension__ extern int extended;
    int unsigned long ordered;
    typedef unsigned char bool;
    typedef long size_t;
    int typedef strange_order;
    inline static void *qualified_result(void) { if (1) { } }
  )"),
            "");
  struct {
    const char* name;
    Symbol::Kind kind;
    const char* type;
  } rows[] = {
      {"number", Symbol::Kind::type_name, "int"},
      {"pointer", Symbol::Kind::type_name, "pointer to int"},
      {"callback", Symbol::Kind::type_name, "pointer to function(int) returning int"},
      {"table", Symbol::Kind::type_name, "array 3 of int"},
      {"global", Symbol::Kind::variable, "int"},
      {"other", Symbol::Kind::variable, "pointer to int"},
      {"function", Symbol::Kind::function, "function(pointer to int) returning int"},
      {"variable", Symbol::Kind::variable, "pointer to function(pointer to int) returning int"},
      {"renamed", Symbol::Kind::function, "function(int) returning int"},
      {"second", Symbol::Kind::variable, "int"},
      {"in_block", Symbol::Kind::function, "function() returning int"},
      {"nested", Symbol::Kind::function, "function() returning int"},
      {"deep", Symbol::Kind::variable, "int"},
      {"alone", Symbol::Kind::function, "function() returning int"},
      {"skipped", Symbol::Kind::function, "function(int) returning int"},
      {"after_body", Symbol::Kind::variable, "int"},
      {"table_of", Symbol::Kind::variable, "array 2 of pointer to function(int) returning int"},
      {"text", Symbol::Kind::variable, "array unknown of char"},
      {"names", Symbol::Kind::variable, "array unknown of const pointer to const char"},
      {"initialised", Symbol::Kind::variable, "int"},
      {"next", Symbol::Kind::variable, "int"},
      {"object", Symbol::Kind::variable, "struct s"},
      {"choice", Symbol::Kind::variable, "enum e"},
      {"to_forward", Symbol::Kind::variable, "pointer to struct forward"},
      {"per_thread", Symbol::Kind::variable, "int"},
      {"ordered", Symbol::Kind::variable, "uint64_t"},
      {"bool", Symbol::Kind::type_name, "unsigned char"},
      {"size_t", Symbol::Kind::type_name, "uint64_t"},
      {"strange_order", Symbol::Kind::type_name, "int"},
      {"qualified_result", Symbol::Kind::function, "function() returning pointer to void"},
  };
  for (const auto& row : rows) {
    const Symbol* s = symbol(types, row.name);
    ASSERT_NE(s, nullptr) << row.name;
    EXPECT_EQ(s->kind, row.kind) << row.name;
    EXPECT_EQ(describe(types, s->type), row.type) << row.name;
  }
  EXPECT_EQ(types.name(symbol(types, "renamed")->link_name), "real_name");
  EXPECT_EQ(types.name(symbol(types, "labelled")->link_name), "_x");
  EXPECT_EQ(symbol(types, "second")->link_name, kNoName);
  EXPECT_EQ(symbol(types, "ONE")->constant.integer, 1);
}

TEST(CparseDecl, Substitutes) {
  TypeTable types(kX64SysV);
  TypeId number = type_of(types, "struct substituted { int x; }");
  Substitute type;
  type.type = number;
  Substitute name;
  name.kind = Substitute::Kind::name;
  name.name = "given";
  Substitute integer;
  integer.kind = Substitute::Kind::integer;
  integer.integer = 5;
  {
    const Substitute all[] = {type, integer};
    EXPECT_EQ(describe(types, type_of(types, "$ *[$ + 1]", all)), "array 6 of pointer to struct substituted");
  }
  {
    const Substitute all[] = {type, name, integer};
    size_t used = 0;
    Result<void> result = parse_declarations(types, Input("$ $[$];", all, &used));
    ASSERT_TRUE(result.ok()) << result.message();
    EXPECT_EQ(used, 3u);
    EXPECT_EQ(describe(types, symbol(types, "given")->type), "array 5 of struct substituted");
  }
  {
    const Substitute all[] = {name, name, integer, name};
    ASSERT_EQ(cdef(types, "struct $ { int $ : $; }; enum { $ };", all),
              "'given' is declared as the constant 0 but is already the variable 'struct substituted given[5]' near "
              "'$' at line "
              "1, column 33");
    ASSERT_EQ(cdef(types, "struct $ { int $ : $; };", all), "");
    TypeId record = type_of(types, "struct given");
    EXPECT_EQ(types.record(record).fields[0].bit_width, 5);
    EXPECT_EQ(types.name(types.record(record).fields[0].name), "given");
  }
  {
    const Substitute none[] = {type};
    size_t used = 9;
    ASSERT_TRUE(parse_type(types, Input("int", none, &used)).ok());
    EXPECT_EQ(used, 0u);
    EXPECT_EQ(cdef(types, "$ x; $ y;", none), "no argument is left for this '$' at line 1, column 6");
  }
}

// gcc manual, "Common Function Attributes"; clang, "Nullability Attributes"; C11 6.7.6.3p7.
TEST(CparseDecl, Nonnull) {
  const struct {
    const char* text;
    const char* marks;  // a character per parameter
  } rows[] = {
      {"void f(int *, int *, int *) __attribute__((nonnull(1, 3)))", "!-!"},
      {"void f(int *, int, int *) __attribute__((nonnull))", "!-!"},
      {"void f(int *, int, int *) __attribute__((__nonnull__()))", "!-!"},
      {"void f(int *, int *) __attribute__((nonnull(1))) __attribute__((nonnull(2)))", "!!"},
      {"__attribute__((nonnull(2))) int *f(int *, int *)", "-!"},
      {"int * __attribute__((nonnull(2))) f(int *, int *)", "-!"},
      {"int __attribute__((nonnull(2))) f(int *, int *)", "-!"},
      {"void f(int *_Nonnull a, int *_Nullable b, int *_Null_unspecified c)", "!--"},
      {"void f(int *const _Nonnull a, int *_Nonnull *b, int *_Nullable *_Nonnull c)", "!-!"},
      {"void f(int a[static 3], int b[3], int c[const static 2])", "!-!"},
      {"void f(void (*_Nonnull a)(int *), void (*b)(int *_Nonnull))", "!-"},
      {"void f(int *a __attribute__((nonnull)), int *b)", "!-"},
      {"void f(int _Nonnull a, int b)", "--"},
      {"void f(int *a, int *b) __attribute__((nonnull(0, 3, 64, 65, 1000)))", "--"},
      {"void f(int *) __attribute__((returns_nonnull, nonnull_if_nonzero(1, 2)))", "-"},
  };
  for (const auto& row : rows) {
    TypeTable types(kX64SysV);
    ASSERT_EQ(cdef(types, std::string(row.text) + ";"), "") << row.text;
    std::string marks;
    for (const Param& p : types.function(symbol(types, "f")->type).params)
      marks += (p.marks & kNonnull) != 0 ? '!' : '-';
    EXPECT_EQ(marks, row.marks) << row.text;
  }
}

// Marks of parameters that point to functions: `s` scoped, `l` lends.
std::string scopes(const TypeTable& types, std::string_view name) {
  std::string marks;
  for (const Param& p : types.function(symbol(types, name)->type).params) {
    marks += (p.marks & kLends) != 0 ? 'l' : (p.marks & kScoped) != 0 ? 's' : '-';
    EXPECT_TRUE((p.marks & kLends) == 0 || (p.marks & kScoped) != 0) << name;
  }
  return marks;
}

TEST(CparseDecl, Scoped) {
  const struct {
    const char* text;
    const char* marks;
  } rows[] = {
      {"void f(fn *a, fn *b)", "--"},
      {"void f(fn *a __attribute__((ferry_scoped)), fn *b)", "s-"},
      {"void f(fn *a, void (*b)(int *) __attribute__((__ferry_lends__)))", "-l"},
      {"void f(fn a, __attribute__((ferry_scoped)) fn *b)", "-s"},
      {"void f(fn *, int *, fn *) __attribute__((ferry_scoped))", "s-s"},
      {"void f(fn *, int *, fn *) __attribute__((ferry_lends(3), ferry_scoped(1, 2)))", "s-l"},
      {"__attribute__((ferry_scoped(2))) int *f(fn *, fn *)", "-s"},
      {"void f(fn *, fn *) __attribute__((ferry_scoped(0, 3, 64, 65, 1000)))", "--"},
      {"void f(int a __attribute__((ferry_scoped)), int *b __attribute__((ferry_lends)), fn **c "
       "__attribute__((ferry_scoped)))",
       "---"},
      {"void f(void (*a)(fn *b __attribute__((ferry_scoped))))", "-"},
      {"[[gnu::ferry_scoped]] void f(fn *a)", "s"},
  };
  for (const auto& row : rows) {
    TypeTable types(kX64SysV);
    ASSERT_EQ(cdef(types, "typedef int fn(int); " + std::string(row.text) + ";"), "") << row.text;
    EXPECT_EQ(scopes(types, "f"), row.marks) << row.text;
  }
}

TEST(CparseDecl, ScopedByName) {
  const struct {
    const char* text;
    const char* name;
    const char* marks;
  } rows[] = {
      {"void qsort(void *, size_t, size_t, cmp *)", "qsort", "---l"},
      {"void mine(void *, size_t, size_t, cmp) __asm__(\"qsort\")", "mine", "---l"},
      {"void qsort(void *, size_t, size_t, cmp *) __asm__(\"mine\")", "qsort", "----"},
      {"void qsort(void *, size_t, cmp *)", "qsort", "---"},
      {"void qsort(void *, size_t, size_t, void (*)(void))", "qsort", "----"},
      {"void qsort(void *, size_t, size_t, void *)", "qsort", "----"},
      {"void qsort_r(void *, size_t, size_t, int (*)(const void *, const void *, void *), void *)", "qsort_r", "---l-"},
      {"void qsort_r(void *, size_t, size_t, void *, int (*)(void *, const void *, const void *))", "qsort_r", "----l"},
      {"void *bsearch(const void *, const void *, size_t, size_t, cmp *)", "bsearch", "----s"},
      {"int scandir(const char *, void ***, int (*)(const void *), cmp *)", "scandir", "--ll"},
      {"void *fts_open(char *const *, int, cmp *)", "fts_open", "---"},
      {"int pthread_once(int *, void (*)(void))", "pthread_once", "-s"},
      {"void (*signal(int, void (*)(int)))(int)", "signal", "--"},
      {"int atexit(void (*)(void))", "atexit", "-"},
  };
  for (const auto& row : rows) {
    TypeTable types(kX64SysV);
    ASSERT_EQ(cdef(types, "typedef int cmp(const void *, const void *); " + std::string(row.text) + ";"), "")
        << row.text;
    EXPECT_EQ(scopes(types, row.name), row.marks) << row.text;
  }
}

TEST(CparseDecl, PrintfFamily) {
  TypeTable types(kX64SysV);
  ASSERT_EQ(cdef(types, R"(
    typedef struct file FILE;
    int printf(const char *format, ...);
    int fprintf(FILE *f, const char *format, ...);
    int snprintf(char *to, size_t n, const char *format, ...);
    int vprintf(const char *format, va_list ap);
    int vsnprintf(char *to, size_t n, const char *format, va_list ap);
    int mine(int, const char *, ...) __attribute__((format(printf, 2, 3)));
    int theirs(const char *, ...) __attribute__((__format__(__gnu_printf__, 1, 2)));
    int scan(const char *, ...) __attribute__((format(scanf, 1, 2)));
    int plain(const char *, ...);
    int sprintf(int);
    int dprintf(int, const char *);
    int out_of_range(const char *, ...) __attribute__((format(printf, 9, 10)));
    int (*indirect)(const char *, ...) __attribute__((format(printf, 1, 2)));
  )"),
            "");
  struct {
    const char* name;
    FormatAttribute::Style style;
    int string_index, first;
  } rows[] = {
      {"printf", FormatAttribute::printf, 1, 2},    {"fprintf", FormatAttribute::printf, 2, 3},
      {"snprintf", FormatAttribute::printf, 3, 4},  {"vprintf", FormatAttribute::printf, 1, 0},
      {"vsnprintf", FormatAttribute::printf, 3, 0}, {"mine", FormatAttribute::printf, 2, 3},
      {"theirs", FormatAttribute::printf, 1, 2},    {"scan", FormatAttribute::scanf, 1, 2},
      {"plain", FormatAttribute::none, 0, 0},       {"sprintf", FormatAttribute::none, 0, 0},
      {"dprintf", FormatAttribute::none, 0, 0},     {"out_of_range", FormatAttribute::none, 0, 0},
  };
  for (const auto& row : rows) {
    const FormatAttribute& f = types.function(symbol(types, row.name)->type).format;
    EXPECT_EQ(f.style, row.style) << row.name;
    EXPECT_EQ(f.string_index, row.string_index) << row.name;
    EXPECT_EQ(f.first_to_check, row.first) << row.name;
  }
  TypeId pointee = types[symbol(types, "indirect")->type].base;
  EXPECT_EQ(types.function(pointee).format.style, FormatAttribute::printf);
}

TEST(CparseDecl, PredefinedNamesByTarget) {
  struct {
    const Target& target;
    const char* name;
    const char* expected;
  } rows[] = {
      {kI386SysV, "size_t", "unsigned int"},
      {kI386SysV, "time_t", "int"},
      {kI386SysV, "off_t", "int"},
      {kI386SysV, "int_fast16_t", "int"},
      {kI386SysV, "va_list", "pointer to char"},
      {kWin64, "wchar_t", "unsigned short"},
      {kWin64, "long", "int"},
      {kWin64, "size_t", "uint64_t"},
      {kWin64, "va_list", "pointer to char"},
      {kWin64, "off_t", "int"},
      {kWin64, "time_t", "int64_t"},
      {kArm64Linux, "va_list", "struct __va_list"},
      {kArm64Darwin, "va_list", "pointer to char"},
      {kArm64Linux, "wchar_t", "unsigned int"},
      {kArmEabiHf, "va_list", "struct __va_list"},
      {kS390x, "va_list", "array 1 of struct __va_list_tag"},
      {kRiscv64, "va_list", "pointer to void"},
      {kArm64Darwin, "int_fast16_t", "short"},
  };
  for (const auto& row : rows) {
    TypeTable types(row.target);
    EXPECT_EQ(describe(types, type_of(types, row.name)), row.expected) << row.target.name << " " << row.name;
  }
  TypeTable arm(kArmEabiHf);
  EXPECT_EQ(type_error(arm, "_Decimal64"),
            "the target has no decimal floating-point types near '_Decimal64' at line 1, column 1");
  EXPECT_EQ(type_error(arm, "__int128"), "the target has no integer of 128 bits near '__int128' at line 1, column 1");
}

// What is there already takes no memory when it comes again.
TEST(CparseDecl, NothingNewKeepsNothing) {
  TypeTable types(kX64SysV);
  const char* const text =
      "struct again { int a; struct { char b[3]; }; enum { AGAIN = 4 } d; }; typedef struct again again_t;"
      "enum colour { RED, GREEN }; int f(struct again *, int (*)(again_t)); extern int v;";
  ASSERT_TRUE(parse_declarations(types, Input(text)).ok());
  const uint32_t size = types.size();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(parse_declarations(types, Input(text)).ok());
    EXPECT_EQ(types.size(), size);
  }
  // The names that are given out are those that were there.
  std::vector<NameId> first, again;
  for (std::vector<NameId>* names : {&first, &again}) {
    Input input{std::string_view(text)};
    input.declared = names;
    ASSERT_TRUE(parse_declarations(types, input).ok());
    EXPECT_EQ(types.size(), size);
  }
  EXPECT_EQ(first, again);
  EXPECT_EQ(types.name(first.front()), "AGAIN");
  // Beside something new it stays whole.
  const std::string more = std::string(text) + " struct fresh { struct again *x; };";
  ASSERT_TRUE(parse_declarations(types, Input(more)).ok());
  EXPECT_GT(types.size(), size);
  EXPECT_EQ(types.find_field(types.find_tag(types.find_name("again")), types.find_name("b")).offset, 4u);
}

}  // namespace
}  // namespace ferry::cparse::testing
