// The preprocessor: one text, and all that it includes, becomes the tokens that a compiler would parse (C23 6.10 and
// gcc's extensions). Knows macros, directives and files; keywords, types and declarations are the parser's.
//
// The model of expansion is a stack of contexts: each is a list of tokens that is read before what is below it. The
// context of a macro's replacement disables that macro until it is used up; the name of a disabled macro is marked
// when it is met and stays as it is for ever (C23 6.10.4.4).
//
// Every loop and list is bounded: by the text, or by one of the limits below.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "cpreproc/lexer.h"
#include "cpreproc/macro_table.h"
#include "cpreproc/source.h"
#include "cpreproc/state.h"

namespace ferry::cpreproc {

// Files within files; gcc's limit.
inline constexpr size_t kMaxIncludeDepth = 200;
// Files entered by one text. The largest libraries enter some thousand; a file that includes itself twice would enter
// 2^200 otherwise.
inline constexpr uint32_t kMaxIncludes = 100'000;
// Tokens that macros make in one text: a big library's headers make less than a million, doubling macros would not end.
inline constexpr uint64_t kMaxExpandedTokens = 20'000'000;
// Of one macro call, and of all that are open at once (32 bytes each).
inline constexpr size_t kMaxOpenTokens = 2'000'000;
// Bytes made by `#` and `##`.
inline constexpr size_t kMaxMadeText = size_t{64} << 20;
// Calls in arguments of calls, parentheses in #if: each costs C stack.
inline constexpr int kMaxCallDepth = 200;

class Preprocessor {
 public:
  // The text is borrowed. `name` is shown in messages and __FILE__; its folder is where "quotes" are looked for first.
  Preprocessor(State& state, std::string_view text, std::string_view name = {},
               std::span<const Substitute> substitutes = {});
  ~Preprocessor();
  Preprocessor(const Preprocessor&) = delete;
  Preprocessor& operator=(const Preprocessor&) = delete;

  // The next token of the result. Tok::pragma begins a pragma that the parser may want: its tokens follow, then
  // Tok::pragma_end. After Tok::error there are no others: error() says what is wrong.
  void next(Token& token) {
    if (plain_) {
      lexer_.next(token);
      if (token.kind > Tok::identifier) return;
      if (token.kind == Tok::identifier && !state_.macros().may_have(token.word)) return;
      next_of_text(token);
    } else {
      next_of_context(token);
    }
  }

  // Called when the current token is `{`: skips to behind its `}`. False: there is none. `text` receives what stands
  // between them, with the `}`, as text whose macros are expanded, or are only predefined ones; its lines are those of
  // the source, counted from that of `{`, which is `line`. May be null.
  bool skip_braces(std::string* text = nullptr, uint32_t line = 0);

  // Tokens of a text that is not read from the front: expands `tokens` fully, as if they stood here.
  bool expand(std::span<const Token> tokens, std::vector<Token>& out);

  bool failed() const { return failed_; }
  // For messages. The place of an error is where the token of kind Tok::error is.
  const std::string& error() const { return error_; }
  uint32_t error_at() const { return error_at_; }
  // It is about the spelling of one token, which the parser's message then shows.
  bool error_is_of_token() const { return bad_token_; }
  // The token that stands at a location, as written.
  std::string_view text_at(uint32_t at);

  Sources& sources() { return sources_; }
  const Sources& sources() const { return sources_; }
  State& state() { return state_; }
  size_t used_substitutes() const { return lexer_.used_substitutes(); }
  // Characters read and tokens made, the measure of the tests that work is linear.
  uint64_t work() const { return lexer_.work() + expanded_tokens_; }

 private:
  using TokenList = std::vector<Token>;
  struct Context {
    const Token* position;
    const Token* end;
    MacroId macro = 0;           // disabled while this is open
    uint32_t at = 0;             // for __LINE__ among its tokens
    TokenList* owned = nullptr;  // returned to the pool with the context
  };
  struct Argument {
    TokenList* raw = nullptr;
    TokenList* expanded = nullptr;  // made when it is needed
    std::string_view string = {};   // the same, for `#`
    uint32_t at = 0;                // of its tokens that are from a macro's text
  };
  struct Conditional {
    uint32_t at;
    bool taken;  // a group of it has been read
    bool else_seen;
    bool may_guard;  // it is the file's #ifndef GUARD
  };
  struct Level {  // one file that is being read
    Source* source = nullptr;
    File* file = nullptr;     // null: the text itself
    std::string_view folder;  // of the file
    size_t next_index = 0;    // where #include_next goes on
    size_t conditionals = 0;  // how many were open when it began
    Lexer::State includer;
    const char* first_directive = nullptr;  // behind its `#`, if the file's first token is one
    std::string_view guard;                 // the macro of its #ifndef, while it may guard all
  };
  enum class Pad : uint8_t { none, bare, space };

  // --- preprocessor.cpp: reading -----------------------------------------------------------------
  void next_of_text(Token& token);
  void next_of_context(Token& token);
  void finish(Token& token);
  void read(Token& token);
  bool resolve(Token& token);
  bool expanded(Token& token);
  bool fail(uint32_t at, std::string message);
  void fail_token(Token& token);
  std::string_view made_text(std::string_view text);

  // --- expand.cpp --------------------------------------------------------------------------------
  MacroId find(const Token& name);
  bool enter_macro(Token& name);
  bool enter_builtin(Token& name, Macro& macro);
  bool open_parenthesis();
  bool collect_arguments(MacroId id, const Token& name, std::vector<Argument>& arguments, bool& omitted_rest,
                         uint32_t& place);
  bool expand_argument(Argument& argument);
  void push_context(const Token* begin, const Token* end, MacroId macro, uint32_t at, TokenList* owned);
  uint32_t origin(const Token& token) const;
  void push_one(const Token& token);
  void pop_context();
  TokenList* new_list();
  void free_list(TokenList* list);
  void free_arguments(std::vector<Argument>& arguments);
  void note_pad(Pad pad);
  bool count_tokens(size_t made, uint32_t at);

  // --- substitute.cpp: the replacement of one call -------------------------------------------------
  bool read_replacement(MacroId id, uint32_t at);
  bool substitute(MacroId id, std::vector<Argument>& arguments, bool omitted_rest, uint32_t at, TokenList& out);
  bool substitute_part(const Macro& macro, size_t begin, size_t end, std::vector<Argument>& arguments,
                       bool omitted_rest, TokenList& out);
  bool paste_all(TokenList& tokens, size_t begin, uint32_t at);
  bool paste(Token& left, const Token& right, uint32_t at);
  std::string_view stringify(const TokenList& tokens);

  // --- directives.cpp ----------------------------------------------------------------------------
  bool directive(const Token& hash);
  bool dispatch(const Token& word, const char* hash_end);
  bool define(uint32_t at);
  bool macro_parameters(Macro& macro);
  bool keep_substitutes(Macro& macro);
  bool undefine();
  bool macro_name(Token& token);
  bool line_number(const Token& first);
  bool error_directive(const Token& word, std::string_view directive, std::string_view line);
  bool refuse(const Token& word, std::string message);

  // --- conditionals.cpp --------------------------------------------------------------------------
  bool if_directive(const Token& word, const char* hash_end);
  bool else_directive(const Token& word);
  bool endif_directive(const Token& word);
  bool evaluate(const Token& word, bool& holds);
  std::string_view guard_of(const Token& word) const;
  bool skip_group();
  void learn_guard();
  bool leave_conditionals(size_t until);
  bool is_defined(std::string_view name);

  // --- condition.cpp: #if's expressions ------------------------------------------------------------
  struct Number {
    uint64_t value = 0;
    bool is_unsigned = false;
  };
  bool condition(bool& holds);
  bool condition_next();
  bool condition_conditional(Number& n, bool evaluated);
  bool condition_binary(Number& n, int min_precedence, bool evaluated);
  bool condition_unary(Number& n, bool evaluated);
  bool condition_primary(Number& n);
  bool condition_identifier(Number& n);
  bool condition_defined(Number& n);
  bool condition_has_include(Number& n, bool next);
  bool feature_operator(Builtin what, const Token& word, uint64_t& value);
  bool condition_number(Number& n);
  bool condition_character(Number& n);

  // --- include.cpp -------------------------------------------------------------------------------
  bool include(const Token& word, bool next, bool once);
  bool header_name(std::string& name, bool& quotes);
  State::Found look_for(std::string_view name, bool quotes, bool next);
  bool enter_file();
  void leave_file();
  Level& level() { return levels_.empty() ? top_ : levels_.back(); }

  // --- pragma.cpp --------------------------------------------------------------------------------
  bool pragma_directive(uint32_t at);
  bool pragma(bool& for_parser);
  bool pragma_gcc();
  bool pragma_operator(const Token& name, bool microsoft);
  bool pragma_operand(uint32_t at, bool microsoft, std::string& text);
  bool pragma_macro_name(std::string& name);
  bool run_pragma_text(std::string_view text, uint32_t at);
  void give_to_parser(TokenList* tokens, uint32_t at, uint32_t end_at);

  State& state_;
  Lexer lexer_;
  bool plain_ = true;  // no context is open: tokens come from the text
  Text text_;
  Sources sources_;

  std::vector<Context> contexts_;
  size_t base_ = 0;        // contexts below are not read: those of calls whose argument is being expanded
  bool isolated_ = false;  // the text is not read either
  int call_depth_ = 0;
  int collecting_ = 0;         // calls whose arguments are being read
  Pad pad_ = Pad::none;        // what stands between the last token and the next one
  Pad later_pad_ = Pad::none;  // behind a name that turned out not to be called
  uint32_t expansion_at_ = 0;  // of the outermost call
  std::vector<std::unique_ptr<TokenList>> lists_;
  std::vector<TokenList*> free_lists_;
  size_t open_tokens_ = 0;
  uint64_t expanded_tokens_ = 0;
  TextArena made_;  // text of tokens made by macros
  size_t made_bytes_ = 0;

  Level top_;
  std::vector<Level> levels_;  // of included files
  std::vector<Conditional> conditionals_;
  uint32_t includes_ = 0;
  // What is left to do when a directive's line has been read.
  bool skip_pending_ = false;
  bool guard_pending_ = false;
  bool enter_pending_ = false;
  State::Found entering_;
  uint32_t entering_at_ = 0;
  Token current_;  // of the #if expression
  int condition_depth_ = 0;

  bool failed_ = false;
  bool bad_token_ = false;
  std::string error_;
  uint32_t error_at_ = 0;
  std::string_view error_text_;  // of the token that is wrong; empty: no single one is
};

}  // namespace ferry::cpreproc
