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
            fa.params.size() != fb.params.size()) {
          return false;
        }
        if (!seen_.insert(uint64_t{a} << 32 | b).second) return true;
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

TypeId Composite::of_functions(TypeId a, TypeId b, int depth) {
  const Function& fa = types_.function(a);
  const Function& fb = types_.function(b);
  if (fa.conv != fb.conv || fa.variadic != fb.variadic || fa.params.size() != fb.params.size()) return kNoType;
  const TypeId result = of(fa.result, fb.result, depth);
  if (result == kNoType) return kNoType;
  std::vector<Param> params = fa.params;
  for (size_t i = 0; i < params.size(); ++i) {
    params[i].type = of(params[i].type, fb.params[i].type, depth);
    if (params[i].type == kNoType) return kNoType;
    if (params[i].name == kNoName) params[i].name = fb.params[i].name;
    params[i].marks |= fb.params[i].marks;
  }
  const FormatAttribute format = fa.format.style != FormatAttribute::none ? fa.format : fb.format;
  const Result<TypeId> function =
      types_.function_type(result, params, fa.variadic, fa.conv, format, fa.blocking || fb.blocking);
  return function.ok() ? *function : kNoType;
}

TypeId Composite::of(TypeId a, TypeId b, int depth) {
  if (a == b) return a;
  if (depth > kMaxNesting || ++steps_ > kMaxSteps) return kNoType;
  const Type ta = types_[a];
  const Type tb = types_[b];
  if (ta.quals != tb.quals) return kNoType;
  // C11 6.7.2.2p4: an enum and the integer type that it has.
  const bool is_enum =
      ta.kind == Kind::enumeration && tb.kind == Kind::integer && types_[ta.base].unqualified == tb.unqualified;
  const bool of_enum =
      tb.kind == Kind::enumeration && ta.kind == Kind::integer && types_[tb.base].unqualified == ta.unqualified;
  if (is_enum || of_enum) return a;
  if (ta.kind != tb.kind) return kNoType;
  switch (ta.kind) {
    case Kind::function:
      return of_functions(a, b, depth + 1);
    case Kind::pointer: {
      const TypeId base = of(ta.base, tb.base, depth + 1);
      return base != kNoType ? types_.qualified(types_.pointer_to(base), ta.quals) : kNoType;
    }
    case Kind::array: {
      if (ta.count != tb.count && ta.count != kFlexible && tb.count != kFlexible) return kNoType;
      const TypeId base = of(ta.base, tb.base, depth + 1);
      if (base == kNoType) return kNoType;
      const Result<TypeId> array = types_.array_of(base, ta.count != kFlexible ? ta.count : tb.count);
      return array.ok() ? *array : kNoType;
    }
    default:
      return SameType(types_).types(a, b) ? a : kNoType;
  }
}

}  // namespace ferry::cparse
