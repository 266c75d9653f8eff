-- LuaFileSystem's interface by ljsyscall, whose checkout is beside the program's.
package.path = package.path .. ";../ljsyscall/?.lua;../ljsyscall/?/init.lua"
return require "syscall.lfs"
