// A Lua value as conversions see it: classified once, whatever asks afterwards.
#pragma once

#include "lua/state/cdata.h"
#include "lua/state/state.h"

namespace ferry::lua {

struct Source {
  enum class Kind : int8_t {  // Lua's own types, and what Ferry tells apart in them
    nil = LUA_TNIL,
    boolean = LUA_TBOOLEAN,
    number = LUA_TNUMBER,
    string = LUA_TSTRING,
    table = LUA_TTABLE,
    light = LUA_TLIGHTUSERDATA,  // `address` is its value
    userdata = LUA_TUSERDATA,    // not Ferry's; `address` is its block
    function = LUA_TFUNCTION,
    cdata = 64,  // `info` and `address` are those of the C object, references followed
    ctype,       // `cdata` is the object
    own,         // Ferry's, but no C object (own.h)
    c_function,  // calls the C function of type `info` at `address`
  };
  Kind kind;
  int idx;  // where it lies on the stack, as it was given
  CData* cdata;
  TypeInfo* info;
  void* address;  // of a cdata: null is a NULL reference (require_object)
};

// For userdata and functions (source.cpp).
Source classify_closely(lua_State* L, State* st, int idx, int type);

// The value at idx, of which lua_type() says `type`. Raises nothing.
inline Source classify(lua_State* L, State* st, int idx, int type) {
  if (type == LUA_TUSERDATA || type == LUA_TFUNCTION || type == LUA_TLIGHTUSERDATA) {
    return classify_closely(L, st, idx, type);
  }
  return Source{static_cast<Source::Kind>(type), idx, nullptr, nullptr, nullptr};
}
inline Source classify(lua_State* L, State* st, int idx) {
  return classify(L, st, idx, lua_type(L, idx));
}
// The same for a cdata that is known as one.
inline Source classify(State* st, CData* cd, int idx) {
  Source value{Source::Kind::cdata, idx, cd, nullptr, nullptr};
  value.address = resolve_nullable(st, cd, &value.info);
  return value;
}

// Raises for a cdata that refers to NULL: it has no value.
inline void require_object(lua_State* L, State* st, const Source& value) {
  TypeInfo* info;
  if (value.address == nullptr) resolve(L, st, value.cdata, &info);
}

// Whether of the type are the bytes that a string consists of: `char` and its like.
inline bool is_byte(const TypeInfo* info) {
  return info->kind == Kind::integer && info->size == 1;
}

// Whether the pointer type takes a Lua string's bytes without a cast: C must not write to them. Compiled calls go by
// the same answer.
inline bool takes_string(State* st, TypeInfo* pointer) {
  const TypeInfo* to = base_of(st, pointer);
  return (to->quals & kConst) != 0 && (to->kind == Kind::void_ || is_byte(to));
}

// The constant of the enum that the string at idx names; null: none.
const NamedConstant* enum_constant(lua_State* L, State* st, const TypeInfo* enumeration, int idx);

}  // namespace ferry::lua
