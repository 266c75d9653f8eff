-- ffi.include: headers as they stand, and macros: constants, strings, aliases, calls, all by the values that gcc has.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

local function write(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
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
#define INC_ALL(...) INC_SUM(__VA_ARGS__)
#define INC_SWAP(v) __builtin_bswap32(v)
#define INC_LOOP do { } while (0)
#define INC_STATEMENT(x) do { x = 1; } while (0)
#define INC_HALF(x) ((x) * 0.5f)
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
  lu.assertEquals(lib.INC_SIZE(ffi.typeof "inc_point"), 12)
  lu.assertEquals(lib.INC_KIND(1), 1)
  lu.assertEquals(lib.INC_KIND(1.5), 2)
  lu.assertEquals(lib.INC_KIND "text", 3)
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
  lu.assertErrorMsgContains("takes 2 arguments, got 1", lib.INC_MAX, 1)
  lu.assertErrorMsgContains("argument #1 is a table", lib.INC_BYTE, {})
  lu.assertErrorMsgContains("division by zero", lib.INC_DIV, 1, 0)
  lu.assertErrorMsgContains("has no 'INC_NONE'", function() return lib.INC_NONE end)
  lu.assertErrorMsgContains("the header \"ferry/none.h\" is not found in ", ffi.include, "ferry/none.h")
  lu.assertErrorMsgContains("include has no option 'lib'", ffi.include, "stdio.h", { lib = "z" })
  lu.assertErrorMsgContains("bad argument #1 to 'include'", ffi.include, 1)
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
  local folder, name = path:match "^(.*)/(.*)$"
  lu.assertEquals(ffi.include(name, { path = folder, define = "INC_WITH" }).INC_SEEN, 1)
  os.remove(path)
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
  lu.assertTrue(stdio.stdout == ffi.C.stdout)
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

H.run()
