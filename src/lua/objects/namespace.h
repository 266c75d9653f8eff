// Library namespaces: ffi.C and what ffi.load returns. A namespace is a table in which functions are kept on first
// use; variables and the rest go through its metatable every time.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// ffi.load(name, global): pushes the namespace. Raises with the loader's own message.
int l_load(lua_State* L);
// Pushes the namespace of the program itself (ffi.C).
void push_program_namespace(lua_State* L, State* st);

// ffi.addressof(lib, "name") for a namespace at idx: pushes a pointer to the global; raises. False: idx is no
// namespace.
bool push_symbol_address(lua_State* L, State* st, int idx, int name);

// After a cdef: functions that were declared anew are looked up again on their next use.
void drop_redeclared(lua_State* L, State* st);
// The same for functions that ferry.restrict has not left.
void drop_restricted(lua_State* L, State* st);

void make_namespace_metatables(lua_State* L, State* st);

}  // namespace ferry::lua
