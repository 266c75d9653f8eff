-- Random constant expressions, by gcc and by ffi.eval: constants.lua SEED COUNT. Integers of every type and base, characters, floating-point
-- constants, all operators and conversions, sizeof, _Alignof, offsetof, _Generic and gcc's own. `long` and `long long` are one type here,
-- so that nothing tells them apart.
local ffi = require "ffi"
local seed, count = tonumber(arg[1]), tonumber(arg[2])
local beside = dofile((arg[0]:gsub("[^/\\]*$", "")) .. "beside_gcc.lua")(seed)
local random, chance, pick = beside.random, beside.chance, beside.pick

local types = {
  "int", "unsigned", "short", "unsigned short", "signed char", "unsigned char", "long", "unsigned long", "long long", "unsigned long long",
  "_Bool", "char", "enum ce_kind",
}
local distinct = { "int", "unsigned", "short", "unsigned short", "signed char", "unsigned char", "long", "unsigned long", "_Bool", "char" }
local integer, floating

local integers = {
  function() return ("%du"):format(random(2147483647)) end, function() return ("0x%xll"):format(random(2147483647)) end,
  function() return ("%dul"):format(random(1000)) end, function() return "'" .. string.char(96 + random(26)) .. "'" end,
}
for _, text in ipairs { "0xffffffff", "0x7fffffff", "0x8000000000000000", "'\\xff'", "L'\\x1234'", "0b1011", "017", "2147483648", "CE_LAST", "'ab'" } do
  integers[#integers + 1] = function() return text end
end
local function small() return ("%d"):format(random(40) - 8) end

local comparisons = { "<", ">", "<=", ">=", "==", "!=" }
local kinds = {
  function(d) return ("(%s %s %s)"):format(integer(d), pick { "+", "-", "*", "&", "|", "^" }, integer(d)) end,
  function(d) return ("(%s %s %s)"):format(integer(d), pick { "+", "-", "*", "&", "|", "^" }, integer(d)) end,
  function(d) return ("(%s %s (%s & 15))"):format(integer(d), pick { "<<", ">>" }, integer(d)) end,
  function(d) return ("(%s %s %s)"):format(integer(d), pick(comparisons), integer(d)) end,
  function(d) return ("(%s %s %s)"):format(integer(d), pick { "&&", "||" }, integer(d)) end,
  function(d) return ("(%s ? %s : %s)"):format(integer(d), integer(d), integer(d)) end,
  function(d) return ("(%s ?: %s)"):format(integer(d), integer(d)) end,
  function(d) return ("(%s %s)"):format(pick { "-", "~", "!", "+" }, integer(d)) end,
  function(d) return ("(%s)%s"):format(pick(types), integer(d)) end,
  function(d) return ("((unsigned)%s %s ((unsigned)%s | 1u))"):format(integer(d), pick { "/", "%" }, integer(d)) end,
  function(d) return ("((unsigned long long)%s %s ((unsigned long long)%s | 1))"):format(integer(d), pick { "/", "%" }, integer(d)) end,
  function(d) return ("((short)%s %s ((%s & 15) + 1))"):format(integer(d), pick { "/", "%" }, integer(d)) end,
  function(d) return ("sizeof(%s)"):format(integer(d)) end,
  function(d) return ("sizeof(%s)"):format(floating(d)) end,
  function() return ("sizeof(%s[%d])"):format(pick(types), random(9)) end,
  function() return ("_Alignof(%s)"):format(pick(types)) end,
  function() return ("(int)(short)(%s)"):format(floating(0)) end,
  function(d) return ("(%s %s %s)"):format(floating(d), pick(comparisons), floating(d)) end,
  function(d) return ("(%s ? %s : %s)"):format(floating(d), integer(d), integer(d)) end,
  function(d) return ("(_Bool)%s"):format(floating(d)) end,
  function(d) return ("!%s"):format(floating(d)) end,
  function(d) return ("(%s || %s)"):format(floating(d), integer(d)) end,
  function(d) return ("__builtin_choose_expr(%s, %s, %s)"):format(pick { "0", "1", "sizeof(int) == 4" }, integer(d), integer(d)) end,
  function() return ("__builtin_types_compatible_p(%s, %s)"):format(pick(distinct), pick(distinct)) end,
  function() return ("__builtin_offsetof(struct ce_record, %s)"):format(pick { "b", "c[3]", "d.y", "e" }) end,
  function(d)
    return ("(int)_Generic(%s, int: 1, unsigned: 2, long: 3, long long: 3, unsigned long: 4, unsigned long long: 4, default: 5)"):format(integer(d))
  end,
  function(d) return ("(int)_Generic(%s, float: 1, double: 2, long double: 3, default: 4)"):format(chance(80) and floating(d) or integer(d)) end,
}
function integer(depth)
  if depth <= 0 or chance(20) then return chance(40) and small() or pick(integers)() end
  return pick(kinds)(depth - 1)
end

local floatings = { "1.5", "-2.25f", "3.L", "0.1f", "1e10", "0x1.8p3", "0.0", ".5", "7e-3", "(float)16777217", "1e-40f", "-0.0" }
function floating(depth)
  if depth <= 0 or chance(25) then return pick(floatings) end
  local r, to = random(6), pick { "float", "double", "long double" }
  if r == 1 then return ("(%s)%s"):format(to, floating(depth - 1)) end
  if r == 2 then return ("(%s)%s"):format(to, integer(depth - 1)) end
  if r == 3 then return ("(- %s)"):format(floating(depth - 1)) end
  if r == 4 then return ("(%s ? %s : %s)"):format(integer(depth - 1), floating(depth - 1), floating(depth - 1)) end
  return ("(%s %s %s)"):format(floating(depth - 1), pick { "+", "-", "*", "/" }, chance(70) and floating(depth - 1) or integer(depth - 1))
end

local before = "enum ce_kind { CE_FIRST, CE_LAST = 200 }; struct ce_record { char a; int b; short c[5]; struct { double x, y; } d; char e; };"
ffi.cdef(before)
local texts, source = {}, { before, "\n" }
for i = 1, count do
  texts[i] = chance(70) and integer(4) or floating(4)
  source[#source + 1] = ([[
static const __typeof__(%s) s%d = (%s);
long long i%d(void) { return (long long)s%d; }
double f%d(void) { return (double)s%d; }
int t%d(void) { return _Generic(s%d, float: 1, double: 1, long double: 1, default: 0); }
]]):format(texts[i], i, texts[i], i, i, i, i, i, i)
end
local said = beside.gcc("-w -O0 -fwrapv -shared -fPIC", table.concat(source))
assert(said == "", said)
local gccs = ffi.load(beside.base .. ".so")
local differences = 0
for i, text in ipairs(texts) do
  ffi.cdef(("long long i%d(void); double f%d(void); int t%d(void);"):format(i, i, i))
  local ok, value = pcall(ffi.eval, text)
  if value == true then value = 1 elseif value == false then value = 0 end
  local expected, same
  if gccs["t" .. i]() == 1 then
    expected = gccs["f" .. i]()
    local number = ok and tonumber(value)
    same = number == expected and 1 / number == 1 / expected or number and number ~= number and expected ~= expected
  else
    expected = gccs["i" .. i]()
    same = ok and ffi.cast("int64_t", value) == ffi.cast("int64_t", expected)
  end
  if not same then
    differences = differences + 1
    print(("%s, gcc's is %s: %s"):format(tostring(value), tostring(expected), text))
  end
end
beside.remove()
print(("%d constants, %d differences"):format(count, differences))
os.exit(differences == 0 and 0 or 1)
