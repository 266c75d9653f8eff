// Calls of macros: which names are expanded, their arguments, the stack of contexts.
#include "cpreproc/preprocessor.h"

#include <ctime>

#include "os/process.h"

namespace ferry::cpreproc {
namespace {

constexpr size_t kMaxArguments = 65535;

std::string plural(size_t n, std::string_view what) {
  return std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

// --- contexts -----------------------------------------------------------------------------------

Preprocessor::TokenList* Preprocessor::new_list() {
  if (free_lists_.empty()) {
    lists_.push_back(std::make_unique<TokenList>());
    free_lists_.reserve(lists_.size());  // free_list() must not fail
    return lists_.back().get();
  }
  TokenList* list = free_lists_.back();
  free_lists_.pop_back();
  list->clear();
  return list;
}

void Preprocessor::free_list(TokenList* list) {
  open_tokens_ -= std::min(open_tokens_, list->size());
  // A list that was large once is not worth keeping.
  if (list->capacity() > 4096) TokenList().swap(*list);
  list->clear();
  free_lists_.push_back(list);
}

// Where a token that was read just now stands in a text: of a macro's text, where the call is that made it.
uint32_t Preprocessor::origin(const Token& token) const {
  return token.at != 0 || contexts_.empty() ? token.at : contexts_.back().at;
}

void Preprocessor::push_context(const Token* begin, const Token* end, MacroId macro, uint32_t at, TokenList* owned) {
  contexts_.push_back({begin, end, macro, at, owned});
  if (macro != 0) ++state_.macros()[macro].disabled;
  plain_ = false;
}

void Preprocessor::push_one(const Token& token) {
  TokenList* list = new_list();
  list->push_back(token);
  ++open_tokens_;
  push_context(list->data(), list->data() + 1, 0, token.at, list);
}

void Preprocessor::pop_context() {
  const Context context = contexts_.back();
  contexts_.pop_back();
  if (context.macro != 0) --state_.macros()[context.macro].disabled;
  if (context.owned != nullptr) free_list(context.owned);
  note_pad(Pad::none);
}

// White space between two tokens when expansions begin and end there: what the first name had counts; if it had none,
// the end of an expansion leaves it to the next token. `#` makes blanks of it (C23 6.10.5.2), and gcc's are the same.
void Preprocessor::note_pad(Pad pad) {
  if (pad == Pad::none) {
    if (pad_ == Pad::bare) pad_ = Pad::none;
  } else if (pad_ == Pad::none) {
    pad_ = pad;
  }
}

bool Preprocessor::count_tokens(size_t made, uint32_t at) {
  expanded_tokens_ += made;
  if (expanded_tokens_ > kMaxExpandedTokens)
    return fail(at, "macros expand to more than " + std::to_string(kMaxExpandedTokens) + " tokens");
  if (open_tokens_ > kMaxOpenTokens)
    return fail(at, "one expansion has more than " + std::to_string(kMaxOpenTokens) + " tokens");
  return true;
}

// --- calls --------------------------------------------------------------------------------------

// Begins the expansion of the name, if it is a macro that may be expanded here. False: it stays, or failed().
bool Preprocessor::enter_macro(Token& name) {
  const MacroId id = state_.find_macro(name.text);
  if (id == 0) return false;
  MacroTable& macros = state_.macros();
  if (macros[id].builtin != Builtin::none) return enter_builtin(name, macros[id]);
  if (macros[id].disabled != 0) {
    name.flags |= kNotExpanded;
    return false;
  }
  if (contexts_.empty()) expansion_at_ = name.at;
  const uint32_t at = expansion_at_;
  // What __LINE__ means by its place: to gcc the name's, to clang the end of the call's.
  uint32_t place = origin(name);
  if (!read_replacement(id, at)) return false;
  const Pad before = name.space_before() ? Pad::space : Pad::bare;

  if (!macros[id].function_like) {
    note_pad(before);
    if (!macros[id].pastes) {
      const TokenList& tokens = macros[id].tokens;
      if (!count_tokens(tokens.size() + 1, at)) return false;
      push_context(tokens.data(), tokens.data() + tokens.size(), id, place, nullptr);
      return true;
    }
    std::vector<Argument> none;
    TokenList* out = new_list();
    if (!substitute(id, none, false, at, *out)) return false;
    push_context(out->data(), out->data() + out->size(), id, place, out);
    return true;
  }

  if (!open_parenthesis()) return false;
  std::vector<Argument> arguments;
  bool omitted_rest = false;
  // The context pushed below is the pad's place, not the arguments'.
  const Pad pad = pad_;
  TokenList* out = new_list();
  const bool ok =
      collect_arguments(id, name, arguments, omitted_rest, place) && substitute(id, arguments, omitted_rest, at, *out);
  free_arguments(arguments);
  if (!ok) return false;
  pad_ = pad;
  note_pad(before);
  push_context(out->data(), out->data() + out->size(), id, place, out);
  return true;
}

// Whether `(` is the next token; then it is taken. Contexts that are used up are left on the way, as in gcc. Nothing
// else is taken: a directive is obeyed when its `#` is read again.
bool Preprocessor::open_parenthesis() {
  const Pad before = pad_;
  pad_ = Pad::none;
  bool open = false;
  for (;;) {
    if (contexts_.size() > base_) {
      Context& context = contexts_.back();
      if (context.position == context.end) {
        pop_context();
        continue;
      }
      if (context.position->kind == Tok::pad) {
        note_pad(context.position->space_before() ? Pad::space : Pad::bare);
        note_pad(Pad::none);
        ++context.position;
        continue;
      }
      open = context.position->kind == Tok::l_paren;
      if (open) ++context.position;
      break;
    }
    if (isolated_) break;
    const char* position = lexer_.position();
    Token token;
    lexer_.next(token);
    open = token.kind == Tok::l_paren;
    if (!open) lexer_.go_back(position);
    break;
  }
  if (!open) later_pad_ = pad_;
  pad_ = before;
  return open;
}

// arguments := token* (',' token*)* ')'        the `(` has been read
bool Preprocessor::collect_arguments(MacroId id, const Token& name, std::vector<Argument>& arguments,
                                     bool& omitted_rest, uint32_t& place) {
  MacroTable& macros = state_.macros();
  const size_t wanted = macros[id].params.size();
  const bool variadic = macros[id].variadic;
  const uint32_t at = name.at != 0 ? name.at : expansion_at_;
  auto called = [&] { return "the macro " + shown(macros[id].name); };

  ++collecting_;
  pad_ = Pad::none;
  size_t depth = 0;
  const uint32_t inherited = contexts_.empty() ? at : contexts_.back().at;
  auto begin_argument = [&] {
    arguments.push_back({new_list()});
    arguments.back().at = inherited;
  };
  begin_argument();
  bool ended = false;
  while (!ended) {
    Token token;
    read(token);
    switch (token.kind) {
      case Tok::pad:
        note_pad(token.space_before() ? Pad::space : Pad::bare);
        note_pad(Pad::none);
        continue;
      case Tok::end:
        fail(at, "the arguments of " + called() + " have no end");
        break;
      case Tok::l_paren:
        ++depth;
        break;
      case Tok::r_paren:
        ended = depth == 0;
        if (ended && state_.settings().profile != Profile::gcc) place = origin(token);
        if (!ended) --depth;
        break;
      case Tok::comma:
        if (depth != 0 || (variadic && arguments.size() == wanted)) break;
        if (arguments.size() >= kMaxArguments) {
          fail(at, called() + " is called with more than " + plural(kMaxArguments, "argument"));
          break;
        }
        begin_argument();
        pad_ = Pad::none;
        continue;
      case Tok::identifier:
        // A name that is met while its macro is expanded stays for ever, also within an argument.
        if ((token.flags & (kRawName | kNotExpanded)) == 0 && macros.may_have(token.word)) {
          const MacroId other = macros.find(token.text);
          if (other != 0 && macros[other].disabled != 0) token.flags |= kNotExpanded;
        }
        break;
      default:
        break;
    }
    if (failed_) break;
    if (ended) break;
    if (pad_ == Pad::space) token.flags |= kSpaceBefore;
    if (pad_ == Pad::bare) token.flags &= static_cast<uint8_t>(~kSpaceBefore);
    pad_ = Pad::none;
    token.flags &= static_cast<uint8_t>(~kLineStart);
    arguments.back().raw->push_back(token);
    ++open_tokens_;
    if (!count_tokens(1, at)) break;
  }
  --collecting_;
  if (failed_) return false;

  // `f()` has one empty argument, or none where none is wanted.
  size_t given = arguments.size();
  if (given == 1 && wanted == 0 && arguments[0].raw->empty()) given = 0;
  if (given == wanted) {
    // gcc: `f()` of a macro with nothing but a rest has left it out.
    omitted_rest = variadic && given == 1 && arguments[0].raw->empty();
    return true;
  }
  if (variadic && given + 1 == wanted) {
    omitted_rest = true;
    arguments.push_back({new_list()});
    return true;
  }
  return fail(at, called() + " takes " +
                      (variadic ? plural(wanted - 1, "argument") + " or more" : plural(wanted, "argument")) + ", got " +
                      std::to_string(given));
}

void Preprocessor::free_arguments(std::vector<Argument>& arguments) {
  for (Argument& argument : arguments) {
    if (argument.raw != nullptr) free_list(argument.raw);
    if (argument.expanded != nullptr) free_list(argument.expanded);
  }
  arguments.clear();
}

// The argument's tokens, expanded as if they were all there is (C23 6.10.5.1).
bool Preprocessor::expand_argument(Argument& argument) {
  if (argument.expanded != nullptr) return true;
  argument.expanded = new_list();
  if (call_depth_ >= kMaxCallDepth)
    return fail(expansion_at_, "macro calls are nested deeper than " + std::to_string(kMaxCallDepth) + " levels");
  ++call_depth_;
  const size_t base = base_;
  const bool isolated = isolated_;
  const Pad pad = pad_;
  const Pad later_pad = later_pad_;
  base_ = contexts_.size();
  isolated_ = true;
  pad_ = later_pad_ = Pad::none;
  const TokenList& raw = *argument.raw;
  push_context(raw.data(), raw.data() + raw.size(), 0, argument.at, nullptr);
  Token token;
  while (expanded(token) && token.kind != Tok::end) {
    argument.expanded->push_back(token);
    ++open_tokens_;
    if (!count_tokens(1, expansion_at_)) break;
  }
  while (contexts_.size() > base_) pop_context();
  base_ = base;
  isolated_ = isolated;
  pad_ = pad;
  later_pad_ = later_pad;
  --call_depth_;
  return !failed_;
}

// --- macros whose expansion is computed -----------------------------------------------------------

bool Preprocessor::enter_builtin(Token& name, Macro& macro) {
  if (contexts_.empty()) expansion_at_ = name.at;
  const uint32_t at = name.at != 0 && contexts_.empty() ? name.at : expansion_at_;
  const uint32_t place = origin(name) != 0 ? origin(name) : at;
  Token token;
  token.at = at;
  token.kind = Tok::number;
  std::string text;
  switch (macro.builtin) {
    case Builtin::file:
      token.kind = Tok::string;
      text = quoted(sources_.place(at).file);
      break;
    case Builtin::base_file:
      token.kind = Tok::string;
      text = quoted(top_.source->name());
      break;
    case Builtin::line:
      text = std::to_string(sources_.place(place).line);
      break;
    case Builtin::include_level:
      text = std::to_string(levels_.size());
      break;
    case Builtin::counter:
      text = std::to_string(state_.next_counter());
      break;
    case Builtin::date:
    case Builtin::time:
    case Builtin::timestamp: {
      token.kind = Tok::string;
      const Level& l = level();
      std::time_t now = macro.builtin == Builtin::timestamp && l.file != nullptr
                            ? static_cast<std::time_t>(l.file->modified)
                            : std::time(nullptr);
      std::tm local{};
      char buffer[64];
      const char* format = macro.builtin == Builtin::date   ? "\"%b %e %Y\""
                           : macro.builtin == Builtin::time ? "\"%H:%M:%S\""
                                                            : "\"%a %b %e %H:%M:%S %Y\"";
      if (!os::local_time(now, &local)) return false;
      text.assign(buffer, std::strftime(buffer, sizeof buffer, format, &local));
      break;
    }
    case Builtin::pragma:
      // Where an argument is expanded, the operator waits for the rest of the call.
      if (isolated_ || collecting_ != 0) return false;
      return pragma_operator(name, name.text != "_Pragma");
    case Builtin::poisoned:
      error_text_ = {};
      return fail(at, "the name " + shown(name.text) + " is poisoned");
    case Builtin::has_attribute:
    case Builtin::has_c_attribute:
    case Builtin::has_builtin:
    case Builtin::has_feature:
    case Builtin::has_extension:
    case Builtin::is_identifier: {
      uint64_t value = 0;
      if (!open_parenthesis()) return false;
      const Pad pad = pad_;
      if (!feature_operator(macro.builtin, name, value)) return false;
      pad_ = pad;
      text = std::to_string(value);
      break;
    }
    default:  // they mean something within #if, which asks for them itself
      return false;
  }
  note_pad(name.space_before() ? Pad::space : Pad::bare);
  token.text = made_text(text);
  if (failed_ || !count_tokens(1, at)) return false;
  push_one(token);
  return true;
}

}  // namespace ferry::cpreproc
