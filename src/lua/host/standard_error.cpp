// Writes to file descriptor 2 (standard_error.h).
#include "lua/host/standard_error.h"

#include <unistd.h>

namespace ferry::lua {

void write_standard_error(const char* text, size_t length) {
  while (length > 0) {
    const ssize_t done = ::write(2, text, length);
    if (done <= 0) return;
    text += done;
    length -= static_cast<size_t>(done);
  }
}

}  // namespace ferry::lua
