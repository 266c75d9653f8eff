-- ferry.bit: LuaJIT's bit library for numbers and 64-bit cdata. On LuaJIT its own `bit` is the judge.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi
local bit = H.is_luajit and require "bit" or ffi.bit
local i64, u64 = V.i64, V.u64

TestBit = {}

local rows = {
  { "tobit", { 0xffffffff }, -1 }, { "tobit", { 0x7fffffff }, 2147483647 }, { "tobit", { 2 ^ 32 + 5 }, 5 }, { "tobit", { -1 }, -1 },
  { "tobit", { 2 ^ 31 }, -2147483648 }, { "bnot", { 0 }, -1 }, { "bnot", { 0x12345678 }, -305419897 }, { "bnot", { -1 }, 0 },
  { "band", { 0xff, 0x0f }, 15 }, { "band", { -1, 0x7fffffff, 0xff }, 255 }, { "band", { 5 }, 5 },
  { "bor", { 1, 2, 4, 8 }, 15 }, { "bor", { 0x80000000, 1 }, -2147483647 }, { "bxor", { 0xff, 0x0f }, 240 }, { "bxor", { 1, 3, 7 }, 5 },
  { "lshift", { 1, 0 }, 1 }, { "lshift", { 1, 31 }, -2147483648 }, { "lshift", { 1, 32 }, 1 }, { "lshift", { 1, 33 }, 2 }, { "lshift", { 0x87654321, 12 }, 1412567040 },
  { "rshift", { 256, 8 }, 1 }, { "rshift", { -256, 8 }, 16777215 }, { "rshift", { -1, 32 }, -1 }, { "rshift", { 0x87654321, 12 }, 554580 },
  { "arshift", { 256, 8 }, 1 }, { "arshift", { -256, 8 }, -1 }, { "arshift", { 0x87654321, 12 }, -493996 }, { "arshift", { -1, 31 }, -1 },
  { "rol", { 0x12345678, 12 }, 1164411171 }, { "rol", { 1, 31 }, -2147483648 }, { "rol", { 1, 32 }, 1 },
  { "ror", { 0x12345678, 12 }, 1736516421 }, { "ror", { 1, 1 }, -2147483648 }, { "bswap", { 0x12345678 }, 2018915346 }, { "bswap", { 0x78563412 }, 305419896 },
  { "tohex", { 1 }, "00000001" }, { "tohex", { -1 }, "ffffffff" }, { "tohex", { 0xffffffff }, "ffffffff" }, { "tohex", { -1, -8 }, "FFFFFFFF" },
  { "tohex", { 0x21, 4 }, "0021" }, { "tohex", { 0x87654321, 4 }, "4321" }, { "tohex", { 255, -2 }, "FF" }, { "tohex", { 1, 0 }, "" }, { "tohex", { 1, 20 }, "00000000000000000001" },
}

function TestBit:test_numbers()
  for i, row in ipairs(rows) do
    lu.assertEquals(bit[row[1]]((table.unpack or unpack)(row[2])), row[3], ("row %d: %s"):format(i, row[1]))
  end
end

local rows64 = {
  { "band", i64 "0xffffffffff", i64 "0xff00000000", "1095216660480LL" },
  { "band", u64 "0xffffffffffffffff", i64 "-1", "18446744073709551615ULL" },
  { "bor", i64 "1", 2, "3LL" },
  { "bor", 1, u64 "0x8000000000000000", "9223372036854775809ULL" },
  { "bxor", i64 "-1", i64 "0", "-1LL" },
  { "lshift", i64 "1", 40, "1099511627776LL" },
  { "lshift", i64 "1", 63, "-9223372036854775808LL" },
  { "lshift", u64 "1", 63, "9223372036854775808ULL" },
  { "lshift", i64 "1", 64, "1LL" },
  { "rshift", i64 "-1", 60, "15LL" },
  { "rshift", u64 "0xffffffffffffffff", 1, "9223372036854775807ULL" },
  { "arshift", i64 "-16", 2, "-4LL" },
  { "arshift", u64 "0x8000000000000000", 63, "18446744073709551615ULL" },
  { "rol", i64 "1", 63, "-9223372036854775808LL" },
  { "rol", u64 "0x8000000000000001", 1, "3ULL" },
  { "ror", u64 "1", 1, "9223372036854775808ULL" },
}

function TestBit:test_64_bit()
  for i, row in ipairs(rows64) do
    lu.assertEquals(tostring(bit[row[1]](row[2], row[3])), row[4], ("row %d: %s"):format(i, row[1]))
  end
  lu.assertEquals(tostring(bit.bnot(i64 "0")), "-1LL")
  lu.assertEquals(tostring(bit.bnot(u64 "0")), "18446744073709551615ULL")
  lu.assertEquals(tostring(bit.bswap(i64 "0x0102030405060708")), "578437695752307201LL")
  lu.assertEquals(bit.tohex(i64 "255"), "00000000000000ff")
  lu.assertEquals(bit.tohex(u64 "0xffffffffffffffff"), "ffffffffffffffff")
  lu.assertEquals(bit.tohex(i64 "-1", -4), "FFFF")
end

function TestBit:test_tobit_of_64_bit_is_a_number()
  lu.assertEquals(bit.tobit(i64 "0x1ffffffff"), -1)
  lu.assertEquals(bit.tobit(u64 "5"), 5)
  lu.assertEquals(type(bit.tobit(i64 "5")), "number")
end

function TestBit:test_shift_count_may_be_cdata()
  lu.assertEquals(bit.lshift(1, i64 "4"), 16)
  lu.assertEquals(type(bit.lshift(1, i64 "4")), "number")
end

function TestBit:test_mixed_argument_lists()
  lu.assertEquals(tostring(bit.bor(1, 2, i64 "4")), "7LL")
  lu.assertEquals(tostring(bit.bor(i64 "1", u64 "2")), "3ULL")
end

function TestBit:test_numeric_strings()
  lu.assertEquals(bit.band("255", 15), 15)
  lu.assertEquals(bit.tobit "7", 7)
end

function TestBit:test_small_cdata_count_as_64_bit()
  lu.assertEquals(tostring(bit.bor(ffi.new("int", 5), 2)), "7LL")
end

function TestBit:test_wrong_arguments()
  for _, name in ipairs { "tobit", "tohex", "bnot", "bswap", "band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror" } do
    lu.assertError(bit[name])
    lu.assertError(bit[name], {}, 1)
    lu.assertError(bit[name], "x", 1)
    lu.assertError(bit[name], nil, 1)
    lu.assertError(bit[name], ffi.new "struct { int a; }", 1)
  end
  lu.assertError(bit.lshift, 1)
end

function TestBit:test_results_are_integers_where_there_are_some()
  if not math.type then lu.skip "5.3+" end
  lu.assertEquals(math.type(bit.band(7.0, 3.0)), "integer")
  lu.assertEquals(math.type(bit.tobit(2 ^ 31)), "integer")
end

function TestBit:test_native_64_bit_integers_count_with_all_bits()
  if not H.native_int64 then lu.skip "5.3+" end
  lu.assertEquals(bit.tobit(math.maxinteger), -1)
  lu.assertEquals(bit.band(math.mininteger, -1), math.mininteger)
end

-- 64-bit members and results, boxed on LuaJIT, are integers of Lua on 5.3+: what needs more than 32 bits is computed with
-- 64, and the same text comes out.
TestBitWide = {}

ffi.cdef [[
struct bit_wide { uint64_t u; int64_t s; };
unsigned long long strtoull(const char *text, char **end, int base);
]]

-- A result that happens to fit 32 bits is a small number on 5.3+.
local function hex(v) return bit.tohex(ffi.cast("uint64_t", v), 16) end

function TestBitWide:test_members()
  local w = ffi.new "struct bit_wide"
  w.u, w.s = u64 "0x123456789abcdef0", i64 "-81985529216486896"
  lu.assertEquals(bit.tohex(w.u), "123456789abcdef0")
  lu.assertEquals(bit.tohex(w.s), "fedcba9876543210")
  lu.assertEquals(hex(bit.rshift(w.u, 32)), "0000000012345678")
  lu.assertEquals(hex(bit.lshift(w.u, 4)), "23456789abcdef00")
  lu.assertEquals(hex(bit.arshift(w.s, 60)), "ffffffffffffffff")
  lu.assertEquals(hex(bit.rol(w.u, 8)), "3456789abcdef012")
  lu.assertEquals(hex(bit.ror(w.u, 8)), "f0123456789abcde")
  lu.assertEquals(hex(bit.bswap(w.u)), "f0debc9a78563412")
  lu.assertEquals(hex(bit.bnot(w.u)), "edcba9876543210f")
  lu.assertEquals(hex(bit.band(w.u, w.s)), "1214121812141210")
  lu.assertEquals(hex(bit.bor(w.u, 1, w.s)), "fefcfef8fefcfef1")
  lu.assertEquals(hex(bit.bxor(w.u, i64 "-1")), "edcba9876543210f")
  lu.assertEquals(bit.tobit(w.u), -1698898192)
end

function TestBitWide:test_results()
  local v = ffi.C.strtoull("fedcba9876543210", nil, 16)
  lu.assertEquals(bit.tohex(v), "fedcba9876543210")
  lu.assertEquals(hex(bit.rshift(v, 48)), "000000000000fedc")
  lu.assertEquals(hex(bit.band(v, ffi.new("uint64_t", 255))), "0000000000000010")
end

function TestBitWide:test_native_operands_give_native_results()
  H.only_versions("5.3", "5.4", "5.5")
  local v = ffi.new("struct bit_wide", 2 ^ 40).u
  lu.assertEquals(math.type(bit.rshift(v, 1)), "integer")
  lu.assertEquals(bit.rshift(v, 1), math.tointeger(2 ^ 39))
  lu.assertEquals(H.type(bit.band(v, u64 "1")), "cdata")
  lu.assertEquals(bit.band(0xffffffff, -1), -1) -- 32 bits, read as signed, as everywhere
  lu.assertEquals(bit.band(math.tointeger(2 ^ 32), -1), math.tointeger(2 ^ 32))
  lu.assertEquals(bit.band(2.0 ^ 32, -1), 0) -- a float is a number as LuaJIT has it
end

H.run()
