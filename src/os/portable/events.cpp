// Events where there is no eventfd: a pipe.
#include "os/events.h"

#include <fcntl.h>
#include <unistd.h>

namespace ferry::os {

bool make_event(Event* event) {
  int ends[2];
  if (::pipe(ends) != 0) return false;
  for (const int end : ends) {
    ::fcntl(end, F_SETFL, O_NONBLOCK);
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
  }
  *event = Event{ends[0], ends[1]};
  return true;
}

}  // namespace ferry::os
