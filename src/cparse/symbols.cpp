// What a declaration does to the identifiers declared before: the rules of redeclaration.
#include "cparse/parser_state.h"
#include "cparse/predefined.h"
#include "cparse/same_type.h"
#include "ctype/spell.h"

namespace ferry::cparse {
namespace {

// The printf family, as gcc knows it without any attribute (gcc manual, -Wformat).
struct Formatted {
  std::string_view name;
  uint8_t string_index;
  uint8_t first_to_check;
};
constexpr Formatted kPrintfFamily[] = {
    {"printf", 1, 2},   {"fprintf", 2, 3},   {"sprintf", 2, 3},         {"snprintf", 3, 4},
    {"dprintf", 2, 3},  {"asprintf", 2, 3},  {"vprintf", 1, 0},         {"vfprintf", 2, 0},
    {"vsprintf", 2, 0}, {"vsnprintf", 3, 0}, {"vdprintf", 2, 0},        {"vasprintf", 2, 0},
    {"printf_s", 1, 2}, {"fprintf_s", 2, 3}, {"printf_unlocked", 1, 2}, {"fprintf_unlocked", 2, 3},
};

}  // namespace

std::string Parser::describe(const Symbol& symbol) const {
  switch (symbol.kind) {
    case Symbol::Kind::type_name:
      return "the type '" + spell(types_, symbol.type) + "'";
    case Symbol::Kind::function:
      return "the function '" + spell(types_, symbol.type, types_.name(symbol.name)) + "'";
    case Symbol::Kind::variable:
      return "the variable '" + spell(types_, symbol.type, types_.name(symbol.name)) + "'";
    case Symbol::Kind::constant:
      if (types_[symbol.constant.type].kind == Kind::floating) {
        return "the constant " + std::to_string(symbol.constant.floating);
      }
      if ((types_[symbol.constant.type].flags & kUnsigned) != 0) {
        return "the constant " + std::to_string(static_cast<uint64_t>(symbol.constant.integer));
      }
      return "the constant " + std::to_string(symbol.constant.integer);
    case Symbol::Kind::none:
      break;
  }
  return "nothing";
}

TypeId Parser::with_format_by_name(TypeId type, NameId name) {
  const std::string_view text = types_.name(name);
  if (text.find("printf") == std::string_view::npos) return type;  // which most do not have, and all rows do
  const Function& f = types_.function(type);
  if (f.format.style != FormatAttribute::none) return type;
  for (const Formatted& row : kPrintfFamily) {
    if (text != row.name) continue;
    if (f.params.size() < row.string_index || f.variadic != (row.first_to_check != 0)) return type;
    const Type& string = types_[f.params[row.string_index - 1u].type];
    if (string.kind != Kind::pointer || types_[string.base].size != 1) return type;
    FormatAttribute format;
    format.style = FormatAttribute::printf;
    format.string_index = row.string_index;
    format.first_to_check = row.first_to_check;
    return types_.with_format(type, format);
  }
  return type;
}

// A function, variable or typedef. The first declaration stays, as in LuaJIT: what one module declares shall not change
// what another uses. A later one may say what the first left open.
bool Parser::declare(const Declarator& d, TypeId type, Storage storage, const Attributes& from_specifiers) {
  if (declared_ != nullptr) declared_->push_back(d.name);
  Symbol symbol;
  symbol.name = d.name;
  symbol.link_name = d.attributes.link_name != kNoName ? d.attributes.link_name : from_specifiers.link_name;
  const Type& t = types_[type];
  if (storage == Storage::typedef_) {
    symbol.kind = Symbol::Kind::type_name;
    symbol.link_name = kNoName;
    type = aligned_as(d, from_specifiers, type);
    if ((d.attributes.transparent_union || from_specifiers.transparent_union) && types_[type].kind == Kind::union_) {
      types_.set_transparent_union(type);
      if (pieces_ != nullptr) note_tag(types_.record(type).tag, true);
    }
  } else if (t.kind == Kind::function) {
    symbol.kind = Symbol::Kind::function;
    type = with_format_by_name(type, d.name);
    type = with_marks_by_name(type, symbol.link_name != kNoName ? symbol.link_name : d.name);
  } else {
    symbol.kind = Symbol::Kind::variable;
    symbol.internal = storage == Storage::static_;
    if (t.kind == Kind::void_) return fail(d.at, "the variable " + shown(types_.name(d.name)) + " has type 'void'");
    if (t.kind == Kind::array && t.count == kVla) {
      return fail(d.at, "the variable " + shown(types_.name(d.name)) + " has an array size of '?'");
    }
  }
  symbol.type = type;
  symbol.unprototyped = symbol.kind == Symbol::Kind::function && d.unprototyped;
  const Symbol* old = symbol.kind == Symbol::Kind::type_name ? lookup(d.name) : types_.find_symbol(d.name);
  if (old == nullptr || old->kind == Symbol::Kind::none) {
    symbol.origin = origin_at(d.at);
    if (symbol.kind == Symbol::Kind::type_name) types_.name_by_typedef(type, d.name);
    types_.declare(symbol);
    return true;
  }
  if (old->kind == Symbol::Kind::constant) {
    return fail(
        d.at, shown(types_.name(d.name)) + " is declared as " + describe(symbol) + " but is already " + describe(*old));
  }
  if (old->kind == Symbol::Kind::type_name && varies_by_system(types_.name(d.name)) &&
      predefined_type(types_, types_.name(d.name)) == old->type) {
    symbol.origin = origin_at(d.at);
    types_.declare(symbol);
    return true;
  }
  Symbol together = *old;
  if (complete(together, symbol)) {
    types_.declare(together);
  } else if (strict_ && !(symbol.kind == Symbol::Kind::type_name && old->kind == symbol.kind &&
                          SameType(types_).types(old->type, symbol.type))) {
    return fail(d.at, shown(types_.name(d.name)) + " is declared as " + describe(symbol) + " but is already " +
                          describe(*old) + place_of(*old));
  }
  return true;
}

Origin Parser::origin_at(uint32_t at) {
  const cpreproc::Location place = source_.sources().place(at);
  Origin origin;
  origin.line = place.line;
  origin.in_text = place.file.empty();
  const std::string_view file = origin.in_text ? place_ : place.file;
  if (file.data() != last_file_.data()) {
    last_file_ = file;
    last_file_name_ = types_.intern(file);
  }
  if (!file.empty()) origin.file = last_file_name_;
  return origin;
}

std::string Parser::place_of(const Symbol& symbol) const {
  const Origin& origin = symbol.origin;
  if (!origin.known()) return " by itself";
  const std::string line = std::to_string(origin.line);
  const std::string file = origin.file != kNoName ? std::string(types_.name(origin.file)) : std::string();
  if (!origin.in_text) return " since " + file + ":" + line;
  return " since line " + line + " of " + (file.empty() ? "another text" : "the text at " + file);
}

// What `later` adds to the symbol declared before; false: nothing, or it means something else.
bool Parser::complete(Symbol& symbol, const Symbol& later) {
  if (symbol.kind != later.kind || symbol.kind == Symbol::Kind::type_name) return false;
  if (symbol.unprototyped != later.unprototyped) {
    // C11 6.7.6.3p15: `f()` says nothing of parameters. The results have to agree.
    const Function& f = types_.function(symbol.type);
    const Function& g = types_.function(later.type);
    if (f.conv != g.conv || Composite(types_).of(f.result, g.result) == kNoType) return false;
    if (symbol.unprototyped) symbol.type = later.type;
    symbol.unprototyped = false;
  } else {
    const TypeId type = Composite(types_).of(symbol.type, later.type);
    if (type == kNoType) return false;
    symbol.type = type;
  }
  if (symbol.link_name == kNoName) symbol.link_name = later.link_name;
  return true;
}

// An enum constant or a `static const` number. The same value again is fine, another one is an error.
bool Parser::declare_constant(NameId name, const Constant& value, uint32_t where) {
  if (declared_ != nullptr) declared_->push_back(name);
  Symbol symbol;
  symbol.kind = Symbol::Kind::constant;
  symbol.name = name;
  symbol.type = value.type;
  symbol.constant = value;
  const Symbol* old = types_.find_symbol(name);
  if (old != nullptr) {
    switch (old->kind) {
      case Symbol::Kind::none:
        break;
      case Symbol::Kind::constant: {
        bool same_kind =
            (types_[old->constant.type].kind == Kind::floating) == (types_[value.type].kind == Kind::floating);
        if (same_kind && old->constant.integer == value.integer) return true;
        return fail(where, shown(types_.name(name)) + " is declared as " + describe(symbol) + " but is already " +
                               describe(*old));
      }
      case Symbol::Kind::type_name:
        if (predefined_type(types_, types_.name(name)) == old->type) break;
        [[fallthrough]];
      default:
        return fail(where, shown(types_.name(name)) + " is declared as " + describe(symbol) + " but is already " +
                               describe(*old));
    }
  }
  symbol.origin = origin_at(where);
  types_.declare(symbol);
  return true;
}

}  // namespace ferry::cparse
