// Errors in callbacks while the frames they came from are still there: what ffi.onerror's handler and the handler of
// the xpcall around the C call get to see.
#pragma once

#include "lua/calls/callback_record.h"
#include "lua/state/state.h"

namespace ferry::lua {

// Finds pcall, xpcall and where the latter keeps its handler, and makes the message handler of callbacks. Once for a
// state.
void make_error_handler(lua_State* L, State* st);

// The callback's calls of Lua are protected with a message handler that tells record->on_error if that is a function,
// else with the one of all callbacks. After on_error has changed. May raise for memory.
void choose_error_handler(lua_State* L, State* st, CallbackRecord* record);

// The error has left the callback: whether its handler of ffi.onerror was told before, and pushes what it returned.
// False, and nothing pushed: it was not. Raises if the handler did.
bool take_told_result(lua_State* L, State* st, const CallbackRecord* record);

}  // namespace ferry::lua
