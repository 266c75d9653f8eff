// Calls of C functions from Lua: library functions (Lua closures) and function pointers (cdata).
#pragma once

#include "call/backend.h"
#include "lua/state/raise.h"
#include "lua/state/state.h"

namespace ferry::lua {

// How a function type is called; one per function TypeId, made on first use.
struct CallInfo;
struct Thunk;
void free_call_info(CallInfo* info);

// The userdata in a library function's upvalue.
struct FunctionRecord {
  call::CFunction address;
  TypeInfo* type;  // the function type
  State* st;       // null once the state is closed
  NameId name;
  Thunk* thunk = nullptr;  // the native code that runs it; null: none
  int64_t expected;        // call::expected_top(), call::kNoTop once the state is closed
  // Variadic functions with native code: behind the record; [0] is where that code goes, the others are where the codes
  // for one shape of arguments each go with what they do not take. Here, because they may be called for ever.
  const void** targets = nullptr;
};
// Functions that are called in more ways are called by the slow path, too.
inline constexpr size_t kMaxShapeThunks = 8;

// Pushes a Lua function that calls `address`. `library` (stack index) is kept alive by it.
void push_c_function(lua_State* L, State* st, TypeInfo* type, void* address, NameId name, int library);
// The FunctionRecord of a Lua value that such a push made, or null. Never raises.
FunctionRecord* function_record(lua_State* L, int idx);
// From now on calls of the function are refused.
void close_record(FunctionRecord* record);
// The address of such a function (null for any other value) and its function type.
void* function_address(lua_State* L, State* st, int idx, TypeId* type);

// Calls with the arguments from stack index `first` to the top. Returns the number of results pushed. `name` is for
// messages and may be null.
int call_c(lua_State* L, State* st, TypeInfo* type, call::CFunction function, const char* name, int first);

// The metatable of FunctionRecord userdata.
void make_call_metatable(lua_State* L, State* st);

// Converts the value at idx to the C type and writes it to `slot` as an Invoker's argument. `number` and `name` are for
// messages.
void convert_argument(lua_State* L, State* st, TypeInfo* info, void* slot, int idx, int number, const char* name);
// Raises the error that waits in the state.
[[noreturn]] void raise_pending(lua_State* L, State* st);

// Extends an integer of the type to 64 bits in place: what argument and result slots hold.
void widen_slot(const TypeInfo* info, void* slot);

}  // namespace ferry::lua
