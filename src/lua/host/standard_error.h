// The one writer to the process's standard error.
#pragma once

#include <cstddef>

namespace ferry::lua {

// For errors that have nobody to be raised to and a Lua without warn(). Does not use C's stdio.
void write_standard_error(const char* text, size_t length);

}  // namespace ferry::lua
