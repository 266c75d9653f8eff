// Calls of C functions from Lua: the slow path, which takes every argument.
#pragma once

#include "call/backend.h"
#include "lua/state/raise.h"
#include "lua/state/state.h"

namespace ferry::lua {

struct VarargShape;

// Calls with the arguments from stack index `first` to the top. Returns the number of results pushed. `name` is for
// messages and may be null. `declared`: what stands behind `...`, if that was said beforehand.
int call_c(lua_State* L, State* st, TypeInfo* type, call::CFunction function, const char* name, int first,
           const VarargShape* declared = nullptr);

// Converts the value at idx to the C type and writes it to `slot` as an Invoker's argument. `number` and `name` are for
// messages.
void convert_argument(lua_State* L, State* st, TypeInfo* info, void* slot, int idx, int number, const char* name);

// Extends an integer of the type to 64 bits in place: what argument and result slots hold.
void widen_slot(const TypeInfo* info, void* slot);

}  // namespace ferry::lua
