// Text at this system's doors: UTF-8 inside, UTF-16 outside; and what its errors are called.
#pragma once

#include <string>
#include <string_view>

namespace ferry::os {

// What is no UTF-8 is of the system's code page, which paths have that Lua's own functions take and give.
std::wstring to_utf16(std::string_view text);
std::string to_utf8(std::wstring_view text);

// What the system says of a number that GetLastError() returned.
std::string error_text(unsigned long number);

}  // namespace ferry::os
