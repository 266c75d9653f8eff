// C -> C: a cdata's value converted to another C type, and the rules for pointers.
#pragma once

#include "lua/state/cdata.h"
#include "lua/values/write.h"

namespace ferry::lua {

// What may be dropped of what a pointer points to: nothing, qualifiers of the first level (istype, order, differences),
// all.
enum class Qualifiers { kept, first_ignored, ignored };

// Whether a pointer (or array, record, function) of type `source` may become a pointer of type `target` without a cast:
// LuaJIT's rules.
bool pointer_compatible(State* st, TypeId target, TypeId source, Qualifiers qualifiers);

// Where the C object of type `info` at `at` points: arrays, records and functions: their address; pointers: the value.
// False for anything else.
bool pointer_value(const TypeInfo* info, void* at, void** out, TypeId* pointee);
// The same for a cdata. References are followed.
inline bool pointer_value(State* st, CData* cd, void** out, TypeId* pointee) {
  TypeInfo* info;
  void* at = resolve_nullable(st, cd, &info);
  return pointer_value(info, at, out, pointee);
}

// A cdata's value -> target. It is no NULL reference (require_object).
void write_from_c(lua_State* L, State* st, TypeInfo* info, void* address, const Source& object, const Place& place,
                  const TargetOwner& keep, unsigned mode);

}  // namespace ferry::lua
