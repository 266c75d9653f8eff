// Initialisers: tables and argument lists for arrays, records, complex numbers and vectors.
#pragma once

#include "lua/values/write.h"

namespace ferry::lua {

// ffi.new's initialisers: arguments first..last for a fresh zeroed object of `size` bytes at `address`. `place`: of the
// first argument, for messages about the whole object.
void initialise(lua_State* L, State* st, TypeInfo* info, void* address, uint64_t size, int first, int last, int owner,
                const Place& place);

// Table -> record or array of `size` bytes, which has been cleared.
void write_table(lua_State* L, State* st, TypeInfo* info, void* address, uint64_t size, int idx, const Place& place,
                 const TargetOwner& keep, unsigned mode);

}  // namespace ferry::lua
