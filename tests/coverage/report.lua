-- Which lines of src/ ran: report.lua REASONS <JSON, one document of gcov's a line. Prints a table of folders, the files, the
-- lines that did not run and the places that raise errors and were not reached; those that REASONS explains are counted apart.
-- Exits with 1 below 94 % of the lines, and where a reason explains nothing any more.
-- Of what several Luas or templates make of a line it is enough that one ran; a place that raises has to have been reached, not its line,
-- unless the line begins with it.
local kLeast = 94
local files = {} -- name -> { [line] = { ran=, whole= } }

for document in io.lines() do
  -- Headers are found by the include roots of the build, build-coverage/roots/ctype/ctype/layout.h.
  for entries, name in document:gmatch '"lines": (%b[]), "functions": %b[], "file": "([^"]*)"' do
    name = name:gsub("^.*/roots/[^/]+/", "src/"):gsub("^.*/src/", "src/")
    if name:find "^src/" then
      local lines = files[name] or {}
      files[name] = lines
      for entry in entries:gsub('"branches": %b[]', ""):gmatch "%b{}" do
        local number, count = tonumber(entry:match '"line_number": (%d+)'), tonumber(entry:match '"count": (%d+)')
        local line = lines[number] or {}
        lines[number] = line
        if count > 0 then
          line.ran = true
          line.whole = line.whole or not entry:find '"unexecuted_block": true'
        end
      end
    end
  end
end

-- FILE<TAB>TEXT OF THE LINE<TAB>REASON; a file that ends in / is a folder, a text of * all lines that did not run.
local reasons = {}
for line in io.lines(arg[1]) do
  local file, text, why = line:match "^([^#\t]+)\t+([^\t]+)\t+(.+)$"
  if file then reasons[#reasons + 1] = { file = file, text = text, why = why, used = 0 } end
end
local function reason(file, text)
  for _, r in ipairs(reasons) do
    if (r.file == file or r.file:sub(-1) == "/" and file:sub(1, #r.file) == r.file) and (r.text == "*" or text:find(r.text, 1, true)) then
      r.used = r.used + 1
      return r.why
    end
  end
end

-- A Lua error is raised only in src/lua (src/lua/state/raise.h).
local function raises(name, text)
  return name:find "^src/lua/" and not text:find "^%s*//" and not text:find "noreturn"
    and (text:find "%f[%w_]raise[%w_]*%(" or text:find "%f[%w_]lua_error%(" or text:find "%f[%w_]luaL_error%(")
end

local names, folders, order = {}, {}, {}
for name in pairs(files) do names[#names + 1] = name end
table.sort(names)
local missing, silent, raising, reached, explained = {}, {}, 0, 0, 0
local function add(t, lines, ran)
  t.lines, t.ran = (t.lines or 0) + lines, (t.ran or 0) + ran
end
local total, per_file = {}, {}
for _, name in ipairs(names) do
  local text, lines, ran, at = {}, 0, 0, {}
  for l in assert(io.open(name)):lines() do text[#text + 1] = l end
  local numbers = {}
  for n in pairs(files[name]) do numbers[#numbers + 1] = n end
  table.sort(numbers)
  for _, n in ipairs(numbers) do
    local l = files[name][n]
    local is_raise = raises(name, text[n])
    local is_reached = l.whole or l.ran and (text[n]:find "^%s*raise[%w_]*%(" or text[n]:find "^%s*return lua_error%(") ~= nil
    lines = lines + 1
    if l.ran then ran = ran + 1 end
    if is_raise then
      raising = raising + 1
      if is_reached then reached = reached + 1 end
    end
    if not l.ran or is_raise and not is_reached then
      if reason(name, text[n]) then
        explained = explained + 1
      else
        if not l.ran then at[#at + 1] = ("%5d  %s"):format(n, text[n]) end
        if is_raise then silent[#silent + 1] = ("%s:%d: %s"):format(name, n, text[n]:match "^%s*(.*)") end
      end
    end
  end
  local folder = name:match "^(.*)/"
  if not folders[folder] then
    folders[folder] = {}
    order[#order + 1] = folder
  end
  add(folders[folder], lines, ran)
  add(total, lines, ran)
  per_file[#per_file + 1] = { name = name, lines = lines, ran = ran }
  if #at > 0 then missing[#missing + 1] = name .. "\n" .. table.concat(at, "\n") end
end

local function row(name, t) print(("%-40s %6d %6d %7.1f %%"):format(name, t.lines, t.ran, 100 * t.ran / math.max(t.lines, 1))) end
print(("%-40s %6s %6s %9s"):format("folder", "lines", "ran", ""))
table.sort(order)
for _, folder in ipairs(order) do row(folder, folders[folder]) end
row("total", total)
if arg[2] == "files" then
  print()
  for _, f in ipairs(per_file) do row(f.name, f) end
end
if #missing > 0 then print("\nlines that did not run\n" .. table.concat(missing, "\n")) end
if #silent > 0 then print("\nplaces that raise, not reached\n" .. table.concat(silent, "\n")) end
local stale = {}
for _, r in ipairs(reasons) do
  if r.used == 0 then stale[#stale + 1] = r.file .. ": " .. r.text end
end
if #stale > 0 then print("\nreasons that explain nothing\n" .. table.concat(stale, "\n")) end
print(("\n%d of %d lines ran (%.1f %%), %d of %d places that raise were reached; %d lines have a reason")
  :format(total.ran, total.lines, 100 * total.ran / total.lines, reached, raising, explained))
os.exit(100 * total.ran / total.lines >= kLeast and #stale == 0)
