// The arguments and results of the running C function, in two ways behind one interface: by the public API (ApiStack),
// or read and written in the Lua stack itself (DirectStack), which is there only while State::stack.valid.
//
// Code of a hot path is a template over the two; which one runs is decided when the function is registered. Contracts:
// - Only inside a lua_CFunction, for its own lua_State, and (state()) only in closures over the State.
// - DirectStack knows where the arguments lie. After anything that can allocate or call Lua, make a new one.
// - Arguments are asked for only after has(n), so nothing beyond the top is read.
// - A function may push LUA_MINSTACK values, as always.
// - DirectStack claims only what it can tell from the tag: long strings, userdata with several user values and numbers
//   out of range are "not there", and the caller goes the general way.
#pragma once

#include <type_traits>

#include "base/memory.h"
#include "lua/host/stack_probe.h"
#include "lua/state/state.h"

namespace ferry::lua {

// Of this Lua version; what the probe verified if State::stack.valid.
inline constexpr call::StackLayout kStack = stack_layout_of(kLuaVersion);

// 2^63 as a double: integers of 64 bits are below, and not below its negative.
inline constexpr double kInt64Bound = 9223372036854775808.0;

class ApiStack {
 public:
  explicit ApiStack(lua_State* L) : L_(L) {}

  State* state() const { return state_of(L_); }
  bool has(int) const { return true; }  // the API answers for absent arguments
  bool has_only(int n) const { return lua_gettop(L_) == n; }

  // What kind of value argument i is; for the tests below.
  int tag(int i) const { return lua_type(L_, i); }
  static bool is_string(int tag) { return tag == LUA_TSTRING; }
  // is_string(tag), and the length as string() gives it: whether equal strings have this address.
  static bool is_interned(size_t length) { return !kExternalStrings && length <= kMaxInterned; }
  static bool is_number(int tag) { return tag == LUA_TNUMBER; }
  static bool is_boolean(int tag) { return tag == LUA_TBOOLEAN; }

  // Memory of a userdata, null for other values.
  void* block(int i) const { return lua_touserdata(L_, i); }
  // is_string(tag): its bytes.
  const char* string(int i, size_t* length) const { return lua_tolstring(L_, i, length); }
  // is_boolean(tag).
  bool boolean(int i, int) const { return lua_toboolean(L_, i) != 0; }
  // is_number(tag).
  double number(int i, int) const { return static_cast<double>(lua_tonumber(L_, i)); }
  // is_number(tag): cut off to an integer; false: beyond 64 bits.
  bool integer(int i, int, int64_t* out) const {
    if (exact_integer(L_, i, out)) return true;
    const auto value = static_cast<double>(lua_tonumber(L_, i));
    if (!(value >= -kInt64Bound && value < kInt64Bound)) return false;
    *out = static_cast<int64_t>(value);
    return true;
  }

  void push_number(double value) { lua_pushnumber(L_, static_cast<lua_Number>(value)); }
  // On versions without integers: exact within 2^53.
  void push_integer(int64_t value) { push_small_integer(L_, value); }
  void push_boolean(bool value) { lua_pushboolean(L_, value); }
  template <typename Value>
  void push_all(int count, Value value) {
    for (int i = 0; i < count; ++i) {
      if constexpr (std::is_same_v<decltype(value(0)), double>) {
        push_number(value(i));
      } else if constexpr (std::is_same_v<decltype(value(0)), bool>) {
        push_boolean(value(i));
      } else {
        push_integer(value(i));
      }
    }
  }
  // The table of a registry reference; *address is where its address is kept for the next time, null at first.
  void push_reference(int reference, const void**) { lua_rawgeti(L_, LUA_REGISTRYINDEX, reference); }
  // A copy of the function's upvalue.
  void push_upvalue(int i) { lua_pushvalue(L_, lua_upvalueindex(i)); }
  // The memory of the upvalue, a userdata without user values.
  void* upvalue_block(int i) const { return lua_touserdata(L_, lua_upvalueindex(i)); }
  void push_argument(int i) { lua_pushvalue(L_, i); }

 private:
  lua_State* L_;
};

class DirectStack {
 public:
  // Version 5.1:  *(L + base): first argument     5.2+:  *(*(L + call_info) + function): the function, arguments behind
  explicit DirectStack(lua_State* L) : state_(reinterpret_cast<char*>(L)) {
    if constexpr (kStack.base_is_field) {
      base_ = load<char*>(state_ + kStack.base);
    } else {
      base_ = load<char*>(load<char*>(state_ + kStack.call_info) + kStack.function) + kStack.slot;
    }
  }

  // The State's userdata has no user values.
  State* state() const { return static_cast<State*>(upvalue_block(1)); }
  void* upvalue_block(int i) const { return load<char*>(upvalue(i)) + kStack.userdata_block; }
  bool has(int n) const { return top() >= slot(n + 1); }
  bool has_only(int n) const { return top() == slot(n + 1); }

  int tag(int i) const { return tag_at(slot(i)); }
  static bool is_string(int tag) { return tag == kStack.tag_string; }
  static bool is_interned(size_t) { return true; }  // what has that tag
  static bool is_number(int tag) {
    return tag == kStack.tag_float || (kStack.tag_integer != 0 && tag == kStack.tag_integer);
  }
  static bool is_boolean(int tag) { return tag == kStack.tag_true || tag == kStack.tag_false; }

  void* block(int i) const {
    const char* at = slot(i);
    return tag_at(at) == kStack.tag_userdata ? block_at(at) : nullptr;
  }
  // The address of the userdata's metatable, as lua_topointer shows it. Only where block(i) gave one.
  const void* metatable(int i) const { return load<void*>(load<char*>(slot(i)) + kStack.userdata_metatable); }
  // Short strings only: their length is within what Lua interns.
  const char* string(int i, size_t* length) const {
    *length = 0;
    return load<char*>(slot(i)) + kStack.string_bytes;
  }
  bool boolean(int i, int tag) const { return boolean_at(slot(i), tag); }
  double number(int i, int tag) const { return number_at(slot(i), tag); }
  bool integer(int i, int tag, int64_t* out) const { return integer_at(slot(i), tag, out); }

  void push_number(double value) { push(value); }
  void push_integer(int64_t value) { push(value); }
  void push_boolean(bool value) { push(value); }
  void push_upvalue(int i) { push_copy(upvalue(i)); }
  void push_argument(int i) { push_copy(slot(i)); }

  // Pushes value(0) ... value(count - 1): numbers, integers or bools. There must be room (lua_checkstack).
  template <typename Value>
  void push_all(int count, Value value) {
    char* at = top();
    for (int i = 0; i < count; ++i, at += kStack.slot) put(at, value(i));
    set_top(at);
  }

  // A row of values that is no part of the stack: where each is and what tag it has.
  struct Row {
    const char* items;
    int count;

    const char* at(int i) const {
      if constexpr (kStack.items_apart) return items - (static_cast<ptrdiff_t>(i) + 1) * 8;
      return items + static_cast<ptrdiff_t>(i) * kStack.slot;
    }
    int tag(int i) const {
      if constexpr (kStack.items_apart) return load<uint8_t>(items + 4 + i);
      return tag_at(at(i));
    }
  };
  // The array part of the table at argument i, as far as it is certain. Gone with the next API call that can change it.
  Row items(int i) const {
    const char* table = load<char*>(slot(i));
    const auto count = load<uint32_t>(table + kStack.table_count);
    return {load<char*>(table + kStack.table_items), count < INT32_MAX ? static_cast<int>(count) : INT32_MAX};
  }
  static int tag_at(const char* at) {
    if constexpr (kStack.tag_bytes == 1) {
      return load<uint8_t>(at + kStack.tag);
    } else {
      return load<int>(at + kStack.tag);
    }
  }
  static bool boolean_at(const char* at, int tag) {
    return kStack.tag_true == kStack.tag_false ? load<int>(at) != 0 : tag == kStack.tag_true;
  }
  static double number_at(const char* at, int tag) {
    return tag == kStack.tag_float ? load<double>(at) : static_cast<double>(load<int64_t>(at));
  }
  static bool integer_at(const char* at, int tag, int64_t* out) {
    if (tag != kStack.tag_float) {
      *out = load<int64_t>(at);
      return true;
    }
    const auto value = load<double>(at);
    if (!(value >= -kInt64Bound && value < kInt64Bound)) return false;
    *out = static_cast<int64_t>(value);
    return true;
  }

  void push_reference(int reference, const void** address) {
    auto* L = reinterpret_cast<lua_State*>(state_);
    if (*address != nullptr) [[likely]] {
      push_table(L, *address);
      return;
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
    *address = lua_topointer(L, -1);
  }
  // Pushes the table at this address, which the caller knows to be alive.
  static void push_table(lua_State* L, const void* table) {
    char* state = reinterpret_cast<char*>(L);
    char* at = load<char*>(state + kStack.top);
    std::memcpy(at, &table, sizeof table);
    put_tag(at, kStack.tag_table);
    at += kStack.slot;
    std::memcpy(state + kStack.top, &at, sizeof at);
  }

  // The slot at a stack index (no pseudo-index); null: beyond the top.
  static const char* slot_at(lua_State* L, int idx) {
    const DirectStack stack(L);
    const char* top = stack.top();
    if (idx < 0) return top + static_cast<ptrdiff_t>(idx) * kStack.slot;
    const char* at = stack.slot(idx);
    return at < top ? at : nullptr;
  }
  // The userdata in that slot and its metatable's address; null: another value.
  static void* userdata_at(const char* at, const void** metatable) {
    if (tag_at(at) != kStack.tag_userdata) return nullptr;
    *metatable = load<void*>(load<char*>(at) + kStack.userdata_metatable);
    return block_at(at);
  }

 private:
  static void* block_at(const char* at) {
    char* object = load<char*>(at);
    if constexpr (kStack.userdata_values != 0) {
      const auto values = load<uint16_t>(object + kStack.userdata_values);
      if (values > 1) [[unlikely]]
        return nullptr;
      return object + (values != 0 ? kStack.userdata_block_1 : kStack.userdata_block);
    } else {
      return object + kStack.userdata_block;
    }
  }
  char* top() const { return load<char*>(state_ + kStack.top); }
  const char* slot(int i) const { return base_ + static_cast<ptrdiff_t>(i - 1) * kStack.slot; }
  const char* upvalue(int i) const {
    return load<char*>(slot(0)) + kStack.closure_upvalues + static_cast<ptrdiff_t>(i - 1) * kStack.slot;
  }
  void set_top(char* top) { std::memcpy(state_ + kStack.top, &top, sizeof top); }
  static void put_tag(char* at, uint8_t tag) {
    if constexpr (kStack.tag_bytes == 1) {
      std::memcpy(at + kStack.tag, &tag, 1);
    } else {
      const int wide = tag;
      std::memcpy(at + kStack.tag, &wide, sizeof wide);
    }
  }
  static void put(char* at, double value) {
    std::memcpy(at, &value, sizeof value);
    put_tag(at, kStack.tag_float);
  }
  static void put(char* at, int64_t value) {
    if constexpr (kStack.tag_integer != 0) {
      std::memcpy(at, &value, sizeof value);
      put_tag(at, kStack.tag_integer);
    } else {
      put(at, static_cast<double>(value));
    }
  }
  static void put(char* at, bool value) {
    const int64_t wide = value;
    std::memcpy(at, &wide, sizeof wide);
    put_tag(at, value ? kStack.tag_true : kStack.tag_false);
  }
  template <typename T>
  void push(T value) {
    char* at = top();
    put(at, value);
    set_top(at + kStack.slot);
  }
  // Values on the stack need no barrier: the collector looks at all of it.
  void push_copy(const char* from) {
    char* at = top();
    std::memcpy(at, from, 8);
    std::memcpy(at + kStack.tag, from + kStack.tag, kStack.tag_bytes);
    set_top(at + kStack.slot);
  }

  char* state_;
  char* base_;
};

}  // namespace ferry::lua
