-- Complex numbers: initialisers, parts, text, arithmetic, equality, calls by value.
-- oracle: LuaJIT
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi
local fx = H.load "spec_calls"

ffi.cdef [[
double complex add_dc(double complex a, double complex b);
float complex add_fc(float complex a, float complex b);
double cabs(double complex);
typedef float cx_v4 __attribute__((vector_size(16)));
typedef int cx_i2 __attribute__((vector_size(8)));
struct cx { complex a; complex float b; };
]]

local function parts(c) return { c.re, c.im } end

TestComplex = {}

function TestComplex:test_types()
  lu.assertEquals(ffi.sizeof "complex", 16)
  lu.assertEquals(ffi.sizeof "complex double", 16)
  lu.assertEquals(ffi.sizeof "double _Complex", 16)
  lu.assertEquals(ffi.sizeof "float complex", 8)
  lu.assertTrue(ffi.typeof "complex" == ffi.typeof "double complex")
  lu.assertEquals(tostring(ffi.typeof "complex double"), "ctype<complex>")
end

function TestComplex:test_initialisers()
  lu.assertEquals(parts(ffi.new "complex"), { 0, 0 })
  lu.assertEquals(parts(ffi.new("complex", 1)), { 1, 0 })
  lu.assertEquals(parts(ffi.new("complex", 1, 2)), { 1, 2 })
  lu.assertEquals(parts(ffi.new("complex", { 1, 2 })), { 1, 2 })
  lu.assertEquals(parts(ffi.new("complex float", 1.5, -2.5)), { 1.5, -2.5 })
  lu.assertEquals(parts(ffi.new("complex", ffi.new("complex float", 3, 4))), { 3, 4 })
  lu.assertError(ffi.new, "complex", 1, 2, 3)
  lu.assertError(ffi.new, "complex", "x")
end

function TestComplex:test_indexing()
  local c = ffi.new("complex", 3, 4)
  lu.assertEquals({ c[0], c[1], c.re, c.im }, { 3, 4, 3, 4 })
  lu.assertError(function() return c.foo end)
  lu.assertError(function() c.re = 1 end)
  lu.assertError(function() c[0] = 1 end)
  lu.assertEquals(parts(c), { 3, 4 })
end

function TestComplex:test_text()
  lu.assertEquals(tostring(ffi.new("complex", 3, 4)), "3+4i")
  lu.assertEquals(tostring(ffi.new("complex", 1.1, 3.2)), "1.1+3.2i")
  lu.assertEquals(tostring(ffi.new("complex", 3, -4)), "3-4i")
  lu.assertEquals(tostring(ffi.new("complex float", 0.5, 0)), "0.5+0i")
end

function TestComplex:test_conversion_to_real_takes_the_real_part()
  lu.assertEquals(tonumber(ffi.cast("double", ffi.new("complex", 3.5, 4))), 3.5)
  lu.assertEquals(tonumber(ffi.cast("int", ffi.new("complex", 3.5, 4))), 3)
end

function TestComplex:test_members()
  local s = ffi.new "struct cx"
  s.a = ffi.new("complex", 1, 2)
  s.b = 7
  lu.assertEquals(parts(s.a), { 1, 2 })
  lu.assertEquals(parts(s.b), { 7, 0 })
  local a = ffi.new("complex[2]", { ffi.new("complex", 5, 6), 7 })
  lu.assertEquals(parts(a[0]), { 5, 6 })
  lu.assertEquals(parts(a[1]), { 7, 0 })
end

-- What the table does not give becomes 0, as in other aggregates; a part that cannot be converted changes nothing.
function TestComplex:test_members_by_table()
  local s = ffi.new "struct { complex a; complex float b[2]; cx_v4 v; }"
  local function filled()
    s.a, s.b[0], s.b[1], s.v = ffi.new("complex", 1, 2), ffi.new("complex", 3, 4), ffi.new("complex", 5, 6), ffi.new("cx_v4", 7, 8, 9, 10)
    return s
  end
  filled().a = {}
  lu.assertEquals(parts(s.a), { 0, 0 })
  filled().b[1] = {}
  lu.assertEquals({ parts(s.b[0]), parts(s.b[1]) }, { { 3, 4 }, { 0, 0 } })
  filled().b = { { 1, 2 } }
  lu.assertEquals(parts(s.b[0]), { 1, 2 })
  filled().v = {}
  lu.assertEquals({ s.v[0], s.v[1], s.v[2], s.v[3] }, { 0, 0, 0, 0 })
  filled().v = { 1, 2 }
  lu.assertEquals({ s.v[0], s.v[1], s.v[2], s.v[3] }, { 1, 2, 0, 0 })
  local p = ffi.cast("complex *", s)
  filled()
  p[0] = {}
  lu.assertEquals(parts(s.a), { 0, 0 })
end

function TestComplex:test_table_that_does_not_fit_changes_nothing()
  H.not_on_luajit "writes what came before"
  local s = ffi.new("struct { cx_v4 v; complex a; }", { { 7, 8, 9, 10 }, { 1, 2 } })
  lu.assertFalse(pcall(function() s.v = { 1, "x" } end))
  lu.assertFalse(pcall(function() s.a = { 5, 6, 7 } end))
  lu.assertEquals({ s.v[0], s.v[1], s.v[2], s.v[3] }, { 7, 8, 9, 10 })
  lu.assertEquals(parts(s.a), { 1, 2 })
end

-- A value that was read is one of its own (C11 6.3.2.1p2); LuaJIT keeps the const of vectors.
function TestComplex:test_constant_members()
  local s = ffi.new("struct { const complex a; const complex float b[2]; }", 1)
  lu.assertEquals(tostring(ffi.typeof(s.a)), "ctype<complex>")
  lu.assertEquals(tostring(ffi.typeof(s.b[0])), "ctype<complex float>")
  lu.assertEquals(tostring(ffi.typeof(ffi.cast("const complex *", s)[0])), "ctype<complex>")
end

function TestComplex:test_calls()
  local c = fx.add_dc(ffi.new("complex", 1, 2), ffi.new("complex", 3, 5))
  lu.assertTrue(ffi.istype("complex", c))
  lu.assertEquals(parts(c), { 4, 7 })
  c = fx.add_fc(ffi.new("complex float", 1, 2), ffi.new("complex float", 3, 5))
  lu.assertTrue(ffi.istype("complex float", c))
  lu.assertEquals(parts(c), { 4, 7 })
  lu.assertEquals(parts(fx.add_dc(1, 2)), { 3, 0 })
  lu.assertEquals(ffi.C.cabs(ffi.new("complex", 3, 4)), 5)
end

function TestComplex:test_imaginary_unit()
  H.not_on_luajit "has literals instead"
  local i = ffi.C.i
  lu.assertEquals(parts(3 + 4 * i), { 3, 4 })
  lu.assertEquals(parts(i), { 0, 1 })
  lu.assertEquals(tostring(1.1 + 3.2 * i), "1.1+3.2i")
end

function TestComplex:test_arithmetic()
  H.not_on_luajit "has none"
  local function c(re, im) return ffi.new("complex", re, im) end
  lu.assertEquals(parts(c(1, 2) + c(3, 4)), { 4, 6 })
  lu.assertEquals(parts(c(1, 2) - c(3, 5)), { -2, -3 })
  lu.assertEquals(parts(c(1, 3) * c(2, 4)), { -10, 10 })
  lu.assertEquals(parts(c(-10, 10) / c(2, 4)), { 1, 3 })
  lu.assertEquals(parts(-c(1, -2)), { -1, 2 })
  lu.assertEquals(parts(c(1, 2) + 1), { 2, 2 })
  lu.assertEquals(parts(2 * c(1, 2)), { 2, 4 })
  lu.assertEquals(parts(c(3, 2) * c(3, -2)), { 13, 0 })
  lu.assertEquals(parts(c(1, 2) + ffi.new("int", 1)), { 2, 2 })
  local p = c(0, 1) ^ 2
  lu.assertAlmostEquals(p.re, -1, 1e-12)
  lu.assertAlmostEquals(p.im, 0, 1e-12)
  lu.assertError(function() return c(1, 2) % c(1, 1) end)
  lu.assertError(function() return c(1, 2) + {} end)
end

function TestComplex:test_equality()
  H.not_on_luajit "compares no complex numbers"
  lu.assertTrue(ffi.new("complex", 1, 2) == ffi.new("complex", 1, 2))
  lu.assertFalse(ffi.new("complex", 1, 2) == ffi.new("complex", 1, 3))
  lu.assertTrue(ffi.new("complex", 1, 2) == ffi.new("complex float", 1, 2))
  lu.assertError(function() return ffi.new("complex", 1, 2) < ffi.new("complex", 1, 3) end)
end

function TestComplex:test_complex_long_double()
  H.not_on_luajit "has none"
  lu.assertEquals(ffi.sizeof "complex long double", 2 * ffi.sizeof "long double")
  ffi.cdef "long double complex add_ldc(long double complex, long double complex);"
  local c = fx.add_ldc(ffi.new("complex long double", 1, 2), ffi.new("complex long double", 3, 5))
  lu.assertEquals({ tonumber(c.re), tonumber(c.im) }, { 4, 7 })
end

TestVector = {}

function TestVector:test_vectors()
  lu.assertEquals(ffi.sizeof "cx_v4", 16)
  lu.assertEquals(ffi.alignof "cx_v4", H.per_vector_align(16, 8))
  local v = ffi.new("cx_v4", 1, 2, 3, 4)
  lu.assertEquals({ v[0], v[1], v[2], v[3] }, { 1, 2, 3, 4 })
  v = ffi.new("cx_v4", 5)
  lu.assertEquals({ v[0], v[3] }, { 5, 5 })
  v = ffi.new("cx_i2", { 7, 8 })
  lu.assertEquals({ v[0], v[1] }, { 7, 8 })
  lu.assertError(function() v[0] = 1 end)
  lu.assertError(ffi.new, "cx_i2", 1, 2, 3)
end

function TestVector:test_vectors_by_value()
  H.not_on_luajit "cannot pass them"
  if H.backend == "libffi" then lu.skip "libffi has no vectors" end
  lu.skipIf(ffi.arch == "x86" or ffi.arch == "s390x", "what passes vectors is a matter of compiler flags here")
  ffi.cdef "cx_v4 add_v4f(cx_v4, cx_v4);"
  local v = fx.add_v4f(ffi.new("cx_v4", 1, 2, 3, 4), ffi.new("cx_v4", 10, 20, 30, 40))
  lu.assertEquals({ v[0], v[1], v[2], v[3] }, { 11, 22, 33, 44 })
end

function TestVector:test_vector_members()
  local s = ffi.new "struct { char c; cx_v4 v; }"
  s.v = ffi.new("cx_v4", 1, 2, 3, 4)
  lu.assertEquals({ s.v[0], s.v[3] }, { 1, 4 })
  lu.assertEquals(ffi.offsetof(ffi.typeof(s), "v"), H.per_vector_align(16, 8))
end

H.run()
