-- Reads the logs that run_one_spec.sh left and prints what failed, a table spec file x column, and how many
-- specs ran under which Lua: spec_table.lua FOLDER COLUMN... Exits with 1 if anything failed.
local folder = arg[1]
local columns = {}
for i = 2, #arg do columns[#columns + 1] = arg[i] end

-- Known differences of the oracle: lines "file TestClass.test reason..." of known_differences.txt.
local known = {}
local file = io.open "tests/spec/known_differences.txt"
if file then
  for line in file:lines() do
    local spec, test, reason = line:match "^%s*([^#%s]%S*)%s+(%S+)%s+(.+)$"
    if spec then known[spec:gsub("%.lua$", "") .. " " .. test] = reason end
  end
  file:close()
end

-- The lines to show of a log that ends badly: the report of a sanitiser or of valgrind from its beginning, else the last ones.
local function tail(lines, n)
  local out, first = {}, math.max(1, #lines - n + 1)
  for i, line in ipairs(lines) do
    if line:find "ERROR: %a+Sanitizer" or line:find "runtime error:" or line:find "^==%d+== %u" then
      first = i
      break
    end
  end
  for i = first, math.min(#lines, first + n - 1) do out[#out + 1] = "    " .. lines[i] end
  return table.concat(out, "\n")
end

-- What one log says: {passed=, failed=, skipped=, problems={text...}}
local function read_log(path, spec, oracle)
  local f = assert(io.open(path, "rb"))
  local passed, failed, skipped, exit = nil, 0, 0, nil
  local lines, problems, failing = {}, {}, {}
  for read in f:lines() do
    local line = read:gsub("\r$", "")
    local name, message = line:match "^SPEC%-FAIL\t([^\t]*)\t(.*)$"
    local p, _, s = line:match "^SPEC%-SUM\t(%d+)\t(%d+)\t(%d+)$"
    local e = line:match "^SPEC%-EXIT\t(%d+)"
    if name then
      failing[#failing + 1] = { name = name, message = message }
    elseif p then
      passed, skipped = tonumber(p), tonumber(s)
    elseif e then
      exit = tonumber(e)
    elseif line ~= "" and not line:match "^SPEC%-SKIP" then
      lines[#lines + 1] = line
    end
  end
  f:close()
  local failed_here = {}
  for _, t in ipairs(failing) do
    failed_here[t.name] = true
    if oracle and known[spec .. " " .. t.name] then
      skipped = skipped + 1
    else
      failed = failed + 1
      problems[#problems + 1] = t.name .. ": " .. t.message
    end
  end
  if oracle then
    for key in pairs(known) do
      local of, test = key:match "^(%S+) (%S+)$"
      if of == spec and passed and not failed_here[test] then
        failed = failed + 1
        problems[#problems + 1] = test .. ": listed in known_differences.txt, but LuaJIT does not fail it"
      end
    end
  end
  if not passed then
    failed = failed + 1
    local how = exit == 124 and "took too long" or exit and exit > 128 and ("killed by signal " .. exit - 128)
      or ("exit status " .. tostring(exit))
    problems[#problems + 1] = "did not finish, " .. how .. ":\n" .. tail(lines, 16)
  elseif exit ~= 0 and #failing == 0 then
    failed = failed + 1
    problems[#problems + 1] = ("exit status %d after the tests:\n%s"):format(exit, tail(lines, 16))
  end
  return { passed = passed or 0, failed = failed, skipped = skipped, problems = problems }
end

local function listing(path)
  local p = assert(io.popen("ls " .. path .. " 2>/dev/null"))
  local out = {}
  for line in p:lines() do
    local name = line:match "^(.*)%.log$"
    if name then out[#out + 1] = name end
  end
  p:close()
  return out
end

-- What runs a column and how: "plain-5.3-stub" -> "5.3", "stub"; "c++api-5.4-thunk" -> "5.4++", "api"
local function heads(column)
  local mode, version, backend = column:match "^(%S-)%-(%S-)%-(%a+)$"
  if version == "jit" then return "luajit", "" end
  return version .. (mode:find "^c%+%+" and "++" or ""), mode:find "api$" and "api" or backend
end
local function label(column) return (("%s %s"):format(heads(column)):gsub(" $", "")) end

local rows, names, sums = {}, {}, {}
local problems, where = {}, {} -- what failed, each text once; under which columns
for _, column in ipairs(columns) do
  local sum = { files = 0, passed = 0, failed = 0, skipped = 0 }
  sums[column] = sum
  for _, spec in ipairs(listing(folder .. "/" .. column)) do
    if not rows[spec] then
      rows[spec] = {}
      names[#names + 1] = spec
    end
    local r = read_log(("%s/%s/%s.log"):format(folder, column, spec), spec, column:match "^luajit" ~= nil)
    rows[spec][column] = r
    sum.files = sum.files + 1
    for _, k in ipairs { "passed", "failed", "skipped" } do sum[k] = sum[k] + r[k] end
    for _, problem in ipairs(r.problems) do
      local text = spec .. ": " .. problem
      if not where[text] then
        where[text] = {}
        problems[#problems + 1] = text
      end
      table.insert(where[text], label(column))
    end
  end
end
table.sort(names)
for _, text in ipairs(problems) do
  local ferry = 0
  for _, column in ipairs(columns) do ferry = ferry + (label(column) ~= "luajit" and 1 or 0) end
  local under = table.concat(where[text], ", ")
  if ferry > 1 and #where[text] == ferry and not under:find "luajit" then under = "every Lua and back end" end
  print(("FAILED %s\n       under: %s"):format(text, under))
end

-- The table: passed tests, or passed and failed ones. A column is headed by version, and back end below it.
local width = 10
for _, name in ipairs(names) do width = math.max(width, #name) end
local above, head = (" "):rep(width), ("%-" .. width .. "s"):format "spec file"
for _, column in ipairs(columns) do
  local what, how = heads(column)
  above, head = above .. ("%8s"):format(what), head .. ("%8s"):format(how)
end
print(above)
print(head)
for _, name in ipairs(names) do
  local line = ("%-" .. width .. "s"):format(name)
  for _, column in ipairs(columns) do
    local r = rows[name][column]
    line = line .. ("%8s"):format(r and (r.failed > 0 and ("%d(-%d)"):format(r.passed, r.failed) or tostring(r.passed)) or "-")
  end
  print(line)
end

local results = os.getenv "FERRY_RESULTS"
local out = results and assert(io.open(results, "a"))
local failed = 0
print ""
for _, column in ipairs(columns) do
  local s = sums[column]
  local mode, version, backend = column:match "^(%S-)%-(%S-)%-(%a+)$"
  local said = { plain = "", asan = ", sanitised", ["c++"] = "", ["c++api"] = ", api" }
  local what = mode == "luajit" and "LuaJIT's own ffi"
    or ("Lua %s%s, %s%s"):format(version, mode:find("c++", 1, true) and " C++" or "", backend, said[mode] or ", " .. mode)
  print(("%-26s %3d files, %5d specs passed, %d failed, %d skipped"):format(what, s.files, s.passed, s.failed, s.skipped))
  if out then out:write(("specs %s\t%d\t%d\t%d\n"):format(column, s.passed, s.failed, s.skipped)) end
  failed = failed + s.failed
end
if out then out:close() end
os.exit(failed == 0 and 0 or 1)
