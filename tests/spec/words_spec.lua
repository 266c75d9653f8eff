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

function TestWords:test_macros()
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

function TestWords:test_symbols()
  says("missing declaration for symbol 'w_compute_everyting' (did you mean 'w_compute_everything'?)", function() return ffi.C.w_compute_everyting end)
  says("symbol 'w_compute_everything' is not in the program", function() return ffi.C.w_compute_everything end)
  says("'w_twice' is an inline function", function() return ffi.C.w_twice end)
end

function TestWords:test_constants()
  local l = ffi.new "struct w_line"
  says("'W_GREN' is no constant of 'enum w_colour' (did you mean 'W_GREEN'?) in member 'colour' of 'struct w_line'", function() l.colour = "W_GREN" end)
  says("'PURPLE' is no constant of 'enum w_colour' (it has W_RED, W_GREEN, W_BLUE, W_BLACK, ...)", function() l.colour = "PURPLE" end)
end

function TestWords:test_libraries()
  says("(tried 'w_nowhere', 'libw_nowhere.so')", ffi.load, "w_nowhere")
end

H.run()
