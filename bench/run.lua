-- Measures one column of the benchmark: run.lua TARGET-LIBRARY. Each row is done by ffi and, under PUC Lua, by the
-- hand-written binding, in turn in one process, so that what disturbs the machine disturbs both. Prints
-- "row<TAB>ns by ffi<TAB>ns by the binding<TAB>ratio" (medians over the turns; the loop included; what one side lacks is
-- "-"), or "row<TAB>error<TAB>message". BENCH_MS is the time per turn and side (default 10 ms), BENCH_TURNS their number
-- (default 9); BENCH_ROW measures only the row of that name, or else those whose names have it; BENCH_SIDE only "ffi" or
-- "binding". BENCH_N, for smoke runs and for counting instructions, fixes the iterations instead.
local target = arg[1]
local here = arg[0]:match "^(.*)/[^/]*$" or "."
local turn_time = (tonumber(os.getenv "BENCH_MS") or 10) / 1000
local turns = tonumber(os.getenv "BENCH_TURNS") or 9
local fixed = tonumber(os.getenv "BENCH_N")
local only = os.getenv "BENCH_ROW"
local clock = os.clock
if fixed then turns = 1 end

-- The same pseudo-random numbers in every Lua (minimal standard generator, exact in doubles). Made when asked for: a
-- table that large would be traversed by the collector in all rows that allocate.
local function numbers()
  local list = { length = fixed and 1000 or 100000 }
  local seed = 42
  for i = 1, list.length do
    seed = (seed * 16807) % 2147483647
    list[i] = seed
  end
  return list
end

local function median(list)
  table.sort(list)
  return list[math.floor(#list / 2) + 1]
end

-- A side's rows, in order, and what sets each up.
local function rows_of(file)
  local rows = {}
  local function row(name, setup)
    rows[#rows + 1] = name
    rows[name] = setup
  end
  assert(loadfile(("%s/%s.lua"):format(here, file)))(row, target)
  return rows
end
local side = os.getenv "BENCH_SIDE"
local ffi_rows = side == "binding" and {} or rows_of "rows_ffi"
local binding_rows = (side == "ffi" or rawget(_G, "jit")) and {} or rows_of "rows_binding"
local is_name = only and (ffi_rows[only] or binding_rows[only])

-- turn() does the row for about turn_time; its result is seconds per operation.
local function prepared(setup)
  if not setup then return nil end
  local run, per_run, prepare = setup(numbers)
  local function seconds(n)
    collectgarbage()
    if prepare then prepare() end -- restores what run() changes
    local start = clock()
    run(n)
    return clock() - start
  end
  if per_run then -- one run is many operations: no loop of ours around it
    return function() return seconds(1) / per_run end
  end
  local n = fixed or 1000
  if not fixed then
    local t = seconds(n)
    while t < turn_time / 4 do
      n = n * 4
      t = seconds(n)
    end
    n = math.max(1000, math.floor(n * turn_time / t))
  end
  return function() return seconds(n) / n end
end

local function measure(name)
  local ffi_turn, binding_turn = prepared(ffi_rows[name]), prepared(binding_rows[name])
  local ours, theirs, ratios = {}, {}, {}
  for i = 1, turns do
    ours[i] = ffi_turn and ffi_turn()
    theirs[i] = binding_turn and binding_turn()
    if ffi_turn and binding_turn then ratios[i] = ours[i] / theirs[i] end
  end
  return median(ours), median(theirs), median(ratios)
end

local function number(v, factor) return v and ("%.3f"):format(v * factor) or "-" end

local done = {}
for _, list in ipairs { ffi_rows, binding_rows } do
  for _, name in ipairs(list) do
    if not done[name] and (not only or name == only or not is_name and name:find(only, 1, true)) then
      done[name] = true
      local ok, ours, theirs, ratio = pcall(measure, name)
      if ok then
        print(("%s\t%s\t%s\t%s"):format(name, number(ours, 1e9), number(theirs, 1e9), number(ratio, 1)))
      else
        print(("%s\terror\t%s"):format(name, (tostring(ours):gsub("%s+", " "))))
      end
      io.stdout:flush()
      collectgarbage()
    end
  end
end
