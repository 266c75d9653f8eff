-- Compiled code: when it is made and freed, what happens around fork and without executable memory, C++ exceptions. Says nothing
-- where nothing is compiled (ffi.backend).
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
int abs(int);
long labs(long);
int fork(void);
void _exit(int);
int waitpid(int pid, int *status, int options);
int answer(void); // in spec_calls
]]

local function usage()
  H.collect()
  return ffi.debug().code
end
local function compiled() lu.skipIf(ffi.backend ~= "thunk", "nothing is compiled by " .. ffi.backend) end

TestCode = {}

function TestCode:test_functions_are_freed()
  compiled()
  local before = usage()
  local path = H.fixture "spec_calls"
  for _ = 1, 10 do
    for _ = 1, 30 do lu.assertEquals(ffi.load(path).answer(), 42) end
    H.collect()
  end
  local after = usage()
  lu.assertTrue(after.functions <= before.functions + 2, "functions: " .. after.functions)
  lu.assertTrue(after.blocks <= before.blocks + 4, "blocks: " .. after.blocks)
  lu.assertTrue(after.pages <= before.pages + 1, "pages: " .. after.pages)
  lu.assertEquals(after.retired, before.retired)
end

function TestCode:test_a_function_outlives_its_library()
  local f = ffi.load(H.fixture "spec_calls").answer
  H.collect()
  lu.assertEquals(f(), 42)
end

-- A finaliser that runs after the function's own must not find its code gone.
function TestCode:test_a_function_called_by_finalisers()
  local results = {}
  for i = 1, 50 do
    local objects = {}
    objects[1] = ffi.gc(ffi.new "int[1]", function() results[2 * i] = { pcall(objects.f) } end) -- older than the function
    objects.f = ffi.load(H.fixture "spec_calls").answer
    objects[2] = ffi.gc(ffi.new "int[1]", function() results[2 * i + 1] = { pcall(objects.f) } end)
  end
  H.collect()
  for _ = 1, 100 do lu.assertEquals(ffi.load(H.fixture "spec_calls").answer(), 42) end
  H.collect()
  for _, r in pairs(results) do
    if r[1] then lu.assertEquals(r[2], 42) end
  end
end

function TestCode:test_code_is_made_in_both_processes_after_fork()
  lu.skipIf(ffi.os == "Windows", "no fork")
  local C = ffi.C
  lu.assertEquals(C.abs(-1), 1)
  local child = C.fork()
  if child == 0 then
    local ok = C.abs(-2) == 2 and tonumber(C.labs(-3)) == 3
    local cb = ffi.cast("int (*)(int)", function(x) return x + 1 end)
    ok = ok and cb(1) == 2
    C._exit(ok and 7 or 1)
  end
  ffi.cdef "long long llabs(long long);"
  lu.assertEquals(tonumber(C.llabs(-4)), 4)
  local status = ffi.new "int[1]"
  lu.assertEquals(C.waitpid(child, status, 0), child)
  lu.assertEquals(math.floor(status[0] / 256), 7)
end

function TestCode:test_many_callbacks()
  compiled()
  local kept = {}
  local n = H.slow and 500 or 6000
  for i = 1, n do kept[i] = ffi.cast("int (*)(int)", function(x) return x + i end) end
  for i = 1, n, 97 do lu.assertEquals(kept[i](1), i + 1) end
  local slots = usage().callback_slots
  for i = 1, n do kept[i]:free() end
  for i = 1, n do kept[i] = ffi.cast("int (*)(int)", function(x) return x - i end) end
  lu.assertTrue(usage().callback_slots <= slots + 512, "freed slots are used again")
  for i = 1, n do kept[i]:free() end
end

H.run()
