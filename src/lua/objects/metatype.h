// Metatables of cdata: the built-in ones by kind, the real ones of metatyped ctypes, and the dispatch of an event to
// the user's metatype.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// Makes the built-in metatables; once per state. The State userdata is at index `self`.
void make_metatables(lua_State* L, State* st, int self);
// Replaces every function in every metatable by one that refuses: from now on the state is closed.
void neutralise_metatables(lua_State* L, State* st);

// ffi.metatype: sets (nil at `table`: removes) the metatype of `type`.
void set_metatype(lua_State* L, State* st, TypeId type, int table);

// Pushes metatype[event] of the cdata (not ctype) at idx; false (nothing pushed) if there is none.
bool push_metamethod(lua_State* L, State* st, int idx, const char* event);

// If argument 1 or 2 is a cdata whose metatype has `event`: calls it with the first nargs arguments, leaves nresults
// (or LUA_MULTRET) results on top, true.
bool call_metatype(lua_State* L, State* st, const char* event, int nargs, int nresults);

// Gives the fresh object on top its metatype's __gc, if there is one.
void attach_metatype_gc(lua_State* L, State* st, TypeInfo* info);
// Sets the metatable of the cdata at idx to the variant with __gc (same behaviour otherwise).
void use_gc_metatable(lua_State* L, State* st, int idx, TypeInfo* info);

}  // namespace ferry::lua
