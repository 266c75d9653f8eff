-- A conversion that fails in the middle leaves nothing half-written that Lua can see, and keeps nothing alive.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
struct at_in { int x, y; };
struct at_s { int i; struct at_in in; int v[4]; char name[8]; struct at_in rows[2]; const char *text; int (*fn)(int); unsigned lo : 4, hi : 4; };
union at_u { int i; struct at_in in; };
int er_take_two(int, const char *); int er_take_struct(struct at_in);
]]
local fx = H.load "spec_errors"

local function bytes(x) return ffi.string(ffi.cast("const char *", ffi.addressof(x)), ffi.sizeof(x)) end

TestHalfWritten = {}

function TestHalfWritten:setUp() H.not_on_luajit() end

local function full()
  return ffi.new("struct at_s", { i = 1, ["in"] = { 2, 3 }, v = { 4, 5, 6, 7 }, name = "name", rows = { { 8, 9 }, { 10, 11 } }, lo = 12, hi = 13 })
end

function TestHalfWritten:test_members_and_elements_keep_their_value()
  local bad = {}
  local cases = {
    function(s) s["in"] = { 20, bad } end, function(s) s["in"] = { x = 20, y = "x" } end, function(s) s["in"] = { y = 20, x = bad } end,
    function(s) s.v = { 40, 41, 42, bad } end, function(s) s.v = { 1, 2, 3, 4, 5 } end, function(s) s.v = { [0] = 1, 2, "x" } end,
    function(s) s.name = { 65, 66, bad } end, function(s) s.rows = { { 1, 2 }, { 3, bad } } end, function(s) s.rows = { { 1, 2 }, { 3, 4 }, { 5 } } end,
    function(s) s.rows[1] = { 1, bad } end, function(s) s.rows[0] = { x = 1, y = bad } end, function(s) s.lo = bad end, function(s) s.hi = "x" end,
    function(s) s.text = 5 end, function(s) s.fn = {} end, function(s) s.i = "x" end, function(s) s.name = 5 end,
  }
  for n, case in ipairs(cases) do
    local s = full()
    local before = bytes(s)
    lu.assertFalse((pcall(case, s)), "case " .. n)
    lu.assertEquals(bytes(s), before, "case " .. n)
  end
end

function TestHalfWritten:test_whole_structs_in_arrays_and_through_pointers()
  local a = ffi.new("struct at_s[2]", { full(), full() })
  local before = bytes(a)
  for n, case in ipairs {
    function() a[0] = { i = 5, rows = { { 1, 2 }, { 3, {} } } } end, function() a[1] = { 5, { 1, 2 }, { 3, 4, 5, "x" } } end,
    function() local p = ffi.cast("struct at_s *", a); p[1] = { i = 5, fn = 7 } end, function() a[1] = { i = 7, text = function() end } end,
    function() a[0] = { i = 1, v = { 1, 2, 3, 4, 5 } } end,
  } do
    lu.assertFalse((pcall(case)), "case " .. n)
    lu.assertEquals(bytes(a), before, "case " .. n)
  end
end

function TestHalfWritten:test_self_assignment_of_tables_from_the_same_object()
  local s = full()
  s.v = { s.v[3], s.v[2], s.v[1], s.v[0] }
  lu.assertEquals({ s.v[0], s.v[1], s.v[2], s.v[3] }, { 7, 6, 5, 4 })
  s.rows = { s.rows[1], s.rows[0] }
  lu.assertEquals({ s.rows[0].x, s.rows[1].x }, { 10, 8 })
end

function TestHalfWritten:test_metamethods_in_tables_are_not_run()
  -- Initialisers read raw: an __index that raises, or that changes the target, cannot come in between.
  local s = full()
  local before = bytes(s)
  s["in"] = setmetatable({ 2 }, { __index = function() s.i = 99 error "no" end })
  lu.assertEquals(s.i, 1)
  s["in"] = { 2, 3 }
  lu.assertEquals(bytes(s), before)
end

function TestHalfWritten:test_failed_construction_gives_no_object()
  local made, collected = 0, 0
  local t = ffi.metatype("struct { int a; int b[3]; }", { __gc = function() collected = collected + 1 end })
  for _ = 1, 20 do
    if pcall(t, 1, { 1, 2, "x" }) then made = made + 1 end
    if pcall(t, 1, { 1, 2, 3, 4 }) then made = made + 1 end
  end
  H.collect()
  lu.assertEquals({ made, collected }, { 0, 0 })
end

function TestHalfWritten:test_bulk()
  local a = ffi.new("int[4]", { 1, 2, 3, 4 })
  local before = bytes(a)
  lu.assertFalse((pcall(ffi.copy, a, { 9, 8, "x" })))
  lu.assertEquals(bytes(a), before)
  lu.assertFalse((pcall(ffi.fromtable, a, { 9, 8, {} }, 1)))
  lu.assertEquals(bytes(a), before)
  local r = ffi.new("struct at_in[2]", { { 1, 2 }, { 3, 4 } })
  before = bytes(r)
  lu.assertFalse((pcall(ffi.copy, r, { { 5, 6 }, { 7, {} } })))
  lu.assertEquals(bytes(r), before)
  local d = ffi.new("double[3000]")
  local t = {}
  for i = 1, 3000 do t[i] = i end
  t[2999] = false
  t[3000] = "x"
  before = bytes(d)
  lu.assertFalse((pcall(ffi.copy, d, t)))
  lu.assertEquals(bytes(d), before)
end

TestNothingKept = {}

function TestNothingKept:setUp() H.not_on_luajit() end

local function is_collected(weak)
  H.collect()
  return next(weak) == nil
end

function TestNothingKept:test_arguments_of_a_call_that_fails()
  local weak = setmetatable({}, { __mode = "k" })
  for _ = 1, 10 do
    local t, f = {}, function() end
    weak[t], weak[f] = true, true
    pcall(fx.er_take_two, 1, t)
    pcall(fx.er_take_struct, t, f)
    pcall(fx.er_take_struct, { 1, f })
  end
  lu.assertTrue(is_collected(weak))
end

function TestNothingKept:test_targets_and_sources_of_failed_assignments()
  local weak = setmetatable({}, { __mode = "k" })
  local s = full()
  for i = 1, 10 do
    local source = ffi.new "char[8]"
    weak[source] = true
    pcall(function() s.v = { 1, source } end)
    pcall(function() s["in"] = { source } end)
    pcall(ffi.new, "struct { const char *a, *b; }", source, i)
  end
  lu.assertTrue(is_collected(weak))
end

-- The anchor of what a member held before stays when an assignment to the whole fails.
function TestNothingKept:test_anchors_survive_a_failed_assignment()
  ffi.cdef "struct at_holder { const char *text; int n; }; struct at_box { struct at_holder h; };"
  local box = ffi.new "struct at_box"
  do
    local buffer = ffi.new("char[32]", ("kept"):rep(4))
    box.h.text = buffer
    buffer = nil
  end
  pcall(function() box.h = { text = "other", n = {} } end)
  H.collect()
  for _ = 1, 100 do ffi.new("char[32]", ("x"):rep(31)) end
  lu.assertEquals(ffi.string(box.h.text), ("kept"):rep(4))
end

-- A callback made for an argument before a later argument fails: made once for a function, as for calls that work.
function TestNothingKept:test_callbacks_made_before_a_later_argument_fails()
  ffi.cdef "void qsort(void *, size_t, size_t, int (*)(const void *, const void *)); int er_at_two(int (*)(int), int) __asm__(\"er_take_two\");"
  local f = function() return 0 end
  local before = ffi.debug().callbacks.count
  for _ = 1, 50 do lu.assertFalse((pcall(fx.er_at_two, f, "x"))) end
  lu.assertTrue(ffi.debug().callbacks.count - before <= 1)
  for _ = 1, 50 do lu.assertFalse((pcall(ffi.new, "struct { int (*f)(int); int n; }", f, "x"))) end
  lu.assertTrue(ffi.debug().callbacks.count - before <= 1)
  for _ = 1, 50 do lu.assertFalse((pcall(ffi.new, "int (*)(int)", f, "x"))) end
  lu.assertTrue(ffi.debug().callbacks.count - before <= 1)
end

function TestNothingKept:test_failed_declarations_leave_no_type()
  for _, text in ipairs {
    "struct at_none { int a; nope b; };", "typedef int at_none_t; nope x;", "enum at_none_e { AT_NONE = 3, AT_MORE = nope };", "int at_none_f(int); #if",
  } do
    lu.assertFalse((pcall(ffi.cdef, text)))
  end
  lu.assertFalse((pcall(ffi.sizeof, "struct at_none")))
  lu.assertFalse((pcall(ffi.sizeof, "at_none_t")))
  lu.assertFalse((pcall(ffi.sizeof, "enum at_none_e")))
  lu.assertFalse((pcall(function() return ffi.C.AT_NONE end)))
  lu.assertErrorMsgContains("missing declaration", function() return ffi.C.at_none_f end)
end

H.run()
