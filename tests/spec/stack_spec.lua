-- The C stack: what needs more of it than the thread has left is a Lua error, in time, on threads of any size.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

local declarations
local host
local function small(kib, code)
  H.not_on_luajit "hosts of Ferry"
  if not host then
    host = H.host "thread_host"
  end
  local head = ("local ffi = require 'ferry' local fx = ffi.load '%s' "):format(H.fixture "spec_callbacks")
  return host.small(head .. declarations .. code, package.path, package.cpath, kib)
end

declarations = [=[
  ffi.cdef [[
    typedef struct { char bytes[20000]; } large; typedef struct { char bytes[1 << 20]; } huge;
    int with_large(large s, int (*f)(large)); int of_huge(huge s);
  ]]
]=]

local nested = [[
  local depth, deepest = 0, 0
  local s = ffi.new "large"
  local f
  f = ffi.cast("int (*)(large)", function(x)
    depth = depth + 1
    deepest = math.max(deepest, depth)
    local ok, why = pcall(fx.with_large, x, f)
    depth = depth - 1
    if not ok then error(why, 0) end
    return why
  end)
  local ok, why = pcall(fx.with_large, s, f)
  RESULT = tostring(ok) .. " " .. tostring(why)
]]

TestStack = {}

function TestStack:test_structs_by_value_in_nested_callbacks()
  for _, kib in ipairs { 256, 512, 1024 } do lu.assertStrMatches(small(kib, nested), "false .*[Cc] stack overflow.*") end
end

function TestStack:test_one_struct_too_large()
  lu.assertStrMatches(small(256, [[
    local ok, why = pcall(fx.of_huge, ffi.new "huge")
    RESULT = tostring(ok) .. " " .. tostring(why)
  ]]), "false .*[Cc] stack overflow.*of_huge.*bytes.*")
end

local texts = {
  ("'int ' .. ('('):rep(%d) .. 'x' .. (')'):rep(%d) .. ';'"),
  ("('struct { '):rep(%d) .. 'int x; ' .. ('} s; '):rep(%d)"),
  ("'enum { X%d = ' .. ('('):rep(%d) .. '1' .. (')'):rep(%d) .. ' };'"),
}

function TestStack:test_declarations_nested_near_their_limit()
  for _, text in ipairs(texts) do
    local code = ("local ok, why = pcall(ffi.cdef, %s) RESULT = tostring(ok) .. ' ' .. tostring(why)"):format((text:gsub("%%d", "190")))
    for _, kib in ipairs { 64, 96, 128, 256 } do
      local result = small(kib, code)
      if not result:find "^true" then lu.assertStrContains(result, "nested too deeply") end
    end
    lu.assertStrMatches(small(2048, code), "true .*") -- 400 KiB would do but for the frames of sanitised builds
  end
end

-- What was read on a larger stack and kept: a thread with less says what it lacks, and with more reads it.
function TestStack:test_kept_declarations_nested_near_their_limit()
  H.not_on_luajit "hosts of Ferry"
  H.needs "functions of POSIX"
  ffi.cdef "int setenv(const char *, const char *, int); int mkdir(const char *, unsigned);"
  local folder = os.tmpname()
  os.remove(folder)
  ffi.C.mkdir(folder, tonumber("700", 8))
  ffi.C.setenv("FERRY_CACHE", folder .. "/kept", 1)
  local path = folder .. "/nested.h"
  local file = io.open(path, "w")
  file:write("typedef ", ("struct { "):rep(190), "int x; ", ("} s; "):rep(189), "} kept_nested;\nenum { KEPT_PLAIN = 3 };\n")
  file:close()
  local code = ([[
    local header = ffi.include(%q, { cache = true })
    local plain = header.KEPT_PLAIN
    local ok, why = pcall(function() return ffi.sizeof(header.kept_nested) end)
    local again, reason = pcall(ffi.sizeof, "kept_nested")
    RESULT = table.concat({ plain, tostring(ok), tostring(why), tostring(again), tostring(reason) }, "|")
  ]]):format(path)
  lu.assertEquals(small(2048, code), "3|true|4|true|4") -- keeps it
  for _, kib in ipairs { 64, 96, 128, 256 } do
    local result = small(kib, code)
    if result ~= "3|true|4|true|4" then
      lu.assertStrMatches(result,
        "3|false|.*the declaration of 'kept_nested' cannot be read: nested too deeply for this thread's C stack.*nested.h:1:%d+|false|.*")
    end
  end
  -- glibc's smallest stack on AArch64 and POWER has 128 KiB (PTHREAD_STACK_MIN).
  if ffi.arch ~= "arm64" and ffi.arch ~= "ppc64le" then lu.assertStrContains(small(64, code), "|false|") end
  os.execute("rm -rf " .. folder)
end

H.run()
