// Metatables of cdata and ctypes, and the dispatch of events to the user's metatype (metatype.h).
// What indexing does is in index.cpp, arithmetic in arith.cpp.
#include "lua/objects/metatype.h"
#include "lua/state/guarded.h"

#include <algorithm>
#include <cstdio>

#include "lua/calls/callback.h"
#include "lua/calls/thunks.h"
#include "lua/host/pointer_set.h"
#include "lua/objects/access.h"
#include "lua/objects/arith.h"
#include "lua/objects/index.h"
#include "lua/objects/new.h"
#include "lua/objects/text.h"
#include "lua/state/anchor.h"
#include "lua/state/check.h"
#include "lua/state/type_info.h"
#include "os/process.h"

namespace ferry::lua {

namespace {

int l_closed(lua_State* L) {
  raise_closed(L);
}

// Errors of finalisers have nobody to be raised to. Warnings are off where nobody has turned them on, so the first
// error of a process is told where Lua tells its own.
void tell_failed(lua_State* L, const char* text) {
  static bool told = false;
  if (!__atomic_exchange_n(&told, true, __ATOMIC_RELAXED)) {
    char line[512];
    const int length = std::snprintf(line, sizeof line, "ffi: %s (later ones are %s)\n", text,
                                     kLuaVersion >= 504 ? "warnings, see Lua's warn" : "not told");
    if (length > 0) os::write_standard_error(line, std::min(static_cast<size_t>(length), sizeof line - 1));
    return;
  }
  lua_warn(L, text);
}

// Finalisers: what ffi.gc set, else the metatype's __gc. Errors never propagate. Nobody asked for them at this moment,
// so errno stays as the program's last call left it.
int l_gc(lua_State* L) {
  State* st = state_of(L);
  if (st->closed()) return 0;
  const os::LastError kept_error = st->gate->saved_error;
  CData* cd = to_cdata(L, st, 1);
  if (cd == nullptr || (cd->flags & kFinalised) != 0) return 0;
  take_finaliser(L, st, 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    if (!push_metamethod(L, st, 1, "__gc")) return 0;
  }
  cd->flags |= kFinalised;
  lua_pushvalue(L, 1);
  ++st->finalising;
  const int status = lua_pcall(L, 1, 0, 0);
  --st->finalising;
  if (status != 0) {
    if (lua_type(L, -1) == LUA_TSTRING) {
      lua_pushfstring(L, "error in a finaliser: %s", lua_tostring(L, -1));
    } else {
      lua_pushliteral(L, "error in a finaliser");
    }
    tell_failed(L, lua_tostring(L, -1));
  }
  if (!st->closed()) st->gate->saved_error = kept_error;
  return 0;
}

int l_call(lua_State* L) {
  State* st = state_of(L);
  CData* cd = to_cdata(L, st, 1);
  if (cd == nullptr) raise_argument(L, 1, "cdata expected, got %s", luaL_typename(L, 1));
  require_unreleased(L, st, cd);
  TypeInfo* info;
  void* at = resolve_nullable(st, cd, &info);
  TypeInfo* function = nullptr;
  void* address = nullptr;
  if (info->rep == Rep::function) {
    function = info;
    address = at;
  } else if (info->rep == Rep::pointer && base_of(st, info)->rep == Rep::function) {
    function = base_of(st, info);
    if (at != nullptr) std::memcpy(&address, at, sizeof address);
  }
  if (function != nullptr) {
    if (address == nullptr) raise(L, "attempt to call a NULL '%s'", type_name(st, info->id));
    if (is_freed_callback(st, address)) {
      const char* place = freed_callback_place(st, address);
      raise(L, "attempt to call a freed callback '%s'%s%s", type_name(st, info->id), place[0] != 0 ? " made at " : "",
            place);
    }
    return call_pointer(L, st, function, reinterpret_cast<call::CFunction>(address));
  }
  const int top = lua_gettop(L);
  if (push_metamethod(L, st, 1, "__call")) {
    lua_insert(L, 1);
    lua_call(L, top, LUA_MULTRET);
    return lua_gettop(L);
  }
  raise(L, "'%s' is not callable", type_name(st, cd->type));
}

// __close of a metatyped object (5.4+); the event stands in its metatable only if the metatype had it.
int l_close(lua_State* L) {
  State* st = state_of(L);
  lua_settop(L, 2);
  if (!push_metamethod(L, st, 1, "__close")) return 0;
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_call(L, 2, 0);
  return 0;
}

int iterate(lua_State* L, const char* event) {
  State* st = state_of(L);
  if (!call_metatype(L, st, event, 1, 3)) raise(L, "attempt to iterate over '%s'", describe_value(L, st, 1));
  return 3;
}
int l_pairs(lua_State* L) {
  return iterate(L, "__pairs");
}
int l_ipairs(lua_State* L) {
  return iterate(L, "__ipairs");
}

void set_event(lua_State* L, State* st, const char* event, lua_CFunction function) {
  push_function(L, st, function);
  lua_setfield(L, -2, event);
}

// Copies the functions shared by all metatables into the table on top.
void copy_events(lua_State* L, State* st) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->metatables.events);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -5);
  }
  lua_pop(L, 1);
}

// Notes the metatable on top for neutralise_metatables(). By its address: integer keys can be lost (add_reference).
void list_metatable(lua_State* L, State* st) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->metatables.list);
  lua_pushvalue(L, -2);
  rawset_p(L, -2, lua_topointer(L, -1));
  lua_pop(L, 1);
}

// Anchors the metatable on top and makes it known; pops it.
int adopt(lua_State* L, State* st) {
  const void* address = lua_topointer(L, -1);
  if (!without_exceptions(st, [&] {
        st->metatables.known->insert(address);
        return true;
      })) {
    raise_error(L, st);
  }
  st->gate->metatable_cache.insert(address);
  list_metatable(L, st);
  return add_reference(L);
}

int make_kind(lua_State* L, State* st, bool with_gc) {
  lua_createtable(L, 0, 24);
  copy_events(L, st);
  set_index_events(L, st);
  if (with_gc) set_event(L, st, "__gc", guarded<l_gc>);
  return adopt(L, st);
}

// The real metatable of a metatyped ctype: the built-in events, which look the metatype up live. A type has the same
// one for ever, whatever its metatype is.
int make_own(lua_State* L, State* st, bool with_gc) {
  lua_createtable(L, 0, 26);
  copy_events(L, st);
  set_index_events(L, st);
  if (with_gc) set_event(L, st, "__gc", guarded<l_gc>);
  return adopt(L, st);
}

// What the metatype, a table or nil, calls the type in messages and tostring().
void name_type(lua_State* L, State* st, TypeId type, int metatype) {
  const char* name = nullptr;
  if (lua_istable(L, metatype)) {
    lua_pushliteral(L, "__name");
    lua_rawget(L, metatype);
    if (lua_type(L, -1) == LUA_TSTRING) name = lua_tostring(L, -1);  // which the metatype keeps
    lua_pop(L, 1);
  }
  if (!without_exceptions(st, [&] {
        st->caches.names.erase((*st->types)[type].canonical);
        if (name != nullptr) st->caches.names[(*st->types)[type].canonical] = name;
        return true;
      })) {
    raise_error(L, st);
  }
}

// Gives it what Lua itself reads from a metatable, as the metatype says.
void set_own_events(lua_State* L, State* st, int metatable, int table) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, metatable);
  lua_pushliteral(L, "__name");
  lua_pushliteral(L, "__name");
  lua_rawget(L, table);
  if (lua_type(L, -1) != LUA_TSTRING) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
  lua_rawset(L, -3);
  if constexpr (kHasClose) {
    lua_pushliteral(L, "__close");
    lua_pushliteral(L, "__close");
    lua_rawget(L, table);
    const bool closes = !lua_isnil(L, -1);
    lua_pop(L, 1);
    if (closes) {
      push_function(L, st, guarded<l_close>);
    } else {
      lua_pushnil(L);
    }
    lua_rawset(L, -3);
  }
  lua_pop(L, 1);
}

}  // namespace

void make_metatables(lua_State* L, State* st, int) {
  luaL_checkstack(L, 10, nullptr);
  lua_newtable(L);
  st->metatables.list = add_reference(L);
  lua_newtable(L);
  for (const luaL_Reg* r = kArithmeticMetamethods; r->name != nullptr; ++r) set_event(L, st, r->name, r->func);
  set_event(L, st, "__tostring", guarded<l_tostring>);
  set_event(L, st, "__call", guarded<l_call>);
  if constexpr (kHasPairs) set_event(L, st, "__pairs", guarded<l_pairs>);
  if constexpr (kHasIpairs) set_event(L, st, "__ipairs", guarded<l_ipairs>);
  lua_pushliteral(L, "ffi");
  lua_setfield(L, -2, "__metatable");
  st->metatables.events = add_reference(L);

  st->metatables.record = make_kind(L, st, false);
  st->metatables.record_gc = make_kind(L, st, true);
  st->metatables.pointer = make_kind(L, st, false);
  st->metatables.pointer_gc = make_kind(L, st, true);
  st->metatables.value = make_kind(L, st, false);
  st->metatables.value_gc = make_kind(L, st, true);

  lua_createtable(L, 0, 8);
  set_constructor(L, st);
  set_event(L, st, "__index", guarded<l_ctype_index>);
  set_event(L, st, "__newindex", guarded<l_ctype_newindex>);
  set_event(L, st, "__tostring", guarded<l_tostring>);
  lua_pushliteral(L, "ffi");
  lua_setfield(L, -2, "__metatable");
  st->metatables.ctype_address = lua_topointer(L, -1);
  list_metatable(L, st);
  st->metatables.ctype = add_reference(L);
}

void neutralise_metatables(lua_State* L, State* st) {
  if (st->metatables.list == 0) return;  // the State was not completed
  const int top = lua_gettop(L);
  lua_checkstack(L, 8);
  lua_pushcfunction(L, l_closed);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->metatables.list);
  lua_pushnil(L);
  while (lua_next(L, top + 2) != 0) {
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
      const bool function = lua_isfunction(L, -1);
      lua_pop(L, 1);
      if (function) {
        lua_pushvalue(L, -1);
        lua_pushvalue(L, top + 1);
        lua_rawset(L, -4);
      }
    }
    lua_pop(L, 1);
  }
  lua_settop(L, top);
}

bool push_metamethod(lua_State* L, State* st, int idx, const char* event) {
  CData* cd = to_cdata(L, st, idx);
  if (cd == nullptr) return false;
  TypeInfo* info = info_of(st, cd->type);
  if (info->metatype == 0) return false;
  luaL_checkstack(L, 3, nullptr);
  lua_rawgeti(L, LUA_REGISTRYINDEX, info->metatype);
  lua_pushstring(L, event);
  lua_rawget(L, -2);
  lua_remove(L, -2);
  if (!lua_isnil(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

bool call_metatype(lua_State* L, State* st, const char* event, int nargs, int nresults) {
  if (!push_metamethod(L, st, 1, event) && !(nargs > 1 && push_metamethod(L, st, 2, event))) return false;
  luaL_checkstack(L, nargs + 1, nullptr);
  for (int i = 1; i <= nargs; ++i) lua_pushvalue(L, i);
  lua_call(L, nargs, nresults);
  return true;
}

void set_metatype(lua_State* L, State* st, TypeId type, int table) {
  TypeInfo* holder = metatype_holder(st, info_of(st, type));
  table = abs_index(L, table);
  luaL_checkstack(L, 8, nullptr);
  int user = 0;
  int plain = 0;
  int with_gc = 0;
  if (!lua_isnil(L, table)) {
    if (holder->own_metatable == 0) holder->own_metatable = make_own(L, st, false);
    if (holder->own_gc_metatable == 0) holder->own_gc_metatable = make_own(L, st, true);
    plain = holder->own_metatable;
    with_gc = holder->own_gc_metatable;
    set_own_events(L, st, plain, table);
    set_own_events(L, st, with_gc, table);
    lua_pushvalue(L, table);
    user = add_reference(L);
  } else {
    const bool record = holder->kind == Kind::structure || holder->kind == Kind::union_;
    plain = record ? st->metatables.record : st->metatables.value;
    with_gc = record ? st->metatables.record_gc : st->metatables.value_gc;
  }
  name_type(L, st, holder->id, table);
  if (holder->metatype != 0) drop_reference(L, holder->metatype);
  const TypeId canonical = holder->id;
  // Pointers to the type and its variants are younger than the type.
  for (size_t id = canonical; id < st->infos.size(); ++id) {
    TypeInfo* info = st->infos[id];
    if (info == nullptr) continue;
    TypeId of = info->id;
    if (info->kind == Kind::pointer || info->kind == Kind::reference) of = info->base_id;
    if ((*st->types)[of].canonical != canonical || (of != info->id && !is_record((*st->types)[of]))) continue;
    info->metatable_at = nullptr;
    info->metatype_at = nullptr;
    info->metatype = user;
    info->metatable = plain;
    info->gc_metatable = with_gc;
    if (user == 0 && of != info->id) {
      info->metatable = st->metatables.pointer;
      info->gc_metatable = st->metatables.pointer_gc;
    }
  }
}

void use_gc_metatable(lua_State* L, State*, int idx, TypeInfo* info) {
  idx = abs_index(L, idx);
  lua_rawgeti(L, LUA_REGISTRYINDEX, info->gc_metatable);
  lua_setmetatable(L, idx);
}

void attach_metatype_gc(lua_State* L, State* st, TypeInfo* info) {
  if (info->metatype == 0 || info->kind == Kind::pointer) return;
  if (!push_metamethod(L, st, -1, "__gc")) return;
  lua_pop(L, 1);
  use_gc_metatable(L, st, -1, info);
  if (st->check != nullptr) note_made(L, st, -1, "finaliser", type_name(st, info->id));
}

}  // namespace ferry::lua
