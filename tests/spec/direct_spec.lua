-- Access that goes by Lua's stack itself where that was found to be as expected: the same values, conversions and
-- errors as by the API, at the edges between what is recognised at a glance and the rest.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
struct dir_all {
  bool truth; int8_t a; uint8_t b; int16_t c; uint16_t d; int32_t e; uint32_t f; float g; double h;
  int64_t i; uint64_t j; int k : 3; const int l; struct dir_all *next; int array[3];
  int a_member_name_that_is_longer_than_forty_characters;
};
struct dir_late;
]]

TestDirect = {}

function TestDirect:test_stack_says_what_it_is()
  if os.getenv "FERRY_STACK" == "api" then
    lu.assertEquals(ffi.stack, "api")
  else
    if ffi.stack == "api" then lu.skip "this Lua's stack is not as known" end
    lu.assertEquals(ffi.stack, "direct")
  end
end

-- Twice each: the first access of a type goes the general way.
local function twice(f)
  f()
  f()
end

function TestDirect:test_members()
  local s = ffi.new "struct dir_all"
  local p = ffi.cast("struct dir_all *", s)
  for _, o in ipairs { s, p } do
    for key, values in pairs {
      a = { -128, 127 }, b = { 0, 255 }, c = { -32768, 32767 }, d = { 0, 65535 },
      e = { -2147483648, 2147483647 }, f = { 0, 4294967295 }, g = { -0.5, 1.25 }, h = { 0.1, -1e300 },
    } do
      for _, v in ipairs(values) do
        o[key] = v
        lu.assertEquals(s[key], v, key)
        lu.assertEquals(p[key], v, key)
      end
    end
    twice(function()
      o.truth = true
      lu.assertIs(o.truth, true)
      o.truth = 0
      lu.assertIs(o.truth, false)
      o.e = true
      lu.assertEquals(o.e, 1)
      o.i, o.j = V.i64 "-9223372036854775808", V.u64 "18446744073709551615"
      lu.assertEquals(tostring(ffi.cast("int64_t", o.i)), "-9223372036854775808LL")
      lu.assertEquals(tostring(ffi.cast("uint64_t", o.j)), "18446744073709551615ULL")
      o.i = 5
      H.assert_int(o.i, "5")
      o.a_member_name_that_is_longer_than_forty_characters = 7
      lu.assertEquals(o["a_member_name_that_is" .. "_longer_than_forty_characters"], 7)
      o.k = 3
      lu.assertEquals(o.k, 3)
      o.next = s
      lu.assertEquals(o.next.next.k, 3)
      o.array[2] = 9
      lu.assertEquals(o.array[2], 9)
      lu.assertError(function() o.l = 1 end)
      lu.assertError(function() o.nope = 1 end)
      lu.assertError(function() return o.nope end)
      lu.assertError(function() o.h = "1" end)
      lu.assertError(function() o.h = {} end)
      lu.assertError(function() o.h = nil end)
      lu.assertError(function() return s[1.5] end)
      lu.assertError(function() return o[{}] end)
      lu.assertError(function() return o[nil] end)
    end)
  end
  lu.assertEquals(rawequal(s, p), false)
end

-- Long strings are not unique, and memory of one is soon another's: names of that length are compared.
function TestDirect:test_a_long_name_is_no_other_long_name()
  local long = "a_member_name_that_is_longer_than_forty_characters"
  ffi.cdef(("struct dir_long1 { int %s; }; struct dir_long2 { int pad; int %s; };"):format(long, long))
  local one, two = ffi.new("struct dir_long1", 1), ffi.new("struct dir_long2", 2, 3)
  lu.assertEquals({ one[long], two[long] }, { 1, 3 })
  local function read(o, key) return o[key] end
  H.collect()
  local kept = {}
  for i = 1, H.slow and 200 or 5000 do
    kept[i] = ("%0" .. #long .. "d"):format(i)
    lu.assertFalse(pcall(read, one, kept[i]), kept[i])
    lu.assertFalse(pcall(read, two, kept[i]), kept[i])
  end
end

function TestDirect:test_numbers_out_of_range()
  local s = ffi.new "struct dir_all"
  twice(function()
    s.b = 256
    lu.assertEquals(s.b, 0)
    s.b = -1
    lu.assertEquals(s.b, 255)
    s.e = 2 ^ 32 + 5
    lu.assertEquals(s.e, 5)
    s.e = -7.9
    lu.assertEquals(s.e, -7)
    s.j = 2 ^ 63
    lu.assertEquals(tostring(ffi.cast("uint64_t", s.j)), "9223372036854775808ULL")
    for _, far in ipairs { 1e300, -1e300, 1 / 0, -1 / 0, 0 / 0 } do
      s.e, s.i = far, far -- whatever it gives, it is no crash
      lu.assertEquals(type(s.e), "number")
    end
    s.h = 0 / 0
    lu.assertTrue(s.h ~= s.h)
  end)
end

function TestDirect:test_elements()
  for _, decl in ipairs { "int8_t", "uint8_t", "int16_t", "uint16_t", "int32_t", "uint32_t", "float", "double", "bool" } do
    local bool = decl == "bool"
    local a, v, m = ffi.new(decl .. "[4]"), ffi.new(decl .. "[?]", 4), ffi.new("struct { " .. decl .. " a[4]; }")
    local list = { a, v, m.a, ffi.cast(decl .. " *", a) }
    for n, x in ipairs(list) do
      twice(function()
        for i = 0, 3 do
          local value = bool and i % 2 == 1 or not bool and i + 10
          x[i] = value
          lu.assertEquals(x[i], value, decl)
          lu.assertEquals(x[i + 0.0], value, decl)
        end
        lu.assertEquals(x[2.9], x[2])
        if n < 4 then
          lu.assertError(function() return x[4] end)
          lu.assertError(function() return x[-1] end)
          lu.assertError(function() x[4] = 1 end)
          lu.assertError(function() x[-1] = 1 end)
          lu.assertError(function() return x[2 ^ 53] end)
          lu.assertError(function() return x[1e300] end)
          lu.assertError(function() return x[0 / 0] end)
        end
        lu.assertError(function() return x.foo end)
        lu.assertError(function() x.foo = 1 end)
        lu.assertError(function() x[0] = {} end)
      end)
    end
    lu.assertEquals((ffi.cast(decl .. " *", a) + 2)[-1], a[1])
    local null = ffi.new(decl .. " *")
    twice(function()
      lu.assertError(function() return null[0] end)
      lu.assertError(function() null[0] = 1 end)
    end)
    local c = ffi.new("const " .. decl .. "[2]", { bool and true or 3 })
    twice(function()
      lu.assertEquals(c[0], bool and true or 3)
      lu.assertError(function() c[0] = 1 end)
    end)
  end
end

-- Elements that are objects keep what they lie in alive, by whatever way they were reached.
function TestDirect:test_elements_that_are_objects()
  local point = ffi.typeof "struct { int x, y; }"
  local function objects(n)
    local a = ffi.new(ffi.typeof("$[?]", point), n)
    local m = ffi.new(ffi.typeof("struct { int n; $ p[4]; int grid[2][3]; const char *name; }", point))
    for i = 0, 3 do a[i].x, m.p[i].x = i + 1, i + 1 end
    for i = 0, 1 do
      for j = 0, 2 do m.grid[i][j] = i * 10 + j end
    end
    m.name = "text"
    return a, m
  end
  local a, m = objects(4)
  local p = ffi.cast(ffi.typeof("$ *", point), a)
  local inner = {}
  for round = 1, 3 do
    for i = 0, 3 do
      lu.assertEquals({ a[i].x, m.p[i].x, p[i].x }, { i + 1, i + 1, i + 1 })
      lu.assertEquals(tostring(ffi.typeof(a[i])), tostring(ffi.typeof(p[i])))
      inner[#inner + 1] = m.p[i]
      inner[#inner + 1] = m.p
    end
    lu.assertEquals({ m.grid[1][2], m.grid[0][1] }, { 12, 1 })
    lu.assertError(function() return a[4] end)
    lu.assertError(function() return m.p[4] end)
    lu.assertError(function() return m.grid[2] end)
    lu.assertError(function() return m.grid[1][3] end)
    lu.assertEquals(ffi.string(m.name), "text")
  end
  local pointers = ffi.new("const char *[3]", { "one", "two" })
  local by_pointer = ffi.cast("const char **", pointers)
  twice(function()
    lu.assertEquals(ffi.string(pointers[1]), "two")
    lu.assertEquals(ffi.string(by_pointer[0]), "one")
    lu.assertTrue(ffi.isnull(pointers[2]))
    lu.assertError(function() return pointers[3] end)
  end)
  local null = ffi.new(ffi.typeof("$ *", point))
  twice(function()
    lu.assertError(function() return null[0] end)
    lu.assertError(function() return null.x end)
  end)
  a, m, p = nil, nil, nil
  collectgarbage()
  collectgarbage()
  for _ = 1, 100 do objects(8) end
  for i, o in ipairs(inner) do
    if i % 2 == 1 then lu.assertEquals(o.x, (i - 1) / 2 % 4 + 1) else lu.assertEquals(o[3].x, 4) end
  end
end

function TestDirect:test_const_objects()
  local s = ffi.new("struct { int x; }")
  local c = ffi.cast("const int *", ffi.new "int[1]")
  twice(function()
    lu.assertEquals(c[0], 0)
    lu.assertError(function() c[0] = 1 end)
    s.x = 1
  end)
  local T = ffi.typeof "struct { int x; double y; }"
  local k = ffi.new(ffi.typeof("const $", T), { 4 })
  twice(function()
    lu.assertEquals(k.x, 4)
    lu.assertError(function() k.x = 5 end)
    lu.assertError(function() k.y = 5 end)
  end)
end

function TestDirect:test_null_and_late_records()
  local null = ffi.new "struct dir_all *"
  twice(function()
    lu.assertError(function() return null.a end)
    lu.assertError(function() null.a = 1 end)
  end)
  local address = ffi.new "int[2]"
  address[0] = 42
  local late = ffi.cast("struct dir_late *", address)
  twice(function() lu.assertError(function() return late.value end) end)
  ffi.metatype("struct dir_late", { __index = { value = "method", other = "method" } })
  late = ffi.cast("struct dir_late *", address)
  twice(function() lu.assertEquals(late.value, "method") end)
  ffi.cdef "struct dir_late { int value; };"
  twice(function()
    lu.assertEquals(late.value, 42)
    lu.assertEquals(late.other, "method")
  end)
end

function TestDirect:test_methods_are_looked_up_each_time()
  local mt = { __index = { f = 1 } }
  local T = ffi.metatype("struct { int x; }", mt)
  local o = T(5)
  local p = ffi.new(ffi.typeof("$ *", T), o)
  for _, x in ipairs { o, p } do
    mt.__index = { f = 1 }
    lu.assertEquals(x.f, 1)
    mt.__index.f = 2
    lu.assertEquals(x.f, 2)
    mt.__index = { f = 3 }
    lu.assertEquals(x.f, 3)
    mt.__index = function(self, key) return key .. self.x end
    lu.assertEquals(x.f, "f5")
    lu.assertEquals(x["a key that no Lua interns because it is too long for that"], "a key that no Lua interns because it is too long for that5")
    mt.__index = setmetatable({}, { __index = function(_, key) return key == "deep" and 4 or nil end })
    lu.assertEquals(x.deep, 4)
    lu.assertError(function() return x.shallow end)
    mt.__index = nil
    lu.assertError(function() return x.f end)
    lu.assertEquals(x.x, 5)
  end
end

-- Objects are keys and values like any other; access by way of other tables.
function TestDirect:test_through_tables()
  local s = ffi.new("struct dir_all", { h = 2.5 })
  local t = setmetatable({}, { __index = s })
  lu.assertEquals(t.h, 2.5)
  local w = setmetatable({}, { __newindex = s })
  w.h = 3.5
  lu.assertEquals(s.h, 3.5)
  lu.assertError(function() return t.nope end)
end

-- The stack lies elsewhere in a coroutine, and moves when it grows.
function TestDirect:test_coroutines_and_moving_stacks()
  local s, a = ffi.new "struct dir_all", ffi.new("int[?]", 1000)
  local function deep(n, ...)
    s.e = n
    a[n] = s.e
    if n == 0 then return select("#", ...) end
    local result = deep(n - 1, n, ...)
    return a[n] == n and result
  end
  local run = coroutine.wrap(function()
    for _ = 1, 3 do coroutine.yield(deep(150)) end
  end)
  for _ = 1, 3 do
    lu.assertEquals(run(), 150)
    collectgarbage()
    lu.assertEquals(deep(100), 100)
  end
  local threads = {}
  for i = 1, 50 do
    threads[i] = coroutine.wrap(function()
      while true do
        s.e = s.e + 1
        coroutine.yield(s.e)
      end
    end)
  end
  s.e = 0
  for i = 1, 50 do lu.assertEquals(threads[i](), i) end
end

function TestDirect:test_constructors()
  local T = ffi.typeof "struct { double x, y; char tail[5]; }"
  for _, decl in ipairs { "struct { char c; }", "struct { char c[5]; }", "struct {}", "int[3]", "char[17]", "double[40]",
    "struct { double d[8]; }", "struct { int x[5]; }", "complex", "struct { char c; } __attribute__((aligned(32)))" } do
    local U = ffi.typeof(decl)
    twice(function()
      for _, o in ipairs { U(), ffi.new(U) } do
        local bytes = ffi.string(ffi.cast("const char *", ffi.addressof(o)), ffi.sizeof(U))
        lu.assertEquals(bytes, ("\0"):rep(ffi.sizeof(U)), decl)
        lu.assertTrue(ffi.istype(U, o))
        lu.assertEquals(tonumber(ffi.cast("uintptr_t", ffi.addressof(o))) % ffi.alignof(U), 0)
      end
    end)
  end
  lu.assertEquals(T(1).y, 0)
  lu.assertError(function() return T(1, 2, 3, 4) end)
  local made
  local mt = {}
  local M = ffi.metatype("struct { int x; }", mt)
  lu.assertEquals(M().x, 0)
  mt.__new = function(ct)
    made = (made or 0) + 1
    return ffi.new(ct, 8)
  end
  lu.assertEquals(M().x, 8)
  lu.assertEquals(made, 1)
  mt.__new = nil
  lu.assertEquals(M().x, 0)
  local collected = 0
  mt.__gc = function() collected = collected + 1 end
  for _ = 1, 10 do M() end
  collectgarbage()
  collectgarbage()
  lu.assertTrue(collected >= 9)
end

-- Tables longer than a table constructor takes, with and without an array part, and with items of every kind.
function TestDirect:test_bulk_edges()
  for _, n in ipairs { 0, 1, 15, 16, 17, 2999, 3000, 3001, 50000, 50001, 70000 } do
    local a = ffi.new("int[?]", n)
    for i = 0, n - 1 do a[i] = i * 3 end
    local t = ffi.totable(a)
    lu.assertEquals(#t, n)
    if n > 0 then lu.assertEquals({ t[1], t[n] }, { 0, (n - 1) * 3 }) end
    local b = ffi.new("int[?]", n)
    ffi.fromtable(b, t)
    lu.assertEquals(ffi.string(b, n * 4) == ffi.string(a, n * 4), true)
  end
  local hashed = {}
  for i = 10, 1, -1 do hashed[i] = i end
  local a = ffi.new "double[10]"
  ffi.fromtable(a, hashed)
  lu.assertEquals({ a[0], a[9] }, { 1, 10 })
  local mixed = ffi.new "int[6]"
  ffi.fromtable(mixed, { 1, 2.75, ffi.new("int64_t", 3), true, -4, 5e300 })
  lu.assertEquals({ mixed[0], mixed[1], mixed[2], mixed[3], mixed[4] }, { 1, 2, 3, 1, -4 })
  local flags = ffi.new "bool[3]"
  ffi.fromtable(flags, { true, 0, false })
  lu.assertEquals(ffi.totable(flags), { true, false, false })
  lu.assertError(ffi.fromtable, mixed, { 1, nil, 3 }, 0, 3)
  lu.assertError(ffi.fromtable, mixed, { 1, "2", 3 })
  lu.assertError(ffi.fromtable, mixed, { 1, 2 }, 0, 3)
  lu.assertError(ffi.fromtable, ffi.new "float[2]", { 1, {} })
  local run = coroutine.wrap(function() return ffi.totable(ffi.new("double[20000]")) end)
  lu.assertEquals(#run(), 20000)
end

-- What only the debug library can do: the events with arguments that Lua would not give them.
function TestDirect:test_events_called_by_hand()
  if not debug then lu.skip "no debug library" end
  local s, T = ffi.new "struct dir_all", ffi.typeof "struct { int x; }"
  for _, object in ipairs { s, ffi.new "int[3]", ffi.cast("int *", ffi.new "int[1]"), T } do
    local mt = debug.getmetatable(object)
    for _, event in ipairs { "__index", "__newindex", "__call" } do
      local f = mt[event]
      for _, x in ipairs { 5, "x", {}, print, io.stdout, coroutine.create(function() end), true } do
        lu.assertError(f, x)
        lu.assertError(f, x, "a")
        lu.assertError(f, x, "a", 1)
        lu.assertError(f, x, 0, 1)
      end
      lu.assertError(f)
      if event ~= "__call" then lu.assertError(f, object) end
    end
  end
end

H.run()
