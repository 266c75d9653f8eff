// Thunks: a Lua C function compiled for one C function (or one function type). Says what src/lua hands to the
// emitter: entry points of Lua's API and of its own slow paths, offsets of its records, and per function what each
// argument may be. Knows no lua.h; a `lua_State*` is a `void*` here.
//
// A thunk reads the common kinds of arguments inline. Until the C function is called it has changed nothing that Lua
// can see, so whatever it does not expect (count, type, conversion) it leaves to `slow`, which starts over and converts
// or raises. So thunk and slow path can differ in speed only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "abi/plan.h"
#include "call/backend.h"
#include "call/code_pages.h"
#include "call/native/metatable_cache.h"
#include "call/native/stack_layout.h"
#include "os/threads.h"

namespace ferry::call {

// Entry points of the API of the running Lua; all are called by ThunkHost's convention.
struct LuaApi {
  const void* gettop = nullptr;
  const void* type = nullptr;
  const void* toboolean = nullptr;
  const void* tointegerx = nullptr;  // null: this Lua has no integer subtype
  const void* isinteger = nullptr;   // the same
  const void* tonumber = nullptr;    // lua_tonumberx, or lua_tonumber where there is no such thing
  const void* tolstring = nullptr;
  const void* touserdata = nullptr;
  const void* topointer = nullptr;
  const void* pushboolean = nullptr;
  const void* pushinteger = nullptr;
  const void* pushnumber = nullptr;
  // What lua_type returns.
  uint8_t type_nil = 0, type_boolean = 0, type_light = 0, type_number = 0, type_string = 0, type_userdata = 0;
};

// Functions of src/lua that thunks call. `data` is ThunkSpec::data. All may raise Lua errors.
struct ThunkHelpers {
  // The cdata of a full userdata at a stack index, or null: CData* (lua_State*, State*, int).
  const void* cdata = nullptr;
  // Converts the argument with this number (from 0) to its C type's memory form at `slot`, integers widened to 8 bytes:
  // void (lua_State*, const void* data, int number, void* slot).
  const void* convert = nullptr;
  // Pushes a new object of the result's type: its storage, of whole eightbytes: void* (lua_State*, State*, const void*
  // result).
  const void* new_result = nullptr;
  // Pushes the value in memory form: void (lua_State*, State*, const void* result, void* bytes).
  const void* push_result = nullptr;
  // State's `notices` are not 0 when the C function has returned. Raises what is to be raised: void (lua_State*,
  // State*).
  const void* settle = nullptr;
};

// Where fields of src/lua's structures lie.
struct ThunkOffsets {
  uint32_t record_state = 0;                                 // FunctionRecord: its State, null once the state is closed
  uint32_t record_expected = 0;                              // FunctionRecord: expected_top(); kNoTop once it is closed
  uint32_t caller = 0;                                       // State: lua_State* of the innermost C call in progress
  uint32_t notices = 0;                                      // State: a byte; not 0: something waits for the call's end
  uint32_t saved_errno = 0;                                  // State
  uint32_t owner = 0;                                        // State: thread pointer of the thread that entered last
  uint32_t metatables = 0;                                   // State: its cache of metatables (metatable_cache.h)
  uint32_t cdata_type = 0, cdata_guard = 0, cdata_data = 0;  // CData
  uint16_t guard = 0;                                        // what cdata_guard holds
};

// What a thunk of a library function with `n` arguments compares the number that it is given with: as lua_gettop says,
// or with direct access as bytes. It lies in the FunctionRecord, so that one comparison also refuses a closed state.
inline int64_t expected_top(const StackLayout& stack, size_t n) {
  const auto count = static_cast<int64_t>(n);
  return !stack.valid ? count : (stack.base_is_field ? count : count + 1) * stack.slot;
}
inline constexpr int64_t kNoTop = -1;

using os::ThreadSegment;

// What one Lua state tells the emitter, once.
struct ThunkHost {
  // How thunks are called, and how they call Lua's API and the helpers; how C functions are called their plans say.
  abi::Abi convention = abi::abi_of(host_target(), CallConv::c);
  LuaApi api;
  ThunkHelpers helpers;
  ThunkOffsets offsets;
  StackLayout stack;         // valid: the Lua stack is read and written directly
  int64_t errno_offset = 0;  // of C's errno from the thread pointer
  // x86-64: int* (*)(void), errno's address where it has no such offset (Windows: _errno). Null: it has.
  const void* errno_location = nullptr;
  // Of what State's owner is compared with, from the thread pointer. x86-64: of the word that holds it, in the segment
  // that is the thread's (Linux: fs:0; Windows: gs:0x30).
  int64_t thread_offset = 0;
  ThreadSegment thread_segment = ThreadSegment::fs;
};

enum class ThunkKind : uint8_t {
  none,  // results: void
  boolean,
  i8,
  u8,
  i16,
  u16,
  i32,
  u32,
  i64,
  u64,
  f32,
  f64,
  pointer,  // arguments only
  record,   // by value; results: an object made before the call
  other,    // through ThunkHelpers::convert or push_result
};

// A Lua function that was an argument before, and the C function that it became for good. src/lua changes it.
struct KnownCallback {
  static constexpr uint32_t kNone = 256;  // no value's kind

  const void* function = nullptr;  // the Lua object's address
  const void* address = nullptr;   // of the C function
  uint32_t kind = kNone;           // of the value: what lua_type returns, or with direct access its tag
};

struct ThunkArg {
  ThunkKind kind = ThunkKind::other;
  bool takes_string = false;  // pointer: a Lua string's bytes
  bool takes_light = false;   // pointer: a light userdata's value
  bool nonnull = false;       // pointer: NULL is not taken
  // Behind `...` the Lua value decides the C type, so a value that would have another one is not taken: i32 and i64 are
  // integers that do and do not fit 32 bits, f64 is a float.
  bool exact = false;
  // pointer: the pointer type itself; and an object whose address is taken. record: its type. kNoType: none. Of a
  // pointer, `cell` (never null) is one more type whose data it takes; src/lua changes it.
  TypeId same = kNoType;
  TypeId object = kNoType;
  const TypeId* cell = nullptr;
  const KnownCallback* callback = nullptr;  // pointer to a function: one more value that is taken; null: none is
};

struct ThunkResult {
  ThunkKind kind = ThunkKind::none;  // never pointer
  const void* type = nullptr;        // what helpers are told
};

struct ThunkSpec {
  const abi::CallPlan* plan = nullptr;
  std::vector<ThunkArg> args;  // as many as plan->args
  ThunkResult result;
  const void* record = nullptr;  // FunctionRecord of the library function; null: of a function type (see below)
  const void* state = nullptr;   // State, where there is no record
  CFunction address = nullptr;
  int first = 1;               // stack index of the first argument
  const void* data = nullptr;  // what helpers are told
  // Where the thunk goes with what it does not take, with its own arguments: a lua_CFunction, or for function types
  // int (lua_State*, CFunction, const void* data).
  const void* slow = nullptr;
  // Variadic functions: where it goes instead of `slow` is what lies here when it goes; null: `slow`.
  const void* const* next = nullptr;
};

// A thunk of a function type is called as int (lua_State*, CFunction, const void* data), of a library function as a
// lua_CFunction.

// More arguments, or more bytes of them on the C stack (copies that are passed by their address among them), are left
// to other back ends: the code would grow with them. A frame is less than a page, so that Windows need not be told of
// it.
inline constexpr size_t kMaxThunkArgs = 64;
inline constexpr uint32_t kMaxThunkStack = 2048;

// All thunks, so that one unwind record per region serves; but those that are called by Microsoft's convention and call
// System V functions, which do not keep as much (FrameShape::rdi_rsi).
inline constexpr FrameShape kThunkShape{.saved = 2, .lands_exceptions = true};

// At every call of a thunk rbx (x19) holds its lua_State and r12 (x20) the State: unwind.h's handler gets them.
//
// While the C function runs, State's `caller` is the lua_State; afterwards it is null. So whoever lets Lua run in
// between - a callback - has to put back what it found.

// Code that jumps to what `*target` holds: the entry of a function whose thunk changes. Errors: executable memory.
Result<CodeBlock> make_switch(const void* const* target);

// Whether thunks can be made for this plan. Those of any processor can be made anywhere, but run only on their own.
bool can_make_thunk(const abi::CallPlan& plan);
// Errors: executable memory; what can_make_thunk() refuses; code of another processor.
Result<CodeBlock> make_thunk(const ThunkHost& host, const ThunkSpec& spec);

}  // namespace ferry::call
