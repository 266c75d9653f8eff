// C declarations, type names and constant expressions -> TypeTable. The only entry to this folder.
// Knows no Lua. Every function either does all it was asked or changes nothing (a Transaction), is
// linear in the text, and never recurses deeper than kMaxNesting.
#pragma once

#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "cpreproc/lexer.h"
#include "cpreproc/state.h"
#include "ctype/type_table.h"

namespace ferry::cparse {

// Brackets, parentheses and nested records deeper than this are refused: C requires 63 levels of
// declarators and expressions (C11 5.2.4.1), and each level costs up to a kilobyte of C stack, of which
// threads may have as little as 512 (macOS).
inline constexpr int kMaxNesting = 200;

using cpreproc::Substitute;
struct Pieces;

// What is parsed, and by whose macros.
struct Input {
  template <typename String>
  requires std::is_convertible_v<const String&, std::string_view> Input(
      const String& the_text, std::span<const Substitute> the_substitutes = {}, size_t* the_used = nullptr)
      : text(the_text), substitutes(the_substitutes), used(the_used) {}  // NOLINT: implicit by design

  std::string_view text;
  std::span<const Substitute> substitutes;
  size_t* used;                       // receives how many substitutes were consumed; may be null
  cpreproc::State* macros = nullptr;  // what they are expanded by, and where #define puts them; null: this text's only
  std::vector<NameId>* declared = nullptr;  // receives the names that are declared; may be null
  Pieces* pieces = nullptr;                 // with it, receives what each declaration is about (pieces.h); may be null
  std::string_view name = {};               // of the text, for messages; its folder is where #include "..." looks first
  std::string_view place = {};              // where the text stands, if it has no name: what later messages call it
  bool closed = false;  // a body of a struct, union or enum that has a name, or adds constants, is an error
  bool strict = false;  // a different declaration of a function, variable or typedef is an error; else it is ignored
};

// ffi.cdef: a translation unit. All or nothing. Too few substitutes is an error, too many is not (the caller decides).
Result<void> parse_declarations(TypeTable& types, const Input& input);

// A type as `ct` arguments name it: a type name ("int *"), or a declaration of one identifier
// ("int foo(int)", whose name is not declared; a function named so is taken for the pointer to it). Struct bodies are
// allowed and declare their tags.
Result<TypeId> parse_type(TypeTable& types, const Input& input);

// Functions with bodies are declared by the first of their bodies: kept as text, and not looked into.

// ffi.eval: one constant expression over the declared names.
Result<Constant> parse_constant(TypeTable& types, const Input& input);

}  // namespace ferry::cparse
