-- Nothing crashes and every refusal is a Lua error: each function of the API with each argument missing or of
-- each wrong kind, huge sizes, objects of every type under every operator.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
struct rb_s { int a; double b; const char *s; struct rb_s *next; int v[3]; unsigned bits : 5; };
union rb_u { int i; double d; };
enum rb_e { RB_A, RB_B };
struct rb_opaque;
typedef float rb_v4 __attribute__((vector_size(16)));
int abs(int); double sqrt(double); size_t strlen(const char *); int sprintf(char *, const char *, ...);
]]

-- One value of every kind there is. No pointer here points to memory of unknown size but NULL.
local function values()
  local list = {
    { "none" }, { "nil", nil }, { "true", true }, { "0", 0 }, { "-1", -1 }, { "1.5", 1.5 }, { "nan", 0 / 0 }, { "inf", 1 / 0 }, { "2^53", 2 ^ 53 },
    { "2^70", 2 ^ 70 }, { "''", "" }, { "'int'", "int" }, { "'int[?]'", "int[?]" }, { "'struct rb_s'", "struct rb_s" }, { "'int ('", "int (" },
    { "'a\\0b'", "a\0b" }, { "{}", {} }, { "{1}", { 1 } }, { "function", function() end }, { "C function", string.len }, { "thread", coroutine.create(function() end) },
    { "file", io.stdout }, { "ctype int", ffi.typeof "int" }, { "ctype struct", ffi.typeof "struct rb_s" }, { "ctype void", ffi.typeof "void" },
    { "ctype vla", ffi.typeof "int[?]" }, { "ctype function", ffi.typeof "int(int)" }, { "ctype opaque", ffi.typeof "struct rb_opaque" },
    { "int", ffi.new("int", 5) }, { "int64", V.i64 "-1" }, { "uint64", V.u64 "0xffffffffffffffff" }, { "double", ffi.new("double", 1.5) },
    { "bool", ffi.new("bool", true) }, { "enum", ffi.new("enum rb_e", 1) }, { "complex", ffi.new("complex", 1, 2) }, { "vector", ffi.new("rb_v4", 1) },
    { "long double", ffi.new("long double", 1) }, { "struct", ffi.new "struct rb_s" }, { "union", ffi.new "union rb_u" }, { "int[3]", ffi.new "int[3]" },
    { "char[4]", ffi.new("char[4]", "abc") }, { "vla", ffi.new("int[?]", 2) }, { "struct[2]", ffi.new "struct rb_s[2]" }, { "NULL", ffi.NULL },
    { "int *NULL", ffi.new "int *" }, { "struct *NULL", ffi.new "struct rb_s *" }, { "char *NULL", ffi.new "const char *" },
    { "opaque *NULL", ffi.new "struct rb_opaque *" }, { "function NULL", ffi.new "int (*)(int)" }, { "library", ffi.C }, { "library function", ffi.C.abs },
  }
  if not H.is_luajit then
    list[#list + 1] = { "future", ffi.async(ffi.C.abs, -1) }
    list[#list + 1] = { "scoped", ffi.scoped(function() end) }
    list[#list + 1] = { "preprocessor", ffi.headers.preprocessor() }
  end
  return list
end

local functions = {
  "cdef", "new", "typeof", "cast", "gc", "sizeof", "alignof", "offsetof", "istype", "errno", "string", "copy", "fill", "abi", "i64", "u64", "number",
  "type", "tonumber", "addressof", "isnull", "eval", "toretval", "onerror", "totable", "fromtable", "load", "metatype", "checked",
}

local function call(f, first, second, third)
  local a, b, c = first[2], second[2], third and third[2]
  if first[1] == "none" then return pcall(f) end
  if second[1] == "none" then return pcall(f, a) end
  if third == nil then return pcall(f, a, b) end
  return pcall(f, a, b, c)
end

-- Written through on purpose these would be: userdata convert to void *, as in LuaJIT.
local function would_overwrite(name, first) return first[1] == "file" and (name == "copy" or name == "fill") end

local function is_message(e) return type(e) == "string" and #e > 0 and #e < 2000 end

TestRobustness = {}

function TestRobustness:test_every_function_with_every_two_kinds()
  local list = values()
  for _, name in ipairs(functions) do
    local f = ffi[name]
    if type(f) == "function" and name ~= "metatype" and name ~= "load" then
      for i, a in ipairs(list) do
        for j, b in ipairs(list) do
          if (not H.slow or (i + j) % 5 == 0) and not would_overwrite(name, a) then
            local ok, e = call(f, a, b)
            if not ok then lu.assertTrue(is_message(e), ("%s(%s, %s): %s"):format(name, a[1], b[1], tostring(e))) end
          end
        end
      end
    end
  end
  ffi.checked(true)
end

function TestRobustness:test_third_arguments()
  local list = values()
  for _, name in ipairs { "new", "copy", "string", "fill", "fromtable", "cast", "offsetof" } do
    local f = ffi[name]
    for i, a in ipairs(list) do
      for j = (i % 3) + 1, #list, 3 do
        local c = list[(i * 7 + j * 3) % #list + 1]
        if not H.slow or i % 5 == 0 then
          local ok, e = call(f, a, list[j], c)
          if not ok then lu.assertTrue(is_message(e), ("%s(%s, %s, %s)"):format(name, a[1], list[j][1], c[1])) end
        end
      end
    end
  end
end

function TestRobustness:test_load_and_metatype_refuse_wrong_kinds()
  for _, v in ipairs(values()) do
    if type(v[2]) ~= "string" and type(v[2]) ~= "number" then lu.assertFalse((pcall(ffi.load, v[2])), v[1]) end
    if type(v[2]) ~= "table" and v[2] ~= nil then
      lu.assertFalse((pcall(ffi.metatype, "struct { int x; }", v[2])), v[1])
    end
  end
  lu.assertError(ffi.load)
  lu.assertError(ffi.metatype)
end

local operators = {
  function(a, b) return a + b end, function(a, b) return a - b end, function(a, b) return a * b end, function(a, b) return a / b end,
  function(a, b) return a % b end, function(a, b) return a ^ b end, function(a, b) return a < b end, function(a, b) return a <= b end,
  function(a, b) return a == b end, function(a, b) return a .. b end, function(a, b) return a[b] end, function(a) return -a end,
  function(a) return #a end, function(a, b) return a(b) end, function(a, b) a[b] = nil end, function(a, b) a[b] = b end, function(a) return tostring(a) end,
}

function TestRobustness:test_operators_on_everything()
  local list = values()
  local cdata = {}
  for _, v in ipairs(list) do
    if type(v[2]) == "cdata" then cdata[#cdata + 1] = v end
  end
  for k, op in ipairs(operators) do
    for _, a in ipairs(cdata) do
      for _, b in ipairs(list) do
        local ok, e = pcall(op, a[2], b[2])
        if not ok then lu.assertTrue(is_message(e), ("operator %d: %s, %s: %s"):format(k, a[1], b[1], tostring(e))) end
        if type(b[2]) ~= "table" and b[1] ~= "library" then pcall(op, b[2], a[2]) end
      end
    end
  end
end

function TestRobustness:test_operators_of_53()
  H.only_versions("5.3", "5.4", "5.5")
  local list = values()
  for _, code in ipairs { "a // b", "a & b", "a | b", "a ~ b", "a << b", "a >> b", "~a" } do
    local op = V.chunk("local a, b = ... return " .. code)
    for _, a in ipairs(list) do
      for _, b in ipairs(list) do
        local ok, e = pcall(op, a[2], b[2])
        if not ok then lu.assertTrue(is_message(e), code .. a[1] .. b[1]) end
      end
    end
  end
end

function TestRobustness:test_members_take_or_refuse_every_kind()
  local s = ffi.new "struct rb_s"
  local u = ffi.new "union rb_u"
  local kinds = { "a", "b", "s", "next", "v", "bits", "nope" }
  for _, v in ipairs(values()) do
    for _, field in ipairs(kinds) do
      local ok, e = pcall(function() s[field] = v[2] end)
      if not ok then lu.assertTrue(is_message(e)) end
    end
    pcall(function() u.d = v[2] end)
    pcall(function() return s[v[2]] end)
  end
end

function TestRobustness:test_calls_take_or_refuse_every_kind()
  local buf = ffi.new "char[64]"
  for _, v in ipairs(values()) do
    for _, f in ipairs { ffi.C.abs, ffi.C.sqrt } do
      local ok, e = pcall(f, v[2])
      if not ok then lu.assertTrue(is_message(e), v[1]) end
    end
    local null = type(v[2]) == "cdata" and ffi.isnull(v[2])
    if not null and v[2] ~= nil and type(v[2]) ~= "string" and not (v[1]:match "%[" or v[1] == "file" or v[1] == "vla") then
      lu.assertFalse((pcall(ffi.C.strlen, v[2])), v[1])
    end
    if type(v[2]) ~= "string" then pcall(ffi.C.sprintf, buf, "%d", v[2]) end
  end
end

function TestRobustness:test_initialisers_of_every_kind()
  local types = { "int", "double", "bool", "int *", "const char *", "char[4]", "int[3]", "struct rb_s", "union rb_u", "enum rb_e", "complex", "rb_v4",
    "long double", "int (*)(int)", "struct rb_s[2]", "struct rb_s *", "void *", "int64_t", "int &" }
  for _, decl in ipairs(types) do
    for _, v in ipairs(values()) do
      for _, init in ipairs { v[2] == nil and 1 or v[2], { v[2] }, { { v[2] } }, { [0] = v[2] } } do
        local ok, e = pcall(ffi.new, decl, init)
        if not ok then lu.assertTrue(is_message(e), decl .. " " .. v[1]) end
        pcall(ffi.cast, decl, init)
      end
    end
  end
end

TestSizes = {}

local huge = { -1, 2 ^ 31, 2 ^ 32, 2 ^ 40, 2 ^ 47, 2 ^ 48, 2 ^ 62, 2 ^ 63, 2 ^ 64, 1e308, -2 ^ 63, 1 / 0, -1 / 0, 0 / 0 }

function TestSizes:test_variable_length()
  for _, n in ipairs(huge) do
    if n ~= 2 ^ 31 and n ~= 2 ^ 32 then
      lu.assertFalse((pcall(ffi.new, "double[?]", n)), tostring(n))
      lu.assertFalse((pcall(ffi.new, "struct { int n; double v[?]; }", n)), tostring(n))
    end
    pcall(ffi.sizeof, "double[?]", n)
  end
  lu.assertError(ffi.new, "char[?]", 2 ^ 60)
  lu.assertError(ffi.new, "char[?]", V.u64 "0xffffffffffffffff")
  lu.assertError(ffi.new, "char[?]", V.i64 "-1")
end

function TestSizes:test_lengths_of_string_copy_fill()
  local b = ffi.new "char[8]"
  for _, n in ipairs(huge) do
    lu.assertFalse((pcall(ffi.string, b, n)), tostring(n))
    lu.assertFalse((pcall(ffi.copy, b, b, n)), tostring(n))
    lu.assertFalse((pcall(ffi.copy, b, "abc", n)), tostring(n))
    lu.assertFalse((pcall(ffi.fill, b, n)), tostring(n))
    lu.assertFalse((pcall(ffi.totable, b, n)), tostring(n))
  end
end

function TestSizes:test_indexes()
  local a, v = ffi.new "int[3]", ffi.new("int[?]", 3)
  for _, n in ipairs(huge) do
    lu.assertFalse((pcall(function() return a[n] end)) and n == n, tostring(n))
    pcall(function() a[n] = 1 end)
    lu.assertFalse((pcall(function() return v[n] end)) and n == n, tostring(n))
  end
  lu.assertEquals({ v[1], v[2] }, { 0, 0 })
end

function TestSizes:test_huge_types()
  for _, decl in ipairs {
    "char[0x7fffffffffffffff]", "int[1ull<<62]", "char[1ull<<47][2]", "struct { char a[1ull<<46]; char b[1ull<<46]; char c[1ull<<46]; }", "double[-1]",
    "int[99999999999999999999999]", "struct { int a : 99; }", "int[0x100000000][0x100000000]",
  } do
    local ok = pcall(ffi.new, decl)
    lu.assertFalse(ok, decl)
  end
end

function TestSizes:test_many_arguments()
  local t = {}
  for i = 1, 200 do t[i] = i end
  lu.assertError(ffi.C.abs, (table.unpack or unpack)(t))
  lu.assertError(ffi.new, "int[3]", (table.unpack or unpack)(t))
  lu.assertEquals(ffi.new("int[200]", (table.unpack or unpack)(t))[199], 200)
end

function TestSizes:test_recursive_initialiser()
  local t = {}
  t[1] = t
  pcall(ffi.new, "struct rb_s", t)
  pcall(ffi.new, "int[3][3][3]", t)
  lu.assertEquals(ffi.C.abs(-1), 1)
end

TestIndexesThatAreNoNumbers = {}

function TestIndexesThatAreNoNumbers:test_nan_and_infinity_through_pointers()
  H.not_on_luajit "it is Ferry's own promise"
  local a = ffi.new("int[8]", 1, 2, 3, 4, 5, 6, 7, 8)
  local p = ffi.cast("int *", a)
  for _ = 1, 3 do -- the general way, then the short one
    for _, index in ipairs { 0 / 0, 1 / 0, -1 / 0, 1e300, -1e300 } do
      H.assert_error_contains(function() return p[index] end, "outside of 'int *'")
      H.assert_error_contains(function() p[index] = 1 end, "outside of 'int *'")
    end
    lu.assertEquals(p[3], 4)
    lu.assertEquals((p + 4)[-2], 3)
    local q = p + 4
    q[-1] = q[-1]
    lu.assertEquals(q[-1], 4)
  end
end

TestOwnUserdata = {}

-- What Ferry makes besides cdata is no memory for C: whoever wrote to it ran, with a future, on another thread into nowhere.
function TestOwnUserdata:test_are_no_memory()
  H.not_on_luajit "has none of them"
  ffi.cdef "void *memset(void *, int, size_t); int rb_printf(char *, size_t, const char *, ...) __asm__(\"snprintf\");"
  local text = ffi.new "char[40]"
  for name, own in pairs {
    future = ffi.async(ffi.C.abs, -1),
    preprocessor = ffi.headers.preprocessor(),
    ["function of ffi.scoped"] = ffi.scoped(print),
  } do
    local function refused(what, f, ...)
      local arguments, n = { ... }, select("#", ...)
      H.assert_error_contains(function() f((table.unpack or unpack)(arguments, 1, n)) end, what, name)
    end
    refused("cannot convert ", ffi.cast, "void *", own)
    refused("cannot convert ", ffi.cast, "const char *", own)
    refused("cannot convert ", ffi.cast, "intptr_t", own)
    refused("cannot convert ", ffi.new, "struct { void *p; }", { own })
    refused("cannot convert ", ffi.C.memset, own, 0, 4)
    refused("cannot pass ", ffi.C.rb_printf, text, 40, "%p", own)
    refused("cannot convert ", ffi.fill, own, 4)
    refused("cannot convert ", ffi.copy, own, text, 4)
    refused("cannot convert ", ffi.copy, text, own, 4)
    refused("cannot convert ", ffi.string, own, 4)
  end
end

TestNesting = {}

function TestNesting:test_initialisers()
  H.not_on_luajit "has no limit of its own"
  local text, init = "typedef struct { int n; } rb_in0;\n", {}
  for i = 1, 170 do text = text .. ("typedef struct { rb_in%d n; } rb_in%d;\n"):format(i - 1, i) end
  ffi.cdef(text)
  local inner = init
  for _ = 1, 169 do
    inner.n = {}
    inner = inner.n
  end
  H.assert_error_contains(function() ffi.new("rb_in170", init) end, "initializer nested too deeply for 'rb_in")
end

function TestNesting:test_metamethods_of_others()
  H.not_on_luajit "its metatable is no table"
  if debug and debug.getmetatable then
    local shows = debug.getmetatable(ffi.new "int64_t").__tostring
    lu.assertErrorMsgContains("cdata expected, got number", shows, 5)
  end
end

H.run()
