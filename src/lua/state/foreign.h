// Types of another target than the one that runs (ffi.include with `target`). They lie in a table of their own, and
// what Lua has of them are no ctypes: whatever takes a ctype does not know them, so that ids of two tables never meet.
// Only functions that tell numbers and tables take them.
#pragma once

#include <string>

#include "lua/state/state.h"

namespace ferry::lua {

// The types of one header. Its preprocessor and each of the types that Lua has own it together.
struct Foreign {
  Foreign(const Target& of, std::string_view triple) : types(of), target(triple) {}

  TypeTable types;
  std::string target;  // as it was asked for
  unsigned owners = 1;
};

// One owner less, of the last one the end. Null is none.
void release(Foreign* foreign);

struct ForeignType {
  Foreign* of;
  TypeId id;
};

void push_foreign_type(lua_State* L, State* st, Foreign* of, TypeId id);
// Null: the value at idx is none. Raises nothing, needs two stack slots.
const ForeignType* to_foreign_type(lua_State* L, const State* st, int idx);
// "ctype<struct stat> of aarch64-linux-gnu". Throws.
std::string shown_name(const ForeignType& type);

}  // namespace ferry::lua
