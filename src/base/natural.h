// Unsigned integers of bounded size: what exact conversions between decimal and binary numbers compute with.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ferry {

struct Wide128 {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const Wide128&, const Wide128&) = default;
};

class Natural {
 public:
  // The largest one: a denormal binary128 as a fraction of a power of 10, 2^113 * 5^16494.
  static constexpr unsigned kMaxBits = 113 + 38299;

  Natural() = default;
  Natural(const Natural& other) { *this = other; }
  Natural& operator=(const Natural& other) {
    count_ = other.count_;
    std::copy_n(other.limbs_, count_, limbs_);
    return *this;
  }
  explicit Natural(Wide128 value) {
    for (const uint64_t half : {value.low, value.high}) {
      limbs_[count_++] = static_cast<uint32_t>(half);
      limbs_[count_++] = static_cast<uint32_t>(half >> 32);
    }
    trim();
  }

  bool is_zero() const { return count_ == 0; }
  bool is_odd() const { return count_ != 0 && (limbs_[0] & 1) != 0; }
  unsigned bits() const {
    return count_ == 0 ? 0 : static_cast<unsigned>(32 * count_ - static_cast<size_t>(std::countl_zero(top())));
  }
  // The lowest 128 bits.
  Wide128 low() const {
    auto limb = [&](size_t i) { return i < count_ ? uint64_t{limbs_[i]} : 0; };
    return {limb(1) << 32 | limb(0), limb(3) << 32 | limb(2)};
  }

  // And adds `carry`.
  Natural& multiply(uint32_t factor, uint32_t carry = 0) {
    if (factor == 0) count_ = 0;
    uint64_t over = carry;
    for (size_t i = 0; i < count_; ++i) {
      over += uint64_t{limbs_[i]} * factor;
      limbs_[i] = static_cast<uint32_t>(over);
      over >>= 32;
    }
    if (over != 0) limbs_[count_++] = static_cast<uint32_t>(over);
    return *this;
  }

  Natural& multiply_by_power_of_5(unsigned exponent) {
    for (; exponent >= 13; exponent -= 13) multiply(1220703125);
    for (; exponent > 0; --exponent) multiply(5);
    return *this;
  }
  Natural& multiply_by_power_of_10(unsigned exponent) {
    for (; exponent >= 9; exponent -= 9) multiply(1000000000);
    for (; exponent > 0; --exponent) multiply(10);
    return *this;
  }

  // Returns the remainder.
  uint32_t divide(uint32_t divisor) {
    uint64_t rest = 0;
    for (size_t i = count_; i-- > 0;) {
      rest = rest << 32 | limbs_[i];
      limbs_[i] = static_cast<uint32_t>(rest / divisor);
      rest %= divisor;
    }
    trim();
    return static_cast<uint32_t>(rest);
  }

  Natural& add(const Natural& other) {
    uint64_t over = 0;
    const size_t count = std::max(count_, other.count_);
    for (size_t i = 0; i < count; ++i) {
      over += (i < count_ ? uint64_t{limbs_[i]} : 0) + (i < other.count_ ? uint64_t{other.limbs_[i]} : 0);
      limbs_[i] = static_cast<uint32_t>(over);
      over >>= 32;
    }
    count_ = count;
    if (over != 0) limbs_[count_++] = static_cast<uint32_t>(over);
    return *this;
  }

  // `other` is not greater.
  Natural& subtract(const Natural& other) {
    int64_t borrow = 0;
    for (size_t i = 0; i < count_; ++i) {
      borrow += int64_t{limbs_[i]} - (i < other.count_ ? int64_t{other.limbs_[i]} : 0);
      limbs_[i] = static_cast<uint32_t>(borrow);
      borrow >>= 32;
    }
    trim();
    return *this;
  }

  Natural& shift_left(unsigned by) {
    if (count_ == 0) return *this;
    const size_t whole = by / 32;
    const unsigned part = by % 32;
    limbs_[count_] = 0;
    for (size_t i = count_ + 1; i-- > 0;) {
      const uint64_t pair = uint64_t{limbs_[i]} << 32 | (i > 0 ? limbs_[i - 1] : 0);
      limbs_[i + whole] = static_cast<uint32_t>(pair << part >> 32);
    }
    std::fill_n(limbs_, whole, 0u);
    count_ += whole + 1;
    trim();
    return *this;
  }

  // True: bits that were ones were shifted out.
  bool shift_right(unsigned by) {
    bool lost = false;
    const size_t whole = std::min<size_t>(by / 32, count_);
    const unsigned part = by % 32;
    for (size_t i = 0; i < whole; ++i) lost = lost || limbs_[i] != 0;
    for (size_t i = whole; i < count_; ++i) {
      const uint64_t pair = (i + 1 < count_ ? uint64_t{limbs_[i + 1]} : 0) << 32 | limbs_[i];
      if (i == whole) lost = lost || (limbs_[i] & ((uint64_t{1} << part) - 1)) != 0;
      limbs_[i - whole] = static_cast<uint32_t>(pair >> part);
    }
    count_ -= whole;
    trim();
    return lost;
  }

  friend int compare(const Natural& a, const Natural& b) {
    if (a.count_ != b.count_) return a.count_ < b.count_ ? -1 : 1;
    for (size_t i = a.count_; i-- > 0;) {
      if (a.limbs_[i] != b.limbs_[i]) return a.limbs_[i] < b.limbs_[i] ? -1 : 1;
    }
    return 0;
  }

 private:
  uint32_t top() const { return limbs_[count_ - 1]; }
  void trim() {
    while (count_ > 0 && top() == 0) --count_;
  }

  size_t count_ = 0;
  uint32_t limbs_[kMaxBits / 32 + 8];  // those above count_ are anything
};

// The quotient; the remainder is left in `dividend`. One bit at a time: quotients here have some hundred at most.
inline Natural divide(Natural& dividend, const Natural& divisor) {
  Natural quotient;
  if (dividend.bits() < divisor.bits()) return quotient;
  unsigned steps = dividend.bits() - divisor.bits();
  Natural scaled = divisor;
  scaled.shift_left(steps);
  for (;; --steps) {
    const bool one = compare(dividend, scaled) >= 0;
    if (one) dividend.subtract(scaled);
    quotient.multiply(2, one);
    if (steps == 0) return quotient;
    scaled.shift_right(1);
  }
}

}  // namespace ferry
