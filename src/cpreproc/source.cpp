// Texts without their line splices, and the lines and columns of locations (source.h).
#include "cpreproc/source.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "cpreproc/lexer.h"

namespace ferry::cpreproc {
namespace {

// Chains of includes are told up to this length in messages.
constexpr int kMaxShownIncludes = 8;

bool ends_line(std::string_view text, size_t i) {
  return text[i] == '\n' || (text[i] == '\r' && !(i + 1 < text.size() && text[i + 1] == '\n'));
}

// Behind a comment or a literal that begins at p; p: none does. One without an end on its line takes the rest of it.
const char* skip_quoted(const char* p, const char* stop) {
  auto line_end = [stop](const char* q) {
    while (q < stop && !is_newline(*q)) ++q;
    return q;
  };
  if (*p == '"' || *p == '\'') {
    for (const char* q = p + 1; q < stop && !is_newline(*q); ++q) {
      if (*q == *p) return q + 1;
      if (*q == '\\' && q + 1 < stop) ++q;
    }
    return line_end(p);
  }
  if (*p != '/' || p + 1 == stop) return p;
  if (p[1] == '/') return line_end(p);
  if (p[1] != '*') return p;
  const size_t end = std::string_view(p, static_cast<size_t>(stop - p)).find("*/", 2);
  return end == std::string_view::npos ? stop : p + end + 2;
}

// The length of the universal character name at p, and what it names; 0: none is there, or one of a character that no
// name has (C11 6.4.3p2).
size_t universal_name(const char* p, const char* stop, uint32_t& character) {
  if (p + 1 == stop || (p[1] != 'u' && p[1] != 'U')) return 0;
  const int digits = p[1] == 'u' ? 4 : 8;
  if (stop - p < 2 + digits) return 0;
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(p + 2, p + 2 + digits, value, 16);
  if (error != std::errc() || end != p + 2 + digits) return 0;
  if (value < 0xa0 || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return 0;
  character = value;
  return static_cast<size_t>(2 + digits);
}

void append_utf8(std::string& out, uint32_t c) {
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  out += static_cast<char>((0xff00u >> (more + 1) & 0xffu) | c >> (6 * more));
  for (int i = more - 1; i >= 0; --i) out += static_cast<char>(0x80u | (c >> (6 * i) & 0x3fu));
}

}  // namespace

Text::Text(std::string_view given) : given_(given), bytes_(given) {
  if (bytes_.substr(0, 3) == "\xef\xbb\xbf") {
    mark_ = 3;
    bytes_.remove_prefix(3);
  }
  carriage_return_ = bytes_.find('\r') != std::string_view::npos;
  if (!bytes_.empty() && std::memchr(bytes_.data(), '\\', bytes_.size()) != nullptr) {
    splice();
    if (bytes_.find("\\u") != std::string_view::npos || bytes_.find("\\U") != std::string_view::npos) name_characters();
  }
}

// C11 5.1.1.2, phase 2: backslash-newline joins lines, also within tokens. As in gcc, blanks may stand between the two.
// Rare outside of #define, so a text that has it is copied without, and places are mapped back.
void Text::splice() {
  const char* p = bytes_.data();
  const char* const stop = p + bytes_.size();
  auto length_of = [stop](const char* at) -> size_t {  // of the backslash-newline there, or 0
    const char* q = at + 1;
    while (q < stop && (*q == ' ' || *q == '\t' || *q == '\f' || *q == '\v')) ++q;
    if (q == stop || !is_newline(*q)) return 0;
    if (q + 1 < stop && is_newline(q[1]) && q[1] != *q) ++q;
    return static_cast<size_t>(q + 1 - at);
  };
  const char* copied = p;
  uint32_t removed = 0;
  while (p < stop) {
    p = static_cast<const char*>(std::memchr(p, '\\', static_cast<size_t>(stop - p)));
    if (p == nullptr) break;
    const size_t length = length_of(p);
    if (length == 0) {
      ++p;
      continue;
    }
    spliced_.append(copied, p);
    removed += static_cast<uint32_t>(length);
    splices_.emplace_back(static_cast<uint32_t>(spliced_.size()), removed);
    p += length;
    copied = p;
  }
  if (splices_.empty()) return;
  spliced_.append(copied, stop);
  bytes_ = spliced_;
}

void Text::name_characters() {
  std::string out;
  std::vector<std::pair<uint32_t, uint32_t>> splices;
  const char* const begin = bytes_.data();
  const char* const stop = begin + bytes_.size();
  const char* copied = begin;
  size_t next = 0;         // of splices_
  uint32_t before = 0;     // bytes that splices_ has removed so far
  uint32_t shortened = 0;  // and these names
  auto take_splices = [&](size_t end) {
    for (; next < splices_.size() && splices_[next].first <= end; ++next) {
      before = splices_[next].second;
      splices.emplace_back(splices_[next].first - shortened, before + shortened);
    }
  };
  for (const char* p = begin; p < stop;) {
    const char* literal = skip_quoted(p, stop);
    if (literal != p) {
      p = literal;
      continue;
    }
    uint32_t character = 0;
    const size_t length = *p == '\\' ? universal_name(p, stop, character) : 0;
    if (length == 0) {
      ++p;
      continue;
    }
    take_splices(static_cast<size_t>(p - begin));
    out.append(copied, p);
    append_utf8(out, character);
    p += length;
    copied = p;
    const size_t end = static_cast<size_t>(p - begin);
    for (; next < splices_.size() && splices_[next].first <= end; ++next) before = splices_[next].second;
    shortened = static_cast<uint32_t>(end - out.size());
    splices.emplace_back(static_cast<uint32_t>(out.size()), before + shortened);
  }
  if (copied == begin) return;
  take_splices(SIZE_MAX);
  out.append(copied, stop);
  spliced_ = std::move(out);
  splices_ = std::move(splices);
  bytes_ = spliced_;
}

size_t Text::original(size_t offset) const {
  auto behind = std::upper_bound(splices_.begin(), splices_.end(), offset,
                                 [](size_t value, const auto& splice) { return value < splice.first; });
  const size_t removed = behind == splices_.begin() ? 0 : std::prev(behind)->second;
  return std::min(offset + removed + mark_, given_.size());
}

uint32_t Source::physical_line(size_t given) {
  const std::string_view text = text_->given();
  if (given < counted_ && counted_ - given > given) {
    counted_ = line_start_ = 0;
    line_ = 1;
  }
  if (given < counted_) {  // a few bytes back: the name of a function whose parameters have declared something
    for (size_t i = given; i < counted_; ++i) line_ -= ends_line(text, i) ? 1u : 0u;
    work_ += counted_ - given;
    if (line_start_ > given) {
      line_start_ = given;
      while (line_start_ > 0 && !ends_line(text, line_start_ - 1)) --line_start_;
      work_ += given - line_start_;
    }
    counted_ = given;
    return line_;
  }
  work_ += given - counted_;
  auto line_begins = [this](size_t i) {
    ++line_;
    line_start_ = i;
  };
  if (text_->has_carriage_return()) {
    for (size_t i = counted_; i < given; ++i) {
      if (ends_line(text, i)) line_begins(i + 1);
    }
  } else {
    const std::string_view part = text.substr(0, given);
    for (size_t i = part.find('\n', counted_); i < given; i = part.find('\n', i + 1)) line_begins(i + 1);
  }
  counted_ = given;
  return line_;
}

void Source::mark_line(uint32_t at, uint32_t line, std::string_view file, Turn turn) {
  const size_t given = text_->original(at - base_);
  const int64_t shift = int64_t{line} - physical_line(given) - 1;
  const std::string_view kept = file.empty() && !marks_.empty() ? marks_.back().file : file;
  uint32_t include = marks_.empty() ? 0 : marks_.back().include;
  if (turn == Turn::enter && !marks_.empty()) {  // the marker stands in place of the #include
    includes_.push_back({place(at), include});
    include = static_cast<uint32_t>(includes_.size());
  } else if (turn == Turn::leave && include != 0) {
    include = includes_[include - 1].outer;
  }
  marks_.push_back({given, shift, kept, include});
}

const Source::Mark* Source::mark_at(size_t given) const {
  if (!marks_.empty() && marks_.back().given <= given) return &marks_.back();  // while the text is being read
  auto behind = std::upper_bound(marks_.begin(), marks_.end(), given,
                                 [](size_t value, const Mark& m) { return value < m.given; });
  return behind == marks_.begin() ? nullptr : &*std::prev(behind);
}

std::vector<Location> Source::marked_includes(uint32_t at) const {
  std::vector<Location> chain;
  const Mark* mark = mark_at(text_->original(at - base_));
  for (uint32_t i = mark != nullptr ? mark->include : 0; i != 0; i = includes_[i - 1].outer)
    chain.push_back(includes_[i - 1].where);
  return chain;
}

Location Source::place(uint32_t at) {
  const size_t given = text_->original(at - base_);
  Location place;
  int64_t line = physical_line(given);
  const size_t mark = line_start_ == 0 && text_->given().substr(0, 3) == "\xef\xbb\xbf" ? 3 : 0;
  place.column = static_cast<uint32_t>(given - std::min(given, line_start_ + mark) + 1);
  place.file = name_;
  if (const Mark* m = mark_at(given)) {
    line += m->shift;
    if (!m->file.empty()) place.file = m->file;
  }
  place.line = line < 0 ? 0 : static_cast<uint32_t>(line);
  return place;
}

Source* Sources::add(const Text& text, std::string_view name, uint32_t included_at) {
  const size_t size = text.bytes().size();
  if (size > kMaxText || next_base_ > UINT32_MAX - size - 1) return nullptr;
  const uint32_t index = sources_.push_back(Source(text, name, next_base_, included_at));
  next_base_ += static_cast<uint32_t>(size) + 1;
  return &sources_[index];
}

Source* Sources::find(uint32_t at) {
  uint32_t first = 0;
  uint32_t last = sources_.size();
  while (first < last) {  // the first whose base is above
    const uint32_t middle = (first + last) / 2;
    if (sources_[middle].base() <= at)
      first = middle + 1;
    else
      last = middle;
  }
  return first == 0 ? nullptr : &sources_[first - 1];
}

uint64_t Sources::work() const {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < sources_.size(); ++i) sum += sources_[i].work();
  return sum;
}

Location Sources::place(uint32_t at) {
  Source* source = find(at);
  return source == nullptr ? Location{} : source->place(at);
}

std::string Sources::describe(uint32_t at) {
  Location p = place(at);
  if (p.file.empty()) return "line " + std::to_string(p.line) + ", column " + std::to_string(p.column);
  auto line_of = [](const Location& where) {
    return (where.file.empty() ? "line " : std::string(where.file) + ":") + std::to_string(where.line);
  };
  std::string out = line_of(p) + ":" + std::to_string(p.column);
  int shown_includes = 0;
  auto show = [&](const Location& where) {
    if (shown_includes > kMaxShownIncludes) return;
    out += shown_includes == 0 ? " (included at " : ", ";
    out += ++shown_includes > kMaxShownIncludes ? "..." : line_of(where);
  };
  for (const Source* s = find(at); s != nullptr && shown_includes <= kMaxShownIncludes;) {
    for (const Location& where : s->marked_includes(at)) show(where);
    at = s->included_at();
    if (at == 0) break;
    show(place(at));
    s = find(at);
  }
  return shown_includes == 0 ? out : out + ")";
}

}  // namespace ferry::cpreproc
