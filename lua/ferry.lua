-- The library itself; touches no global. `require "ffi"` is the drop-in that also replaces type and tonumber.
local loaded, ferry = pcall(require, "ferry.core")
if not loaded then ferry = require("ferry.host").core(ferry) end

-- What is said better in Lua is loaded when it is used first. Each gives one value: in parentheses, so that the call is
-- no tail call and the user's function is two levels above it on every Lua.
function ferry.inspect(...) return (require("ferry.inspect")(...)) end

function ferry.include(...) return (require("ferry.include").include(...)) end
function ferry.include_names(...) return (require("ferry.include").names(...)) end
function ferry.dump(...) return (require("ferry.include").dump(...)) end
function ferry.macro(...) return (require("ferry.include").macro(...)) end
function ferry.path() return (require("ferry.include").path()) end

return ferry
