-- torch's tds: hashes and vectors of numbers, strings and booleans kept by C, by metatypes on references to incomplete structs.
-- Prints what they hold, in an order of its own. (One in another needs torch.)
local tds = require "tds"

local hash = tds.Hash { one = 1, two = 2.5, [3] = "three", yes = true }
hash.two, hash.four = nil, ("x"):rep(1000)
assert(#hash == 4 and hash.two == nil and hash[3] == "three" and hash.yes == true and #hash.four == 1000)
local names = {}
for key, value in pairs(hash) do names[#names + 1] = tostring(key) .. "=" .. type(value) end
table.sort(names)
assert(table.concat(names, " ") == "3=string four=string one=number yes=boolean")

local vec = tds.Vec { 5, 3, 9, 1 }
vec:insert(7)
vec:insert(1, 4)
vec:remove(3)
vec[8] = false
assert(#vec == 8 and vec[6] == nil and vec[8] == false)
vec:resize(5)
vec:sort(function(a, b) return a < b end) -- a callback of qsort
local sum = 0
for i, value in ipairs(vec) do sum = sum + i * value end
assert(#vec == 5 and sum == 1 + 8 + 15 + 28 + 45)

for round = 1, 20 do -- what nobody holds any longer is freed by C
  local some = {}
  for i = 1, 100 do some[i] = tds.Hash { [i] = round } end
  assert(some[50][50] == round and #some[50] == 1)
end
collectgarbage()
assert(not pcall(function() vec[0] = 1 end) and not pcall(function() hash[print] = 1 end))
