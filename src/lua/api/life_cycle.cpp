// Opens and closes a State (life_cycle.h).
#include "lua/api/life_cycle.h"

#include <cstdlib>
#include <new>

#include "cparse/macros.h"
#include "lua/api/check.h"
#include "lua/api/leaks.h"
#include "lua/calls/async.h"
#include "lua/calls/call_info.h"
#include "lua/calls/callback.h"
#include "lua/calls/callback_run.h"
#include "lua/calls/exceptions.h"
#include "lua/calls/settle.h"
#include "lua/calls/signals.h"
#include "lua/calls/thunks.h"
#include "lua/calls/varargs.h"
#include "lua/host/pointer_set.h"
#include "lua/host/stack_probe.h"
#include "lua/objects/metatype.h"
#include "lua/objects/namespace.h"
#include "lua/state/check.h"
#include "lua/state/guarded.h"
#include "lua/state/held.h"
#include "lua/state/members.h"
#include "lua/state/restrict.h"

namespace ferry::lua {

namespace {

const char kStateKey = 0;  // its address is the registry key of the State userdata

int close_state(lua_State* L) {
  auto* st = static_cast<State*>(lua_touserdata(L, 1));
  if (st == nullptr || st->closed()) return 0;
  neutralise_metatables(L, st);
  release_signals(st);
  if (st->check != nullptr) close_check(st);
  tell_at_close(st);
  close_async(st);
  release_callbacks(st);
  release_thunks(L, st);
  st->guard = 0;
  st->metatables.known->clear();
  give_back_gate(st->gate);
  st->gate = &closed_gate;
  st->metatables.ctype_address = nullptr;
  for (TypeInfo* info : st->infos) {
    if (info == nullptr) continue;
    if (info->fields != nullptr) {
      delete[] info->fields->slots;
      delete info->fields;
    }
    free_call_info(info->call);
    delete info;
    --held.types;
  }
  --held.states;
  std::vector<TypeInfo*>().swap(st->infos);
  std::vector<TypeInfo*>().swap(st->open_infos);
  st->types.reset();
  TypeNames().swap(st->caches.names);
  delete st->macros;
  st->macros = nullptr;
  delete st->restrictions;
  st->restrictions = nullptr;
  delete st->metatables.known;
  st->metatables.known = nullptr;
  free_check(st);
  for (auto& text : st->errors.texts) std::string().swap(text);
  // st->errors.message keeps its storage: raise_error may still be asked for; an empty string owns none.
  std::string().swap(st->errors.message);
  return 0;
}

// luaL_unref of 5.3 writes nil over a reference and then adds the key 0 to the registry. If that key's memory
// cannot be had, the registry has a hole, and luaL_ref may give numbers beyond it twice. With the list's end there from
// the beginning nothing is added, and no reference becomes nil.
void begin_references(lua_State* L) {
  if constexpr (kLuaVersion == 503) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, 0);
    const bool begun = !lua_isnil(L, -1);
    lua_pop(L, 1);
    if (begun) return;
    lua_pushinteger(L, 0);
    lua_rawseti(L, LUA_REGISTRYINDEX, 0);
  }
}

}  // namespace

State* find_state(lua_State* L) {
  if (lua_checkstack(L, 2) == 0) return nullptr;
  rawget_p(L, LUA_REGISTRYINDEX, &kStateKey);
  auto* st = static_cast<State*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return st != nullptr && !st->closed() ? st : nullptr;
}

State* push_state(lua_State* L) {
  rawget_p(L, LUA_REGISTRYINDEX, &kStateKey);
  if (lua_isuserdata(L, -1)) return static_cast<State*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  void* memory = new_userdata(L, sizeof(State));
  auto* st = new (memory) State;
  const int self = lua_gettop(L);
  // The finaliser first: any of the allocations below may fail.
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, close_state);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, self);
  const std::string_view forced = [] {
    const char* value = std::getenv("FERRY_BACKEND");
    return std::string_view(value != nullptr ? value : "");
  }();
  const bool checks = wants_checks(L);
  if (!without_exceptions(st, [&] {
        auto backend = call::select_backend(forced);
        if (!backend) {
          st->errors.message = backend.message();
          return false;
        }
        st->backend = *backend;
        auto metatables = std::make_unique<PointerSet>();
        auto types = std::make_unique<TypeTable>(host_target());
        auto macros = std::make_unique<cparse::Macros>(host_target(), &cpreproc::system_files());
        st->gate = take_gate();
        st->gate->state = st;
        if (checks) make_check(st);
        st->macros = macros.release();
        st->types = std::move(types);  // open from here on, and closed by the finaliser
        st->metatables.known = metatables.release();
        ++held.states;
        tell_held_at_exit();
        return true;
      })) {
    luaL_where(L, 1);
    lua_pushstring(L, st->errors.message.c_str());
    std::string().swap(st->errors.message);
    lua_concat(L, 2);
    lua_error(L);
  }
  st->stack = probe_stack(L);
  begin_references(L);
  lua_pushvalue(L, self);
  st->self = add_reference(L);
  if (push_main_thread(L)) {
    st->main = lua_tothread(L, -1);
    lua_pop(L, 1);
  } else {
    st->main = L;
  }
  if (checks) open_check(L, st, guarded<l_tell_leaks>);
  st->callbacks.thread = lua_newthread(L);
  st->callbacks.thread_reference = add_reference(L);
  st->caches.member_names = new_table_reference(L, nullptr);
  st->caches.parsed = new_table_reference(L, nullptr);
  st->caches.ctypes = new_table_reference(L, "v");
  st->anchors.extras = new_table_reference(L, "k");
  st->callbacks.passed = new_table_reference(L, nullptr);
  st->libraries.opened = new_table_reference(L, "k");
  st->libraries.all = new_table_reference(L, "k");
  st->anchors.globals = new_table_reference(L, nullptr);
  lua_pushboolean(L, 0);
  st->errors.pending = add_reference(L);
  lua_pushboolean(L, 0);
  st->errors.opened = add_reference(L);
  make_metatables(L, st, self);
  make_shape_metatable(L, st);
  learn_exceptions(L);
  make_thunk_registry(L, st);
  make_namespace_metatables(L, st);
  make_callback_runner(L, st);
  push_pointer(L, st, void_pointer(st), nullptr);
  st->libraries.null_pointer = add_reference(L);
  TypeInfo* complex = info_of(st, Scalar::cdouble);
  const double unit[2] = {0, 1};
  std::memcpy(new_cdata(L, st, complex)->address(), unit, sizeof unit);
  st->libraries.imaginary_unit = add_reference(L);
  // A finaliser that ran meanwhile may have opened one: then that is the one.
  rawget_p(L, LUA_REGISTRYINDEX, &kStateKey);
  if (lua_isuserdata(L, -1)) {
    lua_replace(L, self);
    lua_settop(L, self);
    return static_cast<State*>(lua_touserdata(L, self));
  }
  lua_pop(L, 1);
  // Found by the next require only when it is complete.
  lua_pushvalue(L, self);
  rawset_p(L, LUA_REGISTRYINDEX, &kStateKey);
  lua_settop(L, self);
  return st;
}

}  // namespace ferry::lua
