// What a byte can be in C text. Private to the lexer.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ferry::cpreproc {

// In this order: what is below kPunct may need skipping; from kIdent on identifiers go on.
enum CharClass : uint8_t { kSpace, kNewline, kOther, kPunct, kIdent, kDigit };

constexpr std::array<uint8_t, 256> make_classes() {
  std::array<uint8_t, 256> table{};
  table.fill(kOther);
  for (size_t c = 0; c < table.size(); ++c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80) table[c] = kIdent;
    if (c >= '0' && c <= '9') table[c] = kDigit;
  }
  for (char c : {' ', '\t', '\v', '\f'}) table[static_cast<uint8_t>(c)] = kSpace;
  table['\n'] = table['\r'] = kNewline;
  for (char c : std::string_view("()[]{},;:?.=*/%+-&|^~!<>#$\"'")) table[static_cast<uint8_t>(c)] = kPunct;
  return table;
}
inline constexpr std::array<uint8_t, 256> kClasses = make_classes();

}  // namespace ferry::cpreproc
