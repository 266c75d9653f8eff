// Events on POSIX systems, once they are made.
#include "os/events.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cmath>

namespace ferry::os {

void close_event(const Event& event) {
  if (event.readable >= 0) ::close(event.readable);
  if (event.writable >= 0 && event.writable != event.readable) ::close(event.writable);
}

void raise_event(const Event& event) {
  const int kept_errno = errno;
  const uint64_t one = 1;  // what an eventfd takes; to a pipe as good as any
  while (::write(event.writable, &one, sizeof one) < 0 && errno == EINTR) {
  }
  errno = kept_errno;
}

bool lower_event(const Event& event) {
  bool raised = false;
  uint64_t taken[16];
  for (;;) {
    const ssize_t got = ::read(event.readable, taken, sizeof taken);
    if (got > 0) raised = true;
    if (got < static_cast<ssize_t>(sizeof taken) && !(got < 0 && errno == EINTR)) return raised;
  }
}

void wait_for_event(const Event& event, double seconds) {
  pollfd watched{event.readable, POLLIN, 0};
  int milliseconds = -1;
  if (seconds >= 0) milliseconds = seconds < INT_MAX / 1000 ? static_cast<int>(std::ceil(seconds * 1000)) : INT_MAX;
  ::poll(&watched, 1, milliseconds);
}

int64_t this_process() {
  return ::getpid();
}

}  // namespace ferry::os
