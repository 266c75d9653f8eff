---@meta ferry
-- `require "ferry"` returns the same table as `require "ffi"`, and leaves the globals alone.

---@type ffilib
local ferry

return ferry
