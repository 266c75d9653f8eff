-- ferry.cc: C source compiled by the machine's own compiler and included, for what headers and Lua cannot do. Nothing
-- here runs unless it is called.
local ffi = require "ferry"
local common = require "ferry.options"
local include = require "ferry.include"
local cache = require "ferry.cache"
local needs = require("ferry.host").needs
local headers = ffi.headers

local windows = ffi.os == "Windows"

-- For the system's shell: the program that os.execute starts.
local function quoted(word)
  if windows then return '"' .. word:gsub('(\\*)"', '%1%1\\"'):gsub("(\\+)$", "%1%1") .. '"' end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end
-- Windows's takes the first quotation mark and the last one away.
local function run(command) os.execute(windows and '"' .. command .. '"' or command) end

-- Raises without a place: the function of this module says whose call it was.
local function fail(text, ...) error(text:format(...), 0) end

-- Adds the strings of a list to a command line, each with `prefix` and quoted for the shell.
local function add_words(out, list, prefix)
  for _, word in ipairs(list) do out[#out + 1] = quoted(prefix .. word) end
end

-- The files that a rule of make (`cc -MD`) names as what its target is made of, but for `code`.
local function dependencies(rule, code)
  local list = {}
  rule = rule:gsub("\\\r?\n", " "):gsub("^.-:%s", "", 1)
  for word in rule:gsub("\\ ", "\1"):gmatch "%S+" do
    local path = word:gsub("\1", " "):gsub("%$%$", "$"):gsub("\\#", "#")
    if path ~= code then list[#list + 1] = path end
  end
  return list
end

-- What the object is called while the files that it is made of are as they are now; nil: one of them is gone.
local function object_name(key, files)
  local stamps = {}
  for i, path in ipairs(files) do
    local stamp = headers.stamp(path)
    if not stamp then return nil end
    stamps[i] = path .. "\0" .. stamp
  end
  return ("%s-%s.%s"):format(key, headers.digest(table.concat(stamps, "\0")), windows and "dll" or "so")
end

-- The object that was compiled of this text and command before, if the files that it included are still the same.
local function compiled_before(folder, key, whole)
  local known = cache.read(folder .. "/" .. key .. ".deps")
  if not known or known:sub(1, #whole + 1) ~= whole .. "\0" then return nil end
  local files = {}
  for path in known:sub(#whole + 2):gmatch "[^\n]+" do files[#files + 1] = path end
  local name = object_name(key, files)
  local path = name and folder .. "/" .. name
  return path and headers.stamp(path) and path
end

-- The path of the shared object of this text; `before` and `after`: what the command line says before and after it.
local function compile(text, before, after)
  local folder, why = cache.folder()
  if not folder then fail("%s", why) end
  local whole = table.concat({ ffi.os, ffi.arch, before, after, text }, "\0")
  local key = headers.digest(whole)
  local found = compiled_before(folder, key, whole)
  if found then return found end
  local base = cache.new_path(folder, key)
  local code, object, rule, log, list = base .. ".c", base .. ".tmp", base .. ".d", base .. ".log", base .. ".deps"
  local file = assert(io.open(code, "wb"))
  file:write(text)
  file:close()
  run(("%s -MD -MT object -MF %s -o %s -x c %s -x none %s >%s 2>&1"):format(
    before, quoted(rule), quoted(object), quoted(code), after, quoted(log)))
  local said, files = (cache.read(log) or ""):gsub("%s+$", ""), dependencies(cache.read(rule) or "", code)
  os.remove(code)
  os.remove(log)
  os.remove(rule)
  if not headers.stamp(object) then
    local no_such_program = said:find "not found" or said:find "recogni[sz]e"
    if no_such_program and not said:find "error:" then fail("there is no C compiler: %s (CC names another)", said) end
    fail("the compiler refuses the source:\n%s", said)
  end
  local name = object_name(key, files)
  if not name then
    os.remove(object)
    fail("a file that the source includes is gone: %s", table.concat(files, ", "))
  end
  -- The list first: an object without one is not looked for.
  file = assert(io.open(list, "wb"))
  file:write(whole, "\0", table.concat(files, "\n"), "\n")
  file:close()
  assert(headers.replace(list, folder .. "/" .. key .. ".deps"))
  assert(headers.replace(object, folder .. "/" .. name))
  return folder .. "/" .. name
end

-- Where the source stands in the Lua file that calls: the line of its first character, and the file's path.
local function place_of(source)
  local level, caller = 3, nil
  repeat -- a tail call leaves no frame of the function that made it
    caller = debug and debug.getinfo and debug.getinfo(level, "Sl")
    level = level + 1
  until not caller or caller.currentline > 0
  if not caller then return 1, "source" end
  local path = caller.source:match "^@(.*)"
  if not path then return caller.currentline, (caller.short_src:gsub('["\\\n]', " ")) end
  -- A long string's first newline is not in the source: where the text really is says the file.
  local text, line = cache.read(path), caller.currentline
  if text then
    text = text:gsub("\r\n", "\n")
    local from, at = 1, 1
    while at < line do
      local newline = text:find("\n", from, true)
      if not newline then break end
      from, at = newline + 1, at + 1
    end
    local start = text:find(source, from, true)
    if start then
      local _, newlines = text:sub(from, start - 1):gsub("\n", "")
      line = at + newlines
    end
  end
  return line, path
end

local known_options = { flags = true, libs = true, path = true, define = true, undef = true, pkg = true, only = true }

local function build(source, options, line, file)
  needs("cc", "io.open", "os.execute", "os.getenv", "os.rename", "os.remove")
  for option in pairs(options) do
    if not known_options[option] then fail("cc has no option '%s'", tostring(option)) end
  end
  local compiler = os.getenv "CC"
  local function list(name) return common.list(options[name], name, "cc") end
  local folders, defines, undefines = list "path", list "define", list "undef"
  local package_flags = common.packages(options.pkg, "cc", "--cflags")
  if not compiler or compiler == "" then compiler = windows and "gcc" or "cc" end
  local before, after = { compiler, windows and "-O2 -shared" or "-O2 -shared -fPIC" }, {}
  add_words(before, folders, "-I")
  add_words(before, { (select(2, headers.folder(file))) }, "-iquote")
  add_words(before, defines, "-D")
  add_words(before, undefines, "-U")
  before[#before + 1] = package_flags
  common.add_flags(package_flags, folders, defines)
  if type(options.flags) == "string" then before[#before + 1] = options.flags else add_words(before, list "flags", "") end
  add_words(after, list "libs", "-l")
  after[#after + 1] = common.packages(options.pkg, "cc", "--libs")
  -- The compiler's messages and the debugger name the Lua file.
  local text = ('#line %d "%s"\n%s\n'):format(line, file:gsub('["\\]', "\\%0"), source)
  local library = compile(text, table.concat(before, " "), table.concat(after, " "))
  return include.read(text, { library = library, path = folders, define = defines, undef = undefines, only = options.only }, file)
end

-- cc(source, options): the namespace of what the source declares.
return function(source, options)
  if type(source) ~= "string" then
    error(("bad argument #1 to 'cc' (string expected, got %s)"):format(type(source)), 2)
  end
  if options ~= nil and type(options) ~= "table" then
    error(("bad argument #2 to 'cc' (table expected, got %s)"):format(type(options)), 2)
  end
  local refusal = headers.refusal()
  if refusal then error(refusal, 2) end
  local ok, result = pcall(build, source, options or {}, place_of(source))
  if not ok then error(result, 2) end
  return result
end
