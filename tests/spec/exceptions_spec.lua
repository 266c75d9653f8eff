-- C++ exceptions that C functions let out become Lua errors; Lua errors cross C only by the ways that are meant for it.
-- Run on Luas whose own errors are exceptions, too (the columns c++).
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
struct ex_pair { double a; int b; };
struct ex_large { int v[20]; };
int ex_alive(void);
int ex_throw(int kind);
int ex_throw_if(int yes, int kind);
double ex_throw_many(int, double, const char *, long, float, int, int, int kind, int, double);
struct ex_pair ex_throw_pair(struct ex_pair, int kind);
struct ex_large ex_throw_large(struct ex_large, int kind);
int ex_throw_variadic(int kind, ...);
int ex_throw_errno(int value);
int ex_call(int (*f)(int), int value);
int ex_call_catching(int (*f)(int), int value);
int ex_call_and_throw(int (*f)(int), int kind);
int ex_call_and_jump(int (*f)(int), int value);
]]
local fx = H.load "spec_exceptions"

-- What each kind of ex_throw is called.
local kinds = {
  [0] = "C++ exception std::runtime_error: a text",
  "C++ exception (anonymous namespace)::ex::Derived: of a derived class",
  "C++ exception std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >: a string", -- libstdc++
  "C++ exception char const*: characters",
  "C++ exception int: 42",
  "C++ exception (anonymous namespace)::ex::Plain",
  "C++ exception std::out_of_range: again",
}

-- libc++ tells types by their address, and libraries opened apart have one each: a string that is thrown is named only.
local _, of_string = pcall(fx.ex_throw, 2)
if tostring(of_string):find("std::__1::", 1, true) then
  kinds[2] = "C++ exception std::__1::basic_string<char, std::__1::char_traits<char>, std::__1::allocator<char> >"
end

-- f raises that kind, nothing is left on C's stack, and the next call is as ever.
local function throws(kind, f)
  H.assert_error_contains(f, kinds[kind])
  lu.assertEquals(fx.ex_alive(), 0)
  lu.assertEquals(fx.ex_throw_if(0, 7), 7)
end

TestExceptions = {}

function TestExceptions:test_kinds()
  for _ = 1, 3 do
    for kind = 0, #kinds do throws(kind, function() return fx.ex_throw(kind) end) end
  end
end

function TestExceptions:test_the_text_is_at_the_end_of_the_message()
  for kind = 0, #kinds do
    local ok, message = pcall(fx.ex_throw, kind)
    lu.assertFalse(ok)
    lu.assertEquals(message:sub(-#kinds[kind]), kinds[kind])
  end
end

function TestExceptions:test_the_function_is_named()
  for _ = 1, 3 do
    H.assert_error_contains(function() fx.ex_throw(4) end, "'ex_throw': C++ exception int: 42")
    H.assert_error_contains(function() fx.ex_throw_variadic(1, ffi.new("int", 0)) end, "'ex_throw_variadic': C++ exception std::runtime_error")
  end
end

function TestExceptions:test_every_way_of_passing()
  local pair, large = ffi.new("struct ex_pair", 1.5, 2), ffi.new "struct ex_large"
  local pointer = ffi.cast("int (*)(int)", fx.ex_throw)
  for kind = 0, #kinds do
    throws(kind, function() return fx.ex_throw_many(1, 2.5, "x", 4, 5.5, 6, 7, kind, 9, 10.5) end)
    throws(kind, function() return fx.ex_throw_pair(pair, kind) end)
    throws(kind, function() return fx.ex_throw_large(large, kind) end)
    throws(kind, function() return fx.ex_throw_variadic(1, ffi.new("int", kind)) end)
    throws(kind, function() return pointer(kind) end)
  end
end

function TestExceptions:test_errno_is_kept()
  ffi.errno(0)
  lu.assertFalse(pcall(fx.ex_throw_errno, 33))
  lu.assertEquals(ffi.errno(), 33)
end

function TestExceptions:test_many()
  local f = function(i) return fx.ex_throw_if(i % 2, i % 7) end
  for i = 1, H.slow and 100 or 4000 do
    local ok, result = pcall(f, i)
    lu.assertEquals(ok, i % 2 == 0)
    if ok then lu.assertEquals(result, i % 7) end
  end
  lu.assertEquals(fx.ex_alive(), 0)
end

function TestExceptions:test_in_coroutines()
  local co = coroutine.create(function()
    for kind = 0, #kinds do
      local ok, message = pcall(fx.ex_throw, kind)
      coroutine.yield(not ok and message)
    end
    return fx.ex_throw(0)
  end)
  for kind = 0, #kinds do
    local ok, message = coroutine.resume(co)
    lu.assertTrue(ok)
    lu.assertStrContains(message, kinds[kind])
  end
  local ok, message = coroutine.resume(co)
  lu.assertFalse(ok)
  lu.assertStrContains(message, kinds[0])
  lu.assertEquals(coroutine.status(co), "dead")
end

function TestExceptions:test_xpcall_sees_the_message()
  local seen
  local ok = xpcall(function() return fx.ex_throw(1) end, function(message)
    seen = message
    lu.assertEquals(fx.ex_throw_if(0, 3), 3) -- calls work where it is handled
    return message
  end)
  lu.assertFalse(ok)
  lu.assertStrContains(seen, kinds[1])
end

TestErrorsAcrossC = {}

-- The callback's error waits until C has returned; C's destructors have run by then.
function TestErrorsAcrossC:test_an_error_of_a_callback()
  for _ = 1, 3 do
    local value = { "no text" }
    local ok, message = pcall(fx.ex_call, function() error(value) end, 1)
    lu.assertFalse(ok)
    lu.assertIs(message, value)
    lu.assertEquals(fx.ex_alive(), 0)
    lu.assertEquals(fx.ex_call(function(n) return n + 1 end, 1), 2)
  end
end

function TestErrorsAcrossC:test_c_does_not_catch_it()
  local cb = ffi.cast("int (*)(int)", function() error("own", 0) end)
  cb:set(function() error("own", 0) end)
  for _ = 1, 3 do
    local ok, message = pcall(fx.ex_call_catching, cb, 1)
    lu.assertFalse(ok)
    lu.assertEquals(message, "own")
  end
  cb:free()
end

function TestErrorsAcrossC:test_pcall_inside_a_callback()
  local function inner(n)
    local ok, message = pcall(error, "inside", 0)
    lu.assertFalse(ok)
    lu.assertEquals(message, "inside")
    local ok2, thrown = pcall(fx.ex_throw, 0)
    lu.assertFalse(ok2)
    lu.assertStrContains(thrown, kinds[0])
    lu.assertEquals(fx.ex_alive(), 1)
    return n * 2
  end
  lu.assertEquals(fx.ex_call(inner, 4), 8)
  lu.assertEquals(fx.ex_call_catching(inner, 5), 10)
  lu.assertEquals(fx.ex_alive(), 0)
end

function TestErrorsAcrossC:test_an_exception_inside_a_callback()
  throws(0, function() return fx.ex_call(function() return fx.ex_throw(0) end, 1) end)
  throws(4, function() return fx.ex_call_catching(function() return fx.ex_throw(4) end, 1) end)
end

function TestErrorsAcrossC:test_an_exception_after_a_callback()
  local seen
  throws(1, function()
    return fx.ex_call_and_throw(function(n)
      seen = n
      return 0
    end, 1)
  end)
  lu.assertEquals(seen, 1)
  -- Whichever of the two comes first, one error arrives, and no second one later.
  lu.assertFalse(pcall(fx.ex_call_and_throw, function() error "of the callback" end, 1))
  lu.assertEquals(fx.ex_throw_if(0, 7), 7)
  lu.assertEquals(fx.ex_alive(), 0)
end

-- C's own jumps stay within C; the callback's error comes when the call is over.
function TestErrorsAcrossC:test_c_jumps_after_a_callback()
  local function inner(n) return n == 1 and fx.ex_call_and_jump(function(m) return m + 5 end, 2) + 1 or n end
  lu.assertEquals({ fx.ex_call_and_jump(inner, 4), fx.ex_call_and_jump(inner, 1) }, { 4, 8 })
  lu.assertEquals(fx.ex_call(function(n) return fx.ex_call_and_jump(function(m) return m * 2 end, n) end, 21), 42)
  local cb = ffi.cast("int (*)(int)", function() error("own", 0) end)
  ffi.onerror(cb, 9)
  local ok, message = pcall(fx.ex_call_and_jump, cb, 1)
  lu.assertEquals({ ok, message }, { false, "own" })
  cb:free()
  lu.assertEquals(fx.ex_throw_if(0, 7), 7)
end

function TestErrorsAcrossC:test_deeply_nested()
  local depth = H.slow and 10 or 50
  local function go(n)
    if n == 0 then error("deepest", 0) end
    return fx.ex_call(function(m) return go(m - 1) end, n)
  end
  for _ = 1, 3 do
    local ok, message = pcall(go, depth)
    lu.assertFalse(ok)
    lu.assertEquals(message, "deepest")
    lu.assertEquals(fx.ex_alive(), 0)
  end
end

function TestErrorsAcrossC:test_coroutines_in_callbacks()
  local function cb(n)
    local co = coroutine.wrap(function(a)
      local b = coroutine.yield(a + 1)
      local ok = pcall(fx.ex_throw, b)
      coroutine.yield(ok and -1 or 5)
      error("of the coroutine", 0)
    end)
    lu.assertEquals(co(n), n + 1)
    lu.assertEquals(co(0), 5)
    local ok, message = pcall(co)
    lu.assertFalse(ok)
    lu.assertEquals(message, "of the coroutine")
    return n
  end
  lu.assertEquals(fx.ex_call(cb, 9), 9)
end

-- A yield cannot cross C; what Lua says about that is an error like another.
function TestErrorsAcrossC:test_a_yield_across_c()
  local co = coroutine.create(function() return fx.ex_call(function() return coroutine.yield(1) end, 1) end)
  local ok, message = coroutine.resume(co)
  lu.assertFalse(ok)
  lu.assertStrContains(message, "yield")
  lu.assertEquals(fx.ex_alive(), 0)
end

function TestErrorsAcrossC:test_errors_of_conversions()
  for _ = 1, 3 do
    H.assert_error_contains(function() return fx.ex_throw "no number" end, "ex_throw", "int")
    H.assert_error_contains(function() return fx.ex_throw() end, "wrong number of arguments")
    H.assert_error_contains(function() return fx.ex_call(function() return {} end, 1) end, "table")
    H.assert_error_contains(function() return fx.ex_call(3, 1) end, "ex_call")
  end
  lu.assertEquals(fx.ex_alive(), 0)
end

function TestErrorsAcrossC:test_in_finalisers()
  if rawget(_G, "warn") then warn "@off" end
  local ran = 0
  local function make(finaliser)
    ffi.gc(ffi.new "int[1]", function()
      ran = ran + 1
      finaliser()
    end)
  end
  for _ = 1, 10 do
    make(function() error "of a finaliser" end)
    make(function() return fx.ex_throw(0) end)
    make(function() return fx.ex_call(function() error "of a callback of a finaliser" end, 1) end)
  end
  H.collect()
  lu.assertEquals(ran, 30)
  lu.assertEquals(fx.ex_alive(), 0)
  lu.assertEquals(fx.ex_throw_if(0, 7), 7)
end

H.run()
