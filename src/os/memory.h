// Reads of the process's own memory that cannot fault, for whoever asks whether something is where it is expected.
#pragma once

#include <cstddef>
#include <span>

namespace ferry::os {

struct MemoryRange {
  const void* address;
  size_t bytes;
};

// One read takes at most this many ranges.
inline constexpr size_t kMaxMemoryRanges = 32;

// Reads the ranges one after the other into `out`. False: some byte is not readable, or this system has no such read.
bool read_own_memory(std::span<const MemoryRange> ranges, void* out);

}  // namespace ferry::os
