// The run-time view of a type: what conversions and hot paths need of it, made on first use and kept as long as the
// state.
#pragma once

#include <cstdint>

#include "ctype/type_table.h"

namespace ferry::lua {

struct State;
struct CallInfo;
struct FieldTable;

// A value's memory form, for the dispatch of reads and writes. Enums have their integer's Rep.
enum class Rep : uint8_t {
  none,  // void, incomplete: cannot be read or written
  boolean,
  i8,
  u8,
  i16,
  u16,
  i32,
  u32,
  i64,
  u64,
  f32,
  f64,
  // from here on a read gives a cdata, but of bf16 and narrow bit_int
  pointer,  // also pointers to functions
  i128,
  u128,
  bit_int,  // _BitInt: of TypeInfo::count bits; the other bits of the memory are anything
  bf16,
  f16,
  ldouble,
  f128,
  d32,
  d64,
  d128,
  complex,
  vector,
  reference,
  record,
  array,
  function,
};
constexpr bool is_native_rep(Rep r) {
  return r >= Rep::boolean && r <= Rep::f64;
}
constexpr bool is_int64(Rep r) {
  return r == Rep::i64 || r == Rep::u64;
}
// Whether a table initialises values of such types part by part.
constexpr bool has_parts(Rep r) {
  return r == Rep::record || r == Rep::array || r == Rep::complex || r == Rep::vector;
}

struct TypeInfo {
  TypeId id = kNoType;
  Rep rep = Rep::none;
  Kind kind = Kind::none;
  uint8_t quals = 0;
  uint8_t type_flags = 0;  // ferry::TypeFlag
  uint32_t align = 1;      // bytes
  uint64_t size = 0;       // bytes; fixed part for variable types
  TypeId base_id = kNoType;
  TypeInfo* base = nullptr;  // info of the element / pointee / referee; filled on first use by base_of()
  uint64_t count = 0;        // arrays: elements, kVla or kFlexible; of a _BitInt(N): N
  uint32_t block = 0;  // bytes of the userdata of a new object if it takes nothing but zeroing; 0: new_cdata knows
  int metatable = 0;   // registry reference of the metatable that new objects get
  const void* metatable_at = nullptr;           // its address once it was used, for direct access
  int own_metatable = 0, own_gc_metatable = 0;  // of a type that has or had a metatype: made for it alone
  int gc_metatable = 0;                         // the same with __gc, for objects with a finaliser; 0: not made yet
  const void* metatype_at = nullptr;            // as metatable_at, of:
  int metatype = 0;     // registry reference of the user's metatype table (of a pointer: of its pointee); 0: none
  bool has_gc = false;  // the metatype had __gc when last looked at (metatype.cpp)
  FieldTable* fields = nullptr;  // records: filled on first use
  // What access.cpp needs to index an object of this type without asking further; filled by the first such access that
  // goes the general way.
  const FieldTable* members = nullptr;  // of the record that CData::data points to
  Rep element = Rep::none;              // what CData::data[i] is; none: ask
  Rep stored_element = Rep::none;       // the same for numbers and bool that may be written
  uint8_t element_shift = 0;            // log2 of their size
  uint64_t bound = 0;                   // indexes below it are inside, all else has to be looked at
  CallInfo* call = nullptr;             // functions: filled on first use
  TypeInfo* released = nullptr;         // api/release.cpp: what an object of this type is afterwards
  bool is_end = false;                  // of what has ended, and is nothing but named
};

// A struct or union whose members are not known: an object of it has an address and nothing else.
inline bool is_opaque(const TypeInfo& info) {
  return info.rep == Rep::none && (info.kind == Kind::structure || info.kind == Kind::union_);
}

// Whether an object of the type may be longer than the type says: a member at the end of a struct, by custom.
inline bool may_be_longer(const TypeInfo& info) {
  return info.rep == Rep::array && (info.count <= 1 || info.count == kFlexible);
}

// The bytes of a boxed value of `info`'s type are in the header.
inline bool fits_slot(const TypeInfo& info) {
  return info.size <= 8 && info.rep != Rep::record && info.rep != Rep::array && info.rep != Rep::vector &&
         info.rep != Rep::complex && info.rep != Rep::function;
}

// The run-time view of a type, built on first use. Never null for a valid id; does not touch Lua except
// to read the registry. Returns a stable pointer.
TypeInfo* info_of(State* st, TypeId id);
inline TypeInfo* base_of(State* st, TypeInfo* info) {
  if (info->base == nullptr) info->base = info_of(st, info->base_id);
  return info->base;
}

inline bool is_function_pointer(State* st, TypeInfo* info) {
  return info->rep == Rep::pointer && base_of(st, info)->kind == Kind::function;
}
inline TypeInfo* info_of(State* st, Scalar s) {
  return info_of(st, scalar_type(s));
}
// The info of `void *`; made when the state opened.
TypeInfo* void_pointer(State* st);
// When a record is completed or a metatype is set, views built before are brought up to date.
void refresh_infos(State* st);

// The info that holds the metatype of a type: the canonical record, complex or enum; of a pointer or reference, its
// pointee's. Null: a type that cannot have one.
TypeInfo* metatype_holder(State* st, TypeInfo* info);

}  // namespace ferry::lua
