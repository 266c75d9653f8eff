// Whether two declarations mean the same: types equal but for anonymous structures and enums, of which each body
// makes a new one. Knows no syntax.
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

bool same_constants(const std::vector<NamedConstant>& a, const std::vector<NamedConstant>& b);

}  // namespace ferry::cparse
