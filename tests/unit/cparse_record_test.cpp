// Structures, unions and enums: what becomes of members, constants, tags. Layout itself is tested with src/ctype.
#include "cparse_testing.h"

namespace ferry::cparse::testing {
namespace {

// "x:int@0 y:char:3@4.2" - name:type[:width]@offset[.bit]
std::string members(const TypeTable& types, TypeId id) {
  std::string out;
  for (const Field& f : types.record(id).fields) {
    if (!out.empty()) out += ' ';
    out += f.name != kNoName ? std::string(types.name(f.name)) : "-";
    out += ":" + describe(types, f.type);
    if (f.is_bitfield()) out += ":" + std::to_string(f.bit_width);
    out += "@" + std::to_string(f.offset);
    if (f.is_bitfield()) out += "." + std::to_string(f.bit_offset);
  }
  return out;
}

std::string constants(const TypeTable& types, const std::vector<NamedConstant>& list) {
  std::string out;
  for (const NamedConstant& c : list) {
    if (!out.empty()) out += ' ';
    out += std::string(types.name(c.name)) + "=" + std::to_string(c.value.integer);
  }
  return out;
}

TEST(CparseRecord, Members) {
  struct {
    const char* text;
    const char* expected;
  } rows[] = {
      {"struct { }", ""},
      {"struct { int x, *y, z[2]; char c; }", "x:int@0 y:pointer to int@8 z:array 2 of int@16 c:char@24"},
      {"struct { int (*f)(int), g; }", "f:pointer to function(int) returning int@0 g:int@8"},
      {"struct { int a : 3, b : 5; unsigned : 0; int c; }", "a:int:3@0.0 b:int:5@0.3 -:unsigned int:0@4.0 c:int@4"},
      {"struct { int : 4; }", "-:int:4@0.0"},
      {"struct { struct { int x; }; union { char c; int i; }; }", "-:struct without name@0 -:union without name@4"},
      {"struct { struct inner { int x; }; int y; }", "-:struct inner@0 y:int@4"},  // as LuaJIT has it
      {"struct { struct later; int y; }", "y:int@0"},
      {"struct { int n; char text[]; }", "n:int@0 text:array unknown of char@4"},
      {"struct { int n; char text[?]; }", "n:int@0 text:array ? of char@4"},
      {"struct { ; int x;; }", "x:int@0"},
      {"struct { char a; int b __attribute__((packed)); }", "a:char@0 b:int@1"},
      {"struct { __extension__ struct { int x; }; }", "-:struct without name@0"},
      {"struct { int x; _Static_assert(1, \"\"); int y; }", "x:int@0 y:int@4"},
      {"struct { enum e0 { A0 } : 3; enum e0 b : 2; enum e0 : 0; }", "-:enum e0:3@0.0 b:enum e0:2@0.3 -:enum e0:0@4.0"},
      {"struct __attribute__((packed)) { char a; int b; }", "a:char@0 b:int@1"},
      {"struct { char a; int b; } __attribute__((__packed__))", "a:char@0 b:int@1"},
      {"struct { struct self *next; }", "next:pointer to struct self@0"},
  };
  for (const auto& row : rows) {
    TypeTable types(kX64SysV);
    ASSERT_EQ(cdef(types, "struct later; struct self;"), "");
    EXPECT_EQ(members(types, type_of(types, row.text)), row.expected) << row.text;
  }
}

TEST(CparseRecord, Constants) {
  TypeTable types(kX64SysV);
  ASSERT_EQ(cdef(types, R"(
    struct s {
      enum { INNER = 99, NEXT };
      enum named { N1 } kind;
      static const int STATIC = 55, MORE = STATIC_IN_FILE + 1;
      int x;
    } object;
  )"),
            "undeclared identifier 'STATIC_IN_FILE' at line 5, column 44");
  ASSERT_EQ(cdef(types, R"(
    static const int STATIC_IN_FILE = 8 << 2;
    struct s {
      enum { INNER = 99, NEXT };
      enum named { N1 } kind;
      static const int STATIC = 55, MORE = STATIC_IN_FILE + 1;
      static const signed char SMALL = 300;
      int x;
    } object;
  )"),
            "");
  TypeId s = type_of(types, "struct s");
  // A member's enum gives its constants to the file only, one without a member to both (LuaJIT).
  EXPECT_EQ(constants(types, types.record(s).constants), "INNER=99 NEXT=100 STATIC=55 MORE=33 SMALL=44");
  EXPECT_EQ(symbol(types, "INNER")->constant.integer, 99);
  EXPECT_EQ(symbol(types, "N1")->constant.integer, 0);
  EXPECT_EQ(symbol(types, "STATIC"), nullptr);
  for (const char* text : {"char[object.STATIC]", "char[((struct s *)0)->STATIC]", "char[((struct s)0).STATIC]"}) {
    EXPECT_EQ(types[type_of(types, text)].size, 55u) << text;
  }
  EXPECT_EQ(type_error(types, "char[STATIC]"), "undeclared identifier 'STATIC' at line 1, column 6");
}

TEST(CparseRecord, StaticConstants) {
  TypeTable types(kX64SysV);
  ASSERT_EQ(cdef(types, R"(
    static const int A = 42;
    static const char B = 42+256;
    static const short C = 65535;
    static const unsigned short D = 65535;
    static const long long E = -1, F = 0x7fffffffffffffff;
    static const double G = 1.5;
    static const float H = 1;
    static const _Bool I = 7;
    const static unsigned J = 3;
    static const char *const K = "x";
  )"),
            "");
  struct {
    const char* name;
    const char* type;
    int64_t value;
  } rows[] = {{"A", "int", 42},     {"B", "char", 42},           {"C", "short", -1}, {"D", "unsigned short", 65535},
              {"E", "int64_t", -1}, {"F", "int64_t", INT64_MAX}, {"I", "bool", 1},   {"J", "unsigned int", 3}};
  for (const auto& row : rows) {
    const Symbol* s = symbol(types, row.name);
    ASSERT_EQ(s->kind, Symbol::Kind::constant) << row.name;
    EXPECT_EQ(spell(types, s->constant.type), row.type) << row.name;
    EXPECT_EQ(s->constant.integer, row.value) << row.name;
  }
  EXPECT_EQ(symbol(types, "G")->constant.floating, 1.5);
  EXPECT_EQ(symbol(types, "H")->constant.floating, 1.0);
  EXPECT_EQ(symbol(types, "K")->kind, Symbol::Kind::variable);
}

// Underlying types: gcc manual, "Structures, unions, enumerations, and bit-fields".
TEST(CparseRecord, Enums) {
  struct {
    const char* text;
    const char* underlying;
    const char* expected;
  } rows[] = {
      {"enum { A, B, C }", "unsigned int", "A=0 B=1 C=2"},
      {"enum { A = 3, B, C = A, D, }", "unsigned int", "A=3 B=4 C=3 D=4"},
      {"enum { A = -1, B }", "int", "A=-1 B=0"},
      {"enum { A = 0x7fffffff, B }", "unsigned int", "A=2147483647 B=2147483648"},
      {"enum { A = 0x80000000, B = -1 }", "int64_t", "A=2147483648 B=-1"},
      {"enum { A = 0xffffffff, B }", "uint64_t", "A=4294967295 B=4294967296"},
      {"enum { A = 0x8000000000000000 }", "uint64_t", "A=-9223372036854775808"},
      {"enum { A = 255, B = 0 } __attribute__((packed))", "unsigned char", "A=255 B=0"},
      {"enum __attribute__((packed)) { A = 128, B = -1 }", "short", "A=128 B=-1"},
      {"enum : unsigned char { A, B }", "unsigned char", "A=0 B=1"},
      {"enum e : long long { A = -5 }", "int64_t", "A=-5"},
      {"enum { A __attribute__((deprecated)) = 'x' }", "unsigned int", "A=120"},
      {"enum { A = sizeof(int), B = A * 2 + 1 }", "unsigned int", "A=4 B=9"},
  };
  for (const auto& row : rows) {
    TypeTable types(kX64SysV);
    TypeId id = type_of(types, row.text);
    ASSERT_EQ(types[id].kind, Kind::enumeration) << row.text;
    EXPECT_EQ(spell(types, types[id].base), row.underlying) << row.text;
    EXPECT_EQ(constants(types, types.enumeration(id).constants), row.expected) << row.text;
  }
  TypeTable types(kX64SysV);
  ASSERT_EQ(
      cdef(types, "enum opaque : short; enum opaque; enum opaque { O = 7 }; enum wide { W = 1, V = 0x100000000 };"),
      "");
  EXPECT_EQ(types[type_of(types, "enum opaque")].size, 2u);
  // A constant that fits is an int, one that does not has the enum's type (gcc).
  EXPECT_EQ(spell(types, symbol(types, "W")->constant.type), "int");
  EXPECT_EQ(spell(types, symbol(types, "V")->constant.type), "uint64_t");
}

TEST(CparseRecord, TransparentUnions) {
  TypeTable types(kX64SysV);
  ASSERT_EQ(cdef(types, R"(
    typedef union { int *i; float *f; } after __attribute__((__transparent_union__));
    typedef union __attribute__((transparent_union)) { int *i; } before;
    typedef union { int *i; } plain;
  )"),
            "");
  EXPECT_TRUE(types.record(symbol(types, "after")->type).attributes.transparent_union);
  EXPECT_TRUE(types.record(symbol(types, "before")->type).attributes.transparent_union);
  EXPECT_FALSE(types.record(symbol(types, "plain")->type).attributes.transparent_union);
}

TEST(CparseRecord, PragmaPack) {
  TypeTable types(kX64SysV);
  ASSERT_EQ(cdef(types, R"(
    struct natural { char a; int b; short c; };
    #pragma pack(1)
    struct one { char a; int b; short c; };
    #pragma pack(2)
    struct two { char a; int b; short c; };
    #pragma pack(push, 4)
    struct four { char a; int b; short c; };
    #pragma pack(push, label, 8)
    struct eight { char a; int b; short c; };
    #pragma pack(push)
    #pragma pack(1)
    struct one_again { char a; int b; short c; };
    #pragma pack(pop, label)
    struct four_again { char a; int b; short c; };
    #pragma pack(pop)
    struct two_again { char a; int b; short c; };
    #pragma pack()
    struct natural_again { char a; int b; short c; };
    struct inside {
    #pragma pack(1)
      char a; int b; short c; };
    #pragma pack(pop)
    #pragma pack(show)
    #pragma something else '
  )"),
            "");
  struct {
    const char* tag;
    uint64_t size;
  } rows[] = {{"natural", 12},  {"one", 7},         {"two", 8},       {"four", 12},          {"eight", 12},
              {"one_again", 7}, {"four_again", 12}, {"two_again", 8}, {"natural_again", 12}, {"inside", 7}};
  for (const auto& row : rows)
    EXPECT_EQ(types[type_of(types, std::string("struct ") + row.tag)].size, row.size) << row.tag;
  // It ends with the text.
  ASSERT_EQ(cdef(types, "#pragma pack(1)\n"), "");
  EXPECT_EQ(types[type_of(types, "struct { char a; int b; }")].size, 8u);
}

}  // namespace
}  // namespace ferry::cparse::testing
