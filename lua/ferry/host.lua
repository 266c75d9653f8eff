-- The program that contains Lua, where it is in Ferry's way: what it has taken out of Lua's libraries, and modules in C that it
-- cannot load. Needs nothing of it but the functions of the base library.
local host = {}
local globals = _G

-- The first of such functions, "io.open", that this program does not have; nil: it has all.
function host.lacking(...)
  for i = 1, select("#", ...) do
    local name = select(i, ...)
    local value = globals
    for word in name:gmatch "%w+" do value = type(value) == "table" and value[word] or nil end
    if value == nil then return name end
  end
end

-- Raises where one of the functions is not there. The error has no place: the function that `what` names says whose call it was.
function host.needs(what, ...)
  local name = host.lacking(...)
  if name then error(("%s needs %s, which this program has taken out of its Lua"):format(what, name), 0) end
end

-- The file that holds the running Lua's own functions, as /proc/self/maps tells; nil: there is no way to know. Lua 5.1 does not tell
-- where its functions are, and cannot open libraries for all others either.
local function lua_file()
  if host.lacking("io.open", "package.loadlib", "rawlen") then return nil end
  local address
  for _, f in ipairs { globals.rawlen, globals.ipairs, globals.select, globals.string and globals.string.byte } do
    address = address or tonumber((tostring(f):match "^function: [^%x]*(0x%x+)$"))
  end
  local maps = address and io.open("/proc/self/maps", "r")
  if not maps then return nil end
  local found
  for line in maps:lines() do
    local from, to, path = line:match "^(%x+)%-(%x+) %S+ %S+ %S+ %S+ +(/.*)$"
    if from and tonumber(from, 16) <= address and address < tonumber(to, 16) then found = path end
  end
  maps:close()
  return found
end

-- How loaders say that a module asks for a function of Lua's that nobody gives: glibc's and the BSDs', musl's, macOS's.
local unresolved = { "[Uu]ndefined symbol:? [\"']?lua", "lua%w*_%w+: symbol not found", "[Ss]ymbol not found[^\n]* '?_lua" }

local function lua_is_hidden(text)
  for _, pattern in ipairs(unresolved) do
    if text:find(pattern) then return true end
  end
  return false
end

-- The module in C, which `require` has refused for `reason`, if there is a way to it; else raises and says what is the matter.
-- A program whose plug-in brings Lua as a library keeps that library's functions to itself, and modules in C do not find them;
-- opened once more, for all, they are found, and they are the running Lua's own.
function host.core(reason)
  local text = type(reason) == "string" and reason or ""
  if lua_is_hidden(text) then
    local file = lua_file()
    if file then
      globals.package.loadlib(file, "*")
      local ok, core = pcall(require, "ferry.core")
      if ok then return core end
    end
    error("Ferry cannot be loaded: this program does not give Lua's functions to modules in C. They have to be exported, by it or by a "
      .. "library that it links; or it has to contain Ferry (luaopen_ferry):\n" .. text, 0)
  end
  if text:find("dynamic libraries not enabled", 1, true) then
    error("Ferry cannot be loaded: this program's Lua is built without modules in C. The program has to contain Ferry (luaopen_ferry):\n" .. text, 0)
  end
  if text:find("module 'ferry.core' not found", 1, true) then
    local cpath = type(globals.package) == "table" and globals.package.cpath
    local where = type(cpath) == "string" and cpath ~= "" and "in package.cpath, which is " .. cpath or "anywhere, as this program has no package.cpath"
    error("Ferry cannot be loaded: its files in Lua are there, its module in C (ferry/core) is not found " .. where .. ":\n" .. text, 0)
  end
  error(reason, 0)
end

return host
