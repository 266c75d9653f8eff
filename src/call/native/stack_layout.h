// Where the running Lua keeps its stack and values, as far as it has been verified for this state
// (src/lua/host/stack_probe.cpp). Offsets and tags only: knows no lua.h. Everything here is for little-endian hosts, of
// 64 bits or i386.
#pragma once

#include <cstdint>

namespace ferry::call {

struct StackLayout {
  bool valid = false;  // false: use the public API
  // The first argument of the running C function: *(L + base) where base_is_field, else *(*(L + call_info) + function)
  // + slot.
  bool base_is_field = false;  // Lua 5.1
  uint8_t base = 0;            // offset in lua_State of the base pointer (5.1)
  uint8_t call_info = 0;       // offset in lua_State of the current CallInfo (5.2+)
  uint8_t function = 0;        // offset in CallInfo of the function's slot
  uint8_t top = 0;             // offset in lua_State of the pointer to the first free slot
  uint8_t slot = 16;           // bytes of a stack slot: value at 0, tag at `tag`
  uint8_t tag = 8;
  uint8_t tag_bytes = 4;  // 4 up to 5.3, 1 from 5.4 on: never write more
  uint8_t tag_nil = 0;
  uint8_t tag_false = 0;  // up to 5.3 false and true share a tag and the value's int tells them apart
  uint8_t tag_true = 0;
  uint8_t tag_light = 0;
  uint8_t tag_float = 0;
  uint8_t tag_integer = 0;  // 0: this Lua has no integer subtype
  uint8_t tag_string = 0;   // short strings only: others go through the API
  uint8_t tag_userdata = 0;
  uint8_t tag_table = 0;
  uint8_t string_bytes = 0;        // from a string object to its characters
  uint8_t userdata_block = 0;      // from a userdata object without user values to its memory (up to 5.3: any)
  uint8_t userdata_block_1 = 0;    // with one user value (5.4+), else the same
  uint8_t userdata_metatable = 0;  // from a userdata object to its metatable pointer (as lua_topointer shows it)
  uint8_t userdata_values = 0;     // 5.4+: offset of the 16-bit number of user values; 0: none
  // From a table object to the pointer to its array part: a row of slots, or where `items_apart`, the place between its
  // values, which lie below it in falling order, 8 bytes each, and its tags: a byte each, behind 4 others.
  uint8_t table_items = 0;
  bool items_apart = false;      // 5.5
  uint8_t table_count = 0;       // and to the 32-bit number of slots that are certainly there
  uint8_t closure_upvalues = 0;  // from a C closure object to its first upvalue, laid out like a slot
};

}  // namespace ferry::call
