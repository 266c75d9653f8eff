-- Compiled code: when it is made and freed, what happens around fork and without executable memory, C++ exceptions. Says nothing
-- where nothing is compiled (ffi.backend).
local H = require "spec_helper"
local V = require "spec_values"
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

-- What does not work says why: back ends, and access to Lua's stack.
function TestCode:test_what_is_off()
  H.not_on_luajit()
  local off = ffi.debug().off
  lu.assertNil(off[ffi.backend])
  lu.assertEquals(off["direct stack access"] == nil, ffi.stack == "direct")
  if os.getenv "FERRY_STACK" == "api" then lu.assertEquals(off["direct stack access"], "FERRY_STACK is 'api'") end
  if ffi.backend ~= "thunk" then return end
  lu.assertTrue(ffi.debug().code.page_method == "mprotect" or ffi.debug().code.page_method == "memfd")
  ffi.cdef "int setenv(const char *, const char *, int); int unsetenv(const char *);"
  ffi.C.unsetenv "FERRY_BACKEND"
  ffi.C.setenv("FERRY_PAGES", "none", 1)
  local ok, text = V.child "local ffi = require 'ferry' io.write(ffi.backend, ': ', ffi.debug().off.thunk)"
  ffi.C.unsetenv "FERRY_PAGES"
  ffi.C.setenv("FERRY_BACKEND", "thunk", 1)
  lu.assertTrue(ok)
  lu.assertStrContains(text, "stub: executable memory is not available")
end

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
  H.needs "fork"
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

-- --- where the system denies executable memory ---------------------------------------------------------------------

ffi.cdef [[
int prctl(int option, ...);
struct sock_filter { uint16_t code; uint8_t jt, jf; uint32_t k; };
struct sock_fprog { unsigned short len; struct sock_filter *filter; };
int toupper(int); int tolower(int); long long llabs(long long); int isdigit(int);
void qsort(void *base, size_t n, size_t size, int (*compare)(const int &, const int &));
]]

-- What a child does after `deny()`: functions, callbacks and function pointers that have not been used before.
local function works_after(deny)
  lu.skipIf(H.slow, "instruments of their own need executable memory")
  lu.skipIf(ffi.os ~= "Linux" or ffi.C.prctl(3) < 0, "no prctl") -- PR_GET_DUMPABLE
  local pid = ffi.C.fork()
  if pid == 0 then
    local ok, code = pcall(function()
      if not deny() then return 2 end
      local C = ffi.C
      local list = ffi.new("int[5]", 3, 1, 5, 2, 4)
      C.qsort(list, 5, 4, function(a, b) return a - b end)
      for i = 0, 4 do assert(list[i] == i + 1) end
      local pointer = ffi.cast("int (*)(int)", function(v) return v + 1 end)
      assert(C.toupper(97) == 65 and C.tolower(65) == 97 and pointer(1) == 2)
      assert(tonumber(C.llabs(-5)) == 5 and C.isdigit(48) ~= 0)
      assert(ffi.cast("int (*)(int)", C.toupper)(98) == 66)
      return 1
    end)
    ffi.C._exit(ok and code or 3)
  end
  local status = ffi.new "int[1]"
  lu.assertEquals(ffi.C.waitpid(pid, status, 0), pid)
  lu.assertEquals(status[0] % 128, 0, "the child was killed")
  lu.skipIf(status[0] == 2 * 256, "the kernel has no such thing")
  lu.assertEquals(status[0] / 256, 1)
end

function TestCode:test_no_page_may_gain_execution()
  -- linux/prctl.h: PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN; variadic arguments are long there.
  works_after(function() return ffi.C.prctl(65, ffi.new("long", 1), ffi.new("long"), ffi.new("long"), ffi.new("long")) == 0 end)
end

function TestCode:test_no_mapping_may_be_executable()
  -- mmap, mprotect and pkey_mprotect (asm/unistd.h) are refused with EACCES if their third argument has PROT_EXEC.
  local calls = ({ x64 = { 9, 10, 329 }, arm64 = { 222, 226, 288 } })[ffi.arch]
  lu.skipIf(not calls, "system call numbers of another processor")
  lu.skipIf(ffi.backend == "libffi", "libffi's closures need such mappings")
  works_after(function()
    local load, equal, set, answer = 0x20, 0x15, 0x45, 0x06 -- BPF_LD|W|ABS, BPF_JMP|JEQ, BPF_JMP|JSET, BPF_RET
    local filter = ffi.new("struct sock_filter[8]", {
      { load, 0, 0, 0 }, -- the call's number
      { equal, 2, 0, calls[1] }, { equal, 1, 0, calls[2] }, { equal, 0, 3, calls[3] },
      { load, 0, 0, 32 }, -- the lower half of its third argument
      { set, 0, 1, 4 },
      { answer, 0, 0, 0x50000 + 13 }, { answer, 0, 0, 0x7fff0000 },
    })
    local program = ffi.new("struct sock_fprog", 8, filter)
    local zero = ffi.new "long"
    return ffi.C.prctl(38, ffi.new("long", 1), zero, zero, zero) == 0 -- PR_SET_NO_NEW_PRIVS
      and ffi.C.prctl(22, ffi.new("long", 2), ffi.cast("struct sock_fprog *", program)) == 0 -- PR_SET_SECCOMP, SECCOMP_MODE_FILTER
  end)
end

H.run()
