// Floating constants from text, the same in every locale. C++'s from_chars where the library has it for them: older
// ones (libc++ before 20) do not; the C library reads them then.
#pragma once

#include <cerrno>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>
#include <type_traits>

namespace ferry {

// Nothing else is given to the libraries' functions. They know infinities and NaNs, whose names GCC 12's from_chars
// reads up to a NUL that a text need not have; strtof and its kin skip blanks, and take signs and a second "0x".
constexpr bool begins_floating(std::string_view text, bool hex) {
  const char first = text.empty() ? '\0' : text[0];
  return first == '.' || (first >= '0' && first <= '9') || (hex && (first | 32) >= 'a' && (first | 32) <= 'f');
}

// By strtof and its kin. They want the locale's decimal point, and "0x" before hexadecimal digits.
template <typename T>
bool read_floating_by_strto(std::string_view text, bool hex, T& value, size_t& length) {
  std::string copy = hex ? "0x" : "";
  const size_t before = copy.size();
  copy += text;
  // At most one point is a number's; the text behind a second one is none.
  const char* point = std::localeconv()->decimal_point;
  const size_t at = text.find('.');
  const size_t longer = std::string_view(point).size() - 1;
  if (at != std::string_view::npos) copy.replace(before + at, 1, point);
  length = 0;
  if (!begins_floating(text, hex)) return false;
  if (!hex && text.size() > 1 && (text[1] | 32) == 'x') {
    value = 0;
    length = 1;
    return true;
  }
  const int kept = errno;
  errno = 0;
  char* end = nullptr;
  T read;
  if constexpr (std::is_same_v<T, float>)
    read = std::strtof(copy.c_str(), &end);
  else if constexpr (std::is_same_v<T, double>)
    read = std::strtod(copy.c_str(), &end);
  else
    read = std::strtold(copy.c_str(), &end);
  const bool out_of_range = errno == ERANGE && (std::isinf(read) || read == 0);  // a denormal number is none
  errno = kept;
  const auto used = static_cast<size_t>(end - copy.c_str());
  if (used <= before) return false;
  length = used - before;
  if (at != std::string_view::npos && length > at) length -= longer;
  if (out_of_range) return false;
  value = read;
  return true;
}

// Reads the number that the text begins with: digits, of base 16 if `hex`, without sign and prefix. `length`: how many
// characters it has; 0: none. False: there is none, or it is out of T's range.
template <typename T>
bool read_floating(std::string_view text, bool hex, T& value, size_t& length) {
  length = 0;
  if (!begins_floating(text, hex)) return false;
#if defined(__cpp_lib_to_chars)
  const auto format = hex ? std::chars_format::hex : std::chars_format::general;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, format);
  length = static_cast<size_t>(end - text.data());
  return error == std::errc{};
#else
  return read_floating_by_strto(text, hex, value, length);
#endif
}

}  // namespace ferry
