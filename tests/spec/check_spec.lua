-- The checking mode: what C writes outside of objects, and what is used after its end, is told by the lines that made and ended it.
-- In processes of their own, as a state is checked from its opening on, or not at all.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

local declarations = [[
local ffi = require "ferry"
ffi.cdef [=[
typedef struct { int a, b; } ck_pair; typedef int (*ck_each)(const ck_pair *pair, void *context);
struct ck_out { int x; struct { int y; } in; ck_pair rows[2]; const char *name; ck_pair *link; void *block; };
struct ck_flex { int n; int v[?]; }; struct ck_wide { double v[2]; } __attribute__((aligned(64))); typedef float ck_v8 __attribute__((vector_size(32)));
void ck_poke(void *at, long offset, unsigned char value); int ck_poke_two(void *, void *, long); void ck_poke_struct(ck_pair *, int);
int ck_poke_more(int, ...); void ck_keep(void *); void *ck_kept(void); void ck_poke_kept(long); void ck_poke_kept_later(ck_each);
int ck_for_each(ck_each, void *); int ck_by_value(int (*f)(ck_pair, const char *)); int ck_twice(int);
int ck_with_function(int (*f)(int (*)(int)), int (*g)(int));
void *malloc(size_t); void free(void *); size_t strlen(const char *); void *memcpy(void *, const void *, size_t); int abs(int);
]=]
local fx = ffi.load(os.getenv "CK_LIBRARY")
local function collect() for _ = 1, 4 do collectgarbage() end end
local function address(o) return ffi.tonumber(ffi.cast("uintptr_t", ffi.cast("void *", o))) end
local function tell(f) local ok, why = pcall(f) print(why) end
]]

-- Runs the text, whose first line is line 1 of "t", where the state is checked; its output, and its errors. `environment`: of the shell;
-- `before`: Lua that is run first.
local function run(text, environment, before)
  local script = { before or "", "local text, declarations = ", ("%q"):format(text), ", ", ("%q"):format(declarations), "\n",
    "local body = declarations:gsub('\\n', ' ') .. text\n",
    "assert((loadstring or load)(body, '=t'))()\n" }
  local variables = { CK_LIBRARY = H.fixture "spec_check" }
  for name, value in (environment or "FERRY_CHECK=1"):gmatch "(%S+)=(%S*)" do variables[name] = value end
  return (select(2, H.script(table.concat(script), variables)))
end
-- LuaJIT's tail calls of C functions leave no line that an error could begin with.
local function comparable(text) return H.hosted_by_luajit and (("\n" .. text):gsub("\nt:%d+: ", "\n")) or text end
local function check(text, expected, environment) lu.assertEquals(comparable(run(text, environment)), comparable(expected)) end

TestCheckedZones = {}

function TestCheckedZones:test_behind_and_before()
  check([[
local a = ffi.new "char[8]"
tell(function() fx.ck_poke(a, 8, 65) end)
tell(function() fx.ck_poke(a, 7, 65) end)
tell(function() fx.ck_poke(a, -3, 0) end)
tell(function() fx.ck_poke(a + 4, 3, 66) end)
print(a[7], ffi.check())]], [[
t:2: 'ck_poke' wrote behind 'char [8]' made at t:1: of 8 bytes the one at offset 8 is 65
nil
t:4: 'ck_poke' wrote before 'char [8]' made at t:1: of 8 bytes the one at offset -3 is 0
nil
66	true
]])
end

function TestCheckedZones:test_of_objects_of_every_kind()
  local text = {}
  for _, make in ipairs { "ffi.new 'struct ck_out'", "ffi.new('struct ck_flex', 3)", "ffi.new('int[?]', 5)", "ffi.new 'struct ck_wide'",
    "ffi.new 'struct ck_wide[3]'", "ffi.new 'ck_v8'", "ffi.new 'ck_pair'", "ffi.new 'int[0]'", "ffi.typeof 'ck_pair[2][2]'()",
    "ffi.constructor 'ck_pair'()", "ffi.new('char[?]', 100000)", "ffi.new 'double complex[1]'", "ffi.new('const char[4]', 'abc')" } do
    text[#text + 1] = ([[do local o = %s
      local n = ffi.sizeof(o)
      for _, at in ipairs { -1, -64, n, n + 63 } do
        local ok, why = pcall(fx.ck_poke, ffi.cast("void *", ffi.addressof(o)), at, 7)
        if ok or not why:find("the one at offset " .. at .. " is 7", 1, true) then print(tostring(o), at, why) end
      end
      assert(address(ffi.addressof(o)) %% ffi.alignof(o) == 0) end]]):format(make)
  end
  check(table.concat(text, "\n") .. " print 'done'", "done\n")
end

-- By Lua.
function TestCheckedZones:test_indexes_of_pointers()
  check([[
local a, b = ffi.new "int[4]", ffi.new "ck_pair"
local p = ffi.cast("int *", a)
p[3], p[0] = 0x100, 2
tell(function() p[4] = 1 end)
tell(function() return p[-1] end)
tell(function() return (p + 4)[0] end)
tell(function() return (p + 4)[-1] == 0x100 end)
tell(function() return ffi.cast("char *", a)[15] end)
tell(function() return ffi.cast("double *", a + 3)[0] end)
tell(function() return ffi.addressof(b)[1] end)
tell(function() ffi.copy(p, "1234567890123456") end)
tell(function() ffi.fill(p + 2, 9, 7) end)
tell(function() ffi.fromtable(p, { 1, 2, 3, 4, 0x05050505 }) end)
print(ffi.check())]], [[
t:4: index 4 of 'int *' is outside of 'int [4]' made at t:1
t:5: index -1 of 'int *' is outside of 'int [4]' made at t:1
t:6: index 0 of 'int *' is outside of 'int [4]' made at t:1
true
0
t:9: index 0 of 'double *' is outside of 'int [4]' made at t:1
t:10: index 1 of 'ck_pair *' is outside of 'ck_pair' made at t:1
t:11: 'ffi.copy' wrote behind 'int [4]' made at t:1: of 16 bytes the one at offset 16 is 0
t:12: 'ffi.fill' wrote behind 'int [4]' made at t:1: of 16 bytes the one at offset 16 is 7
t:13: 'ffi.fromtable' wrote behind 'int [4]' made at t:1: of 16 bytes the one at offset 16 is 5
true
]])
end

function TestCheckedZones:test_all_arguments_are_looked_at()
  check([[
local a, b = ffi.new "char[4]", ffi.new "ck_pair"
tell(function() fx.ck_poke_two(a, b, 9) end)
tell(function() fx.ck_twice(1) end)
tell(function() fx.ck_poke_more(6, a) end)
tell(function() fx.ck_poke_struct(b, 2) end)
print(b.a, b.b)]], [[
t:2: 'ck_poke_two' wrote behind 'char [4]' made at t:1: of 4 bytes the one at offset 9 is 1
t:3: 'ck_poke_two' wrote behind 'ck_pair' made at t:1: of 8 bytes the one at offset 9 is 2
t:4: 'ck_poke_more' wrote behind 'char [4]' made at t:1: of 4 bytes the one at offset 6 is 1
t:5: 'ck_poke_struct' wrote behind 'ck_pair' made at t:1: of 8 bytes the one at offset 8 is 7
117901063	117901063
]])
end

-- C has the pointer from before: found when the object is collected, released, asked for, or when the state closes.
function TestCheckedZones:test_later()
  check([[
local a = ffi.new "char[8]"
fx.ck_keep(a)
fx.ck_poke_kept(10)
tell(function() return ffi.check() end)
fx.ck_poke_kept(11)
tell(function() return ffi.release(a) end)
print(ffi.release(a))
local b = ffi.new "int[2]"
fx.ck_keep(b)
fx.ck_poke_kept(-1)
b = nil
collect()
tell(function() return fx.ck_twice(1) end)
c = ffi.new "char[3]"
fx.ck_keep(c)
fx.ck_poke_kept(5)
print "end"
io.stdout:flush()]], [[
t:4: written behind 'char [8]' made at t:1: of 8 bytes the one at offset 10 is 3
t:6: written behind 'char [8]' made at t:1: of 8 bytes the one at offset 11 is 3
false
t:13: written before 'int [2]' made at t:8: of 8 bytes the one at offset -1 is 3
end
ffi: written behind 'char [3]' made at t:14: of 3 bytes the one at offset 5 is 3
]])
end

function TestCheckedZones:test_after_its_end()
  check([[
local a = ffi.new "char[8]"
fx.ck_keep(a)
ffi.release(a)
fx.ck_poke_kept(2)
tell(function() return ffi.check() end)
local b = ffi.new "char[8]"
fx.ck_keep(b)
b = nil
collect()
fx.ck_poke_kept(3)
tell(function() return ffi.check() end)
tell(function() return ffi.check() end)]], [[
t:5: written to after its end: 'char [8]' made at t:1, released at t:3
t:11: written to after its end: 'char [8]' made at t:6, collected
true
]])
end

function TestCheckedZones:test_around_callbacks()
  check([[
local a = ffi.new "char[8]"
fx.ck_keep(a)
tell(function() fx.ck_poke_kept_later(function() fx.ck_poke(a, 0, 1) return 0 end) end)
tell(function() return ffi.check() end)
tell(function() ffi.C.memcpy(a, "123456789", 9) fx.ck_for_each(function() return 1 end, a) end)
tell(function() fx.ck_for_each(function() fx.ck_poke(a, 9, 9) return 1 end, a) end)]], [[
nil
t:4: written behind 'char [8]' made at t:1: of 8 bytes the one at offset 64 is 4
t:5: 'memcpy' wrote behind 'char [8]' made at t:1: of 8 bytes the one at offset 8 is 57
t:6: 'ck_poke' wrote behind 'char [8]' made at t:1: of 8 bytes the one at offset 9 is 9
]])
end

TestCheckedEnds = {}

function TestCheckedEnds:test_what_was_made_from_a_released_object()
  check([[
local function object() local o = ffi.new("struct ck_out", { x = 1, rows = { { 1, 2 }, { 3, 4 } } }) return o end
local log = {}
for name, make in pairs {
  reference = function(o) return o["in"] end, element = function(o) return o.rows[1] end, array = function(o) return o.rows end,
  address = function(o) return ffi.addressof(o) end, cast = function(o) return ffi.cast("int *", o) end,
  sum = function(o) return ffi.cast("ck_pair *", o) + 1 end, chain = function(o) return ffi.addressof(ffi.addressof(o).rows[1]) + 0 end,
  slice = function(o) return ffi.slice(o.rows, 0, 1) end, stored = function(o) return ffi.new("void *[1]", { o })[0] end,
  new = function(o) return ffi.new("void *", o) end, finalised = function(o) return ffi.gc(o.rows + 1, function() end) + 0 end,
} do
  local o = object()
  local p = make(o)
  ffi.release(o)
  for _, use in ipairs { function() return p[0] end, function() return p.x end, function() p[0] = 1 end, function() return p + 1 end,
    function() return ffi.cast("char *", p) end, function() return ffi.C.strlen(p) end, function() return ffi.string(p, 1) end,
    function() ffi.copy(p, "a") end, function() ffi.fill(p, 1) end, function() return ffi.totable(p, 1) end, function() return p == ffi.NULL end,
    function() return ffi.addressof(p) end, function() return ffi.sizeof(p) end, function() ffi.new("void *[1]")[0] = p end } do
    local ok, why = pcall(use)
    if ok or not why:find "from struct ck_out %(made at t:1, released at t:%d+%)" then print(name, why) end
  end
end
-- Made afterwards, from what holds one.
local holder, o = ffi.new "struct ck_out", object()
holder.block = o
ffi.release(o)
tell(function() return ffi.cast("int *", holder.block)[0] end)]], [[
t:25: attempt to use 'void * from struct ck_out (made at t:1, released at t:24)'
]])
end

function TestCheckedEnds:test_blocks_with_a_finaliser()
  check([[
local freed = 0
local p = ffi.gc(ffi.cast("ck_pair *", ffi.C.malloc(64)), function(q) freed = freed + 1 ffi.C.free(q) end)
local q, r = p + 1, p[1]
tell(function() local all = ffi.release(p) assert(not all) end)
tell(function() return q.a end)
tell(function() return r.a end)
tell(function() return p.a end)
p, q, r = nil, nil, nil
collect()
print(freed)]], [[
nil
t:5: attempt to use 'ck_pair * from ck_pair * (made at t:2, released at t:4)'
t:6: attempt to use 'ck_pair from ck_pair * (made at t:2, released at t:4)'
t:7: attempt to use 'released ck_pair * (made at t:2, released at t:4)'
1
]])
end

-- Pointers that Ferry knows nothing of.
function TestCheckedEnds:test_by_address()
  check([[
local a = ffi.new("int[4]", 1, 2)
fx.ck_keep(a + 1)
ffi.release(a)
local p = ffi.cast("int *", fx.ck_kept())
tell(function() return p[0] end)
tell(function() p[0] = 1 end)
tell(function() return ffi.cast("ck_pair *", p).a end)
tell(function() return ffi.string(p, 4) end)
tell(function() ffi.copy(p, "abc", 3) end)
tell(function() ffi.copy(ffi.new "char[4]", p, 3) end)
tell(function() ffi.fill(p, 3) end)
tell(function() return ffi.totable(p, 1) end)
tell(function() return fx.ck_poke(p, 0, 1) end)
tell(function() return fx.ck_poke_more(1, p) end)
print(p == fx.ck_kept(), ffi.isnull(p), address(p + 1) - address(p))
local b = ffi.new "struct ck_out"
local at = address(b)
b = nil
collect()
tell(function() return ffi.cast("struct ck_out &", at).x end)
local c = ffi.new "char[4]"
tell(function() c[0] = 1 return ffi.cast("char *", address(c))[0] end)]], [[
t:5: 'int *' points into 'int [4]' made at t:1, released at t:3
t:6: 'int *' points into 'int [4]' made at t:1, released at t:3
t:7: 'ck_pair *' points into 'int [4]' made at t:1, released at t:3
t:8: 'int *' points into 'int [4]' made at t:1, released at t:3
t:9: 'int *' points into 'int [4]' made at t:1, released at t:3
t:10: 'int *' points into 'int [4]' made at t:1, released at t:3
t:11: 'int *' points into 'int [4]' made at t:1, released at t:3
t:12: 'int *' points into 'int [4]' made at t:1, released at t:3
t:13: bad argument #1 to 'ck_poke' ('void *' points into 'int [4]' made at t:1, released at t:3)
t:14: bad argument #2 to 'ck_poke_more' ('int *' points into 'int [4]' made at t:1, released at t:3)
true	false	4
t:20: 'struct ck_out &' points into 'struct ck_out' made at t:16, collected
1
]])
end

function TestCheckedEnds:test_arguments_of_callbacks()
  check([[
local kept, moved, inner, text, pair, context, f
local here = ffi.new "int[1]"
print(fx.ck_for_each(function(p, c)
  kept, moved, inner, context = p, p + 1, p[0], ffi.cast("int *", c)
  context[0] = context[0] + p.a
  return inner.b + moved[-1].a
end, here))
tell(function() return kept.a end)
tell(function() return moved.a end)
tell(function() return inner.a end)
tell(function() return ffi.cast("const int *", kept) end)
tell(function() return context[0] end)
tell(function() return fx.ck_poke(context, 0, 1) end)
print(here[0], fx.ck_by_value(function(v, t) pair, text = v, t return ffi.string(t) == "for a moment" and v.a or -1 end))
tell(function() print(ffi.string(text)) end)
print(pair.a, pair.b)
print(fx.ck_with_function(function(g) f = g return g(4) end, fx.ck_twice), f(5))
-- The error of a callback ends them as well.
tell(function() fx.ck_for_each(function(p) kept = p error("on the way", 0) end, nil) end)
tell(function() return kept.a end)
local cb = ffi.cast("ck_each", function(p) kept = p return 1 end)
fx.ck_for_each(cb, nil)
tell(function() return kept.a end)
local address = fx.ck_for_each(function(p) kept = ffi.cast("ck_pair *", ffi.cast("uintptr_t", p)) return 0 end, nil)
print(kept.a)]], [[
21
t:8: attempt to use 'const ck_pair * of a callback whose call has returned (made at t:3)'
t:9: attempt to use 'const ck_pair * of a callback whose call has returned (made at t:3)'
t:10: attempt to use 'const ck_pair of a callback whose call has returned (made at t:3)'
t:11: attempt to use 'const ck_pair * of a callback whose call has returned (made at t:3)'
t:12: attempt to use 'int * of a callback whose call has returned (made at t:3)'
t:13: attempt to use 'int * of a callback whose call has returned (made at t:3)'
9	8
t:15: bad argument #1 to 'string' (cannot convert 'const char * of a callback whose call has returned (made at t:14)' to 'const char *')
8	9
8	10
on the way
t:20: attempt to use 'const ck_pair * of a callback whose call has returned (made at t:19)'
t:23: attempt to use 'const ck_pair * of a callback whose call has returned (made at t:21)'
5
]])
end

TestCheckedLeaks = {}

function TestCheckedLeaks:test_the_list()
  check([[
local function names()
  local out = {}
  for _, e in ipairs(ffi.leaks()) do
    if e.name ~= os.getenv "CK_LIBRARY" then out[#out + 1] = ("%s %s %s %d"):format(e.kind, e.name, e.made_at, e.count) end
  end
  table.sort(out)
  return table.concat(out, "\n")
end
ffi.metatype("ck_pair", { __gc = function() end })
local kept = {}
for i = 1, 3 do kept[i] = ffi.gc(ffi.C.malloc(1), ffi.C.free) end
local pair = ffi.new "ck_pair"
local cb = ffi.cast("int (*)(int)", function(x) return x end)
ffi.gc(ffi.C.malloc(1), ffi.C.free)
local none = ffi.gc(ffi.gc(ffi.new "int[1]", print), nil)
print(names())
kept, pair = nil, nil
cb:free()
print("then", names())]], [[
callback int (*)(int) t:13 1
finaliser ck_pair t:12 1
finaliser void * t:11 3
then	
]])
end

function TestCheckedLeaks:test_at_the_end()
  local text = [[
fx = nil
local free = ffi.C.free
p = ffi.gc(ffi.C.malloc(1), ffi.C.free)
q = { ffi.gc(ffi.C.malloc(1), ffi.C.free), ffi.gc(ffi.C.malloc(1), ffi.C.free) }
cb = ffi.cast("int (*)(int)", function(x) return x end)
collect()]]
  local said = run(text, "FERRY_LEAKS=1 FERRY_CHECK=1")
  lu.assertStrContains(said, "ferry: alive when the Lua state closed: callback 'int (*)(int)', made at t:5\n")
  lu.assertStrContains(said, "ferry: alive when the Lua state closed: 'void *' with a finaliser, made at t:3\n")
  lu.assertStrContains(said, "ferry: alive when the Lua state closed: 'void *' with a finaliser, made at t:4 (2 of them)\n")
  check(text, "")
end

TestCheckedMode = {}

function TestCheckedMode:test_how_it_is_asked_for()
  local text = "print(ffi.debug().checks, ffi.check(), select('#', ffi.leaks()))"
  check(text, "true\ttrue\t1\n", "FERRY_CHECK=1")
  check(text, "false\tfalse\t2\n", "FERRY_CHECK=0")
  check(text, "false\tfalse\t2\n", "FERRY_CHECK=")
  lu.assertStrContains(run("require 'ferry.check'", "FERRY_CHECK="), "ferry.check comes before ffi and ferry: the state is open")
  lu.assertEquals(run("print(ffi.check())", "FERRY_CHECK=", "require 'ferry.check' "), "true\n")
end

function TestCheckedMode:test_the_specs_own_state()
  lu.assertEquals(ffi.debug().checks, H.checked and os.getenv "FERRY_CHECK" ~= "0")
  lu.assertEquals(ffi.check(), ffi.debug().checks)
end

-- What has ended is kept for a time, and no longer.
function TestCheckedMode:test_growth()
  check([[
local cb = ffi.cast("ck_each", function(p, c) return p.a + ffi.cast("char *", c)[0] end)
for round = 1, 2 do
  for i = 1, 30000 do
    local a = ffi.new("char[?]", 1000)
    if i % 100 == 0 then fx.ck_for_each(cb, a) end
    if i % 3 == 0 then ffi.release(a) end
  end
  collect()
  local kib = collectgarbage "count"
  print(kib < 40 * 1024 or kib)
end
print(ffi.check())]], "true\ntrue\ntrue\n")
end

H.run()
