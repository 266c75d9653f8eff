// Compiled callbacks: C function pointers that lead to Lua functions. Each is a few bytes of code that name a slot; the
// slot leads to code shared by all callbacks of one function type. Knows no lua.h.
//
// Where every argument and the result is a number or a boolean, that code pushes, calls and converts by itself while
// nothing unusual happens. All else goes to a handler (as backend.h's callbacks do), which may start over: until the
// Lua function is called nothing has changed.
//
// Slots and their code are the process's: C may call a pointer for ever. Those of closed states answer zero, and are
// reused, the one that has been idle longest first. There is no limit but memory.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "call/native/thunk.h"

namespace ferry::call {

// A Lua object that stands for a pointer argument, the same in each call of the callback: it is given the pointer, and
// pushed.
struct CallbackObject {
  void** pointer = nullptr;  // where it holds the pointer
  uint64_t value = 0;        // direct stack access: as a slot holds it, value and tag
  int reference = 0;         // in the registry
  uint8_t tag = 0;
};

// What compiled code needs of one callback; lies in the owner's record, which outlives the Callback.
struct CallbackData {
  void* state = nullptr;        // State
  void* context = nullptr;      // what handlers are told
  uint64_t function_value = 0;  // direct stack access: the Lua function as a slot holds it, value and tag
  uint64_t handler_value = 0;   // the same of the message handler
  uint8_t function_tag = 0;
  uint8_t handler_tag = 0;
  bool live = false;                  // false: only the handler may be asked
  int function_reference = 0;         // the Lua function in the registry
  int handler_reference = 0;          // the message handler there
  uint32_t active = 0;                // calls in progress
  CallbackObject* objects = nullptr;  // of pointer arguments: one for each argument
};

struct CallbackApi {
  const void* rawgeti = nullptr;
  const void* pcall = nullptr;  // lua_pcallk, or lua_pcall
  const void* settop = nullptr;
  int registry = 0;  // LUA_REGISTRYINDEX
};

// All are CallbackHandlers, told CallbackData::context.
struct CallbackHandlers {
  CallbackHandler whole = nullptr;  // does everything
  // The Lua function was called and raised; the error is on top of the stack, the message handler below it.
  CallbackHandler failed = nullptr;
  // It returned something that is not converted inline, which lies there.
  CallbackHandler convert = nullptr;
};

// One function type.
struct CallbackSpec {
  const abi::CallPlan* plan = nullptr;
  // Empty: everything goes to the handler. Else as many as plan->args. `through`: the argument is the address of the
  // value.
  struct Arg {
    ThunkKind kind = ThunkKind::none;  // pointer: by its CallbackObject, which has to be there
    bool through = false;
  };
  std::vector<Arg> args;
  bool inline_call = false;
  ThunkKind result = ThunkKind::none;  // if inline_call
};

// The shared code of a function type.
Result<CodeBlock> make_callback_code(const ThunkHost& host, const CallbackApi& api, const CallbackHandlers& handlers,
                                     const CallbackSpec& spec);

// A live callback that runs `code` with `data`. `plan`: what to return once it is muted. Errors: executable memory.
Result<std::unique_ptr<Callback>> make_native_callback(const CodeBlock& code, CallbackData* data,
                                                       const abi::CallPlan& plan);

// For leak checks: slots made, and those of them that are not in use.
struct CallbackUsage {
  size_t slots = 0;
  size_t idle = 0;
};
CallbackUsage callback_usage();

}  // namespace ferry::call
