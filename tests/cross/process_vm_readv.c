// Stands in for process_vm_readv on the own process, which emulators lack: LD_PRELOAD it to have Lua's stack read
// directly. Like the system call it reports what cannot be read, because write() does.
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t process_vm_readv(pid_t pid, const struct iovec* local, unsigned long locals, const struct iovec* remote,
                         unsigned long remotes, unsigned long flags) {
  if (pid != getpid() || locals != 1 || flags != 0) {
    errno = EINVAL;
    return -1;
  }
  int file = memfd_create("bytes", MFD_CLOEXEC);
  if (file < 0) return -1;
  ssize_t sum = 0;
  for (unsigned long i = 0; i < remotes && sum >= 0; ++i) {
    ssize_t written = write(file, remote[i].iov_base, remote[i].iov_len);
    sum = written < 0 ? -1 : sum + written;
  }
  if (sum > (ssize_t)local->iov_len) sum = (ssize_t)local->iov_len;
  if (sum >= 0) sum = pread(file, local->iov_base, (size_t)sum, 0);
  int error = errno;
  close(file);
  errno = error;
  return sum;
}
