-- luapower's heap: a heap of C values and one of Lua values give numbers in their order.
package.path = "./?.lua;../glue/?.lua;" .. package.path
local ffi = require "ffi"
local heap = require "heap"
local random = 1
local function next_random()
  random = (random * 16807) % 2147483647
  return random
end
local function check(h, count)
  local last = -1
  for _ = 1, count do
    local v = tonumber(h:pop())
    assert(v >= last)
    last = v
  end
end
local values = heap.valueheap()
for _ = 1, 500 do values:push(next_random()) end
check(values, 500)
local numbers = heap.cdataheap { size = 600, ctype = "double" }
for _ = 1, 500 do numbers:push(next_random()) end
check(numbers, 500)
print("ok", ffi.sizeof "double")
