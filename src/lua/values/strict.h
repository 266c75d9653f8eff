// What ffi.strict refuses: conversions in which something of the value would be lost. Asked where State::strict is set.
#pragma once

#include "lua/state/members.h"
#include "lua/state/raise.h"
#include "lua/values/source.h"

namespace ferry::lua {

// Raises unless the number at idx, or the cdata's, is a value of the type `info` if that is an arithmetic one, an enum,
// or made of such: integers take whole numbers in their range, floating types what does not become infinite (and
// integers exactly), enums their constants.
void require_lossless(lua_State* L, State* st, TypeInfo* info, const Source& from, const Place& place);
// Raises unless a bit-field of `width` bits holds the integer of its type in `raw`.
void require_bits(lua_State* L, State* st, const TypeInfo* info, unsigned width, const uint64_t (&raw)[2],
                  const Place& place);
// Raises unless the string at idx fits `size` bytes; its terminator may be cut (C 6.7.9p14).
void require_room(lua_State* L, State* st, const TypeInfo* info, uint64_t size, int idx, const Place& place);
// Raises unless the number at idx is a whole one. `what` it is for, as in "index".
void require_whole(lua_State* L, State* st, int idx, const char* what);

}  // namespace ferry::lua
