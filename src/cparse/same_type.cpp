// Structural comparison of redeclared types.
#include "cparse/same_type.h"

#include "cparse/parser.h"

namespace ferry::cparse {

bool same_constants(const std::vector<NamedConstant>& a, const std::vector<NamedConstant>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].name != b[i].name || a[i].value.integer != b[i].value.integer) return false;
  }
  return true;
}

bool SameType::enums(TypeId a, TypeId b) const {
  const Enum& ea = types_.enumeration(a);
  const Enum& eb = types_.enumeration(b);
  return types_[a].base == types_[b].base && ea.complete == eb.complete && same_constants(ea.constants, eb.constants);
}

bool SameType::records(TypeId a, TypeId b, int depth) {
  const Record& ra = types_.record(a);
  const Record& rb = types_.record(b);
  // Deeper comparisons need chains of differently redeclared types; calling those different costs nothing.
  if (depth > kMaxNesting || ra.complete != rb.complete || ra.is_union != rb.is_union) return false;
  if (!seen_.insert(uint64_t{ra.type} << 32 | rb.type).second) return true;
  if (types_[ra.type].size != types_[rb.type].size || types_[ra.type].align != types_[rb.type].align) return false;
  if (ra.fields.size() != rb.fields.size() || !same_constants(ra.constants, rb.constants)) return false;
  for (size_t i = 0; i < ra.fields.size(); ++i) {
    const Field& fa = ra.fields[i];
    const Field& fb = rb.fields[i];
    if (fa.name != fb.name || fa.offset != fb.offset || fa.bit_width != fb.bit_width ||
        fa.bit_offset != fb.bit_offset || !types(fa.type, fb.type, depth + 1)) {
      return false;
    }
  }
  return true;
}

bool SameType::types(TypeId a, TypeId b, int depth) {
  for (;;) {
    if (a == b) return true;
    const Type& ta = types_[a];
    const Type& tb = types_[b];
    if (ta.kind != tb.kind || ta.quals != tb.quals || ta.align != tb.align || ta.count != tb.count) return false;
    switch (ta.kind) {
      case Kind::pointer:
      case Kind::reference:
      case Kind::array:
      case Kind::vector:
        a = ta.base;
        b = tb.base;
        continue;
      case Kind::structure:
      case Kind::union_:
        if (types_.record(a).tag != kNoName || types_.record(b).tag != kNoName) return false;
        return records(a, b, depth + 1);
      case Kind::enumeration:
        return types_.enumeration(a).tag == kNoName && types_.enumeration(b).tag == kNoName && enums(a, b);
      case Kind::function: {
        const Function& fa = types_.function(a);
        const Function& fb = types_.function(b);
        if (depth > kMaxNesting || fa.variadic != fb.variadic || fa.conv != fb.conv ||
            fa.params.size() != fb.params.size() || fa.format.style != fb.format.style ||
            fa.format.string_index != fb.format.string_index || fa.format.first_to_check != fb.format.first_to_check) {
          return false;
        }
        for (size_t i = 0; i < fa.params.size(); ++i) {
          if (!types(fa.params[i].type, fb.params[i].type, depth + 1)) return false;
        }
        a = fa.result;
        b = fb.result;
        continue;
      }
      default:
        return false;
    }
  }
}

}  // namespace ferry::cparse
