-- editors/luals, the annotations for LuaLS, against the tables that the modules really are: every function and field is there,
-- none is invented, and each function's parameters are those that it is annotated with.
local H = require "spec_helper"
local lu = H.lu
local ferry = require "ferry"

TestAnnotations = {}

local function lines_of(name)
  local list = {}
  for line in io.lines("editors/luals/" .. name .. ".lua") do list[#list + 1] = line end
  return list
end

-- What a file says of the table `name`: names -> "function", or "field" from the class annotation before it.
local function described(file, name, class)
  local found, inside = {}, false
  for _, line in ipairs(lines_of(file)) do
    local f = line:match("^function " .. name .. "%.([%w_]+)%(")
    if f then
      lu.assertNil(found[f], f .. " is there twice")
      found[f] = "function"
    end
    if line:find "^%-%-%-@class" then inside = line == "---@class " .. class end
    local field = inside and line:match "^%-%-%-@field ([%w_]+) "
    if field then found[field] = "field" end
    if not line:find "^%-%-" then inside = false end
  end
  return found
end

local function compare(real, found, file)
  for name, value in pairs(real) do
    lu.assertNotNil(found[name], ("%s: nothing of '%s'"):format(file, name))
    lu.assertEquals(found[name] == "function", type(value) == "function", file .. ": " .. name)
  end
  for name in pairs(found) do lu.assertNotNil(real[name], ("%s: there is no '%s'"):format(file, name)) end
end

function TestAnnotations:test_ffi()
  compare(ferry, described("ffi", "ffi", "ffilib"), "ffi")
end

function TestAnnotations:test_bit()
  compare(ferry.bit, described("ferry/bit", "bit", "ffi.bit"), "ferry/bit")
end

function TestAnnotations:test_luajit()
  local layer = require "ferry.luajit"
  layer.uninstall()
  local own = {}
  for name, value in pairs(layer) do own[name] = value end
  compare(own, described("ferry/luajit", "layer", "ferry.luajit"), "ferry/luajit")
end

function TestAnnotations:test_modules()
  for module, value in pairs { ferry = ferry, ["ferry.inspect"] = require "ferry.inspect", ["ferry.bit"] = ferry.bit, ["ferry.cc"] = require "ferry.cc" } do
    local file = module:gsub("%.", "/")
    lu.assertEquals(lines_of(file)[1], "---@meta " .. module)
    lu.assertEquals(type(require(module)), type(value))
  end
  lu.assertEquals(lines_of("ffi")[1], "---@meta ffi")
  lu.assertEquals(lines_of("ferry/luajit")[1], "---@meta ferry.luajit")
end

function TestAnnotations:test_files_are_lua_and_parameters_agree()
  for _, file in ipairs { "ffi", "ferry", "ferry/luajit", "ferry/inspect", "ferry/bit", "ferry/cc" } do
    lu.assertNotNil(assert(loadfile("editors/luals/" .. file .. ".lua")))
    local annotated = {}
    for _, line in ipairs(lines_of(file)) do
      local parameter = line:match "^%-%-%-@param ([%w_%.]+)"
      local f, parameters = line:match "function ([%w_.:]+)%((.*)%) end"
      if parameter then
        annotated[#annotated + 1] = parameter
      elseif f then
        lu.assertEquals(table.concat(annotated, ", "), parameters, file .. ": " .. f)
        annotated = {}
      end
    end
  end
end

H.run()
