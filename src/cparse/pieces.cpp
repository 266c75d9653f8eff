// What a parser notes of the pieces of a text, and how that is written (pieces.h).
#include "cparse/pieces.h"

#include <algorithm>
#include <unordered_map>

#include "cparse/parser_state.h"
#include "cparse/pieces_format.h"
#include "cpreproc/dump.h"

namespace ferry::cparse {

// The text of a parser that notes has neither a byte order mark nor continued lines, so places in it are locations.
void Parser::begin_piece() {
  Pieces::Piece piece;
  piece.begin = token_.at - 1;
  if (token_.at == 0 || piece.begin > text_.size() || !text_.substr(piece.begin).starts_with(token_.text))
    pieces_->complete = false;
  const cpreproc::Location place = source_.sources().place(token_.at);
  piece.line = place.line;
  piece.file = place.file;
  piece.pack = pack_;
  pieces_->list.push_back(std::move(piece));
}

void Parser::end_piece(size_t declared) {
  Pieces::Piece& piece = pieces_->list.back();
  piece.end = at(Tok::end) ? static_cast<uint32_t>(text_.size()) : token_.at - 1;
  piece.declared.assign(declared_->begin() + static_cast<std::ptrdiff_t>(declared), declared_->end());
  for (std::vector<NameId>* list : {&piece.declared, &piece.asked, &piece.tags, &piece.completed}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
}

void Parser::note_asked(NameId name) {
  if (!pieces_->list.empty()) pieces_->list.back().asked.push_back(name);
}

void Parser::note_tag(NameId tag, bool completed) {
  if (tag == kNoName) return;
  Pieces::Piece& piece = pieces_->list.back();
  piece.tags.push_back(tag);
  if (completed) piece.completed.push_back(tag);
}

namespace {

// A piece without the lines of directives behind it, which say what is next.
std::string_view without_directives(std::string_view text) {
  for (;;) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    const size_t line = text.rfind('\n') + 1;
    if (line == 0 || text[line] != '#') return text;
    text = text.substr(0, line);
  }
}

class Writer {
 public:
  Writer(const TypeTable& types, cpreproc::State& macros, std::string_view text, const Pieces& pieces)
      : types_(types), macros_(macros), text_(text), pieces_(pieces.list) {}

  std::string write() {
    for (uint32_t i = 0; i < pieces_.size(); ++i) find_names(i);
    for (uint32_t i = 0; i < pieces_.size(); ++i) {
      for (const NameId tag : pieces_[i].tags) {
        if (about(NameSpace::tag, tag) == nullptr) about_[key(NameSpace::tag, tag)].push_back(i);
      }
    }
    for (uint32_t i = 0; i < pieces_.size(); ++i) piece(i);
    for (const auto& [name, list] : about_) names_.emplace_back(name);
    std::sort(names_.begin(), names_.end());
    for (const uint64_t name : names_) waiting_name(name);
    slots();
    for (const std::string& name : cpreproc::undefined_names(macros_)) undefined(name);
    macros_.macros().for_each(
        [](void* to, cpreproc::MacroId, const cpreproc::Macro& macro) { static_cast<Writer*>(to)->macro(macro); },
        this);
    return together();
  }

 private:
  using List = std::vector<uint32_t>;
  static uint64_t key(NameSpace space, NameId name) { return uint64_t{space == NameSpace::tag} << 32 | name; }

  const List* about(NameSpace space, NameId name) const {
    const auto found = about_.find(key(space, name));
    return found == about_.end() ? nullptr : &found->second;
  }

  void find_names(uint32_t i) {
    for (const NameId name : pieces_[i].declared) about_[key(NameSpace::ordinary, name)].push_back(i);
    for (const NameId tag : pieces_[i].completed) about_[key(NameSpace::tag, tag)].push_back(i);
  }

  std::vector<uint32_t>& table(Table which) { return tables_[static_cast<size_t>(which)]; }
  void row(Table which, std::initializer_list<uint32_t> columns) {
    table(which).insert(table(which).end(), columns.begin(), columns.end());
  }
  uint32_t list_end() { return static_cast<uint32_t>(table(Table::lists).size()); }

  uint32_t characters(std::string_view text) {
    const auto at = static_cast<uint32_t>(characters_.size());
    characters_ += text;
    return at;
  }
  uint32_t file(std::string_view name) {
    const auto [entry, is_new] = files_.try_emplace(std::string(name), 0);
    if (is_new) entry->second = characters(name);
    return entry->second;
  }

  // What it needs: of the names that it asks for those that were declared before; of those that it declares, and of
  // tags, all that is said of them anywhere, as nobody will ask for a name that is known.
  void piece(uint32_t i) {
    const Pieces::Piece& p = pieces_[i];
    List needs;
    auto add = [&](const List* list, uint32_t end) {
      if (list == nullptr) return;
      for (const uint32_t other : *list) {
        if (other < end && other != i) needs.push_back(other);
      }
    };
    for (const NameId name : p.asked) add(about(NameSpace::ordinary, name), i);
    for (const NameId name : p.declared) add(about(NameSpace::ordinary, name), UINT32_MAX);
    for (const NameId tag : p.tags) add(about(NameSpace::tag, tag), UINT32_MAX);
    std::sort(needs.begin(), needs.end());
    needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
    const std::string_view text = without_directives(text_.substr(p.begin, p.end - p.begin));
    const uint32_t end = p.begin + static_cast<uint32_t>(text.size());
    text_end_ = std::max(text_end_, end);
    const uint32_t begin = list_end();
    table(Table::lists).insert(table(Table::lists).end(), needs.begin(), needs.end());
    row(Table::pieces,
        {p.begin, end, p.line, file(p.file), static_cast<uint32_t>(p.file.size()), p.pack, begin, list_end()});
  }

  WaitingName what_is(uint64_t name) const {
    const auto id = static_cast<NameId>(name);
    if (name >> 32 == 0) {
      const Symbol* symbol = types_.find_symbol(id);
      return symbol != nullptr && symbol->kind == Symbol::Kind::type_name ? WaitingName::type : WaitingName::object;
    }
    switch (types_[types_.find_tag(id)].kind) {
      case Kind::structure:
        return WaitingName::structure;
      case Kind::union_:
        return WaitingName::union_;
      default:
        return WaitingName::enumeration;
    }
  }

  void waiting_name(uint64_t name) {
    const std::string_view text = types_.name(static_cast<NameId>(name));
    const List& list = about_.find(name)->second;
    const uint32_t begin = list_end();
    table(Table::lists).insert(table(Table::lists).end(), list.begin(), list.end());
    row(Table::names, {characters(text), static_cast<uint32_t>(text.size()), static_cast<uint32_t>(what_is(name)),
                       begin, list_end()});
  }

  void slots() {
    std::vector<uint32_t>& slots = table(Table::slots);
    slots.resize(std::bit_ceil(names_.size() * 2 + 1));
    const size_t mask = slots.size() - 1;
    for (size_t i = 0; i < names_.size(); ++i) {
      const NameSpace space = names_[i] >> 32 != 0 ? NameSpace::tag : NameSpace::ordinary;
      size_t slot = slot_hash(types_.name(static_cast<NameId>(names_[i])), space) & mask;
      while (slots[slot] != 0) slot = (slot + 1) & mask;
      slots[slot] = static_cast<uint32_t>(i) + 1;
    }
  }

  void undefined(std::string_view name) {
    const auto length = static_cast<uint32_t>(name.size());
    row(Table::macros, {characters(name), length, 0, 0, 0, 0, 0, kUndefined, 0, 0});
  }

  void macro(const cpreproc::Macro& macro) {
    if (macro.predefined) return;
    const bool poisoned = macro.builtin == cpreproc::Builtin::poisoned;
    if (!poisoned && macro.builtin != cpreproc::Builtin::none) return;
    const uint32_t flags = (macro.function_like ? uint32_t{kFunctionLike} : 0) |
                           (macro.variadic ? uint32_t{kVariadic} : 0) | (poisoned ? uint32_t{kPoisoned} : 0);
    auto params_end = [this] { return static_cast<uint32_t>(table(Table::params).size() / 2); };
    const uint32_t name = characters(macro.name);
    const uint32_t begin = params_end();
    for (const std::string_view param : macro.params) {
      characters(param == macro.params.front() ? "(" : ",");
      const uint32_t at = characters(param);
      row(Table::params, {at, static_cast<uint32_t>(param.size())});
    }
    characters(macro.params.empty() ? " " : ") ");
    const uint32_t text = characters(macro.text);
    const uint32_t file_name = file(macro.where.file);
    row(Table::macros,
        {name, static_cast<uint32_t>(macro.name.size()), text, static_cast<uint32_t>(macro.text.size()), file_name,
         static_cast<uint32_t>(macro.where.file.size()), macro.where.line, flags, begin, params_end()});
    characters("\n");
  }

  std::string together() {
    std::string out(kPiecesMagic);
    auto number = [&out](size_t n) {
      const auto value = static_cast<uint32_t>(n);
      out.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    for (size_t i = 0; i < std::size(tables_); ++i) number(tables_[i].size() / kTableWidth[i]);
    number(characters_.size());
    number(text_end_);
    for (const std::vector<uint32_t>& t : tables_)
      out.append(reinterpret_cast<const char*>(t.data()), t.size() * sizeof(uint32_t));
    out += characters_;
    out += text_.substr(0, text_end_);
    return out;
  }

  const TypeTable& types_;
  cpreproc::State& macros_;
  std::string_view text_;
  const std::vector<Pieces::Piece>& pieces_;
  std::unordered_map<uint64_t, List> about_;
  std::vector<uint64_t> names_;
  std::vector<uint32_t> tables_[static_cast<size_t>(Table::count_)];
  std::string characters_;
  std::unordered_map<std::string, uint32_t> files_;
  uint32_t text_end_ = 0;  // of its last piece
};

}  // namespace

std::string write_pieces(const TypeTable& types, cpreproc::State& macros, std::string_view text, const Pieces& pieces) {
  if (!pieces.complete) return {};
  return Writer(types, macros, text, pieces).write();
}

}  // namespace ferry::cparse
