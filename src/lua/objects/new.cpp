// Makes objects (new.h).
#include "lua/objects/new.h"
#include "lua/state/guarded.h"

#include "lua/calls/c_function.h"
#include "lua/calls/callback.h"
#include "lua/objects/ctype_arg.h"
#include "lua/objects/metatype.h"
#include "lua/state/anchor.h"
#include "lua/state/direct.h"
#include "lua/state/restrict.h"
#include "lua/values/from_c.h"
#include "lua/values/initialise.h"
#include "lua/values/numbers.h"
#include "lua/values/strict.h"

namespace ferry::lua {

namespace {

[[noreturn]] void unknown_size(lua_State* L, State* st, TypeInfo* info) {
  if (info->rep == Rep::array && info->count == kFlexible && base_of(st, info)->size != 0) {
    const char* element = type_name(st, info->base_id);
    raise(L, "size of C type '%s' is unknown: ffi.new(\"%s[?]\", n, ...) makes one of n elements",
          type_name(st, info->id), element);
  }
  raise(L, "size of C type '%s' is unknown or too large", type_name(st, info->id));
}

// A Lua function that is to become a callback (functions of shared libraries are C functions already).
bool is_lua_callback(lua_State* L, State* st, TypeInfo* info, int idx) {
  if (lua_type(L, idx) != LUA_TFUNCTION || !is_function_pointer(st, info)) return false;
  return function_record(L, idx) == nullptr;
}

// Pushes a pointer or reference of the type, converted from the value at idx, which it keeps alive with what it points
// into. A number is no owner.
CData* push_converted_pointer(lua_State* L, State* st, TypeInfo* info, int idx, const Place& place, unsigned mode) {
  const Source from = classify(L, st, idx);
  const bool is_cdata = from.kind == Source::Kind::cdata;
  void* slot = is_cdata && (from.cdata->flags & kInSlot) != 0 ? from.cdata->address() : nullptr;
  void* value;
  TypeId pointee;
  const bool points = !is_cdata || pointer_value(from.info, from.address, &value, &pointee);
  const bool keeps = points && worth_keeping(L, st, idx);
  const bool may_refer = info->rep == Rep::reference && slot != nullptr;  // `const int &` to a boxed number
  CData* cd = keeps || may_refer ? push_open_pointer(L, st, info) : new_cdata(L, st, info);
  write_any(L, st, info, cd->address(), from, place, TargetOwner{}, mode);
  if (may_refer && cd->pointer == slot) {
    set_slot_parent(L, st, -1, idx);
  } else if (keeps) {
    set_parent(L, st, -1, idx);
  }
  return cd;
}

// Who makes an object: ffi.new, a ctype that is called, what ffi.constructor returned.
enum class Maker : uint8_t { ffi_new, ctype, constructor };

// Pushes a new object of the type, initialised from the arguments first..top.
int construct(lua_State* L, State* st, TypeInfo* info, int first, Maker maker) {
  if (info->rep == Rep::none || info->rep == Rep::function ||
      ((info->type_flags & kIncomplete) != 0 && info->rep != Rep::reference)) {
    unknown_size(L, st, info);
  }
  uint64_t size = info->size;
  if ((info->type_flags & kVariable) != 0) {
    // Lua code does not count the ctype, nor does luaL_argerror of 5.5 if that is what was called.
    const bool counted = maker == Maker::ffi_new || (maker == Maker::ctype && kLuaVersion >= 505);
    const int hidden = counted ? 0 : 1;
    if (lua_isnoneornil(L, first) || lua_istable(L, first) || lua_type(L, first) == LUA_TSTRING) {
      raise_argument(L, first - hidden, "number of elements expected for '%s', got %s", type_name(st, info->id),
                     describe_value(L, st, first));
    }
    const uint64_t count = check_count(L, st, first++, hidden);
    if (!variable_type_size(st, info, count, &size)) {
      raise_argument(L, first - 1 - hidden, "size of C type '%s' with %llu elements is unknown or too large",
                     type_name(st, info->id), static_cast<unsigned long long>(count));
    }
  }
  const int last = lua_gettop(L);
  if (first == last && is_lua_callback(L, st, info, first)) {
    push_callback(L, st, info, first);
    return 1;
  }
  luaL_checkstack(L, 8, nullptr);
  // A constructor's first argument is the ctype, which Lua code does not count; it goes by the type's name.
  Place place{Place::Kind::argument, first, "new", kNoType};
  if (maker != Maker::ffi_new) place = {Place::Kind::argument, first - 1, nullptr, info->id};
  if (first == last && (info->rep == Rep::pointer || info->rep == Rep::reference)) {
    push_converted_pointer(L, st, info, first, place, kInitialiser | kSourceKept);
    return 1;
  }
  CData* cd = new_cdata(L, st, info, size);
  if (first <= last) {
    initialise(L, st, info, cd->address(), size, first, last, last + 1, place);
    lua_settop(L, last + 1);
  }
  if (info->metatype != 0) attach_metatype_gc(L, st, info);
  return 1;
}

// Calls the metatype's __new with the ctype and the arguments first..top; false if there is none.
bool call_new(lua_State* L, State* st, TypeInfo* info, int first) {
  if (info->metatype == 0 || info->rep == Rep::pointer) return false;
  lua_rawgeti(L, LUA_REGISTRYINDEX, info->metatype);
  lua_pushliteral(L, "__new");
  lua_rawget(L, -2);
  lua_remove(L, -2);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return false;
  }
  const int last = lua_gettop(L) - 1;
  luaL_checkstack(L, last + 4, nullptr);
  push_ctype(L, st, info->id);
  for (int i = first; i <= last; ++i) lua_pushvalue(L, i);
  lua_call(L, last - first + 2, 1);
  return true;
}

bool count_of(double number, uint64_t* count) {
  *count = number < 18446744073709551616.0 && number >= 0 ? static_cast<uint64_t>(number) : ~uint64_t{0};
  return number >= 0;
}

}  // namespace

bool count_argument(lua_State* L, State* st, int arg, uint64_t* count, int hidden) {
  if (lua_type(L, arg) == LUA_TNUMBER) {
    if (st->strict) require_whole(L, st, arg, "size");
    int64_t value;
    if (exact_integer(L, arg, &value)) {
      *count = static_cast<uint64_t>(value);
      return value >= 0;
    }
    return count_of(lua_tonumber(L, arg), count);
  }
  if (CData* cd = to_cdata(L, st, arg)) {
    TypeInfo* info;
    const void* at = resolve(L, st, cd, &info);
    if (info->rep >= Rep::i8 && info->rep <= Rep::u64) {
      const bool is_unsigned = (info->type_flags & kUnsigned) != 0;
      const int64_t value = load_int(at, info->size, is_unsigned);
      *count = static_cast<uint64_t>(value);
      return is_unsigned || value >= 0;
    }
    if (info->rep == Rep::f64) return count_of(load<double>(at), count);
    if (info->rep == Rep::f32) return count_of(static_cast<double>(load<float>(at)), count);
  }
  raise_argument(L, arg - hidden, "cannot convert '%s' to 'size_t'", describe_value(L, st, arg));
}

uint64_t check_count(lua_State* L, State* st, int arg, int hidden) {
  uint64_t count;
  if (!count_argument(L, st, arg, &count, hidden)) raise_argument(L, arg - hidden, "size must not be negative");
  return count;
}

bool variable_type_size(State* st, TypeInfo* info, uint64_t count, uint64_t* size) {
  TypeInfo* array = info;
  while (array->rep == Rep::record) {
    const Record& r = st->types->record(array->id);
    if (r.fields.empty()) return false;
    array = info_of(st, r.fields.back().type);
  }
  const uint64_t element = base_of(st, array)->size;
  const uint64_t fixed = info->rep == Rep::record ? info->size : 0;
  if (element != 0 && count > (kMaxHostObject - fixed) / element) return false;
  *size = fixed + element * count;
  return true;
}

namespace {

int new_generally(lua_State* L) {
  State* st = state_of(L);
  TypeInfo* info = info_of(st, check_ctype(L, st, 1));
  if (info->block != 0 && info->metatype == 0 && lua_gettop(L) == 1) {
    push_object(L, st, info);
    return 1;
  }
  return construct(L, st, info, 2, Maker::ffi_new);
}

}  // namespace

int l_new(lua_State* L) {
  State* st = open_call(L);
  if (st->stack.valid) {
    const DirectStack stack(L);
    if (stack.has_only(1) && stack.block(1) != nullptr && stack.metatable(1) == st->metatables.ctype_address) {
      TypeInfo* info = st->infos[static_cast<CData*>(stack.block(1))->type];
      if (info->block != 0 && info->metatype == 0) {
        push_object(L, st, info);
        return 1;
      }
    }
  }
  return guarded<new_generally>(L);
}

namespace {

// Upvalues of l_construct and l_construct_one besides the State. Most objects get the plain metatable of records; by
// the API, an upvalue is quicker than the registry. Only the second has a ctype.
constexpr int kNewName = 2, kGcName = 3, kRecordMetatable = 4, kCType = 5;

int construct_from(lua_State* L, Maker maker) {
  State* st = state_of(L);
  CData* ct = to_ctype(L, st, 1);
  if (ct == nullptr) raise_argument(L, 1, "ctype expected, got %s", luaL_typename(L, 1));
  TypeInfo* info = info_of(st, ct->type);
  if (call_new(L, st, info, 2)) return 1;
  return construct(L, st, info, 2, maker);
}

// Whether the metatype has neither __new nor __gc; leaves values on the stack.
template <class Stack>
bool is_plain_metatype(lua_State* L, Stack& stack, TypeInfo* info) {
  stack.push_reference(info->metatype, &info->metatype_at);
  stack.push_upvalue(kNewName);
  if (raw_get(L, -2) != LUA_TNIL) return false;
  stack.push_upvalue(kGcName);
  return raw_get(L, -3) == LUA_TNIL;
}

// Pushes a new object without initialisers, if that takes nothing but zeroing; false: values may be left on the stack.
template <class Stack>
inline bool construct_plain(lua_State* L, State* st, Stack& stack, TypeInfo* info) {
  if (info->block == 0 || (info->metatype != 0 && !is_plain_metatype(L, stack, info))) return false;
  start_object(L, info);
  if (std::is_same_v<Stack, ApiStack> && info->metatable == st->metatables.record) {
    stack.push_upvalue(kRecordMetatable);
  } else {
    stack.push_reference(info->metatable, &info->metatable_at);
  }
  lua_setmetatable(L, -2);
  return true;
}

// The ctype's metatable is hidden, so argument 1 is one; the guard is for the debug library and closed states.
template <class Stack>
int l_construct(lua_State* L) {
  Stack stack(L);
  if (stack.has_only(1)) {
    const auto* ct = static_cast<CData*>(stack.block(1));
    if (ct != nullptr && ct->guard == kGuard && ct->flags == kIsCType) {
      auto* st = static_cast<State*>(ct->data);
      if (st->guard == kGuard && construct_plain(L, st, stack, st->infos[ct->type])) return 1;
      lua_settop(L, 1);
    }
  }
  return construct_from(L, Maker::ctype);
}

// What ffi.constructor returns.
template <class Stack>
int l_construct_one(lua_State* L) {
  Stack stack(L);
  const auto* ct = static_cast<CData*>(stack.upvalue_block(kCType));
  auto* st = static_cast<State*>(ct->data);
  if (ct->guard != st->guard) raise_closed(L);
  if (stack.has_only(0)) {
    if (construct_plain(L, st, stack, st->infos[ct->type])) return 1;
    lua_settop(L, 0);
  }
  luaL_checkstack(L, 1, nullptr);
  lua_pushvalue(L, lua_upvalueindex(kCType));
  lua_insert(L, 1);
  return construct_from(L, Maker::constructor);
}

void push_constructor_upvalues(lua_State* L, State* st) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
  lua_pushliteral(L, "__new");
  lua_pushliteral(L, "__gc");
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->metatables.record);
}

}  // namespace

void set_constructor(lua_State* L, State* st) {
  push_constructor_upvalues(L, st);
  lua_pushcclosure(L, st->stack.valid ? guarded<l_construct<DirectStack>> : guarded<l_construct<ApiStack>>,
                   kRecordMetatable);
  lua_setfield(L, -2, "__call");
}

int l_constructor(lua_State* L) {
  State* st = open_call(L);
  const TypeId type = check_ctype(L, st, 1);
  push_constructor_upvalues(L, st);
  push_ctype(L, st, type);
  lua_pushcclosure(L, st->stack.valid ? guarded<l_construct_one<DirectStack>> : guarded<l_construct_one<ApiStack>>,
                   kCType);
  return 1;
}

namespace {

// Whether the value is a number, of Lua or C.
bool is_arithmetic(lua_State* L, State* st, int idx) {
  if (lua_type(L, idx) == LUA_TNUMBER || lua_type(L, idx) == LUA_TBOOLEAN) return true;
  const CData* cd = to_cdata(L, st, idx);
  if (cd == nullptr) return false;
  const Rep rep = resolved_type(st, cd)->rep;
  return is_native_rep(rep) || (rep >= Rep::i128 && rep <= Rep::complex);
}

int cast(lua_State* L, State* st, bool restricted) {
  TypeInfo* info = info_of(st, check_ctype(L, st, 1));
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  if (!(is_native_rep(info->rep) || (info->rep >= Rep::pointer && info->rep <= Rep::reference)) ||
      info->rep == Rep::vector) {
    raise_argument(L, 1, "cannot cast to '%s'", type_name(st, info->id));
  }
  if (CData* cd = to_cdata(L, st, 2);
      cd != nullptr && cd->type == info->id && (cd->flags & (kIsReference | kLent)) == 0)
    return 1;
  if (is_lua_callback(L, st, info, 2)) {
    push_callback(L, st, info, 2);
    return 1;
  }
  const Place place{Place::Kind::argument, 2, "cast", kNoType};
  if (info->rep == Rep::pointer || info->rep == Rep::reference) {
    push_converted_pointer(L, st, info, 2, place, restricted ? kAssign : kCast);
  } else {
    const Mode mode = restricted && !is_arithmetic(L, st, 2) ? kAssign : kCast;
    CData* cd = new_cdata(L, st, info);
    write_any(L, st, info, cd->address(), 2, place, TargetOwner{}, mode);
  }
  lua_settop(L, 3);
  return 1;
}

}  // namespace

// In a state without casts it converts as assignments do, numbers as ever.
int l_cast(lua_State* L) {
  State* st = open_call(L);
  return cast(L, st, casts_are_restricted(st));
}

int l_own_cast(lua_State* L) {
  return cast(L, open_call(L), false);
}

}  // namespace ferry::lua
