// Reads of the own memory by any POSIX system: write() to a pipe reports an unreadable address (EFAULT) where a load
// would fault.
#include "os/memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace ferry::os {

namespace {

// _POSIX_PIPE_BUF: what an empty pipe takes at once everywhere.
constexpr size_t kPiece = 512;

struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() {
    if (::pipe(ends) != 0) ends[0] = ends[1] = -1;
    for (const int end : ends) {
      if (end >= 0) ::fcntl(end, F_SETFD, FD_CLOEXEC);
    }
  }
  ~Pipe() {
    for (const int end : ends) {
      if (end >= 0) ::close(end);
    }
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
};

// The bytes, through the pipe, which is empty before; where it fails it may not be after.
bool pass(const Pipe& pipe, const char* from, char* to, size_t bytes) {
  ssize_t done;
  while ((done = ::write(pipe.ends[1], from, bytes)) < 0 && errno == EINTR) {
  }
  if (done != static_cast<ssize_t>(bytes)) return false;
  while (bytes > 0) {
    done = ::read(pipe.ends[0], to, bytes);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    to += done;
    bytes -= static_cast<size_t>(done);
  }
  return true;
}

}  // namespace

bool read_own_memory(std::span<const MemoryRange> ranges, void* out) {
  if (ranges.size() > kMaxMemoryRanges) return false;
  const Pipe pipe;
  if (pipe.ends[0] < 0) return false;
  auto* to = static_cast<char*>(out);
  for (const MemoryRange& range : ranges) {
    const auto* from = static_cast<const char*>(range.address);
    for (size_t done = 0; done < range.bytes;) {
      const size_t bytes = std::min(kPiece, range.bytes - done);
      if (!pass(pipe, from + done, to, bytes)) return false;
      to += bytes;
      done += bytes;
    }
  }
  return true;
}

}  // namespace ferry::os
