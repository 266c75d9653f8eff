// Classifies Lua values (source.h).
#include "lua/values/source.h"

#include "lua/state/own.h"
#include "lua/values/functions.h"

namespace ferry::lua {

Source classify_closely(lua_State* L, State* st, int idx, int type) {
  Source value{static_cast<Source::Kind>(type), idx, nullptr, nullptr, nullptr};
  if (type == LUA_TFUNCTION) {
    value.address = function_address(L, idx, &value.info);
    if (value.address != nullptr) value.kind = Source::Kind::c_function;
    return value;
  }
  if (type == LUA_TUSERDATA) {
    value.cdata = to_cdata(L, st, idx);
    if (value.cdata != nullptr) return classify(st, value.cdata, idx);
    value.cdata = to_ctype(L, st, idx);
    if (value.cdata != nullptr) {
      value.kind = Source::Kind::ctype;
      return value;
    }
    if (own_name(L, idx) != nullptr) {
      value.kind = Source::Kind::own;
      return value;
    }
  }
  value.address = lua_touserdata(L, idx);
  return value;
}

const NamedConstant* enum_constant(lua_State* L, State* st, const TypeInfo* enumeration, int idx) {
  size_t length = 0;
  const char* text = lua_tolstring(L, idx, &length);
  const NameId name = st->types->find_name({text, length});
  if (name == kNoName) return nullptr;
  for (const NamedConstant& constant : st->types->enumeration(enumeration->id).constants) {
    if (constant.name == name) return &constant;
  }
  return nullptr;
}

}  // namespace ferry::lua
