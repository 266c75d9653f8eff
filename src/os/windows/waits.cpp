// Microsoft, "WaitOnAddress function".
#include "os/waits.h"

#include <windows.h>

namespace ferry::os {

void wait_while(const std::atomic<uint32_t>& word, uint32_t value) {
  static_assert(sizeof word == sizeof value);
  WaitOnAddress(const_cast<std::atomic<uint32_t>*>(&word), &value, sizeof value, INFINITE);
}

void wake_one(std::atomic<uint32_t>& word) {
  WakeByAddressSingle(&word);
}

void wake_all(std::atomic<uint32_t>& word) {
  WakeByAddressAll(&word);
}

}  // namespace ferry::os
