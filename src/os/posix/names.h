// What differs between systems with dlopen in how libraries are named; each system's names.cpp says it.
#pragma once

#include <cstddef>
#include <span>

namespace ferry::os {

// ".so"
extern const char* const kLibrarySuffix;
// Folders where the loader looks first, a list with colons.
extern const char* const kLibraryPathVariable;
// What `cc` links without being asked, or what everybody takes for part of libc.
inline constexpr size_t kMaxCompanions = 8;
std::span<const char* const> companion_libraries();

}  // namespace ferry::os
