-- Are the lines of the file arg[2] among those of arg[1], in that order? A line "~ pattern" there is a Lua pattern.
-- Prints the first one that is missing, and exits with 1.
local printed = {}
for line in io.lines(arg[1]) do printed[#printed + 1] = line:gsub("%s+$", "") end
local at = 1
for wanted in io.lines(arg[2]) do
  local pattern = wanted:match "^~ (.*)$"
  while at <= #printed do
    local line = printed[at]
    if pattern and line:find(pattern) or line == wanted then break end
    at = at + 1
  end
  if at > #printed then
    print("missing: " .. wanted)
    os.exit(1)
  end
  at = at + 1
end
