-- Enums: constants, underlying types, strings as names, values as numbers.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
enum en_plain { EN_A, EN_B, EN_C = 10, EN_D };
enum en_neg { EN_N = -5, EN_M };
enum en_big { EN_BIG = 0xffffffff };
enum en_expr { EN_E1 = 1 << 4, EN_E2 = EN_E1 | 3, EN_E3 = sizeof(int) * 2, EN_E4 = (EN_E1 > 3) ? 7 : 8, EN_E5 = 'A', EN_E6 = ~0 };
typedef enum { EN_T1, EN_T2 } en_td;
enum { EN_ANON = 99 };
enum en_trail { EN_TR1, EN_TR2, };
struct en_holder { enum en_plain e; en_td t; enum { EN_IN = 3 } inner; };
enum en_opaque;
]]

TestEnum = {}

function TestEnum:test_constants_of_the_namespace()
  lu.assertEquals(tonumber(ffi.C.EN_A), 0)
  lu.assertEquals(tonumber(ffi.C.EN_D), 11)
  lu.assertEquals(tonumber(ffi.C.EN_ANON), 99)
  lu.assertEquals(tonumber(ffi.C.EN_IN), 3)
  lu.assertEquals(tonumber(ffi.C.EN_N), -5)
  lu.assertEquals(tonumber(ffi.C.EN_M), -4)
  lu.assertEquals(tonumber(ffi.C.EN_BIG), 4294967295)
  lu.assertEquals(tonumber(ffi.C.EN_TR2), 1)
end

function TestEnum:test_constants_are_numbers()
  lu.assertEquals(ffi.C.EN_C, 10)
  lu.assertEquals(type(ffi.C.EN_C), "number")
end

function TestEnum:test_constant_expressions()
  lu.assertEquals(tonumber(ffi.C.EN_E1), 16)
  lu.assertEquals(tonumber(ffi.C.EN_E2), 19)
  lu.assertEquals(tonumber(ffi.C.EN_E3), 8)
  lu.assertEquals(tonumber(ffi.C.EN_E4), 7)
  lu.assertEquals(tonumber(ffi.C.EN_E5), 65)
  lu.assertEquals(tonumber(ffi.C.EN_E6), -1)
end

function TestEnum:test_size_and_sign()
  lu.assertEquals(ffi.sizeof "enum en_plain", 4)
  lu.assertEquals(tonumber(ffi.new("enum en_plain", -1)), 4294967295)
  lu.assertEquals(tonumber(ffi.new("enum en_neg", -1)), -1)
  lu.assertEquals(tonumber(ffi.new("enum en_big", "EN_BIG")), 4294967295)
end

function TestEnum:test_names_convert()
  lu.assertEquals(tonumber(ffi.new("enum en_plain", "EN_D")), 11)
  lu.assertEquals(tonumber(ffi.cast("enum en_plain", "EN_B")), 1)
  local h = ffi.new("struct en_holder", "EN_C", "EN_T2", "EN_IN")
  lu.assertEquals({ tonumber(h.e), tonumber(h.t), tonumber(h.inner) }, { 10, 1, 3 })
  h.e = "EN_B"
  lu.assertEquals(tonumber(h.e), 1)
  local a = ffi.new("enum en_plain[2]", { "EN_C", "EN_D" })
  lu.assertEquals(tonumber(a[1]), 11)
end

function TestEnum:test_wrong_names()
  V.names(ffi.new, { "enum en_plain" }, "enum en_plain", "EN_T1")
  V.names(ffi.new, { "enum en_plain" }, "enum en_plain", "")
  lu.assertError(ffi.new, "int", "EN_A")
end

function TestEnum:test_numbers_that_are_no_constants_are_allowed()
  lu.assertEquals(tonumber(ffi.new("enum en_plain", 77)), 77)
end

function TestEnum:test_comparison()
  lu.assertTrue(ffi.new("enum en_plain", 1) == ffi.new("enum en_plain", "EN_B"))
  lu.assertTrue(ffi.new("enum en_plain", 1) < ffi.new("enum en_plain", 2))
  lu.assertTrue(ffi.new("enum en_plain", 10) == ffi.new("int", 10))
end

function TestEnum:test_comparison_with_strings()
  H.only_on_luajit "PUC Lua never asks a metamethod for cdata == string"
  lu.assertTrue(ffi.new("enum en_plain", 1) == "EN_B")
end

function TestEnum:test_istype()
  local e = ffi.new "enum en_plain"
  lu.assertTrue(ffi.istype("enum en_plain", e))
  lu.assertFalse(ffi.istype("enum en_neg", e))
  lu.assertFalse(ffi.istype("int", e))
  lu.assertTrue(ffi.istype("en_td", ffi.new "en_td"))
end

function TestEnum:test_values_read_as_numbers()
  H.not_on_luajit "boxes them"
  local h = ffi.new("struct en_holder", "EN_C")
  lu.assertEquals(h.e, 10)
  lu.assertEquals(type(h.e), "number")
end

function TestEnum:test_tostring_of_a_boxed_enum()
  lu.assertStrContains(tostring(ffi.new("enum en_plain", 10)), "10")
end

function TestEnum:test_fixed_underlying_type()
  H.not_on_luajit "no C++11/C23 underlying types"
  ffi.cdef [[
    enum en_u8 : unsigned char { EN_U8 = 255 };
    enum en_i64 : long long { EN_I64 = 0x7fffffffffffffff };
    struct en_small { enum en_u8 a; enum en_u8 b; };
  ]]
  lu.assertEquals(ffi.sizeof "enum en_u8", 1)
  lu.assertEquals(ffi.sizeof "enum en_i64", 8)
  lu.assertEquals(ffi.sizeof "struct en_small", 2)
  lu.assertEquals(tonumber(ffi.new("enum en_u8", "EN_U8")), 255)
  H.assert_int(ffi.C.EN_I64, "9223372036854775807")
end

function TestEnum:test_64_bit_constants_make_a_64_bit_enum()
  H.not_on_luajit "cuts them to 32 bits"
  ffi.cdef "enum en_wide { EN_WIDE = 0x100000000 };" -- gcc: an enum that needs it is as wide as long
  lu.assertEquals(ffi.sizeof "enum en_wide", 8)
  H.assert_int(ffi.C.EN_WIDE, "4294967296")
end

function TestEnum:test_opaque_enum_has_a_pointer()
  lu.assertTrue(V.isnull(ffi.new "enum en_opaque *"))
end

function TestEnum:test_redeclaration()
  lu.assertTrue(pcall(ffi.cdef, "enum en_opaque { EN_O1 = 4 };"))
  lu.assertEquals(tonumber(ffi.C.EN_O1), 4)
  lu.assertError(ffi.cdef, "enum en_plain { EN_A = 5 };")
end

function TestEnum:test_identical_redeclaration()
  H.not_on_luajit "refuses every second body"
  ffi.cdef "enum en_plain { EN_A, EN_B, EN_C = 10, EN_D };"
  lu.assertEquals(ffi.C.EN_D, 11)
end

function TestEnum:test_constants_cannot_be_assigned()
  lu.assertError(function() ffi.C.EN_A = 5 end)
  lu.assertEquals(tonumber(ffi.C.EN_A), 0)
end

function TestEnum:test_enum_as_array_bound()
  lu.assertEquals(ffi.sizeof "char[EN_C]", 10)
end

function TestEnum:test_enum_bit_field()
  local s = ffi.new "struct { enum en_plain e : 5; unsigned rest : 3; }"
  s.e = 11
  s.rest = 7
  lu.assertEquals(tonumber(s.e), 11)
end

H.run()
