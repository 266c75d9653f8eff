// C -> C: a cdata's value converted to another C type. LuaJIT's "Conversions between C types", as for assignment in C
// (C 6.5.16.1) with its additions; casts as C 6.5.4.
#include "lua/values/from_c.h"

#include <cmath>
#include <limits>

#include "base/memory.h"
#include "lua/state/anchor.h"
#include "lua/values/decimals.h"
#include "lua/values/numbers.h"
#include "lua/values/reach.h"

namespace ferry::lua {

namespace {

bool is_float(Rep r) {
  return r == Rep::f32 || r == Rep::f64 || (r >= Rep::bf16 && r <= Rep::f128);
}
bool is_int(Rep r) {
  return (r >= Rep::boolean && r <= Rep::u64) || r == Rep::i128 || r == Rep::u128 || r == Rep::bit_int;
}

#ifdef __SIZEOF_INT128__
using Wide = __int128;
using UnsignedWide = unsigned __int128;
Wide load_wide(const TypeInfo* info, const void* from) {
  if (info->rep == Rep::i128 || info->rep == Rep::u128) return load<Wide>(from);
  if (info->rep == Rep::bit_int) {
    return static_cast<Wide>(joined<UnsignedWide>(load_bit_int(info, from)));
  }
  const bool is_unsigned = (info->type_flags & kUnsigned) != 0;
  const int64_t v = load_int(from, info->size, is_unsigned);
  return is_unsigned ? static_cast<Wide>(static_cast<uint64_t>(v)) : static_cast<Wide>(v);
}
void store_wide(const TypeInfo* info, void* to, Wide value) {
  if (info->rep == Rep::bit_int) {
    store_bit_int(info, to, {static_cast<uint64_t>(value), static_cast<uint64_t>(value >> 64)});
  } else if (info->size == 16) {
    store(to, value);
  } else {
    store_int(to, info->size, static_cast<int64_t>(value));
  }
}
#else
using Wide = int64_t;
using UnsignedWide = uint64_t;
Wide load_wide(const TypeInfo* info, const void* from) {
  if (info->rep == Rep::bit_int) return static_cast<Wide>(load_bit_int(info, from).low);
  return load_int(from, info->size, (info->type_flags & kUnsigned) != 0);
}
void store_wide(const TypeInfo* info, void* to, Wide value) {
  if (info->rep == Rep::bit_int)
    store_bit_int(info, to, {static_cast<uint64_t>(value), 0});
  else
    store_int(to, info->size, value);
}
#endif

long double load_long(State* st, TypeInfo* info, const void* from) {
  switch (info->rep) {
    case Rep::ldouble:
      return load<long double>(from);
    case Rep::f128:
      return load_f128_long(from);
    case Rep::i64:
      return static_cast<long double>(load<int64_t>(from));
    case Rep::u64:
      return static_cast<long double>(load<uint64_t>(from));
    default:
      return load_double(st, info, from);
  }
}

void store_float(TypeInfo* info, void* to, long double value) {
  switch (info->rep) {
    case Rep::f32:
      store(to, static_cast<float>(value));
      return;
    case Rep::f64:
      store(to, static_cast<double>(value));
      return;
    case Rep::bf16:
      store_bf16(to, value);
      return;
    case Rep::f16:
      store_f16(to, value);
      return;
    case Rep::f128:
      store_f128(to, value);
      return;
    default:
      store(to, value);
      return;
  }
}

// The digits of a long double that shorter types are made from: of a pair of doubles (POWER) the first is converted.
constexpr int kDouble = std::numeric_limits<double>::digits, kLong = std::numeric_limits<long double>::digits;
constexpr int kDigits = kLong == 2 * kDouble ? kDouble : kLong;

// An integer on its way to `info`, to which it is rounded once: where a long double has too few digits for it, and
// `info` fewer still, the last digit says whether others follow (round to odd).
long double rounded_for(const TypeInfo* info, UnsignedWide magnitude) {
  const bool fewer =
      info->rep != Rep::ldouble && info->rep != Rep::f128 && !(info->rep == Rep::f64 && kDigits == kDouble);
  int more = 0;
  for (UnsignedWide rest = magnitude; fewer && static_cast<long double>(rest) >= std::ldexp(1.0L, kDigits);
       rest >>= 1) {
    ++more;
  }
  const UnsignedWide kept = magnitude >> more;
  const bool odd = kept << more != magnitude;
  return std::ldexp(static_cast<long double>(odd ? kept | 1 : kept), more);
}

void store_number(const TypeInfo* info, void* to, double value) {
  if (info->size == 16) {
    store_int128(to, value);
  } else {
    store_int(to, info->size, number_to_integer(value, info->size));
  }
  if (info->rep == Rep::bit_int) store_bit_int(info, to, load_bit_int(info, to));
}

// A floating-point number without its fraction, where that fits into the widest integer.
template <typename T>
bool store_truncated(const TypeInfo* info, void* to, T value) {
  const T limit = static_cast<T>(std::ldexp(1.0, 8 * sizeof(Wide) - 1));
  if (value >= -limit && value < limit) {
    store_wide(info, to, static_cast<Wide>(value));
  } else if (value >= limit && value < 2 * limit) {
    store_wide(info, to, static_cast<Wide>(static_cast<UnsignedWide>(value)));
  } else {
    return false;
  }
  return true;
}

#ifdef __SIZEOF_FLOAT128__
__extension__ using Quad = __float128;

// _Float128 where long double has fewer digits. False: neither type is one.
bool convert_quad(State* st, TypeInfo* info, void* to, TypeInfo* source, const void* from) {
  if (source->rep != Rep::f128) {
    if (info->rep != Rep::f128) return false;
    Quad value;
    if (is_int(source->rep) || source->rep == Rep::bit_int) {
      const Wide v = load_wide(source, from);
      value = (source->type_flags & kUnsigned) != 0 ? static_cast<Quad>(static_cast<UnsignedWide>(v))
                                                    : static_cast<Quad>(v);
    } else {
      value = load_long(st, source, from);
    }
    store(to, value);
    return true;
  }
  const auto value = load<Quad>(from);
  if (info->rep == Rep::boolean) {
    store<uint8_t>(to, value != 0);
  } else if (is_int(info->rep)) {
    if (!store_truncated(info, to, value)) store_number(info, to, static_cast<double>(value));
  } else if (info->rep == Rep::f128) {
    store(to, value);
  } else if (info->rep == Rep::f32) {
    store(to, static_cast<float>(value));
  } else if (info->rep == Rep::f64) {
    store(to, static_cast<double>(value));
  } else {
    store_float(info, to, static_cast<long double>(value));
  }
  return true;
}
#else
bool convert_quad(State*, TypeInfo*, void*, TypeInfo*, const void*) {
  return false;
}
#endif

// Arithmetic to arithmetic, bool included; exact where C is.
void convert_arithmetic(State* st, TypeInfo* info, void* to, TypeInfo* source, const void* from) {
  if (is_decimal(info->rep)) {
    convert_to_decimal(st, info, to, source, from);
  } else if (is_decimal(source->rep)) {
    convert_from_decimal(info, to, load_decimal(format_of(source), from));
  } else if (convert_quad(st, info, to, source, from)) {
    return;
  } else if (info->rep == Rep::boolean) {
    const bool value = is_int(source->rep) ? load_wide(source, from) != 0 : load_long(st, source, from) != 0;
    store<uint8_t>(to, value);
  } else if (is_int(info->rep)) {
    if (is_int(source->rep)) {
      store_wide(info, to, load_wide(source, from));
    } else if (source->rep == Rep::ldouble || source->rep == Rep::f128) {
      const long double v = load_long(st, source, from);
      if (!store_truncated(info, to, v)) store_number(info, to, static_cast<double>(v));
    } else {
      store_number(info, to, load_double(st, source, from));
    }
  } else if (is_float(info->rep)) {
    // Those of 64 bits a long double mostly holds as they are.
    constexpr bool kHolds64 = kDigits >= 64;
    if (source->rep == Rep::bit_int || (is_int(source->rep) && source->size >= (kHolds64 ? 9 : 8))) {
      const Wide v = load_wide(source, from);
      const bool negative = (source->type_flags & kUnsigned) == 0 && v < 0;
      const auto magnitude = static_cast<UnsignedWide>(v);
      const long double value = rounded_for(info, negative ? 0 - magnitude : magnitude);
      store_float(info, to, negative ? -value : value);
    } else {
      store_float(info, to, load_long(st, source, from));
    }
  }
}

bool is_arithmetic(const TypeInfo* info) {
  return is_int(info->rep) || is_float(info->rep) || is_decimal(info->rep);
}

[[noreturn]] void refuse(lua_State* L, State* st, TypeInfo* source, TypeInfo* target, const Place& place) {
  raise_convert(L, st, type_name(st, source->id), target->id, place);
}

void write_pointer_from_c(lua_State* L, State* st, TypeInfo* info, void* address, TypeInfo* source, void* from, int idx,
                          const Place& place, const TargetOwner& keep, unsigned mode) {
  void* value;
  TypeId pointee;
  if (!pointer_value(source, from, &value, &pointee)) {
    if ((mode & kCast) != 0 && is_int(source->rep)) {
      store(address, reinterpret_cast<void*>(static_cast<uintptr_t>(load_wide(source, from))));
    } else if (info->rep == Rep::reference && pointer_compatible(st, info->base_id, source->id, Qualifiers::kept)) {
      store(address, from);  // `const int &` takes a boxed int: the box is the object
    } else {
      refuse(L, st, source, info, place);
    }
    return;
  }
  // A pointer to the whole array is what `T (*)[n]` asks for, if it does not ask for one to the elements.
  if (source->rep == Rep::array && (*st->types)[info->base_id].kind == Kind::array &&
      !pointer_compatible(st, info->base_id, pointee, Qualifiers::kept)) {
    pointee = source->id;
  }
  if ((mode & kCast) == 0) {
    const bool restricted = casts_are_restricted(st) && value != nullptr;
    if (!pointer_compatible(st, info->base_id, pointee, Qualifiers::kept) ||
        (restricted && !is_same_pointee(st, info->base_id, pointee))) {
      refuse(L, st, source, info, place);
    }
  }
  // A cast says nothing of what lies there; whoever uses the pointer is asked then.
  if (pointers_are_checked(st) && ((mode & kCast) == 0 || info->rep == Rep::reference)) {
    require_pointee(L, st, idx, value, base_of(st, info));
  }
  if (keep.owner != 0) anchor(L, st, keep.owner, address, idx);
  store(address, value);
}

void copy_object(lua_State* L, State* st, void* to, const void* from, uint64_t size, int idx, const TargetOwner& keep) {
  if (keep.owner != 0) copy_anchors(L, st, keep.owner, to, idx, from, size);
  std::memmove(to, from, static_cast<size_t>(size));
}

}  // namespace

// An array is as constant as its elements are (C23 6.7.3p9).
static uint8_t element_qualifiers(const TypeTable& types, TypeId id) {
  while (types[id].kind == Kind::array) id = types[id].base;
  return types[id].quals & (kConst | kVolatile);
}

bool pointer_compatible(State* st, TypeId target, TypeId source, Qualifiers qualifiers) {
  const TypeTable& types = *st->types;
  bool same = false;  // below the first level qualifiers must agree
  for (;;) {
    if (target == source) return true;
    const Type& d = types[target];
    const Type& s = types[source];
    if (qualifiers != Qualifiers::ignored) {
      const uint8_t dq = element_qualifiers(types, target);
      const uint8_t sq = element_qualifiers(types, source);
      if (same ? dq != sq : qualifiers == Qualifiers::kept && (dq & sq) != sq) return false;
    }
    if (!same && qualifiers == Qualifiers::kept && (d.kind == Kind::void_ || s.kind == Kind::void_)) return true;
    if (d.canonical == s.canonical) {
      // Equal but for qualifiers further down, which have to be compared.
      const bool further = d.kind == Kind::pointer || d.kind == Kind::reference || d.kind == Kind::array;
      if (qualifiers == Qualifiers::ignored || !further) return true;
    }
    const bool d_integer = d.kind == Kind::integer || d.kind == Kind::enumeration;
    const bool s_integer = s.kind == Kind::integer || s.kind == Kind::enumeration;
    if (d_integer && s_integer) return d.size == s.size;  // int * and unsigned * interconvert
    if (!same && d.kind == Kind::array && d.count == kFlexible) {
      // `T (*)[]` is any run of Ts, as a parameter `T a[n][m]` has it: an array of arrays, or a pointer to the first T.
      while (types[target].kind == Kind::array) target = types[target].base;
      while (types[source].kind == Kind::array) source = types[source].base;
      continue;
    }
    if (d.kind != s.kind) return false;
    switch (d.kind) {
      case Kind::boolean:
      case Kind::floating:
      case Kind::decimal:
      case Kind::complex:
      case Kind::void_:
        return d.size == s.size && d.scalar == s.scalar;
      case Kind::pointer:
      case Kind::reference:
        target = d.base;
        source = s.base;
        same = true;
        continue;
      case Kind::function:
        // LuaJIT looks at the number of parameters alone.
        return st->rules == Rules::luajit &&
               types.function(target).params.size() == types.function(source).params.size();
      case Kind::array:
      case Kind::vector:
        if (d.count != s.count && d.count != kFlexible && s.count != kFlexible) return false;
        target = d.base;
        source = s.base;
        continue;
      default:
        return false;
    }
  }
}

bool pointer_value(const TypeInfo* info, void* at, void** out, TypeId* pointee) {
  switch (info->rep) {
    case Rep::pointer:
      *out = at != nullptr ? load<void*>(at) : nullptr;
      *pointee = info->base_id;
      return true;
    case Rep::array:
      *out = at;
      *pointee = info->base_id;
      return true;
    case Rep::record:
    case Rep::function:
      *out = at;
      *pointee = info->id;
      return true;
    default:
      if (!is_opaque(*info)) return false;
      *out = at;
      *pointee = info->id;
      return true;
  }
}

void write_from_c(lua_State* L, State* st, TypeInfo* info, void* address, const Source& object, const Place& place,
                  const TargetOwner& keep, unsigned mode) {
  TypeInfo* source = object.info;
  void* from = object.address;
  switch (info->rep) {
    case Rep::boolean:
    case Rep::i8:
    case Rep::u8:
    case Rep::i16:
    case Rep::u16:
    case Rep::i32:
    case Rep::u32:
    case Rep::i64:
    case Rep::u64:
    case Rep::i128:
    case Rep::u128:
    case Rep::bit_int:
    case Rep::bf16:
    case Rep::f16:
    case Rep::f32:
    case Rep::f64:
    case Rep::ldouble:
    case Rep::f128:
    case Rep::d32:
    case Rep::d64:
    case Rep::d128:
      if (is_arithmetic(source)) {
        convert_arithmetic(st, info, address, source, from);
        return;
      }
      if (source->rep == Rep::complex) {
        convert_arithmetic(st, info, address, base_of(st, source), from);
        return;
      }
      if ((mode & kCast) != 0 && is_int(info->rep)) {
        void* value;
        TypeId pointee;
        if (!pointer_value(source, from, &value, &pointee)) refuse(L, st, source, info, place);
        if (info->rep == Rep::boolean) {
          store<uint8_t>(address, value != nullptr);
        } else {
          store_wide(info, address, static_cast<Wide>(reinterpret_cast<uintptr_t>(value)));
        }
        return;
      }
      break;
    case Rep::complex: {
      TypeInfo* part = base_of(st, info);
      auto* imaginary = static_cast<char*>(address) + part->size;
      if (source->rep == Rep::complex) {
        TypeInfo* source_part = base_of(st, source);
        convert_arithmetic(st, part, address, source_part, from);
        convert_arithmetic(st, part, imaginary, source_part, static_cast<const char*>(from) + source_part->size);
        return;
      }
      if (is_arithmetic(source)) {
        convert_arithmetic(st, part, address, source, from);
        std::memset(imaginary, 0, part->size);
        return;
      }
      break;
    }
    case Rep::vector:
      if (source->rep == Rep::vector && source->size == info->size) {
        std::memmove(address, from, static_cast<size_t>(info->size));
        return;
      }
      if (is_arithmetic(source) || source->rep == Rep::complex) {  // of a complex number: the real part
        if (source->rep == Rep::complex) source = base_of(st, source);
        TypeInfo* element = base_of(st, info);
        for (uint64_t i = 0; i < info->count; ++i) {
          convert_arithmetic(st, element, static_cast<char*>(address) + i * element->size, source, from);
        }
        return;
      }
      break;
    case Rep::pointer:
    case Rep::reference:
      write_pointer_from_c(L, st, info, address, source, from, object.idx, place, keep, mode);
      return;
    case Rep::record:
      if (source->rep == Rep::record && (*st->types)[source->id].canonical == (*st->types)[info->id].canonical) {
        copy_object(L, st, address, from, info->size, object.idx, keep);
        return;
      }
      break;
    case Rep::array:
      // Both lengths must be known, and equal: as in LuaJIT, where C has no array assignment at all.
      if (source->rep == Rep::array && info->count != kVla && info->count != kFlexible &&
          pointer_compatible(st, info->base_id, source->base_id, Qualifiers::kept)) {
        uint64_t bytes = source->count == kVla || source->count == kFlexible ? 0 : source->size;
        if ((object.cdata->flags & kHasLength) != 0) bytes = size_of_object(st, object.cdata);
        if (bytes == info->size && bytes != 0) {
          copy_object(L, st, address, from, bytes, object.idx, keep);
          return;
        }
      }
      break;
    case Rep::function:
    case Rep::none:
      break;
  }
  refuse(L, st, source, info, place);
}

}  // namespace ferry::lua
