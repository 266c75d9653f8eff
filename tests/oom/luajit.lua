-- A script in which every request for memory is refused once (tests/run_oom.sh).
require "ferry.luajit"
local ffi = require "ffi"
local bit = require "bit"
ffi.cdef "int abs(int);" ffi.C.abs(-1) bit.band(1, 2) type(ffi.new "int") tonumber(ffi.new("int64_t", 3))
