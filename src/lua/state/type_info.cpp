// Makes the run-time view of types (type_info.h).
#include "lua/state/type_info.h"

#include <algorithm>
#include <memory>

#include "lua/state/held.h"
#include "lua/state/state.h"

namespace ferry::lua {

namespace {

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
    case Scalar::bfloat16:
      return Rep::bf16;
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

Rep rep_of(const Type& t) {
  switch (t.kind) {
    case Kind::boolean:
      return Rep::boolean;
    case Kind::integer:
      if (is_bit_int(t)) return Rep::bit_int;
      return integer_rep(t.size, (t.flags & kUnsigned) != 0);
    case Kind::enumeration:
      return integer_rep(t.size, (t.flags & kUnsigned) != 0);
    case Kind::floating:
      return floating_rep(t);
    case Kind::decimal:
      return t.size == 4 ? Rep::d32 : t.size == 8 ? Rep::d64 : Rep::d128;
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
  if (t.kind == Kind::complex && t.base == kNoType) info->base_id = part_of_complex(t);
  info->block = st->check == nullptr ? plain_block(*info) : 0;
  switch (t.kind) {
    case Kind::structure:
    case Kind::union_:
      info->metatable = st->metatables.record, info->gc_metatable = st->metatables.record_gc;
      break;
    case Kind::array:
    case Kind::pointer:
      info->metatable = st->metatables.pointer, info->gc_metatable = st->metatables.pointer_gc;
      break;
    default:
      info->metatable = st->metatables.value, info->gc_metatable = st->metatables.value_gc;
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

// Whether a declaration to come may change what the type is.
bool is_open(State* st, const TypeInfo* info) {
  if (info->kind == Kind::enumeration && !st->types->enumeration(info->id).complete) return true;
  return (info->type_flags & kIncomplete) != 0 && info->kind != Kind::void_;
}

}  // namespace

TypeInfo* info_of(State* st, TypeId id) {
  if (id < st->infos.size() && st->infos[id] != nullptr) return st->infos[id];
  if (id >= st->infos.size()) st->infos.resize(std::max<size_t>(st->types->size(), id + 1), nullptr);
  auto info = std::make_unique<TypeInfo>();
  info->id = id;
  fill_info(st, info.get());
  if (st->infos[id] != nullptr) return st->infos[id];  // made for its own metatype's sake
  if (is_open(st, info.get())) st->open_infos.push_back(info.get());
  ++held.types;
  return st->infos[id] = info.release();
}

TypeInfo* void_pointer(State* st) {
  return info_of(st, st->types->pointer_to(scalar_type(Scalar::void_)));
}

void refresh_infos(State* st) {
  const std::vector<TypeInfo*> before = st->open_infos;  // filling one may make another
  st->open_infos.clear();
  for (TypeInfo* info : before) {
    fill_info(st, info);
    if (is_open(st, info)) st->open_infos.push_back(info);
  }
}

TypeInfo* metatype_holder(State* st, TypeInfo* info) {
  TypeId id = info->id;
  if (info->kind == Kind::pointer || info->kind == Kind::reference) {
    const Type& base = (*st->types)[info->base_id];
    if (!is_record(base)) return nullptr;
    id = info->base_id;
  }
  const Type& t = (*st->types)[id];
  switch (t.kind) {
    case Kind::structure:
    case Kind::union_:
    case Kind::complex:
    case Kind::vector:
    case Kind::enumeration:
      return t.canonical == info->id ? info : info_of(st, t.canonical);
    default:
      return nullptr;
  }
}

}  // namespace ferry::lua
