// Trees of expressions and statements (trees.h).
#include "lua/api/trees.h"

#include <vector>

#include "cparse/const_value.h"
#include "lua/api/box.h"
#include "lua/api/fields.h"
#include "lua/objects/ctype_arg.h"
#include "lua/objects/namespace.h"
#include "lua/state/guarded.h"
#include "lua/state/raise.h"
#include "lua/state/restrict.h"
#include "lua/values/decimals.h"
#include "lua/values/read.h"

namespace ferry::lua {

namespace {

constexpr int kMaxArguments = 100;
constexpr int kMaxDepth = 400;

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
  lua_pushboolean(L, (t.quals & kAtomic) != 0);
  lua_setfield(L, -2, "atomic");
  if (t.kind == Kind::array) {
    push_ctype(L, st, t.base);
    lua_setfield(L, -2, "element");
  }
  lua_setfield(L, -2, key);
}

constexpr const char* kKinds[] = {
    "unsupported", "constant", "argument", "string", "variable", "function", "unary",       "binary",  "logical",
    "conditional", "comma",    "cast",     "call",   "member",   "index",    "dereference", "address", "assign",
    "step",        "literal",  "item",     "clear",  "range",    "builtin",  "atomic",      "local",   "result",
    "evaluate",    "declare",  "block",    "if",     "while",    "do",       "for",         "switch",  "case",
    "default",     "break",    "continue", "return", "label",    "goto"};
static_assert(std::size(kKinds) == static_cast<size_t>(cparse::Node::Kind::goto_) + 1);

// Sets field `key` of the table on top to the integer as a value of the type.
void set_integer(lua_State* L, State* st, const char* key, TypeId type, int64_t value) {
  Constant constant;
  constant.type = type;
  constant.integer = value;
  push_constant(L, st, constant);
  lua_setfield(L, -2, key);
}

// Leaves why not in st->errors.message. Throws.
bool is_shallow(State* st, const cparse::Expression& tree) {
  struct Place {
    uint32_t id;
    int depth;
  };
  std::vector<Place> open = {{tree.root, 0}};
  while (!open.empty()) {
    const Place place = open.back();
    open.pop_back();
    if (place.depth > kMaxDepth) {
      st->errors.message = "the expression is nested too deep";
      return false;
    }
    for (uint32_t operand = tree.nodes[place.id].first; operand != 0; operand = tree.nodes[operand].next)
      open.push_back({operand, place.depth + 1});
  }
  return true;
}

// Of a shallow tree.
void push_node(lua_State* L, State* st, const cparse::Expression& tree, uint32_t id) {
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
    const TypeId type = (*st->types)[node.type].size > 8 ? scalar_type(Scalar::int64) : node.type;
    set_integer(L, st, "from", type, node.integer);
    set_integer(L, st, "to", type, node.to);
  } else {
    lua_pushnumber(L, static_cast<lua_Number>(node.integer));
    lua_setfield(L, -2, "integer");
    if (node.kind == cparse::Node::Kind::range || node.kind == cparse::Node::Kind::member) {
      lua_pushnumber(L, static_cast<lua_Number>(node.to));
      lua_setfield(L, -2, "to");
    }
  }
  int count = 0;
  for (uint32_t operand = node.first; operand != 0; operand = tree.nodes[operand].next) {
    push_node(L, st, tree, operand);
    lua_rawseti(L, -2, ++count);
  }
}

}  // namespace

int l_expression(lua_State* L) {
  State* st = open_call(L);
  cparse::Macros& macros = reader_at(L, st, 1).macros;
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
      return is_shallow(st, *box->tree);
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
    push_node(L, st, *box->tree, box->tree->root);
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
    return is_shallow(st, *box->tree);
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
    lua_createtable(L, 0, 2);
    set_type(L, st, "given", st->types->function(type).params[i].type);
    set_type(L, st, "type", box->tree->params[i]);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  lua_setfield(L, -2, "params");
  push_node(L, st, *box->tree, box->tree->root);
  lua_setfield(L, -2, "block");
  return 1;
}

}  // namespace ferry::lua
