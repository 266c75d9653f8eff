-- Views of arrays, arrays of other numbers, wide strings, lists of strings, memory outside of Lua, versions and texts.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
  size_t wcslen(const wchar_t *);
  void *malloc(size_t); void free(void *);
  int execv(const char *, char *const []);
]]

TestSlice = {}

function TestSlice:test_the_same_memory_with_bounds()
  local a = ffi.new("int[10]", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
  local v = ffi.slice(a, 3, 4)
  lu.assertEquals({ v[0], v[3], ffi.sizeof(v) }, { 3, 6, 16 })
  v[0] = 33
  lu.assertEquals(a[3], 33)
  lu.assertErrorMsgContains("index 4 is outside of", function() return v[4] end)
  lu.assertErrorMsgContains("index -1 is outside of", function() v[-1] = 0 end)
  lu.assertEquals(ffi.totable(v), { 33, 4, 5, 6 })
  lu.assertEquals(ffi.totable(ffi.slice(a, 8)), { 8, 9 })
  lu.assertEquals(ffi.totable(ffi.slice(a))[10], 9)
  lu.assertEquals(ffi.totable(ffi.slice(v, 1, 2)), { 4, 5 })
  lu.assertEquals(ffi.sizeof(ffi.slice(a, 10)), 0)
  lu.assertError(ffi.copy, v, ("x"):rep(17), 17)
end

function TestSlice:test_keeps_the_owner()
  local v = ffi.slice(ffi.new("int[1000]", 7), 500, 2)
  local of_pointer, freed = nil, false
  do
    local p = ffi.gc(ffi.cast("int *", ffi.C.malloc(400)), function(q) freed = true ffi.C.free(q) end)
    p[99] = 5
    of_pointer = ffi.slice(p, 99, 1)
  end
  for _ = 1, 3 do H.collect() for _ = 1, 100 do ffi.new "int[1000]" end end
  lu.assertEquals({ v[0], v[1], of_pointer[0] }, { 7, 7, 5 })
  lu.assertFalse(freed)
  of_pointer = nil
  H.collect()
  lu.assertTrue(freed)
end

function TestSlice:test_structs_members_and_const()
  local rows = ffi.new("struct { int x, y; }[3]", { { 1, 2 }, { 3, 4 }, { 5, 6 } })
  lu.assertEquals(ffi.slice(rows, 1)[1].y, 6)
  local s = ffi.new "struct { int n; double v[4]; }"
  ffi.slice(s.v, 2, 1)[0] = 1.5
  lu.assertEquals(s.v[2], 1.5)
  local c = ffi.slice(ffi.new("const int[2]", 1, 2), 1)
  lu.assertError(function() c[0] = 1 end)
end

function TestSlice:test_errors()
  local a, p = ffi.new "int[4]", ffi.cast("int *", 64)
  lu.assertErrorMsgContains("elements 2 to 5 are beyond the array's 4", ffi.slice, a, 2, 3)
  lu.assertErrorMsgContains("beyond the array's 4", ffi.slice, a, 5)
  lu.assertErrorMsgContains("number of elements expected", ffi.slice, p, 1)
  lu.assertErrorMsgContains("must not be negative", ffi.slice, a, -1)
  lu.assertErrorMsgContains("NULL", ffi.slice, ffi.new "int *", 0, 1)
  lu.assertErrorMsgContains("size of 'void' is unknown", ffi.slice, ffi.cast("void *", 64), 0, 1)
  lu.assertError(ffi.slice, p, 0, 2 ^ 62)
  lu.assertError(ffi.slice, p, 2 ^ 62, 1)
  for _, wrong in ipairs { 1, "text", {}, true } do lu.assertErrorMsgContains("array or pointer expected", ffi.slice, wrong) end
end

TestConvert = {}

function TestConvert:test_numbers()
  local bytes = ffi.new("uint8_t[4]", 250, 1, 2, 3)
  lu.assertEquals(ffi.totable(ffi.convert(ffi.new "float[4]", bytes)), { 250, 1, 2, 3 })
  lu.assertEquals(ffi.totable(ffi.convert(ffi.new "int8_t[4]", bytes)), { -6, 1, 2, 3 })
  lu.assertEquals(ffi.totable(ffi.convert(ffi.new "bool[4]", ffi.new("double[4]", 0, 0.5, -1, 0))), { false, true, true, false })
  lu.assertEquals(ffi.totable(ffi.convert(ffi.new "int[3]", ffi.new("double[3]", 1.9, -1.9, 7))), { 1, -1, 7 })
  lu.assertEquals(ffi.totable(ffi.convert(ffi.new("int[4]", 9, 9, 9, 9), bytes, 2)), { 250, 1, 9, 9 })
  lu.assertEquals(ffi.convert(ffi.new "complex[1]", ffi.new("float[1]", 2))[0].re, 2)
  lu.assertEquals(ffi.tonumber(ffi.convert(ffi.new "long double[1]", ffi.new("int[1]", 3))[0]), 3)
end

function TestConvert:test_in_place()
  local un = ffi.new "union { uint8_t b[8]; uint16_t w[8]; }"
  for i = 0, 7 do un.b[i] = i + 1 end
  ffi.convert(un.w, un.b)
  lu.assertEquals(ffi.totable(un.w), { 1, 2, 3, 4, 5, 6, 7, 8 })
  ffi.convert(un.b, un.w)
  lu.assertEquals(ffi.totable(un.b), { 1, 2, 3, 4, 5, 6, 7, 8 })
  local a = ffi.new("int[4]", 1, 2, 3, 4)
  ffi.convert(ffi.slice(a, 1), ffi.slice(a, 0, 3))
  lu.assertEquals(ffi.totable(a), { 1, 1, 2, 3 })
end

function TestConvert:test_errors()
  local a, d = ffi.new "int[2]", ffi.new "double[3]"
  lu.assertErrorMsgContains("beyond the array's 2", ffi.convert, a, d)
  lu.assertErrorMsgContains("beyond the array's 3", ffi.convert, ffi.cast("int *", 64), d, 4)
  lu.assertErrorMsgContains("number of elements expected", ffi.convert, a, ffi.cast("int *", 64))
  lu.assertErrorMsgContains("array of numbers expected", ffi.convert, ffi.new "int *[2]", d)
  lu.assertErrorMsgContains("array of numbers expected", ffi.convert, a, ffi.new "struct { int x; }[2]")
  lu.assertErrorMsgContains("cannot write", ffi.convert, ffi.new "const int[3]", d)
  for _, wrong in ipairs { 1, "text", {}, true } do
    lu.assertErrorMsgContains("array or pointer expected", ffi.convert, wrong, a)
    lu.assertErrorMsgContains("array or pointer expected", ffi.convert, a, wrong)
  end
end

TestWide = {}

local hello, clef = "h\195\169llo \226\130\172", "a\240\157\132\158b"

function TestWide:test_both_ways()
  for _, ct in ipairs { "wchar_t", "char16_t", "char32_t" } do
    for _, text in ipairs { "", "plain", hello, clef } do lu.assertEquals(ffi.utf8(ffi.wide(text, ct)), text, ct) end
  end
  lu.assertEquals(ffi.totable(ffi.wide(clef, "char16_t")), { 97, 0xd834, 0xdd1e, 98, 0 })
  lu.assertEquals(ffi.totable(ffi.wide(clef, "char32_t")), { 97, 0x1d11e, 98, 0 })
  lu.assertEquals(tonumber(ffi.C.wcslen(ffi.wide(hello))), 7)
  lu.assertEquals(ffi.utf8(ffi.cast("const wchar_t *", ffi.wide "abc")), "abc")
  lu.assertEquals(ffi.utf8(ffi.wide "abc", 2), "ab")
  lu.assertEquals(ffi.utf8(ffi.wide("a\0b"), 3), "a\0b")
end

function TestWide:test_what_is_no_character()
  -- Unicode 3.9: over-long, surrogates, beyond U+10FFFF, cut off, a byte alone
  for _, bad in ipairs { "\192\128", "\237\160\128", "\244\144\128\128", "\226\130", "\128", "\255" } do
    lu.assertErrorMsgContains("not a text in UTF-8", ffi.wide, bad)
  end
  lu.assertEquals(ffi.utf8(ffi.new("char16_t[3]", 0xdc00, 65, 0xd800)), "\239\191\189A\239\191\189")
  lu.assertEquals(ffi.utf8(ffi.new("uint32_t[1]", 0x110000)), "\239\191\189")
  lu.assertEquals(ffi.utf8(ffi.new("char16_t[2]", 65, 66)), "AB") -- ends with the array
end

function TestWide:test_errors()
  lu.assertErrorMsgContains("wchar_t, char16_t or char32_t expected, got double", ffi.wide, "x", "double")
  lu.assertErrorMsgContains("string expected", ffi.wide, {})
  lu.assertErrorMsgContains("array of wchar_t, char16_t or char32_t expected", ffi.utf8, ffi.new "char[4]")
  lu.assertErrorMsgContains("array or pointer expected", ffi.utf8, "text")
  lu.assertErrorMsgContains("NULL", ffi.utf8, ffi.new "wchar_t *")
  lu.assertErrorMsgContains("beyond the array's 2", ffi.utf8, ffi.new "wchar_t[2]", 3)
end

TestStringLists = {}

-- The list as a C function sees it: a copy of the pointers, made while the call runs.
local function seen(list, type)
  ffi.cdef "void *memcpy(void *, const void *, size_t);"
  local to, n = ffi.new("const char *[8]"), #list + 1
  local copy = ffi.cast("void *(*)(void *, " .. type .. ", size_t)", ffi.C.memcpy)
  for _ = 1, 3 do copy(to, list, n * ffi.sizeof "void *") end
  local out = {}
  for i = 0, n - 1 do out[i + 1] = ffi.isnull(to[i]) and "NULL" or ffi.string(to[i]) end
  return out
end

function TestStringLists:test_const_strings()
  lu.assertEquals(seen({ "ls", "-l", "/" }, "const char *const *"), { "ls", "-l", "/", "NULL" })
  lu.assertEquals(seen({}, "const char *const *"), { "NULL" })
  local buffer = ffi.new("char[4]", "buf")
  lu.assertEquals(seen({ "a", buffer, ffi.cast("const char *", buffer) }, "const char *const *"), { "a", "buf", "buf", "NULL" })
end

function TestStringLists:test_a_program_gets_its_arguments()
  H.needs "fork"
  ffi.cdef "int fork(void); int waitpid(int, int *, int); void _exit(int);"
  local pid = ffi.C.fork()
  if pid == 0 then
    ffi.C.execv("/bin/sh", { "sh", "-c", 'test "$0 $1" = "two words"', "two", "words" })
    ffi.C._exit(99)
  end
  local status = ffi.new "int[1]"
  lu.assertEquals(ffi.C.waitpid(pid, status, 0), pid)
  lu.assertEquals(status[0], 0)
end

function TestStringLists:test_errors()
  local take = ffi.cast("int (*)(const char *const *)", 64)
  lu.assertErrorMsgContains("cannot convert 'number' to 'const char *const' in element 1", take, { "a", 5 })
  lu.assertErrorMsgContains("cannot convert 'table'", ffi.cast("int (*)(const char **)", 64), { "a" })
  lu.assertErrorMsgContains("cannot convert 'table'", ffi.cast("int (*)(const int *const *)", 64), { "a" })
  lu.assertError(function() ffi.new "struct { const char *const *p; }".p = { "a" } end)
end

TestOutsideMemory = {}

function TestOutsideMemory:test_the_collector_knows_of_it()
  local live, most = 0, 0
  for _ = 1, 400 do
    live = live + 1
    if live > most then most = live end
    ffi.gc(ffi.C.malloc(1048576), function(p) live = live - 1 ffi.C.free(p) end, 1048576)
  end
  lu.assertTrue(most < 100, most)
  -- Many small ones count together.
  live, most = 0, 0
  for _ = 1, 40000 do
    live = live + 1
    if live > most then most = live end
    ffi.gc(ffi.C.malloc(10000), function(p) live = live - 1 ffi.C.free(p) end, 10000)
  end
  lu.assertTrue(most < 10000, most)
end

function TestOutsideMemory:test_errors_and_large_numbers()
  local p = ffi.new "int[1]"
  lu.assertError(ffi.gc, p, print, -1)
  lu.assertError(ffi.gc, p, print, "x")
  lu.assertTrue(rawequal(ffi.gc(p, nil, 2 ^ 50), p))
end

TestTexts = {}

function TestTexts:test_versions()
  lu.assertStrMatches(ffi.VERSION, "%d+%.%d+%.%d+")
  lu.assertEquals(ffi._VERSION, "Ferry " .. ffi.VERSION)
  lu.assertEquals(ffi.LUA_VERSION, _VERSION)
end

function TestTexts:test_namespaces_say_what_they_are()
  lu.assertEquals(tostring(ffi.C), "namespace<C>")
  lu.assertEquals(tostring(ffi.load(H.per_system("m", "user32"))), H.per_system("namespace<m>", "namespace<user32>"))
end

function TestTexts:test_null_references()
  ffi.cdef "struct vs_null { int a; };"
  for _, type in ipairs { "int &", "struct vs_null &", "int (&)[3]", "int (&)(int)", "int *&", "complex &" } do
    lu.assertEquals(ffi.inspect(ffi.cast(type, nil)), "NULL", type)
  end
end

H.run()
