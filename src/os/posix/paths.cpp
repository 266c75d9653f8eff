// POSIX 3.271 "Pathname".
#include "os/paths.h"

namespace ferry::os {

const char kListSeparator = ':';

bool is_separator(char c) {
  return c == '/';
}

size_t root_length(std::string_view path) {
  return !path.empty() && path.front() == '/' ? 1 : 0;
}

}  // namespace ferry::os
