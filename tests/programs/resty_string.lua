-- lua-resty-string outside of nginx: digests and ciphers of libcrypto, checked against published values.
package.path = "./lib/?.lua;" .. package.path
local ffi = require "ffi"
ffi.load("crypto", true)
ngx = { null = false }
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
for _, row in ipairs {
  { "resty.md5", "900150983cd24fb0d6963f7d28e17f72" }, { "resty.sha1", "a9993e364706816aba3e25717850c26c9cd0d89d" },
  { "resty.sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7" },
  { "resty.sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
  { "resty.sha512", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
} do
  local digest = assert(require(row[1]):new(), row[1])
  assert(digest:update "a" and digest:update "bc")
  assert(hex(digest:final()) == row[2], row[1])
  print(row[1], row[2])
end
local random = require "resty.random"
assert(#random.bytes(16) == 16)
local aes = require "resty.aes"
local cipher = assert(aes:new("secret", "saltsalt", aes.cipher(128, "cbc"), aes.hash.md5, 2))
local packed = assert(cipher:encrypt "some text")
assert(packed ~= "some text" and cipher:decrypt(packed) == "some text")
print("aes", hex(packed))
