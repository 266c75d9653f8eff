// Hosts and Lua programs let threads into a state (host.h, state/gate.h).
#include "lua/api/host.h"

#include "base/compiler.h"
#include "lua/api/life_cycle.h"
#include "lua/state/raise.h"
#include "os/threads.h"

#define FERRY_API FERRY_EXPORTED
#include "ferry.h"

namespace ferry::lua {

namespace {

bool enter(Gate* gate) {
  const uintptr_t thread = os::this_thread();
  const uintptr_t resident = __atomic_load_n(&gate->resident, __ATOMIC_ACQUIRE);
  if (resident != 0 && resident != thread) return false;
  if (resident == 0 && __atomic_load_n(&gate->caller, __ATOMIC_ACQUIRE) != nullptr && !is_inside(gate, thread)) {
    return false;
  }
  ++gate->entries;
  __atomic_store_n(&gate->resident, thread, __ATOMIC_RELEASE);
  return true;
}

bool leave(Gate* gate) {
  if (__atomic_load_n(&gate->resident, __ATOMIC_ACQUIRE) != os::this_thread()) return false;
  if (--gate->entries == 0) __atomic_store_n(&gate->resident, uintptr_t{0}, __ATOMIC_RELEASE);
  return true;
}

constexpr ferry_api kApi = {1, ferry_enter, ferry_leave};

}  // namespace

void publish_host_api(lua_State* L) {
  lua_pushlightuserdata(L, const_cast<ferry_api*>(&kApi));
  lua_setfield(L, LUA_REGISTRYINDEX, "ferry.api");
}

int l_enter(lua_State* L) {
  State* st = state_of(L);
  if (st->closed()) raise_closed(L);
  if (!enter(st->gate)) raise(L, "another thread is inside of this Lua state");
  return 0;
}

int l_leave(lua_State* L) {
  State* st = state_of(L);
  if (st->closed()) raise_closed(L);
  if (!leave(st->gate)) raise(L, "ffi.leave without ffi.enter on this thread");
  return 0;
}

}  // namespace ferry::lua

extern "C" int ferry_enter(lua_State* L) {
  ferry::lua::State* st = ferry::lua::find_state(L);
  return st != nullptr && ferry::lua::enter(st->gate);
}

extern "C" void ferry_leave(lua_State* L) {
  if (ferry::lua::State* st = ferry::lua::find_state(L)) ferry::lua::leave(st->gate);
}
