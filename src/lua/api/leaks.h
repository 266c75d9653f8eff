// What this process holds for all its Lua states, counted, and said at the process's end where FERRY_LEAKS is set: once
// every state is closed, what is left of it has leaked.
#pragma once

#include <atomic>
#include <cstdint>

namespace ferry::lua {

struct Held {
  std::atomic<int64_t> states{0};     // open ones
  std::atomic<int64_t> types{0};      // TypeInfo
  std::atomic<int64_t> callbacks{0};  // CallbackRecord
};
extern Held held;

// With FERRY_LEAKS in the environment, the process writes one line to its standard error when it exits:
//   ferry: 0 states, 0 types, 0 callbacks; code: 2 pages, 3 live blocks, 1 retired; callback slots: 64, 64 idle
// Live blocks are then those that all callbacks share. For the first state of the process.
void tell_held_at_exit();

}  // namespace ferry::lua
