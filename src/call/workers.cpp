// Threads that call C functions (workers.h).
#include "call/workers.h"

#include <cxxabi.h>

#include <cerrno>
#include <chrono>
#include <new>

namespace ferry::call {

namespace {

// Longer waits have no end.
constexpr double kForEver = 1e8;

// glibc makes room for a library's thread-local variables when a thread first uses one, and ends the process if there
// is no memory. One of this model is in the room that each thread begins with, and then all of this library are.
#if defined(FERRY_STATIC_TLS)
[[gnu::tls_model("initial-exec")]]
#endif
thread_local void* context_of_this_thread = nullptr;

}  // namespace

void* worker_context() {
  return context_of_this_thread;
}

// A call that runs, without the lock. Ends also when the C function ends its thread.
class Workers::Running {
 public:
  Running(Worker* worker, WorkerCall* call, Lock& lock) : workers_(*worker->workers), worker_(worker), lock_(lock) {
    call->outer = worker->call;
    worker->call = call;
    call->thread.store(os::this_thread(), std::memory_order_relaxed);
    call->end = WorkerCall::End::left;
    call->stage.store(WorkerCall::Stage::running, std::memory_order_release);
    ++workers_.running_;
    lock.unlock();
  }
  ~Running() {
    lock_.lock();
    workers_.end_running(worker_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  Workers& workers_;
  Worker* worker_;
  Lock& lock_;
};

// A thread that works. Ends with it, under the lock.
class Workers::Working {
 public:
  explicit Working(Worker* worker) : worker_(worker) {
    worker->id = os::this_thread();
    worker->call = nullptr;
    thread_end().set(worker);
  }
  ~Working() {
    thread_end().set(nullptr);
    worker_->workers->end_worker(worker_);
  }
  Working(const Working&) = delete;
  Working& operator=(const Working&) = delete;

 private:
  Worker* worker_;
};

const os::ThreadEnd& Workers::thread_end() {
  static const os::ThreadEnd end(left);
  return end;
}

// A C function has ended its thread, and the unwinder has not come past it: it has no unwind data (compilers for RISC-V
// and ARM write none for C), or there is no unwinder.
void Workers::left(void* argument) {
  auto* worker = static_cast<Worker*>(argument);
  Workers& all = *worker->workers;
  const Lock lock(all.mutex_);
  while (worker->call != nullptr) all.end_running(worker);
  all.end_worker(worker);
}

void Workers::end_running(Worker* worker) {
  WorkerCall* call = worker->call;
  worker->call = call->outer;
  --running_;
  finish(call);
}

void Workers::end_worker(Worker* worker) {
  context_of_this_thread = nullptr;  // what else the thread does at its end is no call of theirs
  worker->id = 0;
  worker->place = Place::left;
  --count_;
}

void* Workers::work(void* argument) {
  auto* worker = static_cast<Worker*>(argument);
  Workers& all = *worker->workers;
  context_of_this_thread = all.context_;
  Lock lock(all.mutex_);
  const Working working(worker);
  while (all.count_ <= all.limit_) {
    if (WorkerCall* call = all.first_) {
      all.remove(call);
      run(worker, call, lock);
      continue;
    }
    if (all.closing_) break;
    ++all.idle_;
    all.work_.wait(lock);
    --all.idle_;
  }
  return nullptr;
}

bool Workers::start_worker() {
  for (Worker& worker : workers_) {
    if (worker.place == Place::taken) continue;
    if (worker.place == Place::left) os::join_thread(worker.thread);
    worker.place = Place::empty;
    worker.workers = this;
    if (!os::start_thread(&worker.thread, work, &worker, kWorkerStack)) return false;
    worker.place = Place::taken;
    ++count_;
    return true;
  }
  errno = EAGAIN;
  return false;
}

Workers::Worker* Workers::this_worker() {
  const uintptr_t thread = os::this_thread();
  for (Worker& worker : workers_) {
    if (worker.place == Place::taken && worker.id == thread) return &worker;
  }
  return nullptr;
}

void Workers::remove(WorkerCall* call) {
  (call->previous != nullptr ? call->previous->next : first_) = call->next;
  (call->next != nullptr ? call->next->previous : last_) = call->previous;
  call->previous = call->next = nullptr;
  --queued_;
  if (waiting_ != 0) ended_.notify_all();
}

void Workers::run(Worker* worker, WorkerCall* call, Lock& lock) {
  const Running running(worker, call, lock);
  try {
    os::set_last_error(call->error);
    call->invoker->invoke(call->function, call->frame, call->result);
    call->error = os::last_error();
    call->end = WorkerCall::End::returned;
  } catch (...) {
    call->error = os::last_error();
    // Of another language, or none: that is how a thread is ended.
    if (__cxxabiv1::__cxa_current_exception_type() == nullptr) throw;
    call->end = WorkerCall::End::threw;
    call->exception = new (std::nothrow) ExceptionText;
    if (call->exception != nullptr) describe_exception(call->exception);
  }
}

void Workers::finish(WorkerCall* call) {
  call->next = over_;
  over_ = call;
  call->thread.store(0, std::memory_order_relaxed);
  call->stage.store(WorkerCall::Stage::ended, std::memory_order_release);
  on_end_(context_);
  if (waiting_ != 0) ended_.notify_all();
}

template <typename Condition>
bool Workers::wait_until(Lock& lock, double seconds, Condition condition) {
  ++waiting_;
  bool is = true;
  if (seconds < kForEver) {
    const std::chrono::duration<double> time(seconds > 0 ? seconds : 0);
    is = ended_.wait_for(lock, std::chrono::duration_cast<std::chrono::nanoseconds>(time), condition);
  } else {
    ended_.wait(lock, condition);
  }
  --waiting_;
  return is;
}

bool Workers::submit(WorkerCall* call) {
  const Lock lock(mutex_);
  if (queued_ + 1 > idle_ && count_ < limit_ && !start_worker() && count_ == 0) return false;
  call->previous = last_;
  call->next = nullptr;
  (last_ != nullptr ? last_->next : first_) = call;
  last_ = call;
  ++queued_;
  call->stage.store(WorkerCall::Stage::queued, std::memory_order_release);
  work_.notify_one();
  return true;
}

bool Workers::cancel(WorkerCall* call) {
  const Lock lock(mutex_);
  if (call->stage.load(std::memory_order_relaxed) != WorkerCall::Stage::queued) return false;
  remove(call);
  call->stage.store(WorkerCall::Stage::cancelled, std::memory_order_release);
  if (waiting_ != 0) ended_.notify_all();
  return true;
}

bool Workers::wait(WorkerCall* call, double seconds) {
  if (call->is_over()) return true;
  Lock lock(mutex_);
  if (call->stage.load(std::memory_order_relaxed) == WorkerCall::Stage::queued) {
    if (Worker* worker = this_worker()) {
      // Who should run it may be all waiting as this one is.
      remove(call);
      run(worker, call, lock);
    }
  }
  return wait_until(lock, seconds, [call] { return call->is_over(); });
}

bool Workers::wait_for_room(uint32_t limit, double seconds) {
  Lock lock(mutex_);
  if (Worker* worker = this_worker()) {
    while (queued_ >= limit) {
      WorkerCall* call = first_;
      remove(call);
      run(worker, call, lock);
    }
  }
  return wait_until(lock, seconds, [this, limit] { return queued_ < limit; });
}

WorkerCall* Workers::take_ended() {
  const Lock lock(mutex_);
  WorkerCall* ended = over_;
  over_ = nullptr;
  return ended;
}

void Workers::set_limit(uint32_t limit) {
  const Lock lock(mutex_);
  limit_ = limit;
  work_.notify_all();
}

Workers::Use Workers::use() {
  const Lock lock(mutex_);
  return {count_, running_, queued_};
}

void Workers::close() {
  Lock lock(mutex_);
  while (WorkerCall* call = first_) {
    remove(call);
    call->stage.store(WorkerCall::Stage::cancelled, std::memory_order_release);
  }
  closing_ = true;
  work_.notify_all();
  for (Worker& worker : workers_) {
    if (worker.place == Place::empty) continue;
    const os::Thread thread = worker.thread;
    lock.unlock();
    os::join_thread(thread);
    lock.lock();
    worker.place = Place::empty;
  }
}

}  // namespace ferry::call
