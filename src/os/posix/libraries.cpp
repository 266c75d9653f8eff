// Finds and opens shared libraries with dlopen; the search path is asked from the loader itself where it tells.
#include "os/libraries.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#if __has_include(<link.h>)
#include <link.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "os/posix/names.h"

namespace ferry::os {

namespace {

// Linker scripts are short texts; nothing beyond this is read.
constexpr size_t kMaxScript = 4096;
// A script may name a script (libc.so names libc.so.6, which is ELF): more levels are a loop.
constexpr int kMaxScriptDepth = 4;

std::string last_error() {
  const char* text = dlerror();
  return text != nullptr ? text : "unknown error of the dynamic loader";
}

void* try_open(const std::string& name, int mode, std::string* message) {
  void* handle = dlopen(name.c_str(), mode);
  if (handle == nullptr) *message = last_error();
  return handle;
}

// "libNAME.so" for "NAME"; the name itself if it has a directory.
std::string decorated(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  std::string full = name;
  if (full.find('.') == std::string::npos) full += kLibrarySuffix;
  if (full.compare(0, 3, "lib") != 0) full = "lib" + full;
  return full;
}

std::vector<std::string> search_path() {
  std::vector<std::string> dirs;
#if defined(RTLD_DI_SERINFO) || defined(__GLIBC__)  // glibc has it as an enumerator
  // The loader's own list: LD_LIBRARY_PATH, RUNPATH, the system's directories.
  if (void* self = dlopen(nullptr, RTLD_LAZY)) {
    Dl_serinfo size;
    if (dlinfo(self, RTLD_DI_SERINFOSIZE, &size) == 0) {
      std::vector<char> buffer(size.dls_size);
      auto* info = reinterpret_cast<Dl_serinfo*>(buffer.data());
      std::memcpy(info, &size, sizeof size < buffer.size() ? sizeof size : buffer.size());
      if (dlinfo(self, RTLD_DI_SERINFO, info) == 0) {
        for (unsigned i = 0; i < info->dls_cnt; ++i) dirs.emplace_back(info->dls_serpath[i].dls_name);
      }
    }
    dlclose(self);
  }
#endif
  if (!dirs.empty()) return dirs;
  // What loaders that do not tell have documented; none of them heeds the variable where a program has others' rights.
  const char* const wanted = std::getenv(kLibraryPathVariable);
  if (wanted != nullptr && getuid() == geteuid() && getgid() == getegid()) {
    for (std::string_view rest = wanted; !rest.empty();) {
      const size_t end = std::min(rest.find(':'), rest.size());
      if (end != 0) dirs.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  for (const char* folder : {"/usr/local/lib", "/usr/lib", "/lib"}) dirs.emplace_back(folder);
  return dirs;
}

// Compares the numbers of two version suffixes ("1.2.13" > "1.2.9").
bool newer(const std::string& a, const std::string& b) {
  const char* p = a.c_str();
  const char* q = b.c_str();
  while (*p != '\0' && *q != '\0') {
    char* pe;
    char* qe;
    const unsigned long x = std::strtoul(p, &pe, 10);
    const unsigned long y = std::strtoul(q, &qe, 10);
    if (x != y) return x > y;
    p = *pe == '.' ? pe + 1 : pe;
    q = *qe == '.' ? qe + 1 : qe;
    if (pe == p && qe == q && *p != '\0') break;
  }
  return *p != '\0' && *q == '\0';
}

// libz.so.1 or libz.1.dylib where only that is installed. The first directory that has one decides, as for the loader.
std::string versioned(const std::string& file) {
  if (file.find('/') != std::string::npos) return "";
  constexpr std::string_view kDylib = ".dylib";
  const bool before_suffix = file.ends_with(kDylib);
  const std::string_view suffix = before_suffix ? kDylib : std::string_view();
  const std::string prefix = file.substr(0, file.size() - suffix.size()) + ".";
  for (const std::string& dir : search_path()) {
    DIR* d = opendir(dir.c_str());
    if (d == nullptr) continue;
    std::string best;
    while (const dirent* entry = readdir(d)) {
      const std::string name = entry->d_name;
      if (name.size() <= prefix.size() + suffix.size() || !name.starts_with(prefix) || !name.ends_with(suffix))
        continue;
      const std::string version = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
      if (version.find_first_not_of("0123456789.") != std::string::npos) continue;
      if (best.empty() || newer(version, best)) best = version;
    }
    closedir(d);
    if (!best.empty()) return dir + "/" + prefix + best + std::string(suffix);
  }
  return "";
}

// Up to `limit` bytes of the file at `path`; empty if it cannot be read.
std::string read_beginning(const std::string& path, size_t limit) {
  std::string text;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return text;
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(fd);
    return text;
  }
  text.resize(limit);
  size_t size = 0;
  while (size < limit) {
    const ssize_t n = read(fd, text.data() + size, limit - size);
    if (n > 0) {
      size += static_cast<size_t>(n);
    } else if (n == 0 || errno != EINTR) {
      break;
    }
  }
  close(fd);
  text.resize(size);
  return text;
}

// The words of a linker script: names, and parentheses by themselves. Blanks, commas and comments are between them.
class ScriptWords {
 public:
  explicit ScriptWords(std::string_view text) : text_(text) {}

  // Empty: there is no more.
  std::string_view next() {
    constexpr std::string_view kBetween = " \t\r\n,;";
    for (;;) {
      at_ = std::min(text_.find_first_not_of(kBetween, at_), text_.size());
      if (text_.compare(at_, 2, "/*") != 0) break;
      const size_t end = text_.find("*/", at_ + 2);
      at_ = end == std::string_view::npos ? text_.size() : end + 2;
    }
    if (at_ == text_.size()) return {};
    const size_t begin = at_;
    if (text_[begin] == '(' || text_[begin] == ')') return text_.substr(at_++, 1);
    if (text_[begin] == '"') {
      const size_t end = text_.find('"', begin + 1);
      if (end == std::string_view::npos) return {};
      at_ = end + 1;
      return text_.substr(begin + 1, end - begin - 1);
    }
    at_ = std::min(text_.find_first_of(" \t\r\n,;()", begin), text_.size());
    return text_.substr(begin, at_ - begin);
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

// The first file of GROUP ( ... ) or INPUT ( ... ) in the linker script at `path`, those within AS_NEEDED ( ... )
// included; empty if it is none.
std::string script_target(const std::string& path) {
  const std::string text = read_beginning(path, kMaxScript);
  // One that goes on behind its limit, or has NULs, is something else.
  if (text.size() == kMaxScript || text.find('\0') != std::string::npos) return "";
  ScriptWords words(text);
  int depth = 0;  // of the parentheses of GROUP or INPUT
  for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
    if (depth == 0) {
      if ((word == "GROUP" || word == "INPUT") && words.next() == "(") depth = 1;
    } else if (word == "(") {
      ++depth;
    } else if (word == ")") {
      --depth;
    } else if (word != "AS_NEEDED") {
      return word.compare(0, 2, "-l") == 0 ? decorated(std::string(word.substr(2))) : std::string(word);
    }
  }
  return "";
}

// The file that the loader says is no library, "/usr/lib/libc.so: invalid ELF header"; empty: it says something else.
// musl: "Error loading shared library /usr/lib/libc.so: Exec format error".
std::string refused_file(const std::string& message) {
  constexpr std::string_view kMusl = "Error loading shared library ";
  for (const std::string_view why : {": invalid ELF header", ": file too short", ": Exec format error"}) {
    if (!message.ends_with(why)) continue;
    const size_t begin = message.starts_with(kMusl) ? kMusl.size() : 0;
    return message.substr(begin, message.size() - why.size() - begin);
  }
  return "";
}

void* follow_script(const std::string& message, int mode, int depth, std::string* final_message) {
  if (depth >= kMaxScriptDepth) return nullptr;
  const std::string file = refused_file(message);
  const std::string target = file.empty() ? "" : script_target(file);
  if (target.empty()) return nullptr;
  std::string why;
  if (void* handle = try_open(target, mode, &why)) return handle;
  *final_message = why;
  return follow_script(why, mode, depth + 1, final_message);
}

}  // namespace

Result<void*> open_library(const std::string& name, bool global) {
  if (name.empty()) return Error{"empty library name"};
  if (name.find('\0') != std::string::npos) return Error{"library name contains a NUL byte"};
  const int mode = RTLD_LAZY | (global ? RTLD_GLOBAL : RTLD_LOCAL);
  std::string message;
  if (void* handle = try_open(name, mode, &message)) return handle;
  std::string answer = message;
  if (void* handle = follow_script(message, mode, 0, &answer)) return handle;
  const std::string file = decorated(name);
  if (file != name) {
    if (void* handle = try_open(file, mode, &message)) return handle;
    answer = message;
    if (void* handle = follow_script(message, mode, 0, &answer)) return handle;
  }
  const std::string full = versioned(file);
  if (!full.empty()) {
    std::string why;
    if (void* handle = try_open(full, mode, &why)) return handle;
    answer = why;
  }
  if (file == name && full.empty()) return Error{answer};
  std::string tried = " (tried '" + name + "'";
  if (file != name) tried += ", '" + file + "'";
  if (!full.empty()) tried += ", '" + full + "'";
  return Error{answer + tried + ")"};
}

void close_library(void* handle) {
  if (handle != nullptr) dlclose(handle);
}

void* library_symbol(void* handle, const char* name, std::string* message) {
  dlerror();
  void* address = dlsym(handle, name);
  if (address == nullptr && message != nullptr) *message = last_error();
  return address;
}

void* program_symbol(const char* name, std::string* message) {
  if (void* address = library_symbol(RTLD_DEFAULT, name, message)) return address;
  // Opened once and kept: the C library's own parts are never unloaded.
  struct Companions {
    void* handles[kMaxCompanions];
    size_t count = 0;
  };
  static const Companions companions = [] {
    Companions opened;
    for (const char* file : companion_libraries()) {
      if (void* handle = dlopen(file, RTLD_LAZY | RTLD_LOCAL)) opened.handles[opened.count++] = handle;
    }
    return opened;
  }();
  for (size_t i = 0; i < companions.count; ++i) {
    if (void* address = library_symbol(companions.handles[i], name, nullptr)) return address;
  }
  return nullptr;
}

}  // namespace ferry::os
