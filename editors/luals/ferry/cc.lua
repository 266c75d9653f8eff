---@meta ferry.cc

---Has C source compiled by the machine's C compiler (CC, else cc) and includes it. What is made is kept in FERRY_CACHE.
---@param source string
---@param options? { flags?: string|string[], libs?: string|string[], define?: string|table, undef?: string|string[], path?: string|string[], pkg?: string|string[], only?: string|string[] }
---@return table namespace what the source declares: functions, variables, types, constants and macros
local function cc(source, options) end

return cc
