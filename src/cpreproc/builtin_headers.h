// The headers that come with a compiler rather than with a C library: our own, in terms of predefined macros.
#pragma once

#include <string_view>

#include "ctype/target.h"

namespace ferry::cpreproc {

// The text of <name>, or empty where there is none for the target.
std::string_view builtin_header(std::string_view name, const Target& target);

}  // namespace ferry::cpreproc
