-- Malformed declarations: one error that says what is wrong, the token, line and column; nothing defined.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

TestCdefErrors = {}

local malformed = {
  "int", "int a b;", "int a(;", "int a(int;", "struct", "struct {", "struct ce_x {", "struct ce_x { int a }", "struct ce_x { int; a };",
  "enum ce_e { A B };", "enum ce_e { , };", "enum ce_e { 1 };", "typedef", "typedef int;;x", "int a[;", "int a[1;",
  "unsigned float a;", "long char a;", "short long a;", "int int a;", "nosuchtype a;", "nosuchtype *a;",
  "int (*a;", "int (*)(int) b;", "int a: 3;", "struct ce_y { int a : 40; };", "struct ce_y { float f : 3; };",
  "struct ce_y { int a : -1; };", "struct ce_y { void v; };", "struct ce_y { int f(int); };", "struct ce_y { struct ce_y y; };",
  "int a[-1];", "int a[1.5];", "int a[x];", "enum ce_e { CE_A = };", "enum ce_e { CE_A = 1 + };", "enum ce_e { CE_A = (1 };",
  "/* unterminated", "int a(int) __asm__(5);", "int a(int) __attribute__((packed;", "'", '"', '"abc', "'ab", "@", "int `a;", "\\",
  "void a[3];", "int a(int)[3];", "int a(int)(int);", "int (a[3])(int);", "typedef struct { int a; } ;x",
  "#pragma pack(3)\nstruct ce_p { int a; };", "struct ce_z { int a; int a; };", "int (((((", "int a)))", "}", "{", "]", "=", "1", "1.5e", "0x",
}

-- LuaJIT's parser does not validate these ("may choose to ignore bad declarations").
local luajit_lets_pass = {
  ["unsigned float a;"] = true, ["long char a;"] = true, ["struct ce_y { void v; };"] = true, ["#pragma pack(3)\nstruct ce_p { int a; };"] = true,
  ["struct ce_z { int a; int a; };"] = true, ["struct ce_y { int f(int); };"] = true,
}

function TestCdefErrors:test_every_malformed_text_is_an_error()
  for i, text in ipairs(malformed) do
    if not (H.is_luajit and luajit_lets_pass[text]) then
      local ok, message = pcall(ffi.cdef, text)
      if H.is_luajit and ok then print("LuaJIT accepts", text) end
      lu.assertFalse(ok and not H.is_luajit, ("row %d: %s"):format(i, text))
      if not ok then lu.assertIsString(message) end
    end
  end
end

function TestCdefErrors:test_line_and_column()
  H.not_on_luajit "gives the line only"
  local m = V.names(ffi.cdef, { "3" }, "int ce_l1(int);\nint ce_l2(int);\nint ce_l3(int]);\n")
  lu.assertStrContains(m, "]")
  m = V.message(ffi.cdef, "  nosuchtype x;")
  lu.assertStrContains(m, "nosuchtype")
  lu.assertStrContains(m, "line 1, column 3")
  m = V.message(ffi.cdef, "\n\nint a b;")
  lu.assertStrContains(m, "line 3, column 7")
  lu.assertStrContains(m, "b")
end

function TestCdefErrors:test_error_names_the_token()
  V.names(ffi.cdef, { "b" }, "int a b;")
  V.names(ffi.cdef, { "nosuchtype" }, "struct ce_t { nosuchtype *p; };")
  V.names(ffi.cdef, { "ce_never" }, "struct ce_t2 { int a[ce_never]; };")
end

function TestCdefErrors:test_failing_cdef_changes_nothing()
  H.not_on_luajit "keeps what came before"
  lu.assertError(ffi.cdef, "struct ce_all { int a; }; typedef int ce_all_t; enum { CE_ALL = 1 }; int ce_all_f(int); int bad bad;")
  lu.assertError(ffi.typeof, "ce_all_t")
  lu.assertError(function() return ffi.C.CE_ALL end)
  V.names(function() return ffi.C.ce_all_f end, { "declar" })
  lu.assertNil((pcall(ffi.sizeof, "struct ce_all")) and ffi.sizeof "struct ce_all" or nil)
  ffi.cdef "struct ce_all { double a, b; };"
  lu.assertEquals(ffi.sizeof "struct ce_all", 16)
end

function TestCdefErrors:test_failing_cdef_does_not_complete_a_struct()
  H.not_on_luajit "keeps what came before"
  ffi.cdef "struct ce_fwd; typedef struct ce_fwd *ce_fwd_p;"
  lu.assertError(ffi.cdef, "struct ce_fwd { int a; }; int int int")
  lu.assertNil(ffi.sizeof "struct ce_fwd")
  ffi.cdef "struct ce_fwd { double a; };"
  lu.assertEquals(ffi.sizeof "struct ce_fwd", 8)
end

function TestCdefErrors:test_conflict_names_both()
  H.not_on_luajit "names one"
  ffi.cdef "struct ce_two { int a; };"
  local m = V.message(ffi.cdef, "struct ce_two { long long a; };")
  lu.assertStrContains(m, "ce_two")
end

function TestCdefErrors:test_wrong_arguments()
  lu.assertError(ffi.cdef)
  lu.assertError(ffi.cdef, nil)
  lu.assertError(ffi.cdef, {})
  lu.assertError(ffi.cdef, print)
  lu.assertError(ffi.cdef, true)
end

TestCdefHostile = {}

local function bounded(text)
  local start = os.clock()
  local ok = pcall(ffi.cdef, text)
  lu.assertTrue(os.clock() - start < 20, "took too long")
  return ok
end

function TestCdefHostile:test_deep_nesting()
  H.not_on_luajit "its own limits"
  local n = H.slow and 100000 or 10000000
  lu.assertFalse(bounded("int a" .. ("("):rep(n)))
  lu.assertFalse(bounded("int " .. ("("):rep(n) .. "a" .. (")"):rep(n) .. ";"))
  n = n / 20
  lu.assertFalse(bounded(("struct {"):rep(n)))
  lu.assertFalse(bounded("enum { A = " .. ("("):rep(n) .. "1"))
  lu.assertFalse(bounded("enum { A = " .. ("-"):rep(n)))
  lu.assertFalse(bounded("enum { A = " .. ("1?"):rep(n)))
  lu.assertFalse(bounded("int a" .. ("[2]"):rep(n) .. ";"))
  lu.assertFalse(bounded("int " .. ("*"):rep(n)))
  lu.assertFalse(bounded(("a "):rep(n)))
  lu.assertFalse(bounded(("int "):rep(n)))
  lu.assertFalse(bounded("/*" .. ("x"):rep(n)))
  lu.assertFalse(bounded('"' .. ("x"):rep(n)))
  lu.assertFalse(bounded("int f" .. ("(int (*)"):rep(n)))
  lu.assertFalse(bounded(("__attribute__(("):rep(n)))
end

function TestCdefHostile:test_huge_sizes()
  for _, text in ipairs {
    "struct ch_1 { int a[1<<30][1<<30][1<<30]; };", "typedef char ch_2[0x7fffffffffffffff][4];",
    "struct ch_3 { char a[0x7ffffffffffffff0]; char b[0x7ffffffffffffff0]; };",
  } do
    local ok = pcall(ffi.cdef, text)
    if not H.is_luajit then lu.assertFalse(ok, text) end
  end
  H.not_on_luajit "takes the lower 32 bits"
  lu.assertError(ffi.typeof, "int[1ull<<62]")
  lu.assertError(ffi.typeof, "int[18446744073709551615u]")
  lu.assertError(ffi.typeof, "struct { char a __attribute__((aligned(3))); }")
  lu.assertError(ffi.typeof, "struct { char a __attribute__((aligned(0x100000000000))); }")
end

function TestCdefHostile:test_cyclic_types()
  lu.assertError(ffi.cdef, "struct ch_c1 { struct ch_c1 a; };")
  lu.assertError(ffi.cdef, "struct ch_c2 { struct ch_c3 a; }; struct ch_c3 { struct ch_c2 b; };")
  lu.assertError(ffi.cdef, "typedef ch_c4 ch_c4;")
end

function TestCdefHostile:test_binary_garbage()
  for i = 0, 255 do
    pcall(ffi.cdef, "int a" .. string.char(i) .. "b;")
    pcall(ffi.cdef, string.char(i, 255 - i, (i * 7) % 256))
    pcall(ffi.typeof, "int" .. string.char(i))
  end
  lu.assertError(ffi.cdef, "int \1 a;")
end

function TestCdefHostile:test_embedded_zero_is_no_end()
  H.not_on_luajit "stops there"
  lu.assertError(ffi.cdef, "int ch_z;\0 a b c")
  lu.assertError(ffi.cdef, "int\0a;")
  lu.assertError(ffi.typeof, "int\0")
end

function TestCdefHostile:test_every_prefix_of_a_real_text()
  local text = [[typedef struct cp_node { struct cp_node *next; union { int i[3]; double d; } v; unsigned b : 3; } cp_node;
enum cp_e { CP_A = 1 << 2, CP_B }; int cp_f(const char *fmt, ...) __attribute__((format(printf, 1, 2))); #pragma pack(1)
]]
  for n = 1, #text - 1 do pcall(ffi.typeof, text:sub(1, n)) end
  for n = 1, #text - 1, H.slow and 17 or 3 do pcall(ffi.cdef, (text:sub(1, n):gsub("cp_", "cq" .. n .. "_"))) end
  if not H.is_luajit then lu.assertError(ffi.cdef, text) end
end

function TestCdefHostile:test_divide_by_zero_and_shifts()
  lu.assertError(ffi.cdef, "enum { CH_D = 1 / 0 };")
  lu.assertError(ffi.cdef, "enum { CH_M = 1 % 0 };")
  pcall(ffi.cdef, "enum { CH_S = 1 << 100, CH_S2 = 1 << -1, CH_S3 = (-0x7fffffff - 1) / -1 };")
  pcall(ffi.cdef, "enum { CH_T = (-0x7fffffffffffffff - 1) / -1, CH_U = (-0x7fffffffffffffff - 1) % -1 };")
end

H.run()
