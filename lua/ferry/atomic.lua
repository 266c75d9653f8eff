-- Atomic operations of expressions (ferry.expression), on objects of 1, 2, 4 and 8 bytes: values are put into memory for them,
-- and come back there. `t`: the type of the object, `at`: its address.
local ffi = require "ferry.core"
local headers = ffi.headers

local atomic = {}

-- Whether such an object is read and written as a whole (C11 6.2.6.1p9).
function atomic.is_one(t) return t.atomic and t.size <= 8 and t.class ~= "record" and t.class ~= "array" end

local function in_memory(t, v)
  t.array = t.array or ffi.typeof("$[1]", t.ct)
  if v == nil then return ffi.new(t.array) end
  return ffi.new(t.array, { v })
end

local function check(address)
  if ffi.isnull(address) then error("NULL pointer", 0) end
end

-- Gives what the operation leaves in the memory of its operand.
function atomic.run(operation, t, at, operand)
  check(at)
  local memory = in_memory(t, operand)
  headers.atomic(operation, t.size, at, memory)
  return memory[0]
end

-- Whether what lies at `expected` was there, which receives what was there otherwise.
function atomic.compare_exchange(t, at, expected, desired)
  check(at)
  check(expected)
  return headers.atomic("compare_exchange", t.size, at, expected, in_memory(t, desired))
end

-- The same with a value. Gives what was there, too.
function atomic.compare_and_swap(t, at, old, desired)
  local memory = in_memory(t, old)
  local done = atomic.compare_exchange(t, at, memory, desired)
  return done, memory[0]
end

-- Stores change(old), however often another thread comes between. Gives the old value and the new one.
function atomic.update(t, at, change)
  check(at)
  local memory = in_memory(t)
  headers.atomic("load", t.size, at, memory)
  while true do
    local old = in_memory(t, memory[0])
    local new = change(old[0])
    if atomic.compare_exchange(t, at, memory, new) then return old[0], new end
  end
end

function atomic.fence() headers.atomic "fence" end

return atomic
