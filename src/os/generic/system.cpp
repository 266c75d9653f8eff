// A POSIX system that has no folder of its own: without executable pages and without reads that cannot fault, so that
// calls go through the stub or libffi, and the Lua stack is reached by the API.
#include <fcntl.h>
#include <unistd.h>

#include "os/events.h"
#include "os/memory.h"
#include "os/pages.h"
#include "os/posix/names.h"
#include "os/threads.h"

namespace ferry::os {

size_t page_bytes() {
  return 4096;
}

bool read_own_memory(std::span<const MemoryRange>, void*) {
  return false;
}

void measure_stack() {
  stack_bounds.asked = true;
}

void name_this_thread(ThreadName* name) {
  name->number = this_thread();
}

bool find_thread_layout(ThreadLayout*) {
  return false;
}

bool make_event(Event* event) {
  int ends[2];
  if (::pipe(ends) != 0) return false;
  for (const int end : ends) {
    ::fcntl(end, F_SETFL, O_NONBLOCK);
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
  }
  *event = Event{ends[0], ends[1]};
  return true;
}

#if defined(__APPLE__)
const char* const kLibrarySuffix = ".dylib";
#else
const char* const kLibrarySuffix = ".so";
#endif

std::span<const char* const> companion_libraries() {
  return {};
}

}  // namespace ferry::os
