// The process as a whole: what happens when it forks, its standard error, what is loaded in it, its time zone.
#pragma once

#include <cstddef>
#include <ctime>

namespace ferry::os {

// From now on `before` runs in whoever forks, and `after` in both processes. For locks that a child must not inherit
// locked by a thread that it has not; nothing where processes do not fork. False: out of memory.
bool at_fork(void (*before)(), void (*after)());

// Writes the text, without the C library's buffers. Gives up on errors.
void write_standard_error(const char* text, size_t length);

// The library that contains this is never unloaded from now on. Nothing where the linker has said so of it.
void stay_loaded();

// False: the system does not know.
bool local_time(std::time_t time, std::tm* local);

}  // namespace ferry::os
