// Finds the type that a `ct` argument stands for (ctype_arg.h).
#include "lua/objects/ctype_arg.h"

#include <cstring>

#include "cparse/parser.h"
#include "lua/calls/c_function.h"
#include "lua/objects/inline_function.h"
#include "lua/objects/parameters.h"
#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

// Type texts made at run time ("char[" .. n .. "]") must not grow the cache without bound: beyond this it starts anew.
constexpr int kMaxCachedTexts = 2000;

TypeId parse_text(lua_State* L, State* st, int idx, int first_param, int* used_params) {
  size_t length;
  const char* text = lua_tolstring(L, idx, &length);
  const std::string_view view(text, length);
  const bool cacheable = view.find('{') == std::string_view::npos && view.find('$') == std::string_view::npos;
  luaL_checkstack(L, 6, nullptr);
  if (cacheable) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, st->caches.parsed);
    lua_pushvalue(L, idx);
    lua_rawget(L, -2);
    const auto id = static_cast<TypeId>(lua_tonumber(L, -1));
    lua_pop(L, 2);
    if (id != kNoType) return id;
  }
  TypeId id = kNoType;
  if (!parse_type_text(L, st, view, first_param, used_params, &id)) raise_error(L, st);
  if (cacheable) {
    if (++st->caches.parsed_count > kMaxCachedTexts) clear_parse_cache(L, st);
    lua_rawgeti(L, LUA_REGISTRYINDEX, st->caches.parsed);
    lua_pushvalue(L, idx);
    lua_pushnumber(L, id);
    lua_rawset(L, -3);
    lua_pop(L, 1);
  }
  return id;
}

}  // namespace

void clear_parse_cache(lua_State* L, State* st) {
  lua_newtable(L);
  lua_rawseti(L, LUA_REGISTRYINDEX, st->caches.parsed);
  st->caches.parsed_count = 0;
}

TypeId check_ctype(lua_State* L, State* st, int idx, int first_param, int* used_params) {
  if (used_params != nullptr) *used_params = 0;
  switch (lua_type(L, idx)) {
    case LUA_TSTRING:
      return parse_text(L, st, idx, first_param, used_params);
    case LUA_TUSERDATA:
      if (CData* ct = to_ctype(L, st, idx)) return ct->type;
      if (CData* cd = to_cdata(L, st, idx)) {
        require_unreleased(L, st, cd);
        return cd->type;
      }
      break;
    case LUA_TFUNCTION:
      if (FunctionRecord* record = function_record(L, idx); record != nullptr && record->st == st)
        return record->type->id;
      if (const TypeId type = inline_function_type(L, st, idx); type != kNoType) return type;
      break;
    default:
      break;
  }
  raise_argument(L, idx, "C type expected, got %s", describe_value(L, st, idx));
}

}  // namespace ferry::lua
