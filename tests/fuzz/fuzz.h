// What the programs of tests/fuzz share.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace ferry::fuzz {

using Bytes = std::span<const uint8_t>;

// What does not hold is a finding.
inline void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

}  // namespace ferry::fuzz
