-- Declarations that legal C has beyond the common part of C11: bounds that name parameters, C23, old style, words of
-- clang's and Microsoft's; where errors say they are. What the parser makes of each is in tests/unit.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

local lib = H.load "spec_declarations"

ffi.cdef [[
  double decl_trace(int n, double a[n][n]);
  void decl_fill(int n, int m, int (*a)[m]);
  int decl_last(int n, const int a[n][2][n]);
  int decl_call(int n, int (*f)(int k, int a[k][k]));
  double decl_old(x, c, s, p) float x; char c; short s; int *p; { return 0; }
  size_t decl_opaque(void (^block)(int));
]]

TestVariableBounds = {}

function TestVariableBounds:test_arrays_of_arrays()
  local square = ffi.new("double[3][3]", {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}})
  lu.assertEquals(lib.decl_trace(3, square), 15)
  local a = ffi.new "int[2][3]"
  lib.decl_fill(2, 3, a)
  lu.assertEquals({a[0][0], a[0][2], a[1][0], a[1][2]}, {0, 2, 10, 12})
  local cube = ffi.new("int[2][2][2]", {{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}})
  lu.assertEquals(lib.decl_last(2, cube), 8)
end

-- The size is known when the program runs, and so is a flat array's.
function TestVariableBounds:test_flat_arrays_and_pointers()
  for n = 1, 4 do
    local a = ffi.new("double[?]", n * n)
    for i = 0, n - 1 do a[i * n + i] = i + 1 end
    lu.assertEquals(lib.decl_trace(n, a), n * (n + 1) / 2)
    lu.assertEquals(lib.decl_trace(n, ffi.cast("double *", a)), n * (n + 1) / 2)
    lu.assertEquals(lib.decl_trace(n, ffi.cast("double (*)[]", a)), n * (n + 1) / 2)
  end
end

function TestVariableBounds:test_other_elements_are_refused()
  lu.assertErrorMsgContains("cannot convert 'float [4]' to 'double (*)[]'",
    lib.decl_trace, 2, ffi.new "float[4]")
  lu.assertErrorMsgContains("bad argument #2 to 'decl_trace'", lib.decl_trace, 2, ffi.new "float *[4]")
  lu.assertErrorMsgContains("to 'int (*)[]'", lib.decl_fill, 1, 1, ffi.cast("const int *", ffi.new "int[1]"))
  lu.assertErrorMsgContains("to 'int (*)[]'", lib.decl_fill, 1, 1, 7)
end

function TestVariableBounds:test_callbacks()
  local sum = lib.decl_call(3, function(n, a)
    local elements = ffi.cast("int *", a)
    local total = 0
    for i = 0, n * n - 1 do total = total + elements[i] end
    return total
  end)
  lu.assertEquals(sum, 36)
  lu.assertEquals(lib.decl_call(2, function(_, a) return a[0][3] end), 3)
end

function TestVariableBounds:test_spelling()
  lu.assertEquals(tostring(ffi.typeof "void (int n, double a[n][n])"), "ctype<void (int, double (*)[])>")
  lu.assertEquals(tostring(ffi.typeof "void (int n, double a[n])"), "ctype<void (int, double *)>")
end

TestOldStyle = {}

-- Arguments travel promoted: float as double, char and short as int.
function TestOldStyle:test_parameters_are_promoted()
  lu.assertEquals(lib.decl_old(1.5, 2, 3, ffi.new("int[1]", 4)), 10.5)
  lu.assertErrorMsgContains("for 'decl_old' (4 expected, got 2)", lib.decl_old, 1.5, 2)
  lu.assertErrorMsgContains("'int *'", lib.decl_old, 1.5, 2, 3, ffi.new "float[1]")
end

TestBlocks = {}

-- clang's block is an object: a Lua function is none.
function TestBlocks:test_pointers_only()
  local object = ffi.new "int[1]"
  lu.assertEquals(tonumber(lib.decl_opaque(object)), tonumber(ffi.cast("uintptr_t", object)))
  lu.assertEquals(tonumber(lib.decl_opaque(nil)), 0)
  lu.assertError(lib.decl_opaque, function() end)
end

TestC23 = {}

function TestC23:test_constants()
  ffi.cdef [=[
    constexpr int decl_answer = 42;
    static constexpr double decl_half = 0.5;
    constexpr auto decl_million = 1'000'000;
    enum decl_bits : unsigned char { DECL_MASK = 0b1111'0000, DECL_ONE [[deprecated]] };
    enum decl_later : short;
  ]=]
  lu.assertEquals(ffi.C.decl_answer, 42)
  lu.assertEquals(ffi.C.decl_half, 0.5)
  lu.assertEquals(ffi.C.decl_million, 1000000)
  lu.assertEquals(ffi.C.DECL_MASK, 240)
  lu.assertEquals(ffi.C.DECL_ONE, 241)
  lu.assertEquals(ffi.sizeof "enum decl_bits", 1)
  lu.assertEquals(ffi.sizeof "enum decl_later", 2)
end

function TestC23:test_types()
  ffi.cdef [=[
    typedef __typeof__(nullptr) nullptr_t;
    typedef struct [[gnu::packed]] { char8_t a; [[deprecated]] int b; static_assert(sizeof(int) == 4); } decl_packed;
    struct decl_aligned { char a; alignas(16) char b; bool c; };
  ]=]
  lu.assertEquals(ffi.sizeof "decl_packed", 5)
  lu.assertEquals(ffi.offsetof("struct decl_aligned", "b"), 16)
  lu.assertEquals(ffi.sizeof "nullptr_t", ffi.sizeof "void *")
  lu.assertTrue(ffi.cast("nullptr_t", nil) == ffi.NULL)
end

function TestC23:test_redeclared_keywords()
  ffi.cdef "typedef float _Float32; typedef double _Float64; typedef double _Float32x; typedef long double _Float64x;"
  lu.assertEquals(ffi.sizeof "_Float32", 4)
  lu.assertEquals(tostring(ffi.typeof "_Float64"), "ctype<double>")
end

TestComplexIntegers = {}

ffi.cdef [[
  int _Complex decl_cadd(int _Complex a, int _Complex b);
  short _Complex decl_cshort(int before, short _Complex a, int behind);
  long long _Complex decl_clong(char _Complex a, long long _Complex b, int n);
  signed char _Complex decl_cchar(signed char _Complex a);
  struct decl_pair { char tag; int _Complex z; };
  struct decl_pair decl_cstruct(struct decl_pair p, unsigned _Complex u);
  int _Complex decl_cmap(int _Complex z, int _Complex (*f)(int _Complex));
  int _Complex decl_cmany(int a, int b, int c, int d, int e, long long _Complex f, int _Complex g, int _Complex h);
]]

local function parts(z) return { tonumber(z.re), tonumber(z.im) } end

function TestComplexIntegers:test_objects()
  local z = ffi.new("int _Complex", 3, -4)
  lu.assertEquals(parts(z), { 3, -4 })
  lu.assertEquals(tostring(z), "3-4i")
  lu.assertEquals(tostring(ffi.typeof(z)), "ctype<complex int>")
  lu.assertTrue(ffi.typeof "complex int" == ffi.typeof "int _Complex")
  lu.assertEquals(parts(ffi.new("unsigned char _Complex", 257, 2)), { 1, 2 })
  lu.assertEquals(parts(ffi.new("int _Complex", 5)), { 5, 0 })
  lu.assertEquals(parts(ffi.new("int _Complex", ffi.new("complex", 2.75, -3.5))), { 2, -3 })
  lu.assertEquals(parts(ffi.new("complex", z)), { 3, -4 })
  lu.assertEquals(ffi.sizeof "struct decl_pair", 12)
  lu.assertEquals(ffi.alignof "long long _Complex", ffi.alignof "struct { long long x; }")
  lu.assertEquals(tostring(ffi.new("long long _Complex", -1, 2)), "-1+2i")
  lu.assertEquals(parts(ffi.new("int _Complex[2]", { { 1, 2 }, { 3, 4 } })[1]), { 3, 4 })
end

-- As numbers: what is computed is a complex double.
function TestComplexIntegers:test_arithmetic()
  local z = ffi.new("int _Complex", 3, -4) * 2 + ffi.new("int _Complex", 0, 1)
  lu.assertEquals(parts(z), { 6, -7 })
  lu.assertEquals(tostring(ffi.typeof(z)), "ctype<complex>")
end

function TestComplexIntegers:test_by_value()
  local Int = ffi.typeof "int _Complex"
  lu.assertEquals(parts(lib.decl_cadd(Int(1, 2), Int(30, -40))), { 31, -38 })
  lu.assertEquals(parts(lib.decl_cshort(5, ffi.new("short _Complex", 10, 20), 3)), { 12, -20 })
  lu.assertEquals(parts(lib.decl_clong(ffi.new("char _Complex", 1, 2), ffi.new("long long _Complex", 10, 20), 3)), { 31, 62 })
  lu.assertEquals(parts(lib.decl_cchar(ffi.new("signed char _Complex", -1, -2))), { -1, -2 })
  local pair = lib.decl_cstruct(ffi.new("struct decl_pair", 7, Int(1, 2)), ffi.new("unsigned _Complex", 3, 4))
  lu.assertEquals(pair.tag, 7)
  lu.assertEquals(parts(pair.z), { 4, 6 })
  lu.assertEquals(parts(lib.decl_cmany(1, 2, 3, 4, 5, ffi.new("long long _Complex", 100, 1), Int(20, 2), Int(3, 3))),
    { 138, 6 })
end

function TestComplexIntegers:test_callbacks()
  local z = lib.decl_cmap(ffi.new("int _Complex", 3, 4), function(x) return ffi.new("int _Complex", x.im, x.re) end)
  lu.assertEquals(parts(z), { 5, 3 })
end

TestBitInt = {}

function TestBitInt:test_layout()
  ffi.cdef [[
    struct decl_widths { char a; _BitInt(17) b; unsigned _BitInt(9) c; _BitInt(7) d; _BitInt(40) e; };
    struct decl_bitfields { _BitInt(7) a : 5; _BitInt(20) b : 13; unsigned _BitInt(8) c : 8; };
  ]]
  lu.assertEquals(ffi.offsetof("struct decl_widths", "b"), 4)
  lu.assertEquals(ffi.offsetof("struct decl_widths", "c"), 8)
  lu.assertEquals(ffi.offsetof("struct decl_widths", "d"), 10)
  lu.assertEquals(ffi.sizeof "struct decl_bitfields", H.per_system(4, 12)) -- clang, also for x86_64-w64-mingw32
  lu.assertEquals(tostring(ffi.typeof "unsigned _BitInt(12)"), "ctype<unsigned _BitInt(12)>")
end

-- What C leaves in the bits beyond its own is no part of the value.
function TestBitInt:test_values_of_their_width()
  local s = ffi.new "struct decl_widths"
  s.b, s.c, s.d = -1, 0x3ff, 64
  lu.assertEquals({ s.b, s.c, s.d }, { -1, 0x1ff, -64 })
  local raw = ffi.cast("uint32_t *", ffi.cast("char *", s) + 4)
  raw[0] = 0x1ffff
  lu.assertEquals(s.b, -1)
  raw[0] = 0xfffe0005
  lu.assertEquals(s.b, 5)
  s.e = -2
  H.assert_int(s.e, "-2")
  local f = ffi.new("struct decl_bitfields", { a = -3, b = 4000, c = 200 })
  lu.assertEquals({ f.a, f.b, f.c }, { -3, 4000, 200 })
  local boxed = ffi.new("_BitInt(17)", 65536)
  lu.assertEquals(tonumber(boxed), -65536)
  lu.assertEquals(tonumber(boxed + 1), -65535)
  local a = ffi.new("_BitInt(5)[4]", { 1, 15, 16, -1 })
  lu.assertEquals({ a[0], a[1], a[2], a[3] }, { 1, 15, -16, -1 })
end

function TestBitInt:test_wide_ones()
  H.needs_int128()
  local z = ffi.new("_BitInt(100)", -5)
  lu.assertEquals(tostring(z), "-5")
  lu.assertEquals(tonumber(z), -5)
  lu.assertEquals(tostring(z * z), "25")
  lu.assertEquals(ffi.sizeof(z), 16)
  local u = ffi.new("unsigned _BitInt(70)", -1)
  lu.assertEquals(tostring(u), "1180591620717411303423")
  local raw = ffi.new "unsigned _BitInt(70)[1]"
  ffi.fill(raw, 16, 0xff)
  lu.assertEquals(tostring(raw[0]), "1180591620717411303423")
  lu.assertEquals(tostring(raw[0] - 1), "1180591620717411303422")
  lu.assertEquals(tonumber(raw[0]), 2 ^ 70)
  lu.assertEquals(tostring(ffi.new("__int128", z)), "-5")
  lu.assertEquals(tostring(ffi.new("_BitInt(100)", ffi.new("__int128", -7))), "-7")
end

function TestBitInt:test_refused()
  lu.assertErrorMsgContains("'_BitInt(200)' is wider than", ffi.cdef, "typedef _BitInt(200) decl_wide;")
  lu.assertErrorMsgContains("'_BitInt(1)' has no bit for a value", ffi.cdef, "typedef _BitInt(1) decl_narrow;")
  lu.assertErrorMsgContains("must be an integer type", ffi.cdef, "enum decl_be : _BitInt(3) { DECL_BE };")
  lu.assertErrorMsgContains("does not fit its type '_BitInt(7)'", ffi.cdef, "struct decl_bw { _BitInt(7) a : 8; };")
end

TestPlaces = {}

function TestPlaces:test_line_markers()
  lu.assertErrorMsgContains("unknown type name 'wrong' at c.h:2:1 (included at b.h:2, main.c:1)", ffi.cdef,
    '# 1 "main.c"\n# 1 "b.h" 1\nint decl_a;\n# 1 "c.h" 1\n\nwrong decl_b;\n')
  lu.assertErrorMsgContains("at other.h:7:11", ffi.cdef, '#line 7 "other.h"\nint wrong wrong;')
end

function TestPlaces:test_byte_order_mark()
  lu.assertErrorMsgContains("at line 1, column 1", ffi.cdef, "\239\187\191wrong x;")
  ffi.cdef "\239\187\191struct decl_marked { int _In_; _Field_size_(n) int *_Out_; int n; };"
  lu.assertEquals(ffi.offsetof("struct decl_marked", "_In_"), 0)
end

H.run()
