// A small set of addresses: open addressing, grows, never shrinks.
#pragma once

#include <cstdint>
#include <vector>

namespace ferry::lua {

class PointerSet {
 public:
  bool contains(const void* p) const {
    if (p == nullptr) return false;
    for (size_t i = hash(p);; ++i) {
      const void* slot = slots_[i & mask()];
      if (slot == p) return true;
      if (slot == nullptr) return false;
    }
  }
  // May throw std::bad_alloc.
  void insert(const void* p) {
    if (contains(p)) return;
    if ((count_ + 1) * 2 > slots_.size()) grow();
    place(p);
    ++count_;
  }
  void clear() {
    for (auto& slot : slots_) slot = nullptr;
    count_ = 0;
  }

 private:
  size_t mask() const { return slots_.size() - 1; }
  size_t hash(const void* p) const { return reinterpret_cast<uintptr_t>(p) >> 4; }
  void place(const void* p) {
    size_t i = hash(p);
    while (slots_[i & mask()] != nullptr) ++i;
    slots_[i & mask()] = p;
  }
  void grow() {
    std::vector<const void*> old(slots_.size() * 2, nullptr);
    old.swap(slots_);
    for (const void* p : old) {
      if (p != nullptr) place(p);
    }
  }
  std::vector<const void*> slots_ = std::vector<const void*>(32, nullptr);
  size_t count_ = 0;
};

}  // namespace ferry::lua
