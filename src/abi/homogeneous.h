// Homogeneous aggregates: records and arrays of one floating-point or vector type, which some ABIs pass element by
// element in registers (AAPCS64 5.9.5, AAPCS32 6.1.2.1, ELFv2 2.2.3.1). Which types count is the ABI's.
#pragma once

#include <algorithm>
#include <optional>

#include "abi/builder.h"

namespace ferry::abi {

// Or a floating scalar as one of one.
struct Homogeneous {
  uint64_t element_size = 0;
  bool vector = false;
  uint64_t count = 0;
  bool halves = false;  // elements are halves of long doubles, which are no doubles
  bool brain = false;   // there are __bf16 among the elements
};

struct HomogeneousRules {
  unsigned max_count = 4;
  bool zero_width_ignored = false;  // `:0`: gcc ignores it, but in unions; clang for Darwin and Windows does not
  uint64_t smallest_float = 2;
  uint64_t largest_float = 16;
  bool short_vectors = true;  // vectors of 8 bytes as well as of 16
  bool pairs = false;         // a long double is two doubles (POWER's own format)
  bool by_mode = false;       // see HomogeneousFinder::mode()
};

class HomogeneousFinder {
 public:
  HomogeneousFinder(const TypeTable& types, const HomogeneousRules& rules) : types_(types), rules_(rules) {}

  // Nothing: not homogeneous. Also nothing for what is too complicated; see exhausted().
  std::optional<Homogeneous> find(TypeId id) {
    std::optional<Homogeneous> h = walk(id, 0);
    if (!h && rules_.by_mode) h = mode(id, 0);
    if (!h || h->count == 0 || h->count > rules_.max_count) return std::nullopt;
    return h;
  }
  bool exhausted() const { return exhausted_; }

 private:
  std::optional<Homogeneous> floats(uint64_t size, uint64_t count, bool is_pair, bool brain = false) const {
    bool halves = rules_.pairs && size == 16 && is_pair;
    if (halves) {
      size = 8;
      count *= 2;
    }
    if ((size != 2 && size != 4 && size != 8 && size != 16) || size < rules_.smallest_float ||
        size > rules_.largest_float) {
      return std::nullopt;
    }
    return Homogeneous{size, false, count, halves, brain};
  }

  bool is_pair(const Type& t) const {
    return (t.scalar == Scalar::ldouble || t.scalar == Scalar::cldouble) &&
           types_.target().long_double == LongDouble::ibm_double_double;
  }

  // gcc: a record has the machine mode of a member that is all of it (stor-layout.cc, compute_record_mode), and vectors
  // and complex numbers travel by their mode before anybody asks for members (aarch64.cc,
  // aarch64_vfp_is_call_or_return_candidate). So members without bytes beside one do not count, as they do elsewhere.
  std::optional<Homogeneous> mode(TypeId id, int depth) {
    const Type& t = types_[id];
    if (depth > kMaxClassifyDepth) return std::nullopt;
    // A vector of one element has the element's mode, but for a double.
    const bool scalar_mode = t.kind == Kind::vector && t.count == 1 && types_[t.base].scalar != Scalar::float64;
    if (scalar_mode) return std::nullopt;
    if (t.kind == Kind::vector || t.kind == Kind::complex) return walk(id, depth);
    if (t.kind == Kind::array && t.count == 1) return mode(t.base, depth + 1);
    if (t.kind != Kind::structure || t.size == 0) return std::nullopt;
    TypeId whole = kNoType;
    for (const Field& field : types_.record(id).fields) {
      const Type& member = types_[field.type];
      if (member.kind == Kind::array && member.count == kFlexible) return std::nullopt;
      if (field.is_bitfield() && field.bit_width != 0) return std::nullopt;
      if (field.is_bitfield() || member.size == 0) continue;
      if (member.size != t.size) return std::nullopt;
      whole = field.type;
    }
    return whole == kNoType ? std::nullopt : mode(whole, depth + 1);
  }

  std::optional<Homogeneous> walk(TypeId id, int depth) {
    if (++steps_ > kMaxClassifySteps || depth > kMaxClassifyDepth) {
      exhausted_ = true;
      return std::nullopt;
    }
    const Type& t = types_[id];
    switch (t.kind) {
      case Kind::floating:
        return floats(t.size, 1, is_pair(t), t.scalar == Scalar::bfloat16);
      case Kind::complex:
        if (is_integer_complex(t)) return std::nullopt;
        return floats(t.size / 2, 2, is_pair(t));
      case Kind::vector:
        if (t.size != 16 && !(rules_.short_vectors && t.size == 8)) return std::nullopt;
        return Homogeneous{t.size, true, 1, false};
      case Kind::array: {
        // gcc, clang: an array of no elements, and a flexible one, makes a record something else.
        std::optional<Homogeneous> h = walk(t.base, depth + 1);
        if (!h || t.count == 0 || t.count == kFlexible || t.count > kMaxObjectSize) return std::nullopt;
        if (h->count == 0) return h;
        if (t.count > rules_.max_count) return std::nullopt;
        h->count *= t.count;
        return h;
      }
      case Kind::structure:
      case Kind::union_:
        return record(id, depth);
      default:
        return std::nullopt;
    }
  }

  std::optional<Homogeneous> record(TypeId id, int depth) {
    const Record& record = types_.record(id);
    Homogeneous all;
    for (const Field& field : record.fields) {
      if (field.is_bitfield()) {
        if (field.bit_width == 0 && rules_.zero_width_ignored && !record.is_union) continue;
        return std::nullopt;
      }
      std::optional<Homogeneous> one = walk(field.type, depth + 1);
      if (!one) return std::nullopt;
      if (one->count == 0) continue;
      if (all.count == 0) {
        all = *one;
        continue;
      }
      if (all.element_size != one->element_size || all.vector != one->vector || all.halves != one->halves) {
        return std::nullopt;
      }
      all.brain = all.brain || one->brain;
      all.count = record.is_union ? std::max(all.count, one->count) : all.count + one->count;
      if (all.count > rules_.max_count) return std::nullopt;
    }
    // No padding: the members are the whole record.
    if (all.count != 0 && all.count * all.element_size != types_[id].size) return std::nullopt;
    return all;
  }

  const TypeTable& types_;
  HomogeneousRules rules_;
  int steps_ = 0;
  bool exhausted_ = false;
};

}  // namespace ferry::abi
