-- Arithmetic and comparison of cdata numbers: 64 bits, unsigned if either side is; `//` and bit operators on
-- 5.3+; tostring and tonumber of boxed numbers.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi
local i64, u64 = V.i64, V.u64

local function check(value, text) lu.assertEquals(tostring(value), text) end

TestArith64 = {}

-- op, left, right, result as tostring says it; L and U end 64-bit texts, others are Lua numbers
local rows = {
  { "+", "1L", "2L", "3LL" },
  { "+", "9223372036854775807L", "1L", "-9223372036854775808LL" },
  { "+", "18446744073709551615U", "1U", "0ULL" },
  { "+", "1L", "2U", "3ULL" },
  { "+", "-1L", "0U", "18446744073709551615ULL" },
  { "+", "5L", "1", "6LL" },
  { "+", "1", "5U", "6ULL" },
  { "+", "1.9", "5L", "6LL" },
  { "-", "1L", "2L", "-1LL" },
  { "-", "1U", "2U", "18446744073709551615ULL" },
  { "-", "-9223372036854775808L", "1L", "9223372036854775807LL" },
  { "-", "10", "3L", "7LL" },
  { "*", "3000000000L", "3000000000L", "9000000000000000000LL" },
  { "*", "-3L", "4L", "-12LL" },
  { "*", "4294967296U", "4294967296U", "0ULL" },
  { "*", "18446744073709551615U", "3U", "18446744073709551613ULL" },
  { "/", "7L", "2L", "3LL" },
  { "/", "-7L", "2L", "-3LL" },
  { "/", "7L", "-2L", "-3LL" },
  { "/", "18446744073709551615U", "2U", "9223372036854775807ULL" },
  { "/", "-1L", "2U", "9223372036854775807ULL" },
  { "%", "7L", "3L", "1LL" },
  { "%", "-7L", "3L", "-1LL" },
  { "%", "7L", "-3L", "1LL" },
  { "%", "18446744073709551615U", "10U", "5ULL" },
  { "^", "2L", "10L", "1024LL" },
  { "^", "3L", "40L", "-6289078614652622815LL" },
  { "^", "2U", "63U", "9223372036854775808ULL" },
  { "^", "5L", "0L", "1LL" },
  { "^", "-1L", "-3L", "-1LL" },
  { "^", "1L", "-3L", "1LL" },
  { "^", "2L", "-1L", "0LL" },
}
local ops = {
  ["+"] = function(a, b) return a + b end,
  ["-"] = function(a, b) return a - b end,
  ["*"] = function(a, b) return a * b end,
  ["/"] = function(a, b) return a / b end,
  ["%"] = function(a, b) return a % b end,
  ["^"] = function(a, b) return a ^ b end,
}
local function operand(text)
  local digits, kind = text:match "^(%-?%d+)([LU])$"
  if kind == "L" then return i64(digits) end
  if kind == "U" then return u64(digits) end
  return tonumber(text)
end

function TestArith64:test_rows()
  for _, row in ipairs(rows) do
    local ok, v = pcall(ops[row[1]], operand(row[2]), operand(row[3]))
    lu.assertEquals(tostring(v), row[4], ("%s %s %s"):format(row[2], row[1], row[3]))
    lu.assertTrue(ok)
  end
end

function TestArith64:test_unary_minus()
  check(-i64 "5", "-5LL")
  check(-i64 "-9223372036854775808", "-9223372036854775808LL")
  check(-u64 "1", "18446744073709551615ULL")
  check(-ffi.new("int", 5), "-5LL")
end

function TestArith64:test_division_by_zero()
  check(i64 "1" / i64 "0", "-9223372036854775808LL")
  check(u64 "1" / u64 "0", "9223372036854775808ULL")
  check(i64 "1" % i64 "0", "-9223372036854775808LL")
  check(u64 "1" % u64 "0", "9223372036854775808ULL")
  check(i64 "0" ^ i64 "-1", "9223372036854775807LL")
end

function TestArith64:test_division_overflow_does_not_trap()
  check(i64 "-9223372036854775808" / i64 "-1", "-9223372036854775808LL")
  check(i64 "-9223372036854775808" % i64 "-1", "0LL")
end

function TestArith64:test_small_cdata_numbers_become_64_bit()
  check(ffi.new("int", 5) + ffi.new("int", 6), "11LL")
  check(ffi.new("uint8_t", 200) + ffi.new("uint8_t", 100), "300LL")
  check(ffi.new("uint32_t", 5) + 1, "6LL")
  check(ffi.new("uint64_t", 5) + ffi.new("int8_t", -1), "4ULL")
  check(ffi.new("double", 5.7) + ffi.new("int", 1), "6LL")
  check(ffi.new("bool", true) + ffi.new("int", 1), "2LL")
end

function TestArith64:test_result_is_boxed()
  lu.assertEquals(H.type(i64 "1" + 1), "cdata")
  lu.assertTrue(ffi.istype("int64_t", i64 "1" + 1))
  lu.assertTrue(ffi.istype("uint64_t", u64 "1" + i64 "1"))
end

function TestArith64:test_not_possible()
  lu.assertError(function() return i64 "1" + {} end)
  lu.assertError(function() return i64 "1" + nil end)
  lu.assertError(function() return i64 "1" + true end)
  lu.assertError(function() return i64 "1" + print end)
  lu.assertError(function() return i64 "1" + ffi.new "struct { int a; }" end)
  lu.assertError(function() return {} * u64 "1" end)
  lu.assertError(function() return i64 "1" .. "x" end)
  lu.assertError(function() return #i64 "1" end)
  lu.assertError(function() return i64 "1"() end)
end

function TestArith64:test_string_operand_is_refused()
  lu.assertError(function() return i64 "1" + "foo" end)
end

function TestArith64:test_enum_with_string()
  ffi.cdef "enum ar_e { AR_A = 3, AR_B = 5 };"
  local e = ffi.new("enum ar_e", "AR_A")
  lu.assertEquals(tonumber(e + "AR_B"), 8)
  lu.assertTrue(e < ffi.new("enum ar_e", "AR_B"))
  lu.assertError(function() return e + "AR_C" end)
end

TestCompare64 = {}

function TestCompare64:test_equality()
  lu.assertTrue(i64 "5" == i64 "5")
  lu.assertFalse(i64 "5" == i64 "6")
  lu.assertTrue(i64 "5" == u64 "5")
  lu.assertTrue(i64 "-1" == u64 "18446744073709551615")
  lu.assertTrue(ffi.new("int", 5) == i64 "5")
  lu.assertTrue(ffi.new("double", 2.0) == ffi.new("int", 2))
  lu.assertFalse(i64 "9007199254740993" == i64 "9007199254740992")
  lu.assertFalse(i64 "5" == {})
end

function TestCompare64:test_order()
  lu.assertTrue(i64 "-1" < i64 "0")
  lu.assertFalse(i64 "-1" < u64 "0")
  lu.assertTrue(u64 "1" <= i64 "-1")
  lu.assertTrue(i64 "9007199254740992" < i64 "9007199254740993")
  lu.assertTrue(u64 "9223372036854775808" > u64 "9223372036854775807")
  lu.assertTrue(i64 "3" >= ffi.new("int", 3))
end

function TestCompare64:test_order_with_lua_numbers()
  if H.version == "5.1" then lu.skip "refuses cdata < number" end
  lu.assertTrue(i64 "5" < 6)
  lu.assertTrue(5 < i64 "6")
  lu.assertTrue(i64 "5" <= 5)
  lu.assertFalse(u64 "5" > 5)
  lu.assertTrue(u64 "18446744073709551615" > 1)
end

function TestCompare64:test_equality_with_lua_numbers()
  H.only_on_luajit "PUC Lua never asks a metamethod for cdata == number"
  lu.assertTrue(i64 "5" == 5)
end

function TestCompare64:test_never_equal_to_other_kinds()
  local s = ffi.new "struct { int a; }"
  lu.assertFalse(i64 "5" == s)
  lu.assertTrue(i64 "5" ~= s)
  lu.assertFalse(s == ffi.new(ffi.typeof(s)))
  lu.assertTrue(s == s)
end

function TestCompare64:test_order_with_other_kinds_is_an_error()
  lu.assertError(function() return i64 "5" < {} end)
  lu.assertError(function() return i64 "5" < "x" end)
  lu.assertError(function() return i64 "5" < ffi.new "struct { int a; }" end)
  lu.assertError(function() return i64 "5" < nil end)
end

TestIntegerOperators = {}

local function eval(code, ...) return assert(V.chunk("local a, b = ... return " .. code))(...) end

function TestIntegerOperators:test_floor_division()
  H.only_versions("5.3", "5.4", "5.5")
  check(eval("a // b", i64 "7", i64 "2"), "3LL")
  check(eval("a // b", u64 "18446744073709551615", u64 "2"), "9223372036854775807ULL")
  check(eval("a // b", i64 "-9223372036854775808", i64 "-1"), "-9223372036854775808LL")
  lu.assertTrue(pcall(eval, "a // b", i64 "1", i64 "0"))
end

function TestIntegerOperators:test_bit_operators()
  H.only_versions("5.3", "5.4", "5.5")
  check(eval("a & b", i64 "12", i64 "10"), "8LL")
  check(eval("a | b", i64 "12", 3), "15LL")
  check(eval("a ~ b", u64 "12", i64 "10"), "6ULL")
  check(eval("~a", i64 "0"), "-1LL")
  check(eval("~a", u64 "0"), "18446744073709551615ULL")
  check(eval("a << b", i64 "1", 63), "-9223372036854775808LL")
  check(eval("a << b", u64 "1", 63), "9223372036854775808ULL")
  check(eval("a >> b", u64 "0x8000000000000000", 63), "1ULL")
  lu.assertError(eval, "a & b", i64 "1", {})
  lu.assertError(eval, "a & b", i64 "1", "x")
end

TestBoxedText = {}

function TestBoxedText:test_tostring()
  check(i64 "123", "123LL")
  check(i64 "-9223372036854775808", "-9223372036854775808LL")
  check(u64 "18446744073709551615", "18446744073709551615ULL")
end

function TestBoxedText:test_smaller_integers_print_as_the_bare_number()
  H.not_on_luajit "prints type and address"
  check(ffi.new("int", 5), "5")
  check(ffi.new("uint32_t", 4294967295), "4294967295")
  check(ffi.new("int8_t", -3), "-3")
end

function TestBoxedText:test_tonumber()
  lu.assertEquals(tonumber(i64 "123"), 123)
  lu.assertEquals(tonumber(ffi.new("int", 5)), 5)
  lu.assertEquals(tonumber(ffi.new("double", 5.5)), 5.5)
  lu.assertEquals(tonumber(u64 "9007199254740992"), 9007199254740992)
  lu.assertNil(tonumber(ffi.new "struct { int a; }"))
end

function TestBoxedText:test_tonumber_with_base_and_strings()
  lu.assertEquals(tonumber("FE", 16), 254)
  lu.assertEquals(tonumber "0x10", 16)
  lu.assertNil(tonumber "x")
  lu.assertEquals(tonumber "  12  ", 12)
end

function TestBoxedText:test_literals()
  H.only_on_luajit "no such literals in plain Lua"
  lu.assertEquals(tostring(V.chunk "return 0x7fffffffffffffffLL"()), "9223372036854775807LL")
end

function TestBoxedText:test_round_trips_through_a_lua_integer()
  if not H.native_int64 then lu.skip "5.3+" end
  local n = math.maxinteger
  lu.assertEquals(tonumber(ffi.new("int64_t", n)), n)
  check(ffi.new("int64_t", n) + 1, "-9223372036854775808LL")
  check(ffi.new("int64_t", math.mininteger), "-9223372036854775808LL")
end

H.run()
