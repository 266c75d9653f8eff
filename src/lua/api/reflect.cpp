// Types that can be asked: ffi.typeinfo, ffi.enum, ffi.names, ffi.declared.
#include "ctype/spell.h"
#include "lua/api/fields.h"
#include "lua/api/functions.h"
#include "lua/objects/ctype_arg.h"
#include "lua/state/foreign.h"
#include "lua/state/raise.h"
#include "lua/state/type_info.h"
#include "lua/values/read.h"

namespace ferry::lua {

namespace {

// Whose types are asked about: the state's, or those of another target.
struct Asked {
  explicit Asked(State* state, Foreign* of = nullptr)
      : st(state), types(of != nullptr ? of->types : *state->types), foreign(of) {}

  State* st;
  const TypeTable& types;
  Foreign* foreign;  // null: the state's
};

// Fields of the table on top of the stack.
void set_name(lua_State* L, const Asked& asked, const char* field, NameId name) {
  if (name != kNoName) set_text(L, field, asked.types.name(name));
}
void set_number(lua_State* L, const char* field, uint64_t value) {
  push_small_integer(L, static_cast<int64_t>(value));
  lua_setfield(L, -2, field);
}
// Only where it is true: a table is read by `if info.const then`.
void set_flag(lua_State* L, const char* field, bool value) {
  if (!value) return;
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, field);
}
void set_type(lua_State* L, const Asked& asked, const char* field, TypeId type) {
  if (asked.foreign != nullptr)
    push_foreign_type(L, asked.st, asked.foreign, type);
  else
    push_ctype(L, asked.st, type);
  lua_setfield(L, -2, field);
}

// `file` and `line`; `text` instead of `file`: the line is one of a text of ffi.cdef's, which stands there.
void set_origin(lua_State* L, const Asked& asked, const Origin& origin) {
  if (!origin.known()) return;
  set_number(L, "line", origin.line);
  set_name(L, asked, origin.in_text ? "text" : "file", origin.file);
}

std::string_view kind_text(const Type& t) {
  switch (t.kind) {
    case Kind::void_:
      return "void";
    case Kind::boolean:
      return "bool";
    case Kind::integer:
      return "integer";
    case Kind::floating:
      return "float";
    case Kind::decimal:
      return "decimal";
    case Kind::complex:
      return "complex";
    case Kind::enumeration:
      return "enum";
    case Kind::pointer:
      return "pointer";
    case Kind::reference:
      return "reference";
    case Kind::array:
      return "array";
    case Kind::vector:
      return "vector";
    case Kind::structure:
      return "struct";
    case Kind::union_:
      return "union";
    case Kind::function:
      return "function";
    case Kind::none:
      break;
  }
  return "?";
}

// Pushes a list of { name =, value = } in the order of declaration.
template <typename Owner>
void push_constants(lua_State* L, const Asked& asked, const Owner& owner) {
  lua_createtable(L, static_cast<int>(owner.constants.size()), 0);
  for (size_t i = 0; i < owner.constants.size(); ++i) {
    lua_createtable(L, 0, 2);
    set_name(L, asked, "name", owner.constants[i].name);
    push_constant(L, asked.st, asked.types, owner.constants[i].value);
    lua_setfield(L, -2, "value");
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
}

// `declaration`, as C has it: "char *name", "unsigned flags : 3".
void set_declaration(lua_State* L, const Asked& asked, const Field& field) {
  std::string& message = asked.st->errors.message;
  without_exceptions(asked.st, [&] {
    message = spell(asked.types, field.type, field.name != kNoName ? asked.types.name(field.name) : std::string_view{});
    if (field.is_bitfield()) message += " : " + std::to_string(field.bit_width);
    return true;
  });
  set_text(L, "declaration", message);
}

void push_members(lua_State* L, const Asked& asked, const Record& record) {
  lua_createtable(L, static_cast<int>(record.fields.size()), 0);
  for (size_t i = 0; i < record.fields.size(); ++i) {
    const Field& field = record.fields[i];
    lua_createtable(L, 0, 5);
    set_name(L, asked, "name", field.name);
    set_type(L, asked, "type", field.type);
    set_declaration(L, asked, field);
    set_number(L, "offset", field.offset);
    if (field.is_bitfield()) {
      set_number(L, "width", field.bit_width);
      set_number(L, "bit", field.bit_offset);
      set_flag(L, "from_most_significant", asked.types.target().big_endian);
    } else {
      set_flag(L, "anonymous", field.name == kNoName);
    }
    set_flag(L, "packed", field.packed);
    if (field.align != 0) set_number(L, "aligned", field.align);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
}

void set_record(lua_State* L, const Asked& asked, TypeId type) {
  const Record& record = asked.types.record(type);
  set_name(L, asked, "tag", record.tag);
  set_name(L, asked, "typedef", record.alias);
  set_flag(L, "packed", record.attributes.packed);
  set_flag(L, "ms_struct", record.attributes.ms_struct);
  set_flag(L, "transparent_union", record.attributes.transparent_union);
  if (record.attributes.pack != 0) set_number(L, "pack", record.attributes.pack);
  set_origin(L, asked, record.origin);
  if (!record.complete) return;
  push_members(L, asked, record);
  lua_setfield(L, -2, "members");
  if (record.constants.empty()) return;
  push_constants(L, asked, record);
  lua_setfield(L, -2, "constants");
}

void set_function(lua_State* L, const Asked& asked, TypeId type) {
  const Function& f = asked.types.function(type);
  lua_createtable(L, static_cast<int>(f.params.size()), 0);
  for (size_t i = 0; i < f.params.size(); ++i) {
    lua_createtable(L, 0, 2);
    set_name(L, asked, "name", f.params[i].name);
    set_type(L, asked, "type", f.params[i].type);
    set_flag(L, "nonnull", (f.params[i].marks & kNonnull) != 0);
    set_flag(L, "scoped", (f.params[i].marks & kScoped) != 0);
    set_flag(L, "lends", (f.params[i].marks & kLends) != 0);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  lua_setfield(L, -2, "parameters");
  set_type(L, asked, "result", f.result);
  set_flag(L, "variadic", f.variadic);
  set_text(L, "convention", f.conv == CallConv::c ? "c" : convention_name(f.conv));
  if (f.format.style == FormatAttribute::none) return;
  set_number(L, "format", f.format.string_index);
}

struct Names {
  lua_State* L;
  State* st;
  Symbol::Kind kind;
  Kind tagged;
  int count;
};

void add_name(void* context, const Symbol& symbol) {
  auto& names = *static_cast<Names*>(context);
  if (symbol.kind != names.kind) return;
  const std::string_view name = names.st->types->name(symbol.name);
  lua_pushlstring(names.L, name.data(), name.size());
  lua_rawseti(names.L, -2, ++names.count);
}

void add_tag(void* context, NameId tag, TypeId type) {
  auto& names = *static_cast<Names*>(context);
  if ((*names.st->types)[type].kind != names.tagged) return;
  const std::string_view name = names.st->types->name(tag);
  lua_pushlstring(names.L, name.data(), name.size());
  lua_rawseti(names.L, -2, ++names.count);
}

}  // namespace

// In the order of Symbol::Kind, then tags.
constexpr const char* kNameKinds[] = {"typedef", "function", "variable", "constant",
                                      "struct",  "union",    "enum",     nullptr};

int l_typeinfo(lua_State* L) {
  State* st = open_call(L);
  luaL_checkstack(L, 10, nullptr);
  const ForeignType* foreign = to_foreign_type(L, st, 1);
  const Asked asked(st, foreign != nullptr ? foreign->of : nullptr);
  const TypeId id = foreign != nullptr ? foreign->id : check_ctype(L, st, 1);
  lua_createtable(L, 0, 10);
  const Type& t = asked.types[id];
  set_text(L, "kind", kind_text(t));
  without_exceptions(st, [&] {
    st->errors.message = spell(asked.types, id);  // C text, whatever a metatype calls it
    return true;
  });
  set_text(L, "name", st->errors.message);
  set_type(L, asked, "type", id);
  const bool incomplete = (t.flags & kIncomplete) != 0;
  if (!incomplete && t.kind != Kind::function) {
    set_number(L, "size", t.size);
    set_number(L, "align", t.align);
  }
  set_flag(L, "incomplete", incomplete);
  set_flag(L, "variable", (t.flags & kVariable) != 0);
  set_flag(L, "flexible", (t.flags & kHasFlexible) != 0);
  set_flag(L, "const", (t.quals & kConst) != 0);
  set_flag(L, "volatile", (t.quals & kVolatile) != 0);
  set_flag(L, "restrict", (t.quals & kRestrict) != 0);
  set_flag(L, "atomic", (t.quals & kAtomic) != 0);
  switch (t.kind) {
    case Kind::integer:
    case Kind::boolean:
      set_flag(L, "unsigned", (t.flags & kUnsigned) != 0);
      break;
    case Kind::enumeration: {
      const Enum& e = asked.types.enumeration(id);
      set_flag(L, "unsigned", (t.flags & kUnsigned) != 0);
      set_name(L, asked, "tag", e.tag);
      set_name(L, asked, "typedef", e.alias);
      if (t.base != kNoType) set_type(L, asked, "underlying", t.base);
      set_origin(L, asked, e.origin);
      push_constants(L, asked, e);
      lua_setfield(L, -2, "constants");
      break;
    }
    case Kind::pointer:
    case Kind::reference:
      set_type(L, asked, "to", t.base);
      break;
    case Kind::array:
    case Kind::vector:
      set_type(L, asked, "element", t.base);
      if (t.count != kVla && t.count != kFlexible) set_number(L, "count", t.count);
      break;
    case Kind::structure:
    case Kind::union_:
      set_record(L, asked, id);
      break;
    case Kind::function:
      set_function(L, asked, id);
      break;
    default:
      break;
  }
  return 1;
}

int l_enum(lua_State* L) {
  State* st = open_call(L);
  luaL_checkstack(L, 6, nullptr);
  const ForeignType* foreign = to_foreign_type(L, st, 1);
  const Asked asked(st, foreign != nullptr ? foreign->of : nullptr);
  const TypeId id = foreign != nullptr ? foreign->id : check_ctype(L, st, 1);
  if (asked.types[id].kind != Kind::enumeration) {
    raise_argument(L, 1, "an enum expected, got '%s'",
                   foreign != nullptr ? describe_value(L, st, 1) : type_name(st, id));
  }
  const Enum& e = asked.types.enumeration(id);
  const auto count = static_cast<int>(e.constants.size());
  lua_createtable(L, 0, 2 * count);
  // From the last to the first, so that of names with one value the first one stays.
  for (size_t i = e.constants.size(); i-- > 0;) {
    const std::string_view name = asked.types.name(e.constants[i].name);
    push_constant(L, st, asked.types, e.constants[i].value);
    lua_pushlstring(L, name.data(), name.size());
    if (lua_type(L, -2) == LUA_TNUMBER) {
      lua_pushvalue(L, -2);
      lua_pushvalue(L, -2);
      lua_rawset(L, -5);
    }
    lua_insert(L, -2);
    lua_rawset(L, -3);
  }
  return 1;
}

int l_names(lua_State* L) {
  State* st = open_call(L);
  luaL_checkstack(L, 4, nullptr);
  static constexpr Symbol::Kind kSymbols[] = {Symbol::Kind::type_name, Symbol::Kind::function, Symbol::Kind::variable,
                                              Symbol::Kind::constant};
  static constexpr Kind kTags[] = {Kind::structure, Kind::union_, Kind::enumeration};
  const auto kind = static_cast<size_t>(luaL_checkoption(L, 1, nullptr, kNameKinds));
  st->types->declare_waiting();
  lua_newtable(L);
  Names names{L, st, Symbol::Kind::none, Kind::none, 0};
  if (kind < std::size(kSymbols)) {
    names.kind = kSymbols[kind];
    st->types->for_each_symbol(add_name, &names);
  } else {
    names.tagged = kTags[kind - std::size(kSymbols)];
    st->types->for_each_tag(add_tag, &names);
  }
  return 1;
}

// declared(name): what an ordinary name, or a tag behind its word, has been declared as, and where.
int l_declared_name(lua_State* L) {
  State* st = open_call(L);
  luaL_checkstack(L, 4, nullptr);
  size_t length;
  const char* text = check_text(L, st, 1, &length);
  std::string_view name{text, length};
  Kind tagged = Kind::none;
  static constexpr struct {
    std::string_view word;
    Kind kind;
  } kTags[] = {{"struct ", Kind::structure}, {"union ", Kind::union_}, {"enum ", Kind::enumeration}};
  for (const auto& [word, kind] : kTags) {
    if (!name.starts_with(word)) continue;
    tagged = kind;
    name.remove_prefix(word.size());
    break;
  }
  const Asked asked(st);
  const NameId id = asked.types.find_name(name);
  if (id == kNoName) return 0;
  const char* kind = nullptr;
  Origin origin;
  if (tagged != Kind::none) {
    const TypeId type = asked.types.find_tag(id);
    if (type == kNoType || asked.types[type].kind != tagged) return 0;
    kind = tagged == Kind::structure ? "struct" : tagged == Kind::union_ ? "union" : "enum";
    origin = tagged == Kind::enumeration ? asked.types.enumeration(type).origin : asked.types.record(type).origin;
  } else {
    const Symbol* symbol = asked.types.find_symbol(id);
    if (symbol == nullptr || symbol->kind == Symbol::Kind::none || !symbol->origin.known()) return 0;
    kind = kNameKinds[static_cast<size_t>(symbol->kind) - 1];
    origin = symbol->origin;
  }
  lua_createtable(L, 0, 3);
  set_text(L, "kind", kind);
  set_origin(L, asked, origin);
  return 1;
}

}  // namespace ferry::lua
