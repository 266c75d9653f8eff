-- lj2procfs: decoders of /proc, and its test programs that need no argument.
local procfs = require "lj2procfs.procfs"
local fun = require "lj2procfs.fun"
assert(fun.length(procfs.processes()) > 0)
local memory = procfs.meminfo
assert(memory.MemTotal.size > 0)
local me = procfs[tonumber(io.open "/proc/self/stat":read "*n")]
local seen = 0
fun.each(function(processor) seen = seen + (tonumber(processor.processor) and 1 or 0) end, procfs.cpuinfo)
assert(seen > 0 and me)
