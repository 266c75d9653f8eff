-- What the scripts that LuaJIT judges are called with. They keep a list of where the two may differ: `differences` prints it.
local arguments = {}

function arguments.list(different)
  local names = {}
  for name in pairs(different) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do print(name .. ": " .. different[name]) end
end

-- PROGRAMS: so many from `first` on, or FROM-TO. The first and the last number.
function arguments.range(programs, first)
  local from, to = programs:match "^(%d+)%-(%d+)$"
  return tonumber(from) or first, tonumber(to) or tonumber(programs)
end

return arguments
