-- Lifetime: ffi.gc, __gc of metatypes, what keeps what alive, failing finalisers.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
void *malloc(size_t); void free(void *);
struct gc_in { int x, y; };
struct gc_out { struct gc_in a; struct gc_in v[4]; const char *name; struct gc_in *p; int *ip; };
]]

local function collect()
  for _ = 1, 4 do collectgarbage() end
end
local function churn()
  for i = 1, 300 do
    local _ = ffi.new("char[200]", ("x"):rep(i % 190))
  end
  collect()
end

TestGc = {}

function TestGc:test_finaliser_runs_once_with_the_object()
  local seen = {}
  do
    local p = ffi.gc(ffi.new("struct gc_in", 3, 4), function(o) seen[#seen + 1] = o.x + o.y end)
    lu.assertEquals(p.x, 3)
  end
  collect()
  lu.assertEquals(seen, { 7 })
  collect()
  lu.assertEquals(#seen, 1)
end

function TestGc:test_returns_the_same_object()
  local s = ffi.new "struct gc_in"
  lu.assertTrue(rawequal(ffi.gc(s, function() end), s))
  lu.assertTrue(rawequal(ffi.gc(s, nil), s))
end

function TestGc:test_nil_removes()
  local n = 0
  do
    local s = ffi.gc(ffi.new "struct gc_in", function() n = n + 1 end)
    ffi.gc(s, nil)
  end
  collect()
  lu.assertEquals(n, 0)
end

function TestGc:test_later_finaliser_replaces()
  local seen = {}
  do
    local s = ffi.gc(ffi.new "struct gc_in", function() seen[#seen + 1] = "first" end)
    ffi.gc(s, function() seen[#seen + 1] = "second" end)
  end
  collect()
  lu.assertEquals(seen, { "second" })
end

function TestGc:test_c_function_as_finaliser()
  do
    local p = ffi.gc(ffi.C.malloc(64), ffi.C.free)
    lu.assertFalse(V.isnull(p))
  end
  collect()
  local q = ffi.gc(ffi.C.malloc(64), ffi.cast("void (*)(void *)", ffi.C.free))
  lu.assertFalse(V.isnull(q))
  q = nil
  collect()
end

function TestGc:test_callable_table_as_finaliser()
  H.not_on_luajit "also allows it, with an error at collection"
  local n = 0
  do
    ffi.gc(ffi.new "struct gc_in", setmetatable({}, { __call = function() n = n + 1 end }))
  end
  collect()
  lu.assertEquals(n, 1)
end

function TestGc:test_of_pointers_and_scalars()
  local n = 0
  do
    local p = ffi.gc(ffi.cast("int *", 4096), function(q) if V.addr(q) == 4096 then n = n + 1 end end)
    lu.assertEquals(V.addr(p), 4096)
  end
  collect()
  lu.assertEquals(n, 1)
end

function TestGc:test_wrong_arguments()
  lu.assertError(ffi.gc)
  lu.assertError(ffi.gc, 5, print)
  lu.assertError(ffi.gc, {}, print)
  lu.assertError(ffi.gc, ffi.new "struct gc_in")
end

function TestGc:test_uncallable_finalisers_are_refused()
  H.not_on_luajit "takes anything"
  lu.assertError(ffi.gc, ffi.new "struct gc_in", 5)
  lu.assertError(ffi.gc, ffi.new "struct gc_in", "x")
end

function TestGc:test_failing_finaliser_does_not_propagate()
  H.not_on_luajit "raises it from the collector"
  local after = 0
  do
    ffi.gc(ffi.new "struct gc_in", function() error "in a finaliser" end)
    ffi.gc(ffi.new "struct gc_in", function() after = after + 1 end)
  end
  local stderr_on_54 = rawget(_G, "warn")
  if stderr_on_54 then stderr_on_54 "@off" end
  lu.assertTrue(pcall(collect))
  lu.assertTrue(pcall(collect))
  lu.assertEquals(after, 1)
end

function TestGc:test_resurrected_object_is_usable()
  local kept
  do
    ffi.gc(ffi.new("struct gc_in", 5, 6), function(o) kept = o end)
  end
  collect()
  churn()
  lu.assertEquals({ kept.x, kept.y }, { 5, 6 })
end

TestGcMetatype = {}

function TestGcMetatype:test_for_objects_made_by_new_only()
  local n = 0
  ffi.cdef "struct gc_mt { int id; };"
  local T = ffi.metatype("struct gc_mt", { __gc = function(o) n = n + o.id end })
  do
    local a, b = T(1), ffi.new("struct gc_mt", 10)
    local p = ffi.cast("struct gc_mt *", a)
    lu.assertEquals(p.id + b.id, 11)
  end
  collect()
  lu.assertEquals(n, 11)
  do
    local raw = ffi.new("int[1]", 100)
    local p = ffi.cast("struct gc_mt *", raw)
    lu.assertEquals(p.id, 100)
  end
  collect()
  lu.assertEquals(n, 11)
end

function TestGcMetatype:test_gc_overrides()
  local seen = {}
  ffi.cdef "struct gc_mt2 { int id; };"
  local T = ffi.metatype("struct gc_mt2", { __gc = function() seen[#seen + 1] = "mt" end })
  do
    ffi.gc(T(1), function() seen[#seen + 1] = "own" end)
    ffi.gc(T(2), nil)
    local _ = T(3)
  end
  collect()
  table.sort(seen)
  lu.assertEquals(seen, { "mt", "own" })
end

function TestGcMetatype:test_c_function_as_gc()
  ffi.cdef "struct gc_mt3 { void *p; }; typedef struct gc_mt3 gc_mt3;"
  local n = 0
  local T = ffi.metatype("struct gc_mt3", { __gc = function(o) ffi.C.free(o.p) n = n + 1 end })
  do
    for _ = 1, 10 do T(ffi.C.malloc(10)) end
  end
  collect()
  lu.assertEquals(n, 10)
end

function TestGcMetatype:test_call_results_are_not_finalised()
  H.not_on_luajit "does not ask"
  local fx = H.load "spec_calls"
  ffi.cdef "typedef struct { int a, b; } s_ints; s_ints swap_ints(s_ints s);"
  local n = 0
  ffi.metatype("s_ints", { __gc = function() n = n + 1 end })
  do
    for _ = 1, 5 do fx.swap_ints { 1, 2 } end
  end
  collect()
  lu.assertEquals(n, 0)
  ffi.metatype("s_ints", nil)
end

TestKeepAlive = {}

function TestKeepAlive:test_interior_references()
  H.not_on_luajit "references do not keep the owner"
  local refs = {}
  do
    local o = ffi.new "struct gc_out"
    o.a.x, o.v[2].y = 11, 22
    refs = { o.a, o.v, o.v[2] }
  end
  churn()
  lu.assertEquals({ refs[1].x, refs[2][2].y, refs[3].y }, { 11, 22, 22 })
end

function TestKeepAlive:test_reference_of_a_reference()
  H.not_on_luajit "references do not keep the owner"
  local r = ffi.new("struct { struct { struct { int z[2]; } b; } a; }", { { { { 5, 6 } } } }).a.b.z
  churn()
  lu.assertEquals({ r[0], r[1] }, { 5, 6 })
end

function TestKeepAlive:test_finaliser_waits_for_references()
  H.not_on_luajit "references do not keep the owner"
  local n, ref = 0, nil
  do
    local o = ffi.gc(ffi.new "struct gc_out", function() n = n + 1 end)
    ref = o.v[1]
  end
  collect()
  lu.assertEquals(n, 0)
  ref.x = 5
  ref = nil
  collect()
  lu.assertEquals(n, 1)
end

function TestKeepAlive:test_strings_in_members()
  H.not_on_luajit "anchors nothing"
  local o = ffi.new "struct gc_out"
  o.name = ("name "):rep(30) .. tostring(os.time())
  local want = ("name "):rep(30) .. tostring(os.time())
  churn()
  lu.assertEquals(ffi.string(o.name):sub(1, 140), want:sub(1, 140))
  local a = ffi.new("const char *[2]", { ("elem "):rep(30) .. 1, ("elem "):rep(30) .. 2 })
  churn()
  lu.assertEquals(ffi.string(a[1]), ("elem "):rep(30) .. 2)
end

function TestKeepAlive:test_cdata_in_pointer_members()
  H.not_on_luajit "anchors nothing"
  local freed = 0
  local o = ffi.new "struct gc_out"
  do
    o.p = ffi.gc(ffi.new("struct gc_in", 7, 8), function() freed = freed + 1 end)
    o.ip = ffi.new("int[3]", 1, 2, 3)
  end
  churn()
  lu.assertEquals(freed, 0)
  lu.assertEquals({ o.p.y, o.ip[2] }, { 8, 3 })
  o.p = nil
  collect()
  lu.assertEquals(freed, 1)
end

function TestKeepAlive:test_anchors_by_initialiser_and_copy()
  H.not_on_luajit "anchors nothing"
  local freed = 0
  local o, copy
  do
    o = ffi.new("struct gc_out", { p = ffi.gc(ffi.new("struct gc_in", 1, 2), function() freed = freed + 1 end) })
    copy = ffi.new("struct gc_out[2]")
    copy[1] = o
  end
  o = nil
  churn()
  lu.assertEquals(freed, 0)
  lu.assertEquals(copy[1].p.y, 2)
  copy = nil
  collect()
  collect()
  lu.assertEquals(freed, 1)
end

function TestKeepAlive:test_addressof()
  H.not_on_luajit "no such function"
  local p = ffi.addressof(ffi.new("struct gc_in", 3, 4))
  churn()
  lu.assertEquals(p.y, 4)
end

function TestKeepAlive:test_arguments_live_through_the_call()
  ffi.cdef "size_t strlen(const char *);"
  H.assert_num(ffi.C.strlen(ffi.new("char[20]", "temporary")), 9)
  lu.assertEquals(ffi.string(ffi.new("char[20]", "temporary")), "temporary")
end

function TestKeepAlive:test_no_leak_of_plain_objects()
  H.not_checked "what has ended is kept for a time"
  collect()
  local before = collectgarbage "count"
  for _ = 1, H.slow and 500 or 20000 do
    local o = ffi.new "struct gc_out"
    o.a.x = 1
    o.name = "literal"
    o.ip = ffi.new "int[1]"
  end
  collect()
  lu.assertTrue(collectgarbage "count" - before < 300, "leaked " .. (collectgarbage "count" - before) .. " kB")
end

H.run()
