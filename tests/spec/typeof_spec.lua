-- Types as values: typeof, tostring, ==, istype, sizeof, alignof, offsetof.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
struct to_s { int a; double b; char c[3]; };
typedef struct to_s to_s_t;
union to_u { int i; double d; };
enum to_e { TO_A, TO_B };
struct to_opaque;
typedef struct { int n; } to_anon;
struct to_bits { int a; unsigned b : 3; unsigned c : 7; int : 0; int d : 20; };
struct to_flex { int n; double d[]; };
struct to_vls { int n; short v[?]; };
struct to_nest { int x; struct { int y; union { int z; char w[8]; }; }; struct to_s s; };
typedef int (*to_fn)(int, const char *);
typedef unsigned char to_byte;
]]

local function spell(decl) return tostring(ffi.typeof(decl)) end

TestTypeof = {}

-- declaration, what tostring says
local rows = {
  { "int", "int" },
  { "signed", "int" },
  { "unsigned", "unsigned int" },
  { "unsigned int", "unsigned int" },
  { "short", "short" },
  { "short int", "short" },
  { "signed short int", "short" },
  { "int short unsigned", "unsigned short" },
  { "char", "char" },
  { "unsigned char", "unsigned char" },
  { "float", "float" },
  { "double", "double" },
  { "long double", "long double" },
  { "bool", "bool" },
  { "_Bool", "bool" },
  { "void", "void" },
  { "int *", "int *" },
  { "int*", "int *" },
  { "int **", "int **" },
  { "const int *", "const int *" },
  { "int const *", "const int *" },
  { "int *const", "int *const" },
  { "const char *const *", "const char *const *" },
  { "volatile int *", "volatile int *" },
  { "int[3]", "int [3]" },
  { "int[3][4]", "int [3][4]" },
  { "int *[3]", "int *[3]" },
  { "int (*)[3]", "int (*)[3]" },
  { "int[]", "int []" },
  { "int[?]", "int [?]" },
  { "struct to_s", "struct to_s" },
  { "to_s_t", "struct to_s" },
  { "union to_u", "union to_u" },
  { "enum to_e", "enum to_e" },
  { "struct to_s *", "struct to_s *" },
  { "struct to_opaque *", "struct to_opaque *" },
  { "to_byte", "unsigned char" },
  { "complex float", "complex float" },
}

function TestTypeof:test_tostring()
  for _, row in ipairs(rows) do
    lu.assertEquals(spell(row[1]), "ctype<" .. row[2] .. ">", row[1])
  end
end

function TestTypeof:test_tostring_round_trip()
  for _, row in ipairs(rows) do
    local again = ffi.typeof(row[2])
    lu.assertTrue(again == ffi.typeof(row[1]), row[1])
  end
end

function TestTypeof:test_tostring_spells_parameters_out()
  lu.assertEquals(spell "int (*)(int, const char *)", "ctype<int (*)(int, const char *)>")
  lu.assertEquals(spell "void (*)(void)", "ctype<void (*)()>")
  lu.assertEquals(spell "int (*)(const char *, ...)", "ctype<int (*)(const char *, ...)>")
  lu.assertEquals(spell "to_fn", "ctype<int (*)(int, const char *)>")
end

function TestTypeof:test_abstract_function_prints_as_function()
  lu.assertEquals(spell "int (int, double)", "ctype<int (int, double)>")
  lu.assertEquals(spell "void (void)", "ctype<void ()>")
end

function TestTypeof:test_named_function_prints_as_pointer_to_it()
  H.not_on_luajit "accepts no name in a type string"
  lu.assertEquals(spell "void (*foo(int, void(*)(int)))(int)", "ctype<void (*(*)(int, void (*)(int)))(int)>")
end

function TestTypeof:test_a_prototype_may_be_named()
  H.not_on_luajit "accepts no name in a type string"
  lu.assertTrue(spell "int foo(int)":find("int (*)(int)", 1, true) ~= nil)
  lu.assertEquals(spell "int (*handlers[3])(int code)", "ctype<int (*[3])(int)>")
end

-- Any other name is a misspelt word of the type: LuaJIT refuses all of these, too.
function TestTypeof:test_other_names_are_refused()
  for _, text in ipairs { "unsigned itn", "int x", "const char *str", "int foo[4]", "struct { int x; } s", "long lnog" } do
    for _, f in ipairs { ffi.typeof, ffi.new, ffi.sizeof } do lu.assertError(f, text) end
    lu.assertError(ffi.cast, text, 1)
  end
  H.not_on_luajit "has other words"
  lu.assertErrorMsgContains("got 'itn' (did you mean 'int'?) at line 1, column 10", ffi.typeof, "unsigned itn")
  lu.assertErrorMsgContains("got 'cosnt' (did you mean 'const'?)", ffi.typeof, "char *cosnt")
end

function TestTypeof:test_tostring_of_anonymous_type_names_its_kind()
  lu.assertStrContains(spell "struct { int a; }", "struct ")
  lu.assertStrContains(spell "union { int a; }", "union ")
end

function TestTypeof:test_a_typedef_names_what_has_no_tag()
  H.not_on_luajit "prints a number"
  ffi.cdef [[
    typedef struct { int w, h; } TnImage, TnAlso;
    typedef enum { TN_A, TN_B } TnChoice;
    typedef union { int i; float f; } *TnPointer;
    typedef struct tn_tagged { int x; } TnTagged;
    typedef const struct { int c; } TnConst;
    struct tn_user { TnImage *image; TnChoice choice; };
  ]]
  lu.assertEquals(spell "TnImage", "ctype<TnImage>")
  lu.assertEquals(spell "TnAlso", "ctype<TnImage>") -- the same type, and the first name stays
  lu.assertEquals(spell "TnChoice", "ctype<TnChoice>")
  lu.assertEquals(spell "TnImage *[3]", "ctype<TnImage *[3]>")
  lu.assertEquals(spell "TnTagged", "ctype<struct tn_tagged>")
  lu.assertStrMatches(spell "TnPointer", "ctype<union %d+ {i, f} %*>")
  lu.assertStrMatches(spell "TnConst", "ctype<const struct %d+ {c}>")
  lu.assertErrorMsgContains("'TnImage'", ffi.cast, "TnImage", "x")
  lu.assertErrorMsgContains("'TnImage *'", function() ffi.new("struct tn_user").image = ffi.new("int[1]") end)
  lu.assertErrorMsgContains("'TnImage'", function() return ffi.new("TnImage").no_such end)
end

function TestTypeof:test_types_without_any_name_show_their_members()
  H.not_on_luajit "prints a number"
  lu.assertStrMatches(spell "struct { int a; double b; }", "ctype<struct %d+ {a, b}>")
  lu.assertStrMatches(spell "struct { int a, b, c, d, e; }", "ctype<struct %d+ {a, b, c, d, ...}>")
  lu.assertStrMatches(spell "struct { int : 3; }", "ctype<struct %d+>")
end

function TestTypeof:test_a_cdef_that_fails_names_nothing()
  H.not_on_luajit "prints a number"
  ffi.cdef "typedef struct { int q; } TnFirst;"
  lu.assertError(ffi.cdef, "typedef struct { int q; } TnLost; int broken(")
  ffi.cdef "typedef struct { int q; } TnLost;"
  lu.assertEquals(spell "TnLost", "ctype<TnLost>")
  lu.assertEquals(spell "TnFirst", "ctype<TnFirst>")
end

function TestTypeof:test_equality_is_identity()
  lu.assertTrue(ffi.typeof "int" == ffi.typeof "signed int")
  lu.assertTrue(ffi.typeof "to_s_t" == ffi.typeof "struct to_s")
  lu.assertFalse(ffi.typeof "int" == ffi.typeof "unsigned")
  lu.assertFalse(ffi.typeof "int *" == ffi.typeof "const int *")
  lu.assertFalse(ffi.typeof "struct to_s" == ffi.typeof "struct to_s *")
  lu.assertTrue(ffi.typeof "int *" == ffi.typeof(ffi.new "int *"))
end

function TestTypeof:test_same_type_is_same_object()
  H.not_on_luajit "makes a new object each time"
  lu.assertTrue(rawequal(ffi.typeof "int", ffi.typeof "int"))
  lu.assertTrue(rawequal(ffi.typeof "struct to_s", ffi.typeof "to_s_t"))
end

function TestTypeof:test_type_string_with_brace_is_a_new_type_each_time()
  lu.assertFalse(ffi.typeof "struct { int a; }" == ffi.typeof "struct { int a; }")
end

function TestTypeof:test_of_ctype_and_cdata()
  local s = ffi.new "struct to_s"
  lu.assertTrue(ffi.typeof(s) == ffi.typeof "struct to_s")
  lu.assertTrue(ffi.typeof(ffi.typeof "int") == ffi.typeof "int")
  lu.assertTrue(ffi.typeof(ffi.new("int[?]", 3)) ~= nil)
end

function TestTypeof:test_type_of_ctype_is_cdata()
  lu.assertEquals(H.type(ffi.typeof "int"), "cdata")
  lu.assertEquals(H.type(ffi.new "int"), "cdata")
end

function TestTypeof:test_istype_exact()
  local s = ffi.new "struct to_s"
  lu.assertTrue(ffi.istype("struct to_s", s))
  lu.assertTrue(ffi.istype("to_s_t", s))
  lu.assertTrue(ffi.istype(ffi.typeof(s), s))
  lu.assertFalse(ffi.istype("union to_u", s))
  lu.assertFalse(ffi.istype("int", s))
  lu.assertTrue(ffi.istype("int", ffi.new "int"))
  lu.assertFalse(ffi.istype("int", ffi.new "unsigned"))
  lu.assertFalse(ffi.istype("int", ffi.new "short"))
end

function TestTypeof:test_istype_ignores_qualifiers()
  lu.assertTrue(ffi.istype("const int", ffi.new "int"))
  lu.assertTrue(ffi.istype("int", ffi.new "const int"))
  lu.assertTrue(ffi.istype("const int[3]", ffi.new "const int[3]"))
  lu.assertTrue(ffi.istype("int[3]", ffi.new "const int[3]"))
  lu.assertTrue(ffi.istype("const struct to_s", ffi.new "struct to_s"))
  lu.assertTrue(ffi.istype("const char *", ffi.new "char *"))
end

function TestTypeof:test_istype_long_and_long_long_are_the_same()
  lu.assertTrue(ffi.istype("int64_t", ffi.new "long long"))
  lu.assertTrue(ffi.istype("long", ffi.new "int64_t") == (ffi.sizeof "long" == 8))
  lu.assertFalse(ffi.istype("uint64_t", ffi.new "long long"))
end

function TestTypeof:test_istype_struct_accepts_its_pointer()
  local s = ffi.new "struct to_s"
  local p = ffi.cast("struct to_s *", s)
  lu.assertTrue(ffi.istype("struct to_s", p))
  lu.assertTrue(ffi.istype("struct to_s *", p))
  lu.assertFalse(ffi.istype("struct to_s *", s))
end

function TestTypeof:test_istype_pointers_and_arrays()
  lu.assertFalse(ffi.istype("int", ffi.new "int *"))
  lu.assertFalse(ffi.istype("int[]", ffi.new "int *"))
  lu.assertFalse(ffi.istype("int[3]", ffi.new "int *"))
  lu.assertFalse(ffi.istype("int[3]", ffi.new "int[2]"))
  lu.assertFalse(ffi.istype("void *", ffi.new "int *"))
  lu.assertFalse(ffi.istype("int *", ffi.new "void *"))
end

-- Qualifiers of what a pointer points to are ignored, those further down are not; integers of one size are one there.
function TestTypeof:test_istype_by_what_is_pointed_to()
  local rows = {
    { "const int *", "int *", true }, { "int *", "volatile int *", true }, { "unsigned *", "int *", true }, { "int *const *", "int **", true },
    { "const int **", "int **", false }, { "int **", "const int **", false }, { "const void **", "void **", false }, { "const int ***", "int ***", false },
    { "int *const **", "int ***", false }, { "unsigned **", "int **", true }, { "const int *(*)[2]", "int *(*)[2]", false }, { "unsigned (*)[2]", "int (*)[2]", true },
    { "int[2]", "unsigned[2]", true }, { "int[2]", "float[2]", false }, { "int[2][3]", "int[3][2]", false }, { "int[2][3]", "unsigned[2][3]", true },
    { "const int *[2]", "int *[2]", false }, { "int *const[2]", "int *[2]", true }, { "int[2]", "long[1]", false }, { "uint8_t[8]", "bool[8]", false },
  }
  for _, row in ipairs(rows) do lu.assertEquals(ffi.istype(row[1], ffi.new(row[2])), row[3], row[1] .. " of " .. row[2]) end
end

function TestTypeof:test_istype_is_false_for_what_is_no_cdata()
  for _, v in ipairs { 1, "int", {}, print, true } do
    lu.assertFalse(ffi.istype("int", v))
  end
  lu.assertFalse(ffi.istype("int", nil))
end

TestSizeof = {}

function TestSizeof:test_scalars()
  for decl, size in pairs {
    char = 1, short = 2, int = 4, ["long long"] = 8, float = 4, double = 8, bool = 1,
    int8_t = 1, uint16_t = 2, int32_t = 4, uint64_t = 8, ["complex float"] = 8, complex = 16,
  } do
    lu.assertEquals(ffi.sizeof(decl), size, decl)
  end
  lu.assertEquals(ffi.sizeof "void *", ffi.abi "64bit" and 8 or 4)
end

function TestSizeof:test_aggregates()
  lu.assertEquals(ffi.sizeof "struct to_s", H.per_alignment(24, 16))
  lu.assertEquals(ffi.sizeof "union to_u", 8)
  lu.assertEquals(ffi.sizeof "int[3][5]", 60)
  lu.assertEquals(ffi.sizeof "enum to_e", 4)
  lu.assertEquals(ffi.sizeof "struct {}", 0)
end

function TestSizeof:test_of_cdata_is_of_its_type()
  lu.assertEquals(ffi.sizeof(ffi.new "struct to_s"), H.per_alignment(24, 16))
  lu.assertEquals(ffi.sizeof(ffi.new "int[5]"), 20)
  lu.assertEquals(ffi.sizeof(ffi.cast("int *", 0)), ffi.sizeof "void *")
  lu.assertEquals(ffi.sizeof(ffi.new "struct to_s".c), 3)
end

function TestSizeof:test_variable_length()
  lu.assertEquals(ffi.sizeof("int[?]", 10), 40)
  lu.assertEquals(ffi.sizeof(ffi.new("int[?]", 10)), 40)
  lu.assertEquals(ffi.sizeof("struct to_vls", 5), 4 + 10)
  lu.assertEquals(ffi.sizeof(ffi.new("struct to_vls", 5)), 14)
end

function TestSizeof:test_nested_variable_length_struct()
  ffi.cdef "struct to_vls2 { struct { char a; struct { char b; char v[?]; } c; } d; };"
  lu.assertEquals(ffi.sizeof("struct to_vls2", 3), 5)
  lu.assertEquals(ffi.sizeof(ffi.new("struct to_vls2", 4).d.c), 5)
end

function TestSizeof:test_flexible_member_counts_nothing()
  lu.assertEquals(ffi.sizeof "struct to_flex", H.per_alignment(8, 4))
  lu.assertEquals(ffi.offsetof("struct to_flex", "d"), H.per_alignment(8, 4))
end

function TestSizeof:test_unknown_size_is_nil()
  lu.assertNil(ffi.sizeof "void")
  lu.assertNil(ffi.sizeof "struct to_opaque")
  lu.assertNil(ffi.sizeof "int (int)")
  lu.assertNil(ffi.sizeof "int[]")
end

function TestSizeof:test_missing_or_bad_nelem()
  lu.assertError(ffi.sizeof, "int[?]", "x")
  lu.assertError(ffi.sizeof, "int[?]", {})
end

TestAlignof = {}

function TestAlignof:test_types()
  lu.assertEquals(ffi.alignof "char", 1)
  lu.assertEquals(ffi.alignof "int", 4)
  lu.assertEquals(ffi.alignof "struct to_s", H.per_alignment(8, 4))
  lu.assertEquals(ffi.alignof "char[9]", 1)
  lu.assertEquals(ffi.alignof "complex float", 4)
  lu.assertEquals(ffi.alignof "struct { int a __attribute__((aligned(64))); }", 64)
  lu.assertEquals(ffi.alignof(ffi.new "double"), H.per_alignment(8, 4))
end

function TestAlignof:test_of_a_field()
  H.not_on_luajit "alignof(ct, field) is luaffifb's"
  ffi.cdef "struct to_al { char pad; int v __attribute__((aligned(16))); short s; };"
  lu.assertEquals(ffi.alignof("struct to_al", "v"), 16)
  lu.assertEquals(ffi.alignof("struct to_al", "s"), 2)
end

TestOffsetof = {}

function TestOffsetof:test_plain_fields()
  lu.assertEquals(ffi.offsetof("struct to_s", "a"), 0)
  lu.assertEquals(ffi.offsetof("struct to_s", "b"), H.per_alignment(8, 4))
  lu.assertEquals(ffi.offsetof("struct to_s", "c"), H.per_alignment(16, 12))
  lu.assertEquals(select("#", ffi.offsetof("struct to_s", "c")), 1)
  lu.assertEquals(ffi.offsetof("union to_u", "d"), 0)
  lu.assertEquals(ffi.offsetof(ffi.new "struct to_s", "b"), H.per_alignment(8, 4))
end

function TestOffsetof:test_transparent_fields()
  lu.assertEquals(ffi.offsetof("struct to_nest", "y"), 4)
  lu.assertEquals(ffi.offsetof("struct to_nest", "z"), 8)
  lu.assertEquals(ffi.offsetof("struct to_nest", "w"), 8)
  lu.assertEquals(ffi.offsetof("struct to_nest", "s"), 16)
end

function TestOffsetof:test_bit_fields_give_three_results()
  lu.assertEquals({ ffi.offsetof("struct to_bits", "b") }, { 4, 0, 3 })
  lu.assertEquals({ ffi.offsetof("struct to_bits", "c") }, { 4, 3, 7 })
  lu.assertEquals({ ffi.offsetof("struct to_bits", "d") }, { 8, 0, 20 })
end

function TestOffsetof:test_bit_field_wider_than_32_bits()
  H.not_on_luajit "stops at 32 bits"
  ffi.cdef "struct to_wide { int a; long long b : 33; long long c : 31; };"
  lu.assertEquals({ ffi.offsetof("struct to_wide", "b") }, H.per_alignment({ 8, 0, 33 }, { 4, 0, 33 }))
  lu.assertEquals(ffi.sizeof "struct to_wide", H.per_alignment(16, 12))
end

function TestOffsetof:test_unknown_field_is_nil()
  lu.assertNil((ffi.offsetof("struct to_s", "zz")))
  lu.assertNil((ffi.offsetof("int", "zz")))
end

TestAbi = {}

function TestAbi:test_abi_os_arch()
  lu.assertEquals(ffi.abi "le" ~= ffi.abi "be", true)
  lu.assertEquals(ffi.abi "32bit" ~= ffi.abi "64bit", true)
  lu.assertFalse(ffi.abi "no such thing")
  lu.assertIsString(ffi.os)
  lu.assertIsString(ffi.arch)
  if not H.is_luajit then return end
  lu.assertEquals(ffi.os, jit.os)
  lu.assertEquals(ffi.arch, jit.arch)
end

function TestAbi:test_known_names()
  if ffi.arch == "x64" then
    lu.assertTrue(ffi.abi "64bit")
    lu.assertTrue(ffi.abi "le")
    lu.assertTrue(ffi.abi "fpu")
    lu.assertTrue(ffi.abi "hardfp")
    lu.assertFalse(ffi.abi "softfp")
  end
  if ffi.os == "Linux" then lu.assertFalse(ffi.abi "win") end
end

TestCtypeObject = {}

function TestCtypeObject:test_calls_construct()
  local T = ffi.typeof "struct to_s"
  local s = T(1, 2.5, "ab")
  lu.assertEquals(s.a, 1)
  lu.assertEquals(s.b, 2.5)
  lu.assertEquals(ffi.string(s.c), "ab")
  lu.assertEquals(ffi.typeof "int[?]"(3)[2], 0)
end

function TestCtypeObject:test_unknown_types_are_errors()
  V.names(ffi.typeof, { "nosuchtype" }, "nosuchtype")
  V.names(ffi.sizeof, { "nosuchtype" }, "nosuchtype *")
  lu.assertError(ffi.typeof)
  lu.assertError(ffi.typeof, 1)
  lu.assertError(ffi.typeof, {})
  lu.assertError(ffi.typeof, nil)
  lu.assertError(ffi.typeof, "")
  lu.assertError(ffi.typeof, "int x, y")
end

function TestCtypeObject:test_indexing_without_a_constant_is_an_error()
  lu.assertError(function() return ffi.typeof "struct to_s".a end)
  lu.assertError(function() return ffi.typeof "int".foo end)
end

function TestCtypeObject:test_many_generated_strings()
  for n = 1, 600 do
    lu.assertEquals(ffi.sizeof("char[" .. n .. "]"), n)
  end
  lu.assertEquals(ffi.sizeof "char[1]", 1)
end

H.run()
