-- What is asked of the module that was built: a call and a callback.
local ffi = require "ffi"
ffi.cdef "int abs(int); void qsort(void *, size_t, size_t, int (*)(const int *, const int *));"
assert(ffi.C.abs(-3) == 3)
local a = ffi.new("int[3]", 3, 1, 2)
ffi.C.qsort(a, 3, 4, function(x, y) return x[0] - y[0] end)
assert(a[0] == 1 and a[1] == 2 and a[2] == 3)
