-- The rows of the benchmark by ffi: Ferry's under PUC Lua, LuaJIT's own under LuaJIT. bench/rows_binding.lua has
-- the same names.
local row, target = ...
local ffi = require "ffi"

ffi.cdef [[
struct record { int64_t a; int b; double c; };
struct vec2 { double x, y; };
struct outer { int id; struct vec2 pos; };
struct node { struct node *next; int value; };
struct counter;
void target_void(void);
int target_add(int a, int b);
double target_addd(double a, double b);
int64_t target_add64(int64_t a, int64_t b);
int target_sum8(int a, int b, int c, int d, int e, int f, int g, int h);
double target_record(const struct record *r);
struct vec2 target_vec2(struct vec2 a, struct vec2 b);
int target_loop(int (*callback)(int), int n);
int target_once(int (*callback)(int), int i);
struct counter *counter_new(void);
int counter_add(struct counter *c, int n);
void counter_free(struct counter *c);
size_t strlen(const char *s);
void qsort_numbers(void *base, size_t n, size_t size, int (*compare)(const int &, const int &)) __asm__("qsort");
void qsort_pointers(void *base, size_t n, size_t size, int (*compare)(const int *, const int *)) __asm__("qsort");
]]
local lib, C = ffi.load(target), ffi.C

row("empty loop", function() return function(n) for _ = 1, n do end end end)
row("void(void)", function()
  local f = lib.target_void
  return function(n) for _ = 1, n do f() end end
end)
row("int(int,int), local f", function()
  local f = lib.target_add
  return function(n) for i = 1, n do f(i, 2) end end
end)
row("int(int,int), lib.f / C.f", function()
  return function(n) for i = 1, n do lib.target_add(i, 2) end end
end)
row("double(double,double)", function()
  local f = lib.target_addd
  return function(n) for _ = 1, n do f(1.5, 2.5) end end
end)
row("int64(int64,int64)", function()
  local f = lib.target_add64
  return function(n) for i = 1, n do f(i, 2) end end
end)
row("8 ints", function()
  local f = lib.target_sum8
  return function(n) for i = 1, n do f(i, 2, 3, 4, 5, 6, 7, 8) end end
end)
row("strlen(\"hello\")", function()
  local f = C.strlen
  return function(n) for _ = 1, n do f("hello") end end
end)
row("pointer-to-struct argument", function()
  local f, r = lib.target_record, ffi.new "struct record"
  return function(n) for _ = 1, n do f(r) end end
end)
row("struct by value, 2 in 1 out", function()
  local f, u, v = lib.target_vec2, ffi.new("struct vec2", 1, 2), ffi.new("struct vec2", 3, 4)
  return function(n) for _ = 1, n do f(u, v) end end
end)
row("T()", function()
  local T = ffi.typeof "struct record"
  return function(n) for _ = 1, n do T() end end
end)
row("ffi.constructor(T)()", function()
  local new = (ffi.constructor or ffi.typeof)(ffi.typeof "struct record")
  return function(n) for _ = 1, n do new() end end
end)
row("ffi.new(T)", function()
  local T, new = ffi.typeof "struct record", ffi.new
  return function(n) for _ = 1, n do new(T) end end
end)
row("s.c", function()
  local s, v = ffi.new "struct record", nil
  return function(n) for _ = 1, n do v = s.c end return v end
end)
row("s.c = x", function()
  local s = ffi.new "struct record"
  return function(n) for i = 1, n do s.c = i end end
end)
row("a[3]", function()
  local a, v = ffi.new("int[?]", 10), nil
  return function(n) for _ = 1, n do v = a[3] end return v end
end)
row("a[3] = i", function()
  local a = ffi.new("int[?]", 10)
  return function(n) for i = 1, n do a[3] = i end end
end)
row("p[3], pointer", function()
  local a, v = ffi.new("int[?]", 10), nil
  local p = ffi.cast("int *", a)
  return function(n) for _ = 1, n do v = p[3] end return v, a end
end)
row("obj:method(i), opaque handle", function()
  ffi.metatype("struct counter", { __index = { add = lib.counter_add } })
  local o = ffi.gc(lib.counter_new(), lib.counter_free)
  return function(n) for _ = 1, n do o:add(1) end end
end)
row("o.pos.x, nested struct", function()
  local o, v = ffi.new "struct outer", nil
  return function(n) for _ = 1, n do v = o.pos.x end return v end
end)
row("n.next.value, pointer member", function()
  local n1, n2, v = ffi.new "struct node", ffi.new "struct node", nil
  n1.next = n2
  return function(n) for _ = 1, n do v = n1.next.value end return v, n2 end
end)
row("callback int(int) from a C loop", function()
  local loop = lib.target_loop
  local f = ffi.cast("int (*)(int)", function(i) return i end)
  return function(n) loop(f, n) end
end)
row("Lua function as argument, called once", function()
  local once = lib.target_once
  local function f(i) return i end
  if rawget(_G, "jit") then f = ffi.cast("int (*)(int)", f) end -- LuaJIT would make a callback each time
  return function(n) for i = 1, n do once(f, i) end end
end)

local function qsort_row(name, sort, counting, plain)
  row(name, function(make_numbers)
    local numbers = make_numbers()
    local length = numbers.length
    local a = ffi.new("int[?]", length)
    local function fill() for i = 0, length - 1 do a[i] = numbers[i + 1] end end
    fill()
    local calls = { 0 }
    local type_of = sort == C.qsort_pointers and "int (*)(const int *, const int *)"
      or "int (*)(const int &, const int &)"
    -- LuaJIT makes a callback for each call, which stays.
    local function passed(f) return rawget(_G, "jit") and ffi.cast(type_of, f) or f end
    sort(a, length, ffi.sizeof "int", passed(counting(calls)))
    local compare = passed(plain)
    return function() sort(a, length, ffi.sizeof "int", compare) end, calls[1], fill
  end)
end
qsort_row("qsort 1e5 ints, const int & / numbers", C.qsort_numbers, function(calls)
  return function(x, y)
    calls[1] = calls[1] + 1
    return x < y and -1 or x > y and 1 or 0
  end
end, function(x, y) return x < y and -1 or x > y and 1 or 0 end)
-- Against a binding that gives the comparison numbers, and one that lends it two objects of its own.
for _, name in ipairs { "qsort 1e5 ints, const int *", "qsort 1e5 ints, const int * / objects" } do
  qsort_row(name, C.qsort_pointers, function(calls)
    return function(x, y)
      calls[1] = calls[1] + 1
      return x[0] < y[0] and -1 or x[0] > y[0] and 1 or 0
    end
  end, function(x, y)
    local u, v = x[0], y[0]
    return u < v and -1 or u > v and 1 or 0
  end)
end

-- Whole arrays: per element, of 1000.
local function count(n) return math.max(1, math.floor(n / 1000)) end
if ffi.totable then -- not on LuaJIT
  row("totable, int[1000]", function()
    local a, totable = ffi.new "int[1000]", ffi.totable
    return function(n) for _ = 1, count(n) do totable(a) end end
  end)
  row("fromtable, int[1000]", function()
    local a, fromtable, list = ffi.new "int[1000]", ffi.fromtable, {}
    for i = 1, 1000 do list[i] = i end
    return function(n) for _ = 1, count(n) do fromtable(a, list) end end
  end)
  row("totable, double[1000]", function()
    local a, totable = ffi.new "double[1000]", ffi.totable
    return function(n) for _ = 1, count(n) do totable(a) end end
  end)
end
row("int[1000] to a table by a loop in Lua", function()
  local a = ffi.new "int[1000]"
  return function(n)
    for _ = 1, count(n) do
      local list = {}
      for i = 1, 1000 do list[i] = a[i - 1] end
    end
  end
end)
row("int[1000] from a table by a loop in Lua", function()
  local a, list = ffi.new "int[1000]", {}
  for i = 1, 1000 do list[i] = i end
  return function(n)
    for _ = 1, count(n) do
      for i = 1, 1000 do a[i - 1] = list[i] end
    end
  end
end)

-- Element by element, per element of 1000. The other side is no binding: the same loop over a Lua table, and a userdata
-- whose functions do as little as they can.
local function loops(n, one_loop)
  for _ = 1, count(n) do one_loop() end
end
for _, other in ipairs { "a table", "the least userdata" } do
  row("sum of int[1000] / " .. other, function()
    local a = ffi.new "int[1000]"
    local function sum()
      local s = 0
      for i = 0, 999 do s = s + a[i] end
      return s
    end
    return function(n) loops(n, sum) end
  end)
  row("int[1000] filled / " .. other, function()
    local a = ffi.new "int[1000]"
    local function fill()
      for i = 0, 999 do a[i] = i end
    end
    return function(n) loops(n, fill) end
  end)
end
row("sum by an int * / a table", function()
  local a = ffi.new "int[1000]"
  local p = ffi.cast("int *", a)
  local function sum()
    local s = 0
    for i = 0, 999 do s = s + p[i] end
    return s
  end
  return function(n) loops(n, sum) return a end
end)
row("grey of 1000 pixels / tables", function()
  local rgb, grey = ffi.new "uint8_t[3000]", ffi.new "uint8_t[1000]"
  local function convert()
    for i = 0, 999 do
      local at = 3 * i
      grey[i] = 0.299 * rgb[at] + 0.587 * rgb[at + 1] + 0.114 * rgb[at + 2]
    end
  end
  return function(n) loops(n, convert) end
end)
if ffi.totable then
  row("grey by totable, fromtable / tables", function()
    local rgb, grey, list = ffi.new "uint8_t[3000]", ffi.new "uint8_t[1000]", {}
    local function convert()
      local from = ffi.totable(rgb)
      for i = 1, 1000 do
        local at = 3 * i
        list[i] = 0.299 * from[at - 2] + 0.587 * from[at - 1] + 0.114 * from[at]
      end
      ffi.fromtable(grey, list)
    end
    return function(n) loops(n, convert) end
  end)
end

-- Last: a metatype cannot be undone, and it must not touch the rows above.
row("obj:method(), struct with fields", function()
  ffi.metatype("struct record", { __index = { value = lib.target_record } })
  local o = ffi.new "struct record"
  return function(n) for _ = 1, n do o:value() end end
end)
