-- Pointers made from owners in every way, finalisers that wait for them (tests/run_oom.sh).
local ffi = require "ferry"
ffi.cdef [[ struct w1 { int a; struct { int x, y; } v[3]; int *ip; struct w1 *next; const char *name; int (*f)(int); char tail[]; };
 void *malloc(size_t); void free(void *); int abs(int); extern char **environ; ]]
local function chain(o)
  local p = ffi.cast("struct w1 *", o)
  local q = ffi.cast("char *", p + 1) - 1
  local r = ffi.addressof(ffi.cast("struct w1 *", q + 1)[-1].v[1])
  local pp = ffi.addressof(ffi.addressof(r))
  return { p, q, r, pp[0][0] + 1, ffi.slice(ffi.cast("int *", o), 1, 3) + 1, ffi.new("void *", q), ffi.toretval(q) }
end
local calls = 0
local function count() calls = calls + 1 end
local s = ffi.gc(ffi.new "struct w1[2]", count)
local made = chain(s)
s[0].next, s[1].ip, s[0].name, s[0].f = made[1], ffi.cast("int *", ffi.gc(ffi.new "int[4]", count)) + 1, "name " .. calls, ffi.C.abs
made[1].next = ffi.gc(made[1] + 1, count)
local second = made[1].next
local numbers, name, f = second.ip + 1, made[1].name + 2, made[1].f
made[1].tail = ""
local copy = ffi.new("struct w1", s[0])
local block = ffi.gc(ffi.cast("struct w1 *", ffi.C.malloc(256)), ffi.C.free)
local of_block = chain(block)
block.ip = numbers
local text = ffi.cast("const char *", "text " .. calls) + 1
local box = ffi.new("const int &", ffi.new("int", 5))
local slot = ffi.cast("int *", nil)
ffi.addressof(slot)[0] = numbers
slot = slot + 1
local values = ffi.totable(ffi.new("int *[2]", { numbers, numbers }))
s, made, block = nil, nil, nil
local ended = ffi.release(ffi.gc(ffi.new "int[4]", count)) and not ffi.release(of_block[1])
assert(ended and not pcall(function() return of_block[1].a end) and calls >= 1)
calls = 0
collectgarbage()
assert(calls <= 1 and copy.next.ip[0] == 0 and ffi.cast("struct w1 *", of_block[2] + 1)[-1].ip[0] == 0 and f(-1) == 1 and ffi.tonumber(box) == 5)
return second, name, text, slot, values
