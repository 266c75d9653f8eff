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

std::string_view keyword_of(const TypeTable& types, TypeId type) {
  switch (types[type].kind) {
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
  TypeId tag = kNoType;  // of the nearest name, where it is a tag
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

void offer_tags(const TypeTable& types, Search& search) {
  types.for_each_tag(
      [](void* context, NameId tag, TypeId type) {
        auto* s = static_cast<Search*>(context);
        const std::string_view before = s->nearest.name();
        s->nearest.offer(s->types.name(tag));
        if (s->nearest.name() != before) s->tag = type;
      },
      &search);
}

}  // namespace

std::string suggest_tag(const TypeTable& types, std::string_view wanted) {
  Search search{types, Nearest(wanted)};
  offer_tags(types, search);
  if (!search.nearest.found()) return {};
  return did_you_mean(keyword_of(types, search.tag), search.nearest.name());
}

std::string suggest_type(const TypeTable& types, std::string_view wanted) {
  const NameId name = types.find_name(wanted);
  if (name != kNoName && types.find_tag(name) != kNoType) {
    return did_you_mean(keyword_of(types, types.find_tag(name)), wanted);
  }
  Search search{types, Nearest(wanted)};
  types.for_each_symbol(
      [](void* context, const Symbol& symbol) {
        auto* s = static_cast<Search*>(context);
        if (symbol.kind == Symbol::Kind::type_name) s->nearest.offer(s->types.name(symbol.name));
      },
      &search);
  for (const std::string_view word : kWords) search.nearest.offer(word);
  offer_tags(types, search);
  if (!search.nearest.found()) return {};
  return did_you_mean(search.tag != kNoType ? keyword_of(types, search.tag) : "", search.nearest.name());
}

std::string suggest_symbol(const TypeTable& types, std::string_view wanted) {
  Search search{types, Nearest(wanted)};
  types.for_each_symbol(
      [](void* context, const Symbol& symbol) {
        auto* s = static_cast<Search*>(context);
        if (symbol.kind == Symbol::Kind::type_name || symbol.kind == Symbol::Kind::none) return;
        s->nearest.offer(s->types.name(symbol.name));
      },
      &search);
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
