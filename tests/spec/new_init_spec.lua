-- ffi.new and constructors: every initialiser rule for scalars, arrays, structs, unions, VLAs, strings.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
struct ni_foo { int a, b; };
union ni_bar { int i; double d; };
struct ni_nested { int x; struct ni_foo y; };
struct ni_deep { struct { int a; int b[2]; } p[2]; char s[4]; };
struct ni_anon { int a; struct { int b; int c; }; union { int d; float e; }; int f; };
struct ni_vls { int n; int v[?]; };
struct ni_flex { int n; int v[]; };
struct ni_bits { unsigned a : 3; int b : 5; unsigned c : 8; };
struct ni_ptr { const char *s; int *p; void *v; };
struct ni_unnamed { int a; int : 5; int b; };
enum ni_enum { NI_A, NI_B = 4, NI_C };
struct ni_enums { enum ni_enum e; bool b; double d; };
]]

local function ints(a, n)
  local t = {}
  for i = 1, n do t[i] = a[i - 1] end
  return t
end

TestNewScalars = {}

function TestNewScalars:test_zero_without_initialiser()
  lu.assertEquals(tonumber(ffi.new "int"), 0)
  lu.assertEquals(tonumber(ffi.new "double"), 0)
  lu.assertTrue(V.isnull(ffi.new "int *"))
  lu.assertEquals(tonumber(ffi.new "int64_t"), 0)
  lu.assertEquals(tonumber(ffi.new "bool"), 0)
end

function TestNewScalars:test_one_initialiser()
  lu.assertEquals(tonumber(ffi.new("int", 42)), 42)
  lu.assertEquals(tonumber(ffi.new("double", 1.5)), 1.5)
  lu.assertEquals(tonumber(ffi.new("float", 0.1)) ~= 0.1, true)
  lu.assertEquals(tonumber(ffi.new("int8_t", 200)), -56)
  lu.assertEquals(tonumber(ffi.new("uint8_t", -1)), 255)
  lu.assertEquals(tonumber(ffi.new("int", 3.9)), 3)
  lu.assertEquals(tonumber(ffi.new("int", -3.9)), -3)
  lu.assertEquals(tonumber(ffi.new("bool", true)), 1)
  lu.assertEquals(tonumber(ffi.new("int", true)), 1)
end

function TestNewScalars:test_from_cdata()
  lu.assertEquals(tonumber(ffi.new("int", ffi.new("double", 7.5))), 7)
  lu.assertEquals(tonumber(ffi.new("double", ffi.new("int", 7))), 7)
  H.assert_int(ffi.new("int64_t", V.i64 "-9223372036854775808"), "-9223372036854775808")
end

function TestNewScalars:test_scalar_accepts_braces()
  lu.assertError(ffi.new, "int", { 1, 2 })
  lu.assertError(ffi.new, "int", {})
end

function TestNewScalars:test_excess_is_an_error()
  lu.assertError(ffi.new, "int", 1, 2)
  lu.assertError(ffi.new, "int *", nil, nil)
end

function TestNewScalars:test_pointer_from_nil_string_and_cdata()
  local a = ffi.new "int[2]"
  lu.assertTrue(V.isnull(ffi.new("int *", nil)))
  lu.assertTrue(ffi.new("int *", a) == ffi.cast("int *", a))
  lu.assertEquals(ffi.string(ffi.new("const char *", "abc")), "abc")
  lu.assertError(ffi.new, "char *", "abc")
  lu.assertError(ffi.new, "int *", 1)
  lu.assertError(ffi.new, "int *", true)
end

function TestNewScalars:test_void_pointer_from_number()
  H.not_on_luajit "luaffifb allows it, LuaJIT asks for a cast"
  lu.assertEquals(V.addr(ffi.new("void *", 4096)), 4096)
  lu.assertTrue(ffi.new("void *", 0) == ffi.NULL)
end

function TestNewScalars:test_enum()
  lu.assertEquals(tonumber(ffi.new("enum ni_enum", "NI_B")), 4)
  lu.assertEquals(tonumber(ffi.new("enum ni_enum", 5)), 5)
  lu.assertError(ffi.new, "enum ni_enum", "NI_X")
end

function TestNewScalars:test_pointer_does_not_convert_to_integer_without_cast()
  lu.assertError(ffi.new, "long", ffi.new "int *")
  lu.assertError(ffi.new, "int", ffi.new "int[1]")
end

TestNewArrays = {}

function TestNewArrays:test_zero_filled()
  lu.assertEquals(ints(ffi.new "int[4]", 4), { 0, 0, 0, 0 })
end

-- initialisers as ffi.new gets them, resulting int[3]
local array_rows = {
  { { {} }, { 0, 0, 0 } },
  { { { 1 } }, { 1, 1, 1 } },
  { { { 1, 2 } }, { 1, 2, 0 } },
  { { { 1, 2, 3 } }, { 1, 2, 3 } },
  { { { [0] = 1 } }, { 1, 1, 1 } },
  { { { [0] = 1, 2 } }, { 1, 2, 0 } },
  { { { [0] = 1, 2, 3 } }, { 1, 2, 3 } },
  { { 7 }, { 7, 7, 7 } },
  { { 7, 8 }, { 7, 8, 0 } },
  { { 7, 8, 9 }, { 7, 8, 9 } },
  { { { 1, nil, 3 } }, { 1, 1, 1 } },
  { { { [2] = 5 } }, { 0, 0, 0 } },
  { { { 4, x = 9 } }, { 4, 4, 4 } },
}

function TestNewArrays:test_rows()
  for i, row in ipairs(array_rows) do
    local init = row[1]
    local a = ffi.new("int[3]", (table.unpack or unpack)(init, 1, #init))
    lu.assertEquals(ints(a, 3), row[2], "row " .. i)
  end
end

function TestNewArrays:test_excess_is_an_error()
  V.names(ffi.new, { "int [3]" }, "int[3]", { [0] = 1, 2, 3, 4 })
  V.names(ffi.new, { "int [3]" }, "int[3]", { 1, 2, 3, 4 })
  V.names(ffi.new, { "int [3]" }, "int[3]", 1, 2, 3, 4)
end

function TestNewArrays:test_zero_based_full_table()
  lu.assertEquals(ints(ffi.new("int[4]", { [0] = 1, 2, 3, 4 }), 4), { 1, 2, 3, 4 })
end

function TestNewArrays:test_copy_of_the_same_type()
  local a = ffi.new("int[3]", { 1, 2, 3 })
  local b = ffi.new("int[3]", a)
  a[0] = 9
  lu.assertEquals(ints(b, 3), { 1, 2, 3 })
end

function TestNewArrays:test_copy_that_adds_const()
  local a = ffi.new("int[3]", { 1, 2, 3 })
  lu.assertEquals(ints(ffi.new("const int[3]", a), 3), { 1, 2, 3 })
end

function TestNewArrays:test_nested()
  local m = ffi.new("int[2][2]", { { 1, 2 }, { 3, 4 } })
  lu.assertEquals({ m[0][0], m[0][1], m[1][0], m[1][1] }, { 1, 2, 3, 4 })
  local r = ffi.new("int[3][2]", { { 1, 2 } })
  lu.assertEquals({ r[0][0], r[1][1], r[2][0], r[2][1] }, { 1, 2, 1, 2 })
  local s = ffi.new("struct ni_foo[2]", { { 1, 2 }, { a = 3 } })
  lu.assertEquals({ s[0].a, s[0].b, s[1].a, s[1].b }, { 1, 2, 3, 0 })
  local flat = ffi.new("struct ni_foo[2]", { 5, 6 }, { 7 })
  lu.assertEquals({ flat[0].a, flat[0].b, flat[1].a, flat[1].b }, { 5, 6, 7, 0 })
end

function TestNewArrays:test_element_conversion_failure_names_types()
  V.names(ffi.new, { "string", "int" }, "int[3]", { 1, "x" })
  lu.assertError(ffi.new, "int[3]", { {} })
  lu.assertError(ffi.new, "int[2][2]", { 1, 2 })
end

function TestNewArrays:test_pointers_and_bools()
  local a = ffi.new("const char *[3]", { "x", "yy" })
  lu.assertEquals(ffi.string(a[1]), "yy")
  lu.assertTrue(V.isnull(a[2]))
  local b = ffi.new("bool[3]", { true, false, true })
  lu.assertEquals({ b[0], b[1], b[2] }, { true, false, true })
end

function TestNewArrays:test_unknown_length_is_an_error()
  lu.assertError(ffi.new, "int[]")
  lu.assertError(ffi.new, "int[]", { 1, 2 })
end

TestNewStrings = {}

function TestNewStrings:test_exact_and_longer_array()
  lu.assertEquals(ffi.string(ffi.new("char[6]", "hello")), "hello")
  lu.assertEquals(ffi.string(ffi.new("char[10]", "hello")), "hello")
  lu.assertEquals(ffi.string(ffi.new("uint8_t[6]", "hello")), "hello")
  lu.assertEquals(ffi.string(ffi.new("int8_t[6]", "hello")), "hello")
end

function TestNewStrings:test_rest_of_the_array_is_zero()
  H.not_on_luajit "leaves what was there"
  lu.assertEquals(ffi.string(ffi.new("char[10]", "hello"), 10), "hello\0\0\0\0\0")
end

function TestNewStrings:test_copy_stops_at_a_fixed_size()
  lu.assertEquals(ffi.string(ffi.new("char[3]", "hello"), 3), "hel")
  lu.assertEquals(ffi.string(ffi.new("char[5]", "hello"), 5), "hello")
end

function TestNewStrings:test_embedded_zero()
  lu.assertEquals(ffi.string(ffi.new("char[4]", "a\0b"), 4), "a\0b\0")
end

function TestNewStrings:test_vla()
  lu.assertEquals(ffi.string(ffi.new("char[?]", 6, "hello")), "hello")
  lu.assertEquals(ffi.sizeof(ffi.new("char[?]", 6, "hello")), 6)
end

function TestNewStrings:test_only_byte_arrays_take_strings()
  lu.assertError(ffi.new, "int[6]", "hello")
  lu.assertError(ffi.new, "short[6]", "hello")
end

function TestNewStrings:test_in_a_struct()
  local d = ffi.new("struct ni_deep", { s = "abcdef" })
  lu.assertEquals(ffi.string(d.s, 4), "abcd")
end

TestNewStructs = {}

-- initialisers, expected a, b
local struct_rows = {
  { { {} }, 0, 0 },
  { { { 1 } }, 1, 0 },
  { { { 1, 2 } }, 1, 2 },
  { { { [0] = 1, 2 } }, 1, 2 },
  { { { b = 2 } }, 0, 2 },
  { { { a = 1, b = 2, c = 3 } }, 1, 2 },
  { { 1 }, 1, 0 },
  { { 1, 2 }, 1, 2 },
  { { { 1, 2, 3 } }, 1, 2 },
  { { { 1, b = 9 } }, 1, 0 },
}

function TestNewStructs:test_rows()
  for i, row in ipairs(struct_rows) do
    local s = ffi.new("struct ni_foo", (table.unpack or unpack)(row[1]))
    lu.assertEquals({ s.a, s.b }, { row[2], row[3] }, "row " .. i)
  end
end

function TestNewStructs:test_flat_excess_is_an_error()
  V.names(ffi.new, { "struct ni_foo" }, "struct ni_foo", 1, 2, 3)
end

function TestNewStructs:test_copy()
  local s = ffi.new("struct ni_foo", 1, 2)
  local t = ffi.new("struct ni_foo", s)
  s.a = 5
  lu.assertEquals({ t.a, t.b }, { 1, 2 })
end

function TestNewStructs:test_nested()
  local n = ffi.new("struct ni_nested", { 1, { 2, 3 } })
  lu.assertEquals({ n.x, n.y.a, n.y.b }, { 1, 2, 3 })
  n = ffi.new("struct ni_nested", { x = 1, y = { 2, 3 } })
  lu.assertEquals({ n.x, n.y.a, n.y.b }, { 1, 2, 3 })
  n = ffi.new("struct ni_nested", 1, ffi.new("struct ni_foo", 4, 5))
  lu.assertEquals({ n.x, n.y.a, n.y.b }, { 1, 4, 5 })
  n = ffi.new("struct ni_nested", { x = 1, y = { b = 3 } })
  lu.assertEquals({ n.x, n.y.a, n.y.b }, { 1, 0, 3 })
  lu.assertError(ffi.new, "struct ni_nested", 1, 2)
end

function TestNewStructs:test_deep()
  local d = ffi.new("struct ni_deep", { { { 1, { 2, 3 } }, { 4, { 5 } } }, "xy" })
  lu.assertEquals({ d.p[0].a, d.p[0].b[0], d.p[0].b[1] }, { 1, 2, 3 })
  lu.assertEquals({ d.p[1].a, d.p[1].b[0], d.p[1].b[1] }, { 4, 5, 5 })
  lu.assertEquals(ffi.string(d.s), "xy")
end

function TestNewStructs:test_transparent_members()
  local s = ffi.new("struct ni_anon", { a = 1, c = 3, e = 1.5, f = 6 })
  lu.assertEquals({ s.a, s.b, s.c, s.e, s.f }, { 1, 0, 3, 1.5, 6 })
  s = ffi.new("struct ni_anon", { 1, 2, 3, 4, 5 })
  lu.assertEquals({ s.a, s.b, s.c, s.d, s.f }, { 1, 2, 3, 4, 5 })
  s = ffi.new("struct ni_anon", 1, 2, 3, 4, 5)
  lu.assertEquals({ s.a, s.b, s.c, s.d, s.f }, { 1, 2, 3, 4, 5 })
end

function TestNewStructs:test_bit_fields()
  local s = ffi.new("struct ni_bits", { 5, -3, 200 })
  lu.assertEquals({ s.a, s.b, s.c }, { 5, -3, 200 })
  s = ffi.new("struct ni_bits", { c = 255 })
  lu.assertEquals({ s.a, s.b, s.c }, { 0, 0, 255 })
end

function TestNewStructs:test_unnamed_bit_fields_are_no_members()
  local s = ffi.new("struct ni_unnamed", 1, 2)
  lu.assertEquals({ s.a, s.b }, { 1, 2 })
end

function TestNewStructs:test_pointers()
  local a = ffi.new("int[1]", 8)
  local s = ffi.new("struct ni_ptr", { "text", a, a })
  lu.assertEquals(ffi.string(s.s), "text")
  lu.assertEquals(s.p[0], 8)
  lu.assertTrue(ffi.cast("int *", s.v) == s.p)
end

function TestNewStructs:test_enum_bool_double()
  local s = ffi.new("struct ni_enums", { "NI_B", true, 2.5 })
  lu.assertEquals({ tonumber(s.e), s.b, s.d }, { 4, true, 2.5 })
end

function TestNewStructs:test_failed_field_names_types()
  V.names(ffi.new, { "string", "int" }, "struct ni_foo", { a = "x" })
  V.names(ffi.new, { "string", "int" }, "struct ni_foo", { 1, "x" })
end

function TestNewStructs:test_failed_field_names_the_field()
  H.not_on_luajit "names types only"
  V.names(ffi.new, { "b" }, "struct ni_foo", { b = "x" })
  V.names(ffi.new, { "b" }, "struct ni_foo", { 1, {} })
end

TestNewUnions = {}

function TestNewUnions:test_rows()
  lu.assertEquals(ffi.new("union ni_bar", {}).i, 0)
  lu.assertEquals(ffi.new("union ni_bar", { 1 }).i, 1)
  lu.assertEquals(ffi.new("union ni_bar", { [0] = 1, 2 }).i, 1)
  lu.assertEquals(ffi.new("union ni_bar", { d = 2.5 }).d, 2.5)
  lu.assertEquals(ffi.new("union ni_bar", 3).i, 3)
  lu.assertError(ffi.new, "union ni_bar", 1, 2)
end

TestNewVla = {}

function TestNewVla:test_zero_filled_and_initialised()
  lu.assertEquals(ints(ffi.new("int[?]", 3), 3), { 0, 0, 0 })
  lu.assertEquals(ints(ffi.new("int[?]", 3, { 1, 2, 3 }), 3), { 1, 2, 3 })
  lu.assertEquals(ints(ffi.new("int[?]", 3, 1, 2, 3), 3), { 1, 2, 3 })
  lu.assertEquals(ints(ffi.new("int[?]", 3, 7), 3), { 7, 7, 7 })
  lu.assertEquals(ffi.sizeof(ffi.new("int[?]", 0)), 0)
  lu.assertEquals(ffi.sizeof(ffi.new("int[?]", 2.9)), 8)
  for _, type in ipairs { "int", "uint64_t", "double", "float" } do lu.assertEquals(ffi.sizeof(ffi.new("int[?]", ffi.new(type, 3))), 12, type) end
  lu.assertError(ffi.new, "int[?]", ffi.new("double", -1))
  lu.assertEquals(ffi.string(ffi.new("char[4]", "abc"), ffi.new("double", 2.5)), "ab")
  lu.assertEquals(ffi.sizeof(ffi.typeof "double[?]"(4)), 32)
end

function TestNewVla:test_nelem_from_cdata()
  lu.assertEquals(ffi.sizeof(ffi.new("int[?]", ffi.new("int", 3))), 12)
  lu.assertEquals(ffi.sizeof(ffi.new("int[?]", V.i64 "5")), 20)
end

function TestNewVla:test_excess_is_an_error()
  lu.assertError(ffi.new, "int[?]", 2, 1, 2, 3)
end

function TestNewVla:test_excess_in_a_table_is_an_error()
  lu.assertError(ffi.new, "int[?]", 2, { 1, 2, 3 })
end

function TestNewVla:test_nelem_is_required()
  lu.assertError(ffi.new, "int[?]")
  lu.assertError(ffi.new, "int[?]", nil)
  lu.assertError(ffi.new, "int[?]", {})
  lu.assertError(ffi.new, "int[?]", "x")
end

function TestNewVla:test_huge_and_negative_lengths()
  for _, n in ipairs { -1, 2 ^ 47, 2 ^ 60, 2 ^ 62, 2 ^ 63, 2 ^ 64, 1e300, -1e300, 0 / 0, 1 / 0 } do
    lu.assertFalse((pcall(ffi.new, "double[?]", n)), tostring(n))
  end
end

function TestNewVla:test_vls()
  local s = ffi.new("struct ni_vls", 3)
  lu.assertEquals(ffi.sizeof(s), 16)
  s.v[2] = 5
  lu.assertEquals(s.v[2], 5)
  s = ffi.new("struct ni_vls", 2, { 7, { 1, 2 } })
  lu.assertEquals({ s.n, s.v[0], s.v[1] }, { 7, 1, 2 })
  s = ffi.new("struct ni_vls", 2, 9)
  lu.assertEquals({ s.n, s.v[0], s.v[1] }, { 9, 0, 0 })
  lu.assertError(ffi.new, "struct ni_vls")
end

TestNewMisc = {}

function TestNewMisc:test_void_function_and_incomplete_types()
  lu.assertError(ffi.new, "void")
  lu.assertError(ffi.new, "int(int)")
  lu.assertError(ffi.new, "struct ni_undefined")
end

function TestNewMisc:test_const_objects_can_be_initialised()
  lu.assertEquals(ffi.new("const int[2]", { 1, 2 })[1], 2)
  lu.assertEquals(tonumber(ffi.new("const int", 5)), 5)
end

function TestNewMisc:test_constructor_equals_new()
  local T = ffi.typeof "struct ni_foo"
  lu.assertEquals(T(1, 2).b, 2)
  lu.assertEquals(T({ b = 4 }).b, 4)
  lu.assertEquals(ffi.new(T, 3).a, 3)
  lu.assertEquals(ffi.new(T(1, 2)).a, 0)
  lu.assertError(T, 1, 2, 3)
end

-- The ctype that is called is no argument.
function TestNewMisc:test_the_number_of_a_wrong_count()
  H.not_on_luajit "the ctype counts there"
  local T = ffi.typeof "int[?]"
  local make = ffi.constructor(T)
  for _, wrong in ipairs { "x", -1, 2 ^ 60, {} } do
    V.names(function() local a = T(wrong) return a end, { "bad argument #1 to" })
    V.names(function() local a = make(wrong) return a end, { "bad argument #1 to" })
    V.names(function() local a = ffi.new(T, wrong) return a end, { "bad argument #2 to" })
  end
end

function TestNewMisc:test_over_aligned_objects()
  local T = ffi.typeof "struct { char c; double d __attribute__((aligned(64))); }"
  local keep = {}
  for i = 1, 50 do
    keep[i] = T()
    lu.assertEquals(V.addr(keep[i]) % 16, 0)
  end
end

function TestNewMisc:test_alignment_beyond_16()
  H.not_on_luajit "its allocator gives 16 bytes at most"
  local T = ffi.typeof "struct { char c; double d __attribute__((aligned(64))); }"
  local keep = {}
  for i = 1, 50 do
    keep[i] = T()
    lu.assertEquals(V.addr(keep[i]) % 64, 0)
  end
  local vectors = ffi.typeof "float __attribute__((vector_size(32)))[3]" -- aligned to 32 on x86-64, to 16 on AArch64
  lu.assertEquals(V.addr(vectors()) % ffi.alignof(vectors), 0)
end

H.run()
