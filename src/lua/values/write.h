// Inside of the Lua -> C conversions: shared by write.cpp, from_c.cpp, init.cpp and call.cpp only.
#pragma once

#include "lua/values/convert.h"

namespace ferry::lua {

// Who holds the memory that is written and keeps alive what pointers stored there point into.
struct Keeper {
  int owner = 0;  // stack index (absolute) of the cdata that holds the target; 0: nobody
};

enum Mode : unsigned {
  kAssign = 0,
  kCast = 1,          // C cast rules
  kInitialiser = 2,   // ffi.new: a number may initialise a `void *`
  kCallArgument = 4,  // a table may stand for a pointer to a struct; callbacks made here live until the state closes
};

// The one entry for any value. The target may be half-written when it raises.
void write_any(lua_State* L, State* st, TypeInfo* info, void* address, int idx, const Place& place, const Keeper& keep,
               unsigned mode);

// C value of type `source` at `from` -> target. `idx`: the cdata it came from (for anchors and messages).
void write_from_c(lua_State* L, State* st, TypeInfo* info, void* address, TypeInfo* source, const void* from, int idx,
                  const Place& place, const Keeper& keep, unsigned mode);

// Table -> record or array of `size` bytes, which has been cleared.
void write_table(lua_State* L, State* st, TypeInfo* info, void* address, uint64_t size, int idx, const Place& place,
                 const Keeper& keep, unsigned mode);

// A Lua string into an array of char-sized integers of `size` bytes.
bool write_string_array(lua_State* L, State* st, TypeInfo* info, void* address, uint64_t size, int idx);

// Whether the member types take a string as characters.
bool is_char_array(State* st, TypeInfo* info);

}  // namespace ferry::lua
