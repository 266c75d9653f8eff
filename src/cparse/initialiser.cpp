// Initialisers in braces, C11 6.7.9: which value goes to which place of an object. Each becomes a node of the object's
// literal: the value, where it is stored, and how many times where a range of elements is designated.
#include <algorithm>
#include <map>

#include "cparse/expression.h"
#include "cparse/parser_state.h"
#include "ctype/spell.h"
#include "ctype/suggest.h"

namespace ferry::cparse {

namespace {

// gcc's `[a ... b]`: what is stored one by one when the literal is evaluated.
constexpr uint64_t kMaxRepeated = 1'000'000;
// Each is held against all others.
constexpr size_t kMaxUnionsInRanges = 1'000;

bool is_bound(uint64_t count) {
  return count != kFlexible && count != kVla && count != kUnknownBound;
}

}  // namespace

// A place within the object.
struct Parser::Place {
  TypeId type = kNoType;
  uint64_t offset = 0;      // bytes from the object's start
  NameId member = kNoName;  // its name, where it is a bit-field or may be assigned to
  TypeId record = kNoType;  // of the member
  uint64_t record_at = 0;   // where that begins
};

// The items of one object, as far as they are read.
struct Parser::Items {
  struct Range {
    uint64_t count, stride;
  };
  // The member of a union that is initialised, in the union at `offset` and those that the ranges lead to.
  struct Choice {
    uint64_t offset;
    std::vector<Range> ranges;
    TypeId record;
    size_t member;
    uint64_t last() const {
      uint64_t at = offset;
      for (const Range& range : ranges) at += (range.count - 1) * range.stride;
      return at;
    }
    bool covers(uint64_t at) const {
      if (at < offset) return false;
      uint64_t rest = at - offset;
      for (const Range& range : ranges) rest -= std::min(rest / range.stride, range.count - 1) * range.stride;
      return rest == 0;
    }
  };
  uint32_t first = 0;
  uint32_t last = 0;
  std::vector<Range> ranges;                             // designated around the current place
  uint64_t repeated = 1;                                 // their product
  uint64_t end = 0;                                      // of what has been initialised
  std::map<std::pair<uint64_t, TypeId>, size_t> chosen;  // of single unions: the member
  std::vector<Choice> chosen_in_ranges;
  bool comma = true;  // what stands before the next item is read
};

// What designators lead through.
struct Parser::Path {
  struct Level {
    Place place;     // with ranges, in their last elements
    uint64_t index;  // of the element or member in it
  };
  Place at;              // with ranges, in their first elements
  uint64_t to_last = 0;  // bytes from those to the last ones
  std::vector<Level> levels;
  void step(uint64_t index) {
    levels.push_back({at, index});
    levels.back().place.offset += to_last;
  }
};

// Whether the list goes on, which may be that of braces around this one; then the current token begins an item.
bool Parser::next_item(Items& items) {
  if (!items.comma) {
    if (!accept(Tok::comma)) return false;
    items.comma = true;
  }
  return !at(Tok::r_brace);
}

// Adds what happens to the place, in all ranges around it. `first`: of its operands, or none.
void Parser::add_item(Items& items, const Place& place, Node::Kind kind, uint32_t first) {
  uint64_t end = place.offset + types_[place.type].size;
  uint32_t last = first;
  for (const Items::Range& range : items.ranges) {
    const uint32_t id = add_node(Node::Kind::range);
    tree_->nodes[id].integer = static_cast<int64_t>(range.count);
    tree_->nodes[id].to = static_cast<int64_t>(range.stride);
    chain(first, last, id);
    end += (range.count - 1) * range.stride;
  }
  items.end = std::max(items.end, end);
  const uint32_t id = add_node(kind, first);
  Node& item = tree_->nodes[id];
  item.type = types_[place.type].unqualified;
  item.integer = static_cast<int64_t>(place.offset);
  if (place.member != kNoName) {
    item.text = types_.name(place.member);
    item.object = place.record;
    item.integer = static_cast<int64_t>(place.record_at);
    if ((types_[place.type].quals & kConst) != 0) item.common = item.type;
  }
  chain(items.first, items.last, id);
}

// The place is initialised as a whole: what was in it is gone.
void Parser::clear(Items& items, const Place& place) {
  if (tree_ == nullptr || place.offset >= items.end) return;
  const Place whole = {place.type, place.offset};
  add_item(items, whole, Node::Kind::clear, 0);
}

// Stores the value in the place.
bool Parser::store(Items& items, const Place& place, const Value& given, uint32_t where) {
  items.comma = false;
  Value v = given;
  const TypeId type = types_[place.type].unqualified;
  const Type& t = types_[type];
  const bool is_text = t.kind == Kind::array;  // which has been looked at
  if (!is_text) {
    v = rvalue(v);
    const bool whole = is_record(t) || t.kind == Kind::vector;
    if (whole && types_[types_[v.type].unqualified].canonical != t.canonical) {
      return fail(where, "'" + spell(types_, type) + "' is not initialised by '" + spell(types_, v.type) + "'");
    }
    if (!whole) v = converted(v, type);
  }
  if (tree_ == nullptr) return true;
  if (is_text) {
    clear(items, place);
    add_item(items, {place.type, place.offset}, Node::Kind::item, operand_node(v));
  } else {
    add_item(items, place, Node::Kind::item, operand_node(v));
  }
  return true;
}

// The element of an array or a vector.
Parser::Place Parser::element_of(const Place& place, uint64_t index) const {
  const TypeId element = types_[place.type].base;
  return {element, place.offset + index * types_[element].size};
}

// A member of the union at that place is initialised: another one is gone.
bool Parser::choose(Items& items, const Place& place, size_t member) {
  const TypeId record = types_[place.type].unqualified;
  Items::Choice choice = {place.offset, items.ranges, record, member};
  bool is_other = false;
  if (items.ranges.empty()) {
    const auto [single, is_new] = items.chosen.try_emplace({place.offset, record}, member);
    is_other = !is_new && single->second != member;
    single->second = member;
    for (size_t i = is_new ? items.chosen_in_ranges.size() : 0; i-- > 0;) {
      const Items::Choice& earlier = items.chosen_in_ranges[i];
      if (earlier.record != record || !earlier.covers(place.offset)) continue;
      is_other = earlier.member != member;
      break;
    }
  } else {
    for (auto single = items.chosen.lower_bound({place.offset, 0});
         single != items.chosen.end() && single->first.first <= choice.last();) {
      const bool is_within = single->first.second == record && choice.covers(single->first.first);
      if (is_within && single->second != member) is_other = true;
      single = is_within ? items.chosen.erase(single) : std::next(single);
    }
    for (const Items::Choice& earlier : items.chosen_in_ranges) {
      if (earlier.record == record && earlier.member != member && earlier.offset <= choice.last() &&
          place.offset <= earlier.last())
        is_other = true;
    }
    if (items.chosen_in_ranges.size() == kMaxUnionsInRanges)
      return fail_here("too many unions are designated by ranges");
    items.chosen_in_ranges.push_back(std::move(choice));
  }
  if (is_other) clear(items, place);
  return true;
}

// The member that is initialised next.
bool Parser::enter_member(Items& items, const Place& place, size_t index, Place& member) {
  const TypeId record = types_[place.type].unqualified;
  const Field& f = types_.record(record).fields[index];
  if (types_[record].kind == Kind::union_ && !choose(items, place, index)) return false;
  member = {f.type, place.offset + f.offset};
  if (f.name != kNoName && (f.is_bitfield() || (types_[f.type].quals & kConst) == 0)) {
    member.member = f.name;
    member.record = record;
    member.record_at = place.offset;
  }
  return true;
}

// The first member from `index` on that an item without designator initialises. Those that there are: none.
size_t Parser::next_member(const Place& place, size_t index) const {
  const std::vector<Field>& fields = types_.record(types_[place.type].unqualified).fields;
  if (types_[place.type].kind == Kind::union_ && index > 0) {
    const auto has_name = [](const Field& f) { return f.name != kNoName || !f.is_bitfield(); };
    if (std::any_of(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(index), has_name))
      return fields.size();
  }
  while (index < fields.size() && fields[index].name == kNoName && fields[index].is_bitfield()) ++index;
  return index;
}

// What initialises the place. `given`: the beginning of it, which is read already.
bool Parser::item(Items& items, const Place& place, const Value* given) {
  Nest nest(*this);
  if (nest.too_deep()) return false;
  const TypeId type = types_[place.type].unqualified;
  const Kind kind = types_[type].kind;
  const bool is_array = kind == Kind::array;
  const uint32_t where = token_.at;
  if (given == nullptr && at(Tok::l_brace)) {
    Place open = place;
    return braces(items, open);
  }
  if (is_array && !is_bound(types_[type].count))
    return fail(where, "'" + spell(types_, type) + "' within an object is not initialised");
  Value v;
  if (given != nullptr) {
    v = *given;
  } else if (!assignment(v)) {
    return false;
  }
  if (takes_whole(type, v)) return store(items, place, v, where);
  return is_record(types_[type]) ? members(items, place, 0, &v) : elements(items, place, 0, &v);
}

// Whether the value is one of the type, or is converted to it; else it is the beginning of what lies in such an object.
bool Parser::takes_whole(TypeId type, const Value& v) {
  const Type& t = types_[type];
  if (t.kind == Kind::array) return text_for(type, v);
  if (!is_record(t) && t.kind != Kind::vector) return true;
  return types_[types_[rvalue_without_node(v).type].unqualified].canonical == t.canonical;
}

// Whether the value is a string that an array of that type holds: of characters as wide.
bool Parser::text_for(TypeId array, const Value& v) const {
  const Type& from = types_[v.type];
  const Type& element = types_[types_[array].base];
  return v.lvalue && from.kind == Kind::array && (element.kind == Kind::integer || element.kind == Kind::boolean) &&
         (tree_ == nullptr || (v.node != 0 && tree_->nodes[v.node].kind == Node::Kind::string)) &&
         types_[from.base].size == element.size;
}

// Elements without braces of their own, from one on, as many as there are items for.
bool Parser::elements(Items& items, const Place& place, uint64_t from, const Value* given) {
  const uint32_t where = token_.at;
  for (uint64_t i = from; i < types_[place.type].count; ++i) {
    if (given == nullptr && i > 0 && (!next_item(items) || at_designator())) return true;
    if (!item(items, element_of(place, i), given)) return false;
    given = nullptr;
  }
  return given == nullptr || fail_too_many(place, where);
}

// Likewise members.
bool Parser::members(Items& items, const Place& place, size_t from, const Value* given) {
  const uint32_t where = token_.at;
  const size_t count = types_.record(types_[place.type].unqualified).fields.size();
  bool is_first = from == 0;
  for (size_t k = next_member(place, from); k < count; k = next_member(place, k + 1)) {
    if (is_flexible(types_.record(types_[place.type].unqualified).fields[k].type)) break;
    if (given == nullptr && !is_first && (!next_item(items) || at_designator())) return true;
    Place member;
    if (!enter_member(items, place, k, member) || !item(items, member, given)) return false;
    given = nullptr;
    is_first = false;
  }
  return given == nullptr || fail_too_many(place, where);
}

// `[index]` or `[first ... last]`, the current token being the '['.
bool Parser::element_designator(Items& items, Path& path) {
  const TypeId type = path.at.type;
  if (types_[type].kind != Kind::array && types_[type].kind != Kind::vector)
    return fail_here("'" + spell(types_, types_[type].unqualified) + "' has no elements");
  next();
  const uint32_t where = token_.at;
  Value first;
  if (!constant_integer(first, "an index")) return false;
  Value last = first;
  if (accept(Tok::ellipsis) && !constant_integer(last, "an index")) return false;
  if (!expect(Tok::r_bracket, "']' behind the index")) return false;
  if (first.integer < 0 || last.integer < first.integer || static_cast<uint64_t>(last.integer) >= types_[type].count)
    return fail(where, "'" + spell(types_, types_[type].unqualified) + "' has no such element");
  path.step(static_cast<uint64_t>(last.integer));
  path.at = element_of(path.at, static_cast<uint64_t>(first.integer));
  const uint64_t count = static_cast<uint64_t>(last.integer - first.integer) + 1;
  if (count == 1) return true;
  if (count > kMaxRepeated / items.repeated) return fail(where, "more than a million elements are initialised at once");
  const uint64_t stride = types_[path.at.type].size;
  items.repeated *= count;
  items.ranges.push_back({count, stride});
  path.to_last += (count - 1) * stride;
  return true;
}

// `.name`, the current token being the '.': a step each through the anonymous members that it is in.
bool Parser::member_designator(Items& items, Path& path) {
  if (!is_record(types_[path.at.type]))
    return fail_here("'" + spell(types_, types_[path.at.type].unqualified) + "' has no members");
  next();
  if (!at(Tok::identifier)) return fail_expected("the name of a member");
  const uint32_t where = token_.at;
  const NameId name = token_name();
  next();
  for (;;) {
    const TypeId record = types_[path.at.type].unqualified;
    const std::vector<Field>& fields = types_.record(record).fields;
    const auto leads_to = [&](const Field& f) {
      return f.name == name ||
             (f.name == kNoName && is_record(types_[f.type]) && types_.find_field(f.type, name).field != nullptr);
    };
    const auto field = std::find_if(fields.begin(), fields.end(), leads_to);
    if (field == fields.end()) {
      return fail(where, "'" + spell(types_, record) + "' has no member " + shown(types_.name(name)) +
                             suggest_member(types_, record, types_.name(name)));
    }
    const bool is_found = field->name == name;
    const size_t index = static_cast<size_t>(field - fields.begin());
    path.step(index);
    const Place record_place = path.at;
    if (!enter_member(items, record_place, index, path.at)) return false;
    if (is_found) return !is_flexible(path.at.type) || fail(where, "a flexible array member is not initialised");
  }
}

// What a designator's value without braces initialises, which leads on to the first of what lies in the place.
bool Parser::first_item(Items& items, Path& path) {
  const uint32_t where = token_.at;
  Value v;
  if (!assignment(v)) return false;
  for (;;) {
    const Place place = path.at;
    const TypeId type = types_[place.type].unqualified;
    if (takes_whole(type, v)) return store(items, place, v, where);
    if (!is_record(types_[type])) {
      if (types_[type].count == 0 || !is_bound(types_[type].count)) return fail_too_many(place, where);
      path.step(0);
      path.at = element_of(place, 0);
      continue;
    }
    const size_t index = next_member(place, 0);
    const std::vector<Field>& fields = types_.record(type).fields;
    if (index == fields.size() || is_flexible(fields[index].type)) return fail_too_many(place, where);
    path.step(index);
    if (!enter_member(items, place, index, path.at)) return false;
  }
}

// designator+ '=' and what initialises the place, the current token beginning a designator. `index`: receives that of
// the element or member that the first one names.
bool Parser::designated(Items& items, const Place& place, uint64_t& index) {
  const size_t ranges = items.ranges.size();
  const uint64_t repeated = items.repeated;
  Path path;
  path.at = place;
  while (at_designator()) {
    if (!(at(Tok::dot) ? member_designator(items, path) : element_designator(items, path))) return false;
  }
  if (!expect(Tok::assign, "'=' behind the designator")) return false;
  if (at(Tok::l_brace) ? !item(items, path.at, nullptr) : !first_item(items, path)) return false;
  items.ranges.resize(ranges);
  items.repeated = repeated;
  index = path.levels.front().index;
  // Items go on in what the designators have led through.
  for (size_t i = path.levels.size(); i-- > 1;) {
    const Path::Level& level = path.levels[i];
    const bool ok = is_record(types_[level.place.type])
                        ? members(items, level.place, static_cast<size_t>(level.index) + 1, nullptr)
                        : elements(items, level.place, level.index + 1, nullptr);
    if (!ok) return false;
  }
  return true;
}

bool Parser::is_flexible(TypeId type) const {
  return types_[type].kind == Kind::array && types_[type].count == kFlexible;
}

bool Parser::fail_too_many(const Place& place, uint32_t where) {
  return fail(where, "'" + spell(types_, types_[place.type].unqualified) + "' has no place for so many values");
}

// The items between the braces of an array or a vector. `count`: receives how many elements that makes.
bool Parser::list_of_elements(Items& items, const Place& place, uint64_t& count) {
  const TypeId type = types_[place.type].unqualified;
  uint64_t index = 0;
  count = 0;
  while (next_item(items)) {
    const uint32_t where = token_.at;
    if (at(Tok::dot)) return fail_here("'" + spell(types_, type) + "' has no members");
    if (at(Tok::l_bracket)) {
      if (!designated(items, place, index)) return false;
    } else if (index >= types_[type].count) {
      return fail_too_many(place, where);
    } else if (index == 0 && at(Tok::string)) {  // perhaps of all elements
      Value v;
      if (!assignment(v)) return false;
      if (text_for(type, v)) {
        count = types_[v.type].count;
        const Place whole = {is_flexible(type) ? types_[v.type].unqualified : type, place.offset};
        return store(items, whole, v, where);
      }
      if (!item(items, element_of(place, 0), &v)) return false;
    } else if (!item(items, element_of(place, index), nullptr)) {
      return false;
    }
    count = std::max(count, ++index);
  }
  return true;
}

bool Parser::list_of_members(Items& items, const Place& place) {
  const TypeId type = types_[place.type].unqualified;
  size_t index = 0;
  while (next_item(items)) {
    const uint32_t where = token_.at;
    if (at(Tok::l_bracket)) return fail_here("'" + spell(types_, type) + "' has no elements");
    if (at(Tok::dot)) {
      uint64_t designated_index;
      if (!designated(items, place, designated_index)) return false;
      index = static_cast<size_t>(designated_index);
    } else {
      index = next_member(place, index);
      if (index == types_.record(type).fields.size()) return fail_too_many(place, where);
      Place member;
      if (!enter_member(items, place, index, member)) return false;
      if (is_flexible(member.type)) return fail(where, "a flexible array member is not initialised");
      if (!item(items, member, nullptr)) return false;
    }
    ++index;
  }
  return true;
}

// `{...}` of the place, the current token being the '{'. An array of unknown bound gets the type that has one.
bool Parser::braces(Items& items, Place& place) {
  Nest nest(*this);
  if (nest.too_deep()) return false;
  const TypeId type = types_[place.type].unqualified;
  const Type& t = types_[type];
  if (t.kind == Kind::array ? !is_bound(t.count) && t.count != kFlexible : (t.flags & kIncomplete) != 0)
    return fail_here("the size of '" + spell(types_, type) + "' is not known");
  const uint32_t where = token_.at;
  next();
  items.comma = true;
  if (t.kind == Kind::array || t.kind == Kind::vector || is_record(t)) clear(items, place);
  if (t.kind == Kind::array || t.kind == Kind::vector) {
    uint64_t count;
    if (!list_of_elements(items, place, count)) return false;
    if (is_flexible(type)) {
      const Result<TypeId> array = types_.array_of(types_[type].base, count);
      if (!array.ok()) return fail(where, array.message());
      place.type = *array;
    }
  } else if (is_record(t)) {
    if (!list_of_members(items, place)) return false;
  } else if (at(Tok::r_brace)) {  // C23
    if (!store(items, place, arithmetic_.integer(0, arithmetic_.int_type()), where)) return false;
  } else {
    if (!item(items, place, nullptr)) return false;
  }
  if (next_item(items)) return fail_too_many(place, token_.at);
  items.comma = false;
  return expect(Tok::r_brace, "'}'");
}

// The items of an object, the current token being the '{'; completes its type.
bool Parser::literal_items(TypeId& type, uint32_t& first) {
  Items items;
  Place place;
  place.type = type;
  if (!braces(items, place)) return false;
  type = place.type;
  first = items.first;
  return true;
}

}  // namespace ferry::cparse
