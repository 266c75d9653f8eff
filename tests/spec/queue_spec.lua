-- Queued callbacks: calls on other threads wait for ffi.poll, in order, and none is lost.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi
if H.is_luajit then return H.run_nothing() end

ffi.cdef [[
  typedef struct { double a; int b[6]; } tq_record;
  typedef void (*tq_void)(int thread, int i);
  typedef int (*tq_int)(int);
  typedef void (*tq_mixed)(signed char, const char*, tq_record, float, const char*, unsigned long long, void*, bool);
  void tq_begin(int threads, tq_void callback, int count);
  void tq_begin_int(int threads, tq_int callback, int count);
  int tq_running(void);
  long tq_sum(void);
  long tq_end(void);
  void tq_call_mixed(tq_mixed callback);
  void tq_begin_record(tq_record (*callback)(tq_record, const char*));
  tq_record tq_echoed(void);
  int tq_errno(void);
  void tq_begin_fill(void (*callback)(int*));
  int tq_call(tq_int callback, int x);
  void tq_call_void(tq_void callback, int a, int b);
  void tq_set_signalled(tq_void callback, tq_int answer);
  void *tq_handler(void);
  int usleep(unsigned);
  int abs(int);
  struct tq_pollfd { int fd; short events, revents; };
  int poll(struct tq_pollfd *, unsigned long, int);
  void (*signal(int, void (*)(int)))(int);
]]
local fx = H.load "spec_queue"
local C = ffi.C
local end_open = ffi.blocking(fx.tq_end)

-- Polls until no thread runs: how many calls ran.
local function poll_all()
  local total = 0
  repeat
    local running = fx.tq_running()
    total = total + ffi.poll(running > 0 and 0.05 or 0)
  until running == 0
  return total
end

local function until_used(callback, used)
  for _ = 1, 20000 do
    if ffi.debug(callback).queue.used >= used then return end
    C.usleep(1000)
  end
  error "the calls have not come"
end

TestQueue = {}

function TestQueue:test_calls_wait_for_poll_in_order()
  local seen = {}
  local cb = ffi.callback("tq_void", function(thread, i) seen[#seen + 1] = i end, { queue = 200 })
  fx.tq_begin(1, cb, 100)
  fx.tq_end()                                  -- each returned at once
  lu.assertEquals(#seen, 0)
  lu.assertEquals({ ffi.poll() }, { 100, 0 })
  lu.assertEquals(#seen, 100)
  for i = 1, 100 do lu.assertEquals(seen[i], i - 1) end
  lu.assertEquals({ ffi.poll() }, { 0, 0 })
  cb:free()
end

function TestQueue:test_one_order_for_all_callbacks_of_a_thread()
  local seen = {}
  local a = ffi.callback("tq_void", function(_, i) seen[#seen + 1] = "a" .. i end, { queue = 2 })
  local b = ffi.callback("tq_void", function(_, i) seen[#seen + 1] = "b" .. i end, { queue = 2 })
  for _, cb in ipairs { a, b, b, a } do
    fx.tq_begin(1, cb, 1)
    fx.tq_end()
  end
  lu.assertEquals(ffi.poll(), 4)
  lu.assertEquals(table.concat(seen, " "), "a0 b0 b0 a0")
  a:free() b:free()
end

function TestQueue:test_none_is_lost()
  local count = H.many(100000)
  local last, total, in_order = {}, 0, true
  local cb = ffi.callback("tq_void", function(thread, i)
    in_order = in_order and (last[thread] or -1) + 1 == i
    last[thread] = i
    total = total + 1
  end, { queue = 64 })
  fx.tq_begin(8, cb, count)
  lu.assertEquals(poll_all(), 8 * count)
  lu.assertEquals(total, 8 * count)
  lu.assertTrue(in_order)
  lu.assertEquals(ffi.debug(cb).queue, { size = 64, used = 0, dropped = 0 })
  cb:free()
end

function TestQueue:test_answers()
  local count = H.many(100000)
  local ran = 0
  local cb = ffi.callback("tq_int", function(x) ran = ran + 1 return x % 10 end, { queue = 4 })
  fx.tq_begin_int(8, cb, count)
  lu.assertEquals(poll_all(), 8 * count)
  lu.assertEquals(ran, 8 * count)
  lu.assertEquals(tonumber(fx.tq_sum()), 8 * count / 10 * 45)
  cb:free()
end

function TestQueue:test_a_full_queue_drops_and_counts()
  local seen = {}
  local cb = ffi.callback("tq_void", function(_, i) seen[#seen + 1] = i end, { queue = 4, full = "drop" })
  fx.tq_begin(1, cb, 100)
  fx.tq_end()
  lu.assertEquals(ffi.debug(cb).queue, { size = 4, used = 4, dropped = 96 })
  lu.assertEquals({ ffi.poll() }, { 4, 96 })
  lu.assertEquals(seen, { 0, 1, 2, 3 })
  lu.assertEquals({ ffi.poll() }, { 0, 0 })
  cb:free()
  -- Answers: what onerror says.
  cb = ffi.callback("tq_int", function(x) return 1 end, { queue = 1, full = "drop" })
  ffi.onerror(cb, 1000)
  fx.tq_begin_int(2, cb, 1)
  until_used(cb, 1)
  for _ = 1, 20000 do
    if fx.tq_running() == 1 then break end
    C.usleep(1000)
  end
  lu.assertEquals({ ffi.poll(10) }, { 1, 1 })   -- what is used may be about to come
  lu.assertEquals(tonumber(fx.tq_end()), 1001)
  cb:free()
end

function TestQueue:test_what_the_arguments_point_to_is_copied()
  local got, cb
  cb = ffi.callback("tq_mixed", function(byte, text, record, float, null, long, pointer, bool)
    got = { byte, ffi.string(text), record.a, record.b[5], float, ffi.isnull(null), tonumber(long), pointer == ffi.cast("void *", cb), bool }
  end, { queue = 1 })
  fx.tq_call_mixed(cb)
  collectgarbage()
  lu.assertEquals(ffi.poll(), 1)
  lu.assertEquals(got, { -3, "copied", 1.5, 6, 0.25, true, 2 ^ 40, true, true })
  cb:free()
  cb = ffi.callback("tq_mixed", function(_, text) got = ffi.istype("const char *", text) end, { queue = 1, strings = false })
  fx.tq_call_mixed(cb)
  lu.assertEquals(ffi.poll(), 1)
  lu.assertTrue(got)
  cb:free()
end

function TestQueue:test_structs_come_back_and_errno_is_the_threads()
  local cb = ffi.callback("tq_record (*)(tq_record, const char *)", function(record, text)
    ffi.errno(5)
    record.b[0] = #ffi.string(text)
    return record
  end, { queue = 1 })
  ffi.errno(3)
  fx.tq_begin_record(cb)
  lu.assertEquals(poll_all(), 1)
  lu.assertEquals(fx.tq_errno(), 77)
  local r = fx.tq_echoed()
  lu.assertEquals({ r.a, r.b[0], r.b[5] }, { 2.5, 4, 60 })
  cb:free()
end

function TestQueue:test_errno_of_the_state_is_left_alone()
  local cb = ffi.callback("tq_void", function() ffi.errno(5) end, { queue = 1 })
  fx.tq_begin(1, cb, 1)
  fx.tq_end()
  ffi.errno(3)
  lu.assertEquals(ffi.poll(), 1)
  lu.assertEquals(ffi.errno(), 3)
  cb:free()
end

function TestQueue:test_the_option_wait()
  local cb = ffi.callback("void (*)(int *)", function(out) out[0] = 9 end, { queue = 1, wait = true })
  fx.tq_begin_fill(cb)
  lu.assertEquals(poll_all(), 1)
  lu.assertEquals(tonumber(fx.tq_sum()), 9)
  cb:free()
end

function TestQueue:test_errors_are_raised_by_poll()
  local seen = {}
  local cb = ffi.callback("tq_void", function(_, i)
    if i == 1 then error("no " .. i, 0) end
    seen[#seen + 1] = i
  end, { queue = 8 })
  fx.tq_begin(1, cb, 3)
  fx.tq_end()
  lu.assertErrorMsgEquals("no 1", ffi.poll)
  lu.assertEquals(seen, { 0 })
  lu.assertEquals(C.abs(-1), 1)                 -- nothing is left of it
  lu.assertEquals(ffi.poll(10), 1)              -- the one behind it is still there, and poll knows
  lu.assertEquals(seen, { 0, 2 })
  cb:free()
  cb = ffi.callback("tq_int", function(i) error("none", 0) end, { queue = 8 })
  fx.tq_begin_int(1, cb, 1)
  lu.assertErrorMsgEquals("none", ffi.poll, 10)
  lu.assertEquals(tonumber(fx.tq_end()), 0)
  ffi.onerror(cb, 42)
  fx.tq_begin_int(1, cb, 1)
  lu.assertErrorMsgEquals("none", ffi.poll, 10)
  lu.assertEquals(tonumber(fx.tq_end()), 42)
  ffi.onerror(cb, function(message) return #message end)
  fx.tq_begin_int(1, cb, 1)
  lu.assertErrorMsgEquals("none", ffi.poll, 10)
  lu.assertEquals(tonumber(fx.tq_end()), 4)
  cb:free()
end

function TestQueue:test_freeing_lets_those_go_who_wait()
  for _, answer in ipairs { 0, 5 } do
    local ran = 0
    local cb = ffi.callback("tq_int", function() ran = ran + 1 return 1 end, { queue = 2 })
    if answer ~= 0 then ffi.onerror(cb, answer) end
    fx.tq_begin_int(4, cb, 1)                   -- two find room, two wait for it
    until_used(cb, 2)
    C.usleep(H.slow and 200000 or 20000)
    cb:free()
    lu.assertEquals(tonumber(fx.tq_end()), 4 * answer)
    lu.assertEquals({ ffi.poll(), ran }, { 0, 0 })
  end
  local cb = ffi.callback("tq_void", error, { queue = 2 })
  local other = ffi.callback("tq_void", function() end, { queue = 2 })
  fx.tq_begin(1, cb, 2)
  fx.tq_end()
  fx.tq_begin(1, other, 1)
  fx.tq_end()
  fx.tq_begin(1, cb, 0)
  cb:free()
  lu.assertEquals(ffi.poll(), 1)                -- the other one's
  fx.tq_begin(1, other, 1)
  fx.tq_end()
  lu.assertEquals(ffi.poll(), 1)
  other:free()
end

function TestQueue:test_freed_while_it_runs()
  local cb
  local ran = 0
  cb = ffi.callback("tq_void", function() ran = ran + 1 cb:free() collectgarbage() end, { queue = 8 })
  fx.tq_begin(1, cb, 5)
  fx.tq_end()
  lu.assertEquals(ffi.poll(), 1)
  lu.assertEquals(ran, 1)
  cb = ffi.callback("tq_int", function(x) cb:free() return 7 end, { queue = 8 })
  fx.tq_begin_int(1, cb, 1)
  lu.assertEquals(ffi.poll(10), 1)
  lu.assertEquals(tonumber(fx.tq_end()), 7)
end

function TestQueue:test_poll_within_a_callback()
  local seen = {}
  local cb = ffi.callback("tq_void", function(_, i)
    if i == 0 then lu.assertEquals(ffi.poll(), 2) end
    seen[#seen + 1] = i
  end, { queue = 8 })
  fx.tq_begin(1, cb, 3)
  fx.tq_end()
  lu.assertEquals(ffi.poll(), 1)
  lu.assertEquals(seen, { 1, 2, 0 })
  cb:free()
end

function TestQueue:test_poll_in_a_coroutine()
  local ran_on
  local cb = ffi.callback("tq_void", function() ran_on = coroutine.running() end, { queue = 8 })
  fx.tq_begin(1, cb, 1)
  fx.tq_end()
  local co = coroutine.create(function() return ffi.poll() end)
  lu.assertEquals({ coroutine.resume(co) }, { true, 1 , 0 })
  lu.assertEquals(ran_on, co)
  cb:free()
end

function TestQueue:test_set_and_strict()
  local seen = {}
  local cb = ffi.callback("tq_void", function() seen[1] = true end, { queue = 8 })
  fx.tq_begin(1, cb, 1)
  fx.tq_end()
  cb:set(function() seen[2] = true end)
  ffi.strict(true)
  lu.assertEquals(ffi.poll(), 1)
  ffi.strict(false)
  lu.assertEquals(seen, { nil, true })
  cb:free()
end

-- On a thread that is inside the function runs at once: waiting would be for ever.
function TestQueue:test_on_the_owners_thread_it_runs_at_once()
  local cb = ffi.callback("tq_int", function(x) return x + 1 end, { queue = 1 })
  lu.assertEquals(fx.tq_call(cb, 5), 6)
  local seen
  local void = ffi.callback("tq_void", function(a, b) seen = a + b end, { queue = 1 })
  fx.tq_call_void(void, 3, 4)
  lu.assertEquals(seen, 7)
  -- also while calls wait, and within ffi.poll
  local outer = ffi.callback("tq_void", function() seen = fx.tq_call(cb, 10) end, { queue = 1 })
  fx.tq_begin(1, outer, 1)
  fx.tq_end()
  lu.assertEquals(fx.tq_call(cb, 1), 2)
  lu.assertEquals(ffi.poll(), 1)
  lu.assertEquals(seen, 11)
  cb:free() void:free() outer:free()
end

-- What waits for an answer comes in by a blocking call: who waits there for the thread would wait for ever.
function TestQueue:test_blocking_calls()
  local ran = 0
  local cb = ffi.callback("tq_int", function(x) ran = ran + 1 return C.abs(-1) end, { queue = 2 })
  fx.tq_begin_int(4, cb, 100)
  until_used(cb, 2)                             -- some wait already
  lu.assertEquals(tonumber(end_open()), 400)
  lu.assertEquals(ran, 400)
  lu.assertEquals(ffi.poll(), 0)
  fx.tq_begin_int(4, cb, 1)                     -- and afterwards those threads are others again
  lu.assertEquals(poll_all(), 4)
  cb:free()
  -- What does not wait for an answer, but for room; in order.
  local seen = {}
  local void = ffi.callback("tq_void", function(_, i) seen[#seen + 1] = i end, { queue = 3 })
  fx.tq_begin(1, void, 50)
  until_used(void, 3)
  end_open()
  ffi.poll()
  lu.assertEquals(#seen, 50)
  for i = 1, 50 do lu.assertEquals(seen[i], i - 1) end
  void:free()
end

function TestQueue:test_an_error_in_a_blocking_call_loses_nothing()
  local ran = {}
  local void = ffi.callback("tq_void", function(_, i) ran[i] = true if i == 0 then error("first", 0) end end, { queue = 1 })
  fx.tq_begin(1, void, 3)
  local ok, why = pcall(end_open)
  if not ok then lu.assertEquals(why, "first") end
  while true do
    local polled, n = pcall(ffi.poll)
    if polled and n == 0 then break end
  end
  lu.assertEquals({ ran[0], ran[1] }, { true, true })
  void:free()
end

function TestQueue:test_the_descriptor()
  local fd = ffi.pollfd()
  lu.assertEquals(ffi.pollfd(), fd)
  ffi.poll()
  lu.assertFalse(H.told(0))
  local cb = ffi.callback("tq_void", function() end, { queue = 8 })
  lu.assertEquals(ffi.pollfd(), fd)
  fx.tq_begin(1, cb, 3)
  lu.assertTrue(H.told(10000))
  fx.tq_end()
  lu.assertTrue(H.told(0))     -- as long as they wait
  ffi.poll()
  ffi.poll()
  lu.assertFalse(H.told(0))
  cb:free()
end

function TestQueue:test_time()
  ffi.cdef "long tq_time(long *) __asm__(\"time\");"
  local before = C.tq_time(nil)
  lu.assertEquals(ffi.poll(0), 0)
  lu.assertEquals(ffi.poll(-1), 0)
  lu.assertEquals(ffi.poll(1.2), 0)
  local took = tonumber(C.tq_time(nil)) - tonumber(before)
  lu.assertTrue(took >= 1 and took < 30, took)
end

function TestQueue:test_signals_end_the_wait()
  H.needs "signals that processes send"
  local seen
  ffi.signal("ALRM", function(number) seen = number end)
  ffi.cdef "unsigned alarm(unsigned);"
  C.alarm(1)
  lu.assertEquals(ffi.poll(60), 0)
  lu.assertEquals(seen, 14)
  ffi.signal("ALRM", nil)
end

-- A handler that interrupts Lua: what waits is refused, what does not is queued.
function TestQueue:test_signal_handlers()
  H.needs "signals that processes send"
  local number = 10
  C.signal(number, ffi.cast("void (*)(int)", fx.tq_handler()))
  ffi.cdef "int kill(int, int); int getpid(void);"
  local seen
  local void = ffi.callback("tq_void", function(n) seen = n end, { queue = 1 })
  fx.tq_set_signalled(void, nil)
  os.execute("kill -10 " .. tonumber(C.getpid()))
  for _ = 1, 1000000 do if seen then break end end
  lu.assertEquals(ffi.poll(1), 1)
  lu.assertEquals(seen, 10)
  -- With an answer: refused, or it ran where C was at work in the program's name.
  local cb = ffi.callback("tq_int", function(n) return 5 end, { queue = 1 })
  fx.tq_set_signalled(nil, cb)
  local ok, why = pcall(function()
    os.execute("kill -10 " .. tonumber(C.getpid()))
    for _ = 1, 100 do C.abs(1) end
  end)
  lu.assertFalse(ok)
  lu.assertStrContains(why, "its function did not run")
  C.signal(number, ffi.cast("void (*)(int)", 1))
  void:free() cb:free()
end

function TestQueue:test_a_forked_process_has_its_own()
  H.needs "fork"
  local P = H.load "spec_process"
  ffi.cdef "int fork_here(void); int wait_for(int pid); void leave(int code);"
  local ran = 0
  local cb = ffi.callback("tq_void", function() ran = ran + 1 end, { queue = 8 })
  local pid = P.fork_here()
  if pid == 0 then
    local ok, good = pcall(function()
      fx.tq_begin(2, cb, 3)
      fx.tq_end()
      local first = ffi.poll(10)
      local again = ffi.callback("tq_void", function() ran = ran + 10 end, { queue = 1 })
      fx.tq_begin(1, again, 5)
      local total = first + poll_all()
      cb:free()
      return first == 6 and total == 11 and ran == 56
    end)
    P.leave(ok and good and 21 or 22)
  end
  lu.assertEquals(P.wait_for(pid), 21)
  lu.assertEquals(ffi.poll(), 0)
  fx.tq_begin(1, cb, 4)
  lu.assertEquals(poll_all(), 4)
  lu.assertEquals(ran, 4)
  cb:free()
end

-- Without options it is ffi.cast, for function types too.
function TestQueue:test_callbacks_that_are_not_queued()
  local cb = ffi.callback("int (int)", function(x) return x * 2 end)
  lu.assertTrue(ffi.istype("int (*)(int)", cb))
  lu.assertEquals(fx.tq_call(cb, 4), 8)
  lu.assertNil(ffi.debug(cb).queue)
  cb:free()
  cb = ffi.callback(ffi.typeof "tq_int", function(x) return x end, {})
  lu.assertEquals(fx.tq_call(cb, 4), 4)
  ffi.release(cb)
  lu.assertErrorMsgContains("attempt to call", cb, 1)
end

function TestQueue:test_what_it_takes()
  local function f() end
  local function told(message, ...) lu.assertErrorMsgContains(message, ffi.callback, ...) end
  told("(function type expected, got int *)", "int *", f)
  told("(function expected, got number)", "tq_int", 5)
  told("(table of options expected, got number)", "tq_int", f, 5)
  told("there is no option 'Queue'", "tq_int", f, { Queue = 5 })
  told("there is no option 'number'", "tq_int", f, { 5 })
  told("option 'full' without 'queue'", "tq_int", f, { full = "drop" })
  told("option 'queue': a number from 1 to 65536 expected", "tq_int", f, { queue = 0 })
  told("option 'queue': a number from 1 to 65536 expected", "tq_int", f, { queue = 1.5 })
  told("option 'queue': a number from 1 to 65536 expected", "tq_int", f, { queue = 65537 })
  told("option 'queue': a number from 1 to 65536 expected", "tq_int", f, { queue = 0 / 0 })
  told("option 'queue': number of calls expected, got string", "tq_int", f, { queue = "5" })
  told("option 'full': 'wait' or 'drop' expected, got 'x'", "tq_int", f, { queue = 5, full = "x" })
  told("option 'full': 'wait' or 'drop' expected, got boolean", "tq_int", f, { queue = 5, full = true })
  told("option 'wait': boolean expected, got number", "tq_int", f, { queue = 5, wait = 1 })
  told("option 'strings': boolean expected, got table", "tq_int", f, { queue = 5, strings = {} })
  ffi.cdef "struct tq_large { char c[100000]; };"
  local live = ffi.debug().callbacks.count
  told("a queue of 65536 calls of ", "void (*)(struct tq_large)", f, { queue = 65536 })
  lu.assertEquals(ffi.debug().callbacks.count, live)
  lu.assertErrorMsgContains("number of seconds expected, got string", ffi.poll, "1")
  lu.assertErrorMsgContains("not a number of seconds", ffi.poll, 0 / 0)
end

-- A state closes while threads wait in its queues; and after that they get what onerror said, for ever.
TestQueueCloses = {}

local function run_host(code, states)
  return H.host "thread_host".race([[
    local ffi = require "ferry"
    local store = ffi.cast("void (*)(int (*)(int))", HOLD)
    local function hold(callback) pcall(store, ffi.cast("int (*)(int)", callback)) end
  ]] .. code, package.path, package.cpath, states)
end
local states = H.slow and 40 or math.max(H.many(400), 40)

function TestQueueCloses:test_those_who_wait_are_let_go()
  lu.assertTrue(run_host("local cb = ffi.callback('int (*)(int)', function(x) return x end, { queue = 1 }) ffi.onerror(cb, 3) hold(cb)", states) > 0)
  lu.assertTrue(run_host("hold(ffi.callback('int (*)(int)', function(x) return x end, { queue = 1 })) ffi.poll() ffi.poll(0.001)", states) > 0)
end

function TestQueueCloses:test_those_who_do_not()
  lu.assertTrue(run_host("hold(ffi.callback('void (*)(int)', function(x) end, { queue = 3 })) ffi.poll(0.001)", states) > 0)
  lu.assertTrue(run_host("hold(ffi.callback('void (*)(const char *, int)', function() end, { queue = 3, strings = false, full = 'drop' })) ffi.poll()", states) > 0)
end

function TestQueueCloses:test_callbacks_are_freed_meanwhile()
  lu.assertTrue(run_host([[
    for i = 1, 300 do
      local cb = ffi.callback("int (*)(int)", function() return 1 end, { queue = 2 })
      hold(cb)
      if i % 3 == 0 then pcall(ffi.poll, i % 2 / 10000) end
      cb:free()
      if i % 5 == 0 then collectgarbage() end
    end
  ]], math.max(states / 20, 10)) > 0)
end

-- A state that ends within ffi.poll: it does not come back to it.
function TestQueueCloses:test_closed_within_poll()
  if H.version == "5.1" then lu.skip "os.exit does not close the state" end
  local ok, text = V.child(H.links .. ([[
    local ffi = require "ferry"
    ffi.cdef "void tq_begin_int(int threads, int (*)(int), int count); void tq_begin(int, void (*)(int, int), int); int usleep(unsigned);"
    local fx = ffi.load(%q)
    local cb = ffi.callback("int (*)(int)", function(x) io.write "ran " os.exit(0, true) end, { queue = 2 })
    local void = ffi.callback("void (*)(int, int)", print, { queue = 2 })
    fx.tq_begin(3, void, 1)
    ffi.C.usleep(30000)
    fx.tq_begin_int(3, cb, 1)
    void:free()
    ffi.poll(10)
  ]]):format(H.fixture "spec_queue"))
  lu.assertEquals({ ok, text }, { true, "ran " })
end

H.run()
