// What a text and all that it includes come to, as text again: declarations without directives, then the macros that
// are left at its end. Reading it makes the same declarations and macros where the headers are not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cpreproc/state.h"

namespace ferry::cpreproc {

struct Dump {
  // Line markers say where everything stood.
  std::string text;
  // What the text depends on, "STAMP PATH\n" each: of files that were read os::file_stamp(), of others kNoFile, of
  // folders that were not there kNoFolder.
  std::string files;
};

inline constexpr std::string_view kNoFile = "-";
inline constexpr std::string_view kNoFolder = "/";

// Preprocesses the text with a state of its own: macros of its options are among those at the end.
Result<Dump> dump(State& state, std::string_view text, std::string_view name);

// Predefined macros that texts have undefined.
std::vector<std::string> undefined_names(State& state);

// The first path of Dump::files at which something else is now; empty: there is none.
std::string_view first_changed(std::string_view files);

}  // namespace ferry::cpreproc
