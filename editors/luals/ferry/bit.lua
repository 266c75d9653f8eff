---@meta ferry.bit
-- LuaJIT's `bit`: 32-bit operations on numbers, 64-bit ones on cdata.

---@class ffi.bit
local bit = {}

---The lowest 32 bits as a signed number.
---@param x integer|ffi.cdata
---@return integer
function bit.tobit(x) end

---Complement.
---@param x integer|ffi.cdata
---@return integer
function bit.bnot(x) end

---Bytes in reverse order.
---@param x integer|ffi.cdata
---@return integer
function bit.bswap(x) end

---Hexadecimal digits: 8, or 16 of cdata, if not said; capital letters if n is negative.
---@param x integer|ffi.cdata
---@param n? integer
---@return string
function bit.tohex(x, n) end

---@param x integer|ffi.cdata
---@param ... integer|ffi.cdata
---@return integer
function bit.band(x, ...) end

---@param x integer|ffi.cdata
---@param ... integer|ffi.cdata
---@return integer
function bit.bor(x, ...) end

---@param x integer|ffi.cdata
---@param ... integer|ffi.cdata
---@return integer
function bit.bxor(x, ...) end

---@param x integer|ffi.cdata
---@param n integer
---@return integer
function bit.lshift(x, n) end

---@param x integer|ffi.cdata
---@param n integer
---@return integer
function bit.rshift(x, n) end

---@param x integer|ffi.cdata
---@param n integer
---@return integer
function bit.arshift(x, n) end

---@param x integer|ffi.cdata
---@param n integer
---@return integer
function bit.rol(x, n) end

---@param x integer|ffi.cdata
---@param n integer
---@return integer
function bit.ror(x, n) end

return bit
