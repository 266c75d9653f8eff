-- Random values at every function and operator, random declarations, random writes: nothing may crash, whatever is
-- refused must be a Lua error. Pointers are NULL or into owned buffers, so no wild memory is touched on purpose.
-- api_fuzz.lua [SEED [SECONDS]]; the seed is printed, a run with it does the same.
local ffi = require "ffi"
local seed, seconds = tonumber((arg or {})[1]) or os.time(), tonumber((arg or {})[2]) or 10

-- A generator of our own: math.random differs between Luas.
local state = seed % 2147483646 + 1
local function random(n)
  state = state * 16807 % 2147483647
  return state % n + 1
end
local function pick(list) return list[random(#list)] end

ffi.cdef [[
struct fz_s { int a; double b; const char *s; struct fz_s *next; int v[3]; unsigned bits : 5; struct { char x, y; } in; };
union fz_u { int i; double d; char c[16]; }; enum fz_e { FZ_A, FZ_B = 7 }; struct fz_opaque; typedef float fz_v4 __attribute__((vector_size(16)));
int abs(int); double sqrt(double); int toupper(int);
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
local function value() return (pick(makers)()) end

-- What waits, waits for a moment only.
local poll = ffi.poll
function ffi.poll(seconds, ...)
  if tonumber(seconds) and not (tonumber(seconds) <= 0.001) then seconds = 0.001 end
  return poll(seconds, ...)
end

-- Its function is one that lets others wait.
local scheduler = ffi.scheduler
function ffi.scheduler(f, ...) return scheduler(type(f) == "function" and function() return false end or f, ...) end

local names = {}
for name, f in pairs(ffi) do
  if type(f) == "function" and name ~= "load" and name ~= "onerror" then names[#names + 1] = name end
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
local function harmless(name, a)
  return not ((name == "copy" or name == "fill" or name == "fromtable") and type(a) == "userdata")
end

local actions = {
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
}

-- Which of LuaUnit's or Lua's functions could be replaced by what is tried: none, but the index checks come back.
local tried, refused = 0, 0
local stop = os.clock() + seconds
local limit = tonumber((arg or {})[3]) or math.huge
while os.clock() < stop and tried < limit do
  local ok, message = pcall(pick(actions))
  tried = tried + 1
  if not ok then
    refused = refused + 1
    assert(message == nil or type(message) ~= "string" or #message > 0, "an error without a text")
  end
  if tried % 64 == 0 then ffi.checked(true) end
  if tried % 5000 == 0 then collectgarbage() end
end
print(("api_fuzz: seed %d, %d tries, %d refused"):format(seed, tried, refused))
