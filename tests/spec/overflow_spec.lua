-- __builtin_add_overflow and its kin in bodies of functions: as gcc's own code in the fixture.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi
local fx = H.load "spec_overflow"

local operands = { { "int32", "int32" }, { "int64", "int64" }, { "uint64", "uint64" }, { "int64", "uint64" }, { "uint32", "int64" } }
local results = { "int8", "uint8", "int32", "uint32", "int64", "uint64" }
local declarations, bodies = {}, {}
for _, pair in ipairs(operands) do
  for _, r in ipairs(results) do
    for _, op in ipairs { "add", "sub", "mul" } do
      local name = ("ov_%s_%s_%s_%s"):format(op, pair[1], pair[2], r)
      local parameters = ("(%s_t x, %s_t y"):format(pair[1], pair[2])
      declarations[#declarations + 1] = ("int %s%s, %s_t *to); int %s_p%s);"):format(name, parameters, r, name, parameters)
      bodies[#bodies + 1] = ("static inline int in%s%s, %s_t *to) { return __builtin_%s_overflow(x, y, to); }"):format(name, parameters, r, op)
      bodies[#bodies + 1] = ("static inline int in%s_p%s) { return __builtin_%s_overflow_p(x, y, (%s_t)0); }"):format(name, parameters, op, r)
    end
  end
end
ffi.cdef(table.concat(declarations, "\n"))
ffi.cdef [[
int ov_sadd(int64_t, int64_t, int *); int ov_umull(int64_t, int64_t, unsigned long *); int ov_ssubll(int64_t, int64_t, long long *);
]]
local path = os.tmpname()
V.write_file(path, "#include <stdint.h>\n" .. table.concat(bodies, "\n") .. [[

static inline int inov_sadd(int64_t a, int64_t b, int *to) { return __builtin_sadd_overflow(a, b, to); }
static inline int inov_umull(int64_t a, int64_t b, unsigned long *to) { return __builtin_umull_overflow(a, b, to); }
static inline int inov_ssubll(int64_t a, int64_t b, long long *to) { return __builtin_ssubll_overflow(a, b, to); }
static inline int inov_sum(const int *v, int n) { int s = 0; for (int i = 0; i < n; i++) if (__builtin_add_overflow(s, v[i], &s)) return -1; return s; }
#define OV_FITS(a, b) (!__builtin_mul_overflow_p(a, b, (short)0))
#define OV_POINTER(a) __builtin_add_overflow(a, a, 5)
#define OV_FLOAT(a) __builtin_add_overflow(a, 1.5, (int *)0)
#define OV_BOOL(a) __builtin_add_overflow_p(a, 1, (_Bool)0)
#define OV_NULL(a) __builtin_add_overflow(a, 1, (int *)0)
]])
local lib = ffi.include(path)
os.remove(path)

TestOverflow = {}

local values = {
  int32 = { "0", "1", "-1", "127", "-128", "65536", "2147483647", "-2147483648" },
  uint32 = { "0", "1", "255", "65535", "2147483648", "4294967295" },
  int64 = { "0", "1", "-1", "-3", "127", "2147483648", "-2147483649", "3037000500", "9223372036854775807", "-9223372036854775808" },
  uint64 = { "0", "1", "2", "255", "4294967296", "9223372036854775808", "18446744073709551615" },
}
local function boxed(kind, text) return kind:sub(1, 1) == "u" and V.u64(text) or V.i64(text) end

function TestOverflow:test_as_gcc()
  for _, pair in ipairs(operands) do
    for _, r in ipairs(results) do
      for _, op in ipairs { "add", "sub", "mul" } do
        local name = ("ov_%s_%s_%s_%s"):format(op, pair[1], pair[2], r)
        local byC, ours = ffi.new(r .. "_t[1]"), ffi.new(r .. "_t[1]")
        for i, a in ipairs(values[pair[1]]) do
          for k, b in ipairs(values[pair[2]]) do
            if not H.slow or (i + k) % 5 == 0 then
              local x, y = boxed(pair[1], a), boxed(pair[2], b)
              local expected = fx[name](x, y, byC)
              local what = name .. " " .. a .. " " .. b
              lu.assertEquals(lib["in" .. name](x, y, ours), expected, what)
              lu.assertEquals(tostring(ours[0]), tostring(byC[0]), what)
              lu.assertEquals(lib["in" .. name .. "_p"](x, y), fx[name .. "_p"](x, y), what)
            end
          end
        end
      end
    end
  end
end

function TestOverflow:test_types_in_names()
  for name, ct in pairs { ov_sadd = "int", ov_umull = "unsigned long", ov_ssubll = "long long" } do
    local byC, ours = ffi.new(ct .. "[1]"), ffi.new(ct .. "[1]")
    for _, a in ipairs(values.int64) do
      for _, b in ipairs(values.int64) do
        local x, y = V.i64(a), V.i64(b)
        lu.assertEquals(lib["in" .. name](x, y, ours), fx[name](x, y, byC), name .. " " .. a .. " " .. b)
        lu.assertEquals(tostring(ours[0]), tostring(byC[0]), name .. " " .. a .. " " .. b)
      end
    end
  end
end

function TestOverflow:test_programs()
  lu.assertEquals(lib.inov_sum(ffi.new("int[3]", 1, 2, 3), 3), 6)
  lu.assertEquals(lib.inov_sum(ffi.new("int[2]", 2147483647, 1), 2), -1)
  lu.assertEquals(ffi.tonumber(lib.OV_FITS(181, 181)), 1)
  lu.assertEquals(ffi.tonumber(lib.OV_FITS(182, 182)), 0)
end

function TestOverflow:test_refused()
  lu.assertErrorMsgContains("the last argument is no pointer", lib.OV_POINTER, 1)
  lu.assertErrorMsgContains("the argument is no integer", lib.OV_FLOAT, 1)
  lu.assertErrorMsgContains("the result is no integer", lib.OV_BOOL, 1)
  lu.assertErrorMsgContains("NULL", lib.OV_NULL, 1)
end

H.run()
