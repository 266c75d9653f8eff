-- Messages that say what a misspelt name was probably meant to be, and where a symbol was looked for.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
struct w_point { int width, height; union { int depth; float density; }; };
typedef struct w_point w_point_t;
enum w_colour { W_RED, W_GREEN, W_BLUE, W_BLACK, W_WHITE };
struct w_line { enum w_colour colour; };
int w_compute_everything(int);
static inline int w_twice(int x) { return 2 * x; }
]]

local function message_of(f, ...)
  local ok, message = pcall(f, ...)
  lu.assertFalse(ok)
  return message
end
local function says(text, f, ...) lu.assertStrContains(message_of(f, ...), text) end

TestWords = {}

function TestWords:test_types()
  says("unknown type name 'w_point' (did you mean 'struct w_point'?) at line 1, column 1", ffi.typeof, "w_point")
  says("unknown type name 'w_colour' (did you mean 'enum w_colour'?)", ffi.typeof, "w_colour *")
  says("unknown type name 'w_piont_t' (did you mean 'w_point_t'?)", ffi.typeof, "w_piont_t")
  says("unknown type name 'uint23_t' (did you mean 'uint32_t'?)", ffi.cdef, "void w_f(uint23_t);")
  lu.assertNotStrContains(message_of(ffi.typeof, "quite_another_word"), "did you mean")
end

function TestWords:test_tags()
  says("undeclared tag 'struct w_piont' (did you mean 'struct w_point'?) at line 1, column 8", ffi.typeof, "struct w_piont")
  says("undeclared tag 'enum w_color' (did you mean 'enum w_colour'?)", ffi.typeof, "enum w_color *")
  lu.assertNotStrContains(message_of(ffi.typeof, "union quite_another"), "did you mean")
end

function TestWords:test_macros()
  says("unknown type name 'W_API' (a macro that is not defined?)", ffi.cdef, "W_API(int) w_g(void);")
  says("got 'w_g' (is 'W_CALL' a macro that is not defined?) at line 1, column 12", ffi.cdef, "int W_CALL w_g(void);")
  says("got 'W_NOTHROW' (is 'W_NOTHROW' a macro that is not defined?) at line 1, column 15", ffi.cdef, "int w_g(void) W_NOTHROW;")
  ffi.cdef "#define W_CALL\n#define W_NOTHROW\nint W_CALL w_g(void) W_NOTHROW;"
  says("unknown type name 'W_EXPORTED_API' (a macro that is not defined?) at line 1, column 1", ffi.cdef, "W_EXPORTED_API int w_g(void);")
  lu.assertNotStrContains(message_of(ffi.cdef, "W_EXPORTED_API nothing;"), "macro")
end

function TestWords:test_members()
  local p = ffi.new "struct w_point"
  says("'struct w_point' has no member named 'widht' (did you mean 'width'?)", function() return p.widht end)
  says("(did you mean 'density'?)", function() p.densty = 1 end)
  says("'struct w_point *' has no member named 'Height' (did you mean 'height'?)", function() return ffi.cast("struct w_point *", p).Height end)
  says("(did you mean 'depth'?)", ffi.alignof, "struct w_point", "dept")
  lu.assertNotStrContains(message_of(function() return p.colour end), "did you mean")
end

local some_library = H.per_system("m", "msvcrt")

function TestWords:test_symbols()
  says("missing declaration for symbol 'w_compute_everyting' (did you mean 'w_compute_everything'?)", function() return ffi.C.w_compute_everyting end)
  says("symbol 'w_compute_everything' is not in the program", function() return ffi.C.w_compute_everything end)
  local held = { ffi.load(some_library), ffi.load(H.fixture "spec_calls") }
  says("', '" .. H.fixture "spec_calls" .. "')", function() return ffi.C.w_compute_everything end)
  for i = 1, 10 do held[#held + 1] = ffi.load(some_library) end
  says(" more)", function() return ffi.C.w_compute_everything end)
  says("'w_twice' is an inline function", ffi.addressof, ffi.C, "w_twice")
end

function TestWords:test_constants()
  local l = ffi.new "struct w_line"
  says("'W_GREN' is no constant of 'enum w_colour' (did you mean 'W_GREEN'?) in member 'colour' of 'struct w_line'", function() l.colour = "W_GREN" end)
  says("'PURPLE' is no constant of 'enum w_colour' (it has W_RED, W_GREEN, W_BLUE, W_BLACK, ...)", function() l.colour = "PURPLE" end)
end

function TestWords:test_headers()
  says("the header <w_none.h> is not found in ", ffi.cdef, "#include <w_none.h>")
  says("(ffi.path() is the list of folders)", ffi.cdef, "#include <w_none.h>")
end

function TestWords:test_lengths_that_are_not_said()
  says("size of C type 'char []' is unknown: ffi.new(\"char[?]\", n, ...) makes one of n elements", ffi.new, "char[]", 10)
  says("number of elements expected for 'int [?]', got no value", ffi.new, "int[?]")
  says("number of elements expected for 'int [?]', got table", ffi.new, "int[?]", { 1, 2 })
  says("number of elements expected for 'char [?]', got string", ffi.new, "char[?]", "text")
  says("number of elements expected for 'int [?]'", ffi.sizeof, "int[?]")
end

-- A table for a pointer to a struct is one struct.
function TestWords:test_tables_as_arguments()
  ffi.cdef "void *memcpy(struct w_point *, const struct w_point *, size_t); typedef struct { struct w_point p; } w_nested; void *memmove(w_nested *, const w_nested *, size_t);"
  local bad = "bad argument #2 to 'memcpy' (cannot convert "
  says(bad .. "'table' to 'int' in member 'width' of 'struct w_point'; several of them: ffi.new(\"struct w_point[2]\", ...))",
    ffi.C.memcpy, {}, { { 1, 2 }, { 3, 4 } }, 4)
  says(bad .. "'string' to 'int' in member 'height' of 'const struct w_point')", ffi.C.memcpy, {}, { height = "tall" }, 4)
  says("bad argument #1 to 'memmove' (cannot convert 'string' to 'int' in member 'width' of 'struct w_point')", ffi.C.memmove, { { "x" } }, {}, 4)
  ffi.C.memmove({ { 1, 2 } }, {}, 4)
end

-- Where Lua's own iterator indexes, the place is the loop's.
function TestWords:test_place_of_an_index_outside()
  H.only_versions("5.4", "5.5") -- elsewhere ipairs takes tables only, or asks a metamethod
  local line = debug.getinfo(1, "l").currentline + 1
  local message = message_of(function() for _ in ipairs(ffi.new "int[2]") do end end)
  lu.assertStrMatches(message, ".*words_spec%.lua:" .. line .. ": index 2 is outside of 'int %[2%]'")
end

function TestWords:test_callbacks_say_where_they_were_made()
  ffi.cdef "void qsort(void *, size_t, size_t, int (*)(const int *, const int *));"
  local list = ffi.new("int[2]", 2, 1)
  local made = debug.getinfo(1, "l").currentline + 1
  local cb = ffi.cast("int (*)(const int *, const int *)", function() return "less" end)
  local place = "made at " .. debug.getinfo(1, "S").short_src .. ":" .. made
  says("cannot convert 'string' to 'int' in the result of a callback of type 'int (const int *, const int *)' " .. place, ffi.C.qsort, list, 2, 4, cb)
  cb:free()
  says("attempt to call a freed callback 'int (*)(const int *, const int *)' " .. place, cb, nil, nil)
  says("can't set the function for a free'd callback 'int (*)(const int *, const int *)' " .. place, function() cb:free() end)
  says("can't set the function for a free'd callback", function() cb:set(print) end)
  says("a freed callback was called: 'int (const int *, const int *)' " .. place, ffi.C.qsort, list, 2, 4, cb)
end

function TestWords:test_libraries()
  says(H.per_system("(tried 'w_nowhere', 'libw_nowhere.so')", "(tried 'w_nowhere.dll', 'libw_nowhere.dll')"), ffi.load, "w_nowhere")
end

H.run()
