// Statements.
#include "translate/parser.h"

#include <algorithm>

namespace ferry::translate {

bool Parser::ends_block() const {
  switch (tok_.kind) {
    case Tok::end:
    case Tok::error:
    case Tok::kw_else:
    case Tok::kw_elseif:
    case Tok::kw_end:
    case Tok::kw_until:
      return true;
    default:
      return false;
  }
}

// block := {statement}
void Parser::block() {
  if (++depth_ > kMaxDepth) fail("too many syntax levels");
  deepest_ = std::max(deepest_, depth_);
  const size_t visible = scope_.visible();
  while (!ends_block()) statement();
  // The condition of `repeat` sees the block's variables: its statement leaves them.
  if (!at(Tok::kw_until)) scope_.leave(visible);
  --depth_;
}

// Its number among the blocks that jumps may leave.
uint32_t Parser::scoped_block(Jumps::BlockKind kind) {
  const size_t visible = scope_.visible();
  open_jumps(kind);
  block();
  const uint32_t closed = close_jumps();
  scope_.leave(visible);
  return closed;
}

void Parser::statement() {
  if (track_jumps_) jumps_.statement(tok_.at, at(Tok::left_paren));
  switch (tok_.kind) {
    case Tok::semicolon:
      if (track_jumps_) jumps_.classify(Jumps::StatementKind::empty);
      // 5.1 has it behind a statement only, where it is read with that.
      if (dialect_ <= 51) edits_.replace(tok_.at, tok_.end, " ");
      return next();
    case Tok::kw_if:
      if_statement();
      break;
    case Tok::kw_while:
    case Tok::kw_for:
    case Tok::kw_repeat:
      loop_statement();
      break;
    case Tok::kw_do:
      next();
      scoped_block(Jumps::BlockKind::plain);
      expect(Tok::kw_end, "end");
      break;
    case Tok::kw_function:
      function_statement();
      break;
    case Tok::kw_local:
      local_statement();
      break;
    case Tok::kw_return:
      return return_statement();
    case Tok::kw_break:
      return break_statement();
    case Tok::double_colon:
      return label_statement();
    case Tok::name:
      if (is_word(tok_, "goto") && ahead().kind == Tok::name) {
        goto_statement();
        break;
      }
      if (is_word(tok_, "global")) {
        const Tok after = ahead().kind;
        if (after == Tok::name || after == Tok::star || after == Tok::less || after == Tok::kw_function) {
          global_statement();
          break;
        }
      }
      expression_statement();
      break;
    default:
      expression_statement();
      break;
  }
  accept(Tok::semicolon);
}

// if := 'if' expr 'then' block {'elseif' expr 'then' block} ['else' block] 'end'
void Parser::if_statement() {
  std::vector<uint32_t> sites;
  do {
    const Token word = tok_;
    next();
    sites.push_back(open_site(sites.empty() ? SiteKind::if_ : SiteKind::elseif, word));
    expression();
    end_condition(sites.back());
    expect(Tok::kw_then, "then");
    scoped_block(Jumps::BlockKind::plain);
  } while (at(Tok::kw_elseif));
  if (accept(Tok::kw_else)) scoped_block(Jumps::BlockKind::plain);
  expect(Tok::kw_end, "end");
  for (const uint32_t site : sites) close_site(site);
}

void Parser::loop_statement() {
  const uint32_t outer = open_loop();
  if (at(Tok::kw_while)) {
    while_statement();
  } else if (at(Tok::kw_for)) {
    for_statement();
  } else {
    repeat_statement();
  }
  close_loop(outer);
}

// while := 'while' expr 'do' block 'end'
void Parser::while_statement() {
  const Token word = tok_;
  next();
  const uint32_t site = open_site(SiteKind::while_, word);
  expression();
  end_condition(site);
  expect(Tok::kw_do, "do");
  const uint32_t body = scoped_block(Jumps::BlockKind::loop);
  const uint32_t end = tok_.end;
  expect(Tok::kw_end, "end");
  close_site(site);
  if (track_jumps_) jumps_.end_loop(body, end, end, edits_.next());
}

// repeat := 'repeat' block 'until' expr
void Parser::repeat_statement() {
  next();
  const size_t visible = scope_.visible();
  open_jumps(Jumps::BlockKind::repeat);
  block();
  const uint32_t body = close_jumps();  // the condition may have functions, with blocks of their own
  const uint32_t until_end = tok_.end;
  expect(Tok::kw_until, "until");
  expression();
  scope_.leave(visible);
  if (track_jumps_) jumps_.end_loop(body, until_end, last_end_, edits_.next());
}

// for := 'for' name '=' expr ',' expr [',' expr] 'do' block 'end' | 'for' names 'in' exprs 'do' block 'end'
void Parser::for_statement() {
  next();
  const Token first = tok_;
  expect(Tok::name, "<name>");
  const size_t visible = scope_.visible();
  VarId control = kNoVar;
  if (accept(Tok::assign)) {
    expression();
    expect(Tok::comma, ",");
    expression();
    if (accept(Tok::comma)) expression();
    if (failed()) return;
    control = declare(first);
    scope_.assign(control, Known::of(Type::number));
  } else {
    std::vector<Token> names{first};
    while (accept(Tok::comma)) {
      names.push_back(tok_);
      expect(Tok::name, "<name>");
    }
    expect(Tok::kw_in, "in");
    do expression();
    while (accept(Tok::comma));
    if (failed()) return;
    for (const Token& name : names) {
      const VarId v = declare(name);
      scope_.assign(v, {});
      if (control == kNoVar) control = v;
    }
  }
  const uint32_t body_at = tok_.end;
  expect(Tok::kw_do, "do");
  constexpr size_t kHiddenLocals = 4;  // that Lua declares for a loop, at most
  functions_.back().unseen += kHiddenLocals;
  const uint32_t body = scoped_block(Jumps::BlockKind::loop);
  functions_.back().unseen -= kHiddenLocals;
  const uint32_t end = tok_.end;
  expect(Tok::kw_end, "end");
  if (track_jumps_) jumps_.end_loop(body, end, end, edits_.next());
  scope_.leave(visible);
  if (failed() || dialect_ < 55 || !scope_[control].is_assigned) return;
  // 5.5 refuses assignments to it: the body gets a variable of its own.
  const std::string name(is_foreign(first) ? renamed(first) : text_of(first));
  edits_.close(body_at, edits_.keep(" local " + name + "=" + name + " "));
  note(first.line, "assignment to a loop's variable");
}

// function := 'function' name {'.' name} [':' name] body
void Parser::function_statement() {
  const Token word = tok_;
  next();
  const Token first = tok_;
  expect(Tok::name, "<name>");
  if (failed()) return;
  Expr target;
  use_name(first, &target);
  // With a name that is none here, it becomes an assignment.
  bool assigned = target.variable == kNoVar && is_foreign(first);
  bool is_method = false;
  bool has_fields = false;
  Token separator;
  while (at(Tok::dot) || at(Tok::colon)) {
    separator = tok_;
    has_fields = true;
    is_method = at(Tok::colon);
    next();
    const Token name = tok_;
    expect(Tok::name, "<name>");
    if (failed()) return;
    if (is_foreign(name)) {
      field_name(separator, name);
      assigned = true;
      if (is_method) separator.at = separator.end;
    }
    if (is_method) break;
  }
  if (!has_fields && target.variable != kNoVar) {
    scope_.assign(target.variable, Known::of(Type::other));
    scope_[target.variable].is_assigned = true;
  }
  uint32_t self_at = 0;
  if (assigned) {
    edits_.replace(word.at, word.end, "");
    edits_.close(last_end_, "=function");
    if (is_method) {
      self_at = last_end_;
      if (separator.at != separator.end) edits_.replace(separator.at, separator.end, ".");
    }
  }
  function_body(self_at, is_method);
}

// local := 'local' ('function' name body | [attribute] name [attribute] {',' name [attribute]} ['=' exprs])
void Parser::local_statement() {
  if (track_jumps_) jumps_.classify(Jumps::StatementKind::local);
  next();
  if (at(Tok::kw_function)) return local_function();
  bool has_attributes = attribute();
  std::vector<Token> names;
  do {
    names.push_back(tok_);
    expect(Tok::name, "<name>");
    has_attributes = attribute() || has_attributes;
  } while (accept(Tok::comma));
  std::vector<Expr> values;
  if (accept(Tok::assign)) {
    const uint32_t site = open_site(SiteKind::local, names[0]);
    values.push_back(expression());
    end_condition(site);
    while (accept(Tok::comma)) values.push_back(expression());
    close_site(site);
    if (has_attributes || names.size() != 1 || values.size() != 1 || is_foreign(names[0])) sites_[site].usable = false;
  }
  if (failed()) return;
  std::vector<VarId> targets;
  targets.reserve(names.size());
  for (const Token& name : names) targets.push_back(declare(name));
  assign_locals(targets, values);
}

void Parser::local_function() {
  next();
  const Token name = tok_;
  expect(Tok::name, "<name>");
  if (failed()) return;
  scope_.assign(declare(name), Known::of(Type::other));
  function_body(0, false);
}

// attribute := '<' name '>', of 5.4 and later. Whether there was one.
bool Parser::attribute() {
  if (!at(Tok::less)) return false;
  is_newer_ = true;
  next();
  expect(Tok::name, "<name>");
  expect(Tok::greater, ">");
  return true;
}

// The values of `targets`; kNoVar: something that is no local variable.
void Parser::assign_locals(const std::vector<VarId>& targets, const std::vector<Expr>& values) {
  const bool open_ended = !values.empty() && values.back().open_ended;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (targets[i] == kNoVar) continue;
    Known known = Known::of(Type::other);  // nil
    if (i < values.size()) {
      known = values[i].known;
    } else if (open_ended) {
      known = {};
    }
    scope_.assign(targets[i], known);
  }
}

// global := 'global' ('function' name body | [attribute] ('*' | name [attribute] {...}) ['=' exprs]), of 5.5
void Parser::global_statement() {
  is_newer_ = true;
  next();
  if (accept(Tok::kw_function)) {
    expect(Tok::name, "<name>");
    return function_body(0, false);
  }
  attribute();
  if (accept(Tok::star)) return;
  do {
    expect(Tok::name, "<name>");
    attribute();
  } while (accept(Tok::comma));
  if (accept(Tok::assign)) expression_list();
}

// return := 'return' [exprs] [';'], at the end of a block
void Parser::return_statement() {
  if (track_jumps_) jumps_.classify(Jumps::StatementKind::last);
  const Token word = tok_;
  next();
  if (!ends_block() && !at(Tok::semicolon)) {
    const uint32_t site = open_site(SiteKind::return_, word);
    expression();
    end_condition(site);
    while (accept(Tok::comma)) expression();
    close_site(site);
  }
  accept(Tok::semicolon);
  if (!ends_block()) fail("'<eof>' expected");
}

void Parser::break_statement() {
  if (track_jumps_) jumps_.classify(Jumps::StatementKind::last);
  const Token word = tok_;
  next();
  const bool semicolon = accept(Tok::semicolon);
  const bool is_last = ends_block();
  if (!is_last && dialect_ <= 51) note(word.line, "break that does not end its block");
  if (track_jumps_) {
    jumps_.leave(word.at, word.end, is_last);
  } else if (!is_last && dialect_ <= 51) {
    edits_.replace(word.at, word.end, "do break end");
  }
  (void)semicolon;
}

void Parser::goto_statement() {
  const Token word = tok_;
  next();
  const Token name = tok_;
  next();
  const std::string_view written = label_name(name);
  if (track_jumps_) {
    jumps_.jump(word.at, name.end, text_of(name), written, word.line);
  } else if (written != text_of(name)) {
    edits_.replace(name.at, name.end, written);
  }
  if (dialect_ <= 51) note(word.line, "goto");
}

// label := '::' name '::'
void Parser::label_statement() {
  const uint32_t start = tok_.at;
  next();
  const Token name = tok_;
  expect(Tok::name, "<name>");
  if (failed()) return;
  const std::string_view written = label_name(name);
  if (track_jumps_) {
    jumps_.label(start, tok_.end, text_of(name), written);
  } else if (written != text_of(name)) {
    edits_.replace(name.at, name.end, written);
  }
  expect(Tok::double_colon, "::");
}

// expression statement := call | targets '=' exprs
void Parser::expression_statement() {
  Expr e = suffixed_expression();
  if (failed()) return;
  if (!at(Tok::assign) && !at(Tok::comma)) {
    if (e.shape != Shape::call) fail("syntax error");
    return;
  }
  std::vector<VarId> targets;
  for (;;) {
    targets.push_back(e.variable);
    if (e.variable != kNoVar) scope_[e.variable].is_assigned = true;
    if (!accept(Tok::comma)) break;
    e = suffixed_expression();
    if (failed()) return;
  }
  expect(Tok::assign, "=");
  assign_locals(targets, expression_list());
}

}  // namespace ferry::translate
