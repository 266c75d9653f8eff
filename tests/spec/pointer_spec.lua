-- Pointers: arithmetic, difference, comparison, casts, conversions between pointer types.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
struct pt_a { int x, y; };
struct pt_b { int x, y; };
struct pt_hidden;
typedef struct pt_a pt_a_t;
]]

TestPointerArithmetic = {}

function TestPointerArithmetic:test_add_and_subtract_numbers()
  local a = ffi.new("int[5]", { 10, 11, 12, 13, 14 })
  local p = ffi.cast("int *", a)
  lu.assertEquals((p + 2)[0], 12)
  lu.assertEquals((p + 2 - 1)[0], 11)
  lu.assertEquals((p + 4)[-1], 13)
  lu.assertEquals((p + 2.9)[0], 12)
  lu.assertEquals((p + ffi.new("int", 3))[0], 13)
  lu.assertEquals((p + V.i64 "3")[0], 13)
  lu.assertEquals((p + V.i64 "3" - V.u64 "1")[0], 12)
end

function TestPointerArithmetic:test_number_first()
  local a = ffi.new("int[5]", { 10, 11, 12, 13, 14 })
  local p = ffi.cast("int *", a)
  lu.assertEquals((ffi.new("int", 2) + p)[0], 12)
  lu.assertEquals((2 + p)[0], 12)
end

function TestPointerArithmetic:test_array_decays()
  local a = ffi.new("int[5]", { 10, 11, 12, 13, 14 })
  local p = a + 3
  lu.assertEquals(tostring(ffi.typeof(p)), "ctype<int *>")
  lu.assertEquals(p[0], 13)
  local m = ffi.new "int[2][3]"
  m[1][0] = 7
  lu.assertEquals(tostring(ffi.typeof(m + 1)), "ctype<int (*)[3]>")
  lu.assertEquals((m + 1)[0][0], 7)
end

function TestPointerArithmetic:test_keeps_the_type()
  local p = ffi.cast("const char *", "hello")
  lu.assertEquals(tostring(ffi.typeof(p + 1)), "ctype<const char *>")
  lu.assertEquals(ffi.string(p + 1), "ello")
  local two = ffi.new("struct pt_a[2]", { { 1, 2 }, { 3, 4 } })
  local s = ffi.cast("struct pt_a *", two)
  lu.assertEquals((s + 1).x, 3)
end

function TestPointerArithmetic:test_not_possible()
  local p, q = ffi.cast("int *", 64), ffi.cast("char *", 64)
  lu.assertError(function() return p + p end)
  lu.assertError(function() return 1 - p end)
  lu.assertError(function() return p * 2 end)
  lu.assertError(function() return p / 2 end)
  lu.assertError(function() return p % 2 end)
  lu.assertError(function() return p ^ 2 end)
  lu.assertError(function() return -p end)
  lu.assertError(function() return p - q end)
  lu.assertError(function() return p + "1" end)
  lu.assertError(function() return p + {} end)
  lu.assertError(function() return p + nil end)
  V.names(function() return p - q end, { "int *", "char *" })
end

function TestPointerArithmetic:test_unknown_element_size()
  lu.assertError(function() return ffi.cast("struct pt_hidden *", 64) + 1 end)
  lu.assertError(function() return ffi.cast("struct pt_hidden *", 64) - ffi.cast("struct pt_hidden *", 64) end)
end

function TestPointerArithmetic:test_functions_have_no_size()
  local f = ffi.cast("int (*)(int)", 64)
  lu.assertError(function() return f + 1 end)
end

TestPointerDifference = {}

function TestPointerDifference:test_counts_elements()
  local a = ffi.new "int[10]"
  local p, q = a + 2, a + 7
  lu.assertEquals(q - p, 5)
  lu.assertEquals(p - q, -5)
  lu.assertEquals(q - a, 7)
  lu.assertEquals(a - a, 0)
  lu.assertEquals(type(q - p), "number")
  local s = ffi.new "struct pt_a[4]"
  lu.assertEquals((s + 3) - s, 3)
end

function TestPointerDifference:test_qualifiers_do_not_matter()
  local a = ffi.new "int[10]"
  lu.assertEquals(ffi.cast("const int *", a + 3) - ffi.cast("int *", a), 3)
end

TestPointerComparison = {}

function TestPointerComparison:test_equality()
  local a = ffi.new "int[4]"
  lu.assertTrue(a + 1 == a + 1)
  lu.assertFalse(a + 1 == a + 2)
  lu.assertTrue(a + 1 ~= a + 2)
  lu.assertTrue(ffi.cast("int *", a) == a)
  lu.assertTrue(ffi.cast("void *", a) == ffi.cast("int *", a))
  lu.assertTrue(ffi.cast("const int *", a) == ffi.cast("int *", a))
end

function TestPointerComparison:test_incompatible_pointers_compare_equal_by_address()
  local a = ffi.new "int[4]"
  lu.assertTrue(ffi.cast("int *", a) == ffi.cast("char *", a))
  lu.assertFalse(ffi.cast("int *", a) == ffi.cast("char *", a) + 1)
end

function TestPointerComparison:test_order()
  local a = ffi.new "int[4]"
  lu.assertTrue(a + 1 < a + 2)
  lu.assertFalse(a + 2 < a + 1)
  lu.assertTrue(a + 1 <= a + 1)
  lu.assertTrue(a + 2 > a + 1)
  lu.assertTrue(a + 2 >= a + 2)
end

function TestPointerComparison:test_order_is_unsigned()
  local high = ffi.cast("char *", V.u64 "0xfffffffffffffff0")
  local low = ffi.cast("char *", 16)
  lu.assertTrue(low < high)
  lu.assertFalse(high < low)
end

function TestPointerComparison:test_order_of_incompatible_pointers_is_an_error()
  local a = ffi.new "int[4]"
  V.names(function() return ffi.cast("int *", a) < ffi.cast("char *", a) end, { "int *", "char *" })
  lu.assertError(function() return ffi.cast("int *", a) < 5 end)
end

function TestPointerComparison:test_void_pointers_order_among_themselves_only()
  local a = ffi.new "int[4]"
  lu.assertTrue(ffi.cast("void *", a) <= ffi.cast("void *", a))
  lu.assertError(function() return ffi.cast("void *", a) < ffi.cast("int *", a + 1) end)
end

function TestPointerComparison:test_null()
  lu.assertTrue(ffi.new "int *" == ffi.cast("void *", 0))
  lu.assertFalse(ffi.cast("int *", 4) == ffi.cast("void *", 0))
  lu.assertTrue(V.isnull(ffi.cast("void *", 0)))
  lu.assertFalse(V.isnull(ffi.cast("void *", 1)))
end

function TestPointerComparison:test_null_constants()
  H.not_on_luajit "compares with nil"
  lu.assertTrue(ffi.new "int *" == ffi.NULL)
  lu.assertTrue(ffi.NULL == ffi.nullptr)
  lu.assertTrue(ffi.C.NULL == ffi.NULL)
  lu.assertTrue(ffi.isnull(nil))
  lu.assertTrue(ffi.isnull(ffi.NULL))
  lu.assertFalse(ffi.isnull(ffi.new "int[1]"))
  lu.assertEquals(tostring(ffi.typeof(ffi.NULL)), "ctype<void *>")
end

function TestPointerComparison:test_truth()
  local n = ffi.new "int *"
  lu.assertTrue(n and true or false) -- as every value that is not nil or false
end

TestCast = {}

function TestCast:test_numbers_and_pointers()
  local p = ffi.cast("char *", 4096)
  lu.assertEquals(V.addr(p), 4096)
  H.assert_num(ffi.cast("intptr_t", p), 4096)
  H.assert_num(ffi.cast("uintptr_t", p + 1), 4097)
  lu.assertEquals(tonumber(ffi.cast("int", p)), 4096)
  lu.assertEquals(tonumber(ffi.cast("int8_t", ffi.cast("void *", 0x1ff))), -1)
  lu.assertTrue(V.isnull(ffi.cast("int *", nil)))
end

function TestCast:test_between_pointers()
  local a = ffi.new("int[2]", { 0x01020304, 5 })
  local b = ffi.cast("uint8_t *", a)
  lu.assertEquals(b[0] + b[3], ffi.abi "le" and 4 + 1 or 1 + 4)
  lu.assertEquals(ffi.cast("struct pt_a *", a).y, 5)
  lu.assertEquals(ffi.cast("int *", b)[1], 5)
  lu.assertEquals(ffi.cast("int *", ffi.cast("const int *", a))[1], 5)
end

function TestCast:test_scalars()
  lu.assertEquals(tonumber(ffi.cast("int", 3.99)), 3)
  lu.assertEquals(tonumber(ffi.cast("uint8_t", 300)), 44)
  lu.assertEquals(tonumber(ffi.cast("int8_t", 200)), -56)
  lu.assertEquals(tonumber(ffi.cast("float", 0.1)) ~= 0.1, true)
  lu.assertEquals(tonumber(ffi.cast("bool", 5)), 1)
  lu.assertEquals(tonumber(ffi.cast("int", true)), 1)
  H.assert_int(ffi.cast("int64_t", V.u64 "18446744073709551615"), "-1")
  H.assert_uint(ffi.cast("uint64_t", V.i64 "-1"), "18446744073709551615")
end

function TestCast:test_strings()
  lu.assertEquals(ffi.string(ffi.cast("const char *", "abc")), "abc")
  lu.assertEquals(ffi.string(ffi.cast("const uint8_t *", "abc")), "abc")
  lu.assertEquals(ffi.cast("const char *", "abc")[1], 98)
end

function TestCast:test_string_to_a_plain_char_pointer()
  lu.assertEquals(ffi.string(ffi.cast("char *", "abc")), "abc")
end

function TestCast:test_string_to_an_integer_is_its_address()
  local s = "some text"
  H.assert_num(ffi.cast("uintptr_t", s), V.addr(ffi.cast("const char *", s)))
end

function TestCast:test_enum_names()
  ffi.cdef "enum pt_e { PT_A, PT_B = 7 };"
  lu.assertEquals(tonumber(ffi.cast("enum pt_e", "PT_B")), 7)
  lu.assertError(ffi.cast, "enum pt_e", "PT_C")
end

function TestCast:test_result_is_boxed_scalar()
  lu.assertEquals(H.type(ffi.cast("int", 1)), "cdata")
  lu.assertTrue(ffi.istype("int", ffi.cast("int", 1)))
  lu.assertTrue(ffi.istype("double", ffi.cast("double", 1)))
end

function TestCast:test_same_value_in_and_out()
  local p = ffi.cast("int *", ffi.new "int[1]")
  lu.assertTrue(ffi.cast("int *", p) == p)
end

function TestCast:test_impossible_casts()
  for _, decl in ipairs { "struct pt_a", "int[3]", "void", "int(int)", "complex[2]" } do
    lu.assertError(ffi.cast, decl, 1)
  end
  lu.assertError(ffi.cast, "int *", {})
  lu.assertError(ffi.cast, "int", {})
  lu.assertError(ffi.cast, "int", print)
  lu.assertError(ffi.cast, "int")
  lu.assertError(ffi.cast)
  lu.assertError(ffi.cast, "double", ffi.new "int *")
end

function TestCast:test_struct_gives_its_address()
  local s = ffi.new("struct pt_a", 1, 2)
  local p = ffi.cast("struct pt_a *", s)
  p.x = 9
  lu.assertEquals(s.x, 9)
  lu.assertEquals(ffi.cast("int *", s)[1], 2)
  lu.assertEquals(V.addr(ffi.cast("void *", s)), V.addr(p))
end

TestPointerConversion = {}

-- target, source that converts without a cast
local good = {
  { "void *", "int *" }, { "int *", "void *" }, { "const int *", "int *" }, { "const void *", "int *" },
  { "const void *", "const int *" }, { "int *", "int[3]" }, { "const int *", "int[3]" }, { "void *", "int[3]" },
  { "struct pt_a *", "struct pt_a" }, { "pt_a_t *", "struct pt_a" }, { "void *", "struct pt_a" },
  { "int *", "unsigned *" }, { "unsigned *", "int *" }, { "const char *", "unsigned char *" },
  { "const struct pt_a *", "struct pt_a[2]" }, { "int (*)[3]", "int[2][3]" }, { "const char *", "char[4]" },
}
-- target, source that is refused
local bad = {
  { "int *", "const int *" }, { "int *", "char *" }, { "int *", "double *" }, { "struct pt_a *", "struct pt_b *" },
  { "struct pt_a *", "struct pt_b" }, { "int **", "int *" }, { "int *", "int **" }, { "char *", "const char *" },
  { "void *", "const int *" }, { "int *", "const int[3]" }, { "int64_t *", "int *" }, { "int *", "struct pt_a *" },
}

local function source(decl)
  if decl:match "%*$" then return ffi.cast(decl, 64) end
  return ffi.new(decl)
end

function TestPointerConversion:test_compatible()
  for _, row in ipairs(good) do
    local ok, message = pcall(ffi.new, row[1], source(row[2]))
    lu.assertTrue(ok, row[2] .. " -> " .. row[1] .. ": " .. tostring(message))
  end
end

function TestPointerConversion:test_incompatible()
  for _, row in ipairs(bad) do
    local ok, message = pcall(ffi.new, row[1], source(row[2]))
    lu.assertFalse(ok, row[2] .. " -> " .. row[1])
    lu.assertStrContains(message, row[1])
  end
end

TestPointerText = {}

function TestPointerText:test_tostring()
  lu.assertStrMatches(tostring(ffi.cast("int *", 4096)), "cdata<int %*>: 0x0*1000")
  lu.assertStrMatches(tostring(ffi.new "struct pt_a"), "cdata<struct pt_a>: 0x%x+")
  lu.assertStrContains(tostring(ffi.new "int *"), "cdata<int *>: ")
  lu.assertStrContains(tostring(ffi.new "int[3]"), "cdata<int [3]>: ")
end

function TestPointerText:test_tonumber_of_a_pointer_is_its_address()
  H.not_on_luajit "gives nil"
  lu.assertEquals(tonumber(ffi.cast("int *", 4096)), 4096)
  lu.assertEquals(ffi.tonumber(ffi.cast("int *", 4096)), 4096)
end

TestReferences = {}

function TestReferences:test_reference_is_dereferenced()
  local a = ffi.new("int[2]", { 5, 6 })
  local r = ffi.new("int &", a)
  lu.assertEquals(r + 0 == nil, false)
  lu.assertEquals(tonumber(r + 1), 6)
  a[0] = 9
  lu.assertEquals(tonumber(r + 0), 9)
  lu.assertEquals(tostring(ffi.typeof "int &"), "ctype<int &>")
end

function TestReferences:test_reference_to_struct()
  local s = ffi.new("struct pt_a", 1, 2)
  local r = ffi.new("struct pt_a &", s)
  lu.assertEquals(r.y, 2)
  r.y = 7
  lu.assertEquals(s.y, 7)
end

function TestReferences:test_member_reference()
  local T = ffi.typeof "struct { int &r; }"
  local a = ffi.new("int[1]", 4)
  local s = T(a)
  lu.assertEquals(s.r, 4)
  s.r = 8
  lu.assertEquals(a[0], 8)
end

TestAddressof = {}

function TestAddressof:test_addressof()
  H.not_on_luajit "no such function"
  local s = ffi.new("struct pt_a", 3, 4)
  local p = ffi.addressof(s)
  lu.assertEquals(tostring(ffi.typeof(p)), "ctype<struct pt_a *>")
  p.x = 8
  lu.assertEquals(s.x, 8)
  s = nil
  H.collect()
  lu.assertEquals(p.y, 4)
  local a = ffi.new "int[3]"
  lu.assertEquals(tostring(ffi.typeof(ffi.addressof(a))), "ctype<int (*)[3]>")
  lu.assertError(ffi.addressof)
  lu.assertError(ffi.addressof, 1)
end

-- A struct that is not declared completely, reached by a reference: it has an address.
TestOpaque = {}

local function opaque()
  pcall(ffi.cdef, [[
    typedef struct po_opaque po_opaque;
    struct po_other { int a; };
    void *memchr(const void *, int, size_t);
    extern po_opaque po_environ __asm__("environ");
  ]])
  local text = ffi.new("char[4]", "abc")
  return ffi.cast("po_opaque &", text), text
end

function TestOpaque:test_converts_to_pointers()
  local r, text = opaque()
  lu.assertTrue(ffi.C.memchr(r, 98, 3) == text + 1)
  lu.assertEquals(tonumber(ffi.cast("uintptr_t", ffi.C.memchr(ffi.cast("po_opaque &", text), 0, 1))), 0)
  lu.assertTrue(ffi.cast("void *", r) == ffi.cast("void *", text))
  lu.assertTrue(ffi.cast("po_opaque *", r) == ffi.new("po_opaque *", r))
  lu.assertTrue(ffi.cast("struct po_other &", r) == ffi.cast("struct po_other *", text))
  lu.assertTrue(ffi.new("po_opaque *[1]", { r })[0] == r)
  local s = ffi.new "struct { po_opaque *p; const void *v; }"
  s.p, s.v = r, r
  lu.assertTrue(s.p == r and s.v == ffi.cast("void *", r))
  lu.assertEquals(ffi.string(r, 3), "abc")
  ffi.copy(r, "xyz", 3)
  lu.assertEquals(ffi.string(text), "xyz")
  lu.assertTrue(r == ffi.cast("po_opaque &", text))
  lu.assertFalse(r == ffi.cast("po_opaque &", text + 1))
end

function TestOpaque:test_has_nothing_else()
  local r = opaque()
  lu.assertError(function() return r.x end)
  lu.assertError(function() return r[0] end)
  lu.assertError(function() return r + 1 end)
  lu.assertError(ffi.new, "int *", r)
  lu.assertError(ffi.new, "struct po_other *", r)
  lu.assertError(ffi.new, "po_opaque")
end

function TestOpaque:test_members_are_refused_by_name()
  H.not_on_luajit "it is Ferry's text"
  lu.assertErrorMsgContains("its type is not declared completely", function() return opaque().x end)
end

function TestOpaque:test_variables()
  opaque()
  lu.assertTrue(ffi.cast("void *", ffi.C.po_environ) ~= nil)
end

H.run()
