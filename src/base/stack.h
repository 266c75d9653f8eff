// The calling thread's C stack, for who recurses or puts much on it: how much is left. Who knows the system fills it in
// (src/os/threads.h: find_stack).
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferry {

struct StackBounds {
  uintptr_t low = 0;  // the lowest address that may be used
  size_t bytes = 0;   // from there on; 0: not known
  bool asked = false;
};

inline thread_local StackBounds stack_bounds;

// What has to be left for C functions and Lua whatever they do, short of large frames.
inline constexpr size_t kStackReserve = 24 * 1024;

// Whether fewer than `bytes` are left below the caller's frame. Not so on a stack that is none of the thread's own, as
// coroutines written in C have.
inline bool stack_is_short_of(size_t bytes) {
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  const size_t left = here - stack_bounds.low;
  return left < stack_bounds.bytes && left < bytes;
}

}  // namespace ferry
