-- ffi.debug(x): how one function, callback or type is called.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
int abs(int); int open(const char *, int, ...);
int printf(const char *, ...) __attribute__((format(printf, 1, 2)));
typedef int (*dbg_fn)(int);
typedef struct { double x, y; } dbg_point;
typedef struct { long a, b, c; } dbg_large;
struct dbg_unknown;
]]

local native = ffi.backend == "thunk"
local x64 = ffi.arch == "x64" and ffi.os == "Linux"

-- A table that tells of code has it, or says why not.
local function check_code(t, why)
  if native then
    lu.assertIsString(t.code)
    lu.assertTrue(t.bytes > 20 and t.bytes < 4096, t.bytes)
    lu.assertStrContains(t.code, "ret")
    lu.assertNil(t.no_code)
  else
    lu.assertNil(t.code)
    -- A build without native code has nothing to choose.
    if not t.no_code:find("this build makes none", 1, true) then
      lu.assertStrContains(t.no_code, why or ("'%s' makes none"):format(ffi.backend))
    end
  end
end

TestDebug = {}

function TestDebug:test_function()
  local t = ffi.debug(ffi.C.abs)
  lu.assertEquals(t.kind, "function")
  lu.assertEquals(t.name, "abs")
  lu.assertEquals(t.backend, ffi.backend)
  lu.assertEquals(tostring(t.type), "ctype<int (int)>")
  lu.assertStrMatches(t.address, "0x%x+")
  if x64 then
    lu.assertEquals(t.abi, "System V x86-64")
    lu.assertEquals(t.plan, "rdi:4s -> rax:4s")
  end
  check_code(t)
  if native then
    lu.assertStrContains(t.code, ffi.arch == "arm64" and "=function" or "call function")
    lu.assertStrContains(t.code, "FunctionRecord")
    -- By the API where Lua's stack is not read directly, and only there.
    lu.assertEquals(t.code:find("lua_gettop", 1, true) == nil, ffi.stack == "direct")
  end
end

function TestDebug:test_is_the_code_of_every_state_of_the_function()
  local before = ffi.debug(ffi.C.abs)
  for i = 1, 100 do ffi.C.abs(-i) end
  pcall(ffi.C.abs, "x")
  local after = ffi.debug(ffi.C.abs)
  lu.assertEquals(after.code, before.code)
  lu.assertEquals(after.plan, before.plan)
end

function TestDebug:test_variadic_function_has_a_table_per_shape()
  local open = ffi.C.open
  open("/no/such/file", 0)
  open("/no/such/file", 0, 1)
  open("/no/such/file", 0, "text")
  local t = ffi.debug(open)
  if not native then
    lu.assertNil(t.shapes)
    return
  end
  lu.assertEquals(t.no_code, "one code per shape of arguments")
  lu.assertEquals(#t.shapes, 3)
  local plans = {}
  for _, shape in ipairs(t.shapes) do
    check_code(shape)
    plans[shape.plan] = true
  end
  if x64 then
    lu.assertTrue(plans["rdi:8 rsi:4s -> rax:4s"])
    local number = not H.native_int64 and "xmm0:8" or "rdx:4s" -- a number is a double where there are no others
    lu.assertTrue(plans["rdi:8 rsi:4s " .. number .. " -> rax:4s"], t.shapes[2].plan)
    lu.assertTrue(plans["rdi:8 rsi:4s rdx:8 -> rax:4s"])
  end
end

function TestDebug:test_says_why_there_is_no_code()
  local t = ffi.debug(ffi.C.printf)
  lu.assertNil(t.code)
  lu.assertStrContains(t.no_code, native and "its format has to be read at each call" or "makes none")
end

-- Which limit, not just that there is one.
function TestDebug:test_says_which_limit_leaves_it_without_code()
  ffi.cdef(("int dbg_many(%s) __asm__(\"abs\");"):format(("int, "):rep(64) .. "int"))
  ffi.cdef [[
  typedef struct { int n __attribute__((aligned(32))); } dbg_wide;
  typedef struct { char c[4000]; } dbg_long;
  int dbg_aligned(dbg_wide) __asm__("abs");
  dbg_wide dbg_aligned_result(void) __asm__("abs");
  int dbg_bytes(dbg_long) __asm__("abs");
  ]]
  if not native then return check_code(ffi.debug(ffi.C.dbg_many)) end
  lu.assertEquals(ffi.debug(ffi.C.dbg_many).no_code, "it has more than 64 arguments")
  lu.assertEquals(ffi.debug(ffi.C.dbg_bytes).no_code, "its arguments take more than 2048 bytes of the C stack")
  lu.assertEquals(ffi.debug(ffi.C.dbg_aligned_result).no_code,
    ("its result is aligned to more than %d bytes"):format(ffi.arch == "x86" and 8 or 16))
  if ffi.arch ~= "x86" then -- where it is aligned as all others
    lu.assertEquals(ffi.debug(ffi.C.dbg_aligned).no_code, "an argument is aligned to more than 16 bytes")
  end
end

function TestDebug:test_callback()
  local cb = ffi.cast("dbg_fn", function(i) return i end)
  local t = ffi.debug(cb)
  lu.assertEquals(t.kind, "callback")
  lu.assertEquals(t.address, tostring(ffi.cast("void *", cb)):match "0x%x+")
  lu.assertEquals(tostring(t.type), "ctype<int (int)>")
  check_code(t)
  if native then
    lu.assertStrContains(t.code, "lua_pcall")
    lu.assertIsString(t.entry)
  end
  cb:free()
  lu.assertEquals(ffi.debug(cb).kind, "function pointer")
end

function TestDebug:test_function_pointer_and_function_type()
  local pointer = ffi.cast("dbg_fn", ffi.C.abs)
  local t = ffi.debug(pointer)
  lu.assertEquals(t.kind, "function pointer")
  lu.assertEquals(t.address, ffi.debug(ffi.C.abs).address)
  check_code(t)
  check_code(t.callback)
  for _, ct in ipairs { "int (int)", "dbg_fn", ffi.typeof "dbg_fn" } do
    local of_type = ffi.debug(ct)
    lu.assertEquals(of_type.kind, "function type")
    lu.assertNil(of_type.address)
    lu.assertEquals(of_type.plan, t.plan)
    lu.assertEquals(of_type.code, t.code)
  end
end

function TestDebug:test_types()
  local t = ffi.debug "dbg_point"
  lu.assertEquals(t.kind, "struct")
  if x64 then
    lu.assertEquals(t.as_argument, "{xmm0:8 xmm1:8}")
    lu.assertEquals(t.as_result, "{xmm0:8 xmm1:8}")
    lu.assertEquals(ffi.debug("dbg_large").as_argument, "[0]:24")
    lu.assertEquals(ffi.debug("dbg_large").as_result, "*rdi")
    lu.assertEquals(ffi.debug("int").as_argument, "rdi:4s")
    lu.assertEquals(ffi.debug(ffi.new "dbg_point").as_argument, "{xmm0:8 xmm1:8}")
  end
  for ct, kind in pairs { ["int *"] = "pointer", ["int[3]"] = "array", void = "void", double = "scalar" } do
    lu.assertEquals(ffi.debug(ct).kind, kind)
  end
  lu.assertStrContains(ffi.debug("struct dbg_unknown").as_argument, "incomplete")
  lu.assertStrContains(ffi.debug("void").as_argument, "incomplete")
end

function TestDebug:test_leaves_no_trace()
  local function live()
    collectgarbage()
    collectgarbage()
    return ffi.debug()
  end
  local before = live()
  for _ = 1, 20 do
    ffi.debug(ffi.C.abs)
    ffi.debug "int (int, double)"
    ffi.debug "dbg_point"
  end
  local after = live()
  lu.assertEquals(after.code.blocks, before.code.blocks)
  lu.assertEquals(after.callbacks.count, before.callbacks.count)
end

function TestDebug:test_what_is_nothing_of_c()
  for _, value in ipairs { print, 1, {}, true, "no_such_type", coroutine.create(function() end) } do
    local ok, message = pcall(ffi.debug, value)
    lu.assertFalse(ok)
    lu.assertIsString(message)
  end
  lu.assertErrorMsgContains("a C function, a cdata or a ctype expected", ffi.debug, print)
end

function TestDebug:test_without_argument_it_is_luaffifbs()
  local t = ffi.debug()
  lu.assertIsTable(t.functions)
  lu.assertIsTable(t.types)
end

-- The names of ffi.os and ffi.arch in the compilers' words; what runs the specs is tested.
function TestDebug:test_which_port_it_is()
  local port = ffi.debug().port
  local processors = { x64 = "x86_64", x86 = "i386", arm64 = "aarch64", riscv64 = "riscv64", arm = "arm", ppc64le = "powerpc64le",
    s390x = "s390x" }
  local abi = ffi.arch == "arm" and "-gnueabihf" or ""
  lu.assertEquals(port.target, processors[ffi.arch] .. "-" .. ffi.os:lower() .. abi)
  local tested = { x64 = "natively", x86 = "natively", arm64 = "emulated", riscv64 = "emulated", arm = "emulated", ppc64le = "emulated",
    s390x = "emulated" }
  lu.assertEquals(port.tested, ffi.os == "Windows" and "emulated" or tested[ffi.arch])
end

H.run()
