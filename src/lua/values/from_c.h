// C -> C: a cdata's value converted to another C type, and the rules for pointers.
#pragma once

#include "lua/state/cdata.h"
#include "lua/values/write.h"

namespace ferry::lua {

// Whether a pointer (or array, record, function) of type `source` may become a pointer of type `target` without a cast:
// LuaJIT's rules. ignore_quals: for istype.
bool pointer_compatible(State* st, TypeId target, TypeId source, bool ignore_quals);

// Where a cdata points: arrays, records and functions: their address; pointers: the value. References are followed.
// False for anything else.
bool pointer_value(State* st, CData* cd, void** out, TypeId* pointee);

// C value of type `source` at `from` -> target. `idx`: the cdata it came from (for anchors and messages).
void write_from_c(lua_State* L, State* st, TypeInfo* info, void* address, TypeInfo* source, const void* from, int idx,
                  const Place& place, const Keeper& keep, unsigned mode);

}  // namespace ferry::lua
