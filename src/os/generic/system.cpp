// A POSIX system that has no folder of its own: without executable pages, so that calls go through the stub or libffi,
// and without knowledge of threads' stacks and names.
#include "os/posix/names.h"
#include "os/threads.h"

namespace ferry::os {

void measure_stack() {
  stack_bounds.asked = true;
}

void name_this_thread(ThreadName* name) {
  name->number = this_thread();
}

const char* const kLibrarySuffix = ".so";
const char* const kLibraryPathVariable = "LD_LIBRARY_PATH";

std::span<const char* const> companion_libraries() {
  return {};
}

}  // namespace ferry::os
