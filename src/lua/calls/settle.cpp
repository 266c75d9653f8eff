// What is told at the end of C calls (settle.h).
#include "lua/calls/settle.h"

#include "ctype/spell.h"
#include "lua/calls/callback_record.h"
#include "lua/calls/signals.h"
#include "lua/state/check.h"
#include "lua/state/raise.h"
#include "os/process.h"

namespace ferry::lua {

namespace {

// The error that the registry has there.
[[noreturn]] void raise_pending(lua_State* L, State* st, uint8_t notice, int reference) {
  remove_notice(st->gate, notice);
  lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
  lua_pushboolean(L, 0);
  lua_rawseti(L, LUA_REGISTRYINDEX, reference);
  lua_error(L);
  __builtin_unreachable();
}

CallbackRecord* find_record(State* st, uint64_t id) {
  if (st->callbacks.table == nullptr) return nullptr;
  auto found = st->callbacks.table->records.find(id);
  return found != st->callbacks.table->records.end() ? found->second.get() : nullptr;
}

// The refusal that waits, as text in `out`, which is empty if there is none; it waits no longer.
void take_refusal(State* st, std::string& out) {
  Gate* gate = st->gate;
  Refusal& refusal = gate->refusal;
  out.clear();
  if (refusal.stage != Refusal::complete) return;
  remove_notice(gate, kRefused);
  const uint64_t id = refusal.callback;
  const os::ThreadName thread = refusal.thread;
  const uint64_t calls = refusal.calls.exchange(0);
  refusal.stage = Refusal::none;
  const CallbackRecord* record = find_record(st, id);
  out = "callback";
  if (record != nullptr) out += " '" + spell(*st->types, record->fn->id, "(*)") + "'";
  if (record != nullptr && !record->made_at.empty()) out += " made at " + record->made_at;
  out += " was called on thread " + std::to_string(thread.number);
  if (thread.text[0] != 0) out += " '" + std::string(thread.text) + "'";
  out += ", which is not inside of the Lua state: its function did not run";
  if (calls > 1) out += " (" + std::to_string(calls) + " calls)";
}

}  // namespace

void settle(lua_State* L, State* st) {
  const uint8_t notices = notices_of(st->gate);
  if ((notices & kCallbackFailed) != 0) raise_pending(L, st, kCallbackFailed, st->errors.pending);
  if ((notices & kOpenedFailed) != 0) raise_pending(L, st, kOpenedFailed, st->errors.opened);
  // Errors of finalisers are lost: others are to be told.
  if (st->finalising != 0) return;
  if ((notices & kSignalled) != 0) run_signals(L, st);
  if ((notices & kRefused) != 0) {
    const bool composed = without_exceptions(st, [&] {
      take_refusal(st, st->errors.message);
      return true;
    });
    if (!composed || !st->errors.message.empty()) raise_error(L, st);
  }
  if ((notices & kFound) != 0) {
    if (take_finding(st)) raise_error(L, st);
    remove_notice(st->gate, kFound);
  }
}

namespace {

void tell_findings(State* st) {
  while (take_finding(st)) {
    std::string& text = st->errors.message;
    text = "ffi: " + text + "\n";
    os::write_standard_error(text.data(), text.size());
  }
}

}  // namespace

void tell_at_close(State* st) {
  if (st->check != nullptr) {
    without_exceptions(st, [&] {
      tell_findings(st);
      return true;
    });
  }
  if ((notices_of(st->gate) & kRefused) == 0) return;
  without_exceptions(st, [&] {
    std::string text;
    take_refusal(st, text);
    if (text.empty()) return true;
    text = "ffi: " + text + "\n";
    os::write_standard_error(text.data(), text.size());
    return true;
  });
}

}  // namespace ferry::lua
