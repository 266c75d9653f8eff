// Callbacks that end with the C call that they are passed to: what C is given of a Lua function where it is known that
// it calls no longer than that (ParamMark::kScoped, ffi.scoped). Their records are used again.
#pragma once

#include "call/backend.h"
#include "lua/state/raise.h"
#include "lua/state/state.h"
#include "lua/values/source.h"

namespace ferry::lua {

struct CallbackRecord;
struct CallbackTable;
struct CallInfo;

// The callbacks of a C call.
struct CallScope {
  CallbackRecord* first = nullptr;
};

// Whether C is given such a callback for the value, as an argument of the pointer type `info` that the declaration says
// `marks` of. Uses two stack slots.
bool is_for_call(lua_State* L, State* st, TypeInfo* info, const Source& from, uint8_t marks);

// Makes the callbacks of the arguments from stack index `first` up that are for the call, and writes their addresses
// where the invoker wants them. Nothing may raise between this and end_scope(). Raises where there can be none; then
// there is none.
void begin_scope(lua_State* L, State* st, const CallInfo* info, const call::Invoker::Slot* slots, std::byte* frame,
                 int first, const char* name, CallScope* scope);
// The call has returned. Raises nothing.
void end_scope(lua_State* L, State* st, CallScope* scope);

// Whether the callback may be called by compiled code while it is in use.
bool is_complete(const CallbackRecord& record);

// Gives the slots of those that are not in use back.
void drop_idle_callbacks(lua_State* L, State* st);

// Pushes what stands for the Lua function at idx where it is passed for one call.
void push_scoped(lua_State* L, State* st, int idx);

// The metatable of such values. Once for a state.
void make_scope_metatable(lua_State* L, State* st);

}  // namespace ferry::lua
