-- Asynchronous calls: C functions on other threads, their results, what they use meanwhile, and the end of all of it.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi
if H.is_luajit then return H.run_nothing() end

ffi.cdef [[
typedef struct { double a; int b[6]; } ta_record; typedef struct { float x, y; } ta_pair;
void ta_open(int); int ta_inside(void); int ta_most(void); int ta_ran(void); int ta_hold(int);
char *ta_write(char *to, const char *text); long ta_sum(const int *, int); size_t ta_lengths(const char *const *); void ta_out(int *, int);
double ta_member(const ta_record *);
int ta_errno(int); uintptr_t ta_thread(void); int ta_blocked(int);
ta_record ta_echo(ta_record); ta_pair ta_swap(ta_pair); int64_t ta_negate(int64_t); uint64_t ta_flip(uint64_t); double complex ta_conjugate(double complex);
long double ta_third(long double); bool ta_not(bool); float ta_half(float); signed char ta_char(signed char);
double ta_many(int, double, short, float, int64_t, double, int, double, int, double, int, double); double ta_add(int count, ...);
typedef int (*ta_fn)(int); int ta_call(ta_fn, int); int ta_call_times(ta_fn, int); ta_fn ta_twice(void); void ta_leave(void);
int ta_missing(int); int ex_throw(int kind);
int usleep(unsigned); int abs(int); double fabs(double); size_t strlen(const char *); int snprintf(char *, size_t, const char *, ...);
void *malloc(size_t); void free(void *); int fork(void); void _exit(int); int waitpid(int, int *, int); int getpid(void); int raise(int); int kill(int, int);
void qsort(void *, size_t, size_t, int (*)(const int *, const int *));
typedef struct { int fd; } ta_handle;
]]
local fx = H.load "spec_async"
local C = ffi.C
local async = ffi.async

-- Less than a millisecond is no time for usleep() on Windows.
local function until_true(f)
  local last = os.time() + 60
  repeat
    if f() then return end
    C.usleep(1000)
  until os.time() > last
  error("it has not come", 2)
end
local function collect() collectgarbage() collectgarbage() end

TestAsync = {}

function TestAsync:setUp()
  fx.ta_open(1)
  ffi.workers { threads = 4, queue = 65536, full = "wait" }
end
function TestAsync:tearDown()
  fx.ta_open(1)
  ffi.scheduler(nil)
  until_true(function() local now = ffi.workers() return now.queued + now.running == 0 end)
  ffi.poll()
end

function TestAsync:test_results_of_every_kind()
  lu.assertEquals(async(C.abs, -3):wait(), 3)
  H.assert_int(async(fx.ta_negate, ffi.cast("int64_t", 2) ^ 62):wait(), "-4611686018427387904")
  H.assert_uint(async(fx.ta_flip, 0):wait(), "18446744073709551615")
  lu.assertEquals(async(fx.ta_half, 3):wait(), 1.5)
  lu.assertEquals(async(fx.ta_char, -128):wait(), 127)
  lu.assertEquals(async(fx.ta_not, false):wait(), true)
  lu.assertEquals(async(fx.ta_not, true):wait(), false)
  lu.assertEquals(tonumber(async(fx.ta_third, 6):wait()), 2)
  local z = async(fx.ta_conjugate, ffi.new("complex", 1, 2)):wait()
  lu.assertEquals({ z.re, z.im }, { 1, -2 })
  local p = async(fx.ta_swap, { 1, 2 }):wait()
  lu.assertEquals({ p.x, p.y }, { 2, 1 })
  local r = async(fx.ta_echo, ffi.new("ta_record", 1.5, { 7, 0, 0, 0, 0, 9 })):wait()
  lu.assertEquals({ r.a, r.b[0], r.b[5] }, { 3, 7, 7 })
  lu.assertTrue(ffi.istype("ta_record", r))
  lu.assertEquals(async(fx.ta_many, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12):wait(), fx.ta_many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))
  lu.assertEquals(select("#", async(fx.ta_out, ffi.new "int[1]", 5):wait()), 0)
  lu.assertNotEquals(async(fx.ta_thread):wait(), fx.ta_thread())
end

function TestAsync:test_everything_that_is_called_like_a_C_function()
  local pointer = ffi.cast("int (*)(int)", C.abs)
  lu.assertEquals(async(pointer, -5):wait(), 5)
  lu.assertEquals(async(fx.ta_twice(), 21):wait(), 42)
  lu.assertEquals(async(ffi.blocking(C.abs), -6):wait(), 6)
  lu.assertEquals(async(fx.ta_add, 2, 1.5, 2.5):wait(), 4)
  lu.assertEquals(async(fx.ta_add, 0):wait(), 0)
  lu.assertEquals(async(ffi.vararg(fx.ta_add, "double", "double"), 2, 1, 2):wait(), 3)
  local buffer = ffi.new "char[64]"
  lu.assertEquals(async(C.snprintf, buffer, 64, "%d %s %g", 5, "five", 2.5):wait(), 10)
  lu.assertEquals(ffi.string(buffer), "5 five 2.5")
  for i = 1, 100 do                                        -- more kinds than are kept
    local types = {}
    for k = 1, 12 do types[k] = math.floor(i / 2 ^ k) % 2 == 0 and k or k + 0.5 end
    lu.assertEquals(async(fx.ta_add, 1, i + 0.5, (table.unpack or unpack)(types)):wait(), i + 0.5)
  end
end

function TestAsync:test_wrong_arguments_are_told_like_those_of_a_call()
  local wrong = { { C.abs, "x" }, { C.abs }, { C.abs, 1, 2 }, { C.strlen, 5 }, { fx.ta_echo, {} , 1 }, { fx.ta_echo, { a = {} } }, { C.snprintf, nil, 0, "%d", "x" },
    { fx.ta_add, 1, {} }, { ffi.cast("int (*)(int)", C.abs), {} } }
  for _, list in ipairs(wrong) do
    local f = table.remove(list, 1)
    local _, told = pcall(f, (table.unpack or unpack)(list))
    local ok, why = pcall(async, f, (table.unpack or unpack)(list))
    lu.assertFalse(ok)
    lu.assertEquals(why, told)
  end
  lu.assertErrorMsgContains("C function expected, got function", async, function() end)
  lu.assertErrorMsgContains("C function expected, got no value", async)
  lu.assertErrorMsgContains("NULL pointer", async, ffi.new "ta_fn", 1)
  local freed = ffi.cast("ta_fn", function(x) return x end)
  freed:free()
  lu.assertErrorMsgContains("a freed callback 'int (int)'", async, freed, 1)
end

function TestAsync:test_errno_comes_with_the_result()
  ffi.errno(7)
  local one = async(fx.ta_errno, 5)
  ffi.errno(1)
  local two = async(fx.ta_errno, 2)
  two:wait() one:wait()
  lu.assertEquals(ffi.errno(), 12)
  lu.assertEquals({ one:wait(), (ffi.errno()), (one:errno()) }, { 7, 12, 12 })
  lu.assertEquals({ two:wait(), (ffi.errno()), (two:errno()) }, { 1, 3, 3 })
end

function TestAsync:test_time_and_status()
  fx.ta_open(0)
  local f = async(fx.ta_hold, 5)
  lu.assertEquals({ f:wait(0) }, { nil, "timeout" })
  lu.assertEquals({ f:wait(0.01) }, { nil, "timeout" })
  lu.assertEquals({ f:wait(-1) }, { nil, "timeout" })
  lu.assertFalse(f:poll())
  lu.assertNil(f:errno())
  until_true(function() return f:status() == "running" end)
  lu.assertEquals(tostring(f), "async 'ta_hold': running")
  fx.ta_open(1)
  lu.assertEquals(f:wait(60), 5)
  lu.assertTrue(f:poll())
  lu.assertEquals(f:status(), "ended")
  lu.assertEquals({ f:wait(), f:wait(0) }, { 5, 5 })
end

function TestAsync:test_wrong_use_of_futures()
  local f = async(C.abs, 1)
  for _, name in ipairs { "wait", "poll", "cancel", "status", "errno" } do
    for _, self in ipairs { 5, "x", {}, io.stdout, ffi.new "int[1]" } do lu.assertErrorMsgContains("future expected", f[name], self) end
    lu.assertErrorMsgContains("future expected, got no value", f[name])
  end
  lu.assertErrorMsgContains("number of seconds expected", f.wait, f, "x")
  lu.assertErrorMsgContains("not a number of seconds", f.wait, f, 0 / 0)
  lu.assertEquals(getmetatable(f), "ffi")
  lu.assertNil(f.nothing)
  f:wait()
end

function TestAsync:test_what_is_used_stays()
  fx.ta_open(0)
  local finalised = 0
  local function make()
    local object = ffi.gc(ffi.new "char[32]", function() finalised = finalised + 1 end)
    return async(fx.ta_write, object, "made up " .. math.random(1e6) .. " here"), async(fx.ta_member, { a = 10 }),
      async(fx.ta_sum, ffi.cast("int *", ffi.new("int[4]", 5, 6, 7, 8)) + 1, 3), async(fx.ta_lengths, { "ab" .. math.random(9), "cde", nil })
  end
  local a, b, c, d = make()
  local garbage = {}
  for i = 1, 2000 do garbage[i] = ffi.new "char[32]" end
  collect()
  lu.assertEquals(finalised, 0)
  fx.ta_open(1)
  lu.assertStrContains(ffi.string(a:wait()), "made up")
  lu.assertEquals(b:wait(), 10)
  H.assert_int(c:wait(), "21")
  H.assert_uint(d:wait(), "6")
  a = nil
  collect()
  lu.assertEquals(finalised, 1)
end

function TestAsync:test_a_future_that_nobody_has()
  fx.ta_open(0)
  local seen = setmetatable({}, { __mode = "k" })
  local out = ffi.new "int[1]"
  seen[async(fx.ta_out, out, 9)] = true
  collect()
  lu.assertNotNil(next(seen))                              -- it runs
  fx.ta_open(1)
  until_true(function() local now = ffi.workers() return now.queued + now.running == 0 end)
  ffi.poll()
  lu.assertEquals(out[0], 9)
  collect()
  lu.assertNil(next(seen))
end

function TestAsync:test_release_and_gc_wait()
  fx.ta_open(0)
  local object, memory = ffi.new "int[4]", ffi.gc(C.malloc(16), C.free)
  local one, two, three = async(fx.ta_sum, object, 4), async(fx.ta_sum, ffi.cast("int *", object) + 1, 3), async(fx.ta_sum, memory, 4)
  ffi.fill(memory, 16)
  local function refused()
    for _, x in ipairs { object, memory } do
      lu.assertErrorMsgContains("is used by an asynchronous call", ffi.release, x)
      lu.assertErrorMsgContains("is used by an asynchronous call", ffi.gc, x, function() end)
    end
  end
  refused()
  collect()
  refused()
  fx.ta_open(1)
  one:wait() two:wait() three:wait()
  lu.assertTrue(ffi.release(object))
  lu.assertTrue(ffi.release(memory))
end

function TestAsync:test_the_pool_is_bounded_and_in_order()
  ffi.workers { threads = 3 }
  fx.ta_open(0)
  fx.ta_most()
  local list = {}
  for i = 1, 50 do list[i] = async(fx.ta_hold, i) end
  until_true(function() return fx.ta_inside() == 3 end)
  C.usleep(5000)
  lu.assertEquals(ffi.workers(), { threads = 3, queue = 65536, full = "wait", started = 3, running = 3, queued = 47 })
  fx.ta_open(1)
  for i = 1, 50 do lu.assertEquals(list[i]:wait(), i) end
  lu.assertEquals(fx.ta_most(), 3)
  ffi.workers { threads = 1 }
  until_true(function() return ffi.workers().started <= 1 end)
  local order, bytes = {}, ffi.new "char[8]"               -- one thread: first come, first served
  for i = 1, 7 do order[i] = async(C.snprintf, bytes + i - 1, 2, "%d", i) end
  order[7]:wait()
  for i = 1, 7 do lu.assertTrue(order[i]:poll()) end
  lu.assertEquals(ffi.string(bytes), "1234567")
end

function TestAsync:test_thousands()
  local n, list = H.many(10000), {}
  for i = 1, n do list[i] = async(fx.ta_negate, i) end
  for i = n, 1, -1 do lu.assertEquals(tonumber(list[i]:wait()), -i) end
end

function TestAsync:test_a_full_queue()
  ffi.workers { threads = 1, queue = 2, full = "error" }
  until_true(function() return ffi.workers().started <= 1 end)
  fx.ta_open(0)
  local first = async(fx.ta_hold, 0)
  until_true(function() return first:status() == "running" end)
  local list = { first, async(fx.ta_hold, 1), async(fx.ta_hold, 2) }
  lu.assertErrorMsgContains("the queue of asynchronous calls is full (2 calls)", async, fx.ta_hold, 3)
  ffi.workers { full = "wait" }
  fx.ta_open(1)
  for i = 3, 30 do list[#list + 1] = async(fx.ta_hold, i) end
  for i, f in ipairs(list) do lu.assertEquals(f:wait(), i - 1) end
end

function TestAsync:test_options()
  local told = { [{ thread = 1 }] = "there is no option 'thread'", [{ 5 }] = "there is no option 'number'", [{ threads = 0 }] = "option 'threads': a number from 1 to 256 expected",
    [{ threads = 1.5 }] = "option 'threads': a number from 1 to 256 expected", [{ threads = 257 }] = "option 'threads': a number from 1 to 256 expected",
    [{ threads = "4" }] = "option 'threads': number expected, got string", [{ queue = 0 / 0 }] = "option 'queue': a number from 1 to 1048576 expected",
    [{ full = "drop" }] = "option 'full': 'wait' or 'error' expected", [{ full = true }] = "option 'full': 'wait' or 'error' expected" }
  for options, text in pairs(told) do lu.assertErrorMsgContains(text, ffi.workers, options) end
  lu.assertErrorMsgContains("table of options expected, got number", ffi.workers, 5)
end

function TestAsync:test_cancel()
  ffi.workers { threads = 1 }
  until_true(function() return ffi.workers().started <= 1 end)
  fx.ta_open(0)
  fx.ta_ran()
  local runs = async(fx.ta_hold, 1)
  until_true(function() return runs:status() == "running" end)
  local object = ffi.new "int[1]"
  local waits, behind = async(fx.ta_sum, object, 1), async(fx.ta_hold, 3)
  lu.assertFalse(runs:cancel())
  lu.assertEquals({ waits:status(), waits:cancel(), waits:status(), waits:cancel(), waits:poll() }, { "queued", true, "cancelled", false, true })
  lu.assertErrorMsgContains("'ta_sum' was cancelled", waits.wait, waits)
  lu.assertNil(waits:errno())
  lu.assertTrue(ffi.release(object))
  fx.ta_open(1)
  lu.assertEquals({ runs:wait(), behind:wait() }, { 1, 3 })
  lu.assertFalse(behind:cancel())
  lu.assertEquals(fx.ta_ran(), 2)
end

function TestAsync:test_close()
  H.only_versions("5.4", "5.5")
  fx.ta_open(1)
  local f = load [[local f, set = ... do local future <close> = f() set() end return "closed"]]
  local out = ffi.new "int[1]"
  fx.ta_open(0)
  local future
  lu.assertEquals(f(function() future = async(fx.ta_out, out, 4) until_true(function() return future:status() == "running" end) return future end, function() fx.ta_open(1) end), "closed")
  lu.assertEquals({ out[0], future:status() }, { 4, "ended" })
end

function TestAsync:test_callbacks_run_where_the_owner_waits()
  local here, there = fx.ta_thread(), nil
  lu.assertEquals(async(fx.ta_call, function(x) there = fx.ta_thread() return x + 1 end, 41):wait(), 42)
  lu.assertNotEquals(there, here)
  local list = ffi.new("int[5]", 5, 3, 4, 1, 2)
  async(C.qsort, list, 5, 4, function(a, b) return a[0] - b[0] end):wait()
  lu.assertEquals(ffi.totable(list), { 1, 2, 3, 4, 5 })
  local sum = 0
  local futures = {}
  for i = 1, 8 do futures[i] = async(fx.ta_call_times, function(x) sum = sum + 1 return x end, H.many(1000)) end
  for i = 1, 8 do futures[i]:wait() end
  lu.assertEquals(sum, 8 * H.many(1000))
  local scoped = async(fx.ta_call, ffi.scoped(function(x) return x * 3 end), 5)
  lu.assertEquals(scoped:wait(), 15)
  -- Not only there: while a blocking call is in progress, and in ffi.poll.
  local ran = 0
  local f = async(fx.ta_call, function(x) ran = ran + x return x end, 1)
  ffi.blocking(C.usleep)(100000)
  until_true(function() return f:poll() end)
  lu.assertEquals(ran, 1)
  f = async(fx.ta_call, function(x) ran = ran + x return x end, 2)
  until_true(function() ffi.poll(1) return f:poll() end)
  lu.assertEquals(ran, 3)
end

function TestAsync:test_errors_in_callbacks()
  local f = async(fx.ta_call, function() error "in the callback" end, 1)
  lu.assertErrorMsgContains("in the callback", f.wait, f)
  lu.assertEquals(f:wait(), 0)
end

function TestAsync:test_a_callback_waits_for_another_call()
  ffi.workers { threads = 1 }
  until_true(function() return ffi.workers().started <= 1 end)
  local inner
  local outer = async(fx.ta_call, function(x)
    inner = async(C.abs, -x)                               -- the only thread is this one
    return inner:wait() + 1
  end, 4)
  lu.assertEquals(outer:wait(), 5)
  local own
  own = async(fx.ta_call, function() return own:wait() end, 1)
  lu.assertErrorMsgContains("'ta_call' cannot wait for its own end", own.wait, own)
  -- Nor is there room for another one.
  ffi.workers { queue = 1 }
  outer = async(fx.ta_call, function(x)
    local sum = 0
    local futures = {}
    for i = 1, 5 do futures[i] = async(C.abs, -i) end
    for i = 1, 5 do sum = sum + futures[i]:wait() end
    return sum
  end, 1)
  lu.assertEquals(outer:wait(), 15)
end

function TestAsync:test_queued_callbacks()
  local seen = {}
  local answers = ffi.callback("ta_fn", function(x) seen[#seen + 1] = x return x * 2 end, { queue = 4 })
  local f = async(fx.ta_call_times, answers, 5)
  until_true(function() ffi.poll(0.1) return f:poll() end)
  lu.assertEquals(f:wait(), 20)
  lu.assertEquals(async(fx.ta_call_times, answers, 5):wait(), 20)
  lu.assertEquals(seen, { 0, 1, 2, 3, 4, 0, 1, 2, 3, 4 })
  answers:free()
end

function TestAsync:test_exceptions_and_ended_threads()
  H.needs "libstdc++ that fixtures are built for"
  local thrower = H.load "spec_exceptions"
  local f = async(thrower.ex_throw, 1)
  local ok, why = pcall(f.wait, f)
  local _, told = pcall(thrower.ex_throw, 1)               -- not at the same time: it counts what is alive
  lu.assertFalse(ok)
  lu.assertEquals(why, told)
  lu.assertEquals({ pcall(f.wait, f) }, { false, told })
  f = async(fx.ta_leave)
  lu.assertErrorMsgContains("'ta_leave' has ended its thread", f.wait, f)
  lu.assertEquals(async(C.abs, -2):wait(), 2)
end

-- A small scheduler: coroutines that wait for futures, in turn.
local function run_all(functions)
  local waiting, results = {}, {}
  ffi.scheduler(function(future, seconds)
    if not waiting[coroutine.running()] then return false end
    local till = seconds and os.time() + seconds
    repeat coroutine.yield(future) until future:poll() or (till and os.time() >= till)
  end)
  local live = #functions
  local threads = {}
  for i, f in ipairs(functions) do
    threads[i] = coroutine.create(f)
    waiting[threads[i]] = true
  end
  while live > 0 do
    for i, thread in ipairs(threads) do
      if coroutine.status(thread) ~= "dead" then
        local ok, value = coroutine.resume(thread, i)
        assert(ok, value)
        if coroutine.status(thread) == "dead" then
          results[i] = value
          live = live - 1
        end
      end
    end
    if live > 0 then ffi.poll(0.05) end
  end
  ffi.scheduler(nil)
  return results
end

function TestAsync:test_scheduler()
  lu.assertNil(ffi.scheduler())
  ffi.workers { threads = 8 }
  fx.ta_open(0)
  fx.ta_most()
  local functions = {}
  for i = 1, 5 do
    functions[i] = function()
      local a = async(fx.ta_hold, i):wait()
      return a + async(C.abs, -10):wait()
    end
  end
  functions[6] = function()
    until_true(function() coroutine.yield() return fx.ta_inside() == 5 end)
    fx.ta_open(1)
    return async(C.abs, -1):wait(60)
  end
  lu.assertEquals(run_all(functions), { 11, 12, 13, 14, 15, 1 })
  lu.assertEquals(fx.ta_most(), 5)
  -- In the main thread, and in a coroutine that is not its own, it is not asked, or declines.
  local asked = 0
  local function hook() asked = asked + 1 return false end
  lu.assertNil(ffi.scheduler(hook))
  lu.assertEquals(ffi.scheduler(), hook)
  lu.assertEquals(async(C.abs, -3):wait(), 3)
  lu.assertEquals(asked, 0)
  fx.ta_open(0)
  coroutine.wrap(function()
    local f = async(fx.ta_hold, 4)
    lu.assertEquals({ f:wait(0.01) }, { nil, "timeout" })
    fx.ta_open(1)
    lu.assertEquals(f:wait(), 4)
  end)()
  lu.assertTrue(asked >= 1)
  -- One that returns early has had its time.
  ffi.scheduler(function() end)
  fx.ta_open(0)
  coroutine.wrap(function()
    local f = async(fx.ta_hold, 4)
    lu.assertEquals({ f:wait(1000) }, { nil, "timeout" })
    fx.ta_open(1)
    lu.assertEquals(f:wait(), 4)
    local ok, why = pcall(function() local x = f.wait(5) return x end)
    lu.assertStrContains(why, "async_spec.lua:")
    lu.assertStrContains(why, "bad argument #1 to 'wait' (future expected, got number)")
    ok, why = pcall(function() local x = f:wait "x" return x end)
    lu.assertStrContains(why, "async_spec.lua:")
    lu.assertStrContains(why, "bad argument #1 to 'wait' (number of seconds expected, got string)")
    ffi.workers { threads = 1 }
    until_true(function() return ffi.workers().started <= 1 end)
    fx.ta_open(0)
    async(fx.ta_hold, 4)
    f = async(fx.ta_hold, 5)
    f:cancel()
    ok, why = pcall(function() local x = f:wait() return x end)
    lu.assertStrContains(why, "async_spec.lua:")
    lu.assertStrContains(why, "'ta_hold' was cancelled")
  end)()
  lu.assertEquals(type(ffi.scheduler(nil)), "function")
  lu.assertNil(ffi.scheduler())
  lu.assertErrorMsgContains("function or nil expected", ffi.scheduler, 5)
end

function TestAsync:test_the_descriptor_tells_of_ends()
  ffi.poll()
  lu.assertFalse(H.told(0))
  fx.ta_open(0)
  local f = async(fx.ta_hold, 1)
  lu.assertFalse(H.told(20))
  fx.ta_open(1)
  lu.assertTrue(H.told(20000))
  lu.assertEquals({ ffi.poll() }, { 0, 0 })
  lu.assertFalse(H.told(0))
  lu.assertTrue(f:poll())
  -- ffi.poll itself returns when one has ended.
  f = async(C.usleep, 1000)
  lu.assertEquals(ffi.poll(60), 0)
  until_true(function() return f:poll() end)
end

function TestAsync:test_signals_arrive_elsewhere_and_end_waits()
  H.needs "signals that processes send"
  lu.assertEquals(async(fx.ta_blocked, 10):wait(), 1)      -- SIGUSR1 of Linux
  lu.assertEquals(async(fx.ta_blocked, 11):wait(), 0)      -- SIGSEGV
  local came = 0
  ffi.signal("SIGUSR1", function() came = came + 1 end)
  fx.ta_open(0)
  local f = async(fx.ta_hold, 1)
  local g = async(C.kill, C.getpid(), 10)
  lu.assertEquals({ f:wait(0.5) }, { nil, "timeout" })
  lu.assertEquals({ came, g:wait() }, { 1, 0 })
  ffi.signal("SIGUSR1", function() error "interrupted" end)
  g = async(C.kill, C.getpid(), 10)
  lu.assertErrorMsgContains("interrupted", f.wait, f, 60)
  ffi.signal("SIGUSR1", nil)
  fx.ta_open(1)
  lu.assertEquals(f:wait(), 1)
end

function TestAsync:test_fork()
  H.needs "fork"
  fx.ta_open(0)
  local object = ffi.new "int[1]"
  local f = async(fx.ta_sum, object, 1)
  until_true(function() return f:status() == "running" end)
  local child = C.fork()
  if child == 0 then
    local ok = pcall(function()
      lu.assertTrue(f:poll())
      lu.assertEquals(f:status(), "lost")
      lu.assertErrorMsgContains("'ta_sum' was called by the process that this one was forked from", f.wait, f)
      lu.assertFalse(f:cancel())
      assert(ffi.release(object))
      lu.assertEquals(async(C.abs, -7):wait(), 7)
      lu.assertEquals(ffi.workers().started, 1)
    end)
    C._exit(ok and 9 or 8)
  end
  local status = ffi.new "int[1]"
  C.waitpid(child, status, 0)
  lu.assertEquals(status[0], 9 * 256)
  fx.ta_open(1)
  H.assert_int(f:wait(), "0")
end

function TestAsync:test_no_thread()
  lu.skipIf(H.slow, "limits are those of another process")
  local _, text = V.child [[
    local ffi = require "ferry"
    ffi.cdef "struct rlimit { unsigned long now, most; }; int setrlimit(int, struct rlimit *); int abs(int);"
    local abs = ffi.C.abs
    ffi.C.setrlimit(9, ffi.new("struct rlimit", 1, 2^40))  -- RLIMIT_AS
    print(pcall(ffi.async, abs, -1))
    ffi.C.setrlimit(9, ffi.new("struct rlimit", 2^40, 2^40))
    print(ffi.async(abs, -1):wait())
  ]]
  -- musl's malloc has nothing left by then.
  lu.assertStrContains(text, H.musl and "not enough memory" or "no thread for asynchronous calls: ")
  lu.assertStrContains(text, "\n1\n")
end

-- What happens at the end of a process, by scripts.
local ends = {
  { "queued ones are cancelled, running ones waited for", [[
    ffi.workers { threads = 1 }
    local free = C.free
    local p = ffi.gc(C.malloc(64), function(p) io.write(ffi.string(p), " ") free(p) end)
    begun(ffi.async(fx.ta_write, p, "written"))
    for i = 1, 100 do ffi.async(C.usleep, 1e6) end
    ffi.async(fx.ta_sum, ffi.gc(C.malloc(64), free), 16)
    fx.ta_open(1)
    io.write "end "]], "end written " },
  { "a callback that waits for Lua", [[
    local f = ffi.async(fx.ta_call_times, function(x) io.write "ran " return x end, 3)
    C.usleep(20000)
    io.write "end "]], "end " },
  { "a callback that waits in a queue", [[
    local cb = ffi.callback("ta_fn", function(x) io.write "ran " return x end, { queue = 1 })
    ffi.async(fx.ta_call_times, cb, 3)
    C.usleep(20000)
    io.write "end "]], "end " },
  { "finalisers that use futures", [[
    fx.ta_open(1)
    local f
    keep = ffi.gc(ffi.new "int[1]", function() io.write(tostring(f:wait()), " ", tostring(ffi.async(C.abs, -4):wait()), " ") end)
    f = begun(ffi.async(fx.ta_hold, 3))
    io.write "end "]], "end 3 4 " },
  { "os.exit", [[
    ffi.async(fx.ta_hold, 1)
    ffi.async(C.abs, 1)
    io.write "end "
    io.stdout:flush()
    os.exit(0)]], "end " },
}
for i, case in ipairs(ends) do
  TestAsync["test_end_" .. i] = function()
    local _, out = V.child(H.links .. ([[
      local ffi = require "ferry"
      ffi.cdef "char *ta_write(char *, const char *); long ta_sum(const int *, int); void ta_open(int); int ta_hold(int); typedef int (*ta_fn)(int); int ta_call_times(ta_fn, int); int usleep(unsigned); void *malloc(size_t); void free(void *); int abs(int);"
      local fx, C = ffi.load "%s", ffi.C
      local function begun(f) while f:status() == "queued" do C.usleep(1000) end return f end
      %s]]):format(H.fixture "spec_async", case[2]))
    lu.assertEquals(out, case[3], case[1])
  end
end

H.run()
