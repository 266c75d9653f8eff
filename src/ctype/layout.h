// Struct and union layout for every Target: offsets, bit-fields, size and alignment, exactly as gcc
// (and MSVC for the Windows targets) lays them out. Knows no Lua and no syntax.
#pragma once

#include <vector>

#include "ctype/type_table.h"

namespace ferry {

struct RecordShape {
  uint64_t size = 0;   // bytes, padded to align; the fixed part if it ends in a flexible/variable array
  uint32_t align = 1;  // bytes
  bool has_bitfields = false;
  bool unaligned_fields = false;
  bool variable = false;      // ends in a VLA (or VLS member)
  bool has_flexible = false;
  bool has_const = false;
};

// Fills offset, bit_offset of each field. The fields have been checked by TypeTable::complete_record.
// Error: the record is larger than kMaxObjectSize.
Result<RecordShape> layout_record(const TypeTable& types, std::vector<Field>& fields, bool is_union,
                                  const RecordAttributes& attributes);

}  // namespace ferry
