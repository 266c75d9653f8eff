-- Every operation on a NULL reference of every kind of type is a Lua error or a result, never a fault.
local H = require "spec_helper"
local lu, ffi = H.lu, H.ffi

TestNullReferences = {}

local kinds = {
  "int", "double", "int64_t", "uint64_t", "bool", "long double", "__int128", "complex", "nr_vector", "_Float16", "_Float128",
  "enum nr_enum", "struct nr_record", "int *", "char *", "struct nr_record *",
}
if ffi.sizeof "void *" < 8 then table.remove(kinds, 7) end -- no __int128
local arrays = { "int (&)[4]", "char (&)[8]", "struct nr_record (&)[2]", "int *(&)[2]", "int (&)(int)", "int (*&)(int)" }

local declared = false
local function types()
  H.not_on_luajit "it is Ferry's own promise"
  if not declared then
    ffi.cdef [[
      struct nr_record { int a; int b[3]; struct { int c; }; int d : 3; struct nr_record *next; };
      enum nr_enum { NR_ONE = 1 };
      typedef int nr_vector __attribute__((vector_size(16)));
      int abs(int); size_t strlen(const char *); int printf(const char *, ...); int snprintf(char *, size_t, const char *, ...);
    ]]
    declared = true
  end
  local all = {}
  for _, k in ipairs(kinds) do all[#all + 1] = k .. " &" end
  for _, k in ipairs(arrays) do all[#all + 1] = k end
  return all
end

local function rows(list) local t = {} for name, f in pairs(list) do t[#t + 1] = { name, f } end table.sort(t, function(a, b) return a[1] < b[1] end) return t end

-- What reads through the reference: an error each time.
local reads = rows {
  ["int"] = function(r) return ffi.new("int", r) end,
  ["parameter of a function"] = function(r) return ffi.C.abs(r) end,
  ["struct nr_record"] = function(r) return ffi.new("struct nr_record", r) end,
  ["element"] = function(r) ffi.new("int[4]")[1] = r end,
  ["member"] = function(r) ffi.new("struct nr_record").a = r end,
  ["array member"] = function(r) ffi.new("struct nr_record").b = r end,
  ["vector"] = function(r) return ffi.new("nr_vector", r) end,
  ["complex"] = function(r) return ffi.new("complex", r) end,
  ["string with a length"] = function(r) return ffi.string(r, 4) end,
  ["copy from"] = function(r) return ffi.copy(ffi.new "char[8]", r, 4) end,
  ["copy to"] = function(r) return ffi.copy(r, "abc", 3) end,
  ["fill"] = function(r) return ffi.fill(r, 4) end,
  ["write"] = function(r) r[0] = 1 end,
  ["totable"] = function(r) return ffi.totable(r) end,
  ["fromtable"] = function(r) return ffi.fromtable(r, { 1, 2 }) end,
  ["copy a table"] = function(r) return ffi.copy(r, { 1, 2 }) end,
}

-- What need not read: anything but a fault.
local others = rows {
  ["[0]"] = function(r) return r[0] end,
  ["[int64_t]"] = function(r) return r[ffi.new("int64_t", 0)] end,
  ["re"] = function(r) return r.re end,
  ["a"] = function(r) return r.a end,
  ["b[1]"] = function(r) return r.b[1] end,
  ["c"] = function(r) return r.c end,
  ["d"] = function(r) return r.d end,
  ["next.a"] = function(r) return r.next.a end,
  ["a ="] = function(r) r.a = 1 end,
  ["d ="] = function(r) r.d = 1 end,
  ["b ="] = function(r) r.b = { 1, 2, 3 } end,
  ["re ="] = function(r) r.re = 1 end,
  ["tonumber"] = function(r) return ffi.tonumber(r) end,
  ["tostring"] = function(r) return tostring(r) end,
  ["+"] = function(r) return r + 1 end,
  ["+ pointer"] = function(r) return r + ffi.new "int *" end,
  ["-"] = function(r) return -r end,
  ["*"] = function(r) return r * r end,
  ["/"] = function(r) return r / 3 end,
  ["%"] = function(r) return r % 3 end,
  ["^"] = function(r) return r ^ 2 end,
  ["=="] = function(r) return r == ffi.new("int", 1) end,
  ["== itself"] = function(r) return r == ffi.cast(ffi.typeof(r), nil) end,
  ["<"] = function(r) return r < ffi.new("int64_t", 1) end,
  ["<="] = function(r) return ffi.new("int64_t", 1) <= r end,
  [".."] = function(r) return r .. "x" end,
  ["#"] = function(r) return #r end,
  ["()"] = function(r) return r(1) end,
  ["pairs"] = function(r) for _ in pairs(r) do end end,
  ["string"] = function(r) return ffi.string(r) end,
  ["sizeof"] = function(r) return ffi.sizeof(r) end,
  ["alignof"] = function(r) return ffi.alignof(r) end,
  ["offsetof"] = function(r) return ffi.offsetof(r, "a") end,
  ["istype"] = function(r) return ffi.istype("int", r) end,
  ["new of its type"] = function(r) return ffi.new(ffi.typeof(r), r) end,
  ["new of an array"] = function(r) return ffi.new("int[4]", r) end,
  ["a count"] = function(r) return ffi.new("int[?]", r) end,
  ["initialises elements"] = function(r) return ffi.new("int[?]", 4, r) end,
  ["toretval"] = function(r) return ffi.toretval(r) end,
  ["addressof"] = function(r) return ffi.addressof(r) end,
  ["isnull"] = function(r) return ffi.isnull(r) end,
  ["cast to int"] = function(r) return ffi.cast("int", r) end,
  ["cast to void *"] = function(r) return ffi.cast("void *", r) end,
  ["cast to long double"] = function(r) return ffi.cast("long double", r) end,
  ["cast to bool"] = function(r) return ffi.cast("bool", r) end,
  ["cast to int &"] = function(r) return ffi.cast("int &", r) end,
  ["strlen"] = function(r) return ffi.C.strlen(r) end,
  ["printf"] = function(r) return ffi.C.snprintf(ffi.new "char[8]", 8, "%d", r) end,
  ["printf of text"] = function(r) return ffi.C.snprintf(ffi.new "char[8]", 8, "%.1s", r) end,
  ["a format"] = function(r) return ffi.C.printf(r, 1) end,
  ["errno"] = function(r) return ffi.errno(r) end,
  ["band"] = function(r) return ffi.bit.band(r, 1) end,
  ["lshift"] = function(r) return ffi.bit.lshift(1, r) end,
  ["tohex"] = function(r) return ffi.bit.tohex(r) end,
  ["i64"] = function(r) return ffi.i64(r) end,
  ["$"] = function(r) return ffi.typeof("int[$]", r) end,
  ["index of an array"] = function(r) return ffi.new("int[4]")[r] end,
  ["sizeof with a count"] = function(r) return ffi.sizeof("int[?]", r) end,
  ["length of a string"] = function(r) return ffi.string("abc", r) end,
  ["length of fill"] = function(r) return ffi.fill(ffi.new "char[4]", r) end,
  ["gc"] = function(r) return ffi.gc(r, function() end) end,
}

local function null(type) return ffi.cast(type, nil) end

function TestNullReferences:test_reads_are_errors()
  for _, type in ipairs(types()) do
    for _, row in ipairs(reads) do
      local r = null(type)
      local ok, message = pcall(row[2], r)
      lu.assertFalse(ok, type .. ": " .. row[1])
      lu.assertIsString(message, type .. ": " .. row[1])
    end
  end
end

function TestNullReferences:test_nothing_faults()
  for _, type in ipairs(types()) do
    for _, row in ipairs(others) do
      local ok, message = pcall(row[2], null(type))
      if not ok then lu.assertIsString(message, type .. ": " .. row[1]) end
    end
  end
end

function TestNullReferences:test_the_message_names_the_type()
  types()
  lu.assertErrorMsgContains("NULL 'int &'", function() return ffi.new("int", null "int &") end)
  lu.assertErrorMsgContains("NULL 'int (&)[4]'", function() return null "int (&)[4]"[0] end)
  lu.assertErrorMsgContains("NULL 'double &'", function() return ffi.tonumber(null "double &") end)
  lu.assertErrorMsgContains("NULL 'struct nr_record &'", function() return null "struct nr_record &".a end)
end

function TestNullReferences:test_where_C_has_them()
  H.not_on_luajit "reads through them"
  ffi.cdef "struct nr_holder { int &r; };"
  local holder = ffi.new "struct nr_holder"
  local function read(f) lu.assertErrorMsgContains("attempt to read through a NULL 'int &'", f) end
  read(function() return holder.r end)
  lu.assertErrorMsgContains("attempt to write through a NULL 'int &'", function() holder.r = 1 end)
  local taking = ffi.cast("void (*)(int &)", function() lu.fail "called" end)
  read(function() ffi.cast("void (*)(int *)", taking)(nil) end)
  local giving = ffi.cast("int &(*)(void)", ffi.cast("void *(*)(void)", function() return nil end))
  read(giving)
  read(function() return ffi.async(giving):wait() end)
end

function TestNullReferences:test_what_needs_no_object_works()
  types()
  lu.assertTrue(ffi.isnull(ffi.addressof(null "int &")))
  H.assert_int(ffi.sizeof(null "struct nr_record &"), tostring(ffi.sizeof "struct nr_record"))
  lu.assertTrue(ffi.istype("struct nr_record", null "struct nr_record &"))
end

H.run()
