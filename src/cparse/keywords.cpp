// The table of keywords (keywords.h).
#include "cparse/keywords.h"

#include <array>
#include <cstring>
#include <iterator>

#include "ctype/type_table.h"

namespace ferry::cparse {
namespace {

struct Keyword {
  std::string_view text;
  Tok token;
  uint8_t detail;
};

constexpr Keyword kKeywords[] = {
#define S(token, text, detail) {text, Tok::token, static_cast<uint8_t>(detail)},
#include "cpreproc/tokens.def"
};

// Found by word_hash(). The table is sparse, so most identifiers meet an empty slot and are never compared.
constexpr size_t kSlots = 1024;

constexpr std::array<uint8_t, kSlots> make_keyword_slots() {
  static_assert(std::size(kKeywords) < 255, "slots are bytes");
  std::array<uint8_t, kSlots> slots{};
  for (size_t i = 0; i < std::size(kKeywords); ++i) {
    uint32_t slot = cpreproc::word_hash(kKeywords[i].text.data(), kKeywords[i].text.size()) % kSlots;
    while (slots[slot] != 0) slot = (slot + 1) % kSlots;
    slots[slot] = static_cast<uint8_t>(i + 1);
  }
  return slots;
}
constexpr std::array<uint8_t, kSlots> kKeywordSlots = make_keyword_slots();

}  // namespace

void recognise_keyword(Token& token) {
  for (uint32_t slot = token.word % kSlots; kKeywordSlots[slot] != 0; slot = (slot + 1) % kSlots) {
    const Keyword& k = kKeywords[kKeywordSlots[slot] - 1];
    if (k.text.size() == token.text.size() && std::memcmp(k.text.data(), token.text.data(), k.text.size()) == 0) {
      token.kind = k.token;
      token.detail = k.detail;
      return;
    }
  }
}

}  // namespace ferry::cparse
