// Conversion between C values in memory and Lua values, LuaJIT's table of conversions with SEMANTICS' additions.
#pragma once

#include "lua/state/raise.h"
#include "lua/state/state.h"

namespace ferry::lua {

// --- C -> Lua -----------------------------------------------------------------------------------

// Pushes the value of type `info` at `address`. Aggregates give a reference that keeps the object at `parent` (stack
// index, 0: nothing) alive. Raises only for void/incomplete types and out-of-memory.
void push_value(lua_State* L, State* st, TypeInfo* info, void* address, int parent);
void push_member(lua_State* L, State* st, const Member& member, void* record, int parent);
void push_constant(lua_State* L, State* st, const Constant& constant);

// --- Lua -> C -----------------------------------------------------------------------------------

// Writes the Lua value at idx as `info`'s type to `address` (memory form, info->size bytes; for variable-size types
// `size`). Raises raise_convert(place). Nothing is half-written: a table is converted to a temporary first when the
// target is visible. `owner` (stack index, 0: nobody) is the cdata that holds `address`: what a stored pointer points
// into is anchored there.
void write_value(lua_State* L, State* st, TypeInfo* info, void* address, int idx, const Place& place, int owner);
void write_member(lua_State* L, State* st, const Member& member, void* record, int idx, TypeInfo* record_info,
                  int owner);

// ffi.new's initialisers: arguments first..last for a fresh zeroed object of `size` bytes at `address`. `place`: of the
// first argument, for messages about the whole object.
void initialise(lua_State* L, State* st, TypeInfo* info, void* address, uint64_t size, int first, int last, int owner,
                const Place& place);

// ffi.cast: writes the value at idx as `info` (a scalar, pointer, reference or enum) with C's cast rules.
void cast_value(lua_State* L, State* st, TypeInfo* info, void* address, int idx, const Place& place);

// Number -> integer of `size` bytes as SEMANTICS says (wraps through 64 bits; out-of-range values fixed).
int64_t number_to_integer(double value, size_t size);
// The integer value of a number on the stack for a target of `size` bytes.
inline int64_t integer_at(lua_State* L, int idx, size_t size) {
  int64_t exact;
  if (exact_integer(L, idx, &exact)) return exact;
  return number_to_integer(lua_tonumber(L, idx), size);
}
// Reads / writes an integer of `size` 1,2,4,8 bytes in memory form.
int64_t load_int(const void* address, size_t size, bool is_unsigned);
void store_int(void* address, size_t size, int64_t value);
// Any arithmetic C value at `address` (bool to f128, enums; complex: real part) as a double.
double load_double(State* st, TypeInfo* info, const void* address);

// _Float16 and _Float128 (floats.cpp).
double load_f16(const void* address);
// double -> __int128, the lowest value where it does not fit.
void store_int128(void* address, double value);
void store_f16(void* address, double value);
double load_f128(const void* address);
long double load_f128_long(const void* address);
void store_f128(void* address, long double value);

// Whether a pointer (or array, record, function) of type `source` may become a pointer of type `target` without a cast:
// LuaJIT's rules. ignore_quals: for istype.
bool pointer_compatible(State* st, TypeId target, TypeId source, bool ignore_quals);

// Where a cdata points: arrays, records and functions: their address; pointers: the value. References are followed.
// False for anything else.
bool pointer_value(State* st, CData* cd, void** out, TypeId* pointee);

// A ct argument: C text, ctype or cdata (its type). Raises. `$` parameters of the text are arguments first_param and up
// to the top; *used_params receives how many were used.
TypeId check_ctype(lua_State* L, State* st, int idx, int first_param = 0, int* used_params = nullptr);

}  // namespace ferry::lua
