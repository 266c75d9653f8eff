// Structures and unions: tags, bodies, members.
#include <utility>

#include "cparse/parser_state.h"
#include "cparse/same_type.h"
#include "ctype/spell.h"
#include "ctype/suggest.h"

namespace ferry::cparse {

namespace {

const char* tag_word(Kind kind) {
  return kind == Kind::union_ ? "union" : kind == Kind::enumeration ? "enum" : "struct";
}

std::string shown_name(const TypeTable& types, NameId name) {
  return name == kNoName ? std::string("without a name") : shown(types.name(name));
}

}  // namespace

bool Parser::check_tag(NameId tag, TypeId known, Kind wanted, uint32_t where) {
  Kind kind = types_[known].kind;
  if (kind == wanted) return true;
  return fail(where, shown(types_.name(tag)) + " is declared as '" + tag_word(kind) + " " +
                         std::string(types_.name(tag).substr(0, kMaxShownToken)) + "', not as " +
                         (wanted == Kind::enumeration ? "an enum"
                          : wanted == Kind::union_    ? "a union"
                                                      : "a struct"));
}

// record := ('struct' | 'union') attributes tag? ('{' member-declaration* '}' attributes)?
// The first word is taken already.
bool Parser::record_specifier(bool is_union, TypeId& type) {
  Attributes before;
  for (bool more = true; more;) {
    if (!c23_attributes(before) || !attributes(before, nullptr)) return false;
    const bool is_alignas = at(Tok::kw_alignas) || at_undeclared("alignas");
    if (is_alignas && !alignas_specifier(before)) return false;
    more = is_alignas || at(Tok::l_bracket);
  }
  uint32_t where = token_.at;
  NameId tag = kNoName;
  if (at(Tok::identifier)) {
    tag = token_name();
    next();
  } else if (!at(Tok::l_brace)) {
    return fail_expected(is_union ? "a tag or '{' after union" : "a tag or '{' after struct");
  }
  const bool has_body = at(Tok::l_brace);
  TypeId known = tag != kNoName ? find_tag(tag, has_body) : kNoType;
  if (known != kNoType && !check_tag(tag, known, is_union ? Kind::union_ : Kind::structure, where)) return false;
  if (pieces_ != nullptr) note_tag(tag, has_body);
  if (has_body && closed_ && tag != kNoName && function_name_.empty()) return fail(where, "types are not defined here");
  if (known == kNoType) {
    if (!has_body && !implicit_tags_) {
      return fail(where, std::string("undeclared tag '") + (is_union ? "union " : "struct ") +
                             std::string(types_.name(tag).substr(0, kMaxShownToken)) + "'" +
                             suggest_tag(types_, types_.name(tag)));
    }
    known = types_.new_record(tag, is_union);
    if (tag != kNoName) declare_tag(tag, known);
  }
  type = known;
  if (!has_body) return true;
  // A tag that has a body already may get the same one again: it is read as a record of its own and compared.
  const bool again = types_.record(known).complete;
  if (again) type = types_.new_record(tag, is_union);
  const Origin origin = origin_at(where);  // before the places of what the body declares: going back is slow
  if (!record_body(type, before, where)) return false;
  if (!again) {
    types_.set_origin(known, origin);
    return true;
  }
  if (!SameType(types_).records(known, type)) {
    return fail(where,
                "'" + spell(types_, known) + "' is already defined differently: " + record_difference(known, type));
  }
  type = known;
  return true;
}

// "member 'x' was 'int x', is 'long x'"
std::string Parser::record_difference(TypeId old_record, TypeId new_record) const {
  const Record& a = types_.record(old_record);
  const Record& b = types_.record(new_record);
  auto member = [this](const Field& f) {
    std::string text = "'" + spell(types_, f.type, types_.name(f.name));
    if (f.is_bitfield()) text += ":" + std::to_string(f.bit_width);
    return text + "'";
  };
  SameType same(types_);
  for (size_t i = 0; i < a.fields.size() && i < b.fields.size(); ++i) {
    const Field& fa = a.fields[i];
    const Field& fb = b.fields[i];
    if (fa.name != fb.name || fa.bit_width != fb.bit_width || !same.types(fa.type, fb.type)) {
      return "member " + std::to_string(i + 1) + " was " + member(fa) + ", is " + member(fb);
    }
  }
  if (a.fields.size() != b.fields.size()) {
    return "it had " + std::to_string(a.fields.size()) + " members, has " + std::to_string(b.fields.size());
  }
  if (!same_constants(a.constants, b.constants)) return "its constants differ";
  return "its size was " + std::to_string(types_[old_record].size) + ", is " + std::to_string(types_[new_record].size) +
         ", or its members lie elsewhere";
}

bool Parser::record_body(TypeId record, const Attributes& before, uint32_t where) {
  Nest nest(*this);
  if (nest.too_deep()) return false;
  next();
  const bool outer_bounds = std::exchange(variable_bounds_, false);
  const size_t fields_mark = fields_.size();
  const size_t constants_mark = record_constants_.size();
  while (!at(Tok::r_brace)) {
    if (!member_declaration()) return false;
  }
  // The packing in force at the closing brace counts, as in gcc: no later directive has been read yet.
  RecordAttributes attributes;
  attributes.pack = pack_;
  next();
  Attributes a = before;
  while (at(Tok::kw_attribute) || at(Tok::kw_declspec)) {
    if (!(at(Tok::kw_attribute) ? gnu_attribute(a) : declspec(a))) return false;
  }
  attributes.packed = a.packed;
  attributes.ms_struct = a.ms_struct;
  attributes.transparent_union = a.transparent_union;
  attributes.align = a.align;
  std::vector<Field> fields(fields_.begin() + static_cast<ptrdiff_t>(fields_mark), fields_.end());
  std::vector<NamedConstant> constants(record_constants_.begin() + static_cast<ptrdiff_t>(constants_mark),
                                       record_constants_.end());
  fields_.resize(fields_mark);
  record_constants_.resize(constants_mark);
  variable_bounds_ = outer_bounds;
  if (types_.record(record).is_union) {
    for (const Field& f : fields) {
      if ((types_[f.type].flags & kVariable) != 0) return fail(where, "a union has a member of variable size");
    }
  }
  if (types_.record(record).complete) {
    return fail(where, "'" + spell(types_, record) + "' is defined within its own body");
  }
  Result<void> completed = types_.complete_record(record, std::move(fields), std::move(constants), attributes);
  return completed.ok() || fail(where, completed.message());
}

// member-declaration := ';' | static-assertion | specifiers member-declarators? ';'
bool Parser::member_declaration() {
  while (at(Tok::kw_ignored)) next();  // __extension__
  if (accept(Tok::semicolon)) return true;
  if (static_assert_word()) return static_assertion();
  uint32_t where = token_.at;
  Specifiers s;
  if (!specifiers(s, 1u << static_cast<unsigned>(Storage::static_))) return false;
  if (!s.colon_taken && !attributes_of_type(s)) return false;
  if (s.storage == Storage::static_) {
    if (!static_members(s)) return false;
  } else if (at(Tok::semicolon) && !s.colon_taken) {
    if (!anonymous_member(s, where)) return false;
  } else if (!member_declarators(s)) {
    return false;
  }
  return expect(Tok::semicolon, "';' after the member");
}

// static-members := declarator '=' constant (',' declarator '=' constant)*
bool Parser::static_members(const Specifiers& s) {
  do {
    Declarator d;
    begin(d, Naming::named);
    TypeId type = kNoType;
    if (!declarator(d) || !build(d, s, type)) return false;
    if ((types_[type].quals & kConst) == 0) return fail(d.at, "a static member must be 'const' and have a value");
    if (!at(Tok::assign)) return fail_expected("'=' and the value of the static member");
    NamedConstant constant;
    constant.name = d.name;
    if (!constant_for(type, constant.value)) return false;
    record_constants_.push_back(constant);
  } while (accept(Tok::comma));
  return true;
}

// A member without a declarator: a transparent structure or union, or an enum, whose constants the record gets
// (LuaJIT; they are declared for the whole file as well). An incomplete type is declared only.
bool Parser::anonymous_member(const Specifiers& s, uint32_t where) {
  const Type& t = types_[s.type];
  if (t.kind == Kind::enumeration) {
    for (const NamedConstant& c : types_.enumeration(s.type).constants) record_constants_.push_back(c);
    return true;
  }
  if (!is_record(t)) return fail_expected("the name of a member");
  if ((t.flags & kIncomplete) != 0) {
    if (types_.record(s.type).tag != kNoName) return true;
    return fail(where, "a member has an incomplete type");
  }
  Field f;
  f.type = s.type;
  f.packed = s.attributes.packed;
  f.align = s.attributes.align;
  fields_.push_back(f);
  return true;
}

// member-declarators := member-declarator (',' member-declarator)*
// member-declarator := declarator (':' constant)? attributes | ':' constant attributes
bool Parser::member_declarators(Specifiers& s) {
  do {
    Declarator d;
    TypeId type = s.type;
    bool colon = s.colon_taken;
    s.colon_taken = false;
    begin(d, Naming::named);
    if (!colon && !at(Tok::colon) && !declarator(d)) return false;
    if (d.name == kNoName) d.at = token_.at;
    if (!colon) colon = accept(Tok::colon);
    uint8_t width = kNotBitfield;
    if (!build(d, s, type)) return false;
    if (colon && (!bit_field_width(type, width) || !attributes(d.attributes, nullptr) || !c23_attributes(d.attributes)))
      return false;
    if (!colon && !plain_member(d, type)) return false;
    Field f;
    f.name = d.name;
    f.type = type;
    f.bit_width = width;
    if (colon && width == 0 && d.name != kNoName) {
      return fail(d.at, "bit-field " + shown_name(types_, d.name) + " has no bits");
    }
    f.packed = d.attributes.packed || s.attributes.packed;
    f.align = d.attributes.align != 0 ? d.attributes.align : s.attributes.align;
    fields_.push_back(f);
  } while (accept(Tok::comma));
  return true;
}

// What complete_record would refuse, told at the member instead of at the record.
bool Parser::plain_member(const Declarator& d, TypeId type) {
  const Type& t = types_[type];
  if (t.kind == Kind::function)
    return fail(d.at, "member " + shown_name(types_, d.name) + " is declared as a function");
  if ((t.flags & kIncomplete) != 0 && !(t.kind == Kind::array && t.count == kFlexible)) {
    return fail(d.at, "member " + shown_name(types_, d.name) + " has incomplete type '" + spell(types_, type) + "'");
  }
  return true;
}

// The constant behind ':'.
bool Parser::bit_field_width(TypeId type, uint8_t& width) {
  const Type& t = types_[type];
  uint32_t where = token_.at;
  if (!is_integer_like(t) || (t.flags & kIncomplete) != 0) {
    return fail(where, "a bit-field has type '" + spell(types_, type) + "', which is not an integer");
  }
  Value v;
  if (!constant_integer(v, "the width of a bit-field")) return false;
  uint64_t bits = t.kind == Kind::boolean ? 1 : is_bit_int(t) ? t.count : t.size * 8;
  if (static_cast<uint64_t>(v.integer) > bits) {
    return fail(where, "the width " + std::to_string(v.integer) + " of a bit-field does not fit its type '" +
                           spell(types_, type) + "'");
  }
  width = static_cast<uint8_t>(v.integer);
  return true;
}

}  // namespace ferry::cparse
