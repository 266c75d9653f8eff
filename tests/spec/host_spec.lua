-- Programs that contain Lua and have taken things out of it, or load modules in C otherwise than `lua` does: what Ferry needs is named
-- where it is not there, and all else works. What such programs say of their own is what bam 0.5 and the C library's loader say.
local H = require "spec_helper"
local lu = H.lu
if H.is_luajit then return H.run_nothing() end

local folder = os.getenv "FERRY_FIXTURES" or "build/tests/fixtures"

-- True, or false and the error, of code in a Lua state of its own.
local function in_state(code, path, cpath)
  local open = package.loadlib(("%s/%s/state_host.so"):format(folder, H.version), "luaopen_state_host")
  if not open then lu.skip "state_host is not built" end
  return open().run(H.in_states .. code, path or package.path, cpath or package.cpath)
end

local function works(code)
  local ok, why = in_state(code)
  lu.assertTrue(ok, why)
end

local function says(code, ...)
  local ok, why = in_state(code)
  lu.assertFalse(ok)
  for _, text in ipairs { ... } do lu.assertStrContains(why, text) end
end

local calls = [[
ffi.cdef "int abs(int); void qsort(void *, size_t, size_t, int (*)(const int *, const int *)); typedef struct { int quot, rem; } div_t; div_t div(int, int);"
assert(ffi.C.abs(-3) == 3 and ffi.C.div(7, 2).rem == 1)
local n = ffi.new("int[3]", { 3, 1, 2 })
ffi.C.qsort(n, 3, 4, function(a, b) return a[0] - b[0] end)
assert(n[0] == 1 and n[2] == 3)
assert(not pcall(ffi.C.abs, "x"))
]]
local files = [[
local limits = ffi.include "limits.h"
assert(limits.SHRT_MAX == 32767 and limits.INT_MIN < 0)
assert(ffi.inspect(ffi.new "div_t"):find "quot")
ffi.cdef "#define TWICE(x) ((x) * 2)\nstatic inline int thrice(int x) { int y = x; for (int i = 0; i < 2; i++) y += x; return y; }"
assert(ffi.C.TWICE(4) == 8 and ffi.C.thrice(5) == 15)
]]

-- What a program takes away before Ferry is loaded: all works without; and after: what is in C does.
local taken = {
  "io", "os", "debug", "io, os, debug, coroutine", "loadfile, dofile, load, loadstring", "collectgarbage", "print, io",
  "os.getenv", "debug.getinfo", "io.popen",
}
local taken_later = { "require", "package", "require, package, io, os, debug", "pcall, error, select", "tostring, type, tonumber" }

local function takes(names)
  local code = {}
  for name in names:gmatch "[%w.]+" do code[#code + 1] = "_G." .. name .. " = nil " end
  return table.concat(code)
end

TestTaken = {}

function TestTaken:test_before()
  for _, names in ipairs(taken) do works(takes(names) .. 'local ffi = require "ffi" ' .. calls .. files) end
end

function TestTaken:test_later()
  for _, names in ipairs(taken_later) do
    works('local ffi = require "ffi" local assert, pcall = assert, pcall ' .. takes(names) .. calls)
  end
end

function TestTaken:test_what_is_needed_is_named()
  says([[io = nil require "ffi".include("zlib.h", { pkg = "zlib" })]],
    "option 'pkg' of include needs io.popen, which this program has taken out of its Lua")
  says([[io.popen = nil require "ffi".include("zlib.h", { pkg = "zlib" })]], "option 'pkg' of include needs io.popen")
  says([[os = nil require "ferry.cc" "int one(void) { return 1; }"]], "cc needs os.execute, which this program has taken out of its Lua")
  works [[os.rename = nil local ffi = require "ffi" assert(ffi.include("limits.h", { cache = true }).SHRT_MAX == 32767)]]
end

function TestTaken:test_ferry_luajit()
  H.not_in_luajit "it changes nothing there"
  says([[debug = nil require "ferry.luajit"]], "ferry.luajit needs debug.getinfo, which this program has taken out of its Lua")
end

TestModules = {}

function TestModules:test_the_module_in_c_is_elsewhere()
  local found = H.hosted_by_luajit and "" or "package.path = package.path " -- the files in Lua are there
  says(found .. [[package.cpath = "/nowhere/?.so" require "ffi"]],
    "Ferry cannot be loaded: its files in Lua are there, its module in C (ferry/core) is not found in package.cpath, which is /nowhere/?.so",
    "no file '/nowhere/ferry/core.so'")
  says([[package.cpath = "" require "ffi"]], "is not found anywhere, as this program has no package.cpath")
end

function TestModules:test_no_modules_in_c()
  says([[
    local searchers = package.searchers or package.loaders
    for i = #searchers, 3, -1 do searchers[i] = nil end
    require "ffi"
  ]], "Ferry cannot be loaded: its files in Lua are there, its module in C (ferry/core) is not found in package.cpath")
  says([[
    local searchers = package.searchers or package.loaders
    searchers[3] = function(name) error("error loading module '" .. name .. "' from file 'core.so':\n\tdynamic libraries not enabled; check your Lua installation") end
    require "ffi"
  ]], "Ferry cannot be loaded: this program's Lua is built without modules in C. The program has to contain Ferry (luaopen_ferry)",
    "dynamic libraries not enabled")
end

-- Other reasons are what they are.
function TestModules:test_other_reasons()
  for _, value in ipairs { "'no luck'", "{}", "nil", "42" } do
    works(([[
      package.preload["ferry.core"] = function() error(%s, 0) end
      local ok, why = pcall(require, "ferry")
      assert(not ok and not tostring(why):find "Ferry cannot be loaded", why)
    ]]):format(value))
  end
end

-- Programs with a Lua of which modules find nothing (tests/host).
TestHidden = {}

local function run(command, code)
  local lua_path, lua_cpath = package.path, package.cpath
  local pipe = io.popen(("LUA_PATH='%s' LUA_CPATH='%s' %s -e '%s' 2>&1"):format(lua_path, lua_cpath, command, code))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

local function program(name)
  H.not_in_luajit "lua.org's Luas"
  local path = ("%s/../host/%s"):format(folder, name)
  local file = io.open(path)
  if not file then lu.skip(name .. " is not built") end
  file:close()
  return path
end

local hidden = "Ferry cannot be loaded: this program does not give Lua's functions to modules in C"

function TestHidden:test_lua_in_a_plug_in()
  local command = program "plugin_host" .. " " .. program("lua" .. H.version .. "-plugin.so")
  local text = run(command, 'local ffi = require "ffi" ffi.cdef "int abs(int);" print(ffi.C.abs(-3), ffi.VERSION)')
  if H.version == "5.1" then -- it neither tells where its functions are, nor opens libraries for all
    lu.assertStrContains(text, hidden)
  else
    lu.assertEquals(text, "3\t" .. H.ffi.VERSION .. "\n")
  end
end

function TestHidden:test_lua_that_is_not_exported()
  local text = run(program("lua" .. H.version .. "-closed"), 'require "ffi"')
  lu.assertStrContains(text, hidden)
  lu.assertStrContains(text, "They have to be exported, by it or by a library that it links; or it has to contain Ferry (luaopen_ferry)")
  lu.assertStrContains(text, "undefined symbol: lua")
end

H.run()
