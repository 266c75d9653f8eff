// What the targets of tests/fuzz share.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

#include "ctype/type_table.h"

namespace ferry::fuzz {

using Bytes = std::span<const uint8_t>;

// What does not hold is a finding.
inline void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

// FERRY_FUZZ_SHOW shows what a finding consists of.
inline void show(const Target& target, std::string_view text) {
  static const bool shown = std::getenv("FERRY_FUZZ_SHOW") != nullptr;
  if (!shown) return;
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(target.name.size()), target.name.data(),
               static_cast<int>(text.size()), text.data());
}

inline const Target* const kTargets[] = {&kX64SysV,      &kI386SysV,  &kWin64,   &kWin32,   &kArm64Linux, &kArm64Darwin,
                                         &kArm64Windows, &kArmEabiHf, &kRiscv64, &kPpc64le, &kS390x};

// types.cpp: what every layout and every call plan has to fulfil, of the rows from `first` on. Adds types.
void check_types(TypeTable& types, TypeId first);

// The targets, each in the file of its name.
void records(Bytes bytes);
void plans(Bytes bytes);
void formats(Bytes bytes);
void translated(Bytes bytes);

}  // namespace ferry::fuzz
