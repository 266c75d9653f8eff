// Values that may fail: Result<T> is a T or an Error. No exceptions, no Lua.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>

namespace ferry {

// What went wrong, as a sentence for the user of the library. Declaration errors end with
// the place: "... near 'token' at line L, column C".
struct [[nodiscard]] Error {
  std::string message;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}              // NOLINT: implicit by design
  Result(Error error) : error_(std::move(error.message)) {}  // NOLINT

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }
  T& value() {
    assert(ok());
    return *value_;
  }
  const std::string& message() const { return error_; }
  Error error() const { return Error{error_}; }

 private:
  std::optional<T> value_;
  std::string error_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : failed_(true), error_(std::move(error.message)) {}  // NOLINT

  bool ok() const { return !failed_; }
  explicit operator bool() const { return ok(); }
  const std::string& message() const { return error_; }
  Error error() const { return Error{error_}; }

 private:
  bool failed_ = false;
  std::string error_;
};

}  // namespace ferry
