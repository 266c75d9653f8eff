-- Lua 5.5's strings whose bytes the host keeps: long by their tag however short they are, not interned, and freed by the
-- host when the collector is done with them. They do what strings of the same bytes do.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

ffi.cdef [[
struct es_in { int x; };
struct es_s { int x; const char *text; struct es_in in; int a_member_name_that_is_longer_than_forty_characters; char name[8]; static const int ES_C = 9; };
typedef struct { int v; } es_m;
enum es_e { ES_A = 3, ES_B };
size_t strlen(const char *);
int snprintf(char *, size_t, const char *, ...);
int abs(int);
]]

TestExternal = {}

local built, host = H.version == "5.5", nil
if built then built, host = pcall(H.host, "state_host") end
if not built then
  function TestExternal:test_all() lu.skip "5.5, with state_host" end
  H.run()
  return
end
-- X "text": the external string. freed(): how many of them are gone.
local X, freed = host.external, host.freed

local function twice(f) -- the first access of a type goes the general way
  f()
  f()
end

function TestExternal:test_it_is_a_string()
  lu.assertEquals(X "abc", "abc")
  lu.assertEquals(type(X "abc"), "string")
end

function TestExternal:test_members()
  local s = ffi.new "struct es_s"
  local p = ffi.cast("struct es_s *", s)
  for _, o in ipairs { s, p } do
    twice(function()
      o[X "x"] = 5
      lu.assertEquals(o[X "x"], 5)
      lu.assertEquals(o.x, 5)
      o.x = 6
      lu.assertEquals(o[X "x"], 6)
      o[X "in"].x = 7
      lu.assertEquals(o["in"][X "x"], 7)
      o[X "a_member_name_that_is_longer_than_forty_characters"] = 8
      lu.assertEquals(o[X "a_member_name_that_is_longer_than_forty_characters"], 8)
      lu.assertEquals(o.a_member_name_that_is_longer_than_forty_characters, 8)
      lu.assertEquals(ffi.typeof(s)[X "ES_C"], 9)
      lu.assertErrorMsgContains("nope", function() return o[X "nope"] end)
      lu.assertErrorMsgContains("nope", function() o[X "nope"] = 1 end)
    end)
  end
end

function TestExternal:test_methods_and_members_of_a_metatyped_type()
  local M = ffi.metatype("es_m", { __index = { twice = function(m) return 2 * m.v end }, __newindex = function(m, k, v) m.v = #k * v end })
  local m = M(4)
  twice(function()
    m.v = 4
    lu.assertEquals(m[X "v"], 4)
    lu.assertEquals(m[X "twice"](m), 8)
    lu.assertEquals(m:twice(), 8)
    m[X "v"] = 5
    lu.assertEquals(m.v, 5)
    m[X "other"] = 2
    lu.assertEquals(m.v, 10)
    lu.assertErrorMsgContains("nope", function() return m[X "nope"] end)
  end)
end

function TestExternal:test_type_and_symbol_names()
  twice(function()
    lu.assertEquals(ffi.sizeof(X "int[3]"), 12)
    lu.assertEquals(ffi.typeof(X "struct es_in"), ffi.typeof "struct es_in")
    lu.assertEquals(ffi.offsetof("struct es_s", X "text"), ffi.offsetof("struct es_s", "text"))
    lu.assertEquals(ffi.C[X "abs"](-3), 3)
    lu.assertEquals(ffi.C[X "ES_B"], 4)
    lu.assertEquals(tonumber(ffi.cast("enum es_e", X "ES_B")), 4)
  end)
  ffi.cdef(X "typedef struct es_in es_alias;")
  lu.assertEquals(ffi.sizeof "es_alias", 4)
end

function TestExternal:test_values()
  local text = "text of more than forty bytes, as long strings are"
  for _, t in ipairs { "", "abc", text } do
    twice(function()
      lu.assertEquals(tonumber(ffi.C.strlen(X(t))), #t)
      local buffer = ffi.new("char[64]", X(t))
      lu.assertEquals(ffi.string(buffer), t)
      ffi.copy(buffer, X(t .. "!"))
      lu.assertEquals(ffi.string(buffer), t .. "!")
      ffi.C.snprintf(buffer, 64, X "<%s>", X(t))
      lu.assertEquals(ffi.string(buffer), "<" .. t .. ">")
    end)
  end
  lu.assertEquals(ffi.new("struct es_s", { [X "x"] = 3, [X "name"] = X "ab" }).x, 3)
  lu.assertErrorMsgContains("cannot convert 'string' to 'int'", function() return ffi.new("int", X "abc") end)
end

function TestExternal:test_a_stored_one_lives_as_long_as_the_object()
  local before
  local function store()
    local s = ffi.new "struct es_s"
    s.text = X "kept by the host"
    H.collect()
    before = freed()
    H.collect()
    lu.assertEquals(freed(), before)
    lu.assertEquals(ffi.string(s.text), "kept by the host")
  end
  store()
  H.collect()
  lu.assertEquals(freed(), before + 1)
end

H.run()
