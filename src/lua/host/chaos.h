// FERRY_CHAOS, for tests: what happens seldom happens always. `slow`: no call, callback or access takes its hot path.
// (`move`, the stack of Lua moves whenever it may, is for interpreters made for it: tests/host/moving.c.)
#pragma once

#include <cstdlib>
#include <string_view>

namespace ferry::lua {

inline bool only_slow_paths() {
  static const bool slow = [] {
    const char* chaos = std::getenv("FERRY_CHAOS");
    return chaos != nullptr && std::string_view(chaos) == "slow";
  }();
  return slow;
}

}  // namespace ferry::lua
