// Enums: tags, bodies, values, and the integer type underneath.
#include "cparse/parser_state.h"
#include "cparse/same_type.h"
#include "ctype/spell.h"
#include "ctype/suggest.h"

namespace ferry::cparse {
namespace {

bool is_negative(const TypeTable& types, const Constant& c) {
  return (types[c.type].flags & kUnsigned) == 0 && c.integer < 0;
}

}  // namespace

// enum := 'enum' attributes tag? (':' specifiers)? ('{' enumerator (',' enumerator)* ','? '}' attributes)?
// The first word is taken already. In a structure `enum e : 3;` is a bit-field: colon_taken then tells that the ':'
// was read.
bool Parser::enum_specifier(TypeId& type, bool& colon_taken) {
  Attributes before;
  if (!attributes(before, nullptr) || !c23_attributes(before) || !attributes(before, nullptr)) return false;
  uint32_t where = token_.at;
  NameId tag = kNoName;
  if (at(Tok::identifier)) {
    tag = token_name();
    next();
  } else if (!at(Tok::l_brace) && !at(Tok::colon)) {
    return fail_expected("a tag or '{' after enum");
  }
  TypeId known = tag != kNoName ? find_tag(tag, at(Tok::l_brace)) : kNoType;
  if (known != kNoType && !check_tag(tag, known, Kind::enumeration, where)) return false;
  TypeId fixed = kNoType;
  if (at(Tok::colon)) {
    next();
    if (type_start() || attribute_token()) {
      Nest nest(*this);
      Specifiers s;
      uint32_t type_at = token_.at;
      if (nest.too_deep() || !specifiers(s, 0)) return false;
      fixed = types_[s.type].unqualified;
      const Type& t = types_[fixed];
      if ((t.kind != Kind::integer && t.kind != Kind::boolean) || is_bit_int(t))
        return fail(type_at, "the type of an enum must be an integer type");
      if (t.size > 8) return fail(type_at, "an enum is at most 64 bits wide");
    } else {
      colon_taken = true;
      if (known == kNoType) return fail_expected("an integer type");
    }
  }
  const bool has_body = at(Tok::l_brace) && !colon_taken;
  if (pieces_ != nullptr) note_tag(tag, has_body || fixed != kNoType);
  if (closed_ && function_name_.empty() && (has_body || fixed != kNoType))
    return fail(where, "types are not defined here");
  if (known == kNoType) {
    if (tag == kNoName && !has_body) return fail_expected("'{' after enum");
    if (!has_body && !implicit_tags_) {
      return fail(where, "undeclared tag 'enum " + std::string(types_.name(tag).substr(0, kMaxShownToken)) + "'" +
                             suggest_tag(types_, types_.name(tag)));
    }
    known = types_.new_enum(tag);
    if (tag != kNoName) declare_tag(tag, known);
  }
  type = known;
  const bool complete = types_.enumeration(known).complete;
  if (fixed != kNoType && (types_[known].flags & kIncomplete) == 0 && types_[known].base != fixed) {
    return fail(where, "'" + spell(types_, known) + "' is already declared with type '" +
                           spell(types_, types_[known].base) + "', not '" + spell(types_, fixed) + "'");
  }
  if (!has_body) {
    if (fixed != kNoType && !complete && types_[known].base == kNoType) types_.set_underlying(known, fixed);
    return true;
  }
  if (fixed == kNoType && !complete) fixed = types_[known].base;  // of `enum e : char;` before
  if (complete) type = types_.new_enum(tag);
  const Origin origin = origin_at(where);  // before the places of its constants: going back is slow
  if (!enum_body(type, fixed, before, where)) return false;
  if (!complete) {
    types_.set_origin(known, origin);
    return true;
  }
  if (!SameType(types_).enums(known, type)) {
    return fail(where, "'" + spell(types_, known) + "' is already defined with other constants or another type");
  }
  type = known;
  return true;
}

bool Parser::enum_body(TypeId type, TypeId fixed, const Attributes& before, uint32_t where) {
  Nest nest(*this);
  if (nest.too_deep()) return false;
  next();
  const size_t base = enumerators_.size();
  Value next_value = arithmetic_.integer(0, arithmetic_.int_type());
  do {
    if (at(Tok::r_brace) && enumerators_.size() > base) break;  // a trailing comma
    if (!enumerator(fixed, next_value)) return false;
  } while (accept(Tok::comma));
  if (!at(Tok::r_brace)) return fail_expected("',' or '}' in the enum");
  next();
  Attributes a = before;
  while (at(Tok::kw_attribute) || at(Tok::kw_declspec)) {
    if (!(at(Tok::kw_attribute) ? gnu_attribute(a) : declspec(a))) return false;
  }
  TypeId underlying = fixed;
  if (fixed == kNoType && !underlying_type(base, a.packed, where, underlying)) return false;
  if (types_.enumeration(type).complete) {
    return fail(where, "'" + spell(types_, type) + "' is defined within its own body");
  }
  // gcc: a constant is an int if it fits, else it has the enum's underlying type.
  for (size_t i = base; i < enumerators_.size(); ++i) {
    Constant& c = enumerators_[i].value;
    if (c.type == arithmetic_.int_type() || c.type == underlying) continue;
    c.type = underlying;
    if (tree_ != nullptr) {
      std::find_if(locals_.rbegin(), locals_.rend(), [&](const Local& l) {
        return l.what == Local::What::constant && l.name == enumerators_[i].name;
      })->type = underlying;
      continue;
    }
    Symbol symbol = *types_.find_symbol(enumerators_[i].name);
    symbol.constant.type = underlying;
    types_.declare(symbol);
  }
  std::vector<NamedConstant> constants(enumerators_.begin() + static_cast<ptrdiff_t>(base), enumerators_.end());
  enumerators_.resize(base);
  types_.complete_enum(type, underlying, std::move(constants));
  return true;
}

// The value in the first of int, unsigned int, int64_t, uint64_t that holds it.
Value Parser::smallest(const Value& v) const {
  bool is_unsigned = (types_[v.type].flags & kUnsigned) != 0;
  int64_t n = v.integer;
  if (is_unsigned && n < 0) return arithmetic_.integer(n, scalar_type(Scalar::uint64));
  if (n >= INT32_MIN && n <= INT32_MAX) return arithmetic_.integer(n, arithmetic_.int_type());
  if (n >= 0 && n <= UINT32_MAX) return arithmetic_.integer(n, scalar_type(Scalar::uint32));
  return arithmetic_.integer(n, scalar_type(Scalar::int64));
}

// enumerator := name attributes ('=' constant)?
bool Parser::enumerator(TypeId fixed, Value& next_value) {
  if (!at(Tok::identifier)) return fail_expected("the name of an enum constant");
  uint32_t where = token_.at;
  NameId name = token_name();
  next();
  Attributes ignored;
  if (!attributes(ignored, nullptr) || !c23_attributes(ignored)) return false;
  Value v = next_value;
  if (accept(Tok::assign)) {
    if (!constant_integer(v, "the value of an enum constant")) return false;
    v = smallest(v);
  } else if (v.known == Value::Known::no) {
    return fail(where, "the value of the enum constant " + shown(types_.name(name)) + " does not fit 64 bits");
  }
  if (fixed != kNoType && types_[fixed].kind != Kind::boolean) {
    Value as_fixed = arithmetic_.convert(v, fixed);
    bool sign_differs = ((types_[v.type].flags & kUnsigned) != 0 && v.integer < 0) !=
                        ((types_[fixed].flags & kUnsigned) != 0 && as_fixed.integer < 0);
    if (as_fixed.integer != v.integer || (sign_differs && v.integer < 0)) {
      return fail(where, "the value of the enum constant " + shown(types_.name(name)) + " does not fit '" +
                             spell(types_, fixed) + "'");
    }
  }
  NamedConstant constant;
  constant.name = name;
  constant.value.type = v.type;
  constant.value.integer = v.integer;
  if (tree_ != nullptr)
    locals_.push_back({name, v.type, 0, Local::What::constant, v.integer});
  else if (!declare_constant(name, constant.value, where))
    return false;
  enumerators_.push_back(constant);
  // One more; behind the last 64-bit value there is none.
  bool is_unsigned = (types_[v.type].flags & kUnsigned) != 0;
  if (v.integer == INT64_MAX && !is_unsigned) {
    next_value = arithmetic_.integer(INT64_MIN, scalar_type(Scalar::uint64));  // 2^63
  } else if (v.integer == -1 && is_unsigned) {
    next_value = arithmetic_.unknown(v.type, nullptr);
  } else {
    next_value = smallest(
        arithmetic_.integer(v.integer + 1, is_unsigned ? scalar_type(Scalar::uint64) : scalar_type(Scalar::int64)));
  }
  return true;
}

// gcc: unsigned int, or int if a constant is negative, or the 64-bit type of that kind if they do not fit;
// with __attribute__((packed)) the smallest type that holds all.
bool Parser::underlying_type(size_t base, bool packed, uint32_t where, TypeId& type) {
  bool negative = false;
  uint64_t largest = 0;  // of the non-negative ones
  int64_t smallest_value = 0;
  for (size_t i = base; i < enumerators_.size(); ++i) {
    const Constant& c = enumerators_[i].value;
    if (is_negative(types_, c)) {
      negative = true;
      if (c.integer < smallest_value) smallest_value = c.integer;
    } else if (static_cast<uint64_t>(c.integer) > largest) {
      largest = static_cast<uint64_t>(c.integer);
    }
  }
  for (unsigned size = packed ? 1 : 4; size <= 8; size *= 2) {
    unsigned bits = 8 * size;
    bool fits = negative ? largest <= (uint64_t{1} << (bits - 1)) - 1 &&
                               smallest_value >= -static_cast<int64_t>((uint64_t{1} << (bits - 1)) - 1) - 1
                         : bits == 64 || largest < uint64_t{1} << bits;
    if (!fits) continue;
    type = arithmetic_.integer_type(size, !negative);
    return true;
  }
  return fail(where, "no integer type holds all constants of this enum");
}

}  // namespace ferry::cparse
