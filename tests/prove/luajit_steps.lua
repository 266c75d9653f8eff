-- The steps of tests/prove/luajit.lua's programs: each writes one, by `emit`. Called with the parts of that script that they are made of;
-- what changes from program to program (`variables`, `records`) and what is called by many (`emit`, `path`, `value`) are globals.
local parts = ...
local pick, random, chance, integer64, integers, quoted, text, floats, any_type, boxed, pointer =
  parts.pick, parts.random, parts.chance, parts.integer64, parts.integers, parts.quoted, parts.text, parts.floats, parts.any_type, parts.boxed, parts.pointer
local number, layer, is_read_otherwise, native, bool, array, initialisers, has_const, flat_members, comparisons, void =
  parts.number, parts.layer, parts.is_read_otherwise, parts.native, parts.bool, parts.array, parts.initialisers, parts.has_const, parts.flat_members, parts.comparisons, parts.void
local operand, list_text, function_type, scalar_type, scalar_path, operators, not_negative, has, enums, const, anything =
  parts.operand, parts.list_text, parts.function_type, parts.scalar_type, parts.scalar_path, parts.operators, parts.not_negative, parts.has, parts.enums, parts.const, parts.anything

local steps = {}
function steps.new()
  local t = any_type(0)
  emit(("return ffi.new(%s%s)"):format(quoted(t), initialisers(t)))
end
function steps.construct()
  local t = any_type(0)
  emit(("local T = ffi.typeof(%s) return T(%s)"):format(quoted(t), (initialisers(t):gsub("^, ", ""))))
end
function steps.variable_length()
  local t = pick { pick(integers), floats[2], enums[1], pointer(void), pick(records) or bool, array(integers[2], 3) }
  local n = random(4)
  local types = {}
  for i = 1, n do types[i] = t end
  local list = list_text(types, 1)
  local by_table = #list == n and n > 1 and chance(40)
  for i, x in ipairs(list) do if by_table and x:find "[%.%[]" or x == "nil" then list[i] = t.members and "{}" or "nil" end end
  if #list == 1 and list[1]:find "^{" then list[1] = nil end
  emit(("local T = ffi.typeof('%s') local x = T(%d%s) return ffi.sizeof(x), ffi.sizeof(T, %d), x"):format(text(t, "[?]"), n,
    #list > 0 and ", " .. (by_table and "{ " .. table.concat(list, ", "):gsub("nil", "1") .. " }" or table.concat(list, ", ")) or "", n + 1))
end
-- Whether a text names a variable's object.
local function names_parts_of(x, v)
  for _, other in ipairs(variables) do
    if other.shown == v.shown and (" " .. x):find("%f[%w]" .. other.name .. "%f[%W]") then return true end
  end
end
function steps.assign()
  local s, t, v = path(chance(70))
  if v == nil or s == v.name then return steps.read() end
  local x = value(t)
  if x:find "^{" and (v.constant or has_const(v.type) or names_parts_of(x, v)) then return steps.read() end
  if x:find "^{" then
    emit(("if not pcall(function() %s = %s end) then ffi.fill(%s, ffi.sizeof(%s)) return 'refused' end return %s"):format(s, x, v.shown, v.shown,
      v.shown))
  else
    emit(("%s = %s return %s, %s"):format(s, x, v.shown, s))
  end
end
steps.assign2, steps.assign3 = steps.assign, steps.assign
function steps.read() emit("return " .. (path())) end
steps.read2 = steps.read
function steps.cast()
  local t = chance(50) and scalar_type() or any_type(0)
  if t.kind == "complex" or t.kind == "vector" then t = integers[8] end
  local x = t.kind == "bool" and boxed() or (t.kind == "pointer" or chance(80)) and value(t) or boxed()
  if t.kind ~= "pointer" and (x:find "^S%[" or x:find "^v" or x:find "^C") then x = scalar_path(t) end
  emit(("return ffi.cast(%s, %s)"):format(quoted(t), x))
end
steps.cast2 = steps.cast
-- Two that are no negative number and a uint64_t.
local function operands()
  local a, a_negative, a_unsigned = operand()
  local b, b_negative, b_unsigned = operand()
  if a_negative and b_unsigned then a = "2" end
  if b_negative and a_unsigned then b = "2" end
  return a, b
end
function steps.arithmetic()
  local a, b = operands()
  if not (" " .. a .. " " .. b):find " [IU]%(" and not (" " .. a .. " " .. b):find " ffi" then a, b = integer64(), pick { "2", "3", "1.5", "0" } end
  emit(("return (%s) %s (%s)"):format(a, pick(operators), b))
end
steps.arithmetic2 = steps.arithmetic
function steps.unary() emit(pick { "return -(%s)", "return #(%s)", "return (%s) .. 'x'", "return (%s)(1)", native and "return (%s) + 0"
  or "return tonumber(%s)" }:format(boxed())) end
function steps.compare()
  if layer then
    local a, b = operands()
    emit(("return (%s) %s (%s)"):format(a, (a .. b):find "C%.%a" and "~=" or pick(comparisons), b))
  else
    emit(("return (%s) %s (%s)"):format(boxed(), pick(comparisons), boxed()))
  end
end
steps.compare2 = steps.compare
function steps.text() emit(("return tostring(%s)"):format(chance(50) and integer64() or ("ffi.new('complex', %s, %s)"):format(number(floats[2]),
  number(floats[2])))) end
function steps.sizes()
  local t = any_type(0)
  local m = t.members and pick(flat_members(t))
  emit(("return ffi.sizeof(%s), ffi.alignof(%s)"):format(quoted(t), quoted(t)) .. (m and (", ffi.offsetof(%s, '%s')"):format(quoted(t), m.name)
    or ""))
end
function steps.offset()
  local r = pick(records)
  emit(("return ffi.offsetof(%s, '%s')"):format(quoted(r), chance(90) and pick(flat_members(r)).name or "nope"))
end
function steps.is_type()
  local x = anything()
  if not x:find "^v" then emit(("return ffi.istype(%s, %s)"):format(quoted(any_type(0)), x)) end
end
function steps.same_types()
  local a, b = any_type(1), any_type(1)
  if (text(a) .. text(b)):find "%(%*" then a, b = integers[8], bool end
  emit(("return ffi.typeof(%s) == ffi.typeof(%s)"):format((quoted(a) .. "\0" .. quoted(b))
    :gsub("%f[%a]signed char", "char"):gsub("%f[%a]int8_t", "char"):gsub("long long", "long"):gsub("int64_t", "long"):gsub("ulong",
      "unsigned long"):match "^(%Z*)%z(.*)$"))
end
function steps.parameters()
  local a, b, n = any_type(1), any_type(1), random(4)
  emit(("local T = ffi.typeof('struct { $ a; $ *b; $ c[%d]; }', ffi.typeof(%s), ffi.typeof(%s), ffi.typeof(%s)) return ffi.sizeof(T), ffi.offsetof(T, 'c'), T()"):format(
    n, quoted(a), quoted(b), quoted(a)))
end
function steps.array_parameter() emit(("return ffi.typeof('$[$]', ffi.typeof(%s), %d)"):format(quoted(any_type(1)), random(5))) end
function steps.istype_of_path()
  local a, t = path()
  local b, u = path()
  local asked = any_type(0)
  local both = text(asked) .. text(t)
  if is_read_otherwise(t) or is_read_otherwise(u) or both:find "complex" or both:find "vector" or native and both:find "%(%*" then return end
  emit(("return ffi.istype(%s, %s), ffi.typeof(%s)"):format(quoted(asked), a, b))
end
function steps.pointer()
  local v = pick(variables)
  if v.type.kind == "pointer" and v.count then
    local n = random(v.count + 1) - 1
    emit(pick {
      ("return %s + %d"):format(v.name, n), ("return %d + %s"):format(n, v.name), ("return (%s + %d) - %s"):format(v.name, n, v.name),
      ("return (%s + %d) - %d"):format(v.name, n, n), ("return %s < %s + %d"):format(v.name, v.name, n), ("return %s == %s + %d"):format(v.name,
        v.name, n),
      ("return %s - (%s + %d)"):format(v.name, v.name, n), ("return %s + I(0, %d)"):format(v.name, n), ("return %s + %d.5"):format(v.name,
        math.max(n - 1, 0)),
      ("return %s + ffi.new('%s', %d)"):format(v.name, pick { "int8_t", "double", "enum e1", "uint64_t", "bool" }, n > 0 and 1 or 0),
    })
  elseif v.type.kind == "array" then
    emit(pick {
      ("return %s + %d"):format(v.name, random(v.type.count)), ("return (%s + 1) - %s"):format(v.name, v.name), ("return %s == %s"):format(v.name,
        v.name),
      ("return %s <= %s + 1"):format(v.name, v.name), ("return %s - %s"):format(v.name, v.name),
    })
  else
    steps.pointers()
  end
end
steps.pointer2 = steps.pointer
function steps.pointers()
  local a, b = pick(variables), pick(variables)
  emit(("return %s %s %s"):format(a.name, a.shown == b.shown and pick { "==", "<", "<=", "-", "~=" } or pick { "==", "~=" }, b.name))
end
function steps.copy()
  local a, b = pick(variables), pick(variables)
  local size = math.min(a.bytes, b.bytes)
  if size == 0 or a.floats ~= b.floats or a.pointers or b.pointers or a.constant or b.constant then return end
  emit(("ffi.copy(%s, %s, %d) return %s"):format(a.name, b.name, random(size), a.shown))
end
function steps.copy_text()
  local v, i = pick(variables), random(#S)
  if v.constant then return end
  if v.bytes > #S[i] and not v.pointers then
    emit(("ffi.copy(%s, S[%d]%s) return %s"):format(v.name, i, chance(50) and ", " .. random(#S[i] + 1) or "", v.shown))
  end
end
function steps.fill()
  local v = pick(variables)
  if v.constant then return end
  if v.bytes > 0 then emit(("ffi.fill(%s, %d%s) return %s"):format(v.name, v.pointers and v.bytes or random(v.bytes), chance(70) and ", " ..
    pick { "0", "1", v.floats and "2" or "255", v.floats and "63" or "-1", "300", "65.5" } or "", v.shown)) end
end
function steps.string()
  local v = pick(variables)
  if v.bytes > 0 and not v.pointers then emit(("return ffi.string(%s, %d)"):format(v.name, v.type.kind == "pointer" and 1 or random(v.bytes))) end
end
function steps.string_of_text()
  local i = random(#S)
  emit(("return ffi.string(ffi.new('%s[20]', S[%d])%s)"):format(pick { "char", "uint8_t", "const char", "int8_t", "int" }, i, chance(40) and ", " ..
    random(#S[i] + 1) or ""))
end
-- A path that is no pointer which may be NULL.
local function object_path()
  local s, t, v = path()
  return (t.kind ~= "pointer" or s == v.name or t.to.kind == "function") and s or v.name
end
function steps.member() emit(("return (%s).%s"):format(object_path(), pick { "nope", "re", "im", "m1", "free", "set" })) end
function steps.write_member() emit(("%s.%s = 1 return 'written'"):format(object_path(), pick { "nope", "re", "im", "free" })) end
function steps.key()
  emit(("return (%s)[%s]"):format(object_path(), pick { "nil", "true", "{}", "'x'", "print", "ffi.new('int *')", "S[1]", "'0'" }))
end
local calls = {
  { "abs", integers[8] }, { "labs", integers[10] }, { "llabs", integers[12] }, { "toupper", integers[8] }, { "fabs", floats[2] }, { "floor",
    floats[2] }, { "fabsf", floats[1] },
  { "ldexp", floats[2], integers[1] }, { "pow", floats[2], floats[2] },
}
function steps.call()
  local c = pick(calls)
  local arguments = {}
  for i = 2, #c do arguments[#arguments + 1] = chance(70) and number(c[i]) or value(c[i]) end
  if c[1] == "toupper" then arguments = { pick { "97", "ffi.new('char', 98)", "65.7", "I(0, 99)", "true", "nil", "'x'" } } end
  if chance(5) then arguments[#arguments + 1] = "1" end
  if chance(5) then arguments[#arguments] = nil end
  emit(("return C.%s(%s)"):format(c[1], table.concat(arguments, ", ")))
end
function steps.call_text()
  local v = pick(variables)
  if v.constant or v.pointers then return end
  local n = v.type.kind == "pointer" and 1 or math.max(v.bytes, 1)
  emit(pick {
    ("return C.strlen(S[%d])"):format(random(#S)), ("return C.strcmp(S[%d], S[%d]) %s"):format(random(#S), random(#S), layer and "== 0" or "< 0"),
    ("return C.memcmp(%s, %s, %d)"):format(v.name, v.name, n), ("return C.strlen(%s)"):format(pick { "5", "true", "{}", "print", "ffi.new('int[2]')",
      "ffi.new('struct opaque *')" }),
    "return C.strtol('123abc', nil, 10), C.strtoull('18446744073709551615', nil, 10), C.strtol('-9223372036854775808', nil, 10)",
    ("C.memset(%s, %s, %d) return %s"):format(v.name, pick { "0", "7", v.floats and "64" or "255", "I(0, 3)" }, v.pointers and v.bytes or n, v.shown),
    ("return C.memchr(%s, %d, %d)"):format(v.name, random(3) - 1, n), ("return C.memcpy(%s, %s, %d)"):format(v.name, v.name, n),
  })
end
function steps.variadic()
  local formats = {
    { "%d", "ffi.new('int', -5)", "ffi.new('int8_t', 200)", "ffi.new('uint16_t', 65535)", "true", "ffi.new('enum e2', -3)", "ffi.new('char', 65)",
      "ffi.new('bool', 1)" },
    { "%s", "S[2]", "S[3]", "ffi.new('char[5]', 'hi')", "ffi.cast('const char *', S[4])" },
    { "%g", "0.5", "-1e300", "nan ~= nan and 1.25", "ffi.new('float', 0.25)", "ffi.new('double', 2)" },
    { "%lld", "I(0, 5)", "I(4294967295, 4294967295)", "ffi.new('long', -3)" }, { "%llu", "U(4294967295, 4294967295)" }, { "%p", "nil",
      "ffi.cast('void *', 4096)" },
    { "%c", "ffi.new('char', 66)", "ffi.new('int', 67)" }, { "%x", "ffi.new('uint32_t', 4294967295)" },
  }
  local format, arguments = "", ""
  for _ = 1, random(4) do
    local f = pick(formats)
    format, arguments = format .. f[1] .. "|", arguments .. ", " .. f[1 + random(#f - 1)]
  end
  emit(("local to = ffi.new('char[99]') local n = C.snprintf(to, 99, '%s'%s) return n, ffi.string(to)"):format(format, arguments))
end
function steps.sort()
  local t = pick { integers[8], integers[2], floats[2], integers[12] }
  local list = {}
  for i = 1, random(6) do list[i] = number(t):gsub("nan", "1") end
  emit(("local a = ffi.new('%s[%d]', { %s }) local f = ffi.cast('int (*)(const void *, const void *)', function(p, q) local x, y = ffi.cast('%s *', p)[0], ffi.cast('%s *', q)[0] " ..
    "return x < y and -1 or x > y and 1 or 0 end) C.qsort(a, %d, %d, f) f:free() return a"):format(t.name, #list, table.concat(list, ", "), t.name,
      t.name, #list, t.size))
end
function steps.callback()
  local f = function_type()
  local arguments = {}
  for i, p in ipairs(f.parameters) do
    arguments[i] = chance(75) and (p.kind == "pointer" and pick { "nil", "ffi.cast('void *', 4096)", "ffi.cast('int *', 16)" } or number(p))
      or value(p)
    if p.kind == "pointer" and arguments[i]:find "^{" then arguments[i] = "nil" end
  end
  local result = f.result.kind == "void" and "nil" or (native or chance(75)) and (f.result.kind == "pointer" and "nil" or number(f.result))
    or value(f.result)
  emit(("local got local f = ffi.cast('%s', function(...) got = show { n = select('#', ...), ... } return %s end) " ..
    "local r = { pcall(f, %s) } f:free() return got, r[1], show(r[1] and r)"):format(text(pointer(f)), result, #arguments > 0
      and table.concat(arguments, ", ") or "nil")
    :gsub("pcall%(f, nil%)", #arguments > 0 and "%0" or "pcall(f)"))
end
function steps.bits()
  local f = pick { "band", "bor", "bxor", "bnot", "lshift", "rshift", "arshift", "rol", "ror", "bswap", "tobit", "tohex" }
  local function one() return chance(60) and integer64() or chance(50) and pick { "5", "-1", "2^31", "2^32+7", "1.5", "0" } or boxed() end
  local b = f:find "shift" or f == "rol" or f == "ror"
  local x, y = one(), one()
  if (x .. y):find "U" or (x .. y):find "unsigned long" or (x .. y):find "uint64_t" or (x .. y):find "size_t" then x, y = x:gsub("^%-1$", "9"),
    y:gsub("^%-1$", "9") end
  emit(("return bit.%s(%s%s)"):format(f, x, b and ", " .. pick { "0", "1", "5", "31", "32", "33", "63", "64", "I(0, 3)" } or f:find "^b[^ns]"
    and ", " .. y or ""))
end
function steps.reference()
  local s, t, v = path()
  if t.kind == "pointer" and s == v.name then t = t.to end
  if t.members or t.kind == "array" then emit(("return ffi.cast('%s', %s)"):format(text(t, t.kind == "array" and "(&)" or "&"), s)) end
end
function steps.meta()
  emit(("return %s"):format(pick {
    "M(1) + 2", "2 + M(1)", "M(3) - M(4)", "M(1) * ffi.new('int', 2)", "I(0, 5) / M(2)", "-M(7)", "#M(8)", "M(1) .. 'x'", "'x' .. M(2)", "M(1)(2, 3)",
      "M(4).double",
    "M(4).n", "M(1) == M(1)", "M(1) == M(2)", "M(1) < M(2)", "M(1) <= M(1)", "M(5).other", "M(5):method(6)", "tostring(M(9))",
      "ffi.new('struct meta', 3).n", "M(1, 2)", "M()",
    "ffi.new('struct meta[2]', {{4}, {5}})[1].double", "ffi.cast('struct meta *', ffi.new('struct meta', 6)).double", "M(1) % 5", "M(2) ^ 3",
    "ffi.cast('struct meta *', ffi.new('struct meta', 6)) + 1 ~= 0", "(function() local m = M(1) m.fresh = 5 return log end)()", "M('x')", "M({ 7 })",
      "M { n = 8 }",
    "ffi.istype(M, M(1))", "M == ffi.typeof('struct meta')", "(function() local m = M(1) m.n = 9 return m.n end)()",
      "ffi.cast('struct meta *', nil) == ffi.new('void *')",
    "M(1) + nil", "M(1) .. nil", "{} .. M(1)", "M(1) + 'y'", "M(1).n + M(2)", "M(1)[5]", "M(1)[M]",
  }))
end
function steps.by_object()
  local v = pick(variables)
  if v.constant or has_const(v.type) then return end
  emit(pick {
    ("return ffi.new(%s)"):format(v.name), ("return ffi.new(ffi.typeof(%s)%s)"):format(v.name, initialisers(v.type)),
      ("return ffi.sizeof(%s), ffi.alignof(%s)"):format(v.name, v.name),
    ("return ffi.istype(%s, %s), ffi.istype(ffi.typeof(%s), %s)"):format(v.name, v.name, v.name, v.name),
    ("return ffi.typeof(%s) == ffi.typeof(ffi.typeof(%s))"):format(v.name, v.name),
      ("return ffi.typeof('const $ *', ffi.typeof(%s))()"):format(v.type.members and v.name or "'int'"),
    ("return ffi.typeof('$[2]', ffi.typeof(%s))()"):format(v.name), ("return ffi.typeof('$ *', ffi.typeof(%s))(nil)"):format(v.name),
    ("return ffi.cast(ffi.typeof('$ *', ffi.typeof(%s)), %s)"):format(v.name, v.name), ("return ffi.sizeof(ffi.typeof(%s))"):format(v.name),
  })
end
-- Pointers in objects, followed.
function steps.follow()
  local v = pick(variables)
  if v.constant or has_const(v.type) then return end
  local made = ("local p = ffi.new('%s', { %s })"):format(text(pointer(v.type), "[1]"), v.type.kind == "array"
    and ("ffi.cast(%s, %s)"):format(quoted(pointer(v.type)), v.name) or v.name)
  if v.type.kind == "pointer" then made = ("local p = ffi.new('%s', { %s })"):format(text(v.type, "[1]"), v.name) end
  local t = v.type.kind == "pointer" and v.type.to or v.type
  if t.members then
    local m = pick(flat_members(t))
    if is_read_otherwise(m.type) then return end
    emit(("%s return p[0].%s, p[0][0].%s, p, ffi.typeof(p[0]), p[0] == %s"):format(made, m.name, m.name, v.name))
  elseif t.kind == "array" then
    emit(("%s return p[0][0], p[0][0][0], ffi.typeof(p[0][0]), #tostring(p) > 0"):format(made))
  else
    emit(("%s return p[0], p[0][0], p[0] + 1 - p[0]"):format(made))
  end
end
-- A struct whose last member has as many elements as an object is given.
function steps.open_struct()
  local t = pick { pick(integers), floats[2], pick(records), pointer(void), bool, array(integers[2], 3) }
  local open = chance(70) and "?" or ""
  local n = random(4)
  local kinds = {}
  for i = 1, n do kinds[i] = t end
  local list = table.concat(list_text(kinds, 1), ", ")
  if list:find "^{" or #kinds == 1 or list:find "nil" or not list:find "," then list = "" end
  local declared = ("struct { %s; %s; }"):format(text(pick(integers), "n"), text(t, ("data[%s]"):format(open)))
  if open == "" then return emit(("local T = ffi.typeof('%s') return ffi.sizeof(T), ffi.offsetof(T, 'data'), ffi.alignof(T), T(5).n"):format(declared)) end
  emit(("local T = ffi.typeof('%s') local x = T(%d%s) return ffi.sizeof(T), ffi.sizeof(T, %d), ffi.sizeof(x), x.n, x.data[%d], ffi.offsetof(T, 'data')"):format(declared, n,
    chance(60) and ", 7" or "", n, n - 1))
end
function steps.constants()
  emit(("return C.%s"):format(pick { "E_A", "E_B", "E_C", "E_N", "E_M", "E_BIG", "E_U", "K_ONE", "K_MINUS", "K_CHAR", "nothing_at_all" }))
  if chance(30) then emit(("C.%s = 5 return 'written'"):format(pick { "E_A", "K_ONE", "nothing_at_all" })) end
end
function steps.enum_texts()
  local e = pick { "enum e1", "enum e2", "enum e3" }
  local name = pick { "E_A", "E_B", "E_C", "E_N", "E_M", "E_BIG", "E_U", "nope", "" }
  emit(pick {
    ("return ffi.new('%s', '%s')"):format(e, name), ("return ffi.cast('%s', '%s')"):format(e, name),
      ("local a = ffi.new('%s[2]', '%s') return a"):format(e, name),
    ("return tonumber(ffi.new('%s', '%s'))"):format(e, name), ("return ffi.new('%s[2]', { '%s', '%s' })"):format(e, name, pick { "E_A", "E_N",
      "E_U" }),
    layer and ("return ffi.new('%s', 5) == '%s'"):format(e, name) or ("return ffi.new('int', ffi.new('%s', '%s'))"):format(e, name),
    layer and ("return ffi.new('%s', %s) < '%s'"):format(e, pick { "0", "6" }, name) or ("return ffi.new('%s', 1) + ffi.new('%s', '%s')"):format(e, e,
      name),
  })
end
function steps.layer()
  if not layer then return end
  emit(pick {
    ("return ('%%d %%x %%05d %%-8.3u %%o'):format(%s, %s, %s, %s, %s)"):format(integer64(), integer64(), integer64(), integer64(), integer64()),
      ("return ('%%s|%%i'):format(%s, %s)"):format(integer64(), integer64()),
    ("local n = 0 for i = %s, %s do n = n + i if n > 100 then break end end return n"):format(pick { "1", "I(0, 1)", "5LL" }, pick { "3", "7LL",
      "U(0, 4)" }),
    ("return %s == nil, nil ~= %s"):format(pick(variables).name, pick(variables).name),
      ("return ffi.new('void *') == nil, ffi.new('%s *') == %s"):format("int", pick { "nil", "0", "ffi.new('char *')" }),
    ("return tostring(%s), type(%s)"):format(integer64(), pick(variables).name), ("return not %s, %s and 1 or 2"):format(boxed(), boxed()),
    ("return math.floor(tonumber(%s))"):format(boxed()), ("local t = {} t[%s] = 1 return next(t) ~= nil, #t"):format(integer64()),
    ("return select('#', ipairs(%s))"):format(pick(variables).name), ("return (pcall(pairs, %s))"):format(pick(variables).name),
      ("return rawequal(%s, %s)"):format(pick(variables).name, pick(variables).name),
    ("return tonumber(%s), tonumber(%s, 10)"):format(boxed(), "'17'"), ("return (%s) .. ''"):format(integer64()),
      ("return bit.tohex(%s), bit.band(%s, 0xff)"):format(integer64(), integer64()),
    ("return %s < 1, 2 <= %s, %s == 7"):format(integer64(), integer64(), integer64()), ("return math.max(1, tonumber(%s))"):format(boxed()),
  })
end
-- Finalisers, constructors and metatables that are tables.
function steps.class()
  local t = pick { pick(integers), floats[2], bool }
  local made = ("local log = {} local T = ffi.metatype('struct { %s; }', { __index = { twice = function(o) return tonumber(o.n) * 2 end, kind = 'k' }, " ..
    "__new = function(ct, ...) log[#log + 1] = select('#', ...) return ffi.new(ct, ...) end, __gc = function(o) log[#log + 1] = 'gc' end })"):format(text(t, "n"))
  local x = t.kind == "bool" and "true" or pick(not_negative)
  emit(made .. pick {
    (" local o = T(%s) return o.kind, o.nope, #log"):format(x), (" local o = T({ %s }) return o.n, log[1]"):format(x),
      " do local o = T() end collectgarbage() collectgarbage() return log[1], log[2]",
    (" local o = ffi.new(T, %s) return #log, o.kind"):format(x),
      " local o = T() ffi.gc(o, nil) o = nil collectgarbage() collectgarbage() return log[2]",
    " local o = ffi.gc(T(), function() log[#log + 1] = 'mine' end) o = nil collectgarbage() collectgarbage() return log[1], log[2], log[3]",
    " local a = ffi.typeof('$[2]', T)() return a[0].kind, ffi.cast(ffi.typeof('$ *', T), a)[1].kind, #log",
      (" local o = T(%s) return (pcall(function() o.kind = 1 end))"):format(x),
    native and " return #log" or " return (pcall(ffi.metatype, T, {}))", " return T == T, ffi.typeof(T()) == T, ffi.istype(T, T())",
  })
end
-- Types as text.
function steps.type_text()
  local t = any_type(0)
  local n = random(8)
  local word = n == 1 and "volatile " or n == 2 and "const volatile " or n == 3 and "const " or ""
  if n == 4 then t = pointer(const(pointer(t))) elseif n == 5 then t = pointer(pointer(function_type())) elseif n == 6 then t = array(pointer(array(t,
    2)), 3) end
  if has(t, "vector") then t = integers[8] end
  if t.kind ~= "int" and t.kind ~= "float" and t.kind ~= "bool" then word = "" end
  local other = pick { "unsigned long int", "long unsigned", "short int", "int long long", "long int unsigned long", "char const",
    "const char *const *", "int const *", "signed", "unsigned",
    "long double", "struct opaque *", "void *(*)(void)", "int (*(*)(int))(void)", "uint8_t (*)[3]", "float *[2][3]", "enum e1 (*)(enum e2)",
      "const struct meta *", "int &", "const int &",
    "struct meta &", "int (&)[3]", "ptrdiff_t", "ssize_t", "intptr_t", "uintptr_t", "int32_t", "uint64_t", "int8_t", "_Bool", "__int64",
      "unsigned __int32", "complex", "float complex",
    "double _Complex", "int[]", "int[?]", "char[2][?]", "int[0]", "void", "int()", "void *[3]", "volatile int *volatile", "wchar_t", "nothing_at_all",
      "int int", "", "*",
    "int (", "enum e1", "enum nothing", "struct opaque" }
  if chance(40) then emit(("return ffi.typeof(%q)"):format(other)) else emit(("return ffi.typeof('%s%s')"):format(word, text(t))) end
end
-- Pointers into the middle of arrays, and pointers of different types.
function steps.middle()
  local v = pick(variables)
  if v.type.kind ~= "array" and not (v.type.kind == "pointer" and v.count) or v.constant then return end
  local count = v.count or v.type.count
  local to = v.type.of or v.type.to
  if is_read_otherwise(to) then return end
  local n = random(count + 1) - 1
  local i = random(count) - 1
  local other = pick { "char *", "const void *", "void *", "int *", "uint32_t *", "double *", "enum e1 *", "void **" }
  emit(pick {
    ("local p = %s + %d return p[%d], p - %s, %s - p"):format(v.name, n, i - n, v.name, v.name),
      ("local p = %s + %d return (p - %d)[%d]"):format(v.name, n, n, i),
    ("local p = %s + %d return p == %s, p > %s, p >= %s, %s < p"):format(v.name, n, v.name, v.name, v.name, v.name),
    ("return ffi.cast('%s', %s) == %s"):format(other, v.name, v.name), ("return ffi.cast('%s', %s) < %s + 1"):format(other, v.name, v.name),
    ("return (%s + %d) - ffi.cast('%s', %s)"):format(v.name, n, other, v.name), ("return ffi.cast('%s', %s) == ffi.cast('%s', %s + %d)"):format(other,
      v.name, other, v.name, n),
    ("return ffi.cast('%s', %s) + 1"):format(other, v.name), ("return %d - (%s + 0)"):format(n, v.name), ("return (%s + 0) * 2"):format(v.name),
      ("return -(%s + 0)"):format(v.name),
    ("return (%s + 0) + (%s + 0)"):format(v.name, v.name), ("return (%s + 0) %% 2"):format(v.name),
      ("return ffi.cast('uintptr_t', %s + %d) - ffi.cast('uintptr_t', %s)"):format(v.name, n, v.name),
    ("return tonumber(ffi.cast('intptr_t', %s + %d) - ffi.cast('intptr_t', %s))"):format(v.name, n, v.name), ("return (%s + 0) ^ 2"):format(v.name),
    ("return ffi.istype('%s', %s), ffi.istype('%s', %s + 0)"):format(other, v.name, other, v.name), ("return ffi.new('%s', %s + %d)"):format(other,
      v.name, n),
    ("return %s + ffi.new('int *')"):format(v.name), ("return %s + nil"):format(v.name), ("return %s + 'x'"):format(v.name),
      ("return %s - {}"):format(v.name),
  })
end
-- Which metamethod is called, and with what. One operand is a cdata: what two values of Lua do is not Ferry's.
function steps.dispatch()
  local function one() return pick { "M(1)", "M(2)", "N(3)", "N(4)", "ffi.cast('struct meta *', keep_m)", "ffi.cast('struct other *', keep_n)", "5",
    "0.5", "nil", "'x'", "I(0, 6)", "U(0, 7)", "T", "{}",
    "ffi.new('int', 8)", "true", "ffi.new('enum e1', 1)", "ffi.new('void *')", "print", "ffi.cast('int *', 16)", "ffi.new('int[2]')",
      "ffi.new('struct opaque *')", "keep_m", "keep_n" } end
  local a, b = pick { "M(1)", "N(2)", "keep_m", "keep_n", "ffi.cast('struct meta *', keep_m)", "ffi.cast('struct other *', keep_n)" }, one()
  if chance(50) then a, b = b, a end
  local n = random(10)
  if n <= 6 then emit(("return (%s) %s (%s)"):format(a, pick { "+", "-", "*", "/", "%", "^", ".." }, b))
  elseif n == 7 then
    if not layer or a == "true" or a == "nil" or a == "'x'" or a == "5" or a == "0.5" then a, b = pick { "M(1)", "N(2)", "keep_m", "keep_n" },
      pick { "M(1)", "N(2)", "keep_m", "keep_n", "ffi.cast('struct meta *', keep_m)" } end
    emit(("return (%s) %s (%s)"):format(a, pick(comparisons), b))
  else
    local o = pick { "M(1)", "N(2)", "keep_m", "ffi.cast('struct meta *', keep_m)", "ffi.cast('struct other *', keep_n)" }
    emit(pick { "return -(%s)", "return #(%s)", "return (%s)(1, 2)", "return (%s).n", "return (%s).nope", "return (%s):twice()",
      "(%s).nope = 5 return log", "(%s).n = 5 return 'written'",
      "return (%s)[0]", "return (%s)[I(0, 0)]", "return (%s)[0.5]", "return (%s)['n']", "return (%s)[true]", "return ffi.typeof(%s)",
        "return (%s).kind", "return tostring(%s) ~= nil" }:format(o))
  end
end
function steps.unary_of_path()
  local s, t = path()
  if t.kind == "float" or t.kind == "complex" or t.kind == "int" or is_read_otherwise(t) or t.kind == "pointer" or t.kind == "vector" then return end
  emit(pick { "return -(%s)", "return #(%s)", "return (%s) .. 'x'", "return (%s)(1)", "return tonumber(%s)", "return bit.bnot(%s)",
    "return (%s) + 1" }:format(s))
end
return steps
