// C++ exceptions that come out of C functions. They become Lua errors; Lua's own (Lua built as C++ raises errors by
// one) and those of other languages go on.
#pragma once

#include "lua/state/state.h"

namespace ferry::lua {

// Learns whether this Lua raises errors by C++ exceptions, and by which. Once per state; does not raise.
void learn_exceptions(lua_State* L);

// In a catch block: fills st->errors.message with type and text of the exception. False: it is none of ours, rethrow
// it. `function`: the C function's name, or null.
bool describe_exception(State* st, const char* function);

// st->errors.message for an exception of that type and text.
void set_exception_error(State* st, const char* function, const char* type, const char* what);

}  // namespace ferry::lua
