// What this process holds for all its Lua states, counted. Leaks are told from it when the process ends (api/leaks.h).
#pragma once

#include <atomic>
#include <cstdint>

namespace ferry::lua {

struct Held {
  std::atomic<int64_t> states{0};     // open ones
  std::atomic<int64_t> types{0};      // TypeInfo
  std::atomic<int64_t> callbacks{0};  // CallbackRecord
};
inline Held held;

}  // namespace ferry::lua
