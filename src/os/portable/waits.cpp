// One lock and one condition for all words: who waits is seldom.
#include "os/waits.h"

#include <condition_variable>
#include <mutex>

namespace ferry::os {
namespace {

// Never destroyed: threads may wait when the process ends.
struct Waiters {
  std::mutex mutex;
  std::condition_variable changed;
};
Waiters& waiters() {
  static auto* all = new Waiters;
  return *all;
}

}  // namespace

void wait_while(const std::atomic<uint32_t>& word, uint32_t value) {
  Waiters& all = waiters();
  std::unique_lock lock(all.mutex);
  if (word.load() == value) all.changed.wait(lock);
}

// Whoever has seen the old value waits by now, or has not taken the lock yet.
void wake_all(std::atomic<uint32_t>&) {
  Waiters& all = waiters();
  const std::lock_guard lock(all.mutex);
  all.changed.notify_all();
}

void wake_one(std::atomic<uint32_t>& word) {
  wake_all(word);
}

}  // namespace ferry::os
