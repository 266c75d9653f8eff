-- A library stays loaded while anything that Lua can call or read leads into it, whichever way it was found or stored.
-- Each case runs in a process of its own, where nothing else has loaded the library.
local H = require "spec_helper"
local lu = H.lu

TestLibraryLifetime = {}

local function child(body)
  H.not_on_luajit "it unloads libraries"
  local ok, out = H.script([[
    local ffi = require "ferry"
    ffi.cdef "int lt_twice(int); extern int lt_number; extern int *lt_pointer; extern int (*lt_function)(int);"
    local path = ]] .. ("%q"):format(H.fixture "spec_lifetime") .. [[

    local function loaded()
      if ffi.os == "Windows" then
        ffi.cdef "void *GetModuleHandleA(const char *);"
        return not ffi.isnull(ffi.C.GetModuleHandleA "libspec_lifetime.dll")
      end
      for line in io.lines "/proc/self/maps" do if line:find("spec_lifetime", 1, true) then return true end end
      return false
    end
    local function collect() for _ = 1, 4 do collectgarbage() end end
  ]] .. body)
  lu.assertTrue(ok, out)
  lu.assertStrContains(out, "fine", false, out)
end

function TestLibraryLifetime:test_it_is_unloaded_when_nothing_leads_to_it()
  H.needs "dlclose that unloads"
  child [[
    do local lib = ffi.load(path) assert(lib.lt_twice(4) == 8) end
    collect()
    assert(not loaded())
    print "fine"
  ]]
end

function TestLibraryLifetime:test_a_function_found_through_C()
  child [[
    local function find() local lib = ffi.load(path) return ffi.C.lt_twice end
    local f = find()
    assert(f(4) == 8)
    collect()
    assert(f(5) == 10 and ffi.C.lt_twice(6) == 12)
    print "fine"
  ]]
end

function TestLibraryLifetime:test_a_function_found_through_C_of_a_library_for_everybody()
  child [[
    local function find() local lib = ffi.load(path, true) return ffi.C.lt_twice end
    local f = find()
    collect()
    assert(f(5) == 10 and ffi.C.lt_twice(6) == 12)
    print "fine"
  ]]
end

local holders = {
  member = 'local s = ffi.new "struct { int (*f)(int); }" s.f = ffi.load(path).lt_twice local function f() return s.f end',
  element = 'local a = ffi.new "int (*[2])(int)" a[1] = ffi.load(path).lt_twice local function f() return a[1] end',
  initialiser = 'local a = ffi.new("int (*[1])(int)", { ffi.load(path).lt_twice }) local function f() return a[0] end',
  ["list of values"] = 'local a = ffi.new("int (*[2])(int)", ffi.load(path).lt_twice, nil) local function f() return a[0] end',
  pointer = 'local p = ffi.new("int (*)(int)", ffi.load(path).lt_twice) local function f() return p end',
  cast = 'local p = ffi.cast("int (*)(int)", ffi.load(path).lt_twice) local function f() return p end',
  ["address of a function"] = 'local p = ffi.addressof(ffi.load(path), "lt_twice") local function f() return p end',
  ["copy of a struct"] = 'local s = ffi.new "struct { struct { int (*f)(int); } i; }" s.i = { ffi.load(path).lt_twice } local t = ffi.new(ffi.typeof(s), s) s = nil local function f() return t.i.f end',
  ["memory of C's"] = 'ffi.cdef "void *malloc(size_t); void free(void *);" local block = ffi.C.malloc(64) function done() ffi.C.free(block) end local p = ffi.cast("int (**)(int)", block) p[0] = ffi.load(path).lt_twice local function f() return p[0] end',
  ["result of a callback"] = 'local cb = ffi.cast("int (*(*)(int))(int)", function(n) if n == 0 then return ffi.load(path).lt_twice end return ffi.cast("int (*)(int)", nil) end) local kept = cb(0) cb(1) local function f() return kept end',
  ["variable of a library"] = 'local kept do local lib = ffi.load(path) lib.lt_function = lib.lt_twice kept = lib.lt_function end local function f() return kept end',
}
for name, code in pairs(holders) do
  TestLibraryLifetime["test_held_by_" .. name:gsub("%W", "_")] = function()
    child(code .. [[

    collect()
    assert(f()(21) == 42)
    if done then done() end
    print "fine"
    ]])
  end
end

function TestLibraryLifetime:test_what_variables_point_to()
  child [[
    local p, n
    do local lib = ffi.load(path) p, n = lib.lt_pointer, ffi.addressof(lib, "lt_number") end
    collect()
    assert(p[0] == 7 and n[0] == 7)
    print "fine"
  ]]
end

-- Lua runs the finalisers of what dies together in an order of its own: the youngest first. What an older object calls is
-- still there.
local callers = {
  ["function"] = "f = lib.lt_twice",
  pointer = 'f = ffi.cast("int (*)(int)", lib.lt_twice)',
  namespace = "f = function(n) return lib.lt_twice(n) end",
  ["namespace that was used"] = "f = function(n) return lib.lt_twice(n) end lib.lt_twice(1)",
}
for name, code in pairs(callers) do
  TestLibraryLifetime["test_finalisers_call_what_dies_with_them_" .. name:gsub("%W", "_")] = function()
    H.needs "dlclose that unloads"
    child([[
      local seen = {}
      do
        local f
        local older = ffi.gc(ffi.new "int[1]", function(o) seen[1] = f(21) end)
        local lib = ffi.load(path)
        ]] .. code .. [[

      end
      for _ = 1, 4 do collect() end
      assert(seen[1] == 42)
      assert(]] .. tostring(name == "pointer") .. [[ or not loaded())
      print "fine"
    ]])
  end
  TestLibraryLifetime["test_finalisers_call_when_the_state_closes_" .. name:gsub("%W", "_")] = function()
    child([[
      local f
      older = ffi.gc(ffi.new "int[1]", function(o) assert(f(21) == 42) print "fine" end)
      lib = ffi.load(path)
      ]] .. code)
  end
end

-- What a finaliser has brought back to life can be called, by the finalisers of a later cycle too.
function TestLibraryLifetime:test_what_comes_back_to_life_stays_loaded()
  H.needs "dlclose that unloads"
  child [[
    local revived, result
    local late
    do
      local held = {}
      late = { ffi.gc(ffi.new "int[1]", function() result = held.f(5) end), held }
      local f = ffi.load(path).lt_twice
      ffi.gc(ffi.new "int[1]", function() revived = f end)
    end
    collect()
    assert(loaded() and revived(4) == 8)
    late[2].f, revived = revived, nil
    late = nil -- older than the library, and the last to reach it
    collect()
    assert(result == 10)
    for _ = 1, 4 do collect() end
    assert(not loaded())
    print "fine"
  ]]
end

function TestLibraryLifetime:test_finalisers_when_the_state_closes_call_what_was_first_called_later()
  child [[
    ffi.cdef "void *malloc(size_t); void free(void *); int abs(int); void qsort(int *, size_t, size_t, int (*)(const int *, const int *));"
    local big, compare, boxed
    older = ffi.gc(ffi.C.malloc(8), function(p)
      ffi.C.free(p)
      big[999999] = ffi.C.abs(-7)
      boxed.x = 3
      ffi.C.qsort(big, 2, 4, compare)
      assert(big[999999] == 7 and big[0] == 1 and big[1] == 2 and boxed.x == 3)
      print "fine"
    end)
    ffi.C.free(nil)
    ffi.C.abs(1)
    big, boxed = ffi.new("int[1000000]", { 2, 1 }), ffi.new "struct { int x; }"
    compare = ffi.cast("int (*)(const int *, const int *)", function(a, b) return a[0] - b[0] end)
    ffi.C.qsort(big, 2, 4, compare)
    big[0], big[1] = 2, 1
  ]]
end

H.run()
