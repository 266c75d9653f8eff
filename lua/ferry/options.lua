-- The options that ffi.include and ferry.cc have in common.
local options = {}

local function fail(of, name, why, ...) error(("bad option '%s' of %s (" .. why .. ")"):format(name, of, ...), 0) end

-- The strings of an option that is a string, a list, or a table of names and values; nil is none. `of` has the option.
function options.list(value, name, of)
  if value == nil then return {} end
  if type(value) == "string" then return { value } end
  if type(value) ~= "table" then fail(of, name, "string or table expected, got %s", type(value)) end
  local out = {}
  for k, v in pairs(value) do
    local text = v
    if type(k) == "string" then text = v == true and k or k .. "=" .. tostring(v) end
    if type(text) ~= "string" then fail(of, name, "strings expected, got a %s in it", type(text)) end
    out[#out + 1] = text
  end
  return out
end

-- The pkg-config that knows the packages of a target, as distributions name it; of nil is the host's.
function options.pkg_config(target) return target and target .. "-pkg-config" or "pkg-config" end

-- What pkg-config says of the packages: `what` is "--cflags", or more.
function options.packages(value, of, what, target)
  local names = options.list(value, "pkg", of)
  if #names == 0 then return "" end
  for _, name in ipairs(names) do
    if not name:match "^%w[%w%-%.%+_]*$" then fail(of, "pkg", "'%s' is no package", name) end
  end
  require("ferry.host").needs(("option 'pkg' of %s"):format(of), "io.popen")
  local command = options.pkg_config(target)
  local pipe = io.popen(("%s %s %s 2>&1"):format(command, what, table.concat(names, " ")))
  local text = pipe and pipe:read "*a" or ""
  if pipe then pipe:close() end
  if text:find "not found" or text:find "not recognized" or text:find "No package" then error(command .. ": " .. text:match "^[^\n]*", 0) end
  return (text:gsub("%s+", " "))
end

-- Adds the folders and macros of a compiler's command line.
function options.add_flags(text, folders, defines)
  for flag, value in text:gmatch "%-([ID])(%S+)" do
    if flag == "I" then folders[#folders + 1] = value else defines[#defines + 1] = value end
  end
end

return options
