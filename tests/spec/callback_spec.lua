-- Callbacks: how they are made, called, changed and freed; errors kept until the C call returns; coroutines.
-- The C side is fixtures/spec_callbacks.c.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi
local fx = H.load "spec_callbacks"

for name, ctype in pairs {
  i8 = "int8_t", u8 = "uint8_t", i16 = "int16_t", u16 = "uint16_t", i32 = "int32_t", u32 = "uint32_t",
  i64 = "int64_t", u64 = "uint64_t", f = "float", d = "double", b = "bool", s = "const char *", p = "void *",
} do
  ffi.cdef(("%s call_%s(%s (*f)(%s), %s v);"):format(ctype, name, ctype, ctype, ctype))
end
ffi.cdef [[
enum level { LOW, MID = 7, HIGH };
enum level call_e(enum level (*f)(enum level), enum level v);
typedef struct { int a, b; } pair;
typedef struct { double a, b, c; } triple;
void call_void(void (*f)(void));
int call_n(int (*f)(int), int n);
int call_off_alignment(int (*f)(int), int v, int words);
typedef double (*many_fn)(int8_t, float, int16_t, double, uint8_t, float, int64_t, double, uint16_t, float, int32_t, double, char, float, bool, double, const char*, void*);
double call_many(many_fn f);
double call_twice(double (*f)(double), double (*g)(double), double x);
typedef int (*int_fn)(int);
void store_cb(int_fn f);
int run_stored(int v);
bool same_fn(int_fn f, int_fn g);
typedef struct { int_fn f; int n; } holder;
int run_holder(const holder *h);
void call_with_user(void (*f)(void *user, int v), void *user, int v);
int call_pair_ptr(void (*f)(pair *));
int_fn get_plus_one(void);
void sort_ints(int *base, size_t n, int (*cmp)(const int *, const int *));
void qsort(void *base, size_t n, size_t size, int (*cmp)(const void *, const void *));
]]

TestCallbackValues = {}

function TestCallbackValues:test_scalars()
  local function double(v) return v * 2 end
  lu.assertEquals(fx.call_i8(double, -50), -100)
  lu.assertEquals(fx.call_u8(double, 100), 200)
  lu.assertEquals(fx.call_i16(double, -1000), -2000)
  lu.assertEquals(fx.call_u16(double, 30000), 60000)
  lu.assertEquals(fx.call_i32(double, -1000000), -2000000)
  lu.assertEquals(fx.call_u32(double, 2000000000), 4000000000)
  lu.assertEquals(fx.call_f(double, 1.25), 2.5)
  lu.assertEquals(fx.call_d(double, 0.1), 0.2)
  lu.assertEquals(fx.call_b(function(v) return not v end, true), false)
  H.assert_int(fx.call_i64(function(v) return v - 1 end, V.i64 "-9223372036854775807"), "-9223372036854775808")
  H.assert_uint(fx.call_u64(function(v) return v + 1 end, V.u64 "18446744073709551614"), "18446744073709551615")
  lu.assertEquals(tonumber(fx.call_e(function(v) return v + 1 end, 7)), 8)
end

function TestCallbackValues:test_enum_by_name()
  lu.assertEquals(tonumber(fx.call_e(function() return "MID" end, "LOW")), 7)
end

function TestCallbackValues:test_results_wrap()
  lu.assertEquals(fx.call_i8(function() return 200 end, 0), -56)
  lu.assertEquals(fx.call_u8(function() return -1 end, 0), 255)
  lu.assertEquals(fx.call_i32(function() return 3.9 end, 0), 3)
end

function TestCallbackValues:test_pointers_and_strings()
  local keep = "result"
  lu.assertEquals(ffi.string(fx.call_s(function(s) return s + 2 end, "hello")), "llo")
  lu.assertEquals(ffi.string(fx.call_s(function() return keep end, "hello")), "result")
  lu.assertTrue(V.isnull(fx.call_s(function() return nil end, "x")))
  local a = ffi.new("int[1]", 5)
  lu.assertTrue(fx.call_p(function(p) return p end, a) == ffi.cast("void *", a))
  lu.assertTrue(V.isnull(fx.call_p(function(p) return p end, nil)))
end

function TestCallbackValues:test_pointer_to_struct()
  local r = fx.call_pair_ptr(function(p)
    p.a, p.b = p.a + 1, p.b + p.a
  end)
  lu.assertEquals(r, 4 * 100 + 7)
end

function TestCallbackValues:test_many_parameters_of_every_class()
  local got
  local r = fx.call_many(function(...)
    got = { ... }
    got[17] = ffi.string(got[17])
    return 1.5
  end)
  lu.assertEquals(r, 1.5)
  lu.assertEquals({ got[1], got[2], got[3], got[4], got[5], got[6] }, { -1, 2.5, -3, 4.25, 5, 6.5 })
  H.assert_int(got[7], "-7")
  lu.assertEquals({ got[8], got[9], got[10], got[11], got[12] }, { 8.125, 9, 10.5, -11, 12.75 })
  lu.assertEquals({ got[13], got[14], got[15], got[16] }, { 109, 14.5, true, 16 })
  lu.assertEquals(got[17], "seventeen")
  lu.assertTrue(V.isnull(got[18]))
end

function TestCallbackValues:test_structs_by_value()
  H.not_on_luajit "has no such callbacks"
  ffi.cdef [[
    pair call_pair(pair (*f)(pair), pair v);
    triple call_triple(triple (*f)(triple), triple v);
    double complex call_dc(double complex (*f)(double complex), double complex v);
    float complex call_fc(float complex (*f)(float complex), float complex v);
    long double call_ld(long double (*f)(long double), long double v);
  ]]
  local p = fx.call_pair(function(v) return { v.b, v.a } end, { 1, 2 })
  lu.assertEquals({ p.a, p.b }, { 2, 1 })
  local t = fx.call_triple(function(v)
    v.a = v.c * 2
    return v
  end, ffi.new("triple", 1, 2, 3))
  lu.assertEquals({ t.a, t.b, t.c }, { 6, 2, 3 })
  local c = fx.call_dc(function(v) return v + 1 end, ffi.new("complex", 4, 6))
  lu.assertEquals({ c.re, c.im }, { 5, 6 })
  c = fx.call_fc(function(v) return v + ffi.C.i end, ffi.new("complex float", 4, 6))
  lu.assertEquals({ c.re, c.im }, { 4, 7 })
  lu.assertEquals(tonumber(fx.call_ld(function(v) return tonumber(v) * 2 end, 2.5)), 5)
end

function TestCallbackValues:test_references_are_read_as_values()
  H.not_on_luajit "hands the reference on"
  local a = ffi.new("int[5]", { 3, 5, 1, 4, 2 })
  local seen
  local cmp = ffi.cast("int (*)(const int &, const int &)", function(x, y)
    seen = type(x)
    return x - y
  end)
  fx.sort_ints(a, 5, ffi.cast("int (*)(const int *, const int *)", ffi.cast("void *", cmp)))
  lu.assertEquals({ a[0], a[1], a[2], a[3], a[4] }, { 1, 2, 3, 4, 5 })
  lu.assertEquals(seen, "number")
  cmp:free()
end

function TestCallbackValues:test_missing_results()
  lu.assertEquals(select("#", fx.call_void(function() return 5 end)), 0)
end

function TestCallbackValues:test_nothing_returned_is_zero()
  H.not_on_luajit "an error there"
  lu.assertEquals(fx.call_i32(function() end, 5), 0)
  lu.assertEquals(fx.call_d(function() return nil end, 5), 0)
  lu.assertEquals(fx.call_b(function() end, true), false)
  lu.assertTrue(V.isnull(fx.call_p(function() end, ffi.new "int[1]")))
end

function TestCallbackValues:test_extra_results_are_ignored()
  lu.assertEquals(fx.call_i32(function(v) return v, 2, 3 end, 9), 9)
end

TestCallbackUse = {}

function TestCallbackUse:test_called_many_times()
  lu.assertEquals(fx.call_n(function(i) return i end, 100), 5050)
end

function TestCallbackUse:test_two_at_once()
  lu.assertEquals(fx.call_twice(function(x) return x + 1 end, function(x) return x * 10 end, 2), 30)
end

function TestCallbackUse:test_nested_calls()
  local function outer(i)
    return fx.call_n(function(j) return i * j end, 3)
  end
  lu.assertEquals(fx.call_n(outer, 3), 36)
end

function TestCallbackUse:test_recursion()
  local function down(n) return n == 0 and 0 or 1 + fx.call_i32(down, n - 1) end
  lu.assertEquals(fx.call_i32(down, 20), 20)
end

function TestCallbackUse:test_sorting()
  local a = ffi.new("int[6]", { 5, 3, 6, 1, 4, 2 })
  fx.sort_ints(a, 6, function(x, y) return x[0] - y[0] end)
  lu.assertEquals({ a[0], a[1], a[2], a[3], a[4], a[5] }, { 1, 2, 3, 4, 5, 6 })
  ffi.C.qsort(a, 6, 4, function(x, y) return ffi.cast("const int *", y)[0] - ffi.cast("const int *", x)[0] end)
  lu.assertEquals({ a[0], a[5] }, { 6, 1 })
end

function TestCallbackUse:test_function_typed_parameters()
  ffi.cdef "int call_n2(int f(int), int n) __asm__(\"call_n\");"
  lu.assertEquals(fx.call_n2(function(i) return i * 2 end, 3), 12)
end

function TestCallbackUse:test_user_pointer()
  local seen
  local box = ffi.new("int[1]", 3)
  fx.call_with_user(function(user, v) seen = ffi.cast("int *", user)[0] + v end, box, 4)
  lu.assertEquals(seen, 7)
end

function TestCallbackUse:test_stored_and_called_later()
  local cb = ffi.cast("int_fn", function(v) return v * 3 end)
  fx.store_cb(cb)
  H.collect()
  lu.assertEquals(fx.run_stored(5), 15)
  fx.store_cb(nil)
  cb:free()
  lu.assertEquals(fx.run_stored(5), -99)
end

function TestCallbackUse:test_anonymous_callbacks_live_on()
  fx.store_cb(function(v) return v * 7 end)
  H.collect()
  H.collect()
  lu.assertEquals(fx.run_stored(6), 42)
  fx.store_cb(nil)
end

function TestCallbackUse:test_in_struct_members()
  local h = ffi.new "holder"
  h.f = function(v) return v + 100 end
  h.n = 5
  lu.assertEquals(fx.run_holder(h), 105)
  lu.assertEquals(h.f(1), 101)
  local g = ffi.new("holder", { function(v) return v + 200 end, 6 })
  lu.assertEquals(fx.run_holder(g), 206)
end

function TestCallbackUse:test_table_with_a_function_for_a_struct_pointer()
  H.not_on_luajit "takes no table"
  lu.assertEquals(fx.run_holder { function(a) return 3 * a end, 5 }, 15)
end

function TestCallbackUse:test_any_callable_function_kind()
  lu.assertEquals(fx.call_d(math.floor, 3.7), 3)
  lu.assertEquals(fx.call_i32(fx.get_plus_one(), 5), 6)
end

TestCallbackObject = {}

function TestCallbackObject:test_cast_and_call()
  local cb = ffi.cast("int_fn", function(v) return v + 1 end)
  lu.assertEquals(cb(4), 5)
  lu.assertEquals(fx.call_n(cb, 2), 5)
  lu.assertEquals(tostring(cb):match "^cdata<.->", tostring(ffi.typeof "int_fn"):gsub("ctype", "cdata"):match "^cdata<.->")
  cb:free()
end

function TestCallbackObject:test_new_makes_one_too()
  local cb = ffi.new("int_fn", function(v) return v + 1 end)
  lu.assertEquals(cb(4), 5)
  cb:free()
end

function TestCallbackObject:test_set()
  local cb = ffi.cast("int_fn", function(v) return v + 1 end)
  local other = ffi.cast("int_fn", cb)
  cb:set(function(v) return v + 2 end)
  lu.assertEquals(cb(4), 6)
  lu.assertEquals(other(4), 6)
  lu.assertError(cb.set, cb, 5)
  lu.assertError(cb.set, cb)
  lu.assertEquals(cb(4), 6)
  cb:free()
end

function TestCallbackObject:test_set_and_free_only_of_callbacks()
  lu.assertError(function() fx.get_plus_one():free() end)
  lu.assertError(function() fx.get_plus_one():set(print) end)
end

function TestCallbackObject:test_messages()
  H.not_on_luajit "luaffifb's words"
  V.names(function() fx.get_plus_one():set(print) end, { "can't set the function for a non-lua callback" })
  local cb = ffi.cast("int_fn", function(v) return v end)
  cb:free()
  V.names(function() cb:set(print) end, { "can't set the function for a free'd callback" })
end

function TestCallbackObject:test_only_the_creating_cdata_sets_and_frees()
  H.not_on_luajit "knows them by address"
  local h = ffi.new "holder"
  h.f = function(v) return v end
  V.names(function() h.f:set(print) end, { "can't set the function for a non-lua callback" })
  local cb = ffi.cast("int_fn", function(v) return v end)
  lu.assertError(function() ffi.cast("int_fn", ffi.cast("void *", cb)):free() end)
  lu.assertEquals(cb(3), 3)
  cb:free()
end

function TestCallbackObject:test_calling_a_freed_one_is_an_error()
  H.not_on_luajit "crashes"
  local cb = ffi.cast("int_fn", function(v) return v end)
  cb:free()
  lu.assertError(cb, 1)
  lu.assertError(fx.call_n, cb, 1)
  lu.assertError(function() cb:free() end)
end

function TestCallbackObject:test_same_function_reuses_its_slot()
  H.not_on_luajit "makes a new one each time"
  local function f(v) return v end
  lu.assertTrue(fx.same_fn(f, f))
  fx.store_cb(f)
  for _ = 1, H.slow and 50 or 20000 do fx.call_i32(f, 1) end
  fx.store_cb(nil)
end

function TestCallbackObject:test_more_than_any_fixed_number()
  H.not_on_luajit "stops at some hundred"
  local n = H.slow and 300 or 3000
  local cbs = {}
  for i = 1, n do cbs[i] = ffi.cast("int_fn", function(v) return v + i end) end
  for i = 1, n, 97 do lu.assertEquals(cbs[i](1), 1 + i) end
  for i = 1, n do cbs[i]:free() end
end

function TestCallbackObject:test_free_and_make_again()
  for i = 1, H.slow and 100 or 5000 do
    local cb = ffi.cast("int_fn", function(v) return v + i end)
    if i % 500 == 0 then lu.assertEquals(cb(1), i + 1) end
    cb:free()
  end
end

TestCallbackErrors = {}

function TestCallbackErrors:test_error_reaches_the_caller_unchanged()
  local ok, e = pcall(fx.call_i32, function() error("my error", 0) end, 1)
  lu.assertFalse(ok)
  lu.assertEquals(e, "my error")
  local t = {}
  ok, e = pcall(fx.call_i32, function() error(t) end, 1)
  lu.assertTrue(rawequal(e, t))
end

function TestCallbackErrors:test_error_does_not_jump_over_c()
  H.not_on_luajit "unwinds the C frames"
  local calls = 0
  local ok, e = pcall(fx.call_n, function(i)
    calls = calls + 1
    if i >= 3 then error("at " .. i, 0) end
    return i
  end, 10)
  lu.assertFalse(ok)
  lu.assertEquals(e, "at 3")
  lu.assertEquals(calls, 3)
end

function TestCallbackErrors:test_first_error_wins()
  H.not_on_luajit "unwinds the C frames"
  local ok, e = pcall(fx.call_twice, function() error("first", 0) end, function() error("second", 0) end, 1)
  lu.assertFalse(ok)
  lu.assertEquals(e, "first")
end

function TestCallbackErrors:test_pcall_around_the_nested_call_catches()
  local inner
  local sum = fx.call_n(function(i)
    local ok, e = pcall(fx.call_i32, function() error("inner " .. i, 0) end, i)
    lu.assertFalse(ok)
    inner = e
    return i
  end, 3)
  lu.assertEquals(inner, "inner 3")
  lu.assertEquals(sum, 6)
end

function TestCallbackErrors:test_uncaught_nested_error_passes_every_level()
  local ok, e = pcall(fx.call_n, function()
    return fx.call_i32(function() error("deep", 0) end, 1)
  end, 2)
  lu.assertFalse(ok)
  lu.assertEquals(e, "deep")
end

function TestCallbackErrors:test_later_calls_are_clean()
  pcall(fx.call_i32, function() error "x" end, 1)
  lu.assertEquals(fx.call_i32(function(v) return v end, 8), 8)
end

function TestCallbackErrors:test_error_in_a_callback_with_a_struct_result()
  H.not_on_luajit "has no such callbacks"
  ffi.cdef "triple call_triple(triple (*f)(triple), triple v);"
  lu.assertEquals(V.message(fx.call_triple, function() error("struct", 0) end, { 1, 2, 3 }), "struct")
  lu.assertError(fx.call_triple, function() return 5 end, { 1, 2, 3 })
  local t = fx.call_triple(function() return nil end, { 1, 2, 3 })
  lu.assertEquals({ t.a, t.b, t.c }, { 0, 0, 0 })
end

function TestCallbackErrors:test_deeply_nested_errors_and_calls_after_them()
  H.not_on_luajit "unwinds the C frames"
  local log = {}
  local function level(n)
    if n == 0 then error("bottom", 0) end
    local ok, e = pcall(fx.call_i32, level, n - 1)
    log[#log + 1] = n .. tostring(ok) .. tostring(e)
    if n == 2 then error("rethrown", 0) end
    return n
  end
  lu.assertEquals(fx.call_i32(level, 3), 3)
  lu.assertEquals(log, { "1falsebottom", "2true1", "3falserethrown" })
end

function TestCallbackErrors:test_wrong_result_is_an_error()
  lu.assertError(fx.call_i32, function() return "x" end, 1)
  lu.assertError(fx.call_i32, function() return {} end, 1)
  lu.assertError(fx.call_s, function() return 5 end, "x")
  V.names(fx.call_i32, { "string", "int" }, function() return "x" end, 1)
end

function TestCallbackErrors:test_onerror_value_and_handler()
  H.not_on_luajit "no such function"
  local cb = ffi.cast("int_fn", function(v) if v == 2 then error("two", 0) end return v end)
  ffi.onerror(cb, 100)
  local ok, e = pcall(fx.call_n, cb, 2)
  lu.assertFalse(ok)
  lu.assertEquals(e, "two")
  local seen
  ffi.onerror(cb, function(message)
    seen = message
    return 50
  end)
  pcall(fx.call_n, cb, 2)
  lu.assertEquals(seen, "two")
  cb:free()
  lu.assertError(ffi.onerror, 5, 5)
end

TestCallbackCoroutines = {}

function TestCallbackCoroutines:test_runs_on_the_calling_coroutine()
  local co_seen
  local co = coroutine.create(function()
    return fx.call_i32(function(v)
      co_seen = coroutine.running()
      return v
    end, 5)
  end)
  local ok, v = coroutine.resume(co)
  lu.assertTrue(ok, v)
  lu.assertEquals(v, 5)
  lu.assertTrue(co_seen == co)
end

function TestCallbackCoroutines:test_yield_across_is_an_error()
  local co = coroutine.create(function() return fx.call_i32(function(v) return coroutine.yield(v) end, 5) end)
  local ok = coroutine.resume(co)
  lu.assertFalse(ok)
  lu.assertEquals(coroutine.status(co), "dead")
end

function TestCallbackCoroutines:test_coroutines_inside_a_callback()
  local r = fx.call_n(function(i)
    local co = coroutine.wrap(function(a)
      local b = coroutine.yield(a + 1)
      return b * 2
    end)
    return co(i) + co(i)
  end, 3)
  lu.assertEquals(r, (2 + 2) + (3 + 4) + (4 + 6))
end

function TestCallbackCoroutines:test_made_in_a_dead_coroutine()
  coroutine.wrap(function() fx.store_cb(function(v) return v * 2 end) end)()
  H.collect()
  lu.assertEquals(fx.run_stored(21), 42)
  fx.store_cb(nil)
end

-- Native code remembers what a function became; another one, or another kind of value, must not be taken for it.
function TestCallbackUse:test_functions_passed_in_turn()
  local function double(x) return 2 * x end
  local function square(x) return x * x end
  local pointer = ffi.cast("int (*)(int)", function(x) return -x end)
  for i = 1, 20 do
    lu.assertEquals(fx.call_i32(double, i), 2 * i)
    lu.assertEquals(fx.call_i32(square, i), i * i)
    if i % 4 == 0 then lu.assertEquals(fx.call_i32(pointer, i), -i) end
    if i % 5 == 0 then
      collectgarbage()
      lu.assertEquals(fx.call_i32(function(x) return x + i end, 1), 1 + i)
      lu.assertError(fx.call_i32, {}, i)
      lu.assertError(fx.call_i32, 0, i)
    end
    lu.assertEquals(fx.call_i32(square, i), i * i)
  end
end

-- Old code of i386 aligns its stack to words; what runs in callbacks stores vectors.
function TestCallbackUse:test_callers_whose_stack_is_not_aligned()
  for words = 0, 7 do
    lu.assertEquals(fx.call_off_alignment(function(v) return fx.call_n(function(i) return i end, v) end, 10, words), 55)
    local ok, message = pcall(fx.call_off_alignment, function() error "kept" end, 1, words)
    lu.assertFalse(ok)
    lu.assertStrContains(tostring(message), "kept")
  end
end

TestResultInMemory = {}

-- A record below eight bytes that is in memory, as packed ones are on x86-64, is all that is written of C's. The hidden argument of its
-- address is called as what it is, an argument: so the bytes behind are the test's.
function TestResultInMemory:test_nothing_behind_is_written()
  H.not_on_luajit "has no callbacks that return structs"
  if ffi.arch ~= "x64" then lu.skip "other conventions hide the address elsewhere" end
  ffi.cdef "typedef struct { char c; int i; } __attribute__((packed)) cb_five; typedef cb_five (*cb_gives_five)(int);"
  local callback = ffi.cast("cb_gives_five", function(i) return ffi.new("cb_five", 3, i) end)
  local as_written = ffi.cast("void *(*)(void *, int)", ffi.cast("void *", callback))
  local bytes = ffi.new("uint8_t[16]")
  for _ = 1, 3 do
    ffi.fill(bytes, 16, 0xee)
    lu.assertEquals(ffi.cast("uint8_t *", as_written(bytes, 0x01020304)), ffi.cast("uint8_t *", bytes))
    lu.assertEquals(ffi.totable(bytes), { 3, 4, 3, 2, 1, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee })
  end
  callback:free()
end

H.run()
