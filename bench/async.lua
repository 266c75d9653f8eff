-- What an asynchronous call costs beside a call: lua bench/async.lua [COUNT]. Microseconds for each, of real time.
local ffi = require "ffi"
ffi.cdef [[
  struct timespec { long seconds, nanoseconds; };
  int clock_gettime(int clock, struct timespec *now);
  int abs(int);
]]
local count = tonumber((arg or {})[1]) or 100000
local abs, now = ffi.C.abs, ffi.new "struct timespec"
local function time()
  ffi.C.clock_gettime(1, now)
  return tonumber(now.seconds) + tonumber(now.nanoseconds) / 1e9
end
local function measure(what, f)
  f(1000)
  local begin = time()
  f(count)
  print(("%-42s %8.3f us"):format(what, (time() - begin) / count * 1e6))
end

measure("abs(-1)", function(n) for _ = 1, n do abs(-1) end end)
measure("ffi.async(abs, -1):wait()", function(n) for _ = 1, n do ffi.async(abs, -1):wait() end end)
measure("1000 at a time, then their results", function(n)
  for _ = 1, n / 1000 do
    local futures = {}
    for i = 1, 1000 do futures[i] = ffi.async(abs, -1) end
    for i = 1, 1000 do futures[i]:wait() end
  end
end)
