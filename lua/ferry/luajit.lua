-- Programs written for LuaJIT on plain Lua: `require "ferry.luajit"` installs LuaJIT's world for what is loaded
-- afterwards, and translates it. Returns the library with run, install and uninstall. On LuaJIT it changes nothing.
-- A global jit may be the layer's own; bytecode is LuaJIT's only there.
if rawget(_G, "jit") and string.dump and string.dump(function() end):sub(1, 3) == "\27LJ" then
  local layer = { run = function(path, ...) return assert(loadfile(path))(...) end, install = function() end, uninstall = function() end }
  return setmetatable(layer, { __index = require "ffi" })
end
local ferry = require "ferry"
require("ferry.host").needs("ferry.luajit", "debug.getinfo", "debug.getmetatable", "io.open", "os.exit", "package.path", "string.gsub", "table.concat")
local layer = setmetatable({}, { __index = ferry })
local parts = { "chunks", "base", "resumable", "text", "tables", "jit" }

-- What is changed, in order: table, key, what was there, what is there now.
local changes = {}
local function set(t, key, value)
  changes[#changes + 1] = { t, key, rawget(t, key), value }
  rawset(t, key, value)
end
local undos = {}
local is_installed = false

-- Installs the layer again after uninstall(); requiring it has done it once. All of it, or nothing.
function layer.install()
  if is_installed then return end
  is_installed = true
  local ok, why = pcall(function()
    local int64, rules = ferry.int64, ferry.rules -- what is read is read as LuaJIT reads it
    undos[#undos + 1] = function() ferry.int64, ferry.rules = int64, rules end
    ferry.int64, ferry.rules = "boxed", "luajit"
    for _, part in ipairs(parts) do
      undos[#undos + 1] = false
      undos[#undos] = require("ferry.luajit." .. part)(set, layer, ferry) or false
    end
  end)
  if ok then return end
  layer.uninstall()
  error(why, 0)
end

-- Puts everything back that nobody has changed since. What is loaded stays as it is.
function layer.uninstall()
  if not is_installed then return end
  is_installed = false
  for i = #undos, 1, -1 do
    if undos[i] then undos[i]() end
    undos[i] = nil
  end
  for i = #changes, 1, -1 do
    local t, key, old, new = changes[i][1], changes[i][2], changes[i][3], changes[i][4]
    if rawequal(rawget(t, key), new) then rawset(t, key, old) end
    changes[i] = nil
  end
end

layer.install()

-- `lua -lferry.luajit script.lua`: the interpreter itself would read the script as plain Lua, so it is run here.
-- The words of the interpreter's command line; Lua 5.1 and 5.2 make `arg` only later.
local function command_line()
  local arg = rawget(_G, "arg")
  if type(arg) == "table" then
    local first = 0
    while arg[first - 1] do first = first - 1 end
    local words = {}
    for i = first, #arg do words[#words + 1] = arg[i] end
    return words
  end
  local file = io.open("/proc/self/cmdline", "rb")
  if not file then return {} end
  local words = {}
  for word in (file:read "*a" or ""):gmatch "([^%z]*)%z" do words[#words + 1] = word end
  file:close()
  return words
end

local function script_of(words)
  for i = 2, #words do
    local word = words[i]
    local before = words[i - 1]
    if before == "-l" or before == "-e" then
      -- the option's word
    elseif word == "-i" or word == "-" or word == "-v" then
      return nil
    elseif word:sub(1, 1) ~= "-" then
      return i
    end
  end
end

local caller, beyond = debug.getinfo(3, "S"), debug.getinfo(4, "S")
if (not caller or caller.what == "C") and not beyond then
  local words = command_line()
  local at = script_of(words)
  local last = at and words[at - 1]
  if last == "-lferry.luajit" or (last == "ferry.luajit" and words[at - 2] == "-l") then
    local arguments = { [0] = words[at] }
    for i = 1, #words do arguments[i - at] = words[i] end
    arg = arguments
    require "ferry.luajit.program"(layer, words[1] or "lua", arguments)
  end
end

return layer
