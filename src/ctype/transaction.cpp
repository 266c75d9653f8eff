// How a table takes back what was added since a moment.
#include <algorithm>

#include "ctype/type_rows.h"

namespace ferry {

struct TypeTable::Transaction::Mark {
  uint32_t types, names, symbols, functions, records, enums;
  size_t undo, waiting;
  TextArena::Mark texts;
};

TypeTable::Transaction::Transaction(TypeTable& table) : table_(table) {
  Rows& r = *table.rows_;
  mark_ =
      std::make_unique<Mark>(Mark{r.types.size(), r.names.size(), r.symbols.size(), r.functions.size(),
                                  r.records.size(), r.enums.size(), r.undo.size(), r.waiting.size(), r.texts.mark()});
  ++r.open_transactions;
}

void TypeTable::Transaction::commit() {
  if (mark_ == nullptr) return;
  mark_.reset();
  Rows& r = *table_.rows_;
  if (--r.open_transactions == 0) r.undo.clear();  // an enclosing one may still undo what this one did
}

bool TypeTable::Transaction::has_declared() const {
  const std::vector<Rows::Undo>& undo = table_.rows_->undo;
  return std::any_of(undo.begin() + static_cast<std::ptrdiff_t>(mark_->undo), undo.end(), [this](const Rows::Undo& u) {
    using What = Rows::Undo::What;
    return u.what == What::symbol || u.what == What::tag || (u.what != What::read && u.id < mark_->types);
  });
}

TypeTable::Transaction::~Transaction() {
  if (mark_ == nullptr) return;
  Rows& r = *table_.rows_;
  --r.open_transactions;
  while (r.undo.size() > mark_->undo) {
    const Rows::Undo u = r.undo.back();
    r.undo.pop_back();
    switch (u.what) {
      case Rows::Undo::What::symbol:
        r.names[u.id].symbol = u.previous;
        break;
      case Rows::Undo::What::tag:
        r.names[u.id].tag = u.previous;
        break;
      case Rows::Undo::What::record:
        r.undo_record(u.id);
        break;
      case Rows::Undo::What::transparent:
        r.records[r.type(u.id).index].record.attributes.transparent_union = false;
        break;
      case Rows::Undo::What::alias:
        r.alias_of(u.id) = kNoName;
        break;
      case Rows::Undo::What::enumeration:
        r.set_enum(u.id, u.previous, u.complete);
        r.enums[r.type(u.id).index].origin = {};
        break;
      case Rows::Undo::What::read:
        r.waiting[u.previous]->unread(u.id);
        break;
    }
  }
  for (TypeId id = r.types.size(); id-- > mark_->types;) {
    const Rows::Row& row = r.types[id];
    if (row.key.op == Op::scalar || row.key.op == Op::record || row.key.op == Op::enumeration) continue;
    r.type_index.erase(Rows::hash(row.key), id);
    if (row.key.op == Op::qualified || row.key.op == Op::aligned) {
      r.types[r.root(id)].next_variant = row.next_variant;  // the latest is always the first of the chain
    }
  }
  for (NameId id = r.names.size(); id-- > mark_->names;) r.name_index.erase(r.names[id].hash, id);
  r.types.truncate(mark_->types);
  r.names.truncate(mark_->names);
  r.symbols.truncate(mark_->symbols);
  r.functions.truncate(mark_->functions);
  r.records.truncate(mark_->records);
  r.enums.truncate(mark_->enums);
  r.waiting.resize(mark_->waiting);
  r.texts.rewind(mark_->texts);
}

}  // namespace ferry
