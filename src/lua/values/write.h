// Lua -> C: numbers, booleans, strings, nil, userdata and functions to any C type. LuaJIT's table of conversions with
// Ferry's additions.
#pragma once

#include "lua/state/members.h"
#include "lua/state/raise.h"
#include "lua/values/source.h"

namespace ferry::lua {

// Writes the Lua value at idx as `info`'s type to `address` (memory form, info->size bytes; for variable-size types
// `size`). Raises raise_convert(place). Nothing is half-written: a table is converted to a temporary first when the
// target is visible. `owner` (stack index, 0: nobody) is the cdata that holds `address`: what a stored pointer points
// into is anchored there.
void write_value(lua_State* L, State* st, TypeInfo* info, void* address, int idx, const Place& place, int owner);
void write_member(lua_State* L, State* st, const Member& member, void* record, int idx, TypeInfo* record_info,
                  int owner);

// --- for the other conversions and for calls ----------------------------------------------------

// Who holds the memory that is written and keeps alive what pointers stored there point into.
struct TargetOwner {
  int owner = 0;  // stack index (absolute) of the cdata that holds the target; 0: nobody
};

enum Mode : unsigned {
  kAssign = 0,
  kCast = 1,          // C cast rules
  kInitialiser = 2,   // ffi.new: a number may initialise a `void *`
  kCallArgument = 4,  // a table may stand for a pointer to a struct; callbacks made here live until the state closes
  kSourceKept = 8,    // the pointer that is written keeps the value it is made from by itself
};

// The one entry for any value. The target may be half-written when it raises.
void write_any(lua_State* L, State* st, TypeInfo* info, void* address, const Source& from, const Place& place,
               const TargetOwner& keep, unsigned mode);
inline void write_any(lua_State* L, State* st, TypeInfo* info, void* address, int idx, const Place& place,
                      const TargetOwner& keep, unsigned mode) {
  write_any(L, st, info, address, classify(L, st, idx), place, keep, mode);
}

// A converted integer of `size` bytes, in `raw`, into a bit-field of its type (ctype/layout.h).
void store_bits(std::byte* record, uint64_t offset, unsigned bit_offset, unsigned width, const uint64_t (&raw)[2],
                size_t size);

// The error of a string that has more than the `size` bytes that an array of `info`'s type has for it.
[[noreturn]] void raise_too_long(lua_State* L, State* st, const TypeInfo* info, uint64_t size, int idx,
                                 const Place& place);

// A Lua string into an array of char-sized integers of `size` bytes.
bool write_string_array(lua_State* L, State* st, TypeInfo* info, void* address, uint64_t size, int idx);

// Whether the array's length is not its type's: `[?]`, `[]`, and `[0]`, which by custom means `[]`.
bool is_open_array(const TypeInfo* info);
// A Lua string into an open array that has `size` bytes. What is too long for it raises.
void write_open_string(lua_State* L, State* st, TypeInfo* info, void* address, uint64_t size, int idx,
                       const Place& place);

// An array of unknown length of the element type, to be made with any number of them.
TypeInfo* open_array(lua_State* L, State* st, TypeInfo* element);

// Whether the member types take a string as characters.
bool is_char_array(State* st, TypeInfo* info);

}  // namespace ferry::lua
