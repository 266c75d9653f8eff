// Which C types the arguments behind a printf-like function's format have.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// Changes types[0..extra) to what the format string among the arguments asks for. Raises for too few arguments, wrong
// classes and %n. Nothing for functions without a printf format.
void apply_format(lua_State* L, State* st, const FormatAttribute& format, const char* name, int first, int fixed,
                  TypeInfo** types, int extra);

}  // namespace ferry::lua
