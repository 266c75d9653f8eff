-- Prints the benchmark's tables and writes them as JSON: report.lua DATA JSON MACHINE (data as bench/run.sh leaves it).
local data_path, json_path, machine = arg[1], arg[2], arg[3] or ""

local function split(line)
  local out = {}
  for field in (line .. "\t"):gmatch "(.-)\t" do out[#out + 1] = field end
  return out
end
local function median(list)
  if not list or #list == 0 then return nil end
  local copy = { (table.unpack or unpack)(list) }
  table.sort(copy)
  local m = math.floor(#copy / 2)
  return #copy % 2 == 1 and copy[m + 1] or (copy[m] + copy[m + 1]) / 2
end
-- t[a][b]... = {} made on the way.
local function sub(t, ...)
  for i = 1, select("#", ...) do
    local k = select(i, ...)
    t[k] = t[k] or {}
    t = t[k]
  end
  return t
end
-- Keys of t in the order in which they were first seen.
local function remember(list, key)
  if not list[key] then
    list[key] = true
    list[#list + 1] = key
  end
end

local rows, luas, columns, errors = {}, {}, {}, {}
local ns, ratios = {}, {} -- [lua][column][row][round]
local cdef, texts, load_times, starts = {}, {}, {}, {}
for line in io.lines(data_path) do
  local f = split(line)
  local kind, lua, column, round = f[1], f[2], f[3], tonumber(f[4])
  if kind == "row" then
    if f[6] ~= "error" then remember(rows, f[5]) end
    if lua ~= "jit" then remember(luas, lua) end
    if lua ~= "jit" then remember(columns, column) end
    if f[6] == "error" then
      errors[("%s, Lua %s, %s: %s"):format(f[5], lua, column, f[7])] = true
    else
      sub(ns, lua, column, f[5])[round] = tonumber(f[6])
      -- The binding is beside every column; its own column is all of that.
      table.insert(sub(ns, lua, "binding", f[5]), tonumber(f[7]))
      sub(ratios, lua, column, f[5])[round] = tonumber(f[8])
    end
  elseif kind == "cdef" then
    remember(texts, f[5])
    texts[f[5]] = tonumber(f[6])
    if not tonumber(f[7]) then
      errors[("cdef %s, Lua %s: %s"):format(f[5], lua, table.concat(f, " ", 7))] = true
    else
      table.insert(sub(cdef, lua, f[5]), tonumber(f[7]))
    end
  elseif kind == "load" then
    for i, k in ipairs(tonumber(f[5]) and { "us", "lua_kb", "rss_kb" } or {}) do table.insert(sub(load_times, lua, k), tonumber(f[4 + i])) end
  elseif kind == "start" then
    for i, k in ipairs { "bare", "with" } do table.insert(sub(starts, lua, k), tonumber(f[4 + i])) end
  end
end

local function of(lua, column, row)
  local t = ns[lua] and ns[lua][column] and ns[lua][column][row]
  if not t then return nil end
  local list = {}
  for _, v in pairs(t) do list[#list + 1] = v end
  return median(list)
end
-- Ratios are of turns next to each other in time, so the machine's slow drift falls out of them.
local function ratio(lua, column, row)
  local list = {}
  for _, v in pairs(sub(ratios, lua, column, row)) do list[#list + 1] = v end
  return median(list)
end
local function number(v, digits) return v and ("%." .. (digits or (v < 10 and 1 or 0)) .. "f"):format(v) or "-" end

local json = { "{\n  \"machine\": " .. ("%q"):format(machine) .. ",\n  \"unit\": \"ns per operation, loop included\",\n  \"rows\": [" }
local entries = {}
local function entry(t)
  local out = {}
  for _, kv in ipairs(t) do
    if kv[2] ~= nil then
      out[#out + 1] = ("%q: %s"):format(kv[1], type(kv[2]) == "number" and ("%.4g"):format(kv[2])
        or '"' .. kv[2]:gsub('[\\"]', "\\%0") .. '"')
    end
  end
  entries[#entries + 1] = "    {" .. table.concat(out, ", ") .. "}"
end

local width = 0
for _, row in ipairs(rows) do width = math.max(width, #row) end
for _, lua in ipairs(luas) do
  print(("\nLua %s: ns per operation, loop included; x is the ratio to the hand-written C binding"):format(lua))
  local head = ("%-" .. width .. "s %8s"):format("", "binding")
  for _, column in ipairs(columns) do head = head .. ("  %8s %6s"):format(column, "x") end
  print(head .. ("  %12s %8s"):format("LuaJIT -joff", "LuaJIT"))
  for _, row in ipairs(rows) do
    local binding = of(lua, "binding", row)
    local line = ("%-" .. width .. "s %8s"):format(row, number(binding))
    entry { { "lua", lua }, { "row", row }, { "column", "binding" }, { "ns", binding } }
    for _, column in ipairs(columns) do
      local v, r = of(lua, column, row), ratio(lua, column, row)
      line = line .. ("  %8s %6s"):format(number(v), number(r, 2))
      if v then entry { { "lua", lua }, { "row", row }, { "column", column }, { "ns", v }, { "ratio", r } } end
    end
    print(line .. ("  %12s %8s"):format(number(of("jit", "LuaJIT -joff", row)), number(of("jit", "LuaJIT", row))))
  end
end
for _, row in ipairs(rows) do
  for _, column in ipairs { "LuaJIT -joff", "LuaJIT" } do
    local v = of("jit", column, row)
    if v then entry { { "lua", "jit" }, { "row", row }, { "column", column }, { "ns", v } } end
  end
end

if #texts > 0 then
  print "\ncdef of preprocessed headers: microseconds (MB/s), in a fresh state"
  local head = ("%-12s %8s"):format("", "bytes")
  for _, lua in ipairs(luas) do head = head .. ("  %16s"):format("Lua " .. lua) end
  print(head .. ("  %16s"):format "LuaJIT")
  for _, text in ipairs(texts) do
    local line = ("%-12s %8d"):format(text, texts[text])
    for i = 1, #luas + 1 do
      local lua = luas[i] or "jit"
      local v = median(cdef[lua] and cdef[lua][text])
      line = line .. ("  %16s"):format(v and ("%.0f (%.0f)"):format(v, texts[text] / v) or "-")
      if v then entry { { "lua", lua }, { "row", "cdef " .. text }, { "us", v }, { "bytes", texts[text] } } end
    end
    print(line)
  end
end

if next(starts) then
  print "\nrequire \"ffi\" in a new process (median)"
  print(("%-10s %22s %22s %16s %16s"):format("", "process without, us", "process with ffi, us", "Lua memory, kB", "resident, kB"))
  for _, lua in ipairs(luas) do
    local s, l = starts[lua] or {}, load_times[lua] or {}
    local bare, with, kb, rss = median(s.bare), median(s.with), median(l.lua_kb), median(l.rss_kb)
    print(("%-10s %22s %22s %16s %16s"):format("Lua " .. lua, number(bare, 0), number(with, 0), number(kb, 1), number(rss, 0)))
    entry { { "lua", lua }, { "row", "start" }, { "process_us", bare }, { "with_ffi_us", with }, { "lua_kb", kb },
      { "resident_kb", rss } }
  end
end

json[#json + 1] = table.concat(entries, ",\n") .. "\n  ]\n}"
local out = assert(io.open(json_path, "w"))
out:write(table.concat(json, "\n"), "\n")
out:close()
print("\nwritten: " .. json_path)

local failed = false
for message in pairs(errors) do
  if not failed then print "\nrows that could not be run:" end
  failed = true
  print("  " .. message)
end
os.exit(failed and 1 or 0)
