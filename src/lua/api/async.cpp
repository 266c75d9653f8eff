// Asynchronous calls: ffi.async and its futures, ffi.workers, ffi.scheduler.
#include "lua/calls/async.h"

#include <cmath>
#include <cstring>

#include "lua/api/callee.h"
#include "lua/api/functions.h"
#include "lua/calls/callback.h"
#include "lua/state/guarded.h"
#include "lua/state/own.h"
#include "lua/state/raise.h"

namespace ferry::lua {

namespace {

// The future at idx; null: it is none of this state's. Raises nothing.
AsyncCall* to_future(lua_State* L, State* st, int idx) {
  return static_cast<AsyncCall*>(own_at(L, idx, st->async.metatable));
}

AsyncCall* check_future(lua_State* L, State* st) {
  luaL_checkstack(L, LUA_MINSTACK, nullptr);
  AsyncCall* call = to_future(L, st, 1);
  if (call == nullptr) raise_expected(L, st, 1, "future");
  return call;
}

// future:wait([seconds]) -> what the C function returned | nil, "timeout"
int l_wait(lua_State* L) {
  State* st = open_call(L);
  AsyncCall* call = check_future(L, st);
  double seconds = HUGE_VAL;
  if (!lua_isnoneornil(L, 2)) {
    if (lua_type(L, 2) != LUA_TNUMBER) raise_expected(L, st, 2, "number of seconds");
    seconds = lua_tonumber(L, 2);
    if (seconds != seconds) raise_argument(L, 2, "not a number of seconds");
  }
  lua_settop(L, 1);
  if (wait_async(L, st, call, seconds)) return push_async_results(L, st, 1, call);
  lua_pushnil(L);
  lua_pushliteral(L, "timeout");
  return 2;
}

// future:poll() -> whether it is over
int l_future_poll(lua_State* L) {
  State* st = open_call(L);
  const AsyncCall* call = check_future(L, st);
  note_ended(L, st);
  lua_pushboolean(L, is_over(call));
  return 1;
}

// future:cancel() -> whether it had not begun, and will not
int l_cancel(lua_State* L) {
  State* st = open_call(L);
  AsyncCall* call = check_future(L, st);
  lua_pushboolean(L, cancel_async(L, st, call));
  return 1;
}

// future:status() -> "queued", "running", "ended", "cancelled", "lost"
int l_status(lua_State* L) {
  State* st = open_call(L);
  const AsyncCall* call = check_future(L, st);
  note_ended(L, st);
  lua_pushstring(L, async_stage(call));
  return 1;
}

// future:errno() -> errno as the C function left it | nil: it has not ended
int l_future_errno(lua_State* L) {
  State* st = open_call(L);
  const AsyncCall* call = check_future(L, st);
  note_ended(L, st);
  if (call->lost || call->stage != call::WorkerCall::Stage::ended) {
    lua_pushnil(L);
    return 1;
  }
  push_small_integer(L, call->error.number);
  if (!os::kHasSystemError) return 1;
  push_small_integer(L, call->error.system);
  return 2;
}

int l_future_tostring(lua_State* L) {
  State* st = open_call(L);
  const AsyncCall* call = check_future(L, st);
  note_ended(L, st);
  lua_pushfstring(L, "async '%s': %s", call->name != nullptr ? call->name : type_name(st, call->type->id),
                  async_stage(call));
  return 1;
}

// __close: does not go on before C has ended with what the call was given.
int l_future_close(lua_State* L) {
  State* st = open_call(L);
  AsyncCall* call = check_future(L, st);
  if (!cancel_async(L, st, call)) wait_async(L, st, call, HUGE_VAL);
  return 0;
}

int l_future_gc(lua_State* L) {
  State* st = state_of(L);
  auto* call = static_cast<AsyncCall*>(lua_touserdata(L, 1));
  if (call == nullptr || lua_checkstack(L, LUA_MINSTACK) == 0) return 0;
  if (st->closed() || to_future(L, st, 1) != nullptr) drop_async(L, st, call);
  return 0;
}

// What futures in coroutines wait with once there is a scheduler: whether it is to be asked for the future at 1.
int l_yields(lua_State* L) {
  State* st = state_of(L);
  lua_settop(L, 1);
  if (st->closed() || L == st->main || lua_checkstack(L, LUA_MINSTACK) == 0) return 0;
  const AsyncCall* call = to_future(L, st, 1);
  if (call == nullptr) return 0;
  note_ended(L, st);
  lua_pushboolean(L, !is_over(call));
  return 1;
}

// In Lua, because coroutines of 5.1 cannot yield across a C function. Errors have the place of who waits.
constexpr char kWait[] =
    "local wait, yields, schedule = ...\n"
    "return function(future, seconds)\n"
    "  if yields(future) and schedule(future, seconds) ~= false and seconds then seconds = 0 end\n"
    "  return wait(future, seconds)\n"
    "end";

const luaL_Reg kMethods[] = {
    {"wait", guarded<l_wait>},     {"poll", guarded<l_future_poll>},   {"cancel", guarded<l_cancel>},
    {"status", guarded<l_status>}, {"errno", guarded<l_future_errno>}, {nullptr, nullptr},
};

const luaL_Reg kEvents[] = {
    {"__gc", l_future_gc},
    {"__tostring", guarded<l_future_tostring>},
    {"__close", guarded<l_future_close>},
    {nullptr, nullptr},
};

// Pushes the metatable of futures.
void push_future_metatable(lua_State* L, State* st) {
  if (st->async.metatable != 0) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, st->async.metatable);
    return;
  }
  lua_createtable(L, 0, 8);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
  set_functions(L, kEvents, 1);
  lua_createtable(L, 0, 8);
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
  set_functions(L, kMethods, 1);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "future");
  lua_setfield(L, -2, "__name");
  keep_metatable(L, "future", &st->async.metatable);
}

// The option at 1[name], a whole number from 1 to `most`; 0: it is not given.
uint32_t number_option(lua_State* L, State* st, const char* name, uint32_t most) {
  lua_getfield(L, 1, name);
  if (lua_isnil(L, -1)) return 0;
  if (lua_type(L, -1) != LUA_TNUMBER) {
    raise_argument(L, 1, "option '%s': number expected, got %s", name, describe_value(L, st, -1));
  }
  const lua_Number given = lua_tonumber(L, -1);
  if (!(given >= 1 && given <= most) || given != std::floor(given)) {
    raise_argument(L, 1, "option '%s': a number from 1 to %d expected", name, static_cast<int>(most));
  }
  return static_cast<uint32_t>(given);
}

void read_pool_options(lua_State* L, State* st) {
  lua_pushnil(L);
  while (lua_next(L, 1) != 0) {
    lua_pop(L, 1);
    const char* name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : describe_value(L, st, -1);
    if (std::strcmp(name, "threads") != 0 && std::strcmp(name, "queue") != 0 && std::strcmp(name, "full") != 0) {
      raise_argument(L, 1, "there is no option '%s'", name);
    }
  }
  const uint32_t threads = number_option(L, st, "threads", call::kMaxWorkers);
  const uint32_t queue = number_option(L, st, "queue", kMaxAsyncQueue);
  lua_getfield(L, 1, "full");
  bool waits = st->async.waits;
  if (!lua_isnil(L, -1)) {
    const char* full = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    waits = std::strcmp(full, "wait") == 0;
    if (!waits && std::strcmp(full, "error") != 0) {
      raise_argument(L, 1, "option 'full': 'wait' or 'error' expected, got %s", describe_value(L, st, -1));
    }
  }
  if (threads != 0) set_worker_limit(st, threads);
  if (queue != 0) st->async.queue = queue;
  st->async.waits = waits;
}

void set_count(lua_State* L, const char* name, uint32_t value) {
  push_small_integer(L, value);
  lua_setfield(L, -2, name);
}

}  // namespace

// async(fn, ...) -> future
int l_async(lua_State* L) {
  State* st = open_call(L);
  luaL_checkstack(L, LUA_MINSTACK, nullptr);
  const Callee callee = check_callee(L, st);
  if (is_freed_callback(st, callee.address)) {
    raise_argument(L, 1, "a freed callback '%s'", type_name(st, callee.type->id));
  }
  push_future_metatable(L, st);
  lua_pop(L, 1);
  const char* name = callee.name != kNoName ? st->types->name(callee.name).data() : nullptr;
  start_async(L, st, callee.type, reinterpret_cast<call::CFunction>(callee.address), name, callee.declared);
  return 1;
}

// workers([options]) -> the options, and how many threads and calls there are
int l_workers(lua_State* L) {
  State* st = open_call(L);
  luaL_checkstack(L, LUA_MINSTACK, nullptr);
  lua_settop(L, 1);
  if (!lua_isnil(L, 1)) {
    if (!lua_istable(L, 1)) raise_expected(L, st, 1, "table of options");
    read_pool_options(L, st);
  }
  note_ended(L, st);
  const call::Workers::Use use = worker_use(st);
  lua_createtable(L, 0, 6);
  set_count(L, "threads", st->async.threads != 0 ? st->async.threads : usual_workers());
  set_count(L, "queue", st->async.queue);
  lua_pushstring(L, st->async.waits ? "wait" : "error");
  lua_setfield(L, -2, "full");
  set_count(L, "started", use.threads);
  set_count(L, "running", use.running);
  set_count(L, "queued", use.queued);
  return 1;
}

// scheduler([function | nil]) -> the one before: what waits for futures in coroutines
int l_scheduler(lua_State* L) {
  State* st = open_call(L);
  luaL_checkstack(L, LUA_MINSTACK, nullptr);
  const bool set = lua_gettop(L) > 0;
  lua_settop(L, 1);
  if (!lua_isnil(L, 1) && !lua_isfunction(L, 1)) raise_expected(L, st, 1, "function or nil");
  if (st->async.scheduler == 0) {
    lua_pushboolean(L, 0);
    st->async.scheduler = add_reference(L);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->async.scheduler);
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
  if (!set) return 1;
  lua_insert(L, 1);  // before, new
  push_future_metatable(L, st);
  lua_getfield(L, -1, "__index");
  lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
  lua_pushcclosure(L, guarded<l_wait>, 1);
  if (!lua_isnil(L, 2)) {
    if (luaL_loadbuffer(L, kWait, sizeof kWait - 1, kCallingChunk) != 0) lua_error(L);
    lua_insert(L, -2);
    lua_rawgeti(L, LUA_REGISTRYINDEX, st->self);
    lua_pushcclosure(L, guarded<l_yields>, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 3, 1);
  }
  lua_setfield(L, -2, "wait");
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    lua_pop(L, 1);
    lua_pushboolean(L, 0);
  }
  lua_rawseti(L, LUA_REGISTRYINDEX, st->async.scheduler);
  lua_settop(L, 1);
  return 1;
}

}  // namespace ferry::lua
