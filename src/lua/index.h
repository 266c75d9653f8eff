// Reading and writing members and elements of cdata, and the same events of ctypes.
#pragma once

#include "lua/state.h"

namespace ferry::lua {

int l_record_index(lua_State* L);  // __index of plain records: member first
int l_index(lua_State* L);         // __index of everything
int l_newindex(lua_State* L);
int l_ctype_index(lua_State* L);
int l_ctype_newindex(lua_State* L);
int l_construct(lua_State* L);  // __call of a ctype (new.cpp)

}  // namespace ferry::lua
