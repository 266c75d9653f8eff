// Preprocessors, macros and trees of expressions for lua/ferry/include.lua (headers.h).
#include "lua/api/headers.h"

#include <cstdio>

#include "cparse/const_value.h"
#include "cparse/expression.h"
#include "cparse/macros.h"
#include "cpreproc/dump.h"
#include "lua/objects/ctype_arg.h"
#include "lua/objects/namespace.h"
#include "lua/state/guarded.h"
#include "lua/state/own.h"
#include "lua/state/raise.h"
#include "lua/state/restrict.h"
#include "lua/values/decimals.h"
#include "lua/values/read.h"
#include "os/files.h"

namespace ferry::lua {
namespace {

constexpr int kMaxArguments = 100;
constexpr int kMaxDepth = 400;

// What C++ owns while Lua may raise: a userdata, whose finaliser frees it.
struct Box {
  cparse::Macros* macros;
  cparse::Expression* tree;
  std::vector<NameId>* names;
  cpreproc::Dump* dump;
};

int box_gc(lua_State* L) {
  auto* box = static_cast<Box*>(lua_touserdata(L, 1));
  delete box->macros;
  delete box->tree;
  delete box->names;
  delete box->dump;
  *box = Box{};
  return 0;
}

Box* push_box(lua_State* L, State* st) {
  luaL_checkstack(L, 6, nullptr);
  if (st->api.box_metatable == 0) {
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, box_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushliteral(L, "ffi");
    lua_setfield(L, -2, "__metatable");
    mark_own(L, "preprocessor");
    st->api.box_metatable = add_reference(L);
  }
  auto* box = static_cast<Box*>(new_userdata(L, sizeof(Box)));
  *box = Box{};
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->api.box_metatable);
  lua_setmetatable(L, -2);
  return box;
}

cparse::Macros& macros_at(lua_State* L, State* st, int idx) {
  luaL_checkstack(L, 6, nullptr);
  if (lua_isnoneornil(L, idx)) return *st->macros;
  if (lua_type(L, idx) == LUA_TUSERDATA && st->api.box_metatable != 0 && lua_getmetatable(L, idx) != 0) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, st->api.box_metatable);
    const bool is_box = raw_equal(L, -1, -2);
    lua_pop(L, 2);
    if (is_box) {
      auto* box = static_cast<Box*>(lua_touserdata(L, idx));
      if (box->macros != nullptr) return *box->macros;
    }
  }
  raise_argument(L, idx, "a preprocessor expected, got %s", describe_value(L, st, idx));
}

// Calls work(text) for the texts of the list at idx, which may be nil.
template <typename Work>
void for_texts(lua_State* L, State* st, int idx, Work work) {
  if (lua_isnoneornil(L, idx)) return;
  if (!lua_istable(L, idx)) raise_argument(L, idx, "a list of strings expected, got %s", describe_value(L, st, idx));
  for (int i = 1;; ++i) {
    lua_rawgeti(L, idx, i);
    if (lua_isnil(L, -1)) break;
    if (lua_type(L, -1) != LUA_TSTRING)
      raise_argument(L, idx, "a list of strings expected, got one with %s", describe_value(L, st, -1));
    size_t length;
    const char* text = lua_tolstring(L, -1, &length);
    if (!without_exceptions(st, [&] { return work(std::string_view(text, length)); })) raise_error(L, st);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

int l_preprocessor(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ffi.include");
  lua_settop(L, 4);
  Box* box = push_box(L, st);
  if (!without_exceptions(st, [&] {
        box->macros = new cparse::Macros(host_target(), &cpreproc::system_files());
        return true;
      })) {
    raise_error(L, st);
  }
  cpreproc::State& state = box->macros->state();
  if (!lua_isnil(L, 4)) {
    without_exceptions(st, [&] {
      state.set_path({});
      return true;
    });
    for_texts(L, st, 4, [&](std::string_view folder) {
      cpreproc::SearchPath path = state.path();
      path.system.emplace_back(folder);
      state.set_path(std::move(path));
      return true;
    });
  }
  for_texts(L, st, 3, [&](std::string_view folder) {
    cpreproc::SearchPath path = state.path();
    path.bracket.emplace_back(folder);
    state.set_path(std::move(path));
    return true;
  });
  for_texts(L, st, 1, [&](std::string_view text) {
    const Result<void> done = state.define(text);
    if (!done.ok()) st->errors.message = done.message();
    return done.ok();
  });
  for_texts(L, st, 2, [&](std::string_view text) {
    state.undefine(text);
    return true;
  });
  return 1;
}

int l_folders(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ffi.path");
  cpreproc::State& state = macros_at(L, st, 1).state();
  const cpreproc::SearchPath* path = nullptr;
  if (!without_exceptions(st, [&] {
        path = &state.path();
        return true;
      })) {
    raise_error(L, st);
  }
  lua_newtable(L);
  int count = 0;
  for (const auto* list : {&path->bracket, &path->system}) {
    for (const std::string& folder : *list) {
      lua_pushlstring(L, folder.data(), folder.size());
      lua_rawseti(L, -2, ++count);
    }
  }
  return 1;
}

// Arguments 1 to 3 of what reads a header: a preprocessor, the text, and what it is called in messages, or nil.
struct HeaderText {
  cpreproc::State* preprocessor;
  std::string_view text;
  std::string_view name;
};

HeaderText header_text_at(lua_State* L, State* st) {
  cpreproc::State* preprocessor = &macros_at(L, st, 1).state();
  size_t length;
  const char* text = check_text(L, st, 2, &length);
  size_t name_length = 0;
  const char* name = lua_isnil(L, 3) ? "" : check_text(L, st, 3, &name_length);
  return {preprocessor, {text, length}, {name, name_length}};
}

int l_declare(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ffi.include");
  lua_settop(L, 3);
  const HeaderText header = header_text_at(L, st);
  Box* box = push_box(L, st);
  const bool done = without_exceptions(st, [&] {
    box->names = new std::vector<NameId>;
    cparse::Input input{header.text};
    input.macros = header.preprocessor;
    input.name = header.preprocessor->keep_file_name(std::string(header.name));
    input.declared = box->names;
    input.strict = st->strict;
    const Result<void> parsed = cparse::parse_declarations(*st->types, input);
    if (!parsed.ok()) st->errors.message = parsed.message();
    return parsed.ok();
  });
  if (!done) raise_error(L, st);
  without_exceptions(st, [&] {
    refresh_infos(st);
    return true;
  });
  clear_parse_cache(L, st);
  drop_redeclared(L, st);
  lua_createtable(L, static_cast<int>(box->names->size()), 0);
  for (size_t i = 0; i < box->names->size(); ++i) {
    const std::string_view declared = st->types->name((*box->names)[i]);
    lua_pushlstring(L, declared.data(), declared.size());
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  return 1;
}

int l_dump(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ffi.dump");
  lua_settop(L, 3);
  const HeaderText header = header_text_at(L, st);
  Box* box = push_box(L, st);
  const bool done = without_exceptions(st, [&] {
    Result<cpreproc::Dump> dumped = cpreproc::dump(*header.preprocessor, header.text, header.name);
    if (dumped.ok())
      box->dump = new cpreproc::Dump(std::move(*dumped));
    else
      st->errors.message = dumped.message();
    return dumped.ok();
  });
  if (!done) {
    lua_pushnil(L);
    lua_pushlstring(L, st->errors.message.data(), st->errors.message.size());
    return 2;
  }
  lua_pushlstring(L, box->dump->text.data(), box->dump->text.size());
  lua_pushlstring(L, box->dump->files.data(), box->dump->files.size());
  return 2;
}

int l_changed(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ffi.include");
  size_t length;
  const char* files = check_text(L, st, 1, &length);
  std::string_view changed;
  if (!without_exceptions(st, [&] {
        changed = cpreproc::first_changed({files, length});
        return true;
      })) {
    raise_error(L, st);
  }
  if (changed.empty()) return 0;
  lua_pushlstring(L, changed.data(), changed.size());
  return 1;
}

struct MacroList {
  lua_State* L;
  int count;
};

void add_own_macro(void* context, cpreproc::MacroId, const cpreproc::Macro& macro) {
  auto& list = *static_cast<MacroList*>(context);
  if (macro.predefined || macro.builtin != cpreproc::Builtin::none) return;
  lua_pushlstring(list.L, macro.name.data(), macro.name.size());
  lua_rawseti(list.L, -2, ++list.count);
}

int l_macros(lua_State* L) {
  State* st = open_call(L);
  cparse::Macros& macros = macros_at(L, st, 1);
  lua_newtable(L);
  MacroList list{L, 0};
  macros.state().macros().for_each(add_own_macro, &list);
  return 1;
}

void set_text(lua_State* L, const char* key, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
  lua_setfield(L, -2, key);
}

int l_macro(lua_State* L) {
  State* st = open_call(L);
  lua_settop(L, 2);
  cparse::Macros& macros = macros_at(L, st, 1);
  size_t length;
  const char* name = check_text(L, st, 2, &length);
  cparse::MacroValue value;
  if (!without_exceptions(st, [&] {
        value = macros.value(*st->types, {name, length});
        return true;
      })) {
    raise_error(L, st);
  }
  if (value.kind == cparse::MacroValue::Kind::none) return 0;
  const cpreproc::Macro& macro = *value.macro;
  lua_newtable(L);
  set_text(L, "text", macro.text);
  if (macro.function_like) {
    lua_newtable(L);
    for (size_t i = 0; i < macro.params.size(); ++i) {
      lua_pushlstring(L, macro.params[i].data(), macro.params[i].size());
      lua_rawseti(L, -2, static_cast<int>(i) + 1);
    }
    lua_setfield(L, -2, "params");
  }
  if (macro.variadic) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "variadic");
  }
  if (!macro.where.file.empty()) set_text(L, "file", macro.where.file);
  if (macro.where.line != 0) {
    lua_pushinteger(L, static_cast<lua_Integer>(macro.where.line));
    lua_setfield(L, -2, "line");
  }
  if (value.kind == cparse::MacroValue::Kind::constant) {
    push_constant(L, st, value.constant);
    lua_setfield(L, -2, "value");
  }
  return 1;
}

const char* class_of(const Type& t) {
  switch (t.kind) {
    case Kind::boolean:
      return "bool";
    case Kind::integer:
    case Kind::enumeration:
      return "integer";
    case Kind::floating:
      return "floating";
    case Kind::decimal:
      return "decimal";
    case Kind::complex:
      return "complex";
    case Kind::pointer:
      return "pointer";
    case Kind::array:
      return "array";
    case Kind::function:
      return "function";
    case Kind::structure:
    case Kind::union_:
      return "record";
    case Kind::void_:
      return "void";
    default:
      return "other";
  }
}

// Sets field `key` of the table on top to what the evaluator has to know of a type.
void set_type(lua_State* L, State* st, const char* key, TypeId type) {
  if (type == kNoType) return;
  const Type& t = (*st->types)[type];
  lua_createtable(L, 0, 5);
  push_ctype(L, st, t.kind == Kind::array || t.kind == Kind::function ? type : t.unqualified);
  lua_setfield(L, -2, "ct");
  lua_pushstring(L, class_of(t));
  lua_setfield(L, -2, "class");
  lua_pushnumber(L, static_cast<lua_Number>(t.size));
  lua_setfield(L, -2, "size");
  lua_pushboolean(
      L, (t.flags & kUnsigned) != 0 || (t.kind == Kind::enumeration && ((*st->types)[t.base].flags & kUnsigned) != 0));
  lua_setfield(L, -2, "unsigned");
  lua_pushboolean(L, t.kind == Kind::array && t.count == kFlexible);
  lua_setfield(L, -2, "open");
  if (t.kind == Kind::array) {
    push_ctype(L, st, t.base);
    lua_setfield(L, -2, "element");
  }
  lua_setfield(L, -2, key);
}

constexpr const char* kKinds[] = {
    "unsupported", "constant",    "argument", "string",  "variable", "function", "unary",   "binary",
    "logical",     "conditional", "comma",    "cast",    "call",     "member",   "index",   "dereference",
    "address",     "assign",      "step",     "literal", "list",     "item",     "builtin", "local",
    "result",      "evaluate",    "declare",  "block",   "if",       "while",    "do",      "for",
    "switch",      "case",        "default",  "break",   "continue", "return"};
static_assert(std::size(kKinds) == static_cast<size_t>(cparse::Node::Kind::return_) + 1);

// Sets field `key` of the table on top to the integer as a value of the type.
void set_integer(lua_State* L, State* st, const char* key, TypeId type, int64_t value) {
  Constant constant;
  constant.type = type;
  constant.integer = value;
  push_constant(L, st, constant);
  lua_setfield(L, -2, key);
}

void push_node(lua_State* L, State* st, const cparse::Expression& tree, uint32_t id, int depth) {
  if (depth > kMaxDepth) raise(L, "the expression is nested too deep");
  luaL_checkstack(L, 8, nullptr);
  const cparse::Node& node = tree.nodes[id];
  lua_newtable(L);
  lua_pushstring(L, kKinds[static_cast<size_t>(node.kind)]);
  lua_setfield(L, -2, "kind");
  set_text(L, "text", node.text);
  set_type(L, st, "type", node.type);
  set_type(L, st, "object", node.object);
  set_type(L, st, "common", node.common);
  if (node.kind == cparse::Node::Kind::constant) {
    const cparse::Arithmetic arithmetic(*st->types);
    const Type& t = (*st->types)[arithmetic.part_of(node.type)];
    if (is_integer_like(t) || t.kind == Kind::floating) {
      Constant constant;
      constant.type = t.unqualified;
      if (t.kind == Kind::floating)
        constant.floating = static_cast<double>(node.floating);
      else
        constant.integer = node.integer;
      push_constant(L, st, constant);
    } else if (t.kind == Kind::decimal) {
      TypeInfo* info = info_of(st, t.unqualified);
      const std::optional<Decimal> value = decimal_from_text(format_of(info), node.text);
      store_decimal(format_of(info), new_cdata(L, st, info)->address(), value ? *value : Decimal());
    } else {
      push_uint64(L, st, static_cast<uint64_t>(node.integer));
    }
    lua_setfield(L, -2, "value");
  } else if (node.kind == cparse::Node::Kind::case_) {
    set_integer(L, st, "from", node.type, node.integer);
    set_integer(L, st, "to", node.type, node.to);
  } else {
    lua_pushnumber(L, static_cast<lua_Number>(node.integer));
    lua_setfield(L, -2, "integer");
  }
  int count = 0;
  for (uint32_t operand = node.first; operand != 0; operand = tree.nodes[operand].next) {
    push_node(L, st, tree, operand, depth + 1);
    lua_rawseti(L, -2, ++count);
  }
}

int l_expression(lua_State* L) {
  State* st = open_call(L);
  cparse::Macros& macros = macros_at(L, st, 1);
  size_t length;
  const char* text = check_text(L, st, 2, &length);
  const int count = lua_gettop(L) - 2;
  if (count > kMaxArguments) raise(L, "more than %d arguments", kMaxArguments);
  require_type_text(L, st, {text, length});
  cparse::Substitute substitutes[kMaxArguments];
  for (int i = 0; i < count; ++i) {
    const bool is_type = lua_istable(L, 3 + i);
    if (is_type)
      lua_rawgeti(L, 3 + i, 1);
    else
      lua_pushvalue(L, 3 + i);
    const CData* ct = to_ctype(L, st, -1);
    if (ct == nullptr) raise_argument(L, 3 + i, "a type expected, got %s", describe_value(L, st, -1));
    substitutes[i].kind = is_type ? cparse::Substitute::Kind::type : cparse::Substitute::Kind::value;
    substitutes[i].type = ct->type;
    substitutes[i].integer = i;
    lua_pop(L, 1);
  }
  Box* box = push_box(L, st);
  TypeId type = kNoType;
  const bool done = without_exceptions(st, [&] {
    cparse::Input input(std::string_view(text, length), {substitutes, static_cast<size_t>(count)});
    input.macros = &macros.state();
    input.closed = declarations_are_restricted(st);
    Result<cparse::Expression> parsed = cparse::parse_expression(*st->types, input);
    if (parsed.ok()) {
      box->tree = new cparse::Expression(std::move(*parsed));
      return true;
    }
    const Result<TypeId> as_type = cparse::parse_type(*st->types, input);
    if (as_type.ok()) type = *as_type;
    st->errors.message = parsed.message();
    return as_type.ok();
  });
  if (!done) {
    lua_pushnil(L);
    lua_pushlstring(L, st->errors.message.data(), st->errors.message.size());
    return 2;
  }
  without_exceptions(st, [&] {
    refresh_infos(st);
    return true;
  });
  if (box->tree != nullptr) {
    push_node(L, st, *box->tree, box->tree->root, 0);
    return 1;
  }
  lua_newtable(L);
  lua_pushliteral(L, "type");
  lua_setfield(L, -2, "kind");
  set_type(L, st, "type", type);
  return 1;
}

int l_body(lua_State* L) {
  State* st = open_call(L);
  size_t length;
  const char* text = check_text(L, st, 1, &length);
  const NameId name = st->types->find_name({text, length});
  const Symbol* symbol = name != kNoName ? st->types->find_symbol(name) : nullptr;
  if (symbol == nullptr || symbol->kind != Symbol::Kind::function || !symbol->inline_body)
    raise_argument(L, 1, "a function with a body expected");
  const TypeId type = symbol->type;
  Box* box = push_box(L, st);
  const bool done = without_exceptions(st, [&] {
    Result<cparse::Expression> parsed = cparse::parse_body(*st->types, *symbol);
    if (!parsed.ok()) {
      st->errors.message = parsed.message();
      return false;
    }
    box->tree = new cparse::Expression(std::move(*parsed));
    refresh_infos(st);
    return true;
  });
  if (!done) {
    lua_pushnil(L);
    lua_pushlstring(L, st->errors.message.data(), st->errors.message.size());
    return 2;
  }
  lua_createtable(L, 0, 3);
  set_type(L, st, "result", st->types->function(type).result);
  lua_newtable(L);
  const size_t count = st->types->function(type).params.size();
  for (size_t i = 0; i < count; ++i) {
    lua_createtable(L, 0, 1);
    set_type(L, st, "type", st->types->function(type).params[i].type);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  lua_setfield(L, -2, "params");
  push_node(L, st, *box->tree, box->tree->root, 0);
  lua_setfield(L, -2, "block");
  return 1;
}

int l_stamp(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ferry.cc");
  size_t length;
  const char* path = check_text(L, st, 1, &length);
  without_exceptions(st, [&] {
    st->errors.message = os::file_stamp({path, length});
    return true;
  });
  if (st->errors.message.empty()) return 0;
  lua_pushlstring(L, st->errors.message.data(), st->errors.message.size());
  return 1;
}

int l_private_folder(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ferry.cc");
  size_t length;
  const char* path = check_text(L, st, 1, &length);
  if (without_exceptions(st, [&] { return os::private_folder({path, length}, st->errors.message); })) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  lua_pushlstring(L, st->errors.message.data(), st->errors.message.size());
  return 2;
}

// FNV-1a: names files, guards nothing.
int l_digest(lua_State* L) {
  State* st = open_call(L);
  size_t length;
  const char* text = check_text(L, st, 1, &length);
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < length; ++i) hash = (hash ^ static_cast<uint8_t>(text[i])) * 0x100000001b3;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  lua_pushlstring(L, digits, 16);
  return 1;
}

// refusal(): why the state may not include headers or compile C; nil: it may.
int l_refusal(lua_State* L) {
  const State* st = open_call(L);
  if (!declarations_are_restricted(st) && !loading_is_restricted(st)) return 0;
  lua_pushliteral(L, "headers and C code are not allowed: ferry.restrict has ended declarations or loading");
  return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"preprocessor", guarded<l_preprocessor>},
    {"folders", guarded<l_folders>},
    {"declare", guarded<l_declare>},
    {"dump", guarded<l_dump>},
    {"changed", guarded<l_changed>},
    {"macros", guarded<l_macros>},
    {"macro", guarded<l_macro>},
    {"expression", guarded<l_expression>},
    {"body", guarded<l_body>},
    {"stamp", guarded<l_stamp>},
    {"private_folder", guarded<l_private_folder>},
    {"digest", guarded<l_digest>},
    {"refusal", guarded<l_refusal>},
    {nullptr, nullptr},
};

}  // namespace

void push_headers(lua_State* L, State* st) {
  lua_newtable(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
  set_functions(L, kFunctions, 1);
}

}  // namespace ferry::lua
