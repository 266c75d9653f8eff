// Threads of systems that have pthreads.
#include "os/threads.h"

#include <pthread.h>

#include <cerrno>
#include <csignal>

namespace ferry::os {

namespace {

// What a thread gets for what it does itself.
constexpr int kOwnErrors[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

}  // namespace

uintptr_t this_thread() {
  return reinterpret_cast<uintptr_t>(reinterpret_cast<void*>(pthread_self()));
}

bool start_thread(Thread* thread, void* (*run)(void*), void* argument, size_t stack_bytes) {
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error == 0) {
    pthread_attr_setstacksize(&attributes, stack_bytes);  // refused: the system's own choice
    sigset_t blocked;
    sigset_t before;
    sigfillset(&blocked);
    for (const int number : kOwnErrors) sigdelset(&blocked, number);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);  // which it inherits
    pthread_t made;
    error = pthread_create(&made, &attributes, run, argument);
    if (error == 0) thread->handle = reinterpret_cast<uintptr_t>(reinterpret_cast<void*>(made));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
  }
  errno = error;
  return error == 0;
}

void join_thread(const Thread& thread) {
  pthread_join(reinterpret_cast<pthread_t>(reinterpret_cast<void*>(thread.handle)), nullptr);
}

static_assert(sizeof(pthread_key_t) <= sizeof(uintptr_t));

ThreadEnd::ThreadEnd(void (*left)(void*)) {
  pthread_key_t key;
  made_ = pthread_key_create(&key, left) == 0;
  if (made_) key_ = static_cast<uintptr_t>(key);
}

void ThreadEnd::set(void* argument) const {
  if (made_) pthread_setspecific(static_cast<pthread_key_t>(key_), argument);
}

}  // namespace ferry::os
