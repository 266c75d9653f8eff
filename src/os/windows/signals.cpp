// Signals that the C run-time has. It forgets a handler when it calls it; a console's (INT, BREAK) come on a thread of
// their own.
#include "os/signals.h"

#include <atomic>
#include <cerrno>
#include <csignal>

namespace ferry::os {

namespace {

constexpr SignalName kNames[] = {{"INT", SIGINT}, {"ABRT", SIGABRT}, {"TERM", SIGTERM}, {"BREAK", SIGBREAK}};

using Handler = void (*)(int);
struct Kept {
  Handler before = nullptr;
  std::atomic<Handler> handler{nullptr};  // null: the signal is not caught
};
Kept kept[kMaxSignal + 1];

void arrived(int number) {
  const int kept_errno = errno;
  const Handler handler = kept[number].handler.load(std::memory_order_acquire);
  if (handler != nullptr) {
    std::signal(number, arrived);
    handler(number);
  }
  errno = kept_errno;
}

}  // namespace

std::span<const SignalName> signal_names() {
  return kNames;
}

bool may_wait(int number) {
  return number != SIGSEGV && number != SIGFPE && number != SIGILL;
}

bool catch_signal(int number, void (*handler)(int)) {
  const bool is_first = kept[number].handler.exchange(handler, std::memory_order_acq_rel) == nullptr;
  errno = EINVAL;  // not every C run-time says so itself
  const Handler before = std::signal(number, arrived);
  if (before == SIG_ERR) {
    kept[number].handler.store(nullptr, std::memory_order_release);
    return false;
  }
  if (is_first) kept[number].before = before;
  return true;
}

void release_signal(int number) {
  if (kept[number].handler.exchange(nullptr, std::memory_order_acq_rel) == nullptr) return;
  std::signal(number, kept[number].before);
}

}  // namespace ferry::os
