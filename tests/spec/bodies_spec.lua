-- Functions that a header has with their bodies, called: what they give is what gcc's program gives (tests/headers/compare.lua compares
-- those of real libraries).
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

local header = [[
void *memcpy(void *, const void *, unsigned long);
unsigned long strlen(const char *);
int abs(int);
#define BO_TWICE(x) ((x) * 2)
typedef struct { int x, y; } bo_point;
typedef struct bo_list { struct bo_list *next; int value; } bo_list;
enum bo_colour { BO_RED, BO_BLUE = 5 };
static inline int bo_twice(int x) { return BO_TWICE(x); }
#undef BO_TWICE
static inline int bo_factorial(int n) { return n <= 1 ? 1 : n * bo_factorial(n - 1); }
static inline unsigned long long bo_gcd(unsigned long long a, unsigned long long b) {
  while (b) { unsigned long long t = a % b; a = b; b = t; }
  return a;
}
static inline bo_point bo_make(int x, int y) { bo_point p = { x, y }; p.x += 1; return p; }
static inline int bo_x(const bo_point *p) { return p->x; }
static inline bo_point bo_moved(bo_point p, int d) { p.x += d; return p; }
static inline float bo_float(unsigned u) { float f; memcpy(&f, &u, sizeof f); return f; }
static inline int bo_switch(int k) {
  switch (k) {
    case 1: return 10;
    case 2: k += 5;  // falls through
    case 3: k++; break;
    case 5 ... 9: return -1;
    default: return 99;
  }
  return k;
}
static inline int bo_duff(char *to, const char *from, int count) {
  int n = (count + 7) / 8, turns = 0;
  switch (count % 8) {
    case 0: do { ++turns; *to++ = *from++;
    case 7: *to++ = *from++;
    case 6: *to++ = *from++;
    case 5: *to++ = *from++;
    case 4: *to++ = *from++;
    case 3: *to++ = *from++;
    case 2: *to++ = *from++;
    case 1: *to++ = *from++;
    } while (--n > 0);
  }
  return turns;
}
static inline int bo_labels(int k) {
  int r = 0;
  switch (k) {
    bo_point p; int a[2];
    if (r) { case 1: r += 1; } else { case 2: r += 10; break; case 3: case 4: r += 100; }
    p.x = 5; a[1] = 2; r += p.x + a[1];
    for (int i = 7; r < 2000; ++i) { r += 1000; case 5: r += 3; i = 0; if (r > 1500) continue; default: r += 1; { case 6 ... 8: r += 2; } }
    while (0) { case 9: switch (r) { case 0: r = 50; break; case 9: r = 60; } if (r == 50) break; r += 7; }
    r += 20000;
    while (k == 10) { k = 0; r += 1; int t; case 10: t = 4; r += t; }
  }
  return r;
}
static inline int bo_one(int k) { switch (k) case 3: return 30; switch (k) switch (k + 1) { case 5: return 50; } return 0; }
static inline int bo_stray(int k) { if (k) { case 1: return 1; } return 0; }
static inline int bo_twice_one(int k) { switch (k) { case 3: return 1; while (k) { case 1 ... 4: return 3; } } return 0; }
static inline int bo_twice_default(int k) { switch (k) { default: return 1; { default: return 2; } } return 0; }
static inline int bo_promoted(unsigned char k) { switch (k) { case 1: return 1; case 257: return 2; } return 0; }
static inline int bo_into(int k) { switch (k) { case 1: return ({ case 2: k; }); } return 0; }
static inline int bo_sum(const int *a, int n) {
  int s = 0;
  for (int i = 0; i < n; ++i) { if (i == 2) continue; if (i == 5) break; s += a[i]; }
  return s;
}
static inline int bo_arrays(void) {
  int a[] = {1, 2, 3}; char t[] = "abc"; char b[8] = "xy";
  a[1] = 7;
  return a[0] + a[1] + a[2] + (int)sizeof a + (int)sizeof t + t[1] + b[1] + b[7];
}
static inline int bo_zeros(void) {
  struct { int a[3], b; } r = {{4}}, s = {.b = 1};
  const char *names[3] = {"a"}; char word[2][4] = {"ab"}; int m[2][2] = {{1}, {2}}, one[4] = {5};
  bo_point p[2] = {{1, 2}};
  return r.a[0] + r.a[1] + r.b + s.a[2] + (names[1] != 0) + word[1][0] + m[0][1] + m[1][1] + one[3] + p[1].y + (int[3]){6}[2];
}
static inline void bo_set(int *p) { *p = 5; }
static inline int bo_set_local(int k) { bo_set(&k); return k; }
static inline int bo_bits(int n) { int c = 0; do { c++; n /= 2; } while (n > 0); return c; }
static inline const char *bo_name(void) { return __func__; }
static inline unsigned char bo_next(unsigned char c) { return c + 1; }
static inline _Bool bo_truth(int x) { _Bool b = x; return b; }
static inline int bo_block(int x) { return ({ int y = x + 1; y * 2; }); }
static inline int bo_deeper(int x) { return bo_deeper(x + 1) + 1; }
static inline int bo_odd(int);
static inline int bo_even(int x) { return bo_odd(x - 1) + 1; }
static inline int bo_odd(int x) { return bo_even(x - 1) + 1; }
static inline int bo_half(int x) { if (x) return 1; }
static inline int bo_apply(int (*f)(int), int x) { return f(x) + 1; }
static inline double bo_mean(double a, double b) { const double s = a + b; return s / 2; }
static inline float bo_third(float x) { return x / 3; }
static inline int bo_old(a, b) int a; char b; { return a - b; }
static inline int bo_unnamed(int) { return 3; }
static inline int bo_length(const char *s) { return (int)strlen(s); }
static inline int bo_shadow(int bo_point) { { int bo_point = 4; bo_point++; } return bo_point * 2; }
static inline enum bo_colour bo_other(enum bo_colour c) { return c == BO_RED ? BO_BLUE : BO_RED; }
static inline int bo_total(const bo_list *l) { int s = 0; for (; l; l = l->next) s += l->value; return s; }
static inline int bo_library(int x) { return abs(x); }
int abs(int x) { return 1000; }
static inline int bo_asm(void) { int r; asm("" : "=r"(r)); return r; }
static inline int bo_reached(int x) { if (x == 1) return 2; if (x == 2) __builtin_trap(); __builtin_unreachable(); }
static inline int bo_own(int x) { return __builtin_no_such_thing(x); }
static inline int bo_for_ever(void) { for (;;) ; return 1; }
static inline int bo_rest(const char *f, ...) { return f[0]; }
static inline int bo_passes(int n) { return bo_rest("yes", n, 2.5) + bo_rest("no"); }
static inline int bo_reads(const char *f, ...) { __builtin_va_list rest; __builtin_va_start(rest, f); return 1; }
static inline int bo_forwards(int n) { return bo_reads("x", n); }
static inline int
bo_unknown(int x)
{
  return x +
    nothing_known(x);
}
void *memchr(const void *, int, unsigned long);
typedef struct { const char *p; int n; bo_list *next; void (*f)(void); } bo_pointers;
typedef struct { bo_pointers first; int last[3]; } bo_outer;
static inline int bo_null_call(void) { return memchr(0, 0, 0) == 0 && memchr((void *)BO_RED, 1, 0) == 0; }
static inline int bo_null_function(int (*f)(int), int x) { return f ? f(x) : -x; }
static inline int bo_null_callback(void) { return bo_null_function(0, 3) + bo_null_function(BO_RED, 4); }
static inline int bo_is_null(bo_pointers p) { return p.p == 0 && p.next == 0 && p.f == 0; }
static inline int bo_null_members(void) { bo_pointers a = {0}, b = {0, 7, 0, 0}; return bo_is_null(a) * (b.p == 0 ? b.n : 0); }
static inline int bo_null_literal(void) { return bo_is_null((bo_pointers){0, 1, 0}) && bo_is_null((bo_pointers){.next = 0, .f = 0}); }
static inline int bo_null_array(void) { const char *p[3] = {0, "x", 0}; bo_list *q[2] = {0}; return !p[0] && p[1][0] == 'x' && !q[1]; }
static inline int bo_zero_outer(void) { bo_outer o = {0}; int a[4] = {0}, x = {0}; return o.first.p == 0 && o.last[2] == 0 && a[3] == 0 && x == 0; }
#ifdef __SIZEOF_INT128__
typedef unsigned long long bo_u64;
typedef unsigned __int128 bo_u128;
typedef __int128 bo_i128;
static inline bo_u64 bo_u128_high(bo_u128 x) { return (bo_u64)(x >> 64); }
static inline bo_u64 bo_u128_low(bo_u128 x) { return (bo_u64)x; }
static inline bo_u64 bo_high(bo_u64 a, bo_u64 b) { return (bo_u64)((bo_u128)a * b >> 64); }
static inline bo_u64 bo_fold(bo_u64 a, bo_u64 b) {
  const bo_u128 p = (bo_u128)a * b;
  return (bo_u64)p ^ (bo_u64)(p >> 64);
}
static inline bo_u64 bo_carry(bo_u64 a, bo_u64 b) { return (bo_u64)(((bo_u128)a + b) >> 64); }
static inline bo_u64 bo_shifted(bo_u64 a, int n) {
  bo_u128 x = ((bo_u128)a << 64 | a) ^ (bo_u128)5 << 70;
  bo_i128 y = -(bo_i128)a, z = y;
  z >>= n;
  x <<= n;
  return bo_u128_high(x) * 3 + bo_u128_low(x >> n) * 5 + (bo_u64)(y >> n) * 7 + (bo_u64)(y >> (n + 30)) * 11 +
    (bo_u64)(z >> 64) * 13 + (bo_u64)(~x >> (127 - n)) + (bo_u64)((x & ~(bo_u128)a) >> 65) + (bo_u64)(y << n >> 3);
}
#define BO_HIGH(a, b) ((bo_u64)((unsigned __int128)(a) * (b) >> 64))
#define BO_HIGH_K BO_HIGH(0x9e3779b97f4a7c15ull, 0xffffffffffffffffull)
#define BO_MASK ((unsigned __int128)1 << 100)
#define BO_MASK_HIGH ((bo_u64)(BO_MASK >> 90 | BO_MASK >> 64))
#endif
static int bo_counter;
static int bo_start = 5;
static inline int bo_count(void) { return ++bo_counter; }
typedef struct {
  unsigned u5 : 5; int i3 : 3; unsigned long long q20 : 20; unsigned u32 : 32; signed char c7 : 7; _Bool b1 : 1;
  unsigned long long q32 : 32; unsigned u31 : 31; long long q40 : 40;
} bo_fields;
enum bo_bits_enum { BO_BITS0, BO_BITS7 = 7 };
typedef struct { enum bo_bits_enum e : 4; unsigned short s9 : 9; } bo_fields2;
static inline long long bo_bits1(bo_fields *p) { return -p->u5; }
static inline long long bo_bits2(bo_fields *p) { return p->u5 - 30 < 0; }
static inline long long bo_bits3(bo_fields *p) { return (p->u5 = 40) * 1000 + (p->i3 = 5) * 10 + (p->q20 = -1); }
static inline long long bo_bits4(bo_fields *p) { p->u5 = 31; p->i3 = 3; int a = ++p->u5, b = ++p->i3; int c = p->u5--;
  return a * 1000 + b * 100 + c * 10 + p->u5; }
static inline long long bo_bits5(bo_fields *p) { p->q20 = 7;
  return ~p->q20 + (p->q20 - 10 < 0) + (long long)sizeof(+p->q20) * 100 + (long long)sizeof(p->u31 + 0u) * 1000; }
static inline long long bo_bits6(bo_fields *p) { p->u32 = 5; p->q32 = 6;
  return (p->u32 - 10 < 0) + (long long)(p->u32 - 10) + (p->q32 - 10 > 0) * 7 + (long long)-p->u31; }
static inline long long bo_bits7(bo_fields *p) { p->u5 = 20; p->u5 /= -3; return p->u5; }
static inline long long bo_bits8(bo_fields *p) { p->u5 = 20; return (p->u5 += 15) * 100 + (p->c7 = 200) + (p->b1 = 6); }
static inline long long bo_bits9(bo_fields *p, bo_fields2 *q) { q->e = BO_BITS7; q->s9 = 511;
  return (q->e - 8 < 0) * 10 + (q->e = 31) * 100 + ++q->s9 + (q->s9 - 1 < 0) * 3; }
static inline long long bo_bits10(bo_fields *p) { p->u5 = 3; return (1 ? p->u5 : 0) - 10 < 0 ? 5 : 6; }
static inline long long bo_bits11(bo_fields *p) { p->u5 = 3; long long x = (p->u5, p->u5) - 10; return x; }
static inline long long bo_bits12(bo_fields *p) { p->u5 = 3; return (p->u5 = 7) - 10 < 0; }
#define BO_NEG(s) (-(s).u5)
#define BO_SET(s, v) ((s).u5 = (v))
static inline int bo_shift_int(int x, unsigned n) { x >>= n; return x; }
static inline long long bo_shift_wide(long long x, unsigned long long n) { x >>= n; return x; }
static inline int bo_shift_short(short x, unsigned long n) { x <<= n; x >>= n; return x; }
static inline unsigned bo_shift_unsigned(unsigned x, int n) { x >>= n; return x; }
#ifdef __SIZEOF_INT128__
static inline int bo_switch_wide(unsigned __int128 x) { switch (x - 3) { case 0: return 1; case 4 ... 6: return 2; default: return 3; case 0xfffffffffll: return 4; } }
#endif
#define BO_LAST(o) ((o).last)
#define BO_ROW(p) (*(p))
#define BO_NULL_MACRO(x) bo_null_function(0, x)
#define BO_AT_MOST_3(x) ({ int a_ = (x); if (a_ > 3) a_ = 3; a_; })
]]

local path = os.tmpname()
V.write_file(path, header)
local bo = ffi.include(path)
os.remove(path)

TestBodies = {}

function TestBodies:test_statements()
  lu.assertEquals(bo.bo_twice(21), 42)
  lu.assertEquals(bo.bo_factorial(5), 120)
  H.assert_uint(bo.bo_gcd(48, 36), "12")
  for k, v in pairs { [1] = 10, [2] = 8, [3] = 4, [4] = 99, [6] = -1 } do lu.assertEquals(bo.bo_switch(k), v) end
  lu.assertEquals(bo.bo_sum(ffi.new("int[8]", 1, 2, 3, 4, 5, 6, 7, 8), 8), 12)
  lu.assertEquals(bo.bo_bits(9), 4)
  lu.assertEquals(bo.bo_block(3), 8)
  lu.assertEquals(bo.bo_shadow(3), 6)
  lu.assertEquals(bo.BO_AT_MOST_3(9), 3)
  lu.assertEquals(bo.BO_AT_MOST_3(2), 2)
end

-- Expected values are those of a program that gcc made.
function TestBodies:test_labels_within_statements()
  for n, turns in ipairs { 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2 } do
    local text, to = ("abcdefghijklmnopqrs"):sub(1, n), ffi.new "char[32]"
    lu.assertEquals(bo.bo_duff(to, text, n), turns)
    lu.assertEquals(ffi.string(to), text)
  end
  local values = {
    [0] = 22012, [1] = 22017, [2] = 10, [3] = 22116, [4] = 22116, [5] = 22015, [6] = 22011, [7] = 22011, [8] = 22011, [9] = 20050,
    [10] = 9, [11] = 22012,
  }
  for k, expected in pairs(values) do lu.assertEquals(bo.bo_labels(k), expected) end
  lu.assertEquals(bo.bo_one(3), 30)
  lu.assertEquals(bo.bo_one(4), 0)
  lu.assertEquals(bo.bo_one(5), 0)
end

function TestBodies:test_objects()
  local p = bo.bo_make(1, 2)
  lu.assertEquals({ p.x, p.y }, { 2, 2 })
  lu.assertEquals(bo.bo_x(p), 2)
  lu.assertEquals(bo.bo_x { 7, 8 }, 7)
  lu.assertEquals(bo.bo_moved(p, 10).x, 12)
  lu.assertEquals(p.x, 2)
  lu.assertEquals(bo.bo_float(0x3f800000), 1.0)
  lu.assertEquals(bo.bo_arrays(), 1 + 7 + 3 + 12 + 4 + 98 + 121)
  lu.assertEquals(bo.bo_zeros(), 4)
  lu.assertEquals(bo.bo_set_local(1), 5)
  lu.assertEquals(ffi.string(bo.bo_name()), "bo_name")
  local last = ffi.new("bo_list", nil, 4)
  lu.assertEquals(bo.bo_total(ffi.new("bo_list", last, 3)), 7)
  lu.assertEquals(bo.bo_total(nil), 0)
end

-- A macro may be an array, as an object: a reference to it.
function TestBodies:test_arrays_of_macros()
  local o = ffi.new "bo_outer"
  bo.BO_LAST(o)[1] = 7
  lu.assertEquals(o.last[1], 7)
  lu.assertEquals(ffi.sizeof(bo.BO_LAST(o)), 12)
  lu.assertEquals(bo.BO_ROW(ffi.new("int[2][2]", { { 1, 2 }, { 3, 4 } }))[1], 2)
end

function TestBodies:test_conversions()
  lu.assertEquals(bo.bo_next(255), 0)
  lu.assertEquals(bo.bo_next(300), 45)
  lu.assertIs(bo.bo_truth(5), true)
  lu.assertIs(bo.bo_truth(0), false)
  lu.assertEquals(bo.bo_mean(1, 4), 2.5)
  lu.assertEquals(bo.bo_third(1), ffi.new("float[1]", 1 / 3)[0])
  lu.assertEquals(bo.bo_length "four", 4)
  lu.assertEquals(bo.bo_old(5, 3), 2)
  lu.assertEquals(bo.bo_old(5, 259), 2) -- arrives as an int, and is a char in the body
  lu.assertEquals(bo.bo_unnamed(1), 3)
  lu.assertEquals(ffi.tonumber(bo.bo_other "BO_RED"), 5)
  lu.assertEquals(bo.bo_apply(function(x) return x * 3 end, 4), 13)
  lu.assertEquals(bo.bo_apply(bo.bo_twice, 4), 9)
  lu.assertEquals(select("#", bo.bo_set(ffi.new "int[1]")), 0)
end

-- C11 6.3.2.3p3: a constant 0 is a null pointer where a pointer is wanted. Expected values are those of a program that gcc made.
function TestBodies:test_null_pointer_constants()
  lu.assertEquals(bo.bo_null_call(), 1)
  lu.assertEquals(bo.bo_null_callback(), -7)
  lu.assertEquals(bo.bo_null_members(), 7)
  lu.assertEquals(bo.bo_null_literal(), 1)
  lu.assertEquals(bo.bo_null_array(), 1)
  lu.assertEquals(bo.bo_zero_outer(), 1)
  lu.assertEquals(bo.BO_NULL_MACRO(5), -5)
end

-- Expected values are those of a program that gcc made.
function TestBodies:test_integers_of_128_bits()
  if not pcall(ffi.typeof, "__int128") then lu.skip "the target has none" end
  local most, k = ffi.cast("uint64_t", -1), ffi.eval "0x9e3779b97f4a7c15ull"
  H.assert_uint(bo.bo_high(most, most), "18446744073709551614")
  H.assert_uint(bo.bo_fold(k, most - 4), "8565255890251411334")
  H.assert_uint(bo.bo_carry(most, k), "1")
  H.assert_uint(bo.bo_high(k, k), "7046029254386353128")
  H.assert_uint(bo.BO_HIGH_K, "11400714819323198484")
  H.assert_uint(bo.BO_MASK_HIGH, "68719477760")
  local shifted = {
    [0] = "15675982759774225165", [1] = "11045548869325820529", [33] = "3624323405968485277", [63] = "14761313895034488667",
    [64] = "7235199058403665512", [65] = "4097685111446302772", [97] = "8865727934656441417",
  }
  for n, expected in pairs(shifted) do H.assert_uint(bo.bo_shifted(k, n), expected) end
end

-- C11 6.5.7p3: the right side says nothing of the left one's sign.
function TestBodies:test_shifts_in_place()
  lu.assertEquals({ bo.bo_shift_int(-8, 1), bo.bo_shift_int(-8, 31), bo.bo_shift_short(-300, 3), bo.bo_shift_unsigned(0xfffffff0, 4) },
    { -4, -1, -300, 0xfffffff })
  H.assert_int(bo.bo_shift_wide(-8, 2), -2)
  if ffi.sizeof "void *" < 8 then return end
  lu.assertEquals({ bo.bo_switch_wide(3), bo.bo_switch_wide(8), bo.bo_switch_wide(2), bo.bo_switch_wide(0x1000000002) }, { 1, 2, 3, 4 })
end

-- A bit-field of fewer bits than an int is one in arithmetic (C11 6.3.1.1p2), and an assignment gives what is left in it. Where it has more,
-- gcc and clang differ.
function TestBodies:test_bit_fields()
  local x, y = bo.bo_fields(9, 1, 1, 1, 1, 1, 1, 1, 1), bo.bo_fields2()
  local expected = {
    "-9", "1", "1056545", "-369", "4393", "4294967297", "26", "245", "1513", "5", "-7", "1",
  }
  for i, each in ipairs(expected) do
    local v
    if i == 9 then v = bo.bo_bits9(x, y) else v = bo["bo_bits" .. i](x) end
    lu.assertEquals({ i, H.digits(v) }, { i, each })
  end
  x.u5 = 4
  H.assert_int(bo.BO_NEG(x), -4)
  H.assert_int(bo.BO_SET(x, 70), 6)
end

-- A definition that is not `static` is the library's where it has one: C11 6.7.4p7.
function TestBodies:test_the_library_has_it()
  lu.assertEquals(bo.abs(-3), 3)
  lu.assertEquals(bo.bo_library(-3), 3)
end

function TestBodies:test_errors()
  local function says(text, f, ...)
    local ok, message = pcall(f, ...)
    lu.assertFalse(ok)
    lu.assertStrContains(message, text)
  end
  says("'bo_start' is a static variable: each C file that includes its header has one", function() return bo.bo_start end)
  says("'bo_start' is a static variable", function() bo.bo_start = 1 end)
  says("'bo_counter' is a static variable", bo.bo_count)
  says("assembler is not run", bo.bo_asm)
  lu.assertEquals(bo.bo_reached(1), 2)
  says("'bo_reached': __builtin_trap is reached", bo.bo_reached, 2)
  says("'bo_reached': __builtin_unreachable is reached", bo.bo_reached, 3)
  says("the compiler's own '__builtin_no_such_thing' is not run", bo.bo_own, 1)
  says("'case' has no 'switch' around it", bo.bo_stray, 1)
  says("'case' has no 'switch' around it", bo.bo_into, 1)
  says("its 'switch' has two labels 'case 3'", bo.bo_twice_one, 1)
  says("its 'switch' has two labels 'default'", bo.bo_twice_default, 1)
  lu.assertEquals(bo.bo_promoted(1), 1)
  says("arguments behind '...' are not read near '__builtin_va_start'", bo.bo_reads, "x")
  says("'bo_forwards': the body of inline function 'bo_reads' cannot be run: arguments behind '...' are not read", bo.bo_forwards, 1)
  lu.assertEquals({ bo.bo_rest "x", bo.bo_rest("x", 1, "more", {}), bo.bo_passes(3) }, { 120, 120, 121 + 110 })
  says("wrong number of arguments for 'bo_rest' (at least 1 expected, got 0)", bo.bo_rest)
  local _, before = header:gsub("\n", "\n")
  local line = select(2, header:sub(1, header:find "nothing_known"):gsub("\n", "")) + 1
  lu.assertTrue(line < before)
  says(("undeclared identifier 'nothing_known' at %s:%d:"):format(path, line), bo.bo_unknown, 1)
  says("(require \"ferry.cc\")", bo.bo_unknown, 1)
  ffi.cdef(("static inline int bo_deep(int x) { return %s1; }\n#define BO_DEEP(x) (%s1)"):format(("x+"):rep(3000), ("(x)+"):rep(3000)))
  says("the body of inline function 'bo_deep' cannot be run: the expression is nested too deep", function() return ffi.C.bo_deep(1) end)
  lu.assertEquals(ffi.C.BO_DEEP(1.5), 4501) -- whose argument becomes text: a constant
  if not H.slow then says("'bo_for_ever': its loops go round more than", bo.bo_for_ever) end
  says("'bo_half': it ends without returning a value", bo.bo_half, 0)
  says("'bo_x': NULL pointer", bo.bo_x, nil)
  says("wrong number of arguments for 'bo_twice' (1 expected, got 0)", bo.bo_twice)
  says("bad argument #1 to 'bo_twice' (cannot convert 'string' to 'int')", bo.bo_twice, "x")
  says("bodies_spec.lua", function() local v = bo.bo_twice {} return v end)
  local ok, thrown = pcall(bo.bo_apply, function() error { 7 } end, 1)
  lu.assertFalse(ok)
  lu.assertEquals(thrown, { 7 })
end

-- However deep the calls were, the message has each name once.
function TestBodies:test_endless_recursion()
  for name, other in pairs { bo_deeper = "bo_deeper", bo_even = "bo_odd" } do
    local ok, message = pcall(bo[name], 1)
    lu.assertFalse(ok)
    lu.assertStrContains(message, "stack overflow")
    for _, each in ipairs { name, other } do lu.assertEquals(select(2, message:gsub("'" .. each .. "'", "")), 1, message) end
  end
end

function TestBodies:test_type()
  lu.assertEquals(tostring(ffi.typeof(bo.bo_mean)), "ctype<double (double, double)>")
  lu.assertTrue(ffi.typeof(bo.bo_twice) == ffi.typeof(ffi.C.abs))
  lu.assertEquals(ffi.typeinfo(bo.bo_set).kind, "function")
  lu.assertErrorMsgContains("C type expected, got function", ffi.typeof, print)
end

function TestBodies:test_cdef()
  ffi.cdef "static inline int bo_of_cdef(int a, int b) { return a * b; }"
  lu.assertEquals(ffi.C.bo_of_cdef(6, 7), 42)
  lu.assertIs(ffi.C.bo_of_cdef, ffi.C.bo_of_cdef)
  lu.assertErrorMsgContains("is an inline function: it has a body and no address", ffi.addressof, ffi.C, "bo_of_cdef")
end

-- A text that was made of the header has its bodies, too.
function TestBodies:test_dump()
  V.write_file(path, (header:gsub("bo_", "bp_"):gsub("BO_", "BP_")))
  local text = ffi.include(path):dump()
  os.remove(path)
  local again = ffi.include(text)
  lu.assertEquals(again.bp_twice(4), 8)
  lu.assertEquals(again.bp_make(4, 5).x, 5)
  lu.assertErrorMsgContains(path, again.bp_unknown, 1)
end

-- A state has one function of a name, the first; strict code is told.
function TestBodies:test_another_body()
  local first = ffi.include "static inline int bo_again(int x) { return x + 1; }\n"
  local again = "static inline int bo_again(int y)\n{\n  return y /* the same */ + 2;\n}\n"
  lu.assertEquals({ first.bo_again(1), ffi.include(again).bo_again(1) }, { 2, 2 })
  ffi.strict(true)
  local same = pcall(ffi.include, "\n\nstatic inline int bo_again(int x)\n{\n  return x + 1; }\n")
  local ok, message = pcall(ffi.include, again)
  ffi.strict(false)
  lu.assertEquals({ same, ok }, { true, false })
  lu.assertStrContains(message, "'bo_again' has another body than it has already since ")
end

H.run()
