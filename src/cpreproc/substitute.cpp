// What a macro call is replaced by: its text as tokens, arguments put in, `#` and `##` done (C23 6.10.5).
#include "cpreproc/preprocessor.h"

#include <algorithm>

namespace ferry::cpreproc {
namespace {

constexpr uint8_t kPlacemarker = 1;  // Token::detail of a Tok::pad that `##` may meet

Token pad_token(uint8_t flags, bool placemarker) {
  Token pad;
  pad.kind = Tok::pad;
  pad.detail = placemarker ? kPlacemarker : 0;
  pad.flags = flags & (kSpaceBefore | kPasteNext);
  return pad;
}

bool is_placemarker(const Token& token) {
  return token.kind == Tok::pad && token.detail == kPlacemarker;
}

// Stands for what has no text: `#` and `##` have nothing to work with.
bool is_substitute(const Token& token) {
  return token.kind == Tok::type_substitute || token.kind == Tok::integer_substitute ||
         token.kind == Tok::value_substitute;
}

void set_flag(Token& token, TokenFlag flag, bool on) {
  token.flags = static_cast<uint8_t>(on ? token.flags | flag : token.flags & ~flag);
}

}  // namespace

// replacement := ('#' parameter | parameter | '__VA_OPT__' '(' replacement ')' | token | '##')*
// Makes the tokens of a definition, once. `at` is for the message.
bool Preprocessor::read_replacement(MacroId id, uint32_t at) {
  Macro& macro = state_.macros()[id];
  if (macro.read) return true;
  Lexer lexer;
  lexer.read(macro.text, 0, true);
  lexer.enter(macro.text);
  TokenList& out = macro.tokens;
  auto bad = [&](const std::string& what) {
    out.clear();
    return fail(at, "in the definition of the macro " + shown(macro.name) + " " + what);
  };
  constexpr size_t kNone = SIZE_MAX;
  size_t va_opt = kNone;  // the __VA_OPT__ that is open
  size_t va_opt_depth = 0;
  size_t last = kNone;  // what a `##` joins to the next
  bool pasting = false;
  Token token;
  for (lexer.next(token); token.kind != Tok::end; lexer.next(token)) {
    if (token.kind == Tok::error) return bad("there is an " + lexer.error());
    token.at = 0;
    set_flag(token, kLineStart, false);
    if (out.empty()) set_flag(token, kSpaceBefore, false);
    if (token.kind == Tok::hash_hash) {
      if (last == kNone) return bad("'##' stands at an end");
      set_flag(out[last], kPasteNext, true);
      macro.pastes = pasting = true;
      continue;
    }
    if (token.kind == Tok::hash && macro.function_like) {
      const bool space = token.space_before();
      lexer.next(token);
      const bool is_param = token.kind == Tok::identifier &&
                            std::find(macro.params.begin(), macro.params.end(), token.text) != macro.params.end();
      if (!is_param && !(macro.variadic && token.kind == Tok::identifier && token.text == "__VA_OPT__"))
        return bad("'#' is not followed by a parameter");
      token.at = 0;
      token.flags = static_cast<uint8_t>(kStringify | (space ? kSpaceBefore : 0));
      if (out.empty()) set_flag(token, kSpaceBefore, false);
    }
    if (macro.function_like && token.kind == Tok::identifier) {
      auto param = std::find(macro.params.begin(), macro.params.end(), token.text);
      if (param != macro.params.end()) {
        token.kind = Tok::parameter;
        token.index = static_cast<uint32_t>(param - macro.params.begin());
      } else if (macro.variadic && token.text == "__VA_OPT__") {
        if (va_opt != kNone) return bad("__VA_OPT__ stands within another");
        token.kind = Tok::va_opt;
        va_opt = out.size();
        out.push_back(token);
        lexer.next(token);
        if (token.kind != Tok::l_paren) return bad("__VA_OPT__ is not followed by '('");
        va_opt_depth = 0;
        last = kNone;
        pasting = false;
        continue;
      }
    }
    if (va_opt != kNone) {
      if (token.kind == Tok::l_paren) ++va_opt_depth;
      if (token.kind == Tok::r_paren && va_opt_depth-- == 0) {
        if (pasting) return bad("'##' stands at an end of __VA_OPT__");
        out[va_opt].index = static_cast<uint32_t>(out.size() - va_opt - 1);
        last = va_opt;
        va_opt = kNone;
        continue;
      }
    }
    pasting = false;
    last = out.size();
    out.push_back(token);
  }
  if (va_opt != kNone) return bad("__VA_OPT__ has no ')'");
  if (pasting) return bad("'##' stands at an end");
  macro.read = true;
  return true;
}

bool Preprocessor::substitute(MacroId id, std::vector<Argument>& arguments, bool omitted_rest, uint32_t at,
                              TokenList& out) {
  // By value where a call could make the table grow: expanding an argument defines nothing, but may read others.
  const Macro& macro = state_.macros()[id];
  if (!substitute_part(macro, 0, macro.tokens.size(), arguments, omitted_rest, out)) return false;
  if (macro.pastes && !paste_all(out, 0, at)) return false;
  open_tokens_ += out.size();
  return count_tokens(out.size() + 1, at);
}

bool Preprocessor::substitute_part(const Macro& macro, size_t begin, size_t end, std::vector<Argument>& arguments,
                                   bool omitted_rest, TokenList& out) {
  const uint32_t rest = static_cast<uint32_t>(macro.params.size()) - 1;
  bool pasted = false;  // `##` stands before the current one
  for (size_t i = begin; i < end; ++i) {
    const Token& token = macro.tokens[i];
    const bool pastes = (token.flags & kPasteNext) != 0;
    if (token.kind != Tok::parameter && token.kind != Tok::va_opt) {
      out.push_back(token);
      pasted = pastes;
      continue;
    }
    if (out.size() + open_tokens_ > kMaxOpenTokens) return count_tokens(kMaxExpandedTokens, expansion_at_);

    TokenList* made = nullptr;  // of __VA_OPT__
    const TokenList* from = nullptr;
    if (token.kind == Tok::va_opt) {
      Argument& variable = arguments[rest];
      if (!expand_argument(variable)) return false;
      made = new_list();
      if (!variable.expanded->empty() &&
          (!substitute_part(macro, i + 1, i + 1 + token.index, arguments, omitted_rest, *made) ||
           !paste_all(*made, 0, expansion_at_)))
        return false;
      open_tokens_ += made->size();
      i += token.index;
      from = made;
    }

    if ((token.flags & kStringify) != 0) {
      Token string = token;
      string.kind = Tok::string;
      set_flag(string, kStringify, false);
      string.integer = 0;
      if (made != nullptr) {
        string.text = stringify(*made);
      } else {
        Argument& argument = arguments[token.index];
        if (argument.string.empty()) argument.string = stringify(*argument.raw);
        string.text = argument.string;
      }
      if (failed_) return false;
      out.push_back(string);
    } else {
      if (from == nullptr) {
        Argument& argument = arguments[token.index];
        if (pasted || pastes) {
          from = argument.raw;
          // GNU: `, ## rest` leaves the comma out where the rest is left out, and is none otherwise.
          if (pasted && macro.variadic && token.index == rest && !out.empty() && out.back().kind == Tok::comma) {
            if (omitted_rest)
              out.pop_back();
            else
              set_flag(out.back(), kPasteNext, false);
            if (omitted_rest || from->empty()) {
              out.push_back(pad_token(token.flags, pastes));
              pasted = pastes;
              continue;
            }
          }
        } else {
          if (!expand_argument(argument)) return false;
          from = argument.expanded;
        }
      }
      if (from->empty()) {
        out.push_back(pad_token(token.flags, pasted || pastes));
      } else {
        const size_t first = out.size();
        if (first + from->size() + open_tokens_ > kMaxOpenTokens)
          return count_tokens(kMaxExpandedTokens, expansion_at_);
        out.insert(out.end(), from->begin(), from->end());
        set_flag(out[first], kSpaceBefore, token.space_before());
        set_flag(out.back(), kPasteNext, pastes);
      }
    }
    if (made != nullptr) free_list(made);
    pasted = pastes;
  }
  return true;
}

// Joins what `##` stands between; placemarkers become pads.
bool Preprocessor::paste_all(TokenList& tokens, size_t begin, uint32_t at) {
  size_t written = begin;
  for (size_t i = begin; i < tokens.size(); ++i) {
    Token left = tokens[i];
    while ((left.flags & kPasteNext) != 0 && i + 1 < tokens.size()) {
      const Token& right = tokens[++i];
      if (!paste(left, right, at)) return false;
      set_flag(left, kPasteNext, (right.flags & kPasteNext) != 0);
    }
    set_flag(left, kPasteNext, false);
    if (is_placemarker(left)) left.detail = 0;
    tokens[written++] = left;
  }
  tokens.resize(written);
  return true;
}

bool Preprocessor::paste(Token& left, const Token& right, uint32_t at) {
  if (right.kind == Tok::pad) return true;
  if (left.kind == Tok::pad) {
    const bool space = left.space_before();
    left = right;
    set_flag(left, kSpaceBefore, space);
    return true;
  }
  if (is_substitute(left) || is_substitute(right)) return fail(at, "'##' joins an argument that is no text");
  const std::string joined = std::string(left.text) + std::string(right.text);
  const std::string_view text = made_text(joined);
  if (failed_) return false;
  Lexer lexer;
  lexer.read(text, 0, true);
  lexer.enter(text);
  Token token;
  lexer.next(token);
  if (token.kind <= Tok::other || !lexer.rest().empty())
    return fail(at, "'##' joins " + shown(left.text) + " and " + shown(right.text) + " to no token");
  token.flags = left.flags & kSpaceBefore;
  token.at = 0;  // it stands nowhere
  left = token;
  return true;
}

// C23 6.10.5.2: the spelling, white space as one blank, quotes and backslashes of literals escaped.
std::string_view Preprocessor::stringify(const TokenList& tokens) {
  std::string out = "\"";
  size_t backslashes = 0;  // at the end, outside of literals
  for (const Token& token : tokens) {
    if (token.kind == Tok::pad) continue;
    if (is_substitute(token)) {
      fail(expansion_at_, "'#' stands before an argument that is no text");
      return {};
    }
    if (out.size() > 1 && token.space_before()) out += ' ';
    const bool literal = token.kind == Tok::string || token.kind == Tok::character;
    for (char c : token.text) {
      if (literal && (c == '"' || c == '\\')) out += '\\';
      if (c == '\n' || c == '\r') {
        out += "\\n";
        continue;
      }
      out += c;
    }
    backslashes = token.text == "\\" ? backslashes + 1 : 0;
    if (out.size() > kMaxMadeText) break;  // made_text() says so
  }
  if (backslashes % 2 != 0) out.pop_back();
  return made_text(out + '"');
}

}  // namespace ferry::cpreproc
