// C declarations, type names and constant expressions -> TypeTable. The only entry to this folder.
// Knows no Lua. Every function either does all it was asked or changes nothing (a Transaction), is
// linear in the text, and never recurses deeper than kMaxNesting.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "ctype/type_table.h"

namespace ferry::cparse {

// Brackets, parentheses and nested records deeper than this are refused: C requires 63 levels of
// declarators and expressions (C11 5.2.4.1), and each level costs up to a kilobyte of C stack, of which
// threads may have as little as 512 (macOS).
inline constexpr int kMaxNesting = 200;

// What replaces one `$` of the text, in order.
struct Substitute {
  enum class Kind : uint8_t { type, name, integer } kind = Kind::type;
  TypeId type = kNoType;  // Kind::type
  std::string_view name;  // Kind::name: an identifier
  int64_t integer = 0;    // Kind::integer
};

// ffi.cdef: a translation unit. All or nothing. `used`, when given, receives how many substitutes
// were consumed. Too few substitutes is an error, too many is not (the caller decides).
Result<void> parse_declarations(TypeTable& types, std::string_view text, std::span<const Substitute> substitutes = {},
                                size_t* used = nullptr);

// A type as `ct` arguments name it: a type name ("int *"), or a declaration of one identifier
// ("int foo(int)", whose name is not declared; a function named so is taken for the pointer to it). Struct bodies are
// allowed and declare their tags.
Result<TypeId> parse_type(TypeTable& types, std::string_view text, std::span<const Substitute> substitutes = {},
                          size_t* used = nullptr);

// ffi.eval: one constant expression over the declared names.
Result<Constant> parse_constant(TypeTable& types, std::string_view text);

}  // namespace ferry::cparse
