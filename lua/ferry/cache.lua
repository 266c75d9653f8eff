-- What is kept on disk between processes: objects that ferry.cc has compiled, and what headers come to. A folder into which
-- anybody but the user may write is not used.
local ffi = require "ferry.core"
local headers = ffi.headers

local cache = {}

-- Where programs keep what can be made again; nil: the environment does not say. Of the XDG Base Directory Specification's
-- variable only an absolute path counts.
local function base_folder()
  if ffi.os == "Windows" then return os.getenv "LOCALAPPDATA" end
  local base = os.getenv "XDG_CACHE_HOME"
  if base and base:sub(1, 1) == "/" then return base end
  local home = os.getenv "HOME"
  return home and home ~= "" and home .. "/.cache" or nil
end

-- The folder, or nil and why there is none.
function cache.folder()
  local lacking = require("ferry.host").lacking("io.open", "os.getenv", "os.rename", "os.remove")
  if lacking then return nil, "no files can be kept without " .. lacking .. ", which this program has taken out of its Lua" end
  local folder = os.getenv "FERRY_CACHE"
  if not folder or folder == "" then
    local base = base_folder()
    if not base then return nil, "no folder to keep things in: set FERRY_CACHE" end
    folder = base .. "/ferry"
  end
  local ok, why = headers.private_folder(folder)
  if not ok then return nil, ("the folder %s cannot be used: %s (FERRY_CACHE names another)"):format(folder, why) end
  return folder
end

function cache.read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "*a"
  file:close()
  return text
end

local made = 0 -- files of this process: a part of their names while they are being made

-- A path in the folder that no other process uses.
function cache.new_path(folder, key)
  made = made + 1
  return ("%s/%s.%d%s"):format(folder, key, made, tostring({}):match "%w+$")
end

-- Puts a file there, whole, or does nothing: then it will be made again.
function cache.write(folder, name, ...)
  local path = cache.new_path(folder, name)
  local file = io.open(path, "wb")
  if not file then return end
  local written = file:write(...)
  if not (file:close() and written and headers.replace(path, folder .. "/" .. name)) then os.remove(path) end
end

-- What is kept under a key is one file: this line, and the three texts of which it tells the lengths. The key is there as a
-- whole, so that two of one digest are told apart. headers.declare_kept reads the same.
local format = "ferry headers 3: %d %d %d\n"

function cache.file(folder, key) return folder .. "/" .. headers.digest(key) .. ".headers" end

-- What was kept under a key, if all files that it was made of are as they were.
function cache.find(folder, key)
  local text = cache.read(cache.file(folder, key))
  if not text then return nil end
  local a, b, c, start = text:match("^" .. format:gsub("%%d", "(%%d+)") .. "()")
  if not a or #text ~= start - 1 + a + b + c or text:sub(start, start + a - 1) ~= key then return nil end
  start = start + a
  if headers.changed(text:sub(start, start + b - 1)) then return nil end
  return text:sub(start + b)
end

function cache.keep(folder, key, files, text)
  cache.write(folder, headers.digest(key) .. ".headers", format:format(#key, #files, #text), key, files, text)
end

-- --- pkg-config -----------------------------------------------------------------------------------------------------------

-- Where pkg-config looks, and what else changes its answer.
local pkg_variables = { "PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_SYSROOT_DIR", "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS",
  "PKG_CONFIG_SYSTEM_INCLUDE_PATH", "PKG_CONFIG_TOP_BUILD_DIR", "PKG_CONFIG_DISABLE_UNINSTALLED", "PATH" }

-- The files that say what the packages and those that they require are, and the places where others could be.
local function package_files(names, folders)
  local list, seen, i = {}, {}, 1
  while names[i] do
    local name = names[i]
    for _, folder in ipairs(seen[name] and {} or folders) do
      local path = folder .. "/" .. name .. ".pc"
      list[#list + 1] = (headers.stamp(path) or "-") .. " " .. path .. "\n"
      for required in (cache.read(path) or ""):gmatch "\nRequires[%w.]*%s*:([^\n]*)" do
        for word in required:gsub("[<>!=]+%s*%S+", ""):gmatch "[%w%-%.%+_]+" do names[#names + 1] = word end
      end
    end
    seen[name] = true
    i = i + 1
  end
  return table.concat(list)
end

-- ask(): the flags of the packages, which that command tells; they are kept as headers are.
function cache.flags(folder, names, command, ask)
  local key = { command, table.concat(names, " ") }
  for i, name in ipairs(pkg_variables) do key[i + 2] = os.getenv(name) or "" end
  key = table.concat(key, "\0")
  local flags = cache.find(folder, key)
  if flags then return flags end
  flags = ask()
  local folders = {}
  local pipe = io.popen(command .. " --variable pc_path pkg-config 2>" .. (ffi.os == "Windows" and "nul" or "/dev/null"))
  local default = pipe and pipe:read "*l" or ""
  if pipe then pipe:close() end
  local searched = (os.getenv "PKG_CONFIG_PATH" or "") .. headers.list_separator .. (os.getenv "PKG_CONFIG_LIBDIR" or default)
  for each in searched:gmatch("[^" .. headers.list_separator .. "]+") do folders[#folders + 1] = each end
  cache.keep(folder, key, package_files({ (table.unpack or unpack)(names) }, folders), flags)
  return flags
end

return cache
