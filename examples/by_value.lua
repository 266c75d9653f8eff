-- Structs and complex numbers by value, in and out, with functions that every libc and libm has: no pointers, no
-- wrappers in C. Runs under every Lua with Ferry, and under LuaJIT with its own ffi.
local ffi = require "ffi"
local C = ffi.C -- libm is part of it

ffi.cdef [[
/* complex.h */
double complex cexp(double complex z);
double complex csqrt(double complex z);
double complex cpow(double complex base, double complex exponent);
double complex conj(double complex z);
double cabs(double complex z);
float complex csqrtf(float complex z);

/* stdlib.h: quotient and remainder in one struct; 8 bytes in one register, 16 bytes in two */
typedef struct { int quot, rem; } div_t;
typedef struct { long long quot, rem; } lldiv_t;
div_t div(int numerator, int denominator);
lldiv_t lldiv(long long numerator, long long denominator);

/* arpa/inet.h: a struct as parameter and as result */
struct in_addr { uint32_t s_addr; };
char *inet_ntoa(struct in_addr address);
struct in_addr inet_makeaddr(uint32_t network, uint32_t host);
uint32_t inet_netof(struct in_addr address);
uint32_t inet_lnaof(struct in_addr address);

/* math.h: a result through a pointer, for comparison */
double frexp(double value, int *exponent);
]]
local function show(z) return ("%.6f %+.6fi"):format(z.re, z.im) end

print "-- complex numbers"
local z = ffi.new("complex", 3, 4)
print("z        = " .. show(z))
print("|z|      = " .. ("%g"):format(C.cabs(z)))
print("sqrt z   = " .. show(C.csqrt(z)))
print("conj z   = " .. show(C.conj(z)))
print("e^(i pi) = " .. show(C.cexp(ffi.new("complex", 0, math.pi))))
print("i^i      = " .. show(C.cpow(ffi.new("complex", 0, 1), ffi.new("complex", 0, 1))))
print("sqrt -4  = " .. show(C.csqrtf(ffi.new("complex float", -4))) .. " (float)")

print "-- div and lldiv"
local d = C.div(-17, 5)
print(("-17 = 5 * %d + %d"):format(d.quot, d.rem))
-- 64-bit members are native integers from Lua 5.3 on and boxed ones elsewhere: tonumber fits both.
local q = C.lldiv(2 ^ 52, 1000)
print(("2^52 = 1000 * %.0f + %.0f"):format(tonumber(q.quot), tonumber(q.rem)))

print "-- struct in_addr"
local address = C.inet_makeaddr(127, 1)
print(ffi.string(C.inet_ntoa(address)))
print(("network %d, host %d"):format(C.inet_netof(address), C.inet_lnaof(address)))
-- A struct parameter takes a table, too.
print(ffi.string(C.inet_ntoa(ffi.new("struct in_addr", { ffi.abi "le" and 0x0100a8c0 or 0xc0a80001 }))))

print "-- and a result through a pointer"
local exponent = ffi.new "int[1]"
local fraction = C.frexp(48, exponent)
print(("48 = %g * 2^%d"):format(fraction, exponent[0]))
