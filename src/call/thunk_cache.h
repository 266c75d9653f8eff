// The cache by which native code recognises cdata: addresses of Lua tables that are known to be cdata metatables. Knows
// no Lua.
#pragma once

#include <cstdint>

namespace ferry::call {

// Direct-mapped: an address found in its slot is a cdata metatable; one that is not found may be one.
inline constexpr uint32_t kMetatableCache = 64;
inline constexpr uint32_t kMetatableShift = 5;  // tables are some 60 bytes apart at least
inline uint32_t metatable_slot(const void* metatable) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(metatable) >> kMetatableShift) % kMetatableCache;
}

}  // namespace ferry::call
