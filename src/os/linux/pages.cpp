// Pages of native code on Linux: mprotect and mremap, or a sealed memfd where mprotect(PROT_EXEC) is denied.
#include "os/pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ferry::os {

namespace {

constexpr int kReserved = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

void flush(uint8_t* begin, size_t bytes) {
  auto* p = reinterpret_cast<char*>(begin);
  __builtin___clear_cache(p, p + bytes);
}

// Of executable pages. AArch64: guarded where processor and kernel can (Linux, arch/arm64/elf_hwcaps: HWCAP2_BTI;
// asm/mman.h: PROT_BTI; older headers lack the names).
int executable() {
#if defined(__aarch64__)
  constexpr unsigned long kHwcap2Bti = 1ul << 17;
  constexpr int kProtBti = 0x10;
  static const int guard = (getauxval(AT_HWCAP2) & kHwcap2Bti) != 0 ? kProtBti : 0;
  return PROT_READ | PROT_EXEC | guard;
#else
  return PROT_READ | PROT_EXEC;
#endif
}

// On errors the old pages are still there: the kernel checks limits and permissions before it takes the old mapping
// away.

int exchange_by_mprotect(uint8_t* to, const uint8_t* image, size_t bytes) {
  void* fresh = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (fresh == MAP_FAILED) return errno;
  std::memcpy(fresh, image, bytes);
  flush(static_cast<uint8_t*>(fresh), bytes);  // data must have left the caches before threads run it at `to`
  if (mprotect(fresh, bytes, executable()) == 0 &&
      mremap(fresh, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED) {
    flush(to, bytes);
    return 0;
  }
  const int error = errno;
  munmap(fresh, bytes);
  return error;
}

int exchange_by_memfd(uint8_t* to, const uint8_t* image, size_t bytes) {
  // A write beyond this limit would be a signal.
  rlimit file_size;
  if (getrlimit(RLIMIT_FSIZE, &file_size) == 0 && file_size.rlim_cur < bytes) return EFBIG;
  const int fd = memfd_create("ferry-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return errno;
  int error = 0;
  for (size_t done = 0; done < bytes && error == 0;) {
    const ssize_t n = write(fd, image + done, bytes - done);
    if (n > 0) {
      done += static_cast<size_t>(n);
    } else if (n == 0 || errno != EINTR) {
      error = n == 0 ? ENOSPC : errno;
    }
  }
  if (error == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    error = errno;
  if (error == 0 && mmap(to, bytes, executable(), MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED) error = errno;
  close(fd);
  if (error == 0) flush(to, bytes);
  return error;
}

constexpr PageMethod kMethods[] = {{"mprotect", exchange_by_mprotect}, {"memfd", exchange_by_memfd}};

}  // namespace

size_t page_bytes() {
  static const auto bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

uint8_t* reserve_pages(size_t bytes) {
  void* begin = mmap(nullptr, bytes, PROT_NONE, kReserved, -1, 0);
  return begin == MAP_FAILED ? nullptr : static_cast<uint8_t*>(begin);
}

void unreserve_pages(uint8_t* begin, size_t bytes) {
  munmap(begin, bytes);
}

void empty_pages(uint8_t* begin, size_t bytes) {
  static_cast<void>(mmap(begin, bytes, PROT_NONE, kReserved | MAP_FIXED, -1, 0));  // where that fails they stay
}

std::span<const PageMethod> page_methods() {
  return kMethods;
}

}  // namespace ferry::os
