// Append-only storage with stable addresses that can be cut back to an earlier length, and the
// open-addressing index that finds what lies in it. Knows nothing of what it stores.
#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry {

// A sequence whose elements never move. Chunk k holds 2^kFirstLog2 << k elements, so a small table is
// one small allocation and no index needs a division.
template <typename T, unsigned kFirstLog2 = 6>
class StableVector {
 public:
  StableVector() = default;
  StableVector(const StableVector&) = delete;
  StableVector& operator=(const StableVector&) = delete;
  ~StableVector() {
    truncate(0);
    for (unsigned k = 0; k < std::size(chunks_); ++k) {
      if (chunks_[k] != nullptr) std::allocator<T>().deallocate(chunks_[k], size_t{1} << (kFirstLog2 + k));
    }
  }

  uint32_t size() const { return size_; }
  T& operator[](uint32_t i) { return *at(i); }
  const T& operator[](uint32_t i) const { return *at(i); }

  // Index of the new element.
  uint32_t push_back(T value) {
    const uint32_t index = size_;
    const Place place = locate(index);
    if (chunks_[place.chunk] == nullptr) {
      chunks_[place.chunk] = std::allocator<T>().allocate(size_t{1} << (kFirstLog2 + place.chunk));
    }
    new (chunks_[place.chunk] + place.slot) T(std::move(value));
    ++size_;
    return index;
  }

  // Destroys the elements from `length` on. Chunks are kept for the next ones.
  void truncate(uint32_t length) {
    while (size_ > length) at(--size_)->~T();
  }

 private:
  struct Place {
    unsigned chunk;
    uint32_t slot;
  };
  static Place locate(uint32_t i) {
    const uint64_t n = uint64_t{i} + (uint64_t{1} << kFirstLog2);
    const unsigned log2 = static_cast<unsigned>(std::bit_width(n)) - 1;
    return {log2 - kFirstLog2, static_cast<uint32_t>(n - (uint64_t{1} << log2))};
  }
  T* at(uint32_t i) const {
    const Place place = locate(i);
    return chunks_[place.chunk] + place.slot;
  }

  T* chunks_[33 - kFirstLog2] = {};
  uint32_t size_ = 0;
};

// Bytes of strings, NUL-terminated, never moved.
class TextArena {
 public:
  struct Mark {
    size_t blocks;
    size_t used;
  };

  TextArena() = default;
  TextArena(const TextArena&) = delete;
  TextArena& operator=(const TextArena&) = delete;

  const char* add(std::string_view text) {
    const size_t need = text.size() + 1;
    if (blocks_.empty() || need > blocks_.back().size - used_) {
      const size_t size = std::max(need, blocks_.empty() ? kFirstBlock : kBlock);
      // Not make_unique, which clears it; libc++ 14 has no make_unique_for_overwrite.
      blocks_.push_back({std::unique_ptr<char[]>(new char[size]), size});
      used_ = 0;
    }
    char* to = blocks_.back().bytes.get() + used_;
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    to[text.size()] = '\0';
    used_ += need;
    return to;
  }
  Mark mark() const { return {blocks_.size(), used_}; }
  void rewind(Mark mark) {
    blocks_.resize(mark.blocks);
    used_ = mark.used;
  }

 private:
  // The first block is small because most tables hold few names; later ones hold a big header's.
  static constexpr size_t kFirstBlock = 1024;
  static constexpr size_t kBlock = 32 * 1024;
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };
  std::vector<Block> blocks_;
  size_t used_ = 0;
};

// From hashes to non-zero 32-bit ids; what an id stands for is compared by the caller. Linear probing,
// at most three quarters full; the hash is kept beside the id, so neither growing nor erasing needs the
// elements.
class HashIndex {
 public:
  // The id of that hash for which `equal(id)` holds; 0: none.
  template <typename Equal>
  uint32_t find(uint32_t hash, Equal equal) const {
    if (capacity_ == 0) return 0;
    for (uint32_t i = hash & (capacity_ - 1); slots_[i].id != 0; i = (i + 1) & (capacity_ - 1)) {
      if (slots_[i].hash == hash && equal(slots_[i].id)) return slots_[i].id;
    }
    return 0;
  }

  // Room for one more, so that the next insert() cannot fail: for who makes the element first.
  void make_room() {
    if (used_ >= capacity_ / 4 * 3) grow();
  }
  void insert(uint32_t hash, uint32_t id) {
    make_room();
    place(hash, id);
    ++used_;
  }

  void erase(uint32_t hash, uint32_t id) {
    const uint32_t mask = capacity_ - 1;
    uint32_t hole = hash & mask;
    while (slots_[hole].id != id) {
      assert(slots_[hole].id != 0);
      hole = (hole + 1) & mask;
    }
    // Move back what would no longer be found across the hole (Knuth, vol. 3, 6.4, algorithm R).
    for (uint32_t i = (hole + 1) & mask; slots_[i].id != 0; i = (i + 1) & mask) {
      const uint32_t home = slots_[i].hash & mask;
      if (((i - home) & mask) >= ((i - hole) & mask)) {
        slots_[hole] = slots_[i];
        hole = i;
      }
    }
    slots_[hole] = {};
    --used_;
  }

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t id = 0;
  };
  static constexpr uint32_t kFirstCapacity = 64;

  void place(uint32_t hash, uint32_t id) {
    uint32_t i = hash & (capacity_ - 1);
    while (slots_[i].id != 0) i = (i + 1) & (capacity_ - 1);
    slots_[i] = {hash, id};
  }
  void grow() {
    const uint32_t old_capacity = capacity_;
    auto larger = std::make_unique<Slot[]>(old_capacity == 0 ? kFirstCapacity : size_t{old_capacity} * 2);
    std::unique_ptr<Slot[]> old = std::exchange(slots_, std::move(larger));
    capacity_ = old_capacity == 0 ? kFirstCapacity : old_capacity * 2;
    for (uint32_t i = 0; i < old_capacity; ++i) {
      if (old[i].id != 0) place(old[i].hash, old[i].id);
    }
  }

  std::unique_ptr<Slot[]> slots_;
  uint32_t capacity_ = 0;
  uint32_t used_ = 0;
};

inline uint64_t hash_mix(uint64_t h) {
  h *= 0x9e3779b97f4a7c15u;
  return h ^ (h >> 32);
}

inline uint32_t hash_text(std::string_view text) {
  const char* p = text.data();
  size_t n = text.size();
  uint64_t h = n;
  for (; n >= 8; p += 8, n -= 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    h = hash_mix(h ^ word);
  }
  if (n >= 4) {
    uint32_t low, high;  // they overlap unless n is 8
    std::memcpy(&low, p, 4);
    std::memcpy(&high, p + n - 4, 4);
    h = hash_mix(h ^ (uint64_t{high} << 32 | low));
  } else if (n != 0) {
    const auto byte = [p](size_t i) { return static_cast<uint64_t>(static_cast<unsigned char>(p[i])); };
    h = hash_mix(h ^ (byte(0) << 16 | byte(n / 2) << 8 | byte(n - 1)));
  }
  return static_cast<uint32_t>(hash_mix(h));
}

}  // namespace ferry
