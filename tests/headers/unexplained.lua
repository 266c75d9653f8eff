-- Prints the lines of the files that no line of the list of reasons explains: lua unexplained.lua REASONS LIBRARY FILE...
-- A reason is "LIBRARY<TAB>PATTERN<TAB>WHY"; LIBRARY `*` is every one, PATTERN is Lua's and begins where the line does.
local reasons = {}
for line in io.lines(arg[1]) do
  local library, pattern, why = line:match "^([^#\t]+)\t+([^\t]+)\t+([^\t]+)$"
  if library and (library == "*" or library == arg[2]) then reasons[#reasons + 1] = { pattern = "^" .. pattern, why = why } end
end
for i = 3, #arg do
  for line in io.lines(arg[i]) do
    local explained = false
    for _, reason in ipairs(reasons) do explained = explained or line:find(reason.pattern) ~= nil end
    if not explained then print(line) end
  end
end
