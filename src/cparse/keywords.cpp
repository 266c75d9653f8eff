// The table of keywords (keywords.h).
#include "cparse/keywords.h"

#include <algorithm>
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

// What annotations begin with, up to an underscore or the end of the word: sal.h, and kernelspecs.h and driverspecs.h.
// New: "_Word..._"
constexpr std::string_view kAnnotations[] = {
    "Acquires", "Always",   "Analysis",    "At",         "COM",      "Check",  "Const",    "Create",    "Deref",
    "Dispatch", "Enum",     "Field",       "Frees",      "Function", "Group",  "Guarded",  "Has",       "IRQL",
    "In",       "Inout",    "Interlocked", "Kernel",     "Literal",  "Lock",   "Maybe",    "Maybenull", "Maybevalid",
    "Must",     "No",       "NotNull",     "Notliteral", "Notnull",  "Notref", "Notvalid", "Null",      "NullNull",
    "On",       "Out",      "Outptr",      "Points",     "Post",     "Pre",    "Prepost",  "Printf",    "Readable",
    "Releases", "Requires", "Reserved",    "Result",     "Ret",      "Return", "Scanf",    "Static",    "Strict",
    "Struct",   "Success",  "Translates",  "Unchanged",  "Use",      "Valid",  "When",     "Writable",  "Write",
};
static_assert(std::is_sorted(std::begin(kAnnotations), std::end(kAnnotations)), "found by binary search");
// Old: "__word" or "__word_..."
constexpr std::string_view kOldAnnotations[] = {
    "allocator",
    "bcount",
    "blocksOn",
    "byte",
    "callback",
    "checkReturn",
    "control",
    "data",
    "deref",
    "drv",
    "ecount",
    "elem",
    "encoded",
    "exceptthat",
    "field",
    "format",
    "in",
    "inout",
    "kernel",
    "maybenull",
    "maybevalid",
    "notnull",
    "notvalid",
    "null",
    "nullnullterminated",
    "nullterminated",
    "out",
    "override",
    "post",
    "postcond",
    "pre",
    "precond",
    "readableTo",
    "readonly",
    "refparam",
    "reserved",
    "rpc",
    "struct",
    "success",
    "transfer",
    "typefix",
    "valid",
    "writableTo",
};
static_assert(std::is_sorted(std::begin(kOldAnnotations), std::end(kOldAnnotations)), "found by binary search");

}  // namespace

bool annotation_word(std::string_view word) {
  if (word.size() < 4 || word[0] != '_') return false;
  const bool old = word[1] == '_';
  if (old ? word.back() == '_' : word[1] < 'A' || word[1] > 'Z' || word.back() != '_') return false;
  word.remove_prefix(old ? 2 : 1);
  const std::string_view head = word.substr(0, word.find('_'));
  return old ? std::binary_search(std::begin(kOldAnnotations), std::end(kOldAnnotations), head)
             : std::binary_search(std::begin(kAnnotations), std::end(kAnnotations), head);
}

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
