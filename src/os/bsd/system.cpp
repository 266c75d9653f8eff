// FreeBSD, NetBSD, OpenBSD, DragonFly: what each calls its threads and their stacks. Written from their manuals.
#include <pthread.h>
#include <unistd.h>

#include <cstring>

#if defined(__NetBSD__)
#include <lwp.h>
#else
#include <pthread_np.h>
#endif

#include "os/posix/names.h"
#include "os/threads.h"

namespace ferry::os {

#if defined(__OpenBSD__)

// pthread_stackseg_np(3): ss_sp is the end that the stack begins at.
void measure_stack() {
  stack_bounds.asked = true;
  stack_t stack;
  if (pthread_stackseg_np(pthread_self(), &stack) != 0) return;
  const auto high = reinterpret_cast<uintptr_t>(stack.ss_sp);
  if (high > stack.ss_size && stack.ss_size > 0) stack_bounds = {high - stack.ss_size, stack.ss_size, true};
}

#else

// pthread_attr_get_np(3), NetBSD: pthread_getattr_np(3).
void measure_stack() {
  stack_bounds.asked = true;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return;
#if defined(__NetBSD__)
  const bool known = pthread_getattr_np(pthread_self(), &attributes) == 0;
#else
  const bool known = pthread_attr_get_np(pthread_self(), &attributes) == 0;
#endif
  void* low = nullptr;
  size_t bytes = 0;
  size_t guard = 0;
  pthread_attr_getguardsize(&attributes, &guard);
  if (known && pthread_attr_getstack(&attributes, &low, &bytes) == 0 && bytes > guard) {
    // Whether the guard is part of it differs.
    stack_bounds = {reinterpret_cast<uintptr_t>(low) + guard, bytes - guard, true};
  }
  pthread_attr_destroy(&attributes);
}

#endif

void name_this_thread(ThreadName* name) {
#if defined(__NetBSD__)
  name->number = static_cast<uint64_t>(_lwp_self());
  pthread_getname_np(pthread_self(), name->text, sizeof name->text);
#elif defined(__OpenBSD__)
  name->number = static_cast<uint64_t>(getthrid());
  pthread_get_name_np(pthread_self(), name->text, sizeof name->text);
#else
  name->number = static_cast<uint64_t>(pthread_getthreadid_np());
  pthread_get_name_np(pthread_self(), name->text, sizeof name->text);
#endif
}

const char* const kLibrarySuffix = ".so";
const char* const kLibraryPathVariable = "LD_LIBRARY_PATH";

std::span<const char* const> companion_libraries() {
  static constexpr const char* kNames[] = {"libm.so", "libpthread.so", "libgcc_s.so"};
  return kNames;
}

}  // namespace ferry::os
