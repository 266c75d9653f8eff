-- Declarations that cdef accepts: C11, GNU and MSVC practice; redeclaration; constants; attributes.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

-- declarations, type expression, its size, its alignment (x86-64 SysV where it matters)
local function rows(list)
  for _, row in ipairs(list) do
    local ok, e = pcall(ffi.cdef, row[1])
    lu.assertTrue(ok, row[1] .. "\n" .. tostring(e))
    if row[2] then
      lu.assertEquals(ffi.sizeof(row[2]), row[3], row[1])
      if row[4] then lu.assertEquals(ffi.alignof(row[2]), row[4], row[1]) end
    end
  end
end

TestCdefTypes = {}

function TestCdefTypes:test_specifiers_in_any_order()
  for decl, same in pairs {
    ["long unsigned int long"] = "unsigned long long", ["int short"] = "short", ["char unsigned"] = "unsigned char",
    ["int const"] = "const int", ["long double"] = "long double", ["double long"] = "long double",
    ["signed"] = "int", ["unsigned"] = "unsigned int", ["long int"] = "long", ["volatile const int"] = "const volatile int",
    ["int long long signed"] = "long long", ["_Complex double"] = "double complex", ["char signed"] = "signed char",
  } do
    lu.assertTrue(ffi.typeof(decl) == ffi.typeof(same), decl)
  end
end

function TestCdefTypes:test_predefined_types()
  for _, name in ipairs {
    "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t", "intptr_t", "uintptr_t",
    "ptrdiff_t", "size_t", "ssize_t", "wchar_t", "va_list", "__builtin_va_list", "__gnuc_va_list", "__int8", "__int16",
    "__int32", "__int64", "bool", "_Bool",
  } do
    lu.assertIsNumber(ffi.sizeof(name), name)
  end
end

function TestCdefTypes:test_more_predefined_types()
  H.not_on_luajit "has fewer"
  for name, size in pairs {
    char16_t = 2, char32_t = 4, time_t = H.per_word(8, 4), off_t = H.per_system(H.per_word(8, 4), 4), int_least8_t = 1, uint_fast8_t = 1, intmax_t = 8, uintmax_t = 8,
    int_least32_t = 4, __int128 = H.per_word(16, nil),
  } do
    lu.assertEquals(ffi.sizeof(name), size, name)
  end
  lu.assertTrue(ffi.istype("va_list", ffi.new "__builtin_va_list"))
  lu.assertTrue(ffi.istype("va_list", ffi.new "__gnuc_va_list"))
end

function TestCdefTypes:test_structs_and_unions()
  rows {
    { "struct cd_1 { char a; int b; };", "struct cd_1", 8, 4 },
    { "union cd_2 { char a; double b; };", "union cd_2", 8, H.per_alignment(8, 4) },
    { "typedef struct cd_3 cd_3_t; struct cd_3 { cd_3_t *next; int v; };", "cd_3_t", H.per_word(16, 8), H.per_word(8, 4) },
    { "struct cd_4 { struct { int x, y; } p; union { int i; float f; }; };", "struct cd_4", 12, 4 },
    { "struct cd_5 { int n; char data[]; };", "struct cd_5", 4, 4 },
    { "struct cd_6 { int n; char data[0]; };", "struct cd_6", 4, 4 },
    { "struct cd_7 {};", "struct cd_7", 0, 1 },
    { "struct cd_8 { int a, *b, c[3], (*d)(int); };", "struct cd_8", H.per_word(40, 24), H.per_word(8, 4) },
    { "struct cd_9 { const int a; volatile int b; };", "struct cd_9", 8, 4 },
    { "struct cd_10 { unsigned a : 3, b : 5; unsigned : 0; unsigned c : 1; };", "struct cd_10", 8, 4 },
    { "typedef struct { int a; } cd_11, *cd_11_p;", "cd_11_p", H.per_word(8, 4) },
    { "struct cd_12 { enum { CD_X, CD_Y = 9 } kind; };", "struct cd_12", 4 },
    { "struct cd_13 { struct cd_13b { int z; } inner; }; struct cd_14 { struct cd_13b b[2]; };", "struct cd_14", 8 },
    { "struct cd_15 { int a; } cd_var_15;", "struct cd_15", 4 },
    { "struct cd_16; struct cd_17 { struct cd_16 *p; }; struct cd_16 { struct cd_17 q; };", "struct cd_16", H.per_word(8, 4) },
  }
end

function TestCdefTypes:test_declarators()
  for decl, text in pairs {
    ["int *(*)[3]"] = "int *(*)[3]", ["int (*(*)(void))[2]"] = nil, ["char *(*[4])(int)"] = nil,
    ["int (*)[3][4]"] = "int (*)[3][4]", ["int **const *"] = "int **const *", ["const volatile int *"] = "const volatile int *",
    ["unsigned char *restrict"] = nil, ["int (*)"] = "int *", ["int ((*))"] = "int *", ["int (*)[]"] = "int (*)[]",
  } do
    if text then lu.assertEquals(tostring(ffi.typeof(decl)), "ctype<" .. text .. ">", decl) end
  end
  lu.assertEquals(ffi.sizeof "char *(*[4])(int)", 4 * ffi.sizeof "void *")
  lu.assertEquals(ffi.sizeof "int (*(*)(void))[2]", ffi.sizeof "void *")
end

function TestCdefTypes:test_functions_and_parameters()
  rows {
    { "int cd_f1(void); int cd_f2(); int cd_f3(int, char *name, ...); void (*cd_f4(int sig, void (*func)(int)))(int);" },
    { "int cd_f5(int a[], int b[3], int c[const 4], int f(int), const char *restrict s, register int r);" },
    { "extern int cd_f6(int); static inline int cd_f7(int x) { return x ? (x + 1) : 2; } int cd_f8(int);" },
    { "typedef int cd_fn(int, int); cd_fn cd_f9; typedef cd_fn *cd_fnp; struct cd_ops { cd_fn *add; cd_fnp sub; };", "struct cd_ops", H.per_word(16, 8) },
    { "int cd_f10(int), cd_f11(char), *cd_v1, cd_v2[4];" },
    { "int cd_f12(void) __asm__(\"some\" \"name\");" },
    { "int (cd_f13)(int); int (*(cd_f14))(void);" },
    { "__extension__ int cd_f15(int) __attribute__((__nothrow__, __leaf__)) __attribute__((__nonnull__ (1)));" },
  }
end

function TestCdefTypes:test_static_array_parameters()
  H.not_on_luajit "knows only qualifiers there"
  rows { { "int cd_sa(int a[static 4], int b[const static 2], int n, int c[n], int d[*]);" } }
end

function TestCdefTypes:test_typedef_redeclared_alike()
  rows { { "typedef int cd_int; typedef int cd_int; typedef cd_int cd_int2; typedef unsigned char uint8_t;" } }
  lu.assertTrue(ffi.typeof "cd_int2" == ffi.typeof "int")
  lu.assertEquals(ffi.sizeof "uint8_t", 1)
end

function TestCdefTypes:test_typedef_names_as_identifiers()
  rows { { "typedef int cd_T; struct cd_uses { int cd_T; cd_T b; }; int cd_f20(int cd_T);", "struct cd_uses", 8 } }
end

function TestCdefTypes:test_comments_and_line_endings()
  rows {
    { "/* c */ struct cd_c1 { // line\n int /* in\n between */ a;\r\n };\t\v\f", "struct cd_c1", 4 },
    { "// only a comment" }, { "" }, { "   \n" }, { ";" },
  }
end

function TestCdefTypes:test_lone_semicolons_and_missing_last_one()
  rows { { ";;; int cd_semi(int);;" }, { "int cd_semi2(int)" } }
end

function TestCdefTypes:test_extern_c()
  H.not_on_luajit "has none"
  rows { { 'extern "C" { int cd_ec1(int); struct cd_ec { int a; }; } extern "C" int cd_ec2(int);', "struct cd_ec", 4 } }
end

TestCdefAttributes = {}

function TestCdefAttributes:test_gnu()
  rows {
    { "struct cd_a1 { char a; int b; } __attribute__((packed));", "struct cd_a1", 5, 1 },
    { "struct __attribute__((packed)) cd_a2 { char a; int b; };", "struct cd_a2", 5, 1 },
    { "struct __attribute__((__packed__, __aligned__(4))) cd_a3 { char a; int b; };", "struct cd_a3", 8, 4 },
    { "struct cd_a4 { char a; int b __attribute__((packed)); };", "struct cd_a4", 5, 1 },
    { "struct cd_a5 { char a; char b __attribute__((aligned(8))); };", "struct cd_a5", 16, 8 },
    { "struct cd_a6 { char a; } __attribute__((aligned(32)));", "struct cd_a6", 32, 32 },
    { "struct cd_a7 { char a; } __attribute__((aligned));", "struct cd_a7", H.per_max_align(16, 8), H.per_max_align(16, 8) },
    { "typedef int cd_a8 __attribute__((mode(QI)));", "cd_a8", 1 },
    { "typedef int cd_a9 __attribute__((mode(DI)));", "cd_a9", 8 },
    { "typedef float cd_a11 __attribute__((mode(DF)));", "cd_a11", 8 },
    { "typedef float cd_a12 __attribute__((vector_size(16)));", "cd_a12", 16, H.per_vector_align(16, 8) },
    { "int cd_a13(int) __attribute__((cdecl)); void __attribute__((stdcall)) cd_a14(void);" },
    { "int cd_a15(const char *, ...) __attribute__((format(printf, 1, 2))) __attribute__((deprecated(\"why\")));" },
    { "typedef int cd_a16 __attribute__((unused, may_alias));", "cd_a16", 4 },
  }
end

function TestCdefAttributes:test_unknown_attributes_with_any_arguments()
  H.not_on_luajit "reads no nested parentheses"
  rows { { "typedef int cd_u1 __attribute__((unknown_thing(1, \"x\", (2), a = b)));", "cd_u1", 4 } }
end

function TestCdefAttributes:test_word_and_pointer_modes()
  H.not_on_luajit "takes a word for 32 bits"
  rows {
    { "typedef unsigned cd_w1 __attribute__((__mode__(__word__)));", "cd_w1", H.per_word(8, 4) },
    { "typedef int cd_w2 __attribute__((mode(pointer)));", "cd_w2", H.per_word(8, 4) },
    { "typedef int cd_w3 __attribute__((mode(byte)));", "cd_w3", 1 },
  }
end

function TestCdefAttributes:test_single_parentheses()
  H.not_on_luajit "luaffifb's"
  rows {
    { "struct cd_s1 { char a; int v __attribute__(aligned(16)); };", "struct cd_s1", 32, 16 },
    { "struct cd_s2 { char a; int v; } __attribute__(packed);", "struct cd_s2", 5 },
    { "int cd_s3(int v) __attribute__(stdcall); __attribute__(fastcall) int cd_s4(int v);" },
    { "typedef int cd_s5 __attribute__(mode(byte));", "cd_s5", 1 },
  }
end

function TestCdefAttributes:test_msvc()
  rows {
    { "struct cd_m1 { char a; __declspec(align(16)) int b; };", "struct cd_m1", 32, 16 },
    { "__declspec(dllimport) int __cdecl cd_m2(int); typedef int (__stdcall *cd_m3)(int); int __fastcall cd_m4(void);", "cd_m3", H.per_word(8, 4) },
    { "typedef unsigned __int64 cd_m5; typedef __int8 cd_m6;", "cd_m5", 8 },
    { "#pragma pack(1)\nstruct cd_m7 { char a; double b; };\n#pragma pack()\nstruct cd_m8 { char a; double b; };", "struct cd_m7", 9, 1 },
    { "#pragma pack(push, 2)\nstruct cd_m9 { char a; double b; };\n#pragma pack(pop)\nstruct cd_m10 { char a; double b; };", "struct cd_m9", 10, 2 },
    { "#pragma pack(push)\n#pragma pack(4)\nstruct cd_m11 { char a; double b; };\n#pragma pack(pop)\n", "struct cd_m11", 12, 4 },
  }
  lu.assertEquals(ffi.sizeof "struct cd_m8", H.per_alignment(16, 12))
  lu.assertEquals(ffi.sizeof "struct cd_m10", H.per_alignment(16, 12))
end

function TestCdefAttributes:test_pack_ends_with_the_text()
  rows { { "#pragma pack(1)\nstruct cd_pk1 { char a; int b; };", "struct cd_pk1", 5 }, { "struct cd_pk2 { char a; int b; };", "struct cd_pk2", 8 } }
end

function TestCdefAttributes:test_c11()
  H.not_on_luajit "C99 only"
  rows {
    { "struct cd_n1 { char a; _Alignas(16) char b; alignas(8) int c; };", "struct cd_n1", 32, 16 },
    { "struct cd_n2 { _Alignas(double) char b; };", "struct cd_n2", H.per_alignment(8, 4), H.per_alignment(8, 4) },
    { "_Static_assert(sizeof(int) == 4, \"int\"); _Noreturn void cd_n3(int); typedef _Atomic int cd_n4; _Atomic(int) cd_n5;", "cd_n4", 4 },
    { "typedef __typeof__(int *) cd_n6; extern __typeof__(sizeof(int)) cd_n7;", "cd_n6", H.per_word(8, 4) },
    { "void cd_n8(const char *_Nonnull a, char *_Nullable b);" },
    { "typedef __attribute__((transparent_union)) union { int *i; char *c; } cd_n9;", "cd_n9", H.per_word(8, 4) },
  }
  lu.assertError(ffi.cdef, '_Static_assert(sizeof(int) == 5, "not five");')
  V.names(ffi.cdef, { "not five" }, '_Static_assert(sizeof(int) == 5, "not five");')
end

function TestCdefAttributes:test_harmless_lines()
  H.not_on_luajit "knows #pragma pack only"
  rows { { '# 1 "file.h"\n#line 5 "other.h"\n#pragma GCC visibility push(default)\nint cd_h1(int);\n#ident "x"\n' } }
  lu.assertErrorMsgContains("the header <ferry/no_such.h> is not found in ", ffi.cdef, "#include <ferry/no_such.h>\n")
  lu.assertErrorMsgContains("the header <ferry_no_such> (names without '.h' are those of C++) is not found in ", ffi.cdef, "#include <ferry_no_such>\n")
  lu.assertErrorMsgContains("this #if has no #endif at line 2, column 2", ffi.cdef, "\n#if 1\nint cd_h2(int);\n")
  -- Line markers count.
  lu.assertErrorMsgContains("at other.h:12:1", ffi.cdef, '# 12 "other.h"\nno_such_type x;\n')
  lu.assertError(ffi.cdef, "#error no\n")
end

TestCdefConstants = {}

function TestCdefConstants:test_expressions()
  ffi.cdef [[
    enum {
      CE_1 = 1 + 2 * 3, CE_2 = (1 + 2) * 3, CE_3 = 7 / 2, CE_4 = -7 % 3, CE_5 = 1 << 5 | 1, CE_6 = 0xff & ~0xf,
      CE_7 = 5 > 3 && 2 <= 1 || !0, CE_8 = 1 ? 2 : 3, CE_9 = 0 ? 2 : 1 ? 4 : 5, CE_10 = sizeof(int[3]), CE_11 = 'a', CE_12 = '\n',
      CE_13 = '\x41', CE_14 = '\101', CE_15 = 010, CE_16 = 0x10u, CE_17 = 10, CE_18 = -1 < 0, CE_19 = 3 ^ 5, CE_20 = +4,
      CE_21 = 44, CE_22 = 255, CE_23 = sizeof(char), CE_24 = __alignof__(double), CE_25 = CE_24 + 1,
      CE_26 = 6 != 5, CE_27 = 5 == 5, CE_28 = 100 >> 2
    };
  ]]
  local want = {
    7, 9, 3, -1, 33, 0xf0, 1, 2, 4, 12, 97, 10, 65, 65, 8, 16, 10, 1, 6, 4, 44, 255, 1, 8, 9, 1, 1, 25,
  }
  for i, v in ipairs(want) do lu.assertEquals(tonumber(ffi.C["CE_" .. i]), v, "CE_" .. i) end
end

function TestCdefConstants:test_casts()
  H.not_on_luajit "ignores them"
  ffi.cdef "enum { CD_K1 = (char)300, CD_K2 = (unsigned char)-1, CD_K3 = (short)65535, CD_K4 = (unsigned)-1 > 0, CD_K5 = (_Bool)7 };"
  lu.assertEquals({ ffi.C.CD_K1, ffi.C.CD_K2, ffi.C.CD_K3, ffi.C.CD_K4, ffi.C.CD_K5 }, { 44, 255, -1, 1, 1 })
end

function TestCdefConstants:test_suffixes()
  H.not_on_luajit "knows fewer"
  ffi.cdef "enum { CD_S1 = 10L, CD_S2 = 11ul, CD_S3 = 12LLU, CD_S4 = 0b101, CD_S6 = 10Lu };"
  lu.assertEquals({ ffi.C.CD_S1, ffi.C.CD_S2, ffi.C.CD_S3, ffi.C.CD_S4, ffi.C.CD_S6 }, { 10, 11, 12, 5, 10 })
end

function TestCdefConstants:test_static_const()
  ffi.cdef "static const int CD_SC = 8 << 2; static const unsigned char CD_SUC = 255; static const int CD_SCN = -3, CD_SC2 = 4;"
  lu.assertEquals({ ffi.C.CD_SC, ffi.C.CD_SUC, ffi.C.CD_SCN, ffi.C.CD_SC2 }, { 32, 255, -3, 4 })
  lu.assertEquals(ffi.sizeof "char[CD_SC]", 32)
end

function TestCdefConstants:test_64_bit_and_floating_constants()
  H.not_on_luajit "32-bit integers only"
  ffi.cdef "static const long long CD_BIG = 0x7fffffffffffffff; static const double CD_PI = 3.25; enum { CD_FROM = (int)(2.5 * 4) };"
  H.assert_int(ffi.C.CD_BIG, "9223372036854775807")
  lu.assertEquals(ffi.C.CD_PI, 3.25)
  lu.assertEquals(ffi.C.CD_FROM, 10)
end

-- What a preprocessor does, also across texts; tests/unit compares with gcc.
function TestCdefConstants:test_preprocessor()
  H.not_on_luajit "has no preprocessor"
  ffi.cdef [[
#define CD_P1 4
#define CD_PAIR(type, name) typedef struct { type a, b; } name
#if defined(__SIZEOF_POINTER__) && CD_P1 * 2 == 8
CD_PAIR(short, cd_pair);
#else
this is not read
#endif
typedef char cd_pointer[__SIZEOF_POINTER__];
  ]]
  lu.assertEquals(ffi.sizeof "cd_pair", 4)
  lu.assertEquals(ffi.sizeof "cd_pointer", ffi.sizeof "void *")
  lu.assertEquals(ffi.sizeof "char[CD_P1 + 1]", 5)
  ffi.cdef "#ifdef CD_P1\ntypedef int cd_p2[CD_P1];\n#endif\n#undef CD_P1\n#define CD_P1 5\n"
  lu.assertEquals(ffi.sizeof "cd_p2", 16)
  lu.assertEquals(ffi.C.CD_P1, 5)
  -- The last definition counts, and what it says is asked when it is used.
  ffi.cdef "#define CD_P3 (CD_P4 - 1)\nenum { CD_P4 = 7 };\n"
  lu.assertEquals(ffi.C.CD_P3, 6)
  -- A text that fails defines nothing.
  lu.assertError(ffi.cdef, "#define CD_P1 6\nno_such_type x;")
  lu.assertEquals(ffi.C.CD_P1, 5)
  lu.assertErrorMsgContains("macro 'CD_PAIR'", function() return ffi.C.CD_PAIR(1, 2) end)
end

-- What is no constant is evaluated, and what has parameters is called, by the macros and functions of the namespace.
function TestCdefConstants:test_macros_of_expressions()
  H.not_on_luajit "has no preprocessor"
  ffi.cdef [[
struct cd_point { int x, y; }; int abs(int); unsigned long zlibCompileFlags(void); extern char **environ;
#define CD_TEXT "abc" "def"
#define CD_TWICE(x) ((x) * CD_FACTOR)
#define CD_FACTOR 2
#define CD_ALIAS abs
#define CD_ORIGIN (struct cd_point){ 3, 4 }
#define CD_CALL abs(-4)
#define CD_NAMED(a) #a
#define CD_EMPTY
#define CD_LOOP(x) do { x; } while (0)
#define CD_VARIABLE environ
#define CD_NOWHERE cd_nowhere(1)
#define CD_FLAGS zlibCompileFlags()
#define CD_APPLY(f) f(1)
#define CD_MEMBER(p) ((p)->x)
#define CD_ADD(a, b, p) __builtin_add_overflow(a, b, p)
#define CD_NULL (*(int *)0)
  ]]
  lu.assertEquals(ffi.C.CD_TEXT, "abcdef")
  lu.assertEquals(ffi.C.CD_TWICE(21), 42)
  lu.assertEquals(ffi.C.CD_TWICE(1.25), 2.5)
  lu.assertEquals(ffi.C.CD_ALIAS(-5), 5)
  lu.assertEquals(ffi.C.CD_ORIGIN.y, 4)
  lu.assertEquals(ffi.C.CD_CALL, 4)
  lu.assertEquals(ffi.C.CD_NAMED(7), "7")
  lu.assertEquals(ffi.C.CD_EMPTY, true)
  lu.assertEquals(ffi.C.CD_VARIABLE ~= nil, true)
  -- What it is looked up in is the namespace.
  if ffi.os ~= "Windows" and not H.musl then lu.assertTrue(tonumber(ffi.load("z").CD_FLAGS) > 0) end
  H.assert_error_contains(function() return ffi.C.CD_NOWHERE end, "macro 'CD_NOWHERE'", "cd_nowhere(1)")
  H.assert_error_contains(function() return ffi.C.CD_LOOP(1) end, "macro 'CD_LOOP'", "its text is: do { x; } while (0)")
  H.assert_error_contains(function() return ffi.C.CD_TWICE() end, "macro 'CD_TWICE'", "takes 1 argument, got 0")
  H.assert_error_contains(function() return ffi.C.CD_TWICE {} end, "argument #1 is a table")
  H.assert_error_contains(function() return ffi.C.CD_MEMBER(nil) end, "macro 'CD_MEMBER'", "'void' has no members")
  -- What is wrong when it runs has the place of who uses the macro.
  for text, use in pairs {
    ["attempt to call a NULL 'int (*)(int)'"] = function() local _ = ffi.C.CD_APPLY(ffi.cast("int (*)(int)", nil)) end,
    ["NULL 'int *'"] = function() local _ = ffi.C.CD_ADD(1, 2, ffi.cast("int *", nil)) end,
    ["NULL pointer"] = function() local _ = ffi.C.CD_NULL end,
    ["argument #1 is a thread"] = function() local _ = ffi.C.CD_MEMBER(coroutine.create(function() end)) end,
  } do
    local message = H.assert_error_contains(use, text)
    lu.assertStrContains(message, "cdef_spec.lua:")
    lu.assertNotStrContains(message, "ferry/")
  end
  H.assert_error_contains(function() ffi.C.CD_TWICE = 1 end, "attempt to write to constant 'CD_TWICE'")
  -- The last definition counts, also of what it is made of.
  ffi.cdef "#undef CD_FACTOR\n#define CD_FACTOR 3\n"
  lu.assertEquals(ffi.C.CD_TWICE(21), 63)
  ffi.cdef "#undef CD_TEXT\n#define CD_TEXT(a, b) a b\n"
  lu.assertEquals(ffi.C.CD_TEXT("x", "y"), "xy")
end

function TestCdefConstants:test_include()
  H.not_on_luajit "has no preprocessor"
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write "#ifndef CD_INCLUDED\n#define CD_INCLUDED 1\ntypedef struct { int x[3]; } cd_included;\n#endif\n"
  file:close()
  ffi.cdef(('#include "%s"\n#include "%s"\n'):format(path, path))
  lu.assertEquals(ffi.sizeof "cd_included", 12)
  file = assert(io.open(path, "w"))
  file:write "\n int x\n y;\n"
  file:close()
  lu.assertErrorMsgContains(path .. ":3:2 (included at line 2)", ffi.cdef, ('\n#include "%s"\n'):format(path))
  os.remove(path)
  lu.assertErrorMsgContains("is not found", ffi.cdef, ('#include "%s.gone"'):format(path))
end

function TestCdefConstants:test_define()
  H.not_on_luajit "has no #define"
  ffi.cdef [[
#define CD_D1 42
#define CD_D2 (CD_D1 * 2) /* twice */
#define CD_D3 0x80000000u
#define CD_D4 1.5
#define CD_D5 CD_D1 + \
  1
#define CD_D6
#define CD_D7(x) ((x) + 1)
#define CD_D8 do { } while (0)
#define CD_D9 (-1)
#define CD_D10 18446744073709551615ULL
char *cd_d_fn(char b[CD_D1]);
struct cd_d { char b[CD_D2]; };
]]
  lu.assertEquals({ ffi.C.CD_D1, ffi.C.CD_D2, ffi.C.CD_D3, ffi.C.CD_D4, ffi.C.CD_D5, ffi.C.CD_D9 }, { 42, 84, 2147483648, 1.5, 43, -1 })
  H.assert_uint(ffi.C.CD_D10, "18446744073709551615")
  lu.assertEquals(ffi.sizeof "struct cd_d", 84)
  lu.assertError(function() return ffi.C.CD_D8 end)
  lu.assertEquals({ ffi.C.CD_D6, ffi.C.CD_D7(1) }, { true, 2 })
end

function TestCdefConstants:test_offsetof_in_expressions()
  H.not_on_luajit "has none"
  ffi.cdef "struct cd_off { char a; double b; int c[4]; }; enum { CD_OFF = offsetof(struct cd_off, b), CD_OFF2 = __builtin_offsetof(struct cd_off, c[2]) };"
  lu.assertEquals({ ffi.C.CD_OFF, ffi.C.CD_OFF2 }, H.per_alignment({ 8, 24 }, { 4, 20 }))
  lu.assertEquals(ffi.sizeof "struct { char foo[alignof(uint64_t)]; }", ffi.alignof "uint64_t")
end

function TestCdefConstants:test_eval()
  H.not_on_luajit "no such function"
  lu.assertEquals(ffi.eval "1 + 2 * 3", 7)
  lu.assertEquals(tonumber(ffi.eval "sizeof(double) << 1"), 16)
  lu.assertEquals(ffi.eval "1.5 * 2", 3)
  H.assert_uint(ffi.eval "0xffffffffffffffff", "18446744073709551615")
  lu.assertError(ffi.eval, "1 +")
  lu.assertError(ffi.eval, "1 / 0")
  lu.assertError(ffi.eval, "nosuch")
  lu.assertError(ffi.eval)
end

TestCdefRedeclaration = {}

function TestCdefRedeclaration:test_the_first_function_stays()
  ffi.cdef "int abs(int); int abs(int); int labs(int);"
  ffi.cdef "double abs(double, double);"
  ffi.cdef "double labs(double, double);"
  lu.assertEquals(ffi.C.abs(-3), 3)
  ffi.cdef "double abs(double);"
  lu.assertEquals(ffi.C.abs(-4), 4)
  lu.assertTrue(tostring(ffi.typeof(ffi.C.labs)):find("ctype<int (", 1, true) == 1)
end

function TestCdefRedeclaration:test_the_first_typedef_stays()
  ffi.cdef "typedef int cd_td; typedef struct { int x, y; } cd_ts;"
  ffi.cdef "typedef double cd_td; typedef struct { char c; } cd_ts; typedef int size_t;"
  lu.assertEquals(ffi.sizeof "cd_td", 4)
  lu.assertEquals(ffi.sizeof "cd_ts", 8)
  lu.assertEquals(ffi.sizeof "size_t", ffi.sizeof "void *")
  ffi.cdef "int cd_td(int); extern double cd_td;"
  lu.assertEquals(ffi.sizeof "cd_td", 4)
end

function TestCdefRedeclaration:test_the_first_variable_stays()
  ffi.cdef "extern int opterr;"
  ffi.cdef "extern double opterr;"
  lu.assertEquals(ffi.C.opterr, 1) -- <unistd.h>: initially not 0; glibc and musl have 1
end

function TestCdefRedeclaration:test_later_ones_complete()
  H.not_on_luajit "keeps the first as it is"
  ffi.cdef "int toupper();"
  lu.assertFalse((pcall(function() return ffi.C.toupper(97) end)))
  ffi.cdef "int toupper(int character);"
  lu.assertEquals(ffi.C.toupper(97), 65)
  ffi.cdef "int toupper();"
  lu.assertEquals(ffi.C.toupper(97), 65)
end

function TestCdefRedeclaration:test_conflicting_body_is_an_error()
  ffi.cdef "struct cd_cf { int a; };"
  V.names(ffi.cdef, { "cd_cf" }, "struct cd_cf { double a; };")
  lu.assertEquals(ffi.sizeof "struct cd_cf", 4)
  lu.assertError(ffi.cdef, "union cd_cf { int a; };")
end

function TestCdefRedeclaration:test_identical_body_is_fine()
  H.not_on_luajit "refuses every second body"
  ffi.cdef "struct cd_same { int a; char *b; struct { int c : 3; }; };"
  ffi.cdef "struct cd_same { int a; char *b; struct { int c : 3; }; };"
  lu.assertEquals(ffi.sizeof "struct cd_same", H.per_word(24, 12))
end

function TestCdefRedeclaration:test_conflicting_constant_is_an_error()
  H.not_on_luajit "takes the later"
  ffi.cdef "enum { CD_CC = 1 };"
  V.names(ffi.cdef, { "CD_CC" }, "enum { CD_CC = 2 };")
  lu.assertEquals(ffi.C.CD_CC, 1)
end

function TestCdefRedeclaration:test_surplus_arguments_are_ignored()
  H.not_on_luajit "counts them"
  ffi.cdef("int cd_surplus(int);", 1, "x", {})
end

function TestCdefRedeclaration:test_returns_nothing()
  lu.assertEquals(select("#", ffi.cdef "int cd_nothing(int);"), 0)
end

H.run()
