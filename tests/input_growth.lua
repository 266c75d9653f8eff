-- What tests/input_growth.sh counts: texts made to hurt, given to what reads them.
--   lua input_growth.lua count N [NAME...]    within callgrind: each family N, 2N, 4N and 8N long; writes lines of names
--   lua input_growth.lua memory N [NAME...]   how much memory the process takes for each, and fails where that is out of proportion
local ffi = require "ferry"
local mode, least = arg[1], tonumber(arg[2])
local only = {}
for i = 3, #arg do only[arg[i]] = true end

local rep = string.rep
-- numbered(n, "a%d,"): once for each number.
local function numbered(n, text)
  local out = {}
  for i = 1, n do out[i] = (text:gsub("%%d", tostring(i - 1)):gsub("%%p", tostring(i - 2))) end
  return table.concat(out)
end
local function nested(open, inner, close, depth) return rep(open, depth) .. inner .. rep(close, depth) end

local folder = os.tmpname()
os.remove(folder)
local files = {}
local function file(name, text)
  local path = folder .. name
  local f = assert(io.open(path, "w"))
  f:write(text)
  f:close()
  files[#files + 1] = path
  return path
end

local function cdef(text) ffi.cdef(text) end
-- Ends in an error, whose text is short whatever the text is.
local function refused(read)
  return function(text)
    local ok, message = pcall(read, text)
    assert(not ok, "no error")
    assert(#tostring(message) < 4000, "a long error")
  end
end
-- With what is declared first.
local function called(text)
  ffi.cdef(text)
  local name = text:match "(q%d+_%d+_)"
  assert(ffi.C[name](1) > 1)
end
local function passed(text)
  ffi.cdef(text)
  for name in text:gmatch "last (%S+)" do pcall(ffi.cast, "void (*)(union " .. name .. ")", print) end
end
local buffer = ffi.new "char[64]"
ffi.cdef "int snprintf(char *to, size_t size, const char *format, ...);"
local function format(text, ...) ffi.C.snprintf(buffer, 64, text, ...) end

-- Each has names of its own, so that nothing is declared again: `q` is a prefix.
local families = {
  { "parentheses", cdef, function(n, q) return numbered(n / 20, "typedef int " .. nested("(", q .. "%d", ")", 100) .. ";") end },
  { "open parentheses", refused(cdef), function(n) return "int " .. rep("(", n) end },
  { "pointers", cdef, function(n, q) return numbered(n / 20, "typedef int " .. rep("*", 100) .. q .. "%d;") end },
  { "functions of functions", cdef, function(n, q) return numbered(n / 20, "typedef int " .. nested("(*", q .. "%d", ")(int)", 40) .. ";") end },
  { "dimensions", cdef, function(n, q) return numbered(n / 20, "typedef int " .. q .. "%d" .. rep("[1]", 50) .. ";") end },
  { "members", cdef, function(n, q) return "struct " .. q .. " {" .. numbered(n, "int m%d;") .. "};" end },
  { "bit-fields", cdef, function(n, q) return "struct " .. q .. " {" .. numbered(n, "unsigned m%d : 3;") .. "};" end },
  { "anonymous members", cdef, function(n, q) return "struct " .. q .. " {" .. numbered(n, "struct { int m%d; };") .. "};" end },
  { "nested records", cdef, function(n, q) return numbered(n / 20, "struct " .. q .. "%d {" .. nested("struct {", "int x;", "} y;", 40) .. "};") end },
  { "nested anonymous records", cdef, function(n, q) return numbered(n / 20, "struct " .. q .. "%d {" .. nested("struct {", "int x;", "};", 40) .. "};") end },
  { "doubled unions", cdef, function(n, q) return "union " .. q .. "0 { int a; };" .. numbered(n, "union " .. q .. "%d { union " .. q .. "%p a, b; };"):gsub("^.-;.-;", "", 1) end },
  { "doubled structs", cdef, function(n, q)
    local chain = "struct " .. q .. "%d_0 { int a; };"
    for i = 1, 30 do chain = chain .. ("struct %s%%d_%d { struct %s%%d_%d a, b; };"):format(q, i, q, i - 1) end
    return numbered(n / 20, chain)
  end },
  { "doubled unions by value", passed, function(n, q)
    local chain = "union " .. q .. "%d_0 { int a; };"
    for i = 1, 30 do chain = chain .. ("union %s%%d_%d { union %s%%d_%d a, b; };"):format(q, i, q, i - 1) end
    return numbered(math.ceil(n / 200), chain .. "/* last " .. q .. "%d_30 */")
  end },
  { "macro called", called, function(n, q) return "#define " .. q .. "(x) ((x)" .. rep(" + 1", n) .. ")\n" end },
  { "body run", called, function(n, q) return "static inline int " .. q .. "(int a) {" .. rep("a += 1;", n) .. "return a; }" end },
  { "initialisers of a body", called, function(n, q)
    return "static inline int " .. q .. "(int a) { int x[] = {" .. numbered(n / 5, "a + %d,") .. "}; return x[1]; }"
  end },
  { "members initialised", called, function(n, q)
    return "struct " .. q .. "s {" .. numbered(n / 5, "int m%d;") .. "}; static inline int " .. q .. "(int a) { struct " .. q .. "s x = {" ..
      numbered(n / 5, "a,") .. "}; return x.m1 + 1; }"
  end },
  { "members designated", called, function(n, q)
    return "struct " .. q .. "s {" .. numbered(n / 5, "int m%d;") .. "}; static inline int " .. q .. "(int a) { struct " .. q .. "s x = {" ..
      numbered(n / 5, ".m%d = a + 1,") .. "}; return x.m1; }"
  end },
  { "nested loops of a body", called, function(n, q)
    return "static inline int " .. q .. "(int a) {" .. rep(nested("while (a < 9) {", "a += 1;", "}", 20), math.ceil(n / 20)) .. "return a; }"
  end },
  { "long identifier", cdef, function(n, q) return "int " .. q .. rep("a", 20 * n) .. ";" end },
  { "long unknown word", refused(cdef), function(n, q) return q .. rep("a", 20 * n) .. " x;" end },
  { "many words", refused(cdef), function(n) return rep("word ", n) end },
  { "typedef chain", cdef, function(n, q) return "typedef int " .. q .. "0;" .. numbered(n, "typedef " .. q .. "%p *" .. q .. "%d;"):gsub("^.-;", "", 1) end },
  { "enum chain", cdef, function(n, q) return "enum { " .. q .. "0" .. numbered(n, ", " .. q .. "%d = " .. q .. "%p + 1"):gsub("^, [^,]*", "", 1) .. "};" end },
  { "initialisers", cdef, function(n, q) return "static const int " .. q .. "[] = {" .. numbered(n, "%d,") .. "};" end },
  { "designated initialisers", cdef, function(n, q) return "static const int " .. q .. "[" .. n .. "] = {" .. numbered(n, "[%d] = 1,") .. "};" end },
  { "constants", cdef, function(n, q) return numbered(n, "static const int " .. q .. "%d = %d + 1;") end },
  { "sum", cdef, function(n, q) return "enum { " .. q .. " = " .. rep("1+", n) .. "1 };" end },
  { "conditionals", cdef, function(n, q) return numbered(n / 20, "enum { " .. q .. "%d = " .. rep("1?1:", 50) .. "1 };") end },
  { "sizeof within sizeof", cdef, function(n, q) return numbered(n / 20, "enum { " .. q .. "%d = " .. nested("sizeof(char[", "1", "])", 40) .. "};") end },
  { "casts", cdef, function(n, q) return numbered(n / 20, "enum { " .. q .. "%d = " .. rep("(int)", 50) .. "1 };") end },
  { "strings", cdef, function(n, q) return "char " .. q .. "[sizeof(" .. rep('"a" ', n) .. ")];" end },
  { "long string", cdef, function(n, q) return "char " .. q .. '[sizeof("' .. rep("\\n", 10 * n) .. '")];' end },
  { "attributes", cdef, function(n, q) return rep("__attribute__((unused)) ", n) .. "int " .. q .. ";" end },
  { "attribute list", cdef, function(n, q) return "int " .. q .. " __attribute__((" .. rep("unused,", n) .. "unused));" end },
  { "attribute arguments", cdef, function(n, q) return "int " .. q .. "(void) __attribute__((made_up(" .. rep("1,", n) .. "1)));" end },
  { "_Generic", cdef, function(n, q) return "enum { " .. q .. " = _Generic((int *)0" .. numbered(n, ", char (*)[%d + 1]: 1") .. ", default: 2) };" end },
  { "_Generic within _Generic", cdef, function(n, q) return numbered(n / 20, "enum { " .. q .. "%d = " .. nested("_Generic(", "1", ", int: 1, default: 2)", 30) .. "};") end },
  { "parameters", cdef, function(n, q) return numbered(n / 20, "void " .. q .. "%d(" .. rep("int,", 60) .. "int);") end },
  { "static assertions", cdef, function(n) return rep('_Static_assert(1, "x");', n) end },
  { "bodies", cdef, function(n, q) return numbered(n, "static inline int " .. q .. "%d(int a) { return a + %d; }") end },
  { "long body", cdef, function(n, q) return "static inline int " .. q .. "(int a) {" .. rep("a += 1;", n) .. "return a; }" end },
  { "comments", cdef, function(n) return rep("/* x */ // y\n", n) end },
  { "spliced lines", cdef, function(n, q) return "int " .. rep("\\\n", n) .. q .. ";" end },
  { "conditionals of the preprocessor", cdef, function(n) return rep("#if 1\n#else\n#endif\n", n) end },
  { "macro definitions", cdef, function(n, q) return numbered(n, "#define " .. q .. "%d %d\n") end },
  { "macro chain", cdef, function(n, q) return "#define " .. q .. "0 1\n" .. numbered(n, "#define " .. q .. "%d " .. q .. "%p\n"):gsub("^[^\n]*\n", "", 1) .. "enum { " .. q .. " = " .. q .. (n - 1) .. "};" end },
  { "macro calls", cdef, function(n, q) return "#define " .. q .. "(x) + x\nenum { " .. q .. "_ = 1 " .. rep(q .. "(1) ", n) .. "};" end },
  { "macro of many arguments", cdef, function(n, q) return "#define " .. q .. "(x, ...) x\nenum { " .. q .. "_ = " .. q .. "(" .. rep("1,", n) .. "1) };" end },
  { "pasted", cdef, function(n, q) return "#define " .. q .. "(x, y) x##y\n" .. numbered(n, "typedef int " .. q .. "(" .. q .. "_, %d);\n") end },
  { "macro bombs", refused(cdef), function(n, q) return "#define " .. q .. "0 x x\n" .. numbered(n, "#define " .. q .. "%d " .. q .. "%p " .. q .. "%p\n"):gsub("^[^\n]*\n", "", 1) .. q .. (n - 1) end, bounded = true },
  { "includes", cdef, function(n, q)
    local one = file(q .. ".h", "int " .. q .. ";\n")
    return rep('#include "' .. one .. '"\n', n)
  end },
  { "include chains", cdef, function(n, q)
    local depth = 50
    for i = 1, depth do file(q .. i .. ".h", i < depth and '#include "' .. folder .. q .. i + 1 .. '.h"\n' or "int " .. q .. ";\n") end
    return rep('#include "' .. folder .. q .. '1.h"\n', math.floor(n / 20))
  end },
  { "includes itself", refused(cdef), function(n, q) return '#include "' .. file(q .. ".h", rep(" \n", n) .. '#include "' .. folder .. q .. '.h"\n') .. '"\n' end },
  { "eval: sum", ffi.eval, function(n) return rep("1+", n) .. "1" end },
  { "eval: parentheses", ffi.eval, function(n) return rep("+" .. nested("(", "1", ")", 50), math.ceil(n / 20)) end },
  { "eval: open parentheses", refused(ffi.eval), function(n) return rep("(", n) end },
  { "eval: long number", refused(ffi.eval), function(n) return rep("9", 10 * n) end },
  { "eval: long floating number", ffi.eval, function(n) return "1." .. rep("9", 10 * n) end },
  { "eval: sizeof of strings", ffi.eval, function(n) return "sizeof(" .. rep('"a" ', n) .. ")" end },
  { "typeof: members", ffi.typeof, function(n) return "struct {" .. numbered(n, "int m%d;") .. "}" end },
  { "typeof: stars", refused(ffi.typeof), function(n) return "int " .. rep("*", 1000 + n) end },
  { "typeof: misspelt", refused(ffi.typeof), function(n) return "struct " .. rep("z", 10 * n) end },
  { "format: text", format, function(n) return rep("text ", n) end },
  { "format: percents", format, function(n) return rep("%%", n) end },
  { "format: one argument", function(text) format(text, 1) end, function(n) return rep("%1$d", n) end },
  { "format: flags", function(text) format(text, 1) end, function(n) return "%" .. rep("-", n) .. "d" end },
  { "format: too few arguments", refused(format), function(n) return rep("%d ", n) end },
  { "format: digits", refused(format), function(n) return "%" .. rep("9", 10 * n) .. "$d" end },
  { "object: members", function(text) ffi.new(text) end, function(n) return "struct {" .. numbered(n, "int m%d;") .. "}" end },
  { "translate: sum", ffi.translate, function(n) return "return " .. rep("1+", n) .. "1" end },
  { "translate: comparisons", ffi.translate, function(n) return "local a, b = 1, 2 " .. rep("if a == nil then b = 1LL end ", n) end },
  { "translate: locals", ffi.translate, function(n) return rep("do local a = 1 end ", n) end },
  { "translate: parentheses", ffi.translate, function(n) return rep("f" .. nested("(", "1", ")", 50) .. ";", math.ceil(n / 20)) end },
  { "translate: open brackets", ffi.translate, function(n) return "return " .. rep("{", n) end },
  { "translate: goto", ffi.translate, function(n) return rep("for i = 1, 2 do goto continue ::continue:: end ", n) end },
  { "translate: strings", ffi.translate, function(n) return rep([["\u{41}\x41" ]], 1) .. rep([[.. "\z   a"]], n):gsub("^", "return ", 1) end },
}

-- /proc/self/status: kB of a line.
local function status(line)
  for text in io.lines "/proc/self/status" do
    local kb = text:match("^" .. line .. ":%s*(%d+)")
    if kb then return tonumber(kb) end
  end
end

local function run(host)
  local bad = 0
  local function fed(name, read, text)
    local ok, message = pcall(read, text)
    if not ok then error(name .. ": " .. tostring(message), 0) end
  end
  for index, family in ipairs(families) do
    local name, read, make = family[1], family[2], family[3]
    if next(only) == nil or only[name] then
      for step, times in ipairs { 1, 2, 4, 8 } do
        local text = make(least * times, ("q%d_%d_"):format(index, step))
        collectgarbage()
        collectgarbage "stop"
        if host then
          host.start()
          fed(name, read, text)
          host.stop(("%s\t%d\t%d\t%s"):format(name, times, #text, family.bounded and "bounded" or ""))
        else
          local f = assert(io.open("/proc/self/clear_refs", "w"))
          f:write "5"
          f:close()
          local before = status "VmRSS"
          fed(name, read, text)
          -- A bomb stays what it is, so it may take what its limit allows.
          local allowed = (family.bounded and 256 * 1024 or 2048) * 1024 + 500 * #text
          if (status "VmHWM" - before) * 1024 > allowed then
            print(("%s: %d bytes take %d KiB"):format(name, #text, status "VmHWM" - before))
            bad = bad + 1
          end
        end
        collectgarbage "restart"
      end
    end
  end
  return bad
end

local ok, result
if mode == "count" then
  local host = assert(package.loadlib(os.getenv "CALLGRIND_HOST", "luaopen_callgrind_host"))()
  ok, result = xpcall(run, debug.traceback, host)
else
  ok, result = xpcall(run, debug.traceback)
end
for _, path in ipairs(files) do os.remove(path) end
if not ok then error(result, 0) end
os.exit(result == 0)
