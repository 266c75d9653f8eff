// Definitions of macros by name (macro_table.h).
#include "cpreproc/macro_table.h"

namespace ferry::cpreproc {
namespace {

constexpr WordFilter kEmptyFilter;

bool same_definition(const Macro& a, const Macro& b) {
  return a.builtin == b.builtin && a.function_like == b.function_like && a.variadic == b.variadic && a.text == b.text &&
         a.params == b.params;
}

}  // namespace

std::string Macro::body() const {
  std::string out;
  auto add = [&out](const Token& token) {
    if (!out.empty() && token.space_before()) out += ' ';
    if ((token.flags & kStringify) != 0) out += '#';
    out += token.text;
    if ((token.flags & kPasteNext) != 0) out += " ##";
  };
  for (const Token& token : tokens) add(token);
  return out;
}

MacroTable::MacroTable() : filter_(&kEmptyFilter) {}

uint32_t MacroTable::find_name(std::string_view text) const {
  return index_.find(hash_text(text), [&](uint32_t id) { return names_[id].text == text; });
}

uint32_t MacroTable::name_of(std::string_view text) {
  if (uint32_t known = find_name(text); known != 0) return known;
  if (names_.size() == 0) names_.push_back({});
  if (own_filter_ == nullptr) {
    own_filter_ = std::make_unique<WordFilter>(*filter_);
    filter_ = own_filter_.get();
  }
  Name name;
  name.text = keep(text);
  index_.make_room();  // a name that is not in the index could not be taken back
  const uint32_t id = names_.push_back(std::move(name));
  index_.insert(hash_text(text), id);
  own_filter_->add(word_hash(text.data(), text.size()));
  return id;
}

MacroId MacroTable::find(std::string_view name) const {
  const uint32_t id = find_name(name);
  return id == 0 ? 0 : names_[id].current;
}

void MacroTable::set(uint32_t name, MacroId id) {
  Name& n = names_[name];
  if (transactions_ != 0) changes_.push_back({Change::Kind::set, name, n.current});
  n.current = id;
  ++generation_;
}

MacroId MacroTable::define(const Macro& macro) {
  const uint32_t name = name_of(macro.name);
  const MacroId known = names_[name].current;
  if (known != 0 && same_definition(macros_[known], macro)) return known;
  if (macros_.size() == 0) macros_.push_back({});
  Macro kept;
  kept.name = names_[name].text;
  kept.text = keep(macro.text);
  kept.params.reserve(macro.params.size());
  for (std::string_view param : macro.params) kept.params.push_back(keep(param));
  kept.where = macro.where;
  kept.builtin = macro.builtin;
  kept.function_like = macro.function_like;
  kept.variadic = macro.variadic;
  kept.predefined = macro.predefined;
  const MacroId id = macros_.push_back(std::move(kept));
  has_own_ = has_own_ || !macro.predefined;
  set(name, id);
  return id;
}

void MacroTable::undefine(std::string_view name) {
  const uint32_t id = find_name(name);
  if (id != 0 && names_[id].current != 0) set(id, 0);
}

void MacroTable::push(std::string_view name) {
  const uint32_t id = name_of(name);
  names_[id].pushed.push_back(names_[id].current);
  if (transactions_ != 0) changes_.push_back({Change::Kind::push, id, 0});
}

void MacroTable::pop(std::string_view name) {
  const uint32_t id = find_name(name);
  if (id == 0 || names_[id].pushed.empty()) return;
  const MacroId before = names_[id].pushed.back();
  names_[id].pushed.pop_back();
  if (transactions_ != 0) changes_.push_back({Change::Kind::pop, id, before});
  if (before != names_[id].current) set(id, before);
}

void MacroTable::for_each(void (*visit)(void* context, MacroId id, const Macro& macro), void* context) const {
  for (uint32_t i = 1; i < names_.size(); ++i) {
    if (names_[i].current != 0) visit(context, names_[i].current, macros_[names_[i].current]);
  }
}

MacroTable::Transaction::Transaction(MacroTable& table)
    : table_(table),
      changes_(table.changes_.size()),
      macros_(table.macros_.size()),
      names_(table.names_.size()),
      texts_(table.texts_.mark()) {
  ++table_.transactions_;
}

MacroTable::Transaction::~Transaction() {
  if (!committed_) {
    if (table_.changes_.size() > changes_)
      ++table_.generation_;  // else all is as it was, for who remembers what it gives
    while (table_.changes_.size() > changes_) {
      const Change change = table_.changes_.back();
      table_.changes_.pop_back();
      Name& name = table_.names_[change.name];
      switch (change.kind) {
        case Change::Kind::set:
          name.current = change.before;
          break;
        case Change::Kind::push:
          name.pushed.pop_back();
          break;
        case Change::Kind::pop:
          name.pushed.push_back(change.before);
          break;
      }
    }
    for (uint32_t i = table_.names_.size(); i > names_; --i) {
      if (i > 1) table_.index_.erase(hash_text(table_.names_[i - 1].text), i - 1);
    }
    table_.names_.truncate(names_);
    table_.macros_.truncate(macros_);
    table_.texts_.rewind(texts_);
  }
  if (--table_.transactions_ == 0) table_.changes_.clear();
}

}  // namespace ferry::cpreproc
