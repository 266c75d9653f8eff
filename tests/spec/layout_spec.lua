-- Layouts against the C compiler: fixtures/spec_layout.c was compiled from the text that cdef gets here.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

local function header()
  for _, folder in ipairs { os.getenv "FERRY_SOURCE_FIXTURES" or "tests/fixtures", "../fixtures" } do
    local f = io.open(folder .. "/spec_layout.h")
    if f then
      local text = f:read "*a"
      f:close()
      return text
    end
  end
end
local text = assert(header(), "spec_layout.h not found")
ffi.cdef((text:gsub("#define SPEC_LAYOUT_TYPES.*", "")))
ffi.cdef "const char *layout_name(int i); int layout_size(int i); int layout_align(int i); int bits_of(unsigned char *out, int which);"
local fx = H.load "spec_layout"

TestLayout = {}

function TestLayout:test_sizes_and_alignments_as_the_compiler_has_them()
  local i = 0
  while not ffi.isnull(fx.layout_name(i)) do
    local name = ffi.string(fx.layout_name(i))
    lu.assertEquals(ffi.sizeof(name), fx.layout_size(i), "size of " .. name)
    lu.assertEquals(ffi.alignof(name), fx.layout_align(i), "alignment of " .. name)
    i = i + 1
  end
  lu.assertTrue(i > 40)
end

function TestLayout:test_bit_fields_lie_where_the_compiler_puts_them()
  local size = ffi.sizeof "struct lay_bits"
  for i, name in ipairs { "a", "b", "c", "d", "e", "f", "g" } do
    local out = ffi.new("unsigned char[?]", size)
    lu.assertEquals(fx.bits_of(out, i - 1), 1)
    local s = ffi.new "struct lay_bits"
    if name == "c" then s.c = true else s[name] = -1 end
    lu.assertEquals(ffi.string(ffi.cast("const void *", s), size), ffi.string(out, size), name)
    local byte, bit, width = ffi.offsetof("struct lay_bits", name)
    local bits = 0
    for k = 0, size - 1 do
      local v = out[k]
      while v > 0 do
        bits = bits + v % 2
        v = math.floor(v / 2)
      end
    end
    lu.assertEquals(bits, width, name)
    local first = byte * 8 + bit
    lu.assertEquals(math.floor(out[math.floor(first / 8)] / 2 ^ (first % 8)) % 2, 1, name)
  end
end

H.run()
