// The elements of arrays and behind pointers, for functions that take many at once. (bulk.cpp)
#pragma once

#include "lua/state/state.h"
#include "lua/state/type_info.h"

namespace ferry::lua {

struct Elements {
  TypeInfo* type = nullptr;  // of one element
  char* address = nullptr;
  uint64_t count = ~uint64_t{0};  // as the type says; all ones: unknown (pointers)
  uint64_t limit = ~uint64_t{0};  // what there is room for
};

// The array or pointer at arg. Raises for everything else and for NULL. Where pointers are checked, also for what is
// not known to be there, but if the caller is `trusted`.
Elements check_elements(lua_State* L, State* st, int arg, bool writing, bool trusted = false);

// Raises unless elements `first` to `first + count` are there, or may be, behind a pointer; of `arg`, the number.
void require_elements(lua_State* L, int arg, uint64_t first, uint64_t count, const Elements& e);

}  // namespace ferry::lua
