-- _Decimal32, _Decimal64, _Decimal128: values from and to text, numbers and bytes, arithmetic, by value. The judge is what gcc's
-- library computes in the fixture, bit by bit; of text IEEE 754-2008 and C23's `a` conversion.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi
local fx = H.load "spec_decimal"

local has_decimals = pcall(ffi.typeof, "_Decimal64")

TestElsewhere = {}

function TestElsewhere:test_refused()
  lu.skipIf(has_decimals, "decimal types are here")
  lu.assertErrorMsgContains("the target has no decimal floating-point types", ffi.typeof, "_Decimal64")
  lu.assertErrorMsgContains("the target has no decimal floating-point types", ffi.cdef, "typedef float dec_t __attribute__((mode(DD)));")
  lu.assertErrorMsgContains("the target has no decimal floating-point types", ffi.cdef, "enum { DEC_E = 1.5DD > 1 };")
end

if not has_decimals then
  H.run()
  return
end

ffi.cdef "int dec_present;"
for _, n in ipairs { 32, 64, 128 } do
  ffi.cdef(([[
    _DecimalN dec_id_N(_DecimalN); _DecimalN dec_add_N(_DecimalN, _DecimalN); _DecimalN dec_sub_N(_DecimalN, _DecimalN);
    _DecimalN dec_mul_N(_DecimalN, _DecimalN); _DecimalN dec_div_N(_DecimalN, _DecimalN); int dec_order_N(_DecimalN, _DecimalN);
    _DecimalN dec_from_double_N(double); _DecimalN dec_from_long_double_N(long double); _DecimalN dec_from_integer_N(int64_t);
    double dec_to_double_N(_DecimalN); float dec_to_float_N(_DecimalN); long double dec_to_long_double_N(_DecimalN);
    int64_t dec_to_integer_N(_DecimalN);
    _Decimal32 dec_to_32_N(_DecimalN); _Decimal64 dec_to_64_N(_DecimalN); _Decimal128 dec_to_128_N(_DecimalN);
    _DecimalN dec_call_N(_DecimalN (*)(int, _DecimalN, _DecimalN), _DecimalN);
    _DecimalN dec_global_N; _DecimalN dec_constants_N[6];
  ]]):gsub("N", n))
end
ffi.cdef [[
typedef float dec_by_mode __attribute__((mode(SD)));
typedef _Decimal32 dec_wider __attribute__((__mode__(__TD__)));
typedef struct { _Decimal32 a; } dec_one;
typedef struct { _Decimal32 a, b; _Decimal64 c; } dec_three;
typedef struct { char c; _Decimal128 d; } dec_beside;
typedef struct { float f; _Decimal32 d; int i; } dec_mixed;
typedef struct { _Decimal64 d; int64_t i; } dec_with_integer;
typedef struct { _Decimal128 d; } dec_wide;
dec_one dec_double_one(dec_one); dec_three dec_turn(dec_three); dec_beside dec_more(dec_beside); dec_mixed dec_negate(dec_mixed);
dec_with_integer dec_increase(dec_with_integer); dec_wide dec_halve(int, dec_wide);
_Decimal128 dec_weigh(_Decimal32, int, _Decimal64, _Decimal128, double, _Decimal128, _Decimal32, _Decimal64, _Decimal64, char,
  _Decimal128, _Decimal32, _Decimal128);
_Decimal128 dec_sum(int, ...);
int dec_layout[9];
]]

local widths = { 32, 64, 128 }
local digits = { [32] = 7, [64] = 16, [128] = 34 }
local lowest = { [32] = -101, [64] = -398, [128] = -6176 } -- exponent of the last digit
local highest = { [32] = 90, [64] = 369, [128] = 6111 }

local function text(n, value) return tostring(ffi.new("_Decimal" .. n, value)) end
local function bytes(value)
  local box = ffi.new(ffi.typeof("$[1]", ffi.typeof(value)), { value })
  return ffi.string(ffi.cast("char *", box), ffi.sizeof(value))
end
local function hex(value)
  return (bytes(value):reverse():gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

TestText = {}

function TestText:test_zeros_are_kept()
  for from, to in pairs {
    ["1.20"] = "1.20", ["1"] = "1", ["-0"] = "-0", ["0.00"] = "0.00", ["1e3"] = "1E+3", ["1E+3"] = "1E+3", ["12e2"] = "1.2E+3", ["+5."] = "5",
    [".5"] = "0.5", ["0.000001"] = "0.000001", ["0.0000010"] = "0.0000010", ["0.0000001"] = "1E-7", ["123456.7"] = "123456.7",
    ["inf"] = "Infinity", ["-Infinity"] = "-Infinity", ["NaN"] = "NaN", ["-nan12"] = "-NaN12", ["sNaN"] = "sNaN", ["nan0"] = "NaN",
    ["0e-3"] = "0.000", ["000123"] = "123",
  } do
    for _, n in ipairs(widths) do lu.assertEquals(text(n, from), to, from) end
  end
end

function TestText:test_rounded_once()
  lu.assertEquals(text(32, "12345675"), "1.234568E+7")
  lu.assertEquals(text(32, "12345665"), "1.234566E+7")
  lu.assertEquals(text(32, "123456650000000000000000000000000000000000000000000000000000001e-53"), "1.234567E+9")
  lu.assertEquals(text(32, "9999999.5"), "1.000000E+7")
  lu.assertEquals(text(64, "1234567890123456.5"), "1234567890123456")
  lu.assertEquals(text(128, ("9"):rep(34) .. ".49"), ("9"):rep(34))
  lu.assertEquals(text(128, ("9"):rep(35)), "1." .. ("0"):rep(33) .. "E+35")
  lu.assertEquals(text(64, "0." .. ("0"):rep(500) .. "1"), "0E-398")
  lu.assertEquals(text(64, "1" .. ("0"):rep(500) .. "e-500"), "1.000000000000000")
end

function TestText:test_bounds()
  for _, n in ipairs(widths) do
    local p, low, high = digits[n], lowest[n], highest[n]
    local largest = ("9"):rep(p) .. "e" .. high
    lu.assertEquals(text(n, largest), "9." .. ("9"):rep(p - 1) .. "E+" .. high + p - 1)
    lu.assertEquals(text(n, largest:gsub("e", ".5e")), "Infinity")
    lu.assertEquals(text(n, "1e" .. high + p), "Infinity")
    lu.assertEquals(text(n, "-1e99999999999999999999"), "-Infinity")
    lu.assertEquals(text(n, "1e" .. high + 2), "1.00E+" .. high + 2) -- the exponent alone would not do
    lu.assertEquals(text(n, "1e" .. low), "1E" .. low)
    lu.assertEquals(text(n, "5e" .. low - 1), "0E" .. low)
    lu.assertEquals(text(n, "15e" .. low - 1), "2E" .. low)
    lu.assertEquals(text(n, "5.01e" .. low - 1), "1E" .. low)
    lu.assertEquals(text(n, "1e-99999999999999999999"), "0E" .. low)
    lu.assertEquals(text(n, "0e99999"), "0E+" .. high)
  end
end

function TestText:test_refused()
  for _, wrong in ipairs { "", ".", "-", "1.2.3", "1e", "1e+", "x", "1 ", " 1", "0x10", "1_0", "infinit", "nanx", "+-1", "nan12345678901234567890123456789012345" } do
    lu.assertErrorMsgContains("'" .. wrong .. "' is no number, cannot convert it to '_Decimal64'", ffi.new, "_Decimal64", wrong)
  end
  lu.assertErrorMsgContains("bad argument #2 to 'dec_add_64' ('1,5' is no number, cannot convert it to '_Decimal64')", fx.dec_add_64, 1, "1,5")
  local s = ffi.new "dec_one"
  lu.assertErrorMsgContains("in member 'a' of 'dec_one'", function() s.a = "one" end)
  lu.assertErrorMsgContains("cannot convert", ffi.new, "_Decimal64", {1, 2})
  lu.assertErrorMsgContains("cannot convert", ffi.new, "_Decimal64", ffi.new "int *")
end

TestValues = {}

function TestValues:test_layout()
  for _, n in ipairs(widths) do
    lu.assertEquals(ffi.sizeof("_Decimal" .. n), n / 8)
    lu.assertEquals(ffi.typeinfo("_Decimal" .. n).kind, "decimal")
  end
  lu.assertTrue(ffi.typeof "dec_by_mode" == ffi.typeof "_Decimal32")
  lu.assertTrue(ffi.typeof "dec_wider" == ffi.typeof "_Decimal128")
  if fx.dec_present == 0 then return end
  for i, name in ipairs { "dec_one", "dec_three", "dec_beside", "dec_mixed", "dec_with_integer", "dec_wide" } do
    lu.assertEquals(ffi.sizeof(name), fx.dec_layout[i - 1], name)
  end
  for i, n in ipairs(widths) do lu.assertEquals(ffi.alignof("_Decimal" .. n), fx.dec_layout[5 + i]) end
end

-- IEEE 754-2008 3.5.2: the encodings, what is not canonical, and gcc's own constants.
function TestValues:test_bytes()
  for value, expected in pairs { ["0"] = "32800000", ["1.20"] = "31800078", ["-1"] = "b2800001", ["9999999"] = "6cb8967f", ["inf"] = "78000000",
    ["nan"] = "7c000000", ["-snan5"] = "fe000005", ["8388607"] = "32ffffff", ["8388608"] = "6ca00000" } do
    lu.assertEquals(hex(ffi.new("_Decimal32", value)), expected, value)
  end
  lu.assertEquals(hex(ffi.new("_Decimal64", "1.20")), "3180000000000078")
  lu.assertEquals(hex(ffi.new("_Decimal64", "9999999999999999")), "6c7386f26fc0ffff")
  lu.assertEquals(hex(ffi.new("_Decimal128", "-1.20")), "b03c0000000000000000000000000078")
  local function of(n, bits)
    local raw = bits:gsub("%x%x", function(c) return string.char(tonumber(c, 16)) end):reverse()
    local box = ffi.new(("_Decimal%d[1]"):format(n))
    ffi.copy(box, raw, n / 8)
    return tostring(box[0])
  end
  lu.assertEquals(of(32, "6cb89680"), "0") -- 10^7
  lu.assertEquals(of(32, "6cbfffff"), "0")
  lu.assertEquals(of(64, "6c7386f26fc10000"), "0")
  lu.assertEquals(of(128, "3041ed09bead87c0378d8e6400000000"), "0") -- 10^34
  lu.assertEquals(of(128, "6c100000000000000000000000000001"), "0") -- no coefficient begins so
  lu.assertEquals(of(32, "7c0fffff"), "NaN") -- a payload of too many digits
  lu.assertEquals(of(32, "fbffffff"), "-Infinity")
  if fx.dec_present == 0 then return end
  local texts = { [0] = "0", "-0.0", "1E-95", "9.999999E+96", "1.20", "-1234.567" }
  for _, n in ipairs(widths) do
    for i = 0, 5 do
      lu.assertEquals(tostring(fx["dec_constants_" .. n][i]), texts[i])
      lu.assertEquals(hex(ffi.new("_Decimal" .. n, texts[i])), hex(fx["dec_constants_" .. n][i]))
    end
  end
end

function TestValues:test_numbers()
  lu.assertEquals(text(64, 1), "1")
  lu.assertEquals(text(64, 1.5), "1.5")
  lu.assertEquals(text(64, -0.25), "-0.25")
  lu.assertEquals(text(64, 0.1), "0.1000000000000000") -- the double is no tenth
  lu.assertEquals(text(128, 0.1), "0.1000000000000000055511151231257827")
  lu.assertEquals(text(32, 1 / 0), "Infinity")
  lu.assertEquals(text(128, ffi.new("int64_t", -7)), "-7")
  lu.assertEquals(text(64, ffi.new("bool", true)), "1")
  lu.assertEquals(text(32, ffi.new("_Decimal128", "1.23456789")), "1.234568")
  lu.assertEquals(text(128, ffi.new("_Decimal32", "1.20")), "1.20")
  lu.assertEquals(tonumber(ffi.new("_Decimal64", "0.1")), 0.1)
  lu.assertEquals(tonumber(ffi.new("_Decimal128", "1e-400")), 0)
  lu.assertEquals(tonumber(ffi.new("_Decimal128", "2.4703282292062327208299439216e-324")), 0)
  lu.assertEquals(tonumber(ffi.new("_Decimal128", "2.4703282292062328e-324")), 5e-324)
  lu.assertEquals(tonumber(ffi.new("_Decimal64", "1e309")), 1 / 0)
  lu.assertEquals(tonumber(ffi.cast("int", ffi.new("_Decimal64", "-7.99"))), -7)
  lu.assertEquals(tonumber(ffi.cast("bool", ffi.new("_Decimal64", "0.001"))) or ffi.cast("bool", ffi.new("_Decimal64", "0.001")), 1)
  H.assert_int(ffi.cast("int64_t", ffi.new("_Decimal64", "9007199254740993")), "9007199254740993")
  lu.assertEquals(tonumber(ffi.cast("float", ffi.new("_Decimal64", "16777217.00000001"))), 16777218) -- not by way of double
  if ffi.sizeof "void *" == 8 then
    lu.assertEquals(tostring(ffi.cast("__int128", ffi.new("_Decimal128", "-170141183460469231731687303715884.9"))), "-170141183460469231731687303715884")
    lu.assertEquals(tostring(ffi.cast("_Decimal128", ffi.new("unsigned __int128", -1))), "3.402823669209384634633746074317682E+38")
  end
end

function TestValues:test_reads_are_boxed()
  local a = ffi.new("_Decimal64[3]", { "1.20", 2, ffi.new("_Decimal32", "3.0") })
  lu.assertEquals({ tostring(a[0]), tostring(a[1]), tostring(a[2]) }, { "1.20", "2", "3.0" })
  lu.assertEquals(ffi.type(a[0]), "cdata")
  local s = ffi.new("dec_three", { a = "1.5", c = "7.00" })
  lu.assertEquals({ tostring(s.a), tostring(s.b), tostring(s.c) }, { "1.5", "0E-101", "7.00" })
  s.b = s.c
  lu.assertEquals(tostring(s.b), "7.00")
  lu.assertEquals(ffi.inspect(s), "(dec_three){.a = 1.5DF, .b = 7.00DF, .c = 7.00DD}")
  lu.assertErrorMsgContains("there is no complex type", ffi.typeof, "_Decimal64 _Complex")
  lu.assertError(ffi.typeof, "unsigned _Decimal64")
end

function TestValues:test_strict()
  ffi.strict(true)
  local results = {
    pcall(ffi.new, "_Decimal32", ffi.new("int", 12345678)), pcall(ffi.new, "_Decimal32", ffi.new("int", 12345670)),
    pcall(ffi.new, "int", ffi.new("_Decimal64", "1.5")), pcall(ffi.new, "int", ffi.new("_Decimal64", "1.50e1")),
    pcall(ffi.new, "int", ffi.new("_Decimal128", "1.0000000000000000000000000000001")), pcall(ffi.new, "_Decimal32", ffi.new("double", 1e99)),
    pcall(ffi.new, "_Decimal64", ffi.new("double", 0.1)) }
  ffi.strict(false)
  lu.assertEquals(results, { false, true, false, true, false, false, results[7], results[8] })
end

TestArithmetic = {}

function TestArithmetic:test_operators()
  local d = function(v) return ffi.new("_Decimal64", v) end
  lu.assertEquals(tostring(d "1.20" + d "0.30"), "1.50")
  lu.assertEquals(tostring(d "1.20" - 1), "0.20")
  lu.assertEquals(tostring(2 * d "1.20"), "2.40")
  lu.assertEquals(tostring(d(1) / 3), "0.3333333333333333")
  lu.assertEquals(tostring(d "6.00" / d "2"), "3.00")
  lu.assertEquals(tostring(-d "1.20"), "-1.20")
  lu.assertEquals(tostring(d(1) / 0), "Infinity")
  lu.assertEquals(tostring(d(0) / 0), "NaN")
  lu.assertTrue(ffi.istype("_Decimal128", d(1) + ffi.new("_Decimal128", 1)))
  lu.assertTrue(ffi.istype("_Decimal64", d(1) + ffi.new("_Decimal32", 1)))
  lu.assertTrue(d "1.20" == d "1.2")
  lu.assertTrue(d "1.20" == ffi.new("_Decimal32", "1.2"))
  lu.assertTrue(d "-0" == d "0")
  lu.assertFalse(d "nan" == d "nan")
  lu.assertTrue(d "1.2" < d "1.3" and d "1.2" <= d "1.2" and not (d "1.3" < d "1.2"))
  lu.assertFalse(d "nan" < d(1) or d(1) < d "nan" or d(1) <= d "nan")
  lu.assertTrue(d "1e300" < ffi.new("double", 1e301) and d "-inf" < ffi.new("int", -5))
  lu.assertFalse(d "0.1" == ffi.new("double", 0.1)) -- exactly
  lu.assertTrue(d "0.5" == ffi.new("long double", 0.5))
  lu.assertTrue(ffi.new("_Decimal32", "16777217") == ffi.new("int", 16777217) == false)
  if H.version ~= "5.1" then lu.assertTrue(d "0.1" < 0.11 and 0.09 < d "0.1" and d(5) <= 5) end
end

function TestArithmetic:test_refused()
  local d = ffi.new("_Decimal64", 7)
  lu.assertErrorMsgContains("attempt to perform arithmetic on '_Decimal64' and 'double'", function() return d + ffi.new("double", 1) end)
  lu.assertErrorMsgContains("attempt to perform arithmetic on '_Decimal64' and", function() return d % 2 end)
  lu.assertErrorMsgContains("attempt to perform arithmetic on '_Decimal64' and", function() return d ^ 2 end)
  lu.assertErrorMsgContains("attempt to perform arithmetic on 'complex' and '_Decimal64'", function() return ffi.new("complex", 1) + d end)
end

-- gcc's library in turn with Ferry, on values of all sizes.
local seed = 20261
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n
end
local function random_text(n)
  local count, out = 1 + random(digits[n]), {}
  for i = 1, count do out[i] = random(10) < 6 and random(10) or random(2) * 9 end
  local kind = random(20)
  if kind == 0 then return ({ "inf", "nan", "-inf", "0", "-0" })[1 + random(5)] end
  local span = kind < 12 and 40 or highest[n] - lowest[n]
  local exponent = kind < 12 and random(40) - 20 or kind < 15 and lowest[n] + random(6) or lowest[n] + random(span + 1)
  return (random(2) == 0 and "-" or "") .. table.concat(out) .. "e" .. exponent
end

-- NaN are equal here: gcc's library and others differ in signs of them, which nobody promises.
local function same(ours, gcc, ...)
  if tostring(gcc):find "NaN" and tostring(ours):find "NaN" then return end
  if hex(ours) ~= hex(gcc) then lu.fail(table.concat({ tostring(ours), "not", tostring(gcc), ... }, " ")) end
end
local function same_number(ours, gcc, ...)
  if ours ~= gcc and (ours == ours or gcc == gcc) then lu.fail(table.concat({ ours, "not", gcc, ... }, " ")) end
end

function TestArithmetic:test_as_gcc()
  lu.skipIf(fx.dec_present == 0, "the compiler has no decimal types")
  lu.skipIf(H.backend == "libffi", "it passes no _Decimal128")
  H.not_under_valgrind "long double has 53 bits there"
  for _, n in ipairs(widths) do
    local T = ffi.typeof("_Decimal" .. n)
    for _ = 1, H.many(1500) do
      local s, t = random_text(n), random_text(n)
      local a, b = T(s), T(t)
      same(a + b, fx["dec_add_" .. n](a, b), s, "+", t)
      same(a - b, fx["dec_sub_" .. n](a, b), s, "-", t)
      same(a * b, fx["dec_mul_" .. n](a, b), s, "*", t)
      same(a / b, fx["dec_div_" .. n](a, b), s, "/", t)
      local order = fx["dec_order_" .. n](a, b)
      lu.assertEquals({ a < b, a == b, b < a }, { order == -1, order == 0, order == 1 })
      lu.assertEquals(tostring(T(tostring(a))), tostring(a))
      same_number(tonumber(a), fx["dec_to_double_" .. n](a), s)
      same_number(tonumber(ffi.cast("float", a)), fx["dec_to_float_" .. n](a), s)
      local wide = fx["dec_to_long_double_" .. n](a)
      if tonumber(wide) == tonumber(wide) then lu.assertTrue(ffi.cast("long double", a) == wide, s) end
      local number = tonumber(a) < 9e18 and tonumber(a) > -9e18
      if number then lu.assertTrue(ffi.cast("int64_t", a) == ffi.new("int64_t", fx["dec_to_integer_" .. n](a)), s) end
      for _, m in ipairs(widths) do same(ffi.cast("_Decimal" .. m, a), fx[("dec_to_%d_%d"):format(m, n)](a), s) end
      local double = (random(1000000) - 500000) * 2.0 ^ (random(2000) - 1020) * 1.0000000001
      same(T(double), fx["dec_from_double_" .. n](double), ("%.17g"):format(double))
      local long = ffi.new("long double", double) * ffi.new("long double", 3) / 7
      same(T(long), fx["dec_from_long_double_" .. n](long), tostring(long))
      local integer = ffi.new("int64_t", random(2147483647)) * random(2147483647) - random(1000)
      same(T(integer), fx["dec_from_integer_" .. n](integer), tostring(integer))
    end
  end
end

TestByValue = {}

function TestByValue:setUp() lu.skipIf(fx.dec_present == 0, "the compiler has no decimal types") end

-- libffi has no vectors, which _Decimal128 travels as on x86-64.
local passed = H.passed_by_value

function TestByValue:test_calls()
  for _, n in ipairs(widths) do
    local r = passed(function() return fx["dec_id_" .. n] "1.20" end)
    if r then lu.assertEquals(tostring(r), "1.20") end
    r = passed(function() return fx["dec_add_" .. n](2, ffi.new("_Decimal32", "-0.50")) end)
    if r then lu.assertEquals(tostring(r), "1.50") end
  end
  local r = passed(function() return fx.dec_weigh(1, 2, "3", "4", 5, 6, 7, 8, 9, 10, 11, 12, "13.50") end)
  if r then
    lu.assertEquals(tostring(r), ("%.2f"):format(1 + 4 + 12 + 32 + 80 + 192 + 448 + 1024 + 2304 + 5120 + 11264 + 24576 + 4096 * 13.5))
  end
end

function TestByValue:test_variadic()
  local d32, d64, d128 = ffi.typeof "_Decimal32", ffi.typeof "_Decimal64", ffi.typeof "_Decimal128"
  local r = passed(function()
    return fx.dec_sum(3, d32 "0.1", d64 "0.20", d128 "0.300", ffi.new("int", 1), d32 "1", d64 "2", d128 "3", ffi.new("int", 4), d32 "10", d64 "20", d128 "30", ffi.new("int", 40))
  end)
  if r then lu.assertEquals(tostring(r), "111.600") end
end

function TestByValue:test_structs()
  local s = passed(function() return fx.dec_double_one { "1.20" } end)
  if s then lu.assertEquals(tostring(s.a), "2.40") end
  s = passed(function() return fx.dec_turn { "1.0", "2.0", "3.0" } end)
  if s then lu.assertEquals({ tostring(s.a), tostring(s.b), tostring(s.c) }, { "2.0", "1.0", "-3.0" }) end
  s = passed(function() return fx.dec_more { 5, "1.5" } end)
  if s then lu.assertEquals({ s.c, tostring(s.d) }, { 6, "2.5" }) end
  s = passed(function() return fx.dec_negate { 1.5, "2.5", 3 } end)
  if s then lu.assertEquals({ s.f, tostring(s.d), s.i }, { -1.5, "-2.5", -3 }) end
  s = passed(function() return fx.dec_increase { "1.5", 41 } end)
  if s then lu.assertEquals({ tostring(s.d), tonumber(s.i) }, { "2.5", 42 }) end
  s = passed(function() return fx.dec_halve(0, { "5.00" }) end)
  if s then lu.assertEquals(tostring(s.d), "2.50") end
end

function TestByValue:test_callbacks()
  for _, n in ipairs(widths) do
    local seen
    local r = passed(function()
      return fx["dec_call_" .. n](function(i, a, b) seen = { i, tostring(a), tostring(b) } return a + b end, "2.5")
    end)
    if r then
      lu.assertEquals(seen, { 7, "2.5", "1.20" })
      lu.assertEquals(tostring(r), "4.70")
    end
    r = passed(function() return fx["dec_call_" .. n](function() return "1.5" end, 0) end)
    if r then lu.assertEquals(tostring(r), "2.5") end
  end
end

function TestByValue:test_globals()
  for _, n in ipairs(widths) do
    lu.assertEquals(tostring(fx["dec_global_" .. n]), "1.20")
    fx["dec_global_" .. n] = "7.00"
    lu.assertEquals(tostring(fx["dec_global_" .. n]), "7.00")
    fx["dec_global_" .. n] = "1.20"
  end
end

TestExpressions = {}

local path = os.tmpname()
require("spec_values").write_file(path, [[
#define DEC_PRICE 1.20DD
#define DEC_SMALL 5.0e-3df
#define DEC_TOTAL(n) ((n) * DEC_PRICE)
static inline _Decimal64 dec_taxed(_Decimal64 v) { return v > 100.DD ? v * 1.20DD : -v; }
static inline int dec_is_zero(_Decimal32 v) { return !v || v == 1.0DF; }
static inline int dec_whole(_Decimal128 v) { return (int)v + 1; }
static inline _Decimal64 dec_added(void) { _Decimal64 sum = 0; for (int i = 0; i < 10; i++) sum += 0.1DD; return sum; }
#define DEC_MIXED (1.0DD + 1.0)
]])
local lib = ffi.include(path)
os.remove(path)

function TestExpressions:test_bodies_and_macros()
  lu.assertEquals(tostring(lib.DEC_PRICE), "1.20")
  lu.assertTrue(ffi.istype("_Decimal64", lib.DEC_PRICE))
  lu.assertEquals(tostring(lib.DEC_SMALL), "0.0050")
  lu.assertTrue(ffi.istype("_Decimal32", lib.DEC_SMALL))
  lu.assertEquals(tostring(lib.DEC_TOTAL(3)), "3.60")
  lu.assertEquals(tostring(lib.dec_taxed(200)), "240.00")
  lu.assertEquals(tostring(lib.dec_taxed "2.5"), "-2.5")
  lu.assertEquals({ lib.dec_is_zero "0.0", lib.dec_is_zero(1), lib.dec_is_zero(2), lib.dec_is_zero "nan" }, { 1, 1, 0, 0 })
  lu.assertEquals(lib.dec_whole "41.99", 42)
  lu.assertEquals(tostring(lib.dec_added()), "1.0")
  lu.assertErrorMsgContains("this operator needs numbers", function() return lib.DEC_MIXED end)
end

function TestExpressions:test_refused()
  lu.assertErrorMsgContains("the value of a decimal floating-point number is not computed", ffi.cdef, "enum { DEC_E = (int)1.5DD };")
  lu.assertErrorMsgContains("this operator needs integers", ffi.cdef, "typedef int dec_a[sizeof(1.0DD % 2)];")
  lu.assertErrorMsgContains("a shift needs integers", ffi.cdef, "typedef int dec_a[sizeof(1.0DD << 2)];")
  lu.assertErrorMsgContains("malformed number '1.0dx'", ffi.cdef, "typedef int dec_a[sizeof(1.0dx)];")
  ffi.cdef "typedef char dec_sizes[sizeof(1.0DF + 1.0DL) + sizeof(1 + 1.0DF) + sizeof(1e6000DL) + sizeof(-1.0dd)];"
  lu.assertEquals(ffi.sizeof "dec_sizes", 16 + 4 + 16 + 8)
end

H.run()
