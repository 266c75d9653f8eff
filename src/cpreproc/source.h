// The texts that are read, and the places in them: a location is one number for text and offset, as tokens carry it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.h"

namespace ferry::cpreproc {

// Locations are 32 bits wide, and no program's headers together come near it.
inline constexpr size_t kMaxText = size_t{1} << 30;

// A text as translation phases 1 and 2 leave it (C11 5.1.1.2): no byte order mark, no backslash-newlines. Universal
// character names that are not in literals (6.4.3) are the characters themselves, so that a name is one however spelt.
class Text {
 public:
  Text() = default;
  explicit Text(std::string_view given);  // borrowed
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;

  std::string_view given() const { return given_; }
  std::string_view bytes() const { return bytes_; }
  // The offset in given() of what has the offset `offset` in bytes().
  size_t original(size_t offset) const;
  bool has_carriage_return() const { return carriage_return_; }

 private:
  void splice();
  void name_characters();

  std::string_view given_;
  std::string_view bytes_;
  bool carriage_return_ = false;
  size_t mark_ = 0;                                     // length of the byte order mark
  std::string spliced_;                                 // bytes(), where those are not given()
  std::vector<std::pair<uint32_t, uint32_t>> splices_;  // (offset in spliced_, bytes removed up to it)
};

struct Location {
  std::string_view file;  // empty: the text itself
  uint32_t line = 1;
  uint32_t column = 1;  // in bytes, from 1
};

// One text that was entered; a file that is included twice is two. `#line` and line markers count.
class Source {
 public:
  Source(const Text& text, std::string_view name, uint32_t base, uint32_t included_at)
      : text_(&text), name_(name), base_(base), included_at_(included_at) {}

  std::string_view bytes() const { return text_->bytes(); }
  std::string_view name() const { return name_; }
  uint32_t base() const { return base_; }
  uint32_t included_at() const { return included_at_; }  // 0: not by an #include
  bool holds(uint32_t at) const { return at >= base_ && at - base_ <= text_->bytes().size(); }

  // From the line behind `at` on, lines are counted from `line`, of `file` where that is not empty. A line marker's
  // flags tell that the file begins there, included by what stands before, or goes on behind an #include.
  enum class Turn : uint8_t { none, enter, leave };
  void mark_line(uint32_t at, uint32_t line, std::string_view file, Turn turn = Turn::none);
  // Where the files of line markers that `at` is in were included, from the inside out.
  std::vector<Location> marked_includes(uint32_t at) const;
  // Cheap for growing locations, and for those a few bytes back: newlines are counted from where the last question
  // ended.
  Location place(uint32_t at);
  // Characters looked at for it so far.
  uint64_t work() const { return work_; }

 private:
  struct Mark {
    size_t given;           // offset in the text as given
    int64_t shift;          // added to the physical line
    std::string_view file;  // empty: name_
    uint32_t include = 0;   // where that was included: in includes_, from 1; 0: nowhere
  };
  struct Include {
    Location where;
    uint32_t outer;  // where its file was included
  };
  const Mark* mark_at(size_t given) const;
  uint32_t physical_line(size_t given);

  const Text* text_;
  std::string_view name_;
  uint32_t base_;
  uint32_t included_at_;
  std::vector<Mark> marks_;
  std::vector<Include> includes_;
  size_t counted_ = 0;     // how far newlines are counted, in the text as given
  uint32_t line_ = 1;      // the line there
  size_t line_start_ = 0;  // where it begins
  uint64_t work_ = 0;
};

class Sources {
 public:
  // Null: the texts together are larger than locations can tell.
  Source* add(const Text& text, std::string_view name, uint32_t included_at);
  Source* find(uint32_t at);
  Location place(uint32_t at);
  // "line 3, column 5", or "file.h:3:5 (included at other.h:7)" where the place is in a file.
  std::string describe(uint32_t at);
  // Characters looked at for places, the measure of the tests that telling them is linear.
  uint64_t work() const;

 private:
  StableVector<Source, 0> sources_;
  uint32_t next_base_ = 1;  // location 0 is none
};

}  // namespace ferry::cpreproc
