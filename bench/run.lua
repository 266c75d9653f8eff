-- Measures one column of the benchmark: run.lua binding|ffi TARGET-LIBRARY. Prints "row<TAB>ns per operation", the
-- loop included, or "row<TAB>error<TAB>message". BENCH_MS is the time per sample (default 50 ms), BENCH_SAMPLES
-- their number (the median counts, default 3); BENCH_N, for a smoke run, fixes the iterations instead.
local kind, target = arg[1], arg[2]
local here = arg[0]:match "^(.*)/[^/]*$" or "."
local sample_time = (tonumber(os.getenv "BENCH_MS") or 50) / 1000
local samples = tonumber(os.getenv "BENCH_SAMPLES") or 3
local fixed = tonumber(os.getenv "BENCH_N")
local only = os.getenv "BENCH_ROW"
local clock = os.clock

-- The same pseudo-random numbers in every Lua (minimal standard generator, exact in doubles).
local numbers = { length = fixed and 1000 or 100000 }
local seed = 42
for i = 1, numbers.length do
  seed = (seed * 16807) % 2147483647
  numbers[i] = seed
end

local function median(list)
  table.sort(list)
  return list[math.floor(#list / 2) + 1]
end

-- Seconds that run(n) takes; `prepare` restores what it changes, outside of the time.
local function time(run, n, prepare)
  if prepare then prepare() end
  local start = clock()
  run(n)
  return clock() - start
end

local function measure(setup)
  local run, per_run, prepare = setup(numbers)
  if per_run then -- one run is many operations: no loop of ours around it
    local list = {}
    for i = 1, samples do list[i] = time(run, 1, prepare) / per_run end
    return median(list)
  end
  local n = fixed or 1000
  if not fixed then
    local t = time(run, n)
    while t < sample_time / 10 do
      n = n * 4
      t = time(run, n)
    end
    n = math.max(1000, math.floor(n * sample_time / t))
    n = math.min(n, 500000000)
  end
  local list = {}
  for i = 1, fixed and 1 or samples do
    collectgarbage()
    list[i] = time(run, n) / n
  end
  return median(list)
end

local function row(name, setup)
  if only and not name:find(only, 1, true) then return end
  local ok, result = pcall(measure, setup)
  if ok then
    print(("%s\t%.3f"):format(name, result * 1e9))
  else
    print(("%s\terror\t%s"):format(name, (tostring(result):gsub("%s+", " "))))
  end
  io.stdout:flush()
  collectgarbage()
end

assert(loadfile(("%s/rows_%s.lua"):format(here, kind)))(row, target)
