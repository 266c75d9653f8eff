// Library functions about types: cdef typeof sizeof alignof offsetof istype metatype gc eval.
#include <cstring>

#include "cparse/macros.h"
#include "cparse/parser.h"
#include "ctype/replaced.h"
#include "lua/api/functions.h"
#include "lua/calls/async.h"
#include "lua/calls/c_function.h"
#include "lua/calls/callback.h"
#include "lua/calls/thunks.h"
#include "lua/objects/ctype_arg.h"
#include "lua/objects/metatype.h"
#include "lua/objects/namespace.h"
#include "lua/objects/new.h"
#include "lua/objects/parameters.h"
#include "lua/state/anchor.h"
#include "lua/state/check.h"
#include "lua/state/foreign.h"
#include "lua/state/restrict.h"
#include "lua/values/from_c.h"
#include "lua/values/read.h"
#include "os/threads.h"

namespace ferry::lua {

namespace {

// The type that typeof says: `T &` for an interior reference.
TypeId said_type(lua_State* L, State* st, int idx, int first_param) {
  CData* cd = to_cdata(L, st, idx);
  if (cd != nullptr && (cd->flags & kReleased) != 0) return cd->type;
  if (cd != nullptr && (cd->flags & kIsReference) != 0) {
    TypeId reference = kNoType;
    if (!without_exceptions(st, [&] {
          reference = st->types->reference_to(cd->type);
          return true;
        })) {
      raise_error(L, st);
    }
    return reference;
  }
  int used = 0;
  const TypeId type = check_ctype(L, st, idx, first_param, &used);
  if (lua_type(L, idx) == LUA_TSTRING && lua_gettop(L) - first_param + 1 > used) {
    raise(L, "wrong number of type parameters (%d used, got %d)", used, lua_gettop(L) - first_param + 1);
  }
  return type;
}

// Follows references: what sizeof, alignof and istype speak of.
TypeInfo* object_type(State* st, TypeId id) {
  TypeInfo* info = info_of(st, id);
  return info->rep == Rep::reference ? base_of(st, info) : info;
}

// Sizes are numbers: exact as a Lua integer, and below 2^53 as a double.
void push_size(lua_State* L, uint64_t size) {
  push_small_integer(L, static_cast<int64_t>(size));
}

// The type that the argument idx is asked about, and the table that has it: the state's, or another target's.
// References are followed.
struct AskedType {
  const TypeTable& types;
  TypeId id;
  const Type& row() const { return types[id]; }
};

AskedType asked_type(lua_State* L, State* st, int idx) {
  const ForeignType* foreign = to_foreign_type(L, st, idx);
  const TypeTable& types = foreign != nullptr ? foreign->of->types : *st->types;
  const TypeId id = foreign != nullptr ? foreign->id : check_ctype(L, st, idx);
  return {types, types[id].kind == Kind::reference ? types[id].base : id};
}

FieldPath find_field(lua_State* L, State* st, const AskedType& asked, int idx) {
  size_t length;
  const char* text = check_text(L, st, idx, &length);
  if (!is_record(asked.row())) return FieldPath{};
  const NameId name = asked.types.find_name({text, length});
  return name != kNoName ? asked.types.find_field(asked.id, name) : FieldPath{};
}

// Of the type at 1 in its table, and the name at 2.
[[noreturn]] void raise_unknown_member(lua_State* L, State* st, TypeId id) {
  if (to_foreign_type(L, st, 1) == nullptr) raise_no_member(L, st, id, id, lua_tostring(L, 2));
  raise(L, "'%s' has no member named '%s'", describe_value(L, st, 1), lua_tostring(L, 2));
}

// The alignment a member has in its record: packed and #pragma pack lower it, an attribute raises it again.
uint32_t member_align(const AskedType& record, const Field& field) {
  const RecordAttributes& attributes = record.types.record(record.id).attributes;
  uint32_t align = field.packed || attributes.packed ? 1 : record.types[field.type].align;
  if (attributes.pack != 0 && attributes.pack < align) align = attributes.pack;
  uint32_t asked = field.align;
  if (attributes.pack != 0 && attributes.pack < asked) asked = attributes.pack;
  return asked > align ? asked : align;
}

// istype for two types, their qualifiers and those of what they point to ignored; LuaJIT's rule.
bool same_type(State* st, TypeInfo* want, TypeInfo* have) {
  const TypeTable& types = *st->types;
  const bool points = want->kind == Kind::pointer || want->kind == Kind::array;  // further qualifiers count
  if (!points && types[want->id].canonical == types[have->id].canonical) return true;
  if (want->kind == have->kind && want->size == have->size) {
    if (want->kind == Kind::pointer)
      return pointer_compatible(st, want->base_id, have->base_id, Qualifiers::first_ignored);
    if (want->kind == Kind::integer) return (want->type_flags & kUnsigned) == (have->type_flags & kUnsigned);
    if (want->kind == Kind::array)
      return want->count == have->count &&
             pointer_compatible(st, want->base_id, have->base_id, Qualifiers::first_ignored);
    return false;
  }
  // A struct type is also said of pointers to it.
  return want->rep == Rep::record && have->rep == Rep::pointer &&
         types[have->base_id].canonical == types[want->id].canonical;
}

}  // namespace

int l_cdef(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ffi.cdef");
  size_t length;
  const char* text = check_text(L, st, 1, &length);
  const uint64_t replaced = replaced_declarations();
  if (!parse_cdef_text(L, st, {text, length}, 2, nullptr)) raise_error(L, st);
  without_exceptions(st, [&] {
    refresh_infos(st);
    return true;
  });
  clear_parse_cache(L, st);
  if (replaced_declarations() != replaced) drop_redeclared(L, st);
  return 0;
}

int l_typeof(lua_State* L) {
  State* st = open_call(L);
  luaL_checkany(L, 1);
  push_ctype(L, st, said_type(L, st, 1, 2));
  return 1;
}

int l_sizeof(lua_State* L) {
  State* st = open_call(L);
  luaL_checkany(L, 1);
  if (CData* cd = to_cdata(L, st, 1)) {
    require_unreleased(L, st, cd);
    const TypeInfo* info = resolved_type(st, cd);
    if (info->rep == Rep::none || info->rep == Rep::function || (info->type_flags & kIncomplete) != 0) return 0;
    push_size(L, size_of_object(st, cd));
    return 1;
  }
  if (to_foreign_type(L, st, 1) != nullptr) {
    const Type& t = asked_type(L, st, 1).row();
    if (t.kind == Kind::function || (t.flags & (kIncomplete | kVariable)) != 0) return 0;
    push_size(L, t.size);
    return 1;
  }
  TypeInfo* info = object_type(st, check_ctype(L, st, 1));
  if (info->rep == Rep::none || info->rep == Rep::function || (info->type_flags & kIncomplete) != 0) return 0;
  if ((info->type_flags & kVariable) != 0) {
    if (lua_isnone(L, 2)) raise_argument(L, 2, "number of elements expected for '%s'", type_name(st, info->id));
    uint64_t size;
    if (!count_argument(L, st, 2, &size) || !variable_type_size(st, info, size, &size)) return 0;
    push_size(L, size);
    return 1;
  }
  push_size(L, info->size);
  return 1;
}

int l_alignof(lua_State* L) {
  State* st = open_call(L);
  luaL_checkany(L, 1);
  const AskedType asked = asked_type(L, st, 1);
  if (lua_isnoneornil(L, 2)) {
    push_size(L, asked.row().align != 0 ? asked.row().align : 1);
    return 1;
  }
  const FieldPath path = find_field(L, st, asked, 2);
  if (path.field == nullptr) raise_unknown_member(L, st, asked.id);
  push_size(L, member_align(asked, *path.field));
  return 1;
}

int l_offsetof(lua_State* L) {
  State* st = open_call(L);
  luaL_checkany(L, 1);
  const FieldPath path = find_field(L, st, asked_type(L, st, 1), 2);
  if (path.field == nullptr) return 0;
  push_size(L, path.offset);
  if (!path.field->is_bitfield()) return 1;
  push_size(L, path.field->bit_offset);
  push_size(L, path.field->bit_width);
  return 3;
}

int l_istype(lua_State* L) {
  State* st = open_call(L);
  luaL_checkany(L, 1);
  luaL_checkany(L, 2);
  TypeInfo* want = object_type(st, check_ctype(L, st, 1));
  bool same = false;
  if (CData* ct = to_ctype(L, st, 2)) {
    same = same_type(st, want, object_type(st, ct->type));
  } else if (CData* cd = to_cdata(L, st, 2)) {
    same = same_type(st, want, resolved_type(st, cd));
  } else if (FunctionRecord* record = function_record(L, 2); record != nullptr && record->st == st) {
    TypeInfo* type = want->rep == Rep::pointer ? base_of(st, want) : want;
    same = (*st->types)[type->id].canonical == (*st->types)[record->type->id].canonical;
  }
  lua_pushboolean(L, same);
  return 1;
}

int l_metatype(lua_State* L) {
  State* st = open_call(L);
  require_declarations(L, st, "ffi.metatype");
  luaL_checkany(L, 1);
  TypeInfo* info = object_type(st, check_ctype(L, st, 1));
  if (info->kind == Kind::pointer || info->is_end || metatype_holder(st, info) == nullptr) {
    raise_argument(L, 1, "struct, union, complex, vector or enum type expected, got %s", type_name(st, info->id));
  }
  if (lua_type(L, 2) != LUA_TTABLE && !lua_isnil(L, 2)) raise_expected(L, st, 2, "table");
  if (st->rules == Rules::luajit && metatype_holder(st, info)->metatype != 0) {
    raise(L, "cannot change a protected metatable");
  }
  lua_settop(L, 2);
  set_metatype(L, st, info->id, 2);
  push_ctype(L, st, info->id);
  return 1;
}

namespace {

// Functions, function pointers, and whatever has a __call.
bool is_callable(lua_State* L, State* st, int idx) {
  if (lua_isfunction(L, idx)) return true;
  if (CData* cd = to_cdata(L, st, idx)) {
    TypeInfo* info = resolved_type(st, cd);
    if (info->rep == Rep::function || (info->rep == Rep::pointer && base_of(st, info)->rep == Rep::function))
      return true;
    if (!push_metamethod(L, st, idx, "__call")) return false;
    lua_pop(L, 1);
    return true;
  }
  if (luaL_getmetafield(L, idx, "__call") == 0) return false;
  lua_pop(L, 1);
  return true;
}

}  // namespace

namespace {

// The collector works as if Lua had allocated so many bytes more; small numbers are told together.
void tell_collector(lua_State* L, State* st, uint64_t bytes) {
  constexpr uint64_t kQuantum = 64 * 1024;
  constexpr uint64_t kMost = uint64_t{1} << 30;  // more than that is a full cycle anyway
  st->anchors.untold += bytes < kMost ? bytes : kMost;
  if (st->anchors.untold < kQuantum) return;
  const uint64_t all = st->anchors.untold;
  st->anchors.untold = 0;
  step_collector(L, static_cast<size_t>(all < kMost ? all : kMost));
}

}  // namespace

int l_gc_set(lua_State* L) {
  State* st = open_call(L);
  CData* cd = to_cdata(L, st, 1);
  if (cd == nullptr) raise_expected(L, st, 1, "cdata");
  require_unreleased(L, st, cd);
  if ((cd->flags & kLent) != 0) {
    raise_argument(L, 1, "'%s' is an argument of a callback, the same object in each call of it: copy it by + 0",
                   type_name(st, cd->type));
  }
  luaL_checkany(L, 2);
  require_unused(L, st, 1);
  const uint64_t outside = lua_isnoneornil(L, 3) ? 0 : check_count(L, st, 3);
  lua_settop(L, 2);
  TypeInfo* info = info_of(st, cd->type);
  if (!lua_isnil(L, 2) && !is_callable(L, st, 2)) raise_expected(L, st, 2, "callable");
  if (lua_isnil(L, 2)) {
    set_finaliser(L, st, 1, 2);
    cd->flags |= kFinalised;  // also keeps the metatype's __gc from running
  } else {
    set_finaliser(L, st, 1, 2);
    cd->flags &= static_cast<uint16_t>(~kFinalised);
    use_gc_metatable(L, st, 1, info);
    if (st->check != nullptr) note_made(L, st, 1, "finaliser", type_name(st, info->id));
  }
  lua_settop(L, 1);
  if (outside != 0) tell_collector(L, st, outside);
  return 1;
}

int l_eval(lua_State* L) {
  State* st = open_call(L);
  size_t length;
  const char* text = check_text(L, st, 1, &length);
  Constant value;
  require_type_text(L, st, {text, length});
  os::find_stack();
  if (!without_exceptions(st, [&] {
        cparse::Input input{std::string_view(text, length)};
        input.macros = &st->macros->state();
        input.closed = declarations_are_restricted(st);
        auto parsed = cparse::parse_constant(*st->types, input);
        if (!parsed) {
          st->errors.message = parsed.message();
          return false;
        }
        value = *parsed;
        return true;
      })) {
    raise_error(L, st);
  }
  push_constant(L, st, value);
  return 1;
}

}  // namespace ferry::lua
