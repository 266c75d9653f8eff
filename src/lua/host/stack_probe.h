// Where this Lua version keeps its stack and values, and the check that the running Lua really does. Reads only by
// os/memory.h, which reports an unreadable address instead of faulting.
#pragma once

#include "call/host.h"
#include "call/native/stack_layout.h"
#include "lua/host/compat.h"

namespace ferry::lua {

// What 64-bit little-endian builds of the reference Lua of this version (501 ... 505) have; `valid` is left false.
constexpr call::StackLayout wide_stack_layout_of(int version) {
  call::StackLayout s;
  s.base_is_field = version == 501;
  s.base = version == 501 ? 24 : 0;
  s.call_info = version == 501 ? 0 : 32;
  s.function = 0;
  s.top = 16;
  s.slot = 16;
  s.tag = 8;
  s.tag_bytes = version >= 504 ? 1 : 4;
  s.tag_nil = LUA_TNIL;
  // 5.4 made booleans two variants of a type; variants are bits 4 and 5.
  s.tag_false = LUA_TBOOLEAN;
  s.tag_true = version >= 504 ? LUA_TBOOLEAN | 0x10 : LUA_TBOOLEAN;
  s.tag_light = LUA_TLIGHTUSERDATA;
  // 5.4 exchanged the variants of 5.3: there variant 0 is the float.
  s.tag_float = version >= 504 ? LUA_TNUMBER | 0x10 : LUA_TNUMBER;
  s.tag_integer = version >= 504 ? LUA_TNUMBER : version == 503 ? LUA_TNUMBER | 0x10 : 0;
  // From 5.2 on the tag says that a value is collectable.
  const int collectable = version >= 502 ? 0x40 : 0;
  s.tag_string = static_cast<uint8_t>(LUA_TSTRING | collectable);
  s.tag_userdata = static_cast<uint8_t>(LUA_TUSERDATA | collectable);
  s.tag_table = static_cast<uint8_t>(LUA_TTABLE | collectable);
  s.string_bytes = 24;
  s.userdata_block = version >= 504 ? 32 : 40;
  // From 5.5 on user values are aligned as the userdata's memory is, to 16 bytes.
  s.userdata_block_1 = version >= 505 ? 64 : version >= 504 ? 56 : 40;
  s.userdata_metatable = version >= 504 ? 24 : 16;
  s.userdata_values = version >= 504 ? 10 : 0;
  s.table_items = version >= 502 ? 16 : 24;
  s.items_apart = version >= 505;
  s.table_count = version >= 502 ? 12 : 56;
  s.closure_upvalues = version == 501 ? 40 : 32;
  return s;
}

// The same of builds for i386, where numbers and 64-bit integers are aligned to 4 bytes. Lua 5.2 packs values into
// numbers there, and of 5.5 nothing is known: none.
constexpr call::StackLayout i386_stack_layout_of(int version) {
  call::StackLayout s = wide_stack_layout_of(version);
  s.base = version == 501 ? 12 : 0;
  s.call_info = version == 501 ? 0 : 20;
  s.top = version == 501 ? 8 : 12;
  s.slot = 12;
  s.string_bytes = 16;
  s.userdata_block = version >= 504 ? 16 : version == 503 ? 24 : 20;
  s.userdata_block_1 = version >= 504 ? 32 : s.userdata_block;
  s.userdata_metatable = version >= 504 ? 12 : 8;
  s.userdata_values = version >= 504 ? 6 : 0;
  s.table_items = 12;
  s.table_count = version == 501 ? 28 : 8;
  s.closure_upvalues = version == 501 ? 20 : 16;
  if (version == 502 || version >= 505) s.table_items = 0;  // which no layout has
  return s;
}

#if defined(FERRY_STUB_I386)
constexpr call::StackLayout stack_layout_of(int version) {
  return i386_stack_layout_of(version);
}
#else
constexpr call::StackLayout stack_layout_of(int version) {
  return wide_stack_layout_of(version);
}
#endif

// Whether the running Lua keeps its stack as `candidate` says: every offset and tag in it is compared with what the
// API says of known values, in this thread, in a new coroutine, and there again after its stack has been moved. Any
// candidate is safe to ask about. Never raises; takes two free
// slots and leaves the stack as it was. Some 25 us, the first time 50.
bool stack_layout_agrees(lua_State* L, const call::StackLayout& candidate);

// This version's layout, valid if it agrees; FERRY_STACK=api in the environment leaves it invalid.
call::StackLayout probe_stack(lua_State* L);
// Why probe_stack() has found none that is valid.
const char* why_no_direct_stack();

}  // namespace ferry::lua
