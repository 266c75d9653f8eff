// Signals that call Lua functions (signals.h).
#include "lua/calls/signals.h"

#include <atomic>
#include <cerrno>
#include <cstring>

#include "lua/state/raise.h"
#include "os/signals.h"

namespace ferry::lua {

namespace {

const char kFunctionsKey = 0;  // its address is the registry key of the table: number -> function

struct Slot {
  std::atomic<Gate*> gate{nullptr};  // of the state whose function it is; null: none
  std::atomic<uint32_t> pending{0};  // how often it has come since the function ran
  std::atomic<lua_State*> hooked{nullptr};
  // The hook that ours has replaced; written by the handler, read by our hook.
  lua_Hook hook = nullptr;
  int mask = 0, count = 0;
};
Slot slots[os::kMaxSignal + 1];

void on_hook(lua_State* L, lua_Debug*) {
  State* st = nullptr;
  for (Slot& slot : slots) {
    if (slot.hooked != L) continue;
    lua_sethook(L, slot.hook, slot.mask, slot.count);
    st = slot.gate.load()->state;
  }
  if (st != nullptr && !st->closed()) run_signals(L, st);
}

// The system calls it at any time, on any thread. lua_sethook may be called then: the standalone lua does.
void handle_signal(int number) {
  const int kept_errno = errno;
  Slot& slot = slots[number];
  if (Gate* gate = slot.gate) {
    ++slot.pending;
    add_notice(gate, kSignalled);
    if (lua_State* L = slot.hooked) {
      if (lua_gethook(L) != on_hook) {
        slot.hook = lua_gethook(L);
        slot.mask = lua_gethookmask(L);
        slot.count = lua_gethookcount(L);
      }
      lua_sethook(L, on_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
    }
  }
  errno = kept_errno;
}

void push_functions(lua_State* L) {
  rawget_p(L, LUA_REGISTRYINDEX, &kFunctionsKey);
  if (lua_istable(L, -1)) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  rawset_p(L, LUA_REGISTRYINDEX, &kFunctionsKey);
}

void release(int number) {
  os::release_signal(number);
  slots[number].hooked = nullptr;
  slots[number].gate = nullptr;
  slots[number].pending = 0;
}

// The next signal of the state that has come: how often; 0: none.
uint32_t next_signal(const Gate* gate, int* number) {
  for (int n = 1; n <= os::kMaxSignal; ++n) {
    if (slots[n].gate != gate) continue;
    *number = n;
    if (const uint32_t times = slots[n].pending.exchange(0)) return times;
  }
  return 0;
}

}  // namespace

void set_signal(lua_State* L, State* st, int number, bool hook) {
  luaL_checkstack(L, 5, nullptr);
  Slot& slot = slots[number];
  Gate* holder = slot.gate;
  if (holder != nullptr && holder != st->gate) raise(L, "another Lua state handles signal %d", number);
  const bool removes = lua_isnil(L, -1);
  push_functions(L);
  lua_rawgeti(L, -1, number);  // function, functions, before
  lua_insert(L, -3);
  lua_insert(L, -2);
  lua_rawseti(L, -2, number);
  lua_pop(L, 1);
  if (removes) {
    if (holder != nullptr) release(number);
    return;
  }
  slot.hooked = hook ? L : nullptr;
  slot.gate = st->gate;
  if (os::catch_signal(number, handle_signal)) return;
  const int why = errno;
  release(number);
  raise(L, "signal %d cannot be handled: %s", number, std::strerror(why));
}

void run_signals(lua_State* L, State* st) {
  Gate* gate = st->gate;
  const os::LastError kept_error = gate->saved_error;
  luaL_checkstack(L, 5, nullptr);
  remove_notice(gate, kSignalled);
  int number = 0;
  while (const uint32_t times = next_signal(gate, &number)) {
    push_functions(L);
    lua_rawgeti(L, -1, number);
    lua_remove(L, -2);
    lua_pushinteger(L, number);
    lua_pushinteger(L, static_cast<lua_Integer>(times));
    add_notice(gate, kSignalled);  // if it raises, others may be left
    lua_call(L, 2, 0);
    remove_notice(gate, kSignalled);
  }
  gate->saved_error = kept_error;
}

void release_signals(State* st) {
  for (int n = 1; n <= os::kMaxSignal; ++n) {
    if (slots[n].gate == st->gate) release(n);
  }
}

}  // namespace ferry::lua
