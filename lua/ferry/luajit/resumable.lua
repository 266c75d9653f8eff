-- Part of ferry.luajit: pcall and xpcall in coroutines of Lua 5.1. LuaJIT's let what they call yield; there it cannot. So it
-- runs in a coroutine of its own, whose yields go on to the one around it, and which the program does not see.
return function(set, _, ferry)
  if _VERSION ~= "Lua 5.1" then return end
  local raw_pcall, raw_xpcall, select, unpack, type, max = pcall, xpcall, select, unpack, type, math.max
  local running, create, resume, yield, status = coroutine.running, coroutine.create, coroutine.resume, coroutine.yield, coroutine.status
  local getmetatable, traceback = debug.getmetatable, debug.traceback
  local kDeepest = 190 -- Lua 5.1 nests its own pcall 200 deep

  -- Of each coroutine made here: the one that the program knows, and how many are around it.
  local known, depth_of = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "k" })

  -- A coroutine that calls f; or nil, and Lua's own function does: outside of all coroutines, and for functions in C.
  local in_c = setmetatable({}, { __mode = "k" })
  local function inner(f)
    local outer = running()
    if not outer or f == nil or in_c[f] then return nil end
    local ok, co = raw_pcall(create, f)
    if not ok then
      local meta = type(f) ~= "function" and getmetatable(f)
      if f ~= yield and not (meta and meta.__call) then
        if type(f) == "function" then in_c[f] = true end
        return nil
      end
      co = create(function(...) return f(...) end)
    end
    local depth = (depth_of[outer] or 0) + 1
    if depth > kDeepest then return nil end
    known[co], depth_of[co] = known[outer] or outer, depth
    return co
  end

  local function finish(co, ok, ...)
    if ok and status(co) == "suspended" then return finish(co, resume(co, yield(...))) end
    return ok, ...
  end
  local function pcall(...)
    local co = inner((...))
    if not co then return raw_pcall(...) end
    return finish(co, resume(co, select(2, ...)))
  end
  set(_G, "pcall", pcall)

  local failed, handling -- a coroutine that an error has ended, and where its handler runs
  local function finish_handled(co, handler, ok, ...)
    if ok then
      if status(co) == "suspended" then return finish_handled(co, handler, resume(co, yield(...))) end
      return true, ...
    end
    local failed_before, handling_before = failed, handling
    failed, handling = co, running()
    local handled, value = raw_pcall(handler, ...)
    failed, handling = failed_before, handling_before
    if not handled then value = "error in error handling" end
    return false, value
  end
  local function xpcall(f, handler, ...)
    local co = inner(f)
    if co then return finish_handled(co, handler, resume(co, ...)) end
    local count = select("#", ...)
    if count == 0 then return raw_xpcall(f, handler) end
    local arguments = { ... }
    return raw_xpcall(function() return f(unpack(arguments, 1, count)) end, handler)
  end
  set(_G, "xpcall", xpcall)
  set(_G, "error", ferry.run_time.error_through(pcall, xpcall)) -- to which they are no levels

  -- A handler means by level 1 itself, by level 2 what raised the error, which is the failed coroutine's level 0.
  set(debug, "traceback", function(...)
    local message, level = ...
    if not failed or type(message) == "thread" or running() ~= handling then return traceback(...) end
    if message ~= nil and type(message) ~= "string" and type(message) ~= "number" then return message end
    return traceback(failed, message, max((level or 1) - 2, 0))
  end)

  local function program_running()
    local co = running()
    return co and (known[co] or co)
  end
  set(coroutine, "running", program_running)
  set(coroutine, "status", function(co)
    if co == program_running() then return "running" end
    return status(co)
  end)
end
