-- ffi.include with `target`: headers as another target has them. The numbers are those of that target's gcc, asked where one is
-- installed, and kept here from where they were.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi
-- The environment's folders are looked into for every target, and what is in them on Windows is for Windows.
if ffi.os == "Windows" then
  ffi.cdef "int _putenv(const char *);"
  ffi.C._putenv "C_INCLUDE_PATH="
end

local text = [[
#include <stddef.h>
enum t_small { T_A = -1, T_B = 7 };
enum t_big { T_C = 0xffffffffu };
typedef struct { char c; long l; } t_long;
typedef struct { char c; long long v; } t_int64;
typedef struct { char c; double d; } t_double;
typedef struct { char c; long double d; } t_ldouble;
typedef struct { char c; void *p; } t_pointer;
typedef struct { char c; wchar_t w; } t_wchar;
typedef struct { unsigned a : 3; unsigned long long b : 40; char c; int : 0; short d : 9; } t_bits;
typedef struct { char c; int : 5; char d; } t_unnamed;
typedef struct __attribute__((packed)) { char c; long l; short s __attribute__((aligned(2))); } t_packed;
typedef struct { char c; int i __attribute__((aligned)); } t_aligned;
typedef union { char c[5]; long l; void (*f)(void); } t_union;
typedef struct { _Atomic long long a; _Complex float z; } t_atomic;
struct t_tag { struct { short a; long b[2]; } in; enum t_big e; _Bool yes; };
#define T_WORD sizeof(void *)
#define T_SIGNED ((char)-1 < 0)
#define T_LONG_MAX __LONG_MAX__
#define T_WIDE L'\xffff'
#define T_WIDE_SIGNED ((wchar_t)-1 < 0)
#define T_ORDER __BYTE_ORDER__
#define T_SUM(a, b) ((a) + (b) + sizeof(long))
#define T_IOC(t) (sizeof(t) << 16 | 5)
#define T_NAME "a" "b"
#define T_SHIFT (~0ul >> 3)
#define T_LL (-5LL)
#define T_FLOAT (1.5f * 2)
#define T_NULL ((void *)0)
#define T_POINTER t_long *
#define T_OBJECT ((t_long){1, 2})
#define T_FAIL (1 +)
int t_function(const char *, long);
extern long t_variable;
static const long t_constant = 5 + sizeof(long);
]]

local types = {
  "t_long", "t_int64", "t_double", "t_ldouble", "t_pointer", "t_wchar", "t_bits", "t_unnamed", "t_packed", "t_aligned", "t_union",
  "t_atomic", "struct t_tag",
}
local members = {
  { "t_long", "l" }, { "t_int64", "v" }, { "t_double", "d" }, { "t_ldouble", "d" }, { "t_bits", "c" }, { "t_packed", "s" },
  { "t_aligned", "i" }, { "t_atomic", "z" }, { "struct t_tag", "e" }, { "struct t_tag", "yes" },
}
local sizes = { "enum t_small", "enum t_big", "size_t" }
local constants = { "T_WORD", "T_SIGNED", "T_LONG_MAX", "T_WIDE", "T_WIDE_SIGNED", "T_ORDER", "T_SHIFT", "T_LL", "T_C", "T_B" }

-- The same in C, and as the namespace tells it.
local function questions()
  local list = {}
  local function add(c, ask) list[#list + 1] = { c = c, ask = ask } end
  for _, name in ipairs(types) do
    add("sizeof(" .. name .. ")", function(h) return ffi.sizeof(h:typeof(name)) end)
    add("_Alignof(" .. name .. ")", function(h) return ffi.alignof(h:typeof(name)) end)
  end
  for _, each in ipairs(members) do
    local name, member = each[1], each[2]
    add(("offsetof(%s, %s)"):format(name, member), function(h) return (ffi.offsetof(h:typeof(name), member)) end)
  end
  for _, name in ipairs(sizes) do add("sizeof(" .. name .. ")", function(h) return ffi.sizeof(h:typeof(name)) end) end
  for _, name in ipairs(constants) do add(name, function(h) return h[name] end) end
  add("T_SUM(1, 2)", function(h) return h.T_SUM(1, 2) end)
  add("T_IOC(t_long)", function(h) return h.T_IOC(h.t_long) end)
  add("T_IOC(long double)", function(h) return h.T_IOC(h:typeof "long double") end)
  return list
end

local recorded = {
  ["aarch64-linux-gnu"] = "16 8 16 8 16 8 32 16 16 8 8 4 16 8 4 4 12 2 32 16 8 8 16 8 32 8 8 8 8 16 6 10 16 8 24 28 4 4 8 8 0 "
    .. "9223372036854775808 65535 0 1234 2305843009213693952 -5 4294967295 7 11 1048581 1048581",
  ["arm-linux-gnueabihf"] = "8 4 16 8 16 8 16 8 8 4 8 4 16 8 4 4 8 2 16 8 8 4 16 8 20 4 4 8 8 8 6 6 8 8 12 16 4 4 4 4 0 "
    .. "2147483647 65535 0 1234 536870911 -5 4294967295 7 7 524293 524293",
  ["i686-linux-gnu"] = "8 4 12 4 12 4 16 4 8 4 8 4 12 4 3 1 8 2 32 16 8 4 16 8 20 4 4 4 4 4 6 6 16 8 12 16 4 4 4 4 1 "
    .. "2147483647 65535 1 1234 536870911 -5 4294967295 7 7 524293 786437",
  ["powerpc64le-linux-gnu"] = "16 8 16 8 16 8 32 16 16 8 8 4 16 8 3 1 12 2 32 16 8 8 16 8 32 8 8 8 8 16 6 10 16 8 24 28 4 4 8 8 0 "
    .. "9223372036854775808 65535 1 1234 2305843009213693952 -5 4294967295 7 11 1048581 1048581",
  ["riscv64-linux-gnu"] = "16 8 16 8 16 8 32 16 16 8 8 4 16 8 3 1 12 2 32 16 8 8 16 8 32 8 8 8 8 16 6 10 16 8 24 28 4 4 8 8 0 "
    .. "9223372036854775808 65535 1 1234 2305843009213693952 -5 4294967295 7 11 1048581 1048581",
  ["s390x-linux-gnu"] = "16 8 16 8 16 8 24 8 16 8 8 4 16 8 3 1 12 2 16 8 8 8 16 8 32 8 8 8 8 8 6 10 8 8 24 28 4 4 8 8 0 "
    .. "9223372036854775808 65535 1 4321 2305843009213693952 -5 4294967295 7 11 1048581 1048581",
  ["x86_64-linux-gnu"] = "16 8 16 8 16 8 32 16 16 8 8 4 16 8 3 1 12 2 32 16 8 8 16 8 32 8 8 8 8 16 6 10 16 8 24 28 4 4 8 8 1 "
    .. "9223372036854775808 65535 1 1234 2305843009213693952 -5 4294967295 7 11 1048581 1048581",
  ["x86_64-w64-mingw32"] = "8 4 16 8 16 8 32 16 16 8 4 2 24 8 12 4 8 2 32 16 8 8 16 8 20 4 4 8 8 16 16 6 16 8 12 16 4 4 8 8 1 "
    .. "2147483647 65535 0 1234 536870911 -5 4294967295 7 7 524293 1048581",
}

local function number(v)
  if type(v) == "boolean" then return v and 1 or 0 end
  return ffi.tonumber(v) + 0.0
end

-- What `compiler` says that the expressions are, as doubles; nil: it is not there. Each number is four halves of words in assembler.
local function ask(compiler, prologue, expressions)
  local path = os.tmpname()
  local c = {
    prologue,
    "#define A_(x) 0x10000 | (x) & 0xffff, 0x10000 | (x) >> 16 & 0xffff, 0x10000 | (x) >> 32 & 0xffff, 0x10000 | (x) >> 48,",
    "#define A(x) A_((unsigned long long)(x))", "unsigned asked[] = {",
  }
  for _, expression in ipairs(expressions) do c[#c + 1] = ("A(%s)"):format(expression) end
  c[#c + 1] = "};\n"
  V.write_file(path, table.concat(c, "\n"))
  local pipe = io.popen(("%s -w -S -x c -o - %s 2>/dev/null"):format(compiler, path))
  local said = pipe:read "*a":match "asked:(.*)"
  pipe:close()
  os.remove(path)
  if not said then return nil end
  local out, pieces = {}, {}
  for digits in said:gmatch "%.%a+%s+(%d+)" do
    local piece = tonumber(digits) - 65536
    if piece >= 0 and piece < 65536 then pieces[#pieces + 1] = piece end
    if #pieces == 4 then
      local high = pieces[4] >= 32768 and pieces[4] - 65536 or pieces[4]
      out[#out + 1] = ((high * 65536.0 + pieces[3]) * 65536 + pieces[2]) * 65536 + pieces[1]
      pieces = {}
    end
  end
  lu.assertEquals(#out, #expressions)
  return out
end

local function expressions_of(list)
  local out = {}
  for i, each in ipairs(list) do out[i] = each.c end
  return out
end

TestTarget = {}

function TestTarget:test_numbers()
  local list = questions()
  for target, numbers in pairs(recorded) do
    local header, i = ffi.include(text, { target = target }), 0
    for expected in numbers:gmatch "%S+" do
      i = i + 1
      lu.assertEquals(number(list[i].ask(header)), tonumber(expected) + 0.0, target .. ": " .. list[i].c)
    end
    lu.assertEquals(i, #list)
  end
end

function TestTarget:test_numbers_by_installed_compilers()
  if H.slow then lu.skip "compilers take their time" end
  local list, asked = questions(), 0
  for target in pairs(recorded) do
    local numbers = ask(target .. "-gcc", text, expressions_of(list))
    if numbers then
      asked = asked + 1
      local header = ffi.include(text, { target = target })
      for i, each in ipairs(list) do lu.assertEquals(number(each.ask(header)), numbers[i], target .. ": " .. each.c) end
    end
  end
  lu.skipIf(asked == 0, "no compiler for any target is installed")
end

-- Headers of the C library, where one for the target is installed.
function TestTarget:test_system_headers()
  if H.slow then lu.skip "compilers take their time" end
  local prologue, asked = "#include <sys/stat.h>\n#include <fcntl.h>\n#include <stdio.h>\n#include <time.h>\n", 0
  local list = {
    { c = "sizeof(struct stat)", ask = function(h) return ffi.sizeof(h:typeof "struct stat") end },
    { c = "offsetof(struct stat, st_size)", ask = function(h) return (ffi.offsetof(h:typeof "struct stat", "st_size")) end },
    { c = "sizeof(struct tm)", ask = function(h) return ffi.sizeof(h:typeof "struct tm") end },
    { c = "sizeof(time_t)", ask = function(h) return ffi.sizeof(h.time_t) end },
    { c = "sizeof(off_t)", ask = function(h) return ffi.sizeof(h.off_t) end },
    { c = "O_CREAT", ask = function(h) return h.O_CREAT end },
    { c = "O_APPEND", ask = function(h) return h.O_APPEND end },
    { c = "S_IFDIR", ask = function(h) return h.S_IFDIR end },
    { c = "BUFSIZ", ask = function(h) return h.BUFSIZ end },
    { c = "FOPEN_MAX", ask = function(h) return h.FOPEN_MAX end },
    { c = "CLOCKS_PER_SEC", ask = function(h) return h.CLOCKS_PER_SEC end },
  }
  for target in pairs(recorded) do
    local numbers = ask(target .. "-gcc", "#include <stddef.h>\n" .. prologue, expressions_of(list))
    if numbers then
      asked = asked + 1
      local header = ffi.include(prologue, { target = target })
      for i, each in ipairs(list) do lu.assertEquals(number(each.ask(header)), numbers[i], target .. ": " .. each.c) end
    end
  end
  lu.skipIf(asked == 0, "no compiler and C library for any target is installed")
end

function TestTarget:test_values()
  local h = ffi.include(text, { target = "arm-linux-gnueabihf" })
  lu.assertEquals(h.T_NAME, "ab")
  lu.assertEquals(h.T_FLOAT, 3.0)
  lu.assertEquals(h.t_constant, 9)
  lu.assertEquals(h.T_A, -1)
  lu.assertEquals(ffi.sizeof(h.T_POINTER), 4)
  lu.assertEquals(h.T_SUM(ffi.new("int64_t", 2), "T_B" and 1), 7)
  lu.assertEquals(ffi.macro("T_SUM", h).text, "((a) + (b) + sizeof(long))")
  lu.assertEquals(ffi.tonumber(ffi.macro("T_LL", h).value), -5)
  lu.assertStrContains(table.concat(ffi.include_names(h), " "), "t_variable")
  lu.assertStrContains(h:dump(), "t_function")
  lu.assertEquals(ffi.sizeof(ffi.include(h:dump(), { target = "arm-linux-gnueabihf" }).t_long), 8)
end

function TestTarget:test_types()
  local h = ffi.include(text, { target = "s390x-linux-gnu" })
  lu.assertEquals(tostring(h.t_long), "ctype<t_long> of s390x-linux-gnu")
  lu.assertEquals(ffi.type(h.t_long), "userdata")
  lu.assertTrue(h.t_long == h:typeof "t_long")
  lu.assertFalse(h.t_long == h.t_int64)
  lu.assertFalse(h.t_long == ffi.include(text, { target = "s390x-linux-gnu" }).t_long)
  local info = ffi.typeinfo(h.t_bits)
  lu.assertEquals({ info.kind, info.size, info.align, info.name }, { "struct", 16, 8, "t_bits" })
  lu.assertTrue(info.type == h.t_bits)
  local b = info.members[2]
  lu.assertEquals({ b.name, b.declaration, b.width, b.from_most_significant }, { "b", "uint64_t b : 40", 40, true })
  lu.assertEquals(ffi.sizeof(b.type), 8)
  lu.assertEquals(select("#", ffi.offsetof(h.t_bits, "b")), 3)
  lu.assertEquals(ffi.alignof(h.t_packed, "s"), 2)
  lu.assertEquals(ffi.enum(h:typeof "enum t_small").T_B, 7)
  lu.assertEquals(ffi.typeinfo(h:typeof "typeof(t_function)").parameters[2].name, nil)
  lu.assertEquals(ffi.typeinfo(h:typeof "typeof(t_function)").result, h:typeof "int")
  lu.assertNil(ffi.offsetof(h.t_long, "none"))
  lu.assertNil(ffi.sizeof(h:typeof "void"))
  lu.assertNil(ffi.sizeof(h:typeof "int[?]"))
  lu.assertNil(ffi.sizeof(h:typeof "int(void)"))
end

-- Whatever would need an object or mix tables of types is an error that names type and target.
function TestTarget:test_what_cannot_be()
  local h = ffi.include(text, { target = "aarch64-linux-gnu" })
  local T = h.t_long
  local function says(what, f, ...) lu.assertErrorMsgContains(what, f, ...) end
  local got = "got ctype<t_long> of aarch64-linux-gnu"
  says("C type expected, " .. got, ffi.new, T)
  says("C type expected, " .. got, ffi.typeof, T)
  says("C type expected, " .. got, ffi.cast, T, 0)
  says("C type expected, " .. got, ffi.istype, T, T)
  says("C type expected, " .. got, ffi.metatype, T, {})
  says(got, ffi.typeof, "$ *", T)
  says(got, ffi.cdef, "typedef $ t_mine;", T)
  says("ctype<t_long> of aarch64-linux-gnu", ffi.new, "void *", T)
  says("ctype<t_long> of aarch64-linux-gnu", ffi.cast, "void *", T)
  says(got, ffi.gc, T, print)
  says("'ctype<t_long> of aarch64-linux-gnu': there are no objects", function() return T(1, 2) end)
  says("'ctype<t_long> of aarch64-linux-gnu': there are no objects", function() return T.l end)
  says("'ctype<t_long> of aarch64-linux-gnu': there are no objects", function() T.l = 1 end)
  says("'ctype<t_long> of aarch64-linux-gnu' has no member named 'x'", ffi.alignof, T, "x")
  says("an enum expected, got 'ctype<t_long> of aarch64-linux-gnu'", ffi.enum, T)
  lu.assertFalse(ffi.istype("int", T))
  says("it is a function of the type 'int (const char *, int64_t)' of aarch64-linux-gnu", function() return h.t_function end)
  says("it is an object of the type 'int64_t' of aarch64-linux-gnu", function() return h.t_variable end)
  says("'t_variable' is of aarch64-linux-gnu, where nothing can be written to", function() h.t_variable = 1 end)
  says("macro 'T_OBJECT'", function() return h.T_OBJECT end)
  says("of the type 't_long' of aarch64-linux-gnu", function() return h.T_OBJECT end)
  says("of the type 'void *' of aarch64-linux-gnu", function() return h.T_NULL end)
  says("macro 'T_FAIL'", function() return h.T_FAIL end)
  says("undeclared identifier 'nothing'", function() return h:typeof "nothing" end)
  says("'1 + 1' is no type", function() return h:typeof "1 + 1" end)
  -- Types of other tables, also where their text would mean something.
  local other = ffi.include(text, { target = "arm-linux-gnueabihf" })
  says("argument #1, ctype<t_long> of arm-linux-gnueabihf", h.T_IOC, other.t_long)
  says("argument #1, ctype<int>", h.T_IOC, ffi.typeof "int")
  says("argument #2, nil", h.T_SUM, 1, nil)
  lu.assertFalse(pcall(ffi.typeof, "t_long")) -- nothing of it is declared here
end

function TestTarget:test_options()
  lu.assertErrorMsgContains("the target 'pdp11' is not known; these are: aarch64-apple-darwin, aarch64-linux-gnu", ffi.include, text,
    { target = "pdp11" })
  lu.assertErrorMsgContains("the target '$(x)' is not known", ffi.include, text, { target = "$(x)", pkg = "zlib" })
  lu.assertErrorMsgContains("bad option 'target' of include (string expected, got number)", ffi.include, text, { target = 1 })
  lu.assertErrorMsgContains("bad option 'library' of include", ffi.include, text, { target = "s390x-linux-gnu", library = "z" })
  lu.assertErrorMsgContains(ffi.arch == "s390x" and "/usr/include/s390x-linux-gnu" or "/usr/s390x-linux-gnu/include", ffi.include, "nowhere/none.h", { target = "s390x-linux-gnu" })
  lu.assertErrorMsgContains("expected a type, got '='", ffi.include, "int x;\n= 1;\n", { target = "s390x-linux-gnu", only = "x" })
  local h = ffi.include(text .. "#ifdef LONGER\ntypedef long t_more;\n#endif\n", { target = "s390x-linux-gnu", define = "LONGER", only = "^t_" })
  lu.assertEquals(ffi.sizeof(h.t_more), 8)
  lu.assertErrorMsgContains("has no 'T_WORD'", function() return h.T_WORD end)
end

-- The types outlast the namespace.
function TestTarget:test_lifetime()
  local T = ffi.typeinfo(ffi.include(text, { target = "i686-linux-gnu" }).t_double)
  collectgarbage()
  collectgarbage()
  lu.assertEquals(ffi.sizeof(T.members[2].type), 8)
  lu.assertEquals(ffi.offsetof(T.type, "d"), 4)
end

-- A header without a target has the same method.
function TestTarget:test_typeof_of_a_header()
  local h = ffi.include "typedef struct { int t_host; } t_host;\n"
  lu.assertTrue(h:typeof "t_host *" == ffi.typeof "t_host *")
  lu.assertErrorMsgContains("unknown type name 'nothing'", function() return h:typeof "nothing" end)
  lu.assertErrorMsgContains("bad argument #1 to 'typeof'", function() return h:typeof(1) end)
  lu.assertErrorMsgContains("header's namespace expected", function() return h.typeof "int" end)
end

-- What gcc 12 of i386 says: the offset within struct { char c; T x; }, and sizeof. What it keeps in an integer register is
-- aligned to 4 there, unless an attribute aligns it, and bit-fields that take all of an integer are members of that alignment.
function TestTarget:test_records_on_i386()
  local rows = {
    { "union { _Decimal64 d; }", 4, 8 }, { "union { _Decimal64 d; int i; }", 4, 8 }, { "struct { _Decimal64 d; }", 8, 8 },
    { "struct { unsigned long f : 5; _Decimal64 z[0]; }", 4, 8 }, { "union { _Decimal64 d; char c[3]; }", 8, 8 },
    { "union { _Decimal64 d; int i __attribute__((aligned(4))); }", 8, 8 }, { "union { _Decimal64 d; long long i __attribute__((aligned(4))); }", 4, 8 },
    { "union { _Decimal64 d; long long f : 40 __attribute__((aligned(1))); }", 8, 8 }, { "union { _Decimal64 d; int : 3 __attribute__((aligned(2))); }", 8, 8 },
    { "union { _Decimal64 d; } __attribute__((aligned(4)))", 8, 8 }, { "union { struct { _Decimal64 d; } s; }", 4, 8 },
    { "struct { struct { _Decimal64 d; } s; int n[0]; }", 8, 8 }, { "struct { union { _Decimal64 d; } s; }", 4, 8 },
    { "union { _Decimal64 d; float _Complex s; }", 4, 8 }, { "union { _Decimal64 d; _Bool e[5]; }", 8, 8 }, { "union { _Decimal64 d; _Bool e[4][2]; }", 4, 8 },
    { "union { _Decimal64 d; low x; }", 8, 8 }, { "struct { unsigned long long f : 64 __attribute__((aligned(4))); }", 8, 8 },
    { "struct { unsigned long long f : 64; }", 4, 8 }, { "struct { char c; unsigned long long f : 64 __attribute__((aligned(4))); }", 4, 12 },
    { "struct { low f : 32; }", 4, 4 }, { "struct { low f : 31; }", 1, 4 }, { "struct { char c; low f : 32; }", 1, 5 }, { "struct { low f : 16; }", 2, 2 },
    -- What a member without bytes aligns to more is lowered by the member that is all of the struct, doubles and complex numbers among them.
    { "struct { _Decimal64 z[0]; double d; }", 4, 8 }, { "struct { _Decimal64 z[0]; double d[1]; }", 4, 8 },
    { "struct { _Decimal64 z[0]; double d[1][1]; }", 4, 8 }, { "struct { _Decimal64 z[0]; int _Complex c; }", 4, 8 },
    { "struct { _Decimal64 z[0]; int _Complex c[1]; }", 4, 8 }, { "struct { _Decimal64 z[0]; short _Complex c[2]; }", 4, 8 },
    { "struct { _Decimal64 z[0]; float _Complex c; }", 8, 8 }, { "struct { _Decimal64 z[0]; float f[2]; }", 4, 8 },
    { "struct { _Decimal64 z[0]; float f; int i; }", 4, 8 }, { "struct { _Decimal64 z[0]; struct { double d; } s; }", 4, 8 },
    { "struct { struct { _Decimal64 z[0]; double d; } s; int n[0]; }", 4, 8 },
    { "struct { _Decimal64 z[0]; double d __attribute__((aligned(4))); }", 4, 8 },
    { "struct { _Decimal64 z[0]; double d; int n[]; }", 8, 8 }, { "struct { _Decimal128 z[0]; double _Complex c; }", 4, 16 },
    { "struct { _Decimal128 z[0]; long long _Complex c; }", 4, 16 }, { "struct { _Decimal128 z[0]; long long _Complex c[1]; }", 4, 16 },
    { "struct { _Decimal128 z[0]; long long _Complex c; char t[0]; }", 4, 16 },
    { "struct { _Decimal128 z[0]; long long c[2]; }", 16, 16 }, { "struct { _Decimal128 z[0]; float _Complex c[2]; }", 16, 16 },
    { "struct { _Decimal128 z[0]; long double _Complex c; }", 16, 32 },
    { "struct { _Decimal128 z[0]; struct { double _Complex c; } s; }", 4, 16 },
    { "struct { struct { _Decimal128 z[0]; double _Complex c; } s[1]; int i; }", 4, 20 },
    { "struct { struct { _Decimal128 z[0]; double _Complex c; } s; }", 4, 16 },
    { "struct { struct { struct { _Decimal128 z[0]; double _Complex c; } s; _Decimal64 y[0]; } t[1]; }", 4, 16 },
    { "union { _Decimal128 z[0]; double _Complex c; }", 16, 16 }, { "union { _Decimal128 z[0]; long long _Complex c; }", 16, 16 },
    { "union { _Decimal64 z[0]; double c; }", 4, 8 }, { "union { _Decimal64 z[0]; int _Complex c; }", 4, 8 },
    { "struct { _Decimal128 z[0]; double _Complex c; } __attribute__((aligned(8)))", 16, 16 },
    { "struct { v4 z[0]; double _Complex c; }", 4, 16 },
  }
  local declarations = { "typedef int low __attribute__((aligned(1))); typedef int v4 __attribute__((vector_size(16)));" }
  for i, row in ipairs(rows) do declarations[i + 1] = ("typedef %s m%d; typedef struct { char c; m%d x; } in%d;"):format(row[1], i, i, i) end
  local h = ffi.include(table.concat(declarations, "\n"), { target = "i386-linux-gnu" })
  for i, row in ipairs(rows) do
    lu.assertEquals({ ffi.offsetof(h["in" .. i], "x"), ffi.sizeof(h["m" .. i]) }, { row[2], row[3] }, row[1])
  end
end

H.run()
