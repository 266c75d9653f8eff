// C functions called on threads of their own: calls wait in a queue, in the order in which they were made, until one of
// a bounded number of threads is free. Knows no Lua, and allocates nothing after it was made.
//
// Whoever makes calls owns their memory. It stays until the call is among those that take_ended() gives, or has been
// cancelled.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "call/backend.h"
#include "call/exception_text.h"
#include "os/events.h"
#include "os/last_error.h"
#include "os/threads.h"

namespace ferry::call {

// More threads than a process usefully has for this.
inline constexpr uint32_t kMaxWorkers = 256;
// The stack of each. What the system would give them differs (8 MiB, or 128 KiB with musl).
inline constexpr size_t kWorkerStack = sizeof(void*) * 1024 * 1024;

struct WorkerCall {
  enum class Stage : uint8_t {
    made,
    queued,
    running,
    ended,      // see `end`
    cancelled,  // before it began
  };
  enum class End : uint8_t {
    returned,
    threw,  // a C++ exception; `exception` says which, null: there was no memory for it
    left,   // the C function has ended its thread
  };

  const Invoker* invoker = nullptr;
  CFunction function = nullptr;
  std::byte* frame = nullptr;  // with the arguments, as the invoker wants them
  void* result = nullptr;
  os::LastError error;  // before the call and after it

  std::atomic<Stage> stage{Stage::made};
  End end = End::returned;
  ExceptionText* exception = nullptr;  // to be deleted by who owns the call
  std::atomic<uintptr_t> thread{0};    // that runs it
  WorkerCall* outer = nullptr;         // that waits for this one on the same thread
  WorkerCall* previous = nullptr;      // in the queue
  WorkerCall* next = nullptr;          // in the queue, or among those that have ended

  // Whether nothing happens to it any more.
  bool is_over() const {
    const Stage now = stage.load(std::memory_order_acquire);
    return now == Stage::ended || now == Stage::cancelled;
  }
};

// The context of the Workers whose thread this is; null: it is none of theirs.
void* worker_context();

class Workers {
 public:
  // `on_end` is called with `context` whenever a call has ended, on any thread, under the lock.
  Workers(uint32_t limit, void (*on_end)(void*), void* context)
      : limit_(limit), on_end_(on_end), context_(context), process_(os::this_process()) {}
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // False where there is not one thread, nor can be: errno says why.
  bool submit(WorkerCall* call);
  // True: it had not begun, and will not.
  bool cancel(WorkerCall* call);
  // Waits until the call is over; a thread of these runs it itself if nobody does. False: not within so many seconds.
  bool wait(WorkerCall* call, double seconds);
  // Waits until fewer than `limit` calls are queued.
  bool wait_for_room(uint32_t limit, double seconds);
  // Those that have ended since this was asked, linked by `next`.
  WorkerCall* take_ended();

  // At most so many threads from now on, 1 to kMaxWorkers; those beyond end when they are free.
  void set_limit(uint32_t limit);

  struct Use {
    uint32_t threads;
    uint32_t running;
    uint32_t queued;
  };
  Use use();

  // Cancels what has not begun, waits for what has, and ends the threads.
  void close();

  // Whether they were made by this process. In a forked one there are no threads, and nothing of this can be used.
  bool here() const { return process_ == os::this_process(); }

 private:
  enum class Place : uint8_t { empty, taken, left };
  struct Worker {
    Workers* workers = nullptr;
    os::Thread thread;
    uintptr_t id = 0;
    Place place = Place::empty;
    WorkerCall* call = nullptr;  // that runs
  };
  using Lock = std::unique_lock<std::mutex>;
  class Running;
  class Working;

  static void* work(void* worker);
  bool start_worker();
  static void left(void* worker);
  static const os::ThreadEnd& thread_end();
  void end_worker(Worker* worker);
  void end_running(Worker* worker);
  Worker* this_worker();  // null: the calling thread is none
  void remove(WorkerCall* call);
  static void run(Worker* worker, WorkerCall* call, Lock& lock);
  void finish(WorkerCall* call);
  template <typename Condition>
  bool wait_until(Lock& lock, double seconds, Condition condition);

  std::mutex mutex_;
  std::condition_variable work_;   // something is queued, or threads are to end
  std::condition_variable ended_;  // a call is over, or has left the queue
  std::array<Worker, kMaxWorkers> workers_;
  uint32_t count_ = 0;  // threads
  uint32_t limit_;
  uint32_t idle_ = 0;     // of them, wait for work
  uint32_t running_ = 0;  // calls
  uint32_t queued_ = 0;
  uint32_t waiting_ = 0;  // threads that wait for ended_
  bool closing_ = false;
  WorkerCall* first_ = nullptr;
  WorkerCall* last_ = nullptr;
  WorkerCall* over_ = nullptr;
  void (*on_end_)(void*);
  void* context_;
  int64_t process_;
};

}  // namespace ferry::call
