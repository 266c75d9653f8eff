-- ffi.errno: kept between calls, settable, per thread of C.
-- oracle: LuaJIT
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi
local fx = H.load "spec_calls"

ffi.cdef [[
int fail_with(int code);
int read_errno(void);
int close(int fd);
char *strerror(int);
]]

TestErrno = {}

function TestErrno:test_after_a_call()
  fx.fail_with(33)
  lu.assertEquals(ffi.errno(), 33)
  lu.assertEquals(fx.read_errno(), 33)
  lu.assertEquals(ffi.errno(), 33)
end

function TestErrno:test_set_returns_the_previous()
  ffi.errno(4)
  lu.assertEquals(ffi.errno(5), 4)
  lu.assertEquals(ffi.errno(), 5)
  lu.assertEquals(fx.read_errno(), 5)
  lu.assertEquals(ffi.errno(0), 5)
end

function TestErrno:test_survives_lua_work()
  fx.fail_with(11)
  local t = {}
  for i = 1, 1000 do t[i] = ("x"):rep(i) end
  collectgarbage()
  lu.assertEquals(ffi.errno(), 11)
  lu.assertEquals(fx.read_errno(), 11)
end

function TestErrno:test_survives_failing_library_functions()
  H.not_on_luajit "keeps the thread's own errno"
  fx.fail_with(11)
  io.open "/no/such/file/at/all"
  lu.assertEquals(ffi.errno(), 11)
  lu.assertEquals(fx.read_errno(), 11)
end

function TestErrno:test_real_function()
  ffi.errno(0)
  lu.assertEquals(ffi.C.close(-1), -1)
  lu.assertEquals(ffi.errno(), 9)
  lu.assertStrContains(ffi.string(ffi.C.strerror(9)), "ad file descriptor")
end

function TestErrno:test_function_pointers_and_callbacks()
  local p = ffi.cast("int (*)(int)", fx.fail_with)
  p(44)
  lu.assertEquals(ffi.errno(), 44)
  local cb = ffi.cast("int (*)(int)", function(n)
    ffi.errno(n)
    return n
  end)
  lu.assertEquals(cb(55), 55)
  lu.assertEquals(ffi.errno(), 55)
  cb:free()
end

function TestErrno:test_coroutines()
  fx.fail_with(21)
  local seen = coroutine.wrap(function() return ffi.errno() end)()
  lu.assertEquals(seen, 21)
end

ffi.cdef "struct errno_closing { int fd; };"

function TestErrno:test_survives_finalisers()
  H.not_on_luajit "lets finalisers change it"
  local closing = ffi.metatype("struct errno_closing", {
    __gc = function(c) ffi.C.close(c.fd) end,
  })
  local ran = 0
  for i = 1, 50 do
    ffi.gc(ffi.new "int[1]", function()
      ffi.C.close(-1)
      ran = ran + 1
    end)
    ffi.gc(ffi.cast("void *", 1), function()
      ffi.errno(77)
      error "no matter"
    end)
    closing(-1)
  end
  fx.fail_with(2)
  local t = {}
  for i = 1, 1000 do t[i] = ("x"):rep(i) end
  H.collect()
  lu.assertEquals(ran, 50)
  lu.assertEquals(ffi.errno(), 2)
  lu.assertEquals(fx.read_errno(), 2)
end

function TestErrno:test_finalisers_have_one_of_their_own()
  local seen
  ffi.gc(ffi.new "int[1]", function()
    ffi.C.close(-1)
    seen = ffi.errno()
  end)
  H.collect()
  lu.assertEquals(seen, 9)
end

function TestErrno:test_wrong_arguments()
  lu.assertError(ffi.errno, "x")
  lu.assertError(ffi.errno, {})
end

H.run()
