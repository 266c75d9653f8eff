-- ffi.rules: where LuaJIT and luaffifb exclude each other, whose rules hold. Those of LuaJIT.
-- oracle: LuaJIT
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
  enum ru_colour { RU_RED, RU_GREEN = 4, RU_BLUE };
  typedef enum ru_colour (*ru_fn)(enum ru_colour);
  typedef int (*ru_int)(void);
  typedef bool (*ru_bool)(double);
  typedef void *(*ru_pointer)(void);
  enum ru_colour next_colour(enum ru_colour c);
  extern char g_buf[16];
  extern const char *g_str;
  extern enum ru_colour g_e;
]]
ffi.cdef("struct ru_s { enum ru_colour e; " .. (H.is_luajit and "int" or "enum ru_colour") .. " bits : 4; };") -- LuaJIT refuses those
local calls, globals = H.load "spec_calls", H.load "spec_globals"

local usual = ffi.rules
local function mode(name)
  if not H.is_luajit then ffi.rules = name end
end

-- Every way to read an enum: name -> value.
local function reads()
  local a, s, got = ffi.new("enum ru_colour[2]", "RU_RED", "RU_GREEN"), ffi.new("struct ru_s", 4, 4), nil
  local p = ffi.cast("enum ru_colour *", a)
  local call = ffi.cast("ru_fn", calls.next_colour)
  local callback = ffi.cast("ru_fn", function(e) got = e return e end)
  local out
  for _ = 1, 4 do -- the first by the general way, the others by what was learnt
    local back = callback(4)
    out = {
      element = a[1], pointed = p[1], member = s.e, result = calls.next_colour "RU_RED", through = call "RU_RED", argument = got,
      back = back, variable = globals.g_e,
    }
  end
  callback:free()
  return out, s
end

TestRules = {}

function TestRules:tearDown() if not H.is_luajit then ffi.rules = usual end end

function TestRules:test_enums_are_boxed()
  mode "luajit"
  local values, s = reads()
  for name, value in pairs(values) do
    lu.assertEquals(H.type(value), "cdata", name)
    lu.assertTrue(ffi.istype("enum ru_colour", value), name)
  end
  lu.assertEquals({ tonumber(values.element), tonumber(values.member), tonumber(values.argument), tonumber(values.back) }, { 4, 4, 4, 4 })
  lu.assertEquals(values.element, values.member)
  lu.assertTrue(s.e < ffi.new("enum ru_colour", "RU_BLUE"))
  lu.assertEquals({ type(s.bits), s.bits, type(ffi.C.RU_GREEN) }, { "number", 4, "number" })
  local list = ffi.new("int[6]", 0, 1, 2, 3, 44)
  lu.assertEquals(list[s.e], 44)
  s.e = values.result + 1
  lu.assertEquals(tonumber(s.e), 5 + tonumber(values.result) - 4)
end

function TestRules:test_constant_enums()
  mode "luajit"
  local s = ffi.new("struct { const enum ru_colour e; const enum ru_colour list[2]; }", 4)
  for _, e in ipairs { s.e, s.list[0], ffi.cast("const enum ru_colour *", s)[0] } do
    lu.assertEquals(tostring(ffi.typeof(e)), "ctype<enum ru_colour>")
  end
end

function TestRules:test_enums_are_numbers()
  H.not_on_luajit "has its rules only"
  ffi.rules = "luaffifb"
  for name, value in pairs((reads())) do lu.assertEquals(H.type(value), "number", name) end
end

-- What was compiled and learnt by one set of rules does not stay with the other.
function TestRules:test_changes()
  H.not_on_luajit "has its rules only"
  local a, s = ffi.new("enum ru_colour[2]", 0, 4), ffi.new("struct ru_s", 4)
  local call, got = ffi.cast("ru_fn", calls.next_colour), nil
  local callback = ffi.cast("ru_fn", function(e) got = e return e end)
  for _ = 1, 3 do
    for _, name in ipairs { "luajit", "luaffifb" } do
      ffi.rules = name
      lu.assertEquals(ffi.rules, name)
      local want = name == "luajit" and "cdata" or "number"
      for _ = 1, 3 do
        lu.assertEquals(tonumber(callback(4)), 4)
        for _, value in ipairs { a[0], s.e, calls.next_colour(0), call(0), got, callback(4), ffi.totable(a)[2] } do
          lu.assertEquals(H.type(value), want)
        end
      end
    end
  end
  callback:free()
end

function TestRules:test_pointers_are_no_numbers()
  mode "luajit"
  lu.assertNil(tonumber(ffi.cast("void *", 5)))
  lu.assertNil(tonumber(ffi.new "int *"))
  lu.assertEquals(tonumber(ffi.cast("intptr_t", ffi.cast("void *", 5))), 5)
end

function TestRules:test_metatypes_stay()
  mode "luajit"
  local T = ffi.typeof "struct { int ru; }"
  ffi.metatype(T, { __index = { first = 1 } })
  lu.assertErrorMsgContains("cannot change a protected metatable", ffi.metatype, T, {})
  lu.assertEquals(T().first, 1)
end

function TestRules:test_callbacks_have_to_return()
  mode "luajit"
  local nothing = function() end
  for _, name in ipairs { "ru_int", "ru_fn", "ru_bool" } do
    local callback = ffi.cast(name, nothing)
    local ok, why
    if name == "ru_int" then ok, why = pcall(callback) else ok, why = pcall(callback, 1) end
    lu.assertFalse(ok, name)
    lu.assertStrContains(tostring(why), "cannot convert 'nil' to", name)
    callback:free()
  end
  local in_c = ffi.cast("ru_int", debug.sethook) -- without arguments it does nothing that would be seen
  lu.assertErrorMsgContains("cannot convert 'nil' to 'int'", in_c)
  in_c:free()
  local pointer = ffi.cast("ru_pointer", nothing)
  lu.assertEquals(pointer(), ffi.cast("void *", 0))
  pointer:free()
end

-- A function `void f(struct s *)` is what a library stores as its `void (*)(void *)`.
function TestRules:test_function_pointers_of_other_types()
  mode "luajit"
  ffi.cdef "struct ru_f { void (*f)(void *); int (*g)(int, int); }; int abs(int);"
  local s = ffi.new "struct ru_f"
  local one = ffi.cast("void (*)(struct ru_s *)", 4096)
  s.f = one
  lu.assertEquals(ffi.cast("void *", s.f), ffi.cast("void *", 4096))
  s.f = ffi.C.abs
  lu.assertEquals(ffi.cast("int (*)(int)", s.f)(-3), 3)
  for _, target in ipairs { "void (*)(void *)", "int (*)(int)", "double *(*)(double)" } do
    lu.assertTrue((pcall(ffi.new, target, one)), target)
    lu.assertTrue((pcall(ffi.new, target, ffi.C.abs)), target)
  end
  for _, target in ipairs { "void (*)(void)", "void (*)(void *, int)", "int *", "void (**)(void *)" } do
    lu.assertErrorMsgContains("cannot convert", ffi.new, target, one)
    lu.assertErrorMsgContains("cannot convert", ffi.new, target, ffi.C.abs)
  end
  lu.assertErrorMsgContains("cannot convert", function() s.g = one end)
  H.not_on_luajit()
  ffi.rules = "luaffifb"
  lu.assertErrorMsgContains("cannot convert", function() s.f = one end)
  lu.assertErrorMsgContains("cannot convert", function() s.f = ffi.C.abs end)
end

function TestRules:test_char_variables()
  mode "luajit"
  lu.assertEquals({ H.type(globals.g_buf), H.type(globals.g_str) }, { "cdata", "cdata" })
  lu.assertEquals({ ffi.string(globals.g_buf), ffi.string(globals.g_str) }, { "buffer", "pointed to" })
end

function TestRules:test_errors()
  H.not_on_luajit "has its rules only"
  for _, wrong in ipairs { "x", 5, {}, true } do
    lu.assertErrorMsgContains("ffi.rules is 'luaffifb' or 'luajit', not ", function() ffi.rules = wrong end)
  end
  lu.assertEquals(ffi.rules, "luaffifb")
end

H.run()
