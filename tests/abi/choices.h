// What a generator chooses by: the numbers of a seed, or the bytes of a fuzzer's input. Test code only.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <span>

namespace ferry {

class Choices {
 public:
  explicit Choices(uint64_t seed) : random_(std::in_place, seed) {}
  // Each choice takes a byte, one among more than 256 two. Where there are no more, the first is taken, so that what is
  // generated ends.
  explicit Choices(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  int pick(int low, int high) {
    if (random_) return std::uniform_int_distribution<int>(low, high)(*random_);
    return low + static_cast<int>(from_bytes(static_cast<uint32_t>(high - low) + 1));
  }
  uint32_t below(uint32_t n) { return random_ ? static_cast<uint32_t>((*random_)() % n) : from_bytes(n); }
  bool ended() const { return !random_ && bytes_.empty(); }

 private:
  uint32_t from_bytes(uint32_t n) {
    uint32_t value = 0;
    for (uint32_t i = n > 256 ? 2 : 1; i > 0 && !bytes_.empty(); --i) {
      value = value << 8 | bytes_.front();
      bytes_ = bytes_.subspan(1);
    }
    return value % n;
  }

  std::optional<std::mt19937_64> random_;
  std::span<const uint8_t> bytes_;
};

}  // namespace ferry
