-- A script in which every request for memory is refused once (tests/run_oom.sh).
local ffi = require "ferry"
ffi.cdef [[ int abs(int); size_t strlen(const char *); int snprintf(char *, size_t, const char *, ...); typedef struct { int quot, rem; } div_t; div_t div(int, int);
 void qsort(void *, size_t, size_t, int (*)(const int *, const int *)); int usleep(unsigned); ]]
local C = ffi.C
ffi.workers { threads = 2, queue = 100 }
local f = ffi.async(C.abs, -3) assert(f:wait() == 3 and f:poll() and f:errno() and f:status() == "ended" and tostring(f))
local d = ffi.async(C.div, 7, 2):wait() assert(d.quot == 3)
local buf = ffi.new "char[64]" ffi.async(C.snprintf, buf, 64, "%d %s %g", 5, "abc", 2.5):wait() ffi.async(C.strlen, "abc"):wait()
local list = ffi.new("int[3]", 3, 1, 2)
local all = {} for i = 1, 10 do all[i] = ffi.async(C.abs, i) end for i = 1, 10 do assert(all[i]:wait() == i) end
ffi.async(C.usleep, 10):cancel() pcall(ffi.async, C.abs, "x") pcall(ffi.release, list)
ffi.scheduler(function(f) repeat coroutine.yield() until f:poll() end)
local co = coroutine.wrap(function() return ffi.async(C.abs, -9):wait() end)
local value repeat value = co() until value assert(value == 9)
ffi.scheduler(nil) ffi.poll() ffi.async(C.abs, 1)
