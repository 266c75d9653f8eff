-- Calls and callbacks of random types through Lua, against what a C compiler makes of them: writes C, has it compiled, declares
-- the same text to Ferry and calls each function three times, in front of every list of variadic arguments three times, by its
-- name and by pointers to it, and is called back. C fills and checks all values, member by member.
--   through_lua.lua CC SEED COUNT [-v]         CC: gcc, clang, or a command with such a name; CC_FLAGS: more of its arguments
local ffi = require "ferry"
local cc, seed, count = arg[1] or "gcc", tonumber(arg[2] or 1), tonumber(arg[3] or 100)
local verbose = arg[4] == "-v"
local is_clang = cc:find "clang" ~= nil
local x64, a64 = ffi.arch == "x64", ffi.arch == "arm64"

-- --- random numbers, the same for every Lua --------------------------------------------------------------------------
local state = (seed * 7919 + 17) % 2147483646 + 1
local function pick(low, high)
  state = (state * 16807) % 2147483647
  return low + state % (high - low + 1)
end
local function chance(percent) return pick(0, 99) < percent end
local function one_of(list) return list[pick(1, #list)] end

-- --- types -----------------------------------------------------------------------------------------------------------
-- { name, how C makes a value of it (a macro of the prelude), promoted: may be an argument behind `...` }
local scalars = {
  { "_Bool", "BIT" }, { "char", "INT" }, { "signed char", "INT" }, { "unsigned char", "INT" }, { "short", "INT" },
  { "unsigned short", "INT" }, { "int", "INT", true }, { "unsigned int", "INT", true }, { "long", "INT", true },
  { "unsigned long", "INT", true }, { "long long", "INT", true }, { "float", "REAL" }, { "double", "REAL", true },
  { "long double", "REAL", true }, { "pointer", "POINTER", true }, { "enum color", "COLOR", true }, { "enum big", "COLOR", true },
  { "enum tiny", "COLOR" }, { "under_d", "REAL", realigned = true }, { "under_l", "INT", realigned = true },
  { "under_i", "INT", realigned = true }, { "over_i", "INT", realigned = true },
  { "float _Complex", "COMPLEX" }, { "double _Complex", "COMPLEX", true }, { "long double _Complex", "COMPLEX", true },
}
if x64 or a64 then
  for _, row in ipairs {
    { "__int128", "WIDE", wide = true }, { "unsigned __int128", "WIDE", wide = true },
    { "v8c", "VECTOR", true }, { "v4s", "VECTOR", true }, { "v2i", "VECTOR", true }, { "v2f", "VECTOR", true },
    { "v16c", "VECTOR", true }, { "v4i", "VECTOR", true }, { "v2l", "VECTOR", true }, { "v4f", "VECTOR", true },
    { "v2d", "VECTOR", true },
  } do scalars[#scalars + 1] = row end
  -- What clang 14 does otherwise than gcc, or has not (docs/reliability.md has the list).
  if not is_clang then scalars[#scalars + 1] = { "_Float128", "REAL", true } end
  if not is_clang and x64 then
    for _, bits in ipairs { 32, 64, 128 } do scalars[#scalars + 1] = { "_Decimal" .. bits, "REAL", true } end
  end
end
if is_clang then scalars[#scalars + 1] = { "enum fixed", "COLOR" } end

local prelude = [[
enum color { red, green = 7 };
enum big { least = -5, most = 0x7ffffff0 };
enum __attribute__((packed)) tiny { low = -3, high = 100 };
typedef void *pointer;
typedef double under_d __attribute__((aligned(4)));
typedef long under_l __attribute__((aligned(2)));
typedef int under_i __attribute__((aligned(1)));
typedef int over_i __attribute__((aligned(32)));
struct nothing {};
]]
if is_clang then prelude = prelude .. "enum fixed : short { fixed_low = -4, fixed_high = 300 };\n" end
for name, element in pairs { v8c = "char", v4s = "short", v2i = "int", v2f = "float", v16c = "char", v4i = "int", v2l = "long",
                             v4f = "float", v2d = "double" } do
  local bytes = (name == "v8c" or name == "v4s" or name == "v2i" or name == "v2f") and 8 or 16
  if x64 or a64 then prelude = prelude .. ("typedef %s %s __attribute__((vector_size(%d)));\n"):format(element, name, bytes) end
end

local types = {} -- all, by number: { name, leaves, scalar, record }
for i, row in ipairs(scalars) do
  types[i] = { id = i, name = row[1], how = row[2], promoted = row[3], wide = row.wide, realigned = row.realigned, leaves = { { "", row[2], row[1] } }, scalar = true }
end
local records, transparent = {}, {}

local members
local function member_type()
  if #records > 0 and chance(20) then
    local r = one_of(records)
    if not r.flexible then return r end
  end
  local t
  repeat t = types[pick(1, #scalars)] until not (is_clang and x64 and t.realigned)
  return t
end

-- Appends to leaves what `prefix` .. the type's own leaves are.
local function add_leaves(leaves, prefix, t)
  for _, leaf in ipairs(t.leaves) do leaves[#leaves + 1] = { prefix .. leaf[1], leaf[2], leaf[3] } end
end

local bit_types = { { "int", 32 }, { "unsigned int", 32 }, { "long", 32 }, { "unsigned char", 8 }, { "short", 16 }, { "_Bool", 1 } }

-- The members of a record, their leaves: of a union those of one member.
local function body(is_union, depth)
  local text, groups = {}, {}
  for _ = 1, chance(75) and pick(1, depth == 0 and 4 or 2) or pick(1, depth == 0 and 12 or 4) do
    local name = "m" .. members
    members = members + 1
    local leaves = {}
    if chance(12) then
      local row = one_of(bit_types)
      local unnamed = not is_clang and chance(15)
      local width = unnamed and chance(30) and 0 or chance(20) and row[2] or pick(1, row[2])
      text[#text + 1] = ("%s %s : %d;"):format(row[1], unnamed and "" or name, width)
      if not unnamed then leaves[1] = { "." .. name, row[1] == "_Bool" and "BIT" or "INT", row[1], bits = true } end
    elseif depth < 3 and chance(12) then
      local inner_union = chance(50)
      local inner, inner_leaves = body(inner_union, depth + 1)
      local anonymous = chance(60)
      text[#text + 1] = ("%s {%s} %s;"):format(inner_union and "union" or "struct", inner, anonymous and "" or name)
      for _, leaf in ipairs(inner_leaves) do
        leaves[#leaves + 1] = { (anonymous and "" or "." .. name) .. leaf[1], leaf[2], leaf[3], bits = leaf.bits }
      end
    elseif not is_clang and chance(3) then
      local t = member_type()
      if t.name ~= "over_i" then text[#text + 1] = ("%s %s[0];"):format(t.name, name) end
    elseif not is_clang and chance(2) then
      text[#text + 1] = ("struct nothing %s;"):format(name)
    elseif not is_clang and chance(3) then
      text[#text + 1] = ("_Atomic int %s;"):format(name)
      leaves[1] = { "." .. name, "INT", "int" }
    else
      local t = member_type()
      local suffix = ""
      if t.name == "over_i" then -- C has no arrays of what is aligned to more than its size
        add_leaves(leaves, "." .. name, t)
      elseif chance(10) then
        local n = pick(1, 4)
        suffix = ("[%d]"):format(n)
        for i = 0, n - 1 do add_leaves(leaves, (".%s[%d]"):format(name, i), t) end
      elseif chance(5) then
        local n, m = pick(1, 2), pick(1, 3)
        suffix = ("[%d][%d]"):format(n, m)
        for i = 0, n - 1 do
          for j = 0, m - 1 do add_leaves(leaves, (".%s[%d][%d]"):format(name, i, j), t) end
        end
      else
        add_leaves(leaves, "." .. name, t)
      end
      if chance(4) then suffix = suffix .. (" __attribute__((aligned(%d)))"):format(2 ^ pick(1, chance(80) and 5 or 7)) end
      if chance(4) then suffix = suffix .. " __attribute__((packed))" end
      text[#text + 1] = ("%s %s%s;"):format(t.name, name, suffix)
    end
    groups[#groups + 1] = leaves
  end
  local leaves = {}
  if is_union then
    leaves = one_of(groups)
  else
    for _, group in ipairs(groups) do
      for _, leaf in ipairs(group) do leaves[#leaves + 1] = leaf end
    end
  end
  return table.concat(text, " "), leaves
end

local function make_record()
  members = 0
  local is_union = chance(25)
  local text, leaves = body(is_union, 0)
  local t = { id = #types + 1, name = "R" .. #types, leaves = leaves }
  if not is_clang and not is_union and chance(5) and #leaves > 0 then
    t.flexible = true
    text = text .. (" %s tail[];"):format(one_of { "char", "long", "float _Complex", "pointer", "enum tiny" })
  end
  local attributes = ""
  -- clang 14 goes by where packing puts the records of bit-fields within one, gcc by the bits.
  local may_pack = not (is_clang and x64 and text:find "{.*:%s*%d.*}")
  if chance(10) and may_pack then attributes = " __attribute__((packed))" end
  if chance(6) then attributes = attributes .. (" __attribute__((aligned(%d)))"):format(2 ^ pick(3, chance(70) and 4 or 7)) end
  t.text = ("typedef %s {%s}%s %s;\n"):format(is_union and "union" or "struct", text, attributes, t.name)
  if chance(10) and may_pack then t.text = ("#pragma pack(push, %d)\n%s#pragma pack(pop)\n"):format(2 ^ pick(0, 4), t.text) end
  types[t.id], records[#records + 1] = t, t
end

local declarations = { prelude }
for i = 1, 4 do
  local t = { id = #types + 1, name = "T" .. i, transparent = true }
  local first, second = one_of { "int", "long", "unsigned int", "pointer" }, nil
  second = ({ int = "enum color", long = "unsigned long", ["unsigned int"] = "int", pointer = "const char *" })[first]
  t.leaves = { { ".a", first == "pointer" and "POINTER" or "INT", first } }
  t.text = ("typedef union { %s a; %s b; } %s __attribute__((transparent_union));\n"):format(first, second, t.name)
  types[t.id], transparent[i] = t, t
end
for _ = 1, 60 do make_record() end
for _, t in ipairs(types) do declarations[#declarations + 1] = t.text end
types[#types + 1] = { id = #types + 1, name = "struct nothing", leaves = {} }
local nothing = types[#types]

-- --- functions -------------------------------------------------------------------------------------------------------
local kind_counts = {}
local function counted(kind) kind_counts[kind] = (kind_counts[kind] or 0) + 1 end

local function any_type(small)
  if chance(2) then return nothing end
  local t = chance(50) and one_of(records) or types[pick(1, #scalars)]
  -- clang 14 splits these between registers and stack (abi/sysv_x64.cpp's judge is gcc).
  while is_clang and not small and (t.wide or t.how == "COMPLEX") do t = types[pick(1, #scalars)] end
  return t
end

local functions = {}
for i = 1, count do
  local f = { name = "f" .. i, params = {}, lists = {} }
  f.variadic = chance(35)
  f.ms = x64 and not f.variadic and chance(12)
  local n = f.variadic and pick(1, 5) or chance(75) and pick(0, 8) or pick(0, chance(80) and 20 or 60)
  local small = n <= 2 and not f.variadic
  for k = 1, n do
    local t = chance(4) and one_of(transparent) or any_type(small)
    while f.ms and is_clang and (t.wide or t.how == "COMPLEX" or t.how == "VECTOR" or t.name == "long double" or t == nothing) do t = any_type(small) end
    f.params[k] = t
  end
  f.result = chance(8) and "void" or any_type(true)
  while f.result ~= "void" and f.ms and is_clang and
    (f.result.wide or f.result.how == "COMPLEX" or f.result.how == "VECTOR" or f.result.name == "long double" or f.result == nothing) do f.result = any_type(true) end
  if f.variadic then
    for l = 1, pick(1, 4) do
      local list = {}
      for k = 1, pick(0, 12) do
        local t
        repeat
          t = chance(35) and one_of(records) or types[pick(1, #scalars)]
        until t.scalar and t.promoted and not (is_clang and t.how == "COMPLEX") or t.id > #scalars and not t.late
        list[k] = t
      end
      f.lists[l] = list
    end
  else
    f.lists[1] = {}
  end
  functions[i] = f
end

local function parameters(f, named)
  local list = {}
  for k, t in ipairs(f.params) do list[k] = t.name .. (named and " a" .. k or "") end
  if f.variadic then list[#list + 1] = "..." end
  return #list == 0 and "void" or table.concat(list, ", ")
end
local function result_name(f) return f.result == "void" and "void" or f.result.name end
local function ms(f) return f.ms and "__attribute__((ms_abi)) " or "" end

ffi.cdef(table.concat(declarations))

-- gcc's va_arg reads 16-aligned values from general registers with aligned moves, and faults: no judge.
for _, f in ipairs(functions) do
  for _, list in ipairs(f.lists) do
    for k = #list, 1, -1 do
      if list[k].id > #scalars and ffi.alignof(list[k].name) >= 16 then table.remove(list, k) end
    end
  end
end

local c = { [[
#include <string.h>
#include <stdint.h>
]], table.concat(declarations), [[
unsigned prove_seed; int prove_wrong, prove_calls, prove_list;
static uint64_t next(unsigned *s) {
  *s = *s * 1664525u + 1013904223u;
  uint64_t high = *s;
  *s = *s * 1664525u + 1013904223u;
  return (high << 32 | *s) * 0x9e3779b97f4a7c15u;
}
#define INT(p, T) p = (T)next(&s);
#define BIT(p, T) p = (next(&s) >> 40) & 1;
#define WIDE(p, T) p = (T)next(&s) << 64 | next(&s);
#define REAL(p, T) p = (T)((int)(next(&s) >> 44) - 300000) / 8;
#define POINTER(p, T) p = (T)(uintptr_t)(next(&s) >> 17 | 1);
#define COLOR(p, T) p = next(&s) >> 63 ? 7 : 0;
#define COMPLEX(p, T) __real__ p = (int)(next(&s) >> 44) - 300000; __imag__ p = (int)(next(&s) >> 48);
#define VECTOR(p, T) for (unsigned i = 0; i < sizeof(T) / sizeof((*(T *)0)[0]); i++) p[i] = next(&s) >> 57;
#define SAME(p, q) ((p) == (q))
]] }
local declared = {}
for _, t in ipairs(types) do
  local fill, same = {}, { "1" }
  for _, leaf in ipairs(t.leaves) do
    fill[#fill + 1] = ("%s(p[0]%s, %s)"):format(leaf[2], leaf[1], leaf[3])
    same[#same + 1] = leaf[2] == "VECTOR" and ("!memcmp(&p[0]%s, &q[0]%s, sizeof(%s))"):format(leaf[1], leaf[1], leaf[3])
      or ("SAME(p[0]%s, q[0]%s)"):format(leaf[1], leaf[1])
  end
  c[#c + 1] = ("void set_%d(%s *p, unsigned s) { %s }\n"):format(t.id, t.name, table.concat(fill, " "))
  -- The value is copied to where it is aligned; what it should be is made beside it.
  c[#c + 1] = ("int check_%d(const void *v, unsigned s) { %s a, b, *p = &a, *q = &b; memcpy(p, v, sizeof a); memset(q, 0, sizeof b); set_%d(q, s); return %s; }\n")
    :format(t.id, t.name, t.id, table.concat(same, " && "))
  declared[#declared + 1] = ("void set_%d(void *p, unsigned s); int check_%d(const void *v, unsigned s);\n"):format(t.id, t.id)
end
for _, f in ipairs(functions) do
  local r = result_name(f)
  c[#c + 1] = ("%s%s %s(%s) {\n  unsigned s = prove_seed; ++prove_calls;\n"):format(ms(f), r, f.name, parameters(f, true))
  for k, t in ipairs(f.params) do
    c[#c + 1] = ("  if (!check_%d(&a%d, s + %d) && !prove_wrong) prove_wrong = %d;\n"):format(t.id, k, k, k)
  end
  if f.variadic then
    c[#c + 1] = ("  __builtin_va_list ap; __builtin_va_start(ap, a%d);\n  switch (prove_list) {\n"):format(#f.params)
    for l, list in ipairs(f.lists) do
      c[#c + 1] = ("  case %d: {\n"):format(l)
      for k, t in ipairs(list) do
        local at = #f.params + k
        c[#c + 1] = ("    %s b%d = __builtin_va_arg(ap, %s); if (!check_%d(&b%d, s + %d) && !prove_wrong) prove_wrong = %d;\n")
          :format(t.name, k, t.name, t.id, k, at, at)
      end
      c[#c + 1] = "    break; }\n"
    end
    c[#c + 1] = "  }\n  __builtin_va_end(ap);\n"
  end
  c[#c + 1] = f.result == "void" and "}\n" or
    ("  %s r; memset(&r, 0, sizeof r); set_%d(&r, s + 1000); return r;\n}\n"):format(r, f.result.id)
  declared[#declared + 1] = ("%s%s %s(%s);\n"):format(ms(f), r, f.name, parameters(f, false))
  if not f.variadic then
    f.pointer = ("%s (%s*)(%s)"):format(r, ms(f), parameters(f, false))
    local list = {}
    c[#c + 1] = ("void call_%s(%s (%s*f)(%s), unsigned s) {\n"):format(f.name, r, ms(f), parameters(f, false))
    for k, t in ipairs(f.params) do
      c[#c + 1] = ("  %s a%d; memset(&a%d, 0, sizeof a%d); set_%d((void *)&a%d, s + %d);\n"):format(t.name, k, k, k, t.id, k, k)
      list[k] = "a" .. k
    end
    local call = ("f(%s)"):format(table.concat(list, ", "))
    c[#c + 1] = f.result == "void" and ("  %s;\n}\n"):format(call) or
      ("  %s r = %s; if (!check_%d(&r, s + 1000) && !prove_wrong) prove_wrong = -1;\n}\n"):format(r, call, f.result.id)
    declared[#declared + 1] = ("void call_%s(%s (%s*f)(%s), unsigned s);\n"):format(f.name, r, ms(f), parameters(f, false))
  end
end

local dir = os.getenv "PROVE_DIR" or os.tmpname()
os.remove(dir)
local source, object = dir .. ".c", dir .. ".so"
local file = assert(io.open(source, "w"))
file:write(table.concat(c))
file:close()
local command = ("%s -std=gnu11 -w -Wno-psabi -O1 -fPIC -shared %s -o %s %s"):format(cc, os.getenv "CC_FLAGS" or "", object, source)
local compiled = os.execute(command)
assert(compiled == true or compiled == 0, command)
local C = ffi.load(object)
if not os.getenv "PROVE_DIR" then os.remove(source) os.remove(object) end
ffi.cdef "extern unsigned prove_seed; extern int prove_wrong, prove_calls, prove_list;"
ffi.cdef(table.concat(declared))

-- --- the comparison --------------------------------------------------------------------------------------------------
local failures, refused, calls, callbacks = 0, {}, 0, 0
local function fail(f, what, list)
  failures = failures + 1
  local extra = {}
  for k, t in ipairs(list or {}) do extra[k] = t.name end
  print(("FAIL %s, %s: %s\n  %s%s %s(%s)%s"):format(cc, f.name, what, ms(f), result_name(f), f.name, parameters(f, false),
    list and #list > 0 and "\n  ... " .. table.concat(extra, ", ") or ""))
  for _, all in ipairs { f.params, list or {}, { f.result ~= "void" and f.result or nil } } do
    for _, t in ipairs(all) do
      if t.text and verbose then print("  " .. t.text) end
    end
  end
end

-- An object of the type that C has filled, and what is passed of it.
local function value_of(t, s, behind_dots)
  if t.scalar then
    local box = ffi.new((t.name == "over_i" and "int" or t.name) .. "[1]")
    C["set_" .. t.id](box, s)
    -- A Lua number behind `...` says its type itself only where that is double.
    if behind_dots and not (t.name == "double" and chance(50)) and t.how ~= "VECTOR" and t.how ~= "COMPLEX" then
      return ffi.new(t.name, box[0])
    end
    return box[0]
  end
  local object = ffi.new(t.name)
  C["set_" .. t.id](object, s)
  return object
end
local function is_value(t, value, s)
  if not t.scalar then return C["check_" .. t.id](value, s) == 1 end
  local box = ffi.new((t.name == "over_i" and "int" or t.name) .. "[1]")
  box[0] = value
  return C["check_" .. t.id](box, s) == 1
end

local function give_up(f, message)
  local why = tostring(message):gsub("^.-:%d+: ", "")
  refused[why:match "compilers differ" or why:match "AVX" or why:match "empty" or why:match "libffi" or why] = true
  f.refused = true
  counted "refused"
  if verbose then print("refused", f.name, why) end
end

local unpack = table.unpack or unpack
local function call(f, l, round, callee)
  local list = f.lists[l]
  local s = pick(1, 2000000)
  local args, n = {}, #f.params + #list
  for k, t in ipairs(f.params) do args[k] = value_of(t, s + k) end
  for k, t in ipairs(list) do args[#f.params + k] = value_of(t, s + #f.params + k, true) end
  C.prove_seed, C.prove_wrong, C.prove_list = s, 0, l
  local before = C.prove_calls
  local ok, result = pcall(callee, unpack(args, 1, n))
  if not ok then return give_up(f, result) end
  calls = calls + 1
  local how = ("call %d of list %d%s"):format(round, l, callee == f.by_pointer and ", by pointer" or "")
  if C.prove_calls ~= before + 1 then fail(f, how .. ": not called", list) end
  if C.prove_wrong ~= 0 then fail(f, how .. ": argument " .. C.prove_wrong, list) end
  if f.result ~= "void" and not is_value(f.result, result, s + 1000) then fail(f, how .. ": result", list) end
  return true
end

local function call_back(f, round)
  local s = pick(1, 2000000)
  local wrong, ran
  local function handler(...)
    ran = true
    if select("#", ...) ~= #f.params then wrong = "number of arguments" end
    for k, t in ipairs(f.params) do
      if not is_value(t, (select(k, ...)), s + k) then wrong = wrong or "argument " .. k end
    end
    if f.result ~= "void" then return value_of(f.result, s + 1000) end
  end
  C.prove_wrong = 0
  local made, callback = pcall(ffi.cast, f.pointer, handler)
  if not made then return give_up(f, callback) end
  local ok, message = pcall(C["call_" .. f.name], callback, s)
  callback:free()
  if not ok then return fail(f, "callback: " .. tostring(message)) end
  callbacks = callbacks + 1
  if not ran then fail(f, "callback " .. round .. " not called") end
  if wrong then fail(f, ("callback %d: %s"):format(round, wrong)) end
  if C.prove_wrong ~= 0 then fail(f, ("callback %d: result"):format(round)) end
  return true
end

for _, f in ipairs(functions) do
  local known, callee = pcall(function() return C[f.name] end)
  if not known then
    give_up(f, callee)
  else
    if verbose then io.write(f.name, "\n") io.flush() end
    local callees = {}
    for l, list in ipairs(f.lists) do
      callees[l] = callee
      -- Without a word about its type a struct goes behind `...` by its address.
      local said = f.variadic and chance(30)
      for _, t in ipairs(list) do said = said or not t.scalar end
      if said then
        local names = {}
        for k, t in ipairs(list) do names[k] = t.name end
        local made, variant = pcall(ffi.vararg, callee, unpack(names))
        if made then callees[l] = variant else give_up(f, variant) end
      end
      for round = 1, 3 do
        if not f.refused then call(f, l, round, callees[l]) end
      end
    end
    -- Once code has been made for every list: the first again.
    if not f.refused and #f.lists > 1 then call(f, 1, 4, callees[1]) end
    if not f.refused and f.pointer then
      f.by_pointer = ffi.cast(f.pointer, callee)
      for round = 1, 3 do call(f, 1, round, f.by_pointer) end
      for round = 1, 3 do
        if not f.refused then call_back(f, round) end
      end
    end
  end
  if f.refused then counted "functions refused" end
end
print(("through Lua: %s, seed %d, %s: %d functions, %d calls, %d callbacks, %d functions refused, %d failures")
  :format(cc, seed, ffi.backend, #functions, calls, callbacks, kind_counts["functions refused"] or 0, failures))
for why in pairs(refused) do print("  refused: " .. why) end
os.exit(failures == 0 and calls > 0 and 0 or 1, true)
