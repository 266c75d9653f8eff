-- What every host runs: requires Ferry, calls, is called back, passes structs by value and asks about types. Needs of the host
-- `require` and package.path alone; what it has found is written by Ferry itself, to the file that tests/hosts/run names.
-- Calls with values from C's standard and POSIX; 127.0.0.1 is inet_ntoa's text for the bytes 127, 0, 0, 1.
local version = _VERSION:match "%d%.%d"
package.path = "@LIB@/" .. version .. "/?.lua;" .. package.path
package.cpath = "@LIB@/" .. version .. "/?.so;" .. package.cpath
local ffi = require "ferry"

ffi.cdef [[
int abs(int);
struct in_addr { unsigned int s_addr; };
char *inet_ntoa(struct in_addr in);
typedef struct { int quot; int rem; } div_t;
div_t div(int, int);
void qsort(void *base, size_t count, size_t size, int (*compare)(const int *, const int *));
typedef struct { char tag; double values[2]; short last : 5; } host_record;
typedef struct host_file host_file;
host_file *fopen(const char *path, const char *mode);
int fputs(const char *text, host_file *file);
int fclose(host_file *file);
]]
local C = ffi.C

-- A call, often enough for whatever is learned of arguments.
for i = 1, 100 do assert(C.abs(-i) == i) end

-- Structs by value, as an argument and as a result.
local address = ffi.new "struct in_addr"
local bytes = ffi.cast("unsigned char *", address)
bytes[0], bytes[1], bytes[2], bytes[3] = 127, 0, 0, 1
assert(ffi.string(C.inet_ntoa(address)) == "127.0.0.1")
local d = C.div(-7, 2)
assert(d.quot == -3 and d.rem == -1) -- C11 7.22.6.2: truncated

-- Callbacks, with structs by value as well, and an error that passes C.
local numbers = ffi.new("int[5]", { 3, 1, 5, 2, 4 })
C.qsort(numbers, 5, ffi.sizeof "int", function(a, b) return a[0] - b[0] end)
for i = 0, 4 do assert(numbers[i] == i + 1) end
local swap = ffi.cast("div_t (*)(div_t)", function(v) return ffi.new("div_t", v.rem, v.quot) end)
local swapped = swap(d)
assert(swapped.quot == -1 and swapped.rem == -3)
swap:free()
local ok, why = pcall(C.qsort, numbers, 5, ffi.sizeof "int", function() error "from a callback" end)
assert(not ok and tostring(why):find("from a callback", 1, true), tostring(why))

-- Types: what the psABI of each processor says.
assert(ffi.sizeof "div_t" == 8 and ffi.offsetof("div_t", "rem") == 4)
local offset, bit, width = ffi.offsetof("host_record", "last")
assert(offset == ffi.offsetof("host_record", "values") + 16 and bit == 0 and width == 5)
local info = ffi.typeinfo(ffi.typeof "host_record")
assert(type(info) == "table" and ffi.istype("host_record", ffi.new "host_record"))

-- An error of Lua's and a finaliser, through this host's collector.
assert(not pcall(C.abs, "x") and not pcall(C.abs))
local finalised = 0
for _ = 1, 10 do ffi.gc(ffi.new "int[4]", function() finalised = finalised + 1 end) end
collectgarbage()
collectgarbage()
assert(finalised > 0)

local file = C.fopen("@RESULT@", "w")
assert(file ~= ffi.NULL, "cannot open @RESULT@")
C.fputs(("Lua %s%s, %s, %s\n"):format(version, rawget(_G, "jit") and " (" .. jit.version .. ")" or "", ffi.backend, ffi.stack), file)
C.fclose(file)
