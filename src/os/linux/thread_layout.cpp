// Where glibc and musl keep what native code asks of the thread, measured on the running one; the bounds of its stack;
// what the kernel calls it.
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "os/threads.h"

namespace ferry::os {

namespace {

#if defined(__x86_64__)
constexpr bool kKnown = true;
uintptr_t thread_pointer() {
  uintptr_t thread;
  asm("mov %%fs:0, %0" : "=r"(thread));
  return thread;
}
#elif defined(__i386__)
constexpr bool kKnown = true;
uintptr_t thread_pointer() {
  uintptr_t thread;
  asm("mov %%gs:0, %0" : "=r"(thread));
  return thread;
}
#elif defined(__aarch64__)
constexpr bool kKnown = true;
uintptr_t thread_pointer() {
  uintptr_t thread;
  asm("mrs %0, tpidr_el0" : "=r"(thread));
  return thread;
}
#else
constexpr bool kKnown = false;
uintptr_t thread_pointer() {
  return 0;
}
#endif

}  // namespace

void measure_stack() {
  stack_bounds.asked = true;
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  void* low = nullptr;
  size_t bytes = 0;
  size_t guard = 0;
  pthread_attr_getguardsize(&attributes, &guard);
  if (pthread_attr_getstack(&attributes, &low, &bytes) == 0 && bytes > guard) {
    // Whether the guard is part of it depends on the C library.
    stack_bounds = {reinterpret_cast<uintptr_t>(low) + guard, bytes - guard, true};
  }
  pthread_attr_destroy(&attributes);
}

void name_this_thread(ThreadName* name) {
  name->number = static_cast<uint64_t>(syscall(SYS_gettid));
  static_assert(sizeof name->text >= 16);  // prctl(2), PR_GET_NAME
  prctl(PR_GET_NAME, name->text);
}

// Both let the thread pointer lead to their record of the thread, which is what pthread_self() returns (x86), or
// directly behind it (AArch64).
bool find_thread_layout(ThreadLayout* layout) {
  if (!kKnown) return false;
  const uintptr_t pointer = thread_pointer();
  layout->errno_offset = static_cast<intptr_t>(reinterpret_cast<uintptr_t>(&errno) - pointer);
  layout->thread_offset = static_cast<intptr_t>(this_thread() - pointer);
#if defined(__i386__)
  layout->segment = ThreadSegment::gs;
#endif
#if defined(__x86_64__) || defined(__i386__)
  if (layout->thread_offset != 0) return false;
#endif
  constexpr int64_t kNear = int64_t{1} << 20;
  return layout->thread_offset <= 0 && layout->thread_offset > -kNear && layout->errno_offset > INT32_MIN &&
         layout->errno_offset < INT32_MAX;
}

}  // namespace ferry::os
