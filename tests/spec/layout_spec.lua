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
    -- s390x: gcc places vectors at multiples of their size, but its _Alignof says 8.
    if not (name == "struct lay_15" and ffi.arch == "s390x") then
      lu.assertEquals(ffi.alignof(name), fx.layout_align(i), "alignment of " .. name)
    end
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
    local shift = ffi.abi "le" and first % 8 or 7 - first % 8
    lu.assertEquals(math.floor(out[math.floor(first / 8)] / 2 ^ shift) % 2, 1, name)
  end
end

-- gcc and clang align what an atomic access of its size may reach to that size. (One of three bytes: clang, too, gcc not.)
TestAtomicLayout = {}
function TestAtomicLayout:test_alignment()
  H.not_on_luajit "knows no _Atomic"
  ffi.cdef [[
    struct layout_atomic4 { char c[4]; };
    struct layout_atomic3 { char c[3]; };
    struct layout_atomic { char c; _Atomic struct layout_atomic4 a; char d; _Atomic struct layout_atomic3 b;
      char e; _Atomic float _Complex f; char g; _Atomic int h; };
  ]]
  local at = {}
  for _, name in ipairs { "a", "b", "f", "h" } do at[#at + 1] = ffi.offsetof("struct layout_atomic", name) end
  lu.assertEquals(at, { 4, 9, 16, 28 })
  lu.assertEquals(ffi.alignof "struct layout_atomic4", 1)
end

H.run()
