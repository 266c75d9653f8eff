// What a name that is not declared was probably meant to be. For messages: every declared name is looked at.
#pragma once

#include <string>
#include <string_view>

#include "ctype/type_table.h"

namespace ferry {

// Each is " (did you mean 'x'?)", or empty where nothing is near.
std::string suggest_type(const TypeTable& types, std::string_view wanted);    // typedefs; tags with their keyword
std::string suggest_tag(const TypeTable& types, std::string_view wanted);     // with their keyword
std::string suggest_symbol(const TypeTable& types, std::string_view wanted);  // functions, variables, constants
std::string suggest_member(const TypeTable& types, TypeId record, std::string_view wanted);
// Where no constant of the enum is near: " (it has A, B, ...)".
std::string suggest_constant(const TypeTable& types, TypeId enumeration, std::string_view wanted);

}  // namespace ferry
