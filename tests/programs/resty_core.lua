-- lua-resty-core outside of nginx: its modules load, and with them all that they declare; what is not nginx's works.
local ffi = require "ffi"
local nginx = ffi.load("./nginx.so", true) -- nginx's functions, which do nothing
ffi.cdef "typedef unsigned char u_char;"
local noop = function() end
ngx = {
  config = { subsystem = "http", ngx_lua_version = 10030, nginx_version = 1025003, debug = false, prefix = noop }, log = noop,
  ALERT = 1, ERR = 2, WARN = 3, NOTICE = 4, INFO = 5, DEBUG = 6, OK = 0, ERROR = -1, AGAIN = -2, DONE = -4, DECLINED = -5,
  worker = {}, shared = {}, req = {}, header = {}, resp = {}, re = {}, timer = {}, thread = {}, socket = {}, get_phase = noop, null = {},
}
ndk = {}
local loaded = 0
for _, name in ipairs(arg) do
  local ok, why = pcall(require, name)
  if ok then loaded = loaded + 1 else print("FAILED " .. name .. ": " .. tostring(why):match "[^\n]*") end
end
local base = require "resty.core.base"
local buffer, size = base.get_string_buf(100), base.get_size_ptr()
size[0] = 7
assert(buffer ~= nil and size[0] == 7 and base.get_string_buf_size() == 4096)
assert(base.ref_in_table({}, "x") == 1)
print((nginx and loaded) .. " of " .. #arg .. " passed")
