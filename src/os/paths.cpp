// What follows on every system from its separators and roots.
#include "os/paths.h"

namespace ferry::os {

std::string_view folder_of(std::string_view path) {
  const size_t root = root_length(path);
  size_t length = path.size();
  while (length > root && !is_separator(path[length - 1])) --length;
  return path.substr(0, length);
}

std::string_view above(std::string_view path) {
  const std::string_view folder = folder_of(path);
  return folder.size() <= root_length(folder) ? std::string_view() : folder.substr(0, folder.size() - 1);
}

}  // namespace ferry::os
