// C -> Lua: pushes values, members and constants. The other direction is write.cpp.
#include "lua/values/read.h"

#include <complex>
#include <limits>

#include "base/memory.h"
#include "ctype/layout.h"
#include "lua/state/anchor.h"
#include "lua/state/raise.h"
#include "lua/values/numbers.h"
#include "lua/values/reach.h"

namespace ferry::lua {

namespace {

// The bytes of x87 values that are none of theirs: who compares or copies objects sees them.
void clear_padding(State* st, TypeInfo* info, void* value) {
  if constexpr (std::numeric_limits<long double>::digits != 64) return;
  const TypeInfo* part = info->rep == Rep::complex ? base_of(st, info) : info;
  if (part->rep != Rep::ldouble) return;
  constexpr size_t kBytes = sizeof(long double);
  for (size_t at = 0; at < info->size; at += kBytes) std::memset(static_cast<char*>(value) + at + 10, 0, kBytes - 10);
}

// A _BitInt of up to 64 bits is read as the integer that it lies in.
void push_narrow_bits(lua_State* L, State* st, const TypeInfo* info, uint64_t value) {
  if (info->size < 8)
    push_small_integer(L, static_cast<int64_t>(value));
  else if ((info->type_flags & kUnsigned) != 0)
    push_uint64(L, st, value);
  else
    push_int64(L, st, static_cast<int64_t>(value));
}

// A copy of a value that has no Lua number: boxed, owned, and constant no longer (C11 6.3.2.1p2).
void push_copy(lua_State* L, State* st, TypeInfo* info, const void* address) {
  if (info->quals != 0) info = info_of(st, (*st->types)[info->id].unqualified);
  CData* cd = new_cdata(L, st, info);
  std::memcpy(cd->address(), address, info->size);
  clear_padding(st, info, cd->address());
}

}  // namespace

void raise_mixed(lua_State* L, const char* member) {
  raise(L, "member '%s' is not allowed: ferry.restrict has ended casts, and its union mixes pointers with others",
        member);
}

void push_value(lua_State* L, State* st, TypeInfo* info, void* address, int parent) {
  if (info->kind == Kind::enumeration && st->rules == Rules::luajit) return push_copy(L, st, info, address);
  switch (info->rep) {
    case Rep::boolean:
      lua_pushboolean(L, load<uint8_t>(address) != 0);
      return;
    case Rep::i8:
      push_small_integer(L, load<int8_t>(address));
      return;
    case Rep::u8:
      push_small_integer(L, load<uint8_t>(address));
      return;
    case Rep::i16:
      push_small_integer(L, load<int16_t>(address));
      return;
    case Rep::u16:
      push_small_integer(L, load<uint16_t>(address));
      return;
    case Rep::i32:
      push_small_integer(L, load<int32_t>(address));
      return;
    case Rep::u32:
      push_small_integer(L, load<uint32_t>(address));
      return;
    case Rep::i64:
      push_int64(L, st, load<int64_t>(address));
      return;
    case Rep::u64:
      push_uint64(L, st, load<uint64_t>(address));
      return;
    case Rep::f32:
      lua_pushnumber(L, static_cast<lua_Number>(load<float>(address)));
      return;
    case Rep::f64:
      lua_pushnumber(L, load<double>(address));
      return;
    case Rep::pointer:
      push_stored_pointer(L, st, info, address, parent);
      return;
    case Rep::bit_int:
      if (info->size <= 8) {
        push_narrow_bits(L, st, info, load_bit_int(info, address).low);
        return;
      }
      push_copy(L, st, info, address);
      return;
    case Rep::bf16:
      lua_pushnumber(L, load_bf16(address));
      return;
    case Rep::i128:
    case Rep::u128:
    case Rep::f16:
    case Rep::ldouble:
    case Rep::f128:
    case Rep::d32:
    case Rep::d64:
    case Rep::d128:
    case Rep::complex:
    case Rep::vector:
      push_copy(L, st, info, address);
      return;
    case Rep::reference: {
      TypeInfo* target = base_of(st, info);
      void* at = load<void*>(address);
      if (at == nullptr) raise(L, "attempt to read through a NULL '%s'", type_name(st, info->id));
      push_value(L, st, target, at, parent);
      return;
    }
    case Rep::record:
    case Rep::array:
    case Rep::function:
      push_reference(L, st, info, address, parent);
      return;
    case Rep::none:
      if (is_opaque(*info)) {
        push_reference(L, st, info, address, parent);
        return;
      }
      raise(L, "attempt to read a value of type '%s'", type_name(st, info->id));
  }
}

void push_constant(lua_State* L, State* st, const TypeTable& types, const Constant& constant) {
  const Type& t = types[constant.type];
  if (t.kind == Kind::boolean)
    lua_pushboolean(L, constant.integer != 0);
  else if (t.kind == Kind::floating)
    lua_pushnumber(L, constant.floating);
  else if (t.size < 8)
    push_small_integer(L, constant.integer);
  else if ((t.flags & kUnsigned) != 0)
    push_uint64(L, st, static_cast<uint64_t>(constant.integer));
  else
    push_int64(L, st, constant.integer);
}

void push_member(lua_State* L, State* st, const Member& m, void* record, int parent) {
  if (m.info == nullptr) {
    push_constant(L, st, *m.constant);
    return;
  }
  if (m.bit_width == kNotBitfield) {
    if (is_hidden(st, m, false)) raise_mixed(L, st->types->name(m.name).data());
    auto* at = static_cast<std::byte*>(record) + m.offset;
    push_value(L, st, m.info, at, parent);
    if (m.unchecked) {
      auto* array = static_cast<CData*>(lua_touserdata(L, -1));
      array->flags |= kUnchecked | kHasLength;
      variable_size(array) =
          pointers_are_checked(st) ? reach_of_member(L, st, parent, at, m.info) : bytes_left(L, st, parent, at);
    }
    return;
  }
  const bool is_unsigned = (m.info->type_flags & kUnsigned) != 0;
  if (m.info->size > 8) {
    uint64_t wide[2];
    read_wide_bits(static_cast<std::byte*>(record), m.offset, m.bit_offset, m.bit_width, !is_unsigned,
                   host_target().big_endian, wide);
    push_copy(L, st, m.info, wide);
    return;
  }
  const uint64_t bits = read_bits(static_cast<std::byte*>(record), m.offset, m.bit_offset, m.bit_width, !is_unsigned,
                                  host_target().big_endian);
  switch (m.info->rep) {
    case Rep::boolean:
      lua_pushboolean(L, bits != 0);
      return;
    case Rep::i64:
      push_int64(L, st, static_cast<int64_t>(bits));
      return;
    case Rep::u64:
      push_uint64(L, st, bits);
      return;
    case Rep::bit_int:
      push_narrow_bits(L, st, m.info, bits);
      return;
    default:
      push_small_integer(L, static_cast<int64_t>(bits));
      return;
  }
}

}  // namespace ferry::lua
