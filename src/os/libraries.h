// Finds and opens shared libraries the way users name them.
#pragma once

#include <string>

#include "base/result.h"

namespace ferry::os {

// Tries, in this order: the name as given; with what the system puts around names (libNAME.so); what a GNU ld linker
// script of that name says; the highest versioned name (libNAME.so.1) in the loader's own search path. Error: the
// loader's message for the most likely name.
Result<void*> open_library(const std::string& name, bool global);
// Unloads (a reference count in the loader).
void close_library(void* handle);
// null: not there; `*message` (if asked for) then has the loader's text.
void* library_symbol(void* handle, const char* name, std::string* message);

// Symbols of the program and the libraries that C code expects without naming them: libc, libm, libdl, libgcc.
void* program_symbol(const char* name, std::string* message);

}  // namespace ferry::os
