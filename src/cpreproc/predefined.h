// What a compiler predefines, per target and profile: facts asked from gcc 12 and clang 14 (tools/predefined.lua).
#pragma once

#include <string_view>

#include "cpreproc/macro_table.h"
#include "cpreproc/state.h"

namespace ferry::cpreproc {

// All names that predefined_macros() may define, of any target: most identifiers are none of them.
const WordFilter& predefined_names();

// Defines what the compiler of `profile` predefines for the target.
void predefine(MacroTable& macros, const Target& target, const Settings& settings);

}  // namespace ferry::cpreproc
