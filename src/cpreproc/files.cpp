// Remembering files (files.h).
#include "cpreproc/files.h"

#include <algorithm>
#include <cstdlib>

#include "os/paths.h"

namespace ferry::cpreproc {
namespace {

class SystemFiles final : public FileAccess {
 public:
  Status read(const std::string& path, Content& content) override { return os::read_file(path, kMaxFile, content); }
};

}  // namespace

FileAccess& system_files() {
  static SystemFiles files;
  return files;
}

File* FileCache::find(const std::string& path) {
  auto [entry, is_new] = files_.try_emplace(path);
  if (!is_new) return entry->second.get();
  auto file = std::make_unique<File>();
  FileAccess::Content content;
  file->path = path;
  file->status = access_.read(path, content);
  file->why = std::move(content.why);
  file->identity = content.identity;
  file->modified = content.modified;
  file->modified_ns = content.modified_ns;
  if (file->status == FileAccess::Status::read)
    file->bytes = std::make_unique<const std::string>(std::move(content.bytes));
  entry->second = std::move(file);
  return entry->second.get();
}

bool FileCache::load(File& file) {
  if (file.status != FileAccess::Status::read) return false;
  if (file.text == nullptr) file.text = std::make_unique<const Text>(*file.bytes);
  return true;
}

void FileCache::for_each(void (*visit)(void* context, const File& file), void* context) const {
  for (const auto& [path, file] : files_) visit(context, *file);
}

bool FileCache::included_once(const File& file) const {
  return file.once || std::find(once_.begin(), once_.end(), file.identity) != once_.end();
}

void FileCache::mark_once(File& file) {
  if (included_once(file)) return;
  file.once = true;
  once_.push_back(file.identity);
}

namespace {

// The folder of a target's headers on Debian and its like; a cross compiler's is /usr/TRIPLE/include.
std::string_view multiarch_name(const Target& target) {
  if (target.os != Os::linux_) return {};
  switch (target.arch) {
    case Arch::x86_64:
      return "x86_64-linux-gnu";
    case Arch::i386:
      return "i386-linux-gnu";
    case Arch::aarch64:
      return "aarch64-linux-gnu";
    case Arch::arm:
      return "arm-linux-gnueabihf";
    case Arch::riscv64:
      return "riscv64-linux-gnu";
    case Arch::ppc64le:
      return "powerpc64le-linux-gnu";
    case Arch::s390x:
      return "s390x-linux-gnu";
  }
  return {};
}

// Folders of the environment, which gcc looks into for every target.
SearchPath environment_path() {
  SearchPath path;
  for (const char* variable : {"CPATH", "C_INCLUDE_PATH"}) {
    const char* list = std::getenv(variable);
    std::string_view rest = list != nullptr ? list : "";
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(os::kListSeparator), rest.size());
      path.bracket.emplace_back(end == 0 ? "." : rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return path;
}

}  // namespace

SearchPath cross_search_path(std::string_view triple, const Target& target) {
  SearchPath path = environment_path();
  path.system.push_back("/usr/" + std::string(triple) + "/include");
  if (target.os != Os::linux_) return path;
  path.system.push_back("/usr/include/" + std::string(triple));
  path.system.emplace_back("/usr/include");
  return path;
}

SearchPath default_search_path(const Target& target) {
  SearchPath path = environment_path();
  if (target.os == Os::windows) return path;
  const std::string_view triple = multiarch_name(target);
  path.system.emplace_back("/usr/local/include");
  if (!triple.empty()) {
    path.system.push_back("/usr/local/include/" + std::string(triple));
    path.system.push_back("/usr/include/" + std::string(triple));
  }
  path.system.emplace_back("/usr/include");
  return path;
}

}  // namespace ferry::cpreproc
