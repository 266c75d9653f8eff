-- A script in which every request for memory is refused once (tests/run_oom.sh): headers that are kept, whose declarations are read when
-- their names are asked for.
local ffi = require "ferry"
local h = ffi.include("<stdlib.h>", { cache = true })
local d = h.div(7, 2) assert(d.quot == 3 and h.abs(-3) == 3 and h.EXIT_FAILURE == 1)
assert(ffi.sizeof "ldiv_t" == 2 * ffi.sizeof "long")
assert(#ffi.names "function" > 50 and ffi.declared "ldiv".line > 0 and ffi.typeinfo "ldiv_t".line > 0)
assert(not pcall(function() return h.no_such_name end))
ffi.cdef "typedef lldiv_t mine; struct own { ldiv_t d; mine *p; };"
assert(ffi.isnull(ffi.new("struct own").p) and ffi.macro("EXIT_SUCCESS", h).text == "0")
pcall(ffi.cdef, "typedef int ldiv_t;")
local again = ffi.include("<string.h>", { cache = true, only = "^str" }) assert(ffi.tonumber(again.strlen "four") == 4)
