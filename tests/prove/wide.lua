-- Expressions over integers of 128 bits, by gcc and by bodies of functions that Ferry runs: wide.lua SEED COUNT.
-- Operators, conversions to other widths, compound assignment. What overflows is unsigned, so that C leaves nothing open.
local ffi = require "ffi"
local seed, count = tonumber(arg[1]), tonumber(arg[2])

local beside = dofile((arg[0]:gsub("[^/\\]*$", "")) .. "beside_gcc.lua")(seed)
local random, pick = beside.random, beside.pick

local values = { "a", "b", "(u128)s", "(i128)t", "(u128)c", "x", "y" }
local types = { "unsigned long long", "long long", "int", "unsigned", "short", "unsigned char", "_Bool", "u128", "i128" }
local expression
-- What one of so many kinds of expressions gives; its operands are made where they are asked for.
local kinds = {
  function(e) return ("((u128)%s %s (u128)%s)"):format(e(), pick { "+", "-", "*" }, e()) end,
  function(e) return ("(%s %s %s)"):format(e(), pick { "&", "|", "^" }, e()) end,
  function(e) return ("((%s)%s %s %d)"):format(pick { "u128", "i128" }, e(), pick { "<<", ">>" }, random(128) - 1) end,
  function(e) return ("((%s)%s >> (c & 127))"):format(pick { "u128", "i128" }, e()) end,
  function(e) return "(~" .. e() .. ")" end,
  function(e) return ("(%s)%s"):format(pick(types), e()) end,
  function(e) return ("(%s %s %s ? %s : %s)"):format(e(), pick { "<", ">=", "==", "!=" }, e(), e(), e()) end,
  function(e) return ("((u128)%s %s ((u128)%s | 1))"):format(e(), pick { "/", "%" }, e()) end,
  function(e) return "(u128)(-(u128)" .. e() .. ")" end,
  function(e) return "(u128)(!" .. e() .. ")" end,
  function(e) return ("(%s %s %s)"):format(e(), pick { "&&", "||" }, e()) end,
}
function expression(depth)
  if depth == 0 or random(6) == 1 then
    local kind = random(10)
    if kind == 1 then return ("(u128)%dull"):format(random(2147483647)) end
    if kind == 2 then return ("((u128)1 << %d)"):format(random(128) - 1) end
    return pick(values)
  end
  return pick(kinds)(function() return expression(depth - 1) end)
end

local body = [[
(unsigned long long *out, unsigned long long high, unsigned long long low, int c, short s, long long t) {
  u128 a = (u128)high << 64 | low, x = a;
  i128 b = (i128)a ^ t, y = b;
  x %s= %s;
  y >>= c & 63;
  u128 result = %s;
  out[0] = (unsigned long long)(result >> 64);
  out[1] = (unsigned long long)result;
  return 0;
}
]]
local functions = {}
for i = 1, count do
  functions[i] = body:format(pick { "+", "^", "*", "|", "&", "-" }, pick { "b", "s", "(u128)low << 7", "c" }, expression(4))
end

local function source(before)
  local out = { "typedef unsigned __int128 u128;\ntypedef __int128 i128;\n" }
  for i, text in ipairs(functions) do out[#out + 1] = ("%swide%d_%d%s"):format(before, seed, i, text) end
  return table.concat(out)
end
local said = beside.gcc("-w -shared -fPIC", source "int ")
assert(said == "", said)
beside.write(beside.base .. ".h", source "static inline int run_")
for i = 1, count do
  ffi.cdef(("int wide%d_%d(uint64_t *, uint64_t, uint64_t, int, short, int64_t);"):format(seed, i))
end
local theirs, ours = ffi.load(beside.base .. ".so"), ffi.include(beside.base .. ".h")
local function word()
  if random(4) == 1 then return ffi.cast("int64_t", -random(100)) end
  return ffi.cast("int64_t", random(2147483647)) * random(2147483647) * random(9)
end
local differences, a, b = 0, ffi.new "uint64_t[2]", ffi.new "uint64_t[2]"
for i, text in ipairs(functions) do
  local name = ("wide%d_%d"):format(seed, i)
  for _ = 1, 4 do
    local high, low, t = ffi.cast("uint64_t", word()), ffi.cast("uint64_t", word()), word()
    local c, s = random(2147483647) - 1, random(65536) - 32769
    theirs[name](a, high, low, c, s, t)
    local ok, message = pcall(ours["run_" .. name], b, high, low, c, s, t)
    if not ok or a[0] ~= b[0] or a[1] ~= b[1] then
      differences = differences + 1
      print((ok and "differs: " or message .. ": ") .. ("%s %s %d %d %s\n"):format(high, low, c, s, t) .. text)
      break
    end
  end
end
beside.remove()
print(("%d expressions, %d differences"):format(count, differences))
os.exit(differences == 0 and 0 or 1)
