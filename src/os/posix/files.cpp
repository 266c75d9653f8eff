// Files on POSIX systems.
#include "os/files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ferry::os {
namespace {

class Descriptor {
 public:
  // O_NONBLOCK: opening a FIFO must not wait for somebody to write into it.
  explicit Descriptor(const char* path) : fd_(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

const timespec& modification(const struct stat& about) {
#if defined(__APPLE__)
  return about.st_mtimespec;
#else
  return about.st_mtim;
#endif
}

FileStatus refuse(FileContent& content, const char* why) {
  content.why = why;
  return FileStatus::refused;
}

}  // namespace

FileStatus read_file(const std::string& path, size_t limit, FileContent& content) {
  if (path.find('\0') != std::string::npos) return FileStatus::absent;
  Descriptor file(path.c_str());
  if (file.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG || errno == ELOOP) return FileStatus::absent;
    return refuse(content, std::strerror(errno));
  }
  struct stat about;
  if (fstat(file.get(), &about) != 0) return refuse(content, std::strerror(errno));
  if (S_ISDIR(about.st_mode)) return FileStatus::absent;
  if (!S_ISREG(about.st_mode)) return refuse(content, "it is no regular file");
  if (static_cast<uint64_t>(about.st_size) > limit) return refuse(content, "it is too large");
  content.identity = {static_cast<uint64_t>(about.st_dev), static_cast<uint64_t>(about.st_ino)};
  content.modified = static_cast<int64_t>(modification(about).tv_sec);
  content.modified_ns = static_cast<int64_t>(modification(about).tv_nsec);
  // It may grow or shrink meanwhile: what is read counts.
  content.bytes.resize(static_cast<size_t>(about.st_size));
  size_t have = 0;
  while (have < content.bytes.size()) {
    const ssize_t n = ::read(file.get(), content.bytes.data() + have, content.bytes.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return refuse(content, std::strerror(errno));
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  content.bytes.resize(have);
  return FileStatus::read;
}

std::string file_stamp(const std::string& path) {
  struct stat about;
  if (path.find('\0') != std::string::npos || stat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return {};
  const timespec& modified = modification(about);
  return stamp_text(static_cast<uint64_t>(about.st_size), modified.tv_sec, modified.tv_nsec);
}

Entry entry_at(const std::string& path) {
  struct stat about;
  if (stat(path.c_str(), &about) == 0) return S_ISDIR(about.st_mode) ? Entry::folder : Entry::other;
  const bool absent = errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG || errno == ELOOP;
  return absent ? Entry::absent : Entry::other;
}

bool replace_file(const std::string& from, const std::string& to) {
  return std::rename(from.c_str(), to.c_str()) == 0;
}

bool private_folder(const std::string& path, std::string& why) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    why = "that is no name of a folder";
    return false;
  }
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string folder = path.substr(0, end);
    if (mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST && (end == std::string::npos || errno != EROFS)) {
      why = std::strerror(errno);
      return false;
    }
    if (end == std::string::npos) break;
  }
  struct stat about;
  // lstat: where a link leads may be changed by whoever owns the link.
  if (lstat(path.c_str(), &about) != 0) {
    why = std::strerror(errno);
  } else if (!S_ISDIR(about.st_mode)) {
    why = "it is no folder";
  } else if (about.st_uid != geteuid()) {
    why = "somebody else owns it";
  } else if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    why = "others may write into it";
  } else {
    return true;
  }
  return false;
}

}  // namespace ferry::os
