// How tokens are read: from contexts, from the text, expanded; and errors.
#include "cpreproc/preprocessor.h"

#include "os/paths.h"

namespace ferry::cpreproc {
namespace {

std::string_view stray_message(const Token& token) {
  switch (static_cast<Stray>(token.detail)) {
    case Stray::string:
      return "unterminated string";
    case Stray::character_constant:
      return "unterminated character constant";
    case Stray::identifier:
      return "an identifier is longer than 65535 characters";
    case Stray::character:
      break;
  }
  return "stray character";
}

}  // namespace

Preprocessor::Preprocessor(State& state, std::string_view text, std::string_view name,
                           std::span<const Substitute> substitutes)
    : state_(state), lexer_({}, 1, substitutes), text_(text) {
  state_.begin_text();
  const std::string_view kept = name.empty() ? name : state.keep(name);
  top_.source = sources_.add(text_, kept, 0);
  top_.folder = os::folder_of(kept);
  if (top_.source == nullptr) {
    fail(0, "the text is larger than 1 GiB");
    return;
  }
  lexer_.read(text_.bytes(), top_.source->base(), false);
}

// Macros are the state's: none stays disabled.
Preprocessor::~Preprocessor() {
  while (!contexts_.empty()) pop_context();
  state_.end_text();
}

bool Preprocessor::fail(uint32_t at, std::string message) {
  if (failed_) return false;
  failed_ = true;
  plain_ = false;
  error_at_ = at;
  error_ = std::move(message);
  return false;
}

void Preprocessor::fail_token(Token& token) {
  token.kind = Tok::error;
  token.at = error_at_;
  token.text = error_text_;
  token.flags = 0;
}

std::string_view Preprocessor::made_text(std::string_view text) {
  made_bytes_ += text.size();
  if (made_bytes_ > kMaxMadeText) {
    fail(expansion_at_, "macros make more than 64 MiB of text");
    return {};
  }
  return {made_.add(text), text.size()};
}

std::string_view Preprocessor::text_at(uint32_t at) {
  const Source* source = sources_.find(at);
  if (source != nullptr && at - source->base() < source->bytes().size()) {
    const std::string_view before = source->bytes().substr(0, at - source->base());
    const size_t last = before.find_last_not_of(" \t");
    if (last != std::string_view::npos && before[last] == '#') return {};  // messages name directives
  }
  if (failed_ && at == error_at_ && !error_text_.empty()) return error_text_;
  if (source == nullptr || at - source->base() >= source->bytes().size()) return {};
  Lexer lexer(source->bytes().substr(at - source->base()), at);
  Token token;
  lexer.next(token);
  return token.text;
}

// A token that was read from the text: is it one to go on with? Directives are obeyed, and files left.
bool Preprocessor::resolve(Token& token) {
  switch (token.kind) {
    case Tok::directive:
      if (!directive(token)) break;
      return false;
    case Tok::end:
      if (lexer_.in_directive() || collecting_ != 0) return true;
      if (!leave_conditionals(level().conditionals)) break;
      if (levels_.empty()) return true;
      leave_file();
      return false;
    case Tok::error:
      error_text_ = token.text;
      bad_token_ = true;
      fail(token.at, lexer_.error());
      break;
    default:
      return true;
  }
  fail_token(token);
  return true;
}

// The next token as it stands: of the innermost context, or the text. Tok::end: of an argument, a directive's line,
// the text; while arguments are collected also of an included file.
void Preprocessor::read(Token& token) {
  for (;;) {
    if (failed_) return fail_token(token);
    if (contexts_.size() > base_) {
      Context& context = contexts_.back();
      if (context.position != context.end) {
        token = *context.position++;
        return;
      }
      pop_context();
      continue;
    }
    if (isolated_) {
      token.kind = Tok::end;
      token.text = {};
      token.at = expansion_at_;
      token.flags = 0;
      return;
    }
    lexer_.next(token);
    if (token.kind > Tok::directive || resolve(token)) return;
  }
}

// The next token, macros expanded. False: failed, and the token is Tok::error.
bool Preprocessor::expanded(Token& token) {
  for (;;) {
    read(token);
    if (token.kind == Tok::pad) {
      note_pad(token.space_before() ? Pad::space : Pad::bare);
      note_pad(Pad::none);
      continue;
    }
    if (token.kind == Tok::error) return false;
    if (token.kind == Tok::identifier && (token.flags & (kRawName | kNotExpanded)) == 0 &&
        state_.macros().may_have(token.word)) {
      if (enter_macro(token)) continue;
      if (failed_) {
        fail_token(token);
        return false;
      }
    }
    if (pad_ == Pad::space) token.flags |= kSpaceBefore;
    if (pad_ == Pad::bare) token.flags &= static_cast<uint8_t>(~kSpaceBefore);
    pad_ = later_pad_;
    later_pad_ = Pad::none;
    return true;
  }
}

// What a token still needs on its way to the parser.
void Preprocessor::finish(Token& token) {
  if (token.at == 0) token.at = expansion_at_;
  if (token.kind == Tok::other) {
    error_text_ = token.text.substr(0, 1);
    bad_token_ = true;
    fail(token.at, std::string(stray_message(token)));
    fail_token(token);
  }
}

void Preprocessor::next_of_text(Token& token) {
  if (token.kind == Tok::identifier) {
    if (token.raw_name()) return;
    if (enter_macro(token)) return next_of_context(token);
    if (failed_) fail_token(token);
    plain_ = contexts_.empty() && !failed_;
    return;
  }
  if (token.kind <= Tok::directive && !resolve(token)) return next_of_context(token);
  finish(token);
}

void Preprocessor::next_of_context(Token& token) {
  expanded(token);
  finish(token);
  // What is used up is left now: the next token comes from the text then, the quick way.
  while (!contexts_.empty() && contexts_.back().position == contexts_.back().end) pop_context();
  pad_ = Pad::none;
  plain_ = contexts_.empty() && !failed_;
}

namespace {

// The text goes on in line `now`. What is far away is named: by #line it may be as far as numbers reach.
void keep_line(std::string& text, uint32_t& line, uint32_t now) {
  constexpr uint32_t kNear = 16;
  if (now < line) return;
  if (now - line <= kNear) {
    text.append(now - line, '\n');
  } else {
    text += "\n# " + std::to_string(now) + '\n';
  }
  line = now;
}

}  // namespace

bool Preprocessor::skip_braces(std::string* text, uint32_t line) {
  if (failed_) return false;
  // The quick way, where no macro can make a brace.
  const char* const begin = lexer_.position();
  if (plain_ && levels_.empty() && !state_.macros().has_own() && lexer_.skip_braces()) {
    if (text != nullptr) text->append(begin, lexer_.position());
    return true;
  }
  Token token;
  bool in_pragma = false;
  for (size_t depth = 1; depth > 0;) {
    if (!expanded(token) || token.kind == Tok::end) break;
    if (token.kind == Tok::l_brace) ++depth;
    if (token.kind == Tok::pragma) in_pragma = true;
    if (text != nullptr && !in_pragma) {
      if ((token.flags & kLineStart) != 0 && token.at != 0) keep_line(*text, line, sources_.place(token.at).line);
      *text += ' ';
      *text += token.text;
    }
    if (token.kind == Tok::pragma_end) in_pragma = false;
    if (token.kind == Tok::r_brace && --depth == 0) {
      while (!contexts_.empty() && contexts_.back().position == contexts_.back().end) pop_context();
      plain_ = contexts_.empty();
      return true;
    }
  }
  plain_ = contexts_.empty() && !failed_;
  return false;
}

bool Preprocessor::expand(std::span<const Token> tokens, std::vector<Token>& out) {
  Argument argument;
  argument.raw = new_list();
  argument.raw->assign(tokens.begin(), tokens.end());
  const bool ok = expand_argument(argument);
  if (ok) out.insert(out.end(), argument.expanded->begin(), argument.expanded->end());
  free_list(argument.raw);
  if (argument.expanded != nullptr) free_list(argument.expanded);
  return ok;
}

}  // namespace ferry::cpreproc
