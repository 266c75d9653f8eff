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
