// The functions of the module, by file. All have the State as first upvalue.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// Every library function begins with this.
inline State* open_call(lua_State* L);

// new.cpp
int l_new(lua_State* L);
int l_constructor(lua_State* L);
int l_cast(lua_State* L);
// lib_types.cpp
int l_cdef(lua_State* L);
int l_typeof(lua_State* L);
int l_sizeof(lua_State* L);
int l_alignof(lua_State* L);
int l_offsetof(lua_State* L);
int l_istype(lua_State* L);
int l_metatype(lua_State* L);
int l_gc_set(lua_State* L);
int l_eval(lua_State* L);
int l_debug(lua_State* L);
// lib_memory.cpp
int l_string(lua_State* L);
int l_copy(lua_State* L);
int l_fill(lua_State* L);
// lib_bulk.cpp
int l_totable(lua_State* L);
int l_fromtable(lua_State* L);
// ffi.copy(array, table): array at 1, table at 2.
int copy_from_table(lua_State* L, State* st);
// lib_values.cpp
int l_errno(lua_State* L);
int l_tonumber(lua_State* L);
int l_type(lua_State* L);
int l_i64(lua_State* L);
int l_u64(lua_State* L);
int l_addressof(lua_State* L);
int l_isnull(lua_State* L);
int l_toretval(lua_State* L);
int l_abi(lua_State* L);
int l_checked(lua_State* L);

}  // namespace ferry::lua

#include "lua/state/raise.h"

namespace ferry::lua {
inline State* open_call(lua_State* L) {
  State* st = state_of(L);
  if (st->closed()) raise_closed(L);
  return st;
}

// A count or length argument: a number or an integer cdata. False: negative. Raises for other types; `hidden` arguments
// in front are not counted.
bool count_argument(lua_State* L, State* st, int arg, uint64_t* count, int hidden = 0);
// The same; a negative one is an error.
uint64_t check_count(lua_State* L, State* st, int arg, int hidden = 0);
// The byte size of a variable-size type with `count` elements in its last array; false if too large.
bool variable_type_size(State* st, TypeInfo* info, uint64_t count, uint64_t* size);
}  // namespace ferry::lua
