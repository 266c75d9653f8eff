// Microsoft, "Naming Files, Paths, and Namespaces".
#include "os/paths.h"

namespace ferry::os {

const char kListSeparator = ';';

bool is_separator(char c) {
  return c == '/' || c == '\\';
}

// "C:\x", "C:x" (the current folder of that drive), "\x" (of the current drive), "\\server\share\x", "\\?\C:\x".
size_t root_length(std::string_view path) {
  if (path.empty()) return 0;
  if (is_separator(path[0])) {
    if (path.size() < 2 || !is_separator(path[1])) return 1;
    size_t length = 2;
    for (int names = 0; names < 2; ++names) {
      while (length < path.size() && !is_separator(path[length])) ++length;
      if (length < path.size()) ++length;
    }
    return length;
  }
  const char drive = static_cast<char>(path[0] | 0x20);
  if (drive < 'a' || drive > 'z' || path.size() < 2 || path[1] != ':') return 0;
  return path.size() > 2 && is_separator(path[2]) ? 3 : 2;
}

}  // namespace ferry::os
