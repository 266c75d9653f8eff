-- luapower utf8: decoding, encoding and iterating, valid and invalid text.
local utf8, ffi = require "utf8", require "ffi"
local invalid = "\xC2\xC0\xE0\x80\xED\xA0\xF0\x80\xF4\x90\xFF\xFF"
local valid = "Hello, 我能吞下玻璃而不伤身体, ᚠᛇᚻ, هذه 🙂"
local count = 0
for _, c in utf8.chars(valid) do
  assert(c)
  count = count + 1
end
local n, p = utf8.decode(valid, nil, false)
assert(n == count and p == 0)
n, p = utf8.decode(invalid, nil, false)
assert(n == 0 and p == #invalid)
local text = (valid .. invalid):rep(100)
local buffer
buffer, n, p = utf8.decode(text)
assert(n == count * 100 and p == #invalid * 100)
local length = utf8.encode(buffer, n, false)
assert(length == #valid * 100)
local bytes = ffi.new("uint8_t[?]", length)
buffer, n = utf8.decode(text, #text, buffer, n)
utf8.encode(buffer, n, bytes, length)
assert(ffi.string(bytes, #valid) == valid)
local i, back = length, 0
while true do
  i = utf8.prev(bytes, length, i)
  if not i then break end
  back = back + 1
end
assert(back == n)
local codes = {}
for _, c, b in utf8.chars(valid) do codes[#codes + 1] = c or b end
assert(utf8.encode_chars(codes) == valid and utf8.encode_chars(unpack(codes)) == valid)
