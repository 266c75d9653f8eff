-- lua-resty-lrucache outside of nginx: both implementations with values, expiry, eviction, order and flush.
package.path = "./lib/?.lua;" .. package.path
local clock = 1000
ngx = { now = function() return clock end, update_time = function() end }
for _, name in ipairs { "resty.lrucache", "resty.lrucache.pureffi" } do
  local cache = assert(require(name).new(3))
  cache:set("a", 1)
  cache:set("b", { x = 2 }, 10)
  cache:set("c", false)
  assert(cache:get "a" == 1 and cache:get "b".x == 2 and cache:get "c" == false)
  clock = clock + 11
  local value, stale = cache:get "b"
  assert(value == nil and stale.x == 2)
  cache:set("d", 4)
  cache:set("e", 5)
  assert(cache:get "d" == 4 and cache:get "e" == 5)
  cache:delete "e"
  assert(cache:get "e" == nil)
  for i = 1, 2000 do cache:set("key" .. i % 7, i) end
  local found = 0
  for i = 0, 6 do if cache:get("key" .. i) then found = found + 1 end end
  assert(found == 3)
  cache:flush_all()
  assert(cache:get "key1" == nil)
  print(name, cache:count(), cache:capacity())
end
