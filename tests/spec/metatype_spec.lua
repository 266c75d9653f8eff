-- ffi.metatype: every metamethod, __index and __newindex as tables and functions, pointers, __new, the live
-- table, setting again and removing.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

local serial = 0
-- A new struct type with a metatype of its own; ctype, tag.
local function new_type(mt, body)
  serial = serial + 1
  local tag = "struct mt_" .. serial
  ffi.cdef(tag .. " { " .. (body or "int a, b;") .. " };")
  return ffi.metatype(tag, mt), tag
end

TestIndex = {}

function TestIndex:test_table()
  local T = new_type { __index = { sum = function(s) return s.a + s.b end, answer = 42 } }
  local s = T(1, 2)
  lu.assertEquals(s:sum(), 3)
  lu.assertEquals(s.answer, 42)
  lu.assertEquals(s.a, 1)
end

function TestIndex:test_function()
  local T, tag = new_type { __index = function(s, k) return ("%s of %d"):format(tostring(k), s.a) end }
  local s = T(7)
  lu.assertEquals(s.foo, "foo of 7")
  lu.assertEquals(s.a, 7)
  lu.assertEquals(s[12], "12 of 7")
  lu.assertEquals(ffi.cast(tag .. " *", s).bar, "bar of 7")
end

function TestIndex:test_fields_win()
  local T = new_type { __index = { a = "never" } }
  lu.assertEquals(T(3).a, 3)
end

function TestIndex:test_missing_member_without_and_with_a_table()
  local T, tag = new_type {}
  V.names(function() return T(1).nope end, { tag, "nope" })
  local U = new_type { __index = {} }
  lu.assertError(function() return U(1).nope end)
end

function TestIndex:test_chained_tables()
  local base = { hello = function() return "hello" end }
  local T = new_type { __index = setmetatable({ own = 1 }, { __index = base }) }
  lu.assertEquals(T().hello(), "hello")
  lu.assertEquals(T().own, 1)
end

function TestIndex:test_applies_wherever_the_object_comes_from()
  local T, tag = new_type { __index = { get = function(s) return s.b end } }
  local o = ffi.new(("struct { %s in; %s v[2]; %s *p; }"):format(tag, tag, tag))
  o["in"].b, o.v[1].b = 4, 5
  lu.assertEquals({ o["in"]:get(), o.v[1]:get() }, { 4, 5 })
  o.p = o.v + 1
  lu.assertEquals(o.p:get(), 5)
  lu.assertEquals(ffi.new(tag, 1, 9):get(), 9)
  local eight = T(1, 8)
  lu.assertEquals(ffi.cast("const " .. tag .. " *", eight):get(), 8)
  lu.assertNotNil(eight)
end

function TestIndex:test_numeric_keys_of_pointers_stay_elements()
  local T, tag = new_type { __index = function() return "mm" end }
  local a = ffi.new(tag .. "[2]", { { 1, 2 }, { 3, 4 } })
  local p = ffi.cast(tag .. " *", a)
  lu.assertEquals(p[1].a, 3)
  lu.assertTrue(ffi.istype(T, p[1]))
end

function TestIndex:test_newindex()
  local log = {}
  local T = new_type { __newindex = function(s, k, v) log[#log + 1] = { k, v, s.a } end }
  local s = T(5)
  s.foo = 7
  s.a = 6
  s.bar = "x"
  lu.assertEquals(log, { { "foo", 7, 5 }, { "bar", "x", 6 } })
  local U = new_type {}
  lu.assertError(function() U().foo = 1 end)
end

function TestIndex:test_newindex_table()
  local sink = {}
  local T = new_type { __newindex = sink }
  T().foo = 9
  lu.assertEquals(sink.foo, 9)
end

function TestIndex:test_ctype_indexing_goes_to_the_table()
  local T = new_type { __index = { make = function(n) return n * 2 end } }
  lu.assertEquals(T.make(4), 8)
end

TestOperators = {}

function TestOperators:test_arithmetic()
  local mt = {}
  for name, op in pairs { add = "+", sub = "-", mul = "*", div = "/", mod = "%", pow = "^" } do
    mt["__" .. name] = function(x, y)
      local function n(v) return type(v) == "number" and v or v.a end
      return n(x) .. op .. n(y)
    end
  end
  mt.__unm = function(x) return "-" .. x.a end
  local T = new_type(mt)
  local x, y = T(5), T(6)
  lu.assertEquals({ x + y, x - y, x * y, x / y, x % y, x ^ y }, { "5+6", "5-6", "5*6", "5/6", "5%6", "5^6" })
  lu.assertEquals({ x + 1, 1 + x, 2 * x, x ^ 3 }, { "5+1", "1+5", "2*5", "5^3" })
  lu.assertEquals(-x, "-5")
end

function TestOperators:test_left_operand_first()
  local A = new_type { __add = function() return "A" end }
  local B = new_type { __add = function() return "B" end }
  lu.assertEquals(A() + B(), "A")
  lu.assertEquals(B() + A(), "B")
  lu.assertEquals(V.i64 "1" + B(), "B")
end

function TestOperators:test_integer_operators_of_53()
  H.only_versions("5.3", "5.4", "5.5")
  local T = new_type {
    __idiv = function() return "idiv" end, __band = function() return "band" end, __bor = function() return "bor" end,
    __bxor = function() return "bxor" end, __shl = function() return "shl" end, __shr = function() return "shr" end,
    __bnot = function() return "bnot" end,
  }
  local f = V.chunk "local x = ... return x // 1, x & 1, x | 1, x ~ 1, x << 1, x >> 1, ~x, 1 // x"
  lu.assertEquals({ f(T()) }, { "idiv", "band", "bor", "bxor", "shl", "shr", "bnot", "idiv" })
end

function TestOperators:test_comparison()
  local T = new_type {
    __eq = function(x, y) return x.a == y.a end, __lt = function(x, y) return x.a < y.a end, __le = function(x, y) return x.a <= y.a end,
  }
  lu.assertTrue(T(1) == T(1, 9))
  lu.assertFalse(T(1) == T(2))
  lu.assertTrue(T(1) ~= T(2))
  lu.assertTrue(T(1) < T(2))
  lu.assertTrue(T(2) > T(1))
  lu.assertTrue(T(2) <= T(2))
  lu.assertFalse(T(2) >= T(3))
end

function TestOperators:test_comparison_with_other_cdata()
  local T = new_type { __eq = function(x, y) return x.a == tonumber(y) end, __lt = function(x, y) return x.a < tonumber(y) end }
  lu.assertTrue(T(5) == V.u64 "5")
  lu.assertFalse(T(5) == V.u64 "6")
  lu.assertTrue(T(5) < V.u64 "6")
end

function TestOperators:test_without_eq_structs_are_equal_by_identity()
  local T = new_type {}
  local x = T(1)
  lu.assertTrue(x == x)
  lu.assertFalse(x == T(1))
end

function TestOperators:test_concat_and_call()
  local T = new_type {
    __concat = function(x, y) return (type(x) == "string" and x or x.a) .. "~" .. (type(y) == "string" and y or y.a) end,
    __call = function(s, ...) return s.a, select("#", ...), ... end,
  }
  lu.assertEquals(T(1) .. "x", "1~x")
  lu.assertEquals("x" .. T(1), "x~1")
  lu.assertEquals(T(1) .. T(2), "1~2")
  lu.assertEquals({ T(4)("p", "q") }, { 4, 2, "p", "q" })
end

function TestOperators:test_len()
  local T, tag = new_type { __len = function(s) return s.b end }
  lu.assertEquals(#T(1, 33), 33)
  lu.assertEquals(#ffi.cast(tag .. " *", T(1, 34)), 34)
end

function TestOperators:test_tostring()
  local T, tag = new_type { __tostring = function(s) return "string " .. s.a end }
  lu.assertEquals(tostring(T(3)), "string 3")
  local four = T(4)
  lu.assertEquals(tostring(ffi.cast(tag .. " *", four)), "string 4")
  lu.assertNotNil(four)
  lu.assertEquals(tostring(T), "ctype<" .. tag .. ">")
end

function TestOperators:test_pairs()
  if H.version == "5.1" then lu.skip "5.2+" end
  local T = new_type { __pairs = function(s) return s.a, s.b, 3 end }
  lu.assertEquals({ pairs(T(1, 2)) }, { 1, 2, 3 })
  lu.assertError(pairs, new_type {}())
end

function TestOperators:test_ipairs()
  H.only_versions("5.2", "5.3", "jit")
  local T = new_type { __ipairs = function(s) return s.b, s.a end }
  local x, y = ipairs(T(1, 2))
  lu.assertEquals({ x, y }, { 2, 1 })
end

function TestOperators:test_close()
  H.only_versions("5.4", "5.5")
  local closed
  local T = new_type { __close = function(s) closed = s.a end }
  V.chunk "local T = ... do local x <close> = T(8) end"(T)
  lu.assertEquals(closed, 8)
end

function TestOperators:test_predefined_operation_first()
  local T, tag = new_type { __add = function() return "mm" end, __eq = function() return true end, __call = function() return "called" end }
  local a = ffi.new(tag .. "[3]")
  local p = ffi.cast(tag .. " *", a)
  lu.assertTrue(p + 1 == a + 1)
  lu.assertFalse(p == a + 1)
  lu.assertEquals((a + 2) - p, 2)
  lu.assertTrue(ffi.istype(T, a[0]))
end

function TestOperators:test_missing_metamethods_are_errors()
  local T = new_type {}
  local x = T()
  lu.assertError(function() return x + 1 end)
  lu.assertError(function() return -x end)
  lu.assertError(function() return x < x end)
  lu.assertError(function() return x .. "" end)
  lu.assertError(function() return #x end)
  lu.assertError(function() return x() end)
end

function TestOperators:test_errors_pass_unchanged()
  local T = new_type { __index = function(_, k) error("in index " .. k, 0) end, __newindex = function(s, k, v) error(k .. s.a .. v, 0) end }
  lu.assertEquals(V.message(function() return T().foo end), "in index foo")
  lu.assertEquals(V.message(function() T(4).foo = "v" end), "foo4v")
end

TestNew = {}

function TestNew:test_new_is_called_by_the_constructor_only()
  local T, tag
  T, tag = new_type {
    __new = function(ct, x, ...)
      local o = ffi.new(ct)
      o.a, o.b = x or -1, select("#", ...)
      return o
    end,
  }
  lu.assertEquals({ T(5, "p", "q").a, T(5, "p", "q").b }, { 5, 2 })
  lu.assertEquals(T().a, -1)
  lu.assertEquals(ffi.new(T, 3).a, 3)
  lu.assertEquals(ffi.new(T).a, 0)
  lu.assertEquals(ffi.typeof(tag)(9).a, 9)
end

function TestNew:test_new_may_return_anything()
  local T = new_type { __new = function(_, v) return "made of " .. v end }
  lu.assertEquals(T "x", "made of x")
end

TestMetatypeArgs = {}

function TestMetatypeArgs:test_returns_the_ctype()
  local T, tag = new_type {}
  lu.assertTrue(T == ffi.typeof(tag))
end

function TestMetatypeArgs:test_refused()
  lu.assertError(ffi.metatype, "int", {})
  lu.assertError(ffi.metatype, "int *", {})
  lu.assertError(ffi.metatype, "int[3]", {})
  lu.assertError(ffi.metatype, "struct { int a; }", 5)
  lu.assertError(ffi.metatype, "struct { int a; }", "x")
  lu.assertError(ffi.metatype, "struct { int a; }")
  lu.assertError(ffi.metatype)
  lu.assertError(ffi.metatype, 5, {})
end

function TestMetatypeArgs:test_opaque_struct()
  ffi.cdef "struct mt_opaque;"
  ffi.metatype("struct mt_opaque", { __index = { name = function() return "opaque" end } })
  local p = ffi.cast("struct mt_opaque *", 4096)
  lu.assertEquals(p:name(), "opaque")
end

function TestMetatypeArgs:test_unions_and_vla_structs()
  ffi.cdef "union mt_u { int i; float f; }; struct mt_vls { int n; int v[?]; };"
  local U = ffi.metatype("union mt_u", { __index = { twice = function(u) return u.i * 2 end } })
  lu.assertEquals(U(4):twice(), 8)
  local L = ffi.metatype("struct mt_vls", { __len = function(s) return s.n end })
  lu.assertEquals(#L(3, 3), 3)
end

function TestMetatypeArgs:test_live_table()
  local mt = {}
  local T = new_type(mt)
  local s = T(1)
  lu.assertError(function() return s + 1 end)
  mt.__add = function() return "added later" end
  lu.assertEquals(s + 1, "added later")
  mt.__index = { later = 5 }
  lu.assertEquals(s.later, 5)
  mt.__index.more = 6
  lu.assertEquals(s.more, 6)
  mt.__add = nil
  lu.assertError(function() return s + 1 end)
end

function TestMetatypeArgs:test_set_again_and_removed()
  H.not_on_luajit "protects it for ever"
  local T, tag = new_type { __index = { v = 1 } }
  local s = T()
  lu.assertEquals(s.v, 1)
  ffi.metatype(tag, { __index = { v = 2 } })
  lu.assertEquals(s.v, 2)
  ffi.metatype(tag, nil)
  lu.assertError(function() return s.v end)
  ffi.metatype(tag, { __index = { v = 3 } })
  lu.assertEquals(s.v, 3)
end

function TestMetatypeArgs:test_complex_and_enums()
  H.not_on_luajit "structs mostly"
  ffi.cdef "enum mt_e { MT_A };"
  ffi.metatype("enum mt_e", { __index = { kind = "enum" } })
  lu.assertEquals(ffi.new "enum mt_e".kind, "enum")
end

function TestMetatypeArgs:test_complex()
  H.not_on_luajit "keeps it for the whole process"
  local ok, text = V.child [[
    local ffi = require "ffi"
    ffi.metatype("complex", { __index = { norm = function(c) return c.re * c.re + c.im * c.im end } })
    assert(ffi.new("complex", 3, 4):norm() == 25)
    assert(ffi.new("complex", 3, 4) + 1 == ffi.new("complex", 4, 4))
  ]]
  lu.assertTrue(ok, text)
end

function TestMetatypeArgs:test_typedef_and_anonymous()
  ffi.cdef "typedef struct { int n; } mt_anon_t;"
  local T = ffi.metatype("mt_anon_t", { __index = { get = function(s) return s.n end } })
  lu.assertEquals(T(6):get(), 6)
  lu.assertEquals(ffi.new("mt_anon_t[2]", { { 1 }, { 2 } })[1]:get(), 2)
end

function TestMetatypeArgs:test_methods_calling_methods_and_inherited_tables()
  local T, tag
  T, tag = new_type { __index = {
    add = function(s, n)
      s.a = s.a + n
      return s
    end,
    twice = function(s, n) return s:add(n):add(n) end,
  } }
  lu.assertEquals(T(1):twice(5).a, 11)
  local two = T(2)
  local p = ffi.cast(tag .. " *", two)
  lu.assertEquals(p:add(1).a, 3)
  lu.assertNotNil(two)
end

function TestMetatypeArgs:test_getmetatable_is_protected()
  local s = new_type {}(1)
  lu.assertEquals(getmetatable(s), "ffi")
  lu.assertError(setmetatable, s, {})
end

function TestMetatypeArgs:test_name_shows_in_tostring_and_messages()
  H.not_on_luajit "knows no __name"
  local T, tag = new_type { __name = "Point" }
  lu.assertEquals(tostring(T), "ctype<Point>")
  lu.assertStrContains(tostring(T()), "cdata<Point>: ")
  lu.assertEquals(tostring(ffi.typeof("$ *(*)(const $ &)", T, T)), "ctype<Point *(*)(const Point &)>")
  lu.assertErrorMsgContains("'Point' has no member named 'nope'", function() return T().nope end)
  lu.assertErrorMsgContains("cannot convert 'Point' to 'int'", ffi.new, "int", T())
  lu.assertErrorMsgContains("in member 'a' of 'Point'", T, { a = "text" })
  lu.assertErrorMsgContains("too many initializers for 'Point'", T, 1, 2, 3, 4, 5, 6, 7, 8, 9)
  lu.assertEquals(ffi.typeinfo(T).name, tag)          -- C's text stays C's
  ffi.metatype(tag, {})
  lu.assertEquals(tostring(T), "ctype<" .. tag .. ">")
  ffi.metatype(tag, { __name = 5 })
  lu.assertEquals(tostring(T), "ctype<" .. tag .. ">")
  ffi.metatype(tag, { __name = "again" })
  ffi.metatype(tag, nil)
  lu.assertEquals(tostring(T), "ctype<" .. tag .. ">")
end

function TestMetatypeArgs:test_name_of_what_has_no_tag()
  H.not_on_luajit "knows no __name"
  local T = ffi.metatype("struct { int x; }", { __name = "Nameless" })
  lu.assertEquals(tostring(T), "ctype<Nameless>")
  local E = ffi.metatype("enum { MT_RED_7 }", { __name = "Colour" })
  lu.assertEquals(tostring(ffi.typeof("$ *", E)), "ctype<Colour *>")
end

H.run()
