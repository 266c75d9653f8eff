// The members of a record by name, as Lua strings find them.
#pragma once

#include "lua/host/compat.h"
#include "lua/state/restrict.h"
#include "lua/state/state.h"
#include "lua/state/type_info.h"

namespace ferry::lua {

struct Member {
  // Address of the interned Lua string, or of the type table's copy where Lua would not intern it; null: an empty slot.
  const char* key = nullptr;
  uint64_t offset = 0;
  TypeInfo* info = nullptr;  // null: a scoped constant
  const Constant* constant = nullptr;
  NameId name = kNoName;
  Rep rep = Rep::none;     // of info, for plain members; none for bit-fields, constants and as read_rep says
  Rep stored = Rep::none;  // the same for numbers and bool that may be written
  uint8_t bit_width = kNotBitfield;
  uint8_t bit_offset = 0;
  bool unchecked = false;  // trailing array [], [0] or [1]
  bool mixed = false;      // of a union in which its bytes are a pointer and something else (mixes_pointers)
  uint32_t size() const { return static_cast<uint32_t>(info->size); }
};

// Members of a record by the address of the key string. Open addressing, power-of-two capacity.
struct FieldTable {
  uint32_t mask = 0;
  Member* slots = nullptr;
};
// Where the search for a key begins. Strings are allocated, so the lowest four bits are the same for all.
inline uint32_t first_slot(const FieldTable* table, const char* key) {
  const auto bits = reinterpret_cast<uintptr_t>(key);
  return static_cast<uint32_t>(bits >> 4 ^ bits >> 10) & table->mask;
}
// The member whose name is the interned string at `key`, or null.
inline const Member* member_at(const FieldTable* table, const char* key) {
  for (uint32_t i = first_slot(table, key);; i = (i + 1) & table->mask) {
    const Member& m = table->slots[i];
    if (m.key == key) return &m;
    if (m.key == nullptr) return nullptr;
  }
}
// Whether reading a value of the type depends on State::int64 or State::rules.
inline bool depends_on_modes(const TypeInfo& info) {
  return is_int64(info.rep) || info.kind == Kind::enumeration;
}
// Whether such a value becomes a cdata, or has to be looked at.
inline bool reads_boxed(const State* st, const TypeInfo& info) {
  if (info.kind == Kind::enumeration && st->rules == Rules::luajit) return true;
  return is_int64(info.rep) && !st->native_int64();
}
// What is read of the type without asking further; none where the state boxes what Lua could have.
inline Rep read_rep(const State* st, const TypeInfo& info) {
  return (kNativeIntegers || !is_int64(info.rep)) && reads_boxed(st, info) ? Rep::none : info.rep;
}
// What is not read or not written in a state without casts: of the pointers and the other members of a union that mixes
// them, numbers are read, and nothing is written.
inline bool is_hidden(const State* st, const Member& m, bool writing) {
  return m.mixed && casts_are_restricted(st) && (writing || !is_native_rep(m.info->rep));
}
// State::int64 or State::rules have changed: what the types know of reading is brought up to date.
void reading_changed(State* st);
// State::strict or State::restrictions has changed: the same for writing, and for what is not read.
void strict_mode_changed(State* st);

// Finds the member that the string at idx names, or null. `record` must be a complete record's info. May allocate
// (first use) and raise.
const Member* find_member(lua_State* L, State* st, TypeInfo* record, int idx);

}  // namespace ferry::lua
