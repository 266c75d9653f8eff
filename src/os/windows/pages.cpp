// No native code here: calls go through the stub, whose code is static.
#include "os/pages.h"

#include <windows.h>

#include <cerrno>

namespace ferry::os {

size_t page_bytes() {
  SYSTEM_INFO about;
  GetSystemInfo(&about);
  return about.dwPageSize;
}

uint8_t* reserve_pages(size_t) {
  errno = ENOSYS;
  return nullptr;
}

void unreserve_pages(uint8_t*, size_t) {}

void empty_pages(uint8_t*, size_t) {}

std::span<const PageMethod> page_methods() {
  return {};
}

}  // namespace ferry::os
