// Arguments for parameters that are transparent unions.
#pragma once

#include "lua/values/write.h"

namespace ferry::lua {

// A parameter of a transparent union takes what any of its members takes (GNU C): the first that does. The union
// itself is no address of it. False: the type is none, or no member takes the value.
bool write_transparent(lua_State* L, State* st, TypeInfo* info, void* address, const Source& from, const Place& place,
                       const TargetOwner& keep, unsigned mode);

}  // namespace ferry::lua
