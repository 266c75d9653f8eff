-- Part of ferry.luajit: table and math as LuaJIT and OpenResty have them.
return function(set, _, ferry)
  local run_time = ferry.run_time
  local version = tonumber(_VERSION:match "5%.(%d)")
  local math_type, floor = math.type, math.floor
  local next, type = next, ferry.type

  local function add(name, f)
    if not table[name] then set(table, name, f) end
    set(package.loaded, "table." .. name, table[name])
  end
  add("new", run_time.new_table)
  add("clear", function(t) for key in next, t do t[key] = nil end end)
  add("isempty", function(t) return next(t) == nil end)
  add("isarray", function(t)
    for key in next, t do
      if type(key) ~= "number" or key < 1 or key ~= floor(key) then return false end
    end
    return true
  end)
  add("nkeys", function(t)
    local count = 0
    for _ in next, t do count = count + 1 end
    return count
  end)
  add("clone", function(t)
    local copy = {}
    for key, value in next, t do copy[key] = value end
    return copy
  end)
  if not table.move then
    set(table, "move", function(from, first, last, at, to)
      to = to or from
      if last >= first then
        if at > last or at <= first or to ~= from then
          for i = 0, last - first do to[at + i] = from[first + i] end
        else
          for i = last - first, 0, -1 do to[at + i] = from[first + i] end
        end
      end
      return to
    end)
  end
  local function add_old(name, f) if not table[name] then set(table, name, f) end end
  add_old("getn", function(t) return #t end)
  add_old("maxn", function(t)
    local most = 0
    for key in next, t do
      if type(key) == "number" and key > most then most = key end
    end
    return most
  end)
  add_old("foreach", function(t, f)
    for key, value in next, t do
      local result = f(key, value)
      if result ~= nil then return result end
    end
  end)
  add_old("foreachi", function(t, f)
    for i = 1, #t do
      local result = f(i, t[i])
      if result ~= nil then return result end
    end
  end)
  if version >= 2 then
    -- Positions outside of the list are allowed.
    local insert, remove = table.insert, table.remove
    set(table, "insert", function(t, ...)
      local at, value = ...
      if select("#", ...) ~= 2 then return insert(t, ...) end
      local count = #t
      if type(at) ~= "number" or (at >= 1 and at <= count + 1) then return insert(t, at, value) end
      at = floor(at)
      for i = count + 1, at + 1, -1 do t[i] = t[i - 1] end
      t[at] = value
    end)
    set(table, "remove", function(t, ...)
      local at = ...
      if type(at) == "number" and (at < 1 or at > #t) then return end
      if #t == 0 then return end
      return remove(t, ...)
    end)
  end

  -- math: what newer Luas have not is C's.
  local function by_c(name, declaration)
    if math[name] then return end
    local f
    set(math, name, function(x, y)
      if not f then
        ferry.cdef(declaration:format("ferry_luajit_" .. name, name))
        f = ferry.C["ferry_luajit_" .. name]
      end
      if y then return f(x, y) end
      return f(x)
    end)
  end
  for _, name in ipairs { "cosh", "sinh", "tanh", "log10" } do by_c(name, 'double %s(double) __asm__("%s");') end
  by_c("ldexp", 'double %s(double, int) __asm__("%s");')
  if not math.pow then set(math, "pow", function(x, y) return x ^ y end) end
  if not math.atan2 then set(math, "atan2", math.atan) end
  if not math.frexp then
    local exponent
    set(math, "frexp", function(x)
      if not exponent then
        ferry.cdef 'double ferry_luajit_frexp(double, int *) __asm__("frexp");'
        exponent = ferry.new "int[1]"
      end
      return ferry.C.ferry_luajit_frexp(x, exponent), exponent[0]
    end)
  end
  -- To another base LuaJIT's is of log2, where Lua's differs in the last digit.
  local log, log2 = math.log, nil
  local function number(x, position)
    local n = type(x) == "number" and x or type(x) == "string" and tonumber(x)
    return n or error(("bad argument #%d to 'log' (number expected, got %s)"):format(position, type(x)), 3)
  end
  set(math, "log", function(x, base)
    if base == nil then return log(x) end
    x, base = number(x, 1), number(base, 2)
    if not log2 then
      ferry.cdef 'double ferry_luajit_log2(double) __asm__("log2");'
      log2 = ferry.C.ferry_luajit_log2
    end
    return log2(x) * (1 / log2(base))
  end)
  if math_type then
    local randomseed = math.randomseed
    set(math, "randomseed", function(...)
      local seed = ...
      if math_type(seed) ~= "float" then
        randomseed(...)
      elseif seed == floor(seed) and seed >= -2 ^ 53 and seed <= 2 ^ 53 then
        randomseed(floor(seed))
      else
        local mantissa, exponent = math.frexp(seed)
        randomseed(mantissa - mantissa == 0 and floor(mantissa * 2 ^ 53) + exponent or 0)
      end
    end)
  end

  -- Bounds are any numbers: the lower one is added to a whole number. Lua's own takes whole ones, not too far apart, in order.
  local random = math.random
  set(math, "random", function(...)
    if select("#", ...) == 0 then return random() end
    local low, high = ...
    local from, to = ferry.tonumber(low), ferry.tonumber(high)
    if select("#", ...) == 1 then
      high, from, to = 1, 1, from
    end
    if not from or not to then return random(low, high) end -- raises its own error
    local distance = to - from
    if from >= -2 ^ 31 and to < 2 ^ 31 and distance >= 0 and distance < 2 ^ 31 - 1 and floor(from) == from and floor(to) == to then
      return random(from, to)
    end
    return floor(random() * (distance + 1)) + from
  end)
end
