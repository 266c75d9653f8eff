// What happens when C calls a callback (callback_run.cpp): the way from C into Lua and back, by a back end's slot or by
// compiled code.
#pragma once

#include "call/native/callback.h"
#include "lua/state/state.h"

namespace ferry::lua {

// call::CallbackHandler of every callback; `context` is its EntryData.
void handle_callback(void* context, void* const* args, void* result);

// Whether arguments and result need neither allocation nor anything that raises. `lends`: the pointers among them have
// objects. May throw bad_alloc.
bool is_scalar_callback(State* st, const Function& f, bool lends);

// What compiled code of callbacks of the function type is made from, but its plan; and what it calls. May throw
// bad_alloc.
call::CallbackSpec callback_spec(State* st, TypeInfo* fn, bool lends);
call::CallbackHandlers callback_handlers();

// Makes what runs inside of a callback's lua_pcall, and the messages that C's calls may leave. Once for a state.
void make_callback_runner(lua_State* L, State* st);

}  // namespace ferry::lua
