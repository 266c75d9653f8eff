// == ~= of any two values, and < <= > >= where Lua asks nobody about two values of different types. LuaJIT asks the
// cdata among them; Lua only if both are of one type (and 5.2 and later about the order of any two).
//
//   both can be no cdata                        as it stands
//   a variable and a literal     x == nil       (x == nil or x == __ferry.null)
//                                x == 5         (x == 5 or x == __ferry[5])
//                                x == "s"       (x == "s" or x == __ferry["=s"])
//   two variables                x == y         (x == y or __ferry.eq_mixed(x, y))
//   anything else                f() == y       __ferry.eq(f(), y), or without a call where it begins a statement
//                                               (sites.cpp)
//
// __ferry.null and the like are userdata that stand for the literal, so that Lua asks about them, and only if x is a
// userdata: other values cost a comparison. No operand is evaluated twice, but for the value of a variable.
#include "translate/parser.h"

namespace ferry::translate {

void Parser::compare(const Comparison& c) {
  if (scope_.is_plain(c.left.known) && scope_.is_plain(c.right.known)) return;
  if (c.op.kind != Tok::equal && c.op.kind != Tok::not_equal) return compare_order(c);
  need_run_time();
  if (c.left.shape == Shape::local && c.right.end - c.right.start <= kMaxRepeated) {
    if (c.right.shape >= Shape::local && c.right.shape <= Shape::string) return compare_local(c, c.left, c.right);
  }
  if (c.right.shape == Shape::local && c.left.end - c.left.start <= kMaxRepeated) {
    if (c.left.shape >= Shape::nil && c.left.shape <= Shape::string) return compare_local(c, c.right, c.left);
  }
  const bool is_equal = c.op.kind == Tok::equal;
  note(c.op.line, is_equal ? "== of a cdata and another value" : "~= of a cdata and another value");
  if (compare_in_front(c)) return;
  wrap(c, is_equal ? "__ferry.eq(" : "__ferry.ne(");
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
  if (type == Type::string || type == Type::plain) return;
  if (e.shape == Shape::literal && text_of(e).find_first_of(".eEpP") == std::string_view::npos) return;
  need_run_time();
  edits_.open(e.start, "__ferry.text(", text.rank);
  edits_.close(e.end, ")", text.rank);
}

// What stands for the literal.
std::string_view Parser::literal_key(const Expr& literal) {
  const std::string_view text = text_of(literal);
  if (literal.shape == Shape::nil) return "__ferry.null";
  if (literal.shape == Shape::literal) return edits_.keep("__ferry[" + std::string(text) + "]");
  return edits_.keep("__ferry[" + std::string(1, text[0]) + "=" + std::string(text.substr(1)) + "]");
}

// `name` is a variable, `other` a variable or literal; either may be the left operand.
void Parser::compare_local(const Comparison& c, const Expr& name, const Expr& other) {
  const bool is_equal = c.op.kind == Tok::equal;
  note(c.op.line, is_equal ? "== of a cdata and another value" : "~= of a cdata and another value");
  const std::string variable(text_of(name));
  std::string tail = is_equal ? " or " : " and ";
  if (other.shape == Shape::local) {
    tail += is_equal ? "__ferry.eq_mixed(" : "__ferry.ne_mixed(";
    tail += std::string(text_of(c.left)) + "," + std::string(text_of(c.right)) + ")";
  } else {
    const std::string key(literal_key(other));
    const bool name_first = c.left.start == name.start;
    tail += name_first ? variable : key;
    tail += is_equal ? "==" : "~=";
    tail += name_first ? key : variable;
  }
  tail += c.before_paren ? ");" : ")";
  edits_.open(c.left.start, "(", c.rank);
  edits_.close(c.right.end, edits_.keep(std::move(tail)), c.rank);
}

}  // namespace ferry::translate
