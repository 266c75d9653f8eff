-- Values that specs need and that no literal of portable Lua can write: 64-bit integers, null tests,
-- addresses. Works the same on LuaJIT's ffi and on every Lua.
local ffi = require "ffi"
local V = {}

local H = require "spec_helper"
local is_luajit = H.is_luajit
local words = ffi.new "union { uint32_t w[2]; int64_t i; uint64_t u; }"
local low = ffi.abi "le" and 0 or 1

-- The two 32-bit halves of a decimal or 0x number of any size, modulo 2^64.
local function halves(text)
  local negative, digits = text:match "^(%-?)(.+)$"
  local base = 10
  if digits:match "^0[xX]" then
    base, digits = 16, digits:sub(3)
  end
  local hi, lo = 0, 0
  for d in digits:gmatch "%x" do
    lo = lo * base + tonumber(d, 16)
    local carry = math.floor(lo / 4294967296)
    lo = lo % 4294967296
    hi = (hi * base + carry) % 4294967296
  end
  if negative == "-" then
    lo = 4294967296 - lo
    hi = 4294967295 - hi
    if lo == 4294967296 then
      lo, hi = 0, (hi + 1) % 4294967296
    end
  end
  return hi, lo
end

-- Boxed int64_t / uint64_t of a text: V.i64 "-9223372036854775808", V.u64 "0xffffffffffffffff".
function V.i64(text)
  words.w[1 - low], words.w[low] = halves(text)
  return ffi.new("int64_t", words.i)
end
function V.u64(text)
  words.w[1 - low], words.w[low] = halves(text)
  return ffi.new("uint64_t", words.u)
end

-- Is it a null pointer? PUC Lua cannot ask `p == nil`.
function V.isnull(p)
  if is_luajit then return p == nil end
  return ffi.isnull(p)
end

-- The address that a pointer or aggregate has, as a number (user space fits a double).
function V.addr(p) return tonumber(ffi.cast("uintptr_t", ffi.cast("void *", p))) end

-- Reference to a value of a portable chunk: `code` compiled only where its syntax exists, else nil.
function V.chunk(code) return (loadstring or load)(code) end

-- pcall that must fail; the message.
function V.message(fn, ...)
  local ok, message = pcall(fn, ...)
  if ok then error("no error was raised", 2) end
  return tostring(message)
end

-- The text names everything in the list (plain search).
function V.names(fn, list, ...)
  local message = V.message(fn, ...)
  for _, text in ipairs(list) do
    if not message:find(text, 1, true) then
      error(("the error names no %q: %s"):format(text, message), 2)
    end
  end
  return message
end

-- The file at `path` has this text from now on; what text it has.
function V.write_file(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end
function V.read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

-- Runs a chunk with the same interpreter in a process of its own; its exit succeeded?, what it wrote.
function V.child(code)
  return H.script(("package.path = %q\npackage.cpath = %q\n%s"):format(package.path, package.cpath, code))
end

return V
