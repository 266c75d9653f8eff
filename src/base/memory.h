// Values in raw memory, wherever they lie: unaligned access as one move, without breaking aliasing rules.
#pragma once

#include <cstring>
#include <limits>
#include <type_traits>

namespace ferry {

template <typename T>
T load(const void* address) {
  T value;
  std::memcpy(&value, address, sizeof value);
  return value;
}

template <typename T>
void store(void* address, T value) {
  if constexpr (std::is_same_v<T, long double> && std::numeric_limits<long double>::digits == 64) {
    std::memset(address, 0, sizeof value);  // x87: the value has ten bytes, and who compares or copies objects sees all
    std::memcpy(address, &value, 10);
    return;
  }
  std::memcpy(address, &value, sizeof value);
}

}  // namespace ferry
