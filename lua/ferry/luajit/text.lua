-- Part of ferry.luajit: string functions, and what else writes numbers, as LuaJIT has them.
return function(set, _, ferry)
  local run_time = ferry.run_time
  local text = run_time.text
  local version = tonumber(_VERSION:match "5%.(%d)")
  local math_type, floor, ceil = math.type, math.floor, math.ceil
  local type, select, tostring = ferry.type, select, _G.tostring
  local unpack = unpack or table.unpack
  local format, find, match, gsub, gmatch = string.format, string.find, string.match, string.gsub, string.gmatch
  local sub, concat = string.sub, table.concat

  -- string.format: numbers for %d are cut off, 64-bit cdata are numbers, everything has a text for %s, nan has no sign.
  -- Before 5.3 Lua's own takes for %d what a C long holds.
  local short_long = not math_type and ferry.sizeof "long" == 4
  local function is_too_long(n) return short_long and (n >= 2 ^ 31 or n < -2 ^ 31) end
  local function is_finite(n) return n - n == 0 end

  -- The flags and width for %s: no zeros, no sign, no precision.
  local function text_flags(flags) return (flags:gsub("%.%d*", ""):gsub("^[-+ #0]+", function(f) return f:find("-", 1, true) and "-" or "" end)) end

  local function octal(value)
    local bit, digits = ferry.bit, ""
    value = ferry.cast("uint64_t", value)
    repeat
      digits = format("%d", ferry.tonumber(bit.band(value, 7))) .. digits
      value = bit.rshift(value, 3)
    until value == ferry.new "uint64_t"
    return digits
  end

  -- A boxed 64-bit integer as C's printf writes it: for %d and %i as signed, else as unsigned.
  local function boxed(value, conversion, flags)
    local sign, prefix, digits = "", ""
    if conversion == "x" or conversion == "X" then
      digits = ferry.bit.tohex(ferry.cast("uint64_t", value)):gsub("^0+(.)", "%1")
      if find(flags, "#", 1, true) and digits ~= "0" then prefix = "0x" end
    elseif conversion == "o" then
      digits = octal(value)
    elseif conversion == "u" then
      digits = gsub(tostring(ferry.cast("uint64_t", value)), "[UL]+$", "")
    else
      sign, digits = match(tostring(ferry.cast("int64_t", value)), "^(%-?)(%d+)")
      if sign == "" then sign = find(flags, "+", 1, true) and "+" or find(flags, " ", 1, true) and " " or "" end
    end
    local marks, width, dot, precision = match(flags, "^([-+ #0]*)(%d*)(%.?)(%d*)$")
    width, precision = tonumber(width) or 0, dot ~= "" and (tonumber(precision) or 0)
    if precision == 0 and digits == "0" then digits = "" end
    if precision then digits = ("0"):rep(precision - #digits) .. digits end
    if conversion == "o" and find(flags, "#", 1, true) and sub(digits, 1, 1) ~= "0" then digits = "0" .. digits end
    if not precision and find(marks, "0", 1, true) and not find(marks, "-", 1, true) then
      digits = ("0"):rep(width - #sign - #prefix - #digits) .. digits
    end
    local whole_text = sign .. prefix .. digits
    if conversion == "X" then whole_text = whole_text:upper() end
    local blanks = (" "):rep(width - #whole_text)
    return find(marks, "-", 1, true) and whole_text .. blanks or blanks .. whole_text
  end

  -- A number for Lua's own function; or a text and true; or a text of its width and "whole".
  local function whole(value, conversion, flags)
    if type(value) == "cdata" then
      if ferry.istype("int64_t", value) or ferry.istype("uint64_t", value) then
        if conversion == "c" then return ferry.tonumber(value) end
        return boxed(value, conversion, flags), "whole"
      end
      value = ferry.tonumber(value) or value
    elseif type(value) == "string" then
      value = tonumber(value) or value
    end
    if type(value) ~= "number" then return value end
    if not is_finite(value) then return text(value), true end
    if value ~= floor(value) then value = value < 0 and ceil(value) or floor(value) end
    if math_type and math_type(value) == "float" then
      if value >= -2 ^ 63 and value < 2 ^ 63 then return floor(value) end
      return format("%.0f", value), true
    end
    if is_too_long(value) then
      if conversion == "d" or conversion == "i" or (conversion == "u" and value > 0) then return format("%.0f", value), true end
      if value >= -2 ^ 63 and value < 2 ^ 63 then return boxed(ferry.new("int64_t", value), conversion, flags), "whole" end
    end
    if version == 2 and value < 0 and (conversion == "x" or conversion == "X" or conversion == "o" or conversion == "u") then
      return boxed(ferry.new("int64_t", value), conversion, flags), "whole"
    end
    return value
  end

  -- Texts for %s with zeros in them end there on Lua 5.1 and 5.2, and are errors later, if they are to have a width.
  local function has_zeros(...)
    for i = 1, select("#", ...) do
      local value = select(i, ...)
      if type(value) == "string" and find(value, "\0", 1, true) then return true end
    end
    return false
  end
  local function format_pieces(template, arguments, count)
    local n = 0
    return (gsub(template, "%%([-+ #0]*)(%d*)(%.?%d*)(.)", function(marks, width, precision, conversion)
      if conversion == "%" then return "%" end
      n = n + 1
      local value = arguments[n]
      if n > count or conversion ~= "s" or type(value) ~= "string" then
        return format("%" .. marks .. width .. precision .. conversion, unpack(arguments, n, count))
      end
      if precision ~= "" then value = sub(value, 1, tonumber(sub(precision, 2)) or 0) end
      local blanks = (" "):rep((tonumber(width) or 0) - #value)
      return find(marks, "-", 1, true) and value .. blanks or blanks .. value
    end))
  end

  local function careful_format(template, ...)
    local arguments, n = { ... }, 0
    template = gsub(template, "%%([-+ #0]*%d*%.?%d*)(.)", function(flags, conversion)
      if conversion == "%" then return nil end
      n = n + 1
      local value, is_text = arguments[n], false
      if find("diuoxXc", conversion, 1, true) then
        value, is_text = whole(value, conversion, flags)
      elseif conversion == "s" then
        if type(value) ~= "string" and (type(value) ~= "number" or math_type or value ~= value) and n <= select("#", unpack(arguments, 1, n)) then
          value = tostring(value)
        end
      elseif find("aAeEfFgG", conversion, 1, true) then
        if type(value) == "cdata" then value = ferry.tonumber(value) or value end
        if type(value) == "number" and not is_finite(value) then value, is_text = text(value), true end
      end
      arguments[n] = value
      if is_text == "whole" then return "%s" end
      if is_text then return "%" .. text_flags(flags) .. "s" end
    end)
    local count = select("#", ...)
    if has_zeros(...) then return format_pieces(template, arguments, count) end
    return format(template, unpack(arguments, 1, count > n and count or n < count and n or count))
  end

  -- Whether Lua's own function may differ for the value.
  local function is_special(value)
    local kind = type(value)
    if kind == "string" then return find(value, "\0", 1, true) ~= nil end
    if kind == "number" then
      if math_type then return math_type(value) == "float" end
      return value ~= value or value - value ~= 0 or is_too_long(value) or (version == 2 and (value < 0 or value ~= floor(value)))
    end
    return kind == "cdata" or version == 1
  end
  set(string, "format", function(template, ...)
    for i = 1, select("#", ...) do
      if is_special((select(i, ...))) then return careful_format(template, ...) end
    end
    return format(template, ...)
  end)

  if version == 1 then
    local rep = string.rep
    set(string, "rep", function(s, count, separator)
      if not separator or separator == "" or count < 2 then return rep(s, count) end
      return rep(s .. separator, count - 1) .. s
    end)

    -- Patterns with %g, and with zeros, which end a pattern of Lua 5.1.
    local known, count = {}, 0
    local function rewrite(pattern)
      local inside = false
      local result, i = {}, 1
      while i <= #pattern do
        local c = sub(pattern, i, i)
        local two = sub(pattern, i, i + 1)
        if c == "%" then
          i = i + 1
          if two == "%g" then
            two = inside and "\33-\126" or "[\33-\126]"
          elseif two == "%G" then
            two = inside and "%z\1-\32\127-\255" or "[^\33-\126]"
          elseif two == "%\0" then
            two = "%z"
          end
          c = two
        elseif c == "\0" then
          c = "%z"
        elseif inside then
          inside = c ~= "]"
        elseif c == "[" then
          inside = true
          local start = match(pattern, "^%^?%]?", i + 1)
          c = c .. start
          i = i + #start
        end
        result[#result + 1] = c
        i = i + 1
      end
      return concat(result)
    end
    local function prepared(pattern)
      if type(pattern) ~= "string" then return pattern end
      local result = known[pattern]
      if result then return result end
      if count >= 1000 then known, count = {}, 0 end
      result = (find(pattern, "%z") or find(pattern, "%%[gG]")) and rewrite(pattern) or pattern
      known[pattern], count = result, count + 1
      return result
    end
    set(string, "find", function(s, pattern, init, plain)
      if plain then return find(s, pattern, init, plain) end
      return find(s, prepared(pattern), init)
    end)
    set(string, "match", function(s, pattern, init) return match(s, prepared(pattern), init) end)
    set(string, "gmatch", function(s, pattern) return gmatch(s, prepared(pattern)) end)
    set(string, "gsub", function(s, pattern, ...) return gsub(s, prepared(pattern), ...) end)
  end

  -- Empty matches right behind a match count in LuaJIT, and not in newer Luas.
  if gsub("abc", "%w*", "x") ~= "xx" then
    local known, count = {}, 0
    local function may_be_empty(pattern)
      local result = known[pattern]
      if result ~= nil then return result end
      if count >= 1000 then known, count = {}, 0 end
      local bare = gsub(gsub(gsub(pattern, "%%f", "?"), "%%.", "x"), "%[%^?%]?[^]]*%]", "x")
      result = find(bare, "[*?%-]") ~= nil or find(bare, "%w") == nil
      known[pattern], count = result, count + 1
      return result
    end
    -- What a match is replaced by; `whole` is its text.
    local function replacement(with, kind, whole_match, first, ...)
      if kind == "string" then
        local captures = { first, ... }
        return (gsub(with, "%%(.?)", function(c)
          if c == "%" then return "%" end
          if c == "0" then return whole_match end
          local n = tonumber(c)
          if not n then error("invalid use of '%' in replacement string", 0) end
          local value = captures[n]
          if n == 1 and value == nil then value = whole_match end
          if value == nil then error("invalid capture index", 0) end
          return text(value)
        end))
      end
      local value
      if first == nil then first = whole_match end
      if kind == "table" then value = with[first] else value = with(first, ...) end
      if not value then return whole_match end
      if type(value) ~= "string" and type(value) ~= "number" then error("invalid replacement value (a " .. type(value) .. ")", 0) end
      return text(value)
    end
    local function step(parts, s, at, with, kind, first, last, ...)
      if not first then return nil end
      parts[#parts + 1] = sub(s, at, first - 1)
      parts[#parts + 1] = replacement(with, kind, sub(s, first, last), ...)
      if last >= first then return last + 1 end
      parts[#parts + 1] = sub(s, first, first)
      return first + 1
    end
    set(string, "gsub", function(s, pattern, with, most)
      local kind = type(with)
      if kind == "number" then with, kind = text(with) .. "", "string" end
      if type(s) ~= "string" or type(pattern) ~= "string" or sub(pattern, 1, 1) == "^" or not may_be_empty(pattern)
        or not (kind == "string" or kind == "table" or kind == "function") then
        return gsub(s, pattern, with, most)
      end
      local parts, at, n, size = {}, 1, 0, #s
      while at <= size + 1 and n < (most or size + 1) do
        local following = step(parts, s, at, with, kind, find(s, pattern, at))
        if not following then break end
        at, n = following, n + 1
      end
      parts[#parts + 1] = sub(s, at)
      return concat(parts), n
    end)
    set(string, "gmatch", function(s, pattern, ...)
      if type(s) ~= "string" or type(pattern) ~= "string" or select("#", ...) > 0 or sub(pattern, 1, 1) == "^" or not may_be_empty(pattern) then
        return gmatch(s, pattern, ...)
      end
      local at = 1
      local function results(first, last, ...)
        if not first then
          at = #s + 2
          return nil
        end
        at = last >= first and last + 1 or first + 1
        if select("#", ...) > 0 then return ... end
        return sub(s, first, last)
      end
      return function()
        if at > #s + 1 then return nil end
        return results(find(s, pattern, at))
      end
    end)
  end

  -- Whole numbers without a fraction, wherever they are written.
  if math_type then
    set(table, "concat", run_time.concat)
    local write = io.write
    set(io, "write", function(...) return write(text(...)) end)
    local methods = getmetatable(io.stdout).__index
    local write_to = methods.write
    set(methods, "write", function(file, ...) return write_to(file, text(...)) end)
  end
end
