-- What is refused rarely: counts beyond what there can be, arguments that no stack has room for, parts of the API that only
-- Ferry's own Lua code calls, two states that want one signal. Each error names what was asked for.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi
local unpack = table.unpack or unpack

ffi.cdef [[
struct rf_s { int a; struct rf_s *next; };
struct rf_big { char bytes[3000000]; };
int abs(int); int snprintf(char *, size_t, const char *, ...); void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
int rf_take(struct rf_big) __asm__("abs");
]]

local function refused(text, f, ...)
  local arguments, n = { ... }, select("#", ...)
  H.assert_error_contains(function() f(unpack(arguments, 1, n)) end, text)
end

local function times(n, value)
  local list = {}
  for i = 1, n do list[i] = value end
  return unpack(list, 1, n)
end

TestRefusals = {}

function TestRefusals:setUp() H.not_on_luajit "the errors are Ferry's" end

function TestRefusals:test_counts()
  local p = ffi.cast("int *", ffi.new "int[4]")
  -- Where sizes have 32 bits there are not so many to begin with.
  local many = ffi.abi "64bit" and "too many elements" or "are too many"
  refused(many, ffi.totable, p, 2 ^ 40)
  refused(many, ffi.fromtable, p, { 1 }, 1, 2 ^ 40)
  refused(many, ffi.copy, p, { 1 }, 2 ^ 40)
  refused("4611686018427387904 elements are too many", ffi.convert, ffi.cast("float *", p), p, 2 ^ 62)
  refused("4611686018427387904 elements are too many", ffi.utf8, ffi.cast("wchar_t *", p), 2 ^ 62)
  refused("elements 4611686018427387904 to 4611686018427387904 are too many", ffi.slice, p, 2 ^ 62, 1)
  refused("elements 1 to 4611686018427387905 are too many", ffi.slice, p, 1, 2 ^ 62)
  for _, f in ipairs { ffi.fill, ffi.string } do
    refused("length 4611686018427387904 is too large", f, p, 2 ^ 62)
  end
  refused("4611686018427387904 elements is unknown or too large", ffi.new, "char[?]", 2 ^ 62)
end

function TestRefusals:test_arguments_that_no_stack_has_room_for()
  local big = ffi.new "struct rf_big"
  -- Some conventions pass it by reference: then it is the copy that has no room.
  for _, f in ipairs { ffi.C.rf_take, function(argument) return ffi.async(ffi.C.rf_take, argument) end } do
    local ok, message = pcall(f, big)
    lu.assertFalse(ok)
    if not message:find("'rf_take' take", 1, true) then lu.assertStrContains(message, "'int rf_take(struct rf_big)' cannot be called: ") end
  end
end

function TestRefusals:test_variadic_functions()
  local buffer = ffi.new "char[8]"
  refused("at most 4000 types behind", ffi.vararg, ffi.C.snprintf, times(4001, "int"))
  refused("(at most 4000 behind", ffi.C.snprintf, buffer, 8, "x", times(4001, 1))
  refused("terminated string expected for '%s', got number", ffi.C.snprintf, buffer, 8, "%s", 5)
  refused("wide string expected for '%ls', got string", ffi.C.snprintf, buffer, 8, "%ls", "x")
end

function TestRefusals:test_headers()
  local headers = ffi.headers
  refused("a preprocessor expected, got function", headers.macro, print, "X")
  refused("a preprocessor expected, got future", headers.macro, ffi.async(ffi.C.abs, 1), "X")
  refused("a list of strings expected, got string", headers.preprocessor, "x")
  refused("a list of strings expected, got one with table", headers.preprocessor, { {} })
  refused("more than 100 arguments", headers.expression, nil, "$", times(101, ffi.typeof "int"))
  refused("a type expected, got number", headers.expression, nil, "$", 5)
  refused("a function with a body expected", headers.body, "abs")
end

function TestRefusals:test_bodies()
  ffi.cdef "static inline int rf_body(int (*f)(int)) { return 1; } static inline int rf_alone(int x) { return x; }"
  refused("'rf_body': argument #1 is for a call of C (ffi.scoped), and this function has a body", ffi.C.rf_body, ffi.scoped(print))
  refused("'rf_alone' is an inline function: it has a body and no address", ffi.addressof, ffi.C, "rf_alone")
  refused("'qsort' has 4 parameters", ffi.scoped, "qsort", 9)
end

function TestRefusals:test_freed_callbacks()
  local cb = ffi.cast("int (*)(int)", function(n) return n end)
  cb:free()
  refused("can't set the function for a free'd callback 'int (*)(int)' made at", function() cb:set(print) end)
  refused("attempt to call a freed callback 'int (*)(int)' made at", cb, 1)
end

function TestRefusals:test_tables_in_tables()
  local deep = {}
  for _ = 1, 400 do deep = { deep } end
  refused("cannot convert 'table'", ffi.new, "struct rf_s", deep)
  refused("argument", ffi.typeof, "$ *", print)
end

H.run()
