---@meta ferry.luajit
-- For programs that expect all of LuaJIT: `ffi` and `bit` as modules, the globals `bit` and `jit`. Returns the same table as
-- `require "ffi"`.

---@type ffilib
local ferry

return ferry
