// Lua functions that call C functions of libraries.
#pragma once

#include "call/backend.h"
#include "lua/state/state.h"

namespace ferry::lua {

struct Thunk;
struct VarargShape;

// The userdata in a library function's upvalue. It has no finaliser: what is older than the function may call it in a
// finaliser of its own, and Lua runs the younger ones first.
struct FunctionRecord {
  call::CFunction address;
  TypeInfo* type;  // the function type
  State* st;       // null once the state is closed
  Gate* gate;      // its gate; null as well
  NameId name;
  Thunk* thunk = nullptr;  // the native code that runs it; null: none
  int64_t expected;        // call::expected_top(), call::kNoTop once the state is closed
  // Variadic functions with native code: behind the record; [0] is where that code goes, the others are where the codes
  // for one shape of arguments each go with what they do not take. Here, because they may be called for ever.
  const void** targets = nullptr;
  const char* name_text = nullptr;        // for messages, as long as the state is open; null: there is none
  const VarargShape* declared = nullptr;  // of a variadic function whose arguments' types are said beforehand
};
// Functions that are called in more ways are called by the slow path, too.
inline constexpr size_t kMaxShapeThunks = 8;

// Pushes a Lua function that calls `address`. `library` (stack index) is kept alive by it. `declared`: what it passes
// behind `...`; null: what each call's values are.
void push_c_function(lua_State* L, State* st, TypeInfo* type, void* address, NameId name, int library,
                     const VarargShape* declared = nullptr);
// The FunctionRecord of a Lua value that such a push made, or null. Never raises.
FunctionRecord* function_record(lua_State* L, int idx);
// From now on calls of the function are refused.
void close_record(FunctionRecord* record);

}  // namespace ferry::lua
