-- Headers that are kept on disk, and as text: what is read from there is what the headers themselves give, and is forgotten as soon
-- as one of them is another.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

local folder, cache_folder
local function open()
  H.not_on_luajit "Ferry's own"
  H.needs "shell of POSIX"
  if folder then return end
  ffi.cdef [[int setenv(const char *, const char *, int); int rmdir(const char *); int chmod(const char *, unsigned);
    int mkdir(const char *, unsigned); int symlink(const char *, const char *);]]
  folder = os.tmpname()
  os.remove(folder)
  ffi.C.mkdir(folder, tonumber("755", 8))
  ffi.C.mkdir(folder .. "/sub", tonumber("755", 8))
  cache_folder = folder .. "/kept"
  ffi.C.setenv("FERRY_CACHE", cache_folder, 1)
end

local function write(name, text) V.write_file(folder .. "/" .. name, text) end

local function kept()
  local pipe, list = io.popen(("ls %s 2>/dev/null"):format(cache_folder)), {}
  for name in pipe:lines() do list[#list + 1] = name end
  pipe:close()
  return list
end

local function forget() os.execute(("rm -rf %s"):format(cache_folder)) end

local header = [[
#include <hc_inner.h>
#pragma pack(push, 1)
typedef struct { char c; int i; } hc_packed;
#pragma pack(pop)
typedef struct { char c; int i; } hc_plain;
typedef enum { HC_A = 3, HC_B } hc_kind;
int abs(int);
extern int opterr;
#define stdin_like stdin_like
extern int (*stdin_like)(int a, ...);
#define HC_TWICE(x) /* two
 lines */ ((x) * 2) // and a comment
#define HC_ALL(first, ...) (first + HC_COUNT(__VA_ARGS__))
#define HC_COUNT(a, rest...) (sizeof #rest)
#define HC_TEXT "a /* no comment */" " // nor this"
#define HC_JOIN(a, b) a ## b
#define HC_STRING(x) #x
#define HC_DIVIDE(a, b) (a / b)
#define HC_CONTINUED 1 + \
  2
#define HC_GONE 1
#undef HC_GONE
#ifndef HC_WITH
#define HC_WITH 0
#endif
#ifdef __clang__
#define HC_CLANG
#endif
#undef __SSE__
static inline int hc_inline(int a) { return - - a+ +1; }
#ifdef HC_STRUCT
struct HC_STRUCT { int member; };
#endif
int hc_far(
  int a,
  int b
);
]]

TestHeaderCache = {}

function TestHeaderCache:setUp()
  open()
  forget()
  write("hc.h", header)
  write("sub/hc_inner.h", "#define HC_INNER 1\ntypedef int hc_number;\n")
end

function TestHeaderCache:tearDown()
  ffi.C.chmod(cache_folder, tonumber("700", 8))
  forget()
end

local function include(options)
  options = options or {}
  options.path = options.path or folder .. "/sub"
  return ffi.include(folder .. "/hc.h", options)
end

-- All that can be seen of a header.
local function seen(lib)
  local out = {}
  for _, name in ipairs(ffi.include_names(lib)) do
    local macro = ffi.macro(name, lib)
    local words = { name }
    if macro then
      words[#words + 1] = table.concat(macro.params or {}, ",") .. " " .. tostring(macro.variadic)
      words[#words + 1] = ("%s:%s"):format(tostring(macro.file), tostring(macro.line))
      words[#words + 1] = tostring(macro.value)
    end
    out[#out + 1] = table.concat(words, " ")
  end
  return table.concat(out, "\n")
end

local function check(lib)
  lu.assertEquals({ ffi.sizeof(lib.hc_packed), ffi.sizeof(lib.hc_plain), lib.HC_B }, { 5, 8, 4 })
  lu.assertEquals({ lib.abs(-3), lib.HC_TWICE(4), lib.HC_CONTINUED, lib.HC_DIVIDE(9, 2) }, { 3, 8, 3, 4 })
  lu.assertEquals(ffi.tonumber(lib.HC_ALL(1, 2, 3)), 3)
  lu.assertEquals({ lib.HC_TEXT, lib.HC_JOIN(3, 2), lib.HC_STRING(5) }, { "a /* no comment */ // nor this", 32, "5" })
  lu.assertErrorMsgContains("has no 'HC_GONE'", function() return lib.HC_GONE end)
  lu.assertNil(ffi.macro("__SSE__", lib))
  lu.assertEquals(ffi.macro("HC_TWICE", lib).line, 11)
end

function TestHeaderCache:test_kept_and_read()
  local plain = include { cache = false }
  lu.assertEquals(kept(), {})
  check(plain)
  local first = include { cache = true }
  check(first)
  local files = kept()
  lu.assertEquals(#files, 1)
  lu.assertStrMatches(files[1], "%x+%.headers")
  local text = V.read_file(cache_folder .. "/" .. files[1])
  local second = include()
  check(second)
  lu.assertEquals(V.read_file(cache_folder .. "/" .. files[1]), text)
  lu.assertEquals(seen(first), seen(plain))
  lu.assertEquals(seen(second), seen(plain))
end

-- That the file is what is read: a value that is changed in it, and nowhere else, is seen.
function TestHeaderCache:test_the_file_counts()
  include()
  local path = cache_folder .. "/" .. kept()[1]
  local text = V.read_file(path)
  local file = io.open(path, "wb")
  file:write((text:gsub('HC_TEXT "a', 'HC_TEXT "b')))
  file:close()
  lu.assertEquals(include().HC_TEXT, "b /* no comment */ // nor this")
end

function TestHeaderCache:test_options_are_part_of_the_key()
  lu.assertEquals(include { define = "HC_WITH=7" }.HC_WITH, 7)
  lu.assertEquals(include { define = "HC_WITH=8" }.HC_WITH, 8)
  lu.assertEquals(include { define = "HC_WITH=8" }.HC_WITH, 8)
  lu.assertEquals(include().HC_WITH, 0)
  lu.assertEquals(include { only = "^HC_W" }.HC_WITH, 0)
  lu.assertEquals(#kept(), 3)
  for _ = 1, 2 do
    lu.assertEquals(include { profile = "clang" }.HC_CLANG, true)
    lu.assertErrorMsgContains("has no 'HC_CLANG'", function() return include { profile = "gcc" }.HC_CLANG end)
  end
  lu.assertEquals(#kept(), 5)
  -- A macro of the options whose name is what it expands to.
  for _ = 1, 2 do lu.assertEquals(ffi.sizeof(ffi.typeof(include { define = { HC_STRUCT = "HC_STRUCT" } } and "struct HC_STRUCT")), 4) end
end

function TestHeaderCache:test_files_that_change()
  lu.assertEquals(include().HC_INNER, 1)
  write("sub/hc_inner.h", "#define HC_INNER 22\n")
  lu.assertEquals(include().HC_INNER, 22)
  lu.assertEquals(include().HC_INNER, 22)
  write("hc.h", header .. "#define HC_MORE 1\n")
  lu.assertEquals(include().HC_MORE, 1)
  lu.assertEquals(#kept(), 1)
  os.remove(folder .. "/sub/hc_inner.h")
  lu.assertErrorMsgContains("hc_inner.h", include)
end

-- A header that comes to be in front of one that was found.
function TestHeaderCache:test_files_that_come_to_be()
  local front, later = folder .. "/front", folder .. "/later"
  ffi.C.mkdir(front, tonumber("755", 8))
  local path = { front, later .. "/deep", folder .. "/sub" }
  lu.assertEquals(include { path = path }.HC_INNER, 1)
  lu.assertEquals(include { path = path }.HC_INNER, 1)
  write("front/hc_inner.h", "#define HC_INNER 2\n")
  lu.assertEquals(include { path = path }.HC_INNER, 2)
  os.remove(front .. "/hc_inner.h")
  lu.assertEquals(include { path = path }.HC_INNER, 1)
  ffi.C.mkdir(later, tonumber("755", 8))
  ffi.C.mkdir(later .. "/deep", tonumber("755", 8))
  lu.assertEquals(include { path = path }.HC_INNER, 1)
  write("later/deep/hc_inner.h", "#define HC_INNER 3\n")
  lu.assertEquals(include { path = path }.HC_INNER, 3)
  os.execute(("rm -rf %s %s"):format(front, later))
end

-- Who else may write into the folder could have written what lies in it.
function TestHeaderCache:test_folders_of_others()
  for _, mode in ipairs { "777", "770", "720" } do
    include()
    ffi.C.chmod(cache_folder, tonumber(mode, 8))
    local path = cache_folder .. "/" .. kept()[1]
    local file = io.open(path, "wb")
    file:write "ferry headers 1: 0 0 0\n"
    file:close()
    check(include { cache = true })
    lu.assertEquals(V.read_file(path), "ferry headers 1: 0 0 0\n")
    ffi.C.chmod(cache_folder, tonumber("700", 8))
    forget()
  end
  local real = folder .. "/real"
  ffi.C.mkdir(real, tonumber("700", 8))
  ffi.C.symlink(real, cache_folder)
  check(include())
  lu.assertEquals(kept(), {})
  os.remove(cache_folder)
  ffi.C.rmdir(real)
end

-- What is no whole file of this format is made anew.
function TestHeaderCache:test_damaged_files()
  include()
  local path = cache_folder .. "/" .. kept()[1]
  local text = V.read_file(path)
  for _, damaged in ipairs {
    "", "ferry headers 1: 0 0 0\n", text:sub(1, -2), text .. " ", text:sub(1, 30), "ferry headers 4" .. text:sub(16), ("\0"):rep(100),
    "ferry headers 1: 99999999999999999999 -1 5\n", (text:gsub("hc%.h", "hd.h", 1)),
  } do
    local file = io.open(path, "wb")
    file:write(damaged)
    file:close()
    check(include())
    lu.assertEquals(V.read_file(path), text)
  end
end

function TestHeaderCache:test_errors_are_those_of_the_header()
  write("hc.h", "int hc_good;\nint hc_bad(unknown_type x);\n")
  for _ = 1, 2 do lu.assertErrorMsgContains("hc.h:2:", include, { cache = true }) end
  write("hc.h", "#error no\n")
  lu.assertErrorMsgContains("hc.h:1:", include, { cache = true })
  lu.assertErrorMsgContains("bad option 'cache' of include (boolean expected, got string)", include, { cache = "yes" })
end

-- Text that stands for the header where it is not.
function TestHeaderCache:test_dump()
  local lib = include { cache = false }
  local text = ffi.dump(lib)
  lu.assertEquals(lib:dump(), text)
  lu.assertEquals(ffi.dump(include { cache = true }), text)
  write("hc_dumped.h", text)
  local again = ffi.include(folder .. "/hc_dumped.h", { cache = false })
  check(again)
  lu.assertEquals(seen(again), seen(lib))
  check(ffi.include(text, { cache = false }))
  lu.assertErrorMsgContains("a header's namespace expected", ffi.dump, {})
  lu.assertErrorMsgContains("a header's namespace expected", lib.dump)
  -- A name of C's comes first.
  write("hc.h", "enum { dump = 5 };\n#define HC_DUMP 1\n")
  local own = include()
  lu.assertEquals(own.dump, 5)
  lu.assertStrContains(ffi.dump(own), "#define HC_DUMP 1")
end

-- gcc reads what was written, and finds the same values in it.
function TestHeaderCache:test_dump_is_c()
  local compiler = io.popen "env -u LD_PRELOAD cc -dumpmachine 2>/dev/null"
  local machine = compiler:read "*a"
  compiler:close()
  if machine == "" then lu.skip "there is no C compiler" end
  write("hc_dumped.c", ffi.dump(include()) .. [[
    _Static_assert(sizeof(hc_packed) == 5 && sizeof(hc_plain) == 8 && HC_B == 4 && HC_TWICE(4) == 8 && HC_CONTINUED == 3, "");
    _Static_assert(HC_DIVIDE(9, 2) == 4 && HC_ALL(1, 2, 3) == 3 && sizeof HC_TEXT == 31 && HC_JOIN(3, 2) == 32, "");
  ]])
  local path = folder .. "/hc_dumped.c"
  lu.assertTrue((os.execute(("env -u LD_PRELOAD cc -fsyntax-only -w %s >%s/log 2>&1"):format(path, folder)) == true)
    or os.execute(("env -u LD_PRELOAD cc -fsyntax-only -w %s >%s/log 2>&1"):format(path, folder)) == 0, V.read_file(folder .. "/log"))
end

-- pkg-config is asked once, until one of its files changes.
function TestHeaderCache:test_packages()
  if not os.execute "pkg-config --version >/dev/null 2>&1" then lu.skip "there is no pkg-config" end
  local pc = "Name: %s\nDescription: -\nVersion: 1\nCflags: %s\n%s"
  write("hc_a.pc", pc:format("hc_a", "-DHC_WITH=4", "Requires: hc_b >= 0.5\n"))
  write("hc_b.pc", pc:format("hc_b", "-I" .. folder .. "/sub", ""))
  ffi.C.setenv("PKG_CONFIG_PATH", folder, 1)
  local function with_package() return ffi.include(folder .. "/hc.h", { pkg = "hc_a" }) end
  lu.assertEquals(with_package().HC_WITH, 4)
  lu.assertEquals(#kept(), 2)
  -- Nobody answers any more.
  ffi.C.setenv("PKG_CONFIG_PATH", folder, 1)
  lu.assertEquals(with_package().HC_INNER, 1)
  write("hc_b.pc", pc:format("hc_b", "-DHC_B_TOO=1 -I" .. folder .. "/sub", ""))
  lu.assertEquals(with_package().HC_B_TOO, 1)
  write("hc_a.pc", pc:format("hc_a", "-DHC_WITH=55", "Requires: hc_b >= 0.5\n"))
  lu.assertEquals(with_package().HC_WITH, 55)
end

function TestHeaderCache:test_command()
  local function run(words)
    local pipe = io.popen(([[%s -e 'require "ferry.command"({ %s }, "1")' 2>&1]]):format(os.getenv "FERRY_LUA", words))
    local said = pipe:read "*a"
    pipe:close()
    return said
  end
  write("word.h", "#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__\nint big_endian;\n#endif\n")
  local said = run(([["dump", "-I%s/sub", "-D", "HC_WITH=9", "-UHC_GONE", "%s/hc.h"]]):format(folder, folder))
  lu.assertStrContains(said, "#define HC_WITH 9")
  lu.assertStrContains(said, "#define HC_INNER 1")
  local wide = run(([["dump", "--target", "s390x-linux-gnu", "%s/word.h"]]):format(folder))
  lu.assertStrContains(wide, "int big_endian;")
  lu.assertStrContains(run [["dump", "--target", "pdp11", "a.h"]], "ferry: the target 'pdp11' is not known")
  lu.assertStrContains(run [["dump", "--target"]], "ferry: --target takes a word")
  lu.assertStrContains(run [["dump"]], "ferry: dump takes headers")
  lu.assertStrContains(run [["dump", "-D"]], "ferry: -D takes a word")
  lu.assertStrContains(run [["dump", "-x", "a.h"]], "ferry: unknown option -x")
  lu.assertStrContains(run [["dump", "hc_not_there.h"]], "the header \"hc_not_there.h\" is not found")
end

function TestHeaderCache:test_zz_clean_up()
  H.needs "shell of POSIX"
  os.execute("rm -rf " .. folder)
end

H.run()
