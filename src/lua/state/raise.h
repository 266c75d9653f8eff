// The only place that raises Lua errors. Callers must have nothing alive that needs a destructor:
// a Lua error is a longjmp on C-built Lua and an exception on C++-built Lua and LuaJIT.
#pragma once

#include <string>
#include <string_view>

#include "base/compiler.h"
#include "lua/state/state.h"

namespace ferry::lua {

// Where a conversion takes place, for its error message. Plain data: lives on the stack of who converts.
struct Place {
  enum class Kind : uint8_t { none, argument, member, element, result, variable };
  Kind kind = Kind::none;
  int number = 0;                 // argument: its number; element: unused
  const char* name = nullptr;     // argument: function's name or null; member, variable: its name; result: where made
  TypeId owner = kNoType;         // member: the record; element: the array; argument without a name: what is called
  const Place* around = nullptr;  // the argument that a table with this member or element is
};

// The name of Lua code that calls C functions of ours for others, whose place errors have (api/async.cpp,
// api/run_time.cpp).
inline constexpr char kCallingChunk[] = "=ffi";

// Raises luaL_error-style "position: message" (level 1).
[[noreturn]] void raise(lua_State* L, const char* format, ...) FERRY_PRINTF(2, 3);
// The same with the position of the Lua code that is running, where C functions may have been called by it: ipairs.
[[noreturn]] void raise_in_lua(lua_State* L, const char* format, ...) FERRY_PRINTF(2, 3);
// Raises st->errors.message, which the caller has filled; with position.
[[noreturn]] void raise_error(lua_State* L, State* st);
// "not enough memory", with position.
[[noreturn]] void raise_memory(lua_State* L);
// What an exception says that was caught, in two steps, as none may be alive when an error is raised; the State may not
// be at hand.
void keep_reason(const std::exception& thrown);
[[noreturn]] void raise_reason(lua_State* L);
// "bad argument #n to 'f' (message)"
[[noreturn]] void raise_argument(lua_State* L, int arg, const char* format, ...) FERRY_PRINTF(3, 4);
// "bad argument #n to 'f' (WHAT expected, got the value's kind)"
[[noreturn]] void raise_expected(lua_State* L, State* st, int arg, const char* what);
// The argument as text, numbers converted as Lua does; raises for anything else. `length` may be null.
const char* check_text(lua_State* L, State* st, int arg, size_t* length);
// "cannot convert 'source' to 'target'" with the place around it. The source is described from the value at idx.
[[noreturn]] void raise_convert(lua_State* L, State* st, int idx, TypeId target, const Place& place);
// The same for a source given as text.
[[noreturn]] void raise_convert(lua_State* L, State* st, const char* source, TypeId target, const Place& place);
// Puts the place around a message in st->errors.message and raises it.
[[noreturn]] void raise_at(lua_State* L, State* st, const Place& place);
// "'shown' has no member named 'name'", with the name that was probably meant; `record`: where it was looked for.
[[noreturn]] void raise_no_member(lua_State* L, State* st, TypeId shown, TypeId record, const char* name);
[[noreturn]] void raise_closed(lua_State* L);

// Every function of the module begins with this.
inline State* open_call(lua_State* L) {
  State* st = state_of(L);
  if (st->closed()) raise_closed(L);
  return st;
}

// "FILE:LINE" of the Lua code that is running, whatever C functions it called; "" if there is none.
inline constexpr size_t kWhereSize = LUA_IDSIZE + 16;
void write_where(lua_State* L, char (&out)[kWhereSize]);
void push_where(lua_State* L);
// "int *", "string", "nil", ... of the value at idx, in a buffer of the State (valid until the next call).
const char* describe_value(lua_State* L, State* st, int idx);
// The type as messages and tostring() have it: C's spelling, or the __name of its metatype. `declared`: what is of it.
std::string shown_name(State* st, TypeId type, std::string_view declared = {});
// The same in one of a few rotating buffers of the State (valid for the next three calls).
const char* type_name(State* st, TypeId type);

}  // namespace ferry::lua
