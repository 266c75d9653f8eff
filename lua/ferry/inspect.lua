-- ffi.inspect: cdata as C would initialise it, ctypes as C would declare them. Follows no pointer.
local ffi = require "ferry.core"

local kMaxElements = 32 -- of an array; the rest is "..."
local kMaxDepth = 8

local function quoted(text)
  return '"' .. text:gsub('[%c\128-\255"\\]', function(c)
    local short = ({ ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r", ['"'] = '\\"', ["\\"] = "\\\\" })[c]
    return short or ("\\%03o"):format(c:byte())
  end) .. '"'
end

local function is_char(info)
  return info.kind == "integer" and info.size == 1 and info.name:find "char$" ~= nil
end

local function float_text(number)
  if number ~= number then return "NAN" end
  if number == math.huge then return "INFINITY" end
  if number == -math.huge then return "-INFINITY" end
  local text = ("%.14g"):format(number)
  if tonumber(text) ~= number then text = ("%.17g"):format(number) end
  return text
end

-- The digits of an integer, boxed or not. One of Lua's that is negative may be an unsigned one from 2^63 up.
local function digits(value, unsigned)
  if type(value) == "number" then
    if (math.type or type)(value) ~= "integer" then return ("%.0f"):format(value) end
    if value >= 0 or not unsigned then return ("%d"):format(value) end
    value = ffi.cast("uint64_t", value)
  end
  return (tostring(value):gsub("[UL]+$", ""))
end

local names_of_enums = setmetatable({}, { __mode = "k" })
local function enum_text(info, value)
  local names = names_of_enums[info.type]
  if not names then -- by their digits: there are more numbers than doubles
    names = {}
    for _, constant in ipairs(info.constants) do
      local text = digits(constant.value, info.unsigned)
      names[text] = names[text] or constant.name
    end
    names_of_enums[info.type] = names
  end
  if type(value) ~= "number" then
    value = ffi.cast(info.underlying, value)
    if info.size < 8 then value = ffi.tonumber(value) end
  end
  local text = digits(value, info.unsigned)
  return names[text] or text
end

local function pointer_text(info, value)
  local allowed, address = pcall(ffi.cast, "uintptr_t", value)
  if not allowed then -- ferry.restrict: no pointer becomes a number
    if ffi.type(value) ~= "cdata" then return ("(%s)..."):format(info.name) end
    local text = tostring(value):match "0x%x+$"
    return text and ("(%s)%s"):format(info.name, text) or "NULL"
  end
  if address == 0 or ffi.tonumber(address) == 0 then return "NULL" end
  return ("(%s)%s"):format(info.name, "0x" .. ffi.bit.tohex(address):gsub("^0+", ""))
end

local value_text

-- The members of a record in the order of C, those of anonymous ones among them.
local function member_texts(value, info, depth, out)
  for _, member in ipairs(info.members or {}) do
    local of = ffi.typeinfo(member.type)
    if member.name then
      local text
      if of.kind == "array" and not of.count then
        text = "{}" -- flexible: how many there are only the program knows
      elseif of.kind == "reference" then
        local read, referred = pcall(function() return value[member.name] end)
        text = read and value_text(referred, ffi.typeinfo(of.to), depth) or "NULL"
      else
        text = value_text(value[member.name], of, depth)
      end
      out[#out + 1] = "." .. member.name .. " = " .. text
    elseif member.anonymous and of.members then
      member_texts(value, of, depth, out)
    end
  end
  return out
end

local function array_text(value, info, count, depth)
  local element = ffi.typeinfo(info.element)
  if is_char(element) then
    local text = ffi.string(value, count)
    return quoted((text:gsub("%z+$", "")))
  end
  local out = {}
  for i = 0, math.min(count, kMaxElements) - 1 do out[#out + 1] = value_text(value[i], element, depth) end
  if count > kMaxElements then out[#out + 1] = "..." end
  return "{" .. table.concat(out, ", ") .. "}"
end

-- `value` is what reading a member or an element of the type gives: a cdata, or a Lua value for scalars.
function value_text(value, info, depth)
  local kind = info.kind
  if kind == "integer" then
    if is_char(info) and not info.name:find "signed char$" then
      local code = ffi.tonumber(value)
      if code >= 32 and code < 127 then return ("'%s'"):format(string.char(code):gsub("['\\]", "\\%0")) end
    end
    return digits(value, info.unsigned)
  elseif kind == "float" then
    return type(value) == "number" and float_text(value) or tostring(value)
  elseif kind == "decimal" then -- C has no letters for infinities and NaN
    return tostring(value) .. ({ [4] = "DF", [8] = "DD", [16] = "DL" })[info.size]
  elseif kind == "bool" then
    return tostring(value)
  elseif kind == "enum" then
    return enum_text(info, value)
  elseif kind == "pointer" or kind == "function" then
    return pointer_text(info, value)
  elseif kind == "struct" or kind == "union" then
    if info.incomplete or depth <= 0 then return "{...}" end
    return "{" .. table.concat(member_texts(value, info, depth - 1, {}), ", ") .. "}"
  elseif kind == "array" or kind == "vector" then
    if depth <= 0 and not is_char(ffi.typeinfo(info.element)) then return "{...}" end
    local size = ffi.sizeof(value)
    if not info.count and not size then return "{...}" end -- only the program knows how many there are
    local count = info.count or math.floor(size / ffi.sizeof(info.element))
    return array_text(value, info, count, depth - 1)
  end
  return tostring(value)
end

local function declaration_text(info)
  if not info.members and not (info.kind == "enum" and #info.constants > 0) then return info.name end
  local out = { info.name:gsub(" {.*", ""), " {\n" }
  if info.typedef then out[1] = "typedef " .. info.kind end
  for _, member in ipairs(info.members or {}) do
    out[#out + 1] = ("  %s;%s\n"):format(member.declaration, member.width and "" or "  // at " .. member.offset)
  end
  if info.kind == "enum" then
    for _, constant in ipairs(info.constants) do
      out[#out + 1] = ("  %s = %s,\n"):format(constant.name, digits(constant.value, info.unsigned))
    end
  end
  out[#out + 1] = "}" .. (info.typedef and " " .. info.typedef or "") .. ";"
  return table.concat(out)
end

local scalars = { integer = true, float = true, bool = true, enum = true, decimal = true, pointer = true }

return function(value, depth)
  depth = depth or kMaxDepth
  if type(depth) ~= "number" then error(("bad argument #2 to 'inspect' (number expected, got %s)"):format(type(depth)), 3) end
  if type(value) == "string" then return quoted(value) end
  if ffi.type(value) ~= "cdata" then return tostring(value) end
  local known, info = pcall(ffi.typeinfo, value)
  if not known then error(info, 3) end -- released
  if rawequal(info.type, value) then return declaration_text(info) end
  if info.kind == "reference" then
    local address = ffi.addressof(value)
    if ffi.isnull(address) then return "NULL" end
    info = ffi.typeinfo(info.to)
    if scalars[info.kind] then value = address[0] end
  end
  local kind = info.kind
  local text = value_text(value, info, depth)
  if kind == "struct" or kind == "union" or kind == "array" or kind == "vector" then
    return ("(%s)%s"):format(info.name, text)
  end
  return text
end
