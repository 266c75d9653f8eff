-- What headers of another target say (ffi.include with `target`): constants, strings and types, which are no ctypes. The text
-- of a macro with its arguments, written out as C has them, is evaluated by that target's rules.
local ffi = require "ferry.core"
local macros = require "ferry.macros"
local headers = ffi.headers

local target = {}

-- As the evaluator of macros.lua: true and the value, or false and why there is none.
function target.evaluator(preprocessor)
  return function(name, macro, _, count, arguments)
    local parts = {}
    for i = 1, count do
      local v = arguments[i]
      local is_ctype = ffi.type(v) == "cdata" and rawequal(ffi.typeof(v), v)
      parts[i] = headers.type_text(preprocessor, v) or not is_ctype and macros.spelled(v) or nil
      if not parts[i] then
        return false, macros.refusal(name, macro, ("argument #%d, %s, is nothing that this target's C has"):format(i, tostring(v)))
      end
    end
    local value, why = headers.evaluate(preprocessor, macro.params and name .. "(" .. table.concat(parts, ", ") .. ")" or name)
    if value == nil then return false, macros.refusal(name, macro, why) end
    return true, value
  end
end

-- What a declared name, or the text of an expression or a type, is: as evaluators give it.
function target.value(preprocessor, text)
  local value, why = headers.evaluate(preprocessor, text)
  if value == nil then return false, ("'%s' has no value here: %s"):format(text, why) end
  return true, value
end

return target
