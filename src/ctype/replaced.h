// How many declarations have taken the place of an earlier one of their name, in all type tables of the process. Who
// keeps what names stand for has to look again only if the number has changed.
#pragma once

#include <cstdint>

namespace ferry {

uint64_t replaced_declarations();

}  // namespace ferry
