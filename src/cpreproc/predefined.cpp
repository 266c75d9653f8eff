// Predefined macros (predefined.h): definitions as text, and those that are computed.
#include "cpreproc/predefined.h"

#include "cpreproc/lexer.h"

namespace ferry::cpreproc {
namespace {

// The bits of predefined.def.
enum Compiler : unsigned {
  kGccX64Linux,
  kGccI386Linux,
  kGccX64Windows,
  kGccI386Windows,
  kGccArm64Linux,
  kGccArmLinux,
  kGccRiscv64,
  kGccPpc64le,
  kGccS390x,
  kClangX64Linux,
  kClangI386Linux,
  kClangX64Windows,
  kClangI386Windows,
  kClangArm64Linux,
  kClangArmLinux,
  kClangRiscv64,
  kClangPpc64le,
  kClangS390x,
  kClangX64Darwin,
  kClangArm64Darwin,
  kClangArm64Windows,
  kMsvcX64,
  kMsvcI386,
  kMsvcArm64,
};

struct Group {
  uint32_t compilers;
  std::string_view text;  // "NAME TEXT\n"*
};
#define GROUP(compilers, text) {compilers, text},
constexpr Group kGroups[] = {
#include "cpreproc/predefined.def"
};
#undef GROUP

struct Computed {
  std::string_view name;
  Builtin builtin;
  unsigned profiles;  // bits 1 << Profile
};
constexpr unsigned kGcc = 1u << static_cast<unsigned>(Profile::gcc);
constexpr unsigned kClang = 1u << static_cast<unsigned>(Profile::clang);
constexpr unsigned kMsvc = 1u << static_cast<unsigned>(Profile::msvc);
constexpr unsigned kAll = kGcc | kClang | kMsvc;
constexpr Computed kComputed[] = {
    {"__FILE__", Builtin::file, kAll},
    {"__BASE_FILE__", Builtin::base_file, kGcc | kClang},
    {"__LINE__", Builtin::line, kAll},
    {"__INCLUDE_LEVEL__", Builtin::include_level, kGcc | kClang},
    {"__COUNTER__", Builtin::counter, kAll},
    {"__DATE__", Builtin::date, kAll},
    {"__TIME__", Builtin::time, kAll},
    {"__TIMESTAMP__", Builtin::timestamp, kAll},
    {"_Pragma", Builtin::pragma, kAll},
    {"__pragma", Builtin::pragma, kAll},
    {"__has_include", Builtin::has_include, kAll},
    {"__has_include_next", Builtin::has_include_next, kGcc | kClang},
    {"__has_attribute", Builtin::has_attribute, kGcc | kClang},
    {"__has_cpp_attribute", Builtin::has_c_attribute, kGcc},
    {"__has_c_attribute", Builtin::has_c_attribute, kGcc | kClang},
    {"__has_builtin", Builtin::has_builtin, kGcc | kClang},
    {"__has_feature", Builtin::has_feature, kClang},
    {"__has_extension", Builtin::has_extension, kClang},
    {"__has_declspec_attribute", Builtin::has_embed, kClang},
    {"__has_warning", Builtin::has_embed, kClang},
    {"__is_identifier", Builtin::is_identifier, kClang},
    {"__building_module", Builtin::has_embed, kClang},
};

// The name that a line of predefined.def begins with.
constexpr std::string_view name_of(std::string_view line) {
  size_t n = 0;
  while (n < line.size() && line[n] != ' ' && line[n] != '(') ++n;
  return line.substr(0, n);
}

constexpr WordFilter make_filter() {
  WordFilter filter;
  auto add = [&filter](std::string_view name) { filter.add(word_hash(name.data(), name.size())); };
  for (const Computed& c : kComputed) add(c.name);
  for (const Group& group : kGroups) {
    std::string_view rest = group.text;
    while (!rest.empty()) {
      const std::string_view name = name_of(rest);
      if (name[0] == '_') add(name);
      size_t end = name.size();
      while (rest[end] != '\n') ++end;
      rest.remove_prefix(end + 1);
    }
  }
  return filter;
}

Compiler compiler_of(const Target& target, Profile profile) {
  const bool gcc = profile == Profile::gcc;
  if (target.os == Os::windows) {
    if (target.arch == Arch::aarch64) return profile == Profile::msvc ? kMsvcArm64 : kClangArm64Windows;
    const bool wide = target.arch == Arch::x86_64;
    if (profile == Profile::msvc) return wide ? kMsvcX64 : kMsvcI386;
    if (gcc) return wide ? kGccX64Windows : kGccI386Windows;
    return wide ? kClangX64Windows : kClangI386Windows;
  }
  if (target.os == Os::darwin) return target.arch == Arch::aarch64 ? kClangArm64Darwin : kClangX64Darwin;
  switch (target.arch) {
    case Arch::x86_64:
      return gcc ? kGccX64Linux : kClangX64Linux;
    case Arch::i386:
      return gcc ? kGccI386Linux : kClangI386Linux;
    case Arch::aarch64:
      return gcc ? kGccArm64Linux : kClangArm64Linux;
    case Arch::arm:
      return gcc ? kGccArmLinux : kClangArmLinux;
    case Arch::riscv64:
      return gcc ? kGccRiscv64 : kClangRiscv64;
    case Arch::ppc64le:
      return gcc ? kGccPpc64le : kClangPpc64le;
    case Arch::s390x:
      return gcc ? kGccS390x : kClangS390x;
  }
  return kGccX64Linux;
}

}  // namespace

const WordFilter& predefined_names() {
  static const WordFilter filter = make_filter();
  return filter;
}

void predefine(MacroTable& macros, const Target& target, const Settings& settings) {
  const uint32_t bit = uint32_t{1} << compiler_of(target, settings.profile);
  for (const Group& group : kGroups) {
    if ((group.compilers & bit) == 0) continue;
    std::string_view rest = group.text;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(line.size() + 1);
      Macro macro;
      macro.name = name_of(line);
      if (macro.name[0] != '_' && !settings.plain_names) continue;
      macro.predefined = true;
      std::string_view text = line.substr(macro.name.size());
      if (!text.empty() && text.front() == '(') {  // all of these have one parameter
        macro.function_like = true;
        const size_t close = text.find(')');
        macro.params.push_back(text.substr(1, close - 1));
        text.remove_prefix(close + 1);
      }
      macro.text = trimmed(text);
      macros.define(macro);
    }
  }
  for (const Computed& c : kComputed) {
    if ((c.profiles >> static_cast<unsigned>(settings.profile) & 1) == 0) continue;
    Macro macro;
    macro.name = c.name;
    macro.builtin = c.builtin;
    macro.predefined = true;
    macros.define(macro);
  }
}

}  // namespace ferry::cpreproc
