// Macros as Lua code sees them: what the name of an object-like one stands for, found out when it is asked.
#pragma once

#include <string_view>
#include <vector>

#include "cpreproc/state.h"
#include "ctype/type_table.h"

namespace ferry::cparse {

// What a name means as a macro. Its text is expanded and evaluated with the macros and declarations of now: later
// definitions count, as in C.
struct MacroValue {
  enum class Kind : uint8_t { none, constant, other } kind = Kind::none;
  Constant constant;                       // Kind::constant
  const cpreproc::Macro* macro = nullptr;  // unless none; stays where it is
};

// The preprocessor of one Lua state, and the constants found among its macros.
class Macros {
 public:
  explicit Macros(const Target& target, cpreproc::FileAccess* files = nullptr, cpreproc::Settings settings = {})
      : state_(target, files, std::move(settings)) {}

  cpreproc::State& state() { return state_; }

  // Predefined macros are found, too, but not those that only the preprocessor can compute.
  MacroValue value(TypeTable& types, std::string_view name);

 private:
  struct Known {
    uint64_t generation = 0;  // of the macro table when it was evaluated; 0: not yet
    Constant constant;
  };

  cpreproc::State state_;
  std::vector<Known> known_;  // by MacroId; only what is a constant
};

}  // namespace ferry::cparse
