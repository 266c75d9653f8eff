// Directives: which one it is, #define, #undef, #line and line markers, #error.
#include "cpreproc/preprocessor.h"

#include <algorithm>

namespace ferry::cpreproc {

bool Preprocessor::refuse(const Token& word, std::string message) {
  error_text_ = word.text;
  return fail(word.at != 0 ? word.at : expansion_at_, std::move(message));
}

// directive := '#' (name anything | number anything)? newline
// Comes between any two tokens of the text, also within the arguments of a macro call, as in gcc.
bool Preprocessor::directive(const Token& hash) {
  const uint32_t expansion_at = expansion_at_;
  const int collecting = collecting_;
  const Pad pad = pad_;
  collecting_ = 0;
  const char* const hash_end = lexer_.position();
  const std::string_view line = lexer_.directive_line();
  const Lexer::Resume resume = lexer_.enter(line);
  Token word;
  lexer_.next(word);
  expansion_at_ = hash.at;
  bool ok = dispatch(word, hash_end);
  lexer_.leave(resume);
  if (ok && guard_pending_) learn_guard();
  if (ok && enter_pending_) {
    ok = collecting == 0 ? enter_file() : refuse(word, "#include stands within the arguments of a macro");
  }
  if (ok && skip_pending_) ok = skip_group();
  guard_pending_ = enter_pending_ = skip_pending_ = false;
  collecting_ = collecting;
  expansion_at_ = expansion_at;
  pad_ = pad;
  return ok;
}

bool Preprocessor::dispatch(const Token& word, const char* hash_end) {
  if (word.kind == Tok::end) return true;                  // the null directive
  if (word.kind == Tok::number) return line_number(word);  // # 1 "file.h" 2
  if (word.kind == Tok::error) {
    error_text_ = word.text;
    return fail(word.at, lexer_.error());
  }
  const std::string_view name = word.text;
  if (word.kind == Tok::identifier) {
    if (name == "define") return define(word.at);
    if (name == "if" || name == "ifdef" || name == "ifndef") return if_directive(word, hash_end);
    if (name == "endif") return endif_directive(word);
    if (name == "else" || name == "elif" || name == "elifdef" || name == "elifndef") return else_directive(word);
    if (name == "include") return include(word, false, false);
    if (name == "undef") return undefine();
    if (name == "pragma") return pragma_directive(word.at);
    if (name == "include_next") return include(word, true, false);
    if (name == "import") return include(word, false, true);
    if (name == "line") {
      Token number;
      if (!expanded(number)) return false;
      if (number.kind != Tok::number) return refuse(number, "expected a line number, got " + shown(number.text));
      return line_number(number);
    }
    if (name == "error") return error_directive(word, "#error", lexer_.rest());
    if (name == "ident" || name == "sccs" || name == "warning" || name == "assert" || name == "unassert") return true;
    if (name == "embed") return refuse(word, "#embed gives bytes, and declarations have no place for them");
  }
  return refuse(word, "unknown directive " + shown(name));
}

// A name that a macro can have: any identifier, keywords included.
bool Preprocessor::macro_name(Token& token) {
  lexer_.next(token);
  if (token.kind == Tok::identifier && !token.raw_name()) {
    if (token.text == "defined") return refuse(token, "'defined' cannot be the name of a macro");
    return true;
  }
  if (token.kind == Tok::end) return refuse(token, "expected the name of a macro, got end of line");
  return refuse(token, "expected the name of a macro, got " + shown(token.text));
}

// define := 'define' name text | 'define' name '(' parameters ')' text
bool Preprocessor::define(uint32_t at) {
  Token name;
  if (!macro_name(name)) return false;
  MacroTable& macros = state_.macros();
  if (macros.may_have(name.word)) (void)state_.find_macro(name.text);  // what is predefined comes first
  Macro macro;
  macro.name = name.text;
  const std::string_view rest = lexer_.rest();
  if (!rest.empty() && rest.front() == '(') {
    macro.function_like = true;
    if (!macro_parameters(macro)) return false;
  }
  macro.text = trimmed(lexer_.rest());
  if (!macro.text.empty() && macro.text.front() == '/' && Lexer(macro.text).at_end_of_tokens()) macro.text = {};
  const Location place = level().source->place(at);
  macro.where = {place.file, place.line};
  const MacroId id = macros.define(macro);
  if (levels_.empty() && macro.text.find('$') != std::string_view::npos) return keep_substitutes(macros[id]);
  // What can be wrong with a replacement is about `#`, `##` and __VA_OPT__; it is told where the definition stands.
  const bool may_be_bad = macro.text.find('#') != std::string_view::npos ||
                          (macro.variadic && macro.text.find("__VA_OPT__") != std::string_view::npos);
  return !may_be_bad || read_replacement(id, name.at);
}

// parameters := '(' ')' | '(' name (',' name)* (',' '...' | '...')? ')' | '(' '...' ')'
bool Preprocessor::macro_parameters(Macro& macro) {
  Token token;
  lexer_.next(token);  // '('
  lexer_.next(token);
  if (token.kind == Tok::r_paren) return true;
  auto add = [&](std::string_view name) {
    if (std::find(macro.params.begin(), macro.params.end(), name) != macro.params.end())
      return refuse(token, "two parameters of the macro " + shown(macro.name) + " are named " + shown(name));
    macro.params.push_back(name);
    return true;
  };
  for (;;) {
    if (token.kind == Tok::ellipsis) {
      macro.variadic = true;
      if (!add("__VA_ARGS__")) return false;
      lexer_.next(token);
      if (token.kind != Tok::r_paren) break;
      return true;
    }
    if (token.kind != Tok::identifier) break;
    if (!add(token.text)) return false;
    lexer_.next(token);
    if (token.kind == Tok::ellipsis) {  // GNU: a name for the rest
      macro.variadic = true;
      lexer_.next(token);
      if (token.kind != Tok::r_paren) break;
    }
    if (token.kind == Tok::r_paren) return true;
    if (token.kind != Tok::comma) break;
    lexer_.next(token);
  }
  const std::string got = token.kind == Tok::end ? "end of line" : shown(token.text);
  return refuse(token, "expected a parameter of the macro or ')', got " + got);
}

// A replacement with `$`: the arguments of the text are put in where it is defined.
bool Preprocessor::keep_substitutes(Macro& macro) {
  if (macro.read) return true;
  Token token;
  for (lexer_.next(token); token.kind != Tok::end; lexer_.next(token)) {
    if (token.kind == Tok::error) {
      error_text_ = token.text;
      return fail(token.at, lexer_.error());
    }
    token.at = 0;
    token.flags &= static_cast<uint8_t>(~kLineStart);
    if (macro.tokens.empty()) token.flags &= static_cast<uint8_t>(~kSpaceBefore);
    if (token.kind == Tok::identifier) {
      auto param = std::find(macro.params.begin(), macro.params.end(), token.text);
      if (param != macro.params.end()) {
        token.kind = Tok::parameter;
        token.index = static_cast<uint32_t>(param - macro.params.begin());
      }
    }
    token.text = state_.macros().keep(token.text);
    macro.tokens.push_back(token);
  }
  macro.read = true;
  return true;
}

// undef := 'undef' name
bool Preprocessor::undefine() {
  Token name;
  if (!macro_name(name)) return false;
  if (state_.macros().may_have(name.word) && is_defined(name.text)) state_.macros().undefine(name.text);
  return true;
}

// line := number string? anything          of #line, and of line markers: # 12 "file.h" 3 4
bool Preprocessor::line_number(const Token& number) {
  uint64_t line = 0;
  for (char c : number.text) {
    if (c < '0' || c > '9') return refuse(number, "expected a line number, got " + shown(number.text));
    line = std::min<uint64_t>(line * 10 + static_cast<uint64_t>(c - '0'), UINT32_MAX);
  }
  Token file;
  const uint32_t end = lexer_.here() + static_cast<uint32_t>(lexer_.rest().size());
  if (!expanded(file)) return false;
  std::string_view name;
  if (file.kind == Tok::string && file.text.front() == '"') {
    std::string plain;
    for (size_t i = 1; i + 1 < file.text.size(); ++i) {
      if (file.text[i] == '\\' && i + 2 < file.text.size()) ++i;
      plain += file.text[i];
    }
    name = level().source->place(end).file;
    if (plain != name) name = state_.keep_file_name(plain);
  }
  Token flag;
  if (file.kind != Tok::end && !expanded(flag)) return false;
  const Source::Turn turn = flag.text == "1"   ? Source::Turn::enter
                            : flag.text == "2" ? Source::Turn::leave
                                               : Source::Turn::none;
  level().source->mark_line(end, static_cast<uint32_t>(line), name, turn);
  return true;
}

// What a header says by #error is for whoever includes it, and whole.
bool Preprocessor::error_directive(const Token& word, std::string_view directive, std::string_view line) {
  constexpr size_t kMaxShownText = 400;
  std::string_view text = trimmed(line);
  if (text.size() > 1 && text.front() == '"' && text.find('"', 1) == text.size() - 1)
    text = text.substr(1, text.size() - 2);
  std::string message(directive);
  if (!text.empty()) message += ' ' + shown(text, kMaxShownText);
  return refuse(word, message);
}

}  // namespace ferry::cpreproc
