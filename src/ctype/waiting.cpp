// Declarations that wait until their names are asked for (Waiting, type_table.h).
#include "ctype/type_rows.h"

namespace ferry {

TypeTable::Reading::Reading(const TypeTable& table)
    : table_(table), outer_(std::exchange(table.rows_->reading, true)) {}

TypeTable::Reading::~Reading() {
  table_.rows_->reading = outer_;
}

uint32_t TypeTable::add_waiting(std::unique_ptr<Waiting> waiting) {
  rows_->waiting.push_back(std::move(waiting));
  return static_cast<uint32_t>(rows_->waiting.size() - 1);
}

void TypeTable::note_read(uint32_t waiting, uint32_t piece) {
  rows_->log(Rows::Undo::What::read, piece, waiting);
}

// A name that waits is one of the table's from now on, so that what it stands for can be asked.
NameId TypeTable::find_waiting_name(std::string_view text) const {
  for (const auto& waiting : rows_->waiting) {
    if (waiting->has(text, NameSpace::ordinary) || waiting->has(text, NameSpace::tag)) return rows_->table.intern(text);
  }
  return kNoName;
}

void TypeTable::ask_waiting(NameId name, NameSpace space) const {
  const Rows::Name& n = rows_->names[name];
  for (size_t i = 0; i < rows_->waiting.size(); ++i) {
    rows_->waiting[i]->declare(rows_->table, {n.text, n.length}, space);
    if (space == NameSpace::ordinary ? n.symbol != 0 : n.tag != kNoType) return;
  }
}

void TypeTable::declare_waiting() const {
  for (size_t i = 0; i < rows_->waiting.size(); ++i) rows_->waiting[i]->declare_all(rows_->table);
}

void TypeTable::for_each_waiting(void (*visit)(void* context, const Waiting::Name& name), void* context) const {
  for (const auto& waiting : rows_->waiting) waiting->for_each(visit, context);
}

Waiting& TypeTable::waiting(uint32_t number) const {
  return *rows_->waiting[number];
}

}  // namespace ferry
