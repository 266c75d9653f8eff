// The entries of the folder, and what every production uses: tokens, errors, names.
#include "cparse/parser.h"

#include "cparse/parser_state.h"
#include "cparse/predefined.h"

namespace ferry::cparse {

Parser::Parser(TypeTable& types, std::string_view text, std::span<const Substitute> substitutes)
    : types_(types), arithmetic_(types), lexer_(text, substitutes) {}

// --- tokens and errors --------------------------------------------------------------------------

void Parser::next() {
  token_name_ = kNoName;
  lexer_.next(token_);
  while (token_.kind == Tok::directive) {
    if (!directive()) {
      token_.kind = Tok::error;
      return;
    }
    lexer_.next(token_);
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
  if (quiet_) return false;
  error_at_ = where;
  error_ = std::move(message);
  return false;
}

bool Parser::fail_expected(std::string_view what) {
  if (failed_) return false;
  if (quiet_) return fail(token_.at, {});
  if (at(Tok::error)) {
    const std::string error(lexer_.error());
    const bool said = token_.text.empty() || error.find(shown(token_.text)) != std::string::npos;
    return fail(token_.at, said ? error : error + ", got " + shown(token_.text));
  }
  std::string message = "expected ";
  message += what;
  message += ", got ";
  message += !at(Tok::end) ? shown(token_.text) : lexer_.in_directive() ? "end of line" : "end of text";
  return fail(token_.at, std::move(message));
}

bool Parser::fail_nesting() {
  return fail_here("nested deeper than " + std::to_string(kMaxNesting) + " levels");
}

// "sentence [near 'token'] at line L, column C"; the token is left out where the sentence has it already.
Error Parser::error() {
  Place place = lexer_.place(error_at_);
  std::string message = error_;
  if (message.find(", got ") == std::string::npos) {
    std::string token = shown(lexer_.text_at(error_at_));
    bool said = message.find(token.substr(1)) != std::string::npos;  // also as the last word of 'struct tag'
    if (!said) message += " near " + token;
  }
  return Error{message + " at line " + std::to_string(place.line) + ", column " + std::to_string(place.column)};
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

// A declared identifier, or a predefined type's, which is declared by being looked up. Null: unknown.
const Symbol* Parser::lookup(NameId name) {
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
    if (!external_declaration(ended)) return false;
    if (!ended && !(first && at(Tok::end))) return fail_expected("';' after declaration");
    first = false;
  }
  if (linkage_depth_ > 0) return fail_expected("'}' to close extern \"C\"");
  return !failed_;
}

// whole-type := specifiers declarator? end
bool Parser::whole_type(TypeId& type) {
  implicit_tags_ = false;
  next();
  Specifiers s;
  Declarator d;
  begin(d, Naming::either);
  if (!specifiers(s, 0) || !declarator(d) || !build(d, s, type)) return false;
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

Result<void> parse_declarations(TypeTable& types, std::string_view text, std::span<const Substitute> substitutes,
                                size_t* used) {
  TypeTable::Transaction transaction(types);
  Parser parser(types, text, substitutes);
  if (!parser.translation_unit()) return parser.error();
  if (used != nullptr) *used = parser.lexer().used_substitutes();
  transaction.commit();
  return {};
}

Result<TypeId> parse_type(TypeTable& types, std::string_view text, std::span<const Substitute> substitutes,
                          size_t* used) {
  TypeTable::Transaction transaction(types);
  Parser parser(types, text, substitutes);
  TypeId type = kNoType;
  if (!parser.whole_type(type)) return parser.error();
  if (used != nullptr) *used = parser.lexer().used_substitutes();
  transaction.commit();
  return type;
}

Result<Constant> parse_constant(TypeTable& types, std::string_view text) {
  TypeTable::Transaction transaction(types);
  Parser parser(types, text, {});
  Constant constant;
  if (!parser.whole_constant(constant)) return parser.error();
  transaction.commit();
  return constant;
}

}  // namespace ferry::cparse
