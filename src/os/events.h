// Events: what one thread wakes another one with, and event loops can watch.
#pragma once

#include <cstdint>

namespace ferry::os {

// File descriptors; the same one where the system has such objects.
struct Event {
  int readable = -1;  // can be read from as long as the event is raised
  int writable = -1;
};

// False: errno says why not. A forked process has it in common with its parent, and needs one of its own.
bool make_event(Event* event);
void close_event(const Event& event);

// Keeps errno; may be called in a signal's handler.
void raise_event(const Event& event);
// Lowers it. Whether it was raised.
bool lower_event(const Event& event);
// Waits until it is raised, or the time is over, or a signal has come. Below 0: for ever.
void wait_for_event(const Event& event, double seconds);

// Identifies the calling process.
int64_t this_process();

}  // namespace ferry::os
