// Threads of the C run-time, which are the system's.
#include "os/threads.h"

#include <process.h>
#include <windows.h>

#include <cerrno>
#include <new>

namespace ferry::os {

uintptr_t this_thread() {
  return GetCurrentThreadId();
}

void name_this_thread(ThreadName* name) {
  name->number = GetCurrentThreadId();
}

// At the low end is what overflowing it is told with: a page that must not be touched, and one that guards
// (Microsoft, "Thread Stack Size"; what SetThreadStackGuarantee adds is the program's affair).
void measure_stack() {
  stack_bounds.asked = true;
  constexpr uintptr_t kGuard = 3 * 4096;
  ULONG_PTR low = 0, high = 0;
  GetCurrentThreadStackLimits(&low, &high);
  if (high > low + kGuard) stack_bounds = {low + kGuard, high - low - kGuard, true};
}

namespace {

struct Start {
  void* (*run)(void*);
  void* argument;
};

unsigned __stdcall begin(void* argument) {
  auto* start = static_cast<Start*>(argument);
  const Start copy = *start;
  delete start;
  copy.run(copy.argument);
  return 0;
}

}  // namespace

bool start_thread(Thread* thread, void* (*run)(void*), void* argument, size_t stack_bytes) {
  auto* start = new (std::nothrow) Start{run, argument};
  if (start == nullptr) {
    errno = ENOMEM;
    return false;
  }
  const auto reserve = static_cast<unsigned>(stack_bytes);
  thread->handle = _beginthreadex(nullptr, reserve, begin, start, STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
  if (thread->handle != 0) return true;
  delete start;
  return false;
}

void join_thread(const Thread& thread) {
  const auto handle = reinterpret_cast<HANDLE>(thread.handle);
  WaitForSingleObject(handle, INFINITE);
  CloseHandle(handle);
}

ThreadEnd::ThreadEnd(void (*left)(void*)) {
  // On 64 bits there is one convention, so that the callback is the function itself.
  const DWORD index = FlsAlloc(left);
  made_ = index != FLS_OUT_OF_INDEXES;
  if (made_) key_ = index;
}

void ThreadEnd::set(void* argument) const {
  if (made_) FlsSetValue(static_cast<DWORD>(key_), argument);
}

bool find_thread_layout(ThreadLayout*) {
  return false;
}

}  // namespace ferry::os
