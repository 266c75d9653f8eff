// ffi.release: the end of what a cdata owns, when the program says so and not when the collector finds it.
#include "ctype/spell.h"
#include "lua/api/functions.h"
#include "lua/calls/async.h"
#include "lua/calls/callback.h"
#include "lua/objects/metatype.h"
#include "lua/state/anchor.h"
#include "lua/state/check.h"
#include "lua/state/raise.h"
#include "lua/state/type_info.h"

namespace ferry::lua {

namespace {

// `released T`, the type of what was a T: a struct of which nothing is declared. No path that is written for T takes
// it.
TypeInfo* released_type(lua_State* L, State* st, TypeInfo* info) {
  if (info->released == nullptr && !without_exceptions(st, [&] {
        const NameId name = st->types->intern("released " + spell(*st->types, info->id));
        const TypeId id = st->types->new_record(kNoName, false);
        st->types->name_by_typedef(id, name);
        info->released = info_of(st, id);
        info->released->is_end = true;
        return true;
      })) {
    raise_error(L, st);
  }
  return info->released;
}

void set_released(CData* cd, const TypeInfo* type) {
  const unsigned kept = cd->flags & (kHasParent | kHasExtras | kIntoSlot);
  cd->flags = static_cast<uint16_t>(kept | kReleased | kFinalised);
  cd->type = type->id;
  cd->bits = 0;
}

// Whether the collector would call the metatype's __gc.
bool has_gc_event(lua_State* L, int idx) {
  if (lua_getmetatable(L, idx) == 0) return false;
  lua_pushliteral(L, "__gc");
  lua_rawget(L, -2);
  const bool found = !lua_isnil(L, -1);
  lua_pop(L, 2);
  return found;
}

// Pushes what is to be called with the object at 1, which is not called again; false: nothing.
bool take_any_finaliser(lua_State* L, State* st, CData* cd) {
  if ((cd->flags & kFinalised) != 0) return false;
  take_finaliser(L, st, 1);
  if (!lua_isnil(L, -1)) return true;
  lua_pop(L, 1);
  return has_gc_event(L, 1) && push_metamethod(L, st, 1, "__gc");
}

// The pointer at 1 has an end, but others point where it does: from now on another pointer has its finaliser, which
// goes when they have gone. What may raise comes first.
void hand_over(lua_State* L, State* st, TypeInfo* info, CData* cd) {
  CData* heir = push_pointer(L, st, info, cd->pointer);
  heir->flags |= kFinalised;
  use_gc_metatable(L, st, 2, info);
  keep_in_extras(L, st, 2, 1);
  keep_in_extras(L, st, 1, 2);
  take_finaliser(L, st, 1);
  set_finaliser(L, st, 2, 3);
  heir->flags &= static_cast<uint16_t>(~kFinalised);
}

int push_whether(lua_State* L, bool result) {
  lua_pushboolean(L, result);
  return 1;
}

}  // namespace

// release(cdata): true: what it owned has ended; false: it had before, or does when nothing points into it any more.
int l_release(lua_State* L) {
  State* st = open_call(L);
  CData* cd = to_cdata(L, st, 1);
  if (cd == nullptr) raise_expected(L, st, 1, "cdata");
  lua_settop(L, 1);
  luaL_checkstack(L, 12, nullptr);
  if ((cd->flags & kReleased) != 0) return push_whether(L, false);
  if ((cd->flags & kIsCallback) != 0) {
    if (is_freed_callback(st, cd->pointer)) return push_whether(L, false);
    l_callback_free(L);
    return push_whether(L, true);
  }
  require_unused(L, st, 1);
  TypeInfo* info = info_of(st, cd->type);
  const bool has_memory = (cd->flags & (kOwned | kInSlot)) == kOwned;
  const bool has_finaliser = (cd->flags & kFinalised) == 0 && is_finalised(L, st, 1);
  if (!has_memory && !has_finaliser) {
    raise_argument(L, 1, "'%s' owns nothing: only objects that Ferry made, and pointers with a finaliser, are released",
                   type_name(st, cd->type));
  }
  const bool checks = st->check != nullptr;
  const char* made_at = checks ? place_of(L, st, 1) : "";
  const char* here = checks ? current_place(L, st) : "";
  const TypeInfo* after = checks ? released_here(L, st, info, made_at, here) : released_type(L, st, info);
  if (!has_memory && (cd->flags & kShared) != 0) {
    hand_over(L, st, info, cd);
    set_released(cd, after);
    if (checks) end_derived(L, st, 1, info, made_at, here);
    return push_whether(L, false);
  }
  int status = 0;
  if (take_any_finaliser(L, st, cd)) {
    cd->flags |= kFinalised;
    lua_pushvalue(L, 1);
    status = lua_pcall(L, 1, 0, 0);
  }
  if (!st->closed() && (cd->flags & kReleased) == 0) {
    if (checks && has_memory) end_block(L, st, 1);
    set_released(cd, after);
    if (checks) end_derived(L, st, 1, info, made_at, here);
  }
  if (status != 0) lua_error(L);
  if (!st->closed() && checks && take_finding(st)) raise_error(L, st);
  return push_whether(L, true);
}

}  // namespace ferry::lua
