// What native code would ask: nothing but the size of pages, as there is none.
#include <unistd.h>

#include "os/pages.h"
#include "os/threads.h"

namespace ferry::os {

size_t page_bytes() {
  static const auto bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

bool find_thread_layout(ThreadLayout*) {
  return false;
}

}  // namespace ferry::os
