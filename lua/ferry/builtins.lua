-- gcc's builtin functions, which expressions call (ferry.expression): by name without `__builtin_`, functions of the operands, each
-- followed by its type.
local ffi = require "ferry.core"
local bit, tonumber, floor = ffi.bit, ffi.tonumber, math.floor
local i64, u64 = ffi.typeof "int64_t", ffi.typeof "uint64_t"

local builtins = {}
for suffix, size in pairs { [""] = 4, l = 8, ll = 8 } do
  local function bits(v)
    local text = bit.tohex(ffi.cast(u64, v), 16)
    local out = {}
    for digit in text:sub(17 - size * 2):gmatch "." do
      local n = tonumber(digit, 16)
      for k = 3, 0, -1 do out[#out + 1] = floor(n / 2 ^ k) % 2 == 1 and "1" or "0" end
    end
    return table.concat(out)
  end
  builtins["clz" .. suffix] = function(v) return #bits(v):match "^0*" end
  builtins["ctz" .. suffix] = function(v) return #bits(v):match "0*$" end
  builtins["popcount" .. suffix] = function(v) return select(2, bits(v):gsub("1", "")) end
  builtins["parity" .. suffix] = function(v) return select(2, bits(v):gsub("1", "")) % 2 end
  builtins["clrsb" .. suffix] = function(v) -- bits behind the sign that repeat it
    local b = bits(v)
    return #b:match("^" .. b:sub(1, 1) .. "*") - 1
  end
  builtins["ffs" .. suffix] = function(v)
    local b = bits(v)
    return b:find "1" and #b:match "0*$" + 1 or 0
  end
end
for _, name in ipairs { "trap", "unreachable" } do
  builtins[name] = function() error("__builtin_" .. name .. " is reached", 0) end
end
for _, size in ipairs { 2, 4, 8 } do
  builtins["bswap" .. size * 8] = function(v)
    local from, to = ffi.new("uint8_t[8]"), ffi.new("uint8_t[8]")
    ffi.cast("uint64_t *", from)[0] = ffi.cast(u64, v)
    for k = 0, size - 1 do
      local there = ffi.abi "le" and k or 7 - k
      to[ffi.abi "le" and size - 1 - k or 8 - size + k] = from[there]
    end
    return ffi.cast("uint64_t *", to)[0]
  end
end

-- Arithmetic with a sign and a magnitude of 64 bits, which may be more: (sign, magnitude, whether it is more).
local zero, most = ffi.cast(u64, 0), ffi.cast(u64, -1)
local function split(v, t)
  v = ffi.cast(u64, v)
  local negative = not t.unsigned and ffi.cast(i64, v) < ffi.cast(i64, 0)
  return negative, negative and zero - v or v
end
local function sum(na, a, nb, b)
  if na == nb then return na, a + b, a + b < a end
  if a < b then return nb, b - a, false end
  return na, a - b, false
end
local exact = {
  add = sum,
  sub = function(na, a, nb, b) return sum(na, a, not nb, b) end,
  mul = function(na, a, nb, b) return na ~= nb, a * b, b ~= zero and most / b < a end,
}
for name, operation in pairs(exact) do
  -- Whether it does not fit the type `t`; stored at `to` is what fits of it.
  builtins[name .. "_overflow"] = function(a, ta, b, tb, _, t, to)
    local na, x = split(a, ta)
    local nb, y = split(b, tb)
    local negative, magnitude, over = operation(na, x, nb, y)
    if to ~= nil then to[0] = ffi.cast(t.ct, negative and zero - magnitude or magnitude) end
    if over then return true end
    local limit = most / ffi.cast(u64, 2 ^ (64 - t.size * 8)) -- the greatest value of so many bits
    if t.unsigned then return magnitude > (negative and zero or limit) end
    limit = limit / ffi.cast(u64, 2)
    return magnitude > (negative and limit + 1 or limit)
  end
end

-- Of floating-point numbers: Lua numbers, or `long double` as cdata, of which the type is the second argument.
local function is_nan(x) return x ~= x end
local function is_finite(x) return x - x == x - x end
-- Of the number as a double: all formats convert with their sign, NaNs, too.
local function sign_bit(x)
  local bytes = ffi.cast("uint8_t *", ffi.new("double[1]", { x }))
  return bytes[ffi.abi "le" and 7 or 0] >= 128
end
-- The least number that is normal: 2 to this power. Lua 5.1 compares cdata with cdata only.
local least = { [4] = -126, [8] = -1022 }
local function is_normal(x, t)
  if not is_finite(x) or x == x - x then return false end
  if x < x - x then x = -x end
  if least[t.size] then return x >= 2 ^ least[t.size] end
  for _ = 1, 16 do x = x * ffi.cast(t.ct, 2 ^ 1000) end
  return not is_finite(x) or x >= ffi.cast(t.ct, 2 ^ -382)
end
builtins.isnan = is_nan
builtins.isinf = function(x) return not is_nan(x) and not is_finite(x) end
builtins.isinf_sign = function(x) return builtins.isinf(x) and (sign_bit(x) and -1 or 1) or 0 end
builtins.isfinite = is_finite
builtins.isnormal = is_normal
builtins.signbit, builtins.signbitf, builtins.signbitl = sign_bit, sign_bit, sign_bit
builtins.isgreater = function(x, _, y) return x > y end
builtins.isgreaterequal = function(x, _, y) return x >= y end
builtins.isless = function(x, _, y) return x < y end
builtins.islessequal = function(x, _, y) return x <= y end
builtins.islessgreater = function(x, _, y) return x < y or x > y end
builtins.isunordered = function(x, _, y) return is_nan(x) or is_nan(y) end
builtins.fpclassify = function(of_nan, _, of_infinite, _, of_normal, _, of_subnormal, _, of_zero, _, x, t)
  if is_nan(x) then return of_nan elseif not is_finite(x) then return of_infinite elseif x == x - x then return of_zero end
  return is_normal(x, t) and of_normal or of_subnormal
end

return builtins
