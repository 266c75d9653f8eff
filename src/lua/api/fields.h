// Fields of the tables that functions of the module give.
#pragma once

#include <string_view>

#include "lua/host/compat.h"

namespace ferry::lua {

// Sets a field of the table on top.
inline void set_text(lua_State* L, const char* field, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
  lua_setfield(L, -2, field);
}

}  // namespace ferry::lua
