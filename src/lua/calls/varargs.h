// The run-time form of function types, and which C types the arguments behind `...` have in one call.
#pragma once

#include <memory>
#include <vector>

#include "call/backend.h"
#include "lua/calls/call.h"

namespace ferry::lua {

// Calls of one variadic function with one list of extra types.
struct VarargShape {
  std::vector<TypeInfo*> types;          // behind the `...`
  std::unique_ptr<call::Invoker> owned;  // has its own frame, also for the fixed parameters
  const call::Invoker* invoker = nullptr;
};

// printf("%d %s ...") with many kinds of arguments makes a shape each; beyond this many every call makes its own, so
// that formats made up at run time cannot grow memory without bound. Shapes are never replaced: finalisers run while a
// call is being prepared, and may make calls of the same type.
inline constexpr size_t kMaxShapes = 64;
// Arguments behind `...`; far beyond any C caller's practice, bounds the shape's memory.
inline constexpr int kMaxVarargs = 4000;

struct CallInfo {
  std::unique_ptr<call::Invoker> invoker;  // without extra arguments
  std::vector<TypeInfo*> params;
  TypeInfo* result = nullptr;
  bool variadic = false;
  FormatAttribute format;
  std::vector<std::unique_ptr<VarargShape>> shapes;
  Thunk* thunk = nullptr;  // for function pointers; null: none
  bool thunk_tried = false;
};

CallInfo* call_info_of(lua_State* L, State* st, TypeInfo* type);

// The shape of this call (null for extra 0, which is checked against a format too): `extra` arguments on top of the
// stack are behind the `...`; `first` is the index of the call's first argument. Raises for arguments that have no C
// type, and for mismatches with a format string. A shape that is not kept is pushed: it lives as long as it stays on
// the stack.
const VarargShape* vararg_shape(lua_State* L, State* st, TypeInfo* type, const char* name, int first, int extra);

// The metatable of shapes that are not kept.
void make_shape_metatable(lua_State* L, State* st);

// Changes types[0..extra) to what the format string among the arguments asks for. Raises for too few arguments, wrong
// classes and %n. Nothing for functions without a printf format. (printf_args.cpp)
void apply_format(lua_State* L, State* st, const FormatAttribute& format, const char* name, int first, int fixed,
                  TypeInfo** types, int extra);

// The value of a slot for an integer type: sign- or zero-extended from its width.
inline int64_t narrow(Rep rep, int64_t value) {
  switch (rep) {
    case Rep::i8:
      return static_cast<int8_t>(value);
    case Rep::u8:
      return static_cast<uint8_t>(value);
    case Rep::i16:
      return static_cast<int16_t>(value);
    case Rep::u16:
      return static_cast<uint16_t>(value);
    case Rep::i32:
      return static_cast<int32_t>(value);
    case Rep::u32:
      return static_cast<uint32_t>(value);
    default:
      return value;
  }
}

}  // namespace ferry::lua
