-- Part of ferry.luajit: the table jit and its modules. There is no compiler: what asks for one finds it switched off,
-- what asks for bytecode and traces is told that there are none.
return function(set, _, ferry)
  local function nothing() end
  local function refuse(what)
    return function() error(what .. ": there is no bytecode and are no traces of LuaJIT in " .. _VERSION, 2) end
  end
  local getinfo, getupvalue = debug.getinfo, debug.getupvalue

  local jit = {
    os = ferry.os, arch = ferry.arch, version = "LuaJIT 2.1.0 (Ferry on " .. _VERSION .. ")", version_num = 20100,
    on = nothing, off = nothing, flush = nothing, attach = nothing, status = function() return false end,
    opt = { start = nothing },
  }
  jit.util = {
    funcinfo = function(f)
      local info = getinfo(f, "Slu")
      if not info then error("bad argument #1 to 'funcinfo' (Lua function expected)", 2) end
      local result = { source = info.source, linedefined = info.linedefined, lastlinedefined = info.lastlinedefined,
        currentline = info.linedefined, upvalues = info.nups, params = info.nparams, isvararg = info.isvararg }
      if info.what == "C" then
        result.addr = tonumber((tostring(f):match "0x(%x+)") or "0", 16)
      else
        result.loc = info.short_src .. ":" .. info.linedefined
      end
      return result
    end,
    funcuvname = function(f, index) return (getupvalue(f, index + 1)) end,
    funcbc = refuse "jit.util.funcbc", funck = refuse "jit.util.funck",
    traceinfo = nothing, traceir = nothing, tracek = nothing, tracesnap = nothing, tracemc = nothing,
    traceexitstub = nothing, ircalladdr = nothing,
  }
  set(_G, "jit", jit)
  set(package.loaded, "jit", jit)
  set(package.loaded, "jit.util", jit.util)
  set(package.loaded, "jit.opt", jit.opt)
  for _, name in ipairs { "bc", "dis_x64", "dis_x86", "dis_arm64", "dump", "v", "p", "profile", "bcsave", "vmdef", "zone" } do
    name = "jit." .. name
    if not package.preload[name] then
      set(package.preload, name, function()
        error(name .. ": there is no bytecode and are no traces of LuaJIT in " .. _VERSION, 0)
      end)
    end
  end
  set(package.preload, "string.buffer", function() return require "ferry.luajit.buffer" end)
  set(package.preload, "thread.exdata", function()
    local data
    return function(...)
      if select("#", ...) == 0 then return data end
      data = ...
    end
  end)
end
