// What C++ owns while Lua may raise: preprocessors, trees and lists, of which those of Lua code are ferry.headers'
// business.
#pragma once

#include <vector>

#include "cparse/expression.h"
#include "cparse/macros.h"
#include "cpreproc/dump.h"
#include "lua/state/state.h"

namespace ferry::lua {

// A userdata, whose finaliser frees it.
struct Box {
  cparse::Macros* macros;
  cparse::Expression* tree;
  std::vector<NameId>* names;
  cpreproc::Dump* dump;
};

// Pushes an empty one.
Box* push_box(lua_State* L, State* st);

// The preprocessor in the box at idx, or of nil or none that of ffi.cdef. Raises for anything else.
cparse::Macros& macros_at(lua_State* L, State* st, int idx);

}  // namespace ferry::lua
