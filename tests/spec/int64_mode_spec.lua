-- ffi.int64: what 64-bit integers become when they are read, on every way to read one. The boxed mode is LuaJIT's.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
  long long llabs(long long);
  unsigned long long strtoull(const char *, char **, int);
  typedef long long (*im_fn)(long long);
]]
ffi.cdef("struct im_s { int64_t i; uint64_t u; int64_t b" .. (H.is_luajit and "" or " : 40") .. "; };") -- LuaJIT has no such bit-fields

local usual = ffi.int64
local function mode(name)
  if not H.is_luajit then ffi.int64 = name end
end

-- Every way to read one: name -> value.
local function reads()
  local a, s = ffi.new("int64_t[2]", 5, -7), ffi.new("struct im_s", 1, 2, 3)
  local p, got = ffi.cast("int64_t *", a), nil
  local call = ffi.cast("im_fn", ffi.C.llabs)
  local callback = ffi.cast("im_fn", function(x) got = x return 0 end)
  local out
  for _ = 1, 4 do -- the first by the general way, the others by what was learnt
    callback(7)
    out = {
      element = a[1], pointed = p[0], signed = s.i, unsigned = s.u, bits = s.b, result = ffi.C.llabs(-3), through = call(-4),
      argument = got, large = ffi.C.strtoull("18446744073709551615", nil, 10),
    }
  end
  callback:free()
  if ffi.totable then out.bulk = ffi.totable(a)[1] end
  return out
end

TestInt64Mode = {}

function TestInt64Mode:tearDown() if not H.is_luajit then ffi.int64 = usual end end

function TestInt64Mode:test_boxed()
  mode "boxed"
  for name, value in pairs(reads()) do lu.assertEquals(H.type(value), "cdata", name) end
  local r = reads()
  H.assert_int(r.element, -7)
  H.assert_int(r.result, 3)
  H.assert_int(r.argument, 7)
  lu.assertEquals(tostring(r.large), "18446744073709551615ULL")
  lu.assertTrue(ffi.istype("int64_t", r.signed) and ffi.istype("uint64_t", r.unsigned))
end

function TestInt64Mode:test_boxed_computes_as_luajit()
  mode "boxed"
  local s = ffi.new "struct im_s"
  s.u = 7
  lu.assertEquals(tostring(s.u / 2), "3ULL")
  lu.assertEquals(tostring(s.u % 4), "3ULL")
  lu.assertTrue(V.u64 "0xffffffffffffffff" > s.u)
  s.i = -7
  lu.assertEquals(tostring(s.i / 2), "-3LL")
  lu.assertTrue(s.i < s.i + 1)
  local b = H.is_luajit and require "bit" or ffi.bit
  s.u = V.u64 "0x1234567890"
  lu.assertEquals(tostring(b.rshift(s.u, 33)), "9ULL")
  lu.assertEquals(b.tobit(2 ^ 40 + 5), 5)
  lu.assertEquals(tonumber(s.u), 78187493520)
  lu.assertEquals(tonumber(V.u64 "0xffffffffffffffff"), 2 ^ 64)
  lu.assertEquals(tonumber(V.i64 "9007199254740993"), 2 ^ 53)
end

function TestInt64Mode:test_exact()
  H.not_on_luajit "has one mode"
  ffi.int64 = "exact"
  local r = reads()
  for name, value in pairs(r) do lu.assertEquals(type(value), name == "large" and "cdata" or "number", name) end
  lu.assertEquals({ r.element, r.pointed, r.signed, r.unsigned, r.bits, r.result, r.through, r.argument }, { -7, 5, 1, 2, 3, 3, 4, 7 })
  local s = ffi.new "struct im_s"
  for _, digits in ipairs { "9007199254740992", "-9007199254740992" } do
    s.i = V.i64(digits)
    lu.assertEquals(type(s.i), "number")
    lu.assertEquals(("%.0f"):format(s.i), digits)
  end
  s.i = V.i64 "9007199254740993"
  lu.assertEquals(tostring(s.i), "9007199254740993LL")
  s.u = V.u64 "0x8000000000000000"
  lu.assertEquals(tostring(s.u), "9223372036854775808ULL")
end

function TestInt64Mode:test_native()
  H.not_on_luajit "has one mode"
  if not H.native_int64 then
    lu.assertErrorMsgContains("has no 64-bit integers", function() ffi.int64 = "native" end)
    lu.assertEquals(ffi.int64, "boxed")
    return
  end
  lu.assertEquals(ffi.int64, "native")
  for name, value in pairs(reads()) do lu.assertEquals(math.type(value), "integer", name) end
end

-- What was compiled and learnt in one mode does not stay in another.
function TestInt64Mode:test_changes()
  H.not_on_luajit "has one mode"
  local a, s = ffi.new("int64_t[2]", 5, -7), ffi.new("struct im_s", 1, 2, 3)
  local call, got = ffi.cast("im_fn", ffi.C.llabs), nil
  local callback = ffi.cast("im_fn", function(x) got = x return x end)
  for _ = 1, 3 do
    for _, name in ipairs { usual, "boxed", "exact" } do
      ffi.int64 = name
      lu.assertEquals(ffi.int64, name)
      local want = name == "boxed" and "cdata" or "number"
      for _ = 1, 3 do
        lu.assertEquals(tonumber(callback(6)), 6)
        for _, value in ipairs { a[0], s.i, s.u, s.b, ffi.C.llabs(-3), call(-4), got } do lu.assertEquals(H.type(value), want, name) end
      end
    end
  end
  callback:free()
end

function TestInt64Mode:test_errors()
  H.not_on_luajit "has one mode"
  for _, wrong in ipairs { "x", 5, {}, true } do
    lu.assertErrorMsgContains("ffi.int64 is 'native', 'boxed' or 'exact'", function() ffi.int64 = wrong end)
  end
  lu.assertEquals(ffi.int64, usual)
  ffi.im_other = 1 -- other fields are the program's
  lu.assertEquals(ffi.im_other, 1)
  ffi.im_other = nil
  lu.assertNil(ffi.im_other)
end

H.run()
