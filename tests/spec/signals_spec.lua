-- Signals: functions that run where Lua is at rest, and callbacks that signals' handlers call while it is not.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi
if H.is_luajit then return H.run_nothing() end

ffi.cdef [[
  int raise(int);
  int abs(int);
  unsigned alarm(unsigned);
  int pause(void);
  float sg_float(float) __asm__("fabsf");
  long double sg_long_double(long double) __asm__("fabsl");
  typedef struct { int quot, rem; } sg_div_t;
  sg_div_t div(int, int);
]]
local C = ffi.C
local name, number = H.per_system("USR1", "TERM"), H.per_system(10, 15)

TestSignal = {}

function TestSignal:tearDown()
  for _, each in ipairs { name, H.per_system("ALRM", "INT") } do ffi.signal(each, nil) end
end

function TestSignal:test_runs_when_the_call_returns()
  local seen = {}
  lu.assertNil(ffi.signal("SIG" .. name, function(n, times) seen[#seen + 1] = { n, times } end))
  lu.assertEquals(C.raise(number), 0)
  lu.assertEquals(seen, { { number, 1 } })
  lu.assertEquals(C.abs(-1), 1)
  lu.assertEquals(#seen, 1)
end

function TestSignal:test_results_of_all_kinds_are_kept()
  local math = ffi.load(H.per_system("m", H.fixture "spec_mingw"))
  local count = 0
  local function again() count = count + 1 if count < 40 then C.raise(number) end end
  ffi.signal(name, again)
  local old = ffi.signal(name, function() count = count + 1 local t = { C.abs(-count), tostring(count) } end)
  lu.assertEquals(old, again)
  for i = 1, 50 do
    C.raise(number)
    local r = C.div(i * 7, 5)
    lu.assertEquals({ r.quot, r.rem }, { (i * 7 - i * 7 % 5) / 5, i * 7 % 5 })
    lu.assertEquals(math.sg_float(-1.5), 1.5)
    lu.assertEquals(tonumber(math.sg_long_double(-2.5)), 2.5)
  end
  lu.assertEquals(count, 50)
end

function TestSignal:test_errors_end_the_call()
  ffi.signal(name, function() error("stop", 0) end)
  lu.assertErrorMsgEquals("stop", C.raise, number)
  lu.assertEquals(C.abs(-2), 2)
end

function TestSignal:test_errno_is_left_alone()
  ffi.signal(name, function() ffi.errno(7) end)
  ffi.errno(3)
  C.raise(number)
  lu.assertEquals(ffi.errno(), 3)
end

function TestSignal:test_waiting_calls_end()
  H.needs "signals that processes send"
  local ran = 0
  ffi.signal("ALRM", function() ran = ran + 1 end)
  C.alarm(1)
  lu.assertEquals(C.pause(), -1)
  lu.assertEquals(ran, 1)
end

function TestSignal:test_a_hook_interrupts_Lua()
  H.needs "signals that processes send"
  local start = os.clock()
  ffi.signal("ALRM", function() error("enough", 0) end, { hook = true })
  C.alarm(1)
  lu.assertErrorMsgEquals("enough", function()
    while os.clock() < start + 20 do end
  end)
  lu.assertNil(debug.gethook())
end

function TestSignal:test_what_was_before_comes_back()
  local ok, text = V.child(([[
    local ffi = require "ferry"
    ffi.cdef "int raise(int);"
    local number = %d
    ffi.signal(number, function() end)
    ffi.C.raise(number)
    print "alive"
    io.stdout:flush()
    ffi.signal(number, nil)
    ffi.C.raise(number)
    print "dead"
  ]]):format(number))
  lu.assertFalse(ok)
  lu.assertStrContains(text, "alive")
  lu.assertNotStrContains(text, "dead")
end

function TestSignal:test_what_it_takes()
  lu.assertErrorMsgContains("number or name of a signal expected, got no value", ffi.signal)
  lu.assertErrorMsgContains("no signal is called 'SIGNONE'", ffi.signal, "SIGNONE", print)
  lu.assertErrorMsgContains("signals have the numbers from 1 to 64", ffi.signal, 65, print)
  lu.assertErrorMsgContains("signals have the numbers from 1 to 64", ffi.signal, 1.5, print)
  lu.assertErrorMsgContains("signals have the numbers from 1 to 64", ffi.signal, 0 / 0, print)
  lu.assertErrorMsgContains("signal 11 cannot wait until Lua is at rest", ffi.signal, 11, print)
  lu.assertErrorMsgContains("signal 9 cannot be handled: Invalid argument", ffi.signal, 9, print)
  lu.assertErrorMsgContains("function or nil expected, got number", ffi.signal, name, 5)
  lu.assertErrorMsgContains("table of options expected, got string", ffi.signal, name, print, "hook")
end

-- What LuaJIT and others do not survive: the handler is a callback, and Lua is at work.
function TestSignal:test_a_callback_as_the_handler_never_interrupts_Lua()
  H.needs "signals that processes send"
  local ok, text = V.child [[
    local ffi = require "ferry"
    ffi.cdef [=[
      typedef void (*sg_handler)(int);
      sg_handler signal(int, sg_handler);
      struct sg_timer { long every_s, every_us, first_s, first_us; };
      int setitimer(int, const struct sg_timer *, void *);
      int abs(int);
      void qsort(void *, size_t, size_t, int (*)(const int *, const int *));
    ]=]
    local ran = 0
    local cb = ffi.cast("sg_handler", function() ran = ran + 1 local t = { ran, tostring(ran) } end)
    ffi.C.signal(14, cb)
    ffi.C.setitimer(0, { 0, 500, 0, 500 }, nil)
    local told
    local list = ffi.new "int[100]"
    local compare = ffi.cast("int (*)(const int *, const int *)", function(a, b)
      local t = { a[0], tostring(b[0]) }
      return a[0] - b[0]
    end)
    local stop = os.clock() + 1
    while os.clock() < stop do
      local t = {}
      for i = 1, 100 do t[i] = { i, "x" .. i } end
      local ok, why = pcall(ffi.C.qsort, list, 100, 4, compare)
      if not ok then told = why end
    end
    ffi.C.setitimer(0, { 0, 0, 0, 0 }, nil)
    assert(told, "nothing was refused")
    print(told)
  ]]
  lu.assertTrue(ok, text)
  lu.assertStrContains(text, "callback 'void (*)(int)' made at ")
  lu.assertStrContains(text, "its function did not run")
end

H.run()
