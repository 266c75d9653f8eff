// Reads of the own memory: ReadProcessMemory reports an unreadable address where a load would fault.
#include "os/memory.h"

#include <windows.h>

namespace ferry::os {

bool read_own_memory(std::span<const MemoryRange> ranges, void* out) {
  if (ranges.size() > kMaxMemoryRanges) return false;
  auto* to = static_cast<char*>(out);
  for (const MemoryRange& range : ranges) {
    SIZE_T done = 0;
    if (!ReadProcessMemory(GetCurrentProcess(), range.address, to, range.bytes, &done) || done != range.bytes) {
      return false;
    }
    to += range.bytes;
  }
  return true;
}

}  // namespace ferry::os
