// Guesses at misspelt names (suggest.h).
#include "ctype/suggest.h"

#include "ctype/nearest.h"

namespace ferry {

namespace {

// An enum without a near constant shows as many of its own.
constexpr size_t kShownConstants = 4;

// What can be written as a type without having been declared.
constexpr std::string_view kWords[] = {"void",     "bool",      "char",      "short",    "int",      "long",
                                       "float",    "double",    "signed",    "unsigned", "const",    "struct",
                                       "union",    "enum",      "size_t",    "ssize_t",  "int8_t",   "int16_t",
                                       "int32_t",  "int64_t",   "uint8_t",   "uint16_t", "uint32_t", "uint64_t",
                                       "intptr_t", "uintptr_t", "ptrdiff_t", "wchar_t",  "complex",  "va_list"};

std::string did_you_mean(std::string_view keyword, std::string_view name) {
  return " (did you mean '" + std::string(keyword) + std::string(name) + "'?)";
}

std::string_view keyword_of(Kind tag) {
  switch (tag) {
    case Kind::structure:
      return "struct ";
    case Kind::union_:
      return "union ";
    default:
      return "enum ";
  }
}

struct Search {
  const TypeTable& types;
  Nearest nearest;
  Kind tag = Kind::none;      // of the nearest name, where it is a tag
  bool types_wanted = false;  // of ordinary names, or else what is no type
};

void offer_members(const TypeTable& types, TypeId record, Nearest& nearest) {
  for (const Field& f : types.record(record).fields) {
    if (f.name != kNoName) {
      nearest.offer(types.name(f.name));
    } else if (!f.is_bitfield() && is_record(types[f.type])) {
      offer_members(types, f.type, nearest);
    }
  }
}

void offer_tag(Search& search, std::string_view name, Kind kind) {
  const std::string_view before = search.nearest.name();
  search.nearest.offer(name);
  if (search.nearest.name() != before) search.tag = kind;
}

void offer_tags(const TypeTable& types, Search& search) {
  types.for_each_tag(
      [](void* context, NameId tag, TypeId type) {
        auto* s = static_cast<Search*>(context);
        offer_tag(*s, s->types.name(tag), s->types[type].kind);
      },
      &search);
  types.for_each_waiting(
      [](void* context, const Waiting::Name& name) {
        if (name.space == NameSpace::tag) offer_tag(*static_cast<Search*>(context), name.text, name.tag);
      },
      &search);
}

// Ordinary names that are of types, or those that are not.
void offer_symbols(const TypeTable& types, Search& search, bool of_types) {
  search.types_wanted = of_types;
  types.for_each_symbol(
      [](void* context, const Symbol& symbol) {
        auto* s = static_cast<Search*>(context);
        if (symbol.kind == Symbol::Kind::none) return;
        if ((symbol.kind == Symbol::Kind::type_name) == s->types_wanted) s->nearest.offer(s->types.name(symbol.name));
      },
      &search);
  types.for_each_waiting(
      [](void* context, const Waiting::Name& name) {
        auto* s = static_cast<Search*>(context);
        if (name.space == NameSpace::ordinary && name.is_type == s->types_wanted) s->nearest.offer(name.text);
      },
      &search);
}

}  // namespace

std::string suggest_tag(const TypeTable& types, std::string_view wanted) {
  Search search{types, Nearest(wanted)};
  offer_tags(types, search);
  if (!search.nearest.found()) return {};
  return did_you_mean(keyword_of(search.tag), search.nearest.name());
}

std::string suggest_type(const TypeTable& types, std::string_view wanted) {
  const NameId name = types.find_name(wanted);
  if (name != kNoName && types.find_tag(name) != kNoType) {
    return did_you_mean(keyword_of(types[types.find_tag(name)].kind), wanted);
  }
  Search search{types, Nearest(wanted)};
  offer_symbols(types, search, true);
  for (const std::string_view word : kWords) search.nearest.offer(word);
  offer_tags(types, search);
  if (!search.nearest.found()) return {};
  return did_you_mean(search.tag != Kind::none ? keyword_of(search.tag) : "", search.nearest.name());
}

std::string suggest_symbol(const TypeTable& types, std::string_view wanted) {
  Search search{types, Nearest(wanted)};
  offer_symbols(types, search, false);
  return search.nearest.found() ? did_you_mean("", search.nearest.name()) : std::string();
}

std::string suggest_member(const TypeTable& types, TypeId record, std::string_view wanted) {
  Nearest nearest(wanted);
  offer_members(types, record, nearest);
  return nearest.found() ? did_you_mean("", nearest.name()) : std::string();
}

std::string suggest_constant(const TypeTable& types, TypeId enumeration, std::string_view wanted) {
  const Enum& e = types.enumeration(enumeration);
  Nearest nearest(wanted);
  for (const NamedConstant& c : e.constants) nearest.offer(types.name(c.name));
  if (nearest.found()) return did_you_mean("", nearest.name());
  std::string text;
  for (size_t i = 0; i < e.constants.size() && i < kShownConstants; ++i) {
    text += (i == 0 ? " (it has " : ", ") + std::string(types.name(e.constants[i].name));
  }
  if (!text.empty()) text += e.constants.size() > kShownConstants ? ", ...)" : ")";
  return text;
}

}  // namespace ferry
