-- Bulk transfer: totable, fromtable, copy(array, table).
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

local kinds = {
  int8_t = { -128, 127 }, uint8_t = { 0, 255 }, int16_t = { -32768, 32767 }, uint16_t = { 0, 65535 },
  int32_t = { -2147483648, 2147483647 }, uint32_t = { 0, 4294967295 }, float = { -0.5, 1.25 }, double = { 0.1, -1e300 },
}

TestToTable = {}

function TestToTable:test_every_scalar_type()
  for decl, values in pairs(kinds) do
    local a = ffi.new(decl .. "[3]", { values[1], values[2], 1 })
    lu.assertEquals(ffi.totable(a), { values[1], values[2], 1 }, decl)
    lu.assertEquals(ffi.totable(a, 2), { values[1], values[2] }, decl)
    lu.assertEquals(ffi.totable(a, 0), {}, decl)
    lu.assertEquals(ffi.totable(ffi.cast(decl .. " *", a) + 1, 2), { values[2], 1 }, decl)
  end
end

function TestToTable:test_bool_enum_64_bit()
  lu.assertEquals(ffi.totable(ffi.new("bool[3]", { true, false, true })), { true, false, true })
  local t = ffi.totable(ffi.new("int64_t[2]", { V.i64 "-9223372036854775808", 5 }))
  H.assert_int(t[1], "-9223372036854775808")
  H.assert_int(t[2], "5")
  ffi.cdef "enum bk_e { BK_A = 4 };"
  lu.assertEquals(tonumber(ffi.totable(ffi.new("enum bk_e[1]", { "BK_A" }))[1]), 4)
end

function TestToTable:test_vla()
  lu.assertEquals(ffi.totable(ffi.new("int[?]", 3, { 7, 8, 9 })), { 7, 8, 9 })
end

function TestToTable:test_errors()
  lu.assertError(ffi.totable)
  lu.assertError(ffi.totable, 5)
  lu.assertError(ffi.totable, {}, 1)
  lu.assertError(ffi.totable, ffi.new "int[3]", 4)
  lu.assertError(ffi.totable, ffi.new "int[3]", -1)
  lu.assertError(ffi.totable, ffi.new "int[3]", "x")
  lu.assertError(ffi.totable, ffi.new "int[3]", 2 ^ 60)
  lu.assertError(ffi.totable, ffi.cast("int *", ffi.new "int[3]"))
  lu.assertError(ffi.totable, ffi.new "int *", 1)
  lu.assertError(ffi.totable, ffi.cast("void *", ffi.new "int[3]"), 1)
  lu.assertError(ffi.totable, ffi.new("int", 5), 1)
end

TestFromTable = {}

function TestFromTable:test_every_scalar_type()
  for decl, values in pairs(kinds) do
    local a = ffi.new(decl .. "[3]")
    ffi.fromtable(a, { values[1], values[2], 1 })
    lu.assertEquals({ a[0], a[1], a[2] }, { values[1], values[2], 1 }, decl)
  end
end

function TestFromTable:test_first_and_n()
  local a = ffi.new("int[4]", 9, 9, 9, 9)
  ffi.fromtable(a, { 1, 2, 3, 4, 5 }, 1, 2) -- from element 1 on, two of them
  lu.assertEquals({ a[0], a[1], a[2], a[3] }, { 9, 1, 2, 9 })
  ffi.fromtable(a, { 6, 7 })
  lu.assertEquals({ a[0], a[1], a[2] }, { 6, 7, 2 })
  ffi.fromtable(ffi.cast("int *", a) + 1, { 11, 12 }, 1)
  lu.assertEquals({ a[1], a[2], a[3] }, { 7, 11, 12 })
  lu.assertError(ffi.fromtable, a, { 1, 2 }, 3)
  lu.assertError(ffi.fromtable, a, { 1, 2 }, -1)
end

function TestFromTable:test_conversions_as_in_assignments()
  local a = ffi.new "uint8_t[3]"
  ffi.fromtable(a, { 256, -1, 3.9 })
  lu.assertEquals({ a[0], a[1], a[2] }, { 0, 255, 3 })
  local b = ffi.new "bool[2]"
  ffi.fromtable(b, { true, 0 })
  lu.assertEquals({ b[0], b[1] }, { true, false })
  local c = ffi.new "int64_t[2]"
  ffi.fromtable(c, { V.i64 "-9223372036854775808", 7 })
  H.assert_int(c[0], "-9223372036854775808")
  local d = ffi.new "double[2]"
  ffi.fromtable(d, { 1, 0.5 })
  lu.assertEquals({ d[0], d[1] }, { 1, 0.5 })
end

function TestFromTable:test_errors()
  local a = ffi.new "int[3]"
  lu.assertError(ffi.fromtable)
  lu.assertError(ffi.fromtable, a)
  lu.assertError(ffi.fromtable, a, 5)
  lu.assertError(ffi.fromtable, a, { 1, 2, 3, 4 })
  lu.assertError(ffi.fromtable, a, { 1, "x" })
  lu.assertError(ffi.fromtable, a, { {} })
  lu.assertError(ffi.fromtable, a, { 1, 2 }, 1, 4)
  lu.assertError(ffi.fromtable, a, { 1, 2 }, 1, -1)
  lu.assertError(ffi.fromtable, 5, { 1 })
  lu.assertError(ffi.fromtable, ffi.new "int *", { 1 }, 1, 1)
  lu.assertError(ffi.fromtable, ffi.new "const int[3]", { 1 })
end

function TestFromTable:test_copy_with_a_table()
  local a = ffi.new "int[3]"
  ffi.copy(a, { 4, 5, 6 })
  lu.assertEquals({ a[0], a[1], a[2] }, { 4, 5, 6 })
  local d = ffi.new "double[2]"
  ffi.copy(d, { 0.5, 1.5 })
  lu.assertEquals({ d[0], d[1] }, { 0.5, 1.5 })
  lu.assertError(ffi.copy, a, { 1, 2, 3, 4 })
  lu.assertError(ffi.copy, a, { "x" })
end

function TestFromTable:test_round_trip_of_many()
  local n = H.slow and 1000 or 100000
  local t = {}
  for i = 1, n do t[i] = i * 0.5 end
  local a = ffi.new("double[?]", n)
  ffi.fromtable(a, t)
  local u = ffi.totable(a)
  lu.assertEquals(#u, n)
  lu.assertEquals({ u[1], u[2], u[n] }, { 0.5, 1, n * 0.5 })
end

H.run()
