// What is made from an object ends with it, in the checking mode (check.h): references and pointers become objects of a
// type that refuses to be used and is named after what they were.
#include "ctype/spell.h"
#include "lua/state/anchor.h"
#include "lua/state/check.h"
#include "lua/state/raise.h"
#include "lua/state/type_info.h"

namespace ferry::lua {

namespace {

// Types are for ever: beyond so many the lines are not told any more.
constexpr size_t kMaxEndTypes = 4000;

// The type of that name; `shorter` where there are too many. Throws.
TypeInfo* type_named(State* st, std::string name, const std::string& shorter) {
  auto& types = st->check->types;
  if (types.size() >= kMaxEndTypes && types.find(name) == types.end()) name = shorter;
  TypeInfo*& made = types[name];
  if (made == nullptr) {
    const TypeId id = st->types->new_record(kNoName, false);
    st->types->name_by_typedef(id, st->types->intern(name));
    made = info_of(st, id);
    made->is_end = true;
  }
  return made;
}

// A finaliser that it has is called all the same.
void end_one(lua_State* L, State* st, CData* cd, const char* how) {
  const TypeInfo* info = info_of(st, cd->type);
  const TypeInfo* after = nullptr;
  if (!without_exceptions(st, [&] {
        const std::string name = spell(*st->types, info->id);
        after = type_named(st, name + " " + how, name + " whose object has ended");
        return true;
      })) {
    raise_error(L, st);
  }
  const unsigned kept = cd->flags & (kHasParent | kHasExtras | kIntoSlot | kFinalised);
  cd->flags = static_cast<uint16_t>(kept | kReleased);
  cd->type = after->id;
  cd->bits = 0;
}

// Pushes what is known of the cdata at idx in Check::derived, below it that table.
void push_derived(lua_State* L, State* st, int idx) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->check->derived);
  lua_pushvalue(L, idx);
  lua_rawget(L, -2);
}

}  // namespace

TypeInfo* released_here(lua_State* L, State* st, const TypeInfo* info, const char* made_at, const char* ended_at) {
  TypeInfo* made = nullptr;
  if (!without_exceptions(st, [&] {
        const std::string name = "released " + spell(*st->types, info->id);
        made = type_named(st, name + " (made at " + made_at + ", released at " + ended_at + ")", name);
        return true;
      })) {
    raise_error(L, st);
  }
  return made;
}

void note_derived(lua_State* L, State* st, int ref, int parent) {
  luaL_checkstack(L, 8, nullptr);
  ref = abs_index(L, ref);
  parent = abs_index(L, parent);
  const int top = lua_gettop(L);
  push_derived(L, st, parent);
  if (lua_type(L, -1) == LUA_TSTRING) {
    end_one(L, st, static_cast<CData*>(lua_touserdata(L, ref)), lua_tostring(L, -1));
    lua_pushvalue(L, ref);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
    lua_settop(L, top);
    return;
  }
  if (!lua_istable(L, -1)) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, st->check->weak);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, parent);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
  }
  lua_pushvalue(L, ref);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  lua_settop(L, top);
}

void end_derived(lua_State* L, State* st, int idx, const char* how) {
  luaL_checkstack(L, 12, nullptr);
  idx = abs_index(L, idx);
  const int top = lua_gettop(L);
  lua_pushstring(L, how);
  // Those whose own are still to end.
  lua_newtable(L);
  const int text = top + 1, list = top + 2;
  lua_pushvalue(L, idx);
  lua_rawseti(L, list, 1);
  for (int count = 1; count > 0;) {
    lua_settop(L, list);
    lua_rawgeti(L, list, count--);
    const int object = lua_gettop(L);
    push_derived(L, st, object);
    const int derived = lua_gettop(L);
    lua_pushvalue(L, object);
    lua_pushvalue(L, text);
    lua_rawset(L, -4);
    if (!lua_istable(L, derived)) continue;
    lua_pushnil(L);
    while (lua_next(L, derived) != 0) {
      lua_pop(L, 1);
      auto* cd = static_cast<CData*>(lua_touserdata(L, -1));
      if ((cd->flags & kReleased) == 0) end_one(L, st, cd, lua_tostring(L, text));
      lua_pushvalue(L, -1);
      lua_rawseti(L, list, ++count);
    }
  }
  lua_settop(L, top);
}

void end_derived(lua_State* L, State* st, int idx, const TypeInfo* info, const char* made_at, const char* ended_at) {
  idx = abs_index(L, idx);
  lua_pushfstring(L, "from %s (made at %s, released at %s)", type_name(st, info->id), made_at, ended_at);
  end_derived(L, st, idx, lua_tostring(L, -1));
  lua_pop(L, 1);
}

}  // namespace ferry::lua
