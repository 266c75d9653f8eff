-- The C library itself: sorting with a Lua comparison function, formatted output, dates, the system's name,
-- the environment, and errno. Runs under every Lua with Ferry, and under LuaJIT with its own ffi.
local ffi = require "ffi"
local C = ffi.C

ffi.cdef [[
/* sorting: the same C function, declared for two kinds of elements */
struct city { const char *name; int people; };
void qsort_ints(int *base, size_t n, size_t size,
                int (*compare)(const int *, const int *)) __asm__("qsort");
void qsort_cities(struct city *base, size_t n, size_t size,
                  int (*compare)(const struct city *, const struct city *)) __asm__("qsort");

int printf(const char *format, ...);
int snprintf(char *buffer, size_t size, const char *format, ...);

typedef long time_t;
struct tm {
  int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst;
  long tm_gmtoff;
  const char *tm_zone;
};
struct tm *gmtime_r(const time_t *when, struct tm *result);
time_t timegm(struct tm *tm);
size_t strftime(char *buffer, size_t size, const char *format, const struct tm *tm);

struct utsname { char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65]; };
int uname(struct utsname *name);

char *getenv(const char *name);
int setenv(const char *name, const char *value, int overwrite);

typedef struct FILE FILE;
FILE *fopen(const char *path, const char *mode);
char *strerror(int error);
]]

-- A C function may return NULL. Plain Lua never asks a library what `pointer == nil` means, so compare with a pointer.
local NULL = ffi.new "void *"

print "-- qsort, comparing in Lua"
local numbers = { 42, -7, 1000000, 0, 13, -2147483648, 99, 13 }
local n = #numbers
local array = ffi.new("int[?]", n, numbers)
C.qsort_ints(array, n, ffi.sizeof "int", function(a, b)
  local x, y = a[0], b[0]
  return x < y and -1 or x > y and 1 or 0
end)
local sorted = {}
for i = 0, n - 1 do sorted[#sorted + 1] = ("%d"):format(array[i]) end
print(table.concat(sorted, " "))

print "-- qsort, an array of structs"
-- A struct holds the address of a name only: the strings stay alive because this table does.
local names = { "Lisbon", "Berlin", "Vienna", "Oslo" }
local people = { 545, 3677, 1982, 709 }
local cities = ffi.new("struct city[?]", #names)
for i, name in ipairs(names) do
  cities[i - 1].name = name
  cities[i - 1].people = people[i]
end
C.qsort_cities(cities, #names, ffi.sizeof "struct city", function(a, b) return b.people - a.people end)
for i = 0, #names - 1 do
  print(("%-8s %5d thousand"):format(ffi.string(cities[i].name), cities[i].people))
end

print "-- the printf family"
-- What the dots stand for has no declared type: say which C type is meant, where a Lua number could be several.
local buffer = ffi.new "char[128]"
local length = C.snprintf(buffer, ffi.sizeof(buffer), "%d|%5.2f|%s|%x|%lld", ffi.new("int", -42),
  ffi.new("double", math.pi), "text", ffi.new("unsigned int", 48879), ffi.new("long long", 2 ^ 53))
print(ffi.string(buffer, length))
-- It returns the length that the whole text would have: that is how one finds how much room is needed.
print(("in 8 bytes: %d wanted, %q kept"):format(C.snprintf(buffer, 8, "%s", "much too long"), ffi.string(buffer)))
io.stdout:flush()
C.printf("straight from C: %s, %g\n", "printf", ffi.new("double", 0.5))

print "-- struct tm and strftime"
local when = ffi.new("time_t[1]", 1000000000)
local tm = ffi.new "struct tm"
C.gmtime_r(when, tm)
length = C.strftime(buffer, ffi.sizeof(buffer), "%A, %d %B %Y, %H:%M:%S", tm)
print(ffi.string(buffer, tonumber(length)))
print(("year %d, day %d of it"):format(tm.tm_year + 1900, tm.tm_yday + 1))
tm.tm_mday = tm.tm_mday + 30 -- C puts such dates right
print(("thirty days later: %.0f seconds since 1970"):format(tonumber(C.timegm(tm))))

print "-- uname"
local name = ffi.new "struct utsname"
assert(C.uname(name) == 0)
print("system:  " .. ffi.string(name.sysname))
print("machine: " .. ffi.string(name.machine))

print "-- getenv"
C.setenv("FERRY_EXAMPLE", "crossed over", 1)
print("FERRY_EXAMPLE = " .. ffi.string(C.getenv "FERRY_EXAMPLE"))
print("unset: " .. tostring(C.getenv "FERRY_NOT_SET" == NULL))

print "-- errno"
local file = C.fopen("/no/such/file", "r")
local errno = ffi.errno()
print(("fopen gave NULL: %s"):format(tostring(file == NULL)))
print(("errno %d: %s"):format(errno, ffi.string(C.strerror(errno))))
