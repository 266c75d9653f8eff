// Values in raw memory, wherever they lie: unaligned access as one move, without breaking aliasing rules.
#pragma once

#include <cstring>

namespace ferry {

template <typename T>
T load(const void* address) {
  T value;
  std::memcpy(&value, address, sizeof value);
  return value;
}

template <typename T>
void store(void* address, T value) {
  std::memcpy(address, &value, sizeof value);
}

}  // namespace ferry
