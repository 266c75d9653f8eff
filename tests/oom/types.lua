-- A script in which every request for memory is refused once (tests/run_oom.sh).
local ffi = require "ferry"
ffi.cdef [[ struct o1 { int a, b : 3; char c[4]; struct { double d; }; union { int i; float f; } u; struct o1 *next; const char *name; };
 typedef int (*o_fn)(int, const char *, ...); enum o_e { O_X = 1 << 3, O_Y }; static const int O_C = 7; int abs(int); double fabs(double); ]]
local s = ffi.new("struct o1", { a = 1, c = "abc", d = 2.5, u = { i = 4 }, name = "xyz" })
s.a = 5 s.b = 2 local d = s.d + s.u.i s.next = s s.name = "hello" local n = s.next.a
local arr = ffi.new("int[?]", 10, 1, 2, 3) for i = 0, 9 do arr[i] = i end
local t = ffi.totable(arr) ffi.fromtable(arr, t) ffi.copy(arr, t)
local p = ffi.cast("struct o1 *", s) local q = p + 1 local diff = q - p
local x = ffi.new("int64_t", 5) * 3 + ffi.new("uint64_t", 2) local str = tostring(x) .. tostring(s) .. tostring(ffi.typeof "struct o1")
local m = ffi.new("struct { int x[3]; struct { int y; } z[2]; }", { { 1, 2, 3 }, { { 1 }, { 2 } } }) local y = m.z[1].y + m.x[2]
local str2 = ffi.string(ffi.new("char[20]", "hello world")) ffi.copy(ffi.new "char[10]", "abc") ffi.fill(arr, 8)
local ct = ffi.typeof("struct { $ a; int b[$]; }", ffi.typeof "int", 3) local o = ct() local c = ffi.constructor(ct) c()
assert(ffi.sizeof "struct o1" > 0 and ffi.offsetof("struct o1", "c") and ffi.alignof "int" == 4 and ffi.istype("int", ffi.new "int"))
ffi.eval "1 + 2 * sizeof(int)" ffi.debug()
local cplx = ffi.new("complex", 1, 2) * ffi.new("complex", 3, 4) local ld = ffi.new("long double", 1.5) tostring(ld) tostring(cplx)
pcall(ffi.cdef, "struct o_bad { int x; } junk junk;") pcall(ffi.new, "struct o1", { nope = {} }, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14) pcall(function() return s.nope end)
local g = ffi.gc(ffi.new "int[4]", function() end) ffi.gc(g, nil)
