-- What was tried against ferry.restrict and is closed, a door each: in a state that has lost all, code that is not trusted
-- looks for a pointer that it was not given, or for bytes beyond an object's end.
local H = require "spec_helper"
local run = require "restrict_programs"

-- What each program begins with: the host's part.
local restricted = [==[
ffi.cdef "typedef int (*rs_printer)(char *, size_t, const char *, ...);"
local own = ffi.restrict {
  load = false, cast = false, pointers = "checked", callbacks = false, cdef = false,
  C = { "abs", "snprintf", "rs_numbers", "rs_first", "rs_ints", "rs_any", "rs_text", "rs_address", "rs_sum", "rs_apply", "rs_move",
    "rs_more", "rs_say", "rs_transparent" },
}
local ints = ffi.new("int[4]", 1, 2, 3, 4)
local buffer = ffi.new "char[256]"
local function printed(...)
  ffi.C.snprintf(buffer, 256, ...)
  return ffi.string(buffer)
end
local function made(text, ...) return ffi.new(text, ...) end
]==]

TestRestrictAttacks = {}

-- Rows: what is tried, and the program.
local attacks = {
  -- Arrays of which the declaration says no length, or a length of nothing.
  open_array_by_pointer = [==[
    equal(made("int (*)[]", ints)[0][3], 4)
    refused("only its [0] can be reached", function() return made("int (*)[]", ints)[0][50] end)
    refused("no 'int' lies", function() return made("int (*)[]", lib.rs_ints())[0][0] end)
    refused("cannot convert", made, "int (*)[0]", ints)
    refused("cannot convert", made, "int (*)[?]", ints)
    refused("cannot convert", made, "int (*)[100]", ints)
  ]==],
  open_array_by_reference = [==[
    refused("cannot convert", made, "int (&)[?]", ints)
    refused("cannot convert", made, "int (&)[100]", ints)
    refused("only its [0]", function() return made("int (&)[]", ints)[50] end)
  ]==],
  array_of_nothing_before_a_pointer = [==[
    local text = "struct { uint64_t n[0]; char *p; }"
    for _, value in ipairs { { 0x41414141 }, { 1, 2 } } do
      local s = ffi.new(text)
      refused("too many initializers", assign, s, "n", value)
      refused("too many initializers", ffi.new, text, { n = value })
      assert(ffi.isnull(s.p))
    end
    refused("outside of 'uint64_t [0]'", function() ffi.new(text).n[0] = 1 end)
    refused("no 'uint64_t' lies", function() made("uint64_t *", ffi.new(text).n)[0] = 1 end)
    refused("too long", assign, ffi.new "struct { char c[0]; char *p; }", "c", "12345678")
    refused("too long", ffi.new, "struct { char c[0]; char *p; }", { c = "12345678" })
  ]==],
  trailing_array_of_an_inner_struct = [==[
    local s = ffi.new "struct { struct { int n; uint32_t a[1]; } within; char *p; }"
    refused("too many initializers", assign, s.within, "a", { 1, 0x42424242, 0x42424242 })
    refused("outside", function() s.within.a[1] = 1 end)
    assert(ffi.isnull(s.p))
    local open = "struct { struct { int n; uint64_t a[]; } within; char *p; }"
    refused("too many initializers", ffi.new, open, { within = { a = { 0x41414141 } } })
    refused("too long", assign, ffi.new("struct { int n; char a[]; }[2]")[0], "a", "12345678")
  ]==],
  trailing_array_in_memory_of_c = [==[
    local node = lib.rs_first()
    refused("outside", index, node.tail, 1)
    refused("only its [0]", index, made("int *", node.tail), 1)
    refused("too many initializers", assign, node, "tail", { 1, 2 })
    refused("not known", ffi.fromtable, made("int *", node.tail), { 1 })
  ]==],
  far_away = [==[
    local p = made("int *", ints)
    local far = ffi.abi "64bit" and 2 ^ 40 or 2 ^ 27
    for _, i in ipairs { 4, 5, 100000, -1, far, -far } do
      refused("no 'int' lies where 'int *' is indexed", index, p, i)
      refused("no 'int' lies where 'int *' is indexed", assign, p, i, 1)
    end
    for _, i in ipairs { 2 ^ 62, -2 ^ 62, 0 / 0, 1 / 0 } do assert(not pcall(index, p, i)) end
  ]==],
  sizes = [==[
    for _, n in ipairs { 2 ^ 62, 2 ^ 61, -1, 0 / 0, 2 ^ 64, 1 / 0 } do
      refused("size", ffi.new, "int[?]", n)
      refused("size", ffi.new, "struct { int n; long a[?]; }", n)
      refused("size", ffi.new, "struct rs_point[?]", n)
    end
    refused("outside", index, ffi.new("struct { int n; long a[?]; }", 2).a, 2)
  ]==],
  -- What is the same address, but not the same type.
  union_that_drops_const = [==[
    for _, text in ipairs { "union { char *a; const char *b; }", "union { char **a; const char **b; }",
      "union { char *a[1]; const char *b[1]; }", "union { int *a; unsigned *b; }", "union { int (*a)(int); int (*b)(uintptr_t); }",
      "struct { union { struct { char *a; }; struct { const char *b; }; }; }" } do
      refused("mixes pointers", assign, ffi.new(text), "b", nil)
      refused("mixes pointers", index, ffi.new(text), "a")
    end
    equal(made("union { int *a; int *b; }", ints).b[1], 2)
  ]==],
  copies_that_drop_const = [==[
    local texts = ffi.new("const char *[1]", { "of Lua" })
    refused("cannot convert", made, "char *[1]", texts)
    refused("cannot convert", made, "char *[?]", 1, ffi.new("const char *[?]", 1, { "of Lua" }))
    refused("cannot convert", ffi.fromtable, ffi.new "char *[1]", ffi.totable(texts))
    refused("cannot convert", made, "char **", texts)
    refused("cannot convert", made, "const char **", ffi.new "char *[1]")
    refused("cannot convert", made, "void **", ffi.new "char *[1]")
    refused("cannot convert", made, "int *[1]", ffi.new("uint64_t[1]", 5))
  ]==],
  functions_as_others = [==[
    for _, text in ipairs { "int (*)(uintptr_t, int)", "int (*)()", "int (*)(const int *, ...)", "int (*)(const int *, int, ...)",
      "void *(*)(const int *, int)", "int (*)(int *, int)", "void *" } do
      refused("cannot convert", made, text, lib.rs_sum)
      refused("cannot convert", made, text, made("int (*)(const int *, int)", lib.rs_sum))
    end
    if ffi.arch == "x64" then refused("cannot convert", made, ("int (__attribute__((%s)) *)(const int *, int)"):format(ffi.os == "Windows" and "sysv_abi" or "ms_abi"), lib.rs_sum) end
    refused("cannot convert", lib.rs_address, ffi.C.abs)
    refused("cannot convert", made, "int (*)(int)", made("void *", ints))
    equal(made("int (*)(const int *, int)", lib.rs_sum)(ints, 4), 10)
  ]==],
  -- Pointers to what is not there, given to C or put where a pointer to something is expected.
  pointer_to_nothing = [==[
    local behind = made("int *", ints) + 4
    refused("no 'const int' lies where 'int *' points to", lib.rs_sum, behind, 1)
    refused("no 'const int' lies", lib.rs_sum, ffi.new "int[0]", 1)
    refused("no 'int' lies", made, "int &", ffi.new "int[0]")
    refused("no 'int' lies", made, "int &", behind)
    local nodes = ffi.new "struct rs_node[1]"
    refused("no 'struct rs_node' lies", assign, nodes[0], "next", made("struct rs_node *", nodes) + 1)
    refused("no 'struct rs_node' lies", assign, lib.rs_first(), "next", ffi.new "struct rs_node[0]")
    refused("no 'struct rs_node' lies", made, "struct rs_node *[1]", { made("struct rs_node *", nodes) + 1 })
    equal(lib.rs_sum(behind - 1, 1), 4)
  ]==],
  -- C's memory outlives what Lua keeps: it gets no pointer to an object that may go.
  pointer_left_in_memory_of_c = [==[
    local no = "C's memory is given no pointer to an object of Lua's"
    local node, kept = lib.rs_first(), lib.rs_first().next
    refused(no, assign, node, "name", "text" .. 1)
    refused(no, assign, node, "next", ffi.new("struct rs_node", 77))
    refused(no, assign, node[0], "next", ffi.new("struct rs_node", 77))
    refused(no, assign, node, 0, ffi.new("struct rs_node", 1, ffi.new("struct rs_node", 9)))
    assert(node.next == kept and node.value == 1)
    refused(no, ffi.fromtable, own.slice(node, 0, 1), { { 1, ffi.new "struct rs_node" } })
    node.next = kept                                           -- C's own
    node.next = nil
    assert(ffi.isnull(node.next))
  ]==],
  -- What is no C object.
  userdata_as_pointer = [==[
    for _, value in ipairs { io.stdout, coroutine.create(function() end), print, function() end, {}, newproxy and newproxy() or io.stdout } do
      refused("cannot convert", lib.rs_address, value)
      refused("cannot convert", made, "const void *", value)
      refused("cannot convert", assign, ffi.new "void *[1]", 0, value)
    end
    refused("cannot convert", printed, "%p", io.stdout)
    assert(lib.rs_address(nil) == lib.rs_address(ffi.NULL) and lib.rs_address "text" ~= lib.rs_address(nil))
  ]==],
  -- Formats.
  text_without_a_terminator = [==[
    for n = 1, 64 do
      local text = ffi.new("char[?]", n)
      ffi.fill(text, n, 65)
      local p = made("char *", text)
      for _, format in ipairs { "%s", "%.200s", "%-1s" } do equal(printed(format, p), ("A"):rep(n)) end
      equal(printed("%.*s", 200, p), ("A"):rep(n))
      equal(printed("%.*s", 200, text), ("A"):rep(n))
      equal(printed("%s", made("const void *", text)), ("A"):rep(n))
      equal(printed("%s", p + n), "")
      equal(printed("%.1s", p), "A")
      refused("terminated string expected for '%s'", printed, "%s", text)
    end
    equal(printed("%s", lib.rs_text()), "text of C")
    refused("terminated string expected", printed, "%s", lib.rs_any())
  ]==],
  wide_text_without_a_terminator = [==[
    for n = 1, 32 do
      local text = ffi.new("wchar_t[?]", n)
      for i = 0, n - 1 do text[i] = 65 end
      for _, value in ipairs { text, made("wchar_t *", text), made("const void *", text) } do
        equal(printed("%ls", value), ("A"):rep(n))
        equal(printed("%.100ls", value), ("A"):rep(n))
      end
    end
  ]==],
  formats_that_can_change = [==[
    local format = ffi.new("char[16]", "%d")
    for _, value in ipairs { format, made("char *", format), made("const char *", "%d"), lib.rs_text() } do
      refused("a format that is not a Lua string", printed, value, 5)
      refused("a format that is not a Lua string", printed, value)
    end
  ]==],
  arguments_that_are_missing = [==[
    for _, format in ipairs { "%s", "%d", "%1$s", "%*d" } do refused("no value for", printed, format) end
    for _, format in ipairs { "%n", "%hhn", "%1$n" } do
      refused("%n is not allowed", printed, format)
      refused("%n is not allowed", printed, format, made("int *", ints))
    end
    -- A function of whose format nothing is declared.
    refused("what may be a format", lib.rs_say, "%n")
    refused("what may be a format", lib.rs_say, buffer)
    refused("no declared format describes", lib.rs_say, "%d", 5)
    refused("no declared format describes", lib.rs_more, 1, 0x41414141)
  ]==],
  formats_by_pointer = [==[
    local no = "a call of a variadic function by a pointer"
    local by_name = made("rs_printer", ffi.C.snprintf)
    refused(no, by_name, buffer, 256, "%n")
    refused(no, by_name, buffer, 256, "%d", 5)
    for _, attribute in ipairs { "format(printf, 1, 4)", "format(scanf, 1, 4)", "__format__(__printf__, 1, 4)", "format(strftime, 3, 0)" } do
      refused(no, made("int (*)(char *, size_t, const char *, ...) __attribute__((" .. attribute .. "))", ffi.C.snprintf), buffer, 256, "%d", 5)
    end
  ]==],
  -- Other ways to a callback, a declaration or a file.
  scoped_callbacks = [==[
    local ended = "ferry.restrict has ended callbacks"
    local fn = function(n) return n end
    refused(ended, lib.rs_apply, ffi.scoped(fn), 3)
    refused(ended, lib.rs_apply, fn, 3)
    refused(ended, ffi.callback, "int (*)(int)", fn)
    refused(ended, ffi.callback, "int (*)(int)", fn, { queue = 4 })
    refused("has ended declarations", ffi.scoped, "rs_apply", 1)
    equal(lib.rs_apply(ffi.scoped(ffi.C.abs), -3), 3)
  ]==],
  files_by_the_preprocessor = [==[
    local headers, text = ffi.headers, "#include \"" .. fixture .. "\"\n"
    local no = "has ended declarations"
    refused(no, headers.dump, nil, text, "x")
    refused(no, headers.declare, nil, text, "x")
    refused(no, headers.changed, fixture)
    refused(no, headers.folders)
    refused(no, headers.stamp, fixture)
    refused(no, headers.preprocessor)
    refused(no, headers.private_folder, "x")
    refused("ferry.restrict", ffi.include, "stdio.h")
    refused("ferry.restrict", require "ferry.cc", "int f(void);")
    for _, directive in ipairs { text, "%:include \"x\"\n", "\n  # define X 1\n", "int /* */ \n#define X\n" } do
      refused(no, ffi.typeof, directive .. "int")
      refused(no, ffi.eval, directive .. "1")
    end
  ]==],
  types_by_texts = [==[
    for _, text in ipairs { "struct rs_opaque { int x; }", "struct { struct rs_opaque { int x; } y; }",
      "int[sizeof(struct rs_opaque { int x; })]", "struct { enum { RS_NEW = 1 } y; }", "int (*)(struct rs_opaque { int x; } *)",
      "struct rs_opaque <% int x; %>", "__extension__ struct rs_opaque { int x; }", "struct rs_opaque \\\n{ int x; }",
      "enum rs_new : long *", "union rs_opaque { int x; } *" } do
      assert(not pcall(ffi.typeof, text), text)
    end
    refused("undeclared tag", ffi.typeof, "struct rs_new_tag *")
    assert(not pcall(ffi.sizeof, "struct rs_opaque") or ffi.sizeof "struct rs_opaque" == nil)
    assert(not pcall(function() return ffi.C.RS_NEW end))
  ]==],
  coroutines = [==[
    local p = made("int *", ints)
    local function within(fn, ...)
      local arguments = { ... }
      return coroutine.wrap(function() return fn(unpack(arguments)) end)
    end
    refused("cannot convert", within(ffi.cast, "int *", 5))
    refused("no 'int' lies", within(index, p, 4))
    refused("would leave", within(function() return p + 5 end))
    refused("not allowed", within(index, lib, "rs_secret"))
    refused("not allowed", within(ffi.load, "z"))
  ]==],
  finalisers = [==[
    local p, seen = made("int *", ints)
    local function try() seen = { pcall(ffi.cast, "int *", 5), pcall(index, p, 4), pcall(index, lib, "rs_secret") } end
    ffi.gc(ffi.new "int[1]", try)
    collect()
    assert(seen and not seen[1] and not seen[2] and not seen[3])
    -- An object that its finaliser keeps, and what it points to.
    local saved
    do
      local holder = ffi.gc(ffi.new "struct rs_holder", function(o) saved = o end)
      holder.text = ffi.new("char[8]", "secret")
    end
    collect()
    for i = 1, 1000 do ffi.new("char[8]", "xxxxxxx") end
    collect()
    equal(ffi.string(saved.text), "secret")
  ]==],
  metatypes = [==[
    refused("has ended declarations", ffi.metatype, "struct rs_point", { __index = function() end })
    refused("has ended declarations", ffi.metatype, "struct { int x; }", {})
    equal(getmetatable(ints), "ffi")
    assert(not pcall(setmetatable, ints, {}))
  ]==],
  released_objects = [==[
    local a = ffi.new("int[?]", 100000)
    local p, view = made("int *", a), ffi.slice(a, 5, 10)
    ffi.release(a)
    refused("released", index, a, 0)
    refused("only its [0]", index, p, 5)
    equal(p[0] + view[9], 0)                                   -- they keep the memory
    refused("outside", index, view, 10)
    refused("released", lib.rs_sum, a, 4)
    refused("released", printed, "%s", a)
  ]==],
  -- The layer of LuaJIT's modules is Lua code on top of this.
  luajit_layer = [==[
    require "ferry.luajit".install()
    local buffers = require "string.buffer"
    refused("cannot convert", require("ffi").cast, "int *", 5)
    refused("cannot convert", (loadstring or load)("return require 'ffi'.cast('int *', 5)"))
    local b, p = buffers.new(), made("char *", ffi.new("char[4]", "abc"))
    b:put "abc"
    local start, n = b:ref()
    equal(start[0], 97)
    refused("pointers are checked", index, start, 100000)
    refused("pointers are checked", index, (b:reserve(8)), 100000)
    refused("out of range", b.commit, b, 100000)
    refused("beyond the object's 4 bytes", b.putcdata, b, p, 100)
    refused("beyond the object's 4 bytes", function() return b:set(p, 100):get() end)
    refused("cannot convert", buffers.decode, "\4" .. ("A"):rep(8))   -- light userdata of 64 and 32 bits
    refused("cannot convert", buffers.decode, "\3AAAA")
  ]==],
  inspect = [==[
    local node = lib.rs_first()
    assert(ffi.inspect(node):find "^%(struct rs_node %*%)0x%x+$")
    assert(ffi.inspect(node[0]):find(".value = 1, .next = (struct rs_node *)0x", 1, true))
    assert(ffi.inspect(made("int *", ints) + 4):find "^%(int %*%)0x%x+$")
    equal(ffi.inspect(ffi.new "int *"), "NULL")
    equal(ffi.inspect(made("int (*)[]", ints)[0]), "(int []){...}")
    refused("mixes pointers", ffi.inspect, ffi.new "struct rs_holder")
  ]==],
  string_dump = [==[
    for _, fn in ipairs { ffi.cast, ffi.load, ffi.C.abs, own.cast, ffi.restrict } do assert(not pcall(string.dump, fn)) end
  ]==],
}
for name, program in pairs(attacks) do
  TestRestrictAttacks["test_" .. name] = function()
    if name == "released_objects" then H.not_checked "what was made from them ends with them there" end
    H.lu.skipIf(name == "luajit_layer" and H.hosted_by_luajit, "the layer does nothing there")
    run(restricted .. program)
  end
end

H.run()
