// No native code: calls go through the stub, whose code is static, or through libffi.
#include "os/pages.h"

#include <cerrno>

namespace ferry::os {

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
