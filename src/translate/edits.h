// Changes to a text that are made all at once at its end: what is inserted where, what replaces what.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::translate {

class Edits {
 public:
  // Constructs are found from the inside out: of two openings at one place the later goes in front, of two closings
  // behind. Closings stand before openings, and both before what replaces the text there.
  void open(uint32_t at, std::string_view text) { edits_.push_back({at, 0, text, Kind::opening, next()}); }
  void close(uint32_t at, std::string_view text) { edits_.push_back({at, 0, text, Kind::closing, next()}); }
  void replace(uint32_t at, uint32_t end, std::string_view text) {
    edits_.push_back({at, end - at, text, Kind::replacement, next()});
  }
  // For a construct whose text is decided later: its rank, and the same with that rank.
  uint32_t next() { return rank_++; }
  void open(uint32_t at, std::string_view text, uint32_t rank) { edits_.push_back({at, 0, text, Kind::opening, rank}); }
  void close(uint32_t at, std::string_view text, uint32_t rank) {
    edits_.push_back({at, 0, text, Kind::closing, rank});
  }

  // Keeps a text that was made.
  std::string_view keep(std::string text) { return kept_.emplace_back(std::move(text)); }
  bool empty() const { return edits_.empty(); }

  // `text` from `from` on with all of them made, appended to *out.
  void apply(std::string_view text, uint32_t from, std::string* out) {
    std::sort(edits_.begin(), edits_.end(), [](const Edit& a, const Edit& b) {
      if (a.at != b.at) return a.at < b.at;
      if (a.kind != b.kind) return a.kind < b.kind;
      return a.kind == Kind::opening ? a.rank > b.rank : a.rank < b.rank;
    });
    uint32_t position = from;
    for (const Edit& e : edits_) {
      if (e.at > position) {
        append(text.substr(position, e.at - position), out);
        position = e.at;
      }
      append(e.text, out);
      if (e.at + e.length <= position) continue;
      // Lines that what is replaced went over (`goto`, `name`) stay.
      const auto lines = lines_of(text.substr(position, e.at + e.length - position)) - lines_of(e.text);
      if (lines > 0) out->append(static_cast<size_t>(lines), '\n');
      position = e.at + e.length;
    }
    append(text.substr(position), out);
  }

 private:
  // No word runs into the next: `and-a == b` becomes `and f(-a, b)`.
  static void append(std::string_view more, std::string* out) {
    if (!more.empty() && !out->empty() && is_word(more.front()) && is_word(out->back())) *out += ' ';
    out->append(more);
  }
  static std::ptrdiff_t lines_of(std::string_view text) { return std::count(text.begin(), text.end(), '\n'); }
  static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80) != 0;
  }

  enum class Kind : uint8_t { closing, opening, replacement };
  struct Edit {
    uint32_t at;
    uint32_t length;
    std::string_view text;
    Kind kind;
    uint32_t rank;
  };
  std::vector<Edit> edits_;
  std::deque<std::string> kept_;
  uint32_t rank_ = 0;
};

}  // namespace ferry::translate
