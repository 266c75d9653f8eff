// Makes the tables of members (members.h), a record's when it is first looked into.
#include "lua/state/members.h"

#include <memory>
#include <type_traits>

#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

// How many members collect_members() finds.
size_t count_members(State* st, TypeId record) {
  const Record& r = st->types->record(record);
  size_t count = r.constants.size();
  for (const Field& f : r.fields) {
    if (f.name != kNoName) {
      ++count;
    } else if (!f.is_bitfield() && is_record((*st->types)[f.type])) {
      count += count_members(st, f.type);
    }
  }
  return count;
}

// Where the members of one record are collected, and what of it the members inside of it need.
struct Collected {
  State* st;
  uint8_t quals;  // of the record whose members are asked for
  Member* next;
};

// What is written without asking further.
Rep stored_rep(const State* st, const TypeInfo* info, uint8_t outer_quals) {
  const bool constant = ((info->quals | outer_quals) & kConst) != 0;
  return is_native_rep(info->rep) && !constant && !st->strict ? info->rep : Rep::none;
}

// Sets what is read and written of the member without asking further.
void set_reps(const State* st, Member* m, uint8_t outer_quals) {
  m->rep = is_hidden(st, *m, false) ? Rep::none : read_rep(st, *m->info);
  m->stored = is_hidden(st, *m, true) ? Rep::none : stored_rep(st, m->info, outer_quals);
}

Member describe_member(const Collected* c, const Field& f, TypeId type, uint64_t offset, bool last, bool mixed) {
  State* st = c->st;
  Member m;
  m.name = f.name;
  m.offset = offset;
  m.info = info_of(st, type);
  m.mixed = mixed;
  if (f.is_bitfield()) {
    m.bit_width = f.bit_width;
    m.bit_offset = f.bit_offset;
    return m;
  }
  m.unchecked = last && may_be_longer(*m.info);
  set_reps(st, &m, c->quals);
  return m;
}

// `outer_last`: nothing of the outermost record lies behind this one; `outer_mixed`: it lies in a union that mixes
// pointers.
void collect_members(Collected* c, TypeId record, uint64_t offset, uint8_t quals, bool outer_last, bool outer_mixed) {
  State* st = c->st;
  const Record& r = st->types->record(record);
  for (const NamedConstant& constant : r.constants) {
    Member m;
    m.name = constant.name;
    m.constant = &constant.value;
    *c->next++ = m;
  }
  const bool mixed = outer_mixed || mixes_pointers(st, info_of(st, record));
  for (size_t i = 0; i < r.fields.size(); ++i) {
    const Field& f = r.fields[i];
    const bool last = outer_last && (r.is_union || i + 1 == r.fields.size());
    const Type& t = (*st->types)[f.type];
    const uint8_t inherited = static_cast<uint8_t>(quals & (kConst | kVolatile));
    if (f.name == kNoName) {
      if (!f.is_bitfield() && is_record(t)) {
        collect_members(c, f.type, offset + f.offset, static_cast<uint8_t>(inherited | t.quals), last, mixed);
      }
      continue;
    }
    const TypeId type = inherited != 0 ? st->types->qualified(f.type, inherited) : f.type;
    *c->next++ = describe_member(c, f, type, offset + f.offset, last, mixed);
  }
}

// The table of the members in the row, whose keys are set.
FieldTable* make_field_table(const Member* row, size_t count) {
  size_t capacity = 4;
  while (capacity < count * 2 + 1) capacity *= 2;
  auto table = std::make_unique<FieldTable>();
  table->slots = new Member[capacity];
  table->mask = static_cast<uint32_t>(capacity - 1);
  for (const Member* m = row; m != row + count; ++m) {
    uint32_t i = first_slot(table.get(), m->key);
    bool shadowed = false;
    while (table->slots[i].key != nullptr) {
      // A field hides a constant of the same name, as the first match in LuaJIT.
      if (table->slots[i].key == m->key) shadowed = true;
      i = (i + 1) & table->mask;
    }
    if (!shadowed) table->slots[i] = *m;
  }
  return table.release();
}

// Makes record->fields, whole or not at all: while names are anchored, a finaliser may ask for the same record's
// members, or Lua may raise. So the members are collected in a userdata that is this call's alone.
void fill_fields(lua_State* L, State* st, TypeInfo* record) {
  static_assert(std::is_trivially_destructible_v<Member>);
  luaL_checkstack(L, 5, nullptr);
  const size_t count = count_members(st, record->id);
  auto* row = static_cast<Member*>(new_userdata(L, (count + 1) * sizeof(Member)));
  if (!without_exceptions(st, [&] {
        Collected collected{st, record->quals, row};
        collect_members(&collected, record->id, 0, record->quals, true, false);
        return true;
      })) {
    raise_error(L, st);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->caches.member_names);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view name = st->types->name(row[i].name);
    if (name.size() > kMaxInterned) {
      row[i].key = name.data();  // no string's: such names are compared
      continue;
    }
    lua_pushlstring(L, name.data(), name.size());
    row[i].key = lua_tostring(L, -1);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
  }
  lua_pop(L, 1);
  const bool done = without_exceptions(st, [&] {
    if (record->fields == nullptr) record->fields = make_field_table(row, count);
    return true;
  });
  lua_pop(L, 1);
  if (!done) raise_error(L, st);
}

}  // namespace

void reading_changed(State* st) {
  for (TypeInfo* info : st->infos) {
    if (info == nullptr) continue;
    const bool elements = info->rep == Rep::array || info->rep == Rep::pointer;
    if (elements && info->base != nullptr && depends_on_modes(*info->base)) info->element = Rep::none;  // learnt again
    if (info->fields == nullptr) continue;
    for (uint32_t i = 0; i <= info->fields->mask; ++i) {
      Member& m = info->fields->slots[i];
      if (m.info != nullptr && m.bit_width == kNotBitfield) set_reps(st, &m, info->quals);
    }
  }
}

void strict_mode_changed(State* st) {
  for (TypeInfo* info : st->infos) {
    if (info == nullptr) continue;
    info->element = info->stored_element = Rep::none;  // learnt again, if it may
    if (info->rep == Rep::pointer) info->members = nullptr;
    if (info->fields == nullptr) continue;
    for (uint32_t i = 0; i <= info->fields->mask; ++i) {
      Member& m = info->fields->slots[i];
      if (m.info != nullptr && m.bit_width == kNotBitfield) set_reps(st, &m, info->quals);
    }
  }
}

const Member* find_member(lua_State* L, State* st, TypeInfo* record, int idx) {
  if (record->fields == nullptr) fill_fields(L, st, record);
  const FieldTable* table = record->fields;
  size_t length;
  const char* key = lua_tolstring(L, idx, &length);
  if (const Member* m = member_at(table, key)) return m;
  if (!kExternalStrings && length <= kMaxInterned) return nullptr;
  const NameId name = st->types->find_name({key, length});
  if (name == kNoName) return nullptr;
  for (uint32_t i = 0; i <= table->mask; ++i) {
    if (table->slots[i].name == name && table->slots[i].key != nullptr) return &table->slots[i];
  }
  return nullptr;
}

}  // namespace ferry::lua
