// Threads: who is running, how large its stack is, where native code finds that and errno without calling anybody; and
// threads of our own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/stack.h"

namespace ferry::os {

// Identifies the calling thread while it lives; never 0.
uintptr_t this_thread();

// How the system and its tools call a thread.
struct ThreadName {
  uint64_t number = 0;
  char text[16] = "";  // empty: it has no name
};
// The calling thread. May be asked in a signal's handler.
void name_this_thread(ThreadName* name);

// Sets the calling thread's stack_bounds (base/stack.h).
void measure_stack();
// The same once in its life. Inline, as each callback asks.
inline void find_stack() {
  if (!stack_bounds.asked) [[unlikely]]
    measure_stack();
}

// A thread that start_thread() has made.
struct Thread {
  uintptr_t handle = 0;
};

// Runs `run` on a new thread with a stack of so many bytes, on which signals that are not an error of its own do not
// arrive: they are the program's affair. False: errno says why not.
bool start_thread(Thread* thread, void* (*run)(void*), void* argument, size_t stack_bytes);
// Waits until it has returned or has been left. Once for each.
void join_thread(const Thread& thread);

// Has a function called at a thread's end, however it ends: also where code without unwind data has left it, so that
// nothing on its stack was destroyed. One for the process, never destroyed.
class ThreadEnd {
 public:
  explicit ThreadEnd(void (*left)(void*));
  ThreadEnd(const ThreadEnd&) = delete;
  ThreadEnd& operator=(const ThreadEnd&) = delete;
  // For the calling thread; null: nothing is called. Where there is no memory for it, nothing is either.
  void set(void* argument) const;

 private:
  uintptr_t key_ = 0;
  bool made_ = false;
};

enum class ThreadSegment : uint8_t { fs, gs };

// What a thread's record looks like to native code. Offsets count from the thread pointer: what the segment begins with
// (x86), or TPIDR_EL0 (AArch64).
struct ThreadLayout {
  // errno's.
  int64_t errno_offset = 0;
  // x86-64: int* (*)(void), errno's address where it has no such offset. Null: it has.
  const void* errno_location = nullptr;
  // x86: of the word in `segment` that holds this_thread(). AArch64: this_thread() is the thread pointer and this.
  int64_t thread_offset = 0;
  ThreadSegment segment = ThreadSegment::fs;
};

// The same for every thread. False: it is none that native code could use on this system.
bool find_thread_layout(ThreadLayout* layout);

}  // namespace ferry::os
