// Calls of C functions from Lua: the slow path, which takes every argument.
#pragma once

#include "call/backend.h"
#include "lua/state/raise.h"
#include "lua/state/state.h"

namespace ferry::lua {

struct CallInfo;
struct VarargShape;

// Calls with the arguments from stack index `first` to the top. Returns the number of results pushed. `name` is for
// messages and may be null. `declared`: what stands behind `...`, if that was said beforehand.
int call_c(lua_State* L, State* st, TypeInfo* type, call::CFunction function, const char* name, int first,
           const VarargShape* declared = nullptr);

// Results up to this size that are not cdata themselves: integers, pointers, long double, ...
inline constexpr size_t kScalarResult = 32;
// Whether C writes the result directly into the object that Lua gets.
inline bool is_object_result(const TypeInfo* result) {
  return result->rep == Rep::record || result->rep == Rep::vector || result->size > kScalarResult;
}

// How one call is made. What is behind `...` may have a shape that is on the stack.
struct CallForm {
  const CallInfo* info;
  const call::Invoker* invoker;
  const VarargShape* shape;  // null: nothing is behind `...`
  int extra;                 // arguments that are
};
// The two halves of call_c() before the call, for who calls otherwise. The form of a call with the arguments from
// `first` to the top.
CallForm form_of_call(lua_State* L, State* st, TypeInfo* type, const char* name, int first,
                      const VarargShape* declared);
// Writes the arguments. Pushes what they point into where that is new. True: begin_scope() has to follow.
bool write_frame(lua_State* L, State* st, TypeInfo* type, const CallForm& form, std::byte* frame, int first,
                 const char* name);
[[noreturn]] void raise_stack(lua_State* L, State* st, TypeInfo* type, const char* name, size_t bytes);

// Converts the value at idx to the C type and writes it to `slot` as an Invoker's argument. `number` and `name` are for
// messages.
void convert_argument(lua_State* L, State* st, TypeInfo* info, void* slot, int idx, int number, const char* name);

// Extends an integer of the type to 64 bits in place: what argument and result slots hold.
void widen_slot(const TypeInfo* info, void* slot);

}  // namespace ferry::lua
