-- Conversions between Lua and C beyond plain scalars: strings, tables, files, userdata, booleans; what is
-- refused and what the error says.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
typedef struct _IO_FILE FILE;
typedef struct _IO_FILE cv_file;
struct cv_s { int a; double b; };
struct cv_other { int a; double b; };
struct cv_p { const char *s; char *w; void *v; int *i; struct cv_s *sp; FILE *f; const uint8_t *u; };
enum cv_e { CV_A, CV_B = 5 };
int fileno(FILE *);
]]

-- target, value, what LuaJIT's manual calls the source in its error text
local refused = {
  { "int", "x", "string" }, { "int", {}, "table" }, { "int", print, "function" }, { "double", "1", "string" },
  { "bool", "true", "string" }, { "bool", {}, "table" }, { "int *", 5, "number" }, { "int *", true, "bool" },
  { "int *", "x", "string" }, { "char *", "x", "string" }, { "const int *", "x", "string" }, { "int *", {}, "table" },
  { "const char *", 5, "number" }, { "const char *", {}, "table" }, { "enum cv_e", {}, "table" },
  { "struct cv_s *", {}, "table" }, { "int (*)(int)", 5, "number" }, { "int (*)(int)", "x", "string" },
  { "int", ffi.new "int *", "int *" }, { "int", ffi.new "int[2]", "int [2]" }, { "int", ffi.new "struct cv_s", "struct cv_s" },
  { "double", ffi.new "int *", "int *" }, { "int *", ffi.new "double *", "double *" },
  { "struct cv_s *", ffi.new "struct cv_other", "struct cv_other" }, { "int", coroutine.create(function() end), "thread" },
}

TestRefused = {}

function TestRefused:test_rows()
  for i, row in ipairs(refused) do
    local ok, message = pcall(ffi.new, row[1], row[2])
    local what = ("row %d: %s from %s"):format(i, row[1], row[3])
    lu.assertFalse(ok, what)
    lu.assertTrue(message:find(row[3], 1, true) ~= nil, what .. ": " .. message)
    lu.assertTrue(message:find(row[1]:match "^int %(%*%)%(" or row[1], 1, true) ~= nil, what .. ": " .. message)
  end
end

-- An array is as constant as its elements, also as what a pointer points to.
function TestRefused:test_const_of_arrays()
  local rows = { -- target, source, whether it converts
    { "void *", "const int (*)[2]", false }, { "const void *", "const int (*)[2]", true }, { "const int (*)[2]", "const void *", true }, { "int (*)[2]", "const int (*)[2]", false },
    { "int (*)[2]", "unsigned (*)[2]", true }, { "int *(*)[2]", "const int *(*)[2]", false }, { "const int *(*)[2]", "int *(*)[2]", false },
    { "int *(*)[2]", "int *const (*)[2]", false }, { "int (**)[2]", "const int (**)[2]", false }, { "const int (**)[2]", "int (**)[2]", false },
    { "struct cv_s (*)[2]", "const struct cv_s (*)[2]", false }, { "int (*)[2][3]", "const int (*)[2][3]", false }, { "int (*)[2]", "const int[3][2]", false },
    { "unsigned (*)[2]", "int[3][2]", true }, { "int (*)[3]", "unsigned[2][3]", true }, { "int (*)[2]", "const int[2]", false }, { "int (*)[3]", "int[3][2]", false },
  }
  for _, row in ipairs(rows) do lu.assertEquals((pcall(ffi.new, row[1], ffi.new(row[2]))), row[3], row[1] .. " from " .. row[2]) end
  local ordered = { { "int **", "const int **", false }, { "const int *", "int *", true }, { "int *const *", "int **", true }, { "const void **", "void **", false } }
  for _, row in ipairs(ordered) do
    local a, b = ffi.new(row[1]), ffi.new(row[2])
    lu.assertEquals((pcall(function() return a < b end)), row[3], row[1] .. " < " .. row[2])
    lu.assertEquals((pcall(function() return a - b end)), row[3], row[1] .. " - " .. row[2])
  end
end

function TestRefused:test_casts_name_the_type_that_was_asked_for()
  local thread = coroutine.create(function() end)
  for type, name in pairs { int = "int", uint8_t = "unsigned char", int64_t = "int64_t", double = "double", ["void *"] = "void *" } do
    local ok, message = pcall(ffi.cast, type, thread)
    lu.assertFalse(ok)
    lu.assertStrContains(message, "cannot convert 'thread' to '" .. name .. "'")
  end
end

function TestRefused:test_nil_is_refused_by_what_is_no_pointer()
  for _, decl in ipairs { "int", "double", "enum cv_e", "bool" } do
    local s = ffi.new(("struct { %s v; }"):format(decl))
    lu.assertError(function() s.v = nil end)
  end
end

function TestRefused:test_failed_assignment_leaves_the_old_value()
  local s = ffi.new("struct cv_s", 1, 2.5)
  pcall(function() s.a = "x" end)
  pcall(function() s.b = {} end)
  lu.assertEquals({ s.a, s.b }, { 1, 2.5 })
end

function TestRefused:test_struct_from_other_struct()
  lu.assertError(ffi.new, "struct cv_s", ffi.new "struct cv_other")
  lu.assertError(ffi.new, "int[3]", ffi.new "int[2]")
  lu.assertError(ffi.new, "int[3]", ffi.new "double[3]")
end

TestNumbers = {}

function TestNumbers:test_between_c_types()
  lu.assertEquals(tonumber(ffi.new("int8_t", ffi.new("int", 300))), 44)
  lu.assertEquals(tonumber(ffi.new("uint32_t", ffi.new("int8_t", -1))), 4294967295)
  lu.assertEquals(tonumber(ffi.new("int", ffi.new("double", -2.9))), -2)
  lu.assertEquals(tonumber(ffi.new("float", ffi.new("double", 0.5))), 0.5)
  lu.assertEquals(tonumber(ffi.new("bool", ffi.new("double", 0.5))), 1)
  lu.assertEquals(tonumber(ffi.new("bool", ffi.new("int", 0))), 0)
  lu.assertEquals(tonumber(ffi.new("double", ffi.new("bool", true))), 1)
  lu.assertEquals(tonumber(ffi.new("int", ffi.new("enum cv_e", 5))), 5)
  H.assert_int(ffi.new("int64_t", ffi.new("int", -5)), "-5")
  H.assert_uint(ffi.new("uint64_t", ffi.new("int", -5)), "18446744073709551611")
  H.assert_uint(ffi.new("uint64_t", ffi.new("uint32_t", 4294967295)), "4294967295")
  lu.assertEquals(tonumber(ffi.new("double", V.u64 "18446744073709551615")), 18446744073709551616)
  lu.assertEquals(tonumber(ffi.new("double", V.i64 "-9223372036854775808")), -9223372036854775808)
end

function TestNumbers:test_doubles_to_64_bit()
  H.assert_int(ffi.new("int64_t", 2 ^ 62), "4611686018427387904")
  H.assert_int(ffi.new("int64_t", -2 ^ 63), "-9223372036854775808")
  H.assert_uint(ffi.new("uint64_t", 2 ^ 63), "9223372036854775808")
  H.assert_uint(ffi.new("uint64_t", 2 ^ 63 + 2 ^ 62), "13835058055282163712")
  H.assert_int(ffi.new("int64_t", 1.99), "1")
  H.assert_int(ffi.new("int64_t", -1.99), "-1")
end

function TestNumbers:test_integers_do_not_go_through_double()
  if not H.native_int64 then lu.skip "5.3+" end
  H.assert_int(ffi.new("int64_t", math.maxinteger), "9223372036854775807")
  H.assert_int(ffi.new("int64_t", 9007199254740993), "9007199254740993")
  lu.assertEquals(tonumber(ffi.new("int", math.maxinteger)), -1)
  lu.assertEquals(tonumber(ffi.new("uint32_t", math.mininteger)), 0)
  lu.assertEquals(tonumber(ffi.new("bool", math.mininteger)), 1)
end

TestStrings = {}

function TestStrings:test_to_const_byte_pointers()
  for _, decl in ipairs { "const char *", "const uint8_t *", "const int8_t *", "const void *", "const unsigned char *" } do
    local p = ffi.new(decl, "abc")
    lu.assertEquals(ffi.string(ffi.cast("const char *", p)), "abc", decl)
  end
end

function TestStrings:test_not_to_writable_or_wider_pointers()
  for _, decl in ipairs { "char *", "uint8_t *", "void *", "const int *", "const double *", "const char **" } do
    lu.assertError(ffi.new, decl, "abc")
  end
end

function TestStrings:test_stored_strings_stay_alive()
  local s = ffi.new "struct cv_p"
  for i = 1, 5 do
    s.s = ("text "):rep(20) .. i
    H.collect()
    for _ = 1, 200 do local _ = ("junk "):rep(20) .. math.random() end
    if not H.is_luajit then lu.assertEquals(ffi.string(s.s), ("text "):rep(20) .. i) end
  end
end

TestUserdata = {}

function TestUserdata:test_files()
  local f = io.tmpfile()
  local n = ffi.C.fileno(f)
  lu.assertTrue(n > 2)
  lu.assertEquals(ffi.C.fileno(io.stdin), 0)
  local s = ffi.new "struct cv_p"
  s.f = f
  lu.assertEquals(ffi.C.fileno(s.f), n)
  f:close()
end

function TestUserdata:test_closed_file_is_refused()
  H.not_on_luajit "passes NULL"
  local f = io.tmpfile()
  f:close()
  lu.assertError(ffi.new, "FILE *", f)
end

function TestUserdata:test_file_to_void_pointer()
  lu.assertFalse(V.isnull(ffi.new("void *", io.stdout)))
end

function TestUserdata:test_other_userdata_to_void_pointer_only()
  if not newproxy then lu.skip "5.1" end
  local u = newproxy()
  lu.assertFalse(V.isnull(ffi.new("void *", u)))
end

TestTables = {}

function TestTables:test_assignment_of_tables()
  local o = ffi.new "struct { struct cv_s s; int a[3]; }"
  o.s = { 1, 2.5 }
  lu.assertEquals({ o.s.a, o.s.b }, { 1, 2.5 })
  o.a = { 4, 5, 6 }
  lu.assertEquals({ o.a[0], o.a[2] }, { 4, 6 })
  lu.assertError(function() o.a = { 1, 2, 3, 4 } end)
  lu.assertError(function() o.a = "x" end)
end

function TestTables:test_metamethods_of_initialiser_tables_are_not_asked()
  local t = setmetatable({}, { __index = function() return 5 end })
  local s = ffi.new("struct cv_s", t)
  lu.assertTrue(s.a == 0 or s.a == 5)
end

TestReading = {}

function TestReading:test_kinds()
  local s = ffi.new "struct { bool b; float f; int *p; int a[2]; struct cv_s s; complex c; void (*fn)(void); long double ld; }"
  lu.assertEquals(type(s.b), "boolean")
  lu.assertEquals(type(s.f), "number")
  for _, k in ipairs { "p", "a", "s", "c", "fn" } do lu.assertEquals(H.type(s[k]), "cdata", k) end
  lu.assertEquals(tostring(ffi.typeof(s.p)), "ctype<int *>")
  lu.assertEquals(ffi.sizeof(s.a), 8)
  lu.assertTrue(ffi.istype("struct cv_s", s.s))
end

function TestReading:test_pointers_read_are_values()
  local a = ffi.new("int[2]", 1, 2)
  local s = ffi.new "struct cv_p"
  s.i = a
  local p = s.i
  s.i = nil
  lu.assertEquals(p[1], 2)
end

function TestReading:test_toretval()
  H.not_on_luajit "no such function"
  lu.assertEquals(ffi.toretval(ffi.new("int", 5)), 5)
  lu.assertEquals(ffi.toretval(ffi.new("bool", true)), true)
  lu.assertEquals(ffi.toretval(ffi.new("double", 2.5)), 2.5)
  H.assert_int(ffi.toretval(V.i64 "-7"), "-7")
  local s = ffi.new "struct cv_s"
  lu.assertTrue(ffi.istype("struct cv_s", ffi.toretval(s)))
end

function TestReading:test_enum_constants_by_string_in_members()
  local s = ffi.new("struct { enum cv_e e; }", "CV_B")
  lu.assertEquals(tonumber(s.e), 5)
end

H.run()
