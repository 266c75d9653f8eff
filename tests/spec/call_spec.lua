-- Calls: every parameter and result kind by value, many parameters, function pointers, varargs, wrong
-- arguments. The functions are in fixtures/spec_calls.c.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi
local fx = H.load "spec_calls"

for name, ctype in pairs {
  i8 = "int8_t", u8 = "uint8_t", i16 = "int16_t", u16 = "uint16_t", i32 = "int32_t", u32 = "uint32_t",
  i64 = "int64_t", u64 = "uint64_t", f = "float", d = "double",
} do
  ffi.cdef((([[ T add_N(T a, T b); T id_N(T a); void store_N(T *p, T a); ]]):gsub("%f[%w]T%f[%W]", ctype):gsub("N%f[%W]", name)))
end
ffi.cdef [[
bool not_b(bool v);
int bool_as_int(bool v);
enum colour { RED, GREEN = 5, BLUE };
enum colour next_colour(enum colour c);
const char *skip(const char *s, int n);
void *id_ptr(void *p);
const char *null_string(void);
void nothing(void);
int answer();
int is_null(const void *p);
typedef struct { char a; } s_char;
typedef struct { int a, b; } s_ints;
typedef struct { double x, y; } s_doubles;
typedef struct { float x, y, z; } s_floats;
typedef struct { int a; double b; } s_mixed;
typedef struct { double b; int64_t a; } s_mixed2;
typedef struct { int64_t a, b, c; } s_big;
typedef struct { char c[5]; } s_bytes;
typedef struct { s_ints in; float f; } s_nested;
typedef union { int i; float f; double d; } u_num;
typedef struct { int (*op)(int, int); int n; } s_op;
s_char up_char(s_char s);
s_ints swap_ints(s_ints s);
s_doubles add_doubles(s_doubles a, s_doubles b);
s_floats scale_floats(s_floats s, float k);
s_mixed neg_mixed(s_mixed s);
s_mixed2 neg_mixed2(s_mixed2 s);
s_big rotate_big(s_big s);
s_bytes reverse_bytes(s_bytes s);
s_nested neg_nested(s_nested s);
u_num double_num(u_num u);
double sum_mixed(int a, s_doubles d, double x, s_big b, float f, s_ints i, char c);
int64_t sum_bigs(s_big, s_big, s_big, s_big, s_big, s_big, s_big, s_big, s_big, s_big, s_big, s_big, s_big, int);
int sum_ints_ptr(const s_ints *s);
void set_ints_ptr(s_ints *s, int a, int b);
int run_op(s_op s, int x);
int run_op_ptr(const s_op *s, int x);
s_op make_op(int n);
int (*pick_op(bool p))(int, int);
int apply_op(int (*op)(int, int), int a, int b);
double weigh_doubles(double, double, double, double, double, double, double, double, double, double, double, double);
double mix_16(int8_t, float, int16_t, double, uint8_t, float, int64_t, double, uint16_t, float, int32_t, double, char, float, bool, double);
int vary(char *buf, int size, const char *kinds, ...);
int sum_until_zero(int first, ...);
int new_name(int x) __asm__("renamed_symbol");
int by_ref(const int &x);
void inc_ref(int &x);
]]
ffi.cdef("int weigh_40(" .. ("int, "):rep(39) .. "int);")

TestCallScalars = {}

function TestCallScalars:test_integers_wrap()
  for _, row in ipairs {
    { "add_i8", 127, 1, -128 }, { "add_i8", 256, 1, 1 }, { "add_i8", -120, 120, 0 }, { "add_u8", 255, 1, 0 },
    { "add_u8", 120, 120, 240 }, { "add_i16", 32767, 1, -32768 }, { "add_u16", 65535, 1, 0 },
    { "add_i32", 2147483647, 1, -2147483648 }, { "add_u32", 4294967295, 1, 0 }, { "add_u32", 4294967295, 0, 4294967295 },
    { "add_i32", -5, 3, -2 }, { "add_u32", -1, 0, 4294967295 },
  } do
    lu.assertEquals(fx[row[1]](row[2], row[3]), row[4], row[1])
  end
end

function TestCallScalars:test_64_bit()
  H.assert_int(fx.add_i64(V.i64 "9223372036854775807", 1), "-9223372036854775808")
  H.assert_int(fx.id_i64(-5), "-5")
  H.assert_uint(fx.add_u64(V.u64 "18446744073709551614", 1), "18446744073709551615")
  H.assert_int(fx.id_i64(2 ^ 53), "9007199254740992")
  H.assert_uint(fx.id_u64(V.i64 "-1"), "18446744073709551615")
  H.assert_int(fx.id_i64(V.u64 "18446744073709551615"), "-1")
end

function TestCallScalars:test_64_bit_results_are_native_integers_where_there_are_some()
  if not H.native_int64 then lu.skip "5.3+" end
  lu.assertEquals(math.type(fx.id_i64(5)), "integer")
  lu.assertEquals(fx.add_i64(math.maxinteger, 1), math.mininteger)
  lu.assertEquals(fx.add_u64(math.maxinteger, 1), math.mininteger)
  lu.assertEquals(fx.id_i64(math.mininteger), math.mininteger)
end

function TestCallScalars:test_floating()
  lu.assertEquals(fx.add_f(1.5, 2.25), 3.75)
  lu.assertEquals(fx.add_d(0.1, 0.2), 0.1 + 0.2)
  lu.assertEquals(fx.id_d(1 / 0), 1 / 0)
  lu.assertTrue(fx.id_d(0 / 0) ~= fx.id_d(0 / 0))
  lu.assertEquals(1 / fx.id_d(-1 / math.huge), -1 / 0)
  lu.assertEquals(fx.id_f(16777217), 16777216)
  lu.assertEquals(fx.id_d(5), 5)
end

function TestCallScalars:test_bool()
  lu.assertEquals(fx.not_b(true), false)
  lu.assertEquals(fx.not_b(false), true)
  lu.assertEquals(fx.not_b(0), true)
  lu.assertEquals(fx.not_b(7), false)
  lu.assertEquals(fx.bool_as_int(7), 1)
  lu.assertEquals(fx.bool_as_int(256), 1)
  lu.assertEquals(fx.id_i32(true), 1)
end

function TestCallScalars:test_enum()
  lu.assertEquals(tonumber(fx.next_colour "RED"), 5)
  lu.assertEquals(tonumber(fx.next_colour(5)), 6)
  lu.assertEquals(tonumber(fx.next_colour(ffi.new("enum colour", "GREEN"))), 6)
  lu.assertError(fx.next_colour, "PINK")
end

function TestCallScalars:test_pointers_and_strings()
  lu.assertEquals(ffi.string(fx.skip("hello", 2)), "llo")
  lu.assertTrue(V.isnull(fx.null_string()))
  lu.assertTrue(V.isnull(fx.id_ptr(nil)))
  local a = ffi.new "int[1]"
  lu.assertTrue(fx.id_ptr(a) == ffi.cast("void *", a))
  lu.assertEquals(fx.is_null(nil), 1)
  lu.assertEquals(fx.is_null "x", 0)
  lu.assertEquals(fx.is_null(a), 0)
  lu.assertEquals(tostring(ffi.typeof(fx.skip("x", 0))), "ctype<const char *>")
end

function TestCallScalars:test_nothing_returned()
  lu.assertEquals(select("#", fx.nothing()), 0)
  lu.assertEquals(fx.answer(), 42)
end

function TestCallScalars:test_out_parameters()
  local i, d, u = ffi.new "int32_t[1]", ffi.new "double[1]", ffi.new "uint64_t[1]"
  fx.store_i32(i, -7)
  fx.store_d(d, 2.5)
  fx.store_u64(u, V.u64 "18446744073709551615")
  lu.assertEquals(i[0], -7)
  lu.assertEquals(d[0], 2.5)
  H.assert_uint(u[0], "18446744073709551615")
end

function TestCallScalars:test_boxed_scalars_as_arguments()
  lu.assertEquals(fx.add_i32(ffi.new("int", 3), ffi.new("int8_t", -1)), 2)
  lu.assertEquals(fx.add_d(ffi.new("float", 0.5), ffi.new("int", 2)), 2.5)
  lu.assertEquals(fx.id_i32(ffi.new("double", 3.9)), 3)
  lu.assertEquals(fx.not_b(ffi.new("bool", true)), false)
  lu.assertEquals(fx.id_i32(3.9), 3)
end

TestCallStructs = {}

function TestCallStructs:test_by_value()
  lu.assertEquals(fx.up_char(ffi.new("s_char", 65)).a, 66)
  local i = fx.swap_ints(ffi.new("s_ints", 1, -2))
  lu.assertEquals({ i.a, i.b }, { -2, 1 })
  local d = fx.add_doubles(ffi.new("s_doubles", 1, 2), ffi.new("s_doubles", 0.5, 0.25))
  lu.assertEquals({ d.x, d.y }, { 1.5, 2.25 })
  local f = fx.scale_floats(ffi.new("s_floats", 1, 2, 3), 0.5)
  lu.assertEquals({ f.x, f.y, f.z }, { 0.5, 1, 1.5 })
  local m = fx.neg_mixed(ffi.new("s_mixed", 3, 4.5))
  lu.assertEquals({ m.a, m.b }, { -3, -4.5 })
  local n = fx.neg_mixed2(ffi.new("s_mixed2", 1.5, 9))
  lu.assertEquals(n.b, -1.5)
  H.assert_int(n.a, "-9")
  local b = fx.rotate_big(ffi.new("s_big", 1, 2, 3))
  H.assert_int(b.a, "2")
  H.assert_int(b.c, "1")
  lu.assertEquals(ffi.string(fx.reverse_bytes(ffi.new("s_bytes", { "abcde" })).c, 5), "edcba")
  local e = fx.neg_nested(ffi.new("s_nested", { { 1, 2 }, 3.5 }))
  lu.assertEquals({ e["in"].a, e["in"].b, e.f }, { -1, -2, -3.5 })
  lu.assertEquals(fx.double_num(ffi.new("u_num", { d = 2.25 })).d, 4.5)
end

function TestCallStructs:test_argument_is_copied()
  local s = ffi.new("s_ints", 1, 2)
  local r = fx.swap_ints(s)
  lu.assertEquals({ s.a, s.b, r.a }, { 1, 2, 2 })
end

function TestCallStructs:test_pointer_is_dereferenced_for_a_value()
  local s = ffi.new("s_ints", 1, 2)
  lu.assertEquals(fx.swap_ints(ffi.new("s_ints[2]", { { 1, 2 }, { 3, 4 } })[1]).a, 4)
  lu.assertEquals(fx.sum_ints_ptr(s), 21)
  lu.assertEquals(fx.sum_ints_ptr(ffi.cast("s_ints *", s)), 21)
  fx.set_ints_ptr(s, 8, 9)
  lu.assertEquals({ s.a, s.b }, { 8, 9 })
end

function TestCallStructs:test_mixed_classes()
  local v = fx.sum_mixed(1, ffi.new("s_doubles", 2, 3), 4, ffi.new("s_big", 5, 6, 7), 8, ffi.new("s_ints", 9, 1), 2)
  lu.assertEquals(v, 1 + 20 + 300 + 4000 + 50000 + 600000 + 7000000 + 80000000 + 900000000 + 1e9 + 2e10)
end

-- More structs that travel by their addresses than registers take addresses.
function TestCallStructs:test_many_large_structs()
  local list, expected = {}, 7
  for i = 1, 13 do
    list[i] = ffi.new("s_big", i, i + 20, i + 40)
    expected = expected + i * (i + 100 * (i + 20) + 10000 * (i + 40))
  end
  list[14] = 7
  lu.assertEquals(tonumber(fx.sum_bigs((table.unpack or unpack)(list))), expected)
end

function TestCallStructs:test_table_for_a_struct_parameter()
  H.not_on_luajit "takes none"
  lu.assertEquals(fx.swap_ints({ 1, 2 }).a, 2)
  lu.assertEquals(fx.swap_ints({ b = 5 }).a, 5)
  lu.assertEquals(fx.sum_ints_ptr({ 3, 4 }), 43)
  lu.assertEquals(fx.sum_ints_ptr({ a = 3 }), 3)
end

-- What the table leaves out is zero, whatever lay there before.
function TestCallStructs:test_table_for_a_part_of_a_struct()
  H.not_on_luajit "takes none"
  fx.rotate_big { -1, -1, -1 }
  fx.swap_ints { -1, -1 }
  local b = fx.rotate_big { 7 }
  H.assert_num(b.c, 7)
  H.assert_num(b.a, 0)
  H.assert_num(b.b, 0)
  lu.assertEquals(fx.swap_ints({ 7 }).a, 0)
  lu.assertEquals(fx.swap_ints({}).a, 0)
end

-- Nobody would keep what a pointer in it would point to.
function TestCallStructs:test_table_within_a_table()
  H.not_on_luajit "takes none"
  ffi.cdef "typedef struct { s_ints *p[2]; } s_held; int take_held(s_held) __asm__(\"answer\");"
  V.names(function() fx.take_held { p = { { 1, 2 } } } end, { "cannot convert 'table' to", "element 0" })
  lu.assertEquals(fx.take_held { p = { ffi.new "s_ints" } }, 42)
end

function TestCallStructs:test_classes_that_luajit_lacks()
  H.not_on_luajit "cannot call these"
  ffi.cdef [[
    typedef struct { unsigned a : 3; int b : 5; uint64_t c : 40; } s_bits;
    typedef struct __attribute__((packed)) { signed char c; double d; } s_packed;
    typedef struct { long double v; } s_ld;
    s_bits bump_bits(s_bits s);
    s_packed neg_packed(s_packed s);
    s_ld half_ld(s_ld s);
  ]]
  local b = fx.bump_bits(ffi.new("s_bits", 7, -16, 40))
  lu.assertEquals({ b.a, b.b }, { 0, 15 })
  H.assert_num(b.c, 42)
  local p = fx.neg_packed(ffi.new("s_packed", 3, 1.5))
  lu.assertEquals({ p.c, p.d }, { -3, -1.5 })
  lu.assertEquals(tonumber(fx.half_ld({ 5 }).v), 2.5)
end

function TestCallStructs:test_wrong_struct()
  lu.assertError(fx.swap_ints, ffi.new "s_doubles")
  lu.assertError(fx.swap_ints, 1)
  lu.assertError(fx.swap_ints, nil)
  lu.assertError(fx.sum_ints_ptr, ffi.new "s_doubles")
end

TestCallMany = {}

function TestCallMany:test_forty_parameters()
  local t, sum = {}, 0
  for i = 1, 40 do
    t[i] = i * 3 - 50
    sum = sum + t[i] * i
  end
  lu.assertEquals(fx.weigh_40((table.unpack or unpack)(t)), sum)
  lu.assertError(fx.weigh_40, (table.unpack or unpack)(t, 1, 39))
end

function TestCallMany:test_twelve_doubles()
  lu.assertEquals(fx.weigh_doubles(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 650)
end

function TestCallMany:test_mixed_register_classes()
  local want = -1 + 2 * 2.5 + 3 * -3 + 4 * 4.25 + 5 * 5 + 6 * 6.5 + 7 * -7 + 8 * 8.125 + 9 * 9 + 10 * 10.5 + 11 * -11
    + 12 * 12.75 + 13 * 14 + 14 * 14.5 + 15 + 16 * 16
  lu.assertEquals(fx.mix_16(-1, 2.5, -3, 4.25, 5, 6.5, -7, 8.125, 9, 10.5, -11, 12.75, 14, 14.5, true, 16), want)
end

TestFunctionPointers = {}

function TestFunctionPointers:test_results_members_and_arguments()
  local plus, minus = fx.pick_op(true), fx.pick_op(false)
  lu.assertEquals({ plus(20, 3), minus(20, 3) }, { 23, 17 })
  lu.assertEquals(fx.apply_op(plus, 1, 2), 3)
  lu.assertEquals(fx.apply_op(nil, 1, 2), -1)
  local s = ffi.new "s_op"
  s.op, s.n = minus, 10
  lu.assertEquals(s.op(10, 4), 6)
  lu.assertEquals(fx.run_op_ptr(s, 3), 7)
  lu.assertEquals(fx.run_op(s, 4), 6)
  local r = fx.make_op(-3)
  lu.assertEquals(r.op(r.n, 1), -4)
end

function TestFunctionPointers:test_cast_and_arrays()
  ffi.cdef "int abs(int);"
  local p = ffi.cast("int (*)(int)", ffi.C.abs)
  lu.assertEquals(p(-4), 4)
  local a = ffi.new("int (*[2])(int)", { ffi.C.abs })
  lu.assertEquals(a[0](-5), 5)
  local q = ffi.new("int (*)(int)", ffi.C.abs)
  lu.assertEquals(q(-6), 6)
  lu.assertTrue(p == q)
end

function TestFunctionPointers:test_library_functions_are_known_as_functions()
  H.not_on_luajit "has function cdata"
  local text = tostring(ffi.typeof(fx.answer))
  lu.assertTrue(text == "ctype<int (*)()>" or text == "ctype<int ()>", text)
  lu.assertTrue(ffi.istype("int (*)()", fx.answer) or ffi.istype("int ()", fx.answer))
  lu.assertEquals(ffi.type(fx.answer), "function")
  lu.assertTrue(ffi.cast("void *", fx.answer) == ffi.cast("void *", fx.answer))
end

function TestFunctionPointers:test_library_functions_convert_like_pointers()
  lu.assertEquals(fx.is_null(fx.answer), 0)
  lu.assertTrue(ffi.cast("int (*)()", fx.answer) == ffi.cast("int (*)()", fx.answer))
  lu.assertNil((ffi.sizeof(fx.answer)))
  lu.assertFalse(ffi.istype("int", fx.answer))
  lu.assertEquals(ffi.cast("int (*)()", fx.answer)(), 42)
  lu.assertFalse(V.isnull(ffi.cast("void *", fx.answer)))
end

function TestFunctionPointers:test_null_is_an_error_to_call()
  H.not_on_luajit "crashes"
  local s = ffi.new "s_op"
  lu.assertError(function() s.op(1, 2) end)
  lu.assertError(ffi.new "int (*)(int)", 1)
end

function TestFunctionPointers:test_incompatible()
  lu.assertError(fx.apply_op, ffi.cast("int (*)(int)", ffi.cast("void *", fx.answer)), 1, 2)
  lu.assertError(fx.apply_op, 5, 1, 2)
  lu.assertError(fx.apply_op, "x", 1, 2)
end

TestCallErrors = {}

function TestCallErrors:test_wrong_number_of_arguments()
  lu.assertError(fx.answer, 1)
  lu.assertError(fx.add_i32)
  lu.assertError(fx.add_i32, 1)
  lu.assertError(fx.add_i32, 1, 2, 3)
  lu.assertError(fx.vary)
  V.names(fx.add_i32, { "wrong number of arguments" }, 1)
end

function TestCallErrors:test_wrong_number_names_the_function()
  H.not_on_luajit "names none"
  V.names(function() fx.add_i32(1) end, { "add_i32" })
end

function TestCallErrors:test_wrong_type_names_argument_and_types()
  V.names(function() fx.add_i32(1, "x") end, { "#2", "add_i32", "string", "int" })
  V.names(function() fx.add_i32({}, 1) end, { "#1", "add_i32", "table", "int" })
  V.names(function() fx.add_d(nil, 1) end, { "#1", "nil", "double" })
  V.names(function() fx.skip(5, 1) end, { "#1", "number", "const char *" })
  V.names(function() fx.add_i32(ffi.new "int *", 1) end, { "#1", "int *", "int" })
  V.names(function() fx.store_i32(ffi.new "double[1]", 1) end, { "#1", "double [1]", "int *" })
  V.names(function() fx.store_i32(ffi.new "const int[1]", 1) end, { "#1", "const int [1]", "int *" })
  V.names(function() fx.id_i32(print) end, { "#1", "function", "int" })
end

function TestCallErrors:test_function_name_survives_pcall()
  H.not_on_luajit "shows '?'"
  V.names(fx.add_i32, { "#2", "add_i32", "string", "int" }, 1, "x")
end

function TestCallErrors:test_strings_are_not_writable()
  lu.assertError(fx.id_ptr, "x")
  lu.assertError(fx.vary, "buf", 3, "")
end

TestVarargs = {}

local function vary(kinds, ...)
  local buf = ffi.new "char[300]"
  fx.vary(buf, 300, kinds, ...)
  return ffi.string(buf)
end

function TestVarargs:test_promotions_of_cdata()
  lu.assertEquals(vary("iii", ffi.new("int", -1), ffi.new("int8_t", -2), ffi.new("uint16_t", 65535)), "i-1 i-2 i65535 ")
  lu.assertEquals(vary("lu", V.i64 "-9223372036854775808", V.u64 "18446744073709551615"), "l-9223372036854775808 u18446744073709551615 ")
  lu.assertEquals(vary("dd", ffi.new("float", 1.5), ffi.new("double", 2.5)), "d1.5 d2.5 ")
end

function TestVarargs:test_lua_values()
  lu.assertEquals(vary("dsps", 1.5, "text", nil, nil), "d1.5 stext pNULL sNULL ")
  lu.assertEquals(vary("i", true), "i1 ")
  lu.assertEquals(vary("ii", false, true), "i0 i1 ")
  lu.assertEquals(vary("p", ffi.new "int[1]"), "pset ")
end

function TestVarargs:test_pointers_to_structs_and_functions()
  local s = ffi.new("s_ints", 3, 4)
  lu.assertEquals(vary("P", ffi.cast("s_ints *", s)), "P3,4 ")
  lu.assertEquals(vary("P", ffi.new("s_ints[1]", { { 5, 6 } })), "P5,6 ")
  lu.assertEquals(vary("f", fx.pick_op(false)), "f17 ")
end

function TestVarargs:test_structs_are_passed_by_address()
  local s, in_struct = ffi.new("s_ints", 3, 4), ffi.new "struct { s_ints in; }"
  for _ = 1, 3 do
    lu.assertEquals(vary("PiP", s, ffi.new("int", 5), ffi.new("s_ints", 6, 7)), "P3,4 i5 P6,7 ")
  end
  in_struct["in"].b = 9
  lu.assertEquals(vary("PP", in_struct["in"], ffi.cast("s_ints &", s)), "P0,9 P3,4 ")
  -- C writes into the object, not into a copy.
  local parts = ffi.new("union { int64_t whole; struct { int low, high; } parts; }")
  ffi.cdef "int sscanf(const char *, const char *, ...);"
  for i = 1, 3 do
    lu.assertEquals(ffi.C.sscanf(tostring(i), "%d", parts), 1)
    lu.assertEquals(parts.parts.low, i)
  end
end

function TestVarargs:test_opaque_structs_are_passed_by_address()
  ffi.cdef "typedef struct s_opaque s_opaque;"
  local ints = ffi.new("s_ints", 3, 4)
  lu.assertEquals(vary("P", ffi.cast("s_opaque &", ints)), "P3,4 ")
  lu.assertNotNil(ints)
end

TestDeclaredVarargs = {}

local function declared(kinds, ...)
  local f = ffi.vararg(fx.vary, ...)
  return function(...)
    local buf = ffi.new "char[300]"
    f(buf, 300, kinds, ...)
    return ffi.string(buf)
  end
end

function TestDeclaredVarargs:test_numbers_are_converted()
  H.not_on_luajit "has no such function"
  local f = declared("iddl", "int", "double", "float", "int64_t")
  for _ = 1, 3 do
    lu.assertEquals(f(1.0, 2, 3, 4.0), "i1 d2 d3 l4 ")
    lu.assertEquals(f(-1, 2.5, -3.5, ffi.new("int", 4)), "i-1 d2.5 d-3.5 l4 ")
    lu.assertEquals(f(true, ffi.new("int8_t", 5), 1, 2), "i1 d5 d1 l2 ")
  end
  lu.assertEquals(declared("iii", "char", "short", "bool")(65, -3, true), "i65 i-3 i1 ")
end

function TestDeclaredVarargs:test_pointers_strings_structs()
  H.not_on_luajit "has no such function"
  local f = declared("sPSi", "const char *", "s_ints *", "s_ints", "int")
  local s = ffi.new("s_ints", 3, 4)
  for _ = 1, 3 do
    lu.assertEquals(f("text", s, s, 5), "stext P3,4 S3,4 i5 ")
    lu.assertEquals(f(nil, ffi.new("s_ints[1]", { { 5, 6 } }), { 7, 8 }, 5), "sNULL P5,6 S7,8 i5 ")
  end
  lu.assertEquals(declared("f", "int (*)(int, int)")(fx.pick_op(false)), "f17 ")
  local large = {}
  for i = 1, 20 do large[i] = "double" end
  local args, want = {}, ""
  for i = 1, 20 do args[i], want = i, want .. "d" .. i .. " " end
  lu.assertEquals(declared(("d"):rep(20), (table.unpack or unpack)(large))((table.unpack or unpack)(args)), want)
end

function TestDeclaredVarargs:test_nothing_behind_the_dots_and_pointers_to_functions()
  H.not_on_luajit "has no such function"
  lu.assertEquals(declared ""(), "")
  local p = ffi.cast("int (*)(int, ...)", fx.sum_until_zero)
  local f = ffi.vararg(p, "int", "int")
  p = nil
  collectgarbage()
  for _ = 1, 3 do lu.assertEquals(f(1.0, 2.0, 0.0), 3) end
  lu.assertErrorMsgContains("wrong number of arguments for function call (3 expected, got 2)", f, 1, 2)
  lu.assertEquals(ffi.vararg(f, "int")(5, 0), 5)
end

function TestDeclaredVarargs:test_errors()
  H.not_on_luajit "has no such function"
  local f = ffi.vararg(fx.sum_until_zero, "int", "int")
  lu.assertErrorMsgContains("wrong number of arguments for 'sum_until_zero' (3 expected, got 2)", f, 1, 2)
  lu.assertErrorMsgContains("wrong number of arguments for 'sum_until_zero' (3 expected, got 4)", f, 1, 2, 3, 4)
  V.names(function() f(1, 2, "x") end, { "#3", "sum_until_zero", "string", "int" })
  V.names(function() f(1, {}, 0) end, { "#2", "sum_until_zero", "table", "int" })
  V.names(ffi.vararg, { "#1", "'int (int)' has no '...'" }, ffi.cast("int (*)(int)", 8))
  V.names(ffi.vararg, { "#1", "NULL" }, ffi.new "int (*)(int, ...)")
  V.names(ffi.vararg, { "#1", "C function expected" }, print)
  V.names(ffi.vararg, { "#1", "C function expected" }, ffi.new "int[1]")
  V.names(ffi.vararg, { "#2", "void" }, fx.vary, "void")
  ffi.cdef "struct s_unknown;"
  V.names(ffi.vararg, { "#3", "struct s_unknown" }, fx.vary, "int", "struct s_unknown")
  lu.assertError(ffi.vararg, fx.vary, 5)
end

function TestDeclaredVarargs:test_compiled_once()
  H.not_on_luajit "has no such function"
  local d = ffi.debug(ffi.vararg(fx.vary, "int", "s_ints"))
  lu.assertStrContains(d.plan, "4")
  if ffi.backend == "thunk" then lu.assertStrContains(d.code, ffi.arch == "arm64" and "blr" or "call") end
  lu.assertNotEquals(d.plan, ffi.debug(fx.vary).plan)
end

function TestVarargs:test_other_scalars()
  lu.assertEquals(vary("iii", ffi.new("enum colour", "BLUE"), ffi.new("bool", true), ffi.new("char", 65)), "i6 i1 i65 ")
  lu.assertEquals(vary("ii", ffi.new("int16_t", -3), ffi.new("uint8_t", 255)), "i-3 i255 ")
  lu.assertEquals(vary("pp", ffi.new "int *", ffi.cast("void *", 64)), "pNULL pset ")
  lu.assertEquals(vary("s", ffi.new("char[6]", "array")), "sarray ")
  lu.assertEquals(vary("sp", ffi.cast("const char *", "cs"), io.stdout), "scs pset ")
  lu.assertEquals(vary("p", fx.answer), "pset ")
end

function TestVarargs:test_many()
  local kinds, args, want = "", {}, ""
  for i = 1, 20 do
    kinds = kinds .. "id"
    args[2 * i - 1], args[2 * i] = ffi.new("int", i), i + 0.5
    want = want .. ("i%d d%g "):format(i, i + 0.5)
  end
  lu.assertEquals(vary(kinds, (table.unpack or unpack)(args)), want)
end

function TestVarargs:test_integers_of_53()
  if not H.native_int64 then lu.skip "5.3+: integers are integers" end
  lu.assertEquals(vary("ii", 5, -6), "i5 i-6 ")
  lu.assertEquals(vary("ll", math.maxinteger, math.mininteger), "l9223372036854775807 l-9223372036854775808 ")
  lu.assertEquals(fx.sum_until_zero(1, 2, 3, 4, 0), 10)
end

function TestVarargs:test_tables_have_no_conversion()
  lu.assertError(vary, "p", {})
  lu.assertError(vary, "p", coroutine.create(function() end))
end

function TestVarargs:test_fixed_part_is_checked()
  lu.assertError(fx.vary, ffi.new "char[1]", 1)
  lu.assertError(fx.vary, ffi.new "char[1]", "x", "")
end

-- What stands in front of `...` lies elsewhere once variadic arguments reach the stack. The first call of a shape of
-- arguments, the second and the third may take different ways.
local fixed_kinds = {
  { "quad", "struct { float x, y, z, w; }", { 1, 2, 3, 4 } },
  { "triple", "struct { double x, y, z; }", { 1, 2, 3 } },
  { "pair", "struct { int64_t a, b; }", { 1, 2 } },
  { "large", "struct { int32_t v[9]; }", { { 1, 2, 3, 4, 5, 6, 7, 8, 9 } } },
  { "wide", "struct { __int128 v; }", { -5 }, "knows no __int128" },
  { "small", "struct { char c[3]; }", { { 1, 2, 3 } } },
  { "int128", "__int128", -5, "knows no __int128" },
  { "cf", "float _Complex", { 1, 2 } },
  { "cd", "double _Complex", { 1, 2 } },
  { "cld", "long double _Complex", { 1, 2 }, "does not pass it" },
  { "ld", "long double", 1.5, "does not pass it" },
  { "f", "float", 1.5 },
  { "i8", "int8_t", -5 },
}

local function check_fixed_kind(kind)
  if kind[2]:find "int128" then H.needs_int128() end
  local name, text, init = kind[1], kind[2], kind[3]
  local ctype = "vft_" .. name
  ffi.cdef(("typedef %s %s; int in_front_%s(%s, const char *, ...); int in_front2_%s(double, %s, int, %s, const char *, ...);"):format(text,
    ctype, name, ctype, name, ctype, ctype))
  local value = type(init) == "table" and text:find "_Complex" and ffi.new(ctype, init[1], init[2]) or ffi.new(ctype, init)
  local unpack = table.unpack or unpack
  for _, pattern in ipairs { "i", "d", "iddi" } do
    for given = 0, 14 do
      local kinds, list = pattern:rep(14):sub(1, given), {}
      for i = 1, given do list[i] = ffi.new(kinds:sub(i, i) == "i" and "int" or "double", i * 3 + 1) end
      for call = 1, 3 do
        local where = ("%s, kinds '%s', call %d"):format(name, kinds, call)
        lu.assertEquals(fx["in_front_" .. name](value, kinds, unpack(list, 1, given)), 0, where)
        lu.assertEquals(fx["in_front2_" .. name](2.5, value, 77, value, kinds, unpack(list, 1, given)), 0, where)
      end
    end
  end
end

for _, kind in ipairs(fixed_kinds) do
  TestVarargs["test_fixed_" .. kind[1] .. "_in_front"] = function()
    if kind[4] then H.not_on_luajit(kind[4]) end
    local ok, message = pcall(check_fixed_kind, kind)
    if not ok and tostring(message):find("libffi cannot pass", 1, true) then lu.skip(message) end
    if not ok then error(message, 0) end
  end
end

TestCallMisc = {}

function TestCallMisc:test_asm_names()
  lu.assertEquals(fx.new_name(5), 15)
end

function TestCallMisc:test_references()
  local a = ffi.new("int[1]", 5)
  lu.assertEquals(fx.by_ref(a), 6)
  fx.inc_ref(a)
  lu.assertEquals(a[0], 6)
end

function TestCallMisc:test_transparent_unions()
  H.not_on_luajit "knows none"
  ffi.cdef [[
    typedef union { const s_ints *s; const int *i; } t_union __attribute__((transparent_union));
    int sum_transparent(t_union u) __asm__("sum_ints_ptr");
  ]]
  lu.assertEquals(fx.sum_transparent(ffi.new("s_ints", 3, 4)), 43)
  lu.assertEquals(fx.sum_transparent(ffi.new("int[2]", { 5, 6 })), 65)
  lu.assertError(fx.sum_transparent, 5)
end

-- The union itself is its value, also where a member would take its address.
function TestCallMisc:test_transparent_unions_given_themselves()
  H.not_on_luajit "knows none"
  ffi.cdef [[
    typedef union { void *any; const int *ints; intptr_t value; } transparent_any __attribute__((transparent_union));
    intptr_t transparent_any_value(transparent_any u);
    intptr_t transparent_any_behind(int n, transparent_any u, ...);
  ]]
  local pointer = ffi.cast("intptr_t (*)(transparent_any)", fx.transparent_any_value)
  local u, holder = ffi.new "transparent_any", ffi.new "struct { transparent_any u; }"
  u.value, holder.u.value = 4711, 4712
  for _ = 1, 3 do
    for _, f in ipairs { fx.transparent_any_value, pointer } do
      H.assert_int(f(u), "4711")
      H.assert_int(f(holder.u), "4712")
      H.assert_int(f(ffi.cast("void *", 4713)), "4713")
      H.assert_int(f(nil), "0")
      local object = ffi.new "int[2]"
      lu.assertEquals(tonumber(f(object)), tonumber(ffi.cast("intptr_t", object)))
    end
    H.assert_int(fx.transparent_any_behind(1, u, 1.5, "x"), "4712")
  end
end

function TestCallMisc:test_empty_structs_by_any_convention()
  H.not_on_luajit "knows no ms_abi"
  ffi.cdef "struct nothing {}; int sysv_nothing(int, struct nothing, int, struct nothing, struct nothing, int);"
  local nothing = ffi.new "struct nothing"
  for _ = 1, 3 do lu.assertEquals(fx.sysv_nothing(1, nothing, 2, nothing, nothing, 3), 321) end
  if ffi.arch ~= "x64" then return end
  ffi.cdef "__attribute__((ms_abi)) int ms_nothing(int, struct nothing, int, struct nothing, struct nothing, int);"
  for _ = 1, 3 do lu.assertEquals(fx.ms_nothing(1, nothing, 2, nothing, nothing, 3), 321) end
end

function TestCallMisc:test_same_function_many_times()
  local f, sum = fx.add_i32, 0
  for i = 1, H.slow and 100 or 5000 do sum = f(sum, i % 3) end
  lu.assertTrue(sum > 0)
end

function TestCallMisc:test_other_calling_convention()
  if ffi.arch ~= "x64" then lu.skip "x86-64" end
  H.not_on_luajit "knows no ms_abi"
  ffi.cdef "int ms_sum(int, double, int, double, int, double) __attribute__((ms_abi));"
  collectgarbage()
  local before = ffi.debug().code.functions
  lu.assertEquals(fx.ms_sum(1, 2, 3, 4, 5, 6), 1 + 4 + 9 + 16 + 25 + 36)
  if H.backend == "thunk" then lu.assertEquals(ffi.debug().code.functions, before + 1) end
  local pointer = ffi.cast("int (__attribute__((ms_abi)) *)(int, double, int, double, int, double)", fx.ms_sum)
  lu.assertEquals(pointer(1, 2, 3, 4, 5, 6), 1 + 4 + 9 + 16 + 25 + 36)
end

-- They are declared, kept apart from C's own, and refused when they are called or made.
function TestCallMisc:test_conventions_that_nothing_calls()
  H.not_on_luajit "which takes them for C's own"
  ffi.cdef "int add_i32_swift(int, int) __attribute__((swiftcall)) __asm__(\"add_i32\"); typedef int (__attribute__((swiftcall)) *swift)(int, int);"
  H.assert_error_contains(function() return fx.add_i32_swift(1, 2) end, "add_i32_swift")
  H.assert_error_contains(function() return fx.add_i32_swift(1, 2) end, "convention swiftcall")
  H.assert_error_contains(function() return ffi.cast("swift", function() return 1 end) end,
    "'int (int, int) __attribute__((swiftcall))' cannot be called back: ", "convention swiftcall")
  H.assert_error_contains(function() return ffi.cast("swift", fx.add_i32)(1, 2) end, "convention swiftcall")
  lu.assertEquals(tostring(ffi.typeof "swift"), "ctype<int (__attribute__((swiftcall)) *)(int, int)>")
  if ffi.arch ~= "x64" then return end
  ffi.cdef "int add_i32_vector(int, int) __attribute__((vectorcall)) __asm__(\"add_i32\"); int add_i32_registers(int, int) __attribute__((regparm(2))) __asm__(\"add_i32\");"
  H.assert_error_contains(function() return fx.add_i32_vector(1, 2) end, "convention vectorcall")
  lu.assertEquals(fx.add_i32_registers(1, 2), 3) -- only i386 tells it from C's own
end

-- More ways to call than are kept, by a finaliser, while a call of the same type is being prepared.
function TestVarargs:test_calls_by_finalisers_while_a_call_is_prepared()
  H.not_on_luajit "which cannot call such a function"
  if os.getenv "FERRY_CHAOS" == "move" then lu.skip "its finaliser would run at nearly every call" end
  ffi.cdef "struct vary_large { long v[20000]; }; struct vary_large vary_large(int n, ...);"
  local lib = H.load "spec_calls"
  local unpack = table.unpack or unpack
  local runs, done, arm = 0, false, nil
  local function finaliser()
    if done then return end
    runs = runs + 1
    local values = {}
    for i = 1, 70 do
      values[i] = i
      lib.vary_large(0, unpack(values, 1, i))
    end
    arm()
  end
  function arm()
    if newproxy then getmetatable(newproxy(true)).__gc = finaliser else setmetatable({}, { __gc = finaliser }) end
  end
  arm()
  for _ = 1, H.slow and 40 or 300 do
    local r = lib.vary_large(5, 10.5, 20.5, 30.5, 40.5, 50.5)
    lu.assertEquals(tonumber(r.v[0]), 5)
    lu.assertEquals(tonumber(r.v[5]), 50)
  end
  done = true
  lu.assertTrue(H.slow or runs > 0)
end

H.run()
