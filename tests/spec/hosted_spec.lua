-- Ferry within LuaJIT (mode `jithost` of tests/run_specs.sh): LuaJIT's own ffi stays what it is, and the two keep apart.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

local own = H.hosted_by_luajit and require "luajit.ffi"

TestHosted = {}

function TestHosted:setUp() lu.skipIf(not own, "within LuaJIT only") end

function TestHosted:test_requiring_ferry_changes_nothing()
  local program = [[
    local type_before, tonumber_before = type, tonumber
    local own = require "ffi"
    local ferry = require "ferry"
    assert(type == type_before and tonumber == tonumber_before)
    assert(require "ffi" == own and ferry ~= own and package.loaded.ffi == own)
    own.cdef "typedef struct { int a; } both;"
    ferry.cdef "typedef struct { double a, b; } both;"
    assert(own.sizeof "both" == 4 and ferry.sizeof "both" == 16)
    own.cdef "int abs(int);"
    ferry.cdef "int abs(int);"
    for i = 1, 300 do assert(own.C.abs(-i) == i and ferry.C.abs(-i) == i) end
    assert(require "ferry.luajit".C == own.C and jit.version:find "LuaJIT")
    print "kept"
  ]]
  local file = os.tmpname()
  local out = assert(io.open(file, "w"))
  out:write(program)
  out:close()
  local pipe = assert(io.popen("LUA_INIT= '" .. os.getenv "FERRY_LUA" .. "' '" .. file .. "' 2>&1"))
  local text = pipe:read "*a"
  pipe:close()
  os.remove(file)
  lu.assertEquals(text, "kept\n")
end

-- Each takes the other's objects for what they are to it: values of another library.
function TestHosted:test_objects_of_the_other()
  ffi.cdef "int abs(int); size_t strlen(const char *);"
  -- own.C is a userdata like any other, whose address C gets.
  local theirs = { own.new "int[4]", own.new("int64_t", 5), own.typeof "int", own.cast("void *", 0) }
  for _, value in ipairs(theirs) do
    for _, use in ipairs {
      ffi.sizeof, ffi.typeof, ffi.string, ffi.addressof,
      ffi.gc, ffi.C.strlen, function(v) return ffi.new("int[1]", { v }) end,
      function(v) return ffi.cast("int *", v) end, function(v) return ffi.new("struct { int *p; }", { v }) end,
      function(v) return ffi.copy(ffi.new "char[8]", v, 4) end, function(v) return ffi.metatype(v, {}) end,
    } do
      lu.assertFalse((pcall(use, value)))
    end
    lu.assertFalse(ffi.istype("int", value))
  end
  local ours = ffi.new "int[4]"
  lu.assertFalse((pcall(own.sizeof, ours)))
  lu.assertFalse((pcall(own.typeof, ours)))
  H.collect()
  lu.assertEquals(ours[3], 0)
end

-- Hot loops: what LuaJIT compiles around calls of C functions of Lua's API.
function TestHosted:test_compiled_loops()
  ffi.cdef "int abs(int);"
  local s = ffi.new "struct { int n; double d[4]; }"
  local sum = 0
  local callback = ffi.cast("int (*)(int)", function(x) return x * 2 end)
  for i = 1, 20000 do
    s.n = s.n + 1
    s.d[i % 4] = i
    sum = sum + ffi.C.abs(-i) + callback(i) - 2 * i
    if i % 100 == 0 then pcall(ffi.new, "struct nowhere_declared") end
  end
  callback:free()
  lu.assertEquals({ s.n, s.d[0], sum }, { 20000, 20000, 200010000 })
end

function TestHosted:test_many_states()
  -- One after the other on the same thread: what the first has learned of LuaJIT's errors is none of the second's.
  local host = H.host("state_host", "5.1")
  for _ = 1, 3 do
    local ok, message = host.run("local f = require 'ferry' f.cdef 'int abs(int);' assert(f.C.abs(-2) == 2)", package.path, package.cpath)
    lu.assertTrue(ok, message)
  end
end

H.run()
