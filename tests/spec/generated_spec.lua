-- Random signatures, compiled by the C compiler and called through the module: every argument, result and callback is compared on
-- both sides with a literal that the compiler has seen. FERRY_SEED and FERRY_COUNT (functions) vary it, CC names the
-- compiler. On x86-64 some are of Microsoft's convention.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi
local seed = tonumber(os.getenv "FERRY_SEED") or 1
local count = tonumber(os.getenv "FERRY_COUNT") or (H.slow and 40 or 120)
local max_params = 40

local state = (seed * 7919 + 11) % 2147483647
local function random(n) -- 0 .. n-1
  state = (state * 16807) % 2147483647
  return math.floor(state / 128) % n
end
local function pick(list) return list[random(#list) + 1] end

-- A value: C expression of it, C test of an lvalue, the Lua value to pass, test of a Lua value read back.
local function integer(ctype, low, high)
  return {
    ctype = ctype,
    value = function()
      local v = pick { low, high, 0, 1, math.max(low, -1), random(100), math.max(low, -random(100)) }
      local lua = v
      if v > -100000 and v < 100000 and random(4) == 0 then lua = v >= 0 and v + 0.5 or v - 0.5 end -- truncated
      local c = ("(%s)%.0fLL"):format(ctype, v)
      return { c = c, test = "%s == " .. c, lua = lua, same = function(x) return tonumber(x) == v end }
    end,
  }
end
local function floating(ctype)
  return {
    ctype = ctype,
    value = function()
      local v = (random(2000) - 1000) / 8
      local c = ("(%s)%.3f"):format(ctype, v)
      return { c = c, test = "%s == " .. c, lua = v, same = function(x) return tonumber(x) == v end }
    end,
  }
end
local two53 = 9007199254740992
local scalars = {
  integer("signed char", -128, 127), integer("unsigned char", 0, 255), integer("short", -32768, 32767),
  integer("unsigned short", 0, 65535), integer("int", -2147483648, 2147483647), integer("unsigned", 0, 4294967295),
  integer("long", H.per_word(-two53, -2147483648), H.per_word(two53, 2147483647)), integer("unsigned long long", 0, two53), integer("int", -2147483648, 2147483647),
  floating "float", floating "double", floating "double",
  {
    ctype = "bool",
    value = function()
      local v = random(2) == 1
      local c = v and "1" or "0"
      return { c = c, test = "%s == " .. c, lua = v, same = function(x) return x == v end }
    end,
  },
  {
    ctype = "enum generated",
    value = function()
      local v = pick { { "GEN_A", -3 }, { "GEN_B", 70000 } }
      return { c = v[1], test = "%s == " .. v[1], lua = pick(v), same = function(x) return tonumber(x) == v[2] end }
    end,
  },
  {
    ctype = "void *",
    value = function()
      local v = pick { 0, 16, 123456 }
      local c = ("(void *)%dL"):format(v)
      local lua = ffi.cast("void *", v)
      if v == 0 and random(2) == 0 then lua = nil end
      return {
        c = c, test = "%s == " .. c, lua = lua,
        same = function(x) return tonumber(ffi.cast("intptr_t", x)) == v end,
      }
    end,
  },
}

-- By value, but not members of the records here.
local others = {
  floating "long double",
  {
    ctype = "const char *",
    value = function()
      local v = ("x"):rep(pick { 0, 1, 5, 40, 41, 300 }) .. random(1000)
      local c = ("%q"):format(v)
      return { c = c, test = "strcmp(%s, " .. c .. ") == 0", lua = v, same = function(x) return ffi.string(x) == v end }
    end,
  },
  {
    ctype = "double _Complex",
    value = function()
      local re, im = random(100) / 4, random(100) / 4
      local c = ("(%.2f + %.2f * I)"):format(re, im)
      return {
        c = c, test = "%s == " .. c, lua = ffi.new("double _Complex", re, im),
        same = function(x) return x.re == re and x.im == im end,
      }
    end,
  },
  {
    ctype = "float _Complex",
    value = function()
      local re, im = random(100) / 4, random(100) / 4
      local c = ("(float _Complex)(%.2f + %.2f * I)"):format(re, im)
      return {
        c = c, test = "%s == " .. c, lua = ffi.new("float _Complex", re, im),
        same = function(x) return x.re == re and x.im == im end,
      }
    end,
  },
}

local declarations, records = { "enum generated { GEN_A = -3, GEN_B = 70000 };" }, {}

-- struct gen_N { ...up to 6 members: scalars, short arrays of them, earlier records... };
local function record()
  local name = "gen_" .. #records + 1
  local union = random(8) == 0
  local members, lines = {}, {}
  for i = 1, union and 2 or random(5) + 1 do
    local m = { name = "m" .. i, kind = pick(scalars) }
    if random(5) == 0 and #records > 0 then m.kind = pick(records) end
    if random(5) == 0 then m.length = random(3) + 1 end
    members[i] = m
    lines[i] = m.kind.ctype .. " " .. m.name .. (m.length and "[" .. m.length .. "]" or "") .. ";"
  end
  local packed = random(8) == 0 and "__attribute__((packed))" or ""
  local ctype = (union and "union " or "struct ") .. name
  declarations[#declarations + 1] = ("%s { %s } %s;"):format(ctype, table.concat(lines, " "), packed)
  local kind = { ctype = ctype, is_record = true }
  function kind.value()
    local parts = {} -- path, value
    for i, m in ipairs(members) do
      if union and i > 1 then break end
      for k = 0, (m.length or 1) - 1 do
        parts[#parts + 1] = { member = m.name, index = m.length and k, value = m.kind.value() }
      end
    end
    local c, tests = {}, {}
    for i, p in ipairs(parts) do
      local path = "." .. p.member .. (p.index and "[" .. p.index .. "]" or "")
      c[i] = path .. " = " .. p.value.c
      tests[i] = "(" .. p.value.test:gsub("%%s", function() return "%s" .. path end) .. ")"
    end
    return {
      c = ("(%s){ %s }"):format(ctype, table.concat(c, ", ")),
      test = table.concat(tests, " && "),
      make = function()
        local object = ffi.new(ctype)
        for _, p in ipairs(parts) do
          local v = p.value.lua
          if p.value.make then v = p.value.make() end
          if p.index then object[p.member][p.index] = v else object[p.member] = v end
        end
        return object
      end,
      same = function(x)
        for _, p in ipairs(parts) do
          local v = x[p.member]
          if p.index then v = v[p.index] end
          if not p.value.same(v) then return false end
        end
        return true
      end,
    }
  end
  records[#records + 1] = kind
end
for _ = 1, 40 do record() end

-- A pointer to a record: what it points to is tested.
local function pointer_to(kind)
  return {
    ctype = kind.ctype .. " *",
    value = function()
      local v = kind.value()
      return {
        c = "&" .. v.c, test = (v.test:gsub("%%s", "(*%%s)")), same = function(x) return v.same(x) end,
        make = v.make,
      }
    end,
  }
end

local function any_kind(as_result)
  local r = random(10)
  if r < 6 then return pick(scalars) end
  if r < 7 then return pick(others) end
  if r < 9 or as_result then return pick(records) end
  return pointer_to(pick(records))
end

-- A record behind `...` goes by address, so records that are meant get ffi.vararg, and pointers are made pointers.
local kept = {}
local function plain_pointer(kind)
  local pointer = pointer_to(kind)
  local value = pointer.value
  function pointer.value()
    local v = value()
    local make = v.make
    function v.make()
      kept[#kept + 1] = make()
      return ffi.cast(pointer.ctype, kept[#kept])
    end
    return v
  end
  return pointer
end

-- Kinds whose values have the same type behind `...`.
local variadic_kinds = {
  {
    ctype = "int",
    value = function()
      local v = random(2) == 1
      return { test = "%s == " .. (v and 1 or 0), lua = v }
    end,
  },
  {
    ctype = "double",
    value = function()
      local v = random(1000) + 0.5
      return { test = "%s == " .. v, lua = v }
    end,
  },
  others[2],
  records[1], records[2], records[3], plain_pointer(records[4]), plain_pointer(records[5]),
}
if H.native_int64 then
  local function native(ctype, low, span)
    return {
      ctype = ctype,
      value = function()
        local v = math.tointeger(low + random(span))
        return { test = ("%%s == %d"):format(v), lua = v }
      end,
    }
  end
  variadic_kinds[#variadic_kinds + 1] = native("int", -1000, 2000)
  variadic_kinds[#variadic_kinds + 1] = native(H.per_word("long", "long long"), 5000000000, 1000)
end

local source = {}
local functions = {}

local function apply(test, what) return (test:gsub("%%s", function() return what end)) end

-- clang has its own way with complex numbers and long double there (tests/abi/calls.cpp).
local knows_ms = ffi.arch == "x64" and not (os.getenv "CC" or ""):find "clang"

local function generate(n)
  local f = { params = {}, values = {}, types = {} }
  local ms = knows_ms and random(4) == 0
  local convention = ms and "__attribute__((ms_abi)) " or ""
  local result = random(10) > 0 and any_kind(true) or nil
  local many = random(12) == 0 and max_params or 7
  local names, tests, literals = {}, {}, {}
  for i = 1, random(many + 1) do
    local kind = any_kind()
    f.values[i] = kind.value()
    f.types[i] = kind.ctype
    names[i] = kind.ctype .. " a" .. i
    tests[i] = ("  if (!(%s)) return_bad(%d);\n"):format(apply(f.values[i].test, "a" .. i), i)
    literals[i] = f.values[i].c
  end
  f.result = result and result.value()
  local returned = result and result.ctype or "void"
  f.type = ("%s (%s*)(%s)"):format(returned, convention, #names > 0 and table.concat(f.types, ", ") or "void")
  local params = #names > 0 and table.concat(names, ", ") or "void"
  source[#source + 1] = ("%s%s g_%d(%s) {\n%s  %s;\n}\n"):format(convention, returned, n, params, table.concat(tests),
    result and "return " .. f.result.c or "return")
  source[#source + 1] = ("int k_%d(%s (%s*f)(%s)) {\n  %sf(%s);\n  return %s;\n}\n"):format(n, returned, convention, params,
    result and result.ctype .. " r = " or "", table.concat(literals, ", "), result and apply(f.result.test, "r") or "1")
  f.declarations = ("%s%s g_%d(%s); int k_%d(%s (%s*f)(%s));"):format(convention, returned, n, params, n, returned,
    convention, #names > 0 and table.concat(f.types, ", ") or "void")
  -- Behind `...` types follow from the Lua values: v_n(int, ...) takes what such values become. libffi refuses structs of
  -- less than an int there, where they travel as integers.
  if H.backend == "libffi" then ms, convention = false, "" end
  f.variadic, f.behind, f.has_record = {}, {}, false
  local reads = {}
  for i = 1, random(9) do
    local kind = pick(variadic_kinds)
    f.variadic[i] = kind.value()
    f.behind[i] = kind.ctype
    for _, record in ipairs(records) do f.has_record = f.has_record or kind == record end
    reads[i] = ("  { %s a = %s(list, %s); if (!(%s)) return_bad(%d); }\n"):format(kind.ctype, ms and "ms_va_arg" or "va_arg",
      kind.ctype, apply(f.variadic[i].test, "a"), i)
  end
  source[#source + 1] = ([[
%sint v_%d(int n, ...) {
  VAlist list;
  VAstart(list, n);
%s  VAend(list);
  return n;
}
]]):gsub("VA", ms and "__builtin_ms_va_" or "__builtin_va_"):format(convention, n, table.concat(reads))
  f.declarations = f.declarations .. ("%sint v_%d(int n, ...);"):format(convention, n)
  functions[n] = f
end
source[#source + 1] = "int v_none(int n, ...) { return n; }\n"
for n = 1, count do generate(n) end

local function checksum(text)
  local sum = 0
  for i = 1, #text do sum = (sum * 31 + text:byte(i)) % 4294967291 end
  return ("%08x"):format(sum)
end

-- The library of `source`. It stays beside the fixtures, so that the columns which generate the same compile it once.
local function compile()
  H.needs "compiler that a spec can start"
  local text = table.concat({
    "#include <complex.h>\n#include <stdarg.h>\n#include <stdbool.h>\n#include <string.h>\nint generated_bad;",
    "#define return_bad(n) if (!generated_bad) generated_bad = n",
    -- gcc's va_arg does not follow the references that Microsoft's convention passes.
    "#define in_register(t) (sizeof(t) == 1 || sizeof(t) == 2 || sizeof(t) == 4 || sizeof(t) == 8)",
    "#define ms_va_arg(list, t) (in_register(t) ? va_arg(list, t) : *va_arg(list, t *))",
    table.concat(declarations, "\n"),
    table.concat(source),
    "",
  }, "\n")
  -- A sanitiser that is preloaded here is none of the compiler's business.
  local compiler = "env -u LD_PRELOAD " .. (os.getenv "CC" or "cc") .. " -w -O1 -shared -fPIC"
  local library = ("%s/generated_%s.so"):format(H.fixtures, checksum(compiler .. text))
  local found, loaded = pcall(ffi.load, library)
  if found then return loaded end
  local base = os.tmpname()
  local new = ("%s.%s"):format(library, base:match "[^/]*$")
  local out = assert(io.open(base .. ".c", "wb"))
  out:write(text)
  out:close()
  local done = os.execute(("%s -o %s %s.c 2>%s.log"):format(compiler, new, base, base))
  local ok = (done == true or done == 0) and os.rename(new, library)
  local log = assert(io.open(base .. ".log"))
  local why = log:read "*a"
  log:close()
  for _, name in ipairs { base, base .. ".c", base .. ".log" } do os.remove(name) end
  return ok and ffi.load(library) or nil, why
end

local unpack = table.unpack or unpack

local function arguments(values)
  local list = {}
  for i, v in ipairs(values) do
    if v.make then list[i] = v.make() else list[i] = v.lua end
  end
  return list
end
TestGenerated = {}

local lib, why
function TestGenerated:setUp()
  if lib == nil then
    lib, why = compile()
    lib = lib or false
    if lib then
      ffi.cdef(table.concat(declarations, "\n"))
      ffi.cdef "int generated_bad; int v_none(int n, ...);"
      for _, f in ipairs(functions) do ffi.cdef(f.declarations) end
    end
  end
  lu.skipIf(not lib, "no C compiler, or: " .. tostring(why))
end

local function check_call(n, f, call, how)
  for round = 1, 2 do
    local list = arguments(f.values)
    lib.generated_bad = 0
    local r = call(unpack(list, 1, #f.values))
    local where = ("%s g_%d, %s, round %d, seed %d"):format(how, n, f.type, round, seed)
    lu.assertEquals(lib.generated_bad, 0, where)
    if f.result then lu.assertTrue(f.result.same(r), where .. ": result " .. tostring(r)) end
  end
end

function TestGenerated:test_calls()
  for n, f in ipairs(functions) do check_call(n, f, lib["g_" .. n], "call of") end
end

function TestGenerated:test_variadic_calls()
  for n, f in ipairs(functions) do
    local call = lib["v_" .. n]
    if f.has_record then call = ffi.vararg(call, unpack(f.behind)) end
    for round = 1, 4 do
      local list = arguments(f.variadic)
      lib.generated_bad = 0
      lu.assertEquals(call(n, unpack(list, 1, #f.variadic)), n)
      lu.assertEquals(lib.generated_bad, 0, ("call of v_%d, round %d, seed %d"):format(n, round, seed))
      -- One function in many ways, some of them again.
      for given = 0, #f.variadic do lu.assertEquals(lib.v_none(given, unpack(list, 1, given)), given) end
    end
  end
end

function TestGenerated:test_function_pointers()
  for n, f in ipairs(functions) do check_call(n, f, ffi.cast(f.type, lib["g_" .. n]), "pointer to") end
end

function TestGenerated:test_callbacks()
  for n, f in ipairs(functions) do
    local where = ("callback of k_%d, %s, seed %d"):format(n, f.type, seed)
    local calls = 0
    local result = f.result and f.result.lua
    if f.result and f.result.make then result = f.result.make() end
    local cb = ffi.cast(f.type, function(...)
      calls = calls + 1
      for i, v in ipairs(f.values) do lu.assertTrue(v.same((select(i, ...))), where .. " argument " .. i) end
      lu.assertEquals(select("#", ...), #f.values)
      return result
    end)
    for _ = 1, 2 do lu.assertEquals(lib["k_" .. n](cb), 1, where) end
    lu.assertEquals(calls, 2)
    cb:free()
  end
end

H.run()
