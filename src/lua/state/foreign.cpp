// Types of another target, as userdata (foreign.h).
#include "lua/state/foreign.h"

#include "ctype/spell.h"
#include "lua/state/guarded.h"
#include "lua/state/own.h"
#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

int foreign_gc(lua_State* L) {
  auto* type = static_cast<ForeignType*>(lua_touserdata(L, 1));
  release(type->of);
  type->of = nullptr;
  return 0;
}

int foreign_tostring(lua_State* L) {
  State* st = open_call(L);
  const char* shown = describe_value(L, st, 1);
  lua_pushstring(L, shown);
  return 1;
}

int foreign_eq(lua_State* L) {
  const State* st = open_call(L);
  const ForeignType* a = to_foreign_type(L, st, 1);
  const ForeignType* b = to_foreign_type(L, st, 2);
  lua_pushboolean(L, a != nullptr && b != nullptr && a->of == b->of && a->id == b->id);
  return 1;
}

// Calls, members: what an object would be needed for.
int foreign_refusal(lua_State* L) {
  State* st = open_call(L);
  raise(L, "'%s': there are no objects of another target's types", describe_value(L, st, 1));
}

constexpr luaL_Reg kEvents[] = {
    {"__tostring", guarded<foreign_tostring>}, {"__eq", guarded<foreign_eq>},
    {"__call", guarded<foreign_refusal>},      {"__index", guarded<foreign_refusal>},
    {"__newindex", guarded<foreign_refusal>},  {nullptr, nullptr},
};

void push_metatable(lua_State* L, State* st) {
  if (st->api.foreign_metatable != 0) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, st->api.foreign_metatable);
    return;
  }
  lua_createtable(L, 0, 8);
  lua_pushcfunction(L, foreign_gc);
  lua_setfield(L, -2, "__gc");
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
  set_functions(L, kEvents, 1);
  keep_metatable(L, "type of another target", &st->api.foreign_metatable);
}

}  // namespace

void release(Foreign* foreign) {
  if (foreign != nullptr && --foreign->owners == 0) delete foreign;
}

void push_foreign_type(lua_State* L, State* st, Foreign* of, TypeId id) {
  luaL_checkstack(L, 6, nullptr);
  auto* type = static_cast<ForeignType*>(new_userdata(L, sizeof(ForeignType)));
  *type = {nullptr, id};
  push_metatable(L, st);
  lua_setmetatable(L, -2);
  type->of = of;
  ++of->owners;
}

const ForeignType* to_foreign_type(lua_State* L, const State* st, int idx) {
  const auto* type = static_cast<const ForeignType*>(own_at(L, idx, st->api.foreign_metatable));
  return type != nullptr && type->of != nullptr ? type : nullptr;
}

std::string shown_name(const ForeignType& type) {
  return "ctype<" + spell(type.of->types, type.id) + "> of " + type.of->target;
}

}  // namespace ferry::lua
