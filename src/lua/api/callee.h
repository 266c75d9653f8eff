// Arguments of the module's functions that are C functions.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

struct VarargShape;

struct Callee {
  TypeInfo* type = nullptr;
  void* address = nullptr;
  NameId name = kNoName;
  const VarargShape* declared = nullptr;  // what stands behind `...`, if that was said beforehand
};

// The C function that argument 1 calls or points to. Raises for anything else.
Callee check_callee(lua_State* L, State* st);

}  // namespace ferry::lua
