-- A script in which every request for memory is refused once (tests/run_oom.sh).
local ffi = require "ferry"
ffi.cdef [[ struct om { int x, y; }; struct om2; ]]
local T = ffi.metatype("struct om", { __index = { len = function(s) return s.x end }, __add = function(a, b) return ffi.new("struct om", a.x + b.x, 0) end, __tostring = function(s) return "om" .. s.x end,
 __call = function(s, a) return a end, __len = function() return 3 end, __eq = function(a, b) return a.x == b.x end, __lt = function() return true end, __concat = function() return "c" end, __gc = function(s) s.x = 0 end,
 __new = function(ct, x) return ffi.new(ct, x or 1) end, __newindex = function() end, __unm = function(a) return a end, __close = function() end, __name = "omm", __pairs = function(t) return next, {}, nil end, __index2 = 1 })
local a, b = T(1), T(2) local c = a + b assert(c.x == 3 and a:len() == 1) tostring(a) a(5) local n = #a local e = a == b local l = a < b local cc = a .. "x" a.foo = 1 local u = -a
a = nil b = nil collectgarbage()
ffi.metatype("struct om", { __index = function(s, k) return k end }) assert(ffi.new "struct om".foo == "foo") ffi.metatype("struct om", nil)
ffi.metatype("struct om2", { __index = { f = function() return 1 end } }) local p = ffi.cast("struct om2 *", 0) p:f()
local lib = ffi.load "m" ffi.cdef "double sqrt(double); double cos(double); extern int signgam;" lib.sqrt(4) lib.cos(0) local x = lib.signgam lib.signgam = 3 ffi.addressof(lib, "signgam")
pcall(ffi.load, "nonexistent_lib_zz") lib = nil collectgarbage()
local bit = ffi.bit bit.band(0xff, ffi.new("int64_t", 7)) bit.tohex(255) bit.lshift(ffi.new("uint64_t", 1), 40)
local anchors = ffi.new "struct { const char *p[8]; }" for i = 0, 7 do anchors.p[i] = "s" .. i end local copy = ffi.new(ffi.typeof(anchors), anchors)
