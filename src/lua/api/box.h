// What C++ owns while Lua may raise: preprocessors, trees and lists, of which those of Lua code are ferry.headers'
// business.
#pragma once

#include <vector>

#include "cparse/expression.h"
#include "cparse/macros.h"
#include "cparse/pieces.h"
#include "cpreproc/dump.h"
#include "lua/state/foreign.h"

namespace ferry::lua {

// A userdata, whose finaliser frees it.
struct Box {
  cparse::Macros* macros;
  Foreign* foreign;  // with macros: those of another target, and its types; null: the host's
  cparse::Expression* tree;
  std::vector<NameId>* names;
  cparse::KeptPieces* kept;  // names that wait; the type table's own
  cpreproc::Dump* dump;
  cparse::Pieces* pieces;
  std::string* text;
};

// Pushes an empty one.
Box* push_box(lua_State* L, State* st);
// Null: the value at idx is none.
Box* to_box(lua_State* L, State* st, int idx);

// A preprocessor, and the types that its texts declare.
struct Reader {
  cparse::Macros& macros;
  TypeTable& types;
  Foreign* foreign;  // of another target; null: the state's
};

// That in the box at idx, or of nil or none that of ffi.cdef. Raises for anything else.
Reader reader_at(lua_State* L, State* st, int idx);

}  // namespace ferry::lua
