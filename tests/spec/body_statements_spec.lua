-- Statements of bodies that go elsewhere, declare what is no object of the call, or operate atomically. The values are those of gcc's
-- program.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

local header = [[
#include <stdatomic.h>
#include <stddef.h>
static inline int bs_loops(int n) { int i = 0, s = 0; again: s += i; if (++i < n) goto again; return s; }
static inline int bs_out_of_loops(int *a, int n) { int err = -1; for (int i = 0; i < n; i++) { for (int j = 0; j < n;
  j++) { if (a[i*n+j] == 7) { err = i * 10 + j; goto out; } } } err = -2; out: return err; }
static inline int bs_switches(int x) { if (x < 0) goto fail; switch (x) { case 0: goto zero; case 1: x += 5; middle: x += 2;
  break; default: if (x > 50) goto fail; x = 1; goto middle; } return x; zero: return 100; fail: x = -1; return x; }
static inline int bs_into_loop(int n) { int total = 0; goto inside; while (n > 0) { total += 100; inside: total += n; n--;
  } return total; }
static inline int bs_in_expression(int n) { int r = ({ __label__ l; int k = 0; l: k++; if (k < n) goto l; k; }); return r * 2; }
static inline int bs_in_block(int n) { { int x = 3; top: x++; if (x < n) goto top; n = x; } done: __attribute__((unused));
  return n; }
static inline int bs_into_branch(int n) { int c = 0; if (n > 5) { big: c += 10; } else { c += 1; if (n == 2) { n = 9;
  goto big; } } return c; }
static inline int bs_continues(int n) { int s = 0; do { if (n == 3) goto next; s += n; next: ; } while (--n > 0); return s; }
static inline int bs_same_object(int n) { int *p = 0, v = 5; if (n) goto set; set: p = &v; *p += n; { int q = v;
  if (q < 20) { n = 3; goto set; } } end: return v; }
static inline int bs_calls(void) { static int calls; return ++calls; }
static inline int bs_tables(int i) { static const int table[] = {3, 1, 4, 1, 5};
  static const char *const names[] = {"a", "bc"}; return table[i] + (int)names[1][1]; }
static inline int *bs_address(void) { static int x = 42; return &x; }
static inline int bs_records(int n) { static struct { int a, b; } s = {1, 2}; if (n == 0) return s.a; s.a += n;
  { static int a = 7; a++; return s.a * 100 + a; } }
static inline int bs_types(int x) { typedef unsigned char small; typedef struct { small a; int b; } pair;
  pair p = { (small)x, sizeof(small) }; return p.a + p.b; }
static inline int bs_hidden_type(int x) { typedef int T; { int T = 5; x += T; } T y = x; return y; }
static inline double bs_declares(double x) { extern double fabs(double); double floor(double); return fabs(x) + floor(x); }
typedef struct { int refs; long long wide; unsigned short small; void *ptr; _Bool flag; unsigned char byte; int *ints;
  } bs_object;
static inline int bs_at_incref(bs_object *o) { return __atomic_add_fetch(&o->refs, 1, __ATOMIC_ACQUIRE); }
static inline int bs_at_decref(bs_object *o) { return __atomic_sub_fetch(&o->refs, 1, __ATOMIC_RELEASE) == 0; }
static inline long long bs_at_ops(bs_object *o, long long v) { long long r = __atomic_fetch_add(&o->wide, v, 5);
  r = r * 3 + __atomic_fetch_sub(&o->wide, 7, 0); r = r * 3 + __atomic_or_fetch(&o->wide, 0x100, 0);
  r = r*3 + __atomic_fetch_and(&o->wide, ~3LL, 0); r = r * 3 + __atomic_xor_fetch(&o->wide, 0x55, 0);
  r = r * 3 + __atomic_nand_fetch(&o->wide, 0xff, 0); r = r * 3 + __atomic_fetch_nand(&o->wide, 0xff, 0); return r + o->wide; }
static inline int bs_at_small(bs_object *o, int v) { int r = __atomic_add_fetch(&o->small, v, 0);
  r = r * 3 + __atomic_fetch_sub(&o->small, 1, 0); r += __atomic_exchange_n(&o->small, v + 3, 5); return r + o->small; }
static inline int bs_at_cas(bs_object *o, int e, int d) { int old = e;
  int ok = __atomic_compare_exchange_n(&o->refs, &old, d, 0, 5, 5); return ok * 1000 + old * 10 + o->refs; }
static inline int bs_at_cas2(bs_object *o, int e, int d) { int old = e;
  int ok = __atomic_compare_exchange(&o->refs, &old, &d, 1, 5, 5); return ok * 1000 + old * 10 + o->refs; }
static inline int bs_at_generic(bs_object *o) { int v = 9, r; __atomic_store(&o->refs, &v, 5); v = 11;
  __atomic_exchange(&o->refs, &v, &r, 5); int now; __atomic_load(&o->refs, &now, 5); return r * 100 + now; }
static inline int bs_at_flag(bs_object *o) { int a = __atomic_test_and_set(&o->flag, 5);
  int b = __atomic_test_and_set(&o->flag, 5); __atomic_clear(&o->flag, 5); return a * 4 + b * 2 + o->flag; }
static inline long bs_at_ptr(bs_object *o, void *p) { void *old = __atomic_exchange_n(&o->ptr, p, 5);
  int same = __atomic_load_n(&o->ptr, 5) == p; return (old == 0) * 2 + same; }
static inline long bs_at_ptr2(bs_object *o, int *p) { __atomic_store_n(&o->ints, p, 5);
  int *was = __atomic_fetch_add(&o->ints, 8, 5); return (was == p) * 1000 + (o->ints - p); }
static inline int bs_sync(bs_object *o, int v) { int r = __sync_fetch_and_add(&o->refs, v);
  r = r * 3 + __sync_sub_and_fetch(&o->refs, 2); r = r * 3 + __sync_bool_compare_and_swap(&o->refs, v, 77);
  r = r * 3 + __sync_val_compare_and_swap(&o->refs, 77, 5); r = r * 3 + __sync_lock_test_and_set(&o->refs, 1);
  __sync_lock_release(&o->refs); __sync_synchronize(); return r * 3 + o->refs; }
static inline int bs_lock_free(void) { return __atomic_always_lock_free(4, 0) * 2 + __atomic_is_lock_free(8, 0); }
typedef struct { _Atomic int n; _Atomic double d; _Atomic(unsigned char) b; int *_Atomic p; atomic_llong w; atomic_flag f;
  } bs_atomic;
static inline int bs_c11_steps(bs_atomic *o) { int a = o->n++; int b = ++o->n; o->n += 5; o->n <<= 1; o->b -= 3;
  int c = o->n--; c -= --o->n; return a * 1000 + b * 100 + o->n + c * 7 + o->b; }
static inline double bs_c11_double(bs_atomic *o) { o->d = 1.5; o->d *= 3; o->d++; return o->d; }
static inline long bs_c11_pointer(bs_atomic *o, int *p) { o->p = p; o->p += 3; ++o->p; return o->p - p; }
static inline long long bs_c11_generic(bs_atomic *o) { atomic_store(&o->w, 10); long long r = atomic_fetch_add(&o->w, 5);
  r = r * 100 + atomic_exchange(&o->w, 3); long long e = 3; r = r * 100 + atomic_compare_exchange_strong(&o->w, &e, 8);
  return r * 100 + atomic_load(&o->w); }
static inline int bs_c11_local(void) { _Atomic int x = 3; x += 4; x++; _Atomic int *p = &x; (*p)++; return x; }
typedef struct { short a, b; } bs_pair;
static inline int bs_at_record(bs_pair *o, int a, int b) { bs_pair v = {a, b}, r; __atomic_exchange(o, &v, &r, 5);
  bs_pair e = {a, b}, d = {9, 8}; int ok = __atomic_compare_exchange(o, &e, &d, 0, 5, 5); bs_pair n; __atomic_load(o, &n, 5);
  return r.a * 1000 + r.b * 100 + ok * 10 + n.a + n.b; }
static inline int bs_tags(int x) { struct pt { int a; char b; }; struct pt p = {x, 2}; struct node { struct node *next;
  int v; } n2 = {0, 7}, n1 = {&n2, 3}; { struct pt { double d[4]; }; x += sizeof(struct pt);
  } return p.a + p.b + x + n1.next->v + (int)sizeof(struct pt); }
static inline int bs_enums(int x) { enum { A = 3, B, C = 10 }; enum color { RED, GREEN = 5 } c = GREEN;
  switch (x) { case A: return 1; case B: return 2; case C: return c; } { enum { A = 77 }; x += A;
  } return x + A + sizeof(enum color); }
static inline long long bs_wide_enum(void) { enum { BIG = 0x100000000LL, NEG = -1 };
  return BIG + NEG + (long long)sizeof(BIG); }
static inline int bs_hints(int *p) { __builtin_prefetch(p); __builtin_prefetch(p + 1, 0, 3);
  int *q = (int *)__builtin_assume_aligned(p, 4);
  return (int)__builtin_expect_with_probability(*q, 1, 0.9) 
    + (__builtin_object_size(p, 0) == (size_t)-1) + (__builtin_object_size(p, 2) == 0); }
static inline int bs_unions(void) { union u { int i; unsigned char b[4]; } v; v.i = 0; v.b[1] = 1;
  typedef struct inner inner; struct inner { union u w; }; inner z = { v }; return z.w.i; }
static inline int bs_nowhere(int x) { goto nowhere; return x; }
static inline int bs_two(int x) { a: x++; a: return x; }
static inline int bs_computed(int x) { goto *(void *)0; return x; }
static inline int bs_into_expression(int x) { goto in; x = ({ in: 5; }); return x; }
static inline int bs_out_of_expression(int x) { x = ({ goto out; 5; }); out: return x; }
static inline int bs_for_ever(int x) { again: goto again; return x; }
static inline int bs_undeclared(int x) { no_such_name; return x; }
static inline int bs_undeclared_sum(int x) { no_such_name + x; return x; }
static inline int bs_of_thread(void) { static __thread int v; return v; }
static inline int bs_extern_value(void) { extern int v = 3; return v; }
static inline int bs_no_address(int x) { return __atomic_add_fetch(x, 1, 5); }
static inline int bs_constant(const int *p) { return __atomic_add_fetch(p, 1, 5); }
static inline int bs_read_constant(const int *p) { return __atomic_load_n(p, 5); }
static inline int bs_no_order(int *p) { return __atomic_load_n(p); }
static inline int bs_unaligned(char *p) { return __atomic_load_n((int *)(p + 1), 5); }
static inline int bs_double(double *p) { return __atomic_fetch_add(p, 1, 5); }
static inline int bs_large(bs_object *p) { bs_object v; __atomic_load(p, &v, 5); return 0; }
static inline int bs_expected(int *p, char *e) { return __atomic_compare_exchange_n(p, e, 1, 0, 5, 5); }
static inline int bs_expects(int *p, int *e) { return __atomic_compare_exchange_n(p, e, 1, 0, 5, 5); }
static inline int bs_void(int *p, void *r) { __atomic_load(p, r, 5); return 0; }
static inline int bs_void_value(int *p, void *v) { __atomic_store(p, v, 5); return 0; }
static inline int bs_other(int *p) { return __sync_fetch_and_frob(p, 1); }
static inline int bs_add(int *p, int n) { while (n-- > 0) __sync_fetch_and_add(p, 1); return *p; }
static inline int bs_step(_Atomic int *p, int n) { while (n-- > 0) ++*p; return *p; }
]]

local path = os.tmpname()
V.write_file(path, header)
local bs = ffi.include(path)
os.remove(path)

-- Of calls in turn: name, arguments, what they give.
local function check(rows)
  for i, row in ipairs(rows) do
    local given = { pcall(bs["bs_" .. row[1]], (table.unpack or unpack)(row, 2, #row - 1)) }
    lu.assertTrue(given[1], row[1] .. ": " .. tostring(given[2]))
    lu.assertEquals({ i, row[1], tonumber(given[2]) }, { i, row[1], row[#row] })
  end
end
local function says(text, f, ...)
  local ok, message = pcall(f, ...)
  lu.assertFalse(ok, text)
  lu.assertStrContains(message, text)
end

TestBodyStatements = {}

function TestBodyStatements:test_goto()
  local a = ffi.new("int[9]", { 1, 2, 3, 4, 5, 7, 8, 9, 1 })
  local b = ffi.new("int[9]", { 1, 2, 3, 4, 5, 0, 8, 9, 1 })
  check {
    { "loops", 0, 0 }, { "loops", 1, 0 }, { "loops", 2, 1 }, { "loops", 3, 3 }, { "out_of_loops", a, 3, 12 },
    { "out_of_loops", b, 3, -2 }, { "switches", -1, -1 }, { "switches", 0, 100 }, { "switches", 1, 8 }, { "switches", 2, 3 },
    { "switches", 60, -1 }, { "into_loop", 3, 206 }, { "in_expression", 4, 8 }, { "in_block", 9, 9 }, { "into_branch", 9, 10 },
    { "into_branch", 2, 11 }, { "into_branch", 1, 1 }, { "continues", 5, 12 }, { "same_object", 1, 21 }, { "same_object", 0, 20 },
  }
end

function TestBodyStatements:test_static_objects()
  check { { "calls", 1 }, { "calls", 2 }, { "calls", 3 }, { "tables", 2, 103 }, { "records", 0, 1 }, { "records", 2, 308 }, { "records", 3, 609 } }
  local p = bs.bs_address()
  lu.assertEquals(p[0], 42)
  p[0] = 43
  collectgarbage()
  lu.assertEquals(bs.bs_address()[0], 43)
end

function TestBodyStatements:test_declarations()
  check {
    { "types", 300, 45 }, { "hidden_type", 1, 6 }, { "declares", -2.5, -0.5 }, { "tags", 5, 59 }, { "enums", 3, 1 },
    { "enums", 4, 2 }, { "enums", 10, 5 }, { "enums", 20, 104 }, { "wide_enum", 4294967303 },
    { "unions", ffi.abi "le" and 256 or 65536 }, { "hints", ffi.new("int[2]", { 6, 7 }), 8 },
  }
  -- They are of their block alone.
  for _, name in ipairs { "struct pt", "struct node", "enum color", "small", "union u" } do
    lu.assertFalse((pcall(ffi.typeof, name)), name)
  end
  lu.assertNil(rawget(bs, "BIG"))
end

function TestBodyStatements:test_atomic_operations()
  local o, four = bs.bs_object { refs = 1 }, ffi.new "int[4]"
  check { { "at_incref", o, 2 }, { "at_incref", o, 3 }, { "at_decref", o, 0 }, { "at_decref", o, 0 }, { "at_decref", o, 1 } }
  o.wide, o.small = 1000, 65530
  check { { "at_ops", o, 50, 1136116 }, { "at_small", o, 10, 32 } }
  o.refs = 5
  check {
    { "at_cas", o, 5, 6, 1056 }, { "at_cas", o, 5, 7, 66 }, { "at_cas2", o, 6, 8, 1068 }, { "at_generic", o, 911 },
    { "at_flag", o, 2 }, { "at_ptr", o, four, 3 }, { "at_ptr2", o, four, 1002 },
  }
  o.refs = 4
  check { { "sync", o, 6, 1716 }, { "lock_free", 3 } }
  local pair = bs.bs_pair(1, 2)
  check { { "at_record", pair, 3, 4, 1227 } }
  lu.assertEquals({ pair.a, pair.b }, { 9, 8 })
end

function TestBodyStatements:test_atomic_objects()
  local o, four = bs.bs_atomic { n = 3, b = 1 }, ffi.new "int[4]"
  check { { "c11_steps", o, 3786 }, { "c11_double", o, 5.5 }, { "c11_pointer", o, four, 4 }, { "c11_generic", o, 10150108 }, { "c11_local", 9 } }
end

-- Another thread adds to the same object meanwhile.
function TestBodyStatements:test_atomic_beside_a_thread()
  if not ffi.async then return end
  local fixture = H.load "spec_async"
  ffi.cdef "void ta_add_to(int *, int);"
  local many = H.slow and 2000 or 200000
  for _, name in ipairs { "bs_add", "bs_step" } do
    local n = ffi.new "int[1]"
    local future = ffi.async(fixture.ta_add_to, n, many)
    local own = 0
    repeat
      bs[name](n, 50)
      own = own + 50
    until future:poll() or own >= many
    future:wait()
    lu.assertEquals(n[0], many + own)
  end
end

function TestBodyStatements:test_errors()
  local n, o = ffi.new "int[2]", bs.bs_object()
  says("'bs_nowhere' cannot be run: its 'goto nowhere' has no label in the same function", bs.bs_nowhere, 1)
  says("it has two labels 'a'", bs.bs_two, 1)
  says("'goto' to a computed address is not run", bs.bs_computed, 1)
  says("its 'goto in' has no label", bs.bs_into_expression, 1)
  says("its 'goto out' has no label", bs.bs_out_of_expression, 1)
  if not H.slow then says("'bs_for_ever': its loops go round more than", bs.bs_for_ever, 1) end
  says("undeclared identifier 'no_such_name' at", bs.bs_undeclared, 1)
  says("undeclared identifier 'no_such_name' at", bs.bs_undeclared_sum, 1)
  says("an object of each thread is not run", bs.bs_of_thread)
  says("'v' cannot be initialised here", bs.bs_extern_value)
  says("'__atomic_add_fetch' needs the address of an object", bs.bs_no_address, 1)
  says("'__atomic_add_fetch' writes to a 'const int'", bs.bs_constant, n)
  lu.assertEquals(bs.bs_read_constant(n), 0)
  says("'bs_read_constant': NULL pointer", bs.bs_read_constant, nil)
  says("expected ','", bs.bs_no_order, n)
  says("'bs_unaligned': an atomic operation on 4 bytes that are not aligned", bs.bs_unaligned, ffi.cast("char *", n))
  says("'__atomic_fetch_add' is not run for 'double'", bs.bs_double, nil)
  says("'__atomic_load' is not run for 'bs_object'", bs.bs_large, o)
  says("what '__atomic_compare_exchange_n' expects is no 'int'", bs.bs_expected, n, nil)
  says("'bs_expects': NULL pointer", bs.bs_expects, n, nil)
  says("'bs_expects': NULL pointer", bs.bs_expects, nil, n)
  says("the compiler's own '__sync_fetch_and_frob' is not run", bs.bs_other, n)
  says("'__atomic_load' needs the address of a value", bs.bs_void, n, n)
  says("'__atomic_store' needs the address of a value", bs.bs_void_value, n, n)
  local released = ffi.new "int[1]"
  ffi.release(released)
  lu.assertFalse((pcall(bs.bs_read_constant, released)))
end

-- What they are made of takes anything that Lua code gives it.
function TestBodyStatements:test_hostile_arguments()
  local n = ffi.new "int[1]"
  for _, given in ipairs {
    {}, { "load" }, { "none", 4, n, n }, { "load", 3, n, n }, { "load", 4, false, n }, { "load", 8, n, n }, { "load", -1, n, n },
    { "load", 0 / 0, n, n }, { "load", 1e300, n, n }, { "load", 4, n, "abc" }, { "compare_exchange", 4, n, n }, { "add_fetch", 4, n, {} },
    { "store", 16, n, n }, { "load", 0, n, n }, { "store", 4, "text", n },
  } do
    lu.assertFalse((pcall(ffi.headers.atomic, (table.unpack or unpack)(given, 1, 5))))
  end
end

H.run()
