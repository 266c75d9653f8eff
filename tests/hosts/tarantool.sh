# Tarantool, a store; its procedures are Lua, LuaJIT within the program, whose own ffi stays what it is.
packages=tarantool
command=tarantool
run() { tarantool "$program"; }
