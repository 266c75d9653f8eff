-- Library namespaces: ffi.C, ffi.load in all its forms, functions, variables, constants, lifetime.
-- oracle: LuaJIT
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi
local fx = H.load "spec_globals"

ffi.cdef [[
int abs(int);
double sqrt(double);
size_t strlen(const char *);
void *dlopen(const char *, int);
extern bool g_b;
extern int8_t g_i8; extern uint8_t g_u8; extern int16_t g_i16; extern uint16_t g_u16;
extern int32_t g_i32; extern uint32_t g_u32; extern int64_t g_i64; extern uint64_t g_u64;
extern float g_f; extern double g_d; extern double complex g_dc;
enum shade { DARK, DIM = 4, BRIGHT };
extern enum shade g_e;
extern int g_ints[4];
extern const int g_const;
typedef struct { int x, y; } cl_point;
extern cl_point g_point; extern cl_point *g_ppoint; extern void *g_p; extern void *g_nullp;
extern int (*g_fn)(int); extern int (*g_nofn)(int);
int get_g_i32(void);
const char *get_g_str(void);
int shared_name(void); int only_in_second(void);
int cl_not_defined_anywhere(void);
extern int cl_no_variable;
static const int CL_CONST = 8 << 2;
enum { CL_ENUM = 5 };
]]

TestC = {}

function TestC:test_functions_of_libc_and_libm()
  lu.assertEquals(ffi.C.abs(-3), 3)
  lu.assertEquals(ffi.C.sqrt(16), 4)
  H.assert_num(ffi.C.strlen "four", 4)
end

function TestC:test_same_value_each_time()
  lu.assertTrue(ffi.C.abs == ffi.C.abs)
end

function TestC:test_constants()
  lu.assertEquals(ffi.C.CL_CONST, 32)
  lu.assertEquals(tonumber(ffi.C.CL_ENUM), 5)
  lu.assertEquals(tonumber(fx.CL_ENUM), 5)
end

function TestC:test_undeclared()
  V.names(function() return ffi.C.cl_never_heard_of end, { "cl_never_heard_of" })
  lu.assertError(function() ffi.C.cl_never_heard_of = 1 end)
  lu.assertError(function() return ffi.C[1] end)
  lu.assertError(function() return ffi.C[{}] end)
  lu.assertError(function() return ffi.C[nil] end)
end

function TestC:test_declared_but_missing()
  V.names(function() return ffi.C.cl_not_defined_anywhere end, { "cl_not_defined_anywhere" })
  V.names(function() return ffi.C.cl_no_variable end, { "cl_no_variable" })
  V.names(function() return fx.cl_not_defined_anywhere end, { "cl_not_defined_anywhere" })
end

function TestC:test_typedefs_are_no_symbols()
  ffi.cdef "typedef int cl_typedef;"
  lu.assertError(function() return ffi.C.cl_typedef end)
end

function TestC:test_assignments_that_are_errors()
  lu.assertError(function() ffi.C.CL_CONST = 1 end)
  lu.assertError(function() ffi.C.CL_ENUM = 1 end)
  lu.assertError(function() fx.g_const = 1 end)
  lu.assertError(function() fx.g_ints = { 1, 2, 3, 4, 5 } end)
  lu.assertEquals(fx.g_const, 77)
end

function TestC:test_type_is_table()
  H.not_on_luajit "userdata there"
  lu.assertEquals(type(ffi.C), "table")
  lu.assertEquals(type(fx), "table")
end

function TestC:test_libgcc_symbols()
  H.not_on_luajit "not asked"
  H.needs "libgcc in a library that everybody has"
  ffi.cdef "int __popcountdi2(long long);"
  lu.assertEquals(ffi.C.__popcountdi2(255), 8)
end

TestVariables = {}

function TestVariables:test_read()
  lu.assertEquals(fx.g_b, true)
  lu.assertEquals({ fx.g_i8, fx.g_u8, fx.g_i16, fx.g_u16 }, { -8, 208, -1016, 50016 })
  lu.assertEquals({ fx.g_i32, fx.g_u32, fx.g_f, fx.g_d }, { -1032, 3000000032, 3.5, 5.25 })
  H.assert_int(fx.g_i64, "-64")
  H.assert_uint(fx.g_u64, "64")
  lu.assertEquals({ fx.g_dc.re, fx.g_dc.im }, { 7, 8 })
  lu.assertEquals(tonumber(fx.g_e), 4)
end

function TestVariables:test_write()
  fx.g_i32 = 5
  lu.assertEquals(fx.get_g_i32(), 5)
  lu.assertEquals(fx.g_i32, 5)
  fx.g_i8 = 200
  lu.assertEquals(fx.g_i8, -56)
  fx.g_i8, fx.g_i32 = -8, -1032
  fx.g_e = "BRIGHT"
  lu.assertEquals(tonumber(fx.g_e), 5)
  fx.g_e = "DIM"
  fx.g_b = false
  lu.assertEquals(fx.g_b, false)
  fx.g_b = true
  lu.assertError(function() fx.g_i32 = "x" end)
  lu.assertError(function() fx.g_i32 = nil end)
  lu.assertEquals(fx.g_i32, -1032)
end

function TestVariables:test_write_complex()
  fx.g_dc = ffi.new("complex", 1, 2)
  lu.assertEquals({ fx.g_dc.re, fx.g_dc.im }, { 1, 2 })
  fx.g_dc = ffi.new("complex", 7, 8)
end

function TestVariables:test_aggregates_are_references()
  lu.assertEquals({ fx.g_ints[0], fx.g_ints[3] }, { 1, 4 })
  fx.g_ints[1] = 22
  lu.assertEquals(fx.g_ints[1], 22)
  fx.g_ints[1] = 2
  local p = fx.g_point
  lu.assertEquals({ p.x, p.y }, { 10, 20 })
  p.x = 11
  lu.assertEquals(fx.g_ppoint.x, 11)
  p.x = 10
  lu.assertTrue(ffi.cast("void *", p) == fx.g_p)
end

function TestVariables:test_pointers()
  lu.assertTrue(V.isnull(fx.g_nullp))
  fx.g_nullp = fx.g_p
  lu.assertTrue(fx.g_nullp == fx.g_p)
  fx.g_nullp = nil
  lu.assertTrue(V.isnull(fx.g_nullp))
  lu.assertEquals(fx.g_fn(5), 15)
  lu.assertTrue(V.isnull(fx.g_nofn))
end

function TestVariables:test_char_variables_are_strings()
  H.not_on_luajit "gives array and pointer"
  ffi.cdef [[
    extern char g_buf[16]; extern char g_full[4]; extern const char g_text[]; extern const char *g_str; extern const char *g_nostr;
  ]]
  lu.assertEquals(fx.g_buf, "buffer")
  lu.assertEquals(fx.g_full, "full")
  lu.assertEquals(fx.g_text, "const text")
  lu.assertEquals(fx.g_str, "pointed to")
  lu.assertNil(fx.g_nostr)
  fx.g_str = "changed"
  H.collect()
  lu.assertEquals(fx.g_str, "changed")
  lu.assertEquals(ffi.string(fx.get_g_str()), "changed")
  local p = ffi.addressof(fx, "g_buf")
  lu.assertEquals(ffi.string(p[0]), "buffer")
end

function TestVariables:test_addressof()
  H.not_on_luajit "no such function"
  local p = ffi.addressof(fx, "g_i32")
  lu.assertEquals(tostring(ffi.typeof(p)), "ctype<int *>")
  p[0] = 6
  lu.assertEquals(fx.g_i32, 6)
  p[0] = -1032
  lu.assertError(ffi.addressof, fx, "cl_never_heard_of")
  lu.assertError(ffi.addressof, fx, "CL_ENUM")
end

function TestVariables:test_asm_name_of_a_variable()
  H.not_on_luajit "for functions only"
  ffi.cdef "extern int renamed_var __asm__(\"g_i32\");"
  lu.assertEquals(fx.renamed_var, -1032)
end


TestLoad = {}

function TestLoad:test_by_path_twice()
  local a, b = H.load "spec_globals", H.load "spec_globals"
  a.g_i32 = 3
  lu.assertEquals(b.g_i32, 3)
  b.g_i32 = -1032
end

function TestLoad:test_libraries_are_apart()
  local second = H.load "spec_globals2"
  lu.assertEquals(fx.shared_name(), 1)
  lu.assertEquals(second.shared_name(), 2)
  lu.assertEquals(second.only_in_second(), 22)
  lu.assertError(function() return fx.only_in_second end)
end

function TestLoad:test_missing_library()
  V.names(ffi.load, { "clnosuchlibrary" }, "clnosuchlibrary")
  V.names(ffi.load, { "/no/such/path/lib.so", H.per_system("No such file", "not found") }, "/no/such/path/lib.so")
  lu.assertError(ffi.load)
  lu.assertError(ffi.load, {})
  lu.assertError(ffi.load, nil)
end

function TestLoad:test_by_soname()
  H.needs "sonames"
  if ffi.os ~= "Linux" then lu.skip "Linux" end
  ffi.cdef "double cos(double);"
  lu.assertEquals(ffi.load "libm.so.6".cos(0), 1)
end

function TestLoad:test_by_short_name_and_linker_script()
  H.needs "linker scripts"
  if ffi.os ~= "Linux" then lu.skip "Linux" end
  ffi.cdef "double cos(double);"
  lu.assertEquals(ffi.load "m".cos(0), 1)
end

function TestLoad:test_linker_script_of_our_own()
  H.needs "linker scripts"
  local path = os.tmpname()
  local f = assert(io.open(path, "w"))
  f:write("/* GNU ld script\n   a comment */\nOUTPUT_FORMAT(elf64-x86-64)\nGROUP ( " .. H.fixture "spec_globals2" .. "  AS_NEEDED ( /nowhere/lib.so ) )\n")
  f:close()
  local ok, lib = pcall(ffi.load, path)
  os.remove(path)
  lu.assertTrue(ok, lib)
  lu.assertEquals(lib.shared_name(), 2)
end

-- What linkers take (ld's manual, "Implicit Linker Scripts"): the first file named, whatever stands around it.
function TestLoad:test_forms_of_linker_scripts()
  H.needs "linker scripts"
  H.not_on_luajit "reads GROUP with a blank only"
  if ffi.os ~= "Linux" then lu.skip "Linux" end
  local library = H.fixture "spec_globals2"
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir '" .. folder .. "'"))
  local function load(name, text)
    local path = folder .. "/" .. name
    local f = assert(io.open(path, "w"))
    f:write(text)
    f:close()
    local ok, lib = pcall(ffi.load, path)
    os.remove(path)
    return ok, lib
  end
  for _, text in ipairs {
    "INPUT(%s)", "INPUT ( %s, -lm )", "GROUP(AS_NEEDED(%s))", "/* x */ GROUP ( AS_NEEDED ( \"%s\" ) )", "OUTPUT_FORMAT ( elf64 )INPUT(/* c */%s)",
  } do
    local ok, lib = load("script.so", (text:format(library)))
    lu.assertTrue(ok, text .. ": " .. tostring(lib))
    lu.assertEquals(lib.shared_name(), 2)
  end
  if ffi.arch ~= "x64" then return end -- run with a loader's path of its own, in which no -lm is
  local ok, lib = load("GROUP: a.so", "GROUP ( AS_NEEDED ( -lm ) )")
  lu.assertTrue(ok, lib)
  lu.assertEquals(lib.cos(0), 1)
  -- None of these is a script that names a library: an error, and no other file is read.
  for _, text in ipairs {
    "", "GROUP", "GROUP (", "GROUP ( )", "GROUP ( AS_NEEDED ( ) )", "INPUT ( \"", "/* INPUT ( " .. library, "INPUT(\0" .. library .. ")",
    "INPUT ( " .. (" "):rep(5000) .. library .. " )", "text about INPUT of " .. library,
  } do
    lu.assertFalse((load("script.so", text)), text:sub(1, 40))
  end
  local path = folder .. "/loop.so"
  lu.assertFalse((load("loop.so", "INPUT ( " .. path .. " )")))
  os.execute("rmdir '" .. folder .. "'")
end

function TestLoad:test_a_file_that_is_no_library()
  local path = os.tmpname()
  local f = assert(io.open(path, "w"))
  f:write "nothing to load here\n"
  f:close()
  local ok, e = pcall(ffi.load, path)
  os.remove(path)
  lu.assertFalse(ok)
  lu.assertStrContains(e, path)
end

function TestLoad:test_versioned_soname_only()
  H.needs "sonames"
  H.needs "libz"
  H.not_on_luajit "looks for libNAME.so only"
  if ffi.os ~= "Linux" then lu.skip "Linux" end
  ffi.cdef "const char *zlibVersion(void);"
  local ok, z = pcall(ffi.load, "z")
  lu.assertTrue(ok, z)
  lu.assertStrMatches(ffi.string(z.zlibVersion()), "%d+%..*")
end

-- macOS has the version before the suffix. Of several the highest is taken, here the only one that is a library.
function TestLoad:test_versions_before_the_suffix()
  H.needs "sonames"
  H.not_on_luajit "looks for libNAME.so only"
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir '" .. folder .. "'"))
  local source = assert(io.open(H.fixture "spec_globals2", "rb"))
  local library = source:read "*a"
  source:close()
  local files = { ["libsfp.so"] = library, ["libsfx.1.9.dylib"] = "text", ["libsfx.1.12.dylib"] = library, ["libsfx.x.dylib"] = "text", ["libsfx..dylib"] = "text" }
  for name, bytes in pairs(files) do
    local file = assert(io.open(folder .. "/" .. name, "wb"))
    file:write(bytes)
    file:close()
  end
  local ok, said = H.script([[
    local ffi = require "ffi"
    ffi.cdef "int only_in_second(void);"
    if not pcall(ffi.load, "sfp") then print "elsewhere" return end
    print(ffi.load "sfx.dylib".only_in_second())]], { LD_LIBRARY_PATH = folder })
  for name in pairs(files) do os.remove(folder .. "/" .. name) end
  os.execute("rmdir '" .. folder .. "'")
  lu.assertTrue(ok, said)
  lu.skipIf(said:find "elsewhere" ~= nil, "the loader was told other folders (--library-path)")
  lu.assertStrMatches(said, "22%s*")
end

function TestLoad:test_loaded_libraries_serve_c_last()
  H.not_on_luajit "keeps them apart"
  H.load "spec_globals2"
  lu.assertEquals(ffi.C.only_in_second(), 22)
end

function TestLoad:test_loading_is_local_unless_asked()
  local lib = ffi.load(H.fixture "spec_globals2", true)
  lu.assertEquals(lib.only_in_second(), 22)
  lu.assertEquals(ffi.C.only_in_second(), 22)
end

TestLifetime = {}

function TestLifetime:test_function_outlives_its_namespace()
  H.not_on_luajit "unloads the library"
  local f = H.load "spec_globals2".only_in_second
  H.collect()
  H.collect()
  lu.assertEquals(f(), 22)
end

function TestLifetime:test_variable_outlives_its_namespace()
  H.not_on_luajit "unloads the library"
  local p = ffi.addressof(H.load "spec_globals", "g_i16")
  H.collect()
  lu.assertEquals(p[0], -1016)
end

function TestLifetime:test_functions_are_kept_in_the_namespace()
  H.not_on_luajit "keeps a cache of its own"
  local lib = H.load "spec_globals"
  lib.get_g_i32()
  lu.assertTrue(rawget(lib, "get_g_i32") ~= nil)
  lib.get_g_i32 = function() return "mine" end
  lu.assertEquals(lib.get_g_i32(), "mine")
  lu.assertNil(rawget(lib, "g_i32"))
end

H.run()
