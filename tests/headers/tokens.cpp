// Prints the tokens of preprocessed C, one a line, for comparisons with compilers:
//   tokens [-isystem DIR]... [-I DIR]... [-D DEF]... [-U NAME]... [--target NAME] [--profile gcc|clang|msvc]
//          [--no-builtin] [--parse] [--time] FILE
// FILE is preprocessed text already if its name ends with .i. --parse: declares what it says instead, and prints OK or
// the error. --time: prints microseconds and the number of tokens.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "cparse/parser.h"
#include "cpreproc/preprocessor.h"

using namespace ferry;

namespace {

const Target* target_named(std::string_view name) {
  for (const Target* t : {&kX64SysV, &kI386SysV, &kWin64, &kWin32, &kArm64Linux, &kArm64Darwin, &kArm64Windows,
                          &kArmEabiHf, &kRiscv64, &kPpc64le, &kS390x}) {
    if (t->name == name) return t;
  }
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  cpreproc::Settings settings;
  settings.plain_names = true;
  settings.path = cpreproc::default_search_path(kX64SysV);
  std::vector<std::string> isystem;
  std::vector<std::string> definitions;
  std::string file;
  const Target* target = &kX64SysV;
  bool parse = false;
  bool time = false;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    auto value = [&]() -> std::string {
      if (arg.size() > 2 && arg[0] == '-' && arg[1] != '-' && arg[1] != 'i') return arg.substr(2);
      return i + 1 < argc ? argv[++i] : "";
    };
    if (arg == "-isystem") {
      isystem.push_back(value());
    } else if (arg.substr(0, 2) == "-I") {
      settings.path.bracket.push_back(value());
    } else if (arg.substr(0, 2) == "-D") {
      definitions.push_back("D" + value());
    } else if (arg.substr(0, 2) == "-U") {
      definitions.push_back("U" + value());
    } else if (arg == "--target") {
      target = target_named(value());
    } else if (arg == "--profile") {
      const std::string name = value();
      settings.profile = name == "clang"  ? cpreproc::Profile::clang
                         : name == "msvc" ? cpreproc::Profile::msvc
                                          : cpreproc::Profile::gcc;
    } else if (arg == "--no-builtin") {
      settings.builtin_headers = false;
    } else if (arg == "--parse") {
      parse = true;
    } else if (arg == "--time") {
      time = true;
    } else {
      file = arg;
    }
  }
  if (target == nullptr || file.empty()) return 2;
  settings.path.system.insert(settings.path.system.begin(), isystem.begin(), isystem.end());
  std::ifstream in(file, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  const std::string text = content.str();
  const auto start = std::chrono::steady_clock::now();
  cpreproc::State state(*target, &cpreproc::system_files(), settings);
  for (const std::string& d : definitions) {
    if (d[0] == 'U') {
      state.undefine(d.substr(1));
    } else if (auto defined = state.define(d.substr(1)); !defined.ok()) {
      std::cerr << defined.message() << "\n";
      return 2;
    }
  }
  auto elapsed = [&start] {
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  };
  if (parse) {
    TypeTable types(*target);
    cparse::Input input(text);
    input.macros = &state;
    input.name = file;
    Result<void> result = cparse::parse_declarations(types, input);
    if (time) std::printf("%.0f us, %u types\n", elapsed(), types.size());
    std::printf("%s\n", result.ok() ? "OK" : result.message().c_str());
    return result.ok() ? 0 : 1;
  }
  cpreproc::Preprocessor source(state, text, file);
  cpreproc::Token token;
  size_t count = 0;
  std::string out;
  bool in_pragma = false;
  for (source.next(token); token.kind != cpreproc::Tok::end; source.next(token)) {
    if (token.kind == cpreproc::Tok::error) {
      std::cout << out;
      std::cerr << "error: " << source.error() << " at " << source.sources().describe(source.error_at()) << "\n";
      return 1;
    }
    if (token.kind == cpreproc::Tok::pragma) in_pragma = true;
    if (!in_pragma) {
      ++count;
      if (!time) (out += token.text) += '\n';
    }
    if (token.kind == cpreproc::Tok::pragma_end) in_pragma = false;
  }
  if (time)
    std::printf("%.0f us, %zu tokens\n", elapsed(), count);
  else
    std::cout << out;
  return 0;
}
