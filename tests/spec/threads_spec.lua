-- Callbacks that C calls on threads which have no business in the Lua state: while it closes, after that, while another
-- thread runs Lua. They return zero and touch nothing.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

local host
local function open_host()
  H.not_on_luajit "hosts of Ferry"
  if host then return end
  local path = ("%s/%s/thread_host.so"):format(os.getenv "FERRY_FIXTURES" or "build/tests/fixtures", H.version)
  local open = package.loadlib(path, "luaopen_thread_host")
  if not open then lu.skip "thread_host is not built" end
  host = open()
end

local store = [[
  local ffi = require "ferry"
  local hold = ffi.cast("void (*)(int (*)(int))", HOLD)
]]
local states = H.slow and 40 or 400

TestForeignThreads = {}

function TestForeignThreads:test_state_closes_meanwhile()
  open_host()
  local calls = host.race(store .. "hold(function(x) return x end)", package.path, package.cpath, states)
  lu.assertTrue(calls > 0)
end

function TestForeignThreads:test_callbacks_are_freed_meanwhile()
  open_host()
  local calls = host.race(store .. [[
    for i = 1, 300 do
      local cb = ffi.cast("int (*)(int)", function() return 1 end)
      hold(cb)
      cb:free()
    end
  ]], package.path, package.cpath, math.max(states / 20, 10))
  lu.assertTrue(calls > 0)
end

function TestForeignThreads:test_general_callbacks_too()
  open_host()
  local calls = host.race(store .. [[
    local cb = ffi.cast("int (*)(const char *)", function() return 1 end)
    hold(ffi.cast("int (*)(int)", cb))
    for i = 1, 100 do cb:set(function() return 2 end) end
  ]], package.path, package.cpath, states)
  lu.assertTrue(calls > 0)
end

TestHosts = {}

function TestHosts:test_another_thread_runs_Lua()
  open_host()
  local calls, ran = host.idle(store .. "hold(function(x) local t = { x, 'y' .. x } return 1 end)", package.path, package.cpath,
    "local t = os.clock() + 0.3 while os.clock() < t do for i = 1, 1000 do local x = { i, 's' .. i } end end")
  lu.assertTrue(calls > 0)
  lu.assertEquals(ran, 0)
end

function TestHosts:test_another_thread_calls_C()
  open_host()
  local calls, ran = host.idle(store .. "hold(function(x) local t = { x, 'y' .. x } return 1 end)", package.path, package.cpath, [[
    local ffi = require "ferry"
    ffi.cdef "int abs(int); void qsort(void *, size_t, size_t, int (*)(const int *, const int *));"
    local a = ffi.new("int[50]")
    local t = os.clock() + 0.3
    while os.clock() < t do
      for i = 1, 100 do ffi.C.abs(-i) end
      for i = 0, 49 do a[i] = i * 7 % 50 end
      ffi.C.qsort(a, 50, 4, function(x, y) return x[0] - y[0] end)
      assert(a[10] == 10)
    end
  ]])
  lu.assertTrue(calls > 0)
  lu.assertEquals(ran, 0)
end

function TestHosts:test_a_host_lets_its_thread_in()
  open_host()
  local calls, ran = host.idle(store .. "hold(function(x) return 1 end)", package.path, package.cpath, "", true)
  lu.assertEquals(calls, 2000)
  lu.assertEquals(ran, 1000)
end

function TestHosts:test_enter_and_leave_from_Lua()
  H.not_on_luajit "Ferry's own"
  ffi.enter()
  ffi.enter()
  ffi.leave()
  ffi.leave()
  lu.assertErrorMsgContains("ffi.leave without ffi.enter", ffi.leave)
end

H.run()
