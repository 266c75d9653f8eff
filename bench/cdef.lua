-- Prints the microseconds that one ffi.cdef of the text in the file arg[1] takes, in a fresh state.
local ffi = require "ffi"
local file = assert(io.open(arg[1], "rb"))
local text = file:read "*a"
file:close()
ffi.cdef "typedef int bench_warm_up;"
collectgarbage()
local start = os.clock()
local ok, message = pcall(ffi.cdef, text)
local seconds = os.clock() - start
if ok then
  print(("%.0f"):format(seconds * 1e6))
else
  print("error\t" .. tostring(message):gsub("%s+", " "))
end
