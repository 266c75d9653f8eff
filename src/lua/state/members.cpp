// Makes the tables of members (members.h), a record's when it is first looked into.
#include "lua/state/members.h"

#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

// Where a member was found; collected before Lua is touched.
struct Visible {
  NameId name;
  TypeId type;
  uint64_t offset;
  const Field* field;  // null: constant
  const Constant* constant;
  bool last;  // nothing of the outermost record lies behind it
};

void collect_members(State* st, TypeId record, uint64_t offset, uint8_t quals, bool outer_last,
                     std::vector<Visible>& out) {
  const Record& r = st->types->record(record);
  for (const NamedConstant& c : r.constants) out.push_back({c.name, c.value.type, 0, nullptr, &c.value, false});
  for (size_t i = 0; i < r.fields.size(); ++i) {
    const Field& f = r.fields[i];
    const bool last = outer_last && (r.is_union || i + 1 == r.fields.size());
    const Type& t = (*st->types)[f.type];
    const uint8_t inherited = static_cast<uint8_t>(quals & (kConst | kVolatile));
    if (f.name == kNoName) {
      if (!f.is_bitfield() && is_record(t)) {
        collect_members(st, f.type, offset + f.offset, static_cast<uint8_t>(inherited | t.quals), last, out);
      }
      continue;
    }
    const TypeId type = inherited != 0 ? st->types->qualified(f.type, inherited) : f.type;
    out.push_back({f.name, type, offset + f.offset, &f, nullptr, last});
  }
}

void fill_fields(lua_State* L, State* st, TypeInfo* record) {
  if (record->fields == nullptr) {
    if (!without_exceptions(st, [&] {
          std::vector<Visible> found;
          collect_members(st, record->id, 0, record->quals, true, found);
          size_t capacity = 4;
          while (capacity < found.size() * 2 + 1) capacity *= 2;
          auto table = std::make_unique<FieldTable>();
          table->slots = new Member[capacity];
          table->mask = static_cast<uint32_t>(capacity - 1);
          record->fields = table.release();
          size_t i = 0;
          for (const Visible& v : found) {
            Member& m = record->fields->slots[i++];
            m.name = v.name;
            m.offset = v.offset;
            m.info = v.field != nullptr ? info_of(st, v.type) : nullptr;
            m.constant = v.constant;
            if (v.field != nullptr) {
              if (v.field->is_bitfield()) {
                m.bit_width = v.field->bit_width;
                m.bit_offset = v.field->bit_offset;
              } else {
                m.rep = m.info->rep;
                m.unchecked = v.last && m.info->rep == Rep::array && m.info->count <= 1;
                const bool constant = ((m.info->quals | record->quals) & kConst) != 0;
                if (is_native_rep(m.rep) && !constant) m.stored = m.rep;
              }
            }
          }
          return true;
        })) {
      raise_error(L, st);
    }
  }
  // Slots hold the members in a row, from 0. Anchor their names, then move them to their places. Only the anchoring
  // can raise, and then it starts over the next time.
  FieldTable* table = record->fields;
  luaL_checkstack(L, 4, nullptr);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->names);
  for (uint32_t i = 0; i <= table->mask && table->slots[i].name != kNoName; ++i) {
    const std::string_view name = st->types->name(table->slots[i].name);
    if (name.size() > kMaxInterned) {
      table->slots[i].key = name.data();  // no string's: such names are compared
      continue;
    }
    lua_pushlstring(L, name.data(), name.size());
    const char* key = lua_tostring(L, -1);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    table->slots[i].key = key;
  }
  lua_pop(L, 1);
  if (!without_exceptions(st, [&] {
        std::vector<Member> row;
        for (uint32_t i = 0; i <= table->mask && table->slots[i].name != kNoName; ++i) row.push_back(table->slots[i]);
        for (uint32_t i = 0; i <= table->mask; ++i) table->slots[i] = Member{};
        for (const Member& m : row) {
          uint32_t i = first_slot(table, m.key);
          bool shadowed = false;
          while (table->slots[i].key != nullptr) {
            // A field hides a constant of the same name, as the first match in LuaJIT.
            if (table->slots[i].key == m.key) shadowed = true;
            i = (i + 1) & table->mask;
          }
          if (!shadowed) table->slots[i] = m;
        }
        table->ready = true;
        return true;
      })) {
    raise_error(L, st);
  }
}

}  // namespace

const Member* find_member(lua_State* L, State* st, TypeInfo* record, int idx) {
  if (record->fields == nullptr || !record->fields->ready) fill_fields(L, st, record);
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
