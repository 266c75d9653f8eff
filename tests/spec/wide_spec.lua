-- long double, __int128, _Float128 and the other _FloatN: declared, laid out, read, written, passed by value.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi
local fx = H.load "spec_calls"

ffi.cdef [[
long double add_ld(long double, long double); long double id_ld(long double); void store_ld(long double *, long double);
int snprintf(char *, size_t, const char *, ...);
]]
if ffi.sizeof "void *" == 8 then
  ffi.cdef [[
    struct wd { long double a; __int128 i; unsigned __int128 u; };
    __int128 add_i128(__int128, __int128); __int128 id_i128(__int128);
    unsigned __int128 add_u128(unsigned __int128, unsigned __int128); void store_i128(__int128 *, __int128);
  ]]
else
  ffi.cdef "struct wd { long double a; };"
end

TestLongDouble = {}

function TestLongDouble:test_values()
  lu.assertEquals(tonumber(ffi.new("long double", 1.5)), 1.5)
  lu.assertEquals(tonumber(ffi.new "long double"), 0)
  lu.assertEquals(tonumber(ffi.cast("long double", -3)), -3)
  lu.assertEquals(tonumber(ffi.new("int", ffi.new("long double", 7.9))), 7)
  lu.assertEquals(type(ffi.new "long double"), "cdata")
  local s = ffi.new "struct wd"
  s.a = 2.25
  lu.assertEquals(tonumber(s.a), 2.25)
  lu.assertEquals(type(s.a), ffi.sizeof "long double" > 8 and "cdata" or "number") -- a double is read as one
  s.a = s.a
  lu.assertEquals(tonumber(s.a), 2.25)
end

function TestLongDouble:test_calls()
  lu.assertEquals(tonumber(fx.add_ld(1.5, 2.25)), 3.75)
  lu.assertEquals(tonumber(fx.id_ld(ffi.new("long double", -1))), -1)
  local p = ffi.new "long double[2]"
  fx.store_ld(p + 1, 6)
  lu.assertEquals(tonumber(p[1]), 6)
  lu.assertError(fx.id_ld, "x")
  lu.assertError(fx.id_ld, nil)
end

function TestLongDouble:test_more_precision_than_double()
  H.not_under_valgrind "long double has 53 bits there"
  if ffi.sizeof "long double" < 10 then lu.skip "as double here" end
  local big = fx.add_ld(2 ^ 63, 1)
  local buf = ffi.new "char[64]"
  ffi.C.snprintf(buf, 64, "%.0Lf", big)
  lu.assertEquals(ffi.string(buf), "9223372036854775809")
  H.assert_uint(ffi.cast("uint64_t", big), "9223372036854775809")
  lu.assertEquals(tonumber(big), 2 ^ 63)
  local exact = ffi.new("long double", V.i64 "9007199254740993")
  H.assert_int(ffi.cast("int64_t", exact), "9007199254740993")
end

function TestLongDouble:test_as_vararg()
  local buf = ffi.new "char[64]"
  ffi.cdef "int vary(char *buf, int size, const char *kinds, ...);"
  fx.vary(buf, 64, "dLd", 1.5, ffi.new("long double", 2.5), 3.5)
  lu.assertEquals(ffi.string(buf), "d1.5 L2.5 d3.5 ")
end

TestInt128 = {}

function TestInt128:test_layout()
  H.needs_int128()
  lu.assertEquals(ffi.sizeof "__int128", 16)
  lu.assertEquals(ffi.alignof "__int128", H.per_max_align(16, 8))
  lu.assertEquals(ffi.offsetof("struct wd", "i"), 16)
  lu.assertEquals(ffi.sizeof "struct wd", 48)
  lu.assertFalse(ffi.typeof "__int128" == ffi.typeof "unsigned __int128")
end

function TestInt128:test_exact_conversions()
  H.needs_int128()
  H.assert_int(ffi.cast("int64_t", ffi.new("__int128", V.i64 "-9223372036854775808")), "-9223372036854775808")
  H.assert_uint(ffi.cast("uint64_t", ffi.new("unsigned __int128", V.u64 "18446744073709551615")), "18446744073709551615")
  lu.assertEquals(tonumber(ffi.cast("int", ffi.new("__int128", -5))), -5)
  local s = ffi.new "struct wd"
  s.i = -7
  s.u = V.u64 "18446744073709551615"
  H.assert_int(ffi.cast("int64_t", s.i), "-7")
  lu.assertEquals(ffi.string(ffi.cast("char *", s) + 16, 16), H.in_memory("\249" .. ("\255"):rep(15)))
  lu.assertEquals(ffi.string(ffi.cast("char *", s) + 32, 16), H.in_memory(("\255"):rep(8) .. ("\0"):rep(8)))
end

function TestInt128:test_calls()
  H.needs_int128()
  if H.backend == "libffi" and ffi.arch == "arm64" then lu.skip "libffi takes the wrong registers" end
  H.assert_int(ffi.cast("int64_t", fx.add_i128(40, 2)), "42")
  H.assert_int(ffi.cast("int64_t", fx.add_i128(-40, -2)), "-42")
  local p = ffi.new "__int128[2]"
  fx.store_i128(p + 1, V.i64 "-3")
  H.assert_int(ffi.cast("int64_t", p[1]), "-3")
  local sum = fx.add_u128(V.u64 "18446744073709551615", V.u64 "18446744073709551615")
  local bytes = ffi.new("unsigned __int128[1]", { sum })
  lu.assertEquals(ffi.string(ffi.cast("char *", bytes), 16), H.in_memory("\254" .. ("\255"):rep(7) .. "\1" .. ("\0"):rep(7)))
end

TestFloatN = {}

function TestFloatN:test_sizes()
  for name, size in pairs { _Float32 = 4, _Float64 = 8, _Float32x = 8, _Float64x = H.per_alignment(16, 12), _Float128 = 16, __float128 = 16 } do
    local ok, n = pcall(ffi.sizeof, name)
    if ok then lu.assertEquals(n, size, name) end
  end
  lu.assertEquals(ffi.sizeof "_Float128", 16)
  lu.assertTrue(ffi.typeof "_Float64" == ffi.typeof "double" or ffi.sizeof "_Float64" == 8)
end

function TestFloatN:test_float128()
  H.needs_float128()
  if H.backend == "libffi" then lu.skip "libffi has no such type" end
  ffi.cdef "_Float128 add_f128(_Float128, _Float128); void store_f128(_Float128 *, _Float128);"
  lu.assertEquals(tonumber(ffi.new("_Float128", 1.5)), 1.5)
  lu.assertEquals(tonumber(fx.add_f128(1.5, -4)), -2.5)
  local p = ffi.new "_Float128[1]"
  fx.store_f128(p, 0.25)
  lu.assertEquals(tonumber(p[0]), 0.25)
end

-- What gcc says of the same conversions, as hexadecimal digits, the highest first: nothing goes by a type of fewer digits.
function TestFloatN:test_all_digits()
  H.needs_float128()
  H.needs_int128()
  H.not_under_valgrind "long double has 53 bits there"
  if ffi.sizeof "long double" ~= 16 then lu.skip "a compiler without __float128" end
  local function digits(value)
    local text = ffi.string(ffi.cast("char *", value), ffi.sizeof(value))
    if ffi.abi "le" then text = text:reverse() end
    return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
  end
  local function quad(text)
    local value = ffi.new "_Float128[1]"
    local bytes = text:gsub("..", function(pair) return string.char(tonumber(pair, 16)) end)
    ffi.copy(value, ffi.abi "le" and bytes:reverse() or bytes, 16)
    return value
  end
  local all = quad "3fff3c0ca428c59fb71a7be16b6b6d58"
  lu.assertEquals(digits(ffi.new("_Float128[1]", { all[0] })), digits(all))
  lu.assertEquals(digits(ffi.new("struct { _Float128 q; }", { all[0] })), digits(all))
  local copy = ffi.new "_Float128[2]"
  copy[1] = all[0]
  lu.assertEquals(digits(copy):sub(1, 32) == digits(all) or digits(copy):sub(33) == digits(all), true)
  local function to(decl, value) return digits(ffi.new(decl .. "[1]", { value })) end
  lu.assertEquals(to("double", quad "3fff0000000000000800000000001000"[0]), "3ff0000000000001")
  lu.assertEquals(to("float", quad "3fff0000010000000000000000001000"[0]), "3f800001")
  local one = ffi.cast("__int128", 1)
  local wide = ffi.cast("__int128", 2 ^ 100) + one
  lu.assertEquals(to("_Float128", wide), "40630000000000000000000000001000")
  lu.assertEquals(to("_Float128", -wide), "c0630000000000000000000000001000")
  lu.assertEquals(to("_Float128", ffi.cast("unsigned __int128", -1)), "407f0000000000000000000000000000")
  lu.assertEquals(to("__int128", ffi.cast("_Float128", wide)), "00000010000000000000000000000001")
  lu.assertEquals(to("__int128", ffi.cast("_Float128", -wide)), "ffffffefffffffffffffffffffffffff")
  lu.assertEquals(to("uint64_t", ffi.cast("_Float128", ffi.cast("uint64_t", -1))), "ffffffffffffffff")
  lu.assertEquals(to("__int128", ffi.cast("long double", ffi.cast("__int128", 2 ^ 70) + 2 ^ 20)), "00000000000000400000000000100000")
  lu.assertEquals(to("bool", ffi.cast("_Float128", 0.5)), "01")
  lu.assertEquals(to("bool", ffi.cast("_Float128", 0)), "00")
  lu.assertEquals(to("_Float16", ffi.cast("long double", 1 + 2 ^ -11) + 0), "3c00") -- exactly between two
  lu.assertEquals(to("_Float16", quad "3fff0020000000000000000000000000"[0]), "3c00")
  lu.assertEquals(to("_Float16", quad "3fff0020000000100000000000000000"[0]), "3c01")
end

function TestFloatN:test_special_values()
  for _, decl in ipairs { "long double", "_Float128" } do
    lu.assertEquals(tonumber(ffi.new(decl, 1 / 0)), 1 / 0, decl)
    local nan = tonumber(ffi.new(decl, 0 / 0))
    lu.assertTrue(nan ~= nan, decl)
    lu.assertEquals(1 / tonumber(ffi.new(decl, -1 / math.huge)), -1 / 0, decl)
    lu.assertEquals(tonumber(ffi.new(decl, 5e-324)), 5e-324, decl)
    lu.assertEquals(tonumber(ffi.new(decl, 1.7976931348623157e308)), 1.7976931348623157e308, decl)
  end
end

TestWideBitFields = {}

local layout = H.load "spec_layout"
if ffi.sizeof "void *" == 8 then ffi.cdef [[
struct lay_wide { unsigned a : 3; unsigned __int128 b : 100; __int128 c : 77; __int128 d : 5; unsigned __int128 e : 128; };
struct __attribute__((packed)) lay_wide_packed { unsigned a : 3; unsigned __int128 b : 125; __int128 c : 65; __int128 d : 119; };
__int128 get_lay_wide(const struct lay_wide *, int); void set_lay_wide(struct lay_wide *, int, __int128);
__int128 get_lay_wide_packed(const struct lay_wide_packed *, int); void set_lay_wide_packed(struct lay_wide_packed *, int, __int128);
]] end

-- The compiler's own accesses are the judge, in both directions.
function TestWideBitFields:test_read_and_written_as_C_does()
  H.not_on_luajit "it has no 128-bit bit-fields"
  H.needs_int128()
  if H.backend == "libffi" and ffi.arch == "arm64" then lu.skip "libffi takes the wrong registers" end
  local big = ffi.new("__int128", 2 ^ 52 + 12345)
  local values = { ffi.new("__int128", 0), ffi.new("__int128", -1), ffi.new("__int128", 1), big, -big, big * big, big * big * ffi.new("__int128", 77), -big * big }
  for _, name in ipairs { "lay_wide", "lay_wide_packed" } do
    local get, set = layout["get_" .. name], layout["set_" .. name]
    for k, member in ipairs { "b", "c", "d" } do
      for _, value in ipairs(values) do
        for _, rest in ipairs { 0, 255 } do
          local byC, ours = ffi.new("struct " .. name), ffi.new("struct " .. name)
          ffi.fill(byC, ffi.sizeof(byC), rest)
          ffi.fill(ours, ffi.sizeof(ours), rest)
          set(byC, k - 1, value)
          ours[member] = value
          lu.assertEquals(ffi.string(ours, ffi.sizeof(ours)), ffi.string(byC, ffi.sizeof(byC)))
          lu.assertEquals(tostring(ffi.cast("__int128", ours[member])), tostring(get(byC, k - 1)))
          if rest == 0 then
            local made = ffi.new("struct " .. name, { [member] = value })
            lu.assertEquals(ffi.string(made, ffi.sizeof(made)), ffi.string(byC, ffi.sizeof(byC)))
          end
        end
      end
    end
  end
  local s = ffi.new "struct lay_wide"
  s.b = 5
  lu.assertEquals(tonumber(s.b), 5)
  s.e = -1
  lu.assertEquals(tostring(s.e), tostring(ffi.new("unsigned __int128", -1)))
end

TestLongDoubleBytes = {}

function TestLongDoubleBytes:test_no_byte_is_left_over()
  H.not_on_luajit "it has no long double"
  lu.skipIf(ffi.sizeof "long double" ~= 16 or ffi.arch ~= "x64", "for the x87 format")
  local a = ffi.new "long double[1]"
  ffi.fill(a, 16, 0x5a)
  a[0] = 1.5
  lu.assertEquals(ffi.string(ffi.cast("char *", a) + 10, 6), ("\0"):rep(6))
  local sum = ffi.new("long double", 1) + 2
  lu.assertEquals(ffi.string(ffi.cast("char *", ffi.addressof(sum)) + 10, 6), ("\0"):rep(6))
  local returned = fx.id_ld(2.5)
  lu.assertEquals(ffi.string(ffi.cast("char *", ffi.addressof(returned)) + 10, 6), ("\0"):rep(6))
  local product = ffi.new("long double complex", 1, 2) * ffi.new("long double complex", 3, 4)
  local bytes = ffi.cast("char *", ffi.addressof(product))
  lu.assertEquals(ffi.string(bytes + 10, 6) .. ffi.string(bytes + 26, 6), ("\0"):rep(12))
end

H.run()
