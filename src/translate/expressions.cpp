// Expressions.
#include "translate/literals.h"
#include "translate/parser.h"

#include <algorithm>
#include <utility>

namespace ferry::translate {

namespace {

struct Priority {
  uint8_t left, right;
};

// Lua 5.4 manual, 3.4.8; {0, 0}: no binary operator. Those of earlier versions are among them, in the same order.
Priority priority_of(Tok op) {
  switch (op) {
    case Tok::kw_or:
      return {1, 1};
    case Tok::kw_and:
      return {2, 2};
    case Tok::equal:
    case Tok::not_equal:
    case Tok::less:
    case Tok::less_equal:
    case Tok::greater:
    case Tok::greater_equal:
      return {3, 3};
    case Tok::bar:
      return {4, 4};
    case Tok::tilde:
      return {5, 5};
    case Tok::ampersand:
      return {6, 6};
    case Tok::shift_left:
    case Tok::shift_right:
      return {7, 7};
    case Tok::concat:
      return {9, 8};
    case Tok::plus:
    case Tok::minus:
      return {10, 10};
    case Tok::star:
    case Tok::slash:
    case Tok::double_slash:
    case Tok::percent:
      return {11, 11};
    case Tok::caret:
      return {14, 13};
    default:
      return {0, 0};
  }
}
constexpr int kUnaryPriority = 12;

bool is_comparison(Tok op) {
  return op >= Tok::equal && op <= Tok::greater_equal;
}

bool is_newer_operator(Tok op) {
  return op == Tok::ampersand || op == Tok::bar || op == Tok::tilde || op == Tok::shift_left ||
         op == Tok::shift_right || op == Tok::double_slash;
}

}  // namespace

// The type of a binary operator's result.
Known Parser::combine(Tok op, const Expr& l, const Expr& r) const {
  if (is_comparison(op)) return Known::of(Type::other);
  const bool fixed = l.known.form == Known::Form::fixed && r.known.form == Known::Form::fixed;
  switch (op) {
    case Tok::kw_and:  // what is false is no number
      return r.known.form == Known::Form::fixed ? Known::of(meet(Type::other, r.known.type)) : Known();
    case Tok::kw_or:
      return fixed ? Known::of(meet(l.known.type, r.known.type)) : Known();
    case Tok::concat:
      if (Known::arithmetic(l.known, r.known).form == Known::Form::fixed) {
        const bool plain = fixed && Known::arithmetic(l.known, r.known).type == Type::number;
        return Known::of(plain ? Type::string : Type::unknown);
      }
      return Known::arithmetic(l.known, r.known);
    default:
      return is_newer_operator(op) ? Known() : Known::arithmetic(l.known, r.known);
  }
}

// expr := (simple | unop expr) {binop expr}
Parser::Expr Parser::expression(int limit) {
  Expr e;
  e.start = tok_.at;
  if (++depth_ > kMaxDepth) {
    fail("too many syntax levels");
    --depth_;
    return e;
  }
  deepest_ = std::max(deepest_, depth_);
  const int reach_before = std::exchange(reach_, depth_);
  const Tok op = tok_.kind;
  if (op == Tok::kw_not || op == Tok::minus || op == Tok::hash || op == Tok::tilde) {
    const uint32_t start = tok_.at;
    next();
    // LuaJIT negates the imaginary part of such a constant, and nothing else.
    if (op == Tok::minus && at(Tok::number) && (text_[tok_.end - 1] | 0x20) == 'i' && ahead().kind != Tok::caret) {
      edits_.replace(start, start + 1, " ");
      negates_imaginary_ = true;
    }
    const Expr operand = expression(kUnaryPriority);
    if (op == Tok::kw_not) e.known = Known::of(Type::other);
    if (op == Tok::minus) {
      e.known = Known::arithmetic(operand.known, Known::of(Type::number));
      if (operand.shape == Shape::literal && operand.start == start + 1) e.shape = Shape::literal;
    }
    if (op == Tok::hash && operand.known.form == Known::Form::fixed && operand.known.type == Type::string) {
      e.known = Known::of(Type::number);
    }
    if (op == Tok::tilde) is_newer_ = true;
    e.start = start;
    e.end = last_end_;
  } else {
    e = simple_expression();
  }
  e = binary(e, limit);
  reach_ = std::max(reach_, reach_before);
  --depth_;
  return e;
}

Parser::Expr Parser::binary(Expr left, int limit) {
  for (;;) {
    const Token op = tok_;
    const Priority priority = priority_of(op.kind);
    if (priority.left <= limit) return left;
    next();
    const Expr right = expression(priority.right);
    if (failed()) return left;
    Expr e;
    e.start = left.start;
    e.end = last_end_;
    e.known = combine(op.kind, left, right);
    if (is_newer_operator(op.kind)) is_newer_ = true;
    if (op.kind == Tok::equal || op.kind == Tok::not_equal || (dialect_ <= 51 && is_comparison(op.kind))) {
      if (++reach_ > kMaxDepth) fail("too many syntax levels");  // a call around all of it
      comparisons_.push_back({left, right, op, edits_.next(), at(Tok::left_paren), kNoSite, functions_.back().loop});
    }
    if (op.kind == Tok::concat) {
      e.is_concat = true;
      if (dialect_ >= 53) {
        texts_.push_back({left, edits_.next()});
        if (!right.is_concat) texts_.push_back({right, edits_.next()});
      }
    }
    left = e;
  }
}

// A numeral; nothing is known of a boxed one.
void Parser::number(Expr* e) {
  Literal literal = number_literal(text_of(tok_), dialect_);
  const Token t = tok_;
  if (literal.kind == Literal::Kind::malformed) return fail("malformed number");
  next();
  if (literal.kind != Literal::Kind::boxed) e->known = Known::of(Type::number);
  if (literal.kind == Literal::Kind::same) e->shape = Shape::literal;
  switch (literal.kind) {
    case Literal::Kind::rewritten:
      edits_.replace(t.at, t.end, edits_.keep(std::move(literal.text)));
      note(t.line, "a number that this Lua writes otherwise");
      break;
    case Literal::Kind::widened:
      widened_.push_back({{t.at, t.end}, edits_.keep(std::move(literal.text))});
      break;
    case Literal::Kind::boxed:
      edits_.replace(t.at, t.end,
                     edits_.keep((negates_imaginary_ ? "__ferry[\"-" : "__ferry[\"") + literal.text + "\"]"));
      negates_imaginary_ = false;
      need_run_time();
      note(t.line, "a boxed number");
      separate_from_paren(t.end);
      break;
    default:
      break;
  }
}

void Parser::string(Expr* e) {
  e->known = Known::of(Type::string);
  const Token t = tok_;
  if ((t.flags & (kEscapeX | kEscapeZ | kEscapeU)) == 0) {
    if ((t.flags & kLongString) == 0) e->shape = Shape::string;
    return next();
  }
  Literal literal = string_literal(text_of(t), t.flags, dialect_);
  if (literal.kind == Literal::Kind::malformed) return fail("invalid escape sequence");
  next();
  if (literal.kind != Literal::Kind::rewritten) return;
  edits_.replace(t.at, t.end, edits_.keep(std::move(literal.text)));
  note(t.line, "an escape sequence that this Lua does not know");
}

// simple := number | string | nil | true | false | ... | table | function body | suffixed
Parser::Expr Parser::simple_expression() {
  Expr e;
  e.start = tok_.at;
  switch (tok_.kind) {
    case Tok::number:
      number(&e);
      break;
    case Tok::string:
      string(&e);
      break;
    case Tok::kw_nil:
      e.shape = Shape::nil;
      [[fallthrough]];
    case Tok::kw_true:
    case Tok::kw_false:
      e.known = Known::of(Type::other);
      next();
      break;
    case Tok::ellipsis:
      e.open_ended = true;
      next();
      break;
    case Tok::left_brace:
      e.known = Known::of(Type::other);
      table();
      break;
    case Tok::kw_function:
      e.known = Known::of(Type::other);
      next();
      function_body(0, false);
      break;
    default:
      return suffixed_expression();
  }
  e.end = last_end_;
  return e;
}

// primary := name | '(' expr ')'
Parser::Expr Parser::primary_expression() {
  Expr e;
  e.start = tok_.at;
  if (at(Tok::name)) {
    const Token name = tok_;
    next();
    use_name(name, &e);
  } else if (accept(Tok::left_paren)) {
    const Expr inner = expression();
    e.known = inner.known;
    expect(Tok::right_paren, ")");
  } else {
    fail("unexpected symbol");
  }
  e.end = last_end_;
  return e;
}

// suffixed := primary {'.' name | '[' expr ']' | ':' name arguments | arguments}
Parser::Expr Parser::suffixed_expression() {
  const bool is_name = at(Tok::name);
  const Token first = tok_;
  Expr e = primary_expression();
  const uint32_t first_end = e.end;
  while (!failed()) {
    switch (tok_.kind) {
      case Tok::dot: {
        const Token dot = tok_;
        next();
        const Token name = tok_;
        expect(Tok::name, "<name>");
        if (failed()) return e;
        field_name(dot, name);
        e = Expr{e.start, last_end_, {}, Shape::other, false, kNoVar};
        break;
      }
      case Tok::left_bracket:
        next();
        expression();
        expect(Tok::right_bracket, "]");
        e = Expr{e.start, last_end_, {}, Shape::other, false, kNoVar};
        break;
      case Tok::colon:
        if (ahead().kind == Tok::name && is_foreign(ahead())) {
          foreign_method(e.start);
        } else {
          next();
          expect(Tok::name, "<name>");
          arguments(false);
        }
        e = Expr{e.start, last_end_, {}, Shape::call, true, kNoVar};
        break;
      case Tok::left_paren:
      case Tok::string:
      case Tok::left_brace: {
        // The functions of these names give strings.
        const bool gives_string =
            is_name && e.end == first_end && (is_word(first, "type") || is_word(first, "tostring"));
        arguments(false);
        e = Expr{e.start, last_end_, {}, Shape::call, true, kNoVar};
        if (gives_string) e.known = Known::of(Type::string);
        break;
      }
      default:
        return e;
    }
  }
  return e;
}

// a:name(...), where the name is none here: a function of the run-time support gets object, name and arguments.
void Parser::foreign_method(uint32_t start) {
  const Token colon = tok_;
  next();
  const Token name = tok_;
  next();
  note(name.line, "a name that this Lua does not allow");
  edits_.replace(colon.at, colon.end, ",");
  edits_.replace(name.at, name.end, edits_.keep("\"" + std::string(text_of(name)) + "\""));
  arguments(true);
  edits_.open(start, "__ferry.invoke(");
  invocations_.push_back({start, last_end_});
  need_run_time();
}

// arguments := '(' [exprs] ')' | table | string
void Parser::arguments(bool foreign_method) {
  const Token t = tok_;
  if (accept(Tok::left_paren)) {
    if (foreign_method) edits_.replace(t.at, t.end, at(Tok::right_paren) ? "" : ",");
    if (!at(Tok::right_paren)) {
      do expression();
      while (accept(Tok::comma));
    }
    return expect(Tok::right_paren, ")");
  }
  if (foreign_method) edits_.open(t.at, ",");
  if (at(Tok::string)) {
    Expr ignored;
    string(&ignored);
  } else if (at(Tok::left_brace)) {
    table();
  } else {
    fail("function arguments expected");
  }
  if (foreign_method) edits_.close(last_end_, ")");
}

// table := '{' [field {(',' | ';') field} [',' | ';']] '}',  field := '[' expr ']' '=' expr | name '=' expr | expr
void Parser::table() {
  if (++depth_ > kMaxDepth) fail("too many syntax levels");
  expect(Tok::left_brace, "{");
  while (!failed() && !at(Tok::right_brace)) {
    if (at(Tok::name) && ahead().kind == Tok::assign) {
      if (is_foreign(tok_)) {
        edits_.replace(tok_.at, tok_.end, edits_.keep("[\"" + std::string(text_of(tok_)) + "\"]"));
        note(tok_.line, "a name that this Lua does not allow");
      }
      next();
      next();
    } else if (accept(Tok::left_bracket)) {
      expression();
      expect(Tok::right_bracket, "]");
      expect(Tok::assign, "=");
    }
    expression();
    if (!accept(Tok::comma) && !accept(Tok::semicolon)) break;
  }
  expect(Tok::right_brace, "}");
  --depth_;
}

// body := '(' [names [',' '...']] ')' block 'end'. self_at: where an explicit `self` goes in, 0 if nowhere.
void Parser::function_body(uint32_t self_at, bool is_method) {
  if (++depth_ > kMaxDepth) fail("too many syntax levels");
  const size_t visible = scope_.visible();
  if (is_method) {
    uint32_t hash = 2166136261u;
    for (const char c : std::string_view("self")) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
    scope_.assign(scope_.declare("self", hash), {});
  }
  expect(Tok::left_paren, "(");
  if (self_at != 0) edits_.close(last_end_, at(Tok::right_paren) ? "self" : "self,");
  // The function is known to be inside of itself before its parameters are: they are its variables.
  functions_.push_back({visible, false, false, visible, sites_.size(), loops_.size()});
  while (!failed() && !at(Tok::right_paren)) {
    if (accept(Tok::ellipsis)) {
      functions_.back().is_vararg = true;
      if (at(Tok::name)) {  // 5.5: ...name
        is_newer_ = true;
        scope_.assign(declare(tok_), Known::of(Type::other));
        next();
      }
      break;
    }
    const Token name = tok_;
    expect(Tok::name, "<name>");
    if (failed()) break;
    scope_.assign(declare(name), {});
    if (!accept(Tok::comma)) break;
  }
  expect(Tok::right_paren, ")");
  functions_.back().first_inside = scope_.visible();
  functions_.back().body = last_end_;
  open_jumps(Jumps::BlockKind::function);
  block();
  close_jumps();
  expect(Tok::kw_end, "end");
  end_function();
  functions_.pop_back();
  scope_.leave(visible);
  --depth_;
}

std::vector<Parser::Expr> Parser::expression_list() {
  std::vector<Expr> list;
  do list.push_back(expression());
  while (accept(Tok::comma));
  return list;
}

}  // namespace ferry::translate
