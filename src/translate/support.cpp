// What a translated text takes of the run-time table: a variable each for what comparisons need most, at the text's
// beginning, and for what the loops of a function need at each round one of that function.
//
//   local __ferry=... local __ferry_null=__ferry.null return function(...)
//     do local __ferry_null=__ferry_null for ... do if (x == nil or x==__ferry_null) then ... end end end
//
// A table's field is four times as dear as a variable of an outer function, which is as dear as the comparison itself.
#include "translate/parser.h"

namespace ferry::translate {

namespace {
struct Name {
  std::string_view variable, field;
};
// In the order of Support.
constexpr Name kNames[] = {{"__ferry_null", "__ferry.null"},
                           {"__ferry_any", "__ferry.any"},
                           {"__ferry_eq", "__ferry.eq"},
                           {"__ferry_ne", "__ferry.ne"}};

// local a,b=x,y for those of `used`.
std::string declaration(unsigned used, bool from_table) {
  std::string names, values;
  for (size_t i = 0; i < sizeof kNames / sizeof *kNames; ++i) {
    if ((used >> i & 1) == 0) continue;
    names += (names.empty() ? "" : ",") + std::string(kNames[i].variable);
    values += (values.empty() ? "" : ",") + std::string(from_table ? kNames[i].field : kNames[i].variable);
  }
  return names.empty() ? "" : "local " + names + "=" + values + " ";
}
}  // namespace

// What `support` is called where the comparison stands.
std::string_view Parser::support(const Comparison& c, Support support) {
  const Name& name = kNames[static_cast<size_t>(support)];
  for (const Span& function : crowded_) {
    if (function.at <= c.left.start && c.right.end <= function.end) return name.field;
  }
  const unsigned bit = 1u << static_cast<unsigned>(support);
  used_support_ |= bit;
  // A function that is called has to be in a place of its own anyhow.
  const bool is_value = support == Support::null || support == Support::any;
  if (is_value && c.loop != kNoLoop) loops_[c.loop].used_support |= bit;
  return name.variable;
}

std::string Parser::support_variables() const {
  return declaration(used_support_, true);
}

// A loop begins at the current token: an outermost one of its function, or within one.
uint32_t Parser::open_loop() {
  Function& f = functions_.back();
  const uint32_t outer = f.loop;
  if (outer != kNoLoop) return outer;
  f.loop = static_cast<uint32_t>(loops_.size());
  f.unseen += kLoopSupport;
  loops_.push_back({tok_.at});
  return kNoLoop;
}

// It ends before the current token; `outer` is what open_loop returned.
void Parser::close_loop(uint32_t outer) {
  Function& f = functions_.back();
  if (outer != kNoLoop || f.loop == kNoLoop) return;
  loops_[f.loop].end = last_end_;
  loops_[f.loop].rank = edits_.next();
  f.loop = kNoLoop;
  f.unseen -= kLoopSupport;
}

// At the end of the text.
void Parser::write_loops() {
  // One more level of blocks around each.
  if (deepest_ > kMaxDeepest) return;
  for (const Loop& loop : loops_) {
    if (loop.used_support == 0 || !loop.usable) continue;
    edits_.open(loop.start, edits_.keep("do " + declaration(loop.used_support, false)), loop.rank);
    edits_.close(loop.end, " end", loop.rank);
  }
}

}  // namespace ferry::translate
