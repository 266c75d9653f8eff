-- Reading and writing members, elements and bit-fields of every scalar type; bounds, NULL, const.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
struct ac_all {
  int8_t i8; uint8_t u8; int16_t i16; uint16_t u16; int32_t i32; uint32_t u32; int64_t i64; uint64_t u64;
  float f; double d; bool b; char c; signed char sc; unsigned char uc; short s; long l; size_t z;
  void *p; const char *str; int (*fn)(int); enum ac_e { AC_A, AC_B = 3 } e; complex dc; complex float fc;
};
struct ac_in { int x; int y; };
struct ac_out { struct ac_in a; struct ac_in v[2]; struct ac_in *p; int m[2][3]; };
struct ac_const { const int c; int v; };
struct ac_bits { unsigned a : 1; unsigned b : 4; int c : 4; bool d : 1; int e : 20; unsigned f : 32; };
struct ac_opaque;
union ac_u { uint32_t u; int32_t i; float f; uint8_t b[4]; };
struct ac_flex { int n; int v[]; };
struct ac_trail { int n; int v[1]; };
struct ac_zero { int n; int v[0]; };
struct ac_vls { int n; int v[?]; };
struct ac_static { static const int LIMIT = 12; enum { AC_ONE = 1, AC_TWO }; int a; };
]]

TestAccessScalars = {}

-- field, value stored, value read back
local rows = {
  { "i8", -128, -128 }, { "i8", 127, 127 }, { "i8", 128, -128 }, { "i8", 255, -1 }, { "i8", 256, 0 }, { "i8", -129, 127 },
  { "u8", 255, 255 }, { "u8", 256, 0 }, { "u8", -1, 255 }, { "u8", 3.7, 3 },
  { "i16", 32768, -32768 }, { "i16", -32769, 32767 }, { "u16", 65536, 0 }, { "u16", -1, 65535 },
  { "i32", 2147483647, 2147483647 }, { "i32", -2147483648, -2147483648 },
  { "u32", 4294967295, 4294967295 }, { "u32", -1, 4294967295 }, { "u32", 4294967296, 0 }, { "i32", -1.9, -1 },
  { "c", 65, 65 }, { "sc", 200, -56 }, { "uc", 200, 200 }, { "s", 40000, -25536 },
  { "f", 0.5, 0.5 }, { "f", 16777217, 16777216 }, { "d", 0.1, 0.1 }, { "d", -1e300, -1e300 },
  { "b", true, true }, { "b", false, false }, { "b", 2, true }, { "b", 0, false },
  { "i32", true, 1 }, { "i32", false, 0 }, { "d", true, 1 },
}

function TestAccessScalars:test_store_and_read_back()
  local s = ffi.new "struct ac_all"
  for i, row in ipairs(rows) do
    s[row[1]] = row[2]
    lu.assertEquals(s[row[1]], row[3], ("row %d: %s = %s"):format(i, row[1], tostring(row[2])))
  end
end

function TestAccessScalars:test_small_integers_read_as_integers()
  local s = ffi.new "struct ac_all"
  for _, f in ipairs { "i8", "u8", "i16", "u16", "i32", "u32", "c" } do
    s[f] = 5.0
    lu.assertEquals(type(s[f]), "number")
    if math.type then lu.assertEquals(math.type(s[f]), "integer") end
  end
  s.d = 5
  if math.type then lu.assertEquals(math.type(s.d), "float") end
end

function TestAccessScalars:test_64_bit()
  local s = ffi.new "struct ac_all"
  for _, text in ipairs { "0", "1", "-1", "9007199254740993", "9223372036854775807", "-9223372036854775808" } do
    s.i64 = V.i64(text)
    H.assert_int(s.i64, text)
  end
  for _, text in ipairs { "0", "9007199254740993", "9223372036854775808", "18446744073709551615" } do
    s.u64 = V.u64(text)
    H.assert_uint(s.u64, text)
  end
  s.i64 = -5
  H.assert_num(s.i64, -5)
  s.u64 = 2 ^ 63
  H.assert_uint(s.u64, "9223372036854775808")
  s.z = 77
  H.assert_num(s.z, 77)
end

function TestAccessScalars:test_negative_number_into_unsigned_64_bits()
  local s = ffi.new "struct ac_all"
  s.u64 = -1
  H.assert_uint(s.u64, "18446744073709551615")
  s.u64 = -9007199254740992
  H.assert_uint(s.u64, "18437736874454810624")
end

function TestAccessScalars:test_64_bit_read_kind()
  local s = ffi.new "struct ac_all"
  if H.native_int64 then
    lu.assertEquals(math.type(s.i64), "integer")
    lu.assertEquals(math.type(s.u64), "integer")
    lu.assertEquals(math.type(s.z), "integer")
  else
    lu.assertEquals(H.type(s.i64), "cdata")
    lu.assertTrue(ffi.istype("int64_t", s.i64))
    lu.assertTrue(ffi.istype("uint64_t", s.u64))
  end
end

function TestAccessScalars:test_native_integers_keep_all_64_bits()
  if not H.native_int64 then lu.skip "5.3+" end
  local s = ffi.new "struct ac_all"
  s.i64 = math.maxinteger
  lu.assertEquals(s.i64, math.maxinteger)
  s.i64 = math.mininteger
  lu.assertEquals(s.i64, math.mininteger)
  s.u64 = -1
  lu.assertEquals(s.u64, -1)
end

function TestAccessScalars:test_wrap_around_of_large_floats()
  local s = ffi.new "struct ac_all"
  s.u32 = 2 ^ 32 + 5
  lu.assertEquals(s.u32, 5)
  s.i8 = 2 ^ 40 + 3
  lu.assertEquals(s.i8, 3)
  s.u16 = -(2 ^ 40) - 1
  lu.assertEquals(s.u16, 65535)
end

function TestAccessScalars:test_wrap_around_into_int32()
  local s = ffi.new "struct ac_all"
  s.i32 = 4294967295
  lu.assertEquals(s.i32, -1)
  s.i32 = 2 ^ 32 + 5
  lu.assertEquals(s.i32, 5)
end

function TestAccessScalars:test_out_of_range_nan_and_infinity()
  H.not_on_luajit "architecture-specific there"
  local s = ffi.new "struct ac_all"
  for _, v in ipairs { 0 / 0, 1 / 0, -1 / 0, 2 ^ 64, -2 ^ 64, 1e300 } do
    s.i32, s.u32, s.i8, s.u16, s.i64 = v, v, v, v, v
    lu.assertEquals(s.i32, -2147483648, tostring(v))
    lu.assertEquals(s.u32, 2147483648, tostring(v))
    lu.assertEquals(s.i8, 0, tostring(v))
    lu.assertEquals(s.u16, 0, tostring(v))
    H.assert_int(s.i64, "-9223372036854775808")
  end
end

function TestAccessScalars:test_pointers()
  local s = ffi.new "struct ac_all"
  lu.assertTrue(V.isnull(s.p))
  local a = ffi.new("int[1]", 7)
  s.p = a
  lu.assertEquals(ffi.cast("int *", s.p)[0], 7)
  s.p = nil
  lu.assertTrue(V.isnull(s.p))
  s.str = "hello"
  lu.assertEquals(ffi.string(s.str), "hello")
  s.str = nil
  lu.assertTrue(V.isnull(s.str))
  lu.assertTrue(V.isnull(s.fn))
end

function TestAccessScalars:test_enum_member()
  local s = ffi.new "struct ac_all"
  s.e = "AC_B"
  lu.assertEquals(tonumber(s.e), 3)
  s.e = 1
  lu.assertEquals(tonumber(s.e), 1)
  lu.assertError(function() s.e = "NOPE" end)
end

function TestAccessScalars:test_enum_reads_as_number()
  H.not_on_luajit "boxes enums"
  local s = ffi.new "struct ac_all"
  s.e = 3
  lu.assertEquals(s.e, 3)
end

function TestAccessScalars:test_complex_member()
  local s = ffi.new "struct ac_all"
  s.dc = ffi.new("complex", 1, 2)
  lu.assertEquals({ s.dc.re, s.dc.im }, { 1, 2 })
  s.fc = s.dc
  lu.assertEquals({ s.fc.re, s.fc.im }, { 1, 2 })
  s.dc = 5
  lu.assertEquals({ s.dc.re, s.dc.im }, { 5, 0 })
  lu.assertError(function() s.dc.re = 3 end)
end

TestAccessNested = {}

function TestAccessNested:test_references_share_storage()
  local o = ffi.new "struct ac_out"
  local a = o.a
  a.x = 5
  lu.assertEquals(o.a.x, 5)
  o.v[1].y = 7
  lu.assertEquals(o.v[1].y, 7)
  lu.assertEquals(o.v[0].y, 0)
  o.m[1][2] = 9
  lu.assertEquals(o.m[1][2], 9)
  o.p = o.v
  o.p[1].x = 11
  lu.assertEquals(o.v[1].x, 11)
  lu.assertEquals(o.p.y, 0)
  o.p.y = 3
  lu.assertEquals(o.v[0].y, 3)
end

function TestAccessNested:test_assign_whole_members()
  local o = ffi.new "struct ac_out"
  o.a = { 1, 2 }
  lu.assertEquals({ o.a.x, o.a.y }, { 1, 2 })
  o.a = { y = 9 }
  lu.assertEquals({ o.a.x, o.a.y }, { 0, 9 })
  o.v = { { 1, 2 }, { 3, 4 } }
  lu.assertEquals(o.v[1].x, 3)
  o.a = o.v[1]
  lu.assertEquals({ o.a.x, o.a.y }, { 3, 4 })
  o.m = { { 1, 2, 3 }, { 4, 5, 6 } }
  lu.assertEquals(o.m[1][0], 4)
  lu.assertError(function() o.a = 5 end)
  lu.assertError(function() o.a = ffi.new "struct ac_all" end)
end

function TestAccessNested:test_interior_reference_keeps_its_object()
  H.not_on_luajit "references do not keep the owner"
  local a
  do
    local o = ffi.new("struct ac_out", { { 21, 22 } })
    a = o.a
  end
  for _ = 1, 20 do ffi.new "struct ac_out" end
  H.collect()
  lu.assertEquals({ a.x, a.y }, { 21, 22 })
end

function TestAccessNested:test_union_shares_bytes()
  local u = ffi.new "union ac_u"
  u.f = 1.0
  lu.assertEquals(u.u, 0x3f800000)
  u.u = 0xffffffff
  lu.assertEquals(u.i, -1)
  lu.assertEquals(u.b[3], 255)
end

TestAccessBits = {}

function TestAccessBits:test_bit_fields()
  local s = ffi.new "struct ac_bits"
  s.a, s.b, s.c, s.d, s.e, s.f = 1, 15, -8, true, -524288, 4294967295
  lu.assertEquals({ s.a, s.b, s.c, s.d, s.e, s.f }, { 1, 15, -8, true, -524288, 4294967295 })
  s.b = 0
  lu.assertEquals({ s.a, s.b, s.c, s.d, s.e, s.f }, { 1, 0, -8, true, -524288, 4294967295 })
  s.a, s.b, s.c = 2, 17, 8
  lu.assertEquals({ s.a, s.b, s.c }, { 0, 1, -8 })
  s.d = false
  lu.assertEquals(s.d, false)
end

function TestAccessBits:test_bit_fields_of_all_types()
  H.not_on_luajit "no 64-bit ones"
  ffi.cdef "struct ac_wide { char p; uint64_t a : 15; uint64_t b : 14; int64_t c : 40; uint8_t d : 3; int16_t e : 9; bool f : 1; uint64_t g : 64; };"
  local s = ffi.new "struct ac_wide"
  s.a, s.b, s.c, s.d, s.e, s.f = 32767, 16383, -549755813888, 7, -256, true
  s.g = V.u64 "18446744073709551615"
  H.assert_num(s.a, 32767)
  H.assert_num(s.b, 16383)
  H.assert_int(s.c, "-549755813888")
  lu.assertEquals({ s.d, s.e, s.f }, { 7, -256, true })
  H.assert_uint(s.g, "18446744073709551615")
  s.c = V.i64 "549755813887"
  H.assert_int(s.c, "549755813887")
  H.assert_num(s.b, 16383)
end

TestAccessErrors = {}

function TestAccessErrors:test_unknown_member()
  local s = ffi.new "struct ac_in"
  V.names(function() return s.nope end, { "struct ac_in", "nope" })
  V.names(function() s.nope = 1 end, { "struct ac_in", "nope" })
  V.names(function() return ffi.cast("struct ac_in *", s).nope end, { "struct ac_in", "nope" })
end

function TestAccessErrors:test_arrays_of_unknown_length_are_not_assigned()
  local ten = ffi.new "struct { int a[10]; }"
  local open = ffi.new "struct { int n; int a[]; }"
  lu.assertFalse(pcall(function() ten.a = open.a end))
  local two = ffi.new("struct { int n; int a[?]; }", 2)
  lu.assertFalse(pcall(function() two.a = ten.a end))
  lu.assertFalse(pcall(function() two.a = ffi.new "int[10]" end))
  lu.assertFalse(pcall(function() open.a = ffi.new "int[10]" end))
end

function TestAccessErrors:test_wrong_value()
  local s = ffi.new "struct ac_all"
  V.names(function() s.i32 = "x" end, { "string", "int" })
  V.names(function() s.d = {} end, { "table", "double" })
  V.names(function() s.i32 = nil end, { "nil", "int" })
  V.names(function() s.str = 5 end, { "number", "const char *" })
  V.names(function() s.p = 5 end, { "number", "void *" })
end

function TestAccessErrors:test_wrong_value_names_the_field()
  H.not_on_luajit "names types only"
  local s = ffi.new "struct ac_all"
  V.names(function() s.i32 = "x" end, { "i32" })
  V.names(function() s.d = {} end, { "'d'" })
end

function TestAccessErrors:test_const()
  local s = ffi.new("struct ac_const", 1, 2)
  lu.assertEquals(s.c, 1)
  V.names(function() s.c = 2 end, { "const" })
  s.v = 3
  local cs = ffi.new("const struct ac_const", 1, 2)
  lu.assertError(function() cs.v = 3 end)
  local ca = ffi.new("const int[2]", 1, 2)
  lu.assertError(function() ca[0] = 1 end)
  local cp = ffi.cast("const int *", ffi.new "int[1]")
  lu.assertError(function() cp[0] = 1 end)
  lu.assertEquals(s.c, 1)
end

function TestAccessErrors:test_const_reaches_nested_members()
  local o = ffi.new "const struct ac_out"
  lu.assertError(function() o.a.x = 1 end)
  lu.assertError(function() o.v[1].y = 1 end)
  lu.assertError(function() o.m[0][0] = 1 end)
  lu.assertError(function() o.a = { 1, 2 } end)
  local p = ffi.cast("const struct ac_out *", ffi.new "struct ac_out")
  lu.assertError(function() p.a.x = 1 end)
  lu.assertError(function() p[0].a.x = 1 end)
  local q = ffi.new "struct { struct ac_in *const p; const char *s; }"
  lu.assertError(function() q.p = nil end)
  q.s = "writable pointer to const"
  lu.assertError(function() q.s[0] = 65 end)
end

function TestAccessErrors:test_wrong_keys()
  local s, a, p = ffi.new "struct ac_in", ffi.new "int[3]", ffi.new "int[1]"
  for _, key in ipairs { 1, {}, print, true } do
    lu.assertError(function() return s[key] end)
    lu.assertError(function() s[key] = 1 end)
  end
  for _, key in ipairs { "x", {}, print, true } do
    lu.assertError(function() return a[key] end)
    lu.assertError(function() a[key] = 1 end)
    lu.assertError(function() return p[key] end)
  end
  lu.assertError(function() return ffi.new("int", 1)[0] end)
  lu.assertError(function() return ffi.new("int", 1).x end)
  lu.assertError(function() return a[nil] end)
end

function TestAccessErrors:test_incomplete_and_void_pointers()
  local v = ffi.cast("void *", ffi.new "int[1]")
  lu.assertError(function() return v[0] end)
  lu.assertError(function() v[0] = 1 end)
  local o = ffi.cast("struct ac_opaque *", v)
  lu.assertError(function() return o.x end)
  lu.assertError(function() return o[0] end)
end

function TestAccessErrors:test_null_pointer()
  H.not_on_luajit "crashes"
  local p = ffi.new "int *"
  V.names(function() return p[0] end, { "NULL" })
  lu.assertError(function() p[0] = 1 end)
  local s = ffi.new "struct ac_in *"
  lu.assertError(function() return s.x end)
  lu.assertError(function() s.x = 1 end)
  lu.assertError(function() return s[0].x end)
  lu.assertError(function() return ffi.new "struct ac_out *".a end)
  lu.assertError(function() return ffi.cast("int (*)(int)", 0)(1) end)
  lu.assertError(function() return ffi.new "struct ac_all".fn(1) end)
end

function TestAccessErrors:test_index_outside_a_known_array()
  H.not_on_luajit "does not check"
  local a = ffi.new "int[3]"
  for _, i in ipairs { 3, -1, 1000000, 2 ^ 40, -2 ^ 40 } do
    lu.assertError(function() return a[i] end)
    lu.assertError(function() a[i] = 1 end)
  end
  local v = ffi.new("int[?]", 4)
  lu.assertEquals(v[3], 0)
  lu.assertError(function() return v[4] end)
  local o = ffi.new "struct ac_out"
  lu.assertError(function() return o.v[2] end)
  lu.assertError(function() return o.m[1][3] end)
  lu.assertError(function() return o.m[2] end)
  local s = ffi.new("struct ac_vls", 2)
  s.v[1] = 1
  lu.assertError(function() return s.v[2] end)
end

function TestAccessErrors:test_checked_false_turns_the_index_check_off()
  H.not_on_luajit "no such function"
  local a = ffi.new "int[2][2]"
  ffi.checked(false)
  local ok = pcall(function() return a[0][3] end)
  ffi.checked(true)
  lu.assertTrue(ok)
  lu.assertFalse((pcall(function() return a[0][3] end)))
end

function TestAccessErrors:test_no_check_through_pointers_and_trailing_members()
  local a = ffi.new("int[4]", { 1, 2, 3, 4 })
  local p = ffi.cast("int *", a) + 2
  lu.assertEquals({ p[-2], p[-1], p[0], p[1] }, { 1, 2, 3, 4 })
  lu.assertEquals(ffi.cast("struct ac_flex *", a).v[2], 4)
  lu.assertEquals(ffi.cast("struct ac_trail *", a).v[2], 4)
  lu.assertEquals(ffi.cast("struct ac_zero *", a).v[2], 4)
end

TestAccessIndex = {}

function TestAccessIndex:test_fractional_and_cdata_indexes()
  local a = ffi.new("int[3]", { 10, 11, 12 })
  lu.assertEquals(a[1.0], 11)
  lu.assertEquals(a[ffi.new("int", 2)], 12)
  lu.assertEquals(a[V.i64 "1"], 11)
  lu.assertEquals(a[V.u64 "2"], 12)
  a[V.i64 "0"] = 20
  lu.assertEquals(a[0], 20)
end

function TestAccessIndex:test_fraction_truncates()
  local a = ffi.new("int[3]", { 10, 11, 12 })
  lu.assertEquals(a[1.7], 11)
end

function TestAccessIndex:test_string_into_char_array_element_of_struct()
  ffi.cdef "struct ac_name { char name[8]; int after; };"
  local s = ffi.new "struct ac_name"
  s.after = 5
  s.name = "abc"
  lu.assertEquals(ffi.string(s.name), "abc")
  s.name = "much too long a name"
  lu.assertEquals(s.after, 5)
  lu.assertEquals(ffi.string(s.name, 8), "much too")
end

function TestAccessIndex:test_static_const_and_scoped_enum_constants()
  lu.assertEquals(ffi.typeof "struct ac_static".LIMIT, 12)
  lu.assertEquals(tonumber(ffi.typeof "struct ac_static".AC_TWO), 2)
  local s = ffi.new("struct ac_static", 5)
  lu.assertEquals(s.a, 5)
  lu.assertEquals(s.LIMIT, 12)
  lu.assertError(function() s.LIMIT = 1 end)
  lu.assertEquals(ffi.sizeof "struct ac_static", 4)
end

function TestAccessIndex:test_flexible_member_by_pointer()
  local raw = ffi.new "int[4]"
  local f = ffi.cast("struct ac_flex *", raw)
  f.v[0], f.v[2] = 5, 6
  lu.assertEquals({ raw[1], raw[3] }, { 5, 6 })
end

-- The last member of a struct as `[]`, `[0]` or `[?]`: C knows no bound, Ferry that of what it has made itself.
TestAccessOpenArrays = {}

ffi.cdef [[
struct ac_open_flex { int n; char s[]; };
struct ac_open_zero { int n; char s[0]; };
struct ac_open_vls { int n; char s[?]; };
struct ac_open_outer { int n; struct ac_open_zero last; };
struct ac_open_tail { double d; char c; char s[]; };
struct ac_open_marker { int a; char mark[0]; int b; };
void *malloc(size_t size);
void free(void *block);
]]

function TestAccessOpenArrays:test_string_behind_a_pointer()
  for _, name in ipairs { "flex", "zero" } do
    local block = ffi.C.malloc(64)
    ffi.fill(block, 64, 7)
    local p = ffi.cast("struct ac_open_" .. name .. " *", block)
    p.s = "hello"
    lu.assertEquals(ffi.string(ffi.cast("char *", block) + 4, 7), "hello\0\7", name)
    lu.assertEquals(ffi.string(p.s, 5), "hello", name)
    p.s[1] = 97
    lu.assertEquals(ffi.string(ffi.cast("char *", p.s)), "hallo", name)
    lu.assertEquals(p.s[40], 7)
    ffi.C.free(block)
  end
end

function TestAccessOpenArrays:test_string_into_a_variable_length_struct()
  local v = ffi.new("struct ac_open_vls", 6)
  v.s = "hello"
  lu.assertEquals(ffi.string(v.s), "hello")
  lu.assertEquals(v.s[5], 0)
end

function TestAccessOpenArrays:test_sizes_stay_those_of_the_types()
  lu.assertEquals(ffi.sizeof(ffi.new("struct ac_open_zero").s), 0)
  lu.assertEquals(ffi.sizeof "struct ac_open_zero", 4)
  lu.assertEquals(ffi.sizeof(ffi.new("struct ac_trail").v), 4)
end

function TestAccessOpenArrays:test_strings_beyond_what_was_allocated()
  H.not_on_luajit "writes behind the object"
  for _, name in ipairs { "flex", "zero" } do
    local s = ffi.new("struct ac_open_" .. name)
    H.assert_error_contains(function() s.s = "x" end, "string of 1 bytes is too long for the 0 bytes", "member 's'", name)
    s.s = ""
    H.assert_error_contains(function() ffi.new("struct ac_open_" .. name, { 1, "hello" }) end, "too long", "'s'")
  end
  local v = ffi.new("struct ac_open_vls", 4)
  v.s = "four" -- without its terminator, as C has it
  lu.assertEquals(ffi.string(v.s), "four")
  H.assert_error_contains(function() v.s = "fives" end, "string of 5 bytes is too long for the 4 bytes")
  lu.assertEquals(ffi.string(v.s), "four")
  lu.assertError(ffi.new, "struct ac_open_vls", 2, { 1, "abc" })
  local padded = ffi.new "struct ac_open_tail" -- 16 bytes, 7 of them behind c
  if ffi.sizeof(padded) < 16 then return end -- i386: 12, and 3
  padded.s = "seven"
  lu.assertEquals(ffi.string(padded.s), "seven")
  lu.assertError(function() padded.s = "eightbytes" end)
end

function TestAccessOpenArrays:test_elements_beyond_what_was_allocated()
  H.not_on_luajit "writes behind the object"
  for _, name in ipairs { "ac_flex", "ac_zero" } do
    local s = ffi.new("struct " .. name)
    H.assert_error_contains(function() return s.v[0] end, "index 0 is outside of 'int")
    H.assert_error_contains(function() s.v[3] = 1 end, "index 3 is outside of 'int")
    H.assert_error_contains(function() s.v = { 1 } end, "too many initializers")
    lu.assertError(ffi.fill, s.v, 4)
    lu.assertError(ffi.copy, s.v, "four")
    lu.assertError(ffi.fill, s, 5)
    lu.assertError(ffi.fromtable, s.v, { 1 })
    lu.assertError(ffi.totable, s.v, 1)
  end
  local one = ffi.new "struct ac_trail"
  one.v[0] = 5
  lu.assertError(function() one.v[1] = 5 end)
  local two = ffi.new "struct ac_trail[2]" -- what lies behind the first one's is still the object's
  two[0].v[2] = 6
  lu.assertEquals(two[1].v[0], 6)
  lu.assertError(function() two[0].v[3] = 6 end)
  local outer = ffi.new "struct ac_open_outer"
  lu.assertError(function() outer.last.s[0] = 1 end)
  lu.assertError(function() outer.last.s = "x" end)
end

function TestAccessOpenArrays:test_a_table_into_a_marker_leaves_what_is_behind()
  H.not_on_luajit "refuses the table"
  local s = ffi.new("struct ac_open_marker", 1, "", 0x01020304)
  s.mark = { 9 }
  lu.assertEquals(ffi.cast("uint8_t *", s)[4], 9)
  lu.assertEquals(ffi.cast("uint8_t *", s)[5], ffi.abi "le" and 3 or 2)
end

H.run()
