// Integers in the 8-byte slots of Invoker and CallbackHandler.
#include <bit>
#include <cstring>

#include "call/backend.h"

namespace ferry::call {

void store_integer(void* slot, int64_t value, size_t size) {
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(slot, &value, sizeof value);  // extended by the caller of this function
  } else {
    // The last bytes of a big-endian value are its low ones.
    std::memcpy(slot, reinterpret_cast<const char*>(&value) + sizeof value - size, size);
  }
}

int64_t load_integer(const void* slot, size_t size, bool is_unsigned) {
  switch (size) {
    case 1: {
      uint8_t v;
      std::memcpy(&v, slot, sizeof v);
      return is_unsigned ? int64_t{v} : int64_t{static_cast<int8_t>(v)};
    }
    case 2: {
      uint16_t v;
      std::memcpy(&v, slot, sizeof v);
      return is_unsigned ? int64_t{v} : int64_t{static_cast<int16_t>(v)};
    }
    case 4: {
      uint32_t v;
      std::memcpy(&v, slot, sizeof v);
      return is_unsigned ? int64_t{v} : int64_t{static_cast<int32_t>(v)};
    }
    default: {
      int64_t v;
      std::memcpy(&v, slot, sizeof v);
      return v;
    }
  }
}

}  // namespace ferry::call
