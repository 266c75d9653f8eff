// macOS and its kin. Native code would need MAP_JIT, an entitlement of the program that runs Lua, and pages that change
// for a whole thread between writable and executable: the stub's code is static and needs neither.
#include <pthread.h>

#include "os/posix/names.h"
#include "os/threads.h"

namespace ferry::os {

// pthread.h: the address is the end that the stack begins at.
void measure_stack() {
  stack_bounds.asked = true;
  const pthread_t self = pthread_self();
  const auto high = reinterpret_cast<uintptr_t>(pthread_get_stackaddr_np(self));
  const size_t bytes = pthread_get_stacksize_np(self);
  if (high > bytes && bytes > 0) stack_bounds = {high - bytes, bytes, true};
}

void name_this_thread(ThreadName* name) {
  if (pthread_threadid_np(nullptr, &name->number) != 0) name->number = this_thread();
  pthread_getname_np(pthread_self(), name->text, sizeof name->text);
}

const char* const kLibrarySuffix = ".dylib";
const char* const kLibraryPathVariable = "DYLD_LIBRARY_PATH";

// All that C code expects without naming it is one library there, which every program has.
std::span<const char* const> companion_libraries() {
  return {};
}

}  // namespace ferry::os
