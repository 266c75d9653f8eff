// The name that a misspelt one was meant to be, for messages: the candidate with the fewest edits, if they are few.
#pragma once

#include <cstddef>
#include <string_view>

namespace ferry {

class Nearest {
 public:
  explicit Nearest(std::string_view wanted);
  // Candidates are borrowed. Of equally near ones the first stays.
  void offer(std::string_view candidate);
  bool found() const { return !name_.empty(); }
  std::string_view name() const { return name_; }  // empty: none is near

 private:
  std::string_view wanted_, name_;
  size_t limit_;  // edits that still count; one less than the best candidate's, once there is one
};

}  // namespace ferry
