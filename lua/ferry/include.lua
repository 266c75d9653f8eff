-- ffi.include, ffi.macro and ffi.path: C headers as they stand, their macros included.
local ffi = require "ferry.core"
local common = require "ferry.options"
local headers, type = ffi.headers, ffi.type

-- What most programs never need is loaded when it is used: to compile it is a sixth of what a small header costs.
local cache = setmetatable({}, { __index = function(_, name) return require "ferry.cache"[name] end })

-- The macro that is meant where the text of one is nothing but the name of another, `#define f g`, that has parameters.
local function meant(preprocessor, name, macro)
  local at, found, seen = macro, name, {}
  while not seen[found] do
    seen[found] = true
    if at.params then return found, at end
    found = at.text:match "^[%a_\128-\255][%w_$\128-\255]*$"
    at = found and headers.macro(preprocessor, found)
    if not at or at.value ~= nil then break end
  end
  return name, macro
end

-- True and what the name of a macro gives, or false and why it gives nothing; and whether that stays. `state`: of a header, or
-- of a library.
local function macro_value(state, name, macro)
  if macro.value ~= nil then return true, macro.value, true end
  name, macro = meant(state.preprocessor, name, macro)
  local macros = require "ferry.macros"
  if not state.evaluate then
    state.evaluate = (state.target and require "ferry.target" or macros).evaluator(state.preprocessor, state.lib)
  end
  local ok, value = macros.value(state.evaluate, name, macro)
  return ok, value, macro.params ~= nil
end

-- A message of our own code's, without the place there.
local function without_place(message) return require("ferry.macros").without_place(message) end

local function bad_option(name, why, ...) error(("bad option '%s' of include (" .. why .. ")"):format(name, ...), 0) end

-- Whether a name is among those that the option asks for.
local function selects(only)
  if only == nil then return function() return true end end
  if type(only) == "string" then
    local ok, message = pcall(string.find, "", only)
    if not ok then bad_option("only", "%s", message) end
    return function(name) return name:find(only) ~= nil end
  end
  if type(only) ~= "table" then bad_option("only", "pattern or table expected, got %s", type(only)) end
  local set = {}
  for _, name in ipairs(only) do
    if type(name) ~= "string" then bad_option("only", "strings expected, got a %s in it", type(name)) end
    set[name] = true
  end
  return function(name) return set[name] == true end
end

local states = setmetatable({}, { __mode = "k" }) -- namespace -> what it is made of
local path -- ffi.path: made when it is asked for

local namespace = { __metatable = "ffi" }
local methods = {} -- what a namespace has besides C's names, which come first

local function type_named(name) return ffi.typeof(name) end
local function field(name, lib) return lib[name] end

-- True and what a declared name gives, or false and why it gives nothing; and whether that stays, so that the second access
-- is one of a table.
local function declared_value(state, name, is_type)
  if state.target then
    local ok, value = require("ferry.target").value(state.preprocessor, name)
    return ok, value, ok
  end
  local ok, value = pcall(is_type and type_named or field, name, state.lib)
  return ok, value, type(value) == "function" or is_type and ffi.type(value) == "cdata"
end

-- Whether the header declares the name, and as what. It may be kept and cannot be read: the stack may be too small for it.
local function declares(state, name)
  local read, kind = pcall(headers.declares, state.preprocessor, state.declared, name)
  if not read then error(without_place(kind), 3) end
  return kind
end

function namespace.__index(space, name)
  local state = states[space]
  if type(name) ~= "string" then error(("a header is indexed by names, not by a %s"):format(type(name)), 2) end
  if state.selected(name) then
    local macro = headers.macro(state.preprocessor, name)
    if macro then
      local ok, value, stays = macro_value(state, name, macro)
      if not ok then error(value, 2) end
      if stays then rawset(space, name, value) end
      return value
    end
    local kind = declares(state, name)
    if kind then
      local ok, value, stays = declared_value(state, name, kind == "type")
      if not ok then error(without_place(value), 2) end
      if stays then rawset(space, name, value) end
      return value
    end
  end
  if methods[name] then return methods[name] end
  error(("%s has no '%s'"):format(state.header, name), 2)
end

function namespace.__newindex(space, name, value)
  local state = states[space]
  if type(name) == "string" and declares(state, name) and state.selected(name) then
    if state.target then error(("'%s' is of %s, where nothing can be written to"):format(name, state.target), 2) end
    state.lib[name] = value
  else
    error(("%s has no variable '%s'"):format(state.header, tostring(name)), 2)
  end
end

local function names_of(space)
  local state, names, seen = states[space], {}, {}
  for _, list in ipairs { headers.declared(state.preprocessor, state.declared), headers.macros(state.preprocessor) } do
    for _, name in ipairs(list) do
      if not seen[name] and state.selected(name) then names[#names + 1], seen[name] = name, true end
    end
  end
  table.sort(names)
  return names
end

-- What cannot be evaluated is listed without a value: false.
function namespace.__pairs(space)
  local names, i = names_of(space), 0
  return function()
    i = i + 1
    if names[i] == nil then return nil end
    local ok, value = pcall(namespace.__index, space, names[i])
    if not ok or value == nil then value = false end
    return names[i], value
  end
end

function namespace.__tostring(space) return "header: " .. states[space].header end

local include = {}

local known_options = {
  library = true, path = true, define = true, undef = true, pkg = true, only = true, cache = true, target = true,
  profile = true,
}

local profiles = { gcc = true, clang = true, msvc = true }

-- The folder where headers are kept, where that is asked for and there is one that can be trusted.
local function cache_folder(wanted)
  if wanted == nil then wanted = (os and os.getenv and os.getenv "FERRY_CACHE" or "") ~= "" end
  if type(wanted) ~= "boolean" then bad_option("cache", "boolean expected, got %s", type(wanted)) end
  return wanted and cache.folder() or nil
end

-- A preprocessor for what is included; `from` says how.
local function new_preprocessor(from)
  for _, define in ipairs(from.defines) do
    if not define:find "^%s*[^%s=]" then bad_option("define", "a macro without a name: '%s'", define) end
  end
  local made, preprocessor =
    pcall(headers.preprocessor, from.defines, from.undefines, from.folders, from.path, from.target, from.profile)
  if made then return preprocessor end
  if type(preprocessor) ~= "string" or preprocessor:find "memory" then error(preprocessor, 0) end
  bad_option("define", "%s", preprocessor)
end

local separator = "\0"

-- Declares what is kept of such an include, or what it comes to now, which is kept. Nil: it cannot be kept; what is wrong with it
-- the include itself says.
local function declare_kept(folder, from)
  local preprocessor = new_preprocessor(from)
  -- Of the Lua file that includes a header only the folder counts.
  local file = from.file
  if file and not from.own then file = headers.folder(file) end
  local parts = { ffi.VERSION, ffi.os, ffi.arch, from.target or "", from.profile or "", from.text, file or "" }
  for _, list in ipairs { from.defines, from.undefines, headers.folders(preprocessor) } do
    parts[#parts + 1] = #list
    for _, text in ipairs(list) do parts[#parts + 1] = text end
  end
  local key = table.concat(parts, separator)
  -- Options have done their work: the text has what they come to.
  local of_text = headers.preprocessor(nil, nil, nil, from.path, from.target, from.profile)
  local ok, declared, pieces = pcall(headers.declare_kept, of_text, cache.file(folder, key), key)
  if not ok then return nil end
  if not declared then
    local text, files = headers.dump(preprocessor, from.text, file)
    if not text then return nil end
    ok, declared, pieces = pcall(headers.declare, of_text, text, file, true)
    if not ok then return nil end
    if pieces then cache.keep(folder, key, files, pieces) end
  end
  return of_text, declared
end

-- The namespace of a header, or of text that says what to include; `file` is where quotes look beside. Raises without
-- a place.
function include.read(name, options, file)
  for option in pairs(options) do
    if not known_options[option] then error(("include has no option '%s'"):format(tostring(option)), 0) end
  end
  local target = options.target
  if target ~= nil and type(target) ~= "string" then bad_option("target", "string expected, got %s", type(target)) end
  if target then
    local known, why = pcall(headers.target, target)
    if not known then error(without_place(why), 0) end
  end
  if target and options.library ~= nil then bad_option("library", "no library of another target is loaded") end
  local profile = options.profile
  if profile ~= nil and not profiles[profile] then bad_option("profile", "gcc, clang or msvc expected, got %s", tostring(profile)) end
  if profile == "msvc" and not (target and target:find "%-w64%-" or not target and ffi.os == "Windows") then
    bad_option("profile", "msvc is a compiler of Windows's targets")
  end
  local selected = selects(options.only)
  local folders, defines = common.list(options.path, "path", "include"), common.list(options.define, "define", "include")
  local kept = cache_folder(options.cache)
  local function ask() return common.packages(options.pkg, "include", "--cflags", target) end
  local packages = kept and common.list(options.pkg, "pkg", "include") or {}
  common.add_flags(#packages > 0 and cache.flags(kept, packages, common.pkg_config(target), ask) or ask(), folders, defines)
  local header, text = name
  if name:find "\n" then
    header, text = "text", name
  elseif name:match '^[<"].*[>"]$' then
    header, text = name:sub(2, -2), "#include " .. name .. "\n"
  else
    text = '#include "' .. name .. '"\n'
  end
  local from = {
    text = text, file = file, defines = defines, undefines = common.list(options.undef, "undef", "include"), folders = folders,
    path = not target and path and { (table.unpack or unpack)(path) } or nil, own = header == "text", target = target,
    profile = profile,
  }
  local preprocessor, declared
  if kept then preprocessor, declared = declare_kept(kept, from) end
  if not preprocessor then
    local ok
    preprocessor = new_preprocessor(from)
    ok, declared = pcall(headers.declare, preprocessor, text, file)
    if not ok then error(without_place(declared), 0) end
  end
  local library = options.library
  local lib = ffi.C
  if type(library) == "string" then
    local loaded
    loaded, lib = pcall(ffi.load, library)
    if not loaded then error(without_place(lib), 0) end
  elseif type(library) == "table" then
    lib = library
  elseif library ~= nil then
    bad_option("library", "name or library expected, got %s", type(library))
  end
  local state = {
    preprocessor = preprocessor, header = header, lib = lib, declared = declared, selected = selected, from = from,
    target = target,
  }
  local space = setmetatable({}, namespace)
  states[space] = state
  return space
end

-- ffi.include. Quotes look beside the Lua file that includes.
function include.include(name, options)
  if type(name) ~= "string" then
    error(("bad argument #1 to 'include' (string expected, got %s)"):format(type(name)), 3)
  end
  if options ~= nil and type(options) ~= "table" then
    error(("bad argument #2 to 'include' (table expected, got %s)"):format(type(options)), 3)
  end
  local refusal = headers.refusal()
  if refusal then error(refusal, 3) end
  local source = debug and debug.getinfo and debug.getinfo(3, "S").source or ""
  local ok, result = pcall(include.read, name, options or {}, source:match "^@(.*)")
  if not ok then error(result, 3) end
  return result
end

-- The folders that <> looks into: ffi.path. Changes count for the includes that follow.
function include.path()
  if not path then path = headers.folders(nil) end
  return path
end

-- What is known of a macro of ffi.cdef, or of an included header: ffi.macro(name, namespace).
function include.macro(name, space)
  if type(name) ~= "string" then
    error(("bad argument #1 to 'macro' (string expected, got %s)"):format(type(name)), 3)
  end
  local state = space ~= nil and states[space]
  if space ~= nil and not state then error("bad argument #2 to 'macro' (a header's namespace expected)", 3) end
  local macro = headers.macro(state and state.preprocessor or nil, name)
  if macro then macro.name = name end
  return macro
end

-- What the headers of a namespace come to, as text that declares the same where they are not installed.
function include.dump(space)
  local state = states[space]
  if not state then error("bad argument #1 to 'dump' (a header's namespace expected)", 3) end
  local text, why = headers.dump(new_preprocessor(state.from), state.from.text, state.from.file)
  if not text then error(why, 3) end
  return text
end
function methods.dump(...) return (include.dump(...)) end

-- A type by its C text: a ctype, or one of the header's target.
function methods.typeof(space, text)
  local state = states[space]
  if not state then error("bad argument #1 to 'typeof' (a header's namespace expected)", 2) end
  if type(text) ~= "string" then error(("bad argument #1 to 'typeof' (string expected, got %s)"):format(type(text)), 2) end
  local ok, value = pcall(ffi.typeof, text)
  if state.target then
    ok, value = require("ferry.target").value(state.preprocessor, text)
    if ok and not headers.type_text(state.preprocessor, value) then ok, value = false, ("'%s' is no type"):format(text) end
  end
  if not ok then error(without_place(value), 2) end
  return value
end

-- The names of a namespace, sorted; Lua 5.1 has no __pairs.
function include.names(space)
  if not states[space] then error("bad argument #1 to 'include_names' (a header's namespace expected)", 3) end
  return names_of(space)
end

-- What a namespace of ffi.load, or ffi.C, gives for a macro of ffi.cdef that is no constant: true and the value, or false and why
-- not. All is anew once a macro has been defined, which `generation` counts: it may be of any of the texts. Lua 5.1 knows libraries
-- that nobody has any more until then.
local of_cdef, of_generation
function include.value(name, lib, generation)
  if generation ~= of_generation then of_cdef, of_generation = setmetatable({}, { __mode = "k" }), generation end
  local evaluator = of_cdef[lib]
  if not evaluator then
    evaluator = { lib = lib, callable = {} }
    of_cdef[lib] = evaluator
  end
  local value = evaluator.callable[name]
  if value then return true, value end
  local macro = headers.macro(nil, name)
  local ok, stays
  ok, value, stays = macro_value(evaluator, name, macro)
  if ok and stays then evaluator.callable[name] = value end
  return ok, value
end

return include
