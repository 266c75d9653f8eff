-- What the translation of ferry.luajit costs: loops of one comparison or concatenation each, as plain Lua and translated, in
-- turn in one process. Prints nanoseconds of a round, the empty loop included, and their ratio. BENCH_MS and BENCH_TURNS are
-- as in run.lua; BENCH_N fixes the number of rounds. Nothing passes or fails.
local ffi = require "ffi"
local load = loadstring or load
local clock = os.clock
local turn_time = (tonumber(os.getenv "BENCH_MS") or 10) / 1000
local turns = tonumber(os.getenv "BENCH_TURNS") or 9
local fixed = tonumber(os.getenv "BENCH_N")
if fixed then turns = 1 end

local prelude = [[
local t, f, x, y, NULL = ...
local function own() return t end
local count = 0
return function(n) for _ = 1, n do %s end return count end
]]
local rows = {
  { "the empty loop", "" },
  { "x == nil, a variable", "if x == nil then count = 1 end" },
  { "x == y, variables", "if x == y then count = 1 end" },
  { "if t.a == nil", "if t.a == nil then count = 1 end" },
  { "if t.none == nil", "if t.none == nil then count = 1 end" },
  { "if own() ~= nil", "if own() ~= nil then count = 1 end" },
  { "if t.kind == 'name'", "if t.kind == 'name' then count = 1 end" },
  { "if t.a == t.b", "if t.a == t.b then count = 1 end" },
  { "elseif t.a == nil", "if not x then count = 1 elseif t.a == nil then count = 2 end" },
  { "local b = t.a == nil", "local b = t.a == nil" },
  { "while t.none ~= nil", "while t.none ~= nil do count = 1 end" },
  { "if t.a and t.b == nil, a call", "if t.a and t.b == nil then count = 1 end" },
  { "f(t.a == nil), a call", "f(t.a == nil)" },
  { "count = t.a == nil, a call", "count = t.a == nil" },
  { "if NULL == nil", "if NULL == nil then count = 1 end" },
  { "'x' .. t.kind", "count = 'x' .. t.kind" },
}

local function compiled(text)
  local arguments = { { a = 1, b = 2, kind = "other" }, function() end, 1, 2, ffi.cast("void *", 0) }
  local chunk = assert(load(text))
  return chunk, (unpack or table.unpack)(arguments)
end
local function plain(text)
  local chunk = { compiled(text) }
  return chunk[1]((unpack or table.unpack)(chunk, 2))
end
local function translated(text)
  local result, needs_run_time = assert(ffi.translate(text))
  if not needs_run_time then return plain(text) end
  local chunk = { compiled(result) }
  return chunk[1](ffi.run_time)((unpack or table.unpack)(chunk, 2))
end

local function prepared(run)
  local function seconds(n)
    collectgarbage()
    local start = clock()
    run(n)
    return clock() - start
  end
  local n = fixed or 1000
  if not fixed then
    while seconds(n) < turn_time / 4 do n = n * 4 end
  end
  return function() return seconds(n) / n end
end
local function median(list)
  table.sort(list)
  return list[math.floor(#list / 2) + 1]
end

print(("%-32s %9s %11s %7s"):format(_VERSION .. " with ferry.luajit, ns", "plain", "translated", "ratio"))
for _, row in ipairs(rows) do
  local text = prelude:format(row[2])
  local one, other = prepared(plain(text)), prepared(translated(text))
  local before, after, ratios = {}, {}, {}
  for i = 1, turns do
    before[i], after[i] = one() * 1e9, other() * 1e9
    ratios[i] = after[i] / before[i]
  end
  print(("%-32s %9.1f %11.1f %7.2f"):format(row[1], median(before), median(after), median(ratios)))
end
