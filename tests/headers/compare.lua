-- What ffi.include makes of C headers, compared with what gcc makes of them: layouts of records, enum constants, macros by
-- their values, function-like ones called with several arguments.
--   lua compare.lua FOLDER OPTIONS-FILE SEEN-FILE
-- FOLDER has the text, `text.c`, and takes what is made: the C programs, `counts` (lines "NAME number"), `differences`.
-- OPTIONS-FILE has a line of gcc's options (-I, -D). Macros that SEEN-FILE names are left out; new ones are added to it.
local ffi = require "ferry"
local folder, options_file, seen_file = arg[1], arg[2], arg[3]
local unpack = table.unpack or unpack

local counts, order, differences = {}, {}, {}
local function count(what, n)
  if not counts[what] then order[#order + 1] = what end
  counts[what] = (counts[what] or 0) + (n or 1)
end
local function differs(...) differences[#differences + 1] = string.format(...):gsub("\n", " ") end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end
local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local source, options = read(folder .. "/text.c"), read(options_file):gsub("%s+$", "")

-- command(text): what it prints.
local function command(text)
  local pipe = assert(io.popen(text))
  local out = pipe:read "*a"
  pipe:close()
  return out
end
local function gcc(what) return command(("LC_ALL=C gcc -std=gnu17 -w %s %s"):format(options, what)) end

-- --- the header, by Ferry ------------------------------------------------------------------------------------------------

local function set_of(kind)
  local set = {}
  for _, name in ipairs(ffi.names(kind)) do set[name] = true end
  return set
end
-- Types that Ferry knows without being told are declared by being asked for; the compiler's own have no header.
local before = {}
for _, kind in ipairs { "typedef", "struct", "union", "constant" } do before[kind] = set_of(kind) end

local folders, defines = {}, {}
for flag, value in options:gmatch "%-([ID])(%S+)" do
  local list = flag == "I" and folders or defines
  list[#list + 1] = value
end
local ok, header = pcall(ffi.include, source, { path = folders, define = defines })
if not ok then
  differs("declarations: %s", header)
  write(folder .. "/counts", "")
  write(folder .. "/differences", table.concat(differences, "\n") .. "\n")
  os.exit(0, true)
end

before.struct.__va_list_tag = true
local declared = {}
for _, name in ipairs(ffi.include_names(header)) do declared[name] = true end

-- --- macros, by gcc ------------------------------------------------------------------------------------------------------

-- name -> { text, params (nil of object-like ones), file }, names in order. Those of gcc's own headers are not the library's.
local macros, names = {}, {}
local file = ""
for line in gcc("-E -dD " .. folder .. "/text.c 2>/dev/null"):gmatch "[^\n]+" do
  local where = line:match '^# %d+ "(.*)"'
  if where then
    file = where
  elseif line:find("#define", 1, true) == 1 then
    local name, rest = line:match "^#define ([%w_$]+)(.*)$"
    if name then
      local params = rest:match "^(%b())"
      if not macros[name] then names[#names + 1] = name end
      macros[name] = { params = params, text = params and rest:sub(#params + 1) or rest, file = file }
    end
  elseif line:find("#undef", 1, true) == 1 then
    macros[line:match "^#undef ([%w_$]+)" or ""] = nil
  end
end
local seen = {}
for line in read(seen_file):gmatch "[^\n]+" do seen[line] = true end
local added = {}
local object_like, function_like = {}, {}
for _, name in ipairs(names) do
  local macro = macros[name]
  if macro and not macro.file:find "^/usr/lib/gcc" and not macro.file:find "^<" then
    local key = name .. " " .. macro.file
    if not seen[key] then
      seen[key], added[#added + 1] = true, key
      if macro.params then
        function_like[#function_like + 1] = name
      elseif macro.text:find "%S" then
        object_like[#object_like + 1] = name
      else
        local good, value = pcall(function() return header[name] end)
        count "empty macros"
        if good and value == true then count "empty macros equal" else differs("macro %s: true expected, got %s", name, tostring(value)) end
      end
    end
  end
end

-- --- C programs that say what gcc has --------------------------------------------------------------------------------------

local prelude = [[
static void ferry_i(int n, long long v, int k) { __builtin_printf(k ? "i %d %lld\n" : "n %d\n", n, v); }
static void ferry_u(int n, unsigned long long v, int k) { __builtin_printf(k ? "i %d %lld\n" : "n %d\n", n, (long long)v); }
static void ferry_f(int n, double v, int k) { __builtin_printf(k ? "f %d %.17g\n" : "n %d\n", n, v); }
static void ferry_l(int n, long double v, int k) { __builtin_printf(k ? "l %d %.17g\n" : "n %d\n", n, (double)v); }
static void ferry_p(int n, unsigned long v, int k) { __builtin_printf(k ? "p %d %ld\n" : "n %d\n", n, (long)v); }
static void ferry_s(int n, const char *v, int k) {
  const unsigned long at = (unsigned long)v;
  if (at == 3 || at == -7ul || at == 4294967299ul) { ferry_p(n, at, k); return; } // a number of ours, cast
  __builtin_printf(k ? "s %d " : "n %d", n);
  for (; k && v && *v; ++v) __builtin_printf("%02x", (unsigned char)*v);
  __builtin_printf("\n");
}
static void ferry_o(int n, ...) { __builtin_printf("o %d\n", n); }
static void ferry_t(int n, unsigned long size) { __builtin_printf("t %d %ld\n", n, size); }
#ifdef __FLT128_DIG__
#define FERRY_FLOATS _Float32: ferry_f, _Float64: ferry_f, _Float32x: ferry_f, _Float64x: ferry_l, _Float128: ferry_l,
#else
#define FERRY_FLOATS _Float32: ferry_f, _Float64: ferry_f, _Float32x: ferry_f,
#endif
#define FERRY_SHOW(n, x) _Generic((x), _Bool: ferry_u, char: ferry_i, signed char: ferry_i, unsigned char: ferry_u, \
  short: ferry_i, unsigned short: ferry_u, int: ferry_i, unsigned: ferry_u, long: ferry_i, unsigned long: ferry_u, \
  long long: ferry_i, unsigned long long: ferry_u, float: ferry_f, double: ferry_f, long double: ferry_l, FERRY_FLOATS \
  char *: ferry_s, const char *: ferry_s, default: ferry_o)(n, \
  __builtin_choose_expr(__builtin_constant_p((x)), (x), 0), __builtin_constant_p((x)))
]]

local forms = { offset = 0, both = 1, size = 2, value = 3 }
local tail = [[
  { -1, 0, 0, 0 } };
int main(void) {
  for (int i = 0; ferry_rows[i].line >= 0; ++i) {
    static const char *const forms[] = { "offset %lld", "offset %lld, size %lld", "size %lld, alignment %lld", "%lld" };
    __builtin_printf("x %d ", ferry_rows[i].line);
    __builtin_printf(forms[ferry_rows[i].form], ferry_rows[i].a, ferry_rows[i].b);
    __builtin_printf("\n");
  }
]]

-- run(name, head, lines): each line is a row of a table, where it begins with a brace, or a function of its own. Those that gcc
-- refuses are left out, and the rest is compiled and run, with `more` on gcc's command line. Returns what it prints and the refused
-- lines with gcc's words.
local function run(name, head, lines, more)
  local path, refused = folder .. "/" .. name .. ".c", {}
  local functions, rows = {}, {}
  for i, line in ipairs(lines) do
    local is_row = line:sub(1, 1) == "{"
    functions[i] = is_row and "" or ("static void ferry_line%d(void) { %s }"):format(i, line)
    rows[i] = is_row and line .. "," or ""
  end
  local _, head_lines = head:gsub("\n", "")
  for _ = 1, 12 do
    local main = {}
    for i = 1, #lines do main[#main + 1] = functions[i] ~= "" and ("ferry_line%d();"):format(i) or nil end
    write(path, table.concat { head, table.concat(functions, "\n"), "\nstatic const struct { int line, form; long long a, b; } ferry_rows[] = {\n",
      table.concat(rows, "\n"), "\n", tail, table.concat(main, "\n"), "\nreturn 0;\n}\n" })
    local out = gcc(("-O0 -ftrack-macro-expansion=0 -fno-diagnostics-show-caret -Wl,--unresolved-symbols=ignore-all %s -o %s/%s %s 2>&1")
      :format(more or "", folder, name, path))
    local found, foreign = false, nil
    for where, line, what in out:gmatch "([^\n:]+):(%d+):%d*:? ?f?a?t?a?l? ?error: ([^\n]*)" do
      local i = tonumber(line) - head_lines
      local list = functions
      if i > #lines then list, i = rows, i - #lines - 1 end
      if where == path and list[i] and list[i] ~= "" then
        list[i], refused[i], found = "", what, true
      else
        foreign = where .. ":" .. line .. ": " .. what
      end
    end
    if not found then
      if foreign or out:find "error" then error(("%s does not compile: %s"):format(path, foreign or out)) end
      local printed = command(("cd %s && ./%s 2>&1"):format(folder, name))
      -- What takes addresses of functions that it does not contain is no position-independent program.
      if more or not printed:find("error while loading shared libraries", 1, true) then return printed, refused end
      more = "-no-pie"
    end
  end
  error(path .. " does not compile")
end

-- Lines by number of what a program prints: kind, the rest.
local function results(text)
  local out = {}
  for kind, number, rest in text:gmatch "(%a) (%d+) ?([^\n]*)" do out[tonumber(number)] = { kind = kind, text = rest } end
  return out
end

-- --- records, types and enum constants ---------------------------------------------------------------------------------------

local head = { source, prelude }
local undefined = {}
local function undefine(name)
  local macro = macros[name]
  if macro and not undefined[name] then
    undefined[name] = true
    head[#head + 1] = "#undef " .. name .. "\n"
  end
end

local lines, about = {}, {}
local function compare(what, text, ...)
  lines[#lines + 1] = text:format(...)
  about[#lines] = what
end

local function members(record, type_info, prefix, path)
  for _, m in ipairs(type_info.members) do
    local at = prefix + m.offset
    if m.anonymous or not m.name then
      local info = m.type and ffi.typeinfo(m.type)
      if info and info.members then members(record, info, at, path) end
    else
      undefine(m.name)
      local what = ("member %s.%s"):format(record, m.name)
      if m.width then
        -- The bits that are set where all of the member's are.
        local first = at * 8 + m.bit
        compare({ "members", what, ("bit %d, width %d"):format(first, m.width) },
          "union { %s r; unsigned char b[sizeof(%s)]; } u; __builtin_memset(&u, 0, sizeof u); u.r.%s = -1; int f = -1, w = 0; " ..
          "for (int i = 0; i < (int)sizeof u * 8; ++i) if (u.b[i / 8] >> i %% 8 & 1) { if (f < 0) f = i; ++w; } " ..
          '__builtin_printf("x %d bit %%d, width %%d\\n", f, w);', record, record, m.name, #lines + 1)
      else
        local info = ffi.typeinfo(m.type)
        local size = info.flexible and "" or info.size and info.kind ~= "function" and (", size %d"):format(info.size) or ""
        compare({ "members", what, ("offset %d%s"):format(at, size) },
          '{ %d, %d, __builtin_offsetof(%s, %s), %s }', #lines + 1, size ~= "" and forms.both or forms.offset,
          record, m.name, size ~= "" and ("sizeof ((%s *)0)->%s"):format(record, m.name) or "0")
      end
    end
  end
end

-- __alignof__: gcc's _Alignof is never above what the processor's own types have, without AVX 16.
local function record(name)
  local info = ffi.typeinfo(name)
  if info.incomplete or not info.size then return end
  compare({ "records", name, ("size %d, alignment %d"):format(info.size, info.align) },
    '{ %d, %d, sizeof(%s), __alignof__(%s) }', #lines + 1, forms.size, name, name)
  members(name, info, 0)
end

for _, tagged in ipairs { "struct", "union" } do
  for _, tag in ipairs(ffi.names(tagged)) do
    if not before[tagged][tag] then
      undefine(tag)
      record(tagged .. " " .. tag)
    end
  end
end
for _, name in ipairs(ffi.names "typedef") do
  if declared[name] and not macros[name] and not before.typedef[name] then
    undefine(name)
    local info = ffi.typeinfo(name)
    if (info.kind == "struct" or info.kind == "union") and not info.tag then
      record(name)
    elseif info.size and info.kind ~= "void" then
      compare({ "types", name, ("size %d, alignment %d"):format(info.size, info.align) },
        '{ %d, %d, sizeof(%s), __alignof__(%s) }', #lines + 1, forms.size, name, name)
    end
  end
end
local function integer(v) return (tostring(ffi.cast("int64_t", v)):gsub("[UL]+$", "")) end
for _, name in ipairs(ffi.names "constant") do
  if not before.constant[name] then
    undefine(name)
    compare({ "enum constants", name, integer(ffi.C[name]) }, '{ %d, %d, (long long)%s, 0 }', #lines + 1, forms.value, name)
  end
end

local printed, refused = run("records", table.concat(head), lines)
local got = results(printed)
for i, each in ipairs(about) do
  local kind, what, expected = unpack(each)
  count(kind)
  local gccs = got[i] and got[i].text
  if gccs == expected then
    count(kind .. " equal")
  else
    differs("%s %s: %s, gcc: %s", kind, what, expected, gccs or "refuses it, " .. (refused[i] or "why it does not say"))
  end
end

-- --- macros ------------------------------------------------------------------------------------------------------------------

-- What gcc expands each text to.
local function expansions(texts)
  local out = { source, "\n" }
  for i, text in ipairs(texts) do out[#out + 1] = ("\nferry_expansion %d %s\nferry_end\n"):format(i, text) end
  write(folder .. "/expansions.c", table.concat(out))
  local list = {}
  for number, text in gcc("-E -P " .. folder .. "/expansions.c 2>/dev/null"):gmatch "ferry_expansion (%d+)(.-)%s*ferry_end" do
    list[tonumber(number)] = (text:gsub("^%s+", ""))
  end
  return list
end

-- Whether brackets of all kinds close: what does not close would break the lines behind it.
local function is_closed(text)
  text = text:gsub('\\\\', ""):gsub('\\"', ""):gsub('"[^"\n]*"', '""'):gsub("'[^'\n]*'", "0"):gsub("%b{}", "")
  local depth = 0
  for c in text:gmatch "[%[%](){};#]" do
    if c == "(" or c == "[" then depth = depth + 1 elseif c == ")" or c == "]" then depth = depth - 1 else return false end
    if depth < 0 then return false end
  end
  return depth == 0
end

local is_float = math.type and function(v) return math.type(v) == "float" end or function(v) return type(v) == "number" end

-- The value of Ferry, in the form of the C program's line of that kind.
local function shown(kind, v)
  if kind == "i" then
    if type(v) == "boolean" then return v and "1" or "0" end
    if type(v) == "number" and (v ~= math.floor(v) or math.type and math.type(v) == "float") then return "floating " .. tostring(v) end
    if type(v) ~= "number" and ffi.type(v) ~= "cdata" then return type(v) .. " " .. tostring(v) end
    return integer(v)
  elseif kind == "f" or kind == "l" then
    if kind == "f" and not (type(v) == "number" and is_float(v)) then return type(v) .. " " .. tostring(v) end
    return ("%.17g"):format(ffi.tonumber(v))
  elseif kind == "s" then
    if ffi.type(v) == "cdata" and tostring(ffi.typeof(v)):find "char" then v = ffi.isnull(v) and "" or ffi.string(v) end
    if type(v) ~= "string" then return type(v) .. " " .. tostring(v) end
    return (v:gsub("%z.*", ""):gsub(".", function(c) return ("%02x"):format(c:byte()) end))
  elseif kind == "p" then
    return integer(ffi.cast("intptr_t", v))
  elseif kind == "t" then
    return integer(ffi.sizeof(v) or 1) -- gcc has 1 for functions and void
  end
end

-- Whether a call with these arguments gives what gcc says; `what` is counted.
local function compare_call(call, gccs, what)
  count(what)
  local good, value = pcall(function() return header[call.name](unpack(call.arguments, 1, call.n)) end)
  local mine
  if good then good, mine = pcall(shown, gccs.kind, value) else mine = value end
  if good and mine == gccs.text then
    count(what .. " equal")
  else
    differs("call %s: %s, gcc: %s", call.text, tostring(mine), gccs.text)
  end
end

local kinds = {
  i = "integer macros", f = "floating macros", l = "floating macros", s = "string macros", p = "pointer macros", t = "type macros",
  a = "alias macros", e = "expressions with calls or variables",
}

do
  local expanded = expansions(object_like)
  local first, second, third = {}, {}, {}
  for i, name in ipairs(object_like) do
    if expanded[i] and expanded[i] ~= "" and is_closed(expanded[i]) then first[#first + 1] = i end
  end
  local function ask(name, list, form)
    local texts = {}
    for k, i in ipairs(list) do texts[k] = form:gsub("%$(%d)", { ["1"] = tostring(i), ["2"] = object_like[i] }) end
    local text, not_compiled = run(name, source .. prelude, texts)
    local out = {}
    for k in pairs(not_compiled) do out[#out + 1] = list[k] end
    return results(text), out
  end
  local values, rest = ask("values", first, "FERRY_SHOW($1, $2);")
  -- gcc takes attributes and qualifiers alone for an int.
  local function names_type(text)
    text = text:gsub("__attribute_* *%b()", " ")
    for word in text:gmatch "[%a_][%w_]*" do
      if not word:find "inline" and not word:find "^_*const_*$" and not word:find "^_*volatile_*$" and not word:find "^_*restrict_*$"
        and not (" extern static register auto __extension__ _Noreturn typedef _Thread_local __thread "):find(" " .. word .. " ", 1, true) then
        return true
      end
    end
    return false
  end
  for _, i in ipairs(rest) do
    if names_type(expanded[i]) then second[#second + 1] = i end
  end
  for i, each in pairs(values) do
    if each.kind == "o" then third[#third + 1] = i end
  end
  table.sort(second)
  table.sort(third)
  local types = #second > 0 and ask("types", second, "ferry_t($1, sizeof(*($2 *)0));") or {}
  local pointers = #third > 0 and ask("pointers", third, "ferry_p($1, (unsigned long)($2), __builtin_constant_p((unsigned long)($2)));") or {}
  for i, each in pairs(types) do values[i] = each end
  for i, each in pairs(pointers) do values[i] = each end
  for i, name in ipairs(object_like) do
    local gccs = values[i]
    if not gccs then
      count "macros that are no values"
    elseif gccs.kind == "n" or gccs.kind == "o" then
      -- Not looked at where a function would be called.
      local alias = expanded[i]:match "^%(*%s*([%a_][%w_]*)%s*%)*$"
      if alias then
        local good, value = pcall(function() return header[name] end)
        -- The program does not contain the library.
        if good or tostring(value):find "is an inline function" or tostring(value):find("symbol '" .. alias .. "'", 1, true) or tostring(value):find "undefined symbol" then
          count(kinds.a)
          count(kinds.a .. " equal")
        else
          count(kinds.a)
          differs("macro %s: %s", name, tostring(value))
        end
      else
        count(kinds.e)
      end
    else
      count(kinds[gccs.kind])
      local good, value = pcall(function() return header[name] end)
      local mine
      if good then good, mine = pcall(shown, gccs.kind, value) else mine = value end
      if good and mine == gccs.text then
        count(kinds[gccs.kind] .. " equal")
      else
        differs("macro %s: %s, gcc: %s", name, tostring(mine), gccs.text)
      end
    end
  end
end

-- --- function-like macros, called ---------------------------------------------------------------------------------------------

-- What is passed: as C writes it, and the value for Ferry.
local int = { "int", ffi.typeof "int" }
local function numbers(...)
  local list = {}
  for i, v in ipairs { ... } do list[i] = { ("%.17g"):format(v), v } end
  return function(i) return list[(i - 1) % #list + 1] end
end
local wide = { { "4294967299", 4294967299 }, { "3", 3 } }
local small = numbers(3, 2, 5, 7)
local patterns = {
  small,
  numbers(-7, 3, 40),
  function(i) return wide[(i - 1) % 2 + 1] end,
  function(i, n) return i == n and int or small(i) end,
  function(i) return i == 1 and int or small(i) end,
  function() return int end,
  function() return { '"text"', "text" } end,
  numbers(2.5, 0.75),
}

do
  local calls = {}
  for _, name in ipairs(function_like) do
    local params, list = macros[name].params:sub(2, -2), {}
    for param in params:gmatch "[^,%s]+" do list[#list + 1] = param end
    local n = #list
    local variadic = n > 0 and list[n]:find("...", 1, true)
    for p, pattern in ipairs(patterns) do
      -- Of no arguments there is one call.
      if n > 0 or p == 1 then
        local c, lua = {}, {}
        for i = 1, n do c[i], lua[i] = unpack(pattern(i, n)) end
        calls[#calls + 1] = { name = name, text = name .. "(" .. table.concat(c, ", ") .. ")", arguments = lua, n = n, variadic = variadic }
      end
    end
  end
  local texts, asked = {}, {}
  for i, call in ipairs(calls) do texts[i] = call.text end
  local expanded = #texts > 0 and expansions(texts) or {}
  texts = {}
  for i, call in ipairs(calls) do
    if expanded[i] and expanded[i] ~= "" and is_closed(expanded[i]) then
      asked[#asked + 1] = call
      texts[#asked] = ("FERRY_SHOW(%d, %s);"):format(#asked, call.text)
    end
  end
  local values = #texts > 0 and results((run("calls", source .. prelude, texts))) or {}
  local called, evaluated = {}, {}
  for i, call in ipairs(asked) do
    local gccs = values[i]
    if gccs and kinds[gccs.kind] then
      compare_call(call, gccs, "calls of function-like macros")
      if not called[call.name] then
        called[call.name] = true
        count "function-like macros"
      end
    end
  end
  count("function-like macros that are not called", #function_like - (counts["function-like macros"] or 0))
end

-- --- functions that the header has with their bodies, called --------------------------------------------------------------------

local samples = {
  integer = { numbers(3, 2, 5, 7), numbers(-7, 3, 40), numbers(0, 1), numbers(305419896, 65537) },
  floating = { numbers(2.5, 0.75), numbers(-1, 3), numbers(0, 1e10), numbers(1, 1) },
}
samples.bool = { numbers(1, 0), numbers(0, 1), numbers(0), numbers(1) }

-- The argument of that type as C has it and the value for Ferry, or nil.
local function sample(t, pattern, i)
  local info = ffi.typeinfo(t.ct)
  if samples[t.class] then
    local c, lua = unpack(samples[t.class][pattern](i))
    return ("(%s)(%s)"):format(info.name, c), ffi.cast(t.ct, lua)
  elseif t.class == "pointer" then
    local to = ffi.typeinfo(info.to)
    if not to.size or to.kind == "void" or to.kind == "function" then return nil end
    local values = {}
    if to.kind == "integer" or to.kind == "floating" then
      for k = 1, 4 do values[k] = pattern + k end
      if to.size == 1 then values[4] = 0 end -- it may be read as a string
    end
    -- Not constant itself, so that what is written into it is no error; a pointer still points to what is.
    local name = to.name:gsub(to.kind == "pointer" and "const$" or "%f[%w_]const%f[^%w_] ?", "")
    return ("(%s[16]){%s}"):format(name, #values > 0 and table.concat(values, ", ") or "0"), ffi.new(name .. "[16]", values)
  elseif t.class == "record" and info.size then
    return ("(%s){0}"):format(info.name), ffi.new(t.ct)
  end
end

do
  local calls, texts = {}, {}
  for _, name in ipairs(ffi.names "function") do
    local has_body, body = pcall(ffi.headers.body, name)
    if has_body and declared[name] and not macros[name] then
      count "functions with a body"
      local shows = body and (samples[body.result.class] or ffi.typeinfo(body.result.ct).name:find "char %*$")
      for pattern = 1, shows and 4 or 0 do
        local c, lua, has_all = {}, {}, true
        for i, param in ipairs(body.params) do
          c[i], lua[i] = sample(param.type, pattern, i)
          has_all = has_all and c[i] ~= nil
        end
        if has_all then
          calls[#calls + 1] = { name = name, text = name .. "(" .. table.concat(c, ", ") .. ")", arguments = lua, n = #c }
          -- In a process of its own, as it may need the library, which the program does not contain.
          texts[#calls] = ("int fork(void), waitpid(int, int *, int); int child = fork(); if (child == 0) { FERRY_CALL(%d, %s); " ..
            "__builtin_exit(0); } waitpid(child, 0, 0);"):format(#calls, calls[#calls].text)
        end
      end
    end
  end
  -- A function that the program does not contain is at address 0 there, where it is no position-independent one.
  local call = prelude:gsub("FERRY_SHOW", "FERRY_CALL"):gsub("%)%(n, \\.*$", ")(n, (x), 1)\n")
  local values = #texts > 0 and results((run("bodies", source .. call, texts, "-no-pie"))) or {}
  local called = {}
  for i, each in ipairs(calls) do
    local gccs = values[i]
    if gccs and kinds[gccs.kind] then
      compare_call(each, gccs, "calls of functions with a body")
      if not called[each.name] then
        called[each.name] = true
        count "functions with a body that are called"
      end
    end
  end
end

local text = {}
for i, what in ipairs(order) do text[i] = ("%s\t%d\n"):format(what, counts[what]) end
write(folder .. "/counts", table.concat(text))
write(folder .. "/differences", #differences > 0 and table.concat(differences, "\n") .. "\n" or "")
local out = assert(io.open(seen_file, "ab"))
for _, key in ipairs(added) do out:write(key, "\n") end
out:close()
