-- Runs a program as the interpreter `name` would: errors with a traceback on standard error, exit codes, then the end.
local exit = os.exit
local unpack = unpack or table.unpack
local is_51 = _VERSION == "Lua 5.1"

local function leave(code)
  if is_51 then
    collectgarbage()
    io.stdout:flush()
    exit(code)
  end
  exit(code, true)
end

local function message_of(problem)
  if type(problem) == "string" then return debug.traceback(problem, 2) end
  local meta = type(problem) ~= "nil" and getmetatable(problem)
  if type(meta) == "table" and meta.__tostring then return tostring(problem) end
  return debug.traceback("(error object is a " .. type(problem) .. " value)", 2)
end

-- `action` is called with the arguments 1, 2, ...; by default it runs the file arguments[0].
return function(layer, name, arguments, action)
  action = action or function(...) return layer.run(arguments[0], ...) end
  local ok, why = xpcall(function() return action(unpack(arguments)) end, message_of)
  if not ok then
    io.stdout:flush()
    io.stderr:write(name, ": ", tostring(why), "\n")
  end
  leave(ok and 0 or 1)
end
