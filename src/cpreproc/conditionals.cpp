// #if and its like: which groups are read, how the others are passed over, and which files are guarded.
#include "cpreproc/preprocessor.h"

namespace ferry::cpreproc {
namespace {

bool begins_conditional(const Token& word) {
  return word.kind == Tok::identifier && (word.text == "if" || word.text == "ifdef" || word.text == "ifndef");
}

bool goes_on(const Token& word) {
  return word.kind == Tok::identifier &&
         (word.text == "else" || word.text == "elif" || word.text == "elifdef" || word.text == "elifndef");
}

}  // namespace

// Poisoned names are macros to the table only.
bool Preprocessor::is_defined(std::string_view name) {
  const MacroId id = state_.find_macro(name);
  return id != 0 && state_.macros()[id].builtin != Builtin::poisoned;
}

// evaluate := ('if' | 'elif') constant-expression | ('ifdef' | 'elifdef' | 'ifndef' | 'elifndef') name
bool Preprocessor::evaluate(const Token& word, bool& holds) {
  if (word.text == "if" || word.text == "elif") return condition(holds);
  Token name;
  if (!macro_name(name)) return false;
  holds = is_defined(name.text) == (word.text == "ifdef" || word.text == "elifdef");
  return true;
}

// The macro whose absence the directive asks for: `#ifndef X`, `#if !defined X`, `#if !defined(X)`; or empty.
std::string_view Preprocessor::guard_of(const Token& word) const {
  Lexer probe;
  probe.read(lexer_.rest(), 0, true);
  probe.enter(lexer_.rest());
  Token token;
  probe.next(token);
  if (word.text == "ifndef") return token.kind == Tok::identifier ? token.text : std::string_view();
  if (word.text != "if" || token.kind != Tok::bang) return {};
  probe.next(token);
  if (token.kind != Tok::identifier || token.text != "defined") return {};
  probe.next(token);
  const bool parenthesis = token.kind == Tok::l_paren;
  if (parenthesis) probe.next(token);
  if (token.kind != Tok::identifier) return {};
  const std::string_view name = token.text;
  probe.next(token);
  if (parenthesis && token.kind == Tok::r_paren) probe.next(token);
  return token.kind == Tok::end ? name : std::string_view();
}

bool Preprocessor::if_directive(const Token& word, const char* hash_end) {
  Level& file = level();
  bool may_guard = false;
  if (file.file != nullptr && hash_end == file.first_directive) {
    file.guard = guard_of(word);
    may_guard = !file.guard.empty();
  }
  bool holds = false;
  if (!evaluate(word, holds)) return false;
  conditionals_.push_back({word.at, holds, false, may_guard});
  skip_pending_ = !holds;
  return true;
}

// Also called while a group is being skipped: leaves skip_pending_ as it has to go on.
bool Preprocessor::else_directive(const Token& word) {
  if (conditionals_.size() <= level().conditionals) return refuse(word, "#" + std::string(word.text) + " without #if");
  Conditional& c = conditionals_.back();
  if (c.else_seen) return refuse(word, "#" + std::string(word.text) + " after #else");
  c.may_guard = false;
  bool holds = !c.taken;
  if (word.text == "else")
    c.else_seen = true;
  else if (holds && !evaluate(word, holds))
    return false;
  c.taken = c.taken || holds;
  skip_pending_ = !holds;
  return true;
}

bool Preprocessor::endif_directive(const Token& word) {
  if (conditionals_.size() <= level().conditionals) return refuse(word, "#endif without #if");
  guard_pending_ = conditionals_.back().may_guard;
  conditionals_.pop_back();
  skip_pending_ = false;
  return true;
}

// Behind the #endif of the file's first #ifndef. If nothing follows, the file need not be read again while that macro
// is defined.
void Preprocessor::learn_guard() {
  Lexer probe(lexer_.rest());
  Token token;
  probe.next(token);
  if (token.kind == Tok::end) level().file->guard = level().guard;
}

// Passes over a group and those that follow it, up to the one that is read or the #endif.
bool Preprocessor::skip_group() {
  size_t depth = 0;
  while (lexer_.skip_to_directive()) {
    const Lexer::Resume resume = lexer_.enter(lexer_.directive_line());
    Token word;
    lexer_.next(word);
    bool ok = true;
    bool done = false;
    if (begins_conditional(word)) {
      ++depth;
    } else if (word.kind == Tok::identifier && word.text == "endif") {
      if (depth == 0) {
        ok = endif_directive(word);
        done = true;
      } else {
        --depth;
      }
    } else if (depth == 0 && goes_on(word)) {
      ok = else_directive(word);
      done = !skip_pending_;
    }
    lexer_.leave(resume);
    if (!ok) return false;
    if (done) {
      if (guard_pending_) learn_guard();
      return true;
    }
  }
  return true;  // the end of the file, where it is said that the #if has none
}

bool Preprocessor::leave_conditionals(size_t until) {
  if (conditionals_.size() <= until) return true;
  error_text_ = {};
  return fail(conditionals_.back().at, "this #if has no #endif");
}

}  // namespace ferry::cpreproc
