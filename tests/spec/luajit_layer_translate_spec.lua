-- Programs written for LuaJIT, translated: each gives what LuaJIT gives.
-- oracle: LuaJIT
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

-- The function that a text is on LuaJIT.
local function compile(text)
  if H.is_luajit then return assert(loadstring(text, "=text")) end
  local load = loadstring or load
  local result, needs_run_time = assert(ffi.translate(text, "text"))
  local f = assert(load(result, "=text"))
  return needs_run_time and f(ffi.run_time) or f
end

ffi.cdef "enum layer_color { red, green };"

-- Rows of expressions over these, and their values by LuaJIT.
local prelude = [[
local ffi = require "ffi"
local NULL, p = ffi.cast("void *", 0), ffi.new("int[4]") + 1
local i, u, d = ffi.cast("int64_t", 5), ffi.cast("uint64_t", 5), ffi.new("double", 5)
local color = ffi.new("enum layer_color", "green")
local s, five, none, text = ffi.new("struct { int x; }"), 5, nil, "green"
local t = { NULL = NULL, i = i, five = five, color = color, p = p }
]]

-- As a result, in an assignment and as a condition: comparisons are translated otherwise where a statement begins with them.
local function check(rows)
  for _, row in ipairs(rows) do
    lu.assertEquals(compile(prelude .. "return " .. row[1])(), row[2], row[1])
    lu.assertEquals(compile(prelude .. "local x = " .. row[1] .. " return x")(), row[2], row[1])
    local condition = prelude .. "if " .. row[1] .. " then return 1 elseif not (" .. row[1] .. ") then return 2 end"
    lu.assertEquals(compile(condition)(), row[2] and 1 or 2, row[1])
    local loop = prelude .. "local n = 0 while " .. row[1] .. " do n = n + 1 if n == 3 then break end end return n"
    lu.assertEquals(compile(loop)(), row[2] and 3 or 0, row[1])
  end
end

TestTranslatedComparisons = {}

function TestTranslatedComparisons:test_nil()
  check {
    { "NULL == nil", true }, { "nil == NULL", true }, { "NULL ~= nil", false }, { "p == nil", false }, { "nil ~= p", true },
    { "t.NULL == nil", true }, { "t.p ~= nil", true }, { "t.nothing == nil", true }, { "t.nothing == NULL", true },
    { "NULL == none", true }, { "none ~= p", true }, { "s == nil", false }, { "i == nil", false }, { "text == nil", false },
    { "(NULL) == (nil)", true }, { "NULL == false", false }, { "NULL == 0", false },
  }
end

function TestTranslatedComparisons:test_numbers_and_enums()
  check {
    { "i == 5", true }, { "5 == u", true }, { "i ~= 5", false }, { "d == 5", true }, { "i == 6", false }, { "i == five", true },
    { "five ~= u", false }, { "t.i == t.five", true }, { "i == -5", false }, { "5LL == 5", true }, { "5 ~= 5ULL", false },
    { "1LL == 2LL", false }, { "color == 'green'", true }, { "'red' == color", false }, { "color ~= text", false },
    { "t.color == 'green'", true }, { "color == 1", true }, { "i == '5'", false }, { "five == 'green'", false },
    { "s == 5", false }, { "i == true", false }, { "text == 5", false }, { "i == u", true },
  }
end

function TestTranslatedComparisons:test_order()
  check {
    { "i < 6", true }, { "6 > i", true }, { "i <= 5", true }, { "five >= u", true }, { "i > 5", false }, { "t.i < t.five", false },
    { "1LL < 2", true }, { "2 <= 1ULL", false }, { "1 < 2", true }, { "'a' < text", true }, { "text > 'a'", true },
  }
end

function TestTranslatedComparisons:test_metamethods_are_asked_once()
  lu.assertEquals(compile [[
local ffi = require "ffi"
local seen = {}
local T = ffi.metatype("struct { int x; }", { __eq = function(a, b) seen[#seen + 1] = type(b) return b == nil end })
local a, b = T(1), T(2)
local results = { a == nil, a ~= nil, a == "x", a == b }
return tostring(results[1]) .. tostring(results[2]) .. tostring(results[3]) .. tostring(results[4]) .. #seen
]] (), "truefalsefalsetrue5")
end

-- Other libraries' userdata are asked nothing: their __eq may count on its operands.
function TestTranslatedComparisons:test_userdata_of_others()
  local new, asked = newproxy or ffi.run_time.newproxy, 0
  local first = new(true)
  local second = new(first)
  debug.getmetatable(first).__eq = function(a, b)
    local is_mine = (rawequal(a, first) or rawequal(a, second)) and (rawequal(b, first) or rawequal(b, second))
    if not is_mine then error "not mine" end
    asked = asked + 1
    return true
  end
  local results = compile [[
    local a, b, five, none = ...
    local out = {}
    for round = 1, 2 do
      if a == nil or nil == a or a == 5 or a == "x" or a == five or none == a then out[#out + 1] = "wrong" end
      out[#out + 1] = a == b and "equal" or "different"
      if a ~= b then out[#out + 1] = "wrong" end
      if (function() return a end)() == b then out[#out + 1] = "same" end
    end
    return table.concat(out, " ")
  ]] (first, second, 5, nil)
  lu.assertEquals({ results, asked > 0 }, { "equal same equal same", true })
end

-- What is kept for the loop lies around all of it, also where a jump goes back to a label of its body.
function TestTranslatedComparisons:test_jumps_back_in_a_loop()
  lu.assertEquals(compile(prelude .. [[
local n, rounds = 0, 0
repeat
  rounds = rounds + 1
  ::again::
  n = n + 1
  if i == n then goto again end
  local same = n
  if five == n then n = n + 1 goto again end
until same == 7 or same ~= five and rounds == 8
local function first()
  repeat
    ::again::
    rounds = rounds + 1
    if rounds < 12 then goto again end
    return i == rounds - 7
  until ""
end
return n .. " " .. rounds .. tostring(first())
]]) (), "7 6true")
end

-- A condition has functions with loops of their own.
function TestTranslatedComparisons:test_jumps_in_a_loop_and_in_its_condition()
  lu.assertEquals(compile(prelude .. [[
local n, out = 0, {}
repeat
  ::again::
  n = n + 1
  if n % 2 == 1 then goto again end
  for k = 1, 3 do
    if k == 2 then goto continue end
    out[#out + 1] = n .. ":" .. k
    ::continue::
  end
until (function(least)
  local m = 0
  repeat
    ::more::
    m = m + 1
    if m < 5 then goto more end
  until (function() do return m == five end end)() or m > least
  return n > m
end)(6)
return table.concat(out, " ")
]]) (), "2:1 2:3 4:1 4:3 6:1 6:3")
end

-- The variables that loops keep of the run-time support do not reach labels, closures and breaks.
function TestTranslatedComparisons:test_loops()
  lu.assertEquals(compile(prelude .. [[
local out = {}
for k, x in ipairs { p, NULL, i, five, "green", color } do
  local n = 0
  repeat
    n = n + 1
    if x == nil then out[#out + 1] = "nil" goto continue end
    for _ = 1, 2 do
      while x == i do
        out[#out + 1] = "i" .. k
        if (function() for _ = 1, 1 do return x == five, x ~= nil end end)() then out[#out + 1] = "five" break end
        break
      end
      if x == color then out[#out + 1] = "c" .. k break end
    end
  until x ~= text or n == 2
  ::continue::
end
return table.concat(out, " ")
]]) (), "nil i3 five i3 five i4 five i4 five c5 c5 c6 c6")
end

function TestTranslatedComparisons:test_operands_once_and_in_order()
  lu.assertEquals(compile [[
local order = {}
local function f(x) order[#order + 1] = x return x end
local _ = f(1) == f(2) and f(3) or f(4) ~= f(5)
_ = f(6) < f(7), f(8) >= f(9)
return table.concat(order, " ")
]] (), "1 2 4 5 6 7 8 9")
end

function TestTranslatedComparisons:test_errors_keep_words_and_line()
  local f = compile "\nlocal a, b = ...\nreturn a < b"
  lu.assertErrorMsgContains("text:3: attempt to compare", f, 1, nil)
  lu.assertErrorMsgContains("attempt to compare two table values", f, {}, {})
end

-- What fails in a comparison of two cdata, or in a method whose name is none here, fails in the program's line.
function TestTranslatedComparisons:test_places_of_errors()
  local rows = {
    { "return i < s", "compare" }, { "return t.p <= t.i", "compare" }, { "local x = t.five:goto() return x", "index" },
    { "local x = t:goto() return x", "call" }, { "local x = t.none:m\228() return x", "index" }, { "return not (id(i) < {})", "compare" },
  }
  for _, row in ipairs(rows) do
    local f = compile(prelude .. "local function id(x) return x end\nlocal function f()\n" .. row[1] .. "\nend return pcall(f)")
    local ok, why = f()
    lu.assertFalse(ok, row[1])
    lu.assertStrContains(why, "^text:" .. (select(2, prelude:gsub("\n", "")) + 3) .. ": .*" .. row[2], true, false, row[1])
  end
end

function TestTranslatedComparisons:test_order_is_true_or_false()
  lu.assertEquals(compile [[
local ffi = require "ffi"
local T = ffi.metatype("struct { int x; }", { __lt = function() return "yes" end, __le = function() return nil end })
local a = T(1)
return tostring(a < 5) .. tostring(5 > a) .. tostring(a <= 5) .. tostring(nil >= a) .. tostring(a < T(2))
]] (), "truetruefalsefalsetrue")
end

-- Statements that begin with a comparison: its operands are evaluated once, and before all else.
function TestTranslatedComparisons:test_statements()
  lu.assertEquals(compile(prelude .. [[
local out = {}
local function id(x, mark) out[#out + 1] = mark or "." return x end
local function kind(x)
  if id(x) == nil and id(true, "a") then out[#out + 1] = "nil"
  elseif id(x) == 5 or id(false, "o") then out[#out + 1] = "five"
  elseif not (id(x) ~= "green") then out[#out + 1] = "green"
  elseif id(x, "l") == id(p, "r") then out[#out + 1] = "p"
  elseif p == id(nil, "n") then out[#out + 1] = "never"
  else
    while id(x, "w") ~= nil do
      if id(x) == id(true, "t") then goto continue end
      out[#out + 1] = "other"
      ::continue::
      x = nil
    end
  end
  return id(x, "R") == nil, x == five
end
for k = 1, 8 do
  local x = ({ NULL, p, i, 5, false, true, "green", color })[k]
  local first, second = kind(x)
  out[#out + 1] = (first and "+" or "-") .. (second and "+" or "-") .. ";"
end
kind(nil)
return table.concat(out)
]]) (),
    ".anilR+-;..o.lrpR--;..fiveR-+;..fiveR-+;..o.lrnw.totherwR+-;..o.lrnw.twR+-;..o.greenR--;..o.greenR--;.anilR")
end

function TestTranslatedComparisons:test_closures_and_recursion_in_conditions()
  lu.assertEquals(compile [[
local function depth(t) if t.inner == nil then return 0 end return 1 + depth(t.inner) end
local kept = {}
local node = { value = 1, next = { value = 2, next = { value = 3 } } }
while node.value ~= nil do
  local value = node.value
  kept[#kept + 1] = function() value = value + 1 return value end
  if node.next == nil then break end
  node = node.next
end
local function each(t) return (function() if t[1] == (function() return t[1] end)() then return "same" end end)() end
return depth { inner = { inner = {} } } .. kept[1]() .. kept[1]() .. kept[3]() .. each { 4 }
]] (), "2234same")
end

TestTranslatedTexts = {}

function TestTranslatedTexts:test_concatenation()
  check {
    { "'a' .. 4 / 2 .. five .. 1 / 0", "a25inf" }, { "2 ^ 53 .. ''", "9.007199254741e+15" }, { "(function(x) return x .. '|' .. x / 2 end)(3)", "3|1.5" },
    { "pcall(function() return none .. 'x' end)", false }, { "'x' .. tostring(i)", "x5LL" },
    { "'x' .. (text and 1e1)", "x10" }, { "'x' .. (none or 1e1 or text)", "x10" }, { "(text and 4 / 2 or text) .. ''", "2" },
    { "(function(y) local v = 'a' if y then v = 3.0 end return 'x' .. v end)(true)", "x3" }, { "'x' .. (none == nil and text)", "xgreen" },
  }
end

function TestTranslatedTexts:test_strings_are_addresses()
  check {
    { "ffi.cast('const char *', text) == text", true }, { "text ~= ffi.cast('const char *', text)", false }, { "NULL == text", false },
    { "t.p == 'green'", false },
  }
end

TestTranslatedLiterals = {}

function TestTranslatedLiterals:test_numbers()
  check {
    { "tostring(1LL)", "1LL" }, { "tostring(0xffffffffffffffffULL)", "18446744073709551615ULL" }, { "tostring(-1LL)", "-1LL" },
    { "tostring(0x10ll)", "16LL" }, { "tostring(2i)", "0+2i" }, { "tostring(1.5i)", "0+1.5i" }, { "tostring(-2i)", "0-2i" }, { "0xffffffffffffffff > 1e19", true },
    { "0x7fffffffffffffff + 0 > 9e18", true }, { "9007199254740993 == 2^53", true }, { "tostring(2LL^3)", "8LL" },
  }
end

function TestTranslatedLiterals:test_strings()
  check {
    { [["\x41\u{20ac}\z
        b"]], "A\226\130\172b" },
    { [['\x00' .. "\u{7f}"]], "\0\127" },
  }
end

TestTranslatedNames = {}

function TestTranslatedNames:test_goto_is_a_name()
  lu.assertEquals(compile [[
local t = { goto = 1 }
function t:goto_(n) return n end
function t.f() return 2 end
local goto = 3
do local t2 = {} function t2:goto(x, y) return self == t2 and x end t.goto2 = t2:goto(4, 5) end
return t.goto + t.f() + goto + t.goto2
]] (), 10)
end

-- A method whose name is none here yields, and its caller is the program.
function TestTranslatedNames:test_methods_are_called_by_the_program()
  lu.assertEquals(compile(([[
local t = {}
function t:goto(x) return x + coroutine.yield(x) end
function t:NAME(x) return self == t and self:goto(x) end
local co = coroutine.wrap(function() return t:NAME(4) end)
return co() .. " " .. co(3)
]]):gsub("NAME", "\228"))(), "4 7")
end

function TestTranslatedNames:test_no_two_names_become_one()
  lu.assertEquals(compile "local \195\169, c3\169, _c3_a9, _\169 = 1, 2, 3, 4 return \195\169 .. c3\169 .. _c3_a9 .. _\169" (), "1234")
end

function TestTranslatedNames:test_loop_variables_are_assigned()
  lu.assertEquals(compile [[
local out = {}
for i = 1, 3 do i = i * 2 out[#out + 1] = i end
for k, v in pairs { 7 } do k, v = v, k out[#out + 1] = k + v end
for i = 1, 2 do local f = function() i = i + 10 end f() out[#out + 1] = i end
return table.concat(out, " ")
]] (), "2 4 6 8 11 12")
end

TestTranslatedGoto = {}

function TestTranslatedGoto:test_all_shapes()
  local text = [[
local out = {}
local function p(...) out[#out+1] = table.concat({...}, ",") end
do -- a jump forward into a loop of jumps backward
  local n = 0
  goto mid
  ::top::
  n = n + 10
  ::mid::
  n = n + 1
  p(n)
  if n < 40 then goto top end
end
for i = 1, 4 do
  for j = 1, 4 do
    if j == i then goto next_i end
    if i == 3 then goto out end
    p(i, j)
  end
  p("full", i)
  ::next_i::
end
::out::
do -- closures keep their variables
  local fs = {}
  do
    local k = 0
    ::again::
    local x = k
    fs[#fs + 1] = function() x = x + 1 return x end
    k = k + 1
    if k < 3 then goto again end
  end
  p(fs[1](), fs[1](), fs[2](), fs[3]())
end
do
  local i = 0
  repeat
    i = i + 1
    if i == 2 then goto continue end
    if i == 4 then break end
    p("r", i)
    ::continue::
  until i > 5
end
do -- the condition sees the variables of a body that is jumped in
  local i, k = 0, 0
  repeat
    ::redo::
    i = i + 1
    local z = i * 2
    if i == 2 then goto redo end
    if i == 9 then break end
    while true do if i % 3 == 0 then goto redo end break end
    k = k + z
    p("z", z)
  until z > 20 or k > 100
end
local function f(a)
  if a == 1 then goto one end
  if a == 2 then goto two end
  do return "none" end
  ::one:: do return "one" end
  ::two:: return "two"
end
p(f(1), f(2), f(3))
for i = 1, 3 do
  if i == 2 then goto c end
  for j = 1, 3 do
    if j == 2 then goto d end
    if j == 3 then break end
    p("n", i, j)
    ::d::
  end
  if i == 3 then break end
  p("after", i)
  ::c::
end
do
  local n = 0
  ::a::
  n = n + 1
  do
    if n == 1 then goto a end
    if n == 2 then goto b end
    if n == 3 then goto c end
    p("fall", n)
    goto e
  end
  ::b:: p("b") goto a
  ::c:: p("c") n = 4 goto a
  ::e:: p("e")
end
return table.concat(out, " ")
]]
  lu.assertEquals(compile(text)(), "1 12 23 34 45 2,1 1,2,2,3 r,1 r,3 z,2 z,8 z,10 z,14 z,16 one,two,none n,1,1 after,1 n,3,1 "
    .. "b c fall,5 e")
end

TestTranslatedText = {}

function TestTranslatedText:test_what_needs_nothing_is_the_same_string()
  H.not_on_luajit()
  local text = "local a = 1 return a + 1"
  local result, needs_run_time = ffi.translate(text)
  lu.assertTrue(rawequal(result, text))
  lu.assertFalse(needs_run_time)
  local binary = string.dump(function() return 1 end)
  lu.assertTrue(rawequal(ffi.translate(binary), binary))
end

function TestTranslatedText:test_environments_do_not_hide_the_run_time()
  local f = compile "local a, b = ... return a == nil, b"
  if setfenv then setfenv(f, {}) end
  lu.assertEquals({ f(ffi.cast("void *", 0), 2) }, { true, 2 })
end

function TestTranslatedText:test_errors()
  H.not_on_luajit()
  lu.assertEquals({ ffi.translate("\nx = = 1", "name") }, { nil, "name: line 2: unexpected symbol near '='" })
  lu.assertErrorMsgContains("(string expected, got nil)", ffi.translate, nil)
  lu.assertErrorMsgContains("(table expected, got number)", ffi.translate, "", "", 1)
  lu.assertErrorMsgContains("dialect must be '5.1' to '5.5'", ffi.translate, "", "", { dialect = "6" })
  lu.assertEquals(ffi.translate("x = 0x1p-1", nil, { dialect = "5.1" }), "x = 0.5")
end

function TestTranslatedText:test_notes_and_programs()
  H.not_on_luajit()
  local text, _, notes = ffi.translate("local a = f()\nif a == nil then return 1LL end", nil, { notes = true, program = true })
  lu.assertStrContains(text, "local __ferry=require\"ferry.luajit\".run_time local __ferry_null=__ferry.null; local a")
  table.sort(notes, function(a, b) return a.text < b.text end)
  lu.assertEquals(notes, { { line = 2, text = "== of a cdata and another value" }, { line = 2, text = "a boxed number" } })
end

function TestTranslatedGoto:test_labels_of_one_name()
  lu.assertEquals(compile [[
local out, n, m = {}, 0, 0
do
  ::top::
  n = n + 1
  m = 0
  do
    ::top::
    m = m + 1
    out[#out + 1] = n .. "." .. m
    if m < 2 then goto top end
    do if m == 2 then m = 5 goto top end end
  end
  if n < 2 then goto top end
end
::done::
for i = 1, 2 do
  if i == 1 then goto done end
  out[#out + 1] = "i" .. i
  ::done::
end
return table.concat(out, " ")
]] (), "1.1 1.2 1.6 2.1 2.2 2.6 i2")
end

function TestTranslatedGoto:test_labels_of_one_name_that_is_none_here()
  lu.assertEquals(compile(([[
local n = 0
do
  ::NAME::
  n = n + 1
  do
    if n < 3 then goto NAME end
    ::NAME::
    n = n + 1
    if n < 6 then goto NAME end
  end
  if n < 8 then goto NAME end
end
return n
]]):gsub("NAME", "\228"))(), 8)
end

-- LuaJIT reads such a `break` if it was built to. A `goto` that is none is in the text.
function TestTranslatedGoto:test_break_within_a_block()
  H.not_on_luajit "has it in some builds only"
  for _, before in ipairs { "", "-- goto\n", "local t = '::' ", "do goto a ::a:: end " } do
    lu.assertEquals(compile(before .. "local n = 0 for i = 1, 3 do n = i if i == 2 then break n = 7 end end return n")(), 2, before)
  end
end

-- More than Lua 5.1 allows with one of the run-time support's.
function TestTranslatedNames:test_as_many_upvalues_as_there_may_be()
  local names, sum = {}, {}
  for k = 1, 60 do
    names[k] = "v" .. k
    sum[k] = "(v" .. k .. " or 1)"
  end
  if H.version == "5.1" then setmetatable(string, { __index = { __ferry = ffi.run_time } }) end -- as the layer does
  local f = compile("local " .. table.concat(names, ",") .. " local function f(x) local sum = " .. table.concat(sum, "+") ..
    " if x == nil then sum = sum + 1 end return function() return sum, x == nil, v1 end end return f")
  local sum_of, is_nil = f()(ffi.cast("void *", 0))()
  if H.version == "5.1" then setmetatable(string, nil) end
  lu.assertEquals({ sum_of, is_nil }, { 61, true })
end

-- What a list of steps does: words are nothing, as loops run once, jumps are taken as often as they say.
local function simulate(steps)
  local place, out, taken, at = {}, {}, {}, 1
  for i, step in ipairs(steps) do
    if step.label then place[step.label] = i end
  end
  while steps[at] do
    local step, next_one = steps[at], at + 1
    if step.mark then out[#out + 1] = step.mark end
    if step.to then
      taken[at] = (taken[at] or 0) + 1
      if taken[at] <= step.times then next_one = place[step.to] end
    end
    at = next_one
  end
  return table.concat(out, " ")
end

local function text_of(steps)
  local out = { "local out, taken = {}, {} local function C(n, times) taken[n] = (taken[n] or 0) + 1 return taken[n] <= times end" }
  for i, step in ipairs(steps) do
    if step.mark then out[#out + 1] = ("out[#out + 1] = %d"):format(step.mark) end
    if step.label then out[#out + 1] = ("::%s::"):format(step.label) end
    if step.to then out[#out + 1] = ("if C(%d, %d) then goto %s end"):format(i, step.times, step.to) end
    out[#out + 1] = step.word
  end
  return "local result = (function() " .. table.concat(out, "\n") .. "\nreturn table.concat(out, ' ') end)() return result -- the last line"
end

function TestTranslatedGoto:test_random_jumps()
  local state = 4711
  local function random(n)
    state = state * 16807 % 2147483647
    return state % n + 1
  end
  local labels, marks
  local function block(steps, visible, depth)
    local own, waiting = { (table.unpack or unpack)(visible) }, {}
    for _ = 1, random(4) do
      labels = labels + 1
      waiting[#waiting + 1] = "l" .. labels
      own[#own + 1] = "l" .. labels
    end
    for _ = 1, random(6) + 2 do
      if waiting[1] and random(2) == 1 then steps[#steps + 1] = { label = table.remove(waiting, 1) } end
      local kind = random(11)
      if kind <= 3 then
        marks = marks + 1
        steps[#steps + 1] = { mark = marks }
      elseif kind <= 7 then
        steps[#steps + 1] = { to = own[random(#own)], times = random(3) - 1 }
      elseif depth > 0 and kind <= 10 then
        steps[#steps + 1] = { word = kind == 8 and "do" or kind == 9 and "for _ = 1, 1 do" or "while true do" }
        block(steps, own, depth - 1)
        steps[#steps + 1] = { word = kind == 10 and "break end" or "end" }
      elseif depth > 0 then
        steps[#steps + 1] = { word = "repeat" }
        block(steps, own, depth - 1)
        steps[#steps + 1] = { word = "until (function()" }
        block(steps, {}, depth - 1)
        steps[#steps + 1] = { word = "return true end)()" }
      end
    end
    for _, label in ipairs(waiting) do steps[#steps + 1] = { label = label } end
    steps[#steps + 1] = { word = ";" }
  end
  for i = 1, H.slow and 60 or 400 do
    local steps = {}
    labels, marks = 0, 0
    block(steps, {}, 2)
    local text = text_of(steps)
    local ok, f = pcall(compile, text)
    lu.assertTrue(ok, i .. ": " .. tostring(f) .. "\n" .. text)
    lu.assertEquals(f(), simulate(steps), text)
  end
end

-- Nothing goes behind the last comment, which no line ends.
function TestTranslatedGoto:test_last_comment()
  lu.assertEquals(compile "local n = 0 ::a:: n = n + 1 if n < 3 then goto a end RESULT = n -- end" () or RESULT, 3)
  RESULT = nil
end

H.run()
