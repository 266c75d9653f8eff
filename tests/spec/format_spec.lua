-- printf-like functions: numbers become what the directive asks for; mismatches, missing arguments and %n
-- are errors.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi
local fx = H.load "spec_calls"

ffi.cdef [[
int sprintf(char *buf, const char *format, ...);
int snprintf(char *buf, size_t size, const char *format, ...);
int log_to(char *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
typedef struct _IO_FILE FILE;
int fprintf(FILE *stream, const char *format, ...);
]]

local function fmt(format, ...)
  local buf = ffi.new "char[512]"
  local n = ffi.C.snprintf(buf, 512, format, ...)
  local text = ffi.string(buf)
  lu.assertEquals(n, #text)
  return text
end

TestFormat = {}

-- format, arguments, text as C's printf gives it
local rows = {
  { "%d", { 5.0 }, "5" }, { "%d", { -7 }, "-7" }, { "%i %u", { 1, 2 }, "1 2" }, { "%x %X %o", { 255, 255, 8 }, "ff FF 10" },
  { "%g", { 5 }, "5" }, { "%f", { 2 }, "2.000000" }, { "%.2f|%8.3e", { 1.239, 12345 }, "1.24|1.234e+04" }, { "%a", { 1 }, "0x1p+0" },
  { "%s", { "text" }, "text" }, { "%.3s|%10s|%-6s|", { "abcdef", "right", "left" }, "abc|     right|left  |" }, { "%c%c", { 72, 105 }, "Hi" },
  { "%d %g", { 5.0, 5 }, "5 5" }, { "%ld %lld %hd %hhd", { 1, 2, 3, 4 }, "1 2 3 4" }, { "%zu %td %jd", { 7, -8, 9 }, "7 -8 9" },
  { "%5d|%-5d|%05d|%+d|% d", { 1, 2, 3, 4, 5 }, "    1|2    |00003|+4| 5" }, { "%*d|%-*d|%.*f", { 4, 1, 4, 2, 2, 1.5 }, "   1|2   |1.50" },
  { "100%%", {}, "100%" }, { "%d", { true }, "1" }, { "%d%g", { false, 6.7 }, "06.7" }, { "%#x", { 16 }, "0x10" }, { "no directive", {}, "no directive" },
  { "%Lf", { 1.5 }, "1.500000" }, { "%lf", { 1.5 }, "1.500000" }, { "%hu", { 70000 }, "4464" },
}

function TestFormat:test_rows()
  for i, row in ipairs(rows) do
    lu.assertEquals(fmt(row[1], (table.unpack or unpack)(row[2])), row[3], ("row %d: %s"):format(i, row[1]))
  end
end

function TestFormat:test_64_bit()
  lu.assertEquals(fmt("%lld", V.i64 "-9223372036854775808"), "-9223372036854775808")
  lu.assertEquals(fmt("%llu", V.u64 "18446744073709551615"), "18446744073709551615")
  if ffi.sizeof "long" == 8 then lu.assertEquals(fmt("%lu %lx", V.u64 "18446744073709551615", V.u64 "0xabcdef0123456789"), "18446744073709551615 abcdef0123456789") end
  lu.assertEquals(fmt("%lld", 2 ^ 53), "9007199254740992")
  if H.native_int64 then lu.assertEquals(fmt("%lld %d", math.mininteger, 3), "-9223372036854775808 3") end
end

function TestFormat:test_cdata_adapt_to_the_directive()
  lu.assertEquals(fmt("%d", ffi.new("int8_t", -5)), "-5")
  lu.assertEquals(fmt("%d", V.i64 "12"), "12")
  lu.assertEquals(fmt("%lld", ffi.new("int", -3)), "-3")
  lu.assertEquals(fmt("%g", ffi.new("float", 0.5)), "0.5")
  lu.assertEquals(fmt("%s", ffi.new("char[6]", "array")), "array")
  lu.assertEquals(fmt("%s", ffi.cast("const char *", "pointer")), "pointer")
end

function TestFormat:test_pointers()
  local page = H.per_system("0x1000", "0000000000001000")
  lu.assertEquals(fmt("%p", ffi.cast("void *", 4096)), page)
  lu.assertEquals(fmt("%p", ffi.cast("int *", 4096)), page)
  for _, type in ipairs { "int64_t", "float", "double complex", "int __attribute__((vector_size(16)))" } do
    H.assert_error_contains(function() return fmt("%p", ffi.new(type)) end, "pointer expected for '%p', got ")
  end
  lu.assertEquals(fmt("%p", nil), H.per_system(H.musl and "0" or "(nil)", "0000000000000000"))
end

function TestFormat:test_extra_arguments_are_allowed()
  lu.assertEquals(fmt("%d", 1, 2, 3), "1")
end

function TestFormat:test_too_few()
  lu.assertError(fmt, "%d")
  lu.assertError(fmt, "%d %s", 1)
  lu.assertError(fmt, "%*d", 1)
  lu.assertError(fmt, "%.*f", 1)
end

function TestFormat:test_wrong_class()
  lu.assertError(fmt, "%d", "x")
  lu.assertError(fmt, "%s", 5)
  lu.assertError(fmt, "%f", "x")
  lu.assertError(fmt, "%d", {})
  lu.assertError(fmt, "%s", {})
  lu.assertError(fmt, "%s", true)
  lu.assertError(fmt, "%d", ffi.new "int[1]")
  lu.assertError(fmt, "%s", ffi.new "int[1]")
  lu.assertError(fmt, "%g", ffi.new "int *")
  lu.assertError(fmt, "%d", nil)
end

function TestFormat:test_percent_n_is_refused()
  lu.assertError(fmt, "%n", ffi.new "int[1]")
  lu.assertError(fmt, "abc%hhn", ffi.new "char[1]")
end

function TestFormat:test_malformed_directives()
  lu.assertError(fmt, "%")
  lu.assertError(fmt, "%y", 1)
  lu.assertError(fmt, "%l")
end

function TestFormat:test_positional_arguments()
  H.needs "positional arguments of printf"
  local ok, text = pcall(fmt, "%2$s %1$s", "world", "hello")
  if ok then lu.assertEquals(text, "hello world") end
end

function TestFormat:test_attribute_on_a_function_of_ours()
  local buf = ffi.new "char[256]"
  lu.assertEquals(fx.log_to(buf, "%d-%g-%s", 5.0, 7, "z"), 5)
  lu.assertEquals(ffi.string(buf), "5-7-z")
  lu.assertError(fx.log_to, buf, "%d", "x")
  lu.assertError(fx.log_to, buf, "%d")
  lu.assertError(fx.log_to, buf, "%n", 1)
end

function TestFormat:test_fprintf_to_a_lua_file()
  local f = io.tmpfile()
  ffi.C.fprintf(f, "test: %s %d\n", "foo", 12)
  f:seek "set"
  lu.assertEquals(f:read "*l", "test: foo 12")
  f:close()
end

function TestFormat:test_format_in_a_cdata_string()
  local buf = ffi.new "char[64]"
  ffi.C.sprintf(buf, ffi.new("char[8]", "%d|%g"), 5.0, 5)
  lu.assertEquals(ffi.string(buf), "5|5")
end

H.run()
