-- Further states in one process: allocators that fail at every allocation, states opened and closed in any order
-- with everything in use. Each ends in a Lua error or a result, never in a crash, and frees all that it took.
local H = require "spec_helper"
local lu = H.lu
local V = require "spec_values"

local host
local function open_host()
  H.not_on_luajit "state of its own allocator"
  if host then return end
  host = H.host "state_host"
end

local everything = H.in_states .. [[
local ffi = require "ffi"
ffi.cdef "struct st_p { int x; double y; const char *name; }; enum st_e { ST_A, ST_B }; int abs(int); double sqrt(double); int snprintf(char *, size_t, const char *, ...);"
ffi.cdef "void qsort(void *, size_t, size_t, int (*)(const void *, const void *)); size_t strlen(const char *);"
local P = ffi.metatype("struct st_p", { __index = { sum = function(p) return p.x + p.y end }, __add = function(a, b) return a.x + b.x end,
  __gc = function() end, __tostring = function() return "p" end })
local p = P(1, 2, "name")
assert(p:sum() == 3 and p + p == 2 and tostring(p) == "p" and ffi.string(p.name) == "name")
assert(ffi.C.abs(-3) == 3 and ffi.C.sqrt(4) == 2 and tonumber(ffi.C.strlen "four") == 4)
local a = ffi.new("int[5]", { 5, 3, 1, 4, 2 })
ffi.C.qsort(a, 5, 4, function(x, y) return ffi.cast("const int *", x)[0] - ffi.cast("const int *", y)[0] end)
assert(a[0] == 1 and a[4] == 5)
local cb = ffi.cast("int (*)(int)", function(n) return n + 1 end)
assert(cb(2) == 3)
cb:set(function(n) return n end)
cb:free()
local kept = ffi.cast("int (*)(int)", function(n) return n * 2 end)
assert(kept(4) == 8)
local v = ffi.new("struct { int n; struct st_p v[?]; }", 3)
v.v[1] = { 1, 2, "text" }
v.v[2] = p
local buffer = ffi.new("char[?]", 32)
ffi.C.snprintf(buffer, 32, "%d %s", 5, "x")
assert(ffi.string(buffer) == "5 x")
local n = ffi.new("int64_t", 7) * 6 + 1
assert(tostring(n) == "43LL" and n == ffi.new("uint64_t", 43))
local t = ffi.totable(a)
ffi.copy(a, t)
local g = ffi.gc(ffi.new "int[1]", function() end)
assert(ffi.typeof("struct st_p *")(p).x == 1 and ffi.new("complex", 1, 2).im == 2)
assert(not pcall(ffi.cdef, "int oops(") and not pcall(ffi.new, "struct st_p", {}, {}))
for i = 1, 3 do ffi.typeof("char[" .. i .. "]") end
LEFT = { p, a, kept, v, g, ffi.C.abs, coroutine.wrap(function() coroutine.yield(ffi.new "int") end) }
LEFT[7]()
]]

TestLowMemory = {}

local function try(fail_all)
  open_host()
  local path, cpath = package.path, package.cpath
  local ok, message, count, left = host.run(everything, path, cpath, 0)
  lu.assertTrue(ok, message)
  lu.assertEquals(left, 0)
  local n = 1
  while n <= count do
    left = select(4, host.run(everything, path, cpath, n, fail_all))
    -- A failed allocation may be survived: Lua collects and tries again, and pcall is part of the code.
    -- LuaJIT itself loses 8 bytes where one of its own allocations fails.
    if left ~= 0 and not (H.hosted_by_luajit and left == 8) then lu.fail(left .. " bytes are left, allocation " .. n) end
    n = n + (H.slow and 7 or 1)
  end
end

function TestLowMemory:test_one_allocation_fails() try(false) end
function TestLowMemory:test_all_allocations_fail_from_one_on() try(true) end

TestStates = {}

function TestStates:test_many_open_at_once_closed_in_different_orders()
  open_host()
  for _, order in ipairs { "forward", "backward", "odd" } do
    local states = {}
    for i = 1, 12 do
      local state, message = host.open(everything, package.path, package.cpath)
      lu.assertNotNil(state, message)
      states[i] = state
    end
    for i = 1, 12 do
      local at = order == "forward" and i or order == "backward" and 13 - i or (i * 5) % 13
      lu.assertEquals(host.close(states[at]), 0)
      states[at] = nil
      for k = 1, 12 do -- those that are left still work
        if states[k] then
          local ok, message = host.again(states[k], "local ffi = require 'ffi'; assert(LEFT[3](21) == 42 and ffi.C.abs(-1) == 1 and LEFT[1].x == 1)")
          lu.assertTrue(ok, message)
          break
        end
      end
    end
  end
end

function TestStates:test_one_after_the_other()
  open_host()
  for _ = 1, H.slow and 10 or 60 do
    local ok, message, _, left = host.run(everything, package.path, package.cpath)
    lu.assertTrue(ok, message)
    lu.assertEquals(left, 0)
  end
end

-- A state per request: the native code of its functions goes with it, also of those that were called with arguments of
-- several kinds behind `...`, and of those that a finaliser calls after the state was closed.
function TestStates:test_code_of_closed_states_is_given_back()
  open_host()
  local ffi = H.ffi
  lu.skipIf(ffi.backend ~= "thunk", "nothing is compiled by " .. ffi.backend)
  local code = { [[
    KEEP = {}
    local function late() for _, f in ipairs(KEEP) do assert(not pcall(f, -1)) end end
    if newproxy then
      KEEP.guard = newproxy(true)
      getmetatable(KEEP.guard).__gc = late
    else
      KEEP.guard = setmetatable({}, { __gc = late })
    end
    local ffi = require "ffi"
    ffi.cdef "int snprintf(char *, size_t, const char *, ...);"
    ffi.cdef "int open_like(const char *, int, ...) __asm__(\"open\");"
    for _, mode in ipairs { "boxed", "exact", "boxed" } do
      ffi.int64 = mode
      for _ = 1, 3 do
        ffi.C.snprintf(nil, 0, "%d", 1) ffi.C.snprintf(nil, 0, "%g", 1.5)
        ffi.C.open_like("/nowhere", 0) ffi.C.open_like("/nowhere", 0, 1) ffi.C.open_like("/nowhere", 0, "text")
      end
    end
    assert(ffi.cast("int (*)(int)", ffi.C.abs)(-1) == 1)
  ]] }
  for i = 1, 40 do
    code[#code + 1] = ('ffi.cdef "int closing%d(int) __asm__(\\"abs\\");" KEEP[%d] = ffi.C.closing%d assert(KEEP[%d](-%d) == %d)')
      :format(i, i, i, i, i, i)
  end
  code = table.concat(code, "\n"):gsub("assert%(ffi.cast", 'ffi.cdef "int abs(int);" %0')
  local function usage()
    H.collect()
    return ffi.debug().code
  end
  local function states(n)
    for _ = 1, n do
      local ok, message, _, left = host.run(code, package.path, package.cpath)
      lu.assertTrue(ok, message)
      lu.assertEquals(left, 0)
    end
  end
  states(2) -- entries of callbacks, and what else the process keeps
  local before = usage()
  states(H.slow and 4 or 20)
  local after = usage()
  lu.assertEquals(after.blocks, before.blocks)
  lu.assertEquals(after.bytes, before.bytes)
  lu.assertEquals(after.retired, before.retired)
  lu.assertTrue(after.pages <= before.pages, "pages: " .. after.pages)
end

-- Objects made before the module was loaded are finalised after it: they find the library closing.
function TestStates:test_finalisers_older_than_the_module()
  open_host()
  local code = [[
    local function guard(f) -- an object whose __gc runs f when the state closes
      if newproxy then
        local p = newproxy(true)
        getmetatable(p).__gc = f
        return p
      end
      return setmetatable({}, { __gc = f })
    end
    KEEP = {}
    KEEP.older = guard(function()
      pcall(function() return KEEP.s.x end) pcall(function() KEEP.s.x = 1 end) pcall(KEEP.abs, -1) pcall(KEEP.ffi.new, "int") pcall(KEEP.cb, 1)
      pcall(KEEP.ffi.cdef, "int x;") pcall(tostring, KEEP.s) pcall(function() return KEEP.s + 1 end) pcall(function() return KEEP.s == KEEP.s end)
      pcall(KEEP.ct) pcall(KEEP.ct, 1) pcall(function() return KEEP.ffi.C.abs end) pcall(function() return KEEP.cb.free end) pcall(function() KEEP.cb:free() end)
      pcall(KEEP.ffi.gc, KEEP.s, print) pcall(KEEP.ffi.typeof, KEEP.s) pcall(KEEP.ffi.errno) pcall(KEEP.ffi.string, KEEP.buffer) pcall(KEEP.ffi.bit.band, KEEP.n, 1)
      for _, name in ipairs { "sizeof", "alignof", "istype", "cast", "copy", "fill", "tonumber", "type", "i64", "addressof", "isnull", "eval", "toretval", "totable" } do
        pcall(KEEP.ffi[name], KEEP.s) pcall(KEEP.ffi[name], "int", KEEP.s) pcall(KEEP.ffi[name], KEEP.buffer, 1)
      end
    end)
    local ffi = require "ffi"
    KEEP.ffi, KEEP.s, KEEP.abs = ffi, ffi.new "struct { int x; }", (function() ffi.cdef "int abs(int);" return ffi.C.abs end)()
    KEEP.cb, KEEP.ct, KEEP.buffer, KEEP.n = ffi.cast("int (*)(int)", function(x) return x end), ffi.typeof "int[2]", ffi.new("char[4]", "abc"), ffi.new("int64_t", 5)
    KEEP.newer = guard(function()
      pcall(function() return KEEP.s.x end) pcall(KEEP.cb, 1) pcall(KEEP.abs, -1)
    end)
    KEEP.gc = ffi.gc(ffi.new "int[1]", function(x) x[0] = 1 pcall(KEEP.abs, -1) end)
  ]]
  for _ = 1, 5 do
    local ok, message, _, left = host.run(code, package.path, package.cpath)
    lu.assertTrue(ok, message)
    lu.assertEquals(left, 0)
  end
end

-- A function that is taken from its library while the state closes has no finaliser: nothing but the state's own end
-- tells its native code.
function TestStates:test_functions_taken_while_closing()
  H.not_on_luajit "Ferry's order of closing"
  local ok, text = V.child(([[
    local function guard(f)
      if newproxy then
        local p = newproxy(true)
        getmetatable(p).__gc = f
        return p
      end
      return setmetatable({}, { __gc = f })
    end
    local div, strlen, format, qsort
    local function compare() return 0 end
    local function refused(...)
      local ok, message = pcall(...)
      print(ok or message:match "is closing" or message)
    end
    older = guard(function()
      refused(div, 7, 2)
      refused(strlen, "abc")
      refused(format, nil, 0, "%d", 1)
      refused(qsort, nil, 0, 4, compare)
    end)
    local ffi = require "ffi"
    ffi.cdef "typedef struct { int quot, rem; } div_t; div_t div(int, int); size_t strlen(const char *);"
    ffi.cdef "int format(char *, size_t, const char *, ...) __asm__(\"SNPRINTF\");"
    ffi.cdef "void qsort(void *, size_t, size_t, int (*)(const void *, const void *));"
    newer = guard(function()
      div, strlen, format, qsort = ffi.C.div, ffi.C.strlen, ffi.C.format, ffi.C.qsort
      local numbers = ffi.new "int[3]"
      for _ = 1, 4 do
        qsort(numbers, 3, 4, compare)
        format(nil, 0, "%d", 1)
      end
    end)
  ]]):gsub("SNPRINTF", H.per_system("snprintf", "_snprintf")))
  lu.assertTrue(ok, text)
  lu.assertEquals(text, ("is closing\n"):rep(4))
end

H.run()
