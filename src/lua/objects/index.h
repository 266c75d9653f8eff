// Reading and writing members and elements of cdata, and the same events of ctypes.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// Sets __index and __newindex of the cdata metatable on top: hot paths first, then the general functions. (access.cpp)
void set_index_events(lua_State* L, State* st);

// The events in general: NULL and bounds checks, the metatype where C has nothing of that name, every error.
int l_general_index(lua_State* L);
int l_general_newindex(lua_State* L);
int l_ctype_index(lua_State* L);
int l_ctype_newindex(lua_State* L);
// Sets __call of the metatable of ctypes, on top. (new.cpp)
void set_constructor(lua_State* L, State* st);

// After an access in general: notes in the type of `cd` what the hot paths need for the next one. `record`: whose
// members it has. (access.cpp)
void learn_members(State* st, const CData* cd, const TypeInfo* record);
void learn_elements(State* st, const CData* cd);

}  // namespace ferry::lua
