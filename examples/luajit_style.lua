-- Written as one would for LuaJIT; `ferry examples/luajit_style.lua` runs it on plain Lua, with the same output.
local ffi = require "ffi"
local bit = require "bit"
local new_table = require "table.new"
local buffer = require "string.buffer"

ffi.cdef [[
  typedef struct node { struct node *next; uint64_t key; } node;
  void *malloc(size_t size);
  void free(void *pointer);
  char *getenv(const char *name);
  size_t strlen(const char *text);
]]

-- FNV-1a, in 64-bit arithmetic with literals.
local function hash(text)
  local h = 0xcbf29ce484222325ULL
  for i = 1, #text do h = bit.bxor(h, text:byte(i)) * 0x100000001b3ULL end
  return h
end
for _, word in ipairs { "", "a", "foobar" } do print(bit.tohex(hash(word)), "'" .. word .. "'") end

-- A list in C's memory, which ends with NULL.
local head = ffi.cast("node *", nil)
for i = 1, 5 do
  local n = ffi.cast("node *", ffi.C.malloc(ffi.sizeof "node"))
  n.next, n.key = head, 2ULL ^ (60 + i - 1) % 7 + i
  head = n
end
local count, odd = 0, new_table(5, 0)
local n = head
while n ~= nil do
  count = count + 1
  if bit.band(n.key, 1) == 0 then goto continue end
  odd[#odd + 1] = tonumber(n.key)
  ::continue::
  n = n.next
end
print(count, table.concat(odd, " "))
while head ~= nil do head, n = head.next, head ffi.C.free(n) end
print(head == nil, ffi.C.getenv "NO_SUCH_VARIABLE" == nil, ffi.C.strlen "five!" == 5)

-- Numbers as LuaJIT writes them.
print(10 / 2, 7 / 2, 2 ^ 31, "half of 8 is " .. 8 / 2, string.format("%d %s", 3.99, 6 / 3))

-- A queue of bytes, and values in LuaJIT's serialised form.
local queue = buffer.new()
queue:put("one ", 2, " "):putf("%s-%d", "three", 4)
print(queue:get(4), queue, #queue)
local copy = buffer.decode(buffer.encode { name = "ferry", list = { 1, 2, 3 }, big = 2LL ^ 40 })
print(copy.name, #copy.list, copy.big == 2LL ^ 40, copy.big)

-- Environments of functions.
local sandbox = setmetatable({}, { __index = _G })
setfenv(function() answer = 42 end, sandbox)()
print(sandbox.answer, rawget(_G, "answer"))
