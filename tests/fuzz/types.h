// Layouts and call plans: what has to hold of each, and targets of headers_fuzz that choose types.
#pragma once

#include <string_view>

#include "ctype/type_table.h"
#include "fuzz.h"

namespace ferry::fuzz {

inline const Target* const kTargets[] = {&kX64SysV,      &kI386SysV,  &kWin64,   &kWin32,   &kArm64Linux, &kArm64Darwin,
                                         &kArm64Windows, &kArmEabiHf, &kRiscv64, &kPpc64le, &kS390x};

// FERRY_FUZZ_SHOW shows what a finding consists of.
inline void show(const Target& target, std::string_view text) {
  static const bool shown = std::getenv("FERRY_FUZZ_SHOW") != nullptr;
  if (!shown) return;
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(target.name.size()), target.name.data(),
               static_cast<int>(text.size()), text.data());
}

// What every layout and every call plan has to fulfil, of the rows from `first` on. Adds types.
void check_types(TypeTable& types, TypeId first);

// Records, and signatures, that the bytes choose.
void records(Bytes bytes);
void plans(Bytes bytes);

}  // namespace ferry::fuzz
