// The size of a page; native code is not here (static_code).
#include "os/pages.h"

#include <windows.h>

namespace ferry::os {

size_t page_bytes() {
  SYSTEM_INFO about;
  GetSystemInfo(&about);
  return about.dwPageSize;
}

}  // namespace ferry::os
