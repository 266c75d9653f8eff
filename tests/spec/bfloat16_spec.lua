-- __bf16: read and written as numbers, laid out, passed by value, reflected. Rounding is judged by its definition: of the
-- two neighbours the nearer one, of two as near the one whose last bit is 0.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi
local fx = H.load "spec_bfloat16"

ffi.cdef [[
int bf_present;
typedef __bf16 bfloat16_t;
typedef struct { bfloat16_t a, b, c; } bf_three;
typedef struct { float f; __bf16 b; } bf_beside;
typedef struct { __bf16 b; int64_t i; } bf_with_integer;
typedef struct { __bf16 v[5]; } bf_array;
__bf16 bf_id(__bf16); __bf16 bf_add(__bf16, __bf16); float bf_wide(__bf16);
double bf_weigh(__bf16, int, __bf16, double, __bf16, __bf16, __bf16, __bf16, __bf16, __bf16, __bf16);
bf_three bf_turn(bf_three); bf_beside bf_negate(bf_beside); bf_with_integer bf_more(bf_with_integer);
bf_array bf_reverse(bf_array);
__bf16 bf_call(__bf16 (*)(__bf16, int, __bf16), __bf16, __bf16);
bf_three bf_call_three(bf_three (*)(bf_three), bf_three);
__bf16 bf_global;
int f16_present; double bf_behind(int, ...), f16_behind(int, ...); int snprintf(char *, size_t, const char *, ...);
union bf_bits { __bf16 v; uint16_t bits; };
union bf_float_bits { float v; uint32_t bits; };
]]

local function bits_of(value)
  return ffi.new("union bf_bits", { v = value }).bits
end
local function value_of(bits)
  return ffi.new("union bf_bits", { bits = bits }).v
end
local u = ffi.new "union bf_float_bits"
local function float_of(bits)
  u.bits = bits
  return u.v
end

TestValues = {}

function TestValues:test_layout()
  lu.assertEquals(ffi.sizeof "__bf16", 2)
  lu.assertEquals(ffi.alignof "__bf16", 2)
  lu.assertEquals(ffi.sizeof "bf_beside", 8)
  lu.assertEquals(ffi.sizeof "bf_with_integer", H.per_alignment(16, 12))
  lu.assertEquals(ffi.sizeof "struct { char c; __bf16 b; }", 4)
  lu.assertEquals(tostring(ffi.typeof "const __bf16 *"), "ctype<const __bf16 *>")
end

function TestValues:test_reads_are_numbers()
  local a = ffi.new("__bf16[4]", 1.5, -2, 0)
  lu.assertEquals({ a[0], a[1], a[2], a[3] }, { 1.5, -2, 0, 0 })
  a[3] = 0.1
  lu.assertEquals(a[3], 0.10009765625)
  lu.assertEquals(ffi.totable(a), { 1.5, -2, 0, 0.10009765625 })
  ffi.fromtable(a, { 3, 4, 5, 6 })
  lu.assertEquals(ffi.totable(a), { 3, 4, 5, 6 })
  local s = ffi.new("bf_three", { a = 1, b = 2, c = 3 })
  lu.assertEquals({ s.a, s.b, s.c }, { 1, 2, 3 })
  s.b = ffi.new("__bf16", 0.25)
  lu.assertEquals(s.b, 0.25)
end

function TestValues:test_boxed()
  local v = ffi.new("__bf16", 1.5)
  lu.assertEquals(tonumber(v), 1.5)
  lu.assertEquals(tostring(v), "1.5")
  lu.assertEquals(tonumber(ffi.cast("int", v)), 1)
  lu.assertEquals(tonumber(ffi.cast("__bf16", ffi.new("int", 257))), 256)
  lu.assertEquals(v + 1, 2.5)
  lu.assertTrue(v == ffi.new("double", 1.5))
  lu.assertTrue(v < ffi.new("float", 1.75))
  lu.assertEquals(tonumber(ffi.new("_Float128", v)), 1.5)
end

-- All 65536 values read as the float whose upper half they are, and are written back as they were.
function TestValues:test_every_value()
  local step = H.slow and 61 or 1
  for bits = 0, 65535, step do
    local value = value_of(bits)
    local wide = float_of(bits * 65536)
    if wide ~= wide then
      lu.assertTrue(value ~= value)
    elseif value ~= wide or 1 / value ~= 1 / wide or bits_of(value) ~= bits then
      lu.fail(("%04x reads %s"):format(bits, value))
    end
  end
end

-- Of the values between two neighbours, by the definition.
local function nearest(value)
  local magnitude = math.abs(value)
  local sign = (value < 0 or 1 / value < 0) and 32768 or 0
  local low, high = 0, 0x7f80
  while low < high do -- the greatest that is not above
    local middle = math.floor((low + high + 1) / 2)
    if float_of(middle * 65536) <= magnitude then low = middle else high = middle - 1 end
  end
  if low == 0x7f80 then return sign + low end
  -- As if the exponent had no bound: behind the largest finite value 2^128 is next.
  local below = float_of(low * 65536)
  local above = low == 0x7f7f and 2 ^ 128 or float_of((low + 1) * 65536)
  local up = magnitude - below > above - magnitude or (magnitude - below == above - magnitude and low % 2 == 1)
  return sign + low + (up and 1 or 0)
end

function TestValues:test_rounding()
  local values = { 0, -0.0, 1, 1 + 2 ^ -8, 1 + 3 * 2 ^ -8, 1 + 2 ^ -8 + 2 ^ -52, 1 + 2 ^ -8 - 2 ^ -52, 2 ^ -133, 2 ^ -134,
    2 ^ -134 + 2 ^ -170, 3 * 2 ^ -134, 2 ^ -1074, 2 ^ -126 - 2 ^ -134, 2 ^ -126, 2 ^ 128, 2 ^ 128 - 2 ^ 119, 2 ^ 128 - 2 ^ 119 - 2 ^ 75,
    2 ^ 128 - 2 ^ 120, 1e300, 1 / 0, 65504, 0.1, 1 / 3 }
  local random = 12345
  for _ = 1, H.many(20000) do
    random = (random * 16807) % 2147483647
    values[#values + 1] = float_of(random * 2) * 1.0000001
  end
  for _, value in ipairs(values) do
    for _, signed in ipairs { value, -value } do
      if signed == signed and bits_of(signed) ~= nearest(signed) then
        lu.fail(("%.17g becomes %04x, not %04x"):format(signed, bits_of(signed), nearest(signed)))
      end
    end
  end
end

-- compiler-rt, __truncsfbf2 of 7f800001, ffa12345, 7fc00000: the quiet bit is set, what else fits stays.
function TestValues:test_nan()
  H.not_under_valgrind "it makes all NaN the same"
  H.not_in_luajit "its numbers have one NaN"
  if ffi.arch == "riscv64" then lu.skip "conversions of this processor make all NaN the same" end
  for from, to in pairs { [0xffc00000] = 0xffc0, [0x7fc00000] = 0x7fc0, [0x7fe50000] = 0x7fe5, [0xfff12345] = 0xfff1 } do
    lu.assertEquals(bits_of(float_of(from)), to)
  end
  lu.assertTrue(value_of(0x7f81) ~= value_of(0x7f81))
end

function TestValues:test_integers_round_once()
  H.not_under_valgrind "long double has 53 bits there"
  -- 2^62 + 2^54 + 1: as a double it would be half way, and then even.
  local big = ffi.new("int64_t", 2 ^ 62) + 2 ^ 54 + 1
  lu.assertEquals(tonumber(ffi.new("__bf16", big)), 2 ^ 62 + 2 ^ 55)
end

-- gcc: (float)(2^62 + 2^38 + 1), of -1u128, and of 2^100 + 2^76 + 1 and 2^100 + 2^47 + 1: a long double has no digit for the last 1.
function TestValues:test_wide_integers_round_once()
  H.not_under_valgrind "long double has 53 bits there"
  local big = ffi.new("int64_t", 2 ^ 62) + 2 ^ 38 + 1
  lu.assertEquals(tonumber(ffi.new("float", big)), 2 ^ 62 + 2 ^ 39)
  lu.assertEquals(tonumber(ffi.new("float", -big)), -2 ^ 62 - 2 ^ 39)
  H.needs_int128()
  local wide = ffi.cast("__int128", 2 ^ 100) + 1
  lu.assertEquals(tonumber(ffi.new("float", wide + ffi.cast("__int128", 2 ^ 76))), 2 ^ 100 + 2 ^ 77)
  lu.assertEquals(tonumber(ffi.new("float", -wide - ffi.cast("__int128", 2 ^ 76))), -2 ^ 100 - 2 ^ 77)
  lu.assertEquals(tonumber(ffi.new("double", wide + ffi.cast("__int128", 2 ^ 47))), 2 ^ 100 + 2 ^ 48)
  lu.assertEquals(tonumber(ffi.new("float", ffi.cast("unsigned __int128", -1))), math.huge)
  lu.assertEquals(tonumber(ffi.new("double", ffi.cast("unsigned __int128", -1))), 2 ^ 128)
end

function TestValues:test_strict()
  ffi.strict(true)
  local ok, err = pcall(ffi.new, "__bf16", ffi.new("int", 257))
  local fraction = pcall(ffi.new, "__bf16", 0.1)
  local large, why = pcall(ffi.new, "__bf16", 1e39)
  ffi.strict(false)
  lu.assertFalse(ok)
  lu.assertStrContains(err, "cannot convert 257 to '__bf16' without loss")
  lu.assertTrue(fraction)
  lu.assertFalse(large)
  lu.assertStrContains(why, "cannot convert 1e+39 to '__bf16' without loss")
end

TestDeclared = {}

function TestDeclared:test_reflected()
  local info = ffi.typeinfo "__bf16"
  lu.assertEquals(info.kind, ffi.typeinfo("float").kind)
  lu.assertEquals(info.size, 2)
  lu.assertEquals(ffi.inspect(ffi.new("bf_three", { 1, 2.5, 3 })), "(bf_three){.a = 1, .b = 2.5, .c = 3}")
end

function TestDeclared:test_refused()
  lu.assertErrorMsgContains("there is no complex type of this precision", ffi.typeof, "__bf16 _Complex")
  lu.assertError(ffi.typeof, "unsigned __bf16")
  lu.assertErrorMsgContains("cannot convert 'string' to '__bf16'", ffi.new, "__bf16", "1.5")
end

-- As <avx512bf16intrin.h> and <arm_bf16.h> have them, and headers for compilers without the type.
function TestDeclared:test_in_headers()
  ffi.cdef [[
    typedef __bf16 bf_vector __attribute__((__vector_size__(16), __aligned__(16)));
    typedef struct { __bf16 *data; bf_vector v; } bf_tensor;
    static const __bf16 bf_third = 1.0bf16 / 3;
    static inline float bf_twice(__bf16 v) { return v + v; }
  ]]
  local v = ffi.new("bf_vector", { 1, 2, 3 })
  lu.assertEquals({ v[0], v[2], v[7] }, { 1, 3, 0 })
  lu.assertEquals(ffi.C.bf_third, 0.333984375)
  local m = ffi.cdef and ffi.macro
  if m then lu.assertEquals(ffi.C.bf_twice(1.25), 2.5) end
end

TestByValue = {}

function TestByValue:setUp()
  lu.skipIf(fx.bf_present == 0, "the compiler has neither __bf16 nor _Float16")
  lu.skipIf(ffi.arch == "x86", "what passes it depends on the vector instructions")
end

function TestByValue:test_calls()
  lu.assertEquals(fx.bf_id(1.5), 1.5)
  lu.assertEquals(fx.bf_id(ffi.new("__bf16", -3)), -3)
  lu.assertEquals(fx.bf_add(1.5, 0.25), 1.75)
  lu.assertEquals(fx.bf_wide(0.1), 0.10009765625)
  lu.assertEquals(fx.bf_weigh(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
    1 + 2 * 2 + 4 * 3 + 8 * 4 + 16 * 5 + 32 * 6 + 64 * 7 + 128 * 8 + 256 * 9 + 512 * 10 + 1024 * 11)
  lu.assertErrorMsgContains("bad argument #2 to 'bf_add' (cannot convert 'string' to '__bf16')", fx.bf_add, 1, "x")
end

-- Of aggregates; nil where they are refused.
local function passed(f)
  if ffi.arch ~= "arm64" then return H.passed_by_value(f) end
  local ok, result = pcall(f)
  if ok then return result end
  lu.assertStrContains(result, "compilers differ about aggregates of __bf16")
end

function TestByValue:test_structs()
  local s = passed(function() return fx.bf_turn { 1, 2, 3 } end)
  if s then lu.assertEquals({ s.a, s.b, s.c }, { 2, 3, 1 }) end
  s = passed(function() return fx.bf_negate { 1.5, 2.5 } end)
  if s then lu.assertEquals({ s.f, s.b }, { -1.5, -2.5 }) end
  s = passed(function() return fx.bf_more { 1.5, 41 } end)
  if s then lu.assertEquals({ s.b, tonumber(s.i) }, { 2.5, 42 }) end
  s = passed(function() return fx.bf_reverse { { 1, 2, 3, 4, 5 } } end)
  if s then lu.assertEquals(ffi.totable(s.v), { 5, 4, 3, 2, 1 }) end
end

-- gcc and clang promote neither behind '...'; a format that asks for a double gets one. libffi passes no type so small.
function TestByValue:test_behind_dots()
  local function check(f, type)
    local function v(n) return ffi.new(type, n) end
    local sum = H.passed_by_value(function() return f(2, v(1.5), v(-3), 0.25) end)
    if not sum then return end
    lu.assertEquals(sum, 1.5 - 6 + 0.25)
    lu.assertEquals(f(11, v(1), v(2), v(3), v(4), v(5), v(6), v(7), v(8), v(9), v(10), v(11), 0.5), 20481.5)
    lu.assertEquals(ffi.vararg(f, type, "double")(1, 1.5, 0.25), 1.75)
  end
  check(fx.bf_behind, "__bf16")
  local to = ffi.new "char[40]"
  ffi.C.snprintf(to, 40, "%g %g", ffi.new("__bf16", 2.5), ffi.new("_Float16", 0.5))
  lu.assertEquals(ffi.string(to), "2.5 0.5")
  if fx.f16_present ~= 0 then check(fx.f16_behind, "_Float16") end
end

function TestByValue:test_callbacks()
  local seen
  lu.assertEquals(fx.bf_call(function(a, i, b) seen = { a, i, b } return a - b end, 1.5, 0.25), 1.25)
  lu.assertEquals(seen, { 1.5, 7, 0.25 })
  local s = passed(function() return fx.bf_call_three(function(s) return { s.c, s.b, s.a } end, { 1, 2, 3 }) end)
  if s then lu.assertEquals({ s.a, s.b, s.c }, { 3, 2, 1 }) end
end

function TestByValue:test_global()
  fx.bf_global = 2.5
  lu.assertEquals(fx.bf_global, 2.5)
end

H.run()
