// In a state with checked pointers (ferry.restrict): how far Lua may reach from an address.
#pragma once

#include "lua/state/cdata.h"
#include "lua/state/restrict.h"
#include "lua/state/state.h"

namespace ferry::lua {

// An answer of reach(): the bytes are there, but hold pointers, over which no other bytes are written.
inline constexpr uint64_t kPointerBytes = kUnknownBytes - 1;

// Bytes from `address` on that the cdata at idx, a pointer or what lies in memory, may reach as objects of the type
// `element`; null: as bytes, `writing` says for what. kUnknownBytes: the memory is C's, and C alone knows. Where an
// object holds pointers, only what is declared at that place is reached, as what it is declared.
uint64_t reach(lua_State* L, State* st, int idx, const void* address, TypeInfo* element, bool writing);

// Raises unless an object of the type may be reached at `address` by the pointer at idx, whose value is `value`. Of
// memory that is C's, that is the one object that C's declaration says is there.
void require_reach(lua_State* L, State* st, int idx, const void* value, const void* address, TypeInfo* element);

// Raises where `count` elements are so many bytes that an address wraps around.
void require_distance(lua_State* L, State* st, int idx, int64_t count, uint64_t size);

// Bytes of a trailing or open array at `address`, a member in memory of the cdata at idx: what is declared, if the
// object is not known to have more.
uint64_t reach_of_member(lua_State* L, State* st, int idx, const void* address, TypeInfo* array);

// Raises where `value`, which the cdata at idx gives as a pointer, is known to point to no whole object of the type.
// Whoever got it back from C could reach what is not there.
void require_pointee(lua_State* L, State* st, int idx, const void* value, TypeInfo* pointee);

// Raises unless the pointer at idx may become one to `address`: within the object, or just behind it.
void require_within(lua_State* L, State* st, int idx, const void* value, const void* address);

// Whether C itself, without a cast, takes a pointer to `source` for one to `target`, which are compatible: not where
// `void *` becomes something, or an array without a length gets one.
bool is_same_pointee(State* st, TypeId target, TypeId source);

}  // namespace ferry::lua
