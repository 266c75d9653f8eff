// One pass over a text: recursive descent over the union of all Luas' grammars, which records what is to be changed.
// A method per production; decisions by the current token and at most one more.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "translate/edits.h"
#include "translate/jumps.h"
#include "translate/lexer.h"
#include "translate/scope.h"
#include "translate/translate.h"

namespace ferry::translate {

// Deeper nesting is refused. Lua refuses more than 200 levels (LUAI_MAXCCALLS), and does not count all that is one
// here.
inline constexpr int kMaxDepth = 450;

class Parser {
 public:
  // `from`: behind the header, on `line`.
  Parser(std::string_view text, uint32_t from, uint32_t line, const Options& options);

  // False: error() says why.
  bool run();
  const std::string& error() const { return error_; }

  Edits& edits() { return edits_; }
  bool needs_run_time() const { return needs_run_time_; }
  // The chunk has as many local variables as Lua allows: there is no room for one of ours.
  bool is_full() const { return most_main_locals_ > kMaxLocals - kOurs; }
  // What stands behind `local __ferry=...`.
  std::string support_variables() const;
  // The chunk becomes a function with `...`, in which 5.1 has a variable `arg` of its own.
  void chunk_becomes_function();
  std::vector<Note>& notes() { return notes_; }

 private:
  static constexpr size_t kMaxLocals = 200;
  // Literals beyond are not written twice.
  static constexpr size_t kMaxRepeated = 60;
  // Of conditions that are open at one place, those within are not looked at.
  static constexpr int kMaxOpenSites = 40;
  static constexpr size_t kMaxUpvalues = 60;  // of 5.1, from where on all others allow 255
  // Lua counts levels of blocks, which become more: far less than its 200, with what is written.
  static constexpr int kMaxDeepest = 130;
  static constexpr size_t kOurs = 5;         // __ferry and what Support names
  static constexpr size_t kLoopSupport = 2;  // what loops keep of it
  static constexpr uint32_t kNoSite = UINT32_MAX;
  static constexpr uint32_t kNoLoop = UINT32_MAX;

  // What has a variable of its own (support.cpp): nil as a userdata, one that stands for any, and the functions.
  enum class Support : uint8_t { null, any, eq, ne };

  enum class Shape : uint8_t { other, local, nil, literal, string, call };
  struct Expr {
    uint32_t start = 0;
    uint32_t end = 0;
    Known known;
    Shape shape = Shape::other;
    bool open_ended = false;  // may have several values
    VarId variable = kNoVar;
    bool is_concat = false;  // a `..` without parentheses
  };
  // A comparison, decided when the types of all variables are known.
  struct Comparison {
    Expr left, right;
    Token op;
    uint32_t rank;
    bool before_paren;
    uint32_t site = kNoSite;  // which its operands may stand in front of
    uint32_t loop = kNoLoop;  // the outermost one of its function
  };
  // A condition or result at the beginning of a statement (sites.cpp).
  enum class SiteKind : uint8_t { if_, elseif, while_, return_, local };
  struct Site {
    SiteKind kind;
    bool usable;
    uint32_t word_at, word_end;   // `if` and its like; the name of a local variable
    uint32_t start, end;          // the expression
    uint32_t behind, behind_end;  // the token behind it
    uint32_t close = 0;           // the end of the statement
    // What lies in it, from these on.
    size_t first_comparison, first_text, first_invocation;
  };
  // An operand of `..`: 5.3 and later write whole floats with a fraction.
  struct Text {
    Expr operand;
    uint32_t rank;
  };
  // A loop in no other loop of its function.
  struct Loop {
    uint32_t start;
    uint32_t end = 0;
    uint32_t rank = 0;
    unsigned used_support = 0;  // 1 << Support, in it
    bool usable = true;
  };
  struct Function {
    size_t first_inside;  // visible variables before its body: its parameters are among them
    bool is_vararg;
    bool is_main;
    size_t first_local;                // visible variables before its parameters
    size_t first_site;                 // of the sites in it
    size_t first_loop;                 // of the loops in it
    size_t most_locals = 0;            // at one time
    size_t unseen = 0;                 // those that the text does not name, now
    uint32_t body = 0;                 // where its body begins
    std::vector<VarId> upvalues = {};  // 5.1: those of inner functions included
    uint32_t loop = kNoLoop;           // the outermost one that is open
  };
  // A use or declaration of a variable named `arg` (5.1, where each vararg function has one of its own).
  struct ArgUse {
    uint32_t at, end;
    VarId variable;  // kNoVar: of the chunk, if that becomes a function
  };
  struct Span {
    uint32_t at, end;
  };

  // parser.cpp
  void next();
  const Token& ahead();
  bool at(Tok kind) const { return tok_.kind == kind; }
  bool accept(Tok kind);
  void expect(Tok kind, std::string_view text);
  void fail(std::string message);
  bool failed() const { return failed_; }
  std::string_view text_of(const Token& t) const { return text_.substr(t.at, t.end - t.at); }
  std::string_view text_of(const Expr& e) const { return text_.substr(e.start, e.end - e.start); }
  bool is_word(const Token& t, std::string_view word) const { return t.kind == Tok::name && text_of(t) == word; }
  void note(uint32_t line, std::string_view text);
  void need_run_time() { needs_run_time_ = true; }
  void separate_from_paren(uint32_t at);

  // names.cpp
  bool is_foreign(const Token& name) const;
  std::string_view renamed(const Token& name);
  std::string_view label_name(const Token& name);
  VarId declare(const Token& name);
  void use_name(const Token& name, Expr* e);
  void use_global(const Token& name);
  void field_name(const Token& dot, const Token& name);
  void note_upvalue(VarId v, size_t index);
  bool is_shadowed_arg(VarId v, size_t index) const;
  void finish_args();

  // expressions.cpp
  Expr expression(int limit = 0);
  Expr binary(Expr left, int limit);
  Expr simple_expression();
  Expr suffixed_expression();
  Expr primary_expression();
  void arguments(bool foreign_method);
  void foreign_method(uint32_t start);
  void table();
  void number(Expr* e);
  void string(Expr* e);
  void function_body(uint32_t self_at, bool is_method);
  std::vector<Expr> expression_list();
  Known combine(Tok op, const Expr& l, const Expr& r) const;

  // comparisons.cpp
  void compare(const Comparison& c);
  void write_as_text(const Text& text);
  void compare_order(const Comparison& c);
  void compare_local(const Comparison& c);

  // sites.cpp
  uint32_t open_site(SiteKind kind, const Token& word);
  void end_condition(uint32_t index);
  void close_site(uint32_t index);
  void count_locals();
  void end_function();
  bool compare_in_front(const Comparison& c);
  bool compare_in_variable(const Comparison& c, const Site& site);

  // comparisons.cpp
  void wrap(const Comparison& c, std::string_view function);
  void note_equality(const Comparison& c);
  static bool is_literal(const Expr& e);
  bool is_repeatable(const Expr& e) const;
  std::string literal_key(const Comparison& c, const Expr& literal, bool is_left);
  // What is written behind `a == b` or `a ~= b`.
  std::string test(const Comparison& c, const std::string& a, bool left_is_literal, const std::string& b,
                   bool right_is_literal);

  // support.cpp
  std::string_view support(const Comparison& c, Support support);
  uint32_t open_loop();
  void close_loop(uint32_t outer);
  void write_loops();

  // statements.cpp
  void block();
  bool ends_block() const;
  uint32_t scoped_block(Jumps::BlockKind kind);
  void statement();
  void if_statement();
  void loop_statement();
  void while_statement();
  void for_statement();
  void repeat_statement();
  void function_statement();
  void local_statement();
  void local_function();
  bool attribute();
  void global_statement();
  void return_statement();
  void break_statement();
  void goto_statement();
  void label_statement();
  void expression_statement();
  void open_jumps(Jumps::BlockKind kind) {
    if (track_jumps_) jumps_.open_block(kind);
  }
  uint32_t close_jumps() { return track_jumps_ ? jumps_.close_block(tok_.at) : 0; }
  void assign_locals(const std::vector<VarId>& targets, const std::vector<Expr>& values);

  std::string_view text_;
  Options options_;
  Dialect dialect_;
  Lexer lexer_;
  Token tok_;
  Token ahead_;
  bool has_ahead_ = false;
  uint32_t last_end_ = 0;  // of the token before the current one
  int depth_ = 0;
  int deepest_ = 0;
  int reach_ = 0;  // how deep the current expression is where it is written with calls around comparisons
  bool failed_ = false;
  std::string error_;

  Edits edits_;
  Scope scope_;
  Jumps jumps_;
  bool track_jumps_ = false;
  std::vector<Function> functions_;
  std::vector<Comparison> comparisons_;
  std::vector<Site> sites_;
  int open_sites_ = 0;
  std::vector<Text> texts_;
  std::vector<Span> invocations_;  // a:name(...) with a foreign name
  std::vector<ArgUse> arg_uses_;
  std::vector<VarId> shadowed_args_;
  std::vector<Span> crowded_;  // bodies of functions that have no room for upvalues of ours
  std::vector<Loop> loops_;
  unsigned used_support_ = 0;                               // 1 << Support
  std::vector<std::pair<Span, std::string_view>> widened_;  // number literals
  std::vector<Note> notes_;
  bool negates_imaginary_ = false;  // the numeral to come stands behind a minus that it takes
  bool is_newer_ = false;           // has syntax of 5.3 and later
  bool needs_run_time_ = false;
  size_t most_main_locals_ = 0;
};

}  // namespace ferry::translate
