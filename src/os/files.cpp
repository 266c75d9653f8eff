// What is the same on every system.
#include "os/files.h"

namespace ferry::os {

std::string stamp_text(uint64_t size, int64_t modified, int64_t modified_ns) {
  return std::to_string(size) + "." + std::to_string(modified) + "." + std::to_string(modified_ns);
}

}  // namespace ferry::os
