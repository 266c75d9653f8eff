-- The programs of tests/prove/translate.lua: every construct that LuaJIT's grammar has, wherever it may stand. Called with random numbers
-- (outcomes.lua); returns a function that makes a program's text. They end: loops ask again(), or count few rounds; a function calls only
-- what was there before it. Values are typed, so that most programs have no error but those that are meant.
-- In the text \1 is a place where space may be, or none; \2 an empty statement; \3 a `break` that does not end its block.
local common = ...
local random, chance, pick = common.random, common.chance, common.pick

-- The text so far; visible variables { name, kind, fn, hot }; the function { active, vararg, outer }; blocks with their labels.
local out, scope, fn, blocks, loops
-- `pure`: the expression calls nothing, so that it may read variables that a call changes (`hot`). Lua leaves open when such are read.
local pure, inline, budget, made, flavour
local num, str, cond, cdata, any, item, block, statement

local function emit(text) out[#out + 1] = text end
-- What `make` writes, on one line.
local function on_one_line(make)
  local outer = out
  out, inline = {}, inline + 1
  make()
  local text = table.concat(out, " ")
  out, inline = outer, inline - 1
  return text
end
-- One statement's expressions.
local function with_order(make, ...)
  local before = pure
  pure = chance(30)
  local text = make(...)
  pure = before
  return text
end

---------------------------------------------------------------------------------------------------------------------------------
-- Variables

local plain_names = { "a", "b", "c", "x", "y", "n", "value", "item", "i", "_u", "self" }
local odd_names = { "goto", "global", "arg", "gr\195\182\195\159e", "\233", "x\228" }
local function new_name(kind)
  if chance(flavour.odd) then return pick(odd_names) end
  if chance(40) then return pick(plain_names) end
  made = made + 1
  return kind .. made
end
local function declare(name, kind, hot, parameters)
  local v = { name = name, kind = kind, fn = fn, hot = hot, parameters = parameters }
  scope[#scope + 1] = v
  fn.active = fn.active + 1
  if fn.active > fn.most then fn.most = fn.active end
  return v
end
local function leave(mark)
  for i = #scope, mark + 1, -1 do
    if scope[i].fn == fn then fn.active = fn.active - 1 end
    scope[i] = nil
  end
end
local function room(count) return fn.active + count <= 196 end
-- A visible variable of that kind, for reading or assigning; nil if there is none.
local function visible(kind, to_assign)
  local found, seen = {}, {}
  if fn.quiet and (kind == "f" or kind == "o") then return nil end
  for i = #scope, 1, -1 do
    local v = scope[i]
    if not seen[v.name] then
      seen[v.name] = true
      local fits = v.kind == kind and not v.hidden
      if to_assign then
        fits = fits and not v.fixed and (v.hot or v.fn == fn)
      else
        fits = fits and (pure or not v.hot or v.fn ~= fn)
      end
      if fits then found[#found + 1] = v end
    end
  end
  return #found > 0 and pick(found) or nil
end
local function is_free(name)
  for _, v in ipairs(scope) do if v.name == name then return false end end
  return true
end
-- A global number; local variables hide them.
-- The name of a variable of that kind, if there is one.
local function named(kind)
  local v = visible(kind)
  return v and v.name
end
local global_numbers = { "gn1", "gn2", "GN", "gr\195\182\195\159e", "goto", "global", "\252ber" }
local function global_number()
  local name = pick(global_numbers)
  return is_free(name) and name or is_free "gn1" and "gn1" or "GN"
end

---------------------------------------------------------------------------------------------------------------------------------
-- Expressions; `d` is how deep they may become

local literals = { "0", "1", "2", "3", "5", "10", "0x1F", "1e1", "0x1p4", "0x.8p1", "0XA", "3.", ".5", "1.25", "2.0", "0x10", "1E+1", "007",
  "0.1",
  "0xA.8p0", "100", "5.0" }
local strings = { '"a"', "'b\\n'", "[[long]]", "[==[a]]b]==]", '"\\x41\\z   b"', '"\\u{20ac}"', "'\\065\\\\'", '"it\'s"', '"\\u{41}\\x7a"',
  "''", '"5"', '"nil"',
  '"PE_B"', "'-- no comment'", '"--[["', '"goto"', '"a == nil"', '"\\0x"', '"\195\182"', '"\\z  z"', '"\\"q"', "'1LL'" }
local function list(make, count, d)
  local parts = {}
  for i = 1, count do parts[i] = make(d) end
  return table.concat(parts, ",\1")
end
-- The text with an expression for each %s.
local function filled(text, make, d) return (text:gsub("%%s", function() return make(d - 1) end)) end
local function choose(d, make) return ("(%s\1and\1%s\1or\1%s)"):format(cond(d - 1), make(d - 1), make(d - 1)) end

-- The body of a function of this frame, up to its return.
local function body(parameters, vararg, result, statements)
  local outer_fn, outer_blocks, outer_pure, outer_loops, mark = fn, blocks, pure, loops, #scope
  fn, blocks, pure, loops = { active = 0, most = 0, vararg = vararg, depth = fn.depth + 1, result = result, yields = fn.yields,
    quiet = fn.quiet }, {}, false, 0
  for _, p in ipairs(parameters) do declare(p.name, p.kind, p.hot) end
  block(statements, "function", result)
  leave(mark)
  fn, blocks, pure, loops = outer_fn, outer_blocks, outer_pure, outer_loops
end
local function new_parameters(count, kinds)
  local parameters, names, seen = {}, {}, {}
  for i = 1, count do
    local name = new_name "p"
    if not seen[name] then
      seen[name] = true
      local p = { name = name, kind = pick(kinds or { "n", "n", "x" }), hot = chance(20) }
      parameters[#parameters + 1], names[#names + 1] = p, name
    end
  end
  return parameters, names
end
local function arguments(parameters, d)
  local parts = {}
  for i, p in ipairs(parameters) do parts[i] = p.kind == "n" and num(d) or p.kind == "s" and str(d) or item(d) end
  for _ = 1, chance(15) and random(2) or 0 do parts[#parts + 1] = any(d) end
  if #parts > 0 and chance(10) and fn.vararg then parts[#parts + 1] = "..." end
  return table.concat(parts, ",\1")
end
-- function (...) ... end, on one line; its parameters.
local function closure(result, statements, parameters)
  local names
  if not parameters then parameters, names = new_parameters(random(3) - 1) end
  if not names then names = {} for i, p in ipairs(parameters) do names[i] = p.name end end
  local vararg = chance(35)
  if vararg then names[#names + 1] = "..." end
  local text = on_one_line(function() body(parameters, vararg, result, statements or random(3)) end)
  return ("function(%s) %s end"):format(table.concat(names, ",\1"), text), parameters
end
local function called_closure(result, d)
  if budget < 1 or inline > 2 then return nil end
  local text, parameters = closure(result)
  return ("(%s)(%s)"):format(text, arguments(parameters, d - 1))
end

function num(d)
  if d <= 0 then
    return chance(60) and named("n") or pick(literals)
  end
  local n = random(26)
  if n <= 3 then
    return named("n") or pick(literals)
  elseif n <= 5 then return pick(literals)
  elseif n == 6 then return ("(%s\1+\1%s)"):format(num(d - 1), num(d - 1))
  elseif n == 7 then return ("(%s\1-\1%s)"):format(num(d - 1), num(d - 1))
  elseif n == 8 then return ("(%s\1*\1%s\1%%\0011009\1+\0010)"):format(num(d - 1), pick { "2", "3", "0.5", "7" })
  elseif n == 9 then return ("(%s\1/\1%s)"):format(num(d - 1), pick { "2", "4", "1", "8", "3" })
  elseif n == 10 then return filled(pick { "2\1^\0013", "2^-1", "(0\1-\1%s)", "-5\1+\1%s", "-0x10\1+\1%s", "%s\1%\0017\1+\0010" }, num, d)
  elseif n == 11 then return ("#(%s)"):format(chance(60) and str(d - 1) or ("{\1%s\1}"):format(list(num, random(4), d - 1)))
  elseif n == 12 and fn.vararg then return pick { 'select("#", ...)', 'select("#",\1...,\0015)', "select('#', (...))" }
  elseif n <= 15 and not pure then
    local v = visible "f"
    if v then return ("%s(%s)"):format(v.name, arguments(v.parameters, d - 1)) end
    return called_closure("n", d) or pick(literals)
  elseif n == 16 and not pure then
    if chance(40) then return ("tr(%s)"):format(num(d - 1)) end
    if fn.yields and chance(60) then return ("(tonumber((coroutine.yield(%s)))\1or\0017)"):format(item(d - 1)) end
    return called_closure("n", d) or pick(literals)
  elseif n == 17 then return choose(d, num)
  elseif n == 18 then return pick { "tonumber(I5)", "tonumber('0x10')", "tonumber(\"12\")", "M2.double",
    "tonumber(NULL\1==\1nil\1and\0015LL\1or\0016)", "'10'\1+\0011" }
  elseif n == 19 then
    local v = visible "t"
    return v and v.name .. pick { ".n", "[1]", "[2]", ".goto", ".gr\195\182\195\159e", "['n']", ".global", "[\1[[n]]\1]" } or pick(literals)
  elseif n <= 21 and not pure then
    local v = visible "o"
    if not v then return global_number() end
    return v.name .. filled(pick { ":goto(%s)", ".global(%s)", ":m\233(%s)", ":get(%s)", ":m\233'x'", ":goto[[s]]", ":get{\1%s\1}",
      ":m\233{}", ":goto()" }, any, d)
  elseif n == 22 then return global_number()
  elseif n == 23 then return filled(pick { "select(2,\1%s,\1%s)", "math.floor(%s)", "(%s)", "((%s))", "math.abs(%s)" }, num, d)
  elseif n == 24 then
    return filled(pick { "('xyz'):len()", "M1(%s)", "(\"x\"):byte()", "((\"a,b\"):find(',',\0011,\1true))", "select(-1,\1%s)" }, num, d)
  elseif n == 25 and chance(40) then return filled(pick { "id{n\1=\1%s}.n", "({\1%s\1})[1]", "(({\1[%s]\1=\1%s})[1]\1or\0012)" }, num,
    d) end
  return pick(literals)
end

function str(d)
  if d <= 0 then
    return chance(50) and named("s") or pick(strings)
  end
  if flavour.loose and chance(8) then return pick { "[[\na\n]]", "'a\\\nb'", '"a\\z\n  b\\x41"', "[=[\r\n]]\n\n]=]",
    "'\\z\n\n\n x\\u{e4}'" } end
  local n = random(20)
  if n <= 3 then
    return named("s") or pick(strings)
  elseif n <= 6 then return pick(strings)
  elseif n <= 9 then
    local parts = {}
    for i = 1, 1 + random(3) do parts[i] = chance(50) and num(d - 1) or i == 1 and chance(10) and pick { "M1", "M2", "M(7)", "TA",
      "TB" } or str(d - 1) end
    return "(" .. table.concat(parts, "\1 ..\1 ") .. ")"
  elseif n == 10 then return ("tostring(%s)"):format(pick { num, cond, str }(d - 1))
  elseif n == 11 then return ("type(%s)"):format(any(d - 1))
  elseif n == 12 then return ("(%s):upper()"):format(str(d - 1))
  elseif n == 13 then return ("(%s):sub(%s,\1%s)"):format(str(d - 1), pick { "1", "2", "-3" }, pick { "2", "-1", "5" })
  elseif n == 14 then return ("('%%d:%%s:%%g'):format(%s,\1%s,\1%s)"):format(num(d - 1), pick { num, str }(d - 1), num(d - 1))
  elseif n == 15 then return choose(d, str)
  elseif n == 16 then return ("table.concat({\1%s\1},\1'-')"):format(list(chance(50) and num or str, random(3), d - 1))
  elseif n == 17 and not pure then return called_closure("s", d) or pick(strings)
  elseif n == 18 and not pure and budget > 0 and inline < 2 then
    -- Nothing yields in there: on 5.1 the error would not be where pcall is (lua/ferry/luajit/resumable.lua).
    local quiet, yields = fn.quiet, fn.yields
    fn.quiet, fn.yields = quiet or yields, false
    local text = ("((%s):gsub('%%w',\1%s))"):format(str(d - 1), (closure("s", 1, { { name = new_name "p", kind = "s" } })))
    fn.quiet, fn.yields = quiet, yields
    return text
  elseif n == 19 and not pure then return ("(%s(%s))"):format(pick { "id", "tr" }, str(d - 1)) end
  return pick(strings)
end

local cdatas = { "NULL", "IP", "P1", "P2", "I5", "U5", "I0", "UM", "EB", "D2", "ST", "M1", "M2", "N1", "V.null", "V.i5", "V[1]", "V.enum",
  "V['m']" }
function cdata(d)
  local n = random(14)
  local v = visible "c"
  if n <= 2 and v then return v.name end
  if n <= 6 or d <= 0 then return pick(cdatas) end
  if n == 7 then return pick { "5LL", "0x7fULL", "2i", "-3LL", "1ULL", "0x0LL", "5ull", "(1i)", "9223372036854775813ULL" } end
  if n == 8 then return ("(%s\1+\1%s)"):format(pick { "I5", "5LL", "P1", "V.i5" }, pick { "0", "1", "2" }) end
  if n == 9 then return ("(%s\1and\1%s\1or\1%s)"):format(cond(d - 1), pick(cdatas), pick(cdatas)) end
  if n == 10 then return ("ffi.new('int64_t',\1%s)"):format(pick { "5", "0", "-1", "7" }) end
  if n == 11 then return pick { "ffi.cast('void *',\0010)", "ffi.new('enum pe',\0015)", "M(3)", "ffi.new('int *')",
    "ffi.new('double',\0012)" } end
  if n <= 13 and not pure then return ("%s(%s)"):format(pick { "id", "tr" }, pick(cdatas)) end
  return pick(cdatas)
end

local function equality() return pick { "\1==\1", "\1==\1", "\1~=\1" } end
local function order() return pick { "\1<\1", "\1<=\1", "\1>\1", "\1>=\1" } end
-- Two sides that LuaJIT compares without an error, mostly.
local function compared(d)
  local n = random(16)
  if n <= 3 then return cdata(d), "nil"
  elseif n >= 13 then
    local a, b = visible(pick { "x", "c", "n", "s" }), visible(pick { "x", "c", "n" })
    a, b = a and a.name or cdata(d), b and chance(50) and b.name or pick { "nil", "5", "'PE_B'", any(d), "-5", "-\0011", "0x5", "5.0",
      "5e0", '"PE_B"', "[[PE_B]]", "not nil", "false", "5LL",
      "'" .. ("long "):rep(14) .. "'", "0", "(nil)", "(5)", "-5LL" }
    return a, b
  elseif n == 4 then return pick { "I5", "U5", "V.i5", "5LL", "I0", "D2", "id(I5)", "EB", "UM", "-3LL" }, num(d)
  elseif n == 5 then return pick { "EB", "V.enum", "id(EB)" }, pick { "'PE_B'", '"PE_A"', "V.name" }
  elseif n == 6 then return pick { "NULL", "IP", "P1", "V.null", "id(P2)" }, pick { "NULL", "IP", "P1", "P2", "V.null", "nil" }
  elseif n == 7 then return pick { "I5", "U5", "I0", "5LL", "V.i5", "UM", "D2", "EB" }, pick { "I5", "U5", "0ULL", "id(5LL)", "D2", "EB" }
  elseif n == 8 then return pick { "M1", "M2", "N1", "V['m']", "M(1)", "TA", "TB" }, chance(20) and pick { "TA", "TB", "TC",
    "M1" } or any(d)
  elseif n == 9 then return num(d), num(d)
  elseif n == 10 then return str(d), chance(50) and str(d) or "nil"
  elseif n == 11 then return any(d), pick { "nil", "false", "true" }
  else return cond(d), cond(d) end
end
function cond(d)
  if d <= 0 then
    local v = chance(50) and visible "b"
    if v then return v.name end
    local a, b = compared(0)
    return ("(%s%s%s)"):format(a, equality(), b)
  end
  local n = random(25)
  if n <= 8 then
    local a, b = compared(d - 1)
    if chance(40) then a, b = b, a end
    local text = a .. equality() .. b
    return chance(50) and "(" .. text .. ")" or text
  elseif n == 9 then return num(d - 1) .. order() .. num(d - 1)
  elseif n == 10 then return str(d - 1) .. order() .. str(d - 1)
  elseif n == 11 then
    local a, b = pick { "I5", "U5", "5LL", "V.i5", "D2", "EB", "id(I0)" }, chance(50) and pick(literals) or pick { "I5", "U5", "2LL", "D2" }
    if chance(50) then a, b = b, a end
    return a .. order() .. b
  elseif n == 12 then return pick { "P1", "P2", "id(P1)" } .. order() .. pick { "P1", "P2" }
  elseif n == 13 then
    if chance(30) then return pick { "TA", "TB", "id(TC)" } .. order() .. pick { "TA", "TC" } end
    return pick { "M1", "M2", "M(3)" } .. order() .. pick { "M1", "M2", "M(2)" }
  elseif n == 14 then return "not\1 " .. cond(d - 1)
  elseif n == 15 then return ("not\1(%s)"):format(cond(d - 1))
  elseif n <= 17 then return ("(%s)\1 and\1 (%s)"):format(cond(d - 1), cond(d - 1))
  elseif n == 18 then return ("%s\1 and\1 %s"):format(cond(d - 1), cond(d - 1))
  elseif n == 19 then return ("%s\1 or\1 %s"):format(cond(d - 1), cond(d - 1))
  elseif n == 20 and not pure then return called_closure("b", d) or "true"
  elseif n == 21 and not pure then return ("%s(%s)"):format(pick { "id", "tr" }, cond(d - 1))
  elseif n == 22 then
    local v = visible "b"
    return v and v.name or pick { "true", "false", "nil" }
  elseif n == 23 then return any(d - 1)
  elseif n == 24 then return ("(%s%s%s)%s%s"):format(any(d - 1), equality(), pick { "nil", any(d - 1) }, equality(), pick { "true", "false",
    "(" .. cond(d - 1) .. ")" })
  elseif chance(15) then return any(d - 1) .. pick { equality, order }() .. any(d - 1) end
  return pick { "true", "false", "nil" }
end

function any(d)
  local n = random(16)
  if n <= 4 then return num(d) elseif n <= 7 then return str(d) elseif n <= 9 then return "(" .. cond(d) .. ")" elseif n <= 12 then return cdata(d)
  elseif n == 13 then return pick { "nil", "TA", "TB", "TA" }
  elseif n == 14 then
    local v = visible(pick { "t", "o", "f" })
    return v and v.name or "nil"
  elseif n == 15 then
    local v = visible "x"
    return v and v.name or "id"
  elseif fn.vararg then return "(...)" end
  return "nil"
end
-- Between commas.
function item(d) return chance(25) and cond(d) or any(d) end
local makers = { n = num, s = str, b = cond, c = cdata, x = item }
-- What a variable keeps: numbers and texts stay small.
local function kept(kind, d)
  local text = makers[kind](d)
  if kind == "n" and not text:find "^[%w.]+$" then return ("(%s)\1%%\0011000\1+\0010"):format(text) end
  if kind == "s" and text:find "[^%w_\"']" then return ("(%s):sub(-20)"):format(text) end
  return text
end
-- Ends of a list of values: as many as wanted, or an open end that gives more.
local function open_end(d)
  local n = random(4)
  if n == 1 and fn.vararg then return "..." end
  if n == 2 and not pure then return called_closure("m", d) end
  if n == 3 and not pure then return ("%s(%s)"):format(pick { "id", "tr" }, list(item, random(3), d)) end
end

---------------------------------------------------------------------------------------------------------------------------------
-- Jumps

local label_names = { "continue", "done", "top", "L1", "L2", "global", "gr\195\182\195\159e", "\228" }
-- { name, backward } of the labels that a jump may lead to from here.
local function targets()
  local found, seen = {}, {}
  for i = #blocks, 1, -1 do
    local b = blocks[i]
    local entered = false -- a local variable's scope, behind here
    for k = b.at - 1, 1, -1 do
      local slot = b[k]
      if slot.label and not seen[slot.label] then found[#found + 1] = { slot.label, true } end
    end
    for k = b.at + 1, #b do
      local slot = b[k]
      if slot.is_local then entered = true end
      local last = b.kind ~= "repeat" and not b.has_tail
      for j = k, #b do last = last and b[j].label end
      if slot.label and not seen[slot.label] and (last or not entered) then found[#found + 1] = { slot.label, false } end
    end
    for k = 1, #b do if b[k].label then seen[b[k].label] = true end end
  end
  return found
end

---------------------------------------------------------------------------------------------------------------------------------
-- Statements

local statements = {}
local function trace() return ("T(%s)"):format(with_order(function() return list(item, random(3),
  2) .. (chance(10) and fn.vararg and ",\1..." or "") end)) end

function statements.trace() emit(trace()) end
local big = { "0xffffffffffffffff", "1e308", "9007199254740993", "0x7fffffffffffffff", "18446744073709551615", "1e15",
  "9223372036854775807", "0x1p60", "9223372036854775808", "1e-5",
  "123456789012345678901234567890", "0x.1p-3", "0xfffffffffffffffff", "4294967296", "3e0" }
function statements.big() emit(("T(%s,\1%s\1..\1'',\1%s\1==\1%s,\1tostring(%s))"):format(pick(big), pick(big), pick(big), pick(big),
  pick(big))) end
function statements.index()
  emit(filled(pick { "V[tr(%s)]\1=\1tr(%s)", "V[%s],\1V.last\1=\1tr(%s),\1%s", "T(V[%s],\1V.last)", "tr(V).x\1=\1%s",
    "id(V).count,\1gn1\1=\1%s,\0013", "V.list[tr(2)]\1=\1tr(%s)\1and\0015\1or\1'6'",
    "tr{\1k\1=\1%s\1}.k\1=\1%s", "V['k']\1=\1{\1[%s\1or\0011]\1=\1%s;\1%s\1}" }, function() return with_order(cond, 2) end, 0))
end
-- A coroutine, resumed some times; what it calls yields, too.
function statements.coroutine()
  if not room(3) or fn.yields then return end
  emit(("do local co\1=\1coroutine.%s(function(...)"):format(chance(50) and "wrap" or "create"))
  local wraps = out[#out]:find "wrap"
  local outer = fn.yields
  fn.yields = true
  body({}, true, "m", 1 + random(4))
  fn.yields = outer
  emit "end)"
  emit(("for i\1=\0011,\0014 do T(%s,\1i)) end"):format(wraps and "P(co" or "R(co"))
  emit "end"
end
function statements.yield()
  if fn.yields then emit(("T(coroutine.yield(%s))"):format(with_order(list, item, random(2), 1))) end
end
function statements.handled()
  emit "T(xpcall(function(...)"
  body({}, true, "m", random(4))
  emit(("end,\1 H,\1%s))"):format(with_order(item, 1)))
end
function statements.trace_condition() emit(("T(%s)"):format(with_order(cond, 3))) end
local function local_statement()
  local count = room(4) and chance(30) and 1 + random(3) or 1
  if not room(1) then return emit(trace()) end
  local names, kinds, seen, values = {}, {}, {}, {}
  local before = pure
  pure = chance(30)
  for i = 1, count do
    local name = new_name "v"
    if not seen[name] then
      seen[name] = true
      names[#names + 1], kinds[#kinds + 1] = name, pick { "n", "n", "n", "s", "b", "c", "x" }
    end
  end
  local open = chance(15) and open_end(1)
  local first_open = open and random(#names) or #names + 1
  for i, kind in ipairs(kinds) do
    if i < first_open then values[i] = kept(kind, 3) else kinds[i] = "x" end
  end
  values[#values + 1] = open or nil
  pure = before
  emit(("local %s\1=\1%s%s"):format(table.concat(names, ",\1"), table.concat(values, ",\1"), pick(flavour.ends)))
  for i, name in ipairs(names) do declare(name, kinds[i], chance(25)) end
end
local function local_function()
  if not room(1) then return emit(trace()) end
  local name = new_name "f"
  local parameters, names = new_parameters(random(4) - 1)
  local vararg = chance(30)
  if vararg then names[#names + 1] = "..." end
  local head = table.concat(names, ",\1")
  if chance(50) then
    emit(("local function %s(%s)"):format(name, head))
    -- The name is known inside, where it hides another.
    local v = declare(name, "hidden")
    body(parameters, vararg, "n", random(5))
    v.kind, v.parameters, v.fixed = "f", parameters, true
    return emit "end"
  end
  emit(("local %s\1=\1function(%s)"):format(name, head))
  body(parameters, vararg, "n", random(5))
  emit "end"
  declare(name, "f", false, parameters).fixed = true
end
local function local_table()
  if not room(1) then return emit(trace()) end
  local name = new_name "t"
  emit(("local %s\1=\1%s"):format(name, with_order(function()
    return ("{\1n\1=\1%s,\1goto\1=\1%s;\1['gr\195\182\195\159e']\1=\1%s,\1%s,\1%s,\1global\1=\1%s%s\1}"):format(num(1), num(1), num(2),
      num(1), num(1), num(1),
      pick { "", ",", ",\1[5]\1=\1" .. any(2), ",\1x\1=\1" .. cond(2), ";\1\195\164\1=\1" .. any(1) })
  end)))
  declare(name, "t").fixed = true
end
local function local_object()
  if not room(1) then return emit(trace()) end
  local name = new_name "o"
  if name == "self" then name = "o" end
  emit(("local %s\1=\1{\1k\1=\1%s\1}"):format(name, num(0)))
  local v = declare(name, "hidden")
  for _, head in ipairs { "function %s:goto(x)", "function %s.global(x)", "%s.m\233\1=\1function(self,\1x)", "function %s:get(x,\1...)" } do
    emit((head:gsub("%%s", name)))
    body({ { name = "x", kind = "x" } }, head:find "%.%.%." ~= nil, "n", random(2))
    emit "end"
  end
  v.kind, v.fixed = "o", true
end
local function local_many()
  -- Functions near the limits of variables, and of variables of others.
  local count = pick { 55, 60, 60, 100, 180, 190 }
  if fn.active > 0 and not (fn.active < 5) or inline > 0 then return local_statement() end
  local shown = {}
  for _, v in ipairs(scope) do
    shown[v] = v.hidden
    if v.fn ~= fn then v.hidden = true end
  end
  emit "local many = function(...)"
  local outer_fn, outer_blocks, outer_loops, mark = fn, blocks, loops, #scope
  for _, v in ipairs(scope) do v.hidden = true end
  fn, blocks, loops = { active = 0, most = 0, vararg = true, depth = fn.depth + 1, result = "n" }, {}, 0
  local names = {}
  for i = 1, count do names[i] = "u" .. i end
  for i = 1, count, 50 do
    local part = {}
    for k = i, math.min(count, i + 49) do part[#part + 1] = names[k] end
    emit(("local %s\1=\1%s"):format(table.concat(part, ",\1"), list(num, math.min(#part, random(6)), 0)))
  end
  for i = 1, count do emit(("%s = %s or %d"):format(names[i], names[i], i % 7)) declare(names[i], "n", false) end
  if count <= 100 or chance(30) then
    local used = math.min(count, pick { 54, 56, 58, 60 })
    for _, v in ipairs(scope) do v.hidden = true end
    emit "local inner = function(x)"
    local inner_mark = #scope
    local inner = fn
    fn = { active = 0, most = 0, vararg = false, depth = fn.depth + 1, result = "n" }
    declare("x", "x")
    emit(("T(%s)"):format(table.concat(names, "\1+\1", 1, used)))
    block(3, "function", "n")
    leave(inner_mark)
    fn = inner
    emit "end"
    for _, v in ipairs(scope) do if v.fn == fn then v.hidden = false end end
    emit "T(inner(NULL))"
  end
  block(random(6), "function", "n")
  leave(mark)
  fn, blocks, loops = outer_fn, outer_blocks, outer_loops
  emit "end"
  for _, v in ipairs(scope) do v.hidden = shown[v] end
  declare("many", "f", false, {}).fixed = true
end
local locals = { local_statement, local_statement, local_statement, local_function, local_table, local_object }

function statements.assign()
  local v = visible(pick { "n", "n", "s", "b", "c", "x" }, true)
  if not v then return emit(("gn1\1=\1%s"):format(with_order(kept, "n", 2))) end
  emit(("%s\1=\1%s%s"):format(v.name, with_order(kept, v.kind, 3), pick(flavour.ends)))
end
function statements.assign_many()
  local names, values, seen = {}, {}, {}
  local before = pure
  pure = chance(40)
  for _ = 1, 1 + random(3) do
    local v = visible(pick { "n", "s", "x", "b" }, true)
    if v and not seen[v.name] then
      seen[v.name] = true
      names[#names + 1], values[#values + 1] = v.name, kept(v.kind, 2)
    end
  end
  local t = visible "t"
  if t and chance(60) then
    local field = pick { ".n", "[1]", ".goto", ".gr\195\182\195\159e", ".global", "[%s]" }:gsub("%%s", function() return num(1) end)
    names[#names + 1], values[#values + 1] = t.name .. field, kept("n", 1)
  end
  if chance(40) then names[#names + 1], values[#values + 1] = global_number(), kept("n", 2) end
  if #names > 0 and chance(15) then values[#values + 1] = any(1) end
  pure = before
  if #names > 0 then emit(("%s\1=\1%s"):format(table.concat(names, ",\1"), table.concat(values, ",\1"))) end
end
function statements.global() emit(("%s\1=\1%s"):format(global_number(), with_order(kept, "n", 2))) end
function statements.count()
  local v = visible("n", true)
  if v then emit(("%s\1=\1(%s\1+\0011)\1%%\001100"):format(v.name, v.name)) end
end
function statements.call()
  local v = visible "f"
  emit(v and ("%s(%s)"):format(v.name, with_order(function() local now = pure pure = false local text = arguments(v.parameters,
    2) pure = now return text end)) or trace())
end
function statements.in_parentheses()
  emit(pick { "do end ", "do end; ", "if nil then end ", "do local _ = 5LL end " } .. pick { "(T)(%s)", "(id)(%s)", "(V).count\1=\1%s",
    "(T or id)'x'", "(function(...)\1T(...)\1end)(%s)",
    "('x'):rep(2)", "(\"%%d\"):format(3)", "((V)).count,\1gn1\1=\0011,\0012" }:gsub("%%s", function() return with_order(any, 1) end))
end
function statements.block()
  emit "do"
  block(random(4), "plain")
  emit "end"
end
statements["if"] = function()
  emit(("if\1 %s\1 then"):format(with_order(cond, 3)))
  block(random(3), "plain")
  for _ = 1, chance(35) and random(2) or 0 do
    emit(("elseif\1 %s\1 then"):format(with_order(cond, 3)))
    block(random(3), "plain")
  end
  if chance(50) then
    emit "else"
    block(random(3), "plain")
  end
  emit "end"
end
statements["while"] = function()
  if loops >= 3 or not room(1) then return end
  loops = loops + 1
  emit(("while\1 %s\1 do if not again() then break end"):format(with_order(cond, 3)))
  block(random(4), "loop")
  emit "end"
  loops = loops - 1
end
statements["repeat"] = function()
  if loops >= 3 or not room(1) then return end
  loops = loops + 1
  local mark = #scope
  emit "repeat"
  block(random(4), "repeat")
  -- The condition sees the block's variables.
  emit((chance(50) and "until\1 not again()\1 or\1 %s" or "until\1 (%s)\1 or\1 not again()"):format(with_order(cond, 3)))
  leave(mark)
  loops = loops - 1
end
statements["for"] = function()
  if loops >= 3 or not room(6) then return end
  loops = loops + 1
  local mark = #scope
  local head, name = nil, new_name "i"
  if chance(60) then
    head = ("for %s\1=\1%s do"):format(name, pick { "1,\0013", "3,\0011,\1-1", "0.5,\0012", "1,\0012.5,\0010.5", "2,\0011", "1,\1#V.list",
      "(%s)\1and\0011\1or\0012,\0013", "10,\00130,\00110", "1,\1(function()\1if\1 %s\1 then return 2 end return 1 end)()" }
      :gsub("%%s", function() return with_order(cond, 2) end))
    declare(name, "n", chance(25))
  else
    local n = random(5)
    local other = new_name "k"
    if other == name then other = "other" end
    if n == 1 then
      head = ("for %s,\1%s\1in\1 ipairs(%s)\1do"):format(other, name, pick { "V.list", "{\1%s\1}" }:gsub("%%s", function() return list(num,
        3, 1) end))
      declare(other, "n", chance(20)) declare(name, "n", chance(20))
    elseif n == 2 then
      head = ("for %s\1in\1 (%s):gmatch'%%w'\1do"):format(name, with_order(str, 1))
      declare(name, "s", chance(20))
    elseif n == 3 then
      head = ("for %s,\1%s\1in\1 pairs{\1%s\1=\1%s\1}\1do"):format(other, name, pick { "key", "goto", "global", "\228" }, with_order(num,
        2))
      declare(other, "s") declare(name, "n", chance(20))
    elseif n == 4 then
      head = ("for %s,\1%s\1in\1 few,\1%s,\0010\1do"):format(other, name, pick { "2", "3", "nil" })
      declare(other, "n") declare(name, "n", chance(20))
    else
      head = ("for %s\1in\1 coroutine.wrap(function() for i\1=\0011,\0012 do coroutine.yield(i) end end)\1do"):format(name)
      declare(name, "n", chance(20))
    end
  end
  emit(head)
  fn.active = fn.active + 4
  block(random(4), "loop")
  fn.active = fn.active - 4
  emit "end"
  leave(mark)
  loops = loops - 1
end
-- A function that is kept, with each round's variable of its own.
function statements.keep()
  local v = visible("n", true)
  if not v then return end
  if v.hot then emit(("keep[#keep\1+\0011]\1=\1function()\1%s\1=\1(%s\1+\0011)\1%%\001100\1return\1 %s\1end"):format(v.name, v.name,
    v.name))
  else emit(("keep[#keep\1+\0011]\1=\1function()\1return\1 %s\1end"):format(v.name)) end
end
function statements.global_function()
  made = made + 1
  local name = pick { "gf" .. made, "gf" .. made, "gr\195\182\195\159e_f" .. made, "V.f" .. made, "V.g\228" .. made }
  local parameters, names = new_parameters(random(3))
  emit(("function %s(%s)"):format(name, table.concat(names, ",\1")))
  body(parameters, false, "n", random(4))
  emit "end"
  emit(("T(%s(%s))"):format(name, arguments(parameters, 2)))
end
-- Errors, with the line where they are.
local errors = { "error('boom')", "error('boom',\0011)", "error('boom',\0012)", "error('boom',\0010)", "error(5)", "error()", "error({})",
  "error(I5)", "local x\1=\1nil\1+\0011",
  "local x\1=\1(nil).x", "undefined()", "local x\1=\1#nil", "local x\1=\1{}\1<\1{}", "local x\1=\0011\1<\1'x'", "local x\1=\1I5\1<\1'x'",
    "local x\1=\1('x')()", "local x\1=\1I5.x", "local x\1=\1{}\1..\1'x'",
  "local x\1=\1I5\1..\1'x'", "local x\1=\1I5\1==\1'x'", "local x\1=\1I5\1+\1{}", "V.nothing.x\1=\0011", "local x\1=\1NULL\1+\1nil",
    "V:nothing()", "local x\1=\1id(I5)\1==\1{}",
  "if\1 I5\1==\1'x' then end", "while I5\1==\1{} do end", "repeat until I5\1<\1{}", "return\1 I5\1==\1'x'", "local x\1=\1-{}",
    "for i\1=\0011,\1{} do end", "local x\1=\1EB\1==\1'nope'", "local x\1=\1ST\1+\0011",
  "T(pcall(error,\1'boom',\0012))", "T(pcall(error,\1'boom'))", "local x\1=\1V.goto.x", "local x\1=\1gr\195\182\195\159e.x.y",
    "assert(false,\1'boom')", "assert(nil)", "ffi.new('nonsense')", "local x\1=\1ST.nope",
  "local x\1=\1ST\1<\1nil", "V.goto:goto()", "V:m\233(1)", "local x\1=\1P1\1==\1'text'", "local x\1=\1D2\1>\1nil", "error(EB)",
    "local x\1=\1ffi\1<\1I5" }
function statements.error()
  local text = pick(errors)
  local n = random(3)
  if n == 1 then return emit(("P(function() %s end)"):format(text)) end
  emit "P(function()"
  local outer_fn, outer_blocks, outer_loops, mark = fn, blocks, loops, #scope
  fn, blocks, loops = { active = 0, most = 0, vararg = false, depth = fn.depth + 1, result = "n" }, {}, 0
  statements.block()
  emit "do local function f()"
  emit(text)
  emit "end"
  emit(pick { "f()", "local x\1=\1f()", "T(f(),\0011)", "if f() then end", "T(f()\1==\1nil)" })
  emit "end"
  leave(mark)
  fn, blocks, loops = outer_fn, outer_blocks, outer_loops
  emit "end)"
end
function statements.protected()
  emit "T(P(function(...)"
  body({}, true, "m", random(5))
  emit(("end, %s))"):format(with_order(any, 1)))
end
function statements.jump()
  local list_ = targets()
  if #list_ == 0 then return end
  local target = pick(list_)
  local jump = pick { "goto %s", "goto %s", "goto\1 %s", "do goto %s end", "goto --[[x]] %s" }:gsub("%%s", target[1])
  local condition = with_order(cond, 2)
  if target[2] then
    emit(("if again()\1 and\1 (%s)\1 then\1 %s\1 end"):format(condition, jump))
  elseif chance(80) then
    emit(("if\1 %s\1 then\1 %s\1 end"):format(condition, jump))
  else
    -- A block must not begin with a jump within it: Lua 5.2 runs the `else` then, too.
    emit("T() " .. jump)
  end
end
function statements.comment()
  if inline == 0 then emit(pick { "-- a == nil ]]", "--[[ goto x ]]", "--[==[ ]] 1LL ]==]", "--", "---[[ x",
    "--[=[\n]=]" }) else emit "--[[ c ]]" end
end
function statements.deep()
  if inline > 0 then return end
  local n = pick { 5, 20, 40, 60, 100, 140 }
  local kind = random(8)
  -- Each comparison is a call, at most, which Lua counts among its 200 levels.
  if kind == 3 or kind == 4 then n = math.min(n, 60) end
  if kind == 7 then return emit(("T(%s%s%s)"):format(("{"):rep(n), cond(1), ("}"):rep(n))) end
  if kind == 8 then
    n = math.min(n, 60)
    return emit(("%s T(%s) %s"):format(("if\1 id(NULL)\1==\1nil\1 then "):rep(n), cond(1), (" end"):rep(n)))
  end
  if kind == 1 then emit(("T(%s%s%s)"):format(("("):rep(n), any(1), (")"):rep(n)))
  elseif kind == 2 then emit(("T(%s%s)"):format(("not "):rep(n), cond(1)))
  elseif kind == 3 then emit(("T(%s%s%s)"):format(("id("):rep(n), cdata(1), ("\1==\1nil)"):rep(n)))
  elseif kind == 4 then emit(("T(%s%s)"):format(cond(1), ("\1==\1(%s)"):format(cond(0)):rep(n)))
  elseif kind == 5 then emit(("%s T(%s) %s"):format(("do "):rep(n), cond(1), ("end "):rep(n)))
  else emit(("T(%s%s%s)"):format(("(function() return "):rep(math.floor(n / 2)), cond(1), (" end)()"):rep(math.floor(n / 2)))) end
end
local common_names = { "trace", "trace", "trace_condition", "trace_condition", "assign", "assign", "assign_many", "call", "if", "if",
  "while", "repeat", "for", "keep", "block",
  "global", "count", "in_parentheses", "error", "protected", "index", "index", "coroutine", "yield", "handled", "big", "comment",
    "global_function", "deep", "jump" }

-- kind: plain, loop, repeat, function. A function's block ends with its result.
function block(count, kind, result)
  local mark = #scope
  local b = { kind = kind, at = 0, has_tail = false }
  local used = {}
  local jumps = chance(flavour.jumps)
  for _ = 1, math.min(count, math.max(budget, 0)) do
    if jumps and chance(30) then
      local name = pick(label_names)
      if not used[name] then
        used[name] = true
        b[#b + 1] = { label = name }
      end
    end
    b[#b + 1] = { is_local = chance(30) }
    if jumps and chance(25) then b[#b + 1] = { is_jump = true } end
    budget = budget - 1
  end
  local in_loop = loops > 0
  local tail = result and "return" or in_loop and kind == "plain" and chance(20) and "break" or chance(4) and fn.depth > 0 and "return"
  b.has_tail = tail and true
  if jumps and chance(60) or kind == "loop" and chance(flavour.jumps / 2) then
    for _ = 1, chance(20) and 2 or 1 do
      local name = pick(label_names)
      if not used[name] then
        used[name] = true
        b[#b + 1] = { label = name }
      end
    end
  end
  if kind == "function" then blocks = {} end
  blocks[#blocks + 1] = b
  for i = 1, #b do
    local slot = b[i]
    b.at = i
    if slot.label then
      emit(("::%s::"):format(slot.label))
      if chance(15) then emit "\2" end
      if chance(15) and i < #b and not b[i + 1].label then emit(("(T)(%s)"):format(with_order(any, 1))) end
    elseif slot.is_local then
      if flavour.many and chance(30) then local_many() else pick(locals)() end
    elseif slot.is_jump then
      statements.jump()
    else
      statement()
    end
    if chance(5) then emit "\2" end
    if in_loop and chance(4) then
      emit(filled(pick { "if\1 %s\1 then T(0) \3 T(1) end", "if\1 %s\1 then \3 local x\1=\1T() T(x) end",
        "do if\1 %s\1 then \3 \2 T(1) end end", "if\1 %s\1 then T(0) else \3 T(1) end" },
        function() return with_order(cond, 1) end, 1))
    elseif in_loop and chance(1) then
      emit "\3"
    end
  end
  b.at = #b + 1
  if tail == "break" then
    emit(pick { "break", "break;", "do break end" })
  elseif tail then
    local wanted = fn.result
    if wanted == "m" then
      emit(("return\1 %s%s"):format(with_order(list, item, random(3), 2), pick { "", ";", "" }))
    elseif wanted == "b" then
      emit(("return\1 %s"):format(with_order(cond, 3)))
    elseif wanted == "s" then
      emit(("return\1 (%s):sub(-20)"):format(with_order(str, 2)))
    elseif chance(15) and visible "f" then
      local v = visible "f"
      local text = arguments(v.parameters, 2)
      emit((chance(70) and "return\1 %s(%s)" or "return\1 (%s(%s))"):format(v.name, text))
    else
      emit(("return\1 %s%s"):format(with_order(kept, "n", 3), pick { "", ";", "" }))
    end
  end
  blocks[#blocks] = nil
  if kind ~= "repeat" then leave(mark) end
end
function statement()
  local name = pick(common_names)
  if budget < -20 then name = "trace" end
  statements[name]()
end

return function(seed)
  common.seed(seed)
  flavour = { odd = pick { 5, 5, 30 }, jumps = pick { 0, 15, 40, 70 }, many = chance(10), loose = chance(30), ends = { "", "", "", "", "",
    "", "", ";", ";", "; (T)(1)" } }
  out, scope, blocks, loops, pure, inline, made = {}, {}, {}, 0, false, 0, 0
  budget = pick { 10, 20, 40, 80, 150 }
  fn = { active = 0, most = 0, vararg = true, depth = 0, result = "m" }
  emit("gn1, gn2, GN, gr\195\182\195\159e, goto, global, \252ber = 1, 2.5, 30, 4, 5, 6, 7")
  if chance(8) then
    for i = 1, 150, 30 do
      local names = {}
      for k = i, i + 29 do names[#names + 1] = "m" .. k end
      emit(("local %s\1=\1%s"):format(table.concat(names, ", "), ("1, "):rep(29) .. "2"))
      for _, name in ipairs(names) do declare(name, "n", chance(10)) end
    end
  end
  if chance(50) then emit "local ffi = require 'ffi'" declare("ffi", "hidden") end
  if chance(50) then
    -- What fails in a part does not end the program.
    for _ = 1, 3 do
      emit "P(function(...)"
      body({}, true, "m", 6)
      emit "end, ...)"
      local_statement()
    end
  end
  block(pick { 5, 8, 12 }, "function", chance(30) and "m" or nil)
  return out, flavour.loose
end
