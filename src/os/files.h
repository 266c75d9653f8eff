// Files: whole contents of regular files, and a folder of the user's own.
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
  int64_t modified_ns = 0;                   // and nanoseconds
  std::string why;                           // FileStatus::refused: what is wrong with the file
};

// Reads a regular file of at most `limit` bytes. A folder is absent; what else is no regular file, larger or not
// readable is refused. Never waits for another process.
FileStatus read_file(const std::string& path, size_t limit, FileContent& content);

// What is another one as soon as the file is: its size and time. Empty: there is no such regular file.
std::string file_stamp(const std::string& path);
// The same of what is known.
std::string stamp_text(uint64_t size, int64_t modified, int64_t modified_ns);

enum class Entry : uint8_t { absent, folder, other };
Entry entry_at(const std::string& path);

// The file `from` is `to` from now on, whatever was there before; both are in one folder. False: nothing has changed.
bool replace_file(const std::string& from, const std::string& to);

// Makes the folder, and those above it, for this user alone, if it is not there. False: somebody else owns it or may
// write into it, or it cannot be made; `why` says so.
bool private_folder(const std::string& path, std::string& why);

}  // namespace ferry::os
