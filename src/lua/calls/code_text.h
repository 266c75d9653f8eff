// How calls travel, and the native code that makes them, as text: what ffi.debug tells. Nothing here makes code that
// can run, or changes how anything is called.
#pragma once

#include "call/native/callback.h"
#include "lua/calls/c_function.h"
#include "lua/state/state.h"

namespace ferry::lua {

// Sets fields of the table on top of the stack: `plan`, `abi`, and `code` with its `bytes`, or `no_code` with the
// reason; of a variadic function `shapes`, a list of tables with the same fields. `record`: a library's function, or
// null for calls of pointers to `fn`. Raises for memory.
void set_call_text(lua_State* L, State* st, TypeInfo* fn, FunctionRecord* record);
// The same for callbacks of the function type, whose `entry` is the code that names the callback.
void set_callback_text(lua_State* L, State* st, TypeInfo* fn);
// `as_argument` and `as_result`: how a value of the type travels where nothing else does. For function types nothing.
void set_value_text(lua_State* L, State* st, TypeInfo* info);

}  // namespace ferry::lua
