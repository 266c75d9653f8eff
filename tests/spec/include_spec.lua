-- ffi.include: headers as they stand, and macros: constants, strings, aliases, calls, all by the values that gcc has.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

local function write(text)
  local path = os.tmpname()
  V.write_file(path, text)
  return path
end

local header = [[
#ifndef INC_H
#define INC_H
typedef struct { int x, y; unsigned flags : 3; } inc_point;
typedef int inc_number;
enum { INC_A = 3, INC_B };
int abs(int);
unsigned long strlen(const char *);
int snprintf(char *, unsigned long, const char *, ...);
extern int opterr;
#define INC_EMPTY
#define INC_TEXT "one" " two"
#define INC_LONG 0x7fffffffffffffffLL
#define INC_ALIAS strlen
#define INC_TYPE inc_point
#define INC_ENUM INC_B
#define INC_CALL abs(-7)
#define INC_ERR opterr
#define INC_ORIGIN ((inc_point){1, 2})
#define INC_NAMED ((inc_point){.y = 5})
#define INC_MINUS ((void *)-1)
#define INC_MAX(a, b) ((a) > (b) ? (a) : (b))
#define INC_SUM(a, b) ((a) + (b))
#define INC_DIV(a, b) ((a) / (b))
#define INC_MOD(a, b) ((a) % (b))
#define INC_SHIFT(a, n) ((a) << (n))
#define INC_DOWN(a, n) ((a) >> (n))
#define INC_NOT(a) (~(a) & 0xffu)
#define INC_X(p) ((p)->x)
#define INC_FLAGS(p) ((p)->flags)
#define INC_SET(p, v) ((p)->x = (v), (p)->y += 2, ++(p)->x)
#define INC_SIZE(t) ((int)sizeof(t))
#define INC_FIRST(a) ((a)[0] + *(a + 1))
#define INC_LENGTH(s) strlen(s)
#define INC_BYTE(v) ((unsigned char)(v))
#define INC_FORMAT(b, n) snprintf(b, 16, "%d-%s", (int)(n), INC_TEXT)
#define INC_KIND(x) _Generic((x), int: 1, double: 2, const char *: 3, default: 4)
#define INC_IS_CONSTANT(x) (sizeof(int) == sizeof(*(8 ? (void *)((long)(x) * 0l) : (int *)8)))
#define INC_CONSTANT INC_IS_CONSTANT(3)
#define INC_BITS(v) (__builtin_parity(v) * 100 + __builtin_clrsb(v))
#define INC_CAF\u00c9 3
#define INC_DOLLAR(a) #a
#define INC_DOLLARS INC_DOLLAR(1$x $ y$)
#define INC_ALL(...) INC_SUM(__VA_ARGS__)
#define INC_SWAP(v) __builtin_bswap32(v)
#define INC_LOOP do { } while (0)
#define INC_STATEMENT(x) do { x = 1; } while (0)
#define INC_HALF(x) ((x) * 0.5f)
#define INC_TURNED(x) ((x) * -1.0)
static inline float inc_turned(float x) { double y = -x; return y; }
#define INC_AND(a, b) ((a) && 10 / (b))
#endif
]]

TestInclude = {}

function TestInclude:setUp()
  self.path = write(header)
  self.lib = ffi.include(self.path)
end

function TestInclude:tearDown() os.remove(self.path) end

function TestInclude:test_what_a_name_gives()
  local lib = self.lib
  lu.assertEquals(lib.INC_TEXT, "one two")
  lu.assertEquals(tostring(lib.INC_LONG):match "%d+", "9223372036854775807")
  lu.assertEquals(ffi.tonumber(lib.INC_ALIAS "four"), 4)
  lu.assertEquals(ffi.sizeof(lib.INC_TYPE), 12)
  lu.assertTrue(ffi.typeof "inc_point" == lib.inc_point)
  lu.assertEquals(lib.INC_ENUM, 4)
  lu.assertEquals(lib.INC_CALL, 7)
  lu.assertEquals(lib.INC_ERR, ffi.C.opterr)
  lu.assertEquals(lib.INC_ORIGIN.y, 2)
  lu.assertEquals(lib.INC_NAMED.x, 0)
  lu.assertEquals(lib.INC_NAMED.y, 5)
  lu.assertEquals(tostring(ffi.cast("intptr_t", lib.INC_MINUS)):match "%-?%d+", "-1")
  lu.assertEquals(lib.INC_EMPTY, true)
  lu.assertEquals(lib.abs(-3), 3)
end

function TestInclude:test_function_like()
  local lib = self.lib
  lu.assertEquals(lib.INC_MAX(3, 9), 9)
  lu.assertEquals(lib.INC_MAX(2.5, 1), 2.5)
  lu.assertEquals(lib.INC_DIV(-7, 2), -3)
  lu.assertEquals(lib.INC_DIV(7.0 + 0.5, 2), 3.75)
  lu.assertEquals(lib.INC_MOD(-7, 2), -1)
  lu.assertEquals(lib.INC_SHIFT(1, 5), 32)
  lu.assertEquals(lib.INC_SHIFT(-1, 31), -2147483648)
  lu.assertEquals(lib.INC_DOWN(-8, 1), -4)
  lu.assertEquals(lib.INC_NOT(1), 254)
  lu.assertEquals(lib.INC_BYTE(300), 44)
  lu.assertEquals(lib.INC_BYTE(-1), 255)
  lu.assertEquals(ffi.tonumber(lib.INC_LENGTH "hello"), 5)
  lu.assertEquals(lib.INC_ALL(1, 2), 3)
  lu.assertEquals(lib.INC_SWAP(1), 16777216)
  lu.assertEquals(lib.INC_HALF(3), 1.5)
  lu.assertEquals({ 1 / lib.INC_TURNED(0), 1 / lib.inc_turned(0) }, { -math.huge, -math.huge }) -- minus zero
  lu.assertEquals(lib.INC_SIZE(ffi.typeof "inc_point"), 12)
  lu.assertEquals(lib.INC_KIND(1), 1)
  lu.assertEquals(lib.INC_KIND(1.5), 2)
  lu.assertEquals(lib.INC_KIND "text", 3)
  lu.assertEquals(lib.INC_CONSTANT, 1)
  lu.assertEquals({ lib.INC_BITS(7), lib.INC_BITS(-1), lib.INC_BITS(1) }, { 128, 31, 130 })
  lu.assertEquals(lib["INC_CAF\195\137"], 3)
  lu.assertEquals(lib.INC_DOLLARS, "1$x $ y$")
  lu.assertEquals(lib.INC_KIND(ffi.new "inc_point *"), 4)
  lu.assertEquals(lib.INC_AND(0, 0), 0)
end

function TestInclude:test_objects()
  local lib = self.lib
  local p = ffi.new("inc_point", 4, 6, 5)
  local at = ffi.cast("inc_point *", p)
  lu.assertEquals(lib.INC_X(at), 4)
  lu.assertEquals(lib.INC_FLAGS(at), 5)
  lu.assertEquals(lib.INC_SET(at, 10), 11)
  lu.assertEquals({ p.x, p.y }, { 11, 8 })
  lu.assertEquals(lib.INC_FIRST(ffi.new("int[2]", 5, 6)), 11)
  local buffer = ffi.new "char[16]"
  lu.assertEquals(lib.INC_FORMAT(buffer, 42), 10)
  lu.assertEquals(ffi.string(buffer), "42-one two")
end

function TestInclude:test_errors()
  local lib = self.lib
  lu.assertErrorMsgContains("macro 'INC_LOOP' (" .. self.path .. ":", function() return lib.INC_LOOP end)
  lu.assertErrorMsgContains("its text is: do { x = 1; } while (0)", lib.INC_STATEMENT, 1)
  lu.assertErrorMsgContains("'do' begins a statement, which has no value", lib.INC_STATEMENT, 1)
  local long = ffi.include("#define INC_LONG @ \"" .. ("\195\164"):rep(1000) .. "\"\n")
  local message = select(2, pcall(function() return long.INC_LONG end))
  lu.assertEquals({ message:match "\195\164%.%.%.$" ~= nil, #message < 600 }, { true, true }, message)
  lu.assertErrorMsgContains("takes 2 arguments, got 1", lib.INC_MAX, 1)
  lu.assertErrorMsgContains("argument #1 is a table", lib.INC_BYTE, {})
  lu.assertErrorMsgMatches(".*macro 'INC_DIV' %(.*:%d+%): division by zero", lib.INC_DIV, 1, 0)
  lu.assertErrorMsgContains("has no 'INC_NONE'", function() return lib.INC_NONE end)
  lu.assertErrorMsgContains("the header \"ferry/none.h\" is not found in ", ffi.include, "ferry/none.h")
  lu.assertErrorMsgMatches("[^:]*include_spec.lua:%d+: [^:]*no_such_library.*", function() ffi.include("stdio.h", { library = "no_such_library" }) end)
  lu.assertErrorMsgContains("include has no option 'lib'", ffi.include, "stdio.h", { lib = "z" })
  lu.assertErrorMsgContains("bad argument #1 to 'include'", ffi.include, 1)
end

-- What is wrong with it is said before anything is declared.
function TestInclude:test_bad_selections()
  for message, only in pairs { ["pattern or table expected, got number"] = 5, ["strings expected, got a number in it"] = { "a", 5 }, ["malformed pattern"] = "[" } do
    H.assert_error_contains(function() ffi.include("int inc_not_selected(void);\n", { only = only }) end, "bad option 'only' of include (")
    H.assert_error_contains(function() ffi.include("int inc_not_selected(void);\n", { only = only }) end, message)
  end
  lu.assertErrorMsgContains("missing declaration for symbol 'inc_not_selected'", function() return ffi.C.inc_not_selected end)
end

function TestInclude:test_options()
  local path = write '#ifdef INC_WITH\n#define INC_SEEN INC_WITH\n#endif\nint labs_inc_none(int);\n'
  local with = ffi.include(path, { define = { INC_WITH = 12 } })
  lu.assertEquals(with.INC_SEEN, 12)
  local without = ffi.include(path)
  lu.assertErrorMsgContains("has no 'INC_SEEN'", function() return without.INC_SEEN end)
  local only = ffi.include(path, { define = "INC_WITH=1", only = "^INC_S" })
  lu.assertEquals(only.INC_SEEN, 1)
  lu.assertErrorMsgContains("has no 'INC_WITH'", function() return only.INC_WITH end)
  local folder, name = path:match "^(.*)[/\\](.*)$"
  lu.assertEquals(ffi.include(name, { path = folder, define = "INC_WITH" }).INC_SEEN, 1)
  os.remove(path)
end

-- A name that is a type here without being declared, and something else in a header.
function TestInclude:test_a_name_that_is_known_already()
  H.needs_int128()
  local state = ffi.include("typedef struct { unsigned char data[16]; } uint128_t;\n", { target = "x86_64-linux-gnu" })
  lu.assertEquals(ffi.alignof(state.uint128_t), 1)
  lu.assertEquals(ffi.alignof(state:typeof "int128_t"), 16)
end

function TestInclude:test_macro()
  local macro = ffi.macro("INC_MAX", self.lib)
  lu.assertEquals(macro.params, { "a", "b" })
  lu.assertEquals(macro.text, "((a) > (b) ? (a) : (b))")
  lu.assertEquals(macro.file, self.path)
  lu.assertEquals(type(macro.line), "number")
  lu.assertNil(ffi.macro "INC_MAX")
  local names = table.concat(ffi.include_names(self.lib), " ")
  for _, name in ipairs { "INC_MAX", "inc_point", "abs", "INC_A" } do lu.assertStrContains(names, name) end
end

-- The values are gcc's. C's wide strings are arrays, of the type of all that are joined.
function TestInclude:test_wide_strings()
  local h = ffi.include [[
typedef struct { __WCHAR_TYPE__ name[4]; unsigned short u[3]; } inc_wide;
#define W L"h\u00e9" L"llo"
#define U u"a\U0001F600" "é"
#define UU U"\U0001F600é"
#define MIXED "é" L"x"
#define UNITS u"\xffff\0z"
#define RECORD ((inc_wide){L"abc", u"de"})
#define SECOND L"abc"[1]
#define REST (L"xyz" + 1)
#define EMPTY L""
#define LENGTH (sizeof(MIXED) / sizeof(*MIXED))
static inline int inc_first(void) { __WCHAR_TYPE__ w[] = L"qr"; const __WCHAR_TYPE__ *p = L"st"; return w[0] * 1000 + p[1] + sizeof w / sizeof *w; }
]]
  lu.assertEquals({ ffi.utf8(h.W), ffi.utf8(h.U), ffi.utf8(h.UU), ffi.utf8(h.MIXED), ffi.utf8(h.REST), ffi.utf8(h.EMPTY) },
    { "h\195\169llo", "a\240\159\152\128\195\169", "\240\159\152\128\195\169", "\195\169x", "yz", "" })
  lu.assertEquals({ ffi.sizeof(h.W), ffi.sizeof(h.U), ffi.sizeof(h.UU) }, { 6 * ffi.sizeof "wchar_t", 10, 12 })
  lu.assertEquals({ h.UNITS[0], h.UNITS[1], h.UNITS[2], h.UNITS[3] }, { 0xffff, 0, 122, 0 })
  lu.assertEquals({ ffi.utf8(h.RECORD.name), h.RECORD.u[1], h.RECORD.u[2] }, { "abc", 101, 0 })
  lu.assertEquals({ h.SECOND, ffi.tonumber(h.LENGTH), h.inc_first() }, { 98, 3, 113000 + 116 + 3 })
  local changed = h.W
  changed[0] = 1
  lu.assertEquals(h.W[0], 104) -- another array
  local other = ffi.include("#define W L\"a\"\n#define S \"a\"\n", { target = "aarch64-linux-gnu" })
  lu.assertEquals(other.S, "a")
  lu.assertErrorMsgContains("it is of the type 'unsigned int [2]' of aarch64-linux-gnu", function() return other.W end)
end

-- One character is not all of them, as one item in a table of ffi.new's is; and an index stays within what the literal is.
function TestInclude:test_wide_strings_of_one_character()
  local h = ffi.include [[
#define W L"a"
#define U u"a"
#define SECOND (L"a"[1])
#define FIRST ("abc"[0] + 1["abc"] + "abc"[3])
#define THIRD (*(&"abc"[1] + 1))
#define OUT "abc"[5]
#define WIDE_OUT L"abc"[-1]
typedef struct { __WCHAR_TYPE__ a[4]; int b; } inc_one_wide;
#define RECORD ((inc_one_wide){L"a", 5})
static inline int inc_one(void) { __WCHAR_TYPE__ w[3] = L"a", e[] = L"b", n[1] = L"c"; const __WCHAR_TYPE__ *p = L"d"; return w[1] + w[2] + e[1] + p[1] + n[0]; }
]]
  lu.assertEquals({ ffi.utf8(h.W), ffi.sizeof(h.W), ffi.utf8(h.U), ffi.sizeof(h.U) }, { "a", 2 * ffi.sizeof "wchar_t", "a", 4 })
  lu.assertEquals({ h.SECOND, h.RECORD.a[0], h.RECORD.a[1], h.RECORD.a[3], h.RECORD.b, h.inc_one() }, { 0, 97, 0, 0, 5, 99 })
  lu.assertEquals({ h.FIRST, h.THIRD }, { 97 + 98, 99 })
  lu.assertErrorMsgContains("index 5 is outside of 'char [4]'", function() return h.OUT end)
  lu.assertErrorMsgContains("index -1 is outside of", function() return h.WIDE_OUT end)
end

-- gcc: of a character of two units the last, in macros and in #if.
function TestInclude:test_characters_of_two_units()
  local h = ffi.include [[
#define NUMBER u'\U0001F600'
#define LETTER u'😀'
#define HEX u'\x1f600'
#if u'\U0001F600' == 0xDE00 && u'😀' == 0xDE00 && u'\x1f600' == 0xf600
#define SAME 1
#endif
]]
  lu.assertEquals({ h.NUMBER, h.LETTER, h.HEX, h.SAME }, { 0xde00, 0xde00, 0xf600, 1 })
end

-- A name for a macro with parameters, as <openssl/evp.h> has EVP_MD_CTX_size; and names that lead nowhere.
function TestInclude:test_aliases_of_macros()
  local text = "int abs(int);\n#define INC_A1 INC_A2\n#define INC_A2 INC_A3\n#define INC_A3(x) ((x) * 2)\n#define INC_L1 INC_L2\n#define INC_L2 INC_L1\n#define INC_F abs\n#define abs(x) INC_A3(x)\n"
  local lib = ffi.include(text)
  lu.assertEquals({ lib.INC_A1(4), lib.INC_A2(5), lib.INC_F(-3) }, { 8, 10, -6 })
  lu.assertIs(lib.INC_A1, lib.INC_A1)
  lu.assertErrorMsgContains("macro 'INC_L1'", function() return lib.INC_L1 end)
  ffi.cdef "#define INC_A1 INC_A2\n#define INC_A2 INC_A3\n#define INC_A3(x) ((x) * 3)\n"
  lu.assertEquals(ffi.C.INC_A1(4), 12)
  lu.assertIs(ffi.C.INC_A1, ffi.C.INC_A1)
end

-- gcc and clang predefine some names without underscores. Texts of declarations may have parameters of those names.
function TestInclude:test_plain_names()
  local names = { Linux = "linux", Windows = "WIN32" }
  local name = names[ffi.os]
  lu.skipIf(not name, "the system has none")
  local header = ffi.include(("#ifdef %s\nenum { INC_PLAIN = %s };\n#endif\n"):format(name, name))
  lu.assertEquals(header.INC_PLAIN, 1)
  lu.assertEquals(ffi.include("#ifdef linux\nenum { INC_FOREIGN = 3 };\n#endif\n", { target = "aarch64-linux-gnu" }).INC_FOREIGN, 3)
  lu.assertEquals(ffi.include_names(header), { "INC_PLAIN" })
  lu.assertNil(header:dump():find("#define " .. name, 1, true))
  ffi.cdef(("int inc_plain(int %s);"):format(name))
end

-- Where names are looked for: quotes beside the Lua file first, then the options' folders, those of ffi.path and the environment's.
function TestInclude:test_where_names_are_looked_for()
  lu.skipIf(ffi.os == "Windows", "makes folders by a shell")
  local folder = os.tmpname()
  os.remove(folder)
  os.execute(("mkdir -p %s/a %s/b"):format(folder, folder))
  V.write_file(folder .. "/inc_where.h", "#define INC_PLACE 0\n")
  V.write_file(folder .. "/a/inc_where.h", "#define INC_PLACE 1\n#include_next <inc_where.h>\n")
  V.write_file(folder .. "/b/inc_where.h", "#pragma once\n#define INC_NEXT 2\n#if __has_include_next(<inc_where.h>)\n#define INC_MORE\n#endif\n#include <inc_where.h>\n")
  local here = folder .. "/beside.lua"
  local function beside(name, options)
    return assert((loadstring or load)("local ffi, name, options = ... local header = ffi.include(name, options) return header", "@" .. here))(ffi, name, options)
  end
  lu.assertEquals(beside("inc_where.h").INC_PLACE, 0)
  lu.assertEquals(beside("inc_where.h", { path = folder .. "/a" }).INC_PLACE, 0)
  local next_one = beside("<inc_where.h>", { path = { folder .. "/a", folder .. "/b" } })
  lu.assertEquals({ next_one.INC_PLACE, next_one.INC_NEXT }, { 1, 2 })
  lu.assertErrorMsgContains("has no 'INC_MORE'", function() return next_one.INC_MORE end)
  lu.assertErrorMsgContains("is not found in", beside, "<inc_where.h>")
  table.insert(ffi.path(), 1, folder .. "/b")
  lu.assertEquals(beside("<inc_where.h>").INC_NEXT, 2)
  table.remove(ffi.path(), 1)
  for _, variable in ipairs { "CPATH", "C_INCLUDE_PATH" } do
    local _, said = H.script([[io.write(tostring(require "ferry".include("<inc_where.h>").INC_NEXT))]], { [variable] = folder .. "/b" })
    lu.assertEquals(said, "2")
  end
  os.execute("rm -rf " .. folder)
end

-- Which compiler headers see. Its own macros are gcc's or clang's, as the compiler prints them.
function TestInclude:test_profiles()
  local text = "#ifdef _MSC_VER\n#define INC_SEES 3\n#elif defined __clang__\n#define INC_SEES 2\n#elif defined __GNUC__\n#define INC_SEES 1\n#endif\n"
  for profile, number in pairs { gcc = 1, clang = 2 } do lu.assertEquals(ffi.include(text, { profile = profile }).INC_SEES, number) end
  if ffi.os ~= "Windows" then lu.assertEquals(ffi.include(text).INC_SEES, 1) end
  lu.assertEquals(ffi.include(text, { profile = "msvc", target = "x86_64-w64-mingw32" }).INC_SEES, 3)
  lu.assertErrorMsgContains("bad option 'profile' of include (gcc, clang or msvc expected, got icc)", ffi.include, text, { profile = "icc" })
  lu.assertErrorMsgContains("msvc is a compiler of Windows's targets", ffi.include, text, { profile = "msvc", target = "i386-linux-gnu" })
end

-- gcc: what stands behind the last expression of a block says nothing, and what its value is stays.
function TestInclude:test_empty_statements_at_the_end_of_blocks()
  local h = ffi.include [[
#define TWO(x) ((x) + ({ 1; ; ; }))
#define IN(x) ((x) + ({ ({ 2; }); ; }))
#define NONE ({ 1; int y; })
static inline int inc_block(int a) { return a + ({ int b = a; b + 1;; }); }
]]
  lu.assertEquals({ h.TWO(3), h.IN(3), h.inc_block(3) }, { 4, 5, 7 })
  lu.assertNotEquals(h.NONE, 1)
end

-- However many names lead there.
function TestInclude:test_long_ways()
  local text = { "#define INC_P0(x) ((x) + 1)\nstatic inline int inc_i0(int x) { return 1 / x; }\n" }
  for i = 1, 200 do text[#text + 1] = ("#define INC_P%d INC_P%d\n"):format(i, i - 1) end
  for i = 1, 60 do text[#text + 1] = ("static inline int inc_i%d(int x) { return inc_i%d(x); }\n"):format(i, i - 1) end
  local h = ffi.include(table.concat(text))
  lu.assertEquals({ h.INC_P200(2), h.inc_i30(1) }, { 3, 1 })
  for _, name in ipairs { "inc_i1", "inc_i20" } do
    lu.assertErrorMsgContains("'inc_i0': division by zero", function() return h[name](0) end)
  end
  local _, message = pcall(function() return h.inc_i60(0) end) -- where C's stack for Lua ends, there, and not before
  lu.assertNil(message:find "inc_i?%d*'?:? ?$", message)
end

-- Of the option that is wrong, not of the file that reads it.
function TestInclude:test_what_is_no_macro()
  for _, cache in ipairs { true, false } do
    for _, define in ipairs { "1", "", "=A", " =A", "-DX", "A\0B" } do
      local ok, message = pcall(ffi.include, "int inc_defined;\n", { define = define, cache = cache })
      if define ~= "A\0B" then lu.assertFalse(ok) end
      if not ok then
        lu.assertStrContains(message, "bad option 'define' of include (")
        lu.assertNotStrContains(message, "include.lua")
      end
    end
  end
  for _, library in ipairs { 5, true, print } do
    lu.assertErrorMsgContains("bad option 'library' of include (name or library expected, got " .. type(library), ffi.include, "int inc_of;\n", { library = library })
  end
  lu.assertErrorMsgContains("to 'include_names' (a header's namespace expected)", ffi.include_names, 5)
end

-- Each has its own macros; what system headers say of themselves is right.
function TestInclude:test_system_headers()
  local ok, stat = pcall(ffi.include, "sys/stat.h")
  if not ok then lu.skip "no headers of the C library" end
  lu.assertEquals(stat.S_ISDIR(tonumber("040755", 8)), 1)
  lu.assertEquals(stat.S_ISREG(tonumber("040755", 8)), 0)
  local errno = ffi.include "errno.h"
  ffi.errno(5)
  lu.assertEquals(errno.EIO, 5)
  local stdio = ffi.include "stdio.h"
  lu.assertEquals(stdio.EOF, -1)
  lu.assertFalse(ffi.isnull(stdio.stdout))
  if ffi.os ~= "Windows" then lu.assertTrue(stdio.stdout == ffi.C.stdout) end -- there it is a macro that calls a function
end

-- What `#` and `##` are applied to is the argument as C would have it written; the values are gcc's.
function TestInclude:test_arguments_as_text()
  local path = write [[
#define INC_STR(x) #x
#define INC_STR2(x) INC_STR(x)
#define INC_LONG_C(c) c ## L
#define INC_UL_C(c) (c ## UL)
#define INC_JOIN(a, b) a ## b
#define INC_NAME_1 "first"
#define INC_NAME(n) INC_NAME_ ## n
#define INC_TWO(a) "<" a ">"
#define INC_ARRAY(t, n) sizeof(t[n])
#define INC_BOTH(p, c) (*(p) + c ## L)
]]
  local lib = ffi.include(path)
  os.remove(path)
  lu.assertEquals({ lib.INC_STR(3), lib.INC_STR2(-7), lib.INC_STR(2.5), lib.INC_STR(ffi.typeof "int") }, { "3", "-7", "2.5", "int" })
  lu.assertEquals(lib.INC_STR 'a"b\\c\n', [["a\"b\\c\012"]])
  lu.assertEquals(lib.INC_TWO 'a"b\\c\n\1282', '<a"b\\c\n\1282>')
  H.assert_int(lib.INC_LONG_C(5), "5")
  H.assert_int(lib.INC_LONG_C(6), "6")
  H.assert_uint(lib.INC_UL_C(4294967299), "4294967299")
  lu.assertEquals({ lib.INC_JOIN(3, 2), lib.INC_NAME(1) }, { 32, "first" })
  lu.assertEquals({ ffi.tonumber(lib.INC_ARRAY(ffi.typeof "int", 5)), ffi.tonumber(lib.INC_ARRAY(ffi.typeof "char", 3)) }, { 20, 3 })
  local box = ffi.new("int[1]", 40)
  lu.assertEquals({ ffi.tonumber(lib.INC_BOTH(box, 2)), ffi.tonumber(lib.INC_BOTH(box, 3)) }, { 42, 43 })
  for i = 1, 600 do H.assert_int(lib.INC_LONG_C(i), tostring(i)) end
  lu.assertErrorMsgContains("'##' joins an argument that is no text", lib.INC_LONG_C, box)
  lu.assertErrorMsgContains("'#' stands before an argument that is no text", lib.INC_STR, box)
  lu.assertErrorMsgContains("macro 'INC_NAME'", lib.INC_NAME, 2)
end

-- The values are gcc's, of `long double` too.
function TestInclude:test_builtins()
  local path = write [[
int memcmp(const void *, const void *, unsigned long);
#define INC_NOTHING /* nothing */
#define INC_KNOWS __has_attribute(__packed__)
#define INC_KNOWS_NOT __has_builtin(no_such_function)
#define INC_LIKELY(x) __builtin_expect((x), 1)
#define INC_CLASS(x) __builtin_fpclassify(0, 1, 2, 3, 4, x)
#define INC_ISNAN(x) __builtin_isnan(x)
#define INC_ISINF(x) __builtin_isinf_sign(x)
#define INC_FINITE(x) __builtin_isfinite(x)
#define INC_NORMAL(x) __builtin_isnormal(x)
#define INC_SIGN(x) (__builtin_signbit(x) != 0)
#define INC_LESS(x, y) __builtin_isless(x, y)
#define INC_UNORDERED(x, y) __builtin_isunordered(x, y)
#define INC_SAME(a, b, n) (__builtin_memcmp(a, b, n) == 0)
#define INC_SWAPPED(x) __builtin_bswap32(x)
]]
  local lib = ffi.include(path)
  os.remove(path)
  local inf, nan = math.huge, math.huge - math.huge
  lu.assertEquals({ lib.INC_NOTHING, lib.INC_KNOWS, lib.INC_KNOWS_NOT }, { true, 1, 0 })
  lu.assertEquals({ ffi.tonumber(lib.INC_LIKELY(2.5)), ffi.tonumber(lib.INC_LIKELY(7)) }, { 2, 7 })
  lu.assertEquals({ lib.INC_CLASS(nan), lib.INC_CLASS(-inf), lib.INC_CLASS(1.5), lib.INC_CLASS(2 ^ -1074) }, { 0, 1, 2, 3 })
  lu.assertEquals({ lib.INC_ISNAN(nan), lib.INC_ISNAN(1.5), lib.INC_ISINF(-inf), lib.INC_ISINF(inf), lib.INC_ISINF(nan) }, { 1, 0, -1, 1, 0 })
  lu.assertEquals({ lib.INC_FINITE(1.5), lib.INC_FINITE(inf), lib.INC_FINITE(nan) }, { 1, 0, 0 })
  lu.assertEquals({ lib.INC_NORMAL(1.5), lib.INC_NORMAL(2 ^ -1030), lib.INC_NORMAL(-inf), lib.INC_NORMAL(2 ^ -1022) }, { 1, 0, 0, 1 })
  lu.assertEquals({ lib.INC_SIGN(-1.5), lib.INC_SIGN(1.5), lib.INC_SIGN(-inf) }, { 1, 0, 1 })
  lu.assertEquals({ lib.INC_LESS(0.5, 1.5), lib.INC_LESS(1.5, 0.5), lib.INC_UNORDERED(nan, 0.5), lib.INC_UNORDERED(1.5, 0.5) }, { 1, 0, 1, 0 })
  lu.assertEquals({ lib.INC_SAME("abc", "abd", 2), lib.INC_SAME("abc", "abd", 3) }, { 1, 0 })
  lu.assertEquals(lib.INC_SWAPPED(1.5), 16777216)
  for _, each in ipairs { { "float", 2 ^ -126, 2 ^ -130 }, { "long double", 2 ^ -1022, 0 } } do
    local box = ffi.new(each[1] .. "[3]", { each[2], each[3], -1 })
    local p = ffi.cast(each[1] .. " *", box)
    local text = write(("#define INC_N(p) __builtin_isnormal(*(%s *)(p))\n#define INC_S(p) (__builtin_signbit(*(%s *)(p)) != 0)\n"):format(each[1], each[1]))
    local typed = ffi.include(text)
    os.remove(text)
    lu.assertEquals({ typed.INC_N(p), typed.INC_N(p + 1), typed.INC_S(p), typed.INC_S(p + 2) }, { 1, 0, 0, 1 })
  end
end

-- gcc knows the C library's functions by themselves, and their types.
function TestInclude:test_builtins_that_nobody_has_declared()
  local path = write [[
#define INC_SPAN(a, b) __builtin_strspn(a, b)
#define INC_HYPOT(a, b) __builtin_hypotf(a, b)
#define INC_FMA(a, b, c) __builtin_fma(a, b, c)
#define INC_SIZES (sizeof(__builtin_hypotf(1, 2)) + sizeof(__builtin_hypotl(1, 2)) * 16 + sizeof(__builtin_llrint(0.5)) * 4096)
#define INC_NONE(x) __builtin_no_such_function(x)
static inline int inc_order(const void *a, const void *b) { return __builtin_memcmp(a, b, 2) < 0 ? -1 : __builtin_abs(-7); }
]]
  local lib = ffi.include(path)
  os.remove(path)
  lu.assertEquals({ ffi.tonumber(lib.INC_SPAN("aabc", "a")), lib.INC_HYPOT(3, 4), lib.INC_FMA(2, 3, 4) }, { 2, 5, 10 })
  lu.assertEquals(ffi.tonumber(lib.INC_SIZES), 4 + ffi.sizeof "long double" * 16 + 8 * 4096)
  lu.assertEquals({ lib.inc_order("ab", "ac"), lib.inc_order("b", "a") }, { -1, 7 })
  lu.assertErrorMsgContains("__builtin_no_such_function", lib.INC_NONE, 1)
  lu.assertErrorMsgContains("has no 'hypotf'", function() return lib.hypotf end)
end

-- gcc: the operand of a compound assignment is evaluated once. What no pointer leads to is an error, an address from NULL is not.
function TestInclude:test_objects_that_macros_change()
  local path = write [[
typedef struct { int x; struct { int a[3]; char c; } in; } inc_object;
#define NEXT_ADD(p, v) (*(*(p))++ += (v))
#define AT(p, i) ((p)[i])
#define AT_ADD(p, i, v) ((p)[i] += (v))
#define INSIDE(p, i) ((p)->in.a[i])
#define INSIDE_SET(p, i, v) ((p)->in.a[i] = (v))
#define POST(p) ((*(p))++)
#define WHERE_IS(t) ((unsigned long)&((t *)0)->in.c)
#define DEREF(p) (*(p))
]]
  local lib = ffi.include(path)
  os.remove(path)
  local list = ffi.new("int[4]", 10, 20, 30, 40)
  local at = ffi.new("int *[1]", { ffi.cast("int *", list) })
  lu.assertEquals(lib.NEXT_ADD(at, 5), 15)
  lu.assertEquals({ list[0], list[1], at[0] - ffi.cast("int *", list) }, { 15, 20, 1 })
  lu.assertEquals(lib.AT_ADD(list, 2, 7), 37)
  lu.assertEquals({ lib.POST(list), list[0], lib.AT(list, 2), lib.AT("abc", 1) }, { 15, 16, 37, 98 })
  local object = ffi.new "inc_object"
  lib.INSIDE_SET(ffi.addressof(object), 1, 9)
  lu.assertEquals({ lib.INSIDE(ffi.addressof(object), 1), object["in"].a[1] }, { 9, 9 })
  lu.assertEquals(tonumber(lib.WHERE_IS(ffi.typeof "inc_object")), 16)
  local null, no_object = ffi.cast("int *", nil), ffi.cast("inc_object *", nil)
  for _, call in ipairs {
    { "AT", null, 1 }, { "AT_ADD", null, 1, 1 }, { "POST", null }, { "DEREF", null }, { "INSIDE", no_object, 1 }, { "INSIDE_SET", no_object, 1, 1 },
  } do
    H.assert_error_contains(function() lib[call[1]]((table.unpack or unpack)(call, 2)) end, "NULL")
  end
  H.assert_error_contains(function() lib.AT(list, 4) end, "outside of 'int [4]'")
  H.assert_error_contains(function() lib.AT("abc", 4) end, "index 4 is outside of the string")
end

-- What no macro may change: strings of Lua, and arguments that are values (C11 6.5.16p2, 6.3.2.1p1).
function TestInclude:test_values_that_macros_cannot_change()
  local path = write [[
typedef struct { int a; char b[4]; } inc_fixed;
#define STEP(x) ((x)++)
#define SET(x, v) ((x) = (v))
#define ADD(x, v) ((x) += (v))
#define STORE(p, v) (*(p) = (v))
#define PUT(p, i, v) ((p)[i] = (v))
#define WHERE(x) (&(x))
#define LITERAL (*("abc") = 'x')
#define ARRAY(r) ((r).b = 0)
]]
  local lib = ffi.include(path)
  os.remove(path)
  local text = "a text"
  for _, call in ipairs {
    { "STEP", text }, { "SET", text, 65 }, { "ADD", text, 1 }, { "STORE", text, 65 }, { "PUT", text, 0, 65 }, { "WHERE", text },
    { "STEP", "" }, { "SET", "", 65 }, { "STEP", 5 }, { "SET", 5, 6 }, { "WHERE", 5 }, { "STEP", ffi.new("int", 5) }, { "SET", ffi.NULL, 1 },
    { "ARRAY", ffi.new "inc_fixed" },
  } do
    lu.assertFalse(pcall(lib[call[1]], (table.unpack or unpack)(call, 2)), call[1])
  end
  pcall(function() return lib.LITERAL end)
  lu.assertEquals(text, "a " .. "text")
  lu.assertEquals({ ("abc"):byte(1, -1) }, { 97, 98, 99 })
  lu.assertEquals(ffi.string(ffi.cast("const char *", ""), 1), "\0")
  lu.assertEquals(lib.WHERE(ffi.new("int", 5))[0], 5)
end

-- Each expression with the parts and the type of its value, as gcc 12 prints them; a real one's imaginary part is 0.
local complex_values = {
  { "1.0iF", 0, 1, "complex float" },
  { "2.5i", 0, 2.5, "complex" },
  { "3.0j", 0, 3, "complex" },
  { "1.5fi", 0, 1.5, "complex float" },
  { "1.5if", 0, 1.5, "complex float" },
  { "0.5Li", 0, 0.5, "complex long double" },
  { "0.5il", 0, 0.5, "complex long double" },
  { "0x1.8p1i", 0, 3, "complex" },
  { "1e2i", 0, 100, "complex" },
  { "1.0 + 2.0*1.0i", 1, 2, "complex" },
  { "2.0f*1.0iF", 0, 2, "complex float" },
  { "-(1.0+2.0i)", -1, -2, "complex" },
  { "~(1.0+2.0i)", 1, -2, "complex" },
  { "(1.0+2.0i)*(3.0-4.0i)", 11, 2, "complex" },
  { "(1.0+2.0i)/(3.0+4.0i)", 0.44, 0.080000000000000002, "complex" },
  { "1/2.0i", 0, -0.5, "complex" },
  { "(1.0+2.0i)-3", -2, 2, "complex" },
  { "3-(1.0+2.0i)", 2, -2, "complex" },
  { "(float _Complex)(1.0+2.0i)", 1, 2, "complex float" },
  { "(double _Complex)3", 3, 0, "complex" },
  { "(int)(2.5+1.0i)", 2, 0, "int" },
  { "(double)(2.5+1.0i)", 2.5, 0, "double" },
  { "__real__(3.0+4.0i)", 3, 0, "double" },
  { "__imag__(3.0+4.0i)", 4, 0, "double" },
  { "__imag__ 3.0", 0, 0, "double" },
  { "(1.0+2.0i)==(1.0+2.0i)", 1, 0, "int" },
  { "(1.0+2.0i)!=(1.0+2.0i)", 0, 0, "int" },
  { "2.0i==2.0", 0, 0, "int" },
  { "!0.0i", 1, 0, "int" },
  { "!1.0i", 0, 0, "int" },
  { "1 ? 2.0i : 1", 0, 2, "complex" },
  { "0.0i || 0", 0, 0, "int" },
  { "1.0i && 1", 1, 0, "int" },
  { "__builtin_complex(1.0,2.0)", 1, 2, "complex" },
  { "__builtin_complex(1.0f,2.0f)", 1, 2, "complex float" },
}

function TestInclude:test_complex_constants()
  local text = { "double creal(double _Complex);" }
  for i, row in ipairs(complex_values) do text[#text + 1] = ("#define CX_%d %s"):format(i, row[1]) end
  local path = write(table.concat(text, "\n") .. "\n#define CX_TURN(z, k) ((z) * (k) * 1.0i)\n#define CX_RE(z) creal(z)\n#define CX_INT 3i\n")
  local lib = ffi.include(path)
  os.remove(path)
  for i, row in ipairs(complex_values) do
    local v, is_complex = lib["CX_" .. i], row[4]:find "complex" ~= nil
    lu.assertEquals(ffi.type(v) == "cdata", is_complex, row[1])
    if is_complex then
      lu.assertEquals({ tonumber(v.re), tonumber(v.im), tostring(ffi.typeof(v)) }, { row[2], row[3], "ctype<" .. row[4] .. ">" }, row[1])
    else
      lu.assertEquals(v, row[2], row[1])
    end
  end
  local turned = lib.CX_TURN(ffi.new("complex", 1, 2), 3)
  lu.assertEquals({ turned.re, turned.im }, { -6, 3 })
  lu.assertEquals(lib.CX_RE(ffi.new("complex", 1, 2)), 1)
  lu.assertEquals({ lib.CX_INT.re, lib.CX_INT.im, tostring(ffi.typeof(lib.CX_INT)) }, { 0, 3, "ctype<complex int>" })
end

-- C11 7.3.1, 7.3.9.3: the header's own macros.
function TestInclude:test_complex_header()
  local ok, lib = pcall(ffi.include, "complex.h")
  if not ok then lu.skip "no headers of the C library" end
  lu.assertEquals({ lib.I.re, lib.I.im, lib._Complex_I.im }, { 0, 1, 1 })
  if not ffi.macro("CMPLX", lib) then lu.skip "the C library has no CMPLX" end
  local z = lib.CMPLX(1, -2)
  lu.assertEquals({ z.re, z.im, tostring(ffi.typeof(z)) }, { 1, -2, "ctype<complex>" })
  lu.assertEquals(tostring(ffi.typeof(lib.CMPLXF(1, 2))), "ctype<complex float>")
end

function TestInclude:test_complex_constants_that_are_wrong()
  for expression, message in pairs {
    ["1.0i % 2"] = "not for complex numbers", ["1.0ii"] = "malformed number '1.0ii'", ["1.0i < 2.0"] = "not for complex numbers",
    ["__real__ \"x\""] = "'__real__' needs a number", ["__builtin_complex(1, 2)"] = "not of one floating-point type",
    ["__builtin_complex(1.0, 2.0f)"] = "not of one floating-point type",
  } do
    local path = write("#define CX_WRONG " .. expression .. "\n")
    local lib = ffi.include(path)
    os.remove(path)
    lu.assertErrorMsgContains(message, function() return lib.CX_WRONG end)
  end
  lu.assertErrorMsgContains("the value of a complex number is not constant", ffi.cdef, "enum cx_wrong { CX_WRONG_ENUM = (int)1.0i };")
  lu.assertEquals(ffi.sizeof("char[sizeof(1.0i)]"), 16)
end

H.run()
