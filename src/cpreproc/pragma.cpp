// #pragma, _Pragma and Microsoft's __pragma: what concerns the preprocessor is done, `pack` goes to the parser, the
// rest is none of ours.
#include "cpreproc/preprocessor.h"

namespace ferry::cpreproc {

bool Preprocessor::pragma_directive(uint32_t at) {
  bool for_parser = false;
  if (!pragma(for_parser)) return false;
  if (!for_parser) return true;
  TokenList* tokens = new_list();
  Token token;
  for (lexer_.next(token); token.kind != Tok::end && token.kind != Tok::error; lexer_.next(token))
    tokens->push_back(token);
  give_to_parser(tokens, at, lexer_.here());
  return true;
}

// Tok::pragma, the pragma's tokens, Tok::pragma_end: a context that is read next.
void Preprocessor::give_to_parser(TokenList* tokens, uint32_t at, uint32_t end_at) {
  Token token;
  token.kind = Tok::pragma;
  token.at = at;
  tokens->insert(tokens->begin(), token);
  token.kind = Tok::pragma_end;
  token.at = end_at;
  tokens->push_back(token);
  open_tokens_ += tokens->size();
  push_context(tokens->data(), tokens->data() + tokens->size(), 0, at, tokens);
}

// pragma := 'once' | 'push_macro' '(' string ')' | 'pop_macro' '(' string ')' | 'GCC' gcc-pragma | 'pack' anything
//         | anything
// for_parser: the parser wants it; its first word has been read and is `pack`.
bool Preprocessor::pragma(bool& for_parser) {
  Token word;
  const char* before = lexer_.position();
  lexer_.next(word);
  if (word.kind != Tok::identifier) return true;
  const std::string_view name = word.text;
  if (name == "once") {
    if (level().file != nullptr) state_.files()->mark_once(*level().file);
  } else if (name == "push_macro" || name == "pop_macro") {
    std::string macro;
    if (!pragma_macro_name(macro)) return true;  // ignored, with a warning in gcc
    (void)state_.find_macro(macro);              // what is predefined comes first
    if (name == "push_macro")
      state_.macros().push(macro);
    else
      state_.macros().pop(macro);
  } else if (name == "GCC") {
    return pragma_gcc();
  } else if (name == "pack") {
    lexer_.go_back(before);
    for_parser = true;
  }
  return true;
}

// gcc-pragma := 'poison' name* | 'error' string | anything
bool Preprocessor::pragma_gcc() {
  Token word;
  lexer_.next(word);
  if (word.kind != Tok::identifier) return true;
  if (word.text == "error") return error_directive(word, "#pragma GCC error", lexer_.rest());
  if (word.text != "poison") return true;
  for (lexer_.next(word); word.kind == Tok::identifier; lexer_.next(word)) {
    Macro poisoned;
    poisoned.name = word.text;
    poisoned.builtin = Builtin::poisoned;
    state_.macros().define(poisoned);
  }
  return true;
}

// '(' string ')'
bool Preprocessor::pragma_macro_name(std::string& name) {
  Token token;
  lexer_.next(token);
  if (token.kind != Tok::l_paren) return false;
  lexer_.next(token);
  if (token.kind != Tok::string || token.text.front() != '"') return false;
  name = token.text.substr(1, token.text.size() - 2);
  return is_identifier(name);
}

// operator := '_Pragma' '(' string ')' | '__pragma' '(' token* ')'       the word has been read
bool Preprocessor::pragma_operator(const Token& name, bool microsoft) {
  const uint32_t at = name.at != 0 ? name.at : expansion_at_;
  if (!open_parenthesis()) return fail(at, "expected '(' after " + std::string(name.text));
  // Its string may be a macro's, and so another operator.
  if (call_depth_ >= kMaxCallDepth)
    return fail(at, std::string(name.text) + " is nested deeper than " + std::to_string(kMaxCallDepth) + " levels");
  ++call_depth_;
  std::string text;
  const bool ok = pragma_operand(at, microsoft, text);
  --call_depth_;
  return ok && run_pragma_text(text, at);
}

// The text of the operator's operand, its `(` being read, and the `)` behind it.
bool Preprocessor::pragma_operand(uint32_t at, bool microsoft, std::string& text) {
  Token token;
  if (microsoft) {
    size_t depth = 0;
    for (;;) {
      if (!expanded(token)) return false;
      if (token.kind == Tok::end) return fail(at, "__pragma has no ')'");
      if (token.kind == Tok::l_paren) ++depth;
      if (token.kind == Tok::r_paren && depth-- == 0) break;
      text += ' ';
      text += token.text;
      if (text.size() > kMaxMadeText) break;  // made_text() says so
    }
    return true;
  }
  if (!expanded(token)) return false;
  const size_t quote = token.text.find('"');
  if (token.kind != Tok::string || quote == std::string_view::npos)
    return fail(at, "expected a string in _Pragma, got " + shown(token.text));
  // C23 6.10.12: the literal's text, `\"` and `\\` undone.
  for (size_t i = quote + 1; i + 1 < token.text.size(); ++i) {
    const char c = token.text[i];
    if (c == '\\' && (token.text[i + 1] == '"' || token.text[i + 1] == '\\')) ++i;
    text += token.text[i];
  }
  if (!expanded(token)) return false;
  return token.kind == Tok::r_paren || fail(at, "expected ')' after the string in _Pragma");
}

bool Preprocessor::run_pragma_text(std::string_view text, uint32_t at) {
  const std::string_view kept = made_text(text);
  if (failed_) return false;
  const Lexer::State outer = lexer_.read(kept, 0, true);
  const Lexer::Resume resume = lexer_.enter(kept);
  bool for_parser = false;
  const bool ok = pragma(for_parser);
  TokenList* tokens = nullptr;
  if (ok && for_parser) {
    tokens = new_list();
    Token token;
    for (lexer_.next(token); token.kind != Tok::end && token.kind != Tok::error; lexer_.next(token)) {
      token.at = at;
      tokens->push_back(token);
    }
  }
  lexer_.leave(resume);
  lexer_.resume(outer);
  if (!ok) return false;
  if (tokens != nullptr) give_to_parser(tokens, at, at);
  return true;
}

}  // namespace ferry::cpreproc
