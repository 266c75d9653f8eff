-- ffi.string, ffi.copy, ffi.fill: lengths, bounds, NULL, what they accept.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

TestString = {}

function TestString:test_up_to_nul_and_by_length()
  local b = ffi.new("char[8]", "hello")
  lu.assertEquals(ffi.string(b), "hello")
  lu.assertEquals(ffi.string(b, 2), "he")
  lu.assertEquals(ffi.string(b, 0), "")
  lu.assertEquals(ffi.string(b, 6), "hello\0")
  lu.assertEquals(ffi.string(ffi.cast("const char *", b)), "hello")
  lu.assertEquals(ffi.string(ffi.cast("const char *", b) + 1, 3), "ell")
  lu.assertEquals(ffi.string(ffi.cast("void *", b), 4), "hell")
end

function TestString:test_any_pointer_with_a_length()
  local a = ffi.new("int[2]", { 0x41424344, 0 })
  lu.assertEquals(#ffi.string(a, 8), 8)
  local s = ffi.new("struct { char c[4]; }", { "abc" })
  lu.assertEquals(ffi.string(s, 3), "abc")
end

function TestString:test_unsigned_and_signed_bytes()
  lu.assertEquals(ffi.string(ffi.new("uint8_t[4]", "abc")), "abc")
  lu.assertEquals(ffi.string(ffi.new("int8_t[4]", "abc")), "abc")
  lu.assertEquals(ffi.string(ffi.new("const char[4]", "abc")), "abc")
end

function TestString:test_cdata_lengths()
  local b = ffi.new("char[8]", "hello")
  lu.assertEquals(ffi.string(b, ffi.new("int", 2)), "he")
  lu.assertEquals(ffi.string(b, V.i64 "3"), "hel")
  lu.assertEquals(ffi.string(b, V.u64 "4"), "hell")
end

function TestString:test_array_without_nul_stops_at_its_end()
  H.not_on_luajit "reads on"
  lu.assertEquals(ffi.string(ffi.new("char[4]", "abcdef")), "abcd")
  local two = ffi.new("char[2][4]", { "abcdef", "xyz" })
  lu.assertEquals(ffi.string(two[0]), "abcd")
end

function TestString:test_lua_string()
  lu.assertEquals(ffi.string("plain", 3), "pla")
  lu.assertEquals(ffi.string "plain", "plain")
end

function TestString:test_refused()
  lu.assertError(ffi.string)
  lu.assertError(ffi.string, 1)
  lu.assertError(ffi.string, {})
  lu.assertError(ffi.string, print)
  lu.assertError(ffi.string, ffi.new "char[4]", "x")
  lu.assertError(ffi.string, ffi.new "char[4]", {})
  lu.assertError(ffi.string, ffi.new("int", 5))
  lu.assertError(ffi.string, ffi.new "int[2]")
end

function TestString:test_null_negative_and_beyond_the_end()
  H.not_on_luajit "checks nothing"
  lu.assertError(ffi.string, ffi.new "char *")
  lu.assertError(ffi.string, nil)
  lu.assertError(ffi.string, ffi.new "void *", 3)
  lu.assertError(ffi.string, ffi.new "char[4]", -1)
  lu.assertError(ffi.string, ffi.new "char[4]", 5)
  lu.assertError(ffi.string, ffi.new "char[4]", 2 ^ 62)
  lu.assertError(ffi.string, ffi.new("char[?]", 4), 5)
end

TestCopy = {}

function TestCopy:test_string_with_terminator()
  local b = ffi.new("char[8]", "xxxxxxx")
  ffi.copy(b, "abc")
  lu.assertEquals(ffi.string(b, 8), "abc\0xxx\0")
end

function TestCopy:test_with_length()
  local b = ffi.new("char[8]", "xxxxxxx")
  ffi.copy(b, "abc", 2)
  lu.assertEquals(ffi.string(b), "abxxxxx")
  local c = ffi.new "char[8]"
  ffi.copy(c, b, 3)
  lu.assertEquals(ffi.string(c), "abx")
  ffi.copy(c + 1, ffi.cast("const void *", b), 2)
  lu.assertEquals(ffi.string(c), "aab")
  ffi.copy(c, b, 0)
  lu.assertEquals(ffi.string(c), "aab")
  ffi.copy(c, "zz", V.i64 "1")
  lu.assertEquals(ffi.string(c), "zab")
end

function TestCopy:test_other_types()
  local a, b = ffi.new("int[3]", { 1, 2, 3 }), ffi.new "int[3]"
  ffi.copy(b, a, 8)
  lu.assertEquals({ b[0], b[1], b[2] }, { 1, 2, 0 })
  local s, t = ffi.new("struct { int a; double b; }", 1, 2.5), nil
  t = ffi.new(ffi.typeof(s))
  ffi.copy(t, s, ffi.sizeof(s))
  lu.assertEquals({ t.a, t.b }, { 1, 2.5 })
end

function TestCopy:test_refused()
  local b = ffi.new "char[8]"
  lu.assertError(ffi.copy)
  lu.assertError(ffi.copy, b)
  lu.assertError(ffi.copy, 1, "x")
  lu.assertError(ffi.copy, "x", "y")
  lu.assertError(ffi.copy, b, 1, 1)
  lu.assertError(ffi.copy, b, "x", "y")
  lu.assertError(ffi.copy, b, b, {})
end

function TestCopy:test_constant_destination()
  lu.assertError(ffi.copy, ffi.new "const char[8]", "abc")
end

function TestCopy:test_source_without_length_must_be_a_string()
  lu.assertError(ffi.copy, ffi.new "char[8]", ffi.new "char[4]")
end

function TestCopy:test_bounds_and_null()
  H.not_on_luajit "checks nothing"
  local b = ffi.new "char[4]"
  lu.assertError(ffi.copy, b, "abcd")
  lu.assertError(ffi.copy, b, "abc", -1)
  lu.assertError(ffi.copy, b, "abc", 5)
  lu.assertError(ffi.copy, ffi.new "char[8]", "abc", 5)
  lu.assertError(ffi.copy, ffi.new "char[8]", b, 5)
  lu.assertError(ffi.copy, ffi.new "char *", "abc")
  lu.assertError(ffi.copy, b, ffi.new "char *", 1)
  lu.assertError(ffi.copy, b, b, 2 ^ 62)
  lu.assertEquals(ffi.string(b, 4), "\0\0\0\0")
end

TestFill = {}

function TestFill:test_fill()
  local b = ffi.new "uint8_t[6]"
  ffi.fill(b, 3, 97)
  lu.assertEquals(ffi.string(b, 6), "aaa\0\0\0")
  ffi.fill(b, 6, 0x162)
  lu.assertEquals(ffi.string(b, 6), "bbbbbb")
  ffi.fill(b + 2, 2)
  lu.assertEquals(ffi.string(b, 6), "bb\0\0bb")
  ffi.fill(b, 0, 99)
  lu.assertEquals(b[0], 98)
  ffi.fill(b, V.i64 "2", 100)
  lu.assertEquals(ffi.string(b, 3), "dd\0")
  ffi.fill(ffi.cast("void *", b), 1, -1)
  lu.assertEquals(b[0], 255)
end

function TestFill:test_refused()
  local b = ffi.new "char[4]"
  lu.assertError(ffi.fill)
  lu.assertError(ffi.fill, b)
  lu.assertError(ffi.fill, 1, 1)
  lu.assertError(ffi.fill, b, "x")
  lu.assertError(ffi.fill, b, 1, "x")
  lu.assertError(ffi.fill, "abc", 1, 1)
end

function TestFill:test_bounds_and_null()
  H.not_on_luajit "checks nothing"
  local b = ffi.new "char[4]"
  lu.assertError(ffi.fill, b, 5)
  lu.assertError(ffi.fill, b, -1)
  lu.assertError(ffi.fill, b, 2 ^ 62)
  lu.assertError(ffi.fill, ffi.new "char *", 1)
  lu.assertError(ffi.fill, ffi.new("char[?]", 3), 4)
end

H.run()
