-- A script in which every request for memory is refused once (tests/run_oom.sh).
local ffi = require "ferry"
ffi.cdef [[ void qsort(void *, size_t, size_t, int (*)(const int &, const int &)); typedef struct { int a, b; } o_pair; typedef struct { double x[5]; } o_five; ]]
local cb = ffi.cast("int (*)(int, int)", function(a, b) return a + b end) assert(cb(1, 2) == 3) cb:set(function(a, b) return a * b end) assert(cb(3, 4) == 12)
local s = ffi.cast("o_pair (*)(o_pair, o_five)", function(p, f) p.a = p.a + 1 return p end) local r = s({ 1, 2 }, { { 1, 2, 3, 4, 5 } }) assert(r.a == 2)
local str = ffi.cast("const char *(*)(const char *)", function(p) return ffi.string(p) .. "x" end) assert(ffi.string(str "ab") == "abx")
local err = ffi.cast("int (*)(void)", function() error "oops" end) ffi.onerror(err, 7) local ok, m = pcall(err) assert(not ok)
local err2 = ffi.cast("int (*)(void)", function() error { } end) ffi.onerror(err2, function(e) return 9 end) pcall(err2)
local big = ffi.cast("o_five (*)(o_five)", function(f) return f end) big { { 1 } }
local nothing = ffi.cast("void (*)(int, double, const char *, void *, int64_t, uint64_t, float, bool)", function(...) end) nothing(1, 2, "x", nil, 3, 4, 5, true)
local arr = ffi.new("int[8]", 5, 4, 3, 2, 1, 9, 8, 7) ffi.C.qsort(arr, 8, 4, function(a, b) return a - b end)
pcall(ffi.C.qsort, arr, 8, 4, function(a, b) error "in qsort" end)
local nest = ffi.cast("int (*)(int)", function(n) if n == 0 then return 0 end return cb(n, 1) end) nest(3)
cb:free() s:free() str:free() pcall(cb, 1, 2) err:free() err2:free() big:free() nothing:free() nest:free()
local co = coroutine.wrap(function() local c = ffi.cast("int (*)(int)", function(x) return x + 1 end) coroutine.yield(c(1)) c:free() return 2 end) co() co()
