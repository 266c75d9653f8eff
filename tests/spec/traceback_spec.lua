-- Errors in callbacks, seen by who handles errors while the stack is there: the handler of the xpcall around the C call,
-- and that of ffi.onerror. And errors of finalisers, which nobody is there for.
-- oracle: LuaJIT, where an error unwinds C's frames, and handlers see them
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi
local fx = H.load "spec_calls"

ffi.cdef [[
void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));
int apply_op(int (*op)(int, int), int a, int b);
]]

local function inner(e) error(e) end
local function in_op(e) local r = fx.apply_op(function(_, _) inner(e) return 0 end, 1, 2) return r end
local function in_sort(e) ffi.C.qsort(ffi.new("int[2]", 2, 1), 2, 4, function(_, _) inner(e) return 0 end) end
local unpack = table.unpack or unpack

-- The lines on which `level` levels of the traceback are, innermost first.
local function lines(traceback)
  local list = {}
  for line in traceback:gmatch "traceback_spec%.lua:(%d+): in" do list[#list + 1] = tonumber(line) end
  return list
end
local function line_of(f) return debug.getinfo(f, "S").linedefined end

TestTraceback = {}

function TestTraceback:test_xpcall_shows_the_callback()
  for _, f in ipairs { in_op, in_sort } do
    for _ = 1, 3 do
      local ok, text = xpcall(function() f "boom" end, debug.traceback)
      lu.assertFalse(ok)
      lu.assertStrMatches(text, "[^\n]*traceback_spec%.lua:%d+: boom\nstack traceback:.*")
      local _, traces = text:gsub("stack traceback:", "")
      lu.assertEquals(traces, 1)
      local where = lines(text)
      lu.assertEquals(where[1], line_of(inner), text)
      lu.assertEquals(where[2], line_of(f), text)   -- the callback
      lu.assertEquals(where[3], line_of(f), text)   -- who calls C; then the function here
      lu.assertStrContains(text, "xpcall")
    end
  end
end

function TestTraceback:test_handler_is_called_once_with_the_error_itself()
  local object = setmetatable({}, { __tostring = function() return "object" end })
  for _, f in ipairs { in_op, in_sort } do
    local seen, answer = {}, {}
    local results = { xpcall(function() f(object) end, function(e) seen[#seen + 1] = e return answer end) }
    lu.assertFalse(results[1])
    lu.assertTrue(rawequal(results[2], answer))
    lu.assertEquals(#seen, 1)
    lu.assertTrue(rawequal(seen[1], object))
  end
end

function TestTraceback:test_the_innermost_handler()
  local seen = {}
  local function handler(name) return function(e) seen[#seen + 1] = name return e end end
  local ok, text = xpcall(function()
    local fine, message = xpcall(function() in_op "first" end, handler "inner")
    lu.assertFalse(fine)
    lu.assertStrContains(message, "first")
    lu.assertEquals(seen, { "inner" })
    in_op "second"
  end, handler "outer")
  lu.assertFalse(ok)
  lu.assertStrContains(text, "second")
  lu.assertEquals(seen, { "inner", "outer" })
end

function TestTraceback:test_pcall_in_between_has_none()
  local seen = {}
  local ok, text = xpcall(function()
    lu.assertFalse((pcall(in_op, "caught")))
    lu.assertFalse((pcall(in_sort, "caught")))
    lu.assertEquals(seen, {})
    error "later"
  end, function(e) seen[#seen + 1] = e return e end)
  lu.assertFalse(ok)
  lu.assertStrContains(text, "later")
  lu.assertEquals(#seen, 1)
end

-- A callback within a callback: the handler is asked where the error is, and not again at each C call on its way.
function TestTraceback:test_nested()
  local function outer() return fx.apply_op(function(a) in_sort "deep" return a end, 1, 2) end
  local count = 0
  local ok, text = xpcall(outer, function(e)
    count = count + 1
    local text = debug.traceback(e)
    return text
  end)
  lu.assertFalse(ok)
  lu.assertEquals(count, 1)
  local where = lines(text)
  table.remove(where, 1)                          -- the handler
  lu.assertEquals(where[1], line_of(inner), text)
  lu.assertEquals(where[2], line_of(in_sort), text)
  lu.assertEquals(({ text:gsub("stack traceback:", "") })[2], 1)
end

function TestTraceback:test_caught_in_the_callback_around()
  local seen = {}
  local ok, value = xpcall(function()
    return fx.apply_op(function() return (pcall(in_sort, "deep")) and 1 or 2 end, 1, 2)
  end, function(e) seen[#seen + 1] = e return e end)
  lu.assertTrue(ok)
  lu.assertEquals(value, 2)
  lu.assertEquals(seen, {})
end

-- Other errors reach the handler as they always do, also where one was asked before and the error did not come.
function TestTraceback:test_later_errors()
  local seen = {}
  local function handler(e) seen[#seen + 1] = e return "handled " .. #seen end
  for i = 1, 3 do
    local ok, text = xpcall(function()
      if i == 2 then in_op "from C" end
      error "from Lua"
    end, handler)
    lu.assertFalse(ok)
    lu.assertEquals(text, "handled " .. i)
  end
  lu.assertStrContains(seen[1], "from Lua")
  lu.assertStrContains(seen[2], "from C")
  lu.assertStrContains(seen[3], "from Lua")
end

function TestTraceback:test_handler_that_fails()
  local ok = xpcall(function() in_op "boom" end, function() error "handler" end)
  lu.assertFalse(ok)
  lu.assertEquals(fx.apply_op(function(a, b) return a + b end, 1, 2), 3)
end

function TestTraceback:test_values_that_are_no_strings()
  for _, value in ipairs { 12, false, {} } do
    local ok, e = xpcall(function() fx.apply_op(function() error(value, 0) end, 1, 2) end, function(e) return e end)
    lu.assertFalse(ok)
    lu.assertEquals(e, value)
  end
  local ok, e = xpcall(function() fx.apply_op(function() error() end, 1, 2) end, function(e) return { e } end)
  lu.assertFalse(ok)
  lu.assertEquals(e, select(2, xpcall(function() error() end, function(m) return { m } end)))  -- 5.5 has a text for it
end

function TestTraceback:test_in_a_coroutine()
  local co = coroutine.create(function()
    return xpcall(function() in_op "boom" end, debug.traceback)
  end)
  local resumed, ok, text = coroutine.resume(co)
  lu.assertTrue(resumed)
  lu.assertFalse(ok)
  lu.assertEquals(lines(text)[1], line_of(inner), text)
end

function TestTraceback:test_stack_overflow()
  H.not_on_luajit "its own limits"
  local function recurse(n) return 1 + recurse(n + 1) end
  local ok, text = xpcall(function() fx.apply_op(function() return recurse(1) end, 1, 2) end, function(e) return e end)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(text), "overflow")
  lu.assertEquals(fx.apply_op(function(a, b) return a + b end, 1, 2), 3)
end

function TestTraceback:test_onerror_is_told_before_unwinding()
  H.not_on_luajit()
  for _, ctype in ipairs { "int (*)(int, int)", "int (*)(int, int *)" } do
    local text, count = nil, 0
    local function fail() inner "boom" end
    local cb = ffi.cast(ctype, function() fail() end)
    ffi.onerror(cb, function(e) text, count = debug.traceback(e), count + 1 return 7 end)
    local ok, message = pcall(fx.apply_op, ffi.cast("int (*)(int, int)", cb), 1, 2)
    lu.assertFalse(ok)
    lu.assertStrContains(message, "boom")
    lu.assertEquals(count, 1)
    local where = lines(text)
    table.remove(where, 1)                          -- the handler
    lu.assertEquals(where[1], line_of(inner), text)
    lu.assertEquals(where[2], line_of(fail), text)
    ffi.onerror(cb, 9)
    lu.assertFalse((pcall(fx.apply_op, ffi.cast("int (*)(int, int)", cb), 1, 2)))
    lu.assertEquals(count, 1)
    cb:free()
  end
end

function TestTraceback:test_onerror_and_xpcall()
  H.not_on_luajit()
  local order = {}
  local cb = ffi.cast("int (*)(int, int)", function() inner "boom" end)
  ffi.onerror(cb, function() order[#order + 1] = "onerror" return 7 end)
  local ok, e = xpcall(function() fx.apply_op(cb, 1, 2) end, function(m) order[#order + 1] = "xpcall" return m end)
  lu.assertFalse(ok)
  lu.assertStrContains(e, "boom")
  lu.assertEquals(order, { "onerror", "xpcall" })
  ffi.onerror(cb, function() error "of the handler" end)
  ok, e = pcall(fx.apply_op, cb, 1, 2)
  lu.assertFalse(ok)
  lu.assertStrContains(e, "boom")
  cb:free()
end

-- In a process of its own: the first error of a finaliser is told on standard error, whatever warnings are.
function TestTraceback:test_finalisers_are_heard_once()
  H.not_on_luajit "raises it from the collector"
  local _, text = H.script [[
    local ffi = require "ferry"
    for i = 1, 3 do ffi.gc(ffi.new "int[1]", function() error("broken " .. i) end) end
    collectgarbage() collectgarbage()
    print "goes on"
  ]]
  lu.assertStrMatches(text, ".*ffi: error in a finaliser: [^\n]*broken %d.*")
  lu.assertEquals(({ text:gsub("broken", "") })[2], 1, text)
  lu.assertStrContains(text, "goes on")
end

H.run()
