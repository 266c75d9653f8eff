-- Makes the benchmark's picture, and the README's table: plot.lua JSON SVG [README]
--   lua5.4 bench/plot.lua build/bench.json docs/benchmark.svg README.md
-- JSON as bench/report.lua writes it, one entry per line. In the README what stands between the two comment lines that
-- name this file is replaced. The same JSON gives the same bytes.
local json_path, svg_path, readme_path = arg[1], arg[2], arg[3]
assert(svg_path, "usage: plot.lua JSON SVG [README]")

-- What is compared: the series of the picture, and the Luas of the table. `lua` is where the binding's time is from.
local kPictureLua = "5.4"
local kSeries = {
  { lua = "5.4", column = "thunk", label = "Ferry: native code (thunk)", class = "a" },
  { lua = "5.4", column = "stub", label = "Ferry: no code generated (stub)", class = "b" },
  { lua = "jit", column = "LuaJIT -joff", label = "LuaJIT's own ffi, interpreter", class = "c" },
}
local kTableLuas = { "5.4", "5.3" }
local kColumn, kApiColumn = "thunk", "api"
-- Not shown: the empty loop is the noise, and the loops over elements have other units than the binding.
local kNotShown = { "^empty loop$", "/ a table$", "/ tables$", "/ the least userdata$" }
-- Above this a row is slower; what is nearer to 1 is as fast as by hand.
local kSlower = 1.1
-- Why rows are slower, where there is a reason in the matter itself. Said only of those that are.
local kReasons = {
  { { "void(void)" }, "there is nothing to convert; what is left is refusing arguments, keeping `errno` and being ready for callbacks" },
  { { "int(int,int), local f", "int(int,int), lib.f / C.f", "double(double,double)", "int64(int64,int64)", "8 ints", 'strlen("hello")' },
    "the API has no function that takes a number but not a string, so a number is two calls of it; and the arguments are counted" },
  { { "T()", "ffi.constructor(T)()" }, "an object is 16 bytes larger than by hand, for its header, and `T` is found by `__call`" },
  { { "ffi.new(T)" }, "the type is an argument that has to be recognised" },
  { { "obj:method(i), opaque handle" }, "by hand the methods are the `__index` table itself; here a misspelt method is an error, and "
    .. "methods may be replaced at any time" },
  { { "callback int(int) from a C loop", "Lua function as argument, called once", "qsort 1e5 ints, const int & / numbers" },
    "every entry from C asks for the thread, keeps `errno` and can fail without jumping over C" },
}

-- --- data --------------------------------------------------------------------------------------------------------

local rows, values, seen = {}, {}, {}
for line in io.lines(json_path) do
  if line:match '^%s*{"lua":' then
    -- Strings, which may have commas in them, are taken out before the line is cut at commas.
    local strings = {}
    local plain = line:gsub('\\"', "\1"):gsub('"([^"]*)"', function(s)
      strings[#strings + 1] = s:gsub("\1", '"'):gsub("\\\\", "\\")
      return "$" .. #strings
    end)
    local entry = {}
    for key, value in plain:gmatch "$(%d+): ([^,}]+)" do
      local reference = value:match "^$(%d+)"
      entry[strings[tonumber(key)]] = reference and strings[tonumber(reference)] or tonumber(value)
    end
    if entry.column and entry.row then
      if not seen[entry.row] then
        seen[entry.row] = true
        rows[#rows + 1] = entry.row
      end
      values[entry.lua .. "|" .. entry.column .. "|" .. entry.row] = entry
    end
  end
end
assert(#rows > 0, json_path .. ": no rows")

local function of(lua, column, row) return values[lua .. "|" .. column .. "|" .. row] end
-- The ratio to the binding, where both were measured.
local function ratio(series, row)
  local it, unit = of(series.lua, series.column, row), of(kPictureLua, "binding", row)
  if not it or not unit or not unit.ns then return nil end
  return it.ratio or it.ns / unit.ns
end

local function is_shown(row)
  for _, pattern in ipairs(kNotShown) do
    if row:find(pattern) then return false end
  end
  return ratio(kSeries[1], row) ~= nil
end
-- Rows that have a ratio, in the order of the benchmark.
local shown = {}
for _, row in ipairs(rows) do
  if is_shown(row) then shown[#shown + 1] = row end
end

-- --- picture -----------------------------------------------------------------------------------------------------
-- One group of bars per row, from 1 to the left (faster) or right (slower), on a logarithmic axis: twice as fast and
-- twice as slow are bars of the same length.
--
--        name |   0.40 ####|          |
--             |            |######### | 1.85

local kName, kPlot, kRight = 304, 540, 46 -- widths: names, axis, room for the last label
local kTop, kBar, kGap = 78, 10, 9        -- heights: above the first row, a bar, between rows
local kLow, kHigh = 1 / 4, 8              -- ends of the axis; longer bars end there, their labels say what they are
local kTicks = { { 1 / 4, "¼" }, { 1 / 2, "½" }, { 1, "1" }, { 2, "2" }, { 4, "4" }, { 8, "8" } }

local group = #kSeries * kBar + kGap
local width, height = kName + kPlot + kRight, kTop + #shown * group + 30
local function x_of(value)
  value = math.max(kLow, math.min(kHigh, value))
  return kName + kPlot * math.log(value / kLow) / math.log(kHigh / kLow)
end
local function number(v) return (("%.1f"):format(v):gsub("%.0$", "")) end
local function escape(s) return (s:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"):gsub('"', "&quot;")) end

local out = {}
local function put(format, ...) out[#out + 1] = format:format(...) end
local function text(class, x, y, s, anchor)
  put('<text class="%s" x="%s" y="%s"%s>%s</text>', class, number(x), number(y),
    anchor and (' text-anchor="%s"'):format(anchor) or "", escape(s))
end

put('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">', width, height, width, height)
put "<title>Time per operation relative to a binding written by hand in C, Lua 5.4</title>"
-- Both schemes have a background of their own, so that it can be read wherever it is shown.
put [[<style>
text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: #1f2328 }
.head { font-size: 14px; font-weight: bold }
.soft, .value { fill: #59636e; font-size: 10px }
.soft { font-size: 11px }
.back { fill: #ffffff }
.band { fill: #f6f8fa }
.line { stroke: #d1d9e0 }
.one { stroke: #1f2328; stroke-width: 1.5 }
.a { fill: #0072b2 } .b { fill: #e69f00 } .c { fill: #9198a1 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .soft, .value { fill: #9198a1 }
  .back { fill: #0d1117 }
  .band { fill: #151b23 }
  .line { stroke: #3d444d }
  .one { stroke: #f0f6fc }
  .a { fill: #56b4e9 } .c { fill: #656c76 }
}
</style>]]
put('<rect class="back" width="%d" height="%d" rx="6"/>', width, height)
text("head", 14, 23, "Time per operation, relative to a binding written by hand in C (1), Lua " .. kPictureLua)
do
  local x = 14
  for _, series in ipairs(kSeries) do
    put('<rect class="%s" x="%d" y="34" width="11" height="11"/>', series.class, x)
    text("soft", x + 16, 43.5, series.label)
    x = x + 38 + #series.label * 6
  end
end

local bottom = kTop + #shown * group
for i = 1, #shown, 2 do
  put('<rect class="band" x="0" y="%d" width="%d" height="%d"/>', kTop + (i - 1) * group, width, group)
end
for _, tick in ipairs(kTicks) do
  local x = number(x_of(tick[1]))
  put('<line class="%s" x1="%s" x2="%s" y1="%d" y2="%d"/>', tick[1] == 1 and "one" or "line", x, x, kTop - 4, bottom + 4)
  text("soft", x_of(tick[1]), kTop - 9, tick[2], "middle")
  text("soft", x_of(tick[1]), bottom + 18, tick[2], "middle")
end
text("soft", x_of(1) - 26, kTop - 9, "← faster", "end")
text("soft", x_of(1) + 26, kTop - 9, "slower →")

for i, row in ipairs(shown) do
  local top = kTop + (i - 1) * group + kGap / 2
  text("name", kName - 44, top + #kSeries * kBar / 2 + 4, row, "end")
  for k, series in ipairs(kSeries) do
    local r = ratio(series, row)
    if r then
      local one, x = x_of(1), x_of(r)
      local left, length = math.min(one, x), math.max(1, math.abs(x - one))
      local y = top + (k - 1) * kBar
      put('<rect class="%s" x="%s" y="%s" width="%s" height="%d"/>', series.class, number(left), number(y + 0.5),
        number(length), kBar - 1)
      text("value", r < 1 and left - 4 or left + length + 4, y + kBar - 1.5, ("%.2f"):format(r), r < 1 and "end" or nil)
    end
  end
end
put "</svg>"

local svg = assert(io.open(svg_path, "wb"))
svg:write(table.concat(out, "\n"), "\n")
svg:close()

-- --- table -------------------------------------------------------------------------------------------------------

if not readme_path then return end

local function markdown(s) return (s:gsub("[%[%]*_<>|]", "\\%0"):gsub("&", "&amp;")) end
local lines = {}
local function line(format, ...) lines[#lines + 1] = format:format(...) end

local head, rule = "| |", "|---|"
for _, lua in ipairs(kTableLuas) do
  head, rule = head .. (" Ferry, Lua %s | by the API | by hand |"):format(lua), rule .. "---:|---:|---:|"
end
line("%s", head)
line("%s", rule)
local slower, faster = {}, {}
for _, row in ipairs(shown) do
  local cells = "| " .. markdown(row) .. " |"
  for _, lua in ipairs(kTableLuas) do
    local it, unit = of(lua, kColumn, row), of(lua, "binding", row)
    if it and it.ratio and it.ratio < 1 then faster[lua] = (faster[lua] or 0) + 1 end
    for _, column in ipairs { kColumn, kApiColumn } do
      local r = (of(lua, column, row) or {}).ratio
      if r and r > kSlower then slower[row] = true end
      cells = cells .. (r and (r > kSlower and " **%.2f** |" or " %.2f |"):format(r) or " |")
    end
    cells = cells .. (unit and unit.ns and (" %.0f ns |"):format(unit.ns) or " |")
  end
  line("%s", cells)
end
line ""
local counts = {}
for _, lua in ipairs(kTableLuas) do counts[#counts + 1] = ("%d on Lua %s"):format(faster[lua] or 0, lua) end
line("*By the API*: with `FERRY_STACK=api`, or where Lua's stack is not as expected. Of these %d rows Ferry is otherwise faster "
  .. "than the binding in %s.", #shown, table.concat(counts, " and "))
if next(slower) then
  lines[#lines] = lines[#lines] .. " What is slower by more than a tenth is **bold**:"
  line ""
  for _, reason in ipairs(kReasons) do
    local names = {}
    for _, row in ipairs(reason[1]) do
      if slower[row] then names[#names + 1] = markdown(row) end
      slower[row] = nil
    end
    if #names > 0 then line("- %s: %s.", table.concat(names, "; "), reason[2]) end
  end
  local others = {}
  for _, row in ipairs(shown) do
    if slower[row] then others[#others + 1] = markdown(row) end
  end
  if #others > 0 then line("- Slower without a reason of that kind: %s.", table.concat(others, "; ")) end
end

local readme = assert(io.open(readme_path, "rb"))
local old = readme:read "*a"
readme:close()
local first, last = "<!-- written by bench/plot.lua -->\n", "<!-- end of what bench/plot.lua writes -->\n"
local from, to = select(2, old:find(first, 1, true)), old:find(last, 1, true)
assert(from and to and to > from, readme_path .. ": no place for the table")
readme = assert(io.open(readme_path, "wb"))
readme:write(old:sub(1, from), table.concat(lines, "\n"), "\n", old:sub(to))
readme:close()
