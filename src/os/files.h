// Files, only read: whole contents of regular files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace ferry::os {

enum class FileStatus : uint8_t { read, absent, refused };

struct FileContent {
  std::string bytes;
  std::pair<uint64_t, uint64_t> identity{};  // equal for two names of one file
  int64_t modified = 0;                      // seconds since 1970; 0: not known
  std::string why;                           // FileStatus::refused: what is wrong with the file
};

// Reads a regular file of at most `limit` bytes. A folder is absent; what else is no regular file, larger or not
// readable is refused. Never waits for another process.
FileStatus read_file(const std::string& path, size_t limit, FileContent& content);

}  // namespace ferry::os
