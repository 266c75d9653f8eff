// How pieces, names and macros lie in a file: tables of 32-bit numbers of this machine, then characters. Private to
// pieces.cpp, which writes them, and kept_pieces.cpp, which reads them.
#pragma once

#include <cstdint>
#include <iterator>
#include <string_view>

#include "base/arena.h"
#include "ctype/type_table.h"

namespace ferry::cparse {

inline constexpr std::string_view kPiecesMagic = "pieces 1\n";

// Behind the magic: the number of rows of each table, of characters, and of the bytes of the text; then these.
enum class Table : uint8_t {
  pieces,  // begin, end, line, file, its length, pack, first and end in `lists`: the pieces that it needs
  names,   // characters, their length, a WaitingName, first and end in `lists`: the pieces that are about it
  slots,   // row in `names` + 1; 0: free. A power of two, found by slot_hash(), linear probing
  lists,   // row in `pieces`
  macros,  // name, length, text, length, file, length, line, MacroFlag bits, first and end in `params`
  params,  // characters, their length
  count_
};
inline constexpr uint32_t kTableWidth[] = {8, 5, 1, 1, 10, 2};
static_assert(std::size(kTableWidth) == static_cast<size_t>(Table::count_));

enum class WaitingName : uint32_t { type, object, structure, union_, enumeration };

enum MacroFlag : uint32_t { kFunctionLike = 1, kVariadic = 2, kUndefined = 4, kPoisoned = 8 };

inline uint32_t slot_hash(std::string_view name, NameSpace space) {
  return hash_text(name) + (space == NameSpace::tag ? 0x9e3779b9u : 0);
}

}  // namespace ferry::cparse
