-- luajit-msgpack-pure: values there and back, and the bytes of some.
package.path = "./?.lua;" .. package.path
local mp = require "luajit-msgpack-pure"
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
for _, row in ipairs { { 1, "01" }, { -1, "ff" }, { 300, "cd012c" }, { "abc", "a3616263" }, { true, "c3" }, { 70000, "ce00011170" }, { -200, "d1ff38" } } do
  assert(hex(mp.pack(row[1])) == row[2], row[2] .. " " .. hex(mp.pack(row[1])))
end
local function same(a, b)
  if type(a) ~= "table" then return a == b end
  for k, v in pairs(a) do if not same(v, b[k]) then return false end end
  return true
end
for _, value in ipairs { 0, 127, 128, 65535, 2 ^ 31, -2 ^ 31, 1.5, ("x"):rep(70000), { 1, 2, { 3 } }, { a = 1, b = { c = "d" } }, false } do
  local at, back = mp.unpack(mp.pack(value))
  assert(at and same(value, back), tostring(value))
end
print "ok"
