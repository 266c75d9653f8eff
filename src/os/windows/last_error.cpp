// What GetLastError() returns.
#include "os/last_error.h"

#include <windows.h>

namespace ferry::os {

uint32_t system_error() {
  return GetLastError();
}

void set_system_error(uint32_t number) {
  SetLastError(number);
}

}  // namespace ferry::os
