-- The rows of the benchmark by the hand-written binding, or by what their names say: row(name, setup), where setup() gives a function of a
-- number of iterations. bench/rows_ffi.lua has the same names.
local row = ...
local b = require "bench_binding"

row("empty loop", function() return function(n) for _ = 1, n do end end end)
row("void(void)", function()
  local f = b.void
  return function(n) for _ = 1, n do f() end end
end)
row("int(int,int), local f", function()
  local f = b.add
  return function(n) for i = 1, n do f(i, 2) end end
end)
row("int(int,int), lib.f / C.f", function()
  return function(n) for i = 1, n do b.add(i, 2) end end
end)
row("double(double,double)", function()
  local f = b.addd
  return function(n) for _ = 1, n do f(1.5, 2.5) end end
end)
row("int64(int64,int64)", function()
  local f = b.add64
  return function(n) for i = 1, n do f(i, 2) end end
end)
row("8 ints", function()
  local f = b.sum8
  return function(n) for i = 1, n do f(i, 2, 3, 4, 5, 6, 7, 8) end end
end)
row("strlen(\"hello\")", function()
  local f = b.strlen
  return function(n) for _ = 1, n do f("hello") end end
end)
row("pointer-to-struct argument", function()
  local f, r = b.record_value, b.record()
  return function(n) for _ = 1, n do f(r) end end
end)
row("struct by value, 2 in 1 out", function()
  local f, u, v = b.add_vec2, b.vec2(1, 2), b.vec2(3, 4)
  return function(n) for _ = 1, n do f(u, v) end end
end)
row("T()", function()
  local new = b.record
  return function(n) for _ = 1, n do new() end end
end)
row("ffi.constructor(T)()", function()
  local new = b.record
  return function(n) for _ = 1, n do new() end end
end)
row("ffi.new(T)", function()
  local new = b.record
  return function(n) for _ = 1, n do new() end end
end)
row("s.c", function()
  local s, v = b.record(), nil
  return function(n) for _ = 1, n do v = s.c end return v end
end)
row("s.c = x", function()
  local s = b.record()
  return function(n) for i = 1, n do s.c = i end end
end)
row("a[3]", function()
  local a, v = b.array(10), nil
  return function(n) for _ = 1, n do v = a[3] end return v end
end)
row("a[3] = i", function()
  local a = b.array(10)
  return function(n) for i = 1, n do a[3] = i end end
end)
row("obj:method(i), opaque handle", function()
  local o = b.counter()
  return function(n) for _ = 1, n do o:add(1) end end
end)
row("obj:method(), struct with fields", function()
  local o = b.record()
  return function(n) for _ = 1, n do o:value() end end
end)
row("o.pos.x, nested struct", function()
  local o, v = b.outer(), nil
  return function(n) for _ = 1, n do v = o.pos.x end return v end
end)
row("callback int(int) from a C loop", function()
  local loop = b.loop
  local function f(i) return i end
  return function(n) loop(f, n) end
end)
row("callback, binding without lua_pcall", function()
  local loop = b.loop_plain
  local function f(i) return i end
  return function(n) loop(f, n) end
end)
row("Lua function as argument, called once", function()
  local once = b.once
  local function f(i) return i end
  return function(n) for i = 1, n do once(f, i) end end
end)

-- Whole arrays: per element, of 1000. By hand they are a loop in C over lua_rawseti and lua_rawgeti.
local function count(n) return math.max(1, math.floor(n / 1000)) end
row("totable, int[1000]", function()
  local a, totable = b.array(1000), b.totable
  return function(n) for _ = 1, count(n) do totable(a) end end
end)
row("fromtable, int[1000]", function()
  local a, fromtable, list = b.array(1000), b.fromtable, {}
  for i = 1, 1000 do list[i] = i end
  return function(n) for _ = 1, count(n) do fromtable(a, list) end end
end)
row("int[1000] to a table by a loop in Lua", function()
  local a = b.array(1000)
  return function(n)
    for _ = 1, count(n) do
      local list = {}
      for i = 1, 1000 do list[i] = a[i - 1] end
    end
  end
end)
row("int[1000] from a table by a loop in Lua", function()
  local a, list = b.array(1000), {}
  for i = 1, 1000 do list[i] = i end
  return function(n)
    for _ = 1, count(n) do
      for i = 1, 1000 do a[i - 1] = list[i] end
    end
  end
end)

-- Element by element: Lua's own tables, and the least that a userdata's functions can do.
local function loops(n, one_loop)
  for _ = 1, count(n) do one_loop() end
end
local function sum_row(name, make, first)
  row(name, function()
    local a, last = make(), first + 999
    for i = first, last do a[i] = 0 end
    local function sum()
      local s = 0
      for i = first, last do s = s + a[i] end
      return s
    end
    return function(n) loops(n, sum) end
  end)
end
local function fill_row(name, make, first)
  row(name, function()
    local a, last = make(), first + 999
    local function fill()
      for i = first, last do a[i] = i end
    end
    return function(n) loops(n, fill) end
  end)
end
local function least() return b.least_array(1000) end
sum_row("sum of int[1000] / a table", function() return {} end, 1)
sum_row("sum of int[1000] / the least userdata", least, 0)
sum_row("sum by an int * / a table", function() return {} end, 1)
fill_row("int[1000] filled / a table", function() return {} end, 1)
fill_row("int[1000] filled / the least userdata", least, 0)
for _, name in ipairs { "grey of 1000 pixels / tables", "grey by totable, fromtable / tables" } do
  row(name, function()
    local rgb, grey = {}, {}
    for i = 1, 3000 do rgb[i] = 0 end
    local function convert()
      for i = 1, 1000 do
        local at = 3 * i
        grey[i] = 0.299 * rgb[at - 2] + 0.587 * rgb[at - 1] + 0.114 * rgb[at]
      end
    end
    return function(n) loops(n, convert) end
  end)
end

-- Per comparison: glibc's qsort makes as many for the same data, whoever compares.
local function qsort_row(name, sort, plain)
  row(name, function(make_numbers)
    local numbers = make_numbers()
    local length = numbers.length
    local a = b.array(length)
    local calls = 0
    local function compare(x, y)
      calls = calls + 1
      return plain(x, y)
    end
    local function fill() for i = 0, length - 1 do a[i] = numbers[i + 1] end end
    fill()
    sort(a, compare)
    return function() sort(a, plain) end, calls, fill
  end)
end
local function of_numbers(x, y) return x < y and -1 or x > y and 1 or 0 end
qsort_row("qsort 1e5 ints, const int & / numbers", b.qsort, of_numbers)
qsort_row("qsort 1e5 ints, const int *", b.qsort, of_numbers)
qsort_row("qsort 1e5 ints, const int * / objects", b.qsort_objects, function(x, y)
  local u, v = x[0], y[0]
  return u < v and -1 or u > v and 1 or 0
end)
