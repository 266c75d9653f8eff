// Events: those of the system, which are raised until they are lowered. Handles have 32 significant bits, also where
// pointers have 64 (Microsoft, "Interprocess Communication Between 32-bit and 64-bit Applications").
#include "os/events.h"

#include <windows.h>

#include <cerrno>
#include <cmath>

namespace ferry::os {

namespace {

HANDLE handle_of(int number) {
  return LongToHandle(number);
}

}  // namespace

bool make_event(Event* event) {
  const HANDLE handle = CreateEventW(nullptr, TRUE, FALSE, nullptr);
  if (handle == nullptr) {
    errno = EMFILE;
    return false;
  }
  const int number = HandleToLong(handle);
  *event = Event{number, number};
  return true;
}

void close_event(const Event& event) {
  if (event.readable != -1) CloseHandle(handle_of(event.readable));
}

void raise_event(const Event& event) {
  const DWORD kept = GetLastError();
  SetEvent(handle_of(event.writable));
  SetLastError(kept);
}

// Who raises it in between is answered as well: what it was raised for is looked at after this.
bool lower_event(const Event& event) {
  const HANDLE handle = handle_of(event.readable);
  if (WaitForSingleObject(handle, 0) != WAIT_OBJECT_0) return false;
  ResetEvent(handle);
  return true;
}

void wait_for_event(const Event& event, double seconds) {
  constexpr DWORD kLongest = INFINITE - 1;
  DWORD milliseconds = INFINITE;
  if (seconds >= 0) {
    milliseconds = seconds < kLongest / 1000 ? static_cast<DWORD>(std::ceil(seconds * 1000)) : kLongest;
  }
  WaitForSingleObject(handle_of(event.readable), milliseconds);
}

int64_t this_process() {
  return GetCurrentProcessId();
}

}  // namespace ferry::os
