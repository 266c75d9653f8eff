// Whether two declarations mean the same, types being equal but for anonymous structures and enums, of which each body
// makes a new one; and what they mean together. Knows no syntax.
#pragma once

#include <unordered_set>

#include "ctype/type_table.h"

namespace ferry::cparse {

class SameType {
 public:
  explicit SameType(const TypeTable& types) : types_(types) {}

  bool types(TypeId a, TypeId b, int depth = 0);
  // Bodies only; tags are the caller's business.
  bool records(TypeId a, TypeId b, int depth = 0);
  bool enums(TypeId a, TypeId b) const;

 private:
  const TypeTable& types_;
  // Pairs that are being compared or were found equal: each is visited once, or nested repetition
  // (`struct { struct { ... } a, b; } a, b;`) would double the work at each level.
  std::unordered_set<uint64_t> seen_;
};

// C11 6.2.7p3: what two declarations of a function or variable say together.
class Composite {
 public:
  explicit Composite(TypeTable& types) : types_(types) {}

  // kNoType: the types are not compatible. What is said twice is taken from `a`.
  TypeId of(TypeId a, TypeId b) { return of(a, b, 0); }

 private:
  // Types built from each other twice at each level would take exponential time; headers need some dozens of steps.
  static constexpr int kMaxSteps = 100000;

  TypeId of(TypeId a, TypeId b, int depth);
  TypeId of_functions(TypeId a, TypeId b, int depth);

  TypeTable& types_;
  int steps_ = 0;
};

bool same_constants(const std::vector<NamedConstant>& a, const std::vector<NamedConstant>& b);

}  // namespace ferry::cparse
