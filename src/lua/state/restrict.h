// What ferry.restrict has taken from a state, for ever: asked wherever a door leads to it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "lua/state/state.h"

namespace ferry::lua {

// Names that are left; none at all: it was not restricted.
using AllowList = std::optional<std::set<std::string, std::less<>>>;

// Nothing in it is ever given back. Lives with the State, where no Lua code finds it, as long as that is open.
struct Restrictions {
  AllowList libraries;            // what ffi.load opens
  AllowList symbols;              // what namespaces look up
  bool no_casts = false;          // numbers become no pointers, pointers no others
  bool checked_pointers = false;  // what Lua reaches by a pointer is known to be there (values/reach.h)
  bool no_callbacks = false;
  bool no_declarations = false;
};

inline bool casts_are_restricted(const State* st) {
  return st->restrictions != nullptr && st->restrictions->no_casts;
}
inline bool pointers_are_checked(const State* st) {
  return st->restrictions != nullptr && st->restrictions->checked_pointers;
}
// Whether arguments are asked what compiled code does not ask.
inline bool pointers_are_restricted(const State* st) {
  return casts_are_restricted(st) || pointers_are_checked(st);
}
inline bool callbacks_are_restricted(const State* st) {
  return st->restrictions != nullptr && st->restrictions->no_callbacks;
}
inline bool loading_is_restricted(const State* st) {
  return st->restrictions != nullptr && st->restrictions->libraries.has_value();
}
inline bool declarations_are_restricted(const State* st) {
  return st->restrictions != nullptr && st->restrictions->no_declarations;
}

// Raise for what the state may not do; `what` names it: "ffi.cdef".
void require_declarations(lua_State* L, const State* st, const char* what);
// A text that is a type or an expression and no declaration may have no directives: they define macros and read files.
void require_type_text(lua_State* L, const State* st, std::string_view text);
void require_callbacks(lua_State* L, const State* st, const char* what);
void require_casts(lua_State* L, const State* st, const char* what);
void require_library(lua_State* L, const State* st, std::string_view name);
// `link_name`: what the library calls it.
void require_symbol(lua_State* L, const State* st, const char* link_name);
bool is_symbol_left(const State* st, std::string_view link_name);

// Whether objects of the type hold pointers, references or function pointers.
bool holds_pointers(State* st, TypeInfo* info);
// Whether the types are the same with all qualifiers but the outermost: by `const char *` nothing is written that
// `char *` would write.
bool is_same_type(const TypeTable& types, TypeId a, TypeId b);
// A union in which a pointer and something else lie in the same bytes: what is written as one could be read as the
// other.
bool mixes_pointers(State* st, TypeInfo* info);

}  // namespace ferry::lua
