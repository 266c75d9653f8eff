// Constants and types of another target (foreign.h).
#include "lua/api/foreign.h"

#include "ctype/spell.h"
#include "lua/api/box.h"
#include "lua/state/raise.h"
#include "lua/state/restrict.h"
#include "lua/values/read.h"
#include "os/threads.h"

namespace ferry::lua {

namespace {

// Why what is no constant has no value here.
std::string refusal(const Foreign& foreign, const cparse::Node& node) {
  const TypeId type = node.object != kNoType ? node.object : node.type;
  std::string what = "it is of the type";
  if (node.kind == cparse::Node::Kind::function)
    what = "it is a function of the type";
  else if (node.kind == cparse::Node::Kind::variable)
    what = "it is an object of the type";
  return what + " '" + spell(foreign.types, type) + "' of " + foreign.target +
         ", of which only constants and types are known";
}

// Pushes a constant or a string. False, and nothing: it is none.
bool push_known(lua_State* L, State* st, const TypeTable& types, const cparse::Node& node) {
  using Kind = cparse::Node::Kind;
  // Of wide characters there is an array, which would be an object of the target's.
  if (node.kind == Kind::string && types[types[node.object != kNoType ? node.object : node.type].base].size == 1) {
    lua_pushlstring(L, node.text.data(), node.text.size());
    return true;
  }
  const Type& t = types[node.type];
  if (node.kind != Kind::constant || !(is_integer_like(t) || t.kind == ferry::Kind::floating)) return false;
  Constant constant;
  constant.type = t.unqualified;
  if (t.kind == ferry::Kind::floating)
    constant.floating = static_cast<double>(node.floating);
  else
    constant.integer = node.integer;
  push_constant(L, st, types, constant);
  return true;
}

}  // namespace

int l_evaluate(lua_State* L) {
  State* st = open_call(L);
  const Reader reader = reader_at(L, st, 1);
  if (reader.foreign == nullptr) raise_argument(L, 1, "a preprocessor with a target expected");
  size_t length;
  const char* text = check_text(L, st, 2, &length);
  Box* box = push_box(L, st);
  os::find_stack();
  TypeId type = kNoType;
  const bool parsed = without_exceptions(st, [&] {
    cparse::Input input(std::string_view(text, length));
    input.macros = &reader.macros.state();
    input.closed = declarations_are_restricted(st);
    Result<cparse::Expression> tree = cparse::parse_expression(reader.types, input);
    if (tree.ok()) {
      box->tree = new cparse::Expression(std::move(*tree));
      return true;
    }
    const Result<TypeId> as_type = cparse::parse_type(reader.types, input);
    if (as_type.ok()) type = *as_type;
    st->errors.message = tree.message();
    return as_type.ok();
  });
  if (parsed && type != kNoType) {
    push_foreign_type(L, st, reader.foreign, type);
    return 1;
  }
  if (parsed) {
    const cparse::Node& root = box->tree->nodes[box->tree->root];
    if (push_known(L, st, reader.types, root)) return 1;
    without_exceptions(st, [&] {
      st->errors.message = refusal(*reader.foreign, root);
      return true;
    });
  }
  lua_pushnil(L);
  lua_pushlstring(L, st->errors.message.data(), st->errors.message.size());
  return 2;
}

int l_type_text(lua_State* L) {
  State* st = open_call(L);
  const Reader reader = reader_at(L, st, 1);
  const ForeignType* type = to_foreign_type(L, st, 2);
  if (type == nullptr || type->of != reader.foreign) return 0;
  without_exceptions(st, [&] {
    st->errors.message = spell(type->of->types, type->id);
    return true;
  });
  lua_pushlstring(L, st->errors.message.data(), st->errors.message.size());
  return 1;
}

}  // namespace ferry::lua
