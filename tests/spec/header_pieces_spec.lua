-- Headers that are kept on disk are read piece by piece, when a name is asked for: what can be seen is what a header gives that is read
-- as a whole. Another process keeps each header first.
local H = require "spec_helper"
local V = require "spec_values"
local lu, ffi = H.lu, H.ffi

local folder, number = nil, 0
local function open()
  H.not_on_luajit "Ferry's own"
  H.needs "shell of POSIX"
  if folder then return end
  ffi.cdef [[int setenv(const char *, const char *, int); int mkdir(const char *, unsigned);]]
  folder = os.tmpname()
  os.remove(folder)
  ffi.C.mkdir(folder, tonumber("700", 8))
  ffi.C.setenv("FERRY_CACHE", folder .. "/kept", 1)
end

local function write(name, text)
  V.write_file(folder .. "/" .. name, text)
  return folder .. "/" .. name
end

-- What the text, run as Lua by another process as if it stood in this file, prints. `...` are its arguments.
local here = debug.getinfo(1, "S").source
local function run(text, ...)
  return (select(2, H.interpreter { write("run.lua", ("assert((loadstring or load)(%q, %q))()"):format(text, here)), ... }))
end

local function kept_files()
  local pipe, list = io.popen(("ls %s/kept"):format(folder)), {}
  for name in pipe:lines() do list[#list + 1] = folder .. "/kept/" .. name end
  pipe:close()
  return list
end

-- The path of a header with this text, which is kept now: what includes it makes no other file.
local function kept(text, options)
  number = number + 1
  local path = write(("hp%d.h"):format(number), text)
  lu.assertEquals(run(([[io.write(tostring(require "ferry".include(arg[1], { cache = true, %s })))]]):format(options or ""), path),
    "header: " .. path)
  return path
end

local function include(path, options)
  options = options or {}
  options.cache = true
  local before = #kept_files()
  lu.assertNotEquals(before, 0)
  local header = ffi.include(path, options)
  lu.assertEquals(#kept_files(), before)
  return header
end

TestHeaderPieces = {}

function TestHeaderPieces:setUp() open() end
function TestHeaderPieces:tearDown() os.execute(("rm -rf %s/kept"):format(folder)) end

function TestHeaderPieces:test_each_kind_of_name()
  local header = include(kept [[
    extern "C" {
    typedef struct _hp_widget hp_widget;
    typedef struct _hp_class hp_class;
    typedef int (*hp_visit)(hp_widget *, void *);
    struct _hp_widget { hp_class *class_; struct hp_never *none; int flags; };
    struct _hp_class { hp_widget parent; hp_visit visit; double weight; };
    }
    #pragma pack(push, 2)
    typedef struct { char c; int i; } hp_packed;
    #pragma pack(pop)
    typedef struct { char c; int i; } hp_plain;
    enum hp_kind { HP_A = 3, HP_B, HP_C = HP_A * 10 + sizeof(hp_packed) };
    typedef char hp_sized[HP_C];
    int abs();
    int abs(int);
    long labs(long), (*hp_pointer)(long);
    static const int hp_const = HP_B + 1;
    static inline int hp_inline(hp_widget *w) { return w->flags + hp_const + HP_A; }
    _Static_assert(sizeof(hp_plain) == 8, "");
    typedef union { int *i; const char *c; } hp_transparent __attribute__((transparent_union));
    #define HP_TYPE hp_class
    #define HP_SUM (HP_A + HP_B)
    #define HP_OF(w) ((w)->flags)
    #undef __SSE2__
  ]])
  lu.assertEquals(tostring(header.hp_widget), "ctype<struct _hp_widget>")
  local pointer = ffi.sizeof "void *"
  lu.assertEquals({ ffi.sizeof(header.hp_widget), ffi.offsetof(header.hp_class, "visit") }, { 3 * pointer, 3 * pointer })
  lu.assertNil(ffi.sizeof "struct hp_never")
  lu.assertEquals({ ffi.sizeof "hp_packed", ffi.sizeof "hp_plain", ffi.sizeof(header.hp_sized) }, { 6, 8, 36 })
  lu.assertEquals({ header.HP_B, ffi.C.HP_C, ffi.tonumber(ffi.new("enum hp_kind", "HP_A")) }, { 4, 36, 3 })
  lu.assertEquals({ header.abs(-3), ffi.tonumber(header.labs(-4)), header.hp_const }, { 3, 4, 5 })
  lu.assertEquals(tostring(ffi.typeof(header.abs)), "ctype<int (int)>")
  lu.assertEquals(header.hp_inline(ffi.new("hp_widget", { flags = 2 })), 10)
  lu.assertEquals(header.HP_OF(ffi.new("hp_widget[1]", { { flags = 7 } })), 7)
  lu.assertEquals({ header.HP_SUM, tostring(header.HP_TYPE) }, { 7, "ctype<struct _hp_class>" })
  lu.assertNil(ffi.macro("__SSE2__", header))
  lu.assertErrorMsgContains("has no 'hp_nothing'", function() return header.hp_nothing end)
end

-- A line of each is about a name that nobody has asked for.
function TestHeaderPieces:test_names_are_listed()
  local text = "typedef int hp_n1;\nstruct hp_n2 { hp_n1 x; };\nenum { HP_N3 = 1 };\nint hp_n4(struct hp_n2 *);\nextern int hp_n5;\n#define HP_N6 1\n"
  local names = table.concat(ffi.include_names(include(kept(text))), " ")
  lu.assertEquals(names, "HP_N3 HP_N6 hp_n1 hp_n4 hp_n5")
  local function listed(kind, name)
    for _, each in ipairs(ffi.names(kind)) do
      if each == name then return true end
    end
  end
  lu.assertTrue(listed("typedef", "hp_n1") and listed("struct", "hp_n2") and listed("function", "hp_n4") and listed("constant", "HP_N3"))
end

-- Names mean in other texts what the header says, and are suggested.
function TestHeaderPieces:test_other_texts()
  include(kept [[typedef struct { int a; } hp_other; struct hp_tagged { hp_other o; }; enum hp_e { HP_E = 5 };
    typedef short hp_short; int hp_function(hp_short);]])
  ffi.cdef "typedef hp_other hp_mine[HP_E];"
  lu.assertEquals(ffi.sizeof "hp_mine", 20)
  lu.assertErrorMsgContains("(did you mean 'hp_short'?)", ffi.typeof, "hp_shrot")
  lu.assertErrorMsgContains("(did you mean 'struct hp_tagged'?)", ffi.typeof, "struct hp_taged")
  lu.assertErrorMsgContains("already", ffi.cdef, "struct hp_tagged { int other; int member; };")
  ffi.cdef "struct hp_tagged;"
  lu.assertEquals(ffi.sizeof "struct hp_tagged", 4)
  lu.assertErrorMsgContains("did you mean 'hp_function'?", function() return ffi.C.hp_functon end)
end

-- A text that fails takes back what it made the header declare, and nothing is lost by that.
function TestHeaderPieces:test_texts_that_fail()
  local header = include(kept "typedef struct { long a; } hp_back; enum { HP_BACK = 2 };\n")
  for _ = 1, 3 do
    lu.assertErrorMsgContains("hp_no_such", ffi.cdef, "typedef hp_back hp_twice[HP_BACK]; hp_no_such x;")
    lu.assertErrorMsgContains("hp_twice", ffi.typeof, "hp_twice")
  end
  lu.assertEquals({ ffi.sizeof "hp_back[HP_BACK]", header.HP_BACK }, { 2 * ffi.sizeof "long", 2 })
end

-- What contradicts the state is an error of the include, and declares nothing.
function TestHeaderPieces:test_contradictions()
  local constant = kept "typedef int hp_c1;\nenum { HP_CLASH = 2 };\n"
  local record = kept "typedef int hp_c2;\nstruct hp_clash { hp_c2 x; };\n"
  ffi.cdef "enum { HP_CLASH = 1 }; struct hp_clash { char *x; };"
  lu.assertErrorMsgContains("'HP_CLASH' is declared as the constant 2 but is already the constant 1", include, constant)
  lu.assertErrorMsgContains("'struct hp_clash' is already defined differently", include, record)
  lu.assertErrorMsgContains("hp_c1", ffi.typeof, "hp_c1")
  lu.assertErrorMsgContains("hp_c2", ffi.typeof, "hp_c2")
end

-- Two headers wait that have a name in common.
function TestHeaderPieces:test_headers_that_share()
  write("hp_shared.h", "#pragma once\ntypedef struct { int shared; } hp_shared;\nenum { HP_SHARED = 1 };\n")
  local one = kept '#include "hp_shared.h"\nhp_shared *hp_one(void);\nenum { HP_DIFFERENT = 1 };\n'
  local two = kept '#include "hp_shared.h"\nhp_shared *hp_two(hp_shared);\n'
  local three = kept '#include "hp_shared.h"\nhp_shared *hp_three(void);\nenum { HP_DIFFERENT = 2 };\n'
  local first, second = include(one), include(two)
  lu.assertEquals(ffi.typeof "__typeof__(hp_two)", ffi.typeof "hp_shared *(hp_shared)")
  lu.assertEquals({ first.HP_SHARED, second.HP_SHARED }, { 1, 1 })
  lu.assertEquals(tostring(first.hp_shared), tostring(second.hp_shared))
  lu.assertErrorMsgContains("'HP_DIFFERENT' is declared as the constant 2 but is already the constant 1", include, three)
  lu.assertEquals(first.HP_DIFFERENT, 1)
end

function TestHeaderPieces:test_options()
  local path = kept "typedef long hp_wide; enum { HP_T = sizeof(hp_wide) };\n#define HP_M sizeof(hp_wide)\n"
  local only = include(path, { only = "^hp_" })
  lu.assertErrorMsgContains("has no 'HP_T'", function() return only.HP_T end)
  lu.assertEquals(ffi.sizeof(only.hp_wide), ffi.sizeof "long")
  for target, size in pairs { ["i386-linux-gnu"] = 4, ["s390x-linux-gnu"] = 8 } do
    local other = include(kept("typedef long hp_wide; enum { HP_T = sizeof(hp_wide) };\n", ("target = %q"):format(target)), { target = target })
    lu.assertEquals({ other.HP_T, ffi.sizeof(other.hp_wide), ffi.sizeof(other:typeof "hp_wide[3]") }, { size, size, 3 * size })
    lu.assertEquals(ffi.include_names(other), { "HP_T", "hp_wide" })
  end
end

-- That it is the kept file that is read, and only as far as names are asked for.
function TestHeaderPieces:test_the_file_counts()
  local path = kept "enum { HP_COUNTS = 3 };\ntypedef int hp_unread;\n"
  local file = kept_files()[1]
  local text = V.read_file(file)
  V.write_file(file, (text:gsub("HP_COUNTS=3", "HP_COUNTS=4"):gsub("typedef int hp_unread", "typedef nix hp_unread")))
  lu.assertEquals(include(path).HP_COUNTS, 4)
end

-- The place of such an error is the program's line, not one of what reads headers.
function TestHeaderPieces:test_what_cannot_be_read()
  local path = kept "typedef int hp_cannot;\nextern int hp_cannot_either;\n"
  local file = kept_files()[1]
  V.write_file(file, (V.read_file(file):gsub("typedef int hp_c", "typedef nix hp_c"):gsub("extern int hp_c", "extern nix hp_c")))
  local header = include(path)
  for name, access in pairs {
    hp_cannot = function() return header.hp_cannot end,
    hp_cannot_either = function() header.hp_cannot_either = 1 end,
  } do
    local _, message = pcall(access)
    lu.assertStrMatches(message, "[^:]*header_pieces_spec.lua:%d+: the declaration of '" .. name .. "' cannot be read: .*'nix'.*")
  end
end

-- Whatever bytes are in it, nothing is read beyond them. Another process reads: what they come to declare is of no use.
function TestHeaderPieces:test_damaged_files()
  local path = kept "typedef struct { int a; } hp_d1; enum { HP_D2 = 7 }; int hp_d3(hp_d1 *);\n#define HP_D4(a) (a)\n"
  lu.assertEquals(run([[
    local ffi = require "ferry"
    local function whole(name)
      local file = io.open(name, "rb")
      local text = file:read "*a"
      file:close()
      return text
    end
    local text, random = whole(arg[2]), 1
    local start = text:find("pieces 1\n", 1, true)
    -- Lengths that are missing, in the first line of the file.
    for _, line in ipairs { "", "5", "5 ", "5 5", "5 5 ", "99999999999999999999 1 1", "-1 1 1", "1 1 1 1" } do
      local file = io.open(arg[2], "wb")
      file:write("ferry headers 3: ", line, "\n", text)
      file:close()
      assert(ffi.include(arg[1], { cache = true }).HP_D2 == 7)
    end
    for _ = 1, 100 do
      local damaged = text
      for _ = 1, 3 do
        random = (random * 16807) % 2147483647
        local at = start + 9 + random % (#text - start - 9)
        damaged = damaged:sub(1, at - 1) .. string.char(random % 256) .. damaged:sub(at + 1)
      end
      local file = io.open(arg[2], "wb")
      file:write(damaged)
      file:close()
      local ok, header = pcall(ffi.include, arg[1], { cache = true })
      if ok then
        for _, name in ipairs(ffi.include_names(header)) do pcall(function() return header[name] end) end
        ffi.macro("HP_D4", header)
      end
      pcall(ffi.sizeof, "hp_d1")
    end
    io.write(start and "survived" or "nothing was kept")]], path, kept_files()[1]), "survived")
end

-- Declarations that have come before a host ends them are still there.
function TestHeaderPieces:test_restricted()
  local path = kept "typedef struct { int a, b; } hp_restricted;\n"
  lu.assertEquals(run([[
    local ffi = require "ferry"
    local header = ffi.include(arg[1], { cache = true })
    ffi.restrict { cdef = false }
    io.write(ffi.sizeof(header.hp_restricted), " ", tostring(pcall(ffi.cdef, "typedef int x;")))]], path), "8 false")
end

function TestHeaderPieces:test_zz_clean_up() os.execute("rm -rf " .. folder) end

H.run()
