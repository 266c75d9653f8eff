// goto for Lua 5.1; labels for 5.4.
//
// Lua's goto reaches labels of the blocks around it only, and never enters the scope of a local variable unless nothing
// follows the label. So a label divides its own block alone:
//
//   jumps forward:   the statements from the first that contains such a jump up to the label become
//                      repeat ... until true                          and the jump is a `break`
//   jumps backward:  the statements from the label to the block's end become
//                      local g repeat g=false repeat ... until true until not g    and the jump is `g=true break`
//
// A jump out of loops in between sets a flag, and behind each of them `if g then break end` leads on. The same is done
// for the program's own `break`s across such loops. Variables are declared where they were: a closure made in one round
// keeps that round's.
#include "translate/jumps.h"

#include <algorithm>

namespace ferry::translate {

void Jumps::open_block(BlockKind kind) {
  Block block;
  block.kind = kind;
  block.parent = current_;
  block.parent_statement = current_ == kNone || blocks_[current_].statements.empty()
                               ? 0
                               : static_cast<uint32_t>(blocks_[current_].statements.size() - 1);
  current_ = static_cast<uint32_t>(blocks_.size());
  blocks_.push_back(std::move(block));
}

uint32_t Jumps::close_block(uint32_t at) {
  const uint32_t closed = current_;
  blocks_[closed].end = at;
  current_ = blocks_[closed].parent;
  return closed;
}

void Jumps::end_loop(uint32_t body, uint32_t until_end, uint32_t end, uint32_t rank) {
  blocks_[body].loop_rank = rank;
  blocks_[body].until_end = until_end;
  blocks_[body].loop_end = end;
}

void Jumps::statement(uint32_t at, bool in_parentheses) {
  blocks_[current_].statements.push_back({at, StatementKind::other, in_parentheses});
}

void Jumps::label(uint32_t at, uint32_t end, std::string_view name, std::string_view written) {
  Block& block = blocks_[current_];
  classify(StatementKind::label);
  block.labels.push_back(static_cast<uint32_t>(labels_.size()));
  labels_.push_back({at, end, name, written, current_, static_cast<uint32_t>(block.statements.size() - 1)});
}

void Jumps::jump(uint32_t at, uint32_t end, std::string_view name, std::string_view written, uint32_t line) {
  const auto statement = static_cast<uint32_t>(blocks_[current_].statements.size() - 1);
  gotos_.push_back({at, end, name, written, line, current_, statement});
}

void Jumps::leave(uint32_t at, uint32_t end, bool is_last) {
  breaks_.push_back({at, end, current_, static_cast<uint32_t>(blocks_[current_].statements.size() - 1), is_last});
}

uint32_t Jumps::add_region(uint32_t label, uint32_t first, bool backward) {
  const Label& l = labels_[label];
  Region region;
  region.first = first;
  region.last = backward ? kNone : l.statement;
  region.label = label;
  region.block = l.block;
  region.backward = backward;
  region.has_flag = backward;
  region.number = static_cast<uint32_t>(regions_.size() + 1);
  blocks_[l.block].regions.push_back(static_cast<uint32_t>(regions_.size()));
  regions_.push_back(std::move(region));
  return static_cast<uint32_t>(regions_.size() - 1);
}

// Lua 5.4 manual, 3.3.4: a label at the end of a block is outside of the scope of its local variables.
bool Jumps::enters_local(const Goto& jump, const Label& label, uint32_t from) const {
  (void)jump;
  const Block& block = blocks_[label.block];
  bool at_end = block.kind != BlockKind::repeat;
  for (uint32_t i = label.statement + 1; at_end && i < block.statements.size(); ++i) {
    const StatementKind kind = block.statements[i].kind;
    at_end = kind == StatementKind::label || kind == StatementKind::empty;
  }
  if (at_end) return false;
  for (uint32_t i = from + 1; i < label.statement; ++i) {
    if (block.statements[i].kind == StatementKind::local) return true;
  }
  return false;
}

uint32_t Jumps::find_label(const Block& block, std::string_view name) const {
  for (const uint32_t l : block.labels) {
    if (labels_[l].name == name) return l;
  }
  return kNone;
}

bool Jumps::find_targets(std::string* error) {
  for (Goto& g : gotos_) {
    uint32_t block = g.block;
    uint32_t statement = g.statement;
    uint32_t found = kNone;
    for (;;) {
      found = find_label(blocks_[block], g.name);
      if (found != kNone || blocks_[block].kind == BlockKind::function) break;
      statement = blocks_[block].parent_statement;
      block = blocks_[block].parent;
    }
    const auto fail = [&](std::string message) {
      *error = "line " + std::to_string(g.line) + ": " + message;
      return false;
    };
    if (found == kNone) return fail("undefined label '" + std::string(g.name) + "'");
    Label& label = labels_[found];
    if (blocks_[block].regions.size() >= kMaxRegions) return fail("too many labels");
    if (statement < label.statement) {
      if (enters_local(g, label, statement)) {
        return fail("<goto " + std::string(g.name) + "> jumps into the scope of a local variable");
      }
      if (label.forward == kNone) label.forward = add_region(found, statement, false);
      Region& region = regions_[label.forward];
      region.first = std::min(region.first, statement);
      g.target = label.forward;
    } else {
      if (label.backward == kNone) label.backward = add_region(found, label.statement, true);
      Region& region = regions_[label.backward];
      region.last_jump = std::max(region.last_jump, statement);
      g.target = label.backward;
    }
  }
  return true;
}

// Makes the regions of a block lie within or beside each other.
void Jumps::nest(Block& block) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const uint32_t x : block.regions) {
      for (const uint32_t y : block.regions) {
        Region& a = regions_[x];
        Region& b = regions_[y];
        if (x == y) continue;
        const uint32_t label = labels_[b.label].statement;
        if (b.guarded && b.first < a.first && a.first < label && label < a.last) {  // it would begin within the guard
          a.first = b.first;
          a.guarded = a.backward;
          changed = true;
          continue;
        }
        if (a.backward) continue;
        if (!b.backward) {
          // No local variable is declared between the two beginnings, or b's jump would enter its scope.
          if (a.first < b.first && b.first < a.last && a.last < b.last) {
            b.first = a.first;
            changed = true;
          }
          continue;
        }
        if (a.first < b.first && b.first < a.last && a.last < b.last) {
          if (b.last_jump < a.last) {
            b.last = a.last;
          } else {
            // The forward jump leads into the loop: it begins there, and skips what is before its label later.
            b.first = a.first;
            b.guarded = true;
          }
          changed = true;
        }
      }
    }
  }
}

// Of two regions around one statement: whether `a` is the outer one. Of loops with the same bounds that is the one with
// the later label, whose guard is around the other's.
bool Jumps::encloses(const Region& a, const Region& b) const {
  if (a.first != b.first) return a.first < b.first;
  if (a.last != b.last) return a.last > b.last;
  if (a.backward != b.backward) return a.backward;
  return labels_[a.label].statement > labels_[b.label].statement;
}

std::vector<uint32_t> Jumps::around(const Block& block, uint32_t statement) const {
  std::vector<uint32_t> found;
  for (const uint32_t r : block.regions) {
    if (regions_[r].first <= statement && statement < regions_[r].last) found.push_back(r);
  }
  std::sort(found.begin(), found.end(), [&](uint32_t x, uint32_t y) { return encloses(regions_[y], regions_[x]); });
  return found;
}

namespace {
void add_once(std::vector<std::string>* list, const std::string& name) {
  if (std::find(list->begin(), list->end(), name) == list->end()) list->push_back(name);
}
}  // namespace

void Jumps::connect_goto(Goto& jump, Edits* edits) {
  Region& target = regions_[jump.target];
  const std::string name = flag(target);
  bool crosses = false;
  uint32_t b = jump.block;
  uint32_t s = jump.statement;
  for (bool arrived = false; !arrived;) {
    for (const uint32_t r : around(blocks_[b], s)) {
      if (r == jump.target) {
        arrived = true;
        break;
      }
      add_once(&regions_[r].checks, name);
      crosses = true;
    }
    if (arrived) break;
    if (blocks_[b].kind == BlockKind::loop || blocks_[b].kind == BlockKind::repeat) {
      add_once(&blocks_[b].checks, name);
      crosses = true;
    }
    s = blocks_[b].parent_statement;
    b = blocks_[b].parent;
  }
  if (crosses) target.has_flag = true;
  edits->replace(jump.at, jump.end,
                 edits->keep(crosses || target.backward ? "do " + name + "=true break end" : "do break end"));
}

void Jumps::connect_break(const Break& leave, Edits* edits) {
  std::vector<uint32_t> crossed;
  uint32_t b = leave.block;
  uint32_t s = leave.statement;
  for (;;) {
    for (const uint32_t r : around(blocks_[b], s)) crossed.push_back(r);
    if (blocks_[b].kind != BlockKind::plain) break;
    s = blocks_[b].parent_statement;
    b = blocks_[b].parent;
  }
  if (blocks_[b].kind == BlockKind::function) return;  // Lua says what is wrong
  if (crossed.empty()) {
    if (!leave.is_last) edits->replace(leave.at, leave.end, "do break end");
    return;
  }
  Region& outermost = regions_[crossed.back()];
  outermost.breaks = true;
  const std::string name = break_flag(outermost);
  for (const uint32_t r : crossed) add_once(&regions_[r].checks, name);
  edits->replace(leave.at, leave.end, edits->keep("do " + name + "=true break end"));
}

std::string Jumps::opening(const Region& region) const {
  std::string out;
  if (region.has_flag) out += "local " + flag(region) + " ";
  if (region.breaks) out += "local " + break_flag(region) + " ";
  const bool keeps_condition =
      region.backward && region.last == kNone && blocks_[region.block].kind == BlockKind::repeat;
  if (keeps_condition) out += "local __ferry_u" + std::to_string(region.number) + " ";
  out += "repeat ";
  if (region.backward) {
    if (!region.guarded) out += flag(region) + "=false ";
    out += "repeat ";
  }
  return out;
}

std::string Jumps::closing(const Region& region) const {
  std::string out = " until true";
  if (region.backward) out += " until not " + flag(region);
  for (const std::string& check : region.checks) out += " if " + check + " then break end";
  return out;
}

void Jumps::emit(Block& block, Edits* edits) {
  // From the outside in, for what begins at one place.
  std::sort(block.regions.begin(), block.regions.end(),
            [&](uint32_t x, uint32_t y) { return encloses(regions_[x], regions_[y]); });
  const uint32_t count = static_cast<uint32_t>(block.statements.size());
  size_t next_label = 0;  // they are in the order of the text
  for (uint32_t i = 0; i < count; ++i) {
    std::string text;
    for (size_t k = block.regions.size(); k-- > 0;) {
      if (regions_[block.regions[k]].last == i) text += closing(regions_[block.regions[k]]);
    }
    for (const uint32_t r : block.regions) {
      const Region& region = regions_[r];
      if (region.guarded && labels_[region.label].statement == i) {
        text += " end " + flag(region) + "=false";
      }
    }
    // Guards end at their labels: the later one is the outer one, and lies around what ends there or in front of it.
    std::vector<uint32_t> guards;
    for (const uint32_t r : block.regions) {
      if (regions_[r].first == i && regions_[r].guarded) guards.push_back(r);
    }
    const auto end_of = [&](uint32_t r) { return labels_[regions_[r].label].statement; };
    std::sort(guards.begin(), guards.end(), [&](uint32_t x, uint32_t y) { return end_of(x) > end_of(y); });
    size_t opened = 0;
    const auto open_guards = [&](uint32_t last) {
      for (; opened < guards.size() && end_of(guards[opened]) >= last; ++opened) {
        text += " if not " + flag(regions_[guards[opened]]) + " then";
      }
    };
    for (const uint32_t r : block.regions) {
      if (regions_[r].first != i) continue;
      open_guards(regions_[r].last);
      text += " " + opening(regions_[r]);
    }
    open_guards(0);
    if (opened > 0) text += ' ';
    // What was a label, or a loop's end in front of it, is none any more.
    const bool alone = i > 0 && (block.statements[i - 1].kind == StatementKind::label ||
                                 block.statements[i - 1].kind == StatementKind::empty || !text.empty());
    if (block.statements[i].in_parentheses && alone) text += " do end ";
    if (block.statements[i].kind == StatementKind::label) {
      const Label& l = labels_[block.labels[next_label++]];
      edits->replace(l.at, l.end, edits->keep(text + " "));
    } else if (!text.empty()) {
      edits->open(block.statements[i].at, edits->keep(text.substr(1)));
    }
  }
  std::string tail;
  std::string condition;  // of a `repeat` whose variables it sees
  for (size_t k = block.regions.size(); k-- > 0;) {
    const Region& region = regions_[block.regions[k]];
    if (region.last != kNone) continue;
    if (block.kind == BlockKind::repeat) {
      // Regions up to the end are all around the condition, the innermost first: one variable carries it out of all.
      const std::string name = "__ferry_u" + std::to_string(region.number);
      tail += closing(region);
      condition = name;
    } else {
      tail += closing(region);
    }
  }
  if (!condition.empty()) {
    if (!block.statements.empty() && block.statements.back().kind == StatementKind::last) {
      edits->open(block.statements.back().at, "do ");
      edits->close(block.end, " end ");
    }
    edits->replace(block.end, block.until_end, edits->keep(" " + condition + "="));
    edits->close(block.loop_end, edits->keep(tail + " until " + condition), block.loop_rank);
  } else if (!tail.empty()) {
    edits->close(block.end, edits->keep(tail + " "));
  }
  if (!block.checks.empty()) {
    std::string after;
    for (const std::string& check : block.checks) after += " if " + check + " then break end";
    edits->close(block.loop_end, edits->keep(after));
  }
}

// In the block or one around it, within the function: the label that a jump from there leads to. kNone: there is none.
uint32_t Jumps::find_label_around(uint32_t block, std::string_view name) const {
  for (;; block = blocks_[block].parent) {
    const uint32_t found = find_label(blocks_[block], name);
    if (found != kNone || blocks_[block].kind == BlockKind::function) return found;
  }
}

void Jumps::rename(Edits* edits) {
  std::vector<std::string> names(labels_.size());
  for (uint32_t l = 0; l < labels_.size(); ++l) {
    const Label& label = labels_[l];
    names[l] = label.written;
    bool repeated = false;
    for (uint32_t b = label.block; blocks_[b].kind != BlockKind::function && !repeated;) {
      b = blocks_[b].parent;
      const uint32_t outer = find_label(blocks_[b], label.name);
      repeated = outer != kNone && labels_[outer].at < label.at;
    }
    if (repeated) names[l] = "__ferry_l" + std::to_string(l);
    if (names[l] != label.name) edits->replace(label.at, label.end, edits->keep("::" + names[l] + "::"));
  }
  for (const Goto& g : gotos_) {
    const uint32_t l = find_label_around(g.block, g.name);
    const std::string name = l != kNone ? names[l] : std::string(g.written);
    if (name != g.name) edits->replace(g.at, g.end, edits->keep("goto " + name));
  }
}

bool Jumps::finish(Edits* edits, std::string* error) {
  if (!find_targets(error)) return false;
  for (Block& block : blocks_) {
    if (!block.regions.empty()) nest(block);
  }
  for (Goto& g : gotos_) connect_goto(g, edits);
  for (const Break& b : breaks_) connect_break(b, edits);
  for (size_t i = blocks_.size(); i-- > 0;) emit(blocks_[i], edits);
  return true;
}

}  // namespace ferry::translate
