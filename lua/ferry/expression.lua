-- Runs C expressions that the parser has made trees of (ferry.headers.expression): each node becomes a function of the
-- arguments. What a C value is here: integers of up to 32 bits and floating-point numbers up to double are Lua numbers,
-- wider ones boxed cdata, `char *` of literals, complex numbers and all other pointers cdata, records references.
local ffi = require "ferry.core"
local atomic = require "ferry.atomic"
local builtins = require "ferry.builtins"
local bit, tonumber, type, floor = ffi.bit, ffi.tonumber, ffi.type, math.floor

local i64, u64, uintptr = ffi.typeof "int64_t", ffi.typeof "uint64_t", ffi.typeof "uintptr_t"
local chars, const_chars = ffi.typeof "char *", ffi.typeof "const char *"
local pointer_types = {}

local function pointer_to(ct)
  local key = tostring(ct)
  local pointer = pointer_types[key]
  if not pointer or pointer.ct ~= ct then
    pointer = { ct = ct, pointer = ffi.typeof("$ *", ct) }
    pointer_types[key] = pointer
  end
  return pointer.pointer
end

local function is_integer(t) return t.class == "integer" or t.class == "bool" end
local function wide(t) return t.unsigned and u64 or i64 end

-- A whole number as this Lua has it.
local to_integer = math.tointeger or floor

-- What reading an object of type t gives, as a value of this file.
local function normal(t, v)
  if is_integer(t) then
    if v == true then return 1 elseif v == false then return 0 end
    if t.size == 8 then return ffi.cast(wide(t), v) end
    if t.size > 8 then return ffi.cast(t.ct, v) end
    return to_integer(tonumber(v))
  elseif t.class == "floating" then
    return t.size <= 8 and tonumber(v) * 1.0 or ffi.cast(t.ct, v)
  elseif t.class == "pointer" and (v == nil or type(v) == "string") then
    return ffi.cast(t.ct, type(v) == "string" and ffi.cast(const_chars, v) or v)
  end
  return v
end

local function truth(t, v)
  if t.class == "complex" or t.class == "decimal" then return v ~= ffi.cast(t.ct, 0) end
  if is_integer(t) and t.size > 8 then return v ~= ffi.cast(t.ct, 0) end
  if is_integer(t) or t.class == "floating" then return tonumber(v) ~= 0 end
  return type(v) == "function" or tonumber(ffi.cast(uintptr, v)) ~= 0
end

-- A value of type `from` as one of type `to`.
local function convert(from, to, v)
  if to.class == "complex" or to.class == "decimal" then return ffi.cast(to.ct, v) end
  if from.class == "complex" and to.class ~= "bool" then v, from = v.re, to end
  if to.class == "bool" then return truth(from, v) and 1 or 0 end
  if is_integer(to) then
    if to.size == 8 then return ffi.cast(wide(to), v) end
    if to.size > 8 then return ffi.cast(to.ct, v) end
    if type(v) == "number" and v == floor(v) and (to.size == 4 or from.ct == to.ct) then
      if to.unsigned and v >= 0 and v < 4294967296 or not to.unsigned and v >= -2147483648 and v < 2147483648 then return to_integer(v) end
    end
    return to_integer(tonumber(ffi.cast(to.ct, v)))
  elseif to.class == "floating" then
    if to.size > 8 then return ffi.cast(to.ct, v) end
    return tonumber(to.size == 8 and v or ffi.cast(to.ct, v)) * 1.0
  elseif to.class == "pointer" then
    return ffi.cast(to.ct, v)
  elseif to.class == "void" then
    return nil
  end
  return v
end

local int = { ct = ffi.typeof "int", class = "integer", size = 4, unsigned = false }

-- --- operators on two values of one type ----------------------------------------------------------------------------

local function divide(a, b)
  if b == ffi.cast(ffi.typeof(a), 0) then error("division by zero", 0) end
  return a / b
end
-- Bits of integers beyond 64, which ffi.bit does not take: by their halves.
local lower = ffi.abi "be" and 1 or 0
local function halves(v)
  local whole = ffi.new("unsigned __int128[1]", v)
  local half = ffi.cast("uint64_t *", whole)
  return ffi.cast(u64, half[lower]), ffi.cast(u64, half[1 - lower])
end
local function joined(t, low, high)
  local whole = ffi.new "unsigned __int128[1]"
  local half = ffi.cast("uint64_t *", whole)
  half[lower], half[1 - lower] = low, high
  return ffi.cast(t.ct, whole[0])
end
local function by_halves(f)
  return function(t, a, b)
    local low_a, high_a = halves(a)
    local low_b, high_b = halves(b)
    return joined(t, f(low_a, low_b), f(high_a, high_b))
  end
end
local wide_bits = { ["&"] = by_halves(bit.band), ["|"] = by_halves(bit.bor), ["^"] = by_halves(bit.bxor) }
local function wide_not(t, v)
  local low, high = halves(v)
  return joined(t, bit.bnot(low), bit.bnot(high))
end
local function wide_shift(op, t, v, n)
  local low, high = halves(v)
  if n == 0 then return v end
  if op == "<<" then
    if n >= 64 then return joined(t, 0, bit.lshift(low, n - 64)) end
    return joined(t, bit.lshift(low, n), bit.bor(bit.lshift(high, n), bit.rshift(low, 64 - n)))
  end
  local by = t.unsigned and bit.rshift or bit.arshift
  if n >= 64 then return joined(t, by(high, n - 64), t.unsigned and 0 or by(high, 63)) end
  return joined(t, bit.bor(bit.rshift(low, n), bit.lshift(high, 64 - n)), by(high, n))
end

local arithmetic = {
  ["+"] = function(a, b) return a + b end,
  ["-"] = function(a, b) return a - b end,
  ["*"] = function(a, b) return a * b end,
  ["/"] = divide,
  ["%"] = function(a, b) return a - divide(a, b) * b end,
  ["&"] = function(a, b) return bit.band(a, b) end,
  ["|"] = function(a, b) return bit.bor(a, b) end,
  ["^"] = function(a, b) return bit.bxor(a, b) end,
}
local floating = {
  ["+"] = arithmetic["+"], ["-"] = arithmetic["-"], ["*"] = arithmetic["*"], ["/"] = function(a, b) return a / b end,
}
local compares = {
  ["=="] = function(a, b) return a == b end,
  ["!="] = function(a, b) return a ~= b end,
  ["<"] = function(a, b) return a < b end,
  [">"] = function(a, b) return b < a end,
  ["<="] = function(a, b) return a <= b end,
  [">="] = function(a, b) return b <= a end,
}

local function shift(op, t, a, n)
  n = tonumber(n)
  if n < 0 or n >= t.size * 8 then error("a shift by " .. n, 0) end
  if t.size > 8 then return wide_shift(op, t, ffi.cast(t.ct, a), n) end
  a = ffi.cast(wide(t), a)
  if op == "<<" then a = bit.lshift(a, n) elseif t.unsigned then a = bit.rshift(a, n) else a = bit.arshift(a, n) end
  return convert({ class = "integer", size = 8 }, t, a)
end

-- a op b for the result type t; `common`: what both operands become, nil for pointers and shifts.
local function operate(op, t, common, ta, a, tb, b)
  if op == "<<" or op == ">>" then return shift(op, t, a, b) end
  if common and common.class == "complex" then  -- a real number is none with a zero beside it: C11 G.5.1
    if op == "==" then return a == b and 1 or 0 elseif op == "!=" then return a == b and 0 or 1 end
    return convert(t, t, floating[op](a, b))
  end
  if common then
    a, b = convert(ta, common, a), convert(tb, common, b)
    if compares[op] then return compares[op](a, b) and 1 or 0 end
    if common.class == "floating" or common.class == "decimal" then return convert(common, t, floating[op](a, b)) end
    if common.size > 8 and wide_bits[op] then return wide_bits[op](t, a, b) end
    if common.size < 8 then a, b = ffi.cast(i64, a), ffi.cast(i64, b) end
    return convert({ class = "integer", size = 8 }, t, arithmetic[op](a, b))
  end
  if compares[op] then
    return compares[op](ffi.cast(u64, ffi.cast(uintptr, a)), ffi.cast(u64, ffi.cast(uintptr, b))) and 1 or 0
  end
  if is_integer(ta) then a = to_integer(tonumber(a)) end
  if is_integer(tb) then b = to_integer(tonumber(b)) end
  return normal(t, op == "+" and a + b or a - b)
end

-- --- nodes --------------------------------------------------------------------------------------------------------------

local value, object_address, object, slot, checked, is_atomic
local expression = {}

local function operands(node, lib)
  local list = {}
  for i, operand in ipairs(node) do list[i] = value(operand, lib) end
  return list
end

-- Functions by kind of node: (node, lib) -> function(arguments) -> value.
local compile = {}

function compile.unsupported(node) error(node.text, 0) end

function compile.constant(node)
  local v
  if node.type.class == "complex" then v = ffi.new(node.type.ct, 0, node.value)
  elseif node.type.class == "pointer" then v = ffi.cast(node.type.ct, ffi.cast(u64, node.value)) else v = normal(node.type, node.value) end
  return function() return v end
end

function compile.argument(node)
  local i, t = node.integer + 1, node.type
  return function(arguments) return normal(t, arguments[i]) end
end

-- An object of a block that is not in memory.
compile["local"] = function(node)
  local number = node.integer + 1
  return function(frame) return frame[number] end
end

function compile.result(node, lib)
  if not expression.result then require "ferry.statement" end
  return expression.result(node, lib)
end

function compile.unary(node, lib)
  local operand, from, t, op = value(node[1], lib), node[1].type, node.type, node.text
  if op == "!" then return function(arguments) return truth(from, operand(arguments)) and 0 or 1 end end
  if op == "+" then return function(arguments) return convert(from, t, operand(arguments)) end end
  if op == "__real__" or op == "__imag__" then
    local part = op == "__real__" and "re" or "im"
    if from.class ~= "complex" then part = nil end
    return function(arguments)
      local v = operand(arguments)
      if part then v = v[part] elseif op == "__imag__" then v = 0 end
      return convert(t, t, v)
    end
  end
  if t.class == "complex" then
    return function(arguments)
      local v = operand(arguments)
      if op == "-" then return convert(t, t, -v) end
      return ffi.new(t.ct, v.re, -v.im)
    end
  end
  if op == "~" then
    if t.size > 8 then return function(arguments) return wide_not(t, convert(from, t, operand(arguments))) end end
    return function(arguments) return convert(t, t, bit.bnot(ffi.cast(wide(t), convert(from, t, operand(arguments))))) end
  end
  return function(arguments)
    local v = convert(from, t, operand(arguments))
    if is_integer(t) and t.size < 8 then v = ffi.cast(i64, v) end
    return convert(t, t, -v)
  end
end

function compile.binary(node, lib)
  local left, right = value(node[1], lib), value(node[2], lib)
  local op, t, common, tl, tr = node.text, node.type, node.common, node[1].type, node[2].type
  return function(arguments) return operate(op, t, common, tl, left(arguments), tr, right(arguments)) end
end

function compile.logical(node, lib)
  local left, right, tl, tr = value(node[1], lib), value(node[2], lib), node[1].type, node[2].type
  if node.text == "&&" then
    return function(arguments) return truth(tl, left(arguments)) and truth(tr, right(arguments)) and 1 or 0 end
  end
  return function(arguments) return (truth(tl, left(arguments)) or truth(tr, right(arguments))) and 1 or 0 end
end

function compile.conditional(node, lib)
  local list, t, tc = operands(node, lib), node.type, node[1].type
  local condition, yes, no = list[1], list[2], list[#list]
  local ty, tn = node[2].type, node[#node].type
  return function(arguments)
    local c = condition(arguments)
    if not truth(tc, c) then return convert(tn, t, no(arguments)) end
    if #list == 2 then return convert(tc, t, c) end
    return convert(ty, t, yes(arguments))
  end
end

function compile.comma(node, lib)
  local left, right = value(node[1], lib), value(node[2], lib)
  return function(arguments)
    left(arguments)
    return right(arguments)
  end
end

function compile.cast(node, lib)
  local operand, from, to = value(node[1], lib), node[1].type, node.type
  return function(arguments) return convert(from, to, operand(arguments)) end
end

function compile.call(node, lib)
  local list, fixed, t = operands(node, lib), node.integer, node.type
  return function(arguments)
    local given = {}
    for i = 2, #list do
      local v, ta = list[i](arguments), node[i].type
      if fixed >= 0 and i - 1 > fixed and is_integer(ta) then v = ffi.cast(ta.ct, v) end
      given[i - 1] = v
    end
    local f = list[1](arguments)
    return normal(t, f((table.unpack or unpack)(given, 1, #list - 1)))
  end
end

local function index(lib, name) return lib[name] end

compile["function"] = function(node, lib)
  local name, from = node.text, nil
  return function()
    if not from then
      -- What a header calls is linked with the C library, also where the library that it is of does without.
      local elsewhere = not pcall(index, lib, name) and pcall(index, ffi.C, name)
      from = elsewhere and ffi.C or lib
    end
    return from[name]
  end
end

function compile.address(node, lib)
  if node[1].kind == "function" then return value(node[1], lib) end
  local address, t = object_address(node[1], lib), node.type
  return function(arguments) return ffi.cast(t.ct, (address(arguments))) end
end

-- What is stored in one is not what was given, but what is left of it.
local function is_bit_field(node) return node.kind == "member" and node.to > 0 end

function compile.assign(node, lib)
  local target, right, tr = slot(node[1], lib), value(node[2], lib), node[2].type
  local t, op, common = node.type, node.text:sub(1, -2), node.common
  local own = node[1].type
  if is_atomic(node[1]) then
    local address = checked(object_address(node[1], lib))
    return function(arguments)
      local v = right(arguments)
      local at = address(arguments)
      if op == "" then
        v = convert(tr, t, v)
        atomic.run("store", own, at, v)
        return v
      end
      local _, new = atomic.update(own, at, function(old)
        return convert(common or t, t, operate(op, common or t, common, t, normal(t, old), tr, v))
      end)
      return new
    end
  end
  local is_bits = is_bit_field(node[1])
  return function(arguments)
    local v = right(arguments)
    local container, key = target(arguments)
    if op ~= "" then v = operate(op, common or t, common, t, normal(t, container[key]), tr, v) end
    v = convert(op ~= "" and (common or t) or tr, t, v)
    container[key] = v
    if is_bits then return normal(t, container[key]) end
    return v
  end
end

function compile.step(node, lib)
  local target, t, op = slot(node[1], lib), node.type, node.text
  local common = t.class ~= "pointer" and (t.size < 4 and int or t) or nil
  local sign = (op == "++" or op == "+1") and "+" or "-"
  local is_bits = is_bit_field(node[1])
  local function next_of(old) return convert(common or t, t, operate(sign, common or t, common, t, old, int, 1)) end
  if is_atomic(node[1]) then
    local address, own = checked(object_address(node[1], lib)), node[1].type
    return function(arguments)
      local old, new = atomic.update(own, address(arguments), function(v) return next_of(normal(t, v)) end)
      if op == "++" or op == "--" then return new end
      return normal(t, old)
    end
  end
  return function(arguments)
    local container, key = target(arguments)
    local old = normal(t, container[key])
    local new = next_of(old)
    container[key] = new
    if op == "++" or op == "--" then return is_bits and normal(t, container[key]) or new end
    return old
  end
end

function compile.builtin(node, lib)
  local list, t, f = operands(node, lib), node.type, builtins[node.text]
  if node.text == "complex" then return function(arguments) return ffi.new(t.ct, list[1](arguments), list[2](arguments)) end end
  return function(arguments)
    local given = {}
    for i, operand in ipairs(list) do given[2 * i - 1], given[2 * i] = operand(arguments), node[i].type end
    local v = f((table.unpack or unpack)(given, 1, 2 * #list))
    if type(v) == "boolean" then v = v and 1 or 0 end
    return convert({ class = "integer", size = 8 }, t, v)
  end
end

function compile.atomic(node, lib)
  local list, t, of, op = operands(node, lib), node.type, node.common, node.text
  if op == "fence" then return atomic.fence end
  if op == "compare_exchange" then
    return function(arguments)
      return atomic.compare_exchange(of, list[1](arguments), list[2](arguments), list[3](arguments)) and 1 or 0
    end
  elseif op == "bool_compare_and_swap" or op == "val_compare_and_swap" then
    return function(arguments)
      local done, old = atomic.compare_and_swap(of, list[1](arguments), list[2](arguments), list[3](arguments))
      if op == "val_compare_and_swap" then return normal(of, old) end
      return done and 1 or 0
    end
  end
  return function(arguments)
    local v = atomic.run(op, of, list[1](arguments), list[2] and list[2](arguments))
    if t.class ~= "void" then return normal(of, v) end
  end
end

-- Objects: what they are (a reference for records), where they are, and what they are read and written by.

-- The address that a function of object_address gives, if what it was found from is no NULL pointer: `&((T *)0)->m` is a number, but
-- nothing is read there.
function checked(address)
  return function(arguments)
    local at, root = address(arguments)
    if root == nil then root = at end
    if ffi.isnull(root) then error("NULL pointer", 0) end
    return at
  end
end
-- A string as what ffi.new makes its array of, which has `count` elements: the text; of wide characters, which lie in the text
-- as they lie in memory, a list. One item alone would be all elements'.
local function characters(node, count)
  local t = node.object or node.type
  local size = ffi.sizeof(t.element)
  if size == 1 then return node.text end
  local array = ffi.new(t.ct)
  ffi.copy(array, node.text, #node.text)
  local list = ffi.totable(array, #node.text / size)
  if #list == 1 and count ~= 1 then list[2] = 0 end
  return list
end

local function nothing() end

-- What stores a constant bit-field, to which nobody can assign, in the record that lies at an address: its bits as an object of its
-- own has them.
local function constant_bits(ct, name)
  local strict = ffi.strict(false)
  local made, ones = pcall(ffi.new, ct, { [name] = -1 })
  ffi.strict(strict)
  if not made then error(ones, 0) end
  local size = ffi.sizeof(ct)
  local mask = ffi.string(ones, size)
  return function(at, v)
    local bytes, to = ffi.string(ffi.new(ct, { [name] = v }), size), ffi.cast("uint8_t *", at)
    for i = 1, size do
      local of = mask:byte(i)
      if of ~= 0 then to[i - 1] = bit.bor(bit.band(tonumber(to[i - 1]), bit.bnot(of)), bit.band(bytes:byte(i), of)) end
    end
  end
end

-- What stores an item of a literal of type `own` in the object `made` that begins at `bytes`: (arguments, bytes, made).
local function initialiser(item, lib, own)
  local offset, name, size = item.integer, item.text, item.type.size
  local range_at, make, put = 2, nothing, nil
  if item.kind == "clear" then
    range_at, put = 1, function(at) ffi.fill(at, size) end
  elseif item.type.class == "array" then -- of characters
    local text = item[1].text:sub(1, size)
    put = function(at) ffi.copy(at, text, #text) end
  else
    local pointer = pointer_to((name ~= "" and item.object or item.type).ct)
    make = value(item[1], lib)
    if item.common then
      put = constant_bits(item.object.ct, name)
    elseif name ~= "" then
      put = function(at, v) ffi.cast(pointer, at)[0][name] = v end
    else
      put = function(at, v) ffi.cast(pointer, at)[0] = v end
    end
  end
  if not item[range_at] then
    if item.object and item.object.ct == own and offset == 0 and not item.common then
      return function(arguments, _, made) made[name] = make(arguments) end
    end
    return function(arguments, bytes) put(bytes + offset, make(arguments)) end
  end
  local function each(at, v, k)
    local range = item[k]
    if not range then return put(at, v) end
    for i = 0, range.integer - 1 do each(at + i * range.to, v, k + 1) end
  end
  return function(arguments, bytes) each(bytes + offset, make(arguments), range_at) end
end

function object(node, lib)
  if node.kind == "argument" then
    local i = node.integer + 1
    return function(arguments) return arguments[i] end
  elseif node.kind == "local" then
    local i = node.integer + 1
    return function(frame) return frame[i] end
  elseif node.kind == "literal" then
    local t = node.object or node.type
    local ct, stores = t.ct, {}
    if t.class ~= "record" and t.class ~= "array" then ct = ffi.typeof("$[1]", ct) end
    for i, item in ipairs(node) do stores[i] = initialiser(item, lib, ct) end
    local n = #stores
    return function(arguments)
      local made = ffi.new(ct)
      local bytes = ffi.cast(chars, made)
      for i = 1, n do stores[i](arguments, bytes, made) end
      return made
    end
  elseif node.kind == "call" then
    return value(node, lib)
  elseif node.kind == "cast" or node.kind == "conditional" or node.kind == "assign" or node.kind == "comma" or node.kind == "result" then
    return value(node, lib)
  end
  local address = checked(object_address(node, lib))
  return function(arguments) return address(arguments)[0] end
end

-- Whether it is an object of a block that the frame has as cdata.
local function in_memory(node)
  local class = (node.object or node.type).class
  return node.memory or class == "record" or class == "array"
end

-- Whether the object is one of C11's, which others may use meanwhile.
function is_atomic(node)
  return atomic.is_one(node.object or node.type) and node.kind ~= "argument" and (node.kind ~= "local" or in_memory(node))
end

-- What is indexed, and with what: the operands of a[b] in their order, and which has the address. An argument stays what it is,
-- so that the length of an array or of a string counts, and so does an array of a block.
local function indexed(node, lib)
  local pointer, n = node[1], node[2]
  if pointer.type.class ~= "pointer" then pointer, n = n, pointer end
  local number = value(n, lib)
  local whole = pointer.kind == "argument" or pointer.kind == "local" and pointer.object.class == "array"
  local base = whole and object(pointer, lib)
  if pointer.kind == "string" then
    local array = ffi.new((pointer.object or pointer.type).ct, characters(pointer))
    base = function() return array end
  end
  base = base or value(pointer, lib)
  return function(arguments)
    local container, key = base(arguments), to_integer(tonumber(number(arguments)))
    if type(container) == "string" then
      if key < 0 or key > #container then error("index " .. key .. " is outside of the string", 0) end
      container = ffi.cast(const_chars, container)
    end
    return container, key
  end
end

-- (arguments) -> container, key: the object is container[key]. Evaluated once, also where it is read and written.
function slot(node, lib)
  if node.kind == "index" then return indexed(node, lib) end
  if node.kind == "member" then
    local record, name = object(node[1], lib), node.text
    return function(arguments) return record(arguments), name end
  end
  if node.kind == "local" and not in_memory(node) then
    local number = node.integer + 1
    return function(frame) return frame, number end
  end
  local address = checked(object_address(node, lib))
  return function(arguments) return address(arguments), 0 end
end

function object_address(node, lib)
  local kind, t = node.kind, node.object or node.type
  if kind == "variable" then
    local name = node.text
    return function() return ffi.addressof(lib, name) end
  elseif kind == "dereference" then
    return value(node[1], lib)
  elseif kind == "index" then
    local container = indexed(node, lib)
    return function(arguments)
      local base, n = container(arguments)
      return base + n, base
    end
  elseif kind == "member" then
    local address, offset, pointer = object_address(node[1], lib), node.integer, pointer_to(t.ct)
    return function(arguments)
      local base, root = address(arguments)
      if root == nil then root = base end
      return ffi.cast(pointer, ffi.cast(chars, base) + offset), root
    end
  elseif kind == "string" then
    -- An array of its own, as in C: who writes into it does not change a string of Lua.
    local array = ffi.new(t.ct, characters(node))
    local pointer = ffi.cast(pointer_to(t.element), array)
    return function() return pointer, array end
  elseif kind == "local" then
    local number, pointer = node.integer + 1, pointer_to(t.class == "array" and t.element or t.ct)
    return function(frame) return ffi.cast(pointer, frame[number]) end
  elseif kind == "argument" or kind == "literal" or kind == "call" or kind == "result" then
    local thing, pointer = object(node, lib), pointer_to(t.class == "array" and t.element or t.ct)
    if kind == "argument" and t.class ~= "record" and t.class ~= "array" then
      -- What lies in a cdata is the object. Lua's own values are values only.
      return function(arguments)
        local o = thing(arguments)
        if ffi.type(o) ~= "cdata" then error("a " .. type(o) .. " is a value, which has no address and cannot be assigned to", 0) end
        return ffi.cast(pointer, ffi.addressof(o))
      end
    end
    return function(arguments)
      local o = thing(arguments)
      return ffi.cast(pointer, o), o
    end
  end
  error("the address of '" .. kind .. "' cannot be taken", 0)
end

local objects = { variable = true, dereference = true, index = true, member = true, string = true, literal = true }

function value(node, lib)
  if not objects[node.kind] and not (node.kind == "local" and in_memory(node)) then
    if not compile[node.kind] then error("'" .. node.kind .. "' is no value", 0) end
    return compile[node.kind](node, lib)
  end
  local t, own = node.type, node.object or node.type
  if own.class == "array" then
    -- A macro may be the array itself.
    if node.kind == "literal" or t.class == "array" then return object(node, lib) end
    local address = checked(object_address(node, lib))
    return function(arguments) return ffi.cast(t.ct, address(arguments)) end
  elseif own.class == "function" then
    return value(node[1], lib)
  elseif own.class == "record" then
    return object(node, lib)
  end
  if is_atomic(node) then
    local address = checked(object_address(node, lib))
    return function(arguments) return normal(t, atomic.run("load", own, address(arguments))) end
  end
  local place = slot(node, lib)
  return function(arguments)
    local container, key = place(arguments)
    return normal(t, container[key])
  end
end

-- The value as Lua code gets it from a function or a member of that type.
local function given(t, v)
  if is_integer(t) and t.size == 8 then return ffi.new(t.unsigned and "uint64_t[1]" or "int64_t[1]", { v })[0] end
  if t.class == "bool" then return v ~= 0 end
  return v
end

-- Objects of blocks whose address is taken are cdata, as are those that calls share: marks them, and what names them, in a tree. `params`: what is
-- declared beside it.
function expression.mark(tree, params)
  local addressed = {}
  local function look(node)
    if node.kind == "address" and node[1].kind == "local" then addressed[node[1].integer] = true end
    if node.kind == "declare" and node.text == "static" then addressed[node.integer] = true end
    for _, operand in ipairs(node) do look(operand) end
  end
  look(tree)
  if next(addressed) == nil then return end
  local function mark(node)
    if node.kind == "local" or node.kind == "declare" then node.memory = addressed[node.integer] end
    for _, operand in ipairs(node) do mark(operand) end
  end
  mark(tree)
  for i, param in ipairs(params or {}) do param.memory = addressed[i - 1] end
end

-- value -> what the frame has of an object of a block ({ type =, memory = }) with that value; nil: with none.
function expression.store(object_of)
  local t = object_of.type
  if t.class == "record" or t.class == "array" then
    return function(v) return v == nil and ffi.new(t.ct) or ffi.new(t.ct, v) end
  elseif object_of.memory then
    local array = ffi.typeof("$[1]", t.ct)
    return function(v) return v == nil and ffi.new(array) or ffi.new(array, { v }) end
  end
  return function(v)
    if v == nil then return normal(t, ffi.new(ffi.typeof("$[1]", t.ct))[0]) end
    return v
  end
end

expression.value, expression.truth, expression.normal, expression.convert, expression.given = value, truth, normal, convert, given
expression.characters = characters

-- The function of the arguments (a list) that the tree is. Raises a text without place where it cannot be.
function expression.compile(tree, lib)
  expression.mark(tree)
  if tree.kind == "string" then
    local ct, text = (tree.object or tree.type).ct, characters(tree)
    return type(text) == "string" and function() return text end or function() return ffi.new(ct, text) end
  end
  local t = tree.type
  local run = value(tree, lib)
  return function(arguments) return given(t, run(arguments)) end
end

return expression
