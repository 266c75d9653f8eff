-- What luajit.lua and translate.lua have in common: random numbers, programs' values as text, which error a message tells of, and the judge.
-- Called with the ffi, whether 64-bit integers and enums are numbers when they are read, and what gives the type of a value.
local ffi, native, cdata_type = ...
local inf = 1 / 0
-- A generator of our own: math.random differs between Luas.
local state
local function random(n)
  state = state * 16807 % 2147483647
  return state % n + 1
end
local function chance(percent) return random(100) <= percent end
local function pick(list) return list[random(#list)] end

-- Boxed numbers of 64 bits by their halves, as no literal of portable Lua has them.
local halves = ffi.new(ffi.abi "le" and "union { struct { uint32_t low, high; }; int64_t i; uint64_t u; double d; }" or
  "union { struct { uint32_t high, low; }; int64_t i; uint64_t u; double d; }")
function I(high, low)
  halves.high, halves.low = high, low
  return ffi.new("int64_t", halves.i)
end
function U(high, low)
  halves.high, halves.low = high, low
  return ffi.new("uint64_t", halves.u)
end

---------------------------------------------------------------------------------------------------------------------------------
-- Outcomes as text

-- Ranges of memory that have names, so that addresses can be printed.
local known = {}
local function address(x)
  return tonumber(ffi.cast("uintptr_t", ffi.cast("void *", x)))
end
local function know(name, x, size)
  local from = address(x)
  known[#known + 1] = { from, from + size, name }
end
local function address_text(n)
  for i = #known, 1, -1 do
    local k = known[i]
    if n >= k[1] and n <= k[2] then return ("&%s+%d"):format(k[3], n - k[1]) end
  end
  if n == 0 then return "NULL" end
  if n < 2 ^ 32 or n >= 2 ^ 63 then return ("0x%08x%08x"):format(math.floor(n / 2 ^ 32), n % 2 ^ 32) end
  return "elsewhere"
end

local function type_text(x)
  local text = tostring(ffi.typeof(x)):gsub("%s+", " "):gsub("%f[%a]signed char", "char"):gsub("<const (u?int64_t)>$", "<%1>")
    :gsub("<const ([^*&%[]*__attribute__%(%(vector_size%(%d+%)%)%))>$", "<%1>")
  -- Parameters of functions.
  text = text:gsub("(%(%*?[%w_%[%]%(%)&%* ]-%))%([^%(%)]-%)>", "%1()>"):gsub("%(%*%)%([^%(%)]*%)", "(*)()")
  return (text:gsub("^ctype<(.*)>$", "%1"):gsub("(struct) %d+[^&%*%[]*", "%1 # "):gsub("(union) %d+[^&%*%[]*",
    "%1 # "):gsub("(enum) %d+[^&%*%[]*",
    "%1 # ")
    :gsub(" +$", ""))
end

local function number_text(n)
  if n ~= n then return "nan" end
  if native and math.type and math.type(n) == "integer" then return ("%d"):format(n) end
  if n == inf then return "inf" elseif n == -inf then return "-inf" end
  if n == 0 then return 1 / n < 0 and "-0" or "0" end
  if n % 1 == 0 and n > -2 ^ 53 and n < 2 ^ 53 then return ("%.0f"):format(n) end
  halves.d = n -- all its bits; digits are rounded in more than one way
  return ("double %08x %08x"):format(halves.high, halves.low)
end

-- The bytes of memory, with addresses where they are known, or half known.
local function bytes_text(x, size)
  local p = ffi.cast("const uint8_t *", x)
  local out, i = {}, 0
  while i < size do
    local named
    if i + 8 <= size and ffi.sizeof "void *" == 8 and (p[i + 5] == 0x7f or p[i + 5] == 0x55 or p[i + 5] == 0x56 or p[i + 5] == 0x7e or p[i + 3] ~= 0)
      and p[i + 6] == 0 and p[i + 7] == 0 then
      local n = 0
      for k = 7, 0, -1 do n = n * 256 + p[i + k] end
      for k = #known, 1, -1 do
        if n >= known[k][1] and n <= known[k][2] then named = ("<%s+%d>"):format(known[k][3], n - known[k][1]) break end
      end
    end
    if named then
      out[#out + 1] = named
      i = i + 8
    else
      out[#out + 1] = ("%02x"):format(p[i])
      i = i + 1
    end
  end
  return table.concat(out)
end

local canonical
local function cdata_text(x)
  local kind = type_text(x)
  local is_reference = kind:find "&"
  if ffi.istype("int64_t", x) or ffi.istype("uint64_t", x) then
    if native then return (tostring(ffi.cast("int64_t", x)):gsub("LL$", "")) end
    return kind .. " " .. tostring(x)
  end
  if native and kind:find "^enum [%w_]+$" then return number_text(tonumber(x)) end
  if kind:find "^complex" and not kind:find "[%*%[]" then return kind .. " " .. number_text(x.re) .. " " .. number_text(x.im) end
  if not is_reference and (kind:find "%*%s*$" or kind:find "%*%s*const%s*$" or kind:find "%(%*") then return kind .. " " ..
    address_text(address(x)) end
  local n = tonumber(x)
  if n then return kind .. " " .. number_text(n) end
  if kind:find "%(%)$" then return kind .. " " .. address_text(address(x)) end
  if kind:find "vector_size" and not kind:find "[%*%[]" then
    local out = {}
    for i = 0, ffi.sizeof(x) / 4 - 1 do out[#out + 1] = number_text(x[i]) end
    return kind .. " " .. table.concat(out, " ")
  end
  if kind:find "^bool" then return kind .. " ?" end
  return kind .. " " .. bytes_text(x, ffi.sizeof(x))
end
function canonical(x)
  local t = cdata_type(x)
  if t == "nil" or t == "boolean" then return tostring(x) end
  if t == "number" then return number_text(x) end
  if t == "string" then return '"' .. x:gsub("[^%w%p ]", function(c) return ("\\%03d"):format(c:byte()) end) .. '"' end
  if t == "cdata" then
    local s = tostring(x)
    if s:find "^ctype<" then return "ctype " .. type_text(x) end
    local ok, text = pcall(cdata_text, x)
    return ok and text or "?? " .. tostring(text)
  end
  return t
end

-- The kind of an error by its text; what is refused as an argument and as a value is one.
local kinds = {
  { "index", "has no member", "cannot be indexed", "attempt to index", "no field" }, { "initializers", "too many initializers" },
  { "const", "constant location", "to constant", "be written one by one" }, { "arithmetic", "arithmetic", "attempt to add a '",
    "attempt to sub a '", "attempt to mul a '", "attempt to div a '", "attempt to mod a '", "attempt to pow a '",
    "attempt to unm a '" }, { "compare", "attempt to compare" },
  { "concat", "attempt to concatenate" }, { "call", "callable", "cannot be called", "attempt to call" }, { "length", "get length" },
  { "symbol", "missing declaration" },
  { "conversion", "cannot convert", "is no constant of", "invalid C type", "cannot cast", "wrong number of arguments", "bad argument" },
}
local function kind_of(message)
  for _, k in ipairs(kinds) do
    for i = 2, #k do
      if message:find(k[i], 1, true) then return k[1] end
    end
  end
  return "other"
end
local show_messages = os.getenv "MESSAGES"

local function outcome(ok, ...)
  if not ok then return show_messages and "error: " .. tostring((...)) or "error " .. kind_of(tostring((...))) end
  local out = {}
  for i = 1, select("#", ...) do out[i] = canonical((select(i, ...))) end
  return #out == 0 and "nothing" or table.concat(out, ", ")
end

-- What LuaJIT prints when it is run with these words behind its own; nil and why not, if it is not one that may judge: it has to have this
-- processor's types, and to be the one whose ways are known; another is asked if LUAJIT names it.
local function judge(words)
  local luajit = os.getenv "LUAJIT" or "luajit -joff"
  local asked = io.popen(luajit .. " -e 'print(jit.arch) print(jit.version)' 2>/dev/null")
  local arch, version = asked:read "*l", asked:read "*l"
  asked:close()
  if arch ~= ffi.arch or version ~= "LuaJIT 2.1.0-beta3" and not os.getenv "LUAJIT" then
    return nil, ("skipped, %s for %s is there, LuaJIT 2.1.0-beta3 for %s is wanted"):format(version or "no LuaJIT", arch or "nothing",
      ffi.arch)
  end
  return io.popen(luajit .. " " .. words)
end

return {
  seed = function(n)
    state = n % 2147483646 + 1
    for _ = 1, 5 do random(2) end
  end,
  random = random, chance = chance, pick = pick, know = know, forget = function() known = {} end, type_text = type_text,
  number_text = number_text, canonical = canonical, kind_of = kind_of, outcome = outcome, judge = judge,
}
