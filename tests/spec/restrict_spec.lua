-- ferry.restrict: what a state has lost stays lost, whatever door is tried. Each test is a program of its own, because
-- nothing is given back.
local H = require "spec_helper"
local run = require "restrict_programs"

TestRestrict = {}

function TestRestrict:test_one_way()
  run [==[
    assert(next(ffi.restrict()) == nil)
    local own = ffi.restrict { load = { "z", fixture }, callbacks = false }
    assert(type(own.cast) == "function" and type(own.slice) == "function")
    equal(#ffi.restrict().load, 2)
    equal(ffi.restrict().callbacks, false)
    equal(ffi.restrict().cast, nil)
    equal(ffi.restrict { load = { fixture, "m" } }, nil)      -- what is left of both lists
    equal(#ffi.restrict().load, 1)
    equal(ffi.restrict().load[1], fixture)
    ffi.restrict().load[1] = "changed"
    equal(ffi.restrict().load[1], fixture)
    refused("nothing is given back", ffi.restrict, { callbacks = true })
    refused("nothing is given back", ffi.restrict, { load = true })
    equal(ffi.restrict { load = false }, nil)
    equal(#ffi.restrict().load, 0)
    equal(ffi.restrict { cast = true }, nil)                   -- still allowed: nothing happens
    equal(ffi.restrict().cast, nil)
    ffi.restrict(ffi.restrict())                               -- its own answer
    -- A second require, a coroutine and the C module have the same state.
    package.loaded["ferry.core"], package.loaded.ferry, package.loaded.ffi = nil, nil, nil
    local again = require "ferry"
    refused("not allowed", again.load, "z")
    refused("not allowed", coroutine.wrap(function() return ffi.load "z" end))
  ]==]
end

function TestRestrict:test_wrong_options()
  run [==[
    refused("table of options expected, got number", ffi.restrict, 1)
    refused("there is no option 'casts'", ffi.restrict, { casts = false })
    refused("there is no option 'number'", ffi.restrict, { false })
    refused([[option 'cast': false expected, got string]], ffi.restrict, { cast = "no" })
    refused([[option 'pointers': "checked" expected, got boolean]], ffi.restrict, { pointers = false })
    refused([[option 'pointers': "checked" expected, got string]], ffi.restrict, { pointers = "unchecked" })
    refused("option 'load': false or a list of names expected, got string", ffi.restrict, { load = "z" })
    refused("option 'C': false or a list of names expected, got number", ffi.restrict, { C = { 1 } })
    refused("option 'C': false or a list of names expected, got nil", ffi.restrict, { C = { abs = true } })
    refused("option 'C': false or a list of names expected", ffi.restrict, { cast = false, C = { "abs", nil, "x" } })
    assert(next(ffi.restrict()) == nil)                        -- a list with an error restricts nothing
  ]==]
end

function TestRestrict:test_load()
  run [==[
    ffi.restrict { load = { "m" } }
    refused("library 'z' is not allowed: ferry.restrict has not left it", ffi.load, "z")
    refused("is not allowed", ffi.load, fixture)
    refused("is not allowed", ffi.load, "libm.so.6")
    refused("is not allowed", ffi.load, "m\0z")
    equal(lib.rs_add(1, 2), 3)                                 -- what the host has opened
    local ok, message = pcall(require("ferry.cc"), "int f(void) { return 1; }")
    assert(not ok and message:find "ferry.restrict")
    refused("ferry.restrict", ffi.include, "math.h")
  ]==]
end

function TestRestrict:test_symbols()
  run [==[
    local kept = ffi.C.malloc
    local forbidden = lib.rs_forbidden
    equal(lib.rs_renamed(), 1)
    assert(ffi.C.abs and ffi.C.puts)
    ffi.restrict { C = { "abs", "rs_add", "rs_numbers" } }
    equal(ffi.C.abs(-1), 1)
    equal(lib.rs_add(1, 2), 3)
    equal(lib.rs_numbers[3], 4)
    equal(ffi.C.RS_CONSTANT + ffi.C.RS_OTHER + ffi.C.RS_MACRO, 18) -- constants are no symbols
    for _, space in ipairs { ffi.C, lib } do
      for _, name in ipairs { "malloc", "system", "puts", "rs_forbidden", "rs_secret", "rs_renamed", "rs_first" } do
        equal(rawget(space, name), nil)
        refused("is not allowed: ferry.restrict has not left it", index, space, name)
        refused("is not allowed", ffi.addressof, space, name)
      end
      refused("symbol 'rs_secret' is not allowed", assign, space, "rs_secret", 1)
    end
    refused("symbol 'rs_forbidden' is not allowed", index, lib, "rs_renamed") -- by its name in the library
    -- Another declaration of an allowed name is another symbol.
    ffi.cdef [[int rs_sly(void) __asm__("rs_forbidden"); int rs_add2(int, int) __asm__("rs_add");]]
    refused("symbol 'rs_forbidden' is not allowed", index, lib, "rs_sly")
    equal(lib.rs_add2(2, 3), 5)
    refused("is not allowed", index, ffi.load(fixture), "rs_forbidden") -- another namespace
    assert(forbidden() == 1 and kept)                          -- what the host holds is its own
    ffi.restrict { C = false }
    refused("is not allowed", index, ffi.C, "abs")
    refused("is not allowed", index, lib, "rs_add")
    equal(ffi.C.RS_CONSTANT, 5)
  ]==]
end

function TestRestrict:test_declarations()
  run [==[
    ffi.restrict { cdef = false }
    local ended = "ferry.restrict has ended declarations"
    refused(ended, ffi.cdef, "int x;")
    refused(ended, ffi.metatype, "struct rs_point", {})
    refused("ferry.restrict", ffi.include, "math.h")
    refused("ferry.restrict", ffi.headers.declare, nil, "int x;")
    refused(ended, ffi.headers.preprocessor)
    refused(ended, ffi.headers.stamp, "/etc/passwd")
    refused(ended, ffi.headers.private_folder, "/tmp/x")
    -- Types as texts: nothing is defined, no file is read.
    refused("types are not defined here", ffi.typeof, "struct rs_opaque { int x[1000]; }")
    refused("types are not defined here", ffi.new, "struct rs_new { int x; } *")
    refused("types are not defined here", ffi.sizeof, "enum { RS_A = 7 }")
    refused("types are not defined here", ffi.typeof, "enum rs_e : char")
    refused("types are not defined here", ffi.eval, "sizeof(struct rs_opaque { int x; })")
    refused(ended, ffi.typeof, "#include \"/etc/passwd\"\nint")
    refused(ended, ffi.typeof, "\n%:define X 1\nint")
    refused(ended, ffi.eval, "#define RS_MACRO 8\n1")
    refused(ended, ffi.headers.expression, nil, "#define RS_MACRO 8\n1")
    equal(ffi.headers.expression(nil, "sizeof(struct rs_opaque { int x; })"), nil)
    refused("ferry.restrict", require "ferry.cc", "int f(void);")
    equal(ffi.C.RS_MACRO, 7)
    -- What is left.
    equal(ffi.sizeof "struct { int a; char b[4]; }", 8)
    equal(ffi.new("int[3]", { 1, 2, 3 })[2], 3)
    equal(ffi.eval "1 + RS_CONSTANT", 6)
    equal(ffi.typeof "struct rs_point" { 1, 2 }.y, 2)
  ]==]
end

function TestRestrict:test_callbacks()
  run [==[
    local before = ffi.cast("int (*)(int)", function(n) return n + 1 end)
    ffi.restrict { callbacks = false }
    local ended = "ferry.restrict has ended callbacks"
    local fn = function(n) return n end
    refused(ended, ffi.cast, "int (*)(int)", fn)
    refused(ended, ffi.new, "int (*)(int)", fn)
    refused(ended, ffi.typeof "int (*)(int)", fn)
    refused(ended, lib.rs_apply, fn, 1)
    refused(ended, ffi.new, "struct { int (*f)(int); }", { fn })
    refused(ended, assign, ffi.new "int (*[2])(int)", 0, fn)
    refused(ended, function() before:set(fn) end)
    refused(ended, ffi.signal, "SIGUSR1", fn)
    equal(lib.rs_apply(before, 1), 2)                          -- the host's
    equal(lib.rs_apply(ffi.C.abs, -3), 3)                      -- C's own
    before:free()
  ]==]
end

function TestRestrict:test_casts()
  run [==[
    local learnt = ffi.new "void *"
    equal(lib.rs_sum(learnt, 0), 0)                            -- compiled code has learnt another pointer type
    equal(lib.rs_sum(nil, 0), 0)
    local point, any = ffi.new("struct rs_point", 1, 2), ffi.new("void *", ffi.new "int[4]")
    equal(lib.rs_sum(any, 4), 0)
    local variant = ffi.vararg(lib.rs_more, "void *")
    local own = ffi.restrict { cast = false }
    -- Numbers become numbers.
    equal(ffi.cast("uint8_t", 300), 44)
    equal(ffi.cast("int", 2.7), 2)
    equal(tonumber(ffi.cast("int64_t", ffi.new("double", 7))), 7)
    -- No numbers to pointers.
    for _, n in ipairs { 0x41414140, 0, -1, ffi.new("int64_t", 5), ffi.new("uintptr_t", 5) } do
      for _, ct in ipairs { "int *", "void *", "char **", "struct rs_node *", "int (*)(void)", "short &", "void *&" } do
        refused("cannot convert", ffi.cast, ct, n)
        refused("cannot convert", ffi.new, ct, n)
        refused("cannot convert", ffi.typeof(ct), n)
      end
      refused("cannot convert", assign, ffi.new "void *[1]", 0, n)
      refused("cannot convert", assign, ffi.new "struct rs_node", "next", n)
      refused("cannot convert", ffi.new, "struct rs_node", 1, n)
      refused("cannot convert", lib.rs_sum, n, 0)
      refused("cannot convert", lib.rs_address, n)
    end
    -- No pointers to numbers or to others, no strings to characters that may be written.
    local ints = ffi.new("int[4]", 1, 2, 3, 4)
    local pi = ffi.new("int *", ints)
    refused("cannot convert", ffi.cast, "uintptr_t", pi)
    refused("cannot convert", ffi.cast, "char *", pi)
    refused("cannot convert", ffi.cast, "struct rs_node *", pi)
    refused("cannot convert", ffi.cast, "char *", "text")
    refused("cannot convert", ffi.new, "char *", "text")
    refused("cannot convert", ffi.cast, "uint64_t", "text")
    refused("cannot convert", ffi.cast, "int *", ffi.new("const int *", ints))
    refused("cannot convert", ffi.cast, "int &", point)
    refused("cannot convert", ffi.cast, "int (*)(void)", ffi.C.abs)
    equal(ffi.string(ffi.cast("const char *", "text")), "text") -- what an assignment converts
    equal(ffi.cast("const int *", pi)[1], 2)
    assert(ffi.cast("void *", pi) == pi)
    assert(ffi.isnull(ffi.cast("int *", nil)))
    -- void * becomes nothing.
    local void = ffi.new("void *", pi)
    for _, ct in ipairs { "int *", "char *", "void **", "struct rs_node *", "int (*)(int)", "int (*)[4]", "int &" } do
      refused("cannot convert", ffi.new, ct, void)
      refused("cannot convert", ffi.cast, ct, void)
    end
    refused("cannot convert", lib.rs_sum, void, 4)
    refused("cannot convert", lib.rs_move, void)
    refused("cannot convert", assign, ffi.new "struct rs_node", "next", void)
    refused("cannot convert", assign, ffi.new "int *[1]", 0, lib.rs_any())
    refused("cannot convert", ffi.new, "int *[1]", { void })
    assert(ffi.isnull(ffi.new("int *", ffi.NULL)))                 -- but NULL
    assert(lib.rs_address(pi) == lib.rs_address(void))
    equal(lib.rs_sum(ints, 4), 10)
    equal(lib.rs_sum(pi, 2), 3)
    equal(lib.rs_move(point), 2)
    -- An array without a length gets none.
    local open = ffi.new("int (*)[]", ints)
    refused("cannot convert", ffi.new, "int (*)[1000]", open)
    -- Userdata of others, files of Lua.
    for _, value in ipairs { io.stdout, newproxy and newproxy() or io.stdout } do
      refused("cannot convert", ffi.new, "struct rs_node *", value)
      refused("cannot convert", ffi.new, "char *", value)
      refused("cannot convert", lib.rs_sum, value, 0)
    end
    -- Behind `...`.
    refused("not allowed", lib.rs_more, 1, 0x41414141)
    refused("not allowed", lib.rs_more, 1, "text")
    refused("not allowed", ffi.vararg, lib.rs_more, "uintptr_t")
    refused("cannot convert", variant, 1, 0x41414141)
    equal(variant(1, pi), lib.rs_address(pi))                  -- the host's
    local buffer = ffi.new "char[32]"
    ffi.C.snprintf(buffer, 32, "%d %s", 5, "x")
    equal(ffi.string(buffer), "5 x")
    refused("expected for '%s'", ffi.C.snprintf, buffer, 32, "%s", 0x41414141)
    assert(not pcall(ffi.C.snprintf, buffer, 32, "%n", pi))
    -- A transparent union is what its pointer is.
    refused("cannot convert", lib.rs_transparent, 0x41414141)
    equal(lib.rs_transparent(pi), lib.rs_address(pi))
    -- What the host has kept.
    equal(own.cast("int *", void)[2], 3)
    equal(own.cast("uint8_t", 300), 44)
  ]==]
end

function TestRestrict:test_unions()
  run [==[
    local u = ffi.new "union rs_mixed"
    u.number = 5                                               -- learnt, cached
    equal(u.number, 5)
    assert(not ffi.isnull(u.ints))
    equal(u.inner, 5)
    local plain = ffi.new("union rs_plain", { d = 1 })
    ffi.restrict { cast = false }
    local function check(u)
      for _, name in ipairs { "number", "ints", "d", "inner", "part", "bytes" } do
        refused("its union mixes pointers with others", assign, u, name, 1)
      end
      refused("its union mixes pointers with others", assign, u, "ints", ffi.new "int[1]")
      for _, name in ipairs { "ints", "part", "bytes" } do refused("mixes pointers", index, u, name) end
      assert(u.number and u.inner and u.d)
    end
    check(u)
    check(ffi.new "union rs_mixed")
    check(ffi.new("struct rs_holder").u)
    check(ffi.new("union rs_mixed[2]")[1])
    for _, init in ipairs { { 5 }, { number = 5 }, { ints = ffi.new "int[1]" }, { inner = 5 }, { part = {} }, { bytes = "abc" } } do
      refused("mixes pointers", ffi.new, "union rs_mixed", init)
      refused("mixes pointers", ffi.new, "struct rs_holder", { u = init })
      refused("mixes pointers", assign, ffi.new "struct rs_holder", "u", init)
      refused("mixes pointers", ffi.new, "union rs_mixed[1]", { init })
    end
    refused("mixes pointers", ffi.new, "union rs_mixed", 5)
    refused("mixes pointers", ffi.new, "struct { union { uintptr_t n; char *p; }; }", 5)
    refused("mixes pointers", ffi.new, "struct { union { uintptr_t n; char *p; }; }", { n = 5 })
    refused("mixes pointers", ffi.new, "struct { union { struct { uintptr_t n; }; char *p; }; }", { n = 5 })
    refused("mixes pointers", ffi.new, "union { void (*f)(void); char *p; }", { p = nil, f = ffi.C.abs })
    local copied = ffi.new("union rs_mixed", u)                -- a whole one is what it was
    equal(copied.number, u.number)
    plain.bytes[0] = 7
    equal(ffi.new("union rs_plain", { i = 0x05050505 }).bytes[0], 5)
    local alike = ffi.new("union rs_alike", ffi.new("int[1]", 9))
    equal(alike.b[0], 9)
    local bits = ffi.new "struct rs_holder"
    bits.bits = 5
    equal(bits.bits, 5)
  ]==]
end

function TestRestrict:test_pointers_of_known_objects()
  run [==[
    local ints = ffi.new("int[4]", 1, 2, 3, 4)
    local p = ffi.new("int *", ints)
    equal(p[3], 4)                                             -- learnt
    local own = ffi.restrict { pointers = "checked" }
    refused("not allowed", ffi.checked, false)
    equal(ffi.checked(), true)
    for i = 0, 3 do equal(p[i], i + 1) end
    for _, i in ipairs { 4, -1, 1000000, 2 ^ 53, -2 ^ 53, 0 / 0, 1 / 0, 2 ^ 62 } do
      assert(not pcall(index, p, i))
      assert(not pcall(assign, p, i, 1))
    end
    refused("no 'int' lies where 'int *' is indexed", index, p, 4)
    equal((p + 1)[2], 4)
    refused("no 'int' lies", index, p + 1, 3)
    refused("no 'int' lies", index, p + 4, 0)                  -- just behind
    refused("would leave its object of 16 bytes", function() return p + 5 end)
    refused("would leave its object", function() return p - 1 end)
    refused("would leave its object", function() return (p + 4) + 1 end)
    refused("would leave its object", function() return ints + 5 end)
    equal((p + 4) - p, 4)
    ints, p = nil, p + 2
    collect()
    equal(p[1], 4)
    -- Records.
    local points = ffi.new("struct rs_point[2]", { { 1, 2 }, { 3, 4 } })
    local pp = ffi.new("struct rs_point *", points)
    equal(pp[1].y, 4)
    equal((pp + 1).x, 3)
    refused("lies where", index, pp + 2, "x")
    refused("lies where", assign, pp + 2, "x", 1)
    refused("lies where", index, pp, 2)
    refused("lies where", ffi.new, "struct rs_point &", pp + 2)
    equal(ffi.new("struct rs_point &", pp + 1).y, 4)
    -- Strings: to their terminator.
    local text = ffi.new("const char *", "abc")
    equal(text[3], 0)
    refused("lies where", index, text, 4)
    equal(ffi.string(text + 1), "bc")
    equal(ffi.string(text, 4), "abc\0")
    refused("beyond the object's 4 bytes", ffi.string, text, 5)
    -- Arrays made for n.
    local vla = ffi.new("int[?]", 3)
    local pv = ffi.new("int *", vla)
    pv[2] = 7
    equal(vla[2], 7)
    refused("lies where", assign, pv, 3, 1)
    -- Bytes.
    local bytes = ffi.new "char[8]"
    local pb = ffi.new("char *", bytes)
    ffi.copy(pb, "1234567")
    equal(ffi.string(pb), "1234567")
    refused("beyond the object's 8 bytes", ffi.copy, pb, "12345678")
    refused("beyond the object's 4 bytes", ffi.copy, pb + 4, "12345")
    refused("beyond the object's 8 bytes", ffi.fill, pb, 9)
    refused("beyond the object's 8 bytes", ffi.fill, ffi.new("void *", bytes), 9)
    refused("beyond the object's 8 bytes", ffi.copy, bytes, ffi.new "char[16]", 9)
    refused("beyond the object's 4 bytes", ffi.copy, bytes, "abc", 5)
    refused("beyond the object's 8 bytes", ffi.string, pb, 9)
    ffi.fill(pb, 8, 65)
    equal(ffi.string(pb), "AAAAAAAA")                          -- no terminator: as far as the object goes
    refused("beyond the array's 4", ffi.totable, ffi.new("int *", ffi.new "int[4]"), 5)
    equal(#ffi.totable(ffi.new("int *", ffi.new "int[4]"), 4), 4)
    refused("beyond the array's 4", ffi.fromtable, ffi.new("int *", ffi.new "int[4]"), { 1, 2, 3, 4, 5 })
    refused("beyond the array's 4", ffi.copy, ffi.new("int *", ffi.new "int[4]"), { 1, 2, 3, 4, 5 })
    refused("beyond the array's 4", ffi.slice, ffi.new("int *", ffi.new "int[4]"), 2, 3)
    equal(ffi.slice(ffi.new("int *", ffi.new("int[4]", 1, 2, 3, 4)), 2, 2)[1], 4)
    refused("beyond the array's 4", ffi.convert, ffi.new("int *", ffi.new "int[4]"), ffi.new "double[5]")
    refused("beyond the array's 2", ffi.utf8, ffi.new("uint16_t *", ffi.new "uint16_t[2]"), 3)
    equal(ffi.utf8(ffi.new("uint16_t *", ffi.new("uint16_t[2]", 65, 66))), "AB")
    -- A pointer's own place.
    local q = ffi.new("int *", vla)
    local pq = ffi.addressof(q)
    equal(pq[0][2], 7)
    refused("lies where", index, pq, 1)
    -- A trailing array of one is what the object has room for.
    local node = ffi.new "struct rs_node"
    node.tail[0] = 5
    refused("outside", index, node.tail, 2)
    local nodes = ffi.new "struct rs_node[2]"
    refused("outside", assign, nodes[0].tail, 2, 1)
    refused("too long", assign, ffi.new("struct { int n; char text[]; }"), "text", "text")
  ]==]
end

function TestRestrict:test_pointers_of_c()
  run [==[
    local node = lib.rs_first()
    equal(node.tail[0], 11)
    local own = ffi.restrict { pointers = "checked", cast = false, cdef = false }
    -- What its declaration says is there.
    equal(node.value, 1)
    equal(node[0].value, 1)
    equal(node.next.value, 2)
    equal(ffi.string(node.next.name), "second")
    assert(ffi.isnull(node.next.next))
    node.next.value = 3
    equal(node.next.value, 3)
    equal(node.tail[0], 11)
    equal(ffi.new("struct rs_node &", node).value, 1)
    local ints = lib.rs_ints()
    equal(ints[0], 1)
    -- And no more.
    refused("how much 'struct rs_node *' points to is not known", index, node, 1)
    refused("how much 'int *' points to is not known", index, ints, 1)
    refused("is not known", assign, ints, 1, 1)
    refused("is not known", index, ints, -1)
    refused("cannot be moved", function() return ints + 1 end)
    refused("cannot be moved", function() return 1 + ints end)
    refused("cannot be moved", function() return ints - 1 end)
    equal((ints + 0)[0], 1)
    refused("outside", index, node.tail, 1)
    refused("is not known", ffi.copy, ints, "abcd", 4)
    refused("is not known", ffi.fill, ints, 4)
    refused("is not known", ffi.copy, ffi.new "int[1]", ints, 4)
    refused("is not known", ffi.string, ints, 4)
    refused("is not known", ffi.string, lib.rs_any())
    refused("is not known", ffi.string, lib.rs_text(), 100)
    refused("is not known", ffi.totable, ints, 1)
    refused("is not known", ffi.fromtable, ints, { 1 })
    refused("is not known", ffi.slice, ints, 0, 1)
    refused("is not known", ffi.convert, ffi.new "int[1]", ints, 1)
    equal(ffi.string(lib.rs_text()), "text of C")              -- C's strings end where C says
    equal(lib.rs_numbers[3], 4)
    assert(not pcall(index, lib.rs_numbers, 4))
    -- An object of C's that has a declared size.
    ffi.fill(lib.rs_numbers, 4, 0)
    equal(lib.rs_numbers[0], 0)
    assert(not pcall(ffi.fill, lib.rs_numbers, 17, 0))
    refused("holds pointers", ffi.copy, node[0], ("x"):rep(32), 32)
    -- What C has put there.
    local out = ffi.new "const char *[1]"
    lib.rs_fill_in(out)
    equal(ffi.string(out[0]), "filled in")
    refused("cannot be moved", function() return out[0] + 1 end)
    -- What the host has kept.
    local view = own.slice(ints, 0, 4)
    equal(view[3], 4)
    equal(ffi.string(own.slice(lib.rs_text(), 0, 4)), "text")
    assert(not pcall(index, view, 4))
    -- Light userdata and blocks of others.
    refused("is no C object", ffi.string, io.stdout, 1)
    refused("is no C object", ffi.copy, ffi.new "char[4]", io.stdout, 4)
    refused("is no C object", ffi.fill, io.stdout, 1)
  ]==]
end

-- Bytes become no pointers: neither in the object that holds them nor by a pointer of another type.
function TestRestrict:test_forged_pointers()
  run [==[
    local own = ffi.restrict { pointers = "checked", cast = false, cdef = false }
    local secret = ffi.new("char[8]", "secret")
    local holder = ffi.new "struct rs_holder"
    holder.text = secret
    equal(ffi.string(holder.text), "secret")
    local forged = ("A"):rep(ffi.sizeof(holder))
    for _, to in ipairs { holder, ffi.new("struct rs_holder *", holder), ffi.new("void *", holder), ffi.new "char *[4]", ffi.new("char *[?]", 4), ffi.addressof(holder) } do
      refused("holds pointers", ffi.copy, to, forged, 8)
      refused("holds pointers", ffi.fill, to, 8, 65)
    end
    refused("holds pointers", ffi.copy, ffi.addressof(ffi.new("char *", secret)), forged, 8)
    -- The numbers in front of the pointer have an end.
    local numbers = ffi.new("uintptr_t *", holder.numbers)
    numbers[0], numbers[1] = 1, 2
    refused("lies where", assign, numbers, 2, 0x41414141)
    refused("lies where", assign, numbers + 2, 0, 0x41414141)
    refused("outside", assign, holder.numbers, 2, 0x41414141)
    refused("holds pointers", ffi.fill, numbers, 32, 65)
    equal(holder.numbers[1], 2)
    -- A pointer in the array of another struct, behind a trailing array.
    local nodes = ffi.new "struct rs_node[2]"
    refused("outside", assign, nodes[0].tail, 1, 0x41414141)
    if ffi.abi "64bit" then refused("lies where", index, ffi.new("int *", nodes[0].tail), 1) end  -- else the next node's number lies there
    -- The host's casts are checked where they are used.
    local buffer = ffi.new("uint8_t[32]", 65)
    local node = own.cast("struct rs_node *", buffer)
    refused("lies where", index, node, "next")
    refused("lies where", index, own.cast("char **", buffer), 0)
    equal(own.cast("struct rs_point *", buffer).x ~= 0, true)
    refused("lies where", index, own.cast("struct rs_point *", buffer), 4)
    refused("lies where", index, own.cast("int *", own.cast("char *", buffer) + 30), 0)
    equal(own.cast("struct rs_node *", nodes)[1].value, 0)
    refused("lies where", index, own.cast("int *", nodes), 2)  -- the pointer's bytes
    equal(own.cast("int *", nodes)[0], 0)
  ]==]
end

-- Whoever has the debug library has found no way back to what the state has lost; it may well crash the program.
function TestRestrict:test_debug_library()
  run [==[
    local load, index_event = ffi.load, debug.getmetatable(ffi.C).__index
    ffi.restrict { load = false, C = { "abs" }, cast = false, callbacks = false, cdef = false, pointers = "checked" }
    for _, fn in ipairs { load, select(2, pcall(string.dump, load)) } do
      if type(fn) == "function" then refused("not allowed", fn, "z") end
    end
    assert(not pcall(string.dump, ffi.load))                   -- C functions have no bytecode
    refused("not allowed", index_event, ffi.C, "system")
    refused("not allowed", debug.getmetatable(lib).__index, lib, "rs_forbidden")
    -- A ctype's and a cdata's events.
    local ct = ffi.typeof "int *"
    refused("cannot convert", debug.getmetatable(ct).__call, ct, 5)
    local p = ffi.new("int *", ffi.new "int[1]")
    refused("lies where", debug.getmetatable(p).__index, p, 1)
    refused("would leave", debug.getmetatable(p).__add, p, 2)
    equal(getmetatable(p), "ffi")
    equal(getmetatable(ffi.C), "ffi")
    -- The module itself, opened anew.
    local core = package.searchpath and package.searchpath("ferry.core", package.cpath)
    if core then
      local again = package.loadlib(core, "luaopen_ferry_core")()
      refused("not allowed", again.load, "z")
      refused("ferry.restrict", again.cdef, "int x;")
      equal(again.restrict { load = false }, nil)              -- and nothing to keep
    end
  ]==]
end

-- Other modes and modules of the same state.
function TestRestrict:test_other_doors()
  H.not_checked "what was made from a released object ends with it there"
  run [==[
    local fast = { add = lib.rs_add, sum = lib.rs_sum }
    local new_point = ffi.constructor and ffi.constructor "struct rs_point *"
    ffi.restrict { cast = false, pointers = "checked", cdef = false, callbacks = false }
    refused("cannot convert", new_point or ffi.typeof "int *", 5)
    for _ = 1, 3 do
      equal(fast.add(1, 2), 3)
      equal(fast.sum(ffi.new("int[2]", 1, 2), 2), 3)
      refused("cannot convert", fast.sum, ffi.new("void *", ffi.new "int[2]"), 2)
      refused("cannot convert", fast.sum, 5, 0)
    end
    ffi.strict(true)
    refused("cannot convert", fast.sum, ffi.new("void *", ffi.new "int[2]"), 2)
    equal(fast.sum(ffi.new("int[2]", 1, 2), 2), 3)
    ffi.strict(false)
    refused("cannot convert", fast.sum, ffi.new("void *", ffi.new "int[2]"), 2)
    local u = ffi.new "union rs_mixed"
    refused("mixes pointers", assign, u, "number", 5)
    local before = ffi.int64
    ffi.int64 = "boxed"
    refused("mixes pointers", index, u, "ints")
    ffi.int64 = before
    -- Released objects, finalisers.
    local object = ffi.new("int[4]", 1, 2, 3, 4)
    local p = ffi.new("int *", object)
    ffi.release(object)
    refused("cannot be moved", function() return p + 1 end)
    assert(not pcall(index, object, 0))
    local freed = 0
    local g = ffi.gc(ffi.new "int[1]", function() freed = freed + 1 end)
    g = nil
    collect()
    equal(freed, 1)
  ]==]
end

H.run()
