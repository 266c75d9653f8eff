-- torch's tds: hashes and vectors kept by C, of numbers, strings, booleans and one another, by metatypes on references.
-- Prints what they hold, in an order of its own.
local tds = require "tds"

local hash = tds.Hash { one = 1, two = 2.5, [3] = "three", yes = true }
hash.inner = tds.Vec(10, 20, 30)
hash.two, hash.four = nil, ("x"):rep(1000)
assert(#hash == 5 and hash.two == nil and hash[3] == "three" and hash.yes == true and #hash.four == 1000)
assert(#hash.inner == 3 and hash.inner[2] == 20)
local names = {}
for key, value in pairs(hash) do names[#names + 1] = tostring(key) .. "=" .. type(value) end
table.sort(names)
print(table.concat(names, " "))

local vec = tds.Vec { 5, 3, 9, 1 }
vec:insert(7)
vec:insert(1, 4)
vec:remove(3)
vec[8] = false
assert(#vec == 8 and vec[6] == nil and vec[8] == false)
vec:resize(5)
vec:sort(function(a, b) return a < b end) -- a callback of qsort
local seen = {}
for i, value in ipairs(vec) do seen[i] = value end
print(table.concat(seen, " "), vec:concat("-"))

for round = 1, 20 do -- what nobody holds any longer is freed by C
  local outer = tds.Hash()
  for i = 1, 100 do outer[i] = tds.Hash { [i] = round } end
  assert(#outer == 100 and outer[50][50] == round)
end
collectgarbage()
print(pcall(function() vec[0] = 1 end), pcall(function() hash[print] = 1 end))
