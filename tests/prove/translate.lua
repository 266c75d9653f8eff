-- Random whole programs (translate_programs.lua), run here as require "ferry.luajit" translates them, and by LuaJIT, which is the judge: what
-- they print has to be the same, line by line, and lines of errors, too.
--   translate.lua SEED PROGRAMS           prints what the programs print, whatever Lua it runs on. PROGRAMS: so many, or FROM-TO
--   translate.lua compare SEED PROGRAMS   runs LuaJIT beside (LUAJIT="luajit -joff"), and prints what differs
--   translate.lua show SEED NUMBER        prints a program
--   translate.lua run FILE                prints what the program in that file prints
--   translate.lua differences             prints the list below
-- Each program is also translated for the other Luas; what comes of that has as many lines, and is translated once more. By its number it is
-- run again, from its own translation, or as a program that stands for itself (ffi.translate's option `program`).
-- What is documented as different is not made; this is the whole list.
local different = {
  order = "a local variable that a call changes within the same expression: Lua leaves open when it is read",
  integers = "integers from 2^53 on, on 5.3 and later, and % 0",
  wrap = "negative numbers and unsigned 64-bit integers that may be equal to what they become: LuaJIT leaves it to the processor",
  minus_zero = "-0 as a result: plain Lua's integers have none",
  for_text = "for loops whose limits are strings: numbers on LuaJIT and up to 5.3",
  table_order = "< and <= of a table whose metatable orders it and a cdata, from 5.2 on: asked of the table, if it comes first",
  tail_levels = "levels of errors and positions beyond a tail call: 5.1 counts those as levels",
  no_error = "error(nil) on 5.5: a text there",
  lines = "lines of errors in statements over several lines: each Lua names another of them",
  messages = "texts of errors: only their kind is compared, and where they were raised",
  concat = "`..` of three and more with a metamethod for another than the first: Lua 5.4.4 reads there what was its stack before that grew",
  yields = "yields across a C function from within pcall, on 5.1: the error is not there",
  else_part = "`if c then goto l ::l:: else f() end`: Lua 5.2 calls f",
  nesting = "more than 200 levels of blocks and calls: a comparison that becomes a call is one of them",
  swapped = "which operand __eq is given first: LuaJIT's compiler of bytecode puts constants behind",
  compatibility = "break that does not end its block, and empty statements: read by LuaJIT if it is built with LUAJIT_ENABLE_LUA52COMPAT; the judge " ..
    "is given the same in other words",
}
local folder = arg[0]:match "^(.*[/\\])" or ""
local arguments = dofile(folder .. "arguments.lua")
if arg[1] == "differences" then return arguments.list(different) end

local what = ({ compare = "compare", show = "show", run = "run" })[arg[1]]
local seed, programs = tonumber(arg[what and 2 or 1]) or 1, arg[what and 3 or 2] or "20"
local from, to = arguments.range(programs, what == "show" and tonumber(programs) or 1)
local is_luajit = rawget(_G, "jit") ~= nil
-- Read before the layer translates what is loaded.
local load_common, load_programs = assert(loadfile(folder .. "outcomes.lua")), assert(loadfile(folder .. "translate_programs.lua"))
local raw_load = loadstring or load
local raw_pcall = pcall
local layer = not is_luajit and require "ferry.luajit"
local ffi = require "ffi"
local common = load_common(ffi, false, is_luajit and type or ffi.type)
local make_program = load_programs(common)
local load_text = loadstring

---------------------------------------------------------------------------------------------------------------------------------
-- What programs find as globals

ffi.cdef [[
enum pe { PE_A, PE_B = 5, PE_C }; struct pmeta { int n; }; struct pplain { int x; }; struct pother { int n; };
]]
local trace, fuel, rounds
local function say(x)
  if ffi.istype("struct pmeta", x) then return "M" .. x.n end
  if type(x) == "cdata" and tostring(x):find "^enum pe" then return "enum " .. tonumber(x) end
  if type(x) == "string" then x = x:gsub("0x%x%x%x%x%x+", "address") end
  return common.canonical(x)
end
local function tell(...)
  fuel = fuel - 1
  if fuel < 0 then error("out of fuel", 0) end
  local out = {}
  for i = 1, select("#", ...) do out[i] = say((select(i, ...))) end
  trace[#trace + 1] = table.concat(out, ", ")
end
-- An error by what it is: where it was raised, and its kind, but for the programs' own.
local positioned = { index = true, arithmetic = true, compare = true, concat = true, call = true, length = true }
local with_lines
local function error_text(e)
  if e == "<no error object>" then e = nil end
  if type(e) ~= "string" then return "error value " .. say(e) end
  local place, message = e:match "^program:(%d+): (.*)$"
  place = place and (with_lines and place or "somewhere") or "nowhere"
  message = message or e
  local kind = common.kind_of(message)
  if message:find "boom" or message == "out of fuel" or message == "5" then return "error " .. place .. " " .. message end
  return positioned[kind] and ("error %s %s"):format(place, kind) or "error " .. kind
end
local function operand(x) return ffi.istype("struct pmeta", x) and "M" .. x.n or type(x) end
local function number(x) return (ffi.istype("struct pmeta", x) or ffi.istype("struct pother", x)) and x.n or tonumber(x) or 0 end

local function less(a, b)
  tell("lt", operand(a), operand(b))
  return number(a) < number(b)
end
local function less_or_equal(a, b)
  tell("le", operand(a), operand(b))
  return number(a) <= number(b) and "yes"
end
local M = ffi.metatype("struct pmeta", {
  __eq = function(a, b) return number(a) == number(b) and 1 or nil end,
  __lt = less,
  __le = less_or_equal,
  __concat = function(a, b)
    tell("concat", operand(a), operand(b))
    return operand(a) .. operand(b)
  end,
  __len = function(a) return a.n + 100 end,
  __call = function(a, x) return a.n + (tonumber(x) or 0) % 10 end,
  __index = function(a, key) return key == "double" and a.n * 2 or "no " .. tostring(key) end,
})
local of_tables = {}
of_tables.__eq = function(a, b) return a.n == b.n and "yes" end
-- LuaJIT asks the cdata first, and of two tables both; later Luas the one that comes first.
local function ordered(name, of_cdata, of_numbers)
  return function(a, b)
    if ffi.istype("struct pmeta", a) or ffi.istype("struct pmeta", b) then return of_cdata(a, b) end
    if getmetatable(a) ~= of_tables or getmetatable(b) ~= of_tables then error("attempt to compare", 2) end
    tell(name, a.n, b.n)
    return of_numbers(a.n, b.n)
  end
end
of_tables.__lt = ordered("table lt", less, function(a, b) return a < b and 0 end)
of_tables.__le = ordered("table le", less_or_equal, function(a, b) return a <= b or nil end)
of_tables.__concat = function(a, b) return "table " .. type(a) .. type(b) end
of_tables.__call = function(t, x) return t.n, x end
of_tables.__index = function(_, key) return key == 1 and "first" or nil end
local N = ffi.metatype("struct pother", { __eq = function() return true end, __index = { kind = "other" } })
local array = ffi.new "int[4]"
local keep_array = array
local function world()
  trace, fuel, rounds = {}, 1500, 40
  local env = {
    ffi = ffi, T = tell, M = M, keep = {},
    id = function(...) fuel = fuel - 1 if fuel < 0 then error("out of fuel", 0) end return ... end,
    tr = function(...)
      tell("tr", ...)
      return ...
    end,
    R = function(co, ...)
      local function ended(ok, ...)
        if ok then return ... end
        return error_text((...))
      end
      return ended(coroutine.resume(co, ...))
    end,
    H = function(e) return error_text(e) end,
    again = function()
      rounds = rounds - 1
      return rounds > 0
    end,
    P = function(f, ...)
      local function ended(ok, ...)
        if ok then tell("ended", ...) return ... end
        local text = error_text((...))
        tell(text)
        if text:find "out of fuel" then error("out of fuel", 0) end
        return text
      end
      return ended(pcall(f, ...))
    end,
    few = function(most, n) if n < (most or 1) then return n + 1, n * 2 end end,
    NULL = ffi.new "void *", IP = ffi.new "int *", P1 = array + 1, P2 = ffi.cast("int *", array), I5 = ffi.new("int64_t", 5),
      U5 = ffi.new("uint64_t", 5),
    I0 = ffi.new("int64_t", 0), UM = ffi.new("uint64_t", 2 ^ 63) + 5, EB = ffi.new("enum pe", 5), D2 = ffi.new("double", 2.5),
    ST = ffi.new "struct pplain", TA = setmetatable({ n = 1 }, of_tables), TB = setmetatable({ n = 1 }, of_tables),
      TC = setmetatable({ n = 3 }, of_tables), M1 = M(1), M2 = M(2), N1 = N(3),
  }
  env.V = { null = env.NULL, i5 = env.I5, env.IP, enum = env.EB, m = env.M2, name = "PE_B", list = { 3, 1, 2 }, ["goto"] = 1 }
  return env
end

---------------------------------------------------------------------------------------------------------------------------------
-- Texts of programs

-- What stands for places of space, empty statements and a `break` within a block.
local function layout(lines, is_loose)
  local text = table.concat(lines, "\n") .. "\n"
  local as_judged = is_luajit and what ~= "show"
  text = text:gsub("\3", as_judged and "do break end" or "break"):gsub("\2", as_judged and " " or ";")
  local tight, line_end = not is_loose and common.chance(30), common.chance(8) and "\r\n"
  text = text:gsub("()\1()", function(at, behind)
    local n = common.random(10)
    if is_loose then return n == 1 and "\n" or n == 2 and " --[[ x\n]]" or n == 3 and " -- 'x\n" or n == 4 and "\t" or " " end
    if tight then
      local a, b = text:sub(at - 1, at - 1), text:sub(behind, behind)
      local function is_word(c) return c:find "[%w_\128-\255]" ~= nil end
      if not (is_word(a) and is_word(b)) and not (a .. b):find "[-.%[%]=~<>:\1]" and a ~= "" then return "" end
    end
    return " "
  end)
  return line_end and text:gsub("\n", line_end) or text
end
local function text_of(number_)
  local lines, is_loose = make_program(seed * 1000003 + number_ * 7919)
  return layout(lines, is_loose), is_loose
end

-- Runs the chunk that `load` gives; what it printed.
local function run(load)
  local env = world()
  local chunk, why = load()
  if not chunk then return { "does not compile: " .. tostring(why) } end
  setfenv(chunk, setmetatable(env, { __index = _G }))
  local function ended(ok, ...)
    if not ok then
      local text = error_text((...))
      fuel = 10
      return tell(text)
    end
    fuel = 10
    tell("returned", ...)
  end
  ended(pcall(chunk, 11, "twelve", nil, ffi.new "void *"))
  fuel = 20
  for i = 1, math.min(#env.keep, 8) do
    if not pcall(function() tell(env.keep[i](), env.keep[i]()) end) then break end
  end
  return trace
end

local problems
local function problem(...) problems[#problems + 1] = (...):format(select(2, ...)) end
local function lines_in(text) return select(2, text:gsub("\n", "")) end
local dialects = { "5.1", "5.2", "5.3", "5.4", "5.5" }
local own = _VERSION:match "5%.%d"
-- What was printed first, and by the same program in another form; tells of the first line that differs.
local function expect_same(form, first, second)
  for i = 1, math.max(#first, #second) do
    if first[i] ~= second[i] then
      return problem("%s, line %d: %s\n    first: %s", form, i, tostring(second[i]), tostring(first[i]))
    end
  end
end

-- Translations for each Lua, and what else can be done with the one for this Lua.
local function translations(text, number_, first)
  for _, dialect in ipairs(dialects) do
    local result, needs_run_time = ffi.translate(text, "=program", { dialect = dialect })
    if not result then
      problem("for %s: %s", dialect, needs_run_time)
    else
      local added = needs_run_time and 1 or 0
      if lines_in(result) ~= lines_in(text) + added then problem("for %s: %d lines for %d", dialect, lines_in(result), lines_in(text)) end
      local again, why = ffi.translate(result, "=program", { dialect = dialect })
      if not again then problem("for %s, of the translation: %s", dialect, why) end
      if dialect == own and number_ % 3 == 1 and again then
        local second = run(function()
          local chunk, why_ = load_text(result, "=program")
          if not chunk then return nil, why_ end
          return needs_run_time and chunk(ffi.run_time) or chunk
        end)
        expect_same("of the translation", first, second)
      end
    end
  end
  if number_ % 3 == 2 then
    local result, why = ffi.translate(text, "=program", { program = true })
    if not result then return problem("as a program: %s", why) end
    local second = run(function() return raw_load(result, "=program") end)
    expect_same("as a program", first, second)
  end
end

io.stdout:setvbuf "full"
if what == "show" then return io.write((text_of(from))) end
if what == "run" then
  local file = assert(io.open(arg[2], "rb"))
  local text = file:read "*a"
  file:close()
  with_lines = true
  if is_luajit then text = text:gsub("%f[%w]break(%s+T%()", "do break end%1"):gsub("(%s);(%s)", "%1 %2"):gsub("(%s);(%s)", "%1 %2") end
  for _, line in ipairs(run(function() return load_text(text, "=program") end)) do print(line) end
  return
end

-- Gives each program's number and what it printed to `tell_about`; how many there are.
local function each(tell_about)
  for number_ = from, to do
    local text, is_loose = text_of(number_)
    with_lines = not is_loose
    local first = run(function() return load_text(text, "=program") end)
    problems = {}
    if not is_luajit then translations(text, number_, first) end
    tell_about(number_, first, text)
  end
end
if not what then
  each(function(number_, lines)
    for _, line in ipairs(lines) do io.write(number_, "\t", line, "\n") end
    for _, text in ipairs(problems) do io.write(number_, "\t!! ", text, "\n") end
    io.write(number_, " ends\n")
  end)
  return
end

local judge, why = common.judge(("%s %d %d-%d"):format(arg[0], seed, from, to))
if not judge then return print("translate: " .. why) end
local differences, compared, refused = 0, 0, 0
each(function(number_, lines)
  local judged = {}
  for line in judge:lines() do
    if line == number_ .. " ends" then break end
    judged[#judged + 1] = line:gsub("^%d+\t", "", 1)
  end
  local is_deep = lines[1] and lines[1]:find "^does not compile" and (lines[1]:find "levels" or lines[1]:find "C stack overflow")
  if is_deep or judged[1] and judged[1]:find "^does not compile" then
    refused = refused + 1
    if os.getenv "MESSAGES" then print(number_, is_deep and lines[1] or judged[1]) end
    return
  end
  compared = compared + #judged
  for i = 1, math.max(#lines, #judged) do
    if lines[i] ~= judged[i] then
      problem("line %d\n  here:   %s\n  LuaJIT: %s", i, tostring(lines[i]), tostring(judged[i]))
      break
    end
  end
  if #problems > 0 then
    differences = differences + 1
    for _, text in ipairs(problems) do print(("seed %d, %d: %s"):format(seed, number_, text)) end
  end
end)
judge:close()
print(("translate: %d programs, %d steps, %d refused, %d differences"):format(to - from + 1, compared, refused, differences))
os.exit(differences == 0 and 0 or 1)
