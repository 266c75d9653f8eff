// Events on Linux: eventfd.
#include "os/events.h"

#include <sys/eventfd.h>

namespace ferry::os {

bool make_event(Event* event) {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return false;
  *event = Event{fd, fd};
  return true;
}

}  // namespace ferry::os
