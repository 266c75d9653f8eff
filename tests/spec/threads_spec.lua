-- Callbacks that C calls on threads which have no business in the Lua state: while it closes, after that, while another
-- thread runs Lua. They return zero, or what ffi.onerror says, touch nothing, and the state is told.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

local host
local function open_host()
  H.not_on_luajit "hosts of Ferry"
  if host then return end
  host = H.host "thread_host"
end

local store = [[
  local ffi = require "ferry"
  local store = ffi.cast("void (*)(int (*)(int))", HOLD)
  local function hold(callback) pcall(store, callback) end -- which may be told of a refused call
]]
local states = H.slow and 40 or 400

-- How often C has called. A thread that a busy machine does not run meanwhile calls nobody: then once more.
local function race(...)
  for _ = 1, 20 do
    local calls = host.race(...)
    if calls > 0 then return calls end
  end
  return 0
end

TestForeignThreads = {}

function TestForeignThreads:test_state_closes_meanwhile()
  open_host()
  local calls = race(store .. "hold(function(x) return x end)", package.path, package.cpath, states)
  lu.assertTrue(calls > 0)
end

function TestForeignThreads:test_callbacks_are_freed_meanwhile()
  open_host()
  local calls = race(store .. [[
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
  local calls = race(store .. [[
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
    local told = 0
    while os.clock() < t do
      for i = 1, 100 do
        local ok, why = pcall(ffi.C.abs, -i)
        if not ok then
          told = told + 1
          assert(why:find("callback 'int (*)(int)' made at state:3 was called on thread ", 1, true), why)
        end
      end
      for i = 0, 49 do a[i] = i * 7 % 50 end
      local ok = pcall(ffi.C.qsort, a, 50, 4, function(x, y) return x[0] - y[0] end)
      assert(a[10] == 10)
      if not ok then told = told + 1 end
    end
    assert(told == 1, told)
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

-- One thread calls, another one waits for it in a C call.
local threads
local function open_threads()
  H.not_on_luajit "what LuaJIT does not survive"
  if threads then return end
  ffi.cdef [[
    typedef struct { double a; int b[6]; } tf_record;
    typedef int (*tf_int)(int);
    typedef struct tf_worker tf_worker;
    long tf_sum(tf_int callback, int first, int count);
    tf_worker *tf_begin(int threads, tf_int callback, int count);
    long tf_end(tf_worker *);
    double tf_one_double(double (*callback)(double), double x);
    tf_record tf_one_record(tf_record (*callback)(tf_record), tf_record record);
    const char *tf_one_text(const char *(*callback)(const char *), const char *text);
    int tf_call(tf_int callback, int x);
    float tf_float(float);
    long double tf_long_double(long double);
    tf_record tf_same(tf_record);
    int tf_abs_blocking(int) __attribute__((blocking)) __asm__("abs");
    int abs(int);
    char *getenv(const char *);
  ]]
  threads = H.load "spec_threads"
end

TestRefused = {}

function TestRefused:test_the_call_around_tells()
  open_threads()
  local ran = 0
  local cb = ffi.cast("tf_int", function(x) ran = ran + 1 return x end)
  local line = debug.getinfo(1, "l").currentline - 1
  local said = "callback 'int (*)(int)' made at " .. debug.getinfo(1, "S").short_src .. ":" .. line .. " was called on thread "
  lu.assertErrorMsgContains(said, threads.tf_sum, cb, 1, 10)
  local ok, text = pcall(threads.tf_sum, cb, 1, 10)
  lu.assertTrue(ok)                        -- told once
  lu.assertEquals(tonumber(text), 0)
  cb:set(function(x) return x end)         -- and anew for another function
  ok, text = pcall(threads.tf_sum, cb, 1, 10)
  lu.assertFalse(ok)
  lu.assertStrContains(text, said)
  lu.assertStrContains(text, ", which is not inside of the Lua state: its function did not run (")
  lu.assertStrContains(text, "20 calls)")
  lu.assertEquals(ran, 0)
  lu.assertEquals(threads.tf_call(cb, 7), 7)
  cb:free()
end

function TestRefused:test_onerror_answers()
  open_threads()
  local cb = ffi.cast("tf_int", function(x) return x end)
  ffi.onerror(cb, -3)
  pcall(threads.tf_sum, cb, 1, 1)
  lu.assertEquals(tonumber(threads.tf_sum(cb, 1, 10)), -30)
  ffi.onerror(cb, 5)
  lu.assertEquals(tonumber(threads.tf_sum(cb, 1, 10)), 50)
  ffi.onerror(cb, function() error "is not asked" end)
  lu.assertEquals(tonumber(threads.tf_sum(cb, 1, 10)), 0)
  ffi.onerror(cb, 5)
  ffi.onerror(cb, nil)
  lu.assertEquals(tonumber(threads.tf_sum(cb, 1, 10)), 0)
  ffi.onerror(cb, 9)
  cb:free()
  lu.assertEquals(tonumber(threads.tf_sum(cb, 1, 10)), 0)

  cb = ffi.cast("double (*)(double)", function(x) return x end)
  ffi.onerror(cb, 1.5)
  pcall(threads.tf_one_double, cb, 1)
  lu.assertEquals(threads.tf_one_double(cb, 1), 1.5)
  cb:free()

  cb = ffi.cast("tf_record (*)(tf_record)", function(x) return x end)
  ffi.onerror(cb, { 2.5, { 1, 2, 3, 4, 5, 6 } })
  pcall(threads.tf_one_record, cb, ffi.new "tf_record")
  local r = threads.tf_one_record(cb, ffi.new "tf_record")
  lu.assertEquals({ r.a, r.b[0], r.b[5] }, { 2.5, 1, 6 })
  cb:free()

  cb = ffi.cast("const char *(*)(const char *)", function(x) return x end)
  ffi.onerror(cb, "an answer")
  pcall(threads.tf_one_text, cb, "x")
  collectgarbage() collectgarbage()
  lu.assertEquals(ffi.string(threads.tf_one_text(cb, "x")), "an answer")
  cb:free()
end

-- Finalisers are not told, their errors would be lost.
local function in_a_finaliser(fn)
  do local object = ffi.gc(ffi.new "int[1]", fn) end
  collectgarbage() collectgarbage()
end

function TestRefused:test_a_freed_one_is_named_still()
  open_threads()
  local cb = ffi.cast("tf_int", function(x) return x end)
  local line = debug.getinfo(1, "l").currentline - 1
  in_a_finaliser(function()
    threads.tf_sum(cb, 1, 3)
    cb:free()
  end)
  lu.assertErrorMsgContains("threads_spec.lua:" .. line .. " was called on thread", threads.tf_call, ffi.C.abs, 1)
end

-- The results of all kinds are there when a call has nothing to tell after all.
function TestRefused:test_told_within_a_finaliser_waits()
  open_threads()
  local cb = ffi.cast("tf_int", function(x) return x end)
  local seen = {}
  in_a_finaliser(function()
    seen.sum = tonumber(threads.tf_sum(cb, 1, 3))
    seen.float = threads.tf_float(1.5)
    seen.long = tonumber(threads.tf_long_double(2.5))
    seen.int = ffi.C.abs(-5)
    seen.record = threads.tf_same(ffi.new("tf_record", 3, { 4 })).b[0]
    seen.text = ffi.string(ffi.C.getenv "PATH")
  end)
  lu.assertEquals(seen, { sum = 0, float = 1.5, long = 2.5, int = 5, record = 4, text = os.getenv "PATH" })
  lu.assertErrorMsgContains("was called on thread", ffi.C.abs, 1)
  lu.assertEquals(ffi.C.abs(-1), 1)
  cb:free()
end

function TestRefused:test_a_callback_error_comes_first()
  open_threads()
  local cb = ffi.cast("tf_int", function(x) return x end)
  local outer = ffi.cast("tf_int", function()
    in_a_finaliser(function() threads.tf_sum(cb, 1, 3) end)
    error("mine", 0)
  end)
  lu.assertErrorMsgEquals("mine", threads.tf_call, outer, 1)
  lu.assertErrorMsgContains("was called on thread", ffi.C.abs, 1)
  cb:free()
  outer:free()
end

function TestRefused:test_a_state_that_closes_says_it()
  H.not_on_luajit "Ferry's own"
  local ok, text = V.child(([[
    local ffi = require "ferry"
    ffi.cdef "typedef int (*tf_int)(int); long tf_sum(tf_int, int, int);"
    local threads = ffi.load(%q)
    local cb = ffi.cast("tf_int", function(x) return x end)
    do local object = ffi.gc(ffi.new "int[1]", function() threads.tf_sum(cb, 1, 3) end) end
    collectgarbage() collectgarbage()
  ]]):format(H.fixture "spec_threads"))
  lu.assertTrue(ok)
  lu.assertStrContains(text, "ffi: callback 'int (*)(int)' made at ")
  lu.assertStrContains(text, "its function did not run")
end

-- Threads take turns with Lua while a blocking call is in progress.
TestBlocking = {}

function TestBlocking:test_results_of_all_kinds_come_back()
  open_threads()
  local cb = ffi.cast("tf_int", function(x) return x * 2 end)
  lu.assertEquals(tonumber(ffi.blocking(threads.tf_sum)(cb, 1, 100)), 10100)
  cb:free()
  cb = ffi.cast("double (*)(double)", function(x) return x / 4 end)
  lu.assertEquals(ffi.blocking(threads.tf_one_double)(cb, 10), 2.5)
  cb:free()
  cb = ffi.cast("tf_record (*)(tf_record)", function(r) r.a = r.a + r.b[5] return r end)
  lu.assertEquals(ffi.blocking(threads.tf_one_record)(cb, ffi.new("tf_record", 1.5, { 0, 0, 0, 0, 0, 7 })).a, 8.5)
  cb:free()
  cb = ffi.cast("const char *(*)(const char *)", function(text) return "got " .. ffi.string(text) end)
  lu.assertEquals(ffi.string(ffi.blocking(threads.tf_one_text)(cb, "this")), "got this")
  cb:free()
  lu.assertEquals(ffi.C.tf_abs_blocking(-3), 3)
end

function TestBlocking:test_an_attribute_does_it()
  open_threads()
  ffi.cdef [[
    long tf_sum_open(tf_int callback, int first, int count) __attribute__((blocking)) __asm__("tf_sum");
    __attribute__((__blocking__)) long tf_sum_open2(tf_int callback, int first, int count) __asm__("tf_sum");
  ]]
  local cb = ffi.cast("tf_int", function(x) return x end)
  lu.assertEquals(tonumber(threads.tf_sum_open(cb, 1, 10)), 55)
  lu.assertEquals(tonumber(threads.tf_sum_open2(cb, 1, 10)), 55)
  local pointer = ffi.cast("long (*)(tf_int, int, int) __attribute__((blocking))", threads.tf_sum)
  lu.assertEquals(tonumber(pointer(cb, 1, 10)), 55)
  lu.assertErrorMsgContains("was called on thread", threads.tf_sum, cb, 1, 10)
  cb:free()
end

-- The coroutine is none of the program's, and each thread has its own; what Lua does in between is not disturbed.
function TestBlocking:test_threads_take_turns()
  open_threads()
  local count = H.many(100000)
  local inside, most, ran = 0, 0, 0
  local cb = ffi.cast("tf_int", function(x)
    inside = inside + 1
    most = math.max(most, inside)
    local t = { x, tostring(x) }
    if x % 1000 == 0 then collectgarbage "step" end
    ran = ran + (ffi.C.abs(-1) == 1 and #t[2] > 0 and 1 or 0)
    inside = inside - 1
    return 1
  end)
  local workers = threads.tf_begin(0, cb, 0)
  lu.assertEquals(tonumber(threads.tf_end(workers)), 0)
  ffi.cdef 'long tf_run(int threads, tf_int callback, int count) __attribute__((blocking));'
  lu.assertEquals(tonumber(threads.tf_run(8, cb, count)), 8 * count)
  lu.assertEquals({ ran, most, inside }, { 8 * count, 1, 0 })
  cb:free()
end

function TestBlocking:test_errors_are_raised_when_the_call_returns()
  open_threads()
  local ran = 0
  local cb = ffi.cast("tf_int", function(x) ran = ran + 1 if x == 3 then error("no " .. x, 0) end return 1 end)
  ffi.onerror(cb, 100)
  local sum = ffi.blocking(threads.tf_sum)
  lu.assertErrorMsgEquals("no 3", sum, cb, 1, 10)
  lu.assertEquals(ran, 3)
  lu.assertEquals(tonumber(sum(cb, 4, 10)), 10)      -- and nothing is left of it
  cb:free()
end

function TestBlocking:test_calls_nest()
  open_threads()
  local sum = ffi.blocking(threads.tf_sum)
  local inner = ffi.cast("tf_int", function(x) return x end)
  local outer = ffi.cast("tf_int", function(x) return tonumber(sum(inner, 1, x)) + threads.tf_call(inner, 1) end)
  lu.assertEquals(tonumber(sum(outer, 1, 4)), (1 + 3 + 6 + 10) + 4)
  local failing = ffi.cast("tf_int", function(x) error("deep", 0) end)
  local middle = ffi.cast("tf_int", function(x) return pcall(sum, failing, 1, 1) and 0 or 7 end)
  lu.assertEquals(tonumber(sum(middle, 1, 1)), 7)
  lu.assertEquals(ffi.blocking(threads.tf_call)(inner, 5), 5)      -- on the thread itself
  inner:free() outer:free() failing:free() middle:free()
end

function TestBlocking:test_errno_is_the_calls()
  open_threads()
  ffi.cdef "int tf_errno(tf_int callback, int value);"
  local cb = ffi.cast("tf_int", function(x) ffi.errno(x + 1) return ffi.errno() end)
  lu.assertEquals(ffi.blocking(threads.tf_errno)(cb, 33), 1000)
  lu.assertEquals(ffi.errno(), 33)
  cb:free()
end

function TestBlocking:test_what_it_takes()
  H.not_on_luajit "Ferry's own"
  lu.assertErrorMsgContains("C function expected, got number", ffi.blocking, 5)
  lu.assertErrorMsgContains("C function expected, got function", ffi.blocking, print)
  ffi.cdef "int snprintf(char *, size_t, const char *, ...);"
  local to = ffi.new "char[20]"
  ffi.blocking(ffi.C.snprintf)(to, 20, "%d %s", 5, "x")
  lu.assertEquals(ffi.string(to), "5 x")
  ffi.blocking(ffi.vararg(ffi.C.snprintf, "long"))(to, 20, "%ld", 7)
  lu.assertEquals(ffi.string(to), "7")
end

H.run()
