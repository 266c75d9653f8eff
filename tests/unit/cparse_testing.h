// What the tests of src/cparse share: short ways to parse, a describer of types in English, gcc as a judge.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include "cparse/macros.h"
#include "cparse/parser.h"
#include "ctype/spell.h"

namespace ferry::cparse::testing {

inline std::string cdef(TypeTable& types, std::string_view text, std::span<const Substitute> substitutes = {}) {
  Result<void> result = parse_declarations(types, Input(text, substitutes));
  return result.ok() ? "" : result.message();
}
// With macros that outlive the text.
inline std::string cdef(TypeTable& types, Macros& macros, std::string_view text) {
  Input input(text);
  input.macros = &macros.state();
  Result<void> result = parse_declarations(types, input);
  return result.ok() ? "" : result.message();
}

inline std::string type_error(TypeTable& types, std::string_view text) {
  Result<TypeId> result = parse_type(types, text);
  return result.ok() ? "" : result.message();
}

inline TypeId type_of(TypeTable& types, std::string_view text, std::span<const Substitute> substitutes = {}) {
  Result<TypeId> result = parse_type(types, Input(text, substitutes));
  EXPECT_TRUE(result.ok()) << text << ": " << result.message();
  return result.ok() ? *result : scalar_type(Scalar::void_);
}

inline const Symbol* symbol(const TypeTable& types, std::string_view name) {
  NameId id = types.find_name(name);
  return id == kNoName ? nullptr : types.find_symbol(id);
}

// "array 3 of pointer to function(char) returning int"
inline std::string describe(const TypeTable& types, TypeId id) {
  const Type& t = types[id];
  std::string quals;
  if ((t.quals & kConst) != 0) quals += "const ";
  if ((t.quals & kVolatile) != 0) quals += "volatile ";
  if ((t.quals & kRestrict) != 0) quals += "restrict ";
  if ((t.quals & kAtomic) != 0) quals += "atomic ";
  switch (t.kind) {
    case Kind::pointer:
      return quals + "pointer to " + describe(types, t.base);
    case Kind::reference:
      return "reference to " + describe(types, t.base);
    case Kind::array: {
      std::string count = t.count == kVla ? "?" : t.count == kFlexible ? "unknown" : std::to_string(t.count);
      return "array " + count + " of " + describe(types, t.base);
    }
    case Kind::vector:
      return quals + "vector " + std::to_string(t.count) + " of " + describe(types, t.base);
    case Kind::structure:
    case Kind::union_: {
      const Record& r = types.record(id);
      std::string text = quals + (r.is_union ? "union " : "struct ");
      return text + (r.tag != kNoName ? std::string(types.name(r.tag)) : "without name");
    }
    case Kind::enumeration: {
      const Enum& e = types.enumeration(id);
      return quals + "enum " + (e.tag != kNoName ? std::string(types.name(e.tag)) : "without name");
    }
    case Kind::function: {
      const Function& f = types.function(id);
      std::string text = "function(";
      for (size_t i = 0; i < f.params.size(); ++i) text += (i != 0 ? ", " : "") + describe(types, f.params[i].type);
      if (f.variadic) text += f.params.empty() ? "..." : ", ...";
      const char* conv[] = {"", "stdcall ", "fastcall ", "thiscall ", "ms_abi ", "sysv_abi "};
      return conv[static_cast<int>(f.conv)] + text + ") returning " + describe(types, f.result);
    }
    default:
      return spell(types, id);
  }
}

inline bool have_gcc() {
  static const bool have = std::system("gcc --version >/dev/null 2>&1") == 0;
  return have;
}

// Compiles and runs a C program with gcc, returns the lines it prints; empty: it does not compile.
inline std::vector<std::string> run_c(const std::string& program) {
  namespace fs = std::filesystem;
  std::string name = "ferry-cparse-" + std::to_string(getpid()) + "-" + std::to_string(std::rand());
  fs::path base = fs::temp_directory_path() / name;
  std::string source = base.string() + ".c";
  std::ofstream(source) << program;
  std::vector<std::string> lines;
  std::string command = "gcc -w -std=gnu2x -o " + base.string() + " " + source + " && " + base.string();
  if (FILE* pipe = popen(command.c_str(), "r")) {
    char line[4096];
    while (std::fgets(line, sizeof line, pipe) != nullptr) {
      lines.emplace_back(line);
      if (!lines.back().empty() && lines.back().back() == '\n') lines.back().pop_back();
    }
    pclose(pipe);
  }
  std::error_code ignored;
  fs::remove(base, ignored);
  fs::remove(source, ignored);
  return lines;
}

}  // namespace ferry::cparse::testing
