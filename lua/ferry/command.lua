-- The command `ferry`: runs, translates and checks programs written for LuaJIT, and says what Ferry found on this host.
local usage = [=[
usage: ferry [options] [script [arguments]]
  -e text      run the text
  -l module    require the module
  -            run standard input
  --version    say the versions
  --help       this text
or: ferry lint file...          name the lines that need translation, or mean something else on this Lua
    ferry translate file        print the file as this Lua understands it (--dialect 5.1 to 5.5 for another one)
    ferry dump header...        print what headers come to, for machines without them (-Ifolder, -Dname=text,
                                -Uname, --pkg name, --target aarch64-linux-gnu)
    ferry doctor                say what runs the calls here, and why
]=]

local function fail(message)
  io.stderr:write("ferry: ", message, "\n")
  os.exit(1)
end

local function read(path)
  local file, why = path == "-" and io.stdin or io.open(path, "rb")
  if not file then fail("cannot open " .. why) end
  local text = file:read "*a"
  if not text then fail("cannot read " .. path) end
  return text
end

-- The dialect in `words`, whose option it takes out.
local function take_dialect(words)
  for i = 1, #words do
    if words[i] == "--dialect" then
      local dialect = words[i + 1]
      if not dialect or not dialect:match "^5%.[1-5]$" then fail "--dialect takes 5.1 to 5.5" end
      table.remove(words, i)
      table.remove(words, i)
      return dialect
    end
  end
end

local commands = {}

function commands.translate(ferry, words)
  local dialect = take_dialect(words)
  if #words ~= 1 then fail "translate takes one file" end
  local text, why = ferry.translate(read(words[1]), words[1], { dialect = dialect, program = true })
  if not text then fail(why) end
  io.write(text)
  return 0
end

-- Headers are named as in #include: in quotes or brackets, or neither.
function commands.dump(ferry, words)
  local include = require "ferry.include"
  local options, lines, i = { path = {}, define = {}, undef = {}, pkg = {} }, {}, 1
  local lists = { ["-I"] = options.path, ["-D"] = options.define, ["-U"] = options.undef }
  while words[i] do
    local word = words[i]
    local list = word == "--pkg" and options.pkg or lists[word:sub(1, 2)]
    if word == "--target" then
      i = i + 1
      options.target = words[i] or fail "--target takes a word"
    elseif list then
      local value = word ~= "--pkg" and word:sub(3) or ""
      if value == "" then
        i = i + 1
        value = words[i] or fail(word .. " takes a word")
      end
      list[#list + 1] = value
    elseif word:match "^%-." then
      fail("unknown option " .. word)
    else
      lines[#lines + 1] = "#include " .. (word:match '^[<"]' and word or '"' .. word .. '"') .. "\n"
    end
    i = i + 1
  end
  if #lines == 0 then fail "dump takes headers" end
  local ok, text = pcall(function() return include.dump(include.read(table.concat(lines), options)) end)
  if not ok then fail(text) end
  io.write(text)
  return 0
end

-- What is the same text and means something else: pattern, and what to know.
local meanings = {
  { "%f[%w_]setfenv%f[^%w_]", "setfenv: there from ferry.luajit on; 5.2 and later have _ENV" },
  { "%f[%w_]getfenv%f[^%w_]", "getfenv: there from ferry.luajit on; 5.2 and later have _ENV" },
  { "%f[%w_]module%s*[%(\"']", "module: there from ferry.luajit on; gone in 5.2 and later" },
  { "%f[%w_]unpack%s*%(", "unpack: there from ferry.luajit on; table.unpack in 5.2 and later" },
  { "%f[%w_]loadstring%f[^%w_]", "loadstring: there from ferry.luajit on; load in 5.2 and later" },
  { "jit%.util%.funcbc", "jit.util.funcbc: there is no bytecode of LuaJIT" },
  { "jit%.util%.trace", "jit.util.trace...: there are no traces" },
  { "require%s*%(?%s*[\"']jit%.[bdvpz]", "jit.bc, jit.dump, jit.v, jit.p: there are no bytecode and traces of LuaJIT" },
  { "lua_State%s*%*", "lua_State *: C functions of Lua's API cannot be called through ffi here" },
  { "string%.dump%f[^%w_]", "string.dump: bytecode of this Lua, not LuaJIT's" },
}

function commands.lint(ferry, words)
  local dialect = take_dialect(words)
  local found = 0
  if #words == 0 then fail "lint takes files" end
  for _, path in ipairs(words) do
    local text = read(path)
    local _, why, notes = ferry.translate(text, path, { dialect = dialect, notes = true })
    notes = notes or {}
    if not _ then
      print((why:gsub(": line (%d+): ", ":%1: ", 1)))
      found = found + 1
    end
    local number = 0
    for line in (text:gsub("\r\n", "\n") .. "\n"):gmatch "(.-)\n" do
      number = number + 1
      for _, row in ipairs(meanings) do
        if not line:find "^%s*%-%-" and line:find(row[1]) then notes[#notes + 1] = { line = number, text = row[2] } end
      end
    end
    for i, note in ipairs(notes) do note.index = i end
    table.sort(notes, function(a, b)
      if a.line ~= b.line then return a.line < b.line end
      return a.index < b.index
    end)
    for _, note in ipairs(notes) do print(("%s:%d: %s"):format(path, note.line, note.text)) end
    found = found + #notes
  end
  return found == 0 and 0 or 1
end

local function interpreter()
  local i = 0
  while arg and arg[i - 1] do i = i - 1 end
  return arg and arg[i] or "?"
end

-- The file of the C part; Lua 5.1 has no package.searchpath.
local function module_file()
  for template in package.cpath:gmatch "[^;]+" do
    local path = template:gsub("%?", "ferry/core")
    local file = io.open(path, "rb")
    if file then
      file:close()
      return path
    end
  end
end

function commands.doctor(ferry)
  local function row(name, value) print(("%-16s%s"):format(name, value)) end
  row("Lua", _VERSION .. " (" .. interpreter() .. ")")
  row("Ferry", module_file() or "ferry.core is loaded")
  row("host", ferry.os .. " " .. ferry.arch)
  row("back end", ferry.backend .. (os.getenv "FERRY_BACKEND" and " (FERRY_BACKEND)" or ""))
  row("stack access", ferry.stack .. (os.getenv "FERRY_STACK" and " (FERRY_STACK)" or ""))
  local known = ferry.debug()
  row("pages", (known.code.page_method or "no native code") .. (os.getenv "FERRY_PAGES" and " (FERRY_PAGES)" or ""))
  row("checks", known.checks and "on" .. (os.getenv "FERRY_CHECK" and " (FERRY_CHECK)" or "") or "off")
  for _, name in ipairs { "thunk", "stub", "libffi", "direct stack access" } do
    if known.off[name] then row("off", name .. ": " .. known.off[name]) end
  end
  row("pointer size", ferry.sizeof "void *" .. " bytes")
  ferry.cdef "int ferry_doctor_abs(int) __asm__(\"abs\");"
  row("a call", ferry.C.ferry_doctor_abs(-1) == 1 and "works" or "gives a wrong result")
  local callback_ok, why = pcall(function()
    local f = ferry.cast("int (*)(int)", function(x) return x + 1 end)
    assert(f(1) == 2)
    f:free()
  end)
  row("a callback", callback_ok and "works" or why)
  local code = ferry.debug().code
  row("native code", ("%d pages, %d blocks, %d bytes"):format(code.pages or 0, code.blocks or 0, code.bytes or 0))
  for _, name in ipairs { "z", "sqlite3", "crypto", "ssl" } do
    row("lib" .. name, pcall(ferry.load, name) and "found" or "not found")
  end
  return 0
end

return function(words, version)
  local ok, ferry = pcall(require, "ferry.core")
  if not ok then fail("Ferry is not installed for " .. _VERSION .. ":\n" .. tostring(ferry)) end
  local command = commands[words[1]]
  if command then
    local rest = {}
    for i = 2, #words do rest[#rest + 1] = words[i] end
    os.exit(command(ferry, rest))
  end
  local i, before = 1, {}
  while words[i] and words[i]:sub(1, 1) == "-" and words[i] ~= "-" do
    local word = words[i]
    if word == "--version" or word == "-v" then
      print("Ferry " .. version .. ", " .. _VERSION .. ", back end " .. ferry.backend)
      os.exit(0)
    elseif word == "--help" or word == "-h" then
      io.write(usage)
      os.exit(0)
    elseif word == "--" then
      i = i + 1
      break
    elseif word == "-e" or word == "-l" then
      if not words[i + 1] then fail(word .. " takes a word") end
      before[#before + 1] = { word, words[i + 1] }
      i = i + 1
    elseif word:match "^%-[el]." then
      before[#before + 1] = { word:sub(1, 2), word:sub(3) }
    else
      fail("unknown option " .. word .. "\n" .. usage)
    end
    i = i + 1
  end
  local script = words[i]
  if not script and #before == 0 then
    io.stderr:write(usage)
    os.exit(1)
  end
  local layer = require "ferry.luajit"
  local arguments = { [0] = script }
  for j = -i, #words do arguments[j - i] = words[j] end
  arg = arguments
  require "ferry.luajit.program"(layer, "ferry", arguments, function(...)
    for _, option in ipairs(before) do
      if option[1] == "-e" then
        assert(loadstring(option[2], "=(command line)"))()
      else
        _G[option[2]] = require(option[2])
      end
    end
    if script == "-" then return assert(loadfile())(...) end
    if script then return layer.run(script, ...) end
  end)
end
