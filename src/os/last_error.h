// What C functions leave in their thread to say why they failed: errno, and where the system has one, a number of its
// own (Windows: GetLastError).
#pragma once

#include <cerrno>
#include <cstdint>

namespace ferry::os {

struct LastError {
  int number = 0;       // errno
  uint32_t system = 0;  // the system's own
};

// Whether there is the second one: CMakeLists.txt says so.
#if defined(FERRY_SYSTEM_ERROR)
inline constexpr bool kHasSystemError = true;
uint32_t system_error();
void set_system_error(uint32_t number);
#else
inline constexpr bool kHasSystemError = false;
inline uint32_t system_error() {
  return 0;
}
inline void set_system_error(uint32_t) {}
#endif

// The system's is read first and written last: nothing between it and the C function may change it.
inline LastError last_error() {
  LastError error;
  error.system = system_error();
  error.number = errno;
  return error;
}
inline void set_last_error(const LastError& error) {
  errno = error.number;
  set_system_error(error.system);
}

}  // namespace ferry::os
