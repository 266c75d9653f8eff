// The entries of the folder, and what every production uses: tokens, errors, names.
#include "cparse/parser.h"

#include "cparse/parser_state.h"
#include "cparse/predefined.h"
#include "ctype/suggest.h"

namespace ferry::cparse {

namespace {

cpreproc::State& state_for(const Input& input, TypeTable& types, std::optional<cpreproc::State>& own) {
  return input.macros != nullptr ? *input.macros : own.emplace(types.target());
}

}  // namespace

Parser::Parser(TypeTable& types, const Input& input)
    : types_(types),
      arithmetic_(types),
      source_(state_for(input, types, own_state_), input.text, input.name, input.substitutes),
      declared_(input.declared),
      pieces_(input.pieces),
      text_(input.text),
      place_(input.place),
      strict_(input.strict),
      closed_(input.closed) {}

// --- tokens and errors --------------------------------------------------------------------------

void Parser::next() {
  token_name_ = kNoName;
  ++taken_;
  for (;;) {
    source_.next(token_);
    if (token_.kind == Tok::identifier) {
      if (!token_.raw_name()) recognise_keyword(token_);
      return;
    }
    if (token_.kind != Tok::pragma) return;
    if (!pragma()) {
      token_.kind = Tok::error;
      return;
    }
  }
}

bool Parser::accept(Tok kind) {
  if (token_.kind != kind) return false;
  next();
  return true;
}

bool Parser::expect(Tok kind, std::string_view what) {
  if (token_.kind != kind) return fail_expected(what);
  next();
  return true;
}

NameId Parser::token_name() {
  if (token_name_ == kNoName) token_name_ = types_.intern(token_.text);
  return token_name_;
}

bool Parser::fail(uint32_t where, std::string message) {
  if (failed_) return false;
  failed_ = true;
  error_at_ = where;
  error_ = std::move(message);
  return false;
}

bool Parser::fail_expected(std::string_view what) {
  if (failed_) return false;
  if (at(Tok::error)) {
    const std::string& error = source_.error();
    const bool said =
        !source_.error_is_of_token() || token_.text.empty() || error.find(shown(token_.text)) != std::string::npos;
    return fail(token_.at, said ? error : error + ", got " + shown(token_.text));
  }
  std::string message = "expected ";
  message += what;
  message += ", got ";
  message += at(Tok::pragma_end) ? "end of line" : at(Tok::end) ? "end of text" : shown(token_.text);
  return fail(token_.at, std::move(message));
}

bool Parser::fail_nesting() {
  if (depth_ <= kMaxNesting) return fail_here("nested too deeply for this thread's C stack");
  return fail_here("nested deeper than " + std::to_string(kMaxNesting) + " levels");
}

// "sentence [near 'token'] at line L, column C", or "... at file.h:L:C (included at ...)"; the token is left out where
// the sentence has it already.
Error Parser::error() {
  std::string message = error_;
  if (message.find(", got ") == std::string::npos) {
    const std::string_view text = source_.text_at(error_at_);
    const std::string token = shown(text);
    const bool said =
        text.empty() || message.find(token.substr(1)) != std::string::npos;  // also the end of 'struct tag'
    if (!said) message += " near " + token;
  }
  return Error{message + " at " + source_.sources().describe(error_at_)};
}

// Skips '(' ... ')', the current token being the '('.
bool Parser::skip_parentheses() {
  size_t depth = 0;
  do {
    if (at(Tok::l_paren)) ++depth;
    if (at(Tok::r_paren)) --depth;
    if (at(Tok::end) || at(Tok::error)) return fail_expected("')'");
    next();
  } while (depth > 0);
  return true;
}

// Whether the current token is `word`, which later standards and headers make a keyword, and nobody has declared it.
bool Parser::at_undeclared(std::string_view word) {
  return at(Tok::identifier) && token_.text == word && !token_.raw_name() && lookup(token_name()) == nullptr;
}

// C11 6.2.1p4: parameters are visible from their declarators to the end of the prototype. Null: none of this name.
const Param* Parser::visible_parameter(NameId name) const {
  if (prototypes_ == 0) return nullptr;
  const size_t all = params_.size();
  for (size_t i = all; i > 0 && all - i < kMaxParameters; --i) {
    if (params_[i - 1].name == name) return &params_[i - 1];
  }
  return nullptr;
}

// A declared identifier, or a predefined type's, which is declared by being looked up. Null: unknown.
const Symbol* Parser::lookup(NameId name) {
  if (pieces_ != nullptr) note_asked(name);
  const Symbol* symbol = types_.find_symbol(name);
  if (symbol != nullptr && symbol->kind != Symbol::Kind::none) return symbol;
  TypeId type = predefined_type(types_, types_.name(name));
  if (type == kNoType) return nullptr;
  Symbol predefined;
  predefined.kind = Symbol::Kind::type_name;
  predefined.name = name;
  predefined.type = type;
  types_.declare(predefined);
  return types_.find_symbol(name);
}

// --- entries ------------------------------------------------------------------------------------

// translation-unit := external-declaration*    The only declaration of a text may lack its `;`.
bool Parser::translation_unit() {
  next();
  bool first = true;
  while (!at(Tok::end)) {
    bool ended = true;  // by `;` or a body, not by the end of the text
    const size_t declared = declared_ != nullptr ? declared_->size() : 0;
    if (pieces_ != nullptr) begin_piece();
    if (!external_declaration(ended)) return false;
    if (pieces_ != nullptr) end_piece(declared);
    if (!ended && !(first && at(Tok::end))) return fail_expected("';' after declaration");
    first = false;
  }
  if (linkage_depth_ > 0) return fail_expected("'}' to close extern \"C\"");
  return !failed_;
}

// whole-type := specifiers declarator? end
// A name is allowed in a prototype, as it is copied from a header. In `unsigned itn` it is a misspelt word of the type.
bool Parser::whole_type(TypeId& type) {
  implicit_tags_ = false;
  next();
  Specifiers s;
  Declarator d;
  begin(d, Naming::either);
  if (!specifiers(s, 0) || !declarator(d)) return false;
  if (d.name != kNoName && !has_parameters(d)) {
    const std::string_view name = types_.name(d.name);
    return fail(d.at, "expected end of type, got " + shown(name) + suggest_type(types_, name));
  }
  if (!build(d, s, type)) return false;
  if (!at(Tok::end)) return fail_expected("end of type");
  uint32_t align = d.attributes.align != 0 ? d.attributes.align : s.attributes.align;
  if (align != 0) type = types_.aligned(type, align);
  // The name of a function stands for a pointer to it (C 6.3.2.1p4).
  if (d.name != kNoName && types_[type].kind == Kind::function) type = types_.pointer_to(type);
  return !failed_;
}

// whole-constant := expression end
bool Parser::whole_constant(Constant& constant) {
  implicit_tags_ = false;
  next();
  uint32_t where = token_.at;
  Value v;
  if (!expression(v)) return false;
  if (!at(Tok::end)) return fail_expected("an operator or the end of the expression");
  return as_constant(rvalue(v), where, constant) && !failed_;
}

namespace {

// What an entry leaves of the types that it made.
enum class Keeps : uint8_t {
  types,         // all: it gives some
  declarations,  // none if it has declared nothing: definitions that were there already made them
};

// Runs an entry in transactions on the types and the macros.
template <typename Entry>
bool all_or_nothing(TypeTable& types, const Input& input, Error& error, Keeps keeps, Entry entry) {
  TypeTable::Transaction transaction(types);
  std::optional<cpreproc::State::Transaction> macros;
  if (input.macros != nullptr) macros.emplace(*input.macros);
  Parser parser(types, input);
  if (!entry(parser)) {
    error = parser.error();
    return false;
  }
  if (input.used != nullptr) *input.used = parser.source().used_substitutes();
  if (keeps == Keeps::types || transaction.has_declared()) transaction.commit();
  if (macros.has_value()) macros->commit();
  return true;
}

}  // namespace

Result<void> parse_declarations(TypeTable& types, const Input& input) {
  Error error;
  // Names that are given out stay in any case: those that mean what they did were there before.
  if (!all_or_nothing(types, input, error, Keeps::declarations,
                      [](Parser& parser) { return parser.translation_unit(); }))
    return error;
  return {};
}

Result<TypeId> parse_type(TypeTable& types, const Input& input) {
  Error error;
  TypeId type = kNoType;
  if (!all_or_nothing(types, input, error, Keeps::types, [&](Parser& parser) { return parser.whole_type(type); }))
    return error;
  return type;
}

Result<Expression> parse_expression(TypeTable& types, const Input& input) {
  Error error;
  Expression tree;
  if (!all_or_nothing(types, input, error, Keeps::types, [&](Parser& parser) {
        return parser.whole_expression(tree, static_cast<uint32_t>(input.substitutes.size()));
      }))
    return error;
  return tree;
}

Result<Expression> parse_body(TypeTable& types, const Symbol& function) {
  const size_t line = function.body.find('\n');
  if (line == std::string_view::npos) return Error{"its body is not known"};
  Input input(function.body.substr(line + 1));
  input.closed = true;
  Error error;
  Expression tree;
  if (!all_or_nothing(types, input, error, Keeps::types,
                      [&](Parser& parser) { return parser.whole_body(function, tree); }))
    return error;
  return tree;
}

Result<Constant> parse_constant(TypeTable& types, const Input& input) {
  Error error;
  Constant constant;
  if (!all_or_nothing(types, input, error, Keeps::types,
                      [&](Parser& parser) { return parser.whole_constant(constant); }))
    return error;
  return constant;
}

}  // namespace ferry::cparse
