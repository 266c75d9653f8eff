---@meta ferry.inspect

---A text that shows a cdata as C would initialise it, and a ctype as C would declare it.
---@param x any
---@param depth? integer
---@return string
local function inspect(x, depth) end

return inspect
