-- Initialisers in braces, of compound literals and of objects in bodies of functions (C11 6.7.9). Values are gcc's.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

local declarations = [[
typedef struct { int x, y[3]; struct { int a, b; }; unsigned low : 4, high : 12; } ini_point;
typedef struct { const int c; ini_point p[2]; char name[6]; union { int i; char s[8]; } u; } ini_all;
typedef int ini_v4 __attribute__((vector_size(16)));
typedef struct { int n; int more[]; } ini_open;
typedef struct { const unsigned a : 3, b : 5; const signed char c : 4; const _Bool d : 1; unsigned e : 2; } ini_bits;
typedef struct { int a; const ini_v4 *v; const char *s; double d; _Bool t; } ini_mixed;
static inline ini_point ini_make(int x) { ini_point p = { x, 1, 2, 3, 4, 5 }; return p; }
]]
local count = 0

-- The object of the type `head[tail]` that the initialiser makes: a literal, and the same in a body.
local function made(head, tail, text)
  count = count + 1
  local c = ffi.include(([[
#define INI_LITERAL ((%s%s)%s)
static inline unsigned long ini_body_%d(unsigned char *out) { %s x%s = %s; __builtin_memcpy(out, &x, sizeof x); return sizeof x; }
]]):format(head, tail, text, count, head, tail, text))
  local literal, bytes = c.INI_LITERAL, ffi.new "unsigned char[1024]"
  local size = ffi.tonumber(c["ini_body_" .. count](bytes))
  if ffi.type(literal) == "number" then return literal end
  lu.assertEquals({ ffi.sizeof(literal), ffi.string(literal, size) }, { size, ffi.string(bytes, size) }, text)
  return literal
end

TestInitialisers = {}

function TestInitialisers:setUp()
  if count == 0 then ffi.include(declarations) end
end

function TestInitialisers:test_without_braces()
  local p = made("ini_point", "", "{ 1, 2, 3, 4, 5, 6, 7, 8 }")
  lu.assertEquals({ p.x, p.y[0], p.y[1], p.y[2], p.a, p.b, p.low, p.high }, { 1, 2, 3, 4, 5, 6, 7, 8 })
  local all = made("ini_all", "", '{ 9, 1, { 2 }, 3, 4, 5, 6, { 7, { 8 } }, "abc", 65 }')
  lu.assertEquals({ all.c, all.p[0].x, all.p[0].y[0], all.p[0].y[1], all.p[0].a, all.p[0].b, all.p[0].low, all.p[0].high },
    { 9, 1, 2, 0, 3, 4, 5, 6 })
  lu.assertEquals({ all.p[1].x, all.p[1].y[0], ffi.string(all.name), all.u.i }, { 7, 8, "abc", 65 })
  local m = made("int", "[][2]", "{ 1, 2, 3 }")
  lu.assertEquals({ ffi.sizeof(m), m[1][0], m[1][1] }, { 16, 3, 0 })
end

function TestInitialisers:test_designators()
  local p = made("ini_point", "", "{ .y[1] = 7, 8, 9, .high = 3, .b = 2, .x = 1.9 }")
  lu.assertEquals({ p.x, p.y[0], p.y[1], p.y[2], p.a, p.b, p.low, p.high }, { 1, 0, 7, 8, 9, 2, 0, 3 })
  local a = made("int", "[]", "{ [2] = 5, 6, [0] = 1, [5 ... 7] = 2 }")
  lu.assertEquals({ ffi.sizeof(a), a[0], a[1], a[2], a[3], a[4], a[5], a[7] }, { 32, 1, 0, 5, 6, 0, 2, 2 })
  local all = made("const ini_all", "", '{ .p[0 ... 1].y = { [1] = 4 }, .p[1].x = 3, .u.s = "hi", .c = 1 }')
  lu.assertEquals({ all.c, all.p[0].y[1], all.p[1].y[1], all.p[0].x, all.p[1].x, ffi.string(all.u.s) }, { 1, 4, 4, 0, 3, "hi" })
end

-- What follows a range without braces goes on in its last element.
function TestInitialisers:test_behind_ranges()
  local a = made("int", "[4][2]", "{ [0 ... 1] = 1, 2, 3, 4 }")
  lu.assertEquals({ a[0][0], a[0][1], a[1][0], a[1][1], a[2][0], a[2][1], a[3][0] }, { 1, 0, 1, 2, 3, 4, 0 })
end

-- What is initialised again is as if it had not been before (6.7.9p19), and a union has one member.
function TestInitialisers:test_again()
  local all = made("ini_all", "", '{ .p[0].x = 5, .p[0] = { .a = 1 }, .name = "abcde", .name = "x", .u.s = "abcdefg", .u.i = 1 }')
  lu.assertEquals({ all.p[0].x, all.p[0].a, all.name[0], all.name[1], all.name[2], all.u.i, all.u.s[5] }, { 0, 1, 120, 0, 0, 1, 0 })
end

function TestInitialisers:test_values_of_every_kind()
  local a = made("ini_point", "[]", "{ ini_make(3), [2] = { 1 }, ini_make(4) }")
  lu.assertEquals({ ffi.sizeof(a) / ffi.sizeof "ini_point", a[0].x, a[0].y[2], a[1].x, a[2].x, a[3].x, a[3].a }, { 4, 3, 3, 0, 1, 4, 4 })
  lu.assertEquals(ffi.string(made("char", "[]", '{ "ab" "c" }'), 4), "abc\0")
  lu.assertEquals(ffi.string(made("char", "[2]", '{ "ab" }'), 2), "ab")
  local v = made("ini_v4", "", "{ 1, [3] = 7 }")
  lu.assertEquals({ v[0], v[1], v[3] }, { 1, 0, 7 })
  lu.assertEquals({ made("int", "", "{ 3.7 }"), made("unsigned char", "", "{ -1 }"), made("double", "", "{}") }, { 3, 255, 0 })
  local m = ffi.include('#define INI_MIXED ((ini_mixed){ -1.5, 0, "text", 1 / 4.0, .t = 0.5 })\n').INI_MIXED
  lu.assertEquals({ m.a, ffi.isnull(m.v), ffi.string(m.s), m.d, m.t }, { -1, true, "text", 0.25, true })
end

function TestInitialisers:test_constant_bit_fields()
  for text, values in pairs {
    ["{ 1, 2, -3, 1, 3 }"] = { 1, 2, -3, true, 3 },
    ["{ .e = 1, .c = 7, .a = 5, .a = 2, .d = 1, .d = 0 }"] = { 2, 0, 7, false, 1 },
  } do
    local b = made("ini_bits", "", text)
    lu.assertEquals({ b.a, b.b, b.c, b.d, b.e }, values)
  end
  local two = made("ini_bits", "[2]", "{ [0 ... 1] = { 4, 31 } }")
  lu.assertEquals({ two[0].a, two[0].b, two[1].a, two[1].b }, { 4, 31, 4, 31 })
end

function TestInitialisers:test_sizes_are_constants()
  lu.assertEquals({ ffi.tonumber(ffi.eval "sizeof((int[]){ 1, [7] = 2, 3 })"), ffi.tonumber(ffi.eval "sizeof((char[]){ \"abc\" })") }, { 36, 4 })
end

function TestInitialisers:test_mistakes()
  for text, message in pairs {
    ["(int[2]){ 1, 2, 3 }"] = "'int [2]' has no place for so many values",
    ["(int){ 1, 2 }"] = "'int' has no place for so many values",
    ["(int[2]){ [2] = 1 }"] = "'int [2]' has no such element",
    ["(int[]){ [-1] = 1 }"] = "'int []' has no such element",
    ["(int[]){ [3 ... 2] = 1 }"] = "'int []' has no such element",
    ["(int[]){ [0 ... 2000000] = 1 }"] = "more than a million elements are initialised at once",
    ["(int[2]){ .x = 1 }"] = "'int [2]' has no members",
    ["(ini_point){ [0] = 1 }"] = "'ini_point' has no elements",
    ["(ini_point){ .zz = 1 }"] = "has no member 'zz'",
    ["(ini_point){ .x.y = 1 }"] = "'int' has no members",
    ["(ini_point){ .x 5 }"] = "'=' behind the designator",
    ["(ini_open){ 1, 2 }"] = "a flexible array member is not initialised",
    ["(ini_open){ .more = { 1 } }"] = "a flexible array member is not initialised",
    ["(ini_point){ 1, { 2, 3"] = "'}'",
    ["(struct ini_nothing){ 1 }"] = "undeclared tag 'struct ini_nothing'",
    ["(void){ 1 }"] = "the size of 'void' is not known",
  } do
    lu.assertErrorMsgContains(message, function() return ffi.include("#define INI_M " .. text .. "\n").INI_M end)
  end
end

H.run()
