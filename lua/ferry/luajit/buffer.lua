-- The module string.buffer of LuaJIT: a queue of bytes in C memory, and its serialised form of Lua values.
local ffi = require "ferry.core"
local text, raw_type = ffi.run_time.text, ffi.type
local char, byte, sub, concat, floor = string.char, string.byte, string.sub, table.concat, math.floor
local copy, cstring = ffi.copy, ffi.string
local bytes = ffi.typeof "uint8_t[?]"
local pointer = ffi.typeof "uint8_t *"
local kLeast = 32

local buffer, methods = {}, {}
local meta = { __metatable = "buffer" }
-- Of a buffer: memory, size, first and last (its contents are the bytes from first up to last), dict, metatable.
local states = setmetatable({}, { __mode = "k" })

local function bad(n, name, what) error(("bad argument #%d to '%s' (%s)"):format(n, name, what), 3) end

local function state_of(b, name)
  local s = states[b]
  if not s then
    error(("bad argument #1 to '%s' (buffer expected, got %s)"):format(name, b == nil and "no value" or raw_type(b)), 3)
  end
  return s
end

local function number(value, n, name, least)
  if raw_type(value) ~= "number" then
    local converted = ffi.tonumber(value)
    if not converted then error(("bad argument #%d to '%s' (number expected, got %s)"):format(n, name, value == nil and "no value" or raw_type(value)), 3) end
    value = converted
  end
  if value < (least or 0) or value > 0x7fffff00 then error(("bad argument #%d to '%s' (number out of range)"):format(n, name), 3) end
  return floor(value)
end

-- Room for `more` bytes behind the contents.
local function make_room(s, more)
  local length = s.last - s.first
  if s.memory and s.last + more <= s.size then return end
  if s.memory and length + more <= s.size and s.first >= length then
    copy(s.memory, s.memory + s.first, length)
  else
    local size = s.size > kLeast and s.size or kLeast
    while size < length + more do size = size * 2 end
    local memory = bytes(size)
    if length > 0 then copy(memory, s.memory + s.first, length) end
    s.memory, s.size = memory, size
  end
  s.first, s.last = 0, length
end

local function append(s, value)
  local length = #value
  if length == 0 then return end
  if not s.memory or s.last + length > s.size then make_room(s, length) end
  copy(s.memory + s.last, value, length)
  s.last = s.last + length
end

local function contents(s)
  if s.last == s.first then return "" end
  return cstring(s.memory + s.first, s.last - s.first)
end

local function text_of(value, n, name)
  local kind = raw_type(value)
  if kind == "string" then return value end
  if kind == "number" then return text(value) .. "" end
  if states[value] then return contents(states[value]) end
  local mt = debug.getmetatable(value)
  local f = kind == "cdata" and ffi.run_time.metamethod(value, "__tostring") or type(mt) == "table" and kind ~= "cdata" and mt.__tostring
  if f then return tostring(value) end
  error(("bad argument #%d to '%s' (string/number/__tostring expected, got %s)"):format(n, name, kind), 3)
end

function methods.put(b, ...)
  local s = state_of(b, "put")
  for i = 1, select("#", ...) do append(s, text_of((select(i, ...)), i + 1, "put")) end
  return b
end

function methods.putf(b, ...)
  append(state_of(b, "putf"), string.format(...))
  return b
end

function methods.putcdata(b, data, length)
  local s = state_of(b, "putcdata")
  if raw_type(data) ~= "cdata" then bad(2, "putcdata", "cdata expected, got " .. raw_type(data)) end
  length = number(length, 3, "putcdata")
  make_room(s, length)
  copy(s.memory + s.last, data, length)
  s.last = s.last + length
  return b
end

function methods.set(b, data, length)
  local s = state_of(b, "set")
  if raw_type(data) == "cdata" then
    length = number(length, 3, "set")
    -- No copy: the memory is the caller's, until something is written.
    s.memory, s.size, s.first, s.last, s.keep = ffi.cast(pointer, data), length, 0, length, data
  else
    s.memory, s.size, s.first, s.last = nil, 0, 0, 0
    append(s, text_of(data, 2, "set"))
  end
  return b
end

function methods.reserve(b, size)
  local s = state_of(b, "reserve")
  make_room(s, number(size, 2, "reserve"))
  return ffi.cast(pointer, s.memory) + s.last, s.size - s.last
end

function methods.commit(b, used)
  local s = state_of(b, "commit")
  used = number(used, 2, "commit")
  if used > s.size - s.last then bad(2, "commit", "number out of range") end
  s.last = s.last + used
  return b
end

local function take(s, count)
  local there = s.last - s.first
  if count > there then count = there end
  local result = count == 0 and "" or cstring(s.memory + s.first, count)
  s.first = s.first + count
  if s.first == s.last then s.first, s.last = 0, 0 end
  return result
end

function methods.get(b, ...)
  local s = state_of(b, "get")
  local count = select("#", ...)
  if count == 0 then return take(s, s.last - s.first) end
  local results = {}
  for i = 1, count do
    local wanted = select(i, ...)
    results[i] = take(s, wanted == nil and s.last - s.first or number(wanted, i + 1, "get"))
  end
  return (unpack or table.unpack)(results, 1, count)
end

function methods.skip(b, count)
  local s = state_of(b, "skip")
  count = number(count, 2, "skip")
  local there = s.last - s.first
  s.first = s.first + (count < there and count or there)
  if s.first == s.last then s.first, s.last = 0, 0 end
  return b
end

function methods.reset(b)
  local s = state_of(b, "reset")
  s.first, s.last = 0, 0
  return b
end

function methods.free(b)
  local s = state_of(b, "free")
  s.memory, s.size, s.first, s.last, s.keep = nil, 0, 0, 0, nil
  return b
end

function methods.ref(b)
  local s = state_of(b, "ref")
  if not s.memory then make_room(s, kLeast) end
  return ffi.cast(pointer, s.memory) + s.first, s.last - s.first
end

function methods.tostring(b) return contents(state_of(b, "tostring")) end

meta.__index = methods
meta.__tostring = methods.tostring
meta.__len = function(b)
  local s = states[b]
  return s.last - s.first
end
meta.__concat = function(a, b) return tostring(a) .. tostring(b) end
meta.__newindex = function() error("attempt to index a buffer value", 2) end

-- A userdata: on 5.1, tables have no __len.
local newproxy = newproxy or ffi.run_time.newproxy
local first = newproxy(true)
do
  local of_first = debug.getmetatable(first)
  for event, f in pairs(meta) do of_first[event] = f end
end

-- Serialised values. Little-endian; sizes up to 0xdf take a byte, up to 0x1fdf two, else five.
local kMaxDepth = 100
local scratch = ffi.new "union { double number; int64_t i64; uint64_t u64; uint8_t bytes[8]; struct { double re, im; } z; uint8_t both[16]; uint32_t u32; }"
local is_little = ffi.abi "le"

local function eight() -- the bytes of `scratch`, the lowest first
  local result = cstring(scratch.bytes, 8)
  return is_little and result or result:reverse()
end
local function set_eight(data, at)
  local part = sub(data, at, at + 7)
  copy(scratch.bytes, is_little and part or part:reverse(), 8)
end

local function size_text(n)
  if n < 0xe0 then return char(n) end
  if n < 0x1fe0 then
    n = n - 0xe0
    return char(0xe0 + floor(n / 256), n % 256)
  end
  return char(0xff, n % 256, floor(n / 256) % 256, floor(n / 65536) % 256, floor(n / 16777216) % 256)
end

-- Positions of the dictionaries' entries.
local function positions(list)
  local result = {}
  for i, value in ipairs(list or {}) do result[value] = i end
  return result
end

local function number_text(out, value)
  if math.type and math.type(value) == "integer" and (value > 2 ^ 53 or value < -2 ^ 53) then
    scratch.i64 = value -- LuaJIT has such numbers in boxes only
    out[#out + 1] = "\16" .. eight()
    return
  end
  scratch.number = value
  if value ~= value then
    out[#out + 1] = "\7\0\0\0\0\0\0\248\255"
  else
    out[#out + 1] = "\7" .. eight()
  end
end

local encode_value

local function encode_table(out, t, s, depth)
  if depth > kMaxDepth then error("serialized object is nested too deep", 0) end
  if s.metatables then
    local mt = debug.getmetatable(t)
    local index = mt and s.metatable_positions[mt]
    if index then out[#out + 1] = "\14" .. size_text(index - 1) end
  end
  local most, count, others = 0, 0, 0
  local has_zero = rawget(t, 0) ~= nil
  for key in next, t do
    if type(key) == "number" and key >= 1 and key == floor(key) then
      count = count + 1
      if key > most then most = key end
    elseif key ~= 0 then
      others = others + 1
    end
  end
  -- A list, also with holes, as long as most of it is there.
  local is_list = most > 0 and most <= 2 * count and most < 2 ^ 26
  if not is_list then
    most, others = 0, others + count
    if has_zero then others, has_zero = others + 1, false end
  end
  local elements = is_list and (has_zero and most + 1 or most + 1) or 0
  if elements == 0 then
    out[#out + 1] = others == 0 and "\8" or "\9" .. size_text(others)
  elseif has_zero then
    out[#out + 1] = (others == 0 and "\10" or "\11") .. size_text(elements)
  else
    out[#out + 1] = (others == 0 and "\12" or "\13") .. size_text(elements)
  end
  if elements > 0 then
    if others > 0 then out[#out + 1] = size_text(others) end
    for i = has_zero and 0 or 1, most do encode_value(out, rawget(t, i), s, depth + 1) end
  end
  if others == 0 then return end
  for key, value in next, t do
    if not (is_list and type(key) == "number" and key >= (has_zero and 0 or 1) and key == floor(key)) then
      local index = type(key) == "string" and s.dict_positions[key]
      if index then out[#out + 1] = "\15" .. size_text(index - 1) else encode_value(out, key, s, depth + 1) end
      encode_value(out, value, s, depth + 1)
    end
  end
end

function encode_value(out, value, s, depth)
  local kind = raw_type(value)
  if kind == "string" then
    out[#out + 1] = size_text(#value + 0x20)
    out[#out + 1] = value
  elseif kind == "number" then
    number_text(out, value)
  elseif kind == "boolean" then
    out[#out + 1] = value and "\2" or "\1"
  elseif kind == "nil" then
    out[#out + 1] = "\0"
  elseif kind == "table" and not states[value] then
    encode_table(out, value, s, depth)
  elseif kind == "cdata" and ffi.istype("int64_t", value) then
    scratch.i64 = value
    out[#out + 1] = "\16" .. eight()
  elseif kind == "cdata" and ffi.istype("uint64_t", value) then
    scratch.u64 = value
    out[#out + 1] = "\17" .. eight()
  elseif kind == "cdata" and ffi.istype("complex", value) then
    scratch.number = value.re
    out[#out + 1] = "\18" .. eight()
    scratch.number = value.im
    out[#out + 1] = eight()
  elseif kind == "cdata" and ffi.isnull(value) then
    out[#out + 1] = "\3"
  elseif kind == "userdata" and tostring(value):match "0?x?0+$" then
    out[#out + 1] = "\3"
  else
    error("cannot serialize '" .. (kind == "cdata" and tostring(ffi.typeof(value)) or kind) .. "'", 0)
  end
end

local function need(data, at, count)
  if at + count - 1 > #data then error("unexpected end of buffer", 0) end
end

local function read_size(data, at)
  need(data, at, 1)
  local n = byte(data, at)
  if n < 0xe0 then return n, at + 1 end
  if n < 0xff then
    need(data, at, 2)
    return (n - 0xe0) * 256 + byte(data, at + 1) + 0xe0, at + 2
  end
  need(data, at, 5)
  local a, b, c, d = byte(data, at + 1, at + 4)
  return a + b * 256 + c * 65536 + d * 16777216, at + 5
end

local decode_value

local function decode_list(data, at, t, first, last, s)
  if last - first + 1 > #data - at + 1 then error("unexpected end of buffer", 0) end
  for i = first, last do
    t[i], at = decode_value(data, at, s)
  end
  return at
end

local function decode_pairs(data, at, t, count, s)
  for _ = 1, count do
    local key, value
    key, at = decode_value(data, at, s)
    value, at = decode_value(data, at, s)
    if key == nil or key ~= key then error("serialized object has a wrong key", 0) end
    t[key] = value
  end
  return at
end

local function decode_table(data, at, tag, s)
  local t, elements, others = {}, 0, 0
  if tag >= 10 then elements, at = read_size(data, at) end
  if tag == 9 or tag == 11 or tag == 13 then others, at = read_size(data, at) end
  if tag == 10 or tag == 11 then
    at = decode_list(data, at, t, 0, elements - 1, s)
  elseif tag >= 12 then
    at = decode_list(data, at, t, 1, elements - 1, s)
  end
  return t, decode_pairs(data, at, t, others, s)
end

function decode_value(data, at, s)
  local tag
  tag, at = read_size(data, at)
  if tag >= 0x20 then
    local length = tag - 0x20
    need(data, at, length)
    return sub(data, at, at + length - 1), at + length
  elseif tag == 7 then
    need(data, at, 8)
    set_eight(data, at)
    return scratch.number, at + 8
  elseif tag == 0 then
    return nil, at
  elseif tag <= 2 then
    return tag == 2, at
  elseif tag == 3 then
    return ffi.cast("void *", 0), at
  elseif tag == 4 or tag == 5 then
    local size = tag == 4 and 4 or 8
    need(data, at, size)
    scratch.u64 = 0
    set_eight(size == 8 and data or sub(data, at, at + 3) .. "\0\0\0\0", size == 8 and at or 1)
    return ffi.cast("void *", ffi.cast("uintptr_t", scratch.u64)), at + size
  elseif tag == 6 then
    need(data, at, 4)
    local a, b, c, d = byte(data, at, at + 3)
    local n = a + b * 256 + c * 65536 + d * 16777216
    return n >= 2 ^ 31 and n - 2 ^ 32 or n, at + 4
  elseif tag <= 13 then
    return decode_table(data, at, tag, s)
  elseif tag == 14 then
    local index
    index, at = read_size(data, at)
    local mt = s.metatables and s.metatables[index + 1]
    if not mt then error("bad dictionary index " .. index, 0) end
    tag, at = read_size(data, at)
    if tag < 8 or tag > 13 then error("serialized object is no table", 0) end
    local t
    t, at = decode_table(data, at, tag, s)
    return setmetatable(t, mt), at
  elseif tag == 15 then
    local index
    index, at = read_size(data, at)
    local value = s.dict and s.dict[index + 1]
    if value == nil then error("bad dictionary index " .. index, 0) end
    return value, at
  elseif tag == 16 or tag == 17 then
    need(data, at, 8)
    set_eight(data, at)
    return ffi.new(tag == 16 and "int64_t" or "uint64_t", tag == 16 and scratch.i64 or scratch.u64), at + 8
  elseif tag == 18 then
    need(data, at, 16)
    set_eight(data, at)
    local re = scratch.number
    set_eight(data, at + 8)
    return ffi.new("complex", re, scratch.number), at + 16
  end
  error(("bad serialization tag 0x%02x"):format(tag), 0)
end

local plain = { dict_positions = {}, metatable_positions = {} }

local function encoded(value, s)
  local out = {}
  encode_value(out, value, s, 1)
  return concat(out)
end

-- Errors are those of the function that the program called.
local function protect(f, ...)
  local ok, a, b = pcall(f, ...)
  if not ok then error(a, 3) end
  return a, b
end

function methods.encode(b, value)
  local s = state_of(b, "encode")
  append(s, (protect(encoded, value, s)))
  return b
end

function methods.decode(b)
  local s = state_of(b, "decode")
  local data = contents(s)
  local value, at = protect(decode_value, data, 1, s)
  methods.skip(b, at - 1)
  return value
end

function buffer.encode(value) return (protect(encoded, value, plain)) end

function buffer.decode(data)
  if states[data] then data = contents(states[data]) end
  if type(data) ~= "string" then bad(1, "decode", "string expected, got " .. raw_type(data)) end
  local value, at = protect(decode_value, data, 1, plain)
  if at <= #data then error("left-over data in buffer", 2) end
  return value
end

function buffer.new(size, options)
  if type(size) == "table" then size, options = nil, size end
  options = options or {}
  local s = { size = 0, first = 0, last = 0, dict = options.dict, metatables = options.metatable,
    dict_positions = positions(options.dict), metatable_positions = positions(options.metatable) }
  if size then
    size = number(size, 1, "new")
    if size > 0 then make_room(s, size) end
  end
  local b = newproxy(first)
  states[b] = s
  return b
end

return buffer
