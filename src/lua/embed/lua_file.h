// One of the module's Lua files, as cmake/embed_lua.cmake writes them for open.cpp.
#pragma once

#include <cstddef>

namespace ferry::lua {

struct LuaFile {
  const char* module;  // the name that `require` finds it by
  const char* chunk;   // what messages call it
  const unsigned char* text;
  size_t length;
};

}  // namespace ferry::lua
