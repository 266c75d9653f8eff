-- What every function and operator says to every wrong value: the texts are api_errors.txt, a table to be read.
-- lua5.4 tests/spec/api_errors_spec.lua --generate renews this Lua's part of it; run it with each version.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi
local file_name = (debug.getinfo(1, "S").source:sub(2):match "^(.*[/\\])" or "") .. "api_errors.txt"
local versions = { "5.1", "5.2", "5.3", "5.4", "5.5" }

ffi.cdef [[
enum er_e { ER_A, ER_B };
struct er_in { int x, y; };
struct er_s { int i; unsigned char u8; double d; bool b; int64_t i64; enum er_e e; int *p; const char *text; char *chars; void *any; void *const fixed;
  struct er_in in; struct er_in *link; int v[3]; char name[4]; complex z; int (*fn)(int); unsigned bits : 3; const int ro; struct er_in rows[2]; };
union er_u { int i; double d; };
struct er_opaque;
typedef float er_v4 __attribute__((vector_size(16)));
typedef struct { int quot, rem; } er_div_t;
typedef int (*er_fn)(int);
int abs(int); size_t strlen(const char *); double sqrt(double); int snprintf(char *, size_t, const char *, ...);
er_div_t div(int, int); long strtol(const char *, char **, int); void *memcpy(void *, const void *, size_t); int er_missing(int);
void qsort(void *, size_t, size_t, int (*)(const void *, const void *)); double cabs(complex double); extern int opterr; extern int er_no_variable;
static const int ER_CONST = 7;
int er_take_int(int); int er_take_double(double); int er_take_bool(bool); int er_take_enum(enum er_e); int er_take_text(const char *);
int er_take_chars(char *); int er_take_out(char **); int er_take_any(void *); int er_take_ints(int *); int er_take_complex(double complex);
int er_take_struct(struct er_in); int er_take_link(struct er_in *); int er_take_function(int (*)(int)); int er_take_two(int, const char *);
int er_take_more(int, ...);
]]
local fx = H.load "spec_errors"

-- The values by the names that the expressions of the table use.
local env = setmetatable({ ffi = ffi, C = ffi.C, lib = ffi.C, fx = fx }, { __index = _G })
local function renew()
  env.int, env.i64, env.double, env.bool = ffi.new("int", 5), ffi.typeof "int64_t"(7), ffi.new("double", 1.5), ffi.new("bool", true)
  env.enum, env.z, env.v4 = ffi.new("enum er_e", 1), ffi.new("complex", 1, 2), ffi.new("er_v4", 1)
  env.s, env.inner, env.union = ffi.new "struct er_s", ffi.new "struct er_in", ffi.new "union er_u"
  env.a, env.ca, env.chars, env.vla = ffi.new "int[3]", ffi.new "const int[3]", ffi.new("char[4]", "abc"), ffi.new("int[?]", 2)
  env.p, env.cp, env.sp = ffi.cast("int *", env.a), ffi.cast("const int *", env.a), ffi.cast("struct er_s *", env.s)
  env.vp, env.dp = ffi.cast("void *", env.a), ffi.cast("double *", env.a)
  env.null, env.nullp, env.nulls = ffi.NULL, ffi.new "int *", ffi.new "struct er_s *"
  env.opaque, env.nullfn = ffi.cast("struct er_opaque *", env.a), ffi.new "er_fn"
  env.ct, env.ct_s, env.fnptr = ffi.typeof "int", ffi.typeof "struct er_s", ffi.cast("er_fn", ffi.C.abs)
  env.t, env.fn, env.co, env.file = {}, function() end, coroutine.create(function() end), io.stdout
  ffi.checked(true)
  ffi.scheduler(nil)
end
renew()

local kinds = { "nil", "true", "1", "-1", "1.5", '"text"', "t", "fn", "co", "file", "C", "C.abs", "ct", "ct_s", "int", "i64", "double", "enum", "z", "v4", "s", "union",
  "a", "chars", "vla", "p", "cp", "sp", "opaque", "fnptr", "null", "nulls" }
local few = { "nil", "true", "1", '"text"', "t", "fn", "file", "ct", "int", "z", "s", "p", "null" }

-- Function, its arguments as they would be right. A `false` after one: its kinds are not tried.
local functions = {
  { "cdef", '"int er_x;"' }, { "load", '"c"' }, { "new", '"int[3]"', "1" }, { "typeof", '"int"' }, { "cast", '"int"', "1" },
  { "metatype", '"struct er_in"', "{}" }, { "gc", "s", "fn" }, { "sizeof", '"int"' }, { "sizeof", '"int[?]"', "3" }, { "alignof", '"struct er_s"', '"i"' },
  { "offsetof", '"struct er_s"', '"i"' }, { "istype", '"int"', "int" }, { "errno", "0" }, { "string", '"text"' }, { "string", "chars", "1" },
  { "copy", "a", "a", "4" }, { "copy", "chars", '"abc"' }, { "copy", "a", "{1}" }, { "fill", "a", "4", "0" }, { "abi", '"le"' }, { "i64", "1", "2" }, { "u64", "1" },
  { "number", '"1"' }, { "tonumber", '"11"', "2" }, { "type", "1" }, { "addressof", "s" }, { "addressof", "lib", '"opterr"' }, { "isnull", "null" },
  { "eval", '"1+1"' }, { "toretval", "int" }, { "onerror", "fnptr", "0" }, { "checked", "true" }, { "restrict", "{}" }, { "totable", "a", "3" }, { "fromtable", "a", "{1}", "0", "1" }, { "debug" }, { "check" }, { "leaks" }, { "vararg", "C.snprintf", '"int"' }, { "blocking", "C.abs" },
  { "async", "C.abs", "1" }, { "scheduler", "nil" },
  { "callback", '"er_fn"', "fn" }, { "callback", '"er_fn"', "fn", "{}" }, { "poll", "0" }, { "pollfd" },
  { "scoped", "fn" }, { "scoped", '"qsort"', "4" },
}
local bit_functions = { { "tobit", "1" }, { "tohex", "1", "4" }, { "band", "1", "2" }, { "lshift", "1", "2" }, { "bswap", "1" } }

-- Calls of C functions: the arguments in turn are everything.
local calls = { "int", "double", "bool", "enum", "text", "chars", "out", "any", "ints", "complex", "struct", "link", "function" }

-- Single statements; each is a row of its own.
local statements = [[
ffi.cdef("int er_q")
ffi.cdef("struct er_in { int z; };")
ffi.cdef("struct $ { int i; };")
ffi.cdef("enum { ER_A = 9 };")
ffi.cdef("int er_q(struct { int i;);")
ffi.cdef("#include stdio.h")
ffi.cdef("er_nope x;")
ffi.typeof("int", 5)
ffi.typeof("$ *")
ffi.typeof("int[$]", "x")
ffi.typeof("int[-1]")
ffi.typeof("struct er_undeclared")
ffi.typeof("er_nope")
ffi.typeof("int (")
ffi.typeof("")
ffi.new("er_nope")
ffi.new("void")
ffi.new("struct er_opaque")
ffi.new("int(int)")
ffi.new("int[?]")
ffi.new("int[?]", -1)
ffi.new("int[?]", "x")
ffi.new("int[?]", 2^60)
ffi.new("int", 1, 2)
ffi.new("int[2]", 1, 2, 3)
ffi.new("int[2]", {1, 2, 3})
ffi.new("int[2]", {1, "x"})
ffi.new("int[2]", {1, {}})
ffi.new("struct er_in", 1, 2, 3)
ffi.new("struct er_in", {1, 2, 3})
ffi.new("struct er_in", {x = 1, nope = 2})
ffi.new("struct er_in", {x = "1"})
ffi.new("struct er_in", "x")
ffi.new("struct er_s", {["in"] = {x = true, y = {}}})
ffi.new("struct er_s", {rows = {{1, 2}, {3, "x"}}})
ffi.new("struct er_s", {v = {1, 2, 3, 4}})
ffi.new("struct er_s", {name = "too long"})
ffi.new("struct er_s", {e = "ER_NOPE"})
ffi.new("union er_u", 1, 2)
ffi.new("union er_u", {d = "x"})
ffi.new("char[2]", "text", 1)
ffi.new("enum er_e", "ER_NOPE")
ffi.new("er_fn", 5)
ffi.new("int &", 5)
ffi.new("er_v4", {1, "x"})
ct(1, 2)
ct({})
ct_s("x")
ffi.typeof("void")()
ffi.cast("struct er_s", s)
ffi.cast("int[3]", a)
ffi.cast("void", 1)
ffi.cast("enum er_e", "ER_NOPE")
ffi.cast("er_fn", t)
ffi.metatype("int", {})
ffi.metatype("struct er_s *", {})
ffi.metatype("struct er_in", 5)
ffi.metatype("struct er_nowhere", {})
ffi.gc(1, fn)
ffi.gc(s, 5)
ffi.gc(s, {})
ffi.release(1)
ffi.release(p)
ffi.release(ct)
ffi.alignof("struct er_s", "nope")
ffi.alignof("int", "x")
ffi.offsetof("struct er_s", "nope")
ffi.offsetof("int", "x")
ffi.string(nullp)
ffi.string(a)
ffi.string(a, 13)
ffi.string(chars, -1)
ffi.string(p)
ffi.string(s)
ffi.copy(ca, a, 4)
ffi.copy(a, ca, 13)
ffi.copy(nullp, a, 4)
ffi.copy(a, nullp, 4)
ffi.copy(chars, "abcd")
ffi.copy(a, chars)
ffi.copy(a, {1, "x"})
ffi.copy(a, {1, 2, 3, 4})
ffi.copy(ca, {1})
ffi.copy(vp, {1})
ffi.fill(ca, 4)
ffi.fill(nullp, 4)
ffi.fill(a, 13)
ffi.fill(a, -1)
ffi.totable(p)
ffi.totable(a, 4)
ffi.totable(vp, 1)
ffi.totable(nullp, 1)
ffi.totable(a, -1)
ffi.fromtable(a, {1, 2, 3, 4})
ffi.fromtable(a, {1}, 3)
ffi.fromtable(a, {1}, -1)
ffi.fromtable(a, {1}, 0, 2)
ffi.fromtable(ca, {1})
ffi.fromtable(a, {"x"})
ffi.eval("1 +")
ffi.eval("1/0")
ffi.eval("nope")
ffi.errno("x")
ffi.scoped("er_nope", 1)
ffi.scoped("opterr", 1)
ffi.scoped("abs", 1)
ffi.scoped("abs", 2)
ffi.scoped("qsort", 1)
ffi.cast("er_fn", ffi.scoped(fn))
s.fn = ffi.scoped(fn)
s.any = ffi.scoped(fn)
C.memcpy(ffi.scoped(fn), "x", 1)
ffi.load("er_no_such_library")
ffi.load("/nowhere/liber.so")
ffi.addressof(lib, "nope")
ffi.addressof(lib, "abs")
ffi.addressof(lib, "ER_CONST")
ffi.addressof(lib, "er_no_variable")
ffi.addressof({}, "x")
ffi.onerror(fnptr, 0)
ffi.callback("int *", fn)
ffi.callback("er_fn", fn, {Queue = 5})
ffi.callback("er_fn", fn, {5})
ffi.callback("er_fn", fn, {full = "drop"})
ffi.callback("er_fn", fn, {queue = 0})
ffi.callback("er_fn", fn, {queue = 65537})
ffi.callback("er_fn", fn, {queue = "5"})
ffi.callback("er_fn", fn, {queue = 5, full = "x"})
ffi.callback("er_fn", fn, {queue = 5, full = true})
ffi.callback("er_fn", fn, {queue = 5, wait = 1})
ffi.callback("er_fn", fn, {queue = 5, strings = t})
ffi.callback("int(*)(char[70000])", fn, {queue = 5})
ffi.callback("void (*)(struct er_s)", fn, {queue = 5, wait = true})
ffi.poll(0/0)
ffi.async(C.abs)
ffi.async(C.abs, "x")
ffi.async(nullfn, 1)
ffi.async(C.abs, 1):wait("x")
ffi.async(C.abs, 1):wait(0/0)
ffi.async(C.abs, 1).wait(5)
ffi.async(C.abs, 1):wait()
ffi.workers(5)
ffi.workers({thread = 5})
ffi.workers({threads = 0})
ffi.workers({threads = "x"})
ffi.workers({queue = 2^30})
ffi.workers({full = "drop"})
ffi.onerror(nullfn, 0)
C.nope
C.er_missing
C.er_no_variable
C.ER_CONST = 8
C.nope = 1
C.opterr = "x"
C.opterr = {}
C[1]
C[{}]
C.abs()
C.abs(1, 2)
C.abs("x")
C.abs(t)
C.strlen(5)
C.strlen(a)
C.strlen(nil, 1)
C.memcpy(a, ca)
C.memcpy(ca, a, 4)
C.memcpy("x", "y", 1)
C.strtol("1", cp, 10)
C.snprintf(chars, 4, "%d")
C.snprintf(chars, 4, "%d", "x")
C.snprintf(chars, 4, "%s", 5)
C.snprintf(chars, 4, "%n", a)
C.snprintf(chars, 4, "%d", t)
C.snprintf(chars, 4, "%d", fn)
C.snprintf(chars, 4, "%y", 1)
C.snprintf(chars)
C.qsort(a, 3, 4, function() return "x" end)
C.qsort(a, 3, 4, function() return {} end)
C.qsort(a, 3, 4, function() error("own message", 0) end)
C.qsort(a, 3, 4, 5)
C.qsort(a, 3, 4, s)
fnptr()
fnptr("x")
nullfn(1)
p(1)
s(1)
fnptr:free()
fnptr:set(fn)
a:free()
s.nope
s.nope = 1
s[0]
s[0] = 1
s[nil]
s[nil] = 1
s[{}]
s.v[3]
s.v[-1]
s.v[3] = 1
s.v["x"]
s.v[s]
s.v = {1, 2, 3, 4}
s.v = 5
s.v = {1, "x"}
s.name = "too long"
s.name = 5
s.ro = 1
s.fixed = nil
s["in"] = {1, 2, 3}
s["in"] = {nope = 1}
s["in"] = {x = {}}
s["in"].x = "x"
s["in"] = s
s.rows[2] = {1}
s.rows[0] = {x = fn}
s.rows = {{1}, {2}, {3}}
s.bits = "x"
s.e = "ER_NOPE"
s.z.re = 1
s.fn(1)
sp.nope
sp.nope = 1
sp[0].nope
nulls.i
nulls.i = 1
nulls[0]
nulls[1] = s
nulls.nope
nullp[0]
nullp[0] = 1
vp[0]
vp[0] = 1
vp.x
opaque.x
opaque[0]
opaque[0] = 1
ca[0] = 1
cp[0] = 1
a[3]
a[3] = 1
a[0] = "x"
a[0] = nil
a.x
a.x = 1
vla[2]
vla[2] = 1
z.nope
z.re = 1
z[2]
v4[4]
v4[0] = 1
int.x
int.x = 1
i64.x
i64[0]
enum.x
fnptr.x
fnptr[0]
fnptr.x = 1
null.x
ct.x
ct.x = 1
ct_s.i
ct_s.nope
s + 1
1 + s
s + s
a + a
p + p
p + 1.5
p + nil
p + "1"
p - dp
p - s
dp - p
p * 2
p / 2
p % 2
p ^ 2
-p
-s
-t
i64 + nil
i64 + true
i64 + "x"
i64 + t
i64 + fn
i64 + s
i64 + p
i64 / 0
i64 % 0
i64 % z
z % 2
z < 1
z < z
v4 + v4
fn + i64
co - i64
file * i64
ct + 1
ct + i64
bool + i64
enum + s
s < 1
s < s
s <= s
p < 1
p < s
p < dp
p <= i64
i64 < "x"
i64 < nil
i64 < s
i64 < t
a < nil
s == 1
s == s
p == s
i64 == t
s .. 1
1 .. s
i64 .. "x"
p .. p
#s
#a
#p
#i64
#ct
s(1)
a(1)
i64(1)
ct_s(1, 2, 3, {}, s)
pairs(s)
ipairs(s)
pairs(a)
pairs(ct)
tostring(s, 1)
for x in s do end
for x in i64 do end
]]

local statements_53 = [[
i64 // 0
s // 1
p // 2
i64 & 1.5
i64 & "x"
i64 & t
s & 1
p & 1
z | 1
~s
~p
double ~ 1
s << 1
i64 << t
1 >> s
]]

-- Targets of the conversion table: a member of each C type takes every kind of value.
local members = { "i", "u8", "d", "b", "i64", "e", "p", "text", "chars", "any", "[\"in\"]", "link", "v", "name", "z", "fn", "bits", "rows" }
local more_values = { "cp", "dp", "inner", "nullp", "nullfn", "ca", "bool" }

local loader = loadstring or load
local function compile(code)
  local chunk
  if setfenv then
    chunk = loader(code, "=row")
    if chunk then setfenv(chunk, env) end
  else
    chunk = load(code, "=row", "t", env)
  end
  return chunk
end

-- A row's outcome: nil when it goes well, else the message without addresses. Every message is to say where.
local function outcome(code)
  renew()
  local chunk = assert(compile("local r = " .. code) or compile(code), code)
  local ok, message = pcall(chunk)
  if ok then return nil end
  message = tostring(message):gsub("\n", "\\n"):gsub("0x%x+", "0x?"):gsub("struct %d+", "struct N"):gsub("[^ ]*/core%.so", "core.so"):gsub("(opened by ffi%.load) %(.*", "%1")
  local text = message:match "^row:1: (.*)$"
  return text or ("(no position) " .. message)
end

-- How messages call the values.
local names = { ["true"] = "boolean", ["1"] = "number", ["-1"] = "number", ["1.5"] = "number", ['"text"'] = "string", t = "table", fn = "function",
  co = "thread", file = "userdata", C = "table", ["C.abs"] = "function", ct = "ctype<int>", ct_s = "ctype<struct er_s>", i64 = "int64_t", enum = "enum er_e",
  z = "complex", v4 = "float __attribute__((vector_size(16)))", s = "struct er_s", union = "union er_u", a = "int [3]", chars = "char [4]", vla = "int [?]",
  p = "int *", cp = "const int *", dp = "double *", sp = "struct er_s *", opaque = "struct er_opaque *", fnptr = "int (*)(int)", nullfn = "int (*)(int)",
  null = "void *", nulls = "struct er_s *", nullp = "int *", inner = "struct er_in", ca = "const int [3]" }

-- `text` with the value's name replaced by $ where a message has it.
local function without_source(text, kind)
  local name = (names[kind] or kind):gsub("%p", "%%%0")
  return (text:gsub("convert '" .. name .. "' to", "convert '$' to"):gsub("got " .. name .. "%)", "got $)"):gsub("pass '" .. name .. "'", "pass '$'"))
end

-- rows in order: {key, text}. A pattern with `*` in it and what one message says are a key, the values that raise it the text.
local function try_all()
  local rows = {}
  local function add(key, text) rows[#rows + 1] = { key, text } end
  local function try(pattern, list)
    local accepted, order = {}, {}
    for _, kind in ipairs(list) do
      local text = outcome((pattern:gsub("%*%*", (kind:gsub("%%", "%%%%")))))
      local group = accepted
      if text then
        text = without_source(text, kind)
        group = order[text] or {}
        if not order[text] then
          order[text] = group
          order[#order + 1] = text
        end
      end
      group[#group + 1] = kind
    end
    local short = pattern:gsub("%*%*", "*")
    for _, text in ipairs(order) do add(short .. "\t" .. text, table.concat(order[text], " ")) end
    add(short .. "\ttakes", table.concat(accepted, " "))
  end
  local function arguments(f, right, list)
    for n = 0, #right - 1 do
      local code = ("%s(%s)"):format(f, table.concat(right, ", ", 1, n))
      add(code, outcome(code) or "ok")
    end
    for n = 1, #right do
      local given = {}
      for i, text in ipairs(right) do given[i] = i == n and "**" or text end
      try(("%s(%s)"):format(f, table.concat(given, ", ")), list)
    end
  end
  for _, f in ipairs(functions) do
    local right = {}
    for i = 2, #f do right[i - 1] = f[i] end
    arguments("ffi." .. f[1], right, f[1] == "debug" and few or #right == 1 and kinds or few)
  end
  for _, f in ipairs(bit_functions) do arguments("ffi.bit." .. f[1], { select(2, (table.unpack or unpack)(f)) }, few) end
  local all = {}
  for _, k in ipairs(few) do all[#all + 1] = k end
  for _, k in ipairs { "enum", "i64", "ct_s", "C.abs", "co", "v4", "union", "a", "chars", "sp", "opaque", "fnptr", "nulls" } do all[#all + 1] = k end
  for _, k in ipairs(more_values) do all[#all + 1] = k end
  for _, name in ipairs(calls) do try(("fx.er_take_%s(**)"):format(name), all) end
  arguments("fx.er_take_two", { "1", "nil" }, few)
  arguments("fx.er_take_more", { "1", "2" }, few)
  for _, m in ipairs(members) do try(("s%s = **"):format(m:match "^%[" and m or "." .. m), all) end
  for line in statements:gmatch "[^\n]+" do add(line, outcome(line) or "ok") end
  if H.native_int64 then
    for line in statements_53:gmatch "[^\n]+" do add(line, outcome(line) or "ok") end
  end
  return rows
end

-- The file: lines of key, TAB, text; for some versions only with "5.1 5.2 TAB" before them. Keys of patterns have a TAB.
local function read_table()
  local known, order = {}, {}
  local f = io.open(file_name)
  if not f then return known, order end
  for line in f:lines() do
    if line ~= "" and line:sub(1, 2) ~= "# " then
      local some, rest = line:match "^([%d%. ]+)\t(.*)$"
      local key, text = (rest or line):match "^(.*)\t([^\t]*)$"
      if not known[key] then
        known[key] = {}
        order[#order + 1] = key
      end
      for _, v in ipairs(versions) do
        if not some or some:find(v, 1, true) then known[key][v] = text end
      end
    end
  end
  f:close()
  return known, order
end

local function write_table(known, order)
  local f = assert(io.open(file_name, "w"))
  f:write "# What wrong values are told; made and checked by api_errors_spec.lua, which defines the values. Lines are of two kinds:\n"
  f:write "#   expression, TAB, message\n"
  f:write "#   expression with *, TAB, message, TAB, the values for * that raise it; $ in the message is what the value is called\n"
  f:write "# Addresses are 0x?. A line that begins with versions is for those only.\n"
  for _, key in ipairs(order) do
    local groups = {}
    for _, v in ipairs(versions) do
      local text = known[key][v]
      if text then
        local group
        for _, g in ipairs(groups) do group = g.text == text and g or group end
        if not group then
          group = { text = text }
          groups[#groups + 1] = group
        end
        group[#group + 1] = v
      end
    end
    for _, g in ipairs(groups) do
      f:write(#g == #versions and "" or table.concat(g, " ") .. "\t", key, "\t", g.text, "\n")
    end
  end
  f:close()
end

if arg and arg[1] == "--generate" then
  local known, order = read_table()
  local fresh, now = {}, {}
  for _, row in ipairs(try_all()) do
    if not now[row[1]] then fresh[#fresh + 1] = row[1] end
    now[row[1]] = row[2]
  end
  for _, key in ipairs(order) do known[key][H.version] = nil end
  for key, text in pairs(now) do
    known[key] = known[key] or {}
    known[key][H.version] = text
  end
  local seen = {}
  for _, key in ipairs(fresh) do seen[key] = true end
  for _, key in ipairs(order) do -- rows of other versions only
    if not seen[key] and next(known[key]) and not H.native_int64 then fresh[#fresh + 1] = key end
  end
  write_table(known, fresh)
  os.exit(0)
end

TestApiErrors = {}

function TestApiErrors:test_table()
  local known = read_table()
  local wrong = {}
  for _, row in ipairs(try_all()) do
    local want = known[row[1]] and known[row[1]][H.version]
    -- What a system says of a library that is not there is no text of ours.
    local of_system = ffi.os == "Windows" and (row[1] .. row[2]):find "cannot load library"
      or H.musl and (row[1] .. row[2]):find "Error loading shared library"
    if want ~= row[2] and not of_system then wrong[#wrong + 1] = ("%s\n  raises:   %s\n  expected: %s"):format(row[1], row[2], tostring(want)) end
  end
  lu.assertEquals(#wrong, 0, table.concat(wrong, "\n", 1, math.min(#wrong, 20)))
end

-- Nobody's line: what happens in a callback's return, errors thrown without one, and pairs() calls __pairs from C.
local without_position = { "in the result of a callback", "own message", "attempt to iterate over" }

-- Every message has the position of the call, and the function by its name.
function TestApiErrors:test_texts()
  for key, texts in pairs((read_table())) do
    for _, text in pairs(texts) do
      local line = key .. "\t" .. text
      local exempt = false
      for _, part in ipairs(without_position) do exempt = exempt or line:find(part, 1, true) end
      if not exempt then lu.assertNil(line:find("(no position)", 1, true), line) end
      lu.assertNil(line:find("to '?'", 1, true), line)
    end
  end
end

H.run()
