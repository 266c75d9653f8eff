-- Macros as values: what is no constant is parsed and evaluated when it is used, once per types of the arguments. Loaded at the first
-- such macro: to compile it is a tenth of what a small header costs.
local ffi = require "ferry.core"
local headers, type = ffi.headers, ffi.type

local macros = {}

local int32, int64, double, boolean = ffi.typeof "int", ffi.typeof "int64_t", ffi.typeof "double", ffi.typeof "bool"
local string_type, null_type = ffi.typeof "const char *", ffi.typeof "void *"

-- Where a macro was defined, for messages.
local function place(macro)
  if macro.file then return (" (%s:%d)"):format(macro.file, macro.line or 0) end
  return macro.line and (" (line %d)"):format(macro.line) or ""
end

-- A message of our own code's, without the place there. Paths of Windows may have a drive's colon.
local own_place = (ffi.os == "Windows" and "^%a?:?" or "^") .. "[^:\n]*%.lua:%d+: "
function macros.without_place(message)
  return type(message) == "string" and message:gsub(own_place, "") or message
end

local max_shown = 300 -- bytes

-- Of a long text, whole characters of its beginning.
local function beginning(text)
  return #text <= max_shown and text or text:sub(1, max_shown):match "^(.-)[\192-\255]?[\128-\191]*$" .. "..."
end

function macros.refusal(name, macro, why)
  return ("macro '%s'%s cannot be evaluated: %s; its text is: %s"):format(name, place(macro), why, beginning(macro.text))
end

-- What C takes a Lua value for as an argument of a macro: a ctype of it, or { ctype } where it is a type itself.
local function type_of(v)
  local kind = type(v)
  if kind == "number" then
    if v == math.floor(v) and v >= -2147483648 and v <= 2147483647 and (not math.type or math.type(v) == "integer") then return int32 end
    if math.type and math.type(v) == "integer" then return int64 end
    if not math.type and v == math.floor(v) and v >= -2 ^ 53 and v <= 2 ^ 53 then return int64 end
    return double
  elseif kind == "string" then
    return string_type
  elseif kind == "boolean" then
    return boolean
  elseif kind == "nil" then
    return null_type
  elseif ffi.type(v) == "cdata" then
    local ct = ffi.typeof(v)
    if rawequal(ct, v) then return { v } end
    return ct
  elseif kind == "function" then
    local ok, ct = pcall(ffi.typeof, v)
    if ok then return ct end
  end
  return nil
end

-- A type's C text, which no metatype changes.
local texts = setmetatable({}, { __mode = "k" })
local function text_of(ct)
  local text = texts[ct]
  if not text then
    text = ffi.typeinfo(ct).name
    texts[ct] = text
  end
  return text
end

-- A value as C would have it written, for macros that make names and strings of their arguments; nil where it has no text.
function macros.spelled(v)
  if type(v) == "string" then
    return '"' .. v:gsub('[%c%z"\\\128-\255]', function(c)
      return (c == '"' or c == "\\") and "\\" .. c or ("\\%03o"):format(c:byte())
    end) .. '"'
  elseif type(v) == "boolean" then
    return v and "1" or "0"
  elseif type(v) == "number" then
    if v ~= v or v - v ~= 0 then return nil end
    -- Before 5.3 "%d" takes what a C long holds, which on Windows has 32 bits.
    if type_of(v) ~= double then return (math.type and "%d" or "%.0f"):format(v + 0) end
    local text = ("%.17g"):format(v)
    if tonumber(("%.15g"):format(v)) == v then text = ("%.15g"):format(v) end
    return text:find "[.e]" and text or text .. ".0"
  elseif ffi.type(v) == "cdata" then
    local ct = ffi.typeof(v)
    if rawequal(ct, v) then return text_of(ct) end
    local kind = ffi.typeinfo(ct).kind
    if kind == "integer" or kind == "enum" then return (tostring(ffi.cast("int64_t", v)):match "^%-?%d+") end
  end
  return nil
end

-- Texts of arguments are many: so many of their expressions are kept.
local max_spelled = 256

-- Compiled expressions of one preprocessor, by text and types of the arguments. `$` in the text is an argument; where that
-- cannot be, because the macro applies `#` or `##` to it, or puts it beside another string, what C would have as text is put there.
function macros.evaluator(preprocessor, lib)
  local compiled, by_text, kept = {}, {}, 0

  -- The function of the arguments, or nil and why there is none.
  local function compile(text, types, count)
    local tree, why = headers.expression(preprocessor, text, (table.unpack or unpack)(types, 1, count))
    if not tree then return nil, why end
    if tree.kind == "type" then
      local ct = tree.type.ct
      return function() return ct end
    end
    local ok, made = pcall(require "ferry.expression".compile, tree, lib)
    if ok then return made end
    return nil, made
  end

  -- The function of what is left of the arguments, and those; or nil and why there is none.
  local function spelled_out(name, types, count, arguments, why)
    local parts, left, left_types, left_count = {}, {}, {}, 0
    for i = 1, count do
      parts[i] = macros.spelled(arguments[i])
      if not parts[i] then
        left_count = left_count + 1
        parts[i], left[left_count], left_types[left_count] = "$", arguments[i], types[i]
      end
    end
    if left_count == count then return nil, why end
    local text = name .. "(" .. table.concat(parts, ", ") .. ")"
    local key = { text }
    for i = 1, left_count do key[i + 1] = text_of(left_types[i]) end
    key = table.concat(key, "\0")
    local run = by_text[key]
    if not run then
      local second
      run, second = compile(text, left_types, left_count)
      if not run then return nil, left_count == 0 and second or why end
      if kept == max_spelled then by_text, kept = {}, 0 end
      by_text[key], kept = run, kept + 1
    end
    return run, left
  end

  -- True and the value, or false and why there is none.
  return function(name, macro, text, count, arguments)
    local types, key = {}, { text }
    for i = 1, count do
      local ct = type_of(arguments[i])
      if not ct then return false, macros.refusal(name, macro, ("argument #%d is a %s"):format(i, type(arguments[i]))) end
      types[i] = ct
      key[i + 1] = type(ct) == "table" and "type " .. text_of(ct[1]) or text_of(ct)
    end
    key = table.concat(key, "\0")
    local run = compiled[key]
    if type(run) ~= "function" then
      local why = run -- an argument has to be written out, as the text without it says
      if not why then run, why = compile(text, types, count) end
      if why then
        local left
        run, left = spelled_out(name, types, count, arguments, why)
        if not run then return false, macros.refusal(name, macro, left) end
        arguments = left
      end
      compiled[key] = why or run
    end
    local ok, value = pcall(run, arguments)
    if not ok and type(value) == "string" then
      value = ("macro '%s'%s: %s"):format(name, place(macro), macros.without_place(value))
    end
    return ok, value
  end
end

-- True and what the name of a macro gives, or false and why it gives nothing.
function macros.value(evaluate, name, macro)
  if macro.value ~= nil then return true, macro.value end
  if not macro.params then
    if macro.text == "" then return true, true end
    return evaluate(name, macro, name, 0, {})
  end
  return true, function(...)
    local count = select("#", ...)
    local fixed = #macro.params - (macro.variadic and 1 or 0)
    if count < fixed or count > fixed and not macro.variadic then
      error(("macro '%s'%s takes %d argument%s, got %d"):format(name, place(macro), fixed, fixed == 1 and "" or "s", count), 2)
    end
    local text = name .. "(" .. ("$,"):rep(count):sub(1, -2) .. ")"
    local ok, value = evaluate(name, macro, text, count, { ... })
    if not ok then error(value, 2) end
    return value
  end
end

return macros
