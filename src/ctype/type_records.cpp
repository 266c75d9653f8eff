// Records and enums of TypeTable: checks of members, completion in place, member look-up.
#include <string>

#include "ctype/layout.h"
#include "ctype/spell.h"
#include "ctype/type_rows.h"

namespace ferry {

namespace {

// "field 'x'", or by number where it has no name.
std::string describe(const TypeTable& types, const Field& field, size_t index) {
  if (field.name == kNoName) return "unnamed field " + std::to_string(index + 1);
  return "field '" + std::string(types.name(field.name)) + "'";
}

Result<void> check_bitfield(const TypeTable& types, const Field& field, size_t index) {
  const Type& t = types[field.type];
  if (!is_integer_like(t) || (t.flags & kIncomplete) != 0) {
    return Error{"bit-" + describe(types, field, index) + " has type '" + spell(types, field.type) +
                 "', which is not an integer"};
  }
  // gcc: the width of a _Bool is 1 bit (C 6.7.2.1p4 speaks of the type's width, not of its size).
  const uint64_t width = t.kind == Kind::boolean ? 1 : t.size * 8;
  if (field.bit_width > width) {
    return Error{"width " + std::to_string(field.bit_width) + " of bit-" + describe(types, field, index) +
                 " exceeds its type '" + spell(types, field.type) + "' of " + std::to_string(width) +
                 (width == 1 ? " bit" : " bits")};
  }
  if (field.bit_width == 0 && field.name != kNoName) {
    return Error{"bit-" + describe(types, field, index) + " has a name but no width"};
  }
  return {};
}

Result<void> check_member(const TypeTable& types, const Field& field, size_t index, bool last, bool is_union) {
  const Type& t = types[field.type];
  if (t.kind == Kind::function) {
    return Error{describe(types, field, index) + " is declared as a function '" + spell(types, field.type) + "'"};
  }
  if (t.kind == Kind::array && t.count == kFlexible) {
    if (last || is_union) return {};
    return Error{describe(types, field, index) + " is a flexible array '" + spell(types, field.type) +
                 "' but not the last member"};
  }
  if ((t.flags & kIncomplete) != 0) {
    return Error{describe(types, field, index) + " has incomplete type '" + spell(types, field.type) + "'"};
  }
  if ((t.flags & kVariable) != 0 && !last && !is_union) {
    return Error{describe(types, field, index) + " has a variable size, '" + spell(types, field.type) +
                 "', but is not the last member"};
  }
  if (field.name == kNoName && !is_record(t)) {
    return Error{describe(types, field, index) + " of type '" + spell(types, field.type) + "' needs a name"};
  }
  return {};
}

}  // namespace

const Record& TypeTable::record(TypeId id) const {
  assert(is_record((*this)[id]));
  return rows_->records[(*this)[id].index].record;
}

const Enum& TypeTable::enumeration(TypeId id) const {
  assert((*this)[id].kind == Kind::enumeration);
  return rows_->enums[(*this)[id].index];
}

void TypeTable::set_origin(TypeId id, const Origin& origin) {
  const Type& t = (*this)[id];
  (is_record(t) ? rows_->records[t.index].record.origin : rows_->enums[t.index].origin) = origin;
}

TypeId TypeTable::new_record(NameId tag, bool is_union) {
  Type t;
  t.kind = is_union ? Kind::union_ : Kind::structure;
  t.flags = kIncomplete;
  t.align = 1;
  t.index = rows_->records.size();
  const TypeId id = rows_->add_unique(t, {Op::record, kNoType, 0});
  Rows::RecordRow row;
  row.record.tag = tag;
  row.record.type = id;
  row.record.serial = id;
  row.record.is_union = is_union;
  rows_->records.push_back(std::move(row));
  return id;
}

TypeId TypeTable::new_enum(NameId tag) {
  Type t;
  t.kind = Kind::enumeration;
  t.flags = kIncomplete;
  t.align = 1;
  t.index = rows_->enums.size();
  const TypeId id = rows_->add_unique(t, {Op::enumeration, kNoType, 0});
  Enum e;
  e.tag = tag;
  e.type = id;
  e.serial = id;
  rows_->enums.push_back(std::move(e));
  return id;
}

Result<void> TypeTable::complete_record(TypeId id, std::vector<Field> fields, std::vector<NamedConstant> constants,
                                        const RecordAttributes& attributes) {
  id = rows_->root(id);
  Rows::RecordRow& row = rows_->records[rows_->type(id).index];
  assert(!row.record.complete);

  // Names are counted, so that records without any are never searched: nesting them could make the
  // number of visits grow exponentially. With distinct names it cannot.
  if (++rows_->stamp == 0) {  // wrapped around: forget the old stamps
    for (NameId n = 0; n < rows_->names.size(); ++n) rows_->names[n].stamp = 0;
    rows_->stamp = 1;
  }
  uint32_t names = 0;
  uint32_t depth = 0;
  NameId duplicate = kNoName;
  const auto add_name = [&](NameId name) {
    if (name == kNoName) return;
    uint32_t& stamp = rows_->names[name].stamp;
    if (stamp == rows_->stamp) {
      if (duplicate == kNoName) duplicate = name;
      return;
    }
    stamp = rows_->stamp;
    ++names;
  };
  const auto add_record = [&](const Rows::RecordRow& inner, const auto& self) -> void {
    if (inner.names == 0 || duplicate != kNoName) return;
    for (const NamedConstant& c : inner.record.constants) add_name(c.name);
    for (const Field& f : inner.record.fields) {
      if (f.name != kNoName) {
        add_name(f.name);
      } else if (!f.is_bitfield()) {
        self(rows_->records[rows_->type(f.type).index], self);
      }
    }
  };

  const auto too_aligned = [&](uint32_t align) {
    return Error{"'" + spell(*this, id) + "': alignment " + std::to_string(align) + " is larger than " +
                 std::to_string(kMaxAlign)};
  };
  if (attributes.align > kMaxAlign) return too_aligned(attributes.align);
  for (size_t i = 0; i < fields.size(); ++i) {
    const Field& f = fields[i];
    if (f.align > kMaxAlign) return too_aligned(f.align);
    Result<void> checked = f.is_bitfield() ? check_bitfield(*this, f, i)
                                           : check_member(*this, f, i, i + 1 == fields.size(), row.record.is_union);
    if (!checked.ok()) return checked;
    if (f.name != kNoName) {
      add_name(f.name);
    } else if (!f.is_bitfield()) {
      const Rows::RecordRow& inner = rows_->records[rows_->type(f.type).index];
      depth = std::max(depth, inner.anonymous_depth + 1);
      if (depth > kMaxAnonymousDepth) {
        return Error{"anonymous members of '" + spell(*this, id) + "' are nested deeper than " +
                     std::to_string(kMaxAnonymousDepth) + " levels"};
      }
      add_record(inner, add_record);
    }
  }
  for (const NamedConstant& c : constants) add_name(c.name);
  if (duplicate != kNoName) {
    return Error{"duplicate member '" + std::string(name(duplicate)) + "' in '" + spell(*this, id) + "'"};
  }

  Result<RecordShape> shape = layout_record(*this, fields, row.record.is_union, attributes);
  if (!shape.ok()) return Error{"'" + spell(*this, id) + "': " + shape.message()};

  rows_->log(Rows::Undo::What::record, id, 0);
  row.names = names;
  row.anonymous_depth = depth;
  row.record.complete = true;
  row.record.has_bitfields = shape->has_bitfields;
  row.record.unaligned_fields = shape->unaligned_fields;
  row.record.scalar_align = shape->scalar_align;
  row.record.required_align = shape->required_align;
  row.record.held = shape->held;
  row.record.own_align = shape->own_align;
  row.record.aligned_by_user = shape->aligned_by_user;
  row.record.attributes = attributes;
  row.record.fields = std::move(fields);
  row.record.constants = std::move(constants);
  Type& t = rows_->type(id);
  t.size = shape->size;
  t.align = shape->align;
  t.flags = static_cast<uint8_t>((shape->variable ? kVariable : 0) | (shape->has_flexible ? kHasFlexible : 0) |
                                 (shape->has_const ? kHasConst : 0));
  rows_->copy_to_variants(id);
  return {};
}

NameId& TypeTable::Rows::alias_of(TypeId id) {
  const Type& t = type(id);
  return t.kind == Kind::enumeration ? enums[t.index].alias : records[t.index].record.alias;
}

void TypeTable::name_by_typedef(TypeId id, NameId name) {
  const Type& t = rows_->type(id);
  if (t.quals != 0 || (t.kind != Kind::enumeration && !is_record(t))) return;
  const NameId tag = t.kind == Kind::enumeration ? enumeration(id).tag : record(id).tag;
  NameId& alias = rows_->alias_of(id);
  if (tag != kNoName || alias != kNoName) return;
  alias = name;
  rows_->log(Rows::Undo::What::alias, id, 0);
}

void TypeTable::set_transparent_union(TypeId id) {
  id = rows_->root(id);
  if (!is_record(rows_->type(id))) return;
  bool& flag = rows_->records[rows_->type(id).index].record.attributes.transparent_union;
  if (flag) return;
  rows_->log(Rows::Undo::What::transparent, id, 0);
  flag = true;
}

// To every qualified or aligned form: what completion (or its undoing) changed in the type itself.
void TypeTable::Rows::copy_to_variants(TypeId root_id) {
  const Type& from = type(root_id);
  for (TypeId id = row(root_id).next_variant; id != kNoType; id = row(id).next_variant) {
    Type& t = type(id);
    t.size = from.size;
    const Key& unqualified = row(t.unqualified).key;
    t.flags = static_cast<uint8_t>(from.flags | (unqualified.op == Op::aligned ? kAlignedByUser : 0));
    t.base = from.base;
    // gcc: completing raises what an earlier typedef asked for, a later typedef may lower it.
    t.align = from.align;
    if (unqualified.op == Op::aligned) t.align = std::max(t.align, static_cast<uint32_t>(unqualified.value));
  }
}

void TypeTable::Rows::undo_record(TypeId id) {
  RecordRow& row = records[type(id).index];
  row.names = 0;
  row.anonymous_depth = 0;
  Record& r = row.record;
  r.complete = r.has_bitfields = r.unaligned_fields = r.aligned_by_user = false;
  r.own_align = 0;
  r.held = RegisterKind::none;
  r.scalar_align = r.required_align = 1;
  r.attributes = {};
  r.origin = {};
  r.fields.clear();
  r.constants.clear();
  Type& t = type(id);
  t.size = 0;
  t.align = 1;
  t.flags = kIncomplete;
  copy_to_variants(id);
}

void TypeTable::Rows::set_enum(TypeId id, TypeId underlying, bool complete) {
  Type& t = type(id);
  Enum& e = enums[t.index];
  t.base = underlying;
  if (underlying != kNoType) {
    const Type& u = type(underlying);
    t.size = u.size;
    t.align = u.align;
    t.flags = u.flags & kUnsigned;
  } else {
    t.size = 0;
    t.align = 1;
    t.flags = kIncomplete;
  }
  e.complete = complete;
  if (!complete) e.constants.clear();
  copy_to_variants(id);
}

void TypeTable::complete_enum(TypeId id, TypeId underlying, std::vector<NamedConstant> constants) {
  id = rows_->root(id);
  Enum& e = rows_->enums[rows_->type(id).index];
  assert(!e.complete);
  rows_->log(Rows::Undo::What::enumeration, id, rows_->type(id).base, e.complete);
  rows_->set_enum(id, rows_->type(underlying).unqualified, true);
  e.constants = std::move(constants);
}

void TypeTable::set_underlying(TypeId id, TypeId underlying) {
  id = rows_->root(id);
  const Enum& e = rows_->enums[rows_->type(id).index];
  assert(!e.complete);
  rows_->log(Rows::Undo::What::enumeration, id, rows_->type(id).base, e.complete);
  rows_->set_enum(id, rows_->type(underlying).unqualified, false);
}

FieldPath TypeTable::find_field(TypeId id, NameId name) const {
  if (name == kNoName || !is_record((*this)[id])) return {};
  const auto search = [&](const Rows::RecordRow& row, uint64_t offset, uint8_t quals, const auto& self) -> FieldPath {
    if (row.names == 0) return {};
    for (const Field& f : row.record.fields) {
      if (f.name == name) return {&f, nullptr, offset + f.offset, quals};
    }
    for (const NamedConstant& c : row.record.constants) {
      if (c.name == name) return {nullptr, &c, offset, quals};
    }
    for (const Field& f : row.record.fields) {
      if (f.name != kNoName || f.is_bitfield()) continue;
      const Type& t = (*this)[f.type];
      const FieldPath found = self(rows_->records[t.index], offset + f.offset, quals | t.quals, self);
      if (found.field != nullptr || found.constant != nullptr) return found;
    }
    return {};
  };
  return search(rows_->records[(*this)[id].index], 0, 0, search);
}

}  // namespace ferry
