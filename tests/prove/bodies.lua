-- Random functions, run by gcc and as bodies that Ferry runs: bodies.lua SEED COUNT. Statements of every kind within each other,
-- jumps from anywhere to anywhere in a function, static objects, types, tags and constants of blocks, all operators on integers of all
-- sizes, atomic operations, blocks within expressions. Each loop and jump takes fuel, so that all ends. What C leaves open is not
-- written: objects are initialised before a label can be reached, and a statement changes one object.
local ffi = require "ffi"
local seed, count = tonumber(arg[1]), tonumber(arg[2])

local beside = dofile((arg[0]:gsub("[^/\\]*$", "")) .. "beside_gcc.lua")(seed)
local random, chance, pick = beside.random, beside.chance, beside.pick

local integers = {
  "int", "unsigned", "short", "unsigned short", "signed char", "unsigned char", "long long", "unsigned long long", "_Bool",
}
local names = 0
local function name(prefix)
  names = names + 1
  return prefix .. names
end

-- --- expressions --------------------------------------------------------------------------------------------------------
-- `scope` is a list of what can be read: { text, type or nil }, `scope.places` of what can be assigned, `scope.constants` of names of
-- constants, `scope.floating` of what holds a floating-point number.

local expression, floating

local function variable(scope) return pick(scope).text end

local function literal(scope)
  local r = random(10)
  if r == 1 and #scope.constants > 0 then return pick(scope.constants) end
  if r == 2 then return ("0x%xu"):format(random(65535)) end
  if r == 3 then return ("%dll"):format(random(1000000)) end
  if r == 4 then return ("'%s'"):format(string.char(96 + random(26))) end
  if r == 5 then return ("%dull"):format(random(100)) end
  return ("%d"):format(random(20) - 5)
end

local operators = { "+", "-", "*", "&", "|", "^", "+", "-" }
local comparisons = { "<", ">", "<=", ">=", "==", "!=" }

local kinds = {
  function(s, d) return ("(%s %s %s)"):format(expression(s, d), pick(operators), expression(s, d)) end,
  function(s, d) return ("(%s %s %s)"):format(expression(s, d), pick(operators), expression(s, d)) end,
  function(s, d) return ("(%s %s %s)"):format(expression(s, d), pick(comparisons), expression(s, d)) end,
  function(s, d) return ("(%s %s %s)"):format(expression(s, d), pick { "&&", "||" }, expression(s, d)) end,
  function(s, d) return ("(%s ? %s : %s)"):format(expression(s, d), expression(s, d), expression(s, d)) end,
  function(s, d) return ("(%s ?: %s)"):format(expression(s, d), expression(s, d)) end,
  function(s, d) return ("(%s %s (%s & 7))"):format(expression(s, d), pick { "<<", ">>" }, expression(s, d)) end,
  function(s, d) return ("(%s %s)"):format(pick { "-", "~", "!", "+" }, expression(s, d)) end,
  function(s, d) return ("((%s)%s)"):format(pick(integers), expression(s, d)) end,
  function(s, d) return ("((unsigned)%s %s ((unsigned)%s | 1u))"):format(expression(s, d), pick { "/", "%" }, expression(s, d)) end,
  function(s, d) return ("((short)%s %s ((%s & 15) + 1))"):format(expression(s, d), pick { "/", "%" }, expression(s, d)) end,
  function(s, d) return ("((unsigned long long)%s %s (((unsigned long long)%s) | 1))"):format(expression(s, d), pick { "/", "%" }, expression(s, d)) end,
  function(s, d) return ("io[%s & 7]"):format(expression(s, d)) end,
  function(s, d) return ("(%s, %s)"):format(expression(s, d), expression(s, d)) end,
  function(s, d) return ("__builtin_popcountll(%s)"):format(expression(s, d)) end,
  function(s, d) return ("__builtin_bswap32(%s)"):format(expression(s, d)) end,
  function(s, d) return ("__builtin_clz((unsigned)%s | 1)"):format(expression(s, d)) end,
  function(s, d) return ("(int)sizeof(0 + %s)"):format(expression(s, d)) end,
  function(s, d)
    local x = name "t"
    return ("({ %s %s = %s; %s * 3; })"):format(pick(integers), x, expression(s, d), x)
  end,
  function(s, d)
    local x, l = name "k", name "l"
    return ("({ __label__ %s; unsigned %s = %s & 3; %s: %s += 2; if (%s < 9) goto %s; %s + %s; })"):format(l, x, expression(s, d), l, x,
      x, l, x, expression(s, d))
  end,
  function(s, d) return ("((struct { int a; short b; }){%s, %s}).%s"):format(expression(s, d), expression(s, d), pick { "a", "b" }) end,
  function(s, d) return ("((int[3]){%s, [2] = %s})[(%s & 3) %% 3]"):format(expression(s, d), expression(s, d), expression(s, d)) end,
  function(s, d) return ("leaf(%s, %s)"):format(expression(s, d), expression(s, d)) end,
  function(s, d) return ("moved((leaf_point){%s, %s}, %s).%s"):format(expression(s, d), expression(s, d), expression(s, d), pick { "x", "y" }) end,
  function(s, d) return ("by_address(leaf, %s)"):format(expression(s, d)) end,
  function(s, d) return ("((union { unsigned u; short h[2]; }){.u = %s}).h[%s & 1]"):format(expression(s, d), expression(s, d)) end,
  function(s, d) return ("whole(%s)"):format(floating(s, d)) end,
  function(s, d) return ("(%s %s %s)"):format(floating(s, d), pick(comparisons), floating(s, d)) end,
  function(s, d) return ("(long long)((unsigned __int128)%s * %s >> %d)"):format(expression(s, d), expression(s, d), random(100)) end,
  function(s, d) return ("(long long)((%s__int128)%s %s (unsigned)%s)"):format(pick { "", "unsigned " }, expression(s, d), pick { "/", "%" }, "(3 | " .. expression(s, d) .. ")") end,
  function(s, d) return ("\"gcc and Ferry\"[%s & 7]"):format(expression(s, d)) end,
  function(s, d) return ("(%s & 7)[L\"w\\x1234ide text\"]"):format(expression(s, d)) end,
  function(s, d) return ("*(table + (%s & 3))"):format(expression(s, d)) end,
  function(s, d) return ("(int)(&table[%s & 3] - table)"):format(expression(s, d)) end,
  function(s, d) return ("*(%s ? &table[1] : table + (%s & 3))"):format(expression(s, d), expression(s, d)) end,
  function(s, d) return ("(&table[%s & 3] %s &table[%s & 3])"):format(expression(s, d), pick(comparisons), expression(s, d)) end,
  function(s, d) return ("grid[%s & 1][%s & 3]"):format(expression(s, d), expression(s, d)) end,
  function(s, d) return ("(*grid[%s & 1] + *(*grid + (%s & 3)))"):format(expression(s, d), expression(s, d)) end,
  function(s, d) return ("(%s ? (int *)0 : table)[%s ? 0 : 2]"):format("0", expression(s, d)) end,
  function(s, d) return ("((%s ? table : 0) != 0)"):format(expression(s, d)) end,
  function(s, d) return ("(!(%s ? (void *)0 : table) || %s)"):format(expression(s, d), expression(s, d)) end,
  function(s, d) return ("(%s ? leaf : other_leaf)(%s, 3)"):format(expression(s, d), expression(s, d)) end,
  function(s, d) return ("(%s ? (leaf_point){1, %s} : moved((leaf_point){%s}, 2)).x"):format(expression(s, d), expression(s, d), expression(s, d)) end,
  function(s, d) return ("((enum leaf_kind)(%s & 3) %s LEAF_TWO)"):format(expression(s, d), pick(comparisons)) end,
  function(s, d) return ("(int)(long)((char *)&table[%s & 3] - (char *)table)"):format(expression(s, d)) end,
  function(s, d) return ("((unsigned char *)&grid[%s & 1])[%s & 1]"):format(expression(s, d), "0") end,
  function(s, d) return ("({ long double z = %s; z /= 3; (int)(z < 1e6L && z > -1e6L ? z : 4); })"):format(expression(s, d)) end,
  function(s, d) return ("({ _Complex double z = %s + 2i; z *= 1i; whole(__real__ z) ^ whole(__imag__(z - 1)); })"):format(floating(s, d)) end,
  function(s, d) return ("({ enum leaf_kind e = %s & 3; int r; switch (e) { case LEAF_ONE: r = 5; break; case LEAF_TWO ... LEAF_THREE: r = e; break; default: r = -1; } r; })"):format(expression(s, d)) end,
  function(s, d) return ("__builtin_add_overflow_p((long long)%s, (long long)%s, (%s)0)"):format(expression(s, d), expression(s, d), pick { "int", "short", "unsigned", "long long" }) end,
  function(s, d) return ("_Generic(1 + %s, int: 1, unsigned: 2, long long: 3, unsigned long long: 4, default: 5)"):format(expression(s, d)) end,
}

-- Of type double or float.
local function number(s) return pick { "0.5", "-3.25f", "1e3", "2.0f", "7", ".125" } end
function floating(scope, depth)
  if depth == 0 or chance(30) then
    if #scope.floating > 0 and chance(70) then return pick(scope.floating) end
    return chance(50) and number() or ("(%s)%s"):format(pick { "double", "float" }, expression(scope, 0))
  end
  local r = random(4)
  if r == 1 then return ("(%s ? %s : %s)"):format(expression(scope, depth - 1), floating(scope, depth - 1), floating(scope, depth - 1)) end
  if r == 2 then return ("(- %s)"):format(floating(scope, depth - 1)) end
  return ("(%s %s %s)"):format(floating(scope, depth - 1), pick { "+", "-", "*", "/" }, floating(scope, depth - 1))
end

function expression(scope, depth)
  if depth == 0 or chance(25) then return chance(70) and variable(scope) or literal(scope) end
  return pick(kinds)(scope, depth - 1)
end

-- --- statements ---------------------------------------------------------------------------------------------------------
-- `f`: the function: its labels, which of them stand, and what it is in. A block has labels, or declares objects of its own.

local block

local atomics = {
  "__atomic_fetch_add(&%s, %s, 5)", "__atomic_sub_fetch(&%s, %s, 0)", "__atomic_fetch_or(&%s, %s, 5)", "__atomic_xor_fetch(&%s, %s, 5)",
  "__atomic_fetch_nand(&%s, %s, 5)", "__atomic_exchange_n(&%s, %s, 5)", "__sync_fetch_and_and(&%s, %s)", "__sync_add_and_fetch(&%s, %s)",
}

local function assignment(f, scope)
  local to = pick(scope.places)
  local r = random(12)
  if r == 1 then return ("%s%s;"):format(to.text, pick { "++", "--" }) end
  if r == 2 then return ("%s%s;"):format(pick { "++", "--" }, to.text) end
  if r == 3 and to.type and to.type ~= "_Bool" then
    return (pick(atomics)):format(to.text, expression(scope, 1)) .. ";"
  elseif r == 4 then
    return ("%s %s (%s & 7);"):format(to.text, pick { "<<=", ">>=" }, expression(scope, 1))
  elseif r == 5 then
    local from = pick(scope.places)
    if from.text ~= to.text and from.type and from.type ~= "_Bool" and not (from.text .. to.text):find "*" then
      return ("%s = %s;"):format(to.text, pick { from.text .. "++", "--" .. from.text, pick(atomics):format(from.text, "3") })
    end
  elseif r == 7 and #scope.floating > 0 then
    return ("%s %s %s;"):format(pick(scope.floating), pick { "=", "+=", "*=", "-=" }, floating(scope, 2))
  elseif r == 8 and to.type and not to.type:find "long" then
    return ("%s %s;"):format(to.text, pick { "*= .5", "/= 2.5f" })
  elseif r == 9 then
    return ("%s %s %s;"):format(pick { "grid[1][%d]", "table[%d]", "*(table + %d)", "grid[0][%d]" }:format(random(4) - 1), pick { "=", "+=", "-=", "|=" }, expression(scope, 2))
  elseif r == 6 then
    return ("io[%s & 7] %s %s;"):format(expression(scope, 1), pick { "=", "+=", "^=" }, expression(scope, 2))
  end
  return ("%s %s %s;"):format(to.text, pick { "=", "=", "+=", "-=", "*=", "&=", "|=", "^=" }, expression(scope, 2))
end

local function inner(scope)
  local own = { constants = {}, places = {}, floating = {} }
  for i, each in ipairs(scope.floating) do own.floating[i] = each end
  for i, each in ipairs(scope) do own[i] = each end
  for i, each in ipairs(scope.constants) do own.constants[i] = each end
  for i, each in ipairs(scope.places) do own.places[i] = each end
  return own
end

local function add(scope, text, type)
  scope[#scope + 1] = { text = text, type = type }
  scope.places[#scope.places + 1] = scope[#scope]
end

-- A declaration, which adds to the scope.
local function declaration(scope)
  local r, x = random(16), name "v"
  if r <= 3 then
    local t = pick(integers)
    local text = ("%s %s = %s;"):format(t, x, expression(scope, 2))
    add(scope, x, t)
    return text
  elseif r == 4 then
    local t = pick(integers)
    add(scope, x, t)
    return ("static %s %s = %d;"):format(t, x, random(50))
  elseif r == 5 then
    local text = ("short %s[4] = {%s, [2] = %s};"):format(x, expression(scope, 1), expression(scope, 1))
    add(scope, ("%s[%d]"):format(x, random(4) - 1), "short")
    return text
  elseif r == 6 then
    local tag = name "s"
    local text = ("struct %s { signed char a; unsigned b : %d; int c; } %s = { %s, %s, .c = %s };"):format(tag, random(31), x,
      expression(scope, 1), expression(scope, 1), expression(scope, 1))
    add(scope, x .. ".a", "signed char")
    add(scope, x .. ".c", "int")
    scope[#scope + 1] = { text = x .. ".b", type = "int" }
    return text
  elseif r == 11 or r == 12 then
    local members, values = {}, {}
    for i = 1, random(4) do
      local t = pick { "int", "unsigned", "short", "unsigned char", "signed char", "long long", "unsigned long long", "_Bool" }
      local most = ({ short = 16, ["unsigned char"] = 8, ["signed char"] = 8, _Bool = 1 })[t] or 32
      members[i] = ("%s m%d : %d;"):format(t, i, random(most))
      values[i] = expression(scope, 1)
    end
    for i = 1, #members do add(scope, ("%s.m%d"):format(x, i)) end
    return ("struct { %s } %s = { %s };"):format(table.concat(members, " "), x, table.concat(values, ", "))
  elseif r == 13 then
    local text = ("%s %s = %s;"):format(pick { "double", "float" }, x, floating(scope, 2))
    scope.floating[#scope.floating + 1] = x
    return text
  elseif r == 14 then
    local text = ("%s__int128 %s = %s;"):format(pick { "", "unsigned " }, x, expression(scope, 2))
    add(scope, x)
    return text
  elseif r == 15 then
    local p = name "p"
    local text = ("int %s[4] = {%s, 2, 3, %s}, *%s = %s + (%s & 3);"):format(x, expression(scope, 0), expression(scope, 0), p, x, expression(scope, 0))
    scope[#scope + 1] = { text = ("(int)(%s - %s)"):format(p, x) }
    add(scope, ("(*%s)"):format(p))
    return text
  elseif r == 16 then
    local y = name "v"
    local text = ("leaf_point %s = {%s, %s}, %s = moved(%s, %s);"):format(x, expression(scope, 1), expression(scope, 1), y, x, expression(scope, 1))
    for _, each in ipairs { x .. ".x", y .. ".y", y .. ".x" } do add(scope, each) end
    return text
  elseif r == 7 then
    local t = pick(scope.places)
    if not t.type or t.text:find "[.%[*]" then return "" end
    add(scope, "(*" .. x .. ")", t.type)
    return ("%s *%s = &%s;"):format(t.type, x, t.text)
  elseif r == 8 then
    local a, b = name "E", name "E"
    scope.constants[#scope.constants + 1] = a
    scope.constants[#scope.constants + 1] = b
    return ("enum { %s = %d, %s };"):format(a, random(300), b)
  elseif r == 9 then
    local t = name "T"
    local text = ("typedef %s %s; %s %s = %s;"):format(pick(integers), t, t, x, expression(scope, 1))
    add(scope, x)
    return text
  elseif r == 10 then
    local text = ("_Atomic %s %s = %s;"):format(pick { "int", "unsigned char", "long long" }, x, expression(scope, 1))
    add(scope, x)
    return text
  end
  return ("static const int %s[3] = {%d, %d}; io[%d] += %s[%s & 1];"):format(x, random(99), random(99), random(8) - 1, x, expression(scope, 1))
end

local statements = {
  function(f, s, d) return ("if (%s) %s"):format(expression(s, 2), block(f, s, d)) end,
  function(f, s, d) return ("if (%s) %s else %s"):format(expression(s, 2), block(f, s, d), block(f, s, d)) end,
  function(f, s, d) return ("while (fuel-- > 0 && %s) %s"):format(expression(s, 1), block(f, s, d, "loop")) end,
  function(f, s, d) return ("do %s while (fuel-- > 0 && %s);"):format(block(f, s, d, "loop"), expression(s, 1)) end,
  function(f, s, d)
    if not s.labels then
      local i, own = name "i", inner(s)
      own[#own + 1] = { text = i, type = "int" }
      return ("for (int %s = 0; %s < %d && fuel-- > 0; %s++) %s"):format(i, i, random(5), i, block(f, own, d, "loop"))
    end
    return ("for (; fuel-- > 0 && %s; %s) %s"):format(expression(s, 1), assignment(f, s):sub(1, -2), block(f, s, d, "loop"))
  end,
  function(f, s, d)
    local out, used = {}, {}
    for _ = 1, random(4) do
      local n = random(8) - 1
      if not used[n] then
        used[n] = true
        local last = chance(20) and not used[n + 1] and n + 1
        if last then used[last] = true end
        out[#out + 1] = (last and "case %d ... %d: " or "case %d: "):format(n, last or n)
        if chance(80) then out[#out + 1] = block(f, s, d, "switch") end
        if chance(50) then out[#out + 1] = "break;" end
      end
    end
    if chance(60) then table.insert(out, random(#out + 1), "default: ;") end
    return ("switch (%s & 7) { %s }"):format(expression(s, 2), table.concat(out, " "))
  end,
  function(f, s, d) return block(f, s, d) end,
  function(f, s) return ("if (%s) return %s;"):format(expression(s, 1), expression(s, 2)) end,
}

local function statement(f, scope, depth)
  local r = random(100)
  if r <= 45 or depth == 0 and r <= 80 then return assignment(f, scope) end
  if r <= 55 and #f.labels > 0 then
    return ("if (fuel-- > 0 && %s) goto %s;"):format(expression(scope, 1), pick(f.labels))
  elseif r <= 62 and (f.loops > 0 or f.switches > 0) then
    if f.loops > 0 and chance(40) then return ("if (%s) continue;"):format(expression(scope, 1)) end
    return ("if (%s) break;"):format(expression(scope, 1))
  elseif depth == 0 then
    return assignment(f, scope)
  end
  return pick(statements)(f, scope, depth - 1)
end

function block(f, scope, depth, within)
  local own, out = inner(scope), {}
  local loops, switches = f.loops, f.switches
  if within == "loop" then f.loops, f.switches = loops + 1, switches end
  if within == "switch" then f.switches = switches + 1 end
  own.labels = scope.labels and (within == "switch" or chance(60))
  for _ = 1, random(4) do
    if own.labels and #f.waiting > 0 and chance(50) then out[#out + 1] = table.remove(f.waiting) .. ":" end
    if not own.labels and chance(40) then out[#out + 1] = declaration(own) end
    out[#out + 1] = statement(f, own, depth)
  end
  f.loops, f.switches = loops, switches
  return "{ " .. table.concat(out, " ") .. " }"
end

local function make(text_name)
  local f = { labels = {}, waiting = {}, loops = 0, switches = 0 }
  local scope = { constants = {}, places = {}, floating = {}, labels = true }
  local out = { "int fuel = 40, table[4] = {5, -6, 70, 800};", "short grid[2][4] = {{1, 2, 3}, {-4, 300, [3] = 7}};" }
  add(scope, "a", "int")
  add(scope, "b", "unsigned")
  for _ = 1, random(6) + 1 do out[#out + 1] = declaration(scope) end
  for i = 1, random(4) - 1 do
    f.labels[i] = "L" .. i
    f.waiting[i] = f.labels[i]
  end
  for _ = 1, random(5) + 2 do
    if #f.waiting > 0 and chance(30) then out[#out + 1] = table.remove(f.waiting) .. ":" end
    out[#out + 1] = statement(f, scope, 3)
  end
  for _, label in ipairs(f.waiting) do out[#out + 1] = label .. ": ;" end
  local sum = { "table[0] + table[1] * 3ull + table[2] * 5ull + table[3] * 7ull + grid[0][1] + grid[1][3]" }
  for i, each in ipairs(scope) do sum[i + 1] = ("%s * %dull"):format(each.text, 2 * i + 1) end
  for _, each in ipairs(scope.floating) do sum[#sum + 1] = ("whole(%s)"):format(each) end
  out[#out + 1] = "return " .. table.concat(sum, " + ") .. ";"
  return { name = text_name, text = "(int a, unsigned b, long long *io) {\n  " .. table.concat(out, "\n  ") .. "\n}\n" }
end

local functions = {}
for i = 1, count do functions[i] = make(("bd%d_f%d"):format(seed, i)) end
local leaves = [[
typedef struct { long long x; short y; } leaf_point;
enum leaf_kind { LEAF_ONE, LEAF_TWO, LEAF_THREE };
static inline int leaf(int a, short b) { return a * 3 - b; }
static inline int other_leaf(int a, short b) { return a ^ b; }
static inline leaf_point moved(leaf_point p, int by) { p.x += by; p.y ^= by; leaf_point q = p; q.x--; return q; }
static inline int by_address(int (*f)(int, short), int x) { return f(x, 7) + 1; }
static inline int whole(double d) { return d > -1e9 && d < 1e9 ? (int)(d * 2) : 5; }
]]

local function source(before)
  local out = { leaves }
  for i, f in ipairs(functions) do out[i + 1] = before .. f.name .. f.text end
  return table.concat(out)
end
local said, dies = "", 0
repeat
  said = beside.gcc("-w -O1 -fwrapv -shared -fPIC", source "long long ")
  local name_of = said:find "internal compiler error" and said:match(("bd%d_f%%d+"):format(seed)) -- gcc's own mistake
  for i = #functions, 1, -1 do
    if functions[i].name == name_of then
      table.remove(functions, i)
      dies = dies + 1
    end
  end
until not name_of
assert(said == "", said)
beside.write(beside.base .. ".h", source "static inline long long run_")
for _, f in ipairs(functions) do ffi.cdef("long long " .. f.name .. "(int a, unsigned b, long long *io);") end
local theirs, ours = ffi.load(beside.base .. ".so"), ffi.include(beside.base .. ".h")
local differences, calls = 0, 0
local function io_of(n) return ffi.new("long long[8]", { 1, -2, 3 * n, 4, 5, 1000, -7, n }) end
for _, f in ipairs(functions) do
  for n, values in ipairs { { 0, 0 }, { 7, 3 }, { -5, 4294967290 }, { 123456, 77 } } do
    local a, b = io_of(n), io_of(n)
    local expected = theirs[f.name](values[1], values[2], a)
    local ok, got = pcall(ours["run_" .. f.name], values[1], values[2], b)
    calls = calls + 1
    if not ok or got ~= expected or ffi.string(a, 64) ~= ffi.string(b, 64) then
      differences = differences + 1
      print(("%s of %s(%d, %d), gcc's is %s: %s"):format(tostring(got), f.name, values[1], values[2], tostring(expected), f.text))
      break
    end
  end
end
beside.remove()
print(("%d bodies, %d calls, %d that gcc dies of, %d differences"):format(#functions, calls, dies, differences))
os.exit(differences == 0 and 0 or 1)
