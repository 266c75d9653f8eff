// The process on POSIX systems.
#include "os/process.h"

#include <pthread.h>
#include <unistd.h>

namespace ferry::os {

bool at_fork(void (*before)(), void (*after)()) {
  return pthread_atfork(before, after, after) == 0;
}

void write_standard_error(const char* text, size_t length) {
  while (length > 0) {
    const ssize_t done = ::write(2, text, length);
    if (done <= 0) return;
    text += done;
    length -= static_cast<size_t>(done);
  }
}

void stay_loaded() {}

bool local_time(std::time_t time, std::tm* local) {
  return localtime_r(&time, local) != nullptr;
}

}  // namespace ferry::os
