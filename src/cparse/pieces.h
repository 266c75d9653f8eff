// A text of declarations by its pieces, one per declaration: what each declares and what it asks for. Kept with the
// text, they let another process read of it only what it uses (KeptPieces): a text of thousands of declarations costs
// what those cost that are used.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cpreproc/state.h"
#include "ctype/type_table.h"

namespace ferry::cparse {

// What parse_declarations notes (Input::pieces).
struct Pieces {
  struct Piece {
    uint32_t begin = 0;  // of its first token, in the text
    uint32_t end = 0;
    uint32_t line = 0;  // where that stands, as line markers tell it
    std::string_view file;
    uint32_t pack = 0;              // #pragma pack in force
    std::vector<NameId> declared;   // ordinary names, constants of enums included
    std::vector<NameId> asked;      // ordinary names that were looked up
    std::vector<NameId> tags;       // that are named
    std::vector<NameId> completed;  // tags whose body it has, or what else says what they are
  };
  std::vector<Piece> list;
  bool complete = true;  // else the text is not what was read
};

// Text, pieces and the macros that are left at its end, as one string of bytes for this machine.
std::string write_pieces(const TypeTable& types, cpreproc::State& macros, std::string_view text, const Pieces& pieces);

// The part of such a string that is in `file` from `begin` on. Whatever the bytes are, what is read is within them.
class KeptPieces : public Waiting {
 public:
  // Null: it is none.
  static std::unique_ptr<KeptPieces> open(std::string file, size_t begin, bool strict);
  ~KeptPieces() override;

  // Makes it one of what waits in the table. What the table has or waits for already is declared now, so that a
  // contradiction is an error here; then nothing has changed.
  static Result<void> add(TypeTable& types, std::unique_ptr<KeptPieces> pieces);
  // Defines its macros.
  void define_macros(cpreproc::State& state) const;

  bool has(std::string_view name, NameSpace space) const override;
  void declare(TypeTable& types, std::string_view name, NameSpace space) override;
  void declare_all(TypeTable& types) override;
  void unread(uint32_t piece) override;
  void for_each(void (*visit)(void* context, const Name& name), void* context) const override;

 private:
  struct Data;
  struct Choice;
  explicit KeptPieces(std::unique_ptr<Data> data);
  void choose(std::string_view name, NameSpace space, Choice& choice) const;
  void choose_known(TypeTable& types, Choice& choice) const;
  bool is_same(const KeptPieces& other, std::string_view name, NameSpace space) const;
  Result<void> read(TypeTable& types, Choice& choice);

  std::unique_ptr<Data> data_;
};

}  // namespace ferry::cparse
