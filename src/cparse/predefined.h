// Names that are types without being declared: <stdint.h>, size_t, va_list and their like.
#pragma once

#include <string_view>

#include "ctype/type_table.h"

namespace ferry::cparse {

// The type `name` stands for on the table's target; kNoType: it is not predefined. May add rows (va_list).
TypeId predefined_type(TypeTable& types, std::string_view name);

// _Float64x: x87's format where there is one.
Scalar float64x(const Target& target);

// Whether the name's type differs between systems or programs, so that a program's first declaration of it counts.
bool varies_by_system(std::string_view name);

// The platform's va_list, by value: an array of one structure, a structure, or a pointer.
TypeId va_list_type(TypeTable& types);

// `_Complex _Float16`, which no Lua code computes with: as the structure {re, im} that it is laid out and passed like
// (psABI x86-64 3.2.3, AAPCS64 5.9.5).
TypeId complex_float16_type(TypeTable& types);

}  // namespace ferry::cparse
