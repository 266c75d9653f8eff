// Type -> C text, as tostring(ctype) shows it: "int (*)(const char *, ...)", "struct foo", "int [3][4]".
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "ctype/type_table.h"

namespace ferry {

// `declared`, when not empty, is put where a declaration would have the name: spell(t, "f") gives
// "int f(int)". Anonymous records are "struct 12" (their serial). A text without `{` and serials
// parses back to the same TypeId.
// `names`: what types are called instead, for a text that is not read back.
using TypeNames = std::map<TypeId, std::string>;  // by canonical type
std::string spell(const TypeTable& types, TypeId type, std::string_view declared = {},
                  const TypeNames* names = nullptr);
// As gcc, clang and MSVC name them in an attribute: "cdecl", "stdcall", "regparm(3)" ...
std::string_view convention_name(CallConv conv);

}  // namespace ferry
