-- Lua may run at every allocation, through finalisers: what Ferry is building then is not there yet, and is not built
-- twice. Each test lets a finaliser use the very thing whose first use it interrupts.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

TestReentrancy = {}

-- Runs f with a finaliser of Lua's own due at some allocation in it: `action` runs there, once.
local function interrupted(f, action, delay)
  local armed, ran = false, false
  local function arm()
    local function finalise()
      if armed then
        armed, ran = false, true
        action()
      elseif not ran then
        arm()
      end
    end
    if newproxy then
      getmetatable(newproxy(true)).__gc = finalise
    else
      setmetatable({}, { __gc = finalise })
    end
  end
  collectgarbage()
  arm()
  for _ = 1, delay do local _ = {} end
  armed = true
  f()
  armed = false
  return ran
end

local function with_eager_collector(f)
  if _VERSION == "Lua 5.5" then
    local pause, speed = collectgarbage("param", "pause", 0), collectgarbage("param", "stepmul", 100000)
    collectgarbage "incremental"
    local step = collectgarbage("param", "stepsize", 16)
    f()
    collectgarbage("param", "stepsize", step)
    collectgarbage("param", "pause", pause)
    collectgarbage("param", "stepmul", speed)
  else
    local pause, speed = collectgarbage("setpause", 0), collectgarbage("setstepmul", 1000000)
    local has_steps = _VERSION == "Lua 5.4"
    if has_steps then collectgarbage("incremental", 0, 0, 6) end -- a step every 2^6 bytes
    f()
    if has_steps then collectgarbage("incremental", 0, 0, 13) end
    collectgarbage("setpause", pause)
    collectgarbage("setstepmul", speed)
  end
  collectgarbage()
end

local rounds = 60 -- fewer would not meet every allocation

function TestReentrancy:test_members_of_a_record()
  H.not_on_luajit "its collector runs elsewhere"
  local ran = 0
  with_eager_collector(function()
    for round = 1, rounds do
      local text = {}
      for i = 1, 40 do text[i] = ("int re_%d_member_%d;"):format(round, i) end
      ffi.cdef(("struct re_%d { %s };"):format(round, table.concat(text)))
      local s = ffi.new("struct re_" .. round)
      local key = ("re_%d_member_%d"):format(round, round % 40 + 1)
      if interrupted(function() return s[key] end, function() lu.assertEquals(s[("re_%d_member_7"):format(round)], 0) end, round) then ran = ran + 1 end
      for i = 1, 40 do
        local name = ("re_%d_member_%d"):format(round, i)
        s[name] = i
        lu.assertEquals(s[name], i)
      end
    end
  end)
  -- A collector that others start, too, runs when it likes.
  lu.assertTrue(ran > 0 or os.getenv "FERRY_CHAOS" == "move")
end

function TestReentrancy:test_what_an_object_keeps_alive()
  H.not_on_luajit "its collector runs elsewhere"
  ffi.cdef "struct re_strings { const char *a, *b; };"
  with_eager_collector(function()
    for round = 1, rounds do
      local s = ffi.new "struct re_strings"
      local function text(what) return ("%s kept alive, number %d"):format(what, round) end
      interrupted(function() s.a = text "a" end, function() s.b = text "b" end, round % 13)
      local had_b = not ffi.isnull(s.b)
      for i = 1, 50 do local _ = text("other" .. i) end
      collectgarbage()
      lu.assertEquals(ffi.string(s.a), text "a")
      if had_b then lu.assertEquals(ffi.string(s.b), text "b") end
    end
  end)
end

function TestReentrancy:test_ctype_objects()
  H.not_on_luajit "its collector runs elsewhere"
  with_eager_collector(function()
    for round = 1, rounds do
      local inner
      local name = ("struct { int re_ctype_%d; }"):format(round)
      local t = ffi.typeof(name)
      local size = 3000 + round
      local outer
      interrupted(function() outer = ffi.typeof("char[" .. size .. "]") end, function() inner = ffi.typeof("char[" .. size .. "]") end, round % 11)
      if inner then lu.assertTrue(rawequal(inner, outer)) end
      lu.assertNotNil(t)
    end
  end)
end

function TestReentrancy:test_finalisers_set_meanwhile()
  H.not_on_luajit "its collector runs elsewhere"
  ffi.cdef "struct re_outer { struct { int x; } inner; const char *name; };"
  with_eager_collector(function()
    for round = 1, rounds do
      local count = 0
      do
        local outer = ffi.new "struct re_outer"
        local inner = outer.inner
        interrupted(function() ffi.gc(inner, function() count = count + 1 end) end, function() outer.name = ("n%d"):format(round) end, round % 13)
        if not ffi.isnull(outer.name) then
          for i = 1, 20 do local _ = "x" .. i .. round end
          collectgarbage()
          lu.assertEquals(ffi.string(outer.name), "n" .. round)
        end
        outer, inner = nil, nil
      end
      collectgarbage()
      collectgarbage()
      lu.assertEquals(count, 1)
    end
  end)
end

H.run()
