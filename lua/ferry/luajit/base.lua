-- Part of ferry.luajit: the global functions, package, coroutine, debug and os as LuaJIT has them.
return function(set, _, ferry)
  local run_time = ferry.run_time
  local text, metamethod = run_time.text, run_time.metamethod
  local type, raw_tostring, raw_print = ferry.type, tostring, print
  local version = tonumber(_VERSION:match "5%.(%d)")
  local has_subtypes = version >= 3
  local math_type, getinfo, debug_getmetatable = math.type, debug.getinfo, debug.getmetatable

  set(_G, "type", run_time.type)
  set(_G, "bit", ferry.bit)
  set(package.loaded, "bit", ferry.bit)
  if not package.loaded.ffi then set(package.loaded, "ffi", ferry) end
  -- LuaJIT has none: who requires utf8 means a module of his own.
  if package.loaded.utf8 then set(package.loaded, "utf8", nil) end

  local ferry_tonumber, tostring = ferry.tonumber
  if has_subtypes then
    set(_G, "tonumber", function(...)
      local value, base = ...
      if base ~= nil and type(value) == "number" then
        if base == 10 then return value end
        return ferry_tonumber((tostring(value)), base)
      end
      return ferry_tonumber(...)
    end)
  else
    set(_G, "tonumber", ferry_tonumber)
  end

  -- Numbers as LuaJIT writes them: 5, not 5.0; nan, not -nan.
  if has_subtypes then
    function tostring(...)
      local value = ...
      if math_type(value) == "float" then return text(value) .. "" end
      -- What __tostring gives need not be a string.
      local meta = type(value) == "table" and debug_getmetatable(value)
      local f = type(meta) == "table" and meta.__tostring
      if f then return (f(value)) end
      return raw_tostring(...)
    end
  else
    function tostring(...)
      local value = ...
      if value ~= value and type(value) == "number" then return "nan" end
      return raw_tostring(...)
    end
  end
  set(_G, "tostring", tostring)
  if version >= 4 then -- print asks no global tostring any more
    set(_G, "print", function(...) raw_print(text(...)) end)
  end

  if has_subtypes then set(_G, "error", run_time.error) end

  -- Metamethods of cdata that this Lua does not ask for; without one 5.3's ipairs and later ones would index.
  local function with_metamethod(name, event)
    local raw = _G[name]
    set(_G, name, function(...)
      local value = ...
      if type(value) == "cdata" then
        local f = metamethod(value, event)
        if f then return f(value) end
        error(("bad argument #1 to '%s' (table expected, got cdata)"):format(name), 2)
      end
      return raw(...)
    end)
  end
  if version == 1 then with_metamethod("pairs", "__pairs") end
  if version ~= 2 then with_metamethod("ipairs", "__ipairs") end

  if not unpack then set(_G, "unpack", table.unpack) end
  if not gcinfo then set(_G, "gcinfo", function() return math.floor(collectgarbage "count") end) end
  if not newproxy then set(_G, "newproxy", run_time.newproxy) end

  -- Environments, from 5.2 on: the variable _ENV of a function is replaced by one of its own.
  if not setfenv then
    local getupvalue, upvaluejoin = debug.getupvalue, debug.upvaluejoin
    local without_variable = setmetatable({}, { __mode = "k" }) -- functions that use no globals
    local function find_env(f)
      local i = 1
      while true do
        local name = getupvalue(f, i)
        if name == "_ENV" then return i end
        if not name then return nil end
        i = i + 1
      end
    end
    local function function_at(what, level, caller)
      if type(level) == "function" then return level end
      if type(level) ~= "number" then
        error("bad argument #1 to '" .. what .. "' (number expected, got " .. ferry.type(level) .. ")", caller + 1)
      end
      local info = level >= 0 and getinfo(level + caller, "f")
      if not info then error("bad argument #1 to '" .. what .. "' (invalid level)", caller + 1) end
      return info.func
    end
    local function globals() return debug.getregistry()[2] end
    local function getfenv(f)
      if f == 0 then return globals() end
      local target = function_at("getfenv", f or 1, 2)
      local i = find_env(target)
      if i then
        local _, env = getupvalue(target, i)
        return env
      end
      return without_variable[target] or globals()
    end
    local function set_environment(target, env)
      local i = find_env(target)
      if i then
        upvaluejoin(target, i, function() return env end, 1)
      elseif getinfo(target, "S").what == "C" then
        error("'setfenv' cannot change environment of given object", 3)
      else
        without_variable[target] = env
      end
      return target
    end
    local function setfenv(f, env)
      if type(env) ~= "table" then
        error("bad argument #2 to 'setfenv' (table expected, got " .. ferry.type(env) .. ")", 2)
      end
      if f == 0 then
        debug.getregistry()[2] = env
        return
      end
      local result = set_environment(function_at("setfenv", f, 2), env)
      return result
    end
    set(_G, "getfenv", getfenv)
    set(_G, "setfenv", setfenv)
    set(debug, "getfenv", function(f)
      if type(f) == "function" then return getfenv(f) end
      return globals()
    end)
    set(debug, "setfenv", function(f, env)
      if type(f) == "function" then set_environment(f, env) end
      return f
    end)

    -- 5.2 has a module(), which knows nothing of chunks with other variables than _ENV.
    local function module_table(name)
      local t = _G
      for part in name:gmatch "[^.]+" do
        local inner = rawget(t, part)
        if inner == nil then
          inner = {}
          t[part] = inner
        elseif type(inner) ~= "table" then
          error("name conflict for module '" .. name .. "'", 3)
        end
        t = inner
      end
      return t
    end
    set(_G, "module", function(name, ...)
      local t = package.loaded[name]
      if type(t) ~= "table" then
        t = module_table(name)
        package.loaded[name] = t
      end
      if t._NAME == nil then
        t._M, t._NAME, t._PACKAGE = t, name, name:match "^(.*%.)[^.]*$" or ""
      end
      local caller = getinfo(2, "f")
      if not caller or getinfo(2, "S").what == "C" then error("'module' not called from a Lua function", 2) end
      set_environment(caller.func, t)
      for i = 1, select("#", ...) do (select(i, ...))(t) end
    end)
    set(package, "seeall", function(t)
      local meta = getmetatable(t)
      if not meta then
        meta = {}
        setmetatable(t, meta)
      end
      meta.__index = _G
    end)
  end

  -- The main program's coroutine is none.
  if version >= 2 then
    local running = coroutine.running
    set(coroutine, "running", function()
      local thread, is_main = running()
      if not is_main then return thread end
    end)
  end
  if not coroutine.isyieldable then
    local running = coroutine.running
    set(coroutine, "isyieldable", function() return running() ~= nil end)
  end

  if version == 1 then
    -- Functions with as many upvalues as 5.1 allows find the run-time table where strings are indexed (src/translate).
    if not getmetatable(string) then
      setmetatable(string, { __index = { __ferry = run_time } })
    else
      rawset(string, "__ferry", run_time)
    end
    local exit = os.exit
    set(os, "exit", function(code)
      if code == true then code = 0 elseif code == false then code = 1 end
      exit(code)
    end)
  else
    local execute = os.execute
    set(os, "execute", function(command)
      if command == nil then return execute() and 1 or 0 end
      local _, how, code = execute(command)
      if how == "signal" then return code end
      return how == "exit" and code * 256 or -1 -- else system() itself failed
    end)
  end
end
