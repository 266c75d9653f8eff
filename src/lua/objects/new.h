// Objects from types: ffi.new, the constructor of ctypes, ffi.cast.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

int l_new(lua_State* L);
int l_constructor(lua_State* L);
int l_cast(lua_State* L);
int l_own_cast(lua_State* L);  // which ferry.restrict leaves to the host

// Sets __call of the metatable of ctypes, on top.
void set_constructor(lua_State* L, State* st);

// A count or length argument: a number or an integer cdata. False: negative. Raises for other types; `hidden` arguments
// in front are not counted.
bool count_argument(lua_State* L, State* st, int arg, uint64_t* count, int hidden = 0);
// The same; a negative one is an error.
uint64_t check_count(lua_State* L, State* st, int arg, int hidden = 0);
// The byte size of a variable-size type with `count` elements in its last array; false if too large.
bool variable_type_size(State* st, TypeInfo* info, uint64_t count, uint64_t* size);
}  // namespace ferry::lua
