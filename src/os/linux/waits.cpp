// Futexes: std::atomic's own.
#include "os/waits.h"

namespace ferry::os {

void wait_while(const std::atomic<uint32_t>& word, uint32_t value) {
  word.wait(value);
}

void wake_one(std::atomic<uint32_t>& word) {
  word.notify_one();
}

void wake_all(std::atomic<uint32_t>& word) {
  word.notify_all();
}

}  // namespace ferry::os
