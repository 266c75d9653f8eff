// Which C types the arguments behind `...` have in one call.
#pragma once

#include "lua/calls/call_info.h"

namespace ferry::lua {

// printf("%d %s ...") with many kinds of arguments makes a shape each; beyond this many every call makes its own, so
// that formats made up at run time cannot grow memory without bound. Shapes are never replaced: finalisers run while a
// call is being prepared, and may make calls of the same type.
inline constexpr size_t kMaxShapes = 64;
// Arguments behind `...`; far beyond any C caller's practice, bounds the shape's memory.
inline constexpr int kMaxVarargs = 4000;

// The shape of this call (null for extra 0, which is checked against a format too): `extra` arguments on top of the
// stack are behind the `...`; `first` is the index of the call's first argument. Raises for arguments that have no C
// type, and for mismatches with a format string. A shape that is not kept is pushed: it lives as long as it stays on
// the stack.
const VarargShape* vararg_shape(lua_State* L, State* st, TypeInfo* type, const char* name, int first, int extra);

// The type by which an argument that is declared as `info` travels behind `...`: by value, after C's promotions.
TypeInfo* declared_vararg(State* st, TypeInfo* info);
// The shape with these types, whatever the arguments will be; lives as long as the function type. Raises where the back
// end has no call for it. `name`: the function's, for the message; may be null.
const VarargShape* declared_shape(lua_State* L, State* st, TypeInfo* type, const char* name, TypeInfo* const* types,
                                  int count);

// The metatable of shapes that are not kept.
void make_shape_metatable(lua_State* L, State* st);

}  // namespace ferry::lua
