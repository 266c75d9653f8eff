-- Processes and states: fork with calls and callbacks on both sides, callbacks that outlive their state,
-- several states in a process, failing finalisers of others while C calls back.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
typedef int (*pr_fn)(int);
int fork_and_call(pr_fn f, int v); int fork_here(void); int wait_for(int pid); void leave(int code);
void keep_cb(pr_fn f); int run_kept(int v); void call_at_exit(pr_fn f);
int call_ptr_n(int (*f)(void *, const char *), int n);
int abs(int);
]]
local fx = H.load "spec_process"

TestFork = {}

function TestFork:test_callback_in_the_child()
  H.needs "fork"
  lu.assertEquals(fx.fork_and_call(function(v) return v + 1 end, 41), 42)
end

function TestFork:test_callback_in_the_parent_afterwards()
  H.needs "fork"
  local function f(v) return v + 2 end
  lu.assertEquals(fx.fork_and_call(f, 3), 5)
  lu.assertEquals(fx.fork_and_call(f, 4), 6)
  fx.keep_cb(f)
  lu.assertEquals(fx.run_kept(5), 7)
  fx.keep_cb(nil)
end

function TestFork:test_child_makes_new_functions_and_callbacks()
  H.needs "fork"
  fx.keep_cb(function(v) return v * 2 end)
  local pid = fx.fork_here()
  if pid == 0 then
    local ok, sum = pcall(function()
      ffi.cdef "int labs_pr(int) __asm__(\"abs\"); double fabs(double);"
      local total = ffi.C.labs_pr(-3) + ffi.C.fabs(-4) + fx.run_kept(5)
      local cbs = {}
      for i = 1, 50 do cbs[i] = ffi.cast("pr_fn", function(v) return v + i end) end
      for i = 1, 50 do total = total + cbs[i](0) end
      return total
    end)
    fx.leave(ok and sum == 3 + 4 + 10 + 1275 and 11 or 12)
  end
  lu.assertTrue(pid > 0)
  -- the parent makes some as well: what the child made must not be seen here
  local cbs = {}
  for i = 1, 50 do cbs[i] = ffi.cast("pr_fn", function(v) return v - i end) end
  for i = 1, 50 do lu.assertEquals(cbs[i](100), 100 - i) end
  lu.assertEquals(fx.wait_for(pid), 11)
  for i = 1, 50 do lu.assertEquals(cbs[i](100), 100 - i) end
  lu.assertEquals(fx.run_kept(6), 12)
  fx.keep_cb(nil)
end

function TestFork:test_error_in_the_childs_callback()
  H.needs "fork"
  local status = fx.fork_and_call(function() error "in the child" end, 1)
  lu.assertEquals(status, 0) -- the callback returned its default, the child left
end

local preamble = ([[
  local ffi = require "ffi"
  local fx = ffi.load %q
  ffi.cdef "typedef int (*pr_fn)(int); void call_at_exit(pr_fn f); void keep_cb(pr_fn f); int run_kept(int v);"
]]):format(H.fixture "spec_process")

TestClose = {}

function TestClose:test_callback_called_after_its_state_was_closed()
  local ok, text = V.child(preamble .. [[
    fx.call_at_exit(function(v) return v * 100 end)
    print "running"
  ]])
  lu.assertTrue(ok, text)
  lu.assertStrContains(text, "running")
  lu.assertStrContains(text, "at end: 0")
end

function TestClose:test_explicit_callback_too()
  local ok, text = V.child(preamble .. [[
    cb = ffi.cast("pr_fn", function(v) return v * 100 end)
    fx.call_at_exit(cb)
  ]])
  lu.assertTrue(ok, text)
  lu.assertStrContains(text, "at end: 0")
end

function TestClose:test_finalisers_at_close()
  local ok, text = V.child(preamble .. [[
    ffi.cdef "struct s { int a; }; int puts(const char *);"
    keep = {}
    for i = 1, 20 do
      keep[i] = ffi.gc(ffi.new("struct s", i), function(o)
        if o.a == 7 then error "at close" end
        if o.a == 8 then io.write("finalised ", o.a, "\n") end
        ffi.new("struct s", o.a)
        local cb = ffi.cast("pr_fn", function(v) return v end)
        cb(1)
      end)
    end
    local T = ffi.metatype("struct s", { __gc = function(o) fx.run_kept(1) end })
    for i = 21, 40 do keep[i] = T(i) end
  ]])
  lu.assertTrue(ok, text)
  lu.assertStrContains(text, "finalised 8")
end

-- A finaliser that is older than the module runs after the state was closed: whatever it uses of Ferry says so, or is harmless.
function TestClose:test_all_that_is_used_after_the_state_was_closed()
  H.not_on_luajit "what a closed state says is Ferry's"
  local ok, text = V.child(([[
    local late, functions, used = {}, {}
    local function run()
      local names = {}
      for name in pairs(late) do names[#names + 1] = name end
      table.sort(names)
      for _, name in ipairs(names) do
        local ok, message = pcall(late[name])
        io.write("late ", name, ": ", ok and "done" or tostring(message):gsub("^.-:%%d+: ", ""), "\n")
      end
      local n, ended = 0, 0
      for _, f in ipairs(functions) do
        for _, arguments in ipairs(used) do
          n = n + 1
          if not pcall(f, (table.unpack or unpack)(arguments)) then ended = ended + 1 end
        end
      end
      io.write("late functions: ", n > 500 and ended == n and "all refused" or n .. " calls, " .. ended .. " errors", "\n")
    end
    if newproxy then
      late_guard = newproxy(true)
      getmetatable(late_guard).__gc = run
    else
      late_guard = setmetatable({}, { __gc = run })
    end
  %s
    ffi.cdef "struct late { int a; struct late *next; }; int abs(int); enum { LATE = 5 };"
    local space, object, ctype = ffi.C, ffi.new "struct late", ffi.typeof "struct late"
    local abs, wide, pointer, callback = ffi.C.abs, ffi.new("int64_t", 5), ffi.new "struct late *[1]", ffi.cast("pr_fn", function(v) return v end)
    local bit = ffi.bit or require "ferry.bit"
    used = { {}, { object }, { object, 1 }, { "int", 1 }, { callback, print }, { ctype, 2 }, { "x", {} }, { abs, 1 } }
    late = {
      bit = function() return bit.band(wide, 1) end, call = function() return abs(-1) end, callback = function() return callback(1) end,
      set = function() callback:set(print) end, construct = function() return ctype() end, construct_with = function() return ctype(1) end,
      enter = ffi.enter, leave = ffi.leave, mode = function() ffi.int64 = "exact" end, index = function() return space.labs end,
      write = function() space.LATE = 1 end, add = function() return wide + 1 end, equal = function() return wide == ffi.null end,
      length = function() return #object end, member = function() return object.next.a end, element = function() return pointer[0] end,
      text = function() return tostring(object) end, load = function() return ffi.load "z" end, poll = function() return ffi.poll(0) end,
    }
    for _, f in pairs(ffi) do if type(f) == "function" then functions[#functions + 1] = f end end
    for _, f in pairs(bit) do if type(f) == "function" then functions[#functions + 1] = f end end
  ]]):format(preamble))
  lu.assertTrue(ok, text)
  local said = 0
  for name, what in text:gmatch "late ([%w_]+): ([^\n]*)" do
    local expected = "the Lua state that this object belongs to is closing"
    -- Two objects whose state is gone are the same or not; the library of bits knows objects by their state.
    if name == "equal" then expected = "done" elseif name == "functions" then expected = "all refused" end
    if name == "bit" then lu.assertStrContains(what, "number expected, got userdata") else lu.assertEquals(what, expected, name) end
    said = said + 1
  end
  lu.assertEquals(said, 20)
end

function TestClose:test_objects_older_than_the_module()
  local ok, text = V.child [[
    local late = setmetatable({}, { __gc = function() if obj then obj.a = 1 io.write("late ", obj.a, "\n") end end })
    local proxy = newproxy and newproxy(true)
    if proxy then getmetatable(proxy).__gc = function() if obj then obj.a = 2 end end end
    keep = { late, proxy }
    local ffi = require "ffi"
    ffi.cdef "struct s { int a; };"
    obj = ffi.new "struct s"
  ]]
  lu.assertTrue(ok, text)
end

function TestClose:test_os_exit_with_and_without_closing()
  for _, code in ipairs { "os.exit(0)", "os.exit(0, true)", "error('x', 0)" } do
    local ok, text = V.child(preamble .. [[
      fx.keep_cb(function(v) return v end)
      keep = ffi.gc(ffi.new "int[4]", function() end)
    ]] .. code)
    if code:find "exit" then lu.assertTrue(ok, code .. text) else lu.assertFalse(ok) end
    lu.assertFalse(text:find "egmentation" ~= nil)
  end
end

-- A second Lua state in this process, driven through the Lua API by ffi itself.
local function second_state()
  ffi.cdef [[
    typedef struct lua_State lua_State;
    lua_State *luaL_newstate(void); void luaL_openlibs(lua_State *);
    void luaL_openselectedlibs(lua_State *, int, int); void lua_close(lua_State *);
    int luaL_loadstring(lua_State *, const char *);
    int lua_pcall(lua_State *, int, int, int); int lua_pcallk(lua_State *, int, int, int, intptr_t, void *);
    const char *lua_tolstring(lua_State *, int, size_t *);
  ]]
  if not pcall(function() return ffi.C.luaL_newstate end) then lu.skip "the interpreter exports no API" end
  local L = ffi.C.luaL_newstate()
  if H.version == "5.5" then -- where luaL_openlibs is a macro
    ffi.C.luaL_openselectedlibs(L, -1, 0)
  else
    ffi.C.luaL_openlibs(L)
  end
  local S = {}
  function S.run(code)
    local status = ffi.C.luaL_loadstring(L, H.in_states .. code)
    if status == 0 then
      status = H.version == "5.1" and ffi.C.lua_pcall(L, 0, 0, 0) or ffi.C.lua_pcallk(L, 0, 0, 0, 0, nil)
    end
    lu.assertEquals(status, 0, status ~= 0 and ffi.string(ffi.C.lua_tolstring(L, -1, nil)) or nil)
  end
  function S.close() ffi.C.lua_close(L) end
  return S
end

TestStates = {}

function TestStates:test_callback_of_a_closed_state_returns_its_default()
  local S = second_state()
  S.run(preamble .. "ffi.enter() fx.keep_cb(function(v) return v * 3 end)")
  lu.assertEquals(fx.run_kept(5), 15)
  S.close()
  lu.assertEquals(fx.run_kept(5), 0)
  lu.assertEquals(fx.run_kept(6), 0)
  fx.keep_cb(function(v) return v end)
  lu.assertEquals(fx.run_kept(8), 8)
  fx.keep_cb(nil)
end

function TestStates:test_objects_of_one_state_after_another_closed()
  ffi.cdef "struct pr_s { int a; double b; };"
  local o = ffi.new("struct pr_s", 1, 2.5)
  local abs = ffi.C.abs
  local cb = ffi.cast("pr_fn", function(v) return v + 1 end)
  for i = 1, 5 do
    local S = second_state()
    S.run(preamble .. [[
      ffi.cdef "struct pr_s { char other; }; int abs(int);"
      keep = ffi.new "struct pr_s"
      assert(ffi.sizeof "struct pr_s" == 1 and ffi.C.abs(-4) == 4)
      cbs = {}
      for i = 1, 10 do cbs[i] = ffi.cast("pr_fn", function(v) return v + i end) end
    ]])
    S.close()
    o.a = i
    lu.assertEquals({ o.a, o.b, abs(-i), cb(i), ffi.sizeof "struct pr_s" }, { i, 2.5, i, i + 1, H.per_alignment(16, 12) })
  end
  cb:free()
end

function TestStates:test_a_signal_has_one_state()
  H.not_on_luajit "has no signals"
  H.needs "signals that processes send"
  local S = second_state()
  S.run(preamble .. "ffi.signal('USR2', function() end)")
  H.assert_error_contains(function() ffi.signal("USR2", function() end) end, "another Lua state handles signal ")
  S.close()
  ffi.signal("USR2", function() end)
  ffi.signal("USR2", nil)
end

function TestStates:test_types_of_states_are_apart()
  local S = second_state()
  S.run(preamble .. "ffi.cdef 'typedef double pr_only_there;' ffi.metatype('struct pr_m { int a; }', { __index = { x = 1 } })")
  lu.assertError(ffi.typeof, "pr_only_there")
  S.close()
  lu.assertError(ffi.typeof, "pr_only_there")
end

TestHeld = {}

-- What FERRY_LEAKS says at the end of a process that does everything `times` times.
local function held_after(times)
  local script = preamble .. ([[
    ffi.cdef "int snprintf(char *, size_t, const char *, ...); int vary(int, ...) __asm__(\"abs\");"
    for i = 1, %d do
      local library = ffi.load(%q)
      library.run_kept(library.keep_cb(function(v) return v end) or 0)
      library.keep_cb(nil)
      for _, v in ipairs { 1, 1.5, "text", true } do ffi.C.vary(1, v) end
      local cb = ffi.cast("pr_fn", function(v) return v + i end)
      cb(1)
      cb:free()
      ffi.new("int[?]", i)
      library = nil
      collectgarbage()
      collectgarbage()
    end
  ]]):format(times, H.fixture "spec_process")
  local _, text = H.script(script, { FERRY_LEAKS = "1" })
  local numbers = {}
  for n in (text:match "ferry: %d+ Lua states [^\n]*" or ""):gmatch "%d+" do numbers[#numbers + 1] = tonumber(n) end
  lu.assertEquals(#numbers, 8, text)
  return numbers, text
end

function TestHeld:test_nothing_is_left_at_exit()
  local one, line = held_after(1)
  local many, last = held_after(40)
  for i = 1, 3 do
    lu.assertEquals(one[i], 0, line)
    lu.assertEquals(many[i], 0, last)
  end
  lu.assertEquals(many[5], one[5], "routines in use: " .. line .. last)
  -- LuaJIT does not say when its last finaliser has run: the code of functions stays.
  if not H.hosted_by_luajit then lu.assertEquals(many[6] - one[6], (many[7] - one[7]) / 64, "routines kept but entries of callbacks: " .. line .. last) end
  lu.assertEquals(many[7], many[8], "function pointers that are not free: " .. last)
end

TestForeignGc = {}

local function raise() error("foreign __gc", 0) end
local function failing_finaliser()
  if newproxy and H.version == "5.1" then
    local p = newproxy(true)
    getmetatable(p).__gc = raise
  else
    setmetatable({}, { __gc = raise })
  end
end

-- On 5.1 to 5.3 such an error comes out of whatever allocates next, making a closure included, so all of it
-- happens within pcall.
local function with_failing_finalisers(rounds, body)
  H.not_in_luajit "which loses its stack when such an error comes out of its compiled code"
  if H.version == "5.2" then lu.skip "5.2.4 itself lets such errors escape from pcall" end
  if rawget(_G, "warn") then warn "@off" end
  local function set_pause(percent)
    if H.version == "5.5" then return collectgarbage("param", "pause", percent) end
    return collectgarbage("setpause", percent)
  end
  local pause = set_pause(1)
  local function drain() collectgarbage() end
  local function make_some()
    for _ = 1, 5 do failing_finaliser() end
  end
  for i = 1, rounds do -- allocates nothing itself
    pcall(make_some)
    pcall(body, i)
  end
  set_pause(pause)
  for _ = 1, 100000 do
    if pcall(drain) and pcall(drain) then break end
  end
end

function TestForeignGc:test_failing_finaliser_while_c_calls_back()
  local calls, wrong = 0, 0
  local function callback(p, s)
    calls = calls + 1
    local ok, text = pcall(ffi.string, s)
    if ffi.isnull(p) or ok and text ~= "text" then wrong = wrong + 1 end
    pcall(failing_finaliser)
    return 1
  end
  with_failing_finalisers(H.slow and 5 or 60, function() fx.call_ptr_n(callback, 20) end)
  lu.assertTrue(calls > 0)
  lu.assertEquals(wrong, 0)
  lu.assertEquals(ffi.C.abs(-5), 5)
end

function TestForeignGc:test_failing_finaliser_while_objects_are_made()
  with_failing_finalisers(H.slow and 50 or 500, function(i)
    pcall(ffi.new, "int[10]")
    pcall(ffi.typeof, "char[" .. i .. "]")
    pcall(ffi.cast, "pr_fn", function(v) return v end)
    pcall(ffi.cdef, ("struct pr_g%d { int a; };"):format(i))
  end)
  lu.assertEquals(ffi.new("int[2]", 1, 2)[1], 2)
  lu.assertEquals(ffi.C.abs(-5), 5)
end

function TestForeignGc:test_stack_overflow_inside_callbacks()
  local function deep(n)
    return fx.run_kept(n + 1)
  end
  fx.keep_cb(deep)
  local ok, e = pcall(fx.run_kept, 1)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(e), "overflow")
  fx.keep_cb(nil)
  lu.assertEquals(ffi.C.abs(-5), 5)
end

H.run()
