// The process as a whole: what happens when it forks, and its standard error.
#pragma once

#include <cstddef>

namespace ferry::os {

// From now on `before` runs in whoever forks, and `after` in both processes. For locks that a child must not inherit
// locked by a thread that it has not; nothing where processes do not fork. False: out of memory.
bool at_fork(void (*before)(), void (*after)());

// Writes the text, without the C library's buffers. Gives up on errors.
void write_standard_error(const char* text, size_t length);

}  // namespace ferry::os
