// Alignment within records on i386, where gcc lowers more than the psABI names.
#pragma once

#include <vector>

#include "ctype/layout.h"

namespace ferry {

// The alignment of the type before the psABI lowers it within records, bytes: gcc's TYPE_ALIGN.
uint32_t unlowered_alignment(const TypeTable& types, TypeId id);

// Completes the shape of a record that is laid out: what it is held in, who aligns it, and a lower alignment.
void lower_on_i386(const TypeTable& types, const std::vector<Field>& fields, bool is_union,
                   const RecordAttributes& attributes, RecordShape& shape);

}  // namespace ferry
