-- Windows only: its libraries and names, UTF-16, GetLastError, structs, callbacks that the system calls.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

TestWindows = {}
if ffi.os ~= "Windows" then
  function TestWindows.test_nothing() lu.skip "Windows only" end
  return H.run()
end

ffi.cdef [[
typedef void *HANDLE, *HWND, *HMODULE;
typedef unsigned long DWORD;
typedef int BOOL;
typedef intptr_t LPARAM;
typedef uint16_t WCHAR;
typedef struct { long x, y; } POINT;
typedef struct { long left, top, right, bottom; } RECT;
typedef struct { WCHAR wYear, wMonth, wDayOfWeek, wDay, wHour, wMinute, wSecond, wMilliseconds; } SYSTEMTIME;
typedef struct { DWORD dwLowDateTime, dwHighDateTime; } FILETIME;

DWORD __stdcall GetLastError(void);
void __stdcall SetLastError(DWORD);
DWORD __stdcall GetCurrentThreadId(void);
HMODULE __stdcall GetModuleHandleW(const WCHAR *);
BOOL __stdcall CloseHandle(HANDLE);
DWORD __stdcall GetFileAttributesW(const WCHAR *);
BOOL __stdcall SystemTimeToFileTime(const SYSTEMTIME *, FILETIME *);
BOOL __stdcall FileTimeToSystemTime(const FILETIME *, SYSTEMTIME *);
int __stdcall MultiByteToWideChar(unsigned, DWORD, const char *, int, WCHAR *, int);
int __stdcall WideCharToMultiByte(unsigned, DWORD, const WCHAR *, int, char *, int, const char *, BOOL *);
int __stdcall lstrlenW(const WCHAR *);
int __stdcall MulDiv(int, int, int);
BOOL __stdcall EnumSystemLocalesW(BOOL (__stdcall *)(WCHAR *), DWORD);
BOOL __stdcall EnumResourceTypesW(HMODULE, BOOL (__stdcall *)(HMODULE, WCHAR *, intptr_t), intptr_t);
HANDLE __stdcall CreateThread(void *, size_t, DWORD (__stdcall *)(void *), void *, DWORD, DWORD *);
DWORD __stdcall WaitForSingleObject(HANDLE, DWORD);
BOOL __stdcall PtInRect(const RECT *, POINT);
BOOL __stdcall SetRect(RECT *, int, int, int, int);
BOOL __stdcall UnionRect(RECT *, const RECT *, const RECT *);
int __stdcall wsprintfW(WCHAR *, const WCHAR *, ...);
int _wtoi(const wchar_t *);
int sprintf(char *, const char *, ...);
void *bsearch(const void *, const void *, size_t, size_t, int (*)(const void *, const void *));
void qsort(void *, size_t, size_t, int (*)(const int *, const int *));
]]

local C = ffi.C
local CP_UTF8 = 65001
local function wide(text)
  local n = C.MultiByteToWideChar(CP_UTF8, 0, text, #text, nil, 0)
  local out = ffi.new("WCHAR[?]", n + 1)
  C.MultiByteToWideChar(CP_UTF8, 0, text, #text, out, n)
  return out
end
local function narrow(text)
  local n = C.WideCharToMultiByte(CP_UTF8, 0, text, -1, nil, 0, nil, nil)
  local out = ffi.new("char[?]", n)
  C.WideCharToMultiByte(CP_UTF8, 0, text, -1, out, n, nil, nil)
  return ffi.string(out)
end

function TestWindows:test_what_it_says_of_itself()
  lu.assertEquals(ffi.arch, "x64")
  lu.assertTrue(ffi.abi "win")
  lu.assertTrue(ffi.abi "64bit")
  lu.assertEquals(ffi.sizeof "long", 4)
  lu.assertEquals(ffi.sizeof "wchar_t", 2)
  lu.assertEquals(ffi.debug().port.target, "x86_64-windows")
end

-- The program, the C library, kernel32, user32, gdi32: as LuaJIT searches them.
function TestWindows:test_libraries_of_ffi_C()
  lu.assertEquals(C.MulDiv(6, 7, 2), 21)
  lu.assertNotEquals(C.GetCurrentThreadId(), 0)
  local r = ffi.new "RECT"
  lu.assertEquals(C.SetRect(r, 1, 2, 3, 4), 1)
  lu.assertEquals(r.bottom, 4)
  H.assert_error_contains(function()
    ffi.cdef "int no_such_function_at_all(void);"
    return C.no_such_function_at_all
  end, "no_such_function_at_all")
end

function TestWindows:test_names_of_libraries()
  for _, name in ipairs { "user32", "user32.dll", "USER32.DLL", "C:\\windows\\system32\\user32.dll", "C:/windows/system32/user32" } do
    local user = ffi.load(name)
    local r = ffi.new("RECT", 0, 0, 10, 10)
    lu.assertEquals(user.PtInRect(r, ffi.new("POINT", 9, 0)), 1, name)
  end
  local text = H.assert_error_contains(function() ffi.load "no_such_library" end, "no_such_library.dll")
  lu.assertNotStrContains(text, "error 126") -- the system's words
  H.assert_error_contains(function() ffi.load "C:\\no\\such\\folder\\x.dll" end, "x.dll")
end

function TestWindows:test_utf16()
  local text = "Gr\195\188\195\159e \226\130\172 \240\159\154\162"
  local w = wide(text)
  lu.assertEquals(C.lstrlenW(w), 10)
  lu.assertEquals(narrow(w), text)
  lu.assertEquals(C._wtoi(ffi.cast("const wchar_t *", wide "-4711")), -4711)
end

function TestWindows:test_struct_by_value()
  local r = ffi.new("RECT", 10, 10, 20, 20)
  lu.assertEquals(C.PtInRect(r, ffi.new("POINT", 10, 19)), 1)
  lu.assertEquals(C.PtInRect(r, ffi.new("POINT", 20, 19)), 0)
  lu.assertEquals(C.PtInRect(r, { 15, 15 }), 1)
  local u = ffi.new "RECT"
  lu.assertEquals(C.UnionRect(u, r, ffi.new("RECT", -5, 0, 1, 30)), 1)
  lu.assertEquals({ u.left, u.top, u.right, u.bottom }, { -5, 0, 20, 30 })
end

function TestWindows:test_times()
  local st, ft = ffi.new("SYSTEMTIME", { wYear = 1970, wMonth = 1, wDay = 1 }), ffi.new "FILETIME"
  lu.assertEquals(C.SystemTimeToFileTime(st, ft), 1)
  lu.assertEquals(ft.dwHighDateTime * 2 ^ 32 + ft.dwLowDateTime, 116444736000000000)
  local back = ffi.new "SYSTEMTIME"
  lu.assertEquals(C.FileTimeToSystemTime(ft, back), 1)
  lu.assertEquals({ back.wYear, back.wMonth, back.wDay, back.wDayOfWeek }, { 1970, 1, 1, 4 })
end

function TestWindows:test_variadic()
  local out = ffi.new "char[64]"
  lu.assertEquals(C.sprintf(out, "%d %s %.2f", ffi.new("int", 3), "four", 5.0), 11)
  lu.assertEquals(ffi.string(out), "3 four 5.00")
  local w = ffi.new "WCHAR[64]"
  lu.assertEquals(C.wsprintfW(w, wide "%d-%s", ffi.new("int", 12), wide "ab"), 5)
  lu.assertEquals(narrow(w), "12-ab")
end

-- ERROR_INVALID_HANDLE is 6, ERROR_FILE_NOT_FOUND 2, ERROR_PATH_NOT_FOUND 3.
function TestWindows:test_last_error()
  C.SetLastError(0)
  lu.assertEquals(C.GetFileAttributesW(wide "no such file"), 4294967295)
  lu.assertEquals(C.GetLastError(), 2)
  lu.assertEquals(select(2, ffi.errno()), 2)
  local junk = {}
  for i = 1, 1000 do junk[i] = ("x"):rep(i) end
  io.open "no/such/folder/file"
  collectgarbage()
  lu.assertEquals(C.GetLastError(), 2)
  C.SetLastError(4711)
  lu.assertEquals(C.GetLastError(), 4711)
end

function TestWindows:test_both_are_set_by_errno()
  ffi.errno(5, 6)
  lu.assertEquals({ ffi.errno() }, { 5, 6 })
  lu.assertEquals(C.GetLastError(), 6)
  lu.assertEquals({ ffi.errno(7) }, { 5, 6 })
  lu.assertEquals({ ffi.errno(nil, 8) }, { 7, 6 })
  lu.assertEquals({ ffi.errno() }, { 7, 8 })
  H.assert_error_contains(function() ffi.errno(1, "x") end, "bad argument #2 to 'errno'")
end

function TestWindows:test_last_error_in_callbacks()
  local inside
  local a = ffi.new("int[2]", 2, 1)
  C.SetLastError(77)
  C.qsort(a, 2, 4, function(x, y)
    inside = select(2, ffi.errno())
    C.SetLastError(78)
    return x[0] - y[0]
  end)
  lu.assertEquals(inside, 77)
  lu.assertEquals(C.GetLastError(), 78)
  lu.assertEquals({ a[0], a[1] }, { 1, 2 })
end

function TestWindows:test_callbacks_of_the_system()
  local count, found = 0, false
  lu.assertEquals(C.EnumSystemLocalesW(function(name)
    count = count + 1
    if narrow(name):lower() == "00000409" then found = true end -- en-US
    return 1
  end, 1), 1)
  lu.assertTrue(found)
  lu.assertTrue(count > 10)
end

function TestWindows:test_callback_stops_an_enumeration()
  local count = 0
  C.EnumSystemLocalesW(function()
    count = count + 1
    return count < 3 and 1 or 0
  end, 1)
  lu.assertEquals(count, 3)
end

-- An error does not jump over the system's frames.
function TestWindows:test_error_in_a_callback()
  local count = 0
  H.assert_error_contains(function()
    C.EnumSystemLocalesW(function()
      count = count + 1
      error "out of here"
    end, 1)
  end, "out of here")
  lu.assertEquals(count, 1)
  lu.assertEquals(C.MulDiv(1, 2, 1), 2)
end

-- A thread that is not inside of Lua is refused, and answered with zero.
function TestWindows:test_callback_on_another_thread()
  local ran = false
  local cb = ffi.cast("DWORD (__stdcall *)(void *)", function()
    ran = true
    return 5
  end)
  local thread = C.CreateThread(nil, 0, cb, nil, 0, nil)
  lu.assertFalse(ffi.isnull(thread))
  local ok, message = pcall(C.WaitForSingleObject, thread, 10000)
  lu.assertFalse(ran)
  if not ok then lu.assertStrContains(message, "thread") end
  pcall(C.CloseHandle, thread)
  cb:free()
end

function TestWindows:test_global_library()
  local fixture = H.fixture "spec_globals"
  ffi.load(fixture, true)
  lu.assertNotNil(ffi.load(fixture))
end

-- --- paths: drives, backslashes, roots ------------------------------------------------------------------------------------

ffi.cdef "int _mkdir(const char *);"
local folder = os.getenv "TEMP" .. "\\ferry " .. H.version -- two Luas may run it at a time
ffi.C._mkdir(folder)
local slashes = folder:gsub("\\", "/")
local function write(name, text)
  local path = folder .. "\\ferry_" .. name
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

function TestWindows:test_headers_by_path()
  lu.assertStrMatches(folder, "%a:\\.*")
  local path = write("path.h", "#define WP_ANSWER 42\nenum { WP_CONST = __LINE__ };\n")
  local relative_to_drive = path:sub(3) -- where the drive is the current one
  for _, name in ipairs { path, slashes .. "/ferry_path.h", path:lower(), '"' .. path .. '"', "<" .. path .. ">" } do
    local h = ffi.include(name)
    lu.assertEquals({ h.WP_ANSWER, h.WP_CONST }, { 42, 2 }, name)
  end
  H.assert_error_contains(function() ffi.include(folder .. "\\no such.h") end, folder .. "\\no such.h")
  -- An absolute path is looked for nowhere else.
  ffi.path()[1] = folder
  lu.assertEquals(ffi.include("ferry_path.h").WP_ANSWER, 42)
  local text = H.assert_error_contains(function() ffi.include(relative_to_drive .. "x") end, relative_to_drive .. "x")
  lu.assertNotStrContains(text, "looked")
  table.remove(ffi.path(), 1)
  os.remove(path)
end

-- Quotes look beside the including file, by whatever separator its path has.
function TestWindows:test_headers_beside_files()
  local inner = write("inner.h", "#pragma once\n#define WI_INNER 1\n")
  local outer = write("outer.h", '#include "ferry_inner.h"\n#include "' .. inner .. '"\n#define WI_OUTER WI_INNER + 1\n')
  lu.assertEquals(ffi.include(outer).WI_OUTER, 2)
  lu.assertEquals(ffi.include(slashes .. "/ferry_outer.h").WI_OUTER, 2)
  local script = write("script.lua", 'local h = require "ffi".include "ferry_outer.h"\nreturn h')
  lu.assertEquals(dofile(script).WI_OUTER, 2)
  lu.assertEquals(dofile(slashes .. "/ferry_script.lua").WI_OUTER, 2)
  for _, file in ipairs { inner, outer, script } do os.remove(file) end
end

function TestWindows:test_places()
  local path = write("place.h", "int wp_fine;\n#define WP_FILE 1\n#define WP_BAD 2\n  strange wp_x;\n")
  H.assert_error_contains(function() ffi.include(path) end, " at " .. path .. ":4:3")
  path = write("place.h", "int wp_fine;\n#define WP_FILE 1\nenum { WP_LENGTH = sizeof __FILE__ };\n#define WP_BAD(x) ((x) +/ 2)\n")
  local h = ffi.include(path)
  lu.assertEquals(h.WP_LENGTH, #path + 1)
  lu.assertEquals(ffi.macro("WP_FILE", h).file, path)
  local message = H.assert_error_contains(function() return h.WP_BAD(1) end, "WP_BAD", "(" .. path .. ":4)")
  lu.assertNotStrContains(message, "macros.lua")
  message = H.assert_error_contains(function() ffi.include(path, { target = "no-such" }) end, "no-such")
  lu.assertNotStrContains(message, "include.lua")
  -- What a dump says of places is read again.
  local again = ffi.include(h:dump())
  lu.assertEquals(again.WP_LENGTH, #path + 1)
  lu.assertEquals(ffi.macro("WP_FILE", again).file, path)
  os.remove(path)
end

function TestWindows:test_library_by_relative_path()
  local fixture = H.fixture "spec_globals"
  lu.assertNotNil(ffi.load(fixture))
  lu.assertNotNil(ffi.load((fixture:gsub("/", "\\"))))
  local in_tree = fixture:match "build%-windows/.*"
  if in_tree then
    lu.assertNotNil(ffi.load(in_tree))
    lu.assertNotNil(ffi.load(".\\" .. in_tree:gsub("/", "\\")))
  end
end

function TestWindows:test_headers_are_kept()
  ffi.C.SetLastError(0)
  local path = write("kept.h", "#define WK_N 1\n")
  for n = 1, 2 do
    write("kept.h", "#define WK_N " .. n .. "\n//" .. ("x"):rep(n) .. "\n")
    for _ = 1, 2 do lu.assertEquals(ffi.include(path, { cache = true }).WK_N, n) end
  end
  os.remove(path)
end

function TestWindows:test_signals()
  ffi.cdef "int raise(int);"
  local got
  ffi.signal("TERM", function(n, times) got = { n, times } end)
  lu.assertEquals(C.raise(15), 0)
  lu.assertEquals(got, { 15, 1 })
  ffi.signal("TERM", nil)
  H.assert_error_contains(function() ffi.signal("USR1", print) end, "USR1")
end

-- In wine the compiler is a program of the system around it (tests/cross/run.sh).
function TestWindows:test_cc()
  local compiler = os.getenv "CC"
  if not compiler or not compiler:find "%.%w+$" then lu.skip "CC names no compiler that this program can start" end
  ffi.cdef "int _putenv(const char *);"
  local folder = os.tmpname()
  os.remove(folder)
  ffi.C._putenv("FERRY_CACHE=" .. folder .. " of C")
  local cc = require "ferry.cc"
  local source = [[
    #include <stddef.h>
    #define WC_TWICE(x) ((x) * 2)
    typedef struct { double x, y; } wc_point;
    int wc_table[3] = { 1, 2, 3 };
    double wc_sum(const double *a, size_t n) {
      double s = 0;
      for (size_t i = 0; i < n; ++i) s += a[i];
      return s * FACTOR;
    }
    wc_point wc_mirror(wc_point p) { return (wc_point){ p.y, p.x }; }
  ]]
  for _ = 1, 2 do -- made, and kept
    local c = cc(source, { define = { "FACTOR=2" }, libs = { "m" } })
    lu.assertEquals(c.wc_sum(ffi.new("double[3]", 1, 2, 4), 3), 14)
    lu.assertEquals(c.wc_mirror({ 1, 2 }).x, 2)
    lu.assertEquals(c.WC_TWICE(21), 42)
    lu.assertEquals(c.wc_table[2], 3)
    ffi.C._putenv "CC=no_such_compiler"
    lu.assertErrorMsgContains("there is no C compiler: ", cc, "int wc_none(void) { return 1; }")
    ffi.C._putenv("CC=" .. compiler)
  end
  local ok, why = pcall(function() cc "int wc_wrong = wc_unknown;" end)
  lu.assertFalse(ok)
  lu.assertStrMatches(why, ".*the compiler refuses the source:.*windows_spec.lua:%d+:.*wc_unknown.*")
end

H.run()
