-- Around Snabb's modules, as its own program has it: the declarations of X.h as module X_h, its C functions, and its
-- globals.
local ffi = require "ffi"
package.loaded["snabb C"] = ffi.load("./obj_snabb.so", true)
table.insert(package.loaders, function(name)
  local file = io.open(name:gsub("_h$", ""):gsub("%.", "/") .. ".h")
  if not name:find "_h$" or not file then return nil end
  local text = file:read "*a"
  file:close()
  return function() ffi.cdef(text) end
end)
local checked = assert
ffi.cdef "extern int argc; extern char** argv;"
require "syscall"
require "lib.lua.class"
_G.assert = function(v, ...)
  if v then return v, ... end
  checked(false, tostring(... or "assertion failed!"))
end
