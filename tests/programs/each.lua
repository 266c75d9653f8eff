-- Runs modules' selftest() functions, each in a process of its own: each.lua MODULE... with $LUA, $HERE; prints
-- "N of M passed". With --one MODULE it is that process.
if arg[1] == "--one" then
  local prepare = os.getenv "PREPARE"
  if prepare and prepare ~= "" then dofile(prepare) end
  local m = require(arg[2])
  if type(m) ~= "table" then m = package.loaded[arg[2]] end
  m.selftest()
  return
end
local passed = 0
for i = 1, #arg do
  local command = ("timeout -k 2 20 %s %s/each.lua --one %s >/dev/null 2>%s"):format(os.getenv "LUA", os.getenv "HERE", arg[i], os.getenv "LOG" or "/dev/null")
  local status = os.execute(command)
  if status == 0 or status == true then passed = passed + 1 else print("FAILED " .. arg[i]) end
end
print(passed .. " of " .. #arg .. " passed")
