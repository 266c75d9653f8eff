-- What every spec file begins with: LuaUnit, the ffi under test, fixtures, and the assertions that have to
-- know how Lua versions differ. tests/run_specs.sh sets the environment; tests/README.md tells the conventions.
--
--   local H = require "spec_helper"
--   local lu, ffi = H.lu, H.ffi
--   TestThings = {}
--   function TestThings:test_one() ... end
--   H.run()                       -- the file's last line
local H = {}

-- LuaUnit keeps its own references to `type` and friends, so it is loaded before anything can replace them. LuaJIT does
-- not compile it: its traces through C functions of others, joined to traces of returns, restored a wrong frame until
-- 2023 (LuaJIT/LuaJIT issue 624), and LuaUnit's loops and returns are what it would join.
if rawget(_G, "jit") ~= nil then
  package.preload.luaunit = function(...)
    local chunk = assert(loadfile(assert(package.searchpath("luaunit", package.path))))
    jit.off(chunk, true)
    return chunk(...)
  end
end
H.lu = require "luaunit"
local lu = H.lu

-- Ferry within LuaJIT (mode `jithost`), which is a Lua 5.1 then; else LuaJIT is the oracle, and its own ffi the one under test.
H.hosted_by_luajit = rawget(_G, "jit") ~= nil and os.getenv "FERRY_BACKEND" ~= nil
H.is_luajit = rawget(_G, "jit") ~= nil and not H.hosted_by_luajit
-- What chunks begin with that run in Lua states of their own, so that "ffi" is Ferry there, too.
H.in_states = H.hosted_by_luajit and "package.preload.ffi = nil " or ""
H.version = H.is_luajit and "jit" or _VERSION:match "%d%.%d"
H.ffi = require "ffi"
local ffi = H.ffi

-- Is a 64-bit integer read as a native Lua integer here (5.3+), or as a boxed cdata?
H.native_int64 = math.type ~= nil and not H.is_luajit
-- The forced back end, "" when Ferry chooses; "luajit" on the oracle.
H.backend = H.is_luajit and "luajit" or os.getenv "FERRY_BACKEND" or ""
-- Under valgrind or the sanitisers: loops of thousands belong divided by something.
H.slow = os.getenv "FERRY_SLOW" == "1"
-- How often to do what needs great counts: `n` times with the first back end of Lua 5.4 (with FULL=1: of each), elsewhere a part of that.
function H.many(n)
  if H.slow then return math.floor(n / 200) end
  local first = (_VERSION == "Lua 5.4" or (os.getenv "FULL" or "") ~= "") and H.backend == "thunk" and not os.getenv "FERRY_STACK" and not os.getenv "FERRY_CHAOS"
  return first and n or math.floor(n / 5)
end

-- The second where words have 32 bits, else the first.
function H.per_word(bits64, bits32) if ffi.sizeof "void *" == 8 then return bits64 end return bits32 end
-- The second where double and int64_t are aligned to 4 within records (i386's psABI), else the first (AAPCS32 5.1 aligns them to 8).
function H.per_alignment(eight, four) if ffi.arch == "x86" then return four end return eight end
-- The second where nothing but vectors is aligned to more than 8 unless it says by how much (AAPCS32 5.1, s390x 1.1), else the first.
function H.per_max_align(sixteen, eight) if ffi.arch == "arm" or ffi.arch == "s390x" then return eight end return sixteen end
-- The second where vectors are aligned to 8 at most (AAPCS32), else the first.
function H.per_vector_align(sixteen, eight) if ffi.arch == "arm" then return eight end return sixteen end
-- The second on Windows, else the first.
function H.per_system(posix, windows) if ffi.os == "Windows" then return windows end return posix end
-- A number's bytes, the least significant first, as memory has them.
function H.in_memory(bytes) return ffi.abi "le" and bytes or bytes:reverse() end
-- Only where the target has 128-bit integers (gcc: where words have 64 bits).
function H.needs_int128() lu.skipIf(ffi.sizeof "void *" < 8, "no integers of 128 bits here") end
-- Only where gcc has _Float128; on 32-bit ARM it has none.
function H.needs_float128() lu.skipIf(ffi.arch == "arm", "no _Float128 in C here") end

local windows = ffi.os == "Windows"
-- Whether the C library is musl, which does not say so itself.
local maps = ffi.os == "Linux" and io.open "/proc/self/maps"
H.musl = false
if maps then
  local text = maps:read "*a"
  H.musl = (text:find "/ld%-musl" or text:find "%-musl/libc%.so") ~= nil
  maps:close()
end

-- What Windows and musl have not, in the words that a skipped test gives as its reason.
local function set(names)
  local found = {}
  for name in names:gmatch "[^;]+" do found[name:match "^%s*(.-)%s*$"] = true end
  return found
end
local absent = {
  Windows = set [[fork; signals that processes send; POSIX threads; functions of POSIX; shell of POSIX; linker scripts; sonames; compiler that a spec can start;
    positional arguments of printf; libgcc in a library that everybody has; libz]],
  musl = set "libgcc in a library that everybody has; dlclose that unloads; libz; libstdc++ that fixtures are built for",
}
-- Only where the system has this: H.needs "fork".
function H.needs(what)
  assert(absent.Windows[what] or absent.musl[what], what)
  lu.skipIf(windows and absent.Windows[what], ("Windows has no %s"):format(what))
  lu.skipIf(H.musl and absent.musl[what], ("musl has no %s"):format(what))
end

-- The folder of compiled tests/fixtures.
H.fixtures = os.getenv "FERRY_FIXTURES" or "build/tests/fixtures"
-- Path of tests/fixtures/NAME.c, compiled.
function H.fixture(name)
  return H.fixtures .. "/lib" .. name .. (windows and ".dll" or ".so")
end

-- The library made of tests/fixtures/NAME.c.
function H.load(name) return ffi.load(H.fixture(name)) end

-- The module of tests/host/NAME.c for this Lua (or for Lua `version`), opened; skips the test where it is not built.
function H.host(name, version)
  local folder = os.getenv "FERRY_FIXTURES" or "build/tests/fixtures"
  local path = ("%s/%s/%s%s"):format(folder, version or H.version, name, windows and ".dll" or ".so")
  local open = package.loadlib(path, "luaopen_" .. name)
  lu.skipIf(not open, name .. " is not built")
  return open()
end

-- What MinGW links to its programs, and no library of Windows has: specs that call it are about something else.
if windows then H.linked = ffi.load(H.fixture "spec_mingw", true) end
-- What scripts begin with that call such functions.
H.links = windows and ("local linked = require 'ferry'.load(%q, true) "):format(H.fixture "spec_mingw") or ""

-- Whether an event loop that watches ffi.pollfd() is told something within this time: by poll(), on Windows by WaitForSingleObject().
function H.told(milliseconds)
  if windows then
    ffi.cdef "unsigned long WaitForSingleObject(intptr_t, unsigned long);"
    return ffi.C.WaitForSingleObject(ffi.pollfd(), milliseconds) == 0
  end
  ffi.cdef "struct h_pollfd { int fd; short events, revents; }; int h_poll(struct h_pollfd *, unsigned long, int) __asm__(\"poll\");"
  return ffi.C.h_poll(ffi.new("struct h_pollfd[1]", { { ffi.pollfd(), 1 } }), 1, milliseconds) == 1
end

-- Runs the interpreter under test in a process of its own, with these words of a command line: whether it ended well, what it wrote
-- ("errors": to standard error alone), and the status as os.execute has it. `environment`: variables that it has besides.
function H.interpreter(words, environment, stream)
  local out, before, variables, quoted = os.tmpname(), {}, "", {}
  local function quote(word) return windows and '"' .. word .. '"' or "'" .. word:gsub("'", "'\\''") .. "'" end
  local function put(name, value)
    if windows then
      ffi.cdef "int _putenv(const char *);"
      ffi.C._putenv(name .. "=" .. value)
    else
      variables = variables .. name .. "=" .. quote(value) .. " "
    end
  end
  for name, value in pairs(environment or {}) do
    before[name] = os.getenv(name) or ""
    put(name, value)
  end
  quoted[1] = quote(os.getenv "FERRY_LUA" or "lua")
  for _, word in ipairs(words) do quoted[#quoted + 1] = quote(tostring(word)) end
  local redirected = stream == "errors" and " 2>%s >" .. (windows and "nul" or "/dev/null") or " >%s 2>&1"
  local command = variables .. table.concat(quoted, " ") .. redirected:format(quote(out))
  -- Its shell takes the first quotation mark and the last one away.
  local status = os.execute(windows and '"' .. command .. '"' or command)
  if windows then
    for name, value in pairs(before) do put(name, value) end
  end
  local file = assert(io.open(out))
  local text = file:read "*a"
  file:close()
  os.remove(out)
  -- Emulated, the shell's own loader complains of what is preloaded for the emulated Lua.
  return status == true or status == 0, (text:gsub("ERROR: ld%.so: [^\n]*\n", "")), status
end
-- The same of a text, which is the script.
function H.script(text, environment, stream)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  local ok, said, status = H.interpreter({ path }, environment, stream)
  os.remove(path)
  return ok, said, status
end

-- The result of f; nil where libffi, as it then says, cannot pass something by value.
function H.passed_by_value(f)
  local ok, result = pcall(f)
  if ok then return result end
  lu.assertEquals(H.backend, "libffi", result)
  lu.assertStrContains(result, "libffi")
end

-- Skips the running test: on LuaJIT (it claims nothing about it), on PUC Lua, or on all but some versions.
function H.not_on_luajit(reason) lu.skipIf(H.is_luajit, reason or "says nothing about LuaJIT") end
function H.not_in_luajit(reason) lu.skipIf(rawget(_G, "jit") ~= nil, reason) end
function H.only_on_luajit(reason) lu.skipIf(not H.is_luajit, reason or "LuaJIT only") end
-- Whether objects and pointers are checked (FERRY_CHECK), by which more is an error; what this is said for is not.
H.checked = os.getenv "FERRY_CHECK" ~= nil and not H.is_luajit
function H.not_checked(reason) lu.skipIf(H.checked, reason) end
-- valgrind computes long double as double (its manual, "Limitations").
function H.not_under_valgrind(reason) lu.skipIf(os.getenv "FERRY_VALGRIND" == "1", reason) end
function H.only_versions(...)
  for _, v in ipairs { ... } do
    if v == H.version then return end
  end
  lu.skip("for Lua " .. table.concat({ ... }, ", "))
end

-- fn(...) must raise an error whose text contains each of the given strings (plainly, no patterns).
-- Returns the text.
function H.assert_error_contains(fn, ...)
  local ok, message = pcall(fn)
  if ok then lu.fail("expected an error with: " .. table.concat({ ... }, " | ")) end
  message = tostring(message)
  for i = 1, select("#", ...) do
    local text = select(i, ...)
    if not message:find(text, 1, true) then
      lu.fail(("expected in the error text: %q\nthe text: %s"):format(text, message))
    end
  end
  return message
end

local unsigned_digits -- of a native integer's bits; the operators are no syntax before 5.3
if H.native_int64 then
  unsigned_digits = assert(load [[
    local n = ...
    if n >= 0 then return ("%d"):format(n) end
    local q = (n >> 1) // 5
    return ("%d%d"):format(q, n - q * 10)
  ]])
end

-- Decimal digits of an integer however this Lua holds it: number, native integer, boxed int64 or uint64.
-- A native integer is taken as signed.
function H.digits(v)
  if type(v) == "number" then
    if math.type and math.type(v) == "integer" then return ("%d"):format(v) end
    assert(v == math.floor(v), "not an integer: " .. tostring(v))
    return ("%.0f"):format(v)
  end
  local text = tostring(v)
  return text:match "^(%-?%d+)U?LL$" or text
end

-- v is the signed 64-bit integer (or any smaller) with these decimal digits: H.assert_int(x, "-9223372036854775808").
function H.assert_int(v, digits) lu.assertEquals(H.digits(v), tostring(digits)) end

-- v has the bits of the unsigned 64-bit integer with these digits; on 5.3+ it reads negative from 2^63 up.
function H.assert_uint(v, digits)
  if H.native_int64 and math.type(v) == "integer" then
    lu.assertEquals(unsigned_digits(v), tostring(digits))
  else
    lu.assertEquals(H.digits(v), tostring(digits))
  end
end

-- v is a number, or a boxed 64-bit integer, equal to the number n.
function H.assert_num(v, n) lu.assertEquals(tonumber(v), n) end

-- The type's name, cdata included, whether or not this `type` knows cdata.
function H.type(v)
  if H.is_luajit then return type(v) end
  if ffi.type then return ffi.type(v) end
  return type(v)
end

-- Two full collections: the first may only run finalisers, the second frees.
function H.collect()
  collectgarbage()
  collectgarbage()
end

-- For files that say nothing about LuaJIT: `if H.is_luajit then return H.run_nothing() end`.
function H.run_nothing()
  TestNothing = { test_luajit = function() H.not_on_luajit "Ferry's own" end }
  return H.run()
end

-- Runs the file's tests. The last line it prints is for tests/run_specs.sh; on success it returns, so that
-- the interpreter closes the state and what goes wrong in that is seen too.
function H.run()
  local runner = lu.LuaUnit.new()
  runner:runSuite((table.unpack or unpack)(arg or {})) -- names of tests or LuaUnit's options
  local r = runner.result
  for _, list in ipairs { r.failedTests, r.errorTests } do
    for _, node in ipairs(list) do
      print("SPEC-FAIL\t" .. node.testName .. "\t" .. tostring(node.msg):gsub("%s+", " "))
    end
  end
  for _, node in ipairs(r.skippedTests) do
    print("SPEC-SKIP\t" .. node.testName .. "\t" .. tostring(node.msg):gsub("%s+", " "))
  end
  assert(#r.allTests > 0, "no test in this file")
  print(("SPEC-SUM\t%d\t%d\t%d"):format(r.successCount, r.notSuccessCount, r.skippedCount))
  io.stdout:flush()
  if r.notSuccessCount > 0 then lu.oldOsExit(1) end
end

return H
