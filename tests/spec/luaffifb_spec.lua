-- What luaffifb has and LuaJIT has not: its functions, the globals that require "ffi" replaces, its rules.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
int abs(int); int sprintf(char *buf, const char *format, ...);
long double lf_foo(long double val);
void lf_register(register int val);
enum { LF_CONST = 12 };
struct lf_var { char ch[?]; };
struct lf_char { const char *foo; };
typedef struct __sFILE lf_FILE;
int strncmp(const signed char *s1, const unsigned char *s2, size_t n);
__attribute__((dllimport)) void __attribute__((__cdecl__)) lf_alEnable(int capability);
]]

TestGlobals = {}

function TestGlobals:test_type_knows_cdata()
  lu.assertEquals(type(ffi.new "int"), "cdata")
  lu.assertEquals(type(ffi.typeof "int"), "cdata")
  lu.assertEquals(type(5), "number")
  lu.assertEquals(type(nil), "nil")
  lu.assertEquals(type(io.stdout), "userdata")
  lu.assertEquals(type "x", "string")
  lu.assertError(type)
  lu.assertEquals(ffi.type(ffi.new "int"), "cdata")
end

function TestGlobals:test_tonumber_knows_cdata()
  lu.assertEquals(tonumber(ffi.new("int", 5)), 5)
  lu.assertEquals(tonumber(V.i64 "77"), 77)
  lu.assertEquals(tonumber("FE", 16), 254)
  lu.assertEquals(tonumber "12", 12)
  lu.assertNil(tonumber "x")
  lu.assertNil(tonumber {})
  lu.assertEquals(ffi.number(ffi.new("int", 5)), 5)
  lu.assertEquals(ffi.tonumber(ffi.new("double", 5.5)), 5.5)
end

function TestGlobals:test_require_ferry_touches_no_global()
  local ok, text = V.child [[
    local t, n = type, tonumber
    local ferry = require "ferry"
    assert(type == t and tonumber == n)
    assert(ferry.new and ferry.cdef)
    local ffi = require "ffi"
    assert(ffi == ferry, "same module")
    assert(type(ffi.new "int") == "cdata")
    print "fine"
  ]]
  lu.assertTrue(ok, text)
  lu.assertStrContains(text, "fine")
end

function TestGlobals:test_require_ferry_adds_no_global_name()
  local ok, text = V.child [[
    local before = {}
    for k in pairs(_G) do before[k] = true end
    require "ferry"
    for k in pairs(_G) do assert(before[k], "new global " .. tostring(k)) end
    assert(not package.preload.bit)
  ]]
  lu.assertTrue(ok, text)
end

TestApi = {}

function TestApi:test_every_function_is_there()
  for _, name in ipairs {
    "cdef", "load", "new", "typeof", "cast", "metatype", "gc", "sizeof", "alignof", "offsetof", "istype", "errno", "string", "copy",
    "fill", "abi", "debug", "i64", "u64", "number", "type", "tonumber", "addressof", "isnull", "eval", "toretval", "onerror",
    "checked", "totable", "fromtable",
  } do
    lu.assertEquals(type(ffi[name]), "function", name)
  end
  lu.assertEquals(type(ffi.os), "string")
  lu.assertEquals(type(ffi.arch), "string")
  lu.assertEquals(type(ffi.C), "table")
  lu.assertEquals(type(ffi.NULL), "cdata")
  lu.assertEquals(type(ffi.nullptr), "cdata")
  lu.assertEquals(type(ffi.bit), "table")
end

function TestApi:test_i64_and_u64()
  lu.assertEquals(tostring(ffi.i64(5)), "5LL")
  lu.assertEquals(tostring(ffi.u64(5)), "5ULL")
  lu.assertEquals(tostring(ffi.i64(-5)), "-5LL")
  lu.assertEquals(tostring(ffi.i64(1, 2)), "4294967298LL")
  lu.assertEquals(tostring(ffi.u64(0xffffffff, 0xffffffff)), "18446744073709551615ULL")
  lu.assertEquals(tostring(ffi.u64(0x80000000, 0)), "9223372036854775808ULL")
  lu.assertEquals(tostring(ffi.i64(-1, 0)), "-4294967296LL")
  lu.assertEquals(tostring(ffi.i64(2 ^ 53)), "9007199254740992LL")
  lu.assertTrue(ffi.istype("int64_t", ffi.i64(1)))
  lu.assertTrue(ffi.istype("uint64_t", ffi.u64(1)))
end

function TestApi:test_null()
  lu.assertTrue(ffi.C.NULL == ffi.NULL)
  lu.assertTrue(ffi.new "void *" == ffi.C.NULL)
  lu.assertTrue(ffi.new "struct lf_char".foo == ffi.NULL)
  lu.assertTrue(ffi.isnull(nil))
  lu.assertTrue(ffi.isnull(ffi.C.NULL))
  lu.assertFalse(ffi.isnull(ffi.cast("void *", 1)))
  lu.assertFalse(ffi.isnull(0))
end

function TestApi:test_declared_symbols_win_over_i_and_null()
  local ok, text = V.child [[
    local ffi = require "ffi"
    assert(tostring(3 + 4 * ffi.C.i) == "3+4i")
    ffi.cdef "enum { i = 44 };"
    assert(ffi.C.i == 44)
  ]]
  lu.assertTrue(ok, text)
end

function TestApi:test_debug()
  local d = ffi.debug()
  for _, k in ipairs { "functions", "types", "constants", "abi", "callbacks", "gc" } do lu.assertEquals(type(d[k]), "table", k) end
  lu.assertEquals(tostring(d.functions.lf_foo):match "ctype(%b<>)", "<long double (*)(long double)>")
  lu.assertEquals(tostring(d.functions.lf_register):match "%b<>", "<void (*)(int)>")
  lu.assertEquals(tonumber(d.constants.LF_CONST), 12)
end

TestRules = {}

function TestRules:test_pointers_cast_to_any_integer()
  ffi.cast("long", ffi.C.NULL)
  ffi.cast("int8_t", ffi.C.NULL)
  lu.assertError(ffi.new, "long", ffi.C.NULL)
  ffi.cast("char *", 1)
end

function TestRules:test_flat_initialisers()
  lu.assertEquals(ffi.new("int[3]", 1)[0], 1)
  lu.assertEquals(ffi.new("int[3]", 1, 2)[1], 2)
end

function TestRules:test_variable_struct_by_pointer()
  local d = ffi.new "char[4]"
  local v = ffi.cast("struct lf_var *", d)
  v.ch = { 1, 2, 3, 4 }
  lu.assertEquals(v.ch[3], 4)
  v.ch = "bar"
  lu.assertEquals({ v.ch[3], v.ch[2], d[1] }, { 0, ("r"):byte(), ("a"):byte() })
end

function TestRules:test_signedness_of_char_pointers()
  lu.assertTrue(ffi.C.strncmp("two", "three", 3) ~= 0)
end

function TestRules:test_new_struct_with_const_char_only()
  ffi.new("struct { const char* foo; }", { "foo" })
  lu.assertError(ffi.new, "struct { char* foo; }", { "ff" })
end

function TestRules:test_type_texts()
  lu.assertEquals(tostring(ffi.typeof "void (*foo(int, void(*)(int)))(int)"):match "%b<>", "<void (*(*)(int, void (*)(int)))(int)>")
end

function TestRules:test_sprintf_with_booleans()
  local buf = ffi.new "char[64]"
  lu.assertEquals(ffi.C.sprintf(buf, "%d", false), 1)
  lu.assertEquals(ffi.C.sprintf(buf, "%d%g", false, 6.7), 4)
  lu.assertEquals(ffi.string(buf), "06.7")
end

function TestRules:test_nested_transparent_offsets()
  ffi.cdef "struct lf_vls2 { char pad; union { uint8_t a; uint16_t b; }; };"
  lu.assertEquals(ffi.offsetof("struct lf_vls2", "a"), 2)
  lu.assertEquals(ffi.sizeof "struct lf_vls2", 4)
end

function TestRules:test_va_list()
  ffi.cdef "int vsnprintf(char* buf, size_t sz, const char* fmt, va_list ap);"
  ffi.new "va_list"
  lu.assertTrue(ffi.debug().functions.vsnprintf ~= nil)
  lu.assertTrue(ffi.istype("va_list", ffi.new "__builtin_va_list"))
  lu.assertTrue(ffi.istype("va_list", ffi.new "__gnuc_va_list"))
  if ffi.arch == "x64" and ffi.os == "Linux" then lu.assertEquals(ffi.sizeof "va_list", 24) end
end

function TestRules:test_modes()
  ffi.cdef [[
    typedef int lf_b1 __attribute__(mode(QI)); typedef int lf_b2 __attribute__(mode(HI)); typedef int lf_b4 __attribute__(mode(SI));
    typedef int lf_b8 __attribute__(mode(DI)); typedef unsigned lf_u8 __attribute__(mode(DI)); typedef float lf_f4 __attribute__(mode(SF));
    typedef float lf_f8 __attribute__(mode(DF)); typedef int lf_word __attribute__(mode(word)); typedef int lf_ptr __attribute__(mode(pointer));
  ]]
  for name, same in pairs { lf_b1 = "int8_t", lf_b2 = "int16_t", lf_b4 = "int32_t", lf_b8 = "int64_t", lf_u8 = "uint64_t", lf_f4 = "float", lf_f8 = "double" } do
    lu.assertTrue(ffi.istype(same, ffi.new(name)), name)
  end
  lu.assertEquals(ffi.sizeof "lf_word", ffi.sizeof "void *")
  lu.assertEquals(ffi.sizeof "lf_ptr", ffi.sizeof "void *")
end

function TestRules:test_boolean_pointer_parameter_kinds()
  lu.assertError(ffi.new, "const char *", true)
  lu.assertEquals(ffi.string(ffi.new("char[5]", "aaaa"), ffi.new("long long", 2)), "aa")
end

function TestRules:test_undeclared_struct_names_in_typedefs()
  lu.assertTrue(ffi.isnull(ffi.new "lf_FILE *"))
end

function TestRules:test_anonymous_aligned_structs()
  ffi.cdef "struct lf_al { char pad; double v __attribute__(aligned(2)); };"
  lu.assertEquals(ffi.alignof("struct lf_al", "v"), H.per_alignment(8, 4))
end

H.run()
