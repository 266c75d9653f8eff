-- A script in which every request for memory is refused once (tests/run_oom.sh).
local ffi = require "ferry"
ffi.cdef [[ int abs(int); double fabs(double); size_t strlen(const char *); int toupper(int); int snprintf(char *, size_t, const char *, ...); long strtol(const char *, char **, int); void *memcpy(void *, const void *, size_t);
 typedef struct { int quot, rem; } div_t; div_t div(int, int); typedef struct { long quot, rem; } ldiv_t; ldiv_t ldiv(long, long); char *getenv(const char *); extern char **environ; int sprintf(char *, const char *, ...);
 void qsort(void *, size_t, size_t, int (*)(const int *, const int *)); int atoi(const char *); void *malloc(size_t); void free(void *); ]]
local C = ffi.C
assert(C.abs(-3) == 3) C.fabs(-2.5) C.strlen "abc" local d = C.div(7, 2) assert(d.quot == 3) local l = C.ldiv(7, 2)
local buf = ffi.new "char[64]" C.snprintf(buf, 64, "%d %s %g", 5, "abc", 2.5) C.snprintf(buf, 64, "%5.2f|%c", 1.5, 65)
local e = ffi.new "char *[1]" C.strtol("12x", e, 10) C.memcpy(buf, "abc", 4) C.getenv "HOME" local en = C.environ
local fp = ffi.cast("int (*)(int)", C.abs) assert(fp(-4) == 4) local f2 = ffi.cast("double (*)(double)", C.fabs) f2(-1)
local arr = ffi.new("int[5]", 5, 4, 3, 2, 1) C.qsort(arr, 5, 4, function(a, b) return a[0] - b[0] end)
C.qsort(arr, 5, 4, function(a, b) return b[0] - a[0] end)
local p = ffi.gc(C.malloc(10), C.free) p = nil
for _, f in ipairs { "abs", "toupper", "atoi" } do local x = C[f] end
C.atoi "5" pcall(C.abs, "x") pcall(C.abs) pcall(C.abs, {}) pcall(function() return C.nope end)
local vp = ffi.cast("int (*)(char *, const char *, ...)", C.sprintf) vp(buf, "%d", ffi.new("int", 3)) vp(buf, "%d%d", ffi.new("int", 3), ffi.new("int", 3))
