// Declaring again: what stays, what completes, what is refused; #define and #undef; nothing half done after an error.
#include <cstdio>
#include <fstream>

#include "cparse_testing.h"

namespace ferry::cparse::testing {
namespace {

TEST(CparseRedeclare, SameAgainIsTheSame) {
  const char* text = R"(
    typedef struct { int x; struct { char c; } in[2]; enum { P, Q } e; } T;
    typedef union { int i; float f; } *U;
    typedef enum { R = 4 } E;
    struct tagged { struct tagged *next; struct { int y; }; int (*f)(struct { int z; } *); };
    enum colors { RED, GREEN };
    int function(T *, U, struct tagged);
    extern T variable;
    #define LIMIT 10
    static const int N = 3;
  )";
  TypeTable types(kX64SysV);
  ASSERT_EQ(cdef(types, text), "");
  const char* names[] = {"T", "U", "E", "function", "variable"};
  std::vector<TypeId> before;
  for (const char* name : names) before.push_back(symbol(types, name)->type);
  TypeId tagged = type_of(types, "struct tagged");
  TypeId colors = type_of(types, "enum colors");
  ASSERT_EQ(cdef(types, text), "");
  for (size_t i = 0; i < before.size(); ++i) EXPECT_EQ(symbol(types, names[i])->type, before[i]) << names[i];
  EXPECT_EQ(type_of(types, "struct tagged"), tagged);
  EXPECT_EQ(type_of(types, "enum colors"), colors);
}

// LuaJIT: whoever declares a name first decides what it is.
TEST(CparseRedeclare, TheFirstStays) {
  TypeTable types(kX64SysV);
  ASSERT_EQ(
      cdef(types, "int f(int); extern int v; typedef int T; int labelled(int) __asm__(\"other\"); typedef int t;"), "");
  ASSERT_EQ(
      cdef(types,
           "long f(char); extern double v; typedef char T; int labelled(int); int t(int); extern int f; T used(T);"
           "int v(void); typedef struct { int x; } T; long labelled(int) __asm__(\"third\");"),
      "");
  EXPECT_EQ(describe(types, symbol(types, "f")->type), "function(int) returning int");
  EXPECT_EQ(symbol(types, "f")->kind, Symbol::Kind::function);
  EXPECT_EQ(describe(types, symbol(types, "v")->type), "int");
  EXPECT_EQ(symbol(types, "v")->kind, Symbol::Kind::variable);
  EXPECT_EQ(describe(types, symbol(types, "T")->type), "int");
  EXPECT_EQ(symbol(types, "t")->kind, Symbol::Kind::type_name);
  EXPECT_EQ(describe(types, symbol(types, "used")->type), "function(int) returning int");
  EXPECT_EQ(types.name(symbol(types, "labelled")->link_name), "other");
  // Real headers declare what is predefined; what systems differ in is the program's to say.
  ASSERT_EQ(cdef(types,
                 "typedef int size_t; size_t used_size(void); typedef struct va *va_list;"
                 "typedef int time_t; typedef char time_t; time_t now(void);"),
            "");
  EXPECT_EQ(describe(types, symbol(types, "used_size")->type), "function() returning uint64_t");
  EXPECT_EQ(describe(types, symbol(types, "now")->type), "function() returning int");
}

// C11 6.2.7p3-4.
TEST(CparseRedeclare, CompatibleOnesCompleteEachOther) {
  struct {
    const char* name;
    const char* first;
    const char* second;
    const char* together;
  } rows[] = {
      {"a", "extern int a[3];", "extern int a[];", "array 3 of int"},
      {"b", "extern int b[];", "extern int b[4];", "array 4 of int"},
      {"c", "extern int (*c)[];", "extern int (*c)[4];", "pointer to array 4 of int"},
      {"d", "extern int d[][2];", "extern int d[3][2];", "array 3 of array 2 of int"},
      {"e", "extern int e[2];", "extern int e[3];", "array 2 of int"},
      {"f", "int f();", "int f(int);", "function(int) returning int"},
      {"g", "int g(int);", "int g();", "function(int) returning int"},
      {"h", "int h(void);", "int h(int);", "function() returning int"},
      {"i", "int i();", "long i(int);", "function() returning int"},
      {"j", "int *j();", "int *j(int, ...);", "function(int, ...) returning pointer to int"},
      {"k", "int k(int (*)[]);", "int k(int (*)[5]);", "function(pointer to array 5 of int) returning int"},
      {"l", "int (*l(int (*)[]))[3];", "int (*l(int (*)[2]))[];",
       "function(pointer to array 2 of int) returning pointer to array 3 of int"},
      {"m", "int m(const int *);", "int m(int *);", "function(pointer to const int) returning int"},
      {"n", "enum later n(void);", "enum later { LATER }; enum later n(void);", "function() returning enum later"},
  };
  for (const auto& row : rows) {
    TypeTable types(kX64SysV);
    ASSERT_EQ(cdef(types, row.first), "") << row.first;
    ASSERT_EQ(cdef(types, row.second), "") << row.second;
    EXPECT_EQ(describe(types, symbol(types, row.name)->type), row.together) << row.second;
  }
  TypeTable types(kX64SysV);
  ASSERT_EQ(cdef(types,
                 "int p(const char *, ...); int p(const char *, ...) __attribute__((format(printf, 1, 2)));"
                 "int q(int); int q(int) __asm__(\"r\"); int q(int) __asm__(\"s\");"),
            "");
  EXPECT_EQ(types.function(symbol(types, "p")->type).format.style, FormatAttribute::printf);
  EXPECT_EQ(types.name(symbol(types, "q")->link_name), "r");
}

TEST(CparseRedeclare, ConflictsNameBoth) {
  struct {
    const char* text;
    const char* expected;
  } rows[] = {
      {"struct s { int x; long y; };",
       "'struct s' is already defined differently: member 2 was 'int y', is 'int64_t y' at line 1, column 8"},
      {"struct s { int x; int z; };",
       "'struct s' is already defined differently: member 2 was 'int y', is 'int z' at line 1, column 8"},
      {"struct s { int x; };",
       "'struct s' is already defined differently: it had 2 members, has 1 at line 1, column 8"},
      {"struct s { int x : 3; int y; };",
       "'struct s' is already defined differently: member 1 was 'int x', is 'int x:3' at line 1, column 8"},
      {"struct __attribute__((aligned(16))) s { int x; int y; };",
       "'struct s' is already defined differently: its size was 8, is 16, or its members lie elsewhere at line 1, "
       "column 37"},
      {"union s { int x; };", "'s' is declared as 'struct s', not as a union at line 1, column 7"},
      {"enum s { X };", "'s' is declared as 'struct s', not as an enum at line 1, column 6"},
      {"struct e;", "'e' is declared as 'enum e', not as a struct at line 1, column 8"},
      {"enum e { A, B = 5 };", "'B' is declared as the constant 5 but is already the constant 1 at line 1, column 13"},
      {"enum e { A };", "'enum e' is already defined with other constants or another type at line 1, column 6"},
      {"enum e : char;", "'enum e' is already declared with type 'unsigned int', not 'char' at line 1, column 6"},
      {"enum { A = 1 };", "'A' is declared as the constant 1 but is already the constant 0 at line 1, column 8"},
      {"enum { f };", "'f' is declared as the constant 0 but is already the function 'int f(int)' at line 1, column 8"},
      {"int A;", "'A' is declared as the variable 'int A' but is already the constant 0 at line 1, column 5"},
      {"typedef int A;", "'A' is declared as the type 'int' but is already the constant 0 at line 1, column 13"},
      {"static const int A = 2;",
       "'A' is declared as the constant 2 but is already the constant 0 at line 1, column 18"},
      {"struct own { struct own { int x; } y; };", "'struct own' is defined within its own body at line 1, column 8"},
      {"struct own { struct own y; };", "member 'y' has incomplete type 'struct own' at line 1, column 25"},
  };
  for (const auto& row : rows) {
    TypeTable types(kX64SysV);
    ASSERT_EQ(cdef(types, "struct s { int x, y; }; enum e { A, B }; int f(int);"), "");
    EXPECT_EQ(cdef(types, row.text), row.expected) << row.text;
  }
}

TEST(CparseRedeclare, Macros) {
  TypeTable types(kX64SysV);
  Macros macros(kX64SysV);
  ASSERT_EQ(cdef(types, macros, R"(
    enum { FROM_ENUM = 7,
    #define FROM_ENUM FROM_ENUM
    #define TWICE (FROM_ENUM * 2)
      AFTER };
    #define N 10 // comment
    #define HEX 0xFFu /* comment
                         over lines */
    #define ALIAS N
    #define PI 3.25
    #define SUM (N + \
                 HEX)
    #define SIZE sizeof(struct big)
    #define NEGATIVE (-1)
    #define TEXT "text"
    #define EMPTY
    #define CALL(x) ((x) + 1)
    #define WORD some_word
    #define BROKEN (1 +
    #define STRAY @
    #define BODY sizeof(struct made_in_a_macro { int x; })
    #define inline __inline
    typedef struct { int x; } thing;
    extern thing *stdthing;
    int used(int);
    #define stdthing stdthing
    #define used(x) used(x)
    #define int32_t int
    #define LATER_UNDEFINED 5
    #undef LATER_UNDEFINED
    #undef NEVER_DEFINED
    #define LATER_UNDEFINED 6
    int array[SUM];
  )"),
            "");
  struct {
    const char* name;
    int64_t value;
  } rows[] = {{"FROM_ENUM", 7}, {"TWICE", 14},    {"AFTER", 8},          {"N", 10}, {"HEX", 255}, {"ALIAS", 10},
              {"SUM", 265},     {"NEGATIVE", -1}, {"LATER_UNDEFINED", 6}};
  auto value = [&](const char* name) { return macros.value(types, name); };
  using Kind = MacroValue::Kind;
  for (const auto& row : rows) {
    const Symbol* declared = symbol(types, row.name);
    if (declared != nullptr && declared->kind == Symbol::Kind::constant) {
      EXPECT_EQ(declared->constant.integer, row.value) << row.name;
      continue;
    }
    ASSERT_EQ(value(row.name).kind, Kind::constant) << row.name;
    EXPECT_EQ(value(row.name).constant.integer, row.value) << row.name;
  }
  EXPECT_EQ(value("PI").constant.floating, 3.25);
  EXPECT_EQ(types[symbol(types, "array")->type].count, 265u);
  for (const char* other : {"TEXT", "EMPTY", "CALL", "WORD", "BROKEN", "STRAY", "SIZE"}) {
    EXPECT_EQ(value(other).kind, Kind::other) << other;
  }
  EXPECT_EQ(value("BODY").constant.integer, 4);
  EXPECT_EQ(value("WORD").macro->text, "some_word");
  EXPECT_EQ(value("NEVER_DEFINED").kind, Kind::none);
  EXPECT_EQ(symbol(types, "stdthing")->kind, Symbol::Kind::variable);
  EXPECT_EQ(symbol(types, "used")->kind, Symbol::Kind::function);
  EXPECT_EQ(types.find_tag(types.intern("made_in_a_macro")), kNoType);
  EXPECT_EQ(describe(types, type_of(types, "int32_t")), "int");
  EXPECT_EQ(cdef(types, macros, "char x[WORD];"), "undeclared identifier 'some_word' near 'WORD' at line 1, column 8");
  EXPECT_EQ(cdef(types, macros, "WORD x;"), "unknown type name 'some_word' near 'WORD' at line 1, column 1");
  // The last definition wins, and what is made of it follows.
  EXPECT_EQ(cdef(types, macros, "#define N 10\n#define N 11\n"), "");
  EXPECT_EQ(value("N").constant.integer, 11);
  EXPECT_EQ(value("SUM").constant.integer, 266);
  EXPECT_EQ(cdef(types, macros, "#define WORD 4\n"), "");
  EXPECT_EQ(value("WORD").constant.integer, 4);
  EXPECT_EQ(cdef(types, macros, "#define WORD other\n"), "");
  EXPECT_EQ(value("WORD").kind, Kind::other);
  EXPECT_EQ(cdef(types, macros, "enum { other = 3 };"), "");
  EXPECT_EQ(value("WORD").constant.integer, 3);
  EXPECT_EQ(cdef(types, macros, "#define WORD 5\n#undef N\nbad"), "unknown type name 'bad' at line 3, column 1");
  EXPECT_EQ(value("WORD").constant.integer, 3);
  EXPECT_EQ(value("N").constant.integer, 11);
}

TEST(CparseRedeclare, HarmlessDirectives) {
  TypeTable types(kX64SysV);
  ASSERT_EQ(
      cdef(types,
           "# 1 \"file.h\" 3 4\n#line 7 \"x\"\n#\n#ident \"v\"\n#pragma once\nint x\n# 9 \"y\"\n;\n#warning it's\n"),
      "");
  struct {
    const char* text;
    const char* expected;
  } rows[] = {
      {"#if 1\n", "this #if has no #endif at line 1, column 2"},
      {"int x;\n #include <stdio.h>\n", "#include <stdio.h>: no files can be read here at line 2, column 3"},
      {"#error out of luck\n", "#error 'out of luck' at line 1, column 2"},
      {" # error \"Only <libtracker-sparql/tracker-sparql.h> must be included directly.\"\n",
       "#error 'Only <libtracker-sparql/tracker-sparql.h> must be included directly.' at line 1, column 4"},
      {"namespace x { template <class T> class c; }",
       "unknown type name 'namespace' (a word of C++) at line 1, column 1"},
      {"#nonsense\n", "unknown directive 'nonsense' at line 1, column 2"},
      {"#define\n", "expected the name of a macro, got end of line at line 1, column 8"},
      {"#define 5\n", "expected the name of a macro, got '5' at line 1, column 9"},
      {"#pragma pack(3)\n", "#pragma pack takes 1, 2, 4, 8 or 16, got 3 at line 1, column 14"},
      {"#pragma pack(push\nint x;", "expected ')' after pack, got end of line at line 1, column 18"},
      {"#pragma pack 1\n", "expected '(' after pack, got '1' at line 1, column 14"},
      {"int # x;", "expected a name to declare, got '#' at line 1, column 5"},
  };
  for (const auto& row : rows) EXPECT_EQ(cdef(types, row.text), row.expected) << row.text;
}

TEST(CparseRedeclare, NothingIsHalfDone) {
  TypeTable types(kX64SysV);
  Macros macros(kX64SysV);
  ASSERT_EQ(cdef(types, macros, "struct zzz; typedef struct zzz Z; int f(int); enum { KEPT = 1 }; #define M 1\n"),
            "expected a type, got '#' at line 1, column 66");
  ASSERT_EQ(cdef(types, macros, "struct zzz; typedef struct zzz Z; int f(int); enum { KEPT = 1 };\n#define M 1\n"), "");
  const uint32_t size = types.size();
  const TypeId z = symbol(types, "Z")->type;
  TypeId f = symbol(types, "f")->type;
  const char* texts[] = {
      "struct zzz { int",
      "struct zzz { int x; }; struct new_tag { int y; }; typedef int new_type; enum { NEW = 4 }; bad",
      "int f(char); double f2(void); #undef M",
      "#undef M\nbad",
      "#define M2 5\nint g(M2);",
      "enum new_enum { NEW1, NEW2 }; int a[-1];",
      "size_t x; va_list y; bad z;",
      "typedef union { int x; } tu __attribute__((transparent_union)); bad",
  };
  for (const char* text : texts) {
    EXPECT_NE(cdef(types, macros, text), "") << text;
    EXPECT_EQ(types.size(), size) << text;
    EXPECT_NE(types[z].flags & kIncomplete, 0) << text;
    EXPECT_EQ(symbol(types, "f")->type, f) << text;
    EXPECT_EQ(macros.value(types, "M").constant.integer, 1) << text;
    EXPECT_EQ(macros.value(types, "M2").kind, MacroValue::Kind::none) << text;
    for (const char* name : {"new_type", "NEW", "f2", "NEW1", "x", "tu", "size_t"}) {
      EXPECT_EQ(symbol(types, name), nullptr) << name << " after " << text;
    }
  }
  ASSERT_EQ(cdef(types, macros, "struct zzz { int x; };"), "");
  EXPECT_EQ(types[symbol(types, "Z")->type].size, 4u);
  // A type name declares no identifier, and its failure leaves no tag behind.
  type_of(types, "int not_declared(int)");
  EXPECT_EQ(symbol(types, "not_declared"), nullptr);
  EXPECT_NE(type_error(types, "struct half { int x; } *["), "");
  EXPECT_NE(type_error(types, "struct half"), "");
}

TEST(CparseRedeclare, FailedTextsLeaveMacrosAndFilesAsTheyWere) {
  TypeTable types(kX64SysV);
  Macros macros(kX64SysV, &cpreproc::system_files());
  // What the compiler predefines is made by the first text that asks.
  const char* asks = "#if !__x86_64__ || __SIZEOF_INT__ != 4 || !defined ONCE\n#error lost\n#endif\n";
  const char* once = "#pragma once\n#define ONCE\n";
  const std::string path = ::testing::TempDir() + "ferry_once.h";
  std::ofstream(path) << once;
  const std::string text = "#include \"" + path + "\"\n" + asks;
  EXPECT_NE(cdef(types, macros, text + "no_such_type x;"), "");
  EXPECT_EQ(cdef(types, macros, text), "");
  EXPECT_NE(cdef(types, macros, text + "no_such_type x;"), "");
  EXPECT_EQ(cdef(types, macros, asks), "");
  std::remove(path.c_str());
}

}  // namespace
}  // namespace ferry::cparse::testing
