// == ~= of any two values, and < <= > >= where Lua asks nobody about two values of different types. LuaJIT asks the
// cdata among them; Lua only if both are of one type (and 5.2 and later about the order of any two).
//
//   both can be no cdata                        as it stands
//   a variable and a literal     x == nil       (x == nil or __ferry_null == x)
//                                x == 5         (x == 5 or __ferry[5] == x)
//                                x == "s"       (x == "s" or __ferry["=s"] == x)
//                                nil == x       (nil == x or __ferry.left.null == x)
//   two variables                x == y         (x == y or (__ferry_any == x or __ferry_any == y) and
//                                                __ferry.eq_mixed(x, y))
//   anything else                f() == y       __ferry_eq(f(), y), or without a call where it begins a statement
//                                               (sites.cpp)
//
// __ferry_null and the like are userdata that stand for the literal, or for any value, so that Lua asks about them, and
// only if x is a userdata: other values cost a comparison. They stand first, because 5.3 and later ask the first
// operand's metatable, and that of other libraries' userdata may raise errors. No operand is evaluated twice, but for
// the value of a variable.
#include "translate/parser.h"

namespace ferry::translate {

void Parser::compare(const Comparison& c) {
  if (scope_.is_plain(c.left.known) && scope_.is_plain(c.right.known)) return;
  if (c.op.kind != Tok::equal && c.op.kind != Tok::not_equal) return compare_order(c);
  need_run_time();
  const bool has_variable = c.left.shape == Shape::local || c.right.shape == Shape::local;
  if (has_variable && is_repeatable(c.left) && is_repeatable(c.right)) return compare_local(c);
  note_equality(c);
  if (compare_in_front(c)) return;
  const bool is_equal = c.op.kind == Tok::equal;
  wrap(c, edits_.keep(std::string(support(c, is_equal ? Support::eq : Support::ne)) + "("));
}

void Parser::compare_order(const Comparison& c) {
  need_run_time();
  note(c.op.line, "order of a cdata and another value");
  switch (c.op.kind) {
    case Tok::less:
      return wrap(c, "__ferry.lt(");
    case Tok::less_equal:
      return wrap(c, "__ferry.le(");
    case Tok::greater:
      return wrap(c, "__ferry.gt(");
    default:
      return wrap(c, "__ferry.ge(");
  }
}

void Parser::wrap(const Comparison& c, std::string_view function) {
  edits_.open(c.left.start, function, c.rank);
  edits_.replace(c.op.at, c.op.end, ",");
  edits_.close(c.right.end, c.before_paren ? ");" : ")", c.rank);
}

// a .. b, where an operand may be a float: a .. __ferry.text(b).
void Parser::write_as_text(const Text& text) {
  const Expr& e = text.operand;
  const Type type = scope_.type_of(e.known);
  if (type == Type::string || type == Type::other) return;
  if (e.shape == Shape::literal && text_of(e).find_first_of(".eEpP") == std::string_view::npos) return;
  need_run_time();
  edits_.open(e.start, "__ferry.text(", text.rank);
  edits_.close(e.end, ")", text.rank);
}

// What stands for the literal on that side.
std::string Parser::literal_key(const Comparison& c, const Expr& literal, bool is_left) {
  if (literal.shape == Shape::nil) return is_left ? "__ferry.left.null" : std::string(support(c, Support::null));
  const std::string text(text_of(literal));
  const std::string key = literal.shape == Shape::literal ? text : text[0] + ("=" + text.substr(1));
  return (is_left ? "__ferry.left[" : "__ferry[") + key + "]";
}

// The comparison of the operands whose texts `a` and `b` are: variables, or literals where they are said to be.
std::string Parser::test(const Comparison& c, const std::string& a, bool left_is_literal, const std::string& b,
                         bool right_is_literal) {
  const bool is_equal = c.op.kind == Tok::equal;
  const std::string op = is_equal ? "==" : "~=";
  if (!left_is_literal && !right_is_literal) {
    const std::string any(support(c, Support::any));
    const std::string arguments = "(" + a + "," + b + ")";
    const std::string both = any + op + a + (is_equal ? " or " : " and ") + any + op + b;
    if (is_equal) return " or (" + both + ") and __ferry.eq_mixed" + arguments;
    return " and (" + both + " or __ferry.ne_mixed" + arguments + ")";
  }
  const std::string key = literal_key(c, left_is_literal ? c.left : c.right, left_is_literal);
  return (is_equal ? " or " : " and ") + key + op + (left_is_literal ? b : a);
}

bool Parser::is_literal(const Expr& e) {
  return e.shape >= Shape::nil && e.shape <= Shape::string;
}

// A variable, or a literal that is short enough to be written twice, and on one line.
bool Parser::is_repeatable(const Expr& e) const {
  return (e.shape == Shape::local || is_literal(e)) && e.end - e.start <= kMaxRepeated &&
         text_of(e).find_first_of("\r\n") == std::string_view::npos;
}

// At least one is a variable.
void Parser::compare_local(const Comparison& c) {
  note_equality(c);
  const std::string tail =
      test(c, std::string(text_of(c.left)), is_literal(c.left), std::string(text_of(c.right)), is_literal(c.right));
  edits_.open(c.left.start, "(", c.rank);
  edits_.close(c.right.end, edits_.keep(tail + (c.before_paren ? ");" : ")")), c.rank);
}

void Parser::note_equality(const Comparison& c) {
  note(c.op.line, c.op.kind == Tok::equal ? "== of a cdata and another value" : "~= of a cdata and another value");
}

}  // namespace ferry::translate
