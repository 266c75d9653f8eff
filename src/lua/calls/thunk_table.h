// Inside of thunks.h's implementation, where there is native code: one thunk, the table of them, and what thunks.cpp,
// thunk_host.cpp, thunk_learning.cpp and thunk_end.cpp have of each other.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "call/native/thunk.h"
#include "lua/calls/call.h"
#include "lua/calls/thunks.h"

namespace ferry::lua {

// The code for one shape of a variadic call: the types behind `...`, and what it takes for them.
struct ShapeCode {
  call::CodeBlock code;
  std::vector<TypeId> types;
  std::vector<call::ThunkArg> args;
};

// What the code of one thunk refers to.
struct Thunk {
  State* st = nullptr;
  TypeInfo* type = nullptr;  // the function type
  NameId name = kNoName;     // of a library function
  std::vector<TypeInfo*> params;
  std::vector<TypeId> cells;  // per argument: one more type of cdata that a pointer takes; never resized
  std::vector<call::KnownCallback> callbacks;  // per argument; likewise
  call::CodeBlock code;
  const void* slow = nullptr;
  // Variadic functions: `code` goes to the youngest of these, and each to the one before it with what it does not take;
  // the first goes to `slow`.
  bool variadic = false;
  uint8_t fruitless = 0;                              // slow calls of which nothing was learned, in a row
  std::map<std::vector<uint64_t>, ShapeCode> shapes;  // by the kinds of the arguments
  std::vector<call::CodeBlock> former;                // of shapes that are no more, and may still be running
  bool of_type = false;                               // belongs to a function type, for function pointers
  bool young = true;                                  // not registered yet
  bool pushes_native = false;                         // was made while its result was one of Lua's numbers
  bool live = false;                                  // found by the sweep
  const void* resting = nullptr;                      // where a variadic function's code goes once ffi.strict is off
};

struct ThunkTable {
  call::ThunkHost host;
  std::vector<std::unique_ptr<Thunk>> thunks;
  size_t next_sweep = 64;
  bool luajit = false;  // the Lua is LuaJIT
  // Once the state is closed (thunk_end.cpp): what Lua's memory comes from, and what is freed last.
  lua_Alloc allocate = nullptr;
  void* allocator_data = nullptr;
  const void* main_thread = nullptr;
};

// Gives all code back: nobody can call it, and it does not run.
void release_code(const Thunk& thunk);
// The state closes: the table is freed, and its code, when Lua has closed and can call nothing any more. Where that
// cannot be told the code stays for ever. (thunk_end.cpp)
void end_table(lua_State* L, ThunkTable* table);

// The address of a function for emitted code.
template <typename F>
const void* entry(F* function) {
  return reinterpret_cast<const void*>(function);
}

// What thunks of this state are told of Lua, of Ferry and of the host. False: there can be none on this host.
// (thunk_host.cpp)
bool describe_host(State* st, call::ThunkHost* host);

// For FERRY_TRACE: which argument of the call on the stack, from index `first` up, the thunk does not take, and why.
// (thunk_trace.cpp)
void trace_slow_call(lua_State* L, State* st, const Thunk& thunk, int first);
// For FERRY_TRACE: that code was made, of `what`. (thunk_trace.cpp)
void trace_code(State* st, const Thunk& thunk, const char* what, const call::CodeBlock& code);
// The function of a thunk as it is declared: its name, or its type.
const char* thunk_name(State* st, const Thunk& thunk);

// Gives a new thunk what its code refers to, from its type and what the record declares behind `...`. (thunks.cpp)
void fill_parameters(State* st, Thunk* thunk, const FunctionRecord* record);
// How its calls travel. (thunks.cpp)
Result<abi::CallPlan> plan_of(State* st, TypeInfo* fn, const FunctionRecord* record);
// Errors: why there is no code for calls of this type, plan and emitter aside. (thunks.cpp)
Result<void> can_compile(State* st, TypeInfo* fn, const FunctionRecord* record);
// What code of callbacks is told of this Lua. (thunks.cpp)
call::CallbackApi callback_api();

// The spec of a call by `plan`, without what is behind `...`; `record` is null for function types. (thunks.cpp)
call::ThunkSpec spec_of(State* st, Thunk* thunk, const abi::CallPlan& plan, const FunctionRecord* record);

}  // namespace ferry::lua
