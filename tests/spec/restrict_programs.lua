-- What the specs of ferry.restrict share: each of their tests is a program of its own, because nothing is given back.
local H = require "spec_helper"
local lu = H.lu

local prelude = [==[
local ffi = require "ffi"
local fixture = os.getenv "RESTRICT_FIXTURE"
ffi.cdef [[
  struct rs_point { int x, y; };
  struct rs_node { int value; struct rs_node *next; const char *name; int tail[1]; };
  struct rs_opaque;
  typedef union { uintptr_t number; int *ints; } rs_either __attribute__((transparent_union));
  union rs_mixed { uintptr_t number; int *ints; double d; struct { uintptr_t inner; }; struct { int *deep; } part; uint8_t bytes[8]; };
  union rs_plain { int i; double d; uint8_t bytes[8]; };
  union rs_alike { int *a; int *const b; };
  struct rs_holder { uintptr_t numbers[2]; char *text; union rs_mixed u; unsigned bits : 3; };
  extern int rs_numbers[4]; extern int rs_secret;
  struct rs_node *rs_first(void); int *rs_ints(void); void *rs_any(void); const char *rs_text(void);
  uintptr_t rs_address(const void *); int rs_sum(const int *, int); int rs_add(int, int);
  int rs_apply(int (*)(int), int); int rs_move(struct rs_point *); uintptr_t rs_more(int, ...); void rs_say(const char *, ...);
  uintptr_t rs_transparent(rs_either); int rs_forbidden(void); int rs_renamed(void) __asm__("rs_forbidden");
  void rs_fill_in(const char **);
  int abs(int); void *malloc(size_t); int snprintf(char *, size_t, const char *, ...); int puts(const char *); int system(const char *);
  enum { RS_CONSTANT = 5 };
  static const int RS_OTHER = 6;
]]
ffi.cdef "#define RS_MACRO 7"
local lib = ffi.load(fixture)
local unpack = table.unpack or unpack

-- What fn raises, without its place.
local function why(fn, ...)
  local ok, message = pcall(fn, ...)
  if ok then error("it was allowed", 2) end
  return (tostring(message):gsub("^[^\n]-:%d+: ", ""))
end
local function refused(part, fn, ...)
  local message = why(fn, ...)
  if not message:find(part, 1, true) then error(("expected %q in %q"):format(part, message), 2) end
end
-- Numbers of C count as numbers.
local function equal(a, b)
  if ffi.type(a) == "cdata" then a = ffi.tonumber(a) end
  if ffi.type(b) == "cdata" then b = ffi.tonumber(b) end
  if a ~= b then error(("%s is not %s"):format(tostring(a), tostring(b)), 2) end
end
local function index(o, k) return o[k] end
local function assign(o, k, v) o[k] = v end
local collect = function() collectgarbage() collectgarbage() end
]==]

-- Runs the program in a process of its own; what it raises is the test's error.
return function(program)
  H.not_on_luajit "ferry.restrict"
  local _, out = H.script(H.links .. prelude .. "\n" .. program .. "\nio.stdout:write 'finished'\n", { RESTRICT_FIXTURE = H.fixture "spec_restrict" })
  if not out:find "finished$" then lu.fail(out) end
end
