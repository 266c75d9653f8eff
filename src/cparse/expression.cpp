// What an expression has beyond its type and its constant value: its tree, and the operators that are never constant.
#include "cparse/expression.h"

#include <algorithm>
#include <limits>

#include "cparse/parser_state.h"
#include "cparse/predefined.h"
#include "cparse/same_type.h"
#include "ctype/spell.h"

namespace ferry::cparse {

// The node of a value as an operand: a copy, because an operand is in one chain only.
uint32_t Parser::operand_node(const Value& v) {
  Node node;
  if (v.known != Value::Known::no && !v.lvalue) {
    node.kind = Node::Kind::constant;
    node.integer = v.integer;
    node.floating = v.floating;
  } else if (v.node != 0) {
    node = tree_->nodes[v.node];
  } else {
    node.text = v.why != nullptr ? v.why : "its value is not known";
  }
  node.next = 0;
  node.object = node.type;
  node.type = v.type;
  tree_->nodes.push_back(std::move(node));
  return static_cast<uint32_t>(tree_->nodes.size() - 1);
}

// Notes how v is computed, unless it is constant.
Node* Parser::note(Value& v, Node::Kind kind, std::string_view text, std::initializer_list<const Value*> operands) {
  if (tree_ == nullptr || (v.known != Value::Known::no && !v.lvalue)) return nullptr;
  Node node;
  node.kind = kind;
  node.type = v.type;
  node.text = text;
  uint32_t last = 0;
  for (const Value* operand : operands) {
    const uint32_t id = operand_node(*operand);
    (last == 0 ? node.first : tree_->nodes[last].next) = id;
    last = id;
  }
  tree_->nodes.push_back(std::move(node));
  v.node = static_cast<uint32_t>(tree_->nodes.size() - 1);
  return &tree_->nodes.back();
}

// Adds an operand behind the others. `last`: the one before, 0: none.
void Parser::add_operand(uint32_t& first, uint32_t& last, const Value& v) {
  if (tree_ == nullptr) return;
  const uint32_t id = operand_node(v);
  (last == 0 ? first : tree_->nodes[last].next) = id;
  last = id;
}

Value Parser::converted(const Value& v, TypeId type) {
  Value result = arithmetic_.convert(v, type);
  if (result.known != Value::Known::no && v.known == Value::Known::no) result.known = Value::Known::no;
  note(result, Node::Kind::cast, {}, {&v});
  return result;
}

// What the pointer points to.
Value Parser::dereferenced(const Value& pointer) {
  Value object = pointer;
  object.type = types_[pointer.type].base;
  object.lvalue = true;
  note(object, Node::Kind::dereference, {}, {&pointer});
  return object;
}

// C11 6.3.2.1p1.
bool Parser::assignable(const Value& v) const {
  const Kind kind = types_[v.type].kind;
  return v.lvalue && kind != Kind::array && kind != Kind::function;
}

// The type of `c ? yes : no` where it is not a number's, C11 6.5.15p6: beside a null pointer constant it is the other
// side's, by which macros tell constants apart; with a pointer to void it is one; what is qualified stays so.
TypeId Parser::chosen_pointer(const Value& yes, const Value& no) {
  const Type& a = types_[yes.type];
  const Type& b = types_[no.type];
  if (a.kind != Kind::pointer || b.kind != Kind::pointer) {
    return a.kind == Kind::pointer || b.kind != Kind::pointer ? yes.type : no.type;
  }
  auto is_null = [this](const Value& v) {
    return v.known == Value::Known::integer && v.integer == 0 && types_[v.type].base == scalar_type(Scalar::void_);
  };
  if (is_null(yes)) return no.type;
  if (is_null(no)) return yes.type;
  const TypeId target = types_[b.base].kind == Kind::void_ ? b.base : a.base;
  const auto quals = static_cast<uint8_t>(types_[a.base].quals | types_[b.base].quals);
  return quals == types_[target].quals ? types_.pointer_to(target) : types_.pointer_to(types_.qualified(target, quals));
}

// assignment := conditional (('=' | '+=' | ...) assignment)?        only where a tree is made
bool Parser::assignment(Value& v) {
  if (!conditional(v)) return false;
  if ((tree_ == nullptr && !variable_bounds_) || (!at(Tok::assign) && !at(Tok::other_assign))) return true;
  const uint32_t where = token_.at;
  const std::string op(token_.text);
  if (!assignable(v)) return fail(where, "'" + op + "' needs an object on its left");
  next();
  Value right;
  if (!assignment(right)) return false;
  right = rvalue(right);
  const Value left = v;
  v = arithmetic_.unknown(types_[left.type].unqualified, "an assignment is not constant");
  // C11 6.5.7p3: a shift has the type of its left side alone.
  const bool shifts = op == "<<=" || op == ">>=";
  const TypeId of_left = rvalue(left).type;
  const TypeId common = shifts ? arithmetic_.promoted(of_left) : arithmetic_.common(of_left, right.type);
  if (Node* node = note(v, Node::Kind::assign, op, {&left, &right})) node->common = common;
  if (left.bits != 0) v = converted(v, of_left);
  return true;
}

// Of a name that a block declares, the current token.
bool Parser::local_value(const Local& local, Value& v) {
  if (local.what == Local::What::type) return fail_expected("an expression");
  if (local.what == Local::What::constant) {
    v = arithmetic_.integer(local.value, local.type);
  } else {
    v = arithmetic_.unknown(local.type, "the value of a variable is not constant");
    v.lvalue = true;
    const uint32_t number = local.number;
    if (Node* node = note(v, Node::Kind::local, token_.text, {})) node->integer = number;
  }
  next();
  return true;
}

// `++` and `--`, the current token being one of them.
bool Parser::step(Value& v, bool behind) {
  const bool up = at(Tok::increment);
  const uint32_t where = token_.at;
  next();
  if (!behind && !cast_expression(v)) return false;
  if (!assignable(v)) return fail(where, std::string("'") + (up ? "++" : "--") + "' needs an object");
  const Value object = v;
  v = arithmetic_.unknown(types_[object.type].unqualified, "an assignment is not constant");
  note(v, Node::Kind::step, behind ? (up ? "+1" : "-1") : (up ? "++" : "--"), {&object});
  if (object.bits != 0) v = converted(v, rvalue(object).type);
  return true;
}

// The arguments of a call, the current token being the '('.
bool Parser::call(Value& v, TypeId function) {
  const Function& f = types_.function(function);
  const TypeId result = f.result;
  const int64_t fixed = f.variadic ? static_cast<int64_t>(f.params.size()) : -1;
  const Value callee = rvalue(v);
  uint32_t first = 0;
  uint32_t last = 0;
  size_t given = 0;
  add_operand(first, last, callee);
  next();
  while (!at(Tok::r_paren)) {
    Value argument;
    if (!assignment(argument)) return false;
    argument = rvalue(argument);
    // A null pointer constant, C11 6.3.2.3p3.
    const TypeId wanted =
        given < types_.function(function).params.size() ? types_.function(function).params[given].type : kNoType;
    if (wanted != kNoType && types_[wanted].kind == Kind::pointer && is_integer_like(types_[argument.type]) &&
        argument.known == Value::Known::integer && argument.integer == 0)
      argument = converted(argument, wanted);
    ++given;
    add_operand(first, last, argument);
    if (!accept(Tok::comma)) break;
  }
  if (!expect(Tok::r_paren, "')' after the arguments")) return false;
  v = arithmetic_.unknown(result, "a call is not constant");
  if (Node* node = note(v, Node::Kind::call, {}, {})) {
    node->first = first;
    node->integer = fixed;
  }
  return true;
}

// `(type){...}`, the current token being the '{'; completes the type.
bool Parser::compound_literal(TypeId& type, Value& v) {
  uint32_t first = 0;
  if (!literal_items(type, first)) return false;
  v = arithmetic_.unknown(type, "the value of a variable is not constant");
  v.lvalue = true;
  if (Node* node = note(v, Node::Kind::literal, {}, {})) node->first = first;
  return true;
}

// generic := '_Generic' '(' (assignment | type-name) (',' (type-name | 'default') ':' assignment)+ ')' C11 6.5.1.1
bool Parser::generic_selection(Value& v) {
  const uint32_t where = token_.at;
  next();
  if (!expect(Tok::l_paren, "'(' after _Generic")) return false;
  TypeId wanted = kNoType;
  if (type_start() || attribute_token()) {  // clang, C2y: with its qualifiers
    if (!type_name(wanted)) return false;
  } else {
    Value control;
    if (!assignment(control)) return false;
    // A bit-field has the type that it is declared with, as for clang; for gcc it has one of its own.
    wanted = types_[control.bits != 0 ? control.type : rvalue(control).type].unqualified;
  }
  bool found = false;
  bool have_default = false;
  Value by_default;
  while (accept(Tok::comma)) {
    TypeId type = kNoType;
    const bool is_default = at(Tok::identifier) && token_.text == "default";
    bool has_colon = false;
    if (is_default)
      next();
    else if (!type_name(type, &has_colon))
      return false;
    if (!has_colon && !expect(Tok::colon, "':'")) return false;
    Value value;
    if (!assignment(value)) return false;
    if (is_default) {
      have_default = true;
      by_default = value;
    } else if (!found && Composite(types_).of(type, wanted) != kNoType) {
      found = true;
      v = value;
    }
  }
  if (!expect(Tok::r_paren, "')'")) return false;
  if (!found && !have_default) return fail(where, "_Generic has nothing for '" + spell(types_, wanted) + "'");
  if (!found) v = by_default;
  return true;
}

// gcc manual, "Built-in Functions to Perform Arithmetic with Overflow Checking".
struct OverflowBuiltin {
  std::string_view operation;  // add, sub, mul; empty: it is another function
  char sign = '\0';            // s or u: of the integer type that the operands are converted to; none: they stay
  unsigned longs = 0;          // and its `long`s
  bool predicate = false;      // _p: nothing is stored
};

namespace {

enum class Takes : uint8_t { nothing, integer, floating, two_floating, class_of_floating, anything, parts };

struct Builtin {
  std::string_view name;  // without __builtin_
  Scalar result;
  Takes takes = Takes::integer;
};

constexpr Builtin kBuiltins[] = {
    {"expect", Scalar::int64, Takes::anything},
    {"bswap16", Scalar::uint16},
    {"bswap32", Scalar::uint32},
    {"bswap64", Scalar::uint64},
    {"clz", Scalar::int32},
    {"clzl", Scalar::int32},
    {"clzll", Scalar::int32},
    {"ctz", Scalar::int32},
    {"ctzl", Scalar::int32},
    {"ctzll", Scalar::int32},
    {"popcount", Scalar::int32},
    {"popcountl", Scalar::int32},
    {"popcountll", Scalar::int32},
    {"parity", Scalar::int32},
    {"parityl", Scalar::int32},
    {"parityll", Scalar::int32},
    {"clrsb", Scalar::int32},
    {"clrsbl", Scalar::int32},
    {"clrsbll", Scalar::int32},
    {"ffs", Scalar::int32},
    {"ffsl", Scalar::int32},
    {"ffsll", Scalar::int32},
    {"isnan", Scalar::int32, Takes::floating},
    {"isinf", Scalar::int32, Takes::floating},
    {"isinf_sign", Scalar::int32, Takes::floating},
    {"isfinite", Scalar::int32, Takes::floating},
    {"isnormal", Scalar::int32, Takes::floating},
    {"signbit", Scalar::int32, Takes::floating},
    {"signbitf", Scalar::int32, Takes::floating},
    {"signbitl", Scalar::int32, Takes::floating},
    {"isgreater", Scalar::int32, Takes::two_floating},
    {"isgreaterequal", Scalar::int32, Takes::two_floating},
    {"isless", Scalar::int32, Takes::two_floating},
    {"islessequal", Scalar::int32, Takes::two_floating},
    {"islessgreater", Scalar::int32, Takes::two_floating},
    {"isunordered", Scalar::int32, Takes::two_floating},
    {"fpclassify", Scalar::int32, Takes::class_of_floating},
    {"complex", Scalar::cdouble, Takes::parts},
    {"trap", Scalar::void_, Takes::nothing},
    {"unreachable", Scalar::void_, Takes::nothing},
};
// What a floating-point number becomes that is passed for an integer.
Scalar parameter_of(const Builtin& builtin) {
  if (builtin.name.substr(0, 5) == "bswap") return builtin.result;
  return builtin.name.back() == 'l' ? Scalar::uint64 : Scalar::uint32;
}

constexpr std::string_view kBuiltinPrefix = "__builtin_";
constexpr const char* kNoWideOverflow = "overflow is looked for in integers of up to 64 bits only";

OverflowBuiltin overflow_builtin(std::string_view name) {
  OverflowBuiltin b;
  constexpr std::string_view kOverflow = "_overflow";
  if (name.ends_with("_p")) b.predicate = true, name.remove_suffix(2);
  if (!name.ends_with(kOverflow)) return {};
  name.remove_suffix(kOverflow.size());
  if (name.size() > 3 && !b.predicate) {
    b.sign = name[0];
    name.remove_prefix(1);
    while (name.size() > 3 && name.back() == 'l') ++b.longs, name.remove_suffix(1);
    if ((b.sign != 's' && b.sign != 'u') || b.longs > 2) return {};
  }
  if (name == "add" || name == "sub" || name == "mul") b.operation = name;
  return b;
}

}  // namespace

// overflow-call := name '(' a ',' b ',' (pointer | value of the result's type) ')'
// Its operands in the tree: a, b, a zero of the result's type, where the result goes.
bool Parser::overflow_call(const OverflowBuiltin& builtin, Value& v) {
  const uint32_t where = token_.at;
  next();
  if (!expect(Tok::l_paren, "'('")) return false;
  Value operands[3];
  for (int i = 0; i < 3; ++i) {
    if (i != 0 && !expect(Tok::comma, "','")) return false;
    if (!assignment(operands[i])) return false;
    operands[i] = rvalue(operands[i]);
  }
  if (!expect(Tok::r_paren, "')'")) return false;
  const Type& last = types_[operands[2].type];
  if (!builtin.predicate && last.kind != Kind::pointer) return fail(where, "the last argument is no pointer");
  const TypeId target = builtin.predicate ? last.unqualified : types_[last.base].unqualified;
  if (types_[target].kind != Kind::integer) return fail(where, "the result is no integer");
  for (Value* operand : {&operands[0], &operands[1]}) {
    if (builtin.sign != '\0') {
      const unsigned size = builtin.longs == 0 ? 4 : builtin.longs == 1 ? types_.target().long_size : 8;
      *operand = converted(*operand, arithmetic_.integer_type(size, builtin.sign == 'u'));
    }
    if (!arithmetic_.is_integer(operand->type)) return fail(where, "the argument is no integer");
    if (types_[operand->type].size > 8) return fail(where, kNoWideOverflow);
  }
  if (types_[target].size > 8 || is_bit_int(types_[target])) return fail(where, kNoWideOverflow);
  v = arithmetic_.unknown(scalar_type(Scalar::bool_), "a call is not constant");
  uint32_t chain = 0;
  uint32_t previous = 0;
  add_operand(chain, previous, operands[0]);
  add_operand(chain, previous, operands[1]);
  add_operand(chain, previous, arithmetic_.integer(0, target));
  if (!builtin.predicate) add_operand(chain, previous, operands[2]);
  if (Node* node = note(v, Node::Kind::builtin, std::string(builtin.operation) + "_overflow", {})) node->first = chain;
  return true;
}

// hint := ('prefetch' | 'assume_aligned' | ...) '(' assignment (',' assignment)* ')'        What is said to the
// optimiser. What it says of sizes is what gcc says that does not optimise: they are not known.
bool Parser::hint_call(std::string_view name, Value& v, bool& is_one) {
  const bool is_size = name == "object_size" || name == "dynamic_object_size";
  TypeId type = scalar_type(Scalar::void_);
  if (name == "assume_aligned")
    type = types_.pointer_to(type);
  else if (name == "expect_with_probability")
    type = arithmetic_.integer_type(types_.target().long_size, false);
  else if (name != "prefetch" && !is_size)
    return true;
  is_one = true;
  next();
  if (!expect(Tok::l_paren, "'('")) return false;
  Value operand;
  do {
    Value each;
    if (!assignment(each)) return false;
    if (operand.type == kNoType || is_size) operand = rvalue(each);
  } while (accept(Tok::comma));
  if (!expect(Tok::r_paren, "')'")) return false;
  if (is_size)
    v = arithmetic_.integer((operand.integer & 2) != 0 ? 0 : -1, arithmetic_.size_type());
  else
    v = converted(operand, type);
  return true;
}

// The functions of gcc that headers use in macros: those of the table, and `__builtin_f` for a function f that is
// declared or that gcc knows. False in is_one, and nothing read: it is none of them.
bool Parser::builtin_call(Value& v, bool& is_one) {
  if (token_.text.substr(0, kBuiltinPrefix.size()) != kBuiltinPrefix) return true;
  const std::string_view name = token_.text.substr(kBuiltinPrefix.size());
  if (const OverflowBuiltin overflow = overflow_builtin(name); !overflow.operation.empty()) {
    is_one = true;
    return overflow_call(overflow, v);
  }
  const Builtin* builtin = nullptr;
  for (const Builtin& b : kBuiltins) {
    if (b.name == name) builtin = &b;
  }
  is_one = builtin != nullptr;
  if (!is_one && (!hint_call(name, v, is_one) || is_one)) return !failed_;
  if (!is_one) {
    const NameId function = types_.intern(name);
    if (pieces_ != nullptr) note_asked(function);
    const Symbol* symbol = types_.find_symbol(function);
    if (symbol == nullptr || symbol->kind != Symbol::Kind::function) symbol = library_builtin(name);
    if (symbol == nullptr && name.substr(0, 3) == "va_") return fail_here("arguments behind '...' are not read");
    if (symbol == nullptr) return true;
    is_one = true;
    v = arithmetic_.unknown(symbol->type, "the address of a function is not constant");
    note(v, Node::Kind::function, types_.name(symbol->name), {});
    next();
    return true;
  }
  const uint32_t where = token_.at;
  next();
  if (!expect(Tok::l_paren, "'('")) return false;
  const bool two =
      builtin->takes == Takes::two_floating || builtin->takes == Takes::anything || builtin->takes == Takes::parts;
  const size_t wanted = builtin->takes == Takes::class_of_floating ? 6 : two ? 2 : builtin->takes != Takes::nothing;
  Value operands[6];
  for (size_t i = 0; i < wanted; ++i) {
    if (i != 0 && !expect(Tok::comma, "','")) return false;
    if (!assignment(operands[i])) return false;
    operands[i] = rvalue(operands[i]);
  }
  if (!expect(Tok::r_paren, "')'")) return false;
  Value& first = operands[0];
  Value& last = operands[wanted > 1 ? wanted - 1 : 0];
  switch (builtin->takes) {
    case Takes::nothing:
      break;
    case Takes::anything:
      if (types_[first.type].kind != Kind::pointer && types_[first.type].kind != Kind::floating &&
          !arithmetic_.is_integer(first.type))
        return fail(where, "the argument is no scalar");
      v = converted(first, scalar_type(builtin->result));
      return true;
    case Takes::integer:
      if (types_[first.type].kind == Kind::floating) first = converted(first, scalar_type(parameter_of(*builtin)));
      if (!arithmetic_.is_integer(first.type)) return fail(where, "the argument is no integer");
      break;
    case Takes::two_floating: {
      const TypeId common = arithmetic_.common(first.type, last.type);
      if (common == kNoType || types_[common].kind != Kind::floating)
        return fail(where, "the arguments are no floating-point numbers");
      first = converted(first, common);
      last = converted(last, common);
      break;
    }
    case Takes::parts:
      break;
    case Takes::floating:
    case Takes::class_of_floating:
      if (types_[last.type].kind != Kind::floating) return fail(where, "the argument is no floating-point number");
      break;
  }
  TypeId result = scalar_type(builtin->result);
  if (builtin->takes == Takes::parts) {  // gcc manual, "Other Builtins": of one floating type
    const TypeId type = types_[first.type].unqualified;
    result = types_[last.type].unqualified == type ? types_.complex_of(type) : kNoType;
    if (result == kNoType || types_[type].kind != Kind::floating)
      return fail(where, "the parts are not of one floating-point type");
  }
  v = arithmetic_.unknown(result, "a call is not constant");
  uint32_t chain = 0;
  uint32_t previous = 0;
  for (size_t i = 0; i < wanted; ++i) add_operand(chain, previous, operands[i]);
  if (Node* node = note(v, Node::Kind::builtin, builtin->name, {})) node->first = chain;
  return true;
}

// floating-builtin := '__builtin_' ('inf' | 'huge_val' | 'nan' | 'nans') suffix '(' anything ')'
// Constants of <math.h>, of each floating type. False in is_one, and nothing read: it is none.
bool Parser::floating_builtin(Value& v, bool& is_one) {
  constexpr std::string_view kNames[] = {"inf", "huge_val", "nans", "nan"};
  std::string_view rest = token_.text;
  if (!rest.starts_with(kBuiltinPrefix)) return true;
  rest.remove_prefix(kBuiltinPrefix.size());
  const auto* name = std::find_if(std::begin(kNames), std::end(kNames),
                                  [rest](std::string_view one) { return rest.starts_with(one); });
  if (name == std::end(kNames)) return true;
  rest.remove_prefix(name->size());
  const struct {
    std::string_view suffix;
    Scalar scalar;
  } types[] = {
      {"", Scalar::float64},      {"f", Scalar::float32},
      {"l", Scalar::ldouble},     {"f16", Scalar::float16},
      {"f32", Scalar::float32},   {"f32x", Scalar::float64},
      {"f64", Scalar::float64},   {"f64x", float64x(types_.target())},
      {"f128", Scalar::float128}, {"q", Scalar::float128},
  };
  for (const auto& type : types) {
    if (rest != type.suffix) continue;
    is_one = true;
    using Limits = std::numeric_limits<long double>;
    v = arithmetic_.floating((*name)[0] == 'n' ? Limits::quiet_NaN() : Limits::infinity(), scalar_type(type.scalar));
    next();
    return at(Tok::l_paren) ? skip_parentheses() : fail_expected("'('");
  }
  return true;
}

// builtin := '__builtin_types_compatible_p' '(' type-name ',' type-name ')'
//          | '__builtin_choose_expr' '(' constant ',' expression ',' expression ')'
//          | '__builtin_constant_p' '(' expression ')'
bool Parser::builtin_expression(Value& v) {
  Tok kind = token_.kind;
  next();
  if (!at(Tok::l_paren)) return fail_expected("'('");
  next();
  if (kind == Tok::kw_types_compatible) {
    TypeId a = kNoType;
    TypeId b = kNoType;
    if (!type_name(a) || !expect(Tok::comma, "','") || !type_name(b)) return false;
    const TypeId together = Composite(types_).of(types_[a].unqualified, types_[b].unqualified);
    v = arithmetic_.integer(together != kNoType, arithmetic_.int_type());
  } else if (kind == Tok::kw_constant_p) {
    Value operand;
    if (!expression(operand)) return false;
    v = arithmetic_.integer(rvalue(operand).known != Value::Known::no, arithmetic_.int_type());
  } else {
    Value condition;
    Value yes;
    Value no;
    if (!constant_integer(condition, "a condition") || !expect(Tok::comma, "','") || !conditional(yes) ||
        !expect(Tok::comma, "','") || !conditional(no)) {
      return false;
    }
    v = condition.integer != 0 ? yes : no;
  }
  return expect(Tok::r_paren, "')'");
}

bool Parser::whole_expression(Expression& tree, uint32_t arguments) {
  implicit_tags_ = false;
  tree_ = &tree;
  next_local_ = arguments;
  next();
  Value v;
  const bool ok = expression(v) && (at(Tok::end) || fail_expected("an operator or the end of the expression"));
  if (ok) tree.root = operand_node(v);
  tree_ = nullptr;
  return ok && !failed_;
}

}  // namespace ferry::cparse
