// Lua functions as C function pointers: creation, reuse, set and free. What happens when C calls one: callback_run.h.
#pragma once

#include "lua/state/raise.h"
#include "lua/state/state.h"
#include "os/threads.h"

namespace ferry::lua {

// The address that callback_for() gave, or null if it was never asked for this function and type. Uses 3 stack slots.
const void* known_callback(lua_State* L, State* st, TypeInfo* fn, int idx);

// Pushes a function pointer cdata (type `pointer`) that owns a new callback slot for the Lua function at idx: it can be
// set and freed. Not `open`: who calls gets zero, as of a closed state's, until open_entry_data() says otherwise: the
// slot may have been another callback's, whose pointer C still calls.
CData* push_callback(lua_State* L, State* st, TypeInfo* pointer, int idx, bool open = true);

// cb:free() and cb:set(fn); luaffifb's messages.
int l_callback_free(lua_State* L);
int l_callback_set(lua_State* L);

// ffi.onerror(cb, value | handler | nil): what a failed call of the callback returns / who is told.
int l_onerror(lua_State* L);

// The function type of the live callback at a C address; null: there is none in this state.
TypeInfo* callback_at(State* st, const void* address);

// Whether a C address was a callback of this state that has been freed and not been reused since.
bool is_freed_callback(State* st, const void* address);
// "FILE:LINE" of the Lua code that made the freed callback there, as long as it is known; else "".
const char* freed_callback_place(State* st, const void* address);

// Mutes and retires every callback; the state is closing.
void release_callbacks(State* st);

// Identifies the calling thread.
inline uintptr_t this_thread() {
  return os::this_thread();
}

// State::strict, int64 or rules have changed: whether compiled code runs callbacks, or the handler.
void renew_callbacks(State* st);
// Number of live callbacks, for ffi.debug.
size_t callback_count(State* st);
// Calls `each` with the function type of all live ones and "FILE:LINE" of who made them. `each` raises nothing.
void for_each_callback(State* st, void (*each)(void* context, const TypeInfo* type, const char* place), void* context);

}  // namespace ferry::lua
