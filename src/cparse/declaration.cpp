// Declarations of a translation unit: what may stand outside of structures and functions.
#include "cparse/parser_state.h"

#include <algorithm>

#include "cparse/same_type.h"
#include "ctype/spell.h"

namespace ferry::cparse {

// external-declaration := ';' | 'extern' string '{' | '}' | 'extern' string? declaration | static-assertion
//                       | 'asm' '(' string ')' ';' | declaration
// `extern "C" {` and its `}` are counted, not nested.
bool Parser::external_declaration(bool& ended) {
  while (at(Tok::kw_ignored)) next();  // __extension__
  switch (token_.kind) {
    case Tok::semicolon:
      next();
      return true;
    case Tok::r_brace:
      if (linkage_depth_ == 0) return fail_expected("a declaration");
      --linkage_depth_;
      next();
      return true;
    case Tok::kw_extern:
      next();
      if (!at(Tok::string)) return declaration(true, ended);
      next();
      if (!at(Tok::l_brace)) return declaration(true, ended);
      ++linkage_depth_;
      next();
      return true;
    case Tok::kw_asm:
      next();
      while (at(Tok::kw_volatile) || at(Tok::kw_inline)) next();
      if (!at(Tok::l_paren)) return fail_expected("'(' after asm");
      return skip_parentheses() && expect(Tok::semicolon, "';' after asm");
    case Tok::kw_pragma:
      next();
      if (!at(Tok::l_paren)) return fail_expected("'('");
      return skip_parentheses();
    default:
      break;
  }
  if (static_assert_word()) return static_assertion() && expect(Tok::semicolon, "';' after the assertion");
  return declaration(false, ended);
}

bool Parser::static_assert_word() {
  if (at(Tok::kw_static_assert)) return true;
  return at_undeclared("static_assert");
}

// static-assertion := '_Static_assert' '(' constant (',' string)? ')'
bool Parser::static_assertion() {
  next();
  if (!expect(Tok::l_paren, "'(' after _Static_assert")) return false;
  uint32_t where = token_.at;
  Value v;
  std::string message;
  if (!constant_integer(v, "an assertion")) return false;
  if (accept(Tok::comma) && !string_literal(message)) return false;
  if (!at(Tok::r_paren)) return fail_expected("')'");
  if (v.integer == 0)
    return fail(where, "static assertion failed" + (message.empty() ? "" : ": " + message.substr(0, 200)));
  next();
  return true;
}

// declaration := specifiers (init-declarator (',' init-declarator)*)? ';' | specifiers declarator body
//              | c23-attribute+ ';'
bool Parser::declaration(bool after_extern, bool& ended) {
  Specifiers s;
  if (after_extern) s.storage = Storage::extern_;
  if (at(Tok::l_bracket)) {
    if (!c23_attributes(s.attributes)) return false;
    if (accept(Tok::semicolon)) return true;
  }
  if (!specifiers(s, ~0u)) return false;
  if (s.deduced) return deduced_constants(s, ended);
  if (!attributes_of_type(s)) return false;
  if (at(Tok::semicolon) || at(Tok::end)) {
    const Type& t = types_[s.type];
    if (!is_record(t) && t.kind != Kind::enumeration) return fail_expected("a name to declare");
    ended = accept(Tok::semicolon);
    return true;
  }
  return declarator_list(s, ended);
}

// init-declarator := declarator attributes ('=' initialiser)?
// body := declaration* '{' anything '}'        the part in braces is skipped
bool Parser::declarator_list(Specifiers& s, bool& ended) {
  for (bool first = true;; first = false) {
    Declarator d;
    TypeId type = kNoType;
    begin(d, Naming::named);
    d.may_define = first && s.storage != Storage::typedef_;
    d.may_be_keyword = s.storage == Storage::typedef_;
    if (!declarator(d) || !build(d, s, type)) return false;
    if (d.names_keyword) {
      if (accept(Tok::comma)) continue;
      ended = accept(Tok::semicolon);
      return true;
    }
    const bool is_function = types_[type].kind == Kind::function;
    if (d.identifiers_at != 0 && !parameter_declarations(d, type)) return false;
    bool is_constant = false;
    if (s.storage != Storage::typedef_ && !is_function) {
      if (!initialiser(type, d, s.storage, is_constant)) return false;
    }
    if (!is_constant && !declare(d, type, s.storage, s.attributes)) return false;
    if (is_function && first && s.storage != Storage::typedef_ && at(Tok::l_brace)) {
      return function_body(d, type, s.storage);
    }
    if (accept(Tok::comma)) continue;
    ended = accept(Tok::semicolon);
    if (!at(Tok::identifier) || ended) return true;
    // `int MYCALL f(void)`, `int f(void) NOTHROW`: one of two names in a row is a word of the library's own.
    fail_expected("';' after declaration");
    const std::string_view macro = is_function ? std::string_view(token_.text) : types_.name(d.name);
    error_ += " (is " + shown(macro) + " a macro that is not defined?)";
    return false;
  }
}

// Of a kept body, without spaces and places.
static std::string words_of(std::string_view body) {
  std::string words;
  while (!body.empty()) {
    const size_t end = std::min(body.find('\n'), body.size() - 1) + 1;
    const std::string_view line = body.substr(0, end);
    body.remove_prefix(end);
    if (line.front() == '#') continue;
    for (const char c : line) {
      if (c != ' ' && c != '\n') words += c;
    }
  }
  return words;
}

// The part of a body that is in braces: kept as text for who runs it, and not looked into. The current token is the
// `{`.
bool Parser::function_body(const Declarator& d, TypeId type, Storage storage) {
  Symbol symbol = *types_.find_symbol(d.name);
  const bool keeps = !symbol.inline_body && Composite(types_).of(symbol.type, type) != kNoType;
  const bool compares = strict_ && symbol.inline_body;
  std::string text;
  uint32_t line = 0;
  if (keeps) {
    for (const Param& param : defined_) {
      if (param.name != kNoName) text += types_.name(param.name);
      if (param.type != kNoType) text += ':' + std::to_string(param.type);
      text += ',';
    }
    const cpreproc::Location place = source_.sources().place(token_.at);
    line = place.line;
    text += "\n# " + std::to_string(line);
    if (!place.file.empty()) {
      text += " \"";
      for (const char c : place.file) {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
      }
      text += '"';
    }
    text += '\n';
  }
  if (compares) line = source_.sources().place(token_.at).line;
  if (!source_.skip_braces(keeps || compares ? &text : nullptr, line)) return fail_here("the function body has no end");
  if (compares && words_of(text) != words_of(symbol.body.substr(symbol.body.find('\n')))) {
    return fail(d.at, shown(types_.name(d.name)) + " has another body than it has already" + place_of(symbol));
  }
  if (keeps) {
    symbol.inline_body = true;
    symbol.internal = storage == Storage::static_;
    symbol.body = types_.keep_text(text);
    types_.declare(symbol);
  }
  next();
  return true;
}

// The parameters of a definition `f(a, b) int a; char *b; {...}`: C11 6.9.1p6. They arrive as a caller without a
// prototype passes them (6.5.2.2p6): promoted.
bool Parser::parameter_declarations(const Declarator& d, TypeId& type) {
  if (!at(Tok::l_brace) && !type_start()) return fail_unknown_type(d.identifiers_at, types_.name(identifiers_.front()));
  std::vector<Param> params;
  for (NameId name : identifiers_) params.push_back({name, kNoType});
  const size_t mark = params_.size();
  ++prototypes_;
  while (!at(Tok::l_brace)) {
    Specifiers s;
    if (!specifiers(s, 1u << static_cast<unsigned>(Storage::other))) return false;
    do {
      Declarator one;
      TypeId declared = kNoType;
      begin(one, Naming::named);
      one.is_param = true;
      variable_bounds_ = true;
      const bool ok = declarator(one) && build(one, s, declared);
      variable_bounds_ = false;
      if (!ok) return false;
      const auto param = std::find_if(params.begin(), params.end(), [&](const Param& p) { return p.name == one.name; });
      if (param == params.end() || param->type != kNoType) {
        return fail(one.at, shown(types_.name(one.name)) +
                                (param == params.end() ? " is not among" : " is twice among") + " the parameters of " +
                                shown(types_.name(d.name)));
      }
      param->type = as_parameter(declared);
      if (types_[param->type].kind == Kind::void_)
        return fail(one.at, "parameter " + shown(types_.name(one.name)) + " has type 'void'");
      params_.push_back(*param);
    } while (accept(Tok::comma));
    if (!expect(Tok::semicolon, "';' after the parameter")) return false;
  }
  --prototypes_;
  params_.resize(mark);
  for (Param& p : params) {
    if (p.type == kNoType) p.type = arithmetic_.int_type();
  }
  defined_ = params;
  for (Param& p : params) {
    const Type& t = types_[p.type];
    if (t.scalar == Scalar::float32) p.type = scalar_type(Scalar::float64);
    if (is_integer_like(t) && t.size < 4) p.type = arithmetic_.int_type();
  }
  const Function& f = types_.function(type);
  const Result<TypeId> function = types_.function_type(f.result, params, false, f.conv, f.format, f.blocking);
  if (!function.ok()) return fail(d.at, function.message());
  type = *function;
  return true;
}

// deduced-constants := name '=' constant (',' name '=' constant)* ';'       behind `constexpr auto` or the like
bool Parser::deduced_constants(const Specifiers& s, bool& ended) {
  do {
    if (!at(Tok::identifier)) return fail_expected("a name to declare");
    const uint32_t where = token_.at;
    const NameId name = token_name();
    next();
    if (!at(Tok::assign)) return fail_expected("'=' and a value, from which the type is taken");
    next();
    const uint32_t value_at = token_.at;
    Value v;
    Constant constant;
    if (!conditional(v) || !as_constant(rvalue(v), value_at, constant)) return false;
    const bool is_constant = s.storage == Storage::static_ && (types_[s.type].quals & kConst) != 0;
    Declarator d;
    d.name = name;
    d.at = where;
    if (!(is_constant ? declare_constant(name, constant, where) : declare(d, constant.type, s.storage, s.attributes)))
      return false;
  } while (accept(Tok::comma));
  ended = accept(Tok::semicolon);
  return true;
}

// initialiser := '=' (constant | anything)
// `static const` numbers are constants; other initialisers are skipped.
bool Parser::initialiser(TypeId type, const Declarator& d, Storage storage, bool& is_constant) {
  // A header may have variables of each C file that includes it: they are known, and have no symbol.
  const bool is_header = storage == Storage::static_ && !origin_at(d.at).in_text;
  if (!at(Tok::assign)) {
    if (storage != Storage::static_ || is_header) return true;
    return fail(d.at, "the static variable " + shown(types_.name(d.name)) +
                          " has no symbol to be found by; only 'static const' with a value can be declared");
  }
  const Type& t = types_[type];
  if (storage == Storage::static_ && (is_integer_like(t) || t.kind == Kind::floating)) {
    if ((t.quals & kConst) == 0) {
      if (is_header) return skip_initialiser();
      return fail(d.at,
                  "the static variable " + shown(types_.name(d.name)) + " is not 'const', so its value is not known");
    }
    Constant constant;
    is_constant = true;
    return constant_for(type, constant) && declare_constant(d.name, constant, d.at);
  }
  return skip_initialiser();
}

bool Parser::skip_initialiser() {
  size_t depth = 0;
  for (;;) {
    next();
    switch (token_.kind) {
      case Tok::l_paren:
      case Tok::l_bracket:
        ++depth;
        break;
      case Tok::r_paren:
      case Tok::r_bracket:
        if (depth == 0) return fail_expected("';' after the initialiser");
        --depth;
        break;
      case Tok::l_brace:
        if (!source_.skip_braces()) return fail_here("the initialiser has no end");
        break;
      case Tok::comma:
      case Tok::semicolon:
        if (depth == 0) return true;
        break;
      case Tok::r_brace:
      case Tok::end:
      case Tok::error:
        return depth == 0 && at(Tok::end) ? true : fail_expected("the end of the initialiser");
      default:
        break;
    }
  }
}

// constant-initialiser := '=' constant        converted to the declared type
bool Parser::constant_for(TypeId type, Constant& constant) {
  const Type& t = types_[type];
  if (!is_integer_like(t) && t.kind != Kind::floating) {
    return fail_here("a constant of type '" + spell(types_, type) + "' cannot be declared");
  }
  next();
  uint32_t where = token_.at;
  Value v;
  if (!conditional(v)) return false;
  return as_constant(arithmetic_.convert(rvalue(v), t.unqualified), where, constant);
}

}  // namespace ferry::cparse
