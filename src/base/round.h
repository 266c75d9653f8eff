// Sizes and offsets rounded up to whole units.
#pragma once

#include <type_traits>

namespace ferry {

template <typename T>
constexpr T round_up(T value, std::type_identity_t<T> unit) {
  return static_cast<T>((value + unit - 1) / unit * unit);
}

}  // namespace ferry
