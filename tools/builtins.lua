-- Asks gcc and clang which functions they know themselves (`__has_builtin`) and writes src/cpreproc/builtins.def:
--   lua5.4 tools/builtins.lua >src/cpreproc/builtins.def
-- Names to ask for are the words in the compilers' own files. Needs gcc, clang, `strings` and `ldd`.
local function command(text)
  local pipe = assert(io.popen(text))
  local out = pipe:read "*a"
  pipe:close()
  return out
end

local files = { (command "gcc -print-prog-name=cc1":gsub("%s+$", "")) }
local clang = command "readlink -f $(command -v clang)":gsub("%s+$", "")
files[2] = clang
for library in command("ldd " .. clang):gmatch "=> (%S+)" do
  if library:find "clang" then files[#files + 1] = library end
end

local words, seen = {}, {}
local function word(text)
  if not seen[text] and #text < 60 and text:find "^[%a_][%w_]*$" then seen[text], words[#words + 1] = true, text end
end
for _, file in ipairs(files) do
  for text in command("strings -n 3 " .. file):gmatch "[%a_][%w_]*" do
    word(text)
    local plain = text:match "^__builtin_(.*)$"
    if plain then word(plain) else word("__builtin_" .. text) end
  end
end

-- The answer of each is a line of its own: some words are no identifiers within #if.
local function known(compiler)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  for i, text in ipairs(words) do file:write(("#if __has_builtin(%s)\nferry_known %d\n#endif\n"):format(text, i)) end
  file:close()
  local list = {}
  for i in command(compiler .. " -w -E -P -x c " .. path .. " 2>/dev/null"):gmatch "ferry_known (%d+)" do
    local text = words[tonumber(i)]
    -- Those of a processor are known by how they begin.
    if not text:find "^__builtin_ia32_" and not text:find "^__sync_" and not text:find "^__atomic_" then list[text] = true end
  end
  os.remove(path)
  return list
end

local of_gcc, of_clang = known "gcc", known "clang"
table.sort(words)
print "// Made by tools/builtins.lua: do not edit. FUNCTIONS(who, plain, names): a blank around each name. `plain`: known by"
print "// that name and by the name behind __builtin_; otherwise only as it stands."
-- A name that is known with and without `__builtin_` is one row.
local groups = { { "both", true }, { "gcc", true }, { "clang", true }, { "both", false }, { "gcc", false }, { "clang", false } }
for _, group in ipairs(groups) do
  local who, plain = group[1], group[2]
  local names = {}
  local function has(list, name)
    local both = list[name] and list["__builtin_" .. name]
    if plain then return both and true or false end
    local other = name:match "^__builtin_(.*)$"
    return list[name] and not both and not (other and list[other]) or false
  end
  for _, name in ipairs(words) do
    local g, c = has(of_gcc, name), has(of_clang, name)
    if who == "both" and g and c or who == "gcc" and g and not c or who == "clang" and c and not g then names[#names + 1] = name end
  end
  local lines, line = {}, ""
  for _, name in ipairs(names) do
    if #line + #name > 112 then lines[#lines + 1], line = line, "" end
    line = line .. name .. " "
  end
  lines[#lines + 1] = line
  print(("FUNCTIONS(%s, %s,"):format(who, tostring(plain)))
  for i, text in ipairs(lines) do print(('  "%s%s"%s'):format(i == 1 and " " or "", text, i == #lines and ")" or "")) end
end
