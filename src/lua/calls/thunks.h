// Compiled calls (call/native/thunk.h) for this Lua: made when a library function is taken from its namespace or a
// function pointer's type is called first; freed when the Lua function is gone. Without native code everything here
// says "no".
#pragma once

#include <span>

#include "call/backend.h"
#include "call/native/callback.h"
#include "lua/state/state.h"

namespace ferry::lua {

struct FunctionRecord;
struct ThunkTable;  // the thunks of a State; State::thunks.table, null until the first one
struct Thunk;       // one of them; belongs to the table

// A thunk for the library function, or null (no native code, or the function is none for thunks; never an error). It
// is kept at least until register_thunk(). `slow`: the lua_CFunction that does the same.
Thunk* make_thunk(lua_State* L, State* st, FunctionRecord* record, lua_CFunction slow);
// The code; `fallback` for null.
lua_CFunction thunk_entry(const Thunk* thunk, lua_CFunction fallback);
// The closure on top of the stack was made with it: the thunk lives as long. Raises for memory.
void register_thunk(lua_State* L, State* st, Thunk* thunk);

// Before a call by the slow path of a function that has a thunk: if it is variadic, there is code from now on for
// arguments of the kinds that lie from stack index 1 up. Raises as the call would.
void learn_varargs(lua_State* L, State* st, FunctionRecord* record);

// Whether the function may be a thunk's entry, of any state.
bool is_native_code(lua_CFunction function);

// Calls a function pointer with the arguments from stack index 2 up, through a thunk of its type if there can be one.
// Returns the number of results pushed.
int call_pointer(lua_State* L, State* st, TypeInfo* type, call::CFunction function);

// How a value of this kind is read and written by compiled code.
call::ThunkKind thunk_kind(Rep rep);

// A compiled callback of the function type `fn`; `spec` lacks its plan. Error: there can be none, the back end may have
// another kind.
Result<std::unique_ptr<call::Callback>> make_native_callback(State* st, TypeInfo* fn, call::CallbackSpec spec,
                                                             const call::CallbackHandlers& handlers,
                                                             call::CallbackData* data);
// Notes how the Lua function on top of the stack looks there; nothing without direct stack access.
void capture_function(lua_State* L, State* st, uint64_t* value, uint8_t* tag);

// The code as text, for ffi.debug (thunk_text.cpp). State::errors.message is the text, or if false why there is none;
// `bytes` is the code's size. `record` is null for calls of pointers to `fn`.
bool thunk_text(State* st, TypeInfo* fn, FunctionRecord* record, size_t* bytes);
bool callback_text(State* st, TypeInfo* fn, size_t* bytes);
bool callback_entry_text(State* st, TypeInfo* fn);
// Of a variadic function: how many shapes of arguments have code, their types behind `...`, their code. `thunk` may be
// null.
size_t shape_count(const Thunk* thunk);
std::span<const TypeId> shape_types(const Thunk* thunk, size_t shape);
bool shape_text(State* st, FunctionRecord* record, size_t shape, size_t* bytes);

// Before a call takes the slow path: what its arguments are is remembered, so that the thunk takes them the next time.
void teach_thunk(lua_State* L, State* st, Thunk* thunk, int first);

// State::int64 has changed: functions with 64-bit results push what it says from now on.
void renew_thunks(lua_State* L, State* st);
// State::strict has changed: whether compiled code takes calls, or the slow path all of them.
void strict_thunks(lua_State* L, State* st);

// What compiled code takes in this process; all zero where there is none.
struct CodeHeld {
  size_t pages = 0, live_blocks = 0, live_bytes = 0, retired_blocks = 0;
  size_t callback_slots = 0, idle_callback_slots = 0;
  std::string_view page_method;  // the one that made the newest page; empty: there is no native code
};
CodeHeld code_held();

// Pushes a table of what compiled code takes in this process, for ffi.debug; what is unreachable is freed first. Empty
// where there is no native code.
void push_code_usage(lua_State* L, State* st);

// The state closes: thunks of library functions may be called for ever and then only raise.
void release_thunks(lua_State* L, State* st);

// The registry's table that register_thunk() needs.
void make_thunk_registry(lua_State* L, State* st);

}  // namespace ferry::lua
