-- Random use of the API for a time, at constant memory: soak.lua SECONDS [SEED]. Prints a line per sample: seconds, operations, resident
-- KiB, Lua's KiB, blocks of native code; fails if memory grows after the first third. Types, functions and
-- callbacks that are arguments come from a fixed set: those are never forgotten.
local ffi = require "ferry"
local seconds, seed = tonumber(arg[1] or 60), tonumber(arg[2] or 1)
math.randomseed(seed)
local random = math.random

ffi.cdef [[
struct s_point { int x, y; }; struct s_tree { struct s_tree *left, *right; double value; char name[8]; };
union s_any { int i; double d; void *p; unsigned char bytes[8]; }; enum s_color { S_RED, S_GREEN = 5 };
struct s_bits { unsigned a : 3, b : 13; int64_t c : 40; }; typedef int (*s_compare)(const void *, const void *);
typedef struct { int quot, rem; } div_t; div_t div(int, int); int abs(int); double sqrt(double); size_t strlen(const char *);
void qsort(void *, size_t, size_t, s_compare); int snprintf(char *, size_t, const char *, ...); void *malloc(size_t); void free(void *);
char *getenv(const char *); int64_t llabs(int64_t) __asm__("labs"); int raise(int); int usleep(unsigned);
#define S_TWICE(x) ((x) * 2)
#define S_ORIGIN (struct s_point){ 3, 4 }
#define S_LENGTH(s) ({ strlen(s); })
static inline int s_total(int n) { int t = 0; for (int i = 0; i < n; i++) t += S_TWICE(i); return t; }
]]
local C, m = ffi.C, ffi.load "m"
local limits = ffi.include "limits.h"
ffi.workers { threads = 2, queue = 16 }
local signals, handled = 0, function() signals = signals + 1 end
local Point = ffi.metatype("struct s_point", { __index = { sum = function(p) return p.x + p.y end },
  __add = function(a, b) return ffi.new("struct s_point", a.x + b.x, a.y + b.y) end })
local types = { "int", "double", "char[16]", "struct s_point", "struct s_tree", "union s_any", "struct s_bits", "int64_t", "uint64_t",
  "float _Complex", "int[4][3]", "enum s_color" }
-- Objects of at least four bytes, of which all may be used; pointers, which are not followed: C's rules are the program's to keep.
local objects, pointers = {}, {}
local function keep(v) objects[random(1, 200)] = v end
local function keep_pointer(v) pointers[random(1, 50)] = v end
local function object() return objects[random(1, 200)] end
local function any() if random(5) == 1 then return pointers[random(1, 50)] end return object() end

-- A Lua function that is an argument is a callback for good: always the same ones.
local function compare(x, y) return ffi.cast("const int *", x)[0] - ffi.cast("const int *", y)[0] end
local function failing() error { "an error in a callback" } end

local operations = {
  function() keep(ffi.new(types[random(#types)])) end,
  function() keep(Point(random(100), random(100)) + Point(1, 2)) end,
  function() keep(ffi.new("char[?]", random(8, 4096))) end,
  function() keep_pointer(ffi.gc(C.malloc(random(1, 1000)), C.free)) end,
  function() keep_pointer(ffi.cast("char *", any())) end,
  function() keep_pointer(ffi.addressof(any())) end,
  function() keep_pointer(ffi.cast("struct s_point *", any()) + random(5)) end,
  function() object().x = any() end,
  function() return object()[random(0, 5)] end,
  function() return tostring(any()), ffi.sizeof(any()), ffi.typeof(any()) end,
  function() ffi.copy(object(), object(), random(0, 4)) end,
  function() ffi.release(any()) end,
  function() return ffi.string(object(), random(0, 4)) end,
  function() return C.abs(-random(100)) + C.div(random(100), 7).rem + m.sqrt(random(100)) end,
  function() return C.strlen(("x"):rep(random(0, 50))), C.llabs(ffi.new("int64_t", -random(100))) end,
  function()
    local to = ffi.new "char[64]"
    C.snprintf(to, 64, "%d %s %g", random(2) == 1 and 5 or ffi.new("int", 5), "text", random())
    assert(ffi.string(to):match "^5 text")
  end,
  function()
    local a = ffi.new("int[20]")
    for i = 0, 19 do a[i] = random(100) end
    C.qsort(a, 20, 4, compare)
    for i = 1, 19 do assert(a[i - 1] <= a[i]) end
  end,
  function()
    local cb = ffi.cast("int (*)(int)", function(n) if n > 5 then error "too much" end return n + 1 end)
    assert(cb(1) == 2)
    pcall(cb, 6)
    if random(2) == 1 then cb:free() else cb:set(function() return 0 end) cb:free() end
  end,
  function() pcall(C.qsort, ffi.new "int[3]", 3, 4, failing) end,
  function() local f = ffi.load("m").cos return f(random()) end,
  function() pcall(ffi.cdef, "int broken(") ffi.cdef "struct s_point; int abs(int); typedef int (*s_compare)(const void *, const void *);" end,
  function() local tree = ffi.new "struct s_tree" tree.left = ffi.new("struct s_tree", { value = 1 }) keep_pointer(tree.left) end,
  function() return ffi.totable(ffi.new("int[5]", { 1, 2, 3 })) end,
  function() return any() == any(), any() < any(), object() + object() end,
  function() keep(ffi.new("int64_t", random(1000)) * 3 + ffi.new("uint64_t", 2)) end,
  function() coroutine.wrap(function() C.abs(coroutine.yield(1)) end)() end,
  function() return ffi.vararg(C.snprintf, "int")(ffi.new "char[8]", 8, "%d", 3) end,
  -- Asynchronous calls: waited for, asked, left to the collector, with a callback, more than the queue has room for.
  function() assert(ffi.async(C.abs, -random(100)):wait() > 0) end,
  function() keep(ffi.async(C.usleep, random(50))) end,
  function() return object():poll() end,
  function() assert(ffi.async(C.strlen, ("x"):rep(random(50))):wait(10)) end,
  function()
    local a = ffi.new("int[8]")
    for i = 0, 7 do a[i] = random(100) end
    local future = ffi.async(C.qsort, a, 8, 4, compare)
    ffi.poll(0)
    future:wait()
    for i = 1, 7 do assert(a[i - 1] <= a[i]) end
  end,
  function() for _ = 1, random(20) do ffi.async(C.usleep, 1) end end,
  function()
    local cb = ffi.callback("int (*)(int)", function(n) return n end, { queue = 4 })
    local future = ffi.async(cb, 3)
    ffi.poll(0.01)
    future:wait(1)
    cb:free()
  end,
  function() return ffi.poll() end,
  function()
    ffi.signal("USR1", random(2) == 1 and handled or function() signals = signals + 1 end)
    C.raise(10)
  end,
  -- What headers have besides declarations.
  function() assert(C.S_TWICE(random(100)) % 2 == 0 and C.S_ORIGIN.y == 4 and C.s_total(3) == 6 and C.S_LENGTH "abc" == 3) end,
  function() assert(limits.INT_MAX == 2147483647 and ffi.include("limits.h").CHAR_BIT == 8) end,
  function() assert(ffi.eval(("1 + %d"):format(random(100))) > 1) end,
  function() return ffi.typeinfo(types[random(#types)]), ffi.inspect(any(), 2), ffi.debug(any()) end,
  -- Many elements at a time.
  function() keep(ffi.slice(ffi.new("int[10]"), random(0, 5), random(0, 5))) end,
  function() ffi.fromtable(ffi.new("double[8]"), { 1, 2, random() }, 1, random(3)) end,
  function() ffi.convert(ffi.new("float[8]"), ffi.new("int[8]", random(9)), 8) end,
  function() assert(ffi.utf8(ffi.wide("gr\195\188n", "wchar_t")) == "gr\195\188n") end,
  function() ffi.fill(object(), random(0, 4), random(255)) end,
  function() return ffi.constructor "struct s_point"(random(9), 2) end,
  function() pcall(C.qsort, ffi.new "int[3]", 3, 4, ffi.scoped(failing)) end,
}

local function resident()
  for line in io.lines "/proc/self/status" do
    local kib = line:match "^VmRSS:%s*(%d+)"
    if kib then return tonumber(kib) end
  end
end
local function sample(at, done)
  collectgarbage()
  collectgarbage()
  local code = ffi.debug().code
  local kib = resident()
  print(("%d %d %d %.0f %d"):format(at, done, kib, collectgarbage "count", code.blocks or 0))
  io.flush()
  return kib
end

print "# seconds, operations, resident KiB, KiB of Lua's, blocks of native code"
local begin, done, next_sample, settled, worst = os.time(), 0, 0, nil, 0
while os.time() - begin < seconds do
  for _ = 1, 1000 do pcall(operations[random(#operations)]) end
  done = done + 1000
  local at = os.time() - begin
  if at >= next_sample then
    local kib = sample(at, done)
    next_sample = at + seconds / 30
    if at >= seconds / 3 then
      settled = settled or kib
      worst = math.max(worst, kib)
    end
  end
end
sample(os.time() - begin, done)
local limit = 1.1
print(("# %d operations; resident after a third %d KiB, at most %d KiB later"):format(done, settled or 0, worst))
os.exit(settled ~= nil and worst <= settled * limit and 0 or 1, true)
