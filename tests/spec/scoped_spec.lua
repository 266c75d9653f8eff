-- Callbacks for one C call: ffi.scoped, __attribute__((ferry_scoped)) and the functions of libc that are so by name.
-- They end when the call returns, however it does; their pointer arguments may be the same objects each time.
-- Sources of what libc's functions do with the function: C11 7.22.5; POSIX.1-2017 ftw, nftw, glob, lsearch, scandir
-- (-2008), tsearch, pthread_once; dl_iterate_phdr(3), qsort_r(3), twalk_r(3).
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi
H.not_on_luajit()
local fx = H.load "spec_callbacks"
local C = ffi.C

ffi.cdef [[
typedef int sc_order(const void *, const void *);
typedef int (*sc_compare)(const int *, const int *);
void qsort(void *, size_t, size_t, sc_compare);
void sc_sort_any(void *, size_t, size_t, int (*)(const void *, const void *)) __asm__("qsort");
void qsort_r(void *, size_t, size_t, int (*)(const int *, const int *, void *), void *);
void *bsearch(const void *, const void *, size_t, size_t, int (*)(const int *, const int *));
void *lfind(const void *, const void *, size_t *, size_t, sc_compare);
void *lsearch(const void *, void *, size_t *, size_t, sc_compare);
void *tsearch(const void *, void **, sc_order *);
void *tfind(const void *, void *const *, sc_order *);
void *tdelete(const void *, void **, sc_order *);
void twalk(const void *, void (*)(const void *node, int visit, int depth));
void tdestroy(void *, void (*)(void *));
int scandir(const char *, void ***, int (*)(const void *), int (*)(const void **, const void **));
int ftw(const char *, int (*)(const char *, const void *, int), int);
int nftw(const char *, int (*)(const char *, const void *, int, void *), int, int);
int glob(const char *, int, int (*)(const char *, int), void *);
void globfree(void *);
int dl_iterate_phdr(int (*)(void *info, size_t size, void *data), void *data);
int pthread_once(int *, void (*)(void));
void free(void *);
typedef double (*sc_number)(double);
double call_twice(sc_number f, sc_number g, double x);
double sc_twice(sc_number f __attribute__((ferry_scoped)), sc_number g, double x) __asm__("call_twice");
double sc_both(sc_number f, sc_number g, double x) __attribute__((ferry_scoped)) __asm__("call_twice");
double sc_second(sc_number f, sc_number g, double x) __attribute__((__ferry_scoped__(2))) __asm__("call_twice");
double sc_nonnull(sc_number f, sc_number g, double x) __attribute__((ferry_scoped, nonnull(1, 2))) __asm__("call_twice");
void sc_sort(int *, size_t, int (*)(const int *, const int *) __attribute__((ferry_lends))) __asm__("sort_ints");
void sc_sort_plain(int *, size_t, int (*)(const int *, const int *) __attribute__((ferry_scoped))) __asm__("sort_ints");
void sc_sort_said(int *, size_t, int (*)(const int *, const int *)) __asm__("sort_ints");
void sort_ints(int *, size_t, int (*)(const int *, const int *));
typedef int (*sc_int_fn)(int);
void store_cb(sc_int_fn f);
void sc_store(sc_int_fn f) __attribute__((ferry_scoped)) __asm__("store_cb");
int run_stored(int v);
struct sc_pair { int a, b; };
int call_pair_ptr(void (*f)(struct sc_pair *));
int sc_pair_ptr(void (*f)(struct sc_pair *)) __attribute__((ferry_lends)) __asm__("call_pair_ptr");
int sc_blocking(void (*f)(struct sc_pair *)) __attribute__((ferry_lends, blocking)) __asm__("call_pair_ptr");
void call_with_user(void (*f)(void *user, int v), void *user, int v);
void sc_user(void (*f)(void *user, int v), void *user, int v) __attribute__((ferry_lends)) __asm__("call_with_user");
size_t strlen(const char *);
]]

local function live() return ffi.debug().callbacks.count end
local function ints(...) return ffi.new("int[?]", select("#", ...), ...), select("#", ...) end
local function order(x, y) return x[0] - y[0] end
local function list_of(a, n)
  local out = {}
  for i = 1, n do out[i] = a[i - 1] end
  return out
end
local function marks(f, n)
  local p = ffi.typeinfo(ffi.typeof(f)).parameters[n]
  return (p.scoped and "scoped" or "") .. (p.lends and " lends" or "")
end
-- Runs f, which makes callbacks: none is left.
local function leaves_none(f, ...)
  local before = live()
  f(...)
  lu.assertEquals(live(), before)
end

TestScopedLibc = {}

function TestScopedLibc:test_sorting_and_searching()
  leaves_none(function()
    local a, n = ints(5, 3, 9, 1, 7)
    C.qsort(a, n, 4, function(x, y) return order(x, y) end)
    lu.assertEquals(list_of(a, n), { 1, 3, 5, 7, 9 })
    a[0], a[4] = 9, 1
    C.sc_sort_any(a, n, 4, function(x, y) return ffi.cast("int *", x)[0] - ffi.cast("int *", y)[0] end)
    lu.assertEquals(list_of(a, n), { 1, 3, 5, 7, 9 })
    local key, found = ffi.new("int[1]", 7), nil
    found = C.bsearch(key, a, n, 4, function(x, y) return order(x, y) end)
    lu.assertEquals(ffi.cast("int *", found)[0], 7)
    local count = ffi.new("size_t[1]", n - 1)
    found = C.lfind(key, a, count, 4, function(x, y) return order(x, y) end)
    lu.assertEquals(ffi.cast("int *", found) - a, 3)
    key[0] = 42
    C.lsearch(key, a, count, 4, function(x, y) return order(x, y) end)
    lu.assertEquals(a[4], 42)
    lu.assertEquals(tonumber(count[0]), 5)
  end)
end

function TestScopedLibc:test_sorting_with_a_context()
  H.needs "functions of POSIX"
  leaves_none(function()
    local user
    local a, n = ints(5, 3, 9, 1, 7)
    C.qsort_r(a, n, 4, function(x, y, u) user = ffi.cast("int *", u)[0] return y[0] - x[0] end, ffi.new("int[1]", 77))
    lu.assertEquals(list_of(a, n), { 9, 7, 5, 3, 1 })
    lu.assertEquals(user, 77)
  end)
end

function TestScopedLibc:test_trees()
  leaves_none(function()
    local keys, root = ffi.new("int[5]", 3, 1, 4, 5, 9), ffi.new "void *[1]"
    local function compare(x, y) return ffi.cast("int *", x)[0] - ffi.cast("int *", y)[0] end
    for i = 0, 4 do C.tsearch(keys + i, root, function(x, y) return compare(x, y) end) end
    lu.assertFalse(ffi.isnull(C.tfind(keys + 2, root, function(x, y) return compare(x, y) end)))
    C.tdelete(keys + 2, root, function(x, y) return compare(x, y) end)
    lu.assertTrue(ffi.isnull(C.tfind(keys + 2, root, function(x, y) return compare(x, y) end)))
    local seen, nodes = {}, {}
    C.twalk(root[0], function(node, visit)
      nodes[#nodes + 1] = ffi.cast("int **", ffi.cast("uintptr_t", node)) -- a node stays where it is
      if visit == 1 or visit == 3 then seen[#seen + 1] = ffi.cast("int **", node)[0][0] end
    end)
    lu.assertEquals(seen, { 1, 3, 5, 9 })
    for _, node in ipairs(nodes) do lu.assertTrue(node[0][0] > 0) end
    if pcall(function() return C.tdestroy end) then
      local freed = 0
      C.tdestroy(root[0], function() freed = freed + 1 end)
      lu.assertEquals(freed, 4)
    end
  end)
end

-- Offsets in folders may have 64 bits (ext4 in the emulator); readdir of 32 bits then fails with EOVERFLOW.
local function folders_overflow()
  if ffi.os ~= "Linux" then return false end
  ffi.cdef "void *opendir(const char *); void *readdir(void *); int closedir(void *);"
  local folder = C.opendir "/"
  ffi.errno(0)
  local overflows = ffi.isnull(C.readdir(folder)) and ffi.errno() == 75
  C.closedir(folder)
  return overflows
end

function TestScopedLibc:test_folders()
  H.needs "functions of POSIX"
  lu.skipIf(folders_overflow(), "readdir of / gives EOVERFLOW")
  leaves_none(function()
    local names, compared = ffi.new "void **[1]", 0
    local count = C.scandir("/", names, function() return 1 end, function() compared = compared + 1 return 0 end)
    lu.assertTrue(count > 2)
    lu.assertTrue(compared > 0)
    for i = 0, count - 1 do C.free(names[0][i]) end
    C.free(names[0])
  end)
end

function TestScopedLibc:test_files()
  H.needs "functions of POSIX"
  leaves_none(function()
    local path
    lu.assertEquals(C.ftw("/dev/null", function(p, _, flag) path = ffi.string(p) .. flag return 7 end, 4), 7)
    lu.assertEquals(path, H.musl and "/dev/null1" or "/dev/null0") -- FTW_F of ftw.h
    lu.assertEquals(C.nftw("/dev/null", function() return 8 end, 4, 0), 8)
    local failed
    local glob = ffi.new "char[256]"
    -- A file is no folder: opening it fails, ENOTDIR (POSIX glob: errfunc is called with the path and errno).
    C.glob("/dev/null/*/x", 1, function(p, e) failed = ffi.string(p) .. " " .. e return 0 end, glob)
    C.globfree(glob)
    lu.assertTrue(failed == nil or failed:find "^/dev/null" ~= nil)
  end)
end

function TestScopedLibc:test_others()
  H.needs "functions of POSIX"
  leaves_none(function()
    local objects = 0
    lu.assertEquals(C.dl_iterate_phdr(function(_, size) objects = objects + (tonumber(size) > 0 and 1 or 0) return 0 end, nil), 0)
    lu.assertTrue(objects > 1)
    local once, runs = ffi.new "int[1]", 0
    for _ = 1, 3 do C.pthread_once(once, function() runs = runs + 1 end) end
    lu.assertEquals(runs, 1)
  end)
end

function TestScopedLibc:test_which()
  H.needs "functions of POSIX"
  lu.assertEquals(marks(C.qsort, 4), "scoped lends")
  lu.assertEquals(marks(C.qsort, 1), "")
  lu.assertEquals(marks(C.sc_sort_any, 4), "scoped lends")
  lu.assertEquals(marks(C.bsearch, 5), "scoped")
  lu.assertEquals(marks(C.scandir, 3) .. marks(C.scandir, 4), "scoped lendsscoped lends")
  lu.assertEquals(marks(C.twalk, 2), "scoped")
  lu.assertEquals(marks(C.dl_iterate_phdr, 1), "scoped lends")
  lu.assertEquals(marks(C.call_twice or fx.call_twice, 1), "")
end

-- Only as C and POSIX declare them.
function TestScopedLibc:test_other_functions_of_these_names()
  H.needs "functions of POSIX"
  ffi.cdef [[
    typedef void sc_once(int *, void (*)(int));
    int sc_call_once(int *, void (*)(int)) __asm__("call_once");
    int sc_ftw(int (*)(const char *, const void *, int)) __asm__("ftw");
    void *fts_open(char *const *, int, int (*)(const void **, const void **));
    int atexit(void (*)(void));
    int sc_glob(const char *, int, void *, void *) __asm__("glob");
  ]]
  lu.assertEquals(marks(C.fts_open, 3), "")
  lu.assertEquals(marks(C.sc_ftw, 1), "")
  lu.assertEquals(marks(C.sc_glob, 3), "")
end

TestScopedEnds = {}

function TestScopedEnds:test_attributes()
  lu.assertEquals(marks(fx.sc_twice, 1) .. "|" .. marks(fx.sc_twice, 2), "scoped|")
  lu.assertEquals(marks(fx.sc_both, 1) .. "|" .. marks(fx.sc_both, 2) .. "|" .. marks(fx.sc_both, 3), "scoped|scoped|")
  lu.assertEquals(marks(fx.sc_second, 1) .. "|" .. marks(fx.sc_second, 2), "|scoped")
  lu.assertEquals(marks(fx.sc_sort, 3), "scoped lends")
  local before = live()
  for i = 1, 40 do
    lu.assertEquals(fx.sc_both(function(x) return x + i end, function(x) return x * 2 end, 1), fx.call_twice(
      ffi.scoped(function(x) return x + i end), ffi.scoped(function(x) return x * 2 end), 1))
  end
  lu.assertEquals(live(), before)
  fx.sc_twice(function(x) return x end, function(x) return x end, 1) -- the second is not
  lu.assertEquals(live(), before + 1)
end

-- Of a function in passing there is one callback for ever; of one for a call none is left.
function TestScopedEnds:test_functions_that_are_both()
  local function f(x) return x + 1 end
  local before = live()
  fx.call_twice(f, f, 1)
  lu.assertEquals(live(), before + 1)
  for _ = 1, 5 do lu.assertEquals(fx.sc_both(f, f, 1), fx.call_twice(f, f, 1)) end
  lu.assertEquals(live(), before + 1)
end

function TestScopedEnds:test_errors()
  local a, n = ints(2, 1, 3)
  leaves_none(function()
    for _ = 1, 3 do
      H.assert_error_contains(function() C.qsort(a, n, 4, function() error "mine" end) end, "mine")
      H.assert_error_contains(function() C.qsort(a, n, 4, function() return {} end) end, "cannot convert 'table' to 'int'",
        "made at ", "scoped_spec.lua:")
      local e = {}
      local ok, why = pcall(C.qsort, a, n, 4, function() error(e) end)
      lu.assertFalse(ok)
      lu.assertTrue(rawequal(why, e))
      -- Arguments that are refused, before and behind the function.
      H.assert_error_contains(function() C.qsort(a, {}, 4, order) end, "bad argument #2 to 'qsort'")
      H.assert_error_contains(function() fx.sc_both(function() end, function() end, "x") end, "bad argument #3")
      H.assert_error_contains(function() fx.sc_nonnull(function() end, nil, 1) end, "bad argument #2", "nonnull")
      H.assert_error_contains(function() C.qsort(a, n, 4) end, "wrong number of arguments")
    end
  end)
  C.qsort(a, n, 4, order)
  lu.assertEquals(list_of(a, n), { 1, 2, 3 })
  lu.assertEquals(fx.sc_nonnull(function(x) return x end, function(x) return x end, 1),
    fx.call_twice(ffi.scoped(function(x) return x end), ffi.scoped(function(x) return x end), 1))
end

function TestScopedEnds:test_cpp_exceptions()
  H.needs "libstdc++ that fixtures are built for"
  local X = H.load "spec_exceptions"
  ffi.cdef "int ex_call_and_throw(int (*f)(int), int kind) __attribute__((ferry_scoped));"
  local f = X.ex_call_and_throw
  leaves_none(function() for _ = 1, 3 do lu.assertFalse(pcall(f, function(x) return x end, 1)) end end)
end

-- A sort whose comparison sorts, which may raise.
function TestScopedEnds:test_nested()
  leaves_none(function()
    local depth, deepest = 0, 0
    local function sort(levels)
      local a, n = ints(3, 1, 2)
      depth = depth + 1
      deepest = math.max(deepest, depth)
      C.qsort(a, n, 4, function(x, y)
        local u, v = x[0], y[0]
        if levels > 0 then sort(levels - 1) end
        lu.assertEquals(x[0] * 10 + y[0], u * 10 + v)
        return u - v
      end)
      depth = depth - 1
      lu.assertEquals(list_of(a, n), { 1, 2, 3 })
    end
    sort(H.slow and 2 or 4)
    lu.assertEquals(deepest, H.slow and 3 or 5)
    local function fail(levels)
      local a, n = ints(3, 1, 2)
      C.qsort(a, n, 4, function(x, y)
        if levels == 0 then error "deep" end
        if levels == 2 then pcall(fail, 1) return order(x, y) end
        fail(levels - 1)
        return 0
      end)
      return list_of(a, n)
    end
    lu.assertEquals(fail(2), { 1, 2, 3 })
    H.assert_error_contains(function() fail(1) end, "deep")
  end)
end

-- The very callback within itself: C passes its own pointer on.
function TestScopedEnds:test_recursive()
  leaves_none(function()
    local log = {}
    fx.sc_pair_ptr(function(p)
      log[#log + 1] = p.a .. "," .. p.b
      if #log == 1 then
        fx.sc_pair_ptr(function(q) log[#log + 1] = q.a .. "," .. q.b end)
        lu.assertEquals(p.a .. "," .. p.b, log[1])
      end
    end)
    lu.assertTrue(#log >= 2)
  end)
end

function TestScopedEnds:test_coroutines()
  leaves_none(function()
    local a, n = ints(3, 1, 2)
    local co = coroutine.wrap(function()
      coroutine.yield(1)
      C.qsort(a, n, 4, function(x, y) return order(x, y) end)
      coroutine.yield(2)
      C.qsort(a, n, 4, function() coroutine.yield(3) end)
    end)
    co()
    co()
    lu.assertEquals(list_of(a, n), { 1, 2, 3 })
    lu.assertFalse(pcall(co))
  end)
end

function TestScopedEnds:test_strict_and_blocking()
  leaves_none(function()
    ffi.strict(true)
    local a, n = ints(3, 1, 2)
    local ok, why = pcall(C.qsort, a, n, 4, function(x, y) return order(x, y) end)
    lu.assertEquals(list_of(a, n), { 1, 2, 3 })
    local lossy, message = pcall(C.qsort, a, n, 4, function() return 0.5 end)
    ffi.strict(false)
    lu.assertTrue(ok, why)
    lu.assertFalse(lossy)
    lu.assertStrContains(message, "0.5")
    local seen, kept
    fx.sc_blocking(function(p) seen, kept = p.a, p end)
    lu.assertEquals(type(seen), "number")
    H.assert_error_contains(function() return kept.a end, "of a callback whose call has returned")
    -- Switched within a call.
    C.qsort(a, n, 4, function(x, y) ffi.strict(true) ffi.strict(false) return order(y, x) end)
    lu.assertEquals(list_of(a, n), { 3, 2, 1 })
  end)
end

-- C has kept the pointer, and calls it.
function TestScopedEnds:test_called_after_the_call()
  for _ = 1, 3 do
    fx.sc_store(function(v) return v + 1 end)
    H.assert_error_contains(function() return fx.run_stored(1) end,
      "a callback was called after the C call that it was for had returned: 'int (int)'")
  end
  local f = ffi.cast("int (*)(int)", function(v) return v + 1 end)
  fx.store_cb(f)
  lu.assertEquals(fx.run_stored(1), 2)
  f:free()
end

-- Threads that C has started call it: refused as other callbacks, or run while a blocking call waits. Those that go on when
-- the call has returned get zero, and not what the next calls have passed.
function TestScopedEnds:test_other_threads()
  ffi.cdef [[
    long sc_sum(sc_int_fn, int first, int count) __attribute__((ferry_scoped)) __asm__("tf_sum");
    long sc_sum_blocking(sc_int_fn, int first, int count) __attribute__((ferry_scoped, blocking)) __asm__("tf_sum");
    void *sc_begin(int threads, sc_int_fn, int count) __attribute__((ferry_scoped)) __asm__("tf_begin");
    long sc_end(void *) __attribute__((blocking)) __asm__("tf_end");
    void tf_hold(bool);
  ]]
  local threads = H.load "spec_threads"
  leaves_none(function()
    for _ = 1, 3 do
      local ran = 0
      H.assert_error_contains(function() threads.sc_sum(function(x) ran = ran + 1 return x end, 1, 10) end,
        "callback 'int (*)(int)' made at ", "scoped_spec.lua:", "was called on thread ")
      lu.assertEquals(ran, 0)
      lu.assertEquals(tonumber(threads.sc_sum_blocking(function(x) ran = ran + 1 return x end, 1, 10)), 55)
      lu.assertEquals(ran, 10)
      H.assert_error_contains(function() threads.sc_sum_blocking(function() error "there" end, 1, 10) end, "there")
    end
    local ran, count = 0, H.many(2000)
    threads.tf_hold(true)
    local all = threads.sc_begin(2, function(x) ran = ran + 1 return x end, count)
    threads.tf_hold(false)
    local others = 0
    for _ = 1, 10 do pcall(threads.sc_sum_blocking, function(x) others = others + 1 return x end, 1, 1) end
    local ok, sum = pcall(threads.sc_end, all)
    if ok then lu.assertEquals(tonumber(sum), 0) else lu.assertStrContains(sum, "was called on thread ") end
    lu.assertEquals(ran, 0)
    lu.assertTrue(others <= 10, others)
    lu.assertEquals(tonumber(threads.sc_sum_blocking(function(x) return x end, 1, 10)), 55)
  end)
end

-- What ffi.callback and ffi.cast have made is a pointer, which the call does not end.
function TestScopedEnds:test_pointers_stay()
  local before = live()
  local queued = ffi.callback("int (*)(const int *, const int *)", order, { queue = 2 })
  local plain = ffi.cast("int (*)(const int *, const int *)", function(x, y) return order(y, x) end)
  local a, n = ints(3, 1, 2)
  for _ = 1, 3 do
    C.qsort(a, n, 4, queued)
    lu.assertEquals(list_of(a, n), { 1, 2, 3 })
    C.qsort(a, n, 4, plain)
    lu.assertEquals(list_of(a, n), { 3, 2, 1 })
  end
  lu.assertEquals(live(), before + 2)
  queued:free()
  plain:free()
  lu.assertEquals(live(), before)
end

-- The declaration may come again after ffi.scoped, and keeps what was said.
function TestScopedEnds:test_declared_again()
  ffi.cdef 'void sc_again(int *, size_t, int (*)(const int *, const int *)) __asm__("sort_ints");'
  ffi.scoped("sc_again", 3)
  for _, strict in ipairs { true, false } do
    ffi.strict(strict)
    local ok, why = pcall(ffi.cdef, 'void sc_again(int *, size_t, int (*)(const int *, const int *)) __asm__("sort_ints");')
    ffi.strict(false)
    lu.assertTrue(ok, why)
    lu.assertEquals(marks(fx.sc_again, 3), "scoped")
  end
end

-- As many at once as there are calls within calls, and no more are made for the next ones.
function TestScopedEnds:test_slots_are_used_again()
  local function sort()
    local a, n = ints(2, 1)
    C.qsort(a, n, 4, function(x, y) return order(x, y) end)
  end
  for _ = 1, 40 do sort() end
  local before = ffi.debug().code and ffi.debug().code.callback_slots
  for _ = 1, 400 do sort() end
  lu.assertEquals(ffi.debug().code and ffi.debug().code.callback_slots, before)
end

local function resident_pages()
  local file = io.open "/proc/self/statm"
  if file == nil then return nil end
  local pages = tonumber(file:read "*l":match "^%d+ (%d+)")
  file:close()
  return pages
end

function TestScopedEnds:test_constant_memory()
  local a, n = ints(3, 1, 2)
  local function sort(times)
    for i = 1, times do
      C.qsort(a, n, 4, function(x, y) return x[0] - y[0] + 0 * i end)
      fx.call_twice(ffi.scoped(function(x) return x + i end), ffi.scoped(function(x) return x * i end), 1)
    end
    collectgarbage()
    collectgarbage()
  end
  local times = H.slow and 500 or 30000
  sort(times)
  local kilobytes, pages = collectgarbage "count", resident_pages()
  sort(times)
  lu.assertTrue(collectgarbage "count" < kilobytes + 64)
  if pages ~= nil and not H.slow then lu.assertTrue(resident_pages() < pages + 500, resident_pages() - pages) end
end

-- What the function refers to may go when the call has returned.
function TestScopedEnds:test_the_function_is_let_go()
  local weak = setmetatable({}, { __mode = "k" })
  do
    local captured = {}
    weak[captured] = true
    local a, n = ints(2, 1)
    C.qsort(a, n, 4, function(x, y) return order(x, y) + 0 * #captured end)
  end
  for _ = 1, 4 do collectgarbage() end
  lu.assertNil(next(weak))
end

-- Collections in the middle of it, with finalisers that sort.
function TestScopedEnds:test_finalisers()
  leaves_none(function()
    local log = 0
    local function finaliser()
      local b, m = ints(9, 8)
      C.qsort(b, m, 4, function(x, y) log = log + 1 return order(x, y) end)
    end
    for i = 1, H.slow and 20 or 300 do
      ffi.gc(ffi.new "int[1]", finaliser)
      local a, n = ints(3, 1, 2)
      C.qsort(a, n, 4, function(x, y)
        if i % 10 == 0 then collectgarbage() end
        return order(x, y)
      end)
      lu.assertEquals(list_of(a, n), { 1, 2, 3 })
    end
    for _ = 1, 3 do collectgarbage() end
    lu.assertTrue(log > 0)
  end)
end

TestScopedPointers = {}

local ended = "of a callback whose call has returned"

function TestScopedPointers:test_kept_ones_are_errors()
  local kept = {}
  local a, n = ints(3, 1, 2)
  for _ = 1, 2 do
    C.qsort(a, n, 4, function(x, y) kept[1], kept[2] = x, y return order(x, y) end)
    for _, p in ipairs(kept) do
      H.assert_error_contains(function() return p[0] end, "attempt to use 'const int * " .. ended)
      H.assert_error_contains(function() return p + 1 end, ended)
      H.assert_error_contains(function() return p - p end, ended)
      H.assert_error_contains(function() return ffi.cast("int *", p) end, ended)
      H.assert_error_contains(function() return ffi.string(p, 1) end, ended)
      H.assert_error_contains(function() return C.strlen(p) end, ended)
      H.assert_error_contains(function() ffi.gc(p, print) end, ended)
      lu.assertStrContains(tostring(p), ended)
    end
  end
  fx.sc_sort(a, n, function(x, y) kept[1] = x return order(y, x) end)
  H.assert_error_contains(function() return kept[1][0] end, ended)
  collectgarbage()
  H.assert_error_contains(function() return kept[1][0] end, ended)
end

-- What was made from one is an object of its own.
function TestScopedPointers:test_copies_stay()
  H.not_checked "what is made from an argument ends with the call"
  local a, n = ints(3, 1, 2)
  local kept = {}
  C.qsort(a, n, 4, function(x, y) kept[#kept + 1] = x + 0 kept[#kept + 1] = ffi.cast("const int *", y) return order(x, y) end)
  lu.assertTrue(#kept >= 4)
  for _, p in ipairs(kept) do lu.assertTrue(p[0] >= 1 and p[0] <= 3) end
end

-- Of functions that do not lend, and of wrapped functions, they are new ones each time.
function TestScopedPointers:test_others_stay()
  H.not_checked "all arguments end with the call"
  local a, n = ints(3, 1, 2)
  local kept = {}
  fx.sc_sort_plain(a, n, function(x, y) kept[#kept + 1] = x return order(x, y) end)
  fx.sort_ints(a, n, ffi.scoped(function(x, y) kept[#kept + 1] = x return order(x, y) end))
  C.bsearch(ffi.new("int[1]", 3), a, n, 4, function(x, y) kept[#kept + 1] = y return order(x, y) end)
  lu.assertTrue(#kept > 4)
  for _, p in ipairs(kept) do lu.assertTrue(p[0] >= 1 and p[0] <= 3) end
end

-- What the pointers are within the call: as elsewhere.
function TestScopedPointers:test_values()
  local rows = {}
  fx.sc_pair_ptr(function(p)
    p.a = p.a + 0
    rows[#rows + 1] = tostring(ffi.typeof(p))
    lu.assertEquals(p[0].b, p.b)
    lu.assertTrue(p == ffi.cast("struct sc_pair *", ffi.cast("uintptr_t", p)))
    if not H.checked then -- it is a new one each time
      H.assert_error_contains(function() ffi.gc(p, print) end, "'struct sc_pair *' is an argument of a callback")
    end
    H.assert_error_contains(function() ffi.release(p) end, "owns nothing")
    lu.assertFalse(ffi.isnull(p))
  end)
  lu.assertEquals(rows[1], "ctype<struct sc_pair *>")
  local null, value
  fx.sc_user(function(p, v) null, value = ffi.isnull(p), v end, nil, 5)
  lu.assertTrue(null)
  lu.assertEquals(value, 5)
  local object = ffi.new("int[1]", 8)
  fx.sc_user(function(p, v) value = ffi.cast("int *", p)[0] + v end, object, 5)
  lu.assertEquals(value, 13)
end

function TestScopedPointers:test_metatypes()
  ffi.cdef "struct sc_item { int rank; }; void sc_sort_items(void *, size_t, size_t, int (*)(const struct sc_item *, const struct sc_item *)) __asm__(\"qsort\");"
  ffi.metatype("struct sc_item", { __index = { order = function(p, q) return p.rank - q.rank end }, __concat = function(p, q) return p.rank .. "," .. q.rank end })
  local items = ffi.new("struct sc_item[4]", { { 4 }, { 2 }, { 3 }, { 1 } })
  C.sc_sort_items(items, 4, 4, function(x, y)
    lu.assertEquals(x .. y, x.rank .. "," .. y.rank)
    return x:order(y)
  end)
  local ranks = {}
  for i = 0, 3 do ranks[i + 1] = items[i].rank end
  lu.assertEquals(ranks, { 1, 2, 3, 4 })
end

TestScopedFunction = {}

function TestScopedFunction:test_errors()
  local f = ffi.scoped(function(x) return x end)
  H.assert_error_contains(function() ffi.cast("int (*)(int)", f) end, "cannot convert a function of ffi.scoped to 'int (*)(int)'")
  H.assert_error_contains(function() ffi.new("int (*[1])(int)")[0] = f end, "cannot convert a function of ffi.scoped")
  H.assert_error_contains(function() C.free(f) end, "bad argument #1 to 'free'", "ffi.scoped")
  H.assert_error_contains(function() C.free(f) end, "bad argument #1 to 'free'", "ffi.scoped")
  H.assert_error_contains(function() fx.call_twice(f, f, f) end, "bad argument #3")
  lu.assertFalse(pcall(f, 1))
  lu.assertEquals(getmetatable(f), "ffi")
end

-- C's functions need no callback.
function TestScopedFunction:test_c_functions()
  lu.assertEquals(ffi.scoped(C.free), C.free)
end

function TestScopedFunction:test_names()
  lu.assertEquals(marks(fx.sc_sort_said, 3), "")
  local old = fx.sc_sort_said
  ffi.scoped("sc_sort_said", 3)
  lu.assertEquals(marks(fx.sc_sort_said, 3), "scoped")
  lu.assertEquals(marks(old, 3), "")
  leaves_none(function()
    local a, n = ints(3, 1, 2)
    for _ = 1, 5 do fx.sc_sort_said(a, n, function(x, y) return order(x, y) end) end
    lu.assertEquals(list_of(a, n), { 1, 2, 3 })
  end)
  ffi.scoped("sc_sort_said", 3, true)
  lu.assertEquals(marks(fx.sc_sort_said, 3), "scoped lends")
  H.assert_error_contains(function() ffi.scoped("sc_nowhere", 1) end, "bad argument #1 to 'scoped' (no function 'sc_nowhere' is declared)")
  H.assert_error_contains(function() ffi.scoped("free", 2) end, "bad argument #2 to 'scoped' ('free' has 1 parameter)")
  H.assert_error_contains(function() ffi.scoped("free", 1) end, "parameter 1 of 'free' is 'void *', no pointer to a function")
end

-- Function pointers have the marks of their declarations, too.
function TestScopedFunction:test_pointers()
  local sort = ffi.cast("void (*)(int *, size_t, int (*)(const int *, const int *) __attribute__((ferry_lends)))", fx.sort_ints)
  leaves_none(function()
    local a, n = ints(3, 1, 2)
    for _ = 1, 5 do sort(a, n, function(x, y) return order(x, y) end) end
    lu.assertEquals(list_of(a, n), { 1, 2, 3 })
  end)
end

TestManyCallbacks = {}

-- What a script writes, also to standard error and by warn.
local function said_by(text) return (select(2, V.child(text))) end

-- The stub has room for 4096, libffi for what memory there is; it takes a while.
function TestManyCallbacks:test_a_warning()
  lu.skipIf(H.slow or H.backend == "stub", "fewer callbacks, or too slow")
  local text = ([[
    local ffi = require "ffi"
    if warn then warn "@on" end
    ffi.cdef "double call_twice(double (*)(double), double (*)(double), double);"
    local fx = ffi.load(%q)
    local ok, why = true
    for i = 1, %d do
      ok, why = pcall(fx.call_twice, function(x) return x + i end, function(x) return x - i end, 1)
      if not ok then print(why) break end
    end
    print(ffi.debug().callbacks.count)
  ]])
  local few = said_by(text:format(H.fixture "spec_callbacks", 5000))
  lu.assertEquals(few, "10000\n")
  local many = said_by(text:format(H.fixture "spec_callbacks", 5010))
  lu.assertStrContains(many, "more than 10000 Lua functions have become callbacks")
  lu.assertStrContains(many, "for call_twice")
  lu.assertStrContains(many, "ffi.scoped(f)")
  local _, times = many:gsub("more than", "")
  lu.assertEquals(times, 1)
end

-- Where there are no more slots, those that wait for their next use go.
function TestManyCallbacks:test_no_more_slots()
  lu.skipIf(H.slow or H.backend ~= "stub", "the stub's are few")
  local said = said_by(([[
    local ffi = require "ffi"
    ffi.cdef "double call_twice(double (*)(double), double (*)(double), double); void qsort(void *, size_t, size_t, int (*)(const int *, const int *));"
    local fx = ffi.load(%q)
    local a = ffi.new("int[3]", 3, 1, 2)
    local function sort() ffi.C.qsort(a, 3, 4, function(x, y) return x[0] - y[0] end) end
    for _ = 1, 40 do sort() end
    local f = function(x) return x end
    local ok, why
    for i = 1, 1e5 do -- Lua 5.2 and 5.3 give the same function again where it refers to the same
      ok, why = pcall(fx.call_twice, function(x) return x + i end, f, 1)
      if not ok then break end
    end
    print(why)
    print(pcall(sort))
    print(pcall(fx.call_twice, ffi.scoped(f), ffi.scoped(f), 1))
    print(ffi.debug().callbacks.count)
  ]]):format(H.fixture "spec_callbacks"))
  lu.assertStrContains(said, "too many callbacks: all ")
  lu.assertStrContains(said, "false\t")
end

H.run()
