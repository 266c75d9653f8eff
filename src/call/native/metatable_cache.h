// The table by which native code recognises cdata: addresses of Lua tables that are known to be cdata metatables. Knows
// no Lua.
#pragma once

#include <cstdint>

namespace ferry::call {

// Open addressing without removal. Entry 0 is taken by an address that nothing has, so that a null pointer, which
// hashes to it, is never found there.
struct MetatableCache {
  static constexpr uint32_t kSize = 128;
  static constexpr uint32_t kMost = kSize / 2;  // what is not in here is recognised more slowly
  static constexpr uint32_t kShift = 5;         // tables are some 60 bytes apart at least

  const void* slots[kSize] = {&slots[0]};
  uint32_t count = 0;

  void insert(const void* metatable) {
    if (count >= kMost) return;
    uint32_t i = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(metatable) >> kShift) % kSize;
    for (; slots[i] != nullptr; i = (i + 1) % kSize) {
      if (slots[i] == metatable) return;
    }
    slots[i] = metatable;
    ++count;
  }
  void clear() {
    for (uint32_t i = 1; i < kSize; ++i) slots[i] = nullptr;
    count = 0;
  }
};

}  // namespace ferry::call
