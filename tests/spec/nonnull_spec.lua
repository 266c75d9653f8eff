-- What a declaration says is never NULL: __attribute__((nonnull)), _Nonnull, [static n]. Refused before C sees it.
-- oracle: gcc and clang, which warn of each of these calls (-Wnonnull, "null passed to a callee that requires a
-- non-null argument"); LuaJIT passes NULL.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi
H.not_on_luajit()

ffi.cdef [[
int strncmp(const char *a, const char *b, size_t n) __attribute__((nonnull(1,2)));
size_t strlen(const char *_Nonnull s);
void *memcpy(void *restrict to, const void *from, size_t n) __attribute__((__nonnull__));
int strcmp(const char *a, const char b[static 1]);
typedef char *nn_text;
size_t strnlen(nn_text _Nonnull s, size_t n);
char * __attribute__((nonnull, returns_nonnull)) strdup(const char *s);
void free(void *);
int snprintf(char *to, size_t n, const char *format, ...) __attribute__((format(printf, 3, 4), nonnull(3)));
int open(const char *path, int flags, ...) __attribute__((nonnull(1)));
const char *strpbrk(const char *s, const char *accept __attribute__((nonnull)));
__attribute__((__nonnull__(1, 2))) char *strstr(const char *, const char *);
char *strchr(const char *s, int c) __attribute__((nonnull(1, 2, 70, 0, -1)));   // 2 is no pointer
void qsort(void *, size_t, size_t, int (*_Nonnull f)(const void *, const void *));
struct nn_hooks { int (*compare)(const char *a, const char *b) __attribute__((nonnull(2))); };
typedef int (*nn_compare)(const char *, const char *) __attribute__((nonnull(2)));
typedef int nn_function(const char *, const char *) __attribute__((nonnull(2)));
void *memchr(const void *s, int c, size_t n);
void *memchr(const void *s, int c, size_t n) __attribute__((nonnull(1)));
size_t strspn(const char *_Nullable, const char *_Null_unspecified);
void *malloc(size_t) __attribute__((returns_nonnull));
]]
local C = ffi.C
local null = ffi.new "const char *"

TestNonnull = {}

-- Of the function type that a function, a pointer to it or its type has.
local function parameters(f)
  local info = ffi.typeinfo(ffi.typeof(f))
  return (info.to and ffi.typeinfo(info.to) or info).parameters
end

-- Each several times: what a call taught native code must not let NULL through.
local function refused(number, name, f, ...)
  for _ = 1, 3 do
    local n, args = select("#", ...), { ... }
    local ok, message = pcall(f, (table.unpack or unpack)(args, 1, n))
    lu.assertFalse(ok, name)
    lu.assertStrContains(message, ("bad argument #%d to '%s' ("):format(number, name))
    lu.assertStrContains(message, "which is declared nonnull")
  end
end

function TestNonnull:test_nil_and_null()
  refused(2, "strncmp", C.strncmp, "a", nil, 1)
  refused(1, "strncmp", C.strncmp, nil, "a", 1)
  refused(2, "strncmp", C.strncmp, "a", null, 1)
  refused(2, "strncmp", C.strncmp, "a", ffi.cast("char *", 0), 1)
  refused(1, "strlen", C.strlen, nil)
  refused(1, "strlen", C.strlen, ffi.NULL)
  refused(1, "memcpy", C.memcpy, nil, "a", 1)
  refused(2, "memcpy", C.memcpy, ffi.new "char[2]", nil, 1)
  refused(2, "strcmp", C.strcmp, "a", nil)
  refused(1, "strnlen", C.strnlen, nil, 1)
  refused(1, "strdup", C.strdup, nil)
  refused(2, "strpbrk", C.strpbrk, "a", nil)
  refused(2, "strstr", C.strstr, "a", nil)
  refused(1, "strchr", C.strchr, nil, 65)
  refused(4, "qsort", C.qsort, ffi.new "int[2]", 2, 4, nil)
  refused(1, "memchr", C.memchr, nil, 65, 0)
end

function TestNonnull:test_the_words()
  local ok, message = pcall(C.strncmp, "a", nil, 1)
  lu.assertFalse(ok)
  lu.assertStrContains(message, "bad argument #2 to 'strncmp' (nil for 'const char *', which is declared nonnull)")
  ok, message = pcall(C.strncmp, "a", ffi.new "char *", 1)
  lu.assertFalse(ok)
  lu.assertStrContains(message, "(a NULL 'char *' for 'const char *', which is declared nonnull)")
end

function TestNonnull:test_pointers_are_taken()
  local a = ffi.new("char[4]", "abc")
  for _ = 1, 3 do
    lu.assertEquals(C.strncmp("a", "b", 1) < 0, true)
    lu.assertEquals(C.strncmp(a, "abc", 3), 0)
    lu.assertEquals(C.strncmp(a + 0, ffi.cast("const char *", a), 3), 0)
    lu.assertEquals(ffi.tonumber(C.strlen(a)), 3)
    lu.assertEquals(ffi.tonumber(C.strnlen(a, 2)), 2)
    lu.assertEquals(ffi.string(C.memcpy(ffi.new "char[2]", "x", 2)), "x")
    lu.assertTrue(ffi.isnull(C.strpbrk("abc", "x")))
    refused(1, "strlen", C.strlen, nil)
  end
  lu.assertTrue(pcall(C.free, nil))
  local copy = C.strdup "abc"
  lu.assertEquals(ffi.string(copy), "abc")
  C.free(copy)
end

function TestNonnull:test_variadic()
  lu.assertEquals(C.snprintf(nil, 0, "abc"), 3)
  lu.assertEquals(C.snprintf(nil, 0, "%d", 12), 2)
  H.assert_error_contains(function() C.snprintf(nil, 0, nil) end, "bad argument #3 to 'snprintf' (format string expected")
  refused(1, "open", C.open, nil, 0)
  refused(1, "open", C.open, null, 0, 0)
  lu.assertEquals(C.open("/no/such", 0), -1)
end

function TestNonnull:test_function_pointers()
  local hooks = ffi.new "struct nn_hooks"
  hooks.compare = C.strcmp
  for _, f in ipairs { ffi.cast("nn_compare", C.strcmp), ffi.cast("nn_function *", C.strcmp), hooks.compare } do
    for _ = 1, 3 do
      lu.assertEquals(f("a", "a"), 0)
      local ok, message = pcall(f, "a", nil)
      lu.assertFalse(ok)
      lu.assertStrMatches(message, ".*bad argument #2 to '[^\n]*' %(nil for 'const char %*', which is declared nonnull%).*")
      ok, message = pcall(f, "a", null)
      lu.assertFalse(ok)
      lu.assertStrContains(message, "a NULL 'const char *'")
    end
  end
end

-- The attribute is no part of what types are compatible with.
function TestNonnull:test_types()
  lu.assertTrue(ffi.istype("int (*)(const char *, const char *)", ffi.cast("nn_compare", C.strcmp)))
  ffi.new("struct nn_hooks").compare = ffi.cast("int (*)(const char *, const char *)", C.strcmp)
  lu.assertEquals(tostring(ffi.typeof "nn_compare"), "ctype<int (*)(const char *, const char *)>")
  local cb = ffi.cast("nn_compare", function(a, b) return ffi.isnull(b) and 1 or 2 end)
  local plain = ffi.cast("int (*)(const char *, const char *)", cb)
  lu.assertEquals(plain("a", nil), 1)   -- C may call back with what it likes
  cb:free()
end

function TestNonnull:test_typeinfo()
  local function marks(f)
    local list = {}
    for i, p in ipairs(parameters(f)) do list[i] = p.nonnull and "!" or "-" end
    return table.concat(list)
  end
  lu.assertEquals(marks(C.strncmp), "!!-")
  lu.assertEquals(marks(C.memcpy), "!!-")
  lu.assertEquals(marks(C.strcmp), "-!")
  lu.assertEquals(marks(C.snprintf), "--!")
  lu.assertEquals(marks(C.strchr), "!-")
  lu.assertEquals(marks(C.memchr), "!--")
  lu.assertEquals(marks(C.strspn), "--")
  lu.assertEquals(marks(ffi.typeof "nn_compare"), "-!")
end

-- glibc's own headers say it. Last: what they say is added to what is declared above.
TestNonnullOfHeaders = {}

function TestNonnullOfHeaders:test_included_header()
  local ok, h = pcall(ffi.include, "string.h")
  lu.skipIf(not ok, "no string.h here")
  lu.skipIf(not parameters(h.strcspn)[1].nonnull, "a libc that does not say it")
  refused(2, "strcspn", h.strcspn, "a", nil)
end

H.run()
