-- ffi.release: what a cdata owns ends now; later uses are errors that name it; nothing is freed under a pointer that Lua has.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
void *malloc(size_t); void *calloc(size_t, size_t); void free(void *); size_t strlen(const char *); void *memcpy(void *, const void *, size_t);
int printf(const char *, ...); void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
struct rel_in { int x, y; };
struct rel_out { struct rel_in a; struct rel_in v[4]; const char *name; struct rel_in *p; void *block; };
typedef struct { int w, h; } rel_image;
typedef struct { int quot, rem; } rel_div; rel_div div(int, int); int rel_missing(rel_image);
]]

local function collect()
  for _ = 1, 4 do collectgarbage() end
end
local function counted()
  local log = {}
  return log, function(o) log[#log + 1] = o end
end

TestRelease = {}

function TestRelease:test_runs_the_finaliser_once_and_now()
  local log, f = counted()
  local o = ffi.gc(ffi.new "int[4]", function(x) f(tostring(ffi.typeof(x)) .. x[0]) end)
  o[0] = 7
  lu.assertTrue(ffi.release(o))
  lu.assertEquals(log, { "ctype<int [4]>7" })
  lu.assertFalse(ffi.release(o))
  o = nil
  collect()
  lu.assertEquals(#log, 1)
  lu.assertNil(o)
end

function TestRelease:test_blocks()
  local log, f = counted()
  local p = ffi.gc(ffi.C.malloc(64), function(q) f(tostring(q)) ffi.C.free(q) end)
  local shown = tostring(p)
  lu.assertTrue(ffi.release(p))
  lu.assertEquals(log, { shown })
  lu.assertTrue(ffi.release(ffi.gc(ffi.C.malloc(64), ffi.C.free)))
  lu.assertFalse(ffi.release(p))
  p = nil
  collect()
  lu.assertEquals(#log, 1)
  lu.assertNil(p)
end

function TestRelease:test_metatypes()
  local n = 0
  ffi.cdef "struct rel_mt { int id; };"
  local T
  T = ffi.metatype("struct rel_mt", {
    __gc = function(o) n = n + o.id end,
    __index = { close = function(o) return ffi.release(o) end },
  })
  local a, b = T(1), ffi.new("struct rel_mt", 10)
  lu.assertTrue(a:close())
  lu.assertEquals(n, 1)
  H.assert_error_contains(function() return a:close() end, "attempt to use 'released struct rel_mt")
  H.assert_error_contains(function() return a.id end, "attempt to use 'released struct rel_mt")
  lu.assertTrue(ffi.release(ffi.gc(b, nil)))
  lu.assertTrue(ffi.release(T(100)))
  a, b = nil, nil
  collect()
  lu.assertEquals(n, 101)
  lu.assertNil(a or b)
end

-- Whatever is done with it: an error, and one that says what it was.
local uses = {
  index = function(o) return o[0] end,
  member = function(o) return o.x end,
  write = function(o) o[0] = 1 end,
  write_member = function(o) o.x = 1 end,
  add = function(o) return o + 1 end,
  subtract = function(o) return o - o end,
  compare = function(o) return o < o end,
  call = function(o) return o(1) end,
  string = function(o) return ffi.string(o) end,
  string_of_length = function(o) return ffi.string(o, 2) end,
  copy_from = function(o) ffi.copy(ffi.new "char[8]", o, 4) end,
  copy_to = function(o) ffi.copy(o, "abc") end,
  copy_table = function(o) ffi.copy(o, { 1 }) end,
  fill = function(o) ffi.fill(o, 4) end,
  cast = function(o) return ffi.cast("void *", o) end,
  cast_to_integer = function(o) return ffi.cast("uintptr_t", o) end,
  addressof = function(o) return ffi.addressof(o) end,
  gc = function(o)
    return ffi.gc(o, function(x)
      if tostring(ffi.typeof(x)):find "%*>$" then ffi.C.free(x) end
    end)
  end,
  toretval = function(o) return ffi.toretval(o) end,
  tonumber = function(o) return ffi.tonumber(o) end,
  totable = function(o) return ffi.totable(o, 1) end,
  fromtable = function(o) return ffi.fromtable(o, { 1 }) end,
  slice = function(o) return ffi.slice(o, 0, 1) end,
  convert = function(o) return ffi.convert(ffi.new "int[1]", o, 1) end,
  convert_to = function(o) return ffi.convert(o, ffi.new "int[1]", 1) end,
  argument = function(o) return ffi.C.strlen(o) end,
  argument_of_any_kind = function(o) return ffi.C.memcpy(o, o, 1) end,
  variadic_argument = function(o) return ffi.C.printf("", o) end,
  stored = function(o) ffi.new("void *[1]")[0] = o end,
  initialiser = function(o) return ffi.new("void *[1]", { o }) end,
  new_pointer = function(o) return ffi.new("void *", o) end,
  struct_argument = function(o) return ffi.new("struct rel_out", { a = o }) end,
  same_type = function(o) ffi.new("struct rel_in[1]")[0] = o end,
  pairs = function(o) for _ in pairs(o) do return end end,
  length = function(o) return #o end,
  concat = function(o) return o .. "" end,
  concat_behind = function(o) return "" .. o end,
  equal = function(o) return o == ffi.new "int[1]" end,
  equal_to_null = function(o) return ffi.NULL == o end,
  less_or_equal = function(o) return ffi.NULL <= o end,
  minus = function(o) return -o end,
  times = function(o) return o * 2 end,
  method = function(o) return o:method() end,
  sizeof = function(o) return ffi.sizeof(o) end,
  alignof = function(o) return ffi.alignof(o) end,
  offsetof = function(o) return ffi.offsetof(o, "x") end,
  new_of_its_type = function(o) return ffi.new(o) end,
  cast_to_its_type = function(o) return ffi.cast(o, nil) end,
  constructor = function(o) return ffi.constructor(o) end,
  metatype = function(o) return ffi.metatype(o, {}) end,
  metatype_of_its_type = function(o) return ffi.metatype(ffi.typeof(o), {}) end,
  i64 = function(o) return ffi.i64(o) end,
  count = function(o) return ffi.new("int[?]", o) end,
  as_index = function(o) return ffi.new "int[4]"[o] end,
  string_of_nothing = function(o) return ffi.string(o, 0) end,
  copy_of_nothing = function(o) return ffi.copy(ffi.new "int[1]", o, 0) end,
  copy_to_of_nothing = function(o) return ffi.copy(o, "", 0) end,
  fill_of_nothing = function(o) return ffi.fill(o, 0) end,
  wide = function(o) return ffi.wide(o) end,
  utf8 = function(o) return ffi.utf8(o, 1) end,
  result_of_a_callback = function(o)
    local cb = ffi.cast("void *(*)(void)", function() return o end)
    local ok, why = pcall(cb)
    cb:free()
    assert(ok, why)
  end,
}
local owners = {
  ["int [4]"] = function() return ffi.new "int[4]" end,
  ["int [?]"] = function() return ffi.new("int[?]", 4) end,
  ["char [8]"] = function() return ffi.new("char[8]", "abc") end,
  ["struct rel_in"] = function() return ffi.new "struct rel_in" end,
  ["struct rel_out"] = function() return ffi.new "struct rel_out" end,
  ["rel_image"] = function() return ffi.new "rel_image" end,
  ["void *"] = function() return ffi.gc(ffi.C.calloc(16, 1), ffi.C.free) end,
  ["struct rel_in *"] = function() return ffi.gc(ffi.cast("struct rel_in *", ffi.C.calloc(16, 1)), ffi.C.free) end,
}
for use, run in pairs(uses) do
  TestRelease["test_use_" .. use] = function()
    for name, make in pairs(owners) do
      local o = make()
      for _ = 1, 3 do pcall(run, make()) end -- so that the hot paths know it
      lu.assertTrue(ffi.release(o))
      for _ = 1, 3 do
        local ok, why = pcall(run, o)
        lu.assertFalse(ok, use .. " of " .. name)
        if not tostring(why):find("released " .. name, 1, true) and not (use == "pairs" and H.version == "5.1") then
          lu.fail(("%s of %s: %s"):format(use, name, tostring(why)))
        end
      end
    end
  end
end

function TestRelease:test_what_may_still_be_asked()
  local o = ffi.new "struct rel_in"
  ffi.release(o)
  lu.assertStrContains(tostring(o), "cdata<released struct rel_in")
  lu.assertEquals(ffi.type(o), "cdata")
  lu.assertTrue(ffi.isnull(o))
  lu.assertFalse(ffi.istype("struct rel_in", o))
  lu.assertStrContains(tostring(ffi.typeof(o)), "released struct rel_in")
  lu.assertTrue(rawequal(o, o))
  local t = { [o] = 1 }
  lu.assertEquals(t[o], 1)
end

-- Structs by value go in registers, from where the object lies.
function TestRelease:test_compiled_calls_refuse_it()
  local fx = H.load "spec_calls"
  ffi.cdef "typedef struct { int a, b; } rel_ints; rel_ints swap_ints(rel_ints s);"
  local s = ffi.new("rel_ints", 1, 2)
  for _ = 1, 5 do lu.assertEquals(fx.swap_ints(s).a, 2) end
  ffi.release(s)
  for _ = 1, 3 do H.assert_error_contains(function() fx.swap_ints(s) end, "released rel_ints") end
  local text = ffi.new("char[8]", "abc")
  for _ = 1, 5 do H.assert_num(ffi.C.strlen(text), 3) end
  ffi.release(text)
  for _ = 1, 3 do H.assert_error_contains(function() ffi.C.strlen(text) end, "released char [8]") end
end

function TestRelease:test_a_block_waits_for_the_pointers_made_from_it()
  local log, f = counted()
  local function finaliser(q) f(tostring(q)) ffi.C.free(q) end
  local derive = {
    function(p) return p + 1 end,
    function(p) return ffi.cast("char *", p) end,
    function(p) return (p + 1).v[1] end,
    function(p) return p[0].v end,
    function(p) return p.a end,
    function(p) return ffi.slice(p, 0, 1) end,
    function(p) return ffi.new("void *", p) end,
    function(p) return ffi.new("void *[1]", { p }) end,
    function(p) return ffi.new("void *[1]", { p })[0] end,
    function(p) local s = ffi.new "struct rel_out" s.block = p return s end,
    function(p) local s = ffi.new("struct rel_out", { block = p }) return ffi.new("struct rel_out[1]", s) end,
  }
  for i, make in ipairs(derive) do
    local p = ffi.gc(ffi.cast("struct rel_out *", ffi.C.calloc(4, ffi.sizeof "struct rel_out")), finaliser)
    local shown = tostring(p)
    local q = make(p)
    lu.assertFalse(ffi.release(p), i)
    lu.assertEquals(log, {}, i)
    H.assert_error_contains(function() return p.name end, "attempt to use 'released struct rel_out *")
    lu.assertFalse(ffi.release(p))
    collect()
    lu.assertEquals(log, {}, i)
    if i == 1 and not H.checked then lu.assertEquals(q.v[1].x, 0) end
    p, q = nil, nil
    collect() collect()
    lu.assertEquals(log, { shown }, i)
    log[1] = nil
    lu.assertNil(p or q)
  end
end

function TestRelease:test_pointers_into_a_released_object_stay_valid()
  H.not_checked "they end with it"
  local o = ffi.new("struct rel_out", { v = { { 1, 2 }, { 3, 4 } }, name = ("text "):rep(40) .. 1 })
  local part, p = o.v[1], ffi.addressof(o.v[1])
  local whole = ffi.cast("struct rel_out *", o)
  lu.assertTrue(ffi.release(o))
  for i = 1, 200 do local _ = ffi.new("struct rel_out", { v = { { i, i }, { i, i } } }) end
  o = nil
  collect()
  lu.assertEquals({ part.x, p.y, ffi.string(whole.name) }, { 3, 4, ("text "):rep(40) .. 1 })
  lu.assertNil(o)
end

function TestRelease:test_what_owns_nothing()
  local o = ffi.new "struct rel_out"
  for _, x in ipairs { ffi.cast("int *", 64), o.a, o.v, ffi.addressof(o), ffi.new("int", 5), ffi.NULL, ffi.cast("char *", o) + 1 } do
    H.assert_error_contains(function() ffi.release(x) end, "owns nothing")
  end
  for _, x in ipairs { 1, "text", {}, ffi.typeof "int", io.stdout, print } do
    H.assert_error_contains(function() ffi.release(x) end, "bad argument #1 to 'release' (cdata expected")
  end
  lu.assertError(ffi.release)
  lu.assertEquals(o.a.x, 0)
end

function TestRelease:test_finalisers_of_derived_pointers()
  local log, f = counted()
  local o = ffi.new "struct rel_out"
  local p = ffi.gc(o.v + 1, function() f "p" end)
  lu.assertTrue(ffi.release(p))
  lu.assertEquals(log, { "p" })
  H.assert_error_contains(function() return p.x end, "released struct rel_in *")
  local q = ffi.gc(o.v + 1, function(x) f(x.x) end)
  o.v[1].x = 9
  o = nil
  local r = q + 1
  lu.assertFalse(ffi.release(q))
  q, r = nil, nil
  collect() collect()
  lu.assertEquals(log, { "p", 9 })
  lu.assertNil(o or q or r)
end

function TestRelease:test_an_error_in_the_finaliser_is_raised()
  local n = 0
  local o = ffi.gc(ffi.new "int[1]", function() n = n + 1 error("on the way", 0) end)
  local ok, why = pcall(ffi.release, o)
  lu.assertFalse(ok)
  lu.assertEquals(why, "on the way")
  lu.assertFalse(ffi.release(o))
  H.assert_error_contains(function() return o[0] end, "released int [1]")
  o = nil
  collect()
  lu.assertEquals(n, 1)
  lu.assertNil(o)
end

function TestRelease:test_a_finaliser_that_releases_again()
  local n = 0
  local o
  o = ffi.gc(ffi.new "int[1]", function(x) n = n + 1 lu.assertTrue(ffi.release(x)) end)
  lu.assertTrue(ffi.release(o))
  lu.assertFalse(ffi.release(o))
  lu.assertEquals(n, 1)
end

function TestRelease:test_callbacks()
  local cb = ffi.cast("int (*)(const void *, const void *)", function() return 0 end)
  lu.assertEquals(cb(nil, nil), 0)
  lu.assertTrue(ffi.release(cb))
  H.assert_error_contains(function() cb(nil, nil) end, "freed callback")
  lu.assertFalse(ffi.release(cb))
end

function TestRelease:test_within_a_call_that_uses_it()
  H.not_checked "C's pointers into it are refused, too"
  local list = ffi.new("int[3]", 3, 1, 2)
  local done
  ffi.C.qsort(list, 3, 4, function(a, b)
    done = done or ffi.release(list)
    return ffi.cast("const int *", a)[0] - ffi.cast("const int *", b)[0]
  end)
  lu.assertTrue(done)
  H.assert_error_contains(function() return list[0] end, "released int [3]")
end

function TestRelease:test_close_of_5_4()
  H.only_versions("5.4", "5.5")
  local n = 0
  ffi.cdef "struct rel_closed { int id; };"
  local T = ffi.metatype("struct rel_closed", { __close = function(o) n = n + 1 ffi.release(o) end, __gc = function() n = n + 10 end })
  V.chunk [[local T = ... do local o <close> = T(1) end]](T)
  lu.assertEquals(n, 11)
end

-- Types and memory do not grow with what is released.
function TestRelease:test_growth()
  local function run(n)
    for i = 1, n do
      ffi.release(ffi.gc(ffi.new "int[4]", print and function() end))
      ffi.release(ffi.new("char[?]", 100))
      local p = ffi.gc(ffi.cast("int *", ffi.C.malloc(16)), ffi.C.free)
      local _ = p + i
      ffi.release(p)
    end
    collect()
    return collectgarbage "count"
  end
  -- Tables of what has finalisers are resized when they are full, mostly of dead keys: to more room or to less.
  local function most()
    local kib = 0
    for _ = 1, 6 do kib = math.max(kib, run(H.slow and 300 or 5000)) end
    return kib
  end
  local before = most()
  lu.assertTrue(most() - before < 100)
end

H.run()
