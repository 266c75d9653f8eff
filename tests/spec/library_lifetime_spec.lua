-- A library stays loaded while anything that Lua can call or read leads into it, whichever way it was found or stored.
-- Each case runs in a process of its own, where nothing else has loaded the library.
local H = require "spec_helper"
local lu = H.lu

TestLibraryLifetime = {}

local function child(body)
  H.not_on_luajit "it unloads libraries"
  local script = os.tmpname()
  local file = assert(io.open(script, "w"))
  file:write([[
    local ffi = require "ferry"
    ffi.cdef "int lt_twice(int); extern int lt_number; extern int *lt_pointer; extern int (*lt_function)(int);"
    local path = ]], ("%q"):format(H.fixture "spec_lifetime"), [[

    local function loaded()
      for line in io.lines "/proc/self/maps" do if line:find("spec_lifetime", 1, true) then return true end end
      return false
    end
    local function collect() for _ = 1, 4 do collectgarbage() end end
  ]], body)
  file:close()
  local command = ("%q %q 2>&1"):format(os.getenv "FERRY_LUA", script)
  local pipe = assert(io.popen(command .. '; echo "status $?"'))
  local out = pipe:read "*a"
  pipe:close()
  os.remove(script)
  lu.assertStrContains(out, "status 0", false, out)
  lu.assertStrContains(out, "fine", false, out)
end

function TestLibraryLifetime:test_it_is_unloaded_when_nothing_leads_to_it()
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

H.run()
