// Comparisons of expressions that are the first thing a statement does: no function is needed for them, because there
// is a place before the statement where their values can be kept.
//
//   if f() == nil or g() then ... end    do local __ferry_v=f() if (__ferry_v==nil or __ferry_null==__ferry_v) or g()
//                                        then ... end end
//   elseif f() == g() then ... end       else local __ferry_v=f() local __ferry_w=g() if (...) then ... end end
//   while f() ~= nil do ... end          while true do local __ferry_v=f() if not (...) then break end ... end
//   return f() == nil                    local __ferry_v=f() return (...)
//   local x = f() == nil                 local x = f() x=(x==nil or __ferry_null==x)
//
// In front of the comparison stand at most `not` and parentheses: so its operands are evaluated first. Otherwise, and
// where a function or a text is near one of Lua's limits, comparisons are calls.
#include "translate/parser.h"

#include <algorithm>

namespace ferry::translate {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t';
}
bool is_line_end(char c) {
  return c == '\n' || c == '\r';
}
// Whether `word` stands at `at`.
bool has_word(std::string_view text, size_t at, std::string_view word) {
  return text.substr(at, word.size()) == word &&
         (at + word.size() == text.size() || !is_name_byte(text[at + word.size()]));
}

// Nothing but spaces, parentheses and `not`.
bool is_prefix(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (is_space(text[i]) || text[i] == '(') {
      ++i;
    } else if (has_word(text, i, "not")) {
      i += 3;
    } else {
      return false;
    }
  }
  return true;
}

// Nothing is lost if the text is moved within its line: no line ends in it, and no comment begins.
bool is_movable(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_line_end(text[i]) || (text[i] == '-' && i + 1 < text.size() && text[i + 1] == '-')) return false;
  }
  return true;
}

}  // namespace

// A condition begins at the current token; `word` is what stands before it.
uint32_t Parser::open_site(SiteKind kind, const Token& word) {
  Site site;
  site.kind = kind;
  site.word_at = word.at;
  site.word_end = word.end;
  site.start = tok_.at;
  site.first_comparison = comparisons_.size();
  site.first_text = texts_.size();
  site.first_invocation = invocations_.size();
  site.usable = open_sites_ < kMaxOpenSites;
  sites_.push_back(site);
  ++open_sites_;
  if (site.usable) functions_.back().unseen += 2;
  return static_cast<uint32_t>(sites_.size() - 1);
}

// It ends before the current token; the comparison that may stand in front of the statement is found.
void Parser::end_condition(uint32_t index) {
  Site& site = sites_[index];
  site.end = last_end_;
  site.behind = tok_.at;
  site.behind_end = tok_.end;
  count_locals();
  if (failed() || !site.usable) return;
  // What is translated around it begins with it, and cannot be divided: from the outside in.
  const auto is_within = [](const Comparison& c, uint32_t start, uint32_t end) {
    return start <= c.left.start && c.right.end <= end;
  };
  const auto is_alone = [&](const Comparison& c) {
    for (size_t i = site.first_text; i < texts_.size(); ++i) {
      if (is_within(c, texts_[i].operand.start, texts_[i].operand.end)) return false;
    }
    for (size_t i = site.first_invocation; i < invocations_.size(); ++i) {
      if (is_within(c, invocations_[i].at, invocations_[i].end)) return false;
    }
    return true;
  };
  for (size_t i = comparisons_.size(); i-- > site.first_comparison;) {
    Comparison& c = comparisons_[i];
    if (!is_prefix(text_.substr(site.start, c.left.start - site.start))) continue;
    if ((c.op.kind == Tok::equal || c.op.kind == Tok::not_equal) && is_alone(c)) c.site = index;
    return;
  }
}

// Its statement ends before the current token.
void Parser::close_site(uint32_t index) {
  sites_[index].close = last_end_;
  --open_sites_;
  if (sites_[index].usable) functions_.back().unseen -= 2;
}

// Local variables that the function has at one time, ours and hidden ones of loops included.
void Parser::count_locals() {
  Function& f = functions_.back();
  f.most_locals = std::max(f.most_locals, scope_.visible() - f.first_local + f.unseen);
}

// The function ends: if it has nearly as many local variables as Lua allows, there is no room for ours; nor for the
// run-time support among its upvalues.
void Parser::end_function() {
  constexpr size_t kRoom = 10;
  const Function& f = functions_.back();
  if (f.upvalues.size() + kOurs > kMaxUpvalues) crowded_.push_back({f.body, last_end_});
  if (f.most_locals + kRoom > kMaxLocals) {
    for (size_t i = f.first_site; i < sites_.size(); ++i) sites_[i].usable = false;
    for (size_t i = f.first_loop; i < loops_.size(); ++i) loops_[i].usable = false;
  }
}

// local x = f() == 5, and nothing else: the variable itself keeps the operand.
bool Parser::compare_in_variable(const Comparison& c, const Site& site) {
  const std::string name(text_.substr(site.word_at, site.word_end - site.word_at));
  if (c.left.start != site.start || c.right.end != site.end || !is_repeatable(c.right) || text_of(c.right) == name ||
      !is_movable(text_.substr(c.left.end, c.right.end - c.left.end))) {
    return false;
  }
  const std::string right(text_of(c.right));
  const std::string op = c.op.kind == Tok::equal ? "==" : "~=";
  const std::string written = " " + name + "=(" + name + op + right + test(c, name, false, right, is_literal(c.right));
  edits_.replace(c.left.end, c.right.end, "");
  edits_.close(c.right.end, edits_.keep(written + (c.before_paren ? ");" : ")")), c.rank);
  return true;
}

// Keeps the operands in front of the statement, if they can be. `c` is no comparison of a variable and a literal.
bool Parser::compare_in_front(const Comparison& c) {
  if (c.site == kNoSite || !sites_[c.site].usable || deepest_ > kMaxDeepest) return false;
  const Site& site = sites_[c.site];
  if (site.kind == SiteKind::local) return compare_in_variable(c, site);
  const bool left_stays = is_repeatable(c.left);
  const bool right_stays = is_repeatable(c.right);
  const std::string_view prefix = text_.substr(site.start, c.left.start - site.start);
  const std::string_view left = text_of(c.left);
  const std::string_view right = text_of(c.right);
  if (!is_movable(prefix)) return false;
  if (left_stays && !is_movable(text_.substr(c.left.start, c.right.start - c.left.start))) return false;
  if (right_stays && !is_movable(text_.substr(c.left.end, c.right.end - c.left.end))) return false;

  const std::string a = left_stays ? std::string(left) : "__ferry_v";
  const std::string b = right_stays ? std::string(right) : left_stays ? "__ferry_v" : "__ferry_w";
  const std::string condition = "(" + a + (c.op.kind == Tok::equal ? "==" : "~=") + b +
                                test(c, a, left_stays && is_literal(c.left), b, right_stays && is_literal(c.right)) +
                                ")";

  std::string word = "local __ferry_v=";
  std::string then = " if ";
  std::string end = " end";
  switch (site.kind) {
    case SiteKind::if_:
      word = "do " + word;
      break;
    case SiteKind::elseif:
      word = "else " + word;
      break;
    case SiteKind::while_:
      word = "while true do " + word;
      then = " if not(";
      end.clear();
      edits_.replace(site.behind, site.behind_end, ") then break end");
      break;
    case SiteKind::local:
    case SiteKind::return_:
      then = " return ";
      end.clear();
      break;
  }
  edits_.replace(site.word_at, site.word_end, edits_.keep(std::move(word)));
  if (left_stays) {
    edits_.replace(site.start, c.right.start, "");
  } else {
    if (!prefix.empty()) edits_.replace(site.start, c.left.start, "");
    if (right_stays) {
      edits_.replace(c.left.end, c.right.end, "");
    } else {
      edits_.replace(c.op.at, c.op.end, " local __ferry_w=");
    }
  }
  edits_.close(c.right.end, edits_.keep(then + std::string(prefix) + condition), c.rank);
  if (!end.empty()) edits_.close(site.close, edits_.keep(std::move(end)));
  return true;
}

}  // namespace ferry::translate
