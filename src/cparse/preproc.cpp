// Directives: #define, #undef, #pragma pack; line markers and other harmless ones are skipped, the rest is refused.
#include "cparse/parser_state.h"

namespace ferry::cparse {
namespace {

std::string_view trimmed(std::string_view text) {
  auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

// directive := '#' (name anything | number anything)? newline
// Comes between any two tokens; the current token is the '#'.
bool Parser::directive() {
  std::string_view line = lexer_.directive_line();
  Lexer::Resume resume = lexer_.enter(line);
  lexer_.next(token_);
  token_name_ = kNoName;
  bool ok = dispatch_directive(line);
  lexer_.leave(resume);
  token_name_ = kNoName;
  return ok;
}

bool Parser::dispatch_directive(std::string_view line) {
  if (at(Tok::end) || at(Tok::number)) return true;  // the null directive; # 1 "file.h" 2
  const std::string_view name = token_.text;
  if (at(Tok::identifier)) {
    if (name == "define") return define(line);
    if (name == "undef") {
      undefine();
      return true;
    }
    if (name == "pragma") {
      next();
      return !(at(Tok::identifier) && token_.text == "pack") || pragma_pack();
    }
    if (name == "line" || name == "ident" || name == "sccs" || name == "warning") return true;
    if (name == "error")
      return fail_here("#error" + (line.find("error") == std::string_view::npos
                                       ? std::string()
                                       : " " + shown(trimmed(line.substr(line.find("error") + 5)))));
    if (name == "include" || name == "include_next" || name == "import" || name == "if" || name == "ifdef" ||
        name == "ifndef" || name == "elif" || name == "else" || name == "endif") {
      return fail_here("#" + std::string(name) + " is not understood here: give the preprocessed text");
    }
  }
  if (at(Tok::error)) return fail_expected("a directive");
  return fail_here("unknown directive " + shown(name));
}

// define := 'define' name text | 'define' name '(' parameters ')' text
// A text that is a constant expression makes a constant; any other is remembered, and an error only where it is
// used as a constant or a type. What is declared otherwise stays as it is: `#define stdin stdin`.
bool Parser::define(std::string_view line) {
  next();
  if (token_.kind >= Tok::kw_typedef) return true;  // a keyword: `#define inline`
  if (!at(Tok::identifier) || token_.raw_name) return fail_expected("the name of a macro");
  const uint32_t where = token_.at;
  const NameId name = token_name();
  const char* behind = token_.text.data() + token_.text.size();
  const std::string_view rest(behind, static_cast<size_t>(line.data() + line.size() - behind));
  const bool function_like = !rest.empty() && rest.front() == '(';

  Constant constant;
  bool is_constant = false;
  if (!function_like) {
    // The expression is read in the middle of whatever the directive interrupts: all shared state is put back.
    const bool outer_unknown = unknown_names_;
    const bool outer_quiet = quiet_;
    const size_t derivations = derivations_.size();
    const size_t params = params_.size();
    unknown_names_ = false;
    quiet_ = true;
    next();
    Value v;
    is_constant = !at(Tok::end) && expression(v) && at(Tok::end) && as_constant(rvalue(v), where, constant);
    quiet_ = outer_quiet;
    unknown_names_ = outer_unknown;
    failed_ = false;
    derivations_.resize(derivations);
    params_.resize(params);
  }
  if (is_constant) return declare_constant(name, constant, where);
  const Symbol* old = lookup(name);
  if (old != nullptr && old->kind != Symbol::Kind::bad_macro) return true;
  Symbol macro;
  macro.kind = Symbol::Kind::bad_macro;
  macro.name = name;
  macro.text = types_.intern(trimmed(rest));
  types_.declare(macro);
  return true;
}

// undef := 'undef' name        forgets macros only
void Parser::undefine() {
  next();
  if (!at(Tok::identifier)) return;
  const Symbol* old = types_.find_symbol(token_name());
  if (old == nullptr || (old->kind != Symbol::Kind::constant && old->kind != Symbol::Kind::bad_macro)) return;
  Symbol none;
  none.name = old->name;
  types_.declare(none);
}

// pragma-pack := 'pack' '(' ( 'push' (',' name)? (',' constant)? | 'pop' (',' (name | constant))* | 'show' | constant
// )? ')' Ends with the text: nothing outlives the parser.
bool Parser::pragma_pack() {
  next();
  if (!expect(Tok::l_paren, "'(' after pack")) return false;
  bool sets = true;
  bool more = !at(Tok::r_paren);
  uint32_t value = 0;
  if (at(Tok::identifier) && (token_.text == "push" || token_.text == "pop" || token_.text == "show")) {
    const bool push = token_.text == "push";
    const bool pop = token_.text == "pop";
    next();
    more = accept(Tok::comma);
    NameId label = kNoName;
    if (more && at(Tok::identifier) && lookup(token_name()) == nullptr) {
      label = token_name();
      next();
      more = accept(Tok::comma);
    }
    if (push) {
      if (pack_stack_.size() >= kMaxPackStack) {
        return fail_here("#pragma pack(push) is nested deeper than " + std::to_string(kMaxPackStack) + " levels");
      }
      pack_stack_.push_back({label, pack_});
    } else if (pop) {
      // Without a partner it is ignored, as in gcc.
      size_t i = pack_stack_.size();
      while (i > 0 && label != kNoName && pack_stack_[i - 1].label != label) --i;
      if (i > 0) {
        pack_ = pack_stack_[i - 1].value;
        pack_stack_.resize(i - 1);
      }
    }
    sets = more;
  }
  if (more) {
    const uint32_t where = token_.at;
    Value v;
    if (!constant_integer(v, "an alignment")) return false;
    const int64_t n = v.integer;
    if (n != 0 && n != 1 && n != 2 && n != 4 && n != 8 && n != 16) {
      return fail(where, "#pragma pack takes 1, 2, 4, 8 or 16, got " + std::to_string(n));
    }
    value = static_cast<uint32_t>(n);
  }
  if (!expect(Tok::r_paren, "')' after pack")) return false;
  if (sets) pack_ = value;
  return true;
}

}  // namespace ferry::cparse
