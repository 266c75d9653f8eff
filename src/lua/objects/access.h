// The hot paths of reading and writing members and elements.
#pragma once

#include "lua/state/cdata.h"
#include "lua/state/state.h"

namespace ferry::lua {

// Sets __index and __newindex of the cdata metatable on top: hot paths first, then the general functions.
void set_index_events(lua_State* L, State* st);

// After an access in general: notes in the type of `cd` what the hot paths need for the next one. `record`: whose
// members it has.
void learn_members(State* st, const CData* cd, const TypeInfo* record);
void learn_elements(State* st, const CData* cd);

}  // namespace ferry::lua
