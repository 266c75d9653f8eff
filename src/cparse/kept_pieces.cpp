// Declarations that are read from kept text when their names are asked for (pieces.h).
#include <algorithm>
#include <optional>

#include "cparse/parser.h"
#include "cparse/pieces.h"
#include "cparse/pieces_format.h"

namespace ferry::cparse {

struct KeptPieces::Data {
  std::string file;
  size_t tables[static_cast<size_t>(Table::count_)] = {};  // where each begins in the file
  uint32_t rows[static_cast<size_t>(Table::count_)] = {};
  std::string_view characters;
  std::string_view text;
  bool strict = false;
  uint32_t number = 0;        // TypeTable::add_waiting's
  std::vector<bool> is_read;  // by piece
  std::optional<cpreproc::State>
      state;  // what all pieces are read with: the macros that declarations have met are expanded

  uint32_t number_at(size_t offset) const {
    uint32_t n = 0;
    std::memcpy(&n, file.data() + offset, sizeof n);
    return n;
  }
  uint32_t count(Table table) const { return rows[static_cast<size_t>(table)]; }
  // 0 where there is no such row: the file may have anything in it.
  uint32_t at(Table table, uint32_t row, uint32_t column) const {
    const auto t = static_cast<size_t>(table);
    if (row >= rows[t]) return 0;
    return number_at(tables[t] + (size_t{row} * kTableWidth[t] + column) * sizeof(uint32_t));
  }
  // What the columns from `column` on tell the place and length of.
  std::string_view characters_at(Table table, uint32_t row, uint32_t column) const {
    const uint32_t begin = at(table, row, column);
    return begin > characters.size() ? std::string_view() : characters.substr(begin, at(table, row, column + 1));
  }
  std::string_view piece_text(uint32_t piece) const {
    const uint32_t begin = at(Table::pieces, piece, 0);
    const uint32_t end = at(Table::pieces, piece, 1);
    return begin > end || end > text.size() ? std::string_view() : text.substr(begin, end - begin);
  }
  // The pieces of the part of `lists` that two columns tell.
  template <typename Visit>
  void for_list(Table table, uint32_t row, uint32_t column, Visit visit) const {
    const uint32_t end = std::min(at(table, row, column + 1), count(Table::lists));
    for (uint32_t i = at(table, row, column); i < end; ++i) {
      if (const uint32_t piece = at(Table::lists, i, 0); piece < count(Table::pieces)) visit(piece);
    }
  }
  NameSpace space_of(uint32_t name) const {
    const auto what = static_cast<WaitingName>(at(Table::names, name, 2));
    return what == WaitingName::type || what == WaitingName::object ? NameSpace::ordinary : NameSpace::tag;
  }
  // Row in `names` + 1; 0: none.
  uint32_t find(std::string_view name, NameSpace space) const {
    const uint32_t slots = count(Table::slots);
    for (uint32_t i = 0, slot = slot_hash(name, space); i < slots; ++i, ++slot) {
      const uint32_t found = at(Table::slots, slot & (slots - 1), 0);
      if (found == 0) return 0;
      if (space_of(found - 1) == space && characters_at(Table::names, found - 1, 0) == name) return found;
    }
    return 0;
  }
};

// Pieces that are to be read.
struct KeptPieces::Choice {
  std::vector<bool> chosen;
  std::vector<uint32_t> list;
};

KeptPieces::KeptPieces(std::unique_ptr<Data> data) : data_(std::move(data)) {}
KeptPieces::~KeptPieces() = default;

std::unique_ptr<KeptPieces> KeptPieces::open(std::string file, size_t begin, bool strict) {
  auto data = std::make_unique<Data>();
  data->file = std::move(file);
  data->strict = strict;
  constexpr size_t kNumbers = static_cast<size_t>(Table::count_) + 2;
  if (begin > data->file.size() || data->file.compare(begin, kPiecesMagic.size(), kPiecesMagic) != 0) return nullptr;
  size_t offset = begin + kPiecesMagic.size();
  if (data->file.size() - offset < kNumbers * sizeof(uint32_t)) return nullptr;
  uint64_t sizes[kNumbers] = {};
  for (size_t i = 0; i < kNumbers; ++i, offset += sizeof(uint32_t)) sizes[i] = data->number_at(offset);
  for (size_t i = 0; i < std::size(data->tables); ++i) {
    data->tables[i] = offset;
    data->rows[i] = static_cast<uint32_t>(sizes[i]);
    const uint64_t bytes = sizes[i] * kTableWidth[i] * sizeof(uint32_t);
    if (data->file.size() - offset < bytes) return nullptr;
    offset += bytes;
  }
  const std::string_view rest = std::string_view(data->file).substr(offset);
  if (rest.size() != sizes[kNumbers - 2] + sizes[kNumbers - 1]) return nullptr;
  data->characters = rest.substr(0, sizes[kNumbers - 2]);
  data->text = rest.substr(sizes[kNumbers - 2]);
  data->is_read.resize(data->count(Table::pieces));
  return std::unique_ptr<KeptPieces>(new KeptPieces(std::move(data)));
}

bool KeptPieces::has(std::string_view name, NameSpace space) const {
  return data_->find(name, space) != 0;
}

void KeptPieces::unread(uint32_t piece) {
  data_->is_read[piece] = false;
}

void KeptPieces::for_each(void (*visit)(void* context, const Name& name), void* context) const {
  for (uint32_t i = 0; i < data_->count(Table::names); ++i) {
    Name name{data_->characters_at(Table::names, i, 0), data_->space_of(i), false};
    switch (static_cast<WaitingName>(data_->at(Table::names, i, 2))) {
      case WaitingName::type:
        name.is_type = true;
        break;
      case WaitingName::structure:
        name.tag = Kind::structure;
        break;
      case WaitingName::union_:
        name.tag = Kind::union_;
        break;
      case WaitingName::enumeration:
        name.tag = Kind::enumeration;
        break;
      case WaitingName::object:
        break;
    }
    visit(context, name);
  }
}

// All pieces about the name that are not read, and all that these need.
void KeptPieces::choose(std::string_view name, NameSpace space, Choice& choice) const {
  const uint32_t found = data_->find(name, space);
  if (found == 0) return;
  if (choice.chosen.empty()) choice.chosen.resize(data_->count(Table::pieces));
  auto add = [&](uint32_t piece) {
    if (data_->is_read[piece] || choice.chosen[piece]) return;
    choice.chosen[piece] = true;
    choice.list.push_back(piece);
  };
  size_t next = choice.list.size();
  data_->for_list(Table::names, found - 1, 3, add);
  while (next < choice.list.size()) data_->for_list(Table::pieces, choice.list[next++], 6, add);
}

// Reads the chosen pieces in the order in which they stand.
Result<void> KeptPieces::read(TypeTable& types, Choice& choice) {
  if (choice.list.empty()) return {};
  if (!data_->state.has_value()) {
    cpreproc::State& state = data_->state.emplace(types.target());
    for (uint32_t i = 0; i < data_->count(Table::macros); ++i) {
      if ((data_->at(Table::macros, i, 7) & kUndefined) == 0) break;
      state.undefine(data_->characters_at(Table::macros, i, 0));
    }
  }
  std::sort(choice.list.begin(), choice.list.end());
  std::string text;
  uint32_t pack = 0;
  for (const uint32_t piece : choice.list) {
    if (const uint32_t own = data_->at(Table::pieces, piece, 5); own != pack) {
      text += "\n#pragma pack(" + std::to_string(own) + ")";
      pack = own;
    }
    text += "\n# " + std::to_string(data_->at(Table::pieces, piece, 2));
    if (const std::string_view file = data_->characters_at(Table::pieces, piece, 3); !file.empty()) {
      text += " \"";
      for (const char c : file) {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
      }
      text += '"';
    }
    text += '\n';
    text += data_->piece_text(piece);
  }
  TypeTable::Reading reading(types);
  TypeTable::Transaction transaction(types);
  for (const uint32_t piece : choice.list) {
    types.note_read(data_->number, piece);
    data_->is_read[piece] = true;
  }
  Input input(text);
  input.macros = &*data_->state;
  input.strict = data_->strict;
  const Result<void> done = parse_declarations(types, input);
  if (done.ok()) transaction.commit();
  return done;
}

namespace {

// What was read once is read again: nothing but the stack can be short, and then another thread may read it.
void throw_unless(const Result<void>& read, const std::string& what) {
  if (!read.ok()) throw Waiting::Unreadable(what + " cannot be read: " + read.message());
}

}  // namespace

void KeptPieces::declare(TypeTable& types, std::string_view name, NameSpace space) {
  Choice choice;
  choose(name, space, choice);
  throw_unless(read(types, choice), "the declaration of '" + std::string(name) + "'");
}

void KeptPieces::declare_all(TypeTable& types) {
  Choice choice;
  for (uint32_t i = 0; i < data_->count(Table::pieces); ++i) {
    if (!data_->is_read[i]) choice.list.push_back(i);
  }
  throw_unless(read(types, choice), "a kept declaration");
}

// Whether the same declarations are about the name here and there.
bool KeptPieces::is_same(const KeptPieces& other, std::string_view name, NameSpace space) const {
  auto texts = [&](const Data& data) {
    std::vector<std::pair<std::string_view, uint32_t>> list;
    data.for_list(Table::names, data.find(name, space) - 1, 3,
                  [&](uint32_t piece) { list.emplace_back(data.piece_text(piece), data.at(Table::pieces, piece, 5)); });
    return list;
  };
  return texts(*data_) == texts(*other.data_);
}

// The pieces about names that the table has. What waits already and is not the same is declared for it.
void KeptPieces::choose_known(TypeTable& types, Choice& choice) const {
  struct Context {
    const KeptPieces& pieces;
    TypeTable& types;
    Choice& choice;
    Waiting* other;
  } context{*this, types, choice, nullptr};
  for (uint32_t i = 0; i < data_->number; ++i) {
    context.other = &types.waiting(i);
    context.other->for_each(
        [](void* c, const Name& name) {
          auto& to = *static_cast<Context*>(c);
          if (!to.pieces.has(name.text, name.space)) return;
          const auto* other = dynamic_cast<const KeptPieces*>(to.other);
          if (other == nullptr || !to.pieces.is_same(*other, name.text, name.space))
            to.other->declare(to.types, name.text, name.space);
        },
        &context);
  }
  types.for_each_symbol(
      [](void* c, const Symbol& symbol) {
        auto& to = *static_cast<Context*>(c);
        if (symbol.kind != Symbol::Kind::none)
          to.pieces.choose(to.types.name(symbol.name), NameSpace::ordinary, to.choice);
      },
      &context);
  types.for_each_tag(
      [](void* c, NameId tag, TypeId) {
        auto& to = *static_cast<Context*>(c);
        to.pieces.choose(to.types.name(tag), NameSpace::tag, to.choice);
      },
      &context);
}

Result<void> KeptPieces::add(TypeTable& types, std::unique_ptr<KeptPieces> pieces) {
  KeptPieces& added = *pieces;
  TypeTable::Transaction transaction(types);
  added.data_->number = types.add_waiting(std::move(pieces));
  Choice choice;
  added.choose_known(types, choice);
  const Result<void> done = added.read(types, choice);
  if (done.ok()) transaction.commit();
  return done;
}

void KeptPieces::define_macros(cpreproc::State& state) const {
  cpreproc::Macro macro;
  std::string_view file;
  for (uint32_t i = 0; i < data_->count(Table::macros); ++i) {
    macro.name = data_->characters_at(Table::macros, i, 0);
    if (macro.name.empty()) continue;
    const uint32_t flags = data_->at(Table::macros, i, 7);
    if ((flags & kUndefined) != 0) {
      state.undefine(macro.name);
      continue;
    }
    (void)state.find_macro(macro.name);  // what is predefined comes first
    macro.text = data_->characters_at(Table::macros, i, 2);
    if (const std::string_view name = data_->characters_at(Table::macros, i, 4); name.data() != file.data()) {
      file = name;
      macro.where.file = state.keep_file_name(std::string(name));
    }
    macro.where.line = data_->at(Table::macros, i, 6);
    macro.builtin = (flags & kPoisoned) != 0 ? cpreproc::Builtin::poisoned : cpreproc::Builtin::none;
    macro.function_like = (flags & kFunctionLike) != 0;
    macro.variadic = (flags & kVariadic) != 0;
    macro.params.clear();
    const uint32_t end = std::min(data_->at(Table::macros, i, 9), data_->count(Table::params));
    for (uint32_t p = data_->at(Table::macros, i, 8); p < end; ++p)
      macro.params.push_back(data_->characters_at(Table::params, p, 0));
    state.macros().define(macro);
  }
}

}  // namespace ferry::cparse
