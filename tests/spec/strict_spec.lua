-- ffi.strict(true): what a conversion would lose is an error that names function, argument or member, value and type;
-- at every door through which a value goes to C, whatever has been compiled or learnt before. Off: LuaJIT's rules.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi
local calls, callbacks, globals = H.load "spec_calls", H.load "spec_callbacks", H.load "spec_globals"

ffi.cdef [[
  int8_t id_i8(int8_t); uint8_t id_u8(uint8_t); int16_t id_i16(int16_t); uint16_t id_u16(uint16_t);
  int32_t id_i32(int32_t); uint32_t id_u32(uint32_t); int64_t id_i64(int64_t); uint64_t id_u64(uint64_t);
  float id_f(float); double id_d(double);
  int8_t call_i8(int8_t (*)(int8_t), int8_t); uint8_t call_u8(uint8_t (*)(uint8_t), uint8_t);
  int16_t call_i16(int16_t (*)(int16_t), int16_t); uint16_t call_u16(uint16_t (*)(uint16_t), uint16_t);
  int32_t call_i32(int32_t (*)(int32_t), int32_t); uint32_t call_u32(uint32_t (*)(uint32_t), uint32_t);
  int64_t call_i64(int64_t (*)(int64_t), int64_t); uint64_t call_u64(uint64_t (*)(uint64_t), uint64_t);
  float call_f(float (*)(float), float); double call_d(double (*)(double), double);
  extern int8_t g_i8; extern uint8_t g_u8; extern int16_t g_i16; extern uint16_t g_u16; extern int32_t g_i32;
  extern uint32_t g_u32; extern int64_t g_i64; extern uint64_t g_u64; extern float g_f; extern double g_d;
  enum colour { RED, GREEN = 5, BLUE };
  enum colour next_colour(enum colour c);
  int snprintf(char *to, size_t size, const char *format, ...);
  enum st_flags { ST_READ = 1, ST_WRITE = 2, ST_RUN = 4, ST_ALL = 7 };
  struct st_point { int x, y; };
  union st_union { int i; double d; };
  struct st_all {
    int8_t i8; uint8_t u8; int16_t i16; uint16_t u16; int32_t i32; uint32_t u32; int64_t i64; uint64_t u64;
    float f; double d; enum colour e; char name[4]; unsigned bits : 3; int sbits : 3; bool b;
  };
]]

-- Kind: suffix of functions, variables and members; C's name; values that fit; values that do not.
local nan, inf = 0 / 0, math.huge
local emulated = os.getenv "FERRY_VALGRIND" == "1" -- valgrind's long double has no infinity
local large = emulated and 1e30 or inf
local whole = { 2.7, nan, inf, -inf, 2 ^ 70 }
local kinds = {
  { "i8", "int8_t", { -128, 127, 5.0 }, { 128, -129, 2 ^ 40, -2 ^ 40 } },
  { "u8", "uint8_t", { 0, 255 }, { -1, 256, 2 ^ 40 } },
  { "i16", "int16_t", { -32768, 32767 }, { 32768, -32769, 2 ^ 40 } },
  { "u16", "uint16_t", { 0, 65535 }, { -1, 65536, 2 ^ 40 } },
  { "i32", "int32_t", { -2 ^ 31, 2 ^ 31 - 1 }, { 2 ^ 31, -2 ^ 31 - 1, 2 ^ 40 } },
  { "u32", "uint32_t", { 0, 2 ^ 32 - 1 }, { -1, 2 ^ 32, 2 ^ 40 } },
  { "i64", "int64_t", { -2 ^ 63, 2 ^ 62, 2 ^ 53 }, { 2 ^ 63, -2 ^ 64, ffi.cast("uint64_t", 2 ^ 63) } },
  { "u64", "uint64_t", { 0, 2 ^ 63 }, { -1, 2 ^ 64, ffi.new("int64_t", -1), ffi.new("int8_t", -1) } },
  { "f", "float", { 0.1, large, -large, 1e30 }, { 1e300, -1e39, ffi.new("int64_t", 2 ^ 24 + 1) } },
  { "d", "double", { 0.1, large, 1e300 }, { ffi.new("int64_t", 2 ^ 53) + 1 } },
}
for _, kind in ipairs(kinds) do
  if kind[1] ~= "f" and kind[1] ~= "d" then
    for _, value in ipairs(whole) do table.insert(kind[4], value) end
    table.insert(kind[4], ffi.new("double", 2.5))
  end
end

local function spelled(ct) return tostring(ffi.typeof(ct)):match "<(.*)>" end

-- Doors: each makes a function that takes one value of the kind, and says what an error names.
local doors = {
  { "member", function(k) local s = ffi.new "struct st_all" return function(v) s[k[1]] = v end, "in member '" .. k[1] .. "'" end },
  { "pointer", function(k)
    local s = ffi.new "struct st_all"
    local p = ffi.cast("struct st_all *", s)
    return function(v) return p[k[1]], (function() p[k[1]] = v end)(), s end, "in member '" .. k[1] .. "'"
  end },
  { "element", function(k) local a = ffi.new(k[2] .. "[2]") return function(v) a[1] = v end, "in element 1" end },
  { "element behind a pointer", function(k)
    local a = ffi.new(k[2] .. "[2]")
    local p = ffi.cast(k[2] .. " *", a)
    return function(v) p[1] = v return a end, "in element 1"
  end },
  { "new", function(k) return function(v) return ffi.new(k[2], v) end, "bad argument #2 to 'new'" end },
  { "constructor", function(k) return ffi.typeof(k[2]), "bad argument #1 to '" .. spelled(k[2]) .. "'" end },
  { "list", function(k) return function(v) return ffi.new(k[2] .. "[2]", v, v) end, "in element 0" end },
  { "table", function(k) return function(v) return ffi.new(k[2] .. "[2]", { v }) end, "in element 0" end },
  { "named", function(k) return function(v) return ffi.new("struct st_all", { [k[1]] = v }) end, "in member '" .. k[1] .. "'" end },
  { "assigned table", function(k)
    local o = ffi.new(("struct { struct { %s v[2]; } in; }"):format(k[2]))
    return function(v) o["in"] = { { v, 0 } } end, "in element 0"
  end },
  { "argument", function(k) return calls["id_" .. k[1]], "bad argument #1 to 'id_" .. k[1] .. "'" end },
  { "function pointer", function(k)
    local f = ffi.cast(("%s (*)(%s)"):format(k[2], k[2]), calls["id_" .. k[1]])
    return function(v) return f(v) end, "bad argument #1"
  end },
  { "result of a callback", function(k)
    local value
    local back = ffi.cast(("%s (*)(%s)"):format(k[2], k[2]), function() return value end)
    local f = callbacks["call_" .. k[1]]
    return function(v) value = v return f(back, 0) end, "in the result of a callback"
  end },
  { "variable", function(k) return function(v) globals["g_" .. k[1]] = v end, "in variable 'g_" .. k[1] .. "'" end },
  { "fromtable", function(k)
    local a = ffi.new(k[2] .. "[3]")
    return function(v) ffi.fromtable(a, { 1, v, 3 }) end, "in element 1"
  end },
  { "copy", function(k) local a = ffi.new(k[2] .. "[3]") return function(v) ffi.copy(a, { 1, 2, v }) end, "in element 2" end },
}

TestStrict = {}

function TestStrict:tearDown() ffi.strict(false) end

function TestStrict:test_answers_and_returns_the_setting_before()
  lu.assertIs(ffi.strict(), false)
  lu.assertIs(ffi.strict(true), false)
  lu.assertIs(ffi.strict(), true)
  lu.assertIs(ffi.strict(true), true)
  lu.assertIs(ffi.strict(false), true)
  lu.assertIs(ffi.strict(nil), false)
end

-- Each door is used before, so that it is compiled and has learnt what it learns; and again afterwards.
for _, door in ipairs(doors) do
  TestStrict["test_" .. door[1]:gsub(" ", "_")] = function()
    for _, kind in ipairs(kinds) do
      local enter, place = door[2](kind)
      for _ = 1, 3 do enter(1) end
      for round = 1, 2 do
        ffi.strict(true)
        for _, value in ipairs(kind[3]) do
          local ok, why = pcall(enter, value)
          lu.assertTrue(ok, ("%s, %s: %s"):format(door[1], kind[2], tostring(why)))
        end
        for _, value in ipairs(kind[4]) do
          local what = ("%s, %s, %s, round %d"):format(door[1], kind[2], tostring(value), round)
          local ok, why = pcall(enter, value)
          lu.assertFalse(ok, what)
          lu.assertStrContains(why, "cannot convert ", what)
          lu.assertStrContains(why, " to '" .. spelled(kind[2]) .. "' without loss", what)
          lu.assertStrContains(why, place, what)
        end
        ffi.strict(false)
        for _, value in ipairs(kind[4]) do
          local ok, why = pcall(enter, value)
          lu.assertTrue(ok, ("%s, %s, not strict: %s"):format(door[1], kind[2], tostring(why)))
        end
      end
    end
  end
end

-- What is made while it is on, too: new functions, callbacks, types.
function TestStrict:test_what_is_made_in_strict_mode()
  ffi.cdef "int abs(int);"
  ffi.strict(true)
  lu.assertEquals(ffi.C.abs(-3), 3)
  lu.assertErrorMsgContains("bad argument #1 to 'abs' (cannot convert 2.7 to 'int' without loss)", ffi.C.abs, 2.7)
  local s = ffi.new "struct { int fresh; }"
  s.fresh = 1
  lu.assertErrorMsgContains("cannot convert -2147483649 to 'int'", function() s.fresh = -2147483649 end)
  local a = ffi.new "int[4]"
  a[0] = 1
  lu.assertError(function() a[0] = 1.5 end)
  local back = ffi.cast("int (*)(int)", function(n) return n / 2 end)
  ffi.cdef "int32_t call_n(int32_t (*)(int32_t), int n);"
  lu.assertErrorMsgContains("cannot convert 0.5 to 'int'", callbacks.call_n, back, 1)
  ffi.strict(false)
  lu.assertEquals(ffi.C.abs(2.7), 2)
  s.fresh, a[0] = 2.5, 1.5
  lu.assertEquals(s.fresh + a[0], 3)
  lu.assertEquals(callbacks.call_n(back, 1), 0)
end

function TestStrict:test_text_of_values()
  ffi.strict(true)
  local texts = { [2.7] = "2.7", [2 ^ 40] = "1099511627776", [-2 ^ 40] = "-1099511627776", [1e300] = "1e+300",
                  [0.1 + 0.2] = "0.30000000000000004" }
  if not emulated then texts[inf], texts[-inf] = "inf", "-inf" end
  for value, text in pairs(texts) do
    lu.assertErrorMsgContains("cannot convert " .. text .. " to 'int'", ffi.new, "int", value)
  end
  lu.assertErrorMsgContains("cannot convert nan to 'int'", ffi.new, "int", nan)
  lu.assertErrorMsgContains("cannot convert -1 to '" .. spelled "uint64_t", ffi.new, "uint64_t", ffi.new("int", -1))
end

function TestStrict:test_a_cast_is_the_way_out()
  ffi.strict(true)
  lu.assertEquals(tonumber(ffi.cast("uint8_t", 300)), 44)
  lu.assertEquals(calls.id_i32(ffi.cast("int", 2.7)), 2)
  lu.assertEquals(tonumber(ffi.cast("enum colour", 77)), 77)
end

-- C23 6.2.6.2p2: N bits, one of them the sign.
function TestStrict:test_bit_int()
  H.needs_int128()
  local narrow, wide, natural = ffi.typeof "_BitInt(7)", ffi.typeof "_BitInt(100)", ffi.typeof "unsigned _BitInt(40)"
  local s = ffi.new "struct { _BitInt(7) n; unsigned _BitInt(40) u; _BitInt(100) w; unsigned _BitInt(40) f : 17; }"
  local a = ffi.new "_BitInt(7)[2]"
  ffi.strict(true)
  local doors = {
    { function(v) return narrow(v) end, { 63, -64, 0 }, { 64, -65, 2.5, nan, 2 ^ 70, wide(64) } },
    { function(v) s.n = v end, { 63, -64 }, { 64, -65, 0.5 } },
    { function(v) a[1] = v end, { 63, -64 }, { 64, -65, 0.5 } },
    { function(v) return natural(v) end, { 2 ^ 40 - 1, 0 }, { 2 ^ 40, -1, 0.5, ffi.new("int64_t", -1) } },
    { function(v) s.u = v end, { 2 ^ 40 - 1 }, { 2 ^ 40, -1 } },
    { function(v) s.f = v end, { 2 ^ 17 - 1 }, { 2 ^ 17, -1 } },
    { function(v) return wide(v) end, { 2 ^ 98, -2 ^ 99, -1, narrow(-64) }, { 2 ^ 99, -2 ^ 100, 0.5 } },
    { function(v) s.w = v end, { 2 ^ 98, -2 ^ 99 }, { 2 ^ 99, 0.5 } },
    { function(v) return ffi.new("int8_t", v) end, { wide(127), narrow(-64) }, { wide(128), natural(200) } },
  }
  for i, door in ipairs(doors) do
    for _, v in ipairs(door[2]) do
      local ok, why = pcall(door[1], v)
      lu.assertTrue(ok, ("door %d, %s: %s"):format(i, tostring(v), tostring(why)))
    end
    for _, v in ipairs(door[3]) do
      local ok, why = pcall(door[1], v)
      lu.assertFalse(ok, ("door %d, %s"):format(i, tostring(v)))
      lu.assertStrContains(why, "without loss")
    end
  end
end

function TestStrict:test_char_takes_bytes_of_both_signs()
  ffi.strict(true)
  local s = ffi.new "char[2]"
  s[0], s[1] = 255, -128
  lu.assertError(function() s[0] = 256 end)
  lu.assertError(function() s[0] = -129 end)
end

function TestStrict:test_bool_takes_any_number()
  ffi.strict(true)
  lu.assertIs(ffi.new("struct st_all", { b = 2.5 }).b, true)
end

function TestStrict:test_bit_fields()
  local s = ffi.new "struct st_all"
  s.bits = 8
  lu.assertEquals(s.bits, 0)
  ffi.strict(true)
  s.bits, s.sbits = 7, -4
  for _, value in ipairs { 8, -1, 2.5 } do
    lu.assertErrorMsgContains("in member 'bits' of 'struct st_all'", function() s.bits = value end)
    lu.assertError(ffi.new, "struct st_all", { bits = value })
  end
  lu.assertErrorMsgContains("cannot convert 4 to 'int' of 3 bits without loss", function() s.sbits = 4 end)
  lu.assertEquals(s.sbits, -4)
  lu.assertError(function() s.sbits = -5 end)
end

function TestStrict:test_enums()
  local s = ffi.new "struct st_all"
  lu.assertEquals(calls.next_colour(77), 6)
  ffi.strict(true)
  s.e = 6
  s.e = "GREEN"
  lu.assertErrorMsgContains("7 is no constant of 'enum colour' (it has RED, GREEN, BLUE) in member 'e' of 'struct st_all'",
    function() s.e = 7 end)
  lu.assertErrorMsgContains("bad argument #1 to 'next_colour' (77 is no constant of 'enum colour'", calls.next_colour, 77)
  lu.assertErrorMsgContains("cannot convert 1.5 to 'enum colour'", calls.next_colour, 1.5)
  lu.assertError(calls.next_colour, -1)
  lu.assertError(ffi.new, "enum colour", 3)
  lu.assertError(ffi.new, "enum colour[2]", { 5, 4 })
  lu.assertError(ffi.new, "enum colour", ffi.new("int", 3))
  lu.assertEquals(calls.next_colour(ffi.new("enum colour", "RED")), 5)
end

-- An enum with three single bits and nothing else is one of flags.
function TestStrict:test_enums_of_flags()
  ffi.strict(true)
  lu.assertEquals(tonumber(ffi.new("enum st_flags", 3)), 3)
  lu.assertEquals(tonumber(ffi.new("enum st_flags", 0)), 0)
  lu.assertError(ffi.new, "enum st_flags", 8)
  lu.assertError(ffi.new, "enum { ST_A, ST_B, ST_C }", 3)
end

function TestStrict:test_strings_that_arrays_cut()
  local s = ffi.new "struct st_all"
  s.name = "longer"
  lu.assertEquals(ffi.string(s.name), "long")
  ffi.strict(true)
  s.name = "four"                    -- C 6.7.9p14: without its terminator
  local too_long = "string of 6 bytes is too long for the 4 bytes that 'char [4]' has"
  lu.assertErrorMsgContains(too_long .. " in member 'name' of 'struct st_all'", function() s.name = "longer" end)
  lu.assertErrorMsgContains(too_long, ffi.new, "struct st_all", { name = "longer" })
  lu.assertErrorMsgContains(too_long, ffi.new, "char[4]", "longer")
  lu.assertErrorMsgContains(too_long .. " in element 1", ffi.new, "char[2][4]", { "a", "longer" })
  lu.assertEquals(ffi.string(s.name, 4), "four")
end

function TestStrict:test_initialisers_use_every_entry()
  local lenient = {
    { "struct st_point", { x = 1, z = 2 }, "'struct st_point' has no member named 'z'" },
    { "struct st_point", { 1, 2, 3 }, "the initializer for 'struct st_point' has an entry '3' that is not used" },
    { "struct st_point", { [0] = 1, 2, 3 }, "an entry '2' that is not used" },
    { "struct st_point", { 1, y = 2 }, "an entry 'y' that is not used" },
    { "struct st_point", { 1, [3] = 2 }, "an entry '3' that is not used" },
    { "struct st_point", { [true] = 1 }, "an entry 'boolean' that is not used" },
    { "union st_union", { i = 1, d = 2 }, "too many initializers for 'union st_union'" },
    { "union st_union", { 1, 2 }, "an entry '2' that is not used" },
    { "int[4]", { 1, 2, n = 2 }, "the initializer for 'int [4]' has an entry 'n' that is not used" },
    { "int[4]", { 1, nil, 3 }, "an entry '3' that is not used" },
    { "int[4]", { [2] = 5 }, "an entry '2' that is not used" },
    { "struct { struct st_point p; }", { p = { x = 1, q = 2 } }, "'struct st_point' has no member named 'q'" },
    { "struct { struct st_point p[2]; }", { { { 1 }, { 1, 2, 3 } } }, "an entry '3' that is not used" },
    { "struct { int a; union { int b; float c; }; }", { b = 1, c = 2 }, "too many initializers for 'struct" },
    { "complex", { 1, 2, re = 3 }, "an entry 're' that is not used" },
  }
  for _, row in ipairs(lenient) do ffi.new(row[1], row[2]) end
  ffi.strict(true)
  for _, row in ipairs(lenient) do lu.assertErrorMsgContains(row[3], ffi.new, row[1], row[2]) end
  lu.assertErrorMsgContains("(did you mean 'length'?)", ffi.new, "struct { int length; }", { lenght = 1 })
  for _, row in ipairs {
    { "struct st_point", { 1, 2 } }, { "struct st_point", { [0] = 1, 2 } }, { "struct st_point", { y = 1 } }, { "struct st_point", {} },
    { "union st_union", { 1 } }, { "union st_union", { d = 1 } }, { "int[4]", { 1, 2 } }, { "int[4]", { [0] = 1, 2 } },
    { "struct { int a; struct { int b, c; }; }", { 1, 2, 3 } }, { "struct { int a; struct { int b, c; }; }", { c = 3, a = 1 } },
    { "struct { int a; union { int b; float c; }; int d; }", { c = 1, d = 2 } }, { "complex", { 1, 2 } },
  } do
    lu.assertTrue((pcall(ffi.new, row[1], row[2])), row[1])
  end
end

function TestStrict:test_tables_as_arguments()
  ffi.cdef "typedef struct { float x, y, z; } s_floats; s_floats scale_floats(s_floats s, float k);"
  ffi.strict(true)
  lu.assertErrorMsgContains("has no member named 'w'", calls.scale_floats, { x = 1, w = 2 }, 2)
  lu.assertErrorMsgContains("cannot convert 1e+300 to 'float'", calls.scale_floats, { x = 1e300 }, 2)
  lu.assertEquals(calls.scale_floats({ 1, 2, 3 }, 2).z, 6)
end

function TestStrict:test_arguments_behind_the_dots()
  local to = ffi.new "char[40]"
  local fixed = ffi.vararg(ffi.C.snprintf, "int", "uint8_t")
  fixed(to, 40, "%d %d", 2.7, 300)
  ffi.C.snprintf(to, 40, "%d", 2 ^ 40)
  ffi.strict(true)
  fixed(to, 40, "%d %d", 2, 255)
  lu.assertEquals(ffi.string(to), "2 255")
  lu.assertErrorMsgContains("bad argument #4 to 'snprintf' (cannot convert 2.7 to 'int'", fixed, to, 40, "%d %d", 2.7, 3)
  lu.assertErrorMsgContains("bad argument #4 to 'snprintf' (cannot convert 1099511627776 to 'int", ffi.C.snprintf, to, 40, "%d", 2 ^ 40)
  ffi.C.snprintf(to, 40, "%g", 1)
  lu.assertEquals(ffi.string(to), "1")
end

-- Variadic functions have code for the shapes that were met.
function TestStrict:test_fixed_arguments_of_variadic_functions()
  ffi.cdef "int sum_until_zero(int first, ...);"
  local one, zero = ffi.new("int", 1), ffi.new("int", 0)
  for _ = 1, 3 do lu.assertEquals(calls.sum_until_zero(2.5, one, zero), 3) end
  ffi.strict(true)
  lu.assertEquals(calls.sum_until_zero(2, one, zero), 3)
  lu.assertErrorMsgContains("bad argument #1 to 'sum_until_zero' (cannot convert 2.5 to 'int'", calls.sum_until_zero, 2.5, one, zero)
  ffi.strict(false)
  lu.assertEquals(calls.sum_until_zero(2.5, one, zero), 3)
end

function TestStrict:test_callbacks_return_something()
  local back = ffi.cast("int32_t (*)(int32_t)", function() end)
  lu.assertEquals(callbacks.call_i32(back, 1), 0)
  ffi.strict(true)
  lu.assertErrorMsgContains("cannot convert 'nil' to 'int' in the result of a callback", callbacks.call_i32, back, 1)
  ffi.strict(false)
  lu.assertEquals(callbacks.call_i32(back, 1), 0)
  back:free()
  ffi.strict(true)
  ffi.strict(false)
  lu.assertErrorMsgContains("freed callback", callbacks.call_i32, back, 1)   -- still
end

function TestStrict:test_errno_fill_and_convert()
  local bytes, shorts = ffi.new "uint8_t[4]", ffi.new("int16_t[2]", 1, 300)
  ffi.fill(bytes, 4, 300)
  ffi.convert(bytes, shorts)
  ffi.strict(true)
  lu.assertErrorMsgContains("bad argument #3 to 'fill' (cannot convert 300 to 'char'", ffi.fill, bytes, 4, 300)
  ffi.fill(bytes, 4, 255)
  ffi.fill(bytes, 4, -1)
  lu.assertErrorMsgContains("cannot convert 300 to 'unsigned char' without loss in element 1", ffi.convert, bytes, shorts)
  lu.assertErrorMsgContains("bad argument #1 to 'errno' (cannot convert 1.5", ffi.errno, 1.5)
end

function TestStrict:test_sizes_and_indexes()
  local a = ffi.new("int[?]", 2.9)
  lu.assertEquals(a[1.5], 0)
  ffi.strict(true)
  lu.assertErrorMsgContains("size 2.9 is no whole number", ffi.new, "int[?]", 2.9)
  lu.assertErrorMsgContains("size 0.5 is no whole number", ffi.string, a, 0.5)
  lu.assertErrorMsgContains("index 1.5 is no whole number", function() return a[1.5] end)
  lu.assertErrorMsgContains("index nan is no whole number", function() a[nan] = 1 end)
  lu.assertErrorMsgContains("2.5 is no whole number", ffi.typeof, "int[$]", 2.5)
  lu.assertEquals(a[1.0], 0)
end

function TestStrict:test_arithmetic_of_integers()
  local one = ffi.new("int64_t", 1)
  lu.assertEquals(tonumber(one + 1.5), 2)
  ffi.strict(true)
  lu.assertErrorMsgContains("cannot convert 1.5 to an integer without loss", function() return one + 1.5 end)
  lu.assertErrorMsgContains("cannot convert 1.5 to an integer", function() return ffi.new "int[4]" + 1.5 end)
  lu.assertEquals(tonumber(one + 2.0), 3)
end

function TestStrict:test_bit()
  local bit = ffi.bit
  lu.assertEquals(bit.bor(2 ^ 40, 1.2), 1)
  ffi.strict(true)
  lu.assertErrorMsgContains("cannot convert 1.2 to 32 bits without loss", bit.bor, 1, 1.2)
  lu.assertError(bit.band, nan, 1)
  lu.assertErrorMsgContains("to 32 bits without loss", bit.band, 2 ^ 70, 1)
  lu.assertEquals(bit.band(0xffffffff, 3), 3)
  lu.assertEquals(bit.tobit(1.2), 1)
end

function TestStrict:test_complex_numbers()
  local z = ffi.new("complex", 1, 2)
  ffi.strict(true)
  lu.assertErrorMsgContains("cannot convert 'complex' with an imaginary part to 'double' without loss", ffi.new, "double", z)
  lu.assertEquals(tonumber(ffi.new("double", ffi.new("complex", 3, 0))), 3)
  lu.assertErrorMsgContains("to 'float'", ffi.new, "complex float", 1e300)
  lu.assertError(ffi.new, "complex float", ffi.new("complex", 0, 1e300))
end

-- Of functions, variables and typedefs: what is compatible stays allowed.
function TestStrict:test_redeclarations()
  local line = debug.getinfo(1, "l").currentline + 1
  ffi.cdef "int st_f(int); typedef int st_t;\nextern int st_a[]; extern int st_v; int st_open();"
  ffi.cdef "int st_f(double); typedef double st_t;"        -- ignored
  lu.assertEquals(ffi.sizeof "st_t", 4)
  ffi.strict(true)
  ffi.cdef "int st_f(int named); typedef int st_t; extern int st_a[3]; int st_open(int); int st_fresh(int); int st_fresh(int);"
  local place = " of the text at " .. debug.getinfo(1, "S").short_src .. ":" .. line
  for _, row in ipairs {
    { "int st_f(double);", "'st_f' is declared as the function 'int st_f(double)' but is already the function 'int st_f(int)' since line 1" .. place .. " at line 1, column 5" },
    { "typedef double st_t;", "'st_t' is declared as the type 'double' but is already the type 'int' since line 1" .. place },
    { "\nextern double st_v;", "the variable 'int st_v' since line 2" .. place .. " at line 2, column 15" },
    { "extern int st_a[4];", "the variable 'int st_a[3]' since line 2" },
    { "int st_open(double);", "the function 'int st_open(int)' since line 2" },
    { "typedef int st_f;", "'st_f' is declared as the type 'int' but is already the function" },
    { "int st_t;", "'st_t' is declared as the variable 'int st_t' but is already the type 'int'" },
    { "typedef char size_t;", "'size_t' is declared as the type 'char' but is already the type '" .. spelled "size_t" .. "' by itself" },
  } do
    lu.assertErrorMsgContains(row[2], ffi.cdef, row[1])
  end
  lu.assertErrorMsgContains("since line 1 of the text at", ffi.cdef, "int st_twice(int); int st_twice(double);")
  ffi.cdef "int st_twice(double);"                         -- nothing of a failed text counts
end

function TestStrict:test_redeclarations_in_headers()
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write "\n\nint st_in_header(int);\n"
  file:close()
  ffi.cdef('#include "' .. path .. '"\n')
  os.remove(path)
  ffi.strict(true)
  lu.assertErrorMsgContains("since " .. path .. ":3 at line 1, column 5", ffi.cdef, "int st_in_header(char);")
end

-- Turning it on and off makes nothing anew: what rests wakes up again.
function TestStrict:test_code_of_before_is_used_again()
  local f = ffi.cast("int32_t (*)(int32_t)", calls.id_i32)
  f(1)
  calls.id_i32(1)
  ffi.strict(true)
  ffi.strict(false)
  local before = ffi.debug().code
  for _ = 1, 50 do
    ffi.strict(true)
    f(1)
    calls.id_i32(1)
    ffi.strict(false)
    f(1)
    calls.id_i32(1)
  end
  local after = ffi.debug().code
  if before.functions then lu.assertTrue(after.functions <= before.functions) end
end

H.run()
