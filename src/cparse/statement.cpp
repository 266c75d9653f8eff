// Bodies of functions as trees (expression.h): statements, and the objects that blocks declare. What the trees have no
// node for is an error that says what it is.
#include <charconv>
#include <utility>

#include "cparse/expression.h"
#include "cparse/parser_state.h"
#include "ctype/spell.h"

namespace ferry::cparse {

const Local* Parser::find_local(NameId name, bool is_tag) const {
  for (size_t i = locals_.size(); i > 0; --i) {
    if (locals_[i - 1].name == name && (locals_[i - 1].what == Local::What::tag) == is_tag) return &locals_[i - 1];
  }
  return nullptr;
}

// A tag as it is used, or defined: a block defines one of its own, C11 6.2.1p4. kNoType: it is new.
TypeId Parser::find_tag(NameId tag, bool has_body) const {
  const Local* local = tree_ != nullptr ? find_local(tag, true) : nullptr;
  if (local == nullptr) return tree_ != nullptr && has_body ? kNoType : types_.find_tag(tag);
  return has_body && (types_[local->type].flags & kIncomplete) == 0 ? kNoType : local->type;
}

void Parser::declare_tag(NameId tag, TypeId type) {
  if (tree_ != nullptr)
    locals_.push_back({tag, type, 0, Local::What::tag});
  else
    types_.declare_tag(tag, type);
}

uint32_t Parser::add_local(NameId name, TypeId type) {
  locals_.push_back({name, type, next_local_});
  return next_local_++;
}

uint32_t Parser::add_node(Node::Kind kind, uint32_t first) {
  Node node;
  node.kind = kind;
  node.first = first;
  tree_->nodes.push_back(std::move(node));
  return static_cast<uint32_t>(tree_->nodes.size() - 1);
}

// Adds a node behind the others. `last`: the one before, 0: none.
void Parser::chain(uint32_t& first, uint32_t& last, uint32_t id) {
  (last == 0 ? first : tree_->nodes[last].next) = id;
  last = id;
}

// Statements begin with words that are no keywords elsewhere: as identifiers they are nobody's.
bool Parser::at_word(std::string_view word) {
  return at(Tok::identifier) && token_.text == word && !token_.raw_name();
}

// statement := block | ';' | 'if' ... | 'while' ... | 'do' ... | 'for' ... | 'switch' ... | 'return' expression? ';'
//            | ('break' | 'continue') ';' | 'goto' name ';' | expression ';' | (case-label | name ':') statement
// `value`: receives what an expression statement gives; may be null. `in_block`: its labels may stand alone.
bool Parser::statement(uint32_t& id, Value* value, bool in_block) {
  Nest nest(*this);
  if (nest.too_deep()) return false;
  if (at(Tok::l_brace)) {
    next();
    return block(id, nullptr);
  }
  if (accept(Tok::semicolon)) {
    id = add_node(Node::Kind::block);
    return true;
  }
  if (at(Tok::kw_asm)) return fail_here("assembler is not run");
  if (at_word("case") || at_word("default")) {
    uint32_t first = 0;
    uint32_t last = 0;
    uint32_t labelled = 0;
    if (!case_label(first, last) || !statement(labelled, value)) return false;
    chain(first, last, labelled);
    id = add_node(Node::Kind::block, first);
    return true;
  }
  if (at_word("if")) return if_statement(id);
  if (at_word("while") || at_word("do")) return loop(id);
  if (at_word("for")) return for_loop(id);
  if (at_word("switch")) return switch_statement(id);
  if (at_word("return")) return return_statement(id);
  if (at_word("break") || at_word("continue")) {
    const bool ends = token_.text == "break";
    if (ends ? breakable_ == 0 : continuable_ == 0) return fail_here(shown(token_.text) + " has nothing around it");
    next();
    id = add_node(ends ? Node::Kind::break_ : Node::Kind::continue_);
    return expect(Tok::semicolon, "';'");
  }
  if (at_word("goto")) return goto_statement(id);
  const bool has_name = at(Tok::identifier);
  const std::string name(has_name ? token_.text : std::string_view());
  const uint32_t begin = taken_;
  statement_at_ = has_name ? begin : 0;
  Value v;
  if (!expression(v)) return false;
  if (has_name && at(Tok::colon) && taken_ == begin + 1) return label_statement(name, id, value, in_block);
  if (!expect(Tok::semicolon, "';'")) return false;
  v = rvalue(v);
  if (value != nullptr) *value = v;
  id = add_node(Node::Kind::evaluate, operand_node(v));
  return true;
}

// goto-statement := 'goto' name ';'
bool Parser::goto_statement(uint32_t& id) {
  next();
  if (at(Tok::star)) return fail_here("'goto' to a computed address is not run");
  if (!at(Tok::identifier)) return fail_expected("a label");
  id = add_node(Node::Kind::goto_);
  tree_->nodes[id].text = token_.text;
  next();
  return expect(Tok::semicolon, "';'");
}

// Behind the name of a label, at its ':'. In a block what follows need not be a statement, and is not read: gcc, C23.
bool Parser::label_statement(std::string_view name, uint32_t& id, Value* value, bool in_block) {
  next();
  const uint32_t label = add_node(Node::Kind::label);
  tree_->nodes[label].text = name;
  Attributes unused;
  while (at(Tok::kw_attribute)) {
    if (!attributes(unused, nullptr)) return false;
  }
  id = label;
  if (in_block) return true;
  uint32_t first = 0;
  uint32_t last = 0;
  uint32_t labelled = 0;
  if (!statement(labelled, value)) return false;
  chain(first, last, label);
  chain(first, last, labelled);
  id = add_node(Node::Kind::block, first);
  return true;
}

// block := (declaration | static-assertion | attributes ';' | case-label | '__label__' names ';' | statement)* '}'
// The '{' is taken already. `value`: receives that of the last statement, `void` if it has none; may be null.
bool Parser::block(uint32_t& id, Value* value) {
  Nest nest(*this);
  if (nest.too_deep()) return false;
  const size_t outer = locals_.size();
  uint32_t first = 0;
  uint32_t last = 0;
  while (!at(Tok::r_brace)) {
    if (at(Tok::end)) return fail_expected("'}'");
    Attributes unused;
    while (at(Tok::kw_ignored)) next();
    if (at(Tok::kw_attribute) && (!attributes(unused, nullptr) || at(Tok::error))) return false;
    if (accept(Tok::semicolon)) continue;  // gcc: behind the last expression it takes no value from a block
    if (value != nullptr) *value = arithmetic_.unknown(scalar_type(Scalar::void_), "a block has no value");
    if (at(Tok::l_bracket)) {  // [[fallthrough]];
      if (!c23_attributes(unused)) return false;
      continue;
    }
    if (static_assert_word()) {
      if (!static_assertion() || !expect(Tok::semicolon, "';' after the assertion")) return false;
    } else if (at_word("__label__")) {
      do {
        next();
        if (!expect(Tok::identifier, "a label")) return false;
      } while (at(Tok::comma));
      if (!expect(Tok::semicolon, "';'")) return false;
    } else if (at(Tok::kw_typedef) || at(Tok::kw_extern) || at(Tok::kw_static) || at(Tok::kw_thread) ||
               at(Tok::kw_auto) || type_start()) {
      if (!local_declaration(first, last)) return false;
    } else if (at_word("case") || at_word("default")) {
      if (!case_label(first, last)) return false;
    } else {
      uint32_t one = 0;
      if (!statement(one, value, true)) return false;
      chain(first, last, one);
    }
  }
  next();
  locals_.resize(outer);
  id = add_node(Node::Kind::block, first);
  return true;
}

// local-declaration := specifiers (declarator attributes ('=' initialiser)? ','?)* ';'
bool Parser::local_declaration(uint32_t& first, uint32_t& last) {
  Specifiers s;
  const uint32_t start = token_.at;
  implicit_tags_ = at(Tok::kw_typedef);  // `typedef struct s s;` before the definition
  const bool ok = specifiers(s, ~0u) && attributes_of_type(s);
  implicit_tags_ = false;
  if (!ok) return false;
  if (s.is_of_thread) return fail(start, "an object of each thread is not run");
  if (accept(Tok::semicolon)) return true;
  do {
    TypeId type = kNoType;
    uint32_t where = token_.at;
    NameId name = kNoName;
    if (s.deduced) {
      if (!at(Tok::identifier)) return fail_expected("a name to declare");
      name = token_name();
      next();
    } else {
      Declarator d;
      begin(d, Naming::named);
      if (!declarator(d) || !build(d, s, type)) return false;
      where = d.at;
      name = d.name;
      if (s.storage == Storage::typedef_ || s.storage == Storage::extern_ || types_[type].kind == Kind::function) {
        if (!declare_in_block(d, type, s)) return false;
        continue;
      }
    }
    // The object is known to its own initialiser: C11 6.2.1p7.
    const uint32_t number = add_local(name, type);
    const size_t place = locals_.size() - 1;
    uint32_t initial = 0;
    if (at(Tok::assign)) {
      next();
      if (!local_initialiser(type, initial)) return false;
      locals_[place].type = type;
    } else if (s.deduced) {
      return fail_expected("'=' and a value, from which the type is taken");
    }
    if ((types_[type].flags & (kIncomplete | kVariable)) != 0 || types_[type].kind == Kind::void_)
      return fail(where, "the size of '" + spell(types_, type) + "' is not known");
    const uint32_t id = add_node(Node::Kind::declare, initial);
    tree_->nodes[id].integer = number;
    tree_->nodes[id].type = type;
    if (s.storage == Storage::static_) tree_->nodes[id].text = "static";
    chain(first, last, id);
  } while (accept(Tok::comma));
  return expect(Tok::semicolon, "';' after the declaration");
}

// What is no object of the block: a type; or what has a symbol, which is the same for all blocks (C11 6.2.2p4).
bool Parser::declare_in_block(const Declarator& d, TypeId type, const Specifiers& s) {
  if (at(Tok::assign)) return fail_here(shown(types_.name(d.name)) + " cannot be initialised here");
  const bool is_type = s.storage == Storage::typedef_;
  if (is_type) {
    type = aligned_as(d, s.attributes, type);
  } else if (!declare(d, type, Storage::extern_, s.attributes)) {
    return false;
  }
  locals_.push_back({d.name, type, 0, is_type ? Local::What::type : Local::What::symbol});
  return true;
}

// initialiser := '{' ... '}' | assignment        Completes the type: `int a[] = {1, 2}`, `auto x = 1`.
bool Parser::local_initialiser(TypeId& type, uint32_t& id) {
  const bool open = type != kNoType && types_[type].kind == Kind::array && types_[type].count == kFlexible;
  const auto complete = [&](uint64_t count) {
    const Result<TypeId> array = types_.array_of(types_[type].base, count);
    if (!array.ok()) return fail_here(array.message());
    type = *array;
    return true;
  };
  Value v;
  if (at(Tok::l_brace) && type != kNoType) {
    if (!compound_literal(type, v)) return false;
    id = operand_node(v);
    return true;
  }
  if (!assignment(v)) return false;
  if (type == kNoType) {
    v = rvalue(v);
    type = types_[v.type].unqualified;
  } else if (types_[type].kind == Kind::array) {
    if (v.node == 0 || tree_->nodes[v.node].kind != Node::Kind::string)
      return fail_here("an array is initialised by braces or a string");
    if (open && !complete(types_[v.type].count)) return false;
    id = operand_node(v);
    return true;
  } else {
    v = rvalue(v);
    if (!is_record(types_[type])) v = converted(v, types_[type].unqualified);
  }
  id = operand_node(v);
  return true;
}

// condition := '(' expression ')'
bool Parser::condition(uint32_t& id) {
  Value v;
  if (!expect(Tok::l_paren, "'('") || !expression(v)) return false;
  id = operand_node(rvalue(v));
  return expect(Tok::r_paren, "')'");
}

// if-statement := 'if' condition statement ('else' statement)?
bool Parser::if_statement(uint32_t& id) {
  uint32_t first = 0;
  uint32_t last = 0;
  uint32_t part = 0;
  next();
  if (!condition(part)) return false;
  chain(first, last, part);
  if (!statement(part, nullptr)) return false;
  chain(first, last, part);
  if (at_word("else")) {
    next();
    if (!statement(part, nullptr)) return false;
    chain(first, last, part);
  }
  id = add_node(Node::Kind::if_, first);
  return true;
}

// loop := 'while' condition statement | 'do' statement 'while' condition ';'
bool Parser::loop(uint32_t& id) {
  const bool condition_first = token_.text == "while";
  uint32_t first = 0;
  uint32_t last = 0;
  uint32_t part = 0;
  next();
  if (condition_first) {
    if (!condition(part)) return false;
    chain(first, last, part);
  }
  ++breakable_;
  ++continuable_;
  if (!statement(part, nullptr)) return false;
  --breakable_;
  --continuable_;
  chain(first, last, part);
  if (!condition_first) {
    if (!at_word("while")) return fail_expected("'while'");
    next();
    if (!condition(part) || !expect(Tok::semicolon, "';' after the loop")) return false;
    chain(first, last, part);
  }
  id = add_node(condition_first ? Node::Kind::while_ : Node::Kind::do_, first);
  return true;
}

// for-loop := 'for' '(' (declaration | expression? ';') expression? ';' expression? ')' statement
bool Parser::for_loop(uint32_t& id) {
  const size_t outer = locals_.size();
  next();
  if (!expect(Tok::l_paren, "'(' after 'for'")) return false;
  // An expression that may be missing, as a block.
  const auto optional = [&](Tok end, std::string_view what, uint32_t& part) {
    uint32_t evaluated = 0;
    if (!at(end)) {
      Value v;
      if (!expression(v)) return false;
      evaluated = add_node(Node::Kind::evaluate, operand_node(rvalue(v)));
    }
    part = add_node(Node::Kind::block, evaluated);
    return expect(end, what);
  };
  uint32_t before = 0;
  if (type_start() || at(Tok::kw_auto)) {
    uint32_t first = 0;
    uint32_t last = 0;
    if (!local_declaration(first, last)) return false;
    before = add_node(Node::Kind::block, first);
  } else if (!optional(Tok::semicolon, "';'", before)) {
    return false;
  }
  Value v = arithmetic_.integer(1, arithmetic_.int_type());
  if (!at(Tok::semicolon) && !expression(v)) return false;
  const uint32_t test = operand_node(rvalue(v));
  uint32_t behind = 0;
  if (!expect(Tok::semicolon, "';'") || !optional(Tok::r_paren, "')'", behind)) return false;
  ++breakable_;
  ++continuable_;
  uint32_t body = 0;
  if (!statement(body, nullptr)) return false;
  --breakable_;
  --continuable_;
  locals_.resize(outer);
  uint32_t first = 0;
  uint32_t last = 0;
  for (const uint32_t part : {before, test, behind, body}) chain(first, last, part);
  id = add_node(Node::Kind::for_, first);
  return true;
}

// switch-statement := 'switch' condition statement        its labels are anywhere in that but in another switch
bool Parser::switch_statement(uint32_t& id) {
  next();
  const uint32_t where = token_.at;
  Value v;
  if (!expect(Tok::l_paren, "'(' after 'switch'") || !expression(v)) return false;
  v = rvalue(v);
  if (!arithmetic_.is_integer(v.type)) return fail(where, "'switch' needs an integer");
  const TypeId outer = switched_;
  switched_ = arithmetic_.promoted(v.type);
  uint32_t first = 0;
  uint32_t last = 0;
  chain(first, last, operand_node(converted(v, switched_)));
  if (!expect(Tok::r_paren, "')'")) return false;
  ++breakable_;
  uint32_t body = 0;
  if (!statement(body, nullptr)) return false;
  --breakable_;
  switched_ = outer;
  chain(first, last, body);
  id = add_node(Node::Kind::switch_, first);
  return true;
}

// case-label := ('case' constant ('...' constant)? | 'default') ':'
bool Parser::case_label(uint32_t& first, uint32_t& last) {
  if (switched_ == kNoType) return fail_here(shown(token_.text) + " has no 'switch' around it");
  const bool is_case = token_.text == "case";
  next();
  const uint32_t id = add_node(is_case ? Node::Kind::case_ : Node::Kind::default_);
  if (is_case) {
    Value v;
    // Constants have 64 bits, whatever is switched.
    const auto converted_label = [&] {
      return types_[switched_].size > 8 ? v.integer : arithmetic_.convert(v, switched_).integer;
    };
    if (!constant_integer(v, "the label of a case")) return false;
    tree_->nodes[id].integer = tree_->nodes[id].to = converted_label();
    if (accept(Tok::ellipsis)) {
      if (!constant_integer(v, "the label of a case")) return false;
      tree_->nodes[id].to = converted_label();
    }
    tree_->nodes[id].type = switched_;
  }
  chain(first, last, id);
  return expect(Tok::colon, "':'");
}

// return-statement := 'return' expression? ';'
bool Parser::return_statement(uint32_t& id) {
  if (returned_ == kNoType) return fail_here("'return' within an expression is not run");
  const uint32_t where = token_.at;
  next();
  uint32_t value = 0;
  const bool is_void = types_[returned_].kind == Kind::void_;
  if (!at(Tok::semicolon)) {
    Value v;
    if (!expression(v)) return false;
    v = rvalue(v);
    if (!is_void && v.type != types_[returned_].unqualified) v = converted(v, types_[returned_].unqualified);
    value = operand_node(v);
  } else if (!is_void) {
    return fail(where, "'return' without a value");
  }
  id = add_node(Node::Kind::return_, value);
  return expect(Tok::semicolon, "';'");
}

// statement-expression := '{' block        gcc's, in parentheses: the value is that of the last statement
bool Parser::statement_expression(Value& v) {
  next();
  Value value;
  uint32_t body = 0;
  // It is entered at its beginning and left at its end only.
  const int breakable = std::exchange(breakable_, 0);
  const int continuable = std::exchange(continuable_, 0);
  const TypeId returned = std::exchange(returned_, kNoType);
  const TypeId switched = std::exchange(switched_, kNoType);
  if (!block(body, &value)) return false;
  breakable_ = breakable;
  continuable_ = continuable;
  returned_ = returned;
  switched_ = switched;
  if (value.type == kNoType) value.type = scalar_type(Scalar::void_);
  v = arithmetic_.unknown(value.type, "a block is not constant");
  if (Node* node = note(v, Node::Kind::result, {}, {})) node->first = body;
  return expect(Tok::r_paren, "')' after the block");
}

bool Parser::whole_body(const Symbol& function, Expression& tree) {
  const Function& f = types_.function(function.type);
  next();
  tree_ = &tree;
  implicit_tags_ = false;
  returned_ = f.result;
  function_name_ = types_.name(function.name);
  std::string_view names = function.body;
  for (const Param& param : f.params) {
    const size_t comma = names.find(',');
    if (comma == std::string_view::npos) return fail_here("its parameters are not known");
    std::string_view name = names.substr(0, comma);
    names.remove_prefix(comma + 1);
    TypeId type = param.type;
    if (const size_t colon = name.find(':'); colon != std::string_view::npos) {
      std::from_chars(name.data() + colon + 1, name.data() + name.size(), type);
      name = name.substr(0, colon);
    }
    tree.params.push_back(type);
    add_local(name.empty() ? kNoName : types_.intern(name), type);
  }
  const bool ok = block(tree.root, nullptr) && (at(Tok::end) || fail_expected("the end of the body"));
  tree_ = nullptr;
  return ok && !failed_;
}

}  // namespace ferry::cparse
