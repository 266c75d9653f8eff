-- Objects that random initialisers in braces make, by gcc and by bodies of functions that Ferry runs: initialisers.lua SEED COUNT.
-- Nested braces and none, designators of several steps, ranges, members of anonymous records, bit-fields, unions, strings, what is
-- initialised again. Records are packed, so that each byte is value. gcc decides what there are too many values for; those are left out.
local ffi = require "ffi"
local seed, count = tonumber(arg[1]), tonumber(arg[2])

local beside = dofile((arg[0]:gsub("[^/\\]*$", "")) .. "beside_gcc.lua")(seed)
local random, chance, pick = beside.random, beside.chance, beside.pick

local numbers = 0
local function number()
  numbers = numbers % 100 + 1
  return ("%d"):format(numbers)
end

-- Types: { scalar = "int" }, { element, count }, { tag, is_union, members }; members: { name or nil, type, bits or nil, const }.
local scalars = { "int", "short", "signed char", "unsigned", "long long", "float", "double" }
local names, tags, records = 0, 0, {}
local make_record

local function make_type(depth)
  local r = random(100)
  if depth == 0 or r <= 30 then
    if chance(15) then return { element = { scalar = "char" }, count = random(5) } end
    return { scalar = pick(scalars) }
  elseif r <= 60 then
    return { element = make_type(depth - 1), count = random(3) }
  end
  return make_record(depth - 1)
end

local function declare(t, name)
  if t.scalar then return t.scalar .. " " .. name end
  if t.element then return declare(t.element, ("%s[%d]"):format(name, t.count)) end
  return (t.is_union and "union " or "struct ") .. t.tag .. " " .. name
end

local function body(t)
  local out = {}
  for i, m in ipairs(t.members) do
    if m.bits then
      out[i] = ("%s%s %s:%d;"):format(m.const, m.type.scalar, m.name or "", m.bits)
    elseif m.name then
      out[i] = m.const .. declare(m.type, m.name) .. ";"
    else
      out[i] = (m.type.is_union and "union" or "struct") .. " __attribute__((packed)) { " .. body(m.type) .. " };"
    end
  end
  return table.concat(out, " ")
end

function make_record(depth, is_anonymous)
  tags = tags + 1
  local t = { is_union = chance(20), members = {}, tag = ("in%d_%d"):format(seed, tags) }
  local function add(m)
    names = names + 1
    if m.name then m.name = "m" .. names end
    m.const = m.name and chance(20) and "const " or ""
    t.members[#t.members + 1] = m
  end
  for _ = 1, random(4) do
    local r = random(100)
    if r <= 12 and not t.is_union then
      local left = 32
      repeat -- together whole bytes
        local bits = chance(25) and left or random(left)
        add { name = true, type = { scalar = pick { "int", "unsigned" } }, bits = bits }
        left = left - bits
      until left == 0
    elseif r <= 24 and depth > 0 then
      add { type = make_record(depth - 1, true) }
    elseif r <= 30 and not t.is_union then
      add { type = { scalar = "int" }, bits = 32 }
    else
      add { name = true, type = make_type(depth) }
    end
  end
  add { name = true, type = { scalar = "int" } }
  if not is_anonymous then
    records[#records + 1] = ("%s __attribute__((packed)) %s { %s };"):format(t.is_union and "union" or "struct", t.tag, body(t))
  end
  return t
end

-- What items without designators initialise.
local function parts(t)
  local out = {}
  for i = 1, t.count or 0 do out[i] = t.element end
  for _, m in ipairs(t.members or {}) do
    if m.name or not m.bits then out[#out + 1] = m.type end
    if t.is_union and #out == 1 then break end
  end
  return out
end
-- What a designator names, those in anonymous members among them.
local function named(t, out)
  out = out or {}
  for _, m in ipairs(t.members or {}) do
    if m.name then out[#out + 1] = m elseif m.type.members then named(m.type, out) end
  end
  return out
end

local items
local texts = true -- gcc and clang differ on a text behind a designator of one character

local function in_braces(t, depth)
  if t.scalar then return chance(5) and "{" .. number() .. "}" or number() end
  if t.element and t.element.scalar == "char" and texts and chance(50) then
    local text = '"' .. ("abcdefgh"):sub(1, random(t.count + 1) - 1) .. '"'
    return chance(30) and "{" .. text .. "}" or text
  end
  return "{ " .. items(t, depth) .. (chance(20) and "," or "") .. " }"
end
local function without_braces(t)
  if t.scalar then return number() end
  local out = {}
  for i, part in ipairs(parts(t)) do out[i] = (part.scalar or chance(70)) and without_braces(part) or in_braces(part, 1) end
  return table.concat(out, ", ")
end
-- .a[1].b, and the type of that.
local function designator(t)
  local text, inner
  if t.element then
    local first = random(t.count) - 1
    local last = chance(20) and first + random(t.count - first) - 1 or first
    text, inner = last > first and ("[%d ... %d]"):format(first, last) or ("[%d]"):format(first), t.element
  else
    local m = pick(named(t))
    text, inner = "." .. m.name, m.type
  end
  if not inner.scalar and chance(40) then
    local more
    more, inner = designator(inner)
    text = text .. more
  end
  return text, inner
end
function items(t, depth)
  local list, out, in_order = parts(t), {}, true
  for i = 1, random(#list + 1) - 1 do
    if chance(25) then
      local text, inner = designator(t)
      out[#out + 1] = text .. " = " .. in_braces(inner, depth - 1)
      in_order = chance(30) -- what follows may be too much
      texts = false
    elseif in_order then
      out[#out + 1] = (list[i].scalar or chance(60)) and in_braces(list[i], depth - 1) or without_braces(list[i])
    end
  end
  texts = true
  return table.concat(out, ", ")
end

local functions = {}
for i = 1, count do
  records = {}
  local t
  repeat t = make_type(3) until not t.scalar
  local text = in_braces(t, 3)
  local object = t.element and chance(30) and declare(t.element, "x[]") or declare(t, "x")
  functions[i] = {
    name = ("in%d_f%d"):format(seed, i),
    records = table.concat(records, " "),
    text = ("(unsigned char *out) { %s = %s; __builtin_memcpy(out, &x, sizeof x); return sizeof x; }"):format(object, text),
  }
end

local base, write, gcc = beside.base, beside.write, beside.gcc
local function source(before)
  local out = {}
  for i, f in ipairs(functions) do out[i] = f.records .. " " .. before .. f.name .. f.text .. "\n" end
  return table.concat(out)
end

-- Each function has a line.
local refused = {}
for line in gcc("-fsyntax-only", source "int "):gmatch "%.c:(%d+):%d+: %a+:" do refused[tonumber(line)] = true end
local kept = {}
for i, f in ipairs(functions) do
  if not refused[i] then kept[#kept + 1] = f end
end
functions = kept
assert(#functions > 0, "gcc takes none of them")
local said = gcc("-w -shared -fPIC", source "int ")
assert(said == "", said)
write(base .. ".h", source "static inline int run_")
for _, f in ipairs(functions) do ffi.cdef("int " .. f.name .. "(unsigned char *out);") end
local theirs, ours = ffi.load(base .. ".so"), ffi.include(base .. ".h")
local differences, a, b = 0, ffi.new "unsigned char[65536]", ffi.new "unsigned char[65536]"
for _, f in ipairs(functions) do
  ffi.fill(a, 65536)
  ffi.fill(b, 65536)
  local size = theirs[f.name](a)
  local ok, same = pcall(function() return ours["run_" .. f.name](b) == size and ffi.string(a, size) == ffi.string(b, size) end)
  if not ok or not same then
    differences = differences + 1
    print((ok and "differs: " or tostring(same) .. ": ") .. f.records .. "\n  " .. f.text)
  end
end
beside.remove()
print(("%d objects, %d that gcc does not take, %d differences"):format(#functions, count - #functions, differences))
os.exit(differences == 0 and 0 or 1)
