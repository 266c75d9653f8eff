-- Ownership follows the pointer: what is made from an owner by casts, arithmetic, addresses and reads keeps it alive.
-- An object is alive as long as its finaliser has not run; no freed memory is read to find out.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
void *malloc(size_t); void *calloc(size_t, size_t); void free(void *); int abs(int); double fabs(double);
struct own_in { int x, y; };
struct own_out { struct own_in a; struct own_in v[4]; const char *name; struct own_in *p; int *ip; struct own_out *next;
                 int (*f)(int); char *list[2]; };
struct own_open { int n; char text[]; };
struct own_vls { int n; int v[?]; };
union own_u { struct own_in s; int v[2]; char c[8]; };
]]

-- LuaJIT's compiled code leaves dead values where its collector looks: a host of Ferry interprets this.
if rawget(_G, "jit") and not H.is_luajit then jit.off() end

local function collect()
  for _ = 1, 4 do collectgarbage() end
end

-- The owner has died; a block is C's.
local function finalise(o)
  if ffi.istype("void *", o) then ffi.C.free(o) end
end

-- make() gives the owner, derive(owner) what is to keep it: what it gave, and whether the owner's finaliser has run.
local function derived(make, derive)
  local dead = false
  local kept = derive(ffi.gc(make(), function(o)
    dead = true
    finalise(o)
  end))
  collect()
  return kept, function() return dead end
end
local function assert_keeps(make, derive, what)
  local kept, is_dead = derived(make, derive)
  lu.assertFalse(is_dead(), what)
  lu.assertNotNil(kept)
  kept = nil
  collect()
  lu.assertTrue(is_dead(), what)
end
local function assert_does_not_keep(make, derive)
  local kept, is_dead = derived(make, derive)
  lu.assertTrue(is_dead())
  return kept
end

local function ints() return ffi.new "int[64]" end
local function vla() return ffi.new("int[?]", 64) end
local function record() return ffi.new "struct own_out" end
local function records() return ffi.new "struct own_out[2]" end
local function vls() return ffi.new("struct own_vls", 64) end
local function block() return ffi.C.calloc(1, 512) end
local function text() return ffi.new("char[300]", "x") end
local function aligned() return ffi.new "struct { int i[64]; } __attribute__((aligned(64)))" end
local owners = { ints = ints, vla = vla, record = record, records = records, vls = vls, block = block, text = text, aligned = aligned }

-- Each gives from an owner of at least 256 bytes, or from a pointer to it, something that points into it.
local derivations = {
  cast = function(o) return ffi.cast("char *", o) end,
  cast_const = function(o) return ffi.cast("const void *", o) end,
  cast_twice = function(o) return ffi.cast("struct own_out *", ffi.cast("void *", o)) end,
  cast_reference = function(o) return ffi.cast("struct own_out &", ffi.cast("struct own_out *", o)[0]) end,
  add = function(o) return ffi.cast("char *", o) + 3 end,
  add_left = function(o) return 3 + ffi.cast("char *", o) end,
  add_boxed = function(o) return ffi.cast("char *", o) + ffi.new("int64_t", 3) end,
  subtract = function(o) return ffi.cast("char *", o) + 5 - 2 end,
  of_a_const_pointer = function(o) return ffi.cast("char *const", o) + 1 end,
  end_of_object = function(o) return ffi.cast("char *", o) + 256 end,
  element = function(o) return ffi.cast("struct own_in *", o)[3] end,
  element_array = function(o) return ffi.cast("int (*)[4]", o)[2] end,
  decay = function(o) return ffi.cast("int (*)[4]", o)[2] + 1 end,
  member = function(o) return ffi.cast("struct own_out *", o).a end,
  member_array = function(o) return ffi.cast("struct own_out *", o).v end,
  member_of_element = function(o) return ffi.cast("struct own_out *", o)[0].v[1] end,
  union_member = function(o) return ffi.cast("union own_u *", o).v + 1 end,
  flexible_member = function(o) return ffi.cast("struct own_open *", o).text end,
  variable_member = function(o) return ffi.cast("struct own_vls *", o).v end,
  whole_then_member = function(o) return (ffi.cast("struct own_out *", o) + 0)[0].v[1] end,
  new_pointer = function(o) return ffi.new("char *", ffi.cast("char *", o)) end,
  new_pointer_to_void = function(o) return ffi.new("void *", o) end,
  constructed_pointer = function(o) return ffi.typeof "const void *"(o) end,
  stored_in_a_box = function(o) return ffi.new("void *[1]", ffi.cast("void *", o)) end,
  read_from_a_box = function(o) return ffi.new("void *[1]", ffi.cast("void *", o))[0] end,
  read_from_a_longer_box = function(o) return ffi.new("void *[2]", { ffi.cast("void *", o) })[1] end,
  read_from_a_member = function(o) return ffi.new("struct own_out", { p = ffi.cast("struct own_in *", o) }).p end,
  read_and_followed = function(o) return ffi.new("struct own_out", { p = ffi.cast("struct own_in *", o) }).p[1] end,
  read_from_a_copy = function(o)
    local first = ffi.new("struct own_out", { p = ffi.cast("struct own_in *", o) })
    return ffi.new("struct own_out[2]", { {}, first })[1].p
  end,
}
-- LuaJIT has these too, but not in these words.
if not H.is_luajit then
  derivations.addressof = function(o) return ffi.addressof(ffi.cast("struct own_out *", o).v[1]) end
  derivations.addressof_pointer = function(o) return ffi.addressof(ffi.cast("char *", o)) end
  derivations.addressof_addressof = function(o) return ffi.addressof(ffi.addressof(ffi.cast("char *", o))) end
  derivations.pointer_behind_its_address = function(o) return ffi.addressof(ffi.cast("char *", o))[0] end
  derivations.moved_address = function(o) return (ffi.addressof(ffi.cast("char *", o)) + 1)[-1] + 1 end
  derivations.cast_address = function(o) return ffi.cast("void *", ffi.addressof(ffi.cast("char *", o))) end
  derivations.slice = function(o) return ffi.slice(ffi.cast("int *", o), 2, 3) end
  derivations.slice_of_slice = function(o) return ffi.slice(ffi.slice(ffi.cast("int *", o), 2, 9), 1, 3) + 1 end
  derivations.toretval = function(o) return ffi.toretval(ffi.cast("char *", o)) end
  derivations.table_of_pointers = function(o) return ffi.totable(ffi.new("void *[2]", { ffi.cast("void *", o) }))[1] end
end

TestOwnership = {}

for name, derive in pairs(derivations) do
  TestOwnership["test_" .. name] = function()
    H.not_on_luajit "pointers keep nothing"
    for owner, make in pairs(owners) do assert_keeps(make, derive, owner) end
  end
  TestOwnership["test_" .. name .. "_then_others"] = function()
    H.not_on_luajit "pointers keep nothing"
    for _, after in ipairs { "cast", "add", "element", "new_pointer", "read_from_a_member" } do
      assert_keeps(block, function(o)
        local p = derive(o)
        if ffi.istype("void *[1]", p) then p = p[0] end
        return derivations[after](ffi.cast("void *", p))
      end, after)
    end
  end
end

function TestOwnership:test_what_only_some_owners_have()
  H.not_on_luajit "pointers keep nothing"
  assert_keeps(ints, function(o) return o + 1 end)
  assert_keeps(vla, function(o) return 2 + o end)
  assert_keeps(records, function(o) return o[1].v + 1 end)
  assert_keeps(record, function(o) return o.v[1] end)
  assert_keeps(record, function(o) return ffi.cast("int *", o.v + 1) - 1 end)
  assert_keeps(record, ffi.addressof)
  assert_keeps(record, function(o) return ffi.addressof(o.list[1]  and o.v[2]) end)
  assert_keeps(record, function(o) return ffi.cast("struct own_out &", o) end)
  assert_keeps(record, function(o) return ffi.new("struct own_out &", o).v end)
  assert_keeps(vls, function(o) return ffi.slice(o.v, 1, 3) end)
end

function TestOwnership:test_a_finaliser_waits_for_the_whole_chain()
  H.not_on_luajit "pointers keep nothing"
  local log = {}
  local p
  do
    local object = ffi.gc(ffi.new "int[64]", function() log[#log + 1] = "object" end)
    local q = ffi.gc(ffi.cast("char *", object), function() log[#log + 1] = "pointer" end)
    p = ((q + 1) + 1)
    p = ffi.cast("short *", p) + 1
  end
  collect()
  lu.assertEquals(log, {})
  lu.assertNotNil(p)
  p = nil
  collect() collect()
  table.sort(log)
  lu.assertEquals(log, { "object", "pointer" })
end

function TestOwnership:test_finalisers_of_references_and_of_their_parts()
  H.not_on_luajit "pointers keep nothing"
  assert_keeps(function() return ffi.new("struct own_out").v end, function(v) return v[1] end)
  assert_keeps(function() return ffi.new("struct own_out").v end, function(v) return v + 1 + 1 end)
  assert_keeps(function() return ffi.new("struct own_out").v[2] end, function(e) return ffi.addressof(e) + 1 end)
  assert_keeps(function() return ffi.addressof(ffi.new "struct own_out") end, function(p) return p.a end)
  -- The finaliser of a part does not set its whole free.
  local dead = false
  local part
  do
    local whole = ffi.gc(ffi.new "struct own_out", function() dead = true end)
    part = ffi.gc(whole.a, function() end)
  end
  collect()
  lu.assertFalse(dead)
  part.x = 1
  part = nil
  collect() collect()
  lu.assertTrue(dead)
end

function TestOwnership:test_a_removed_finaliser_does_not_matter()
  H.not_on_luajit "pointers keep nothing"
  assert_keeps(ints, function(o)
    local p = ffi.gc(o + 1, function() error "removed" end)
    local q = p + 1
    ffi.gc(p, nil)
    return q
  end)
end

function TestOwnership:test_strings()
  H.not_on_luajit "pointers keep nothing"
  local function s(n) return ("a string of its own, number %d, "):rep(20):format(n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n) end
  local made = {
    ffi.cast("const char *", s(1)), ffi.cast("const char *", s(2)) + 4, ffi.cast("void *", s(3)), ffi.new("const char *", s(4)),
    ffi.cast("const uint8_t *", s(5)) + 1 - 1, ffi.new("const char *[1]", { s(6) })[0] + 2, ffi.new("struct own_out", { name = s(7) }).name,
  }
  for i = 1, 200 do local _ = s(i % 7 + 10) end
  collect()
  for i, from in ipairs { 0, 4, 0, 0, 0, 2, 0 } do lu.assertEquals(ffi.string(ffi.cast("const char *", made[i])), s(i):sub(from + 1)) end
end

function TestOwnership:test_foreign_userdata()
  H.not_on_luajit "pointers keep nothing"
  local weak = setmetatable({}, { __mode = "v" })
  local p
  do
    weak[1] = assert(io.tmpfile())
    p = ffi.cast("char *", ffi.cast("void *", weak[1])) + 0
  end
  collect()
  lu.assertNotNil(weak[1])
  p = nil
  collect() collect()
  lu.assertNil(weak[1])
  lu.assertNil(p)
end

function TestOwnership:test_boxed_values_behind_references()
  H.not_on_luajit "has no such references"
  local r
  assert_keeps(function() return ffi.new("int", 7) end, function(box) return ffi.new("const int &", box) end)
  assert_keeps(function() return ffi.new("int", 7) end, function(box) return ffi.addressof(box) end)
  assert_keeps(function() return ffi.new("int", 7) end, function(box) return ffi.addressof(ffi.new("const int &", box)) + 1 end)
  do r = ffi.new("const int &", ffi.new("int", 7)) end
  collect()
  lu.assertEquals(tonumber(r), 7)
end

-- A list is as long as its first element is reachable; and what one walks to stays, whatever becomes of the rest.
function TestOwnership:test_lists()
  H.not_on_luajit "pointers keep nothing"
  local dead, n = 0, 50
  local at
  do
    local first
    for i = 1, n do
      local node = ffi.gc(ffi.new "struct own_out", function() dead = dead + 1 end)
      node.a.x, node.next = i, first
      first = ffi.cast("struct own_out *", node)
    end
    at = first
  end
  collect()
  lu.assertEquals(dead, 0)
  for i = n, 26, -1 do
    lu.assertEquals(at.a.x, i)
    at = at.next
  end
  for _ = 1, 2 * n do collectgarbage() end
  lu.assertEquals(dead, n - 25)
  lu.assertEquals(at.a.x, 25)
  local last = at
  while not V.isnull(last.next) do last = last.next end
  at = nil
  for _ = 1, 2 * n do collectgarbage() end
  lu.assertEquals(dead, n - 1)
  lu.assertEquals(last.a.x, 1)
end

function TestOwnership:test_what_was_assigned_through_derived_pointers()
  H.not_on_luajit "pointers keep nothing"
  assert_keeps(ints, function(o)
    local s = ffi.new "struct own_out"
    ffi.cast("struct own_out *", s).ip = o
    return s
  end)
  assert_keeps(ints, function(o)
    local s = ffi.new "struct own_out[3]"
    ffi.cast("struct own_out *", s)[1].ip = o + 1
    return (s + 1).ip
  end)
  assert_keeps(ints, function(o)  -- into C's memory: the pointer that was written through has it, and what is made from that
    local p = ffi.cast("struct own_out *", ffi.gc(ffi.C.calloc(4, 256), ffi.C.free))
    p[1].ip = o
    return p + 1
  end)
  assert_keeps(ints, function(o)
    local p = ffi.cast("int *", nil)
    ffi.addressof(p)[0] = o
    return p
  end)
  assert_keeps(ints, function(o)
    local other = ffi.new "int[4]"
    local p = other + 1
    ffi.addressof(p)[0] = o + 1
    return p + 1
  end)
  assert_keeps(function() return ffi.new "int[64]" end, function(o)  -- overwritten: the pointer still keeps what it was made of
    local p = o + 1
    ffi.addressof(p)[0] = nil
    return p
  end)
  assert_does_not_keep(ints, function(o)
    local s = ffi.new "struct own_out"
    local p = ffi.cast("struct own_out *", s)
    p.ip = o
    p.ip = nil
    return p
  end)
end

function TestOwnership:test_function_pointers_keep_their_library()
  H.not_on_luajit "pointers keep nothing"
  local s = ffi.new "struct own_out"
  s.f = ffi.C.abs
  local f = s.f
  s = nil
  collect()
  lu.assertEquals(f(-3), 3)
  lu.assertEquals(ffi.cast("int (*)(int)", f)(-4), 4)
  lu.assertNil(s)
end

function TestOwnership:test_finalisers_get_the_pointer_itself()
  local got
  do
    local p = ffi.gc(ffi.cast("char *", ffi.C.malloc(8)), function(q) got = tostring(q) ffi.C.free(q) end)
    local q = p + 1
    lu.assertEquals(q - p, 1)
  end
  collect() collect()
  lu.assertStrContains(got, "cdata<char *>")
end

function TestOwnership:test_resurrected()
  H.not_on_luajit "pointers keep nothing"
  local kept
  do
    local o = ffi.new("int[4]", 1, 2, 3, 4)
    ffi.gc(o + 1, function(p) kept = p end)
  end
  collect() collect()
  for _ = 1, 200 do local _ = ffi.new("int[4]", 9, 9, 9, 9) end
  collect()
  lu.assertEquals({ kept[0], (kept + 1)[0] }, { 2, 3 })
end

function TestOwnership:test_across_coroutines()
  H.not_on_luajit "pointers keep nothing"
  assert_keeps(ints, function(o)
    local co = coroutine.wrap(function(p)
      while true do p = coroutine.yield(p + 1) end
    end)
    local p = co(ffi.cast("char *", o))
    return ({ co(p) })[1]
  end)
end

function TestOwnership:test_weak_tables_see_what_is_kept()
  H.not_on_luajit "pointers keep nothing"
  local weak = setmetatable({}, { __mode = "k" })
  local p
  do
    local o = ints()
    weak[o] = true
    p = o + 3
  end
  collect()
  lu.assertNotNil(next(weak))
  p = nil
  collect()
  lu.assertNil(next(weak))
  lu.assertNil(p)
end

-- What a variable of a library was assigned stays with it, and what is read from it with whoever has that.
function TestOwnership:test_variables_of_libraries()
  H.not_on_luajit "variables keep nothing"
  ffi.cdef [[
    typedef struct { int x, y; } own_point;
    typedef struct { own_point *p; const char *name; own_point *list[2]; } own_holder;
    extern own_point *g_ppoint __asm__("g_ppoint"); extern own_holder g_holder; void set_g_holder(own_point *);
  ]]
  local lib = H.load "spec_globals"
  local function point() return ffi.new("own_point", 3, 4) end
  local stores = {
    function(p) lib.g_ppoint = p return function() return lib.g_ppoint end end,
    function(p) ffi.addressof(lib, "g_ppoint")[0] = p return function() return lib.g_ppoint end end,
    function(p) lib.g_holder.p = p return function() return lib.g_holder.p end end,
    function(p) lib.g_holder = { p = p } return function() return lib.g_holder.p end end,
    function(p) lib.g_holder = ffi.new("own_holder", { list = { p } }) return function() return lib.g_holder.list[0] end end,
    function(p) lib.g_holder.list[1] = p return function() return lib.g_holder.list[1] end end,
  }
  for i, store in ipairs(stores) do
    local dead = false
    local read
    do read = store(ffi.gc(point(), function() dead = true end)) end
    collect()
    lu.assertFalse(dead, i)
    local p = read() + 0
    lib.g_ppoint = nil
    lib.g_holder.p, lib.g_holder.list[0], lib.g_holder.list[1] = nil, nil, nil
    collect()
    lu.assertFalse(dead, i)
    lu.assertEquals(p.y, 4)
    p, read = nil, nil
    collect()
    lu.assertTrue(dead, i)
  end
  -- What C stored since then is C's.
  lib.g_holder.p = point()
  lib.set_g_holder(nil)
  lu.assertTrue(V.isnull(lib.g_holder.p))
end

-- The way out, and what nobody can know.
function TestOwnership:test_what_keeps_nothing()
  assert_does_not_keep(ints, function(o) return ffi.cast("char *", ffi.cast("uintptr_t", o)) end)
  assert_does_not_keep(ints, function(o) return ffi.cast("char *", ffi.cast("intptr_t", o)) + 1 end)
  assert_does_not_keep(ints, function(o) return ffi.cast("uintptr_t", o) end)
  assert_does_not_keep(ints, function(o) return tostring(o) end)
  assert_does_not_keep(ints, function(o) return (o + 3) - o end)
end
function TestOwnership:test_a_copy_of_bytes_keeps_nothing()
  assert_does_not_keep(ints, function(o)
    local from, to = ffi.new("int *[1]", { o }), ffi.new "int *[1]"
    ffi.copy(to, from, ffi.sizeof(to))
    return to
  end)
end
function TestOwnership:test_memory_of_c_is_nobodys()
  local made = collectgarbage "count"
  local p = ffi.cast("struct own_out *", ffi.C.calloc(4, 256))
  local q = (p + 1)[1].v + 1
  lu.assertEquals(q.x, 0)
  ffi.C.free(p)
  lu.assertTrue(collectgarbage "count" - made < 1000)
end

-- Pointers in a loop are collected, and what they are made from does not grow.
local loops = {
  add = function(o) return function(p) return p + 1 end, o + 0 end,
  cast = function(o) return function(p) return ffi.cast("int *", ffi.cast("char *", p)) end, o + 0 end,
  from_object = function(o) return function() return o + 1 end, o end,
  new = function(o) return function() return ffi.new("int *", o) end, o end,
  string = function() return function(s) ffi.cast("const char *", s) return s end, ("s"):rep(100) end,
  finalised = function()
    local p = ffi.gc(ffi.cast("int *", ffi.C.malloc(16)), ffi.C.free)
    return function(q) return q + 1 - 1 end, p
  end,
  member = function(o)
    local s = ffi.new("struct own_out", { ip = o })
    return function() return s.ip + 1 end, o
  end,
  addresses = function(o) return function(p)
    local q = ffi.cast("int *", o)
    local pp = ffi.addressof(q)
    pp[0] = p
    return pp[0]
  end, o + 0 end,
  slices = function(o) return function(a) return ffi.slice(a, 0, 4) end, ffi.slice(o, 0, 4) end,
  list = function() return function(node)
    local next = ffi.new "struct own_out"
    node.next = next
    return node.next
  end, ffi.new "struct own_out" end,
}
for name, make in pairs(loops) do
  TestOwnership["test_growth_" .. name] = function()
    H.not_on_luajit "pointers keep nothing"
    H.not_checked "what has ended is kept for a time"
    local step, value = make(ffi.new("int[16]"))
    local n = H.slow and 500 or 20000
    for _ = 1, 100 do value = step(value) end
    collect()
    local before = collectgarbage "count"
    for _ = 1, n do value = step(value) end
    collect()
    local grown = collectgarbage "count" - before
    lu.assertTrue(grown < 200, ("%.0f kB"):format(grown))
    lu.assertNotNil(value)
  end
end

-- How far an object reaches is known of pointers into it, too, where C's type leaves it open.
function TestOwnership:test_open_members_end_with_the_object()
  H.not_on_luajit "does not check"
  local o = ffi.new("char[16]")
  local p = ffi.cast("struct own_open *", o)
  p.text = "eleven char"
  lu.assertEquals(ffi.string(p.text), "eleven char")
  lu.assertErrorMsgContains("too long for the 12 bytes", function() p.text = "thirteen chars" end)
  lu.assertErrorMsgContains("beyond the object's 12 bytes", ffi.copy, p.text, ("x"):rep(40), 20)
end

H.run()
