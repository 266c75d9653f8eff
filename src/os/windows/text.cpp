// UTF-8 and UTF-16, and the texts of errors.
#include "os/windows/text.h"

#include <windows.h>

#include <cwchar>

namespace ferry::os {

std::wstring to_utf16(std::string_view text) {
  const auto bytes = static_cast<int>(text.size());
  if (bytes == 0) return {};
  UINT page = CP_UTF8;
  int units = MultiByteToWideChar(page, MB_ERR_INVALID_CHARS, text.data(), bytes, nullptr, 0);
  if (units == 0) {
    page = CP_ACP;
    units = MultiByteToWideChar(page, 0, text.data(), bytes, nullptr, 0);
  }
  std::wstring wide(static_cast<size_t>(units), L'\0');
  MultiByteToWideChar(page, 0, text.data(), bytes, wide.data(), units);
  return wide;
}

std::string to_utf8(std::wstring_view text) {
  const auto units = static_cast<int>(text.size());
  const int bytes = units == 0 ? 0 : WideCharToMultiByte(CP_UTF8, 0, text.data(), units, nullptr, 0, nullptr, nullptr);
  std::string narrow(static_cast<size_t>(bytes), '\0');
  if (bytes != 0) WideCharToMultiByte(CP_UTF8, 0, text.data(), units, narrow.data(), bytes, nullptr, nullptr);
  return narrow;
}

std::string error_text(unsigned long number) {
  wchar_t text[512];
  const DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK;
  DWORD units = FormatMessageW(flags, nullptr, number, 0, text, static_cast<DWORD>(std::size(text)), nullptr);
  while (units != 0 && (text[units - 1] == L' ' || text[units - 1] == L'.')) --units;
  if (units == 0) return "error " + std::to_string(number);
  return to_utf8({text, units});
}

}  // namespace ferry::os
