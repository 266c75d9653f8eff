// Threads of systems that have pthreads.
#include "os/threads.h"

#include <pthread.h>

namespace ferry::os {

uintptr_t this_thread() {
  return reinterpret_cast<uintptr_t>(reinterpret_cast<void*>(pthread_self()));
}

}  // namespace ferry::os
