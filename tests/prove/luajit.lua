-- Random programs over cdata, run by this Lua's ffi and by LuaJIT's own, which is the judge: each step prints what came of it, and the
-- outcomes have to be the same, line by line.
--   luajit.lua SEED PROGRAMS [MODE]           prints the programs and their outcomes, whatever Lua it runs on. PROGRAMS: so many, or FROM-TO
--   luajit.lua compare SEED PROGRAMS [MODE]   runs LuaJIT beside (LUAJIT="luajit -joff"), and prints what differs; with MESSAGES=1 errors by
--                                             what they say
--   luajit.lua differences                    prints the list below
-- MODE is `native` (require "ffi" as it is: programs compute with boxed values only, and 64-bit integers and enums that were read are
-- compared by their digits), `plain` (require "ffi" with LuaJIT's ffi.int64 and ffi.rules) or `layer` (require "ferry.luajit", so that
-- programs may compare cdata with nil, numbers and names, and write 1LL). A seed and a mode make the same programs on each Lua.
-- Each step is a chunk of its own. Objects are v1, v2, ...; pointers that are followed point into these. Where Ferry and LuaJIT differ on
-- purpose, or LuaJIT leaves it to memory or the processor, programs are not made, or outcomes are normalised; this is the whole list.
local different = {
  -- what is not made
  wrap = "numbers that an integer type does not hold: LuaJIT leaves them to the processor; here they wrap the same everywhere",
  null = "NULL, indexes and lengths outside of objects: errors here, what memory holds in LuaJIT",
  single = "a single element for a complex number or vector: LuaJIT repeats it",
  address = "ffi.new('void *', number): allowed here, as in luaffifb",
  argument = "a table for a parameter that points to a struct: a temporary struct here, as in luaffifb",
  metatype = "ffi.metatype of an enum: refused by LuaJIT",
  bool = "casts of pointers to bool, as in C: refused by LuaJIT",
  bits = "bit-fields of enums and of integers of 64 bits: refused by LuaJIT",
  const_array = "what makes elements of an array constant by a pointer, as in C23: refused by LuaJIT",
  const_outer = "const objects with aggregates in them: LuaJIT forgets the const of the outer object",
  const_copy = "copies of arrays whose elements differ in const: refused by LuaJIT",
  vla = "tables for a variable-length array that give more or less elements than it has: LuaJIT does not know its length there",
  variadic = "numbers behind `...`: doubles in LuaJIT, by the format here; boxed ones are the same",
  read = "(mode native) arithmetic, types and text of 64-bit integers and enums that were read: numbers of Lua here",
  again = "(mode native) a metatype set again, tonumber of pointers: luaffifb's rules",
  returns = "(mode native) a callback that returns nothing, a function as one of another type: luaffifb's rules, ffi.rules",
  swapped = "(mode layer) a constant on the left of == is the second argument of __eq for LuaJIT's compiler of bytecode",
  plain_eq = "cdata == nil, number, string, and order with numbers on 5.1: what plain Lua does not ask (in mode `layer` it does)",
  const_member = "pointers to records with constant members where C wants void *: LuaJIT drops no const of a member, C has none to drop",
  record_to_number = "casts of records, strings and ctypes to numbers: an address (luaffifb), an address cut to the type, LuaJIT's own number of the type",
  complex_array = "pointers to complex numbers and vectors, istype of them: arrays for LuaJIT, which converts them to pointers to such",
  complex = "arithmetic with complex numbers, casts to them, bool to complex: refused by LuaJIT",
  array_pointer = "an array where a pointer to such arrays is wanted, its address: refused by LuaJIT",
  nan_bits = "NaN whose bits LuaJIT uses for values of other types: it takes them for such",
  tail = "bytes behind a string that initialises an array by itself: zero here, what memory holds in LuaJIT",
  full_bits = "bit-fields of all bits of their type: LuaJIT makes members of them, so that offsetof tells no bits",
  packed_bits = "bit-fields in packed records: LuaJIT has them not implemented",
  minus_zero = "unary minus of numbers: plain Lua's integers have no -0",
  callback_methods = "members of function pointers but free and set: LuaJIT looks in its own table of methods",
  -- what is normalised
  partial = "a table of which a part cannot be converted: nothing is written here, what came before in LuaJIT. The object is cleared",
  overlap = "a table with parts of the object that it is assigned to: LuaJIT reads there what it has written already. Not made",
  functions = "order of library functions, which are Lua functions here",
  qualifiers = "LuaJIT drops qualifiers of complex numbers and of what `$` stands for if that is an array, prints lengths of arrays of qualified structs " ..
    "and enums as 0, keeps qualifiers of results, and takes 'unsigned float'; va_list is void *",
  names = "spelling of function types, signed char, structs without a tag; const of a 64-bit value or vector that was read; long and long long are " ..
    "two types of LuaJIT's, signed char and char one, the same function type twice are two",
  messages = "texts of errors: only their kind is compared",
  text = "tostring of boxed int, double, bool; addresses",
}

local folder = arg[0]:match "^(.*[/\\])" or ""
local arguments = dofile(folder .. "arguments.lua")
if arg[1] == "differences" then return arguments.list(different) end
local compare = arg[1] == "compare"
local words = compare and { arg[2], arg[3], arg[4] } or arg
local seed, programs, mode = tonumber(words[1]) or 1, words[2] or "20", words[3] or "plain"
local from, to = arguments.range(programs, 1)
local is_luajit = rawget(_G, "jit") ~= nil and type(jit.version) == "string" and not jit.version:find "Ferry"
-- Read before the layer translates what is loaded.
local load_steps, load_common = assert(loadfile(folder .. "luajit_steps.lua")), assert(loadfile(folder .. "outcomes.lua"))
local plain, native, layer = mode == "plain", mode == "native", mode == "layer"
if layer and not is_luajit then require "ferry.luajit" end
ffi = require "ffi"
if plain and not is_luajit then ffi.int64, ffi.rules = "boxed", "luajit" end
if not layer and not is_luajit then
  bit = require "ferry.bit"
  tonumber = ffi.tonumber
end
C = ffi.C
local load_text = loadstring or load
local cdata_type = is_luajit and type or ffi.type

local common = load_common(ffi, native, cdata_type)
local random, chance, pick, know, type_text, canonical = common.random, common.chance, common.pick, common.know, common.type_text, common.canonical
local kind_of, outcome = common.kind_of, common.outcome

---------------------------------------------------------------------------------------------------------------------------------
-- What programs find as globals

inf, nan = 1 / 0, 0 / 0
minus_zero = -1 / inf
S = { "", "abc", "a\0b", "0123456789abcdef", "\255\254", "re", "E_A", "E_B", "E_C", "int", "x", "m1" }
ffi.cdef [[
enum e1 { E_A, E_B = 5, E_C }; enum e2 { E_N = -3, E_M, E_BIG = 100000 }; enum e3 { E_U = 0xffffffffu };
struct opaque; static const int K_ONE = 1, K_MINUS = -5; static const uint8_t K_CHAR = 200;
int abs(int); long labs(long); long long llabs(long long); int toupper(int); double fabs(double); double ldexp(double, int); double floor(double);
size_t strlen(const char *); int memcmp(const void *, const void *, size_t); void *memchr(const void *, int, size_t);
int strcmp(const char *, const char *); void *memset(void *, int, size_t); void *memcpy(void *, const void *, size_t);
int snprintf(char *, size_t, const char *, ...); long strtol(const char *, char **, int); unsigned long long strtoull(const char *, char **, int);
void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
float fabsf(float); double pow(double, double); int isalpha(int);
]]
local functions = { "abs", "labs", "llabs", "toupper", "fabs", "floor", "strlen", "isalpha" }

---------------------------------------------------------------------------------------------------------------------------------
-- Types: { kind, ... }; `text(t, name)` declares

local function scalar(name, kind, size, signed) return { kind = kind, name = name, size = size, signed = signed } end
local integers = {
  scalar("int8_t", "int", 1, true), scalar("uint8_t", "int", 1, false), scalar("char", "int", 1, true), scalar("signed char", "int", 1, true),
  scalar("unsigned char", "int", 1, false), scalar("short", "int", 2, true), scalar("uint16_t", "int", 2, false), scalar("int", "int", 4, true),
  scalar("uint32_t", "int", 4, false), scalar("long", "int", 8, true), scalar("unsigned long", "int", 8, false), scalar("int64_t", "int", 8, true),
  scalar("uint64_t", "int", 8, false), scalar("long long", "int", 8, true), scalar("size_t", "int", 8, false), scalar("wchar_t", "int", 4, true),
}
local floats = { scalar("float", "float", 4), scalar("double", "float", 8) }
local bool = scalar("bool", "bool", 1)
local enums = { scalar("enum e1", "enum", 4, false), scalar("enum e2", "enum", 4, true), scalar("enum e3", "enum", 4, false) }
local complexes = { scalar("complex double", "complex", 16), scalar("complex float", "complex", 8) }
local vectors = { scalar("float __attribute__((vector_size(16)))", "vector", 16), scalar("int __attribute__((vector_size(8)))", "vector", 8) }
local void = { kind = "void", name = "void" }
local opaque = { kind = "opaque", name = "struct opaque" }
local char = integers[3]
local function pointer(to) return { kind = "pointer", to = to } end
local function array(of, count) return { kind = "array", of = of, count = count } end
local function const(t)
  local copy = {}
  for k, v in pairs(t) do copy[k] = v end
  copy.const = true
  return copy
end
local function text(t, name)
  name = name or ""
  if t.kind == "pointer" then
    local inner = "*" .. (t.const and " const " or "") .. name
    if t.to.kind == "array" or t.to.kind == "function" then inner = "(" .. inner .. ")" end
    return text(t.to, inner)
  elseif t.kind == "array" then
    return text(t.of, ("%s[%s]"):format(name, t.count))
  elseif t.kind == "function" then
    local parameters = {}
    for i, p in ipairs(t.parameters) do parameters[i] = text(p) end
    return text(t.result, ("%s(%s)"):format(name, table.concat(parameters, ", ")))
  end
  return (t.const and "const " or "") .. t.name .. (name ~= "" and " " .. name or "")
end
local function quoted(t) return '"' .. text(t) .. '"' end

records = {} -- those of the program
local function scalar_type()
  local n = random(20)
  if n <= 11 then return pick(integers) elseif n <= 14 then return pick(floats) elseif n <= 16 then return bool end
  if n <= 19 then return pick(enums) end
  return pick(complexes)
end
local function function_type()
  local parameters = {}
  for i = 1, random(4) - 1 do parameters[i] = chance(75) and scalar_type()
      or pointer(pick { void, char, integers[8], const(char), const(void), const(integers[2]), #records > 0 and not has_const_(records[1])
        and records[1] or floats[2] }) end
  for i, p in ipairs(parameters) do if p.kind == "complex" then parameters[i] = floats[2] end end
  local result = chance(15) and void or chance(15) and pointer(void) or scalar_type()
  return { kind = "function", result = result.kind == "complex" and floats[2] or result, parameters = parameters }
end
local function any_type(depth)
  local n = random(20)
  if depth > 2 or n <= 9 then return scalar_type() end
  if n <= 12 then
    local to = chance(15) and void or chance(5) and opaque or chance(20) and const(pick { char, integers[8], floats[2] }) or any_type(depth + 1)
    return pointer((to.kind == "complex" or to.kind == "vector") and floats[2] or to)
  elseif n == 13 then return pointer(function_type())
  elseif n <= 16 then return array(any_type(depth + 1), random(4))
  elseif n == 17 and chance(30) then return pick(vectors)
  elseif #records > 0 then return pick(records) end
  return scalar_type()
end

-- Whether a type has a const part.
local function has_const(t)
  if t.const then return true end
  if t.kind == "array" then return has_const(t.of) end
  if t.members then for _, m in ipairs(t.members) do if has_const(m.type) then return true end end end
end

-- Whether a type has a part of this kind: "pointer", "float".
local function has(t, kind)
  if t.kind == kind then return true end
  if t.kind == "array" then return has(t.of, kind) end
  if t.members then for _, m in ipairs(t.members) do if has(m.type, kind) then return true end end end
end
local function has_pointer(t) return has(t, "pointer") end

has_const_ = has_const
local member_count
local function new_members(depth, is_union)
  local members = {}
  for _ = 1, random(5) do
    member_count = member_count + 1
    local name = "m" .. member_count
    if chance(12) then
      local base = pick { integers[8], integers[9], integers[2], integers[6], bool, integers[7], integers[3], integers[1] }
      local bits = base.kind == "bool" and 1 or random(base.size * 8 - 1)
      if not (is_union and members[1] and has_pointer(members[1].type)) then members[#members + 1] = { name = name, type = base, bits = bits } end
    elseif chance(12) and depth < 2 and not is_union then
      local kind = pick { "struct", "union" }
      members[#members + 1] = { type = { kind = kind, members = new_members(depth + 1, kind == "union") } }
    else
      local t = any_type(0)
      if is_union and has_pointer(t) then t = #members == 0 and chance(50) and pointer(t) or scalar_type() end
      if is_union and members[1] and has_pointer(members[1].type) then t = pointer(t) end
      if chance(6) and t.kind ~= "array" and not t.members then t = const(t) end
      members[#members + 1] = { name = name, type = t }
    end
  end
  if #members == 0 then members[1] = { name = "m0", type = integers[8] } end
  return members
end
local function has_bits(t)
  for _, m in ipairs(t.members) do if m.bits or not m.name and has_bits(m.type) then return true end end
end
local function members_text(members)
  local out = {}
  for _, m in ipairs(members) do
    if m.bits then out[#out + 1] = ("%s : %d;"):format(text(m.type, m.name), m.bits)
    elseif not m.name then out[#out + 1] = ("%s { %s };"):format(m.type.kind, members_text(m.type.members))
    else out[#out + 1] = text(m.type, m.name) .. ";" end
  end
  return table.concat(out, " ")
end

---------------------------------------------------------------------------------------------------------------------------------
-- Values as Lua expressions

variables = {} -- name, type, and for pointers how many elements they point to
local not_negative = { "0", "1", "2", "5", "7", "100", "3.5", "0.5", "1.999", "42" }
local small = { "0", "1", "2", "5", "-1", "7", "100", "-7", "3.5", "0.5", "-0.5", "1.999", "-2.9", "42" }
local middle = { "127", "128", "255", "256", "-128", "-129", "300", "32767", "32768", "65535", "-32769", "1e5", "2147483647", "-2147483648",
  "70000.7" }
local large = { "2^31", "2^32-1", "2^32", "2^53", "2^62", "-2^53", "-2^62", "-2^63", "1e15+0.5", "123456789012", "-2^31-1" }
local wild = { "nan", "inf", "-inf", "1e308", "1e-320", "0.1", "16777217", "3.5e38", "2^63", "2^64", "1e20", "-1e30", "minus_zero", "2^53+1",
  "-2^63" }
local function number(t)
  if t.kind == "int" and t.size == 8 and not t.signed then
    return pick { "0", "1", "2", "100", "3.5", "0.5", "2147483647", "65536.9", "1e9", "2^31", "2^32", "2^53", "2^62", "2^63", "2^64-2048",
      "123456789012" }
  end
  if chance(40) then return pick(small) end
  if t.kind == "float" or t.kind == "bool" or t.kind == "complex" then return pick(chance(50) and wild or large) end
  if t.kind == "int" and t.size == 8 and t.signed and chance(50) then return pick(large) end
  if t.kind == "int" and t.size == 8 or t.name == "uint32_t" or t.name == "enum e3" or t.name == "enum e1" then return pick { "0", "1", "200",
    "2147483647", "65536", "12.75", "1e9" } end
  return pick(middle)
end

local function integer64()
  local halves_text = pick { "0, 0", "0, 1", "0, 7", "0, 4294967295", "1, 0", "2147483647, 4294967295", "2147483648, 0", "4294967295, 4294967295",
    "4294967295, 4294967289",
    "305419896, 2596069104", "0, 2147483648", "2097152, 1", "4294967295, 2147483648" }
  if layer and chance(20) then return pick { "5LL", "-7LL", "3ULL", "0x7fffffffffffffffLL", "18446744073709551615ULL" } end
  return (chance(50) and "I(" or "U(") .. halves_text .. ")"
end
-- A boxed scalar.
local function boxed()
  if chance(40) then return integer64() end
  local t = scalar_type()
  if t.kind == "complex" then t = floats[2] end
  return ("ffi.new(%s, %s)"):format(quoted(t), t.kind == "bool" and pick { "true", "false" } or t.kind == "float" and pick(not_negative) or number(t))
end
-- Anything at all. Numbers are such as every type holds.
local function anything()
  local n = random(16)
  if n <= 3 then return pick(not_negative) elseif n == 4 then return pick { "true", "false" } elseif n == 5 then return "nil"
  elseif n == 6 then return ("S[%d]"):format(pick { 2, 3, 4, 7, 8, 9, 10 }) elseif n <= 8 then
    local s = boxed()
    return s:find "bool" and "I(0, 1)" or s
  elseif n == 9 then return "{}"
  elseif n == 10 then return pick { "{ 1, 2 }", "{ m1 = 1 }", "{ 1, 2, 3, 4, 5, 6, 7 }", "{ {}, 2 }", "{ [0] = 3, 4 }", "{ 'x' }" }
  elseif n == 11 then
    if native then return "coroutine.create(show)" end
    return pick { "C." .. pick(functions), "C." .. pick(functions), "coroutine.create(show)" }
  elseif n == 12 then return "ffi.cast('void *', " .. pick { "0", "4096", "nil" } .. ")"
  end
  local s, t, v = path()
  if v and v.constant or t.kind == "complex" or t.kind == "float" then return "nil" end
  if native and t.kind == "pointer" and t.to.kind == "function" then return "nil" end
  if t.kind == "int" and (native and t.size == 8 or t.signed and t.size < 8 or not t.signed and t.size == 4) then return "nil" end
  return s
end

-- A walk into a variable: text, type.
local function step_index(count)
  local i = random(count) - 1
  return pick { tostring(i), tostring(i), tostring(i), i .. ".5", ("ffi.new('int8_t', %d)"):format(i), ("I(0, %d)"):format(i), ("U(0, %d)"):format(i),
    ("ffi.new('enum e1', %d)"):format(i) }
end
local function flat_members(t, out)
  out = out or {}
  for _, m in ipairs(t.members) do
    if m.name then out[#out + 1] = m else flat_members(m.type, out) end
  end
  return out
end
-- Members by position: of a union without a name the first.
local function positional(t, out)
  out = out or {}
  for _, m in ipairs(t.members) do
    if m.name then out[#out + 1] = m.type else positional(m.type, out) end
    if t.kind == "union" then break end
  end
  return out
end
-- Whether members of a record share bytes.
local function has_union(t)
  if t.kind == "union" then return true end
  for _, m in ipairs(t.members or {}) do if not m.name and has_union(m.type) then return true end end
end
-- Text, type, variable, whether other members share its bytes.
function path(leaf)
  if #variables == 0 then return "nil", void end
  local v = pick(variables)
  local s, t = v.name, v.type
  local count, overlaid = v.count, false
  while true do
    if t.kind == "array" then
      if not leaf and chance(15) then break end
      s, t = ("%s[%s]"):format(s, step_index(t.count)), t.of
    elseif t.members then
      overlaid = overlaid or has_union(t)
      if not leaf and chance(15) then break end
      local list = flat_members(t)
      if #list == 0 then break end
      local m = pick(list)
      s, t = s .. "." .. m.name, m.type
      if m.bits then t = { kind = t.kind, name = t.name, size = t.size, signed = t.signed, const = t.const, bits = m.bits } end
    elseif t.kind == "pointer" and count then
      if not leaf and chance(15) then break end
      overlaid = overlaid or has_union(t.to)
      if t.to.members and chance(50) then
        local m = pick(flat_members(t.to))
        s, t = s .. "." .. m.name, m.type
        if m.bits then t = { kind = t.kind, name = t.name, size = t.size, signed = t.signed, const = t.const, bits = m.bits } end
      else
        s, t = ("%s[%s]"):format(s, step_index(count)), t.to
      end
      count = nil
    else break end
    count = nil
  end
  return s, t, v, overlaid
end

-- A path to a number that `target` holds.
local function scalar_path(target)
  for _ = 1, 6 do
    local s, t, _, overlaid = path(true)
    local holds = t.kind ~= "float" or not overlaid and target and (target.kind == "float" or target.kind == "bool")
    if native and target and target.kind ~= "int" and t.kind == "int" and t.size == 8 then holds = false end
    if target and target.kind == "int" and target.size == 8 and not target.signed and t.kind == "int" and t.size < 8
      and t.signed then holds = false end
    -- A uint32_t may be above what int holds.
    if t.kind == "int" and t.size == 4 and not t.signed and not t.bits and not (target and (target.size == 8 or target.kind == "bool"
      or target.kind == "float" or target == t)) then
      holds = false
    end
    if holds and t.kind ~= "pointer" and t.kind ~= "complex" and t.kind ~= "vector" and not t.members and t.kind ~= "array" then return s, t end
  end
  return "1"
end
local function same_type(a, b) return text(a) == text(b) end
-- A variable whose address C may have as a void *.
local function live_variable()
  local v = #variables > 0 and pick(variables)
  return v and not v.constant and v
end
local function variable_of(t)
  local fitting, wanted = {}, text(t)
  local function look(name, u, depth)
    if text(u) == wanted then fitting[#fitting + 1] = name end
    if depth > 3 then return end
    if u.kind == "array" then
      look(name .. "[0]", u.of, depth + 1)
      if u.count > 1 then look(("%s[%d]"):format(name, u.count - 1), u.of, depth + 1) end
    elseif u.members then
      for _, m in ipairs(flat_members(u)) do if not m.bits then look(name .. "." .. m.name, m.type, depth + 1) end end
    end
  end
  for _, v in ipairs(variables) do
    if v.type.kind ~= "pointer" then look(v.name, v.type, 0)
    elseif v.count and text(v.type.to) == wanted then fitting[#fitting + 1] = v.name .. "[0]" end
  end
  return #fitting > 0 and pick(fitting)
end

-- Elements of an initialiser for these types, by position.
local function list_text(types, depth, extra)
  local out = {}
  local count = chance(60) and #types or random(#types + 1) - 1
  if extra and chance(8) then count = #types + 1 end
  for i = 1, count do
    out[i] = value(types[i] or integers[8], depth + 1)
    if out[i] == "nil" and i == count then out[i] = "1" end
  end
  return out
end

function value(t, depth)
  depth = depth or 0
  local kind = t.kind
  if kind ~= "complex" and chance(depth == 0 and 15 or 7) then return anything() end
  if kind == "int" or kind == "float" or kind == "bool" or kind == "enum" then
    local n = random(20)
    if n <= 11 then return kind == "bool" and chance(60) and pick { "true", "false" } or number(t) end
    if n <= 15 then return boxed() end
    if n == 16 then return pick { "true", "false", "true", "print" } end
    if n == 17 or kind == "enum" and n >= 17 then return kind == "enum" and pick { "'E_A'", "'E_B'", "'E_N'", "'E_BIG'", "'E_U'", "'nope'" }
      or scalar_path(t) end
    if n == 18 then return kind == "int" and "ffi.cast('" .. pick { "float", "double", "uint8_t", "int64_t", "enum e2" } .. "', 65)"
      or pick(small) end
    return scalar_path(t)
  elseif kind == "complex" then
    if chance(30) then return ("ffi.new('complex', %s, %s)"):format(number(floats[2]), number(floats[2])) end
    if chance(30) then return ("{ %s, %s }"):format(number(floats[1]), pick(small)) end
    return chance(50) and integer64() or number(floats[2])
  elseif kind == "vector" then
    return variable_of(t) or ("ffi.new(%s, %s, %s)"):format(quoted(t), pick(small), pick(small))
  elseif kind == "pointer" then
    local n = random(14)
    if n <= 2 then return "nil" end
    local v = n <= 5 and t.to.kind ~= "array" and live_variable()
    if v then return v.name end
    if n == 6 then return ("S[%d]"):format(random(#S)) end
    if n == 7 then return "ffi.new('" .. pick { "void *", "char *", "int *", "const char *" } .. "')" end
    if n == 8 and not native then return "C." .. pick(functions) end
    if t.to.kind == "function" and chance(70) then return n == 9 and "nil" or ("ffi.cast('%s', C.%s)"):format(text(t), pick(functions)) end
    if n <= 11 and #variables > 0 then return ("ffi.cast(%s, %s)"):format(quoted(t), pick(variables).name) end
    if n == 12 then return ("ffi.cast(%s, %s)"):format(quoted(t), pick { "0", "16", "4096", "nil", "-1" }) end
    if t.to.kind == "array" then return "nil" end
    if native and t.to.kind == "function" then return "nil" end
    local s, other, v = path()
    return (not v or v.constant or other.to and has_const(other.to)) and "nil" or s
  elseif kind == "array" then
    if chance(15) then
      local v = variable_of(t)
      if v then return v end
    end
    if t.of.kind == "int" and t.of.size == 1 and chance(50) then
      local i = random(#S)
      if #S[i] + 1 >= t.count then return ("S[%d]"):format(i) end
    end
    if depth == 0 and (t.of.members or t.of.kind == "array") and chance(15) then
      local v = variable_of(t.of)
      if v then return v end
    end
    local types = {}
    for i = 1, t.count do types[i] = t.of end
    local out = list_text(types, depth, true)
    if #out > 0 and out[1] ~= "nil" and chance(20) then out[1] = "[0] = " .. out[1] end
    return "{ " .. table.concat(out, ", ") .. " }"
  elseif t.members then
    if chance(15) then
      local v = variable_of(t)
      if v then return v end
    end
    if chance(50) then -- by position: members without a name count as their first, or all of theirs
      local types = positional(t)
      local out = list_text(types, depth, true)
      if #out > 0 and out[1] ~= "nil" and chance(15) then out[1] = "[0] = " .. out[1] end
      return "{ " .. table.concat(out, ", ") .. " }"
    end
    local out = {}
    for _, m in ipairs(flat_members(t)) do
      if chance(kind == "union" and 30 or 65) then out[#out + 1] = m.name .. " = " .. value(m.type, depth + 1) end
    end
    if chance(10) then out[#out + 1] = "nope = 1" end
    return "{ " .. table.concat(out, ", ") .. " }"
  end
  return "nil"
end

-- Arguments behind the type of ffi.new.
local function initialisers(t)
  if chance(12) then return "" end
  if t.kind == "pointer" and t.to.kind == "void" then
    local v = live_variable()
    return ", " .. (v and v.type.kind ~= "pointer" and v.name or pick { "nil", "S[2]", "ffi.cast('void *', 16)", "{}", "true", "C.abs" })
  end
  if (t.kind == "array" or t.kind == "struct") and chance(35) then
    local types = t.members and positional(t) or {}
    for i = 1, t.kind == "array" and t.count or 0 do types[i] = t.of end
    local out = list_text(types, 1, true)
    return #out == 0 and "" or ", " .. table.concat(out, ", ")
  end
  return ", " .. value(t)
end

---------------------------------------------------------------------------------------------------------------------------------
-- Programs

local operators = { "+", "-", "*", "/", "%", "^" }
local comparisons = { "<", "<=", ">", ">=", "==", "~=" }
-- `emit` adds a step; a global, as `value` and `path`, for the steps (luajit_steps.lua).

-- Whether what is read of this type is another thing in Lua here.
local function is_read_otherwise(t)
  return native and (t.kind == "enum" or t.kind == "int" and t.size == 8)
end
-- A text; whether it may be a negative number; whether it may be a uint64_t.
local function operand()
  local n = random(10)
  if n <= 4 then
    local s = boxed()
    return s, false, s:find "^U%(" or s:find "ULL$" or s:find "unsigned long" or s:find "uint64_t" or s:find "size_t"
  elseif n <= 6 then
    local s = pick { "3", "-2", "0", "1.5", "7", "10" }
    return s, s == "-2"
  elseif n <= 9 then
    if chance(75) then
      local s, t = scalar_path()
      if t and is_read_otherwise(t) then return integer64(), false, true end
      return s, t and t.kind == "int" and t.size < 8 and t.signed, t and t.kind == "int" and t.size == 8 and not t.signed
    end
    local s, t = path(false)
    if t.kind == "int" or is_read_otherwise(t) then return "3" end
    return t.kind ~= "complex" and t.kind ~= "pointer" and t.kind ~= "float" and t.kind ~= "vector" and s or "2"
  end
  return pick { "nil", "true", "'x'", "{}", "S[2]", "print", "C.abs", "ffi.new('struct opaque *')" }
end

local steps = load_steps {
  pick = pick, random = random, chance = chance, integer64 = integer64, integers = integers, quoted = quoted,
  text = text, floats = floats, any_type = any_type, boxed = boxed, pointer = pointer, number = number, layer = layer,
  is_read_otherwise = is_read_otherwise, native = native, bool = bool, array = array, initialisers = initialisers,
  has_const = has_const, flat_members = flat_members, comparisons = comparisons, void = void, operand = operand,
  list_text = list_text, function_type = function_type, scalar_type = scalar_type, scalar_path = scalar_path,
  operators = operators, not_negative = not_negative, has = has, enums = enums, const = const, anything = anything
}
local step_names = {}
for name in pairs(steps) do step_names[#step_names + 1] = name end
table.sort(step_names)

-- Lists that callbacks got.
function show(list)
  if not list then return "none" end
  local out = {}
  for i = 1, list.n or #list do out[i] = canonical(list[i]) end
  return table.concat(out, "; ")
end

-- The struct whose metatype tells what it is asked.
ffi.cdef "struct meta { int n; };"
local function teller(name)
  return function(a, b, ...)
    local function say(x) return ffi.istype("struct meta", x) and "M" .. x.n or canonical(x) end
    return name .. "(" .. say(a) .. ", " .. say(b) .. (select("#", ...) > 0 and ", " .. canonical((...)) or "") .. ")"
  end
end
M = ffi.metatype("struct meta", {
  __add = teller "add", __sub = teller "sub", __mul = teller "mul", __div = teller "div", __unm = function(a) return "unm" .. a.n end,
    __len = function(a) return 100 + a.n end,
  __concat = teller "concat", __call = teller "call", __eq = function(a, b) return ffi.istype("struct meta", b) and a.n == b.n end, __lt = function(a,
    b) return a.n < b.n end,
  __le = function(a, b) return a.n <= b.n end, __tostring = function(a) return "meta" .. (type_text(a):find "%*" and " somewhere" or a.n) end,
  __index = function(o, key) if key == "double" then return o.n * 2 elseif key == "method" then return teller "method" end return "no " ..
    canonical(key) end,
  __newindex = function(o, key, x) log = "newindex " .. key .. " " .. x end,
})

-- Another with fewer of them, and a table.
ffi.cdef "struct other { int n; };"
N = ffi.metatype("struct other", {
  __index = { twice = function(o) return o.n * 2 end, kind = "other" }, __add = function(a, b) return "other add" end,
    __mul = function() return "other mul" end,
  __eq = function() return true end, __lt = function() return true end, __concat = function() return "other concat" end,
    __pow = function() return "other pow" end,
  __mod = function() return nil end, __div = function() error "other div" end,
})
T = setmetatable({}, { __add = function() return "table add" end, __concat = function() return "table concat" end, __eq = function() return true end,
  __lt = function() return true end,
  __sub = function() return "table sub" end })
keep_m, keep_n = M(21), N(22)

-- The current program: its lines.
local lines
local function make_program(number_)
  common.seed(seed * 1000003 + number_ * 7919)
  lines, records, variables, member_count = {}, {}, {}, 0
  function emit(code) lines[#lines + 1] = { code = code } end
  for k = 1, 1 + random(3) do
    local kind = chance(70) and "struct" or "union"
    local r = { kind = kind, name = ("%s r%d_%d"):format(kind, number_, k), members = new_members(0, kind == "union") }
    local attribute = chance(12) and not has_bits(r) and " __attribute__((packed))" or chance(8) and " __attribute__((aligned(16)))" or ""
    emit(("ffi.cdef '%s { %s }%s;' return ffi.sizeof('%s'), ffi.alignof('%s')"):format(r.name, members_text(r.members), attribute, r.name, r.name))
    records[#records + 1] = r
  end
  for k = 1, 3 + random(4) do
    local t
    local name = "v" .. k
    if k > 2 and chance(30) then
      -- A pointer to a variable's elements.
      local v = pick(variables)
      if v.type.kind == "array" and not has_const(v.type) then
        local p = pointer(v.type.of)
        emit(("%s = ffi.cast(%s, %s) return %s"):format(name, quoted(p), v.name, name))
        variables[#variables + 1] = { name = name, type = p, count = v.type.count, bytes = v.bytes, size = v.size, shown = v.shown,
          pointers = v.pointers, floats = v.floats }
      elseif v.type.members then
        local p = pointer(v.type)
        emit(("%s = ffi.cast(%s, %s) return %s"):format(name, quoted(p), v.name, name))
        variables[#variables + 1] = { name = name, type = p, count = 1, constant = has_const(v.type), bytes = v.bytes, size = v.size, shown = v.shown,
          pointers = v.pointers, floats = v.floats }
      end
    end
    if not variables[k] then
      repeat t = chance(60) and pick(records) or any_type(0) until t.members or t.kind == "array"
      local made = ("ffi.new(%s%s)"):format(quoted(t), initialisers(t))
      lines[#lines + 1] = { code = ("local ok, x = pcall(function() return %s end) %s = ok and x or ffi.new(%s) return ok, %s"):format(made, name,
        quoted(t), name),
        name = name, type = t }
      variables[#variables + 1] = { name = name, type = t, bytes = 0, size = ("ffi.sizeof(%s)"):format(name), shown = name, fresh = true,
        constant = t.kind == "array" and has_const(t), pointers = has_pointer(t), floats = has(t, "float") or has(t, "complex") }
    end
  end
  return lines
end

-- Sizes of variables are asked of the ffi once they are made; the steps need them.
local function run_line(line)
  local chunk, why = load_text(line.code, "=program")
  if not chunk then return "does not compile: " .. tostring(why) end
  return outcome(pcall(chunk))
end

-- Runs everything, gives each step's code and outcome to `tell`.
local function run(tell)
  local steps_run = 0
  for number_ = from, to do
    common.forget()
    for i, s in ipairs(S) do know("S" .. i, ffi.cast("const char *", s), #s) end
    for _, f in ipairs(functions) do know(f, C[f], 0) end
    make_program(number_)
    local function go(from)
      for i = from, #lines do
        local line = lines[i]
        if line.name then _G[line.name] = nil end
        local text_ = run_line(line)
        if line.name and _G[line.name] then
          know(line.name, _G[line.name], ffi.sizeof(_G[line.name]))
          text_ = text_:match "^%a+" .. ", " .. run_line { code = "return " .. line.name }
        end
        steps_run = steps_run + 1
        tell(number_, i, line.code, text_)
      end
    end
    go(1)
    for _, v in ipairs(variables) do
      if v.fresh then v.bytes = _G[v.name] and ffi.sizeof(_G[v.name]) or 0 end
    end
    for _, v in ipairs(variables) do
      if v.count then for _, o in ipairs(variables) do if o.name == v.shown then v.bytes = o.bytes end end end
    end
    local first = #lines + 1
    local wanted = #lines + 25
    while #lines < wanted do steps[pick(step_names)]() end
    go(first)
    for _, v in ipairs(variables) do _G[v.name] = nil end
  end
  return steps_run
end

io.stdout:setvbuf(os.getenv "UNBUFFERED" and "no" or "full")
if not compare then
  local count = run(function(p, i, code, text_) io.write(("%d.%d\t%s\t=> %s\n"):format(p, i, code, text_)) end)
  io.write(("luajit: %d programs, %d steps\n"):format(to - from + 1, count))
  return
end

local judge, why = common.judge(("%s %d %s %s"):format(arg[0], seed, programs, mode))
if not judge then return print("luajit: " .. why) end
-- Whether outcomes are the same but for NaN that LuaJIT takes for something else.
local function but_for_nan(text_, judged)
  if not text_:find "nan" then return false end
  if judged:find("?? ", 1, true) then return true end
  local pattern = text_:gsub("%p", "%%%0"):gsub("%%?%-?%f[%a]nan%f[%A]", ".-")
  return judged:find("^" .. pattern .. "$") ~= nil
end
local differences, over = 0, false
local count = run(function(p, i, code, text_)
  if over then return end
  local line = ("%d.%d\t%s\t=> %s"):format(p, i, code, text_)
  local other = judge:read "*l" or "nothing more"
  over = other == "nothing more"
  local judged = other:gsub("^.*\t=> ", "")
  if text_:find "^error" and judged:find "^error" then
    local mine = text_:match "^error (%a+)$" or kind_of(text_)
    local his = judged:match "^error (%a+)$" or kind_of(judged)
    if mine == his or mine == "other" or his == "other" then judged = text_ end
  end
  if line ~= other and not but_for_nan(text_, judged) and text_ ~= judged or other:sub(1, #line - #text_) ~= line:sub(1, #line - #text_) then
    differences = differences + 1
    print(("seed %d %s, %d.%d: %s\n  here:   %s\n  LuaJIT: %s"):format(seed, mode, p, i, code, text_, judged))
  end
end)
judge:close()
print(("luajit: %d programs, %d steps, %d differences"):format(to - from + 1, count, differences))
os.exit(differences == 0 and 0 or 1)
