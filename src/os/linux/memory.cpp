// Reads of the own memory on Linux: process_vm_readv reports an unreadable address where a load would fault.
#include "os/memory.h"

#include <sys/uio.h>
#include <unistd.h>

namespace ferry::os {

bool read_own_memory(std::span<const MemoryRange> ranges, void* out) {
  if (ranges.size() > kMaxMemoryRanges) return false;
  iovec remote[kMaxMemoryRanges];
  size_t bytes = 0;
  for (size_t i = 0; i < ranges.size(); ++i) {
    remote[i] = iovec{const_cast<void*>(ranges[i].address), ranges[i].bytes};
    bytes += ranges[i].bytes;
  }
  const iovec local{out, bytes};
  return process_vm_readv(getpid(), &local, 1, remote, ranges.size(), 0) == static_cast<ssize_t>(bytes);
}

}  // namespace ferry::os
