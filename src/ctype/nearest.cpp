// Edit distance with a bound: a letter added, left out or another, and two neighbours exchanged.
#include "ctype/nearest.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace ferry {

namespace {

// Longer names are not compared: rows of the distance lie on the stack.
constexpr size_t kMaxName = 64;
// A third of the letters may be wrong, three at most: beyond that guesses mislead more than they help.
constexpr size_t kLettersPerEdit = 3;
constexpr size_t kMaxEdits = 3;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_but_for_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

// The number of edits from a to b, or something above `limit`.
size_t distance(std::string_view a, std::string_view b, size_t limit) {
  const size_t difference = a.size() < b.size() ? b.size() - a.size() : a.size() - b.size();
  if (difference > limit) return limit + 1;
  uint8_t rows[3][kMaxName + 1];
  uint8_t *before = rows[0], *last = rows[1], *row = rows[2];
  for (size_t j = 0; j <= b.size(); ++j) last[j] = static_cast<uint8_t>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<uint8_t>(i);
    uint8_t least = row[0];
    for (size_t j = 1; j <= b.size(); ++j) {
      const int other = a[i - 1] == b[j - 1] ? 0 : 1;
      int edits = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + other});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) edits = std::min(edits, before[j - 2] + 1);
      row[j] = static_cast<uint8_t>(edits);
      least = std::min(least, row[j]);
    }
    if (least > limit) return limit + 1;
    uint8_t* const free = before;
    before = last;
    last = row;
    row = free;
  }
  return last[b.size()];
}

}  // namespace

Nearest::Nearest(std::string_view wanted)
    : wanted_(wanted), limit_(wanted.size() > kMaxName ? 0 : std::min(wanted.size() / kLettersPerEdit, kMaxEdits)) {}

void Nearest::offer(std::string_view candidate) {
  if (limit_ == 0 || candidate.empty() || candidate.size() > kMaxName || candidate == wanted_) return;
  const size_t edits = same_but_for_case(wanted_, candidate) ? 1 : distance(wanted_, candidate, limit_);
  if (edits > limit_) return;
  name_ = candidate;
  limit_ = edits - 1;
}

}  // namespace ferry
