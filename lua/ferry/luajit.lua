-- What programs written for LuaJIT expect beside `ffi`: the modules ffi and bit by their own names, and a table `jit`
-- that says what it is running on. For plain Lua only; on LuaJIT it changes nothing. Returns the library.
local ferry = require "ferry.core"
if not rawget(_G, "jit") then
  package.preload.ffi = package.preload.ffi or function() return ferry end
  package.preload.bit = package.preload.bit or function() return ferry.bit end
  local function nothing() end
  -- jit.version says no LuaJIT version: programs that look for a JIT find none.
  jit = {
    os = ferry.os, arch = ferry.arch, version = "Ferry on " .. _VERSION, version_num = 0,
    on = nothing, off = nothing, flush = nothing, status = function() return false end,
  }
  bit = rawget(_G, "bit") or ferry.bit
  type = ferry.type
  tonumber = ferry.tonumber
end
return ferry
