-- Random values at every function and operator, random declarations, random writes: nothing may crash, whatever is
-- refused must be a Lua error. What is made is kept for a while and used again. Pointers are NULL or into owned buffers,
-- so no wild memory is touched on purpose; but for that in a restricted state anything is tried.
-- api_fuzz.lua [SEED [SECONDS]]; the seed is printed, a run with it does the same.
-- Within api.cpp a fuzzer's bytes choose: the chunk is given the host's functions, and gives back what runs one input.
local host = ...
if type(host) ~= "table" then host = nil end
local ffi = require "ffi"
local seed, seconds = tonumber((arg or {})[1]) or os.time(), tonumber((arg or {})[2]) or 10

-- A generator of our own: math.random differs between Luas.
local state = seed % 2147483646 + 1
local random = host and host.choose or function(n)
  state = state * 16807 % 2147483647
  return state % n + 1
end
local function pick(list) return list[random(#list)] end

ffi.cdef [[
struct fz_s { int a; double b; const char *s; struct fz_s *next; int v[3]; unsigned bits : 5; struct { char x, y; } in; };
union fz_u { int i; double d; char c[16]; }; enum fz_e { FZ_A, FZ_B = 7 }; struct fz_opaque; typedef float fz_v4 __attribute__((vector_size(16)));
int abs(int); double sqrt(double); int toupper(int);
int snprintf(char *, size_t, const char *, ...) __attribute__((format(printf, 3, 4)));
void qsort(void *, size_t, size_t, int (*)(const void *, const void *) __attribute__((ferry_scoped)));
]]
local meta = ffi.metatype("struct { int fz_n; }", { __add = function(a, b) return a end, __index = function(_, k) return k end, __call = function(_, x) return x end,
  __gc = function() end, __len = function() return 3 end, __eq = function() return true end, __concat = function() return "c" end })

local makers = {
  function() return nil end, function() return true end, function() return random(20) - 10 end, function() return random(1e9) * 1e9 end, function() return 0.5 end,
  function() return 0 / 0 end, function() return 1 / 0 end, function() return -2 ^ 63 end, function() return ("x"):rep(random(9) - 1) end, function() return "int" end,
  function() return pick { "int[?]", "struct fz_s", "char[8]", "int *", "void", "double", "int(*)(int)", "enum fz_e", "struct fz_opaque", "int &", "complex", "$" } end,
  function() return {} end, function() return { random(9), "x" } end, function() return { a = 1, b = {}, v = { 1, 2 } } end, function() return function() end end,
  function() return string.len end, function() return coroutine.create(function() end) end, function() return ffi.typeof "int" end,
  function() return ffi.typeof "struct fz_s" end, function() return ffi.typeof "int[?]" end, function() return ffi.new("int", random(9)) end,
  function() return ffi.new("int64_t", -random(9)) end, function() return ffi.new("uint64_t", -1) end, function() return ffi.new("double", 1.5) end,
  function() return ffi.new("bool", true) end, function() return ffi.new("enum fz_e", 7) end, function() return ffi.new("complex", 1, 2) end,
  function() return ffi.new("fz_v4", 1) end, function() return ffi.new("long double", 3) end, function() return ffi.new "struct fz_s" end, function() return ffi.new "union fz_u" end,
  function() return ffi.new("int[4]", 1, 2) end, function() return ffi.new("char[8]", "abc") end, function() return ffi.new("int[?]", random(5)) end,
  function() return ffi.new "struct fz_s[2]" end, function() return ffi.NULL end, function() return ffi.new "int *" end, function() return ffi.new "struct fz_s *" end,
  function() return ffi.new "struct fz_opaque *" end, function() return ffi.new "int (*)(int)" end, function() return ffi.C end, function() return ffi.C.abs end,
  function() return meta(random(9)) end, function() return ffi.new("__int128", 5) end, function() return ffi.new "const int[2]" end,
  function() return ffi.new "struct { int n; struct { short q[2][3]; } m[2]; }" end, function() return ffi.async(ffi.C.abs, random(9)) end,
}

-- Values that are not Ferry's, that have ended, and that call back.
local function fails() error("on purpose", 0) end
local hostile = setmetatable({}, { __index = fails, __newindex = fails, __len = fails, __call = fails, __tostring = fails, __eq = fails, __lt = fails, __pairs = fails,
  __concat = fails, __unm = fails, __add = fails })
local odd = setmetatable({}, { __index = function(_, k) return k end, __len = function() return 2 ^ 53 end, __tostring = function() return {} end, __name = "odd\0name",
  __pairs = function() return function(_, k) return k == nil and 1 or nil, "x" end end })
local closed = io.open("/dev/null") or io.stdout
if closed ~= io.stdout then closed:close() end
local function touched()
  ffi.new("struct fz_s", { a = 1, next = nil })
  pcall(ffi.cdef, "struct fz_gc { int fz_in_gc; };")
  tostring(ffi.typeof("int[3]"))
end
local function append(list) for _, f in ipairs(list) do makers[#makers + 1] = f end end
append {
  function() return io.stdout end, function() return closed end, function() return hostile end, function() return odd end, function() return "in\0it" end,
  function() return ("\0"):rep(random(9)) end, function() return ("y"):rep(300) end,
  function() local p = ffi.new("int[3]", random(9)) ffi.release(p) return p end, function() local s = ffi.new "struct fz_s" ffi.release(s) return s end,
  function() return ffi.gc(ffi.new("int[2]", 1), touched) end, function() return ffi.gc(ffi.new "struct fz_s", fails) end,
  function() return setmetatable({}, { __gc = touched }) end, function() return ffi.C.sqrt end, function() return ffi.typeof "int (*)(int)" end,
  function() local s = ffi.new "struct fz_s" s.s = "kept" s["in"] = { 1, 2 } return s end, function() return ffi.new("int[2][3]", { { 1 }, { 2 } }) end,
  function() return coroutine.wrap(touched) end, function() return { [0] = 1, [1e9] = 2, [0.5] = 3 } end, function() return { ffi.new("int", 1), hostile } end,
  function() return ffi.new("unsigned char[?]", random(64)) end, function() return ffi.new "union fz_u[2]" end, function() return ffi.new("wchar_t[4]", 65) end,
}
if not host or not host.restricted then
  append {
    function() local cb = ffi.cast("int (*)(int)", function(x) return x end) cb:free() return cb end, function() return ffi.cast("int (*)(int)", tostring) end,
    function() return ffi.cast("int (*)(int)", fails) end, function() return ffi.cast("double (*)(double)", function() return "x" end) end,
  }
end
if host then append { host.foreign, host.light, host.other, function() return host.null end } end

-- What was made before. Where nothing is checked but by Ferry only what holds no address: such a value may be used at
-- any index.
local pool, pooled = {}, 0
local kPool = 24
local metatyped = meta(1)
local function keep(v)
  local t = type(v)
  if t == "string" and #v > 1000 or t == "nil" or t == "boolean" then return end
  if t == "thread" or t == "function" and v ~= ffi.C.abs then return end
  if (t == "userdata" or t == "cdata") and not (host and host.restricted) then
    local ok, name = pcall(function() return tostring(ffi.typeof(v)) end)
    if not ok or name:find "[*&(]" or name:find "struct" and not ffi.istype(meta, v) or name:find "union" then return end
  end
  pooled = pooled % kPool + 1
  pool[pooled] = v
end
local function value()
  local kept = pooled > 0 and random(3) == 1 and pool[random(kPool)]
  if kept then return kept end
  local v = pick(makers)()
  if random(4) == 1 then keep(v) end
  return v
end

-- What waits, waits for a moment only.
local poll = ffi.poll
function ffi.poll(seconds, ...)
  if tonumber(seconds) and not (tonumber(seconds) <= 0.001) then seconds = 0.001 end
  return poll(seconds, ...)
end

-- Its function is one that lets others wait.
local scheduler = ffi.scheduler
function ffi.scheduler(f, ...) return scheduler(type(f) == "function" and function() return false end or f, ...) end


-- Indexes are checked; else what is out of range is touched on purpose.
local checked = ffi.checked
function ffi.checked(...)
  local was = checked(...)
  checked(true)
  return was
end

if host then
  -- Signals that the fuzzer needs are left alone.
  local signal = ffi.signal
  function ffi.signal(s, ...) return signal(type(s) == "number" and 10 or s, ...) end
end

local names = {}
for name, f in pairs(ffi) do
  if type(f) == "function" and name ~= "load" and name ~= "onerror" and not (host and name == "leave") then names[#names + 1] = name end
end
table.sort(names)
local bits = {}
for name, f in pairs(ffi.bit) do
  if type(f) == "function" then bits[#bits + 1] = name end
end
table.sort(bits)

local operators = {
  function(a, b) return a + b end, function(a, b) return a - b end, function(a, b) return a * b end, function(a, b) return a / b end, function(a, b) return a % b end,
  function(a, b) return a ^ b end, function(a, b) return a < b end, function(a, b) return a <= b end, function(a, b) return a == b end, function(a, b) return a .. b end,
  function(a) return -a end, function(a) return #a end, function(a, b) return a(b) end, function(a, b) return a[b] end, function(a) return tostring(a) end,
  function(a) for _ in pairs(a) do end end, function(a) return a.next end, function(a) return a:free() end, function(a, b) return a:set(b) end,
  function(a, b) return a:wait(b) end, function(a) return a:poll(), a:cancel(), a:status() end,
}
for _, code in ipairs { "a // b", "a & b", "a | b", "a ~ b", "a << b", "a >> b", "~a" } do
  local f = (loadstring or load)("local a, b = ... return " .. code)
  if f then operators[#operators + 1] = f end
end

-- Valid declarations, to be cut, doubled and mixed.
local texts = {
  "struct fz_%d { int a, b : 3; char c[4]; struct { double d; }; union { int i; float f; } u; };", "typedef int (*fz_f%d)(int, const char *, ...);", "enum fz_e%d { FZ_X%d = 1 << 3, FZ_Y%d };",
  "typedef struct fz_t%d { struct fz_t%d *next; int (*cmp)(const void *, const void *); } fz_t%d;", "static const int FZ_C%d = sizeof(int) * 2;", "extern unsigned long long fz_v%d;",
  "typedef double fz_m%d[3][4] __attribute__((aligned(16)));", "int fz_g%d(struct fz_s, union fz_u, int (*)[3]) __attribute__((nothrow));", "#pragma pack(1)\nstruct fz_p%d { char c; int i; };",
  "typedef int fz_w%d __attribute__((vector_size(16))); _Static_assert(sizeof(fz_w%d) == 16, \"no\");", "void fz_h%d(int a[static 3], char *restrict p, _Bool b);",
}
local pieces = { "(", ")", "[", "]", "{", "}", "*", ";", ",", "int", "struct", "const", "0", "1", "-1", "99999999999999999999", "'", '"', "/*", "//", "\0", "$", "...", ":", "=", "?",
  "sizeof", "__attribute__((", "typedef", "long", "[?]", "\\", "#define X 1\n", "<<", "/0", "void", "&" }
local counter = 0
local function declaration()
  counter = counter + 1
  local text = pick(texts):gsub("%%d", tostring(counter))
  for _ = 1, random(4) - 1 do
    local at, n = random(#text), random(6)
    local kind = random(4)
    if kind == 1 then
      text = text:sub(1, at) .. text:sub(at + n)
    elseif kind == 2 then
      text = text:sub(1, at) .. " " .. pick(pieces) .. " " .. text:sub(at + 1)
    elseif kind == 3 then
      text = text:sub(1, at + n) .. text:sub(at)
    else
      text = text:sub(1, at) .. pick(texts):sub(random(20), random(20) + 20) .. text:sub(at + 1)
    end
    if #text == 0 then text = "x" end
  end
  return text
end

local fields = { "a", "b", "s", "next", "v", "bits", "in", "i", "d", "c", "m", "n", "fz_n", "nope", 0, 1, -1, 3, 1e9, 0 / 0 }
-- What would be written through, or called, and is not ours: refused here, not by the library.
local raw = { copy = true, fill = true, fromtable = true, string = true, totable = true, slice = true }
local function is_code(v)
  local ok, text = pcall(tostring, v)
  return ok and type(text) == "string" and text:find("(", 1, true)
end
local function harmless(name, a)
  if host and host.restricted then return true end
  if raw[name] and (type(a) == "userdata" or type(a) == "cdata" and is_code(a)) then return false end
  return not (host and host.is_foreign(a))
end

local actions
actions = {
  function() local name, a = pick(names), value() return harmless(name, a) and ffi[name](a, value(), value()) end,
  function() local name, a = pick(names), value() return harmless(name, a) and ffi[name](a) end,
  function() local name, a = pick(names), value() return harmless(name, a) and ffi[name](a, value()) end,
  function() return ffi.bit[pick(bits)](value(), value()) end,
  function() return pick(operators)(value(), value()) end,
  function() return pick(operators)(value(), value()) end,
  function() value()[pick(fields)] = value() end,
  function() local s = value() local x = s[pick(fields)] x[pick(fields)] = value() end,
  function() ffi.cdef(declaration()) end,
  function() ffi.typeof(declaration(), value()) end,
  function() return ffi.new(value(), value(), value()) end,
  function() return pick { ffi.C.abs, ffi.C.sqrt, ffi.C.toupper }(value(), random(5) == 1 and value() or nil) end,
  function() local a = ffi.new "struct fz_s[2]" a[random(2) - 1].next = a[0] a[0]["in"] = value() return a[1] end,
  function() collectgarbage(random(8) == 1 and "collect" or "step") end,
  function() local to = ffi.new "char[40]" return ffi.C.snprintf(to, 40, pick { "%d %s", "%.3s|%g", "%ld%c", "%p", "%5$d", "%Lf%%", "%ls" }, value(), value(), value()) end,
  function() -- C takes seconds for 2^31 characters
    local to, width = ffi.new "char[40]", value()
    if math.abs(tonumber(width) or 0) > 1e6 then width = 7 end
    return ffi.C.snprintf(to, 40, "%*d", width, value())
  end,
  -- Anything within a callback; what C works on is nobody else's.
  function()
    local a = ffi.new("int[3]", random(9), random(9), random(9))
    ffi.C.qsort(a, 3, 4, function() return pick(actions)() end)
  end,
  function()
    local co = coroutine.wrap(function() local v = pick(operators)(value(), value()) coroutine.yield(v) return ffi.new(value()) end)
    return co() or co()
  end,
}

-- Which of LuaUnit's or Lua's functions could be replaced by what is tried: none, but the index checks come back.
local tried, refused = 0, 0
local stop = os.clock() + seconds

if host then
  if host.restricted then
    ffi.restrict { load = false, C = { "abs", "sqrt", "toupper", "snprintf", "qsort" }, cast = false, pointers = "checked", cdef = false }
  end
  local kOperations = 60
  return function()
    pool, pooled = {}, 0
    for _ = 1, kOperations do
      if host.ended() then break end
      local ok, result = pcall(pick(actions))
      if ok then
        keep(result)
      else
        assert(type(result) ~= "string" or #result > 0, "an error without a text")
      end
    end
  end
end
local limit = tonumber((arg or {})[3]) or math.huge
while os.clock() < stop and tried < limit do
  local ok, message = pcall(pick(actions))
  tried = tried + 1
  if ok then
    keep(message)
  else
    refused = refused + 1
    assert(message == nil or type(message) ~= "string" or #message > 0, "an error without a text")
  end
  if tried % 5000 == 0 then collectgarbage() end
end
print(("api_fuzz: seed %d, %d tries, %d refused"):format(seed, tried, refused))
