-- Types that can be asked: ffi.typeinfo, ffi.enum, ffi.names, ffi.inspect.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
typedef enum { RF_RED, RF_GREEN = 5, RF_ALSO_GREEN = 5, RF_BLUE = -1 } rf_color;
enum rf_small { RF_ONE = 1 } __attribute__((packed));
struct rf_pos { double x; float y; };
typedef struct {
  char name[8]; struct rf_pos pos; rf_color color; const int *p; int (*f)(int a, ...);
  unsigned b : 3, : 2, c : 4; union { int i; float fl; }; char ch; int64_t big; bool ok;
  struct rf_pos both[2]; char data[];
} rf_all;
struct __attribute__((packed)) rf_packed { char c; int i; double d __attribute__((aligned(16))); };
struct rf_opaque;
union rf_union { int i; double d; };
int rf_function(const char *text, int n) __attribute__((format(printf, 1, 0)));
extern int rf_variable;
int __attribute__((ms_abi)) rf_ms(void);
]]

local function info(ct) return ffi.typeinfo(ct) end

TestTypeinfo = {}

function TestTypeinfo:test_kinds_sizes_qualifiers()
  for ct, kind in pairs {
    void = "void", bool = "bool", int = "integer", double = "float", ["float _Complex"] = "complex",
    rf_color = "enum", ["int *"] = "pointer", ["int &"] = "reference", ["int[2]"] = "array",
    ["struct rf_pos"] = "struct", ["union rf_union"] = "union", ["int(int)"] = "function",
  } do
    lu.assertEquals(info(ct).kind, kind, ct)
  end
  for _, ct in ipairs { "int", "uint64_t", "long double", "struct rf_pos", "rf_all", "int *", "char[5]", "rf_color" } do
    lu.assertEquals(info(ct).size, ffi.sizeof(ct), ct)
    lu.assertEquals(info(ct).align, ffi.alignof(ct), ct)
    lu.assertEquals(tostring(info(ct).type), tostring(ffi.typeof(ct)))
  end
  lu.assertTrue(info("const int").const)
  lu.assertNil(info("int").const)
  lu.assertTrue(info("volatile int").volatile)
  lu.assertTrue(info("unsigned").unsigned)
  lu.assertNil(info("int").unsigned)
  lu.assertTrue(info("struct rf_opaque").incomplete)
  lu.assertNil(info("struct rf_opaque").size)
  lu.assertNil(info("struct rf_opaque").members)
  lu.assertTrue(info("rf_all").flexible)
  lu.assertTrue(info("int[?]").variable)
  lu.assertEquals(info("int[7]").count, 7)
  lu.assertNil(info("int[?]").count)
  lu.assertEquals(tostring(info("int[7]").element), "ctype<int>")
  lu.assertEquals(tostring(info("const int *").to), "ctype<const int>")
end

function TestTypeinfo:test_members_agree_with_offsetof()
  local all = info "rf_all"
  lu.assertEquals(all.typedef, "rf_all")
  lu.assertNil(all.tag)
  lu.assertEquals(info("struct rf_pos").tag, "rf_pos")
  local seen = {}
  for i, m in ipairs(all.members) do
    seen[i] = m.name or (m.anonymous and "anonymous" or "unnamed")
    if m.name then
      local offset, bit, width = ffi.offsetof("rf_all", m.name)
      lu.assertEquals(m.offset, offset, m.name)
      lu.assertEquals(m.bit, bit, m.name)
      lu.assertEquals(m.width, width, m.name)
    end
  end
  lu.assertEquals(seen, { "name", "pos", "color", "p", "f", "b", "unnamed", "c", "anonymous", "ch", "big", "ok", "both", "data" })
  lu.assertEquals(all.members[1].declaration, "char name[8]")
  lu.assertEquals(all.members[6].declaration, "unsigned int b : 3")
  lu.assertEquals(info(all.members[9].type).members[2].name, "fl")
end

function TestTypeinfo:test_attributes()
  local packed = info "struct rf_packed"
  lu.assertTrue(packed.packed)
  lu.assertEquals(packed.members[2].offset, 1)
  lu.assertEquals(packed.members[3].aligned, 16)
  lu.assertEquals(info("rf_color").typedef, "rf_color")
  lu.assertEquals(tostring(info("enum rf_small").underlying), "ctype<unsigned char>")
end

function TestTypeinfo:test_functions()
  local f = info(ffi.debug().functions.rf_function)
  lu.assertEquals(f.kind, "pointer")
  f = info(f.to)
  lu.assertEquals(f.kind, "function")
  lu.assertEquals(f.parameters[1].name, "text")
  lu.assertEquals(tostring(f.parameters[1].type), "ctype<const char *>")
  lu.assertEquals(#f.parameters, 2)
  lu.assertEquals(tostring(f.result), "ctype<int>")
  lu.assertNil(f.variadic)
  lu.assertEquals(f.format, 1)
  lu.assertEquals(f.convention, "c")
  local of_member = info(info(info("rf_all").members[5].type).to)
  lu.assertTrue(of_member.variadic)
  if ffi.arch == "x64" then lu.assertEquals(info(info(ffi.debug().functions.rf_ms).to).convention, H.per_system("ms_abi", "c")) end
end

function TestTypeinfo:test_enums()
  local names = {}
  for i, c in ipairs(info("rf_color").constants) do names[i] = c.name .. "=" .. tostring(ffi.tonumber(c.value)) end
  lu.assertEquals(table.concat(names, " "), "RF_RED=0 RF_GREEN=5 RF_ALSO_GREEN=5 RF_BLUE=-1")
  local t = ffi.enum "rf_color"
  lu.assertEquals(t[5], "RF_GREEN")
  lu.assertEquals(t[-1], "RF_BLUE")
  lu.assertEquals(t.RF_ALSO_GREEN, 5)
  lu.assertNil(t[6])
  lu.assertErrorMsgContains("an enum expected, got 'int'", ffi.enum, "int")
end

function TestTypeinfo:test_names()
  local function has(kind, name)
    for _, n in ipairs(ffi.names(kind)) do
      if n == name then return true end
    end
    return false
  end
  lu.assertTrue(has("typedef", "rf_all"))
  lu.assertTrue(has("function", "rf_function"))
  lu.assertTrue(has("variable", "rf_variable"))
  lu.assertTrue(has("constant", "RF_BLUE"))
  lu.assertTrue(has("struct", "rf_opaque"))
  lu.assertTrue(has("union", "rf_union"))
  lu.assertTrue(has("enum", "rf_small"))
  lu.assertFalse(has("struct", "rf_union"))
  lu.assertError(ffi.names, "nonsense")
  lu.assertError(ffi.names)
end

function TestTypeinfo:test_wrong_arguments()
  for _, bad in ipairs { 1, true, print, {}, "no such type" } do lu.assertError(ffi.typeinfo, bad) end
  lu.assertError(ffi.typeinfo)
end

TestDeclared = {}

function TestDeclared:test_kinds_and_places()
  local path = os.tmpname()
  local file = io.open(path, "w")
  file:write "#define RD_INT int\ntypedef RD_INT rd_number;\n\nenum rd_enum {\n  RD_A,\n  RD_B = 5\n};\nstruct rd_opaque;\nstruct rd_struct\n{ int x; };\nunion rd_union { struct { int a; } in; };\nextern rd_number rd_variable;\nint rd_function(\n  int);\nstatic const int rd_const = 3;\nint rd_function(int);\n# 70 \"other.h\"\nint rd_other(void);\n"
  file:close()
  local header = ffi.include(path)
  os.remove(path)
  for name, expected in pairs {
    rd_number = { "typedef", 2 }, ["enum rd_enum"] = { "enum", 4 }, RD_A = { "constant", 5 }, RD_B = { "constant", 6 },
    ["struct rd_struct"] = { "struct", 9 }, ["union rd_union"] = { "union", 11 }, rd_variable = { "variable", 12 },
    rd_function = { "function", 13 }, rd_const = { "constant", 15 }, rd_other = { "function", 70, "other.h" },
  } do
    lu.assertEquals(ffi.declared(name), { kind = expected[1], line = expected[2], file = expected[3] or path }, name)
  end
  lu.assertEquals(ffi.declared "struct rd_opaque", { kind = "struct" })
  ffi.cdef "int32_t rd_known(void);"
  for _, name in ipairs { "rd_none", "struct rd_none", "struct rd_enum", "enum rd_struct", "rd_struct", "RD_INT", "", "struct ", "int", "int32_t" } do
    lu.assertNil(ffi.declared(name), name)
  end
  local info = ffi.typeinfo(header:typeof "struct rd_struct")
  lu.assertEquals({ info.file, info.line, ffi.typeinfo("enum rd_enum").line, ffi.typeinfo("struct rd_opaque").line }, { path, 9, 4 })
end

function TestDeclared:test_texts()
  ffi.cdef "\nstruct rd_late;\nint rd_of_text(int);"
  local where = ffi.declared "rd_of_text"
  lu.assertEquals({ where.kind, where.line, where.file }, { "function", 3 })
  lu.assertStrMatches(where.text, ".*reflect_spec.lua:%d+")
  pcall(ffi.cdef, "struct rd_late { int x; };\nint rd_taken_back(int);\nnonsense here;")
  lu.assertEquals(ffi.declared "struct rd_late", { kind = "struct" })
  lu.assertNil(ffi.declared "rd_taken_back")
  ffi.cdef "int rd_of_text(int);\nstruct rd_late { int x; };"
  lu.assertEquals({ ffi.declared("rd_of_text").line, ffi.declared("struct rd_late").line }, { 3, 2 })
  local other = ffi.include("\nstruct rd_there { long x; };\n", { target = "i386-linux-gnu" })
  lu.assertEquals(ffi.typeinfo(other:typeof "struct rd_there").line, 2)
  lu.assertNil(ffi.declared "struct rd_there")
end

-- Line 0 is a place like others.
function TestDeclared:test_line_0()
  ffi.cdef '#line 0 "rd_zero.h"\nint rd_zero(void); struct rd_zero { int a; };\n# 0 ""\nint rd_zero_of_text(void);'
  lu.assertEquals(ffi.declared "rd_zero", { kind = "function", line = 0, file = "rd_zero.h" })
  lu.assertEquals(ffi.declared "struct rd_zero", { kind = "struct", line = 0, file = "rd_zero.h" })
  lu.assertEquals(ffi.typeinfo("struct rd_zero").line, 0)
  lu.assertEquals(ffi.declared("rd_zero_of_text").line, 0)
end

TestInspect = {}

function TestInspect:test_everything_of_a_struct()
  local t = ffi.new("rf_all", { name = "ab\n", pos = { 1, 2.5 }, color = "RF_GREEN", b = 5, c = 9, ch = 65, big = -5, ok = true })
  lu.assertEquals(ffi.inspect(t), '(rf_all){.name = "ab\\n", .pos = {.x = 1, .y = 2.5}, .color = RF_GREEN, .p = NULL, '
    .. ".f = NULL, .b = 5, .c = 9, .i = 0, .fl = 0, .ch = 'A', .big = -5, .ok = true, "
    .. ".both = {{.x = 0, .y = 0}, {.x = 0, .y = 0}}, .data = {}}")
  lu.assertEquals(ffi.inspect(t.pos), "(struct rf_pos){.x = 1, .y = 2.5}")
  lu.assertStrContains(ffi.inspect(t, 1), '{.name = "ab\\n", .pos = {...}')
end

-- Of more digits than a double has, and of unsigned ones that Lua has as negative integers.
function TestInspect:test_wide_integers()
  ffi.cdef "enum rf_wide { RF_WIDE = 0x20000000000001LL, RF_MOST = 0xffffffffffffffffULL }; typedef struct { uint64_t a; int64_t b; unsigned long long c : 64; enum rf_wide e, f; } rf_wide;"
  local most, odd = ffi.cast("uint64_t", -1), ffi.cast("int64_t", 2 ^ 53) + 1
  lu.assertEquals(ffi.inspect(ffi.new("rf_wide", { most, odd, most, most, odd })),
    "(rf_wide){.a = 18446744073709551615, .b = 9007199254740993, .c = 18446744073709551615, .e = RF_MOST, .f = RF_WIDE}")
  lu.assertEquals(ffi.inspect(ffi.new("uint64_t[2]", { most, odd })), "(uint64_t [2]){18446744073709551615, 9007199254740993}")
  lu.assertEquals(ffi.inspect(ffi.new("int64_t[1]", { -odd })), "(int64_t [1]){-9007199254740993}")
  lu.assertStrContains(ffi.inspect(ffi.typeof "enum rf_wide"), "RF_MOST = 18446744073709551615,")
end

function TestInspect:test_references_to_scalars()
  for ct, text in pairs { int = "7", double = "7", bool = "true", uint64_t = "7", int8_t = "7" } do
    lu.assertEquals(ffi.inspect(ffi.cast(ct .. " &", ffi.new(ct .. "[1]", { ct == "bool" and true or 7 }))), text, ct)
  end
  lu.assertEquals(ffi.inspect(ffi.cast("void *&", ffi.new "void *[1]")), "NULL")
end

function TestInspect:test_what_cannot_be_shown()
  local released = ffi.new "int[3]"
  ffi.release(released)
  local _, message = pcall(ffi.inspect, released)
  lu.assertStrMatches(message, "attempt to use 'released int %[3%].*'") -- in a checked state with its lines
  for _, depth in ipairs { "2", {}, true } do
    lu.assertErrorMsgEquals("bad argument #2 to 'inspect' (number expected, got " .. type(depth) .. ")", ffi.inspect, 1, depth)
  end
end

function TestInspect:test_arrays_and_scalars()
  lu.assertEquals(ffi.inspect(ffi.new("int[3]", 1, 2, 3)), "(int [3]){1, 2, 3}")
  lu.assertEquals(ffi.inspect(ffi.new("int[?]", 2)), "(int [?]){0, 0}")
  lu.assertStrMatches(ffi.inspect(ffi.new "int[40]"), ".*0, %.%.%.}")
  lu.assertEquals(ffi.inspect(ffi.new("char[4]", 'a"b')), '(char [4])"a\\"b"')
  lu.assertEquals(ffi.inspect(ffi.new("uint64_t", -1)), "18446744073709551615")
  lu.assertEquals(ffi.inspect(ffi.new("double[3]", 0.1, 1 / 0, 0 / 0)):gsub("-NAN", "NAN"), "(double [3]){0.1, INFINITY, NAN}")
  lu.assertEquals(ffi.inspect(ffi.new("rf_color", -1)), "RF_BLUE")
  lu.assertEquals(ffi.inspect(ffi.new("rf_color", 77)), "77")
end

function TestInspect:test_pointers_are_not_followed()
  lu.assertEquals(ffi.inspect(ffi.cast("struct rf_opaque *", 16)), "(struct rf_opaque *)0x10")
  lu.assertEquals(ffi.inspect(ffi.NULL), "NULL")
  lu.assertStrMatches(ffi.inspect(ffi.cast("int (*)(int)", 4096)), "%(int %(%*%)%(int%)%)0x1000")
end

function TestInspect:test_references()
  ffi.cdef [[typedef struct { int &n; int k; } rf_refers; typedef struct { int *n; int k; } rf_points; typedef struct { rf_refers &r; } rf_around;]]
  local number = ffi.new("int[1]", 7)
  local points = ffi.new("rf_points", { number, 3 })
  lu.assertEquals(ffi.inspect(ffi.cast("rf_refers *", points)[0]), "(rf_refers){.n = 7, .k = 3}")
  local around = ffi.new("void *[1]", { points })
  lu.assertEquals(ffi.inspect(ffi.cast("rf_around *", around)[0]), "(rf_around){.r = {.n = 7, .k = 3}}")
  lu.assertEquals(ffi.inspect(ffi.new "rf_refers"), "(rf_refers){.n = NULL, .k = 0}")
  lu.assertEquals(ffi.inspect(ffi.new "rf_around"), "(rf_around){.r = NULL}")
  lu.assertEquals(ffi.inspect(ffi.cast("rf_refers &", nil)), "NULL")
end

function TestInspect:test_types_are_declarations()
  lu.assertEquals(ffi.inspect(ffi.typeof "struct rf_pos"), "struct rf_pos {\n  double x;  // at 0\n  float y;  // at 8\n};")
  lu.assertStrContains(ffi.inspect(ffi.typeof "rf_color"), "typedef enum {\n  RF_RED = 0,\n")
  lu.assertEquals(ffi.inspect(ffi.typeof "int (*)(char)"), "int (*)(char)")
  -- What it prints can be declared again.
  local text = ffi.inspect(ffi.typeof "struct rf_packed"):gsub("rf_packed", "rf_again")
  ffi.cdef(text)
  lu.assertEquals(ffi.offsetof("struct rf_again", "i"), 4) -- attributes are not in the text
end

function TestInspect:test_what_is_no_cdata()
  lu.assertEquals(ffi.inspect "a\"\0b", '"a\\"\\000b"')
  lu.assertEquals(ffi.inspect(nil), "nil")
  lu.assertEquals(ffi.inspect(12), "12")
end

H.run()
