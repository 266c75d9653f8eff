// Expressions: every operator of C but assignment; values where they are known, types always.
#include "cparse/parser_state.h"
#include "ctype/spell.h"
#include "ctype/suggest.h"

namespace ferry::cparse {
namespace {

constexpr const char* kIsObject = "the value of a variable is not constant";
constexpr const char* kIsAddress = "an address is not constant";

bool statement_word(std::string_view word) {
  for (const char* statement :
       {"do", "if", "for", "while", "switch", "case", "default", "return", "break", "continue", "goto"}) {
    if (word == statement) return true;
  }
  return false;
}

bool function_name_word(std::string_view word) {
  return word == "__func__" || word == "__FUNCTION__" || word == "__PRETTY_FUNCTION__";
}

}  // namespace

// An operand's value: arrays and functions become pointers, objects are not known. C11 6.3.2.1
Value Parser::rvalue(const Value& v) {
  Value result = rvalue_without_node(v);
  result.node = v.node;
  return result;
}

Value Parser::rvalue_without_node(const Value& v) {
  const Type& t = types_[v.type];
  if (t.kind == Kind::array) {
    Value pointer = v;
    pointer.type = types_.pointer_to(t.base);
    pointer.lvalue = false;
    if (pointer.known == Value::Known::no) pointer.why = kIsAddress;
    return pointer;
  }
  if (t.kind == Kind::function) return arithmetic_.unknown(types_.pointer_to(v.type), kIsAddress);
  if (t.kind == Kind::reference) return arithmetic_.unknown(types_[t.base].unqualified, kIsObject);
  if (v.lvalue)
    return arithmetic_.unknown(v.bits != 0 ? arithmetic_.promoted_bits(v.type, v.bits) : t.unqualified, kIsObject);
  return v;
}

bool Parser::as_constant(const Value& v, uint32_t where, Constant& constant) {
  const Type& t = types_[v.type];
  if (v.known == Value::Known::no || !arithmetic_.is_number(v.type)) {
    const char* why =
        v.known == Value::Known::no && v.why != nullptr ? v.why : "the expression is not a constant number";
    return fail(where, why);
  }
  constant.type = t.unqualified;
  constant.integer = 0;
  if (v.known == Value::Known::floating)
    constant.floating = static_cast<double>(v.floating);
  else
    constant.integer = v.integer;
  return true;
}

// constant-expression := conditional
bool Parser::constant_expression(Value& v) {
  uint32_t where = token_.at;
  Value any;
  Constant ignored;
  if (!conditional(any)) return false;
  v = rvalue(any);
  return as_constant(v, where, ignored);
}

bool Parser::constant_integer(Value& v, const char* what) {
  uint32_t where = token_.at;
  if (!constant_expression(v)) return false;
  if (v.known == Value::Known::integer && arithmetic_.is_integer(v.type)) return true;
  return fail(where, std::string(what) + " must be an integer");
}

// expression := assignment (',' assignment)*
bool Parser::expression(Value& v) {
  if (!assignment(v)) return false;
  while (accept(Tok::comma)) {
    const Value left = v;
    if (!assignment(v)) return false;
    if (left.node == 0) continue;
    const Value right = rvalue(v);
    v = arithmetic_.unknown(right.type, "its left side is not constant");
    note(v, Node::Kind::comma, {}, {&left, &right});
  }
  return true;
}

// conditional := binary ('?' expression? ':' conditional)?        `a ?: b` as in gcc
bool Parser::conditional(Value& v) {
  if (!binary_expression(v, 1)) return false;
  if (!at(Tok::question)) return true;
  Nest nest(*this);
  if (nest.too_deep()) return false;
  next();
  Value condition = rvalue(v);
  Value yes = condition;
  Value no;
  const bool no_middle = at(Tok::colon);
  if (!no_middle) {
    if (!expression(yes)) return false;
    yes = rvalue(yes);
  }
  if (!expect(Tok::colon, "':'") || !conditional(no)) return false;
  no = rvalue(no);
  // C11 6.5.15p5: both sides are converted to one type.
  TypeId type = arithmetic_.common(yes.type, no.type);
  if (type == kNoType) type = chosen_pointer(yes, no);
  bool is_true = false;
  if (!arithmetic_.truth(condition, is_true)) {
    v = arithmetic_.unknown(type, condition.why);
    if (no_middle)
      note(v, Node::Kind::conditional, {}, {&condition, &no});
    else
      note(v, Node::Kind::conditional, {}, {&condition, &yes, &no});
    return true;
  }
  const Value& chosen = is_true ? yes : no;
  v = chosen.type == type ? chosen : converted(chosen, type);
  return true;
}

// binary := cast (operator binary)*        by precedence climbing
bool Parser::binary_expression(Value& v, int min_precedence) {
  if (!cast_expression(v)) return false;
  for (;;) {
    Tok op = token_.kind;
    int level = cpreproc::precedence(op);
    if (level == 0 || level < min_precedence) return true;
    uint32_t where = token_.at;
    next();
    Value right;
    if (!binary_expression(right, level + 1)) return false;
    Value left = rvalue(v);
    right = rvalue(right);
    if (op == Tok::and_and || op == Tok::or_or) {
      // C11 6.5.13p4: the right side matters only when the left one has not decided.
      bool l = false;
      bool r = false;
      bool l_known = arithmetic_.truth(left, l);
      bool r_known = arithmetic_.truth(right, r);
      bool decides = op == Tok::or_or;
      if (l_known && l == decides)
        v = arithmetic_.integer(decides, arithmetic_.int_type());
      else if (l_known && r_known)
        v = arithmetic_.integer(r, arithmetic_.int_type());
      else
        v = arithmetic_.unknown(arithmetic_.int_type(), l_known ? right.why : left.why);
      note(v, Node::Kind::logical, token_text(op), {&left, &right});
      continue;
    }
    Result<Value> result = arithmetic_.binary(op, left, right);
    if (!result.ok()) {
      return fail(
          where, result.message() + ", not '" + spell(types_, left.type) + "' and '" + spell(types_, right.type) + "'");
    }
    v = *result;
    if (Node* node = note(v, Node::Kind::binary, token_text(op), {&left, &right}))
      node->common = arithmetic_.common(left.type, right.type);
  }
}

// cast := '(' type-name ')' (cast | '{' anything '}') | unary
// unary := ('+' | '-' | '~' | '!' | '*' | '&' | '&&') cast | 'sizeof' ... | postfix
bool Parser::cast_expression(Value& v) {
  Nest nest(*this);
  if (nest.too_deep()) return false;
  switch (token_.kind) {
    case Tok::kw_ignored:
      next();
      return cast_expression(v);  // __extension__
    case Tok::plus:
    case Tok::minus:
    case Tok::tilde:
    case Tok::bang:
    case Tok::star:
    case Tok::amp:
    case Tok::kw_real:
      return unary_operator(token_.kind, v);
    case Tok::increment:
    case Tok::decrement:
      if (tree_ == nullptr && !variable_bounds_) return fail_expected("an expression");
      return step(v, false) && postfix(v);
    case Tok::kw_sizeof:
      return sizeof_expression(true, v);
    case Tok::kw_alignof:
      return sizeof_expression(false, v);
    case Tok::l_paren:
      break;
    default:
      return primary(v) && postfix(v);
  }
  uint32_t where = token_.at;
  next();
  while (at(Tok::kw_ignored)) next();  // __extension__, of a type or of an expression
  if (tree_ != nullptr && at(Tok::l_brace)) return statement_expression(v) && postfix(v);
  if (variable_bounds_ && at(Tok::l_brace)) {  // gcc's ({...}), whose value nobody asks for
    if (!source_.skip_braces()) return fail_here("the block has no end");
    next();
    v = arithmetic_.unknown(arithmetic_.int_type(), kIsObject);
    return expect(Tok::r_paren, "')'") && postfix(v);
  }
  if (!type_start() && !attribute_token()) {
    if (!expression(v) || !expect(Tok::r_paren, "')'")) return false;
    return postfix(v);
  }
  TypeId type = kNoType;
  if (!type_name(type) || !expect(Tok::r_paren, "')' after the type")) return false;
  if (at(Tok::l_brace)) return compound_literal(type, v) && postfix(v);
  Value operand;
  if (!cast_expression(operand)) return false;
  operand = rvalue(operand);
  const Type& t = types_[type];
  if (t.kind == Kind::function) return fail(where, "a cast to a function type");
  bool from_floating = types_[operand.type].kind == Kind::floating || arithmetic_.is_decimal(operand.type);
  if (t.kind == Kind::pointer && from_floating) return fail(where, "a cast from a floating-point number to a pointer");
  // `(struct s)0` is not C, but LuaJIT takes it to name a member: only the type counts.
  v = is_record(t) || t.kind == Kind::array ? arithmetic_.unknown(type, kIsObject) : arithmetic_.convert(operand, type);
  note(v, Node::Kind::cast, {}, {&operand});
  return true;
}

bool Parser::unary_operator(Tok op, Value& v) {
  uint32_t where = token_.at;
  const char* part = token_.detail == 0 ? "__real__" : "__imag__";  // of kw_real
  next();
  if (op == Tok::star && where == bound_at_ && at(Tok::r_bracket)) {  // `[*]`
    v = arithmetic_.unknown(arithmetic_.int_type(), kIsObject);
    return true;
  }
  Value operand;
  if (!cast_expression(operand)) return false;
  if (op == Tok::amp) {
    v = operand;
    v.lvalue = false;
    v.type = types_.pointer_to(operand.type);
    if (v.known != Value::Known::integer || !operand.lvalue) v = arithmetic_.unknown(v.type, kIsAddress);
    note(v, Node::Kind::address, {}, {&operand});
    return true;
  }
  operand = rvalue(operand);
  if (op == Tok::star) {
    const Type& t = types_[operand.type];
    if (t.kind != Kind::pointer) return fail(where, "'*' needs a pointer, not '" + spell(types_, operand.type) + "'");
    v = dereferenced(operand);
    return true;
  }
  if (op == Tok::kw_real) {
    if (!arithmetic_.is_number(operand.type) && !arithmetic_.is_complex(operand.type)) {
      return fail(where, std::string("'") + part + "' needs a number, not '" + spell(types_, operand.type) + "'");
    }
    v = arithmetic_.unknown(arithmetic_.part_of(operand.type), kComplexIsUnknown);
    note(v, Node::Kind::unary, part, {&operand});
    return true;
  }
  Result<Value> result = arithmetic_.unary(op, operand);
  if (!result.ok()) return fail(where, result.message() + ", not '" + spell(types_, operand.type) + "'");
  v = *result;
  note(v, Node::Kind::unary, token_text(op), {&operand});
  return true;
}

// sizeof := ('sizeof' | '_Alignof') ( '(' type-name ')' | cast )
bool Parser::sizeof_expression(bool size, Value& v) {
  const bool preferred = token_.kind == Tok::kw_alignof && token_.detail == 1;
  next();
  uint32_t where = token_.at;
  TypeId type = kNoType;
  Value operand;
  if (at(Tok::l_paren)) {
    next();
    if (type_start() || attribute_token()) {
      if (!type_name(type) || !expect(Tok::r_paren, "')' after the type")) return false;
      if (at(Tok::l_brace)) {  // sizeof (int[]){1, 2}: the initialiser would have to be counted
        if (types_[type].kind == Kind::array && types_[type].count == kFlexible) {
          return fail(where, "the size of this compound literal is not known");
        }
        if (!source_.skip_braces()) return fail_here("the initialiser has no end");
        next();
        operand.type = type;
        operand.lvalue = true;
        if (!postfix(operand)) return false;
        type = operand.type;
      }
    } else {
      if (!expression(operand) || !expect(Tok::r_paren, "')'") || !postfix(operand)) return false;
      type = operand.type;
    }
  } else {
    if (!cast_expression(operand)) return false;
    type = operand.type;
  }
  const Type* t = &types_[type];
  if (t->kind == Kind::reference) t = &types_[t->base];  // C++ 7.6.2.5p2
  if (!size) {
    uint32_t align = t->align;
    // gcc: __alignof__ is what a variable gets, on i386 8 for scalars that are aligned to 4 in records.
    if (preferred && types_.target().arch == Arch::i386) {
      while (t->kind == Kind::array) t = &types_[t->base];
      const bool wide = t->size == 8 || t->scalar == Scalar::cdouble;
      if (wide && align == 4 && t->scalar != Scalar::cfloat && !is_record(*t)) align = 8;
    }
    v = arithmetic_.integer(align, arithmetic_.size_type());
    return true;
  }
  uint64_t bytes = t->size;
  if (t->kind == Kind::void_ || t->kind == Kind::function) {
    bytes = 1;  // gcc
  } else if (variable_bounds_ && t->kind == Kind::array && t->count == kFlexible) {
    v = arithmetic_.unknown(arithmetic_.size_type(), kIsObject);
    return true;
  } else if ((t->flags & (kIncomplete | kVariable)) != 0) {
    return fail(where, "the size of '" + spell(types_, type) + "' is not known");
  }
  v = arithmetic_.integer(static_cast<int64_t>(bytes), arithmetic_.size_type());
  return true;
}

// postfix := primary ( '[' expression ']' | '.' name | '->' name | '(' anything ')' )*
bool Parser::postfix(Value& v) {
  for (;;) {
    bool ok = true;
    switch (token_.kind) {
      case Tok::l_bracket:
        ok = subscript(v);
        break;
      case Tok::dot:
        ok = member(v, false);
        break;
      case Tok::arrow:
        ok = member(v, true);
        break;
      case Tok::l_paren: {  // a call: only its type is known
        Value callee = rvalue(v);
        const Type& t = types_[callee.type];
        if (t.kind != Kind::pointer || types_[t.base].kind != Kind::function) return fail_expected("an operator");
        if (tree_ != nullptr) {
          ok = call(v, t.base);
          break;
        }
        v = arithmetic_.unknown(types_[t.base].base, "a call is not constant");
        ok = skip_parentheses();
        break;
      }
      case Tok::assign:
      case Tok::other_assign:
        if (tree_ != nullptr || variable_bounds_) return true;
        return fail_expected("an operator of constant expressions");
      case Tok::increment:
      case Tok::decrement:
        if (tree_ == nullptr && !variable_bounds_) return fail_expected("an operator of constant expressions");
        ok = step(v, true);
        break;
      default:
        return true;
    }
    if (!ok) return false;
  }
}

bool Parser::subscript(Value& v) {
  uint32_t where = token_.at;
  next();
  Value index;
  if (!expression(index) || !expect(Tok::r_bracket, "']'")) return false;
  Value base = rvalue(v);
  index = rvalue(index);
  Result<Value> sum = arithmetic_.binary(Tok::plus, base, index);
  if (!sum.ok() || types_[sum->type].kind != Kind::pointer) {
    return fail(where, "'" + spell(types_, base.type) + "' cannot be indexed");
  }
  v = *sum;
  v.type = types_[sum->type].base;
  v.lvalue = true;
  note(v, Node::Kind::index, {}, {&base, &index});
  return true;
}

bool Parser::member(Value& v, bool through_pointer) {
  uint32_t where = token_.at;
  next();
  if (!at(Tok::identifier)) return fail_expected("the name of a member");
  NameId name = token_name();
  Value object = v;
  if (through_pointer) {
    const Value pointer = rvalue(v);
    if (types_[pointer.type].kind != Kind::pointer) {
      return fail(where, "'->' needs a pointer, not '" + spell(types_, pointer.type) + "'");
    }
    object = dereferenced(pointer);
  } else if (types_[object.type].kind == Kind::reference) {
    object = arithmetic_.unknown(types_[object.type].base, kIsObject);
  }
  if (!is_record(types_[object.type])) {
    return fail(where, "'" + spell(types_, object.type) + "' has no members");
  }
  FieldPath path = types_.find_field(object.type, name);
  if (path.constant != nullptr) {
    const Constant& c = path.constant->value;
    v = types_[c.type].kind == Kind::floating ? arithmetic_.floating(c.floating, c.type)
                                              : arithmetic_.integer(c.integer, c.type);
    next();
    return true;
  }
  if (path.field == nullptr) {
    return fail_here("'" + spell(types_, object.type) + "' has no member " + shown(types_.name(name)) +
                     suggest_member(types_, object.type, types_.name(name)));
  }
  next();
  v = object;
  v.type = types_.qualified(path.field->type, static_cast<uint8_t>(types_[object.type].quals | path.quals));
  v.bits = path.field->is_bitfield() ? path.field->bit_width : 0;
  v.integer = static_cast<int64_t>(static_cast<uint64_t>(object.integer) + path.offset);
  if (Node* node = note(v, Node::Kind::member, types_.name(name), {&object})) {
    node->integer = static_cast<int64_t>(path.offset);
    node->to = v.bits;
  }
  return true;
}

// primary := number | character | string+ | name | '$' | builtin
bool Parser::primary(Value& v) {
  switch (token_.kind) {
    case Tok::number:
    case Tok::character: {
      Result<Value> value = at(Tok::number) ? number_value(types_, token_.text) : character_value(types_, token_.text);
      if (!value.ok()) return fail_here(value.message());
      v = *value;
      if (arithmetic_.is_complex(v.type)) {
        if (Node* node = note(v, Node::Kind::constant, {}, {})) node->integer = v.integer, node->floating = v.floating;
      } else if (arithmetic_.is_decimal(v.type)) {
        note(v, Node::Kind::constant, token_.text.substr(0, token_.text.size() - 2), {});  // without the suffix
      }
      next();
      return true;
    }
    case Tok::string: {
      TypeId element = string_element(types_, token_.text);
      std::vector<std::string_view> parts;
      for (; at(Tok::string); next()) {
        TypeId this_element = string_element(types_, token_.text);
        if (types_[this_element].size > types_[element].size) element = this_element;
        parts.push_back(token_.text);
      }
      uint64_t length = 1;
      std::string text;
      for (const std::string_view part : parts)
        length += decode_string(part, static_cast<unsigned>(types_[element].size), tree_ != nullptr ? &text : nullptr);
      Result<TypeId> array = types_.array_of(element, length);
      if (!array.ok()) return fail_here(array.message());
      v = arithmetic_.unknown(*array, "a string is not a constant number");
      v.lvalue = true;
      note(v, Node::Kind::string, text, {});
      return true;
    }
    case Tok::integer_substitute: {
      // As wide as needed, like an unsuffixed decimal.
      bool fits = token_.integer >= INT32_MIN && token_.integer <= INT32_MAX;
      v = arithmetic_.integer(token_.integer, fits ? arithmetic_.int_type() : scalar_type(Scalar::int64));
      next();
      return true;
    }
    case Tok::value_substitute: {
      v = arithmetic_.unknown(static_cast<TypeId>(token_.integer & UINT32_MAX), "an argument is not constant");
      v.lvalue = is_record(types_[v.type]) || types_[v.type].kind == Kind::array;
      if (Node* node = note(v, Node::Kind::argument, {}, {})) node->integer = token_.integer >> 32;
      next();
      return true;
    }
    case Tok::identifier:
      return identifier_value(v);
    case Tok::kw_offsetof:
      return offsetof_expression(v);
    case Tok::kw_types_compatible:
    case Tok::kw_choose_expr:
    case Tok::kw_constant_p:
      return builtin_expression(v);
    default:
      return fail_expected("an expression");
  }
}

bool Parser::identifier_value(Value& v) {
  NameId name = token_name();
  if (const Local* local = find_local(name); local != nullptr && local->what != Local::What::symbol)
    return local_value(*local, v);
  if (const Param* param = visible_parameter(name)) {
    v = arithmetic_.unknown(param->type, kIsObject);
    v.lvalue = true;
    next();
    return true;
  }
  const Symbol* symbol = lookup(name);
  if (symbol == nullptr) {
    // Macros of the standard headers, which nobody includes here.
    if (token_.text == "offsetof") return offsetof_expression(v);
    if (token_.text == "alignof") return sizeof_expression(false, v);
    if (token_.text == "true" || token_.text == "false") {
      v = arithmetic_.integer(token_.text == "true", arithmetic_.int_type());
      next();
      return true;
    }
    if (token_.text == "nullptr") {  // C23 6.4.4.6
      v = arithmetic_.integer(0, types_.pointer_to(scalar_type(Scalar::void_)));
      next();
      return true;
    }
    if (token_.text == "_Generic") return generic_selection(v);
    if (!function_name_.empty() && function_name_word(token_.text)) {  // C11 6.4.2.2
      const Result<TypeId> array = types_.array_of(scalar_type(Scalar::char_), function_name_.size() + 1);
      v = arithmetic_.unknown(*array, "a string is not a constant number");
      v.lvalue = true;
      note(v, Node::Kind::string, function_name_, {});
      next();
      return true;
    }
    bool is_builtin = false;
    if (!floating_builtin(v, is_builtin)) return false;
    if (!is_builtin && tree_ != nullptr && !builtin_call(v, is_builtin)) return false;
    if (!is_builtin && tree_ != nullptr && !atomic_call(v, is_builtin)) return false;
    if (is_builtin) return true;
    if (unknown_names_) {
      v = arithmetic_.unknown(arithmetic_.int_type(), kIsObject);
      next();
      return true;
    }
    if (statement_word(token_.text)) return fail_here(shown(token_.text) + " begins a statement, which has no value");
    for (const std::string_view prefix : {"__builtin_", "__sync_", "__atomic_"}) {
      if (tree_ != nullptr && token_.text.substr(0, prefix.size()) == prefix)
        return fail_here("the compiler's own " + shown(token_.text) + " is not run");
    }
    const uint32_t where = token_.at;
    const std::string word(token_.text);
    if (taken_ == statement_at_) {  // it may be a label
      next();
      v = arithmetic_.unknown(arithmetic_.int_type(), "a label has no value");
      if (at(Tok::colon)) return true;
    }
    return fail(where, "undeclared identifier " + shown(word));
  }
  switch (symbol->kind) {
    case Symbol::Kind::constant: {
      const Constant& c = symbol->constant;
      v = types_[c.type].kind == Kind::floating ? arithmetic_.floating(c.floating, c.type)
                                                : arithmetic_.integer(c.integer, c.type);
      break;
    }
    case Symbol::Kind::variable:
      v = arithmetic_.unknown(symbol->type, kIsObject);
      v.lvalue = true;
      note(v, Node::Kind::variable, token_.text, {});
      break;
    case Symbol::Kind::function:
      v = arithmetic_.unknown(symbol->type, kIsAddress);
      note(v, Node::Kind::function, token_.text, {});
      break;
    default:
      return fail_expected("an expression");
  }
  next();
  return true;
}

// offsetof := ('offsetof' | '__builtin_offsetof') '(' type-name ',' name ('.' name | '->' name | '[' expression ']')*
// ')'
bool Parser::offsetof_expression(Value& v) {
  next();
  if (!expect(Tok::l_paren, "'(' after offsetof")) return false;
  uint32_t where = token_.at;
  TypeId type = kNoType;
  if (!type_name(type)) return false;
  if (!is_record(types_[type]) || (types_[type].flags & kIncomplete) != 0) {
    return fail(where, "'" + spell(types_, type) + "' has no members");
  }
  if (!at(Tok::comma)) return fail_expected("','");
  Value object = arithmetic_.integer(0, arithmetic_.size_type());
  object.type = type;
  object.lvalue = true;
  if (!member(object, false)) return false;  // takes the ',' as if it were a '.'
  while (at(Tok::dot) || at(Tok::arrow) || at(Tok::l_bracket)) {
    bool ok = at(Tok::l_bracket) ? subscript(object) : member(object, at(Tok::arrow));
    if (!ok) return false;
  }
  if (object.known != Value::Known::integer || !object.lvalue) {
    return fail(where, "the offset is not constant");
  }
  v = arithmetic_.integer(object.integer, arithmetic_.size_type());
  return expect(Tok::r_paren, "')'");
}

}  // namespace ferry::cparse
