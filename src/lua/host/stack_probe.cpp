// Compares a StackLayout with the running Lua (stack_probe.h). Knows no State.
#include "lua/host/stack_probe.h"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/memory.h"
#include "os/memory.h"

namespace ferry::lua {

namespace {

using call::StackLayout;

#if defined(FERRY_STUB_I386)
constexpr bool kHostFits = true;
#else
constexpr bool kHostFits = sizeof(void*) == 8 && std::endian::native == std::endian::little;
#endif
constexpr size_t kWord = sizeof(void*);

// What a slot has room in, as a Lua has it: value and tag.
constexpr size_t kSlotBytes = 16;
// Slots that the deep check adds to a coroutine's stack: more than any Lua starts one with (40).
constexpr int kDeepSlots = 500;
// What fills a free slot before Lua writes to it, to see how much Lua writes.
constexpr unsigned char kUntouched = 0xa5;

// The arguments of l_check, in order.
enum Argument : int {
  kProbe = 1,  // light userdata: the Probe
  kShortString,
  kLongString,
  kFloat,
  kInteger,
  kTrue,
  kFalse,
  kNil,
  kUserdata,       // with metatable, no user values where they can be left out
  kUserdataValue,  // with metatable and one user value
  kPlainUserdata,  // no metatable
  kTable,          // kItems items: floats, the last a short string
  kClosure,
  kThread,
  kArguments = kThread,
};

constexpr double kFloatValue = 12345.678;
constexpr int kIntegerValue = 0x1234567;
constexpr int kItems = 7;
constexpr char kShortText[] = "ferry.stack";
// Beyond what any version interns (40).
constexpr char kLongText[] = "a string that is too long to be interned by Lua 5.2 and later";

struct Probe {
  StackLayout layout;
  bool deep;   // also after the stack has been moved
  int agreed;  // frames found to be as the layout says
};

// Ranges for one read: as few as possible, as each costs a system call.
class Reading {
 public:
  void add(const void* address, size_t bytes) { ranges_[count_++] = {address, bytes}; }
  bool run(void* out) const { return os::read_own_memory({ranges_, count_}, out); }

 private:
  os::MemoryRange ranges_[os::kMaxMemoryRanges];
  size_t count_ = 0;
};

// An address in memory that is not known to be what it is taken for.
uintptr_t address_of(const void* at) {
  return reinterpret_cast<uintptr_t>(at);
}
const void* at(uintptr_t address) {
  return reinterpret_cast<const void*>(address);
}

uint32_t tag_of(const StackLayout& s, const char* slot) {
  return s.tag_bytes == 1 ? load<uint8_t>(slot + s.tag) : load<uint32_t>(slot + s.tag);
}

// Base and top of the running function.
struct Bounds {
  char* base;
  char* top;
};

bool read_bounds(lua_State* L, const StackLayout& s, Bounds* out) {
  const char* state = reinterpret_cast<const char*>(L);
  char* found[2];
  Reading fields;
  fields.add(state + s.top, kWord);
  fields.add(state + (s.base_is_field ? s.base : s.call_info), kWord);
  if (!fields.run(found)) return false;
  out->top = found[0];
  out->base = found[1];
  if (s.base_is_field) return true;
  Reading function;
  function.add(at(address_of(found[1]) + s.function), kWord);
  if (!function.run(&out->base)) return false;
  out->base += s.slot;
  return true;
}

// Fields that this version does not use are zero, so that each one means something.
bool is_canonical(const StackLayout& s) {
  if (s.base_is_field ? s.call_info != 0 || s.function != 0 : s.base != 0) return false;
  if (s.tag_bytes != 1 && s.tag_bytes != 4) return false;
  if ((s.tag_integer != 0) != kNativeIntegers) return false;
  if (s.userdata_values == 0 && s.userdata_block_1 != s.userdata_block) return false;
  if (s.table_items == 0 || s.table_count == 0 || (s.items_apart && s.tag_bytes != 1)) return false;
  return s.slot >= 8 && s.slot <= kSlotBytes && s.tag >= 8 && s.tag + s.tag_bytes <= s.slot;
}

// Whether a value of another kind has a tag that the layout claims.
bool claims(const StackLayout& s, uint32_t tag) {
  for (uint8_t known :
       {s.tag_nil, s.tag_false, s.tag_true, s.tag_light, s.tag_float, s.tag_string, s.tag_userdata, s.tag_table}) {
    if (tag == known) return true;
  }
  return s.tag_integer != 0 && tag == s.tag_integer;
}

bool boolean_agrees(const StackLayout& s, const char* slot, bool value) {
  if (tag_of(s, slot) != (value ? s.tag_true : s.tag_false)) return false;
  return s.tag_true != s.tag_false || load<int32_t>(slot) == (value ? 1 : 0);
}

bool scalars_agree(lua_State* L, const StackLayout& s, const char (*slot)[kSlotBytes]) {
  const auto tag = [&](Argument a) { return tag_of(s, slot[a - 1]); };
  if (tag(kProbe) != s.tag_light || load<void*>(slot[kProbe - 1]) != lua_touserdata(L, kProbe)) return false;
  if (tag(kFloat) != s.tag_float || load<double>(slot[kFloat - 1]) != kFloatValue) return false;
  if constexpr (kNativeIntegers) {
    if (tag(kInteger) != s.tag_integer || load<int64_t>(slot[kInteger - 1]) != kIntegerValue) return false;
  } else {
    if (tag(kInteger) != s.tag_float || load<double>(slot[kInteger - 1]) != kIntegerValue) return false;
  }
  if (!boolean_agrees(s, slot[kTrue - 1], true) || !boolean_agrees(s, slot[kFalse - 1], false)) return false;
  if (tag(kNil) != s.tag_nil) return false;
  if (tag(kShortString) != s.tag_string) return false;
  if (load<char*>(slot[kShortString - 1]) + s.string_bytes != lua_tostring(L, kShortString)) return false;
  // 5.1 has one kind of strings, all of them interned.
  if (kLuaVersion >= 502 && tag(kLongString) == s.tag_string) return false;
  if (tag(kTable) != s.tag_table || load<void*>(slot[kTable - 1]) != lua_topointer(L, kTable)) return false;
  for (Argument other : {kClosure, kThread}) {
    if (claims(s, tag(other))) return false;
  }
  return true;
}

// What the frame's values refer to, as the layout says.
struct Objects {
  struct Userdata {
    uintptr_t metatable;
    uint16_t values;
  } userdata[3];             // kUserdata, kUserdataValue, kPlainUserdata
  uintptr_t items;           // of the table's array part
  uint32_t item_count;       // likewise
  char upvalue[kSlotBytes];  // the first of the running function
};
constexpr Argument kUserdatas[] = {kUserdata, kUserdataValue, kPlainUserdata};

bool read_objects(const StackLayout& s, const char (*slot)[kSlotBytes], const char* function, Objects* out) {
  constexpr size_t kUserdataBytes = kWord + 2;
  char raw[3 * kUserdataBytes + kWord + 4 + kSlotBytes];
  Reading reading;
  for (Argument a : kUserdatas) {
    const auto object = load<uintptr_t>(slot[a - 1]);
    reading.add(at(object + s.userdata_metatable), kWord);
    reading.add(at(object + s.userdata_values), 2);
  }
  const auto table = load<uintptr_t>(slot[kTable - 1]);
  reading.add(at(table + s.table_items), kWord);
  reading.add(at(table + s.table_count), 4);
  reading.add(at(load<uintptr_t>(function) + s.closure_upvalues), s.slot);
  if (!reading.run(raw)) return false;
  const char* from = raw;
  for (auto& userdata : out->userdata) {
    userdata = {load<uintptr_t>(from), load<uint16_t>(from + kWord)};
    from += kUserdataBytes;
  }
  out->items = load<uintptr_t>(from);
  out->item_count = load<uint32_t>(from + kWord);
  std::memcpy(out->upvalue, from + kWord + 4, s.slot);
  return true;
}

bool userdata_agree(lua_State* L, const StackLayout& s, const char (*slot)[kSlotBytes], const Objects& objects) {
  for (int i = 0; i < 3; ++i) {
    const Argument a = kUserdatas[i];
    if (tag_of(s, slot[a - 1]) != s.tag_userdata) return false;
    const void* metatable = nullptr;
    if (lua_getmetatable(L, a) != 0) {
      metatable = lua_topointer(L, -1);
      lua_pop(L, 1);
    }
    if (objects.userdata[i].metatable != address_of(metatable)) return false;
    const int values = a == kUserdataValue ? 1 : 0;
    if (s.userdata_values != 0 && objects.userdata[i].values != values) return false;
    const auto object = load<uintptr_t>(slot[a - 1]);
    if (object + (values != 0 ? s.userdata_block_1 : s.userdata_block) != address_of(lua_touserdata(L, a)))
      return false;
  }
  return true;
}

// The array part of the table.
bool table_agrees(lua_State* L, const StackLayout& s, const Objects& objects) {
  if (objects.item_count != kItems) return false;
  char item[kItems][kSlotBytes];
  Reading reading;
  if (s.items_apart) {
    char raw[kItems * 9];
    for (uintptr_t i = 0; i < kItems; ++i) reading.add(at(objects.items - 8 * (i + 1)), 8);
    reading.add(at(objects.items + 4), kItems);  // their tags
    if (!reading.run(raw)) return false;
    for (int i = 0; i < kItems; ++i) {
      std::memcpy(item[i], raw + 8 * i, 8);
      item[i][s.tag] = raw[8 * kItems + i];
    }
  } else {
    char raw[kItems * kSlotBytes];
    reading.add(at(objects.items), size_t{kItems} * s.slot);
    if (!reading.run(raw)) return false;
    for (size_t i = 0; i < kItems; ++i) std::memcpy(item[i], raw + i * s.slot, s.slot);
  }
  for (int i = 0; i + 1 < kItems; ++i) {
    if (tag_of(s, item[i]) != s.tag_float || load<double>(item[i]) != kFloatValue + i) return false;
  }
  const char* last = item[kItems - 1];
  return tag_of(s, last) == s.tag_string && load<char*>(last) + s.string_bytes == lua_tostring(L, kShortString);
}

// The upvalue of the running function, which lies below its first argument, is a userdata.
bool closure_agrees(lua_State* L, const StackLayout& s, const char* function, const Objects& objects) {
  if (claims(s, tag_of(s, function)) || tag_of(s, objects.upvalue) != s.tag_userdata) return false;
  return load<uintptr_t>(objects.upvalue) + s.userdata_block == address_of(lua_touserdata(L, lua_upvalueindex(1)));
}

// How far top moves and how much of a slot is written when Lua pushes a number. From here on `top` is known to lie in
// the stack, with room above it, and the field that holds it to be readable.
bool push_agrees(lua_State* L, const StackLayout& s, char* top) {
  std::memset(top, kUntouched, s.slot);
  lua_pushnumber(L, kFloatValue);
  const bool moved = load<char*>(reinterpret_cast<const char*>(L) + s.top) == top + s.slot;
  bool exact = load<double>(top) == kFloatValue && tag_of(s, top) == s.tag_float;
  for (size_t i = static_cast<size_t>(s.tag) + s.tag_bytes; i < s.slot; ++i) {
    exact = exact && static_cast<unsigned char>(top[i]) == kUntouched;
  }
  lua_pop(L, 1);
  return moved && exact;
}

// A value of 8 bytes as direct.h pushes it.
void push_raw(lua_State* L, const StackLayout& s, uint8_t tag, const void* value) {
  char* field = reinterpret_cast<char*>(L) + s.top;
  char* top = load<char*>(field);
  const uint32_t wide = tag;
  std::memcpy(top, value, 8);
  std::memcpy(top + s.tag, &wide, s.tag_bytes);
  top += s.slot;
  std::memcpy(field, &top, sizeof top);
}

bool written_agrees(lua_State* L, const StackLayout& s) {
  const int count = lua_gettop(L);
  const int64_t integer = kIntegerValue, one = 1, zero = 0;
  const int64_t pointer = static_cast<int64_t>(address_of(L));
  push_raw(L, s, s.tag_float, &kFloatValue);
  push_raw(L, s, s.tag_nil, &zero);
  push_raw(L, s, s.tag_false, &zero);
  push_raw(L, s, s.tag_true, &one);
  push_raw(L, s, s.tag_light, &pointer);
  const auto table = static_cast<int64_t>(address_of(lua_topointer(L, kTable)));
  push_raw(L, s, s.tag_table, &table);
  if (kNativeIntegers) push_raw(L, s, s.tag_integer, &integer);
  bool ok = lua_gettop(L) == count + (kNativeIntegers ? 7 : 6);
  ok = ok && lua_type(L, count + 1) == LUA_TNUMBER && lua_tonumber(L, count + 1) == kFloatValue;
  ok = ok && lua_type(L, count + 2) == LUA_TNIL;
  ok = ok && lua_type(L, count + 3) == LUA_TBOOLEAN && lua_toboolean(L, count + 3) == 0;
  ok = ok && lua_type(L, count + 4) == LUA_TBOOLEAN && lua_toboolean(L, count + 4) == 1;
  ok = ok && lua_type(L, count + 5) == LUA_TLIGHTUSERDATA && lua_touserdata(L, count + 5) == L;
  ok = ok && raw_equal(L, count + 6, kTable);
  if (kNativeIntegers) ok = ok && is_integer_subtype(L, count + 7) && lua_tointeger(L, count + 7) == kIntegerValue;
  lua_settop(L, count);
  return ok;
}

// The frame of l_check, which has the known arguments and nothing else.
bool frame_agrees(lua_State* L, const StackLayout& s) {
  Bounds bounds;
  if (!read_bounds(L, s, &bounds)) return false;
  if (bounds.top - bounds.base != static_cast<ptrdiff_t>(kArguments) * s.slot || lua_gettop(L) != kArguments)
    return false;
  char slots[1 + kArguments][kSlotBytes];  // the running function's, and the arguments'
  Reading reading;
  char raw[sizeof slots];
  reading.add(at(address_of(bounds.base) - s.slot), size_t{1 + kArguments} * s.slot);
  if (!reading.run(raw)) return false;
  for (size_t i = 0; i <= kArguments; ++i) std::memcpy(slots[i], raw + i * s.slot, s.slot);
  const char* function = slots[0];
  const char(*slot)[kSlotBytes] = slots + 1;
  Objects objects;
  if (!read_objects(s, slot, function, &objects)) return false;
  return scalars_agree(L, s, slot) && userdata_agree(L, s, slot, objects) && table_agrees(L, s, objects) &&
         closure_agrees(L, s, function, objects) && push_agrees(L, s, bounds.top) && written_agrees(L, s);
}

int l_check(lua_State* L) {
  auto* probe = static_cast<Probe*>(lua_touserdata(L, kProbe));
  if (lua_checkstack(L, LUA_MINSTACK) == 0 || !frame_agrees(L, probe->layout)) return 0;
  ++probe->agreed;
  if (!probe->deep) return 0;
  if (lua_checkstack(L, kDeepSlots) != 0 && frame_agrees(L, probe->layout)) ++probe->agreed;
  return 0;
}

// Pushes l_check and its arguments.
void push_check(lua_State* L, Probe* probe) {
  luaL_checkstack(L, kArguments + 4, nullptr);
  new_userdata(L, 8);
  lua_pushcclosure(L, l_check, 1);
  const int function = lua_gettop(L);
  lua_pushlightuserdata(L, probe);
  lua_pushstring(L, kShortText);
  lua_pushstring(L, kLongText);
  lua_pushnumber(L, kFloatValue);
  lua_pushinteger(L, kIntegerValue);
  lua_pushboolean(L, 1);
  lua_pushboolean(L, 0);
  lua_pushnil(L);
  new_userdata(L, 8);
  new_userdata_with_slot(L, 8);
  new_userdata(L, 0);
  lua_createtable(L, kItems, 0);
  for (int i = 0; i + 1 < kItems; ++i) {
    lua_pushnumber(L, kFloatValue + i);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushvalue(L, function + kShortString);
  lua_rawseti(L, -2, kItems);
  lua_pushvalue(L, -1);
  lua_setmetatable(L, function + kUserdata);
  lua_pushvalue(L, -1);
  lua_setmetatable(L, function + kUserdataValue);
  lua_pushvalue(L, function);
  lua_pushthread(L);
}

static_assert(kArguments < LUA_MINSTACK, "a new thread has room for them");

// Everything that can raise.
int l_probe(lua_State* L) {
  auto* probe = static_cast<Probe*>(lua_touserdata(L, 1));
  push_check(L, probe);
  lua_call(L, kArguments, 0);
  if (probe->agreed != 1) return 0;
  lua_State* thread = lua_newthread(L);
  probe->deep = true;
  push_check(L, probe);  // not on the thread: on 5.1 an error there would find nobody
  lua_xmove(L, thread, kArguments + 1);
  start_thread(thread, L, kArguments);
  return 0;
}

}  // namespace

bool stack_layout_agrees(lua_State* L, const StackLayout& candidate) {
  if (!kHostFits || !is_canonical(candidate)) return false;
  Probe probe{candidate, false, 0};
  return protected_call(L, l_probe, &probe) && probe.agreed == 3;
}

namespace {

bool is_denied() {
  const char* forced = std::getenv("FERRY_STACK");
  return forced != nullptr && std::string_view(forced) == "api";
}

}  // namespace

StackLayout probe_stack(lua_State* L) {
  StackLayout layout = stack_layout_of(kLuaVersion);
  layout.valid = !is_denied() && stack_layout_agrees(L, layout);
  return layout;
}

const char* why_no_direct_stack() {
  if (is_denied()) return "FERRY_STACK is 'api'";
  if (!kHostFits) return "known for 64-bit little-endian processors and i386 only";
  return "this Lua keeps its stack otherwise than the reference Lua of its version";
}

}  // namespace ferry::lua
