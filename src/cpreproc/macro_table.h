// The macros of a state, by name: their definitions outlive the text that made them. Knows no expansion.
//
// A definition is kept as text and made into tokens when it is first expanded; most of a header's never are.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "cpreproc/token.h"

namespace ferry::cpreproc {

using MacroId = uint32_t;  // of a definition; 0: none. A name that is defined anew gets another one.

// Macros whose expansion is computed.
enum class Builtin : uint8_t {
  none,
  file,           // __FILE__
  base_file,      // __BASE_FILE__
  line,           // __LINE__
  include_level,  // __INCLUDE_LEVEL__
  counter,        // __COUNTER__
  date,           // __DATE__
  time,           // __TIME__
  timestamp,      // __TIMESTAMP__
  pragma,         // _Pragma, __pragma
  // These mean something within #if only.
  has_include,
  has_include_next,
  has_attribute,
  has_c_attribute,
  has_builtin,
  has_feature,
  has_extension,
  has_embed,
  is_identifier,
  // #pragma GCC poison: an error wherever it is met.
  poisoned,
};

// Where a macro was defined.
struct DefinedAt {
  std::string_view file;  // empty: a text, not a file; also for what is predefined
  uint32_t line = 0;      // 0: predefined
};

struct Macro {
  std::string_view name;
  std::string_view text;                 // the replacement as written, comments included
  std::vector<std::string_view> params;  // of a variadic one the last is "__VA_ARGS__" or GNU's own name for it
  std::vector<Token> tokens;             // of the text, once `read`
  DefinedAt where;
  Builtin builtin = Builtin::none;
  bool function_like = false;
  bool variadic = false;
  bool predefined = false;
  bool read = false;      // tokens are made
  bool pastes = false;    // there is a `##`
  uint32_t disabled = 0;  // how many contexts of its expansion are open

  std::string body() const;  // the replacement list as text: tokens, and single blanks between them
};

// A quick "no" for most identifiers: bits by word_hash().
class WordFilter {
 public:
  constexpr bool may_have(uint32_t word) const { return (bits_[(word & kMask) >> 6] >> (word & 63) & 1) != 0; }
  constexpr void add(uint32_t word) { bits_[(word & kMask) >> 6] |= uint64_t{1} << (word & 63); }

 private:
  static constexpr uint32_t kMask = 0x3fff;
  std::array<uint64_t, (kMask + 1) / 64> bits_{};
};

class MacroTable {
 public:
  MacroTable();
  MacroTable(const MacroTable&) = delete;
  MacroTable& operator=(const MacroTable&) = delete;

  // False: no macro has a name of that word_hash().
  bool may_have(uint32_t word) const { return filter_->may_have(word); }
  // What is asked first instead of the own filter until something is defined: the names of predefined macros, which
  // are not here yet.
  void expect(const WordFilter& names) { filter_ = &names; }

  MacroId find(std::string_view name) const;  // 0: not defined
  Macro& operator[](MacroId id) { return macros_[id]; }
  const Macro& operator[](MacroId id) const { return macros_[id]; }

  // Defines the name anew. All views but `where.file` may point anywhere: they are copied. An equal definition stays
  // what it was.
  MacroId define(const Macro& macro);
  void undefine(std::string_view name);

  // #pragma push_macro, pop_macro. Popping what was not pushed changes nothing.
  void push(std::string_view name);
  void pop(std::string_view name);

  // Whether anything but what is predefined was ever defined.
  bool has_own() const { return has_own_; }

  // Changes with every definition: what was computed from macros before may be wrong.
  uint64_t generation() const { return generation_; }

  // Every macro, in order of its name's first definition.
  void for_each(void (*visit)(void* context, MacroId id, const Macro& macro), void* context) const;

  // Text that lives as long as the table.
  std::string_view keep(std::string_view text) { return {texts_.add(text), text.size()}; }

  // Undoes everything since its construction unless committed.
  class Transaction {
   public:
    explicit Transaction(MacroTable& table);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit() { committed_ = true; }

   private:
    MacroTable& table_;
    size_t changes_;
    uint32_t macros_;
    uint32_t names_;
    TextArena::Mark texts_;
    bool committed_ = false;
  };

 private:
  struct Name {
    std::string_view text;
    MacroId current = 0;
    std::vector<MacroId> pushed;
  };
  struct Change {
    enum class Kind : uint8_t { set, push, pop } kind;
    uint32_t name;
    MacroId before;
  };

  uint32_t name_of(std::string_view text);
  uint32_t find_name(std::string_view text) const;
  void set(uint32_t name, MacroId id);

  const WordFilter* filter_;
  std::unique_ptr<WordFilter> own_filter_;
  StableVector<Macro> macros_;  // element 0 is none
  StableVector<Name> names_;    // element 0 is none
  HashIndex index_;
  TextArena texts_;
  std::vector<Change> changes_;  // of the open transactions
  uint32_t transactions_ = 0;
  uint64_t generation_ = 0;
  bool has_own_ = false;
};

}  // namespace ferry::cpreproc
