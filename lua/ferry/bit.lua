-- LuaJIT's bit library for every Lua version, 64-bit cdata included.
return require("ferry").bit
