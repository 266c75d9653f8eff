-- Prints what the first require "ffi" of a process costs: microseconds, kB of Lua memory, kB of resident memory.
local function resident()
  local file = io.open "/proc/self/statm"
  if not file then return 0 end
  local pages = file:read "*a":match "%d+%s+(%d+)"
  file:close()
  return tonumber(pages) * 4
end
collectgarbage()
local lua, all, start = collectgarbage "count", resident(), os.clock()
local ffi = require "ffi"
local seconds = os.clock() - start
collectgarbage()
print(("%.0f\t%.1f\t%d"):format(seconds * 1e6, collectgarbage "count" - lua, resident() - all), ffi ~= nil)
