-- `$` in declarations: types, names and numbers as parameters of typeof and cdef.
-- oracle: LuaJIT
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

TestParametrised = {}

function TestParametrised:test_types()
  local T = ffi.typeof "struct { int a; double b; }"
  local P = ffi.typeof("$ *", T)
  lu.assertEquals(ffi.sizeof(P), ffi.sizeof "void *")
  local A = ffi.typeof("$[3]", T)
  lu.assertEquals(ffi.sizeof(A), H.per_alignment(48, 36))
  lu.assertTrue(ffi.istype(T, A()[1]))
  lu.assertTrue(ffi.typeof("$", T) == T)
  lu.assertTrue(ffi.typeof("$", ffi.new(T)) == T)
  lu.assertTrue(ffi.typeof("const $ *", ffi.typeof "int") == ffi.typeof "const int *")
end

function TestParametrised:test_names()
  local T = ffi.typeof("struct { int $, $; }", "alpha", "beta")
  local s = T(1, 2)
  lu.assertEquals({ s.alpha, s.beta }, { 1, 2 })
end

function TestParametrised:test_numbers()
  lu.assertEquals(ffi.sizeof(ffi.typeof("uint8_t[$][$]", 4, 5)), 20)
  lu.assertEquals(ffi.sizeof(ffi.typeof("int[$ + 1]", 4)), 20)
end

function TestParametrised:test_cdef()
  local T = ffi.typeof "struct { short q; }"
  ffi.cdef("typedef struct { $ $; int n[$]; } pm_t;", T, "field", 3)
  local s = ffi.new("pm_t", { { 4 }, { 5, 6, 7 } })
  lu.assertEquals({ s.field.q, s.n[2] }, { 4, 7 })
end

function TestParametrised:test_name_of_the_struct()
  ffi.cdef("struct $ { int a; };", "pm_named")
  lu.assertEquals(ffi.sizeof "struct pm_named", 4)
  ffi.cdef("enum { $ = $ };", "PM_CONST", 17)
  lu.assertEquals(tonumber(ffi.C.PM_CONST), 17)
end

function TestParametrised:test_any_text_is_a_name()
  ffi.cdef('int $(void) __asm__("getpid");', "0_x")
  lu.assertTrue(ffi.C["0_x"]() > 0)
  if H.is_luajit then return end -- some versions look a tag up by $ only where a type is declared
  ffi.cdef("struct $ { int a; };", "pm a b")
  lu.assertEquals(ffi.sizeof(ffi.typeof("struct $", "pm a b")), 4)
  local s = ffi.new(ffi.typeof("struct { int a, $, $; }", "b c", "while"), 3, 4, 5)
  lu.assertEquals({ s["b c"], s["while"] }, { 4, 5 })
  lu.assertEquals(ffi.offsetof(ffi.typeof("struct { int a, $; }", "\n"), "\n"), 4)
  ffi.cdef("enum { $ = 3, $ };", "pm-1", "struct")
  lu.assertEquals({ tonumber(ffi.C["pm-1"]), tonumber(ffi.C["struct"]) }, { 3, 4 })
  lu.assertErrorMsgContains("no such name", function() ffi.cdef("int $(void);", "pm no such name") return ffi.C["pm no such name"] end)
end

function TestParametrised:test_wrong_parameters()
  lu.assertError(ffi.typeof, "$ *")
  lu.assertError(ffi.typeof, "$ *", nil)
  lu.assertError(ffi.typeof, "$ *", {})
  lu.assertError(ffi.typeof, "$ *", 5)
  lu.assertError(ffi.typeof, "int[$]", "x")
  lu.assertError(ffi.typeof, "struct { int $; }", ffi.typeof "int")
  lu.assertError(ffi.typeof, "$ *", "int")
  lu.assertError(ffi.cdef, "typedef $ pm_bad;")
end

function TestParametrised:test_surplus_of_typeof_is_an_error()
  lu.assertError(ffi.typeof, "int", 5)
end

function TestParametrised:test_only_typeof_and_cdef_take_parameters()
  lu.assertError(ffi.sizeof, "$ *")
  lu.assertError(ffi.new, "$", ffi.typeof "int")
end

function TestParametrised:test_generic_list()
  local function list_of(ct)
    local node = ffi.typeof("struct { void *next; $ value; }", ct)
    return node
  end
  local L = list_of(ffi.typeof "double")
  local M = list_of(ffi.typeof "int8_t[3]")
  lu.assertEquals(ffi.offsetof(L, "value"), H.per_alignment(8, 4))
  lu.assertEquals(ffi.sizeof(L), H.per_alignment(16, 12))
  lu.assertEquals(ffi.sizeof(M), 2 * ffi.sizeof "void *")
  lu.assertEquals(M(nil, { 1, 2, 3 }).value[1], 2)
end

H.run()
