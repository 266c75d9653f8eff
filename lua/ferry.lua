-- The library itself; touches no global. `require "ffi"` is the drop-in that also replaces type and tonumber.
local ferry = require "ferry.core"

-- What is said better in Lua is loaded when it is used first.
function ferry.inspect(...) return require("ferry.inspect")(...) end

return ferry
