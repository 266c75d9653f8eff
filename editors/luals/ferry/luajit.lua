---@meta ferry.luajit
-- LuaJIT's world for what is loaded afterwards. Returns what `require "ffi"` does, with three functions more.

---@class ferry.luajit : ffilib
local layer = {}

---Loads a file as a program for LuaJIT and calls it.
---@param path string
---@param ... any
---@return any ...
function layer.run(path, ...) end

---Puts back what requiring it has changed.
function layer.uninstall() end

---Installs it again.
function layer.install() end

return layer
