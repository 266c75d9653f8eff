-- Part of ferry.luajit: load, loadstring, loadfile, dofile and the searcher of require read Lua through ffi.translate.
-- Binary chunks and texts without anything to translate reach Lua as they are; every line keeps its number.
return function(set, layer, ferry)
  local run_time, translate = ferry.run_time, ferry.translate
  local raw_load, raw_loadstring, setfenv = load, loadstring, setfenv
  local is_51 = _VERSION == "Lua 5.1"
  local concat, sub, open = table.concat, string.sub, io.open
  local is_chunk = setmetatable({}, { __mode = "k" }) -- translated chunks, which are functions within one

  local function load_text(text, name, mode, has_env, env)
    if not is_51 then
      if has_env then return raw_load(text, name, mode, env) end
      return raw_load(text, name, mode)
    end
    local chunk, why = raw_loadstring(text, name)
    if chunk and has_env then setfenv(chunk, env) end
    return chunk, why
  end

  -- `is_file`: a first line that begins with # is none of Lua's.
  local function compile(text, name, mode, is_file, has_env, env)
    if sub(text, 1, 3) == "\27LJ" then
      return nil, (name:gsub("^[@=]", "")) .. ": bytecode of LuaJIT cannot be loaded by " .. _VERSION
    end
    local is_binary = sub(text, 1, 1) == "\27"
    if mode and not mode:find(is_binary and "b" or "t", 1, true) then return nil, "attempt to load chunk with wrong mode" end
    if is_binary then return load_text(text, name, nil, has_env, env) end
    local translated, needs_run_time = translate(text)
    if not translated then -- no Lua: Lua's own words say why
      if is_file then text = text:gsub("^\239\187\191", ""):gsub("^#[^\n]*", "") end
      translated, needs_run_time = text, false
    end
    local chunk, why = load_text(translated, name, nil, has_env, env)
    if chunk and needs_run_time then
      chunk = chunk(run_time)
      is_chunk[chunk] = true
    end
    return chunk, why
  end

  local function text_of(reader)
    local pieces = {}
    while true do
      local piece = reader()
      if piece == nil or piece == "" then return concat(pieces) end
      if type(piece) ~= "string" then return nil, "reader function must return a string" end
      pieces[#pieces + 1] = piece
    end
  end

  local function load(chunk, name, mode, ...)
    local text = chunk
    if type(chunk) == "function" then
      local why
      text, why = text_of(chunk)
      if not text then return nil, why end
      name = name or "=(load)"
    elseif type(chunk) == "number" then
      text = tostring(chunk)
    elseif type(chunk) ~= "string" then
      error("bad argument #1 to 'load' (string or function expected, got " .. type(chunk) .. ")", 2)
    end
    return compile(text, name or text, mode, false, select("#", ...) > 0, (...))
  end

  local function read(path)
    if path == nil then return io.read "*a", "=stdin" end
    local file, why = open(path, "rb")
    if not file then return nil, "cannot open " .. why end
    local text
    text, why = file:read "*a"
    file:close()
    if not text then return nil, "cannot read " .. path .. ": " .. tostring(why) end
    return text, "@" .. path
  end

  local function loadfile(path, mode, ...)
    local text, name = read(path)
    if not text then return nil, name end
    return compile(text, name, mode, true, select("#", ...) > 0, (...))
  end

  local function dofile(path)
    local chunk, why = loadfile(path)
    if not chunk then error(why, 0) end
    return chunk()
  end

  if not package.searchpath then
    set(package, "searchpath", function(name, path, separator, directory)
      separator, directory = separator or ".", directory or sub(package.config, 1, 1)
      if separator ~= "" then
        name = name:gsub(separator:gsub("%p", "%%%0"), (directory:gsub("%%", "%%%%")))
      end
      local tried = {}
      for template in path:gmatch "[^;]+" do
        local file_name = template:gsub("%?", (name:gsub("%%", "%%%%")))
        local file = open(file_name, "r")
        if file then
          file:close()
          return file_name
        end
        tried[#tried + 1] = "\n\tno file '" .. file_name .. "'"
      end
      return nil, concat(tried)
    end)
  end
  local searchpath = package.searchpath

  local function searcher(name)
    local path = searchpath(name, package.path)
    if not path then return nil end -- Lua's own searcher comes next, and says where it has looked
    local chunk, why = loadfile(path)
    if not chunk then error("error loading module '" .. name .. "' from file '" .. path .. "':\n\t" .. why, 0) end
    if is_51 then return chunk end
    return function(module) return chunk(module) end -- LuaJIT passes nothing but the name
  end
  local searchers = package.searchers or package.loaders
  table.insert(searchers, 2, searcher)
  if not package.loaders then set(package, "loaders", searchers) end

  -- Lua 5.1 does not tell how many parameters a function has, and whether it takes more; its binary form does: a header
  -- of twelve bytes with the sizes of int and size_t, the name of the source, two lines, the number of upvalues, these two.
  local parameters
  if is_51 then
    local known = setmetatable({}, { __mode = "k" })
    local dump, byte, pcall = string.dump, string.byte, pcall
    function parameters(f)
      local found = known[f]
      if found then return found[1], found[2] end
      local ok, text = pcall(dump, f)
      if not ok then return 0, true end -- a C function
      local size_of_int, size_of_size, length = byte(text, 8), byte(text, 9), 0
      for i = 1, size_of_size do
        length = length * 256 + byte(text, byte(text, 7) == 1 and 13 + size_of_size - i or 12 + i)
      end
      local at = 12 + size_of_size + length + 2 * size_of_int + 2
      local count, takes_more = byte(text, at), byte(text, at + 1) ~= 0
      known[f] = { count, takes_more }
      return count, takes_more
    end
  end

  -- Programs ask whether a function is the main one of a chunk, to allow it more, and for its parameters.
  local getinfo = debug.getinfo
  set(debug, "getinfo", function(...)
    local f, what = ...
    if type(f) == "thread" then return getinfo(...) end
    if type(f) == "number" then f = f + 1 end
    if what ~= nil and (type(what) ~= "string" or not what:find "S" and not (is_51 and what:find "u")) then
      local info = getinfo(f, what)
      return info
    end
    local info = getinfo(f, what and what .. "f")
    if not info then return info end
    if is_chunk[info.func] and (not what or what:find "S") then info.what, info.linedefined = "main", 0 end
    if is_51 and info.func and (not what or what:find "u") then info.nparams, info.isvararg = parameters(info.func) end
    if what and not what:find "f" then info.func = nil end
    return info
  end)

  set(_G, "load", load)
  set(_G, "loadstring", load)
  set(_G, "loadfile", loadfile)
  set(_G, "dofile", dofile)

  -- Runs a file with arguments; its results.
  function layer.run(path, ...)
    local chunk, why = loadfile(path)
    if not chunk then error(why, 0) end
    return chunk(...)
  end

  return function()
    for i = #searchers, 1, -1 do
      if searchers[i] == searcher then table.remove(searchers, i) end
    end
  end
end
