// The files that #include finds: how they are read, where they are looked for, and what is remembered of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cpreproc/source.h"
#include "ctype/target.h"
#include "os/files.h"

namespace ferry::cpreproc {

// A file of this many bytes is no header.
inline constexpr size_t kMaxFile = size_t{64} << 20;

// The file system, or what stands for it in tests.
class FileAccess {
 public:
  using Status = os::FileStatus;
  using Content = os::FileContent;
  virtual ~FileAccess() = default;
  virtual Status read(const std::string& path, Content& content) = 0;
};

// Regular files of up to kMaxFile bytes, only read.
FileAccess& system_files();

struct File {
  FileAccess::Status status = FileAccess::Status::absent;
  std::string path;
  std::string why;
  std::pair<uint64_t, uint64_t> identity{};
  int64_t modified = 0;
  int64_t modified_ns = 0;
  std::string guard;  // the macro that guards all of it; empty: none
  bool once = false;  // #pragma once, #import; false also where FileCache has to look
  std::unique_ptr<const std::string> bytes;
  std::unique_ptr<const Text> text;
};

// Where a header is looked for, in this order.
struct SearchPath {
  std::vector<std::string> quote;    // for "name" only, behind the including file's own folder
  std::vector<std::string> bracket;  // before the built-in headers
  std::vector<std::string> system;   // behind them
};

// C_INCLUDE_PATH and CPATH, and what gcc has behind them for programs of the machine that runs: /usr/local/include, the
// multiarch folder and /usr/include; on Windows, where compilers bring the headers along, nothing.
SearchPath default_search_path(const Target& target);

// The same where a compiler for another machine looks, as gcc has it: the headers of the machine that runs count only
// behind /usr/`triple`/include; those of mingw are in that folder alone.
SearchPath cross_search_path(std::string_view triple, const Target& target);

// What was found, and what was not, by path.
class FileCache {
 public:
  explicit FileCache(FileAccess& access) : access_(access) {}
  // Never null; File::status says whether it is there.
  File* find(const std::string& path);
  // Makes the text of a file that is there. False: it is not.
  static bool load(File& file);
  // Every path that was asked for, in no order.
  void for_each(void (*visit)(void* context, const File& file), void* context) const;
  bool included_once(const File& file) const;
  void mark_once(File& file);
  size_t once_count() const { return once_.size(); }
  // All but the first `count` of them may be included again.
  void forget_once(size_t count) { once_.resize(count); }
  // Forgets everything but which files are included once only: by the next text they may have changed.
  void forget() { files_.clear(); }

 private:
  FileAccess& access_;
  std::unordered_map<std::string, std::unique_ptr<File>> files_;
  std::vector<std::pair<uint64_t, uint64_t>> once_;
};

}  // namespace ferry::cpreproc
