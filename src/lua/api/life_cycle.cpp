// The life of a State: opened once per Lua state, closed by its userdata's __gc. Also the run-time view of types
// (TypeInfo) and of record members (FieldTable).
#include "lua/state/state.h"

#include <cstdlib>
#include <new>

#include "lua/api/leaks.h"
#include "lua/calls/call.h"
#include "lua/calls/callback.h"
#include "lua/calls/exceptions.h"
#include "lua/calls/thunks.h"
#include "lua/host/pointer_set.h"
#include "lua/host/stack_probe.h"
#include "lua/objects/metatype.h"
#include "lua/objects/namespace.h"
#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

const char kStateKey = 0;  // its address is the registry key of the State userdata

Rep integer_rep(uint64_t size, bool is_unsigned) {
  switch (size) {
    case 1:
      return is_unsigned ? Rep::u8 : Rep::i8;
    case 2:
      return is_unsigned ? Rep::u16 : Rep::i16;
    case 4:
      return is_unsigned ? Rep::u32 : Rep::i32;
    case 8:
      return is_unsigned ? Rep::u64 : Rep::i64;
    case 16:
      return is_unsigned ? Rep::u128 : Rep::i128;
    default:
      return Rep::none;
  }
}

Rep floating_rep(const Type& t) {
  switch (t.scalar) {
    case Scalar::float16:
      return Rep::f16;
    case Scalar::float32:
      return Rep::f32;
    case Scalar::float64:
      return Rep::f64;
    case Scalar::ldouble:
      return t.size == sizeof(double) ? Rep::f64 : Rep::ldouble;
    default:
      return Rep::f128;
  }
}

TypeId complex_part(Scalar complex) {
  switch (complex) {
    case Scalar::cfloat:
      return scalar_type(Scalar::float32);
    case Scalar::cldouble:
      return scalar_type(Scalar::ldouble);
    case Scalar::cfloat128:
      return scalar_type(Scalar::float128);
    default:
      return scalar_type(Scalar::float64);
  }
}

Rep rep_of(const Type& t) {
  switch (t.kind) {
    case Kind::boolean:
      return Rep::boolean;
    case Kind::integer:
    case Kind::enumeration:
      return integer_rep(t.size, (t.flags & kUnsigned) != 0);
    case Kind::floating:
      return floating_rep(t);
    case Kind::complex:
      return Rep::complex;
    case Kind::pointer:
      return Rep::pointer;
    case Kind::reference:
      return Rep::reference;
    case Kind::array:
      return Rep::array;
    case Kind::vector:
      return Rep::vector;
    case Kind::structure:
    case Kind::union_:
      return (t.flags & kIncomplete) != 0 ? Rep::none : Rep::record;
    case Kind::function:
      return Rep::function;
    case Kind::void_:
    case Kind::none:
      return Rep::none;
  }
  return Rep::none;
}

// Of objects whose size and place within the userdata are the same each time.
uint32_t plain_block(const TypeInfo& info) {
  constexpr uint64_t kLimit = 1 << 30;  // far from overflow; larger ones are not in a hurry
  if (info.rep == Rep::none || info.rep == Rep::function || fits_slot(info)) return 0;
  if ((info.type_flags & (kVariable | kIncomplete)) != 0) return 0;
  if (info.align > kUserdataAlign || info.size > kLimit) return 0;
  return static_cast<uint32_t>(sizeof(CData) + info.size);
}

void fill_info(State* st, TypeInfo* info) {
  const Type& t = (*st->types)[info->id];
  info->kind = t.kind;
  info->rep = rep_of(t);
  info->quals = t.quals;
  info->type_flags = t.flags;
  info->align = t.align != 0 ? t.align : 1;
  info->size = t.size;
  info->base_id = t.base;
  info->count = t.count;
  if (t.kind == Kind::complex) info->base_id = complex_part(t.scalar);
  info->block = plain_block(*info);
  switch (t.kind) {
    case Kind::structure:
    case Kind::union_:
      info->metatable = st->record_mt, info->gc_metatable = st->record_gc_mt;
      break;
    case Kind::array:
    case Kind::pointer:
      info->metatable = st->pointer_mt, info->gc_metatable = st->pointer_gc_mt;
      break;
    default:
      info->metatable = st->value_mt, info->gc_metatable = st->value_gc_mt;
      break;
  }
  info->metatable_at = nullptr;
  info->metatype_at = nullptr;
  if (TypeInfo* holder = metatype_holder(st, info); holder != nullptr && holder->metatype != 0) {
    info->metatype = holder->metatype;
    if (holder != info) {
      info->metatable = holder->metatable;
      info->gc_metatable = holder->gc_metatable;
    }
  }
}

int close_state(lua_State* L) {
  auto* st = static_cast<State*>(lua_touserdata(L, 1));
  if (st == nullptr || st->closed()) return 0;
  neutralise_metatables(L, st);
  release_callbacks(st);
  release_thunks(L, st);
  st->guard = 0;
  st->metatables->clear();
  st->metatable_cache.clear();
  st->ctype_mt_address = nullptr;
  for (TypeInfo* info : st->infos) {
    if (info == nullptr) continue;
    if (info->fields != nullptr) {
      delete[] info->fields->slots;
      delete info->fields;
    }
    free_call_info(info->call);
    delete info;
    --held.types;
  }
  --held.states;
  std::vector<TypeInfo*>().swap(st->infos);
  st->types.reset();
  delete st->metatables;
  st->metatables = nullptr;
  for (auto& text : st->texts) std::string().swap(text);
  // st->error keeps its storage: raise_error may still be asked for; an empty string owns none.
  std::string().swap(st->error);
  return 0;
}

int new_table_ref(lua_State* L, const char* mode) {
  lua_newtable(L);
  if (mode != nullptr) {
    lua_createtable(L, 0, 1);
    lua_pushstring(L, mode);
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
  }
  return luaL_ref(L, LUA_REGISTRYINDEX);
}

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

void push_function(lua_State* L, State* st, lua_CFunction f) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
  lua_pushcclosure(L, f, 1);
}

TypeInfo* info_of(State* st, TypeId id) {
  if (id < st->infos.size() && st->infos[id] != nullptr) return st->infos[id];
  if (id >= st->infos.size()) st->infos.resize(std::max<size_t>(st->types->size(), id + 1), nullptr);
  auto* info = new TypeInfo;
  ++held.types;
  info->id = id;
  st->infos[id] = info;
  fill_info(st, info);
  return info;
}

TypeInfo* void_pointer(State* st) {
  return info_of(st, st->types->pointer_to(scalar_type(Scalar::void_)));
}

void refresh_infos(State* st) {
  for (TypeInfo* info : st->infos) {
    if (info == nullptr) continue;
    if (info->rep == Rep::none || (info->type_flags & kIncomplete) != 0 || info->kind == Kind::enumeration) {
      fill_info(st, info);
    }
  }
}

namespace {

// luaL_unref of 5.1 to 5.3 writes nil over a reference and then adds the key 0 to the registry. If that key's memory
// cannot be had, the registry has a hole, and luaL_ref may give numbers beyond it twice. With the list's end there from
// the beginning nothing is added, and no reference becomes nil.
void begin_references(lua_State* L) {
  if constexpr (kLuaVersion < 504) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, 0);
    const bool begun = !lua_isnil(L, -1);
    lua_pop(L, 1);
    if (begun) return;
    lua_pushinteger(L, 0);
    lua_rawseti(L, LUA_REGISTRYINDEX, 0);
  }
}

}  // namespace

State* push_state(lua_State* L) {
  rawget_p(L, LUA_REGISTRYINDEX, &kStateKey);
  if (lua_isuserdata(L, -1)) return static_cast<State*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  void* memory = new_userdata(L, sizeof(State));
  auto* st = new (memory) State;
  const int self = lua_gettop(L);
  // The finaliser first: any of the allocations below may fail.
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, close_state);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, self);
  const std::string_view forced = [] {
    const char* value = std::getenv("FERRY_BACKEND");
    return std::string_view(value != nullptr ? value : "");
  }();
  if (!without_exceptions(st, [&] {
        auto backend = call::select_backend(forced);
        if (!backend) {
          st->error = backend.message();
          return false;
        }
        st->backend = *backend;
        auto metatables = std::make_unique<PointerSet>();
        st->types = std::make_unique<TypeTable>(host_target());  // open from here on, and closed by the finaliser
        st->metatables = metatables.release();
        ++held.states;
        tell_held_at_exit();
        return true;
      })) {
    luaL_where(L, 1);
    lua_pushstring(L, st->error.c_str());
    std::string().swap(st->error);
    lua_concat(L, 2);
    lua_error(L);
  }
  st->stack = probe_stack(L);
  begin_references(L);
  lua_pushvalue(L, self);
  st->self = luaL_ref(L, LUA_REGISTRYINDEX);
  if (push_main_thread(L)) {
    st->main = lua_tothread(L, -1);
    lua_pop(L, 1);
  } else {
    st->main = L;
  }
  st->callback_thread = lua_newthread(L);
  st->thread = luaL_ref(L, LUA_REGISTRYINDEX);
  st->names = new_table_ref(L, nullptr);
  st->parse_cache = new_table_ref(L, nullptr);
  st->ctypes = new_table_ref(L, "v");
  st->extras = new_table_ref(L, "k");
  st->callbacks = new_table_ref(L, nullptr);
  st->libraries = new_table_ref(L, "k");
  st->global_anchors = new_table_ref(L, nullptr);
  lua_pushboolean(L, 0);
  st->pending_error = luaL_ref(L, LUA_REGISTRYINDEX);
  make_metatables(L, st, self);
  make_call_metatable(L, st);
  learn_exceptions(L);
  make_thunk_registry(L, st);
  make_library_metatable(L, st);
  make_callback_runner(L, st);
  push_pointer(L, st, void_pointer(st), nullptr);
  st->null_pointer = luaL_ref(L, LUA_REGISTRYINDEX);
  TypeInfo* complex = info_of(st, Scalar::cdouble);
  const double unit[2] = {0, 1};
  std::memcpy(new_cdata(L, st, complex)->address(), unit, sizeof unit);
  st->imaginary_unit = luaL_ref(L, LUA_REGISTRYINDEX);
  // Found by the next require only when it is complete.
  lua_pushvalue(L, self);
  rawset_p(L, LUA_REGISTRYINDEX, &kStateKey);
  lua_settop(L, self);
  return st;
}

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
