rockspec_format = "3.0"
package = "ferry"
version = "scm-1"
-- `luarocks make` builds the checkout that it is run in; a release's rockspec has the address of its tarball here
-- (tools/dist.sh).
source = {
   url = "file://.",
}
description = {
   summary = "The C FFI for every Lua: paste C declarations, call C functions, use C data",
   detailed = [[
Ferry is the FFI of LuaJIT and of luaffifb for the reference Lua, 5.1 to 5.5: `require "ffi"`, C declarations as they stand in
headers, structs by value, Lua functions as callbacks. Needs CMake and a C++20 compiler to build; uses asmjit and libffi where
they are installed, and does without them.
]],
   license = "MIT",
   labels = { "ffi", "binding", "c" },
}
supported_platforms = { "linux" }
dependencies = {
   "lua >= 5.1, < 5.6",
}
build = {
   type = "cmake",
   variables = {
      CMAKE_BUILD_TYPE = "Release",
      FERRY_TESTS = "OFF",
      FERRY_INSTALL_DEVEL = "OFF",
      FERRY_INSTALL_LMOD = "$(LUADIR)",
      FERRY_INSTALL_CMOD = "$(LIBDIR)",
      FERRY_INSTALL_BIN = "$(BINDIR)",
      LUA_INCDIR = "$(LUA_INCDIR)",
   },
}
