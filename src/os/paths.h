// What a path is on this system. Only the text counts: no file is asked.
#pragma once

#include <cstddef>
#include <string_view>

namespace ferry::os {

// Between the paths of a list.
extern const char kListSeparator;

// Between the names of a path.
bool is_separator(char c);

// The bytes that say where the path begins, whatever folder is the current one: of "/" on POSIX, of "C:\" on Windows.
// 0: the path goes on from a folder that is meant.
size_t root_length(std::string_view path);

// The part of the path that a name beside it follows: up to its last separator, or its root, or nothing.
std::string_view folder_of(std::string_view path);

// The folder that the path is in, as a path without a separator behind it. Empty: the root, or none is named.
std::string_view above(std::string_view path);

}  // namespace ferry::os
