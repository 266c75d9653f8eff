// How calls of a function type are prepared: the run-time form of its parameters and result, and the invokers of its
// variadic calls.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "call/backend.h"
#include "lua/state/state.h"

namespace ferry::lua {

struct Thunk;

// Calls of one variadic function with one list of extra types.
struct VarargShape {
  std::vector<TypeInfo*> types;          // behind the `...`
  std::unique_ptr<call::Invoker> owned;  // has its own frame, also for the fixed parameters
  const call::Invoker* invoker = nullptr;
};

// How a function type is called; one per function type, made on first use.
struct CallInfo {
  std::unique_ptr<call::Invoker> invoker;  // without extra arguments
  std::vector<TypeInfo*> params;
  std::vector<uint8_t> marks;  // of the parameters (Param::marks); empty: none has any
  TypeInfo* result = nullptr;
  bool variadic = false;
  bool blocking = false;
  FormatAttribute format;
  std::vector<std::unique_ptr<VarargShape>> shapes;    // of the arguments that calls had
  std::vector<std::unique_ptr<VarargShape>> declared;  // by ffi.vararg
  Thunk* thunk = nullptr;                              // for function pointers; null: none
  bool thunk_tried = false;
  Thunk* resting = nullptr;  // while ffi.strict is on: the thunk of before
};

// Why the function `name` (null: it has none) of this type cannot be called, for a message.
std::string uncallable(State* st, const TypeInfo* type, const char* name, const std::string& why);
// That of a function type. Raises where it cannot be called. `name`: the function that is, for the message; may be
// null.
CallInfo* call_info_of(lua_State* L, State* st, TypeInfo* type, const char* name = nullptr);
void free_call_info(CallInfo* info);

}  // namespace ferry::lua
