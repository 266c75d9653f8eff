-- ferry.cc: C source compiled by this machine's compiler, and what is kept of it. The compiler is the judge.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

local cc, folder
local function open()
  H.not_on_luajit "Ferry's own"
  if folder then return end
  H.needs "compiler that a spec can start"
  local machine = io.popen "env -u LD_PRELOAD cc -dumpmachine 2>&1"
  local text = machine:read "*a"
  machine:close()
  local own = ({ x64 = "x86_64", x86 = "i.86", arm64 = "aarch64" })[ffi.arch] or "?"
  if not text:find("^" .. own .. "%-") then lu.skip "there is no C compiler for this processor" end
  cc = require "ferry.cc"
  ffi.cdef "int setenv(const char *, const char *, int); int rmdir(const char *); int chmod(const char *, unsigned); int mkdir(const char *, unsigned);"
  folder = os.tmpname()
  os.remove(folder)
  ffi.C.setenv("FERRY_CACHE", folder .. "/a/b", 1)
end
local function compiler(command) ffi.C.setenv("CC", command, 1) end
-- Not with what a sanitiser loads before everything.
local real = "env -u LD_PRELOAD cc"

TestCc = {}

function TestCc:setUp()
  open()
  compiler(real)
end

function TestCc:test_what_a_source_declares()
  local c = cc [[
    #include <stddef.h>
    #define CC_TWICE(x) ((x) * 2)
    typedef struct { double x, y; } cc_point;
    enum { CC_FIRST = 4 };
    static const double factor = 2.5;
    int cc_table[3] = { 1, 2, 3 };
    static int calls;
    static int helper(int a) { return a + 1; }
    int cc_calls(void) { return ++calls; }
    double cc_sum(const double *a, size_t n) {
      double s = 0;
      for (size_t i = 0; i < n; ++i) s += a[i];
      return s * factor;
    }
    cc_point cc_mirror(cc_point p) { return (cc_point){ p.y, p.x }; }
    int cc_up(int a) { return helper(a); }
    int cc_apply(int (*f)(int), int a) { return f(a); }
  ]]
  lu.assertEquals(c.cc_sum(ffi.new("double[4]", 1, 2, 3, 4), 4), 25)
  lu.assertEquals(c.cc_mirror({ 1, 2 }).x, 2)
  lu.assertEquals(c.cc_point(3, 4).y, 4)
  lu.assertEquals(c.cc_up(4), 5)
  lu.assertEquals({ c.cc_calls(), c.cc_calls() }, { 1, 2 })
  lu.assertErrorMsgContains("'calls' is a static variable", function() return c.calls end)
  lu.assertEquals(c.CC_TWICE(21), 42)
  lu.assertEquals(c.CC_FIRST, 4)
  lu.assertEquals(c.cc_table[2], 3)
  c.cc_table[2] = 7
  lu.assertEquals(c.cc_table[2], 7)
  lu.assertEquals(c.cc_apply(function(x) return x * 3 end, 5), 15)
  lu.assertEquals(c.helper(4), 5)  -- which the library does not show
  lu.assertErrorMsgContains("cc_spec.lua", function() local v = c.helper() return v end)
end

function TestCc:test_the_compiler_speaks_of_the_Lua_file()
  local line = debug.getinfo(1, "l").currentline + 2
  local ok, message = pcall(cc, [[
    int cc_bad(int a) {
      return nowhere;
    }
  ]])
  lu.assertFalse(ok)
  lu.assertStrContains(message, "the compiler refuses the source:\n")
  lu.assertStrContains(message, ("cc_spec.lua:%d:"):format(line + 1))
  lu.assertStrContains(message, "nowhere")
  -- And ends nothing: the next one is compiled.
  lu.assertEquals(cc("int cc_good(void) { return 1; }").cc_good(), 1)
end

function TestCc:test_flags_macros_libraries()
  local c = cc("#include <math.h>\nint cc_n(void) { return N + M; }\ndouble cc_pow(double a, double b) { return pow(a, b); }\nint cc_o(void) { return __OPTIMIZE__; }\nint cc_k(void) { return K; }\n",
    { define = { N = 3, M = "4" }, flags = { "-DK=5", "-Wall" }, libs = "m" })
  lu.assertEquals(c.cc_n(), 7)
  lu.assertEquals(c.cc_pow(2, 10), 1024)
  lu.assertEquals(c.cc_o(), 1)
  lu.assertEquals(c.cc_k(), 5)
  lu.assertEquals(cc("int cc_text(void) { return sizeof TEXT; }", { flags = "-DTEXT='\"it is\"'" }).cc_text(), 6)
end

function TestCc:test_nothing_is_compiled_twice()
  local source = "int cc_once(void) { return 11; }"
  local path = os.getenv "PATH"
  local ok, again
  for round = 1, 2 do
    -- The command is the same, the compiler is none: only what is kept can answer.
    if round == 2 then ffi.C.setenv("PATH", "/nonexistent", 1) end
    ok, again = pcall(cc, source)
  end
  local other, why = pcall(cc, "int cc_never(void) { return 11; }")
  ffi.C.setenv("PATH", path, 1)
  lu.assertTrue(ok, again)
  lu.assertEquals(again.cc_once(), 11)
  lu.assertFalse(other)
  lu.assertStrContains(why, "there is no C compiler")
  lu.assertStrContains(why, "CC names another")
end

function TestCc:test_a_header_that_changes_counts()
  local include = os.tmpname()
  local source = ('#include "%s"\nint cc_%s(void) { return VALUE; }\n'):format(include, "value")
  V.write_file(include, "#define VALUE 1\n")
  lu.assertEquals(cc(source .. "int cc_v1;\n").cc_value(), 1)
  V.write_file(include, "#define VALUE 1 + 1\n")
  lu.assertEquals(cc(source .. "int cc_v1;\n").cc_value(), 2)
  os.remove(include)
  lu.assertErrorMsgContains("the compiler refuses the source", cc, source .. "int cc_v1;\n")
end

function TestCc:test_a_folder_that_others_may_write_into_is_not_used()
  local open_folder = os.tmpname()
  os.remove(open_folder)
  ffi.C.mkdir(open_folder, 511)
  ffi.C.chmod(open_folder, 511)
  ffi.C.setenv("FERRY_CACHE", open_folder, 1)
  local ok, why = pcall(cc, "int cc_open(void);")
  ffi.C.setenv("FERRY_CACHE", "/dev/null/x", 1)
  local none, reason = pcall(cc, "int cc_open(void);")
  ffi.C.setenv("FERRY_CACHE", folder .. "/a/b", 1)
  ffi.C.rmdir(open_folder)
  lu.assertFalse(ok)
  lu.assertStrContains(why, "cannot be used: others may write into it (FERRY_CACHE names another)")
  lu.assertFalse(none)
  lu.assertStrContains(reason, "cannot be used")
end

function TestCc:test_what_is_no_source()
  lu.assertErrorMsgContains("bad argument #1 to 'cc' (string expected, got nil)", cc)
  lu.assertErrorMsgContains("bad argument #2 to 'cc' (table expected, got number)", cc, "int x;", 1)
  lu.assertErrorMsgContains("cc has no option 'flag'", cc, "int x;", { flag = "-O3" })
  lu.assertErrorMsgContains("bad option 'libs' of cc (string or table expected, got number)", cc, "int x;", { libs = 1 })
  lu.assertErrorMsgContains("pkg-config: ", cc, "int x;", { pkg = "no-such-package-here" })
  -- A word is one word for the shell, whatever it says.
  local mark = os.tmpname()
  os.remove(mark)
  pcall(cc, "int x;", { libs = "m; touch " .. mark })
  pcall(cc, "int x;", { define = "A=$(touch " .. mark .. ")" })
  pcall(cc, "int x;", { pkg = "a; touch " .. mark })
  pcall(cc, "int x;", { path = "'; touch " .. mark .. "; '" })
  lu.assertNil(io.open(mark))
end

function TestCc:test_zz_clean_up()
  os.execute("rm -rf '" .. folder .. "'")
end

H.run()
